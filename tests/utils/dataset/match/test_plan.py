"""What is planned for each recording."""

import math

import numpy as np
import pandas as pd
import pytest

from src.utils.dataset.match import MatchSettings
from src.utils.dataset.match.plan import ClipPlan, plan_matching


@pytest.fixture
def files() -> pd.DataFrame:
    """Ten bona-fide clips of 2 to 3.8 s, twenty spoofs of 1 to 5.75 s."""
    chance = np.random.default_rng(0)
    labels = np.repeat(["bona-fide", "spoof"], (10, 20))
    seconds = np.r_[2 + 0.2 * np.arange(10), 1 + 0.25 * np.arange(20)]
    table = pd.DataFrame(
        {
            "file": [f"{n}.wav" for n in range(30)],
            "label": labels,
            "duration": seconds,
            "peak": 0.5,
            "leading_silence": 0.2,
            "trailing_silence": 0.1,
            "silence_ratio": 0.25,
            "rms": chance.uniform(-30, -20, 30),
            "noise_floor": np.where(labels == "spoof", -80.0, -60.0) + chance.normal(0, 3, 30),
            "bandwidth": np.where(labels == "spoof", 4000.0, 8000.0),
        }
    )
    # The rows' order must not matter.
    return table.sample(frac=1, random_state=1)


def plan_of(files: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    settings = MatchSettings(**wanted).decide([])
    plan = plan_matching(files, settings)
    assert list(plan) == files["file"].tolist()
    rows = pd.DataFrame([vars(one) for one in plan.values()], index=files.index)
    return files.join(rows)


def test_nothing_to_do(files: pd.DataFrame) -> None:
    plan = plan_matching(files, MatchSettings().decide([]))
    assert set(map(repr, plan.values())) == {repr(ClipPlan(math.nan, math.nan, math.nan))}


@pytest.mark.parametrize(
    ("silence", "kept"),
    [
        ("keep", lambda seconds: seconds),
        ("trim", lambda seconds: seconds - 0.3),
        ("shorten", lambda seconds: 0.75 * seconds),
    ],
)
def test_lengths(files: pd.DataFrame, silence: str, kept) -> None:
    planned = plan_of(files, duration="match", silence=silence)
    there = kept(planned["duration"])
    # Every recording is long enough for what it is cut to, and is cut.
    assert (planned["seconds"] < there + 1e-6).all()
    by_label = planned.groupby("label")["seconds"]
    for quantile in (0.2, 0.5, 0.8, 1.0):
        real, fake = by_label.quantile(quantile)
        assert real == pytest.approx(fake, rel=0.1)
    # The longest of both classes get nine tenths of the shorter one.
    longest = 0.9 * min(there[planned["label"] == label].max() for label in ("bona-fide", "spoof"))
    assert by_label.max().tolist() == pytest.approx([longest, longest])
    # Order is kept: who was longer stays longer.
    for _, part in planned.groupby("label"):
        assert part.sort_values("duration")["seconds"].is_monotonic_increasing


def test_noise_floors(files: pd.DataFrame) -> None:
    planned = plan_of(files, noise="match")
    relative = planned["noise_floor"] - planned["rms"]
    # Noise is only ever added, and to all.
    assert (planned["floor"] >= relative + 1 - 1e-6).all()
    medians = planned.groupby("label")["floor"].median()
    assert medians["bona-fide"] == pytest.approx(medians["spoof"], abs=2)


@pytest.mark.parametrize(("rate", "edge"), [(16_000, 0.95 * 4000), (8000, 0.95 * 4000)])
def test_bandwidth(files: pd.DataFrame, rate: int, edge: float) -> None:
    planned = plan_of(files, low_pass="match", sample_rate=rate)
    assert set(planned["low_pass"]) == {edge}
    # One in ten of the narrower class may be narrower still.
    files.loc[files.index[files["label"] == "spoof"][0], "bandwidth"] = 500.0
    assert set(plan_of(files, low_pass="match", sample_rate=rate)["low_pass"]) == {edge}


def test_never_above_what_the_rate_holds(files: pd.DataFrame) -> None:
    planned = plan_of(files.assign(bandwidth=20_000.0), low_pass="match")
    assert set(planned["low_pass"]) == {0.95 * 8000}


def test_one_class(files: pd.DataFrame) -> None:
    part = files[files["label"] == "spoof"]
    planned = plan_of(part, duration="match", noise="match", low_pass="match")
    np.testing.assert_allclose(planned["seconds"], 0.9 * planned["duration"], rtol=0.3)
    assert planned[["seconds", "floor", "low_pass"]].notna().all(axis=None)


NEEDED = {"duration": "match", "noise": "match", "low_pass": "match"}


def test_what_cannot_be_used_decides_nothing(files: pd.DataFrame) -> None:
    bad = files.head(3).assign(
        file=["silent.wav", "short.wav", "shorter.wav"],
        peak=[0.0, 0.5, 0.5],
        duration=[0.5, 0.39, 0.01],
        bandwidth=[0.0, 100.0, 100.0],
    )
    more = plan_matching(pd.concat([files, bad]), MatchSettings(**NEEDED).decide([]))
    for file in bad["file"]:
        assert repr(more.pop(file)) == repr(ClipPlan())
    assert more == plan_matching(files, MatchSettings(**NEEDED).decide([]))
