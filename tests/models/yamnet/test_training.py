"""The training loop: that it learns, stops, keeps the best epoch, and goes on after a kill."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from src.models.adam import Adam
from src.models.yamnet.model import NAME, YamnetClassifier
from src.models.yamnet.state import STATE, Epoch, Progress
from src.models.yamnet.training import Trainer
from src.models.yamnet.weights import Weights
from src.utils.dataset.patches import PatchSet
from src.utils.errors import ArgumentError, AudiosError, RunError

WIDTH = 1 / 16
SETTINGS = {"batch_size": 5, "epochs": 3, "learning_rate": 3e-3}

Sets = tuple[PatchSet, PatchSet]


@pytest.fixture(scope="module")
def sets(make_patches: Callable, tmp_path_factory: pytest.TempPathFactory) -> Sets:
    folder = tmp_path_factory.mktemp("patches")
    train = make_patches(folder / "train", 12, seed=1)
    return train, make_patches(folder / "val", 8, seed=2, prefix="val")


def fit(folder: Path, sets: Sets, seed: int = 7, **settings: Any) -> tuple[Progress, Any]:
    folder.mkdir(exist_ok=True)
    model = YamnetClassifier(SETTINGS | settings, seed, WIDTH)
    progress = Trainer(model, *sets, folder).fit(None)
    return progress, model


def state_of(model: YamnetClassifier) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in model.network.state_dict().items()}


def test_it_learns_what_there_is_to_learn(tmp_path: Path, sets: Sets) -> None:
    progress, model = fit(tmp_path, sets, epochs=12, batch_size=4, learning_rate=0.02)
    assert len(progress.epochs) == 12
    losses = [epoch.train_loss for epoch in progress.epochs]
    assert min(losses) < 0.5 * losses[0]
    best = progress.epochs[progress.best]
    assert (best.val_eer, best.val_accuracy) == (0.0, 1.0)
    validation = sets[1]
    scores = model.score_clips(validation)
    assert scores.dtype == np.float64
    assert scores[validation.y == 1].min() > scores[validation.y == 0].max()


def test_a_clip_s_score_is_the_mean_of_its_patches(sets: Sets) -> None:
    model, clips = YamnetClassifier(SETTINGS, 7, WIDTH), sets[1]
    with torch.inference_mode():
        patches = torch.from_numpy(clips.read(np.arange(clips.n_patches)))
        logits = model.network.eval()(patches).squeeze(1).numpy()
    wanted = [logits[clips.clip_of == clip].mean() for clip in range(len(clips))]
    np.testing.assert_allclose(model.score_clips(clips), wanted, atol=1e-5)


@pytest.fixture(scope="module")
def uninterrupted(
    tmp_path_factory: pytest.TempPathFactory, sets: Sets
) -> tuple[Progress, YamnetClassifier]:
    return fit(tmp_path_factory.mktemp("uninterrupted"), sets)


def same(one: tuple[Progress, Any], other: tuple[Progress, Any]) -> None:
    assert one[0].epochs == other[0].epochs
    theirs = state_of(other[1])
    for name, value in state_of(one[1]).items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


@pytest.mark.parametrize("steps_done", [2, 8])
def test_a_broken_off_training_ends_as_one_that_was_not(
    tmp_path: Path,
    sets: Sets,
    uninterrupted: tuple[Progress, Any],
    monkeypatch: pytest.MonkeyPatch,
    steps_done: int,
) -> None:
    step, steps = Adam.step, []

    def stop(self: Adam, *args: Any) -> Any:
        steps.append(1)
        if len(steps) > steps_done:
            raise KeyboardInterrupt
        return step(self, *args)

    folder = tmp_path / "broken-off"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Adam, "step", stop)
        fit(folder, sets)
    # Five batches an epoch: it is broken off in the first or the second.
    n_before = steps_done // 5
    assert (folder / STATE).is_file() == bool(n_before)
    torch.manual_seed(99)
    found = fit(folder, sets)
    assert found[0].n_before == n_before
    same(found, uninterrupted)


def test_the_same_seed_gives_the_same_and_another_one_another(
    tmp_path: Path, sets: Sets, uninterrupted: tuple[Progress, Any]
) -> None:
    torch.manual_seed(99)
    same(fit(tmp_path / "a", sets), uninterrupted)
    other = fit(tmp_path / "b", sets, seed=8)
    assert other[0].epochs != uninterrupted[0].epochs


def test_a_finished_training_is_not_trained_again(tmp_path: Path, sets: Sets) -> None:
    before = fit(tmp_path, sets)
    content = (tmp_path / STATE).read_bytes()
    after = fit(tmp_path, sets)
    assert after[0].n_before == 3
    assert (tmp_path / STATE).read_bytes() == content
    same(after, before)


def test_the_best_epoch_is_that_of_the_lowest_eer(tmp_path: Path, sets: Sets) -> None:
    rows = [(0.3, 0.2), (0.1, 0.5), (0.1, 0.4), (0.2, 0.1)]
    progress = Progress([Epoch(0.0, loss, 0.0, eer) for eer, loss in rows])
    assert progress.best == 2
    assert progress.history().best == 2
    np.testing.assert_array_equal(progress.history().val_eers, [0.3, 0.1, 0.1, 0.2])


def test_the_kept_weights_are_those_of_the_best_epoch(
    tmp_path: Path, sets: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    eers = iter([0.3, 0.1, 0.2])
    monkeypatch.setattr(
        "src.models.yamnet.training.compute_eer", lambda scores, labels: (next(eers), 0.0)
    )
    long, model = fit(tmp_path / "long", sets)
    assert long.best == 1
    eers = iter([0.3, 0.1])
    monkeypatch.setattr(
        "src.models.yamnet.training.compute_eer", lambda scores, labels: (next(eers), 0.0)
    )
    _, shorter = fit(tmp_path / "short", sets, epochs=2)
    theirs = state_of(shorter)
    for name, value in state_of(model).items():
        np.testing.assert_array_equal(value, theirs[name])


def test_training_ends_when_the_loss_no_longer_falls() -> None:
    falling = Progress([Epoch(0.0, loss, 0.0, 0.0) for loss in (3.0, 2.0, 1.0)])
    assert not falling.is_over(4, 1)
    assert falling.is_over(3, 9)
    rising = Progress([Epoch(0.0, loss, 0.0, 0.0) for loss in (3.0, 1.0, 2.0, 2.0)])
    assert rising.is_over(9, 2)
    assert not rising.is_over(9, 3)
    assert not Progress().is_over(1, 1)


def test_the_rarer_class_counts_for_more(tmp_path: Path, sets: Sets) -> None:
    train = sets[0].where((sets[0].y == 1) | (np.arange(12) < 2))
    model = YamnetClassifier(SETTINGS, 7, WIDTH)
    labels = train.y[train.clip_of]
    assert 0 < (labels == 0).sum() < (labels == 1).sum()
    weight = Trainer(model, train, sets[1], tmp_path)._loss_of.pos_weight
    assert float(weight) == pytest.approx((labels == 0).sum() / (labels == 1).sum())


def test_a_loss_without_end_is_told(tmp_path: Path, sets: Sets) -> None:
    with pytest.raises(AudiosError, match="YAMNet's loss is not a finite number with"):
        fit(tmp_path, sets, learning_rate=1e30)
    assert not (tmp_path / STATE).is_file()


def test_training_starts_from_what_folded_weights_compute(
    tmp_path: Path, sets: Sets, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = YamnetClassifier(SETTINGS | {"epochs": 1}, 7, WIDTH)
    given = {
        name: torch.randn(value.shape) * 0.3
        for name, value in model.network.state_dict().items()
        if name.endswith((".conv.weight", ".norm.bias"))
    }
    weights = Weights("a.tflite", "0", given, is_folded=True)
    started = []
    monkeypatch.setattr(
        Trainer, "_train_epoch", lambda *_: started.append(model.score_clips(sets[0])) or 0.0
    )
    Trainer(model, *sets, tmp_path).fit(weights)
    fresh = YamnetClassifier(SETTINGS, 7, WIDTH)
    before = fresh.score_clips(sets[0])
    weights.fill(fresh.network)
    np.testing.assert_allclose(started[0], fresh.score_clips(sets[0]), atol=1e-3)
    assert np.abs(started[0] - before).max() > 1e-3
    norms = [unit.norm for _, unit in model.network.units()]
    assert any(norm.running_mean.abs().max() > 0 for norm in norms)


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(b"nothing that it could be")
    with pytest.raises(RunError, match=rf"{STATE} is damaged .*remove it"):
        Progress.read(tmp_path)


def test_a_model_is_read_as_it_was_written(tmp_path: Path, sets: Sets) -> None:
    model = YamnetClassifier(SETTINGS, 3, WIDTH)
    model.save(tmp_path)
    other = YamnetClassifier(SETTINGS)
    other.load(tmp_path)
    np.testing.assert_array_equal(other.score_clips(sets[1]), model.score_clips(sets[1]))
    (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes()[:-50])
    with pytest.raises(RunError, match=rf"{NAME} cannot be read as a YAMNet"):
        other.load(tmp_path)
    (tmp_path / NAME).unlink()
    with pytest.raises(RunError, match=rf"{NAME} cannot be read as a YAMNet"):
        other.load(tmp_path)


def test_hyperparameters_are_checked() -> None:
    with pytest.raises(ArgumentError, match="epochs=0 must lie between 1 and"):
        YamnetClassifier({"epochs": 0})
    with pytest.raises(ArgumentError, match="did you mean patience"):
        YamnetClassifier({"patiense": 3})
