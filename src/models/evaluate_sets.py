"""Testing a trained run on many test sets at once, and what they come to together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from src.evaluation.sets import average_sets, pool_sets, row_of
from src.evaluation.sets_file import SetResults, sets_paths
from src.evaluation.trials import Trials
from src.models.calibrate import calibration_of
from src.models.data import TEST
from src.models.evaluate import Evaluation, evaluate_run
from src.models.lookup import detector_name, require_vectors
from src.models.tested import ending_for
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import AudiosError, EmbeddingError, StorageError
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run
from src.visualize.score_plots import plot_sets


@dataclass(frozen=True)
class SetsEvaluation:
    """A finished test of one run on many test sets.

    Attributes
    ----------
    run : Run
        The training that was tested.
    results : SetResults
        The metrics of each set, and of all together.
    path : pathlib.Path
        The JSON file of the results.
    figure : pathlib.Path
        The picture of them.
    evaluations : list of Evaluation
        The test on each set, as it would be alone.
    """

    run: Run
    results: SetResults
    path: Path
    figure: Path
    evaluations: list[Evaluation]


def evaluate_sets(
    run: Run, folders: Sequence[Path], gender: str | None = None, reuse: bool = False
) -> SetsEvaluation:
    """Test a run on each of many sets as `evaluate_run` does, and write a table of all beside them.

    A set that cannot be tested is told of in the results, and the others are tested. The order of
    the folders makes no difference.

    Parameters
    ----------
    run : Run
        A finished training.
    folders : sequence of pathlib.Path
        The embeddings' folder of each set.
    gender, reuse
        See `evaluate_run`.

    Raises
    ------
    EmbeddingError
        When two folders hold clips of one data set, or not one set can be tested.
    AudiosError
        When the run cannot be tested at all.
    """
    require_training(run.manifest, run.folder / MANIFEST)
    require_vectors(run)
    calibration = calibration_of(run)
    stores, failed = _open_all(run, folders)
    _require_apart(stores)
    evaluations, tests, rows = [], [], []
    for store in _in_order(run, stores):
        try:
            evaluation = evaluate_run(run, store.embeddings, gender, reuse)
        except StorageError:
            raise
        except AudiosError as error:
            failed[str(store.embeddings)] = str(error)
            continue
        ending = ending_for(run, store)
        evaluations.append(evaluation)
        tests.append(Trials.read(evaluation.scores, calibration.llrs))
        rows.append(
            row_of(
                ending or store.dataset_name,
                evaluation.results,
                dataset=store.dataset,
                embeddings=str(store.embeddings),
                is_own=not ending,
            )
        )
    if not rows:
        reasons = "; ".join(f"{folder}: {reason}" for folder, reason in sorted(failed.items()))
        raise EmbeddingError(f"not one of {len(folders)} test sets can be tested: {reasons}")
    threshold, seed = calibration.threshold, run.settings["seed"]
    results = SetResults(
        threshold=threshold,
        sets=rows,
        average=average_sets(tests, threshold, seed),
        pooled=pool_sets(tests, threshold, seed),
        gender=gender,
        failed=dict(sorted(failed.items())),
    )
    path, figure = sets_paths(run.folder, gender)
    with run.changing():
        _draw(run, results, figure)
        results.write(path)
    return SetsEvaluation(run, results, path, figure, evaluations)


def _open_all(run: Run, folders: Sequence[Path]) -> tuple[list[EmbeddingStore], dict[str, str]]:
    stores, failed = [], {}
    for folder in folders:
        try:
            stores.append(EmbeddingStore.open(folder, run.settings["backbone"]["name"], TEST))
        except AudiosError as error:
            failed[str(folder)] = str(error)
    return stores, failed


def _require_apart(stores: Sequence[EmbeddingStore]) -> None:
    """Refuse two sets whose results would have the same files."""
    folders: dict[str, Path] = {}
    for store in stores:
        there = folders.setdefault(store.dataset, store.embeddings)
        if there != store.embeddings:
            raise EmbeddingError(
                f"{there} and {store.embeddings} hold clips of one data set, {store.dataset}, "
                f"whose results share their files; leave one of them out"
            )


def _in_order(run: Run, stores: Sequence[EmbeddingStore]) -> list[EmbeddingStore]:
    """Return the run's own data set first, then the others by name."""
    own = run.manifest.get("dataset")

    def place(store: EmbeddingStore) -> tuple[bool, str, str]:
        return store.dataset != own, store.dataset_name, store.dataset

    return sorted(stores, key=place)


def _draw(run: Run, results: SetResults, path: Path) -> None:
    rows = [*results.sets, results.average, results.pooled]
    table = pd.DataFrame({"name": [row.title if row in results.sets else row.name for row in rows]})
    for name in ("eer", "hter"):
        table[name] = [row.values[name] for row in rows]
        table[[f"{name}_low", f"{name}_high"]] = [row.ci95[name] for row in rows]
    told = "" if results.gender is None else f" with gender {results.gender}"
    plot_sets(table, path, f"EER and HTER by test set{told}\n{detector_name(run)}")
