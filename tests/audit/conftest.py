"""What the tests of the audit share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from src.audit import audit, shortcuts
from src.utils.config import LABELS
from tests.audit.planting import Clip, write_corpus


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Boosting a hundred clips takes longer in threads than without."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def few_trees(monkeypatch) -> None:
    """A tenth of the trees, which are enough for what one nuisance gives away."""

    def boosting(**given):
        return HistGradientBoostingClassifier(**given | {"max_iter": 10})

    monkeypatch.setattr(shortcuts, "HistGradientBoostingClassifier", boosting)


@pytest.fixture
def no_figures(monkeypatch) -> None:
    """Figures of a few bytes, where they are not looked at."""

    def draw(*given, data: str) -> None:
        assert data
        given[-1].write_bytes(b"\x89PNG")

    monkeypatch.setattr(audit, "plot_shortcuts", draw)
    monkeypatch.setattr(audit, "plot_nuisances", draw)


@pytest.fixture
def corpus(tmp_path: Path, speech: Callable) -> Callable:
    """Write clips as a data set of a name."""

    def make(name: str, clips: list[Clip]):
        return write_corpus(tmp_path / name, clips, speech)

    return make


@pytest.fixture
def measured() -> Callable[..., pd.DataFrame]:
    """Make a files table with nuisances, equal in all clips unless columns are given."""

    def make(speakers: int = 20, takes: int = 2, **columns) -> pd.DataFrame:
        rows = [
            (f"{label}/s{number}-{take}.wav", f"s{number}", label)
            for number in range(speakers)
            for label in LABELS
            for take in range(takes)
        ]
        table = pd.DataFrame(rows, columns=["file", "speaker", "label"])
        nothing = dict.fromkeys(("id", "gender", "attack", "source", "language"), "")
        same = {
            "duration": 2.0,
            "peak": 0.5,
            "rms": -20.0,
            "dc_offset": 0.0,
            "leading_silence": 0.1,
            "trailing_silence": 0.1,
            "silence_ratio": 0.2,
            "digital_silence": 0.0,
            "noise_floor": -60.0,
            "sample_rate": 16_000,
            "bandwidth": 8000.0,
            "bit_depth": 16,
            "clipping": 0.0,
            "format": "WAV PCM_16",
            "encoder": "",
            "channels": 1,
            "bit_rate": 0,
            "original_rate": 0,
            "sha256": [f"{n:064x}" for n in range(len(table))],
        }
        return table.assign(**(nothing | same | columns))

    return make
