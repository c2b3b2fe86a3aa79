"""A learner that is trained in no time, and what it learns from."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from src.networks.trainer.learner import BACK, FRONT, Learner, Measured

SIZE = 4


class ToyLearner(Learner):
    """Two layers, of which the first one is the front."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.front, self.back = nn.Linear(SIZE, 8), nn.Linear(8, 1)
            self.unused = nn.Linear(2, 2)
        self.dropout = nn.Dropout(dropout)
        self.steps: list[tuple[int, int]] = []

    def forward(self, batch: Mapping[str, Tensor]) -> Tensor:
        outputs = self.back(self.dropout(torch.relu(self.front(batch["x"]))))[:, 0]
        return nn.functional.binary_cross_entropy_with_logits(outputs.float(), batch["y"])

    def parts(self) -> Mapping[str, list[nn.Parameter]]:
        return {
            part: [one for one in module.parameters() if one.requires_grad]
            for part, module in ((FRONT, self.front), (BACK, self.back))
        }

    def begin_step(self, step: int, steps: int) -> None:
        self.steps.append((step, steps))


class ToyExamples:
    """Two clouds of points, drawn anew each epoch."""

    def __init__(self, count: int = 20, unread: tuple[int, ...] = ()) -> None:
        self.count, self.unread = count, unread

    def __len__(self) -> int:
        return self.count

    def example(self, epoch: int, number: int) -> Mapping[str, np.ndarray] | None:
        if number in self.unread:
            return None
        label = number % 2
        point = np.random.default_rng([epoch, number]).normal(size=SIZE) + 2 * label
        return {"x": point.astype(np.float32), "y": np.array(label, np.float32)}


class ToyValidator:
    """Measures on points of its own; the EER is what is asked for, epoch by epoch."""

    def __init__(self, eers: tuple[float, ...] | None = None) -> None:
        self.eers, self.calls = eers, 0

    def measure(self, learner: Learner) -> Measured:
        assert not learner.training
        assert not torch.is_grad_enabled()
        found = [ToyExamples().example(99, number) for number in range(8)]
        batch = {name: torch.from_numpy(np.stack([one[name] for one in found])) for name in "xy"}
        eer = None if self.eers is None else self.eers[min(self.calls, len(self.eers) - 1)]
        self.calls += 1
        return Measured(float(learner(batch)), 0.5, eer, {"points": 8.0})
