#!/usr/bin/env bash
# class-folders.sh ZIP PICTURE: a zip with one folder of pictures for each class (train/ and test/ above them if you like),
# then the class of one more picture.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}
EPOCHS=${EPOCHS:-10}
zip=${1:?a zip of class folders}
picture=${2:?a picture to ask about}

curl -sS --fail-with-body -T "$zip" "$URL/v1/datasets/folders?wait=60"
curl -sS --fail-with-body -o folders.png "$URL/v1/datasets/folders/sample.png"     # what was understood, as a sheet
job=$(curl -sS --fail-with-body -o /dev/null -w '%header{location}' \
  --json '{"dataset": "folders", "target": "label", "epochs": '"$EPOCHS"'}' "$URL/v1/jobs")
curl -sS --fail-with-body "$URL$job?wait=60"
curl -sS --fail-with-body -T "$picture" "$URL$job/predict?wait=60&top=3"
