"""The command line of AUDIOS: one Fabric task per stage; `fab -l` lists them."""

import functools
import inspect
import logging
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from fabric import Connection, task
from invoke import Collection, Context, Exit

from src.utils import arguments
from src.utils.config import (
    BACKBONES,
    BASELINE,
    CLASSIFIERS,
    DEFAULTS,
    FULL,
    GENDERS,
    LABELS,
    LOG_MEL,
    MIN_FOLDS,
    PRECISIONS,
    PROBE,
    ROOT,
    SPLIT_STRATEGIES,
    SPLIT_UNITS,
    SPLITS,
)
from src.utils.errors import ArgumentError, AudiosError, choose

# torch, scikit-learn, transformers and matplotlib are imported inside the tasks: `fab -l` and
# `fab --help` load this file, and must answer at once.

ns = Collection()
ns.configure({"audios": dict(DEFAULTS)})

HELP = {
    "dataset": "The data set's folder (default: datasets/release).",
    "embeddings": "The embeddings' folder (default: embeddings).",
    "runs": "The runs' folder (default: runs).",
    "seed": "Seed of everything random (default: 7).",
    "backbone": f"One of {', '.join(BACKBONES)}.",
    "classifier": f"One of {', '.join(CLASSIFIERS)}.",
    "checkpoint": "A hub id or a local folder in Hugging Face layout, in place of the default.",
    "precision": "auto (default: bfloat16 where the hardware has it), float32 or bfloat16.",
    "layers": "Layers to keep, such as 0-6 or 9 (default: all); those behind are not computed.",
    "splits": "downstream (default), pretext, all, full (the whole table), or names of splits "
    "joined by commas.",
    "engine": "local (default), or ray: on all machines of a Ray cluster.",
    "ray_address": "For ray: HOST:PORT of a running cluster (default: start one on this machine).",
    "layout": "How the recordings are laid out: auto (default), cetuc, csv, asvspoof2019, "
    "asvspoof2021, asvspoof5, in-the-wild, mlaad, wavefake, for, spoofceleb or folders.",
    "audio": "Where the recordings are, if not in --dataset; nothing is written there.",
    "bona_fide": "For mlaad: the folder of M-AILABS, its bona-fide side; only read.",
    "layer": "A whole number (0 first, -1 last), or probe (default) for the layer with the lowest "
    "EER of a logistic regression, as in ProbeLayers.",
    "strategy": "speaker (default) deals people out; official takes the corpus' own split as it "
    "is; column follows it and makes up for parts it lacks.",
    "hold_out": "Keep these out of training and test on them: attack:NAME,NAME, source:NAME or "
    "language:NAME.",
    "folds": "Deal people into this many folds (3 or more), and test on one of them.",
    "fold": "Which fold to test on, 0 first; the next one validates, the others train.",
    "units": "What stays on one side: speaker (default), or utterance for corpora of one voice.",
    "pretext": "Share of people for pretext (default: 0.6; 0 for small corpora, and with "
    "--hold-out or --folds).",
    "pretext_train": "Share of pretext people to train on (default: 0.8).",
    "pretext_val": "Share of pretext people to validate on (default: the rest).",
    "downstream_train": "Share of downstream people to train on (default: 0.7).",
    "downstream_val": "Share of downstream people to validate on (default: 0.2).",
    "downstream_test": "Share of downstream people to test on (default: the rest).",
    "without_spoofs": "Where people without spoofs go: test (default), or spread over all splits, "
    "as always with --hold-out or --folds.",
    "trials": "Trials of the search in all (default: 100 for mlp, 30 for svm and rf).",
    "study_number": "Number of the study (see the names in the runs' folder).",
    "run_number": "Number of the run (default: the newest that fits, or the study's best).",
    "gender": "M or F: test on the clips of this gender only.",
    "hyperparameters": "In place of the defaults: name=value,name=value, or a JSON file such as a "
    "study's best_hyperparameters.json.",
}


def stage(**own_help: str) -> Callable[[Callable[..., None]], None]:
    """Register a function as a task whose expected errors are one line and an exit code."""

    def register(body: Callable[..., None]) -> None:
        name = body.__name__

        @functools.wraps(body)
        def run(c: Context, **flags: str | bool | None) -> None:
            if isinstance(c, Connection):
                raise Exit(f"{name}: runs on this machine only; leave -H and --hosts out", 2)
            _show_logs()
            try:
                body(c, **flags)
            except AudiosError as error:
                raise Exit(f"{name}: {error}", error.exit_code) from error
            except OSError as error:
                where = f" {error.filename}" if error.filename else ""
                raise Exit(f"{name}: {error.strerror or error}:{where}", 1) from error
            except KeyboardInterrupt:
                raise Exit(f"\n{name}: stopped", 130) from None

        names = list(inspect.signature(body).parameters)[1:]
        help_texts = {flag: (HELP | own_help)[flag] for flag in names}
        # Without positional=[] a mistyped flag would be taken as a value of the first parameter.
        ns.add_task(task(run, positional=[], auto_shortflags=False, help=help_texts), name=name)

    return register


