"""`Predict`, as typed: verdicts on recordings by a run trained on made-up tones."""

import csv
import json
import os
import re
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from src.utils.tables import read_csv

pytestmark = pytest.mark.slow

ANY = "--any-sound"
"""Tones are no speech."""

N_MANY = 220

COLUMNS = ["file", "score", "probability", "verdict", "reason", "seconds"]


@pytest.fixture(scope="module")
def data(tones, write_csv_corpus, tmp_path_factory) -> Path:
    """Tones long enough to be judged."""
    clips = [replace(clip, samples=np.tile(clip.samples, 2)) for clip in tones(8, 2)]
    return write_csv_corpus(tmp_path_factory.mktemp("predict") / "data", clips)


def train(fab, data: Path, folder: Path, *flags: str, recipe=("--classifier=mlp",)) -> Path:
    """Embed, train and test; return the runs' folder."""
    where = (f"--embeddings={folder / 'e'}", f"--runs={folder / 'runs'}")
    fab(
        *("GenerateDatasetCSV", f"--dataset={data}"),
        *("SplitDataset", f"--dataset={data}", "--pretext=0"),
        *("GenerateEmbeddings", f"--dataset={data}", *flags, where[0]),
        *("TrainModel", flags[0], *recipe, *where),
        *("TestModel", *where),
    ).succeeds()
    return folder / "runs"


@pytest.fixture(scope="module")
def runs(fab, data, tmp_path_factory) -> Path:
    return train(fab, data, tmp_path_factory.mktemp("acoustic"), "--backbone=acoustic")


@pytest.fixture(scope="module")
def clips(data, tmp_path_factory) -> Path:
    """A short recording, a long one, and three that cannot be judged."""
    folder = tmp_path_factory.mktemp("clips") / "clips"
    (folder / "new").mkdir(parents=True)
    first, second = sorted((data / "audio").iterdir())[:2]
    shutil.copy(first, folder / "new" / "short.wav")
    samples, rate = soundfile.read(second)
    soundfile.write(folder / "long.flac", np.tile(samples, 8), rate)
    soundfile.write(folder / "silent.wav", 0 * samples, rate)
    soundfile.write(folder / "tiny.wav", samples[:3_000], rate)
    (folder / "broken.wav").write_text("no audio")
    (folder / "notes.txt").write_text("no recording")
    return folder


@pytest.fixture(scope="module")
def many(data, tmp_path_factory) -> Path:
    """So many recordings that they are judged in four batches, the first of which is seen."""
    folder = tmp_path_factory.mktemp("many") / "many"
    folder.mkdir()
    sources = sorted((data / "audio").iterdir())
    for number in range(N_MANY):
        (folder / f"{number:03}.wav").hardlink_to(sources[number % len(sources)])
    return folder


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["file"]: row for row in csv.DictReader(stream)}


def run_folder(runs: Path) -> Path:
    [folder] = runs.glob("run0_*")
    return folder


def scores_of_test(runs: Path) -> dict[str, float]:
    rows = rows_of(run_folder(runs) / "scores_test.csv")
    return {file: float(row["score"]) for file, row in rows.items()}


def test_scores_are_those_of_the_test(fab, runs, data, clips, tmp_path):
    """Whatever else lies in the folder."""
    expected = scores_of_test(runs)
    fab(
        "Predict", ANY, f"--audio={data}", f"--runs={runs}", f"--output={tmp_path / 'a.csv'}"
    ).succeeds()
    found = rows_of(tmp_path / "a.csv")
    assert len(found) == 32
    for file, score in expected.items():
        assert float(found[file]["score"]) == pytest.approx(score, abs=1e-5)
    file, score = next(iter(expected.items()))
    shutil.copytree(clips, tmp_path / "mixed")
    shutil.copy(data / file, tmp_path / "mixed" / "one.wav")
    for audio in (data / file, tmp_path / "mixed"):
        words = (f"--audio={audio}", f"--runs={runs}", f"--output={tmp_path / 'b.csv'}")
        fab("Predict", ANY, *words).succeeds()
        name = "one.wav" if audio.is_dir() else Path(file).name
        assert float(rows_of(tmp_path / "b.csv")[name]["score"]) == pytest.approx(score, abs=1e-5)


