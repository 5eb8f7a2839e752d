"""The corpus of bad inputs over HTTP: each case has its status and code, and the service goes on as before."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from service.app import create_app
from service.artifacts import Artifacts
from service.auth import RefusesToStart, create_key
from service.settings import Settings
from service.store import workers
from service.store.rows import DEFAULT_PROJECT, KeyRow, ProjectRow
from tests.service.api.corpus import NOT_OFFERED, PETS, build, builders, cases, spec_of
from tests.service.api.samples import folders
from tests.service.api.worker import Worker

pytestmark = pytest.mark.usefixtures("worker", "prepared")

SKIPPED = {
    "lstm_hidden_1e6": "there are no recurrent layers yet",
    "text_all_unknown_words": "text is no input yet",
    "audio_other_rate": "sound is no input yet",
    "weights_are_nan": "weights cannot be imported",
    "disk_full_at_checkpoint": "a journey: the disk of a real child must be full",
    "same_key_after_500": "a matter of PostgreSQL's death, see tests/chaos",
    "flood_2000_posts": "there are no rates yet",
    "broker_down": "a matter of Redis",
    "range_10k_parts": "checkpoints are not downloaded",
    "path_without_slash": "needs a socket",
    "te_and_content_length": "needs a socket",
    "slow_headers": "needs a socket",
    "never_reads_answer": "needs a socket",
    "event_stream_abandoned": "needs a socket",
    "zip_100k_entries": "its archive alone takes half a minute to build; tests/models/data has the check",
    "deleted_while_predicting": "a soak",
}
UNKNOWN_HERE = {"resume_and_init", "init_from_file_url", "webhook_loopback_api"}
"""They set fields that are not offered: refused as unknown."""
OTHER_CODES = {
    "nested_blocks_1000": {"json-too-deep"},
    "image_svg": {"image-format-unsupported"},
    "wav_65535_channels": {"audio-format-unsupported"},
    "wav_zero_hertz": {"audio-format-unsupported"},
    "wav_float_nan": {"audio-format-unsupported"},
    "upload_name_traversal": {None},
    "id_nul": {"run-not-found"},
}
"""Codes that say it at least as well, or that are ours while a thing is not offered."""
PLAIN = {401: "unauthorized", 404: "not-found", 405: "method-not-allowed"}
"""Codes of statuses that a case allows besides its own: the thing is not offered, or not limited in number."""
LEAKS = re.compile(r"Traceback|site-packages|SELECT |INSERT |sqlite|\.py\b|pytest-of")


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return Settings(home=home, free_bytes=0, allowed_hosts="testserver", upload_bytes=96 << 20)


@pytest.fixture(scope="module")
def prepared(client: TestClient, app: FastAPI, worker: Worker) -> dict[str, Any]:
    """The datasets of the smallest jobs, a succeeded one of each, and a worker without a GPU."""
    table = b"a,b,c,d,y\n" + b"".join(
        b"%d.5,%d,%d,%d,%s\n" % (i, i * 2, i % 7, i % 3, [b"yes", b"no"][i % 2]) for i in range(40)
    )
    pets = client.put("/v1/datasets/pets", content=folders(cat=10, dog=120))
    four = client.put("/v1/datasets/four", content=table)
    assert (pets.status_code, four.status_code) == (201, 201), pets.text + four.text
    store = app.state.context.store
    with store.begin() as session:
        workers.beat(session, "test-worker", ["any", "cpu"], 1, 0)
        session.add(ProjectRow(id="prj_other", name="other"))
    table_job, picture_job = _succeeded(client, spec_of({"epochs": 2})), _succeeded(client, PETS)
    return {"table": table_job, "picture": picture_job}


def _succeeded(client: TestClient, spec: dict[str, Any]) -> str:
    answer = client.post("/v1/jobs", json=spec)
    assert answer.status_code == 202, answer.text
    body = client.get(answer.headers["location"], params={"wait": 60}).json()
    assert body["status"] == "succeeded", body
    return str(body["id"])


def _running(client: TestClient) -> str:
    job = client.post("/v1/jobs", json=spec_of({"epochs": 100_000}) | {"early_stopping": None}).headers["location"]
    while client.get(job).json()["progress"]["epoch"] < 1:
        time.sleep(0.02)
    return str(job.rpartition("/")[2])


def agrees(case: dict[str, Any], answer: Response) -> None:
    """The answer has the case's status and code, and tells nothing of our inside."""
    problem = answer.json() if answer.headers["content-type"] == "application/problem+json" else None
    assert answer.status_code in case["status"], answer.text[:2000]
    assert not LEAKS.search(answer.text), answer.text[:2000]
    allowed = {case["problem"], PLAIN.get(answer.status_code), *OTHER_CODES.get(case["name"], ())}
    if problem is None:
        assert answer.status_code < 300
    else:
        codes = {problem["code"], *(error.get("code") for error in problem["errors"])}
        assert codes & allowed or problem["code"].endswith(str(case["problem"])), problem
        assert problem["errors"] or problem["detail"]


