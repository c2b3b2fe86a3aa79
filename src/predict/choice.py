"""The detector that judges: which of all that there are, and what is told of it beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.evaluation.results_file import TEST_RESULTS, read_values
from src.exported.about import is_exported, open_exported
from src.models.lookup import (
    detector_name,
    find_training,
    fits,
    newest_training,
    trainings_of,
)
from src.models.trained_on import is_trained_elsewhere, read_trained_on
from src.predict.attack_years import newest_attack
from src.predict.shipped import Shipped, list_shipped, open_shipped
from src.utils.config import DETECTORS, in_demonstration
from src.utils.errors import ArgumentError, AudiosError, RunError
from src.utils.metrics.table import EER
from src.utils.runs import Run

if TYPE_CHECKING:
    import pandas as pd

_CHANCE = 0.5
_FEW_LANGUAGES = 4
"""So many languages are told by name, more by their number."""


@dataclass(frozen=True)
class Chosen:
    """The detector that judges.

    Attributes
    ----------
    run : Run
        Its folder, as that of a training.
    headline : str
        Which one it is, how good on what, and how old: one line.
    warnings : tuple of str
        What speaks against its verdicts, and which others were not taken, a sentence each.
    shipped : Shipped or None
        What is known of it where it came with AUDIOS.
    """

    run: Run
    headline: str
    warnings: tuple[str, ...] = ()
    shipped: Shipped | None = None


def choose_detector(
    runs: Path,
    detector: str | None = None,
    backbone: str | None = None,
    classifier: str | None = None,
    run_number: int | None = None,
    study_number: int | None = None,
    audio: Path | None = None,
    detectors: Path = DETECTORS,
) -> Chosen:
    """Choose the detector that judges.

    A shipped detector is taken by its name, and a run by its number. With neither it is the tested
    training whose EER on the test of its own data set is the lowest, if that is better than chance,
    and the newest of equal ones. Where nothing is tested it is the detector that comes with AUDIOS.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    detector : str, optional
        The name of a shipped detector, or the folder of an exported one.
    backbone, classifier : str, optional
        Of the training; what is left out fits any.
    run_number, study_number : int, optional
        Of the training, as `find_training` takes them.
    audio : pathlib.Path, optional
        What is judged: a demonstration's runs judge the recordings of the demonstration alone.
    detectors : pathlib.Path
        The folder of the shipped detectors.

    Raises
    ------
    ArgumentError
        When there is no such shipped detector, or flags contradict each other.
    AudiosError
        When there is no such training, or what is chosen is damaged or of a demonstration.
    """
    numbered = run_number is not None or study_number is not None
    if detector is not None:
        if numbered or backbone or classifier:
            raise ArgumentError(
                f"--detector={detector} comes with AUDIOS or was exported: leave out the flags "
                f"that describe a run"
            )
        if is_exported(Path(detector)):
            return _trained(open_exported(Path(detector)), audio, "exported ")
        return _shipped(open_shipped(detector, detectors))
    if numbered:
        run = find_training(runs, backbone, classifier, run_number, study_number)
        return _trained(run, audio)
    is_own = audio is not None and in_demonstration(audio)
    fitting = [run for run in trainings_of(runs) if fits(run, backbone, classifier)]
    tested = _by_eer(run for run in fitting if is_own or not is_of_demonstration(run))
    if tested:
        return _trained(tested[0], audio)
    if backbone or classifier:
        return _trained(newest_training(runs, backbone, classifier), audio)
    found, faults = list_shipped(detectors)
    if found:
        return _shipped(found[0], _why_not(fitting, runs))
    if faults:
        raise RunError(faults[0])
    return _trained(newest_training(runs), audio)


def is_of_demonstration(run: Run) -> bool:
    """Say whether a run was trained on the demonstration's stand-in voices.

    Parameters
    ----------
    run : Run
        A training.
    """
    places = (run.manifest.get(key) for key in ("root", "dataset"))
    return (
        bool(run.manifest.get("demonstration"))
        or in_demonstration(run.folder)
        or any(in_demonstration(Path(place)) for place in places if place)
    )


def _by_eer(runs: Iterable[Run]) -> list[Run]:
    """Return the runs that were tested, and are better than chance, by rising EER."""
    found = []
    for run in runs:
        try:
            eer = _test_of(run).get("eer", inf)
        except AudiosError:
            continue  # a damaged test says nothing of its run
        if eer < _CHANCE:
            found.append((eer, str(run.manifest.get("started", "")), run))
    # By age first, so that of equal ones the newest is first.
    by_age = sorted(found, key=lambda one: (one[1], one[2].number), reverse=True)
    return [run for *_, run in sorted(by_age, key=lambda one: one[0])]


def _test_of(run: Run) -> dict[str, Any]:
    """Return the results of a run's test on its own data set, empty where there was none."""
    path = run.folder / f"{TEST_RESULTS}.json"
    return read_values(path) if path.is_file() else {}


