"""AUDIOS: train, test and explain detectors of AI-generated speech."""

import os

# Read by OpenMP when the first library that uses it is imported. Threads that wait by spinning
# make small models a hundred times slower as soon as another process wants the same cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
