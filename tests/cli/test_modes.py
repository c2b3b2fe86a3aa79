"""All files have the modes of the umask, whichever library wrote them."""

import stat

import pytest


@pytest.mark.parametrize(
    ("umask", "files", "folders"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700)]
)
def test_modes(fab, tones, write_csv_corpus, tmp_path, umask, files, folders):
    write_csv_corpus(tmp_path / "data", tones(6, 1))
    before = set(tmp_path.rglob("*"))
    data, where = f"--dataset={tmp_path / 'data'}", f"--embeddings={tmp_path / 'e'}"
    runs = f"--runs={tmp_path / 'r'}"
    train = ("TrainModel", "--backbone=acoustic", where, runs)
    fab(
        *("GenerateDatasetCSV", data, "AddDatasetDuration", data),
        *("NormalizeDataset", data, f"--output={tmp_path / 'normal'}"),
        *("SplitDataset", data, "--pretext=0"),
        *("GenerateEmbeddings", data, where, "--backbone=acoustic"),
        *("AuditDataset", data, runs),
        *(
            "OptimizeHyperparameters",
            "--backbone=acoustic",
            "--classifier=svm",
            "--trials=1",
            where,
            runs,
        ),
        *(*train, "--classifier=svm"),
        # With all that a training in steps writes; a test writes the same of any training.
        *(*train, "--classifier=mlp", "--hyperparameters=epochs=2"),
        *("TestModel", "--backbone=acoustic", where, runs),
        umask=umask,
    ).succeeds()
    written = set(tmp_path.rglob("*")) - before
    assert {
        ".sqlite",
        ".skops",
        ".safetensors",
        ".npy",
        ".png",
        ".log",
        ".csv",
        ".json",
        ".html",
    } <= {path.suffix for path in written}
    wrong = {}
    for path in written:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode != (folders if path.is_dir() else files):
            wrong[str(path.relative_to(tmp_path))] = oct(mode)
    assert not wrong
