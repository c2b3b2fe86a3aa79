"""The part of a page that tells how well each layer does."""

from pathlib import Path

import pandas as pd

from src.results.blocks import html as page
from src.utils.errors import RunError
from src.utils.tables import read_csv


def tell_probe(path: Path) -> list[str]:
    """Return a table of a layer probe, nothing where there was none.

    Raises
    ------
    AudiosError
        When it is damaged.
    """
    if not path.is_file():
        return []
    table = _read(path)
    best = table["eer"].idxmin()
    poolings = list(table["pooling"].unique())
    rows, kinds = [], {}
    for number, (layer, part) in enumerate(table.groupby("layer", sort=True)):
        cells = {
            row.pooling: f"{row.eer:.2%} ± {row.standard_error:.2%}" for row in part.itertuples()
        }
        rows.append((layer, *(cells.get(pooling, "–") for pooling in poolings)))
        if best in part.index:
            kinds[number] = "best"
    picture = path.with_suffix(".png")
    about = "EER of a logistic regression by layer and pooling"
    return [
        page.heading("Layer probe", 3),
        page.paragraph(
            f"EER of a logistic regression on each layer, mean ± standard error over folds that "
            f"share no speaker. Best: layer {table['layer'][best]}, {table['pooling'][best]}; what "
            f"lies within one standard error of it may be as good."
        ),
        page.table(("layer", *poolings), rows, range(1, len(poolings) + 1), kinds),
        page.image(picture, about) if picture.is_file() else "",
    ]


def _read(path: Path) -> pd.DataFrame:
    table = read_csv(path)
    try:
        numbers = {"layer": int, "eer": float, "standard_error": float}
        return table.astype(numbers)[["layer", "pooling", "eer", "standard_error"]]
    except (KeyError, ValueError) as error:
        raise RunError(f"{path} is damaged: {error}") from error
