"""What reads files that people bring or that were written before: the one table of parsers.

A parser is tried on its files in a copy of a finished workplace, one of them changed at a time.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py  # noqa: F401 - before atheris looks at what is imported
import numpy as np
import pandas as pd
import soundfile
import torch
from safetensors.torch import save_file

from src.adaptation.results import Adaptation
from src.audit.findings import Findings
from src.evaluation.asv_scores import read_asv_scores
from src.evaluation.results import Results
from src.evaluation.score_files import SCORE_FORMATS, read_scores, write_scores_as
from src.evaluation.sets_file import SetResults
from src.exported.about import open_exported
from src.models.calibrate import calibration_of
from src.models.evaluate_sets import evaluate_sets
from src.models.lookup import find_training
from src.networks.back_ends.yamnet.network import YamNet
from src.networks.back_ends.yamnet.weights import load_weights
from src.networks.pretraining.units import Units
from src.networks.released.weights import network_of, read_weights
from src.predict.bandwidths import bandwidths_of
from src.predict.detector import Detector
from src.predict.shipped import open_shipped
from src.results.listing import list_all
from src.results.report import write_report
from src.robustness.kept import read_clips
from src.robustness.results import Robustness
from src.scoring.kept import KeptScores
from src.search.names import FINALISTS, IMPORTANCES
from src.spoofs.mel_settings import read_mel_settings
from src.spoofs.sentences import read_sentences
from src.stages import dataset as dataset_stages
from src.utils.audio.io import measure_level, read_blocks, read_info, read_waveform
from src.utils.config import DETECTORS
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.layouts import scan_folder
from src.utils.dataset.layouts.keys import read_key
from src.utils.dataset.split import read_split, read_units
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.store import EmbeddingStore
from src.utils.onnx_file import files_of
from src.utils.runs import list_runs
from src.utils.tables import write_csv
from tests.networks.back_ends.yamnet.test_weights import CLASSES, SMALL, WRITERS
from tests.networks.released.back_ends import aasist_state
from tests.spoofs.onnx_writing import write_vocoder
from tests.utils.audio.encodings import ENCODINGS
from tests.utils.audio.encodings import write as write_sound
from tests.utils.dataset.layouts.conftest import NAMES, lay_out
from tests.utils.dataset.prepare import builders

TEXTS = (".csv", ".tsv", ".txt", ".trn", ".trl")


@dataclass(frozen=True)
class Parser:
    """What reads files of one kind.

    Attributes
    ----------
    name : str
        What it is called in findings.
    files : str
        A pattern of its files below the workplace (see `make_workplace`).
    read : callable
        Reads one, given its path and the workplace; may raise what becomes one line of a task.
    is_pure : bool
        Whether it is Python that atheris can follow, so that coverage leads it.
    """

    name: str
    files: str
    read: Callable[[Path, Path], object]
    is_pure: bool = False

    def found(self, place: Path) -> list[Path]:
        """Return its files in a workplace.

        Parameters
        ----------
        place : pathlib.Path
            The workplace.
        """
        return sorted(path for path in place.glob(self.files) if path.is_file())


def _hear(path: Path, place: Path) -> None:
    read_info(path)
    for _ in read_blocks(path):
        pass
    read_waveform(path)
    measure_level(path)


def _scan(path: Path, place: Path) -> None:
    name = path.relative_to(place / "layouts").parts[0]
    scan_folder(place / "layouts" / name, name)
    scan_folder(place / "layouts" / name)


def _store(path: Path, place: Path) -> None:
    store = EmbeddingStore.open(place / "embeddings", "acoustic", path.parent.name)
    store.clips()
    store.load(-1)
    store.rejected()


def _data(path: Path, place: Path) -> None:
    dataset = Dataset.open(place / "corpus")
    files = dataset.read_files()
    dataset.read_measurements(files["file"].tolist())
    dataset.read_rejected("AddDatasetDuration")
    for split in ("downstream_train", "downstream_test"):
        read_split(dataset, split)
        read_units(dataset, split)


def _run(path: Path, place: Path) -> None:
    runs = place / "runs"
    list_all(runs)
    for classifier in ("lr", "svm", "rf", "mlp"):
        run = find_training(runs, "acoustic", classifier)
        if run.folder == path.parent:
            calibration_of(run)
            Detector.load(run)
            write_report(run, runs)
            return
    for run in list_runs(runs):
        if run.folder == path.parent:
            write_report(run, runs)


def _fusion(path: Path, place: Path) -> None:
    run = next(run for run in list_runs(place / "runs") if run.folder in path.parents)
    Detector.load(run)
    write_report(run, place / "runs")


def _study(path: Path, place: Path) -> None:
    runs = place / "runs"
    [study] = list_runs(runs, study_of="lr")
    list_all(runs, study_number=0)
    write_report(study, runs)


def _shipped(path: Path, place: Path) -> None:
    shipped = open_shipped(path.parent.name, place / "detectors")
    Detector.load(shipped.run)
    bandwidths_of(shipped.run, 16_000)


def _released(path: Path, place: Path) -> None:
    network_of("aasist", read_weights(path), path)


def _exported(path: Path, place: Path) -> None:
    Detector.load(open_exported(path.parent))


def _unpack(path: Path, place: Path) -> None:
    target = place / "unpacked"
    shutil.rmtree(target, ignore_errors=True)
    dataset_stages.prepare(target, "in-the-wild", path)


def _derive(path: Path, place: Path) -> None:
    dataset_stages.normalize(place / "corpus", place / "normalized")


PARSERS = (
    Parser("audio", "sounds/*", _hear),
    Parser("layout", "layouts/**/*.[ct]*", _scan, is_pure=True),
    Parser("key", "keys/*", lambda path, _: read_key(path), is_pure=True),
    Parser("scores", "scores/*", lambda path, _: read_scores(path), is_pure=True),
    Parser("ASV scores", "asv/*", lambda path, _: read_asv_scores(path), is_pure=True),
    Parser("tables of a data set", "corpus/*.csv", _data, is_pure=True),
    Parser("pointer", "corpus/dataset.json", _data),
    Parser("split", "corpus/splits/**/*.*", _data),
    Parser("derived", "normalized/derived*", _derive),
    Parser("store", "embeddings/acoustic/downstream_train/*", _store),
    Parser("run", "runs/run*/*.[jc]*", _run),
    Parser("study", "runs/lr_study*/*.[jc]*", _study),
    Parser("model", "runs/run*/model.*", _run),
    Parser("reference", "runs/run*/reference.*", _run),
    Parser(
        "adaptation",
        "runs-adapted/run*/adaptation.json",
        lambda path, _: Adaptation.read(path),
    ),
    Parser("fusion", "runs/run*/members/*/*.*", _fusion),
    Parser("losses", "runs/run*/*.npy", _run),
    Parser("results", "runs/run*/test_results.json", lambda path, _: Results.read(path)),
    Parser("robustness", "runs/run*/robustness.json", lambda path, _: Robustness.read(path)),
    Parser("kept scores", "runs/run*/robustness/*.json", lambda path, _: KeptScores.read(path)),
    Parser("kept clips", "runs/run*/robustness/*.csv", lambda path, _: read_clips(path.parent)),
    Parser("test sets", "runs/run*/test_sets.json", lambda path, _: SetResults.read(path)),
    Parser("detector", "detectors/*/*.*", _shipped),
    Parser("exported", "runs/run*/exported-onnx/*.[jo]*", _exported),
    Parser("audit", "runs/audit*/audit.json", lambda path, _: Findings.read(path)),
    Parser("pth", "weights/*.pth", lambda path, _: load_weights(str(path))),
    Parser("h5", "weights/*.h5", lambda path, _: load_weights(str(path))),
    Parser("tflite", "weights/*.tflite", lambda path, _: load_weights(str(path)), is_pure=True),
    Parser("released weights", "released/*", _released),
    Parser("checkpoint", "checkpoint/*", lambda path, _: load_backbone("auto", str(path.parent))),
    Parser("units", "units/*", lambda path, _: Units.read(path, 3)),
    Parser(
        "vocoder", "vocoder/*.onnx", lambda path, _: files_of(path, "the vocoder"), is_pure=True
    ),
    Parser("mel settings", "vocoder/*.json", lambda path, _: read_mel_settings(path)),
    Parser("sentences", "vocoder/*.txt", lambda path, _: read_sentences(path), is_pure=True),
    Parser("zip", "archived/*.zip", _unpack, is_pure=True),
    Parser("tar", "archived/*.tar*", _unpack, is_pure=True),
    Parser("rar", "archived/*.rar", _unpack, is_pure=True),
)


def make_workplace(finished: Path, place: Path) -> None:
    """Lay out the files of all parsers, by the real writers.

    Parameters
    ----------
    finished : pathlib.Path
        What the stages have left.
    place : pathlib.Path
        A folder to make.
    """
    shutil.copytree(finished, place)
    shutil.copytree(DETECTORS, place / "detectors")
    evaluate_sets(find_training(place / "runs", "acoustic", "lr"), [place / "embeddings"])
    _add_to_study(next((place / "runs").glob("lr_study*")))
    corpus = place / "corpus"
    (corpus / "dataset.json").write_text(json.dumps({"audio": str(corpus)}))
    clip = next(corpus.rglob("*.wav"))
    (place / "sounds").mkdir()
    for name, content in _sounds(clip):
        (place / "sounds" / name).write_bytes(content)
    for name in NAMES:
        lay_out(name, place / "layouts" / name)
    for folder in ("keys", "scores", "asv", "weights", "archived", "units", "released"):
        (place / folder).mkdir()
    state = aasist_state("aasist-l")
    torch.save(state, place / "released" / "weights.pth")
    save_file(state, place / "released" / "weights.safetensors")
    units = Units(np.arange(40, dtype=np.int16) % 7, np.array([0, 9, 30, 40]), 7)
    units.write(place / "units" / "units.safetensors")
    texts = [path for path in (place / "layouts").rglob("*") if path.suffix in TEXTS]
    for number, path in enumerate(texts):
        shutil.copyfile(path, place / "keys" / f"{number}{path.suffix}")
    trials = pd.DataFrame({"file": [f"a{n}.wav" for n in range(9)]})
    trials["label"] = np.where(np.arange(9) % 2, "bona-fide", "spoof")
    trials["attack"] = np.where(np.arange(9) % 2, "", "A07")
    trials["score"] = np.linspace(-2, 2, 9)
    for name in SCORE_FORMATS:
        write_scores_as(place / "scores" / f"{name}.txt", name, trials)
    lines = ["bonafide target 3.5", "bonafide nontarget -2.1", "A07 spoof 0.25"]
    (place / "asv" / "asv.txt").write_text("\n".join(lines) + "\n")
    write_vocoder(place / "vocoder", "weights.bin")
    (place / "vocoder" / "said.txt").write_text("Good morning.\nde\tGuten Morgen.\n")
    for name, write in WRITERS.items():
        write(YamNet(CLASSES, SMALL).eval(), place / "weights" / name)
    rows = b"file,speaker,label\n0.wav,Anna,spoof\n1.wav,Ben,bona-fide\n"
    inner = "release_in_the_wild"
    items = [
        builders.Item(f"{inner}/0.wav", clip.read_bytes()[:4000]),
        builders.Item(f"{inner}/1.wav", clip.read_bytes()[:3000]),
        builders.Item(f"{inner}/meta.csv", rows),
    ]
    for suffix, pack in builders.WRITERS.items():
        pack(place / "archived" / f"{inner}.{suffix}", items)


def _add_to_study(folder: Path) -> None:
    """Write what a larger study of a random classifier would keep."""
    trials = pd.DataFrame({"number": [0, 0, 1], "run": [0, 3, 1], "seed": [7, 8, 7]})
    write_csv(folder / FINALISTS, trials.assign(validation_eer=0.1, validation_cllr=0.4))
    shares = pd.DataFrame({"hyperparameter": ["C", "layer"], "importance": [0.75, 0.25]})
    write_csv(folder / IMPORTANCES, shares.assign(of="validation_eer", among=""))


def _sounds(clip: Path) -> Iterator[tuple[str, bytes]]:
    """Yield a short recording in every encoding that is read."""
    wave, _ = soundfile.read(clip, frames=6_000, dtype="float32")
    for encoding in ENCODINGS:
        path = clip.with_name(encoding.name)
        # The sound is another at another rate, and as good.
        write_sound(path, wave, encoding)
        yield path.name, path.read_bytes()
        path.unlink()
