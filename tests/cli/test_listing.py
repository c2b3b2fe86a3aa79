"""What `fab -l` and `fab --help` promise: the tasks and flags of the design's table."""

import re
import shlex
import subprocess
import sys

import pytest
from invoke.parser import Parser

import fabfile
from tasks.groups import GROUPS, OTHERS

DATASET, EMBEDDINGS, RUNS, SEED = "dataset", "embeddings", "runs", "seed"
SHARES = ("pretext", "pretext-train", "downstream-train", "downstream-val")
FORMS = ("json", "quiet")
COPIES = ("augment", "copies", "steps", "snr-db", "noises", "rooms", SEED)
DRAWING = ("backbone", "split", "layer", EMBEDDINGS, RUNS, SEED)

FLAGS = {
    "PrepareDataset": (DATASET, "corpus", "archives", "checksum"),
    "GenerateDatasetCSV": (DATASET, "layout", "audio", "bona-fide", "speaker-from"),
    "AddDatasetDuration": (DATASET,),
    "AddDatasetAmplitude": (DATASET,),
    "MakeSpoofs": (
        *(DATASET, "output", "attacks", "checkpoints", "vocoder", "sentences", "voices"),
        *("per-clip", SEED),
    ),
    "NormalizeDataset": (DATASET, "output", "method", "target-rms"),
    "AddNoise": (DATASET, "output", "kind", "steps", "snr-db", "noises", "rooms", SEED),
    "SplitDataset": (DATASET, SEED, *SHARES, "strategy", "units"),
    "AuditDataset": (DATASET, RUNS, SEED, *FORMS),
    "MatchDataset": (
        *(DATASET, "output", "sample-rate", "low-pass", "silence", "duration", "noise"),
        *("clipped", "loudness", "target", SEED),
    ),
    "GenerateEmbeddings": (DATASET, "backbone", "checkpoint", "splits", EMBEDDINGS, *COPIES),
    "GenerateEmbeddingsWav2vec2": (DATASET, "checkpoint", "splits", EMBEDDINGS, *COPIES),
    "GenerateEmbeddingsHubert": (DATASET, "checkpoint", "splits", EMBEDDINGS, *COPIES),
    "VisualizeEmbeddings": DRAWING,
    "VisualizeEmbeddingsUMAP": DRAWING,
    "VisualizeEmbeddingsTSNE": DRAWING,
    "ProbeLayers": ("backbone", EMBEDDINGS, RUNS, SEED),
    "PretrainBackbone": (
        *(DATASET, "backbone", "checkpoint", "config", "splits", "seconds", "mask-share"),
        *("mask-length", "units", "n-units", "units-from", "epochs", "batch-size", "accumulate"),
        *("learning-rate", "warmup", "patience", "precision", "workers", "log-to", RUNS, SEED),
    ),
    "OptimizeHyperparameters": (
        *("backbone", "classifier", "trials", "augmented", EMBEDDINGS, RUNS, SEED),
        *("folds", "folds-by", "pruning", "seeds", "jobs", "storage"),
    ),
    "TrainModel": (
        *("backbone", "classifier", "layer", "pooling", "augmented", "calibrate", "seeds"),
        *(EMBEDDINGS, RUNS, SEED),
    ),
    "TuneAll": (
        *("backbones", "classifiers", "trials", "augmented", EMBEDDINGS, RUNS, SEED),
        *("folds", "folds-by", "pruning", "seeds", "jobs"),
    ),
    "TrainBaseline": (DATASET, "weights", "epochs", "hyperparameters", RUNS, SEED),
    "TrainNetwork": (
        *(DATASET, "front-end", "back-end", "back-end-settings", "front-end-settings"),
        *("checkpoint", "loss", "seconds"),
        *("layers", "freeze", "lora", "gradient-checkpointing", "epochs", "batch-size"),
        *("accumulate", "learning-rate", "front-learning-rate", "weight-decay", "warmup"),
        *("schedule", "max-norm", "patience", "precision", "augment", "augment-probability"),
        *("steps", "snr-db", "noises", "rooms", "start-from", "workers", "log-to"),
        *(RUNS, SEED, "seeds"),
    ),
    "TestModel": (
        *("backbone", "classifier", "run-number", "study-number", "gender"),
        *(EMBEDDINGS, RUNS, *FORMS),
    ),
    "TestBaseline": (DATASET, "run-number", "gender", RUNS),
    "ImportDetector": (
        *("kind", "weights", "checkpoint", DATASET, "split", "source", "licence", RUNS),
    ),
    "AdaptModel": (
        *("backbone", "classifier", "run-number", "study-number", DATASET, "clips"),
        *(EMBEDDINGS, "checkpoint", RUNS, SEED, *FORMS),
    ),
    "CalibrateRun": (
        *("backbone", "classifier", "run-number", "study-number", DATASET, "split"),
        *("checkpoint", RUNS),
    ),
    "TestRobustness": (
        *("backbone", "classifier", "run-number", "study-number", "conditions", "noises"),
        *(DATASET, EMBEDDINGS, RUNS, SEED, *FORMS),
    ),
    "EvaluateScores": (
        *("scores", "protocol", "polarity", "subset", "threshold", "validation-scores"),
        *("columns", "probabilities"),
        *("validation-protocol", "asv-scores", "asv-protocol", RUNS, SEED),
    ),
    "ExportModel": (
        *("backbone", "classifier", "run-number", "study-number", "format", "output"),
        *("checkpoint", DATASET, EMBEDDINGS, RUNS),
    ),
    "ExportScores": ("run-number", "study-number", "format", "output", "split", "values", RUNS),
    "ListRuns": ("study-number", "classifier", "sort", RUNS, *FORMS),
    "CompareRuns": ("runs-list", "study-number", "classifier", "tested-on", RUNS, SEED, *FORMS),
    "FuseRuns": ("runs-list", "studies-list", "study-number", "classifier", RUNS, SEED, *FORMS),
    "Predict": (
        *("audio", "backbone", "classifier", "run-number", "study-number", RUNS),
        *("checkpoint", "prior", "output", "plot", "plot-most", "stream", "detector"),
        *("any-sound", "fail-on", *FORMS),
    ),
    "ListDetectors": FORMS,
    "RunPipeline": (
        *(DATASET, EMBEDDINGS, RUNS, SEED, "backbone", "classifier", "trials"),
        *("layout", "audio", "bona-fide", "kind", "snr-db"),
    ),
    "Demo": (),
    "Clean": ("what", "yes"),
    "Version": FORMS,
}

