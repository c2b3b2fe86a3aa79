"""Answer `fab` commands from a process that has imported the heavy libraries already.

Every line on stdin is a JSON object `{words, cwd, env, out, err}`; the command runs in a fork
with its own folder, environment and output files, and its exit code is printed. A fresh `fab`
spends three seconds on imports, which a hundred commands of a test run would all pay.
"""

import json
import os
import sys
import traceback
from pathlib import Path

PRELOADED = ("src.clean", "src.demo.run", "src.utils.embeddings.backbones.auto")


def run(request: dict) -> int:
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(request["cwd"])
    for key in [key for key in os.environ if key.startswith(("FABRIC_", "INVOKE_"))]:
        del os.environ[key]
    os.environ.update(request["env"])
    sys.argv = ["fab", *request["words"]]
    from fabric.main import program

    try:
        program.run(sys.argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def serve() -> None:
    stages = __import__("src.stages").stages
    for name in (*PRELOADED, *(f"src.stages.{name}" for name in stages.__all__)):
        __import__(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            code = 70
            try:
                code = run(json.loads(line))
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    serve()
