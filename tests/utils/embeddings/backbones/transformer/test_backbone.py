"""The backbone as the stages use it: from waveforms to pooled layers."""

import io
import json
import logging
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from src.utils.embeddings.backbones import load_backbone, pretrained
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface import HuggingFaceBackbone
from src.utils.embeddings.backbones.transformer import TransformerBackbone, backbone
from src.utils.embeddings.backbones.transformer.model import SpeechModel
from src.utils.embeddings.backbones.windows import cut
from src.utils.errors import ArgumentError, EmbeddingError
from tests.utils.embeddings.backbones.shapes import (
    N_LAYERS,
    NORMALISED,
    SHAPES,
    cosines,
    pooled,
    reference_features,
    reference_states_behind,
    samples_of,
)

NAME_OF = {
    shape: "xlsr" if shape.startswith("xls") else shape.partition("-")[0] for shape in SHAPES
}


@pytest.fixture(scope="module")
def load(folder_of: Callable) -> Callable[..., TransformerBackbone]:
    """Make a backbone; `padded` computes as on a GPU. Those made alike are one."""
    made: dict[tuple, TransformerBackbone] = {}

    def get(
        shape: str,
        precision: str = "float32",
        layers: tuple[int, int] | None = None,
        padded: bool = False,
    ) -> TransformerBackbone:
        key = shape, precision, layers, padded
        if key not in made:
            model = load_backbone(NAME_OF[shape], str(folder_of(shape)), precision, layers)
            assert isinstance(model, TransformerBackbone)
            if padded:
                loaded, dtype = model._checkpoint.model(), getattr(torch, model.precision)
                model._model = SpeechModel(
                    loaded, model.layers, model.device, dtype, one_by_one=False
                )
            made[key] = model
        return made[key]

    return get


def embed(model: TransformerBackbone, *waveforms: np.ndarray) -> np.ndarray:
    return model.embed([model.prepare(waveform) for waveform in waveforms])


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_vectors_are_the_plain_paths(
    shape: str, load: Callable, folder_of: Callable, voice: Callable
) -> None:
    """From the same folder, preprocessor included."""
    waveform = voice(1.1) + np.float32(0.02)
    plain = HuggingFaceBackbone("plain", Checkpoint(str(folder_of(shape))), "float32")
    [expected] = plain.embed([plain.prepare(waveform)])
    found = embed(load(shape), waveform)
    assert found.shape == (1, N_LAYERS + 1, 2, 64)
    assert found.dtype == np.float32
    assert_close(found[0], expected)
    rough = embed(load(shape, "bfloat16"), waveform)[0]
    assert rough.dtype == np.float32
    assert cosines(torch.from_numpy(rough), torch.from_numpy(expected)).min() >= 0.999


ORDERS = [[0, 1, 2, 3], [1, 3, 0, 2], [2, 0, 3, 1], [3, 2, 1, 0]]
"""Every clip at every place, and beside every other one, behind it and before."""


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("shape", ["wav2vec2-base", "hubert-large", "wavlm-base", "wavlm-large"])
def test_batch_mates_and_their_order_do_not_matter(
    shape: str, padded: bool, load: Callable, voice: Callable
) -> None:
    model = load(shape, padded=padded)
    clips = [
        voice(seconds, seed=n, peak=peak)
        for n, (seconds, peak) in enumerate([(0.3, 0.9), (1.3, 0.001), (0.01, 0.2), (0.7, 0.1)])
    ]
    alone = np.concatenate([embed(model, clip) for clip in clips])
    for order in ORDERS:
        assert_close(embed(model, *[clips[n] for n in order]), alone[order])
    # They are no constants that would agree whatever happened.
    assert np.abs(alone[0] - alone[1]).max() > 0.05


