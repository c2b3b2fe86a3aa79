"""fairseq's names against transformers' models: the same weights give the same hidden states."""

import pytest
import torch
import transformers

from src.networks.released.encoder import (
    HUBERT,
    PRETRAINING,
    encoder_config,
    is_layer_normed,
    published_encoder,
)
from tests.networks.released.published import N_LAYERS, WIDTH, encode, encoder_state

_MODELS = {
    "wav2vec2": (transformers.Wav2Vec2Config, transformers.Wav2Vec2Model),
    HUBERT: (transformers.HubertConfig, transformers.HubertModel),
}
PREFIX = "ssl_model.model."


@pytest.mark.parametrize("hubert", [False, True])
@pytest.mark.parametrize("is_large", [True, False])
def test_hidden_states_are_those_of_the_published_names(is_large: bool, hubert: bool) -> None:
    state = encoder_state(PREFIX, is_large, hubert)
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    config = encoder_config(shapes, PREFIX)
    make_config, make_model = _MODELS[config.pop("model_type")]
    model = make_model(make_config(**config)).eval()
    ours = model.state_dict()
    ours.pop("masked_spec_embed", None)
    normed = is_layer_normed(shapes, PREFIX)
    mapped = {name: state[PREFIX + published_encoder(name, normed)] for name in ours}
    assert model.load_state_dict(mapped, strict=False).unexpected_keys == []
    used = {PREFIX + published_encoder(name, normed) for name in ours}
    left = {name.removeprefix(PREFIX) for name in state.keys() - used}
    assert all(PRETRAINING.fullmatch(name) for name in left)
    waves = torch.randn(2, 3200)
    with torch.inference_mode():
        given = model(waves, output_hidden_states=True)
        wanted, layers = encode(state, waves, PREFIX)
    torch.testing.assert_close(given.last_hidden_state, wanted, atol=2e-5, rtol=1e-4)
    assert len(given.hidden_states) == N_LAYERS + 1
    torch.testing.assert_close(given.hidden_states[1], layers[0], atol=2e-5, rtol=1e-4)
    assert wanted.shape == (2, 9, WIDTH)
    assert wanted.std() > 0.1
