"""What each stage prints when it has ended: short texts, and tables by pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from src.utils.config import LABELS
from src.utils.errors import shorten

# A stage that ends soon should not wait for the libraries of all the others.
if TYPE_CHECKING:
    from src.models.evaluate import Evaluation
    from src.models.probe import Probe, ProbeRun
    from src.models.search import Search
    from src.models.train import Training
    from src.utils.dataset.derive import Derived
    from src.utils.dataset.layouts.scan import Scan
    from src.utils.dataset.split import Split
    from src.utils.embeddings.extract import Extraction
    from src.utils.runs import Run

SHOWN = 5
"""How many of a list of rejected files are shown; the rest is in the file."""


def report_scan(scan: Scan) -> str:
    """Count what was found, per label, against what is published, and what was left out."""
    files = scan.files
    rows = [
        f"{int((files['label'] == label).sum()):,} {label} clips of "
        f"{files['speaker'][files['label'] == label].nunique():,} speakers"
        for label in LABELS
    ]
    text = f"layout {scan.layout}: {', '.join(rows)}"
    empty = [label for label in LABELS if not (files["label"] == label).any()]
    if empty:
        text += f"\nwarning: no {' and no '.join(empty)} clip, so no detector can be trained on it"
    for total in scan.totals:
        if total.found == total.expected:
            text += f"\n{total.what}: {total.found:,}, as published"
        else:
            text += f"\nwarning: {total.what}: {total.found:,}, and {total.expected:,} published"
    return text + _count_reasons(scan.problems)


def _count_reasons(problems: dict[str, str]) -> str:
    """Count what was left out, with an example of every reason."""
    if not problems:
        return ""
    files: dict[str, list[str]] = {}
    for file, reason in problems.items():
        files.setdefault(reason, []).append(file)
    text = f"\nleft out: {len(problems):,} (all are in rejected.csv)"
    for reason, named in files.items():
        more = f" (and {len(named) - 1:,} more)" if len(named) > 1 else ""
        text += f"\n  {named[0]} {reason}{more}"
    return text


def report_rejected(rejected: dict[str, str]) -> str:
    """List the first few rejected files, or nothing."""
    if not rejected:
        return ""
    lines = [f"\nrejected: {len(rejected):,} (all are in rejected.csv)"]
    lines += [f"\n  {file} {reason}" for file, reason in list(rejected.items())[:SHOWN]]
    return "".join(lines)


def report_durations(files: pd.DataFrame, rejected: dict[str, str]) -> str:
    """Sum up lengths per label."""
    seconds = files["duration"].dropna()
    text = f"{len(seconds):,} clips, {_hours(seconds.sum())}"
    for label in LABELS:
        part = files.loc[files["label"] == label, "duration"].dropna()
        if len(part):
            text += f"\n{label}: {_hours(part.sum())}, median {part.median():.2f} s a clip"
    return text + report_rejected(rejected)


def report_amplitudes(files: pd.DataFrame, rejected: dict[str, str]) -> str:
    """Tell the peaks per label, and warn when they alone could tell the classes apart."""
    medians = files.groupby("label")["amplitude"].median().dropna()
    lines = [f"{label}: median peak {medians[label]:.3f}" for label in medians.index]
    if len(medians) == 2 and medians.max() > 1.5 * medians.min():
        lines.append(
            "warning: the classes differ in level, which a detector may learn instead of the "
            "voice; run NormalizeDataset"
        )
    return "\n".join(lines) + report_rejected(rejected)


def report_derived(derived: Derived, limited: str) -> str:
    """Count what was written; `limited` says what happened to clips that would have clipped."""
    n_written = len(derived.files) - derived.kept
    text = f"{derived.dataset.root}: {n_written:,} clips written, {derived.kept:,} already there"
    if derived.limited:
        text += f"\n{derived.limited:,} of them would have clipped: {limited}"
    return text + report_rejected(derived.rejected)


def report_split(split: Split) -> str:
    """Show the table of splits."""
    text = table(split.summary, minutes="{:.1f}")
    if split.n_without_spoofs:
        people = "person" if split.n_without_spoofs == 1 else "people"
        text += (
            f"\n{split.n_without_spoofs} {people} without spoofs went to downstream_test "
            f"(--without-spoofs=spread deals them out)"
        )
    return text + ("\n(unchanged)" if split.was_there else "")


def report_extraction(extraction: Extraction) -> str:
    """Count the vectors of one split."""
    store = extraction.store
    about = store.backbone
    stats = "+".join(about["stats"])
    shape = f"{about['layers']} x {stats} x {about['dim']}"
    text = (
        f"{store.folder}: {len(store.clips()):,} clips of {shape}; "
        f"{extraction.n_computed:,} computed, {extraction.n_kept:,} already there"
    )
    return text + report_rejected(extraction.rejected)


def report_projection(run: Run) -> str:
    """Name the figure and the points."""
    method = run.settings["method"]
    return f"{run.folder / method}.png\n{run.folder / method}.csv"


def report_probe(done: ProbeRun) -> str:
    """Show the EER by layer and pooling, and name the figure and the table."""
    text = _tell_probe(done.probe)
    if len(done.probe.table) == 1:
        name = done.run.settings["backbone"]["name"]
        text = f"{name} has one layer here and one pooling: nothing to choose\n{text}"
    return f"{text}\n{done.figure}\n{done.table}"


def _tell_probe(probe: Probe) -> str:
    """Lay a probe out with a row a layer and a column a pooling, the best marked."""
    best, rows = probe.best, probe.table
    cells = [
        f"{eer:.2%} ± {error:.2%} {'<-' if row == best.name else '  '}"
        for row, eer, error in rows[["eer", "standard_error"]].itertuples()
    ]
    columns = {
        f"{pooling}   ": [cells[row] for row in part.index]
        for pooling, part in rows.groupby("pooling", sort=False)
    }
    shown = pd.DataFrame({"layer": rows["layer"].unique(), **columns})
    text = (
        f"EER of a logistic regression, mean ± standard error over {probe.n_folds} folds by "
        f"speaker\n({probe.n_clips:,} clips of {probe.n_speakers:,} speakers in training and "
        f"validation)\n{table(shown)}\n"
        f"best: layer {best['layer']}, {best['pooling']}, {best['eer']:.2%}"
    )
    if len(probe.close):
        near = [f"{layer} {pooling}" for layer, pooling in probe.close[["layer", "pooling"]].values]
        text += f"\nwithin one standard error of it: {shorten(near, 8)}"
    return text


def report_training(training: Training) -> str:
    """Show the layer probe, the validation EER and where the run is."""
    text = ""
    if training.probe is not None:
        text = f"{_tell_probe(training.probe)}\n"
    text += (
        f"layer {training.layer}, validation EER {training.validation_eer:.2%} at the threshold "
        f"{training.threshold:.4f}\nrun {training.run.number}: {training.run.folder}"
    )
    return text + (" (already trained)" if training.was_there else "")


def report_search(search: Search) -> str:
    """Show the best trials and where the study is."""
    text = ""
    trials = search.trials
    if "validation_eer" in trials and trials["validation_eer"].notna().any():
        best = trials.dropna(subset="validation_eer").sort_values("validation_eer", kind="stable")
        text = f"best of {len(best)} finished trials:\n"
        shown = best.drop(columns="state").head(SHOWN)
        formats = {name: "{:.3g}" for name in shown.select_dtypes("float")}
        text += table(shown, **formats | {"validation_eer": "{:.2%}"}) + "\n"
    if search.was_stopped:
        number = search.study.number
        text += f"stopped; continue with --study-number={number}\n"
    return f"{text}study {search.study.number}: {search.study.folder}"


def report_evaluation(evaluation: Evaluation) -> str:
    """Show the figures of a test, its confusion matrix and its files."""
    found = evaluation.detection
    warning = "warning: EER above 50 %: are the labels swapped?\n" if found.eer > 0.5 else ""
    rows = {
        "EER": f"{found.eer:.2%}",
        "AUC": f"{found.auc:.4f}",
        "accuracy": f"{found.accuracy:.2%}",
        "precision": f"{found.precision:.2%}",
        "recall": f"{found.recall:.2%}",
        "F1": f"{found.f1_score:.2%}",
        "threshold": f"{found.threshold:.4f} (from validation; the test's own EER lies at "
        f"{found.eer_threshold:.4f})",
        "bona-fide": f"{found.n_bona_fide:,} clips: {found.true_bona_fide:,} accepted, "
        f"{found.false_spoof:,} rejected",
        "spoof": f"{found.n_spoof:,} clips: {found.true_spoof:,} rejected, "
        f"{found.false_bona_fide:,} accepted",
    }
    lines = [f"{name:<10} {value}" for name, value in rows.items()]
    files = [str(path) for path in (evaluation.results, *evaluation.figures)]
    return warning + "\n".join(lines + files)


def table(frame: pd.DataFrame, **formats: str) -> str:
    """Lay a table out as text; `formats` gives the format of a column, empty where NaN."""
    shown = frame.astype(object).where(frame.notna(), "")
    for column, pattern in formats.items():
        shown[column] = [pattern.format(v) if v != "" else "-" for v in shown[column]]
    return shown.to_string(index=False)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f} hours" if seconds >= 3600 else f"{seconds / 60:.1f} minutes"
