"""A process of its own that searches, as `fab OptimizeHyperparameters` does, slowly where asked to.

Called as `python driver.py JSON`, whose keys are the fields of `Ask`.
"""

import json
import logging
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Ask:
    """What a process is told.

    Attributes
    ----------
    embeddings, runs : str
        The folders.
    total : int
        Trials of the study.
    classifier : str
        Whose.
    study_number : int or None
        Of a study to join.
    options : dict
        Fields of `SearchOptions`.
    stuck_at : int or None
        From this trial on, by its number in the study, fits never end while `stuck` is there.
    stuck : str
        A file; another of the same name and `.at` tells that a fit is stuck.
    seconds : float
        How much longer each fit takes.
    beats : tuple of float
        `BEAT_SECONDS` and `GRACE_SECONDS` of a database.
    ignores_ctrl_c : bool
        As in a job in the background.
    """

    embeddings: str
    runs: str
    total: int
    classifier: str = "lr"
    study_number: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    stuck: str = ""
    seconds: float = 0.0
    beats: tuple[float, float] = (1, 3)
    ignores_ctrl_c: bool = False

    @property
    def command(self) -> list[str]:
        """What runs it."""
        return [sys.executable, __file__, json.dumps(asdict(self))]


def slow_down(stuck: str, seconds: float) -> None:
    """Let fits take longer, or never end while a file is there."""
    from src.search import objective

    real = objective.fit_into

    def fit_into(*arguments: Any, **options: Any) -> Any:
        time.sleep(seconds)
        if stuck and Path(stuck).exists():
            Path(f"{stuck}.at").write_text(str(os.getpid()))
            while Path(stuck).exists():
                time.sleep(0.05)
        return real(*arguments, **options)

    objective.fit_into = fit_into  # type: ignore[assignment]


def main() -> None:
    """Search, and print what has come of it."""
    ask = Ask(**json.loads(sys.argv[1]))
    if ask.ignores_ctrl_c:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    logging.basicConfig(format="%(message)s")
    from src.models.data import TrainingStores
    from src.search import optimize, storage
    from src.utils.errors import AudiosError

    slow_down(ask.stuck, ask.seconds)
    storage.BEAT_SECONDS, storage.GRACE_SECONDS = ask.beats  # type: ignore[assignment]
    optimize.draw_study = lambda *about: None
    try:
        found = optimize.optimize(
            TrainingStores.open(Path(ask.embeddings), "wav2vec2"),
            Path(ask.runs),
            ask.classifier,
            ask.total,
            study_number=ask.study_number,
            options=optimize.SearchOptions(**ask.options),
        )
    except AudiosError as error:
        sys.exit(str(error))
    print(json.dumps({"folder": str(found.study.folder), "best": found.best}))


if __name__ == "__main__":
    main()
