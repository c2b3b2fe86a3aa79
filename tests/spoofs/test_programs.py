"""Text to speech: a program that stands in for each of them, and what becomes of failures."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from src.spoofs import ATTACKS
from src.spoofs.attack import Material
from src.spoofs.make import SpoofSettings, make_spoofs
from src.spoofs.programs import Program
from src.spoofs.sentences import OWN, Sentence, read_sentences
from src.utils.dataset.dataset import Dataset
from src.utils.errors import ArgumentError

FAKE = """#!{python} -I
import math, struct, sys, wave
if "-lv" in sys.argv:
    print("Voices available: kal slt")
    sys.exit()
open({log!r}, "a").write(repr(sys.argv[1:]) + "\\n")
{body}
target = [one for one in sys.argv if one.endswith(".wav")][0]
with wave.open(target, "wb") as out:
    out.setparams((1, 2, {rate}, 0, "NONE", ""))
    for n in range(int(0.4 * {rate})):
        out.writeframes(struct.pack("<h", int(9000 * math.sin(n * 0.3) * math.sin(n * 0.002))))
"""
NAMES = {
    **{"espeak": "espeak-ng", "festival": "text2wave", "flite": "flite"},
    **{"pico": "pico2wave", "piper": "piper"},
}


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, body: str = "", rate: int = 8_000) -> Path:
        path = folder / NAMES[name]
        log = str(tmp_path / "log")
        path.write_text(FAKE.format(python=sys.executable, log=log, body=body, rate=rate))
        path.chmod(0o755)
        return tmp_path / "log"

    return make


def material(tmp_path: Path, **more: object) -> Material:
    voices = tmp_path / "voices"
    voices.mkdir(exist_ok=True)
    (voices / "en_GB-any-low.onnx").write_bytes(b"x")
    return Material(voices=voices, **more)


@pytest.mark.parametrize("name", NAMES)
def test_each_program_speaks(name: str, fake, tmp_path: Path) -> None:
    log = fake(name)
    attack = ATTACKS.load(name)(material(tmp_path))
    attack.check()
    drawn = attack.draw(np.random.default_rng(1), "en")
    assert drawn["language"] == "en"
    spoken = attack.apply(np.zeros(16_000), 16_000, drawn)
    assert len(spoken) >= 16_000
    assert np.abs(spoken).max() > 0.1
    assert attack.highest(drawn) == 4_000
    words = log.read_text()
    assert str(drawn["voice"]) in words or name == "festival"


@pytest.mark.parametrize("name", NAMES)
def test_absent_ones_are_told_of(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArgumentError, match=rf"--attacks={name} needs the program .* on the PATH"):
        ATTACKS.load(name)(Material())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("sys.exit('no voice')", "failed .no voice"),
        ("sys.exit()", "wrote nothing"),
        (
            "open(sys.argv[-3], 'w').write('no sound'); sys.exit()",
            "what espeak wrote",
        ),
        ("import time; time.sleep(60)", "took longer"),
    ],
)
def test_what_does_not_work_is_told_first(
    body: str, told: str, fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.spoofs.programs._SECONDS", 1.0)
    fake("espeak", body)
    with pytest.raises(ArgumentError, match=told):
        ATTACKS.load("espeak")(Material()).check()


def test_no_shell_reads_the_sentence(fake, tmp_path: Path) -> None:
    log = fake("pico")
    text = '$(touch "%s"); `id` & hello' % (tmp_path / "touched")
    attack = ATTACKS.load("pico")(Material((Sentence(text, "en"),)))
    attack.apply(np.zeros(100), 16_000, attack.draw(np.random.default_rng(0)))
    assert "$(touch" in log.read_text()
    assert not (tmp_path / "touched").exists()


def test_spoofs_by_a_program(fake, real: Dataset, tmp_path: Path) -> None:
    fake("espeak")
    made = make_spoofs(real, tmp_path / "out", SpoofSettings(("espeak",)))
    files = made.derived.files
    assert made.n_by_attack == {"espeak": 4}
    assert files.groupby("utterance")["duration"].nunique().max() == 1
    own = {one.text for one in OWN if one.language == "en"}
    said = files["transcript"][files["label"] == "spoof"]
    assert all(any(text in line for text in own) for line in said)
    assert not list((tmp_path / "out").rglob("*.txt"))


def test_piper_needs_voices(fake) -> None:
    fake("piper")
    with pytest.raises(ArgumentError, match="--voices=FOLDER"):
        ATTACKS.load("piper")(Material())


@pytest.mark.parametrize("name", NAMES)
def test_the_real_program(name: str) -> None:
    kind: type[Program] = ATTACKS.load(name)  # type: ignore[assignment]
    if name == "piper" or not any(map(shutil.which, kind.programs)):
        pytest.skip(f"{name} is not on the PATH {os.environ.get('PATH')}")
    attack = kind(Material())
    drawn = attack.draw(np.random.default_rng(0))
    one, other = (attack.apply(np.zeros(8_000), 16_000, drawn) for _ in range(2))
    assert np.array_equal(one, other)
    assert len(one) >= 8_000


def test_sentences_are_read(tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_text("﻿Good morning.\n\nde\tGuten  Morgen.\n", encoding="utf-8")
    assert read_sentences(path) == (Sentence("Good morning."), Sentence("Guten Morgen.", "de"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\n\n", "holds no sentence"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"hi\n12 34\n", "line 2"),
        (b"x" * 1001, "line 1"),
    ],
)
def test_sentences_refused(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match=told):
        read_sentences(path)
    with pytest.raises(ArgumentError, match="is no file"):
        read_sentences(tmp_path / "absent")