@stage(
    corpus="cetuc, asvspoof2019, asvspoof2021, asvspoof5, in-the-wild, mlaad, wavefake, for or "
    "spoofceleb.",
    archives="A folder of downloaded archives or clones, or one archive; only read.",
    checksum="sha256:DIGITS or md5:DIGITS of the archive, in place of a published one.",
)
def PrepareDataset(c, corpus=None, archives=None, dataset=None, checksum=None):
    """1 · Unpack a public corpus, checked.

    CETUC and its fakes are fetched by git where they are not given; of the others the archives
    are downloaded by you.
    """
    from src.reports import render_text, report_prepared
    from src.utils.dataset.prepare.checksums import parse_checksum
    from src.utils.dataset.prepare.corpora import CORPORA
    from src.utils.dataset.prepare.prepare import prepare_dataset

    name = arguments.required("--corpus", corpus, list(CORPORA))
    given = None if archives is None else arguments.path("--archives", archives)
    expected = None if checksum is None else parse_checksum(checksum)
    root = _path(c, "dataset", dataset)
    print(render_text(report_prepared(prepare_dataset(root, CORPORA[name], given, expected))))


@stage()
def GenerateDatasetCSV(c, dataset=None, layout="auto", audio=None, bona_fide=None):
    """1 · List the recordings in two CSV tables.

    Reads public corpora as they are unpacked, the CETUC layout (real_voices/Paula_F026,
    fake_voices/Paula_F026_Fake), a metadata.csv with the columns file (or path) and label, or
    folders named real and fake; wav, flac, ogg and mp3. DatasetPreparation.md shows each.
    """
    from src.reports import render_text, report_scan
    from src.utils.dataset.generate import generate_tables

    root = _path(c, "dataset", dataset)
    folders = _given("audio", audio), _given("bona-fide", bona_fide)
    print(render_text(report_scan(generate_tables(root, layout, *folders))))


@stage()
def AddDatasetDuration(c, dataset=None):
    """2 · Add durations, from the headers."""
    from src.reports import render_text, report_durations
    from src.utils.dataset.measure import add_durations

    print(render_text(report_durations(*add_durations(_dataset(c, dataset)))))


@stage()
def AddDatasetAmplitude(c, dataset=None):
    """3 · Add peak amplitudes, on all cores."""
    from src.reports import render_text, report_amplitudes
    from src.utils.dataset.measure import add_amplitudes

    print(render_text(report_amplitudes(*add_amplitudes(_dataset(c, dataset)))))


@stage(
    output="The new data set's folder (default: datasets/normalized).",
    method="rms (default) or peak.",
    target_rms="For rms: the level to reach, full scale at 1 (default: 0.1).",
)
def NormalizeDataset(c, dataset=None, output=None, method="rms", target_rms="0.1"):
    """4 · Write a copy at one level.

    Loudness then tells nothing; the source is never touched.
    """
    from src.reports import render_text, report_derived
    from src.utils.dataset.normalize import normalize_dataset

    target = arguments.number("--target-rms", target_rms)
    new = _output(output, "datasets/normalized")
    print(
        render_text(
            report_derived(
                normalize_dataset(_dataset(c, dataset), new, method, target),
                "they got the largest gain that does not",
            )
        )
    )


@stage(
    output="The new data set's folder (default: datasets/noisy).",
    snr_db="Signal-to-noise ratio in dB, a number or a range (default: 5..20).",
)
def AddNoise(c, dataset=None, output=None, snr_db="5..20", seed=None):
    """5 · Write a copy with white noise (optional)."""
    from src.reports import render_text, report_derived
    from src.utils.dataset.noise import add_noise

    ratio = arguments.number_range("--snr-db", snr_db)
    new = _output(output, "datasets/noisy")
    print(
        render_text(
            report_derived(
                add_noise(_dataset(c, dataset), new, ratio, _seed(c, seed)),
                "voice and noise were turned down together",
            )
        )
    )


@stage()
def SplitDataset(
    c,
    dataset=None,
    strategy="speaker",
    pretext=None,
    pretext_train=None,
    pretext_val=None,
    downstream_train=None,
    downstream_val=None,
    downstream_test=None,
    without_spoofs="test",
    hold_out=None,
    folds=None,
    fold=None,
    units="speaker",
    seed=None,
):
    """6 · Divide the speakers into five splits.

    Pretext train and val, downstream train, val and test.
    """
    settings = _split_settings(**locals())
    from src.reports import render_text, report_split
    from src.utils.dataset.split import split_dataset

    print(render_text(report_split(split_dataset(_dataset(c, dataset), settings, _seed(c, seed)))))


