"""Adapting runs: what it makes, what it measures by whom, and what it refuses."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from src.adaptation import adapt as adapting
from src.adaptation.learning import SHARES
from src.adaptation.names import ADAPTATION
from src.adaptation.results import Adaptation
from src.evaluation.trials import Trials
from src.models.calibrate import calibration_of
from src.models.evaluate import evaluate_run
from src.models.lookup import detector_name, find_training
from src.models.registry import CLASSIFIERS, load_classifier
from src.models.trained_on import read_trained_on
from src.results.model_card import write_model_card
from src.results.report import write_report
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import ArgumentError, AudiosError, EmbeddingError, RunError
from src.utils.metrics.eer import compute_eer
from src.utils.runs import Kind, list_runs
from tests.adaptation.cases import Case, known, make_case


@pytest.mark.parametrize("classifier", list(CLASSIFIERS))
def test_every_classifier_learns_a_case(case: Case, classifier: str) -> None:
    case.train(classifier)
    done = case.adapt()
    apart = done.adaptation.apart
    assert apart.eer.before > 0.15
    assert apart.eer.after < 0.15
    assert apart.eer.is_better
    # The EER is that of the very model that is saved.
    heard = Trials.read(done.run.folder / "scores_val.csv", calibration_of(done.run).llrs)
    assert len(heard) == 24
    others = case.clips.where(~np.isin(case.clips.speaker, heard.speakers))
    assert len(others) == apart.n_bona_fide + apart.n_spoof
    scores = load_classifier(find_training(case.runs, run_number=1)).score(others.x)
    assert compute_eer(scores, others.y)[0] == pytest.approx(apart.eer.after)
    assert done.run.settings["adapted"]["share"] in SHARES


def test_an_adapted_run_is_a_training_as_every_other(case: Case) -> None:
    before = case.train("svm", seed=3)
    done = case.adapt(seed=11)
    run = done.run
    assert (run.kind, run.status, run.number) == (Kind.TRAINING, "complete", 1)
    assert detector_name(run) == f"{detector_name(before)}, adapted"
    told = run.settings["adapted"]
    assert (told["run"], told["clips"], told["seed"]) == ("run 0", 12, 11)
    assert told["dataset"] == str(case.mine.root.resolve())
    rest = {name: value for name, value in run.settings.items() if name != "adapted"}
    assert rest == before.settings
    assert run.manifest["dataset"] == before.manifest["dataset"]
    assert set(run.inputs) == {"downstream_train", "downstream_val", "adapting"}
    names = {path.name for path in run.folder.iterdir()}
    assert names >= {"model.skops", "reference.safetensors", "calibration.json", ADAPTATION}
    assert Adaptation.read(run.folder / ADAPTATION) == done.adaptation
    # The threshold is that of scores in folds.
    calibration = calibration_of(run)
    assert (calibration.n_bona_fide, calibration.n_spoof) == (12, 12)
    assert run.manifest["results"]["threshold"] == calibration.threshold


def test_what_was_learnt_from_is_known_to_later_tests(case: Case, undrawn: None) -> None:
    case.train()
    run = case.adapt().run
    seen = read_trained_on(run)
    mine = seen[seen["dataset"] != ""]
    assert len(mine) == 24
    assert set(mine["split"]) == {"downstream_train"}
    assert set(mine["speaker"]) <= set(case.clips.speaker)
    # Its own test has other clips of the names of the user's files.
    own = EmbeddingStore.open(case.embeddings, "wav2vec2", "downstream_test")
    renamed = replace(own.load(0), files=np.array([f"train/{row}.wav" for row in range(80)]))
    elsewhere = case.folder / "elsewhere"
    case.make_store(elsewhere, "downstream_test", replace(renamed, files=mine_files(mine)))
    assert evaluate_run(run, elsewhere).results.detection.n_bona_fide == 40
    # A test of the user's data set has the very recordings.
    leaking = case.folder / "leaking"
    case.make_store(leaking, "downstream_test", case.clips, dataset=str(case.mine.audio.resolve()))
    with pytest.raises(EmbeddingError, match=r"shares .* speakers with the training of run 1"):
        evaluate_run(run, leaking)
    nameless = replace(case.clips, speaker=np.full(len(case.clips), ""))
    leaking = case.folder / "leaking too"
    case.make_store(leaking, "downstream_test", nameless, dataset=str(case.mine.audio.resolve()))
    with pytest.raises(EmbeddingError, match="shares 24 files with the training of run 1"):
        evaluate_run(run, leaking)


def mine_files(mine: pd.DataFrame) -> np.ndarray:
    """Return 80 names of files, of which 24 are the user's."""
    return np.array([*mine["file"], *(f"other/{row}.wav" for row in range(80 - len(mine)))])


