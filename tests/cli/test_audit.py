"""Auditing and matching from the command line, on real clips before and after a plant."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from tests.visualize.reading import read_page

PEOPLE = 12


@pytest.fixture(scope="module")
def place(fab, voices, tmp_path_factory):
    """Real clips of 12 people; every spoof is in two channels, and much louder."""
    folder = tmp_path_factory.mktemp("audit")
    rows = ["file,label,speaker,gender"]
    for speaker, gender in sorted(voices)[:PEOPLE]:
        for path, label in voices[speaker, gender]:
            wave, rate = soundfile.read(path, dtype="float32")
            wave = wave[: 2 * rate]
            if label == "spoof":
                wave = np.stack([wave, wave], axis=1) * (0.9 / np.abs(wave).max())
            (folder / "data/audio").mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / "data/audio" / path.name, wave, rate)
            rows.append(f"audio/{path.name},{label},{speaker},{gender}")
    (folder / "data/metadata.csv").write_text("\n".join(rows) + "\n")
    fab("GenerateDatasetCSV", f"--dataset={folder / 'data'}").succeeds()
    return folder


@pytest.fixture(scope="module")
def before(fab, place):
    return fab("AuditDataset", f"--dataset={place / 'data'}", f"--runs={place / 'r'}").succeeds(
        "bona-fide: 24 clips of 12 speakers",
        "spoof: 24 clips",
        "not split yet",
        "flagged: ",
        "channels (EER 0.0%)",
        "audit 0: ",
        "audit.html",
    )


@pytest.fixture(scope="module")
def matched(fab, place, before, hashes):
    source = hashes(place / "data/audio")
    answer = fab("MatchDataset", f"--dataset={place / 'data'}", f"--output={place / 'm'}")
    assert hashes(place / "data/audio") == source
    return answer.succeeds(
        "the classes differed in: ",
        "channels",
        "16-bit mono WAV at 16,000 Hz, loudness rms",
        "48 clips written, 0 already there",
        f"next: fab AuditDataset --dataset={place / 'm'}",
    )


def audit_folder(runs):
    [folder] = runs.glob("audit0_*")
    return folder


def test_before(place, before):
    rows = {
        name: next(line for line in before.out.splitlines() if line.strip().startswith(name))
        for name in ("channels", "peak", "bit depth")
    }
    assert rows["channels"].rstrip().endswith("<- MatchDataset")
    assert rows["peak"].rstrip().endswith("<- NormalizeDataset or MatchDataset")
    assert "<-" not in rows["bit depth"]
    found = json.loads((audit_folder(place / "r") / "audit.json").read_text())
    assert any(flag.startswith("channels") for flag in found["flags"])
    read = read_page(audit_folder(place / "r") / "audit.html")
    assert "channels" in read.text


def test_after(fab, place, matched):
    audit = fab("AuditDataset", f"--dataset={place / 'm'}", f"--runs={place / 'r2'}").succeeds()
    found = json.loads((audit_folder(place / "r2") / "audit.json").read_text())
    flagged = {one["name"] for one in found["shortcuts"] if one["flagged"]}
    planted = {"channels", "rms", "sample_rate", "format", "encoder", "bit_depth", "clipping"}
    assert not flagged & planted
    assert "channels (EER" not in audit.out


def test_matching_again_continues(fab, place, matched):
    again = fab("MatchDataset", f"--dataset={place / 'data'}", f"--output={place / 'm'}")
    again.succeeds("0 clips written, 48 already there")
    fab("MatchDataset", f"--dataset={place / 'data'}", f"--output={place / 'm'}", "--seed=8").fails(
        1, "another seed", "--output"
    )


def test_every_setting(fab, place, table, tmp_path):
    fab(
        *("MatchDataset", f"--dataset={place / 'data'}", f"--output={tmp_path / 'out'}"),
        *("--sample-rate=8000", "--low-pass=match", "--silence=shorten", "--duration=match"),
        *("--noise=match", "--clipped=reject", "--loudness=lufs", "--target=-30", "--seed=1"),
    ).succeeds(
        "8,000 Hz, loudness lufs, low-pass match, silence shorten, duration match, noise match, "
        "clipped reject"
    )
    rows = table(tmp_path / "out/files-metadata.csv")
    assert {row["sample_rate"] for row in rows} == {"8000"}
    assert {row["file"].rsplit(".", 1)[1] for row in rows} == {"wav"}


def test_a_split_is_looked_at(fab, place, before, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(place / "data", data)
    here = f"--dataset={data}"
    fab("SplitDataset", here, "--pretext=0").succeeds()
    audit = ("AuditDataset", here, f"--runs={tmp_path / 'r'}")
    answer = fab(*audit).succeeds("clips with a match in an earlier split", "test after both")
    assert "<- leak" not in answer.out
    train, test = (
        data / f"splits/by_file/files-downstream_{name}.csv" for name in ("train", "test")
    )
    header, moved, *rest = train.read_text().splitlines()
    train.write_text("\n".join([header, *rest]) + "\n")
    test.write_text(test.read_text() + moved + "\n")
    fab(*audit).succeeds("<- leak", "speaker in 1 clips")


def test_training_tells_of_the_audit(fab, place, before, tmp_path):
    data, runs = f"--dataset={place / 'data'}", f"--runs={tmp_path / 'r'}"
    at = f"--embeddings={tmp_path / 'e'}"
    split = place / "data/splits"
    fab("SplitDataset", data, "--pretext=0", "GenerateEmbeddings", data, "--backbone=acoustic", at)
    train = ("TrainModel", "--backbone=acoustic", "--classifier=svm", "--layer=0", at)
    fab(*train, runs).succeeds("not audited: fab AuditDataset", "run 0")
    told = fab(*train, f"--runs={place / 'r'}").succeeds(
        "warning: audit 0 (", ") flags ", "channels (EER 0.0%)"
    )
    assert str(audit_folder(place / "r") / "audit.html") in told.out
    shutil.rmtree(split)


def test_pipeline_matches(fab, place, before, tmp_path, hashes):
    data = tmp_path / "data"
    shutil.copytree(place / "data", data)
    (data / "inspection.sqlite").unlink()
    source = hashes(data / "audio")
    command = (
        *("RunPipeline", f"--dataset={data}", "--normalize=match", "--trials=0"),
        *("--folds=3", "--fold=1"),
        *("--classifier=svm", f"--embeddings={tmp_path / 'e'}", f"--runs={tmp_path / 'r'}"),
    )
    first = fab(*command).succeeds("== MatchDataset", "== AuditDataset", "Result", "channels")
    assert "== NormalizeDataset" not in first.out
    assert hashes(data / "audio") == source
    assert {
        soundfile.info(path).channels for path in (tmp_path / "data-matched").rglob("*.wav")
    } == {1}
    audit = first.out.split("== AuditDataset")[1].split("== GenerateEmbeddings")[0]
    assert "channels (EER" not in audit
    assert "audit.html" in audit
    # Flags of a split are the pipeline's too.
    recipe = json.loads((tmp_path / "data-matched/splits/split.json").read_text())
    assert (recipe["folds"], recipe["fold"], recipe["shares"]["pretext"]) == (3, 1, 0.0)
