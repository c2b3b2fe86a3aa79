"""All figures of a test, of its own trials, under names that results are found by."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from src.evaluation import figures
from src.evaluation.figures import draw_figures
from src.evaluation.results import evaluate_trials
from src.evaluation.results_file import FIGURES, figure_paths


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch) -> None:
    monkeypatch.setattr("src.evaluation.results.RESAMPLES", 20)


def test_all_are_drawn(make_trials: Callable, tmp_path: Path) -> None:
    trials = make_trials(conditions={"gender": np.where(np.arange(120) < 60, "F", "M")})
    results = evaluate_trials(trials, 0.0)
    drawn = draw_figures(trials, results, tmp_path, "_a.b_M", "a $title$ of_a_test")
    assert drawn == list(figure_paths(tmp_path, "_a.b_M").values())
    assert [path.name for path in drawn] == [f"{name}_a.b_M.png" for name in FIGURES]
    assert sorted(tmp_path.iterdir()) == sorted(drawn)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)


def replace_plots(monkeypatch, plot: Callable[..., None]) -> None:
    """Call `plot` with the name of the figure and what its own function would be given."""
    for name in FIGURES:
        own = f"plot_{name.removesuffix('_matrix').removesuffix('_curve')}"
        monkeypatch.setattr(figures, own, partial(plot, name))


def test_no_figure_of_groups_without_groups(
    make_trials: Callable, tmp_path: Path, monkeypatch
) -> None:
    replace_plots(monkeypatch, lambda name, *given: given[-2].touch())
    trials = make_trials()
    stale, other = (figure_paths(tmp_path, suffix)["breakdowns"] for suffix in ("", "_M"))
    for path in (stale, other):
        path.write_bytes(b"of a test before")
    drawn = draw_figures(trials, evaluate_trials(trials, 0.0), tmp_path, "", "t")
    assert [path.stem for path in drawn] == [name for name in FIGURES if name != "breakdowns"]
    assert not stale.exists() and other.exists()


def test_what_each_is_given(make_trials: Callable, tmp_path: Path, monkeypatch) -> None:
    given = {}
    replace_plots(monkeypatch, lambda name, *values: given.setdefault(name, values))
    trials = make_trials(conditions={"gender": np.where(np.arange(120) < 60, "F", "M")})
    results = evaluate_trials(trials, 0.3, confidence=0.7)
    draw_figures(trials, results, tmp_path, "_x", "t")
    assert set(given) == set(FIGURES)
    for name, values in given.items():
        assert values[-2:] == (tmp_path / f"{name}_x.png", f"{FIGURES[name]}\nt")
    curve, detection = given["det_curve"][:2]
    assert (curve.eer, detection) == (results.detection.eer, results.detection)
    assert given["scores"][0] is trials.scores and given["scores"][2] == 0.3
    assert given["reliability"][0] is given["tippett"][0] is trials.llrs
    assert given["reliability"][2] == 0.7
    groups, eer = given["breakdowns"][:2]
    assert eer == results.detection.eer
    assert groups["gender"]["group"].tolist() == ["F", "M"]
    assert groups["gender"]["n_spoof"].tolist() == [30, 30]
