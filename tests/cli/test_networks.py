"""Networks from the command line: what is trained, told and refused."""

import pytest

NAMED = ("--front-end=raw", "--back-end=aasist")
SPECTRA = ("--front-end=lfcc", "--back-end=lcnn")
SHORT = ("--seconds=0.3", "--epochs=1", "--batch-size=8", "--workers=0")
SMALL = (*NAMED, "--back-end-settings=variant=aasist-l", *SHORT)


@pytest.fixture(scope="module")
def where(fab, tones, write_csv_corpus, tmp_path_factory):
    """A made-up data set that is split, and a folder for runs."""
    folder = write_csv_corpus(tmp_path_factory.mktemp("networks") / "data", tones(8, 2))
    flag = f"--dataset={folder}"
    fab("GenerateDatasetCSV", flag, "SplitDataset", flag, "--pretext=0").succeeds()
    return flag, f"--runs={folder.parent / 'runs'}"


def test_several_seeds_are_trained_and_told_together(fab, where):
    answer = fab("TrainNetwork", *where, *SMALL, "--seeds=2").succeeds(
        "seed 7: epoch 1 of 1 kept", "seed 8:", "2 seeds: validation EER", "standard deviation"
    )
    assert "run 0:" in answer.out
    assert "run 1:" in answer.out
    # What is there is not trained again, and goes on where asked to.
    again = fab("TrainNetwork", *where, *SMALL, "--seeds=2").succeeds()
    assert again.out.count("(already trained)") == 2
    fab("TrainNetwork", *where, *SHORT, "--start-from=1").succeeds("run 2:")


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        ((), 2, ["--front-end is needed", "raw"]),
        (("--front-end=raw",), 2, ["--back-end is needed", "aasist"]),
        (("--front-end=row",), 2, ["--front-end=row", "did you mean raw?"]),
        ((*NAMED, "--loss=entropy"), 2, ["--loss=entropy", "cross-entropy"]),
        ((*NAMED, "--back-end-settings=variant=xl"), 2, ["variant", "aasist-l"]),
        ((*NAMED, "--back-end-settings=big"), 2, ["not name=value"]),
        ((*NAMED, "--front-end-settings=bands=3"), 2, ["--front-end=raw", "bands"]),
        (
            (*SPECTRA, "--front-end-settings=energy=maybe"),
            2,
            ["energy=maybe is neither true nor false"],
        ),
        ((*SPECTRA, "--front-end-settings=energy=true,coefficients=0"), 2, ["is not above 0"]),
        ((*NAMED, "--checkpoint=here"), 2, ["--checkpoint does not go with", "raw"]),
        ((*NAMED, "--freeze=all"), 2, ["--freeze does not go with"]),
        ((*NAMED, "--layers=3"), 2, ["--layers=3 goes with a pretrained"]),
        ((*NAMED, "--epochs=0"), 2, ["--epochs=0", "at least 1"]),
        ((*NAMED, "--warmup=2"), 2, ["--warmup=2.0 must lie"]),
        ((*NAMED, "--augment-probability=0.5"), 2, ["goes with --augment"]),
        ((*NAMED, "--augment=white", "--augment-probability=2"), 2, ["between 0 and 1"]),
        ((*NAMED, "--log-to=paper"), 2, ["--log-to=paper", "tensorboard"]),
        ((*NAMED, "--start-from=0"), 1, ["no run 0"]),
        ((*NAMED, "--dataset=nowhere"), 1, ["no data set at nowhere"]),
    ],
)
def test_mistakes_are_told_in_one_line(fab, tmp_path, flags, code, words):
    fab("TrainNetwork", f"--runs={tmp_path}", *flags).fails(code, *words)


def test_help_names_every_loss(fab):
    from src.networks.losses import LOSSES

    text = " ".join(fab("--help", "TrainNetwork").out.split()).replace("- ", "-")
    for name in LOSSES:
        assert name in text
