"""What the parts of an encoder are called: by them, it is frozen, adapted and cut off."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from src.utils.embeddings.backbones.huggingface import ARCHITECTURES


@dataclass(frozen=True)
class Parts:
    """The names of an architecture's parts, within its encoder.

    Attributes
    ----------
    convolutions : tuple of str
        The modules from samples to frames.
    projections : tuple of str
        The linear layers of an attention, within a transformer layer.
    behind : callable
        From the settings to the modules behind the last transformer layer.
    is_behind_taken : bool
        Whether the last hidden state is what comes out behind them.
    unused : tuple of str
        Modules that it has and does not compute.
    shared : tuple of str
        Modules that only its transformer layers use, together.
    """

    convolutions: tuple[str, ...]
    projections: tuple[str, ...]
    behind: Callable[[Any], tuple[str, ...]]
    is_behind_taken: bool = False
    unused: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


_SQUEEZED = ("encoder.upsample",)


def _behind(config: Any) -> tuple[str, ...]:
    """Return the adapter, and the norm where each layer normalises what it is given."""
    adapter = ("adapter",) if getattr(config, "add_adapter", False) else ()
    is_pre_norm = getattr(config, "do_stable_layer_norm", False)
    is_conformer = config.model_type == "wav2vec2-conformer"
    return (("encoder.layer_norm",) if is_pre_norm or is_conformer else ()) + adapter


_PLAIN = Parts(
    ("feature_extractor",),
    tuple(f"attention.{name}" for name in ("q_proj", "k_proj", "v_proj", "out_proj")),
    _behind,
)

PARTS = {
    "wav2vec2": _PLAIN,
    "hubert": _PLAIN,
    "wavlm": _PLAIN,
    "data2vec-audio": _PLAIN,
    "unispeech": _PLAIN,
    "unispeech-sat": _PLAIN,
    "wav2vec2-conformer": Parts(
        _PLAIN.convolutions,
        tuple(f"self_attn.{name}" for name in ("linear_q", "linear_k", "linear_v", "linear_out")),
        _behind,
        unused=("encoder.pos_conv_embed",),
    ),
    "sew": Parts(_PLAIN.convolutions, _PLAIN.projections, lambda _: _SQUEEZED),
    "sew-d": Parts(
        _PLAIN.convolutions,
        (
            *(f"attention.self.{name}" for name in ("query_proj", "key_proj", "value_proj")),
            "attention.output.dense",
        ),
        lambda _: _SQUEEZED,
        shared=("encoder.encoder.rel_embeddings", "encoder.encoder.LayerNorm"),
    ),
    "moonshine": Parts(
        ("conv1", "conv2", "conv3", "groupnorm"),
        tuple(f"self_attn.{name}" for name in ("q_proj", "k_proj", "v_proj", "o_proj")),
        lambda _: ("layer_norm",),
        is_behind_taken=True,
    ),
}
"""By model type, in transformers' names: those of `ARCHITECTURES` that take raw samples."""

REFUSED = tuple(sorted(ARCHITECTURES.keys() - PARTS.keys()))
"""Model types whose input is computed outside of torch, which no gradient or export reaches."""
