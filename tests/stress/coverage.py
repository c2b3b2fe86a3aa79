"""Inputs that atheris finds by following which lines of the readers they reach.

Run by itself, `python -m tests.stress.coverage PARSER PLACE SECONDS SEED OUT`: what is followed has
to be told before it is imported.
"""

import importlib.util
import json
import os
import random
import shutil
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stress.figures import Figures
from tests.stress.forks import Fork

if TYPE_CHECKING:
    from tests.stress.parsers import Parser

SHORTEST = 20.0
"""Seconds below which the imports would take most of the time."""
STARTS = 90.0
"""Seconds that imports and the last input, tens of times slower when followed, may take more."""
MOST_BYTES = 20_000


def run(parsers: list["Parser"], place: Path, figures: Figures, seconds: float) -> None:
    """Follow as many parsers as the time allows, other ones by each seed.

    Parameters
    ----------
    parsers : list of Parser
        Those that are Python.
    place : pathlib.Path
        The workplace.
    figures : Figures
        To which inputs and findings are added.
    seconds : float
        For all of them.
    """
    if importlib.util.find_spec("atheris") is None:
        figures.note("atheris is not installed here (it is for Linux): Hypothesis runs alone")
        return
    count = min(len(parsers), int(seconds / SHORTEST))
    if not count:
        figures.note(f"atheris needs {SHORTEST:.0f} s a parser, which are not there")
        return
    chosen = random.Random(figures.seed).sample(parsers, count)
    deadline, told = time.monotonic() + seconds, []
    for number, parser in enumerate(chosen):
        each = (deadline - time.monotonic()) / (count - number)
        if each < SHORTEST / 2:
            break
        told.append(f"{parser.name} {_follow(parser, place, figures, each):,}")
    figures.note(f"atheris: {', '.join(told)}")


def _follow(parser: "Parser", place: Path, figures: Figures, seconds: float) -> int:
    out = place.with_name("followed")
    shutil.rmtree(out, ignore_errors=True)
    (out / "corpus").mkdir(parents=True)
    for number, path in enumerate(parser.found(place)):
        if path.stat().st_size <= MOST_BYTES:
            shutil.copyfile(path, out / "corpus" / str(number))
    words = [parser.name, str(place), str(seconds), str(figures.seed), str(out)]
    here = [sys.executable, "-m", "tests.stress.coverage", *words]

    said = out / "said"

    def body() -> int:
        # A pipe would be full of libFuzzer's words before anybody reads them.
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT), 2)
        os.execv(sys.executable, here)

    began = time.monotonic()
    ended = Fork(body).wait(seconds + STARTS)
    figures.peak = max(figures.peak, ended.peak)
    counted = out / "count"
    inputs = int(counted.read_text() or 0) if counted.exists() else 0
    figures.inputs += inputs
    lines = (out / "findings").read_text().splitlines() if (out / "findings").exists() else []
    for line in lines:
        about = json.loads(line)
        figures.tracebacks += 1
        what = f"{parser.name}: by atheris, seed {figures.seed}: {about['what']}"
        figures.tell(about["kind"], what, out / about["file"], f"followed-{about['file']}")
    left = [path for path in out.iterdir() if path.name.startswith(("crash", "timeout", "oom"))]
    if left or ended.hung or not inputs:
        figures.faults += 1
        state = "hangs" if ended.hung else f"exit {ended.code}"
        what = (
            f"{parser.name}: by atheris, seed {figures.seed}: {state} after "
            f"{time.monotonic() - began:.0f} s: {_last_line(said)}"
        )
        figures.tell(
            f"{parser.name} {state}", what, left[0] if left else None, f"followed-{parser.name}"
        )
    return inputs


def _last_line(said: Path) -> str:
    lines = said.read_text(errors="replace").splitlines() if said.exists() else []
    return lines[-1][:200] if lines else ""


def main(name: str, folder: str, seconds: str, seed: str, written: str) -> None:
    """Follow one parser; for the parameters see the module."""
    import atheris

    began = time.monotonic()
    with atheris.instrument_imports(include=["src"]):
        from src.utils.errors import AudiosError
        from tests.stress.parsers import PARSERS
    place, out = Path(folder), Path(written)
    parser = next(one for one in PARSERS if one.name == name)
    files = parser.found(place)
    path = files[int(seed) % len(files)]
    kinds: set[str] = set()
    count = 0

    def read(content: bytes) -> None:
        nonlocal count
        count += 1
        if count % 20 == 1:
            (out / "count").write_text(str(count))
        path.write_bytes(content)
        try:
            parser.read(path, place)
        except (AudiosError, OSError):
            return
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            ours = [one for one in frames if "/src/" in one.filename][-1:] or frames[-1:]
            where = f"{ours[0].filename}:{ours[0].lineno}"
            kind = f"{name} {type(error).__name__} {where}"
            if kind not in kinds:
                kinds.add(kind)
                file = f"{name.replace(' ', '-')}-{len(kinds)}{path.suffix}"
                (out / file).write_bytes(content)
                what = f"{type(error).__name__}: {str(error)[:200]} at {where}"
                about = {"kind": kind, "what": what, "file": file}
                with (out / "findings").open("a") as stream:
                    stream.write(json.dumps(about) + "\n")

    left = max(5, float(seconds) - (time.monotonic() - began))
    flags = {
        "max_total_time": int(left),
        "seed": int(seed) + 1,
        "timeout": 10,
        "rss_limit_mb": 2048,
        "max_len": MOST_BYTES,
        "artifact_prefix": f"{out}/",
        "verbosity": 0,
    }
    words = [sys.argv[0], *(f"-{key}={value}" for key, value in flags.items())]
    atheris.Setup([*words, str(out / "corpus")], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
