"""Every mistake of a first-time user gets one clear line and the right exit code."""

import shutil

import numpy as np
import pytest
import soundfile

BACKBONES = ("acoustic", "lfcc", "wav2vec2", "hubert", "wavlm", "xlsr", "auto")


# --- What is wrong with the command line itself: exit 2, before anything heavy is loaded


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["GenerateEmbeddings"], ("--backbone", *BACKBONES)),
        (["GenerateEmbeddings", "--backbone=wav2vec"], ("--backbone=wav2vec", *BACKBONES)),
        (["VisualizeEmbeddingsTSNE"], ("--backbone", *BACKBONES)),
        (["VisualizeEmbeddings", "--backbone=acoustc"], ("--backbone=acoustc", "acoustic")),
        (["VisualizeEmbeddings", "--backbone=acoustic", "--method=pca"], ("pca", "umap", "tsne")),
        (["TrainModel"], ("--backbone", *BACKBONES)),
        (["TrainModel", "--backbone=acoustic"], ("--classifier", "mlp", "svm", "rf")),
        (["TrainModel", "--backbone=acoustic", "--classifier=svn"], ("=svn", "mlp", "svm", "rf")),
        (["TrainModel", "--backbone=acoustic", "--classifier=rf", "--hyperparameters=C"], ("=C",)),
        (["OptimizeHyperparameters", "--classifier=rf"], ("--backbone", *BACKBONES)),
        (
            ["OptimizeHyperparameters", "--backbone=acoustic", "--classifier=rf", "--trials=ten"],
            ("--trials=ten", "whole number"),
        ),
        (
            ["OptimizeHyperparameters", "--backbone=acoustic", "--classifier=rf", "--trials=0"],
            ("--trials=0", "1"),
        ),
        (["TestModel", "--run-number=last"], ("--run-number=last", "whole number")),
        (["TestModel", "--study-number=-1"], ("--study-number=-1", "0")),
        (["TestModel", "--classifier=cnn"], ("--classifier=cnn", "mlp", "svm", "rf")),
        (["RunPipeline", "--normalize=loud"], ("--normalize=loud", "rms", "peak", "match", "none")),
        (["MatchDataset", "--sample-rate=fast"], ("--sample-rate=fast", "whole number")),
        (["MatchDataset", "--target=loud"], ("--target=loud", "number")),
        (["MatchDataset", "--sample-rate=100"], ("--sample-rate=100", "4000", "192000")),
        (["MatchDataset", "--low-pass=8000"], ("--low-pass=8000", "auto", "keep", "match")),
        (["MatchDataset", "--silence=cut"], ("--silence=cut", "auto", "keep", "trim", "shorten")),
        (["MatchDataset", "--duration=3"], ("--duration=3", "auto", "keep", "match")),
        (["MatchDataset", "--noise=white"], ("--noise=white", "auto", "keep", "match")),
        (["MatchDataset", "--clipped=mend"], ("--clipped=mend", "auto", "keep", "reject")),
        (["MatchDataset", "--loudness=peak"], ("--loudness=peak", "rms", "lufs", "keep")),
        (["MatchDataset", "--target=-26"], ("--target=-26", "0", "1", "rms")),
        (["MatchDataset", "--loudness=lufs", "--target=1"], ("--target=1", "-70", "0", "lufs")),
        (["MatchDataset", "--seed=x"], ("--seed=x", "whole number")),
        (["RunPipeline", "--precision=half"], ("--precision=half", "float32", "bfloat16")),
        (["RunPipeline", "--layers=6-0"], ("--layers=6-0", "last layer comes before")),
        (
            ["GenerateEmbeddings", "--backbone=wavlm", "--precision=half"],
            ("--precision=half", "auto", "float32", "bfloat16"),
        ),
        (["GenerateEmbeddings", "--backbone=wavlm", "--layers=all"], ("--layers=all", "0-6")),
        (["RunPipeline", "--precision=bfloat16"], ("acoustic has one layer, in float32",)),
        (
            ["RunPipeline", "--backbone=acoustic,hubert", "--checkpoint=x"],
            ("--checkpoint", "single"),
        ),
        (["SplitDataset", "--pretext=lots"], ("--pretext=lots", "number")),
        (["SplitDataset", "--hold-out=A07"], ("--hold-out=A07", "attack:NAME", "language:NAME")),
        (["SplitDataset", "--hold-out=atack:A07"], ("=atack", "did you mean attack?")),
        (["SplitDataset", "--folds=5"], ("--folds=5", "--fold=N", "0 to 4")),
        (["SplitDataset", "--fold=1"], ("--fold=1", "--folds=K")),
        (["SplitDataset", "--folds=2", "--fold=1"], ("--folds=2", "at least 3")),
        (["SplitDataset", "--folds=5", "--fold=5"], ("--fold=5", "0 to 4")),
        (["SplitDataset", "--folds=5", "--fold=one"], ("--fold=one", "whole number")),
        (["SplitDataset", "--folds=5", "--fold=1", "--pretext=0.2"], ("--folds", "--pretext")),
        (["SplitDataset", "--folds=5", "--fold=1", "--downstream-val=0.1"], ("--folds", "shares")),
        (
            ["SplitDataset", "--folds=5", "--fold=1", "--hold-out=attack:x"],
            ("--folds", "--hold-out"),
        ),
        (["SplitDataset", "--strategy=official", "--pretext=0"], ("=official", "shares")),
        (
            ["SplitDataset", "--strategy=official", "--hold-out=attack:x"],
            ("--hold-out", "--strategy=speaker"),
        ),
        (["SplitDataset", "--units=word"], ("--units=word", "speaker", "utterance")),
        (["RunPipeline", "--folds=5"], ("--folds=5", "--fold=N")),
        (["SplitDataset", "--downstream-train=0.9", "--downstream-val=0.9"], ("downstream", "1")),
        (["Clean"], ("--what", "runs", "embeddings", "demo")),
        (["Clean", "--what=everything"], ("--what=everything", "runs", "embeddings", "demo")),
    ],
    ids=" ".join,
)
def test_bad_arguments(fab, words, told):
    fab(*words).fails(2, f"{words[0]}: ", *told)


