"""The stage by a real backbone: found by its flags, told in every form, and cleaned away."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src import stages
from src.clean import find_removable
from src.models.data import TrainingStores
from src.models.train import train_model
from src.reports.robustness import document_robustness, essence_robustness
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split.store import write_splits
from src.utils.embeddings.backbones import load_backbone
from src.utils.errors import ArgumentError
from tests.reports.telling import told


@pytest.fixture(scope="module")
def there(
    tmp_path_factory: pytest.TempPathFactory,
    make_set: Callable,
    make_store: Callable,
    make_table: Callable,
    voice: Callable,
    write_audio: Callable,
) -> Path:
    """A training on made-up vectors that claim to be acoustic, and a test split of recordings."""
    here = tmp_path_factory.mktemp("stage")
    about = load_backbone("acoustic").describe()
    width = about["stats_count"] * about["dim"]
    for number, split in enumerate(("downstream_train", "downstream_val")):
        clips = make_set(8, 8, width, prefix=split, seed=number)
        make_store(here / "e", split, clips, checkpoint=None, revision=None, **about)
    files = make_table(("a", "F", 1, 1), ("b", "M", 1, 1), ("c", "F", 1, 1), ("d", "M", 1, 1))
    for number, file in enumerate(files["file"]):
        write_audio(here / "set" / file, voice(0.5, seed=number))
    dataset = Dataset.open(here / "set")
    dataset.write_tables(files)
    of = {"a": "downstream_train", "b": "downstream_val"}
    splits = files["speaker"].map(of).fillna("downstream_test")
    write_splits(dataset, files, splits, {"strategy": "speaker", "seed": 7})
    train_model(TrainingStores.open(here / "e", "acoustic"), here / "runs", "svm", 0)
    return here


def test_a_real_detector(there: Path) -> None:
    names = (there / "e", there / "runs", there / "set", "acoustic", "svm", 0)
    done = stages.robustness.test(*names, conditions=["white-5-db", "gain"])
    assert [one.name for one in done.found.conditions] == [
        *("white-5-db", "gain-6-db", "gain-12-db", "gain-24-db")
    ]
    white, *gains = done.found.conditions
    shifts = [abs(shift.value) for shift in white.shifts.values()]
    assert min(shifts) > 1e-3
    # The descriptor does not hear the level.
    assert max(abs(shift.value) for one in gains for shift in one.shifts.values()) < 1e-3
    assert done.run.report.is_file()
    lines = essence_robustness(done)
    assert [line.partition(":")[0] for line in lines] == [
        *("clean", "white-5-db", "gain-6-db", "gain-12-db", "gain-24-db")
    ]
    document = document_robustness(done)
    assert document["robustness"]["conditions"][0]["name"] == "white-5-db"
    assert document["results"] == done.path
    text = told("robustness", done)
    assert "white, 5 dB" in text
    assert str(done.path) in text
    left = [path for one in find_removable("runs", there / "runs") for path in one.left]
    assert left == []


def test_an_unknown_condition(there: Path) -> None:
    with pytest.raises(ArgumentError, match=r"--conditions=whte is not one of .*white"):
        stages.robustness.test(there / "e", there / "runs", conditions=["whte"])
