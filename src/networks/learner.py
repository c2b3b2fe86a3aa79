"""A network and its loss, as the trainer takes them."""

from collections.abc import Mapping

from torch import Tensor, nn

from src.networks.losses import Loss
from src.networks.network import Network
from src.networks.trainer.learner import BACK, FRONT, Learner

WINDOWS, LABELS = "windows", "labels"


class DetectorLearner(Learner):
    """A network that learns to tell bona-fide from spoof.

    Parameters
    ----------
    network : Network
        What is trained.
    loss : Loss
        What it minimises.
    """

    def __init__(self, network: Network, loss: Loss) -> None:
        super().__init__()
        self.network, self.loss = network, loss
        # Of an encoder, layers may be dropped, and masks are not always laid.
        self.reaches_all = not network.front_end.is_pretrained

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean loss of windows (batch, samples) with labels (batch,)."""
        return self.loss(self.network(batch[WINDOWS]), batch[LABELS]).mean()

    def parts(self) -> Mapping[str, list[nn.Parameter]]:
        """Return the trained parameters of the front end, and all others."""
        front = [one for one in self.network.front_end.parameters() if one.requires_grad]
        known = {id(one) for one in self.network.front_end.parameters()}
        back = [one for one in self.parameters() if one.requires_grad and id(one) not in known]
        return {FRONT: front, BACK: back}
