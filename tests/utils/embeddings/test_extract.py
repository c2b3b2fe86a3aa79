"""Filling a store: killed, repeated, refused, and never computing twice."""

import fcntl
import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from src.models.data import TrainingStores
from src.utils.config import DOWNSTREAM_SPLITS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import Shares, SplitSettings, read_split, split_dataset
from src.utils.embeddings.extract import SplitTable, extract_split
from src.utils.embeddings.selection import Selection
from src.utils.embeddings.store import EmbeddingStore
from src.utils.embeddings.writer import StoreWriter
from src.utils.errors import AudiosError, EmbeddingError
from src.utils.files import read_json, write_json
from tests.utils.embeddings.toy import BROKEN, N_GOOD, Killed, Toy, content


def test_a_whole_extraction(dataset: Dataset, tmp_path: Path) -> None:
    toy = Toy()
    found = extract_split(dataset, "full", toy, tmp_path / "e")
    assert (found.n_computed, found.n_kept) == (N_GOOD, 0)
    assert toy.n_clips == N_GOOD
    assert all(n * 0.3 <= 0.95 for n in toy.batches)
    assert list(found.rejected) == [BROKEN]
    assert found.store.rejected() == found.rejected
    store = found.store
    assert sorted(path.name for path in store.folder.iterdir()) == [
        "clips.csv",
        "embeddings.npy",
        "manifest.json",
        "rejected.csv",
    ]
    clips = store.load(0)
    table = dataset.read_files().set_index("file")
    for name in ("speaker", "gender", "attack"):
        assert getattr(clips, name).tolist() == table.loc[clips.files, name].tolist()
    assert (clips.y == (table.loc[clips.files, "label"] == "bona-fide")).all()
    # Every row belongs to the file it is beside: the third number is the clip's length.
    lengths = [round(dataset.path(file).stat().st_size - 44) / 2 for file in clips.files]
    assert clips.x[:, 2].tolist() == lengths
    assert not [path for path in store.folder.parent.iterdir() if "partial" in path.name]


def test_repeated_it_computes_nothing(dataset: Dataset, tmp_path: Path) -> None:
    extract_split(dataset, "full", Toy(), tmp_path / "e")
    before = content(tmp_path / "e/toy/full")
    toy = Toy(stop_after=0)
    again = extract_split(dataset, "full", toy, tmp_path / "e")
    assert (again.n_computed, again.n_kept) == (0, N_GOOD)
    assert list(again.rejected) == [BROKEN]
    assert content(tmp_path / "e/toy/full") == before


@pytest.mark.parametrize("torn", [b'{"rows": [0, 1', b'{"rows": [', b"\x00\x00", b"{}"[:1]])
def test_a_torn_last_line(dataset: Dataset, tmp_path: Path, torn: bytes) -> None:
    plain = Toy()
    extract_split(dataset, "full", plain, tmp_path / "plain")
    with pytest.raises(Killed):
        extract_split(dataset, "full", Toy(4), tmp_path / "e")
    progress = tmp_path / "e/toy/full.partial/progress.jsonl"
    with progress.open("ab") as stream:
        stream.write(torn)
    with pytest.raises(Killed):
        extract_split(dataset, "full", Toy(2), tmp_path / "e")
    toy = Toy()
    extract_split(dataset, "full", toy, tmp_path / "e")
    assert toy.batches == plain.batches[6:]
    assert content(tmp_path / "e/toy/full") == content(tmp_path / "plain/toy/full")


def test_rows_that_are_not_committed_are_computed_again(dataset: Dataset, tmp_path: Path) -> None:
    """A kill between the vectors and the line that vouches for them."""
    plain = Toy()
    extract_split(dataset, "full", plain, tmp_path / "plain")
    with pytest.raises(Killed):
        extract_split(dataset, "full", Toy(4), tmp_path / "e")
    partial = tmp_path / "e/toy/full.partial"
    lines = (partial / "progress.jsonl").read_text().splitlines(keepends=True)
    (partial / "progress.jsonl").write_text("".join(lines[:-1]))
    array = np.lib.format.open_memmap(partial / "embeddings.npy", "r+")
    array[json.loads(lines[-1])["rows"]] = 666
    array.flush()
    extract_split(dataset, "full", Toy(), tmp_path / "e")
    assert content(tmp_path / "e/toy/full") == content(tmp_path / "plain/toy/full")


