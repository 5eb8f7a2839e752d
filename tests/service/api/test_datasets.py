"""Datasets over HTTP: uploaded in every form, looked at, downloaded, deleted."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import shutil
import struct
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from service.app import create_app
from service.settings import Settings
from tests.service.api.samples import CSV, folders
from tests.service.api.worker import Worker

pytestmark = pytest.mark.usefixtures("worker")


def test_a_csv_by_its_bytes_alone_becomes_a_version(client: TestClient) -> None:
    answer = client.put("/v1/datasets/plain", content=CSV)
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/datasets/plain@1" == body["links"]["self"]
    assert (body["status"], body["rows"], body["version"]) == ("ready", 20, 1)
    assert [(column["name"], column["type"]) for column in body["columns"]] == [
        ("size", "number"),
        ("colour", "category"),
        ("label", "number"),
    ]


def test_the_same_bytes_are_the_same_version_and_other_options_another(client: TestClient) -> None:
    first = client.put("/v1/datasets/same", content=CSV)
    again = client.put("/v1/datasets/same", content=CSV)
    other = client.put("/v1/datasets/same?types=label:category", content=CSV)
    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 201]
    assert first.json()["id"] == again.json()["id"]
    assert other.json()["version"] == 2
    assert other.json()["columns"][2]["type"] == "category"
    assert [row["version"] for row in client.get("/v1/datasets/same/versions").json()["data"]] == [2, 1]
    assert client.get("/v1/datasets/same@1").json()["id"] == first.json()["id"]
    assert client.get(f"/v1/datasets/{first.json()['id']}").json()["version"] == 1


def test_multipart_takes_the_file_and_options_in_any_order(client: TestClient) -> None:
    files = {"file": ("../../table.tsv", CSV.replace(b",", b"\t")), "names": (None, "a,b,c"), "header": (None, "true")}
    body = client.put("/v1/datasets/form", files=files).json()
    assert [column["name"] for column in body["columns"]] == ["a", "b", "c"]
    assert body["upload"]["options"]["filename"] == "table.tsv"
    assert body["upload"]["options"]["format"] == "tsv"


def idx(*shape: int) -> bytes:
    size = 1
    for length in shape:
        size *= length
    data = bytes(index % (2 if len(shape) == 1 else 200) for index in range(size))
    return gzip.compress(struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + data)


def test_an_idx_pair_comes_as_two_files(client: TestClient) -> None:
    files = [("file", ("images.gz", idx(10, 4, 4))), ("file", ("labels.gz", idx(10)))]
    body = client.put("/v1/datasets/pair?classes=even,odd", files=files).json()
    assert body["rows"] == 10, body
    assert [column["type"] for column in body["columns"]] == ["image", "category"]


def test_two_tables_in_one_upload_are_refused(client: TestClient) -> None:
    answer = client.put("/v1/datasets/two", files=[("file", ("a.csv", CSV)), ("file", ("b.csv", CSV))])
    assert (answer.status_code, answer.json()["code"]) == (422, "several-files")


def test_class_folders_have_a_sheet_of_samples_and_come_back_as_they_were(client: TestClient) -> None:
    archive = folders(cat=10, dog=200)
    body = client.put("/v1/datasets/pets", content=archive, headers={"Content-Type": "application/zip"}).json()
    assert body["rows"] == 8
    sheet = client.get(body["links"]["sample"])
    assert sheet.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(sheet.content)).format == "PNG"
    back = client.get(body["links"]["download"])
    assert back.content == archive
    assert back.headers["content-disposition"].startswith("attachment")


def test_tables_come_back_as_csv_with_formulas_made_harmless(client: TestClient) -> None:
    client.put("/v1/datasets/formulas", content=b'x,y\n1.5,"=HYPERLINK(""a"")"\n-2,"b,c"\n,d\n')
    text = client.get("/v1/datasets/formulas/download").text
    assert text == 'x,y\r\n1.5,"\'=HYPERLINK(""a"")"\r\n-2.0,"b,c"\r\n,d\r\n'


def test_rows_come_in_pages(client: TestClient) -> None:
    client.put("/v1/datasets/rows", content=CSV)
    page = client.get("/v1/datasets/rows/rows?limit=3&start=18").json()
    assert page == {
        "data": [{"size": 18.5, "colour": "red", "label": 0}, {"size": 19.5, "colour": "blue", "label": 1}],
        "has_more": False,
        "next": None,
    }


@pytest.mark.parametrize("what", ["rows", "download", "report"])
def test_a_version_whose_files_are_gone_is_told(client: TestClient, settings: Settings, what: str) -> None:
    content = CSV + f"1,red,{len(what)}\n".encode()
    sha256 = client.put("/v1/datasets/gone", content=content).json()["sha256"]
    shutil.rmtree(settings.home / "artifacts" / "datasets" / sha256)
    answer = client.get(f"/v1/datasets/gone/{what}")
    assert (answer.status_code, answer.json()["code"]) == (409, "dataset-corrupt")


def test_the_report_tells_what_leaks(client: TestClient) -> None:
    client.put("/v1/datasets/leaky", content=CSV)
    told = client.get("/v1/datasets/leaky/report?target=label").json()
    assert told["rows"] == 20
    assert "label-leakage" in {notice["code"] for notice in told["warnings"]}
    answer = client.get("/v1/datasets/leaky/report?target=lable")
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "target")


def test_what_cannot_be_read_is_told_by_the_upload_itself(client: TestClient) -> None:
    answer = client.put("/v1/datasets/ragged", content=CSV + b"1,2\n")
    assert (answer.status_code, answer.json()["code"]) == (422, "row-length")
    assert client.get("/v1/datasets/ragged").json()["status"] == "failed"
    answer = client.post("/v1/jobs", json={"dataset": "ragged", "target": "label"})
    assert (answer.status_code, answer.json()["code"]) == (422, "row-length")
    assert client.put("/v1/datasets/ragged", content=CSV).status_code == 201


def test_an_upload_is_checked_against_its_digest(client: TestClient) -> None:
    digest = base64.b64encode(hashlib.sha256(CSV).digest()).decode()
    good = client.put("/v1/datasets/digest", content=CSV, headers={"Content-Digest": f"sha-256=:{digest}:"})
    assert good.status_code == 201
    bad = client.put("/v1/datasets/digest", content=CSV + b"\n", headers={"Content-Digest": f"sha-256=:{digest}:"})
    assert (bad.status_code, bad.json()["code"]) == (400, "checksum-mismatch")


@pytest.mark.parametrize("name", ["a b", ".hidden", "a" * 101, "é", "dsv_" + "0" * 26, "a@1"])
def test_names_that_are_none_are_refused(client: TestClient, name: str) -> None:
    answer = client.put(f"/v1/datasets/{name}", content=CSV)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-name")


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("heder=true", "unknown-field", "heder"),
        ("header=maybe", "invalid-option", "header"),
        ("names=[1", "invalid-option", "names"),
        ("wait=-1", "out-of-range", "wait"),
    ],
)
def test_wrong_options_are_refused_by_name(client: TestClient, query: str, code: str, parameter: str) -> None:
    answer = client.put(f"/v1/datasets/options?{query}", content=CSV)
    assert answer.status_code == 422
    assert (answer.json()["errors"][0]["code"], answer.json()["errors"][0]["parameter"]) == (code, parameter)


def test_a_form_gets_the_command_that_was_meant(client: TestClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.put("/v1/datasets/form", content=b"a=1", headers=form)
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["fix"] == "curl -T FILE /v1/datasets/form"


@pytest.mark.parametrize("body", [b"--b\r\nno header", b"", b"--b--\r\n", b"--b\r\n" + b"x" * 20_000])
def test_a_broken_multipart_body_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.put("/v1/datasets/m", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("malformed-multipart", "dataset-empty")


def test_an_upload_that_is_too_long_leaves_nothing_behind(settings: Settings) -> None:
    small = settings.model_copy(update={"upload_bytes": 3 << 20})
    with TestClient(create_app(small)) as client:
        answer = client.put("/v1/datasets/long", content=(bytes(1 << 20) for _ in range(8)))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")
    assert not list(settings.temporary.glob("upload-*"))


def test_a_built_in_set_is_there_by_its_name(client: TestClient) -> None:
    listed = client.get("/v1/datasets").json()
    assert ("wine", "cultivar") in [(item["name"], item["target"]) for item in listed["builtin"]]
    body = client.get("/v1/datasets/wine?wait=30").json()
    assert (body["name"], body["version"], body["rows"], body["status"]) == ("wine", 1, 178, "ready")


def test_a_dataset_is_deleted_unless_it_is_used(client: TestClient) -> None:
    client.put("/v1/datasets/brief", content=CSV)
    spec: dict[str, Any] = {"dataset": "brief", "target": "label", "epochs": 100_000, "early_stopping": None}
    job = client.post("/v1/jobs", json=spec).headers["location"]
    assert client.delete("/v1/datasets/brief").json()["code"] == "dataset-in-use"
    client.post(f"{job}/cancel")
    client.get(job, params={"wait": 60})
    assert client.delete("/v1/datasets/brief").status_code == 204
    assert client.get("/v1/datasets/brief").status_code == 410
    assert client.get("/v1/datasets/brief/versions").status_code == 410
    assert client.post("/v1/jobs", json=spec).json()["code"] == "dataset-not-found"
    assert client.get(job).json()["dataset"] == "brief@1"
    assert client.put("/v1/datasets/brief", content=CSV).json()["version"] == 2


def test_a_single_version_is_not_deleted_with_all_the_others(client: TestClient) -> None:
    first = client.put("/v1/datasets/twice", content=CSV).json()["id"]
    client.put("/v1/datasets/twice", content=CSV + b"1,red,0\n")
    for reference in ("twice@1", "twice@2", first):
        refused = client.delete(f"/v1/datasets/{reference}")
        assert (refused.status_code, refused.json()["errors"][0]["fix"]) == (422, "curl -X DELETE /v1/datasets/twice")
    assert client.delete("/v1/datasets/twice@3").status_code == 404
    assert client.get("/v1/datasets/twice@1").json()["status"] == "ready"
    assert client.delete("/v1/datasets/twice").status_code == 204


def test_without_a_worker_the_upload_is_accepted_for_later(client: TestClient, worker: Worker) -> None:
    assert client.put("/v1/datasets/later?wait=0", content=CSV + b"1,red,1\n").status_code in (201, 202)
    assert client.get("/v1/datasets/later?wait=30").json()["status"] == "ready"


class TestBuiltInNames:
    def test_an_upload_to_one_is_refused_with_another_name(self, client: TestClient) -> None:
        answer = client.put("/v1/datasets/wine", content=CSV)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert answer.json()["errors"][0]["fix"] == "curl -T FILE /v1/datasets/my-wine"

    def test_a_deleted_one_comes_back_by_its_name(self, client: TestClient) -> None:
        rows = client.get("/v1/datasets/wine", params={"wait": 30}).json()["rows"]
        assert client.delete("/v1/datasets/wine").status_code == 204
        back = client.get("/v1/datasets/wine", params={"wait": 30}).json()
        assert (back["status"], back["rows"]) == ("ready", rows)
        assert client.get("/v1/datasets/wine@1").status_code == 410

    def test_the_known_names_are_those_that_are_ready_each_once(self, client: TestClient) -> None:
        client.put("/v1/datasets/broken", content=b"a,b\n1,2,3\n")
        client.get("/v1/datasets/wine", params={"wait": 30})
        answer = client.post("/v1/specs/check", json={"dataset": "nothing-like-it", "target": "y"})
        allowed = answer.json()["errors"][0]["allowed"]
        assert "broken" not in allowed
        assert allowed.count("wine") == 1

    def test_a_number_that_does_not_exist_is_told_those_that_do(self, client: TestClient) -> None:
        client.put("/v1/datasets/numbered", content=CSV)
        answer = client.get("/v1/datasets/numbered@7")
        assert answer.status_code == 404
        assert answer.json()["detail"] == 'There is no "numbered@7": numbered has version 1 only.'
        problem = client.post("/v1/specs/check", json={"dataset": "numbered@7", "target": "label"}).json()
        assert problem["errors"][0]["fix"] == 'Write "numbered".'

    def test_a_file_name_is_told_how_it_becomes_a_dataset(self, client: TestClient) -> None:
        problem = client.post("/v1/specs/check", json={"dataset": "/tmp/x/deutsch.csv", "target": "label"}).json()
        assert problem["errors"][0]["fix"] == "curl -T /tmp/x/deutsch.csv /v1/datasets/deutsch"
