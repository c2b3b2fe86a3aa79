"""`make setup` says what it takes before it begins, or in one line what is lacking."""

import importlib.util
import re
import subprocess
from types import ModuleType, SimpleNamespace

import pytest

from src.utils.config import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_setup", ROOT / ".ci/check_setup.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def disk(free_gb: float):
    return lambda folder: SimpleNamespace(free=int(free_gb * 1e9))


def test_sizes_are_told_and_are_those_of_the_makefile(check, capsys, tmp_path) -> None:
    assert check.main([str(tmp_path / ".venv")], usage=disk(100)) is None
    told = capsys.readouterr().out
    sizes = (f"{check.DOWNLOAD} GB", f"{check.INSTALLED['']} GB")
    assert all(size in told for size in sizes)
    [line] = [line for line in MAKEFILE.splitlines() if line.startswith("setup:")]
    assert all(size in line for size in sizes)


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        ([], {"version": (3, 10, 4)}, "Python 3.11 or newer is needed, and this is 3.10"),
        ([], {"find": lambda name: None if name == "ensurepip" else name}, "module ensurepip"),
        ([], {"usage": disk(2)}, "2.0 GB are free"),
        (["--torch=gpu"], {}, "TORCH=gpu is not known"),
        (["--torch=cpu"], {"usage": disk(100)}, "PIP_ARGS="),
        (["--torch=cpu", "--pip-args=--index-url=U"], {"usage": disk(2)}, "2.0 GB are free"),
    ],
)
def test_what_is_lacking_is_one_line(check, tmp_path, capsys, words, given, told) -> None:
    lacking = check.main([str(tmp_path / ".venv"), *words], **given)
    assert told in lacking
    assert "\n" not in lacking
    assert capsys.readouterr().out == ""


def make(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["make", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def test_help_lists_every_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    assert phony is not None
    listed = re.findall(r"^  ([a-z-]+) {2,}\S", make("help").stdout, re.M)
    assert set(listed) == set(phony[1].split())


def test_both_halves_of_a_pytorch_for_the_cpu_are_asked_for(tmp_path) -> None:
    words = (f"VENV={tmp_path / 'new'}", "TORCH=cpu", "PIP_ARGS=--extra-index-url=U")
    lines = make("-n", "setup", *words).stdout.splitlines()
    pins = dict(re.findall(r"^(torch\w*)==(\S+)$", (ROOT / "requirements.txt").read_text(), re.M))
    first = next(line for line in lines if "pip install" in line)
    for name in ("torch", "torchaudio"):
        assert f"{name}=={pins[name]}+cpu" in first
    assert "--quiet" not in first


def test_a_failed_check_ends_setup_before_anything_is_made(tmp_path) -> None:
    done = make("setup", f"VENV={tmp_path / 'new'}", "TORCH=gpu")
    assert done.returncode != 0
    assert "make setup: TORCH=gpu is not known" in done.stderr
    assert not (tmp_path / "new").exists()
