"""What is said of one recording."""

from src.predict.verdict import (
    REFUSED,
    VERDICTS,
    JudgedWindow,
    Stretch,
    Verdict,
    most_suspicious,
    worst_of,
)


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


def test_the_worst_channel_counts() -> None:
    """By the verdict first, then by the probability; what was refused only where all was."""
    judged = [
        Verdict("a", verdict, 0.0, 0.0, probability, channel=number)
        for number, (verdict, probability) in enumerate(
            [("inconclusive", 0.5), ("partly-spoof", 0.09), ("spoof", 0.05), ("spoof", 0.02)], 1
        )
    ]
    assert VERDICTS == ("spoof", "partly-spoof", "inconclusive", "bona-fide", "refused")
    assert [worst_of(judged[:n]).channel for n in (1, 2, 3, 4)] == [1, 2, 3, 4]
    none = Verdict("a", REFUSED, refusal="holds no speech", channel=5)
    found = worst_of([none, judged[0]])
    assert (found.verdict, found.channels) == ("inconclusive", (none, judged[0]))
    assert found.reason == "channel 1; channel 5 is not judged: it holds no speech"
    assert worst_of([none]).reason == "channel 5 holds no speech"


def test_stretches_are_the_seconds_that_are_told() -> None:
    stretches = (Stretch(3.0, 9.5, 0.02), Stretch(20.0, 24.0, 0.01))
    one = Verdict("a", "partly-spoof", windows=along(0.9, 0.3, 0.8), stretches=stretches)
    assert one.seconds == "3.0-9.5, 20.0-24.0"
