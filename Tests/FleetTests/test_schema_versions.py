"""Programs of two versions on one database: the next one's main has migrated it under the fleet."""
import signal

import pytest

from fleet.postgres import DATABASE
from support.api import Api, bodies, joined
from support.deployment import address, unique
from support.waiting import until

BACK_SECONDS = 20
NUMBER = 999_999
NEXT = "Apus 99.0"
# What a main of the next version does: new tables and columns, and its note of them.
ADDITION = f"""
BEGIN;
CREATE TABLE of_the_next_version (event_id text PRIMARY KEY);
ALTER TABLE events ADD COLUMN of_the_next_version text;
ALTER TABLE room_memberships ADD COLUMN of_the_next_version bigint NOT NULL DEFAULT 7;
ALTER TABLE access_tokens ADD COLUMN of_the_next_version bigint;
INSERT INTO schema_migrations (number, name, checksum, program)
VALUES ({NUMBER}, 'addition', '00', '{NEXT}');
COMMIT
"""
BREAKING = f"UPDATE schema_migrations SET breaks_older = true WHERE number = {NUMBER}"
UNDONE = f"DELETE FROM schema_migrations WHERE number = {NUMBER}"
NOTICE = "a newer version has migrated the database"


@pytest.fixture
def server(deployments):
    """Its database is of no use to other tests afterwards."""
    found = deployments.start({"generic_worker": 2, "event_persister": 2})
    yield found
    found.fleet.stop()


class Chat:
    """Two people who talk through every way in."""

    def __init__(self, server):
        self.server = server
        self.ann, self.ben = (server.rotating.register(unique(name)) for name in ("ann", "ben"))
        self.rooms = [self.ann.create_room(preset="public_chat") for _ in range(4)]
        for room in self.rooms:
            self.ben.act("join", room)
        self.said = {room: [] for room in self.rooms}
        self.since = self.ben.sync()["next_batch"]

    def go_on(self, entries):
        """A message in every room through each of `entries`, read by sync and from history."""
        for url in entries:
            ann, ben = self.ann.through(Api([url])), self.ben.through(Api([url]))
            missing = set(self.rooms)
            for room in self.rooms:
                self.said[room].append(unique("m"))
                ann.send(room, self.said[room][-1], transaction=self.said[room][-1])
            while missing:
                response = ben.sync(self.since, timeout=5000)
                self.since = response["next_batch"]
                told = {room for room in self.rooms if joined(response, room)}
                assert told, "nothing more was told"
                missing -= told
            assert all(bodies(ben.history(room)) == self.said[room] for room in self.rooms)


def restart(server, name):
    """kill -9, and wait until its supervisor has started it again."""
    child = server.fleet.children[name]
    starts = child.starts
    server.fleet.crash(name)
    until(lambda: child.starts > starts, BACK_SECONDS, f"{name} is started again")


def test_programs_of_the_version_before_go_on(server):
    postgres, chat = server.fleet.postgres, Chat(server)
    chat.go_on(server.entries)
    postgres.psql(DATABASE, ADDITION)
    # Those that run notice nothing.
    chat.go_on(server.entries)
    # And they can be started again: one that serves, one that writes, and main.
    for name in ("generic_worker1", "event_persister1", "main"):
        restart(server, name)
        until(lambda one=name: server.fleet.is_ready(one), BACK_SECONDS, f"{name} is ready")
        assert NOTICE in server.fleet.children[name].tail(200), name
    chat.go_on(server.entries)
    new = server.rotating.register(unique("cid"))
    assert new.create_room()


def test_a_database_that_was_changed_too_much_is_refused(server):
    postgres, chat = server.fleet.postgres, Chat(server)
    postgres.psql(DATABASE, ADDITION)
    postgres.psql(DATABASE, BREAKING)
    worker = server.fleet.children["generic_worker1"]
    restart(server, worker.name)
    wanted = f"this database needs {NEXT}"
    until(lambda: wanted in worker.tail(), BACK_SECONDS, "it says what is wrong")
    assert f"start {NEXT} or a later one" in worker.tail()
    assert not server.fleet.is_ready(worker.name)
    other = server.fleet.plan.of_app("generic_worker")[1]
    chat.go_on([address(other)])
    postgres.psql(DATABASE, UNDONE)
    until(lambda: server.fleet.is_ready(worker.name), BACK_SECONDS, "it is back")
    chat.go_on(server.entries)
    server.fleet.signal(other.name, signal.SIGTERM)
    until(lambda: server.fleet.is_ready(other.name), BACK_SECONDS, "all end as they should")
