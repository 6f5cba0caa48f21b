"""A process that is told to stop: what is under way is answered, within a bound."""
import concurrent.futures
import contextlib
import signal
import socket
import time

import pytest

from support.api import CLIENT, Api, bodies, quote
from support.checker import owner
from support.deployment import address, unique
from support.waiting import until

DEPLOYMENTS = ("fleet",)
PEOPLE = ("ann", "ben")
BACK_SECONDS = 20
# Eight for the requests, two for their answers, and some for the machine.
STOP_SECONDS = 8 + 2 + 4
# Half of it is over when a request is given up.
LEAST_SECONDS = 4
SENDING = 'method="PUT",servlet="send_message"'


class Stopping:
    """A generic worker that is stopped while it sends to a room whose persister stands still."""

    def __init__(self, server, user, room):
        self.server, self.room = server, room
        self.worker = server.fleet.plan.of_app("generic_worker")[0]
        self.child = server.fleet.children[self.worker.name]
        writers = [one.name for one in server.fleet.plan.of_app("event_persister")]
        self.persister = owner(room, writers)
        self.user = user
        self.path = CLIENT + user.room(room, "send", "m.room.message", quote(unique("t")))
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.starts = self.child.starts
        self.resumed = False

    def send(self, api):
        return api.raw("PUT", self.path, b'{"msgtype": "m.text", "body": "under way"}',
                       {"Authorization": f"Bearer {self.user.token}"})

    def begin(self):
        """Send in a thread -> its future."""
        url = address(self.worker)
        sending = self.pool.submit(self.send, Api([url]))
        until(lambda: self.sending, BACK_SECONDS, "the request is under way")
        return sending

    @property
    def sending(self):
        """How many messages the worker is sending now."""
        url = f"http://127.0.0.1:{self.worker.metrics_port}"
        text = self.server.api.raw("GET", "/metrics", url=url).body.decode()
        line = f"synapse_http_server_in_flight_requests_count{{{SENDING}}} "
        return sum(float(one.removeprefix(line)) for one in text.splitlines()
                   if one.startswith(line))

    def stop(self):
        self.server.fleet.signal(self.worker.name, signal.SIGTERM)
        until(lambda: not self.listens, BACK_SECONDS, "new connections are refused")

    @property
    def listens(self):
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.worker.client_port)).close()
            return True
        return False

    def resume(self):
        if not self.resumed:
            self.resumed = True
            self.server.fleet.signal(self.persister, signal.SIGCONT)

    def is_back(self):
        return self.child.starts > self.starts and self.server.fleet.is_ready(self.worker.name)


@pytest.fixture
def stopping(server, people, room):
    people[0].send(room, "before")
    found = Stopping(server, people[0], room)
    server.fleet.signal(found.persister, signal.SIGSTOP)
    yield found
    found.resume()
    found.pool.shutdown()
    until(found.is_back, BACK_SECONDS, "the worker is back")
    until(lambda: server.fleet.is_ready(found.persister), BACK_SECONDS, "the persister is back")


def test_what_is_under_way_is_done_and_answered(stopping, people, room):
    sending = stopping.begin()
    stopping.stop()
    assert not sending.done()
    stopping.resume()
    answer = sending.result(BACK_SECONDS)
    assert answer.status == 200 and answer.headers["connection"] == "close"
    until(stopping.is_back, BACK_SECONDS, "the worker ended and was started again")
    assert "stopped" in stopping.child.tail(40)
    assert bodies(people[1].history(room)) == ["before", "under way"]


def test_what_cannot_be_done_is_told_so_before_the_end(stopping, server, people, room):
    sending = stopping.begin()
    start = time.monotonic()
    stopping.stop()
    answer = sending.result(STOP_SECONDS)
    assert time.monotonic() - start > LEAST_SECONDS, "it was given its time"
    assert answer.status == 503 and answer.errcode == "M_UNKNOWN"
    assert "try again" in answer.json["error"]
    until(lambda: stopping.child.starts > stopping.starts,
          STOP_SECONDS - (time.monotonic() - start) + 1, "the worker ended in time")
    until(stopping.is_back, BACK_SECONDS, "the worker is back")
    stopping.resume()
    # The same request on any worker: the event is there once, whether or not the first was done.
    again = stopping.send(server.rotating)
    assert again.status == 200, again.body
    assert bodies(people[1].history(room)) == ["before", "under way"]
