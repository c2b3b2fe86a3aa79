"""What was stored as `lfcc` before the descriptor was called `acoustic`."""

from typing import Any

import pytest

from src.utils.embeddings.backbones import load_backbone
from src.utils.renamed import backbone_of, is_renamed, label_of

OLD = {
    "name": "lfcc",
    "version": 1,
    "sample_rate": 16_000,
    "layers": 1,
    "stats": ["descriptor"],
    "stats_count": 1,
    "dim": 276,
}


def test_the_descriptor_of_then() -> None:
    assert is_renamed(OLD)
    assert (backbone_of(OLD), label_of(OLD)) == ("acoustic", "acoustic (was lfcc)")
    # But for its name it is what it was.
    assert load_backbone("acoustic").describe() == OLD | {"name": "acoustic"}


@pytest.mark.parametrize("name", ["acoustic", "lfcc"])
def test_what_is_made_now(name: str) -> None:
    about = load_backbone(name).describe()
    assert not is_renamed(about)
    assert (backbone_of(about), label_of(about)) == (name, name)


@pytest.mark.parametrize("about", [None, {}, "lfcc", [1], {"name": None}])
def test_what_names_no_backbone(about: Any) -> None:
    assert not is_renamed(about)
    assert backbone_of(about) is None
    assert label_of(about) is None
