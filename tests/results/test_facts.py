"""What is said of a detector follows from what is known of its clips."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.evaluation.results import Results, evaluate_trials
from src.evaluation.trials import Trials
from src.results.clips import Clips
from src.results.facts import Data, limits_of_use, split_sentence
from src.results.sections.warnings import warning_texts
from src.results.wording import eer_sentence, explain_eer, judge, sentence
from src.utils.config import SHARED_VOICES
from src.utils.runs import Run


def clips(name: str, attacks: list[str], **columns: Any) -> Clips:
    labels = ["spoof" if attack else "bona-fide" for attack in attacks]
    return Clips(name, pd.DataFrame({"label": labels, "attack": attacks, "speaker": "", **columns}))


def evaluated(scores: list[float], labels: list[int], speakers: list[str]) -> Results:
    values = np.array(scores)
    return evaluate_trials(
        Trials(np.array(list(map(str, range(len(scores))))), values, np.array(labels), values,
               np.array(speakers)),
        0.0,
    )  # fmt: skip


def old() -> Results:
    """The results of a test of before there were intervals, large enough."""
    n = 700
    found = evaluated([1.0, -1] * (n // 2), [1, 0] * (n // 2), [""] * n)
    unknown = dict.fromkeys(found.ci95, (float("nan"), float("nan")))
    return replace(found, ci95=unknown, warnings=[], missing_intervals=list(found.ci95))


def told(data: Data, results: Results | None = None, **settings: Any) -> str:
    run = Run(0, Path(), {"settings": settings})
    if results is None:
        results = old()
    return "\n".join(limits_of_use(run, data, results))


def test_what_was_seen_and_what_is_new() -> None:
    train = clips("training", ["a", "b", ""], source=["s", "s", "t"], language=["en", "en", "pt"])
    test = clips("test", ["a", "c", ""], source=["s", "u", "s"], language=["en", "de", "en"])
    text = told(Data([train, test]))
    assert "trained on 2 attacks (a, b)" in text
    assert "Of the 2 attacks of the test, 1 were not in the training (c)." in text
    assert "Languages: de, en, pt." in text
    assert "Sources of the test that are not in the training: u." in text
    text = told(Data([train, train.__class__("test", train.table)]))
    assert "the metrics say nothing of new ones" in text
    assert "expect more errors on recordings from elsewhere" in text


def test_a_bona_fide_clip_is_of_no_attack() -> None:
    table = pd.DataFrame(
        {"label": ["bona-fide", "spoof"], "attack": ["-x", "a"], "speaker": ["", "b"]}
    )
    part = Clips("test", table)
    assert part.values("attack") == ["a"]
    assert [row[:3] for row in part.counts()] == [("bona-fide", 1, 0), ("spoof", 1, 1)]


def test_nothing_is_made_up() -> None:
    text = told(Data([clips("training", ["", ""]), clips("test", ["", ""])]))
    assert "How the spoofs were made is not known" in text
    for word in ("Languages", "Sources", "last", "kHz", "small"):
        assert word not in text
    assert "Tested before there were intervals: test it again for them." in text


def test_what_is_missing_is_told_by_its_label() -> None:
    found = evaluated([1.0, 2, -1, -2], [1, 1, 0, 0], ["a", "b", "a", "b"])
    assert "Tested before" not in told(Data([]), found)
    text = told(Data([]), replace(found, missing=["min_dcf", "cllr"]))
    assert "Tested before minDCF and Cllr were measured: test it again for them." in text
    assert "before there were intervals" not in text


def test_lengths_rates_and_voices() -> None:
    part = clips("test", ["a", ""], duration=["1.5", "4"])
    assert part.counts()[0][3] == pytest.approx(4 / 60)
    text = told(Data([part]), backbone={"sample_rate": 8000}, units="utterance")
    assert "last 1.5 to 4.0 s (median 2.8 s)" in text
    assert "8,000 Hz: nothing above 4 kHz" in text
    assert "Split by utterance: the metrics hold for these voices only." in text


def test_a_small_test_and_its_warnings() -> None:
    few = evaluated([1.0, 2, -1, -2], [1, 1, 0, 0], ["a", "b", "a", "b"])
    text = told(Data([]), few)
    assert "its rarer class has 2 clips" in text
    assert "A class has 2 speakers only" in text
    n = 700
    many = evaluated(
        np.tile([1.0, -1], n // 2).tolist(),
        np.tile([1, 0], n // 2).tolist(),
        [f"s{i // 2}" for i in range(n)],
    )
    assert "is small" not in told(Data([]), many)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"strategy": "official"}, "The split is the corpus' own."),
        ({"strategy": "column", "seed": 3}, "with what it lacks made up (seed 3)"),
        ({"hold_out": "attack:a", "seed": 3}, "Held out of training and tested on: attack:a"),
        ({"folds": 5, "fold": 0, "seed": 3}, "Fold 0 of 5 is the test"),
        (
            {"strategy": "speaker", "shares": {"downstream_test": 0.1, "pretext": 0.6}, "seed": 3},
            "10% test (seed 3). 60% of all people were kept for pretext.",
        ),
        (None, "was not kept"),
    ],
)
def test_the_split(recipe: dict | None, words: str) -> None:
    text = split_sentence(Run(0, Path(), {"split": recipe}))
    assert words in text
    assert "share no speakers" in text
    same = split_sentence(Run(0, Path(), {"split": recipe, "settings": {"units": "utterance"}}))
    assert "share no speakers" not in same
    assert "these voices only" in same


def test_a_split_that_does_not_know_or_keep_voices() -> None:
    recipe = {"strategy": "speaker", "speakers": "guessed", "seed": 3, "notes": ["mind this"]}
    guessed = Run(0, Path(), {"split": recipe})
    assert "share no speakers as guessed from voices." in split_sentence(guessed)
    assert warning_texts(guessed) == ["mind this"]
    by_clip = {"strategy": "speaker", "units": "clip", "notes": [SHARED_VOICES["clip"]]}
    clips = Run(0, Path(), {"split": by_clip, "settings": {"units": "clip"}})
    assert "Only clips are kept apart: split by clip: the same voices" in split_sentence(clips)
    assert "Clips were dealt out" in split_sentence(clips)
    # Said once, though both the units and the recipe tell it.
    assert warning_texts(clips) == [SHARED_VOICES["clip"]]
    unknown = Run(0, Path(), {"split": None})
    assert warning_texts(unknown) == []


def test_an_eer_in_plain_words() -> None:
    def results(eer_scores: list[float]) -> Results:
        return evaluated(eer_scores, [1, 1, 1, 1, 0, 0, 0, 0], list("abcdabcd"))

    perfect = results([2.0, 2, 2, 2, -2, -2, -2, -2])
    assert eer_sentence(perfect).startswith("Test EER 0.0% (95 % interval 0.0% to ")
    assert "separates all of these 8 clips" in explain_eer(perfect)
    quarter = results([2.0, 2, 2, -3, 3, -2, -2, -2])
    assert "takes 1 in 4 spoofs for bona-fide and 1 in 4 bona-fide clips" in explain_eer(quarter)
    assert "reaches 50 %" in explain_eer(quarter)
    assert "worth nothing" in explain_eer(results([1.0, 1, 1, 1, 1, 1, 1, 1]))
    single = evaluated([1.0, -1], [1, 0], ["", ""])
    assert "cannot be told" in eer_sentence(single)


def test_small_words() -> None:
    assert sentence("mind this") == "Mind this."
    assert sentence("Is it?") == "Is it?"
    assert judge(0.2) == "chance may explain it (p 0.200)"
    assert judge(0.0004) == "hardly chance (p below 0.001)"
    assert "cannot be told" in judge(float("nan"))
