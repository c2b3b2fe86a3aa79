"""What makes vectors of waveforms and what scores them, of a run of any kind."""

from src.exported.loading import load_single
from src.fusion.members import members_of, settings_of
from src.fusion.names import is_fused, title_of
from src.fusion.parts import FusedBackbone, FusedReference, FusedScorer, MemberParts, vector_size
from src.fusion.weights import Weights
from src.models.calibrate import calibration_of
from src.models.classifier import Scorer
from src.models.lookup import is_network
from src.models.reference import Reference
from src.utils.embeddings.backbones import Backbone
from src.utils.errors import ArgumentError
from src.utils.runs import Run

AnyReference = Reference | FusedReference


def load_parts(run: Run, checkpoint: str | None = None) -> tuple[Backbone, Scorer]:
    """Load what makes vectors of waveforms and what scores them, of a run of any kind.

    Parameters
    ----------
    run : Run
        A finished training.
    checkpoint : str, optional
        Folder or hub id of the run's checkpoint (default: where it was in training); of a fusion,
        of the one checkpoint that its members share.

    Raises
    ------
    ArgumentError
        When a checkpoint is given that no member has, or of which they have several.
    AudiosError
        As `load_single` does, or when a fusion's folder is damaged.
    """
    backbone, scorer, _ = load_with_reference(run, checkpoint)
    return backbone, scorer


def load_with_reference(
    run: Run, checkpoint: str | None = None
) -> tuple[Backbone, Scorer, AnyReference | None]:
    """Load what `load_parts` does, and what tells vectors far from the training data.

    Parameters
    ----------
    run, checkpoint
        See `load_parts`.
    """
    if not is_fused(run):
        return (*load_single(run, checkpoint), Reference.read(run.folder))
    about = settings_of(run)
    weights = weights_of(run)
    backbones: list[Backbone] = []
    spans: list[slice] = []
    members = []
    for told, member in zip(about.members, members_of(run), strict=True):
        backbone, scorer = load_single(member, _checkpoint_for(run, member, checkpoint))
        columns = _find(backbone, member, backbones, spans)
        if columns is None:
            start = spans[-1].stop if spans else 0
            columns = slice(start, start + vector_size(backbone))
            # Of networks the description leaves the weights out: none is another's.
            backbones.append(backbone)
            spans.append(columns)
        reference = Reference.read(member.folder)
        members.append(MemberParts(told.label, columns, scorer, calibration_of(member), reference))
    heard = [
        member
        for member, told in zip(members, about.members, strict=True)
        if told.weight > 0 and member.reference is not None
    ]
    fused = FusedReference(heard) if heard else None
    return FusedBackbone(backbones), FusedScorer(members, weights), fused


def weights_of(run: Run) -> Weights:
    """Return the weights of a fusion.

    Parameters
    ----------
    run : Run
        A fusion.

    Raises
    ------
    RunError
        When its manifest is damaged.
    """
    import numpy as np

    about = settings_of(run)
    values = np.array([member.weight for member in about.members])
    return Weights(values, about.offset, about.shrinkage)


def _find(
    backbone: Backbone, member: Run, backbones: list[Backbone], spans: list[slice]
) -> slice | None:
    """Return the columns of an equal backbone that is there already, which need not hear twice."""
    if is_network(member):
        return None
    about = backbone.describe()
    for other, columns in zip(backbones, spans, strict=True):
        if other.describe() == about:
            return columns
    return None


def _checkpoint_for(run: Run, member: Run, checkpoint: str | None) -> str | None:
    """Return where a member's checkpoint is now, if that was told."""
    if checkpoint is None:
        return None
    named = {
        one.checkpoint: title_of(one.label) for one in settings_of(run).members if one.checkpoint
    }
    if len(named) != 1:
        what = "have none" if not named else f"have {len(named)}, each its own"
        raise ArgumentError(
            f"--checkpoint={checkpoint}: the members of run {run.number} {what}; bring them back "
            f"to where they were"
        )
    has_one = member.settings["backbone"].get("checkpoint")
    return checkpoint if has_one else None
