"""A recording that is bad, told from a disk that has gone."""

import errno
import os
from pathlib import Path

import pytest

from src.utils.dataset.dataset import Dataset
from src.utils.dataset.presence import MOST_IN_A_ROW, Presence, require_present
from src.utils.errors import StorageError
from src.utils.faults import EXHAUSTED, GONE


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.wav").write_text("")
    return Dataset(folder, folder)


def test_a_missing_recording_is_only_that(dataset: Dataset) -> None:
    presence = Presence(dataset)
    for number in range(9):
        (dataset.root / f"{number}.wav").unlink()
        presence.note(f"{number}.wav", was_rejected=True)
        presence.note(f"{number}.wav", was_rejected=False)


def test_a_folder_taken_away(dataset: Dataset) -> None:
    presence = Presence(dataset)
    dataset.root.rename(dataset.root.with_name("away"))
    presence.note("0.wav", was_rejected=False)
    with pytest.raises(StorageError, match=rf"{dataset.root} is gone \(No such file"):
        presence.note("0.wav", was_rejected=True)
    # An unmounted disk leaves an empty folder in its place.
    dataset.root.mkdir()
    with pytest.raises(StorageError, match=r"was taken away .*run this again when it is back"):
        presence.note("0.wav", was_rejected=True)
    with pytest.raises(StorageError, match=r"not one of 2 recordings is in .*mount its disk"):
        require_present(dataset, ["0.wav", "1.wav"])
    dataset.root.rmdir()
    with pytest.raises(StorageError, match="is gone"):
        Presence(dataset)


def test_one_recording_is_enough_to_be_present(dataset: Dataset) -> None:
    require_present(dataset, ["absent.wav", "8.wav"])
    require_present(dataset, [])


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The error number of each file that cannot be opened, by its name."""
    numbers: dict[str, int] = {}
    opened = Path.open

    def open_or_fail(path: Path, *args, **kwargs):
        if path.name in numbers:
            raise OSError(numbers[path.name], os.strerror(numbers[path.name]), str(path))
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_or_fail)
    return numbers


@pytest.mark.parametrize("number", sorted(GONE))
def test_a_disk_that_gives_nothing_any_more(
    dataset: Dataset, failing: dict[str, int], number: int
) -> None:
    presence = Presence(dataset)
    failing |= dict.fromkeys((f"{file}.wav" for file in range(9)), number)
    for file in range(MOST_IN_A_ROW - 1):
        presence.note(f"{file}.wav", was_rejected=True)
    with pytest.raises(StorageError, match=rf"3.wav: {os.strerror(number)}; run this again"):
        presence.note("3.wav", was_rejected=True)


def test_bad_sectors_are_only_that(dataset: Dataset, failing: dict[str, int]) -> None:
    presence = Presence(dataset)
    failing |= dict.fromkeys((f"{file}.wav" for file in range(9)), errno.EIO)
    for file in range(8):
        presence.note(f"{file}.wav", was_rejected=True)
        if file % 2:
            presence.note("8.wav", was_rejected=False)


@pytest.mark.parametrize("number", sorted(EXHAUSTED))
def test_too_many_open_files_are_no_recordings_fault(
    dataset: Dataset, failing: dict[str, int], number: int
) -> None:
    failing["1.wav"] = number
    presence = Presence(dataset)
    presence.note("0.wav", was_rejected=True)
    with pytest.raises(StorageError, match=rf"cannot read .*1.wav: {os.strerror(number)}"):
        presence.note("1.wav", was_rejected=True)
