"""Writing a data set whose classes differ in nothing but the voice."""

from src.utils.dataset.match.settings import MatchSettings
from src.utils.dataset.match.stage import match_dataset

__all__ = ["MatchSettings", "match_dataset"]
