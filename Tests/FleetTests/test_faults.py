"""The fleet under load while its parts are killed, paused and restarted.

    APUS_FAULT_SECONDS   how long faults are injected (100); every kind comes at least once
    APUS_FAULT_SEED      repeats a run's choices; each run prints its own
    APUS_FAULT_RATE      messages a second in each room (4)
    APUS_FAULT_NOTES     messages a second of each user to devices of others (1)
    APUS_FAULT_MARKS     changes a second of each user to account data, state and receipts (1)
"""
import asyncio
import json
import os
import random
import time

import pytest

from support.api import User, quote
from support.checker import Log, check, owner, positions, rooms_not_reached
from support.deployment import unique
from support.faults import all_faults, schedule
from support.load import Load, messages
from support.marks import KIND

SECONDS = float(os.environ.get("APUS_FAULT_SECONDS", "100"))
SEED = int(os.environ.get("APUS_FAULT_SEED", random.SystemRandom().randrange(10**6)))
RATE = float(os.environ.get("APUS_FAULT_RATE", "4"))
MARKS = float(os.environ.get("APUS_FAULT_MARKS", "1"))
NOTES = float(os.environ.get("APUS_FAULT_NOTES", "1"))
USERS, ROOMS, MEMBERS = 8, 6, 4
RECOVERY_SECONDS = 10.0
UNHARMED_SECONDS = 5.0  # within which rooms that a fault does not touch must have moved on
PATIENCE_SECONDS = 60.0  # after which a fleet that has not recovered is given up
SAMPLE = 100


@pytest.fixture
def fleet_of_its_own(deployments):
    """Faults leave marks (restarted processes, cold caches) that other tests should not meet."""
    server = deployments.start(None)
    yield server
    server.fleet.stop()


def test_nothing_is_lost_while_things_break(fleet_of_its_own, tmp_path, say):
    server, log = fleet_of_its_own, Log()
    writers = [one.name for one in server.fleet.plan.of_app("event_persister")]
    users = [server.api.register(unique("user")) for _ in range(USERS)]
    members = make_rooms(users, lambda room: owner(room, writers))
    run = Run(server, users, members, log, lambda room: owner(room, writers), say)
    say(f"seed {SEED}: APUS_FAULT_SEED={SEED} repeats this run")
    try:
        found = asyncio.run(run.whole())
    finally:
        write_log(tmp_path / "clients.jsonl", log)
    say(f"{len(log.sends)} messages, {sum(map(len, log.reads.values()))} deliveries, "
        f"{len(log.notes)} notes, {sum(map(len, log.told.values()))} of them told, "
        f"{sum(one.acknowledged for one in log.marks.subjects.values())} marks, "
        f"{run.faults} faults, slowest recovery {run.slowest:.1f} s")
    assert not found, (f"{len(found)} violations with seed {SEED}; the clients' log is "
                       f"{tmp_path / 'clients.jsonl'}\n" + "\n".join(found[:40])
                       + f"\n{server.tails()}")


