"""Pretrained weights from every kind of file, and files that must not be believed."""

import sys
import types
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from src.networks.back_ends.yamnet.back_end import cut_patches
from src.networks.back_ends.yamnet.network import YamNet
from src.networks.back_ends.yamnet.tflite import CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED
from src.networks.back_ends.yamnet.weights import load_weights
from src.networks.front_ends.log_mel import LogMel
from src.utils.audio.io import read_waveform
from src.utils.config import ROOT
from src.utils.errors import ArgumentError, CheckpointError
from src.utils.files import sha256_file
from tests.networks.back_ends.yamnet.tflite_file import Model

SMALL = 1 / 16
CLASSES = 521

SHARED = ROOT.parent / "shared"
REAL = SHARED / "weights" / "yamnet.tflite"
MIXED = SHARED / "corpora" / "mixed" / "audio"
needs_real = pytest.mark.skipif(
    not (REAL.is_file() and MIXED.is_dir()), reason=f"needs Google's file {REAL} and {MIXED}"
)


@pytest.fixture(scope="session")
def trained() -> YamNet:
    """A small network in which nothing is as it was made."""
    torch.manual_seed(1)
    network = YamNet(CLASSES, SMALL).eval()
    for _, unit in network.units():
        torch.nn.init.normal_(unit.norm.running_mean, 0.1, 0.1)
        torch.nn.init.uniform_(unit.norm.running_var, 0.5, 1.5)
        torch.nn.init.normal_(unit.norm.bias, 0.2, 0.2)
    return network


@pytest.fixture(scope="session")
def patches() -> torch.Tensor:
    return torch.randn(3, 96, 64, generator=torch.Generator().manual_seed(2))


def theirs(name: str) -> str:
    """Return what the package calls a unit."""
    number, _, kind = name.partition("_")
    return f"layer{number}.{kind}_conv" if kind else f"layer{number}.fused"


def write_pth(network: YamNet, path: Path) -> Path:
    state = {}
    for key, value in network.state_dict().items():
        unit = key.split(".")[1]
        new = key.replace(f"layers.{unit}", theirs(unit)).replace(".norm.", ".bn.")
        state[new if key.startswith("layers.") else key] = value
    torch.save(state, path)
    return path


def write_h5(network: YamNet, path: Path) -> Path:
    """Write what Keras' `save_weights` does, as it is published."""
    with h5py.File(path, "w") as file:

        def put(layer: str, kind: str, tensor: torch.Tensor) -> None:
            file[f"{layer}/{layer}/{kind}:0"] = tensor.detach().numpy()

        for name, unit in network.units():
            number, _, kind = name.partition("_")
            layer = f"layer{number}/{kind}_conv" if kind else f"layer{number}/conv"
            if kind == "depthwise":
                put(layer, "depthwise_kernel", unit.conv.weight.permute(2, 3, 0, 1))
            else:
                put(layer, "kernel", unit.conv.weight.permute(2, 3, 1, 0))
            put(f"{layer}/bn", "beta", unit.norm.bias)
            put(f"{layer}/bn", "moving_mean", unit.norm.running_mean)
            put(f"{layer}/bn", "moving_variance", unit.norm.running_var)
        put("dense", "kernel", network.classifier.weight.T)
        put("dense", "bias", network.classifier.bias)
    return path


def make_tflite(network: YamNet) -> Model:
    model = Model()
    # The front end's filters come first, in a dense layer too.
    model.add(FULLY_CONNECTED, model.constant(np.zeros((64, 257), np.float32)))
    for name, unit in network.units():
        norm = unit.norm
        scale = 1 / torch.sqrt(norm.running_var + norm.eps)
        kernel = (unit.conv.weight * scale[:, None, None, None]).detach()
        bias = (norm.bias - norm.running_mean * scale).detach().numpy()
        if name.endswith("_depthwise"):
            kernel, code = kernel.permute(1, 2, 3, 0), DEPTHWISE_CONV_2D
        else:
            kernel, code = kernel.permute(0, 2, 3, 1), CONV_2D
        model.add(code, model.constant(kernel.contiguous().numpy()), model.constant(bias))
    dense = network.classifier
    constants = [model.constant(value.detach().numpy()) for value in (dense.weight, dense.bias)]
    model.add(FULLY_CONNECTED, *constants)
    return model


