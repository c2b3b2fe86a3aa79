"""Low-rank adapters (LoRA, Hu et al. 2022) on the attention projections of an encoder, by peft."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

_ADAPTER = "default"
_ALPHA = 2
"""What an adapter's output is multiplied by, whatever its rank."""


class AddedUp(nn.Module):
    """An adapted linear layer for those who use its weight and never call it, as WavLM does.

    Parameters
    ----------
    adapted : peft.tuners.lora.LoraLayer
        The layer with its adapter.
    """

    def __init__(self, adapted: Any) -> None:
        super().__init__()
        self.adapted = adapted

    @property
    def weight(self) -> Tensor:
        """The layer's weight and what the adapter adds to it."""
        added: Tensor = self.adapted.get_delta_weight(_ADAPTER)
        return self.adapted.get_base_layer().weight + added

    @property
    def bias(self) -> Tensor:
        """The layer's bias, which is not adapted."""
        found: Tensor = self.adapted.get_base_layer().bias
        return found


def add_adapters(encoder: Any, names: Iterable[str], rank: int) -> None:
    """Put adapters beside linear layers, in place; all other weights are frozen.

    They add nothing at first.

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
        The encoder.
    names : iterable of str
        The linear layers in it.
    rank : int
        Of the adapters.
    """
    # Here, since importing peft takes seconds that all others do not need.
    from peft import LoraConfig, inject_adapter_in_model

    targets = list(names)
    config = LoraConfig(r=rank, lora_alpha=_ALPHA * rank, target_modules=targets)
    inject_adapter_in_model(config, encoder, _ADAPTER)
    if encoder.config.model_type == "wavlm":
        for name in targets:
            encoder.set_submodule(name, AddedUp(encoder.get_submodule(name)))


def merge_adapters(encoder: Any) -> None:
    """Add adapters to the weights that they adapt, in place, and take them away.

    Parameters
    ----------
    encoder : transformers.PreTrainedModel
        An encoder that may have adapters.
    """
    from peft.tuners.lora import LoraLayer

    for name, module in list(encoder.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            encoder.set_submodule(name.removesuffix(".adapted"), module.get_base_layer())
