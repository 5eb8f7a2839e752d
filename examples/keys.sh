#!/usr/bin/env bash
# Keys with scopes: read, predict, train, admin. On loopback none is needed, so this shows what a key would be allowed.
set -euo pipefail
URL=${FITSERVE_URL:-http://localhost:8000}

made=$(curl -sS --fail-with-body --json '{"name": "reader", "scopes": ["read"]}' "$URL/v1/keys")
echo "$made"     # the key is shown this once
key=$(sed -E 's/.*"key": ?"([^"]+)".*/\1/' <<<"$made")
id=$(sed -E 's/.*"id": ?"([^"]+)".*/\1/' <<<"$made")

curl -sS --fail-with-body -H "Authorization: Bearer $key" "$URL/v1/jobs?limit=1"
curl -sS -H "Authorization: Bearer $key" --json '{"dataset": "iris", "target": "species"}' "$URL/v1/jobs"     # 403
curl -sS --fail-with-body -X DELETE "$URL/v1/keys/$id"
curl -sS -H "Authorization: Bearer $key" "$URL/v1/jobs"     # 401