def test_nothing_is_chosen_by_who_is_kept_apart(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.train()
    tried = []
    real = adapting.try_shares
    monkeypatch.setattr(
        adapting, "try_shares", lambda *about: (tried.append(about[1]), real(*about))[1]
    )
    done = case.adapt()
    [learnt] = tried
    before = find_training(case.runs, run_number=0)
    # Others in their place change neither the weight nor the model.
    is_learnt = np.isin(case.clips.files, learnt.files)
    x = case.clips.x.copy()
    x[~is_learnt] = -x[~is_learnt]
    case.clips = replace(case.clips, x=x)
    again = case.adapt()
    assert again.run.settings == done.run.settings
    one, other = (run.folder / "scores_val.csv" for run in (done.run, again.run))
    assert one.read_bytes() == other.read_bytes()
    assert (done.run.folder / "model.skops").stat().st_size
    assert done.adaptation.folds == again.adaptation.folds
    assert done.adaptation.apart != again.adaptation.apart
    assert done.before == before


def test_one_that_helps_in_folds_alone_is_made_with_a_warning(case: Case) -> None:
    case.train()
    done = case.adapt()
    is_learnt = np.isin(case.clips.speaker, read_trained_on(done.run)["speaker"])
    x = case.clips.x.copy()
    x[~is_learnt] = -x[~is_learnt]
    case.clips = replace(case.clips, x=x)
    again = case.adapt()
    assert again.adaptation.apart.eer.is_worse
    page = write_report(again.run, case.runs).read_text()
    assert "it helped in folds, but on speakers kept apart it is worse than before" in page


def test_equal_commands_give_equal_runs(case: Case) -> None:
    case.train("mlp")
    one, other = (case.adapt(seed=4).run for _ in range(2))
    assert one.settings == other.settings
    for name in (ADAPTATION, "scores_val.csv", "calibration.json", "model.safetensors"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()
    assert case.adapt(seed=5).adaptation != Adaptation.read(one.folder / ADAPTATION)


def test_what_does_not_help_is_refused_and_leaves_no_run(case: Case) -> None:
    case.clips = make_case(helps=False)
    case.train()
    there = {path for path in case.runs.rglob("*") if path.is_file()}
    words = r"adapting does not help: EER .* before, .* after in folds by speaker over 12 clips"
    with pytest.raises(RunError, match=words) as refused:
        case.adapt()
    assert "\n" not in str(refused.value)
    assert "fab CalibrateRun --run-number=0" in str(refused.value)
    assert {path for path in case.runs.rglob("*") if path.is_file()} == there


def alike(seed: int) -> EmbeddingSet:
    """Make a case as the training's own clips are."""
    case = make_case(helps=False, seed=seed)
    x = case.x.copy()
    x[:, 0] += 4 * (case.y - 0.5)
    return replace(case, x=x)


@pytest.mark.parametrize("make", [lambda seed: make_case(helps=False, seed=seed), alike])
def test_what_cannot_be_bettered_is_mostly_refused(
    case: Case, make: Callable[[int], EmbeddingSet]
) -> None:
    """One in six may seem to help, as far as folds of two dozen clips can tell."""
    case.train()
    refused = 0
    for seed in range(10):
        case.clips = make(seed)
        try:
            case.adapt(embeddings=case.folder / f"e{seed}")
        except RunError:
            refused += 1
    assert refused >= 7


def test_speakers_that_the_run_knows_are_left_out(case: Case) -> None:
    case.train()
    case.clips = known(case.clips, ["x", "y", "downstream_train1", "downstream_test2"])
    done = case.adapt()
    # Of training and of its own test, by which forgetting is measured.
    assert (done.adaptation.n_known, done.adaptation.n_known_speakers) == (8, 2)
    assert not set(read_trained_on(done.run).query("dataset != ''")["speaker"]) & {
        "downstream_train1",
        "downstream_test2",
    }
    case.clips = known(make_case(6), [f"downstream_train{n}" for n in range(6)])
    with pytest.raises(EmbeddingError, match="run 0 knows all 6 speakers"):
        case.adapt()


def test_forgetting_is_told(case: Case) -> None:
    """The case contradicts what was learnt before: to learn it is to unlearn the other."""
    x = case.clips.x.copy()
    x[:, 0] = -4 * (case.clips.y - 0.5)
    case.clips = replace(case.clips, x=x)
    case.train("lr")
    done = case.adapt()
    assert done.adaptation.is_forgotten
    page = write_report(done.run, case.runs).read_text()
    assert "it has forgotten some of what it knew" in page
    assert "The run's own test is told worse" in page.replace("&#39;", "'")


def test_without_its_own_test_that_is_told(case: Case) -> None:
    case.train()
    (case.embeddings / "wav2vec2" / "downstream_test" / "manifest.json").unlink()
    found = case.adapt().adaptation
    assert found.old_test is None
    assert found.is_forgotten is None
    assert "no wav2vec2 embeddings of downstream_test" in found.no_old_test


def test_page_and_card_tell(case: Case, undrawn: None) -> None:
    case.train()
    run = case.adapt().run
    case.rejected = {"x.wav": "is silent"}
    evaluate_run(run, case.embeddings)
    page = write_report(run, case.runs).read_text()
    card = write_model_card(run, case.runs).read_text()
    for text in (page, card):
        assert "Adaptation" in text
        assert "speakers kept apart" in text
        assert "run 0, with 12 clips of each class of mine" in text
    (run.folder / ADAPTATION).unlink()
    assert "run 0, with 12 clips of each class" in write_report(run, case.runs).read_text()


def test_what_cannot_be_adapted_is_told(case: Case) -> None:
    run = case.train()
    case.adapt()
    with pytest.raises(ArgumentError, match="run 1 is run 0 adapted: adapt that one"):
        case.adapt(number=1)
    asked = {
        "network": ({"network": {}}, "run 0 is of a network"),
        "released": ({"released": {"kind": "aasist"}}, "run 0 was trained elsewhere"),
    }
    for more, words in asked.values():
        run.update(settings=run.settings | more)
        with pytest.raises(ArgumentError, match=words):
            case.adapt()
        run.update(settings={k: v for k, v in run.settings.items() if k not in more})
    own = case.embeddings / "wav2vec2" / "downstream_val" / "manifest.json"
    about = json.loads(own.read_text())
    own.write_text(json.dumps(about | {"fingerprint": "another"}))
    with pytest.raises(EmbeddingError, match=r"than run 0 was trained on \(downstream_val\)"):
        case.adapt()
    own.write_text(json.dumps(about | {"dataset": "elsewhere"}))
    run.update(embeddings=None)
    with pytest.raises(EmbeddingError, match="does not say where the vectors are"):
        case.adapt()
    assert len(list_runs(case.runs)) == 2


def test_its_own_data_set_is_no_case(case: Case) -> None:
    run = case.train()
    for name in ("downstream_train", "downstream_val", "downstream_test"):
        path = case.embeddings / "wav2vec2" / name / "manifest.json"
        own = str(case.mine.audio.resolve())
        path.write_text(json.dumps(json.loads(path.read_text()) | {"dataset": own}))
    with pytest.raises(ArgumentError, match=r"is what run 0 was trained on"):
        case.adapt()
    assert list_runs(case.runs)[0].number == run.number


@pytest.mark.parametrize("damage", ["", "[]", '{"folds": 3}', '{"folds": {}, "shares": []}'])
def test_a_damaged_file_is_named(case: Case, damage: str) -> None:
    case.train()
    path = case.adapt().run.folder / ADAPTATION
    path.write_text(damage)
    with pytest.raises(AudiosError, match=r"adaptation\.json"):
        Adaptation.read(path)
