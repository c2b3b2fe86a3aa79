"""Files beside recordings: those that nobody expects to be read, and what to do with others."""

from collections import Counter
from dataclasses import dataclass, field

_COMPANION_SUFFIXES = frozenset(
    (
        # Texts and tables.
        *("txt", "md", "rst", "pdf", "rtf", "doc", "docx", "odt", "html", "htm", "css", "tex"),
        *("csv", "tsv", "json", "jsonl", "xml", "yaml", "yml", "xls", "xlsx", "ods", "sqlite"),
        # Who said what, and when.
        *("textgrid", "lab", "phn", "wrd", "trn", "trans", "srt", "vtt", "eaf", "stm", "ctm"),
        *("trs", "cha", "rttm", "seg", "lrc"),
        # Pictures.
        *("png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "tif", "tiff", "heic", "ico"),
        # Licences, checksums, and what programs leave.
        *("lic", "license", "licence", "bib", "cff", "md5", "sha1", "sha256", "sha512", "sig"),
        *("log", "ini", "cfg", "toml", "lock", "py", "sh", "ipynb"),
        *("sqlite-wal", "sqlite-shm", "sqlite-journal"),
    )
)
_COMPANION_NAMES = frozenset(
    (
        *("readme", "license", "licence", "copying", "copyright", "authors", "notice", "changelog"),
        *("version", "makefile", "dockerfile", "md5sum", "md5sums", "sha256sum", "sha256sums"),
        *("checksums", "thumbs.db", "log-mel.f16"),
    )
)
"""Names of companions whose suffix, if they have one, says nothing."""

_ARCHIVES = (
    *("zip", "rar", "7z", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "lz4", "lzma"),
    *("iso", "dmg", "cab"),
)
_REASONS = {
    **dict.fromkeys(_ARCHIVES, "is an archive: unpack it"),
    **dict.fromkeys(("mid", "midi", "kar"), "holds notes, not sound: play it into a WAV file"),
    **dict.fromkeys(
        ("m3u", "m3u8", "pls", "cue", "xspf", "asx"), "is a playlist: name the recordings"
    ),
    **dict.fromkeys(
        ("aup", "aup3", "als", "flp", "logicx", "ptx", "rpp", "sesx"),
        "is the project of an audio editor: export it as WAV",
    ),
    **dict.fromkeys(
        ("dss", "ds2", "dvf", "msv", "silk", "slk", "aax", "aa", "m4p", "qcp", "vox", "shn"),
        "is not a kind of recording that is read: convert it to WAV",
    ),
    **dict.fromkeys(
        ("part", "crdownload", "download", "tmp", "partial", "bak"),
        "is an unfinished or set-aside file",
    ),
}
"""By suffix, what is said of a file instead of that its kind is not read."""

_NOT_READ = "is not a kind of recording that is read"
_LONGEST_SUFFIX = 14
"""Letters; what stands behind the last point of a longer one is part of a name."""
_LISTED = 6
"""How many kinds of companions are named."""


@dataclass
class Aside:
    """Files that are counted and not named: companions of recordings, and hidden ones.

    Attributes
    ----------
    companions : collections.Counter
        How many companions there are by suffix, without the point; empty for a name without one.
    n_hidden : int
        How many hidden files and folders there are; what is in hidden folders is not counted.
    """

    companions: Counter[str] = field(default_factory=Counter)
    n_hidden: int = 0

    def __bool__(self) -> bool:
        return bool(self.companions or self.n_hidden)

    def add(self, other: "Aside") -> None:
        """Add what was counted elsewhere.

        Parameters
        ----------
        other : Aside
            Of other folders.
        """
        self.companions.update(other.companions)
        self.n_hidden += other.n_hidden

    def describe(self) -> str:
        """Return the counts as a sentence without a full stop, empty where there is nothing.

        Examples
        --------
        >>> Aside(Counter({"txt": 6, "csv": 1}), 2).describe()
        '7 companion files (csv, txt) and 2 hidden files were left aside'
        """
        counts = []
        n_companions = sum(self.companions.values())
        if n_companions:
            kinds = sorted(filter(None, self.companions))
            more = ", ..." if len(kinds) > _LISTED else ""
            named = f" ({', '.join(kinds[:_LISTED])}{more})" if kinds else ""
            counts.append(f"{_counted(n_companions, 'companion file')}{named}")
        if self.n_hidden:
            counts.append(_counted(self.n_hidden, "hidden file"))
        was = "was" if n_companions + self.n_hidden == 1 else "were"
        return f"{' and '.join(counts)} {was} left aside" if counts else ""


def is_companion(name: str) -> bool:
    """Say whether a file is one that comes with recordings and is none: a text, a picture.

    Parameters
    ----------
    name : str
        Without folders.

    Examples
    --------
    >>> [is_companion(name) for name in ("a.TextGrid", "README", "memo.m4a")]
    [True, True, False]
    """
    lower = name.lower()
    return suffix_of(lower) in _COMPANION_SUFFIXES or lower in _COMPANION_NAMES


def why_unread(name: str) -> str:
    """Return why a file that is no companion is not read, and what to do about it.

    Parameters
    ----------
    name : str
        Without folders, of a file that no suffix of recordings ends.

    Examples
    --------
    >>> why_unread("all.zip"), why_unread("memo.XYZ")
    ('is an archive: unpack it (.zip)', 'is not a kind of recording that is read (.xyz)')
    """
    suffix = suffix_of(name)
    told = f".{suffix}" if suffix else "no suffix"
    return f"{_REASONS.get(suffix, _NOT_READ)} ({told})"


def suffix_of(name: str) -> str:
    """Return the suffix of a name in lower case, without the point; empty where it has none.

    Parameters
    ----------
    name : str
        Without folders.
    """
    stem, _, suffix = name.lower().rpartition(".")
    is_one = stem and suffix.replace("-", "").isalnum() and len(suffix) <= _LONGEST_SUFFIX
    return suffix if is_one else ""


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
