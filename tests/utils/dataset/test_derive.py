"""Data sets made from data sets: normalisation, noise, and the source left alone."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import soundfile

from src.utils.dataset import derive
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import Change, derive_dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.noise import add_noise
from src.utils.dataset.normalize import normalize_dataset
from src.utils.errors import (
    ArgumentError,
    AudioError,
    AudiosError,
    DatasetError,
    StorageError,
)
from src.utils.files import locked, replacing, write_text
from tests.utils.audio.encodings import ENCODINGS, write
from tests.utils.dataset.recordings import KINDS, hashes, sounds


def test_peak_reaches_full_scale(source: Dataset, tmp_path: Path) -> None:
    before = hashes(source.root)
    derived = normalize_dataset(source, tmp_path / "out", "peak")
    assert hashes(source.root) == before
    assert set(derived.rejected) == {"silent.wav", "broken.wav"}
    assert derived.limited == 0
    for file, (rate, channels, subtype, _) in KINDS.items():
        info = soundfile.info(tmp_path / "out" / file)
        assert (info.samplerate, info.channels, info.subtype) == (rate, channels, subtype)
        assert info.frames == pytest.approx(soundfile.info(source.path(file)).frames, abs=2000)
        if subtype in ("VORBIS", "MPEG_LAYER_III"):
            continue
        new, old = sounds(tmp_path / "out" / file), sounds(source.path(file))
        assert np.abs(new).max() == pytest.approx(1.0, abs=2e-4)
        # One gain for the whole recording: nothing is bent, and no peak wraps around.
        gain = 1.0 / np.abs(old).max()
        np.testing.assert_allclose(new, old * gain, atol=5e-4)
    table = derived.dataset.read_files()
    assert table["file"].tolist() == sorted(KINDS)
    assert table["mood"].str.startswith("mood").all()
    np.testing.assert_allclose(table["amplitude"], 1.0, atol=1e-3)
    assert list(derived.dataset.read_rejected("NormalizeDataset")) == list(derived.rejected)


def test_rms_reaches_the_target(source: Dataset, tmp_path: Path) -> None:
    derived = normalize_dataset(source, tmp_path / "out", "rms", 0.02)
    assert derived.limited == 0
    for file in KINDS:
        rms = np.sqrt(np.mean(sounds(tmp_path / "out" / file) ** 2))
        assert rms == pytest.approx(0.02, rel=0.05 if file[0] in "cd" else 2e-3)


def test_rms_never_clips(source: Dataset, tmp_path: Path) -> None:
    derived = normalize_dataset(source, tmp_path / "out", "rms", 0.9)
    # Speech at 0.9 RMS would clip in every recording.
    assert derived.limited == len(KINDS)
    for file in KINDS:
        if file[0] in "cd":  # lossy codecs overshoot by themselves
            continue
        new, old = sounds(tmp_path / "out" / file), sounds(source.path(file))
        np.testing.assert_allclose(new, old / np.abs(old).max(), atol=5e-4)
        assert np.abs(new).max() <= 1.0


def test_only_the_loud_are_limited(tmp_path: Path, write_audio: Callable) -> None:
    folder = tmp_path / "release"
    spiky = np.zeros(1600, np.float32)
    spiky[::160] = 0.5
    write_audio(folder / "spiky.wav", spiky)
    write_audio(folder / "flat.wav", np.sin(np.arange(1600)).astype(np.float32) / 2)
    (folder / "metadata.csv").write_text("file,label\nspiky.wav,real\nflat.wav,fake\n")
    generate_tables(folder)
    derived = normalize_dataset(Dataset.open(folder), tmp_path / "out", "rms", 0.2)
    assert derived.limited == 1
    assert derived.limit == "they got the largest gain that does not"
    assert np.abs(sounds(tmp_path / "out" / "spiky.wav")).max() == pytest.approx(1.0, abs=1e-4)


def test_what_changes_while_it_is_copied_is_not_kept(source: Dataset, tmp_path: Path) -> None:
    def transform(file: str, old: Path, new: Path) -> Change:
        new.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(old, new)
        if file == "b.flac":
            os.utime(old, ns=(1, 1))
        return Change(0.5)

    done = derive_dataset(source, tmp_path / "new", "Test", {}, transform)
    assert done.rejected == {"b.flac": "changed while it was read"}
    assert not (tmp_path / "new/b.flac").exists()


def test_a_format_that_is_only_read_becomes_wav(tmp_path: Path, voice: Callable) -> None:
    """Beside a recording of the same name, too; lossless ones keep their bits."""
    folder = tmp_path / "release"
    folder.mkdir()
    by_name = {one.name: one for one in ENCODINGS}
    wanted = {"aac.m4a": "x.wav.m4a", "alac.m4a": "y.m4a", "libopus.opus": "z.opus"}
    for name, file in wanted.items():
        encoding = by_name[name]
        write(folder / file, voice(1.0, encoding.rate, peak=0.2), encoding)
    soundfile.write(folder / "x.wav", voice(1.0), 16_000)
    rows = "".join(f"{file},{'real' if file < 'y' else 'fake'}\n" for file in wanted.values())
    (folder / "metadata.csv").write_text(f"file,label\nx.wav,real\n{rows}")
    generate_tables(folder)
    derived = normalize_dataset(Dataset.open(folder), tmp_path / "out", "rms", 0.1)
    assert not derived.rejected
    assert derived.files["file"].tolist() == ["x.wav", "x.wav.wav", "y.wav", "z.opus"]
    for file in derived.files["file"]:
        info = soundfile.info(tmp_path / "out" / file)
        assert info.duration == pytest.approx(1.0, abs=0.01)
        assert (info.format, info.subtype) == (
            ("OGG", "OPUS") if file == "z.opus" else ("WAV", "PCM_16")
        )


@pytest.mark.parametrize("target", [0.0, -0.1, 1.0, float("nan")])
def test_bad_settings_are_refused(source: Dataset, tmp_path: Path, target: float) -> None:
    with pytest.raises(ArgumentError, match="--target-rms"):
        normalize_dataset(source, tmp_path / "out", "rms", target)
    with pytest.raises(ArgumentError, match="--method=loud"):
        normalize_dataset(source, tmp_path / "out", "loud")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["release", "release/new", ".", "link", "link/new", "audio", "x"])
def test_the_source_is_never_written_into(source: Dataset, tmp_path: Path, place: str) -> None:
    (tmp_path / "link").symlink_to(source.root)
    # The recordings of a second data set lie in the first's folder.
    generate_tables(tmp_path / "tables", audio=source.root)
    pointing = Dataset.open(tmp_path / "tables")
    (tmp_path / "audio").symlink_to(tmp_path / "tables")
    (tmp_path / "x").symlink_to(source.root / "a")
    before = hashes(tmp_path)
    for dataset in (source, pointing):
        if dataset is source and place == "audio":
            continue
        with pytest.raises(DatasetError, match="would write into the source"):
            normalize_dataset(dataset, tmp_path / place)
    assert hashes(tmp_path) == before


def test_a_foreign_folder_is_refused(source: Dataset, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(DatasetError, match="not made by this stage"):
        normalize_dataset(source, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="not made by this stage"):
        normalize_dataset(source, tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert len(normalize_dataset(source, tmp_path / "empty").files) == len(KINDS)


def test_another_recipe_is_refused(source: Dataset, tmp_path: Path) -> None:
    normalize_dataset(source, tmp_path / "out", "rms", 0.05)
    before = hashes(tmp_path / "out")
    with pytest.raises(DatasetError, match="another target_rms"):
        normalize_dataset(source, tmp_path / "out", "rms", 0.1)
    with pytest.raises(DatasetError, match="another method"):
        normalize_dataset(source, tmp_path / "out", "peak")
    with pytest.raises(DatasetError, match="stage"):
        add_noise(source, tmp_path / "out")
    assert hashes(tmp_path / "out") == before


def test_it_continues_where_it_was(source: Dataset, tmp_path: Path, monkeypatch) -> None:
    whole = normalize_dataset(source, tmp_path / "whole", "rms", 0.05)
    assert (whole.kept, len(whole.files)) == (0, len(KINDS))

    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(derive, "require_some", killed)
        with pytest.raises(Killed):
            normalize_dataset(source, tmp_path / "out", "rms", 0.05)
    (tmp_path / "out" / "b.flac").unlink()
    untouched = (tmp_path / "out" / "a" / "pcm16.wav").stat().st_mtime_ns
    again = normalize_dataset(source, tmp_path / "out", "rms", 0.05)
    assert again.kept == len(KINDS) - 1
    assert (tmp_path / "out" / "a" / "pcm16.wav").stat().st_mtime_ns == untouched
    for file in KINDS:
        np.testing.assert_array_equal(
            sounds(tmp_path / "out" / file), sounds(tmp_path / "whole" / file)
        )
    np.testing.assert_allclose(again.files["amplitude"], whole.files["amplitude"], atol=0.01)
    # A recording that changed is done again.
    later = (tmp_path / "out" / "float.wav").stat().st_mtime + 5
    os.utime(source.path("float.wav"), (later, later))
    assert normalize_dataset(source, tmp_path / "out", "rms", 0.05).kept == len(KINDS) - 1


def test_unusable_recordings_only(source: Dataset, tmp_path: Path) -> None:
    files = source.read_files()
    source.write_tables(files[files["file"].isin(["silent.wav", "broken.wav"])])
    with pytest.raises(DatasetError, match="not one of 2 recordings"):
        add_noise(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["a.flac", "b/c.MP3", "d.wav"], ["a.wav", "b/c.wav", "d.wav"]),
        (["a.wav", "a.flac", "b.ogg"], ["a.wav.wav", "a.flac.wav", "b.wav"]),
        (["x/a.wav", "y/a.flac"], ["x/a.wav", "y/a.wav"]),
        (["a.b.flac", "a.c.flac"], ["a.b.wav", "a.c.wav"]),
        (["a.wav", "a.flac", "a.wav.wav"], ["a.wav.wav", "a.flac.wav", "a.wav.wav.wav"]),
    ],
)
def test_a_new_suffix_keeps_names_apart(tmp_path: Path, files: list[str], names: list[str]) -> None:
    (tmp_path / "old").mkdir()
    rows = [f"{file},,,,bona-fide,,,,1.5,,8000" for file in files]
    header = "file,speaker,id,gender,label,attack,source,language,duration,amplitude,sample_rate"
    (tmp_path / "old/files-metadata.csv").write_text("\n".join([header, *rows]) + "\n")
    for file in files:
        (tmp_path / "old" / file).parent.mkdir(exist_ok=True)
        (tmp_path / "old" / file).touch()
    source = Dataset.open(tmp_path / "old")

    def transform(file: str, _: Path, new: Path) -> Change:
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(file)
        # What is None is as before.
        long = file == files[0]
        return Change(0.5, duration=2.5 if long else None, sample_rate=16_000 if long else None)

    done = derive_dataset(source, tmp_path / "new", "Test", {}, transform, suffix=".wav")
    assert sorted(done.files["file"]) == sorted(names)
    for file, name in zip(files, names, strict=True):
        assert (tmp_path / "new" / name).read_text() == file
    table = done.dataset.read_files().set_index("file")
    assert table.loc[names[0], ["duration", "sample_rate"]].tolist() == [2.5, 16_000]
    assert table.loc[names[1], ["duration", "sample_rate"]].tolist() == [1.5, 8000]
    # Repeated, nothing is made twice, and the tables are the same.
    again = derive_dataset(source, tmp_path / "new", "Test", {}, transform, suffix=".wav")
    assert again.kept == len(files)
    assert done.dataset.read_files().equals(table.reset_index())


def test_several_at_once_leave_one_whole_copy(source: Dataset, tmp_path: Path) -> None:
    """They deleted each other's unfinished files, which were then said to be bad recordings."""
    plain = normalize_dataset(source, tmp_path / "plain")
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        told = list(pool.map(_normalize, [(source.root, tmp_path / "out")] * 8))
    refused = f"another process is writing {tmp_path / 'out'}"
    assert set(told) <= {"", refused} and "" in told
    assert Dataset.open(tmp_path / "out").read_rejected("NormalizeDataset") == plain.rejected
    one, other = (
        {file: sha for file, (sha, _) in hashes(tmp_path / name).items() if file in KINDS}
        for name in ("plain", "out")
    )
    # libsndfile writes the time into a WAV of floats, and a number it draws into an Ogg stream.
    for file in set(KINDS) - {"c.ogg", "float.wav"}:
        assert one[file] == other[file], file
    assert set(one) == set(other) == set(KINDS)
    assert not [*(tmp_path / "out").rglob("*partial*"), *(tmp_path / "out").glob(".*")]


