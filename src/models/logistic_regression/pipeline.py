"""The logistic regression itself, which the layer probe measures layers by as well."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

STRONG = 0.01
"""C of a strong regularisation: vectors have more dimensions than a small set has clips."""

MAX_ITERATIONS = 1000


def make_regression(c: float = STRONG, max_iter: int = MAX_ITERATIONS) -> Pipeline:
    """Make a logistic regression on standardised vectors, not yet fitted.

    Both classes weigh the same, however many clips each has.

    Parameters
    ----------
    c : float
        scikit-learn's C, the inverse of the strength of the L2 penalty: the smaller, the stronger.
    max_iter : int
        How many steps the solver (L-BFGS) makes at most.
    """
    regression = LogisticRegression(C=c, class_weight="balanced", max_iter=max_iter)
    return make_pipeline(StandardScaler(), regression)