@stage()
def AuditDataset(c, dataset=None, runs=None, seed=None):
    """7 · Look for shortcuts, leaks, imbalance.

    How well the classes can be told apart without the voice (level, silence, bandwidth, format
    and so on, alone and all together), what train and test have in common, and how much there
    is of everything: as a table here, audit.json and audit.html in a run folder.
    """
    from src.audit.audit import audit_dataset
    from src.reports import render_text, report_audit
    from src.results.report import write_report

    folder = _path(c, "runs", runs)
    audit = audit_dataset(_dataset(c, dataset), folder, _seed(c, seed))
    write_report(audit.run, folder)
    print(render_text(report_audit(audit)))


@stage(
    output="The new data set's folder (default: datasets/matched).",
    sample_rate="Of every new recording, in Hz (default: 16000).",
    low_pass="match: cut all off below where nine in ten of the narrower class end; auto, keep.",
    silence="trim both ends, shorten pauses to 0.1 s as well; auto, keep.",
    duration="match: cut to one distribution of lengths in both classes; auto, keep.",
    noise="match: add white noise up to one distribution of noise floors; auto, keep.",
    clipped="reject: leave clipped recordings out; auto, keep.",
    loudness="rms (default), lufs or keep.",
    target="The level: RMS with full scale at 1 (default: 0.05), or LUFS (default: -26).",
    seed="Seed of noise and of where recordings are cut (default: 7).",
)
def MatchDataset(
    c,
    dataset=None,
    output=None,
    sample_rate="16000",
    low_pass="auto",
    silence="auto",
    duration="auto",
    noise="auto",
    clipped="auto",
    loudness="rms",
    target=None,
    seed=None,
):
    """7 · Write a copy without the shortcuts.

    Every recording becomes 16-bit mono WAV at one rate and level. What is auto (the default of
    low-pass, silence, duration, noise and clipped) is done where AuditDataset flags it, alone or
    by its part in all together; keep never does it.
    """
    rate = arguments.whole_number("--sample-rate", sample_rate, 1)
    level = None if target is None else arguments.number("--target", target)
    from src.audit.match_audited import match_audited
    from src.reports import render_text, report_matching
    from src.utils.dataset.match import MatchSettings

    settings = MatchSettings(
        rate, low_pass, silence, duration, noise, clipped, loudness, level, _seed(c, seed)
    )
    new = _output(output, "datasets/matched")
    print(render_text(report_matching(match_audited(_dataset(c, dataset), new, settings))))


@stage()
def GenerateEmbeddings(
    c,
    backbone=None,
    dataset=None,
    checkpoint=None,
    precision="auto",
    layers=None,
    splits="downstream",
    engine="local",
    ray_address=None,
    embeddings=None,
):
    """7 · Turn clips into vectors by a backbone."""
    _generate_embeddings(**locals())


@stage()
def GenerateEmbeddingsWav2vec2(
    c,
    dataset=None,
    checkpoint=None,
    precision="auto",
    layers=None,
    splits="downstream",
    engine="local",
    ray_address=None,
    embeddings=None,
):
    """7 · The same with --backbone=wav2vec2."""
    _generate_embeddings(backbone="wav2vec2", **locals())


@stage()
def GenerateEmbeddingsHubert(
    c,
    dataset=None,
    checkpoint=None,
    precision="auto",
    layers=None,
    splits="downstream",
    engine="local",
    ray_address=None,
    embeddings=None,
):
    """7 · The same with --backbone=hubert."""
    _generate_embeddings(backbone="hubert", **locals())


@stage(
    split="The split to show (default: downstream_train).",
    layer="A whole number: 0 the first layer, -1 the last (default).",
    method="umap, tsne or both (default).",
)
def VisualizeEmbeddings(
    c,
    backbone=None,
    split="downstream_train",
    layer="-1",
    method="both",
    embeddings=None,
    runs=None,
    seed=None,
):
    """8 · Draw embeddings by UMAP and t-SNE."""
    choose("--method", method, ("umap", "tsne", "both"))
    for one in ("umap", "tsne") if method == "both" else (method,):
        _visualize(c, one, backbone, split, layer, embeddings, runs, seed)


@stage(
    split="The split to show (default: downstream_train).",
    layer="A whole number: 0 the first layer, -1 the last (default).",
)
def VisualizeEmbeddingsUMAP(
    c, backbone=None, split="downstream_train", layer="-1", embeddings=None, runs=None, seed=None
):
    """8 · Draw embeddings by UMAP."""
    _visualize(c, "umap", backbone, split, layer, embeddings, runs, seed)