def test_mistyped_flag_is_not_taken_for_a_value(fresh_fab):
    fresh_fab("GenerateEmbeddings", "--bakbone=acoustic").fails((1, 2), "--bakbone")
    fresh_fab("TrainModel", "acoustic").fails((1, 2), "acoustic")


def test_mistyped_task(fresh_fab):
    fresh_fab("TrainModle", "--backbone=acoustic").fails((1, 2), "TrainModle")


def test_flag_without_its_value(fresh_fab):
    fresh_fab("TrainModel", "--backbone").fails((1, 2), "backbone")


@pytest.mark.parametrize("words", [["-H", "somehost", "TestModel"], ["TestModel", "-H", "a,b"]])
def test_hosts_are_refused(fresh_fab, words):
    fresh_fab(*words).fails(2, "TestModel", "-H")


# --- The data set


@pytest.fixture(scope="module")
def listed(fab, tones, write_csv_corpus, tmp_path_factory):
    """A data set after stage 1; read by tests, written by none."""
    folder = write_csv_corpus(tmp_path_factory.mktemp("listed") / "data", tones(6, 1))
    fab("GenerateDatasetCSV", f"--dataset={folder}").succeeds("6 bona-fide", "6 spoof")
    return folder


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["GenerateDatasetCSV", "--layout=cetucs"], ("--layout=cetucs", "auto", "cetuc", "csv")),
        (["GenerateDatasetCSV", "--layout=asvspoof19"], ("did you mean asvspoof2019?", "mlaad")),
        (["GenerateDatasetCSV", "--bona-fide=/tmp"], ("--bona-fide", "--layout=mlaad", "csv")),
        (["SplitDataset", "--strategy=people"], ("--strategy=people", "speaker", "column")),
        (["SplitDataset", "--seed=seven"], ("--seed=seven", "whole number")),
        (["SplitDataset", "--seed=-7"], ("--seed=-7", "0")),
        (["SplitDataset", "--pretext=1.5"], ("--pretext=1.5", "0", "1")),
        (["AddNoise", "--snr-db=loud"], ("--snr-db=loud", "5..20")),
        (["AddNoise", "--kind=whit"], ("--kind=whit", "gain", "did you mean white?")),
        (["AddNoise", "--steps=2"], ("--steps=2..2", "1")),
        (["AuditDataset", "--seed=seven"], ("--seed=seven", "whole number")),
        (["NormalizeDataset", "--output=/tmp/x", "--method=lufs"], ("lufs", "rms", "peak")),
        (["NormalizeDataset", "--output=/tmp/x", "--target-rms=2"], ("--target-rms=2", "0", "1")),
        (
            ["GenerateEmbeddings", "--backbone=acoustic", "--splits=train"],
            ("--splits=train", "downstream", "pretext", "all", "full", "downstream_train"),
        ),
        (
            ["GenerateEmbeddings", "--backbone=acoustic", "--splits=full", "--checkpoint=x"],
            ("acoustic",),
        ),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_bad_arguments_for_a_data_set(fab, listed, hashes, words, told):
    before = hashes(listed)
    fab(*words, f"--dataset={listed}").fails(2, f"{words[0]}: ", *told)
    assert hashes(listed) == before


