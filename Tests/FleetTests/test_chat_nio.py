"""People chat with a real client library, sends and syncs landing on different workers."""
import asyncio
from collections import Counter

import nio

from support.api import PASSWORD, User
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
USERS, ROOMS, MEMBERS = 50, 20, 8
AT_ONCE = 8
DEADLINE_SECONDS = 120
WHOLE_TIMELINE = {"room": {"timeline": {"limit": 200}}}


class Person:
    """One device with two connections: it sends through one worker and syncs through another."""

    def __init__(self, server, index):
        ways = server.entries
        self.sender = nio.AsyncClient(ways[index % len(ways)], unique("person"))
        self.reader = nio.AsyncClient(ways[(index + 1) % len(ways)], self.sender.user)
        self.read = []  # (room, event id, text) as they came
        self.reader.add_event_callback(self._on_message, nio.RoomMessageText)

    async def _on_message(self, room, event):
        self.read.append((room.room_id, event.event_id, event.body))

    async def register(self):
        good(await self.sender.register(self.sender.user, PASSWORD), nio.RegisterResponse)
        self.reader.restore_login(self.id, self.sender.device_id, self.sender.access_token)

    @property
    def id(self):
        return self.sender.user_id

    async def create_room(self, **options):
        reply = await self.sender.room_create(**options)
        return good(reply, nio.RoomCreateResponse).room_id

    async def join(self, room):
        good(await self.sender.join(room), nio.JoinResponse)

    async def say(self, room, text):
        reply = await self.sender.room_send(
            room, "m.room.message", {"msgtype": "m.text", "body": text})
        return good(reply, nio.RoomSendResponse).event_id

    async def sync(self, timeout=0):
        reply = await self.reader.sync(timeout=timeout, sync_filter=WHOLE_TIMELINE)
        return good(reply, nio.SyncResponse)

    async def sync_until(self, condition):
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                await self.sync(timeout=2000)

    async def close(self):
        await asyncio.gather(self.sender.close(), self.reader.close())


def good(reply, kind):
    assert isinstance(reply, kind), reply
    return reply


async def a_few_at_a_time(jobs):
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(job):
        async with gate:
            return await job
    return await asyncio.gather(*map(one, jobs))


async def people(server, count):
    found = [Person(server, index) for index in range(count)]
    await a_few_at_a_time(one.register() for one in found)
    return found


def test_two_users(server):
    asyncio.run(two_users(server))


async def two_users(server):
    ann, ben = await people(server, 2)
    try:
        again = nio.AsyncClient(server.url, ben.id)
        good(await again.login(PASSWORD), nio.LoginResponse)
        await again.close()
        room = await ann.create_room(name="Tea", invite=[ben.id])
        await ben.sync_until(lambda: room in ben.reader.invited_rooms)
        await ben.join(room)
        await ben.sync_until(lambda: room in ben.reader.rooms)
        await ann.sync_until(lambda: len(ann.reader.rooms.get(room, nio.MatrixRoom(
            room, ann.id)).users) == 2)
        said = []
        for turn in range(10):
            text = f"line {turn}"
            said.append((room, await (ann, ben)[turn % 2].say(room, text), text))
        for person in (ann, ben):
            await person.sync_until(lambda person=person: len(person.read) >= len(said))
            await person.sync()
            assert person.read == said
        assert ben.reader.rooms[room].display_name == "Tea"
    finally:
        await asyncio.gather(ann.close(), ben.close())


def test_fifty_users_in_twenty_rooms(server):
    asyncio.run(fifty_users(server))


async def fifty_users(server):
    everyone = await people(server, USERS)
    try:
        members = {}
        for index in range(ROOMS):
            inside = [everyone[(index * 7 + step * 3) % USERS] for step in range(MEMBERS)]
            room = await inside[0].create_room(preset=nio.RoomPreset.public_chat)
            await a_few_at_a_time(person.join(room) for person in inside[1:])
            members[room] = inside
        await a_few_at_a_time(
            person.sync_until(lambda person=person: all(
                room in person.reader.rooms for room in rooms_of(person, members)))
            for person in everyone)
        said = await everyone_talks(everyone, members)
        check(server, everyone, members, said)
    finally:
        await asyncio.gather(*(person.close() for person in everyone))


def rooms_of(person, members):
    return [room for room, inside in members.items() if person in inside]


async def everyone_talks(everyone, members):
    """Each member says one thing in each room while all sync -> {room: {event ids}}."""
    said = {room: set() for room in members}

    async def talk(person):
        for room in rooms_of(person, members):
            said[room].add(await person.say(room, f"{person.id} in {room}"))

    async def listen(person):
        due = MEMBERS * len(rooms_of(person, members))
        await person.sync_until(lambda: len(person.read) >= due)
        await person.sync()  # nothing may come a second time

    await asyncio.gather(*map(listen, everyone), *map(talk, everyone))
    return said


def check(server, everyone, members, said):
    for room, inside in members.items():
        reader = inside[0].sender
        viewer = User(server.rotating, {
            "user_id": reader.user_id, "device_id": reader.device_id,
            "access_token": reader.access_token})
        order = [one["event_id"] for one in viewer.history(room) if one["event_id"] in said[room]]
        assert len(order) == len(said[room]) == MEMBERS
        for person in inside:
            read = [event for where, event, _ in person.read if where == room]
            assert read == order, f"{person.id} read another order, or not each once"
    for person in everyone:
        twice = [event for event, times in Counter(
            event for _, event, _ in person.read).items() if times > 1]
        assert not twice
