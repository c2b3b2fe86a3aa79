"""One run over many test sets: each, their average, all pooled, and the worst."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.evaluation.sets import average_sets, pool_sets
from src.evaluation.sets_file import SetResults
from src.evaluation.trials import Trials
from src.models.data import TrainingStores
from src.models.evaluate_sets import evaluate_sets
from src.models.train import train_model
from src.results.report import write_report
from src.utils.errors import EmbeddingError, RunError
from src.utils.metrics.detection import evaluate_scores
from src.utils.metrics.table import METRICS
from src.utils.runs import Run, list_runs
from tests.reports.telling import told
from tests.visualize.reading import read_page

pytestmark = pytest.mark.usefixtures("undrawn")

PLACES = {"near": "/one/eval", "far": "/two/eval", "own": "/nowhere/at/all"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory, make_embeddings, make_set, make_store) -> dict[str, Path]:
    """The run's own test, and two data sets of one name; on the second the threshold is off."""
    place = tmp_path_factory.mktemp("sets")
    found = {"own": make_embeddings(place / "own", gaps=(3.0,))}
    for n, (name, shift) in enumerate({"near": 0.0, "far": 3.0}.items(), 20):
        found[name] = place / name
        clips = make_set(9 + n, 30, gap=2.5, seed=n, prefix=name, shift=shift)
        make_store(place / name, "downstream_test", clips, dataset=PLACES[name])
    return found


@pytest.fixture(scope="module")
def made(folders, tmp_path_factory) -> Path:
    runs = tmp_path_factory.mktemp("runs") / "runs"
    train_model(TrainingStores.open(folders["own"], "wav2vec2"), runs, "lr", 0)
    return runs


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Run:
    [run] = list_runs(shutil.copytree(made, tmp_path / "runs"))
    return run


def scores_of(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = pd.read_csv(path)
    labels = (table["label"] == "bona-fide").to_numpy(int)
    return table["score"].to_numpy(), labels, table["llr"].to_numpy()


def test_the_numbers_are_those_of_the_scores(run, folders) -> None:
    done = evaluate_sets(run, [*folders.values()])
    found = json.loads(done.path.read_text())
    places = ["/nowhere/at/all", "/one/eval", "/two/eval"]
    assert [row["dataset"] for row in found["sets"]] == places
    # Two data sets of one name stay apart, and the run's own is marked.
    assert [row["name"] for row in found["sets"]] == ["all", "eval", "eval2"]
    assert [row["is_own"] for row in found["sets"]] == [True, False, False]
    parts = [scores_of(one.scores) for one in done.evaluations]
    names = ["scores_test.csv", "scores_test_eval.csv", "scores_test_eval2.csv"]
    assert [one.scores.name for one in done.evaluations] == names
    threshold = found["threshold"]
    alone = [evaluate_scores(s, y, threshold, llr).values for s, y, llr in parts]
    scores, labels, llrs = (np.concatenate(part) for part in zip(*parts, strict=True))
    together = evaluate_scores(scores, labels, threshold, llrs).values
    for name, metric in METRICS.items():
        values = [row[name] for row in found["sets"]]
        assert values == pytest.approx([one[name] for one in alone])
        assert found["average"][name] == pytest.approx(sum(values) / 3)
        assert found["pooled"][name] == pytest.approx(together[name])
        assert found["worst"][name]["value"] == (max if metric.is_error else min)(values)
        for row in (*found["sets"], found["average"], found["pooled"]):
            low, high = row["ci95"][name]
            assert low <= row[name] <= high, (name, row["name"])
    assert found["pooled"]["n_spoof"] == sum(row["n_spoof"] for row in found["sets"]) == 80
    assert found["pooled"]["ci95_over"] == "18 speakers"
    # Each set has the interval that its own file has.
    for row, one in zip(found["sets"], done.evaluations, strict=True):
        assert json.loads(one.path.read_text())["ci95"] == row["ci95"]
    assert SetResults.read(done.path) == done.results
    table = pd.read_csv(done.path.with_suffix(".csv"))
    assert table["name"].tolist() == ["all", "eval", "eval2", "average", "pooled"]
    assert table["eer"].tolist()[:3] == pytest.approx([row["eer"] for row in found["sets"]])
    assert done.figure.read_bytes().startswith(b"\x89PNG")


def test_the_order_makes_no_difference(made, folders, tmp_path) -> None:
    texts = []
    for n, order in enumerate((["own", "near", "far"], ["far", "near", "own"])):
        [run] = list_runs(shutil.copytree(made, tmp_path / str(n)))
        done = evaluate_sets(run, [folders[name] for name in order])
        names = ("test_sets.json", "test_sets.csv", "test_results_eval.json", "test_sets.png")
        texts.append([(done.run.folder / name).read_bytes() for name in names])
    assert texts[0] == texts[1]


def test_where_the_threshold_fails_it_is_said(run, folders) -> None:
    done = evaluate_sets(run, [folders["own"], folders["far"]])
    own, far = done.results.sets
    assert far.values["hter"] - far.values["eer"] > 0.1 > own.values["hter"] - own.values["eer"]
    text = told("sets", done)
    line = f"EER {far.values['eer']:.1%}, but HTER {far.values['hter']:.1%}"
    assert f"The threshold does not transfer to eval: {line}" in " ".join(text.split())
    assert "does not transfer to all" not in text
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert {"all", "eval", "average", "pooled", "worst"} <= rows.keys()
    assert METRICS["eer"].write(done.results.average.values["eer"]) in rows["average"]
    assert done.results.worst("hter").name == "eval"
    write_report(run, run.folder.parent)
    page = read_page(run.report)
    assert "Over 2 test sets" in page.text and line in page.text
    [average] = [row for row in page.rows if row and row[0] == "average"]
    assert METRICS["cllr"].write(done.results.average.values["cllr"]) in " ".join(average)
    assert "EER and HTER of every test set" in page.text
    assert line in (run.folder / "model_card.md").read_text()


def test_a_set_that_cannot_be_tested_keeps_no_other_from_it(
    run, folders, tmp_path, make_set, make_store
) -> None:
    overlap, one_class, missing = (tmp_path / name for name in ("overlap", "real", "missing"))
    clips = make_set(20, 20, prefix="downstream_train")
    make_store(overlap, "downstream_test", clips, dataset="/data/overlap")
    clips = make_set(6, 6, prefix="real")
    make_store(one_class, "downstream_test", clips.where(clips.y == 1), dataset="/data/real")
    done = evaluate_sets(run, [missing, overlap, folders["near"], one_class, folders["own"]])
    failed = done.results.failed
    assert set(failed) == {str(missing), str(overlap), str(one_class)}
    assert "shares 6 speakers with the training" in failed[str(overlap)]
    assert "holds no spoof clip" in failed[str(one_class)]
    assert "run first: fab GenerateEmbeddings" in failed[str(missing)]
    assert [row.name for row in done.results.sets] == ["all", "eval"]
    write_report(run, run.folder.parent)
    assert f"Not tested: {missing}" in read_page(run.report).text
    alone = evaluate_sets(run, [folders["near"], folders["own"]])
    assert replace(done.results, failed={}) == alone.results
    before = alone.path.read_bytes()
    with pytest.raises(EmbeddingError, match="not one of 2 test sets can be tested") as error:
        evaluate_sets(run, [missing, one_class])
    assert len(str(error.value).splitlines()) == 1
    assert alone.path.read_bytes() == before


def test_two_tests_of_one_data_set_are_refused(run, folders, tmp_path) -> None:
    copy = shutil.copytree(folders["near"], tmp_path / "copy")
    with pytest.raises(EmbeddingError, match="hold clips of one data set, /one/eval"):
        evaluate_sets(run, [folders["near"], copy])
    assert not (run.folder / "test_sets.json").exists()


def test_by_gender(run, folders) -> None:
    done = evaluate_sets(run, [folders["own"], folders["near"]], "F")
    assert done.path.name == "test_sets_F.json"
    assert not (run.folder / "test_sets.json").exists()
    whole = evaluate_sets(run, [folders["own"], folders["near"]])
    assert done.path.is_file()
    assert done.results.pooled.n_spoof < whole.results.pooled.n_spoof
    write_report(run, run.folder.parent)
    assert "Over 2 test sets, gender F" in read_page(run.report).text


def test_a_damaged_file_is_named(run, folders) -> None:
    path = evaluate_sets(run, [folders["own"], folders["near"]]).path
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"sets": [values["sets"][0] | {"eer": "low"}]}))
    with pytest.raises(RunError, match="is damaged: eer is no number; remove it"):
        SetResults.read(path)
    path.write_text(json.dumps({**values, "average": 3}))
    with pytest.raises(RunError, match="is damaged: average"):
        SetResults.read(path)