@pytest.fixture
def two_threads() -> Iterator[None]:
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(n_threads)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("padded", [False, True])
def test_the_same_batch_gives_the_same_bits(
    padded: bool, precision: str, load: Callable, voice: Callable
) -> None:
    for shape in ("wav2vec2-base", "wavlm-large"):
        model = load(shape, precision, padded=padded)
        clips = [voice(seconds, seed=7) for seconds in (0.4, 1.0, 0.9)]
        np.testing.assert_array_equal(embed(model, *clips), embed(model, *clips))


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("shape", ["wav2vec2-base", "wavlm-base", "xls-r-300m"])
class TestShortClips:
    def test_shorter_than_a_frame(
        self, shape: str, padded: bool, load: Callable, folder_of: Callable, voice: Callable
    ) -> None:
        model = load(shape, padded=padded)
        assert model.receptive_field == 400
        for n in (1, 150, 399):
            short = voice(0.3)[-n:]
            assert len(model.prepare(short)) == 400
            found = embed(model, voice(0.5), short)
            assert np.isfinite(found).all()
            # A single frame does not vary.
            np.testing.assert_allclose(found[1, :, 1], 0, atol=1e-5)
            assert_close(found[1], embed(model, short)[0])

    def test_of_one_frame(
        self, shape: str, padded: bool, load: Callable, model_of: Callable, voice: Callable
    ) -> None:
        model = load(shape, padded=padded)
        for n in (400, 401, 719, 720):
            prepared = model.prepare(voice(n / 16_000))
            assert len(prepared) == n
            features = reference_features(model_of(shape), prepared)
            assert len(features) == (2 if n == 720 else 1)
            expected = pooled(reference_states_behind(model_of(shape), features))
            found = model.embed([prepared, model.prepare(voice(0.2))])[0]
            assert_close(found, expected)

    def test_silent(self, shape: str, padded: bool, load: Callable, voice: Callable) -> None:
        silence = np.zeros(8000, np.float32)
        found = embed(load(shape, padded=padded), silence, voice(0.3))
        assert np.isfinite(found).all()


def test_normalised_before_padded(load: Callable, voice: Callable) -> None:
    short = voice(0.3)[:150] + np.float32(0.3)
    for shape in SHAPES:
        prepared = load(shape).prepare(short)
        assert prepared.dtype == np.float32
        assert (prepared[150:] == 0).all()
        if shape in NORMALISED:
            assert prepared[:150].mean() == pytest.approx(0, abs=1e-4)
            assert prepared[:150].std() == pytest.approx(1, abs=1e-2)
        else:
            np.testing.assert_allclose(prepared[:150], short, atol=1e-6)


class TestLongClips:
    WINDOW, CONTEXT = 50, 10

    @pytest.fixture(autouse=True)
    def short_windows(self, monkeypatch) -> None:
        monkeypatch.setattr(backbone, "WINDOW_SECONDS", 1.0)
        monkeypatch.setattr(backbone, "CONTEXT_SECONDS", 0.2)

    def expected(self, model, prepared: np.ndarray) -> np.ndarray:
        """Whole-clip features, the encoder window by window, counted frames as one set."""
        features = reference_features(model, prepared)
        states = [
            reference_states_behind(model, features[window.start : window.stop])[
                :, window.counted_start - window.start : window.counted_stop - window.start
            ]
            for window in cut(len(features), self.WINDOW, self.CONTEXT)
        ]
        joined = torch.cat(states, dim=1)
        assert joined.shape[1] == len(features)
        return pooled(joined)

    @pytest.mark.parametrize("padded", [False, True])
    @pytest.mark.parametrize("shape", ["hubert-base", "wavlm-large", "xls-r-300m"])
    def test_are_seen_in_windows(
        self, shape: str, padded: bool, load: Callable, model_of: Callable, voice: Callable
    ) -> None:
        model = load(shape, padded=padded)
        counts = (49, 50, 51, 60, 61, 124, 200)
        prepared = [
            model.prepare(voice(samples_of(n, 13 * n % 320) / 16_000, seed=n)) for n in counts
        ]
        found = model.embed(prepared)
        for vectors, clip in zip(found, prepared, strict=True):
            assert_close(vectors, self.expected(model_of(shape), clip))

    def test_also_in_several_batches(
        self, load: Callable, model_of: Callable, voice: Callable, monkeypatch
    ) -> None:
        """A clip's windows may come in different batches, and beside other clips'."""
        model = load("wavlm-base")
        monkeypatch.setattr(model, "batch_seconds", 2.1)
        prepared = [model.prepare(voice(s, seed=n)) for n, s in enumerate((0.5, 5.0, 0.3, 2.2))]
        found = model.embed(prepared)
        for vectors, clip in zip(found, prepared, strict=True):
            assert_close(vectors, self.expected(model_of("wavlm-base"), clip))

    def test_windows_would_differ_from_the_whole(
        self, load: Callable, model_of: Callable, voice: Callable
    ) -> None:
        """Else these tests would show nothing."""
        model = load("hubert-base")
        prepared = model.prepare(voice(4.0))
        features = reference_features(model_of("hubert-base"), prepared)
        whole = pooled(reference_states_behind(model_of("hubert-base"), features))
        assert np.abs(whole - self.expected(model_of("hubert-base"), prepared)).max() > 0.01


