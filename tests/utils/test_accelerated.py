"""The fast estimators: taken where they work, done without where not, and held to their threads."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest
import threadpoolctl

from src.utils import accelerated as room
from src.utils.accelerated import accelerated, limit_threads, n_threads, one_thread
from src.utils.config import ROOT

NAMES = ["RandomForestClassifier", "SVC", "TSNE"]
needs_onedal = pytest.mark.skipif(
    find_spec("sklearnex") is None, reason="needs scikit-learn-intelex (requirements-fast.txt)"
)


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    accelerated.cache_clear()
    yield
    accelerated.cache_clear()


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(room, "_limits", [])
    daal4py = sys.modules.get("daal4py")
    before = daal4py.num_threads() if daal4py else None
    with threadpoolctl.threadpool_limits():
        yield
    if daal4py:
        daal4py.daalinit(before)


@pytest.mark.parametrize("name", NAMES)
def test_without_the_package_there_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "find_spec", lambda _: None)
    assert accelerated(name) is None


def test_what_does_not_work_here_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(name: str) -> None:
        raise OSError("libonedal.so: cannot open shared object file")

    monkeypatch.setattr(room, "find_spec", lambda _: object())
    monkeypatch.setattr(room, "import_module", fail)
    assert accelerated("SVC") is None
    assert accelerated("SVC") is None
    [told] = caplog.messages
    assert told.startswith("scikit-learn-intelex cannot be used here (OSError('libonedal.so")


@needs_onedal
@pytest.mark.parametrize("name", NAMES)
def test_where_it_is_installed_it_computes(name: str, caplog: pytest.LogCaptureFixture) -> None:
    found = accelerated(name)
    assert found is not None
    caplog.set_level(logging.INFO, logger="sklearnex")
    x = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    asked = {"TSNE": {"perplexity": 5}}.get(name, {})
    model = found(**asked)
    model.fit(x, (x[:, 0] > 0).astype(int))
    told = [text for text in caplog.messages if "running accelerated version" in text]
    assert told
    assert not [text for text in caplog.messages if "fallback" in text]


@needs_onedal
def test_scikit_learn_is_left_as_it_is() -> None:
    code = (
        "from src.utils.accelerated import accelerated; accelerated('SVC'); accelerated('TSNE');"
        "from sklearn.svm import SVC; from sklearn.manifold import TSNE;"
        "print(SVC.__module__, TSNE.__module__)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["sklearn.svm._classes", "sklearn.manifold._t_sne"]


def test_threads_are_limited(limits: None) -> None:
    limit_threads(1)
    assert n_threads() == 1
    np.ones((2, 2)) @ np.ones((2, 2))
    assert {info["num_threads"] for info in threadpoolctl.threadpool_info()} == {1}


@needs_onedal
def test_threads_of_onedal_are_limited_whenever_it_is_loaded(limits: None) -> None:
    accelerated("SVC")
    import daal4py

    limit_threads(1)
    assert daal4py.num_threads() == 1
    daal4py.daalinit(2)
    accelerated.cache_clear()
    accelerated("SVC")
    assert daal4py.num_threads() == 1


@needs_onedal
def test_one_thread_is_for_a_while(limits: None) -> None:
    accelerated("TSNE")
    import daal4py

    before = daal4py.num_threads()
    with pytest.raises(ValueError, match="within"), one_thread():
        assert daal4py.num_threads() == 1
        raise ValueError("within")
    assert daal4py.num_threads() == before
