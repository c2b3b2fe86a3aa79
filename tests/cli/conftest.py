"""Driving `fab` as a user would: the command, its answer, and small corpora of real clips."""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]
MIXED = ROOT.parent / "shared" / "corpora" / "mixed"


@dataclass(frozen=True)
class Answer:
    """What a command said; `lines` are those of stderr that are not empty."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.strip()]

    def fails(self, code: int | tuple[int, ...], *words: object) -> None:
        """Check for one line on stderr that says all of `words`."""
        assert self.code in (code if isinstance(code, tuple) else (code,)), self
        assert len(self.lines) == 1, self
        for word in words:
            assert str(word) in self.lines[0], (word, self.lines[0])

    def succeeds(self, *words: object) -> "Answer":
        """Check for a quiet success that says all of `words` on stdout."""
        assert self.code == 0, self
        assert "Traceback" not in self.err and "Warning" not in self.err, self.err
        for word in words:
            assert str(word) in self.out, (word, self.out)
        return self


@dataclass
class Fab:
    """The `fab` beside this Python, called from a folder with a clean environment."""

    cwd: Path = ROOT
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        beside = Path(sys.executable).with_name("fab")
        self.start = [str(beside)] if beside.is_file() else [sys.executable, "-m", "fabric"]

    def environment(self, **more: str) -> dict[str, str]:
        # A user's own settings must not reach the tests, and no test may reach the hub.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FABRIC_", "INVOKE_"))}
        quiet = {"TQDM_DISABLE": "1", "HF_HUB_OFFLINE": "1"}
        return kept | quiet | self.env | more

    def __call__(self, *words: object, cwd: Path | None = None, **env: str) -> Answer:
        done = subprocess.run(
            [*self.start, *map(str, words)],
            cwd=cwd or self.cwd,
            env=self.environment(**env),
            capture_output=True,
            text=True,
            # Some tests ask for another encoding than theirs.
            errors="backslashreplace",
            stdin=subprocess.DEVNULL,
            timeout=300,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def popen(self, *words: object) -> subprocess.Popen:
        return subprocess.Popen(
            [*self.start, *map(str, words)],
            cwd=self.cwd,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            # Ctrl-C must reach it even where the tests' own parent ignores it.
            start_new_session=True,
        )


class WarmFab(Fab):
    """The same command line, in forks of one process that has imported everything."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm_fab.py"))],
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(
        self,
        *words: object,
        cwd: Path | None = None,
        limit: int | None = None,
        umask: int | None = None,
        script: str | None = None,
        **env: str,
    ) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            request = {
                "words": [str(word) for word in words],
                "cwd": str(cwd or self.cwd),
                "env": {**self.env, **env},
                "out": str(out),
                "err": str(err),
                "limit": limit,
                "umask": umask,
                "script": script,
            }
            self.server.stdin.write(json.dumps(request) + "\n")
            self.server.stdin.flush()
            code = int(self.server.stdout.readline())
            return Answer(code, out.read_text(), err.read_text())

    def close(self) -> None:
        self.server.stdin.close()
        self.server.wait(timeout=60)


@pytest.fixture(scope="session")
def fresh_fab() -> Fab:
    """A `fab` in a process of its own, as from a terminal."""
    return Fab()


@pytest.fixture(scope="session")
def fab() -> Fab:
    """A `fab` that answers without the seconds of importing; forks need a Unix."""
    warm = WarmFab()
    yield warm
    warm.close()


@dataclass(frozen=True)
class Clip:
    """A recording to lay out in a corpus."""

    file: str
    speaker: str
    gender: str
    label: str
    samples: np.ndarray
    rate: int = 16_000

    def write(self, folder: Path) -> None:
        path = folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, self.samples, self.rate)


@pytest.fixture(scope="session")
def voices() -> dict[tuple[str, str], list[tuple[Path, str]]]:
    """People of `mixed` with two real and two fake clips each, at least: (clip, label) lists."""
    if not (MIXED / "metadata.csv").is_file():
        pytest.skip(f"needs the real recordings of {MIXED}")
    found = defaultdict(lambda: defaultdict(list))
    with (MIXED / "metadata.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["gender"] in ("M", "F"):
                found[row["speaker"], row["gender"]][row["label"]].append(MIXED / row["path"])
    people = {}
    for person, by_label in sorted(found.items()):
        if len(by_label) == 2 and min(map(len, by_label.values())) >= 2:
            people[person] = [
                (path, label) for label in ("bona-fide", "spoof") for path in by_label[label][:2]
            ]
    return people


@pytest.fixture(scope="session")
def tones() -> Callable[..., list[Clip]]:
    """Make clips without any recording at hand: buzzing tones, half of them "fake"."""

    def make(n_speakers: int = 6, per_label: int = 2, labels=("bona-fide", "spoof"), seed=0):
        random = np.random.default_rng(seed)
        clips = []
        for person in range(n_speakers):
            for label in labels:
                for take in range(per_label):
                    time = np.arange(6_400) / 16_000
                    pitch = 100 + 20 * person + random.uniform(0, 5)
                    wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 20))
                    noise = random.standard_normal(time.size) * (0.05 if label == "spoof" else 0.2)
                    samples = 0.1 * (wave + noise)
                    file = f"audio/s{person}-{label}-{take}.wav"
                    gender = "MF"[person % 2]
                    clips.append(Clip(file, f"s{person}", gender, label, samples))
        return clips

    return make


@pytest.fixture(scope="session")
def write_csv_corpus() -> Callable[..., Path]:
    """Write clips and their `metadata.csv` into a folder."""

    def write(folder: Path, clips: list[Clip], header="file,label,speaker,gender") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        rows = [header]
        for clip in clips:
            clip.write(folder)
            rows.append(f"{clip.file},{clip.label},{clip.speaker},{clip.gender}")
        (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def hashes() -> Callable[[Path], dict[str, str]]:
    """Hash every file below a folder."""

    def of(folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return of


@pytest.fixture(scope="session")
def table() -> Callable[[Path], list[dict[str, str]]]:
    """Read a CSV as dictionaries of text."""

    def read(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    return read


@pytest.fixture(scope="session")
def checkpoints(fab, tmp_path_factory) -> dict[str, Path]:
    """Tiny random checkpoints, laid out as real ones are; made where torch is loaded already."""
    folder = tmp_path_factory.mktemp("checkpoints")
    script = (
        "import sys, pathlib\n"
        "from src.demo.checkpoint import make_checkpoint\n"
        "for name in ('wav2vec2', 'hubert'):\n"
        "    make_checkpoint(pathlib.Path(sys.argv[1]) / name, name, large=name == 'hubert')\n"
    )
    fab(folder, script=script).succeeds()
    return {name: folder / name for name in ("wav2vec2", "hubert")}


@pytest.fixture(scope="module")
def embedded(fab, tones, write_csv_corpus, tmp_path_factory) -> Path:
    """A made-up data set in `data` with its embeddings in `embeddings`, ready to train on."""
    folder = tmp_path_factory.mktemp("embedded")
    write_csv_corpus(folder / "data", tones(8, 2))
    data = f"--dataset={folder / 'data'}"
    fab(
        *("GenerateDatasetCSV", data),
        *("SplitDataset", data, "--pretext=0"),
        *(
            "GenerateEmbeddings",
            data,
            "--backbone=acoustic",
            f"--embeddings={folder / 'embeddings'}",
        ),
    ).succeeds()
    return folder


@pytest.fixture
def scratch(tmp_path) -> Path:
    """A folder that is gone right after the test."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)
