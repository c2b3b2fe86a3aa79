"""Training a network into a run folder; written once for all networks."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import torch

from src.models.data import TRAIN, VALIDATION
from src.models.record import Part, record_inputs, record_outcome
from src.models.reference import enough_clips, fit_reference
from src.models.seeds import OverSeeds
from src.networks.backbone import input_of
from src.networks.examples import Augmenting, Crops
from src.networks.heads import HEADS
from src.networks.learner import DetectorLearner
from src.networks.losses import LOSSES
from src.networks.network import Network
from src.networks.settings import NETWORK, NetworkSettings
from src.networks.trained import NAME, TrainedNetwork
from src.networks.trainer.processes import Processes
from src.networks.trainer.settings import TrainerSettings
from src.networks.trainer.state import Progress
from src.networks.trainer.tracking import tracked
from src.networks.trainer.trainer import Trainer
from src.networks.validation import DetectorValidator, vectors_of
from src.utils.config import BY_SPEAKER
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.dataset.waveforms import Decoded, decoding
from src.utils.files import sha256_file
from src.utils.notes import note
from src.utils.runs import Kind, Run, find_complete, list_runs, resumed_run

if TYPE_CHECKING:
    # It loads transformers, which few networks need.
    from src.networks.front_ends.pretrained.front_end import PretrainedFrontEnd

STAGE = "TrainNetwork"


class Pretrained(Protocol):
    """Pretrained weights of a back end, from a file."""

    def describe(self) -> dict[str, str]:
        """Return which they are, for a run's settings."""

    def begin(self, network: Network) -> None:
        """Put them into a network.

        Parameters
        ----------
        network : Network
            A new one.
        """

    def adapt(self, network: Network, crops: Crops) -> None:
        """Fit what they lack for training by windows of the training.

        Parameters
        ----------
        network : Network
            That they are in.
        crops : Crops
            What is trained on.
        """


@dataclass(frozen=True)
class NetworkRecipe:
    """What is trained, and how.

    Attributes
    ----------
    network : NetworkSettings
        What makes the network what it is; its head is the loss', or that of `start` where the
        loss takes it.
    loss : str
        A name of `LOSSES`.
    trainer : TrainerSettings
        How it is trained.
    augmenting : Augmenting or None
        How windows are augmented.
    start : Run or None
        The run whose network is trained further, in place of a new one.
    training : dict
        How pretrained weights are trained, such as `freeze`, where a run's network goes on.
    weights : Pretrained or None
        What the back end of a new network begins with, in place of random weights.
    samples : int or None
        Of the windows that are trained on; None for as many as of those that are scored.
    """

    network: NetworkSettings
    loss: str = "cross-entropy"
    trainer: TrainerSettings = field(default_factory=TrainerSettings)
    augmenting: Augmenting | None = None
    start: Run | None = None
    training: dict[str, Any] = field(default_factory=dict)
    weights: Pretrained | None = None
    samples: int | None = None


@dataclass(frozen=True)
class NetworkTraining:
    """A finished training of a network.

    Attributes
    ----------
    run : Run
        Of the training.
    rejected : dict of str to str
        The reason of each recording that cannot be used.
    n_kept : int
        Epochs that an interrupted training had finished before.
    was_there : bool
        Whether an equal finished run was found instead of training anew.
    """

    run: Run
    rejected: dict[str, str]
    n_kept: int = 0
    was_there: bool = False

    @property
    def results(self) -> dict[str, Any]:
        """The run's results: `validation_eer`, `threshold`, `epochs` and `best_epoch`."""
        found: dict[str, Any] = self.run.manifest["results"]
        return found


@dataclass(frozen=True)
class NetworkTrainings(OverSeeds):
    """Trainings of one network by one or several seeds.

    Attributes
    ----------
    trainings : list of NetworkTraining
        One a seed.
    is_main : bool
        Whether this process is the one that tells of them.
    """

    trainings: list[NetworkTraining]
    is_main: bool

    @property
    def eers(self) -> list[float]:
        """The validation EER of each."""
        return [one.results["validation_eer"] for one in self.trainings]


