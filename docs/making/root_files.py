"""The files of the repository's root that are pages too: read where they are, never copied.

Links are written for the repository, from the file that they stand in; here they are turned to
where the pages lie.
"""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]

PAGES = {
    "README.md": "index.md",
    "DatasetPreparation.md": "DatasetPreparation.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
}
"""By file of the root, the page that it becomes."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the root to those of the documentation.

    Parameters
    ----------
    files : mkdocs.structure.files.Files
        The pages that are there.
    config : mkdocs.config.defaults.MkDocsConfig
        The settings of mkdocs.yml.
    """
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=relink_root(text)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn links of a page of `docs` that lead to the root.

    Parameters
    ----------
    markdown : str
        The page's text.
    page : mkdocs.structure.pages.Page
        The page.
    **_
        What else is told of it.
    """
    if page.file.src_uri in PAGES.values():
        return markdown
    up = "../" * page.file.src_uri.count("/")
    for name, target in PAGES.items():
        markdown = markdown.replace(f"]({up}../{name}", f"]({up}{target}")
    return markdown


def relink_root(text: str) -> str:
    """Turn the links of a file of the root to where the pages lie.

    Parameters
    ----------
    text : str
        Markdown.

    Examples
    --------
    >>> relink_root("[a](docs/faq.md#b) ![c](docs/pictures/c.png) [d](README.md) [e](LICENSE)")
    '[a](faq.md#b) ![c](pictures/c.png) [d](index.md) e'
    """
    text = text.replace("](docs/", "](").replace("](README.md", "](index.md")
    # No page, and so nothing to lead to.
    return re.sub(r"\[([^\]]*)\]\((?:LICENSE|CITATION\.cff)\)", r"\1", text)