@pytest.mark.parametrize(
    ("fresh", "step"), [(True, 1), (True, 2), (False, 1), (False, 2), (False, 3)]
)
def test_a_kill_between_renames(
    dataset: Dataset, tmp_path: Path, monkeypatch, step: int, fresh: bool
) -> None:
    extract_split(dataset, "full", Toy(), tmp_path / "plain")
    if not fresh:
        # An older store of fewer recordings is to be replaced.
        files = dataset.read_files()
        dataset.write_tables(files.iloc[:10])
        extract_split(dataset, "full", Toy(), tmp_path / "e")
        dataset.write_tables(files)
    rename, count = Path.rename, [0]

    def killing(self: Path, target: Path) -> Path:
        count[0] += 1
        if count[0] == step:
            raise Killed
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killing)
        with pytest.raises(Killed):
            extract_split(dataset, "full", Toy(), tmp_path / "e")
    found = extract_split(dataset, "full", Toy(), tmp_path / "e")
    assert list(found.rejected) == [BROKEN]
    theirs, ours = content(tmp_path / "plain/toy/full"), content(tmp_path / "e/toy/full")
    assert ours == theirs


def test_another_backbone_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    extract_split(dataset, "full", Toy(), tmp_path / "e")
    before = content(tmp_path / "e/toy/full")
    with pytest.raises(EmbeddingError, match=r"made otherwise \(revision None there, r2 now\)"):
        extract_split(dataset, "full", Toy(revision="r2"), tmp_path / "e")
    assert content(tmp_path / "e/toy/full") == before
    with pytest.raises(Killed):
        extract_split(dataset, "downstream_val", Toy(1, revision="r2"), tmp_path / "e")
    with pytest.raises(EmbeddingError, match="made otherwise"):
        extract_split(dataset, "downstream_val", Toy(), tmp_path / "e")


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("split", ["full", "downstream_val"])
def test_lfcc_does_not_mix_with_the_descriptor_of_that_name(
    dataset: Dataset, tmp_path: Path, finished: bool, split: str
) -> None:
    """In a split of its own, too: one folder is one backbone's."""
    # No store of that kind is made any more, so it is given its manifest by hand.
    old = Toy(None if finished else 1, name="lfcc")
    with nullcontext() if finished else pytest.raises(Killed):
        extract_split(dataset, "full", old, tmp_path / "e")
    folder = tmp_path / "e/lfcc" / ("full" if finished else "full.partial")
    manifest = read_json(folder / "manifest.json")
    manifest["backbone"]["stats"] = ["descriptor"]
    write_json(folder / "manifest.json", manifest)
    before = content(folder)
    with pytest.raises(EmbeddingError) as refused:
        extract_split(dataset, split, Toy(0, name="lfcc"), tmp_path / "e")
    splits = "downstream" if split == "downstream_val" else split
    assert f"{folder} holds the descriptor" in str(refused.value)
    assert f"remove {tmp_path / 'e/lfcc'} and run: fab Gen" in str(refused.value)
    assert f"--backbone=acoustic --splits={splits} --emb" in str(refused.value)
    assert content(folder) == before
    assert sorted(path.name for path in folder.parent.iterdir() if path.is_dir()) == [folder.name]


@pytest.mark.parametrize(
    ("setting", "there", "now"),
    [
        ("revision", "r1", "r2"),
        ("precision", "float32", "float16"),
        ("sample_rate", 16_000, 8_000),
        ("do_normalize", True, False),
        ("window_seconds", 60.0, 30.0),
        ("context_seconds", 2.5, 1.0),
        ("first_layer", 0, 1),
        ("layers", 2, 3),
        ("stats", ["mean", "std"], ["mean", "max"]),
        ("dim", 3, 4),
    ],
)
@pytest.mark.parametrize("finished", [True, False])
def test_other_settings_are_refused(
    dataset: Dataset, tmp_path: Path, setting: str, there: object, now: object, finished: bool
) -> None:
    old = Toy(None if finished else 1, **{setting: there})
    if setting in ("layers", "dim"):
        old = Toy(None if finished else 1)
    with nullcontext() if finished else pytest.raises(Killed):
        extract_split(dataset, "full", old, tmp_path / "e")
    folder = tmp_path / "e/toy" / ("full" if finished else "full.partial")
    before = content(folder)
    with pytest.raises(EmbeddingError) as refused:
        extract_split(dataset, "full", Toy(0, **{setting: now}), tmp_path / "e")
    assert f"({setting} {there} there, {now} now)" in str(refused.value)
    assert content(folder) == before


