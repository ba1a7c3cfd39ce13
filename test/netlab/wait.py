"""Waiting for a condition, never for a fixed time."""

import time


def wait_for(get, timeout, what, until=bool, every=0.02):
    """Call get() until until(answer) holds and return that answer.

    After timeout seconds it raises an AssertionError that says what was waited for and what was seen last. An
    exception in get() counts as "not yet": daemons that are starting refuse connections.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            seen = get()
            if until(seen):
                return seen
        except (OSError, ValueError, KeyError, IndexError, RuntimeError) as error:
            seen = error
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {timeout:g} s; last seen: {seen!r}")
        time.sleep(every)


def holds(get, seconds, what, until=bool, every=0.05):
    """The contrary: until(get()) must stay true for so many seconds (for what must not happen)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = get()
        assert until(seen), f"{what}: no longer; seen: {seen!r}"
        time.sleep(every)