@pytest.mark.parametrize(
    "words",
    [
        ["GenerateDatasetCSV"],
        ["AddDatasetDuration"],
        ["AddDatasetAmplitude"],
        ["NormalizeDataset", "--output=/tmp/audios-never-made"],
        ["SplitDataset"],
        ["AuditDataset", "--runs=/tmp/audios-never-made"],
        ["MatchDataset", "--output=/tmp/audios-never-made"],
        ["GenerateEmbeddings", "--backbone=acoustic"],
        ["RunPipeline"],
    ],
    ids=lambda words: words[0],
)
def test_no_data_set(fab, tmp_path, words):
    nowhere = tmp_path / "nowhere"
    fab(*words, f"--dataset={nowhere}").fails(1, f"{words[0]}: ", nowhere, "--dataset")
    assert not nowhere.exists()


def test_no_recordings_at_audio(fab, tmp_path):
    fab(
        "GenerateDatasetCSV", f"--dataset={tmp_path / 'data'}", f"--audio={tmp_path / 'nowhere'}"
    ).fails(1, tmp_path / "nowhere")


def test_folder_of_no_known_layout(fab, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    fab("GenerateDatasetCSV", f"--dataset={tmp_path}").fails(
        1, "(cetuc, csv,", "DatasetPreparation.md", "--layout=NAME"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["AddDatasetDuration"],
        ["AddDatasetAmplitude"],
        ["SplitDataset"],
        ["AuditDataset", "--runs=/tmp/audios-never-made"],
        ["GenerateEmbeddings", "--backbone=acoustic"],
    ],
    ids=lambda words: words[0],
)
def test_before_the_tables_are_made(fab, tmp_path, words):
    fab(*words, f"--dataset={tmp_path}").fails(
        1, "files-metadata.csv", f"fab GenerateDatasetCSV --dataset={tmp_path}"
    )


@pytest.mark.parametrize("task", ["NormalizeDataset", "AddNoise", "MatchDataset"])
def test_derive_before_the_tables_are_made_leaves_nothing(fab, tmp_path, task):
    (tmp_path / "data").mkdir()
    output = tmp_path / "out"
    answer = fab(task, f"--dataset={tmp_path / 'data'}", f"--output={output}")
    answer.fails(1, "files-metadata.csv", "fab GenerateDatasetCSV")
    assert not output.exists()


