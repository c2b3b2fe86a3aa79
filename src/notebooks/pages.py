"""Executing the notebooks, and pages of them to open in a browser: python -m src.notebooks.pages.

Needs the packages of requirements-dev.txt.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from jinja2 import DictLoader
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from tqdm import tqdm

from src.utils.config import ROOT
from src.utils.errors import AudiosError
from src.utils.files import make_folder, write_text

FOLDER = ROOT / "src" / "notebooks"
PAGES = ROOT / "notebooks-html"
PARAMETERS = "parameters"
"""Tag of the cell that names the data set."""

# The scripts that nbconvert's own page fetches from a server draw formulas, which we have none of.
_TEMPLATE = """{% extends "lab/index.html.j2" %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""


class _ThisPython(KernelSpecManager):
    """Offers one kernel: the Python that runs this, whatever else is installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(
            argv=command,
            display_name=kernel_name,
            language="python",
            metadata={"supported_encryption": ["curve"]},
        )


class _Kernels(AsyncKernelManager):
    """Starts that kernel on an encrypted connection, which other users cannot read."""

    def __init__(self, **traits: object) -> None:
        super().__init__(
            kernel_spec_manager=_ThisPython(), transport_encryption="required", **traits
        )


def list_notebooks(folder: Path = FOLDER) -> list[Path]:
    """Return the notebooks of a folder, by name."""
    return sorted(folder.glob("*.ipynb"))


def choose_dataset(notebook: NotebookNode, dataset: Path) -> None:
    """Write another data set into the cell that names it.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    dataset : pathlib.Path
        Folder of the data set.

    Raises
    ------
    AudiosError
        When no cell, or more than one, has the tag `parameters`.
    """
    cells = [cell for cell in notebook.cells if PARAMETERS in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise AudiosError(f"{len(cells)} cells have the tag {PARAMETERS}, instead of one")
    cells[0].source = f"DATASET = {str(dataset.resolve())!r}"


def execute(notebook: NotebookNode, folder: Path = FOLDER, timeout: int = 600) -> NotebookNode:
    """Run a notebook from top to bottom, filling in its outputs.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place, and returned.
    folder : pathlib.Path
        The working directory of the kernel.
    timeout : int
        The most seconds that one cell may take.

    Raises
    ------
    AudiosError
        When a cell fails; the text is that of the failure.
    """
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_manager_class=_Kernels,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        return client.execute()
    except CellExecutionError as error:
        raise AudiosError(error.evalue if error.ename.endswith("Error") else str(error)) from error


def render_notebook(notebook: NotebookNode, title: str) -> str:
    """Return an executed notebook as one HTML page that needs no network.

    Progress bars and warnings, which went to stderr, are left out.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; what it wrote to stderr is removed in place.
    title : str
        Title of the page.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"page.html.j2": _TEMPLATE})], template_file="page.html.j2"
    )
    html, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    return html


def write_pages(output: Path, dataset: Path | None = None) -> list[Path]:
    """Execute a copy of every notebook and write its page.

    Parameters
    ----------
    output : pathlib.Path
        Folder of the pages.
    dataset : pathlib.Path, optional
        The data set of all pages (default: the one that each notebook names).

    Raises
    ------
    AudiosError
        When a notebook fails; names it.
    """
    make_folder(output)
    pages = []
    for path in tqdm(list_notebooks(), "notebooks", leave=False):
        notebook = nbformat.read(path, as_version=4)
        try:
            if dataset is not None:
                choose_dataset(notebook, dataset)
            execute(notebook)
        except AudiosError as error:
            raise AudiosError(f"{path.name}: {error}") from error
        pages.append(output / f"{path.stem}.html")
        write_text(pages[-1], render_notebook(notebook, path.stem))
    return pages


def main() -> int:
    """Write the pages and name them; on failure one line, and 1."""
    parser = argparse.ArgumentParser(prog="python -m src.notebooks.pages", description=__doc__)
    parser.add_argument("--output", type=Path, default=PAGES, help="folder of the pages")
    parser.add_argument("--dataset", type=Path, help="what they are about (default: the demo)")
    given = parser.parse_args()
    try:
        pages = write_pages(given.output, given.dataset)
    except AudiosError as error:
        print(f"notebooks: {error}", file=sys.stderr)
        return error.exit_code
    print("\n".join(map(str, pages)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
