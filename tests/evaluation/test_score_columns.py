"""What the columns of a score file are, and numbers as programs print them."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.evaluation.evaluate_scores import ScoreSettings, evaluate_score_file
from src.evaluation.score_files import ScoreFile, read_scores
from src.evaluation.score_numbers import unwrapped
from src.utils.config import ROOT
from src.utils.dataset.layouts.keys import read_key
from src.utils.errors import ArgumentError, AudiosError, DatasetError
from src.utils.notes import gather

SCORES = [2.125, -2.25, -1.5, 0.0, 1e-3, -1.0, 12.0]
IDS = [f"LA_E_{number}" for number in range(len(SCORES))]
LABELS = ["bonafide" if score >= 0 else "spoof" for score in SCORES]
ODD = ROOT.parent / "shared/odd-inputs/scores"


def written(folder: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path = folder / "scores"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def lines_of(pattern: str) -> list[str]:
    """Write every score in one form: `id`, `score`, `label` and `flag` in braces."""
    return [
        pattern.format(id=name, score=score, label=label, flag=int(label == "bonafide"))
        for name, score, label in zip(IDS, SCORES, LABELS, strict=True)
    ]


@pytest.mark.parametrize(
    ("header", "pattern"),
    [
        ("", "{id} [{score}]"),
        ("", "{id} [[{score}]]"),
        ("", "{id}, [ {score} ]"),
        ("", "{id} tensor({score}, device='cuda:0')"),
        ("", "{id},tensor([{score}], device='cuda:0', grad_fn=<SelectBackward0>)"),
        ("", "{id} tensor([[{score}]], grad_fn=<AddmmBackward0>())"),
        ("", "{id}\tnp.float32({score})"),
        ("", "{id} array([{score}], dtype=float32)"),
        ("file,score", "{id},\"tensor({score}, device='cuda:0')\""),
        ("file,score", "{id},tensor({score}, device='cuda:0')"),
        ("", "{id},{score}"),
        ("", "{id};{score}"),
        ("", "{id}\t{score}"),
        ("", "{id} , {score} "),
        ("", "{score},{id}"),
        ("", "{id} {score} {flag}"),
        ("", "{id} {flag} {score}"),
        ("", "{id} {score} {label}"),
        ("", "{id} {label} {score}"),
        ("", "{id},{score},{label}"),
        ("", "{id};{flag};{score}"),
        ("", "Output, {id}, {flag}, {score}"),
        ("", "{id}\tA01\t{label}\t{score}"),
        ("file;score", "{id};{score}"),
        ("UTT_ID,cm_score,more,", "{id},{score},x,"),
        ("path\tlogit", "{id}\t{score}"),
        ("sep=;\nfile;score", "{id};{score}"),
        ("file,score", "{id},{score}\n,"),
    ],
)
def test_one_file_in_many_forms(tmp_path: Path, header: str, pattern: str) -> None:
    lines = lines_of(pattern)
    scores = read_scores(written(tmp_path, [header, *lines] if header else lines, "utf-16"))
    assert scores.ids.tolist() == IDS
    assert scores.scores.tolist() == SCORES
    assert scores.speaks_for is None
    if "{label}" in pattern:
        assert scores.keys is not None
        assert [key.replace("-", "") for key in scores.keys] == LABELS
    else:
        assert scores.keys is None


@pytest.mark.parametrize(
    "lines",
    [
        ["a 0,5", "b -1,25", "c 3", "d 1e-3"],
        ["a;0,5", "b;-1,25", "c;3", "d;1e-3"],
        ["a\t0,5", "b\t-1,25", "c\t3", "d\t1e-3"],
        ["file;score", "a;0,5", "b;-1,25", "c;3", "d;1e-3"],
        ["file score", "a 0,5", "b -1,25", "c 3", "d 1e-3"],
        ["file,score", 'a,"0,5"', 'b,"-1,25"', "c,3", "d,1e-3"],
        ["a 0,5 1", "b -1,25 0", "c 3,0 1", "d 1,0e-3 1"],
    ],
)
def test_decimal_commas(tmp_path: Path, lines: list[str]) -> None:
    scores = read_scores(written(tmp_path, lines))
    assert scores.ids.tolist() == ["a", "b", "c", "d"]
    assert scores.scores.tolist() == [0.5, -1.25, 3.0, 0.001]


@pytest.mark.parametrize(
    "lines",
    [
        ["a 0.5 -0.25", "b 1 2"],
        ["a,0.5,-0.25", "b,1,2"],
        ["a [0.5, -0.25]", "b [1, 2]"],
        ["a tensor([0.5, -0.25], device='cuda:0')", "b tensor([1., 2.], device='cuda:0')"],
        ["a\t0.5\t-0.25", "b\t1\t2"],
        ["a 0,5 -0,25", "b 1,0 2"],
    ],
)
def test_two_numbers_are_asked_about(tmp_path: Path, lines: list[str]) -> None:
    path = written(tmp_path, lines)
    with pytest.raises(DatasetError, match="more than one number a line") as raised:
        read_scores(path)
    assert str(path) in str(raised.value)
    assert "--columns=file,spoof,bona-fide" in str(raised.value)
    for columns, expected, speaks_for in (
        ("file,spoof,bona-fide", [-0.75, 1.0], "bona-fide"),
        ("file,bona-fide,spoof", [0.75, -1.0], "bona-fide"),
        ("file,score,-", [0.5, 1.0], None),
        ("file,-,score", [-0.25, 2.0], None),
        ("file,-,spoof", [-0.25, 2.0], "spoof"),
    ):
        scores = read_scores(path, columns.split(","))
        assert scores.ids.tolist() == ["a", "b"]
        assert scores.scores.tolist() == expected
        assert scores.speaks_for == speaks_for


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("file,fake", "fake is not one of file, score, bona-fide, spoof, label, -"),
        ("score", "must name file once"),
        ("file,score,spoof", "either score or bona-fide and spoof"),
        ("file,label", "either score or bona-fide and spoof"),
        ("file,score,score", "either score or bona-fide and spoof"),
        ("file,score,-,-,-", "names 5 columns; the first line of"),
    ],
)
def test_columns_that_cannot_be(tmp_path: Path, columns: str, told: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(told)):
        read_scores(written(tmp_path, ["a 1.5 2.5"]), columns.split(","))


def test_a_number_is_never_part_of_a_name(tmp_path: Path) -> None:
    lines = ["a 0.5", "b 1", "c 2.5 0.25", "my clip -1", "e 7"]
    with pytest.raises(DatasetError, match=r"line 3: 'c 2\.5' ends in a number: a second score"):
        read_scores(written(tmp_path, lines))
    for first in ("a,0,5", "a,-2,1634"):
        with pytest.raises(DatasetError, match="may hold a decimal comma or two numbers"):
            read_scores(written(tmp_path, [first, "b,1,3036"]))
    with pytest.raises(DatasetError, match=r"line 2: the score 'inf' .*line 3: the score 'NaN'"):
        read_scores(written(tmp_path, ["a,1e300", "b,inf", "c,NaN"]))
    with pytest.raises(DatasetError, match=r"line 2: the score '1e999' is no finite number"):
        read_scores(written(tmp_path, ["a 1e300", "b 1e999"]))


def test_columns_named_for_a_class(tmp_path: Path) -> None:
    def read(*lines: str) -> ScoreFile:
        return read_scores(written(tmp_path, list(lines)))

    for name in ("spoof_prob", "P(fake)", "prob_spoof", "Spoof Score", "deepfake"):
        scores = read(f"file,{name}", "a,0.25")
        assert (scores.speaks_for, scores.scores.tolist()) == ("spoof", [0.25])
    both = read("id;real;fake", "a;-1,5;2", "b;3;-1")
    assert (both.speaks_for, both.scores.tolist()) == ("bona-fide", [-3.5, 4.0])
    shares = read("file,p_spoof,p_bonafide", "a,0.25,0.75", "b,0.9,0.1")
    assert (shares.speaks_for, shares.scores.tolist()) == ("bona-fide", [0.75, 0.1])
    assert shares.look_like_probabilities
    assert not both.look_like_probabilities


def evaluated(folder: Path, scores: list[str], **settings: object):
    path = written(folder, scores)
    key = folder / "key.csv"
    rows = [f"{name},{label}" for name, label in zip(IDS, LABELS, strict=True)]
    key.write_text("\n".join(["file,label", *rows]))
    return evaluate_score_file(ScoreSettings(path, key, **settings), folder / "runs")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("src.evaluation.evaluate_scores.draw_figures", lambda *_: [])


@pytest.mark.usefixtures("undrawn")
def test_probabilities_are_told_and_turned_where_asked(tmp_path: Path) -> None:
    shares = 1 / (1 + np.exp(-np.array(SCORES)))
    lines = [f"{name} {share!r}" for name, share in zip(IDS, shares.tolist(), strict=True)]
    done = evaluated(tmp_path, lines)
    told = done.results.warnings[0]
    assert "lies between 0 and 1: if they are probabilities, --probabilities takes" in told
    plain = evaluated(tmp_path, lines_of("{id} {score}"))
    assert told not in plain.results.warnings
    turned = evaluated(tmp_path, lines, are_probabilities=True, threshold=0.75)
    assert told not in turned.results.warnings
    assert turned.run.settings["are_probabilities"]
    assert turned.results.detection.threshold == pytest.approx(np.log(3))
    assert turned.results.detection.cllr == pytest.approx(plain.results.detection.cllr)
    with pytest.raises(ArgumentError, match=r"scores holds 2\.125, which is none \(5 in"):
        evaluated(tmp_path, lines_of("{id} {score}"), are_probabilities=True)
    with pytest.raises(ArgumentError, match="--threshold holds 2, which is none"):
        evaluated(tmp_path, lines, are_probabilities=True, threshold=2.0)
    sure = [f"{name} {int(share > 0.5)}.0" for name, share in zip(IDS, shares, strict=True)]
    done = evaluated(tmp_path, [*sure[:-1], f"{IDS[-1]} 0.9"], are_probabilities=True)
    assert np.isfinite(done.results.detection.cllr)


@pytest.mark.usefixtures("undrawn")
def test_a_column_against_the_polarity_is_told(tmp_path: Path) -> None:
    lines = ["file,spoof_score", *lines_of("{id},{score}")]
    with pytest.raises(ArgumentError, match=r"are higher for spoof, .* add --polarity=spoof"):
        evaluated(tmp_path, lines)
    assert evaluated(tmp_path, lines, polarity="spoof").results.detection.eer == 1.0


@pytest.mark.skipif(not ODD.is_dir(), reason="needs ../shared/odd-inputs")
@pytest.mark.parametrize("key", ["proto.csv", "proto2019.txt", "proto_nohdr.txt"])
@pytest.mark.parametrize(
    "name",
    [
        *("ok.txt", "brackets.txt", "comma_dec.txt", "output.txt", "score_label.txt"),
        *("semicolon.csv", "tensor.txt", "prob.txt", "prob_spoof.csv"),
    ],
)
def test_the_odd_scores(name: str, key: str) -> None:
    expected = read_scores(ODD / "ok.txt")
    with gather():
        scores = read_scores(ODD / name)
    assert scores.ids.tolist() == expected.ids.tolist() == read_key(ODD / key)["file"].tolist()
    if name.startswith("prob"):
        sign = -1 if scores.speaks_for == "spoof" else 1
        assert (scores.speaks_for == "spoof") == (name == "prob_spoof.csv")
        assert scores.look_like_probabilities
        assert np.corrcoef(sign * scores.scores, expected.scores)[0, 1] > 0.9
    else:
        assert scores.scores == pytest.approx(expected.scores, abs=1e-4)


TOKENS = st.sampled_from(
    [
        *("file", "score", "spoof_prob", "a", "b c", "1", "0", "-0.5", "0,5", "nan", "spoof"),
        *(
            "[1]",
            "[0.5, 1]",
            "tensor(1., device='cuda:0')",
            "tensor(",
            '"',
            "",
            "\0",
            "é",
            "9" * 40,
        ),
    ]
)
LINES = st.builds(
    lambda rows, by: "\n".join(by.join(row) for row in rows).encode("latin-1"),
    st.lists(st.lists(TOKENS, max_size=4), max_size=6),
    st.sampled_from([" ", ",", ";", "\t", ", "]),
)


@given(content=st.binary(max_size=100) | LINES, columns=st.sampled_from(["", "file,score", "-"]))
def test_any_bytes(content: bytes, columns: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any-scores"
    path.write_bytes(content)
    try:
        scores = read_scores(path, columns.split(",") if columns else None)
        assert np.isfinite(scores.scores).all()
    except AudiosError as error:
        assert len(str(error).splitlines()) == 1


def test_long_lines_are_quick() -> None:
    for text in ("9" * 100_000, "[" * 100_000, "tensor(" * 20_000, " " * 100_000, "(1, " * 20_000):
        assert unwrapped(f"a {text}x") == f"a {text}x"
