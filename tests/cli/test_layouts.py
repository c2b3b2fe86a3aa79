"""Public corpora from the command line."""

import shutil

import pytest


@pytest.fixture
def asvspoof2019(voices, tmp_path):
    """A tiny ASVspoof 2019 LA of real recordings."""
    folder = tmp_path / "LA"
    names = {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}
    protocols = folder / "ASVspoof2019_LA_cm_protocols"
    protocols.mkdir(parents=True)
    people = iter(voices.values())
    for part, name in names.items():
        audio = folder / f"ASVspoof2019_LA_{part}" / "flac"
        audio.mkdir(parents=True)
        lines = []
        for person in range(2):
            for number, (path, label) in enumerate(next(people)):
                clip = f"LA_{part[0].upper()}_{person}{number:06d}"
                shutil.copy(path, audio / f"{clip}.flac")
                key = "- bonafide" if label == "bona-fide" else "A06 spoof"
                lines.append(f"LA_{part[0]}{person:03d} {clip} - {key}")
        (protocols / f"ASVspoof2019.LA.cm.{name}.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_asvspoof2019_is_listed_measured_and_split(fab, asvspoof2019, table):
    data = f"--dataset={asvspoof2019}"
    fab("GenerateDatasetCSV", data).succeeds(
        "layout asvspoof2019: 12 bona-fide clips of 6 speakers, 12 spoof clips of 6 speakers",
        "warning: ASVspoof 2019 LA train, lines listed: 8, and 25,380 published",
    )
    rows = table(asvspoof2019 / "files-metadata.csv")
    assert len(rows) == 24
    assert {row["split"] for row in rows} == {"train", "dev", "eval"}
    assert {row["attack"] for row in rows if row["label"] == "spoof"} == {"A06"}
    fab("AddDatasetDuration", data).succeeds("24 clips")
    fab("SplitDataset", data, "--strategy=column").succeeds()
    tested = table(asvspoof2019 / "splits/by_file/files-downstream_test.csv")
    assert {row["speaker"] for row in tested} == {"LA_e000", "LA_e001"}


def test_what_is_missing_is_counted(fab, asvspoof2019, table):
    data = f"--dataset={asvspoof2019}"
    shutil.rmtree(asvspoof2019 / "ASVspoof2019_LA_eval")
    fab("GenerateDatasetCSV", data).succeeds(
        "left out: 8",
        "LA_E_0000000 is listed in ASVspoof2019.LA.cm.eval.trl.txt but missing (and 7 more)",
    )
    assert len(table(asvspoof2019 / "rejected.csv")) == 8


def test_a_broken_protocol_is_one_line(fab, asvspoof2019):
    path = asvspoof2019 / "ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.dev.trl.txt"
    path.write_text(path.read_text() + "LA_d000 LA_D_9 - A06\nLA_d000 LA_D_8 - A06 fake?\n")
    fab("GenerateDatasetCSV", f"--dataset={asvspoof2019}").fails(
        1, f"GenerateDatasetCSV: {path}: 2 of 10 lines are broken", "line 9: 4 columns, not 5"
    )
    assert not (asvspoof2019 / "files-metadata.csv").exists()


def test_mlaad_with_its_bona_fide_side(fab, tmp_path, table):
    system, book = tmp_path / "mlaad/fake/de/vits", tmp_path / "ailabs/de_DE/by_book/male/karl/haus"
    (book / "wavs").mkdir(parents=True)
    system.mkdir(parents=True)
    (system / "a.wav").write_bytes(b"")
    (book / "wavs/b.wav").write_bytes(b"")
    original = "./de_DE/by_book/male/karl/haus/wavs/b.wav"
    rows = ["path|original_file|model_name", f"./fake/de/vits/a.wav|{original}|vits"]
    (system / "meta.csv").write_text("\n".join(rows) + "\n")
    data = f"--dataset={tmp_path / 'mlaad'}"
    told = "1 bona-fide clips of 1 speakers, 1 spoof clips"
    fab("GenerateDatasetCSV", data, f"--bona-fide={tmp_path / 'ailabs'}").succeeds(told)
    fab("GenerateDatasetCSV", data).succeeds(told)
    files = table(tmp_path / "mlaad/files-metadata.csv")
    assert {row["utterance"] for row in files} == {original.removeprefix("./")}
    assert files[0]["file"] == "bona-fide/de_DE/by_book/male/karl/haus/wavs/b.wav"
    fab("GenerateDatasetCSV", data, f"--bona-fide={tmp_path / 'gone'}").fails(1, tmp_path / "gone")
