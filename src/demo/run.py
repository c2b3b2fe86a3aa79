"""The demonstration: a stand-in corpus through the whole pipeline, offline."""

import sys
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from src.demo.corpus import make_corpus
from src.stages.pipeline import PipelineResult, PipelineSettings, run_pipeline
from src.utils.audio.augmentations.augmentation import Material
from src.utils.audio.augmentations.chain import Recipe
from src.utils.config import DEMO_MARKER, DEMO_PICTURES
from src.utils.dataset.split import Shares, SplitSettings
from src.utils.files import locked, write_text
from src.utils.runs import LOCK

NOTICE = (
    "The voices of this demonstration are synthetic stand-ins made on the spot, and its spoofs "
    "are simple vocoders.\nIts wav2vec2 has random weights, so chance is all it can reach.\nThe "
    "metrics show that the pipeline works; they say nothing about real deepfakes."
)


def run_demo(
    folder: Path, tell: Callable[[str], None], seed: int = 7, n_trials: int = 5
) -> PipelineResult:
    """Make a corpus and a tiny random checkpoint in `folder` and run every stage on them.

    Parameters
    ----------
    folder : pathlib.Path
        Where everything is written.
    tell : callable
        Called after each stage with a text: its title and its report.
    seed : int
        Seed of the corpus and of every stage.
    n_trials : int
        Trials of each search.

    Raises
    ------
    AudiosError
        When the folder cannot be written, or another demonstration is made in it.
    """
    # Two at once would remove each other's unfinished clips.
    with locked(folder / LOCK, f"the demonstration in {folder}"):
        return _run_demo(folder, tell, seed, n_trials)


def _run_demo(
    folder: Path, tell: Callable[[str], None], seed: int, n_trials: int
) -> PipelineResult:
    write_text(folder / DEMO_MARKER, NOTICE + "\n")
    corpus = folder / "corpus"
    with tqdm(desc="speaking", unit="clip", file=sys.stderr) as bar:
        written = make_corpus(corpus, seed=seed, progress=lambda *_: bar.update())
    tell(f"Demo\n{corpus}: {written} clips made now\n{NOTICE}")
    checkpoint = folder / "checkpoint"
    if not (checkpoint / "model.safetensors").is_file():
        # Here, since importing transformers takes seconds.
        from src.demo.checkpoint import make_checkpoint

        make_checkpoint(checkpoint, "wav2vec2", seed)
    settings = PipelineSettings(
        dataset=corpus,
        embeddings=folder / "embeddings",
        runs=folder / "runs",
        noise=Recipe(("white",), material=Material(snr_db=(30.0, 40.0))),
        # Twelve speakers are too few for two halves.
        split=SplitSettings(
            shares=Shares(
                pretext=0.0, downstream_train=0.6, downstream_val=0.2, downstream_test=0.2
            )
        ),
        backbones={"acoustic": None, "wav2vec2": str(checkpoint)},
        n_trials=n_trials,
        seed=seed,
    )
    result = run_pipeline(settings, tell)
    # Here, since it imports what draws.
    from src.demo.pictures import draw_pictures

    pictures = draw_pictures(
        folder / "corpus-normalized-noisy",
        settings.runs,
        audit=result.pages[0].parent,
        # One that errs here, and one whose curve over time shows the spoof.
        reported=_number_of(result, "rf"),
        judging=_number_of(result, "lr"),
        folder=folder / DEMO_PICTURES,
    )
    tell("\n".join(["Pictures", *map(str, pictures)]))
    return result


def _number_of(result: PipelineResult, classifier: str) -> int:
    """Return the number of the run of a classifier on the built-in backbone."""
    table = result.table
    is_meant = (table["backbone"] == "acoustic") & (table["classifier"] == classifier)
    return int(table.loc[is_meant, "run"].iloc[0])