@stage(
    split="The split to show (default: downstream_train).",
    layer="A whole number: 0 the first layer, -1 the last (default).",
)
def VisualizeEmbeddingsTSNE(
    c, backbone=None, split="downstream_train", layer="-1", embeddings=None, runs=None, seed=None
):
    """8 · Draw embeddings by t-SNE."""
    _visualize(c, "tsne", backbone, split, layer, embeddings, runs, seed)


@stage(seed="Seed of the folds (default: 7).")
def ProbeLayers(c, backbone=None, embeddings=None, runs=None, seed=None):
    """9 · Compare layers by a linear probe.

    The EER of a logistic regression at every layer, for mean, std and both, by
    cross-validation in folds by speaker over downstream_train and downstream_val.
    """
    name = arguments.backbone_name(backbone)
    from src.models.data import TrainingStores
    from src.models.probe import run_probe
    from src.reports import render_text, report_probe
    from src.results.report import write_report

    folder = _path(c, "runs", runs)
    stores = TrainingStores.open(_path(c, "embeddings", embeddings), name)
    done = run_probe(stores, folder, _seed(c, seed))
    write_report(done.run, folder)
    print(render_text(report_probe(done)))


@stage(study_number="A study to continue (default: start a new one).")
def OptimizeHyperparameters(
    c,
    backbone=None,
    classifier=None,
    trials=None,
    study_number=None,
    embeddings=None,
    runs=None,
    seed=None,
):
    """9 · Search hyperparameters and the layer.

    By Optuna, for the lowest validation EER; every trial is a run.
    """
    names = arguments.backbone_name(backbone), arguments.classifier_name(classifier)
    total = None if trials is None else arguments.whole_number("--trials", trials, 1)
    study = arguments.optional_number("--study-number", study_number)
    from src.audit.summary import find_audit
    from src.models.data import TrainingStores
    from src.models.search import optimize
    from src.reports import render_text, report_audited, report_search
    from src.results.report import write_report

    folder = _path(c, "runs", runs)
    stores = TrainingStores.open(_path(c, "embeddings", embeddings), names[0])
    print(render_text(report_audited(find_audit(folder, stores.train.dataset))))
    search = optimize(stores, folder, names[1], total, _seed(c, seed), study)
    write_report(search.study, folder)
    print(render_text(report_search(search)))
    if search.was_stopped:
        # As any stopped program, so that what is chained behind does not start.
        raise Exit("", 130)


@stage(study_number="Take layer and hyperparameters from this study's best trial.")
def TrainModel(
    c,
    backbone=None,
    classifier=None,
    layer=None,
    hyperparameters=None,
    study_number=None,
    embeddings=None,
    runs=None,
    seed=None,
):
    """10 · Train a classifier into a run folder."""
    names = arguments.backbone_name(backbone), arguments.classifier_name(classifier)
    recipe = arguments.recipe(hyperparameters, *names)
    given = None if layer is None else arguments.layer_choice(layer)
    study = arguments.optional_number("--study-number", study_number)
    from src.audit.summary import find_audit
    from src.models.data import TrainingStores
    from src.models.lookup import best_of_study
    from src.models.train import train_model
    from src.reports import render_text, report_audited, report_training
    from src.results.report import write_report

    folder = _path(c, "runs", runs)
    if study is not None:
        best = best_of_study(folder, study, *names)
        recipe = arguments.Recipe(
            best["hyperparameters"] | recipe.hyperparameters,
            best["layer"] if recipe.layer is None else recipe.layer,
        )
    stores = TrainingStores.open(_path(c, "embeddings", embeddings), names[0])
    print(render_text(report_audited(find_audit(folder, stores.train.dataset))))
    if given is None:
        given = PROBE if recipe.layer is None else recipe.layer
    training = train_model(stores, folder, names[1], given, recipe.hyperparameters, _seed(c, seed))
    write_report(training.run, folder)
    print(render_text(report_training(training)))


@stage(study_number="Test a trial of this study.")
def TestModel(
    c,
    backbone=None,
    classifier=None,
    run_number=None,
    study_number=None,
    gender=None,
    embeddings=None,
    runs=None,
):
    """11 · Test a run on unseen speakers.

    Writes EER, accuracy and the rest, scores and figures into the run's folder.
    """
    numbers = _numbers(backbone, classifier, run_number, study_number)
    if gender is not None:
        choose("--gender", gender, GENDERS)
    from src.models.evaluate import evaluate_run
    from src.models.lookup import find_training
    from src.reports import render_text, report_evaluation
    from src.results.report import write_report

    folder = _path(c, "runs", runs)
    run = find_training(folder, backbone, classifier, *numbers)
    evaluation = evaluate_run(run, _path(c, "embeddings", embeddings), gender)
    write_report(run, folder)
    print(f"run {run.number}: {run.folder}")
    print(render_text(report_evaluation(evaluation)))


