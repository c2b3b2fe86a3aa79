"""The version of AUDIOS, which stands here alone."""

VERSION = "0.2.0"
"""Read by `pyproject.toml`, the manifests of runs and `fab Version`."""
