"""When parts of a fleet were away, and how long something waited although they were not."""
import signal
import threading
import time

from support.waiting import until

PATIENCE_SECONDS = 60


class Outages:
    """Makes faults in a fleet and notes when each process was away: from the fault until it was
    ready again, which for a killed one is up to whoever starts it anew. Times are time.time()."""

    def __init__(self, fleet):
        self.fleet, self.spans, self.watches = fleet, {}, []

    def kill(self, name):
        """End a process at once; the fleet starts it again. Postgres is told to, as it consists
        of many processes: it cuts its sessions and replays its log at the start."""
        number = signal.SIGQUIT if name == "postgres" else signal.SIGKILL
        until(lambda: self.fleet.children[name].running, PATIENCE_SECONDS, f"{name} runs")
        began, starts = time.time(), self.fleet.children[name].starts
        self.fleet.signal(name, number)
        watch = threading.Thread(target=self._note_return, args=(name, began, starts))
        self.watches.append(watch)
        watch.start()

    def pause(self, name):
        self.spans.setdefault(name, []).append((time.time(), None))
        self.fleet.signal(name, signal.SIGSTOP)

    def resume(self, name):
        """Also what was not paused, or is no more."""
        self.fleet.children[name].signal(signal.SIGCONT)
        now, spans = time.time(), self.spans.get(name, [])
        spans[:] = [(began, now if end is None else end) for began, end in spans]

    def finish(self):
        """Wait until everything has come back."""
        for watch in self.watches:
            watch.join()

    def of(self, name):
        """The times, apart from each other and in order, in which a process was away."""
        return union(self.spans.get(name, []))

    def of_all(self, names):
        """The times in which all of some processes were away."""
        first, *others = [self.of(name) for name in names]
        for spans in others:
            first = union((max(a, c), min(b, d)) for a, b in first for c, d in spans
                          if max(a, c) < min(b, d))
        return first

    def _note_return(self, name, began, starts):
        child = self.fleet.children[name]
        until(lambda: child.starts > starts and self._is_back(name), PATIENCE_SECONDS,
              f"{name} is back")
        self.spans.setdefault(name, []).append((began, time.time()))

    def _is_back(self, name):
        if name == "postgres":
            return self.fleet.postgres.psql("postgres", "select 1", check=False) is not None
        return self.fleet.is_ready(name)


def union(spans):
    """Spans of time that overlap become one."""
    found = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def without(begin, end, spans):
    """The seconds between two times that lie in none of the spans."""
    return end - begin - sum(max(0.0, min(end, last) - max(begin, first))
                             for first, last in union(spans))
