"""The array on disk, by position."""

from pathlib import Path

import numpy as np
import pytest

from src.utils.embeddings.array_file import ArrayFile
from src.utils.errors import EmbeddingError


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    values = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    with ArrayFile.create(path, (5, 2, 3)) as array:
        assert not array.read(range(5)).any()
        array.write([3, 0], values[[3, 0]])
        array.write(np.array([4]), values[[4]])
        array.flush()
        np.testing.assert_array_equal(array.read(np.array([4, 3])), values[[4, 3]])
        assert array.read([]).shape == (0, 2, 3)
    expected = values.copy()
    expected[[1, 2]] = 0
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), expected)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"]


def test_numpy_writes_what_it_reads(tmp_path: Path) -> None:
    values = np.random.default_rng(7).normal(size=(4, 3)).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    with ArrayFile(tmp_path / "a.npy") as array:
        assert array.shape == (4, 3)
        np.testing.assert_array_equal(array.read([2, 1]), values[[2, 1]])


def test_other_numbers_are_converted(tmp_path: Path) -> None:
    with ArrayFile.create(tmp_path / "a.npy", (2, 3)) as array:
        array.write([0, 1], np.asfortranarray(np.arange(6.0).reshape(2, 3)))
        np.testing.assert_array_equal(array.read([0, 1]), np.arange(6).reshape(2, 3))


def test_rows_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with ArrayFile.create(tmp_path / "a.npy", (2, 3)) as array:
        for rows, shape in (([0], (1, 4)), ([0, 1], (1, 3)), ([0], (3,))):
            with pytest.raises(ValueError, match="does not fit"):
                array.write(rows, np.zeros(shape, np.float32))
        for row in (-1, 2):
            with pytest.raises(IndexError):
                array.write([row], np.zeros((1, 3), np.float32))
            with pytest.raises(IndexError):
                array.read([row])


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 3)),
        np.zeros((2, 3), ">f4"),
        np.asfortranarray(np.zeros((2, 3), np.float32)),
        np.array(1, np.float32),
        np.array([{"a": 1}], dtype=object),
    ],
    ids=["float64", "big-endian", "fortran", "scalar", "pickle"],
)
def test_other_arrays_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(EmbeddingError, match=r"a\.npy is damaged: it holds .*not rows of float32"):
        ArrayFile(tmp_path / "a.npy")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with pytest.raises(EmbeddingError, match=r"cannot open .*a\.npy: No such file"):
        ArrayFile(path)
    ArrayFile.create(path, (2, 3)).close()
    whole = path.read_bytes()
    # Of the last two numpy's reader of headers raises what Python's parser does.
    damaged = (whole.replace(b", ", b"(\n"), whole.replace(b"{", b"\n ").replace(b"'", b"\n"))
    others = (whole[:-1], whole + b"0", whole[:40], b"", b"no array at all, but text")
    for content in (*others, *damaged):
        path.write_bytes(content)
        with pytest.raises(EmbeddingError, match=r"a\.npy is damaged: "):
            ArrayFile(path)
