"""Where extraction runs: in this process, or on a Ray cluster."""

from typing import TYPE_CHECKING

from src.utils.registry import Registry

if TYPE_CHECKING:
    # Only for annotations: the names of the engines are listed without importing torch or Ray.
    from src.utils.embeddings.engines.engine import Engine

ENGINES: Registry["Engine"] = Registry(
    "--engine",
    {
        "local": "src.utils.embeddings.engines.local:LocalEngine",
        "ray": "src.utils.embeddings.engines.cluster:RayEngine",
    },
)
"""By the name that `--engine` takes."""


def load_engine(name: str, address: str | None = None) -> "Engine":
    """Make an engine; close it when done.

    Parameters
    ----------
    name : str
        A name of `ENGINES`.
    address : str, optional
        For ray: `host:port` of a running cluster, in place of one made on this machine.

    Raises
    ------
    ArgumentError
        For an unknown name, or an address that is none or goes with no cluster.
    AudiosError
        When Ray is not installed, or nothing answers at the address.
    """
    return ENGINES.load(name).at(address)
