"""The best runs of many searches, each against the one that is the best by validation."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from src.results.compare import entry_of, keep_comparison
from src.results.differences import Comparison, Entry
from src.utils.embeddings.selection import Selection
from src.utils.files import sha256_file
from src.utils.metrics.table import EER
from src.utils.renamed import label_of
from src.utils.runs import Kind, Run, find_complete, list_runs, resumed_run


@dataclass(frozen=True)
class Combination:
    """A backbone with a classifier: what the search of the two has found.

    Attributes
    ----------
    run : Run
        The best trial's, tested.
    study : Run
        The search.
    validation_eer : float
        By which the trial is the best.
    """

    run: Run
    study: Run
    validation_eer: float


def compare_combinations(runs: Path, chosen: Sequence[Combination], seed: int) -> Comparison:
    """Compare the best runs of searches with the first of them, into a run of its own.

    An equal comparison that is there is not written again.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    chosen : sequence of Combination
        The best by validation first.
    seed : int
        Of the bootstrap.

    Raises
    ------
    RunError
        When a run was not tested.
    """
    entries = [entry_of(one.run, runs, None) for one in chosen]
    names = [f"{one.study.folder.name}/{one.run.folder.name}" for one in chosen]
    settings = {"runs": names, "chosen_by": "validation", "seed": seed}
    pairs = zip(names, entries, strict=True)
    inputs = {name: sha256_file(entry.outcome.scores) for name, entry in pairs}
    found = find_complete(list_runs(runs), Kind.COMPARISON, settings, inputs)
    opening = (
        resumed_run(runs, Kind.COMPARISON, settings, inputs)
        if found is None
        else nullcontext(found)
    )
    return keep_comparison(opening, entries, seed, lambda done: _with_table(done, chosen))


def _with_table(done: Comparison, chosen: Sequence[Combination]) -> Comparison:
    rows = [_row(*both) for both in zip(done.entries, chosen, strict=True)]
    table = pd.DataFrame(rows)
    pairs = done.pairs[done.pairs["metric"] == EER.name].drop(columns=["metric", "best"])
    renamed = pairs.rename(columns={"low": "difference_low", "high": "difference_high"})
    return replace(done, combinations=table.merge(renamed, "left", on="run"))


def _row(entry: Entry, one: Combination) -> dict[str, object]:
    settings = one.run.settings
    selection = Selection.of(settings)
    low, high = entry.results.ci95[EER.name]
    return {
        "backbone": label_of(settings["backbone"]),
        "classifier": settings["classifier"],
        "layer": selection.layer,
        "pooling": selection.pooling or "all",
        "validation_eer": one.validation_eer,
        "test_eer": entry.results.detection.eer,
        "low": low,
        "high": high,
        "cllr": entry.results.detection.cllr,
        "run": entry.name,
    }
