"""What is told of a network: its parts, and not the whole configuration of an encoder."""

from pathlib import Path

import pytest

from src.results.sections.network import network_facts, network_limits, network_sentence
from src.utils.runs import Run

ABOUT = {
    "front_end": "wav2vec2",
    "back_end": "linear",
    "samples": 64_000,
    "covers": "first",
    "front": {"checkpoint": "here", "config": {"hidden_size": 8}},
    "back": {},
}
BACKBONE = {"name": "wav2vec2", "checkpoint": "here", "revision": "abc", "sample_rate": 16_000}


def run_of(**settings: object) -> Run:
    return Run(0, Path("run0"), {"settings": settings})


def test_its_parts_are_told() -> None:
    facts = dict(network_facts(run_of(network=ABOUT, backbone=BACKBONE)))
    assert facts["front end"] == "wav2vec2"
    assert facts["samples"] == "64000"
    assert facts["front · checkpoint"] == "here"
    assert not [name for name in facts if "hidden" in name]
    assert network_facts(run_of(classifier="svm")) == []


@pytest.mark.parametrize("weights", [None, {"file": "a.pth", "sha256": "0"}])
def test_a_sentence_says_what_it_is(weights: dict | None) -> None:
    run = run_of(network=ABOUT, backbone=BACKBONE, weights=weights)
    told = network_sentence(run)
    assert told.startswith("a linear layer on the mean of the frames, on ")
    assert "(checkpoint here, revision abc), trained as one network" in told
    assert told.endswith("from the weights of a.pth") == (weights is not None)
    unknown = run_of(network=ABOUT | {"back_end": "of-old"}, backbone={"name": "raw"})
    assert network_sentence(unknown).startswith("of-old, on ")


def test_how_much_is_heard_is_a_limit() -> None:
    assert network_limits(run_of(network=ABOUT, backbone=BACKBONE)) == [
        "Of a recording the first 4.0 s are heard, and no more."
    ]
    whole = run_of(network=ABOUT | {"covers": "all"}, backbone=BACKBONE)
    assert network_limits(whole) == network_limits(run_of(classifier="svm")) == []
