"""Folders named real and fake, of which nobody says who speaks: no way ends in a refusal."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.utils.dataset.recording_cache import open_cache
from src.utils.dataset.voices import DATABASE
from src.utils.dataset.voices.encoder import SIZE, VERSION
from src.utils.files import file_identity

WAYS_OUT = ("--speaker-from='REGEX'", "prefix, folder", "--speaker-from=voice", "--units=clip")
LOUD = "too low by an unknown amount"
GUESSED = "speakers were guessed from voices"


@pytest.fixture
def data(tones, scratch) -> Path:
    """Two folders of clips, named after who speaks and what it is a take of."""
    folder = scratch / "data"
    for clip in tones(8, 2):
        side = "real" if clip.label == "bona-fide" else "fake"
        replace(clip, file=f"{side}/{Path(clip.file).name.replace('-', '_', 1)}").write(folder)
    return folder


@pytest.fixture
def heard(data) -> Path:
    """The same, with the voices that a network would have heard: one a speaker."""
    files = sorted(path.relative_to(data).as_posix() for path in data.rglob("*.wav"))
    with open_cache(data / DATABASE, ["vector"], VERSION, "computed") as cache:
        for file in files:
            vector = np.zeros(SIZE, np.float32)
            vector[int(Path(file).name[1])] = 1
            cache.add(file, file_identity(data / file), (vector.tobytes(),))
    return data


def pipeline(data: Path, *flags: str) -> tuple[str, ...]:
    return (
        *("RunPipeline", f"--dataset={data}", "--trials=0", "--classifier=svm"),
        *(f"--embeddings={data.parent / 'e'}", f"--runs={data.parent / 'r'}"),
        *flags,
    )


def test_every_refusal_names_the_three_ways(fab, data):
    where = f"--dataset={data}"
    fab("GenerateDatasetCSV", where).succeeds("16 bona-fide clips of unknown speakers")
    for flags in ((), ("--folds=4", "--fold=0"), ("--strategy=column",), ("--strategy=official",)):
        fab("SplitDataset", where, *flags).fails(1, *WAYS_OUT)
    fab("SplitDataset", where, "--units=utterance").fails(1, "--units=clip")
    # Before anything is copied.
    answer = fab(*pipeline(data))
    assert answer.code == 1
    assert all(way in answer.err for way in WAYS_OUT)
    assert [path.name for path in data.parent.iterdir()] == ["data"]


@pytest.mark.parametrize("way", ["prefix", r"/(s\d+)_", r"(?P<speaker>s\d)_(bona|spoof)"])
def test_speakers_of_the_files_names(fab, data, table, way):
    where = f"--dataset={data}"
    made = fab("GenerateDatasetCSV", where, f"--speaker-from={way}")
    made.succeeds("16 bona-fide clips of 8 speakers", "8 speakers of 32 clips (s0, s1, s2")
    rows = table(data / "files-metadata.csv")
    assert {row["speaker"] for row in rows} == {f"s{n}" for n in range(8)}
    assert {row["speaker_from"] for row in rows} == {"prefix" if way == "prefix" else "regex"}
    # Remembered by whatever lists the recordings again.
    fab("GenerateDatasetCSV", where).succeeds("8 speakers", "--speaker-from=layout takes it back")
    fab("SplitDataset", where).succeeds("--pretext=auto: 0, since with 0.6")
    recipe = json.loads((data / "splits/split.json").read_text())
    assert recipe["pretext_auto"].startswith("--pretext=auto: 0") and "notes" not in recipe


def test_speakers_of_folders_and_what_does_not_fit(fab, data):
    for number, path in enumerate(sorted(data.rglob("*.wav"))):
        folder = path.parent / f"p{path.name[1]}" / "wavs"
        folder.mkdir(parents=True, exist_ok=True)
        if number % 16:
            path.rename(folder / path.name)
    where = f"--dataset={data}"
    made = fab("GenerateDatasetCSV", where, "--speaker-from=folder")
    made.succeeds("8 speakers of 30 clips", "2 of 32 clips do not fit", "fake/s0_")
    split = fab("SplitDataset", where)
    split.succeeds("in no split: 2 clips, whose speaker --speaker-from did not tell")


def test_what_is_no_way_is_one_line(fab, data):
    where = f"--dataset={data}"
    fab("GenerateDatasetCSV", where, "--speaker-from=prefx").fails(2, "prefx", "prefix", "voice")
    fab("GenerateDatasetCSV", where, "--speaker-from=([a").fails(2, "no regular expression")
    fab(*pipeline(data, "--speaker-from=(a)(b)")).fails(2, "one group that is the speaker")


def told_everywhere(folder: Path, words: str) -> None:
    [run] = [path.parent for path in folder.glob("r/*/test_results.json")]
    assert words in json.loads((run / "test_results.json").read_text())["note"]
    for page in ("report.html", "model_card.md"):
        text = (run / page).read_text(encoding="utf-8").replace("\n", " ")
        assert words.lower() in text.lower(), page


def test_guessed_speakers_are_marked_everywhere(fab, heard, table):
    answer = fab(*pipeline(heard, "--normalize=none", "--speaker-from=voice")).succeeds("Result")
    for words in ("32 clips grouped by 8 voices", "guessed from voices, not given", GUESSED):
        assert words in answer.out
    rows = table(heard / "files-metadata.csv")
    assert {row["speaker_from"] for row in rows} == {"guessed"}
    assert all(row["speaker"].startswith("guessed-000") for row in rows)
    assert len({(row["speaker"], Path(row["file"]).name[:2]) for row in rows}) == 8
    assert GUESSED in json.loads((heard / "splits/split.json").read_text())["notes"][0]
    told_everywhere(heard.parent, GUESSED)
    [card] = heard.parent.glob("r/*/model_card.md")
    assert "share no speakers as guessed from voices" in card.read_text(encoding="utf-8")
    names = (f"--runs={heard.parent / 'r'}", f"--embeddings={heard.parent / 'e'}")
    fab("TestModel", "--backbone=acoustic", "--classifier=svm", *names).succeeds(GUESSED)


def test_marks_outlive_a_copy(fab, heard):
    fab("GenerateDatasetCSV", f"--dataset={heard}", "--speaker-from=voice").succeeds()
    copy = heard.parent / "copy"
    fab("NormalizeDataset", f"--dataset={heard}", f"--output={copy}").succeeds()
    fab("SplitDataset", f"--dataset={copy}").succeeds(GUESSED)


def test_single_clips_with_a_loud_note(fab, data):
    answer = fab(*pipeline(data, "--normalize=none", "--units=clip")).succeeds(
        "Result", "intervals are over clips"
    )
    assert answer.out.count(LOUD) >= 3
    recipe = json.loads((data / "splits/split.json").read_text())
    assert recipe["units"] == "clip" and LOUD in recipe["notes"][0]
    told_everywhere(data.parent, LOUD)
    [run] = data.parent.glob("r/*/test_results.json")
    assert json.loads(run.read_text())["ci95_over"].endswith(" clips")
    # The embeddings say it too, so that folds of the layer probe are of clips.
    manifest = json.loads(
        (data.parent / "e/acoustic/downstream_train/manifest.json").read_text(encoding="utf-8")
    )
    assert manifest["units"] == "clip"
