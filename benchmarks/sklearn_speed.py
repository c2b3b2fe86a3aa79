"""How fast SVMs, random forests and t-SNE are, against plain scikit-learn's, on 8,000 vectors.

Run as `python benchmarks/sklearn_speed.py [CLIPS DIM]`. All figures come from one process, the
same vectors and cores, in turn, the best of three rounds each (plain SVMs and t-SNE: of one). A
trial is what a search does of each: fit on the training vectors, score those for validation, a
quarter as many, and keep the model. Beside the times stands what tells whether the results are as
good: the EER, and for t-SNE the share of neighbours that stay neighbours.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.manifold import trustworthiness
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.parts.timing import best_by_turns
from benchmarks.parts.vectors import draw_vectors
from src.models.random_forest.model import RandomForest
from src.models.sklearn_file import save_pipeline
from src.models.svm.machine import decide, fit_machine
from src.models.svm.model import SvmClassifier
from src.utils.accelerated import accelerated
from src.utils.metrics.eer import compute_eer
from src.utils.parallel import n_workers
from src.visualize import tsne

Vectors = tuple[np.ndarray, np.ndarray]


def trial(classifier: type, train: Vectors, validation: Vectors) -> float:
    """Make one trial as a search does, and return its EER."""
    model = classifier()
    sets = [SimpleNamespace(x=x, y=y) for x, y in (train, validation)]
    model.fit(*sets)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
    return compute_eer(model.score(validation[0]), validation[1])[0]


def plain_trial(make: Callable, method: str, train: Vectors, validation: Vectors) -> float:
    """Make the same of scikit-learn's own estimator, and return its EER."""
    pipeline = make_pipeline(StandardScaler(), make()).fit(*train)
    with tempfile.TemporaryDirectory() as folder:
        save_pipeline(Path(folder), pipeline)
    scores = getattr(pipeline, method)(validation[0])
    return compute_eer(scores if scores.ndim == 1 else scores[:, 1], validation[1])[0]


def compare(
    what: str, contestants: dict[str, Callable[[], object]], rounds: int
) -> dict[str, object]:
    """Time `ours` and `plain` in turn, print an EER that they return, and return what they do."""
    found: dict[str, object] = {}

    def kept(name: str) -> None:
        found[name] = contestants[name]()

    best = best_by_turns({name: partial(kept, name) for name in contestants}, rounds)
    for name, seconds in best.items():
        told = f"  {found[name]:.4f}" if isinstance(found[name], float) else ""
        print(f"{what:16s} {name:6s} {seconds:8.2f} s{told}")
    print(f"{what:16s} ratio  {best['plain'] / best['ours']:8.1f}", flush=True)
    return found


def lay_out(x: np.ndarray, is_plain: bool) -> np.ndarray:
    """Return the places that t-SNE gives vectors."""
    with patch.object(tsne, "accelerated", lambda name: None if is_plain else accelerated(name)):
        return tsne.project_tsne(x, 7)


def main() -> None:
    """Measure and print."""
    clips, dim = (int(given) for given in sys.argv[1:3] or (8000, 768))
    train, validation = draw_vectors(clips, dim, seed=7), draw_vectors(clips // 4, dim, seed=8)
    print(
        f"{clips:,} vectors of {dim}, {n_workers()} cores, oneDAL: {accelerated('SVC') is not None}"
    )
    svc = partial(SVC, class_weight="balanced", cache_size=1000)
    forest = partial(RandomForestClassifier, 100, max_depth=5, class_weight="balanced")
    forest = partial(forest, random_state=7, n_jobs=n_workers())
    scaler = StandardScaler().fit(train[0])
    x, other = scaler.transform(train[0]), scaler.transform(validation[0])
    machine = svc().fit(x, train[1])
    compare(
        "SVM fit",
        {"ours": lambda: fit_machine(svc(), x, train[1]), "plain": lambda: svc().fit(x, train[1])},
        rounds=1,
    )
    compare(
        "SVM scores",
        {"ours": lambda: decide(machine, other), "plain": lambda: machine.decision_function(other)},
        rounds=1,
    )
    compare(
        "SVM trial",
        {
            "ours": lambda: trial(SvmClassifier, train, validation),
            "plain": lambda: plain_trial(svc, "decision_function", train, validation),
        },
        rounds=1,
    )
    compare(
        "forest trial",
        {
            "ours": lambda: trial(RandomForest, train, validation),
            "plain": lambda: plain_trial(forest, "predict_proba", train, validation),
        },
        rounds=3,
    )
    places = compare(
        "t-SNE", {"ours": lambda: lay_out(x, False), "plain": lambda: lay_out(x, True)}, rounds=1
    )
    for name, found in places.items():
        print(f"t-SNE            {name:6s} {trustworthiness(x, found, n_neighbors=12):10.4f} kept")


if __name__ == "__main__":
    main()
