"""A pretrained speech encoder as a front end: its hidden layers, trained or frozen."""

import json
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from operator import attrgetter
from typing import Any, Self

import torch
import transformers
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from src.networks.front_ends.front_end import FrameShape, FrontEnd, Kind
from src.networks.front_ends.pretrained.adapters import (
    add_adapters,
    merge_adapters,
)
from src.networks.front_ends.pretrained.encoder import (
    cut_config,
    load_encoder,
    make_encoder,
    read_config,
    require_trainable,
)
from src.networks.front_ends.pretrained.parts import PARTS
from src.networks.front_ends.pretrained.settings import (
    ALL,
    ALL_LAYERS,
    CONVOLUTIONS,
    LAST,
    NONE,
    Keeps,
    PretrainedSettings,
    check_freezing,
)
from src.utils.config import WEIGHTED
from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface import ARCHITECTURES
from src.utils.embeddings.backbones.huggingface.inputs import Waveform
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import ArgumentError, CheckpointError

_ADDED_TO_VARIANCE = 1e-7
"""What preprocessors add to a window's variance before they divide by its root."""

_MASK = "masked_spec_embed"
"""A vector that takes the place of masked frames: there are none."""

_NOT_KEPT = ("architectures", "dtype", "transformers_version", "_name_or_path")


