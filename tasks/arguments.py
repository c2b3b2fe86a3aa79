"""From the text of a flag to a value, with one line for whoever mistyped it."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from src.models.registry import CLASSIFIERS
from src.utils.config import (
    AUTO,
    DOWNSTREAM_SPLITS,
    FULL,
    HOLD_OUT_COLUMNS,
    PRETEXT_SPLITS,
    PROBE,
    SPLITS,
    WEIGHTED,
    LayerChoice,
)
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import ArgumentError, choose, did_you_mean
from src.utils.files import read_json
from src.utils.renamed import backbone_of, is_renamed, label_of
from src.utils.runs import MANIFEST


def required(flag: str, value: str | None, choices: Collection[str]) -> str:
    """Return `value`, which must be given and one of `choices`.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    value : str or None
        What was given.
    choices : sequence of str
        What is allowed.

    Raises
    ------
    ArgumentError
        Naming the choices.
    """
    if not value:
        raise ArgumentError(f"{flag} is needed: one of {', '.join(choices)}")
    return choose(flag, value, choices)


def backbone_name(value: str | None) -> str:
    """Return the name that `--backbone` gives (see `required`).

    Parameters
    ----------
    value : str or None
        What was given.
    """
    return required("--backbone", value, list(BACKBONES))


def classifier_name(value: str | None) -> str:
    """Return the name that `--classifier` gives (see `required`).

    Parameters
    ----------
    value : str or None
        What was given.
    """
    return required("--classifier", value, CLASSIFIERS)


def searched_classifier(value: str | None) -> str:
    """Return the name that `--classifier` gives where all of them can be meant (see `required`).

    Parameters
    ----------
    value : str or None
        What was given.
    """
    return required("--classifier", value, (*CLASSIFIERS, AUTO))


def optional_choice(flag: str, value: str | None, choices: Collection[str]) -> str | None:
    """Return `value`, None where it was not given.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    value : str or None
        What was given.
    choices : collection of str
        What is allowed.

    Raises
    ------
    ArgumentError
        When it is given and none of `choices`.
    """
    return None if value is None else choose(flag, value, choices)


def whole_number(flag: str, text: str, minimum: int | None = 0) -> int:
    """Return `text` as an int of at least `minimum`, if there is one.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str
        What was given.
    minimum : int or None
        The least it may be, None for any.

    Raises
    ------
    ArgumentError
        When it is anything else.
    """
    try:
        value = int(text)
    except ValueError:
        raise ArgumentError(f"{flag}={text} is not a whole number") from None
    if minimum is not None and value < minimum:
        raise ArgumentError(f"{flag}={text} must be at least {minimum}")
    return value


def optional_number(flag: str, text: str | None) -> int | None:
    """Return `text` as an int of at least 0, or None when it was not given.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str or None
        What was given.
    """
    return None if text is None else whole_number(flag, text)


def run_numbers(flag: str, text: str | None) -> list[int]:
    """Return the numbers of two or more runs, given as `3,7`.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str or None
        What was given.

    Raises
    ------
    ArgumentError
        When there are fewer, one is no whole number, or one is named twice.
    """
    if not text:
        raise ArgumentError(f"{flag} is needed: the numbers of two or more runs, such as 3,7")
    found = optional_numbers(flag, text, "run")
    if len(found) < 2:
        raise ArgumentError(f"{flag}={text} is a single run; it takes two or more, such as 3,7")
    return found


def optional_numbers(flag: str, text: str | None, what: str) -> list[int]:
    """Return numbers given as `3,7`, none where none are.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str or None
        What was given.
    what : str
        What they are of, for the message.

    Raises
    ------
    ArgumentError
        When one is no whole number, or is named twice.
    """
    if not text:
        return []
    found = [whole_number(flag, part.strip()) for part in text.split(",")]
    twice = [number for number in found if found.count(number) > 1]
    if twice:
        raise ArgumentError(f"{flag}={text} names {what} {twice[0]} twice")
    return found


def seed_number(text: str) -> int:
    """Return what `--seed` gives, as far as every library takes it.

    Parameters
    ----------
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it is not a whole number from 0 to 2**32 - 1.
    """
    value = whole_number("--seed", text)
    if value >= 2**32:
        raise ArgumentError(f"--seed={text} must be below 2**32")
    return value


def path(flag: str, text: str) -> Path:
    """Return a path given by the user, `~` resolved.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it is empty, as an unset shell variable leaves it.
    """
    if not text.strip():
        raise ArgumentError(f"{flag}= is empty")
    return Path(text).expanduser()


def optional_path(flag: str, text: str | None) -> Path | None:
    """Return a path given by the user as `path` does, or None when it was not given.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str or None
        What was given.
    """
    return None if text is None else path(flag, text)


def paths(flag: str, text: str) -> list[Path]:
    """Return one or several paths, joined by commas, given by the user.

    Where a folder's own name holds commas, it is taken for that folder.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When one is empty, or given twice.
    """
    parts = text.split(",")
    found: list[Path] = []
    while parts:
        # The longest folder that is there first.
        lengths = range(len(parts), 1, -1)
        joined = ((",".join(parts[:length]), length) for length in lengths)
        is_there = ((name, length) for name, length in joined if path(flag, name).is_dir())
        name, length = next(is_there, (parts[0], 1))
        found.append(path(flag, name))
        parts = parts[length:]
    there = [one.resolve() for one in found]
    twice = next((one for one in found if there.count(one.resolve()) > 1), None)
    if twice is not None:
        raise ArgumentError(f"{flag} names the folder {twice} twice")
    return found


def names(flag: str, text: str | None) -> tuple[str, ...]:
    """Return what a flag lists, joined by commas; nothing where it was not given.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str or None
        What was given.

    Raises
    ------
    ArgumentError
        When a part is empty, or given twice.
    """
    if text is None:
        return ()
    found = tuple(part.strip() for part in text.split(","))
    if not all(found) or len(set(found)) < len(found):
        raise ArgumentError(f"{flag}={text} is no list of different names, joined by commas")
    return found


def layer_number(text: str) -> int:
    """Return the layer that `--layer` gives, negative from the last.

    Parameters
    ----------
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it is no whole number.
    """
    return whole_number("--layer", text, None)


def layer_span(text: str) -> tuple[int, int]:
    """Return the first and last layer that `--layers` gives, as `0-6` or a single number.

    Parameters
    ----------
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it is neither, or the last comes before the first.
    """
    first, dash, last = text.partition("-")
    if not first.isdecimal() or not (last if dash else "0").isdecimal():
        raise ArgumentError(f"--layers={text} is neither a range such as 0-6 nor a whole number")
    span = int(first), int(last if dash else first)
    if span[0] > span[1]:
        raise ArgumentError(f"--layers={text}: the last layer comes before the first")
    return span


def layer_choice(text: str) -> LayerChoice:
    """Return what `--layer` gives to training: a number (`layer_number`), `probe` or `weighted`.

    Parameters
    ----------
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it is neither.
    """
    if text == PROBE:
        return PROBE
    if text == WEIGHTED:
        return WEIGHTED
    try:
        return layer_number(text)
    except ArgumentError as error:
        slip = did_you_mean(text, (PROBE, WEIGHTED))
        raise ArgumentError(f"{error}, nor {PROBE} or {WEIGHTED}{slip}") from None


def hold_out(text: str) -> tuple[str, list[str]]:
    """Return the column and the values that `--hold-out` names, as `attack:A07,A08`.

    Parameters
    ----------
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it has another form or names another column.
    """
    column, colon, values = text.partition(":")
    names = [name.strip() for name in values.split(",")]
    if not colon or not all(names):
        forms = " or ".join(f"{name}:NAME,NAME" for name in HOLD_OUT_COLUMNS)
        raise ArgumentError(f"--hold-out={text} is not of the form {forms}")
    return choose("--hold-out", column.strip(), HOLD_OUT_COLUMNS), names


_SPLIT_GROUPS = {"downstream": DOWNSTREAM_SPLITS, "pretext": PRETEXT_SPLITS, "all": SPLITS}


def split_names(text: str) -> list[str]:
    """Return the splits that `--splits` names, each once.

    Parameters
    ----------
    text : str
        `downstream`, `pretext`, `all`, `full`, or names of splits joined by commas.

    Raises
    ------
    ArgumentError
        For an unknown name.
    """
    names: list[str] = []
    for word in text.split(","):
        choose("--splits", word, [*_SPLIT_GROUPS, FULL, *SPLITS])
        names += [name for name in _SPLIT_GROUPS.get(word, (word,)) if name not in names]
    return names


def number(flag: str, text: str) -> float:
    """Return `text` as a finite float.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it is anything else.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentError(f"{flag}={text} is not a number")
    return value


