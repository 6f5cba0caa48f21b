"""Presence when the process that keeps it is killed: what users have said is still there, and
whoever went away meanwhile is gone."""
import signal

import pytest

from support.api import Api, quote
from support.deployment import unique
from support.waiting import until

WRITER = "generic_worker3"
SETTINGS = {"presence": {"enabled": True},
            "stream_writers": {"events": ["event_persister1"], "presence": [WRITER]}}
RESTART_SECONDS = 30
# Those who were there before the kill are waited for as long as a worker may be silent.
GONE_SECONDS = 90


@pytest.fixture(scope="module")
def server(deployments):
    server = deployments.start({"generic_worker": 3, "event_persister": 1}, overrides=SETTINGS)
    yield server
    server.fleet.stop()


@pytest.fixture
def others(server):
    """The ways in that do not lead through the writer."""
    return Api([server.workers[0], server.workers[1]])


def path(user):
    return f"/presence/{quote(user.id)}/status"


def seen(user, other):
    content = user.get(path(other))
    return content["presence"], content.get("status_msg")


def test_the_writer_is_killed(server, others):
    ann, ben, cid = [others.register(unique(name)) for name in ("ann", "ben", "cid")]
    room = ann.create_room(preset="public_chat")
    for one in (ben, cid):
        one.act("join", room)
    ben.put(path(ben), {"presence": "unavailable", "status_msg": "in a meeting"})
    cid.put(path(cid), {"presence": "offline", "status_msg": "on holiday"})
    since = ann.sync(set_presence="offline")["next_batch"]
    pid = server.pids()[WRITER]
    server.fleet.signal(WRITER, signal.SIGKILL)
    until(lambda: server.pids().get(WRITER) not in (None, pid), RESTART_SECONDS,
          "the writer is started again")
    for way in (others, others, server.api):
        until(lambda: seen(ann.through(way), ben) == ("unavailable", "in a meeting"),
              RESTART_SECONDS, "who was there is taken to be there")
    assert seen(ann, cid) == ("offline", "on holiday")
    cid.put(path(cid), {"presence": "online", "status_msg": "back"})

    def tells_of_cid(response):
        return any(one["sender"] == cid.id and one["content"].get("status_msg") == "back"
                   for one in response.get("presence", {}).get("events", []))
    ann.sync_until(tells_of_cid, since, set_presence="offline")
    until(lambda: seen(ann, ben) == ("offline", "in a meeting"), GONE_SECONDS,
          "who is not there any more is noticed")
