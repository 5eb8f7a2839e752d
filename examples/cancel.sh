#!/usr/bin/env bash
# Cancel a run in progress: it stops at the next step, and its checkpoint stays and answers.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}

job=$(curl -sS --fail-with-body -o /dev/null -w '%header{location}' \
  --json '{"dataset": "digits", "target": "label", "epochs": 100000, "early_stopping": null}' "$URL/v1/jobs")
until curl -sS --fail-with-body "$URL$job" | grep -q '"status": *"running"'; do sleep 0.2; done
curl -sS --fail-with-body -X POST "$URL$job/cancel"
curl -sS --fail-with-body "$URL$job?wait=30"
curl -sS --fail-with-body -X POST "$URL$job/cancel"     # once more: nothing changes
curl -sS --fail-with-body "$URL$job/checkpoints"
