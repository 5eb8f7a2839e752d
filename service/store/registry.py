"""Models: registry names with numbered versions, each a checkpoint."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.ids import new_id

from .rows import ModelRow, ModelVersionRow, ProjectRow, RunRow


def publish(session: Session, project_id: str, name: str, run: RunRow, checkpoint_id: str) -> ModelVersionRow:
    """The next version of the model of this name, which is made where it does not exist."""
    # One at a time per project: two runs that publish the same name wait for each other instead of failing.
    session.execute(select(ProjectRow.id).where(ProjectRow.id == project_id).with_for_update(key_share=True))
    model = session.scalars(
        select(ModelRow).where(ModelRow.project_id == project_id, ModelRow.name == name)
    ).one_or_none()
    if model is None:
        model = ModelRow(id=new_id("mdl"), project_id=project_id, name=name)
        session.add(model)
        session.flush()
    last = session.scalar(select(func.max(ModelVersionRow.number)).where(ModelVersionRow.model_id == model.id)) or 0
    place = {"model_id": model.id, "number": last + 1, "project_id": project_id}
    version = ModelVersionRow(**place, checkpoint_id=checkpoint_id, run_id=run.id)
    session.add(version)
    session.flush()
    return version
