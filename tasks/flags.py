"""The flags that more than one task has: their help, their groups, and the names they list."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.fusion.names import FUSION
from src.models.registry import CLASSIFIERS
from src.networks.back_ends import BACK_ENDS
from src.networks.front_ends import FRONT_ENDS
from src.utils.audio.augmentations import AUGMENTATIONS, FAMILIES
from src.utils.config import (
    AUTO,
    DEFAULTS,
    FOLDS_BY,
    FOLDS_BY_SPEAKER,
    GENDERS,
    MIN_FOLDS,
    PRUNING,
    PRUNING_MEDIAN,
    SPLIT_UNITS,
)
from src.utils.dataset.layouts import LAYOUTS
from src.utils.dataset.prepare.corpora import CORPORA
from src.utils.dataset.split_strategies import SPLIT_STRATEGIES
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import ArgumentError, choose
from tasks import arguments

# What checks flags is imported where it is called: `fab -l` loads this file.
if TYPE_CHECKING:
    from src.search.optimize import SearchOptions
    from src.utils.audio.augmentations.chain import Recipe
    from src.utils.dataset.split import SplitSettings
    from src.utils.embeddings.copies import Copies


def either(names: Iterable[str]) -> str:
    """Join names to a choice.

    Parameters
    ----------
    names : iterable of str
        Two or more.

    Examples
    --------
    >>> either(["mlp", "svm", "rf"])
    'mlp, svm or rf'
    """
    *others, last = names
    return f"{', '.join(others)} or {last}"


CORPUS_NAMES = either(CORPORA)
RUN_BACKBONES = list(dict.fromkeys([*BACKBONES, *FRONT_ENDS]))
RUN_CLASSIFIERS = [*CLASSIFIERS, *BACK_ENDS, FUSION, AUTO]
"""What a run may be of: classifiers of vectors of backbones, back ends of front ends, fusions;
`auto` for a study across all classifiers."""
ALL_CLASSIFIERS = ",".join(CLASSIFIERS)

REQUIRED = "(required)"
"""How the help of a flag begins that must be given."""

HELP = {
    "dataset": f"The data set's folder (default: {DEFAULTS['dataset']}).",
    "embeddings": f"The embeddings' folder (default: {DEFAULTS['embeddings']}).",
    "runs": f"The runs' folder (default: {DEFAULTS['runs']}).",
    "seed": f"Seed of everything random (default: {DEFAULTS['seed']}).",
    "backbone": f"One of {', '.join(BACKBONES)}.",
    "classifier": f"One of {', '.join(CLASSIFIERS)}.",
    "layer": "A whole number (0 first, -1 last), probe (default) for the layer with the lowest EER "
    "of a logistic regression, as in ProbeLayers, or weighted for all layers by weights that are "
    "learned (mlp).",
    "pooling": "What is taken of a clip's frames: mean, std or both (default: all that is there).",
    "trials": "Trials of the search in all (default: 100 for mlp, 30 for svm and rf, 20 for lr, "
    "120 for auto).",
    "study_number": "Number of the study (see the names in the runs' folder).",
    "run_number": "Number of the run (default: the newest that fits, or the study's best).",
    "gender": f"{either(GENDERS)}: test on the clips of this gender only.",
    "augmented": "Train on the clips and on all augmented copies of them (see GenerateEmbeddings).",
    "hyperparameters": "In place of the defaults: name=value,name=value, or a JSON file such as a "
    "study's best_hyperparameters.json.",
}
"""The help of flags that stand in no group, or in more than one."""


def flag(default: str | bool | None, help: str) -> Any:
    """Declare a flag of a group, as a field of its dataclass.

    Parameters
    ----------
    default : str, bool or None
        Its value where it is not given; False makes it a switch.
    help : str
        What `fab --help` says of it.
    """
    return dataclasses.field(default=default, metadata={"help": help})


def help_of(group: type) -> dict[str, str]:
    """Return the help of the flags of a group, of those that have one.

    Parameters
    ----------
    group : type
        A dataclass with a field a flag.
    """
    fields = dataclasses.fields(group)
    return {field.name: field.metadata["help"] for field in fields if "help" in field.metadata}


@dataclass(frozen=True)
class AnswerFlags:
    """In which form a task answers: its whole report, its essential lines, or JSON.

    A task that has it is checked, and kept quiet, by `tasks.task`; it answers by `show.answer`.
    """

    json: bool = flag(
        False, "Answer with one JSON document on stdout; all else that is told goes to stderr."
    )
    quiet: bool = flag(False, "Answer with the essential lines alone, without progress.")

    def check(self) -> None:
        """Check that the two are not asked for at once.

        Raises
        ------
        ArgumentError
            When they are.
        """
        if self.json and self.quiet:
            raise ArgumentError("--json and --quiet are two forms of one answer: give one of them")


@dataclass(frozen=True)
class CorpusFlags:
    """How a corpus lies on disk."""

    layout: str = flag(
        "auto",
        f"How the recordings are laid out: auto (default), {either(LAYOUTS)}.",
    )
    audio: str | None = flag(
        None, "Where the recordings are, if not in --dataset; nothing is written there."
    )
    bona_fide: str | None = flag(
        None, "For mlaad: the folder of M-AILABS, its bona-fide side; only read."
    )

    speaker_from: str | None = flag(
        None,
        "How speakers are found that the layout does not tell: prefix (of the file's name, up to "
        "_, - or space), folder (that holds the file), 'REGEX' on the path, with one group; voice "
        "guesses them; layout (default) leaves it (remembered).",
    )

    def folders(self) -> tuple[Path | None, Path | None]:
        """Return where the recordings are, and where their bona-fide side is, if elsewhere.

        Raises
        ------
        ArgumentError
            When a folder's name is empty.
        """
        return (
            arguments.optional_path("--audio", self.audio),
            arguments.optional_path("--bona-fide", self.bona_fide),
        )


_NOISE = "white"
"""What is added where nothing else is said."""
_FOLDERS = {"noises": "noises", "rooms": "room"}
"""The kind that a folder of recordings is for, by its flag."""


@dataclass(frozen=True)
class AugmentationFlags:
    """What recordings go through."""

    kind: str | None = flag(
        None,
        f"One or more of {', '.join(AUGMENTATIONS)}; or of families, of which a recording gets "
        f"one: {', '.join(FAMILIES)}; joined by commas (default: {_NOISE}).",
    )
    steps: str = flag(
        "1",
        "How many of them a recording gets, a number or a range such as 1..2 (default: 1).",
    )
    snr_db: str | None = flag(
        None, "Signal-to-noise ratio in dB, a number or a range (default: 5..20)."
    )
    noises: str | None = flag(None, "A folder of noise recordings, such as MUSAN's; only read.")
    rooms: str | None = flag(
        None, "A folder of room impulse responses (default: rooms are simulated); only read."
    )

    @property
    def is_asked(self) -> bool:
        """Whether any of them is given, where noise is not the default."""
        return self != AugmentationFlags()

    def recipe(self) -> Recipe:
        """Return how the chain of a recording is drawn.

        Raises
        ------
        ArgumentError
            When a flag cannot be read, or flags do not go together.
        """
        return _recipe("--kind", _NOISE if self.kind is None else self.kind, self)


def _recipe(flag_name: str, text: str, flags: AugmentationFlags | AugmentFlags) -> Recipe:
    """Return how chains are drawn, of flags that AddNoise and embedding copies share."""
    kinds = tuple(kind.strip() for kind in text.split(","))
    for kind in kinds:
        choose(flag_name, kind, dict.fromkeys([*FAMILIES, *AUGMENTATIONS]))
    if len(set(kinds)) < len(kinds):
        raise ArgumentError(f"{flag_name}={text} names a kind twice")
    steps = arguments.whole_range("--steps", flags.steps or "1", 1)
    from src.utils.audio.augmentations.augmentation import Material
    from src.utils.audio.augmentations.chain import Recipe

    given: dict[str, Any] = {}
    for folder in _FOLDERS:
        path = arguments.optional_path(f"--{folder}", getattr(flags, folder))
        # Whole, since those who read recordings may stand elsewhere.
        given[folder] = None if path is None else path.resolve()
    if flags.snr_db is not None:
        given["snr_db"] = arguments.number_range("--snr-db", flags.snr_db)
    recipe = Recipe(kinds, steps, Material(**given))
    for folder, kind in _FOLDERS.items():
        if given[folder] is not None and not recipe.may_draw(kind):
            raise ArgumentError(f"--{folder} goes with {flag_name}={kind}")
    return recipe


@dataclass(frozen=True)
class SplitFlags:
    """How a data set is divided."""

    strategy: str = flag(
        "speaker",
        "speaker (default) deals people out; official takes the corpus' own split as it is; "
        "column follows it and makes up for parts it lacks.",
    )
    pretext: str | None = flag(
        None,
        "Share of people for pretext: auto (default) is 0.6 where enough people and clips are left "
        "to train, validate and test on, else 0, as with --hold-out or --folds.",
    )
    pretext_train: str | None = flag(None, "Share of pretext people to train on (default: 0.8).")
    pretext_val: str | None = flag(
        None, "Share of pretext people to validate on (default: the rest)."
    )
    downstream_train: str | None = flag(
        None, "Share of downstream people to train on (default: 0.7)."
    )
    downstream_val: str | None = flag(
        None, "Share of downstream people to validate on (default: 0.2)."
    )
    downstream_test: str | None = flag(
        None, "Share of downstream people to test on (default: the rest)."
    )
    without_spoofs: str = flag(
        "test",
        "Where people without spoofs go: test (default), or spread over all splits, as always "
        "with --hold-out or --folds.",
    )
    hold_out: str | None = flag(
        None,
        "Keep these out of training and test on them: attack:NAME,NAME, source:NAME or "
        "language:NAME.",
    )
    folds: str | None = flag(
        None, f"Deal people into this many folds ({MIN_FOLDS} or more), and test on one of them."
    )
    fold: str | None = flag(
        None, "Which fold to test on, 0 first; the next one validates, the others train."
    )
    units: str = flag(
        "speaker",
        "What stays on one side: speaker (default), utterance for corpora of one voice, or clip "
        "where nobody knows who speaks: one voice may then be on both sides.",
    )

    def settings(self) -> SplitSettings:
        """Return what the split stage is asked to do.

        Raises
        ------
        ArgumentError
            When a flag cannot be read, or flags do not go together.
        """
        choose("--strategy", self.strategy, SPLIT_STRATEGIES)
        choose("--without-spoofs", self.without_spoofs, ("test", "spread"))
        choose("--units", self.units, SPLIT_UNITS)
        held = None if self.hold_out is None else arguments.hold_out(self.hold_out)
        n_folds = None
        if self.folds is not None:
            n_folds = arguments.whole_number("--folds", self.folds, MIN_FOLDS)
        shares = arguments.share_flags(
            pretext=None if self.pretext == AUTO else self.pretext,
            pretext_train=self.pretext_train,
            pretext_val=self.pretext_val,
            downstream_train=self.downstream_train,
            downstream_val=self.downstream_val,
            downstream_test=self.downstream_test,
        )
        if self.strategy == "official" and shares:
            raise ArgumentError("--strategy=official cuts nothing: leave the shares out")
        if n_folds is not None and shares.keys() - {"pretext"}:
            raise ArgumentError("--folds are of one size: leave the shares out")
        if held or n_folds:
            # Whoever does not ask for pretext splits needs none to test what is new.
            shares.setdefault("pretext", 0.0)
        asked: dict[str, Any] = {"pretext": AUTO} | shares
        from src.utils.dataset.split import HoldOut, Shares, SplitSettings

        return SplitSettings(
            strategy=self.strategy,
            shares=Shares(**asked),
            spread_without_spoofs=self.without_spoofs == "spread",
            units=self.units,
            hold_out=HoldOut(held[0], tuple(held[1])) if held else None,
            folds=n_folds,
            fold=arguments.optional_number("--fold", self.fold),
        )


@dataclass(frozen=True)
class CheckpointFlags:
    """What a backbone is loaded from, and how it computes."""

    checkpoint: str | None = flag(
        None, "A hub id or a local folder in Hugging Face layout, in place of the default."
    )
    precision: str = flag(
        "auto", "auto (default: bfloat16 where the hardware has it), float32 or bfloat16."
    )
    layers: str | None = flag(
        None,
        "Layers to keep, such as 0-6 or 9 (default: all); those behind are not computed.",
    )

    def span(self) -> tuple[int, int] | None:
        """Return the first and last layer to keep, None for all.

        Raises
        ------
        ArgumentError
            When `--layers` cannot be read.
        """
        return None if self.layers is None else arguments.layer_span(self.layers)


@dataclass(frozen=True)
class ExtractionFlags(CheckpointFlags):
    """Which splits are embedded, by what, and where."""

    splits: str = flag(
        "downstream",
        "downstream (default), pretext, all, full (the whole table), or names of splits joined by "
        "commas.",
    )
    engine: str = flag("local", "local (default), or ray: on all machines of a Ray cluster.")
    ray_address: str | None = flag(
        None, "For ray: HOST:PORT of a running cluster (default: start one on this machine)."
    )


@dataclass(frozen=True)
class AugmentFlags:
    """How training clips are augmented; nothing is unless `--augment` is given."""

    augment: str | None = flag(
        None,
        f"Augment training clips: one or more of "
        f"{', '.join(dict.fromkeys([*FAMILIES, *AUGMENTATIONS]))}, joined by commas.",
    )
    steps: str | None = flag(
        None, "With --augment: how many kinds a clip gets, such as 2 or 1..2 (default: 1)."
    )
    snr_db: str | None = flag(
        None, "With --augment: signal-to-noise ratio in dB, such as 5..20 (default)."
    )
    noises: str | None = flag(None, "With --augment: a folder of noise recordings; only read.")
    rooms: str | None = flag(
        None,
        "With --augment: a folder of room impulse responses, in place of simulated rooms; only "
        "read.",
    )

    def recipe(self) -> Recipe | None:
        """Return how the chain of a clip is drawn, None where nothing is augmented.

        Raises
        ------
        ArgumentError
            When a flag cannot be read, or flags do not go together.
        """
        if self.augment is not None:
            return _recipe("--augment", self.augment, self)
        for field in dataclasses.fields(self):
            if getattr(self, field.name) is not None:
                name = f"--{field.name.replace('_', '-')}"
                raise ArgumentError(f"{name}={getattr(self, field.name)} goes with --augment")
        return None


@dataclass(frozen=True)
class CopiesFlags(AugmentFlags):
    """Which augmented copies of training clips are embedded beside them."""

    copies: str | None = flag(None, "With --augment: copies of each training clip (default: 1).")

    def asked(self, seed: int) -> Copies | None:
        """Return the copies that are asked for, None for none.

        Parameters
        ----------
        seed : int
            Of all that is drawn.

        Raises
        ------
        ArgumentError
            When a flag cannot be read, or flags do not go together.
        """
        recipe = self.recipe()
        if recipe is None:
            return None
        count = 1 if self.copies is None else arguments.whole_number("--copies", self.copies, 1)
        from src.utils.embeddings.copies import Copies

        return Copies(recipe, count, seed)


@dataclass(frozen=True)
class ProjectionFlags:
    """Which vectors are drawn."""

    backbone: str | None = flag(None, HELP["backbone"])
    split: str = flag("downstream_train", "The split to show (default: downstream_train).")
    layer: str = flag("-1", "A whole number: 0 the first layer, -1 the last (default).")


@dataclass(frozen=True)
class ModelFlags:
    """Of which classifier a model is, and on the vectors of which backbone."""

    backbone: str | None = flag(None, HELP["backbone"])
    classifier: str | None = flag(None, HELP["classifier"])

    def names(self) -> tuple[str, str]:
        """Return the names of backbone and classifier, which must be given.

        Raises
        ------
        ArgumentError
            When one is not given, or unknown.
        """
        return arguments.backbone_name(self.backbone), arguments.classifier_name(self.classifier)


@dataclass(frozen=True)
class TrialFlags:
    """How a search compares and makes its trials."""

    folds: str = flag(
        "0",
        "Compare trials by the mean EER over so many folds of training and validation together, "
        "that share no speaker (default: 0, the validation alone).",
    )
    folds_by: str = flag(
        FOLDS_BY_SPEAKER,
        f"What no two folds share: {either(FOLDS_BY)} (default: {FOLDS_BY_SPEAKER}; of a source "
        "no speaker either).",
    )
    pruning: str = flag(
        PRUNING_MEDIAN,
        f"{either(PRUNING)} (default: {PRUNING_MEDIAN}): give a trial up before its last fold that "
        "is worse than the median one by more than chance.",
    )
    seeds: str = flag("3", "Train the three best in the end with so many seeds (default: 3).")
    jobs: str = flag("1", "Trials at once, a process each (default: 1, which is reproducible).")

    def options(self) -> SearchOptions:
        """Return what is given.

        Raises
        ------
        ArgumentError
            For a value that cannot be read.
        """
        n_folds = arguments.whole_number("--folds", self.folds, 0)
        by = choose("--folds-by", self.folds_by, FOLDS_BY)
        choose("--pruning", self.pruning, PRUNING)
        n_seeds = arguments.whole_number("--seeds", self.seeds, 1)
        n_jobs = arguments.whole_number("--jobs", self.jobs, 1)
        # Here, since it loads Optuna and the classifiers.
        from src.search.folds import FoldSettings
        from src.search.optimize import SearchOptions

        return SearchOptions(FoldSettings(n_folds, by), self.pruning, n_seeds, n_jobs)


@dataclass(frozen=True)
class SearchFlags(TrialFlags):
    """How a search goes about it, and where its trials are kept."""

    storage: str | None = flag(
        None,
        "A database that several machines may share: postgresql://user@host/name (default: a file "
        "in the study's folder).",
    )

    def options(self) -> SearchOptions:
        """Return what is given.

        Raises
        ------
        ArgumentError
            For a value that cannot be read.
        """
        options = super().options()
        from src.search.storage import check_url

        if self.storage is not None:
            check_url(self.storage)
        return dataclasses.replace(options, storage=self.storage)


@dataclass(frozen=True)
class RunFlags(ModelFlags):
    """Which training is meant; whatever is not given leaves the choice open."""

    backbone: str | None = flag(
        None, f"Of its vectors; of a network the front end: one of {', '.join(RUN_BACKBONES)}."
    )
    classifier: str | None = flag(
        None, f"Its own; of a network the back end: one of {', '.join(RUN_CLASSIFIERS)}."
    )
    run_number: str | None = flag(None, HELP["run_number"])
    study_number: str | None = flag(None, HELP["study_number"])

    def numbers(self) -> tuple[int | None, int | None]:
        """Check the names that are given, and return the numbers of run and study.

        Raises
        ------
        ArgumentError
            For an unknown name, or a number that cannot be read.
        """
        arguments.optional_choice("--backbone", self.backbone, RUN_BACKBONES)
        arguments.optional_choice("--classifier", self.classifier, RUN_CLASSIFIERS)
        return (
            arguments.optional_number("--run-number", self.run_number),
            arguments.optional_number("--study-number", self.study_number),
        )
