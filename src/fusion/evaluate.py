"""Testing a fusion: by recordings, or by the stores of its members' vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.evaluation.trials import Trials
from src.fusion.gain import GAIN, measure_gain
from src.fusion.loading import load_parts, weights_of
from src.fusion.members import members_of, settings_of
from src.models.calibrate import calibration_of
from src.models.data import TEST, warn_if_stale
from src.models.evaluate import Evaluation, Scored, evaluate_clips, require_same_model
from src.models.lookup import is_network
from src.models.registry import load_classifier
from src.networks.evaluate import RecordingTester, evaluate_network
from src.utils.dataset.labelled import LabelledClips
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.embeddings.selection import Selection
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import AudiosError, EmbeddingError
from src.utils.files import sha256_text
from src.utils.run_manifest import require_training
from src.utils.runs import MANIFEST, Run


def evaluate_on_recordings(
    run: Run, source: SplitRecordings, gender: str | None = None, reuse: bool = False
) -> Evaluation:
    """Test a fusion on recordings, and compare it there with its best member alone.

    Parameters
    ----------
    run : Run
        A finished fusion.
    source, gender, reuse
        See `evaluate_network`.

    Raises
    ------
    AudiosError
        As `evaluate_network` does, or when a member cannot be loaded.
    """
    return evaluate_network(run, source, gender, reuse, load_parts, partial(tell_gain, run))


def tell_gain(run: Run, trials: Trials) -> Mapping[str, Any]:
    """Return how a fusion differs on tested clips from its best member alone, for its results.

    The member is the one whose validation EER is the lowest: no test has chosen it.

    Parameters
    ----------
    run : Run
        A fusion.
    trials : Trials
        Its test.
    """
    gain = measure_gain(trials, settings_of(run).best, run.settings["seed"])
    return {GAIN: gain.as_dict()}


@dataclass(frozen=True)
class MemberStores:
    """The stores of the test's vectors by the members of a fusion (see `ClipSource`).

    Attributes
    ----------
    stores : tuple of EmbeddingStore
        One a member, in their order; all of one data set.
    """

    stores: tuple[EmbeddingStore, ...]

    @classmethod
    def open(cls, members: Sequence[Run], embeddings: Path) -> "MemberStores":
        """Open the stores of the test.

        Parameters
        ----------
        members : sequence of Run
            Classifiers of vectors.
        embeddings : pathlib.Path
            The embeddings' folder.

        Raises
        ------
        EmbeddingError
            When one is absent, of another model than its member's, or of another data set.
        """
        stores = []
        for member in members:
            name = member.settings["backbone"]["name"]
            stores.append(EmbeddingStore.open(embeddings, name, TEST))
            require_same_model(member, stores[-1])
        if len({store.dataset for store in stores}) > 1:
            told = " and ".join(sorted({store.dataset for store in stores}))
            raise EmbeddingError(f"the vectors in {embeddings} are of {TEST} of {told}")
        return cls(tuple(stores))

    @property
    def dataset(self) -> str:
        """The folder of the recordings."""
        return self.stores[0].dataset

    @property
    def dataset_name(self) -> str:
        """The name of the data set's own folder."""
        return self.stores[0].dataset_name

    @property
    def root(self) -> Path | None:
        """The data set's own folder, None where it is not known."""
        return self.stores[0].root

    @property
    def split_recipe(self) -> dict[str, Any] | None:
        """The settings of the split, None where they are not known."""
        return self.stores[0].split_recipe

    @property
    def fingerprint(self) -> str:
        """A hash of the clips and of all vectors."""
        return sha256_text("\n".join(store.fingerprint for store in self.stores))


def is_of_vectors(run: Run) -> bool:
    """Say whether all members of a fusion are classifiers of vectors.

    Parameters
    ----------
    run : Run
        A fusion.
    """
    return not any(map(is_network, members_of(run)))


def has_vectors(run: Run, embeddings: Path) -> bool:
    """Say whether a fusion can be tested by the vectors in a folder.

    Parameters
    ----------
    run : Run
        A fusion.
    embeddings : pathlib.Path
        The embeddings' folder.
    """
    try:
        MemberStores.open(members_of(run), embeddings)
    except AudiosError:
        return False
    return True


def evaluate_on_vectors(
    run: Run, embeddings: Path, gender: str | None = None, reuse: bool = False
) -> Evaluation:
    """Test a fusion of classifiers on the vectors of their backbones.

    Clips that one of the backbones could not embed are left out.

    Parameters
    ----------
    run : Run
        A finished fusion.
    embeddings : pathlib.Path
        The embeddings' folder.
    gender, reuse
        See `evaluate_run`.

    Raises
    ------
    EmbeddingError
        When vectors are absent, of another model, or of other clips than one another.
    AudiosError
        As `evaluate_clips` does, or when a member cannot be loaded.
    """
    require_training(run.manifest, run.folder / MANIFEST)
    members = members_of(run)
    source = MemberStores.open(members, embeddings)
    warn_if_stale(*source.stores)
    sets = [
        store.load(*Selection.of(member.settings))
        for store, member in zip(source.stores, members, strict=True)
    ]
    rows = [{file: row for row, file in enumerate(one.files.tolist())} for one in sets]

    def load() -> LabelledClips:
        common = np.array([all(file in one for one in rows) for file in sets[0].files.tolist()])
        first = sets[0].where(common)
        return LabelledClips(
            files=first.files,
            y=first.y,
            gender=first.gender,
            speaker=first.speaker,
            attack=first.attack,
            units=first.units,
        )

    def score(clips: LabelledClips) -> Scored[LabelledClips]:
        llrs = {}
        told = settings_of(run).members
        for about, member, one, places in zip(told, members, sets, rows, strict=True):
            order = np.array([places[file] for file in clips.files.tolist()])
            if not np.array_equal(one.y[order], clips.y):
                raise EmbeddingError(
                    f"the vectors of {one.backbone} and {sets[0].backbone} in {embeddings} have "
                    f"different labels; run GenerateEmbeddings for both"
                )
            scores = load_classifier(member).score(one.x[order])
            llrs[about.label] = calibration_of(member).llrs(scores)
        table = pd.DataFrame(llrs)
        return Scored(clips, weights_of(run).fuse(table.to_numpy()), table)

    return evaluate_clips(run, source, load, score, gender, reuse, partial(tell_gain, run))


class MemberVectorTester:
    """Tests a fusion of classifiers on vectors (see `Tester`).

    Parameters
    ----------
    run : Run
        A finished fusion.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def open(self, folder: Path) -> MemberStores:
        """Return the stores of the test's vectors (see `Tester.open`)."""
        return MemberStores.open(members_of(self._run), folder)

    def test(self, folder: Path, gender: str | None, reuse: bool) -> Evaluation:
        """Test the fusion on vectors (see `Tester.test`)."""
        return evaluate_on_vectors(self._run, folder, gender, reuse)


def recording_tester(run: Run) -> RecordingTester:
    """Return what tests a fusion on the recordings of data sets.

    Parameters
    ----------
    run : Run
        A finished fusion.
    """
    return RecordingTester(run, load_parts, partial(tell_gain, run))
