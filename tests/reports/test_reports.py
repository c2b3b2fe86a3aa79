"""What all reports have in common."""

import subprocess
import sys

from src import reports
from src.utils.config import ROOT


def test_a_report_is_light_to_load() -> None:
    """Whoever only counts files should not wait for what trains."""
    heavy = ("torch", "sklearn", "matplotlib", "transformers", "jinja2", "pandas")
    code = f"import sys, src.reports; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_report_is_found_in_one_place() -> None:
    assert all(hasattr(reports, name) for name in reports.__all__)
    others = {"render_text", "document_prediction", "VerdictLines"}
    assert all(name.startswith("report_") for name in {*reports.__all__} - others)