class PretrainedFrontEnd(FrontEnd):
    """Hidden layers of a Wav2Vec2, a HuBERT, a WavLM or another encoder of raw samples.

    Layer 0 is the input of the first transformer layer and layer i the i-th one's output, as
    backbones count them. No frames are masked and no layers left out at random in training;
    dropout is what the checkpoint's settings say. What is frozen is in evaluation mode.

    Parameters
    ----------
    settings : PretrainedSettings
        What makes it what it is.
    encoder : transformers.PreTrainedModel
        With its weights.
    """

    is_pretrained = True
    first_layer: int

    def __init__(self, settings: PretrainedSettings, encoder: Any) -> None:
        super().__init__()
        self.settings = settings
        self.encoder = encoder
        self.sample_rate = settings.sample_rate
        config = encoder.config
        self._architecture = ARCHITECTURES[config.model_type]
        self._parts = PARTS[config.model_type]
        self._receptive_field = _receptive_field(config, settings)
        n_layers = 1
        if settings.layers == ALL_LAYERS:
            n_layers += len(self._transformer_layers)
        self.first_layer = int(settings.layers) if settings.layers.isdecimal() else 0
        self.shape = FrameShape(Kind.HIDDEN, n_layers, config.hidden_size)
        self._set_up()

    @classmethod
    def open(
        cls,
        checkpoint: str | None = None,
        *,
        layers: str = LAST,
        freeze: str = CONVOLUTIONS,
        lora: int | None = None,
        gradient_checkpointing: bool = False,
    ) -> dict[str, Any]:
        """Return what `make` makes a front end of; no weights are loaded.

        Parameters
        ----------
        checkpoint : str, optional
            A hub id or a folder (default: that of the backbone of its name).
        layers : str
            `last` for the encoder's output, behind its last norm; the number of a layer, above
            which none are computed; `weighted` or `all` for every one.
        freeze : str
            `convolutions` (those on the samples), `none`, `all`, or how many of the lowest
            transformer layers, with what is below them.
        lora : int, optional
            Rank of adapters on the attention projections of layers that are not frozen, which are
            trained in place of everything.
        gradient_checkpointing : bool
            Whether layers are computed again for the gradient, which takes less memory.

        Raises
        ------
        ArgumentError
            For what does not fit together, or no checkpoint where there is no default.
        CheckpointError
            When the checkpoint cannot be reached, or is of another architecture.
        """
        preset = BACKBONES[cls.name]
        named = checkpoint or preset.checkpoint
        if named is None:
            raise ArgumentError(
                f"--front-end={cls.name} needs --checkpoint=: a hub id or a folder in Hugging Face "
                f"layout"
            )
        opened = Checkpoint(named)
        model_type = require_trainable(opened.model_type, named, cls.name)
        if preset.model_type not in (None, model_type):
            raise CheckpointError(
                f"the checkpoint {named} is a {model_type} model; --front-end={cls.name} needs "
                f"{preset.model_type}; --front-end=auto takes it"
            )
        architecture = ARCHITECTURES[model_type]
        architecture.open_input(opened)
        processor = opened.processor
        if not isinstance(processor, transformers.Wav2Vec2FeatureExtractor):
            raise CheckpointError(
                f"the checkpoint {named} has a {type(processor).__name__}, of which it is not "
                f"known what it does to samples"
            )
        given = ALL_LAYERS if layers == WEIGHTED else layers
        config = cut_config(opened.config, given)
        n_layers = 0 if given == "0" else getattr(config, architecture.n_layers)
        check_freezing(freeze, lora, n_layers)
        is_mostly_trained = lora is None and freeze in (NONE, CONVOLUTIONS)
        return PretrainedSettings(
            _plain(config),
            int(processor.sampling_rate),
            bool(processor.do_normalize),
            given,
            freeze,
            lora,
            gradient_checkpointing,
            Keeps.WHOLE if is_mostly_trained else Keeps.TRAINED,
            opened.name,
            opened.revision(),
        ).describe()

    @classmethod
    def of_config(
        cls,
        config: Mapping[str, Any],
        *,
        sample_rate: int,
        normalize: bool,
        layers: str = LAST,
        freeze: str = CONVOLUTIONS,
    ) -> dict[str, Any]:
        """Return what `make` makes a front end of whose weights are of no checkpoint.

        Parameters
        ----------
        config : mapping
            The encoder's settings in transformers' names, `model_type` included.
        sample_rate : int
            Hz.
        normalize : bool
            Whether a window is brought to mean 0 and variance 1.
        layers, freeze
            See `open`.

        Raises
        ------
        ArgumentError
            When there is no such layer.
        CheckpointError
            When the settings are of no encoder.
        """
        given = ALL_LAYERS if layers == WEIGHTED else layers
        cut = _plain(cut_config(read_config(config), given))
        return PretrainedSettings(cut, sample_rate, normalize, given, freeze).describe()

    @classmethod
    def make(cls, settings: Mapping[str, Any]) -> Self:
        """Make it, with the weights of its checkpoint where it has one.

        Parameters
        ----------
        settings : mapping
            What `open`, `of_config` or `describe` returned.

        Raises
        ------
        CheckpointError
            When the checkpoint cannot be loaded, or is another than in training.
        """
        return cls._make(PretrainedSettings.of(settings), is_loaded=True)

    @classmethod
    def restore(cls, settings: Mapping[str, Any]) -> Self:
        """Make it for the weights of a run, which take the place of all that it keeps.

        Parameters
        ----------
        settings : mapping
            What `describe` returned.

        Raises
        ------
        CheckpointError
            When weights that the run does not keep cannot be loaded.
        """
        read = PretrainedSettings.of(settings)
        return cls._make(read, is_loaded=read.keeps is Keeps.TRAINED)

    @classmethod
    def _make(cls, settings: PretrainedSettings, is_loaded: bool) -> Self:
        config = read_config(settings.config)
        if not is_loaded or settings.checkpoint is None:
            return cls(settings, make_encoder(config))
        return cls(settings, load_encoder(config, settings.checkpoint, settings.revision))

    @classmethod
    def moved(cls, settings: Mapping[str, Any], checkpoint: str) -> dict[str, Any]:
        """Return settings whose checkpoint lies elsewhere now (see `FrontEnd.moved`)."""
        read = PretrainedSettings.of(settings)
        if read.keeps is Keeps.WHOLE:
            raise ArgumentError(
                f"--checkpoint={checkpoint}: the network keeps all its weights, and loads none"
            )
        return replace(read, checkpoint=Checkpoint(checkpoint).name).describe()

    def describe(self) -> dict[str, Any]:
        """Return what makes it what it is, as JSON values, but for weights that a run keeps."""
        return self.settings.describe()

    def restart(
        self,
        freeze: str | None = None,
        lora: int | None = None,
        gradient_checkpointing: bool = False,
    ) -> None:
        """Begin another training of the weights that it has, in place.

        Where neither `freeze` nor `lora` is given, what is trained and kept stays as it is.
        Otherwise adapters that it has are added to its weights, and from then on a run keeps all of
        them.

        Parameters
        ----------
        freeze, lora, gradient_checkpointing
            See `open`; with `lora` alone, convolutions are frozen.

        Raises
        ------
        ArgumentError
            For what does not fit together.
        """
        told = replace(self.settings, gradient_checkpointing=gradient_checkpointing)
        if freeze is None and lora is None:
            self.settings = told
            self._remember()
            return
        freeze = CONVOLUTIONS if freeze is None else freeze
        check_freezing(freeze, lora, len(self._taken_layers))
        if self.settings.lora is not None:
            merge_adapters(self.encoder)
        self.settings = replace(told, freeze=freeze, lora=lora, keeps=Keeps.WHOLE)
        self._set_up()

    def forward(self, windows: Tensor) -> Tensor:
        """Return hidden layers, shape (batch, layers, frames, width), of windows (batch, samples).

        A window that is shorter than a frame is filled up with zeros.
        """
        given = {self._architecture.name: self._prepared(windows)}
        layers = self.settings.layers
        # What lies in front of all that is trained is not remembered anyway.
        with torch.no_grad() if self.settings.freeze == ALL else nullcontext():
            found = self.encoder(**given, output_hidden_states=layers != LAST)
            if layers == LAST:
                return found.last_hidden_state[:, None]
            if layers == ALL_LAYERS:
                return torch.stack(found.hidden_states, dim=1)
            return found.hidden_states[self.first_layer][:, None]

    def train(self, mode: bool = True) -> Self:
        """Go into training or evaluation, as `mode` says; what is frozen stays in evaluation."""
        super().train(False)
        self.training = mode
        for module in self._moving:
            module.train(mode)
        for module in self._still:
            module.eval()
        return self

    def from_elsewhere(self) -> frozenset[str]:
        """Return the names that a run need not keep: what of a checkpoint is not trained."""
        if self.settings.keeps is Keeps.WHOLE:
            return frozenset()
        trained = {name for name, one in self.named_parameters() if one.requires_grad}
        # A batch normalisation's statistics change while it is in training.
        changing = _buffers_of(self._moving) - _buffers_of(self._still)
        trained |= {name for name, one in self.named_buffers() if id(one) in changing}
        return frozenset(self.state_dict().keys() - trained)

    @property
    def _transformer_layers(self) -> nn.ModuleList:
        found: nn.ModuleList = attrgetter(self._architecture.layers)(self.encoder)
        return found

    @property
    def _taken_layers(self) -> list[nn.Module]:
        """The transformer layers that frames are computed by: of layer 0, none."""
        return [] if self.settings.layers == "0" else [*self._transformer_layers]

    @property
    def _still(self) -> list[nn.Module]:
        """What of `_moving` is not in training mode after all; beside adapters, batch norms."""
        if self.settings.lora is None:
            return self._fixed
        # Looked up each time: on several GPUs others take their place.
        return [one for one in self.encoder.modules() if isinstance(one, _BatchNorm)]

    def _set_up(self) -> None:
        """Freeze and adapt as the settings say."""
        encoder, settings, parts = self.encoder, self.settings, self._parts
        layers = self._taken_layers
        check_freezing(settings.freeze, settings.lora, len(layers))
        behind = _modules(encoder, parts.behind(encoder.config))
        is_behind_used = settings.layers == LAST or (
            settings.layers == ALL_LAYERS and parts.is_behind_taken
        )
        first = int(settings.freeze) if settings.freeze.isdecimal() else 0
        # What is in training mode, and what of it is not after all (see `_still`).
        self._moving: list[nn.Module] = layers[first:]
        self._fixed: list[nn.Module] = []
        if settings.freeze == ALL:
            self._moving = []
        elif settings.lora is None and settings.freeze.isdecimal():
            self._moving += behind if is_behind_used else []
        elif settings.lora is None:
            self._moving = [encoder]
            self._fixed = _modules(encoder, parts.unused) + ([] if is_behind_used else behind)
            if not layers:
                self._fixed += [self._transformer_layers, *_modules(encoder, parts.shared)]
            if settings.freeze == CONVOLUTIONS:
                self._fixed += _modules(encoder, parts.convolutions)
        self._require_gradients(first)
        self._remember()
        self.train(self.training)

    def _remember(self) -> None:
        """Let layers be remembered for the gradient, or computed again, as the settings say."""
        if self.settings.gradient_checkpointing:
            self.encoder.activation_checkpointing_enable({"use_reentrant": False})
        else:
            self.encoder.activation_checkpointing_disable()

    def _require_gradients(self, first: int) -> None:
        """Require gradients of what moves, or of adapters from a transformer layer on."""
        self.encoder.requires_grad_(False)
        if self.settings.lora is not None:
            layers = range(first, len(self._taken_layers))
            names = [
                f"{self._architecture.layers}.{layer}.{projection}"
                for layer in layers
                for projection in self._parts.projections
            ]
            add_adapters(self.encoder, names, self.settings.lora)
            return
        for module in self._moving:
            module.requires_grad_()
        for module in self._still:
            module.requires_grad_(False)
        for name, one in self.encoder.named_parameters():
            if name == _MASK:
                one.requires_grad_(False)

    def _prepared(self, windows: Tensor) -> Tensor:
        """Normalise windows as the checkpoint's preprocessor does, and fill up short ones."""
        if self.settings.normalize:
            mean = windows.mean(dim=1, keepdim=True)
            variance = windows.var(dim=1, keepdim=True, correction=0)
            windows = (windows - mean) / (variance + _ADDED_TO_VARIANCE).sqrt()
        missing = self._receptive_field - windows.shape[1]
        return functional.pad(windows, (0, missing)) if missing > 0 else windows


def _modules(encoder: nn.Module, names: Iterable[str]) -> list[nn.Module]:
    return [encoder.get_submodule(name) for name in names]


def _buffers_of(modules: Iterable[nn.Module]) -> set[int]:
    return {id(one) for module in modules for one in module.buffers()}


def _plain(config: Any) -> dict[str, Any]:
    """Return an encoder's settings as JSON values, without where they are from."""
    told: dict[str, Any] = json.loads(config.to_json_string())
    return {key: value for key, value in told.items() if key not in _NOT_KEPT}


def _receptive_field(config: Any, settings: PretrainedSettings) -> int:
    """Return how many samples make a frame."""
    processor = transformers.Wav2Vec2FeatureExtractor(sampling_rate=settings.sample_rate)
    laid = ARCHITECTURES[config.model_type].make_input(processor, config)
    # All that take raw samples lay them so.
    assert isinstance(laid, Waveform)
    return laid.receptive_field
