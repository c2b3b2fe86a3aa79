"""What a stage prints, as text."""

from typing import Any

from src import reports


def told(name: str, *given: Any, **more: Any) -> str:
    """Return what `reports.report_NAME` prints."""
    return reports.render_text(getattr(reports, f"report_{name}")(*given, **more))
