"""The backbones by name: what each loads, and where what makes it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BackbonePreset:
    """The checkpoint and the architecture that a backbone's name stands for.

    Attributes
    ----------
    maker : str
        Where the class or function that makes it is, `module:attribute`; imported when used. Of
        what is built in, without arguments; else of name, checkpoint, precision and layers.
    is_pretrained : bool
        Whether it loads a checkpoint, or is computed by what is written down here.
    checkpoint : str or None
        Default hub id; None where there is none, or nothing to load.
    model_type : str or None
        The architecture its checkpoint must declare in `config.json`; None for any that works.
    """

    maker: str
    is_pretrained: bool = True
    checkpoint: str | None = None
    model_type: str | None = None


_FAST = "src.utils.embeddings.backbones.transformer:TransformerBackbone"

BACKBONES = {
    "acoustic": BackbonePreset(
        "src.utils.embeddings.backbones.acoustic:AcousticBackbone", is_pretrained=False
    ),
    "lfcc": BackbonePreset("src.utils.embeddings.backbones.lfcc:LfccBackbone", is_pretrained=False),
    "wav2vec2": BackbonePreset(_FAST, True, "facebook/wav2vec2-base", "wav2vec2"),
    "hubert": BackbonePreset(_FAST, True, "facebook/hubert-large-ll60k", "hubert"),
    "wavlm": BackbonePreset(_FAST, True, "microsoft/wavlm-large", "wavlm"),
    "xlsr": BackbonePreset(_FAST, True, "facebook/wav2vec2-xls-r-300m", "wav2vec2"),
    "auto": BackbonePreset("src.utils.embeddings.backbones.auto:open_auto"),
}
"""The one table of backbones: a name has its preset and what makes it, or is none."""
