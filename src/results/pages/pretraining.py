"""The page of a pretraining: whether it has learned, what it has heard, how it is used."""

import shlex
from pathlib import Path

from src.results.blocks.blocks import Block, Verdict
from src.results.sections.pretraining import heard_sentence, pretraining
from src.results.wording import sentence
from src.utils.config import BY_SPEAKER, PRETEXT_SPLITS
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
        _apart_from_tests(run),
        f"Use it by --checkpoint={shlex.quote(folder)} with --backbone={name}.",
    ]
    return [Verdict(text, points, bool(collapse)), *pretraining(run)]


def _apart_from_tests(run: Run) -> str:
    """Say what the recordings that were heard have in common with those of detectors."""
    if run.settings["splits"][0] not in PRETEXT_SPLITS:
        return "Detectors are trained on the same recordings; those of their test were not heard."
    unit = (run.manifest.get("split") or {}).get("units", BY_SPEAKER)
    return f"The downstream splits, which detectors are made of, share no {unit} with these."
