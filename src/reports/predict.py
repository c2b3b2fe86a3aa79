"""What the stage prints that judges new recordings: before, while and after it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from src.fusion.names import title_of
from src.reports.dataset import SHOWN
from src.results.blocks.blocks import Block, Cell, Paragraph, Table, Warning
from src.utils.shown_text import visible

if TYPE_CHECKING:
    from src.predict.choice import Chosen
    from src.predict.predict import Prediction
    from src.predict.verdict import Verdict

MANY_VERDICTS = 20
"""With more of them, all in a file, lines are short, and the most suspicious ones are repeated."""

_MOST_REPEATED = 10
_WIDEST = 60
"""Characters of a file's name that columns make room for; what is longer stands out."""

_VERDICT_WIDTH = len("partly-spoof")
_SECONDS = "suspicious s"
_RATIO_WIDTH = len("+10.00")
_SECONDS_WIDTH = len(_SECONDS)


def report_detector(chosen: Chosen, prior: float) -> list[Block]:
    """Show which detector will judge, and what speaks against it.

    Parameters
    ----------
    chosen : Chosen
        The detector.
    prior : float
        The share of bona-fide recordings that is expected.
    """
    return [
        Paragraph(chosen.headline),
        *map(Warning, chosen.warnings),
        Paragraph(f"where {prior:.0%} are expected to be bona-fide"),
    ]


class VerdictLines:
    """The line of each verdict, all of them in the same columns, whichever come later.

    Parameters
    ----------
    names : sequence of str
        Of all recordings.
    is_short : bool
        Whether warnings are left out.
    members : sequence of str
        Labels of the members of the fusion that judges, whose ratios are told as well.
    """

    def __init__(
        self, names: Sequence[str], is_short: bool = False, members: Sequence[str] = ()
    ) -> None:
        self._members = list(members)
        widths = [len(visible(name)) for name in names]
        self._width = max([len("file"), *(width for width in widths if width <= _WIDEST)])
        self._is_short = is_short

    @property
    def header(self) -> str:
        """The names of the columns."""
        last = "refused for" if self._is_short else "reason or warning"
        ratios = ["LLR", *map(title_of, self._members)] if self._members else []
        return self._set("verdict", "P(bona-fide)", ratios, "file", _SECONDS, last)

    def line(self, verdict: Verdict) -> str:
        """Return the line of a verdict.

        Parameters
        ----------
        verdict : Verdict
            On one of the recordings.
        """
        probability = "-" if verdict.probability is None else f"{verdict.probability:.3f}"
        reason = verdict.refusal if self._is_short else verdict.reason
        llrs = [verdict.llr, *map(verdict.members.get, self._members)] if self._members else []
        ratios = ["-" if llr is None else f"{llr:+.2f}" for llr in llrs]
        return self._set(
            verdict.verdict,
            probability,
            ratios,
            visible(verdict.file),
            verdict.seconds,
            visible(reason),
        )

    def _set(
        self,
        verdict: str,
        probability: str,
        ratios: Sequence[str],
        file: str,
        seconds: str,
        reason: str,
    ) -> str:
        widths = [_RATIO_WIDTH, *(max(len(title_of(one)), _RATIO_WIDTH) for one in self._members)]
        cells = (
            verdict.ljust(_VERDICT_WIDTH),
            probability.rjust(len("P(bona-fide)")),
            *(text.rjust(width) for text, width in zip(ratios, widths, strict=False)),
            file.ljust(self._width),
            seconds.ljust(_SECONDS_WIDTH),
            reason,
        )
        return "  ".join(cells).rstrip()


def report_prediction(prediction: Prediction) -> list[Block]:
    """Show how many verdicts were given of each kind, and what else there is to know at the end.

    Parameters
    ----------
    prediction : Prediction
        The verdicts of a detector, each of which has been told already.
    """
    verdicts = prediction.verdicts
    blocks: list[Block] = []
    if is_long(prediction):
        judged = [one for one in verdicts if one.probability is not None]
        shown = sorted(judged, key=lambda one: one.probability or 0.0)[:_MOST_REPEATED]
        if shown:
            blocks.append(Paragraph(f"the {len(shown)} most suspicious of {len(verdicts):,}:"))
            blocks.append(verdicts_table(shown))
    counts = Counter(one.verdict for one in verdicts)
    lines = [", ".join(f"{count:,} {verdict}" for verdict, count in sorted(counts.items()))]
    lines.append(prediction.aside.describe())
    if prediction.n_taken_over:
        lines.append(
            f"{prediction.n_taken_over:,} of the verdicts were taken over from the run before that "
            f"was stopped"
        )
    lines += [f"note: {note}" for note in prediction.notes]
    if prediction.was_stopped:
        goes_on = "" if prediction.output is None else "; the same command goes on"
        lines.append(
            f"stopped: {len(verdicts):,} of {prediction.n_files:,} recordings are judged{goes_on}"
        )
    if prediction.output is not None:
        lines.append(str(prediction.output))
    n_judged = len(verdicts) - counts["refused"]
    if 0 < len(prediction.figures) < n_judged:
        lines.append(
            f"drawn: the {len(prediction.figures)} most suspicious (--plot-most={n_judged} draws "
            f"all)"
        )
    lines += [str(path) for path in prediction.figures[:SHOWN]]
    if len(prediction.figures) > SHOWN:
        lines.append(f"and {len(prediction.figures) - SHOWN} more figures there")
    return [*blocks, *(Paragraph(line) for line in lines if line)]


def is_long(prediction: Prediction) -> bool:
    """Say whether there are so many verdicts, all in a file, that a few are told once more.

    Parameters
    ----------
    prediction : Prediction
        The verdicts of a detector.
    """
    return prediction.output is not None and len(prediction.verdicts) > MANY_VERDICTS


def verdicts_table(verdicts: Sequence[Verdict]) -> Table:
    """Return a row a recording: its verdict, its probability and why.

    Parameters
    ----------
    verdicts : sequence of Verdict
        In the order of the rows.
    """
    rows: list[list[Cell]] = [
        [
            one.verdict,
            None if one.probability is None else f"{one.probability:.3f}",
            one.file,
            one.seconds,
            one.reason,
        ]
        for one in verdicts
    ]
    return Table(["verdict", "P(bona-fide)", "file", _SECONDS, "reason or warning"], rows)


def document_prediction(prediction: Prediction) -> dict[str, Any]:
    """Return the document of `--json`: the detector, and what a JSON output holds.

    Parameters
    ----------
    prediction : Prediction
        The verdicts of a detector.
    """
    from src.predict.table import entry_of

    return {
        "detector": {
            "headline": prediction.headline,
            "warnings": prediction.warnings,
            "run": prediction.run.folder,
        },
        "prior": prediction.prior,
        "verdicts": [entry_of(verdict) for verdict in prediction.verdicts],
        "was_stopped": prediction.was_stopped,
        "notes": prediction.notes,
        "output": prediction.output,
        "figures": prediction.figures,
    }
