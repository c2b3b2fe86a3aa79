"""Pretrained speech encoders as front ends: frozen, fine-tuned, or adapted by LoRA."""

from src.networks.front_ends.pretrained.front_end import PretrainedFrontEnd


class Wav2Vec2(PretrainedFrontEnd):
    """wav2vec 2.0 (Baevski et al. 2020)."""

    name = "wav2vec2"
    description = "wav2vec 2.0"


class Hubert(PretrainedFrontEnd):
    """HuBERT (Hsu et al. 2021)."""

    name = "hubert"
    description = "HuBERT"


class WavLM(PretrainedFrontEnd):
    """WavLM (Chen et al. 2022)."""

    name = "wavlm"
    description = "WavLM"


class Xlsr(PretrainedFrontEnd):
    """XLS-R, wav2vec 2.0 on many languages (Babu et al. 2022)."""

    name = "xlsr"
    description = "XLS-R"


class Auto(PretrainedFrontEnd):
    """Any encoder of raw samples, by the model type of its checkpoint."""

    name = "auto"
    description = "a pretrained speech encoder"
