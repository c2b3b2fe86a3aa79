"""Post-trained encoders as released (Ge et al. 2025, nii-yamagishilab/AntiDeepfake)."""

from typing import Any

from torch import Tensor

from src.networks.released.aasist import HEAD
from src.networks.released.on_encoder import ReleasedOnEncoder
from src.networks.released.released import WHOLE_SAMPLES, Shapes, require
from src.networks.windows import Covers


class AntiDeepfake(ReleasedOnEncoder):
    """A linear layer on the mean frame of a wav2vec 2.0, an XLS-R, an MMS or a HuBERT.

    The published score is the probability of bona-fide, a softmax of two outputs; ours are its log
    odds, the second output less the first, which rank clips alike. Recordings are given whole, at
    mean 0 and variance 1.
    """

    name = "antideepfake"
    what = "AntiDeepfake, Ge et al. 2025"
    prefix = "m_ssl.model."
    front_end = "wav2vec2"
    normalize = True
    samples = WHOLE_SAMPLES
    covers = Covers.WHOLE

    def back(self, shapes: Shapes) -> dict[str, Any]:
        """Return the settings of the back end (see `ReleasedOnEncoder.back`)."""
        # The one is made of the difference of its rows, the other of its numbers.
        require(shapes, "proj_fc.bias", 1)
        if require(shapes, "proj_fc.weight", 2)[0] != 2:
            raise ValueError(f"its proj_fc.weight has the shape {shapes['proj_fc.weight']}")
        return {"back_end": "linear", "outputs": 1}

    def published_back(self, name: str) -> str:
        """Return the published name of a tensor (see `ReleasedOnEncoder.published_back`)."""
        return f"proj_fc.{name.removeprefix(HEAD)}"

    def value(self, name: str, tensor: Tensor) -> Tensor:
        """Return a tensor, of the output layer the second row less the first.

        Parameters
        ----------
        name, tensor
            See `Released.value`.
        """
        return tensor[1:] - tensor[:1] if name.startswith(HEAD) else tensor
