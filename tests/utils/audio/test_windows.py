"""The Hann window, to the last bit that of scipy."""

import numpy as np
import pytest
from scipy.signal import get_window

from src.utils.audio.windows import hann


@pytest.mark.parametrize("length", [2, 3, 400, 511, 512, 2048])
def test_equals_that_of_scipy(length: int) -> None:
    np.testing.assert_array_equal(hann(length), get_window("hann", length))
