"""`ProbeLayers`, and `TrainModel --layer=probe` that follows it."""

import json
import re
import shutil
from pathlib import Path

import pytest

POOLINGS = ("mean", "std", "both")


@pytest.fixture(scope="module")
def place(fab, tones, write_csv_corpus, checkpoints, tmp_path_factory) -> Path:
    """Embeddings of four layers, without any of the test split."""
    folder = tmp_path_factory.mktemp("probe")
    data = f"--dataset={write_csv_corpus(folder / 'data', tones(10, 2))}"
    flags = ("--backbone=wav2vec2", f"--checkpoint={checkpoints['wav2vec2']}")
    fab(
        *("GenerateDatasetCSV", data),
        *("SplitDataset", data, "--pretext=0"),
        *("GenerateEmbeddings", data, *flags, "--splits=downstream_train,downstream_val"),
        f"--embeddings={folder / 'e'}",
    ).succeeds()
    return folder


@pytest.fixture(scope="module")
def where(place) -> tuple[str, ...]:
    return ("--backbone=wav2vec2", f"--embeddings={place / 'e'}", f"--runs={place / 'runs'}")


@pytest.fixture(scope="module")
def answer(fab, where):
    return fab("ProbeLayers", *where).succeeds()


def eers(rows: list[dict[str, str]], pooling: str) -> dict[int, float]:
    return {int(r["layer"]): float(r["eer"]) for r in rows if r["pooling"] == pooling}


def run_of(answer) -> Path:
    [figure, written] = answer.out.splitlines()[-2:]
    assert Path(figure).parent == Path(written).parent
    return Path(figure).parent


def test_table_figure_and_csv_agree(answer, place, table):
    folder = run_of(answer)
    assert folder.parent == place / "runs"
    assert re.fullmatch(r"probe\d+_\d{8}-\d{6}", folder.name)
    png = (folder / "layer_probe.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) > 10_000
    rows = table(folder / "layer_probe.csv")
    assert list(rows[0]) == ["layer", "pooling", "eer", "standard_error"]
    assert len(rows) == 4 * len(POOLINGS)
    lines = [line.split() for line in answer.out.splitlines()]
    assert ["layer", *POOLINGS] in lines
    for layer in range(4):
        [shown] = [line for line in lines if line[:1] == [str(layer)] and "±" in line]
        values = [word for word in shown if word.endswith("%")][::2]
        assert values == [f"{eers(rows, pooling)[layer]:.2%}" for pooling in POOLINGS]
    assert sum(line.count("<-") for line in lines) == 1
    best = min(rows, key=lambda row: (float(row["eer"]), int(row["layer"])))
    assert f"best: layer {best['layer']}, {best['pooling']}, {float(best['eer']):.2%}" in answer.out
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["kind"], manifest["status"]) == ("probe", "complete")
    assert manifest["settings"]["seed"] == 7
    assert set(manifest["inputs"]) == {"downstream_train", "downstream_val"}


def test_training_follows_it(fab, where, answer, table):
    rows = table(run_of(answer) / "layer_probe.csv")
    both = eers(rows, "both")
    chosen = min(both, key=lambda layer: (both[layer], layer))
    text = fab("TrainModel", "--classifier=svm", *where).succeeds(f"\nlayer {chosen}, ").out
    folder = Path(text.splitlines()[-1].split(": ", 1)[1])
    assert eers(table(folder / "layer_probe.csv"), "both") == both
    assert f"best: layer {chosen}, both, {both[chosen]:.2%}" in text


def test_the_same_seed_gives_the_same(fab, where, answer):
    again = fab("ProbeLayers", "--seed=7", *where).succeeds()
    one, other = (run_of(a) / "layer_probe.csv" for a in (answer, again))
    assert one != other
    assert one.read_bytes() == other.read_bytes()


def test_a_store_of_some_layers(fab, place, where, scratch):
    """As a store of the layers 4 to 7 describes itself."""
    shutil.copytree(place / "e", scratch / "e")
    for path in scratch.rglob("manifest.json"):
        manifest = json.loads(path.read_text())
        manifest["backbone"]["first_layer"] = 4
        path.write_text(json.dumps(manifest))
    here = ("--backbone=wav2vec2", f"--embeddings={scratch / 'e'}", f"--runs={scratch / 'r'}")
    shown = fab("ProbeLayers", *here).succeeds().out
    assert re.findall(r"^(\d+) +\d.*±", shown, flags=re.MULTILINE) == ["4", "5", "6", "7"]
    for layer, code in (("5", 0), ("-1", 0)):
        answer = fab("TrainModel", "--classifier=svm", f"--layer={layer}", *here)
        assert answer.code == code, answer
    assert "layer 7," in answer.out
    for task in (("TrainModel", "--classifier=svm"), ("VisualizeEmbeddingsTSNE",)):
        fab(*task, "--layer=3", *here).fails(2, "--layer=3: wav2vec2 has the layers 4 to 7 here")


def test_one_layer_is_told_plainly(fab, embedded, scratch):
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={scratch}")
    text = (
        fab("ProbeLayers", "--backbone=acoustic", *where)
        .succeeds("acoustic has one layer here")
        .out
    )
    assert re.search(r"best: layer 0, descriptor, \d+\.\d\d%", text)
    assert (run_of(fab("ProbeLayers", "--backbone=acoustic", *where)) / "layer_probe.png").is_file()


def test_help(fresh_fab):
    text = fresh_fab("--help", "ProbeLayers").succeeds("Compare layers by a linear probe").out
    assert "folds by speaker" in " ".join(text.split())


def test_mistakes_are_one_line(fab, place, where, scratch):
    fab("ProbeLayers").fails(2, "ProbeLayers: --backbone is needed", "wav2vec2")
    fab("ProbeLayers", "--backbone=wavlm2").fails(2, "did you mean wavlm?")
    fab("ProbeLayers", *where, "--seed=x").fails(2, "--seed=x is not a whole number")
    nowhere = f"--embeddings={scratch / 'none'}"
    fab("ProbeLayers", "--backbone=wav2vec2", nowhere).fails(1, "run first: fab GenerateEmbeddings")
    # One speaker is bona-fide in all of it.
    shutil.copytree(place / "e", scratch / "e")
    for path in scratch.rglob("clips.csv"):
        lines = path.read_text().splitlines()
        alone = [line.replace("bona-fide,", "spoof,") for line in lines[1:]]
        if path.parent.name == "downstream_train":
            alone[0] = lines[1].replace("spoof,", "bona-fide,")
        path.write_text("\n".join([lines[0], *alone]) + "\n")
    here = ("--backbone=wav2vec2", f"--embeddings={scratch / 'e'}", f"--runs={scratch / 'r'}")
    fab("ProbeLayers", *here).fails(1, "ProbeLayers: too few speakers", "1 with bona-fide")
    assert not list((scratch / "r").glob("run*"))
