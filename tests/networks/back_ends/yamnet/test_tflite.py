"""The reader of TensorFlow Lite files, which trusts nothing in them."""

from pathlib import Path

import numpy as np
import pytest

from src.networks.back_ends.yamnet import tflite
from src.networks.back_ends.yamnet.tflite import CONV_2D, FULLY_CONNECTED, read_operators
from src.utils.errors import CheckpointError
from tests.networks.back_ends.yamnet.tflite_file import Model, Table, encode


@pytest.fixture
def model() -> Model:
    """One convolution and one dense layer, in every form that constants have."""
    made = Model()
    random = np.random.default_rng(7)
    made.add(
        CONV_2D,
        made.constant(random.normal(size=(2, 3, 3, 1)).astype(np.float32)),
        made.constant(np.array([1.5, -2.0], np.float16)),
    )
    integers = random.integers(-127, 128, (3, 4)).astype(np.int8)
    made.add(FULLY_CONNECTED, made.constant(integers, [0.5, 2.0, 0.25], [0, 1, -3]))
    made.add(200, made.constant(integers, 0.125, 5), made.constant(np.array([3, 4], np.int32)))
    return made


def test_constants_are_what_they_stand_for(tmp_path: Path, model: Model) -> None:
    convolution, dense, other = read_operators(model.write(tmp_path / "a.tflite"))
    random = np.random.default_rng(7)
    assert [one.code for one in (convolution, dense, other)] == [CONV_2D, FULLY_CONNECTED, 200]
    computed, kernel, bias = convolution.constants
    assert computed is None
    np.testing.assert_array_equal(kernel, random.normal(size=(2, 3, 3, 1)).astype(np.float32))
    np.testing.assert_array_equal(bias, [1.5, -2.0])
    assert bias.dtype == np.float32
    integers = random.integers(-127, 128, (3, 4)).astype(np.float32)
    by_row = (integers - [[0], [1], [-3]]) * [[0.5], [2.0], [0.25]]
    np.testing.assert_array_equal(dense.constants[1], by_row)
    np.testing.assert_array_equal(other.constants[1], (integers - 5) * 0.125)
    np.testing.assert_array_equal(other.constants[2], [3, 4])


def test_what_is_not_given_is_none(tmp_path: Path, model: Model) -> None:
    model.add(CONV_2D, -1)
    assert read_operators(model.write(tmp_path / "a.tflite"))[-1].constants == [None, None]


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    with pytest.raises(CheckpointError, match=r"cannot read .*a\.tflite: No such file"):
        read_operators(path)
    for content in (b"", b"PK\x03\x04 something else altogether"):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"a\.tflite is no TensorFlow Lite file"):
            read_operators(path)
    path.write_bytes(encode(Table({0: ("<I", 3)})))
    with pytest.raises(CheckpointError, match="holds no graph"):
        read_operators(path)


def test_large_files_are_not_read(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = model.write(tmp_path / "a.tflite")
    monkeypatch.setattr(tflite, "MOST_BYTES", 100)
    with pytest.raises(CheckpointError, match="too large"):
        read_operators(path)


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda m: m.tensors[1].fields.update({2: ("<I", 99)}), "buffer 99 of"),
        (lambda m: m.operators[0].fields.update({0: ("<I", 9)}), "code 9 of"),
        (lambda m: m.add(CONV_2D, 77), "tensor 77 of"),
        (lambda m: m.constant(np.zeros(4, np.int8), [1.0, 2.0]), "2 scales"),
        (lambda m: m.constant(np.zeros(4, np.int8), 1.0, [1, 2]), "2 zero points"),
        (lambda m: m.constant(np.zeros(4, np.int8), np.ones(4), None, 3), "4 scales"),
        (lambda m: m.tensors[1].fields[0].values.__setitem__(0, 5), "of shape"),
        (lambda m: m.tensors[1].fields[0].values.__setitem__(0, -2), "of shape"),
    ],
)
def test_parts_that_do_not_fit_are_told(tmp_path: Path, model: Model, break_it, reason) -> None:
    number = break_it(model)
    if isinstance(number, int):
        model.add(CONV_2D, number)
    with pytest.raises(CheckpointError, match=rf"a\.tflite is damaged: .*{reason}"):
        read_operators(model.write(tmp_path / "a.tflite"))


def test_damage_anywhere_never_leads_astray(tmp_path: Path, model: Model) -> None:
    path = tmp_path / "a.tflite"
    whole = model.encode()
    random = np.random.default_rng(7)
    told = 0
    for _ in range(1_500):
        content = bytearray(whole)
        for place in random.integers(0, len(content), random.integers(1, 4)):
            content[place] = random.choice([0, 1, 127, 255, random.integers(256)])
        path.write_bytes(content[: random.choice([len(content), random.integers(len(content))])])
        try:
            read_operators(path)
        except CheckpointError:
            told += 1
    assert told > 500
