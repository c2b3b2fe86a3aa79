"""Pretraining an encoder into a run folder that holds its checkpoint."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from src.networks.pretraining.collapse import Expected, find_collapse
from src.networks.pretraining.examples import PretrainingExamples
from src.networks.pretraining.hubert import HubertLearner, perplexity_of
from src.networks.pretraining.learner import PretrainingLearner
from src.networks.pretraining.settings import PretrainingSettings
from src.networks.pretraining.start import Start
from src.networks.pretraining.units import UNITS_FILE, Units, features_of, find_units
from src.networks.pretraining.validator import PERPLEXITY, SPREAD, PretrainingValidator
from src.networks.pretraining.wav2vec2 import Wav2Vec2Learner
from src.networks.trainer.processes import Processes
from src.networks.trainer.settings import TrainerSettings
from src.networks.trainer.state import Epoch, Progress
from src.networks.trainer.tracking import tracked
from src.networks.trainer.trainer import Trainer
from src.utils.config import BONA_FIDE, PRETEXT_SPLITS, SPOOF, in_demonstration
from src.utils.dataset.dataset import Dataset, require_some
from src.utils.dataset.split_recordings import SplitRecordings
from src.utils.dataset.waveforms import Decoded, decoding
from src.utils.files import replacing
from src.utils.runs import Kind, Run, resumed_run
from src.utils.tables import write_csv
from src.visualize.pretraining_plots import PretrainingCurves, plot_pretraining

STAGE = "PretrainBackbone"
CHECKPOINT = "checkpoint"
"""The folder within a run's that `--checkpoint=` takes."""
HEARD = "pretrained_on.csv"


@dataclass(frozen=True)
class Pretraining:
    """A finished pretraining.

    Attributes
    ----------
    run : Run
        Its run.
    n_kept : int
        Epochs that an interrupted pretraining had finished before.
    rejected : dict of str to str
        The reason of each rejected recording.
    """

    run: Run
    n_kept: int
    rejected: dict[str, str]

    @property
    def results(self) -> dict[str, Any]:
        """What the run's manifest keeps, in the main process.

        `loss`, `accuracy`, `perplexity` and so on of the epoch that was kept, and `collapse`, a
        sentence each.
        """
        found: dict[str, Any] = self.run.manifest["results"]
        return found

    @property
    def checkpoint(self) -> Path:
        """The folder in Hugging Face layout."""
        return self.run.folder / CHECKPOINT


def pretrain_backbone(
    dataset: Dataset,
    runs: Path,
    start: Start,
    settings: PretrainingSettings,
    trainer: TrainerSettings,
    splits: tuple[str, str] = PRETEXT_SPLITS,
    seed: int = 7,
    workers: int | None = None,
    log_to: str | None = None,
    processes: Processes | None = None,
) -> Pretraining:
    """Pretrain an encoder on the recordings of a split, without their labels.

    An equal pretraining that was killed is resumed, in its folder. Every process of those that were
    launched together calls this; the main one alone writes.

    Parameters
    ----------
    dataset : Dataset
        A data set with its split.
    runs : pathlib.Path
        The runs folder.
    start : Start
        The encoder as it begins.
    settings : PretrainingSettings
        What is masked and predicted.
    trainer : TrainerSettings
        How weights are changed.
    splits : tuple of str
        What it is trained on, and what it is validated on.
    seed : int
        Of everything random.
    workers, log_to, processes
        See `train_network`.

    Raises
    ------
    AudiosError
        For bad arguments, an unusable data set, a checkpoint that does not fit or a loss that is
        not finite.
    """
    processes = Processes.join() if processes is None else processes
    parts = [SplitRecordings.read(dataset, split) for split in splits]
    is_wav2vec2 = start.backbone == Wav2Vec2Learner.name
    # First, so that what does not fit shows before recordings are read.
    features = None if is_wav2vec2 else features_of(start, settings)
    told = {
        "backbone": {"name": start.backbone},
        "start": start.describe(),
        "splits": list(splits),
        "pretraining": settings.describe(start.backbone),
        "hyperparameters": trainer.describe(),
        "seed": seed,
    }
    inputs: dict[str, Any] = {part.split: part.fingerprint for part in parts}
    with ExitStack() as stack:
        # The stack of the main process alone holds the run's folder, and the file of waveforms.
        run = processes.by_main(
            lambda: stack.enter_context(resumed_run(runs, Kind.PRETRAINING, told, inputs))
        )
        decoded = processes.by_main(lambda: _decode(stack, parts, start, run))
        log = stack.enter_context(tracked(log_to, run.folder, processes))
        units = None
        if features is not None:
            units = processes.by_main(lambda: _units(run, decoded, features, settings, seed))
        train, validation = _examples(decoded, start, settings, seed, units)
        learner, expected = _begin(start, seed, train.units, validation.units)
        n_before = processes.by_main(lambda: Progress.read(run.folder).n_before)
        validator = PretrainingValidator(
            validation, expected, trainer.batch_size, processes, n_before
        )
        progress = Trainer(learner, trainer, seed, processes, workers, log).fit(
            train, validator, run.folder
        )
        if processes.is_main:
            start.save(run.folder / CHECKPOINT, learner.saved)
            _record(run, progress, expected, units)
            # Before the run is complete: nothing would remove them after a kill behind that.
            Progress.remove(run.folder)
            (run.folder / UNITS_FILE).unlink(missing_ok=True)
        # Before the main one takes the waveforms away.
        processes.wait()
    return Pretraining(run, progress.n_before, decoded.rejected)


