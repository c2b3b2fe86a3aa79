"""Who speaks, as the names of files tell it."""

import pandas as pd
import pytest

from src.utils.dataset.speaker_names import Named, check_way, name_speakers
from src.utils.errors import ArgumentError


def named(way: str, *files: str, speakers: tuple[str, ...] = ()) -> Named:
    who = [*speakers, *[""] * (len(files) - len(speakers))]
    return name_speakers(pd.DataFrame({"file": files, "speaker": who}, dtype="str"), way)


def speakers_of(way: str, *files: str) -> list[str]:
    return named(way, *files).files["speaker"].tolist()


def test_what_stands_before_the_first_separator() -> None:
    files = (
        "real/anna_1.wav",
        "real/ben-k_2.wav",
        "fake/anna 3.wav",
        "real/carl.wav",
        "real/_4.wav",
    )
    assert speakers_of("prefix", *files) == ["anna", "ben", "anna", "", ""]
    # These name a class, and a word for nobody.
    assert speakers_of("prefix", "a/fake_1.wav", "a/bonafide-1.wav", "a/unknown_1.wav") == [""] * 3


def test_the_folder_that_holds_the_file() -> None:
    files = ("real/anna/1.wav", "fake/xtts/anna/wavs/1.wav", "train/real/1.wav", "real/dev/1.wav")
    assert speakers_of("folder", *files) == ["anna", "anna", "", ""]
    assert speakers_of("folder", "1.wav", "audio/1.wav", "ben/audio/1.wav") == ["", "", "ben"]


@pytest.mark.parametrize("way", [r"^[a-z]+/([a-z]+)\d", r"/(?P<speaker>[a-z]+)(\d+)\.wav$"])
def test_a_pattern_with_a_group(way: str) -> None:
    assert speakers_of(way, "real/anna1.wav", "fake/ben22.wav", "fake/33.wav") == [
        "anna",
        "ben",
        "",
    ]


def test_a_group_that_takes_no_part() -> None:
    assert speakers_of(r"x|real/(\w+)_", "real/anna_1.wav", "x/1.wav") == ["anna", ""]


def test_what_fits_wins_over_the_layout_and_what_does_not_leaves_it() -> None:
    found = named("prefix", "s/anna_1.wav", "s/2.wav", "s/3.wav", speakers=("s", "t"))
    assert found.files["speaker"].tolist() == ["anna", "t", ""]
    assert found.files["speaker_from"].tolist() == ["prefix", "given", ""]
    assert named(r"(\w+)_", "anna_1.wav").files["speaker_from"].tolist() == ["regex"]


def test_clips_that_do_not_fit_are_counted_and_named() -> None:
    found = named("prefix", "a_1.wav", "a_2.wav", *[f"{n}.wav" for n in range(7)])
    assert found.notes == ["--speaker-from=prefix: 1 speaker of 2 clips (a)"]
    [warning] = found.warnings
    assert "7 of 9 clips do not fit --speaker-from=prefix" in warning
    assert "0.wav, 1.wav, 2.wav, 3.wav, 4.wav and 2 more" in warning


def test_a_speaker_a_clip_is_doubted() -> None:
    assert (
        "every clip a speaker of its own" in named(r"(\d+)", "1.wav", "2.wav", "3.wav").warnings[0]
    )
    assert not named(r"(\d)", "11.wav", "12.wav", "23.wav").warnings


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("prefx", "none of prefix, folder, voice, layout.*one group"),
        ("([a-z]+", "no regular expression"),
        (r"(\w+)_(\w+)", "one group that is the speaker"),
        ("(?P<name>a)(b)", r"named \(\?P<speaker>"),
    ],
)
def test_a_pattern_that_says_nothing_is_one_line(way: str, told: str) -> None:
    with pytest.raises(ArgumentError, match=told) as error:
        check_way(way)
    assert "\n" not in str(error.value)
    with pytest.raises(ArgumentError):
        name_speakers(pd.DataFrame({"file": ["a.wav"], "speaker": [""]}), way)
    for known in ("prefix", "folder", "voice", "layout"):
        check_way(known)
