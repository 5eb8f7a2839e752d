"""Models: registry names with numbered versions, each a checkpoint, and aliases that point to versions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.errors import NotFound
from service.ids import new_id
from service.near import listing, nearest, told

from .engine import now_ms
from .rows import AliasMoveRow, ModelAliasRow, ModelRow, ModelVersionRow, ProjectRow, RunRow

CHAMPION = "champion"
"""The alias that a bare name stands for, where it exists; else it stands for the newest version."""


def publish(session: Session, project_id: str, name: str, run: RunRow, checkpoint_id: str) -> ModelVersionRow:
    """The next version of the model of this name, which is made where it does not exist."""
    model = ensure(session, project_id, name)
    last = session.scalar(select(func.max(ModelVersionRow.number)).where(ModelVersionRow.model_id == model.id)) or 0
    place = {"model_id": model.id, "number": last + 1, "project_id": project_id}
    version = ModelVersionRow(**place, checkpoint_id=checkpoint_id, run_id=run.id)
    session.add(version)
    session.flush()
    return version


def ensure(session: Session, project_id: str, name: str) -> ModelRow:
    """The model of this name, made where it does not exist."""
    # One at a time per project: two that make the same name wait for each other instead of failing.
    session.execute(select(ProjectRow.id).where(ProjectRow.id == project_id).with_for_update(key_share=True))
    model = _find(session, project_id, name)
    if model is None:
        model = ModelRow(id=new_id("mdl"), project_id=project_id, name=name)
        session.add(model)
        session.flush()
        session.refresh(model)
    return model


def get(session: Session, project_id: str, name: str) -> ModelRow:
    """The model of this name. Raises NotFound."""
    model = _find(session, project_id, name)
    if model is None:
        raise NotFound(absent(session, project_id, name, None))
    return model


def absent(session: Session, project_id: str, name: str, which: str | None) -> str:
    """Why there is no such model, or no such version of it."""
    model = _find(session, project_id, name)
    if model is None:
        names = session.scalars(select(ModelRow.name).where(ModelRow.project_id == project_id).limit(1000)).all()
        return f'There is no model "{name[:120]}"' + told(nearest(name, names))
    numbers = [row.number for row in reversed(versions(session, model))]
    if not which or not numbers:
        return f'The model "{name}" has no version yet.'
    known = aliases(session, model)
    have = listing([*numbers, *known])
    return f'The model "{name}" has no version "{which[:120]}", only {have}' + told(nearest(which, known))


def listed(
    session: Session, project_id: str, *, after: str | None, limit: int, newest_first: bool
) -> Sequence[ModelRow]:
    """Models by age."""
    chosen = select(ModelRow).where(ModelRow.project_id == project_id)
    if after:
        chosen = chosen.where(ModelRow.id < after if newest_first else ModelRow.id > after)
    return session.scalars(chosen.order_by(ModelRow.id.desc() if newest_first else ModelRow.id).limit(limit)).all()


def versions(session: Session, model: ModelRow) -> Sequence[ModelVersionRow]:
    """The model's versions, newest first."""
    mine = select(ModelVersionRow).where(ModelVersionRow.model_id == model.id)
    return session.scalars(mine.order_by(ModelVersionRow.number.desc())).all()


def aliases(session: Session, model: ModelRow) -> dict[str, int]:
    """The model's aliases and the numbers of their versions."""
    mine = select(ModelAliasRow).where(ModelAliasRow.model_id == model.id).order_by(ModelAliasRow.alias)
    return {row.alias: row.number for row in session.scalars(mine)}


def find_version(session: Session, project_id: str, name: str, which: str | None) -> ModelVersionRow | None:
    """A version by its number or an alias; None = the champion, else the newest. None where it does not exist."""
    model = _find(session, project_id, name)
    if model is None:
        return None
    number = int(which) if which and which.isascii() and which.isdecimal() and len(which) < 10 else None
    if number is None:
        number = aliases(session, model).get(which or CHAMPION)
    if number is None and which is None:
        found = versions(session, model)
        return found[0] if found else None
    return None if number is None else session.get(ModelVersionRow, (model.id, number))


def point(session: Session, model: ModelRow, alias: str, number: int | None) -> None:
    """Let the alias point to this version, or to none any more; the move is remembered.

    Raises NotFound where the version, or the alias that shall go, does not exist.
    """
    if number is not None and session.get(ModelVersionRow, (model.id, number)) is None:
        raise NotFound(absent(session, project_id=model.project_id, name=model.name, which=str(number)))
    row = session.get(ModelAliasRow, (model.id, alias))
    if row is None and number is None:
        known = aliases(session, model)
        raise NotFound(f'The model "{model.name}" has no alias "{alias}"' + told(nearest(alias, known)))
    if row is not None and row.number == number:
        return
    if row is not None and number is not None:
        row.number, row.updated_at = number, session.scalar(select(now_ms())) or 0
    elif number is not None:
        session.add(ModelAliasRow(model_id=model.id, alias=alias, project_id=model.project_id, number=number))
    else:
        mine = (ModelAliasRow.model_id == model.id, ModelAliasRow.alias == alias)
        session.execute(delete(ModelAliasRow).where(*mine))
    move = AliasMoveRow(id=new_id("move"), project_id=model.project_id, model_id=model.id, alias=alias, number=number)
    session.add(move)
    session.flush()


def history(session: Session, model: ModelRow, alias: str) -> Sequence[AliasMoveRow]:
    """Where the alias pointed, newest first."""
    mine = select(AliasMoveRow).where(AliasMoveRow.model_id == model.id, AliasMoveRow.alias == alias)
    return session.scalars(mine.order_by(AliasMoveRow.at.desc(), AliasMoveRow.id.desc())).all()


def _find(session: Session, project_id: str, name: str) -> ModelRow | None:
    mine = (ModelRow.project_id == project_id, ModelRow.name == name)
    return session.scalars(select(ModelRow).where(*mine)).one_or_none()
