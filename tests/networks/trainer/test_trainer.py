"""The trainer: what it learns, what it keeps, and that a kill changes not one byte."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from src.networks.trainer import trainer as trainer_module
from src.networks.trainer.settings import TrainerSettings
from src.networks.trainer.state import STATE, Progress
from src.networks.trainer.trainer import Trainer
from src.utils.errors import AudiosError, RunError
from tests.networks.trainer.toys import ToyExamples, ToyLearner, ToyValidator

SETTINGS = TrainerSettings(
    epochs=3, batch_size=4, accumulate=2, learning_rate=0.05, front_learning_rate=0.05
)


def fit(
    folder: Path,
    learner: ToyLearner | None = None,
    settings: TrainerSettings = SETTINGS,
    examples: ToyExamples | None = None,
    validator: ToyValidator | None = None,
    **options: object,
) -> Progress:
    folder.mkdir(exist_ok=True)
    options = {"workers": 0, "seed": 5} | options
    trainer = Trainer(ToyLearner() if learner is None else learner, settings, **options)
    return trainer.fit(examples or ToyExamples(), validator or ToyValidator(), folder)


def weights(learner: ToyLearner) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in learner.state_dict().items()}


def test_it_learns_and_tells_of_each_epoch(tmp_path: Path) -> None:
    learner, told = ToyLearner(), []
    progress = fit(tmp_path, learner, log=lambda values, step: told.append((values, step)))
    losses = progress.history().val_losses
    assert losses[-1] < 0.9 * losses[0]
    assert len(progress.epochs) == 3
    assert progress.epochs[0].measured.more == {"points": 8.0}
    assert np.isnan(progress.history().val_eers).all()
    # Two batches of four a step: three steps of an epoch of twenty.
    assert learner.steps == [(step, 9) for step in range(9)]
    of_epochs = [step for values, step in told if "validation loss" in values]
    assert of_epochs == [3, 6, 9]


def test_the_best_epoch_is_kept_and_patience_ends_it(tmp_path: Path) -> None:
    learner = ToyLearner()
    eers = (0.4, 0.2, 0.3, 0.2, 0.1)
    settings = TrainerSettings(epochs=9, batch_size=20, patience=1, learning_rate=0.1)
    progress = fit(tmp_path, learner, settings, validator=ToyValidator(eers))
    assert [one.measured.eer for one in progress.epochs] == [0.4, 0.2, 0.3]
    assert progress.best == 1
    for name, value in progress.best_weights.items():
        np.testing.assert_array_equal(weights(learner)[name], value.numpy())
        is_trained = name.startswith(("front", "back"))
        assert is_trained != np.array_equal(value.numpy(), weights(ToyLearner())[name])


class _KilledError(BaseException):
    pass


def _killed_at(call: int) -> Callable[[ToyLearner, int, int], None]:
    def begin_step(self: ToyLearner, step: int, steps: int) -> None:
        if step == call:
            raise _KilledError

    return begin_step


@pytest.mark.parametrize("step", [1, 3, 5, 8])
def test_a_killed_training_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Also in the midst of an epoch, of which three steps are made."""
    monkeypatch.setattr(trainer_module, "STATE_SECONDS", 0.0)
    monkeypatch.setattr(trainer_module, "_STATE_SHARE", 1e9)
    whole = fit(tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(_KilledError):
        patch.setattr(ToyLearner, "begin_step", _killed_at(step))
        fit(tmp_path / "killed")
    assert (tmp_path / "killed" / STATE).is_file()
    learner = ToyLearner()
    resumed = fit(tmp_path / "killed", learner)
    assert resumed.n_before == step // 3
    assert [number for number, _ in learner.steps] == list(range(step, 9))
    assert resumed.epochs == whole.epochs
    files = [(tmp_path / name / STATE).read_bytes() for name in ("whole", "killed")]
    assert files[0] == files[1]


def test_a_resumed_sum_of_losses_is_rounded_as_one_that_was_not_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of losses that no sum holds exactly; five batches are two steps of two, and one of one."""
    monkeypatch.setattr(trainer_module, "STATE_SECONDS", 0.0)
    monkeypatch.setattr(trainer_module, "_STATE_SHARE", 1e9)
    forward = ToyLearner.forward
    monkeypatch.setattr(ToyLearner, "forward", lambda *given: forward(*given).double() / 3)
    unread = ToyExamples(unread=(3,))
    settings = TrainerSettings(**vars(SETTINGS) | {"epochs": 12, "patience": 12})
    whole = fit(tmp_path / "whole", settings=settings, examples=unread)
    for step in range(1, 36, 3):
        with monkeypatch.context() as patch, pytest.raises(_KilledError):
            patch.setattr(ToyLearner, "begin_step", _killed_at(step))
            fit(tmp_path / "killed", settings=settings, examples=unread)
    assert fit(tmp_path / "killed", settings=settings, examples=unread).epochs == whole.epochs


def test_generators_of_others_are_left_as_they_were(tmp_path: Path) -> None:
    def drawn() -> tuple[float, float, float]:
        return torch.rand(()).item(), np.random.rand(), random.random()  # noqa: NPY002

    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    expected = drawn()
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    random.setstate(states[2])
    fit(tmp_path)
    assert drawn() == expected


def test_summed_batches_are_one_large_batch(tmp_path: Path) -> None:
    def gradient(name: str, batch_size: int, accumulate: int) -> np.ndarray:
        learner = ToyLearner(dropout=0.0)
        settings = TrainerSettings(
            epochs=1, batch_size=batch_size, accumulate=accumulate, max_norm=0.0
        )
        fit(tmp_path / name, learner, settings, ToyExamples(10))
        return learner.front.weight.grad.numpy()

    # Batches of 4, 3 and 3, whose examples weigh the same.
    found, expected = gradient("summed", 4, 3), gradient("one", 10, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)


def test_what_is_frozen_does_not_move_and_is_not_kept(tmp_path: Path) -> None:
    learner = ToyLearner()
    learner.front.requires_grad_(False)
    before = weights(learner)
    progress = fit(tmp_path, learner)
    assert not [name for name in progress.weights if name.startswith("front")]
    np.testing.assert_array_equal(weights(learner)["front.weight"], before["front.weight"])
    assert not np.array_equal(weights(learner)["back.weight"], before["back.weight"])


def test_another_takes_the_place_of_what_cannot_be_read(tmp_path: Path) -> None:
    progress = fit(tmp_path, examples=ToyExamples(unread=(3, 7)))
    assert [one.n_unread for one in progress.epochs] == [2, 2, 2]
    with pytest.raises(AudiosError, match="none of 4 examples could be read"):
        fit(tmp_path / "none", examples=ToyExamples(4, (0, 1, 2, 3)))


def test_worker_processes_read_the_same(tmp_path: Path) -> None:
    here = fit(tmp_path / "here", examples=ToyExamples(unread=(3,)))
    there = fit(tmp_path / "there", examples=ToyExamples(unread=(3,)), workers=1)
    assert here.epochs == there.epochs


def test_a_loss_that_is_no_number_ends_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToyLearner, "forward", lambda self, _: self.back.weight.sum() * torch.inf)
    with pytest.raises(AudiosError, match="the loss is not a finite number"):
        fit(tmp_path)


def test_a_damaged_state_is_refused_in_one_line(tmp_path: Path) -> None:
    fit(tmp_path)
    content = (tmp_path / STATE).read_bytes()
    (tmp_path / STATE).write_bytes(content.replace(b'\\"step\\"', b'\\"stop\\"'))
    with pytest.raises(RunError, match=r"training\.safetensors is damaged \(.*step.*starts anew"):
        fit(tmp_path)
    (tmp_path / STATE).write_bytes(content)
    learner = ToyLearner()
    learner.back.requires_grad_(False)
    with pytest.raises(RunError, match=r"back\.bias is unknown"):
        fit(tmp_path, learner)


@pytest.mark.parametrize("epochs", [3, 4])
@pytest.mark.parametrize("value", [None, torch.zeros(3)])
def test_damaged_weights_of_the_best_epoch_are_refused_before_it_goes_on(
    tmp_path: Path, epochs: int, value: torch.Tensor | None
) -> None:
    fit(tmp_path)
    progress = Progress.read(tmp_path)
    del progress.best_weights["back.weight"]
    if value is not None:
        progress.best_weights["back.weight"] = value
    progress.write(tmp_path)
    learner, settings = ToyLearner(), TrainerSettings(**vars(SETTINGS) | {"epochs": epochs})
    with pytest.raises(RunError, match=r"training\.safetensors is damaged \(.*starts anew"):
        fit(tmp_path, learner, settings)
    assert not learner.steps


def test_a_training_does_not_go_on_with_other_steps(tmp_path: Path) -> None:
    """As it would by another number of processes, at other learning rates."""
    fit(tmp_path)
    with pytest.raises(AudiosError, match=r"has 3 steps an epoch, and by 1 processes there are 2"):
        fit(tmp_path, examples=ToyExamples(16))


def test_bfloat16_is_computed_in_where_it_is_asked_for(tmp_path: Path) -> None:
    settings = TrainerSettings(**vars(SETTINGS) | {"precision": "bfloat16"})
    half, full = (fit(tmp_path / one.precision, None, one) for one in (settings, SETTINGS))
    losses = [one.epochs[-1].train_loss for one in (half, full)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_validation_is_in_float32_whatever_is_trained_in(tmp_path: Path) -> None:
    """Since the best epoch is chosen by scores as tests and `Predict` have them."""
    learner, validator = ToyLearner(), ToyValidator()
    settings = TrainerSettings(**vars(SETTINGS) | {"precision": "bfloat16", "epochs": 1})
    progress = fit(tmp_path, learner, settings, validator=validator)
    with torch.no_grad():
        expected = validator.measure(learner.eval())
    assert progress.epochs[0].measured == expected
