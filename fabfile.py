"""The command line of AUDIOS: `fab -l` lists its tasks, which lie in `tasks`, a module a noun."""

from fabric.main import program
from invoke import Collection, Task

from src.utils.config import DEFAULTS, ROOT
from tasks import (
    adaptation,
    audit,
    baseline,
    clean,
    dataset,
    detectors,
    embeddings,
    evaluation,
    export,
    fusion,
    models,
    networks,
    pipeline,
    predict,
    pretraining,
    released,
    results,
    robustness,
    spoofs,
    terminal,
    version,
)
from tasks.program import take_over
from tasks.project_file import check_project_file

check_project_file(ROOT)

terminal.prepare_streams()
take_over(program)

# These are loaded by every `fab -l` and `fab --help`: what they need to work, they import in
# their functions, or by way of `src.stages`, which imports a stage when it is first called.
MODULES = (
    dataset,
    spoofs,
    audit,
    embeddings,
    models,
    baseline,
    networks,
    pretraining,
    released,
    robustness,
    adaptation,
    fusion,
    evaluation,
    export,
    results,
    predict,
    detectors,
    pipeline,
    clean,
    version,
)

ns = Collection(
    *(found for module in MODULES for found in vars(module).values() if isinstance(found, Task))
)
ns.configure({"audios": dict(DEFAULTS)})
