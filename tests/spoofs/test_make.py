"""The data set with spoofs: pairs, bytes that depend on nothing else, and going on after a kill."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from src.spoofs import WITHOUT_MORE, make
from src.spoofs.make import SPOOFS_TABLE, SpoofSettings, make_spoofs
from src.utils.config import BY_SPEAKER, BY_UTTERANCE, ROOT
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split.groups import group_clips
from src.utils.errors import ArgumentError, DatasetError, StorageError

SETTINGS = SpoofSettings(attacks=WITHOUT_MORE, per_clip=2)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        # Times of files are in the one, and the order in which threads end in the other.
        if path.is_file() and path.name not in ("measurements.csv", "derived.jsonl")
    }


def test_pairs(real: Dataset, tmp_path: Path) -> None:
    made = make_spoofs(real, tmp_path / "out", SETTINGS)
    files = made.derived.dataset.read_files()
    spoofs = files[files["label"] == "spoof"]
    assert (made.n_real, len(spoofs)) == (4, 8)
    assert set(spoofs["attack"]) == set(made.n_by_attack) <= set(WITHOUT_MORE)
    assert (files["attack"][files["label"] == "bona-fide"] == "").all()
    assert set(files["mine"]) == {"kept"}
    for _, pair in files.groupby("utterance"):
        assert pair["label"].tolist() == ["bona-fide", "spoof", "spoof"]
        assert pair["attack"].nunique() == 3
        assert pair["speaker"].nunique() == pair["duration"].nunique() == 1
        waves = [soundfile.read(made.derived.dataset.path(file))[0] for file in pair["file"]]
        levels = [20 * np.log10(np.sqrt(np.square(wave).mean())) for wave in waves]
        assert max(levels) - min(levels) < 0.05
        assert len({len(wave) for wave in waves}) == 1
    for units in (BY_SPEAKER, BY_UTTERANCE):
        assert (
            files.assign(g=group_clips(files, units)).groupby("utterance")["g"].nunique().max() == 1
        )


def test_all_are_written_alike(real: Dataset, tmp_path: Path) -> None:
    made = make_spoofs(real, tmp_path / "out", SETTINGS)
    about = [soundfile.info(made.derived.dataset.path(f)) for f in made.derived.files["file"]]
    assert {(one.format, one.subtype, one.channels) for one in about} == {("WAV", "PCM_16", 1)}


def test_how_each_was_made_is_written_down(real: Dataset, tmp_path: Path) -> None:
    made = make_spoofs(real, tmp_path / "out", SETTINGS)
    told = pd.read_csv(tmp_path / "out" / SPOOFS_TABLE)
    there = set(made.derived.files["file"])
    assert set(told["file"]) | set(told["source_file"]) == there
    assert all(isinstance(json.loads(text), dict) for text in told["parameters"])
    pairs = dict(zip(made.derived.files["file"], made.derived.files["utterance"], strict=True))
    assert all(pairs[a] == pairs[b] for a, b in zip(told["file"], told["source_file"], strict=True))


def test_bytes_depend_on_seed_and_name_alone(real: Dataset, tmp_path: Path) -> None:
    make_spoofs(real, tmp_path / "all", SETTINGS)
    files = real.read_files()
    fewer = Dataset.create(tmp_path / "fewer", audio=real.root)
    fewer.write_tables(files.iloc[[2, 0]])
    make_spoofs(fewer, tmp_path / "two", SETTINGS)
    everything = contents(tmp_path / "all")
    sounds = {k: v for k, v in contents(tmp_path / "two").items() if k.endswith(".wav")}
    assert len(sounds) == 6
    assert all(everything[name] == content for name, content in sounds.items())
    make_spoofs(real, tmp_path / "other", SpoofSettings(WITHOUT_MORE, per_clip=2, seed=8))
    assert everything != contents(tmp_path / "other")


def test_another_process_makes_the_same(real: Dataset, tmp_path: Path) -> None:
    make_spoofs(real, tmp_path / "here", SETTINGS)
    script = (
        "from pathlib import Path; from src.spoofs import WITHOUT_MORE; "
        "from src.spoofs.make import *; "
        f"make_spoofs(Dataset.open(Path({str(real.root)!r})), Path({str(tmp_path / 'there')!r}), "
        "SpoofSettings(attacks=WITHOUT_MORE, per_clip=2))"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=120)
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


def test_it_goes_on_after_a_stop(
    real: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_spoofs(real, tmp_path / "whole", SETTINGS)
    written = 0
    plain = make.write_waveform

    def full(*given: object) -> None:
        nonlocal written
        written += 1
        if written > 5:
            raise StorageError("no space left")
        plain(*given)

    with monkeypatch.context() as patch:
        patch.setattr(make, "write_waveform", full)
        with pytest.raises(StorageError):
            make_spoofs(real, tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out" / "files-metadata.csv").exists()
    again = make_spoofs(real, tmp_path / "out", SETTINGS)
    assert again.derived.kept == 5
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    with pytest.raises(DatasetError, match="another seed"):
        make_spoofs(real, tmp_path / "out", SpoofSettings(WITHOUT_MORE, per_clip=2, seed=8))


def test_spoofs_of_spoofs_find_a_folder(real: Dataset, tmp_path: Path) -> None:
    once = make_spoofs(real, tmp_path / "once", SpoofSettings(("mel",))).derived.dataset
    twice = make_spoofs(once, tmp_path / "twice", SpoofSettings(("mel",)))
    assert (twice.n_real, twice.n_by_attack) == (4, {"mel": 4})
    assert twice.derived.files["file"].str.startswith("spoofs-2/").sum() == 4
    assert len(twice.derived.files) == 12


def test_bad_clips_are_set_aside(real: Dataset, tmp_path: Path) -> None:
    soundfile.write(real.path("a/1.wav"), np.zeros(16_000), 16_000)
    soundfile.write(real.path("b/3.wav"), np.full(61 * 8_000, 0.1), 8_000)
    made = make_spoofs(real, tmp_path / "out", SETTINGS)
    assert made.n_real == 2
    assert len(made.derived.rejected) == 6
    assert "silent" in made.derived.rejected["a/1.wav"]
    assert "longer than 60 s" in made.derived.rejected["b/3.wav"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "--attacks is empty"),
        ({"attacks": ("griffin",)}, "did you mean griffinlim"),
        ({"attacks": ("mel",), "per_clip": 2}, "--per-clip=2 must lie between 1 and"),
    ],
)
def test_refused(given: dict, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        SpoofSettings(**given)


def test_nothing_real(real: Dataset, tmp_path: Path) -> None:
    real.write_tables(real.read_files().assign(label="spoof"))
    with pytest.raises(DatasetError, match="no bona-fide clip"):
        make_spoofs(real, tmp_path / "out", SETTINGS)
