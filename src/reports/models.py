"""What the stages print that probe, search and train."""

from __future__ import annotations

from typing import TYPE_CHECKING

from src.reports.dataset import SHOWN, report_rejected
from src.results.blocks.blocks import Block, Cell, Paragraph
from src.results.sections.augmentation import augmentation_facts
from src.results.sections.probe import probe_in_brief
from src.results.sections.search_trials import (
    best_trials_table,
    by_classifier,
    choice_among_trials,
    count_trials,
    finalists_table,
)
from src.results.sections.warnings import warnings
from src.utils.config import VALIDATION_EER

if TYPE_CHECKING:
    from src.models.probe import ProbeRun
    from src.models.seeds import OverSeeds, Trainings
    from src.models.train import Training
    from src.networks.train import NetworkTrainings
    from src.search.optimize import Search


def report_probe(done: ProbeRun) -> list[Block]:
    """Show the EER by layer and pooling, and name the figure and the table.

    Parameters
    ----------
    done : ProbeRun
        A layer probe and its files.
    """
    blocks: list[Block] = []
    if len(done.probe.table) == 1:
        name = done.run.settings["backbone"]["name"]
        blocks.append(Paragraph(f"{name} has one layer here and one pooling: nothing to choose"))
    lines = [f"report: {done.run.report}", str(done.figure), str(done.table)]
    return [*blocks, *probe_in_brief(done.probe), *map(Paragraph, lines)]


def report_training(training: Training) -> list[Block]:
    """Show the layer probe, the validation EER and where the run is.

    Parameters
    ----------
    training : Training
        Of a classifier.
    """
    run = training.run
    again = " (already trained)" if training.was_there else ""
    told: list[tuple[str, Cell]] = []
    if run.settings.get("augmented"):
        # Here, since it loads scipy, and reports of all stages are imported together.
        from src.results.sections.calibration import calibration_facts

        told = [*augmentation_facts(run), *calibration_facts(run)]
    return [
        *warnings(run),
        *([] if training.probe is None else probe_in_brief(training.probe)),
        *(Paragraph(f"{name}: {text}") for name, text in told),
        Paragraph(
            f"{training.selection.label}, validation EER {training.validation_eer:.2%} at the "
            f"threshold {training.threshold:.4f}"
        ),
        Paragraph(f"report: {run.report}"),
        Paragraph(f"run {run.number}: {run.folder}{again}"),
    ]


def report_trainings(done: Trainings, n_asked: int = 1) -> list[Block]:
    """Show what `report_training` does of each seed, and all together.

    Parameters
    ----------
    done : Trainings
        Of one classifier.
    n_asked : int
        How many seeds were asked for.
    """
    if len(done.trainings) == 1:
        blocks = report_training(done.trainings[0])
        if n_asked > 1 and not done.is_random:
            name = done.trainings[0].run.settings["classifier"]
            text = f"{name} draws nothing at random: other seeds give the same model"
            blocks.append(Paragraph(text))
        return blocks
    blocks = []
    for training in done.trainings:
        of_seed = Paragraph(f"seed {training.run.settings['seed']}")
        blocks += [of_seed, *report_training(training)]
    return [*blocks, _over(done)]


def _over(done: OverSeeds) -> Block:
    return Paragraph(
        f"{len(done.eers)} seeds: validation EER {done.mean:.2%} on average, standard deviation "
        f"{done.spread:.2%}"
    )


def report_networks(done: NetworkTrainings) -> list[Block]:
    """Show the epochs, the validation EER and where the run is, of each seed, and all together.

    Parameters
    ----------
    done : NetworkTrainings
        Of one network.
    """
    blocks: list[Block] = [*warnings(done.trainings[0].run)]
    for training in done.trainings:
        run, found = training.run, training.results
        lines = [f"went on behind epoch {training.n_kept}"] if training.n_kept else []
        again = " (already trained)" if training.was_there else ""
        of_seed = f"seed {run.settings['seed']}: " if len(done.trainings) > 1 else ""
        lines += [
            f"{of_seed}epoch {found['best_epoch'] + 1} of {found['epochs']} kept, validation EER "
            f"{found['validation_eer']:.2%} at the threshold {found['threshold']:.4f}",
            f"report: {run.report}",
            f"run {run.number}: {run.folder}{again}",
        ]
        blocks += map(Paragraph, lines)
    if len(done.trainings) > 1:
        blocks.append(_over(done))
    return [*blocks, *report_rejected(done.trainings[0].rejected)]


def report_search(search: Search) -> list[Block]:
    """Show the best search trials, where the study is and what to do next.

    Parameters
    ----------
    search : Search
        Of hyperparameters.
    """
    trials, study, best = search.search_trials, search.study, search.best or {}
    blocks: list[Block] = []
    if VALIDATION_EER in trials and trials[VALIDATION_EER].notna().any():
        # Here, since they load pandas.
        from src.results.study_tables import read_finalists, read_top
        from src.search.choice import best_first

        ranked = best_first(trials.dropna(subset=VALIDATION_EER))
        blocks.append(Paragraph(f"best of {len(ranked)} finished trials:"))
        number = best.get("run_number")
        blocks.append(best_trials_table(ranked.head(SHOWN), number, read_top(study)))
        finalists = read_finalists(study)
        if finalists is not None and len(finalists):
            blocks += [
                Paragraph("with other seeds:"),
                finalists_table(finalists, number),
            ]
    if len(trials) or search.n_elsewhere:
        blocks.append(Paragraph(f"trials: {count_trials(trials, search.n_elsewhere)}"))
    blocks += [Paragraph(line) for line in [by_classifier(trials)] if line]
    blocks += choice_among_trials(best)
    if search.was_stopped:
        blocks.append(Paragraph(f"stopped; continue with --study-number={study.number}"))
    return [
        *blocks,
        *_next(search),
        Paragraph(f"report: {study.report}"),
        Paragraph(f"study {study.number}: {study.folder}"),
    ]


def _next(search: Search) -> list[Block]:
    if search.best is None:
        return []
    from src.results.study_commands import command_to_test_best, with_origin

    study = with_origin(search.study)
    return [Paragraph(f"test the best: {command_to_test_best(study, study.folder.parent)}")]
