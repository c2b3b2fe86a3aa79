"""Runs side by side under conditions: on a page, in a terminal, and in what is kept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.clean import find_removable
from src.evaluation.paired import compare_trials
from src.evaluation.trials import Trials
from src.models.calibrate import calibration_of
from src.reports.answers import document_comparison
from src.results.compare import compare_runs
from src.results.report import write_report
from src.results.robust_differences import TABLE
from src.robustness.kept import read_clips
from src.robustness.measure import measure_conditions, trials_of_scores
from src.robustness.names import CLIPS, results_path, scores_folder
from src.robustness.results import Robustness
from src.scoring.kept import KeptScores
from src.utils.audio.augmentations.conditions import CLEAN, Condition, choose_conditions
from src.utils.files import sha256_file
from src.utils.runs import Run
from src.utils.tables import write_csv
from tests.reports.telling import told
from tests.visualize.reading import read_page

WHITE, GAIN = choose_conditions(["white-25-db", "gain-6-db"])


@pytest.fixture
def add_robustness() -> Callable[..., Robustness]:
    """Write a test of robustness into a tested run: its own scores, and noisier ones."""

    def add(run: Run, *conditions: Condition, noise: float = 1.0, seed: int = 7) -> Robustness:
        calibration, folder = calibration_of(run), scores_folder(run.folder)
        trials = Trials.read(run.folder / "scores_test.csv", calibration.llrs)
        labels = np.where(trials.labels == 1, "bona-fide", "spoof")
        table = {"file": trials.files, "label": labels, "speaker": trials.speakers}
        write_csv(folder / CLIPS, pd.DataFrame(table))
        clips, random = read_clips(folder), np.random.default_rng(run.number)
        spread = noise * trials.scores.std()
        kept = {}
        for place, one in enumerate((CLEAN, *conditions)):
            scores = trials.scores + place * spread * random.normal(size=len(trials))
            kept[one] = KeptScores(folder / f"{one.name}.json", f"{run.number}", scores, {})
            kept[one].write()
        (clean, *others), _ = measure_conditions(clips, kept, calibration, seed)
        about = (str(folder), "set", sha256_file(folder / CLIPS), seed, calibration.threshold)
        found = Robustness(*about, "8 speakers", clean, others)
        found.write(results_path(run.folder))
        return found

    return add


def scores_under(run: Run, condition: Condition) -> Trials:
    folder = scores_folder(run.folder)
    scores = KeptScores.read(folder / f"{condition.name}.json").scores
    everything = np.ones(len(scores), bool)
    trials = trials_of_scores(read_clips(folder), scores, calibration_of(run), everything)
    assert trials is not None
    return trials


def test_runs_under_the_same_conditions(
    runs: Path, run_of: Callable, add_robustness: Callable
) -> None:
    add_robustness(run_of(0), WHITE, GAIN)
    add_robustness(run_of(1), WHITE, noise=2.0)
    done = compare_runs(runs, [0, 1])
    best, other = (one.run for one in done.entries)
    assert done.robustness is not None
    assert done.robustness.names == [one.name for one in done.entries]
    # Only one of them was tested under the other condition.
    assert done.robustness.titles == ["clean", "white, 25 dB"]
    table = done.robustness.table.set_index(["condition", "run"])
    limits = (calibration_of(best).threshold, calibration_of(other).threshold)
    for condition in (CLEAN, WHITE):
        first, second = scores_under(best, condition), scores_under(other, condition)
        wanted = compare_trials(first, second, limits).set_index("metric").loc["eer"]
        row = table.loc[condition.name, done.entries[1].name]
        assert row["eer"] == wanted["second"]
        for name in ("difference", "low", "high"):
            assert row[name] == pytest.approx(wanted[name])
        assert np.isnan(table.loc[condition.name, done.entries[0].name]["difference"])
    assert "Under conditions" in read_page(done.page).text
    assert "white, 25 dB" in told("comparison", done)
    record = document_comparison(done)["robustness"]
    assert record is not None
    assert [one["condition"] for one in record] == ["clean", "clean", WHITE.name, WHITE.name]
    assert record[0]["against"] is None
    assert record[1]["against"] == done.entries[0].name
    assert len(pd.read_csv(done.run.folder / TABLE)) == 4
    left = [path for one in find_removable("runs", runs) for path in one.left]
    assert left == []


def test_without_a_second_one_there_is_nothing_to_compare(
    runs: Path, run_of: Callable, add_robustness: Callable
) -> None:
    add_robustness(run_of(0), WHITE)
    done = compare_runs(runs, [0, 1])
    assert done.robustness is None
    assert document_comparison(done)["robustness"] is None
    assert "Under conditions" not in read_page(done.page).text


def test_other_clips_seeds_and_scores_are_not_compared(
    runs: Path, run_of: Callable, add_robustness: Callable
) -> None:
    add_robustness(run_of(0), WHITE)
    add_robustness(run_of(1), WHITE, seed=8)
    assert compare_runs(runs, [0, 1]).robustness is None
    add_robustness(run_of(1), WHITE)
    kept = scores_folder(run_of(1).folder) / f"{WHITE.name}.json"
    kept.write_text(kept.read_text().replace('"1"', '"newer"', 1))
    robustness = compare_runs(runs, [0, 1]).robustness
    assert robustness is not None
    assert robustness.titles == ["clean"]
    path = run_of(1).folder / "scores_test.csv"
    path.write_text(path.read_text().replace("downstream_test/", "elsewhere/"))
    add_robustness(run_of(1), WHITE)
    done = compare_runs(runs, [0, 1])
    assert done.robustness is None
    assert any("robustness of" in note and "other clips" in note for note in done.notes)


def test_page_card_and_limits_tell_of_it(
    runs: Path, run_of: Callable, add_robustness: Callable
) -> None:
    run = run_of(0)
    write_report(run, runs)
    card = run.folder / "model_card.md"
    assert "Noise, codecs, transmission" in card.read_text()
    found = add_robustness(run, WHITE, noise=3.0)
    write_report(run, runs)
    text = card.read_text()
    assert "## Robustness" in text
    assert "Noise, codecs, transmission" not in text
    assert text.count("white, 25 dB") >= 3
    assert f"{found.conditions[0].eer:.1%}" in text
    page = read_page(run.report).text
    assert "Robustness" in page
    assert "white, 25 dB" in page
