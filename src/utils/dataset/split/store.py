"""The split's files on disk, and the table that shows what is in it."""

import json
import logging
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field, NonNegativeInt

from src.utils.config import (
    BONA_FIDE,
    BY_SPEAKER,
    DOWNSTREAM_SPLITS,
    FULL,
    LABELS,
    PRETEXT_SPLITS,
    SHARED_VOICES,
    SPLITS,
    SplitUnit,
)
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.schema import (
    NUMERIC,
    UTTERANCE,
    people_of,
    read_files_table,
    text_column,
    write_files_table,
)
from src.utils.dataset.split.assignment import NO_SPLIT
from src.utils.errors import DatasetError, shorten
from src.utils.files import read_json, sha256_text, write_json
from src.utils.run_manifest import Rate
from src.utils.shapes import Shape, read_shaped
from src.utils.tables import write_csv

log = logging.getLogger(__name__)

RECIPE = "split.json"


def write_splits(dataset: Dataset, files: pd.DataFrame, splits: pd.Series, recipe: dict) -> None:
    """Write `splits/by_file/files-*.csv`, `splits/by_people/people-*.csv` and the recipe.

    Every split is written, an empty one with its header alone, so that no older file stays.

    Parameters
    ----------
    dataset : Dataset
        Whose folder holds the split.
    files : pandas.DataFrame
        A files table.
    splits : pandas.Series
        The split of every row of the table, `NO_SPLIT` for a clip that is set aside.
    recipe : dict
        How it was made (see `SplitSettings.recipe`).

    Raises
    ------
    DatasetError
        As `check_splits` does.
    """
    check_splits(files, splits, recipe)
    folder = _folder(dataset)
    # The recipe goes first and comes back last: between, the split counts as unmade.
    (folder / RECIPE).unlink(missing_ok=True)
    for split in SPLITS:
        part = files[splits == split].reset_index(drop=True)
        write_files_table(_files_path(dataset, split), part)
        write_csv(folder / "by_people" / f"people-{split}.csv", people_of(part))
    write_json(folder / RECIPE, recipe | {"files": _fingerprint(files)})


def check_splits(files: pd.DataFrame, splits: pd.Series, recipe: dict[str, Any]) -> None:
    """Fail for a split that must not be written.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    splits : pandas.Series
        The split of every row of the table, `NO_SPLIT` for a clip that is set aside.
    recipe : dict
        How it was made (see `SplitSettings.recipe`).

    Raises
    ------
    DatasetError
        When two splits share what the recipe keeps apart, or a downstream split lacks a class.
    """
    _assert_disjoint(files, splits, recipe)
    _assert_classes(files, splits, recipe)


def is_up_to_date(dataset: Dataset, files: pd.DataFrame, recipe: dict[str, Any]) -> bool:
    """Say whether this very split of these very files is there already.

    Parameters
    ----------
    dataset : Dataset
        Whose folder holds the split.
    files : pandas.DataFrame
        A files table.
    recipe : dict
        How it was made (see `SplitSettings.recipe`).
    """
    path = _folder(dataset) / RECIPE
    if not all(_files_path(dataset, split).is_file() for split in SPLITS):
        return False
    if not path.is_file():
        return False
    found: dict[str, Any] = read_json(path)
    return found == recipe | {"files": _fingerprint(files)}


def read_split(dataset: Dataset, split: str) -> pd.DataFrame:
    """Read one split's files table, or the whole files table for `full`.

    Parameters
    ----------
    dataset : Dataset
        Whose folder holds the split.
    split : str
        A name of `config.SPLITS`, or `full`.

    Raises
    ------
    DatasetError
        When there is no split yet, it is empty, or its speakers or utterances are in another
        one too.
    """
    if split == FULL:
        return dataset.read_files()
    if not (_folder(dataset) / RECIPE).is_file():
        dataset.read_files()
        raise DatasetError(
            f"{dataset.root} is not split yet; run first: "
            f"fab SplitDataset --dataset={shlex.quote(str(dataset.root))}"
        )
    recipe = _read_recipe(_folder(dataset) / RECIPE)
    if recipe.get("files") != _fingerprint(dataset.read_files()):
        log.warning("the files table has changed since the split; to follow it run SplitDataset")
    tables = {name: read_files_table(_files_path(dataset, name)) for name in SPLITS}
    files = pd.concat(tables.values(), ignore_index=True)
    names = pd.Series([name for name, table in tables.items() for _ in range(len(table))])
    _assert_disjoint(files, names, recipe)
    if tables[split].empty:
        full = [name for name, table in tables.items() if len(table)]
        remedy = "; fab SplitDataset --pretext=0.6 fills it" if split in PRETEXT_SPLITS else ""
        raise DatasetError(f"the split {split} is empty; there are {', '.join(full)}{remedy}")
    return tables[split]


