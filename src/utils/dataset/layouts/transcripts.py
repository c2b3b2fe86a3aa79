"""Transcripts, from the tables that corpora of read speech bring along."""

from pathlib import Path

from src.utils.dataset.layouts.protocol import read_lines


def read_transcripts(path: Path, delimiter: str = "|") -> dict[str, str]:
    """Read lines of an id, the text and perhaps the text with its numbers spelt out.

    Parameters
    ----------
    path : pathlib.Path
        The file of lines.
    delimiter : str
        What separates id and text; with a colon, the text may hold some too.

    Returns
    -------
    dict of str to str
        What is said by id, the spelt-out text before the other; empty where there is no file.

    Raises
    ------
    DatasetError
        When the file is not text.
    """
    if not path.is_file():
        return {}
    found = {}
    for _, (name, *texts) in read_lines(path, delimiter):
        if delimiter == ":":
            texts = [delimiter.join(texts)]
        found[name] = next((text.strip() for text in reversed(texts) if text.strip()), "")
    return found
