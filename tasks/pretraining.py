"""The task that pretrains a backbone without labels."""

from dataclasses import dataclass
from typing import Any

from invoke import Context

from src import stages
from src.utils.config import DOWNSTREAM_SPLITS, PRECISIONS, PRETEXT_SPLITS
from src.utils.errors import ArgumentError, choose
from tasks import arguments, configured
from tasks.flags import flag
from tasks.networks import one_voice
from tasks.show import show, show_audit
from tasks.task import stage

_BACKBONES = ("wav2vec2", "hubert")
_SPLITS = {"pretext": PRETEXT_SPLITS, "downstream": DOWNSTREAM_SPLITS[:2]}


@dataclass(frozen=True)
class MaskingFlags:
    """What is masked and predicted."""

    seconds: str | None = flag(
        None, "Longest window of a recording in seconds; shorter ones are padded (default: 8)."
    )
    mask_share: str | None = flag(
        None,
        "Share of frames that a masked span begins at (default: 0.065 for wav2vec2, 0.08 for "
        "hubert).",
    )
    mask_length: str | None = flag(None, "Frames of a masked span (default: 10).")
    units: str | None = flag(
        None,
        "For hubert, what the predicted units are clusters of: mfcc (default), or the number of a "
        "hidden layer.",
    )
    n_units: str | None = flag(None, "For hubert: how many units (default: 100).")
    units_from: str | None = flag(
        None, "For hubert: the checkpoint whose hidden layer it is (default: --checkpoint)."
    )

    def asked(self, backbone: str) -> dict[str, Any]:
        """Return the settings that are asked for.

        Parameters
        ----------
        backbone : str
            The backbone that is pretrained.

        Raises
        ------
        ArgumentError
            When a flag cannot be read, or is of another backbone.
        """
        if backbone != "hubert":
            for name in ("units", "n_units", "units_from"):
                if getattr(self, name) is not None:
                    raise ArgumentError(
                        f"--{name.replace('_', '-')}={getattr(self, name)} goes with "
                        f"--backbone=hubert"
                    )
        return _read(
            self,
            seconds=arguments.number,
            mask_share=arguments.share,
            mask_length=_at_least_one,
            n_units=_at_least_one,
            units=_as_it_is,
            units_from=_as_it_is,
        )


@dataclass(frozen=True)
class UpdateFlags:
    """How weights are changed."""

    epochs: str | None = flag(None, "Epochs at most (default: 20).")
    batch_size: str | None = flag(None, "Windows that a process computes at once (default: 32).")
    accumulate: str | None = flag(
        None, "Batches whose gradients are summed before the weights are changed (default: 1)."
    )
    learning_rate: str | None = flag(
        None, "Highest learning rate (default: 5e-4, with --checkpoint 5e-5)."
    )
    warmup: str | None = flag(
        None, "Share of all steps in which the learning rate rises (default: 0.1)."
    )
    patience: str | None = flag(
        None, "Epochs without a lower validation loss before it ends early (default: 5)."
    )
    precision: str | None = flag(
        None, "auto (default: bfloat16 on GPUs that have it), float32 or bfloat16."
    )

    def asked(self) -> dict[str, Any]:
        """Return the settings that are asked for.

        Raises
        ------
        ArgumentError
            When a flag cannot be read.
        """
        return _read(
            self,
            epochs=_at_least_one,
            batch_size=_at_least_one,
            accumulate=_at_least_one,
            learning_rate=arguments.number,
            warmup=arguments.number,
            patience=_at_least_one,
            precision=lambda name, text: choose(name, text, PRECISIONS),
        )


@stage(
    "backbone",
    backbone="wav2vec2 (told apart from distractors) or hubert (units predicted).",
    checkpoint="What it goes on from: a hub id, or a folder in Hugging Face layout.",
    config="In place of --checkpoint, what it begins with from random weights: tiny, small, base, "
    "large, or a JSON file of transformers' settings.",
    splits="What it hears: pretext (default), or downstream, whose training it then knows.",
    workers="Processes that read recordings, 0 for none (default: what suits the machine).",
    log_to="Tell losses and metrics to tensorboard or mlflow, too.",
)
def PretrainBackbone(
    c: Context,
    masking: MaskingFlags,
    updates: UpdateFlags,
    dataset: str | None = None,
    backbone: str | None = None,
    checkpoint: str | None = None,
    config: str | None = None,
    splits: str = "pretext",
    workers: str | None = None,
    log_to: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Pretrain a backbone without labels.

    Wav2Vec2 or HuBERT on the recordings of the split's pretext half, from random weights or from a
    checkpoint. The run's folder checkpoint/ is what --checkpoint= takes everywhere. Where an equal
    pretraining was broken off, it goes on.

    Example: fab PretrainBackbone --backbone=wav2vec2 --config=small --epochs=50
    """
    with one_voice():
        if backbone is None:
            raise ArgumentError(f"--backbone is needed: {' or '.join(_BACKBONES)}")
        name = choose("--backbone", backbone, _BACKBONES)
        chosen = _SPLITS[choose("--splits", splits, _SPLITS)]
        done = stages.pretraining.pretrain(
            configured.folder(c, "dataset", dataset),
            configured.folder(c, "runs", runs),
            name,
            checkpoint,
            config,
            (chosen[0], chosen[1]),
            masking.asked(name),
            updates.asked(),
            configured.seed(c, seed),
            arguments.optional_number("--workers", workers),
            log_to,
            on_audit=show_audit,
        )
    if done is not None:
        from src.reports import report_pretraining

        show(report_pretraining(done))


def _read(flags: MaskingFlags | UpdateFlags, **readers: Any) -> dict[str, Any]:
    """Return the flags that were given, each read by its reader."""
    given = {name: getattr(flags, name) for name in readers}
    return {
        name: readers[name](f"--{name.replace('_', '-')}", text)
        for name, text in given.items()
        if text is not None
    }


def _at_least_one(name: str, text: str) -> int:
    return arguments.whole_number(name, text, 1)


def _as_it_is(name: str, text: str) -> str:
    if not text.strip():
        raise ArgumentError(f"{name}= is empty")
    return text
