"""Evaluating the scores of any system: what is read, calibrated, decided and written."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.evaluation.evaluate_scores import ScoreSettings, evaluate_score_file
from src.evaluation.results import Results
from src.evaluation.results_file import FIGURES
from src.utils.errors import AudiosError
from src.utils.metrics.calibration import fit_calibration
from src.utils.metrics.cllr import cllr
from src.utils.metrics.detection import evaluate_scores
from src.utils.runs import list_runs

N = 120
CHANCE = np.random.default_rng(5)
LABELS = np.arange(N) % 2
SCORES = (CHANCE.normal(size=N) + 2 * LABELS).round(6)
FILES = [f"LA_E_{number:04d}" for number in range(N)]


def write_key(path: Path, labels: np.ndarray = LABELS) -> Path:
    """An ASVspoof 2019 protocol with 12 speakers and two attacks."""
    lines = [
        f"LA_{place // 10:04d} {file} - {'-' if label else f'A{17 + place // 60}'} "
        f"{'bonafide' if label else 'spoof'}"
        for place, (file, label) in enumerate(zip(FILES, labels, strict=True))
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_scores(path: Path, scores: np.ndarray = SCORES) -> Path:
    # Backwards: the order of a score file is its own.
    pairs = list(zip(FILES, scores.tolist(), strict=True))[::-1]
    path.write_text("".join(f"{file} {score!r}\n" for file, score in pairs))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> ScoreSettings:
    return ScoreSettings(write_scores(tmp_path / "s.txt"), write_key(tmp_path / "key.txt"))


def test_figures_are_those_of_the_scores(settings: ScoreSettings, tmp_path: Path) -> None:
    done = evaluate_score_file(settings, tmp_path / "runs")
    expected = evaluate_scores(SCORES, LABELS, 0.0)
    assert done.results.detection == expected
    assert not done.is_calibrated
    assert not [text for text in done.results.warnings if "no trial" in text]
    written = json.loads(done.path.read_text())
    assert {name: written[name] for name in expected.as_dict()} == expected.as_dict()
    assert written["ci95_over"] == "12 speakers"
    assert written["ci95_attacks_over"] == "12 speakers and 2 attacks"
    assert [group["group"] for group in written["breakdowns"]["attack"]] == ["A17", "A18"]
    assert written["breakdowns"]["attack"][0]["against"] == "bona-fide"
    assert Results.read(done.path).detection == expected
    folder = done.run.folder
    names = {"results.json", "scores.csv", "manifest.json", *(f"{name}.png" for name in FIGURES)}
    assert names == {path.name for path in folder.iterdir()}
    [run] = list_runs(tmp_path / "runs")
    assert (run.kind, run.is_complete) == ("evaluate", True)
    assert run.settings["scores"] == str(tmp_path / "s.txt")
    assert set(run.inputs) == {"scores", "protocol"}


def test_polarity_turns_scores_and_threshold_around(
    settings: ScoreSettings, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("src.evaluation.evaluate_scores.draw_figures", lambda *about: [])
    scores = write_scores(tmp_path / "n.txt", -SCORES)
    about = {"polarity": "spoof", "threshold": -0.75}
    turned = ScoreSettings(scores, settings.protocol, **about)
    found = evaluate_score_file(turned, tmp_path / "runs").results.detection
    assert found == evaluate_scores(SCORES, LABELS, 0.75)
    wrong = ScoreSettings(scores, settings.protocol)
    results = evaluate_score_file(wrong, tmp_path / "runs").results
    assert results.detection.eer > 0.5
    assert any("polarity" in text for text in results.warnings)


def test_calibrated_on_other_scores(settings: ScoreSettings, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("src.evaluation.evaluate_scores.draw_figures", lambda *about: [])
    chance = np.random.default_rng(6)
    other = (3 * (chance.normal(size=N) + 2 * LABELS) + 40).round(6)
    dev = write_scores(tmp_path / "dev.txt", other), write_key(tmp_path / "devkey.txt")
    tested = write_scores(tmp_path / "t.txt", 3 * SCORES + 40)
    done = evaluate_score_file(
        ScoreSettings(tested, settings.protocol, validation=dev), tmp_path / "runs"
    )
    fitted = fit_calibration(other, LABELS)
    found = done.results.detection
    assert done.is_calibrated
    assert found.threshold == fitted.threshold
    assert found.cllr == pytest.approx(cllr(fitted.llrs(3 * SCORES + 40), LABELS), abs=1e-12)
    # As they are, scores around 40 would promise the moon.
    raw = evaluate_score_file(ScoreSettings(tested, settings.protocol), tmp_path / "runs")
    assert found.cllr < 0.7 < 5 < raw.results.detection.cllr
    given = ScoreSettings(tested, settings.protocol, validation=dev, threshold=41.5)
    assert evaluate_score_file(given, tmp_path / "runs").results.detection.threshold == 41.5


def test_tandem_costs(settings: ScoreSettings, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("src.evaluation.evaluate_scores.draw_figures", lambda *about: [])
    asv = tmp_path / "asv.txt"
    # At the verifier's EER threshold of 3: no target missed, no other let in, half the spoofs in.
    asv.write_text(
        "bonafide target 3\nbonafide target 4\nbonafide nontarget 1\nbonafide nontarget 2\n"
        "A17 spoof 5\nA17 spoof 0\n"
    )
    about = ScoreSettings(settings.scores, settings.protocol, asv_scores=asv)
    done = evaluate_score_file(about, tmp_path / "runs")
    rates = [
        (np.mean(SCORES[LABELS == 1] < at), np.mean(SCORES[LABELS == 0] >= at))
        for at in [*SCORES, np.inf]
    ]
    # c0 = 0, c1 = 0.95 * 0.99 * 1, c2 = 0.05 * 10 * 0.5.
    expected = min(0.9405 * frr + 0.25 * far for frr, far in rates) / 0.25
    assert done.results.tandem["min_tdcf"] == pytest.approx(expected, abs=1e-12)
    assert done.results.tandem["min_tdcf_2019"] == pytest.approx(expected, abs=1e-12)
    assert json.loads(done.path.read_text())["min_tdcf"] == done.results.tandem["min_tdcf"]


def test_scores_of_no_trial_are_told_and_missing_ones_refused(
    settings: ScoreSettings, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("src.evaluation.evaluate_scores.draw_figures", lambda *about: [])
    with settings.scores.open("a") as stream:
        stream.write("LA_E_9999 1.5\n")
    told = ".*key.txt has no trial for 1 of the scores in .*s.txt: LA_E_9999"
    done = evaluate_score_file(settings, tmp_path / "runs")
    assert re.fullmatch(told, done.results.warnings[0])
    # Where the page, the lists and comparisons read them.
    assert Results.read(done.path).warnings == done.results.warnings
    both = replace(settings, validation=(settings.scores, settings.protocol))
    assert re.fullmatch(told, evaluate_score_file(both, tmp_path / "runs").results.warnings[0])
    lines = settings.scores.read_text().splitlines()[3:]
    settings.scores.write_text("\n".join(lines) + "\n")
    with pytest.raises(AudiosError, match="3 of the 120 trials of the protocol have no score"):
        evaluate_score_file(settings, tmp_path / "runs")
    # What fails leaves no run.
    assert len(list_runs(tmp_path / "runs")) == 2


def test_a_protocol_of_one_class(settings: ScoreSettings, tmp_path: Path) -> None:
    write_key(settings.protocol, np.ones(N, int))
    with pytest.raises(AudiosError, match="no spoof trial"):
        evaluate_score_file(settings, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_the_length_of_clips_is_a_condition(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("src.evaluation.evaluate_scores.draw_figures", lambda *about: [])
    key = tmp_path / "key.csv"
    rows = [
        f"{file}.wav,{'real' if label else 'fake'},{'' if place == 3 else place / 40}"
        for place, (file, label) in enumerate(zip(FILES, LABELS, strict=True))
    ]
    key.write_text("\n".join(["file,label,duration", *rows]) + "\n")
    done = evaluate_score_file(
        ScoreSettings(write_scores(tmp_path / "s.txt"), key), tmp_path / "runs"
    )
    bands = {group.group: group for group in done.results.breakdowns["duration"]}
    assert list(bands) == ["under 1 s", "1 to 2 s", "2 to 4 s", "unknown"]
    assert (bands["under 1 s"].n_bona_fide, bands["under 1 s"].n_spoof) == (19, 20)
    assert done.results.ci95_over == "120 clips"


def write_aasist(path: Path, scores: np.ndarray = SCORES) -> Path:
    """Lines as AASIST's official evaluation writes them: utterance, attack, key and score."""
    lines = [
        f"{file} {'-' if label else f'A{17 + place // 60}'} "
        f"{'bonafide' if label else 'spoof'} {score!r}"
        for place, (file, label, score) in enumerate(
            zip(FILES, LABELS, scores.tolist(), strict=True)
        )
    ]
    path.write_text("\n".join(lines[::-1]) + "\n")
    return path


