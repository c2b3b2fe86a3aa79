"""The name of an attack that is given as a file or folder."""

import re
from pathlib import PurePath

_OTHER = re.compile(r"[^a-z0-9]+")


def named_after(kind: str, place: str) -> str:
    """Return a name that folders and `--hold-out=attack:NAME,NAME` can hold.

    Parameters
    ----------
    kind : str
        What it is.
    place : str
        Its path or hub id.

    Examples
    --------
    >>> named_after("encodec", "facebook/encodec_24khz"), named_after("onnx", "My Vocoder.onnx")
    ('encodec-24khz', 'onnx-my-vocoder')
    """
    name = PurePath(place).name.lower().removesuffix(".onnx")
    words = [word for word in _OTHER.sub(" ", name).split() if word != kind]
    return "-".join([kind, *words])[:64]
