"""What matching is asked to do."""

import pytest

from src.audit.catalogue import BY_NAME
from src.utils.dataset.match import MatchSettings
from src.utils.dataset.match.settings import CHOICES
from src.utils.errors import ArgumentError


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name: str) -> None:
    for value in CHOICES[name]:
        MatchSettings(**{name: value})
    with pytest.raises(ArgumentError, match=f"--{name.replace('_', '-')}=loud") as error:
        MatchSettings(**{name: "loud"})
    assert all(value in str(error.value) for value in CHOICES[name])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"sample_rate": 3999}, "--sample-rate=3999 must lie between 4000 and 192000"),
        ({"sample_rate": 192_001}, "--sample-rate=192001"),
        ({"target": 0.0}, "--target=0 must lie between 0 and 1 for rms"),
        ({"target": 1.0}, "--target=1 "),
        ({"target": -23.0}, "--target=-23 must lie between 0 and 1"),
        ({"target": float("nan")}, "--target=nan"),
        ({"loudness": "lufs", "target": 0.1}, "--target=0.1 must lie between -70 and 0 for lufs"),
        ({"loudness": "lufs", "target": -70.0}, "--target=-70"),
    ],
    ids=str,
)
def test_ranges(given: dict, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        MatchSettings(**given)


def test_default_targets() -> None:
    assert MatchSettings().target == 0.05
    assert MatchSettings(loudness="lufs").target == -26
    assert MatchSettings(target=0.2).target == 0.2


@pytest.mark.parametrize(
    ("differing", "done"),
    [
        ([], {}),
        (["bandwidth"], {"low_pass": "match"}),
        (["sample_rate"], {"low_pass": "match"}),
        (["duration"], {"duration": "match"}),
        (["noise_floor"], {"noise": "match"}),
        (["digital_silence"], {"noise": "match"}),
        (["clipping"], {"clipped": "reject"}),
        (["leading_silence"], {"silence": "trim"}),
        (["trailing_silence"], {"silence": "trim"}),
        (["silence_ratio"], {"silence": "shorten"}),
        (["leading_silence", "silence_ratio"], {"silence": "shorten"}),
        (["peak", "rms", "dc_offset", "format", "encoder", "channels", "bit_depth"], {}),
    ],
    ids=str,
)
def test_auto_follows_from_what_differs(differing: list[str], done: dict[str, str]) -> None:
    assert set(differing) <= set(BY_NAME)
    decided = MatchSettings(seed=3).decide(differing)
    kept = dict.fromkeys(("low_pass", "silence", "duration", "noise", "clipped"), "keep")
    assert decided == MatchSettings(seed=3, **(kept | done))
    assert "auto" not in vars(decided).values()
    assert decided.decide(BY_NAME) == decided


def test_what_is_asked_for_stays() -> None:
    asked = MatchSettings(low_pass="keep", silence="trim", duration="match", noise="keep")
    decided = asked.decide(["bandwidth", "silence_ratio", "noise_floor", "clipping"])
    assert (decided.low_pass, decided.silence, decided.noise) == ("keep", "trim", "keep")
    assert (decided.duration, decided.clipped) == ("match", "reject")
