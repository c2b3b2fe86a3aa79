"""The MLP's training written out, against autograd, torch's schedule and itself alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from src.models.mlp.course import Course
from src.models.mlp.model import MlpClassifier
from src.models.mlp.networks import Batch, Networks
from src.models.mlp.problem import Problem, Trained
from src.models.mlp.training import NAMES, train_as_one, train_together
from src.utils.errors import AudiosError

SETTINGS = MlpClassifier.defaults | {
    "hidden_size": 10,
    "dropout": 0.3,
    "epochs": 12,
    "batch_size": 32,
    "learning_rate": 0.01,
    "weight_decay": 0.001,
}


def draw(clips: int, seed: int, layers: int = 0, gap: float = 1.0) -> tuple[Tensor, Tensor]:
    """Two classes that overlap; of several layers, in the last one alone."""
    chance = torch.Generator().manual_seed(seed)
    y = (torch.arange(clips) % 2).float()
    x = torch.randn(clips, *(layers,) * (layers > 0), 6, generator=chance)
    (x[:, -1] if layers else x)[:] += gap * (y[:, None] - 0.5)
    return x, y


def problem(clips: int = 100, seed: int = 0, layers: int = 0, gap: float = 1.0) -> Problem:
    x, y = draw(clips, seed, layers, gap)
    x_val, y_val = draw(60, seed + 100, layers, gap)
    weights = 0.5 + torch.rand(clips, generator=torch.Generator().manual_seed(seed))
    return Problem(x, y, weights, x_val, y_val, torch.ones(60), seed)


def assert_same(one: Trained, other: Trained) -> None:
    assert one.history.best == other.history.best
    for name in NAMES:
        torch.testing.assert_close(one.weights[name], other.weights[name], rtol=1e-3, atol=1e-5)
    if one.layer_logits is not None:
        torch.testing.assert_close(one.layer_logits, other.layer_logits, rtol=1e-3, atol=1e-5)
    for curve in ("train_losses", "val_losses", "val_accuracies", "val_eers"):
        np.testing.assert_allclose(
            getattr(one.history, curve), getattr(other.history, curve), rtol=1e-4
        )


def as_module(trained: Trained) -> nn.Sequential:
    hidden, dim = trained.weights["0.weight"].shape
    network = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, 1))
    network.load_state_dict(trained.weights)
    return network.eval()


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("layers", [0, 3])
def test_gradients_are_autograds(layers: int, dropout: float) -> None:
    x, _ = draw(50, 1, layers)
    chances = [torch.Generator().manual_seed(seed) for seed in (1, 2)]
    networks = Networks(6, 10, layers, chances, dropout, 0.0, torch.device("cpu"))
    if layers:
        networks._values[-1].normal_()
    rows = torch.randint(50, (2, 8))
    labels = torch.randint(2, (2, 8, 1)).float()
    counts = torch.rand(2, 8, 1)
    out = torch.empty(2, 8, 1)
    with torch.no_grad():
        found = networks.find_gradients(x.flatten(1), Batch(rows, (8, 8), labels, counts), out)
    kept = networks._workspace(2, 8, x.flatten(1).shape[1]).bits >= networks._least
    assert not dropout or 0.2 < (~kept).float().mean() < 0.6
    for number in range(2):
        values = [one.requires_grad_() for one in networks.weights(number)]
        vectors = x[rows[number]]
        if layers:
            vectors = (values[4].softmax(0)[:, None] * vectors).sum(1)
        hidden = torch.relu(vectors @ values[0].T + values[1])
        if dropout:
            hidden = hidden * kept[number] / (1 - dropout)
        logits = hidden @ values[2].T + values[3]
        torch.testing.assert_close(out[number], logits)
        (
            binary_cross_entropy_with_logits(logits, labels[number], reduction="none")
            * counts[number]
        ).sum().backward()
        for value, gradient in zip(values, found, strict=True):
            torch.testing.assert_close(gradient[number].view_as(value), value.grad)


def test_it_trains_as_torchs_own_modules_do() -> None:
    """Without dropout, whose chances are other ones."""
    given = problem(clips=90)
    settings = SETTINGS | {"dropout": 0.0, "epochs": 6}
    [trained] = train_together([given], settings)
    torch.manual_seed(given.seed)
    network = nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Dropout(0.0), nn.Linear(10, 1))
    chance = torch.Generator()
    chance.set_state(torch.get_rng_state())
    torch.randint(2**62, (), generator=chance)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, weight_decay=0.001)
    for epoch in range(6):
        total = 0.0
        for rows in torch.randperm(90, generator=chance).split(32):
            optimizer.zero_grad()
            logits = network(given.x[rows]).squeeze(1)
            loss = binary_cross_entropy_with_logits(logits, given.y[rows], given.weights[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows) / 90
        assert trained.history.train_losses[epoch] == pytest.approx(total, rel=1e-4)
    assert trained.history.best == 5
    for name, values in network.state_dict().items():
        torch.testing.assert_close(trained.weights[name], values, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("layers", [0, 3])
def test_alone_and_together_are_the_same(layers: int) -> None:
    """Folds of other numbers of clips and batches, of which some stop before others."""
    problems = [problem(clips, clips, layers) for clips in (60, 97, 20, 128)]
    settings = SETTINGS | {"patience": 2, "epochs": 30, "learning_rate": 0.03}
    alone = [train_together([one], settings)[0] for one in problems]
    assert len({len(one.history.val_losses) for one in alone}) > 1
    for together in (train_together, train_as_one):
        for one, other in zip(alone, together(problems, settings), strict=True):
            assert_same(one, other)


def test_seeds_of_one_training_are_different_networks() -> None:
    given = problem()
    seeds = [replace(given, seed=seed) for seed in (3, 4, 3)]
    one, other, again = train_as_one(seeds, SETTINGS)
    assert_same(one, again)
    assert (one.weights["0.weight"] - other.weights["0.weight"]).abs().max() > 0.1
    assert_same(one, train_together(seeds[:1], SETTINGS)[0])


@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_same_network(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit, however many threads there are, whatever was drawn in between."""
    before = torch.get_num_threads()
    problems = [problem(seed=seed) for seed in range(3)]
    first = train_together(problems, SETTINGS)
    torch.set_num_threads(threads)
    try:
        torch.rand(3)
        drawn = torch.get_rng_state()
        again = train_together(problems, SETTINGS)
        assert torch.equal(drawn, torch.get_rng_state())
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for one, other in zip(first, again, strict=True):
        assert all(torch.equal(one.weights[name], other.weights[name]) for name in NAMES)
        np.testing.assert_array_equal(one.history.val_losses, other.history.val_losses)


