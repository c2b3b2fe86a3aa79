"""The page of a pretraining: whether it has learned, what it has heard, how it is used."""

import shlex
from pathlib import Path

from src.results.blocks.blocks import Block, Verdict
from src.results.sections.pretraining import heard_sentence, pretraining
from src.results.wording import sentence
from src.utils.runs import Run


def pretraining_page(run: Run, runs: Path) -> list[Block]:
    """Return what the page of a pretraining tells.

    Parameters
    ----------
    run : Run
        The pretraining.
    runs : pathlib.Path
        The runs folder.
    """
    found = run.manifest.get("results", {})
    if "loss" not in found:
        return [Verdict(f"The pretraining has not ended ({run.status}).", is_bad=True)]
    collapse = found.get("collapse", [])
    picked = "the unit" if "units_in_use" in found else "the positive"
    text = f"It picks {picked} of {found['accuracy']:.1%} of masked frames."
    if collapse:
        text = f"It has not learned what it should: {collapse[0]}."
    folder = f"{runs.name}/{run.folder.name}/checkpoint"
    name = run.settings["backbone"]["name"]
    points = [
        *map(sentence, collapse[1:]),
        heard_sentence(run),
        "Whatever is tested on one of these recordings, or of their speakers, is tested on what "
        "its backbone has heard; the downstream splits share no speaker with pretext.",
        f"Use it by --checkpoint={shlex.quote(folder)} with --backbone={name}.",
    ]
    return [Verdict(text, points, bool(collapse)), *pretraining(run)]
