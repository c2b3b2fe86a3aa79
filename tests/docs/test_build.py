"""`make docs`: the pages are built, whole, and load nothing from a network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import fabfile
from src.utils.config import ROOT

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
ONLY_NAMED = {"canonical", "prev", "next"}
"""What a `link` is when nothing is loaded by it."""


class Loads(HTMLParser):
    """Collects what a page loads by itself, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        self.ids.add(about.get("id") or "")
        if tag in LOADED and about.get("rel") not in ONLY_NAMED:
            self.loads.append(about.get(LOADED[tag]) or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Loads]:
    return {
        path.relative_to(site).as_posix(): Loads(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
    }


def test_every_page_is_there(pages: dict[str, Loads]) -> None:
    written = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    made = {"index.html", "commands.html", "DatasetPreparation.html", "CHANGELOG.html"}
    assert {path.with_suffix(".html").as_posix() for path in written} | made <= pages.keys()


def test_nothing_is_loaded_from_a_network(site: Path, pages: dict[str, Loads]) -> None:
    for name, page in pages.items():
        assert page.loads
        for target in page.loads:
            assert not re.match(r"(\w+:)?//", target), (name, target)
            # The page for what is missing is shown at any depth: its links begin at the root.
            if name != "404.html" and not target.startswith("data:"):
                assert (site / name).parent.joinpath(target.partition("?")[0]).exists(), target
    for sheet in site.rglob("*.css"):
        assert not re.search(
            r"(url\(|@import)\s*['\"]?(\w+:)?//", sheet.read_text(encoding="utf-8")
        )


def test_every_task_and_flag_is_told(site: Path) -> None:
    text = (site / "commands.html").read_text(encoding="utf-8")
    told = dict(re.findall(r'<h3 id="([^"]+)">(.*?)(?=<h[23] id=|\Z)', text, flags=re.DOTALL))
    assert len(told) == len(fabfile.ns.tasks)
    for name, task in fabfile.ns.tasks.items():
        section = re.sub(r"<[^>]+>", "", told[name.lower()])
        for argument in task.get_arguments():
            assert f"--{argument.name.replace('_', '-')}" in section, (name, argument.name)


def test_functions_are_told_from_their_docstrings(site: Path, pages: dict[str, Loads]) -> None:
    for name in ("models.train", "models.test", "dataset.split", "predict.predict"):
        page = f"api/{name.partition('.')[0]}.html"
        assert f"src.stages.{name}" in pages[page].ids
    text = (site / "api/predict.html").read_text(encoding="utf-8")
    assert "The share of bona-fide recordings that is expected" in text
