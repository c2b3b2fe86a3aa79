"""Say what `make setup` takes, or in one line what it lacks; for any Python from 3.6 on.

    python3 .ci/check_setup.py FOLDER [--torch cpu] [--pip-args ARGS]

FOLDER is where the environment is to be made. The sizes were measured on Linux, x86-64.
"""

import argparse
import importlib.util
import shutil
import sys
from pathlib import Path

DOWNLOAD = 3.3
"""GB that pip downloads."""

INSTALLED = {"": 6.6, "cpu": 3.3}
"""GB that the environment takes, by which PyTorch; without CUDA's libraries and Triton, at most."""

OLDEST = (3, 11)


def main(words, version=sys.version_info, find=importlib.util.find_spec, usage=shutil.disk_usage):
    """Return what is lacking, or None when all is there, having said what comes.

    Parameters
    ----------
    words : list of str
        The command line, without the program.
    version : tuple of int
        Of the Python that makes the environment.
    find : callable
        Says by name whether a module can be imported.
    usage : callable
        Gives the free bytes beside a folder, as `shutil.disk_usage`.
    """
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--torch", default="")
    parser.add_argument("--pip-args", default="")
    flags = parser.parse_args(words)
    if tuple(version[:2]) < OLDEST:
        have = ".".join(map(str, version[:2]))
        return f"Python 3.11 or newer is needed, and this is {have}: make setup PYTHON=python3.11"
    for module in ("venv", "ensurepip"):
        if find(module) is None:
            return (
                f"this Python lacks its module {module}; on Debian and Ubuntu: sudo apt install "
                f"python{version[0]}.{version[1]}-venv"
            )
    if flags.torch not in INSTALLED:
        return f"TORCH={flags.torch} is not known: leave it out, or give TORCH=cpu"
    if flags.torch == "cpu" and not flags.pip_args:
        return (
            "TORCH=cpu needs an index that has both torch and torchaudio for the CPU alone "
            "(their versions end in +cpu), which PyPI has not: make setup TORCH=cpu "
            "PIP_ARGS='--extra-index-url=URL'; without one leave TORCH out"
        )
    needed = INSTALLED[flags.torch]
    above = Path(flags.folder).resolve().parent
    free = usage(above).free / 1e9
    if free < needed:
        return f"{needed} GB are needed in {above}, where {free:.1f} GB are free"
    if flags.torch:
        print(f"{flags.folder} is made, with PyTorch for the CPU alone")
    else:
        print(
            f"{flags.folder} is made: pip downloads {DOWNLOAD} GB, which become {needed} GB; some "
            f"{8000 * DOWNLOAD / 100 / 60:.0f} minutes on a line of 100 Mbit/s, and two to unpack"
        )
    return None


if __name__ == "__main__":
    lacking = main(sys.argv[1:])
    sys.exit(f"make setup: {lacking}" if lacking else 0)
