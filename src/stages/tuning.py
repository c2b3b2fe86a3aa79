"""Every backbone with every classifier: searched, tested, and held against the best of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src import stages
from src.models.data import TEST, TRAIN, TrainingStores
from src.models.registry import CLASSIFIERS
from src.results.combinations import Combination, compare_combinations
from src.results.differences import Comparison
from src.search.choice import ranking
from src.search.optimize import Search, SearchOptions
from src.utils.config import VALIDATION_CLLR, VALIDATION_EER
from src.utils.embeddings.presets import BACKBONES
from src.utils.embeddings.store import MANIFEST, EmbeddingStore
from src.utils.errors import AudiosError

Heard = Callable[[Search], None]
"""Given each search when it has ended, or was stopped."""


@dataclass(frozen=True)
class TuningSettings:
    """Which combinations are tried, and how.

    Attributes
    ----------
    embeddings, runs : pathlib.Path
        The folders of embeddings and of runs.
    backbones : sequence of str
        Names of `BACKBONES`; empty for those that there are embeddings of.
    classifiers : sequence of str
        Names of `registry.CLASSIFIERS`.
    n_trials : int or None
        Of each search; None for the classifier's own number.
    seed : int
        Of everything random.
    augmented : bool
        Whether every trial learns from the augmented copies of the training clips, too.
    options : SearchOptions or None
        Folds, pruning, seeds and workers.
    """

    embeddings: Path
    runs: Path
    backbones: Sequence[str] = ()
    classifiers: Sequence[str] = CLASSIFIERS.names
    n_trials: int | None = None
    seed: int = 7
    augmented: bool = False
    options: SearchOptions | None = None


def tune_all(
    settings: TuningSettings,
    on_search: Heard | None = None,
    on_audit: stages.models.AuditHeard | None = None,
) -> Comparison:
    """Search every classifier on the vectors of every backbone, test the best run of each search.

    Each is compared with the one that is the best by validation, before any test is read. What
    an equal call before has done is not done again, so that one that was stopped goes on.

    Parameters
    ----------
    settings : TuningSettings
        What is asked for.
    on_search : callable, optional
        See `Heard`.
    on_audit : callable, optional
        Called once with what the newest audit says of the recordings.

    Raises
    ------
    EmbeddingError
        Before any work, when a backbone lacks embeddings.
    AudiosError
        As searches and tests do.
    KeyboardInterrupt
        When a search was stopped by it.
    """
    backbones = settings.backbones or _embedded(settings.embeddings)
    for name in backbones:
        TrainingStores.open(settings.embeddings, name, settings.augmented)
        EmbeddingStore.open(settings.embeddings, name, TEST)
    searches: list[tuple[Search, dict[str, Any]]] = []
    for name in backbones:
        for classifier in settings.classifiers:
            heard = None if searches else on_audit
            search = search_to_the_end(
                on_search,
                name,
                classifier,
                settings.embeddings,
                settings.runs,
                settings.n_trials,
                seed=settings.seed,
                on_audit=heard,
                augmented=settings.augmented,
                options=settings.options,
            )
            if search.best is None:
                raise AudiosError(f"{search.study.folder} has no finished trial yet")
            searches.append((search, search.best))
    # Settled here, before the first test.
    eers, cllrs = (
        [float("nan") if best[key] is None else best[key] for _, best in searches]
        for key in (VALIDATION_EER, VALIDATION_CLLR)
    )
    chosen = [_test(settings, *searches[place]) for place in ranking(eers, cllrs)]
    return compare_combinations(settings.runs, chosen, settings.seed)


def search_to_the_end(on_search: Heard | None, *asked: Any, **options: Any) -> Search:
    """Go on with a search that is there, or begin it, and come back when it has ended only.

    Parameters
    ----------
    on_search : callable or None
        See `Heard`.
    asked, options
        As `stages.models.optimize` takes them.

    Raises
    ------
    AudiosError
        As `stages.models.optimize` does.
    KeyboardInterrupt
        When the search was stopped by it.
    """
    search: Search = stages.models.optimize(*asked, **(options | {"reuse": True}))
    if on_search is not None:
        on_search(search)
    if search.was_stopped:
        raise KeyboardInterrupt
    return search


def _embedded(embeddings: Path) -> list[str]:
    """Return the backbones that there are embeddings of, or one, by which the lack is told."""
    found = [name for name in BACKBONES if (embeddings / name / TRAIN / MANIFEST).is_file()]
    return found or [next(iter(BACKBONES))]


def _test(settings: TuningSettings, search: Search, best: dict[str, Any]) -> Combination:
    evaluation = stages.models.test(
        settings.embeddings,
        settings.runs,
        best["backbone"],
        best["classifier"],
        study_number=search.study.number,
        reuse=True,
    )
    return Combination(evaluation.run, search.study, best[VALIDATION_EER])
