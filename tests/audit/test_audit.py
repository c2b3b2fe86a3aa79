"""The audit as a whole, its folder and its page."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from src.audit.audit import Audit, audit_dataset, find_faults
from src.audit.findings import Findings
from src.audit.summary import find_audit
from src.results.report import write_report
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.split import Shares, SplitSettings, split_dataset
from src.utils.errors import AudiosError
from src.utils.runs import list_runs
from tests.audit.planting import PLANTED, Clip, balanced
from tests.visualize.reading import Page, read_page

pytestmark = pytest.mark.usefixtures("few_trees")

NASTY = '<b>&"'


def some(speakers: int = 10) -> list[Clip]:
    return [clip for clip in balanced() if int(clip.speaker[1:]) < speakers]


@pytest.fixture
def dataset(corpus: Callable) -> Dataset:
    return corpus("data", some())


def audit(dataset: Dataset, runs: Path, **more):
    return audit_dataset(dataset, runs, n_resamples=50, **more)


def page_of(done: Audit) -> Page:
    path = write_report(done.run, done.run.folder.parent)
    assert path == done.page
    return read_page(path)


def test_folder(dataset: Dataset, tmp_path: Path) -> None:
    done = audit(dataset, tmp_path / "runs")
    assert sorted(path.name for path in done.run.folder.iterdir()) == [
        *("audit.json", "manifest.json", "matches.csv", "nuisances.png", "shortcuts.png"),
    ]
    [run] = list_runs(tmp_path / "runs")
    assert (run.kind, run.is_complete) == ("audit", True)
    assert run.manifest["results"] == {"flags": done.findings.flags}
    again = Findings.read(done.run.folder / "audit.json")
    assert again.shortcuts == done.findings.shortcuts
    assert again.leaks == done.findings.leaks
    assert not again.is_split
    assert done.rejected == {}


def test_page(dataset: Dataset, tmp_path: Path) -> None:
    done = audit(dataset, tmp_path / "runs")
    read = page_of(done)
    assert len(read.attributes("img", "src")) == 2
    for word in ("Shortcuts", "Leakage", "Balance", "Provenance", "all together", "not split yet"):
        assert word in read.text
    for one in done.findings.shortcuts:
        assert one.label in read.text


def test_page_of_a_split_with_leaks_and_flags(corpus: Callable, tmp_path: Path) -> None:
    clips = [PLANTED["channels"][1](clip) for clip in some()]
    dataset = corpus("data", clips)
    files = dataset.read_files().assign(attack=NASTY, source=NASTY)
    dataset.write_tables(files)
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)))
    # Told after the split, which would have kept them on one side.
    dataset.write_tables(files.assign(utterance="one"))
    done = audit(dataset, tmp_path / "runs")
    assert "channels (EER 0.0%)" in done.findings.flags
    leak = next(one for one in done.findings.leaks if one.name == "source utterance")
    test = leak.seen["downstream_test"]
    assert test.count == test.total > 0
    assert any(flag.startswith("source utterance in ") for flag in done.findings.flags)
    read = page_of(done)
    assert NASTY in read.text
    assert "b" not in read.tags
    assert "bad" in read.attributes("tr", "class")
    assert f"{test.count} of {test.total}" in read.text
    assert ", ".join(leak.seen["downstream_val"].example) in read.text
    assert "limits what the test can tell" in read.text  # the generator
    assert "Mend this before you train" in read.text


@pytest.mark.usefixtures("no_figures")
def test_a_clean_split(dataset: Dataset, tmp_path: Path) -> None:
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)))
    done = audit(dataset, tmp_path / "runs")
    assert [one for one in done.findings.leaks if one.is_flagged] == []
    assert done.findings.is_split
    if not done.findings.flags:
        assert "No shortcut and no leak found." in page_of(done).text


@pytest.mark.usefixtures("no_figures")
def test_a_broken_split_is_reported(dataset: Dataset, tmp_path: Path) -> None:
    """A clip moved by hand: the split is refused by every reader, the audit tells why."""
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)))
    train, test = (
        dataset.root / f"splits/by_file/files-downstream_{name}.csv" for name in ("train", "test")
    )
    header, moved, *rest = train.read_text().splitlines()
    train.write_text("\n".join([header, *rest]) + "\n")
    test.write_text(test.read_text() + moved + "\n")
    leaks = {one.name: one for one in audit(dataset, tmp_path / "runs").findings.leaks}
    seen = leaks["speaker"].seen["downstream_test"]
    assert leaks["speaker"].is_flagged
    assert seen.count == 1
    assert seen.example[0] == moved.split(",")[0]


def test_names_are_escaped_in_paths_too(corpus: Callable, tmp_path: Path) -> None:
    dataset = corpus('data <b>&"', some(4))
    read = page_of(audit(dataset, tmp_path / "runs"))
    assert 'audit of data <b>&"' in read.text
    assert isinstance(read, Page)


def test_one_class(corpus: Callable, tmp_path: Path) -> None:
    done = audit(
        corpus("data", [clip for clip in some(6) if clip.label == "spoof"]), tmp_path / "runs"
    )
    assert done.findings.shortcuts == []
    read = page_of(done)
    assert read.attributes("img", "src") == []
    assert "Only one class" in read.text
    assert Findings.read(done.run.folder / "audit.json").shortcuts == []


@pytest.mark.usefixtures("no_figures")
def test_what_cannot_be_measured(dataset: Dataset, tmp_path: Path) -> None:
    file = dataset.read_files()["file"][0]
    dataset.path(file).write_text("no audio")
    done = audit(dataset, tmp_path / "runs")
    assert list(done.rejected) == [file]
    assert done.findings.rejected == 1
    assert done.findings.n_clips == 39
    assert "39, and 1 that could not be measured" in page_of(done).text


@pytest.mark.usefixtures("no_figures")
def test_an_equal_audit_is_reused(dataset: Dataset, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    first = audit(dataset, runs, reuse=True)
    again = audit(dataset, runs, reuse=True)
    assert again.was_there
    assert again.run.folder == first.run.folder
    assert again.findings.shortcuts == first.findings.shortcuts
    assert not audit(dataset, runs).was_there
    assert not audit(dataset, runs, seed=8, reuse=True).was_there
    split_dataset(dataset, SplitSettings(shares=Shares(pretext=0.0)))
    assert not audit(dataset, runs, reuse=True).was_there
    assert [run.number for run in list_runs(runs)] == [0, 1, 2, 3]


@pytest.mark.usefixtures("no_figures")
def test_the_newest_complete_one_is_found(
    dataset: Dataset, corpus: Callable, tmp_path: Path
) -> None:
    runs, here = tmp_path / "runs", str(dataset.audio.resolve())
    assert find_audit(runs, here) is None
    first = audit(dataset, runs)
    second = audit(dataset, runs, seed=8)
    audit(corpus("other", some(4)), runs)
    assert find_audit(runs, here).run.folder == second.run.folder
    assert find_audit(runs, here).findings.shortcuts == second.findings.shortcuts
    assert find_audit(runs, str(tmp_path / "nowhere")) is None
    # Stopped or failed ones do not count, nor do runs of another kind.
    second.run.update(status="interrupted")
    assert find_audit(runs, here).run.folder == first.run.folder
    first.run.update(kind="train")
    assert find_audit(runs, here) is None
    first.run.update(kind="audit")
    (first.run.folder / "audit.json").write_text(json.dumps({}))
    with pytest.raises(AudiosError, match="is damaged"):
        find_audit(runs, here)


@pytest.mark.usefixtures("no_figures")
def test_a_stopped_audit_is_no_audit(dataset: Dataset, tmp_path: Path, monkeypatch) -> None:
    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("src.audit.audit.list_matches", stopped)
        with pytest.raises(KeyboardInterrupt):
            audit(dataset, tmp_path / "runs")
    assert find_audit(tmp_path / "runs", str(dataset.audio.resolve())) is None
    assert not audit(dataset, tmp_path / "runs", reuse=True).was_there


@pytest.mark.usefixtures("no_figures")
def test_recordings_of_another_folder(corpus: Callable, tmp_path: Path) -> None:
    """Tables apart from the recordings: the audit is of the recordings."""
    source = corpus("data", some(4))
    dataset = Dataset.create(tmp_path / "tables", source.root)
    dataset.write_tables(source.read_files())
    done = audit(dataset, tmp_path / "runs")
    assert find_audit(tmp_path / "runs", str(source.root.resolve())).run.folder == done.run.folder


def test_the_same_without_a_run(dataset: Dataset, tmp_path: Path) -> None:
    done = audit(dataset, tmp_path / "runs").findings
    alone = find_faults(dataset, n_resamples=50)
    assert (alone.shortcuts, alone.leaks, alone.n_clips) == (
        done.shortcuts,
        done.leaks,
        done.n_clips,
    )
    assert alone.balance.warnings == done.balance.warnings
    assert [run.number for run in list_runs(tmp_path / "runs")] == [0]
