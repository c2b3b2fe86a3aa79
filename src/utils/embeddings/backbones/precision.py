"""Which number format a model runs in, and what the hardware has for it."""

from functools import cache
from pathlib import Path

import torch


def resolve_precision(precision: str, device: torch.device) -> str:
    """Return the format that `--precision` means on a device.

    `auto` is bfloat16 where the device multiplies it natively, and float32 elsewhere: emulated,
    it would cost accuracy and win no time.

    Parameters
    ----------
    precision : str
        One of `config.PRECISIONS`.
    device : torch.device
        Where the model is to run.

    Returns
    -------
    str
        `float32` or `bfloat16`.
    """
    if precision != "auto":
        return precision
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(_cpu_flags() & {"amx_bf16", "avx512_bf16", "bf16"})


def forbid_tf32() -> None:
    """Let float32 be float32 on GPUs, for the whole process.

    TF32 keeps ten bits of a number, and GPU and CPU would differ in the third digit.
    """
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def has_matrix_unit() -> bool:
    """Say whether the CPU multiplies bfloat16 tiles in hardware (Intel AMX)."""
    return "amx_bf16" in _cpu_flags()


def has_fused_kernels(dtype: torch.dtype) -> bool:
    """Say whether torch's oneDNN operators, with weights packed ahead, can be used.

    Parameters
    ----------
    dtype : torch.dtype
        What they would compute in.
    """
    if not torch.backends.mkldnn.is_available():
        return False
    return dtype == torch.float32 or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


@cache
def _cpu_flags() -> frozenset[str]:
    """Return what Linux lists as the CPU's features; elsewhere nothing is assumed."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    found = (line for line in lines if line.startswith(("flags", "Features")))
    return frozenset(next(found, "").partition(":")[2].split())
