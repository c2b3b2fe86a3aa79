"""ListRuns: a table of all runs with their error rates and the data sets of their tests."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.evaluation.formatting import missing_sentence
from src.evaluation.results_file import TEST_RESULTS, missing_from
from src.models.lookup import BEST, find_study, read_best
from src.models.registry import CLASSIFIERS
from src.results.naming import describe, name_of
from src.results.outcomes import Outcome, read_outcomes
from src.results.records import record_of
from src.utils.errors import AudiosError
from src.utils.metrics.table import EER, METRICS
from src.utils.runs import RUN, Kind, Run, list_sound, studied_classifiers

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    *("run", "what", "validation EER", "test EER", "95 % interval", "minDCF", "tested on"),
    *("status", "when"),
]

BY_EER, BY_NUMBER, BY_TIME = "eer", "number", "time"
ORDERS = (BY_EER, BY_NUMBER, BY_TIME)


@dataclass(frozen=True)
class Listing:
    """Every run of a folder.

    Attributes
    ----------
    folder : pathlib.Path
        The runs folder, or a study's.
    rows : list of dict of str to str
        One of each run, study or tested search trial, by the name of the column (`COLUMNS`).
    records : list of dict
        The same as values, in the same order (see `record_of`).
    faults : list of str
        What could not be read, or was tested before all of it was measured, a sentence each.
    """

    folder: Path
    rows: list[dict[str, str]]
    records: list[dict[str, Any]]
    faults: list[str]

    @cached_property
    def table(self) -> "pd.DataFrame":
        """The rows as a table, for notebooks."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=COLUMNS)


def list_all(
    runs: Path,
    study_number: int | None = None,
    classifier: str | None = None,
    order: str = BY_EER,
) -> Listing:
    """List the runs, studies and tested search trials of a folder, or all trials of a study.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    study_number : int, optional
        Of the study whose search trials are listed.
    classifier : str, optional
        Only runs of this classifier; where two studies have one number, the one that is meant.
    order : {'eer', 'number', 'time'}
        `eer` puts the lowest test EER first, then what was only validated, then the rest.

    Raises
    ------
    RunError
        When there is no such study.
    """
    folder = runs if study_number is None else find_study(runs, study_number, classifier).folder
    found, faults = _read(folder)
    rows = []
    for run in found:
        try:
            if classifier is None or run.settings.get("classifier") == classifier:
                outcomes = read_outcomes(run)
                missing = _missing_sentences(run, outcomes)
                record = record_of(run, outcomes, _validation_eer(run))
                row = _describe(run, outcomes, with_study=study_number is None)
                rows.append(row | {"record": record})
                faults += missing
        except (AttributeError, AudiosError, KeyError, TypeError, ValueError) as error:
            faults.append(f"{run.folder} is left out: {error}")
    rows.sort(key=lambda row: row[f"by {order}"])
    told = [{name: row[name] for name in COLUMNS} for row in rows]
    return Listing(folder, told, [row["record"] for row in rows], faults)


def _read(folder: Path) -> tuple[list[Run], list[str]]:
    """Return all runs and studies, the search trials that were tested, and faults of others."""
    found, faults = list_sound(folder)
    # Also those of a classifier that is no longer, or not yet, in the table.
    for classifier in dict.fromkeys([*CLASSIFIERS, *studied_classifiers(folder)]):
        studies, wrong = list_sound(folder, study_of=classifier)
        found, faults = [*found, *studies], [*faults, *wrong]
        for study in studies:
            trials, wrong = list_sound(study.folder)
            found += [trial for trial in trials if any(trial.folder.glob(f"{TEST_RESULTS}*.json"))]
            faults += wrong
    return found, faults


def _missing_sentences(run: Run, outcomes: list[Outcome]) -> list[str]:
    """Say what the tests of a run lack, each sentence once."""
    told = [missing_sentence(*missing_from(one.values)) for one in outcomes]
    return [f"{name_of(run)} was {text}" for text in dict.fromkeys(told) if text]


def _describe(run: Run, outcomes: list[Outcome], with_study: bool) -> dict[str, Any]:
    main = next((one for one in outcomes if not one.gender), None)
    validation = _validation_eer(run)
    test = float("inf") if main is None else main.eer
    started = str(run.manifest.get("started", ""))
    return {
        "run": name_of(run).removeprefix(f"{RUN} ") if with_study else str(run.number),
        "what": describe(run),
        "validation EER": "" if validation is None else EER.write(validation),
        "test EER": "" if main is None else EER.write(main.eer),
        "95 % interval": "" if main is None else _span(main),
        "minDCF": "" if main is None else _min_dcf(main),
        "tested on": _tested_on(main, outcomes),
        "status": run.status,
        "when": started.replace("T", " ")[:16],
        "by eer": (test, float("inf") if validation is None else validation, run.number),
        "by number": (run.kind == Kind.STUDY, run.prefix != RUN, run.prefix, run.number),
        "by time": started,
    }


def _validation_eer(run: Run) -> float | None:
    if run.kind == Kind.STUDY:
        path = run.folder / BEST
        return float(read_best(run)["validation_eer"]) if path.is_file() else None
    found = run.manifest.get("results", {}) if run.kind == Kind.TRAINING else {}
    return float(found["validation_eer"]) if "validation_eer" in found else None


def _span(outcome: Outcome) -> str:
    low, high = outcome.values.get("ci95", {}).get("eer", (None, None))
    return "" if low is None or high is None else EER.write_interval(low, high)


def _min_dcf(outcome: Outcome) -> str:
    value = outcome.values.get("min_dcf")
    return "" if value is None else METRICS["min_dcf"].write(value)


def _tested_on(main: Outcome | None, outcomes: list[Outcome]) -> str:
    """Name the data set and its clips, and the EER of every other test."""
    told = []
    for one in outcomes:
        n_clips = sum(one.values.get(f"n_{name}", 0) for name in ("bona_fide", "spoof"))
        if one is main:
            told.append(f"{one.dataset or 'its test'} ({n_clips:,} clips)")
        else:
            what = " ".join(filter(None, ["" if one.is_own else one.dataset, one.gender]))
            told.append(f"{what} {EER.write(one.eer)}")
    return "; ".join(told)
