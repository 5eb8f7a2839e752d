# ruff: noqa: N818 - the classes bear the names that HTTP gives to these answers
"""What the service answers when something is wrong: one tree, a status and a stable code on each class.

ServiceError                     500 internal-error
├── BadRequest                   400 malformed-request
│   ├── MalformedJson            400 malformed-json
│   ├── DuplicateKey             400 duplicate-key
│   ├── JsonTooDeep              400 json-too-deep
│   ├── MalformedMultipart       400 malformed-multipart
│   ├── ChecksumMismatch         400 checksum-mismatch
│   ├── InvalidHeader            400 invalid-header
│   └── InvalidHost              400 invalid-host
├── Unauthorized                 401 unauthorized
├── Forbidden                    403 insufficient-scope
├── CrossOrigin                  403 cross-origin
├── NotFound                     404 not-found
│   └── RunNotFound              404 run-not-found
├── MethodNotAllowed             405 method-not-allowed
├── NotAcceptable                406 not-acceptable
├── Conflict                     409 conflict
│   ├── RunAlreadyFinished       409 run-already-finished
│   ├── RunActive                409 run-active
│   ├── WrongState               409 wrong-state
│   ├── DatasetNotReady          409 dataset-not-ready
│   ├── DatasetInUse             409 dataset-in-use
│   ├── ModelNotReady            409 model-not-ready
│   ├── RequestInProgress        409 request-in-progress
│   ├── DatasetCorrupt           409 dataset-corrupt
│   └── CheckpointCorrupt        409 checkpoint-corrupt
├── Gone                         410 gone
├── PreconditionFailed           412 precondition-failed
├── PayloadTooLarge              413 payload-too-large
├── UnsupportedMediaType         415 unsupported-media-type
│   └── UnsupportedEncoding      415 unsupported-content-encoding
├── Invalid                      422 the code of its first fault
├── RateLimited                  429 rate-limited
├── HeaderTooLarge               431 header-too-large
├── Unavailable                  503 unavailable
└── InsufficientStorage          507 insufficient-storage

The docstring of a class is its default message. `api.problems` turns every one of them into a problem document.
The file is long because each answer is a class of its own, and short in everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, where it stands, and what to do about it.

    `pointer` is a JSON pointer into the body, `parameter` the name of a query parameter or header.
    """

    message: str
    code: str | None = None
    pointer: str | None = None
    parameter: str | None = None
    given: Any = None
    allowed: Any = None
    fix: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The fault as a JSON object, without its empty members."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class ServiceError(Exception):
    """Something went wrong on our side."""

    status: ClassVar[int] = 500
    code: str = "internal-error"

    def __init__(
        self,
        detail: str | None = None,
        errors: Sequence[Fault] = (),
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.detail = detail or (self.__doc__ or "").strip()
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = more
        super().__init__(self.detail)


class BadRequest(ServiceError):
    """The request cannot be read."""

    status = 400
    code = "malformed-request"


class MalformedJson(BadRequest):
    """The body is not JSON."""

    code = "malformed-json"


class DuplicateKey(BadRequest):
    """A JSON object holds the same key twice."""

    code = "duplicate-key"


class JsonTooDeep(BadRequest):
    """The JSON is nested too deeply."""

    code = "json-too-deep"


class MalformedMultipart(BadRequest):
    """The multipart body cannot be read."""

    code = "malformed-multipart"


class ChecksumMismatch(BadRequest):
    """The body does not have the digest that its header announces."""

    code = "checksum-mismatch"


class InvalidHeader(BadRequest):
    """A header cannot be read."""

    code = "invalid-header"


class InvalidHost(BadRequest):
    """This service does not answer to that host name."""

    code = "invalid-host"


class Unauthorized(ServiceError):
    """A valid key is needed."""

    status = 401
    code = "unauthorized"


class Forbidden(ServiceError):
    """The key does not have the scope that this needs."""

    status = 403
    code = "insufficient-scope"


class CrossOrigin(ServiceError):
    """A page of another site may not change anything here."""

    status = 403
    code = "cross-origin"


class NotFound(ServiceError):
    """There is nothing here."""

    status = 404
    code = "not-found"


class RunNotFound(NotFound):
    """There is no such job or run."""

    code = "run-not-found"


class MethodNotAllowed(ServiceError):
    """This method is not offered here."""

    status = 405
    code = "method-not-allowed"


class NotAcceptable(ServiceError):
    """This answer does not exist in the form that the Accept header asks for."""

    status = 406
    code = "not-acceptable"


class Conflict(ServiceError):
    """The present state does not allow this."""

    status = 409
    code = "conflict"


class RunAlreadyFinished(Conflict):
    """The job has ended already."""

    code = "run-already-finished"


class RunActive(Conflict):
    """The job has not ended yet."""

    code = "run-active"


class WrongState(Conflict):
    """The present state does not allow this."""

    code = "wrong-state"


class DatasetNotReady(Conflict):
    """The dataset is still being read."""

    code = "dataset-not-ready"


class DatasetInUse(Conflict):
    """A job that has not ended uses this dataset."""

    code = "dataset-in-use"


class ModelNotReady(Conflict):
    """There is no network to ask yet."""

    code = "model-not-ready"


class RequestInProgress(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    code = "request-in-progress"


class DatasetCorrupt(Conflict):
    """The stored dataset is damaged; it is not used."""

    code = "dataset-corrupt"


class CheckpointCorrupt(Conflict):
    """The stored network is damaged; it is not used."""

    code = "checkpoint-corrupt"


class Gone(ServiceError):
    """This was here and has been deleted."""

    status = 410
    code = "gone"


class PreconditionFailed(ServiceError):
    """It has changed since you read it."""

    status = 412
    code = "precondition-failed"


class PayloadTooLarge(ServiceError):
    """The body is too large."""

    status = 413
    code = "payload-too-large"


class UnsupportedMediaType(ServiceError):
    """This content type is not read here."""

    status = 415
    code = "unsupported-media-type"


class UnsupportedEncoding(UnsupportedMediaType):
    """Bodies are read as they are: no Content-Encoding."""

    code = "unsupported-content-encoding"


class Invalid(ServiceError):
    """The request is understood but wrong: every fault in `errors`; the first one gives the code."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Fault | Sequence[Fault], detail: str | None = None, **more: Any) -> None:
        faults = (errors,) if isinstance(errors, Fault) else tuple(errors)
        super().__init__(detail or "; ".join(_told(fault) for fault in faults[:3]), faults, **more)
        self.code = faults[0].code or self.code


def _told(fault: Fault) -> str:
    return f"{fault.pointer}: {fault.message}" if fault.pointer else fault.message


class RateLimited(ServiceError):
    """Too many requests."""

    status = 429
    code = "rate-limited"


class HeaderTooLarge(ServiceError):
    """The headers are too large."""

    status = 431
    code = "header-too-large"


class Unavailable(ServiceError):
    """The service cannot do this right now."""

    status = 503
    code = "unavailable"


class InsufficientStorage(ServiceError):
    """There is not enough disk space left."""

    status = 507
    code = "insufficient-storage"
