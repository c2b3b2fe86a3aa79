"""What each stage prints when it has ended: short texts, and tables by pandas."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

import pandas as pd

from src.evaluation.measures import (
    BY_DECISION,
    BY_SCORE,
    EER,
    MEASURES,
    TANDEM_MEASURES,
    tell_decided,
    with_interval,
)
from src.utils.config import BY_UTTERANCE, DOWNSTREAM_SPLITS, LABELS, SAME_VOICES
from src.utils.errors import shorten
from src.utils.runs import MODEL_CARD

# A stage that ends soon should not wait for the libraries of all the others.
if TYPE_CHECKING:
    from src.audit.audit import Audit
    from src.audit.findings import Findings
    from src.audit.match_audited import Matching
    from src.audit.summary import Audited
    from src.evaluation.breakdown import Group
    from src.evaluation.evaluate_scores import ScoreEvaluation
    from src.evaluation.results import Results
    from src.models.evaluate import Evaluation
    from src.models.probe import Probe, ProbeRun
    from src.models.search import Search
    from src.models.train import Training
    from src.models.yamnet.train_and_test import BaselineTraining
    from src.predict.predict import Prediction
    from src.results.differences import Comparison
    from src.results.listing import Listing
    from src.utils.dataset.derive import Derived
    from src.utils.dataset.layouts.scan import Scan
    from src.utils.dataset.prepare.cetuc import People
    from src.utils.dataset.prepare.prepare import Prepared
    from src.utils.dataset.split import Split
    from src.utils.embeddings.extract import Extraction
    from src.utils.runs import Run

SHOWN = 5
"""How many of a list of rejected files are shown; the rest is in the file."""

MOST_VERDICTS = 20
"""How many verdicts are shown where all are in a file."""


def report_prepared(prepared: Prepared) -> str:
    """Tell what was unpacked with its digests, what the layout finds, and what comes next."""
    lines = []
    for entry in prepared.entries:
        left = f", {entry.n_left_out:,} left out" if entry.n_left_out else ""
        lines.append(f"{entry.name}: {entry.n_files:,} files{left}")
        lines.append(f"  sha256 {entry.sha256} ({entry.checked})")
    if prepared.n_skipped:
        archives = "archive was" if prepared.n_skipped == 1 else "archives were"
        lines.append(f"{prepared.n_skipped:,} {archives} unpacked before")
    if prepared.people is not None:
        lines += _tell_people(prepared.people)
    if prepared.missing:
        missing, page = shorten(prepared.missing, 8), prepared.corpus.page
        lines.append(f"of {prepared.corpus.title} not there: {missing} ({page})")
    where = f"--dataset={shlex.quote(str(prepared.root))}"
    if prepared.scan is not None:
        lines.append(report_scan(prepared.scan))
        layout = prepared.scan.layout
        lines.append(f"next: fab GenerateDatasetCSV {where} --layout={layout}")
    elif prepared.unscanned:
        lines.append(f"not complete yet: {prepared.unscanned}")
    else:
        lines.append("no layout reads it yet: write a metadata.csv (DatasetPreparation.md)")
    return "\n".join(lines)


def _tell_people(people: People) -> list[str]:
    from src.utils.dataset.prepare.cetuc import MUTE

    lines = []
    if people.renamed:
        pairs = [f"{old} -> {new}" for old, new in sorted(people.renamed.items())]
        lines.append(f"renamed {len(pairs):,} folders: {shorten(pairs, SHOWN)}")
    lines.append(f"{len(people.mute)} of the real side's {len(MUTE)} mute clips were there")
    if people.lost:
        lines.append(
            f"{len(people.lost):,} recordings in no folder with a person's id were left out: "
            f"{shorten(people.lost, SHOWN)}"
        )
    return lines


def report_scan(scan: Scan) -> str:
    """Count what was found, per label, against what is published, and what was left out."""
    from src.utils.dataset.split.parts import tell_unknown_parts

    files = scan.files
    rows = [_count_clips(label, files["speaker"][files["label"] == label]) for label in LABELS]
    text = f"layout {scan.layout}: {', '.join(rows)}"
    empty = [label for label in LABELS if not (files["label"] == label).any()]
    if empty:
        text += f"\nwarning: no {' and no '.join(empty)} clip, so no detector can be trained on it"
    unknown = tell_unknown_parts(files)
    if unknown:
        text += f"\nwarning: {unknown}; --strategy=column and official refuse it"
    for total in scan.totals:
        if total.found == total.expected:
            text += f"\n{total.what}: {total.found:,}, as published"
        else:
            text += f"\nwarning: {total.what}: {total.found:,}, and {total.expected:,} published"
    return text + _count_reasons(scan.problems)


def _count_clips(label: str, speakers: pd.Series) -> str:
    """Count the clips of a label and those who speak in them, clips without a name apart."""
    named = speakers[speakers != ""]
    n_unnamed = len(speakers) - len(named)
    if n_unnamed and not len(named):
        return f"{n_unnamed:,} {label} clips of unknown speakers"
    text = f"{len(named):,} {label} clips of {named.nunique():,} speakers"
    return text + (f" and {n_unnamed:,} clips of unknown speakers" if n_unnamed else "")


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


def report_amplitudes(
    files: pd.DataFrame, rejected: dict[str, str], is_mended_next: bool = False
) -> str:
    """Tell the peaks per label, and warn when they alone could tell the classes apart.

    What to run is left out where it is run next anyway.
    """
    medians = files.groupby("label")["amplitude"].median().dropna()
    lines = [f"{label}: median peak {medians[label]:.3f}" for label in medians.index]
    if len(medians) == 2 and medians.max() > 1.5 * medians.min():
        remedy = "" if is_mended_next else "; run NormalizeDataset"
        lines.append(
            f"warning: the classes differ in level, which a detector may learn instead of the "
            f"voice{remedy}"
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
    """Show the table of splits, and what is in none."""
    text = table(split.summary, minutes="{:.1f}")
    for reason, count in split.set_aside.items():
        text += f"\nin no split: {count:,} clip{'s' if count != 1 else ''}, {reason}"
    for note in split.notes:
        text += f"\nwarning: {note}"
    if split.n_without_spoofs:
        people = "person" if split.n_without_spoofs == 1 else "people"
        text += (
            f"\n{split.n_without_spoofs} {people} without spoofs went to downstream_test "
            f"(--without-spoofs=spread deals them out)"
        )
    return text + ("\n(unchanged)" if split.was_there else "")


def report_audit(audit: Audit) -> str:
    """Show what tells the classes apart, what leaks, what there is, and where the page is."""
    again = " (unchanged)" if audit.was_there else ""
    where = f"run {audit.run.number}: {audit.page}{again}"
    found = report_findings(audit.findings, audit.dataset)
    return f"{found}\n{where}{report_rejected(audit.rejected)}"


def report_findings(found: Findings, dataset: str) -> str:
    """Show what tells the classes apart, what leaks and what there is, and what to run next."""
    parts = [_tell_balance(found), _tell_shortcuts(found), _tell_leaks(found)]
    if found.flags:
        parts.append(f"flagged: {', '.join(found.flags)}")
        parts += [f"next: {step}" for step in found.next_steps(dataset)]
    elif found.shortcuts:
        parts.append("nothing flagged")
    return "\n".join(part for part in parts if part)


def report_matching(matching: Matching) -> str:
    """Tell in what the classes differed, what was done about it, and count what was written."""
    settings = matching.settings
    done = [
        f"{name} {value}"
        for name in ("low_pass", "silence", "duration", "noise", "clipped")
        if (value := getattr(settings, name)) != "keep"
    ]
    differing = [f"{one.label} (EER {one.eer:.0%})" for one in matching.differing]
    lines = [
        f"the classes differed in: {shorten(differing, 20) or 'nothing that a match would mend'}",
        f"done: 16-bit mono WAV at {settings.sample_rate:,} Hz, loudness {settings.loudness}"
        + "".join(f", {one.replace('_', '-')}" for one in done),
        report_derived(matching.derived, "they are quieter"),
        f"next: fab AuditDataset --dataset={shlex.quote(str(matching.derived.dataset.root))}",
    ]
    return "\n".join(lines)


def report_audited(audited: Audited | None) -> str:
    """Say in a line or two what the newest audit said of the recordings behind the vectors."""
    if audited is None:
        return "not audited: fab AuditDataset tells what could make the figures too good"
    flags = audited.findings.flags
    where = f"audit of run {audited.run.number} ({audited.run.manifest['started'][:10]})"
    if not flags:
        return f"{where}: nothing flagged"
    return f"warning: {where} flags {shorten(flags)}; see {audited.page}"


def _tell_balance(found: Findings) -> str:
    lines = [
        f"{row.label}: {row.clips:,} clips of {row.speakers:,} speakers, {row.minutes:,.1f} minutes"
        for row in found.balance.classes.itertuples()
    ]
    return "\n".join(lines + [f"warning: {text}" for text in found.balance.warnings])


def _tell_shortcuts(found: Findings) -> str:
    if not found.shortcuts:
        return "one class only: shortcuts cannot be looked for"
    rows = [
        (
            one.label,
            f"{one.eer:.1%}",
            f"{one.low:.1%} .. {one.high:.1%}",
            one.bona_fide,
            one.spoof,
            f"<- {one.remedy}" if one.is_flagged else "(may be chance)" * one.is_unsure,
        )
        for one in found.shortcuts
    ]
    names = ["nuisance", "EER", "95 % interval", "bona-fide", "spoof", ""]
    return (
        "how well a nuisance alone tells the classes apart (EER; chance is 50 %, flagged under "
        f"35 %)\n{table(pd.DataFrame(rows, columns=names))}"
    )


def _tell_leaks(found: Findings) -> str:
    rows: list[tuple[str, ...]] = []
    for leak in found.leaks:
        mark = "<- leak" if leak.is_flagged else ""
        if "all" in leak.seen:
            if leak.is_flagged:
                rows.append((leak.name, "", f"{leak.seen['all'].count:,} clips", mark))
        elif found.is_split:
            cells = [str(leak.seen.get(split, "-")) for split in DOWNSTREAM_SPLITS[1:]]
            rows.append((leak.name, *cells, mark))
        else:
            across = f"{leak.n_across:,} across speakers"
            rows.append((leak.name, f"{leak.n_groups:,} groups", across, mark))
    if not rows:
        return ""
    if found.is_split:
        names = ["in common", "validation after training", "test after both", ""]
        return f"clips with a match in an earlier split\n{table(pd.DataFrame(rows, columns=names))}"
    names = ["in common", "groups", "that a split may part", ""]
    return f"not split yet; clips that share\n{table(pd.DataFrame(rows, columns=names))}"


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
    """Name the figure, the points and the page."""
    method = run.settings["method"]
    return f"{run.folder / method}.png\n{run.folder / method}.csv\n{run.report}"


def report_probe(done: ProbeRun) -> str:
    """Show the EER by layer and pooling, and name the figure and the table."""
    text = _tell_probe(done.probe)
    if len(done.probe.table) == 1:
        name = done.run.settings["backbone"]["name"]
        text = f"{name} has one layer here and one pooling: nothing to choose\n{text}"
    return f"{text}\nreport: {done.run.report}\n{done.figure}\n{done.table}"


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
        f"{probe.unit}\n({probe.n_clips:,} clips of {probe.n_speakers:,} speakers in training and "
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
        f"{training.threshold:.4f}\nreport: {training.run.report}\n"
        f"run {training.run.number}: {training.run.folder}"
    )
    text = _warn_of_voices(training.run) + text
    return text + (" (already trained)" if training.was_there else "")


def report_baseline(training: BaselineTraining) -> str:
    """Show the epochs, the validation EER and where the run is."""
    text = _warn_of_voices(training.run)
    if training.run.settings["weights"] is None:
        text += "started from random weights; pretrained ones take far less data (--weights=FILE)\n"
    if training.n_kept:
        text += f"went on behind epoch {training.n_kept}\n"
    text += (
        f"epoch {training.best + 1} of {training.n_epochs} kept, validation EER "
        f"{training.validation_eer:.2%} at the threshold {training.threshold:.4f}\n"
        f"report: {training.run.report}\nrun {training.run.number}: {training.run.folder}"
    )
    return text + (" (already trained)" * training.was_there) + report_rejected(training.rejected)


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
    text += f"report: {search.study.report}\n"
    return f"{text}study {search.study.number}: {search.study.folder}"


def _warn_of_voices(run: Run) -> str:
    """Say what figures are worth whose test speaks with the voices of the training."""
    by_utterance = run.settings.get("units") == BY_UTTERANCE
    return f"warning: {SAME_VOICES}\n" if by_utterance else ""


def report_evaluation(evaluation: Evaluation) -> str:
    """Show the figures of a test with their intervals, its groups and its files."""
    head = _warn_of_voices(evaluation.run)
    if evaluation.elsewhere:
        head = f"tested on another data set: {evaluation.elsewhere}\n{head}"
    run = evaluation.run
    files = [evaluation.path, run.folder / MODEL_CARD, run.report]
    return head + "\n".join([_tell_results(evaluation.results), *map(str, files)])


def report_score_evaluation(evaluation: ScoreEvaluation) -> str:
    """Show the figures of a score file, what of it was not used, and its files."""
    lines = []
    if evaluation.unused:
        number, examples = len(evaluation.unused), shorten(evaluation.unused)
        lines.append(f"{number:,} scores are of no trial of the protocol: {examples}")
    if not evaluation.is_calibrated:
        lines.append(
            "taken for log-likelihood ratios as they are: act_dcf, Cllr and the verdicts hold for "
            "such alone (--validation-scores= calibrates)"
        )
    lines.append(_tell_results(evaluation.results))
    lines += [str(evaluation.path), f"report: {evaluation.run.report}"]
    return "\n".join([*lines, f"run {evaluation.run.number}: {evaluation.run.folder}"])


def report_listing(listing: Listing) -> str:
    """Show the table of runs, and what could not be read."""
    text = f"no runs in {listing.folder}; fab TrainModel makes one"
    if len(listing.table):
        text = table(listing.table)
    return "\n".join([text, *(f"warning: {fault}" for fault in listing.faults)])


def report_comparison(done: Comparison) -> str:
    """Show the runs by their EER, each against the best, and where the page is."""
    from src.results.differences import COMPARED
    from src.results.naming import describe
    from src.results.wording import tell_pair

    rows = [
        (
            one.name,
            describe(one.run),
            *(with_interval(one.results, name) for name in COMPARED),
            f"{one.outcome.dataset} ({len(one.trials):,} clips)",
        )
        for one in done.entries
    ]
    names = ["run", "what", *(MEASURES[name].label for name in COMPARED), "tested on"]
    lines = [table(pd.DataFrame(rows, columns=names))]
    lines += [tell_pair(row) for row in done.pairs.itertuples()]
    if len(set(done.pairs["run"])) > 1:
        lines.append("(p-values are corrected by Holm's procedure, figure by figure)")
    lines += [f"warning: {note}" for note in done.notes]
    return "\n".join([*lines, f"run {done.run.number}: {done.page}"])


def _tell_results(results: Results) -> str:
    """Lay out the figures of a test: what is likely in brackets, what to beware of first."""
    found = results.detection
    lines = [f"warning: {text}" for text in results.warnings]
    rows = {MEASURES[name].label: with_interval(results, name) for name in BY_SCORE}
    rows |= {
        TANDEM_MEASURES[name].label: TANDEM_MEASURES[name].write(value)
        for name, value in results.tandem.items()
    }
    rows["threshold"] = (
        f"{found.threshold:.4f}, fixed beforehand (the test's own EER lies at "
        f"{found.eer_threshold:.4f})"
    )
    rows |= {MEASURES[name].label: with_interval(results, name) for name in BY_DECISION}
    rows["bona-fide"] = (
        f"{found.n_bona_fide:,} clips: {found.true_bona_fide:,} accepted, {found.false_spoof:,} "
        f"rejected"
    )
    rows["spoof"] = (
        f"{found.n_spoof:,} clips: {found.true_spoof:,} rejected, {found.false_bona_fide:,} "
        f"accepted"
    )
    rows["verdicts"] = tell_decided(results.decided)
    lines += [f"{name:<10} {value}" for name, value in rows.items()]
    lines.append(f"(in brackets: 95 % intervals over {results.ci95_over})")
    if results.ci95_attacks:
        low, high = results.ci95_attacks["eer"]
        lines.append(f"EER over {results.ci95_attacks_over}: {EER.write_span(low, high)}")
    for condition, groups in results.breakdowns.items():
        lines.append(_tell_groups(condition, groups))
    return "\n".join(lines)


def _tell_groups(condition: str, groups: list[Group]) -> str:
    """Lay out the groups that say something, and count those too small for it."""
    rows = [
        (
            one.group,
            f"{one.eer:.1%}",
            EER.write_span(one.low, one.high),
            *("-" if isnan(rate) else f"{rate:.1%}" for rate in (one.frr, one.far)),
            *(f"{count:,}" for count in (one.n_bona_fide, one.n_spoof, one.n_speakers)),
            f"against all {one.against}" if one.against else "",
        )
        for one in groups
        if not one.is_small
    ]
    names = [condition, "EER", "95 % interval", "FRR", "FAR", *LABELS, "speakers", ""]
    lines = [table(pd.DataFrame(rows, columns=names))] if rows else []
    small = [one.group for one in groups if one.is_small]
    if small:
        more = "more" if rows else condition
        are = "group is" if len(small) == 1 else "groups are"
        lines.append(f"{len(small):,} {more} {are} too small to say anything: {shorten(small)}")
    return "\n" + "\n".join(lines)


def report_prediction(prediction: Prediction) -> str:
    """Show the verdict on every recording, or on the most suspicious where a file has them all."""
    run, verdicts = prediction.run, prediction.verdicts
    settings = run.settings
    lines = [
        f"run {run.number}: {settings['backbone']['name']} + {settings['classifier']}, where "
        f"{prediction.prior:.0%} are expected to be bona-fide"
    ]
    shown = verdicts
    if prediction.output is not None and len(verdicts) > MOST_VERDICTS:
        judged = [one for one in verdicts if one.probability is not None]
        shown = sorted(judged, key=lambda one: one.probability or 0.0)[:MOST_VERDICTS]
        lines.append(f"the {len(shown)} most suspicious of {len(verdicts):,}:")
    if shown:
        rows = [
            (
                one.file,
                "-" if one.probability is None else f"{one.probability:.3f}",
                one.verdict,
                "" if one.lowest is None else f"{one.seconds} ({one.lowest:.3f})",
                one.reason,
            )
            for one in shown
        ]
        names = ["file", "P(bona-fide)", "verdict", "most suspicious s", "reason or warning"]
        lines.append(_set_left(names, rows))
    refused = {one.file: one.reason for one in verdicts if one.is_refused}
    if shown is not verdicts and refused:
        lines += [f"refused: {file} {reason}" for file, reason in list(refused.items())[:SHOWN]]
    counts = Counter(one.verdict for one in verdicts)
    lines.append(", ".join(f"{count:,} {verdict}" for verdict, count in sorted(counts.items())))
    lines += [f"note: {note}" for note in prediction.notes]
    if prediction.was_stopped:
        lines.append(f"stopped: {len(verdicts):,} of {prediction.n_files:,} recordings are judged")
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
    return "\n".join(line for line in lines if line)


def _set_left(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay text out in columns that start at one place, for cells of very different lengths."""
    widths = [max(map(len, cells)) for cells in zip(names, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (names, *rows)
    )
    return "\n".join(lines)


def table(frame: pd.DataFrame, **formats: str) -> str:
    """Lay a table out as text; `formats` gives the format of a column, empty where NaN."""
    shown = frame.astype(object).where(frame.notna(), "")
    for column, pattern in formats.items():
        shown[column] = [pattern.format(v) if v != "" else "-" for v in shown[column]]
    return shown.to_string(index=False)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2f} hours" if seconds >= 3600 else f"{seconds / 60:.1f} minutes"
