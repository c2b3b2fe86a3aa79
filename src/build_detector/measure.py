"""What a detector comes to on clips of sources that it was neither trained nor chosen on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from src.build_detector.choose import draw_eers
from src.utils.config import BONA_FIDE, INCONCLUSIVE, SPOOF
from src.utils.metrics.bootstrap import interval
from src.utils.metrics.calibration import Calibration
from src.utils.metrics.cllr import cllr
from src.utils.metrics.clusters import Clusters
from src.utils.metrics.eer import compute_eer

Span = tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """The metrics of scored clips.

    Attributes
    ----------
    eer : float
        The equal error rate.
    by_sources, by_speakers : (float, float)
        Its 95 % interval over sources, and over speakers and attacks.
    cllr : float
        Of the calibrated ratios.
    rates : dict of str to float
        Of each class, the share with each verdict: `bona_fide_called_spoof` and so on.
    """

    eer: float
    by_sources: Span
    by_speakers: Span
    cllr: float
    rates: dict[str, float]


def measure(scores: np.ndarray, clips: pd.DataFrame, calibration: Calibration) -> Measured:
    """Measure scores of clips.

    Parameters
    ----------
    scores : numpy.ndarray
        Higher for bona-fide, shape (clips,).
    clips : pandas.DataFrame
        With `y`, `source`, `speaker` and `attack`.
    calibration : Calibration
        Fitted on clips of other sources.
    """
    y, llrs = clips["y"].to_numpy(), calibration.llrs(scores)
    sources, speakers, attacks = (
        clips[name].to_numpy(str) for name in ("source", "speaker", "attack")
    )
    verdicts = calibration.verdicts(scores)
    rates = {}
    for value, word in ((1, "bona_fide"), (0, "spoof")):
        of_class = verdicts[y == value]
        wrong = SPOOF if value else BONA_FIDE
        rates[f"{word}_called_{wrong.replace('-', '_')}"] = float(np.mean(of_class == wrong))
        rates[f"{word}_inconclusive"] = float(np.mean(of_class == INCONCLUSIVE))
    return Measured(
        eer=compute_eer(scores, y)[0],
        by_sources=_interval(scores, y, Clusters(sources)),
        by_speakers=_interval(scores, y, Clusters(speakers, attacks)),
        cllr=cllr(llrs, y),
        rates=rates,
    )


def _interval(scores: np.ndarray, y: np.ndarray, clusters: Clusters) -> Span:
    return interval(draw_eers(scores, y, clusters), n_clusters=clusters.count(y))


def describe(found: Measured, clips: pd.DataFrame) -> dict[str, Any]:
    """Return an EER with its intervals and the clips that it is of, as `detector.json` has it.

    Parameters
    ----------
    found : Measured
        The metrics.
    clips : pandas.DataFrame
        Those that they are of.
    """
    n_bona_fide = int(clips["y"].sum())
    return {
        "eer": found.eer,
        "ci95": list(found.by_sources),
        "ci95_speakers_and_attacks": list(found.by_speakers),
        "cllr": found.cllr,
        **found.rates,
        "n_bona_fide": n_bona_fide,
        "n_spoof": len(clips) - n_bona_fide,
    }
