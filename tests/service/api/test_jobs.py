"""Jobs over HTTP: posted, followed, wished for."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.service.api.conftest import IRIS
from tests.service.api.worker import Worker

LONG = {**IRIS, "epochs": 100_000, "early_stopping": None}


def test_an_accepted_job_has_an_address_and_the_resolved_spec(client: TestClient, worker: Worker) -> None:
    answer = client.post("/v1/jobs", json=IRIS)
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{body['id']}" == body["links"]["self"]
    assert body["status"] == "queued"
    assert body["terminal"] is False
    assert body["spec"] == IRIS
    assert body["resolved_spec"]["dataset"] == "iris@1"
    assert body["resolved_spec"]["optimizer"]["kind"] == "adam"


def test_a_job_that_succeeded_tells_its_best_network_and_baselines(iris: dict[str, Any]) -> None:
    assert iris["terminal"]
    assert iris["progress"]["fraction"] == 1.0
    assert iris["best"]["checkpoint"].startswith("ckpt_")
    assert 0 < iris["metrics"]["test.accuracy"] <= 1
    assert iris["baseline"]["test.accuracy"] == pytest.approx(1 / 3, abs=0.1)
    assert iris["facts"]["parameters"] == 4 * 3 + 3
    assert iris["links"]["predict"] == f"/v1/jobs/{iris['id']}/predict"


def test_a_job_that_does_not_exist_is_not_found(client: TestClient) -> None:
    answer = client.get("/v1/jobs/job_00000000000000000000000000")
    assert answer.status_code == 404
    assert answer.json()["code"] == "run-not-found"


def test_an_unknown_dataset_is_told_with_the_nearest_name(client: TestClient) -> None:
    problem = client.post("/v1/jobs", json={"dataset": "irs", "target": "species"}).json()
    assert problem["code"] == "dataset-not-found"
    assert problem["errors"][0]["pointer"] == "/dataset"
    assert problem["errors"][0]["fix"] == 'Write "iris".'


def test_an_impossible_spec_is_refused_with_every_fault(client: TestClient, worker: Worker) -> None:
    answer = client.post("/v1/jobs", json={**IRIS, "target": "specie", "inputs": ["sepal"]})
    assert answer.status_code == 422
    assert {error["code"] for error in answer.json()["errors"]} == {"unknown-column"}
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/target", "/inputs/0/column"]


def test_lists_come_in_pages_with_a_cursor_and_a_link(client: TestClient, iris: dict[str, Any]) -> None:
    seen: list[str] = []
    url: str | None = "/v1/jobs?limit=1"
    while url:
        answer = client.get(url)
        seen += [job["id"] for job in answer.json()["data"]]
        url = answer.links.get("next", {}).get("url")
    assert seen == sorted(seen, reverse=True)
    assert iris["id"] in seen
    oldest = client.get("/v1/jobs", params={"order": "oldest"}).json()["data"]
    assert [job["id"] for job in oldest] == sorted(seen)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("tag=course", True),
        ("tag=Blüten", True),
        ("tag=cours", False),
        ("tag=%25", False),
        ("status=succeeded", True),
        ("status=failed&status=succeeded", True),
        ("status=queued", False),
        ("dataset=iris", True),
        ("dataset=wine", False),
        ("tag=COURSE", False),
        ("tag=course%22, %22Bl", False),
        ("dataset=iris@1", True),
        ("dataset=iris@2", False),
        ("dataset=iris@x", False),
    ],
)
def test_filters(client: TestClient, iris: dict[str, Any], query: str, holds: bool) -> None:
    assert (iris["id"] in [job["id"] for job in client.get(f"/v1/jobs?{query}").json()["data"]]) == holds


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=-1", "out-of-range"),
        ("limit=x", "invalid-type"),
        ("after=%ff%fe", "invalid-cursor"),
        ("order=name;drop table jobs", "out-of-range"),
        ("sort=x", "unknown-field"),
        ("status=done", "out-of-range"),
        ("after=ds_01ARZ3NDEKTSV4RRFFQ69G5FAV", "invalid-cursor"),
    ],
)
def test_wrong_parameters_are_refused_by_name(client: TestClient, query: str, code: str) -> None:
    answer = client.get(f"/v1/jobs?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


def test_a_state_that_is_none_is_told_the_nearest(client: TestClient) -> None:
    fault = client.get("/v1/jobs?status=runing").json()["errors"][0]
    assert fault["fix"] == 'Write "running".'
    assert "queued" in fault["allowed"]


def test_a_column_that_is_none_is_told_the_nearest(client: TestClient, iris: dict[str, Any]) -> None:
    fault = client.get("/v1/datasets/iris/report?target=specie").json()["errors"][0]
    assert (fault["code"], fault["fix"]) == ("unknown-column", 'Write "species".')


def test_a_wait_without_etag_ends_with_the_job(client: TestClient, worker: Worker) -> None:
    job = client.post("/v1/jobs", json=IRIS).headers["location"]
    assert client.get(job, params={"wait": 60}).json()["terminal"]


def test_an_unchanged_job_is_304(client: TestClient, iris: dict[str, Any]) -> None:
    path = iris["links"]["self"]
    etag = client.get(path).headers["etag"]
    assert client.get(path, headers={"If-None-Match": etag}, params={"wait": 0.1}).status_code == 304
    assert client.get(path, headers={"If-None-Match": 'W/"old"'}).status_code == 200


class TestWishes:
    def test_a_running_job_is_cancelled_with_its_checkpoint_kept(self, client: TestClient, worker: Worker) -> None:
        job = self.running(client)
        answer = client.post(f"{job}/cancel")
        assert answer.status_code in (200, 202)
        body = client.get(job, params={"wait": 30}).json()
        assert (body["status"], body["reason"]["code"]) == ("cancelled", "cancelled")
        assert client.get(f"{job}/checkpoints").json()["data"]
        assert client.post(f"{job}/cancel").status_code == 200
        paused = client.post(f"{job}/pause")
        assert (paused.status_code, paused.json()["code"]) == (409, "run-already-finished")
        assert paused.json()["detail"] == "The job is cancelled."
        assert client.post(f"{job}/resume").json()["code"] == "run-already-finished"

    def test_a_paused_job_goes_on(self, client: TestClient, worker: Worker) -> None:
        job = self.running(client)
        client.post(f"{job}/pause")
        assert client.get(job, params={"wait": 30}).json()["status"] == "paused"
        answer = client.post(f"{job}/resume")
        assert answer.status_code == 202
        assert answer.json()["status"] in ("queued", "preparing", "running")
        self.until_running(client, job)
        client.post(f"{job}/cancel")
        assert client.get(job, params={"wait": 30}).json()["status"] == "cancelled"

    def test_a_finished_job_is_not_cancelled(self, client: TestClient, iris: dict[str, Any]) -> None:
        answer = client.post(f"/v1/jobs/{iris['id']}/cancel")
        assert (answer.status_code, answer.json()["code"]) == (409, "run-already-finished")
        assert answer.json()["status_now"] == "succeeded"

    def test_only_a_job_that_has_ended_is_deleted_and_is_gone_then(self, client: TestClient, worker: Worker) -> None:
        job = self.running(client)
        assert client.delete(job).json()["code"] == "run-active"
        client.post(f"{job}/cancel")
        run = client.get(job, params={"wait": 30}).json()["runs"][0]
        checkpoint = client.get(f"{job}/checkpoints").json()["data"][0]["id"]
        assert client.delete(job).status_code == 204
        for path in (job, f"{job}/events", f"/v1/runs/{run}", f"{job}/predict"):
            answer = client.post(path, json=[[1, 2, 3, 4]]) if path.endswith("predict") else client.get(path)
            assert answer.status_code == 410, path
        gone = client.get(f"/v1/checkpoints/{checkpoint}")
        assert (gone.status_code, gone.json()["detail"]) == (410, "The job has been deleted.")
        assert job.rpartition("/")[2] not in [row["id"] for row in client.get("/v1/jobs").json()["data"]]

    def running(self, client: TestClient) -> str:
        job = str(client.post("/v1/jobs", json=LONG).headers["location"])
        self.until_running(client, job)
        return job

    def until_running(self, client: TestClient, job: str) -> None:
        deadline = time.monotonic() + 30
        while client.get(job).json()["progress"]["epoch"] < 3:
            assert time.monotonic() < deadline
            time.sleep(0.02)


class TestIdempotency:
    def test_the_same_request_again_gets_the_same_answer_to_the_byte(self, client: TestClient, worker: Worker) -> None:
        first, again = (client.post("/v1/jobs", json=IRIS, headers={"Idempotency-Key": "k1"}) for _ in range(2))
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers

    def test_another_body_with_the_same_key_is_refused(self, client: TestClient, worker: Worker) -> None:
        client.post("/v1/jobs", json=IRIS, headers={"Idempotency-Key": "k2"})
        answer = client.post("/v1/jobs", json={**IRIS, "epochs": 4}, headers={"Idempotency-Key": "k2"})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")

    def test_a_refused_request_does_not_use_up_its_key(self, client: TestClient, worker: Worker) -> None:
        key = {"Idempotency-Key": "k3"}
        assert client.post("/v1/jobs", json={**IRIS, "epochs": 0}, headers=key).status_code == 422
        assert client.post("/v1/jobs", json=IRIS, headers=key).status_code == 202

    @pytest.mark.parametrize("key", ["", "a" * 256, "a b"])
    def test_a_key_that_is_none_is_refused(self, client: TestClient, key: str) -> None:
        answer = client.post("/v1/jobs", json=IRIS, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-header")
