"""The network of a run, as what makes vectors of waveforms and what scores them."""

from src.models.classifier import Scorer
from src.networks.backbone import NetworkBackbone
from src.networks.trained import TrainedNetwork
from src.utils.embeddings.backbones import Backbone
from src.utils.runs import Run


def load_network(run: Run, checkpoint: str | None = None) -> tuple[Backbone, Scorer]:
    """Load the network of a training.

    Parameters
    ----------
    run : Run
        A finished training of a network.
    checkpoint : str, optional
        Folder or hub id of its front end's checkpoint (default: where it was in training).

    Raises
    ------
    AudiosError
        As `TrainedNetwork.of` does.
    """
    trained = TrainedNetwork.of(run, checkpoint)
    return NetworkBackbone(trained), trained
