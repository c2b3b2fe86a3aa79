"""What people give in place of a checkpoint in Hugging Face layout, told in words of our own.

Files are recognised by their first bytes and by the names within them; nothing is unpickled.
"""

import json
import re
import struct
import zipfile
import zlib
from pathlib import Path

from src.utils.errors import CheckpointError, shorten

LAYOUT = "config.json beside model.safetensors or pytorch_model.bin"

_LFS = b"version https://git-lfs"
_LFS_REMEDY = "the file itself was not fetched (git lfs pull does)"
_CONVERTED = (
    "name the same model at the hub, such as facebook/wav2vec2-base, or a folder that it was "
    "converted to"
)
_READ = 1 << 22
"""Bytes of a pickle that are looked through: the names in it come before its numbers."""

_FAIRSEQ = (b"fairseq", b"omegaconf", b"optimizer_history", b"task_state", b"last_optimizer_state")
_S3PRL = (b"s3prl", b"model_weight", b"Upstream", b"Downstream", b"Featurizer")
_DAMAGED = (
    *(OSError, ValueError, LookupError, RuntimeError, EOFError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What reading a damaged archive raises."""

_TORCH_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".tar")
_FOREIGN = {
    ".gguf": "weights for llama.cpp (GGUF)",
    ".onnx": "a graph for ONNX",
    ".h5": "weights of TensorFlow or Keras",
    ".keras": "weights of TensorFlow or Keras",
    ".pb": "a graph of TensorFlow",
    ".tflite": "a graph of TensorFlow Lite",
    ".msgpack": "weights of Flax",
    ".nemo": "a model of NeMo",
    ".mlmodel": "a model for Core ML",
}

_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f]")
_ADVICE = re.compile(
    r"pip install|trust_remote_code|weights_only|torch\.load|ignore_mismatched|https?://|upgrad|"
    r"re-run|local directory with the same name|report",
    re.IGNORECASE,
)
"""What other libraries advise, and AUDIOS never does."""


def refuse_file(path: Path) -> None:
    """Say what a file is that is given where a folder belongs.

    Parameters
    ----------
    path : pathlib.Path
        A file.

    Raises
    ------
    CheckpointError
        Always.
    """
    raise CheckpointError(
        f"{path} is {_describe(path)}; --checkpoint takes a folder in Hugging Face layout "
        f"({LAYOUT}) or a hub id{_remedy(path)}"
    )


def require_layout(folder: Path, weights: tuple[str, ...]) -> None:
    """Fail where a folder holds something else than a checkpoint in Hugging Face layout.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    weights : tuple of str
        The names that its weights may have.

    Raises
    ------
    CheckpointError
        Naming what it holds.
    """
    try:
        there = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise CheckpointError(f"cannot read {folder}: {error.strerror}") from error
    names = {path.name for path in there}
    takes = f"--checkpoint takes a folder in Hugging Face layout: {LAYOUT}"
    if not there:
        raise CheckpointError(f"{folder} is empty; {takes}")
    if "adapter_config.json" in names and not names & set(weights):
        raise CheckpointError(
            f"{folder} holds an adapter (PEFT) without its model: merge the two, and save what "
            f"comes out"
        )
    for path in there:
        if path.name in ("config.json", *weights) or "-of-" in path.name:
            _refuse_pointer(path)
    others = [path for path in there if _is_foreign(path) and path.name not in weights]
    if "config.json" not in names:
        held = f"; it holds {others[0].name}, {_describe(others[0])}" if others else ""
        remedy = _remedy(others[0]) if others else ""
        raise CheckpointError(f"{folder} holds no config.json{held}; {takes}{remedy}")
    if others and not names & set(weights):
        told = shorten([f"{path.name} ({_describe(path)})" for path in others], 3)
        raise CheckpointError(
            f"the checkpoint {folder} holds no weights that are read "
            f"({' or '.join(weights[::2])}), but {told}"
        )
    _require_json(folder / "config.json")


def has_preprocessor(folder: Path) -> bool:
    """Say whether a folder says how clips are prepared for its model.

    Parameters
    ----------
    folder : pathlib.Path
        The folder of a checkpoint.
    """
    return any(
        (folder / name).is_file() for name in ("preprocessor_config.json", "processor_config.json")
    )


def explain(error: Exception) -> str | None:
    """Say in our words why transformers could not load a checkpoint, None for no known reason.

    Parameters
    ----------
    error : Exception
        What it raised.
    """
    text = str(error)
    if type(error).__name__ == "UnpicklingError" or "Weights only load failed" in text:
        return (
            "its weights hold more than tensors, and nothing in them is executed; AUDIOS reads "
            "weights that are tensors alone, best as model.safetensors"
        )
    if type(error).__name__ == "SafetensorError":
        return "its weights are damaged or cut short; fetch them again"
    if "ignore_mismatched_sizes" in text:
        return "its weights are of another shape than its config.json says"
    if "trust_remote_code" in text:
        return "it needs code of its own, which AUDIOS never executes"
    if match := re.search(r"model type `?([\w-]+)`? but Transformers does not", text):
        return f"transformers knows no model of the type {match[1]}"
    return None


def plain_reason(error: Exception) -> str:
    """Return the first line of an error, without escape codes and without advice of others.

    Parameters
    ----------
    error : Exception
        What a library raised.
    """
    lines = [" ".join(_ESCAPES.sub(" ", line).split()) for line in str(error).splitlines()]
    first = next((line for line in lines if line), repr(error))
    sentences = re.split(r"(?<=[.!?]) ", first)
    kept = [sentence for sentence in sentences if not _ADVICE.search(sentence)]
    return " ".join(kept) or type(error).__name__


def _refuse_pointer(path: Path) -> None:
    if _start(path).startswith(_LFS):
        raise CheckpointError(f"{path} is a pointer of Git LFS: {_LFS_REMEDY}")


def _require_json(path: Path) -> None:
    try:
        json.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is no JSON; fetch the checkpoint again") from error


def _is_foreign(path: Path) -> bool:
    suffix = path.suffix.lower()
    return path.is_file() and (suffix in _FOREIGN or suffix in _TORCH_SUFFIXES)


def _describe(path: Path) -> str:
    """Say what kind of file it is, beginning with its article."""
    start, suffix = _start(path), path.suffix.lower()
    if start.startswith(_LFS):
        return "a pointer of Git LFS"
    if not start:
        return "an empty file"
    if start.startswith(b"GGUF"):
        return _FOREIGN[".gguf"]
    if suffix == ".safetensors":
        return "a file of weights alone"
    if suffix in _FOREIGN:
        return _FOREIGN[suffix]
    names = _pickled(path, start)
    if names is None:
        return "no checkpoint"
    if any(marker in names for marker in _FAIRSEQ) or _has_keys(names, "cfg", "model"):
        return "a checkpoint of fairseq"
    if any(marker in names for marker in _S3PRL) or _has_keys(names, "Config", "Paras"):
        return "a checkpoint of s3prl"
    if b"pytorch-lightning_version" in names:
        return "a checkpoint of Lightning"
    if b"_rebuild_tensor" in names:
        return "a file of torch without the settings of its model"
    return "a pickle of something else than weights"


def _remedy(path: Path) -> str:
    kind = _describe(path)
    if kind.endswith("Git LFS"):
        return f"; {_LFS_REMEDY}"
    if kind.endswith(("fairseq", "s3prl")):
        return f"; {_CONVERTED}"
    if kind.startswith("a file of weights"):
        return f": here {path.absolute().parent}, if its config.json is there"
    return ""


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(64)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error


def _pickled(path: Path, start: bytes) -> bytes | None:
    """Return the beginning of a pickle as bytes, within torch's archive or not; None for none."""
    if start.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if name.endswith("data.pkl")]
                with archive.open(names[0]) as stream:
                    return stream.read(_READ)
        except _DAMAGED:
            return None
    if start.startswith(b"\x80"):
        with path.open("rb") as stream:
            return stream.read(_READ)
    return None


def _has_keys(names: bytes, *keys: str) -> bool:
    """Say whether texts that are exactly these are in a pickle, of protocol 2 or 4."""
    return all(
        b"X" + len(key).to_bytes(4, "little") + key.encode() in names
        or b"\x8c" + bytes([len(key)]) + key.encode() in names
        for key in keys
    )
