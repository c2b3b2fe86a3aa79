"""The model card of a tested run.

Its sections follow Mitchell et al. (2019), "Model cards for model reporting": what the model is,
what it is for, which factors and metrics were looked at, on which data, with what results, and what
to beware of.
"""

from pathlib import Path

from src.evaluation.measures import BY_DECISION, BY_SCORE, EER, MEASURES
from src.evaluation.results import Results
from src.models.calibrate import calibration_of
from src.models.lookup import is_baseline
from src.results.audits import AuditNote, note_audit
from src.results.blocks import markdown
from src.results.facts import Data, dataset_of, limits_of_use, tell_split
from src.results.naming import dataset_name, describe, name_of, next_command
from src.results.outcomes import Outcome, read_tests
from src.results.sections.data import count_rows, list_rows
from src.results.sections.origin import provenance_of
from src.results.wording import explain_eer, explain_threshold, explain_verdicts, tell_eer
from src.utils.config import BONA_FIDE, SPOOF
from src.utils.files import write_text
from src.utils.runs import MODEL_CARD, Run

_KINDS = {
    "mlp": "a multilayer perceptron with one hidden layer",
    "svm": "a support vector machine with a radial kernel",
    "rf": "a random forest",
}


def write_model_card(run: Run, runs: Path) -> Path | None:
    """Write `model_card.md` into the folder of a training that was tested, in plain Markdown.

    Parameters
    ----------
    run : Run
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
    parts = [
        markdown.heading(f"Model card: {describe(run)}", 1),
        *_tell_model(run),
        *_tell_use(run, runs),
        *_tell_data(run, data, note),
        *_tell_metrics(outcome, results),
        *_tell_groups(results),
        *[part for other in tests.others for part in _tell_further(runs, *other)],
        *_tell_decisions(run, results),
        markdown.heading("Limits of use"),
        markdown.bullets([*_tell_flags(note), *limits_of_use(run, data, outcome, results)]),
        markdown.heading("Provenance"),
        markdown.table(("", ""), provenance_of(run)),
    ]
    path = run.folder / MODEL_CARD
    write_text(path, markdown.join(parts))
    return path


def _tell_model(run: Run) -> list[str]:
    rows = [
        ("run", f"{name_of(run)} ({run.folder.name})"),
        ("trained", run.manifest.get("started", "unknown")),
        *((name.replace("_", " "), value) for name, value in _hyperparameters(run)),
    ]
    text = (
        f"A detector of synthetic speech: {_tell_kind(run)}. It gives a clip a score, higher for "
        f"{BONA_FIDE}, and from it the probability that it is {BONA_FIDE}."
    )
    return [
        markdown.heading("What it is"),
        markdown.escape(text),
        markdown.table(("", ""), rows),
    ]


def _tell_kind(run: Run) -> str:
    settings = run.settings
    if is_baseline(run):
        weights = settings.get("weights")
        start = f"the weights of {weights['file']}" if weights else "random weights"
        return (
            f"YAMNet, a convolutional network on log-mel patches of 0.96 s, trained as a whole "
            f"from {start}"
        )
    backbone = settings.get("backbone", {})
    what = _KINDS.get(settings.get("classifier", ""), "a classifier")
    source = "built in, without learnt weights"
    if backbone.get("checkpoint"):
        source = f"checkpoint {backbone['checkpoint']}"
        if backbone.get("revision"):
            source += f", revision {backbone['revision']}"
    name, layer = backbone.get("name", "?"), settings.get("layer", "?")
    return f"{what} on vectors of {name} ({source}), layer {layer}"


def _hyperparameters(run: Run) -> list[tuple[str, object]]:
    return list(dict(run.settings.get("hyperparameters", {})).items())


def _tell_use(run: Run, runs: Path) -> list[str]:
    command = next_command("Predict", run, runs, "--audio=FILE", reads_vectors=False)
    return [
        markdown.heading("How to use it"),
        "On recordings whose origin is asked about, as one piece of evidence among others:",
        markdown.code(command),
        "Not for decisions about people by itself, and not on recordings unlike those below.",
    ]


def _tell_data(run: Run, data: Data, note: AuditNote) -> list[str]:
    name = dataset_name(run) or "not kept"
    parts = [
        markdown.heading("Data"),
        markdown.escape(f"Data set: {name}. {tell_split(run)}"),
    ]
    if data.missing:
        parts.append(markdown.escape(f"The clips are not told: {data.missing}"))
    else:
        header = ("part", "class", "clips", "speakers", "minutes")
        parts.append(markdown.table(header, count_rows(data.parts), (2, 3, 4)))
        lists = list_rows(data)
        parts.append(markdown.table(("", ""), lists) if lists else "")
    return [
        *parts,
        markdown.heading("Audit", 3),
        markdown.escape(" ".join([note.text, *note.details])),
    ]


def _tell_flags(note: AuditNote) -> list[str]:
    return [f"{note.warning[:1].upper()}{note.warning[1:]}."] if note.warning else []


def _tell_metrics(outcome: Outcome, results: Results) -> list[str]:
    found = results.detection
    own = "" if outcome.is_own else " This is another data set than the detector's own."
    text = (
        f"Tested on {outcome.title}: {found.n_bona_fide:,} {BONA_FIDE} and {found.n_spoof:,} "
        f"{SPOOF} clips.{own} {tell_eer(results)} {explain_eer(results)}"
    )
    return [
        markdown.heading("Metrics"),
        markdown.escape(text),
        _figures(results, [*BY_SCORE, *BY_DECISION]),
    ]


def _figures(results: Results, names: list[str]) -> str:
    rows = [
        (
            MEASURES[name].label,
            MEASURES[name].write(getattr(results.detection, name)),
            MEASURES[name].write_span(*results.ci95[name], " to "),
            *(
                [MEASURES[name].write_span(*results.ci95_attacks[name], " to ")]
                if results.ci95_attacks
                else []
            ),
        )
        for name in names
    ]
    header = ["", "value", f"95 % over {results.ci95_over}"]
    if results.ci95_attacks:
        header.append(f"95 % over {results.ci95_attacks_over}")
    return markdown.table(header, rows, range(1, len(header)))


def _tell_groups(results: Results) -> list[str]:
    parts = []
    for condition, groups in results.breakdowns.items():
        rows = [
            (
                one.group,
                EER.write(one.eer),
                EER.write_span(one.low, one.high, " to "),
                f"{one.n_bona_fide:,}",
                f"{one.n_spoof:,}",
                f"{one.n_speakers:,}",
                f"all {one.against}" if one.against else "",
            )
            for one in groups
            if not one.is_small
        ]
        n_small = len(groups) - len(rows)
        left = f"{n_small:,} of {len(groups):,} groups are too small to say anything."
        header = (condition, "EER", "95 % interval", BONA_FIDE, SPOOF, "speakers", "against")
        parts += [
            markdown.heading(f"By {condition}", 3),
            markdown.table(header, rows, range(1, 6)) if rows else "",
            left if n_small else "",
        ]
    return parts


def _tell_further(runs: Path, outcome: Outcome, results: Results | None) -> list[str]:
    if results is None:
        return []
    note = "" if outcome.is_own else note_audit(runs, dataset_of(outcome)).text
    return [
        markdown.heading(f"On {outcome.title}", 3),
        markdown.escape(" ".join([tell_eer(results), *results.warnings, note]).strip()),
        _figures(results, ["eer", "min_dcf", "cllr", "hter", "far", "frr"]),
    ]


def _tell_decisions(run: Run, results: Results) -> list[str]:
    fixed = calibration_of(run)
    return [
        markdown.heading("Threshold and calibration"),
        markdown.escape(
            f"Both were fitted on {fixed.n_bona_fide:,} {BONA_FIDE} and {fixed.n_spoof:,} {SPOOF} "
            f"clips of validation: the threshold is {fixed.threshold:.6g}, the natural "
            f"log-likelihood ratio {fixed.slope:.6g} times the score {fixed.offset:+.6g}. "
            f"{explain_threshold(results)} {explain_verdicts(results)}"
        ),
    ]
