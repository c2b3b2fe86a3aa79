"""The tests that a run's folder holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.evaluation.results_file import (
    FIGURES,
    RESULTS,
    SCORES,
    TEST_RESULTS,
    figure_paths,
    read_values,
)
from src.models.tested import ENDINGS
from src.results.naming import dataset_name
from src.utils.config import GENDERS
from src.utils.errors import RunError
from src.utils.runs import Kind, Run

if TYPE_CHECKING:
    from src.evaluation.results import Results

_WORDS = {"F": "women's clips", "M": "men's clips"}


@dataclass(frozen=True)
class Outcome:
    """One test of a run.

    Attributes
    ----------
    folder : pathlib.Path
        The run's.
    path, scores : pathlib.Path
        The files of the results and of the scores.
    suffix : str
        What the names of its figures' files end in.
    values : dict
        The results as the file holds them, flat.
    dataset : str
        The name of the data set.
    gender : str
        `F` or `M`; empty for a test on the clips of everybody.
    is_own : bool
        Whether it is of the data set that the run was trained on.
    """

    folder: Path
    path: Path
    scores: Path
    suffix: str
    values: dict[str, Any]
    dataset: str
    gender: str = ""
    is_own: bool = True

    @property
    def eer(self) -> float:
        """The EER."""
        return float(self.values["eer"])

    @property
    def title(self) -> str:
        """What it was tested on, in a few words."""
        whose = f"{_WORDS[self.gender]} of " if self.gender else ""
        return f"{whose}the data set {self.dataset}" if self.dataset else f"{whose}the test"

    @property
    def figures(self) -> dict[Path, str]:
        """What each figure that is there shows."""
        paths = figure_paths(self.folder, self.suffix)
        return {paths[name]: about for name, about in FIGURES.items() if paths[name].is_file()}


def read_outcomes(run: Run) -> list[Outcome]:
    """Return every test of a run: of all clips of its own data set first, then the others.

    Parameters
    ----------
    run : Run
        A training, or an evaluation of scores.

    Raises
    ------
    AudiosError
        When a file is damaged.
    """
    if run.kind == Kind.EVALUATION:
        path = run.folder / RESULTS
        if not path.is_file():
            return []
        # Scores that tell the classes themselves have no protocol beside them.
        name = Path(str(run.settings.get("protocol") or run.settings.get("scores", ""))).name
        return [Outcome(run.folder, path, run.folder / SCORES, "", _read(path), name)]
    paths = sorted(run.folder.glob(f"{TEST_RESULTS}*.json"))
    found = [_of_training(run, path) for path in paths]
    return sorted(found, key=lambda one: (not one.is_own, one.dataset, one.gender))


@dataclass(frozen=True)
class Tests:
    """The tests of a run with their results.

    Attributes
    ----------
    main : (Outcome, Results) or None
        The one that stands for the run: of its own data set, or else of another.
    others : list of (Outcome, Results)
        All others.
    """

    main: "tuple[Outcome, Results] | None"
    others: "list[tuple[Outcome, Results]]"


def read_tests(run: Run) -> Tests:
    """Return every test of a run with its results.

    Parameters
    ----------
    run : Run
        A training, or an evaluation of scores.

    Raises
    ------
    AudiosError
        When a file is damaged.
    """
    # Here, since a list of runs needs no more than the numbers in the files.
    from src.evaluation.results import Results

    main, others = None, []
    for outcome in read_outcomes(run):
        results = Results.read(outcome.path)
        if main is None and not outcome.gender:
            main = (outcome, results)
        else:
            others.append((outcome, results))
    return Tests(main, others)


def _of_training(run: Run, path: Path) -> Outcome:
    suffix = path.stem.removeprefix(TEST_RESULTS)
    ending, gender = suffix.removeprefix("_"), ""
    for name in GENDERS:
        if suffix.endswith(f"_{name}"):
            ending, gender = suffix.removesuffix(f"_{name}").removeprefix("_"), name
    values = _read(path)
    own = dataset_name(run)
    return Outcome(
        folder=run.folder,
        path=path,
        scores=run.folder / f"scores_test{suffix}.csv",
        suffix=suffix,
        values=values,
        dataset=ending if ending in run.manifest.get(ENDINGS, {}) else own,
        gender=gender,
        is_own=not ending,
    )


def _read(path: Path) -> dict[str, Any]:
    values = read_values(path)
    if "eer" not in values:
        raise RunError(f"{path} is damaged: eer is missing; remove it, and test again")
    return values
