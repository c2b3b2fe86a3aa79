"""Reading Markdown tables, and refusing broken ones."""

import re

CELLS = re.compile(r"(?<!\\)\|")
_EMPHASIS = re.compile(r"^(\*\*|\*)(.*)\1$")


def tables_of(card: str) -> list[list[list[str]]]:
    """Return the cells of every table, and fail where a row has another number than its head."""
    tables: list[list[list[str]]] = []
    before = ""
    for line in card.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in CELLS.split(line)[1:-1]]
            if not before.startswith("|"):
                assert before == "", "a table stands apart"
                tables.append([])
            tables[-1].append(cells)
        before = line
    for table in tables:
        assert len({len(row) for row in table}) == 1, table[0]
        assert all(re.fullmatch("-+:?", cell) for cell in table[1])
    return tables


def markdown_tables(text: str) -> list[list[list[str]]]:
    """Return the cells of every table as a reader sees them: without escapes and emphasis."""
    return [
        [[re.sub(r"\\(.)", r"\1", _EMPHASIS.sub(r"\2", cell)) for cell in row] for row in table]
        for table in tables_of(text)
    ]