def test_a_file_of_aasist_is_its_own_key(
    settings: ScoreSettings, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("src.evaluation.evaluate_scores.draw_figures", lambda *about: [])
    scores = write_aasist(tmp_path / "aasist.txt")
    done = evaluate_score_file(ScoreSettings(scores), tmp_path / "runs")
    assert done.results.detection == evaluate_scores(SCORES, LABELS, 0.0)
    written = json.loads(done.path.read_text())
    assert [group["group"] for group in written["breakdowns"]["attack"]] == ["A17", "A18"]
    assert done.run.settings.get("protocol") is None
    assert set(done.run.inputs) == {"scores"}
    kept = pd.read_csv(done.run.folder / "scores.csv", keep_default_na=False)
    assert set(kept["attack"][kept["label"] == "bona-fide"]) == {""}
    assert set(kept["attack"][kept["label"] == "spoof"]) == {"A17", "A18"}
    # So is one of validation; with a protocol, the two must still agree.
    dev = write_aasist(tmp_path / "dev.txt", 3 * SCORES)
    both = ScoreSettings(scores, validation=(dev, None))
    assert evaluate_score_file(both, tmp_path / "runs").is_calibrated
    other = write_key(tmp_path / "other.txt", 1 - LABELS)
    with pytest.raises(AudiosError, match="disagree on the class"):
        evaluate_score_file(ScoreSettings(scores, other), tmp_path / "runs")
    with pytest.raises(AudiosError, match="--subset=eval goes with"):
        evaluate_score_file(ScoreSettings(scores, subset="eval"), tmp_path / "runs")


def test_a_table_of_ours_is_its_own_key(
    settings: ScoreSettings, tmp_path: Path, monkeypatch
) -> None:
    """With its speakers and attacks, which make the intervals."""
    monkeypatch.setattr("src.evaluation.evaluate_scores.draw_figures", lambda *about: [])
    first = evaluate_score_file(settings, tmp_path / "runs")
    ours = ScoreSettings(first.run.folder / "scores.csv")
    again = evaluate_score_file(ours, tmp_path / "runs")
    assert again.results.detection == first.results.detection
    assert json.loads(again.path.read_text())["ci95"] == json.loads(first.path.read_text())["ci95"]


def test_scores_without_classes_take_a_protocol(settings: ScoreSettings, tmp_path: Path) -> None:
    with pytest.raises(AudiosError, match=r"--protocol is needed: .*s\.txt does not tell"):
        evaluate_score_file(ScoreSettings(settings.scores), tmp_path / "runs")
    with pytest.raises(AudiosError, match="--protocol is needed"):
        about = ScoreSettings(
            settings.scores, settings.protocol, validation=(settings.scores, None)
        )
        evaluate_score_file(about, tmp_path / "runs")
    assert not list_runs(tmp_path / "runs")
