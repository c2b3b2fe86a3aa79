"""Ways in which a database comes to be damaged."""

from pathlib import Path

DAMAGES = ("text", "cut", "overwritten")


def damage(path: Path, how: str) -> None:
    """Damage a file in one of `DAMAGES`."""
    content = path.read_bytes()
    path.write_bytes(
        {
            "text": b"no database at all, however long it may be" * 100,
            "cut": content[: len(content) // 2],
            "overwritten": content[:4096] + b"\x07" * (len(content) - 4096),
        }[how]
    )
