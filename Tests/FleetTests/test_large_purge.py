"""A purge of a large room beside people who talk elsewhere, its worker killed in the middle; and
one in whose middle the database crashes.

    APUS_PURGE_EVENTS    how many events the room has (20000; 1000000 for figures)
    APUS_PURGE_STRICT    set: the sends elsewhere must not become more than a fifth slower. That
                         takes as many events as last for the sends, and a machine of its own.
"""
import os
import signal
import statistics
import time

import pytest

from fleet.postgres import DATABASE
from support.api import Unexpected, User, bodies, quote
from support.deployment import unique
from support.waiting import until

EVENTS = int(os.environ.get("APUS_PURGE_EVENTS", "20000"))
STRICT = bool(os.environ.get("APUS_PURGE_STRICT"))
# Before the purge, during it, and after it; of each the 99th percentile is told.
SENDS = 3000 if STRICT else 200
TIMES_SLOWER = 1.2
CRASHED_EVENTS = 8000
WRITERS = ["event_persister1", "event_persister2"]
PATIENCE_SECONDS = 60 + EVENTS / 500
# Copies of a message, so many that the room is large. They lie before all that is sent later.
GENERATE = """
INSERT INTO events (stream_ordering, writer, room_id, event_id, type, sender, room_version, json,
  depth, prev_events, state_snapshot)
SELECT nextval('events_stream_seq'), e.writer, e.room_id, e.event_id || n, e.type, e.sender,
  e.room_version, e.json, e.depth, e.prev_events, e.state_snapshot
FROM events e, generate_series(1, {count}) AS n WHERE e.event_id = '{event}'
"""


@pytest.fixture(scope="module")
def server(deployments):
    server = deployments.start(None)
    yield server
    server.fleet.stop()


@pytest.fixture
def admin(server):
    return User(server.api, server.api.register_with_secret(
        server.shared_secret, unique("admin"), admin=True))


def sql(server, statement):
    return server.fleet.postgres.psql(DATABASE, statement)


def large_room(server, user, count=EVENTS):
    """A room with so many copies of its first message, and two messages after them."""
    room = user.create_room()
    first = user.send(room, "copied")
    # Nothing is written meanwhile: the writers read where they are when they start again.
    sql(server, GENERATE.format(count=count, event=first))
    for name in WRITERS:
        server.fleet.crash(name)
        until(lambda name=name: server.fleet.is_ready(name), 30, f"{name} is ready again")
    sql(server, "VACUUM ANALYZE events")
    sql(server, "CHECKPOINT")  # what was generated is not written to its place later
    kept = user.send(room, "kept")
    user.send(room, "kept too")
    return room, kept


def times_of_sends(user, room, count=SENDS):
    """Seconds from request to answer of each of some sends, one after the other."""
    times = []
    for number in range(count):
        began = time.monotonic()
        user.send(room, f"beside {number}")
        times.append(time.monotonic() - began)
    return times


def purge(admin, room, kept):
    """Has what is older than an event taken away -> a function that tells how that goes."""
    path = "/_synapse/admin/v1/purge_history"
    purge = admin.api.call("POST", f"{path}/{quote(room)}/{quote(kept)}", {}, admin.token)
    return lambda: admin.api.call(
        "GET", f"{path}_status/{purge['purge_id']}", token=admin.token)


def removed(status):
    return (status.get("progress") or {}).get("removed_events", 0)


def assert_purged(server, user, room):
    assert bodies(user.history(room)) == ["kept", "kept too"]
    left = sql(server, f"SELECT count(*) FROM events WHERE room_id = '{room}' "
                       "AND state_key IS NULL")
    assert left == "2"


def told(times):
    """The median and the 99th percentile, in milliseconds, and the latter in seconds."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return f"{cuts[49] * 1000:.1f} and {cuts[98] * 1000:.1f} ms", cuts[98]


def test_others_hardly_notice_and_it_survives_a_kill(server, admin, say):
    ann = server.api.register(unique("ann"))
    room, kept = large_room(server, ann)
    elsewhere = ann.create_room()
    times_of_sends(ann, elsewhere, SENDS // 4)  # caches are warm
    usual = times_of_sends(ann, elsewhere)
    began = time.monotonic()
    status = purge(admin, room, kept)
    until(lambda: removed(status()) > 0, PATIENCE_SECONDS, "the purge has begun")
    meanwhile = times_of_sends(ann, elsewhere)
    half_way = status()
    if half_way["status"] == "active":
        server.fleet.crash("background_tasks1")
    until(lambda: status()["status"] != "active", PATIENCE_SECONDS, "the purge has ended")
    took = time.monotonic() - began
    assert status()["status"] == "complete"
    assert_purged(server, ann, room)
    usual += times_of_sends(ann, elsewhere)
    (usual_text, usual_p99), (text, p99) = told(usual), told(meanwhile)
    say(f"{EVENTS} events purged in {took:.1f} s; p50 and p99 of {len(meanwhile)} sends elsewhere "
        f"{text} meanwhile, and {usual_text} of {len(usual)} before and after")
    if STRICT:
        assert half_way["status"] == "active", "the purge is long enough for the sends"
        assert p99 < TIMES_SLOWER * usual_p99


def test_a_crash_of_the_database_undoes_no_part_for_good(server, admin):
    """A step does not wait for the disk: those that a crash undoes are done again."""
    ann = server.api.register(unique("ann"))
    room, kept = large_room(server, ann, CRASHED_EVENTS)
    ask = purge(admin, room, kept)

    def status():
        try:
            return ask()
        except Unexpected as refusal:
            assert refusal.answer.status == 503, "the database is away"
            return {"status": "active"}
    for share in (0.2, 0.6):
        until(lambda share=share: removed(status()) > share * CRASHED_EVENTS, PATIENCE_SECONDS,
              "the purge is on its way")
        server.fleet.signal("postgres", signal.SIGQUIT)
    ended = until(lambda: status()["status"] != "active" and status(), PATIENCE_SECONDS,
                  "the purge has ended")
    assert ended["status"] == "complete"
    assert removed(ended) == CRASHED_EVENTS + 1, "what went is counted once"
    assert_purged(server, ann, room)
