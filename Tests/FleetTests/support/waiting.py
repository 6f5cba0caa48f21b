"""Waiting for a condition instead of sleeping for a time."""
import time

PAUSE_SECONDS = 0.02


def until(condition, seconds, what):
    """Poll until `condition()` is true and return its value; a failed assertion names `what`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(PAUSE_SECONDS)