def test_embeddings_before_split(fab, listed, tmp_path):
    fab(
        "GenerateEmbeddings",
        "--backbone=acoustic",
        f"--dataset={listed}",
        f"--embeddings={tmp_path}",
    ).fails(1, "split", f"fab SplitDataset --dataset={listed}")


@pytest.mark.parametrize(
    ("task", "offset"),
    [
        ("NormalizeDataset", "."),
        ("NormalizeDataset", "below"),
        ("NormalizeDataset", ".."),
        ("AddNoise", "."),
        ("MatchDataset", "."),
        ("MatchDataset", "below"),
        ("MatchDataset", ".."),
    ],
)
def test_output_may_not_touch_the_source(fab, listed, hashes, task, offset):
    before = hashes(listed)
    output = listed / offset
    fab(task, f"--dataset={listed}", f"--output={output}").fails((1, 2), "--output", "source")
    assert hashes(listed) == before


def test_metadata_without_a_label_column(fab, tmp_path):
    (tmp_path / "metadata.csv").write_text("path,speaker\na.wav,anna\n")
    fab("GenerateDatasetCSV", f"--dataset={tmp_path}").fails(1, "metadata.csv", "label", "speaker")
    assert not (tmp_path / "files-metadata.csv").exists()


def test_unknown_labels_are_all_told(fab, tmp_path):
    rows = "path,label,gender\na.wav,genuine,F\nb.wav,human,F\nc.wav,robot,X\n"
    (tmp_path / "metadata.csv").write_text(rows)
    fab("GenerateDatasetCSV", f"--dataset={tmp_path}").fails(
        1, "line 4", "robot", "'X'", "human", "bona-fide", "spoof"
    )
    assert not (tmp_path / "files-metadata.csv").exists()


def test_path_is_as_good_as_file(fab, tones, write_csv_corpus, tmp_path, table):
    for column in ("file", "path"):
        folder = tmp_path / column
        write_csv_corpus(folder, tones(2, 1), f"{column},label,speaker,gender")
        fab("GenerateDatasetCSV", f"--dataset={folder}").succeeds()
    assert table(tmp_path / "path/files-metadata.csv") == table(
        tmp_path / "file/files-metadata.csv"
    )


def test_empty_class(fab, tones, write_csv_corpus, tmp_path):
    data = write_csv_corpus(tmp_path, tones(6, 1, labels=("bona-fide",)))
    fab("GenerateDatasetCSV", f"--dataset={data}").succeeds("warning", "spoof")
    fab("SplitDataset", f"--dataset={data}", "--pretext=0").fails(1, "spoof")
    assert not (data / "splits").exists()


def test_one_speaker(fab, tones, write_csv_corpus, tmp_path):
    data = write_csv_corpus(tmp_path, tones(1, 4))
    fab("GenerateDatasetCSV", f"--dataset={data}").succeeds()
    fab("SplitDataset", f"--dataset={data}").fails(1, "1 speaker ", "2 more speakers")
    assert not (data / "splits").exists()


def test_few_speakers_are_told_the_smallest_change(fab, tones, write_csv_corpus, tmp_path):
    data = write_csv_corpus(tmp_path, tones(4, 1))
    fab("GenerateDatasetCSV", f"--dataset={data}").succeeds()
    fab("SplitDataset", f"--dataset={data}").succeeds("--pretext=auto: 0")
    fab("SplitDataset", f"--dataset={data}", "--pretext=0.6").fails(1, "4 speakers", "--pretext=0")
    fab("SplitDataset", f"--dataset={data}", "--pretext=0").succeeds("downstream_test")


def test_strategy_official_without_the_column(fab, listed):
    words = ("SplitDataset", f"--dataset={listed}", "--strategy=official")
    fab(*words).fails(1, "split column", "--strategy=speaker")


