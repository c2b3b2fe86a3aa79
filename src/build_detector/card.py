"""The model card of a detector that is given away, in the order of Mitchell et al. (2019)."""

from collections.abc import Mapping, Sequence
from typing import Any

from src.build_detector.choose import Choice
from src.build_detector.conditions import TRAINED
from src.models.classifier import Classifier
from src.results.blocks.blocks import (
    Block,
    Bullets,
    Cell,
    Code,
    Facts,
    Heading,
    Interval,
    Paragraph,
    Table,
    percent,
    write_cell,
)
from src.results.blocks.markdown import DASH, TO, render_markdown
from src.utils.metrics.calibration import Calibration

_HEADER = ["recordings", "EER", "95 % interval over sources", "over speakers and attacks", "Cllr"]
_RATES = {
    "bona_fide_called_spoof": "bona-fide called spoof",
    "bona_fide_inconclusive": "bona-fide inconclusive",
    "spoof_called_bona_fide": "spoof called bona-fide",
    "spoof_inconclusive": "spoof inconclusive",
}


def write_card(
    about: Mapping[str, Any],
    model: Classifier,
    calibration: Calibration,
    choice: Choice,
    attributions: Sequence[str],
) -> str:
    """Return the model card, as Markdown.

    Parameters
    ----------
    about : mapping
        What `detector.json` holds.
    model : Classifier
        The detector's.
    calibration : Calibration
        The detector's.
    choice : Choice
        What was tried, and what was chosen.
    attributions : sequence of str
        Whom the licences of the corpora ask to be named, a paragraph each.
    """
    return render_markdown(
        [
            Heading(f"Model card: the detector {about['name']} {about['version']}", 1),
            *_model(about, model),
            *_metrics(about),
            *_long_recordings(about),
            *_choice(choice),
            *_calibration(about, calibration),
            *_data(about, attributions),
            *_limits(about),
        ]
    )


def _model(about: Mapping[str, Any], model: Classifier) -> list[Block]:
    settings = ", ".join(f"{name} {value}" for name, value in model.hyperparameters.items())
    return [
        Heading("What it is"),
        Paragraph(
            f"A detector of synthetic speech that comes with AUDIOS: {model.description} on "
            f"vectors of {about['backbone']}, a handcrafted descriptor without learnt weights. It "
            f"gives a clip a score, higher for bona-fide, and from it the probability that it is "
            f"bona-fide."
        ),
        Facts([("made", about["made"]), ("hyperparameters", settings)]),
        Heading("How to use it"),
        Code(f"fab Predict --audio=FILE --detector={about['name']}"),
        Paragraph(
            "As one piece of evidence among others. Not for decisions about people by itself, and "
            "not on recordings unlike those below."
        ),
    ]


def _metrics(about: Mapping[str, Any]) -> list[Block]:
    held, across = about["held_out"], about["across_all"]
    rows = [_row("as they are", held)]
    for one in about["conditions"]:
        unheard = "" if one["is_trained"] else "; never in the training"
        rows.append(_row(f"{one['condition']} ({one['about']}{unheard})", one))
    n_clips = held["n_bona_fide"] + held["n_spoof"]
    return [
        Heading("Metrics"),
        Paragraph(
            f"Measured on {n_clips:,} clips of {held['n_speakers']:,} speakers "
            f"({held['n_bona_fide']:,} bona-fide, {held['n_spoof']:,} spoofs of "
            f"{held['n_attacks']:,} attacks) of {held['n_sources']:,} sources that played no part "
            f"in the choice of classifier and settings. For the measurement the same recipe was "
            f"trained without them, and without every clip that shares a voice or an attack with "
            f"them. The detector itself was then trained on all clips."
        ),
        Table(_HEADER, rows),
        Paragraph(
            f"The sources held out: {', '.join(held['sources'])}. Of all {about['n_sources']:,} "
            f"sources, each held out in one of {across['n_folds']} folds, the EER is "
            f"{across['eer']:.1%} (95 % interval over sources "
            f"{write_cell(_interval(across['ci95']), TO, DASH)})."
        ),
        Heading("Verdicts on the same clips", 3),
        Paragraph(
            f"Where a verdict must be {about['verdicts']['confidence']:.0%} sure, at an even prior:"
        ),
        Table(
            ["recordings", *_RATES.values()],
            [
                [name, *(percent(one[rate]) for rate in _RATES)]
                for name, one in [
                    ("as they are", held),
                    *((one["condition"], one) for one in about["conditions"]),
                ]
            ],
        ),
    ]


