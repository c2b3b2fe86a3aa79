"""The flags of PretrainBackbone."""

import pytest

from src.utils.errors import ArgumentError
from tasks.pretraining import MaskingFlags, UpdateFlags


def test_flags_become_values_of_the_settings() -> None:
    masking = MaskingFlags(seconds="2.5", mask_share="0.1", n_units="50", units="4")
    assert masking.asked("hubert") == {
        "seconds": 2.5,
        "mask_share": 0.1,
        "n_units": 50,
        "units": "4",
    }
    updates = UpdateFlags(epochs="3", learning_rate="1e-3", precision="float32")
    assert updates.asked() == {"epochs": 3, "learning_rate": 1e-3, "precision": "float32"}


def test_units_are_of_hubert_alone() -> None:
    with pytest.raises(ArgumentError, match="--n-units=50 goes with --backbone=hubert"):
        MaskingFlags(n_units="50").asked("wav2vec2")


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (MaskingFlags(mask_share="2"), "--mask-share=2 must lie between 0 and 1"),
        (MaskingFlags(mask_length="0"), "--mask-length=0 must be at least 1"),
        (MaskingFlags(units_from=" "), "--units-from= is empty"),
    ],
)
def test_what_cannot_be_read_is_named(flags: MaskingFlags, told: str) -> None:
    with pytest.raises(ArgumentError, match=told):
        flags.asked("hubert")
