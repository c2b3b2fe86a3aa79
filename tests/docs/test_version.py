"""The version: of the package, of how to cite it, and of what has changed."""

import re
import tomllib

import yaml

from src.utils.version import VERSION
from tests.docs.markdown import read


def newest() -> tuple[str, str]:
    """Version and date of the newest heading of the changelog that has a number."""
    found = re.search(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$", read("CHANGELOG.md"), re.M)
    assert found is not None
    return found[1], found[2]


def test_the_newest_changes_are_of_this_version() -> None:
    assert newest()[0] == VERSION


def test_citations_name_this_version() -> None:
    about = yaml.safe_load(read("CITATION.cff"))
    assert (about["version"], str(about["date-released"])) == newest()
    assert {"cff-version", "message", "title", "authors"} <= about.keys()
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert about["license"] == project["license"]