def share(flag: str, text: str) -> float:
    """Return `text` as a float between 0 and 1, neither included.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it is anything else.
    """
    value = number(flag, text)
    if not 0 < value < 1:
        raise ArgumentError(f"{flag}={text} must lie between 0 and 1")
    return value


def number_range(flag: str, text: str) -> tuple[float, float]:
    """Return `5..20` as (5.0, 20.0), and a single number as both ends.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str
        What was given.

    Raises
    ------
    ArgumentError
        When it is neither.
    """
    low, dots, high = text.partition("..")
    try:
        return number(flag, low), number(flag, high if dots else low)
    except ArgumentError:
        raise ArgumentError(
            f"{flag}={text} is neither a number nor a range such as 5..20"
        ) from None


def whole_range(flag: str, text: str, minimum: int) -> tuple[int, int]:
    """Return `1..2` as (1, 2), and a single whole number as both ends.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str
        What was given.
    minimum : int
        The least that either may be.

    Raises
    ------
    ArgumentError
        When it is neither, or an end is too small.
    """
    low, dots, high = text.partition("..")
    try:
        return whole_number(flag, low, minimum), whole_number(flag, high if dots else low, minimum)
    except ArgumentError:
        raise ArgumentError(
            f"{flag}={text} is neither a whole number from {minimum} on nor a range such as "
            f"{minimum}..{minimum + 1}"
        ) from None


