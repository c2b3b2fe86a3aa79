"""Pretraining as one call."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from src import stages
from src.reports import render_text, report_pretraining
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.errors import ArgumentError

PEOPLE = tuple(f"P{n}_{'FM'[n % 2]}{n:03d}" for n in range(10))
NARROW = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": [8] * 7,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
}


def test_downstream_recordings_are_heard_where_asked_and_the_report_says_so(
    tmp_path: Path, make_cetuc: Callable
) -> None:
    root, config = make_cetuc(tmp_path / "set", PEOPLE, clips=1, seconds=0.5), tmp_path / "c.json"
    generate_tables(root, "auto")
    split_dataset(Dataset.open(root), SplitSettings(shares=Shares(0.0)))
    config.write_text(json.dumps(NARROW))
    done = stages.pretraining.pretrain(
        root,
        tmp_path / "runs",
        "hubert",
        config=str(config),
        splits=("downstream_train", "downstream_val"),
        pretraining={"seconds": 0.5, "n_units": 4},
        trainer={"epochs": 1},
        workers=0,
    )
    assert done is not None
    assert done.run.settings["pretraining"]["mask_share"] == 0.08
    assert done.run.settings["hyperparameters"]["learning_rate"] == 5e-4
    assert "Detectors are trained on the same recordings" in done.run.report.read_text()
    text = render_text(report_pretraining(done))
    assert "of downstream_train of set" in text
    assert f"--backbone=hubert --checkpoint={done.checkpoint}" in text


def test_one_beginning_is_asked_for(tmp_path: Path) -> None:
    for both in ({}, {"checkpoint": "a", "config": "tiny"}):
        with pytest.raises(ArgumentError, match="give one of the two"):
            stages.pretraining.pretrain(tmp_path, tmp_path, "hubert", **both)
