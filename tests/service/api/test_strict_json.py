"""Strict JSON: what other parsers let pass silently is refused, quickly, with a pointer."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.strict_json import MAX_DEPTH, parse
from service.errors import ServiceError


def refusal(body: bytes) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        parse(body)
    return caught.value


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed-json"),
        (b"{", 400, "malformed-json"),
        (b"{'a': 1}", 400, "malformed-json"),
        ('{"name":"a"}'.encode("utf-16"), 400, "malformed-json"),
        (b'{"a":"\x00"}', 400, "malformed-json"),
        (b'{"a":1,"a":2}', 400, "duplicate-key"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "json-too-deep"),
        (b"[" * 400_000, 400, "json-too-deep"),
        (b'{"a":NaN}', 422, "value-not-finite"),
        (b'{"a":-Infinity}', 422, "value-not-finite"),
        (b'{"a":1e400}', 422, "value-not-finite"),
        (b'{"a":1' + b"0" * 5000 + b"}", 422, "out-of-range"),
        (b'{"a":"\\u0000"}', 422, "text-not-allowed"),
        (b'{"a":"\\ud800"}', 422, "text-not-allowed"),
        (b'{"\\ud800":1}', 422, "text-not-allowed"),
    ],
)
def test_refused(body: bytes, status: int, code: str) -> None:
    error = refusal(body)
    assert (error.status, error.code) == (status, code)


def test_every_fault_has_its_pointer() -> None:
    error = refusal(b'{"rows":[[1,NaN],[1e999,2]],"x":{"a/b":"\\u0000"}}')
    assert [fault.pointer for fault in error.errors] == ["/rows/0/1", "/rows/1/0", "/x/a~1b"]


def test_a_key_that_stands_twice_is_named() -> None:
    assert refusal(b'{"s":{"lr":1,"lr":2}}').errors[0].pointer == "/s/lr"


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_brackets_inside_strings_are_no_depth() -> None:
    assert parse(json.dumps({"a": '["\\' + "[" * 100}).encode()) == {"a": '["\\' + "[" * 100}


def test_the_deepest_allowed_document_is_read() -> None:
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None
    assert refusal(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)).code == "json-too-deep"


def test_a_refusal_of_a_large_body_is_quick() -> None:
    started = time.perf_counter()
    refusal(b'{"a":"' + b'\\"[' * 300_000)
    assert time.perf_counter() - started < 0.5


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner)
        ),
        max_leaves=20,
    )
)
def test_what_is_good_json_is_read_as_it_is(document: object) -> None:
    if len(json.dumps(document)) < 10_000:
        assert parse(json.dumps(document).encode()) == document
