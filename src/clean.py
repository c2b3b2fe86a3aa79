"""Removing what AUDIOS wrote, file by file, and nothing else.

What it wrote is known by the manifest of a folder and by the names of the files that go with it.
Whatever else lies there, links included, is left and told of.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from src.adaptation.names import ADAPTATION
from src.adaptation.names import FOLDER as ADAPTING
from src.evaluation.results_file import TEST_RESULTS
from src.evaluation.sets_file import SETS
from src.exported.about import names_in_run
from src.fusion.names import is_of_member
from src.networks.names import FOLDER as SCORED
from src.networks.names import scores_path
from src.robustness.names import FIGURES as ROBUSTNESS_FIGURES
from src.robustness.names import FOLDER as ROBUSTNESS
from src.search.names import FILES as STUDY_FILES
from src.utils.config import DEMO_MARKER, DEMO_PICTURES, GENDERS, PROJECTION_GROUPS
from src.utils.dataset.derive import AUGMENTATIONS_TABLE, JOURNAL
from src.utils.embeddings.copies import COPY, DEGRADED
from src.utils.embeddings.presets import BACKBONES
from src.utils.embeddings.store import ARRAY, CLIPS, REJECTED
from src.utils.embeddings.store import MANIFEST as STORE_MANIFEST
from src.utils.embeddings.writer import PLAN, PROGRESS
from src.utils.errors import AudiosError
from src.utils.files import PARTIAL, is_locked, locked, writing
from src.utils.runs import CLAIMS, LOCK, is_claim, parse_folder_name
from src.utils.runs import MANIFEST as RUN_MANIFEST

WHAT = ("runs", "embeddings", "demo")

Known = Callable[[str], bool]
"""Says of a file's path within a folder whether AUDIOS writes it there."""

_STORE = frozenset({ARRAY, CLIPS, REJECTED, STORE_MANIFEST, PLAN, PROGRESS})
_CHECKPOINT = frozenset({"config.json", "model.safetensors", "preprocessor_config.json"})
_RUN = frozenset(
    {
        *(RUN_MANIFEST, "report.html", "model_card.md", "bandwidths.json"),
        *("hyperparameters.json", "trained_on.csv", "calibration.json", "reference.safetensors"),
        *("model.skops", "model.safetensors", "training.safetensors", "loss_plot.png"),
        *("train_losses.npy", "val_losses.npy", "val_accuracies.npy", "val_eers.npy"),
        *("scores_val.csv", "layer_probe.csv", "layer_probe.png"),
        *("best_hyperparameters.json", *STUDY_FILES),
        ADAPTATION,
        *("optuna-journal.log", "results.json", "scores.csv"),
        *("comparison.csv", "comparison.html", "robustness_comparison.csv"),
        "combinations.csv",
        *("audit.json", "audit.html", "matches.csv", "shortcuts.png", "nuisances.png"),
        *("pretrained_on.csv", "perplexities.npy", "spreads.npy", "units.safetensors"),
        *(f"checkpoint/{name}" for name in _CHECKPOINT),
        *names_in_run(),
    }
)
"""What runs of any kind hold beside the results of tests, whose names the manifest tells."""

_FIGURES = (
    *("confusion_matrix", "roc_curve", "det_curve", "det_curves", "scores", "reliability"),
    *("tippett", "breakdowns"),
)
_DATASET = frozenset(
    {
        *("files-metadata.csv", "people-metadata.csv", "rejected.csv", "warnings.csv"),
        *("measurements.csv", AUGMENTATIONS_TABLE),
        *("dataset.json", "derived-from.json", JOURNAL, "inspection.sqlite", "voices.sqlite"),
        "spoofs.csv",
        *("log-mel.f16", "log-mel.sqlite", "splits/split.json", "README.txt", "attacks.csv"),
    }
)
_SPLIT = re.compile(r"splits/by_(file/files|people/people)-[a-z_]+\.csv")
_DEMO_CLIP = re.compile(r"(real|fake)_voices/\w+_([FM]\d{3})(_Fake)?/\2-\d{4}\.wav")
_PICTURES = frozenset(
    {"report.webp", "audit.webp", "verdict.webp", "spliced.wav", "spliced.wav.png"}
)
_EVENTS = "tensorboard"
"""The folder that TensorBoard's own library writes into a run."""
_KEPT_SCORE = re.compile(r"clips\.csv|[a-z0-9.-]+\.json")
_DEMO_SETS = ("corpus", "corpus-normalized", "corpus-normalized-noisy")

_VERSION = re.compile(rf"({COPY}|{DEGRADED})\d+")
"""What the name of a store of augmented clips ends in."""
_TEMPORARY = re.compile(rf"\..+{re.escape(PARTIAL)}(\.\w+)?")
_LOCK_FILE = re.compile(r"(\..*)?\.lock")


