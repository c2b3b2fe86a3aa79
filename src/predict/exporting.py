"""Exporting a run as a folder that judges alone, held against the run's own scores."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from src.evaluation.results_file import TEST_RESULTS, read_values
from src.exported.about import (
    ABOUT,
    KEPT,
    NETWORK_FILE,
    REPLACED,
    SCORER_FILE,
    may_be_replaced,
)
from src.exported.model import ExportedNetwork, load_exported
from src.exported.writing import Embed, Score, write_models
from src.fusion.loading import load_parts
from src.fusion.names import refuse_fused
from src.models.calibrate import calibration_of, fitted_on, write_calibration
from src.models.classifier import Scorer
from src.models.lookup import NETWORK, detector_name, is_network
from src.networks.trained import TrainedNetwork
from src.networks.windows import Covers
from src.predict.bandwidths import bandwidths_of
from src.predict.choice import is_of_demonstration
from src.utils.audio.io import read_waveform
from src.utils.config import ONNX
from src.utils.dataset.dataset import require_some
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.embed import embed_vectors
from src.utils.errors import ArgumentError, AudioError, AudiosError
from src.utils.files import (
    PARTIAL,
    locked,
    make_folder,
    sha256_file,
    sync_folder,
    write_json,
    writing,
)
from src.utils.parallel import attempt
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run
from src.utils.version import VERSION

TOLERANCE = 1e-4
"""Of the difference between a score and the exported model's; of scores above 1, that share."""

CLIP_SECONDS = 4.0
_TIMES = 7
_CLIPS = 16
"""That both are given."""
_MODELS = (NETWORK_FILE, SCORER_FILE)
_CHECKPOINT = "checkpoint"
_FOLDERS = ("noises", "rooms")
"""Entries that say where an augmentation's recordings were."""


@dataclass(frozen=True)
class Export:
    """A detector that was exported.

    Attributes
    ----------
    run : Run
        The training.
    form : str
        The format.
    folder : pathlib.Path
        Where it is.
    n_bytes : int
        Of its files.
    is_any_length : bool or None
        Whether its network takes windows of any length; None where there is none.
    n_clips : int
        Recordings that it was compared on.
    rejected : dict of str to str
        By recording, why it could not be compared on it.
    largest_difference, tolerance : float
        Of a score from the run's own, as measured and as allowed.
    seconds, seconds_before : float
        That it and the run took for a clip: the median of several.
    clip_seconds : float
        Of that clip.
    """

    run: Run
    form: str
    folder: Path
    n_bytes: int
    is_any_length: bool | None
    n_clips: int
    rejected: dict[str, str]
    largest_difference: float
    tolerance: float
    seconds: float
    seconds_before: float
    clip_seconds: float = CLIP_SECONDS


def export_run(
    run: Run,
    source: SplitRecordings,
    folder: Path,
    form: str = ONNX,
    checkpoint: str | None = None,
) -> Export:
    """Write a run's detector into a folder, in place of one that is there, in one step.

    It is compared with the run on recordings before it has its name, and not kept where a score
    differs by more than `TOLERANCE`.

    Parameters
    ----------
    run : Run
        A finished training with a calibration.
    source : SplitRecordings
        The recordings, of which some are taken, evenly.
    folder : pathlib.Path
        Where it is written to.
    form : str
        A name of `SUFFIXES`.
    checkpoint : str, optional
        Folder or hub id of the run's checkpoint (default: where it was in training).

    Raises
    ------
    ArgumentError
        When the folder holds something else, there is no such format of this kind of run, or it is
        a fusion.
    AudiosError
        When the run cannot be loaded, no recording can be read, packages are absent, the model
        cannot be told in the format, or what was written scores otherwise.
    """
    require_training(run.manifest, run.folder / MANIFEST)
    refuse_fused(run, "is no single model: export each of them, and fuse what they give")
    # Else `.` and what ends in `..` have no name.
    folder = folder.resolve()
    _require_free(folder)
    calibration_of(run)
    backbone, scorer = load_parts(run, checkpoint)
    if isinstance(scorer, TrainedNetwork):
        # Where everybody has one, and in float32.
        scorer.network.cpu()
    waveforms, rejected = _read(source, backbone.sample_rate)
    make_folder(folder.parent)
    with locked(folder.with_name(f".{folder.name}.lock"), str(folder)):
        new = folder.with_name(f".{folder.name}{PARTIAL}")
        with writing(new):
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
        try:
            made = _write(run, backbone, scorer, waveforms, new, form)
            _require_free(folder)
            with writing(folder):
                _replace(folder, new)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    size = sum(path.stat().st_size for path in folder.iterdir())
    return Export(run, form, folder, size, rejected=rejected, n_clips=len(waveforms), **made)


