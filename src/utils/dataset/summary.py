"""What a data set holds: totals, people, groups. Tables of numbers, computed from a files table."""

import shlex
from collections.abc import Sequence

import pandas as pd

from src.utils.config import GENDERS, LABELS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.measure import AMPLITUDE_STAGE, DURATION_STAGE
from src.utils.dataset.schema import OPTIONAL, REQUIRED
from src.utils.errors import DatasetError

UNKNOWN = "unknown"


def read_measured(dataset: Dataset) -> pd.DataFrame:
    """Read the files table of a data set whose recordings have been measured.

    Parameters
    ----------
    dataset : Dataset
        The data set, with duration and amplitude in its table.

    Raises
    ------
    DatasetError
        When there is no table, or a column that it lacks has not been measured yet.
    """
    files = dataset.read_files()
    for column, stage in (("duration", DURATION_STAGE), ("amplitude", AMPLITUDE_STAGE)):
        if files[column].isna().all():
            raise DatasetError(
                f"no {column} in the tables of {dataset.root}; run first: "
                f"fab {stage} --dataset={shlex.quote(str(dataset.root))}"
            )
    return files


def with_gender(files: pd.DataFrame) -> pd.DataFrame:
    """Return a files table in which nobody's gender is empty, and both are in their order.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table, as text in `gender`.
    """
    genders = files["gender"].replace("", UNKNOWN)
    order = [name for name in (*GENDERS, UNKNOWN) if (genders == name).any()]
    return files.assign(gender=pd.Categorical(genders, order, ordered=True))


def describe_files(files: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that AUDIOS knows, without those that are empty everywhere.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    """
    known = [column for column in (*REQUIRED, *OPTIONAL) if column in files]
    return files[[name for name in known if (files[name].notna() & (files[name] != "")).any()]]


def describe_classes(files: pd.DataFrame) -> pd.DataFrame:
    """Count each class and all of it.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with `duration`, in seconds.

    Returns
    -------
    pandas.DataFrame
        `label, speakers, clips, hours, median_seconds`: a row a class, and one of both. Speakers
        are those who are named.
    """
    rows = [(label, files[files["label"] == label]) for label in LABELS] + [("both", files)]
    return pd.DataFrame(
        [
            (
                label,
                part["speaker"].replace("", None).nunique(),
                len(part),
                part["duration"].sum() / 3600,
                part["duration"].median(),
            )
            for label, part in rows
        ],
        columns=["label", "speakers", "clips", "hours", "median_seconds"],
    )


def describe_speakers(files: pd.DataFrame) -> pd.DataFrame:
    """Count each speaker's clips and minutes by class.

    Parameters
    ----------
    files : pandas.DataFrame
        The clips to count, with `duration` in seconds.

    Returns
    -------
    pandas.DataFrame
        `speaker, gender`, then `bona-fide clips, spoof clips, bona-fide minutes, spoof minutes`;
        a row a speaker, who has most clips first. Clips of nobody in particular are one row,
        named `unknown`.
    """
    named = with_gender(files).assign(speaker=files["speaker"].replace("", UNKNOWN))
    named["minutes"] = named["duration"] / 60
    table = pd.DataFrame(index=pd.Index(named["speaker"].unique(), name="speaker"))
    for what, count in (("clips", "size"), ("minutes", "sum")):
        for label in LABELS:
            groups = named[named["label"] == label].groupby("speaker")["minutes"]
            table[f"{label} {what}"] = groups.agg(count).reindex(table.index, fill_value=0)
    clips = [f"{label} clips" for label in LABELS]
    table.insert(0, "gender", named.groupby("speaker")["gender"].first().astype(str))
    order = table[clips].sum(axis=1).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index()


def describe_spread(speakers: pd.DataFrame) -> pd.DataFrame:
    """Describe how clips and minutes are spread over speakers.

    Parameters
    ----------
    speakers : pandas.DataFrame
        As `describe_speakers` returns.

    Returns
    -------
    pandas.DataFrame
        `per speaker, speakers, least, median, most`, a row for clips and minutes of each class,
        over the speakers who have any.
    """
    rows = []
    for what in ("clips", "minutes"):
        for label in LABELS:
            name = f"{label} {what}"
            values = speakers[name][speakers[name] > 0]
            rows.append((name, len(values), values.min(), values.median(), values.max()))
    return pd.DataFrame(rows, columns=["per speaker", "speakers", "least", "median", "most"])


def describe_groups(files: pd.DataFrame, by: Sequence[str] = ("label", "gender")) -> pd.DataFrame:
    """Count speakers, clips and minutes of groups.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table with durations in seconds.
    by : sequence of str
        Columns whose combinations of values make the groups.

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, then `speakers, clips, share, minutes`; `share` is of all clips.
    """
    table = with_gender(files).assign(minutes=files["duration"] / 60)
    groups = table.groupby(list(by), observed=True).agg(
        speakers=("speaker", lambda names: names[names != ""].nunique()),
        clips=("file", "size"),
        minutes=("minutes", "sum"),
    )
    groups.insert(2, "share", groups["clips"] / len(files))
    return groups.reset_index()


def describe_measures(files: pd.DataFrame) -> pd.DataFrame:
    """Return medians and quartiles of amplitude and duration by class and gender.

    Parameters
    ----------
    files : pandas.DataFrame
        A measured files table: `amplitude` with full scale at 1, `duration` in seconds.

    Returns
    -------
    pandas.DataFrame
        `label, gender, clips`, and the median and quartiles of both: `amplitude`,
        `amplitude_quartiles`, `duration`, `duration_quartiles`, the quartiles as text.
    """
    groups = with_gender(files).groupby(["label", "gender"], observed=True)
    table = groups.agg(clips=("file", "size"))
    for column in ("amplitude", "duration"):
        values = groups[column]
        low, high = values.quantile(0.25), values.quantile(0.75)
        table[column] = values.median()
        table[f"{column}_quartiles"] = [
            f"{a:.2f} to {b:.2f}" for a, b in zip(low, high, strict=True)
        ]
    return table.reset_index()
