"""Scoring the recordings of a test: read, changed in memory if need be, embedded in batches."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from src.fusion.names import CALIBRATION, FUSION, member_folders
from src.models.classifier import Scorer, members_of_scorer, score_with_members
from src.scoring.kept import KeptScores
from src.utils.audio.io import estimate_seconds, read_waveform
from src.utils.dataset.presence import Presence
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.embed import embed_vectors
from src.utils.embeddings.engines.local import AHEAD_SECONDS
from src.utils.embeddings.plan import MAX_BATCH_CLIPS, Batch, make_plan
from src.utils.errors import AudioError
from src.utils.files import (
    locked,
    make_folder,
    remove_partials,
    require_unchanged,
    sha256_file,
)
from src.utils.parallel import attempt, map_ahead
from src.utils.runs import Run

MOST_BYTES = 256 << 20
"""Recordings that are scored again and again are kept in memory where they take no more."""

KEEP_SECONDS = 20.0
"""How much work a kill may lose."""

_FLOAT_BYTES = 4
_LOCK = ".lock"
_MODELS = (".safetensors", ".skops")

Progress = Callable[[int], None]
"""Called with how many clips more are done."""

Change = Callable[[np.ndarray, int], np.ndarray]
"""Gives what becomes of the waveform of a row's clip before it is scored."""


class RecordingScorer:
    """Scores the recordings of a test, as they are or changed in one way after the other.

    Parameters
    ----------
    backbone : Backbone
        Makes vectors of waveforms.
    scorer : Scorer
        Scores them.
    source : SplitRecordings
        The clips.
    scores_again : bool
        Whether the same recordings are scored more than once, and so kept in memory if they fit.
    """

    def __init__(
        self,
        backbone: Backbone,
        scorer: Scorer,
        source: SplitRecordings,
        scores_again: bool = False,
    ) -> None:
        self._backbone = backbone
        self._scorer = scorer
        self._source = source
        self._rate = backbone.sample_rate
        files = source.clips.files.tolist()
        self._seconds = np.array([*map_ahead(self._estimate, range(len(files)))], np.float64)
        # What shares a batch may move the last bits of a score, so batches are always the same.
        self._plan = make_plan(files, self._seconds, backbone.batch_seconds)
        is_small = self._seconds.sum() * self._rate * _FLOAT_BYTES <= MOST_BYTES
        self._waveforms: dict[int, np.ndarray] | None = {} if scores_again and is_small else None
        self._presence = Presence(source.source)

    def score(self, kept: KeptScores, progress: Progress, change: Change | None = None) -> None:
        """Score the clips that have no score yet, and keep the scores as they come.

        Parameters
        ----------
        kept : KeptScores
            The scores that are there, to which the others are added.
        progress : callable
            See `Progress`.
        change : callable, optional
            See `Change`; without it recordings are scored as they are.

        Raises
        ------
        StorageError
            When scores cannot be kept, or the recordings' disk has gone.
        """
        done = kept.is_done
        batches = [batch for batch in self._plan if not done[batch.rows].all()]
        rows = [row for batch in batches for row in batch.rows.tolist()]

        def prepare(row: int) -> np.ndarray:
            waveform = self._read(row)
            if change is not None:
                waveform = change(waveform, row)
            return self._backbone.prepare(waveform)

        prepared = map_ahead(
            lambda row: attempt(prepare, row),
            rows,
            ahead=2 * MAX_BATCH_CLIPS,
            cost=lambda row: float(self._seconds[row]),
            budget=AHEAD_SECONDS,
        )
        written = time.monotonic()
        # As when stores are made (see `LocalEngine`): a thread on each core prepares already.
        with closing(prepared), threadpool_limits(1, "blas"):
            for batch in batches:
                clips = {row: next(prepared) for row in batch.rows.tolist()}
                self._add(batch, clips, kept)
                progress(len(clips))
                if time.monotonic() - written > KEEP_SECONDS:
                    kept.write()
                    written = time.monotonic()
        kept.write()

    def _add(
        self, batch: Batch, clips: Mapping[int, np.ndarray | AudioError], kept: KeptScores
    ) -> None:
        failed = {row: str(clip) for row, clip in clips.items() if isinstance(clip, AudioError)}
        sound = {row: clip for row, clip in clips.items() if not isinstance(clip, AudioError)}
        done = embed_vectors(self._backbone, list(sound.values()))
        rows = list(sound)
        failed |= {rows[place]: reason for place, reason in done.rejected.items()}
        if done.rows:
            scores, members = score_with_members(self._scorer, done.vectors)
            for place, score, llrs in zip(done.rows, scores.tolist(), members, strict=True):
                if np.isfinite(score):
                    kept.scores[rows[place]] = score
                    if kept.members.shape[1]:
                        kept.members[rows[place]] = llrs
                else:
                    failed[rows[place]] = "gives a score that is not finite"
        for row in batch.rows.tolist():
            self._presence.note(str(self._source.clips.files[row]), row in failed)
        kept.failed.update(failed)

    def _read(self, row: int) -> np.ndarray:
        if self._waveforms is not None and row in self._waveforms:
            return self._waveforms[row]
        path = self._source.path(row)
        waveform = read_waveform(path, self._rate)
        require_unchanged(path, self._source.identities[row])
        if self._waveforms is not None:
            waveform.setflags(write=False)
            self._waveforms[row] = waveform
        return waveform

    def _estimate(self, row: int) -> float:
        seconds = attempt(estimate_seconds, self._source.path(row))
        # What cannot be read is told of when it is its turn.
        return 0.0 if isinstance(seconds, AudioError) else seconds


