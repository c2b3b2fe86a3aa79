"""What is said of one recording."""

from src.predict.verdict import REFUSED, JudgedWindow, Verdict, most_suspicious


def along(*probabilities: float | None) -> list[JudgedWindow]:
    return [JudgedWindow(t, t + 4.0, p, p) for t, p in enumerate(probabilities)]


def span(*probabilities: float | None) -> tuple[float, float]:
    found = most_suspicious(along(*probabilities))
    return found[0].start, found[-1].end


def test_the_lowest_window_is_the_most_suspicious() -> None:
    assert span(0.9, 0.5, 0.2, 0.6) == (2, 6)
    assert span(0.1, 0.5) == (0, 4)


def test_neighbours_that_say_the_same_join_it() -> None:
    assert span(0.9, 0.205, 0.2, 0.208, 0.6, 0.2) == (1, 7)
    assert span(0.0, 0.0, 0.0) == (0, 6)
    # A higher one parts them, and so does one that was not judged.
    assert span(0.5, 0.1, None, 0.1, 0.1) == (1, 5)


def test_nothing_judged_is_nothing_suspicious() -> None:
    assert list(most_suspicious(along(None, None))) == []
    assert list(most_suspicious([])) == []
    one = Verdict("a.wav", "spoof", windows=along(None))
    assert (one.seconds, one.lowest) == ("", None)


def test_what_a_table_is_told() -> None:
    one = Verdict("a.wav", "spoof", 0.1, windows=along(0.9, 0.3, 0.8), warnings=["odd", "late"])
    assert (one.seconds, one.lowest, one.reason) == ("1.0-5.0", 0.3, "odd; late")
    assert not one.is_refused
    refused = Verdict("b.wav", REFUSED, refusal="is silent")
    assert (refused.seconds, refused.reason, refused.is_refused) == ("", "is silent", True)
