"""From samples to frames, in chunks, with the base models' norm folded into the weights."""

import copy
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from src.utils.embeddings.backbones.transformer import front_end
from src.utils.embeddings.backbones.transformer.front_end import FrontEnd
from src.utils.embeddings.backbones.waveform import Geometry
from tests.utils.embeddings.backbones.shapes import (
    make_model,
    reference_features,
    samples_of,
)

CPU = torch.device("cpu")
FRONTS = ("hubert-base", "wavlm-large", "xls-r-300m")
"""Group norm; layer norms without and with biases before them."""


def frames_of(
    model, clips: list[np.ndarray], dtype: torch.dtype, one_by_one: bool
) -> list[torch.Tensor]:
    with torch.inference_mode():
        front = FrontEnd(model.feature_extractor, model.config, CPU, dtype, one_by_one)
        frames = front([torch.from_numpy(clip) for clip in clips])
    return list(frames.split([front.geometry.n_frames(len(clip)) for clip in clips]))


def check(model, clips: list[np.ndarray], one_by_one: bool, tolerance: float = 1e-5) -> None:
    found = frames_of(model, clips, torch.float32, one_by_one)
    for frames, clip in zip(found, clips, strict=True):
        expected = reference_features(model, clip)
        assert frames.shape == expected.shape
        torch.testing.assert_close(frames.to(expected), expected, atol=tolerance, rtol=1e-4)


def test_geometry(model_of: Callable) -> None:
    geometry = Geometry.of(model_of("hubert-base").config)
    assert geometry == Geometry(hop=320, receptive_field=400)
    assert [geometry.n_frames(n) for n in (400, 719, 720, 16_000)] == [1, 1, 2, 49]


@pytest.fixture
def small_chunks(monkeypatch) -> int:
    monkeypatch.setattr(front_end, "CPU_CHUNK_FRAMES", 16)
    monkeypatch.setattr(front_end, "GPU_CHUNK_FRAMES", 16)
    monkeypatch.setattr(front_end, "GPU_CHUNKS_FRAMES", 48)
    monkeypatch.setattr(front_end, "MOMENT_ROWS", 100)
    return 16


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("shape", FRONTS)
class TestChunks:
    def test_lengths_around_their_bounds(
        self, shape: str, one_by_one: bool, small_chunks: int, model_of: Callable, voice: Callable
    ) -> None:
        counts = (1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49)
        beyond = (0, 1, 319)
        lengths = [samples_of(n, beyond[k % 3]) for k, n in enumerate(counts)]
        clips = [voice(n / 16_000, seed=n) for n in lengths]
        assert [len(clip) for clip in clips] == lengths
        check(model_of(shape), clips, one_by_one)
        check(model_of(shape), clips[::-1], one_by_one)

    @pytest.mark.parametrize("n_samples", [400, 401, 719, 720])
    def test_alone(
        self, shape: str, one_by_one: bool, n_samples: int, model_of: Callable, voice: Callable
    ) -> None:
        check(model_of(shape), [voice(n_samples / 16_000)], one_by_one)

    def test_many_chunks_of_one_clip(
        self, shape: str, one_by_one: bool, small_chunks: int, model_of: Callable, voice: Callable
    ) -> None:
        check(model_of(shape), [voice(samples_of(163) / 16_000)], one_by_one)

    def test_bfloat16(
        self, shape: str, one_by_one: bool, small_chunks: int, model_of: Callable, voice: Callable
    ) -> None:
        clips = [voice(samples_of(n) / 16_000, seed=n) for n in (40, 1, 16, 17)]
        found = frames_of(model_of(shape), clips, torch.bfloat16, one_by_one)
        for frames, clip in zip(found, clips, strict=True):
            expected = reference_features(model_of(shape), clip)
            assert frames.dtype == torch.bfloat16
            assert (frames.float() - expected).abs().max() < 0.1 * expected.std()


def offset(clip: np.ndarray) -> np.ndarray:
    """Small beside its own mean: a recorder's constant offset."""
    return clip / 2000 + np.float32(0.5)


HARD = {
    "offset": offset,
    "quiet": lambda clip: clip / 2000,
    "silent": np.zeros_like,
    "constant": lambda clip: np.full_like(clip, 0.5),
    "clipped": lambda clip: np.sign(clip),
    "click": lambda clip: np.where(np.arange(len(clip)) == 5000, 1, clip / 2000).astype(np.float32),
}


@pytest.mark.parametrize("kind", HARD)
def test_statistics_of_awkward_clips(kind: str, voice: Callable) -> None:
    """Against transformers in float64: in float32 it loses digits itself where there is an offset.

    The first convolution's amplitude is 1e-4 here and its norm's epsilon 1e-5.
    """
    model = make_model("hubert-base", n_layers=1)
    clip = HARD[kind](voice(1.3, peak=0.2)).astype(np.float32)
    expected = reference_features(copy.deepcopy(model).double(), clip)
    scale = expected.std()
    assert scale > 0.01
    mates = [voice(2.0, peak=0.9), clip, voice(0.1, seed=1)]
    for one_by_one, dtype in product((True, False), (torch.float32, torch.bfloat16)):
        tolerance = 5e-4 if dtype == torch.float32 else 0.15
        for batch, place in (([clip], 0), (mates, 1)):
            found = frames_of(model, batch, dtype, one_by_one)[place]
            assert (found - expected).abs().max() <= tolerance * scale


def first_layer(norm: str):
    """Make a front end of one convolution, whose kernels do not hear what changes slowly."""
    model = make_model(
        "wavlm-base" if norm == "group" else "wavlm-large",
        n_layers=1,
        conv_dim=(48,),
        conv_kernel=(10,),
        conv_stride=(5,),
        num_feat_extract_layers=1,
    )
    with torch.no_grad():
        weight = model.feature_extractor.conv_layers[0].conv.weight
        # Without their constant, linear and quadratic parts.
        slow, _ = torch.linalg.qr(torch.arange(10.0)[:, None] ** torch.arange(3))
        weight -= weight @ slow @ slow.T
    return model


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("norm", ["group", "layer"])
def test_bfloat16_keeps_what_is_50_db_down(norm: str, one_by_one: bool, voice: Callable) -> None:
    """A rumble at full scale, and under it a voice."""
    model = first_layer(norm)
    time = np.arange(16_000) / 16_000
    quiet = voice(1.0, peak=0.9 * 10 ** (-50 / 20))
    clip = (0.9 * np.sin(2 * np.pi * 30 * time) + quiet).astype(np.float32)
    exact = reference_features(copy.deepcopy(model).double(), clip)
    rounded = torch.from_numpy(clip).bfloat16().float().numpy()
    by_rounding = reference_features(copy.deepcopy(model).double(), rounded)
    [found] = frames_of(model, [clip], torch.bfloat16, one_by_one)

    def error(frames: torch.Tensor) -> float:
        return float((frames - exact).square().mean().sqrt() / exact.std())

    assert error(by_rounding) > 0.3
    assert error(found) < 0.02
