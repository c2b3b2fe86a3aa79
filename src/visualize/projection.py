"""Stage 8: dimensionality reduction of an embedding store to a scatter plot of its clips."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from src.utils.config import BONA_FIDE, SPOOF
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import EmbeddingError
from src.utils.runs import Kind, Run, find_complete, list_runs, new_run
from src.utils.tables import write_csv
from src.visualize.methods import METHOD_LABELS
from src.visualize.plots import plot_points
from src.visualize.tsne import project_tsne
from src.visualize.umap import project_umap

MIN_CLIPS = 5


@dataclass(frozen=True)
class Method:
    """A method of dimensionality reduction to two dimensions.

    Attributes
    ----------
    label : str
        Its name for people.
    project : callable
        Takes `x` and `seed` (see `project_tsne`) and returns float of shape (clips, 2).
    """

    label: str
    project: Callable[[np.ndarray, int], np.ndarray]


METHODS = {
    name: Method(METHOD_LABELS[name], project)
    for name, project in (("umap", project_umap), ("tsne", project_tsne))
}


def visualize(
    store: EmbeddingStore, runs: Path, method: str, layer: int, seed: int = 7, reuse: bool = False
) -> Run:
    """Project one layer of a split to two dimensions; write PNG and CSV into a run folder.

    Parameters
    ----------
    store : EmbeddingStore
        The embeddings of a split.
    runs : pathlib.Path
        The runs folder.
    method : str
        A key of `METHODS`.
    layer : int
        The model's own number, or a negative one, counted from the last layer of the store.
    seed : int
        Seed of the method.
    reuse : bool
        Return an equal finished run instead of computing it again.

    Returns
    -------
    Run
        Its folder holds `<method>.png` and `<method>.csv` (`file,x,y,label,gender,speaker,attack`).

    Raises
    ------
    ArgumentError
        When there is no such layer.
    EmbeddingError
        When there are too few clips.
    """
    number = store.check_layer(layer)
    settings = {
        "backbone": store.backbone,
        "split": store.manifest["split"],
        "method": method,
        "layer": number,
        "seed": seed,
    }
    inputs = {str(store.manifest["split"]): store.fingerprint}
    found = find_complete(list_runs(runs), Kind.PROJECTION, settings, inputs) if reuse else None
    if found:
        return found
    clips = store.load(number)
    if len(clips) < MIN_CLIPS:
        raise EmbeddingError(f"{len(clips)} clips are too few to lay out; it takes {MIN_CLIPS}")
    reduction = METHODS[method]
    with new_run(runs, Kind.PROJECTION, settings, inputs) as run:
        xy = reduction.project(StandardScaler().fit_transform(clips.x), seed)
        points = pd.DataFrame(
            {
                "file": clips.files,
                "x": xy[:, 0],
                "y": xy[:, 1],
                "label": np.where(clips.y == 1, BONA_FIDE, SPOOF),
                "gender": clips.gender,
                "speaker": clips.speaker,
                "attack": clips.attack,
            }
        )
        write_csv(run.folder / f"{method}.csv", points)
        title = (
            f"{reduction.label} of {clips.backbone}, layer {number}, {settings['split']}\n"
            f"{int(clips.y.sum())} bona-fide and {int((clips.y == 0).sum())} spoof clips"
        )
        plot_points(points, run.folder / f"{method}.png", title, reduction.label)
    return run
