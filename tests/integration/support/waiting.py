"""Waiting for something to become true. No test sleeps for a fixed time and hopes."""

import time

STEP_S = 0.01


def wait_until(condition, timeout_s=10, what=None):
    """Gives the first true value of condition(); fails after timeout_s with what it was waiting for."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout_s} s still not: {what or condition.__name__}")
        time.sleep(STEP_S)
