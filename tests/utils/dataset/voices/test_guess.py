"""Speakers guessed by their voices; what the network says is made up here, but for real clips."""

import sqlite3
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.utils.config import ROOT
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.split import SplitSettings, plan_split
from src.utils.dataset.voices import DATABASE, guess
from src.utils.errors import AudioError

MIXED = ROOT.parent / "shared" / "corpora" / "mixed"


class Heard:
    """Stands for the network: whose voice it is shows by the first sample."""

    def __init__(self) -> None:
        self.n = 0

    def embed(self, waveform: np.ndarray) -> np.ndarray:
        self.n += 1
        number = round(float(waveform[0]) * 100)
        if number > 80:
            raise AudioError("is too noisy")
        vector = np.zeros(256, np.float32)
        vector[number] = 1
        return vector


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    network = Heard()
    monkeypatch.setattr(guess, "load_encoder", lambda: network)
    monkeypatch.setattr(guess, "level_up", lambda waveform: waveform)
    return network


@pytest.fixture
def lay_out(tmp_path: Path, write_audio: Callable) -> Callable[..., Path]:
    """Write clips whose first sample, in hundredths, is the speaker's number."""

    def make(**numbers: int) -> Path:
        for name, number in numbers.items():
            folder, stem = name.split("_", 1)
            waveform = np.full(8_000, number / 100, np.float32)
            write_audio(tmp_path / "d" / folder / f"{stem.replace('_', '/')}.wav", waveform)
        return tmp_path / "d"

    return make


def speakers_of(root: Path) -> dict[str, str]:
    files = Dataset.open(root).read_files()
    return dict(zip(files["file"], files["speaker"], strict=True))


def test_both_classes_are_grouped_together(heard: Heard, lay_out: Callable) -> None:
    root = lay_out(real_1=10, real_2=20, fake_1=20, fake_2=30, fake_3=10)
    scan = generate_tables(root, speaker_from="voice")
    found = speakers_of(root)
    assert found["real/1.wav"] == found["fake/3.wav"]
    assert found["real/2.wav"] == found["fake/1.wav"]
    assert len(set(found.values())) == 3
    endings = {name.rsplit("-", 1)[1] for name in found.values()}
    assert {name.rsplit("-", 1)[0] for name in found.values()} == {
        *("guessed-0001", "guessed-0002", "guessed-0003")
    }
    assert len(endings) == 1 and len(endings.pop()) == 4
    assert set(Dataset.open(root).read_files()["speaker_from"]) == {"guessed"}
    assert "5 clips grouped by 3 voices" in scan.notes[0]
    assert any("guessed from voices, not given" in text for text in scan.warnings)


def test_only_what_is_new_is_heard_again(heard: Heard, lay_out: Callable) -> None:
    root = lay_out(real_1=10, fake_1=20)
    generate_tables(root, speaker_from="voice")
    assert heard.n == 2
    # Remembered, so that the next stage that lists the recordings does not lose the speakers.
    again = generate_tables(root)
    assert heard.n == 2 and all(speakers_of(root).values())
    assert any("--speaker-from=layout takes it back" in text for text in again.notes)
    lay_out(real_9=10)
    generate_tables(root)
    assert heard.n == 3
    (root / DATABASE).unlink()
    generate_tables(root)
    assert heard.n == 6
    generate_tables(root, speaker_from="layout")
    assert set(speakers_of(root).values()) == {""}
    generate_tables(root)
    assert set(speakers_of(root).values()) == {""}


def test_a_group_with_a_named_speaker_takes_the_name(heard: Heard, lay_out: Callable) -> None:
    root = lay_out(real_anna_1=10, fake_anna_1=10, real_2=10, fake_2=30)
    generate_tables(root, speaker_from="voice")
    found = speakers_of(root)
    assert found["real/anna/1.wav"] == found["real/2.wav"] == "anna"
    assert found["fake/2.wav"].startswith("guessed-")
    files = Dataset.open(root).read_files().set_index("file")["speaker_from"]
    assert (files["real/anna/1.wav"], files["real/2.wav"]) == ("given", "guessed")


def test_nobody_is_guessed_where_all_are_named(heard: Heard, lay_out: Callable) -> None:
    root = lay_out(real_anna_1=10, fake_anna_1=10)
    scan = generate_tables(root, speaker_from="voice")
    assert heard.n == 0
    assert "names its speaker already" in scan.notes[0]


def test_what_cannot_be_heard_is_told_and_set_aside(heard: Heard, lay_out: Callable) -> None:
    made = {f"{side}_{n}": n * 10 for side in ("real", "fake") for n in range(1, 6)}
    root = lay_out(**made, real_noise=90)
    (root / "fake" / "broken.wav").write_text("no audio")
    scan = generate_tables(root, speaker_from="voice")
    [told] = [text for text in scan.warnings if "could not be heard" in text]
    assert "2 of 12 clips" in told and "real/noise.wav is too noisy" in told
    files = Dataset.open(root).read_files()
    plan = plan_split(files, SplitSettings())
    assert plan.set_aside == {"whose speaker --speaker-from did not tell": 2}
    assert set(files["file"][plan.splits == ""]) == {"real/noise.wav", "fake/broken.wav"}
    assert any("speakers were guessed from voices" in note for note in plan.notes)
    assert plan.recipe["notes"] == plan.notes


def test_damaged_vectors_are_computed_anew(heard: Heard, lay_out: Callable) -> None:
    root = lay_out(real_1=10, fake_1=20)
    generate_tables(root, speaker_from="voice")
    with sqlite3.connect(root / DATABASE) as database:
        database.execute("UPDATE clips SET vector = x'00' WHERE file = 'real/1.wav'")
    generate_tables(root)
    assert heard.n == 3


@pytest.mark.skipif(not MIXED.is_dir(), reason=f"needs the real recordings of {MIXED}")
@pytest.mark.skipif(find_spec("resemblyzer") is None, reason="needs Resemblyzer")
def test_real_voices_are_told_apart(tmp_path: Path) -> None:
    """Six people of several clips each, real and fake: hardly any is taken for two."""
    table = pd.read_csv(MIXED / "metadata.csv")
    counts = pd.crosstab(table["speaker"], table["label"])
    people = counts[counts.min(axis=1) >= 3].index[:6]
    chosen = table[table["speaker"].isin(people)].groupby(["speaker", "label"]).head(3)
    for number, row in enumerate(chosen.itertuples()):
        side = tmp_path / "d" / ("real" if row.label == "bona-fide" else "fake")
        side.mkdir(parents=True, exist_ok=True)
        (side / f"{number:03d}.flac").symlink_to(MIXED / row.path)
    generate_tables(tmp_path / "d", speaker_from="voice")
    found = speakers_of(tmp_path / "d")
    guessed = {int(Path(file).stem): speaker for file, speaker in found.items()}
    names = pd.DataFrame({"true": chosen["speaker"].tolist()})
    names["guessed"] = [guessed[number] for number in range(len(chosen))]
    # Of the pairs of clips of one person, how many are one guessed person's.
    pairs = names.merge(names, on="true")
    assert (pairs["guessed_x"] == pairs["guessed_y"]).mean() > 0.9
    assert names["guessed"].nunique() >= 4
