"""Spellings of labels, genders and attacks."""

import pandas as pd

from src.utils.dataset.layouts.spellings import attacks_of, genders_of, ids_of, labels_of


def test_unknown_words_are_missing() -> None:
    words = pd.Series(["bonafide", " Bona_Fide", "FAKE", "cloned", ""], dtype="str")
    assert labels_of(words).tolist()[:3] == ["bona-fide", "bona-fide", "spoof"]
    assert labels_of(words).isna().tolist() == [False, False, False, True, True]
    # The rows keep their labels.
    assert labels_of(words[3:1:-1]).index.tolist() == [3, 2]
    words = pd.Series(["F", "male", "-", "", "X"], dtype="str")
    assert genders_of(words).tolist()[:4] == ["F", "M", "", ""]
    assert genders_of(words).isna().tolist() == [False, False, False, False, True]


def test_only_spoofs_have_attacks() -> None:
    words = pd.Series(["A01", "-", "bonafide", "", "None", " - ", "Real"], dtype="str")
    labels = pd.Series(["spoof", "spoof", *["bona-fide"] * 5], dtype="str")
    assert attacks_of(words, labels).tolist() == ["A01", *[""] * 6]


def test_bona_fide_with_an_attack_is_missing() -> None:
    words = pd.Series(["A02", "spoof", "A01", "A02"], dtype="str")
    labels = pd.Series(["bona-fide", "bona-fide", "spoof", None], dtype="str")
    attacks = attacks_of(words, labels)
    assert attacks.isna().tolist() == [True, True, False, False]
    assert attacks.tolist()[2:] == ["A01", ""]


def test_names_are_stripped_and_empty_ones_missing() -> None:
    names = ids_of(pd.Series([" a b.wav ", "c", " ", ""], dtype="str"))
    assert names.tolist()[:2] == ["a b.wav", "c"]
    assert names.isna().tolist() == [False, False, True, True]
