"""What a pretraining starts from: a named size, a file of settings, or a checkpoint."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch
import transformers
from transformers import Wav2Vec2FeatureExtractor

from src.utils.config import SAMPLE_RATE
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.measured import check_settings, without_choices
from src.utils.embeddings.backbones.save_checkpoint import save_checkpoint
from src.utils.embeddings.backbones.waveform import Geometry
from src.utils.errors import ArgumentError, CheckpointError, choose
from src.utils.files import read_json
from src.utils.notes import note
from src.utils.tensor_file import first_line

_CONFIGS: dict[str, Any] = {
    "wav2vec2": transformers.Wav2Vec2Config,
    "hubert": transformers.HubertConfig,
}
_MODELS: dict[str, Any] = {
    "wav2vec2": transformers.Wav2Vec2ForPreTraining,
    "hubert": transformers.HubertModel,
}
"""What is trained and saved."""
BACKBONES = tuple(_CONFIGS)
"""The backbones that are pretrained, each by its own objective."""


def _narrow(width: int, layers: int, heads: int, convolutions: int, code_width: int) -> Any:
    """Return the settings of an encoder that is narrower than the papers' base."""
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "conv_dim": (convolutions,) * 7,
        "codevector_dim": code_width,
        "proj_codevector_dim": code_width,
    }


SIZES: dict[str, dict[str, Any]] = {
    "tiny": _narrow(128, 4, 4, 64, 64) | {"num_codevectors_per_group": 64},
    "small": _narrow(384, 6, 6, 256, 256),
    "base": {},
    "large": {
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
        "conv_bias": True,
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "codevector_dim": 768,
        "proj_codevector_dim": 768,
    },
}
"""Sizes by name: base and large are the papers', the others are for smaller machines and data."""

_SETTINGS_OF_WAV2VEC2 = ("codevector_dim", "proj_codevector_dim", "num_codevectors_per_group")

_WHILE_TRAINING = {
    # What is masked is drawn by the examples, from the seed.
    "apply_spec_augment": True,
    "mask_feature_prob": 0.0,
    # Layers left out at random would leave processes that train together waiting for each other.
    "layerdrop": 0.0,
}


_MASKED = 0.05
"""The share of masked frames that transformers' settings have: of none, no model has a mask's
vector."""


