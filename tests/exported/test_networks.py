"""Every back end and every front end, as a graph in ONNX and as TorchScript, scores the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from src.exported.model import Graph
from src.exported.torch_models import WindowsToScores, write_onnx, write_torchscript
from src.networks.back_ends import BACK_ENDS
from src.networks.front_ends import FRONT_ENDS
from src.networks.network import Network
from src.networks.settings import NetworkSettings
from src.predict.exporting import TOLERANCE

SMALL = {
    "hidden_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8, 8),
    "conv_stride": (20, 16),
    "conv_kernel": (20, 16),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}
ENCODERS = {
    "wav2vec2": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model),
    "hubert": (transformers.HubertConfig, transformers.HubertModel),
    "wavlm": (transformers.WavLMConfig, transformers.WavLMModel),
}
KINDS = {"xlsr": "wav2vec2", "auto": "hubert"}
"""The encoder of a front end that is not named after it."""


@dataclass(frozen=True)
class Case:
    """A small network.

    Attributes
    ----------
    front_end, back_end : str
        Their names.
    back : dict
        The back end's settings.
    samples : int
        Of a window.
    in_onnx : bool
        Whether it is told in ONNX here, which takes most of the time.
    """

    front_end: str
    back_end: str
    back: dict[str, Any] = field(default_factory=dict)
    samples: int = 4800
    in_onnx: bool = False

    def make(self, checkpoint: Callable[[str], str]) -> WindowsToScores:
        front = FRONT_ENDS.load(self.front_end)
        told: dict[str, Any] = {}
        if front.is_pretrained:
            layers = "all" if BACK_ENDS.load(self.back_end).takes_layers else "last"
            told = front.open(checkpoint(self.front_end), layers=layers)
        settings = NetworkSettings(
            self.front_end, self.back_end, samples=self.samples, front=told, back=self.back
        )
        return WindowsToScores(Network.make(settings).eval()).eval()


CASES = [
    Case("log-mel", "attentive", {"size": 8, "attention": 4}),
    Case("lfcc", "lcnn", samples=8000),
    Case("log-mel", "yamnet", samples=16_000),
    Case("raw", "aasist", {"variant": "aasist-l"}, samples=8000),
    *(Case(name, "linear") for name in ("wav2vec2", "hubert", "xlsr", "auto")),
    Case("wavlm", "sls", {"frames": 15, "size": 8}, in_onnx=True),
    Case("wav2vec2", "mhfa", {"heads": 2, "compression": 8, "size": 8}),
    Case("wav2vec2", "nes2net", {"groups": 2, "inner_groups": 2}),
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Make a small checkpoint for a front end, once for each kind."""
    here = tmp_path_factory.mktemp("checkpoints")

    def make(front_end: str) -> str:
        kind = KINDS.get(front_end, front_end)
        if not (here / kind).is_dir():
            config, model = ENCODERS[kind]
            torch.manual_seed(5)
            model(config(**SMALL)).save_pretrained(here / kind)
            transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(here / kind)
        return str(here / kind)

    return make


def test_every_front_end_and_every_back_end_has_a_case() -> None:
    assert {case.front_end for case in CASES} == set(FRONT_ENDS)
    assert {case.back_end for case in CASES} == set(BACK_ENDS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.front_end}-{case.back_end}")
def test_torchscript_scores_the_same(
    case: Case, checkpoint: Callable[[str], str], tmp_path: Path
) -> None:
    model = case.make(checkpoint)
    traced = write_torchscript(model, case.samples, tmp_path / "network.pt", {})
    for batch in (1, 4):
        windows = 0.1 * torch.randn(batch, case.samples)
        with torch.no_grad():
            for ours, theirs in zip(model(windows), traced(windows), strict=True):
                np.testing.assert_allclose(theirs.numpy(), ours.numpy(), atol=TOLERANCE)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.in_onnx],
    ids=lambda case: f"{case.front_end}-{case.back_end}",
)
def test_onnx_scores_the_same(case: Case, checkpoint: Callable[[str], str], tmp_path: Path) -> None:
    model = case.make(checkpoint)
    path = tmp_path / "network.onnx"
    is_any_length = write_onnx(model, "windows", case.samples, path, {}, may_vary=True)
    assert is_any_length
    graph = Graph(path, "windows", ("vectors", "scores"))
    for shape in ((1, case.samples), (4, case.samples), (4, case.samples - 777)):
        windows = 0.1 * torch.randn(shape)
        with torch.no_grad():
            for ours, theirs in zip(model(windows), graph.run(windows.numpy()), strict=True):
                np.testing.assert_allclose(theirs, ours.numpy(), atol=TOLERANCE)
