"""The page of a study: its trials, the best of them, and how to go on with it."""

from pathlib import Path

import pandas as pd

from src.models.lookup import BEST, read_best
from src.results.audits import note_audit
from src.results.blocks.blocks import SOFT, Block, Code, Facts, Figure, Heading, Paragraph, Verdict
from src.results.naming import next_command
from src.results.sections.augmentation import augmentation_facts
from src.results.sections.origin import hyperparameters
from src.results.sections.search_trials import (
    choice_among_trials,
    importances_table,
    search_trials_table,
    title_of,
)
from src.search.choice import best_first
from src.search.importances import IMPORTANCES, importances_of
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER
from src.utils.errors import RunError
from src.utils.renamed import backbone_of
from src.utils.runs import Run
from src.utils.tables import read_csv

TRIALS = "trials.csv"

MOST_TRIALS = 100
"""Rows of the table of trials."""


def study_page(run: Run, runs: Path) -> list[Block]:
    """Return what the page of a study tells.

    Parameters
    ----------
    run : Run
        The study.
    runs : pathlib.Path
        The runs folder, where audits are looked for.

    Raises
    ------
    AudiosError
        When what the study holds is damaged.
    """
    trials = read_search_trials(run)
    path = run.folder / BEST
    best = read_best(run) if path.is_file() else None
    blocks: list[Block] = []
    if best is None:
        blocks.append(Verdict(f"No trial has finished yet ({run.status}).", is_bad=True))
    else:
        blocks += _best(run, runs, best, trials)
        blocks += choice_among_trials(best)
    blocks += _trials(trials)
    picture = run.folder / "optimization_history.png"
    about = "Validation EER of each trial, and the best so far"
    if picture.is_file():
        blocks += [Heading("History"), Figure(picture, about, about)]
    blocks += _importances(run, trials)
    augmented = augmentation_facts(run)
    if augmented:
        blocks += [Heading("Training"), Facts(augmented)]
    if best is not None:
        blocks += hyperparameters({"layer": best.get("layer"), **best.get("hyperparameters", {})})
    return blocks


def read_search_trials(run: Run) -> pd.DataFrame:
    """Return a study's table of trials, the best first; empty where there is none yet.

    Parameters
    ----------
    run : Run
        The study.

    Raises
    ------
    AudiosError
        When it is damaged.
    """
    path = run.folder / TRIALS
    if not path.is_file():
        return pd.DataFrame()
    table = read_csv(path)
    if VALIDATION_EER not in table:
        return pd.DataFrame()
    try:
        numbers = {
            name: pd.to_numeric(table[name].replace("", None)).astype(float)
            for name in (VALIDATION_EER, VALIDATION_CLLR)
            if name in table
        }
    except ValueError as error:
        raise RunError(f"{path} is damaged: {error}") from error
    return best_first(table.assign(**numbers))


def _best(run: Run, runs: Path, best: dict, trials: pd.DataFrame) -> list[Block]:
    note = note_audit(runs, run.manifest.get("dataset"))
    finished = int(trials[VALIDATION_EER].notna().sum()) if VALIDATION_EER in trials else 0
    failed = len(trials) - finished
    points = [
        f"It was chosen among {finished:,} finished trials by this very figure, so that it "
        f"flatters: only a test tells what the detector is worth.",
        *([f"{failed:,} trials failed."] if failed else []),
        *([f"The study is {run.status}."] if not run.is_complete else []),
        note.text,
    ]
    text = f"Best: run {best['run_number']} with a validation EER of {best[VALIDATION_EER]:.1%}."
    backbone = backbone_of(run.settings.get("backbone")) or best["backbone"]
    names = (f"--backbone={backbone}", f"--classifier={best['classifier']}")
    return [
        Verdict(text, points, bool(note.flags)),
        Paragraph("Train with it, then test the new run; or test the best trial as it is:"),
        Code(next_command("TrainModel", run, runs, *names)),
        Code(next_command("TestModel", run, runs, *names)),
    ]


def _trials(trials: pd.DataFrame) -> list[Block]:
    if trials.empty:
        return []
    blocks = [Heading("Trials"), search_trials_table(trials.head(MOST_TRIALS))]
    if len(trials) > MOST_TRIALS:
        left = f"and {len(trials) - MOST_TRIALS:,} more in {TRIALS}"
        blocks.append(Paragraph(left, SOFT))
    return blocks


def _importances(run: Run, trials: pd.DataFrame) -> list[Block]:
    """Tell which hyperparameters mattered, or why that cannot be said."""
    if VALIDATION_CLLR not in trials:
        return []
    heading = Heading("Importance of hyperparameters")
    column, why = importances_of(trials[VALIDATION_EER].tolist(), trials[VALIDATION_CLLR].tolist())
    path = run.folder / IMPORTANCES
    if column is None or not path.is_file():
        return [heading, Paragraph(f"Not told: {why or 'the study is not finished'}.", SOFT)]
    found = read_csv(path)
    try:
        table = importances_table(found.astype({"importance": float}))
    except (KeyError, ValueError, AttributeError) as error:
        raise RunError(f"{path} is damaged: {error!r}") from error
    about = (
        f"How much of the variance of the {title_of(column)} between trials each explains, by a "
        f"functional ANOVA of a random forest; all add up to 100 %."
    )
    if column == VALIDATION_CLLR:
        about += " Half of the trials or more share the lowest EER, which leaves little to explain."
    return [heading, Paragraph(about), table]
