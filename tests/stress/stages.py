"""The tasks that write, as the suite calls them: the one table to add a stage to.

The stages run in this order once, undisturbed, each on what those before it have written; then each
is disturbed on a copy of what it found. `{here}` stands for the folder of all of it.
"""

from dataclasses import dataclass

_CORPUS = "--dataset={here}/corpus"
_EMBEDDINGS, _RUNS = "--embeddings={here}/embeddings", "--runs={here}/runs"
_RELEASED = "--runs={here}/runs-released"
_ADAPTED = "--runs={here}/runs-adapted"
_ACOUSTIC = "--backbone=acoustic"
_COPIED = "--embeddings={here}/embeddings-augmented"


@dataclass(frozen=True)
class Stage:
    """One call of a task.

    Attributes
    ----------
    task : str
        Its name in `fab -l`.
    words : tuple of str
        Its flags.
    name : str
        What tells it from other calls of the task.
    reads : str
        The folder whose recordings it reads, in which one may change meanwhile; empty for none.
    is_slow : bool
        Whether it is tried once in a while only.
    """

    task: str
    words: tuple[str, ...]
    name: str = ""
    reads: str = ""
    is_slow: bool = False

    @property
    def title(self) -> str:
        """What it is called in findings."""
        return f"{self.task}-{self.name}" if self.name else self.task


def _train(classifier: str, *more: str) -> Stage:
    flags = (f"--classifier={classifier}", _ACOUSTIC, "--layer=-1", _EMBEDDINGS, _RUNS, *more)
    return Stage("TrainModel", flags, classifier)


