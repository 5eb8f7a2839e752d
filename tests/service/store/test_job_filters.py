"""The list of jobs: which of them a filter finds, on both databases."""

from __future__ import annotations

import pytest

from service.store import jobs
from service.store.engine import Store
from service.store.jobs import Filter
from tests.databases import add_version
from tests.runs import PROJECT


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(tag="course"), True),
        (Filter(tag="Course"), False),
        (Filter(tag="cours"), False),
        (Filter(tag="a, b"), True),
        (Filter(tag="b"), False),
        (Filter(tag="Blüten"), True),
        (Filter(tag='say "x"'), True),
        (Filter(tag="x"), False),
        (Filter(dataset="iris@1"), True),
        (Filter(dataset="iris@2"), False),
        (Filter(dataset="dsv_iris"), True),
    ],
)
def test_a_filter_is_exact(store: Store, wanted: Filter, found: bool) -> None:
    with store.begin() as session:
        add_version(session)
        spec = {"tags": ["course", "a, b", "Blüten", 'say "x"'], "epochs": 1}
        jobs.add(session, PROJECT, "dsv_iris", spec, spec, [], "any")
    with store.read() as session:
        rows = jobs.listed(session, PROJECT, wanted, after=None, limit=10, newest_first=True)
        assert len(rows) == found
