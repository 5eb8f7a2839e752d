"""What a prediction's body asks of a predictor, and how a body without a Content-Type is read."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from service.api.predictions import _reader
from service.errors import Invalid, PayloadTooLarge
from service.predictions import MOST_ROWS, Source, answer_csv, answer_json, answer_picture
from service.serving import PredictorCache

SOURCE = Source("ckpt_1", "0" * 64, "run_1", 1)
BYTES = bytes(range(256))


class Echo:
    """Answers with what it is asked."""

    def __init__(self, columns: Sequence[str], channels: int | None = None) -> None:
        self.channels = channels
        self.columns = (*columns, "y")
        self.spec = SimpleNamespace(target=SimpleNamespace(column="y"))
        self._inputs = [{"column": column, "type": "image" if channels else "number"} for column in columns]

    def describe(self) -> dict[str, Any]:
        return {"inputs": self._inputs}

    def predict_rows(self, rows: list[Any], top: int, pointer: str) -> list[dict[str, Any]]:
        return [{"asked": row} for row in rows]

    def predict_images(self, pictures: list[bytes], top: int, pointer: str) -> list[dict[str, Any]]:
        return [{"asked": picture} for picture in pictures]


def ask(predictor: Echo, body: Any) -> dict[str, Any]:
    predictors = cast(PredictorCache, SimpleNamespace(get=lambda _: predictor))
    return answer_json(predictors, SOURCE, body, 3)


def test_an_input_may_be_called_rows() -> None:
    predictor = Echo(["rows", "a/b"])
    assert ask(predictor, {"rows": 5, "a/b": 1})["asked"] == {"rows": 5, "a/b": 1}
    assert ask(predictor, {"rows": [[5, 1]]})["predictions"] == [{"asked": [5, 1]}]


def test_the_pointer_of_a_field_beside_rows_is_escaped() -> None:
    with pytest.raises(Invalid) as caught:
        ask(Echo(["a"]), {"rows": [], "x/y~z": 1})
    assert [fault.pointer for fault in caught.value.errors] == ["/x~1y~0z"]


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(BYTES).decode(),
        base64.encodebytes(BYTES).decode(),
        "data:image/png;base64," + base64.b64encode(BYTES).decode(),
    ],
)
def test_a_picture_comes_as_base64_with_line_breaks_or_as_a_data_url(text: str) -> None:
    predictor = Echo(["image"], channels=1)
    assert ask(predictor, {"rows": [text, {"image": text, "y": 3}]})["predictions"] == [{"asked": BYTES}] * 2


def test_too_many_rows_are_told_the_way_out() -> None:
    with pytest.raises(PayloadTooLarge) as caught:
        ask(Echo(["a"]), {"rows": [[1]] * (MOST_ROWS + 1)})
    assert str(MOST_ROWS) in (caught.value.errors[0].fix or "")


@pytest.mark.parametrize(
    ("body", "reader"),
    [
        (b"II*\0" + bytes(20), answer_picture),
        (b"<svg></svg>", answer_picture),
        (b"a,b\n1,2\n", answer_csv),
        ("a,b\n1,2\n".encode("utf-16"), answer_csv),
    ],
)
def test_a_body_without_a_type_is_read_by_its_bytes(body: bytes, reader: Any) -> None:
    assert _reader(None, body) is reader
