"""What stages answer to programs and to whoever wants a single line.

A `document_x` is the value of `--json`: its keys are a contract, numbers are numbers, and what is
not known is None. An `essence_x` are the lines of `--quiet`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from src.adaptation.names import ADAPTED
from src.results.records import run_record
from src.utils.files import read_json
from src.utils.metrics.table import EER, METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from src.adaptation.adapt import Adapted
    from src.audit.audit import Audit
    from src.fusion.fuse import Fused
    from src.models.evaluate import Evaluation
    from src.models.evaluate_sets import SetsEvaluation
    from src.predict.shipped import Shipped
    from src.results.differences import Comparison
    from src.results.listing import Listing


def document_listing(listing: Listing) -> dict[str, Any]:
    """Return the runs of a folder, as `record_of` has them.

    Parameters
    ----------
    listing : Listing
        Of a runs folder.
    """
    return {"folder": listing.folder, "runs": listing.records, "faults": listing.faults}


def essence_listing(listing: Listing) -> list[str]:
    """Return a line a run: its folder and its EER.

    Parameters
    ----------
    listing : Listing
        Of a runs folder.
    """
    return [f"{one['folder']}: {_eer_in_brief(one)}" for one in listing.records]


def _eer_in_brief(record: dict[str, Any]) -> str:
    if record["test_eer"] is not None:
        return f"EER {EER.write(record['test_eer'])}"
    if record["validation_eer"] is not None:
        return f"not tested, validation EER {EER.write(record['validation_eer'])}"
    return str(record["what"])


def document_detectors(found: Sequence[Shipped], faults: Sequence[str]) -> dict[str, Any]:
    """Return the detectors that come with AUDIOS: what each keeps of itself, and where it lies.

    Parameters
    ----------
    found : sequence of Shipped
        By name.
    faults : sequence of str
        What is wrong with others, a line each.
    """
    return {
        "detectors": [{**one.about, "name": one.name, "folder": one.run.folder} for one in found],
        "faults": list(faults),
    }


def essence_detectors(found: Sequence[Shipped]) -> list[str]:
    """Return a line a detector: its name and its EER on sources held out.

    Parameters
    ----------
    found : sequence of Shipped
        By name.
    """
    return [f"{one.name}: EER {EER.write(one.about['held_out']['eer'])}" for one in found]


def document_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    """Return a test: whose, where its files are, and `test_results.json` as it is.

    Parameters
    ----------
    evaluation : Evaluation
        A tested run.
    """
    run = evaluation.run
    return {
        **run_record(run),
        "elsewhere": evaluation.elsewhere,
        "results": evaluation.path,
        "report": run.report,
        "test": read_json(evaluation.path),
    }


def essence_evaluation(evaluation: Evaluation) -> list[str]:
    """Return the run's folder and its EER with the interval.

    Parameters
    ----------
    evaluation : Evaluation
        A tested run.
    """
    results = evaluation.results
    span = EER.write_interval(*results.ci95["eer"])
    return [f"{evaluation.run.folder}: EER {EER.write(results.detection.eer)} [{span}]"]


def document_fusion(fused: Fused) -> dict[str, Any]:
    """Return a fusion: where it lies, its members with their weights, and what fusing brought.

    Parameters
    ----------
    fused : Fused
        A finished fusion.
    """
    run = fused.run
    return {
        **run_record(run),
        "report": run.report,
        "fusion": fused.settings.model_dump(),
        "validation_eer": fused.validation_eer,
        "gain": None if fused.gain is None else fused.gain.as_dict(),
        "is_better": fused.gain is not None and fused.gain.is_better,
    }


def essence_fusion(fused: Fused) -> list[str]:
    """Return the fusion's folder and its validation EER.

    Parameters
    ----------
    fused : Fused
        A finished fusion.
    """
    return [f"{fused.run.folder}: validation EER {EER.write(fused.validation_eer)}"]


def document_adaptation(done: Adapted) -> dict[str, Any]:
    """Return an adapted training: where it lies, what it was adapted with, and what that brought.

    Parameters
    ----------
    done : Adapted
        An adapted training.
    """
    run, found = done.run, done.adaptation
    return {
        **run_record(run),
        "report": run.report,
        "adapted": run.settings[ADAPTED],
        "adaptation": found.as_dict(),
        "is_better": found.apart.eer.is_better,
        "is_forgotten": found.is_forgotten,
    }


def essence_adaptation(done: Adapted) -> list[str]:
    """Return the new run's folder, and the EER before and after on speakers kept apart.

    Parameters
    ----------
    done : Adapted
        An adapted training.
    """
    eer = done.adaptation.apart.eer
    return [f"{done.run.folder}: EER {EER.write(eer.before)} before, {EER.write(eer.after)} after"]


def document_sets(done: SetsEvaluation) -> dict[str, Any]:
    """Return a test on many sets: whose, where its files are, and `test_sets.json` as it is.

    Parameters
    ----------
    done : SetsEvaluation
        A run tested on many sets.
    """
    return {
        **run_record(done.run),
        "results": done.path,
        "report": done.run.report,
        "tests": [one.path for one in done.evaluations],
        "test": read_json(done.path),
    }


def essence_sets(done: SetsEvaluation) -> list[str]:
    """Return EER with the interval and HTER: of each set, their average, and all pooled.

    Parameters
    ----------
    done : SetsEvaluation
        A run tested on many sets.
    """
    results = done.results
    rows = [(row.title, row) for row in results.sets]
    rows += [(row.name, row) for row in (results.average, results.pooled)]
    hter = METRICS["hter"]
    return [
        f"{title}: EER {EER.write(row.values['eer'])} [{EER.write_interval(*row.ci95['eer'])}], "
        f"HTER {hter.write(row.values['hter'])}"
        for title, row in rows
    ]


def document_comparison(done: Comparison) -> dict[str, Any]:
    """Return the runs by rising EER with what is compared, and each one's differences.

    Parameters
    ----------
    done : Comparison
        Of tested runs.
    """
    from src.results.differences import COMPARED
    from src.results.records import test_record

    return {
        **run_record(done.run),
        "page": done.page,
        "runs": [
            {
                **run_record(one.run),
                "test": test_record(one.outcome),
                "metrics": {
                    name: {
                        "value": getattr(one.results.detection, name),
                        "ci95": list(one.results.ci95[name]),
                    }
                    for name in COMPARED
                },
            }
            for one in done.entries
        ],
        "differences": [
            {
                "run": row.run,
                "best": row.best,
                "metric": row.metric,
                "difference": row.difference,
                "ci95": [row.low, row.high],
                "p_value": row.p_value,
                "p_holm": row.p_holm,
            }
            for row in done.pairs.itertuples()
        ],
        "robustness": _robustness_record(done),
        "notes": done.notes,
    }


def _robustness_record(done: Comparison) -> list[dict[str, Any]] | None:
    if done.robustness is None:
        return None
    return [
        {
            "condition": row.condition,
            "run": row.run,
            "eer": row.eer,
            "against": None if row.run == done.robustness.names[0] else done.robustness.names[0],
            "difference": row.difference,
            "ci95": [row.low, row.high],
        }
        for row in done.robustness.table.itertuples()
    ]


def essence_comparison(done: Comparison) -> list[str]:
    """Return the run of the lowest EER, and how the others' EER differs from it.

    Parameters
    ----------
    done : Comparison
        Of tested runs.
    """
    from src.results.wording import difference_sentence

    best = done.entries[0]
    pairs = done.pairs[done.pairs["metric"] == EER.name]
    return [
        f"lowest EER: {best.name}, {EER.write(best.results.detection.eer)}",
        *map(difference_sentence, pairs.itertuples()),
    ]


def document_audit(audit: Audit) -> dict[str, Any]:
    """Return an audit: of what, where its files are, and `audit.json` as it is.

    Parameters
    ----------
    audit : Audit
        Of a data set.
    """
    from src.audit.findings import AUDIT

    return {
        **run_record(audit.run),
        "dataset": audit.dataset,
        "page": audit.page,
        "rejected": audit.rejected,
        "next": audit.findings.next_steps(audit.dataset),
        "audit": read_json(audit.run.folder / AUDIT),
    }


def essence_audit(audit: Audit) -> list[str]:
    """Return what is flagged.

    Parameters
    ----------
    audit : Audit
        Of a data set.
    """
    flags = audit.findings.flags
    return [f"flagged: {', '.join(flags)}" if flags else "nothing flagged"]