@stage(
    weights="Where to start: a file (.tflite, .h5 or .pth), package (the file of the package "
    "torch-vggish-yamnet) or none (random; default).",
    epochs="Epochs at most (default: 10).",
    hyperparameters="In place of the defaults: learning_rate=3e-4,batch_size=128,patience=10, or "
    "the hyperparameters.json of a run.",
)
def TrainBaseline(
    c, dataset=None, weights="none", epochs=None, hyperparameters=None, runs=None, seed=None
):
    """10 · Train the YAMNet baseline.

    A convolutional network on the recordings of the split, all of it trained. Where an equal
    training was broken off, it goes on.
    """
    values = arguments.recipe(hyperparameters, LOG_MEL, BASELINE).hyperparameters
    if epochs is not None:
        values = values | {"epochs": arguments.whole_number("--epochs", epochs, 1)}
    from src.audit.summary import find_audit
    from src.models.yamnet.train_and_test import train_baseline
    from src.models.yamnet.weights import load_weights
    from src.reports import render_text, report_audited, report_baseline
    from src.results.report import write_report

    loaded, source = load_weights(weights), _dataset(c, dataset)
    folder = _path(c, "runs", runs)
    print(render_text(report_audited(find_audit(folder, str(source.audio.resolve())))))
    training = train_baseline(source, folder, loaded, values, _seed(c, seed))
    write_report(training.run, folder)
    print(render_text(report_baseline(training)))


@stage(run_number="Number of the run (default: the newest of the baseline).")
def TestBaseline(c, dataset=None, run_number=None, gender=None, runs=None):
    """11 · Test the YAMNet baseline.

    On the recordings of the split's test, with the figures and files of TestModel.
    """
    number = arguments.optional_number("--run-number", run_number)
    if gender is not None:
        choose("--gender", gender, GENDERS)
    from src.models.lookup import find_training
    from src.models.yamnet.train_and_test import TEST_STAGE, evaluate_baseline
    from src.reports import render_text, report_evaluation, report_rejected
    from src.results.report import write_report

    folder = _path(c, "runs", runs)
    run, source = find_training(folder, None, BASELINE, number), _dataset(c, dataset)
    evaluation = evaluate_baseline(run, source, gender)
    write_report(run, folder)
    print(f"run {run.number}: {run.folder}")
    rejected = report_rejected(source.read_rejected(TEST_STAGE))
    print(render_text(report_evaluation(evaluation) + rejected))


@stage(
    scores="Lines of 'utt score' or 'utt src key score', ASVspoof 5's filename and cm-score, or a "
    "CSV with the columns file and score.",
    protocol="The protocol of any corpus that GenerateDatasetCSV reads, or a CSV of file,label.",
    polarity="What higher scores speak for: bona-fide (default) or spoof.",
    subset="Of an ASVspoof 2021 protocol: eval (default), progress, hidden or all.",
    threshold="From which score on a trial is taken for what --polarity names (default: that of "
    "the validation scores, or 0).",
    validation_scores="Scores of another set by the same system, which calibrate these.",
    validation_protocol="The protocol of --validation-scores.",
    asv_scores="Scores of a speaker verifier, for the t-DCF: of ASVspoof 2019, or of 2021 with "
    "--asv-protocol.",
    asv_protocol="ASV/trial_metadata.txt of ASVspoof 2021 LA.",
    seed="Seed of the intervals (default: 7).",
)
def EvaluateScores(
    c,
    scores=None,
    protocol=None,
    polarity="bona-fide",
    subset=None,
    threshold=None,
    validation_scores=None,
    validation_protocol=None,
    asv_scores=None,
    asv_protocol=None,
    runs=None,
    seed=None,
):
    """11 · Evaluate the scores of any system.

    The figures, intervals, groups, plots and report of TestModel, into a new run folder.
    """
    choose("--polarity", polarity, LABELS)
    for flag, value in {"--scores": scores, "--protocol": protocol}.items():
        if value is None:
            raise ArgumentError(f"{flag} is needed: a file")
    if (validation_scores is None) != (validation_protocol is None):
        raise ArgumentError("--validation-scores and --validation-protocol go together")
    if asv_protocol is not None and asv_scores is None:
        raise ArgumentError("--asv-protocol goes with --asv-scores")
    validation = None
    if validation_scores is not None:
        validation = (
            arguments.path("--validation-scores", validation_scores),
            arguments.path("--validation-protocol", validation_protocol),
        )
    from src.evaluation.evaluate_scores import ScoreSettings, evaluate_score_file
    from src.reports import render_text, report_score_evaluation
    from src.results.report import write_report

    folder = _path(c, "runs", runs)
    settings = ScoreSettings(
        scores=arguments.path("--scores", scores),
        protocol=arguments.path("--protocol", protocol),
        polarity=polarity,
        subset=subset,
        threshold=None if threshold is None else arguments.number("--threshold", threshold),
        validation=validation,
        asv_scores=_given("asv-scores", asv_scores),
        asv_protocol=_given("asv-protocol", asv_protocol),
        seed=_seed(c, seed),
    )
    evaluation = evaluate_score_file(settings, folder)
    write_report(evaluation.run, folder)
    print(render_text(report_score_evaluation(evaluation)))


