#!/usr/bin/env bash
# Predictions: from a job, from a named model, by version and by alias; one row, many rows, CSV.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}
MODEL="$URL/v1/models/iris-demo"

job=$(curl -sS --fail-with-body -o /dev/null -w '%header{location}' \
  --json '{"dataset": "iris", "target": "species", "network": "softmax", "epochs": 50, "publish_as": "iris-demo"}' "$URL/v1/jobs")
row='{"sepal_length": 6.1, "sepal_width": 2.8, "petal_length": 4.7, "petal_width": 1.2}'
curl -sS --fail-with-body --json "$row" "$URL$job/predict?wait=60"
curl -sS --fail-with-body --json "{\"rows\": [$row, [5.0, 3.4, 1.5, 0.2]]}" "$MODEL/predict?top=2"

curl -sS --fail-with-body -X PUT --json '{"version": 1}' "$MODEL/aliases/champion"
curl -sS --fail-with-body --json "$row" "$MODEL@champion/predict"
curl -sS --fail-with-body --json "$row" "$MODEL@1/predict"
printf 'sepal_length,sepal_width,petal_length,petal_width\n5.0,3.4,1.5,0.2\n' |
  curl -sS --fail-with-body -H 'Content-Type: text/csv' --data-binary @- "$MODEL/predict"