def _decode(stack: ExitStack, parts: list[SplitRecordings], start: Start, run: Run) -> Decoded:
    """Decode recordings, for as long as the stack holds, and write down which are heard."""
    decoded = stack.enter_context(decoding(parts, start.sample_rate, run.folder, STAGE))
    source = parts[0]
    source.source.write_rejected(STAGE, decoded.rejected)
    tables = []
    for part in decoded.recordings:
        require_some(len(part), decoded.rejected)
        told = {"split": part.split, "file": part.clips.files, "speaker": part.clips.speaker}
        tables.append(pd.DataFrame(told))
    clips = decoded.recordings[0].clips
    run.update(
        dataset=source.dataset,
        root=str(source.root),
        split=source.split_recipe,
        heard={
            "recordings": len(clips),
            "hours": sum(decoded.waveforms[0].lengths) / start.sample_rate / 3600,
            "speakers": len(np.unique(clips.speaker)),
            BONA_FIDE: int((clips.y == 1).sum()),
            SPOOF: int((clips.y == 0).sum()),
        },
        **({"demonstration": True} if in_demonstration(Path(source.dataset)) else {}),
    )
    write_csv(run.folder / HEARD, pd.concat(tables))
    return decoded


def _units(
    run: Run, decoded: Decoded, features: Any, settings: PretrainingSettings, seed: int
) -> Units:
    """Find units, or read those that were found before a kill."""
    path = run.folder / UNITS_FILE
    n_recordings = sum(map(len, decoded.recordings))
    if path.is_file():
        return Units.read(path, n_recordings)
    found = find_units(decoded.waveforms, features, settings.n_units, seed, STAGE)
    found.write(path)
    return found


def _begin(
    start: Start, seed: int, train: Units | None, validation: Units | None
) -> tuple[PretrainingLearner, Expected]:
    """Make what learns, and say what it would do if it learned nothing."""
    if train is None or validation is None:
        by_contrast = Wav2Vec2Learner(start.make_wav2vec2(seed))
        return by_contrast, Expected("codes", by_contrast.codes, by_contrast.chance)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        by_units = HubertLearner(start.make_hubert(seed), train.count)
    return by_units, Expected("units", train.count, train.chance_on(validation))


def _examples(
    decoded: Decoded,
    start: Start,
    settings: PretrainingSettings,
    seed: int,
    units: Units | None,
) -> tuple[PretrainingExamples, PretrainingExamples]:
    """Return those of training and of validation."""
    found, first = [], 0
    for part, waveforms in zip(decoded.recordings, decoded.waveforms, strict=True):
        found.append(
            PretrainingExamples(
                tuple(map(str, part.clips.files)),
                waveforms,
                start.processor,
                start.geometry,
                settings,
                seed,
                start.config.num_negatives if units is None else 0,
                None if units is None else units.rows(first, len(part)),
            )
        )
        first += len(part)
    train, validation = found
    return train, validation


def _record(run: Run, progress: Progress, expected: Expected, units: Units | None) -> None:
    """Write the curves, their figure and the results."""
    curves = _curves(progress.epochs, progress.best)
    for name, values in curves.arrays().items():
        with replacing(run.folder / f"{name}.npy") as temporary, temporary.open("wb") as stream:
            np.save(stream, values, allow_pickle=False)
    best = progress.epochs[progress.best].measured
    last = progress.epochs[-1].measured
    plot_pretraining(
        curves,
        expected.chance,
        expected.codes,
        run.folder / "loss_plot.png",
        f"{run.settings['backbone']['name']}, {Path(run.manifest['root']).name}",
    )
    told = {"units_in_use": perplexity_of(units.counts)} if units is not None else {}
    run.update(
        results={
            "loss": best.loss,
            "accuracy": best.accuracy,
            PERPLEXITY: best.more[PERPLEXITY],
            SPREAD: best.more[SPREAD],
            "codes": expected.codes,
            "chance": expected.chance,
            "best_epoch": progress.best,
            "epochs": len(progress.epochs),
            # As it ended, which an earlier epoch may have been spared.
            "collapse": find_collapse(
                expected, last.loss, last.more[PERPLEXITY], last.more[SPREAD]
            ),
            **told,
        }
    )


def _curves(epochs: list[Epoch], best: int) -> PretrainingCurves:
    measured = [one.measured for one in epochs]
    return PretrainingCurves(
        train_losses=np.array([one.train_loss for one in epochs]),
        val_losses=np.array([one.loss for one in measured]),
        val_accuracies=np.array([one.accuracy for one in measured], float),
        perplexities=np.array([one.more[PERPLEXITY] for one in measured]),
        spreads=np.array([one.more[SPREAD] for one in measured]),
        best=best,
    )
