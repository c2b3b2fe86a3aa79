"""Archives made by hand: every kind of entry, good or bad, in zip, tar and rar."""

import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Item:
    """An entry to be written; `kind` is file, folder, symlink, hardlink or device."""

    name: str
    data: bytes = b"sound"
    kind: str = "file"
    target: str = ""


def write_zip(path: Path, items: list[Item]) -> Path:
    modes = {"symlink": stat.S_IFLNK, "device": stat.S_IFCHR, "file": stat.S_IFREG}
    with zipfile.ZipFile(path, "w") as archive:
        for item in items:
            info = zipfile.ZipInfo("x")
            # The constructor would mend the name.
            info.filename = item.name + ("/" if item.kind == "folder" else "")
            info.create_system = 3
            info.external_attr = (modes.get(item.kind, stat.S_IFDIR) | 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            data = item.target.encode() if item.kind == "symlink" else item.data
            archive.writestr(info, b"" if item.kind == "folder" else data)
    return path


def write_tar(path: Path, items: list[Item], mode: str | None = None) -> Path:
    packing = {".gz": "gz", ".bz2": "bz2", ".xz": "xz"}.get(path.suffix, "")
    types = {
        "folder": tarfile.DIRTYPE,
        "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
        "device": tarfile.CHRTYPE,
    }
    with tarfile.open(path, mode or f"w:{packing}") as archive:
        for item in items:
            info = tarfile.TarInfo(item.name)
            info.type = types.get(item.kind, tarfile.REGTYPE)
            info.linkname = item.target
            info.size = len(item.data) if item.kind == "file" else 0
            archive.addfile(info, io.BytesIO(item.data) if item.kind == "file" else None)
    return path


def write_rar(
    path: Path,
    items: list[Item],
    method: int = 0,
    is_encrypted: bool = False,
    breaks_crc=False,
    claimed_size: int | None = None,
) -> Path:
    """Write a RAR 5 archive whose files are stored; `method` only claims how they are packed."""
    links = {"symlink": 1, "hardlink": 4, "junction": 3}
    content = b"Rar!\x1a\7\1\0" + _header(1, 0, _number(0))
    for item in items:
        data = item.data if item.kind == "file" else b""
        # The bit 0x1 is a folder, 0x4 a CRC of the data.
        flags = 0x1 if item.kind == "folder" else 0x4
        size = len(data) if claimed_size is None else claimed_size
        fields = _number(flags) + _number(size) + _number(0o100644)
        if flags == 0x4:
            fields += struct.pack("<L", zlib.crc32(data) ^ breaks_crc)
        name = item.name.encode()
        fields += _number(method << 7) + _number(1) + _number(len(name)) + name
        extra = b""
        if item.kind in links:
            target = item.target.encode()
            record = _number(5) + _number(links[item.kind]) + _number(0) + _number(len(target))
            extra = _number(len(record + target)) + record + target
        if is_encrypted:
            record = _number(1) + _number(0) + _number(0) + b"\x0f" + bytes(32)
            extra += _number(len(record)) + record
        content += _header(2, 0, fields, extra, data)
    path.write_bytes(content + _header(5, 0, _number(0)))
    return path


def _header(kind: int, flags: int, fields: bytes, extra: bytes = b"", data: bytes = b"") -> bytes:
    flags |= (0x1 if extra else 0) | (0x2 if kind == 2 else 0)
    sizes = (_number(len(extra)) if extra else b"") + (_number(len(data)) if kind == 2 else b"")
    body = _number(kind) + _number(flags) + sizes + fields + extra
    body = _number(len(body)) + body
    return struct.pack("<L", zlib.crc32(body)) + body + data


def _number(value: int) -> bytes:
    """Write seven bits a byte, the lowest first, the eighth bit saying that more follow."""
    content = b""
    while value > 0x7F:
        content += bytes([value & 0x7F | 0x80])
        value >>= 7
    return content + bytes([value])


WRITERS: dict[str, Callable[[Path, list[Item]], Path]] = {
    "zip": write_zip,
    "tar": write_tar,
    "tar.gz": write_tar,
    "tar.bz2": write_tar,
    "tar.xz": write_tar,
    "rar": write_rar,
}
"""By the suffix of the archive."""


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder that is not AUDIOS' own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("prepared.json", ".preparing.lock")
    }
