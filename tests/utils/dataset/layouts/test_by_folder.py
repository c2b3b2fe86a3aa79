"""The layouts that are told by folders: WaveFake, FoR, and a folder a class."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.split import SplitSettings, split_dataset
from src.utils.errors import DatasetError


def test_wavefake(make_corpus: Callable) -> None:
    folder = make_corpus("wavefake")
    files = scan_folder(folder).files.set_index("file")
    columns = ["label", "attack", "speaker", "gender", "language", "utterance", "transcript"]
    english, japanese = 'In fourteen fifty-five, a "Bible"', "水をマレーシアから:買わなくては"
    prompts = "common_voices_prompts_from_fastspeech2_pwg_ljspeech"
    assert files[columns].T.to_dict("list") == {
        "LJSpeech-1.1/wavs/LJ001-0001.wav": [
            *("bona-fide", "", "LJSpeech", "F", "en", "LJ001-0001", english),
        ],
        f"generated_audio/{prompts}/gen_7.wav": [
            *("spoof", prompts, "LJSpeech", "F", "en", f"{prompts}/gen_7", ""),
        ],
        "generated_audio/jsut_parallel_wavegan/BASIC5000_0001_gen.wav": [
            *("spoof", "parallel_wavegan", "JSUT", "F", "ja", "BASIC5000_0001", japanese),
        ],
        "generated_audio/ljspeech_melgan/LJ001-0001_gen.wav": [
            *("spoof", "melgan", "LJSpeech", "F", "en", "LJ001-0001", english),
        ],
        "jsut_ver1.1/basic5000/wav/BASIC5000_0001.wav": [
            *("bona-fide", "", "JSUT", "F", "ja", "BASIC5000_0001", japanese),
        ],
    }


def test_wavefake_without_transcripts_and_with_more(
    make_corpus: Callable, make_files: Callable
) -> None:
    folder = make_corpus("wavefake")
    (folder / "LJSpeech-1.1/metadata.csv").unlink()
    (folder / "jsut_ver1.1/basic5000/transcript_utf8.txt").unlink()
    make_files(folder, "generated_audio/loose.wav", "jsut_ver1.1/loanword128/wav/a.wav")
    make_files(folder, "generated_audio/other_tts/1.wav")
    scan = scan_folder(folder)
    assert set(scan.files["transcript"]) == {""}
    assert list(scan.problems) == ["generated_audio/loose.wav", "jsut_ver1.1/loanword128/wav/a.wav"]
    other = scan.files.set_index("file").loc["generated_audio/other_tts/1.wav"]
    assert other[["attack", "speaker", "gender", "language"]].tolist() == ["other_tts", "", "", ""]
    # The corpus may lie one folder deeper.
    (folder.parent / "outer").mkdir()
    folder.rename(folder.parent / "outer/WaveFake")
    assert len(scan_folder(folder.parent / "outer").files) == len(scan.files)


def test_wavefake_is_split_by_utterance(make_corpus: Callable, make_files: Callable) -> None:
    folder = make_corpus("wavefake")
    for number in range(20):
        make_files(folder, f"LJSpeech-1.1/wavs/LJ002-{number:04d}.wav")
        for system in ("ljspeech_melgan", "common_voices_prompts_from_fastspeech2_pwg_ljspeech"):
            make_files(folder, f"generated_audio/{system}/LJ002-{number:04d}_gen.wav")
    generate_tables(folder)
    split = split_dataset(Dataset.open(folder), SplitSettings(units="utterance"))
    assert split.summary["clips"].sum() == 5 + 60


def test_fake_or_real(make_corpus: Callable, make_files: Callable) -> None:
    folder = make_corpus("for")
    make_files(folder, "for-norm/training/loose.wav", "for-norm/other/real/1.wav", "1.wav")
    scan = scan_folder(folder)
    assert scan.files[["file", "label", "split", "speaker"]].to_numpy().tolist() == [
        [f"for-norm/{part}/{kind}/1.wav", label, split, ""]
        for part, split in (("testing", "eval"), ("training", "train"), ("validation", "dev"))
        for kind, label in (("fake", "spoof"), ("real", "bona-fide"))
    ]
    assert set(scan.problems) == {
        "for-norm/training/loose.wav",
        "for-norm/other/real/1.wav",
        "1.wav",
    }
    inner = scan_folder(folder / "for-norm")
    assert inner.layout == "for"
    assert len(inner.files) == 6


def test_versions_of_fake_or_real_are_not_mixed(make_corpus: Callable) -> None:
    folder = make_corpus("for")
    (make_corpus("for", "other") / "for-norm").rename(folder / "for-2sec")
    with pytest.raises(DatasetError, match="holds for-2sec, for-norm, which are the same clips"):
        scan_folder(folder)
    assert len(scan_folder(folder / "for-2sec").files) == 6


def test_parts_with_speakers_are_no_fake_or_real(tmp_path: Path, make_files: Callable) -> None:
    for part in ("training", "testing"):
        make_files(tmp_path, f"{part}/real/anna/1.wav", f"{part}/fake/anna/1.wav")
    scan = scan_folder(tmp_path)
    assert scan.layout == "folders"
    assert set(scan.files["speaker"]) == {"anna"}


def rows(folder: Path, *columns: str) -> dict[str, list[str]]:
    files = scan_folder(folder, "folders").files.set_index("file")
    return files[list(columns)].T.to_dict("list")


def test_folders_tell_speakers_attacks_and_splits(tmp_path: Path, make_files: Callable) -> None:
    make_files(
        tmp_path,
        *("train/REAL/anna/1.wav", "train/Deep-Fake/anna/1.wav", "x/dev/bona_fide/wavs/ben/2.wav"),
        *("Test/spoofed/tacotron/anna/session/9.wav", "genuine/3.wav", "synthetic/3.wav"),
    )
    assert rows(tmp_path, "label", "speaker", "attack", "split", "utterance") == {
        "train/REAL/anna/1.wav": ["bona-fide", "anna", "", "train", "anna/1"],
        "train/Deep-Fake/anna/1.wav": ["spoof", "anna", "", "train", "anna/1"],
        "x/dev/bona_fide/wavs/ben/2.wav": ["bona-fide", "ben", "", "dev", ""],
        "Test/spoofed/tacotron/anna/session/9.wav": ["spoof", "anna", "tacotron", "eval", ""],
        # Of unknown speakers nothing says that the two are one sentence.
        "genuine/3.wav": ["bona-fide", "", "", "", ""],
        "synthetic/3.wav": ["spoof", "", "", "", ""],
    }


def test_folders_that_contradict(tmp_path: Path, make_files: Callable) -> None:
    make_files(tmp_path, "real/a.wav", "real/fake/b.wav", "fake/x/human/c.wav", "other/d.wav")
    scan = scan_folder(tmp_path)
    assert scan.layout == "folders"
    assert scan.files["file"].tolist() == ["real/a.wav"]
    assert scan.problems == {
        "fake/x/human/c.wav": "has folders of both classes in its path",
        "other/d.wav": "is in no folder named as a class",
        "real/fake/b.wav": "has folders of both classes in its path",
    }
