"""What each code means: a problem's `type` leads here."""

from __future__ import annotations

from fastapi import APIRouter

from service.api.answers import Answer
from service.api.context import Reader
from service.api.pages import whole
from service.api.problems import problems
from service.errors import NotFound

router = APIRouter(prefix="/v1/problems", tags=["system"])

REQUESTS = {
    "malformed-request": "The request cannot be read.",
    "malformed-json": "The body is not JSON, or not in UTF-8, or empty.",
    "malformed-multipart": "The multipart body cannot be read.",
    "duplicate-key": "A JSON object holds the same key twice: which one was meant is not guessed.",
    "json-too-deep": "JSON may be nested 32 levels deep.",
    "checksum-mismatch": "What came does not have the digest that was announced; send it again.",
    "invalid-header": "A header cannot be read.",
    "invalid-host": "The service does not answer to this host name; FITSERVE_ALLOWED_HOSTS names those that it does.",
    "unauthorized": "A valid key is needed: `Authorization: Bearer fs_...`.",
    "insufficient-scope": "The key does not have the scope that this needs.",
    "cross-origin": "A page of another site may not change anything here.",
    "not-found": "There is nothing here, or it is another project's.",
    "run-not-found": "There is no such job or run, or it is another project's.",
    "method-not-allowed": "This method is not offered here; the Allow header names those that are.",
    "not-acceptable": "The answer does not exist in the form that the Accept header asks for.",
    "conflict": "The present state does not allow this.",
    "wrong-state": "The present state does not allow this; `allowed` says what may follow it.",
    "run-already-finished": "The job has ended.",
    "run-active": "The job has not ended; cancel it first.",
    "dataset-not-ready": "The dataset is still being read; try again after Retry-After seconds.",
    "dataset-in-use": "A job that has not ended uses the dataset.",
    "model-not-ready": "There is no network to ask yet; `?wait=60` waits for the end of the job.",
    "request-in-progress": "The first request with this Idempotency-Key has not been answered yet.",
    "idempotency-key-reused": "This Idempotency-Key came with another request before; take a new one.",
    "gone": "It was here and has been deleted.",
    "precondition-failed": "It has changed since you read it.",
    "payload-too-large": "The body is too large; `/v1/limits` tells how large it may be.",
    "unsupported-media-type": "This content is not read here.",
    "unsupported-content-encoding": "Bodies are read as they are, without a Content-Encoding.",
    "header-too-large": "The headers are too large.",
    "rate-limited": "Too many requests; try again after Retry-After seconds.",
    "unavailable": "The service cannot do this right now; try again after Retry-After seconds.",
    "insufficient-storage": "There is not enough disk space left.",
    "internal-error": "A mistake of ours; the log holds more under `request_id`.",
    "invalid": "The request is understood but wrong.",
    "invalid-cursor": "This is no cursor; take it from `next` of the page before.",
    "invalid-name": "A name has a form that is not allowed.",
    "invalid-option": "An option of the upload has a value that is not allowed.",
    "invalid-type": "A value is of another type than is needed.",
    "invalid-value": "A value is not allowed here.",
    "missing-field": "A field that is needed is missing.",
    "unknown-field": "There is no such field or parameter; nothing is ignored silently.",
    "out-of-range": "A value is outside of what is allowed.",
    "text-not-allowed": "Text holds NUL, half a surrogate pair, or, in names, characters that cannot be printed.",
}
SPECS = {
    "dataset-not-found": "There is no such dataset.",
    "unknown-column": "The dataset has no such column.",
    "unknown-metric": "No such metric is measured after an epoch.",
    "unknown-architecture": "There is no such network; `/v1/catalog/networks` lists them.",
    "unknown-layer": "There is no such layer; `/v1/catalog/layers` lists them.",
    "unknown-transform": "There is no such transform.",
    "unknown-regularizer": "There is no such regularizer.",
    "unknown-optimizer": "There is no such optimizer.",
    "unknown-loss": "There is no such loss.",
    "unknown-schedule": "There is no such schedule.",
    "unknown-split": "There is no such split.",
    "unknown-task": "There is no such task.",
    "unknown-activation": "There is no such activation.",
    "conflicting-options": "Two parts of the spec do not belong together.",
    "column-type-unsupported": "A column of this type cannot be used so.",
    "no-inputs": "No column is left for the network to see.",
    "one-class-target": "The target has one value only: there is nothing to learn.",
    "too-many-classes": "The target has more classes than can be told apart.",
    "class-not-in-train": "A class stands in another part but not in the training part.",
    "invalid-split": "The shares of the parts do not add up, or the parts do not exist.",
    "split-too-small": "A part would have no rows.",
    "split-empty-class": "A class has too few rows for the parts.",
    "shape-mismatch": "A layer does not fit the shape before it; a row does not have the values that are needed.",
    "model-too-large": "The network has more parameters or layers than are allowed.",
    "model-too-deep": "Layers are nested too deeply.",
    "device-unavailable": "No worker has this device.",
    "invalid-spec": "The worker could not read the spec.",
}
UPLOADS = {
    "dataset-empty": "There are no rows.",
    "dataset-corrupt": "The stored dataset is damaged.",
    "ingestion-failed": "The upload could not be read.",
    "several-files": "Only IDX files may come as several files of one upload; send a zip.",
    "archive-corrupt": "The archive is damaged.",
    "archive-encrypted": "The archive is encrypted.",
    "archive-overlap": "Entries of the archive overlap, as in a zip bomb.",
    "archive-too-large": "The archive would unpack to too many bytes.",
    "archive-too-many-entries": "The archive has too many entries.",
    "archive-unsafe-path": "An entry's path leaves the archive, or is no path.",
    "archive-duplicate-entry": "Two entries are the same file for some file system.",
    "archive-unsupported-entry": "An entry is a link or a device, or the archive is no zip.",
    "class-empty": "A class folder has no pictures.",
    "folders-unclear": "The folders do not tell the classes.",
    "parts-unclear": "The names do not tell which part a file is.",
    "columns-differ": "The tables of the parts have different columns.",
    "row-length": "A row has more or fewer cells than the header.",
    "field-too-long": "A cell is too long.",
    "quotes-unbalanced": "A quote is not closed.",
    "duplicate-column": "Two columns have the same name.",
    "too-many-columns": "The table has too many columns.",
    "text-not-utf8": "The text is not UTF-8.",
    "idx-corrupt": "The IDX file is damaged.",
    "image-corrupt": "The picture is damaged, or is none.",
    "image-too-large": "The picture has too many pixels.",
    "image-format-unsupported": "Pictures are PNG, JPEG, BMP, WebP, PPM or GIF.",
    "audio-format-unsupported": "Sound is not read yet.",
    "value-not-number": "A number is needed here.",
    "value-not-text": "A text is needed here.",
    "value-not-time": "A time is needed here.",
    "value-not-finite": "NaN and infinity are no values; numbers must fit.",
    "value-missing": "A value is needed here: training saw none that was missing.",
}
NETWORKS = {
    "checkpoint-corrupt": "The stored network is damaged; it is not used.",
    "checkpoint-not-found": "The files of the checkpoint are not there.",
    "checkpoint-format-unsupported": "The checkpoint was written by another version.",
    "checkpoint-not-resumable": "The checkpoint does not hold what is needed to go on.",
    "output-not-finite": "The network answered NaN or infinity.",
}
RUNS = {
    "loss-not-finite": "The loss became NaN or infinite: the rate is too high, or the data need scaling.",
    "out-of-memory": "There is not enough memory: a smaller batch or a smaller network needs less.",
    "worker-lost": "Its worker, or its process, died; it was tried again as often as is allowed.",
}
WARNINGS = {
    "target-missing": "Rows without a target are left out.",
    "label-leakage": "A column tells the target (almost) alone: perhaps it is known only afterwards.",
    "constant-column": "A column has one value only.",
    "empty-column": "A column has no values.",
    "redundant-columns": "Two columns tell the same.",
    "mostly-missing": "Most values of a column are missing.",
    "duplicate-rows": "Rows are there more than once.",
    "duplicate-across-parts": "Rows of the training part stand in another part too.",
    "numbers-and-text": "A column has numbers and text; it is read as text.",
    "number-rounded": "A number has more digits than a 64-bit float holds.",
    "files-passed-over": "Files of the archive were passed over.",
    "hidden-files": "Hidden files of the archive were passed over.",
    "unseen-category": "A category that training never saw was sent for a prediction.",
    "batch-larger-than-part": "A batch is larger than the training part.",
    "imbalanced-classes": "Almost all rows are of one class: look at macro F1.",
    "no-validation": "No rows are for validation: the last network counts as the best.",
}
CODES = {**REQUESTS, **SPECS, **UPLOADS, **NETWORKS, **RUNS, **WARNINGS}
"""Every code of a problem, of a failed run, of a warning."""


@router.get("")
def list_codes(caller: Reader) -> Answer:  # noqa: ARG001  a key's scope
    """All codes and what they mean."""
    return whole([{"code": code, "meaning": meaning} for code, meaning in CODES.items()])


@router.get("/{code}", responses=problems(404))
def get_code(caller: Reader, code: str) -> Answer:  # noqa: ARG001
    """What a code means."""
    if code not in CODES:
        raise NotFound(f"There is no code {code[:80]!r}.")
    return Answer({"code": code, "meaning": CODES[code]})