def test_a_pretrained_backbone(fab, data, checkpoints, tmp_path):
    """At a layer in the middle, after its checkpoint was moved."""
    there = shutil.copytree(checkpoints["hubert"], tmp_path / "there")
    flags = ("--backbone=hubert", f"--checkpoint={there}")
    runs = train(fab, data, tmp_path, *flags, recipe=("--classifier=svm", "--layer=2"))
    expected = scores_of_test(runs)
    words = ("Predict", ANY, f"--audio={data}", f"--runs={runs}", f"--output={tmp_path / 'a.csv'}")
    fab(*words).succeeds("hubert + svm")
    found = rows_of(tmp_path / "a.csv")
    for file, score in expected.items():
        assert float(found[file]["score"]) == pytest.approx(score, abs=1e-4)
    there.rename(tmp_path / "here")
    fab(*words).fails(1, "run 0", "there", "--checkpoint=FOLDER")
    fab(*words, f"--checkpoint={tmp_path / 'here'}").succeeds()
    assert rows_of(tmp_path / "a.csv").keys() == found.keys()
    fab(*words, f"--checkpoint={checkpoints['wav2vec2']}").fails(1, "wav2vec2", "hubert")


def test_a_folder_of_all_kinds(fab, runs, clips, tmp_path):
    words = ("Predict", ANY, f"--audio={clips}", f"--runs={runs}", "--run-number=0")
    answer = fab(*words, f"--output={tmp_path / 'a.csv'}").succeeds(
        "acoustic + mlp", "suspicious s", "3 refused", str(tmp_path / "a.csv")
    )
    found = rows_of(tmp_path / "a.csv")
    assert list(found) == ["broken.wav", "long.flac", "new/short.wav", "silent.wav", "tiny.wav"]
    assert list(next(iter(found.values()))) == COLUMNS
    for file, why in (("broken.wav", "is not audio"), ("silent.wav", "is silent")):
        assert (found[file]["verdict"], found[file]["score"]) == ("refused", "")
        assert why in found[file]["reason"]
    assert "too short: 0.19 s" in found["tiny.wav"]["reason"]
    start, end = map(float, found["long.flac"]["seconds"].split("-"))
    assert 0 <= start < end <= 6.4
    assert found["new/short.wav"]["seconds"] == ""
    for file, row in found.items():
        [line] = [line for line in answer.out.splitlines() if line.split()[2:3] == [file]]
        assert row["verdict"] in line
        if row["probability"]:
            assert f"{float(row['probability']):.3f}" in line
    fab(*words, f"--output={tmp_path / 'a.json'}").succeeds()
    entries = {entry["file"]: entry for entry in json.loads((tmp_path / "a.json").read_text())}
    assert entries.keys() == found.keys()
    long = entries["long.flac"]
    about = ("duration", "llr", "warnings", "stretches", "channel", "channels", "windows")
    assert list(long) == [*COLUMNS, *about]
    assert [(w["start"], w["end"]) for w in long["windows"]] == [
        *((0.0, 4.0), (1.0, 5.0), (2.0, 6.0), (2.4, 6.4))
    ]
    assert long["duration"] == pytest.approx(6.4)
    assert entries["silent.wav"]["score"] is None
    assert not list(tmp_path.glob(".*"))


def test_what_is_unlike_the_training_is_told(fab, runs, tmp_path):
    chance = np.random.default_rng(0)
    (tmp_path / "odd").mkdir()
    soundfile.write(tmp_path / "odd/noise.wav", chance.normal(0, 0.1, 16_000), 16_000)
    soundfile.write(tmp_path / "odd/low.wav", chance.normal(0, 0.1, 8_000), 8_000)
    words = ("Predict", ANY, f"--audio={tmp_path / 'odd'}", f"--runs={runs}")
    fab(*words, f"--output={tmp_path / 'a.csv'}").succeeds()
    found = rows_of(tmp_path / "a.csv")
    assert "far outside the training data" in found["noise.wav"]["reason"]
    assert "bandwidth" not in found["noise.wav"]["reason"]
    assert "sampled at 8,000 Hz" in found["low.wav"]["reason"]
    assert "bandwidth 4.0 kHz" in found["low.wav"]["reason"]
    assert (run_folder(runs) / "bandwidths.json").is_file()
    assert (run_folder(runs) / "reference.safetensors").is_file()