def test_hold_out_of_what_is_not_there(fab, tones, write_csv_corpus, tmp_path, table):
    words = ("SplitDataset", f"--dataset={tmp_path}")
    write_csv_corpus(tmp_path, tones(6, 1))
    lines = (tmp_path / "metadata.csv").read_text().splitlines()
    attacks = ["attack", *["" if ",bona" in line else f"A{n}" for n, line in enumerate(lines[1:])]]
    rows = [f"{line},{attack}" for line, attack in zip(lines, attacks, strict=True)]
    (tmp_path / "metadata.csv").write_text("\n".join(rows) + "\n")
    fab("GenerateDatasetCSV", f"--dataset={tmp_path}").succeeds()
    fab(*words, "--hold-out=attack:A99").fails(2, "no attack A99", "A1, A11, A3")
    fab(*words, "--hold-out=language:pt").fails(2, "no language pt", "names none")
    fab(*words, "--folds=7", "--fold=0").fails(1, "6 speakers", "--folds=6 works")
    fab(*words, "--units=utterance").fails(1, "no utterance", "utterance column")
    assert not (tmp_path / "splits").exists()


def test_strategy_column_without_the_column(fab, listed):
    fab("SplitDataset", f"--dataset={listed}", "--strategy=column").fails(1, "split column")


# --- Recordings that cannot be used


def test_bad_recordings_are_set_aside_by_every_stage(fab, tones, write_csv_corpus, tmp_path, table):
    clips = tones(6, 2)
    data = write_csv_corpus(tmp_path / "data", clips)
    garbage, silent, empty = (clips[i].file for i in (0, 5, 10))
    (data / garbage).write_bytes(b"RIFF, but not really" * 50)
    soundfile.write(data / silent, np.zeros(8_000), 16_000)
    (data / empty).write_bytes(b"")
    here = f"--dataset={data}"
    normal = tmp_path / "normal"
    fab(
        *("GenerateDatasetCSV", here),
        *("AddDatasetDuration", here),
        *("AddDatasetAmplitude", here),
        *("SplitDataset", here, "--pretext=0"),
        *("NormalizeDataset", here, f"--output={normal}"),
        *("AuditDataset", here, f"--runs={tmp_path / 'r'}"),
        *("MatchDataset", here, f"--output={tmp_path / 'matched'}"),
        *("GenerateEmbeddings", here, "--backbone=acoustic", f"--embeddings={tmp_path / 'e'}"),
    ).succeeds("rejected", garbage)
    rejected = {(row["stage"], row["file"]): row["reason"] for row in table(data / "rejected.csv")}
    for stage in ("AddDatasetDuration", "AddDatasetAmplitude", "AuditDataset"):
        assert {file for where, file in rejected if where == stage} == {garbage, empty}
    assert all(rejected.values())
    for new in (normal, tmp_path / "matched"):
        assert {row["file"] for row in table(new / "rejected.csv")} >= {garbage, silent, empty}
    derived = {row["file"] for row in table(normal / "rejected.csv")}
    assert derived == {garbage, silent, empty}
    assert {row["file"] for row in table(normal / "files-metadata.csv")} == {
        clip.file for clip in clips
    } - derived
    stores = [path for path in (tmp_path / "e/acoustic").iterdir() if path.is_dir()]
    refused = {
        row["file"]: row["reason"] for path in stores for row in table(path / "rejected.csv")
    }
    assert set(refused) == {garbage, silent, empty}
    assert "silent" in refused[silent]
    kept = [row["file"] for path in stores for row in table(path / "clips.csv")]
    assert sorted([*kept, *refused]) == sorted(clip.file for clip in clips)


