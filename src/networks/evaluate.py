"""Testing the network of a run on recordings that it has never heard."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from src.models.classifier import Scorer, members_of_scorer
from src.models.data import TEST
from src.models.evaluate import Evaluation, Scored, Tell, evaluate_clips, tell_nothing
from src.models.tested import ending_for
from src.networks.loading import load_network
from src.networks.names import scores_path
from src.scoring.recordings import describe_scores, score_recordings
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.labelled import LabelledClips
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.backbones import Backbone
from src.utils.files import sha256_text
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run

STAGE = "TestModel"

Load = Callable[[Run], tuple[Backbone, Scorer]]
"""Loads what makes vectors of waveforms and what scores them, of a training."""


def evaluate_network(
    run: Run,
    source: SplitRecordings,
    gender: str | None = None,
    reuse: bool = False,
    load: Load = load_network,
    tell: Tell = tell_nothing,
) -> Evaluation:
    """Test a run of a network as `evaluate_run` does one on vectors, by the recordings themselves.

    Scores are kept as they come, so that after a kill the same call goes on. Recordings that cannot
    be scored are left out and listed in the data set's `rejected.csv`.

    Parameters
    ----------
    run : Run
        A finished training of a network, or another that `load` loads.
    source : SplitRecordings
        The recordings of the test.
    gender, reuse
        See `evaluate_run`.
    load : callable, optional
        Loads what makes vectors of waveforms and what scores them, of the run.
    tell : callable, optional
        See `evaluate_clips`.

    Raises
    ------
    AudiosError
        When the recordings share a speaker with what the run was trained on, lack a class, or not
        one can be scored.
    RunError
        When the network cannot be loaded.
    """
    require_training(run.manifest, run.folder / MANIFEST)

    def score(clips: LabelledClips) -> Scored[LabelledClips]:
        backbone, scorer = load(run)
        ending = ending_for(run, source)
        path = scores_path(run.folder, f"_{ending}" if ending else "")
        about = describe_scores(run, backbone, source)
        # All clips, whatever the gender: what shares a batch may move the last bits of a score.
        kept = score_recordings(
            backbone, scorer, source, path, sha256_text(json.dumps(about, sort_keys=True)), STAGE
        )
        rejected = {str(source.clips.files[row]): kept.failed[row] for row in sorted(kept.failed)}
        source.source.write_rejected(STAGE, rejected)
        require_some(int(kept.is_scored.sum()), rejected)
        is_wanted = kept.is_scored & np.isin(source.clips.files, clips.files)
        labels = members_of_scorer(scorer)
        members = pd.DataFrame(kept.members[is_wanted], columns=list(labels)) if labels else None
        return Scored(source.clips.where(is_wanted), kept.scores[is_wanted], members)

    done = evaluate_clips(run, source, lambda: source.clips, score, gender, reuse, tell)
    listed = source.source.read_rejected(STAGE)
    files = set(source.clips.files.tolist())
    return replace(done, rejected={file: why for file, why in listed.items() if file in files})


class RecordingTester:
    """Tests a network on the recordings of data sets (see `Tester`).

    Parameters
    ----------
    run, load, tell
        See `evaluate_network`.
    """

    def __init__(self, run: Run, load: Load = load_network, tell: Tell = tell_nothing) -> None:
        self._run, self._load, self._tell = run, load, tell

    def open(self, folder: Path) -> SplitRecordings:
        """Return the recordings of a data set's test split (see `Tester.open`)."""
        return SplitRecordings.read(Dataset.open(folder), TEST)

    def test(self, folder: Path, gender: str | None, reuse: bool) -> Evaluation:
        """Test the run on recordings (see `Tester.test`)."""
        source = self.open(folder)
        return evaluate_network(self._run, source, gender, reuse, self._load, self._tell)