def make_rooms(users, owner_of):
    """{room: members}: public rooms, shared out over the persisters, everyone joined."""
    members = {}
    while len(members) < ROOMS or len({owner_of(room) for room in members}) < 2:
        index = len(members)
        inside = [users[(index * 3 + step * 2 + index // 4) % USERS] for step in range(MEMBERS)]
        room = inside[0].create_room(preset="public_chat", power_level_content_override={
            "events": {KIND: 0}})
        for user in inside[1:]:
            user.act("join", room)
        members[room] = inside
    return members


class Run:
    """One run: load, faults by the schedule, and the judgement."""

    def __init__(self, server, users, members, log, owner_of, say):
        self.server, self.users, self.members = server, users, members
        self.log, self.owner_of, self.say = log, owner_of, say
        self.readers = {room: [user.id for user in inside] for room, inside in members.items()}
        self.violations, self.faults, self.slowest = [], 0, 0.0
        self.load = None

    async def whole(self):
        async with Load(self.users, self.members, self.server.entries, self.log, SEED) as load:
            self.load = load
            await load.start(RATE, NOTES, MARKS)
            await self.reached(time.monotonic(), self.members, PATIENCE_SECONDS, "the start")
            await self.break_things()
            await load.finish(PATIENCE_SECONDS)
        history = {room: await asyncio.to_thread(self.history, room) for room in self.members}
        self.violations += check(self.log, history, self.readers)
        assert all(positions(one) for tokens in self.log.tokens.values() for one in tokens), \
            "tokens have a form that the checker cannot compare"
        await asyncio.to_thread(self.check_events)
        return self.violations

    async def break_things(self):
        faults = all_faults(self.server.fleet, self.owner_of)
        chance = random.Random(f"targets/{SEED}")
        end = time.monotonic() + SECONDS
        for fault, pause in schedule(faults, SEED):
            if self.faults >= len(faults) and time.monotonic() > end:
                return
            await asyncio.sleep(pause)
            self.load.raise_failures()
            await self.break_one(fault, chance)

    async def break_one(self, fault, chance):
        self.faults += 1
        began = time.monotonic()
        injection = asyncio.create_task(fault.inject(chance))
        if fault.unharmed:
            rooms = fault.unharmed(list(self.members))
            await self.reached(began, rooms, UNHARMED_SECONDS, f"while {fault.name}")
        hit = await injection
        over, when = time.monotonic(), f"after {fault.name} ({hit})"
        await self.reached(over, self.members, RECOVERY_SECONDS, when)
        took = await self.all_ready(over, when)
        self.slowest = max(self.slowest, took)
        self.say(f"{fault.name}{f' ({hit})' if hit else ''}: recovered in {took:.1f} s")

    async def reached(self, since, rooms, limit, when):
        """Wait until each room has a message, begun after `since`, that all members have read;
        a violation if that takes more than `limit` seconds."""
        while left := rooms_not_reached(self.log, self.readers, since, rooms):
            took = time.monotonic() - since
            if took > PATIENCE_SECONDS:
                raise AssertionError(f"no recovery {when}: {left}\n{self.server.tails()}")
            await asyncio.sleep(0.05)
        took = time.monotonic() - since
        if took > limit:
            self.violations.append(f"{when} it took {took:.1f} s until every room moved on")
        return took

    async def all_ready(self, since, when):
        """Wait until every process says that it is ready, within the same limit."""
        fleet = self.server.fleet
        names = [one.name for one in fleet.plan.processes]
        while left := [name for name in names
                       if not await asyncio.to_thread(fleet.is_ready, name)]:
            if time.monotonic() - since > PATIENCE_SECONDS:
                raise AssertionError(f"not ready {when}: {left}\n{self.server.tails()}")
            await asyncio.sleep(0.05)
        took = time.monotonic() - since
        if took > RECOVERY_SECONDS:
            self.violations.append(f"{when} it took {took:.1f} s until every process was ready")
        return took

    def history(self, room):
        """All messages of the room, oldest first, paged through every worker by turns."""
        return messages(self.through_all(self.members[room][0]).history(room, limit=100))

    def check_events(self):
        """A sample of the acknowledged events is there under its id."""
        acknowledged = [send for send in self.log.sends if send.answers]
        chance = random.Random(SEED)
        for send in chance.sample(acknowledged, min(SAMPLE, len(acknowledged))):
            user = self.through_all(next(one for one in self.users if one.id == send.sender))
            event = user.get(user.room(send.room, "event", quote(send.answers[0])))
            if event["content"]["body"] != send.text:
                self.violations.append(f"/event of {send.answers[0]} is not {send.text}")

    def through_all(self, user) -> User:
        return user.through(self.server.rotating)


def write_log(path, log):
    """What the clients did and saw, one JSON object a line, for a person to look into."""
    rows = [("send", vars(send)) for send in log.sends]
    rows += [("read", vars(one)) for reads in log.reads.values() for one in reads]
    rows += [("note", vars(note)) for note in log.notes]
    rows += [("told", vars(one)) for told in log.told.values() for one in told]
    rows += [("token", {"reader": reader, "tokens": tokens})
             for reader, tokens in log.tokens.items()]
    with open(path, "w", encoding="utf-8") as file:
        for kind, row in rows:
            file.write(json.dumps({"kind": kind} | row) + "\n")
