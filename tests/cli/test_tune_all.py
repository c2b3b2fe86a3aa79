"""`TuneAll` and several seeds from the command line, on made-up tones."""

import re

import pandas as pd


def test_every_combination_then_nothing_more(fab, embedded, tmp_path):
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={tmp_path}")
    words = ("TuneAll", "--classifiers=lr,svm", "--trials=1", *where)
    first = fab(*words).succeeds("acoustic + lr: validation EER", "acoustic + svm: validation EER")
    [page] = re.findall(r"\S+/comparison\.html", first.out)
    table = pd.read_csv(page.replace("comparison.html", "combinations.csv"))
    assert sorted(table["classifier"]) == ["lr", "svm"]
    made = sorted(path.name for path in tmp_path.rglob("*"))
    again = fab(*words).succeeds()
    # The first time it is told as well that there is no audit.
    assert again.out == first.out
    assert sorted(path.name for path in tmp_path.rglob("*")) == made
    assert "comparison of 2 runs" in fab("ListRuns", f"--runs={tmp_path}").succeeds().out


def test_mistakes_are_told_before_any_work(fab, embedded, tmp_path):
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={tmp_path}")
    fab("TuneAll", "--backbones=lcff", *where).fails(2, "--backbones", "lcff", "acoustic")
    fab("TuneAll", "--classifiers=svm,svm", *where).fails(2, "--classifiers=svm,svm")
    fab("TuneAll", "--backbones=acoustic,hubert", *where).fails(
        1, "no hubert embeddings", "fab GenerateEmbeddings --backbone=hubert"
    )
    fab("TuneAll", "--trials=0", *where).fails(2, "--trials")
    assert not list(tmp_path.iterdir())


def test_several_seeds_of_a_training(fab, embedded, tmp_path):
    where = (f"--embeddings={embedded / 'embeddings'}", f"--runs={tmp_path}")
    words = ("TrainModel", "--backbone=acoustic", "--seeds=2", *where)
    forest = fab(*words, "--classifier=rf", "--hyperparameters=n_estimators=5")
    forest.succeeds("seed 7", "seed 8", "2 seeds: validation EER", "run 0", "run 1")
    fab(*words, "--classifier=lr").succeeds("lr draws nothing at random", "run 2")
    fab(*words[:2], "--classifier=lr", "--seeds=0", *where).fails(2, "--seeds")
    assert len(list(tmp_path.glob("run*"))) == 3