def _long_recordings(about: Mapping[str, Any]) -> list[Block]:
    found = about["long_recordings"]
    n = found["n_recordings"]
    stretches: list[list[Cell]] = [
        [f"{one['seconds']} s", f"{one['n_found']} of {one['n_recordings']}"]
        for one in found["found"]
        if one["n_recordings"]
    ]
    blocks: list[Block] = [
        Heading("Verdicts on long recordings", 3),
        Paragraph(
            f"{found['hours']:.1f} hours of genuine speech of sources held out, in {n:,} "
            f"recordings of up to {found['longest_minutes']:.0f} minutes (the clips of one source, "
            f"or conversations of several): {found['n_partly_spoof']} were called partly spoof, "
            f"{found['n_spoof']} spoof."
        ),
    ]
    if stretches:
        blocks += [
            Paragraph("Into each, stretches of spoof of sources held out were put:"),
            Table(["stretch of spoof", "called partly spoof or spoof"], stretches),
        ]
    return blocks


def _row(name: str, one: Mapping[str, Any]) -> list[Cell]:
    spans = (one["ci95"], one["ci95_speakers_and_attacks"])
    return [name, percent(one["eer"]), *map(_interval, spans), f"{one['cllr']:.2f}"]


def _interval(span: Sequence[float | None]) -> Cell:
    low, high = span
    if low is None or high is None:
        return None
    return Interval(f"{low:.1%}", f"{high:.1%}")


def _choice(choice: Choice) -> list[Block]:
    rows: list[list[Cell]] = [
        [one.candidate.name, percent(one.eer), _interval(one.ci95)]
        for one in sorted(choice.tried, key=lambda one: one.eer)
    ]
    others = ", ".join(f"{name} p {p:.2f}" for name, p in choice.p_values.items() if p < 1)
    return [
        Heading("How it was chosen"),
        Paragraph(
            "By the clips of all other sources, in folds. Sources that share a voice lie in one "
            "fold. A fold was scored by a model of the others, without clips that share an attack "
            "with it, and its scores were calibrated by those of the other folds. The EER is that "
            "of all clips and of one degraded copy of each, its interval over sources. The "
            "classifier with the lowest was taken, or a simpler one that does not differ from it "
            f"by more than chance explains{f' ({others})' if others else ''}."
        ),
        Table(["candidate", "EER", "95 % interval"], rows),
    ]


def _calibration(about: Mapping[str, Any], calibration: Calibration) -> list[Block]:
    return [
        Heading("Calibration"),
        Paragraph(
            f"Scores are turned into likelihood ratios by a line that was fitted on "
            f"{calibration.n_bona_fide:,} bona-fide and {calibration.n_spoof:,} spoof clips, each "
            f"scored by a model that heard nothing of its source, its voice or its attack. A Cllr "
            f"below 1 says that the ratios inform; 0 is perfect."
        ),
    ]


def _data(about: Mapping[str, Any], attributions: Sequence[str]) -> list[Block]:
    corpora = ", ".join(f"{one['name']} ({one['n_clips']:,} clips)" for one in about["corpora"])
    copies = "; ".join(f"{one.name} ({one.about})" for one in TRAINED)
    attack = about["newest_attack"]
    newest = f" The newest is {attack['name']}, of {attack['year']}." if attack else ""
    rows: list[list[Cell]] = [
        [
            one["name"],
            f"{one['n_bona_fide']:,}",
            f"{one['n_spoof']:,}",
            ", ".join(one["licences"]) or None,
        ]
        for one in about["sources"]
    ]
    return [
        Heading("Data"),
        Paragraph(
            f"Corpora: {corpora}; {about['n_sources']:,} sources, {about['n_speakers']:,} "
            f"speakers, {about['n_attacks']:,} attacks.{newest} "
            f"Languages: {', '.join(about['languages'])}. Only sources whose licence allows it "
            f"were used. Copies of clips came through: {copies}."
        ),
        Table(["source", "bona-fide", "spoof", "licence as stated"], rows, right=(1, 2)),
        *map(Paragraph, attributions),
    ]


def _limits(about: Mapping[str, Any]) -> list[Block]:
    attack, rates, language = (
        about[name] for name in ("newest_attack", "verdicts", "main_language")
    )
    newer = f"Attacks newer than {attack['year']} were never heard. " if attack else ""
    return [
        Heading("Limits of use"),
        Bullets(
            [
                f"{newer}New ways of making speech may pass unnoticed, and most of those that were "
                f"heard have only a few clips.",
                f"Of genuine clips of sources that it had not heard, "
                f"{rates['bona_fide_called_spoof']:.1%} were called spoof, and of spoofs "
                f"{rates['spoof_called_bona_fide']:.1%} bona-fide. Where spoofs are rare, most "
                f"recordings that are called spoof may be genuine; --prior takes their share.",
                f"{language['share']:.0%} of the clips are in one language ({language['name']}): "
                f"others were hardly heard.",
                "A verdict says that a clip is more like the bona-fide or the spoof clips of the "
                "training. It does not say who speaks, who made the clip or why, and proves "
                "nothing by itself.",
                "Recordings are heard at 16,000 Hz: nothing above 8 kHz counts. Longer ones are "
                "judged window by window.",
            ]
        ),
    ]
