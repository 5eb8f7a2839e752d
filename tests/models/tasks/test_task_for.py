"""Which task a target column calls for."""

from __future__ import annotations

import pytest

from models.data.description import Column
from models.errors import SpecError
from models.tasks import Classification, Regression, goals, task_for


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "category", "distinct": 300}, "classification"),
        ({"type": "text", "distinct": 30}, "classification"),
        ({"type": "number", "whole": True, "distinct": 20}, "classification"),
        ({"type": "number", "whole": True, "distinct": 21}, "regression"),
        ({"type": "number", "whole": False, "distinct": 5}, "regression"),
    ],
)
def test_by_the_columns_type_and_values(fields: dict[str, object], kind: str) -> None:
    assert task_for(Column.model_validate({"name": "y", **fields})).kind == kind


@pytest.mark.parametrize("fields", [{"type": "image"}, {"type": "time"}, {"type": "category", "distinct": 1}])
def test_refuses_what_can_be_no_target(fields: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        task_for(Column.model_validate({"name": "y", **fields}))


def test_goals_are_known_for_all_that_is_measured() -> None:
    assert goals(Regression()) == {"rmse": "min", "mae": "min", "r2": "max"}
    assert goals(Classification())["auc"] == "max"
