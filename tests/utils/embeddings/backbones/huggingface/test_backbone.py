"""The plain path: transformers' own hidden states, pooled over the clip's own frames."""

import io
import json
import logging
import math
import pickle
import shutil
from collections.abc import Callable
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface import ARCHITECTURES, HuggingFaceBackbone, inputs
from src.utils.embeddings.backbones.windows import cut
from src.utils.errors import ArgumentError, AudioError, CheckpointError, EmbeddingError
from tests.utils.embeddings.backbones.huggingface.encoders import (
    MODEL_TYPES,
    N_LAYERS,
    WIDTH,
    WINDOW_SECONDS,
    reference_states,
)
from tests.utils.embeddings.backbones.shapes import cosines, pooled

RATE = 16_000


@pytest.fixture(scope="session")
def load(encoder_of: Callable) -> Callable[..., HuggingFaceBackbone]:
    @cache
    def get(
        model_type: str, precision: str = "float32", layers: tuple[int, int] | None = None
    ) -> HuggingFaceBackbone:
        checkpoint = Checkpoint(str(encoder_of(model_type)))
        return HuggingFaceBackbone("auto", checkpoint, precision, layers)

    return get


def embed(model: HuggingFaceBackbone, *waveforms: np.ndarray) -> np.ndarray:
    return model.embed([model.prepare(waveform) for waveform in waveforms])


def assert_close(found: np.ndarray, expected: np.ndarray) -> None:
    """Within what sums in another order make of float32."""
    np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-5)


