"""AUDIOS: train, test and explain detectors of AI-generated speech."""

import os

# Read by OpenMP when the first library that uses it is imported. Threads that wait by spinning make
# models up to a hundred times slower as soon as another process wants the same cores; threads that
# sleep at once make them up to half slower on cores of their own. So they look a thousand times,
# which sees the end of most waits within a network, and then sleep.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    # Of GNU's OpenMP, which torch brings on Linux.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
