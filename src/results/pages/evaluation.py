"""The page of scores that another system made: what they are worth."""

from pathlib import Path

from src.results.blocks.blocks import Block, Verdict
from src.results.outcomes import read_tests
from src.results.sections.evaluation import main_test
from src.results.sections.warnings import warnings_of_test
from src.results.wording import (
    eer_sentence,
    explain_eer,
    explain_threshold,
    explain_verdicts,
    sentence,
)
from src.utils.runs import Run


def evaluation_page(run: Run, runs: Path) -> list[Block]:
    """Return what the page of evaluated scores tells.

    Parameters
    ----------
    run : Run
        The evaluation.
    runs : pathlib.Path
        The runs folder.

    Raises
    ------
    AudiosError
        When the results are damaged.
    """
    found = read_tests(run).main
    if found is None:
        return [Verdict(f"No results are there ({run.status}).", is_bad=True)]
    outcome, results = found
    beware = warnings_of_test(results)
    points = [explain_eer(results), *map(sentence, beware)]
    points += [explain_threshold(results), explain_verdicts(results)]
    if "validation_scores" not in run.settings:
        points.append(
            "The scores were taken for log-likelihood ratios as they are: actDCF, Cllr and "
            "verdicts hold for such alone."
        )
    verdict = Verdict(eer_sentence(results), points, bool(beware))
    return [verdict, *main_test(outcome, results)]
