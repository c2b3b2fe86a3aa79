"""`fab PrepareDataset` as a user calls it: mistakes in one line, and whole corpora."""

import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

CORPORA = (
    *("cetuc", "asvspoof2019", "asvspoof2021", "asvspoof5", "in-the-wild", "mlaad", "wavefake"),
    *("for", "spoofceleb"),
)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], ("--corpus is needed", *CORPORA)),
        (["--corpus=cetuk"], ("--corpus=cetuk", "did you mean cetuc?")),
        (["--corpus=wavefake"], ("--archives is needed", "generated_audio.zip", "zenodo.org")),
        (["--corpus=for", "--archives="], ("--archives= is empty",)),
        (["--corpus=for", "--archives=.", "--checksum=123"], ("--checksum=123", "sha256", "md5")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_arguments(fab, tmp_path, words, told):
    fab("PrepareDataset", f"--dataset={tmp_path / 'd'}", *words).fails(2, "PrepareDataset: ", *told)
    assert not (tmp_path / "d").exists()


def write_zip(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def test_one_line_for_what_is_wrong_with_an_archive(fab, tmp_path):
    data = f"--dataset={tmp_path / 'data'}"
    wild = ("PrepareDataset", "--corpus=in-the-wild", data)
    fab(*wild, f"--archives={tmp_path / 'none'}").fails(1, "nothing at --archives=", "huggingface")
    (tmp_path / "given").mkdir()
    given = f"--archives={tmp_path / 'given'}"
    fab(*wild, given).fails(1, "no archive of In-the-Wild", "release_in_the_wild.zip")
    archive = tmp_path / "given" / "release_in_the_wild.zip"
    archive.write_bytes(b"PK\3\4 no more")
    fab(*wild, given).fails(1, "release_in_the_wild.zip is damaged", "download it again")
    write_zip(archive, "for-norm/training/real/1.wav")
    fab(*wild, given).fails(1, "holds Fake-or-Real, not In-the-Wild", "--corpus=for")
    write_zip(archive, "release_in_the_wild/../../../evil.wav")
    fab(*wild, given).fails(1, "evil.wav climbs out by ..", "nothing was unpacked")
    write_zip(archive, "release_in_the_wild/0.wav")
    fab(*wild, given, f"--checksum=md5:{'0' * 32}").fails(1, "has the md5", "--checksum")
    write_zip(tmp_path / "given" / "release_in_the_wild.zip.001")
    fab(*wild, given, f"--checksum=md5:{'0' * 32}").fails(2, "--checksum", "one archive", "2")
    assert not [path for path in (tmp_path / "data").rglob("*") if path.suffix == ".wav"]


def test_archives_of_a_public_corpus(fab, tmp_path):
    archive = write_zip(
        tmp_path / "given" / "release_in_the_wild.zip",
        *("release_in_the_wild/0.wav", "release_in_the_wild/1.wav"),
    )
    words = ("PrepareDataset", "--corpus=in-the-wild", f"--dataset={tmp_path / 'data'}")
    answer = fab(*words, f"--archives={archive.parent}")
    answer.succeeds("release_in_the_wild.zip: 2 files", "not checked: no checksum is known")
    assert re.search(r"sha256 [0-9a-f]{64} ", answer.out)
    assert (tmp_path / "data" / "release_in_the_wild" / "0.wav").is_file()
    again = fab(*words, f"--archives={archive.parent}")
    again.succeeds("\n1 archive was unpacked before\n")
    # The next stage reads the folder.
    (tmp_path / "data" / "metadata.csv").write_text(
        "file,label\nrelease_in_the_wild/0.wav,fake\nrelease_in_the_wild/1.wav,real\n"
    )
    fab("GenerateDatasetCSV", words[2], "--layout=csv").succeeds("1 bona-fide", "1 spoof")


# --- CETUC, from hosts that stand on this machine


@pytest.fixture
def hosts(tmp_path: Path) -> dict[str, str]:
    """Serve the repositories from a folder in place of their hosts; git's own settings do it."""
    discs = {f"alcaim16k-DVD{n}de4": f"Ana{n}_F00{n}/F00{n}-0001.wav" for n in (1, 2, 3)}
    discs["alcaim16k-DVD4de4"] = "Juliana_F028/F028-0914.wav"
    for name, clip in discs.items():
        folder = tmp_path / "gitlab" / name
        folder.mkdir(parents=True)
        with tarfile.open(folder / "disc.tar", "w") as archive:
            (folder / "clip.wav").write_bytes(b"")
            archive.add(folder / "clip.wav", clip)
        (folder / "clip.wav").unlink()
    fakes = tmp_path / "hub" / "fake_voices" / "falabrasil-fake-voices"
    write_zip(fakes / "a.zip", "VozesFalsasAna1_F001/F001-0001.wav", "ana2-f002/F002-0001.wav")
    for folder in (*(tmp_path / "gitlab").iterdir(), tmp_path / "hub" / "fake_voices"):
        name = f"{folder.name}.git" if folder.parent.name == "gitlab" else folder.name
        work = folder.rename(tmp_path / f"work-{folder.name}")
        who = ("-c", "user.name=n", "-c", "user.email=e")
        for words in (
            ("init", "-q"),
            ("add", "-A"),
            (*who, "commit", "-qm", "all"),
            ("clone", "-q", "--bare", str(work), str(folder.with_name(name))),
        ):
            environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull}
            subprocess.run(
                ["git", *words], cwd=work, check=True, capture_output=True, env=environment
            )
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/gitlab/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://gitlab.com/fb-audio-corpora/",
        "GIT_CONFIG_KEY_1": f"url.file://{tmp_path}/hub/.insteadOf",
        "GIT_CONFIG_VALUE_1": "https://huggingface.co/datasets/unfake/",
    }


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_cetuc_from_its_hosts(fab, tmp_path, hosts):
    data = f"--dataset={tmp_path / 'data'}"
    answer = fab("PrepareDataset", "--corpus=cetuc", data, **hosts)
    answer.succeeds(
        "renamed 2 folders",
        "fake_voices/VozesFalsasAna1_F001 -> Ana1_F001_Fake",
        "1 of the real side's 2 mute clips were there",
        "3 bona-fide clips of 3 speakers, 2 spoof clips of 2 speakers",
        f"next: fab GenerateDatasetCSV {data} --layout=cetuc",
    )
    found = sorted(
        path.relative_to(tmp_path / "data").as_posix()
        for path in (tmp_path / "data").rglob("*.wav")
    )
    assert found == [
        "fake_voices/Ana1_F001_Fake/F001-0001.wav",
        "fake_voices/Ana2_F002_Fake/F002-0001.wav",
        "real_voices/Ana1_F001/F001-0001.wav",
        "real_voices/Ana2_F002/F002-0001.wav",
        "real_voices/Ana3_F003/F003-0001.wav",
    ]
    # The printed command, as it is printed.
    command = answer.out.strip().rpartition("next: fab ")[2].split()
    fab(*command).succeeds("3 bona-fide")


