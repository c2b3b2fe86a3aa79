"""Any speech encoder by --backbone=auto, from recordings to a tested detector."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def whisper(tmp_path_factory) -> Path:
    """A tiny random Whisper that sees 3 s at once; made apart, since it takes torch."""
    folder = tmp_path_factory.mktemp("checkpoints") / "whisper"
    script = (
        "import sys, pathlib\n"
        "from tests.utils.embeddings.backbones.huggingface.encoders import save_encoder\n"
        "save_encoder(pathlib.Path(sys.argv[1]), 'whisper')\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def place(fab, tones, write_csv_corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("any")
    write_csv_corpus(folder / "data", tones(8, 2))
    data = f"--dataset={folder / 'data'}"
    fab("GenerateDatasetCSV", data, "SplitDataset", data, "--pretext=0").succeeds()
    return folder


def test_a_whisper_becomes_a_detector(fab, place, whisper):
    store = f"--embeddings={place / 'embeddings'}"
    auto = ("GenerateEmbeddings", f"--dataset={place / 'data'}", "--backbone=auto", store)
    fab(*auto, f"--checkpoint={whisper}", "--precision=float32").succeeds("auto")
    manifest = json.loads((place / "embeddings/auto/downstream_train/manifest.json").read_text())
    about = manifest["backbone"]
    assert about["checkpoint"] == str(whisper.resolve())
    assert about["revision"].startswith("sha256:")
    assert (about["model_type"], about["implementation"]) == ("whisper", "transformers")
    assert (about["precision"], about["sample_rate"]) == ("float32", 16_000)
    run = ("--backbone=auto", "--classifier=svm", store, f"--runs={place / 'runs'}")
    fab("TrainModel", *run).succeeds("validation EER")
    fab("TestModel", *run).succeeds("EER")
    # The checkpoint is known to the run.
    recording = place / "long.wav"
    samples = np.random.default_rng(7).normal(0, 0.05, 4 * 16_000)
    soundfile.write(recording, samples * np.linspace(0.2, 1, len(samples)), 16_000)
    fab(
        *("Predict", "--any-sound", f"--audio={recording}", f"--runs={place / 'runs'}"),
        *("--backbone=auto", "--classifier=svm"),
    ).succeeds(recording.name)


def test_without_a_checkpoint(fab, place):
    fab(
        *("GenerateEmbeddings", f"--dataset={place / 'data'}", "--backbone=auto"),
        f"--embeddings={place / 'e'}",
    ).fails(2, "--backbone=auto", "--checkpoint=")


def test_the_command_that_is_to_be_run_first_can_be(fab, tmp_path):
    fab(
        *("TrainModel", "--backbone=auto", "--classifier=svm"),
        *(f"--embeddings={tmp_path / 'none'}", f"--runs={tmp_path / 'runs'}"),
    ).fails(1, "--backbone=auto --checkpoint=ID_OR_FOLDER --splits=downstream")


def test_a_model_of_text(fab, place, tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    fab(
        *("GenerateEmbeddings", f"--dataset={place / 'data'}", "--backbone=auto"),
        *(f"--embeddings={place / 'e'}", f"--checkpoint={tmp_path}"),
    ).fails(1, "is a bert model", "whisper", "wav2vec2-bert", "hubert")


def test_a_preset_refuses_it_and_names_auto(fab, place, whisper):
    fab(
        *("GenerateEmbeddings", f"--dataset={place / 'data'}", "--backbone=wavlm"),
        *(f"--embeddings={place / 'e'}", f"--checkpoint={whisper}"),
    ).fails(1, "is a whisper model", "--backbone=auto")
