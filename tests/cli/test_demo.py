"""The demonstration from beginning to end, in a folder of its own."""

import json

import pytest

from src.demo.run import run_demo
from src.models.registry import CLASSIFIERS
from src.utils.config import DEMO_MARKER
from tests.visualize.reading import read_page


@pytest.mark.slow
def test_demo_ends_with_detectors_and_pages(tmp_path):
    told, n = [], len(CLASSIFIERS)
    result = run_demo(tmp_path / "demo", told.append)
    assert list(result.table["backbone"]) == ["acoustic"] * n + ["wav2vec2"] * n
    assert list(result.table["classifier"]) == [*CLASSIFIERS] * 2
    assert result.table["test_eer"].between(0, 1).all()
    # Simple vocoders on steady voices: whoever can hear anything tells them from the originals.
    assert result.table.query("backbone == 'acoustic'")["test_eer"].min() < 0.35
    # The audit, two projections of each backbone, a study and a run of each detector.
    assert len(result.pages) == 1 + 2 * 2 + 2 * n * 2
    for path in result.pages:
        read_page(path)
    text = "\n".join(told)
    assert "stand-in" in text
    for stage in ("GenerateDatasetCSV", "NormalizeDataset", "AddNoise", "SplitDataset"):
        assert stage in text
    assert (tmp_path / "demo" / DEMO_MARKER).is_file()
    manifests = [json.loads(p.read_text()) for p in (tmp_path / "demo").rglob("run*/manifest.json")]
    assert manifests
    assert all(manifest["status"] == "complete" for manifest in manifests)