@dataclass(frozen=True)
class Removal:
    """What `Clean` removes at one place, and what it leaves there.

    Attributes
    ----------
    path : pathlib.Path
        A folder or file of AUDIOS: a run, a store, a part of the demonstration.
    files : tuple of pathlib.Path
        What goes: all of it that AUDIOS wrote.
    left : tuple of pathlib.Path
        What stays, since AUDIOS did not write it.
    locks : tuple of pathlib.Path
        Lock files of those who may be at work there.
    """

    path: Path
    files: tuple[Path, ...]
    left: tuple[Path, ...] = ()
    locks: tuple[Path, ...] = ()

    @property
    def is_in_use(self) -> bool:
        """Whether a process is writing there."""
        return any(map(is_locked, self.locks))


def find_removable(what: str, folder: Path) -> list[Removal]:
    """List what `Clean` would remove.

    Parameters
    ----------
    what : {'runs', 'embeddings', 'demo'}
        What lies in the folder.
    folder : pathlib.Path
        The runs, embeddings or demo folder.

    Returns
    -------
    list of Removal
        By their paths; what marks them as AUDIOS' own comes last.
    """
    if not folder.is_dir():
        return []
    found = {"runs": _runs, "embeddings": _embeddings, "demo": _demo}[what](folder)
    # The mark of a demonstration last: without it nothing there counts as ours.
    return sorted(found, key=lambda one: (one.path.name == DEMO_MARKER, one.path))


def remove(removals: list[Removal], folder: Path) -> list[Removal]:
    """Remove what was found, and then the folders up to `folder` that are left empty.

    Parameters
    ----------
    removals : list of Removal
        See `find_removable`.
    folder : pathlib.Path
        The folder that they were found in.

    Returns
    -------
    list of Removal
        Those that were removed; the others are in use.

    Raises
    ------
    StorageError
        When something cannot be removed.
    """
    removed: list[Removal] = []
    for one in removals:
        is_mark = one.path.name == DEMO_MARKER
        if one.is_in_use or (is_mark and len(removed) < len(removals) - 1):
            continue
        with ExitStack() as stack:
            try:
                for path in one.locks:
                    stack.enter_context(locked(path, str(one.path)))
            except AudiosError:
                continue  # somebody came between
            for path in sorted(one.files, key=_turn):
                with writing(path):
                    path.unlink(missing_ok=True)
        for path in (*one.files, *one.locks, one.path / "any"):
            _remove_empty(path.parent, folder)
        removed.append(one)
    _remove_empty(folder, folder)
    return removed


def _turn(path: Path) -> tuple[bool, int]:
    """Return when a file's turn is: manifests last, by which the rest is known after a kill."""
    return path.name in (RUN_MANIFEST, STORE_MANIFEST), -len(path.parts)


def _remove_empty(folder: Path, last: Path) -> None:
    """Remove a folder that is empty, and those above it that are then."""
    # Where something is left in it, or somebody writes there meanwhile, the system refuses.
    with suppress(OSError):
        while folder == last or last in folder.parents:
            folder.rmdir()
            folder = folder.parent


