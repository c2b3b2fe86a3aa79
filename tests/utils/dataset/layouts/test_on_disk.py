"""Names in tables stand for recordings that are spelt otherwise on disk."""

import unicodedata

import pytest

from src.utils.dataset.layouts.on_disk import NamesOnDisk

MAC = unicodedata.normalize("NFD", "Änna/é.wav")
PLAIN = unicodedata.normalize("NFC", MAC)


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ("a/0.wav", "a/0.wav"),
        (MAC, PLAIN),
        (PLAIN, MAC),
        ("a/0.WAV", "a/0.wav"),
        ("a/0.wav", "a/0.WAV"),
        ("a/0.flac", "a/0"),
        ("Audio/Straße.wav", "audio/STRASSE.wav"),
        (MAC, PLAIN[:-4].upper()),
        ("a/1.2", "A/1.2"),
    ],
)
def test_one_name_in_two_spellings(there: str, name: str) -> None:
    names = NamesOnDisk([there, "a/another.wav"])
    assert names.find(name) == there
    assert not names.is_ambiguous(name)


def test_another_recording_is_not_taken() -> None:
    names = NamesOnDisk(["a/0.wav", "b/1.wav"])
    for name in ("0.wav", "b/0.wav", "a/0.flac", "a/0.wa", ""):
        assert names.find(name) is None
        assert not names.is_ambiguous(name)
    assert "a/0.wav" in names
    assert "a/0.WAV" not in names


def test_the_nearest_spelling_holds_and_two_are_none() -> None:
    names = NamesOnDisk(["a.wav", "a.WAV", "b.wav", "b.mp3", "C.wav", "c.WAV"])
    assert names.find("a.wav") == "a.wav"
    assert names.find("a.WAV") == "a.WAV"
    assert names.find("b.WAV") == "b.wav"
    assert names.find("c.wav") == "c.WAV"
    for name in ("a.Wav", "b", "a"):
        assert names.find(name) is None
        assert names.is_ambiguous(name)
