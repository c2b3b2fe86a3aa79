"""The whole computation against the plain path: every shape, format and way of computing."""

import copy
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from src.utils.embeddings.backbones.transformer import front_end
from src.utils.embeddings.backbones.transformer.model import SpeechModel
from src.utils.embeddings.backbones.windows import Window
from tests.utils.embeddings.backbones.shapes import (
    N_LAYERS,
    SHAPES,
    cosines,
    pooled,
    reference_states,
    states_of,
)

CPU = torch.device("cpu")
PACKAGE = "src.utils.embeddings.backbones.transformer"


@pytest.fixture
def without_fused_kernels(monkeypatch) -> None:
    """Compute by torch's plain operators, as on GPUs and where oneDNN is missing."""
    monkeypatch.setattr(f"{PACKAGE}.kernels.has_fused_kernels", lambda dtype: False)


def check_float32(model, clips, references, device: torch.device, one_by_one: bool) -> None:
    speech = SpeechModel(model, (0, N_LAYERS), device, torch.float32, one_by_one)
    for found, expected in zip(states_of(speech, clips, one_by_one), references, strict=True):
        assert found.shape == expected.shape
        for layer, reference in zip(found, expected, strict=True):
            assert reference.std() > 0.3
            assert (layer - reference).abs().max() <= 1e-4 * reference.abs().max().clamp(max=1)


def check_bfloat16(model, clips, references, device: torch.device, one_by_one: bool) -> None:
    speech = SpeechModel(model, (0, N_LAYERS), device, torch.bfloat16, one_by_one)
    for found, expected in zip(states_of(speech, clips, one_by_one), references, strict=True):
        assert found.shape == expected.shape
        assert cosines(found, expected).min() >= 0.999
        assert (found - expected).abs().max() <= 0.1 * expected.std()


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
class TestHiddenStates:
    """Every frame of every layer, clips of all lengths in one batch."""

    def test_float32(
        self, shape: str, one_by_one: bool, model_of: Callable, clips: list, references: Callable
    ) -> None:
        check_float32(model_of(shape), clips, references(shape), CPU, one_by_one)

    def test_bfloat16(
        self, shape: str, one_by_one: bool, model_of: Callable, clips: list, references: Callable
    ) -> None:
        check_bfloat16(model_of(shape), clips, references(shape), CPU, one_by_one)

    @pytest.mark.usefixtures("without_fused_kernels")
    def test_float32_by_plain_operators(
        self, shape: str, one_by_one: bool, model_of: Callable, clips: list, references: Callable
    ) -> None:
        check_float32(model_of(shape), clips, references(shape), CPU, one_by_one)

    @pytest.mark.usefixtures("without_fused_kernels")
    def test_bfloat16_by_plain_operators(
        self, shape: str, one_by_one: bool, model_of: Callable, clips: list, references: Callable
    ) -> None:
        check_bfloat16(model_of(shape), clips, references(shape), CPU, one_by_one)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
    def test_on_a_gpu(
        self, shape: str, one_by_one: bool, model_of: Callable, clips: list, references: Callable
    ) -> None:
        device = torch.device("cuda")
        check_float32(model_of(shape), clips, references(shape), device, one_by_one)
        check_bfloat16(model_of(shape), clips, references(shape), device, one_by_one)


@pytest.mark.parametrize("has_matrix_unit", [True, False])
@pytest.mark.parametrize("shape", ["hubert-large", "wavlm-base", "wavlm-large"])
def test_bfloat16_with_and_without_a_matrix_unit(
    shape: str,
    has_matrix_unit: bool,
    model_of: Callable,
    clips: list,
    references: Callable,
    monkeypatch,
) -> None:
    monkeypatch.setattr(f"{PACKAGE}.attention.has_matrix_unit", lambda: has_matrix_unit)
    # Queries come in blocks of the least size, three for the longest clip.
    monkeypatch.setattr(f"{PACKAGE}.attention.SCORES_AT_ONCE", 1)
    check_bfloat16(model_of(shape), clips, references(shape), CPU, one_by_one=True)


@pytest.mark.parametrize("shape", ["wav2vec2-base", "wavlm-large"])
def test_clips_of_one_length_need_no_mask(shape: str, model_of: Callable, voice: Callable) -> None:
    clips = [voice(0.5, seed=seed) for seed in range(3)]
    expected = [reference_states(model_of(shape), clip) for clip in clips]
    check_float32(model_of(shape), clips, expected, CPU, one_by_one=False)


@pytest.mark.parametrize("shape", ["hubert-base", "wavlm-large"])
def test_the_model_is_only_read(shape: str, model_of: Callable, clips: list) -> None:
    model = copy.deepcopy(model_of(shape))
    weights = copy.deepcopy(model.state_dict())
    before = reference_states(model, clips[-1])
    for dtype, one_by_one in product((torch.float32, torch.bfloat16), (True, False)):
        states_of(SpeechModel(model, (0, N_LAYERS), CPU, dtype, one_by_one), clips, one_by_one)
    after = model.state_dict()
    assert list(after) == list(weights)
    for name, weight in weights.items():
        assert after[name].dtype == weight.dtype
        assert torch.equal(after[name], weight)
    assert torch.equal(reference_states(model, clips[-1]), before)


@pytest.mark.parametrize("one_by_one", [True, False])
def test_pooled_layers(
    one_by_one: bool, model_of: Callable, clips: list, references: Callable
) -> None:
    """Frames that a window sees but does not count are not pooled."""
    speech = SpeechModel(model_of("wavlm-base"), (1, 2), CPU, torch.float32, one_by_one)
    with torch.inference_mode():
        features = speech.features(clips)
        whole = speech.pool_layers([(f, Window(0, len(f), 0, len(f))) for f in features])
        part = speech.pool_layers(
            [
                (features[3], Window(0, 130, 100, 128)),
                (features[4], Window(0, 49, 0, 49)),
                (features[2], Window(0, 9, 8, 9)),
            ]
        )
    assert whole.shape == (5, 2, 2, 64)
    assert whole.dtype == part.dtype == np.float32
    states = [clip[1:3] for clip in references("wavlm-base")]

    def expected(clip: int, start: int, stop: int) -> np.ndarray:
        result = pooled(states[clip][:, start:stop])
        result[:, 1] **= 2
        return result

    for clip, frames in enumerate(states):
        np.testing.assert_allclose(
            whole[clip], expected(clip, 0, frames.shape[1]), atol=1e-4, rtol=1e-4
        )
    for found, where in zip(part, [(3, 100, 128), (4, 0, 49), (2, 8, 9)], strict=True):
        np.testing.assert_allclose(found, expected(*where), atol=1e-4, rtol=1e-4)


def test_features_are_split_by_clip(model_of: Callable, clips: list) -> None:
    speech = SpeechModel(model_of("hubert-large"), (0, 0), CPU, torch.float32)
    with torch.inference_mode():
        features = speech.features(clips)
    assert [len(frames) for frames in features] == [1, 2, 9, 130, 49]
    assert isinstance(speech.front_end, front_end.FrontEnd)
