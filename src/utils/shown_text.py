"""Text made safe to show: what a terminal would act upon, or nobody would see, is escaped.

The name of a file may hold anything but a slash. One with an escape sequence could clear a
terminal or forge lines of a report, one with a control of the writing direction could seem to end
in another suffix, and one with a letter that nobody sees could seem to be another file.
"""

import re

UNSEEN = (
    # Controls of a terminal, and halves of characters, which stand for bytes that are no UTF-8.
    r"\x00-\x1f\x7f-\x9f\ud800-\udfff"
    # The writing direction, separators of lines, and spaces and marks without a shape.
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\xad\u180e\u200b\u2060-\u2064\ufeff"
    r"\ufff9-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0001\U000e0020-\U000e007f"
    # Fillers, which Unicode counts as letters or marks.
    r"\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
)
"""The inside of a regular expression's character class: all that is escaped wherever it stands."""

_JOINERS, _VARIANTS = r"\u200c\u200d", r"\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Invisible too, but what emoji, Persian, Mongolian and the scripts of India are spelt with: beside
plain letters they only hide."""

_UNSEEN = re.compile(
    rf"[{UNSEEN}]|(?<![^\x00-\x7f])[{_JOINERS}{_VARIANTS}]|[{_JOINERS}](?![^\x00-\x7f])"
)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
"""Escapes that everybody knows."""


def escape_letter(letter: str) -> str:
    r"""Return a character as Python spells it, such as `\x1b` or `\u202e`.

    Parameters
    ----------
    letter : str
        One character.
    """
    code = ord(letter)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def visible(text: object) -> str:
    r"""Return text in one line in which everything can be seen.

    Letters of every script and emoji stay as they are. An escape looks like a name that holds its
    letters; what is read again is written by `cells`.

    Parameters
    ----------
    text : object
        What is shown, as `str` gives it.

    Examples
    --------
    >>> print(visible("a\x1b[31mb\u202ec\n"))
    a\x1b[31mb\u202ec\n
    """
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return _UNSEEN.sub(lambda found: _SHORT.get(found[0]) or escape_letter(found[0]), shown)


_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):\S*@")
"""Up to the last `@`, since a password may hold one."""
_PASSWORD_OPTION = re.compile(r"(?<=password=)[^&\s]+")


def without_password(text: str) -> str:
    """Return a text without the password of an address in it.

    Parameters
    ----------
    text : str
        Such as the address of a database.

    Examples
    --------
    >>> without_password("--storage=postgresql://ann:secret@host/audios")
    '--storage=postgresql://ann@host/audios'
    """
    return _PASSWORD_OPTION.sub("***", _PASSWORD.sub(r"\1@", text))
