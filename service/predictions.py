"""Predictions: which checkpoint answers, and what a request's body asks of it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from models.errors import Detail, InputError
from models.predictor import Predictor
from service.errors import Fault, Gone, Invalid, ModelNotReady, NotFound, PayloadTooLarge
from service.serving import PredictorCache
from service.store import checkpoints, jobs, registry, runs
from service.store.engine import Store
from service.store.rows import CheckpointRow
from service.store.status import TERMINAL

MOST_ROWS = 10_000
"""Rows that one request may ask for."""


@dataclass(frozen=True)
class Source:
    """The checkpoint that answers, and how it was found."""

    checkpoint: str
    sha256: str
    run: str
    epoch: int
    model: str | None = None
    version: int | None = None

    def to_json(self) -> dict[str, Any]:
        """What stands beside an answer."""
        told = {"checkpoint": self.checkpoint, "run": self.run, "epoch": self.epoch}
        return told if self.model is None else {**told, "model": self.model, "version": self.version}


def of_job(store: Store, project_id: str, job_id: str) -> tuple[Source | None, bool]:
    """The best network of the job's runs so far, if any, and whether the job has ended. Raises RunNotFound, Gone."""
    with store.read() as session:
        jobs.get(session, project_id, job_id)
        found = runs.of_job(session, project_id, job_id)
        rows = [row for run in found if (row := checkpoints.best(session, run)) is not None]
        ended = all(run.status in TERMINAL for run in found)
        return (_source(rows[-1]) if rows else None), ended


def of_run(store: Store, project_id: str, run_id: str) -> tuple[Source | None, bool]:
    """The best network of the run so far, if any, and whether the run has ended. Raises RunNotFound, Gone."""
    with store.read() as session:
        run = jobs.run_of(session, project_id, run_id)
        row = checkpoints.best(session, run)
        return (None if row is None else _source(row)), run.status in TERMINAL


def of_checkpoint(store: Store, project_id: str, checkpoint_id: str) -> Source:
    """This very checkpoint. Raises NotFound, Gone."""
    with store.read() as session:
        row = checkpoints.get(session, checkpoint_id)
        if row is None or row.project_id != project_id:
            raise NotFound("There is no such checkpoint.")
        if row.deleted_at is not None:
            raise Gone("This checkpoint was superseded, its files are gone; the run's best and last are kept.")
        return _source(row)


def of_model(store: Store, project_id: str, reference: str) -> Source:
    """`name`, `name@3` or `name@alias`; a bare name is the alias champion, else the newest version. Raises NotFound."""
    name, _, which = reference.partition("@")
    with store.read() as session:
        version = registry.find_version(session, project_id, name, which or None)
        if version is None:
            raise NotFound(f"There is no model {name!r} with a version {which!r}." if which else f"No model {name!r}.")
        row = checkpoints.get(session, version.checkpoint_id)
        assert row is not None, version.checkpoint_id
        return _source(row, name, version.number)


def _source(row: CheckpointRow, model: str | None = None, version: int | None = None) -> Source:
    return Source(row.id, row.sha256, row.run_id, row.epoch, model, version)


def not_ready(ended: bool) -> ModelNotReady:
    """The answer while there is no checkpoint."""
    if ended:
        return ModelNotReady("The job ended before its first checkpoint: there is no network to ask.")
    message = "The job has no checkpoint yet; ?wait=60 waits for its end."
    return ModelNotReady(message, headers={"Retry-After": "2"})


def answer_picture(predictors: PredictorCache, source: Source, data: bytes, top: int) -> dict[str, Any]:
    """The answer to one encoded picture, with its source."""
    return {**predictors.get(source.sha256).predict_images([data], top)[0], **source.to_json()}


def answer_json(predictors: PredictorCache, source: Source, body: Any, top: int) -> dict[str, Any]:
    """The answer to a JSON document: `{"rows": [...]}` gets `{"predictions": [...]}`, a single row its answer.

    A row is an object by column name or a list in the order of the inputs; where the model reads pictures, a picture's
    bytes in base64 stand for the row or under the column's name.
    """
    predictor = predictors.get(source.sha256)
    if isinstance(body, dict) and "rows" in body and not _is_row(predictor, body):
        _refuse_others(body)
        return {"predictions": _many(predictor, body["rows"], "/rows", top), **source.to_json()}
    if not isinstance(body, dict):
        fix = '{"rows": [[5.1, 3.5, 1.4, 0.2]]}, or one row as an object by column name'
        raise Invalid(Fault("A prediction is asked for by an object.", "invalid-type", "", given=_kind(body), fix=fix))
    return {**_many(predictor, [body], None, top)[0], **source.to_json()}


