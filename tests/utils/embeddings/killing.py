"""Extract in processes that are killed at a given file operation, as `kill -9` would at any.

Run as `python killing.py DATASET WORK BACKBONE SEED ...`; see `main`. A process of its own, since
it forks, and what pytest has running by then does not survive that.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from src.utils.dataset.dataset import Dataset
from src.utils.embeddings.backbones import load_backbone
from src.utils.embeddings.extract import extract_split
from tests.utils.embeddings.toy import Toy

EVENTS = {"open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
"""What Python tells its audit hooks of; rows are written between two of them."""


class Counting:
    """A backbone that notes how many clips it is given, in batches of two."""

    batch_seconds = Toy.batch_seconds

    def __init__(self, backbone, log: Path) -> None:
        self._backbone = backbone
        self._log = log

    def __getattr__(self, name: str):
        return getattr(self._backbone, name)

    def embed(self, prepared) -> np.ndarray:
        with self._log.open("a") as stream:
            stream.write(f"{len(prepared)}\n")
        return self._backbone.embed(prepared)


def in_child(action: Callable[[], None]) -> int:
    """Return how a fork that does `action` ended: 0, or minus the number of a signal."""
    child = os.fork()
    if not child:
        try:
            action()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, -signal.SIGKILL):
        sys.exit(f"the extraction ended with {code}")
    return code


def extract(dataset: Path, work: Path, name: str, kill_at: int) -> int:
    """Extract in a child that is killed at its `kill_at`-th file operation below `work`."""
    work.mkdir(parents=True, exist_ok=True)
    count = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal count
        if event in EVENTS and str(arguments[0]).startswith(str(work)):
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def action() -> None:
        sys.addaudithook(hook)
        made = Toy() if name == "toy" else load_backbone("wav2vec2", name)
        backbone = Counting(made, work / "embedded.log")
        extract_split(Dataset.open(dataset), "full", backbone, work / "e")
        (work / "operations").write_text(str(count))

    return in_child(action)


def state_of(folder: Path) -> frozenset[tuple[str, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    folders = (path for path in folder.rglob("*") if path.is_dir())
    found = {(str(path.relative_to(folder)), path.read_bytes()) for path in files}
    return frozenset(found | {(f"{path.relative_to(folder)}/", b"") for path in folders})


def main(dataset: Path, work: Path, name: str, seeds: Sequence[int]) -> None:
    """Print, as JSON, one entry a store: its folder, the kills, how many clips were computed.

    The store in `work/plain` is made without a kill. For a seed there is a single store, in a
    folder of the seed's number, killed at random operations until it is finished; for the seed 0
    there is one for every operation, killed there and then finished.
    """
    if name != "toy":
        # So that its libraries are imported once, not in every child.
        load_backbone("wav2vec2", name)
    extract(dataset, work / "plain", name, kill_at=-1)
    total = int((work / "plain/operations").read_text())
    made = []
    for seed in seeds:
        if seed:
            chance = random.Random(seed)
            kills = 0
            while extract(dataset, work / f"seed{seed}", name, chance.randint(1, total)):
                kills += 1
            made.append((f"seed{seed}", kills))
        else:
            left = set()
            for number in range(1, total + 1):
                extract(dataset, work / str(number), name, kill_at=number)
                state = state_of(work / str(number))
                if state not in left:
                    left.add(state)
                    extract(dataset, work / str(number), name, kill_at=-1)
                    made.append((str(number), 1))
    stores = []
    for folder, kills in made:
        counts = (work / folder / "embedded.log").read_text().split()
        stores.append({"folder": folder, "kills": kills, "computed": sum(map(int, counts))})
    print(json.dumps(stores))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], [int(seed) for seed in sys.argv[4:]])
