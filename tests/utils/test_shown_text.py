"""Text that is shown: everything in it can be seen."""

import re
import sys
import unicodedata

import pytest

from src.utils.shown_text import UNSEEN, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb\r\n\t", r"a\x1b[31mb\r\n\t"),
        ("\u202ecalf.exe", r"\u202ecalf.exe"),
        ("a\u2066b\u2069\u200e\u200f\u061c", r"a\u2066b\u2069\u200e\u200f\u061c"),
        ("\x85\x9b1m\x7f", r"\x85\x9b1m\x7f"),
        ("\udcff.wav", r"\udcff.wav"),
        ("a\u200bb\ufeff\xad\u2060", r"a\u200bb\ufeff\xad\u2060"),
        ("real\u200d.wav", r"real\u200d.wav"),
        ("a\ufe0fb", r"a\ufe0fb"),
        ("\U000e0041", r"\U000e0041"),
        ("\u3164", r"\u3164"),
    ],
)
def test_what_cannot_be_seen_is_spelt(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["plain.wav", "á ü ß 日本 한국", "👩‍🎤 ❤️", "می‌خواهم", "नमस्ते", "שלום", "a\\x1b", " 3 µs"]
)
def test_letters_of_all_scripts_stay(text: str) -> None:
    assert visible(text) == text


def test_no_kind_of_unseen_character_is_missing() -> None:
    """By Unicode's own classes, but for joiners and what has a shape of its own."""
    shaped = (
        "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    )
    unseen = re.compile(f"[{UNSEEN}]")
    missing = [
        letter
        for letter in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and not unseen.match(letter)
    ]
    assert set(missing) == {*shaped, "\u200c", "\u200d"}


def test_anything_may_be_shown() -> None:
    assert visible(3) == "3"
