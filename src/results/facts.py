"""Sentences about a detector and its test that follow from what the run keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.evaluation.results import Results
from src.fusion.members import members_of
from src.fusion.names import is_fused, labels_of, title_of
from src.models.trained_on import is_trained_elsewhere
from src.results.clips import PARTS, Clips, clips_of_test, clips_of_training
from src.results.outcomes import Outcome
from src.results.sections.network import network_limits
from src.results.sections.robustness import summary
from src.results.sections.warnings import warning_texts
from src.results.wording import sentence
from src.robustness.results import read_own
from src.utils.config import BY_CLIP, BY_SPEAKER, ENOUGH_TESTED, SHARED_VOICES
from src.utils.dataset.speakers import GUESSED
from src.utils.errors import AudiosError, shorten
from src.utils.runs import Run

_LISTED = 12


@dataclass(frozen=True)
class Data:
    """The clips behind a detector.

    Attributes
    ----------
    parts : list of Clips
        Training, validation and, where there was one, test.
    missing : str
        Why there are none, empty where there are.
    """

    parts: list[Clips]
    missing: str = ""

    @classmethod
    def of(cls, run: Run, outcome: Outcome | None = None) -> "Data":
        """Read the clips that a run keeps; where a file is gone, none and the reason.

        Parameters
        ----------
        run : Run
            A training.
        outcome : Outcome, optional
            The test whose clips are read, too.
        """
        try:
            parts = clips_of_training(run)
            if outcome is not None:
                parts.append(clips_of_test(outcome.scores))
        except AudiosError as error:
            return cls([], sentence(str(error)))
        return cls(parts)

    def values(self, condition: str) -> dict[str, list[str]]:
        """Return the values that a condition takes in each part that knows of it.

        Parameters
        ----------
        condition : str
            Such as `attack` or `language`.
        """
        found = {part.name: part.values(condition) for part in self.parts}
        return {name: values for name, values in found.items() if values}


def split_sentence(run: Run) -> str:
    """Say how the data set was divided, as far as the run keeps it.

    Parameters
    ----------
    run : Run
        A training.
    """
    recipe = run.manifest.get("split")
    text = "Training, validation and test share no speakers."
    if is_trained_elsewhere(run):
        text = "Which clips it was trained on is not known here; validation and test are apart."
    units = run.settings.get("units", BY_SPEAKER)
    if units in SHARED_VOICES:
        text = f"Only {units}s are kept apart: {SHARED_VOICES[units]}."
    elif isinstance(recipe, Mapping) and recipe.get("speakers") == GUESSED:
        text = "Training, validation and test share no speakers as guessed from voices."
    if not isinstance(recipe, Mapping):
        return f"{text} How the data set was divided otherwise was not kept."
    return f"{text} {_recipe_sentence(recipe)}"


def _recipe_sentence(recipe: Mapping[str, Any]) -> str:
    seed = f"seed {recipe.get('seed', 'unknown')}"
    if recipe.get("hold_out"):
        return f"Held out of training and tested on: {recipe['hold_out']} ({seed})."
    if recipe.get("folds"):
        return f"Fold {recipe.get('fold')} of {recipe['folds']} is the test ({seed})."
    if recipe.get("strategy") == "official":
        return "The split is the corpus' own."
    if recipe.get("strategy") == "column":
        return f"The split is the corpus' own, with what it lacks made up ({seed})."
    shares = recipe.get("shares", {})
    told = [f"{shares[split]:.0%} {name}" for split, name in PARTS.items() if split in shares]
    dealt = "Clips" if recipe.get("units") == BY_CLIP else "People"
    pretext = shares.get("pretext", 0)
    kept = f" {pretext:.0%} of all {dealt.lower()} were kept for pretext." if pretext else ""
    return f"{dealt} were dealt out: {', '.join(told)} ({seed}).{kept}"


def limits_of_use(run: Run, data: Data, results: Results) -> list[str]:
    """Return what a reader of the metrics must not forget, each drawn from what the run keeps.

    Parameters
    ----------
    run : Run
        A training.
    data : Data
        The clips behind it.
    results : Results
        Of its main test.
    """
    told = [sentence(text) for text in warning_texts(run, results)]
    told += _attack_limits(data) + _origin_limits(data) + _length_limits(data)
    rate = (run.settings.get("backbone") or {}).get("sample_rate")
    if rate:
        told.append(
            f"Recordings are heard at {rate:,} Hz: nothing above {rate / 2000:g} kHz counts."
        )
    told += _heard_limits(run) + _size_limits(results)
    told += _robustness_limits(run)
    told += [
        "Probabilities hold where half of the clips are spoofs; Predict takes another share by "
        "--prior. Where spoofs are rare, most clips that are called spoofs may be bona-fide.",
        "A verdict says that a clip is more like the bona-fide or the spoof clips of the training. "
        "It does not say who speaks, who made the clip or why, and proves nothing by itself.",
    ]
    return told


def _heard_limits(run: Run) -> list[str]:
    """Return which part of a recording networks hear, of a fusion each member's."""
    if not is_fused(run):
        return network_limits(run)
    return [
        f"{title_of(label).capitalize()}: {limit[0].lower()}{limit[1:]}"
        for label, member in zip(labels_of(run), members_of(run), strict=True)
        for limit in network_limits(member)
    ]


