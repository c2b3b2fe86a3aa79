"""JSON that is none, or more than that."""

import json
import time

import pytest

from src.utils.strict_json import parse_json


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "line 1"),
        (b'{"a": 1}{"b": 2}', "Extra data"),
        (b'{"a": NaN}', "NaN"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "too large"),
        (b"[" + b"9" * 30 + b"]", "too large"),
        (b"[" + b"9" * 1_000_000 + b"]", "too large"),
        (b"[18446744073709551616]", "too large"),
        (b'{"a": 1, "a": 1}', "two values of 'a'"),
        (b"[" * 100_000 + b"]" * 100_000, "too deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too deep"),
        (b"[" * 65 + b"]" * 65, "too deep"),
        (b'["\xff"]', "not UTF-8"),
        ('{"a": "ü"}'.encode("utf-16"), "not UTF-8"),
        (b'["\\ud800"]', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'["a\\u0000"]', "character zero"),
        (b"['a']", "line 1"),
    ],
)
def test_what_is_refused(content: bytes, word: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ValueError, match=word) as raised:
        parse_json(content)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 200
    assert time.perf_counter() - start < 1


def test_what_is_let_through() -> None:
    value = {"a": [1, -2.5, None, True, "ü \U0001f600"], "b": {"c": 18446744073709551615}}
    text = json.dumps(value, ensure_ascii=False)
    assert parse_json(text) == parse_json(text.encode()) == parse_json(json.dumps(value)) == value
    assert parse_json(b"\xef\xbb\xbf" + text.encode()) == value
    assert parse_json("[" * 60 + "]" * 60)