def test_a_moved_checkpoint_is_the_same(dataset: Dataset, tmp_path: Path) -> None:
    extract_split(dataset, "full", Toy(checkpoint="/here"), tmp_path / "e")
    again = extract_split(dataset, "full", Toy(0, checkpoint="/there"), tmp_path / "e")
    assert again.n_computed == 0


def test_another_data_set_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    extract_split(dataset, "full", Toy(), tmp_path / "e")
    other = Dataset.open(shutil.copytree(dataset.root, tmp_path / "other"))
    with pytest.raises(EmbeddingError, match=r"holds the recordings of .*another --embeddings"):
        extract_split(other, "full", Toy(), tmp_path / "e")
    # One that was moved is the same one.
    shutil.rmtree(dataset.root)
    other.root.rename(dataset.root.with_name("moved"))
    moved = Dataset.open(tmp_path / "moved")
    assert extract_split(moved, "full", Toy(0), tmp_path / "e").n_computed == 0


def test_a_split_is_taken_over_from_full(dataset: Dataset, tmp_path: Path) -> None:
    full = extract_split(dataset, "full", Toy(), tmp_path / "e").store.load(0)
    row_of = {file: row for row, file in enumerate(full.files)}
    for split in DOWNSTREAM_SPLITS:
        toy = Toy(stop_after=0)
        found = extract_split(dataset, split, toy, tmp_path / "e")
        part = found.store.load(0)
        wanted = read_split(dataset, split)["file"].tolist()
        assert part.files.tolist() == [file for file in wanted if file != BROKEN]
        np.testing.assert_array_equal(part.x, full.x[[row_of[file] for file in part.files]])
        assert (found.n_computed, found.n_kept) == (0, len(wanted) - (BROKEN in wanted))
    everything = extract_split(dataset, "full", Toy(0), tmp_path / "e")
    assert everything.n_computed == 0


def test_a_changed_recording_is_computed_again(
    dataset: Dataset, tmp_path: Path, voice: Callable, write_audio: Callable
) -> None:
    extract_split(dataset, "full", Toy(), tmp_path / "e")
    file = "real_voices/Bia_F002/00.wav"
    write_audio(dataset.path(file), voice(0.2, seed=999))
    toy = Toy()
    found = extract_split(dataset, "full", toy, tmp_path / "e")
    # With what shares its batch, or that of the broken one, which is tried again and not counted.
    assert 1 <= found.n_computed == toy.n_clips < N_GOOD
    assert found.n_kept == N_GOOD - found.n_computed
    clips = found.store.load(0)
    assert clips.x[clips.files.tolist().index(file), 2] == 3200
    extract_split(dataset, "full", Toy(), tmp_path / "plain")
    np.testing.assert_array_equal(
        clips.x, np.load(tmp_path / "plain/toy/full/embeddings.npy")[:, 0].reshape(N_GOOD, -1)
    )


class Disturbed(Toy):
    """Has something done to a recording before its first batch is read, and mended at the end."""

    def __init__(self, disturb: Callable[[], None]) -> None:
        super().__init__()
        self.disturb = disturb
        self.is_disturbed = False

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        if not self.is_disturbed:
            self.is_disturbed = True
            self.disturb()
        return super().prepare(waveform)


@pytest.mark.parametrize("way", ["exchanged", "cut", "removed"])
@pytest.mark.parametrize("is_killed", [False, True])
def test_nothing_is_kept_of_what_was_read_in_another_state(
    dataset: Dataset,
    tmp_path: Path,
    voice: Callable,
    write_audio: Callable,
    way: str,
    is_killed: bool,
) -> None:
    """It comes back with its old time, by which it counts as known."""
    extract_split(dataset, "full", Toy(), tmp_path / "plain")
    path = dataset.path("real_voices/Bia_F002/00.wav")
    shutil.copy2(path, tmp_path / "kept.wav")

    def disturb() -> None:
        if way == "exchanged":
            write_audio(path, voice(0.2, seed=999))
        elif way == "cut":
            path.write_bytes(path.read_bytes()[:-4000])
        else:
            path.unlink()

    toy = Disturbed(disturb)
    if is_killed:

        def kill(self: StoreWriter) -> None:
            # All batches are committed by now, and the store is not finished.
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(StoreWriter, "finish", kill)
            with pytest.raises(Killed):
                extract_split(dataset, "full", toy, tmp_path / "e")
    else:
        found = extract_split(dataset, "full", toy, tmp_path / "e")
        assert set(found.rejected) == {BROKEN, "real_voices/Bia_F002/00.wav"}
        assert found.n_computed == N_GOOD - 1 == len(found.store.clips())
    shutil.copy2(tmp_path / "kept.wav", path)
    again = extract_split(dataset, "full", Toy(), tmp_path / "e")
    assert list(again.rejected) == [BROKEN]
    assert content(tmp_path / "e/toy/full") == content(tmp_path / "plain/toy/full")
    assert extract_split(dataset, "full", Toy(0), tmp_path / "e").n_computed == 0


