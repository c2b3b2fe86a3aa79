"""Settings that do not change while a program runs: names, defaults and presets."""

from pathlib import Path
from typing import Final, Literal

ROOT = Path(__file__).resolve().parents[2]
"""The repository's root: default paths start here, wherever `fab` was called."""

DETECTORS = ROOT / "detectors"
"""The trained detectors that come with AUDIOS, a folder each."""

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
SPLIT_UNITS = BY_SPEAKER, BY_UTTERANCE, BY_CLIP = ("speaker", "utterance", "clip")
"""The unit that a split keeps whole: a speaker; for corpora of one voice an utterance; where nobody
knows who speaks, a clip."""
SplitUnit = Literal["speaker", "utterance", "clip"]
SHARED_VOICES = {
    BY_UTTERANCE: "split by utterance: the metrics hold for these voices only",
    BY_CLIP: "split by clip: the same voices may be in training and test, so the EER is too low by "
    "an unknown amount",
}
"""What to say of the metrics of a split that does not keep voices apart, by its unit."""
AUTO: Final = "auto"
"""In place of the share of people for pretext: as many as the downstream splits can spare; in place
of a classifier: a search across all of them."""
ENOUGH_TESTED = 300
"""Clips of each class from which on a test is not called small: at an EER of 5 % its standard error
is then 1.3 points."""
HOLD_OUT_COLUMNS = ("attack", "source", "language")
"""Columns of which values can be held out of training, so that a test is on unseen ones."""
MIN_FOLDS = 3
"""The fewest folds of a cross-validation: train, validation and test are of different folds."""

FULL = "full"
"""The pseudo-split that stands for the whole files table."""

DEMO_MARKER = ".audios-demo"
"""The file that marks a folder as the demonstration's, which `Clean` may remove."""

DEMO_PICTURES = "pictures"
"""The folder of the demonstration's pictures, in its own."""


def in_demonstration(path: Path) -> bool:
    """Say whether a file or folder is the demonstration's, or lies in its folder.

    Parameters
    ----------
    path : pathlib.Path
        Of a data set, a run or a recording.
    """
    place = path.resolve()
    return any((folder / DEMO_MARKER).is_file() for folder in (place, *place.parents))


BASELINE = "yamnet"
"""The classifier that reads log-mel patches of the recordings in place of embeddings."""
LOG_MEL = "log-mel"
"""The input representation of the baseline, which its runs name in place of a backbone."""

PRECISIONS = ("auto", "float32", "bfloat16")
"""Number formats of a pretrained backbone; auto is bfloat16 where the hardware has it."""

PROBE: Final = "probe"
"""In place of a layer's number: the layer that the layer probe finds best."""

WEIGHTED: Final = "weighted"
"""In place of a layer's number: all layers, by weights that are learned."""

LayerChoice = int | Literal["probe", "weighted"]

EXPORT_FORMATS = ONNX, TORCHSCRIPT = ("onnx", "torchscript")
"""What detectors are exported as; the first is taken back."""

CALIBRATED_ON = CLEAN, MATCHED, ALL = ("clean", "matched", "all")
"""The validation clips that threshold and calibration are fitted on: as they were recorded,
degraded as the training's copies are, or both."""

FOLDS_BY = FOLDS_BY_SPEAKER, FOLDS_BY_SOURCE = ("speaker", "source")
"""What no two folds of a search share: a speaker, or a whole source as well."""

PRUNING = PRUNING_MEDIAN, PRUNING_NONE = ("median", "none")
"""Whether a search gives trials up before their last fold."""

DEFAULTS = {
    "dataset": "datasets/release",
    "embeddings": "embeddings",
    "runs": "runs",
    "seed": "7",
}

VALIDATION_EER, VALIDATION_CLLR = "validation_eer", "validation_cllr"
"""The columns of a search's trials that they are ranked by."""

PROJECTION_GROUPS = ("attack", "speaker", "source", "language")
"""What the clips of a projection are coloured by besides their class, a figure each."""