@stage(
    output="The file to write.",
    format="asvspoof2019 (utt src key score), asvspoof2021 (utt score), asvspoof5 (filename and "
    "cm-score) or csv (file,label,score; default).",
    of="Which scores: test (default), val, or what the name of another of the run's score files "
    "ends in, such as test_F.",
    what="score (default), or llr: natural log-likelihood ratios.",
    study_number="Export of a trial of this study.",
    run_number="Number of the run (default: the newest that fits, or the study's best).",
)
def ExportScores(
    c,
    output=None,
    format="csv",
    of="test",
    what="score",
    backbone=None,
    classifier=None,
    run_number=None,
    study_number=None,
    runs=None,
):
    """12 · Write a run's scores for other tools."""
    if output is None:
        raise ArgumentError("--output is needed: the file to write")
    path = arguments.path("--output", output)
    numbers = _numbers(backbone, classifier, run_number, study_number)
    from src.results.export import export_scores, find_scored

    run = find_scored(_path(c, "runs", runs), backbone, classifier, *numbers)
    print(f"{path}: {export_scores(run, path, format, of, what):,} scores of {run.folder}")


@stage(
    audio="A recording, or a folder of them: wav, flac, ogg or mp3; only read.",
    study_number="Judge by a trial of this study.",
    checkpoint="Where the run's checkpoint is now, if it was moved.",
    prior="The share of bona-fide recordings you expect, between 0 and 1 (default: 0.5).",
    output="Write the verdicts into this file, .csv or .json (with the curves).",
    plot="Write a figure of each recording into this folder.",
    plot_most="How many figures, the most suspicious recordings first (default: 20).",
)
def Predict(
    c,
    audio=None,
    backbone=None,
    classifier=None,
    run_number=None,
    study_number=None,
    checkpoint=None,
    prior="0.5",
    output=None,
    plot=None,
    plot_most="20",
    runs=None,
):
    """12 · Judge new recordings by a run.

    Bona-fide, spoof or inconclusive, with the probability of bona-fide, and for a recording of
    more than 4 s its most suspicious seconds. What cannot be judged is refused with the reason,
    and what is unlike the training data is told.
    """
    if not audio:
        raise ArgumentError("--audio is needed: a recording or a folder of them")
    numbers = _numbers(backbone, classifier, run_number, study_number)
    share = arguments.share("--prior", prior)
    most = arguments.whole_number("--plot-most", plot_most, 1)
    from src.models.lookup import find_training
    from src.predict.drawing import Drawing
    from src.predict.predict import predict
    from src.predict.table import check_output
    from src.reports import render_text, report_prediction

    file = None if output is None else check_output(arguments.path("--output", output))
    drawing = None if plot is None else Drawing(arguments.path("--plot", plot), most)
    run = find_training(_path(c, "runs", runs), backbone, classifier, *numbers)
    prediction = predict(run, arguments.path("--audio", audio), checkpoint, share, file, drawing)
    print(render_text(report_prediction(prediction)))
    if prediction.was_stopped:
        # As any stopped program, so that what is chained behind does not start.
        raise Exit("", 130)