def test_new_labels_cost_nothing(dataset: Dataset, tmp_path: Path) -> None:
    before = extract_split(dataset, "full", Toy(), tmp_path / "e").store
    files = dataset.read_files()
    changed = files.assign(label=files["label"].map({"spoof": "bona-fide", "bona-fide": "spoof"}))
    dataset.write_tables(changed.assign(attack="new"))
    found = extract_split(dataset, "full", Toy(0), tmp_path / "e")
    assert found.n_computed == 0
    old, new = before.load(0), found.store.load(0)
    assert (new.attack == "new").all()
    assert found.store.fingerprint != before.fingerprint
    table = changed.set_index("file")["label"]
    assert (new.y == (table[new.files] == "bona-fide")).all()
    np.testing.assert_array_equal(old.x, new.x)


def test_a_mended_clip_is_taken_in(
    dataset: Dataset, tmp_path: Path, voice: Callable, write_audio: Callable
) -> None:
    extract_split(dataset, "full", Toy(), tmp_path / "e")
    write_audio(dataset.path(BROKEN), voice(0.2))
    found = extract_split(dataset, "full", Toy(), tmp_path / "e")
    assert found.rejected == {}
    assert BROKEN in found.store.load(0).files


def test_bad_clips_are_told(dataset: Dataset, tmp_path: Path, write_audio: Callable) -> None:
    write_audio(dataset.path("real_voices/Bia_F002/00.wav"), np.zeros(4000, np.float32))
    dataset.path("real_voices/Bia_F002/01.wav").unlink()
    found = extract_split(dataset, "full", Toy(), tmp_path / "e")
    reasons = {file.rsplit("/", 1)[1]: reason for file, reason in found.rejected.items()}
    assert "is not audio" in reasons["broken.wav"]
    assert "silent" in reasons["00.wav"]
    assert "missing" in reasons["01.wav"]
    assert len(found.store.load(0)) == N_GOOD - 2
    # It is not tried again and again.
    assert extract_split(dataset, "full", Toy(0), tmp_path / "e").rejected == found.rejected


def test_rejected_before_a_kill_stay_rejected(dataset: Dataset, tmp_path: Path) -> None:
    for file in dataset.read_files()["file"][:8]:
        dataset.path(file).write_text("no audio")
    extract_split(dataset, "full", Toy(), tmp_path / "plain")
    with pytest.raises(Killed):
        extract_split(dataset, "full", Toy(3), tmp_path / "e")
    found = extract_split(dataset, "full", Toy(), tmp_path / "e")
    assert content(tmp_path / "e/toy/full") == content(tmp_path / "plain/toy/full")
    assert len(found.rejected) == 8 + (BROKEN not in dataset.read_files()["file"][:8].tolist())


def test_nothing_usable_fails(dataset: Dataset, tmp_path: Path) -> None:
    for file in dataset.read_files()["file"]:
        dataset.path(file).write_text("no audio")
    with pytest.raises(EmbeddingError, match="not one of 25 clips of full can be used"):
        extract_split(dataset, "full", Toy(), tmp_path / "e")
    assert not (tmp_path / "e/toy/full").exists()


