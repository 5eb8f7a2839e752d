#!/usr/bin/env bash
# The dry run: nothing is trained; shapes, parameters and memory are told, and an impossible network is refused.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}

curl -sS --fail-with-body --json '{
  "dataset": "digits", "target": "label",
  "network": {"kind": "layers", "layers": [
    {"kind": "conv2d", "channels": 16, "kernel": 3}, "relu", {"kind": "max_pool2d", "kernel": 2}, "flatten", {"kind": "dense", "units": 32}, "relu"]}
}' "$URL/v1/specs/check"

curl -sS --json '{
  "dataset": "digits", "target": "label",
  "network": {"kind": "layers", "layers": [{"kind": "conv2d", "channels": 16, "kernel": 9}]}
}' "$URL/v1/specs/check"     # 422: the kernel is larger than the picture