def _robustness_limits(run: Run) -> list[str]:
    found = read_own(run.folder)
    if found is None or not found.conditions:
        return [
            "Noise, codecs, transmission and editing that the training does not have are not "
            "covered by these metrics."
        ]
    return [
        f"{summary(found)} Conditions that were not tried, and editing, are not covered by these "
        f"metrics."
    ]


def _attack_limits(data: Data) -> list[str]:
    attacks = data.values("attack")
    tested, seen = attacks.get("test", []), attacks.get("training", [])
    if not tested and not seen:
        return ["How the spoofs were made is not known, so nothing tells which ones it would miss."]
    told = []
    if seen:
        told.append(
            f"It was trained on {_count(seen, 'attack')} ({shorten(seen, _LISTED)}). Others, and "
            f"newer ones, may pass."
        )
    if seen and tested:
        new = sorted(set(tested) - set(seen))
        if new:
            told.append(
                f"Of the {_count(tested, 'attack')} of the test, {len(new):,} were not in the "
                f"training ({shorten(new, _LISTED)})."
            )
        else:
            told.append(
                "Every attack of the test was in the training: the metrics say nothing of new ones."
            )
    return told


def _origin_limits(data: Data) -> list[str]:
    told = []
    languages = data.values("language")
    spoken = sorted({name for names in languages.values() for name in names})
    if spoken:
        told.append(f"Languages: {shorten(spoken, _LISTED)}. Others were neither heard nor tested.")
    sources = data.values("source")
    tested, seen = sources.get("test", []), sources.get("training", [])
    if tested and seen:
        new = sorted(set(tested) - set(seen))
        if new:
            told.append(
                f"Sources of the test that are not in the training: {shorten(new, _LISTED)}."
            )
        else:
            told.append(
                "Every source of the test was in the training: expect more errors on recordings "
                "from elsewhere."
            )
    return told


def _length_limits(data: Data) -> list[str]:
    for part in data.parts:
        seconds = part.seconds
        if part.name == "test" and len(seconds):
            return [
                f"The clips of the test last {seconds.min():.1f} to {seconds.max():.1f} s (median "
                f"{seconds.median():.1f} s). Shorter and longer ones were not tested."
            ]
    return []


def _size_limits(results: Results) -> list[str]:
    told = []
    fewest = min(results.detection.n_bona_fide, results.detection.n_spoof)
    if fewest < ENOUGH_TESTED:
        told.append(
            f"The test is small: its rarer class has {fewest:,} clips. Look at the intervals, not "
            f"at the metrics alone."
        )
    small = [group for groups in results.breakdowns.values() for group in groups if group.is_small]
    n_groups = sum(map(len, results.breakdowns.values()))
    if small:
        told.append(f"{len(small):,} of {n_groups:,} groups are too small to say anything of them.")
    elif not n_groups and not results.missing_intervals:
        told.append("Nothing is known of the clips by which the test could be broken down.")
    return told


def _count(names: list[str], what: str) -> str:
    return f"{len(names):,} {what}{'s' if len(names) != 1 else ''}"


def dataset_of(outcome: Outcome) -> str | None:
    """Return the folder of the recordings of a test, None where it is not kept.

    Parameters
    ----------
    outcome : Outcome
        The test.
    """
    found = outcome.values.get("dataset")
    return str(Path(found)) if isinstance(found, str) and found else None
