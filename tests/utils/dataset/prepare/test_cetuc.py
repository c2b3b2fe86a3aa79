"""CETUC and its fakes: from repositories and archives to a folder per person."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from src.utils.dataset.prepare import prepare
from src.utils.dataset.prepare.cetuc import People, parse_clip
from src.utils.dataset.prepare.corpora import CORPORA
from src.utils.dataset.prepare.prepare import Prepared, prepare_dataset
from src.utils.errors import ArchiveError
from src.utils.files import read_json
from tests.utils.dataset.prepare.builders import Item, content, write_rar, write_tar, write_zip

CETUC = CORPORA["cetuc"]
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123456\n"

# As it comes: the path, and where it belongs.
REAL = {
    "Paula_F026/F026-0001.wav": "Paula_F026/F026-0001.wav",
    "Paula_F026/F026-0001.txt": None,
    "Juliana_F028/F028-0913.wav": "Juliana_F028/F028-0913.wav",
    "Juliana_F028/F028-0914.wav": None,
    "Marta_F009/F009-0150.wav": None,
    "Marta_F009/F009-0151.wav": "Marta_F009/F009-0151.wav",
    "MarioJr._M014/M014-0001.wav": "MarioJr._M014/M014-0001.wav",
    "dvd/disc/camillaWagner_F025/F025-0001.wav": "camillaWagner_F025/F025-0001.wav",
    "Luís Ávila-m033/M033-0001.wav": "Luís_Ávila_M033/M033-0001.wav",
}
FAKE = {
    "Paula_F026_Fake/F026-0001.wav": "Paula_F026_Fake/F026-0001.wav",
    "paula-f026/F026-0002.wav": "Paula_F026_Fake/F026-0002.wav",
    "VozesFalsasMarioJr_M014_Fake/x/M014-0001.wav": "MarioJr._M014_Fake/M014-0001.wav",
    "CAMILLA WAGNER F025 fake/F025-0001.wav": "camillaWagner_F025_Fake/F025-0001.wav",
    "Luis.Avila.M033_FAKE/M033-0001.wav": "Luís_Ávila_M033_Fake/M033-0001.wav",
    "VozesFalsasNinguém_M050/M050-0001.wav": "Ninguém_M050_Fake/M050-0001.wav",
    "Juliana_F028_Fake/F028-0914.wav": "Juliana_F028_Fake/F028-0914.wav",
    "Juliana_F028_Fake/._F028-0914.wav": None,
}
EXPECTED = {f"real_voices/{path}" for path in REAL.values() if path}
EXPECTED |= {f"fake_voices/{path}" for path in FAKE.values() if path}


def items(paths: dict[str, str | None]) -> list[Item]:
    return [Item(path, path.encode()) for path in paths]


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """Archives as a clone has them: rar on the real side, zip on the fake side."""
    folder = tmp_path / "downloads"
    (folder / "alcaim16k-DVD1de4").mkdir(parents=True)
    (folder / "fake_voices" / "falabrasil-fake-voices").mkdir(parents=True)
    write_rar(folder / "alcaim16k-DVD1de4" / "dvd.rar", items(REAL))
    write_zip(folder / "fake_voices" / "falabrasil-fake-voices" / "all.zip", items(FAKE))
    return folder


def check(root: Path, prepared: Prepared) -> None:
    assert set(content(root)) == EXPECTED
    assert content(root)["fake_voices/Paula_F026_Fake/F026-0002.wav"] == b"paula-f026/F026-0002.wav"
    assert prepared.people is not None
    assert prepared.people.mute == {("F028", "F028-0914"), ("F009", "F009-0150")}
    assert prepared.scan is not None and not prepared.scan.problems
    # Both sides agree on who is who.
    by_label = prepared.scan.files.groupby("label")["speaker"].unique()
    assert set(by_label["spoof"]) - set(by_label["bona-fide"]) == {"Ninguém_M050"}


def test_archives_of_a_clone(tmp_path: Path, downloads: Path) -> None:
    prepared = prepare_dataset(tmp_path / "data", CETUC, downloads)
    check(tmp_path / "data", prepared)
    assert prepared.people is not None
    assert prepared.people.renamed["fake_voices/VozesFalsasMarioJr_M014_Fake"] == (
        "MarioJr._M014_Fake"
    )
    assert "real_voices/Paula_F026" not in prepared.people.renamed
    assert [entry.n_left_out for entry in prepared.entries] == [3, 1]
    again = prepare_dataset(tmp_path / "data", CETUC, downloads)
    assert again.n_skipped == len(again.entries) == 2
    check(tmp_path / "data", again)


def test_recordings_that_are_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    for side, paths in (("alcaim16k-DVD1de4", REAL), ("fake_voices", FAKE)):
        for path in paths:
            (folder / side / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / side / path).write_bytes(path.encode())
    before = content(folder)
    check(tmp_path / "data", prepare_dataset(tmp_path / "data", CETUC, folder))
    assert content(folder) == before
    assert prepare_dataset(tmp_path / "data", CETUC, folder).n_skipped == 1


def test_a_flat_archive_is_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    write_zip(folder / "Ana_F001.zip", [Item("0001.wav")])
    write_tar(folder / "Ana_F001_Fake.tar", [Item("0001.wav")])
    prepare_dataset(tmp_path / "data", CETUC, folder)
    assert set(content(tmp_path / "data")) == {
        "real_voices/Ana_F001/0001.wav",
        "fake_voices/Ana_F001_Fake/0001.wav",
    }


def test_archives_of_one_name(tmp_path: Path) -> None:
    for disc, person in enumerate(("Ana_F001", "Bia_F002")):
        (tmp_path / "downloads" / f"dvd{disc}").mkdir(parents=True)
        write_rar(tmp_path / "downloads" / f"dvd{disc}" / "dvd.rar", [Item(f"{person}/1.wav")])
    write_zip(tmp_path / "downloads" / "dvd1" / "text.zip", [Item("transcriptions.txt")])
    prepared = prepare_dataset(tmp_path / "data", CETUC, tmp_path / "downloads")
    assert set(content(tmp_path / "data")) == {
        "real_voices/Ana_F001/1.wav",
        "real_voices/Bia_F002/1.wav",
    }
    assert [entry.name for entry in prepared.entries] == ["dvd.rar", "dvd.rar"]


@pytest.mark.parametrize("name", ["fake_voices", "falabrasil-fake-voices"])
def test_the_fake_side_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name / "Bia_F002").mkdir(parents=True)
    (tmp_path / name / "Bia_F002" / "1.wav").write_bytes(b"")
    archive = write_zip(tmp_path / name / "a.zip", [Item("Ana_F001/1.wav")])
    prepare_dataset(tmp_path / "one", CETUC, archive)
    assert set(content(tmp_path / "one")) == {"fake_voices/Ana_F001_Fake/1.wav"}
    prepare_dataset(tmp_path / "all", CETUC, tmp_path / name)
    assert set(content(tmp_path / "all")) == {
        "fake_voices/Ana_F001_Fake/1.wav",
        "fake_voices/Bia_F002_Fake/1.wav",
    }


def test_one_side_after_the_other(tmp_path: Path, downloads: Path) -> None:
    root = tmp_path / "data"
    first = prepare_dataset(root, CETUC, downloads / "alcaim16k-DVD1de4")
    assert first.scan is None and "fake_voices" in first.unscanned
    # The names of the real side hold, though it is not given again.
    archive = downloads / "fake_voices" / "falabrasil-fake-voices" / "all.zip"
    shutil.move(archive, tmp_path / "fakes.zip")
    prepare_dataset(root, CETUC, tmp_path / "fakes.zip")
    assert set(content(root)) == EXPECTED


def test_two_people_with_one_id(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    two = [Item("Ana_F001/1.wav"), Item("Bia_F001/2.wav")]
    write_zip(folder / "real.zip", two)
    with pytest.raises(ArchiveError, match="F001 is the id of more than one person: Ana_F001, Bia"):
        prepare_dataset(tmp_path / "data", CETUC, folder)


def test_spellings_of_one_person() -> None:
    people = People()
    people.learn([PurePosixPath(f"{name}/1.wav") for name in ("ana_f001", "ÁNA F001", "Ana_F001")])
    people.settle(Path("nowhere"))
    assert people.names == {"F001": "Ana_F001"}


@pytest.mark.parametrize(
    "path", ["F026-0001.wav", "a/b.wav", "alcaim16k-DVD1de4/b.wav", "Ana_F0261/b.wav", "F001/b.txt"]
)
def test_nobody(path: str) -> None:
    assert parse_clip(PurePosixPath(path)) is None


def test_bad_entry_in_one_of_many(tmp_path: Path, downloads: Path) -> None:
    write_zip(downloads / "fake_voices" / "bad.zip", [Item("Ana_F001_Fake/../../../x.wav")])
    with pytest.raises(ArchiveError, match=r"bad\.zip: .*climbs out"):
        prepare_dataset(tmp_path / "data", CETUC, downloads)
    assert not content(tmp_path / "data")


def test_folders_merge_only_without_loss(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    write_zip(folder / "a.zip", [Item("Ana_F001/1.wav", b"one"), Item("ana f001/1.wav", b"two")])
    with pytest.raises(ArchiveError, match=r"ana f001/1\.wav and Ana_F001/1\.wav would be one"):
        prepare_dataset(tmp_path / "data", CETUC, folder)


@pytest.mark.parametrize("name", ["fake_voices/Ana_F001_Fake.zip", "real/Ana_F001/1.wav"])
def test_pointers_are_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / "downloads" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(POINTER)
    with pytest.raises(ArchiveError, match=r"is a Git LFS pointer.*git lfs pull") as caught:
        prepare_dataset(tmp_path / "data", CETUC, tmp_path / "downloads")
    assert str(path) in str(caught.value)


def test_a_link_out_of_a_clone(tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"secret")
    (tmp_path / "downloads" / "Ana_F001").mkdir(parents=True)
    (tmp_path / "downloads" / "Ana_F001" / "1.wav").symlink_to(secret)
    with pytest.raises(ArchiveError, match="links out of"):
        prepare_dataset(tmp_path / "data", CETUC, tmp_path / "downloads")


# --- Fetching


def git(*words: str, cwd: Path) -> None:
    identity = {"GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "e"}
    # Nor may the settings of whoever runs the tests matter.
    identity |= {"GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "e"}
    identity |= {"GIT_CONFIG_GLOBAL": os.devnull}
    if shutil.which("git") is None:
        pytest.skip("needs git")
    subprocess.run(
        ["git", *words], cwd=cwd, check=True, capture_output=True, env=os.environ | identity
    )


def publish(folder: Path) -> str:
    """Make a bare repository of a folder and return its URL."""
    git("init", "-q", cwd=folder)
    git("add", "-A", cwd=folder)
    git("commit", "-qm", "all", cwd=folder)
    git("clone", "-q", "--bare", str(folder), f"{folder}.git", cwd=folder)
    return f"file://{folder}.git"


@pytest.fixture
def hosted(downloads: Path) -> prepare.Corpus:
    """CETUC, its repositories on this machine."""
    names = ("alcaim16k-DVD1de4", "fake_voices")
    return replace(CETUC, repositories={name: publish(downloads / name) for name in names})


def test_fetching_from_any_git(tmp_path: Path, hosted: prepare.Corpus) -> None:
    root = tmp_path / "data"
    check(root, prepare_dataset(root, hosted))
    assert not (root / ".preparing").exists()
    assert len(read_json(root / "prepared.json")["repositories"]) == 2
    # Nothing is fetched twice, even where nothing can be reached.
    shutil.rmtree(tmp_path / "downloads")
    again = prepare_dataset(root, hosted)
    assert again.n_skipped == len(again.entries) == 2 and again.scan is not None
    assert set(content(root)) == EXPECTED


def test_fetching_goes_on_after_a_kill(
    tmp_path: Path, hosted: prepare.Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "data"
    honest = prepare.fetch_repository
    fetched: list[str] = []

    def dying(url: str, folder: Path) -> str:
        if "fake_voices" in url:
            raise KeyboardInterrupt
        fetched.append(url)
        return honest(url, folder)

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "fetch_repository", dying)
        with pytest.raises(KeyboardInterrupt):
            prepare_dataset(root, hosted)
    # What is cloned is not cloned again.
    shutil.rmtree(fetched[0].removeprefix("file://"))
    check(root, prepare_dataset(root, hosted))


def test_a_host_that_cannot_be_reached(tmp_path: Path) -> None:
    nowhere = replace(CETUC, repositories={"a": f"file://{tmp_path}/none.git"})
    with pytest.raises(ArchiveError, match=r"cannot fetch file://.*--archives=DIR") as caught:
        prepare_dataset(tmp_path / "data", nowhere)
    assert "\n" not in str(caught.value)


def test_no_git(tmp_path: Path, hosted: prepare.Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArchiveError, match=r"git is not installed.*--archives=DIR"):
        prepare_dataset(tmp_path / "data", hosted)


def test_pointers_without_git_lfs(
    tmp_path: Path, downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (downloads / "fake_voices" / "falabrasil-fake-voices" / "all.zip").write_bytes(POINTER)
    corpus = replace(CETUC, repositories={"fake_voices": publish(downloads / "fake_voices")})
    # A git that knows no lfs, whatever is installed.
    tools = tmp_path / "tools"
    tools.mkdir()
    script = f'#!/bin/sh\n[ "$1" = lfs ] && exit 1\nexec {shutil.which("git")} "$@"\n'
    (tools / "git").write_text(script)
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    with pytest.raises(ArchiveError, match=r"git-lfs is not installed.*--archives=DIR"):
        prepare_dataset(tmp_path / "data", corpus)


def test_git_lfs_itself(tmp_path: Path, downloads: Path) -> None:
    if shutil.which("git-lfs") is None:
        pytest.skip("needs git-lfs")
    for name in ("alcaim16k-DVD1de4", "fake_voices"):
        git("init", "-q", cwd=downloads / name)
        git("lfs", "install", "--local", cwd=downloads / name)
        git("lfs", "track", "*.zip", "*.rar", cwd=downloads / name)
    names = ("alcaim16k-DVD1de4", "fake_voices")
    urls = {name: publish(downloads / name) for name in names}
    for name in names:
        # A local clone leaves the large files behind; the host has them.
        shutil.copytree(downloads / name / ".git" / "lfs", downloads / f"{name}.git" / "lfs")
    prepared = prepare_dataset(tmp_path / "data", replace(CETUC, repositories=urls))
    check(tmp_path / "data", prepared)


def test_what_is_not_read_is_told(tmp_path: Path, downloads: Path) -> None:
    """In the folder that is given, but for what the data set in it holds already."""
    (downloads / "memo.xyz").touch()
    (downloads / "old.7z").touch()
    (downloads / "README").touch()
    (downloads / "gone").symlink_to(downloads / "nowhere")
    os.mkfifo(downloads / "pipe.wav")
    root = downloads / "data"
    (root / "real_voices" / "Ana_F001").mkdir(parents=True)
    (root / "real_voices" / "Ana_F001" / "own.xyz").touch()
    people = prepare_dataset(root, CETUC, downloads).people
    assert people is not None
    assert people.unread == {
        "gone": "is a link to what is not there",
        "memo.xyz": "is not a kind of recording that is read (.xyz)",
        "old.7z": "is an archive: unpack it (.7z)",
        "pipe.wav": "is a named pipe, not a file",
    }
    assert people.aside.companions == {"": 1}
    for path in (downloads / "alcaim16k-DVD1de4", downloads / "fake_voices", root):
        shutil.rmtree(path)
    with pytest.raises(ArchiveError, match=r"neither an archive nor a recording in .* \(gone is a"):
        prepare_dataset(tmp_path / "other", CETUC, downloads)
