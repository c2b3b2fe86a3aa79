"""What may be wrong with who speaks: one person under two names, or of two genders."""

import re
import unicodedata

import pandas as pd

from src.utils.errors import shorten

NAMED_BY = "speaker_from"
"""Column that says how each clip's speaker became known, there once `--speaker-from` was used."""
GIVEN, GUESSED = "given", "guessed"
"""Values of it beside the ways of `speaker_names.NAME_WAYS`: named by the corpus, or by nobody."""

_SHOWN = 3
"""How many people a warning shows."""

_BETWEEN = re.compile(r"[\s_-]+")


def describe_two_genders(files: pd.DataFrame) -> list[str]:
    """Say which people are of two genders, and in which clips; nothing where none is.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    """
    known = files[(files["gender"] != "") & (files["speaker"] != "")]
    counts = pd.crosstab(known["speaker"], known["gender"])
    differ = counts[(counts > 0).sum(axis=1) > 1]
    if differ.empty:
        return []
    told = []
    for speaker, row in differ.head(_SHOWN).iterrows():
        # The rarer one is what is likely to be the slip.
        rare = str(row.idxmin())
        clips = known["file"][(known["speaker"] == speaker) & (known["gender"] == rare)]
        many = ", ".join(f"{gender} in {row[gender]:,}" for gender in row.index)
        told.append(f"{speaker} ({many} clips; {rare} in {clips.iloc[0]})")
    more = f" and {len(differ) - _SHOWN:,} more" if len(differ) > _SHOWN else ""
    people = "speaker has" if len(differ) == 1 else "speakers have"
    return [
        f"{len(differ):,} {people} two genders, and counts as of unknown gender in splits: "
        f"{', '.join(told)}{more}; mend the table, or give two people two names"
    ]


def describe_near_names(files: pd.DataFrame) -> list[str]:
    """Say which names of speakers differ so little that they may be one person's.

    That is, by case, accents composed otherwise, or what is between words.

    Parameters
    ----------
    files : pandas.DataFrame
        A files table.
    """
    near: dict[str, list[str]] = {}
    for name in sorted(set(files["speaker"]) - {""}):
        near.setdefault(_bare(name), []).append(name)
    groups = [names for names in near.values() if len(names) > 1]
    if not groups:
        return []
    told = shorten([" = ".join(map(repr, names)) + "?" for names in groups], _SHOWN)
    return [
        f"names of speakers that differ little count as different people: {told} If they are one "
        f"person, write one name, or the voice may be in training and test alike"
    ]


def _bare(name: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return _BETWEEN.sub(" ", plain).strip()
