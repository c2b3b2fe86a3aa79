"""Stage 8: dimensionality reduction of an embedding store to a scatter plot of its clips."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from src.utils.config import BONA_FIDE, PROJECTION_GROUPS, SPOOF
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.labelled import LabelledClips
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import AudiosError, EmbeddingError
from src.utils.runs import Kind, Run, find_complete, list_runs, new_run
from src.utils.tables import write_csv
from src.visualize.methods import METHOD_LABELS
from src.visualize.plots import plot_groups, plot_points
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
        Its folder holds `<method>.png`, by class and gender, `<method>_<group>.png` for those of
        `PROJECTION_GROUPS` in which clips differ, and `<method>.csv`: `file, x, y, label, gender,
        speaker, attack` and, where the data set tells them, `source` and `language`.

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
        points = _points(clips, xy, store.root)
        write_csv(run.folder / f"{method}.csv", points)
        what = f"{reduction.label} of {clips.backbone}, layer {number}"
        about = (
            f"{settings['split']} of {store.dataset_name}: {int(clips.y.sum()):,} bona-fide and "
            f"{int((clips.y == 0).sum()):,} spoof clips"
        )
        title = f"{what}, by class and gender\n{about}"
        plot_points(points, run.folder / f"{method}.png", title, reduction.label)
        for group in PROJECTION_GROUPS:
            if group in points and len({*points[group]} - {""}) > 1:
                path = run.folder / f"{method}_{group}.png"
                plot_groups(points, group, path, f"{what}, by {group}\n{about}", reduction.label)
    return run


def _points(clips: LabelledClips, xy: np.ndarray, root: Path | None) -> pd.DataFrame:
    """Return the place of each clip, and what is known of it."""
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
    try:
        table = None if root is None else Dataset.open(root).read_files()
    except AudiosError:
        # The recordings may have gone; what their vectors tell is left.
        table = None
    if table is not None:
        told = table.set_index("file").reindex(clips.files)
        for group in PROJECTION_GROUPS:
            if group not in points and group in told:
                points[group] = told[group].fillna("").to_numpy()
    return points