def score_recordings(
    backbone: Backbone,
    scorer: Scorer,
    source: SplitRecordings,
    path: Path,
    fingerprint: str,
    label: str,
) -> KeptScores:
    """Score recordings as they are, and keep the scores in a file, where an equal call goes on.

    Parameters
    ----------
    backbone, scorer, source
        See `RecordingScorer`.
    path : pathlib.Path
        The file that the scores are kept in, in a folder that holds nothing else but such files.
    fingerprint : str
        A hash of what the scores depend on (see `describe_scores`).
    label : str
        Of the progress bar.

    Returns
    -------
    KeptScores
        Of all clips, in the order of the source; of one that cannot be scored it says why.

    Raises
    ------
    AudiosError
        When another process scores these clips.
    StorageError
        When scores cannot be kept, or the recordings' disk has gone.
    """
    folder = make_folder(path.parent)
    with locked(folder / _LOCK, str(folder)):
        remove_partials(folder)
        n_members = len(members_of_scorer(scorer))
        kept = KeptScores.open(path, fingerprint, len(source), n_members)
        done = count_done([kept])
        if done < len(source):
            scoring = RecordingScorer(backbone, scorer, source)
            with tqdm(None, label, len(source), unit="clip", initial=done, leave=False) as bar:
                scoring.score(kept, bar.update)
    return kept


def describe_scores(run: Run, backbone: Backbone, source: SplitRecordings) -> dict[str, Any]:
    """Return what the scores of a run depend on, as JSON values.

    Parameters
    ----------
    run : Run
        The training whose model scores.
    backbone : Backbone
        Of its model.
    source : SplitRecordings
        The clips.
    """
    about = {
        "backbone": backbone.describe(),
        "models": _models_in(run.folder),
        "clips": source.fingerprint,
    }
    if members := member_folders(run):
        about[FUSION] = run.settings[FUSION]
        about["members"] = {
            folder.name: [_models_in(folder), sha256_file(folder / CALIBRATION)]
            for folder in members
        }
    return about


def _models_in(folder: Path) -> dict[str, str]:
    """Return a hash of every model in a folder, by its name."""
    models = sorted(path for path in folder.glob("model.*") if path.suffix in _MODELS)
    return {path.name: sha256_file(path) for path in models}


def count_done(kept: Sequence[KeptScores]) -> int:
    """Return how many scores are there, with the clips that will get none.

    Parameters
    ----------
    kept : sequence of KeptScores
        Of several tests.
    """
    return sum(int(one.is_done.sum()) for one in kept)
