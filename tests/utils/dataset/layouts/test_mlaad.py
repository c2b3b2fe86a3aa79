"""MLAAD, and the bona-fide side that is mounted."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from src.utils.audio.io import read_info
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.measure import add_durations
from src.utils.dataset.normalize import normalize_dataset
from src.utils.errors import DatasetError

FEMALE = "bona-fide/de_DE/by_book/female/ramona/haus/wavs/haus_01.wav"
MIX = "bona-fide/de_DE/by_book/mix/buch/wavs/b_01.wav"
MALE = "bona-fide/unpacked/en_US/by_book/male/elliot/book/wavs/e_01.wav"


def test_the_spoofs(make_corpus: Callable) -> None:
    scan = scan_folder(make_corpus("mlaad"))
    files = scan.files
    assert files["file"].tolist() == [f"fake/de/vits_thorsten/a_{n}.wav" for n in (1, 2, 3)]
    assert set(files["label"]) == {"spoof"}
    assert set(files["speaker"]) == {""}
    assert set(files["language"]) == {"de"}
    # Without the name of a model the folder's stands for it.
    assert files["attack"].tolist() == ["tts_models/de/vits", "vits_thorsten", "x"]
    assert files["transcript"].tolist() == ['"Ja", sagte sie', "Nein", "Doch"]
    assert files["utterance"].tolist() == [
        "de_DE/by_book/female/ramona/haus/wavs/haus_01.wav",
        "de_DE/by_book/mix/buch/wavs/b_01.wav",
        "unknown/thing.wav",
    ]
    assert set(files["architecture"]) == {"vits"}
    assert set(files["training_data"]) == {"thorsten"}
    assert not scan.mounts


def test_columns_are_found_by_their_names(make_corpus: Callable) -> None:
    folder = make_corpus("mlaad")
    path = folder / "fake/de/vits_thorsten/meta.csv"
    lines = [line.split("|") for line in path.read_text().splitlines()]
    path.write_text("\n".join("|".join(["extra", *reversed(line)]) for line in lines) + "\n")
    files = scan_folder(folder).files
    assert files["transcript"].tolist() == ['"Ja", sagte sie', "Nein", "Doch"]
    assert "extra" not in files
    path.write_text("path|model_name\nx.wav|y\n")
    with pytest.raises(DatasetError, match="has no column original_file; found path, model_name"):
        scan_folder(folder)


def test_faults_of_a_table(make_corpus: Callable, make_files: Callable) -> None:
    folder = make_corpus("mlaad")
    make_files(folder, "fake/de/vits_thorsten/b.wav")
    (folder / "fake/de/vits_thorsten/a_2.wav").unlink()
    assert scan_folder(folder).problems == {
        "fake/de/vits_thorsten/a_2.wav": "is listed in meta.csv but missing",
        "fake/de/vits_thorsten/b.wav": "is not listed in meta.csv",
    }
    path = folder / "fake/de/vits_thorsten/meta.csv"
    path.write_text(path.read_text() + "./fake/de/vits_thorsten/a_9.wav|de_DE|de\n")
    with pytest.raises(DatasetError, match=r"meta\.csv: 1 of 4 lines is broken: line 5: 3 columns"):
        scan_folder(folder)


def test_another_delimiter_is_told(make_corpus: Callable) -> None:
    folder = make_corpus("mlaad")
    path = folder / "fake/de/vits_thorsten/meta.csv"
    path.write_text(path.read_text().replace("|", ","))
    with pytest.raises(DatasetError) as raised:
        scan_folder(folder)
    text = str(raised.value)
    assert "meta.csv has no column path, original_file, model_name; its first line, 'path,o" in text
    assert text.endswith("is not separated by '|'")


def test_a_system_without_a_table(make_corpus: Callable, make_files: Callable) -> None:
    folder = make_corpus("mlaad")
    make_files(folder, "fake/de/bark/a_1.wav", "fake/de/vits_thorsten/b.wav", "loose.wav")
    assert scan_folder(folder).problems == {
        "fake/de/bark/a_1.wav": "lies in a folder without meta.csv",
        "fake/de/vits_thorsten/b.wav": "is not listed in meta.csv",
        "loose.wav": "lies in a folder without meta.csv",
    }


def test_the_bona_fide_side(make_corpus: Callable, make_ailabs: Path) -> None:
    scan = scan_folder(make_corpus("mlaad"), bona_fide=make_ailabs)
    assert scan.mounts == {"bona-fide": make_ailabs}
    real = scan.files[scan.files["label"] == "bona-fide"].set_index("file")
    columns = ["speaker", "gender", "language", "attack", "utterance", "transcript"]
    assert real[columns].T.to_dict("list") == {
        FEMALE: [*("ramona", "F", "de", ""), FEMALE.removeprefix("bona-fide/"), '"Ja" eins'],
        MIX: [*("", "", "de", ""), MIX.removeprefix("bona-fide/"), ""],
        MALE: [*("elliot", "M", "en", ""), MALE.removeprefix("bona-fide/unpacked/"), ""],
    }
    assert list(scan.problems) == ["bona-fide/de_DE/by_book/female/loose.wav"]
    # A spoof is tied to the recording that it was made from.
    spoofs = scan.files[scan.files["label"] == "spoof"]
    assert len(set(spoofs["utterance"]) & set(real["utterance"])) == 2


def test_the_bona_fide_side_may_lie_in_the_folder(make_corpus: Callable, make_ailabs: Path) -> None:
    folder = make_corpus("mlaad")
    inner = make_ailabs.rename(folder / "m-ailabs")
    scan = scan_folder(folder, bona_fide=inner)
    assert len(scan.files) == 6
    assert list(scan.problems) == ["bona-fide/de_DE/by_book/female/loose.wav"]
    assert len(scan_folder(folder).problems) == 4


def test_the_bona_fide_side_is_remembered(
    make_corpus: Callable, make_ailabs: Path, tmp_path: Path
) -> None:
    folder = make_corpus("mlaad")
    generate_tables(folder, bona_fide=make_ailabs)
    assert Dataset.open(folder).mounts == {"bona-fide": make_ailabs.resolve()}
    assert len(generate_tables(folder).files) == 6
    # With recordings elsewhere as well, each of the two is remembered.
    work = tmp_path / "work"
    generate_tables(work, audio=folder, bona_fide=make_ailabs)
    for given in ({}, {"audio": folder}, {"bona_fide": make_ailabs}):
        assert len(generate_tables(work, **given).files) == 6
        assert Dataset.open(work).audio == folder.resolve()
    # Moved, the one that is named takes its place.
    moved = make_ailabs.rename(tmp_path / "moved")
    with pytest.raises(DatasetError, match="are gone"):
        generate_tables(work)
    assert len(generate_tables(work, bona_fide=moved).files) == 6
    with pytest.raises(DatasetError, match=r"no folder of recordings at .*absent"):
        generate_tables(work, bona_fide=tmp_path / "absent")


def test_a_bona_fide_side_without_recordings(make_corpus: Callable, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        DatasetError, match=r"no recording in --bona-fide=.*empty; it must hold xx_"
    ):
        scan_folder(make_corpus("mlaad"), bona_fide=tmp_path / "empty")


def test_mounted_recordings_are_read_and_derived(
    make_corpus: Callable, make_ailabs: Path, tmp_path: Path, voice: Callable
) -> None:
    folder = make_corpus("mlaad")
    paths = sorted([*folder.rglob("*.wav"), *make_ailabs.rglob("*.wav")])
    for number, path in enumerate(paths):
        soundfile.write(path, voice(seed=number), 16_000)
    before = {path: path.read_bytes() for path in paths}
    generate_tables(folder, bona_fide=make_ailabs)
    dataset = Dataset.open(folder)
    assert dataset.path(MALE) == make_ailabs.resolve() / MALE.removeprefix("bona-fide/")
    measured = add_durations(dataset)
    files = measured.files
    assert not measured.rejected
    assert files["duration"].notna().all()
    derived = normalize_dataset(dataset, tmp_path / "normalized")
    assert len(derived.files) == 6
    # The copy holds both sides in one folder, and needs no mount.
    assert derived.dataset.path(MALE) == tmp_path / "normalized" / MALE
    assert read_info(derived.dataset.path(MALE)).frames == read_info(dataset.path(MALE)).frames
    assert not derived.dataset.mounts
    assert derived.files["utterance"].tolist() == files["utterance"].tolist()
    assert {path: path.read_bytes() for path in paths} == before
    with pytest.raises(DatasetError, match="would write into the source"):
        normalize_dataset(dataset, make_ailabs / "out")
