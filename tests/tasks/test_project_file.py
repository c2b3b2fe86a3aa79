"""The settings of a project, which Fabric merges as they are."""

from pathlib import Path

import pytest
from invoke import Config, Context, Exit

from src.utils.errors import ArgumentError
from tasks import configured
from tasks.project_file import check_project_file


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"audios: {dataset: [", "line 1"),
        (b"audios:\n\tdataset: a\n", "line 2"),
        (b"\xff\xfe\x00", "damaged"),
        (b"- a\n- b\n", "no settings by name"),
        (b"text", "no settings by name"),
        (b"audios: 3\n", "audios holds no settings"),
        (b"audios:\n", "audios holds no settings"),
        (b"run: 3\n", "run holds no settings"),
        (b"audios: {dataset: [a]}\n", "audios.dataset is"),
        (b"audios: {dataset: ''}\n", "audios.dataset is ''"),
        (b"audios: {runs: null}\n", "audios.runs is"),
        (b"audios: {seed: true}\n", "audios.seed is"),
        (b"audios: {dataest: a}\n", "audios.dataest is no setting; there are dataset"),
        (b"[" * 100_000, "damaged"),
        (b"a: !!python/object/apply:os.system [x]\n", "damaged"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "fabric.yml").write_bytes(content)
    with pytest.raises(Exit) as raised:
        check_project_file(tmp_path)
    assert raised.value.code == 2
    assert word in raised.value.message and "fabric.yml" in raised.value.message
    assert raised.value.message.isprintable()


@pytest.mark.parametrize(
    "content", ["", "audios:\n  seed: 11\n  dataset: a\n", "run: {echo: true}"]
)
def test_what_is_let_through(tmp_path: Path, content: str) -> None:
    check_project_file(tmp_path)
    (tmp_path / "fabric.yml").write_text(content)
    check_project_file(tmp_path)


def test_a_variable_that_is_no_number_beside_a_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fabric.yml").write_text("audios: {seed: 11}")
    monkeypatch.setenv("FABRIC_AUDIOS_SEED", "abc")
    with pytest.raises(Exit, match="FABRIC_AUDIOS_SEED=abc is no whole number"):
        check_project_file(tmp_path)


@pytest.mark.parametrize("value", ["", "  ", "a\0b"])
@pytest.mark.parametrize("key", ["dataset", "embeddings", "runs"])
def test_an_empty_variable_is_not_the_root(key: str, value: str) -> None:
    c = Context(Config(overrides={"audios": {key: value}}))
    with pytest.raises(ArgumentError, match=f"FABRIC_AUDIOS_{key.upper()}"):
        configured.folder(c, key, None)


@pytest.mark.parametrize("value", ["abc", "", "-1", "1.5"])
def test_a_seed_that_is_none(value: str) -> None:
    c = Context(Config(overrides={"audios": {"seed": value}}))
    with pytest.raises(ArgumentError, match="FABRIC_AUDIOS_SEED"):
        configured.seed(c, None)
