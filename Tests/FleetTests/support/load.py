"""Clients that talk and listen without pause while things break, and log all that they see."""
import asyncio
import random
import time

import aiohttp
import yarl

from support.api import CLIENT, quote
from support.checker import Note, Read, Send, Told
from support.marks import KIND

ATTEMPT_SECONDS = 6.0
POLL_MILLISECONDS = 2000
PAUSE_SECONDS = 0.1  # before another worker is asked
CUT_SHARE = 0.05  # of sends whose connection is cut before the answer
REPEAT_SHARE = 0.05  # of acknowledged sends that are repeated on another worker
NOTE = "org.example.note"
TIMELINE = '{"room":{"timeline":{"limit":20}}}'
PAGE = 50


class Failed(Exception):
    """No usable answer: the client asks another worker."""


class Client:
    """One user's device that may ask any of `entries`; no two requests in a row ask the same."""

    def __init__(self, user, entries, log, seed):
        self.user, self.entries, self.log = user, list(entries), log
        self.chance = random.Random(f"{seed}/{user.id}")
        self.turn = self.chance.randrange(len(self.entries))
        self.session = None

    async def ask(self, method, path, body=None, seconds=ATTEMPT_SECONDS, **query):
        """The parsed body of a 200; Failed for what a fault may cause; other answers are noted."""
        self.turn += 1
        url = yarl.URL(self.entries[self.turn % len(self.entries)] + CLIENT + path, encoded=True)
        try:
            async with self.session.request(
                    method, url.update_query(query) if query else url, json=body,
                    timeout=aiohttp.ClientTimeout(total=seconds)) as answer:
                text = await answer.read()
                if answer.status == 200:
                    return await answer.json()
        except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
            raise Failed(f"{type(error).__name__}: {error}") from error
        if answer.status != 429 and answer.status < 500:
            self.log.refusals.append(
                f"{self.user.id}: {method} {url} was answered {answer.status} {text[:200]!r}")
        raise Failed(f"{answer.status} {text[:200]!r}")

    async def insist(self, method, path, body=None, seconds=ATTEMPT_SECONDS, **query):
        """Ask one worker after another until one answers."""
        while True:
            try:
                return await self.ask(method, path, body, seconds, **query)
            except Failed:
                await asyncio.sleep(PAUSE_SECONDS)

    # ---- talking -------------------------------------------------------------------------------

    async def talk(self, room, per_second, stop):
        """Send to a room until `stop`, each message until it is acknowledged."""
        number = 0
        while not stop.is_set():
            number += 1
            text = f"{self.user.id} says {number} in {room}"
            await self.say(room, text, f"t{number}")
            await asyncio.sleep(self.chance.expovariate(per_second))

    async def say(self, room, text, transaction):
        send = Send(room, self.user.id, transaction, text, time.monotonic())
        self.log.sends.append(send)
        path = f"/rooms/{quote(room)}/send/m.room.message/{transaction}"
        body = {"msgtype": "m.text", "body": text}
        if self.chance.random() < CUT_SHARE:
            await self.cut(path, body)
        reply = await self.insist("PUT", path, body)
        send.answers.append(reply["event_id"])
        send.acknowledged = time.monotonic()
        if self.chance.random() < REPEAT_SHARE:
            reply = await self.insist("PUT", path, body)
            send.answers.append(reply["event_id"])

    async def whisper(self, others, per_second, stop):
        """Send to devices of some of `others` until `stop`, each note until it is acknowledged."""
        number = 0
        while not stop.is_set():
            number += 1
            await self.note(number, self.chance.sample(
                others, self.chance.choice((1, 1, len(others)))))
            await asyncio.sleep(self.chance.expovariate(per_second))

    async def note(self, number, receivers):
        note = Note(self.user.id, number, tuple(one.id for one in receivers), time.monotonic())
        self.log.notes.append(note)
        path = f"/sendToDevice/{NOTE}/n{number}"
        body = {"messages": {one.id: {self.chance.choice((one.device, "*")): {"number": number}}
                             for one in receivers}}
        if self.chance.random() < CUT_SHARE:
            await self.cut(path, body)
        await self.insist("PUT", path, body)
        note.acknowledged = time.monotonic()
        if self.chance.random() < REPEAT_SHARE:
            await self.insist("PUT", path, body)

    async def cut(self, path, body):
        """Begin a request and close its connection at some moment before the answer."""
        seconds = self.chance.uniform(0.001, 0.03)
        try:
            async with asyncio.timeout(seconds):
                await self.ask("PUT", path, body)
        except (Failed, TimeoutError):
            pass

    async def set_marks(self, rooms, per_second, stop):
        """Set account data, state and receipts until `stop`, each until it is acknowledged.
        `rooms` is {room: its members}."""
        while not stop.is_set():
            room = self.chance.choice(list(rooms))
            await self.chance.choice((
                self.mark_account, self.mark_room, self.mark_state, self.mark_read))(
                    room, rooms[room])
            await asyncio.sleep(self.chance.expovariate(per_second))

    async def mark(self, subject, watchers, path):
        number = self.log.marks.begin(subject, watchers)
        await self.insist("PUT", path, {"number": number})
        self.log.marks.acknowledge(subject, number)

    async def mark_account(self, _, __):
        me = self.user.id
        await self.mark(("account_data", "", me), [me], f"/user/{quote(me)}/account_data/{KIND}")

    async def mark_room(self, room, _):
        me = self.user.id
        await self.mark(("account_data", room, me), [me],
                        f"/user/{quote(me)}/rooms/{quote(room)}/account_data/{KIND}")

    async def mark_state(self, room, members):
        await self.mark(("state", room, self.user.id), members,
                        f"/rooms/{quote(room)}/state/{KIND}/{quote(self.user.id)}")

    async def mark_read(self, room, members):
        """A receipt for the last message that was read, if it is not the one from before."""
        read, me = self.log.reads[self.user.id, room], self.user.id
        if not read or (room, me, read[-1].event) in self.log.marks.receipts:
            return
        event, subject = read[-1].event, ("receipt", room, me)
        number = self.log.marks.begin(subject, members)
        self.log.marks.receipts[room, me, event] = number
        await self.insist("POST", f"/rooms/{quote(room)}/receipt/m.read/{quote(event)}", {})
        self.log.marks.acknowledge(subject, number)

    # ---- listening -----------------------------------------------------------------------------

    async def first_sync(self):
        reply = await self.insist("GET", "/sync", filter=TIMELINE, timeout=0)
        return reply["next_batch"]

    async def listen(self, since, stop):
        """Sync on from `since` until `stop`, filling every gap from the history."""
        seconds = POLL_MILLISECONDS / 1000 + ATTEMPT_SECONDS
        while not stop.is_set():
            reply = await self.insist("GET", "/sync", None, seconds, since=since, filter=TIMELINE,
                                      timeout=POLL_MILLISECONDS)
            at = time.monotonic()
            self.log.marks.read(self.user.id, reply)
            for one in reply.get("to_device", {}).get("events", []):
                self.log.tell(Told(self.user.id, one["sender"], one["content"]["number"], at))
            for room, entry in reply.get("rooms", {}).get("join", {}).items():
                events = messages(entry["timeline"]["events"])
                if entry["timeline"].get("limited"):
                    events = await self.gap(room, entry["timeline"]["prev_batch"]) + events
                for event, text in events:
                    self.log.read(Read(self.user.id, room, event, text, at))
            since = reply["next_batch"]
            self.log.tokens[self.user.id].append(since)

    async def gap(self, room, start):
        """What lies between the last message read and `start`, oldest first."""
        known = {one.event for one in self.log.reads[self.user.id, room]}
        found = []
        while start:
            page = await self.insist("GET", f"/rooms/{quote(room)}/messages", dir="b",
                                     limit=PAGE, **{"from": start})
            fresh = [one for one in messages(page["chunk"]) if one[0] not in known]
            found += fresh
            whole = len(fresh) == len(messages(page["chunk"])) and page["chunk"]
            start = page.get("end") if whole else None
        return found[::-1]


