"""The tables of names: one contract for every entry of every table, and no entry untried."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.demo.checkpoint import make_checkpoint
from src.models.classifier import Choice, Classifier, Range
from src.models.registry import CLASSIFIERS
from src.networks.back_ends import BACK_ENDS
from src.networks.back_ends.back_end import BackEnd
from src.networks.front_ends import FRONT_ENDS
from src.networks.front_ends.front_end import FrontEnd
from src.networks.heads import HEADS
from src.networks.losses import LOSSES, Loss
from src.utils.config import LABELS, SPLITS
from src.utils.dataset.layouts import LAYOUTS, scan_folder
from src.utils.dataset.layouts.layout import Layout
from src.utils.dataset.split import Shares, SplitSettings
from src.utils.dataset.split.assignment import NO_SPLIT
from src.utils.dataset.split.strategy import Strategy
from src.utils.dataset.split_strategies import SPLIT_STRATEGIES
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.engines import ENGINES, load_engine
from src.utils.embeddings.plan import Batch
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import ArgumentError, AudiosError
from src.utils.registry import LazyTable, Registry
from src.utils.runs import FolderName, folder_name, parse_folder_name
from tests.models.small import SMALL, Small
from tests.networks.small import SMALL_BACK_ENDS, SMALL_FRONT_ENDS, SmallBackEnd
from tests.networks.test_losses import FORMULAS
from tests.utils.dataset.layouts.conftest import NAMES as LAID_OUT
from tests.utils.dataset.layouts.conftest import lay_out
from tests.utils.embeddings.toy import Toy

PEOPLE = [(f"p{number}", "FM"[number % 2], 3, 3) for number in range(12)]


@dataclass(frozen=True)
class Contract:
    """What every entry of a table must do.

    Attributes
    ----------
    table : LazyTable
        Or whatever else lists the names.
    fixtures : mapping
        By name, what its test needs to know; a name without one is tested by nothing.
    where : str
        Where a fixture is added.
    check : callable
        Given the name, its fixture and pytest's request, fails for an entry that breaks it.
    """

    table: Any
    fixtures: Mapping[str, Any]
    where: str
    check: Callable[[str, Any, pytest.FixtureRequest], None]

    def hold(self, name: str, request: pytest.FixtureRequest) -> None:
        assert name in self.fixtures, f"{name} is tested by nothing: add it to {self.where}"
        self.check(name, self.fixtures[name], request)


def check_words(description: str) -> None:
    """It goes on behind "A detector of synthetic speech: ", on a model card."""
    assert description.strip() == description != ""
    assert not description.endswith(".")


def check_classifier(name: str, small: Small, request: pytest.FixtureRequest) -> None:
    """What does not show in its scores; `tests/models/test_classifiers.py` looks at those."""
    model = CLASSIFIERS.load(name)
    assert issubclass(model, Classifier)
    assert model.name == name, f"{name} gives {model.name}"
    check_words(model.description)
    assert set(model.limits) == set(model.defaults)
    model(model.defaults)
    assert model.default_trials >= 1
    assert model.search_space
    for key, space in model.search_space.items():
        limit = model.limits[key]
        ends = space.values if isinstance(space, Choice) else (space.low, space.high)
        for value in ends:
            model({key: value})
        if isinstance(space, Range) and isinstance(limit, Range):
            assert limit.low <= space.low < space.high <= limit.high
    # Its studies are told from those of others, and found again.
    assert parse_folder_name(folder_name(3, study_of=name)) == FolderName(3, name)
    assert model(small.hyperparameters).hyperparameters.items() >= small.hyperparameters.items()


def check_engine(name: str, is_here: bool, request: pytest.FixtureRequest) -> None:
    with pytest.raises(ArgumentError, match="--ray-address=nowhere"):
        load_engine(name, "nowhere")
    engine = load_engine(name)
    assert type(engine) is ENGINES.load(name)
    try:
        if is_here:
            path = request.getfixturevalue("tmp_path") / "0.wav"
            request.getfixturevalue("write_audio")(path, request.getfixturevalue("voice")(0.2))
            [done] = engine.run(Toy(), [Batch(np.array([0], np.int32), 0.2)], lambda row: path)
            assert (done.rows, done.rejected) == ([0], {})
    finally:
        engine.close()


def check_strategy(name: str, column: str | None, request: pytest.FixtureRequest) -> None:
    strategy = SPLIT_STRATEGIES.load(name)
    assert isinstance(strategy, Strategy)
    assert strategy.name == name
    files: pd.DataFrame = request.getfixturevalue("make_table")(*PEOPLE)
    if column is not None:
        parts = ["train", "dev", "eval"]
        files[column] = [parts[int(speaker[1:]) % 3] for speaker in files["speaker"]]
    settings = SplitSettings(strategy=name, shares=Shares())
    assigned = strategy.assign(files, settings, 7)
    assert assigned.splits.index.equals(files.index)
    assert set(assigned.splits) <= {*SPLITS, NO_SPLIT}
    assert {"downstream_train", "downstream_val", "downstream_test"} <= set(assigned.splits)
    # Nobody is in two splits.
    homes = pd.DataFrame({"speaker": files["speaker"], "split": assigned.splits})
    assert len(homes.drop_duplicates()) == len(PEOPLE)
    assert assigned.splits.equals(strategy.assign(files, settings, 7).splits)
    if strategy.deals_people:
        SplitSettings(strategy=name, units="utterance")
    else:
        with pytest.raises(ArgumentError, match=rf"--units goes with --strategy=\w+, not {name}"):
            SplitSettings(strategy=name, units="utterance")


def check_layout(name: str, _: Any, request: pytest.FixtureRequest) -> None:
    layout = LAYOUTS.load(name)
    assert isinstance(layout, Layout)
    assert layout.name == name
    assert layout.expects
    folder: Path = request.getfixturevalue("tmp_path")
    assert not layout.matches(folder)
    with pytest.raises(AudiosError) as raised:
        scan_folder(folder, name)
    assert layout.expects in str(raised.value)
    lay_out(name, folder)
    assert layout.matches(folder)
    scan = scan_folder(folder, name)
    assert scan.layout == name
    assert set(scan.files["label"]) <= set(LABELS)


def check_backbone(name: str, model_type: str | None, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue("tmp_path")
    checkpoint = None if model_type is None else str(make_checkpoint(folder, model_type))
    backbone = load_backbone(name, checkpoint)
    about = backbone.describe()
    assert backbone.name == about["name"] == name
    voice = request.getfixturevalue("voice")
    clips = [backbone.prepare(voice(seconds, seed=1)) for seconds in (1.0, 0.6)]
    vectors = backbone.embed(clips)
    assert vectors.dtype == np.float32
    assert vectors.shape == (2, about["layers"], about["stats_count"], about["dim"])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(backbone.embed(clips[1:])[0], vectors[1], rtol=1e-4, atol=1e-5)


def check_front_end(name: str, make_settings: Any, request: pytest.FixtureRequest) -> None:
    """What does not show in its frames; `tests/networks/front_ends` looks at those."""
    front_end = FRONT_ENDS.load(name)
    assert issubclass(front_end, FrontEnd)
    check_words(front_end.description)
    made = front_end.make(make_settings(request.getfixturevalue("tmp_path")))
    # It goes into the manifest of a run.
    assert json.loads(json.dumps(made.describe())) == made.describe()


def check_back_end(name: str, small: SmallBackEnd, request: pytest.FixtureRequest) -> None:
    """What does not show in its vectors; `tests/networks/back_ends` looks at those."""
    back_end = BACK_ENDS.load(name)
    assert issubclass(back_end, BackEnd)
    check_words(back_end.description)
    assert back_end.takes
    assert json.loads(json.dumps(back_end.defaults)) == back_end.defaults
    assert set(small.settings) <= set(back_end.defaults)
    assert set(back_end.choices) <= set(back_end.defaults)
    # None where the default depends on the frames.
    for key, values in back_end.choices.items():
        assert back_end.defaults[key] in (None, *values)


def check_loss(name: str, _: Any, request: pytest.FixtureRequest) -> None:
    loss = LOSSES.load(name)
    assert issubclass(loss, Loss)
    assert HEADS[loss.head.name] is loss.head


CONTRACTS = {
    "classifiers": Contract(CLASSIFIERS, SMALL, "tests/models/small.py", check_classifier),
    "front ends": Contract(
        FRONT_ENDS, SMALL_FRONT_ENDS, "tests/networks/small.py", check_front_end
    ),
    "back ends": Contract(BACK_ENDS, SMALL_BACK_ENDS, "tests/networks/small.py", check_back_end),
    "losses": Contract(
        LOSSES,
        {name: None for name, _ in FORMULAS},
        "tests/networks/test_losses.py",
        check_loss,
    ),
    # Whether it computes without a cluster; what does not, is tried in engines/test_cluster.py.
    "engines": Contract(ENGINES, {"local": True, "ray": False}, __name__, check_engine),
    # The column of the files table that it follows.
    "split strategies": Contract(
        SPLIT_STRATEGIES,
        {"speaker": None, "column": "split", "official": "split"},
        __name__,
        check_strategy,
    ),
    "layouts": Contract(
        LAYOUTS,
        dict.fromkeys(LAID_OUT),
        "tests/utils/dataset/layouts/conftest.py",
        check_layout,
    ),
    # The architecture of the checkpoint that it is tried with.
    "backbones": Contract(
        BACKBONES,
        {
            "acoustic": None,
            "lfcc": None,
            "wav2vec2": "wav2vec2",
            "hubert": "hubert",
            "wavlm": "wavlm",
            "xlsr": "wav2vec2",
            "auto": "hubert",
        },
        __name__,
        check_backbone,
    ),
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in CONTRACTS for name in CONTRACTS[kind].table]
)
def test_every_entry_keeps_its_contract(
    kind: str, name: str, request: pytest.FixtureRequest
) -> None:
    CONTRACTS[kind].hold(name, request)


@pytest.mark.parametrize("kind", CONTRACTS)
def test_an_entry_without_a_fixture_is_told(kind: str, request: pytest.FixtureRequest) -> None:
    contract = CONTRACTS[kind]
    extended = replace(contract, table=[*contract.table, "bogus"])
    with pytest.raises(AssertionError, match="bogus is tested by nothing: add it to tests"):
        for name in extended.table:
            if name not in contract.table:
                extended.hold(name, request)


def test_an_entry_that_gives_another_class_is_told(request, monkeypatch) -> None:
    """A random forest under another's name is found out."""
    places = CLASSIFIERS.places | {"bogus": CLASSIFIERS.places["rf"]}
    bogus: Registry[Classifier] = Registry("--classifier", places)
    monkeypatch.setattr("tests.test_registries.CLASSIFIERS", bogus)
    contract = replace(
        CONTRACTS["classifiers"], table=bogus, fixtures={**SMALL, "bogus": SMALL["rf"]}
    )
    contract.hold("rf", request)
    # It does not even load, so that no run is of one classifier and says that it is of another.
    with pytest.raises(ValueError, match="--classifier: the entry bogus leads to rf"):
        contract.hold("bogus", request)


TABLES = [kind for kind, contract in CONTRACTS.items() if isinstance(contract.table, LazyTable)]


@pytest.mark.parametrize("kind", TABLES)
def test_a_name_without_an_entry_is_no_other_thing(kind: str) -> None:
    table = CONTRACTS[kind].table
    with pytest.raises(ArgumentError) as raised:
        table.load("bogus")
    assert str(raised.value).startswith(f"{table.flag}=bogus is not one of {', '.join(table)}")
