"""Taking times by turns, so that a busy moment of the machine meets all contestants alike."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext


def best_by_turns(
    contestants: dict[str, Callable[[], object]],
    rounds: int,
    wait: Callable[[], object] = lambda: None,
    within: Mapping[str, Callable[[], AbstractContextManager]] | None = None,
) -> dict[str, float]:
    """Return the best time of each in seconds, round by round, after one round to warm up.

    Parameters
    ----------
    contestants : dict of str to callable
        What is timed, by name.
    rounds : int
        How often each is timed.
    wait : callable
        Returns when work that a contestant left running, as on a GPU, is done.
    within : dict of str to callable
        Makes what a contestant's turn is within, as its whole program would be: entered and warmed
        up by a call that is not timed.
    """
    settings = within or {}
    best = dict.fromkeys(contestants, float("inf"))
    for number in range(rounds + 1):
        for name, function in contestants.items():
            with settings.get(name, nullcontext)():
                if name in settings:
                    function()
                start = time.perf_counter()
                function()
                wait()
                if number:
                    best[name] = min(best[name], time.perf_counter() - start)
    return best
