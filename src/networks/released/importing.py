"""A run of a detector that others released: its network, and what is known of where it is from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.models.lookup import NETWORK
from src.models.trained_on import ELSEWHERE
from src.networks.backbone import input_of
from src.networks.released.weights import network_of, read_weights
from src.utils.files import sha256_file, write_json
from src.utils.runs import Kind, Run, new_run

_SEED = 7
"""Of the intervals of its tests: nothing of an imported detector is drawn."""


@dataclass(frozen=True)
class Origin:
    """Where released weights are from, as the one who imports them tells it.

    Attributes
    ----------
    source : str
        Where they were published; empty where it is not told.
    licence : str
        What they may be used for; empty where it is not told.
    """

    source: str = ""
    licence: str = ""


def import_detector(
    kind: str,
    weights: Path,
    runs: Path,
    checkpoint: str | None = None,
    origin: Origin | None = None,
) -> Run:
    """Make a run of a released detector; it has no threshold and no calibration yet.

    Parameters
    ----------
    kind : str
        A name of `RELEASED`.
    weights : pathlib.Path
        The file of its weights.
    runs : pathlib.Path
        The runs folder.
    checkpoint : str, optional
        Folder or hub id of its encoder, where the weights are of the back end alone.
    origin : Origin, optional
        Where it is from.

    Raises
    ------
    ArgumentError
        For an unknown kind, or a file whose name tells no format.
    CheckpointError
        When the weights cannot be read, or are of another kind.
    """
    trained = network_of(kind, read_weights(weights), weights, checkpoint)
    sha256, told = sha256_file(weights), origin or Origin()
    about = {"kind": kind, "file": weights.name, "sha256": sha256}
    about |= {
        name: value for name, value in (("source", told.source), ("licence", told.licence)) if value
    }
    settings: dict[str, Any] = {
        "backbone": input_of(trained),
        "classifier": trained.settings.back_end,
        NETWORK: trained.settings.describe(),
        ELSEWHERE: about,
        "hyperparameters": {},
        "seed": _SEED,
    }
    with new_run(runs, Kind.TRAINING, settings, {"weights": sha256}) as run:
        write_json(run.folder / "hyperparameters.json", run.settings)
        trained.save(run.folder)
    return run
