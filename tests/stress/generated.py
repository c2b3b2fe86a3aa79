"""Texts, tables and JSON that Hypothesis makes, and makes smaller where one is not stood."""

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from src.utils.errors import AudiosError
from tests.stress.mutators import _TOKENS, _VALUES
from tests.stress.parsers import TEXTS, Parser

EXAMPLES = 60
JSONS = (".json", ".jsonl")

Failed = Callable[[Path, bytes, int, Exception], None]


def suits(parser: Parser, place: Path) -> bool:
    """Say whether a parser reads texts.

    Parameters
    ----------
    parser : Parser
        Any.
    place : pathlib.Path
        The workplace.
    """
    return bool(_texts(parser, place))


def _texts(parser: Parser, place: Path) -> list[Path]:
    return [path for path in parser.found(place) if path.suffix in (*TEXTS, *JSONS)]


def search(
    parser: Parser,
    place: Path,
    start: int,
    end: float,
    begin: Callable[[int], None],
    failed: Failed,
) -> None:
    """Try made-up texts in place of real ones until the time is over.

    Parameters
    ----------
    parser : Parser
        What reads them.
    place : pathlib.Path
        The workplace.
    start : int
        Of the seed.
    end : float
        On the clock of `time.monotonic`.
    begin : callable
        Told the number of each text.
    failed : callable
        Told the smallest text that gives a traceback.
    """
    files, number, rounds = _texts(parser, place), 0, 0
    while time.monotonic() < end:
        path = files[(start + rounds) % len(files)]
        original = path.read_bytes()

        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
        )
        @seed(start * 1_000 + rounds)
        @given(_contents(path, original))
        def read(content: bytes, path: Path = path) -> None:
            nonlocal number
            if time.monotonic() > end + 2:
                return
            number += 1
            path.write_bytes(content)
            begin(number)
            try:
                parser.read(path, place)
            except (AudiosError, OSError):
                return

        try:
            read()
        except HypothesisException:
            pass  # the time was over while it made one smaller
        except Exception as error:
            # The smallest is read last.
            failed(path, path.read_bytes(), number, error)
        finally:
            path.write_bytes(original)
        rounds += 1


def _contents(path: Path, original: bytes) -> st.SearchStrategy[bytes]:
    text = original.decode("utf-8", errors="replace")
    if path.suffix in JSONS:
        return st.one_of(_json_values(), _json_like(text))
    return _tables(text)


def _tables(text: str) -> st.SearchStrategy[bytes]:
    """Make tables of a real one's cells and odd ones, separated, quoted and encoded in any way."""
    delimiter = next((d for d in ",\t|;" if d in text.split("\n")[0]), " ")
    rows = [line.split(delimiter) for line in text.splitlines()[:6]]
    words = sorted({cell for row in rows for cell in row} | set(_TOKENS))
    cells = st.one_of(
        st.sampled_from(words),
        st.text(max_size=6),
        st.floats().map(str),
        st.integers().map(str),
    )
    tables = st.lists(
        st.one_of(st.sampled_from(rows or [[""]]), st.lists(cells, max_size=6)), max_size=8
    )
    return st.builds(
        _written,
        st.one_of(tables, tables.map(lambda more: [*rows[:1], *more])),
        st.sampled_from([delimiter, delimiter, ",", "\t", ";", " "]),
        st.sampled_from(["\n", "\n", "\r\n", "\r"]),
        st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]),
        st.booleans(),
    )


def _written(rows: list, delimiter: str, end: str, encoding: str, is_quoted: bool) -> bytes:
    if is_quoted:
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, escapechar="\\")
        writer.writerows(rows)
        text = stream.getvalue()
    else:
        text = end.join(delimiter.join(row) for row in rows)
    return text.encode(encoding, errors="replace")


def _json_values() -> st.SearchStrategy[bytes]:
    leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
    values = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
        ),
        max_leaves=8,
    )
    return values.map(lambda value: json.dumps(value).encode())


def _json_like(text: str) -> st.SearchStrategy[bytes]:
    """Make a real document with one of its values exchanged."""
    value = json.loads(text.splitlines()[0] if text.count("\n{") else text)
    places = list(_places(value))
    if not places:
        return _json_values()

    def change(place: tuple, odd: object) -> bytes:
        copy = json.loads(json.dumps(value))
        holder = copy
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = odd
        return json.dumps(copy).encode()

    return st.builds(change, st.sampled_from(places), st.sampled_from(_VALUES))


def _places(value: object) -> Iterator[tuple]:
    if isinstance(value, dict):
        items = list(value.items())
    else:
        items = list(enumerate(value)) if isinstance(value, list) else []
    for key, item in items:
        yield (key,)
        yield from ((key, *rest) for rest in _places(item))
