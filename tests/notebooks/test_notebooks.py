"""Every notebook is thin, stored without outputs, and shows what it promises."""

import ast
import base64
import re
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from src.notebooks import pages
from src.utils.errors import AudiosError

NOTEBOOKS = pages.list_notebooks()

EXPECTED = {
    "CNN_baseline_model": (
        *("peak EER", "RMS EER", "as recorded", "RMS 0.1", "validation EER", "test EER"),
        *("validation accuracy", "Learning curve at one level"),
    ),
    "dataset_exploration": (
        *("A_F000", "F_M005", "n bona fide", "median seconds", "sample rate", "per speaker"),
        *("bona-fide minutes", "amplitude quartiles", "how well a nuisance alone", "all together"),
    ),
    "dataset_normalization": (
        *("original", "RMS 0.01", "RMS 0.1", "RMS 0.2", "RMS 0.5", "peak", "z-score"),
        *("spoof cut off", "spoof clipping", "peak EER", "RMS EER", "<audio"),
    ),
    "dataset_split": (
        *("pretext_train", "pretext_val", "downstream_train", "downstream_val", "downstream_test"),
        *("minutes", "gender", "in two splits", "utterance"),
    ),
}
"""By notebook: words of its output on the corpus of tones."""

FIGURES = {
    "CNN_baseline_model": 3,
    "dataset_exploration": 4,
    "dataset_normalization": 2,
    "dataset_split": 2,
}
MOST_LINES = 18
BULKY = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.Try, ast.With, ast.If)


def each(paths: list[Path]):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_of(path: Path) -> list[str]:
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


def shown(notebook: NotebookNode) -> str:
    """All that a reader of an executed notebook sees below its cells, as HTML or text."""
    seen = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output
            if output.output_type == "stream":
                seen.append(output.text if output.name == "stdout" else "")
            else:
                data = output.data
                seen.append(data.get("text/html", data.get("text/plain")))
    return "\n".join(seen)


@pytest.fixture(scope="module")
def executed(tones: Path) -> Callable[[Path], NotebookNode]:
    """Run a notebook on the tones, once."""
    done: dict[Path, NotebookNode] = {}

    def run(path: Path) -> NotebookNode:
        if path not in done:
            notebook = read(path)
            pages.choose_dataset(notebook, tones)
            done[path] = pages.execute(notebook)
        return done[path]

    return run


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} >= set(EXPECTED)


@each(NOTEBOOKS)
def test_stored_bare(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor >= 5) == (4, True)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert notebook.metadata.kernelspec.name == "python3"
    # What an editor adds of the machine it ran on changes with every save.
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}


@each(NOTEBOOKS)
def test_thin(path: Path) -> None:
    for source in code_of(path):
        assert len(source.splitlines()) <= MOST_LINES, source
        tree = ast.parse(source)
        assert not [node for node in ast.walk(tree) if isinstance(node, BULKY)], source
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert [alias.name for alias in node.names] == ["sys"], source
            elif isinstance(node, ast.ImportFrom):
                assert str(node.module).startswith("src."), source


@each(NOTEBOOKS)
def test_explained(path: Path) -> None:
    cells = read(path).cells
    assert cells[0].source.startswith("# ")
    headings = [cell for cell in cells if cell.source.startswith("## ")]
    assert all(cell.cell_type == "markdown" for cell in headings)
    assert len(headings) >= 3


@each(NOTEBOOKS)
def test_one_variable_to_set(path: Path) -> None:
    first, *others = code_of(path)
    [assignment] = ast.parse(first).body
    assert isinstance(assignment, ast.Assign)
    assert ast.unparse(assignment.targets[0]) == "DATASET"
    assert str(ast.literal_eval(assignment.value)).startswith("demo/")
    tags = [cell.metadata.get("tags", []) for cell in read(path).cells if cell.cell_type == "code"]
    assert tags == [["parameters"], *([] for _ in others)]
    for source in others:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                assert not node.id.isupper(), node.id


