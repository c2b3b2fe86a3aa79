"""What every augmentation of the table must do."""

import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from src.utils.audio.augmentations import AUGMENTATIONS, FAMILIES
from src.utils.audio.augmentations.augmentation import Augmentation, Material, Parameters, Place
from src.utils.audio.augmentations.chain import Recipe, Step, apply_chain, make_augmentations
from src.utils.seeding import file_generator

RATES = (8_000, 16_000, 44_100, 48_000, 96_000)
SECONDS = 0.5
DRAWS = 3
"""Of each augmentation, since what is drawn decides what is done."""

each = pytest.mark.parametrize("name", AUGMENTATIONS.names)


def draw_all(augmentation: Augmentation) -> list[Parameters]:
    return [augmentation.draw(file_generator(7, f"{n}.wav"), "ana") for n in range(DRAWS)]


def changed_by(name: str, material: Material, waveform: np.ndarray, rate: int) -> list[bytes]:
    """What each draw makes of a waveform, the last one first: no draw leans on one before."""
    augmentation = AUGMENTATIONS.load(name)(material)
    drawn = reversed(draw_all(augmentation))
    return [augmentation.apply(waveform, rate, one).tobytes() for one in drawn]


@pytest.fixture(scope="module")
def elsewhere(material: Material, voice: Callable):
    """By name, what another process makes of the same waveform, all in the opposite order."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        waveform = voice(SECONDS)
        names = reversed(AUGMENTATIONS.names)
        yield {n: pool.submit(changed_by, n, material, waveform, 16_000) for n in names}


@each
def test_it_says_what_it_is(name: str) -> None:
    augmentation = AUGMENTATIONS.load(name)
    assert issubclass(augmentation, Augmentation)
    assert augmentation.name == name
    assert isinstance(augmentation.place, Place)
    assert augmentation.about.strip() == augmentation.about != ""
    assert not augmentation.about.endswith(".")


@each
def test_it_is_the_same_in_every_process_and_order(
    name: str, material: Material, voice: Callable, elsewhere: dict
) -> None:
    augmentation = AUGMENTATIONS.load(name)(material)
    waveform = voice(SECONDS)
    here = [augmentation.apply(waveform, 16_000, one).tobytes() for one in draw_all(augmentation)]
    assert here[::-1] == elsewhere[name].result()
    assert any(samples != waveform.tobytes() for samples in here), "it changes nothing"


@each
@pytest.mark.parametrize("rate", RATES)
def test_it_changes_a_waveform_of_any_rate(
    name: str, rate: int, material: Material, voice: Callable
) -> None:
    augmentation = AUGMENTATIONS.load(name)(material)
    waveform = voice(SECONDS, rate)
    given = waveform.copy()
    waveform.flags.writeable = False
    changed = augmentation.apply(waveform, rate, augmentation.draw(file_generator(7, "a.wav")))
    assert changed.dtype == np.float32
    assert changed.ndim == 1 and len(changed)
    assert np.isfinite(changed).all()
    assert np.abs(changed).max() > 0
    assert np.array_equal(waveform, given), "the given waveform was written to"
    assert not np.shares_memory(waveform, changed) or np.array_equal(changed, given)
    if augmentation.keeps_length:
        assert len(changed) == len(waveform)


@each
def test_its_parameters_are_kept_as_json(name: str, material: Material, voice: Callable) -> None:
    augmentation = AUGMENTATIONS.load(name)(material)
    waveform = voice(SECONDS)
    for parameters in draw_all(augmentation):
        assert "kind" not in parameters, "tables keep the name under it"
        assert all(type(value) in (float, int, str) for value in parameters.values()), parameters
        read = json.loads(json.dumps(parameters))
        assert read == parameters
    # The last alone: what JSON holds equals what was drawn, and applying takes time.
    made = augmentation.apply(waveform, 16_000, parameters)
    assert np.array_equal(augmentation.apply(waveform, 16_000, read), made)


@each
def test_it_draws_by_the_generator_alone(name: str, material: Material) -> None:
    augmentation = AUGMENTATIONS.load(name)(material)
    drawn = draw_all(augmentation)
    assert drawn == draw_all(augmentation) == draw_all(AUGMENTATIONS.load(name)(material))


@each
def test_within_a_chain_nothing_clips(name: str, material: Material, voice: Callable) -> None:
    loud = voice(SECONDS, peak=1.0)
    augmentation = AUGMENTATIONS.load(name)(material)
    chain = (Step(name, augmentation.draw(file_generator(7, "a.wav"))),)
    heard = apply_chain(chain, loud, 16_000, make_augmentations(chain, material))
    assert np.abs(heard).max() <= 1.0


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_gives_each_of_its_members(family: str, material: Material) -> None:
    recipe = Recipe((family,), material=material)
    recipe.check()
    drawn = {recipe.draw(file_generator(7, str(n)))[0].kind for n in range(100)}
    assert drawn == set(FAMILIES[family])
