"""The folds that search trials are compared by: what they keep apart, and what is learnt from."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.models.data import TrainingStores
from src.models.registry import CLASSIFIERS
from src.search import folds as module
from src.search.folds import FoldSettings, make_folds, score_folds, scored_together
from src.utils.config import FOLDS_BY_SOURCE
from src.utils.embeddings.selection import Selection
from src.utils.errors import ArgumentError, EmbeddingError
from src.utils.metrics.eer import compute_eer

FIRST = Selection(0)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, make_embeddings: Callable) -> TrainingStores:
    folder = make_embeddings(tmp_path_factory.mktemp("folds") / "e", gaps=(0.5, 2.0), n=12)
    return TrainingStores.open(folder, "wav2vec2")


def test_no_speaker_is_in_two_folds(stores: TrainingStores) -> None:
    clips = stores.load_together(FIRST)
    folds = make_folds(stores, FoldSettings(4), seed=7)
    assert len(folds) == 4
    for train, held_out in folds:
        assert not set(clips.speaker[train]) & set(clips.speaker[held_out])
        assert set(clips.y[held_out]) == {0, 1}
    rows = np.concatenate([held_out for _, held_out in folds])
    assert sorted(rows.tolist()) == list(range(len(clips)))
    again = make_folds(stores, FoldSettings(4), seed=7)
    assert all(np.array_equal(one[1], other[1]) for one, other in zip(folds, again, strict=True))
    assert make_folds(stores, FoldSettings(), seed=7) == []


def test_no_source_is_in_two_folds(stores: TrainingStores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a speaker, even one that is heard in two sources, which are one group by that."""
    clips = stores.load_together(FIRST)
    voices = sorted(set(clips.speaker))
    sources = np.array([f"s{voices.index(one) // 2}" for one in clips.speaker])
    one_voice = np.flatnonzero(clips.speaker == voices[0])
    sources[one_voice[0]] = "s1"
    known = pd.DataFrame({"source": sources})
    monkeypatch.setattr(module, "conditions_of", lambda *about: known)
    folds = make_folds(stores, FoldSettings(3, FOLDS_BY_SOURCE), seed=7)
    assert len(folds) > 1
    for train, held_out in folds:
        assert not set(sources[train]) & set(sources[held_out])
        assert not set(clips.speaker[train]) & set(clips.speaker[held_out])


def test_sources_that_are_not_known(stores: TrainingStores) -> None:
    with pytest.raises(
        ArgumentError, match=r"--folds-by=source: not every clip of .* has a source"
    ):
        make_folds(stores, FoldSettings(3, FOLDS_BY_SOURCE), seed=7)
    with pytest.raises(ArgumentError, match="--folds=1: it takes two at least"):
        FoldSettings(1)


def test_too_few_speakers(tmp_path: Path, make_embeddings: Callable) -> None:
    tiny = make_embeddings(tmp_path / "e", gaps=(1.0, 1.0), n=1)
    stores = TrainingStores.open(tiny, "wav2vec2")
    clips = stores.load_together(FIRST)
    alone = [replace(clips, speaker=np.full(len(clips), "one"))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingStores, "load_together", lambda self, selection: alone[0])
        with pytest.raises(EmbeddingError, match="too few speakers for folds by speaker"):
            make_folds(stores, FoldSettings(3), seed=7)


@pytest.mark.parametrize("name", ["lr", "mlp"])
def test_clips_held_out_are_not_learnt_from(
    stores: TrainingStores, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nor are their augmented copies; every other clip is, with its copies."""
    model = CLASSIFIERS.load(name)
    clips = stores.load_together(FIRST)
    copies = replace(clips, copy=np.ones(len(clips), np.int64))
    monkeypatch.setattr(module, "_together", lambda *about: (clips, copies))
    seen: list[tuple] = []
    real = model.fit_together

    def fit_together(models, sets) -> None:
        seen.extend(sets)
        real(models, sets)

    monkeypatch.setattr(model, "fit_together", fit_together)
    folds = make_folds(stores, FoldSettings(3), seed=7)
    small = {"epochs": 3, "hidden_size": 4} if name == "mlp" else {}
    done = score_folds([model(small) for _ in folds], stores, FIRST, folds)
    for (train, held_out), (rows, others), result in zip(seen, folds, done, strict=True):
        assert not set(train.files) & set(held_out.files)
        assert sorted(held_out.files) == sorted(clips.files[others])
        assert sorted(train.files) == sorted([*clips.files[rows]] * 2)
        assert result.eer == compute_eer(result.llrs, clips.y[others])[0]
        assert result.one_clip == 0.5 / min((clips.y[others] == k).sum() for k in (0, 1))


def test_folds_together_are_as_each_alone(stores: TrainingStores) -> None:
    model = CLASSIFIERS.load("mlp")
    small = {"epochs": 4, "hidden_size": 8}
    folds = make_folds(stores, FoldSettings(3), seed=7)
    together = score_folds([model(small) for _ in folds], stores, FIRST, folds)
    for fold, result in zip(folds, together, strict=True):
        [alone] = score_folds([model(small)], stores, FIRST, [fold])
        np.testing.assert_allclose(result.llrs, alone.llrs, rtol=1e-4, atol=1e-5)
    scored = scored_together(together, stores, FIRST)
    clips = stores.load_together(FIRST)
    assert scored.files.tolist() == clips.files.tolist()
    for (_, rows), result in zip(folds, together, strict=True):
        np.testing.assert_array_equal(scored.llrs[rows], result.llrs)