def test_a_clip_longer_than_a_window(load: Callable, voice: Callable, monkeypatch) -> None:
    """With the real lengths: two windows of half the clip, 2.5 s of context each."""
    model = load("wav2vec2-base", layers=(0, 1))
    seen = []
    pool_layers = model._model.pool_layers
    monkeypatch.setattr(
        model._model,
        "pool_layers",
        lambda stretches: seen.extend(w for _, w in stretches) or pool_layers(stretches),
    )
    found = embed(model, voice(32.0))
    assert [(w.start, w.stop) for w in seen] == [(0, 925), (675, 1599)]
    assert [(w.counted_start, w.counted_stop) for w in seen] == [(0, 800), (800, 1599)]
    assert found.shape == (1, 2, 2, 64)
    assert np.isfinite(found).all()


def test_memory_of_a_batch_is_bounded(load: Callable, voice: Callable, monkeypatch) -> None:
    model = load("wav2vec2-base")
    monkeypatch.setattr(model, "batch_seconds", 1.0)
    seen = []
    pool_layers = model._model.pool_layers
    monkeypatch.setattr(
        model._model,
        "pool_layers",
        lambda stretches: (
            seen.append([w.stop - w.start for _, w in stretches]) or pool_layers(stretches)
        ),
    )
    lengths = (0.2, 0.3, 0.3, 0.3, 1.5, 0.1, 0.1, 0.6)
    clips = [voice(seconds, seed=n) for n, seconds in enumerate(lengths)]
    found = embed(model, *clips)
    # At most 50 frames, padding counted, unless one clip alone has more.
    assert seen == [[9, 14, 14], [14], [74], [4, 4], [29]]
    monkeypatch.undo()
    assert_close(found, embed(model, *clips))


class TestLayers:
    @pytest.mark.parametrize("padded", [False, True])
    @pytest.mark.parametrize("layers", [(0, 1), (2, 3), (3, 3), (0, 0), (1, 2)])
    @pytest.mark.parametrize("shape", ["wavlm-base", "xls-r-300m"])
    def test_a_range_is_a_slice_of_all(
        self,
        shape: str,
        layers: tuple[int, int],
        padded: bool,
        load: Callable,
        voice: Callable,
    ) -> None:
        clips = [voice(0.5), voice(0.8, seed=1)]
        first, last = layers
        part = load(shape, layers=layers, padded=padded)
        everything = embed(load(shape, padded=padded), *clips)
        np.testing.assert_array_equal(embed(part, *clips), everything[:, first : last + 1])
        about = part.describe()
        assert (about["first_layer"], about["layers"]) == (first, last - first + 1)

    @pytest.mark.parametrize("layers", [(2, 1), (0, 4), (-1, 2), (4, 4)])
    def test_others_are_refused(self, layers: tuple[int, int], folder_of: Callable) -> None:
        with pytest.raises(ArgumentError) as raised:
            load_backbone("hubert", str(folder_of("hubert-base")), layers=layers)
        assert f"--layers={layers[0]}-{layers[1]}" in str(raised.value)
        assert "has the layers 0 to 3" in str(raised.value)
        assert "\n" not in str(raised.value)


