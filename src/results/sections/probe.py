"""The layer probe: the EER of a logistic regression by layer and pooling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from src.results.blocks.blocks import BEST, Block, Cell, Figure, Heading, Paragraph, Table
from src.utils.errors import RunError, shorten

if TYPE_CHECKING:
    import pandas as pd

    from src.models.probe import Probe


def probe_table(found: pd.DataFrame) -> Table:
    """Return a row a layer and a column a pooling, the lowest EER pointed at.

    Parameters
    ----------
    found : pandas.DataFrame
        `layer, pooling, eer, standard_error`, the rates between 0 and 1.
    """
    best = found["eer"].idxmin()
    poolings = list(found["pooling"].unique())
    rows: list[list[Cell]] = []
    kinds, pointed_at = {}, set()
    for number, (layer, part) in enumerate(found.groupby("layer", sort=True)):
        cells = {
            row.pooling: f"{row.eer:.2%} ± {row.standard_error:.2%}" for row in part.itertuples()
        }
        rows.append([str(layer), *(cells.get(pooling) for pooling in poolings)])
        if best in part.index:
            kinds[number] = BEST
            pointed_at.add((number, 1 + poolings.index(found["pooling"][best])))
    right = range(1, 1 + len(poolings))
    return Table(["layer", *poolings], rows, right, kinds, pointed_at)


def probe_in_brief(probe: Probe) -> list[Block]:
    """Return what a stage prints of a probe that it has just made.

    Parameters
    ----------
    probe : Probe
        What was measured.
    """
    best = probe.best
    blocks: list[Block] = [
        Paragraph(
            f"EER of a logistic regression, mean ± standard error over {probe.n_folds} folds by "
            f"{probe.unit}"
        ),
        Paragraph(
            f"({probe.n_clips:,} clips of {probe.n_speakers:,} speakers in training and validation)"
        ),
        probe_table(probe.table),
        Paragraph(f"best: layer {best['layer']}, {best['pooling']}, {best['eer']:.2%}"),
    ]
    if len(probe.close):
        near = [f"{layer} {pooling}" for layer, pooling in probe.close[["layer", "pooling"]].values]
        blocks.append(Paragraph(f"within one standard error of it: {shorten(near, 8)}"))
    return blocks


def probe(path: Path) -> list[Block]:
    """Return what a page tells of a probe, nothing where there was none.

    Parameters
    ----------
    path : pathlib.Path
        Its table, with its figure beside it.

    Raises
    ------
    AudiosError
        When the table is damaged.
    """
    if not path.is_file():
        return []
    found = _read(path)
    best = found.loc[found["eer"].idxmin()]
    picture = path.with_suffix(".png")
    figure = Figure(picture, "EER of a logistic regression by layer and pooling")
    return [
        Heading("Layer probe", 3),
        Paragraph(
            f"EER of a logistic regression on each layer, mean ± standard error over folds that "
            f"share no speaker. Best: layer {best['layer']}, {best['pooling']}; what lies within "
            f"one standard error of it may be as good."
        ),
        probe_table(found),
        *([figure] if picture.is_file() else []),
    ]


def _read(path: Path) -> pd.DataFrame:
    from src.utils.tables import read_csv

    table = read_csv(path)
    try:
        numbers = {"layer": int, "eer": float, "standard_error": float}
        return table.astype(numbers)[["layer", "pooling", "eer", "standard_error"]]
    except (KeyError, ValueError) as error:
        raise RunError(f"{path} is damaged: {error}") from error
