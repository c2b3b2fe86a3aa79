"""Wav2Vec2, HuBERT, WavLM and XLS-R through transformers: every layer, pooled over time."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from src.utils.embeddings.backbones.moments import Moments
from src.utils.errors import CheckpointError
from src.utils.files import sha256_file, sha256_text

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60.0
"""Attention costs the square of the length, so longer clips are cut into even windows."""

CPU_BATCH_SECONDS = 30.0
GPU_BATCH_SECONDS = 480.0

WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)


class TransformerBackbone:
    """A pretrained speech model whose hidden layers are pooled over the clip's own frames.

    Layer 0 is the input of the first transformer layer and layer i the i-th one's output,
    the hidden states in transformers' own order. Statistics are mean and standard deviation.

    Parameters
    ----------
    name : str
        A key of `config.BACKBONES`.
    checkpoint : str
        A hub id or a local folder.
    model_type : str
        The architecture the checkpoint must declare.

    Raises
    ------
    CheckpointError
        When its description cannot be read or names another architecture. Weights are loaded,
        and may fail likewise, at the first `embed`.
    """

    def __init__(self, name: str, checkpoint: str, model_type: str) -> None:
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        # WavLM gives torch a mask of each kind; torch converts one, and the result is the same.
        warnings.filterwarnings("ignore", message="Support for mismatched key_padding_mask")
        # Its retries would be told line by line; one line of ours at the end says it all.
        logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
        self.name = name
        self.checkpoint = _folder_or_hub_id(checkpoint)
        self._config = _load(transformers.AutoConfig, self.checkpoint)
        if self._config.model_type != model_type:
            raise CheckpointError(
                f"the checkpoint {checkpoint} is a {self._config.model_type} model; the backbone "
                f"{name} needs {model_type}"
            )
        self._processor = _load(transformers.AutoFeatureExtractor, self.checkpoint)
        self.sample_rate = int(self._processor.sampling_rate)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        on_gpu = self.device.type == "cuda"
        self.batch_seconds = GPU_BATCH_SECONDS if on_gpu else CPU_BATCH_SECONDS

    def describe(self) -> dict[str, Any]:
        """Return what makes the vectors what they are (see `Backbone.describe`)."""
        return {
            "name": self.name,
            "checkpoint": self.checkpoint,
            "revision": self._revision,
            "precision": "float32",
            "sample_rate": self.sample_rate,
            "do_normalize": bool(self._processor.do_normalize),
            "window_seconds": WINDOW_SECONDS,
            "layers": self._config.num_hidden_layers + 1,
            "stats": ["mean", "std"],
            "stats_count": 2,
            "dim": self._config.hidden_size,
        }

    @cached_property
    def _revision(self) -> str:
        """The hub's commit, or for a local folder the hash of its weights and settings."""
        folder = Path(self.checkpoint)
        if not folder.is_dir():
            return str(self._config._commit_hash)
        found = [folder / name for name in WEIGHT_FILES if (folder / name).is_file()]
        if not found:
            raise CheckpointError(
                f"the checkpoint {folder} holds no weights ({' or '.join(WEIGHT_FILES[::2])})"
            )
        parts = sorted(folder.glob("*-of-*")) if found[0].suffix == ".json" else found[:1]
        described = [folder / name for name in ("config.json", "preprocessor_config.json")]
        return "sha256:" + sha256_text("".join(map(sha256_file, (*parts, *described))))

    @property
    def receptive_field(self) -> int:
        """Samples that the convolutional front end needs for one frame."""
        field = 1
        for kernel, stride in zip(
            reversed(self._config.conv_kernel), reversed(self._config.conv_stride), strict=True
        ):
            field = (field - 1) * stride + kernel
        return field

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Normalise by the checkpoint's own preprocessor, then pad a clip shorter than a frame.

        Padding comes last, so that it does not weigh on the clip's mean and variance.
        """
        values = self._processor(
            waveform, sampling_rate=self.sample_rate, return_tensors="np", padding=False
        )["input_values"][0]
        missing = self.receptive_field - len(values)
        padded = np.pad(values, (0, missing)) if missing > 0 else values
        return padded.astype(np.float32)

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Pool every layer of every clip: float32 of shape (clips, layers, 2, dim)."""
        moments = [Moments() for _ in prepared]
        windows = [
            (clip, window)
            for clip, values in enumerate(prepared)
            for window in self._windows(values)
        ]
        for batch in self._batches(windows):
            for (clip, _), pooled in zip(batch, self._pool([w for _, w in batch]), strict=True):
                moments[clip].add(*pooled)
        return np.stack([moment.mean_and_std() for moment in moments])

    def _windows(self, values: np.ndarray) -> list[np.ndarray]:
        n_windows = -(-len(values) // int(WINDOW_SECONDS * self.sample_rate))
        return np.array_split(values, n_windows)

    def _batches(
        self, windows: list[tuple[int, np.ndarray]]
    ) -> Iterator[list[tuple[int, np.ndarray]]]:
        """Group windows so that a batch, padding counted, holds at most `batch_seconds`."""
        batch: list[tuple[int, np.ndarray]] = []
        longest = 0
        for window in windows:
            longest = max(longest, len(window[1]))
            if batch and (len(batch) + 1) * longest > self.batch_seconds * self.sample_rate:
                yield batch
                batch, longest = [], len(window[1])
            batch.append(window)
        yield batch

    @torch.inference_mode()
    def _pool(self, windows: list[np.ndarray]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield frame count, mean and variance, the latter two of shape (layers, dim)."""
        lengths = torch.tensor([len(window) for window in windows])
        values = torch.zeros(len(windows), int(lengths.max()))
        for row, window in zip(values, windows, strict=True):
            row[: len(window)] = torch.from_numpy(window)
        mask = (torch.arange(values.shape[1]) < lengths[:, None]).long()
        model, front_end = self._model
        front_end.lengths = lengths.tolist()
        output = model(
            values.to(self.device), attention_mask=mask.to(self.device), output_hidden_states=True
        )
        frames = model._get_feat_extract_output_lengths(lengths)
        for row, count in enumerate(frames.tolist()):
            states = torch.stack([layer[row, :count] for layer in output.hidden_states])
            variance, mean = torch.var_mean(states, dim=1, correction=0)
            yield count, mean.float().cpu().numpy(), variance.float().cpu().numpy()

    @cached_property
    def _model(self) -> tuple[Any, "_ClipByClip"]:
        """The model on its device, and the front end that is told the clips' lengths."""
        model, info = _load(
            transformers.AutoModel,
            self.checkpoint,
            dtype=torch.float32,
            output_loading_info=True,
        )
        # The mask vector serves pretraining only; anything else missing would be random.
        missing = sorted(key for key in info["missing_keys"] if "masked_spec_embed" not in key)
        if missing or info["mismatched_keys"]:
            lacking = missing or [key[0] for key in info["mismatched_keys"]]
            raise CheckpointError(
                f"the checkpoint {self.checkpoint} lacks {len(lacking)} weights of a {self.name} "
                f"model ({lacking[0]}, ...)"
            )
        front_end = model.feature_extractor = _ClipByClip(model.feature_extractor)
        # TF32 keeps ten bits of a float32's mantissa: GPU and CPU would differ in the third digit.
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        log.info("%s runs on %s", self.checkpoint, self.device)
        return model.eval().to(self.device), front_end


class _ClipByClip(torch.nn.Module):
    """A convolutional front end that sees every clip alone.

    Base checkpoints normalise each channel over the whole length (a group norm over time), so
    zeros appended to fill a batch would change every frame. The encoder behind has no such
    layer and leaves masked frames out, so from there on batches are safe.
    """

    def __init__(self, front_end: torch.nn.Module) -> None:
        super().__init__()
        self.front_end = front_end
        self.lengths: list[int] = []
        """Samples of each clip of the batch to come; the caller sets it."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Map (clips, samples) to (clips, channels, frames), zero behind a clip's own frames."""
        frames = [
            self.front_end(row[None, :length])[0].T
            for row, length in zip(values, self.lengths, strict=True)
        ]
        return torch.nn.utils.rnn.pad_sequence(frames, batch_first=True).transpose(1, 2)


def _folder_or_hub_id(checkpoint: str) -> str:
    """Return the checkpoint, refusing what is meant as a folder but is none."""
    path = Path(checkpoint).expanduser()
    if path.is_dir():
        return str(path.resolve())
    if path.exists() or checkpoint.startswith((".", "/", "~")) or checkpoint.count("/") > 1:
        raise CheckpointError(f"no folder {checkpoint}; --checkpoint takes a folder or a hub id")
    log.info("looking for %s in the local cache and at the hub", checkpoint)
    return checkpoint


def _load(loader: Any, checkpoint: str, **options: Any) -> Any:
    """Call `from_pretrained` and turn what can go wrong into one line."""
    local = Path(checkpoint).is_dir()
    try:
        return loader.from_pretrained(checkpoint, trust_remote_code=False, **options)
    except Exception as error:  # transformers raises a dozen kinds, each with pages of text
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        if local:
            raise CheckpointError(
                f"the checkpoint {checkpoint} cannot be loaded: {first_line}"
            ) from error
        raise CheckpointError(
            f"cannot fetch the checkpoint {checkpoint} (is the hub reachable, and the id right?); "
            f"on a machine without it pass a local folder: --checkpoint=FOLDER"
        ) from error