def _shipped(shipped: Shipped, warnings: tuple[str, ...] = ()) -> Chosen:
    about, held = shipped.about, shipped.about["held_out"]
    n_clips, n_sources = held["n_bona_fide"] + held["n_spoof"], held["n_sources"]
    attack = about["newest_attack"]
    told = [
        f"{_eer(held['eer'], held['ci95'])} on {n_clips:,} clips of {n_sources} sources held out",
        _attack(attack and (attack["name"], attack["year"])),
        _languages(about["languages"]),
        f"made {about['made']}",
    ]
    name = f"detector {shipped.name} {about['version']} ({detector_name(shipped.run)})"
    chance = _chance(held["eer"], held["ci95"])
    return Chosen(shipped.run, _line(name, told), (*chance, *warnings), shipped)


def _trained(run: Run, audio: Path | None, how: str = "") -> Chosen:
    name = f"{how}run {run.number}"
    if run.study is not None:
        name += f" of {run.study.study_of} study {run.study.number}"
    if audio is not None and is_of_demonstration(run) and not in_demonstration(audio):
        raise RunError(
            f"{name} was trained on the stand-in voices of the demonstration, and says nothing of "
            f"other recordings; leave --run-number and --runs out, or train on a corpus of your own"
        )
    warnings: tuple[str, ...]
    test = _test_of(run)
    if "eer" in test:
        span = test.get("ci95", {}).get("eer", [None, None])
        n_clips = sum(test.get(key, 0) for key in ("n_bona_fide", "n_spoof"))
        data = Path(run.manifest.get("root") or run.manifest.get("dataset") or "").name
        # An exported detector does not say where its data set was.
        of = f"the test of {data}" if data else "its test"
        measured = f"{_eer(test['eer'], span)} on {n_clips:,} clips of {of}"
        warnings = _chance(test["eer"], span)
    else:
        measured = "not tested"
        flag = f"--run-number={run.number}"
        if run.study is not None:
            flag += f" --study-number={run.study.number}"
        warnings = ("not tested, so nothing tells how often it errs",)
        if not how:
            warnings = (f"{warnings[0]}: fab TestModel {flag}",)
    day = str(run.manifest.get("started", ""))[:10] or "at a time that was not kept"
    if is_trained_elsewhere(run):
        # What is listed of it are the clips that it was calibrated on.
        told = [measured, f"imported {day}", "what it was trained on is not known"]
    else:
        attacks, languages = _heard(run)
        newest = _attack(newest_attack(attacks), len(attacks))
        told = [measured, newest, _languages(languages), f"trained {day}"]
    return Chosen(run, _line(f"{name} ({detector_name(run)})", told), warnings)


def _line(name: str, told: Iterable[str]) -> str:
    return f"{name}: {'; '.join(text for text in told if text)}"


def _eer(eer: float, span: list[float | None]) -> str:
    low, high = span
    if low is None or high is None:
        return f"EER {EER.write(eer)} (no interval)"
    return f"EER {EER.write(eer)} (95 % interval {EER.write_interval(low, high, ' to ')})"


def _attack(newest: tuple[str, int] | None, n_attacks: int = 0) -> str:
    if newest is not None:
        return f"newest attack {newest[0]} ({newest[1]})"
    return f"{n_attacks:,} attacks of unknown age" if n_attacks else ""


def _languages(names: list[str]) -> str:
    if len(names) > _FEW_LANGUAGES:
        return f"{len(names)} languages"
    what = "language" if len(names) == 1 else "languages"
    return f"{what} {', '.join(names)}" if names else ""


def _heard(run: Run) -> tuple[list[str], list[str]]:
    """Return the attacks and the languages of what a run was trained on, as far as it is kept."""
    try:
        table = read_trained_on(run)
    except AudiosError:
        return [], []
    return _values(table, "attack"), _values(table, "language")


def _values(table: pd.DataFrame, name: str) -> list[str]:
    return sorted({*table[name]} - {""}) if name in table else []


def _chance(eer: float, span: list[float | None]) -> tuple[str, ...]:
    """Warn of an EER that is none better than guessing, or may be none."""
    high = span[1]
    if eer >= _CHANCE:
        return ("no better than chance: its verdicts are worth nothing",)
    if high is not None and high >= _CHANCE:
        return ("perhaps no better than chance: the interval of its EER reaches 50 %",)
    return ()


def _why_not(fitting: list[Run], runs: Path) -> tuple[str, ...]:
    """Say which trainings were passed over for the detector that comes with AUDIOS."""
    others = [run for run in fitting if not is_of_demonstration(run)]
    if not others:
        return ()
    newest = others[-1].number
    return (
        f"no training in {runs}/ is tested and better than chance, so none of them judges; "
        f"--run-number={newest} takes the newest, fab TestModel --run-number={newest} tests it",
    )
