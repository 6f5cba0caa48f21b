"""One supervised process: start, restart with back-off, prefixed logs, orderly end."""
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import FleetError

KILL_AFTER_SECONDS = 20.0
HEALTHY_AFTER_SECONDS = 30.0
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


@dataclass(frozen=True)
class RestartDelay:
    """Seconds before a crashed process is started again: first, then doubled up to `longest`."""

    first: float = 1.0
    longest: float = 30.0

    def after(self, failures):
        """The delay after `failures` crashes in a row, with a tenth of jitter."""
        return min(self.longest, self.first * 2 ** max(0, failures - 1)) * random.uniform(0.9, 1.1)


class Reaper:
    """A helper process that ends our children when we are gone (see reaper.py)."""

    def __init__(self, lock_file):
        """`lock_file` stays locked until the helper has ended, so that the next runner waits."""
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", str(Path(__file__).with_name("reaper.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True,
            pass_fds=[lock_file.fileno()])

    def note(self, sign, pid):
        with self.lock:
            try:
                self.process.stdin.write(f"{sign}{pid}\n")
                self.process.stdin.flush()
            except (BrokenPipeError, ValueError):
                pass  # without the helper an orderly end still ends everything

    def close(self):
        with self.lock:
            self.process.stdin.close()
        self.process.wait()


class Echo:
    """Writes the lines of all processes to the terminal, each under its process's name."""

    def __init__(self, names, stream=sys.stdout):
        self.stream, self.lock = stream, threading.Lock()
        self.width = max(map(len, names), default=0)
        coloured = stream.isatty() and "NO_COLOR" not in os.environ
        self.colours = {
            name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names) if coloured}

    def line(self, name, text):
        prefix = f"{name:<{self.width}} |"
        if name in self.colours:
            prefix = f"\x1b[{self.colours[name]}m{prefix}\x1b[0m"
        with self.lock:
            try:
                self.stream.write(f"{prefix} {text.rstrip()}\n")
                self.stream.flush()
            except (BrokenPipeError, ValueError):
                pass  # the reader of our output has gone; the log files have it all


class Child:
    """A process in a session of its own, so that a Ctrl-C at the terminal is ours to handle.

    A thread waits for its end. While it is wanted, an end is a crash: it is reported through
    `report(text)` and the process is started again after `delay`.
    """

    def __init__(self, name, command, *, log, report, delay=RestartDelay(), reaper=None, echo=None,
                 env=None, identity=None, cwd=None, stop_signal=signal.SIGTERM,
                 on_restart=None):
        """`identity` is what `subprocess` is told of user, groups and descriptors."""
        self.name, self.command, self.log = name, [str(part) for part in command], Path(log)
        self.report, self.delay, self.reaper, self.echo = report, delay, reaper, echo
        self.env, self.identity, self.cwd = env, identity or {}, cwd
        self.stop_signal = stop_signal
        self.on_restart = on_restart
        self.lock, self.changed = threading.Lock(), threading.Condition()
        self.process, self.wanted, self.thread = None, False, None
        self.starts = 0

    @property
    def pid(self):
        """The number of the running process, or None."""
        process = self.process
        return process.pid if process and process.returncode is None else None

    @property
    def running(self):
        return self.pid is not None

    def start(self):
        """Start it and keep it running until `stop`. Returns once it was executed."""
        if self.wanted:
            return
        try:
            self._spawn()
        except OSError as error:
            raise FleetError(f"{self.name} cannot be started: {error}") from error
        self.wanted = True
        self.thread = threading.Thread(target=self._watch, name=self.name, daemon=True)
        self.thread.start()

    def signal(self, number):
        """Send a signal to the process group. False when nothing runs."""
        with self.lock:
            if not self.running:
                return False
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return False
            return True

    def begin_stop(self):
        """Ask it to end; it will not be started again. `finish_stop` waits for it."""
        with self.changed:
            self.wanted = False
            self.changed.notify_all()
        self.signal(signal.SIGCONT)
        self.signal(self.stop_signal)

    def finish_stop(self, deadline):
        """Wait until `deadline` (monotonic seconds), then SIGKILL. True when it ended by itself."""
        if self.thread is None:
            return True
        self.thread.join(max(0.0, deadline - time.monotonic()))
        ended = not self.thread.is_alive()
        if not ended:
            self.report(f"{self.name} did not end in time and is killed")
            self.signal(signal.SIGKILL)
            self.thread.join()
        self.thread = None
        return ended

    def stop(self, seconds=KILL_AFTER_SECONDS):
        self.begin_stop()
        return self.finish_stop(time.monotonic() + seconds)

    def tail(self, lines=20):
        """The last lines of its log."""
        try:
            with open(self.log, "rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 400 * lines))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _spawn(self):
        with open(self.log, "ab") as log, self.lock:
            output = subprocess.PIPE if self.echo else log
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env=self.env, cwd=self.cwd, start_new_session=True, **self.identity)
            self.starts += 1
        if self.reaper:
            self.reaper.note("+", self.process.pid)
        if self.echo:
            threading.Thread(target=self._pump, args=(self.process.stdout,), daemon=True).start()

    def _pump(self, pipe):
        with pipe, open(self.log, "ab", buffering=0) as log:
            for line in pipe:
                log.write(line)
                self.echo.line(self.name, line.decode("utf-8", "replace"))

    def _watch(self):
        failures = 0
        while True:
            started = time.monotonic()
            reason = self._wait()
            if not self.wanted:
                return
            failures = 1 if time.monotonic() - started > HEALTHY_AFTER_SECONDS else failures + 1
            while not self._start_again(reason, failures):
                if not self.wanted:
                    return
                failures, reason = failures + 1, "cannot be started"

    def _wait(self):
        # WNOWAIT leaves the zombie in place, so that `signal` never meets a foreign process
        # under this number between the end and our knowing of it.
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        with self.lock:
            code = self.process.wait()
        if self.reaper:
            self.reaper.note("-", self.process.pid)
        return ended(code)

    def _start_again(self, reason, failures):
        """Wait the delay and start. False when it could not be, or is no longer wanted."""
        delay = self.delay.after(failures)
        self.report(f"{self.name} {reason}; starting it again in {delay:.1f} s")
        with self.changed:
            if self.changed.wait_for(lambda: not self.wanted, delay):
                return False
            try:
                self._spawn()
            except OSError as error:
                self.report(f"{self.name}: {error}")
                return False
        if self.on_restart:
            self.on_restart()
        return True


def ended(code):
    """How a process ended, for people."""
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def stop_all(children, seconds=KILL_AFTER_SECONDS):
    """Stop some processes at the same time. True when all ended by themselves."""
    for child in children:
        child.begin_stop()
    deadline = time.monotonic() + seconds
    return all([child.finish_stop(deadline) for child in children])
