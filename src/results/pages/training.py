"""The page of a training: what the detector is worth, and where it comes from."""

from pathlib import Path
from typing import Any

from src.evaluation.results import Results
from src.models.calibrate import VALIDATION_SCORES, calibration_of
from src.models.probe import TABLE as PROBE_TABLE
from src.results.audits import AuditNote, note_audit
from src.results.blocks import html as page
from src.results.facts import Data, dataset_of, limits_of_use
from src.results.naming import command_to_test
from src.results.outcomes import Outcome, Tests, read_tests
from src.results.sections.data import tell_data
from src.results.sections.evaluation import tell_briefly, tell_test
from src.results.sections.origin import (
    subtitle,
    tell_audit,
    tell_hyperparameters,
    tell_provenance,
    tell_settings,
)
from src.results.sections.probe import tell_probe
from src.results.sections.validation import tell_validation
from src.results.wording import (
    explain_eer,
    explain_threshold,
    explain_verdicts,
    sentence,
    tell_eer,
)
from src.utils.config import BY_UTTERANCE, SAME_VOICES
from src.utils.runs import MODEL_CARD, Run


def run_parts(run: Run, runs: Path) -> list[str]:
    """Return the parts of the page of a training.

    Raises
    ------
    AudiosError
        When what the run holds is damaged.
    """
    tests = read_tests(run)
    note = note_audit(runs, run.manifest.get("dataset"))
    parts = [subtitle(run)]
    if tests.main is not None:
        outcome, results = tests.main
        parts += [_verdict(run, outcome, results, note), *tell_test(outcome, results)]
        data = Data.of(run, outcome)
    else:
        parts += [*_untested(run, runs, tests, note), *tell_validation(run)]
        data = Data.of(run)
    for other in tests.others:
        parts += _further(run, runs, *other)
    parts += tell_data(run, data)
    if tests.main is not None:
        limits = page.bullets(limits_of_use(run, data, *tests.main))
        parts += [page.heading("Limits of use"), limits]
    parts += [*_training(run), *tell_audit(note)]
    parts += tell_hyperparameters(run.settings.get("hyperparameters", {}))
    parts += tell_settings(run, "hyperparameters")
    return [part for part in [*parts, *tell_provenance(run)] if part]


def _verdict(run: Run, outcome: Outcome, results: Results, note: AuditNote) -> str:
    beware = [sentence(text) for text in _beware(run, results, note)]
    points = [explain_eer(results), *beware]
    if not outcome.is_own:
        points.append(f"Tested on another data set than its own: {outcome.title}.")
    points += [explain_threshold(results), explain_verdicts(results)]
    if not note.flags:
        points.append(note.text)
    return page.verdict(tell_eer(results), points, bool(beware))


def _beware(run: Run, results: Results, note: AuditNote) -> list[str]:
    voices = [SAME_VOICES] if run.settings.get("units") == BY_UTTERANCE else []
    return [*results.warnings, *voices, *filter(None, [note.warning])]


def _untested(run: Run, runs: Path, tests: Tests, note: AuditNote) -> list[str]:
    if not run.is_complete:
        status = run.manifest.get("status", "unknown")
        text = f"This training is {status}: there is no detector to judge."
        return [page.verdict(text, [], True)]
    if any(not outcome.gender for outcome, _ in tests.others):
        text = "Tested before there were intervals: test it again."
    elif tests.others:
        text = "Tested on the clips of one gender only."
    else:
        text = "Not tested yet: the figures below are of the clips that its settings were fixed on."
    eer = run.manifest.get("results", {}).get("validation_eer")
    told = f" Validation EER {eer:.1%}." if isinstance(eer, float) else ""
    return [
        page.verdict(text + told, [note.text], bool(note.flags)),
        page.command(command_to_test(run, runs)),
    ]


def _further(run: Run, runs: Path, outcome: Outcome, results: Results | None) -> list[str]:
    if results is None:
        return [
            page.heading(f"On {outcome.title}"),
            page.paragraph(
                f"EER {outcome.eer:.1%}, from before there were intervals; test it again."
            ),
        ]
    parts = tell_briefly(outcome, results)
    if not outcome.is_own:
        parts.append(page.paragraph(note_audit(runs, dataset_of(outcome)).text, "soft"))
    return parts


def _training(run: Run) -> list[str]:
    found: dict[str, Any] = run.manifest.get("results", {})
    rows = [("layer", run.settings["layer"])] if "layer" in run.settings else []
    if "validation_eer" in found:
        rows.append(("validation EER", f"{found['validation_eer']:.2%}"))
    if (run.folder / VALIDATION_SCORES).is_file():
        fixed = calibration_of(run)
        rows += [
            ("threshold", f"{fixed.threshold:.6g}, fixed on validation"),
            (
                "calibration",
                f"log-likelihood ratio = {fixed.slope:.4g} · score {fixed.offset:+.4g}, fitted on "
                f"{fixed.n_bona_fide:,} bona-fide and {fixed.n_spoof:,} spoof clips of validation",
            ),
        ]
    for step in ("epoch", "tree"):
        if f"{step}s" in found:
            kept = f"{found[f'best_{step}'] + 1:,} of {found[f'{step}s']:,}"
            rows.append((f"{step} that was kept", kept))
    curve = run.folder / "loss_plot.png"
    about = "Losses and validation EER by training step"
    return [
        page.heading("Training"),
        page.facts(rows),
        page.image(curve, about, about) if curve.is_file() else "",
        *tell_probe(run.folder / PROBE_TABLE),
        page.paragraph(f"{MODEL_CARD} beside this page tells the same in brief.", "soft")
        if (run.folder / MODEL_CARD).is_file()
        else "",
    ]