def n_frames(model_type: str, folder: Path, clip: np.ndarray) -> int:
    """Return how many frames are the clip's own, by transformers' own count."""
    model = transformers.AutoModel.from_pretrained(folder)
    processor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    given = processor(clip, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
    if model_type == "wav2vec2-bert":
        return int(given["attention_mask"].sum())
    encoder = model.encoder if ARCHITECTURES[model_type].encoder else model
    count = int(encoder._get_feat_extract_output_lengths(given["attention_mask"].sum()))
    return count // getattr(model.config, "squeeze_factor", 1)


def test_every_architecture_is_tested() -> None:
    assert set(MODEL_TYPES) == set(ARCHITECTURES)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
class TestEveryArchitecture:
    def test_hidden_states_are_transformers_own(
        self, model_type: str, load: Callable, encoder_of: Callable, voice: Callable
    ) -> None:
        """Every frame of every layer, and frames behind the clip's end never counted."""
        model, folder = load(model_type), encoder_of(model_type)
        for n in (20_960, 21_121):
            clip = voice(n / RATE, seed=n) + np.float32(0.02)
            own = n_frames(model_type, folder, clip)
            expected = reference_states(folder, clip)[:, :own]
            vectors = embed(model, clip)
            prepared = model.prepare(clip)
            with torch.inference_mode():
                found = model._model(model._input.window(prepared, 0, own)[None])[:, 0, :own]
            assert model._input.n_frames(prepared) == own
            assert found.shape == expected.shape == (N_LAYERS + 1, own, WIDTH)
            assert expected.std(dim=1).mean(1).min() > 0.05
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
            assert vectors.shape == (1, N_LAYERS + 1, 2, WIDTH)
            assert vectors.dtype == np.float32
            assert_close(vectors[0], pooled(expected))

    def test_batch_mates_and_their_order_do_not_matter(
        self, model_type: str, load: Callable, voice: Callable
    ) -> None:
        model = load(model_type)
        lengths = (0.8, 1.3, 0.1, 0.8, 2 * WINDOW_SECONDS + 0.7)
        clips = [voice(s, seed=n, peak=0.9 / (1 + n)) for n, s in enumerate(lengths)]
        alone = np.concatenate([embed(model, clip) for clip in clips])
        for order in list(map(list, permutations(range(5))))[::40]:
            assert_close(embed(model, *[clips[n] for n in order]), alone[order])
        # They are no constants that would agree whatever happened.
        assert np.abs(alone[0] - alone[3]).max() > 0.01

    def test_short_clips(self, model_type: str, load: Callable, voice: Callable) -> None:
        model = load(model_type)
        for n in (1, 399, 1600):
            assert np.isfinite(embed(model, voice(0.3)[:n])).all()

    def test_digital_silence(self, model_type: str, load: Callable) -> None:
        """Finite numbers, or the reason why there are none."""
        silence = np.zeros(1600, np.float32)
        if model_type == "speech_to_text":
            with pytest.raises(AudioError, match="is silent"):
                load(model_type).prepare(silence)
        else:
            assert np.isfinite(embed(load(model_type), silence)).all()

    def test_the_same_bits_each_time(
        self, model_type: str, load: Callable, voice: Callable
    ) -> None:
        """No dropout, no layer left out, no frame masked, which these settings ask for."""
        clips = [voice(0.7), voice(1.2, seed=1)]
        first = embed(load(model_type), *clips)
        np.testing.assert_array_equal(embed(load(model_type), *clips), first)
        assert not load(model_type)._model._encoder.training

    @pytest.mark.parametrize("layers", [(0, 0), (1, 2), (3, 3), (0, 2)])
    def test_layers_are_a_slice_of_all(
        self, model_type: str, layers: tuple[int, int], load: Callable, voice: Callable
    ) -> None:
        first, last = layers
        part = load(model_type, layers=layers)
        everything = embed(load(model_type), voice(0.6))
        np.testing.assert_array_equal(embed(part, voice(0.6)), everything[:, first : last + 1])
        about = part.describe()
        assert (about["first_layer"], about["layers"]) == (first, last - first + 1)

    def test_bfloat16(self, model_type: str, load: Callable, voice: Callable) -> None:
        rough = load(model_type, "bfloat16")
        found, expected = embed(rough, voice(1.1)), embed(load(model_type), voice(1.1))
        assert rough._model._encoder.dtype == torch.bfloat16
        assert found.dtype == np.float32
        assert cosines(torch.from_numpy(found), torch.from_numpy(expected)).min() >= 0.99

    def test_can_be_pickled(self, model_type: str, load: Callable, voice: Callable) -> None:
        model = load(model_type)
        embed(model, voice(0.2))
        content = pickle.dumps(model)
        assert b"torch._utils" not in content
        assert len(content) < 1_000_000
        other = pickle.load(io.BytesIO(content))
        assert other.describe() == model.describe()
        assert "_model" not in vars(other)
        np.testing.assert_array_equal(embed(other, voice(0.5)), embed(model, voice(0.5)))


class TestLongClips:
    """Windows of 1 s that see 0.2 s beyond what they count, but Whisper's own are of 3 s."""

    @pytest.fixture(autouse=True)
    def short_windows(self, monkeypatch) -> None:
        monkeypatch.setattr(inputs, "WINDOW_SECONDS", 1.0)
        monkeypatch.setattr(inputs, "CONTEXT_SECONDS", 0.2)

    def open(self, folder: Path) -> HuggingFaceBackbone:
        return HuggingFaceBackbone("auto", Checkpoint(str(folder)), "float32")

    def expected(
        self,
        states: Callable[[int, int], Tensor],
        count: int,
        longest: int,
        context: int,
    ) -> np.ndarray:
        parts = [
            states(window.start, window.stop)[
                :, window.counted_start - window.start : window.counted_stop - window.start
            ]
            for window in cut(count, longest, context)
        ]
        joined = torch.cat(parts, dim=1)
        assert joined.shape[1] == count
        return pooled(joined)

    @pytest.mark.parametrize("model_type", ["data2vec-audio", "unispeech", "wav2vec2-conformer"])
    @pytest.mark.parametrize("seconds", [1.0, 1.02, 1.21, 4.56])
    @torch.inference_mode()
    def test_waveforms(
        self, model_type: str, seconds: float, encoder_of: Callable, voice: Callable
    ) -> None:
        folder = encoder_of(model_type)
        model, raw = self.open(folder), transformers.AutoModel.from_pretrained(folder).eval()
        prepared = model.prepare(voice(seconds))
        count = (len(prepared) - 400) // 320 + 1

        def states(start: int, stop: int) -> Tensor:
            end = len(prepared) if stop == count else (stop - 1) * 320 + 400
            values = torch.from_numpy(prepared[start * 320 : end])[None]
            return torch.cat(raw(values, output_hidden_states=True).hidden_states)

        found = model.embed([prepared])[0]
        assert_close(found, self.expected(states, count, 50, 10))

    @torch.inference_mode()
    def test_log_mel_frames(self, encoder_of: Callable, voice: Callable) -> None:
        folder = encoder_of("wav2vec2-bert")
        model, raw = self.open(folder), transformers.AutoModel.from_pretrained(folder).eval()
        prepared = model.prepare(voice(3.33))

        def states(start: int, stop: int) -> Tensor:
            values = torch.from_numpy(prepared[start:stop])[None]
            return torch.cat(raw(values, output_hidden_states=True).hidden_states)

        assert_close(model.embed([prepared])[0], self.expected(states, len(prepared), 50, 10))

    @torch.inference_mode()
    def test_whisper(self, encoder_of: Callable, voice: Callable) -> None:
        """Each window through the preprocessor by itself, as `transcribe` does."""
        folder = encoder_of("whisper")
        model = self.open(folder)
        clip = voice(2 * WINDOW_SECONDS + 1.23)
        count = math.ceil(len(clip) / 320)

        def states(start: int, stop: int) -> Tensor:
            return reference_states(folder, clip[start * 320 : stop * 320])[:, : stop - start]

        expected = self.expected(states, count, 50 * WINDOW_SECONDS, 10)
        assert_close(embed(model, clip)[0], expected)

    def test_windows_would_differ_from_the_whole(
        self, encoder_of: Callable, load: Callable, voice: Callable
    ) -> None:
        """Else these tests would show nothing."""
        for model_type in ("data2vec-audio", "wav2vec2-bert"):
            whole = embed(load(model_type), voice(2.7))
            assert np.abs(embed(self.open(encoder_of(model_type)), voice(2.7)) - whole).max() > 1e-3

    def test_memory_is_bounded(self, encoder_of: Callable, voice: Callable, monkeypatch) -> None:
        """A batch never holds more than `batch_seconds`, Whisper's silence counted."""
        for model_type, seconds, most in (("whisper", 7.0, 2), ("data2vec-audio", 2.0, 2)):
            model = self.open(encoder_of(model_type))
            embed(model, voice(0.2))
            seen, run = [], model._model
            monkeypatch.setattr(
                model,
                "_model",
                lambda values, run=run, seen=seen: seen.append(len(values)) or run(values),
            )
            monkeypatch.setattr(model, "batch_seconds", seconds)
            clips = [voice(0.9, seed=n) for n in range(5)]
            embed(model, *clips)
            assert seen == [most, most, 1]


def test_whispers_silence_is_not_pooled(
    load: Callable, encoder_of: Callable, voice: Callable
) -> None:
    """Of 3 s that it sees, half a second is the clip's: all frames would give other vectors."""
    clip = voice(0.5)
    everything = pooled(reference_states(encoder_of("whisper"), clip))
    [found] = embed(load("whisper"), clip)
    assert np.abs(found - everything).max() > 0.05


def test_a_frame_half_of_padding_is_not_counted(
    load: Callable, encoder_of: Callable, voice: Callable
) -> None:
    """Of 129 mel frames the preprocessor pads the last one to a pair, and masks the pair."""
    clip = voice((400 + 128 * 160) / RATE)
    states = reference_states(encoder_of("wav2vec2-bert"), clip)
    assert states.shape[1] == 65
    assert_close(embed(load("wav2vec2-bert"), clip)[0], pooled(states[:, :64]))


def test_samples_behind_the_last_frame_are_normalised_over(load: Callable, voice: Callable) -> None:
    """The group norm of wav2vec 2.0 looks at all the samples, also those that make no frame."""
    clip = voice(1.0)
    louder = clip.copy()
    louder[-60:] *= 30
    prepared = [load("hubert").prepare(clip), load("unispeech").prepare(clip)]
    assert len(prepared[0]) == RATE and (RATE - 400) % 320 >= 60
    model = load("unispeech")
    values = [prepared[1], np.concatenate([prepared[1][:-60], 30 * prepared[1][-60:]])]
    one, other = model.embed(values)
    assert np.abs(one - other).max() > 1e-3


class TestDescription:
    def test_says_what_made_the_vectors(self, load: Callable, encoder_of: Callable) -> None:
        about = load("whisper").describe()
        assert about == json.loads(json.dumps(about))
        assert about.pop("revision").startswith("sha256:")
        assert about == {
            "name": "auto",
            "checkpoint": str(encoder_of("whisper").resolve()),
            "precision": "float32",
            "sample_rate": RATE,
            "window_seconds": float(WINDOW_SECONDS),
            "context_seconds": 0.24,
            "first_layer": 0,
            "layers": N_LAYERS + 1,
            "stats": ["mean", "std"],
            "stats_count": 2,
            "dim": WIDTH,
            "model_type": "whisper",
            "implementation": "transformers",
        }

    def test_of_a_real_length_is_30_seconds(self, load: Callable) -> None:
        for model_type in ("data2vec-audio", "wav2vec2-bert", "moonshine"):
            about = load(model_type).describe()
            assert about["window_seconds"] == pytest.approx(30.0, abs=0.02)
            assert about["context_seconds"] == pytest.approx(2.5, abs=0.02)

    def test_loads_no_weights(self, encoder_of: Callable, monkeypatch) -> None:
        def refuse(*_, **__):
            raise AssertionError("weights are loaded")

        monkeypatch.setattr(transformers.AutoModel, "from_pretrained", refuse)
        for model_type in MODEL_TYPES:
            checkpoint = Checkpoint(str(encoder_of(model_type)))
            HuggingFaceBackbone("auto", checkpoint).describe()


class TestRefusals:
    @pytest.fixture
    def copied(self, encoder_of: Callable, tmp_path: Path) -> Callable[[str], Path]:
        return lambda model_type: Path(shutil.copytree(encoder_of(model_type), tmp_path / "copied"))

    def refused(self, folder: Path, *words: str) -> None:
        with pytest.raises(CheckpointError) as raised:
            model = HuggingFaceBackbone("auto", Checkpoint(str(folder)), "float32")
            model.embed([model.prepare(np.ones(4000, np.float32))])
        assert "\n" not in str(raised.value)
        for word in (str(folder), *words):
            assert word in str(raised.value)

    @pytest.mark.parametrize("layers", [(2, 1), (0, 4), (-1, 2)])
    @pytest.mark.parametrize("model_type", ["whisper", "moonshine", "unispeech"])
    def test_layers_it_does_not_have(
        self, model_type: str, layers: tuple[int, int], load: Callable
    ) -> None:
        with pytest.raises(ArgumentError, match="has the layers 0 to 3"):
            load(model_type, layers=layers)

    @pytest.mark.parametrize("model_type", ["whisper", "wav2vec2-bert"])
    def test_no_preprocessor(self, model_type: str, copied: Callable) -> None:
        folder = copied(model_type)
        (folder / "preprocessor_config.json").unlink()
        self.refused(folder, "has no preprocessor_config.json", model_type)

    def test_a_preprocessor_of_another_kind(self, copied: Callable) -> None:
        folder = copied("whisper")
        transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
        self.refused(folder, "Wav2Vec2FeatureExtractor", "input_values", "whisper")

    def test_windows_that_do_not_fit(self, copied: Callable) -> None:
        folder = copied("whisper")
        transformers.WhisperFeatureExtractor(chunk_length=30).save_pretrained(folder)
        self.refused(folder, "480000 samples", "takes 48000")

    def test_weights_of_the_encoder_are_missing(self, copied: Callable) -> None:
        folder = copied("whisper")
        weights = load_file(folder / "model.safetensors")
        kept = {key: value for key, value in weights.items() if "encoder.layers.1" not in key}
        assert len(kept) < len(weights)
        save_file(kept, folder / "model.safetensors", {"format": "pt"})
        self.refused(folder, "lacks", "of a whisper model (encoder.layers.1")

    def test_the_decoder_is_not_needed(
        self, copied: Callable, load: Callable, voice: Callable
    ) -> None:
        """As checkpoints that were trained on to classify audio come without one."""
        folder = copied("whisper")
        weights = load_file(folder / "model.safetensors")
        kept = {key: value for key, value in weights.items() if not key.startswith("decoder.")}
        assert 0 < len(kept) < len(weights)
        save_file(kept, folder / "model.safetensors", {"format": "pt"})
        model = HuggingFaceBackbone("auto", Checkpoint(str(folder)), "float32")
        np.testing.assert_array_equal(embed(model, voice(0.4)), embed(load("whisper"), voice(0.4)))

    def test_memory_that_does_not_suffice(
        self, encoder_of: Callable, voice: Callable, monkeypatch
    ) -> None:
        model = HuggingFaceBackbone("auto", Checkpoint(str(encoder_of("unispeech"))))

        def exhausted(*_) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20 GiB")

        monkeypatch.setattr(model, "_model", exhausted)
        with pytest.raises(EmbeddingError, match="does not suffice") as raised:
            embed(model, voice(0.3))
        assert "\n" not in str(raised.value)


def test_loading_is_quiet(
    encoder_of: Callable,
    voice: Callable,
    capfd: pytest.CaptureFixture,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, logger="src")
    for model_type in ("whisper", "wav2vec2-bert", "data2vec-audio"):
        embed(HuggingFaceBackbone("auto", Checkpoint(str(encoder_of(model_type)))), voice(0.3))
    captured = capfd.readouterr()
    assert not captured.out
    assert not captured.err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_on_a_gpu(model_type: str, encoder_of: Callable, voice: Callable, monkeypatch) -> None:
    clips = [voice(1.1), voice(0.4, seed=1), voice(1.1, seed=2)]
    found = embed(
        HuggingFaceBackbone("auto", Checkpoint(str(encoder_of(model_type))), "float32"), *clips
    )
    monkeypatch.setattr(HuggingFaceBackbone, "device", torch.device("cpu"))
    other = HuggingFaceBackbone("auto", Checkpoint(str(encoder_of(model_type))), "float32")
    np.testing.assert_allclose(found, embed(other, *clips), atol=1e-3, rtol=1e-3)