def trials(seed: int, speakers: int, prefix: str, gap: float = 1.5, clips: int = 240) -> Trials:
    random = np.random.default_rng(seed)
    labels = np.arange(clips) % 2
    whose = np.arange(clips) // 2 % speakers
    scores = gap * labels + random.normal(size=clips) + random.normal(size=speakers)[whose]
    names = np.array([f"{prefix}{one}" for one in whose])
    return Trials(np.arange(clips).astype(str), scores, labels, scores, names)


def width(row) -> float:
    low, high = row.ci95["eer"]
    return high - low


def test_an_average_is_surer_over_more_independent_sets() -> None:
    sets = [trials(seed, 20, f"{seed}-") for seed in range(4)]
    alone = average_sets(sets[:1], 0.0)
    together = average_sets(sets, 0.0)
    # By the square root of four, within what chance does.
    assert 0.35 < width(together) / width(alone) < 0.7
    assert 0.35 < width(pool_sets(sets, 0.0)) / width(alone) < 0.7


def test_a_set_tested_twice_says_nothing_new() -> None:
    """Sets of the same speakers, as a noisy copy has, see the same draws."""
    first = trials(0, 20, "a")
    alone = average_sets([first], 0.0)
    twice = average_sets([first, first], 0.0)
    assert twice.values == pytest.approx(alone.values)
    assert twice.ci95["eer"] == pytest.approx(alone.ci95["eer"])
    pooled = pool_sets([first, first], 0.0)
    assert pooled.ci95_over == "20 speakers"
    assert 0.8 < width(pooled) / width(alone) < 1.2
    # Of one name in other company, speakers are others.
    assert pool_sets([first, trials(1, 5, "a")], 0.0).ci95_over == "25 speakers"


def test_speakers_that_are_not_known() -> None:
    first = trials(0, 20, "a")
    unknown = replace(trials(1, 20, "b"), speakers=np.full(240, ""))
    rows = average_sets([first, unknown], 0.0), pool_sets([first, unknown], 0.0)
    assert all(np.isfinite(row.ci95["eer"]).all() for row in rows)
    assert rows[1].ci95_over == "20 speakers and 240 clips of unknown ones"
    single = replace(first, speakers=np.full(240, "one"))
    assert np.isfinite(average_sets([single], 0.0).ci95["eer"]).all()
