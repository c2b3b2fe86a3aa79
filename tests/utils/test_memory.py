import resource
import sys
from pathlib import Path

import pytest
import torch

from src.utils.memory import freed_memory_kept

MEBIBYTES = 200
PAGES = MEBIBYTES * 1024**2 // resource.getpagesize()


def faults() -> int:
    """Ask for memory, write to it and free it; return the pages that the system handed out."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(MEBIBYTES * 1024**2, dtype=torch.uint8).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="it asks the Linux kernel for pages"
)
def test_freed_memory_is_used_again_and_given_back_at_the_end() -> None:
    with freed_memory_kept():
        # A small block that is cut from what was freed makes it too small, once.
        assert min(faults() for _ in range(4)) < PAGES / 20
        resident = rss()
    assert rss() < resident - MEBIBYTES / 2


def rss() -> float:
    """Return the mebibytes that the process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024**2
