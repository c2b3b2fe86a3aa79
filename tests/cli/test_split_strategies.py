"""The ways to divide a data set, on real clips up to a trained and tested detector."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest
import soundfile

pytestmark = pytest.mark.slow

MIXED = Path(__file__).resolve().parents[2].parent / "shared" / "corpora" / "mixed"
COLUMNS = ("path", "label", "speaker", "gender", "attack", "source", "language", "split")
VOCODERS = ("world-copysynth", "griffinlim-mel80")
PARTS = {"train": 14, "dev": 6}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Real clips of people who have bona-fide ones and copies by one of two vocoders at least.

    `train` and `dev` in `known`, `eval` alone in `unknown`: a benchmark's test part.
    """
    if not (MIXED / "metadata.csv").is_file():
        pytest.skip(f"needs the real recordings of {MIXED}")
    people = defaultdict(lambda: defaultdict(list))
    with (MIXED / "metadata.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["attack"] in ("-", *VOCODERS) and row["gender"] in ("M", "F"):
                people[row["split"], row["speaker"]][row["attack"]].append(row)
    folder = tmp_path_factory.mktemp("strategies")
    wanted = PARTS | {"eval": 6}
    rows = {"known": [], "unknown": []}
    for (part, _), clips in sorted(people.items(), key=lambda item: -len(item[1])):
        if "-" not in clips or len(clips) < 2:
            continue
        # The unknown corpus is made of further people of dev.
        name = part if wanted[part] else "eval" if part == "dev" and wanted["eval"] else None
        if name is None:
            continue
        wanted[name] -= 1
        where = "unknown" if name == "eval" else "known"
        for attack in clips:
            rows[where] += [clip | {"split": name} for clip in clips[attack][:2]]
    assert not any(wanted.values()), wanted
    for where, clips in rows.items():
        (folder / where / "audio").mkdir(parents=True)
        for clip in clips:
            # A second does: nothing is asked of how good a detector is.
            samples, rate = soundfile.read(MIXED / clip["path"])
            soundfile.write(folder / where / clip["path"], samples[:rate], rate)
        with (folder / where / "metadata.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(clips)
    return folder


@pytest.fixture(scope="module")
def whole(fab, corpus) -> tuple[str, str]:
    """The known corpus, listed and embedded as a whole; every split takes its vectors from it."""
    where = f"--dataset={corpus / 'known'}", f"--embeddings={corpus / 'e'}"
    fab(
        *("GenerateDatasetCSV", where[0]),
        *("GenerateEmbeddings", "--backbone=acoustic", "--splits=full", *where),
    ).succeeds()
    return where


def train_and_test(fab, where: tuple[str, str], runs: Path) -> dict:
    names = ("--backbone=acoustic", "--classifier=svm", where[1], f"--runs={runs}")
    answer = fab("GenerateEmbeddings", "--backbone=acoustic", *where).succeeds()
    assert answer.out.count(" 0 computed") == 3, answer.out
    fab("TrainModel", *names, "--layer=0").succeeds("validation EER")
    fab("TestModel", *names).succeeds("EER")
    [results] = runs.glob("run0_*/test_results.json")
    return json.loads(results.read_text())


def split_of(table, corpus: Path, name: str) -> list[dict]:
    return table(corpus / f"known/splits/by_file/files-downstream_{name}.csv")


def test_a_held_out_attack_is_only_tested(fab, corpus, whole, table):
    answer = fab("SplitDataset", whole[0], "--hold-out=attack:griffinlim-mel80").succeeds()
    parts = {name: split_of(table, corpus, name) for name in ("train", "val", "test")}
    attacks = {name: {row["attack"] for row in rows} for name, rows in parts.items()}
    assert attacks["train"] == attacks["val"] == {"", "world-copysynth"}
    assert attacks["test"] == {"", "griffinlim-mel80"}
    speakers = [{row["speaker"] for row in rows} for rows in parts.values()]
    assert not speakers[0] & speakers[2]
    assert not speakers[1] & (speakers[0] | speakers[2])
    missing = len(table(corpus / "known/files-metadata.csv")) - sum(map(len, parts.values()))
    told = [line for line in answer.out.splitlines() if line.startswith("in no split: ")]
    assert sum(int(line.split()[3]) for line in told) == missing > 0
    results = train_and_test(fab, whole, corpus / "held-out")
    assert results["n_spoof"] == sum(row["label"] == "spoof" for row in parts["test"])
    again = fab("SplitDataset", whole[0], "--hold-out=attack:griffinlim-mel80")
    again.succeeds("(unchanged)")


def test_vectors_of_an_older_split_are_told(fab, corpus, whole):
    """Split anew and tested without new vectors: the figures are of the old split."""
    fab("SplitDataset", whole[0], "--folds=3", "--fold=0").succeeds()
    runs = corpus / "stale"
    train_and_test(fab, whole, runs)
    fab("SplitDataset", whole[0], "--folds=3", "--fold=0", "--seed=8").succeeds()
    names = ("--backbone=acoustic", "--classifier=svm", whole[1], f"--runs={runs}")
    for words in (("TrainModel", *names, "--layer=0"), ("TestModel", *names)):
        [line] = fab(*words).succeeds("EER").lines
        assert "split anew" in line and "run GenerateEmbeddings" in line
    fab("GenerateEmbeddings", "--backbone=acoustic", *whole).succeeds()
    assert not fab("TrainModel", *names, "--layer=0").succeeds("EER").lines


def test_an_official_test_part_serves_a_model_trained_elsewhere(fab, corpus, whole, table):
    fab("SplitDataset", whole[0], "--strategy=official").succeeds()
    assert {row["split"] for row in split_of(table, corpus, "train")} == {"train"}
    assert {row["split"] for row in split_of(table, corpus, "val")} == {"dev"}
    assert split_of(table, corpus, "test") == []
    names = ("--backbone=acoustic", f"--runs={corpus / 'official'}")
    fab("GenerateEmbeddings", "--backbone=acoustic", *whole).fails(1, "downstream_test is empty")
    parts = "--splits=downstream_train,downstream_val"
    fab("GenerateEmbeddings", "--backbone=acoustic", parts, *whole).succeeds()
    fab("TrainModel", "--classifier=svm", *names, whole[1]).succeeds()
    there = f"--dataset={corpus / 'unknown'}", f"--embeddings={corpus / 'unknown-e'}"
    fab("GenerateDatasetCSV", there[0]).succeeds()
    answer = fab("SplitDataset", there[0], "--strategy=official").succeeds("downstream_test")
    assert "downstream_train" not in answer.out
    fab(
        *("GenerateEmbeddings", "--backbone=acoustic", "--splits=downstream_test", *there),
    ).succeeds()
    fab("TestModel", *names, there[1]).succeeds("EER", f"another data set: {corpus / 'unknown'}")
    [results] = (corpus / "official").glob("run0_*/test_results*.json")
    assert results.name == "test_results_unknown.json"
    clips = table(corpus / "unknown/files-metadata.csv")
    found = json.loads(results.read_text())
    assert found["n_bona_fide"] + found["n_spoof"] == len(clips) > 0
    assert found["dataset"] == str((corpus / "unknown").resolve())


def test_all_folds_test_everybody_once(fab, corpus, whole, table):
    """As the loop of the README does; the first fold is trained and tested above."""
    tested = []
    for fold in range(3):
        fab("SplitDataset", whole[0], "--folds=3", f"--fold={fold}").succeeds()
        tested += [row["file"] for row in split_of(table, corpus, "test")]
    results = train_and_test(fab, whole, corpus / "fold2")
    assert results["n_bona_fide"] + results["n_spoof"] == len(split_of(table, corpus, "test"))
    assert sorted(tested) == [row["file"] for row in table(corpus / "known/files-metadata.csv")]


def test_a_single_voice(fab, tones, write_csv_corpus, scratch):
    """WaveFake's shape: one speaker, every utterance also vocoded."""
    clips = tones(1, 12)
    data = write_csv_corpus(scratch / "data", clips)
    header, *rows = (data / "metadata.csv").read_text().splitlines()
    takes = [f"{row},take{row.split(',')[0].split('-')[-1]}" for row in rows]
    (data / "metadata.csv").write_text("\n".join([f"{header},utterance", *takes]) + "\n")
    where = f"--dataset={data}", f"--embeddings={scratch / 'e'}"
    fab("GenerateDatasetCSV", where[0]).succeeds()
    fab("SplitDataset", where[0], "--pretext=0").fails(1, "1 speaker with spoofs")
    fab("SplitDataset", where[0], "--pretext=0", "--units=utterance").succeeds("these voices only")
    fab("GenerateEmbeddings", "--backbone=acoustic", *where).succeeds()
    manifest = json.loads((scratch / "e/acoustic/downstream_val/manifest.json").read_text())
    assert manifest["units"] == "utterance"
    names = ("--backbone=acoustic", where[1], f"--runs={scratch / 'r'}")
    fab("ProbeLayers", *names).succeeds("folds by file")
    fab("TrainModel", "--classifier=svm", *names).succeeds("these voices only")
    fab("TestModel", *names).succeeds("these voices only")
