from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from service.queue import LOOK, QUEUES, Doorbell, celery_app
from service.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, broker_settings: dict[str, str]) -> Settings:
    return Settings(home=tmp_path, **broker_settings)


@pytest.fixture
def bell(settings: Settings) -> Iterator[Doorbell]:
    with closing(Doorbell(settings)) as opened:
        yield opened


def heard(settings: Settings, queue: str) -> list[Any]:
    """The arguments of the messages that wait in this queue."""
    app, found = celery_app(settings), []
    with app.connection_for_read() as connection:
        bound = app.amqp.queues[queue](connection.default_channel)
        while message := bound.get():
            assert message.content_type == "application/json"
            assert message.headers["task"] == LOOK
            found.append(message.payload[0])
            message.ack()
    app.close()
    return found


@pytest.mark.parametrize("queue", QUEUES)
def test_bell_is_heard_in_its_queue_only(settings: Settings, bell: Doorbell, queue: str) -> None:
    assert bell.ring("run_1", queue)
    assert {name: heard(settings, name) for name in QUEUES} == {name: [["run_1"]] * (name == queue) for name in QUEUES}


def test_first_rung_is_first_heard(settings: Settings, bell: Doorbell) -> None:
    for number in range(5):
        bell.ring(f"run_{number}", "any")
    assert heard(settings, "any") == [[f"run_{number}"] for number in range(5)]


def test_unknown_queue_is_our_mistake(bell: Doorbell) -> None:
    with pytest.raises(Exception, match="nowhere"):
        bell.ring("run_1", "nowhere")


def test_broker_that_cannot_be_reached_costs_no_time_and_raises_nothing(tmp_path: Path) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bell = Doorbell(Settings(home=tmp_path, broker_url=f"redis://127.0.0.1:{port}/0"))
    begun = time.monotonic()
    assert not bell.ring("run_1", "any")
    assert time.monotonic() - begun < 2
    begun = time.monotonic()
    assert not any(bell.ring("run_1", "any") for _ in range(1000))
    assert time.monotonic() - begun < 0.5
    bell.close()


def test_full_disk_raises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.queue.filesystem._write", full)
    with closing(Doorbell(Settings(home=tmp_path))) as bell:
        assert not bell.ring("run_1", "any")
    assert [path for path in (tmp_path / "broker").rglob("*") if path.is_file()] == []
