"""Finding a study in a database that machines share, where its folder lies on another machine."""

import json
from pathlib import Path
from typing import Any

from optuna import Study

from src.search.storage import NAME, STORAGE, studies_of
from src.utils.errors import RunError, shorten
from src.utils.runs import Run, adopt_study, list_runs, parse_folder_name
from src.utils.shown_text import without_password

_SETTINGS, _INPUTS = "settings", "inputs"


def announce(study: Study, run: Run) -> None:
    """Keep in a database what its study is of, so that other machines can join it.

    Parameters
    ----------
    study : optuna.Study
        The study.
    run : Run
        Its folder.
    """
    about = {_SETTINGS: run.settings, _INPUTS: run.inputs}
    for key, value in about.items():
        if study.user_attrs.get(key) != value:
            study.set_user_attr(key, value)


def require_same(
    study: str,
    settings: dict[str, Any],
    inputs: dict[str, Any],
    wanted_settings: dict[str, Any],
    wanted_inputs: dict[str, Any],
) -> None:
    """Fail for a study that was made with other settings or embeddings than are given now.

    Parameters
    ----------
    study : str
        How it is called.
    settings, inputs : dict
        What it was made with.
    wanted_settings, wanted_inputs : dict
        What is given now.

    Raises
    ------
    RunError
        Naming what differs.
    """
    for what, have, want in (
        ("settings", settings, wanted_settings),
        ("embeddings", inputs, wanted_inputs),
    ):
        differs = [key for key in have | want if have.get(key) != want.get(key)]
        if differs:
            raise RunError(
                f"{study} was made with other {what} ({', '.join(differs)}); start a new study by "
                f"leaving --study-number out"
            )


def join_study(
    runs: Path,
    url: str,
    classifier: str,
    number: int,
    settings: dict[str, Any],
    inputs: dict[str, Any],
) -> Run:
    """Make the folder of a study of which only the database knows here.

    Parameters
    ----------
    runs : pathlib.Path
        The runs folder.
    url : str
        Of the database.
    classifier : str
        A name of `registry.CLASSIFIERS`, or `auto`.
    number : int
        Of the study.
    settings, inputs : dict
        What it has to be of.

    Raises
    ------
    ArgumentError
        When the driver of the database is not installed.
    RunError
        When it cannot be reached, holds no such study, or one that is of something else.
    """
    where, known = without_password(url), {}
    for summary in studies_of(url):
        folder = parse_folder_name(summary.study_name)
        if folder is not None and folder.study_of == classifier:
            known[summary.study_name] = (folder.number, summary.user_attrs)
    fitting = [
        (name, about) for name, (its_number, about) in sorted(known.items()) if its_number == number
    ]
    if not fitting:
        numbers = shorten(sorted({its_number for its_number, _ in known.values()}), 20)
        raise RunError(
            f"no {classifier} study {number} in {runs}/, nor in {where}; "
            f"found {numbers if known else 'none'} there"
        )
    wanted = json.loads(json.dumps({_SETTINGS: settings, _INPUTS: inputs}))
    same = [name for name, about in fitting if all(about.get(k) == wanted[k] for k in wanted)]
    if not same:
        name, about = fitting[-1]
        have = [about.get(key) or {} for key in wanted]
        require_same(f"{name} in {where}", *have, *wanted.values())
        raise RunError(f"{name} in {where} has not begun yet; try again")
    if len(same) > 1:
        raise RunError(f"{where} holds several such studies: {shorten(same, 20)}")
    taken = [run for run in list_runs(runs, study_of=classifier) if run.number == number]
    if taken:
        raise RunError(f"{taken[0].folder} is another study of this number")
    return adopt_study(runs, same[0], settings, inputs, **{NAME: same[0], STORAGE: where})