@dataclass(frozen=True)
class Start:
    """What a pretraining starts from.

    Attributes
    ----------
    backbone : str
        A name of `BACKBONES`.
    config : transformers.PreTrainedConfig
        Of the encoder, as it is saved.
    processor : transformers.SequenceFeatureExtractor
        What clips are prepared by.
    name : str
        Of the size, the file of settings or the checkpoint.
    checkpoint : Checkpoint or None
        The checkpoint, where there is one.
    """

    backbone: str
    config: Any
    processor: Any
    name: str
    checkpoint: Checkpoint | None = None

    @classmethod
    def of_config(cls, backbone: str, given: str) -> Self:
        """Start from random weights.

        Parameters
        ----------
        backbone : str
            A name of `BACKBONES`.
        given : str
            A name of `SIZES`, or a JSON file of transformers' settings or the folder that holds it.

        Raises
        ------
        ArgumentError
            When it is neither.
        CheckpointError
            When settings make no such encoder.
        """
        config_class, path = _CONFIGS[choose("--backbone", backbone, BACKBONES)], Path(given)
        if given in SIZES:
            values = dict(SIZES[given])
            if backbone != "wav2vec2":
                values = {k: v for k, v in values.items() if k not in _SETTINGS_OF_WAV2VEC2}
            # Nothing is left out in training, so that nothing is said of it either.
            config = config_class(layerdrop=0.0, **values)
        else:
            file = path / "config.json" if path.is_dir() else path
            if not file.is_file():
                raise ArgumentError(
                    f"--config={given} is no file, and not one of {', '.join(SIZES)}"
                )
            config = _read_config(file, backbone)
        is_large = config.feat_extract_norm == "layer"
        processor = Wav2Vec2FeatureExtractor(
            sampling_rate=SAMPLE_RATE, do_normalize=True, return_attention_mask=is_large
        )
        return cls(backbone, config, processor, given)

    @classmethod
    def of_checkpoint(cls, backbone: str, given: str) -> Self:
        """Go on from the weights of a checkpoint.

        Parameters
        ----------
        backbone : str
            A name of `BACKBONES`.
        given : str
            A hub id or a folder.

        Raises
        ------
        CheckpointError
            When it cannot be read, is of another architecture, or has settings that cannot be
            trained.
        """
        choose("--backbone", backbone, BACKBONES)
        checkpoint = Checkpoint(given)
        if checkpoint.model_type != backbone:
            raise CheckpointError(
                f"the checkpoint {checkpoint.name} is of {checkpoint.model_type or 'no model'}; "
                f"--backbone={backbone} goes on with one of {backbone}"
            )
        named = f"the checkpoint {checkpoint.name}"
        _require_contrast(named, backbone, checkpoint.config.to_dict())
        _require_model(named, backbone, checkpoint.config)
        return cls(backbone, checkpoint.config, checkpoint.processor, checkpoint.name, checkpoint)

    def __post_init__(self) -> None:
        if not self.config.mask_time_prob:
            self.config.mask_time_prob = _MASKED

    @cached_property
    def geometry(self) -> Geometry:
        """How frames lie over samples."""
        return Geometry.of(self.config)

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return int(self.processor.sampling_rate)

    def describe(self) -> dict[str, Any]:
        """Return what it is, as JSON values."""
        if self.checkpoint is not None:
            return {"checkpoint": self.name, "revision": self.checkpoint.revision()}
        usual = type(self.config)().to_dict()
        unusual = {k: v for k, v in self.config.to_dict().items() if usual.get(k) != v}
        return {"config": self.name, "settings": unusual}

    def make_wav2vec2(self, seed: int) -> transformers.Wav2Vec2ForPreTraining:
        """Make the encoder with its quantiser, ready to be trained.

        Parameters
        ----------
        seed : int
            Of weights that no checkpoint holds.

        Raises
        ------
        CheckpointError
            When the checkpoint's weights cannot be read.
        """
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            if self.checkpoint is None:
                return self._ready(self._random())
            try:
                whole = self.checkpoint.model(architecture=_MODELS[self.backbone])
                return self._ready(whole)
            except CheckpointError:
                # Where the encoder cannot be read either, this says why.
                encoder = self.checkpoint.model()
            model = self._random()
            # The mask's vector may not be there: it stays random.
            model.wav2vec2.load_state_dict(encoder.state_dict(), strict=False)
            note(f"{self.name} comes without a quantiser: it is trained from random weights")
            return self._ready(model)

    def make_hubert(self, seed: int) -> transformers.HubertModel:
        """Make the encoder, ready to be trained.

        Parameters
        ----------
        seed : int
            Of weights that no checkpoint holds.

        Raises
        ------
        CheckpointError
            When the checkpoint's weights cannot be read.
        """
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            if self.checkpoint is None:
                return self._ready(self._random())
            return self._ready(self.checkpoint.model(architecture=_MODELS[self.backbone]))

    def save(self, folder: Path, model: Any) -> None:
        """Write what was trained, in Hugging Face layout, with the settings that it came with.

        Parameters
        ----------
        folder : pathlib.Path
            Where; it is made.
        model : transformers.PreTrainedModel
            As one of `make_wav2vec2` and `make_hubert` gave it.
        """
        model.config.update({name: getattr(self.config, name) for name in _WHILE_TRAINING})
        save_checkpoint(folder, model, self.processor)

    def _random(self) -> Any:
        # A copy, since a model's settings are changed while it is trained.
        return _MODELS[self.backbone](copy.deepcopy(self.config))

    def _ready(self, model: Any) -> Any:
        model.config.update(_WHILE_TRAINING)
        return model.train()


def _read_config(path: Path, backbone: str) -> Any:
    settings = read_json(path)
    if not isinstance(settings, dict):
        raise CheckpointError(f"{path} holds no settings by name")
    check_settings(str(path), settings)
    if settings.get("model_type", backbone) != backbone:
        raise CheckpointError(
            f"{path} is of {settings['model_type']}; --backbone={backbone} asks for {backbone}"
        )
    _require_contrast(str(path), backbone, settings)
    try:
        config = without_choices(_CONFIGS[backbone].from_dict(settings))
    except Exception as error:  # transformers raises a dozen kinds
        raise _unmade(str(path), backbone, error) from error
    _require_model(str(path), backbone, config)
    return config


def _require_contrast(name: str, backbone: str, settings: Mapping[str, Any]) -> None:
    """Fail for settings of the contrastive loss that transformers takes, and no loss follows from.

    Those of another type are left to transformers, which refuses them.
    """
    if backbone != "wav2vec2":
        return
    negatives = settings.get("num_negatives")
    if isinstance(negatives, int) and negatives < 1:
        raise CheckpointError(
            f"{name} has num_negatives={negatives}: masked frames are told from 1 other at least"
        )
    temperature = settings.get("contrastive_logits_temperature")
    if isinstance(temperature, int | float) and not 0 < temperature < math.inf:
        raise CheckpointError(
            f"{name} has contrastive_logits_temperature={temperature}: cosines are divided by it, "
            f"so it is to be above 0, and finite"
        )


def _require_model(name: str, backbone: str, config: Any) -> None:
    """Make what is trained without its numbers, to see that it can be."""
    try:
        with torch.random.fork_rng(), torch.device("meta"):
            _MODELS[backbone](copy.deepcopy(config))
    except Exception as error:  # transformers raises a dozen kinds
        raise _unmade(name, backbone, error) from error


def _unmade(name: str, backbone: str, error: Exception) -> CheckpointError:
    return CheckpointError(f"{name} makes no {backbone}: {first_line(error)}")
