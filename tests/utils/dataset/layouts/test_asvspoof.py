"""The ASVspoof layouts: 2019, 2021 and 5."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.layouts.scan import Total
from src.utils.errors import DatasetError

PROTOCOLS = {
    "asvspoof2019": "LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.train.trn.txt",
    "asvspoof2021": "keys/LA/CM/trial_metadata.txt",
    "asvspoof5": "ASVspoof5.eval.track_1.tsv",
}
RECORDINGS = {
    "asvspoof2019": "LA/ASVspoof2019_LA_train/flac/LA_T_1138215.flac",
    "asvspoof2021": "ASVspoof2021_LA_eval/flac/LA_E_9332881.flac",
    "asvspoof5": "flac_E_eval/E_0000000001.flac",
}


def by_stem(files: pd.DataFrame) -> pd.DataFrame:
    return files.assign(stem=[Path(file).stem for file in files["file"]]).set_index("stem")


def test_asvspoof2019(make_corpus: Callable) -> None:
    folder = make_corpus("asvspoof2019")
    scan = scan_folder(folder)
    files = by_stem(scan.files)
    assert len(files) == 7
    columns = ["file", "speaker", "label", "attack", "split", "gender"]
    assert files.loc["LA_T_1138215", columns].tolist() == [
        *("LA/ASVspoof2019_LA_train/flac/LA_T_1138215.flac", "LA_0079", "bona-fide", ""),
        *("train", ""),
    ]
    assert files.loc["LA_D_1340209", columns[1:5]].tolist() == ["LA_0071", "spoof", "A01", "dev"]
    assert files.loc["LA_E_2834763", columns[1:5]].tolist() == ["LA_0039", "spoof", "A11", "eval"]
    assert scan.totals == [
        Total("ASVspoof 2019 LA train, lines listed", 2, 25_380),
        Total("ASVspoof 2019 LA dev, lines listed", 2, 24_844),
        Total("ASVspoof 2019 LA eval, lines listed", 3, 71_237),
    ]
    # The folder LA itself is a data set as well.
    inner = scan_folder(folder / "LA")
    assert inner.files["file"].tolist() == [f[3:] for f in scan.files["file"]]


def test_asvspoof2021(make_corpus: Callable) -> None:
    scan = scan_folder(make_corpus("asvspoof2021"))
    files = by_stem(scan.files)
    assert len(files) == 7
    columns = ["speaker", "label", "attack", "codec", "transmission", "trim", "subset", "split"]
    assert files.loc["LA_E_9332881", columns].tolist() == [
        *("LA_0009", "spoof", "A07", "alaw", "ita_tx", "notrim", "eval", "eval"),
    ]
    columns = ["label", "attack", "codec", "source", "subset", "split", "vocoder"]
    assert files.loc["DF_E_2000011", columns].tolist() == [
        *("spoof", "A14", "nocodec", "asvspoof", "progress", "", "traditional_vocoder"),
    ]
    assert files.loc["DF_E_2000013", columns].tolist() == [
        *("spoof", "Task1-team20", "low_m4a", "vcc2020", "eval", "eval"),
        "neural_vocoder_nonautoregressive",
    ]
    real = files[files["label"] == "bona-fide"]
    assert set(real["attack"]) == {""}
    assert set(real.index) == {"LA_E_6866159", "LA_E_1000000", "DF_E_2000026"}
    assert files["split"].value_counts().to_dict() == {"eval": 4, "": 3}
    # What only one of the two has is empty in the other.
    assert files.loc["LA_E_9332881", ["vocoder", "source"]].tolist() == ["", ""]
    assert files.loc["DF_E_2000011", "transmission"] == ""
    assert scan.totals == [
        Total("ASVspoof 2021 LA eval, lines listed", 2, 148_176),
        Total("ASVspoof 2021 DF eval, lines listed", 2, 533_928),
    ]


def test_asvspoof2021_with_one_of_the_two(make_corpus: Callable) -> None:
    folder = make_corpus("asvspoof2021")
    (folder / "keys/LA/CM/trial_metadata.txt").unlink()
    scan = scan_folder(folder)
    assert len(scan.files) == 3
    assert "transmission" not in scan.files
    assert set(scan.problems.values()) == {"is not listed in keys/DF/CM/trial_metadata.txt"}
    assert len(scan.problems) == 4


def test_asvspoof2021_with_other_subsets(make_corpus: Callable) -> None:
    folder = make_corpus("asvspoof2021")
    path = folder / "keys/LA/CM/trial_metadata.txt"
    text = path.read_text()
    path.write_text(text.replace("trim hidden", "trim hidden_track"))
    assert set(scan_folder(folder).files["subset"]) == {"eval", "progress", "hidden_track"}
    path.write_text(text.replace("notrim eval", "notrim Eval").replace("trim hidden", "trim dev"))
    with pytest.raises(DatasetError) as raised:
        scan_folder(folder)
    message = str(raised.value)
    assert "3 of 4 lines are broken: line 1: unknown subset 'Eval' in 'LA_0009 " in message
    assert "line 4: unknown subset 'dev'" in message
    assert message.endswith("(known subset: progress, eval, hidden)")


@pytest.mark.parametrize("place", ["keys/CM", "CM", "DF/keys/CM", "DF-keys/keys/DF/CM"])
def test_asvspoof2021_with_its_key_elsewhere(make_corpus: Callable, place: str) -> None:
    """Releases of the keys differ in their folders; what a key is shows by its columns."""
    folder = make_corpus("asvspoof2021")
    expected = scan_folder(folder).files
    key = folder / "keys/DF/CM/trial_metadata.txt"
    (folder / place).mkdir(parents=True, exist_ok=True)
    key.rename(folder / place / key.name)
    found = scan_folder(folder)
    pd.testing.assert_frame_equal(found.files, expected)
    # The trials of speaker verification lie beside them under the same name.
    asv = folder / place / "../ASV/trial_metadata.txt"
    asv.parent.mkdir(exist_ok=True)
    asv.write_text("LA_0015 LA_E_1103494 LA_0015 bonafide\n")
    pd.testing.assert_frame_equal(scan_folder(folder).files, expected)
    (folder / "more/CM").mkdir(parents=True)
    (folder / "more/CM/trial_metadata.txt").write_bytes((folder / place / key.name).read_bytes())
    with pytest.raises(
        DatasetError, match=r"two keys of DF, one is .*trial_metadata.txt; keep one"
    ):
        scan_folder(folder)


def test_asvspoof5(make_corpus: Callable) -> None:
    folder = make_corpus("asvspoof5")
    scan = scan_folder(folder)
    files = by_stem(scan.files)
    assert len(files) == 6
    columns = ["speaker", "gender", "label", "attack", "codec", "codec_quality", "attack_tag"]
    assert files.loc["T_0000000000", columns].tolist() == [
        *("T_4850", "F", "spoof", "A05", "-", "-", "AC3"),
    ]
    assert files.loc["E_0000000002", columns].tolist() == [
        *("E_1607", "F", "spoof", "A19", "C05", "3", "AC1"),
    ]
    assert files.loc["T_0000000023", ["label", "attack", "gender"]].tolist() == [
        *("bona-fide", "", "M"),
    ]
    # A coded clip and the one it was made from are one utterance.
    assert files["utterance"].to_dict() == {
        "D_0000000001": "D_0000000001",
        "E_0000000001": "E_0000000001",
        "E_0000000002": "E_0000000001",
        "E_0000000003": "E_0009000000",
        "T_0000000000": "T_0000000000",
        "T_0000000023": "T_0000000023",
    }
    assert files["split"].tolist() == ["dev", "eval", "eval", "eval", "train", "train"]
    assert Total("ASVspoof 5 eval, lines listed", 3, 680_774) in scan.totals


def test_asvspoof5_as_in_the_challenge(make_corpus: Callable) -> None:
    folder = make_corpus("asvspoof5")
    (folder / "ASVspoof5.train.tsv").unlink()
    rows = "T_4850 T_0000000000 F - A05 spoof\nT_1210 T_0000000023 M - bonafide bonafide\n"
    (folder / "ASVspoof5.train.metadata.txt").write_text(rows)
    scan = scan_folder(folder)
    files = by_stem(scan.files)
    assert not scan.problems
    assert files.loc["T_0000000000", ["attack", "utterance", "split", "codec"]].tolist() == [
        *("A05", "T_0000000000", "train", ""),
    ]
    (folder / "ASVspoof5.train.tsv").write_text(rows)
    with pytest.raises(DatasetError, match=r"two protocols of train: ASVspoof5\.train\.tsv, AS.*"):
        scan_folder(folder)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_broken_protocol_is_named(name: str, make_corpus: Callable) -> None:
    folder = make_corpus(name)
    path = folder / PROTOCOLS[name]
    good = path.read_text().splitlines()
    words = {"bonafide": "genuinely", "spoof": "spoofy"}
    unknown = " ".join(words.get(word, word) for word in good[0].split())
    path.write_text("\n".join([*good, f"{good[0]} more", unknown, good[0]]) + "\n")
    with pytest.raises(DatasetError) as raised:
        scan_folder(folder)
    text = str(raised.value)
    first, n_lines = len(good) + 1, len(good) + 3
    assert text.startswith(f"{path}: 3 of {n_lines} lines are broken: line {first}: ")
    assert f"{len(good[0].split()) + 1} columns, not {len(good[0].split())} in" in text
    assert f"line {first + 1}: unknown label '" in text
    assert f"line {first + 2}: {good[0].split()[1]} is listed twice in '{good[0][:60]}" in text


@pytest.mark.parametrize("name", PROTOCOLS)
def test_bona_fide_with_an_attack_is_told(name: str, make_corpus: Callable) -> None:
    folder = make_corpus(name)
    path = folder / PROTOCOLS[name]
    lines = path.read_text().splitlines()
    lines[0] = " ".join("bonafide" if word == "spoof" else word for word in lines[0].split())
    attack = {"asvspoof2021": "A07", "asvspoof5": "A19"}.get(name, "A04")
    if name == "asvspoof2019":
        lines[0] = "LA_0086 LA_T_1138215 - A04 bonafide"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DatasetError) as raised:
        scan_folder(folder)
    told = f"1 of {len(lines)} lines is broken: line 1: bona-fide with the attack {attack} in "
    assert told in str(raised.value)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_missing_and_unlisted_recordings_are_left_out(
    name: str, make_corpus: Callable, make_files: Callable
) -> None:
    folder = make_corpus(name)
    n_files = len(scan_folder(folder).files)
    missing = folder / RECORDINGS[name]
    missing.unlink()
    make_files(folder, "extra/LA_T_0.flac", "extra/LA_T_1.flac")
    scan = scan_folder(folder)
    assert len(scan.files) == n_files - 1
    protocol = PROTOCOLS[name].removeprefix("LA/ASVspoof2019_LA_cm_protocols/")
    assert scan.problems.pop(missing.stem) == f"is listed in {protocol} but missing"
    assert list(scan.problems) == ["extra/LA_T_0.flac", "extra/LA_T_1.flac"]
    assert len(set(scan.problems.values())) == 1
    assert protocol in scan.problems["extra/LA_T_0.flac"]


def test_one_recording_in_two_formats(make_corpus: Callable, make_files: Callable) -> None:
    folder = make_corpus("asvspoof5")
    make_files(folder, "flac_T/T_0000000000.wav")
    scan = scan_folder(folder)
    assert scan.problems == {"flac_T/T_0000000000.wav": "has the name of another recording"}


def test_one_recording_in_two_protocols(make_corpus: Callable) -> None:
    folder = make_corpus("asvspoof5")
    line = (folder / "ASVspoof5.train.tsv").read_text().splitlines()[0]
    with (folder / "ASVspoof5.dev.track_1.tsv").open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(DatasetError, match=r"listed twice: flac_T/T_0000000000\.flac"):
        scan_folder(folder)


def test_protocols_twice(make_corpus: Callable) -> None:
    folder = make_corpus("asvspoof2019")
    (make_corpus("asvspoof2019", "other") / "LA").rename(folder / "LA2")
    with pytest.raises(DatasetError, match=r"cm\.train\.trn\.txt is there twice: .*; keep one"):
        scan_folder(folder)
