"""Answer `fab` commands from a process that has imported the heavy libraries already.

Every line on stdin is a JSON object `{words, cwd, env, out, err, limit, umask, script}`; the
command, or the script of Python in its place, runs in a fork with its own folder, environment,
output files, limit on the size of files in bytes, and mask of modes, and its exit code is printed.
A fresh `fab` spends three seconds on imports, which a hundred commands of a test run would all pay.
UMAP, which takes seconds to import and, where nothing of it is kept yet, fifteen to compile itself,
is compiled once, before the first command that draws by it.
"""

import gc
import json
import os
import pkgutil
import resource
import subprocess
import sys
import traceback
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

PRELOADED = ("fabric.main", "skops.io", "src.clean", "src.demo.run")
"""What commands load, beside all that the modules of `PACKAGES` do."""

PACKAGES = (
    *("src.stages", "src.models", "src.reports", "tasks"),
    *("src.utils.dataset.layouts", "src.utils.dataset.split"),
    *("src.utils.embeddings.backbones.acoustic", "src.utils.embeddings.backbones.lfcc"),
    "src.utils.embeddings.backbones.auto",
)
"""Every module of these: entries of tables, stages and tasks are imported when they are used."""


PROJECTING = {"RunPipeline", "VisualizeEmbeddings", "VisualizeEmbeddingsUMAP"}
"""The tasks that draw by UMAP."""


@cache
def compile_umap() -> None:
    """Compile what every projection runs: forks have it then."""
    import numba
    import numpy as np

    from src.visualize.umap import project_umap

    # Of its kinds of threads the one that a fork starts anew; OpenMP's would end it.
    numba.config.THREADING_LAYER = "workqueue"
    project_umap(np.random.default_rng(7).normal(size=(24, 8)).astype(np.float32), 7)


def run(request: dict) -> int:
    copying = []
    for number, name in ((1, "out"), (2, "err")):
        target = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        if request.get("limit") is not None:
            # The limit holds for what the command writes, not for what it says.
            copying.append(subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=target))
            target = copying[-1].stdin.fileno()
        os.dup2(target, number)
    # What Python knows of the files that were there does not hold for these.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, buffering=1)  # noqa: SIM115
    if request.get("limit") is not None:
        limits = (request["limit"], resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    if request.get("umask") is not None:
        os.umask(request["umask"])
    try:
        return call(request)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, process in enumerate(copying, start=1):
            os.close(number)
            process.stdin.close()
            process.wait()


def call(request: dict) -> int:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(request["cwd"])
    for key in [key for key in os.environ if key.startswith(("FABRIC_", "INVOKE_"))]:
        del os.environ[key]
    os.environ.update(request["env"])
    sys.argv = ["fab", *request["words"]]
    from fabric.main import program

    try:
        if request.get("script") is None:
            program.run(sys.argv)
        else:
            exec(request["script"], {"__name__": "__main__"})
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def modules_of(name: str) -> Iterator[str]:
    """Yield a package and all modules below it, or a module alone."""
    yield name
    folders = getattr(import_module(name), "__path__", ())
    for found in pkgutil.walk_packages(folders, f"{name}."):
        yield found.name


def serve() -> None:
    # What is loaded stays for good: nothing of it is garbage to look for, neither now nor in a
    # fork, where a walk through it takes a third of a second and copies every page it touches.
    gc.disable()
    for name in (*PRELOADED, *(one for package in PACKAGES for one in modules_of(package))):
        import_module(name)
    gc.freeze()
    gc.enable()
    for line in sys.stdin:
        request = json.loads(line)
        if PROJECTING & set(request["words"]):
            compile_umap()
            gc.freeze()
        child = os.fork()
        if not child:
            code = 70
            try:
                code = run(request)
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    serve()
