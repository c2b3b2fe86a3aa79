"""Which format a machine computes in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from src.utils.embeddings.backbones import precision
from src.utils.embeddings.backbones.precision import (
    has_fused_kernels,
    has_matrix_unit,
    resolve_precision,
)

CPU = torch.device("cpu")


@pytest.fixture
def cpu_info(tmp_path: Path, monkeypatch) -> Iterator[Callable[[str], None]]:
    """Make the machine's CPU say of itself what a test wants."""

    def say(text: str) -> None:
        (tmp_path / "cpuinfo").write_text(text)
        precision._cpu_flags.cache_clear()

    monkeypatch.setattr(precision, "Path", lambda path: tmp_path / Path(path).name)
    precision._cpu_flags.cache_clear()
    yield say
    precision._cpu_flags.cache_clear()


@pytest.mark.parametrize(
    ("line", "auto", "tiles"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16 amx_tile", "bfloat16", True),
        ("flags\t\t: fpu avx2 avx512f avx512_bf16", "bfloat16", False),
        ("flags\t\t: fpu avx2 avx512f avx512_vnni", "float32", False),
        ("Features\t: fp asimd bf16 i8mm", "bfloat16", False),
        ("Features\t: fp asimd", "float32", False),
        ("flags\t\t: fpu not_amx_bf16_at_all", "float32", False),
        ("", "float32", False),
    ],
)
def test_auto(cpu_info: Callable, line: str, auto: str, tiles: bool) -> None:
    cpu_info(f"processor\t: 0\nmodel name\t: bf16 amx_bf16\n{line}\n\nprocessor\t: 1\n{line}\n")
    assert resolve_precision("auto", CPU) == auto
    assert has_matrix_unit() == tiles


@pytest.mark.parametrize("chosen", ["float32", "bfloat16"])
@pytest.mark.parametrize("line", ["flags : amx_bf16", "flags : fpu"])
def test_a_choice_is_kept(cpu_info: Callable, line: str, chosen: str) -> None:
    cpu_info(line)
    assert resolve_precision(chosen, CPU) == chosen


def test_a_system_without_cpuinfo(cpu_info: Callable) -> None:
    assert resolve_precision("auto", CPU) == "float32"
    assert not has_matrix_unit()


@pytest.mark.parametrize("native", [True, False])
def test_auto_on_a_gpu(monkeypatch, native: bool) -> None:
    def is_supported(including_emulation: bool = True) -> bool:
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    assert resolve_precision("auto", torch.device("cuda")) == ("bfloat16" if native else "float32")


def test_fused_kernels_need_onednn(monkeypatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not has_fused_kernels(torch.float32)
    assert not has_fused_kernels(torch.bfloat16)
