"""The vectors of one split, checked when made."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from src.utils.embeddings.embedding_set import assert_disjoint, concatenate_sets
from src.utils.errors import EmbeddingError


def test_every_mistake_is_told_at_once(make_set: Callable) -> None:
    good = make_set(3, 3)
    with pytest.raises(EmbeddingError) as raised:
        replace(
            good,
            x=good.x.astype(np.float64)[:5],
            y=good.y.astype(int) * 2,
            gender=np.array(["X"] * 6),
            files=np.array(["a"] * 6),
        )
    text = str(raised.value)
    for reason in ("x is float64", "x has 5 rows for 6", "y is not int8", "gender", "twice"):
        assert reason in text


def test_vectors_must_be_finite(make_set: Callable) -> None:
    good = make_set(3, 3)
    for bad in (np.nan, np.inf):
        x = good.x.copy()
        x[4, 1] = bad
        with pytest.raises(EmbeddingError, match=r"not finite: train/4\.wav"):
            replace(good, x=x)
    with pytest.raises(EmbeddingError, match=r"shape \(6,\)"):
        replace(good, x=good.x[:, 0])


def test_it_does_not_change(make_set: Callable) -> None:
    with pytest.raises(FrozenInstanceError):
        make_set(3, 3).layer = 2


def test_where(make_set: Callable) -> None:
    clips = make_set(4, 4)
    women = clips.where(clips.gender == "F")
    assert len(women) == 4
    assert set(women.gender) == {"F"}
    assert women.files.tolist() == clips.files[::2].tolist()
    np.testing.assert_array_equal(women.x, clips.x[::2])
    assert (women.backbone, women.layer) == (clips.backbone, clips.layer)


def test_both_classes(make_set: Callable) -> None:
    clips = make_set(2, 2)
    clips.require_both_classes("it")
    with pytest.raises(EmbeddingError, match="test holds no bona-fide clip among 2"):
        clips.where(clips.y == 0).require_both_classes("test")
    with pytest.raises(EmbeddingError, match="test holds no spoof clip among 2"):
        clips.where(clips.y == 1).require_both_classes("test")


def test_disjoint(make_set: Callable) -> None:
    train, val, test = (make_set(6, 6, prefix=name) for name in ("a", "b", "c"))
    assert_disjoint(train=train, val=val, test=test)
    mixed = replace(test, speaker=np.where(np.arange(12) < 2, "b1", test.speaker))
    with pytest.raises(EmbeddingError, match=r"val and test share 1 speakers \(b1\)"):
        assert_disjoint(train=train, val=val, test=mixed)
    nobody = [replace(part, speaker=np.array([""] * 12)) for part in (train, val)]
    assert_disjoint(train=nobody[0], val=nobody[1])
    with pytest.raises(EmbeddingError, match="train and val share 12 files"):
        assert_disjoint(train=nobody[0], val=nobody[0])


def test_sets_by_utterance_may_share_voices(make_set: Callable) -> None:
    train = replace(make_set(6, 6, prefix="a"), units="utterance")
    val = replace(make_set(6, 6, prefix="b"), speaker=train.speaker, units="utterance")
    assert_disjoint(train=train, val=val)
    assert concatenate_sets(train, val).units == val.where(val.y == 1).units == "utterance"
    # Both must say so: a store of another split may be left over.
    with pytest.raises(EmbeddingError, match="share 6 speakers"):
        assert_disjoint(train=train, val=replace(val, units="speaker"))
    with pytest.raises(EmbeddingError, match="share 12 files"):
        assert_disjoint(train=train, val=replace(val, files=train.files))
