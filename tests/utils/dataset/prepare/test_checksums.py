"""Checksums: computed always, compared with whoever names one."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from src.utils.dataset.prepare.checksums import Checksum, checksum_beside, parse_checksum
from src.utils.dataset.prepare.corpora import CORPORA, Published
from src.utils.dataset.prepare.prepare import NOT_CHECKED, prepare_dataset
from src.utils.errors import ArchiveError, ArgumentError
from src.utils.files import read_json, sha256_file
from tests.utils.dataset.prepare.builders import Item, write_zip

WILD = CORPORA["in-the-wild"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_zip(tmp_path / "release_in_the_wild.zip", [Item("release_in_the_wild/0.wav")])


def digest(path: Path, algorithm: str) -> str:
    return hashlib.new(algorithm, path.read_bytes()).hexdigest()


def wrong(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def test_the_digest_is_kept_though_nothing_is_known(tmp_path: Path, archive: Path) -> None:
    [entry] = prepare_dataset(tmp_path / "data", WILD, archive).entries
    assert entry.sha256 == sha256_file(archive)
    assert entry.md5 == digest(archive, "md5")
    assert entry.checked == NOT_CHECKED
    [kept] = read_json(tmp_path / "data" / "prepared.json")["archives"]
    assert (kept["name"], kept["sha256"]) == (archive.name, entry.sha256)


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_given_by_the_user(tmp_path: Path, archive: Path, algorithm: str) -> None:
    right = parse_checksum(f"{algorithm}:{digest(archive, algorithm).upper()}")
    false = replace(right, digest=wrong(right.digest))
    with pytest.raises(ArchiveError, match=f"has the {algorithm} {right.digest}, not"):
        prepare_dataset(tmp_path / "data", WILD, archive, false)
    assert not (tmp_path / "data" / "release_in_the_wild").exists()
    [entry] = prepare_dataset(tmp_path / "data", WILD, archive, right).entries
    assert entry.checked == f"{algorithm} as --checksum says"
    # What is unpacked already is compared again.
    with pytest.raises(ArchiveError, match="not"):
        prepare_dataset(tmp_path / "data", WILD, archive, false)


FORMS = {
    "release_in_the_wild.zip.md5": ("md5", "{digest}  release_in_the_wild.zip"),
    "release_in_the_wild.zip.sha256": ("sha256", "{digest}"),
    "release_in_the_wild.zip.sha256sum": ("sha256", "{digest} *release_in_the_wild.zip"),
    "MD5SUMS": ("md5", "00000000000000000000000000000000  b\n{digest}  ./release_in_the_wild.zip"),
    "SHA256SUMS": ("sha256", "SHA256 (release_in_the_wild.zip) = {digest}"),
}


@pytest.mark.parametrize("name", FORMS)
def test_in_a_file_beside(tmp_path: Path, archive: Path, name: str) -> None:
    algorithm, form = FORMS[name]
    right = digest(archive, algorithm)
    (tmp_path / name).write_text(form.format(digest=wrong(right)) + "\n")
    with pytest.raises(ArchiveError, match=f"not {wrong(right)} as {name} says"):
        prepare_dataset(tmp_path / "data", WILD, tmp_path)
    (tmp_path / name).write_text(form.format(digest=right) + "\n")
    [entry] = prepare_dataset(tmp_path / "data", WILD, tmp_path).entries
    assert entry.checked == f"{algorithm} as {name} says"


def test_a_file_beside_that_says_nothing(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "MD5SUMS").write_text("00000000000000000000000000000000  other.zip\n")
    assert checksum_beside(archive) is None
    (tmp_path / f"{archive.name}.md5").write_text("not found\n")
    with pytest.raises(ArchiveError, match="holds no checksum of"):
        checksum_beside(archive)


def test_published(tmp_path: Path, archive: Path) -> None:
    right = digest(archive, "md5")
    known = replace(WILD, archives=(Published(archive.name, right),))
    [entry] = prepare_dataset(tmp_path / "data", known, archive).entries
    assert entry.checked == "md5 as its publisher says"
    false = replace(WILD, archives=(Published(archive.name, wrong(right)),))
    with pytest.raises(ArchiveError, match="as its publisher says: download it again"):
        prepare_dataset(tmp_path / "other", false, archive)
    # The user's own word stands above.
    mine = Checksum("md5", right, "--checksum")
    assert prepare_dataset(tmp_path / "other", false, archive, mine).entries


@pytest.mark.parametrize("text", ["", "abc", "sha1:" + "0" * 40, "md5:" + "g" * 32, "sha256:00"])
def test_what_is_no_checksum(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"--checksum=.*neither"):
        parse_checksum(text)


def test_published_checksums_are_checksums() -> None:
    for corpus in CORPORA.values():
        for known in corpus.archives:
            if known.md5:
                assert parse_checksum(f"md5:{known.md5}").digest == known.md5, known
