"""Building a detector from corpora, on a small one of made-up voices."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from src.build_detector.__main__ import main
from src.build_detector.build import Recipe, build, last_sources
from src.build_detector.choose import Candidate
from src.build_detector.corpus import NEEDED, apart_from, deal, read_corpora
from src.predict.bandwidths import bandwidths_of
from src.predict.choice import choose_detector
from src.predict.detector import Detector
from src.predict.predict import predict
from src.predict.shipped import open_shipped
from src.utils.errors import DatasetError

SMALL = (Candidate("lr", {"C": 1e-3}, False), Candidate("svm", {"C": 1.0}))

SOURCES = {"here": "", "there": "", "far": "", "near": "", "new": "dev", "newest": "dev"}
"""By the name of a source, the split of its clips."""

LICENCES = "# Small\n\nAttribution: voices by nobody, CC BY 4.0.\n"


@pytest.fixture(scope="module")
def corpus(speech: Callable, write_audio: Callable, tmp_path_factory) -> Path:
    """Two voices a source, and as many spoofs, which hum; one clip may not be used."""
    folder = tmp_path_factory.mktemp("corpora") / "small"
    rows = []
    hum = 0.05 * np.sin(2 * np.pi * 3000 * np.arange(64_000) / 16_000)
    for number, (source, split) in enumerate(SOURCES.items()):
        for clip in range(6):
            is_spoof = clip % 2
            waveform = speech(seed=10 * number + clip)
            waveform = waveform + hum[: len(waveform)] if is_spoof else waveform
            path = f"audio/{source}_{clip}.wav"
            write_audio(folder / path, waveform.astype(np.float32))
            attack = ("vits-lj", "kokoro-v1.0", f"own-{source}")[clip // 2] if is_spoof else "-"
            row = [path, "spoof" if is_spoof else "bona-fide", f"{source}-{clip}", source, attack]
            rows.append([*row, "CC0", "en", split, "no" if row[2] == "near-5" else "yes"])
    with (folder / "metadata.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([[*NEEDED, "split", "shippable"], *rows])
    (folder / "licences.md").write_text(LICENCES)
    return folder


@pytest.fixture(scope="module")
def built(corpus: Path, tmp_path_factory) -> list[Path]:
    """The same detector, built twice."""
    folders = [tmp_path_factory.mktemp("built") / "tiny" for _ in range(2)]
    for folder in folders:
        build(Recipe(folder, [corpus], made="2026-01-02", candidates=SMALL, n_folds=2))
    return folders


def test_the_same_bytes_twice(built: list[Path]) -> None:
    first, second = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in built)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []
    assert {"detector.json", "manifest.json", "model_card.md", "calibration.json"} < first.keys()
    assert {"reference.safetensors", "bandwidths.json", "scores_held_out.csv"} < first.keys()


def test_nothing_tells_of_the_machine(built: list[Path], corpus: Path) -> None:
    content = b"".join(path.read_bytes() for path in built[0].iterdir())
    assert [p for p in (corpus.parent, built[0].parent) if str(p).encode() in content] == []
    manifest = json.loads((built[0] / "manifest.json").read_text())
    assert not manifest.keys() & {"host", "command", "dataset", "root", "embeddings"}
    assert manifest["environment"].keys() == {"libraries"}
    assert not [path for path in built[0].iterdir() if path.suffix in (".wav", ".flac")]
    with (built[0] / "scores_held_out.csv").open() as stream:
        assert "speaker" not in next(csv.reader(stream))


def test_what_is_told(built: list[Path]) -> None:
    about = open_shipped("tiny", built[0].parent).about
    held = about["held_out"]
    assert (held["n_bona_fide"], held["n_spoof"], held["n_sources"]) == (6, 6, 2)
    assert held["sources"] == ["new", "newest"]
    assert (about["version"], about["made"]) == ("1.0", "2026-01-02")
    assert about["newest_attack"] == {"name": "kokoro-v1.0", "year": 2024}
    assert about["languages"] == ["en"]
    assert about["corpora"] == [{"name": "small", "n_clips": 35}]
    conditions = {one["condition"]: one["is_trained"] for one in about["conditions"]}
    assert conditions["telephone"] and not conditions["AAC"]
    card = (built[0] / "model_card.md").read_text()
    for words in ("voices by nobody", "played no part in the choice", "svm (C 1)", "kokoro"):
        assert words in card


def test_it_judges(built: list[Path], corpus: Path, tmp_path: Path) -> None:
    chosen = choose_detector(tmp_path / "runs", detectors=built[0].parent)
    assert chosen.headline.startswith("detector tiny 1.0 (acoustic + ")
    assert "12 clips of 2 sources" in chosen.headline
    done = predict(chosen.run, corpus / "audio")
    probabilities = {one.file: one.probability for one in done.verdicts}
    spoofs = [p for file, p in probabilities.items() if int(file[-5]) % 2]
    genuine = [p for file, p in probabilities.items() if not int(file[-5]) % 2]
    assert np.mean(spoofs) < np.mean(genuine)
    assert done.notes == [], "reference and bandwidths are there"
    assert Detector.load(chosen.run).reference is not None
    assert bandwidths_of(chosen.run, 16_000) is not None


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure a detector under no condition, which is most of its making, where none is told."""
    monkeypatch.setattr("src.build_detector.build.CONDITIONS", {})