@pytest.fixture(autouse=True)
def _goes_on(client: TestClient) -> Iterator[None]:
    """After every case the service answers as before."""
    yield
    started = time.monotonic()
    assert client.get("/healthz").status_code == 200
    assert time.monotonic() - started < 1
    assert not list(Path("/tmp").glob("fitserve_escape*"))  # what some archives try to write
    assert not Path("/tmp/fitserve_pwned").exists()


def skip_unless_offered(case: dict[str, Any]) -> None:
    if case["name"] in SKIPPED:
        pytest.skip(SKIPPED[case["name"]])


@pytest.mark.parametrize("case", cases("job"))
def test_job(client: TestClient, case: dict[str, Any]) -> None:
    skip_unless_offered(case)
    request = build(case)
    if request.target != "job":
        job = _running(client)
        for answer in _together(lambda: _any(client, request, {"id": job}), request.repeat):
            agrees(case, answer)
        client.post(f"/v1/jobs/{job}/cancel")
        assert client.get(f"/v1/jobs/{job}", params={"wait": 60}).json()["status"] == "cancelled"
        told = client.get(f"/v1/jobs/{job}/events").json()["data"]
        assert [event["data"]["to"] for event in told if event["kind"] == "status"].count("cancelled") == 1
        return
    before = len(client.get("/v1/jobs?limit=1000").json()["data"])
    answers = _together(lambda: _post(client, request), request.repeat)
    if case["name"] in UNKNOWN_HERE:
        assert set(request.alias) <= set(NOT_OFFERED)
        case = {**case, "status": [422], "problem": "unknown-field"}
    for answer in answers:
        agrees(case, answer)
    accepted = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(client.get("/v1/jobs?limit=1000").json()["data"]) == before + len(accepted)
    assert len(accepted) <= 1
    if case["when"] == "async":
        body = client.get(f"/v1/jobs/{accepted.pop()}", params={"wait": 60}).json()
        assert (body["reason"]["code"] if body["status"] == "failed" else None) == case["problem"], body


def _post(client: TestClient, request: Any) -> Response:
    if request.alias is None:
        return client.post("/v1/jobs", content=request.body, headers=request.headers)
    return client.post("/v1/jobs", json=spec_of(request.alias), headers=request.headers)


def _together(ask: Callable[[], Response], repeat: int) -> list[Response]:
    with ThreadPoolExecutor(min(repeat, 32)) as pool:
        return list(pool.map(lambda _: ask(), range(repeat)))


@pytest.mark.parametrize("case", cases("predict"))
def test_predict(client: TestClient, prepared: dict[str, Any], settings: Settings, case: dict[str, Any]) -> None:
    skip_unless_offered(case)
    request = build(case)
    job = prepared["picture" if "image" in request.setup else "table"]
    if request.setup == "no such run":
        job = "job_00000000000000000000000000"
    if request.setup.startswith("failed"):
        job = _failed(client)
    reference = _predict(client, builders().pred(rows=[[1, 2, 3, 4]]), prepared["table"]).content
    with _flipped(settings, client, job) if "flipped" in request.setup else nullcontext():
        agrees(case, _predict(client, request, job))
    assert _predict(client, builders().pred(rows=[[1, 2, 3, 4]]), prepared["table"]).content == reference


def _predict(client: TestClient, request: Any, job: str) -> Response:
    alias, path = request.alias or {}, f"/v1/jobs/{job}/predict"
    if request.body is not None:
        return client.post(path, content=request.body, headers=request.headers)
    rows = alias.get("rows") or alias.get("records") or [{"image": alias["image_b64"]}]
    return client.post(path, json={"rows": rows})


def _failed(client: TestClient) -> str:
    """A job that failed before its first checkpoint: it asks for a GPU that no machine has."""
    store = client.app.state.context.store  # type: ignore[attr-defined]
    with store.begin() as session:
        workers.beat(session, "gpu-worker", ["gpu"], 1, 0)
    job = client.post("/v1/jobs", json=spec_of({"device": "cuda:99"})).headers["location"]
    with store.begin() as session:
        workers.gone(session, "gpu-worker")
    assert client.get(job, params={"wait": 60}).json()["reason"]["code"] == "device-unavailable"
    return str(job.rpartition("/")[2])


