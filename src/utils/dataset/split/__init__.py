"""Stage 6: dividing a data set by person; one module per strategy."""

from src.utils.dataset.split.shares import Shares
from src.utils.dataset.split.stage import Split, split_dataset
from src.utils.dataset.split.store import read_split

__all__ = ["Shares", "Split", "read_split", "split_dataset"]
