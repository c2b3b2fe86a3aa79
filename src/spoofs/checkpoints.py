"""Neural codecs and vocoders from checkpoints in Hugging Face layout."""

import math
from abc import abstractmethod
from threading import Lock
from typing import Any, ClassVar

import numpy as np
import torch
import transformers

from src.spoofs.attack import Attack, Material
from src.spoofs.mel_settings import MelSettings, compute_mel
from src.spoofs.named import named_after
from src.spoofs.resampling import resampled
from src.utils.audio.augmentations.augmentation import Parameters
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.errors import AudioError, CheckpointError

_RATES = (4_000, 96_000)
_MOST_CHANNELS = 2


class Neural(Attack):
    """A model that makes speech of codes or of a spectrogram of it.

    Parameters
    ----------
    material : Material
        Not used.
    checkpoint : Checkpoint
        Whose model type is the class's.
    """

    model_type: ClassVar[str]
    architecture: ClassVar[Any] = transformers.AutoModel

    def __init__(self, material: Material, checkpoint: Checkpoint) -> None:
        super().__init__(material)
        self.name = named_after(self.model_type.partition("_")[0], checkpoint.name)
        self.config = checkpoint.config
        self.sample_rate = _rate_of(checkpoint)
        self.model = checkpoint.model(architecture=self.architecture)
        self._revision = checkpoint.revision()
        # One clip at a time: a model takes all cores by itself, and much memory.
        self._lock = Lock()

    def highest(self, parameters: Parameters) -> float:
        """Return half the model's rate; see `Attack.highest`."""
        return self.sample_rate / 2

    def identity(self) -> str:
        """Return the checkpoint's revision; see `Attack.identity`."""
        return self._revision

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Send the clip through the model; see `Attack.apply`."""
        given = resampled(waveform, sample_rate, self.sample_rate)
        with self._lock, torch.inference_mode():
            made = self.run(given, parameters).numpy()
        if not np.isfinite(made).all():
            raise AudioError(f"becomes infinite in the model of {self.name}")
        return resampled(made, self.sample_rate, sample_rate)

    @abstractmethod
    def run(self, waveform: np.ndarray, parameters: Parameters) -> torch.Tensor:
        """Return the model's waveform, shape (samples,).

        Parameters
        ----------
        waveform : numpy.ndarray
            float32, shape (samples,), at the model's rate.
        parameters : dict
            As `draw` gives them.
        """


class Codec(Neural):
    """A codec of waveforms: an encoder, codes, a decoder."""

    def run(self, waveform: np.ndarray, parameters: Parameters) -> torch.Tensor:
        """Encode and decode; see `Neural.run`."""
        hop = self.hop()
        padded = np.pad(waveform, (0, -len(waveform) % hop))
        channels = getattr(self.config, "audio_channels", 1)
        given = torch.from_numpy(padded).expand(1, channels, -1).contiguous()
        made = self.code(given, parameters)[..., : len(padded)]
        # The convolutions of some end a few samples early.
        made = torch.nn.functional.pad(made, (0, len(padded) - made.shape[-1]))
        return made.reshape(-1, len(padded)).mean(0)

    @abstractmethod
    def hop(self) -> int:
        """Return the samples of a frame of codes."""

    @abstractmethod
    def code(self, given: torch.Tensor, parameters: Parameters) -> torch.Tensor:
        """Return what the model makes of a waveform, of its shape.

        Parameters
        ----------
        given : torch.Tensor
            Shape (1, channels, samples), whole frames.
        parameters : dict
            As `draw` gives them.
        """


class Encodec(Codec):
    """EnCodec, at one of its bit rates: Défossez et al. (2022), arXiv:2210.13438."""

    model_type: ClassVar[str] = "encodec"
    about: ClassVar[str] = "the neural codec EnCodec"

    def hop(self) -> int:
        """Return the samples of a frame of codes."""
        return int(self.config.hop_length)

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the bit rate in kbit/s; see `Attack.draw`."""
        return {"kbit_s": float(random.choice(self.config.target_bandwidths))}

    def code(self, given: torch.Tensor, parameters: Parameters) -> torch.Tensor:
        """Encode and decode; see `Codec.code`."""
        rate = next(r for r in self.config.target_bandwidths if float(r) == parameters["kbit_s"])
        made: torch.Tensor = self.model(given, bandwidth=rate).audio_values
        return made


