"""Every file of a small project damaged in every way, and read by the tasks that read it.

A task is called as the command line calls it, in this process: it may succeed, or say one line;
anything else is a traceback.
"""

import contextlib
import io
import json
import os
import shutil
import sqlite3
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from invoke import Config, Context, Exit

import fabfile
from src.results.report import write_report
from src.utils.errors import AudiosError
from src.utils.runs import find_run, list_runs

_PAGE = "page"
"""What writes the page of a run, as every stage does at its end."""

Flags = dict[str, str]
Mutation = tuple[str, bytes]
"""What was done to a file, and what it holds then."""

DEEP = 100_000


_NORMALIZE: tuple[str, Flags] = ("NormalizeDataset", {"output": "@/normalized"})
_COMPARE: tuple[str, Flags] = ("CompareRuns", {"runs_list": "0,3"})


@dataclass(frozen=True)
class Project:
    """A small project: a data set, its embeddings and its runs, in one folder."""

    folder: Path

    def call(self, task: str, **flags: str) -> str | None:
        """Call a task; return the line that it says in failing, None where it succeeds."""
        given = {"dataset": "data", "embeddings": "embeddings", "runs": "runs"}
        configured = {key: str(self.folder / value) for key, value in given.items()}
        c = Context(Config(overrides={"audios": configured | {"seed": "7"}}))
        flags = {key: value.replace("@", str(self.folder)) for key, value in flags.items()}
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                if task == _PAGE:
                    self._write_page(**flags)
                else:
                    fabfile.ns.tasks[task].body(c, **flags)
            except Exit as end:
                return end.message or None
            except AudiosError as error:
                return str(error)
        return None

    def _write_page(self, number: str = "0", study_of: str | None = None, name: str = "") -> None:
        """Write that of a training, of a study, or of what the name of its folder begins with."""
        runs = self.folder / "runs"
        if name:
            found = [run for run in list_runs(runs) if run.folder.name.startswith(f"{name}_")]
        else:
            found = [find_run(runs, int(number), study_of)]
        write_report(found[0], runs)


def build(folder: Path, is_quick: bool = False) -> Project:
    """Make a project by the tasks themselves; its voices are buzzing tones.

    A quick one has an audit and one tested MLP, with the numbers that they have in a whole one.
    """
    project = Project(folder)
    random = np.random.default_rng(7)
    rows = ["file,label,speaker,gender"]
    for person in range(8):
        for label, level in (("bona-fide", 0.2), ("spoof", 0.05)):
            for take in range(2):
                time = np.arange(9_600) / 16_000
                pitch = 100 + 20 * person + random.uniform(0, 5)
                wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 20))
                file = f"audio/s{person}-{label}-{take}.wav"
                path = folder / "data" / file
                path.parent.mkdir(parents=True, exist_ok=True)
                noise = level * random.standard_normal(time.size)
                soundfile.write(path, 0.1 * (wave + noise), 16_000)
                rows.append(f"{file},{label},s{person},{'MF'[person % 2]}")
    (folder / "data" / "metadata.csv").write_text("\n".join(rows) + "\n")
    shutil.copytree(folder / "data" / "audio", folder / "new")
    for path in sorted((folder / "new").iterdir())[2:]:
        path.unlink()
    for task, flags in _QUICK if is_quick else _STEPS:
        told = project.call(task, **flags)
        assert told is None, (task, told)
    return project


_NEW: Flags = {"audio": "@/new", "any_sound": "yes"}
"""Made-up voices, which are no speech."""

