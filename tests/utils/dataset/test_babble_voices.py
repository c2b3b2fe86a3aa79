"""Whose voices babble may be made of."""

from pathlib import Path

import pandas as pd

from src.utils.dataset.babble_voices import part_of_files, voices_of
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import split_dataset


def dataset_of(root: Path, people: int) -> tuple[Dataset, pd.DataFrame]:
    root.mkdir()
    dataset = Dataset.open(root)
    rows = [
        (f"{label}/p{person}.wav", f"p{person}", "", "", label)
        for person in range(people)
        for label in ("spoof", "bona-fide")
    ]
    dataset.write_tables(pd.DataFrame(rows, columns=["file", "speaker", "id", "gender", "label"]))
    return dataset, dataset.read_files()


def test_voices_are_the_bona_fide_recordings_in_one_order(tmp_path: Path) -> None:
    dataset, files = dataset_of(tmp_path / "data", 3)
    voices = voices_of(dataset, files.sample(frac=1, random_state=3))
    assert [voice.file for voice in voices] == [f"bona-fide/p{person}.wav" for person in range(3)]
    assert [voice.speaker for voice in voices] == ["p0", "p1", "p2"]
    assert voices[0].path == tmp_path / "data/bona-fide/p0.wav"
    assert voices_of(dataset, files[files["label"] == "spoof"]) == ()


def test_no_voice_is_of_another_split(tmp_path: Path) -> None:
    dataset, files = dataset_of(tmp_path / "data", 30)
    assert set(part_of_files(dataset, files)) == {""}
    split_dataset(dataset)
    parts = part_of_files(dataset, files)
    assert {"downstream_train", "downstream_val", "downstream_test"} <= set(parts)
    speakers = {
        part: {voice.speaker for voice in voices_of(dataset, files[parts == part])}
        for part in set(parts)
    }
    assert sum(map(len, speakers.values())) == len(set.union(*speakers.values())) == 30
    for part, people in speakers.items():
        assert people == set(files["speaker"][parts == part])