def test_an_older_run_says_what_it_cannot_tell(fab, runs, clips, tmp_path):
    """Once, not for every recording; a moved data set likewise."""
    old = shutil.copytree(runs, tmp_path / "runs")
    folder = run_folder(old)
    for name in ("reference.safetensors", "bandwidths.json", "calibration.json"):
        (folder / name).unlink(missing_ok=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest |= {"dataset": str(tmp_path / "gone"), "root": None}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    answer = fab("Predict", ANY, f"--audio={clips}", f"--runs={old}").succeeds("long.flac")
    assert answer.out.count("note: ") == 2
    assert "keeps no reference" in answer.out
    assert "its bandwidth" not in answer.out
    assert "their bandwidth is not known" in answer.out


def test_nothing_to_judge(fab, runs, clips, tmp_path):
    (tmp_path / "bad").mkdir()
    for name in ("silent.wav", "tiny.wav"):
        shutil.copy(clips / name, tmp_path / "bad")
    output = tmp_path / "a.csv"
    words = ("Predict", ANY, f"--runs={runs}", f"--output={output}")
    fab(*words, f"--audio={tmp_path / 'bad'}").fails(
        1, "not one of 2 recordings can be judged", "silent.wav is silent", "tiny.wav is too short"
    )
    assert [row["verdict"] for row in rows_of(output).values()] == ["refused", "refused"]
    fab(*words, f"--audio={clips / 'broken.wav'}").fails(1, "broken.wav is not audio")
    (tmp_path / "empty").mkdir()
    fab(*words, f"--audio={tmp_path / 'empty'}").fails(1, "no recording in", "empty", ".flac")


def test_mistakes_are_one_line(fab, runs, clips, tmp_path):
    words = ("Predict", ANY, f"--runs={runs}")
    fab(*words).fails(2, "Predict: --audio is needed")
    answer = fab(*words, f"--audio={tmp_path / 'none'}")
    answer.fails(1, "no file or folder", "none")
    assert not answer.out
    words += (f"--audio={clips}",)
    fab(*words, "--run-number=7").fails(1, "no run 7", "found 0")
    fab(*words, "--run-number=x").fails(2, "--run-number=x")
    fab(*words, "--classifier=svm").fails(1, "run first: fab TrainModel")
    fab(*words, "--backbone=wavln").fails(2, "did you mean wavlm?")
    fab(*words, "--checkpoint=x").fails(2, "acoustic is built in")
    fab(*words, "--plot-most=0", "--plot=p").fails(2, "--plot-most=0 must be at least 1")
    for prior in ("0", "1", "2", "-1", "nan"):
        fab(*words, f"--prior={prior}").fails(2, f"--prior={prior}")
    for name in ("a.txt", "a"):
        fab(*words, f"--output={tmp_path / name}").fails(2, "--output", ".csv or .json")
    assert not list(tmp_path.iterdir())


def test_the_prior_moves_probabilities_alone(fab, runs, clips, tmp_path):
    words = ("Predict", ANY, f"--audio={clips / 'new'}", f"--runs={runs}")
    found = []
    for prior in ("0.5", "0.01"):
        output = f"--output={tmp_path / 'a.json'}"
        fab(*words, f"--prior={prior}", output).succeeds(f"{float(prior):.0%} are expected")
        [entry] = json.loads((tmp_path / "a.json").read_text())
        found.append(entry)
    even, rare = found
    assert (even["score"], even["llr"]) == (rare["score"], rare["llr"])
    assert rare["probability"] < even["probability"]


def test_figures(fab, runs, clips, tmp_path):
    words = ("Predict", ANY, f"--audio={clips}", f"--runs={runs}", f"--plot={tmp_path / 'p'}")
    fab(*words).succeeds(tmp_path / "p" / "long.flac.png")
    drawn = {path.relative_to(tmp_path / "p").as_posix() for path in tmp_path.rglob("*.png")}
    assert drawn == {"long.flac.png", "new/short.wav.png"}
    shutil.rmtree(tmp_path / "p")
    fab(*words, "--plot-most=1").succeeds("drawn: the 1 most suspicious", "--plot-most=2")
    assert len(list(tmp_path.rglob("*.png"))) == 1


def test_ctrl_c_keeps_what_was_judged(fresh_fab, runs, many, tmp_path):
    output = tmp_path / "a.csv"
    seen = type(fresh_fab)(env={"TQDM_DISABLE": "", "TQDM_MININTERVAL": "0"})
    process = seen.popen(
        *("Predict", ANY, f"--audio={many}", f"--runs={runs}", f"--output={output}")
    )
    try:
        told = ""
        while not re.search(rf" [1-9]\d*/{N_MANY}", told):
            letter = process.stderr.read(1)
            assert letter, told
            told += letter
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    judged = rows_of(output)
    assert 0 < len(judged) < N_MANY
    assert f"stopped: {len(judged)} of {N_MANY} recordings are judged" in out
    assert [*judged] == [f"{number:03}.wav" for number in range(len(judged))]


def test_json_and_quiet(fab, runs, clips, tmp_path):
    """One document with all of `--output`, or two words a line; errors stay errors."""
    words = ("Predict", ANY, f"--audio={clips}", f"--runs={runs}")
    answer = fab(*words, "--json", f"--output={tmp_path / 'a.json'}")
    assert answer.code == 0
    document = json.loads(answer.out)
    assert document["verdicts"] == json.loads((tmp_path / "a.json").read_text())
    assert document["detector"]["headline"].startswith("run 0 (acoustic + mlp)")
    quiet = fab(*words, "--quiet").succeeds().out.splitlines()
    verdicts = {entry["file"]: entry["verdict"] for entry in document["verdicts"]}
    assert dict(line.split(" ", 1)[::-1] for line in quiet) == verdicts
    assert len(quiet) == 5
    bad = fab("Predict", ANY, f"--audio={clips / 'broken.wav'}", f"--runs={runs}", "--json")
    assert bad.code == 1 and "broken.wav is not audio" in bad.err
    assert json.loads(bad.out)["verdicts"][0]["verdict"] == "refused"
    fab(*words, "--json", "--quiet").fails(2, "give one of them")


def test_a_script_is_told_by_the_exit_code(fab, runs, clips, tmp_path):
    """After everything is written; 1 and 2 stay what they are."""
    words = ("Predict", ANY, f"--audio={clips}", f"--runs={runs}")
    output = tmp_path / "a.csv"
    failing = fab(*words, "--fail-on=inconclusive, refused", f"--output={output}")
    assert (failing.code, failing.err) == (3, "")
    assert "3 refused" in failing.out and str(output) in failing.out
    given = {row["verdict"] for row in rows_of(output).values()}
    for word in ("spoof", "partly-spoof", "inconclusive"):
        assert fab(*words, f"--fail-on={word}").code == (3 if word in given else 0)
    fab(*words, "--fail-on=fake").fails(2, "--fail-on=fake", "partly-spoof")
    fab("Predict", ANY, f"--runs={runs}", "--fail-on=spoof").fails(2, "--audio is needed")
    fab(*words[:2], f"--audio={tmp_path / 'none'}", words[3], "--fail-on=spoof").fails(1)


def test_what_holds_no_speech_is_refused(fab, runs, clips, tmp_path):
    words = ("Predict", f"--audio={clips / 'long.flac'}", f"--runs={runs}")
    fab(*words).fails(1, "long.flac holds no speech (0.0", "--any-sound")
    answer = fab(*words, "--fail-on=refused")
    assert answer.code == 3
    assert "refused" in answer.out


def test_lines_come_as_verdicts_are_given(fresh_fab, runs, many, tmp_path):
    """Into a pipe, each whole, before the work is done."""
    where = f"--output={tmp_path / 'a.csv'}"
    words = (ANY, f"--audio={many}", f"--runs={runs}", where)
    process = fresh_fab.popen("Predict", *words)
    try:
        lines = []
        while not (lines and "000.wav" in lines[-1]):
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        assert process.poll() is None
        assert not (tmp_path / "a.csv").exists()
        out = process.stdout.read()
    finally:
        process.kill()
    assert lines[0].startswith("run 0 (acoustic + mlp)")
    told = [*lines[-1:], *out.splitlines()]
    assert [line.split()[2] for line in told[:N_MANY]] == [f"{n:03}.wav" for n in range(N_MANY)]
    assert told[N_MANY].startswith(f"the 10 most suspicious of {N_MANY}")


def test_a_side_of_a_stereo_recording_is_told(fab, runs, data, tmp_path):
    audio = sorted((data / "audio").iterdir())
    verdicts = {}
    for number in (0, 1):
        name = f"--audio={audio[number]}"
        answer = fab("Predict", ANY, name, f"--runs={runs}", "--json")
        [verdicts[number]] = json.loads(answer.out)["verdicts"]
    sides = [soundfile.read(audio[number])[0] for number in (0, 1)]
    both = tmp_path / "both.wav"
    soundfile.write(both, np.stack([s[: min(map(len, sides))] for s in sides], axis=1), 16_000)
    answer = fab("Predict", ANY, f"--audio={both}", f"--runs={runs}", "--json")
    [entry] = json.loads(answer.out)["verdicts"]
    assert [one["channel"] for one in entry["channels"]] == [1, 2]
    worst = min(entry["channels"], key=lambda one: one["probability"])
    assert (entry["channel"], entry["verdict"]) == (worst["channel"], worst["verdict"])
    assert entry["reason"].startswith(f"channel {worst['channel']}")


def test_help(fresh_fab):
    text = " ".join(fresh_fab("--help", "Predict").succeeds("Judge new recordings").out.split())
    for words in (
        "default: 0.5",
        ".csv or .json",
        "default: 20",
        "default: runs",
        "most suspicious",
    ):
        assert words in text


def test_nothing_is_left_unsaid(fresh_fab, runs, clips, tmp_path):
    """A folder of all that people have, named so that no name forges the answer."""
    folder = tmp_path / "all"
    folder.mkdir()
    for name in ("=cmd.wav", "-x.wav", "red\x1b[31m.wav", "\u202egpj.wav", "'=q.wav"):
        shutil.copy(clips / "new/short.wav", folder / name)
    for name in ("memo.xyz", "old.zip", "notes.txt", "face.JPG", ".hidden.wav", "empty.wav"):
        (folder / name).touch()
    os.mkfifo(folder / "pipe.wav")
    (folder / "gone.wav").symlink_to("nowhere")
    (folder / "up").symlink_to(folder)
    (folder / "circle.wav").symlink_to("circle.wav")
    (folder / os.fsdecode(b"caf\xe9.wav")).touch()
    output = tmp_path / "a.csv"
    words = ("Predict", ANY, f"--audio={folder}", f"--runs={runs}", f"--output={output}")
    answer = fresh_fab(*words).succeeds(
        *("8 refused", "2 companion files (jpg, txt) and 1 hidden file were left aside"),
        *(r"red\x1b[31m.wav", r"\u202egpj.wav", r"caf\xe9.wav"),
    )
    assert "\x1b" not in answer.out and "\u202e" not in answer.out
    found = rows_of(output)
    assert {row["verdict"] == "refused" for file, row in found.items() if "=" in file} == {False}
    assert {file: row["reason"] for file, row in found.items() if row["verdict"] == "refused"} == {
        r"caf\xe9.wav": "has a name that is not UTF-8",
        "circle.wav": "is a link in a circle",
        "empty.wav": found["empty.wav"]["reason"],
        "gone.wav": "is a link to what is not there",
        "memo.xyz": "is not a kind of recording that is read (.xyz)",
        "old.zip": "is an archive: unpack it (.zip)",
        "pipe.wav": "is a named pipe, not a file",
        "up": "is a link to a folder that it lies in",
    }
    assert {"'=cmd.wav", "'-x.wav", "''=q.wav", r"red\x1b[31m.wav", r"\u202egpj.wav"} < {*found}
    assert len(read_csv(output)) == 13
    assert {"=cmd.wav", "red\x1b[31m.wav", "'=q.wav"} < {*read_csv(output)["file"]}


def test_a_killed_prediction_goes_on(fresh_fab, fab, runs, many, tmp_path):
    words = ("Predict", ANY, f"--audio={many}", f"--runs={runs}")
    fab(*words, f"--output={tmp_path / 'whole.csv'}").succeeds()
    output, kept = tmp_path / "a.csv", tmp_path / ".a.csv.partial.jsonl"
    process = fresh_fab.popen(*words, f"--output={output}")
    try:
        while not (kept.is_file() and kept.read_bytes().count(b"\n") > 2):
            assert process.poll() is None, process.communicate()
            time.sleep(0.005)
        # It must not come to its end before it is killed.
        process.send_signal(signal.SIGSTOP)
        # The other one is refused, and takes nothing away.
        fab(*words, f"--output={output}").fails(1, "another process is writing", "a.csv")
    finally:
        process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not output.exists()
    answer = fab(*words, f"--output={output}").succeeds("of the verdicts were taken over")
    [taken] = re.findall(r"([\d,]+) of the verdicts were taken over", answer.out)
    assert 128 <= int(taken.replace(",", "")) < N_MANY
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not list(tmp_path.glob(".*"))
