"""What the manifest of a run or a study holds, checked where it is read."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from src.utils.shapes import Shape, read_shaped, require_shape

_REMEDY = "remove its folder, and make the run again"

_TRAINING = "train"
"""The kind of runs (see `runs.Kind`) whose results are numbers of their own names."""

Rate = Annotated[float, Field(ge=0, le=1)]

Hyperparameter = int | float | str | bool | None


class BackboneSettings(Shape):
    """What computed vectors, as `Backbone.describe` says it."""

    name: str
    sample_rate: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    first_layer: NonNegativeInt = 0
    layers: Annotated[int, Field(ge=1, le=10_000)] = 1
    stats: list[str] = Field(default_factory=list)
    stats_count: Annotated[int, Field(ge=1, le=100)] = 1
    dim: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    checkpoint: str | None = None
    precision: str = ""


class Augmentation(Shape):
    """How clips were augmented, as `Copy.describe` says it."""

    kinds: Annotated[list[str], Field(min_length=1)]
    steps: Annotated[list[NonNegativeInt], Field(min_length=2, max_length=2)]
    snr_db: Annotated[list[float], Field(min_length=2, max_length=2)]
    noises: str | None = None
    rooms: str | None = None
    seed: NonNegativeInt
    copy_number: Annotated[NonNegativeInt, Field(alias="copy")] = 1


class _Augmented(Augmentation):
    copies: Annotated[int, Field(ge=1)]


class FusedMember(Shape):
    """A member of a fusion: which training it was, and what it weighs."""

    label: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]*_study\d+_)?run\d+$")]
    number: NonNegativeInt
    name: str
    backbone: str = ""
    checkpoint: str | None = None
    validation_eer: Rate
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FusionSettings(Shape):
    """What a fusion is made of."""

    members: Annotated[list[FusedMember], Field(min_length=2)]
    offset: Annotated[float, Field(allow_inf_nan=False)]
    shrinkage: NonNegativeFloat
    best: str
    elsewhere: bool = False


class AdaptedSettings(Shape):
    """Which training was adapted, and with what."""

    run: str
    dataset: str
    clips: Annotated[int, Field(ge=1)]
    share: Annotated[float, Field(gt=0, lt=1)]
    seed: NonNegativeInt


class _Difference(Shape):
    alone: float
    fused: float
    difference: float
    low: float | None
    high: float | None
    p_value: float | None


class FusionGain(Shape):
    """How a fusion differs from its best member alone."""

    best: str
    eer: _Difference
    cllr: _Difference


class _Settings(Shape):
    """What a run of any kind may have been asked; older and other ones were asked less."""

    backbone: BackboneSettings = BackboneSettings(name="")
    classifier: str | None = None
    seed: NonNegativeInt = 7
    layer: NonNegativeInt | str | None = None
    pooling: str = ""
    hyperparameters: dict[str, Hyperparameter] = Field(default_factory=dict)
    units: str = ""
    method: str = ""
    augmented: _Augmented | None = None
    calibrate: str = ""
    runs: list[str] = Field(default_factory=list)
    fusion: FusionSettings | None = None
    adapted: AdaptedSettings | None = None


class _TrainingSettings(_Settings):
    backbone: BackboneSettings
    classifier: str
    seed: NonNegativeInt
    layer: NonNegativeInt | Literal["weighted"] = 0
    hyperparameters: dict[str, Hyperparameter]


class _Split(Shape):
    strategy: str = ""
    notes: list[str] = Field(default_factory=list)
    speakers: str = ""
    shares: dict[str, Rate] = Field(default_factory=dict)


class _Results(Shape):
    validation_eer: Rate = 0.0
    threshold: float = 0.0
    epochs: NonNegativeInt = 0
    best_epoch: NonNegativeInt = 0
    trees: NonNegativeInt = 0
    best_tree: NonNegativeInt = 0
    fitted_eer: Rate = 0.0
    fusion: FusionGain | None = None


class _Environment(Shape):
    audios: str = ""
    git_commit: str | None = None
    python: str = ""
    machine: str = ""
    system: str = ""
    libraries: dict[str, str] = Field(default_factory=dict)


class _Manifest(Shape):
    kind: str = ""
    number: NonNegativeInt = 0
    status: str = ""
    started: str = ""
    finished: str = ""
    seconds: NonNegativeFloat = 0.0
    command: list[str] = Field(default_factory=list)
    settings: _Settings = _Settings()
    inputs: dict[str, str | None] = Field(default_factory=dict)
    environment: _Environment = _Environment()
    dataset: str | None = None
    root: str | None = None
    demonstration: bool = False
    embeddings: str | None = None
    split: _Split | None = None
    tested: dict[str, str] = Field(default_factory=dict)
    tested_elsewhere: dict[str, str] = Field(default_factory=dict)


class _MeasuredManifest(_Manifest):
    results: _Results = _Results()


class _TrainingManifest(Shape):
    settings: _TrainingSettings


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of a run or a study.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    AudiosError
        When it is absent or damaged.
    """
    found = read_shaped(path, _Manifest, _REMEDY)
    if found.get("kind") == _TRAINING:
        require_shape(found, _MeasuredManifest, path, _REMEDY)
    return found


def require_training(manifest: dict[str, Any], path: Path) -> None:
    """Fail for a training whose manifest lacks what its model is loaded by.

    Parameters
    ----------
    manifest : dict
        As `read_manifest` gave it.
    path : pathlib.Path
        The file, for the message.

    Raises
    ------
    RunError
        Naming what is missing.
    """
    require_shape(manifest, _TrainingManifest, path, _REMEDY)
