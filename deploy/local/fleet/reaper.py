"""Ends the processes of a runner that went away without ending them (kill -9, a crash).

Reads `+PID` and `-PID` lines on standard input. At the end of the input, which comes when the
runner is gone however it went, every process group that was added and not removed is ended:
SIGTERM, some seconds, SIGKILL. A group's leader must still be the process that was added (told
by its start time), because the kernel uses numbers again.
"""
import os
import signal
import sys
import time

PATIENCE_SECONDS = 5.0


def start_time(pid):
    """Clock ticks after boot at which `pid` started, or None when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def signal_group(pid, number):
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def main():
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched = {}
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            watched[pid] = start_time(pid)
        else:
            watched.pop(pid, None)
    left = [pid for pid, started in watched.items() if started and start_time(pid) == started]
    for pid in left:
        signal_group(pid, signal.SIGCONT)
        signal_group(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [pid for pid in left if start_time(pid) == watched[pid]]
    for pid in left:
        signal_group(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