def train_network(
    dataset: Dataset,
    runs: Path,
    recipe: NetworkRecipe,
    seed: int = 7,
    reuse: bool = False,
    workers: int | None = None,
    log_to: str | None = None,
    processes: Processes | None = None,
) -> NetworkTraining:
    """Train a network on a data set's own split and write a run folder.

    An equal training that was killed is resumed, in its folder. Every process that trains along
    calls this; the main one alone writes.

    Parameters
    ----------
    dataset : Dataset
        A data set with its split.
    runs : pathlib.Path
        The runs folder, which all processes share.
    recipe : NetworkRecipe
        What is trained, and how.
    seed : int
        Of the weights, of the order of clips, and of all that is drawn of them.
    reuse : bool
        Return an equal finished run instead of training again.
    workers : int, optional
        Worker processes that read clips (default: what suits the machine).
    log_to : str, optional
        A name of `tracking.TRACKERS`.
    processes : Processes, optional
        This one and the others (default: those that were launched together).

    Raises
    ------
    AudiosError
        For bad arguments, an unusable data set, or a loss that is never finite.
    """
    processes = Processes.join() if processes is None else processes
    train, validation = (SplitRecordings.read(dataset, name) for name in (TRAIN, VALIDATION))
    for recordings in (train, validation):
        recordings.clips.require_both_classes(recordings.split)
    trained, learner = _begin(recipe, train, seed, processes.is_main)
    settings = _settings(recipe, trained, train, seed)
    inputs: dict[str, Any] = {one.split: one.fingerprint for one in (train, validation)}
    if recipe.start is not None:
        inputs["start"] = sha256_file(recipe.start.folder / NAME)
    if reuse:
        found = processes.by_main(
            lambda: find_complete(list_runs(runs), Kind.TRAINING, settings, inputs)
        )
        if found:
            return NetworkTraining(found, dataset.read_rejected(STAGE), was_there=True)
    with ExitStack() as stack:
        # The stack of the main process alone holds the run's folder, and the file of waveforms.
        run = processes.by_main(
            lambda: stack.enter_context(resumed_run(runs, Kind.TRAINING, settings, inputs))
        )
        decoded = processes.by_main(lambda: _decode(stack, (train, validation), trained, run))
        log = stack.enter_context(tracked(log_to, run.folder, processes))
        (train, validation), (given, held) = decoded.recordings, decoded.waveforms
        samples = trained.settings.samples if recipe.samples is None else recipe.samples
        crops = Crops.of(train, given, samples, seed, recipe.augmenting)
        if recipe.weights is not None:
            recipe.weights.adapt(learner.network, crops)
        validator = DetectorValidator(trained.settings, held, validation.clips.y, processes)
        trainer = Trainer(learner, recipe.trainer, seed, processes, workers, log)
        progress = trainer.fit(crops, validator, run.folder)
        learner.eval()
        _record(run, trained, progress, decoded, processes)
        # Before the main one takes the waveforms away.
        processes.wait()
    return NetworkTraining(run, decoded.rejected, progress.n_before)


def _begin(
    recipe: NetworkRecipe, train: SplitRecordings, seed: int, is_main: bool
) -> tuple[TrainedNetwork, DetectorLearner]:
    """Make the network, not yet trained on these recordings, and what learns."""
    loss_of = LOSSES.load(recipe.loss)
    head: dict[str, Any] = {"head": loss_of.head.name, "outputs": loss_of.outputs}
    labels = train.clips.y
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if recipe.start is None:
            settings = replace(recipe.network, **head)
            network = Network.make(settings)
            if recipe.weights is not None:
                recipe.weights.begin(network)
        else:
            begun = TrainedNetwork.of(recipe.start)
            network, settings = begun.network, begun.settings
            settings = replace(settings, samples=recipe.network.samples)
            if recipe.training:
                cast("PretrainedFrontEnd", network.front_end).restart(**recipe.training)
            if not loss_of.takes(network.head):
                if is_main:
                    note(
                        f"--loss={recipe.loss} needs another output layer than run "
                        f"{recipe.start.number} has: a new one is trained, from random weights"
                    )
                dim = network.back_end.dim
                network.head = HEADS[loss_of.head.name](dim, loss_of.outputs)
                settings = replace(settings, **head)
        settings = replace(settings, front=network.front_end.describe())
        loss = loss_of(float((labels == 0).sum() / (labels == 1).sum()))
    return TrainedNetwork(settings, network), DetectorLearner(network, loss)


def _settings(
    recipe: NetworkRecipe, trained: TrainedNetwork, train: SplitRecordings, seed: int
) -> dict[str, Any]:
    """Return the settings of a training, as its manifest keeps them."""
    units, augmenting = train.clips.units, recipe.augmenting
    # Named only where they differ, as all trainings do.
    told: dict[str, Any] = {} if units == BY_SPEAKER else {"units": units}
    if augmenting is not None:
        told |= {"augmentation": augmenting.describe()}
    if recipe.weights is not None:
        told |= {"weights": recipe.weights.describe()}
    if recipe.start is not None:
        told |= {"started_from": recipe.start.folder.name}
    windows = {} if recipe.samples is None else {"window_samples": recipe.samples}
    return told | {
        "backbone": input_of(trained),
        "classifier": trained.settings.back_end,
        NETWORK: trained.settings.describe(),
        "hyperparameters": {"loss": recipe.loss} | windows | recipe.trainer.describe(),
        "seed": seed,
    }


def _decode(
    stack: ExitStack,
    splits: tuple[SplitRecordings, SplitRecordings],
    trained: TrainedNetwork,
    run: Run,
) -> Decoded:
    """Decode all recordings once, for as long as the stack holds; list those of no use."""
    rate = trained.network.front_end.sample_rate
    found = stack.enter_context(decoding(splits, rate, run.folder, STAGE))
    splits[0].source.write_rejected(STAGE, found.rejected)
    for recordings in found.recordings:
        require_some(len(recordings), found.rejected)
        recordings.clips.require_both_classes(recordings.split)
    record_inputs(run, *(Part(one.clips, one) for one in found.recordings))
    return found


def _record(
    run: Run,
    trained: TrainedNetwork,
    progress: Progress,
    decoded: Decoded,
    processes: Processes,
) -> None:
    """Write what a training leaves: weights, reference, scores and curves."""
    train, validation = decoded.waveforms
    seen = vectors_of(trained, train, np.flatnonzero(enough_clips(len(train))), processes)
    vectors = vectors_of(trained, validation, np.arange(len(validation)), processes)
    if not processes.is_main:
        return
    trained.save(run.folder)
    fit_reference(seen, vectors[enough_clips(len(validation))]).write(run.folder)
    measured_on = Part(decoded.recordings[1].clips, decoded.recordings[1])
    record_outcome(run, measured_on, trained.score(vectors), progress.history())
    # Before the run is complete: nothing would remove it after a kill behind that.
    Progress.remove(run.folder)
