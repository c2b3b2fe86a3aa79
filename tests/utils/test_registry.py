"""The tables from names to what they stand for."""

import subprocess
import sys
from collections import OrderedDict

import pytest

from src.utils.config import ROOT
from src.utils.errors import ArgumentError
from src.utils.registry import LazyTable, Registry

TABLE: Registry[dict] = Registry(
    "--kind", {"ordered": "collections:OrderedDict", "counter": "collections:Counter"}
)


def test_a_name_gives_its_class() -> None:
    assert TABLE.load("ordered") is OrderedDict


def test_names_come_in_the_order_of_the_table() -> None:
    assert TABLE.names == tuple(TABLE) == ("ordered", "counter")
    assert len(TABLE) == 2
    assert "ordered" in TABLE
    assert "chain" not in TABLE


def test_an_unknown_name_is_told_and_is_never_another_entry() -> None:
    with pytest.raises(ArgumentError) as error:
        TABLE.load("countr")
    assert str(error.value) == "--kind=countr is not one of ordered, counter; did you mean counter?"


def test_any_object_may_stand_behind_a_name() -> None:
    table: LazyTable[int] = LazyTable("--size", {"most": "sys:maxsize"})
    assert table.load("most") == sys.maxsize


def test_a_place_that_is_not_there_is_a_fault_of_the_table() -> None:
    broken: Registry[dict] = Registry("--kind", {"lost": "collections:Lost"})
    with pytest.raises(AttributeError, match="Lost"):
        broken.load("lost")


def test_listing_names_imports_nothing() -> None:
    script = """
import sys
from src.utils.registry import Registry
table = Registry("--kind", {"a": "colorsys:hls_to_rgb"})
assert table.names == ("a",) and "colorsys" not in sys.modules
assert table.load("a") and "colorsys" in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
