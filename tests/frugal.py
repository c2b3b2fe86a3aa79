"""What a call costs: measured in a fork, whose memory starts at what is in use."""

import os
import pickle
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

from src.utils.errors import AudiosError

MOST_SECONDS = 1.0
MOST_BYTES = 100_000_000


@dataclass(frozen=True)
class Refusal:
    """What was said, and what it took."""

    text: str
    seconds: float
    n_bytes: int


def refusal(call: Callable[[], object]) -> Refusal:
    """Call what must fail as expected, in one line, within a second and 100 MB of memory."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        with os.fdopen(writer, "wb") as stream:
            pickle.dump(_measure(call), stream)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        content = stream.read()
    _, status = os.waitpid(child, 0)
    assert status == 0 and content, f"the process ended with {status}"
    found: Refusal = pickle.loads(content)
    assert "\n" not in found.text and found.text.isprintable(), found.text
    assert len(found.text) < 1000, found.text
    assert found.seconds < MOST_SECONDS, found
    assert found.n_bytes < MOST_BYTES, found
    return found


def _measure(call: Callable[[], object]) -> Refusal:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    try:
        call()
    except AudiosError as error:
        text = str(error)
    except BaseException as error:
        text = f"\n{type(error).__name__}: {error}"
    else:
        text = "\nit was let through"
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Refusal(text, seconds, 1024 * (peak - before))
