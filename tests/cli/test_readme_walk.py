"""The README's stages on recordings of one's own: its commands, in order, as they are written."""

import shutil
import subprocess
from pathlib import Path

import pytest

from src.utils.config import ROOT
from tests.docs.markdown import code_of, commands_of, read

PEOPLE = tuple(f"{name}_{'FM'[n % 2]}{n:03}" for n, name in enumerate("ABCDEFGHIJ"))


@pytest.mark.slow
def test_the_walk_works_as_written(tmp_path: Path, make_cetuc, fresh_fab, voices):
    """Tasks are chained by naming one after the other, so that all are one call."""
    home = tmp_path / "audios"
    home.mkdir()
    for name in ("src", "tasks", "detectors", "fabfile.py"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copyfile(ROOT / name, home / name)
    make_cetuc(home / "datasets/release", PEOPLE, clips=2, seconds=0.6)
    # Real speech: what holds none is refused.
    [(clip, _), *_] = next(iter(voices.values()))
    (home / "NEW").mkdir()
    shutil.copyfile(clip, home / "NEW" / clip.name)
    [walk] = [block for block in code_of(read("README.md")) if "fab ListRuns" in block]
    [noise] = [block for block in code_of(read("README.md")) if "fab AddNoise" in block]
    calls = [*commands_of(f"```\n{walk}```"), *commands_of(f"```\n{noise}```")]
    done = subprocess.run(
        [*fresh_fab.start, *(word for words in calls for word in words)],
        cwd=home,
        env=fresh_fab.environment(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert (home / "verdicts.csv").read_text().count("\n") == 2
    assert list(home.glob("runs/*/comparison.html"))
    assert "datasets/normalized" in (home / "datasets/noisy/derived-from.json").read_text()
    assert (home / "datasets/noisy/augmentations.csv").is_file()
    assert list(home.glob("runs/*/robustness.json"))
