"""What the manifest of a run or a study holds, checked where it is read."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from src.utils.shapes import Shape, read_shaped, require_shape

_REMEDY = "remove its folder, and make the run again"

_TRAINING, _STUDY = "train", "study"
"""Kinds of runs (see `runs.Kind`) whose settings others read."""

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


class _Settings(Shape):
    """What a run of any kind may have been asked."""

    backbone: BackboneSettings | None = None
    classifier: str | None = None
    seed: NonNegativeInt = 7
    layer: int | str | None = None
    units: str = ""
    method: str = ""
    runs: list[str] = Field(default_factory=list)


class _TrainingSettings(_Settings):
    backbone: BackboneSettings
    classifier: str
    layer: NonNegativeInt = 0
    hyperparameters: dict[str, Hyperparameter]


class _StudySettings(_Settings):
    backbone: BackboneSettings
    classifier: str


class _Split(Shape):
    strategy: str = ""
    shares: dict[str, Rate] = Field(default_factory=dict)


class _Results(Shape):
    validation_eer: Rate | None = None
    threshold: float | None = None


class _Environment(Shape):
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
    embeddings: str | None = None
    split: _Split | None = None
    tested: dict[str, str] = Field(default_factory=dict)
    tested_elsewhere: dict[str, str] = Field(default_factory=dict)


class _TrainingManifest(_Manifest):
    settings: _TrainingSettings
    results: _Results = _Results()


class _StudyManifest(_Manifest):
    settings: _StudySettings


_BY_KIND: dict[str, type[Shape]] = {_TRAINING: _TrainingManifest, _STUDY: _StudyManifest}


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
    shape = _BY_KIND.get(found.get("kind", ""))
    if shape is not None:
        require_shape(found, shape, path, _REMEDY)
    return found