def messages(events):
    return [(one["event_id"], one["content"]["body"]) for one in events
            if one["type"] == "m.room.message"]


class Load:
    """Some users in some rooms: everyone talks in their rooms, sends notes to the others' devices,
    sets account data, state and receipts, and listens to everything."""

    def __init__(self, users, members, entries, log, seed):
        """`members` is {room: [user]}; everyone has joined."""
        self.members, self.log = members, log
        self.readers = {room: [user.id for user in inside] for room, inside in members.items()}
        self.clients = {user.id: Client(user, entries, log, seed) for user in users}
        self.no_more_talk, self.no_more = asyncio.Event(), asyncio.Event()
        self.talkers, self.listeners = [], []

    async def __aenter__(self):
        for client in self.clients.values():
            client.session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {client.user.token}"},
                connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(self, *_):
        for task in (*self.talkers, *self.listeners):
            task.cancel()
        await asyncio.gather(*self.talkers, *self.listeners, return_exceptions=True)
        await asyncio.gather(*(one.session.close() for one in self.clients.values()))

    async def start(self, per_second, notes_per_second, marks_per_second):
        """Begin: first everyone's first sync, then all the talk. `per_second` is each room's,
        `notes_per_second` and `marks_per_second` are each user's."""
        since = await asyncio.gather(*(one.first_sync() for one in self.clients.values()))
        for client, token in zip(self.clients.values(), since):
            self.listeners.append(asyncio.create_task(client.listen(token, self.no_more)))
        for room, inside in self.members.items():
            for user in inside:
                self.talkers.append(asyncio.create_task(self.clients[user.id].talk(
                    room, per_second / len(inside), self.no_more_talk)))
        for client in self.clients.values():
            others = [one.user for one in self.clients.values() if one is not client]
            self.talkers.append(asyncio.create_task(client.whisper(
                others, notes_per_second, self.no_more_talk)))
            rooms = {room: readers for room, readers in self.readers.items()
                     if client.user.id in readers}
            self.talkers.append(asyncio.create_task(client.set_marks(
                rooms, marks_per_second, self.no_more_talk)))

    def raise_failures(self):
        """A client that ended by an error is a defect of the test."""
        for task in (*self.talkers, *self.listeners):
            if task.done() and task.exception():
                raise task.exception()

    async def finish(self, seconds):
        """End the talk, and listen on until everyone has read all that was acknowledged."""
        self.no_more_talk.set()
        async with asyncio.timeout(seconds):
            await asyncio.gather(*self.talkers)
        deadline = time.monotonic() + seconds
        while self.unread() and time.monotonic() < deadline:
            self.raise_failures()
            await asyncio.sleep(PAUSE_SECONDS)
        self.no_more.set()
        await asyncio.gather(*self.listeners)

    def unread(self):
        sends = sum(1 for send in self.log.sends if send.answers
                    and not self.log.arrivals[send.text] >= set(self.readers[send.room]))
        return sends + self.log.unread_notes() + self.log.marks.unseen()
