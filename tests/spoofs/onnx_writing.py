"""A small vocoder in ONNX, written byte by byte: no package that writes them is needed."""

import json
from pathlib import Path

import numpy as np

MEL = {"sample_rate": 16_000, "n_fft": 512, "hop_length": 128, "n_mels": 20, "f_max": 8000}


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name: str, values: np.ndarray, location: str = "") -> bytes:
    out = b"".join(number(1, size) for size in values.shape) + number(2, 1) + block(8, name)
    if not location:
        return out + block(9, values.astype("<f4").tobytes())
    return out + block(13, block(1, "location") + block(2, location)) + number(14, 1)


def described(name: str, *shape: int | str) -> bytes:
    sizes = [number(1, one) if isinstance(one, int) else block(2, one) for one in shape]
    dims = b"".join(block(1, size) for size in sizes)
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, dims)))


def write_vocoder(folder: Path, location: str = "", name: str = "tiny.onnx", **mel: object) -> Path:
    """One transposed convolution, from mel bands to a hop of samples a frame."""
    bands, hop = MEL["n_mels"], MEL["hop_length"]
    weights = np.random.default_rng(5).normal(size=(bands, 1, hop)) * 0.01
    stride = block(1, "strides") + number(8, hop) + number(20, 7)
    node = block(1, "mel") + block(1, "w") + block(2, "wave") + block(4, "ConvTranspose")
    graph = (
        block(1, node + block(5, stride)) + block(2, "g") + block(5, tensor("w", weights, location))
    )
    graph += block(11, described("mel", 1, bands, "frames"))
    graph += block(12, described("wave", 1, 1, "samples"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(number(1, 8) + block(7, graph) + block(8, block(1, "") + number(2, 13)))
    path.with_name(f"{name}.json").write_text(json.dumps({**MEL, **mel}))
    if location:
        (folder / location).write_bytes(weights.astype("<f4").tobytes())
    return path