def test_the_weights_of_the_best_epoch_are_kept() -> None:
    given = problem(clips=40, gap=0.5)
    settings = SETTINGS | {"epochs": 200, "learning_rate": 0.05, "patience": 5}
    [trained] = train_together([given], settings)
    history = trained.history
    assert len(history.val_losses) == history.best + 6 < 200
    assert history.val_losses[history.best] == history.val_losses.min()
    with torch.no_grad():
        logits = as_module(trained)(given.x_val).squeeze(1)
        loss = binary_cross_entropy_with_logits(logits, given.y_val)
    assert float(loss) == pytest.approx(history.val_losses.min(), rel=1e-4)


def test_a_clip_of_weight_two_is_one_given_twice() -> None:
    """One batch an epoch, so that both come in the same order of steps; no dropout."""
    x, y = draw(30, 1)
    once = problem()
    settings = SETTINGS | {"batch_size": 1000, "dropout": 0.0}
    weights = torch.ones(30)
    weights[:10] = 2
    weighted = replace(once, x=x, y=y, weights=weights * 30 / 40)
    twice = [torch.cat([array, array[:10]]) for array in (x, y)]
    doubled = replace(once, x=twice[0], y=twice[1], weights=torch.ones(40))
    assert_same(*(train_together([one], settings)[0] for one in (weighted, doubled)))
    plain = train_together([replace(weighted, weights=torch.ones(30))], settings)[0]
    other = train_together([weighted], settings)[0]
    assert (plain.weights["0.weight"] - other.weights["0.weight"]).abs().max() > 1e-3


def test_validation_clips_count_by_their_weights() -> None:
    given = problem()
    weights_val = torch.zeros(60)
    weights_val[:20] = 3
    fewer = replace(given, x_val=given.x_val[:20], y_val=given.y_val[:20])
    fewer = replace(fewer, weights_val=torch.ones(20))
    weighted, cut = (
        train_together([one], SETTINGS)[0].history.val_losses
        for one in (replace(given, weights_val=weights_val), fewer)
    )
    np.testing.assert_allclose(weighted, cut, rtol=1e-5)


def test_layers_that_tell_nothing_are_weighed_down() -> None:
    given = problem(clips=300, layers=4, gap=1.5)
    settings = SETTINGS | {"epochs": 40, "patience": 40, "weight_decay": 0.0}
    [trained] = train_together([given], settings)
    shares = trained.layer_logits.softmax(0)
    assert shares.shape == (4,)
    assert shares[3] > 2 * shares[:3].max()
    assert trained.history.val_eers[trained.history.best] < 0.15
    assert train_together([problem()], SETTINGS)[0].layer_logits is None


def test_a_loss_that_is_never_finite_is_told() -> None:
    """Of one among several as well."""
    settings = SETTINGS | {"learning_rate": 1e30}
    with pytest.raises(AudiosError, match=r"loss is not a finite number with .*1e\+30"):
        train_together([problem()], settings)
    broken = replace(problem(), x_val=torch.full((60, 6), 3e38))
    with pytest.raises(AudiosError, match="loss is not a finite number"):
        train_together([problem(), broken], SETTINGS)


def test_the_learning_rate_falls_as_torchs_schedule_has_it() -> None:
    losses = [1.0, 0.9, 0.95, 0.9, 0.89999, 0.91, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
    settings = SETTINGS | {"patience": 4, "epochs": 100, "learning_rate": 3e-8}
    course = Course(settings)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=3e-8)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
    scores, labels = np.array([0.0, 1.0]), np.array([0, 1])
    for loss in losses:
        course.goes_on(1.0, loss, scores, labels, tuple)
        schedule.step(loss)
        assert course.rate == optimizer.param_groups[0]["lr"]
    assert course.rate == 1.5e-8


def test_a_batch_larger_than_the_set_is_the_whole_set() -> None:
    given = problem(clips=20)
    large = train_together([given], SETTINGS | {"batch_size": 1_000_000})[0]
    assert_same(large, train_together([given], SETTINGS | {"batch_size": 20})[0])
