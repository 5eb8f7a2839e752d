"""What happens around every request: ids, hosts, origins, sizes, the log, mistakes of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service import telemetry
from service.api.access import hosts_of
from tests.service.api.conftest import IRIS


def test_a_sane_request_id_comes_back_and_another_is_replaced(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "abc-1"}).headers["x-request-id"] == "abc-1"
    for odd in ("a" * 65, "a b", "ä", ""):
        given = client.get("/healthz", headers={"X-Request-Id": odd.encode()}).headers["x-request-id"]
        assert given.startswith("req_")


def test_a_problem_holds_everything_that_a_client_needs(client: TestClient) -> None:
    answer = client.get("/zzz/zzz/zzz/zzz", headers={"X-Request-Id": "r1"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/v1/problems/not-found",
        "title": "Not found",
        "status": 404,
        "code": "not-found",
        "detail": "Nothing is served at this path; /docs lists what is.",
        "instance": "/zzz/zzz/zzz/zzz",
        "request_id": "r1",
        "errors": [],
    }


def test_the_type_of_a_problem_leads_to_its_meaning(client: TestClient) -> None:
    kind = client.get("/v1/nope").json()["type"]
    assert client.get(kind).json()["meaning"]


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    answer = client.delete("/v1/jobs")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil.example", ""])
def test_another_host_is_not_answered(client: TestClient, host: str) -> None:
    answer = client.get("/healthz", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-host")


def test_hosts_are_known_by_setting_and_by_address() -> None:
    assert hosts_of("localhost, A.example", "10.0.0.1") == {"localhost", "a.example", "10.0.0.1", "[10.0.0.1]"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_page_of_another_site_changes_nothing(client: TestClient, origin: str) -> None:
    answer = client.post("/v1/jobs", json=IRIS, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross-origin")
    assert client.get("/v1/jobs", headers={"Origin": origin}).status_code == 200
    assert "access-control-allow-origin" not in client.get("/v1/jobs", headers={"Origin": origin}).headers


def test_a_form_is_told_the_command_that_was_meant(client: TestClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/v1/jobs", content=b'{"dataset": "it\'s"}', headers=form)
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["fix"] == ("""curl --json '{"dataset": "it'"'"'s"}' http://testserver/v1/jobs""")


def test_large_headers_and_bodies_are_refused(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-A": "a" * 70_000}).status_code == 431
    answer = client.post(
        "/v1/jobs", content=b'"' + b"a" * (1 << 20) + b'"', headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")


def test_one_line_is_logged_without_the_query(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure()  # to the captured stream
    client.get("/v1/jobs?secret=fs_abc", headers={"X-Request-Id": "logged", "Authorization": "Bearer fs_def"})
    structlog.reset_defaults()
    lines = [line for line in capsys.readouterr().err.splitlines() if '"logged"' in line]
    assert len(lines) == 1
    told = json.loads(lines[0])
    assert (told["method"], told["path"], told["status"]) == ("GET", "/v1/jobs", 401)
    assert "fs_" not in lines[0]


def test_a_mistake_of_ours_tells_nothing_but_its_request_id(client: TestClient, monkeypatch: Any, app: FastAPI) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a secret path")

    monkeypatch.setattr("service.store.jobs.listed", broken)
    answer = client.get("/v1/jobs", headers={"X-Request-Id": "r2"})
    assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (500, "internal-error", "r2")
    assert "secret" not in answer.text


def test_numbers_are_counted_by_route(client: TestClient) -> None:
    client.get("/v1/jobs/job_00000000000000000000000000")
    text = client.get("/metrics").text
    assert 'fitserve_request_seconds_count{method="GET",route="/v1/jobs/{job_id}",status="404"}' in text
