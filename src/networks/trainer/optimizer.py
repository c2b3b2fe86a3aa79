"""AdamW in groups of parameters, and the learning rates of each step."""

import math

from torch import nn

from src.models.adam import Adam
from src.networks.trainer.learner import BACK, FRONT, Learner
from src.networks.trainer.settings import TrainerSettings

_PEAK = "peak"
"""The entry of a group of parameters that holds its highest learning rate."""


def make_optimizer(learner: Learner, settings: TrainerSettings) -> Adam:
    """Return AdamW over the trained parameters (Loshchilov & Hutter 2019).

    Only weights decay: what has one axis or none, such as a norm or a bias, does not.

    Parameters
    ----------
    learner : Learner
        Whose parameters.
    settings : TrainerSettings
        With the learning rates and the decay.
    """
    peaks = {FRONT: settings.front_learning_rate, BACK: settings.learning_rate}
    groups = []
    for part, parameters in learner.parts().items():
        for decays in (True, False):
            chosen = [one for one in parameters if (one.ndim > 1) == decays]
            if chosen:
                decay = settings.weight_decay if decays else 0.0
                groups.append({"params": chosen, "weight_decay": decay, _PEAK: peaks[part]})
    return Adam(groups, lr=settings.learning_rate, decoupled_weight_decay=True)


def set_rates(optimizer: Adam, settings: TrainerSettings, step: int, steps: int) -> None:
    """Set the learning rates of a step.

    Parameters
    ----------
    optimizer : Adam
        As `make_optimizer` gave it.
    settings : TrainerSettings
        With the schedule.
    step : int
        The number of the step, from 0 on.
    steps : int
        How many there are at most.
    """
    share = rate_at(step, steps, settings.warmup, settings.schedule)
    for group in optimizer.param_groups:
        group["lr"] = group[_PEAK] * share


def rate_at(step: int, steps: int, warmup: float, schedule: str) -> float:
    """Return the share of the highest learning rate that a step has.

    Parameters
    ----------
    step : int
        From 0 on.
    steps : int
        How many there are at most.
    warmup : float
        The share of them in which it rises.
    schedule : {'cosine', 'linear', 'constant'}
        How it goes on behind them.

    Examples
    --------
    >>> [round(rate_at(step, 8, 0.25, "linear"), 2) for step in range(8)]
    [0.5, 1.0, 1.0, 0.83, 0.67, 0.5, 0.33, 0.17]
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / max(steps - rising, 1)
    if schedule == "constant":
        return 1.0
    return 1 - done if schedule == "linear" else (1 + math.cos(math.pi * done)) / 2


def clip_gradients(learner: Learner, max_norm: float) -> None:
    """Scale gradients down to a norm over all trained parameters.

    Parameters
    ----------
    learner : Learner
        Whose parameters.
    max_norm : float
        The largest norm; 0 for any.
    """
    if max_norm:
        trained = [one for part in learner.parts().values() for one in part]
        nn.utils.clip_grad_norm_(trained, max_norm)
