"""The score files of a run: `file,label,score,speaker,gender,attack`."""

from pathlib import Path

import numpy as np
import pandas as pd

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.embeddings.embedding_set import EmbeddingSet
from src.utils.tables import write_csv


def write_scores(path: Path, clips: EmbeddingSet, scores: np.ndarray) -> None:
    """Write one row a clip; scores, shape (clips,), are higher for bona-fide."""
    table = pd.DataFrame(
        {
            "file": clips.files,
            "label": np.where(clips.y == 1, BONA_FIDE, SPOOF),
            "score": scores,
            "speaker": clips.speaker,
            "gender": clips.gender,
            "attack": clips.attack,
        }
    )
    write_csv(path, table)
