"""README is short, and what it shows is so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src import stages
from src.demo.pictures import AUDIT, REPORT, VERDICT
from src.utils.config import ROOT
from src.utils.dataset.split import Shares, SplitSettings
from tests.docs.markdown import code_of, commands_of, links_of, read
from tests.utils.embeddings.toy import PEOPLE

README = read("README.md")

MOST_LINES = 150
MOST_BYTES = 150_000


def test_it_is_read_in_a_few_minutes() -> None:
    assert len(README.splitlines()) <= MOST_LINES


def test_its_pictures_are_those_of_the_demonstration() -> None:
    shown = [link for link in links_of(README) if link.startswith("docs/pictures/")]
    assert {Path(link).name for link in shown} == {REPORT, AUDIT, VERDICT}
    assert sum((ROOT / link).stat().st_size for link in set(shown)) <= MOST_BYTES


def test_noise_is_added_to_the_normalised_copy() -> None:
    [words] = [words for words in commands_of(README) if words[0] == "AddNoise"]
    assert "--dataset=datasets/normalized" in words


def test_a_notebook_embeds_trains_and_tests(
    tmp_path: Path,
    make_cetuc: Callable,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    [block] = code_of(README, "python")
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