def _require_free(folder: Path) -> None:
    if not may_be_replaced(folder):
        raise ArgumentError(f"--output={folder} holds something else; name a new folder")


def _replace(folder: Path, new: Path) -> None:
    """Give a new folder the name of one that may be there, which is removed then."""
    aside = folder.with_name(f".{folder.name}{REPLACED}")
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        folder.rename(aside)
    try:
        new.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise
    sync_folder(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _read(source: SplitRecordings, rate: int) -> tuple[list[np.ndarray], dict[str, str]]:
    rows = np.unique(np.linspace(0, len(source) - 1, _CLIPS).astype(int)).tolist()
    found, rejected = [], {}
    for row in rows:
        waveform = attempt(lambda path: read_waveform(path, rate), source.path(row))
        if isinstance(waveform, AudioError):
            rejected[str(source.clips.files[row])] = str(waveform)
        else:
            found.append(waveform)
    require_some(len(found), rejected)
    return found, rejected


@dataclass(frozen=True)
class _Parts:
    """A detector: what makes vectors of prepared clips, and what scores them."""

    embed: Embed
    score: Score

    def scores(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return self.score(self.embed(prepared))


def _write(
    run: Run,
    backbone: Backbone,
    scorer: Scorer,
    waveforms: Sequence[np.ndarray],
    new: Path,
    form: str,
) -> dict[str, Any]:
    """Write all files into a new folder, and return what was measured, as `Export` has it."""
    ours = _Parts(lambda prepared: embed_vectors(backbone, prepared).vectors, scorer.score)
    prepared = [backbone.prepare(waveform) for waveform in waveforms]
    scores, dim = ours.scores(prepared), ours.embed(prepared[:1]).shape[1]
    manifest = _manifest(run)
    write_json(new / MANIFEST, manifest)
    write_calibration(new, calibration_of(run), fitted_on(run))
    # Measured here, since whoever is given it has no training recordings.
    bandwidths_of(run, backbone.sample_rate)
    for name in KEPT:
        if (run.folder / name).is_file() and not (new / name).exists():
            with writing(new):
                shutil.copyfile(run.folder / name, new / name)
    if (results := new / f"{TEST_RESULTS}.json").is_file():
        write_json(results, _without(read_values(results), "dataset"))
    windows = _windows(scorer)
    with writing(new):
        written = write_models(scorer, dim, new, form, _metadata(run, windows))
    if windows is not None:
        windows["is_any_length"] = written.is_any_length
        if windows["covers"] == Covers.WHOLE and not written.is_any_length:
            raise AudiosError(
                f"run {run.number} is given recordings as they are, and its network cannot be told "
                f"in {form} for windows of any length"
            )
    models = sorted(path for path in new.iterdir() if path.name.partition(".")[0] in _MODELS)
    about: dict[str, Any] = {
        "format": form,
        "audios": VERSION,
        "run": run.name,
        "detector": detector_name(run),
        "dim": dim,
        "windows": windows,
        "files": {path.name: sha256_file(path) for path in models},
    }
    checked = {"clips": len(scores), "largest_difference": 0.0, "tolerance": TOLERANCE}
    write_json(new / ABOUT, about | {"checked": checked})
    theirs = _Parts(written.embed or ours.embed, written.score or ours.score)
    if form == ONNX:
        network, exported = load_exported(Run(run.number, new, manifest))
        embed = ours.embed if network is None else partial(_vectors, network)
        theirs = _Parts(embed, exported.score)
    tolerance = TOLERANCE * max(1.0, float(np.abs(scores).max()))
    largest = _difference(theirs, prepared, scores, tolerance, form)
    if windows is not None and windows["is_any_length"]:
        shorter = [one[:, : max(one.shape[1] // 2, 1)] for one in prepared]
        _difference(theirs, shorter, ours.scores(shorter), tolerance, form)
    checked["largest_difference"] = float(f"{largest:.3g}")
    write_json(new / ABOUT, about | {"checked": checked})
    clip = np.resize(waveforms[0], round(CLIP_SECONDS * backbone.sample_rate))
    return {
        "is_any_length": None if windows is None else written.is_any_length,
        "largest_difference": largest,
        "tolerance": tolerance,
        "seconds": _seconds(backbone, theirs, clip),
        "seconds_before": _seconds(backbone, ours, clip),
    }


def _vectors(network: ExportedNetwork, prepared: Sequence[np.ndarray]) -> np.ndarray:
    return network.embed(prepared)[:, 0, 0]


def _difference(
    theirs: _Parts,
    prepared: Sequence[np.ndarray],
    scores: np.ndarray,
    tolerance: float,
    form: str,
) -> float:
    differences = np.abs(theirs.scores(prepared) - scores)
    largest = float(differences.max())
    if not largest <= tolerance:
        raise AudiosError(
            f"the model scores otherwise in {form}: by {largest:.2g}, and {tolerance:.2g} is "
            f"allowed; nothing was kept"
        )
    return largest


def _seconds(backbone: Backbone, parts: _Parts, clip: np.ndarray) -> float:
    """Return the median of the seconds that a clip takes, from its waveform to its score."""
    taken = []
    for _ in range(1 + _TIMES):
        start = time.perf_counter()
        parts.scores([backbone.prepare(clip)])
        taken.append(time.perf_counter() - start)
    # The first makes what the others find made.
    return median(taken[1:])


def _windows(scorer: Scorer) -> dict[str, Any] | None:
    if not isinstance(scorer, TrainedNetwork):
        return None
    settings = scorer.settings
    return {
        "sample_rate": scorer.network.front_end.sample_rate,
        "samples": settings.samples,
        "covers": str(settings.covers),
        "is_any_length": False,
    }


def _manifest(run: Run) -> dict[str, Any]:
    """Return the manifest of the exported folder, without a trace of the machine."""
    settings = run.settings
    if is_network(run):
        # All weights are in the exported network.
        settings["backbone"] = _without(settings["backbone"], _CHECKPOINT)
        network = settings[NETWORK]
        settings[NETWORK] = network | {"front": _without(network["front"], _CHECKPOINT)}
    for name in ("augmentation", "augmented"):
        if how := settings.get(name):
            settings[name] = how | {
                folder: Path(how[folder]).name for folder in _FOLDERS if how.get(folder)
            }
    environment = run.manifest.get("environment", {})
    about = {
        "kind": run.kind,
        "number": run.number,
        "status": "complete",
        "started": str(run.manifest.get("started", "")),
        "settings": settings,
        "environment": {"libraries": environment.get("libraries", {})},
        "demonstration": is_of_demonstration(run),
    }
    results = run.manifest.get("results")
    return about | ({"results": results} if results else {})


def _without(about: Mapping[str, Any], entry: str) -> dict[str, Any]:
    return {name: value for name, value in about.items() if name != entry}


def _metadata(run: Run, windows: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what a file says of itself, for those who have it alone."""
    calibration = calibration_of(run)
    about: dict[str, Any] = {
        "audios": VERSION,
        "detector": detector_name(run),
        **{name: getattr(calibration, name) for name in ("threshold", "slope", "offset")},
    }
    if windows is not None:
        about |= {name: windows[name] for name in ("sample_rate", "samples", "covers")}
    return {name: str(value) for name, value in about.items()}
