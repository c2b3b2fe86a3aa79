"""Opening checkpoints in Hugging Face layout, from a folder or the hub."""

import logging
import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers

from src.utils.embeddings.backbones.measured import (
    check_preprocessor,
    check_settings,
    check_size,
    parts_of,
    without_choices,
)
from src.utils.embeddings.backbones.recognise_checkpoint import (
    explain,
    has_preprocessor,
    plain_reason,
    refuse_file,
    require_layout,
)
from src.utils.errors import CheckpointError
from src.utils.files import sha256_file, sha256_text
from src.utils.notes import note

log = logging.getLogger(__name__)

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)

_PREPROCESSORS = ("preprocessor_config.json", "processor_config.json")


class Checkpoint:
    """A pretrained model's settings, preprocessor, revision and, when asked for, weights.

    Nothing in a checkpoint is executed: no remote code, and torch files as weights only.

    Parameters
    ----------
    checkpoint : str
        A hub id or a local folder.

    Attributes
    ----------
    name : str
        The hub id, or the folder's absolute path.
    model_type : str or None
        The architecture that its `config.json` declares, in transformers' names.
    is_preprocessor_assumed : bool
        Whether it is a folder that does not say how clips are prepared for its model.

    Raises
    ------
    CheckpointError
        When its `config.json` cannot be read or holds no settings.
    """

    def __init__(self, checkpoint: str) -> None:
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        # Its retries would be told line by line; one line of ours at the end says it all.
        logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
        self.name = _folder_or_hub_id(checkpoint)
        folder = Path(self.name)
        if folder.is_dir():
            require_layout(folder, WEIGHT_FILES)
        self.is_preprocessor_assumed = folder.is_dir() and not has_preprocessor(folder)
        settings, _ = self._load(transformers.PreTrainedConfig.get_config_dict)
        if not isinstance(settings, dict):
            raise CheckpointError(f"the config.json of {self.name} holds no settings by name")
        check_settings(self.name, settings)
        named = settings.get("model_type")
        self.model_type = named if named and isinstance(named, str) else None

    @cached_property
    def config(self) -> Any:
        """The model's settings, a transformers.PreTrainedConfig.

        Raises
        ------
        CheckpointError
            When transformers does not know the architecture, or the settings do not fit it.
        """
        return without_choices(
            self._load(transformers.AutoConfig.from_pretrained, trust_remote_code=False)
        )

    @cached_property
    def processor(self) -> Any:
        """The checkpoint's preprocessor, a transformers.SequenceFeatureExtractor.

        Where a folder has none, what most models of raw samples take: 16 kHz, each clip with mean
        0 and variance 1. This is noted.

        Raises
        ------
        CheckpointError
            When it cannot be read.
        """
        for described in filter(None, map(self._file, _PREPROCESSORS)):
            check_preprocessor(self.name, described)
        if self.is_preprocessor_assumed:
            note(
                f"the checkpoint {self.name} has no preprocessor_config.json: 16 kHz and "
                f"normalised clips are assumed (copy that file from where the model came from to "
                f"be sure)"
            )
            return transformers.Wav2Vec2FeatureExtractor(sampling_rate=16_000, do_normalize=True)
        return self._load(
            transformers.AutoFeatureExtractor.from_pretrained, trust_remote_code=False
        )

    def revision(self) -> str:
        """Return the hub's commit, or for a local folder the hash of its weights and settings.

        Raises
        ------
        CheckpointError
            When a folder holds no weights.
        """
        folder = Path(self.name)
        if not folder.is_dir():
            return str(self.config._commit_hash)
        found = [folder / name for name in WEIGHT_FILES if (folder / name).is_file()]
        if not found:
            raise CheckpointError(
                f"the checkpoint {folder} holds no weights ({' or '.join(WEIGHT_FILES[::2])})"
            )
        parts = sorted(folder.glob("*-of-*")) if found[0].suffix == ".json" else found[:1]
        # transformers keeps the preprocessor's settings in either of the latter two.
        names = ("config.json", "preprocessor_config.json", "processor_config.json")
        described = [folder / name for name in names if (folder / name).is_file()]
        return "sha256:" + sha256_text("".join(map(sha256_file, (*parts, *described))))

    def model(
        self,
        part: str = "",
        dtype: torch.dtype = torch.float32,
        architecture: Any = transformers.AutoModel,
        config: Any = None,
    ) -> Any:
        """Load the model, or a part of it, ready to infer: no dropout, layers or frames left out.

        Parameters
        ----------
        part : str
            A submodule's name, such as the `encoder` of an encoder-decoder; only its weights have
            to be there. By default the whole model.
        dtype : torch.dtype
            What the weights are kept in.
        architecture : type
            The class of transformers that makes it, where `AutoModel` does not know its type.
        config : transformers.PreTrainedConfig, optional
            In place of its own settings: fewer layers, say.

        Returns
        -------
        transformers.PreTrainedModel
            On the CPU, in evaluation mode.

        Raises
        ------
        CheckpointError
            When weights cannot be read, are missing or do not fit.
        """
        config = self.config if config is None else config
        check_size(self.name, config, self._weights(), architecture)
        options: dict[str, Any] = {
            "config": config,
            "dtype": dtype,
            "output_loading_info": True,
        }
        if not Path(self.name).is_dir():
            # The very one that was described, also on another machine or a day later.
            options["revision"] = self.config._commit_hash
        model, info = self._load(architecture.from_pretrained, trust_remote_code=False, **options)
        prefix = f"{part}." if part else ""
        # The mask vector serves pretraining only; anything else missing would be random.
        missing = sorted(
            key
            for key in info["missing_keys"]
            if key.startswith(prefix) and "masked_spec_embed" not in key
        )
        if missing or info["mismatched_keys"]:
            lacking = missing or [key[0] for key in info["mismatched_keys"]]
            raise CheckpointError(
                f"the checkpoint {self.name} lacks {len(lacking)} weights of a {self.model_type} "
                f"model ({lacking[0]}, ...)"
            )
        return model.get_submodule(part).eval()

    def _file(self, name: str) -> Path | None:
        """Return one of its files, fetched if need be; None where it has none of the name."""
        folder = Path(self.name)
        if folder.is_dir():
            return folder / name if (folder / name).is_file() else None
        found = transformers.utils.cached_file(
            self.name,
            name,
            revision=self.config._commit_hash,
            _raise_exceptions_for_gated_repo=False,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        return None if found is None else Path(found)

    def _weights(self) -> list[Path]:
        """Return the files that its weights are in: transformers loads the first there are."""
        for first in filter(None, map(self._file, WEIGHT_FILES)):
            if first.suffix != ".json":
                return [first]
            return list(filter(None, map(self._file, parts_of(self.name, first))))
        return []

    def _load(self, load: Callable[..., Any], **options: Any) -> Any:
        """Call one of transformers' loaders and turn what can go wrong into one line."""
        local = Path(self.name).is_dir()
        try:
            with warnings.catch_warnings():
                # Of torch, on how a file was pickled; what matters is told below.
                warnings.simplefilter("ignore", UserWarning)
                return load(self.name, **options)
        except Exception as error:  # transformers raises a dozen kinds, each with pages of text
            reason = explain(error) or (plain_reason(error) if local else None)
            if reason is not None:
                raise CheckpointError(
                    f"the checkpoint {self.name} cannot be loaded: {reason}"
                ) from error
            raise CheckpointError(
                f"cannot fetch the checkpoint {self.name} (is the hub reachable, and the id "
                f"right?); on a machine without it pass a local folder: --checkpoint=FOLDER"
            ) from error


def _folder_or_hub_id(checkpoint: str) -> str:
    """Return the checkpoint, refusing what is meant as a folder but is none."""
    path = Path(checkpoint).expanduser()
    if path.is_dir():
        return str(path.resolve())
    if path.is_file():
        refuse_file(path)
    if path.exists() or checkpoint.startswith((".", "/", "~")) or checkpoint.count("/") > 1:
        raise CheckpointError(f"no folder {checkpoint}; --checkpoint takes a folder or a hub id")
    log.info("looking for %s in the local cache and at the hub", checkpoint)
    return checkpoint
