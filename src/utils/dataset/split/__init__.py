"""Stage 6: dividing a data set by person; one module per strategy."""

from src.utils.dataset.split.settings import HoldOut, SplitSettings
from src.utils.dataset.split.shares import Shares
from src.utils.dataset.split.split import Split, plan_split, split_dataset
from src.utils.dataset.split.store import (
    read_recipe,
    read_split,
    read_units,
    split_fingerprint,
)

__all__ = [
    "HoldOut",
    "Shares",
    "Split",
    "SplitSettings",
    "plan_split",
    "read_recipe",
    "read_split",
    "read_units",
    "split_dataset",
    "split_fingerprint",
]
