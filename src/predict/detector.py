"""A trained detector: the backbone, classifier, calibration and reference of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from src.fusion.loading import AnyReference, load_with_reference
from src.models.calibrate import calibration_of
from src.models.classifier import Scorer, members_of_scorer
from src.utils.embeddings.backbones import Backbone
from src.utils.embeddings.engines.embed import embed_vectors
from src.utils.embeddings.engines.engine import Embedded
from src.utils.metrics.calibration import Calibration
from src.utils.runs import Run


@dataclass(frozen=True)
class Detector:
    """A trained model with all that it takes to judge a waveform.

    Attributes
    ----------
    run : Run
        The training run.
    backbone : Backbone
        Computes the vectors that the run was trained on; deeper layers are not computed.
    classifier : Scorer
        Scores embeddings.
    calibration : Calibration
        Turns scores into likelihood ratios and verdicts.
    reference : Reference or FusedReference or None
        Detects embeddings far from the training data; None for an older run without one.
    """

    run: Run
    backbone: Backbone
    classifier: Scorer
    calibration: Calibration
    reference: AnyReference | None

    @classmethod
    def load(cls, run: Run, checkpoint: str | None = None) -> "Detector":
        """Load the detector of a finished training run.

        Parameters
        ----------
        run : Run
            The training run.
        checkpoint : str, optional
            Folder or hub id of the run's checkpoint (default: where it was in training).

        Raises
        ------
        ArgumentError
            When a checkpoint is given for a backbone that has none.
        CheckpointError
            When the checkpoint cannot be loaded or is another than the run was trained on.
        RunError
            When a file of the run is absent or damaged, or the run is of before its backbone had
            its name.
        """
        backbone, classifier, reference = load_with_reference(run, checkpoint)
        return cls(run, backbone, classifier, calibration_of(run), reference)

    @property
    def members(self) -> tuple[str, ...]:
        """The labels of the members of a fusion, none for what is none."""
        return members_of_scorer(self.classifier)

    def embed(self, prepared: Sequence[np.ndarray]) -> Embedded:
        """Embed prepared waveforms as in training.

        Parameters
        ----------
        prepared : sequence of numpy.ndarray
            What the backbone prepared of each.

        Returns
        -------
        Embedded
            Whose rows are places among them, with vectors of shape (len(rows), dim).
        """
        return embed_vectors(self.backbone, prepared)
