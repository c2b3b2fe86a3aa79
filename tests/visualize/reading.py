"""Reading a report as a browser would, and refusing what it must not hold."""

from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "hr"}


class Page(HTMLParser):
    """What a page holds whose tags close in order and which asks for nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self._found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []

    def read(self, text: str) -> "Page":
        self.feed(text)
        self.close()
        assert self._open == [], f"not closed: {self._open}"
        return self

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe", "object", "base"), tag
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                assert str(value).startswith("data:"), (tag, name, value)
            assert not name.startswith("on"), name
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        self._found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag, f"</{tag}> closes another"

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            assert "url(" not in data and "@import" not in data
        else:
            self.text += data
            if self._open[-1:] in (["td"], ["th"]):
                self.rows[-1][-1] += data

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attributes.get(name) for found, attributes in self._found if found == tag]


def read_page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "http://" not in text and "https://" not in text
    return Page().read(text)
