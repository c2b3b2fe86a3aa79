"""Pipelines of scikit-learn as graphs in ONNX, in the precision that scikit-learn computes in."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer

from src.exported.packages import require_packages
from src.utils.errors import AudiosError
from src.utils.tensor_file import first_line

_OPSETS = {"": 18, "ai.onnx.ml": 3}
_IR_VERSION = 9
_SCALED = "scaled"


def write_sklearn(
    pipeline: Pipeline, path: Path, about: Mapping[str, str], certain: float | None = None
) -> None:
    """Write a scaler and an estimator of two classes as a graph in ONNX.

    It takes `vectors`, float32, and gives `scores`, float32. In between it computes as scikit-learn
    does: scaled vectors are rounded to float32, all else is in float64. In float32 a forest would
    now and then take the other branch, and log-odds near certainty would differ in the first digit.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        The fitted steps of `preparation.make_steps` and a fitted estimator.
    path : pathlib.Path
        Where it is written to.
    about : mapping of str to str
        What its metadata say.
    certain : float, optional
        Of an estimator that gives probabilities: how far from 0 and 1 they are kept, whose log-odds
        are the scores.

    Raises
    ------
    AudiosError
        When the packages are absent, or the estimator cannot be told in ONNX.
    """
    require_packages("onnx", "skl2onnx")
    import onnx
    import skl2onnx
    from skl2onnx.common.data_types import DoubleTensorType

    *steps, estimator = pipeline
    dim = int(estimator.n_features_in_)
    length = int(pipeline.n_features_in_)
    options: dict[str, Any] = {"zipmap": False}
    if certain is None:
        options["raw_scores"] = True
    try:
        with warnings.catch_warnings():
            # It asks for attributes that scikit-learn warns of.
            warnings.simplefilter("ignore", FutureWarning)
            model = skl2onnx.convert_sklearn(
                estimator,
                initial_types=[(_SCALED, DoubleTensorType([None, dim]))],
                options={type(estimator): options},
                target_opset=_OPSETS,
            )
    except Exception as error:  # skl2onnx raises a dozen kinds
        raise AudiosError(f"the model cannot be told in ONNX: {first_line(error)}") from error
    helper, kinds = onnx.helper, onnx.TensorProto
    given = helper.make_tensor_value_info("vectors", kinds.FLOAT, ["batch", length])
    scores = helper.make_tensor_value_info("scores", kinds.FLOAT, ["batch"])
    parts = _Nodes(onnx)
    values = parts.cast("vectors", kinds.DOUBLE)
    for step in steps:
        values = parts.prepared(values, step)
    parts.add("Identity", values, out=_SCALED)
    before, parts.nodes = parts.nodes, []
    both = model.graph.output[1].name
    found = parts.of_class(both, 1)
    if certain is not None:
        # Not of one minus the other, which has no digits left where one is nearly certain.
        limits = parts.constant(certain), parts.constant(1 - certain)
        logs = [
            parts.add("Log", parts.add("Clip", parts.of_class(both, label), *limits))
            for label in (1, 0)
        ]
        found = parts.add("Sub", *logs)
    parts.cast(found, kinds.FLOAT, out="scores")
    graph = helper.make_graph(
        [*before, *model.graph.node, *parts.nodes],
        "scorer",
        [given],
        [scores],
        [*model.graph.initializer, *parts.constants],
    )
    whole = helper.make_model(graph, opset_imports=model.opset_import, ir_version=_IR_VERSION)
    helper.set_model_props(whole, dict(about))
    onnx.checker.check_model(whole)
    path.write_bytes(whole.SerializeToString(deterministic=True))


class _Nodes:
    """Nodes of a graph that is being made, and its constants."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._n_names = 0

    def _name(self) -> str:
        self._n_names += 1
        return f"audios_{self._n_names}"

    def constant(self, values: Any, kind: Any = np.float64, shape: tuple[int, ...] = ()) -> str:
        name = self._name()
        array = np.ascontiguousarray(np.asarray(values, kind))
        array = array.reshape(shape) if shape else array.reshape(np.shape(values))
        self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def add(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        name = out or self._name()
        node = self._onnx.helper.make_node(operator, list(inputs), [name], name, **attributes)
        self.nodes.append(node)
        return name

    def cast(self, value: str, kind: int, out: str = "") -> str:
        return self.add("Cast", value, out=out, to=kind)

    def of_class(self, values: str, label: int) -> str:
        found = self.add("Gather", values, self.constant(label, np.int64), axis=1)
        return self.cast(found, self._onnx.TensorProto.DOUBLE)

    def prepared(self, values: str, step: Any) -> str:
        """Add what a step of `preparation.make_steps` does; scikit-learn rounds to float32."""
        if isinstance(step, Normalizer):
            # By hand: skl2onnx chooses the operators' version, and in older ones `ReduceL2` is
            # told its axes in another way.
            squares = self.add("Mul", values, values)
            axis = self.constant(1, np.int64, (1,))
            lengths = self.add("Sqrt", self.add("ReduceSum", squares, axis, keepdims=1))
            is_zero = self.add("Equal", lengths, self.constant(0.0))
            lengths = self.add("Where", is_zero, self.constant(1.0), lengths)
            return self.rounded(self.add("Div", values, lengths))
        if isinstance(step, PCA):
            values = self.add("Sub", values, self.constant(step.mean_))
            return self.rounded(self.add("MatMul", values, self.constant(step.components_.T)))
        values = self.rounded(self.add("Sub", values, self.constant(step.mean_)))
        return self.rounded(self.add("Div", values, self.constant(step.scale_)))

    def rounded(self, value: str) -> str:
        kinds = self._onnx.TensorProto
        return self.cast(self.cast(value, kinds.FLOAT), kinds.DOUBLE)
