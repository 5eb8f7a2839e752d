"""Dataset versions: what an upload becomes, how they are named, the built-in sets."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.data.builtin import BUILTINS, builtin_names, builtin_upload
from models.data.builtin.fashion import FOLDERS
from models.data.options import IngestOptions, options_from_query
from models.data.store import Dataset
from models.errors import DataError, Detail
from models.faults import failpoint
from service.artifacts import Artifacts
from service.datasets.uploads import Upload
from service.errors import Conflict, DatasetNotReady, Fault, Gone, Invalid, NotFound
from service.settings import Settings
from service.store import datasets as rows
from service.store import runs
from service.store.engine import Store
from service.store.rows import DatasetRow, DatasetVersionRow, Json, RunRow

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Version:
    """A dataset version with the run that reads it."""

    dataset: DatasetRow
    row: DatasetVersionRow
    run: RunRow | None

    @property
    def label(self) -> str:
        """How a spec names it: `name@number`."""
        return f"{self.dataset.name}@{self.row.number}"

    @property
    def description(self) -> Json:
        """What ingestion learned. Raises DatasetNotReady, or Invalid where it failed."""
        if self.row.status == "failed":
            raise failure(self.row)
        if self.row.description is None:
            message = f"{self.label} is still being read; try again in a moment."
            raise DatasetNotReady(message, headers={"Retry-After": "2"}, status_now=self.row.status)
        return self.row.description


def failure(row: DatasetVersionRow) -> Invalid:
    """Why a version could not be read, as an answer."""
    problem = row.problem or {"code": "ingestion-failed", "message": "The upload could not be read."}
    details = [_fault(detail) for detail in problem.get("details", ())]
    return Invalid(details or Fault(problem["message"], problem["code"]), problem["message"], dataset_version=row.id)


def _fault(detail: Mapping[str, Any]) -> Fault:
    names = ("message", "code", "pointer", "given", "allowed", "fix")
    return Fault(**{name: detail.get(name) for name in names})  # type: ignore[arg-type]


def is_name(name: str) -> bool:
    """Whether a dataset may have this name."""
    return bool(NAME.fullmatch(name)) and not rows.ID.fullmatch(name)


def check_name(name: str) -> str:
    """The name of a dataset that may be made. Raises Invalid, and Conflict for that of a built-in set."""
    if name in builtin_names():
        message = f"{name} is a built-in set; take another name for yours."
        raise Conflict(
            message, [Fault(message, parameter="name", given=name, fix=f"curl -T FILE /v1/datasets/my-{name}")]
        )
    if is_name(name):
        return name
    message = "A dataset's name has 1 to 100 of A-Z a-z 0-9 . _ - and begins with a letter or a digit."
    raise Invalid(Fault(message, "invalid-name", parameter="name", given=name[:200], allowed=NAME.pattern))


def options_of(query: Mapping[str, str]) -> IngestOptions:
    """Options of the query. Raises Invalid, each fault with its parameter."""
    try:
        return options_from_query(query)
    except DataError as error:
        faults = [_parameter(detail) for detail in error.details]
    except ValueError:
        faults = [Fault("A list in the query is `a,b` or a JSON array.", "invalid-option", parameter="names")]
    raise Invalid(faults)


def _parameter(detail: Detail) -> Fault:
    name = (detail.pointer or "").strip("/")
    return Fault(detail.message, detail.code, None, name, detail.given, detail.allowed, detail.fix)


def put(store: Store, artifacts: Artifacts, project_id: str, name: str, upload: Upload) -> tuple[Version, bool]:
    """The version of a finished upload, and whether it is new: the same bytes and options give the same version."""
    options = upload.options.model_dump(mode="json")
    with store.read() as session:
        known = rows.same(session, project_id, name, upload.sha256, options)
    if known:
        return Version(*known, None), False
    upload.keep(artifacts)
    with store.begin() as session:
        known = rows.same(session, project_id, name, upload.sha256, options)
        if known:
            return Version(*known, None), False
        found, run = rows.add_version(session, project_id, name, upload.sha256, upload.bytes, options)
        failpoint("api.before_commit")
    failpoint("api.after_commit")
    return Version(*found, run), True


def find(store: Store, project_id: str, reference: str) -> Version:
    """A version by `name`, `name@number` or id. Raises NotFound, Gone."""
    with store.read() as session:
        dataset, row = rows.find(session, project_id, reference)
        return Version(dataset, row, runs.get(session, project_id, row.run_id) if row.run_id else None)


def find_or_make(store: Store, artifacts: Artifacts, settings: Settings, project_id: str, reference: str) -> Version:
    """Like find; a built-in set is ingested when it is asked for by name for the first time, or was deleted."""
    try:
        return find(store, project_id, reference)
    except NotFound:
        if reference.removesuffix("@1") not in builtin_names():
            raise
    except Gone:
        if reference not in builtin_names():
            raise
    return _put_builtin(store, artifacts, settings, project_id, reference.removesuffix("@1"))


def fashion_folders(settings: Settings) -> list[Path]:
    """Where Fashion-MNIST's files may be; the last one is ours, and filled where they are fetched."""
    given = [Path(settings.fashion_mnist)] if settings.fashion_mnist else FOLDERS
    return [*given, settings.home.resolve() / "fashion-mnist"]


def _put_builtin(store: Store, artifacts: Artifacts, settings: Settings, project_id: str, name: str) -> Version:
    folders = fashion_folders(settings)
    settings.temporary.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.temporary) as scratch:
        file, options = builtin_upload(name, folders, Path(scratch))
        upload = Upload(settings, None, options)
        try:
            with file.open("rb") as source:
                while data := source.read(1 << 20):
                    upload.write(data)
            upload.finish(None)
            return put(store, artifacts, project_id, name, upload)[0]
        finally:
            upload.discard()


def known_names(store: Store, project_id: str) -> list[str]:
    """Names that a spec may use, each once: those that are ready, and the built-in sets."""
    with store.read() as session:
        mine = rows.listed(session, project_id, after=None, limit=200, newest_first=True)
    names = [dataset.name for dataset, row in mine if row.status == "ready"]
    return list(dict.fromkeys([*names, *builtin_names()]))


def builtins() -> list[Json]:
    """The built-in sets."""
    return [builtin._asdict() for builtin in BUILTINS]


def open_version(artifacts: Artifacts, version: Version) -> Dataset:
    """The rows of a version that is ready. Raises DatasetNotReady, Invalid."""
    _ = version.description
    assert version.row.sha256 is not None, version.row.id
    return Dataset.open(artifacts.local("datasets", version.row.sha256))