_CLASSIFIERS = ("mlp", "svm", "rf", "lr")
_MODEL = {"backbone": "acoustic"}
_STEPS: tuple[tuple[str, Flags], ...] = (
    ("GenerateDatasetCSV", {}),
    ("AddDatasetDuration", {}),
    ("AddDatasetAmplitude", {}),
    ("NormalizeDataset", {"output": "@/normalized"}),
    ("SplitDataset", {"pretext": "0"}),
    ("AuditDataset", {}),
    ("GenerateEmbeddings", _MODEL),
    ("OptimizeHyperparameters", {**_MODEL, "classifier": "lr", "trials": "2"}),
    *(("TrainModel", {**_MODEL, "classifier": name}) for name in _CLASSIFIERS),
    *(("TestModel", {**_MODEL, "classifier": name}) for name in _CLASSIFIERS),
    ("ProbeLayers", _MODEL),
    ("CompareRuns", {"runs_list": "0,3"}),
    ("TrainBaseline", {"epochs": "1"}),
    ("TestBaseline", {}),
    *(("Predict", {**_NEW, "run_number": number}) for number in ("0", "4")),
    ("ExportScores", {"output": "@/scores.csv", "classifier": "mlp"}),
    (
        "EvaluateScores",
        {
            "scores": "@/scores.csv",
            "protocol": "@/data/splits/by_file/files-downstream_test.csv",
        },
    ),
)
_QUICK: tuple[tuple[str, Flags], ...] = (
    ("GenerateDatasetCSV", {}),
    ("AddDatasetDuration", {}),
    ("SplitDataset", {"pretext": "0"}),
    ("NormalizeDataset", {"output": "@/normalized"}),
    ("AuditDataset", {}),
    ("GenerateEmbeddings", _MODEL),
    ("TrainModel", {**_MODEL, "classifier": "mlp", "hyperparameters": "epochs=2"}),
    ("TestModel", {**_MODEL, "classifier": "mlp"}),
    ("Predict", {**_NEW, "run_number": "0"}),
)


@dataclass(frozen=True)
class Kind:
    """Files of one kind, and the tasks that read them."""

    files: str
    """A pattern below the project's folder; the first file that fits is damaged."""
    readers: tuple[tuple[str, Flags], ...]
    removes: str = ""
    """Another pattern, of what must be gone so that the file is read."""


def _of(classifier: str, number: str) -> tuple[tuple[str, Flags], ...]:
    chosen = {"classifier": classifier}
    return (
        ("Predict", {**_NEW, **chosen}),
        ("TestModel", {"backbone": "acoustic", **chosen}),
        ("ListRuns", {}),
        (_PAGE, {"number": number}),
    )


_MLP = _of("mlp", "0")
_AUDIT_PAGE: tuple[str, Flags] = (_PAGE, {"name": "audit0"})
_STUDY: tuple[tuple[str, Flags], ...] = (
    ("ListRuns", {"study_number": "0"}),
    (_PAGE, {"number": "0", "study_of": "lr"}),
    ("TrainModel", {"backbone": "acoustic", "classifier": "lr", "study_number": "0"}),
)
_CONTINUE: tuple[str, Flags] = (
    "OptimizeHyperparameters",
    {"backbone": "acoustic", "classifier": "lr", "study_number": "0", "trials": "2"},
)
_EMBED: tuple[tuple[str, Flags], ...] = (
    ("TrainModel", {"backbone": "acoustic", "classifier": "lr"}),
    ("GenerateEmbeddings", {"backbone": "acoustic"}),
)
_DATA: tuple[tuple[str, Flags], ...] = (
    ("AddDatasetDuration", {}),
    ("SplitDataset", {"pretext": "0"}),
    ("GenerateEmbeddings", {"backbone": "acoustic"}),
)

