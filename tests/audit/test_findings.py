"""What an audit has found, to a file and back."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.audit.balance import Balance
from src.audit.findings import Findings
from src.audit.leakage import Leak, Seen
from src.audit.shortcuts import Shortcut
from src.utils.errors import AudiosError

NAN = float("nan")


@pytest.fixture
def findings() -> Findings:
    return Findings(
        n_clips=1200,
        rejected=3,
        shortcuts=[
            Shortcut(
                "rms", "RMS level", 0.1, 0.05, 0.15, "-20.0 dBFS", "-30.0 dBFS", "Normalize", 20
            ),
            Shortcut("encoder", "encoder", 0.2, NAN, NAN, "", 'a <b> & "c"', "MatchDataset", 20),
        ],
        leaks=[
            Leak("speaker", True, {"downstream_test": Seen(1200, 2400, ("a.wav", "b.wav"))}, 3, 1),
            Leak("generator", False, {"downstream_val": Seen(7, 9, ("c.wav", "d.wav"))}, 2, 2),
            Leak("file content", True, {"downstream_val": Seen(0, 9)}, 0, 0),
        ],
        is_split=True,
        balance=Balance(
            pd.DataFrame(
                {
                    "label": ["bona-fide", "spoof"],
                    "clips": np.array([1000, 200]),
                    "minutes": [12.5, 0.0],
                    "speakers": [3, 4],
                }
            ),
            {"gender": pd.DataFrame({"value": ["F", "unknown"], "spoof clips": [1, 2]})},
            {"gender": np.float64(0.25)},
        ),
    )


def test_round_trip(findings: Findings, tmp_path: Path) -> None:
    findings.write(tmp_path / "audit.json")
    again = Findings.read(tmp_path / "audit.json")
    assert again.leaks == findings.leaks
    assert (again.n_clips, again.rejected, again.is_split) == (1200, 3, True)
    assert again.shortcuts[0] == findings.shortcuts[0]
    assert np.isnan([again.shortcuts[1].low, again.shortcuts[1].high]).all()
    assert replace(again.shortcuts[1], low=0, high=0) == replace(
        findings.shortcuts[1], low=0, high=0
    )
    pd.testing.assert_frame_equal(again.balance.classes, findings.balance.classes)
    pd.testing.assert_frame_equal(again.balance.groups["gender"], findings.balance.groups["gender"])
    assert again.balance.eers == findings.balance.eers
    assert again.balance.warnings == findings.balance.warnings != []
    assert again.flags == findings.flags
    again.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "audit.json").read_text()


def test_it_is_plain_json(findings: Findings, tmp_path: Path) -> None:
    findings.write(tmp_path / "audit.json")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = (tmp_path / "audit.json").read_text()
    about = json.loads(text, parse_constant=refuse)
    assert about["shortcuts"][1]["low"] is None
    assert [one["flagged"] for one in about["shortcuts"]] == [True, False]
    assert [one["unsure"] for one in about["shortcuts"]] == [False, True]
    assert [one["flagged"] for one in about["leaks"]] == [True, False, False]
    assert about["n_rejected"] == 3


def test_flags(findings: Findings) -> None:
    assert findings.flags == ["RMS level (EER 10.0%)", "speaker in 1,200 clips"]


def test_next_steps(findings: Findings) -> None:
    assert findings.next_steps("my data") == [
        "fab MatchDataset --dataset='my data'",
        "fab SplitDataset --dataset='my data'",
    ]
    assert replace(findings, shortcuts=[], leaks=findings.leaks[1:]).next_steps("d") == []
    # No split mends a recording that is listed as both classes.
    conflict = Leak("label conflict", True, {"all": Seen(2, 4)})
    assert replace(findings, shortcuts=[], leaks=[conflict]).next_steps("d") == []


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about.pop("leaks"),
        lambda about: about["shortcuts"][0].pop("eer"),
        lambda about: about["leaks"][0].update(more=1),
        lambda about: about["leaks"][0]["seen"]["downstream_test"].pop("example"),
        lambda about: about.update(balance=[]),
        lambda about: about["balance"].update(groups=[]),
        lambda about: about.update(n_clips="many"),
        lambda about: about.update(shortcuts=[7]),
    ],
)
def test_a_damaged_file_is_one_line(findings: Findings, tmp_path: Path, change) -> None:
    path = tmp_path / "audit.json"
    findings.write(path)
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))
    with pytest.raises(AudiosError, match=r"audit\.json is damaged") as error:
        Findings.read(path)
    assert "\n" not in str(error.value)


def test_no_file_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(AudiosError, match=r"cannot read .*audit\.json"):
        Findings.read(tmp_path / "audit.json")
    (tmp_path / "audit.json").write_text("{")
    with pytest.raises(AudiosError, match="not valid JSON"):
        Findings.read(tmp_path / "audit.json")
