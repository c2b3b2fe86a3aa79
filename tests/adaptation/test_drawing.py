"""Which clips are learnt from: as many as asked for, and no speaker on both sides."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.adaptation.drawing import FEWEST_CLIPS, draw_clips
from src.models.probe import speakers_of
from src.utils.dataset.labelled import LabelledClips
from src.utils.errors import ArgumentError, AudiosError, DatasetError


def clips_of(*speakers: tuple[str, int, int]) -> LabelledClips:
    """Make clips of speakers, each given as (name, bona-fide clips, spoofs)."""
    rows = [
        (name, label)
        for name, *counts in speakers
        for label in (1, 0)
        for _ in range(counts[1 - label])
    ]
    n = len(rows)
    return LabelledClips(
        files=np.array([f"{row}.wav" for row in range(n)]),
        y=np.array([label for _, label in rows], np.int8),
        gender=np.full(n, ""),
        speaker=np.array([name for name, _ in rows]),
        attack=np.full(n, ""),
    )


people = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(any), min_size=8, max_size=40
)


@given(people, st.integers(5, 12), st.integers(0, 9))
def test_no_speaker_is_on_both_sides(counts: list, n_clips: int, seed: int) -> None:
    clips = clips_of(*((f"p{n}" if n % 7 else "", *has) for n, has in enumerate(counts)))
    try:
        drawn = draw_clips(clips, n_clips, seed)
    except AudiosError:
        return
    speakers = speakers_of(clips)
    learnt, apart = speakers[drawn.learnt], speakers[drawn.apart]
    assert not set(learnt) & set(apart)
    for label in (0, 1):
        of_class = clips.y == label
        assert (drawn.learnt & of_class).sum() == n_clips
        assert len(set(speakers[drawn.apart & of_class])) >= len(set(speakers[of_class])) / 2
    again = draw_clips(clips, n_clips, seed)
    assert np.array_equal(again.learnt, drawn.learnt)


@settings(max_examples=30)
@given(people, st.integers(0, 9))
def test_what_can_be_asked_for_is_true(counts: list, seed: int) -> None:
    clips = clips_of(*((f"p{n}", *has) for n, has in enumerate(counts)))
    try:
        draw_clips(clips, 60, seed)
    except ArgumentError as error:
        most = int(re.search(r"ask for (\d+) at most", str(error))[1])
        assert draw_clips(clips, most, seed).learnt.sum() == 2 * most
        with pytest.raises(ArgumentError):
            draw_clips(clips, most + 1, seed)
    except DatasetError:
        with pytest.raises(DatasetError):
            draw_clips(clips, FEWEST_CLIPS, seed)


def test_as_many_speakers_as_there_may_be_give_a_clip_each() -> None:
    clips = clips_of(*((f"p{n}", 6, 6) for n in range(20)))
    drawn = draw_clips(clips, 10, 7)
    for label in (0, 1):
        assert len(set(clips.speaker[drawn.learnt & (clips.y == label)])) == 10
    # Of fewer clips than half of the speakers, the others are kept apart.
    drawn = draw_clips(clips, 5, 7)
    assert len(set(clips.speaker[drawn.apart])) == 15
    assert len(set(clips.speaker[draw_clips(clips, 40, 7).apart])) == 10


def test_other_seeds_draw_others() -> None:
    clips = clips_of(*((f"p{n}", 3, 3) for n in range(20)))
    one, other = (draw_clips(clips, 5, seed).learnt for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_clips_of_unknown_speakers_are_speakers_of_their_own() -> None:
    drawn = draw_clips(clips_of(("", 20, 20)), 10, 7)
    assert drawn.learnt.sum() == drawn.apart.sum() == 20


@pytest.mark.parametrize(
    ("speakers", "words"),
    [
        ([("a", 9, 9), ("b", 9, 9), ("c", 9, 9)], "3 with bona-fide and 3 with spoof clips"),
        ([(f"p{n}", 9, 9 * (n < 3)) for n in range(9)], "9 with bona-fide and 3 with spoof"),
        ([(f"p{n}", 1, 1) for n in range(8)], "have fewer than 5 clips of a class"),
    ],
)
def test_too_few_are_refused(speakers: list, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        draw_clips(clips_of(*speakers), 5, 7)
