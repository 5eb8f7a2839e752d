from __future__ import annotations

import pytest

from service.store.status import FOLLOWS, LEASED, TERMINAL, Status, before, of_job

TABLE = """
    queued      -> preparing paused cancelled
    preparing   -> running succeeded failed cancelling pausing queued
    running     -> succeeded failed cancelling pausing queued
    cancelling  -> cancelled
    pausing     -> paused cancelling succeeded failed
    paused      -> queued cancelled
    failed      -> queued
    succeeded   ->
    cancelled   ->
"""
"""The states of the REST API, written down a second time: the fit may end by itself while it shall pause."""


def test_transitions_are_those_of_the_api() -> None:
    lines = [line.split("->") for line in TABLE.strip().splitlines()]
    assert {old.strip(): set(new.split()) for old, new in lines} == {old: set(new) for old, new in FOLLOWS.items()}


def test_every_state_can_be_left_but_the_final_ones() -> None:
    assert {status for status, following in FOLLOWS.items() if not following} == TERMINAL - {Status.FAILED}


def test_states_before_are_the_reverse() -> None:
    assert before(Status.RUNNING) == {Status.PREPARING}
    assert before(Status.CANCELLED) == {Status.QUEUED, Status.PAUSED, Status.CANCELLING}


def test_leased_states_are_those_that_a_worker_ends() -> None:
    assert before(Status.QUEUED) - {Status.PAUSED, Status.FAILED} < LEASED
    assert not LEASED & TERMINAL


@pytest.mark.parametrize("status", Status)
def test_job_with_one_run_has_its_status(status: Status) -> None:
    assert of_job([status]) == status


@pytest.mark.parametrize(
    ("runs", "job"),
    [
        ("succeeded queued", "running"),
        ("queued queued", "queued"),
        ("running queued", "running"),
        ("succeeded succeeded", "succeeded"),
        ("succeeded failed", "failed"),
        ("paused succeeded", "paused"),
        ("cancelled succeeded", "cancelled"),
    ],
)
def test_job_of_several_runs(runs: str, job: str) -> None:
    assert of_job([Status(run) for run in runs.split()]) == job
