"""The grid of conditions: every augmentation is in it, and it sets what augmentations know."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from src.utils.audio.augmentations import AUGMENTATIONS
from src.utils.audio.augmentations.augmentation import Augmentation, Material, Voice
from src.utils.audio.augmentations.chain import apply_chain
from src.utils.audio.augmentations.conditions import CONDITIONS, Condition, choose_conditions, slug
from src.utils.errors import ArgumentError
from src.utils.seeding import file_generator

N_DRAWS = 60
"""Of augmentations whose parameters depend on what is drawn, such as the codecs of a chain."""


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, voice: Callable, write_audio: Callable
) -> dict[str, Augmentation]:
    """Every augmentation of a condition that this installation can make."""
    folder = tmp_path_factory.mktemp("material")
    paths = [write_audio(folder / f"{n}.wav", voice(0.5, seed=n)) for n in range(9)]
    voices = tuple(Voice(path.name, path, path.stem) for path in paths)
    material = Material(noises=folder, voices=voices)
    found = {}
    for kind in {step.kind for one in CONDITIONS for step in one.steps}:
        try:
            found[kind] = AUGMENTATIONS.load(kind)(material)
        except ArgumentError as error:
            assert "no encoder" in str(error) or "no decoder" in str(error), error
    return found


def test_every_augmentation_has_a_condition() -> None:
    kinds = {step.kind for one in CONDITIONS for step in one.steps}
    assert kinds == set(AUGMENTATIONS)


def test_names_tell_conditions_apart() -> None:
    names = [one.name for one in CONDITIONS]
    assert len(names) == len(set(names))
    assert "clean" not in names
    groups = {one.group for one in CONDITIONS}
    assert len(groups) == len({slug(group) for group in groups})
    tracks = dict.fromkeys(one.group for one in CONDITIONS if one.is_track)
    assert list(tracks) == [
        *("telephone narrow band", "telephone wide band", "messenger", "social video", "far field")
    ]


def test_conditions_set_what_is_drawn(made: Mapping[str, Augmentation]) -> None:
    random = np.random.default_rng(0)
    known = {
        kind: {name for _ in range(N_DRAWS) for name in one.draw(random, "x")}
        for kind, one in made.items()
    }
    for condition in CONDITIONS:
        for step in condition.steps:
            unknown = set(step.parameters) - known.get(step.kind, set(step.parameters))
            assert not unknown, f"{condition.name} sets {unknown}"


def test_every_kind_of_condition_changes_a_voice(
    made: Mapping[str, Augmentation], voice: Callable
) -> None:
    """At least one of several clips, since of short ones few packets are lost."""
    clip = voice(0.5, seed=40)
    severest = {tuple(step.kind for step in one.steps): one for one in CONDITIONS}
    for condition in severest.values():
        if condition.above_hz >= 16_000 or {s.kind for s in condition.steps} - made.keys():
            continue
        assert any(is_changed(condition, f"{n}.wav", clip, made) for n in range(20)), condition.name


def is_changed(
    condition: Condition, file: str, clip: np.ndarray, by: Mapping[str, Augmentation]
) -> bool:
    chains = [
        condition.draw(file_generator(7, f"{condition.name}/{file}"), by, "x") for _ in range(2)
    ]
    assert chains[0] == chains[1]
    json.dumps([step.parameters for step in chains[0]])
    changed = apply_chain(chains[0], clip, 16_000, by)
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    return len(changed) != len(clip) or float(np.abs(changed - clip).max()) > 1e-4


def test_what_is_not_set_is_drawn_for_each_clip(made: Mapping[str, Augmentation]) -> None:
    [condition] = choose_conditions(["white-25-db"])
    chains = [condition.draw(file_generator(7, name), made) for name in ("a", "b")]
    assert [chain[0].parameters["snr_db"] for chain in chains] == [25.0, 25.0]
    assert chains[0][0].parameters["seed"] != chains[1][0].parameters["seed"]


def test_conditions_are_chosen_by_any_name() -> None:
    white = [one for one in CONDITIONS if one.group == "white"]
    assert choose_conditions(["white"]) == tuple(white)
    assert choose_conditions(["white, 25 dB"]) == (white[0],)
    assert {one.group for one in choose_conditions(["noise"])} >= {"white"}
    assert {one.group for one in choose_conditions(["telephone narrow band", "gain"])} == {
        *("telephone narrow band", "gain")
    }
    with pytest.raises(ArgumentError, match=r"--conditions=whit is not one of .*mean white\?"):
        choose_conditions(["whit"])
    with pytest.raises(ArgumentError, match="mean white-25-db"):
        choose_conditions(["white-25db"])


def test_a_folder_is_needed_for_noises(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError):
        AUGMENTATIONS.load("noises")(Material())
