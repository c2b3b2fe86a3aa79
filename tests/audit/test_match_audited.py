"""What is planted is found under its name, and gone from a matched copy."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from src.audit import match_audited as matching
from src.audit.catalogue import BY_NAME
from src.audit.match_audited import differing_nuisances, match_audited
from src.audit.shortcuts import TOGETHER, Shortcut, find_shortcuts
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.inspection import DATABASE, inspect_dataset
from src.utils.dataset.match import MatchSettings
from src.utils.errors import DatasetError
from tests.audit.planting import PLANTED, Clip, balanced

RESAMPLES = 80
"""Where a nuisance gives all away, or nothing, few tell as much as many."""

ALONE = {
    "peak": "rms",
    "8 bits in 16": "clipping",
    "flac vendor": "format",
    "wav software": "format",
}
"""What a plant must not show beside itself."""


def flagged(dataset: Dataset) -> list[str]:
    found = find_shortcuts(inspect_dataset(dataset, "AuditDataset").files, RESAMPLES)
    return [one.name for one in found if one.is_flagged]


def xor(clip: Clip) -> Clip:
    """Short and loud or long and quiet for a spoof, the other two for bona-fide."""
    is_long = clip.take % 2 == 0
    is_loud = is_long == (clip.label == "bona-fide")
    words = tuple(word + 0.5 * is_long for word in clip.speech["words"])
    return replace(
        clip.say(words=words), sound=lambda wave, _: wave * np.float32(2.5 if is_loud else 1.0)
    )


def test_nothing_is_flagged_where_nothing_differs(corpus: Callable, tmp_path: Path) -> None:
    dataset = corpus("data", balanced(takes=4))
    found = find_shortcuts(inspect_dataset(dataset, "x").files, 500)
    assert [one.name for one in found] == [*BY_NAME, TOGETHER]
    assert [one.label for one in found if one.is_flagged or one.is_unsure] == []
    assert all(0.38 < one.eer < 0.62 for one in found)
    assert all(one.low <= one.eer <= one.high for one in found)
    matched = match_audited(dataset, tmp_path / "out", MatchSettings())
    assert matched.differing == []
    wanted = matched.settings
    assert {wanted.low_pass, wanted.silence, wanted.duration, wanted.noise} == {"keep"}


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("planted", PLANTED)
def test_planted_nuisance_is_found_and_mended(
    corpus: Callable, tmp_path: Path, monkeypatch, planted: str
) -> None:
    name, change = PLANTED[planted]
    dataset = corpus("data", [change(clip) for clip in balanced()])
    before: list[Shortcut] = []

    def watched(*given) -> list[Shortcut]:
        before.extend(find_shortcuts(*given))
        return before

    monkeypatch.setattr(matching, "find_shortcuts", watched)
    monkeypatch.setattr(matching, "_RESAMPLES", RESAMPLES)
    done = match_audited(dataset, tmp_path / "out", MatchSettings())
    by_name = {one.name: one for one in before}
    assert by_name[name].is_flagged
    assert by_name[name].eer < 0.3
    assert by_name[name].label == BY_NAME[name].label
    assert by_name[name].remedy == BY_NAME[name].remedy
    assert by_name[TOGETHER].is_flagged
    assert planted not in ALONE or not by_name[ALONE[planted]].is_flagged
    assert by_name[name] in done.differing
    rejected = set(done.derived.rejected.values())
    assert rejected == ({"is clipped"} if planted == "clipping" else set())
    # Nothing is left, and nothing new came with the mending. All together, of so few clips, may
    # stray from chance by a few of them.
    after = find_shortcuts(inspect_dataset(done.derived.dataset, "AuditDataset").files, RESAMPLES)
    assert [one.name for one in after if one.is_flagged and one.name != TOGETHER] == []
    assert after[-1].eer > 0.3


def test_a_joint_shortcut_shows_only_all_together(corpus: Callable) -> None:
    dataset = corpus("data", [xor(clip) for clip in balanced(takes=4)])
    assert flagged(dataset) == [TOGETHER]


def shortcut(name: str, eer: float, high: float) -> Shortcut:
    return Shortcut(name, name.upper(), eer, eer - 0.1, high, "", "", "", 20)


def test_what_contributes_to_the_whole_is_matched() -> None:
    rows = [shortcut("rms", 0.2, 0.3), shortcut("duration", 0.42, 0.6), shortcut("peak", 0.46, 0.6)]
    whole = shortcut(TOGETHER, 0.2, 0.3)
    assert [one.name for one in differing_nuisances([*rows, whole])] == ["rms", "duration"]
    unsure = shortcut(TOGETHER, 0.2, 0.6)
    assert [one.name for one in differing_nuisances([*rows, unsure])] == ["rms"]
    assert differing_nuisances(rows) == rows[:1]
    assert differing_nuisances([]) == []


def test_the_source_stays_as_it_is(corpus: Callable, tmp_path: Path) -> None:
    dataset = corpus("data", balanced()[:12])

    def hashes() -> dict[str, str]:
        return {
            path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in dataset.root.rglob("*")
            if path.is_file() and path.name != DATABASE
        }

    before = hashes()
    match_audited(dataset, tmp_path / "out", MatchSettings())
    assert hashes() == before


def test_one_class_is_matched_all_the_same(corpus: Callable, tmp_path: Path) -> None:
    dataset = corpus("data", [clip for clip in balanced()[:20] if clip.label == "spoof"])
    done = match_audited(dataset, tmp_path / "out", MatchSettings(noise="match", duration="match"))
    assert done.differing == []
    assert len(done.derived.files) == 10


def test_a_class_that_is_clipped_is_not_matched_away(corpus: Callable, tmp_path: Path) -> None:
    def clip_all(clip: Clip) -> Clip:
        return replace(clip, sound=lambda wave, _: 4 * wave.clip(-0.05, 0.05))

    clips = [clip_all(clip) if clip.label == "spoof" else clip for clip in balanced()]
    dataset = corpus("data", clips)
    with pytest.raises(DatasetError, match=r"every spoof recording is clipped.*--clipped=keep"):
        match_audited(dataset, tmp_path / "out", MatchSettings())
    assert not (tmp_path / "out").exists()
    done = match_audited(dataset, tmp_path / "out", MatchSettings(clipped="keep"))
    assert len(done.derived.files) == len(clips)
    assert "clipping" in [one.name for one in done.differing]
