"""Writing a data set whose classes differ in nothing but the voice."""

from src.utils.dataset.match.match import match_dataset
from src.utils.dataset.match.settings import MatchSettings

__all__ = ["MatchSettings", "match_dataset"]
