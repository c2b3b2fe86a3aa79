"""The classifiers by name, each imported only when it is used."""

from typing import TYPE_CHECKING

from src.utils.registry import Registry

if TYPE_CHECKING:
    # Only for annotations: the names of the classifiers are listed without importing torch.
    from src.models.classifier import Classifier
    from src.utils.runs import Run

CLASSIFIERS: Registry["Classifier"] = Registry(
    "--classifier",
    {
        "mlp": "src.models.mlp.model:MlpClassifier",
        "svm": "src.models.svm.model:SvmClassifier",
        "rf": "src.models.random_forest.model:RandomForest",
        "lr": "src.models.logistic_regression.model:LogisticRegressionClassifier",
    },
)
"""What is trained on vectors, by the name that `--classifier` takes."""


def load_classifier(run: "Run") -> "Classifier":
    """Load the model of a training run.

    Parameters
    ----------
    run : Run
        A finished training.

    Raises
    ------
    ArgumentError
        When there is no classifier of the name that the run says.
    RunError
        When its file is absent or damaged.
    """
    return CLASSIFIERS.load(run.settings["classifier"]).of(run)
