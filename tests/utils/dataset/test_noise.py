"""Copies in which every recording has gone through a chain of augmentations."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import soundfile

from src.utils.audio.augmentations import AUGMENTATIONS
from src.utils.audio.augmentations.augmentation import Augmentation, Material, Parameters, Place
from src.utils.audio.augmentations.chain import Recipe
from src.utils.dataset import derive, noise
from src.utils.dataset.babble_voices import part_of_files
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.derive import AUGMENTATIONS_TABLE, Derived
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.noise import add_noise
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.errors import ArgumentError, AudioError, DatasetError
from src.utils.tables import read_csv
from tests.utils.audio.encodings import ENCODINGS, write
from tests.utils.dataset.recordings import KINDS, hashes, sounds

LOSSLESS = [file for file in KINDS if file[0] not in "cd"]
BOTH = Recipe(("white", "gain"), (1, 2))


def white(low: float, high: float | None = None) -> Recipe:
    return Recipe(("white",), material=Material(snr_db=(low, low if high is None else high)))


def told(derived: Derived) -> pd.DataFrame:
    return read_csv(derived.dataset.root / AUGMENTATIONS_TABLE).set_index("file")


def dataset_of(folder: Path, rows: list[str]) -> Dataset:
    (folder / "metadata.csv").write_text("\n".join(["file,label,speaker", *rows]) + "\n")
    generate_tables(folder)
    return Dataset.open(folder)


def added(old: Path, new: Path, gain_db: str) -> np.ndarray:
    return sounds(new) / 10 ** (float(gain_db) / 20) - sounds(old)


def snr_of(old: Path, new: Path, gain_db: str) -> float:
    rest = added(old, new, gain_db)
    return 10 * np.log10((sounds(old) ** 2).sum() / (rest**2).sum())


def test_noise_is_what_was_asked_for(source: Dataset, tmp_path: Path) -> None:
    before = hashes(source.root)
    exact = add_noise(source, tmp_path / "exact", white(12))
    drawn = add_noise(source, tmp_path / "drawn")
    assert hashes(source.root) == before
    ratios = []
    for file in LOSSLESS:
        rate, channels, subtype, _ = KINDS[file]
        info = soundfile.info(tmp_path / "drawn" / file)
        assert (info.samplerate, info.channels, info.subtype) == (rate, channels, subtype)
        found = [
            snr_of(source.path(file), one.dataset.path(file), told(one).loc[file, "gain_db"])
            for one in (exact, drawn)
        ]
        [step] = json.loads(told(drawn).loc[file, "parameters"])
        assert found == pytest.approx([12, step["snr_db"]], abs=0.1)
        ratios.append(step["snr_db"])
    assert all(5 <= ratio <= 20 for ratio in ratios)
    assert max(ratios) - min(ratios) > 1
    assert exact.files["file"].tolist() == drawn.files["file"].tolist() == sorted(KINDS)
    assert set(drawn.rejected) == {"silent.wav", "broken.wav"}


def test_noise_is_white_and_no_copy(source: Dataset, tmp_path: Path) -> None:
    table = told(add_noise(source, tmp_path / "out", white(10)))
    rests = [
        added(source.path(file), tmp_path / "out" / file, table.loc[file, "gain_db"])
        for file in ("a/pcm16.wav", "float.wav")
    ]
    spectrum = np.abs(np.fft.rfft(rests[0][:, 0])) ** 2
    halves = spectrum[: len(spectrum) // 2].mean(), spectrum[len(spectrum) // 2 :].mean()
    assert max(halves) / min(halves) < 1.3
    # Two channels get noise of their own.
    assert abs(np.corrcoef(rests[1].T)[0, 1]) < 0.1


def test_a_chain_depends_on_seed_and_name_alone(source: Dataset, tmp_path: Path) -> None:
    one = told(add_noise(source, tmp_path / "one", BOTH, seed=7))
    other = told(add_noise(source, tmp_path / "other", BOTH, seed=8))
    assert one.index.tolist() == sorted(KINDS)
    files = source.read_files()
    # Fewer files, in another order.
    source.write_tables(files[files["file"].isin(LOSSLESS[:3])].iloc[::-1])
    part = told(add_noise(source, tmp_path / "part", BOTH, seed=7))
    assert part.index.tolist() == source.read_files()["file"].tolist()
    assert part.equals(one.loc[part.index])
    for file in LOSSLESS[:3]:
        sound = sounds(tmp_path / "one" / file)
        np.testing.assert_array_equal(sound, sounds(tmp_path / "part" / file))
        assert np.abs(sound - sounds(tmp_path / "other" / file)).max() > 1e-3
    assert not (one["parameters"] == other["parameters"]).any()


def test_two_files_of_one_sound_get_different_noise(
    tmp_path: Path, voice: Callable, write_audio: Callable
) -> None:
    folder = tmp_path / "release"
    for name in "ab":
        write_audio(folder / f"{name}.wav", voice(0.2, seed=1))
    source = dataset_of(folder, ["a.wav,real,x", "b.wav,fake,x"])
    add_noise(source, tmp_path / "out", white(10))
    one, other = sounds(tmp_path / "out" / "a.wav"), sounds(tmp_path / "out" / "b.wav")
    assert np.abs(one - other).max() > 1e-3


def test_nothing_clips(tmp_path: Path, write_audio: Callable) -> None:
    folder = tmp_path / "release"
    loud = 0.99 * np.sign(np.sin(np.arange(8000) / 20)).astype(np.float32)
    for name, subtype in (("a", "PCM_16"), ("b", "FLOAT")):
        write_audio(folder / f"{name}.wav", loud, subtype=subtype)
    write_audio(folder / "c.wav", loud / 50)
    write_audio(folder / "d.wav", np.stack([loud, loud / 10], axis=1))
    source = dataset_of(
        folder, [f"{name}.wav,{'fake' if name > 'a' else 'real'},x" for name in "abcd"]
    )
    derived = add_noise(source, tmp_path / "out", white(5))
    assert derived.limited == 3
    assert derived.limit == "voice and noise were turned down together"
    table = told(derived)
    for file in ("a.wav", "b.wav", "d.wav"):
        new, gain = sounds(tmp_path / "out" / file), float(table.loc[file, "gain_db"])
        assert 0.9 < np.abs(new).max() < 0.999
        assert gain < -1
        assert derived.files.set_index("file").loc[file, "amplitude"] == pytest.approx(
            np.abs(new).max(), abs=1e-3
        )
        # By one gain in all channels.
        for old, changed in zip(sounds(folder / file).T, new.T, strict=True):
            rest = changed / 10 ** (gain / 20) - old
            assert 10 * np.log10((old**2).sum() / (rest**2).sum()) == pytest.approx(5, abs=0.1)
    assert float(table.loc["c.wav", "gain_db"]) == 0


FORMS = {
    # file: (rate, channels, libsndfile's format, subtype)
    "stereo.flac": (44_100, 2, "FLAC", "PCM_24"),
    "telephone.wav": (8_000, 1, "WAV", "ULAW"),
    "studio.wav": (96_000, 1, "WAV", "PCM_24"),
    "aac.m4a": (44_100, 1, "WAV", "PCM_16"),
}


def test_every_form_keeps_rate_channels_and_length(
    tmp_path: Path, voice: Callable, write_audio: Callable
) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    for file, (rate, channels, _, subtype) in FORMS.items():
        wave = np.stack([voice(0.5, rate, seed) for seed in range(channels)], axis=1)
        if file.endswith("m4a"):
            [encoding] = [one for one in ENCODINGS if one.name == file]
            write(folder / file, voice(0.5, encoding.rate), encoding)
        else:
            write_audio(folder / file, wave, rate, subtype)
    for rate in (4_000, 192_000):
        write_audio(folder / f"{rate}.wav", voice(0.5, rate), rate)
    names = [*FORMS, "4000.wav", "192000.wav"]
    source = dataset_of(folder, [f"{name},{'real' if name < 'm' else 'fake'},x" for name in names])
    derived = add_noise(source, tmp_path / "out", white(15))
    for rate in (4_000, 192_000):
        reason = f"has a sample rate of {rate:,} Hz, and noise is added at 8,000 to 96,000 Hz"
        assert derived.rejected.pop(f"{rate}.wav") == f"{reason}: resample it"
    assert derived.rejected == {}
    table = told(derived)
    assert set(table.index) == {"stereo.flac", "telephone.wav", "studio.wav", "aac.wav"}
    for file, (rate, channels, form, subtype) in FORMS.items():
        new = tmp_path / "out" / file.replace("m4a", "wav")
        info = soundfile.info(new)
        if file != "aac.m4a":
            assert info.samplerate == rate
            assert info.frames == soundfile.info(folder / file).frames
            gain = table.loc[file, "gain_db"]
            assert snr_of(folder / file, new, gain) == pytest.approx(15, abs=0.1)
        assert (info.channels, info.format, info.subtype) == (channels, form, subtype)


def test_a_resumed_copy_has_the_same_bytes(
    source: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_noise(source, tmp_path / "whole", BOTH)

    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(derive, "require_some", killed)
        with pytest.raises(Killed):
            add_noise(source, tmp_path / "out", BOTH)
    assert not (tmp_path / "out" / AUGMENTATIONS_TABLE).exists()
    (tmp_path / "out" / "b.flac").unlink()
    again = add_noise(source, tmp_path / "out", BOTH)
    assert again.kept == len(KINDS) - 1
    wholes, others = (hashes(tmp_path / name) for name in ("whole", "out"))
    # libsndfile writes the time into a WAV of floats, and a number it draws into an Ogg stream.
    for file in {*KINDS, AUGMENTATIONS_TABLE, "files-metadata.csv"} - {"c.ogg", "float.wav"}:
        assert wholes[file][0] == others[file][0], file
    assert add_noise(source, tmp_path / "out", BOTH).kept == len(KINDS)
    assert hashes(tmp_path / "out")[AUGMENTATIONS_TABLE][0] == wholes[AUGMENTATIONS_TABLE][0]


def test_chains_are_of_the_length_and_kinds_asked_for(source: Dataset, tmp_path: Path) -> None:
    chains = set(told(add_noise(source, tmp_path / "out", BOTH))["chain"])
    assert chains <= {"white", "gain", "white+gain"}
    assert len(chains) > 1
    both = told(add_noise(source, tmp_path / "both", Recipe(("gain", "white"), (2, 2))))
    assert set(both["chain"]) == {"white+gain"}
    steps = json.loads(both["parameters"].iloc[0])
    assert [step["kind"] for step in steps] == ["white", "gain"]


def test_another_recipe_is_refused(source: Dataset, tmp_path: Path) -> None:
    add_noise(source, tmp_path / "out", BOTH)
    with pytest.raises(DatasetError, match="made with another steps"):
        add_noise(source, tmp_path / "out", Recipe(BOTH.kinds, (2, 2)))
    with pytest.raises(DatasetError, match="made with another kinds, snr_db, steps"):
        add_noise(source, tmp_path / "out", white(5))
    with pytest.raises(DatasetError, match="made with another noises"):
        noisy = Material(noises=tmp_path)
        add_noise(source, tmp_path / "out", Recipe(BOTH.kinds, BOTH.steps, noisy))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"kinds": ("whit",)}, "--kind=whit is not one of .*; did you mean white?"),
        ({"kinds": ("white", "white")}, "--kind=white,white: name each kind once"),
        ({"kinds": ("white",), "steps": (1, 2)}, r"--steps=1..2 must lie between 1 and .*, 1"),
        (
            {"kinds": ("white",), "material": Material(snr_db=(20.0, 5.0))},
            r"--snr-db=20..5 is empty: the lower ratio comes first",
        ),
    ],
)
def test_a_recipe_that_means_nothing_is_refused(asked: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Recipe(**asked)


def test_what_is_too_long_is_not_read(
    source: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noise, "_MOST_SAMPLES", 36_000)
    derived = add_noise(source, tmp_path / "out")
    assert derived.rejected["float.wav"].startswith("is longer than 0.0 h at 44,100 Hz and 2 ch")
    assert len(derived.files) == len(KINDS) - 1


class Half(Augmentation):
    """Keeps the first half."""

    name: ClassVar[str] = "half"
    place: ClassVar[Place] = Place.VOICE
    about: ClassVar[str] = "cut"
    keeps_length: ClassVar[bool] = False

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw nothing."""
        return {}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Cut it."""
        return waveform[: len(waveform) // 2]


class Overheard(Augmentation):
    """Tells which voices it was given."""

    name: ClassVar[str] = "babble"
    place: ClassVar[Place] = Place.NOISE
    about: ClassVar[str] = "told"

    def __init__(self, material: Material) -> None:
        super().__init__(material)
        if len(material.voices) < 2:
            raise ArgumentError("--kind=babble needs 2 voices")

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Tell them, and who speaks."""
        return {"voices": " ".join(voice.file for voice in self.material.voices), "by": speaker}

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Leave it as it is."""
        return waveform


@pytest.fixture
def more_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Half, Overheard):
        monkeypatch.setitem(AUGMENTATIONS.places, kind.name, f"{__name__}:{kind.__name__}")


@pytest.mark.usefixtures("more_kinds")
def test_a_new_length_is_in_the_table(source: Dataset, tmp_path: Path) -> None:
    derived = add_noise(source, tmp_path / "out", Recipe(("half",)))
    table = derived.dataset.read_files().set_index("file")
    for file, (rate, *_) in KINDS.items():
        assert table.loc[file, "duration"] == pytest.approx(0.25, abs=0.1)
        if file in LOSSLESS:
            assert soundfile.info(derived.dataset.path(file)).frames == round(0.5 * rate) // 2


@pytest.fixture
def people(tmp_path: Path, voice: Callable, write_audio: Callable) -> Dataset:
    """Twelve people, of whom each has a bona-fide and a spoofed recording."""
    folder, rows = tmp_path / "people", []
    for person in range(12):
        for label in ("real", "fake"):
            write_audio(folder / f"{label}{person}.wav", voice(0.05, seed=person))
            rows.append(f"{label}{person}.wav,{label},p{person}")
    return dataset_of(folder, rows)


def voices_by_file(derived: Derived) -> dict[str, set[str]]:
    table = told(derived)["parameters"]
    return {file: set(json.loads(text)[0]["voices"].split()) for file, text in table.items()}


@pytest.mark.usefixtures("more_kinds")
def test_babble_is_of_the_same_split(people: Dataset, tmp_path: Path) -> None:
    babble = Recipe(("babble",))
    files = people.read_files()
    everybody = {f"real{person}.wav" for person in range(12)}
    whole = voices_by_file(add_noise(people, tmp_path / "whole", babble))
    assert all(voices == everybody for voices in whole.values())
    split_dataset(people, SplitSettings(shares=Shares(0.0, 0.8, 0.2, 0.5, 0.25, 0.25)))
    parts = part_of_files(people, files).set_axis(files["file"])
    assert parts.nunique() == 3
    heard = voices_by_file(add_noise(people, tmp_path / "split", babble))
    for file, voices in heard.items():
        assert voices == {one for one in everybody if parts[one] == parts[file]}
    # Who is heard in which recording changes with the split.
    with pytest.raises(DatasetError, match="made with another voices"):
        add_noise(people, tmp_path / "whole", babble)
    # White noise does not ask.
    shutil.rmtree(people.root / "splits")
    assert len(add_noise(people, tmp_path / "white").files) == 24


@pytest.mark.usefixtures("more_kinds")
def test_a_split_of_too_few_voices_is_named(people: Dataset, tmp_path: Path) -> None:
    split_dataset(people, SplitSettings(shares=Shares(0.0, 0.8, 0.2, 0.8, 0.1, 0.1)))
    babble = Recipe(("babble",))
    with pytest.raises(ArgumentError, match=r"babble needs 2 voices in the split downstream_"):
        add_noise(people, tmp_path / "out", babble)
    assert not (tmp_path / "out").exists()
    # Clips that were set aside do not stop the others.
    split_dataset(people, SplitSettings(shares=Shares(0.0, 0.8, 0.2, 0.5, 0.25, 0.25)))
    for table in (people.root / "splits/by_file").glob("files-downstream_train.csv"):
        kept = pd.read_csv(table, dtype=str, keep_default_na=False)
        aside = kept["speaker"] == kept["speaker"].iloc[0]
        kept[~aside].to_csv(table, index=False)
    derived = add_noise(people, tmp_path / "out", babble)
    assert len(derived.files) == 22
    assert set(derived.rejected.values()) == {
        "is in no split, and --kind=babble needs 2 voices there"
    }


def test_a_kind_without_its_material_is_refused_before_anything_is_written(
    people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lacking(Half):
        def __init__(self, material: Material) -> None:
            raise ArgumentError("--kind=half needs --noises=FOLDER")

    monkeypatch.setitem(AUGMENTATIONS.places, "half", f"{__name__}:Half")
    monkeypatch.setattr(f"{__name__}.Half", Lacking)
    with pytest.raises(ArgumentError, match="--noises=FOLDER"):
        add_noise(people, tmp_path / "out", Recipe(("half",)))
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("more_kinds")
def test_a_recording_that_cannot_be_changed_is_set_aside(
    people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AudioError("is too short to be cut")

    monkeypatch.setattr(Half, "apply", refuse)
    derived = add_noise(people, tmp_path / "out", Recipe(("half", "white"), (1, 1)))
    assert set(derived.rejected.values()) == {"is too short to be cut"}
    assert set(told(derived)["chain"]) == {"white"}
    assert len(derived.files) + len(derived.rejected) == 24