KINDS: dict[str, Kind] = {
    "manifest": Kind("runs/run*/manifest.json", _MLP),
    "manifest of an mlp": Kind("runs/run0_*/manifest.json", _MLP),
    "manifest of a study": Kind("runs/lr_study0*/manifest.json", (*_STUDY, _CONTINUE)),
    "manifest of a trial": Kind("runs/lr_study0*/run0*/manifest.json", _STUDY),
    "manifest of an audit": Kind("runs/audit0_*/manifest.json", (_AUDIT_PAGE,)),
    "hyperparameters": Kind(
        "runs/run0_*/hyperparameters.json",
        (
            (
                "TrainModel",
                {
                    "backbone": "acoustic",
                    "classifier": "mlp",
                    "hyperparameters": "@/runs/@1/hyperparameters.json",
                },
            ),
        ),
    ),
    "results": Kind(
        "runs/run0_*/test_results.json", (*_MLP, ("CompareRuns", {"runs_list": "0,3"}))
    ),
    "scores": Kind("runs/run0_*/scores_test.csv", (*_MLP, _COMPARE)),
    "validation scores": Kind(
        "runs/run0_*/scores_val.csv", _MLP, removes="runs/run0_*/calibration.json"
    ),
    "trained on": Kind("runs/run0_*/trained_on.csv", _MLP, removes="runs/run0_*/bandwidths.json"),
    "calibration": Kind("runs/run0_*/calibration.json", _MLP),
    "reference": Kind("runs/run0_*/reference.safetensors", _MLP),
    "bandwidths": Kind("runs/run0_*/bandwidths.json", _MLP),
    "losses": Kind("runs/run0_*/train_losses.npy", _MLP),
    "mlp": Kind("runs/run0_*/model.safetensors", _MLP),
    "svm": Kind("runs/run1_*/model.skops", _of("svm", "1")),
    "rf": Kind("runs/run2_*/model.skops", _of("rf", "2")),
    "lr": Kind("runs/run3_*/model.skops", _of("lr", "3")),
    "baseline": Kind(
        "runs/run4_*/model.safetensors",
        (("TestBaseline", {}), ("Predict", {**_NEW, "run_number": "4"})),
    ),
    "training state": Kind(
        "runs/run4_*/training.safetensors", (("TrainBaseline", {"epochs": "1"}),)
    ),
    "best": Kind("runs/lr_study0*/best_hyperparameters.json", (*_STUDY, _CONTINUE)),
    "trials": Kind("runs/lr_study0*/trials.csv", _STUDY),
    "top trials": Kind("runs/lr_study0*/top_trials.csv", _STUDY),
    "journal": Kind("runs/lr_study0*/*.log", (_CONTINUE,)),
    "layer probe": Kind("runs/probe0_*/layer_probe.csv", ((_PAGE, {"name": "probe0"}),)),
    "matches": Kind("runs/audit0_*/matches.csv", (_AUDIT_PAGE,)),
    "evaluation": Kind("runs/run5_*/results.json", ((_PAGE, {"number": "5"}), ("ListRuns", {}))),
    "evaluation's scores": Kind("runs/run5_*/scores.csv", ((_PAGE, {"number": "5"}),)),
    "audit": Kind("runs/audit0_*/audit.json", (_AUDIT_PAGE, (_PAGE, {}))),
    "store manifest": Kind("embeddings/acoustic/downstream_train/manifest.json", _EMBED),
    "store array": Kind("embeddings/acoustic/downstream_train/embeddings.npy", _EMBED),
    "store clips": Kind("embeddings/acoustic/downstream_train/clips.csv", _EMBED),
    "store rejected": Kind("embeddings/acoustic/downstream_train/rejected.csv", _EMBED),
    "test array": Kind("embeddings/acoustic/downstream_test/embeddings.npy", _MLP),
    "files table": Kind("data/files-metadata.csv", (*_DATA, ("AuditDataset", {}))),
    "people table": Kind("data/people-metadata.csv", _DATA),
    "measurements": Kind("data/measurements.csv", (("AddDatasetDuration", {}), *_DATA)),
    "split recipe": Kind("data/splits/split.json", (*_DATA, *_EMBED)),
    "split table": Kind("data/splits/by_file/files-downstream_train.csv", (*_DATA, *_EMBED)),
    "derived from": Kind("normalized/derived-from.json", (_NORMALIZE,)),
    "derived": Kind("normalized/derived.jsonl", (_NORMALIZE,)),
    "measured nuisances": Kind("data/*.sqlite", (("AuditDataset", {}),)),
    "pointer": Kind("data/dataset.json", _DATA),
}

TEXT_FILES = (".json", ".jsonl", ".csv", ".log")


def json_mutations(content: bytes) -> Iterator[Mutation]:
    """Damage every value of a JSON document, and the document."""
    value = json.loads(content)
    for name, text in (
        ("list for object", "[1, 2]"),
        ("text for object", '"text"'),
        ("number for object", "3"),
        ("null for object", "null"),
        ("empty object", "{}"),
        ("deep lists", "[" * DEEP + "]" * DEEP),
        ("deep objects", '{"a":' * DEEP + "1" + "}" * DEEP),
        ("huge number", '{"number": ' + "9" * 10_000 + "}"),
        ("twice", content.decode().replace("{", '{"twice": 1, "twice": 2,', 1)),
        ("surrogate", content.decode().replace("{", '{"half": "\\ud800",', 1)),
    ):
        yield name, text.encode()
    for place in _places(value):
        named = ".".join(map(str, place))
        yield f"without {named}", json.dumps(_changed(value, place, _GONE)).encode()
        for what in (None, "text", -1, 10**30, [], {}, [1, "x"], {"x": 1}, True, 0, "", "\0", 0.5):
            text = json.dumps(_changed(value, place, what))
            yield f"{named} = {what!r}"[:60], text.encode()
        yield f"{named} = NaN", json.dumps(_changed(value, place, float("nan"))).encode()
        yield f"{named} = 1e999", json.dumps(_changed(value, place, float("inf"))).encode()