def test_nothing_but_bad_recordings(fab, tones, write_csv_corpus, tmp_path):
    clips = tones(6, 1)
    data = write_csv_corpus(tmp_path / "data", clips)
    for clip in clips:
        (data / clip.file).write_bytes(b"not audio")
    here = f"--dataset={data}"
    fab("GenerateDatasetCSV", here, "SplitDataset", here, "--pretext=0").succeeds()
    fab("AddDatasetDuration", here).fails(1, "12", "audio/")
    fab("NormalizeDataset", here, f"--output={tmp_path / 'n'}").fails(1, "12", "audio/")
    fab("AuditDataset", here, f"--runs={tmp_path / 'r'}").fails(1, "12", "audio/")
    fab("MatchDataset", here, f"--output={tmp_path / 'm'}").fails(1, "12", "audio/")
    assert not (tmp_path / "r").exists() and not (tmp_path / "m").exists()
    fab("GenerateEmbeddings", here, "--backbone=acoustic", f"--embeddings={tmp_path / 'e'}").fails(
        1, "audio/"
    )
    assert not (tmp_path / "e/acoustic/downstream_train").exists()


def test_damaged_measurements_are_told(fab, tones, write_csv_corpus, tmp_path):
    data = write_csv_corpus(tmp_path / "data", tones(2, 1))
    fab("GenerateDatasetCSV", f"--dataset={data}").succeeds()
    (data / "inspection.sqlite").write_text("no database" * 1000)
    for task, flag in (("AuditDataset", "--runs"), ("MatchDataset", "--output")):
        answer = fab(task, f"--dataset={data}", f"{flag}={tmp_path / 'new'}")
        answer.fails(1, data / "inspection.sqlite", "remove it")


def test_missing_recordings_are_listed(fab, tones, write_csv_corpus, tmp_path, table):
    clips = tones(3, 1)
    data = write_csv_corpus(tmp_path, clips)
    (data / clips[0].file).rename(data / "audio/renamed.wav")
    fab("GenerateDatasetCSV", f"--dataset={data}").succeeds(
        "left out: 2", clips[0].file, "audio/renamed.wav", "rejected.csv"
    )
    assert {row["file"] for row in table(data / "rejected.csv")} == {
        clips[0].file,
        "audio/renamed.wav",
    }
    assert len(table(data / "files-metadata.csv")) == len(clips) - 1


# --- Folders that cannot be written; a path below a file, since root may write anywhere else


