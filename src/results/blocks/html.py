"""A report as one HTML file that needs nothing else: no network, no script, no other file."""

import base64
import html
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from src.utils.files import write_text
from src.visualize.figure import DPI

_STYLE = """
:root { --ink: #1c2126; --soft: #5b6670; --line: #d9dee3; --good: #00745a; --bad: #b23c00;
  --unsure: #8a6100; --paper: #fff; --shade: #f5f7f9; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.25rem 4rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .75rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { margin: .4rem 0 .8rem; max-width: 46rem; }
.soft, caption, figcaption { color: var(--soft); font-size: .9rem; }
.verdict { padding: .75rem 1rem; border-left: .3rem solid var(--good); background: var(--shade); }
.verdict.bad { border-color: var(--bad); }
.verdict p { margin: 0; font-weight: 600; max-width: none; }
.verdict ul { margin: .25rem 0 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid var(--line); }
th, td { padding: .3rem .75rem .3rem 0; vertical-align: top; }
td { border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; }
td.number, td:first-child { white-space: nowrap; }
td { overflow-wrap: break-word; max-width: 15rem; }
td:last-child { max-width: 26rem; padding-right: 0; }
tr.bad td { background: #fdf1ea; }
tr.bad td:first-child, .bad-text { color: var(--bad); font-weight: 600; }
tr.unsure td:first-child { color: var(--unsure); }
tr.faint td { color: var(--soft); }
tr.best td { background: #e9f5f1; }
ul { max-width: 46rem; padding-left: 1.2rem; }
li { margin: .15rem 0; }
code, pre { font: .88em ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
pre { margin: .4rem 0 .8rem; padding: .6rem .8rem; background: var(--shade);
  white-space: pre-wrap; }
.facts th { width: 12rem; border-bottom: 1px solid var(--line); font-weight: 400;
  color: var(--soft); vertical-align: top; }
.facts td, .facts td:first-child { max-width: none; white-space: normal; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; }
.side-by-side { display: grid; gap: 0 1.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
@media (max-width: 40rem) { body { padding: 1rem .9rem 3rem; } .facts th { width: 7.5rem; }
  table { font-size: .85rem; } th, td { padding-right: .55rem; }
  .scroll td:not(:first-child):not(.number) { min-width: 5.5rem; }
  .scroll td:last-child:not(.number) { min-width: 11rem; } }
@media print { @page { margin: 14mm; } html { font-size: 10.5px; }
  body { max-width: none; padding: 0; font-size: 1rem; } h2 { margin-top: 1.5rem; }
  img { max-height: 24cm; max-width: 75%; width: auto; } .side-by-side img { max-width: 100%; }
  p, ul, pre { max-width: none; } h2, h3 { break-after: avoid; }
  tr, figure, .verdict { break-inside: avoid; } .scroll { overflow: visible; }
  td:first-child { white-space: normal; } .side-by-side { grid-template-columns: 1fr 1fr; }
  * { print-color-adjust: exact; } }
"""


def write_page(path: Path, title: str, parts: Iterable[str]) -> None:
    """Write a page of parts, each HTML, under a title that is plain text."""
    name = html.escape(title)
    write_text(
        path,
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{name}</h1>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n",
    )


def paragraph(text: str, kind: str = "") -> str:
    """Return plain text as a paragraph of a class of the style sheet."""
    return f"<p{_class(kind)}>{html.escape(text)}</p>"


def heading(text: str, level: int = 2) -> str:
    """Return plain text as a heading."""
    return f"<h{level}>{html.escape(text)}</h{level}>"


def verdict(text: str, points: Sequence[str], is_bad: bool) -> str:
    """Return the page's main statement with its points."""
    items = "".join(f"<li>{html.escape(point)}</li>" for point in points)
    listed = f"<ul>{items}</ul>" if items else ""
    kind = "verdict bad" if is_bad else "verdict"
    return f'<div class="{kind}"><p>{html.escape(text)}</p>{listed}</div>'


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: Sequence[int] = (),
    kinds: Mapping[int, str] | None = None,
) -> str:
    """Return a table.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequences
        Cells, written as `str` gives them.
    numbers : sequence of int
        Columns set to the right.
    kinds : mapping of int to str, optional
        By row: `bad`, `unsure`, `best`, or `faint` for what says little.
    """

    def cell(tag: str, column: int, value: object) -> str:
        kind = "number" if column in numbers else ""
        return f"<{tag}{_class(kind)}>{html.escape(str(value))}</{tag}>"

    head = "".join(cell("th", column, name) for column, name in enumerate(header))
    body = "".join(
        f"<tr{_class((kinds or {}).get(number, ''))}>"
        + "".join(cell("td", column, value) for column, value in enumerate(row))
        + "</tr>\n"
        for number, row in enumerate(rows)
    )
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody></table></div>"
    )


def facts(rows: Iterable[tuple[str, object]]) -> str:
    """Return names and what they stand for, one pair a row."""
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>\n'
        for name, value in rows
    )
    return f'<table class="facts">\n<tbody>\n{body}</tbody></table>'


def bullets(points: Iterable[str]) -> str:
    """Return sentences as a list."""
    items = "".join(f"<li>{html.escape(point)}</li>\n" for point in points)
    return f"<ul>\n{items}</ul>"


def command(text: str) -> str:
    """Return what can be copied into a terminal."""
    return f"<pre>{html.escape(text)}</pre>"


def image(path: Path, description: str, caption: str = "") -> str:
    """Return a PNG with its bytes inside the page; the description is for those who hear it."""
    content = path.read_bytes()
    data = base64.b64encode(content).decode()
    alt = html.escape(description, quote=True)
    said = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{alt}"{_size(content)}>{said}'
        f"</figure>"
    )


def side_by_side(parts: Iterable[str]) -> str:
    """Return parts next to each other where the page is wide enough."""
    return f'<div class="side-by-side">\n{"".join(parts)}\n</div>'


def percent(value: float) -> str:
    """Write a rate as a percentage, a dash where it cannot be told."""
    return "–" if math.isnan(value) else f"{value:.1%}"


def _size(png: bytes) -> str:
    """Return the size that a figure is drawn for, so that its letters are as large as the text."""
    if png[12:16] != b"IHDR" or len(png) < 24:
        return ""
    width, height = (round(pixels * 96 / DPI) for pixels in struct.unpack(">II", png[16:24]))
    return f' width="{width}" height="{height}"'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