REQUIRED = {
    "PrepareDataset": {"corpus"},
    "GenerateEmbeddings": {"backbone"},
    "VisualizeEmbeddings": {"backbone"},
    "VisualizeEmbeddingsUMAP": {"backbone"},
    "VisualizeEmbeddingsTSNE": {"backbone"},
    "ProbeLayers": {"backbone"},
    "PretrainBackbone": {"backbone"},
    "OptimizeHyperparameters": {"backbone", "classifier"},
    "TrainModel": {"backbone", "classifier"},
    "AdaptModel": {"dataset"},
    "ImportDetector": {"kind", "weights"},
    "EvaluateScores": {"scores", "protocol"},
    "ExportScores": {"output"},
    "CompareRuns": {"runs-list"},
    "Predict": {"audio"},
    "Clean": {"what"},
}

HEAVY = ("torch", "transformers", "sklearn", "umap", "matplotlib", "pandas", "optuna", "librosa")


@pytest.fixture(scope="module")
def helps(fab):
    return {name: fab("--help", name) for name in FLAGS}


@pytest.fixture(scope="module")
def listing(fresh_fab):
    """The first line of every listed task; a narrow list wraps the rest."""
    answer = fresh_fab("-l").succeeds()
    return dict(re.findall(r"^  (\w+) +(\S.*)$", answer.out, flags=re.MULTILINE))


def test_every_task_is_listed_and_no_other(listing):
    assert set(listing) == set(FLAGS)


@pytest.mark.parametrize("task", FLAGS)
def test_first_line_is_a_short_sentence(listing, task):
    assert re.match(r"[A-Z]", listing[task]), listing[task]


