"""The packages that write models, which are installed on their own."""

from importlib.util import find_spec

from src.utils.errors import AudiosError


def require_packages(*names: str) -> None:
    """Fail in one line where a package is absent.

    Parameters
    ----------
    *names : str
        Of the packages, as they are imported.

    Raises
    ------
    AudiosError
        Naming what is absent, and how to install it.
    """
    absent = [name for name in names if find_spec(name) is None]
    if absent:
        raise AudiosError(
            f"exporting needs {', '.join(absent)}; install it: pip install -r "
            f"requirements-export.txt"
        )
