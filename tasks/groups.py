"""The tasks by purpose, in the order in which `fab -l` shows them."""

GROUPS = {
    "Begin": ("Demo", "Predict", "ListDetectors", "RunPipeline", "Version"),
    "Recordings": (
        *("PrepareDataset", "GenerateDatasetCSV", "AddDatasetDuration", "AddDatasetAmplitude"),
        *("MakeSpoofs", "NormalizeDataset", "AddNoise", "AuditDataset", "MatchDataset"),
        "SplitDataset",
    ),
    "Embeddings": (
        *("GenerateEmbeddings", "GenerateEmbeddingsWav2vec2", "GenerateEmbeddingsHubert"),
        *("VisualizeEmbeddings", "VisualizeEmbeddingsUMAP", "VisualizeEmbeddingsTSNE"),
        *("ProbeLayers", "PretrainBackbone"),
    ),
    "Detectors": (
        *("OptimizeHyperparameters", "TrainModel", "TestModel", "TuneAll", "TrainBaseline"),
        *(
            "TestBaseline",
            "TrainNetwork",
            "ImportDetector",
            "CalibrateRun",
            "AdaptModel",
            "FuseRuns",
            "TestRobustness",
            "ExportModel",
        ),
    ),
    "Results": ("ListRuns", "CompareRuns", "EvaluateScores", "ExportScores"),
    "Housekeeping": ("Clean",),
}
"""The names of tasks; within a group in the order in which they are used."""

OTHERS = "Others"
"""Where a task is shown that stands in no group."""
