"""What the documents say is there: links, tasks, flags, and a row for whatever has a name."""

import re
from pathlib import Path

import pytest
from fabric.main import program
from invoke.exceptions import ParseError
from invoke.parser import Parser, ParserContext

import fabfile
from src.models.registry import CLASSIFIERS
from src.utils.audio.augmentations import AUGMENTATIONS, FAMILIES
from src.utils.audio.formats import AUDIO_SUFFIXES
from src.utils.config import ROOT
from src.utils.dataset.layouts import LAYOUTS
from src.utils.dataset.prepare.corpora import CORPORA
from src.utils.dataset.split_strategies import SPLIT_STRATEGIES
from src.utils.embeddings.backbones.huggingface.architectures import ARCHITECTURES
from src.utils.embeddings.presets import BACKBONES
from src.utils.metrics.table import ALL_METRICS
from tests.docs.markdown import PAGES, commands_of, links_of, read, spans_of

BUILT = "commands.md"
"""The page that is there only once the pages are built."""

CORE = ParserContext(args=[*program.core_args(), *program.task_args()])
"""The flags of `fab` itself."""

OTHERS_FLAGS = {"--help", "--head", "--local-dir", "--install", "--made", "--shm-size"}
"""What other programs take that the documents name."""

FLAGS = {
    flag for context in fabfile.ns.to_contexts() for flag in context.flags if flag.startswith("--")
}

NAMED = [
    ("docs/embeddings.md", "--backbone", BACKBONES),
    ("docs/embeddings.md", "--backbone=auto", ARCHITECTURES),
    ("docs/training.md", "--classifier", CLASSIFIERS),
    ("docs/testing.md", "metrics", [name for name in ALL_METRICS if "tdcf" not in name]),
    ("docs/scores.md", "metrics", [name for name in ALL_METRICS if "tdcf" in name]),
    ("docs/splitting.md", "--strategy", [f"--strategy={name}" for name in SPLIT_STRATEGIES]),
    ("docs/augmentation.md", "--kind", [*AUGMENTATIONS, *FAMILIES]),
    ("DatasetPreparation.md", "--layout", LAYOUTS),
    ("DatasetPreparation.md", "--corpus", CORPORA),
    ("DatasetPreparation.md", "suffixes", AUDIO_SUFFIXES),
    (
        "docs/notebooks.md",
        "notebooks",
        [path.name for path in sorted((ROOT / "src/notebooks").glob("*.ipynb"))],
    ),
]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page: Path) -> None:
    for link in links_of(page.read_text(encoding="utf-8")):
        target = link.partition("#")[0]
        if target and Path(target).name != BUILT:
            assert (page.parent / target).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_can_be_given(page: Path) -> None:
    """Each task is there, with each of its flags."""
    for words in commands_of(page.read_text(encoding="utf-8")):
        parser = Parser(initial=CORE, contexts=fabfile.ns.to_contexts())
        try:
            parsed = parser.parse_argv(words)
        except ParseError as error:
            pytest.fail(f"fab {' '.join(words)}: {error}")
        assert not parsed.unparsed, words


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_flag_is_there(page: Path) -> None:
    for span in spans_of(page.read_text(encoding="utf-8")):
        flag = re.match(r"--[a-z][a-z-]*", span)
        if flag:
            assert flag[0] in FLAGS | OTHERS_FLAGS, span


@pytest.mark.parametrize(
    ("page", "what", "names"), NAMED, ids=[f"{page} {what}" for page, what, _ in NAMED]
)
def test_every_name_is_told(page: str, what: str, names: list[str]) -> None:
    """By the name alone, as it is typed: each has a row, or a word in one."""
    told = {name for span in spans_of(read(page)) for name in span.split()}
    missing = [name for name in names if not told & {name, f"--layout={name}"}]
    assert not missing, f"{page} does not tell of the {what} {', '.join(missing)}"


def test_a_slip_is_found() -> None:
    typed = "fab Predict --odio=a.wav \\\n    --prior=0.1  # a comment"
    text = f"```\n{typed}\n```\nor `fab Clean --what=runs`"
    parser = Parser(initial=CORE, contexts=fabfile.ns.to_contexts())
    bad, good = commands_of(text)
    assert bad == ["Predict", "--odio=a.wav", "--prior=0.1"]
    with pytest.raises(ParseError):
        parser.parse_argv(bad)
    assert not Parser(contexts=fabfile.ns.to_contexts()).parse_argv(good).unparsed
