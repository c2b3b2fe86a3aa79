"""Pretraining from recordings to a checkpoint that everything takes."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import transformers

from src.clean import find_removable
from src.networks.pretraining import pretrain
from src.networks.pretraining.pretrain import Pretraining, pretrain_backbone
from src.networks.pretraining.settings import PretrainingSettings
from src.networks.pretraining.start import Start
from src.networks.pretraining.validator import PretrainingValidator
from src.networks.trainer.learner import Learner, Measured
from src.networks.trainer.settings import TrainerSettings
from src.results.listing import list_all
from src.results.report import write_report
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.embeddings.backbones import load_backbone
from src.utils.errors import DatasetError
from tests.utils.embeddings.backbones.shapes import pooled, reference_states
from tests.visualize.reading import read_page

SETTINGS = PretrainingSettings(seconds=0.5, mask_length=4, n_units=8)
HOW = TrainerSettings(epochs=4, batch_size=4, learning_rate=5e-3)


def run_it(dataset: Dataset, runs: Path, start: Start, **options: Any) -> Pretraining:
    return pretrain_backbone(dataset, runs, start, SETTINGS, HOW, workers=0, **options)


def curves(done: Pretraining, name: str) -> np.ndarray:
    found: np.ndarray = np.load(done.run.folder / f"{name}.npy")
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Return what two equal pretrainings have in common."""
    kept = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


@pytest.fixture(scope="module")
def made(
    dataset: Dataset, narrow: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Pretraining, Any]]:
    """Both backbones, with the model that was saved."""
    runs, found = tmp_path_factory.mktemp("runs"), {}
    save = Start.save
    for name in ("wav2vec2", "hubert"):
        saved: list[Any] = []

        def keep(self: Start, folder: Path, model: Any, saved: list = saved) -> None:
            saved.append(copy.deepcopy(model).eval())
            save(self, folder, model)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Start, "save", keep)
            found[name] = run_it(dataset, runs, Start.of_config(name, narrow)), saved[0]
    return found


@pytest.mark.parametrize("name", ["wav2vec2", "hubert"])
def test_the_loss_falls_and_codes_stay_in_use(made: dict, name: str) -> None:
    done, _ = made[name]
    losses = curves(done, "val_losses")
    assert len(losses) == HOW.epochs == len(curves(done, "spreads"))
    assert losses.min() < losses[0] - 0.05
    assert done.results["loss"] == losses.min() == losses[done.results["best_epoch"]]
    assert curves(done, "perplexities")[-1] >= 1.8
    assert (done.run.folder / "loss_plot.png").stat().st_size > 10_000
    assert not list(done.run.folder.glob("*.safetensors"))
    assert not list(done.run.folder.glob(".*partial*"))


@pytest.mark.parametrize("name", ["wav2vec2", "hubert"])
def test_the_checkpoint_embeds_with_the_weights_that_were_learnt(
    made: dict, name: str, voice: Callable
) -> None:
    done, model = made[name]
    assert {path.name for path in done.checkpoint.iterdir()} == {
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    }
    backbone = load_backbone(name, str(done.checkpoint), "float32")
    clip = backbone.prepare(voice(0.7))
    expected = pooled(reference_states(getattr(model, name, model), clip))
    np.testing.assert_allclose(backbone.embed([clip])[0], expected, atol=1e-4)


@pytest.mark.parametrize("name", ["wav2vec2", "hubert"])
def test_the_manifest_and_the_page_say_what_was_heard(
    made: dict, name: str, dataset: Dataset
) -> None:
    done, _ = made[name]
    heard = pd.read_csv(done.run.folder / "pretrained_on.csv")
    split = pd.read_csv(dataset.root / "splits" / "by_file" / "files-pretext_train.csv")
    train = heard[heard["split"] == "pretext_train"]
    assert sorted(train["file"]) == sorted(split["file"])
    told = done.run.manifest["heard"]
    assert (told["recordings"], told["speakers"]) == (len(split), split["speaker"].nunique())
    assert told["bona-fide"] + told["spoof"] == len(split)
    assert done.run.inputs.keys() == {"pretext_train", "pretext_val"}
    page = write_report(done.run, done.run.folder.parent)
    assert page is not None
    text = read_page(page).text
    assert f"{len(split)} recordings" in text
    assert f"{done.run.folder.name}/checkpoint" in text
    assert "The downstream splits, which detectors are made of, share no speaker with" in text
    assert ("codebook perplexity" in text) == (name == "wav2vec2")
    assert ("units predicted" in text) == (name == "hubert")


