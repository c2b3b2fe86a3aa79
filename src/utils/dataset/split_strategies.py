"""The ways to divide a data set, by name; apart from their package, which imports pandas."""

from typing import TYPE_CHECKING

from src.utils.registry import LazyTable

if TYPE_CHECKING:
    # Only for annotations: the names of the strategies are listed without importing pandas.
    from src.utils.dataset.split.strategy import Strategy

SPLIT_STRATEGIES: LazyTable["Strategy"] = LazyTable(
    "--strategy",
    {
        "speaker": "src.utils.dataset.split.deal_people:STRATEGY",
        "column": "src.utils.dataset.split.by_column:STRATEGY",
        "official": "src.utils.dataset.split.by_official:STRATEGY",
    },
)
"""By the name that `--strategy` takes."""