@stage(
    backbone="One or more, joined by commas (default: acoustic).",
    classifier="One or more, joined by commas (default: mlp,svm,rf).",
    checkpoint="For a single backbone: a hub id or a local folder.",
    normalize="rms (default), peak, match (MatchDataset in place of NormalizeDataset) or none.",
    snr_db="Add noise at this ratio in dB, a number or a range (default: none).",
    trials="Trials of each search; 0 trains with the defaults (default: 10).",
)
def RunPipeline(
    c,
    dataset=None,
    audio=None,
    bona_fide=None,
    layout="auto",
    normalize="rms",
    snr_db=None,
    strategy="speaker",
    pretext=None,
    pretext_train=None,
    pretext_val=None,
    downstream_train=None,
    downstream_val=None,
    downstream_test=None,
    without_spoofs="test",
    hold_out=None,
    folds=None,
    fold=None,
    units="speaker",
    backbone="acoustic",
    checkpoint=None,
    precision="auto",
    layers=None,
    classifier="mlp,svm,rf",
    layer=None,
    trials="10",
    embeddings=None,
    runs=None,
    seed=None,
):
    """0 · Run stages 1 to 11, skipping what is done.

    AuditDataset comes before training, and its flags are shown.
    """
    split = _split_settings(**locals())
    choose("--normalize", normalize, ("rms", "peak", "match", "none"))
    backbones = [arguments.backbone_name(name) for name in backbone.split(",")]
    n_trials = arguments.whole_number("--trials", trials)
    if layer is not None and n_trials:
        raise ArgumentError("--layer goes with --trials=0: a search chooses the layer itself")
    chosen = PROBE if layer is None else arguments.layer_choice(layer)
    if checkpoint and len(backbones) > 1:
        raise ArgumentError("--checkpoint goes with a single --backbone")
    from src.pipeline import PipelineSettings, run_pipeline

    settings = PipelineSettings(
        dataset=_path(c, "dataset", dataset),
        embeddings=_path(c, "embeddings", embeddings),
        runs=_path(c, "runs", runs),
        audio=_given("audio", audio),
        bona_fide=_given("bona-fide", bona_fide),
        layout=layout,
        normalize=None if normalize == "none" else normalize,
        snr_db=arguments.number_range("--snr-db", snr_db) if snr_db else None,
        split=split,
        backbones={name: checkpoint for name in backbones},
        precision=precision,
        layers=None if layers is None else arguments.layer_span(layers),
        classifiers=[arguments.classifier_name(name) for name in classifier.split(",")],
        layer=chosen,
        trials=n_trials,
        seed=_seed(c, seed),
    )
    _print_pipeline(run_pipeline(settings, _tell))


@stage()
def Demo(c):
    """0 · Try everything offline in 3 minutes.

    On a made-up corpus, in the folder demo.
    """
    from src.demo.run import NOTICE, run_demo

    _print_pipeline(run_demo(_shown(ROOT / "demo"), _tell))
    print(f"\n{NOTICE}")


@stage(
    study_number="List the trials of this study.",
    classifier="Only this one: mlp, svm, rf or yamnet.",
    sort="eer (default: lowest test EER first, then validation EER), number or time.",
)
def ListRuns(c, study_number=None, classifier=None, sort="eer", runs=None):
    """12 · List all runs, the best first.

    What each is, its validation and test EER with an interval, on what it was tested and whether
    it ended well.
    """
    study = arguments.optional_number("--study-number", study_number)
    if classifier is not None:
        choose("--classifier", classifier, (*CLASSIFIERS, BASELINE))
    from src.reports import render_text, report_listing
    from src.results.listing import ORDERS, list_all

    choose("--sort", sort, ORDERS)
    print(render_text(report_listing(list_all(_path(c, "runs", runs), study, classifier, sort))))


@stage(
    runs_list="The numbers of two or more tested runs, such as 3,7.",
    study_number="The runs are trials of this study.",
    classifier="Of the study, where two have the number: mlp, svm or rf.",
    tested_on="The name of the data set whose test counts (default: each run's own).",
    seed="Seed of the intervals (default: 7).",
)
def CompareRuns(
    c,
    runs_list=None,
    study_number=None,
    classifier=None,
    tested_on=None,
    runs=None,
    seed=None,
):
    """12 · Compare tested runs on the same clips.

    As a table here and as a page with their DET curves: each against the best, with the interval
    of the difference and how likely chance is to explain it.
    """
    numbers = arguments.run_numbers("--runs-list", runs_list)
    study = arguments.optional_number("--study-number", study_number)
    if classifier is not None:
        arguments.classifier_name(classifier)
    from src.reports import render_text, report_comparison
    from src.results.compare import compare_runs

    folder = _path(c, "runs", runs)
    done = compare_runs(folder, numbers, study, classifier, tested_on, _seed(c, seed))
    print(render_text(report_comparison(done)))


@stage(
    what="runs, embeddings or demo.",
    yes="Remove; without it the list is only shown.",
)
def Clean(c, what=None, yes=False, embeddings=None, runs=None):
    """13 · Remove runs, embeddings or the demo.

    Only what AUDIOS wrote.
    """
    from src.clean import WHAT, find_removable, remove

    what = arguments.required("--what", what, WHAT)
    folder = {
        "runs": _path(c, "runs", runs),
        "embeddings": _path(c, "embeddings", embeddings),
        "demo": _shown(ROOT / "demo"),
    }[what]
    if {"runs": runs, "embeddings": embeddings}.get(what) is not None and folder.is_file():
        raise ArgumentError(f"--{what}={folder} is no folder")
    found = find_removable(what, folder)
    for path in found:
        print(path)
    if not found:
        print(f"nothing to remove in {folder}")
    elif yes:
        remove(found, folder)
        print(f"removed {len(found)}")
    else:
        print(f"{len(found)} would be removed; add --yes to do it")


