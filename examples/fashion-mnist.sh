#!/usr/bin/env bash
# Fashion-MNIST: 60,000 pictures of clothes, LeNet, published under the name "fashion". EPOCHS=10 gives above 0.90.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}
EPOCHS=${EPOCHS:-3}

job=$(curl -sS --fail-with-body -o /dev/null -w '%header{location}' --json '{
  "name": "fashion lenet", "dataset": "fashion-mnist", "target": "label",
  "network": "lenet", "epochs": '"$EPOCHS"', "publish_as": "fashion"
}' "$URL/v1/jobs")

curl -sSN --fail-with-body -H 'Accept: text/event-stream' "$URL$job/events"     # returns when the run has ended
curl -sS --fail-with-body "$URL$job"
curl -sS --fail-with-body "$URL/v1/models/fashion"
