"""What a run tells: events as pages and as a stream, metrics, checkpoints, confusion."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.api.thinning import thin
from service.store.rows import MetricRow
from tests.service.api.conftest import IRIS
from tests.service.api.worker import Worker

SSE = {"Accept": "text/event-stream"}


def messages(text: str) -> list[dict[str, Any]]:
    """The messages of a stream."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    fields = [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]
    return [{**message, "data": json.loads(message["data"])} for message in fields]


@pytest.fixture(params=["jobs", "runs"])
def path(request: pytest.FixtureRequest, iris: dict[str, Any]) -> str:
    """The same sub-resources stand under a job and under its run."""
    return f"/v1/jobs/{iris['id']}" if request.param == "jobs" else f"/v1/runs/{iris['runs'][0]}"


def test_events_are_complete_and_in_order(client: TestClient, path: str) -> None:
    body = client.get(f"{path}/events").json()
    assert [event["seq"] for event in body["data"]] == [*range(1, len(body["data"]) + 1)]
    kinds = [event["kind"] for event in body["data"]]
    assert kinds.count("epoch_ended") == 3
    assert {"status", "resolved", "started", "checkpoint_saved", "finished", "published"} <= set(kinds)
    assert body["has_more"] is False


def test_events_come_in_pages(client: TestClient, path: str) -> None:
    page = client.get(f"{path}/events?limit=2&after=1").json()
    assert [event["seq"] for event in page["data"]] == [2, 3]
    assert (page["has_more"], page["next"]) == (True, 3)


def test_the_stream_replays_and_ends_with_done(client: TestClient, path: str) -> None:
    told = client.get(f"{path}/events").json()["data"]
    answer = client.get(f"{path}/events", headers=SSE)
    assert answer.headers["content-type"].startswith("text/event-stream")
    replayed = messages(answer.text)
    assert [message["data"] for message in replayed if "id" in message] == told
    assert (replayed[-1]["event"], replayed[-1]["data"]["status"]) == ("done", "succeeded")


@pytest.mark.parametrize("way", ["header", "query"])
def test_the_stream_goes_on_where_a_client_was_cut_off(client: TestClient, path: str, way: str) -> None:
    told = client.get(f"{path}/events").json()["data"]
    headers = {**SSE, **({"Last-Event-ID": "4"} if way == "header" else {})}
    answer = client.get(f"{path}/events", headers=headers, params={"after": 4} if way == "query" else None)
    assert [int(message["id"]) for message in messages(answer.text) if "id" in message] == [
        event["seq"] for event in told[4:]
    ]


def test_the_stream_follows_a_run_that_is_still_to_come(client: TestClient, worker: Worker) -> None:
    job = client.post("/v1/jobs", json={**IRIS, "epochs": 200, "early_stopping": None}).headers["location"]
    followed = messages(client.get(f"{job}/events", headers=SSE).text)
    ids = [int(message["id"]) for message in followed if "id" in message]
    assert ids == [*range(1, len(ids) + 1)]
    assert followed[-1]["event"] == "done"
    progress = [message["data"]["fraction"] for message in followed if message["event"] == "progress"]
    assert progress == sorted(progress)


def test_metrics_are_numbers_by_name_and_step(client: TestClient, path: str) -> None:
    body = client.get(f"{path}/metrics?name=train.loss").json()
    assert [(point["name"], point["epoch"], point["step"]) for point in body["data"]] == [
        ("train.loss", epoch, epoch) for epoch in (1, 2, 3)
    ]
    assert all(point["value"] > 0 for point in body["data"])


def test_metrics_come_in_pages(client: TestClient, path: str) -> None:
    everything = client.get(f"{path}/metrics").json()["data"]
    seen, after = [], ""
    while after is not None:
        body = client.get(f"{path}/metrics?limit=4" + (f"&after={after}" if after else "")).json()
        seen += body["data"]
        after = body["next"]
    assert seen == everything


def test_metrics_as_csv(client: TestClient, path: str) -> None:
    everything = client.get(f"{path}/metrics").json()["data"]
    rows = list(csv.DictReader(io.StringIO(client.get(f"{path}/metrics", headers={"Accept": "text/csv"}).text)))
    assert [(row["name"], int(row["step"]), float(row["value"])) for row in rows] == [
        (point["name"], point["step"], point["value"]) for point in everything
    ]


def test_a_cursor_that_is_none_is_refused(client: TestClient, path: str) -> None:
    assert client.get(f"{path}/metrics?after=x").json()["code"] == "invalid-cursor"


def test_thinning_keeps_the_spikes_and_both_ends() -> None:
    points = [MetricRow(name="a", step=step, value=1.0) for step in range(1, 1001)]
    points[500].value, points[700].value = 99.0, -99.0
    kept = thin(points, 20)
    assert len(kept) <= 20
    assert [point.step for point in kept] == sorted(point.step for point in kept)
    assert (kept[0].step, kept[-1].step) == (1, 1000)
    assert {99.0, -99.0} <= {point.value for point in kept}


def test_checkpoints_are_listed_with_their_reasons(client: TestClient, path: str, iris: dict[str, Any]) -> None:
    kept = client.get(f"{path}/checkpoints").json()["data"]
    assert {reason for checkpoint in kept for reason in checkpoint["reasons"]} == {"best", "last"}
    assert iris["best"]["checkpoint"] in [checkpoint["id"] for checkpoint in kept]
    assert client.get(kept[0]["links"]["self"]).json() == kept[0]


def test_the_confusion_matrix_is_over_the_test_part(client: TestClient, path: str, iris: dict[str, Any]) -> None:
    told = client.get(f"{path}/confusion").json()
    assert (told["part"], told["rows"]) == ("test", "truth")
    counts = told["counts"]
    right = sum(counts[place][place] for place in range(3))
    total = sum(sum(row) for row in counts)
    assert iris["metrics"]["test.accuracy"] == pytest.approx(right / total)
    assert client.get(f"{path}/confusion?part=dev").json()["code"] == "out-of-range"


def test_the_report_is_made_at_the_end(client: TestClient, path: str) -> None:
    assert client.get(f"{path}/report").json()["report"]["parts"]["test"]["rows"] == 15


def test_runs_of_all_kinds_are_listed(client: TestClient, iris: dict[str, Any]) -> None:
    runs = client.get("/v1/runs").json()["data"]
    assert {run["kind"] for run in runs} == {"fit", "ingest"}
    assert iris["runs"][0] in [run["id"] for run in runs]
    run = client.get(f"/v1/runs/{iris['runs'][0]}").json()
    assert (run["job"], run["status"]) == (iris["id"], "succeeded")
    assert client.get(f"/v1/jobs/{iris['id']}/runs").json()["data"] == [run]