@pytest.mark.usefixtures("unmeasured")
def test_the_packed_model_of_an_svm(corpus: Path, tmp_path: Path) -> None:
    made = {"made": "2026-01-02", "n_folds": 2}
    build(Recipe(tmp_path / "svm", [corpus], candidates=SMALL[1:], **made))
    with ZipFile(tmp_path / "svm" / "model.skops") as archive:
        assert sum(one.compress_size for one in archive.infolist()) < 0.5 * sum(
            one.file_size for one in archive.infolist()
        )
    assert Detector.load(open_shipped("svm", tmp_path).run).classifier.score(
        np.zeros((1, 276), np.float32)
    ).shape == (1,)


def test_folds_share_no_source_and_no_voice(corpus: Path) -> None:
    clips = read_corpora([corpus]).clips
    assert len(clips) == 35
    # One voice in two sources ties them.
    clips.loc[clips["source"] == "far", "speaker"] = "here-0"
    folds = deal(clips, 3)
    for name in ("source", "speaker"):
        assert (clips.groupby(name)[[]].ngroups) > 3
        assert all(len(set(folds[clips[name] == value])) == 1 for value in set(clips[name]))
    assert all(clips["y"][folds == fold].nunique() == 2 for fold in range(3))
    held = folds == 0
    apart = apart_from(clips, held)
    for name in ("source", "speaker"):
        assert not set(clips[name][held]) & set(clips[name][apart])
    # Attacks of several sources are in every fold, and so in no training but of their own.
    spoofs = clips[apart & (clips["y"] == 0)]
    assert spoofs["attack"].str.startswith("own-").all() and len(spoofs)
    assert list(last_sources(clips, 3)) == list(clips["source"].isin(["new", "newest"]))


def test_mistakes_are_one_line(corpus: Path, tmp_path: Path, capsys) -> None:
    assert main([str(tmp_path / "none"), f"--output={tmp_path / 'a'}"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "none" in line and "metadata.csv" in line
    with pytest.raises(DatasetError, match="two corpora have one name: small, small"):
        read_corpora([corpus, corpus])
    text = (corpus / "metadata.csv").read_text()
    (tmp_path / "metadata.csv").write_text(text.replace("licence", "license"))
    with pytest.raises(DatasetError, match="lacks the column licence"):
        read_corpora([tmp_path])
    (tmp_path / "metadata.csv").write_text(text.replace("bona-fide", "real"))
    with pytest.raises(DatasetError, match="labels that are none: real"):
        read_corpora([tmp_path])


@pytest.mark.usefixtures("unmeasured")
def test_a_large_model_is_refused(corpus: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("src.build_detector.folder.MOST_BYTES", 1000)
    from src.utils.errors import AudiosError

    with pytest.raises(AudiosError, match="too large to be given away"):
        build(Recipe(tmp_path / "a", [corpus], candidates=SMALL[:1], n_folds=2))
    assert list(tmp_path.iterdir()) == []


def test_years_of_a_corpus_go_first(corpus: Path, tmp_path: Path) -> None:
    lines = (corpus / "metadata.csv").read_text().splitlines()
    dated = [f"{lines[0]},attack_year", *(f"{line},2031" for line in lines[1:])]
    (tmp_path / "metadata.csv").write_text("\n".join(dated) + "\n")
    assert read_corpora([tmp_path]).years["vits-lj"] == 2031
