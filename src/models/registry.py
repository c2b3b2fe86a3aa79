"""The classifiers by name, each imported only when it is used."""

from src.models.classifier import Classifier
from src.utils.config import CLASSIFIERS
from src.utils.errors import choose


def classifier_class(name: str) -> type[Classifier]:
    """Return the class that `--classifier` names.

    Raises
    ------
    ArgumentError
        For an unknown name.
    """
    choose("--classifier", name, CLASSIFIERS)
    if name == "mlp":
        from src.models.mlp.model import MlpClassifier

        return MlpClassifier
    if name == "svm":
        from src.models.svm.model import SvmClassifier

        return SvmClassifier
    from src.models.random_forest.model import RandomForest

    return RandomForest
