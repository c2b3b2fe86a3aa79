"""Testing a trained run on many test sets at once, and what they come to together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd

from src.evaluation.sets import average_sets, pool_sets, row_of
from src.evaluation.sets_file import SetResults, sets_paths
from src.evaluation.trials import Trials
from src.models.calibrate import calibration_of
from src.models.data import TEST, ClipSource
from src.models.evaluate import Evaluation, evaluate_run
from src.models.lookup import detector_name
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


class Tester(Protocol):
    """Tests a run on what lies in a folder: vectors, or recordings."""

    def open(self, folder: Path) -> ClipSource:
        """Return the test set of a folder.

        Parameters
        ----------
        folder : pathlib.Path
            Of the vectors, or of the data set.
        """

    def test(self, folder: Path, gender: str | None, reuse: bool) -> Evaluation:
        """Test the run on the test set of a folder.

        Parameters
        ----------
        folder, gender, reuse
            See `evaluate_run`.
        """


class VectorTester:
    """Tests a classifier on vectors (see `Tester`).

    Parameters
    ----------
    run : Run
        A finished training of a classifier.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def open(self, folder: Path) -> EmbeddingStore:
        """Return the store of the test's vectors (see `Tester.open`)."""
        return EmbeddingStore.open(folder, self._run.settings["backbone"]["name"], TEST)

    def test(self, folder: Path, gender: str | None, reuse: bool) -> Evaluation:
        """Test the run on vectors (see `Tester.test`)."""
        return evaluate_run(self._run, folder, gender, reuse)


def evaluate_sets(
    run: Run,
    folders: Sequence[Path],
    gender: str | None = None,
    reuse: bool = False,
    tester: Tester | None = None,
) -> SetsEvaluation:
    """Test a run on each of many sets as `evaluate_run` does, and write a table of all beside them.

    A set that cannot be tested is told of in the results, and the others are tested. The order of
    the folders makes no difference.

    Parameters
    ----------
    run : Run
        A finished training.
    folders : sequence of pathlib.Path
        The embeddings' folder of each set, or its data set.
    gender, reuse
        See `evaluate_run`.
    tester : Tester, optional
        By default the run is tested on vectors.

    Raises
    ------
    EmbeddingError
        When two folders hold clips of one data set, or not one set can be tested.
    AudiosError
        When the run cannot be tested at all.
    """
    require_training(run.manifest, run.folder / MANIFEST)
    calibration = calibration_of(run)
    tester = VectorTester(run) if tester is None else tester
    sources, failed = _open_all(tester, folders)
    _require_apart(sources)
    evaluations, tests, rows = [], [], []
    for folder, source in _in_order(run, sources):
        try:
            evaluation = tester.test(folder, gender, reuse)
        except StorageError:
            raise
        except AudiosError as error:
            failed[str(folder)] = str(error)
            continue
        ending = ending_for(run, source)
        evaluations.append(evaluation)
        tests.append(Trials.read(evaluation.scores, calibration.llrs))
        rows.append(
            row_of(
                ending or source.dataset_name,
                evaluation.results,
                dataset=source.dataset,
                embeddings=str(folder) if isinstance(source, EmbeddingStore) else "",
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


_Sources = list[tuple[Path, ClipSource]]


def _open_all(tester: Tester, folders: Sequence[Path]) -> tuple[_Sources, dict[str, str]]:
    sources: _Sources = []
    failed = {}
    for folder in folders:
        try:
            sources.append((folder, tester.open(folder)))
        except AudiosError as error:
            failed[str(folder)] = str(error)
    return sources, failed


def _require_apart(sources: _Sources) -> None:
    """Refuse two sets whose results would have the same files."""
    folders: dict[str, Path] = {}
    for folder, source in sources:
        there = folders.setdefault(source.dataset, folder)
        if there != folder:
            raise EmbeddingError(
                f"{there} and {folder} hold clips of one data set, {source.dataset}, whose results "
                f"share their files; leave one of them out"
            )


def _in_order(run: Run, sources: _Sources) -> _Sources:
    """Return the run's own data set first, then the others by name."""
    own = run.manifest.get("dataset")

    def place(one: tuple[Path, ClipSource]) -> tuple[bool, str, str]:
        source = one[1]
        return source.dataset != own, source.dataset_name, source.dataset

    return sorted(sources, key=place)


def _draw(run: Run, results: SetResults, path: Path) -> None:
    rows = [*results.sets, results.average, results.pooled]
    table = pd.DataFrame({"name": [row.title if row in results.sets else row.name for row in rows]})
    for name in ("eer", "hter"):
        table[name] = [row.values[name] for row in rows]
        table[[f"{name}_low", f"{name}_high"]] = [row.ci95[name] for row in rows]
    told = "" if results.gender is None else f" with gender {results.gender}"
    plot_sets(table, path, f"EER and HTER by test set{told}\n{detector_name(run)}")
