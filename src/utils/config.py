"""Settings that do not change while a program runs: names, defaults and presets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

ROOT = Path(__file__).resolve().parents[2]
"""The repository's root: default paths start here, wherever `fab` was called."""

SAMPLE_RATE = 16_000
"""Hz; the rate of every backbone's input unless its checkpoint says otherwise."""

BONA_FIDE = "bona-fide"
SPOOF = "spoof"
LABELS = (BONA_FIDE, SPOOF)
LABEL_VALUE = {BONA_FIDE: 1, SPOOF: 0}
"""Every score is higher for bona-fide, so bona-fide is the positive class."""
INCONCLUSIVE = "inconclusive"
"""The verdict on a clip whose probability speaks clearly for neither class."""

GENDERS = ("M", "F")

PRETEXT_SPLITS = ("pretext_train", "pretext_val")
DOWNSTREAM_SPLITS = ("downstream_train", "downstream_val", "downstream_test")
SPLITS = PRETEXT_SPLITS + DOWNSTREAM_SPLITS
SPLIT_UNITS = BY_SPEAKER, BY_UTTERANCE = ("speaker", "utterance")
"""What a split keeps on one side: whole speakers, or, for corpora of a single voice, utterances."""
SAME_VOICES = "split by utterance: the figures hold for these voices only"
HOLD_OUT_COLUMNS = ("attack", "source", "language")
"""What can be held out of training, so that a test shows how a detector takes what is new."""
MIN_FOLDS = 3
"""Train, validation and test are of different folds."""

FULL = "full"
"""The pseudo-split that stands for the whole files table."""

DEMO_MARKER = ".audios-demo"
"""Says that a folder is a demonstration's, so that `Clean` may remove it."""

BASELINE = "yamnet"
"""The classifier that is given recordings, by way of their log-mel patches, and no vectors."""
LOG_MEL = "log-mel"
"""What its runs name in place of a backbone."""

PRECISIONS = ("auto", "float32", "bfloat16")
"""What a pretrained backbone may compute in; auto is bfloat16 where the hardware has it."""

PROBE: Final = "probe"
"""The layer that means: the one that the layer probe finds best."""

LayerChoice = int | Literal["probe"]

DEFAULTS = {
    "dataset": "datasets/release",
    "embeddings": "embeddings",
    "runs": "runs",
    "seed": "7",
}


@dataclass(frozen=True)
class BackbonePreset:
    """What a backbone's name stands for.

    Attributes
    ----------
    checkpoint : str or None
        Default hub id; None for a backbone that is computed, not loaded.
    model_type : str or None
        The architecture its checkpoint must declare in `config.json`.
    """

    checkpoint: str | None
    model_type: str | None


BACKBONES = {
    "acoustic": BackbonePreset(None, None),
    "wav2vec2": BackbonePreset("facebook/wav2vec2-base", "wav2vec2"),
    "hubert": BackbonePreset("facebook/hubert-large-ll60k", "hubert"),
    "wavlm": BackbonePreset("microsoft/wavlm-large", "wavlm"),
    "xlsr": BackbonePreset("facebook/wav2vec2-xls-r-300m", "wav2vec2"),
}
