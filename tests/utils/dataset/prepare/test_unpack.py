"""Nothing leaves its folder, nothing is overwritten, and a kill does no harm."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from src.utils.dataset.prepare import prepare as preparing
from src.utils.dataset.prepare import unpack
from src.utils.dataset.prepare.corpora import CORPORA
from src.utils.dataset.prepare.names import RECORD, UnsafeNameError, safe_path
from src.utils.dataset.prepare.prepare import Prepared, prepare_dataset
from src.utils.errors import ArchiveError
from src.utils.files import file_identity
from tests.utils.dataset.prepare.builders import (
    WRITERS,
    Item,
    content,
    write_rar,
    write_tar,
    write_zip,
)

TOP = "release_in_the_wild"
GOOD = [
    Item(TOP, kind="folder"),
    Item(f"{TOP}/meta.csv", b"file,speaker,label\n0.wav,A,spoof\n1.wav,B,bona-fide\n"),
    Item(f"{TOP}/0.wav", b"zero" * 1000),
    Item(f"{TOP}/1.wav", b""),
    Item(f"{TOP}/Ávila/2.wav", b"two"),
]
FILES = {item.name: item.data for item in GOOD if item.kind == "file"}


def prepare(archive: Path, root: Path) -> Prepared:
    return prepare_dataset(root, CORPORA["in-the-wild"], archive)


def refuse(archive: Path, root: Path, *words: str) -> None:
    """Check that an archive is refused in one line and leaves nothing behind."""
    before = content(root)
    outside = sorted(path for path in root.parent.iterdir() if path != root)
    with pytest.raises(ArchiveError) as caught:
        prepare(archive, root)
    text = str(caught.value)
    assert "\n" not in text and archive.name in text, text
    for word in words:
        assert word in text, (word, text)
    assert content(root) == before
    assert not list(root.rglob("*.partial")) and not list(root.rglob("*.ready"))
    assert sorted(path for path in root.parent.iterdir() if path != root) == outside


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_is_unpacked(tmp_path: Path, suffix: str) -> None:
    archive = WRITERS[suffix](tmp_path / f"any.{suffix}", GOOD)
    [entry] = prepare(archive, tmp_path / "data").entries
    assert content(tmp_path / "data") == FILES
    assert entry.n_files == len(FILES)
    assert archive.is_file()


BAD = {
    "absolute": (Item("/tmp/evil.wav"), "/tmp/evil.wav", "absolute"),
    "climbing": (Item(f"{TOP}/../../evil.wav"), "../../evil.wav", "climbs out"),
    "climbing-first": (Item("../evil.wav"), "../evil.wav", "climbs out"),
    "drive": (Item("C:/evil.wav"), "C:/evil.wav", "drive letter"),
    "backslash": (Item(f"{TOP}\\..\\evil.wav"), "evil.wav", "backslash"),
    "control": (Item(f"{TOP}/\x1b[2Jevil.wav"), "evil.wav", "control character"),
    "case": (Item(f"{TOP}/META.csv"), "META.csv", "would be one file"),
    "twice": (Item(f"{TOP}/0.wav", b"other"), "0.wav", "would be one file"),
    "normalisation": (Item(f"{TOP}/A\u0301vila/2.wav"), "vila/2.wav", "would be one file"),
    "file-and-folder": (Item(f"{TOP}/0.WAV/a.wav"), "0.wav", "a file and a folder"),
    "symlink-out": (Item(f"{TOP}/l", kind="symlink", target="../../x"), "/l", "out of the archive"),
    "symlink-absolute": (Item(f"{TOP}/l", kind="symlink", target="/etc/passwd"), "/l", "/etc/pass"),
    "symlink-nowhere": (Item(f"{TOP}/l", kind="symlink", target="none"), "/l", "no file of the"),
    "symlink-folder": (Item(f"{TOP}/l", kind="symlink", target="Ávila"), "/l", "no file of the"),
    "hardlink-out": (Item(f"{TOP}/l", kind="hardlink", target="../x"), "/l", "out of the archive"),
    "device": (Item(f"{TOP}/d", kind="device"), "/d", "neither a file nor a folder"),
    "junction": (Item(f"{TOP}/d", kind="junction", target="/x"), "/d", "neither a file nor"),
    "our-own": (Item("dataset.json", b"{}"), "dataset.json", "keeps for itself"),
    "our-own-cache": (Item("inspection.sqlite", b"x"), "inspection.sqlite", "keeps for itself"),
    "our-own-case": (Item("Prepared.JSON", b"{}"), "Prepared.JSON", "keeps for itself"),
    "too-long": (Item("n" * 256), "nnn", "255 bytes"),
}
ABSENT = {
    # What a format cannot hold.
    "zip": ("hardlink-out", "junction"),
    "tar": ("junction",),
    "tar.gz": ("junction",),
    "rar": ("device",),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("suffix", "kind"),
    [(suffix, kind) for suffix in ABSENT for kind in BAD if kind not in ABSENT[suffix]],
)
def test_bad_entries_are_refused(tmp_path: Path, suffix: str, kind: str) -> None:
    item, *words = BAD[kind]
    (tmp_path / "data" / TOP).mkdir(parents=True)
    (tmp_path / "data" / TOP / "mine.wav").write_bytes(b"mine")
    archive = tmp_path / f"release_in_the_wild.{suffix}"
    # Behind good entries: nothing may have been written by then.
    WRITERS[suffix](archive, [*GOOD, item])
    refuse(archive, tmp_path / "data", *words)


def test_name_is_not_cut_at_a_zero_byte(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", [*GOOD, Item(f"{TOP}/a.wavX/../../../evil")])
    archive.write_bytes(archive.read_bytes().replace(b"a.wavX", b"a.wav\0"))
    refuse(archive, tmp_path / "data", "climbs out")


@pytest.mark.parametrize(("suffix", "kind"), [("tar", "hardlink"), ("tar.gz", "symlink")])
def test_links_within_become_copies(tmp_path: Path, suffix: str, kind: str) -> None:
    target = f"{TOP}/0.wav" if kind == "hardlink" else "../0.wav"
    link = Item(f"{TOP}/more/again.wav", kind=kind, target=target)
    archive = WRITERS[suffix](tmp_path / f"a.{suffix}", [link, *GOOD])
    [entry] = prepare(archive, tmp_path / "data").entries
    copy = tmp_path / "data" / TOP / "more" / "again.wav"
    assert copy.read_bytes() == FILES[f"{TOP}/0.wav"]
    assert not copy.is_symlink() and copy.stat().st_nlink == 1
    assert entry.n_files == len(FILES) + 1


def test_symlinks_within_a_zip_and_a_rar(tmp_path: Path) -> None:
    link = Item(f"{TOP}/again.wav", kind="symlink", target="Ávila/2.wav")
    for write, name in ((write_zip, "a.zip"), (write_rar, "a.rar")):
        prepare(write(tmp_path / name, [*GOOD, link]), tmp_path / f"data-{name}")
        assert (tmp_path / f"data-{name}" / TOP / "again.wav").read_bytes() == b"two"


def test_a_full_disk_is_seen_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 4096))
    archive = write_tar(tmp_path / "a.tar", GOOD)
    refuse(archive, tmp_path / "data", "needs 12.3kB", "4.10kB are free")


# --- What is there stays


@pytest.mark.parametrize("mine", [b"mine" * 1000, b"shorter"], ids=["same size", "other size"])
def test_a_file_of_the_user_is_never_overwritten(tmp_path: Path, mine: bytes) -> None:
    (tmp_path / "data" / TOP).mkdir(parents=True)
    (tmp_path / "data" / TOP / "0.wav").write_bytes(mine)
    archive = write_tar(tmp_path / "a.tar", GOOD)
    with pytest.raises(ArchiveError, match=r"0\.wav is there already and differs"):
        prepare(archive, tmp_path / "data")
    assert content(tmp_path / "data").get(f"{TOP}/0.wav") == mine
    assert not (tmp_path / "data" / TOP / "meta.csv").exists()


@pytest.mark.parametrize("what", ["file", "link"])
def test_something_in_the_way_of_a_folder(tmp_path: Path, what: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere").mkdir()
    if what == "file":
        (tmp_path / "data" / TOP).write_bytes(b"mine")
    else:
        (tmp_path / "data" / TOP).symlink_to(tmp_path / "elsewhere")
    refuse(write_zip(tmp_path / "a.zip", GOOD), tmp_path / "data", TOP, "in the way")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_the_same_file_may_be_there(tmp_path: Path) -> None:
    prepare(write_zip(tmp_path / "a.zip", GOOD), tmp_path / "data")
    more = Item(f"{TOP}/3.wav", b"three")
    prepare(write_tar(tmp_path / "b.tar", [*GOOD, more]), tmp_path / "data")
    assert content(tmp_path / "data") == FILES | {more.name: more.data}


# --- Damage


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
def test_cut_archives_are_refused(tmp_path: Path, suffix: str, share: float) -> None:
    noise = bytes((i * i * 31 + i // 7) % 251 for i in range(100_000))
    archive = WRITERS[suffix](tmp_path / f"a.{suffix}", [*GOOD, Item(f"{TOP}/9.wav", noise)])
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    refuse(archive, tmp_path / "data", "download it again")


def test_a_tar_cut_between_two_entries(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "a.tar", GOOD)
    whole = archive.read_bytes()
    end = whole.rindex(b"two") // 512 * 512 + 512
    archive.write_bytes(whole[:end])
    refuse(archive, tmp_path / "data", "ends too early")


def test_flipped_bytes_in_a_zip(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", [Item(f"{TOP}/{i}.wav", bytes(9999)) for i in "abc"])
    whole = bytearray(archive.read_bytes())
    whole[whole.index(b"b.wav") + 8] ^= 0xFF
    archive.write_bytes(whole)
    refuse(archive, tmp_path / "data", "damaged")


def test_flipped_bytes_in_a_rar(tmp_path: Path) -> None:
    refuse(write_rar(tmp_path / "a.rar", GOOD, breaks_crc=True), tmp_path / "data", "damaged")


def test_sizes_that_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = write_tar(tmp_path / "a.tar", GOOD)
    from src.utils.dataset.prepare import tar_format
    from src.utils.dataset.prepare.archives import Member

    honest = tar_format._member
    for change, word in ((-1, "longer"), (1, "shorter")):

        def lie(info, change=change) -> Member:  # type: ignore[no-untyped-def]
            member = honest(info)
            if not member.name.endswith("0.wav"):
                return member
            return Member(member.name, member.size + change, member.kind)

        monkeypatch.setattr(tar_format, "_member", lie)
        refuse(archive, tmp_path / "data", "0.wav", word)


def test_encrypted_archives(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", GOOD)
    whole = bytearray(archive.read_bytes())
    for place in range(len(whole)):
        if whole[place : place + 4] == b"PK\3\4":
            whole[place + 6] |= 1
        if whole[place : place + 4] == b"PK\1\2":
            whole[place + 8] |= 1
    archive.write_bytes(whole)
    refuse(archive, tmp_path / "data", "encrypted")
    refuse(write_rar(tmp_path / "a.rar", GOOD, is_encrypted=True), tmp_path / "data", "encrypted")


def test_a_compressed_rar_without_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rarfile

    def nothing(*_: object) -> None:
        raise rarfile.RarCannotExec("none")

    monkeypatch.setattr(rarfile, "tool_setup", nothing)
    archive = write_rar(tmp_path / "a.rar", GOOD, method=3)
    refuse(archive, tmp_path / "data", "unrar", "unar", "7z", "bsdtar")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html>not found", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "git lfs pull"),
        (b"just some text" * 100, "is no zip, tar or rar archive"),
        (bytes(4096), "is no zip, tar or rar archive"),
    ],
)
def test_what_is_no_archive(tmp_path: Path, data: bytes, word: str) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    refuse(tmp_path / "a.zip", tmp_path / "data", word)


def test_a_zip_in_volumes(tmp_path: Path) -> None:
    (tmp_path / "a.z01").write_bytes(b"")
    refuse(write_zip(tmp_path / "a.zip", GOOD), tmp_path / "data", "zip -s 0 a.zip")


# --- Kill and repeat


class Killed(BaseException):
    """Stands for the end of the process."""


STEPS = {
    "while writing": (unpack, "make_folder", 2),
    "before it is ready": (Path, "rename", 0),
    "before moving": (unpack, "_require_same", 0),
    "while moving": (Path, "rename", 2),
    "before the record": (preparing.Record, "add", 0),
    "before tidying": (preparing, "clean", 0),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_anywhere_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    archive = write_zip(tmp_path / "a.zip", GOOD)
    root = tmp_path / "data"
    # The folder is there, so that its files are moved one by one.
    (root / TOP).mkdir(parents=True)
    (root / TOP / "mine.wav").write_bytes(b"mine")
    owner, name, after = STEPS[step]
    calls = 0
    honest = getattr(owner, name)

    def dying(*args: object) -> object:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return honest(*args)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dying)
        # The real end of a process would not tidy up either.
        patch.setattr(unpack.shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            prepare(archive, root)
    assert content(root).get(f"{TOP}/mine.wav") == b"mine"
    done = prepare(archive, root)
    assert content(root) == FILES | {f"{TOP}/mine.wav": b"mine"}
    assert done.n_skipped == (step == "before tidying")
    assert not (root / ".preparing").exists()


def test_what_is_done_is_skipped_without_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = write_zip(tmp_path / "a.zip", GOOD)
    first = prepare(archive, tmp_path / "data")
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "compute_digests", None)
        patch.setattr(preparing, "open_archive", None)
        again = prepare(archive, tmp_path / "data")
    assert again.entries == first.entries and again.n_skipped == 1
    # Renamed and touched, it is the same archive still.
    archive.rename(tmp_path / "b.zip")
    (tmp_path / "b.zip").touch()
    assert prepare(tmp_path / "b.zip", tmp_path / "data").n_skipped == 1


def test_what_was_removed_is_unpacked_again(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", GOOD)
    prepare(archive, tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / TOP)
    assert prepare(archive, tmp_path / "data").n_skipped == 0
    assert content(tmp_path / "data") == FILES


def test_single_files_come_back_without_the_record(tmp_path: Path) -> None:
    archive, root = write_zip(tmp_path / "a.zip", GOOD), tmp_path / "data"
    prepare(archive, root)
    # Not every file of an archive that was unpacked is looked for.
    (root / TOP / "0.wav").unlink()
    assert prepare(archive, root).n_skipped == 1
    assert f"{TOP}/0.wav" not in content(root)
    (root / RECORD).unlink()
    kept = {file: file_identity(root / file) for file in content(root)}
    assert len(kept) == len(FILES) - 1
    assert prepare(archive, root).n_skipped == 0
    assert content(root) == FILES
    assert {file: file_identity(root / file) for file in kept} == kept


def test_another_corpus_in_the_folder(tmp_path: Path) -> None:
    prepare(write_zip(tmp_path / "a.zip", GOOD), tmp_path / "data")
    archive = write_zip(tmp_path / "f.zip", [Item("for-norm/training/real/a.wav")])
    with pytest.raises(ArchiveError, match="holds in-the-wild; name another folder"):
        prepare_dataset(tmp_path / "data", CORPORA["for"], archive)


@pytest.mark.parametrize("name", ["a/b.wav", "./a//b.wav", "a.b/..c/ü.wav", "a/bc:d.wav"])
def test_usual_names_are_let_through(name: str) -> None:
    assert safe_path(name).name.endswith(".wav")


def test_a_lone_byte_is_no_name() -> None:
    with pytest.raises(UnsafeNameError, match="UTF-8"):
        safe_path("a/\udcff.wav")
