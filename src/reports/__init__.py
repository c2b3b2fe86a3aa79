"""What each stage prints when it has ended: `print(render_text(report_x(...)))`.

All of it is light to load: a stage that ends soon should not wait for the libraries of the others.
"""

from src.reports.adaptation import report_adaptation
from src.reports.audit import (
    report_audit,
    report_audited,
    report_findings,
    report_matching,
)
from src.reports.dataset import (
    report_amplitudes,
    report_derived,
    report_durations,
    report_prepared,
    report_rejected,
    report_scan,
    report_split,
)
from src.reports.detectors import report_detectors
from src.reports.embeddings import report_extraction, report_projection
from src.reports.evaluation import report_evaluation, report_score_evaluation, report_sets
from src.reports.export import report_export
from src.reports.fusion import report_fusion
from src.reports.models import (
    report_networks,
    report_probe,
    report_search,
    report_training,
    report_trainings,
)
from src.reports.predict import (
    VerdictLines,
    document_prediction,
    report_detector,
    report_prediction,
)
from src.reports.pretraining import report_pretraining
from src.reports.released import report_calibrated, report_imported
from src.reports.results import (
    report_combinations,
    report_comparison,
    report_listing,
    report_pipeline,
    report_search_line,
)
from src.reports.robustness import report_robustness
from src.reports.spoofs import report_spoofs
from src.reports.version import report_version
from src.results.blocks.text import render_text

__all__ = [
    "VerdictLines",
    "document_prediction",
    "render_text",
    "report_adaptation",
    "report_amplitudes",
    "report_audit",
    "report_audited",
    "report_calibrated",
    "report_combinations",
    "report_comparison",
    "report_derived",
    "report_detector",
    "report_detectors",
    "report_durations",
    "report_evaluation",
    "report_export",
    "report_extraction",
    "report_findings",
    "report_fusion",
    "report_imported",
    "report_listing",
    "report_matching",
    "report_networks",
    "report_pipeline",
    "report_prediction",
    "report_prepared",
    "report_pretraining",
    "report_probe",
    "report_projection",
    "report_rejected",
    "report_robustness",
    "report_scan",
    "report_score_evaluation",
    "report_search",
    "report_search_line",
    "report_sets",
    "report_split",
    "report_spoofs",
    "report_training",
    "report_trainings",
    "report_version",
]
