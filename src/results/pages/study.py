"""The page of a study: its trials, the best of them, and how to go on with it."""

from pathlib import Path
from typing import Any

import pandas as pd

from src.models.lookup import BEST, read_best
from src.results.audits import note_audit
from src.results.blocks.blocks import SOFT, Block, Code, Facts, Heading, Paragraph, Verdict
from src.results.sections.augmentation import augmentation_facts
from src.results.sections.origin import hyperparameters
from src.results.sections.search_figures import importances, search_figures
from src.results.sections.search_trials import (
    best_trials_table,
    by_classifier,
    choice_among_trials,
    count_trials,
    finalists_table,
)
from src.results.study_commands import (
    command_to_continue,
    command_to_test_best,
    command_to_train_best,
)
from src.results.study_tables import read_finalists, read_search_trials, read_top
from src.search.names import TRIALS
from src.utils.config import AUTO, VALIDATION_EER, WEIGHTED
from src.utils.runs import Run

MOST_TRIALS = 10
"""Rows of the table of the best trials, as many as have intervals."""


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
    if not run.is_complete:
        blocks += [Paragraph("Go on with the study:"), Code(command_to_continue(run, runs))]
    blocks += _trials(run, trials, best)
    blocks += _finalists(run, best)
    blocks += search_figures(run)
    blocks += importances(run, trials)
    augmented = augmentation_facts(run)
    if augmented:
        blocks += [Heading("Training"), Facts(augmented)]
    if best is not None:
        blocks += hyperparameters(_drawn(best))
    return blocks


def _best(run: Run, runs: Path, best: dict[str, Any], trials: pd.DataFrame) -> list[Block]:
    note = note_audit(runs, run.manifest.get("dataset"))
    finished = int(trials[VALIDATION_EER].notna().sum()) if VALIDATION_EER in trials else 0
    points = [
        f"It was chosen among {finished:,} finished trials by this very figure, so that it "
        f"flatters: only a test tells what the detector is worth.",
        *_of_seeds(best),
        *filter(None, [by_classifier(trials), _measured_by(run)]),
        *([f"The study is {run.status}."] if not run.is_complete else []),
        note.text,
    ]
    which = f" ({best['classifier']})" if run.settings.get("classifier") == AUTO else ""
    text = (
        f"Best: run {best['run_number']}{which} with a validation EER of "
        f"{best[VALIDATION_EER]:.1%}."
    )
    return [
        Verdict(text, points, bool(note.flags)),
        Paragraph("Test the best trial as it is:"),
        Code(command_to_test_best(run, runs)),
        Paragraph("Or train with what it has found, into a run of its own:"),
        Code(command_to_train_best(run, runs)),
    ]


def _of_seeds(best: dict[str, Any]) -> list[str]:
    seeds = best.get("seeds")
    if not seeds or seeds["n"] < 2:
        return []
    return [
        f"Trained with {seeds['n']:,} seeds it has {seeds['mean']:.1%} on average, with a standard "
        f"deviation of {100 * seeds['std']:.1f} points."
    ]


def _measured_by(run: Run) -> str:
    folds = run.settings.get("folds")
    if not isinstance(folds, dict):
        return ""
    return (
        f"Trials are compared by {folds.get('n')} folds by {folds.get('by')} over training and "
        f"validation: each EER here is the mean of the folds."
    )


def _trials(run: Run, trials: pd.DataFrame, best: dict[str, Any] | None) -> list[Block]:
    if trials.empty:
        return []
    finished = trials[trials[VALIDATION_EER].notna()].head(MOST_TRIALS)
    blocks: list[Block] = [
        Heading("Best trials"),
        Paragraph(f"Of {len(trials):,} trials: {count_trials(trials)}. All are in {TRIALS}."),
    ]
    if len(finished):
        number = None if best is None else best["run_number"]
        blocks.append(best_trials_table(finished, number, read_top(run)))
    return blocks


def _finalists(run: Run, best: dict[str, Any] | None) -> list[Block]:
    found = read_finalists(run)
    if found is None or found.empty:
        return []
    about = (
        "The best trials trained again with other seeds. That with the lowest mean EER is kept, "
        "with the study's own seed: which seed is the luckiest says nothing about other clips."
    )
    table = finalists_table(found, None if best is None else best["run_number"])
    return [Heading("Other seeds"), Paragraph(about, SOFT), table]


def _drawn(best: dict[str, Any]) -> dict[str, Any]:
    """Return what the best trial has drawn, in the words of the page."""
    layer = best.get("layer")
    told = {"classifier": best["classifier"]}
    told["layer"] = "all, by weights that are learned" if layer == WEIGHTED else layer
    told |= {"pooling": best["pooling"]} if best.get("pooling") else {}
    return told | best.get("hyperparameters", {})