@contextmanager
def _flipped(settings: Settings, client: TestClient, job: str) -> Iterator[None]:
    """One byte of the job's weights is another for a while, and no network is kept ready."""
    sha256 = client.get(f"/v1/jobs/{job}/checkpoints").json()["data"][0]["sha256"]
    file = Artifacts(settings).local("checkpoints", sha256) / "weights.safetensors"
    whole = file.read_bytes()
    ready = client.app.state.context.predictors._ready  # type: ignore[attr-defined]
    ready.clear()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    yield
    file.write_bytes(whole)
    ready.clear()


@pytest.mark.parametrize("case", cases("dataset"))
def test_dataset(client: TestClient, settings: Settings, case: dict[str, Any]) -> None:
    skip_unless_offered(case)
    request = build(case)
    name = case["name"].replace("_", "-")[:100]
    if request.target == "dataset_url":
        assert client.post("/v1/datasets", json=request.alias).status_code == 405  # no address is fetched
        return
    if "tmpfs" in request.setup:
        with TestClient(create_app(settings.model_copy(update={"free_bytes": 1 << 60}))) as full:
            agrees(case, full.put(f"/v1/datasets/{name}", content=request.body, headers=request.headers))
        return
    # The test client reads a body to its end, whatever the answer: a little over the limit is enough.
    body = request.body if isinstance(request.body, bytes) else islice(request.body, 100)
    answer = client.put(f"/v1/datasets/{name}?wait=60", content=body, headers=request.headers)
    agrees(case, answer)
    assert not list(settings.temporary.glob("upload-*"))
    if answer.status_code >= 400:
        assert client.get(f"/v1/datasets/{name}").json().get("status") in (404, "failed")


@pytest.fixture(scope="module")
def locked(settings: Settings, worker: Worker) -> Iterator[TestClient]:
    """The same service, where every call needs a key."""
    app = create_app(settings.model_copy(update={"require_key": True}))
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


@pytest.mark.parametrize("case", cases("auth"))
def test_auth(locked: TestClient, client: TestClient, app: FastAPI, case: dict[str, Any], tmp_path: Path) -> None:
    store = app.state.context.store
    if case["name"] == "public_bind_without_keys":
        shutil.copy(app.state.context.settings.home / "fitserve.db", tmp_path / "fitserve.db")
        with store.begin() as session:
            session.query(KeyRow).delete()
        with pytest.raises(RefusesToStart, match="there is no key"):
            create_app(app.state.context.settings.model_copy(update={"host": "0.0.0.0"}))
        return
    request = build(case)
    _, key = create_key(store, DEFAULT_PROJECT, "a", ("read",))
    _, expired = create_key(store, DEFAULT_PROJECT, "b", ("read",), seconds=-1)
    _, stranger = create_key(store, "prj_other", "c", ("read",))
    words = {"id": "x", "key": key, "expired": expired, "other_tenant_run": _first_job(client)}
    if "other_tenant" in case["name"]:
        request.headers = {"authorization": f"Bearer {stranger}"}
    answers = [_any(locked, request, words) for _ in range(min(request.repeat, 50))]
    for answer in answers:
        agrees(case, answer)
    if answers[0].status_code == 401:
        assert answers[0].headers["www-authenticate"].startswith("Bearer")
    if "other_tenant" in case["name"]:
        never = _any(locked, request, {**words, "other_tenant_run": "job_00000000000000000000000000"})
        assert _without_names(never) == _without_names(answers[0])


def _first_job(client: TestClient) -> str:
    return str(client.get("/v1/jobs?limit=1").json()["data"][0]["id"])


def _without_names(answer: Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name not in ("instance", "request_id")}


@pytest.mark.parametrize("case", cases("misc"))
def test_misc(client: TestClient, locked: TestClient, prepared: dict[str, Any], case: dict[str, Any]) -> None:
    skip_unless_offered(case)
    request = build(case)
    if request.target == "job":
        agrees(case, _post(client, request))
        return
    asked = locked if "no key" in request.setup else client
    agrees(case, _any(asked, request, {"id": prepared["table"]}))


def _any(client: TestClient, request: Any, words: dict[str, str]) -> Response:
    """A request to a route that the corpus names in its own way."""
    route = request.target.removeprefix("any:").format(**words)
    path, _, query = route.partition("?")
    place = {"runs": "/v1/jobs", "metrics": "/metrics"}.get(path) or path.replace("run/", "/v1/jobs/", 1)
    query = query.replace("cursor=", "after=").replace("sort=", "order=")
    headers = {name: value.format(**words) for name, value in request.headers.items()}
    url = f"{place if place.startswith('/') else '/v1/' + place}?{query}"
    return client.request(request.method, url, headers=headers, content=request.body)