class Dac(Codec):
    """The Descript audio codec: Kumar et al. (2023), NeurIPS."""

    model_type: ClassVar[str] = "dac"
    about: ClassVar[str] = "the neural codec DAC"

    def hop(self) -> int:
        """Return the samples of a frame of codes."""
        return math.prod(self.config.downsampling_ratios)

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the number of codebooks; see `Attack.draw`."""
        most = int(self.config.n_codebooks)
        return {"codebooks": int(random.integers(min(2, most), most + 1))}

    def code(self, given: torch.Tensor, parameters: Parameters) -> torch.Tensor:
        """Encode and decode; see `Codec.code`."""
        count = int(parameters["codebooks"])
        made: torch.Tensor = self.model(given, n_quantizers=count).audio_values
        return made


class Mimi(Codec):
    """Mimi: Défossez et al. (2024), arXiv:2410.00037."""

    model_type: ClassVar[str] = "mimi"
    about: ClassVar[str] = "the neural codec Mimi"

    def hop(self) -> int:
        """Return the samples of a frame of codes."""
        return int(self.config.frame_size)

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw the number of codebooks; see `Attack.draw`."""
        least, most = int(self.config.num_semantic_quantizers) + 1, int(self.config.num_quantizers)
        return {"codebooks": int(random.integers(min(max(4, least), most), most + 1))}

    def code(self, given: torch.Tensor, parameters: Parameters) -> torch.Tensor:
        """Encode and decode; see `Codec.code`."""
        count = int(parameters["codebooks"])
        made: torch.Tensor = self.model(given, num_quantizers=count).audio_values
        return made


class HifiGan(Neural):
    """HiFi-GAN as trained for SpeechT5: Kong, Kim and Bae (2020), NeurIPS.

    Parameters
    ----------
    material, checkpoint
        See `Neural`.
    """

    model_type: ClassVar[str] = "speecht5_hifigan"
    about: ClassVar[str] = "the neural vocoder HiFi-GAN"
    architecture: ClassVar[Any] = transformers.SpeechT5HifiGan

    def __init__(self, material: Material, checkpoint: Checkpoint) -> None:
        super().__init__(material, checkpoint)
        self.name = named_after("hifigan", checkpoint.name)
        hop = math.prod(self.config.upsample_rates)
        # What transformers.SpeechT5FeatureExtractor does, at the rate that the model is for.
        self._mel = MelSettings(
            sample_rate=self.sample_rate,
            n_fft=1 << (4 * hop - 1).bit_length(),
            hop_length=hop,
            win_length=4 * hop,
            n_mels=self.config.model_in_dim,
            f_min=80.0,
            f_max=min(7600.0, self.sample_rate / 2),
            log="10",
            floor=1e-10,
            center=True,
        )

    def draw(self, random: np.random.Generator, language: str = "") -> Parameters:
        """Draw nothing; see `Attack.draw`."""
        return {}

    def run(self, waveform: np.ndarray, parameters: Parameters) -> torch.Tensor:
        """Make speech of the mel bands; see `Neural.run`."""
        made: torch.Tensor = self.model(torch.from_numpy(compute_mel(waveform, self._mel).T))
        return made


KINDS: dict[str, type[Neural]] = {one.model_type: one for one in (Encodec, Dac, Mimi, HifiGan)}
"""By the model type that a checkpoint's `config.json` declares."""


def load_checkpoint(name: str, material: Material) -> Neural:
    """Make an attack of a checkpoint.

    Parameters
    ----------
    name : str
        A local folder, or a hub id.
    material : Material
        See `Attack`.

    Raises
    ------
    CheckpointError
        When it cannot be read, or is of no kind that is known.
    """
    checkpoint = Checkpoint(name)
    kind = KINDS.get(checkpoint.model_type or "")
    if kind is None:
        raise CheckpointError(
            f"the checkpoint {name} is of the type {checkpoint.model_type}, and no codec or "
            f"vocoder that is known: --checkpoints takes {', '.join(KINDS)}; give any other "
            f"vocoder in ONNX by --vocoder"
        )
    try:
        return kind(material, checkpoint)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"the config.json of the checkpoint {name} does not fit a {kind.model_type}: {error}"
        ) from error


def _rate_of(checkpoint: Checkpoint) -> int:
    rate = getattr(checkpoint.config, "sampling_rate", None)
    channels = getattr(checkpoint.config, "audio_channels", 1)
    low, high = _RATES
    if not isinstance(rate, int) or not low <= rate <= high:
        raise CheckpointError(f"the checkpoint {checkpoint.name} has sampling_rate={rate!r}")
    if not isinstance(channels, int) or not 1 <= channels <= _MOST_CHANNELS:
        raise CheckpointError(f"the checkpoint {checkpoint.name} has audio_channels={channels!r}")
    return rate
