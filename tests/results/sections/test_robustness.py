"""What is told of a test of robustness."""

from pathlib import Path

import pytest

from src.results.sections.robustness import (
    conditions_table,
    left_out,
    lost_under,
    robustness,
    robustness_in_brief,
    summary,
)
from src.robustness.results import ConditionResult, Estimate, Robustness


def result(group: str, strength: str, eer: float, is_track: bool = False) -> ConditionResult:
    change = Estimate(eer - 0.05, eer - 0.10, eer)
    return ConditionResult(
        name=f"{group}-{strength}",
        group=group,
        strength=strength,
        is_track=is_track,
        steps=[{"kind": group}] if group != "clean" else [],
        fingerprint="",
        n_bona_fide=30,
        n_spoof=20,
        n_failed=2 if group == "speed" else 0,
        failure="is short" if group == "speed" else "",
        metrics=dict.fromkeys(("eer", "hter", "far", "frr", "cllr"), Estimate(eer, eer / 2, 0.9)),
        changes=dict.fromkeys(("eer", "hter", "far", "frr", "cllr"), change),
        shifts={"bona_fide": Estimate(-0.5, -1, 0), "spoof": Estimate(0.25, 0, 1)},
    )


@pytest.fixture
def found() -> Robustness:
    return Robustness(
        *("/data/a", "a", "", 7, 0.25, "12 speakers"),
        clean=result("clean", "", 0.05),
        conditions=[
            result("messenger", "Opus 16", 0.08, is_track=True),
            result("speed", "1.1 times", 0.06),
            result("white", "25 dB", 0.2),
            result("white", "5 dB", 0.4),
            result("opus", "8 kbit/s", 0.3),
        ],
        left_out={"noises-5-db": "--noises is not given"},
    )


def test_the_worst_of_each_group_come_first(found: Robustness) -> None:
    titles = [one.title for one in lost_under(found)]
    assert titles == ["white, 5 dB", "opus, 8 kbit/s", "white, 25 dB"]
    text = summary(found)
    assert text.startswith("Clean clips give an EER of 5.00%. Under 3 of 5 conditions")
    assert "white, 5 dB: 40.0%, opus, 8 kbit/s: 30.0%, white, 25 dB: 20.0%" in text
    assert list(found.groups) == ["messenger", "white", "opus", "speed"]


def test_nothing_is_lost(found: Robustness) -> None:
    calm = Robustness(
        *("/data/a", "a", "", 7, 0.25, "12 speakers"),
        clean=found.clean,
        conditions=found.conditions[:2],
    )
    assert "none of 2 conditions" in summary(calm)
    assert "highest is 8.0% (messenger, Opus 16)" in summary(calm)


def test_the_table(found: Robustness) -> None:
    table = conditions_table([found.clean, *found.conditions])
    assert table.header[0] == "condition"
    clean, messenger, *_ = table.rows
    assert clean[0] == "clean"
    assert clean[4] is None
    assert messenger[4] == "+3.00 points"
    assert messenger[6:] == ["-0.50", "+0.25", "50"]
    assert table.kinds == {1: "faint", 2: "faint", 3: "bad", 4: "bad", 5: "bad"}


def test_in_brief_tracks_and_worst_of_each(found: Robustness) -> None:
    table = robustness_in_brief(found)[-1]
    shown = [row[0] for row in table.rows]
    assert shown == [
        *("clean", "messenger, Opus 16", "white, 5 dB", "opus, 8 kbit/s", "speed, 1.1 times")
    ]


def test_all_of_it(found: Robustness, tmp_path: Path) -> None:
    (tmp_path / "robustness_bars.png").write_bytes(b"")
    blocks = robustness(found, tmp_path)
    kinds = [type(block).__name__ for block in blocks]
    assert kinds == [*("Heading", "Paragraph", "Paragraph", "Figure", "Table"), *2 * ["Paragraph"]]
    told = [block.text for block in left_out(found)]
    assert told == [
        "Speed, 1.1 times: 2 clips cannot be changed, one is short.",
        "Not tried: noises-5-db (--noises is not given).",
    ]