WRITERS: dict[str, Callable[[YamNet, Path], Path]] = {
    "a.pth": write_pth,
    "a.h5": write_h5,
    "a.tflite": lambda network, path: make_tflite(network).write(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_network(
    name: str, tmp_path: Path, trained: YamNet, patches: torch.Tensor
) -> None:
    path = WRITERS[name](trained, tmp_path / name)
    found = load_weights(str(path))
    assert found.describe() == {"file": name, "sha256": sha256_file(path)}
    assert found.is_folded == (name == "a.tflite")
    network = YamNet(CLASSES, SMALL).eval()
    found.fill(network)
    with torch.inference_mode():
        torch.testing.assert_close(network(patches), trained(patches), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", WRITERS)
def test_a_network_without_outputs_takes_all_else(
    name: str, tmp_path: Path, trained: YamNet
) -> None:
    network = YamNet(None, SMALL)
    load_weights(str(WRITERS[name](trained, tmp_path / name))).fill(network)
    if name != "a.tflite":
        for key, value in trained.state_dict().items():
            if key.startswith("layers."):
                torch.testing.assert_close(network.state_dict()[key], value)


def test_none_is_none_and_other_names_are_refused(tmp_path: Path) -> None:
    assert load_weights("none") is None
    with pytest.raises(ArgumentError, match=r"yamnet\.bin is neither none, package nor a file"):
        load_weights("yamnet.bin")
    with pytest.raises(CheckpointError, match=r"no file of weights at .*a\.pth"):
        load_weights(str(tmp_path / "a.pth"))


class Malicious:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    touched, path = tmp_path / "touched", tmp_path / "a.pth"
    torch.save({"classifier.bias": Malicious(touched)}, path)
    with pytest.raises(CheckpointError, match=r"a\.pth cannot be read as weights"):
        load_weights(str(path))
    assert not touched.exists()
    torch.save([1, 2, 3], path)
    with pytest.raises(CheckpointError, match="something else than weights"):
        load_weights(str(path))


def test_links_out_of_an_h5_file_are_not_followed(tmp_path: Path, trained: YamNet) -> None:
    whole = write_h5(trained, tmp_path / "whole.h5")
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for name in ("layer1", "layer2", "dense"):
            file[name] = h5py.ExternalLink(str(whole), name)
    assert not load_weights(str(path)).tensors
    path.write_bytes(whole.read_bytes()[:2_000])
    with pytest.raises(CheckpointError, match=r"a\.h5 cannot be read as weights"):
        load_weights(str(path))


def test_what_is_no_yamnet_is_told(tmp_path: Path, trained: YamNet) -> None:
    path = write_pth(trained, tmp_path / "a.pth")
    state = torch.load(path, weights_only=True)

    def refused(reason: str, network: YamNet | None = None, **changes: torch.Tensor | None) -> None:
        changed = {**state, **{name.replace("__", "."): v for name, v in changes.items()}}
        torch.save({name: value for name, value in changed.items() if value is not None}, path)
        with pytest.raises(CheckpointError, match=reason):
            load_weights(str(path)).fill(network or YamNet(None, SMALL))

    mean = {"layer3.depthwise_conv.bn.running_mean": None}
    refused(r"a\.pth lacks the weights layers\.3_depthwise\.norm\.running_mean", **mean)
    kernel = {"layer14.pointwise_conv.conv.weight": torch.zeros(2, 2, 1, 1)}
    refused(r"no YAMNet: layers\.14_pointwise\.conv\.weight is of shape \(2, 2, 1, 1\)", **kernel)
    refused("not finite", **{"layer1.fused.bn.bias": torch.full((2,), float("nan"))})
    refused("classes of AudioSet", YamNet(CLASSES, SMALL), **{"classifier.bias": torch.zeros(3)})


def test_a_tflite_file_of_another_network_is_told(tmp_path: Path, trained: YamNet) -> None:
    path = tmp_path / "a.tflite"

    def refused(model: Model, reason: str) -> None:
        model.write(path)
        with pytest.raises(CheckpointError, match=rf"a\.tflite is no YAMNet: {reason}"):
            load_weights(str(path))

    model = make_tflite(trained)
    model.operators.pop(1)
    refused(model, "it has 26 convolutions, not 27")
    model = make_tflite(trained)
    model.operators[1:3] = reversed(model.operators[1:3])
    refused(model, "convolution 1 is of another kind")
    model = make_tflite(trained)
    model.operators[1].fields[1].values = np.array([0, 0, 0], "<i4")
    refused(model, "the weights of a layer are not in it")
    model = make_tflite(trained)
    model.operators[1].fields[1].values = np.array([0, 1], "<i4")
    refused(model, "a convolution has no offset")


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> types.ModuleType:
    """A stand-in for torch-vggish-yamnet, whose file lies on this machine."""
    model = types.ModuleType("torch_vggish_yamnet.yamnet.model")
    model.ckpt_url = (tmp_path / "there" / "yamnet.pth").as_uri()
    for name in ("torch_vggish_yamnet", "torch_vggish_yamnet.yamnet"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, model.__name__, model)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return model


def test_the_package_s_file_is_fetched_once(
    package: types.ModuleType, tmp_path: Path, trained: YamNet, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "there").mkdir()
    path = write_pth(trained, tmp_path / "there" / "yamnet.pth")
    found = load_weights("package")
    assert found.describe() == {"file": "yamnet.pth", "sha256": sha256_file(path)}
    path.unlink()
    assert load_weights("package").sha256 == found.sha256


def test_a_package_that_cannot_fetch_says_what_to_do(package: types.ModuleType) -> None:
    with pytest.raises(CheckpointError, match=r"cannot fetch file.*fetch it on another machine"):
        load_weights("package")


def test_without_the_package_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_vggish_yamnet", None)
    with pytest.raises(CheckpointError, match="pip install torch-vggish-yamnet"):
        load_weights("package")


@pytest.fixture(scope="session")
def audioset() -> YamNet:
    """The real one."""
    network = YamNet().eval()
    load_weights(str(REAL)).fill(network)
    return network


def real_patches(path: Path) -> torch.Tensor:
    return cut_patches(LogMel({}).frames_of(torch.from_numpy(padded(path))[None]))[0]


def padded(path: Path) -> np.ndarray:
    """The waveform of a recording, with silence behind it up to whole patches."""
    waveform = read_waveform(path)
    more = -(-max(0, len(waveform) - 15_600) // 7_680)
    return np.pad(waveform, (0, 15_600 + 7_680 * more - len(waveform)))


@needs_real
def test_speech_is_heard_as_speech(audioset: YamNet) -> None:
    for number in (0, 64, 128):
        with torch.inference_mode():
            logits = audioset(real_patches(MIXED / f"tr_{number:05d}.flac"))
        assert torch.sigmoid(logits).mean(dim=0).argmax() == 0


@needs_real
def test_scores_are_those_of_google_s_own(audioset: YamNet) -> None:
    litert = pytest.importorskip(
        "ai_edge_litert.interpreter", reason="needs ai-edge-litert, which runs Google's file"
    )
    interpreter = litert.Interpreter(str(REAL), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (told,) = interpreter.get_input_details(), interpreter.get_output_details()
    differences = []
    for path in sorted(MIXED.glob("*.flac"))[::64]:
        waveform = padded(path)
        with torch.inference_mode():
            ours = torch.sigmoid(audioset(real_patches(path))).numpy()
        for start, scores in zip(range(0, len(waveform), 7_680), ours, strict=False):
            interpreter.set_tensor(given["index"], waveform[start : start + 15_600])
            interpreter.invoke()
            differences.append(np.abs(interpreter.get_tensor(told["index"])[0] - scores))
    # It rounds activations to 8 bits on the way, and we do not.
    assert np.mean(differences) < 2e-4
    assert np.quantile(differences, 0.999) < 0.05