def _numbers(backbone, classifier, run_number, study_number):
    """Check the flags that name a run, and return the numbers of run and study."""
    if backbone is not None:
        arguments.backbone_name(backbone)
    if classifier is not None:
        arguments.classifier_name(classifier)
    return (
        arguments.optional_number("--run-number", run_number),
        arguments.optional_number("--study-number", study_number),
    )


def _split_settings(strategy, without_spoofs, hold_out, folds, fold, units, **flags):
    choose("--strategy", strategy, SPLIT_STRATEGIES)
    choose("--without-spoofs", without_spoofs, ("test", "spread"))
    choose("--units", units, SPLIT_UNITS)
    held = None if hold_out is None else arguments.hold_out(hold_out)
    n_folds = None if folds is None else arguments.whole_number("--folds", folds, MIN_FOLDS)
    given = arguments.share_flags(**{name: flags[name] for name in arguments.SHARES})
    if strategy == "official" and given:
        raise ArgumentError("--strategy=official cuts nothing: leave the shares out")
    if n_folds is not None and given.keys() - {"pretext"}:
        raise ArgumentError("--folds are of one size: leave the shares out")
    if held or n_folds:
        # Whoever does not ask for pretext splits needs none to test what is new.
        given.setdefault("pretext", 0.0)
    from src.utils.dataset.split import HoldOut, Shares, SplitSettings

    return SplitSettings(
        strategy=strategy,
        shares=Shares(**given),
        spread_without_spoofs=without_spoofs == "spread",
        units=units,
        hold_out=HoldOut(held[0], tuple(held[1])) if held else None,
        folds=n_folds,
        fold=arguments.optional_number("--fold", fold),
    )


def _generate_embeddings(
    c,
    backbone,
    dataset,
    checkpoint,
    precision,
    layers,
    splits,
    engine,
    ray_address,
    embeddings,
):
    name = arguments.backbone_name(backbone)
    choose("--precision", precision, PRECISIONS)
    span = None if layers is None else arguments.layer_span(layers)
    from src.reports import render_text, report_extraction
    from src.utils.dataset.split import read_split
    from src.utils.embeddings.backbones import load_backbone
    from src.utils.embeddings.engines import load_engine
    from src.utils.embeddings.extract import extract_split, parse_splits

    names = parse_splits(splits)
    with closing(load_engine(engine, ray_address)) as runner:
        source = _dataset(c, dataset)
        for split in names:
            # A missing split should show before a checkpoint is fetched for minutes.
            read_split(source, split)
        loaded = load_backbone(name, checkpoint, precision, span)
        folder = _path(c, "embeddings", embeddings)
        for split in names:
            extraction = extract_split(source, split, loaded, folder, runner)
            print(render_text(report_extraction(extraction)))


def _visualize(c, method, backbone, split, layer, embeddings, runs, seed):
    name, number = arguments.backbone_name(backbone), arguments.layer_number(layer)
    from src.reports import render_text, report_projection
    from src.results.report import write_report
    from src.utils.embeddings.store import EmbeddingStore
    from src.visualize.projection import visualize

    choose("--split", split, [*SPLITS, FULL])
    store = EmbeddingStore.open(_path(c, "embeddings", embeddings), name, split)
    folder = _path(c, "runs", runs)
    run = visualize(store, folder, method, number, _seed(c, seed))
    write_report(run, folder)
    print(render_text(report_projection(run)))


def _dataset(c, given):
    from src.utils.dataset.dataset import Dataset

    return Dataset.open(_path(c, "dataset", given))


def _path(c, key, given):
    """Return a flag's path, from where the user stands, or the default, from the root."""
    if given is not None:
        return arguments.path(f"--{key}", given)
    return _shown(ROOT / Path(c.config.audios[key]).expanduser())


def _output(given, default):
    return _shown(ROOT / default) if given is None else arguments.path("--output", given)


def _given(flag, given):
    return None if given is None else arguments.path(f"--{flag}", given)


def _shown(path):
    """Return a path from where the user stands, when that is shorter to read."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _seed(c, given):
    return arguments.seed_number(str(c.config.audios.seed if given is None else given))


def _tell(text):
    title, _, body = text.partition("\n")
    print(f"\n== {title}\n{body}", flush=True)


def _print_pipeline(result):
    from src.reports import render_text, report_pipeline

    _tell(f"Result\n{render_text(report_pipeline(result))}")


def _show_logs():
    logger = logging.getLogger("src")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
