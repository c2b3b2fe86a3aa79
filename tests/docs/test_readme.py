"""What README shows of Python runs as it stands there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from src import stages
from src.utils.config import ROOT
from src.utils.dataset.split import Shares, SplitSettings
from tests.utils.embeddings.toy import PEOPLE

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)


def test_a_notebook_embeds_trains_and_tests(
    tmp_path: Path,
    make_cetuc: Callable,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    [block] = BLOCKS
    dataset = make_cetuc(tmp_path / "datasets" / "normalized", PEOPLE)
    stages.dataset.generate_tables(dataset)
    stages.dataset.split(dataset, SplitSettings(shares=Shares(pretext=0.0)))
    monkeypatch.chdir(tmp_path)
    values: dict = {}
    exec(block, values)
    results, training = values["results"], values["training"]
    assert capsys.readouterr().out.split() == [
        str(results.detection.eer),
        *map(str, str(results.ci95["eer"]).split()),
    ]
    assert (training.run.folder / "report.html").is_file()
    assert training.run.settings["classifier"] == "lr"
