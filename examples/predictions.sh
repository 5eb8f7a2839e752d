#!/usr/bin/env bash
# Predictions: from a job, from a named model, by version and by alias; one row, many rows, CSV.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}
MODEL="$URL/v1/models/iris-demo"

job=$(curl -sS --fail-with-body -o /dev/null -w '%header{location}' \
  --json '{"dataset": "iris", "target": "species", "network": "softmax", "epochs": 50, "publish_as": "iris-demo"}' "$URL/v1/jobs")
row='{"sepal length (cm)": 6.1, "sepal width (cm)": 2.8, "petal length (cm)": 4.7, "petal width (cm)": 1.2}'
curl -sS --fail-with-body --json "$row" "$URL$job/predict?wait=60"; echo
curl -sS --fail-with-body --json "[$row, $row]" "$MODEL/predict?top=2"; echo

curl -sS --fail-with-body -X PUT --json '{"version": 1}' "$MODEL/aliases/champion"; echo
curl -sS --fail-with-body --json "$row" "$MODEL@champion/predict"; echo
curl -sS --fail-with-body --json "$row" "$MODEL@1/predict"; echo
curl -sS --fail-with-body -H 'Content-Type: text/csv' --data-binary $'sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n5.0,3.4,1.5,0.2\n' \
  "$MODEL/predict"; echo
