"""Datasets: put, listed, looked at, downloaded, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from models.data.report import report
from models.data.sheet import sample_sheet
from models.data.store import Dataset
from service import datasets
from service.api.answers import Answer
from service.api.bodies import media_type, stream
from service.api.context import Context, Here, Reader, Trainer
from service.api.multipart import read_parts
from service.api.pages import Page, page, whole
from service.api.problems import problems
from service.api.views.dataset import version_body
from service.api.waiting import Wait, until
from service.auth import Caller
from service.datasets import Upload, Version
from service.errors import Fault, Invalid, UnsupportedMediaType
from service.near import fix_of, nearest, told
from service.store import datasets as rows

router = APIRouter(tags=["datasets"])

OURS = ("wait",)
"""Query parameters of PUT that are no options of the upload."""
READY_SECONDS = 60.0
"""How long a request waits for a dataset that is still being read."""
_OTHERWISE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The same bytes with the same options were there already"},
    202: {"description": "Still being read after `wait` seconds"},
}
UPLOAD = {"requestBody": {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


@router.put(
    "/v1/datasets/{name}",
    status_code=201,
    responses={**_OTHERWISE, **problems(400, 409, 413, 415, 422, 507)},
    openapi_extra=UPLOAD,
)
async def put_dataset(request: Request, here: Here, caller: Trainer, name: str, wait: Wait = 10) -> Response:
    """Upload a new version: the file itself, or multipart with one file. How it is to be read stands in the query:
    `format`, `delimiter`, `quote`, `header`, `names`, `missing`, `decimal`, `types`, `classes`, `channels`, `filename`.

    201: read, and ready; 200: the same bytes with the same options were there; 202: still being read after `wait`.
    """
    datasets.check_name(name)
    upload = await _receive(request, here)
    try:
        kept = partial(datasets.put, here.store, here.artifacts, caller.project_id, name, upload)
        version, new = await run_in_threadpool(kept)
    finally:
        await run_in_threadpool(upload.discard)
    version = await _settled(here, caller, version.row.id, wait)
    if version.row.status == "failed":
        raise datasets.failure(version.row)
    status = 202 if version.row.status == "ingesting" else 201 if new else 200
    body = version_body(version)
    return Answer(body, status, headers={"Location": body["links"]["self"]})


async def _receive(request: Request, here: Context) -> Upload:
    query = _options(request)
    options = datasets.options_of(query)
    body = stream(request, here.settings.upload_bytes + (1 << 20 if _is_multipart(request) else 0))
    make = partial(Upload, here.settings)
    if _is_multipart(request):
        upload = await run_in_threadpool(make, None, options)
        pieces = _pieces(request, body, upload, query)
    else:
        upload = await run_in_threadpool(make, media_type(request) or None, options)
        pieces = body
    try:
        await _write(pieces, upload)
        await run_in_threadpool(upload.finish, request.headers.get("content-digest"))
    except BaseException:
        upload.discard()
        raise
    return upload


def _options(request: Request) -> dict[str, str]:
    """The query without our own parameters. Raises Invalid where one is given twice: which of them was meant?"""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name not in OURS]
    options = dict(pairs)
    if len(options) < len(pairs):
        twice = sorted(name for name in options if sum(name == other for other, _ in pairs) > 1)
        raise Invalid([Fault(f"{name} is given twice.", "duplicate-key", parameter=name) for name in twice])
    return options


async def _write(pieces: AsyncIterator[bytes], upload: Upload) -> None:
    """Small pieces are put together: each write is a call in another thread."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= 1 << 20:
            await run_in_threadpool(upload.write, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(upload.write, bytes(waiting))


def _is_multipart(request: Request) -> bool:
    if media_type(request) == "application/x-www-form-urlencoded":
        fix = f"curl -T FILE {request.url.path}"
        message = "curl --data sends a form; send the file itself."
        raise UnsupportedMediaType(message, [Fault("A form is no dataset.", parameter="Content-Type", fix=fix)])
    return media_type(request) == "multipart/form-data"


async def _pieces(
    request: Request, body: AsyncIterator[bytes], upload: Upload, query: dict[str, str]
) -> AsyncIterator[bytes]:
    """The bytes of the files; text fields, which may come after the file, are options like those of the query."""
    files, options = [], dict(query)
    async for part, data in read_parts(body, request.headers["content-type"]):
        if part.filename is None:
            options[part.name] = part.value.decode("utf-8", "replace")
            continue
        if part not in files:
            files.append(part)
        yield data
    if not files:
        raise Invalid(Fault("No part has a file.", "dataset-empty", fix="curl -X PUT -F file=@data.csv URL"))
    options.setdefault("filename", datasets.label_of(files[0].filename or ""))
    upload.describe(datasets.options_of(options), files[0].content_type, len(files))


async def _settled(here: Context, caller: Caller, version_id: str, wait: float) -> Version:
    """The version, when it is read or the time is up."""
    look = partial(datasets.find, here.store, caller.project_id, version_id)
    return await until(here, look, lambda version: version.row.status != "ingesting", wait)


async def ready(here: Context, caller: Caller, name: str, wait: float = READY_SECONDS) -> Version:
    """The version of this name; a built-in set is brought in when it is asked for the first time.

    One that is still being read is waited for: whoever uploads and trains in two lines need not know about it.
    """
    make = partial(datasets.find_or_make, here.store, here.artifacts, here.settings, caller.project_id)
    version = await run_in_threadpool(make, name)
    if version.row.status != "ingesting":
        return version
    return await _settled(here, caller, version.row.id, wait)


@router.get("/v1/datasets", responses=problems(422))
def list_datasets(request: Request, here: Here, caller: Reader, query: Page) -> Response:
    """All datasets, each as its newest version, and the built-in sets, which can be used by name."""
    with here.store.read() as session:
        found = rows.listed(
            session, caller.project_id, after=query.after, limit=query.limit + 1, newest_first=query.newest_first
        )
    bodies = [version_body(Version(dataset, row, None)) for dataset, row in found]
    return page(request, query, [dataset for dataset, _ in found], bodies, builtin=datasets.builtins())


@router.get("/v1/datasets/{name}", responses=problems(404, 410))
async def get_dataset(here: Here, caller: Reader, name: str, wait: Wait = 0) -> Response:
    """A version by `name` (the newest), `name@number` or id; `wait` lets an ingestion end first."""
    return Answer(version_body(await ready(here, caller, name, wait)))


@router.get("/v1/datasets/{name}/versions", responses=problems(404))
async def list_versions(here: Here, caller: Reader, name: str) -> Response:
    """All versions, newest first; also those that could not be read."""
    version = await ready(here, caller, name)
    with here.store.read() as session:
        found = rows.versions(session, caller.project_id, version.dataset.name)
    return whole([version_body(Version(version.dataset, row, None)) for row in found])


@router.get("/v1/datasets/{name}/report", responses=problems(404, 409, 422))
async def get_report(here: Here, caller: Reader, name: str, target: str | None = None) -> Response:
    """Counts, moments, histograms, missing values, balance and notices; with `target` also leaks and entropies."""
    dataset = await _open(here, caller, name)
    _check_column(dataset, target, "target")
    return Answer(await run_in_threadpool(report, dataset, target))


@router.get("/v1/datasets/{name}/rows", responses=problems(404, 409, 422))
async def get_rows(
    here: Here,
    caller: Reader,
    name: str,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 20,
    start: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """Rows as objects; a picture as its size."""
    dataset = await _open(here, caller, name)
    found = await run_in_threadpool(dataset.table, None, start, start + limit)
    end = start + len(found)
    return Answer({"data": found, "has_more": end < dataset.rows, "next": end if end < dataset.rows else None})


@router.get(
    "/v1/datasets/{name}/sample.png",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **problems(404, 409, 422)},
)
async def get_sample(
    here: Here,
    caller: Reader,
    name: str,
    column: str | None = None,
    label: str | None = None,
    count: Annotated[int, Query(ge=1, le=400)] = 60,
) -> Response:
    """A sheet of pictures drawn at random, sorted by a column of classes."""
    dataset = await _open(here, caller, name)
    columns = dataset.description.columns
    pictures = next((item.name for item in columns if item.type == "image"), None)
    if column is None and pictures is None:
        raise Invalid(Fault("This dataset has no pictures.", "unknown-column", parameter="column"))
    _check_column(dataset, column, "column", "image")
    _check_column(dataset, label, "label")
    classes = next((item.name for item in columns if item.values is not None and item.type != "image"), None)
    png = await run_in_threadpool(sample_sheet, dataset, column or pictures or "", count, label or classes)
    return Response(png, media_type="image/png")


@router.get(
    "/v1/datasets/{name}/download",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, "application/octet-stream": {}}}, **problems(404, 409)},
)
async def download(here: Here, caller: Reader, name: str) -> Response:
    """Tables as CSV; pictures as they were uploaded."""
    version = await ready(here, caller, name)
    dataset = await run_in_threadpool(datasets.open_version, here.artifacts, version)
    file = f"{version.dataset.name}-{version.row.number}"
    if any(column.type == "image" for column in dataset.description.columns):
        return FileResponse(
            here.artifacts.local("uploads", version.row.upload_sha256),
            media_type="application/octet-stream",
            filename=f"{file}.{version.row.options.get('format', 'bin')}",
        )
    attached = {"Content-Disposition": f'attachment; filename="{file}.csv"'}
    return StreamingResponse(datasets.csv_lines(dataset), media_type="text/csv; charset=utf-8", headers=attached)


@router.delete("/v1/datasets/{name}", status_code=204, responses=problems(404, 409, 410, 422))
def delete_dataset(here: Here, caller: Trainer, name: str) -> Response:
    """Forget a dataset with all its versions; 409 while a job that has not ended uses it."""
    with here.store.begin() as session:
        rows.delete(session, caller.project_id, name)
    return Response(status_code=204)


async def _open(here: Context, caller: Caller, name: str) -> Dataset:
    version = await ready(here, caller, name)
    return await run_in_threadpool(datasets.open_version, here.artifacts, version)


def _check_column(dataset: Dataset, name: str | None, parameter: str, *types: Any) -> None:
    known = [column.name for column in dataset.description.columns if not types or column.type in types]
    if name is not None and name not in known:
        meant = nearest(name, known)
        message = f"There is no such column {name[:80]!r}" + told(meant)
        fault = Fault(message, "unknown-column", None, parameter, name[:200], known[:50], fix_of(meant))
        raise Invalid(fault)
