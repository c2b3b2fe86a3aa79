"""Stage 12, of the detectors that come with AUDIOS: listing them."""

from src.predict.shipped import Shipped, list_shipped

__all__ = ["Shipped", "list_shipped"]
