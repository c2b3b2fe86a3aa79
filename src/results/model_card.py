"""The model card of a tested run.

Its sections follow Mitchell et al. (2019), "Model cards for model reporting": what the model is,
what it is for, which factors and metrics were looked at, on which data, with what results, and what
to beware of.
"""

from pathlib import Path

from src.evaluation.results import Results
from src.fusion.names import FUSION, is_fused
from src.models.lookup import is_network
from src.models.registry import CLASSIFIERS
from src.models.trained_on import is_trained_elsewhere
from src.results.audits import AuditNote, note_audit
from src.results.blocks.blocks import Block, Bullets, Cell, Code, Facts, Heading, Paragraph
from src.results.blocks.markdown import render_markdown
from src.results.facts import Data, dataset_of, limits_of_use
from src.results.naming import describe, name_of, next_command
from src.results.outcomes import Outcome, read_tests
from src.results.sections.adaptation import adaptation_facts, adaptation_section
from src.results.sections.audit import audit_note
from src.results.sections.augmentation import augmentation_facts
from src.results.sections.calibration import calibration_facts
from src.results.sections.data import data_section
from src.results.sections.evaluation import further_test
from src.results.sections.fusion import fusion_section
from src.results.sections.groups import groups
from src.results.sections.metrics import metrics_table
from src.results.sections.network import network_facts, network_sentence
from src.results.sections.origin import flatten, provenance
from src.results.sections.released import released_facts
from src.results.sections.robustness import robustness_in_brief
from src.results.sections.sets import sets_sections
from src.results.wording import (
    eer_sentence,
    explain_eer,
    explain_threshold,
    explain_verdicts,
    sentence,
)
from src.robustness.results import read_own
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.embeddings.selection import Selection
from src.utils.files import write_text
from src.utils.metrics.table import BY_DECISION, BY_SCORE
from src.utils.renamed import label_of
from src.utils.runs import MODEL_CARD, Run


def write_model_card(run: Run, runs: Path) -> Path | None:
    """Write `model_card.md` into the folder of a training that was tested, in plain Markdown.

    Parameters
    ----------
    run : Run
        The training.
    runs : pathlib.Path
        The runs folder, where audits are looked for.

    Returns
    -------
    pathlib.Path or None
        None where there is no test to tell of.

    Raises
    ------
    AudiosError
        When what the folder holds is damaged, or the card cannot be written.
    """
    tests = read_tests(run)
    if tests.main is None:
        return None
    outcome, results = tests.main
    data = Data.of(run, outcome)
    note = note_audit(runs, run.manifest.get("dataset"))
    tried = read_own(run.folder)
    blocks = [
        Heading(f"Model card: {describe(run)}", 1),
        *_model(run),
        *adaptation_section(run),
        *fusion_section(run, outcome.values),
        *_use(run, runs),
        *data_section(run, data),
        *audit_note(note, 3),
        *_metrics(outcome, results),
        *groups(results.breakdowns),
        *sets_sections(run, is_brief=True),
        *(block for other in tests.others for block in _further(runs, *other)),
        *(robustness_in_brief(tried) if tried else []),
        Heading("Threshold and calibration"),
        Facts(calibration_facts(run)),
        Paragraph(f"{explain_threshold(results)} {explain_verdicts(results)}"),
        Heading("Limits of use"),
        Bullets([*_flags(note), *limits_of_use(run, data, results)]),
        *provenance(run),
    ]
    path = run.folder / MODEL_CARD
    write_text(path, render_markdown(blocks))
    return path


def _model(run: Run) -> list[Block]:
    rows: list[tuple[str, Cell]] = [
        ("run", f"{name_of(run)} ({run.folder.name})"),
        (_begun(run), str(run.manifest.get("started", "unknown"))),
        *released_facts(run),
        *augmentation_facts(run),
        *adaptation_facts(run),
        *network_facts(run),
        *flatten(run.settings.get("hyperparameters", {})),
    ]
    return [
        Heading("What it is"),
        Paragraph(
            f"A detector of synthetic speech: {_kind(run)}. It gives a clip a score, higher for "
            f"{BONA_FIDE}, and from it the probability that it is {BONA_FIDE}."
        ),
        Facts(rows),
    ]


def _begun(run: Run) -> str:
    return "imported" if is_trained_elsewhere(run) else "trained"


def _kind(run: Run) -> str:
    settings, backbone = run.settings, run.settings.get("backbone", {})
    classifier = settings.get("classifier", "")
    if is_fused(run):
        n_members = len(run.settings[FUSION]["members"])
        return f"a logistic fusion of the calibrated scores of {n_members} detectors"
    if is_network(run):
        return network_sentence(run)
    what = "a classifier"
    if classifier in CLASSIFIERS:
        what = CLASSIFIERS.load(classifier).description
    source = "built in, without learnt weights"
    if backbone.get("checkpoint"):
        source = f"checkpoint {backbone['checkpoint']}"
        if backbone.get("revision"):
            source += f", revision {backbone['revision']}"
    name = label_of(backbone) or "?"
    part = Selection.of(settings).label if "layer" in settings else "layer ?"
    return f"{what} on vectors of {name} ({source}), {part}"


def _use(run: Run, runs: Path) -> list[Block]:
    return [
        Heading("How to use it"),
        Paragraph(
            "On recordings whose origin is asked about, as one piece of evidence among others:"
        ),
        Code(next_command("Predict", run, runs, "--audio=FILE", reads_vectors=False)),
        Paragraph(
            "Not for decisions about people by itself, and not on recordings unlike those below."
        ),
    ]


def _metrics(outcome: Outcome, results: Results) -> list[Block]:
    found = results.detection
    own = "" if outcome.is_own else " This is another data set than the detector's own."
    return [
        Heading("Metrics"),
        Paragraph(
            f"Tested on {outcome.title}: {found.n_bona_fide:,} {BONA_FIDE} and {found.n_spoof:,} "
            f"{SPOOF} clips.{own} {eer_sentence(results)} {explain_eer(results)}"
        ),
        metrics_table(results, [*BY_SCORE, *BY_DECISION], is_explained=False),
    ]


def _further(runs: Path, outcome: Outcome, results: Results) -> list[Block]:
    audit = "" if outcome.is_own else note_audit(runs, dataset_of(outcome)).text
    return further_test(outcome, results, audit, is_brief=True)


def _flags(note: AuditNote) -> list[str]:
    return [sentence(note.warning)] if note.warning else []
