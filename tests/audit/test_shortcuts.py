"""How well a nuisance tells the classes apart."""

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from src.audit.catalogue import BY_NAME, NUISANCES
from src.audit.groups import voice_groups
from src.audit.shortcuts import TOGETHER, Shortcut, category_eer, find_shortcuts
from src.utils.audio.nuisances.measure import Nuisances
from src.utils.metrics.eer import compute_eer

CATEGORIES = [nuisance.name for nuisance in NUISANCES if nuisance.is_category]

pytestmark = pytest.mark.usefixtures("few_trees")


def test_the_catalogue_is_whole() -> None:
    names = [field.name for field in fields(Nuisances)]
    assert [nuisance.name for nuisance in NUISANCES] == names
    assert set(CATEGORIES) == {
        "sample_rate",
        "bit_depth",
        "format",
        "encoder",
        "channels",
        "original_rate",
    }
    assert len({nuisance.title for nuisance in NUISANCES}) == len(names)
    assert len({nuisance.label for nuisance in NUISANCES}) == len(names)


def found(files: pd.DataFrame, n_resamples: int = 50) -> dict[str, Shortcut]:
    return {one.name: one for one in find_shortcuts(files, n_resamples)}


def test_all_the_same(measured: Callable) -> None:
    shortcuts = found(measured())
    assert list(shortcuts) == [*BY_NAME, TOGETHER]
    assert {one.eer for one in shortcuts.values()} == {0.5}
    assert not any(one.is_flagged or one.is_unsure for one in shortcuts.values())
    assert shortcuts["sample_rate"].bona_fide == "16,000 Hz"
    assert shortcuts["encoder"].spoof == "not named"
    assert shortcuts["rms"].bona_fide == "-20.0 dBFS"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_counts_in_its_better_direction(measured: Callable, sign: int) -> None:
    files = measured()
    chance = np.random.default_rng(0)
    is_spoof = (files["label"] == "spoof").to_numpy()
    values = sign * (2.0 * is_spoof + chance.normal(0, 1, len(files)))
    one = found(files.assign(rms=values))["rms"]
    # In steps of a tenth of a decibel, on the grid that parts the classes least.
    grids = [10 * values - shift for shift in (0, 0.25, 0.5, 0.75)]
    truth = (~is_spoof).astype(int)
    assert one.eer == max(compute_eer(-sign * grid.round(), truth)[0] for grid in grids)
    assert one.eer == pytest.approx(compute_eer(-sign * values, truth)[0], abs=0.02)
    assert one.low <= one.eer <= one.high < 0.5
    assert one.is_flagged
    assert one.remedy == "NormalizeDataset or MatchDataset"


def test_rounding_is_no_nuisance(measured: Callable) -> None:
    """What a copy at one level leaves: differences that nobody hears and no model learns."""
    files = measured()
    dust = np.where(files["label"] == "spoof", 1.0, 0.0)
    tiny = {one.name: 0.1 * one.step * dust for one in NUISANCES if not one.is_category}
    same = found(files.assign(**tiny))
    assert {one.eer for one in same.values()} == {0.5}
    for name in tiny:
        large = files.assign(**{name: 2 * BY_NAME[name].step * dust})
        assert found(large)[name].eer == 0, name


@pytest.mark.parametrize("start", [0.0, 0.4, 0.45, 0.7])
def test_no_edge_of_a_grid_makes_a_difference(measured: Callable, start: float) -> None:
    """Wherever two values lie that differ by less than is heard or learnt: none is told apart."""
    files = measured()
    values = np.where(files["label"] == "spoof", start, start + 0.7)
    near = {one.name: values * one.step for one in NUISANCES if not one.is_category}
    # Nor by what is made of all of them.
    assert {one.eer for one in found(files.assign(**near), 2).values()} == {0.5}


@pytest.mark.parametrize(
    ("genuine", "fake", "spread", "is_flagged"),
    [
        # Where a resampler's slope ends, which goes with the voice: medians a bin apart.
        (7484, 7469, 0, False),
        (7484, 7469, 15, False),
        (7484, 7469, 60, False),
        # A vocoder that ends at 7.6 kHz, and a low-pass.
        (8000, 7600, 60, True),
        (7484, 5500, 150, True),
    ],
)
def test_bandwidths(
    measured: Callable, genuine: int, fake: int, spread: int, is_flagged: bool
) -> None:
    files = measured(takes=5)
    middle = np.where(files["label"] == "spoof", fake, genuine)
    values = middle + np.random.default_rng(0).normal(0, spread, len(files))
    # As it is measured, in bins of 15.6 Hz.
    one = found(files.assign(bandwidth=(values / 15.625).round() * 15.625))
    assert one["bandwidth"].is_flagged == one[TOGETHER].is_flagged == is_flagged
    assert not one["bandwidth"].is_unsure
    assert (one["bandwidth"].eer > 0.4) == (not is_flagged)


@pytest.mark.parametrize(("speakers", "is_sure"), [(3, False), (5, False), (8, True)])
def test_a_handful_of_speakers_proves_nothing(
    measured: Callable, speakers: int, is_sure: bool
) -> None:
    files = measured(speakers=speakers, takes=4)
    one = found(files.assign(rms=np.where(files["label"] == "spoof", -30.0, -20.0)))["rms"]
    # However sure resampling seems to be.
    assert (one.eer, one.low, one.high) == (0, 0, 0)
    assert one.n_groups == speakers
    assert (one.is_flagged, one.is_unsure) == (is_sure, not is_sure)


