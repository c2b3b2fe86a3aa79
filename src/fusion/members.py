"""The members of a fusion: found, checked, and kept in its folder."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src.fusion.names import (
    FUSION,
    KEPT,
    MODELS,
    is_fused,
    labels_of,
    member_folder,
    member_folders,
    title_of,
)
from src.models.calibrate import VALIDATION_SCORES, calibration_of, fitted_on, write_calibration
from src.models.lookup import find_training, require_current
from src.utils.config import BY_SPEAKER
from src.utils.errors import ArgumentError, RunError
from src.utils.files import replacing, sha256_file, sha256_text
from src.utils.run_manifest import FusionSettings, read_manifest, require_training
from src.utils.runs import MANIFEST, Run
from src.utils.shapes import require_shape


@dataclass(frozen=True)
class Member:
    """A finished training that is to be fused.

    Attributes
    ----------
    run : Run
        The training, on its own or a trial of a study.
    """

    run: Run

    @property
    def label(self) -> str:
        """What files name it by, such as `run4` or `svm_study0_run3`."""
        study = self.run.study
        name = f"run{self.run.number}"
        return name if study is None else f"{study.study_of}_study{study.number}_{name}"

    @property
    def title(self) -> str:
        """What people are told, such as `run 4` or `run 3 of svm study 0`."""
        return title_of(self.label)


def find_members(
    runs: Path,
    numbers: Sequence[int] = (),
    studies: Sequence[int] = (),
    study_number: int | None = None,
    classifier: str | None = None,
) -> list[Member]:
    """Find the trainings that are to be fused, and check that they can be.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    numbers : sequence of int
        Of runs.
    studies : sequence of int
        Of studies, whose best trials are members.
    study_number : int, optional
        Where the numbers are of trials of one study, its number.
    classifier : str, optional
        Of the studies, where two have a number.

    Raises
    ------
    ArgumentError
        When there are fewer than two, or one is named twice.
    RunError
        When one is absent, not finished, a fusion itself, or without validation scores, or they do
        not go together.
    """
    found = [
        find_training(
            runs, None, classifier if study_number is not None else None, one, study_number
        )
        for one in numbers
    ]
    found += [find_training(runs, None, classifier, None, one) for one in studies]
    members = [*map(Member, found)]
    labels = [member.label for member in members]
    for member in members:
        if labels.count(member.label) > 1:
            raise ArgumentError(f"{member.title} is named twice; each member counts once")
    if len(members) < 2:
        raise ArgumentError("it takes two members or more to fuse, such as --runs-list=3,7")
    for member in members:
        _require_ready(member)
    _require_alike(members)
    return members


def _require_ready(member: Member) -> None:
    run = member.run
    require_training(run.manifest, run.folder / MANIFEST)
    require_current(run)
    if is_fused(run):
        of = " and ".join(map(title_of, labels_of(run)))
        raise RunError(f"{member.title} is a fusion itself, of {of}: name those in place of it")
    if not (run.folder / VALIDATION_SCORES).is_file():
        raise RunError(
            f"{member.title} has no validation scores to fuse by; make them: fab CalibrateRun "
            f"--run-number={run.number} --dataset=FOLDER"
        )
    if not any((run.folder / name).is_file() for name in MODELS):
        raise RunError(f"{member.title} ({run.folder}) has lost its model; train it again")


def _require_alike(members: Sequence[Member]) -> None:
    """Fail for members that do not hear the same recordings in the same manner."""
    first, *others = members
    for other in others:
        for what, (one, another) in {
            "hears recordings at": (_rate(first.run), _rate(other.run)),
            "is of a split by": (_units(first.run), _units(other.run)),
            "is of the data set": (_dataset(first.run), _dataset(other.run)),
        }.items():
            if one and another and one != another:
                raise RunError(
                    f"{first.title} {what} {one} and {other.title} {another}: members of one "
                    f"fusion must agree"
                )


def _rate(run: Run) -> str:
    rate = run.settings["backbone"].get("sample_rate")
    return f"{rate:,} Hz" if rate else ""


def _units(run: Run) -> str:
    return str(run.settings.get("units", BY_SPEAKER))


def _dataset(run: Run) -> str:
    return Path(run.manifest.get("root") or run.manifest.get("dataset") or "").name


def fingerprint_of(run: Run) -> str:
    """Return a hash of what a member's scores depend on, and of the scores it is fused by.

    Parameters
    ----------
    run : Run
        The training.
    """
    paths = [run.folder / name for name in (*MODELS, "calibration.json", VALIDATION_SCORES)]
    return sha256_text(
        "\n".join(f"{one.name} {sha256_file(one)}" for one in paths if one.is_file())
    )


def keep_member(member: Member, fusion: Path) -> None:
    """Copy what the verdicts of a fusion need of a member into its folder.

    Parameters
    ----------
    member : Member
        The training.
    fusion : pathlib.Path
        The fusion's folder.

    Raises
    ------
    StorageError
        When it cannot be copied.
    """
    source, folder = member.run.folder, member_folder(fusion, member.label)
    # An older run has none, and fits it on the validation scores, which are not kept with it.
    write_calibration(folder, calibration_of(member.run), fitted_on(member.run))
    for name in KEPT:
        if (source / name).is_file() and not (folder / name).exists():
            with replacing(folder / name) as temporary:
                shutil.copyfile(source / name, temporary)


def settings_of(run: Run) -> FusionSettings:
    """Return what a fusion is made of, once it is checked.

    Parameters
    ----------
    run : Run
        A fusion.

    Raises
    ------
    RunError
        When its manifest is damaged.
    """
    remedy = "fuse the members again: fab FuseRuns"
    about = run.settings.get(FUSION)
    require_shape(about, FusionSettings, run.folder / MANIFEST, remedy)
    found = FusionSettings.model_validate(about)
    labels = [member.label for member in found.members]
    if found.best not in labels or len(set(labels)) < len(labels):
        raise RunError(
            f"{run.folder / MANIFEST} is damaged: its members are not told apart; {remedy}"
        )
    return found


def members_of(run: Run) -> list[Run]:
    """Return the members of a fusion, as its own folder keeps them.

    Parameters
    ----------
    run : Run
        A fusion.

    Raises
    ------
    RunError
        When one is absent or damaged.
    """
    settings_of(run)
    found = []
    for folder in member_folders(run):
        path = folder / MANIFEST
        if not path.is_file():
            raise RunError(f"{path} is not there; fuse the members again: fab FuseRuns")
        manifest = read_manifest(path)
        require_training(manifest, path)
        found.append(Run(int(manifest.get("number", 0)), folder, manifest))
    return found