def test_one_process_at_a_time(dataset: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "e/toy"
    folder.mkdir(parents=True)
    with (folder / ".full.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(AudiosError, match="another process is writing"):
            extract_split(dataset, "full", Toy(), tmp_path / "e")
        # Another split is free.
        extract_split(dataset, "downstream_train", Toy(), tmp_path / "e")
    extract_split(dataset, "full", Toy(), tmp_path / "e")


def test_the_lock_goes_with_a_failure(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        extract_split(dataset, "full", Toy(1), tmp_path / "e")
    extract_split(dataset, "full", Toy(), tmp_path / "e")


def test_the_plan_that_was_left_serves_the_new_one(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        extract_split(dataset, "full", Toy(5), tmp_path / "e")
    files = dataset.read_files()
    dataset.write_tables(files[files["speaker"] != "Ze_M006"])
    found = extract_split(dataset, "full", Toy(), tmp_path / "e")
    assert found.n_kept > 0
    extract_split(dataset, "full", Toy(), tmp_path / "plain")
    assert content(tmp_path / "e/toy/full") == content(tmp_path / "plain/toy/full")


def test_speakers_shared_by_train_and_validation(dataset: Dataset, tmp_path: Path) -> None:
    extract_split(dataset, "downstream_train", Toy(), tmp_path / "e")
    assert any(overlaps(dataset, seed, tmp_path) for seed in range(50))
    extract_split(dataset, "downstream_val", Toy(), tmp_path / "e")
    with pytest.raises(
        EmbeddingError, match=r"downstream_train and downstream_val share .*speaker"
    ):
        TrainingStores.open(tmp_path / "e", "toy").load(Selection(0))


def test_stores_of_an_older_split_are_told(dataset: Dataset, tmp_path: Path, caplog) -> None:
    def extract() -> int:
        done = [extract_split(dataset, split, Toy(), tmp_path / "e") for split in DOWNSTREAM_SPLITS]
        return sum(one.n_computed for one in done)

    def told() -> bool:
        caplog.clear()
        TrainingStores.open(tmp_path / "e", "toy")
        return "split anew since these embeddings were made" in caplog.text

    extract()
    extract_split(dataset, "full", Toy(0), tmp_path / "e")
    assert not told()
    # The same split by another recipe: the clips stay, and only the record is renewed.
    split_dataset(dataset, SplitSettings(shares=Shares(0.0, 0.9, 0.1)))
    assert told()
    assert caplog.text.count("split anew") == 1
    stale = {s: EmbeddingStore.open(tmp_path / "e", "toy", s).is_stale for s in DOWNSTREAM_SPLITS}
    assert stale == dict.fromkeys(DOWNSTREAM_SPLITS, True)
    assert not EmbeddingStore.open(tmp_path / "e", "toy", "full").is_stale
    assert extract() == 0
    assert not told()
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)), seed=8)
    assert told()
    # Older than the record, and of a data set that is gone.
    manifest = tmp_path / "e/toy/downstream_train/manifest.json"
    about = read_json(manifest)
    for split in ("downstream_train", "downstream_val"):
        path = tmp_path / f"e/toy/{split}/manifest.json"
        kept = {k: v for k, v in read_json(path).items() if k not in ("root", "split_fingerprint")}
        write_json(path, kept)
    assert not told()
    write_json(manifest, about)
    assert told()
    shutil.rmtree(dataset.root)
    assert not told()


def overlaps(dataset: Dataset, seed: int, tmp_path: Path) -> bool:
    """Say whether a split by this seed puts someone of the stored train into validation."""
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)), seed)
    stored = (tmp_path / "e/toy/downstream_train/clips.csv").read_text()
    return any(name in stored for name in read_split(dataset, "downstream_val")["speaker"])


def test_stores_of_different_models_are_not_mixed(dataset: Dataset, tmp_path: Path) -> None:
    extract_split(dataset, "downstream_train", Toy(revision="r1"), tmp_path / "e")
    extract_split(dataset, "downstream_val", Toy(revision="r2"), tmp_path / "e")
    with pytest.raises(EmbeddingError, match="differ in revision"):
        TrainingStores.open(tmp_path / "e", "toy")


def test_vectors_of_another_model_are_not_taken_over(dataset: Dataset, tmp_path: Path) -> None:
    extract_split(dataset, "full", Toy(revision="r1"), tmp_path / "e")
    toy = Toy(revision="r2")
    found = extract_split(dataset, "downstream_val", toy, tmp_path / "e")
    assert found.n_kept == 0
    assert toy.n_clips == len(found.store.load(0))


def test_a_writer_does_not_touch_the_data_set(dataset: Dataset, tmp_path: Path) -> None:
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in dataset.root.rglob("*")}
    extract_split(dataset, "full", Toy(), tmp_path / "e")
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in dataset.root.rglob("*")} == before


def test_a_split_may_be_read_long_before(dataset: Dataset, tmp_path: Path) -> None:
    """What is embedded, and what the store says it is of, are of one reading."""
    early = SplitTable.read(dataset, "downstream_val")
    before = extract_split(dataset, "downstream_val", Toy(), tmp_path / "plain").store
    shares = Shares(0.0, 0.8, 0.2, 0.5, 0.25, 0.25)
    split_dataset(dataset, SplitSettings(shares=shares), seed=11)
    found = extract_split(dataset, early, Toy(), tmp_path / "e").store
    assert found.folder == tmp_path / "e" / "toy" / "downstream_val"
    assert found.clips().equals(before.clips())
    assert found.manifest["split"] == "downstream_val"
    assert found.is_stale
