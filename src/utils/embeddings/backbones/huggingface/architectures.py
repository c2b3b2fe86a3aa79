"""Which architectures of transformers work as speech encoders, and what each needs.

A model type is a row here when its tests show that: every hidden state is transformers' own, a
clip's vectors do not depend on the clips beside it, and padding is not counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from src.utils.embeddings.backbones.checkpoint import Checkpoint
from src.utils.embeddings.backbones.huggingface.inputs import (
    FixedLogMel,
    LogMel,
    ModelInput,
    Waveform,
)
from src.utils.embeddings.backbones.waveform import Geometry
from src.utils.errors import CheckpointError


@dataclass(frozen=True)
class Architecture:
    """How a model type is run as an encoder of speech.

    Attributes
    ----------
    name : str
        What its encoder calls its input, `input_values` or `input_features`.
    make_input : callable
        From the checkpoint's preprocessor and its settings to what clips become for it.
    encoder : str
        The submodule that encodes; empty for the whole model.
    layers : str
        The submodule of the encoder that lists its transformer layers.
    n_layers : str
        The setting that says how many there are.
    """

    name: str
    make_input: Callable[[Any, Any], ModelInput]
    encoder: str = ""
    layers: str = "encoder.layers"
    n_layers: str = "num_hidden_layers"

    def open_input(self, checkpoint: Checkpoint) -> ModelInput:
        """Make what lays clips before the encoder.

        Parameters
        ----------
        checkpoint : Checkpoint
            Of this model type.

        Raises
        ------
        CheckpointError
            When its preprocessor is missing or of another kind than the model takes.
        """
        if checkpoint.is_preprocessor_assumed and self.make_input is not _waveform:
            raise CheckpointError(
                f"the checkpoint {checkpoint.name} has no preprocessor_config.json, without which "
                f"a {checkpoint.model_type} model cannot be fed; copy it from where the model "
                f"came from"
            )
        processor = checkpoint.processor
        given = getattr(processor, "model_input_names", [""])[0]
        if given != self.name:
            raise CheckpointError(
                f"the checkpoint {checkpoint.name} has a {type(processor).__name__}, which gives "
                f"{given}; a {checkpoint.model_type} model takes {self.name}"
            )
        return self.make_input(processor, checkpoint.config)


def _waveform(processor: Any, config: Any) -> Waveform:
    return Waveform(processor, Geometry.of(config))


def _moonshine(processor: Any, config: Any) -> Waveform:
    # These convolutions are written into its code and not into its settings.
    return Waveform(processor, Geometry.behind((127, 7, 3), (64, 3, 2)))


def _whisper(processor: Any, config: Any) -> FixedLogMel:
    longest = int(config.max_source_positions)
    found = FixedLogMel(processor, longest)
    if processor.n_samples != longest * found.hop:
        raise CheckpointError(
            f"the preprocessor of {config.name_or_path} gives windows of {processor.n_samples} "
            f"samples; the model takes {longest * found.hop}"
        )
    return found


_WAVEFORM = Architecture("input_values", _waveform)

ARCHITECTURES = {
    "wav2vec2": _WAVEFORM,
    "hubert": _WAVEFORM,
    "wavlm": _WAVEFORM,
    "data2vec-audio": _WAVEFORM,
    "unispeech": _WAVEFORM,
    "unispeech-sat": _WAVEFORM,
    "wav2vec2-conformer": _WAVEFORM,
    "sew": _WAVEFORM,
    "sew-d": Architecture("input_values", _waveform, layers="encoder.encoder.layer"),
    "wav2vec2-bert": Architecture("input_features", lambda processor, _: LogMel(processor)),
    "speech_to_text": Architecture(
        "input_features",
        lambda processor, config: LogMel(processor, 2**config.num_conv_layers),
        encoder="encoder",
        layers="layers",
    ),
    "whisper": Architecture("input_features", _whisper, encoder="encoder", layers="layers"),
    "moonshine": Architecture(
        "input_values",
        _moonshine,
        encoder="encoder",
        layers="layers",
        n_layers="encoder_num_hidden_layers",
    ),
}
"""By model type, in transformers' names."""
