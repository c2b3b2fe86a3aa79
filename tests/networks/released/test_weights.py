"""Released state dicts become networks that score as published."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import layer_norm

from src.networks.released import RELEASED
from src.networks.released.weights import network_of, read_weights
from src.networks.windows import Covers
from src.utils.errors import ArgumentError, CheckpointError
from tests.networks.released.back_ends import (
    aasist_state,
    antideepfake_state,
    nes2net,
    nes2net_state,
    sls,
    sls_state,
    ssl_aasist,
    ssl_aasist_state,
)
from tests.networks.released.published import State, encode, encoder_state, linear

SSL, POST_TRAINED = "ssl_model.model.", "m_ssl.model."
FIRST = 64_600


def log_odds(outputs: Tensor) -> Tensor:
    return outputs[:, 1] - outputs[:, 0]


def score_antideepfake(state: State, waves: Tensor) -> Tensor:
    frames, _ = encode(state, layer_norm(waves, waves.shape[1:]), POST_TRAINED)
    return log_odds(linear(state, "proj_fc", frames.mean(dim=1)))


SCORES: dict[str, tuple[Callable[[], State], Callable[[State, Tensor], Tensor]]] = {
    "ssl-aasist": (
        lambda: encoder_state(SSL) | ssl_aasist_state(),
        lambda state, waves: ssl_aasist(state, encode(state, waves, SSL)[0])[:, 1],
    ),
    "sls": (
        lambda: encoder_state(SSL) | sls_state(201),
        lambda state, waves: log_odds(sls(state, encode(state, waves, SSL)[1])),
    ),
    "nes2net": (
        lambda: encoder_state(SSL) | nes2net_state(),
        lambda state, waves: nes2net(state, encode(state, waves, SSL)[0])[:, 1],
    ),
    "antideepfake": (
        lambda: encoder_state(POST_TRAINED) | antideepfake_state(),
        score_antideepfake,
    ),
}
"""By kind, its state dict and its scores of waveforms, as published."""

STATES: dict[str, Callable[[], State]] = {
    "aasist": aasist_state,
    **{kind: make for kind, (make, _) in SCORES.items()},
}


def test_every_kind_is_tried() -> None:
    assert set(STATES) == set(RELEASED)


@pytest.mark.parametrize("kind", SCORES)
def test_scores_are_the_published_ones(kind: str, voice: Callable[..., np.ndarray]) -> None:
    make, score = SCORES[kind]
    state = make()
    trained = network_of(kind, state, Path("a.pth"))
    short, long = voice(1.1), voice(4.5, seed=1)
    if trained.settings.covers == Covers.FIRST:
        given = [np.resize(short, FIRST), long[:FIRST]]
    else:
        given = [short, long]
    with torch.inference_mode():
        wanted = [float(score(state, torch.from_numpy(one)[None])) for one in given]
    ours = trained.score(trained.vectors([trained.prepare(one) for one in (short, long)]))
    np.testing.assert_allclose(ours, wanted, atol=2e-4, rtol=1e-4)
    assert abs(wanted[0] - wanted[1]) > 1e-3


@pytest.mark.parametrize(("is_large", "hubert"), [(False, False), (True, True)])
def test_other_encoders_of_antideepfake(
    is_large: bool, hubert: bool, voice: Callable[..., np.ndarray]
) -> None:
    state = encoder_state(POST_TRAINED, is_large, hubert) | antideepfake_state()
    trained = network_of("antideepfake", state, Path("a.safetensors"))
    assert trained.settings.front_end == ("hubert" if hubert else "wav2vec2")
    wave = voice(1.0)
    with torch.inference_mode():
        wanted = float(score_antideepfake(state, torch.from_numpy(wave)[None]))
    ours = trained.score(trained.vectors([trained.prepare(wave)]))
    np.testing.assert_allclose(ours, [wanted], atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_names_of_training_in_parallel(tmp_path: Path, suffix: str) -> None:
    state = {f"module.{name}": tensor for name, tensor in aasist_state("aasist-l").items()}
    path = tmp_path / f"a{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    trained = network_of("aasist", read_weights(path), path)
    assert trained.settings.back == {"variant": "aasist-l"}


@pytest.mark.parametrize("kind", STATES)
def test_another_kind_is_told(kind: str) -> None:
    other = "aasist" if kind != "aasist" else "ssl-aasist"
    with pytest.raises(CheckpointError, match=rf"a\.pth is no {other} \(.*; choose another --kind"):
        network_of(other, STATES[kind](), Path("a.pth"))


@pytest.mark.parametrize("kind", STATES)
def test_missing_and_unknown_names_are_told(kind: str) -> None:
    state = STATES[kind]()
    lost = min(name for name in state if name.endswith("bias"))
    state["more.weight"] = state.pop(lost)
    with pytest.raises(CheckpointError) as caught:
        network_of(kind, state, Path("a.pth"))
    assert f"it lacks {lost} and holds the unknown more.weight" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_few_of_many_missing_names_are_told() -> None:
    state = {name: tensor for name, tensor in aasist_state().items() if "HtrgGAT" not in name}
    with pytest.raises(CheckpointError, match=r"it lacks (\S+, ){2}\S+ and 97 more; choose"):
        network_of("aasist", state, Path("a.pth"))


def test_numbers_that_are_not_finite() -> None:
    state = aasist_state()
    state["out_layer.bias"][0] = torch.nan
    with pytest.raises(CheckpointError, match="no finite numbers"):
        network_of("aasist", state, Path("a.pth"))


def test_another_shape() -> None:
    state = aasist_state()
    state["out_layer.weight"] = torch.zeros(2, 150)
    with pytest.raises(CheckpointError, match=r"has the shape \(2, 150\)"):
        network_of("aasist", state, Path("a.pth"))


_CONVOLUTION = f"{SSL}feature_extractor.conv_layers.0.0.weight"
_INNER = "Nested_Res2Net_TDNN.Build_in_Res2Nets.0"


@pytest.mark.parametrize("shape", [(), (3,), (3, 1, 1, 1)])
@pytest.mark.parametrize(
    ("kind", "name", "axes"),
    [
        ("aasist", "GAT_layer_S.att_proj.weight", 2),
        ("ssl-aasist", "LL.weight", 2),
        ("ssl-aasist", "GAT_layer_S.att_proj.weight", 2),
        ("sls", "fc0.weight", 2),
        ("sls", "fc1.weight", 2),
        ("sls", "fc3.weight", 2),
        ("nes2net", f"{_INNER}.conv1.weight", 3),
        ("nes2net", f"{_INNER}.se.se.1.weight", 3),
        ("nes2net", "Nested_Res2Net_TDNN.fc.weight", 2),
        ("antideepfake", "proj_fc.weight", 2),
        ("ssl-aasist", _CONVOLUTION, 3),
        ("ssl-aasist", f"{SSL}post_extract_proj.weight", 2),
        ("ssl-aasist", f"{SSL}encoder.pos_conv.0.weight_v", 3),
        ("ssl-aasist", f"{SSL}encoder.layers.0.fc1.weight", 2),
    ],
)
def test_another_number_of_axes_is_told(
    kind: str, name: str, axes: int, shape: tuple[int, ...]
) -> None:
    state = STATES[kind]()
    state[name] = torch.ones(shape)
    with pytest.raises(CheckpointError) as caught:
        network_of(kind, state, Path("a.pth"))
    told = f"its {name.removeprefix(SSL)} has the shape {shape}, which is not of {axes} axes"
    assert told in str(caught.value)


def test_a_bias_that_no_difference_is_made_of_is_told() -> None:
    state = STATES["antideepfake"]()
    state["proj_fc.bias"] = torch.tensor(1.0)
    with pytest.raises(CheckpointError, match=r"its proj_fc\.bias has the shape \(\), which"):
        network_of("antideepfake", state, Path("a.pth"))


def test_a_gate_that_widens_is_told() -> None:
    state = STATES["nes2net"]()
    state[f"{_INNER}.se.se.1.weight"] = torch.ones(7, 6, 1)
    with pytest.raises(CheckpointError, match=r"\(7, 6, 1\)"):
        network_of("nes2net", state, Path("a.pth"))


@pytest.mark.parametrize("kind", STATES)
def test_tensors_without_numbers_make_no_network(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It takes no byte of a file, and a network of its size would take all memory.
    state = STATES[kind]()
    name = next(name for name in state if name.endswith("weight"))
    state[name] = torch.empty(1_000_000_000, 0)
    monkeypatch.delattr("src.networks.network.Network.make")
    with pytest.raises(CheckpointError) as caught:
        network_of(kind, state, Path("a.pth"))
    told = f"its {name} has the shape (1000000000, 0), which holds no numbers; choose"
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_too_large_files_are_not_read(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, state = tmp_path / f"a{suffix}", {"a": torch.zeros(2_000)}
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    assert read_weights(path).keys() == {"a"}
    monkeypatch.setattr("src.networks.released.weights.MOST_BYTES", 8_000)
    with pytest.raises(CheckpointError, match="as weights: it has more than 8,000 bytes"):
        read_weights(path)


class Code:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> tuple:
        return (print, ("executed",))


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    state = aasist_state("aasist-l")
    torch.save(state, tmp_path / "whole.pth")
    content = (tmp_path / "whole.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(content[: len(content) // 2])
    (tmp_path / "cut.safetensors").write_bytes(content[:100])
    (tmp_path / "code.ckpt").write_bytes(pickle.dumps({"a": Code()}))
    torch.save({"model": state}, tmp_path / "nested.pt")
    for name in ("cut.pth", "cut.safetensors", "code.ckpt", "nested.pt"):
        with pytest.raises(CheckpointError, match=f"{name} cannot be read as weights"):
            read_weights(tmp_path / name)
    assert "executed" not in capsys.readouterr().out
    with pytest.raises(CheckpointError, match="no file of weights"):
        read_weights(tmp_path / "absent.pth")
    with pytest.raises(ArgumentError, match=r"does not end in \.safetensors"):
        read_weights(tmp_path / "a.onnx")


def test_a_checkpoint_where_there_is_no_use_for_one() -> None:
    for kind, make in STATES.items():
        with pytest.raises(ArgumentError, match="--checkpoint"):
            network_of(kind, make(), Path("a.pth"), "somewhere")


def test_a_back_end_alone_asks_for_its_encoder() -> None:
    with pytest.raises(ArgumentError, match=r"--checkpoint is needed: .* \(ssl_model\.model\.\*\)"):
        network_of("nes2net", nes2net_state(), Path("a.pth"))


def test_a_back_end_alone_on_a_checkpoint(tmp_path: Path, voice: Callable[..., np.ndarray]) -> None:
    encoder, back = encoder_state(SSL), nes2net_state()
    whole = network_of("nes2net", encoder | back, Path("a.pth"))
    whole.network.front_end.encoder.save_pretrained(tmp_path)
    # As published, recordings are given as they are, whatever the encoder's preprocessor does.
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(tmp_path)
    alone = network_of("nes2net", back, Path("a.pth"), str(tmp_path))
    assert not any(name.startswith("front_end") for name in alone.network.kept_state())
    prepared = [whole.prepare(voice(1.0))]
    np.testing.assert_allclose(alone.vectors(prepared), whole.vectors(prepared), atol=1e-5)
