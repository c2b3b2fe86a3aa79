"""The page of a study: its trials, the best of them, and how to go on with it."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from src.models.lookup import BEST
from src.results.audits import note_audit
from src.results.blocks import html as page
from src.results.naming import next_command
from src.results.sections.origin import (
    subtitle,
    tell_hyperparameters,
    tell_provenance,
    tell_settings,
)
from src.utils.errors import RunError
from src.utils.files import read_json
from src.utils.runs import Run, list_runs
from src.utils.tables import read_csv

TRIALS = "trials.csv"

MOST_TRIALS = 100
"""Rows of the table of trials."""

_EER = "validation_eer"


def study_parts(run: Run, runs: Path) -> list[str]:
    """Return the parts of the page of a study.

    Raises
    ------
    AudiosError
        When what the study holds is damaged.
    """
    trials = read_trials(run)
    run = _with_origin(run)
    note = note_audit(runs, run.manifest.get("dataset"))
    parts = [subtitle(run)]
    best = read_json(run.folder / BEST) if (run.folder / BEST).is_file() else None
    if best is None:
        status = run.manifest.get("status", "unknown")
        parts.append(page.verdict(f"No trial has finished yet ({status}).", [], True))
    else:
        parts += _tell_best(run, runs, best, trials, note.text, bool(note.flags))
    parts += _tell_trials(trials)
    picture = run.folder / "optimization_history.png"
    about = "Validation EER of each trial, and the best so far"
    if picture.is_file():
        parts += [page.heading("History"), page.image(picture, about, about)]
    if best is not None:
        chosen = {"layer": best.get("layer"), **best.get("hyperparameters", {})}
        parts += tell_hyperparameters(chosen)
    return [*parts, *tell_settings(run), *tell_provenance(run)]


def _with_origin(run: Run) -> Run:
    """Return the study knowing where its trials' clips and vectors lie."""
    for trial in list_runs(run.folder):
        known = {name: trial.manifest.get(name) for name in ("dataset", "embeddings")}
        return replace(run, manifest=run.manifest | known)
    return run


def read_trials(run: Run) -> pd.DataFrame:
    """Return a study's table of trials, by rising EER; empty where there is none yet.

    Raises
    ------
    AudiosError
        When it is damaged.
    """
    path = run.folder / TRIALS
    if not path.is_file():
        return pd.DataFrame()
    table = read_csv(path)
    if _EER not in table:
        return pd.DataFrame()
    try:
        eers = pd.to_numeric(table[_EER].replace("", None)).astype(float)
    except ValueError as error:
        raise RunError(f"{path} is damaged: {error}") from error
    return table.assign(**{_EER: eers}).sort_values(_EER, kind="stable", na_position="last")


def _tell_best(
    run: Run, runs: Path, best: dict, trials: pd.DataFrame, audit: str, is_flagged: bool
) -> list[str]:
    finished = int(trials[_EER].notna().sum()) if _EER in trials else 0
    failed = len(trials) - finished
    points = [
        f"It was chosen among {finished:,} finished trials by this very figure, so that it "
        f"flatters: only a test tells what the detector is worth.",
        *([f"{failed:,} trials failed."] if failed else []),
        *([f"The study is {run.manifest.get('status')}."] if not run.is_complete else []),
        audit,
    ]
    text = f"Best: run {best['run_number']} with a validation EER of {best[_EER]:.1%}."
    names = (f"--backbone={best['backbone']}", f"--classifier={best['classifier']}")
    return [
        page.verdict(text, points, is_flagged),
        page.paragraph("Train with it, then test the new run; or test the best trial as it is:"),
        page.command(next_command("TrainModel", run, runs, *names)),
        page.command(next_command("TestModel", run, runs, *names)),
    ]


def _tell_trials(trials: pd.DataFrame) -> list[str]:
    if trials.empty:
        return []
    shown = trials.head(MOST_TRIALS)
    rows = [
        tuple(_cell(name, value) for name, value in zip(shown.columns, row, strict=True))
        for row in shown.itertuples(index=False)
    ]
    kinds = {number: "faint" for number, eer in enumerate(shown[_EER]) if pd.isna(eer)}
    header = [name.replace("_", " ").replace("eer", "EER") for name in shown.columns]
    parts = [
        page.heading("Trials"),
        page.table(header, rows, range(3, len(header)), {0: "best"} | kinds),
    ]
    if len(trials) > MOST_TRIALS:
        left = f"and {len(trials) - MOST_TRIALS:,} more in {TRIALS}"
        parts.append(page.paragraph(left, "soft"))
    return parts


def _cell(name: str, value: object) -> str:
    if name == _EER:
        return "–" if pd.isna(value) else f"{value:.2%}"
    text = str(value)
    try:
        return text if text.lstrip("-").isdigit() else f"{float(text):.4g}"
    except ValueError:
        return text
