"""Each corpus, its archives as they are published, in the layout that reads it."""

import hashlib
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from src.reports.dataset import report_prepared
from src.results.blocks.blocks import Paragraph
from src.utils.dataset.layouts import LAYOUTS
from src.utils.dataset.prepare.corpora import CORPORA, recognise_corpus
from src.utils.dataset.prepare.open_archive import open_archive
from src.utils.dataset.prepare.prepare import Prepared, prepare_dataset
from src.utils.dataset.prepare.sources import find_sources
from src.utils.errors import ArchiveError, ArgumentError
from tests.utils.dataset.prepare.builders import WRITERS, Item, content, write_tar, write_zip

IN_ARCHIVES: dict[str, dict[str, tuple[str, ...]]] = {
    "asvspoof2019": {
        "LA.zip": (
            "LA/ASVspoof2019_LA_train/flac/LA_T_1138215.flac",
            "LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.train.trn.txt",
            "LA/README.LA.txt",
        ),
    },
    "asvspoof2021": {
        "ASVspoof2021_DF_eval_part00.tar.gz": (
            "ASVspoof2021_DF_eval/ASVspoof2021.DF.cm.eval.trl.txt",
            "ASVspoof2021_DF_eval/LICENSE.DF.txt",
            "ASVspoof2021_DF_eval/flac/DF_E_2000011.flac",
        ),
        "ASVspoof2021_DF_eval_part01.tar.gz": (
            "ASVspoof2021_DF_eval/LICENSE.DF.txt",
            "ASVspoof2021_DF_eval/flac/DF_E_2000012.flac",
        ),
        "DF-keys-full.tar.gz": ("keys/DF/CM/trial_metadata.txt",),
        "ASVspoof2021_LA_eval.tar.gz": ("ASVspoof2021_LA_eval/flac/LA_E_9332881.flac",),
        "LA-keys-full.tar.gz": ("keys/LA/CM/trial_metadata.txt",),
    },
    "asvspoof5": {
        "flac_T_aa.tar": ("flac_T/T_0000000000.flac",),
        "flac_T_ab.tar": ("flac_T/T_0000000001.flac",),
        "flac_E_aj.tar": ("flac_E_eval/E_0000000001.flac",),
        "ASVspoof5_protocols.tar.gz": ("ASVspoof5.train.tsv", "ASVspoof5.codec.config.csv"),
    },
    "in-the-wild": {
        "release_in_the_wild.zip": ("release_in_the_wild/meta.csv", "release_in_the_wild/0.wav"),
    },
    "mlaad": {"mlaad_v9.zip": ("fake/de/CaroTTS/meta.csv", "fake/de/CaroTTS/a.wav")},
    "wavefake": {
        "generated_audio.zip": ("generated_audio/ljspeech_melgan/LJ001-0001_gen.wav",),
        "LJSpeech-1.1.tar.bz2": ("LJSpeech-1.1/wavs/LJ001-0001.wav",),
    },
    "for": {
        "for-norm.tar.gz": ("for-norm/training/real/a.wav", "for-norm/validation/fake/b.wav"),
    },
    "spoofceleb": {
        "spoofceleb.tar.gz": (
            "spoofceleb/flac/train/a00/id10001/x.flac",
            "spoofceleb/metadata/train.csv",
        ),
    },
}
"""The files by archive and corpus; every one must end up where it is here."""

TABLES = {
    "ASVspoof2019.LA.cm.train.trn.txt": "LA_0079 LA_T_1138215 - - bonafide\n",
    "keys/DF/CM/trial_metadata.txt": "LA_0023 DF_E_2000011 nocodec asvspoof A14 spoof notrim "
    "progress traditional_vocoder - - - -\n",
    "keys/LA/CM/trial_metadata.txt": "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval\n",
    "ASVspoof5.train.tsv": "T_4850 T_0000000000 F - - - AC3 A05 spoof -\n",
    "release_in_the_wild/meta.csv": "file,speaker,label\n0.wav,Alec Guinness,spoof\n",
    "fake/de/CaroTTS/meta.csv": "path|original_file|model_name\n"
    "./fake/de/CaroTTS/a.wav|de_DE/by_book/female/a/b/wavs/c.wav|CaroTTS\n",
    "spoofceleb/metadata/train.csv": "file,speaker,attack\na00/id10001/x.flac,id10001,a00\n",
}
"""What the tables of the archives say, by the end of their paths."""


def inside(file: str) -> bytes:
    """Return what a file in an archive holds."""
    return next((text for end, text in TABLES.items() if file.endswith(end)), file).encode()


