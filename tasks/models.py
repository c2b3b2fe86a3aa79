"""The tasks on classifiers of vectors: probing layers, searching, training and testing."""

from typing import TYPE_CHECKING, Any

from invoke import Context, Exit

from src import stages
from src.models.registry import CLASSIFIERS
from src.utils.config import CALIBRATED_ON, CLEAN, GENDERS
from src.utils.embeddings.presets import BACKBONES
from src.utils.errors import choose
from src.utils.shown_text import visible
from tasks import arguments, configured
from tasks.flags import (
    ALL_CLASSIFIERS,
    HELP,
    AnswerFlags,
    ModelFlags,
    RunFlags,
    SearchFlags,
    TrialFlags,
)
from tasks.show import answer, show, show_audit
from tasks.task import stage

if TYPE_CHECKING:
    from src.models.evaluate import Evaluation
    from src.models.evaluate_sets import SetsEvaluation
    from src.results.blocks.blocks import Block
    from src.utils.runs import Run


@stage("backbone", seed="Seed of the folds (default: 7).")
def ProbeLayers(
    c: Context,
    backbone: str | None = None,
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Compare layers by a linear probe.

    The EER of a logistic regression at every layer, for mean, std and both, by
    cross-validation in folds by speaker over downstream_train and downstream_val.

    Example: fab ProbeLayers --backbone=wav2vec2
    """
    name = arguments.backbone_name(backbone)
    from src.reports import report_probe

    probe = stages.models.probe(
        name,
        configured.folder(c, "embeddings", embeddings),
        configured.folder(c, "runs", runs),
        configured.seed(c, seed),
    )
    show(report_probe(probe))


@stage(
    "backbone",
    "classifier",
    classifier=f"{HELP['classifier'][:-1]}, or auto for all of them in one search.",
    study_number="A study to continue, or to join while others are at it (default: start a new "
    "one).",
)
def OptimizeHyperparameters(
    c: Context,
    model: ModelFlags,
    search: SearchFlags,
    trials: str | None = None,
    study_number: str | None = None,
    augmented: bool = False,
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Search classifier, vectors and hyperparameters.

    By Optuna, for the lowest validation EER; every finished trial is a run. The vectors are those
    of a layer, or of all by weights that are learned, by one pooling or all.

    Example: fab OptimizeHyperparameters --backbone=acoustic --classifier=svm --trials=30
    """
    backbone = arguments.backbone_name(model.backbone)
    classifier = arguments.searched_classifier(model.classifier)
    total = None if trials is None else arguments.whole_number("--trials", trials, 1)
    study = arguments.optional_number("--study-number", study_number)
    options = search.options()
    from src.reports import report_search

    done = stages.models.optimize(
        backbone,
        classifier,
        configured.folder(c, "embeddings", embeddings),
        configured.folder(c, "runs", runs),
        total,
        study,
        configured.seed(c, seed),
        on_audit=show_audit,
        augmented=augmented,
        options=options,
    )
    show(report_search(done))
    if done.was_stopped:
        # As any stopped program, so that what is chained behind does not start.
        raise Exit("", 130)


@stage(
    backbones=f"One or more of {', '.join(BACKBONES)}, joined by commas (default: those that there "
    "are embeddings of).",
    classifiers=f"One or more, joined by commas (default: {ALL_CLASSIFIERS}).",
    trials="Trials of each search in all (default: 100 for mlp, 30 for svm and rf, 20 for lr).",
)
def TuneAll(
    c: Context,
    search: TrialFlags,
    backbones: str | None = None,
    classifiers: str = ALL_CLASSIFIERS,
    trials: str | None = None,
    augmented: bool = False,
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
) -> None:
    """Search, test and compare every combination.

    Of backbones and classifiers: one table and one page, each against the one that is the best by
    validation. Called again it goes on where it was stopped.

    Example: fab TuneAll --backbones=acoustic,wav2vec2 --classifiers=svm,lr --trials=30
    """
    which = [
        choose("--backbones", one, BACKBONES) for one in arguments.names("--backbones", backbones)
    ]
    how = [
        choose("--classifiers", one, CLASSIFIERS)
        for one in arguments.names("--classifiers", classifiers)
    ]
    total = None if trials is None else arguments.whole_number("--trials", trials, 1)
    options = search.options()
    from src.reports import report_combinations, report_search_line

    settings = stages.tuning.TuningSettings(
        configured.folder(c, "embeddings", embeddings),
        configured.folder(c, "runs", runs),
        which,
        how,
        total,
        configured.seed(c, seed),
        augmented,
        options,
    )
    done = stages.tuning.tune_all(
        settings, lambda search: show(report_search_line(search)), show_audit
    )
    show(report_combinations(done))


@stage(
    "backbone",
    "classifier",
    classifier=f"{HELP['classifier'][:-1]}, or auto for that of the study's best trial.",
    study_number="Take layer and hyperparameters from this study's best trial.",
    calibrate="With --augmented: the validation clips that the threshold and the calibration are "
    "fitted on: clean (default), matched (degraded as the training's copies are) or all (both).",
    seeds="How many trainings, by as many seeds from --seed on (default: 1); tells their mean and "
    "spread.",
)
def TrainModel(
    c: Context,
    model: ModelFlags,
    layer: str | None = None,
    pooling: str | None = None,
    hyperparameters: str | None = None,
    study_number: str | None = None,
    augmented: bool = False,
    calibrate: str = CLEAN,
    embeddings: str | None = None,
    runs: str | None = None,
    seed: str | None = None,
    seeds: str = "1",
) -> None:
    """Train a classifier into a run folder.

    Example: fab TrainModel --backbone=acoustic --classifier=svm
    """
    backbone = arguments.backbone_name(model.backbone)
    study = arguments.optional_number("--study-number", study_number)
    classifier = arguments.searched_classifier(model.classifier)
    if study is None:
        classifier = arguments.classifier_name(classifier)
    recipe = arguments.recipe(hyperparameters, backbone, classifier)
    chosen = recipe.layer if layer is None else arguments.layer_choice(layer)
    choose("--calibrate", calibrate, CALIBRATED_ON)
    n_seeds = arguments.whole_number("--seeds", seeds, 1)
    from src.reports import report_trainings

    done = stages.models.train_by_seeds(
        n_seeds,
        backbone,
        classifier,
        configured.folder(c, "embeddings", embeddings),
        configured.folder(c, "runs", runs),
        layer=chosen,
        pooling=recipe.pooling if pooling is None else pooling,
        hyperparameters=recipe.hyperparameters,
        study_number=study,
        seed=configured.seed(c, seed),
        on_audit=show_audit,
        augmented=augmented,
        calibrate=calibrate,
    )
    show(report_trainings(done, n_seeds))


@stage(
    study_number="Test a trial of this study.",
    embeddings=f"{HELP['embeddings'][:-1]}; several, joined by commas, give one table: each set, "
    "average, pooled and worst.",
    dataset="For a run of a network or a fusion: the data set's folder, or several, joined by "
    "commas (default: the one that it was trained on).",
)
def TestModel(
    c: Context,
    run: RunFlags,
    form: AnswerFlags,
    gender: str | None = None,
    embeddings: str | None = None,
    dataset: str | None = None,
    runs: str | None = None,
) -> None:
    """Test a run on unseen speakers.

    Writes EER, accuracy and the rest, scores and figures into the run's folder. A classifier is
    tested on vectors, a network on recordings, a fusion on what all its members have. A set among
    several
    that cannot be tested is named, the others are tested, and the exit status is 1.

    Example: fab TestModel --run-number=3
    """
    run_number, study_number = run.numbers()
    arguments.optional_choice("--gender", gender, GENDERS)
    folders = configured.folders(c, "embeddings", embeddings)
    datasets = [] if dataset is None else arguments.paths("--dataset", dataset)
    where = configured.folder(c, "runs", runs)
    which: dict[str, Any] = {
        "backbone": run.backbone,
        "classifier": run.classifier,
        "run_number": run_number,
        "study_number": study_number,
    }
    if len(folders) > 1 or len(datasets) > 1:
        _answer_sets(form, stages.models.test_on_sets(folders, where, gender, datasets, **which))
    else:
        which["dataset"] = datasets[0] if datasets else None
        _answer_test(form, stages.models.test(folders[0], where, gender=gender, **which))


def _answer_test(form: AnswerFlags, evaluation: "Evaluation") -> None:
    from src.reports import answers, report_evaluation

    answer(
        form,
        report=lambda: [_place_of(evaluation.run), *report_evaluation(evaluation)],
        essence=lambda: answers.essence_evaluation(evaluation),
        document=lambda: answers.document_evaluation(evaluation),
    )


def _answer_sets(form: AnswerFlags, done: "SetsEvaluation") -> None:
    from src.reports import answers, report_sets

    answer(
        form,
        report=lambda: [_place_of(done.run), *report_sets(done)],
        essence=lambda: answers.essence_sets(done),
        document=lambda: answers.document_sets(done),
    )
    failed = done.results.failed
    if failed:
        lines = (visible(f"TestModel: {what}: {why}") for what, why in failed.items())
        raise Exit("\n".join(lines), 1)


def _place_of(run: "Run") -> "Block":
    from src.results.blocks.blocks import Paragraph

    return Paragraph(f"run {run.number}: {run.folder}")
