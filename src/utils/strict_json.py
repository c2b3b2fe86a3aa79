"""JSON as its standard has it, which Python's own reader extends and bounds by no depth."""

import json
from typing import Any

MOST_DEPTH = 64
"""How deep lists and objects may lie in each other; AUDIOS writes no deeper than ten."""

_LARGEST = 1 << 64


def parse_json(content: bytes | str) -> Any:
    """Parse JSON that anything may be wrong with.

    Refused are, besides what is no JSON: what is not UTF-8 (a byte-order mark is let through), NaN
    and infinities, numbers beyond 64 bits, two values of one name, values nested too deeply, and
    characters that no file name and no terminal takes (zero, halves of surrogate pairs). Whatever
    is let through can be written as JSON again.

    Parameters
    ----------
    content : bytes or str
        The document.

    Raises
    ------
    ValueError
        Saying what is wrong, in a few words.

    Examples
    --------
    >>> parse_json(b'{"eer": 0.25}')
    {'eer': 0.25}
    >>> parse_json('{"eer": NaN}')
    Traceback (most recent call last):
        ...
    ValueError: it holds NaN, which is no number of JSON
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start:,} is not UTF-8") from None
    if not text.strip():
        raise ValueError("it is empty")
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except RecursionError:
        raise ValueError("its values lie too deep in each other") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: {error.msg}") from None
    _check(found)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it holds two values of {twice[:40]!r}")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is no number of JSON")


def _float(text: str) -> float:
    value = float(text)
    if abs(value) == float("inf"):
        raise ValueError(f"it holds the number {text[:20]}, which is too large")
    return value


def _int(text: str) -> int:
    # Measured as text: the time to convert one grows with the square of its length.
    if len(text) > 20 or abs(value := int(text)) >= _LARGEST:
        raise ValueError(f"it holds the number {text[:20]}..., which is too large")
    return value


def _check(value: Any) -> None:
    """Fail for what lies too deep, or is no text."""
    level = [value]
    for _ in range(MOST_DEPTH):
        below: list[Any] = []
        for one in level:
            if isinstance(one, str):
                _check_text(one)
            elif isinstance(one, dict):
                below += one
                below += one.values()
            elif isinstance(one, list):
                below += one
        if not below:
            return
        level = below
    raise ValueError("its values lie too deep in each other")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("it holds a text with the character zero")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds a text with half a surrogate pair") from None
