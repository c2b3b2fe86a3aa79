"""What a run keeps of the clips it was made of."""

from collections.abc import Callable
from pathlib import Path

import pytest

from src.results.clips import clips_of_test, clips_of_training
from src.results.naming import dataset_name
from src.utils.errors import RunError


def test_a_run_keeps_what_it_was_trained_on(run_of: Callable, embeddings: Path) -> None:
    run = run_of(0)
    training, validation = clips_of_training(run)
    assert (training.name, validation.name) == ("training", "validation")
    for part, own in ((training, "new_0"), (validation, "new_1")):
        assert part.values("attack") == ["a2", "a|1", own]
        assert part.values("gender") == ["F", "M"]
        assert [row[:3] for row in part.counts()] == [("bona-fide", 40, 8), ("spoof", 40, 8)]
        assert len(part.seconds) == 0
    assert run.manifest["dataset"] == "/nowhere/at/all"
    assert dataset_name(run) == "all"
    assert run.manifest["embeddings"] == str(embeddings.resolve())
    assert run.manifest["split"] is None


def test_a_damaged_table_is_named(run_of: Callable) -> None:
    run = run_of(0)
    for name, read in (
        ("trained_on.csv", lambda: clips_of_training(run)),
        ("scores_test.csv", lambda: clips_of_test(run.folder / "scores_test.csv")),
    ):
        (run.folder / name).write_text("speaker\nx\n")
        with pytest.raises(RunError, match=f"{name} is damaged: it lacks the column"):
            read()