@dataclass(frozen=True)
class Recipe:
    """What `--hyperparameters` names.

    Attributes
    ----------
    hyperparameters : dict
        The value by name, as text where the flag spells it out.
    layer : int, 'weighted' or None
        Of the study or run the file is from.
    pooling : str or None
        The same.
    """

    hyperparameters: dict[str, Any]
    layer: int | Literal["weighted"] | None = None
    pooling: str | None = None


def recipe(text: str | None, backbone: str, classifier: str) -> Recipe:
    """Return what `--hyperparameters` names.

    Parameters
    ----------
    text : str or None
        `hidden_size=512,dropout=0.3`, or the path of a JSON file: a study's
        `best_hyperparameters.json` or a run's `hyperparameters.json`.
    backbone, classifier : str
        What a file must be for.

    Raises
    ------
    ArgumentError
        When it is neither, or the file is for another backbone or classifier.
    """
    if not text:
        return Recipe({})
    if text.endswith(".json"):
        return _read_recipe(text, {"backbone": backbone, "classifier": classifier})
    return Recipe(settings("--hyperparameters", text, " nor a JSON file"))


def settings(flag: str, text: str | None, or_else: str = "") -> dict[str, str]:
    """Return the values by name of `name=value,name=value`; nothing where it was not given.

    Parameters
    ----------
    flag : str
        The flag as the user typed it, for the message.
    text : str or None
        What was given.
    or_else : str
        What else it could have been, for the message.

    Raises
    ------
    ArgumentError
        When it is of another form.
    """
    if not text:
        return {}
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name and value for name, _, value in pairs):
        what = f"neither name=value,name=value{or_else}" if or_else else "not name=value,name=value"
        raise ArgumentError(f"{flag}={text} is {what}")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read_recipe(text: str, wanted: dict[str, str]) -> Recipe:
    path = Path(text).expanduser()
    content = read_json(path)
    values = content.get("hyperparameters", content) if isinstance(content, dict) else None
    if not isinstance(values, dict):
        raise ArgumentError(f"--hyperparameters={text} holds no hyperparameters")
    for key, want in wanted.items():
        have = content.get(key, want)
        label = have
        if key == "backbone":
            about = _described(path, have)
            have, label = backbone_of(about), label_of(about)
        if have != want:
            raise ArgumentError(f"--hyperparameters={text} is for the {key} {label}, not {want}")
    layer = content.get("layer")
    if not isinstance(layer, int | None) and layer != WEIGHTED:
        raise ArgumentError(f"--hyperparameters={text} holds the layer {layer}, no whole number")
    pooling = content.get("pooling")
    if not isinstance(pooling, str | None):
        raise ArgumentError(f"--hyperparameters={text} holds the pooling {pooling}, no word")
    return Recipe(values, layer, pooling)


