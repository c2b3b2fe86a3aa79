"""What is known of a run, as values that a program reads."""

from collections.abc import Sequence
from typing import Any

from src.results.naming import describe, name_of
from src.results.outcomes import Outcome
from src.utils.renamed import label_of
from src.utils.runs import Run


def record_of(run: Run, outcomes: Sequence[Outcome], validation_eer: float | None) -> dict:
    """Return what `ListRuns --json` says of a run.

    Parameters
    ----------
    run : Run
        A run, a search trial or a study.
    outcomes : sequence of Outcome
        Its tests.
    validation_eer : float or None
        Of a training, or of the best trial of a study.

    Returns
    -------
    dict
        The run itself; `test_eer` and what belongs to it of the test that stands for the run, on
        all clips of its own data set where there is one; `tests`, every test. What is not known
        is None.
    """
    settings, study = run.settings, run.study
    tests = [test_record(one) for one in outcomes]
    main = next((one for one in tests if one["gender"] is None), {})
    return {
        **run_record(run),
        "kind": run.kind or None,
        "status": run.status,
        "what": describe(run),
        "study_number": None if study is None else study.number,
        "backbone": label_of(settings.get("backbone")) or None,
        "classifier": settings.get("classifier"),
        "layer": settings.get("layer"),
        "pooling": settings.get("pooling"),
        "started": run.manifest.get("started"),
        "validation_eer": validation_eer,
        "test_eer": main.get("eer"),
        "test_eer_ci95": main.get("eer_ci95"),
        "min_dcf": main.get("min_dcf"),
        "tested_on": main.get("dataset"),
        "tests": tests,
    }


def run_record(run: Run) -> dict[str, Any]:
    """Return how a run is called and where it lies.

    Parameters
    ----------
    run : Run
        Any run.
    """
    return {"number": run.number, "name": name_of(run), "folder": str(run.folder)}


def test_record(outcome: Outcome) -> dict[str, Any]:
    """Return the main numbers of one test.

    Parameters
    ----------
    outcome : Outcome
        Of a training, or of an evaluation of scores.
    """
    values = outcome.values
    low, high = values.get("ci95", {}).get("eer", (None, None))
    return {
        "dataset": outcome.dataset or None,
        "gender": outcome.gender or None,
        "eer": outcome.eer,
        "eer_ci95": None if low is None or high is None else [low, high],
        "min_dcf": values.get("min_dcf"),
        "n_bona_fide": values.get("n_bona_fide"),
        "n_spoof": values.get("n_spoof"),
        "results": str(outcome.path),
    }
