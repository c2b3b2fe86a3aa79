"""A small setting of every classifier, quick to fit; what has none is tested by nothing."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Small:
    """What the tests of all classifiers must know of one.

    Attributes
    ----------
    file : str
        The one file that it writes.
    hyperparameters : dict
        In place of its defaults.
    draws : bool
        Whether its training is random, so that another seed gives other scores.
    """

    file: str
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    draws: bool = True


SMALL = {
    "mlp": Small("model.safetensors", {"hidden_size": 16, "epochs": 30, "learning_rate": 0.01}),
    "svm": Small("model.skops", draws=False),
    "rf": Small("model.skops", {"n_estimators": 12}),
    "lr": Small("model.skops", draws=False),
}


BEST_TRIAL = {
    "classifier": "rf",
    "backbone": "wav2vec2",
    "validation_eer": 0.125,
    "run_number": 1,
    "layer": 0,
    "hyperparameters": {},
}
"""What a study keeps of its best trial."""


def small(name: str) -> Small:
    """Return the small setting of a classifier; fail for one that has none."""
    assert name in SMALL, f"--classifier={name} has no small setting: add it to {__name__}"
    return SMALL[name]