@each(NOTEBOOKS)
def test_runs_and_shows(path: Path, executed: Callable) -> None:
    text = shown(executed(path))
    for word in EXPECTED.get(path.stem, ()):
        assert word in text, word
    figures = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', text)
    assert len(figures) == FIGURES.get(path.stem, len(figures))
    assert figures
    for png, description in figures:
        assert base64.b64decode(png).startswith(b"\x89PNG")
        assert description


def test_splits_are_shown_apart(executed: Callable) -> None:
    [path] = [path for path in NOTEBOOKS if path.stem == "dataset_split"]
    [table] = [
        output.data["text/html"]
        for cell in executed(path).cells
        if cell.id == "shared"
        for output in cell.outputs
    ]
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", table)
    assert [tuple(cells[n : n + 3]) for n in range(0, len(cells), 3)] == [
        ("speaker", "6", "0"),
        ("utterance", "12", "0"),
        ("file", "22", "0"),
    ]


@each(NOTEBOOKS)
def test_page(path: Path, executed: Callable) -> None:
    html = pages.render_notebook(executed(path), path.stem)
    assert f"<title>{path.stem}</title>" in html
    fetched = re.findall(
        r'(?:<script[^>]*src|<link[^>]*href|import\(|<img[^>]*src)="?([^" )]+)', html
    )
    assert [source for source in fetched if not source.startswith("data:")] == []
    assert "measuring:" not in html
    assert len(html) < 3_000_000


@each(NOTEBOOKS)
def test_opens_as_all_do(path: Path) -> None:
    assert "dataset = open_dataset(DATASET)" in code_of(path)[1].splitlines()


# The one that imports the least: all open as it does.
@each(NOTEBOOKS[-1:])
def test_absent_data_set_is_one_line(path: Path, tmp_path: Path) -> None:
    notebook = read(path)
    # Only what comes before it is opened matters here.
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"][:2]
    pages.choose_dataset(notebook, tmp_path / "nothing")
    with pytest.raises(AudiosError) as told:
        pages.execute(notebook)
    text = str(told.value)
    assert "\n" not in text
    for word in (str(tmp_path / "nothing"), "make demo", "DATASET"):
        assert word in text
    # Nor does one see a traceback who opens it in an editor.
    [error] = notebook.cells[1].outputs
    assert error.traceback == [text]


def test_kernel_is_this_python(tmp_path: Path) -> None:
    notebook = new_notebook(cells=[new_code_cell("import sys\nprint(sys.executable, 1 + 1)")])
    pages.execute(notebook, tmp_path)
    assert notebook.cells[0].outputs[0].text == f"{sys.executable} 2\n"


def test_pages_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    source = tmp_path / "some.ipynb"
    cells = [
        new_code_cell('DATASET = "x"', metadata={"tags": ["parameters"]}),
        new_code_cell("import sys\nprint('of', DATASET)\nprint('a', 'bar', file=sys.stderr)"),
    ]
    nbformat.write(new_notebook(cells=cells), source)
    before = source.read_bytes()
    monkeypatch.setattr(pages, "list_notebooks", lambda: [source])
    output = tmp_path / "html"
    command = ["pages", f"--output={output}", f"--dataset={tmp_path / 'voices'}"]
    monkeypatch.setattr(sys, "argv", command)
    assert pages.main() == 0
    assert capsys.readouterr().out == f"{output / 'some.html'}\n"
    html = (output / "some.html").read_text(encoding="utf-8")
    assert f"of {tmp_path / 'voices'}" in html
    assert "a bar" not in html
    assert source.read_bytes() == before

    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), source)
    monkeypatch.setattr(sys, "argv", command[:2])
    assert pages.main() == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("some.ipynb: division by zero")

    monkeypatch.setattr(sys, "argv", command)
    assert pages.main() == 1
    assert "0 cells have the tag parameters" in capsys.readouterr().err
