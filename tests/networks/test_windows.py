"""What of a recording a network is given."""

import numpy as np
import pytest

from src.networks.network import Network
from src.networks.settings import Covers, NetworkSettings
from src.networks.trained import TrainedNetwork
from src.networks.windows import FEWEST_SAMPLES, cut_windows


@pytest.mark.parametrize(("length", "shape"), [(10, (1, 400)), (700, (1, 700)), (2500, (3, 1000))])
def test_a_recording_that_is_covered_whole(length: int, shape: tuple[int, int]) -> None:
    wave = np.arange(length, dtype=np.float32)
    windows = cut_windows(wave, 1000, Covers.WHOLE)
    assert windows.shape == shape
    assert windows[-1, -1] == (FEWEST_SAMPLES - 1) % length if length < 400 else length - 1


def test_recordings_of_different_lengths_are_scored_together() -> None:
    settings = NetworkSettings(
        "raw", "aasist", samples=8000, covers=Covers.WHOLE, back={"variant": "aasist-l"}
    )
    trained = TrainedNetwork(settings, Network.make(settings))
    random = np.random.default_rng(7)
    waves = [random.normal(0, 0.1, size).astype(np.float32) for size in (5000, 6000, 17_000)]
    prepared = [trained.prepare(wave) for wave in waves]
    assert [one.shape for one in prepared] == [(1, 5000), (1, 6000), (3, 8000)]
    together = trained.vectors(prepared)
    alone = np.concatenate([trained.vectors([one]) for one in prepared])
    np.testing.assert_allclose(together, alone, atol=1e-5)
