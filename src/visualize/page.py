"""A report as one HTML file that needs nothing else: no network, no script, no other file."""

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from src.utils.files import write_text

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
.verdict ul { margin: .25rem 0 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid var(--line); }
th, td { padding: .3rem .75rem .3rem 0; vertical-align: top; }
td { border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; white-space: nowrap; }
td:first-child { white-space: nowrap; }
td { overflow-wrap: break-word; max-width: 15rem; }
tr.bad td { background: #fdf1ea; }
tr.bad td:first-child, .bad-text { color: var(--bad); font-weight: 600; }
tr.unsure td:first-child { color: var(--unsure); }
code { font: .88em ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; }
@media print { body { max-width: none; padding: 0; font-size: 11px; }
  h2, h3 { break-after: avoid; } tr, figure { break-inside: avoid; } .scroll { overflow: visible; }
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
    return f'<div class="verdict{" bad" if is_bad else ""}">{html.escape(text)}{listed}</div>'


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
        By row: `bad` or `unsure`.
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


def image(path: Path, description: str) -> str:
    """Return a PNG with its bytes inside the page; the description is for those who hear it."""
    data = base64.b64encode(path.read_bytes()).decode()
    alt = html.escape(description, quote=True)
    return f'<figure><img src="data:image/png;base64,{data}" alt="{alt}"></figure>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
