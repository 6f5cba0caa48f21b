"""Processes that act on the stream of events keep their place in it, whatever happens to them."""
import pytest

from fleet.postgres import DATABASE
from support.deployment import unique
from support.waiting import until

CONSUMERS = {"federation_sender:federation_sender1": "federation_sender1",
             "federation_sender:federation_sender2": "federation_sender2",
             "pusher:pusher1": "pusher1", "background_tasks:background_tasks1": "background_tasks1"}
CAUGHT_UP_SECONDS = 20


@pytest.fixture(scope="module")
def server(deployments):
    """One of its own: its processes are killed here."""
    server = deployments.start(None)
    yield server
    server.fleet.stop()


def rows(server, statement):
    lines = server.fleet.postgres.psql(DATABASE, statement).splitlines()
    return [line.split("|") for line in lines]


def places(server):
    """{(consumer, writer): how far it has come}"""
    return {(consumer, writer): int(position) for consumer, writer, position in rows(
        server, "SELECT consumer, instance_id, position FROM consumer_positions "
                "WHERE stream = 'events'")}


def written(server):
    """{writer: how far its events reach}"""
    return {writer: int(position) for writer, position in rows(
        server, "SELECT writer, max(stream_ordering) FROM events GROUP BY writer")}


def wait_for_all(server):
    """All consumers come to the last event of every writer -> their places."""
    ends = written(server)

    def have_come():
        found = places(server)
        return all(found.get((consumer, writer), 0) >= end
                   for consumer in CONSUMERS for writer, end in ends.items()) and found
    return until(have_come, CAUGHT_UP_SECONDS, "every consumer has followed")


def test_each_goes_on_where_it_stopped(server):
    ann = server.api.register(unique("ann"))
    rooms = [ann.create_room() for _ in range(8)]
    before = wait_for_all(server)
    assert len(written(server)) == 2, "both persisters have written"
    for name in CONSUMERS.values():
        server.fleet.crash(name)
        for room in rooms:
            ann.send(room, f"while {name} is away")
        until(lambda name=name: server.fleet.is_ready(name), 20, f"{name} is ready again")
        after = wait_for_all(server)
        assert all(after[key] >= before[key] for key in before), "no place goes back"
        before = after
