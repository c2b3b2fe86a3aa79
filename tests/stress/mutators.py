"""Changing real files at random: bytes of any file, lines and cells of a text, values of JSON."""

import json
import random
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_ODD = (0, 1, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63, -1)
_TOKENS = (
    *("", " ", "nan", "NaN", "inf", "-inf", "-1", "0", "1e999", "1e-400", "99999999999999999999"),
    *("1,5", "bona-fide", "spoof", "bonafide", "-", "../../x", "/etc/passwd", "=1+1", '"', "'"),
    *("\0", "\r", "\ufeff", "\u202e", "\x1b[31m", "é", "e\u0301", "😀", "a" * 5000, "\t", ";", "|"),
    *("None", "null", "True", "[0.5]", "tensor(0.5)", "file", "label", "score", "\\", "\ud800"),
)
_VALUES: tuple[Any, ...] = (
    *(None, [], {}, "", 0, -1, True, 0.5, 1e308, 2**70, float("nan"), float("inf"), "text", [[]]),
    *({"a": 1}, [1, "x", None], "\0", "a" * 5000, "../../x", -(2**63)),
)


def mutate(content: bytes, others: Sequence[bytes], suffix: str, chance: random.Random) -> bytes:
    """Return a file's content with one to eight changes.

    Parameters
    ----------
    content : bytes
        Of a real file.
    others : sequence of bytes
        Of files that parts may be taken from.
    suffix : str
        Of the file's name, which tells what changes suit it.
    chance : random.Random
        Draws them.
    """
    ways: list[Callable[..., bytes]] = [_change_bytes]
    if suffix in (".json", ".jsonl"):
        ways = [_change_json, _change_json, _change_text, _change_bytes]
    elif suffix in (".csv", ".tsv", ".txt", ".trn", ".trl", ".log", ".md"):
        ways = [_change_text, _change_text, _change_bytes]
    for _ in range(1 + int(chance.expovariate(0.7))):
        content = chance.choice(ways)(content, others, chance)
    return content


def _change_bytes(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    data = bytearray(content)
    # Headers lie at the beginning, and some at the end.
    span = chance.choice([16, 64, 512, len(data)])
    at = chance.randrange(min(span, len(data))) if data else 0
    if chance.random() < 0.15 and data:
        at = len(data) - 1 - at
    match chance.randrange(9):
        case 0 if data:
            data[at] ^= 1 << chance.randrange(8)
        case 1 if data:
            data[at] = chance.randrange(256)
        case 2:
            kind = chance.choice(["<B", ">H", "<H", ">I", "<I", ">Q", "<Q", "<f", "<d"])
            number = chance.choice(_ODD)
            if kind[1] in "fd":
                packed = struct.pack(kind, chance.choice([float("nan"), float("inf"), -1e38, 0.0]))
            else:
                packed = struct.pack(kind, number % (1 << 8 * struct.calcsize(kind)))
            data[at : at + len(packed)] = packed
        case 3:
            del data[at:]
        case 4:
            del data[at : at + int(2 ** chance.uniform(0, 10))]
        case 5:
            piece = data[at : at + int(2 ** chance.uniform(0, 10))]
            data[at:at] = piece * chance.choice([1, 2, 50])
        case 6:
            data[at:at] = chance.randbytes(int(2 ** chance.uniform(0, 8)))
        case 7 if others:
            other = chance.choice(others)
            start = chance.randrange(len(other) + 1)
            data[at : at + 64] = other[start : start + int(2 ** chance.uniform(0, 12))]
        case _:
            size = int(2 ** chance.uniform(0, 12))
            data[at : at + size] = bytes([chance.choice([0, 255, 32, 10])]) * size
    return bytes(data)


def _change_text(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    text = content.decode("utf-8", errors="replace")
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    token = chance.choice(_TOKENS)
    match chance.randrange(10):
        case 0:
            lines[at] = token
        case 1:
            del lines[at]
        case 2:
            lines[at:at] = [lines[at]] * chance.choice([1, 2, 100])
        case 3 | 4:
            delimiter = next((d for d in ",\t;| " if d in lines[at]), ",")
            cells = lines[at].split(delimiter)
            cells[chance.randrange(len(cells))] = token
            lines[at] = delimiter.join(cells)
        case 5:
            place = chance.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + token + lines[at][place:]
        case 6:
            chance.shuffle(lines)
        case 7:
            other = chance.choice([",", "\t", ";", " ", "|"])
            return text.replace(chance.choice([",", "\t", " "]), other).encode(errors="replace")
        case 8:
            lines = [line + chance.choice(["\r", " ", ",", "\t"]) for line in lines]
        case 9:
            code = chance.choice(["utf-16", "latin-1", "utf-8-sig", "utf-32", "cp1252"])
            return text.encode(code, errors="replace")
    return "\n".join(lines).encode("utf-8", errors="surrogatepass")


def _change_json(content: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return _change_text(content, others, chance)
    if chance.random() < 0.03:
        depth = chance.choice([100, 100_000])
        return b"[" * depth + b"]" * depth
    places = list(_places(value))
    if not places:
        return json.dumps(chance.choice(_VALUES)).encode()
    holder, key = chance.choice(places)
    match chance.randrange(4):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[chance.choice(_TOKENS)] = holder.pop(key)
        case 2:
            other, place = chance.choice(places)
            holder[key] = other[place] if other is not holder and place in _keys(other) else None
        case _:
            holder[key] = chance.choice(_VALUES)
    try:
        return json.dumps(value, indent=chance.choice([None, 2])).encode()
    except (ValueError, RecursionError):
        # A value that was put into itself.
        return content


def _places(value: Any) -> Any:
    for key in _keys(value):
        yield value, key
        yield from _places(value[key])


def _keys(value: Any) -> list:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def read_all(paths: Sequence[Path]) -> list[bytes]:
    """Return the content of each file."""
    return [path.read_bytes() for path in paths]
