"""Files of weights of a few kilobytes that claim gigabytes, or hold what no weights are."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from src.networks.back_ends.yamnet.network import YamNet
from src.networks.back_ends.yamnet.tflite import FULLY_CONNECTED
from src.networks.back_ends.yamnet.weights import load_weights
from src.utils.config import ROOT
from src.utils.torch_file import torch_shapes
from tests.frugal import refusal
from tests.networks.back_ends.yamnet.tflite_file import Model

FAULTS = ROOT.parent / "shared" / "odd-inputs" / "faults"
PLACE = "layer1/conv/layer1/conv/kernel:0"


def told(path: Path) -> str:
    """Return the line that a file is refused with."""

    def use() -> None:
        weights = load_weights(str(path))
        assert weights is not None
        weights.fill(YamNet(1, 1 / 16))

    return refusal(use).text


@pytest.mark.skipif(not FAULTS.is_dir(), reason=f"needs the files of {FAULTS}")
@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("expand_half.pth", "names the number"),
        ("scalar.h5", "lacks the weights"),
        ("empty.h5", "lacks the weights"),
        ("f128.h5", "128 bits"),
    ],
)
def test_files_that_people_met(name: str, word: str) -> None:
    assert word in told(FAULTS / name)


class Sized:
    """Is unpickled as a call."""

    def __init__(self, call: Callable, *given: object) -> None:
        self.call, self.given = call, given

    def __reduce__(self) -> tuple:
        return self.call, self.given


TORCH: dict[str, tuple[Callable[[], object], str]] = {
    "strides": (lambda: torch.zeros(1).expand(1 << 20, 1 << 10), "names the number"),
    "many times": (
        lambda: {f"a{number}": SHARED for number in range(1000)},
        "claim 4,000,000,000 bytes",
    ),
    "bytes of nothing": (lambda: Sized(bytearray, 4_000_000), "bytearray"),
    "quantised": (
        lambda: torch.quantize_per_tensor(torch.zeros(4), 0.1, 0, torch.qint8),
        "_rebuild_qtensor",
    ),
    "sparse": (lambda: torch.eye(3).to_sparse(), "_rebuild_sparse_tensor"),
    "complex": (lambda: torch.zeros(3, dtype=torch.complex64), "ComplexFloatStorage"),
    "meta": (lambda: torch.zeros(1 << 30, device="meta"), "_rebuild_meta_tensor"),
    "nested": (lambda: {"b": torch.zeros(3)}, "something else than weights"),
    "number": (lambda: 3, "something else than weights"),
    "module": (lambda: torch.nn.Linear(2, 2), "is no plain tensor"),
}
SHARED = torch.zeros(1000, 1000)


@pytest.mark.parametrize("kind", TORCH)
@pytest.mark.parametrize("is_old", [False, True])
def test_torch_files(tmp_path: Path, kind: str, is_old: bool) -> None:
    make, word = TORCH[kind]
    made = make()
    state = made if isinstance(made, dict) and kind == "many times" else {"a": made}
    path = tmp_path / "a.pth"
    torch.save(state, path, _use_new_zipfile_serialization=not is_old)
    assert word in told(path)


@pytest.mark.parametrize("is_old", [False, True])
def test_torch_files_of_plain_tensors_are_let_through(tmp_path: Path, is_old: bool) -> None:
    tensors = {
        "a": torch.arange(6.0).reshape(2, 3).T,
        "b": torch.zeros(3, dtype=torch.float16),
        "c": torch.nn.Parameter(torch.ones(2)),
        "n": torch.tensor(10**12),
        "half": torch.arange(10.0)[2:7],
    }
    path = tmp_path / "a.pth"
    torch.save(tensors, path, _use_new_zipfile_serialization=not is_old)
    assert torch_shapes(path) == {name: tuple(value.shape) for name, value in tensors.items()}


def test_a_torch_file_packed_to_a_thousandth(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(25 << 20)}, tmp_path / "a.pth")
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as whole,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for info in whole.infolist():
            packed.writestr(info.filename, whole.read(info))
    assert "would unpack to" in told(tmp_path / "b.pth")


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\3\4", b"\x80\x02", b"\x80\x02(" * 1000, pickle.dumps([[]] * 3), b"\x80\x04\x93."],
)
def test_torch_files_that_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    assert "cannot be read as weights" in told(tmp_path / "a.pth")


def write_h5(path: Path, put: Callable[[h5py.File], object]) -> Path:
    with h5py.File(path, "w") as file:
        put(file)
    return path


def filled(file: h5py.File) -> None:
    """Nothing is written, so that all of it is the value that it is filled with."""
    file.create_dataset(PLACE, (1 << 14, 1 << 14), "<f4", fillvalue=1.0)


def packed(file: h5py.File) -> None:
    data = np.zeros((1 << 12, 1 << 11), np.float32)
    file.create_dataset(PLACE, data=data, compression="gzip", compression_opts=9)


def in_pieces(file: h5py.File) -> None:
    file.create_dataset(
        PLACE, (4, 4), "<f4", chunks=(1 << 13, 1 << 13), maxshape=(None, None), compression="gzip"
    )


def elsewhere(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4, 4), "<f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 4))
    file.create_virtual_dataset(PLACE, layout)


def outside(file: h5py.File) -> None:
    file.create_dataset(PLACE, (4, 4), "<f4", external=[("/etc/passwd", 0, 64)])


def deep(file: h5py.File) -> None:
    file["/".join("a" * 200)] = np.zeros(3, np.float32)


def many(file: h5py.File) -> None:
    for number in range(10_001):
        file.create_group(f"g{number}")


@pytest.mark.parametrize(
    ("put", "word"),
    [
        (filled, "claim 1,073,741,824 bytes"),
        (packed, "arrays claim"),
        (in_pieces, "pieces larger than the file"),
        (elsewhere, "from other files"),
        (outside, "from other files"),
        (deep, "far more than the weights"),
        (many, "far more than the weights"),
    ],
)
def test_h5_files(tmp_path: Path, put: Callable, word: str) -> None:
    assert word in told(write_h5(tmp_path / "a.h5", put))


def test_an_h5_array_under_many_names_is_read_once(tmp_path: Path) -> None:
    def put(file: h5py.File) -> None:
        file[PLACE] = np.zeros((1000, 1000), np.float32)
        for number in range(1000):
            file[f"name{number}"] = file[PLACE]

    assert "lacks the weights" in told(write_h5(tmp_path / "a.h5", put))


def test_a_tflite_constant_under_many_names(tmp_path: Path) -> None:
    model = Model()
    constant = model.constant(np.zeros((1000, 1000), np.int8), 0.5)
    for _ in range(1000):
        model.add(FULLY_CONNECTED, constant, constant)
    assert "far too often" in told(model.write(tmp_path / "a.tflite"))


def test_tflite_lists_without_end(tmp_path: Path) -> None:
    model = Model()
    model.add(FULLY_CONNECTED, *[-1] * 100_000)
    assert "inputs" in told(model.write(tmp_path / "a.tflite"))
    model = Model()
    for _ in range(11_000):
        model.add(FULLY_CONNECTED, -1)
    assert "tables" in told(model.write(tmp_path / "a.tflite"))


def test_a_zip_of_torch_with_a_pickle_without_end(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + b"]" * (3 << 20) + b".")
        archive.writestr("a/version", b"3")
        archive.writestr("a/byteorder", struct.pack("<6s", b"little"))
    (tmp_path / "a.pth").write_bytes(stream.getvalue())
    assert "far too many" in told(tmp_path / "a.pth")
