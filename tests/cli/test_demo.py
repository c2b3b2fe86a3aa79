"""The demonstration from beginning to end, in a folder of its own."""

import json

import matplotlib.pyplot as plt
import pytest

from src.clean import find_removable
from src.demo.pictures import AUDIT, REPORT, VERDICT
from src.demo.run import run_demo
from src.models.registry import CLASSIFIERS
from src.utils.config import DEMO_MARKER, DEMO_PICTURES
from tests.visualize.reading import read_page


@pytest.mark.slow
def test_demo_ends_with_detectors_and_pages(tmp_path):
    told, n = [], len(CLASSIFIERS)
    # Fewer trials than it makes: what more of them do is tried where searches are.
    result = run_demo(tmp_path / "demo", told.append, n_trials=2)
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
    for name in (REPORT, AUDIT, VERDICT):
        height, width, _ = plt.imread(tmp_path / "demo" / DEMO_PICTURES / name).shape
        assert width > 800 and height > 400
        # Small enough to be committed.
        assert (tmp_path / "demo" / DEMO_PICTURES / name).stat().st_size < 100_000
    left = [removal.left for removal in find_removable("demo", tmp_path / "demo")]
    assert not any(left), "Clean does not know all that Demo writes"
    manifests = [json.loads(p.read_text()) for p in (tmp_path / "demo").rglob("run*/manifest.json")]
    assert manifests
    assert all(manifest["status"] == "complete" for manifest in manifests)