@pytest.fixture
def unwritable(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    return tmp_path / "file" / "below"


def test_unwritable_data_set(fab, listed, unwritable):
    fab("GenerateDatasetCSV", f"--audio={listed}", f"--dataset={unwritable}").fails(1, unwritable)
    fab("NormalizeDataset", f"--dataset={listed}", f"--output={unwritable}").fails(1, unwritable)


def test_unwritable_embeddings(fab, listed, unwritable):
    fab(
        *("GenerateEmbeddings", "--backbone=acoustic", "--splits=full"),
        *(f"--dataset={listed}", f"--embeddings={unwritable}"),
    ).fails(1, unwritable)


def test_unwritable_runs_of_an_audit(fab, listed, tmp_path, unwritable):
    data = tmp_path / "data"
    shutil.copytree(listed, data)
    fab("AuditDataset", f"--dataset={data}", f"--runs={unwritable}").fails(1, unwritable)
    fab("MatchDataset", f"--dataset={data}", f"--output={unwritable}").fails(1, unwritable)


@pytest.mark.parametrize("stage", ["TrainModel", "OptimizeHyperparameters", "Visualize"])
def test_unwritable_runs(fab, embedded, unwritable, stage):
    words = {
        "TrainModel": ["TrainModel", "--classifier=svm"],
        "OptimizeHyperparameters": ["OptimizeHyperparameters", "--classifier=svm", "--trials=1"],
        "Visualize": ["VisualizeEmbeddingsTSNE"],
    }[stage]
    at = f"--embeddings={embedded / 'embeddings'}"
    fab(*words, "--backbone=acoustic", at, f"--runs={unwritable}").fails(1, unwritable)


# --- Checkpoints


def test_checkpoint_folder_that_is_not_there(fab, listed, tmp_path):
    nowhere = tmp_path / "wav2vec2-base"
    fab(
        *("GenerateEmbeddingsWav2vec2", f"--dataset={listed}", "--splits=full"),
        *(f"--checkpoint={nowhere}", f"--embeddings={tmp_path / 'e'}"),
    ).fails((1, 2), nowhere, "--checkpoint")


def test_checkpoint_of_another_architecture(fab, listed, tmp_path, checkpoints):
    fab(
        *("GenerateEmbeddingsHubert", f"--dataset={listed}", "--splits=full"),
        *(f"--checkpoint={checkpoints['wav2vec2']}", f"--embeddings={tmp_path / 'e'}"),
    ).fails((1, 2), "wav2vec2", "hubert")


def test_hub_out_of_reach(fresh_fab, listed, tmp_path):
    answer = fresh_fab(
        *("GenerateEmbeddingsWav2vec2", f"--dataset={listed}", "--splits=full"),
        f"--embeddings={tmp_path / 'e'}",
        HF_HOME=str(tmp_path / "hub"),
    )
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert "facebook/wav2vec2-base" in answer.lines[-1]
    assert "--checkpoint=" in answer.lines[-1]


# --- Embeddings and runs


@pytest.mark.parametrize(
    "words",
    [
        ["TrainModel", "--classifier=svm"],
        ["OptimizeHyperparameters", "--classifier=svm"],
        ["VisualizeEmbeddings", "--method=tsne"],
    ],
    ids=lambda words: words[0],
)
def test_before_the_embeddings(fab, tmp_path, words):
    fab(
        *words, "--backbone=acoustic", f"--embeddings={tmp_path / 'e'}", f"--runs={tmp_path / 'r'}"
    ).fails(
        *(1, tmp_path / "e", "fab GenerateEmbeddings --backbone=acoustic", "downstream_train"),
        # Pasted as told, the remedy must fill the folder that was looked into.
        f"--embeddings={tmp_path / 'e'}",
    )
    assert not (tmp_path / "r").exists()


def test_test_before_train(fab, tmp_path):
    answer = fab("TestModel", "--backbone=acoustic", "--classifier=svm", f"--runs={tmp_path / 'r'}")
    answer.fails(1, tmp_path / "r", "fab TrainModel --backbone=acoustic --classifier=svm")


def test_test_before_train_without_names(fab, tmp_path):
    assert "  " not in fab("TestModel", f"--runs={tmp_path / 'r'}").lines[0]


@pytest.fixture(scope="module")
def trained(fab, embedded):
    """One training run of an SVM, number 0."""
    runs = embedded / "runs"
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={runs}")
    fab("TrainModel", "--backbone=acoustic", "--classifier=svm", "--layer=0", *where).succeeds(
        "run 0"
    )
    return where


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["TestModel", "--run-number=9"], 1, ("no run 9", "0")),
        (["TestModel", "--study-number=3"], 1, ("no study 3", "found none")),
        (["TestModel", "--classifier=rf", "--study-number=3"], 1, ("no", "study 3", "rf")),
        (["TestModel", "--gender=X"], 2, ("--gender=X", "M", "F")),
        (["TestModel", "--run-number=0", "--classifier=rf"], 1, ("run 0", "svm", "rf")),
        (["TestModel", "--run-number=0", "--backbone=hubert"], 1, ("run 0", "acoustic", "hubert")),
        (
            ["TrainModel", "--backbone=acoustic", "--classifier=rf", "--layer=7"],
            2,
            ("=7", "layer 0"),
        ),
        (
            ["TrainModel", "--backbone=acoustic", "--classifier=rf", "--layer=top"],
            2,
            ("=top", "probe"),
        ),
        (
            ["TrainModel", "--backbone=acoustic", "--classifier=rf", "--hyperparameters=depth=3"],
            2,
            ("depth", "max_depth"),
        ),
        (
            ["TrainModel", "--backbone=acoustic", "--classifier=rf", "--study-number=4"],
            1,
            ("study 4",),
        ),
        (
            [
                "OptimizeHyperparameters",
                "--backbone=acoustic",
                "--classifier=rf",
                "--study-number=4",
            ],
            1,
            ("study 4",),
        ),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_wrong_choices_with_a_trained_run(fab, trained, words, code, told):
    fab(*words, *trained).fails(code, f"{words[0]}: ", *told)


