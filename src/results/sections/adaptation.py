"""What a detector was adapted with, and what that has brought and cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from src.adaptation.names import ADAPTATION, ADAPTED, is_adapted
from src.results.blocks.blocks import Block, Cell, Heading, Paragraph, Table, Warning
from src.results.metric_cells import change_interval
from src.results.wording import judge, sentence
from src.utils.metrics.table import EER, METRICS

if TYPE_CHECKING:
    from src.adaptation.results import Adaptation, Change, Measurement
    from src.utils.runs import Run


def adaptation_facts(run: Run) -> list[tuple[str, Cell]]:
    """Return what a run was adapted with as rows of facts, none for one that was not.

    Parameters
    ----------
    run : Run
        A training.
    """
    if not is_adapted(run):
        return []
    how = run.settings[ADAPTED]
    text = (
        f"{how['run']}, with {how['clips']:,} clips of each class of {Path(how['dataset']).name}, "
        f"which have {how['share']:.0%} of the weight (seed {how['seed']})"
    )
    return [("adapted", text)]


def adaptation_section(run: Run, level: int = 2) -> list[Block]:
    """Return what adapting has brought, on the user's case and on the run's own test.

    Parameters
    ----------
    run : Run
        A training; of one that was not adapted nothing is told.
    level : int
        Of the heading.

    Raises
    ------
    AudiosError
        When the file that holds it is damaged.
    """
    if not is_adapted(run):
        return []
    told = [Paragraph(sentence(str(text))) for _, text in adaptation_facts(run)]
    path = run.folder / ADAPTATION
    if not path.is_file():
        return [Heading("Adaptation", level), *told]
    # Here, since reports of all stages are imported together.
    from src.adaptation.results import Adaptation

    found = Adaptation.read(path)
    return [
        Heading("Adaptation", level),
        *told,
        *map(Warning, adaptation_warnings(found)),
        changes_table(found),
        *map(Paragraph, adaptation_sentences(found)),
    ]


def changes_table(found: Adaptation) -> Table:
    """Return a row a set of clips and metric: before, after, and how they differ.

    Parameters
    ----------
    found : Adaptation
        What was measured.
    """
    parts = [
        ("learnt from, in folds by speaker", found.folds),
        ("speakers kept apart", found.apart),
        ("own test", found.old_test),
    ]
    rows: list[list[Cell]] = [
        [
            f"{name} ({_size(part)})",
            METRICS[metric].label,
            METRICS[metric].write(change.before),
            METRICS[metric].write(change.after),
            METRICS[metric].write_change(change.difference),
            change_interval(metric, change.low, change.high),
        ]
        for name, part in parts
        if part is not None
        for metric, change in part.metrics.items()
    ]
    header = ["clips", "metric", "before", "after", "difference", "95 % interval"]
    return Table(header, rows, (2, 3, 4, 5))


def adaptation_sentences(found: Adaptation) -> list[str]:
    """Return what was measured, a sentence each, and how far it can be believed.

    Parameters
    ----------
    found : Adaptation
        What was measured.
    """
    told = [f"Speakers kept apart, of whom nothing was learnt: {_change(found.apart)}."]
    told.append(_of_old_test(found))
    shares = "; ".join(
        f"{one.share:.0%}: {METRICS['cllr'].write(one.cllr)}" for one in found.shares
    )
    told.append(
        f"How much the clips weigh was chosen by their Cllr in {found.n_folds} folds by speaker "
        f"({shares}). Threshold and calibration are of their scores in these folds, by trainings "
        f"that had not learnt from their speakers."
    )
    if found.n_known:
        told.append(
            f"{found.n_known:,} clips of {found.n_known_speakers:,} speakers were left out, since "
            f"the run has heard or was tested on speakers of these names."
        )
    if found.n_without_speaker:
        told.append(
            f"{found.n_without_speaker:,} clips have no speaker, so that a voice may be on both "
            f"sides: name speakers, for the gain may be less than it seems."
        )
    return told


def adaptation_warnings(found: Adaptation) -> list[str]:
    """Return what speaks against an adapted detector, a sentence each that begins small.

    Parameters
    ----------
    found : Adaptation
        What was measured.
    """
    told = []
    eer = found.apart.eer
    if eer.difference >= 0:
        worse = "worse" if eer.is_worse else "no better"
        told.append(
            f"it helped in folds, but on speakers kept apart it is {worse} than before: "
            f"{_change(found.apart)}"
        )
    elif not eer.is_better:
        told.append(
            f"it helped in folds, but on speakers kept apart not by more than chance: "
            f"{_change(found.apart)}"
        )
    if found.is_forgotten and found.old_test is not None:
        told.append(
            f"it has forgotten some of what it knew: on the run's own test "
            f"{_change(found.old_test)}"
        )
    return told


def _of_old_test(found: Adaptation) -> str:
    from src.adaptation.results import FORGETS

    if found.old_test is None:
        return f"What is forgotten of the run's own test was not measured: {found.no_old_test}."
    change = _change(found.old_test)
    limit = f"{100 * FORGETS:g} points"
    if found.is_forgotten is None:
        return (
            f"The run's own test: {change}. Whether it is forgotten cannot be told: the loss may "
            f"be chance, and may be more than {limit}."
        )
    if found.is_forgotten:
        return f"The run's own test is told worse: {change}."
    return f"The run's own test is not forgotten (a loss of less than {limit}): {change}."


def _change(part: Measurement) -> str:
    """Say how the EER has changed on some clips."""
    eer: Change = part.eer
    return (
        f"EER {EER.write(eer.before)} before, {EER.write(eer.after)} after, "
        f"{EER.write_change(eer.difference)} (95 % interval "
        f"{EER.write_change_interval(eer.low, eer.high, ' to ')}; {judge(eer.p_value)})"
    )


def _size(part: Measurement) -> str:
    return f"{part.n_bona_fide + part.n_spoof:,} clips, {part.n_speakers:,} speakers"
