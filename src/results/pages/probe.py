"""The page of a layer probe: the best layer and the EER of every other."""

from pathlib import Path

from src.models.probe import TABLE
from src.results.blocks.blocks import Block, Verdict
from src.results.sections.probe import probe
from src.utils.runs import Run


def probe_page(run: Run, runs: Path) -> list[Block]:
    """Return what the page of a layer probe tells.

    Parameters
    ----------
    run : Run
        The probe.
    runs : pathlib.Path
        The runs folder.

    Raises
    ------
    AudiosError
        When its table is damaged.
    """
    best = run.manifest.get("results", {})
    text = "The probe has not ended."
    if "eer" in best:
        text = (
            f"Best: layer {best['layer']}, {best['pooling']}, with an EER of {best['eer']:.1%} "
            f"(standard error {best['standard_error']:.1%}, {best['folds']} folds)."
        )
    points = ["It is measured on the clips of training and validation; the test is not touched."]
    return [Verdict(text, points, not run.is_complete), *probe(run.folder / TABLE)]
