"""The groups of flags, and what their help says that other tables know."""

import re
from dataclasses import fields

import pytest

import fabfile
from src.models.registry import CLASSIFIERS
from src.networks.back_ends import BACK_ENDS
from src.networks.front_ends import FRONT_ENDS
from src.search.optimize import default_trials
from src.utils.audio.augmentations import AUGMENTATIONS, FAMILIES
from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.chain import Recipe
from src.utils.config import AUTO, DEFAULTS, GENDERS
from src.utils.dataset.layouts import LAYOUTS
from src.utils.dataset.prepare.corpora import CORPORA
from src.utils.dataset.split import HoldOut, Shares, SplitSettings
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import ArgumentError
from src.visualize import projection
from tasks import embeddings, flags
from tasks.flags import (
    HELP,
    AugmentationFlags,
    CorpusFlags,
    ModelFlags,
    RunFlags,
    SplitFlags,
    help_of,
)


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w-]+", text))


def help_at(task: str, flag: str) -> str:
    return {a.name: str(a.help) for a in fabfile.ns[task].get_arguments()}[flag]


def test_every_group_tells_of_all_its_flags() -> None:
    groups = [found for name, found in vars(flags).items() if name.endswith("Flags")]
    assert len(groups) == 13
    for group in groups:
        assert set(help_of(group)) == {field.name for field in fields(group)}
        assert all(help_of(group).values())


def test_layouts_are_those_of_the_table() -> None:
    for task in ("GenerateDatasetCSV", "RunPipeline"):
        assert {"auto", *LAYOUTS} <= words(help_at(task, "layout"))


def test_names_are_those_of_the_tables() -> None:
    assert set(CORPORA) <= words(help_at("PrepareDataset", "corpus"))
    assert set(BACKBONES) <= words(help_at("GenerateEmbeddings", "backbone"))
    for task in ("TrainModel", "CompareRuns", "RunPipeline"):
        assert set(CLASSIFIERS) <= words(help_at(task, "classifier"))
    assert {*CLASSIFIERS, *BACK_ENDS} <= words(help_at("ListRuns", "classifier"))
    assert {*CLASSIFIERS, *BACK_ENDS} <= words(help_at("TestModel", "classifier"))
    assert {*BACKBONES, *FRONT_ENDS} <= words(help_at("Predict", "backbone"))
    assert set(GENDERS) <= words(help_at("TestModel", "gender"))
    for name, default in DEFAULTS.items():
        assert f"(default: {default})" in HELP[name]


def test_the_trials_of_every_classifier_are_told() -> None:
    told = words(help_at("OptimizeHyperparameters", "trials"))
    for name in CLASSIFIERS:
        assert {name, str(CLASSIFIERS.load(name).default_trials)} <= told


def test_kinds_are_those_of_the_table() -> None:
    assert {*AUGMENTATIONS, *FAMILIES} <= words(help_at("AddNoise", "kind"))
    for flag in ("kind", "steps", "snr_db", "noises", "rooms"):
        assert help_at("RunPipeline", flag)


def test_noise_is_white_unless_another_kind_is_asked_for() -> None:
    assert AugmentationFlags().recipe() == Recipe(("white",))
    assert not AugmentationFlags().is_asked
    asked = AugmentationFlags(kind="white, gain", steps="1..2", snr_db="10")
    assert asked.is_asked
    assert asked.recipe() == Recipe(("white", "gain"), (1, 2), Material(snr_db=(10.0, 10.0)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "whit"}, "--kind=whit .* did you mean white?"),
        ({"kind": ""}, "--kind= is not one of"),
        ({"kind": "white,gain", "steps": "0"}, "--steps=0 is neither a whole number from 1"),
        ({"kind": "white,gain", "steps": "2..3"}, r"--steps=2\.\.3 must lie between 1 and .* 2"),
        ({"kind": "white,gain", "steps": "2..1"}, r"--steps=2\.\.1 must lie between 1 and"),
        ({"snr_db": "20..5"}, r"--snr-db=20\.\.5 is empty"),
        ({"noises": "a/folder"}, "--noises goes with --kind=noises"),
        ({"kind": "gain", "rooms": "a/folder"}, "--rooms goes with --kind=room"),
    ],
)
def test_kinds_that_mean_nothing_are_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        AugmentationFlags(**given).recipe()


def test_the_defaults_of_a_split_are_those_of_the_stage() -> None:
    assert SplitFlags().settings() == SplitSettings()


def test_a_split_is_read_from_its_flags() -> None:
    given = SplitFlags(downstream_train="0.5", pretext="0", without_spoofs="spread")
    shares = Shares(pretext=0.0, downstream_train=0.5, downstream_val=0.2, downstream_test=0.3)
    assert given.settings() == SplitSettings(shares=shares, spread_without_spoofs=True)
    held = SplitFlags(hold_out="attack:b,a").settings()
    assert held.hold_out == HoldOut("attack", ("a", "b"))
    assert held.shares.pretext == 0
    folded = SplitFlags(folds="4", fold="1", units="utterance").settings()
    assert (folded.folds, folded.fold, folded.units) == (4, 1, "utterance")
    assert folded.shares.pretext == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (SplitFlags(strategy="speeker"), "--strategy=speeker .* did you mean speaker"),
        (SplitFlags(without_spoofs="train"), "--without-spoofs=train"),
        (SplitFlags(units="word"), "--units=word"),
        (SplitFlags(folds="2"), "--folds=2 must be at least 3"),
        (SplitFlags(fold="x"), "--fold=x is not a whole number"),
        (SplitFlags(strategy="official", pretext="0"), "official cuts nothing"),
        (SplitFlags(folds="3", fold="0", downstream_val="0.1"), "folds are of one size"),
    ],
)
def test_a_split_that_cannot_be_read(given: SplitFlags, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        given.settings()


def test_the_names_of_a_run_are_checked() -> None:
    assert RunFlags().numbers() == (None, None)
    assert RunFlags("acoustic", "svm", "3", "0").numbers() == (3, 0)
    for wrong in (RunFlags(backbone="no"), RunFlags(classifier="no"), RunFlags(run_number="-1")):
        with pytest.raises(ArgumentError):
            wrong.numbers()
    assert ModelFlags("acoustic", "rf").names() == ("acoustic", "rf")
    with pytest.raises(ArgumentError, match="--classifier is needed"):
        ModelFlags("acoustic").names()


def test_the_folders_of_a_corpus() -> None:
    assert CorpusFlags().folders() == (None, None)
    with pytest.raises(ArgumentError, match="--audio= is empty"):
        CorpusFlags(audio="").folders()


def test_the_help_tells_every_classifier_s_number_of_search_trials() -> None:
    """The numbers stand on the classes, which `fab --help` does not wait for."""
    told = {
        name: int(number)
        for number, names in re.findall(r"(\d+) for ([a-z0-9_ ]+)", HELP["trials"])
        for name in names.split(" and ")
    }
    assert told == {name: default_trials(name) for name in (*CLASSIFIERS, AUTO)}


def test_the_methods_of_projection_are_those_that_there_are() -> None:
    """They are listed apart, since their own table imports what projects."""
    assert tuple(projection.METHODS) == embeddings.METHODS
