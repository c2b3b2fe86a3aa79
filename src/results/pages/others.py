"""The pages of runs that hold no detector of ours: projections, layer probes, foreign scores."""

from pathlib import Path

from src.models.probe import TABLE as PROBE_TABLE
from src.results.blocks import html as page
from src.results.outcomes import read_tests
from src.results.sections.evaluation import tell_test
from src.results.sections.origin import subtitle, tell_provenance, tell_settings
from src.results.sections.probe import tell_probe
from src.results.wording import explain_eer, explain_threshold, explain_verdicts, sentence, tell_eer
from src.utils.runs import Run


def projection_parts(run: Run, runs: Path) -> list[str]:
    """Return the parts of the page of a projection."""
    method = str(run.settings.get("method", ""))
    picture = run.folder / f"{method}.png"
    split = run.settings.get("split", "a split")
    return [
        subtitle(run),
        page.verdict(
            "A picture to look at, not a measurement.",
            [
                "Neighbours were alike for the backbone. How far groups lie from each other, and "
                "how large they are, says little.",
                "Classes that part here can be told apart, but whether by the voice or by "
                "something else, such as the source, the picture does not tell.",
            ],
            False,
        ),
        page.image(picture, f"Clips of {split} in the plane") if picture.is_file() else "",
        page.paragraph(f"{method}.csv beside this page has the place of every clip.", "soft"),
        *_tail(run),
    ]


def probe_parts(run: Run, runs: Path) -> list[str]:
    """Return the parts of the page of a layer probe.

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
    return [
        subtitle(run),
        page.verdict(text, points, not run.is_complete),
        *tell_probe(run.folder / PROBE_TABLE),
        *_tail(run),
    ]


def evaluation_parts(run: Run, runs: Path) -> list[str]:
    """Return the parts of the page of scores that another system made.

    Raises
    ------
    AudiosError
        When the results are damaged.
    """
    head = [subtitle(run)]
    found = read_tests(run).main
    if found is None:
        status = run.manifest.get("status", "unknown")
        return [*head, page.verdict(f"No results are there ({status}).", [], True), *_tail(run)]
    outcome, results = found
    points = [explain_eer(results), *map(sentence, results.warnings)]
    points += [explain_threshold(results), explain_verdicts(results)]
    if "validation_scores" not in run.settings:
        points.append(
            "The scores were taken for log-likelihood ratios as they are: actDCF, Cllr and "
            "verdicts hold for such alone."
        )
    verdict = page.verdict(tell_eer(results), points, bool(results.warnings))
    return [*head, verdict, *tell_test(outcome, results), *_tail(run)]


def _tail(run: Run) -> list[str]:
    return [*tell_settings(run), *tell_provenance(run)]