def test_a_host_that_cannot_be_reached(fab, tmp_path):
    broken = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/nowhere/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://gitlab.com/",
    }
    data = f"--dataset={tmp_path / 'data'}"
    answer = fab("PrepareDataset", "--corpus=cetuc", data, **broken)
    answer.fails(1, "cannot fetch https://gitlab.com/", "gitlab.com", "--archives=DIR")


def test_killed_for_good_and_repeated(fresh_fab, fab, tmp_path):
    """A process that is killed while it unpacks leaves nothing that a repetition minds."""
    given = tmp_path / "given" / "for-norm.tar"
    given.parent.mkdir()
    (tmp_path / "clip.wav").write_bytes(os.urandom(1 << 20))
    with tarfile.open(given, "w") as archive:
        for number in range(200):
            archive.add(tmp_path / "clip.wav", f"for-norm/training/real/{number}.wav")
    words = ("PrepareDataset", "--corpus=for", f"--archives={given}")
    words += (f"--dataset={tmp_path / 'data'}",)
    process = fresh_fab.popen(*words)
    while process.poll() is None and not list((tmp_path / "data").rglob("1.wav")):
        pass
    process.kill()
    process.communicate()
    fab(*words).succeeds("for-norm.tar: 200 files")
    assert len(list((tmp_path / "data" / "for-norm").rglob("*.wav"))) == 200
    assert not (tmp_path / "data" / ".preparing").exists()
