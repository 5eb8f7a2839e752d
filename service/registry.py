"""The registry: a job's network under a name that stays, in numbered versions, with aliases that move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.errors import Gone, ModelNotReady, NotFound
from service.store import checkpoints, idempotency, jobs, registry, runs
from service.store.engine import Session, Store
from service.store.idempotency import Answered, Key
from service.store.rows import CheckpointRow, ModelRow, ModelVersionRow, RunRow


@dataclass(frozen=True)
class Named:
    """A model as it is at one moment."""

    model: ModelRow
    versions: Sequence[ModelVersionRow]
    """Newest first."""
    aliases: dict[str, int]


def see(store: Store, project_id: str, name: str) -> Named:
    """A model with its versions and aliases. Raises NotFound."""
    with store.read() as session:
        return _named(session, registry.get(session, project_id, name))


def see_many(store: Store, project_id: str, *, after: str | None, limit: int, newest_first: bool) -> list[Named]:
    """Models by age."""
    with store.read() as session:
        found = registry.listed(session, project_id, after=after, limit=limit, newest_first=newest_first)
        return [_named(session, model) for model in found]


def create(store: Store, project_id: str, name: str) -> Named:
    """The model of this name; a second call changes nothing."""
    with store.begin() as session:
        return _named(session, registry.ensure(session, project_id, name))


def see_version(store: Store, project_id: str, reference: str) -> ModelVersionRow:
    """A version by `name@number` or `name@alias`. Raises NotFound."""
    name, _, which = reference.partition("@")
    with store.read() as session:
        version = registry.find_version(session, project_id, name, which)
        if version is None:
            raise NotFound(registry.absent(session, project_id, name, which))
        return version


def add_version(
    store: Store,
    project_id: str,
    name: str,
    chosen: tuple[str | None, str | None, str | None],
    key: Key | None,
    answer: Callable[[ModelVersionRow], Answered],
) -> Answered:
    """The next version of the model: the best network of a job or run, or one checkpoint (the one that is `chosen`).

    Raises RunNotFound, NotFound, Gone, and ModelNotReady where there is no checkpoint yet.
    """

    def write(session: Session) -> Answered:
        row = _chosen(session, project_id, *chosen)
        version = registry.publish(session, project_id, name, runs.get(session, project_id, row.run_id), row.id)
        session.refresh(version)
        return answer(version)

    return idempotency.once(store, key, write)


def point(store: Store, project_id: str, name: str, alias: str, number: int | None) -> Named:
    """Move an alias to a version, or take it away. Raises NotFound."""
    with store.begin() as session:
        model = registry.get(session, project_id, name)
        registry.point(session, model, alias, number)
        return _named(session, model)


def _named(session: Session, model: ModelRow) -> Named:
    return Named(model, registry.versions(session, model), registry.aliases(session, model))


def _chosen(
    session: Session, project_id: str, job: str | None, run: str | None, checkpoint: str | None
) -> CheckpointRow:
    if checkpoint is not None:
        return _checkpoint(session, project_id, checkpoint)
    found: Sequence[RunRow]
    if run is not None:
        found = [runs.get(session, project_id, run)]
    else:
        found = runs.of_job(session, project_id, jobs.get(session, project_id, job or "").id)
    best = [row for each in found if (row := checkpoints.best(session, each)) is not None]
    if not best:
        raise ModelNotReady
    return best[-1]


def see_checkpoint(store: Store, project_id: str, checkpoint_id: str) -> CheckpointRow:
    """A checkpoint whose files are there. Raises NotFound, Gone."""
    with store.read() as session:
        return _checkpoint(session, project_id, checkpoint_id)


def _checkpoint(session: Session, project_id: str, checkpoint_id: str) -> CheckpointRow:
    row = checkpoints.get(session, checkpoint_id)
    if row is None or row.project_id != project_id:
        raise NotFound("There is no such checkpoint.")
    if row.deleted_at is not None:
        raise Gone(why_gone(session, project_id, row))
    return row


def why_gone(session: Session, project_id: str, row: CheckpointRow) -> str:
    """Why a checkpoint's files are gone: its job was deleted, or a better one or a later one has taken its place."""
    try:
        jobs.run_of(session, project_id, row.run_id)
    except Gone as gone:
        return gone.detail
    return "This checkpoint was superseded, its files are gone; the run's best and last are kept."
