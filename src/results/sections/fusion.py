"""What a fusion is made of, and whether fusing has paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from src.fusion.names import FUSION, is_fused, title_of
from src.results.blocks.blocks import Block, Heading, Paragraph, Table
from src.utils.metrics.table import EER, METRICS

if TYPE_CHECKING:
    from src.fusion.gain import Difference, Gain
    from src.utils.runs import Run


def fusion_section(run: Run, test: Mapping[str, Any] | None = None) -> list[Block]:
    """Return the members of a fusion with their weights, and what fusing brought.

    Parameters
    ----------
    run : Run
        A training; of what is no fusion nothing is told.
    test : mapping, optional
        The values of its main test, as the file of its results holds them.
    """
    if not is_fused(run):
        return []
    about = run.settings[FUSION]
    sentences = [*gain_sentences(run, test), *weight_sentences(run)]
    return [
        Heading("Fusion"),
        Paragraph(
            f"Its score is the sum of its members' natural log-likelihood ratios, each times its "
            f"weight, and the offset {about['offset']:+.4g}. Weights are fitted on validation, "
            f"none below 0, and drawn to each other (shrinkage {about['shrinkage']:g})."
        ),
        members_table(run),
        *map(Paragraph, sentences),
    ]


def members_table(run: Run) -> Table:
    """Return a row a member: its detector, its validation EER alone and its weight.

    Parameters
    ----------
    run : Run
        A fusion.
    """
    rows = [
        [
            title_of(member["label"]),
            member["name"],
            EER.write(member["validation_eer"]),
            f"{member['weight']:.3f}",
        ]
        for member in run.settings[FUSION]["members"]
    ]
    return Table(["member", "detector", "validation EER alone", "weight"], rows, (2, 3))


def weight_sentences(run: Run) -> list[str]:
    """Return what the members and their weights give away, a sentence each.

    Parameters
    ----------
    run : Run
        A fusion.
    """
    members = run.settings[FUSION]["members"]
    told = []
    unused = [title_of(member["label"]) for member in members if member["weight"] == 0]
    if unused:
        told.append(
            f"Without a weight: {', '.join(unused)}; fused without, the scores would be the same."
        )
    backbones = {(member.get("backbone"), member.get("checkpoint")) for member in members}
    if len(backbones) == 1:
        told.append(
            f"All members hear through one backbone ({members[0].get('backbone')}): such err "
            f"alike, and fusing them gained nothing where it was measured. Fuse across backbones."
        )
    return told


def gain_sentences(run: Run, test: Mapping[str, Any] | None = None) -> list[str]:
    """Say whether a fusion is better than its best member, on its test or else on validation.

    Parameters
    ----------
    run : Run
        A fusion.
    test : mapping, optional
        The values of its main test.
    """
    from src.fusion.gain import GAIN

    told = []
    of_validation = (run.manifest.get("results") or {}).get(GAIN)
    if isinstance(of_validation, Mapping):
        told.append(_sentence(of_validation, "on validation, by folds of other speakers"))
    elif run.is_complete:
        told.append(
            "Validation has too few speakers to tell whether the fusion is better than its best "
            "member, and its weights are as good as equal."
        )
    of_test = (test or {}).get(GAIN)
    if isinstance(of_test, Mapping):
        told.append(_sentence(of_test, "on the test"))
    return told


def _sentence(values: Mapping[str, Any], where: str) -> str:
    from src.fusion.gain import Gain

    gain = Gain.from_dict(values)
    name = title_of(gain.best)
    told = (
        f"EER {EER.write(gain.eer.fused)} against {EER.write(gain.eer.alone)}, "
        f"{_difference('eer', gain.eer)}; {_difference('cllr', gain.cllr)}"
    )
    return f"{_verdict(gain, name)} {where}: {told}."


def _verdict(gain: Gain, name: str) -> str:
    if gain.is_better:
        return f"The fusion is better than {name} alone"
    if gain.is_worse:
        return f"The fusion is worse than {name} alone: use that instead;"
    return f"The fusion is not better than {name} alone by more than chance"


def _difference(name: str, found: Difference) -> str:
    metric = METRICS[name]
    points = f"{100 * found.difference:+.2f} points" if name == "eer" else None
    told = points or f"{metric.label} {found.difference:+.3f}"
    if found.low != found.low or found.high != found.high:
        return f"{told} (no interval)"
    ends = (
        f"{100 * found.low:+.2f} to {100 * found.high:+.2f}"
        if name == "eer"
        else f"{found.low:+.3f} to {found.high:+.3f}"
    )
    return f"{told} (95 % interval {ends})"