def test_every_task_stands_in_one_group(fresh_fab):
    names = [name for group in GROUPS.values() for name in group]
    assert len(names) == len(set(names))
    assert set(FLAGS) == set(names)
    lines = fresh_fab("-l").out.splitlines()
    assert [line for line in lines if line in (*GROUPS, OTHERS)] == list(GROUPS)
    shown = [line.split()[0] for line in lines if re.match(r"  [A-Z]", line)]
    assert shown == [name for name in names if name in FLAGS]


@pytest.mark.parametrize("task", FLAGS)
def test_help_lists_every_flag_of_the_design(helps, task):
    shown = set(re.findall(r"^  --([a-z-]+)", helps[task].succeeds().out, flags=re.MULTILINE))
    assert set(FLAGS[task]) <= shown


@pytest.mark.parametrize("task", FLAGS)
def test_help_explains_every_flag(helps, task):
    lines = helps[task].out.split("Options:")[-1].splitlines()
    flags = [line for line in lines if line.startswith("  -")]
    for line in flags:
        assert re.match(r"  (-\w(?: \w+)?, )?--[a-z-]+(=\w+)? {2,}\S", line), line
    # One-letter flags would be dealt out by order, and change their meaning with the next flag.
    assert not [line for line in flags if re.match(r"  -\w", line)]


@pytest.mark.parametrize("task", FLAGS)
def test_help_begins_with_what_is_required(helps, task):
    out = helps[task].out
    flags = re.findall(r"^  --([a-z-]+)(?:=STRING)? +(\(required\))?", out, flags=re.MULTILINE)
    needed = [name for name, is_required in flags if is_required]
    assert set(needed) == REQUIRED.get(task, set())
    assert [name for name, _ in flags][: len(needed)] == needed
    usage = out.splitlines()[0]
    assert all(f" --{name}=STRING" in usage for name in needed)


@pytest.mark.parametrize("task", ["TrainModel", "Clean"])
def test_help_of_a_process_of_its_own_is_the_same(fresh_fab, helps, task):
    assert fresh_fab("--help", task) == helps[task]


def test_what_is_required_is_asked_for(fab):
    """And nothing else is: the help would be wrong."""
    for task, needed in REQUIRED.items():
        words = [f"--{name}=" for name in sorted(needed)]
        answer = fab(task)
        assert answer.code == 2, task
        assert any(f"{word[:-1]} " in answer.err for word in words), answer.err


def test_every_task_shows_an_example_that_can_be_read(helps):
    contexts = fabfile.ns.to_contexts()
    for task in FLAGS:
        examples = re.findall(r"^  Example: (.*)$", helps[task].out, flags=re.MULTILINE)
        assert examples, task
        for example in examples:
            program, *words = shlex.split(example)
            assert program == "fab"
            found = Parser(contexts=contexts).parse_argv(words)
            assert task in [one.name for one in found]
            given = [one.name for one in found[0].args.values() if one.got_value]
            assert REQUIRED.get(task, set()) <= {name.replace("_", "-") for name in given}


def test_defaults_of_the_design_are_told(helps):
    for task, words in {
        "SplitDataset": ("datasets/release", "default: 7", "0.6", "0.8", "0.7", "0.2"),
        "NormalizeDataset": ("datasets/normalized", "0.1"),
        "AddNoise": ("datasets/noisy", "5..20"),
        "AuditDataset": ("datasets/release", "default: runs", "default: 7", "audit.html"),
        "MatchDataset": ("datasets/matched", "16000", "rms (default)", "0.05", "-26", "default: 7"),
        "GenerateEmbeddings": ("downstream (default)", "default: embeddings", "full"),
        "VisualizeEmbeddingsUMAP": ("downstream_train", "default: runs"),
    }.items():
        text = " ".join(helps[task].out.split())
        for word in words:
            assert word in text, (task, word)


def test_listing_loads_nothing_heavy(fresh_fab):
    script = f"import sys, fabfile; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=fresh_fab.cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""
