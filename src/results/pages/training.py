"""The page of a training: what the detector is worth, and where it comes from."""

from pathlib import Path
from typing import Any

from src.evaluation.results import Results
from src.models.calibrate import has_calibration
from src.models.probe import TABLE as PROBE_TABLE
from src.results.audits import AuditNote, note_audit
from src.results.blocks.blocks import (
    SOFT,
    Block,
    Bullets,
    Cell,
    Code,
    Facts,
    Figure,
    Heading,
    Paragraph,
    Verdict,
)
from src.results.facts import Data, dataset_of, limits_of_use
from src.results.naming import command_to_test, next_command
from src.results.outcomes import Outcome, Tests, read_tests
from src.results.sections.adaptation import adaptation_facts, adaptation_section
from src.results.sections.audit import audit_note
from src.results.sections.augmentation import augmentation_facts
from src.results.sections.calibration import calibration_facts
from src.results.sections.data import data_section
from src.results.sections.evaluation import further_test, main_test
from src.results.sections.fusion import fusion_section
from src.results.sections.network import network_facts
from src.results.sections.origin import hyperparameters
from src.results.sections.probe import probe
from src.results.sections.released import released_facts
from src.results.sections.robustness import robustness
from src.results.sections.sets import sets_sections
from src.results.sections.validation import validation
from src.results.sections.warnings import warning_texts
from src.results.wording import (
    eer_sentence,
    explain_eer,
    explain_threshold,
    explain_verdicts,
    sentence,
)
from src.robustness.results import read_all
from src.utils.embeddings.selection import Selection
from src.utils.runs import MODEL_CARD, Run


def training_page(run: Run, runs: Path) -> list[Block]:
    """Return what the page of a training tells.

    Parameters
    ----------
    run : Run
        The training.
    runs : pathlib.Path
        The runs folder, where audits are looked for.

    Raises
    ------
    AudiosError
        When what the run holds is damaged.
    """
    tests = read_tests(run)
    note = note_audit(runs, run.manifest.get("dataset"))
    blocks: list[Block] = []
    if tests.main is not None:
        outcome, results = tests.main
        blocks += [_verdict(run, outcome, results, note), *main_test(outcome, results)]
        data = Data.of(run, outcome)
    else:
        blocks += [*_untested(run, runs, tests, note), *validation(run)]
        data = Data.of(run)
    blocks += adaptation_section(run)
    blocks += fusion_section(run, tests.main[0].values if tests.main else None)
    blocks += sets_sections(run)
    for other in tests.others:
        blocks += _further(runs, *other)
    for suffix, found in read_all(run.folder).items():
        blocks += robustness(found, run.folder, suffix)
    blocks += data_section(run, data)
    if tests.main is not None:
        limits = limits_of_use(run, data, tests.main[1])
        blocks += [Heading("Limits of use"), Bullets(limits)]
    blocks += [*_training(run), *audit_note(note)]
    return [*blocks, *hyperparameters(run.settings.get("hyperparameters", {}))]


def _verdict(run: Run, outcome: Outcome, results: Results, note: AuditNote) -> Verdict:
    texts = [*warning_texts(run, results), *filter(None, [note.warning])]
    points = [explain_eer(results), *map(sentence, texts)]
    if not outcome.is_own:
        points.append(f"Tested on another data set than its own: {outcome.title}.")
    points += [explain_threshold(results), explain_verdicts(results)]
    if not note.flags:
        points.append(note.text)
    return Verdict(eer_sentence(results), points, bool(texts))


def _untested(run: Run, runs: Path, tests: Tests, note: AuditNote) -> list[Block]:
    if not run.is_complete:
        return [
            Verdict(f"This training is {run.status}: there is no detector to judge.", is_bad=True)
        ]
    if not has_calibration(run):
        return [
            Verdict("Not calibrated yet: nothing tells what its scores mean.", is_bad=True),
            Code(next_command("CalibrateRun", run, runs, "--dataset=FOLDER", reads_vectors=False)),
        ]
    if tests.others:
        text = "Tested on the clips of one gender only."
    else:
        text = "Not tested yet: the metrics below are of the clips that its settings were fixed on."
    eer = run.manifest.get("results", {}).get("validation_eer")
    told = f" Validation EER {eer:.1%}." if isinstance(eer, float) else ""
    return [
        Verdict(text + told, [note.text], bool(note.flags)),
        Code(command_to_test(run, runs)),
    ]


def _further(runs: Path, outcome: Outcome, results: Results) -> list[Block]:
    audit = "" if outcome.is_own else note_audit(runs, dataset_of(outcome)).text
    return further_test(outcome, results, audit)


def _training(run: Run) -> list[Block]:
    found: dict[str, Any] = run.manifest.get("results", {})
    rows: list[tuple[str, Cell]] = []
    if "layer" in run.settings:
        rows.append(("vectors of", Selection.of(run.settings).label))
    if "validation_eer" in found:
        rows.append(("validation EER", f"{found['validation_eer']:.2%}"))
    rows += [
        *released_facts(run),
        *network_facts(run),
        *augmentation_facts(run),
        *adaptation_facts(run),
        *calibration_facts(run),
    ]
    for step in ("epoch", "tree"):
        if f"{step}s" in found:
            kept = f"{found[f'best_{step}'] + 1:,} of {found[f'{step}s']:,}"
            rows.append((f"{step} that was kept", kept))
    blocks: list[Block] = [Heading("Training"), Facts(rows)]
    curve = run.folder / "loss_plot.png"
    about = "Losses and validation EER by training step"
    if curve.is_file():
        blocks.append(Figure(curve, about, about))
    blocks += probe(run.folder / PROBE_TABLE)
    if (run.folder / MODEL_CARD).is_file():
        blocks.append(Paragraph(f"{MODEL_CARD} beside this page tells the same in brief.", SOFT))
    return blocks
