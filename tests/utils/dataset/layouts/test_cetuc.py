"""The CETUC + fake_voices layout."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from src.utils.dataset.layouts import cetuc, scan_folder
from src.utils.dataset.layouts.scan import Total
from src.utils.dataset.layouts.unread import Aside
from src.utils.errors import DatasetError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_names_and_ids(tmp_path: Path) -> None:
    people = {
        "Paula_F026": ("F", "F026"),
        "Maria_Clara_F001": ("F", "F001"),
        "José_M7": ("M", "M7"),
        "Ávila_d_Ouro_M010": ("M", "M010"),
        "Anne-Marie_F3": ("F", "F3"),
    }
    for name in people:
        touch(tmp_path / "real_voices" / name / "a.wav")
        touch(tmp_path / "fake_voices" / f"{name}_Fake" / "a.wav")
    scan = scan_folder(tmp_path)
    assert scan.layout == "cetuc"
    assert not scan.problems
    assert len(scan.files) == 2 * len(people)
    for name, (gender, number) in people.items():
        rows = scan.files[scan.files["speaker"] == name].sort_values("label")
        assert rows["label"].tolist() == ["bona-fide", "spoof"]
        assert set(rows["gender"]) == {gender}
        assert set(rows["id"]) == {number}
    real = f"real_voices/{'Paula_F026'}/a.wav"
    assert scan.files.set_index("file").loc[real, "label"] == "bona-fide"
    assert scan.files["file"].is_monotonic_increasing


def test_every_format_in_any_case(tmp_path: Path) -> None:
    folder = tmp_path / "real_voices" / "Ana_F001"
    touch(*(folder / f"{n}{s}" for n, s in enumerate((".wav", ".flac", ".OGG", ".mp3", ".WAV"))))
    (tmp_path / "fake_voices").mkdir()
    assert len(scan_folder(tmp_path).files) == 5


def test_what_is_left_out_is_listed(tmp_path: Path) -> None:
    real, fake = tmp_path / "real_voices", tmp_path / "fake_voices"
    touch(
        real / "Ana_F001" / "a.wav",
        real / "Ana_F001" / "notes.txt",
        real / "Ana_F001" / "memo.xyz",
        tmp_path / "loose.wav",
        tmp_path / "other" / "a.wav",
        real / "Ana_F001" / "deep" / "b.wav",
        real / "Ana_F001" / ".DS_Store",
        real / ".hidden" / "a.wav",
        real / "Ana_X001" / "a.wav",
        real / "Ana" / "a.wav",
        real / "Bia_F002_Fake" / "a.wav",
        real / "loose.wav",
        fake / "Ana_F001" / "a.wav",
        fake / "Caio_M003_Fake" / "readme.md",
    )
    (real / "Empty").mkdir()
    scan = scan_folder(tmp_path)
    assert scan.files["file"].tolist() == ["real_voices/Ana_F001/a.wav"]
    assert scan.problems == {
        "real_voices/Ana_F001/memo.xyz": "is not a kind of recording that is read (.xyz)",
        "real_voices/Ana_F001/deep/b.wav": "is in a folder below a person's",
        "real_voices/Ana_X001/a.wav": "is in a folder that does not parse as Name_F001",
        "real_voices/Ana/a.wav": "is in a folder that does not parse as Name_F001",
        "real_voices/Bia_F002_Fake/a.wav": "is in a folder that does not parse as Name_F001",
        "real_voices/Empty": "does not parse as Name_F001",
        "real_voices/loose.wav": "is not in a person's folder",
        "fake_voices/Ana_F001/a.wav": "is in a folder that does not parse as Name_F001_Fake",
        "fake_voices/Caio_M003_Fake": "holds no recording",
        "loose.wav": "is in neither real_voices nor fake_voices",
        "other/a.wav": "is in neither real_voices nor fake_voices",
    }
    assert scan.aside == Aside(Counter(txt=1, md=1), 2)


def test_a_fake_is_tied_to_the_clip_of_its_name(tmp_path: Path, make_cetuc: Callable) -> None:
    files = scan_folder(make_cetuc(tmp_path / "c", ("Ana_F001", "Bia_F002"))).files
    utterance = files.set_index("file")["utterance"]
    assert utterance["real_voices/Ana_F001/01.wav"] == "Ana_F001/01"
    assert utterance["fake_voices/Ana_F001_Fake/01.wav"] == "Ana_F001/01"
    assert utterance["fake_voices/Bia_F002_Fake/01.wav"] == "Bia_F002/01"


@pytest.mark.parametrize(("n_published", "told"), [(33, False), (32, True)])
def test_the_size_is_told_of_what_may_be_the_corpus(
    tmp_path: Path,
    make_cetuc: Callable,
    monkeypatch: pytest.MonkeyPatch,
    n_published: int,
    told: bool,
) -> None:
    monkeypatch.setattr(cetuc, "_N_CLIPS", n_published)
    totals = scan_folder(make_cetuc(tmp_path / "c")).totals
    assert bool(totals) == told
    if told:
        assert totals == [
            Total("CETUC and its fakes, clips found", 16, 32),
            Total("CETUC and its fakes, speakers found", 4, 101),
        ]


@pytest.mark.parametrize("side", ["real_voices", "fake_voices"])
def test_a_missing_side_is_named(tmp_path: Path, side: str) -> None:
    other = {"real_voices": "fake_voices", "fake_voices": "real_voices"}[side]
    (tmp_path / other).mkdir()
    with pytest.raises(DatasetError, match=f"no folder {side}"):
        scan_folder(tmp_path)


def test_nothing_found(tmp_path: Path) -> None:
    (tmp_path / "real_voices" / "Ana").mkdir(parents=True)
    (tmp_path / "fake_voices").mkdir()
    with pytest.raises(DatasetError, match=r"no recording found in .* real_voices/Ana"):
        scan_folder(tmp_path)


def test_attacks(tmp_path: Path, make_cetuc: Callable) -> None:
    folder = make_cetuc(tmp_path / "c", ("Ana_F001",))
    rows = ["fake_voices/Ana_F001_Fake/00.wav,griffin", "real_voices/Ana_F001/00.wav,wrong"]
    (folder / "attacks.csv").write_text("\n".join(["file,attack", *rows]) + "\n")
    attack = scan_folder(folder).files.set_index("file")["attack"]
    assert attack["fake_voices/Ana_F001_Fake/00.wav"] == "griffin"
    assert attack["fake_voices/Ana_F001_Fake/01.wav"] == ""
    # A bona-fide recording was made by no system, whatever the list says.
    assert attack["real_voices/Ana_F001/00.wav"] == ""
    (folder / "attacks.csv").write_text("file,system\n")
    with pytest.raises(DatasetError, match="columns file,attack"):
        scan_folder(folder)
