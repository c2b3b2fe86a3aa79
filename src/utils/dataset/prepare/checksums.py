"""The checksum of an archive: computed, and compared with what its host or user says."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from src.utils.dataset.prepare.sources import Source
from src.utils.errors import ArchiveError, ArgumentError

_DIGITS = {"md5": 32, "sha256": 64}
_CHUNK = 1 << 22
_LISTS = ("SHA256SUMS", "MD5SUMS", "sha256sums.txt", "md5sums.txt", "sha256sum.txt", "md5sum.txt")
_LONGEST_LIST = 10_000_000


@dataclass(frozen=True)
class Checksum:
    """A digest that an archive should have.

    Attributes
    ----------
    algorithm : {'md5', 'sha256'}
        By which it is computed.
    digest : str
        In lower-case hexadecimal digits.
    origin : str
        Who says so, for messages.
    """

    algorithm: str
    digest: str
    origin: str


@dataclass(frozen=True)
class Digests:
    """The digests of an archive, or of its pieces joined.

    Attributes
    ----------
    sha256, md5 : str
        In lower-case hexadecimal digits.
    """

    sha256: str
    md5: str


def parse_checksum(text: str) -> Checksum:
    """Return what `--checksum` gives, such as `sha256:` and 64 digits.

    Parameters
    ----------
    text : str
        The flag's value.

    Raises
    ------
    ArgumentError
        When it is anything else.
    """
    algorithm, _, digest = text.strip().lower().partition(":")
    if len(digest) != _DIGITS.get(algorithm) or not re.fullmatch(r"[0-9a-f]+", digest):
        raise ArgumentError(
            f"--checksum={text} is neither sha256: with 64 nor md5: with 32 hexadecimal digits"
        )
    return Checksum(algorithm, digest, "--checksum")


def checksum_beside(path: Path) -> Checksum | None:
    """Return what a checksum file beside an archive says of it.

    Read are `NAME.sha256`, `NAME.md5` (also with `sum` behind) and lists such as `SHA256SUMS`, in
    the form of md5sum and sha256sum or of BSD.

    Parameters
    ----------
    path : pathlib.Path
        The archive, or one piece of it.

    Raises
    ------
    ArchiveError
        When `NAME.sha256` or `NAME.md5` is there but says nothing of this archive.
    """
    own = [path.with_name(path.name + suffix) for suffix in (".sha256", ".md5")]
    own += [path.with_name(candidate.name + "sum") for candidate in own]
    for file in [*own, *(path.with_name(name) for name in _LISTS)]:
        if not file.is_file() or file.stat().st_size > _LONGEST_LIST:
            continue
        named = dict(_entries(file.read_text(encoding="utf-8", errors="replace")))
        # A file for this archive alone may leave the name out.
        digest = named.get(path.name) or (named.get("") if file in own else None)
        if digest:
            algorithm = "md5" if len(digest) == _DIGITS["md5"] else "sha256"
            return Checksum(algorithm, digest, file.name)
        if file in own:
            raise ArchiveError(f"{file} holds no checksum of {path.name}; mend or remove it")
    return None


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Give the names and digests of a checksum file."""
    for line in text.splitlines():
        plain = re.fullmatch(r"\\?([0-9a-fA-F]+)(?:\s+\*?(.*))?", line.strip())
        bsd = re.fullmatch(r"\w+ ?\((.*)\) ?= ?([0-9a-fA-F]+)", line.strip())
        name, digest = (
            (bsd[1], bsd[2]) if bsd else (plain[2] or "", plain[1]) if plain else ("", "")
        )
        if len(digest) in _DIGITS.values():
            yield name.rpartition("/")[2], digest.lower()


def compute_digests(source: Source, expected: dict[Path, Checksum]) -> Digests:
    """Read an archive once and compare every piece that has a checksum.

    Parameters
    ----------
    source : Source
        The archive.
    expected : dict of pathlib.Path to Checksum
        By piece.

    Raises
    ------
    ArchiveError
        For the first piece that differs.
    """
    whole = {name: hashlib.new(name, usedforsecurity=False) for name in _DIGITS}
    with tqdm(
        desc=f"checking {source.name}",
        total=source.size,
        unit="B",
        unit_scale=True,
        leave=False,
    ) as bar:
        for path in source.paths:
            want = expected.get(path)
            # Of a single file the whole is the piece.
            own = hashlib.new(want.algorithm, usedforsecurity=False) if want else None
            with path.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    for digest in whole.values():
                        digest.update(chunk)
                    if own is not None and len(source.paths) > 1:
                        own.update(chunk)
                    bar.update(len(chunk))
            if want and own is not None:
                found = (own if len(source.paths) > 1 else whole[want.algorithm]).hexdigest()
                require_equal(path, want, found)
    return Digests(whole["sha256"].hexdigest(), whole["md5"].hexdigest())


def require_equal(path: Path, want: Checksum, found: str) -> None:
    """Fail when an archive's digest is not the expected one.

    Parameters
    ----------
    path : pathlib.Path
        The archive, for the message.
    want : Checksum
        The digest it should have.
    found : str
        The digest it has, in lower-case hexadecimal digits.

    Raises
    ------
    ArchiveError
    """
    if found != want.digest:
        raise ArchiveError(
            f"{path} has the {want.algorithm} {found}, not {want.digest} as {want.origin} says: "
            f"download it again, or pass --checksum if it is meant to differ"
        )
