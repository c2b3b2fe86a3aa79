"""Every stage as one call, for the command line, the whole pipeline and notebooks alike.

A module a noun: `stages.dataset.normalize(...)`, `stages.models.train(...)`. Each function takes
values, does its stage, writes the page of the run that it makes or changes, and returns what came
out. None of them prints.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = [
    "adaptation",
    "audit",
    "baseline",
    "dataset",
    "detectors",
    "embeddings",
    "evaluation",
    "export",
    "fusion",
    "models",
    "networks",
    "pipeline",
    "predict",
    "pretraining",
    "released",
    "results",
    "robustness",
    "spoofs",
    "tuning",
]

if TYPE_CHECKING:
    from src.stages import (
        adaptation,
        audit,
        baseline,
        dataset,
        detectors,
        embeddings,
        evaluation,
        export,
        fusion,
        models,
        networks,
        pipeline,
        predict,
        pretraining,
        released,
        results,
        robustness,
        spoofs,
        tuning,
    )
else:

    def __getattr__(name: str) -> ModuleType:
        """Import a module when it is first used: no stage waits for the libraries of another."""
        if name in __all__:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__} has no attribute {name}")