STAGES = (
    Stage(
        "PrepareDataset",
        ("--corpus=in-the-wild", "--archives={here}/archives", "--dataset={here}/prepared"),
        "zip",
    ),
    Stage(
        "PrepareDataset",
        ("--corpus=for", "--archives={here}/for-2sec.tar.gz", "--dataset={here}/prepared-for"),
        "tar",
    ),
    Stage("GenerateDatasetCSV", (_CORPUS,), reads="corpus"),
    Stage("AddDatasetDuration", (_CORPUS,), reads="corpus"),
    Stage("AddDatasetAmplitude", (_CORPUS,), reads="corpus"),
    Stage("NormalizeDataset", (_CORPUS, "--output={here}/normalized"), reads="corpus"),
    Stage("AddNoise", (_CORPUS, "--output={here}/noisy"), reads="corpus"),
    Stage(
        "AddNoise",
        (_CORPUS, "--output={here}/changed", "--kind=white,gain", "--steps=1..2"),
        "chains",
        "corpus",
    ),
    Stage(
        "MakeSpoofs",
        (_CORPUS, "--output={here}/with-spoofs", "--attacks=griffinlim,lpc,mel,phase"),
        reads="corpus",
    ),
    Stage("SplitDataset", (_CORPUS, "--pretext=0")),
    Stage("AuditDataset", (_CORPUS, _RUNS), reads="corpus"),
    Stage("MatchDataset", (_CORPUS, "--output={here}/matched"), reads="corpus"),
    Stage("GenerateEmbeddings", (_CORPUS, _ACOUSTIC, _EMBEDDINGS), "acoustic", "corpus"),
    Stage("GenerateEmbeddings", (_CORPUS, "--backbone=lfcc", _EMBEDDINGS), "lfcc", "corpus"),
    # Apart from the stores of the other stages, so that the clips are embedded here as well.
    Stage(
        "GenerateEmbeddings",
        (_CORPUS, _ACOUSTIC, "--augment=noise,gain", "--copies=2", _COPIED),
        "augmented",
        "corpus",
    ),
    Stage(
        "GenerateEmbeddingsWav2vec2",
        (_CORPUS, "--checkpoint={here}/checkpoint", _EMBEDDINGS),
        reads="corpus",
    ),
    Stage("VisualizeEmbeddingsTSNE", (_ACOUSTIC, _EMBEDDINGS, _RUNS)),
    Stage("VisualizeEmbeddingsUMAP", (_ACOUSTIC, _EMBEDDINGS, _RUNS), is_slow=True),
    Stage("ProbeLayers", ("--backbone=wav2vec2", _EMBEDDINGS, _RUNS)),
    _train("lr"),
    _train("svm"),
    _train("rf", "--hyperparameters=n_estimators=20"),
    _train("mlp", "--hyperparameters=epochs=10"),
    Stage(
        "TrainModel",
        (
            *("--classifier=lr", _ACOUSTIC, "--layer=-1", "--augmented", "--calibrate=matched"),
            *(_COPIED, "--runs={here}/runs-augmented"),
        ),
        "augmented",
        "corpus",
    ),
    # Not with --jobs=2, whose trials are proposed by which others have ended, so that two runs
    # differ: tests/search/test_workers.py kills its workers.
    Stage(
        "OptimizeHyperparameters",
        ("--classifier=lr", _ACOUSTIC, "--trials=3", _EMBEDDINGS, _RUNS),
    ),
    Stage("TestModel", (_ACOUSTIC, "--classifier=lr", _EMBEDDINGS, _RUNS)),
    Stage("TestModel", (_ACOUSTIC, "--classifier=svm", _EMBEDDINGS, _RUNS), "svm"),
    Stage(
        "TestRobustness",
        (
            *(_ACOUSTIC, "--classifier=lr", "--conditions=white-25-db,gain", _EMBEDDINGS, _RUNS),
            _CORPUS,
        ),
        reads="corpus",
    ),
    # Of the downstream splits, since there are too few people for others.
    Stage(
        "PretrainBackbone",
        (
            *(_CORPUS, "--splits=downstream", "--backbone=hubert", "--config=tiny"),
            *("--seconds=1", "--n-units=4", "--epochs=2", "--workers=0", _RUNS),
        ),
        reads="corpus",
        is_slow=True,
    ),
    Stage("TrainBaseline", (_CORPUS, "--epochs=1", _RUNS), reads="corpus", is_slow=True),
    Stage("TestBaseline", (_CORPUS, _RUNS), reads="corpus", is_slow=True),
    Stage(
        "TrainNetwork",
        (
            *(_CORPUS, "--front-end=raw", "--back-end=aasist", _RUNS),
            *("--back-end-settings=variant=aasist-l", "--seconds=0.3", "--epochs=2"),
            *("--batch-size=8", "--augment=white,gain", "--workers=0"),
        ),
        reads="corpus",
        is_slow=True,
    ),
    # Apart from the runs that the other stages look for.
    Stage("ImportDetector", ("--kind=aasist", "--weights={here}/released.safetensors", _RELEASED)),
    Stage("CalibrateRun", (_CORPUS, "--classifier=aasist", _RELEASED), reads="corpus"),
    Stage("GenerateDatasetCSV", ("--dataset={here}/case",), "case", "case"),
    # Apart from the runs that the other stages look for.
    Stage(
        "TrainModel",
        ("--classifier=lr", _ACOUSTIC, "--layer=-1", _EMBEDDINGS, _ADAPTED),
        "to-adapt",
    ),
    Stage(
        "AdaptModel",
        ("--run-number=0", "--dataset={here}/case", "--clips=10", _ADAPTED),
        reads="case",
    ),
    Stage("ExportModel", (*(_ACOUSTIC, "--classifier=lr", _EMBEDDINGS), _RUNS), reads="corpus"),
    Stage("ExportScores", ("--classifier=lr", "--output={here}/exported.csv", _RUNS)),
    Stage(
        "EvaluateScores",
        ("--scores={here}/exported.csv", "--protocol={here}/exported.csv", _RUNS),
    ),
    Stage("CompareRuns", ("--runs-list={tested}", _RUNS)),
    Stage("FuseRuns", ("--runs-list={tested}", _RUNS)),
    Stage(
        "Predict",
        (
            *("--audio={here}/evidence", "--classifier=lr", _RUNS),
            # All are drawn: which are the most suspicious changes with what is there.
            *("--output={here}/verdicts.csv", "--plot={here}/plots"),
        ),
        reads="evidence",
    ),
)

UNDISTURBED = {
    "ListRuns": "writes nothing",
    "ListDetectors": "writes nothing",
    "Version": "writes nothing",
    "GenerateEmbeddingsHubert": "is GenerateEmbeddingsWav2vec2 with another checkpoint",
    "VisualizeEmbeddings": "is the two tasks of its methods",
    "RunPipeline": "is the stages one after the other",
    "TuneAll": "is OptimizeHyperparameters, TestModel and CompareRuns one after the other",
    "Demo": "is RunPipeline on a made-up corpus",
    "Clean": "removes, and has tests of its own",
}
"""The other tasks, with the reason why they are not disturbed."""
