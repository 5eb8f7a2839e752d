#!/usr/bin/env bash
# csv-of-your-own.sh [FILE TARGET]: a CSV to a served network in three calls. Without arguments it takes the iris data.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

file=${1:-$folder/iris.csv}
target=${2:-species}
[ $# -gt 0 ] || curl -sS --fail-with-body -o "$file" "$URL/v1/datasets/iris/download"

curl -sS --fail-with-body -H 'Content-Type: text/csv' -T "$file" "$URL/v1/datasets/mine"
job=$(curl -sS --fail-with-body -o /dev/null -w '%header{location}' \
  --json '{"dataset": "mine", "target": "'"$target"'"}' "$URL/v1/jobs")
curl -sS --fail-with-body "$URL$job?wait=60"
head -3 "$file" | curl -sS --fail-with-body -H 'Content-Type: text/csv' --data-binary @- "$URL$job/predict?wait=60"