_GONE = object()


def _places(value: Any, depth: int = 3) -> Iterator[tuple]:
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = list(enumerate(value))[:1]
    for key, item in items:
        yield (key,)
        if depth > 1:
            yield from ((key, *rest) for rest in _places(item, depth - 1))


def _changed(value: Any, place: tuple, what: Any) -> Any:
    first, *rest = place
    copy = value.copy()
    if rest:
        copy[first] = _changed(value[first], tuple(rest), what)
    elif what is _GONE:
        del copy[first]
    else:
        copy[first] = what
    return copy


def byte_mutations(content: bytes, other: bytes) -> Iterator[Mutation]:
    """Damage a file of any kind."""
    random = np.random.default_rng(7)
    yield "empty", b""
    yield "half", content[: len(content) // 2]
    yield "all but one", content[:-1]
    yield "random", random.bytes(5_000)
    yield "zeros", bytes(len(content))
    yield "of another kind", other
    yield "longer", content + random.bytes(100)
    yield "byte-order mark", b"\xef\xbb\xbf" + content
    yield "UTF-16", content.decode("latin-1").encode("utf-16")
    yield "page", b"<!DOCTYPE html><html>not found</html>"
    for number in range(8):
        changed = bytearray(content)
        for place in random.integers(0, max(1, len(content)), 1 + number):
            changed[place : place + 1] = random.bytes(1)
        yield f"flipped {number}", bytes(changed)


def line_mutations(content: bytes) -> Iterator[Mutation]:
    """Damage the lines of a text."""
    lines = content.decode().splitlines()
    for name, line in (
        ("text", "not what it was"),
        ("empty object", "{}"),
        ("list", "[]"),
        ("number", "3"),
        ("null", "null"),
        ("deep", "[" * DEEP),
        ("zero", "a\0b"),
    ):
        yield f"a line of {name}", "\n".join([*lines[:1], line, *lines[1:]]).encode()
        yield f"last line of {name}", "\n".join([*lines, line, ""]).encode()
    yield "first line gone", "\n".join(lines[1:]).encode()
    yield "first line alone", f"{lines[0]}\n".encode()
    yield "line twice", "\n".join([*lines[:2], *lines[1:]]).encode()
    yield "Latin-1", (lines[0] + "\nÁ\n").encode("latin-1")


def table_mutations(content: bytes) -> Iterator[Mutation]:
    """Damage every column of a table."""
    table = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    for name in table:
        yield f"without {name}", table.drop(columns=name).to_csv(index=False).encode()
        for what in ("", "text", "-1", "nan", "inf", "1e400", "9" * 400, "../../x", "a\0b"):
            for rows, where in ((slice(None), "all"), (slice(0, 1), "first")):
                changed = table.copy()
                changed.loc[changed.index[rows], name] = what
                yield f"{where} {name} = {what[:10]!r}", changed.to_csv(index=False).encode()
    yield "a column twice", content.replace(b"\n", b",x\n").replace(b",x\n", b",file\n", 1)
    yield "more cells than columns", content + b"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18\n"
    yield "open quotes", content + b'"\n'


def array_mutations(content: bytes) -> Iterator[Mutation]:
    """Give an `.npy` file another header, or other numbers."""
    array = np.load(io.BytesIO(content))

    def saved(values: np.ndarray, pickled: bool = False) -> bytes:
        stream = io.BytesIO()
        np.save(stream, values, allow_pickle=pickled)
        return stream.getvalue()

    def headed(**changes: Any) -> bytes:
        about = {"descr": "<f4", "fortran_order": False, "shape": array.shape} | changes
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(stream, about)
        return stream.getvalue() + array.tobytes()

    yield "pickled", saved(np.array([{"a": 1}], dtype=object), pickled=True)
    yield "object header", headed(descr="|O")
    for shape in ((), (-1,), (0,), (3,), (10**12, 1, 1, 10), (2, *array.shape), array.shape[:1]):
        yield f"shape {shape}", headed(shape=shape)
    for kind in ("<f8", ">f4", "<c8", "|S4", "<U1", "<M8[s]", "|b1"):
        yield f"header {kind}", headed(descr=kind)
    yield "columns first", headed(fortran_order=True)
    yield "fewer rows", saved(array[: len(array) // 2])
    yield "more rows", saved(np.concatenate([array, array]))
    yield "numbers of 64 bits", saved(array.astype(np.float64))
    yield "fewer columns", saved(np.ascontiguousarray(array[..., :-1]) if array.ndim > 1 else array)
    yield "not finite", saved(np.full_like(array, np.nan))
    yield "header of a gigabyte", content[:8] + b"\xff\xff" + content[10:]
    yield "version 9", content[:6] + b"\x09\x00" + content[8:]


def database_mutations(content: bytes, scratch: Path) -> Iterator[Mutation]:
    """Give an SQLite file other tables and other values."""
    for name, commands in (
        ("another table", ["DROP TABLE clips", "CREATE TABLE others (a)"]),
        ("no table", ["DROP TABLE clips"]),
        ("other columns", ["DROP TABLE clips", "CREATE TABLE clips (a, b)"]),
        ("a view", ["ALTER TABLE clips RENAME TO c", "CREATE VIEW clips AS SELECT * FROM c"]),
        ("version", ["PRAGMA user_version = 99"]),
    ):
        yield name, _changed_database(content, scratch, commands)
    with contextlib.closing(_open_database(content, scratch)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(clips)")]
    for column in columns:
        for value in ("NULL", "'text'", "-1", "1e400", "9e18", "x'00ff'", "CAST(x'ff' AS TEXT)"):
            command = f'UPDATE OR REPLACE clips SET "{column}" = {value}'
            yield f"{column} = {value}", _changed_database(content, scratch, [command])


def _open_database(content: bytes, scratch: Path) -> sqlite3.Connection:
    scratch.write_bytes(content)
    return sqlite3.connect(scratch)


def _changed_database(content: bytes, scratch: Path, commands: list[str]) -> bytes:
    with contextlib.closing(_open_database(content, scratch)) as database:
        for command in commands:
            with contextlib.suppress(sqlite3.Error):
                database.execute(command)
        database.commit()
    return scratch.read_bytes()


def tensor_mutations(content: bytes) -> Iterator[Mutation]:
    """Give a safetensors file another list of tensors."""
    size = struct.unpack("<Q", content[:8])[0]
    header, data = json.loads(content[8 : 8 + size]), content[8 + size :]

    def headed(changed: Any, length: int | None = None) -> bytes:
        text = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
        return struct.pack("<Q", len(text) if length is None else length) + text + data

    yield "header of 100 MB", headed(header, 100_000_000)
    yield "header of exabytes", headed(header, 2**63)
    yield "deep header", headed(b"[" * DEEP)
    for name in [name for name in header if name != "__metadata__"][:6]:
        entry = header[name]
        yield f"without {name}", headed({k: v for k, v in header.items() if k != name})
        yield f"{name} renamed", headed({("x" if k == name else k): v for k, v in header.items()})
        n_bytes = entry["data_offsets"][1] - entry["data_offsets"][0]
        for shape, kind in (
            ([], "F32"),
            ([0], "F32"),
            ([n_bytes // 4], "F32"),
            ([1, n_bytes // 4], "F32"),
            ([n_bytes // 4, 1, 1], "F32"),
            ([n_bytes // 2], "F16"),
            ([n_bytes // 4], "I32"),
            ([n_bytes], "BOOL"),
            ([2**60], "F32"),
        ):
            changed = header | {name: entry | {"shape": shape, "dtype": kind}}
            yield f"{name} {kind} {shape}", headed(changed)
        for offsets in ([0, 2**60], [-4, 0], [0, 0], [8, 4]):
            yield f"{name} at {offsets}", headed(header | {name: entry | {"data_offsets": offsets}})
    for value in (np.nan, np.inf, -1.0, 0.0):
        yield f"all {value}", content[: 8 + size] + np.full(len(data) // 4, value, "<f4").tobytes()


def mutations_of(path: Path, other: bytes, scratch: Path) -> Iterator[Mutation]:
    """Give everything that is done to a file."""
    content = path.read_bytes()
    yield from byte_mutations(content, other)
    suffix = path.suffix
    if suffix == ".json":
        yield from json_mutations(content)
    if suffix in TEXT_FILES:
        yield from line_mutations(content)
    if suffix == ".jsonl":
        first, _, rest = content.partition(b"\n")
        yield from ((name, line + b"\n" + rest) for name, line in json_mutations(first))
    if suffix == ".csv":
        yield from table_mutations(content)
    if suffix == ".npy":
        yield from array_mutations(content)
    if suffix == ".sqlite":
        yield from database_mutations(content, scratch)
    if suffix == ".safetensors":
        yield from tensor_mutations(content)


@dataclass
class Figures:
    """How the mutations went."""

    n_calls: int = 0
    n_lines: int = 0
    n_unnamed: int = 0
    """Lines that do not name the damaged file."""
    faults: list[str] = field(default_factory=list)
    """Tracebacks, and lines that are none."""
    unnamed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.n_calls:,} calls, {self.n_lines:,} refused in a line, {self.n_unnamed:,} of "
            f"which do not name the file, {len(self.faults):,} faults"
        )


def mutate(
    project: Project,
    kinds: Callable[[str], bool] = lambda _: True,
    every: int = 1,
    most: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Figures:
    """Damage the files of a project in turn, and call the tasks that read them.

    `every` takes each so-manieth mutation of a file alone, `most` so many of its readers, in turn;
    the project is restored after each.
    """
    figures, snapshot = Figures(), _Snapshot(project.folder)
    others = (project.folder / "data" / "audio").glob("*.wav")
    other = next(others).read_bytes()
    for name, kind in KINDS.items():
        found = sorted(project.folder.glob(kind.files))
        if not kinds(name) or not found:
            continue
        path = found[0]
        scratch = project.folder.with_name("scratch.sqlite")
        for number, (what, content) in enumerate(mutations_of(path, other, scratch)):
            if number % every:
                continue
            first = number // every % len(kind.readers)
            for task, flags in (*kind.readers[first:], *kind.readers[:first])[:most]:
                for gone in project.folder.glob(kind.removes) if kind.removes else ():
                    gone.unlink()
                path.write_bytes(content)
                _call(project, figures, f"{name}: {what}: {task}", path, task, flags)
                snapshot.restore()
        tell(f"{name}: {figures}")
    return figures


def _call(
    project: Project, figures: Figures, case: str, path: Path, task: str, flags: Flags
) -> None:
    figures.n_calls += 1
    for cache in _caches():
        cache.cache_clear()
    one = next(iter((project.folder / "runs").glob("run0_*")), Path()).name
    flags = {key: value.replace("@1", one) for key, value in flags.items()}
    try:
        told = project.call(task, **flags)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        last = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in last if "/src/" in frame.filename] or list(last)
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        figures.faults.append(f"{case}: {type(error).__name__}: {str(error)[:150]} ({where})")
        return
    if told is None:
        return
    figures.n_lines += 1
    if "\n" in told.strip() or not told.strip().isprintable():
        figures.faults.append(f"{case}: not one line: {told[:300]!r}")
    if path.name not in told and path.parent.name not in told:
        figures.n_unnamed += 1
        figures.unnamed.append(f"{case}: {told[:200]}")


def _caches() -> list[Any]:
    """Return what keeps results in memory, of files that have changed meanwhile."""
    ours = [module for name, module in [*sys.modules.items()] if name.startswith("src.")]
    return [one for module in ours for one in vars(module).values() if hasattr(one, "cache_clear")]


class _Snapshot:
    """The files of a folder, which can be put back as they were, their times too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = {path: (path.read_bytes(), path.stat()) for path in self._there()}

    def _there(self) -> list[Path]:
        return [path for path in self._folder.rglob("*") if path.is_file()]

    def restore(self) -> None:
        for path in self._there():
            if path not in self._files:
                path.unlink()
        for path, (content, stat) in self._files.items():
            try:
                now = path.stat()
            except OSError:
                now = None
            if now is None or (now.st_size, now.st_mtime_ns) != (stat.st_size, stat.st_mtime_ns):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        for folder in sorted(self._folder.rglob("*"), reverse=True):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
