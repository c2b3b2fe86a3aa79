"""The layer probe as a table, on a page and in a terminal."""

from pathlib import Path

import pandas as pd
import pytest

from src.models.probe import Probe
from src.results.blocks.blocks import Figure, Heading, Paragraph, Table
from src.results.sections.probe import probe, probe_in_brief, probe_table
from src.utils.errors import RunError

FOUND = pd.DataFrame(
    [(0, "mean", 0.5, 0.1), (0, "std", 0.4, 0.01), (1, "mean", 0.3, 0.0), (4, "std", 0.39, 0.0)],
    columns=["layer", "pooling", "eer", "standard_error"],
)


def test_a_row_a_layer_and_a_column_a_pooling() -> None:
    table = probe_table(FOUND)
    assert table.header == ["layer", "mean", "std"]
    assert table.rows == [
        ["0", "50.00% ± 10.00%", "40.00% ± 1.00%"],
        ["1", "30.00% ± 0.00%", None],
        ["4", None, "39.00% ± 0.00%"],
    ]
    assert table.kinds == {1: "best"}
    assert table.pointed_at == {(1, 1)}


def test_page_and_terminal_have_the_same_table(tmp_path: Path) -> None:
    path = tmp_path / "layer_probe.csv"
    FOUND.to_csv(path, index=False)
    (tmp_path / "layer_probe.png").write_bytes(b"")
    heading, about, table, figure = probe(path)
    assert (heading, table) == (Heading("Layer probe", 3), probe_table(FOUND))
    assert isinstance(about, Paragraph)
    assert "Best: layer 1, mean" in about.text
    assert isinstance(figure, Figure)
    told = probe_in_brief(Probe(FOUND, 5, 1200, 30))
    assert told[2] == table
    assert [block.text for block in told if isinstance(block, Paragraph)] == [
        "EER of a logistic regression, mean ± standard error over 5 folds by speaker",
        "(1,200 clips of 30 speakers in training and validation)",
        "best: layer 1, mean, 30.00%",
    ]
    assert len([block for block in told if isinstance(block, Table)]) == 1


def test_no_probe_is_no_section_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "layer_probe.csv"
    assert probe(path) == []
    path.write_text("layer,pooling\n0,mean\n")
    with pytest.raises(RunError, match=r"layer_probe\.csv is damaged"):
        probe(path)