def _described(path: Path, backbone: Any) -> dict[str, Any]:
    """Return what is known of the backbone that a file of hyperparameters names.

    A run's file describes it; a study's has its name alone, and the manifest beside it the rest.
    """
    if isinstance(backbone, dict):
        return backbone
    manifest = path.with_name(MANIFEST)
    settings = _read_manifest(manifest).get("settings", {}) if manifest.is_file() else {}
    about = settings.get("backbone")
    return about if is_renamed(about) else {"name": backbone}


def _read_manifest(path: Path) -> dict[str, Any]:
    # Here, since this module is loaded by every `fab -l`.
    from src.utils.run_manifest import read_manifest

    return read_manifest(path)


def share_flags(
    pretext: str | None = None,
    pretext_train: str | None = None,
    pretext_val: str | None = None,
    downstream_train: str | None = None,
    downstream_val: str | None = None,
    downstream_test: str | None = None,
) -> dict[str, float]:
    """Return the shares of a split that were given, completing each half to 1.

    Of `pretext_train, pretext_val` and of `downstream_train, downstream_val, downstream_test`,
    what is not given keeps its default, and the last one not given is what the others leave.

    Parameters
    ----------
    pretext : str or None
        The share of people for the pretext half.
    pretext_train, pretext_val : str or None
        Of the pretext half.
    downstream_train, downstream_val, downstream_test : str or None
        Of the downstream half.

    Raises
    ------
    ArgumentError
        When one is no number, or those of a half add up to more than 1.
    """
    texts = {
        "pretext": pretext,
        "pretext_train": pretext_train,
        "pretext_val": pretext_val,
        "downstream_train": downstream_train,
        "downstream_val": downstream_val,
        "downstream_test": downstream_test,
    }
    given = {k: number(f"--{k.replace('_', '-')}", v) for k, v in texts.items() if v is not None}
    defaults = {"downstream_train": 0.7, "downstream_val": 0.2}
    for parts in _HALVES:
        if not any(part in given for part in parts):
            continue
        free = [part for part in reversed(parts) if part not in given]
        for part in free[1:]:
            given[part] = defaults[part]
        if free:
            taken = {part: given[part] for part in parts if part in given}
            rest = 1 - sum(taken.values())
            if rest < -1e-9:
                flags = " + ".join(f"--{k.replace('_', '-')}={v:g}" for k, v in taken.items())
                raise ArgumentError(f"{flags} add up to more than 1")
            given[free[0]] = max(0.0, round(rest, 9))
    return given


_HALVES = (
    ("pretext_train", "pretext_val"),
    ("downstream_train", "downstream_val", "downstream_test"),
)
