#!/usr/bin/env bash
# Follow a job live. The Idempotency-Key makes the POST safe to repeat: the same key and body give the first job again.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}

post() {
  curl -sS --fail-with-body -o /dev/null -w '%header{location}' --retry 3 -H "Idempotency-Key: $1" \
    --json '{"dataset": "digits", "target": "label", "network": "softmax", "epochs": 5}' "$URL/v1/jobs"
}
key="follow-$$-$(date +%s)"
job=$(post "$key")
[ "$(post "$key")" = "$job" ] && echo "posted twice, one job: $job"

curl -sSN --fail-with-body -H 'Accept: text/event-stream' "$URL$job/events"                   # from the beginning to the end
curl -sSN --fail-with-body -H 'Accept: text/event-stream' "$URL$job/events?after=3" >/dev/null   # from the third event on
curl -sS --fail-with-body "$URL$job/metrics"
