"""The objectives, against transformers' own and against a plain formula; and what they measure."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from src.networks.pretraining.hubert import HubertLearner, perplexity_of
from src.networks.pretraining.learner import (
    MASK,
    NEGATIVES,
    UNITS,
    WINDOWS,
    PretrainingLearner,
    heard_samples,
    spread_of,
)
from src.networks.pretraining.start import Start
from src.networks.pretraining.wav2vec2 import Wav2Vec2Learner
from tests.networks.pretraining.conftest import N_UNITS


@pytest.fixture
def wav2vec2(start_of: Callable[[str], Start]) -> Wav2Vec2Learner:
    return Wav2Vec2Learner(start_of("wav2vec2").make_wav2vec2(7))


@pytest.fixture
def hubert(start_of: Callable[[str], Start]) -> HubertLearner:
    return HubertLearner(start_of("hubert").make_hubert(7), N_UNITS)


@pytest.mark.parametrize("training", [True, False])
def test_wav2vec2_costs_what_transformers_own_model_says(
    wav2vec2: Wav2Vec2Learner, batch: dict[str, Tensor], training: bool
) -> None:
    # Few codes, so that distractors with the positive's codes are among them.
    wav2vec2.train(training)
    wav2vec2.begin_step(9, 10)
    torch.manual_seed(3)
    ours = wav2vec2(batch)
    ours.backward()
    # Whoever only looks chooses codes without a gradient.
    assert training == (wav2vec2.model.quantizer.weight_proj.weight.grad is not None)
    gradient = {n: one.grad for n, one in wav2vec2.named_parameters() if one.grad is not None}
    wav2vec2.zero_grad()
    torch.manual_seed(3)
    frames = torch.arange(3)[:, None, None] * batch[MASK].shape[1]
    theirs = wav2vec2.model(
        batch[WINDOWS],
        attention_mask=heard_samples(batch),
        mask_time_indices=batch[MASK],
        sampled_negative_indices=batch[NEGATIVES] + frames,
    )
    loss = theirs.loss / batch[MASK].sum()
    loss.backward()
    assert wav2vec2.contrast(batch).is_same.any()
    assert ours.item() == pytest.approx(loss.item(), rel=1e-5)
    for name, found in gradient.items():
        expected = wav2vec2.get_parameter(name).grad
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_the_gumbel_temperature_falls(wav2vec2: Wav2Vec2Learner) -> None:
    temperatures = []
    for step in (0, 50, 99):
        wav2vec2.begin_step(step, 100)
        temperatures.append(wav2vec2.model.quantizer.temperature)
    assert temperatures[0] == 2.0
    assert 0.5 < temperatures[1] < 1.0
    assert temperatures[2] == 0.5


def test_hubert_costs_what_a_plain_formula_says(
    hubert: HubertLearner, batch: dict[str, Tensor]
) -> None:
    hubert.eval()
    states = hubert.model(
        batch[WINDOWS], attention_mask=heard_samples(batch), mask_time_indices=batch[MASK]
    ).last_hidden_state
    costs = []
    for row, frame in batch[MASK].nonzero().tolist():
        vector = hubert.projection(states[row, frame]).double()
        units = hubert.unit_embeddings.double()
        cosines = (units @ vector) / units.norm(dim=1) / vector.norm()
        powers = (cosines / 0.1).exp()
        costs.append(-(powers[batch[UNITS][row, frame]] / powers.sum()).log())
    assert hubert(batch).item() == pytest.approx(torch.stack(costs).mean().item(), rel=1e-5)


@pytest.mark.parametrize("name", ["wav2vec2", "hubert"])
def test_logits_are_exact_where_the_trainer_computes_in_bfloat16(
    name: str,
    batch: dict[str, Tensor],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Tensor] = []

    def keep(logits: Tensor, *others: Tensor, **options: str) -> Tensor:
        given.append(logits)
        return cross_entropy(logits, *others, **options)

    monkeypatch.setattr(f"src.networks.pretraining.{name}.cross_entropy", keep)
    learner: PretrainingLearner = request.getfixturevalue(name)
    with torch.autocast("cpu", torch.bfloat16):
        loss = learner(batch)
        with torch.no_grad():
            learner.eval().examine(batch)
    loss.backward()
    for logits in given:
        assert logits.dtype == torch.float32
        # Not those of bfloat16 with more digits behind them.
        finite = logits[logits.isfinite()]
        assert (finite.bfloat16() != finite).float().mean() > 0.9
    assert len(given) == 2


@pytest.mark.parametrize("name", ["wav2vec2", "hubert"])
def test_masked_frames_are_not_heard_and_padding_changes_nothing(
    name: str, batch: dict[str, Tensor], request: pytest.FixtureRequest
) -> None:
    learner: PretrainingLearner = request.getfixturevalue(name).eval()
    with torch.no_grad():
        before = learner.examine(batch)
        noise = torch.randn_like(batch[WINDOWS]) * (1 - heard_samples(batch))
        after = learner.examine(batch | {WINDOWS: batch[WINDOWS] + noise})
    assert before.frames == int(batch[MASK].sum())
    assert (before.loss, before.correct) == pytest.approx((after.loss, after.correct), rel=1e-5)
    assert before.spread == pytest.approx(after.spread, rel=1e-4)
    assert before.uses.sum() == before.frames * learner.groups


def test_a_collapsed_codebook_is_at_chance_where_it_is_measured(
    wav2vec2: Wav2Vec2Learner, batch: dict[str, Tensor]
) -> None:
    wav2vec2.eval()
    with torch.no_grad():
        wav2vec2.model.quantizer.weight_proj.bias[0] = 1e4
        wav2vec2.model.quantizer.weight_proj.bias[N_UNITS] = 1e4
        found = wav2vec2.examine(batch)
    assert found.loss / found.frames == pytest.approx(np.log(11), rel=1e-4)
    assert found.loss / found.frames == pytest.approx(wav2vec2.chance, rel=1e-4)
    assert found.correct == 0
    assert [perplexity_of(one) for one in found.uses] == [1.0, 1.0]


def test_constant_frames_have_no_spread() -> None:
    assert spread_of(torch.ones(5, 3)) == 0
    assert spread_of(torch.zeros(5, 3)) == 0
    assert spread_of(torch.tensor([[1.0, -1.0], [-1.0, 1.0]])) == 1
