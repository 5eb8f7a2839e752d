"""Addresses and methods: what is offered is told, what was meant is guessed."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/v1/jobs", "GET, HEAD, POST"),
        ("PATCH", "/v1/datasets/iris", "DELETE, GET, HEAD, PUT"),
        ("GET", "/v1/jobs/none/predict", "POST, PUT"),
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
    ],
)
def test_405_names_every_method_of_the_path(client: TestClient, method: str, path: str, allow: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == allow
    assert allow in answer.json()["detail"]
    assert answer.json()["errors"][0]["allowed"] == allow.split(", ")


def test_a_form_that_is_posted_is_told_the_line_that_puts_it(client: TestClient) -> None:
    answer = client.post("/v1/datasets/mine", files={"file": ("a.csv", b"a,b\n1,2\n")})
    fix = "curl -X PUT -F file=@FILE /v1/datasets/mine, or curl -T FILE /v1/datasets/mine"
    assert (answer.status_code, answer.json()["errors"][0]["fix"]) == (405, fix)
    listed = client.post("/v1/datasets", json={"url": "http://example.org"})
    assert listed.json()["errors"][0]["fix"] == "curl -T FILE /v1/datasets/NAME"


def test_a_network_is_asked_with_a_body(client: TestClient) -> None:
    fault = client.get("/v1/models/m/predict").json()["errors"][0]
    assert fault["fix"] == "curl --json '{...}' /v1/models/m/predict"


@pytest.mark.parametrize("path", ["/healthz", "/v1/jobs", "/v1/catalog", "/docs", "/v1/nothing"])
def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    head, got = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    if got.status_code == 200:
        assert head.headers["content-length"] == str(len(got.content))


def test_the_root_leads_to_the_documentation(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


def test_a_slash_at_the_end_changes_nothing(client: TestClient) -> None:
    assert client.get("/v1/jobs/", follow_redirects=False).json() == client.get("/v1/jobs").json()
    assert client.get("/v1/catalog/losses/").status_code == client.get("/v1/catalog/losses").status_code


@pytest.mark.parametrize(
    ("path", "meant"),
    [("/v1/job", "/v1/jobs"), ("/jobs", "/v1/jobs"), ("/v1/dataset/x", "/v1/datasets/x"), ("/qqqq/zzzz", None)],
)
def test_a_path_that_is_nearly_one_is_told_it(client: TestClient, path: str, meant: str | None) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert [error["fix"] for error in answer.json()["errors"]] == ([f'Write "{meant}".'] if meant else [])


def test_what_an_empty_job_makes_is_recognised(client: TestClient) -> None:
    problem = client.post("/predict", json=[[1, 2]]).json()
    assert problem["errors"][0]["fix"].startswith("Is $job empty?")


def test_two_hosts_are_refused(client: TestClient) -> None:
    answer = client.get("/healthz", headers=[("Host", "testserver"), ("Host", "testserver")])
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-host")


def test_what_was_given_is_echoed_only_as_far_as_it_helps(client: TestClient) -> None:
    answer = client.post("/v1/specs/check", json={"dataset": "iris", "target": "species", "device": "x" * 5000})
    assert len(answer.content) < 2000
    assert len(client.get("/v1/datasets/" + "x" * 5000).content) < 7000
