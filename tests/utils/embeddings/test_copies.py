"""Augmented copies of training clips: one pass, the same bytes however it is made, no mixing."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.audio.augmentations import level
from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.chain import Recipe, name_chain, read_chain
from src.utils.audio.io import read_waveform
from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.copies import Copies, Copy, degraded_as
from src.utils.embeddings.engines import local
from src.utils.embeddings.engines.local import LocalEngine
from src.utils.embeddings.extract import extract_split, extract_versions
from src.utils.embeddings.store import EmbeddingStore
from src.utils.errors import AudioError, EmbeddingError
from src.utils.files import read_json
from src.utils.seeding import file_generator
from tests.utils.embeddings.toy import BROKEN, Killed, Toy, content

TRAIN = "downstream_train"
RECIPE = Recipe(("white", "gain"), (1, 2))


def make(dataset: Dataset, embeddings: Path, count: int = 2, toy: Toy | None = None, **options):
    """Extract a split as it is and so many copies of it."""
    copies = Copies(options.pop("recipe", RECIPE), count, options.pop("seed", 7))
    versions = [None, *copies.each()]
    return extract_versions(dataset, TRAIN, toy or Toy(), embeddings, versions, **options)


def stores_of(embeddings: Path) -> dict[str, dict[str, bytes]]:
    folders = sorted(path for path in (embeddings / "toy").iterdir() if path.is_dir())
    return {folder.name: content(folder) for folder in folders}


@pytest.fixture(scope="module")
def embedded(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Toy]:
    """The embeddings that an extraction without a kill leaves, and what computed them."""
    embeddings, toy = tmp_path_factory.mktemp("whole"), Toy()
    make(Dataset.open(corpus), embeddings, toy=toy)
    return embeddings, toy


@pytest.fixture(scope="module")
def whole(embedded: tuple[Path, Toy]) -> dict[str, dict[str, bytes]]:
    """The content of its stores."""
    return stores_of(embedded[0])


@pytest.fixture
def source(corpus: Path) -> Dataset:
    """The data set of those stores, to be left as it is."""
    return Dataset.open(corpus)


def test_every_recording_is_read_once(dataset: Dataset, tmp_path: Path, monkeypatch) -> None:
    read: list[Path] = []

    def counting(path: Path, rate: int) -> np.ndarray:
        read.append(path)
        return read_waveform(path, rate)

    monkeypatch.setattr(local, "read_waveform", counting)
    toy = Toy()
    clean, first, second = make(dataset, tmp_path, toy=toy)
    assert len(read) == len(set(read)) == len(clean.store.clips()) + len(clean.rejected)
    assert toy.n_clips == 3 * clean.n_computed
    assert clean.n_computed == first.n_computed == second.n_computed > 0
    # More copies are computed alone, from recordings read once more.
    read.clear()
    done = make(dataset, tmp_path, count=3)
    assert [one.n_computed for one in done] == [0, 0, 0, clean.n_computed]
    assert len(read) == len(set(read)) == len(clean.store.clips()) + len(clean.rejected)


def test_the_store_says_how_each_copy_was_made(source: Dataset, embedded: tuple) -> None:
    embeddings, _ = embedded
    folder = embeddings / "toy"
    assert sorted(stores_of(embeddings)) == [TRAIN, f"{TRAIN}.copy1", f"{TRAIN}.copy2"]
    assert "augmentation" not in read_json(folder / TRAIN / "manifest.json")
    clean = EmbeddingStore.open(embeddings, "toy", TRAIN)
    copies = clean.copies()
    assert [store.augmentation for store in copies] == [
        RECIPE.describe() | {"seed": 7, "copy": number} for number in (1, 2)
    ]
    told = [store.clips() for store in copies]
    for number, (store, table) in enumerate(zip(copies, told, strict=True), 1):
        assert table["file"].tolist() == clean.clips()["file"].tolist()
        vectors = store.load(0)
        assert set(vectors.copy) == {number}
        for row, clip in table.iterrows():
            chain = read_chain(clip["parameters"])
            drawn = RECIPE.draw(file_generator(7, f"copy{number}/{clip['file']}"), clip["speaker"])
            assert chain == drawn
            assert clip["chain"] == name_chain(chain)
            wave = RECIPE.apply(chain, read_waveform(source.path(clip["file"]), 16_000), 16_000)
            assert vectors.x[row, 0] == np.float32(wave.mean())
    assert (told[0]["parameters"] != told[1]["parameters"]).all()
    assert {"white", "gain", "white+gain"} == set(told[0]["chain"]) | set(told[1]["chain"])


def test_a_clean_store_is_the_same_without_copies(
    source: Dataset, tmp_path: Path, whole: dict
) -> None:
    extract_split(source, TRAIN, Toy(), tmp_path / "plain")
    assert stores_of(tmp_path / "plain") == {TRAIN: whole[TRAIN]}
    # And copies made later are those that are made with it.
    make(source, tmp_path / "plain")
    assert stores_of(tmp_path / "plain") == whole


@pytest.mark.parametrize("at", [1, 20])
def test_killed_and_run_again_it_is_the_same(
    source: Dataset, tmp_path: Path, embedded: tuple, whole: dict, at: int
) -> None:
    with pytest.raises(Killed):
        make(source, tmp_path / "e", toy=Toy(stop_after=at))
    toy = Toy()
    make(source, tmp_path / "e", toy=toy)
    assert stores_of(tmp_path / "e") == whole
    assert at - 3 <= len(embedded[1].batches) - len(toy.batches) <= at


def test_threads_and_processes_give_the_same(source: Dataset, tmp_path: Path, whole: dict) -> None:
    make(source, tmp_path / "e", engine=LocalEngine(2, overlap=True))
    assert stores_of(tmp_path / "e") == whole


def test_the_order_of_the_clips_does_not_matter(dataset: Dataset, tmp_path: Path) -> None:
    def rows(embeddings: Path) -> pd.DataFrame:
        [store] = EmbeddingStore.open(embeddings, "toy", TRAIN).copies()
        vectors = pd.DataFrame(store.load(0).x)
        return vectors.join(store.clips()).set_index("file").sort_index()

    make(dataset, tmp_path / "one", count=1)
    table = dataset.root / f"splits/by_file/files-{TRAIN}.csv"
    files = pd.read_csv(table, keep_default_na=False)
    files.iloc[::-1].to_csv(table, index=False)
    make(dataset, tmp_path / "other", count=1)
    pd.testing.assert_frame_equal(rows(tmp_path / "one"), rows(tmp_path / "other"))


class _Half(level.Gain):
    """Fails on every clip of one speaker."""

    def draw(self, random, speaker=""):
        return super().draw(random) | {"speaker": speaker}

    def apply(self, waveform, sample_rate, parameters):
        if parameters["speaker"].endswith("001"):
            raise AudioError("is too short for this")
        return super().apply(waveform, sample_rate, parameters)


def test_a_copy_that_fails_is_rejected_alone(dataset: Dataset, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(level, "Gain", _Half)
    clean, copy = make(dataset, tmp_path, 1, recipe=Recipe(("gain",)))
    broken = {file: why for file, why in copy.rejected.items() if file != BROKEN}
    clips = clean.store.clips()
    assert set(broken) == set(clips.loc[clips["speaker"].str.endswith("001"), "file"]) != set()
    assert set(broken.values()) == {"cannot be augmented by gain: is too short for this"}
    assert set(clean.rejected) <= {BROKEN}
    assert len(copy.store.clips()) == len(clips) - len(broken)
    assert copy.store.rejected() == copy.rejected


def test_another_recipe_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    make(dataset, tmp_path, 1)
    before = stores_of(tmp_path)
    for other, changes in (
        ({"seed": 8}, "seed 7 there, 8 now"),
        ({"recipe": Recipe(("white", "gain"), (1, 1))}, "steps [1, 2] there, [1, 1] now"),
        (
            {"recipe": Recipe(("white", "gain"), (1, 2), Material(snr_db=(0.0, 5.0)))},
            "snr_db [5.0, 20.0] there, [0.0, 5.0] now",
        ),
    ):
        told = rf"copy1 was augmented otherwise \({re.escape(changes)}\); remove it"
        with pytest.raises(EmbeddingError, match=told):
            make(dataset, tmp_path, 1, **other)
    assert stores_of(tmp_path) == before
    with pytest.raises(Killed):
        make(dataset, tmp_path / "e", 1, Toy(stop_after=1))
    with pytest.raises(EmbeddingError, match=r"copy1\.partial was augmented otherwise"):
        make(dataset, tmp_path / "e", 1, seed=8)


def test_vectors_of_copies_are_never_taken_for_others(dataset: Dataset, tmp_path: Path) -> None:
    make(dataset, tmp_path, 1)
    # Whole again: the split's own copies are of no use for what was recorded, nor the reverse.
    extract_split(dataset, "full", Toy(), tmp_path)
    extract_split(dataset, "full", Toy(), tmp_path / "plain")
    assert stores_of(tmp_path)["full"] == stores_of(tmp_path / "plain")["full"]
    n_train = len(EmbeddingStore.open(tmp_path, "toy", TRAIN).clips())
    shutil.rmtree(tmp_path / "toy" / f"{TRAIN}.copy1")
    clean, copy = make(dataset, tmp_path, 1)
    assert (clean.n_computed, copy.n_computed) == (0, n_train)


def test_a_changed_recording_is_copied_anew(
    dataset: Dataset, tmp_path: Path, voice: Callable, write_audio: Callable
) -> None:
    clean, _ = make(dataset, tmp_path, 1)
    file = clean.store.clips()["file"].iloc[0]
    write_audio(dataset.path(file), voice(0.2, seed=999))
    again, copy = make(dataset, tmp_path, 1)
    assert 1 <= copy.n_computed == again.n_computed < clean.n_computed
    assert copy.store.load(0).x[0, 2] == 3200


def test_long_copies_are_not_read_far_ahead(dataset: Dataset, monkeypatch) -> None:
    """What waits in memory counts every version of a clip."""
    asked: list[float] = []
    real = local.map_ahead

    def watching(function, items, cost, **options):
        asked.extend(map(cost, items))
        return real(function, items, cost=cost, **options)

    monkeypatch.setattr(local, "map_ahead", watching)
    batch = local.Batch(np.array([0], np.int32), 2.5, (0, 1, 2))
    chains = [[Copy(RECIPE).draw("a", "")]]
    versions = local.Versions((None, *chains, *chains), RECIPE)
    path = dataset.path(dataset.read_files()["file"].iloc[-1])
    done = list(LocalEngine().run(Toy(), [batch], lambda row: path, versions))
    assert [one.version for one in done] == [0, 1, 2]
    assert asked == [7.5]


def test_what_degrades_validation_is_drawn_by_other_chances() -> None:
    copy = Copy(Recipe(("white", "gain"), (2, 2), Material(snr_db=(1.0, 3.0))), seed=5)
    degraded = degraded_as(json.loads(json.dumps(copy.describe())))
    assert degraded.store_name("downstream_val") == "downstream_val.degraded1"
    assert degraded.describe() == copy.describe()
    chain, other = (one.draw("a.wav", "")[0] for one in (copy, degraded))
    assert chain.kind == other.kind == "white"
    assert chain.parameters != other.parameters
    assert 1 <= float(other.parameters["snr_db"]) <= 3
