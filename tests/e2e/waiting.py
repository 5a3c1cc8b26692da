"""waiting.py - how the end-to-end tests wait"""

import time

DEADLINE_S = 60  # how long anything may take; builds with sanitizers are slow
REST_MIN_S, REST_MAX_S = 0.001, 0.05  # between two looks at what is waited for


def eventually(probe, what, deadline_s=DEADLINE_S):
    """Calls probe until it answers something true, which is returned.

    For the state of another process, which says nothing by itself when it changes: it can only be
    asked, by HTTP, in a file, in /proc. Where there is an event to wait for, that is waited for
    (Receiver.wait, Program.wait_ready, Process.wait). The deadline bounds it; no test counts on how
    long it takes.

    It rests between two calls, longer and longer. Two processes that ask and answer without a pause
    can keep the scheduler from others that are ready to run, for many seconds where all processors
    are busy; among those is the one whose work is waited for."""
    end = time.monotonic() + deadline_s
    rest_s = REST_MIN_S
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}; last answer: {found!r}")
        time.sleep(rest_s)
        rest_s = min(2 * rest_s, REST_MAX_S)
