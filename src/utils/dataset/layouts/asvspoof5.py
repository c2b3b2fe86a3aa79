"""ASVspoof 5, track 1: protocols without a header, columns separated by spaces.

    ASVspoof5.train.tsv  ASVspoof5.dev.track_1.tsv  ASVspoof5.eval.track_1.tsv
    flac_T/T_0000000000.flac  flac_D/  flac_E_eval/

The challenge's first release has ASVspoof5.train.metadata.txt and ASVspoof5.dev.metadata.txt
with fewer columns instead. A coded clip names the clip that was coded: the two are one utterance.
"""

from pathlib import Path

from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.protocol import read_protocol
from src.utils.dataset.layouts.recording_index import RecordingIndex
from src.utils.dataset.layouts.scan import Scan, Total
from src.utils.dataset.layouts.tree import has_named, require_named
from src.utils.dataset.schema import SPLIT, UTTERANCE
from src.utils.errors import DatasetError, shorten

EXPECTS = "ASVspoof5.{train,dev.track_1,eval.track_1}.tsv and flac_T/, flac_D/, flac_E_eval/"

_PROTOCOLS = {
    "ASVspoof5.train.tsv": "train",
    "ASVspoof5.train.metadata.txt": "train",
    "ASVspoof5.dev.track_1.tsv": "dev",
    "ASVspoof5.dev.metadata.txt": "dev",
    "ASVspoof5.eval.track_1.tsv": "eval",
}
_EXPECTED = {"train": 182_357, "dev": 140_950, "eval": 680_774}
_DEPTH = 2

FORMATS = (
    (
        *("speaker", "file", "gender", "codec", "codec_quality", UTTERANCE),
        *("attack_tag", "attack", "label", ""),
    ),
    ("speaker", "file", "gender", "", "attack", "label"),
)
KEY = {"filename": "file", "cm-label": "label"}
"""The header of the key in the challenge's evaluation package, delimited by tabs."""


def matches(folder: Path) -> bool:
    """Say whether one of the protocols is there.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of the protocols, or one at most two levels above it.
    """
    return has_named(folder, _PROTOCOLS, _DEPTH)


def scan(folder: Path) -> Scan:
    """Read the protocols that are there and find their recordings.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds the protocols and flac_*/; only read.

    Raises
    ------
    DatasetError
        When there is no protocol, two of one part, or one is broken.
    """
    found = require_named(folder, _PROTOCOLS, _DEPTH, "ASVspoof5 protocol of track 1", EXPECTS)
    for part in _EXPECTED:
        names = [name for name in found if _PROTOCOLS[name] == part]
        if len(names) > 1:
            raise DatasetError(f"{folder} has two protocols of {part}: {shorten(names)}; keep one")
    index = RecordingIndex(folder, by_stem=True)
    totals = []
    for name, path in found.items():
        split = _PROTOCOLS[name]
        trials = read_protocol(path, *FORMATS)
        what = f"ASVspoof 5 {split}, lines listed"
        totals.append(Total(what, len(trials), _EXPECTED[split]))
        source = trials[UTTERANCE] if UTTERANCE in trials else trials["file"]
        trials[UTTERANCE] = source.where(source != "-", trials["file"])
        index.take(trials.assign(**{SPLIT: split}), name)
    return index.scan("asvspoof5", totals)


LAYOUT = Layout("asvspoof5", EXPECTS, matches, scan)
