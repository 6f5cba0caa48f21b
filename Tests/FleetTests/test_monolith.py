"""The main process alone is a whole homeserver. (The client tests of the other modules run on
it as well; here is what only concerns it.)"""
import os
import signal
import threading
import time

import pytest

from fleet.reaper import start_time
from support.api import CLIENT, bodies, quote, timeline
from support.deployment import unique
from support.waiting import until

PARKED_SECONDS = 0.3  # from the connection to the waiting long poll; nothing outside shows it


@pytest.fixture(scope="module")
def server(deployments):
    """One of its own: it is killed and restarted here."""
    return deployments.start({})


@pytest.fixture
def ann(server):
    return server.api.register(unique("ann"))


def test_it_is_one_process_without_redis(server):
    names = set(server.fleet.children)
    assert names == {"main", "postgres", "nginx"}
    pid = server.fleet.children["main"].pid
    children = [entry for entry in os.listdir("/proc") if entry.isdigit() and parent(entry) == pid]
    assert children == []


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def test_kill_and_restart_lose_nothing(server, ann):
    room = ann.create_room(preset="public_chat")
    since = ann.sync()["next_batch"]
    said = [f"m{n}" for n in range(20)]
    for text in said:
        ann.send(room, text, transaction=f"kept-{text}")
    before = server.fleet.children["main"].pid
    server.fleet.crash("main")
    until(lambda: server.fleet.children["main"].pid not in (None, before)
          and server.fleet.is_ready("main"), 15, "main is ready again")
    assert bodies(ann.history(room)) == said
    again = ann.send(room, said[-1], transaction=f"kept-{said[-1]}")
    assert bodies(ann.history(room)) == said, "a transaction is remembered over a restart"
    response = ann.sync(since, filter='{"room":{"timeline":{"limit":50}}}')
    assert bodies(timeline(response, room)) == said
    assert ann.get(ann.room(room, "event", quote(again)))["content"]["body"] == said[-1]


def test_an_orderly_end_answers_who_waits(server, ann):
    since = ann.sync()["next_batch"]
    answers, before = [], connections(server)
    path = f"{CLIENT}/sync?since={quote(since)}&timeout=30000"
    waiting = threading.Thread(target=lambda: answers.append(server.api.raw(
        "GET", path, headers={"Authorization": f"Bearer {ann.token}"}, url=server.main)))
    waiting.start()
    until(lambda: connections(server) > before, 5, "the long poll has reached the server")
    waiting.join(PARKED_SECONDS)
    child = server.fleet.children["main"]
    pid, began = child.pid, time.monotonic()
    child.signal(signal.SIGTERM)
    waiting.join(10)
    until(lambda: not start_time(pid), 10, "main has ended")
    assert time.monotonic() - began < 8
    assert [answer.status for answer in answers] == [200]
    assert answers[0].json["next_batch"] and not answers[0].json.get("rooms", {}).get("join")
    until(lambda: server.fleet.is_ready("main"), 15, "main is ready again")


def connections(server):
    """How many clients are connected to main itself."""
    port = server.fleet.plan.main.client_port
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return sum(int(row[1].rsplit(":", 1)[1], 16) == port and row[3] == "01" for row in rows)
