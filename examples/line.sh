#!/usr/bin/env bash
# The 15-point line: linear regression by plain gradient descent, from initial weights that are given in the spec.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}

job=$(curl -sS --fail-with-body -o /dev/null -w '%header{location}' --json '{
  "name": "line", "dataset": "linear-15",
  "inputs": [{"column": "x", "transforms": []}],
  "target": {"column": "y", "task": {"kind": "regression", "scale": "none"}},
  "split": "none",
  "network": {"kind": "linear", "initial": {"weight": [[-0.007486820220947266]], "bias": [0.5364435911178589]}},
  "optimizer": {"kind": "sgd", "lr": 0.01}, "schedule": "constant",
  "epochs": 100, "batch_size": "full"
}' "$URL/v1/jobs")

curl -sS --fail-with-body "$URL$job?wait=60"
curl -sS --fail-with-body "$URL$job/metrics"
curl -sS --fail-with-body --json '{"x": 5.0}' "$URL$job/predict"