def _normalize(folders: tuple[Path, Path]) -> str:
    try:
        normalize_dataset(Dataset.open(folders[0]), folders[1])
    except AudiosError as error:
        return str(error)
    return ""


def test_a_second_one_is_refused_in_one_line(source: Dataset, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    # As a kill leaves it that comes before all else.
    (tmp_path / "out" / ".derived-from.7-0.partial.json").write_text("{")
    busy = pytest.raises(AudiosError, match=r"^another process is writing .*out$")
    with locked(tmp_path / "out" / derive.LOCK, "it"):
        with busy:
            normalize_dataset(source, tmp_path / "out")
        with busy:
            add_noise(source, tmp_path / "out")
    normalize_dataset(source, tmp_path / "out")


@pytest.fixture
def plain_source(tmp_path: Path) -> Dataset:
    """A data set of files that nothing decodes."""
    folder = tmp_path / "old"
    folder.mkdir()
    rows = [f"{number}.wav,s,s,,bona-fide,,,,,," for number in range(60)]
    header = "file,speaker,id,gender,label,attack,source,language,duration,amplitude,sample_rate"
    (folder / "files-metadata.csv").write_text("\n".join([header, *rows]) + "\n")
    for number in range(60):
        (folder / f"{number}.wav").write_text(str(number))
    return Dataset.open(folder)


def copy(file: str, old: Path, new: Path) -> Change:
    if not old.is_file():
        raise AudioError("is missing")
    # Read first, as the stages do: what fails behind the opening of a copy is a fault of writing.
    content = old.read_text()
    with replacing(new) as temporary:
        temporary.write_text(content)
    return Change(0.5)


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_folder_taken_away_stops_the_stage(
    plain_source: Dataset, tmp_path: Path, which: str
) -> None:
    def transform(file: str, old: Path, new: Path) -> Change:
        if file == "9.wav":
            (tmp_path / which).rename(tmp_path / "away")
        return copy(file, old, new)

    with pytest.raises(StorageError, match=str(tmp_path / which)):
        derive_dataset(plain_source, tmp_path / "new", "Test", {}, transform)
    assert not (tmp_path / "new/rejected.csv").exists()
    shutil.rmtree(tmp_path / which, ignore_errors=True)
    (tmp_path / "away").rename(tmp_path / which)
    done = derive_dataset(plain_source, tmp_path / "new", "Test", {}, copy)
    assert done.rejected == {}
    assert done.kept > 0
    assert len(done.files) == 60


def test_a_disk_that_is_not_there_rejects_nothing(plain_source: Dataset, tmp_path: Path) -> None:
    for path in plain_source.root.glob("*.wav"):
        path.unlink()
    with pytest.raises(StorageError, match="not one of 60 recordings is in"):
        derive_dataset(plain_source, tmp_path / "new", "Test", {}, copy)
    assert not (tmp_path / "new").exists()


def test_whatever_a_recording_raises_is_its_own(plain_source: Dataset, tmp_path: Path) -> None:
    def transform(file: str, old: Path, new: Path) -> Change:
        if file == "7.wav":
            raise ZeroDivisionError("division by zero")
        if file == "8.wav":
            # As a name that the other disk does not take.
            write_text(new.with_name("8" * 256), "x")
        return copy(file, old, new)

    done = derive_dataset(plain_source, tmp_path / "new", "Test", {}, transform)
    assert set(done.rejected) == {"7.wav", "8.wav"}
    assert done.rejected["7.wav"] == "raised ZeroDivisionError: division by zero while it was read"
    assert done.rejected["8.wav"].endswith("File name too long")
    assert len(done.files) == 58


def test_memory_that_is_gone_for_all_is_told(plain_source: Dataset, tmp_path: Path) -> None:
    def transform(*_: object) -> Change:
        raise MemoryError

    with pytest.raises(DatasetError, match=r"not one of 60 .* raised MemoryError while"):
        derive_dataset(plain_source, tmp_path / "new", "Test", {}, transform)
