"""What is told of a test: figures, intervals, warnings, and the file they are kept in."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src.evaluation.results import Results, evaluate_trials
from src.evaluation.trials import Trials
from src.utils.errors import AudiosError, RunError
from src.utils.metrics.bootstrap import interval, resample
from src.utils.metrics.calibration import decide
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.table import METRICS


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch) -> None:
    monkeypatch.setattr("src.evaluation.results.RESAMPLES", 200)


@pytest.fixture(scope="module")
def attacked(make_trials: Callable) -> Trials:
    """Trials of three attacks, one of them far harder than the others."""
    number = np.arange(240)
    is_spoof = number % 20 >= 10
    attack = np.where(is_spoof, np.array(["A1", "A2", "A3"])[number % 3], "")
    trials = make_trials(12, 10, conditions={"attack": attack})
    scores = trials.scores + np.where(attack == "A3", 2.0, 0.0)
    return Trials(
        trials.files, scores, trials.labels, 2 * scores - 1, trials.speakers, trials.conditions
    )


def as_text(results: Results) -> str:
    return repr(asdict(results))


def test_figures_and_intervals(attacked: Trials) -> None:
    results = evaluate_trials(attacked, 0.5, confidence=0.8, tandem={"min_tdcf": 0.3})
    scores, labels = attacked.scores, attacked.labels
    assert results.detection == evaluate_scores(scores, labels, 0.5, attacked.llrs)
    assert results.decided == decide(attacked.llrs, labels, 0.8)
    assert results.tandem == {"min_tdcf": 0.3}
    assert [one.group for one in results.breakdowns["attack"]] == ["A1", "A2", "A3"]
    assert results.ci95_over == "12 speakers"
    assert results.ci95_attacks_over == "12 speakers and 3 attacks"
    is_first = (attacked.conditions["attack"] == "A1").to_numpy()
    assert results.breakdowns["attack"][0].far == np.mean(scores[is_first] >= 0.5)
    # Of the kind of unit of which there are fewest, there are so many.
    for found, clusters, n_clusters in (
        (results.ci95, attacked.clusters, 12),
        (results.ci95_attacks, attacked.clusters_with_attacks, 3),
    ):
        drawn = resample(scores, labels, clusters, 0.5, attacked.llrs, 200)
        assert set(found) == set(METRICS)
        for name, (low, high) in found.items():
            assert low < getattr(results.detection, name) < high, name
        # Roughly: ends may be corrected where draws lie to one side of the figure.
        for name in ("auc", "cllr", "far"):
            expected = interval(drawn[name], n_clusters=n_clusters)
            off = np.abs(np.subtract(found[name], expected)).max()
            assert off < 0.2 * (expected[1] - expected[0]), name
    # Of three attacks, hardly a draw is unlikely enough to be left out.
    ends = drawn["far"].min(), drawn["far"].max()
    assert results.ci95_attacks["far"] == pytest.approx(ends, abs=0.005)
    again = evaluate_trials(attacked, 0.5, confidence=0.8, tandem={"min_tdcf": 0.3})
    assert as_text(again) == as_text(results)
    assert evaluate_trials(attacked, 0.5, seed=8).ci95 != results.ci95


def test_attacks_that_differ_widen_the_interval(attacked: Trials, make_trials: Callable) -> None:
    def widths(results: Results, name: str) -> list[float]:
        return [high - low for low, high in (results.ci95[name], results.ci95_attacks[name])]

    differ = evaluate_trials(attacked, 0.5)
    for name in ("eer", "auc", "far"):
        over_speakers, over_both = widths(differ, name)
        assert over_both > 1.5 * over_speakers, name
    # What attacks have no part in, they leave alone.
    over_speakers, over_both = widths(differ, "frr")
    assert over_both == pytest.approx(over_speakers, rel=0.5)
    alike = np.where(attacked.labels == 0, np.arange(240).astype("U4"), "")
    alike = evaluate_trials(make_trials(12, 10, conditions={"attack": alike}), 0.5)
    over_speakers, over_both = widths(alike, "far")
    assert over_both < 1.6 * over_speakers


def test_speakers_are_drawn_as_wholes(make_trials: Callable) -> None:
    """Ten copies of a clip say no more than one; of ten speakers they would."""
    once = make_trials(12, 2, own=1.0)
    rows = np.repeat(np.arange(len(once)), 10)
    copied = make_trials(
        files=np.arange(480).astype(str),
        **{part: getattr(once, part)[rows] for part in ("scores", "labels", "llrs", "speakers")},
    )
    one, many = evaluate_trials(once, 0.0), evaluate_trials(copied, 0.0)
    for name, span in one.ci95.items():
        assert many.ci95[name] == pytest.approx(span), name
    nobody = make_trials(
        files=copied.files,
        speakers=np.full(480, ""),
        **{part: getattr(copied, part) for part in ("scores", "labels", "llrs")},
    )
    low, high = evaluate_trials(nobody, 0.0).ci95["eer"]
    assert high - low < 0.5 * (one.ci95["eer"][1] - one.ci95["eer"][0])


def test_nothing_known_but_scores(make_trials: Callable) -> None:
    results = evaluate_trials(make_trials(speakers=np.full(120, "")), 0.0)
    assert results.ci95_over == "120 clips"
    assert (results.ci95_attacks, results.ci95_attacks_over) == ({}, "")
    assert results.breakdowns == {}


def warned(trials: Trials, threshold: float = 0.0) -> str:
    return "\n".join(evaluate_trials(trials, threshold).warnings)


def test_nothing_to_warn_of(make_trials: Callable) -> None:
    assert warned(make_trials()) == ""


def test_reversed_scores(make_trials: Callable) -> None:
    trials = make_trials()
    turned = make_trials(scores=-trials.scores, llrs=trials.llrs)
    eer = evaluate_scores(turned.scores, turned.labels, 0.0).eer
    assert eer > 0.5
    assert f"EER of {eer:.1%} is worse than chance" in warned(turned)
    assert "polarity reversed" in warned(turned)
    # Half is chance, not worse.
    assert "polarity" not in warned(make_trials(scores=np.zeros(120), llrs=np.zeros(120)))


def test_thresholds_that_disagree(make_trials: Callable) -> None:
    trials = make_trials()
    below = warned(trials, -1.5)
    assert "disagree: -1.5, fixed beforehand, lets too many spoofs pass" in below
    found = evaluate_scores(trials.scores, trials.labels, -1.5)
    assert f"({found.far:.1%} of spoofs accepted, {found.frr:.1%} of bona-fide" in below
    assert f"{found.eer_threshold:.3g} would err alike" in below
    assert "rejects too many bona-fide clips" in warned(trials, 1.5)
    for threshold in (-0.1, 0.0, 0.1):
        assert "disagree" not in warned(trials, threshold)


def test_a_threshold_that_costs_much_of_a_good_detector(make_trials: Callable) -> None:
    """Rates may lie close together and still be many times those of the best threshold."""
    trials = make_trials(40, 10, gap=5.0, own=0.3)
    found = evaluate_trials(trials, -1.1).detection
    assert found.far - found.frr < 0.1 and found.hter > 1.5 * found.eer + 0.01
    assert "lets too many spoofs pass" in warned(trials, -1.1)
    assert warned(trials, 0.0) == ""


def test_scores_taken_as_they_are_have_no_validation(make_trials: Callable) -> None:
    trials = make_trials(scores=make_trials().scores + 3)
    bold = make_trials(llrs=20 * make_trials().scores)
    told = "\n".join(
        text
        for one in (trials, bold)
        for text in evaluate_trials(one, 0.0, is_calibrated=False).warnings
    )
    assert "the threshold does not suit these scores: 0, fixed beforehand" in told
    assert "the scores are no ratios (Cllr" in told
    assert "validation" not in told and "probabilities" not in told


def test_guessing(make_trials: Callable) -> None:
    texts = [warned(make_trials(gap=0.0, seed=seed)) for seed in range(4)]
    for text, seed in zip(texts, range(4), strict=True):
        eer = evaluate_trials(make_trials(gap=0.0, seed=seed), 0.0).detection.eer
        assert f"EER of {eer:.1%} cannot be told from guessing" in text
        assert ("polarity" in text) == (eer > 0.5)
        assert "worse than chance" not in text


def test_few_clips_cannot_tell_that_thresholds_disagree(make_trials: Callable) -> None:
    """Rates that lie far apart by a clip or two are no shift."""
    nobody = {"files": np.arange(21).astype(str), "speakers": np.full(21, "")}
    labels = np.r_[0, np.ones(20)].astype(int)
    scores = np.r_[0.5, np.linspace(0.1, 3, 20)]
    one = make_trials(scores=scores, labels=labels, **nobody)
    found = evaluate_scores(one.scores, one.labels, 0.0)
    assert (found.far, found.frr) == (1, 0)
    assert "disagree" not in warned(one)
    # Three speakers of six clips: two of them disagree, the third does the opposite.
    scores = np.tile([-1.0, 1.0], 9) + np.repeat([1.5, 1.5, -2.5], 6)
    three = make_trials(
        files=np.arange(18).astype(str),
        scores=scores,
        labels=np.tile([0, 1], 9),
        speakers=np.repeat(["a", "b", "c"], 6),
    )
    found = evaluate_scores(three.scores, three.labels, 0.0)
    assert found.far - found.frr > 0.1
    assert "disagree" not in warned(three)


def test_ratios_that_mislead(make_trials: Callable) -> None:
    trials = make_trials()
    bold = make_trials(llrs=20 * trials.llrs)
    cllr = evaluate_scores(bold.scores, bold.labels, 0.0, bold.llrs).cllr
    assert f"probabilities mislead here (Cllr {cllr:.2f}" in warned(bold)
    # To say nothing costs 1, and misleads nobody.
    silent = make_trials(llrs=np.zeros(120))
    assert evaluate_trials(silent, 0.0).detection.cllr == 1
    assert "mislead" not in warned(silent)


def test_few_and_unknown_speakers(make_trials: Callable) -> None:
    assert "4 speakers only" in warned(make_trials(4, 15))
    assert warned(make_trials(5, 15)) == ""
    # The fewer of the two classes.
    speakers = np.where(make_trials().labels == 1, "s", "t")
    numbers = np.arange(120) % 8
    both = np.char.add(speakers, np.where(speakers == "s", numbers % 3, numbers).astype(str))
    assert "a class has 3 speakers only" in warned(make_trials(speakers=both))
    single = np.where(speakers == "s", "s", both)
    for names in (single, np.full(120, "")):
        text = warned(make_trials(speakers=names))
        assert "speakers are not known, or a class has a single one" in text
        assert "speakers only" not in text


def test_clips_of_unknown_speakers_are_no_speakers(make_trials: Callable) -> None:
    """Each is drawn for itself, which must not pass for as many speakers."""
    known = make_trials().speakers
    some = np.where(np.arange(120) < 60, known, "")
    results = evaluate_trials(make_trials(speakers=some), 0.0)
    assert results.ci95_over == "6 speakers and 60 clips of unknown ones"
    assert len(results.warnings) == 1
    assert "speakers of 50% of the clips are not known" in results.warnings[0]
    hardly = np.where(np.arange(120) < 6, "", known)
    results = evaluate_trials(make_trials(speakers=hardly), 0.0)
    assert results.ci95_over == "12 speakers and 6 clips of unknown ones"
    assert results.warnings == []
    # A few unknown clips do not make many speakers of four.
    four = np.where(np.arange(120) < 5, "", make_trials(4, 15).speakers)
    assert "4 speakers only" in warned(make_trials(4, 15, speakers=four))


def test_clips_of_unknown_attacks_are_no_attacks(attacked: Trials) -> None:
    names = np.where(attacked.conditions["attack"] == "A3", "", attacked.conditions["attack"])
    parts = ("files", "scores", "labels", "llrs", "speakers")
    unknown = Trials(*(getattr(attacked, part) for part in parts), attacked.conditions.copy())
    unknown.conditions["attack"] = names
    results, expected = evaluate_trials(unknown, 0.5), evaluate_trials(attacked, 0.5)
    assert results.ci95_attacks_over == "12 speakers and 3 attacks, those unknown taken for one"
    low, high = results.ci95_attacks["eer"]
    assert high - low == pytest.approx(np.diff(expected.ci95_attacks["eer"])[0], rel=0.3)


def test_through_a_file(attacked: Trials, make_trials: Callable, tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    codec = np.where(np.arange(120) < 10, "a", "b")
    cases = {
        "plain": evaluate_trials(attacked, 0.5, tandem={"min_tdcf": 0.3}),
        # With groups of one speaker, and of one class.
        "not all known": evaluate_trials(make_trials(conditions={"codec": codec}), 0.0),
        "no verdicts": evaluate_trials(make_trials(llrs=np.zeros(120)), 0.0),
        "a clip a class": evaluate_trials(
            make_trials(1, 1, scores=np.array([1.0, 0.0]), speakers=np.array(["", ""])), 0.5
        ),
    }
    for case, results in cases.items():
        results.write(path, {"dataset": "/data/é", "note": "n"})
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
        assert as_text(Results.read(path)) == as_text(results), case
        assert (values["dataset"], values["note"]) == ("/data/é", "n")
        assert results.detection.as_dict().items() <= values.items()
    assert values["ci95"]["eer"] == [None, None]
    assert set(values) >= {"inconclusive", "error_when_decided", "confidence", "breakdowns"}


def test_groups_are_written_flat(attacked: Trials, tmp_path: Path) -> None:
    results = evaluate_trials(attacked, 0.5)
    results.write(tmp_path / "r.json", {})
    [*groups] = json.loads((tmp_path / "r.json").read_text())["breakdowns"]["attack"]
    keys = "group n_bona_fide n_spoof n_speakers eer low high far frr against is_small"
    assert all(list(group) == keys.split() for group in groups)
    assert {group["frr"] for group in groups} == {None}


def written(attacked: Trials, path: Path) -> dict[str, Any]:
    evaluate_trials(attacked, 0.5).write(path, {})
    return json.loads(path.read_text())


def read_without(values: dict[str, Any], path: Path, *keys: str) -> Results:
    path.write_text(json.dumps({name: values[name] for name in values if name not in keys}))
    return Results.read(path)


def test_results_of_before_a_metric(attacked: Trials, tmp_path: Path) -> None:
    """What is there is read, what is not is NaN and named."""
    path = tmp_path / "results.json"
    values = written(attacked, path)
    for name in METRICS:
        fewer = {key: span for key, span in values["ci95"].items() if key != name}
        results = read_without(values | {"ci95": fewer}, path, name)
        assert (results.missing, results.missing_intervals) == ([name], [])
        assert not results.is_whole
        assert np.isnan(getattr(results.detection, name))
        assert set(results.ci95) == set(results.ci95_attacks) == set(METRICS)
        assert np.isnan(results.ci95[name]).all()
        others = [other for other in METRICS if other != name]
        assert {other: getattr(results.detection, other) for other in others} == {
            other: values[other] for other in others
        }
        assert {other: list(results.ci95[other]) for other in others} == {
            other: values["ci95"][other] for other in others
        }
        assert results.warnings == values["warnings"]
        assert list(results.breakdowns) == list(values["breakdowns"])


def test_results_of_before_an_interval(attacked: Trials, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    values = written(attacked, path)
    fewer = {name: span for name, span in values["ci95"].items() if name != "cllr"}
    results = read_without(values | {"ci95": fewer}, path)
    assert (results.missing, results.missing_intervals) == ([], ["cllr"])
    assert results.detection.cllr == values["cllr"]
    assert np.isnan(results.ci95["cllr"]).all()
    # An interval that cannot be told is none that is missing.
    unknown = values["ci95"] | {"cllr": [None, None]}
    results = read_without(values | {"ci95": unknown}, path)
    assert results.is_whole and np.isnan(results.ci95["cllr"]).all()


FIRST = (
    *("eer", "accuracy", "precision", "recall", "f1_score", "auc", "threshold", "eer_threshold"),
    *("n_bona_fide", "n_spoof", "true_bona_fide", "false_bona_fide", "true_spoof", "false_spoof"),
)
"""All that the first version wrote."""


def test_results_of_before_there_were_intervals(attacked: Trials, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    values = written(attacked, path)
    results = read_without(values, path, *(set(values) - set(FIRST)))
    assert results.missing == [name for name in METRICS if name not in FIRST]
    assert results.missing_intervals == [name for name in METRICS if name in FIRST]
    assert {name: getattr(results.detection, name) for name in FIRST} == {
        name: values[name] for name in FIRST
    }
    assert np.isnan([*results.ci95.values()]).all() and set(results.ci95) == set(METRICS)
    assert (results.ci95_attacks, results.ci95_attacks_over) == ({}, "")
    assert (results.warnings, results.breakdowns, results.tandem) == ([], {}, {})
    assert not results.decided.is_known and not results.is_whole


def test_what_a_file_knows_besides_is_left_aside(attacked: Trials, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    values = written(attacked, path)
    results = read_without(values | {"of_tomorrow": [1]}, path)
    assert results.is_whole
    assert (results.missing, results.missing_intervals) == ([], [])
    assert not read_without(values, path, "inconclusive").is_whole
    for key in ("ci95_over", "warnings", "breakdowns", "ci95_attacks", "n_spoof", "threshold"):
        with pytest.raises(RunError, match=f"damaged: .*{key}"):
            read_without(values, path, key)


DAMAGES: list[dict[str, Any]] = [
    {"eer": None},
    {"n_spoof": "ten"},
    {"inconclusive": "half"},
    {"ci95": None},
    {"ci95": dict.fromkeys(METRICS, 0.5)},
    {"ci95": dict.fromkeys(METRICS, (0.1, 0.2, 0.3))},
    {"ci95": dict.fromkeys(METRICS, ("low", "high"))},
    {"ci95": 0.5},
    {"cllr": "0.3"},
    {"ci95_attacks": []},
    {"warnings": None},
    {"breakdowns": []},
    {"breakdowns": {"attack": [{"group": "A1"}]}},
    {"breakdowns": {"attack": [3]}},
]


def test_damaged_files(attacked: Trials, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    evaluate_trials(attacked, 0.5).write(path, {})
    values = json.loads(path.read_text())
    for damage in DAMAGES:
        path.write_text(json.dumps(values | damage))
        with pytest.raises(RunError, match=r"results\.json is damaged"):
            Results.read(path)
            pytest.fail(f"read: {damage}")
    path.write_text(json.dumps({name: values[name] for name in values if name != "warnings"}))
    with pytest.raises(RunError, match=r"damaged: .*warnings"):
        Results.read(path)
    path.write_text("[]")
    with pytest.raises(RunError, match="damaged: it is a list, not an object"):
        Results.read(path)
    path.write_text('{"eer": 0.')
    with pytest.raises(AudiosError, match="not valid JSON"):
        Results.read(path)
    with pytest.raises(AudiosError, match="cannot read"):
        Results.read(tmp_path / "none.json")