@pytest.mark.parametrize("name", ["wav2vec2", "hubert"])
def test_a_killed_pretraining_goes_on_to_the_same_bytes(
    made: dict, name: str, dataset: Dataset, narrow: str, tmp_path: Path
) -> None:
    start = Start.of_config(name, narrow)
    measure, count = PretrainingValidator.measure, [0]

    def break_off(self: PretrainingValidator, learner: Learner) -> Measured:
        count[0] += 1
        if count[0] == 3:
            raise KeyboardInterrupt
        return measure(self, learner)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PretrainingValidator, "measure", break_off)
        with pytest.raises(KeyboardInterrupt):
            run_it(dataset, tmp_path, start)
    with pytest.MonkeyPatch.context() as patch:
        # Units are those that were found before.
        patch.delattr(pretrain, "find_units")
        done = run_it(dataset, tmp_path, start)
    assert done.n_kept == 2
    assert done.run.number == 0
    expected = contents(made[name][0].run.folder)
    expected.pop("report.html", None)
    found = contents(done.run.folder)
    assert found.keys() == expected.keys()
    assert [key for key in found if found[key] != expected[key]] == []


def test_collapse_is_told_in_the_first_epoch_after_a_kill(
    dataset: Dataset,
    start_of: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def collapsed(*_: Any) -> list[str]:
        return ["the features are constant: all of them"]

    monkeypatch.setattr("src.networks.pretraining.validator.find_collapse", collapsed)
    measure, count = PretrainingValidator.measure, [0]

    def break_off(self: PretrainingValidator, learner: Learner) -> Measured:
        # Within the first epoch, which is not told of then either, and within the second.
        count[0] += 1
        if count[0] in (1, 3):
            raise KeyboardInterrupt
        return measure(self, learner)

    monkeypatch.setattr(PretrainingValidator, "measure", break_off)
    how, start = TrainerSettings(epochs=2, batch_size=4, learning_rate=5e-3), start_of("wav2vec2")
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            pretrain_backbone(dataset, tmp_path, start, SETTINGS, how, workers=0)
    assert "constant" not in caplog.text
    done = pretrain_backbone(dataset, tmp_path, start, SETTINGS, how, workers=0)
    assert done.n_kept == 1
    assert caplog.text.count("the features are constant: all of them; a lower") == 1


def test_a_pretraining_is_listed_and_all_of_it_can_be_cleaned(made: dict) -> None:
    runs = made["hubert"][0].run.folder.parent
    listing = list_all(runs)
    assert listing.faults == []
    assert [(row["run"], row["what"]) for row in listing.rows] == [
        ("pretraining 0", "pretraining of wav2vec2, from narrow.json"),
        ("pretraining 1", "pretraining of hubert, from narrow.json"),
    ]
    removals = find_removable("runs", runs)
    assert len(removals) == 2
    assert [one.left for one in removals] == [(), ()]


def test_a_checkpoint_is_pretrained_further(made: dict, dataset: Dataset, tmp_path: Path) -> None:
    done, model = made["hubert"]
    start = Start.of_checkpoint("hubert", str(done.checkpoint))
    asked = PretrainingSettings(seconds=0.5, mask_length=4, n_units=4, units="1")
    how = TrainerSettings(epochs=1, batch_size=8, learning_rate=1e-4)
    further = pretrain_backbone(dataset, tmp_path, start, asked, how, workers=0)
    assert further.run.settings["start"]["revision"].startswith("sha256:")
    again = transformers.AutoModel.from_pretrained(further.checkpoint)
    moved = [
        float((one - model.get_parameter(name)).detach().abs().max())
        for name, one in again.named_parameters()
    ]
    # By one or two steps of its learning rate, from where it was.
    assert 0 < max(moved) < 1e-3


def test_without_a_pretext_split_it_is_said(
    tmp_path: Path, start_of: Callable, make_cetuc: Callable
) -> None:
    root = make_cetuc(tmp_path / "set", clips=1)
    generate_tables(root, "auto")
    split_dataset(Dataset.open(root), SplitSettings(shares=Shares(0.0)))
    with pytest.raises(DatasetError, match="the split pretext_train is empty"):
        run_it(Dataset.open(root), tmp_path / "runs", start_of("wav2vec2"))
    assert not (tmp_path / "runs").exists()
