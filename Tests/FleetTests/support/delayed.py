"""A client of delayed events (MSC4140)."""
import itertools
from dataclasses import dataclass

from support.api import quote


@dataclass(frozen=True)
class Prefix:
    """The beginnings of the paths for rooms and for a user's own delayed events."""

    room: str
    own: str


UNSTABLE = "/_matrix/client/unstable/org.matrix.msc4140"
PREFIXES = (Prefix("/_matrix/client/v3", "/_matrix/client/v1"), Prefix(UNSTABLE, UNSTABLE))


class Delays:
    """The delayed events of a user's device."""

    transactions = itertools.count(1)

    def __init__(self, user, prefix=PREFIXES[0]):
        self.user, self.prefix = user, prefix

    def schedule(self, room, content, delay, kind="m.room.message", key=None, transaction=None):
        """-> the delay id."""
        transaction = transaction or f"d{next(self.transactions)}"
        body = {"delay_ms": delay, "content": content}
        if key is not None:
            body["state_key"] = key
        path = self.user.room(room, "delayed_event", quote(kind), quote(transaction))
        return self.call("PUT", self.prefix.room + path, body)["delay_id"]

    def act(self, action, delay_id, older=False, refusal=None):
        """send, cancel or restart; the older way names the action in the body. `refusal` is the
        status and errcode that it must meet with."""
        path = f"{self.prefix.own}/delayed_events/{delay_id}"
        path, body = (path, {"action": action}) if older else (f"{path}/{action}", {})
        if refusal:
            self.user.api.refused(*refusal, "POST", path, body, self.user.token)
        else:
            assert self.call("POST", path, body) == {}

    def get(self, delay_id):
        return self.call("GET", f"{self.prefix.own}/delayed_events/{delay_id}")

    def list(self, **query):
        return self.user.api.call(
            "GET", f"{self.prefix.own}/delayed_events", None, self.user.token, query)

    def all(self, **query):
        """Every page's events."""
        found = []
        while True:
            page = self.list(**query)
            found += page["delayed_events"]
            if "next_batch" not in page:
                return found
            query["from"] = page["next_batch"]

    def refused(self, code, errcode, method, which, path, body=None, query=None):
        """A request under the prefix `which` (room or own) that must be refused."""
        return self.user.api.refused(code, errcode, method, getattr(self.prefix, which) + path,
                                     body, self.user.token, query)

    def call(self, method, path, body=None):
        return self.user.api.call(method, path, body, self.user.token)