def test_wrong_choices_leave_no_run_behind(fab, trained, embedded):
    before = sorted(path.name for path in (embedded / "runs").iterdir())
    fab(
        "TrainModel",
        "--backbone=acoustic",
        "--classifier=svm",
        "--hyperparameters=C=lots",
        *trained,
    ).fails(2, "C=lots", "number")
    fab("VisualizeEmbeddingsTSNE", "--backbone=acoustic", "--layer=9", *trained).fails(
        2, "--layer=9"
    )
    assert sorted(path.name for path in (embedded / "runs").iterdir()) == before


def test_run_that_failed_is_not_tested(fab, trained, embedded, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(embedded / "runs", runs)
    [manifest] = runs.glob("run0_*/manifest.json")
    manifest.write_text(manifest.read_text().replace('"complete"', '"interrupted"'))
    fab("TestModel", "--run-number=0", trained[0], f"--runs={runs}").fails(1, "interrupted")
    fab("TestModel", trained[0], f"--runs={runs}").fails(1, "fab TrainModel")


@pytest.mark.parametrize(
    ("classifier", "value"),
    [
        ("svm", "C=0"),
        ("svm", "C=nan"),
        ("rf", "n_estimators=0"),
        ("rf", "max_depth=0"),
        ("rf", "min_samples_split=1"),
        ("rf", "min_samples_leaf=0"),
        ("mlp", "dropout=1.5"),
        ("mlp", "batch_size=0"),
        ("mlp", "hidden_size=0"),
        ("mlp", "epochs=0"),
        ("mlp", "learning_rate=nan"),
    ],
)
def test_hyperparameters_out_of_range(fab, trained, embedded, classifier, value):
    before = sorted(path.name for path in (embedded / "runs").iterdir())
    names = ("--backbone=acoustic", f"--classifier={classifier}", *trained)
    fab("TrainModel", *names, f"--hyperparameters={value}").fails(2, value.split("=")[0])
    assert sorted(path.name for path in (embedded / "runs").iterdir()) == before


@pytest.mark.parametrize("classifier", ["mlp", "rf"])
def test_seed_too_large_for_the_libraries(fab, trained, embedded, classifier):
    names = ("--backbone=acoustic", f"--classifier={classifier}", *trained)
    fab("TrainModel", *names, f"--seed={10**22}").fails(2, "--seed=1000")


@pytest.mark.parametrize("split", ["downstream", "all", "train", "downstream_train,downstream_val"])
def test_one_split_is_drawn(fab, trained, split):
    names = ("--backbone=acoustic", f"--split={split}", *trained)
    fab("VisualizeEmbeddingsTSNE", *names).fails(2, f"--split={split}", "downstream_train")


@pytest.mark.parametrize(
    "flag",
    [
        *("--layer=top", "--strategy=people", "--layout=cd", "--seed=x"),
        *("--classifier=svn", "--backbone=acoustc", "--trials=some", "--snr-db=loud"),
        "--kind=whit",
    ],
)
def test_pipeline_checks_its_flags_before_it_works(fab, listed, tmp_path, hashes, flag):
    data = tmp_path / "data"
    shutil.copytree(listed, data)
    before = hashes(tmp_path)
    given = {"--trials": "0", "--classifier": "svm", "--pretext": "0", "--normalize": "none"}
    given |= {"--dataset": data, "--embeddings": tmp_path / "e", "--runs": tmp_path / "r"}
    name, value = flag.split("=")
    words = [f"{key}={text}" for key, text in (given | {name: value}).items()]
    fab("RunPipeline", *words).fails(2, "RunPipeline: ", flag)
    assert hashes(tmp_path) == before
