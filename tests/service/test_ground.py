"""Ids, times, settings, log lines."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from service import telemetry
from service.clock import rfc3339
from service.ids import new_id
from service.settings import Settings
from workers.app import RUN_ID


@pytest.fixture
def logging() -> Iterator[None]:
    """The configuration of the process is put back."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_id_tells_what_it_is_and_sorts_by_time() -> None:
    first = new_id("run")
    time.sleep(0.002)
    second = new_id("run")
    assert RUN_ID.fullmatch(first)
    assert first < second


def test_ids_differ() -> None:
    assert len({new_id("job") for _ in range(10_000)}) == 10_000


def test_id_begins_with_its_time() -> None:
    """The first ten characters are the milliseconds, in Crockford's base 32."""
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    before = time.time_ns() // 1_000_000
    text = new_id("run").removeprefix("run_")
    milliseconds = sum(digits.index(digit) << 5 * (9 - place) for place, digit in enumerate(text[:10]))
    assert before <= milliseconds <= time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_769_862_896_789, "2026-01-31T12:34:56.789Z"),
        (None, None),
    ],
)
def test_times_are_rfc_3339(milliseconds: int | None, text: str | None) -> None:
    assert rfc3339(milliseconds) == text


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FITSERVE_HOME", str(tmp_path))
    monkeypatch.setenv("FITSERVE_LEASE_SECONDS", "2.5")
    settings = Settings()
    assert (settings.home, settings.lease_seconds) == (tmp_path, 2.5)
    assert settings.database == f"sqlite:///{tmp_path}/fitserve.db"


def test_every_setting_is_documented() -> None:
    assert not [name for name, field in Settings.model_fields.items() if not field.description]


@pytest.mark.usefixtures("logging")
def test_log_line_cannot_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(process="test")
    telemetry.logger("here").warning("name", given='x\n{"level": "error"}\x1b[31m\r')
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert not re.search(r"[\x00-\x1f]", lines[0])
    line = json.loads(lines[0])
    assert (line["event"], line["level"], line["process"], line["module"]) == ("name", "warning", "test", "here")


@pytest.mark.usefixtures("logging")
def test_quiet_levels_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure("warning")
    telemetry.logger("here").info("nothing")
    assert capsys.readouterr().err == ""
