"""What a file's head says of the program that wrote it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from src.utils.audio.nuisances.encoder import read_encoder
from tests.audit.planting import patch_software, patch_vendor


def counted(text: bytes) -> bytes:
    return len(text).to_bytes(4, "little") + text


def flac_block(kind: int, content: bytes, last: bool = False) -> bytes:
    return bytes([kind | 0x80 * last]) + len(content).to_bytes(3, "big") + content


FLAC, STREAM_INFO = b"fLaC", flac_block(0, bytes(34))
WAVE, OGG, MPEG = b"RIFF\0\0\0\0WAVE", b"OggS" + bytes(40), b"\xff\xfb\x90\x00"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (FLAC + flac_block(4, counted(b"libFLAC 1.3.2 20170101")), "libFLAC 1.3.2 20170101"),
        (
            FLAC + STREAM_INFO + flac_block(1, bytes(9)) + flac_block(4, counted(b"Lavf58")),
            "Lavf58",
        ),
        (FLAC + flac_block(0, bytes(34), last=True) + flac_block(4, counted(b"sound")), ""),
        (FLAC, ""),
        (FLAC + flac_block(4, b"\xff\xff\xff\xffrest"), ""),
        (FLAC + flac_block(4, counted("Gerät für alle\n2".encode("latin-1"))), "Ger t f r alle 2"),
        (WAVE + b"LIST\0\0\0\0INFOISFT" + counted(b"Audacity\0\0"), "Audacity"),
        (WAVE + b"fmt ", ""),
        (WAVE + b"ISFT", ""),
        (OGG + b"OpusTags" + counted(b"libopus 1.3"), "libopus 1.3"),
        (OGG + b"\x03vorbis" + counted(b"Xiph.Org libVorbis I"), "Xiph.Org libVorbis I"),
        (OGG, ""),
        (MPEG + bytes(32) + b"Info" + bytes(116) + b"LAME3.100\x04\xa5", "LAME3.100"),
        (b"ID3\x04" + bytes(20) + b"TSSE\0\0\0\x0f\0\0\x03Lavf58.45.100\0", "Lavf58.45.100"),
        (MPEG + bytes(400), ""),
        (b"", ""),
    ],
)
def test_heads(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert read_encoder(tmp_path / "file") == name


@pytest.mark.parametrize("suffix", ["flac", "ogg", "wav", "mp3"])
def test_real_files(tmp_path: Path, write_audio: Callable, suffix: str) -> None:
    path = write_audio(tmp_path / f"a.{suffix}", np.zeros(16_000, np.float32))
    known = {"flac": "libFLAC", "ogg": "libVorbis", "wav": "", "mp3": "LAME"}[suffix]
    found = read_encoder(path)
    assert known.lower() in found.lower()
    assert bool(found) == bool(known)


def test_patched_files_stay_readable(tmp_path: Path, write_audio: Callable) -> None:
    wave = np.sin(np.arange(1000)).astype(np.float32) / 2
    for suffix, patch, name in (
        ("flac", patch_vendor, "somebody's encode"),
        ("wav", patch_software, "vocoder"),
    ):
        path = write_audio(tmp_path / f"a.{suffix}", wave)
        patch(path)
        assert read_encoder(path).startswith(name)
        np.testing.assert_allclose(soundfile.read(path)[0], wave, atol=1e-4)


def test_only_the_head_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF" + bytes(1 << 16) + b"ISFT" + counted(b"late"))
    assert read_encoder(tmp_path / "a.wav") == ""
    with pytest.raises(OSError, match="No such file"):
        read_encoder(tmp_path / "none.wav")
