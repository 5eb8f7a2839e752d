"""A dataset version as a body."""

from __future__ import annotations

from typing import Any

from service.clock import rfc3339
from service.datasets import Version

LONG = ("values", "values_by_part")
"""Lists that may have thousands of members: they stand in the report."""


def version_body(version: Version) -> dict[str, Any]:
    """The version at a glance; its columns without their lists of values."""
    row, told = version.row, version.row.description or {}
    path = f"/v1/datasets/{version.label}"
    return {
        "id": row.id,
        "name": version.dataset.name,
        "version": row.number,
        "status": row.status,
        "created_at": rfc3339(row.created_at),
        "upload": {"sha256": row.upload_sha256, "bytes": row.upload_bytes, "options": row.options},
        "sha256": row.sha256,
        "bytes": row.bytes,
        "rows": told.get("rows"),
        "parts": told.get("parts"),
        "source": told.get("source"),
        "columns": [_column(column) for column in told.get("columns", ())],
        "warnings": told.get("warnings", []),
        "problem": row.problem,
        "ingestion": _ingestion(version),
        "links": _links(path, version),
    }


def _column(column: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in column.items() if name not in LONG and value is not None}


def _ingestion(version: Version) -> dict[str, Any] | None:
    run = version.run
    return None if run is None else {"run": run.id, "status": run.status, "fraction": run.fraction}


def _links(path: str, version: Version) -> dict[str, str]:
    links = {"self": path, "versions": f"/v1/datasets/{version.dataset.name}/versions"}
    if version.row.run_id:
        links["run"] = f"/v1/runs/{version.row.run_id}"
    if version.row.status == "ready":
        links |= {name: f"{path}/{name}" for name in ("report", "rows", "download")}
        if any(column["type"] == "image" for column in (version.row.description or {}).get("columns", ())):
            links["sample"] = f"{path}/sample.png"
        links["train"] = "/v1/jobs"
    return links
