"""CompareRuns: compare tested runs, and keep the comparison in a run folder of its own."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from src.evaluation.formatting import missing_sentence
from src.evaluation.results import Results
from src.evaluation.trials import Trials
from src.models.calibrate import calibration_of
from src.models.lookup import find_study
from src.results.differences import (
    COMBINATIONS,
    FIGURE,
    MOST_CURVES,
    TABLE,
    Comparison,
    Entry,
    curves_title,
    pair_up,
    tabulate,
)
from src.results.naming import command_to_test, describe, name_of
from src.results.outcomes import read_outcomes
from src.results.pages.comparison import comparison_page
from src.results.report import write_run_page
from src.results.robust_differences import TABLE as ROBUSTNESS_TABLE
from src.results.robust_differences import pair_robustness
from src.utils.errors import RunError, shorten
from src.utils.files import sha256_file
from src.utils.metrics.eer import det_curve
from src.utils.runs import Kind, Run, find_run, new_run
from src.utils.tables import write_csv
from src.visualize.figure import named
from src.visualize.score_plots import plot_dets


def compare_runs(
    runs: Path,
    numbers: Sequence[int],
    study_number: int | None = None,
    classifier: str | None = None,
    tested_on: str | None = None,
    seed: int = 7,
) -> Comparison:
    """Compare tested runs and write a table, their DET curves and a page into a new run folder.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    numbers : sequence of int
        Of the runs to compare.
    study_number : int, optional
        Where the runs are trials of a study, its number.
    classifier : str, optional
        Of the study, where two have the number.
    tested_on : str, optional
        The name of the data set whose test counts; by default each run's main test.
    seed : int
        Of the bootstrap.

    Raises
    ------
    RunError
        When a run is absent or was not tested.
    """
    study = None if study_number is None else find_study(runs, study_number, classifier)
    folder = runs if study is None else study.folder
    entries = [entry_of(find_run(folder, number), runs, tested_on) for number in numbers]
    entries.sort(key=lambda one: one.results.detection.eer)
    settings = {
        "runs": [one.run.folder.name for one in entries],
        "study": None if study is None else study.folder.name,
        "tested_on": tested_on,
        "seed": seed,
    }
    inputs = {one.run.folder.name: sha256_file(one.outcome.scores) for one in entries}
    return keep_comparison(new_run(runs, Kind.COMPARISON, settings, inputs), entries, seed)


def keep_comparison(
    opening: AbstractContextManager[Run],
    entries: list[Entry],
    seed: int,
    complement: Callable[[Comparison], Comparison] = lambda done: done,
) -> Comparison:
    """Compare tests, and write table, figure and page into a run, unless it holds them.

    Parameters
    ----------
    opening : context manager
        Gives the comparison's run.
    entries : list of Entry
        The best first.
    seed : int
        Of the bootstrap.
    complement : callable
        Adds to the comparison what its page is to tell besides.

    Raises
    ------
    AudiosError
        When the clips cannot be paired.
    """
    with opening as run:
        pairs, notes = pair_up(entries, seed)
        notes += _missing_sentences(entries)
        tested = [(one.name, one.run, one.outcome.suffix) for one in entries]
        robustness, more = pair_robustness(tested, seed)
        done = complement(Comparison(run, entries, pairs, notes + more, robustness))
        if not run.is_complete:
            _write(done)
    if not done.page.is_file():
        title = f"comparison of {len(entries)} runs"
        write_run_page(done.page, run, title, comparison_page(done))
    return done


def _write(done: Comparison) -> None:
    run, entries = done.run, done.entries
    shown = entries[:MOST_CURVES]
    # No two combinations are of one detector, whose name says more than a run's.
    is_named = done.combinations is None
    labels = [
        f"{one.name} ({describe(one.run)})" if is_named else describe(one.run) for one in shown
    ]
    curves = {
        label: det_curve(one.trials.scores, one.trials.labels)
        for label, one in zip(labels, shown, strict=True)
    }
    plot_dets(curves, run.folder / FIGURE, _title(entries))
    write_csv(run.folder / TABLE, tabulate(entries, done.pairs))
    if done.robustness is not None:
        write_csv(run.folder / ROBUSTNESS_TABLE, done.robustness.table)
    if done.combinations is not None:
        write_csv(run.folder / COMBINATIONS, done.combinations)
    best = entries[0]
    run.update(results={"best": best.name, "eer": best.results.detection.eer})


def _missing_sentences(entries: Sequence[Entry]) -> list[str]:
    told = {
        one.name: missing_sentence(one.results.missing, one.results.missing_intervals)
        for one in entries
    }
    return [f"{name} was {text}" for name, text in told.items() if text]


def entry_of(run: Run, runs: Path, tested_on: str | None) -> Entry:
    """Return a run with the test that counts.

    Parameters
    ----------
    run : Run
        A training, or an evaluation of scores.
    runs : pathlib.Path
        The runs folder.
    tested_on : str or None
        The name of the data set whose test counts; None for the run's main test.

    Raises
    ------
    RunError
        When it was not tested.
    """
    if run.kind not in (Kind.TRAINING, Kind.EVALUATION):
        raise RunError(f"{name_of(run)} is a {run.kind or 'nameless'} run, and holds no test")
    tests = [one for one in read_outcomes(run) if not one.gender]
    found = [one for one in tests if tested_on is None or one.dataset == tested_on]
    if not found:
        if tests and tested_on is not None:
            there = shorten(one.dataset for one in tests)
            raise RunError(f"{name_of(run)} was not tested on {tested_on}, but on {there}")
        if run.kind == Kind.EVALUATION:
            raise RunError(f"{name_of(run)} holds no results: it is {run.status}")
        remedy = command_to_test(run, runs)
        raise RunError(f"{name_of(run)} is not tested; run first: {remedy}")
    results = Results.read(found[0].path)
    trials = Trials.read(found[0].scores, lambda scores: calibration_of(run).llrs(scores))
    return Entry(run, found[0], results, trials)


def _title(entries: Sequence[Entry]) -> str:
    """Return the title of the figure: whose curves, and what they were tested on."""
    tested_on = dict.fromkeys(one.outcome.dataset for one in entries if one.outcome.dataset)
    return named(f"{curves_title(len(entries))}, tested", shorten(list(tested_on), 3))
