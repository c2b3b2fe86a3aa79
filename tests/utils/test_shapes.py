"""One check at the door of a kind of file."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from src.utils.errors import AudiosError, DatasetError, RunError
from src.utils.run_manifest import read_manifest, require_training
from src.utils.shapes import Shape, fault_of, read_shaped


class Clip(Shape):
    file: str
    seconds: float = 0.0
    places: list[int] = Field(default_factory=list)


class Clips(Shape):
    clips: dict[str, Clip]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"file": "a"}, None),
        ({"file": "a", "seconds": 1, "newer": [1]}, None),
        ({}, "file is missing"),
        ([], "it is a list, not an object"),
        (None, "it is null, not an object"),
        ({"file": 1}, "file is 1: input should be a valid string"),
        ({"file": None}, "file is null: input should be a valid string"),
        ({"file": "a", "seconds": "1"}, "seconds is '1': input should be a valid number"),
        ({"file": "a", "seconds": True}, "seconds is True: input should be a valid number"),
        ({"file": "a", "places": [1, "2"]}, "places.1 is '2': input should be a valid integer"),
    ],
)
def test_the_first_fault_is_told(value: Any, fault: str | None) -> None:
    assert fault_of(value, Clip) == fault


def test_a_file_is_given_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "clips.json"
    content = {"clips": {"a": {"file": "a.wav", "newer": 1}}, "version": 2}
    path.write_text(json.dumps(content))
    assert read_shaped(path, Clips, "make it again") == content
    path.write_text('{"clips": {"a": {"file": 3}}}')
    with pytest.raises(DatasetError) as raised:
        read_shaped(path, Clips, "make it again", DatasetError)
    assert str(raised.value) == (
        f"{path} is damaged: clips.a.file is 3: input should be a valid string; make it again"
    )
    path.write_text("[")
    with pytest.raises(AudiosError, match=r"not valid JSON: .*; make it again"):
        read_shaped(path, Clips, "make it again")


TRAINING = {
    "kind": "train",
    "settings": {"backbone": {"name": "acoustic"}, "classifier": "mlp", "hyperparameters": {}},
}


@pytest.mark.parametrize("manifest", [{}, {"kind": "audit"}, TRAINING, {"kind": "newer"}])
def test_manifests_that_say_little_are_read(tmp_path: Path, manifest: dict) -> None:
    """Older runs, and newer ones, hold other entries."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert read_manifest(tmp_path / "manifest.json") == manifest


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"settings": None}, "settings is null"),
        ({"settings": {"backbone": None}}, "settings.backbone is null"),
        ({"number": -1}, "number is -1"),
        ({"tested": ["downstream_test"]}, "tested is a list"),
        ({"command": "fab"}, "command is 'fab'"),
        ({"results": {"validation_eer": 2.0}}, "results.validation_eer is 2.0"),
    ],
)
def test_manifests_of_another_shape(tmp_path: Path, changes: dict, fault: str) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(TRAINING | changes))
    with pytest.raises(RunError, match=r"manifest\.json is damaged: ") as raised:
        read_manifest(tmp_path / "manifest.json")
    assert fault in str(raised.value)
    assert str(raised.value).endswith("remove its folder, and make the run again")


@pytest.mark.parametrize("key", ["backbone", "classifier", "hyperparameters", "seed"])
def test_what_a_model_is_loaded_by_must_be_there(tmp_path: Path, key: str) -> None:
    """A listing does without; a training that is to be used does not."""
    settings = {**TRAINING["settings"], "seed": 7, "layer": 0}  # type: ignore[dict-item]
    require_training({"settings": settings}, tmp_path / "manifest.json")
    del settings[key]
    with pytest.raises(RunError, match=rf"manifest\.json is damaged: settings\.{key} is missing"):
        require_training({"settings": settings}, tmp_path / "manifest.json")
