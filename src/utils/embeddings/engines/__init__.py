"""Where extraction runs: in this process, or on a Ray cluster."""

from src.utils.embeddings.engines.engine import Embedded, Engine
from src.utils.embeddings.engines.local import LocalEngine
from src.utils.errors import ArgumentError, choose

__all__ = ["Embedded", "Engine", "LocalEngine", "load_engine"]

ENGINES = ("local", "ray")


def load_engine(name: str, address: str | None = None) -> Engine:
    """Make an engine; close it when done.

    Parameters
    ----------
    name : {'local', 'ray'}
    address : str, optional
        For ray: `host:port` of a running cluster, in place of one made on this machine.

    Raises
    ------
    ArgumentError
        For an unknown name, or an address that is none or goes with no cluster.
    AudiosError
        When Ray is not installed, or nothing answers at the address.
    """
    if choose("--engine", name, ENGINES) == "local":
        if address is not None:
            raise ArgumentError(f"--ray-address={address} goes with --engine=ray")
        return LocalEngine()
    # Here, since only this engine needs Ray.
    from src.utils.embeddings.engines.cluster import RayEngine

    return RayEngine(address)
