"""How old attacks are."""

import pytest

from src.predict.attack_years import YEARS, newest_attack, year_of


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("world-copysynth", 2016),
        ("tacotron2-nopostnet-waveglow", 2018),
        ("wavefake-multi_band_melgan", 2020),
        ("Neural-HMM 1state", 2021),
        ("mqttspage-transformertts", 2018),
        ("cyclegan-vc2", 2019),
        ("kitten-nano-v0.8-fp32", 2025),
        ("modern-tts-unnamed-2025", 2025),
        ("A07", 2019),
        ("", None),
        ("something", None),
    ],
)
def test_the_year_is_that_of_the_newest_part(name: str, year: int | None) -> None:
    assert year_of(name) == year


def test_the_newest_of_many() -> None:
    assert newest_attack(["flite", "kokoro-v1.0", "vits-lj", "nothing-known"]) == (
        "kokoro-v1.0",
        2024,
    )
    assert newest_attack(["flite", "mine"], {"mine": 2026}) == ("mine", 2026)
    assert newest_attack(["nothing-known"]) is None
    assert newest_attack([]) is None


def test_names_are_written_as_they_are_searched() -> None:
    assert all(name == name.lower() and "-" not in name for name in YEARS)
    assert all(1980 < year < 2100 for year in YEARS.values())