def _walk(folder: Path, within: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the path of every file below a folder, and whether it is a link; none is followed."""
    with os.scandir(folder / within) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = f"{within}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder, f"{path}/")
            else:
                yield path, entry.is_symlink()


def _sorted_out(path: Path, is_known: Known, locks: tuple[Path, ...] = ()) -> Removal:
    """Tell what AUDIOS wrote below a folder from what it did not."""
    files, left, held = [], [], list(locks)
    for name, is_link in _walk(path):
        last = name.rpartition("/")[2]
        if is_link:
            left.append(path / name)
        elif _LOCK_FILE.fullmatch(last):
            held.append(path / name)
        elif _TEMPORARY.fullmatch(last) or is_known(name):
            files.append(path / name)
        else:
            left.append(path / name)
    return Removal(path, tuple(files), tuple(left), tuple(dict.fromkeys(held)))


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _runs(folder: Path) -> Iterator[Removal]:
    # The claimed numbers stay, so that a number never means two runs.
    for path in folder.iterdir():
        if _is_run(path):
            yield _sorted_out(path, partial(_is_of_run, path), (path / LOCK,))


def _is_run(path: Path) -> bool:
    is_named = parse_folder_name(path.name) is not None and not path.is_symlink()
    return is_named and (path / RUN_MANIFEST).is_file()


def _is_of_run(run: Path, name: str) -> bool:
    """Say whether a run, or a trial of a study, writes a file of this name."""
    above, _, last = name.rpartition("/")
    if above == CLAIMS:
        return is_claim(last)
    trial, _, rest = name.partition("/")
    if rest and _is_run(run / trial):
        return _is_of_run(run / trial, rest)
    if is_of_member(name.split("/")):
        return True
    is_event = above == _EVENTS and last.startswith("events.out.tfevents.")
    return is_event or name in _names_of_run(run) or _is_kept_score(run, above, last)


def _is_kept_score(run: Path, above: str, name: str) -> bool:
    """Say whether a test of robustness or of a network keeps a file of this name in its folder."""
    if above == SCORED:
        return name in {scores_path(run, suffix).name for suffix in _suffixes_of_run(run)}
    folders = {f"{ROBUSTNESS}{suffix}" for suffix in _suffixes_of_run(run)}
    return above in folders and _KEPT_SCORE.fullmatch(name) is not None


def _names_of_run(run: Path) -> set[str]:
    settings = _manifest(run / RUN_MANIFEST).get("settings")
    method = settings.get("method") if isinstance(settings, dict) else None
    suffixes = _suffixes_of_run(run)
    names = {f"{figure}{suffix}.png" for figure in _FIGURES for suffix in suffixes}
    names |= {f"{TEST_RESULTS}{suffix}.json" for suffix in suffixes}
    names |= {f"scores_test{suffix}.csv" for suffix in suffixes}
    names |= {f"{ROBUSTNESS}{suffix}.json" for suffix in suffixes}
    names |= {
        f"{SETS}{gender}.{kind}"
        for gender in ("", *(f"_{one}" for one in GENDERS))
        for kind in ("json", "csv", "png")
    }
    names |= {f"{figure}{suffix}.png" for figure in ROBUSTNESS_FIGURES for suffix in suffixes}
    projected = {f"{method}_{group}.png" for group in PROJECTION_GROUPS}
    return names | _RUN | projected | {f"{method}.csv", f"{method}.png"}


def _suffixes_of_run(run: Path) -> set[str]:
    """Return what the names of files of tests may end in."""
    endings = _manifest(run / RUN_MANIFEST).get("tested_elsewhere")
    return {
        "".join(f"_{word}" for word in (ending, gender) if word)
        for ending in ("", *(endings if isinstance(endings, dict) else ()))
        for gender in ("", *GENDERS)
    }


def _embeddings(folder: Path) -> Iterator[Removal]:
    yield from _stores(folder)
    # Of the clips that runs were to be adapted with, a folder a data set.
    adapting = folder / ADAPTING
    if adapting.is_dir() and not adapting.is_symlink():
        for path in adapting.iterdir():
            if path.is_dir() and not path.is_symlink():
                yield from _stores(path)


def _stores(folder: Path) -> Iterator[Removal]:
    for name in BACKBONES:
        backbone = folder / name
        if backbone.is_symlink() or not backbone.is_dir():
            continue
        for path in backbone.iterdir():
            if path.is_symlink():
                continue
            is_store = path.is_dir() and (path / ARRAY).is_file()
            about = _manifest(path / STORE_MANIFEST) if is_store else {}
            is_unfinished = path.is_dir() and path.name.endswith(PARTIAL)
            if {"backbone", "split"} <= about.keys() or is_unfinished:
                lock = backbone / f".{_store_name(path.name)}.lock"
                yield _sorted_out(path, _STORE.__contains__, (lock,))
            elif path.is_file() and path.name.startswith(".") and path.suffix == ".lock":
                yield Removal(path, (), locks=(path,))


def _store_name(folder: str) -> str:
    """Return the name of the store that a folder is, or that is being made there."""
    split, *more = folder.removeprefix(".").split(".")
    version = more[0] if more and _VERSION.fullmatch(more[0]) else ""
    return f"{split}.{version}" if version else split


def _demo(folder: Path) -> Iterator[Removal]:
    marker = folder / DEMO_MARKER
    if not marker.is_file():
        return
    lock = (folder / LOCK,)
    parts: dict[str, Known] = {name: _of_dataset(folder / name) for name in _DEMO_SETS}
    parts["checkpoint"] = _CHECKPOINT.__contains__
    parts[DEMO_PICTURES] = _PICTURES.__contains__
    for name, is_known in parts.items():
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            yield _sorted_out(folder / name, is_known, lock)
    for name, find in (("embeddings", _embeddings), ("runs", _runs)):
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            for one in find(folder / name):
                yield replace(one, locks=(*one.locks, *lock))
    # Nothing goes on there, so that the numbers may go too.
    claims = folder / "runs" / CLAIMS
    if claims.is_dir() and not claims.is_symlink():
        yield _sorted_out(claims, is_claim, lock)
    yield Removal(marker, (marker,), locks=lock)


def _of_dataset(folder: Path) -> Known:
    """Say what the demonstration writes into a data set: tables, and the clips that it made."""
    derived = set()
    with suppress(OSError, UnicodeDecodeError):
        for line in (folder / JOURNAL).read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, KeyError, TypeError):
                derived.add(json.loads(line)["file"])

    def is_known(name: str) -> bool:
        is_clip = name in derived or _DEMO_CLIP.fullmatch(name) is not None
        return is_clip or name in _DATASET or _SPLIT.fullmatch(name) is not None

    return is_known