def answer_csv(predictors: PredictorCache, source: Source, data: bytes, top: int) -> dict[str, Any]:
    """The answers to the rows of a CSV, read as the dataset's upload was read."""
    predictor = predictors.get(source.sha256)
    if predictor.channels is not None:
        raise Invalid(Fault("This model reads pictures, not rows.", "shape-mismatch", fix="curl -T shoe.png"))
    rows = predictor.read_csv(data, MOST_ROWS)
    return {"predictions": _many(predictor, rows, "/rows", top), **source.to_json()}


def _is_row(predictor: Predictor, body: dict[str, Any]) -> bool:
    """Whether `rows` is the name of an input here, and no list of rows."""
    return not isinstance(body["rows"], list) and "rows" in {item["column"] for item in predictor.describe()["inputs"]}


def _refuse_others(body: dict[str, Any]) -> None:
    others = [
        Fault(
            f"There is no field {name!r} here.",
            "unknown-field",
            "/" + name.replace("~", "~0").replace("/", "~1"),
            allowed=["rows"],
        )
        for name in body
        if name != "rows"
    ]
    if others:
        raise Invalid(others)


def _many(predictor: Predictor, rows: Any, pointer: str | None, top: int) -> list[dict[str, Any]]:
    """Answers to many rows; without a pointer the only row is the body itself."""
    if not isinstance(rows, list):
        raise Invalid(Fault("rows is a list.", "invalid-type", pointer, given=_kind(rows)))
    if len(rows) > MOST_ROWS:
        message = f"One request may ask for at most {MOST_ROWS} rows; these are more."
        fix = f"ask for {MOST_ROWS} rows at a time: split -l {MOST_ROWS} cuts a file without a header"
        raise PayloadTooLarge(message, [Fault(message, "payload-too-large", pointer, allowed=MOST_ROWS, fix=fix)])
    where = pointer or ""
    if predictor.channels is not None:
        column = predictor.describe()["inputs"][0]["column"]
        others = {*predictor.columns, predictor.spec.target.column}
        places = [f"{where}/{place}" if pointer else "" for place in range(len(rows))]
        pictures = [_picture(row, column, others, place) for row, place in zip(rows, places, strict=True)]
        return predictor.predict_images(pictures, top, where)
    try:
        return predictor.predict_rows(rows, top, where)
    except InputError as error:
        raise error if pointer else _without_place(error) from error


def _without_place(error: InputError) -> InputError:
    """Pointers of the only row: `/0/age` is `/age` of the body."""
    return InputError(
        [
            Detail(each.code, each.message, (each.pointer or "").removeprefix("/0"), each.given, each.allowed, each.fix)
            for each in error.details
        ]
    )


def _picture(row: Any, column: str, others: set[str], pointer: str) -> bytes:
    """The bytes of a picture that came in base64, with or without line breaks, or as a data URL."""
    text = row.get(column) if isinstance(row, dict) else row
    if isinstance(row, dict) and (unknown := row.keys() - {column} - others):
        name = min(unknown)
        raise Invalid(
            Fault(f"The model has no input {name!r}.", "unknown-field", f"{pointer}/{name}", allowed=[column])
        )
    try:
        return base64.b64decode(_bare(text) if isinstance(text, str) else "?", validate=True)
    except (ValueError, binascii.Error):
        message = "A picture in JSON is its file's bytes in base64."
        fault = Fault(
            message, "image-corrupt", pointer, given=_kind(text), fix="send the file itself: curl -T shoe.png"
        )
        raise Invalid(fault) from None


def _bare(text: str) -> str:
    """Base64 alone: without white space, and without what a data URL says before it."""
    head, comma, rest = text.partition(",")
    return "".join((rest if comma and head.startswith("data:") else text).split())


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