@pytest.mark.parametrize("name", CATEGORIES)
def test_categories(measured: Callable, name: str) -> None:
    files = measured()
    values = {"format": ("WAV PCM_16", "FLAC PCM_16"), "encoder": ("", "Lavf")}
    real, fake = values.get(name, (1, 2))
    one = found(files.assign(**{name: np.where(files["label"] == "spoof", fake, real)}))
    assert (one[name].eer, one[name].low, one[name].high) == (0, 0, 0)
    assert one[TOGETHER].eer == 0
    assert [s.name for s in one.values() if s.is_flagged] == [name, TOGETHER]


def test_a_category_is_scored_by_other_speakers(measured: Callable) -> None:
    """A name that one speaker has alone says nothing, though it fits the clips at hand."""
    files = measured()
    own = files["speaker"] + files["label"]
    one = found(files.assign(encoder=own))["encoder"]
    assert one.eer == 0.5
    assert category_eer(own.tolist(), files) == 0.5
    assert category_eer(files["label"].tolist(), files) == 0


def test_a_part_of_a_class(measured: Callable) -> None:
    files = measured(speakers=20, takes=5)
    take = files["file"].str[-5].astype(int)
    other = (files["label"] == "spoof") & (take < 4)
    one = found(files.assign(format=np.where(other, "FLAC PCM_16", "WAV PCM_16")))["format"]
    assert one.eer == pytest.approx(0.1, abs=0.11)
    assert (one.bona_fide, one.spoof) == ("WAV PCM_16", "FLAC PCM_16 (80%)")


def test_few_speakers_are_not_sure(measured: Callable) -> None:
    """Two speakers who differ in level are no proof, however many clips they have."""
    files = measured(speakers=2, takes=30)
    chance = np.random.default_rng(0)
    is_spoof = (files["label"] == "spoof").to_numpy()
    first = (files["speaker"] == "s0").to_numpy()
    values = np.where(first & is_spoof, 6.0, 0.0) + chance.normal(0, 1, len(files))
    one = found(files.assign(rms=values), 200)["rms"]
    assert one.eer < 0.35
    assert one.is_unsure
    assert not one.is_flagged


def test_flags() -> None:
    one = Shortcut("rms", "RMS", 0.3, 0.2, 0.4, "", "", "", 20)
    assert one.is_flagged
    assert not replace(one, eer=0.35).is_flagged
    assert not replace(one, high=0.5).is_flagged
    assert replace(one, high=0.5).is_unsure
    assert replace(one, high=float("nan")).is_unsure
    assert not replace(one, high=float("nan")).is_flagged
    assert not replace(one, eer=0.4).is_unsure


def test_one_class_and_one_speaker(measured: Callable) -> None:
    files = measured()
    assert find_shortcuts(files[files["label"] == "spoof"]) == []
    # A single voice in each class is compared clip by clip.
    alone = measured(speakers=1, takes=20)
    formats = np.where(alone["label"] == "spoof", "OGG VORBIS", "WAV PCM_16")
    one = found(alone.assign(format=formats))
    assert list(one) == [*BY_NAME, TOGETHER]
    assert one["format"].eer == 0
    assert one["format"].is_flagged
    assert one["rms"].eer == 0.5


def test_the_seed_decides(measured: Callable) -> None:
    files = measured(takes=1)
    chance = np.random.default_rng(0)
    files = files.assign(rms=chance.normal(size=len(files)), peak=chance.random(len(files)))
    assert find_shortcuts(files, 20, 3) == find_shortcuts(files, 20, 3)
    assert find_shortcuts(files, 20, 3) != find_shortcuts(files, 20, 4)


def test_hundreds_of_encoders(measured: Callable) -> None:
    files = measured(speakers=60, takes=3)
    one = found(files.assign(encoder=[f"encoder {n}" for n in range(len(files))]), 10)
    assert one["encoder"].eer == 0.5
    assert TOGETHER in one


@pytest.mark.parametrize(
    ("speakers", "utterances", "groups"),
    [
        ("abab", "    ", "xyxy"),
        # A voice a class: there is nobody else to compare with.
        ("aabb", "    ", "wxyz"),
        # Nobody is named: each for itself.
        ("    ", "    ", "wxyz"),
        # A clip without a speaker belongs to those of its utterance.
        ("a  b", "u  u", "wxyw"),
        ("ab  ", " uvu", "wxyx"),
        # A speaker who is called as an utterance is another one.
        ("u bc", " u  ", "wxyz"),
        # One voice alone: its utterances are compared.
        ("aaaa", "uvuv", "xyxy"),
        ("aaaa", "uv  ", "wxyz"),
        # One utterance alone: its clips are.
        ("aaaa", "uuuu", "wxyz"),
    ],
)
def test_voice_groups(speakers: str, utterances: str, groups: str) -> None:
    table = {
        "file": list("1234"),
        "label": ["bona-fide", "bona-fide", "spoof", "spoof"],
        "speaker": [name.strip() for name in speakers],
        "utterance": [name.strip() for name in utterances],
    }
    found = voice_groups(pd.DataFrame(table))
    assert [list(found).index(one) for one in found] == [groups.index(one) for one in groups]
