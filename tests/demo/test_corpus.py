"""The stand-in corpus: layout, repeatability, and no cheap way to tell the classes apart."""

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from src.demo.attacks import ATTACKS
from src.demo.corpus import make_corpus

SMALL: dict[str, Any] = {"n_speakers": 4, "clips_per_speaker": 3, "seconds": (0.8, 1.2), "seed": 3}
CLIPS = 4 * 3 + 3 * 3


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by POSIX path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def pairs(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Every bona-fide clip that has a spoof, with it."""
    found = []
    for spoof in sorted(folder.glob("fake_voices/*/*.wav")):
        twin = folder / "real_voices" / spoof.parent.name.removesuffix("_Fake") / spoof.name
        found.append((soundfile.read(twin)[0], soundfile.read(spoof)[0]))
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "deep" / "er"
    assert make_corpus(folder, **SMALL) == CLIPS
    return folder


def test_layout(made: Path) -> None:
    places = sorted(path.name for path in (made / "real_voices").iterdir())
    spoofed = sorted(path.name for path in (made / "fake_voices").iterdir())
    assert [place.split("_")[1] for place in places] == ["F001", "M002", "F003", "M004"]
    assert spoofed == [f"{place}_Fake" for place in places if not place.endswith("M004")]
    for path in made.glob("*_voices/*/*.wav"):
        who = path.parent.name.split("_")[1]
        assert path.stem in {f"{who}-{number:04d}" for number in (1, 2, 3)}
    assert len(list(made.glob("*_voices/*/*.wav"))) == CLIPS
    assert not list(made.rglob("*.partial*"))


def test_format(made: Path) -> None:
    for path in made.rglob("*.wav"):
        about = soundfile.info(path)
        assert (about.samplerate, about.channels) == (16_000, 1)
        assert (about.format, about.subtype) == ("WAV", "PCM_16")
        assert 0.8 <= about.duration <= 1.2


def test_the_folder_says_what_it_is(made: Path) -> None:
    text = (made / "README.txt").read_text()
    assert "no real voice" in text
    assert "SAY NOTHING ABOUT REAL DEEPFAKES" in text


def test_the_table_names_the_attack_of_every_spoof(made: Path) -> None:
    with (made / "attacks.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    spoofs = {path.relative_to(made).as_posix() for path in made.glob("fake_voices/*/*.wav")}
    assert {row["file"] for row in rows} == spoofs
    assert len(rows) == len(spoofs)
    for who in ("F001", "M002", "F003"):
        assert {row["attack"] for row in rows if who in row["file"]} == set(ATTACKS)


def test_same_seed_same_bytes_with_any_number_of_workers(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    make_corpus(tmp_path / "again", **SMALL)
    assert contents(tmp_path / "again") == contents(made)


def test_another_seed_makes_other_recordings(made: Path, tmp_path: Path) -> None:
    make_corpus(tmp_path, n_speakers=2, clips_per_speaker=1, seconds=(0.8, 1.2), seed=4)
    known = {value for name, value in contents(made).items() if name.endswith(".wav")}
    fresh = {value for name, value in contents(tmp_path).items() if name.endswith(".wav")}
    assert len(fresh) == 3
    assert not known & fresh


def test_finished_files_are_kept_and_missing_ones_come_back(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    for name, value in contents(made).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(value)
    wavs = sorted(folder.rglob("*.wav"))
    kept, lost = wavs[0], [wavs[1], wavs[-1]]
    kept.write_bytes(b"finished earlier")
    for path in lost:
        path.unlink()
    (lost[0].parent / f".{lost[0].stem}.partial.wav").write_bytes(b"half a fi")
    (folder / "attacks.csv").unlink()

    assert make_corpus(folder, **SMALL) == 2
    assert kept.read_bytes() == b"finished earlier"
    kept.write_bytes((made / kept.relative_to(folder)).read_bytes())
    assert contents(folder) == contents(made)
    assert make_corpus(folder, **SMALL) == 0


def test_a_kill_between_writing_and_renaming_leaves_no_half_file(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    rename = os.replace

    def dying(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) > 6:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "replace", dying)
    with pytest.raises(KeyboardInterrupt):
        make_corpus(tmp_path, **SMALL)
    whole = contents(made)
    left = {k: v for k, v in contents(tmp_path).items() if ".partial" not in k}
    assert 0 < len(left) < len(whole)
    assert all(whole[name] == value for name, value in left.items())

    monkeypatch.setattr(os, "replace", rename)
    make_corpus(tmp_path, **SMALL)
    assert contents(tmp_path) == whole


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    make_corpus(
        tmp_path,
        n_speakers=2,
        clips_per_speaker=2,
        seconds=(0.6, 0.6),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_bona_fide_and_spoof_agree_in_duration_level_and_floor(made: Path) -> None:
    floors = []
    for bona_fide, spoof in pairs(made):
        assert len(bona_fide) == len(spoof)
        levels = [np.sqrt(np.mean(x**2)) for x in (bona_fide, spoof)]
        assert levels[0] == pytest.approx(levels[1], rel=0.01)
        assert max(np.abs(bona_fide).max(), np.abs(spoof).max()) < 0.99
        quiet = [
            np.percentile(np.std(x[: len(x) // 320 * 320].reshape(-1, 320), axis=1), 10)
            for x in (bona_fide, spoof)
        ]
        floors.append(20 * np.log10(quiet[1] / quiet[0]))
    assert np.max(np.abs(floors)) < 3.0
    assert abs(np.mean(floors)) < 1.5


def test_bona_fide_and_spoof_differ_in_their_fine_structure(made: Path) -> None:
    for bona_fide, spoof in pairs(made):
        spectra = [
            np.log(np.abs(np.fft.rfft(x[: len(x) // 400 * 400].reshape(-1, 400))) + 1e-3)
            for x in (bona_fide, spoof)
        ]
        assert np.mean(np.abs(spectra[0] - spectra[1])) > 0.3


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_speakers": 1},
        {"clips_per_speaker": 0},
        {"seconds": (3.0, 2.0)},
        {"seconds": (0.1, 2.0)},
        {"seconds": (float("nan"), 2.0)},
    ],
)
def test_nonsense_is_refused_before_anything_is_written(
    wrong: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"least|duration"):
        make_corpus(tmp_path / "never", **wrong)
    assert not (tmp_path / "never").exists()
