"""The names of the files that a study keeps."""

TRIALS = "trials.csv"
TOP = "top_trials.csv"
"""The best trials of a study with the intervals of their EERs."""
FINALISTS = "finalists.csv"
IMPORTANCES = "importances.csv"
FOLD_SCORES = "scores_folds.csv"
"""In the run of a trial that is measured by folds: what each held-out clip was scored."""

HISTORY = "optimization_history.png"
IMPORTANCES_FIGURE = "importances.png"
SLICES = "slices.png"
PARALLEL = "parallel_coordinates.png"
LAYERS = "search_layers.png"

FILES = (
    *(TRIALS, TOP, FINALISTS, IMPORTANCES, FOLD_SCORES),
    *(HISTORY, IMPORTANCES_FIGURE, SLICES, PARALLEL, LAYERS),
)