def assign_splits(dataset: Dataset, files: pd.Series) -> pd.Series | None:
    """Return the split of each file as it is on disk, without judging it.

    Parameters
    ----------
    dataset : Dataset
        Whose folder holds the split.
    files : pandas.Series
        Files of the data set.

    Returns
    -------
    pandas.Series or None
        Empty for a file in no split, None when nothing is split yet.

    Raises
    ------
    DatasetError
        When a split's table is broken.
    """
    if not (_folder(dataset) / RECIPE).is_file():
        return None
    split_of: dict[str, str] = {}
    twice = []
    for split in SPLITS:
        path = _files_path(dataset, split)
        if path.is_file():
            here = read_files_table(path)["file"]
            twice += [file for file in here if file in split_of]
            split_of |= dict.fromkeys(here, split)
    if twice:
        log.warning(
            "%s files are in more than one split (%s) and are taken to be in the last; to mend it "
            "run SplitDataset",
            f"{len(twice):,}",
            shorten(twice),
        )
    return files.map(split_of).fillna("")


def read_units(dataset: Dataset, split: str) -> str:
    """Return what a split keeps on one side, a name of `config.SPLIT_UNITS`.

    Parameters
    ----------
    dataset : Dataset
        Whose folder holds the split.
    split : str
        A name of `config.SPLITS`, or `full`.
    """
    path = _folder(dataset) / RECIPE
    if split == FULL or not path.is_file():
        return BY_SPEAKER
    # A split of before there was a choice says nothing.
    return str(_read_recipe(path).get("units", BY_SPEAKER))


def read_recipe(root: Path) -> dict[str, Any] | None:
    """Return how the data set in `root` is split now, None where it is not."""
    path = root / "splits" / RECIPE
    return _read_recipe(path) if path.is_file() else None


class _Recipe(Shape):
    strategy: str
    files: str = ""
    units: SplitUnit = "speaker"
    shares: dict[str, Rate] = Field(default_factory=dict)
    hold_out: str | None = None
    folds: NonNegativeInt | None = None
    fold: NonNegativeInt | None = None
    seed: NonNegativeInt = 7
    notes: list[str] = Field(default_factory=list)
    speakers: str = ""


def _read_recipe(path: Path) -> dict[str, Any]:
    return read_shaped(path, _Recipe, "remove it, and run SplitDataset again", DatasetError)


def split_fingerprint(root: Path) -> str | None:
    """Hash how the data set in `root` is split now, None where it is not."""
    recipe = read_recipe(root)
    return None if recipe is None else sha256_text(json.dumps(recipe, sort_keys=True))


def summarise_splits(files: pd.DataFrame, splits: pd.Series) -> pd.DataFrame:
    """Count speakers (those who are named), clips and minutes per split, label and gender.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    splits : pandas.Series
        The split of every row of the table, `NO_SPLIT` for a clip that is set aside.

    Returns
    -------
    pandas.DataFrame
        Columns `split, label, gender, speakers, clips, minutes`; minutes are NaN where no
        duration is known yet.
    """
    placed = splits != NO_SPLIT
    table = files[placed].assign(split=pd.Categorical(splits[placed], SPLITS))
    table["gender"] = table["gender"].replace("", "unknown")
    groups = table.groupby(["split", "label", "gender"], observed=True)
    summary = groups.agg(
        speakers=("speaker", lambda names: names[names != ""].nunique()),
        clips=("file", "size"),
        minutes=("duration", lambda seconds: seconds.sum(min_count=1) / 60),
    )
    return summary.reset_index()


def _folder(dataset: Dataset) -> Path:
    return dataset.root / "splits"


def _files_path(dataset: Dataset, split: str) -> Path:
    return _folder(dataset) / "by_file" / f"files-{split}.csv"


def _fingerprint(files: pd.DataFrame) -> str:
    """Hash what the split's own files repeat; what is measured may come later."""
    return sha256_text(files.drop(columns=list(NUMERIC), errors="ignore").to_csv(index=False))


def _assert_disjoint(files: pd.DataFrame, splits: pd.Series, recipe: dict[str, Any]) -> None:
    for column in _kept_apart(recipe):
        names = text_column(files, column)
        counted = (names != "") & (splits != NO_SPLIT)
        n_splits = splits[counted].groupby(names[counted]).nunique()
        shared = n_splits.index[n_splits > 1].tolist()
        if shared:
            raise DatasetError(
                f"{len(shared):,} {column}s are in more than one split ({shorten(shared)}); a "
                f"split must be {column}-disjoint: make one with --strategy=speaker"
            )


def _kept_apart(recipe: dict[str, Any]) -> list[str]:
    """Return the columns of which no value may be in two splits."""
    if recipe["strategy"] == "official":
        # Which utterances its parts share is the corpus' own choice.
        return ["speaker"]
    if recipe.get("units") in SHARED_VOICES:
        return [UTTERANCE]
    return ["speaker", UTTERANCE]


def _assert_classes(files: pd.DataFrame, splits: pd.Series, recipe: dict[str, Any]) -> None:
    official = recipe["strategy"] == "official"
    for split in DOWNSTREAM_SPLITS:
        labels = files["label"][splits == split]
        if official and labels.empty:
            continue
        for label in LABELS:
            if not (labels == label).any():
                remedy = "add spoofs of more speakers"
                if official:
                    remedy = "make a split of your own with --strategy=speaker"
                elif label == BONA_FIDE:
                    remedy = "add --without-spoofs=spread or more speakers"
                raise DatasetError(f"{split} would have no {label} recording; {remedy}")
