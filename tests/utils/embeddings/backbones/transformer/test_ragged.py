"""Sequences in one table, taken apart and put together."""

import pytest
import torch

from src.utils.embeddings.backbones.transformer.ragged import ALIGNMENT, Ragged

CPU = torch.device("cpu")
LENGTHS = [[5], [1, 1], [3, 7, 1], [4, 4, 4], [64], [63, 2], [100, 1, 28]]


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_taken_apart_and_put_together(lengths: list[int], one_by_one: bool) -> None:
    ragged = Ragged(lengths, CPU, one_by_one)
    frames = torch.randn(sum(lengths), 3)
    table = ragged.table(frames)
    assert table.shape == (ragged.n_rows, 3)
    assert ragged.n_frames == sum(lengths)
    assert ragged.n_rows % Ragged.ROWS == 0 if one_by_one else ragged.n_rows == sum(lengths)
    assert torch.equal(table[: sum(lengths)], frames)
    result = torch.full_like(table, torch.nan)
    seen = []
    for group in ragged.groups:
        padded = group.pad(table)
        mask = torch.ones(padded.shape[:2], dtype=torch.bool) if group.mask is None else group.mask
        assert torch.isfinite(padded).all()
        assert group.counts.tolist() == mask.sum(1).tolist()
        seen += [row[real] for row, real in zip(padded, mask, strict=True)]
        # What stands behind a sequence must not come back.
        group.unpad_into(torch.where(mask[:, :, None], padded, torch.nan), result)
    for found, expected in zip(seen, frames.split(lengths), strict=True):
        assert torch.equal(found, expected)
    assert torch.equal(result[: sum(lengths)], frames)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_groups(lengths: list[int]) -> None:
    singles = Ragged(lengths, CPU, one_by_one=True).groups
    assert [group.mask for group in singles] == [None] * len(lengths)
    [together] = Ragged(lengths, CPU, one_by_one=False).groups
    # Without padding there is no mask, for which torch has faster kernels.
    assert (together.mask is None) == (len(set(lengths)) == 1 and lengths[0] % ALIGNMENT == 0)
    assert together.longest % ALIGNMENT == 0
    assert max(lengths) <= together.longest < max(lengths) + ALIGNMENT
