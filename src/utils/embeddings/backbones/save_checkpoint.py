"""Writing a model and its preprocessor in Hugging Face layout."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import transformers

from src.utils.files import replacing

WEIGHTS = "model.safetensors"


def save_checkpoint(folder: Path, model: Any, processor: Any) -> None:
    """Write `config.json`, `preprocessor_config.json` and `model.safetensors` into a folder.

    The weights come last: where they are, the checkpoint is whole.

    Parameters
    ----------
    folder : pathlib.Path
        Where; it is made.
    model : transformers.PreTrainedModel
        With its settings.
    processor : transformers.SequenceFeatureExtractor
        What clips are prepared by.

    Raises
    ------
    StorageError
        When the folder cannot be written to.
    """
    # Of one file, which says nothing.
    transformers.logging.disable_progress_bar()
    with TemporaryDirectory() as made:
        processor.save_pretrained(made)
        # In one file, whatever its size.
        model.save_pretrained(made, max_shard_size="1TB")
        for path in sorted(Path(made).iterdir(), key=lambda path: path.name == WEIGHTS):
            with replacing(folder / path.name) as temporary:
                shutil.copyfile(path, temporary)