class TestPrecision:
    @pytest.mark.parametrize("auto", ["float32", "bfloat16"])
    def test_auto_is_resolved_when_made(self, auto: str, folder_of: Callable, monkeypatch) -> None:
        monkeypatch.setattr(pretrained, "resolve_precision", lambda precision, device: auto)
        model = load_backbone("wav2vec2", str(folder_of("wav2vec2-base")))
        assert model.describe()["precision"] == auto

    @pytest.mark.parametrize("precision", ["float32", "bfloat16"])
    def test_a_choice_is_computed_in(self, precision: str, load: Callable, voice: Callable) -> None:
        model = load("wav2vec2-base", precision)
        assert model.describe()["precision"] == precision
        with torch.inference_mode():
            [features] = model._model.features([model.prepare(voice(0.2))])
        assert features.dtype == getattr(torch, precision)

    def test_others_are_refused(self, folder_of: Callable) -> None:
        with pytest.raises(ArgumentError, match="--precision"):
            load_backbone("wav2vec2", str(folder_of("wav2vec2-base")), "float16")

    @pytest.mark.parametrize(
        "options", [{"precision": "bfloat16"}, {"layers": (0, 1)}, {"layers": (1, 1)}]
    )
    def test_acoustic_has_no_choice(self, options: dict) -> None:
        with pytest.raises(ArgumentError, match="acoustic has one layer, in float32"):
            load_backbone("acoustic", **options)

    @pytest.mark.parametrize("options", [{}, {"precision": "float32"}, {"layers": (0, 0)}])
    def test_acoustic_as_it_is(self, options: dict) -> None:
        assert load_backbone("acoustic", **options).name == "acoustic"


@pytest.mark.parametrize("embedded_before", [False, True])
def test_can_be_pickled(embedded_before: bool, folder_of: Callable, voice: Callable) -> None:
    model = load_backbone("wavlm", str(folder_of("wavlm-large")), "bfloat16", (1, 2))
    about = model.describe()
    if embedded_before:
        embed(model, voice(0.2))
    content = pickle.dumps(model)
    assert len(content) < 1_000_000
    # Weights would be of torch's.
    assert b"torch._utils" not in content
    other = pickle.load(io.BytesIO(content))
    assert other.describe() == about
    np.testing.assert_array_equal(embed(other, voice(0.5)), embed(model, voice(0.5)))


def test_description(load: Callable, folder_of: Callable) -> None:
    about = load("xls-r-300m").describe()
    assert about == json.loads(json.dumps(about))
    assert about.pop("revision").startswith("sha256:")
    assert about == {
        "name": "xlsr",
        "checkpoint": str(Path(folder_of("xls-r-300m")).resolve()),
        "precision": "float32",
        "sample_rate": 16_000,
        "do_normalize": True,
        "window_seconds": 30.0,
        "context_seconds": 2.5,
        "first_layer": 0,
        "layers": N_LAYERS + 1,
        "stats": ["mean", "std"],
        "stats_count": 2,
        "dim": 64,
    }


def test_the_demonstrations_checkpoints(checkpoint: Callable, voice: Callable) -> None:
    """Both layouts of each kind; their positional kernel is short."""
    for kind in ("wav2vec2", "hubert", "wavlm"):
        for large in (False, True):
            folder = checkpoint(kind, large)
            model = load_backbone(kind, str(folder), "float32")
            prepared = model.prepare(voice(0.7))
            theirs = transformers.AutoModel.from_pretrained(folder).eval()
            features = reference_features(theirs, prepared)
            expected = pooled(reference_states_behind(theirs, features))
            assert_close(model.embed([prepared])[0], expected)


def test_loading_is_quiet(
    checkpoint: Callable,
    voice: Callable,
    capfd: pytest.CaptureFixture,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, logger="src")
    embed(load_backbone("wav2vec2", str(checkpoint("wav2vec2"))), voice(0.3))
    captured = capfd.readouterr()
    assert not captured.out
    assert not captured.err


def test_memory_that_does_not_suffice_is_one_line(
    checkpoint: Callable, voice: Callable, monkeypatch
) -> None:
    backbone = load_backbone("wav2vec2", str(checkpoint("wav2vec2")))

    def exhausted(*_) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20 GiB")

    monkeypatch.setattr(SpeechModel, "pool_layers", exhausted)
    with pytest.raises(EmbeddingError, match="does not suffice") as raised:
        backbone.embed([backbone.prepare(voice(0.3))])
    assert "\n" not in str(raised.value)
