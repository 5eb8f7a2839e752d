"""Models over HTTP: versions, aliases, and what is told where one does not exist."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient


def publish(client: TestClient, name: str, iris: dict[str, Any], **headers: str) -> Any:
    return client.post(f"/v1/models/{name}/versions", json={"job": iris["id"]}, headers=headers)


def test_a_new_version_is_found_where_its_location_says(client: TestClient, iris: dict[str, Any]) -> None:
    answer = publish(client, "located", iris)
    assert (answer.status_code, answer.headers["location"]) == (201, "/v1/models/located@1")
    assert client.get(answer.headers["location"]).json() == answer.json()
    client.put("/v1/models/located/aliases/champion", json={"version": 1})
    assert client.get("/v1/models/located@champion").json() == answer.json()


def test_the_same_key_makes_one_version(client: TestClient, iris: dict[str, Any]) -> None:
    first, again = (publish(client, "once", iris, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(client.get("/v1/models/once/versions").json()["data"]) == 1
    other = publish(client, "twice", iris, **{"Idempotency-Key": "once"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


def test_a_key_is_made_without_an_idempotency_key(client: TestClient) -> None:
    answer = client.post("/v1/keys", json={"name": "n"}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-header")


def test_an_alias_moves_only_where_something_changes(client: TestClient, iris: dict[str, Any]) -> None:
    publish(client, "moved", iris)
    alias = "/v1/models/moved/aliases/live"
    assert client.delete(alias).status_code == 404
    for _ in range(2):
        assert client.put(alias, json={"version": 1}).json()["aliases"] == {"live": 1}
    assert client.delete(alias).json()["aliases"] == {}
    assert client.delete(alias).status_code == 404
    assert [move["version"] for move in client.get(f"{alias}/history").json()["data"]] == [None, 1]


def test_what_was_meant_is_told(client: TestClient, iris: dict[str, Any]) -> None:
    publish(client, "blossom", iris)
    client.put("/v1/models/blossom/aliases/champion", json={"version": 1})
    told = {path: client.get(f"/v1/models/{path}") for path in ("blosom", "blossom@chmpion", "blossom@7")}
    assert {answer.status_code for answer in told.values()} == {404}
    assert told["blosom"].json()["detail"] == 'There is no model "blosom"; did you mean "blossom"?'
    assert told["blossom@7"].json()["detail"] == 'The model "blossom" has no version "7", only 1, champion.'
    assert told["blossom@chmpion"].json()["detail"].endswith('only 1, champion; did you mean "champion"?')


def test_the_head_of_a_stream_ends_at_once(client: TestClient, iris: dict[str, Any]) -> None:
    answer = client.head(iris["links"]["events"], headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
