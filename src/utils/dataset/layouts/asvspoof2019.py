"""ASVspoof 2019, logical access: protocols without a header, columns separated by spaces.

    ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.train.trn.txt
    ASVspoof2019_LA_train/flac/LA_T_1138215.flac

The official parts become the column `split`. Published at https://doi.org/10.7488/ds/2555.
"""

from pathlib import Path

from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.layouts.protocol import read_protocol
from src.utils.dataset.layouts.recording_index import RecordingIndex
from src.utils.dataset.layouts.scan import Scan, Total
from src.utils.dataset.layouts.tree import has_named, require_named
from src.utils.dataset.schema import SPLIT

EXPECTS = "ASVspoof2019.LA.cm.*.txt and ASVspoof2019_LA_*/flac/"

_PROTOCOLS = {
    "ASVspoof2019.LA.cm.train.trn.txt": ("train", 25_380),
    "ASVspoof2019.LA.cm.dev.trl.txt": ("dev", 24_844),
    "ASVspoof2019.LA.cm.eval.trl.txt": ("eval", 71_237),
}
_DEPTH = 2
"""From the folder that holds LA/ down to the protocols."""

FORMAT = ("speaker", "file", "", "attack", "label")


def matches(folder: Path) -> bool:
    """Say whether one of the protocols is there.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds LA/, or one below it, down to that of the protocols.
    """
    return has_named(folder, _PROTOCOLS, _DEPTH)


def scan(folder: Path) -> Scan:
    """Read the protocols that are there and find their recordings.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that holds LA/, LA/ itself, or the folder of its protocols and recordings; only
        read.

    Raises
    ------
    DatasetError
        When there is no protocol, or one is broken.
    """
    found = require_named(folder, _PROTOCOLS, _DEPTH, "ASVspoof2019.LA.cm protocol", EXPECTS)
    index = RecordingIndex(folder, by_stem=True)
    totals = []
    for name, path in found.items():
        split, expected = _PROTOCOLS[name]
        trials = read_protocol(path, FORMAT)
        totals.append(Total(f"ASVspoof 2019 LA {split}, lines listed", len(trials), expected))
        index.take(trials.assign(**{SPLIT: split}), name)
    return index.scan("asvspoof2019", totals)


LAYOUT = Layout("asvspoof2019", EXPECTS, matches, scan)