def write(folder: Path, archives: dict[str, tuple[str, ...]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, files in archives.items():
        path = folder / name
        writer = WRITERS["zip" if name.endswith(".zip") else "tar"]
        writer(path, [Item(file, inside(file)) for file in files])
    return folder


def prepare(folder: Path, name: str, given: Path) -> Prepared:
    """Prepare a corpus whose archives here are not those that are published."""
    corpus = CORPORA[name]
    known = tuple(replace(archive, md5="") for archive in corpus.archives)
    return prepare_dataset(folder, replace(corpus, archives=known), given)


@pytest.mark.parametrize("name", IN_ARCHIVES)
def test_the_tree_that_the_layout_reads(tmp_path: Path, name: str) -> None:
    given = write(tmp_path / "given", IN_ARCHIVES[name])
    (given / "notes.txt").write_text("mine")
    prepared = prepare(tmp_path / "data", name, given)
    files = {file for files in IN_ARCHIVES[name].values() for file in files}
    assert content(tmp_path / "data") == {file: inside(file) for file in files}
    assert [entry.name for entry in prepared.entries] == sorted(IN_ARCHIVES[name])
    assert not prepared.unscanned
    assert (prepared.scan is not None and len(prepared.scan.files) > 0) == (name in LAYOUTS)


@pytest.mark.parametrize("name", IN_ARCHIVES)
def test_every_corpus_knows_its_own(name: str) -> None:
    for files in IN_ARCHIVES[name].values():
        found = recognise_corpus(list(files))
        assert found is not None and found.name == name


def test_every_corpus_is_tried() -> None:
    assert set(IN_ARCHIVES) | {"cetuc"} == set(CORPORA)


def test_missing_archives_are_named(tmp_path: Path) -> None:
    given = write(tmp_path / "given", IN_ARCHIVES["asvspoof5"])
    missing = prepare(tmp_path / "data", "asvspoof5", given).missing
    assert "flac_T_ac.tar" in missing and "flac_T_aa.tar" not in missing and len(missing) == 15
    given = write(tmp_path / "for", IN_ARCHIVES["for"])
    assert not prepare(tmp_path / "for-data", "for", given).missing


def test_one_file_under_another_name(tmp_path: Path) -> None:
    given = write(tmp_path / "given", {"mine.zip": IN_ARCHIVES["asvspoof2019"]["LA.zip"]})
    with pytest.raises(ArchiveError, match=r"no archive of ASVspoof 2019 in .*found mine\.zip"):
        prepare(tmp_path / "data", "asvspoof2019", given)
    assert not (tmp_path / "data").exists()
    assert prepare(tmp_path / "data", "asvspoof2019", given / "mine.zip").entries


def test_archives_of_other_names_are_named(tmp_path: Path) -> None:
    given = write(tmp_path / "given", IN_ARCHIVES["for"])
    assert not prepare(tmp_path / "data", "for", given).others
    write(tmp_path / "given", {"photos.zip": ("a.jpg",), "more.tar": ("b.jpg",)})
    (given / "notes.txt").write_text("no archive")
    found = prepare(tmp_path / "data", "for", given)
    assert found.others == ["more.tar", "photos.zip"]
    told = [block.text for block in report_prepared(found) if isinstance(block, Paragraph)]
    assert (
        "2 archives are not of Fake-or-Real by name and left alone: more.tar, photos.zip (if one "
        "is, pass its path)"
    ) in told


def test_an_archive_of_another_corpus(tmp_path: Path) -> None:
    for name, archives in IN_ARCHIVES.items():
        given = write(tmp_path / name, archives)
        other = "wavefake" if name != "wavefake" else "for"
        for file in given.iterdir():
            title = CORPORA[name].title
            with pytest.raises(ArchiveError, match=f"holds {title}, .*--corpus={name}"):
                prepare(tmp_path / "data", other, file)
    given = write(tmp_path / "none", {"a.zip": ("photos/1.jpg",)})
    with pytest.raises(ArchiveError, match=r"holds nothing of WaveFake; expected generated_audio"):
        prepare(tmp_path / "data", "wavefake", given / "a.zip")


def test_an_archive_of_archives(tmp_path: Path) -> None:
    given = write(tmp_path / "given", {"DS_10283_3336.zip": ("LA.zip", "PA.zip")})
    with pytest.raises(ArchiveError, match=r"holds archives \(LA\.zip, PA\.zip\); unpack it"):
        prepare(tmp_path / "data", "asvspoof2019", given / "DS_10283_3336.zip")


def test_archives_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"--archives is needed.*LA\.zip.*datashare"):
        prepare_dataset(tmp_path / "data", CORPORA["asvspoof2019"])
    with pytest.raises(ArchiveError, match=r"nothing at --archives=.*LA\.zip"):
        prepare_dataset(tmp_path / "data", CORPORA["asvspoof2019"], tmp_path / "none")
    assert not (tmp_path / "data").exists()


# --- Archives cut in pieces


def cut(path: Path, names: list[str]) -> list[Path]:
    """Cut a file in pieces of one size."""
    data = path.read_bytes()
    size = -(-len(data) // len(names))
    pieces = [path.with_name(name) for name in names]
    for index, piece in enumerate(pieces):
        piece.write_bytes(data[index * size : (index + 1) * size])
    path.unlink()
    return pieces


@pytest.mark.parametrize("ends", [("aa", "ab", "ac"), (".00", ".01", ".02"), (".001", ".002")])
def test_pieces_are_one_stream(tmp_path: Path, ends: tuple[str, ...]) -> None:
    given = write(tmp_path / "given", IN_ARCHIVES["spoofceleb"])
    whole = given / "spoofceleb.tar.gz"
    sound = bytes((i * i * 31) % 251 for i in range(9999))
    write_tar(whole, [Item("spoofceleb/flac/train/a00/id1/y.flac", sound)])
    joined = whole.read_bytes()
    pieces = cut(whole, [f"{whole.name}{end}" for end in ends])
    [entry] = prepare(tmp_path / "data", "spoofceleb", given).entries
    assert entry.name == "spoofceleb.tar.gz"
    assert entry.sha256 == hashlib.sha256(joined).hexdigest()
    assert list(content(tmp_path / "data").values()) == [sound]
    # Any piece stands for all.
    assert prepare(tmp_path / "data", "spoofceleb", pieces[1]).n_skipped == 1


def test_a_zip_in_pieces(tmp_path: Path) -> None:
    given = write(tmp_path / "given", IN_ARCHIVES["in-the-wild"])
    cut(given / "release_in_the_wild.zip", [f"release_in_the_wild.zip.00{n}" for n in (1, 2, 3)])
    prepare(tmp_path / "data", "in-the-wild", given)
    assert len(content(tmp_path / "data")) == 2


@pytest.mark.parametrize(
    ("lost", "told"), [(0, "lacks its first piece"), (1, "lacks the piece before"), (2, "damaged")]
)
def test_a_piece_is_missing(tmp_path: Path, lost: int, told: str) -> None:
    given = write(tmp_path / "given", IN_ARCHIVES["spoofceleb"])
    pieces = cut(
        given / "spoofceleb.tar.gz", [f"spoofceleb.tar.gz{end}" for end in ("aa", "ab", "ac")]
    )
    pieces[lost].unlink()
    with pytest.raises(ArchiveError, match=told):
        prepare(tmp_path / "data", "spoofceleb", given)
    assert not content(tmp_path / "data")


def test_each_piece_may_have_its_checksum(tmp_path: Path) -> None:
    given = write(tmp_path / "given", IN_ARCHIVES["spoofceleb"])
    pieces = cut(given / "spoofceleb.tar.gz", ["spoofceleb.tar.gzaa", "spoofceleb.tar.gzab"])
    lines = [f"{hashlib.md5(piece.read_bytes()).hexdigest()}  {piece.name}" for piece in pieces]
    (given / "MD5SUMS").write_text("\n".join(lines).replace(lines[1][:32], "0" * 32))
    with pytest.raises(ArchiveError, match=r"spoofceleb\.tar\.gzab has the md5"):
        prepare(tmp_path / "data", "spoofceleb", given)
    (given / "MD5SUMS").write_text("\n".join(lines))
    [entry] = prepare(tmp_path / "data", "spoofceleb", given).entries
    assert entry.checked == "md5 as MD5SUMS says"


def test_archives_that_only_look_cut(tmp_path: Path) -> None:
    names = ["a.tar.gz", "a.tar.xz", "flac_T_aa.tar", "flac_T_ab.tar", "x_part00.tar.gz"]
    found = find_sources([tmp_path / name for name in names])
    assert [source.name for source in found] == sorted(names)


def test_volumes_of_a_rar_are_one(tmp_path: Path) -> None:
    [found] = find_sources([tmp_path / f"a.part{n}.rar" for n in (2, 1, 3)])
    assert [path.name for path in found.paths] == ["a.part1.rar", "a.part2.rar", "a.part3.rar"]


def test_the_tar_of_a_corpus_of_many_files_is_listed_in_little_memory(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", [Item(f"for-x/training/real/{n}.wav", b"") for n in range(50)])
    kept: list[int] = []
    honest = tarfile.TarFile.next

    def watched(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
        kept.append(len(tar.members))  # type: ignore[attr-defined]
        return honest(tar)

    [source] = find_sources([tmp_path / "a.tar"])
    with pytest.MonkeyPatch.context() as patch, open_archive(source) as archive:
        patch.setattr(tarfile.TarFile, "next", watched)
        assert len(list(archive.members())) == 50
    assert max(kept) <= 1


def test_an_empty_archive(tmp_path: Path) -> None:
    write_zip(tmp_path / "release_in_the_wild.zip", [])
    with pytest.raises(ArchiveError, match="holds nothing of In-the-Wild"):
        prepare(tmp_path / "data", "in-the-wild", tmp_path)
