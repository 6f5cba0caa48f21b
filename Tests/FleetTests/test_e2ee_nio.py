"""Encrypted rooms with matrix-nio: two people with two devices each, every request of a device
to the next worker."""
import asyncio
import itertools

import nio
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment

from support.api import PASSWORD
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
DEADLINE_SECONDS = 60
ENCRYPTION = {"type": "m.room.encryption", "state_key": "",
              "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class Device:
    """One device of a person, with keys of its own."""

    def __init__(self, server, user, folder):
        self.ways = itertools.cycle(server.entries)
        folder.mkdir(parents=True)
        self.client = nio.AsyncClient(
            server.url, user, store_path=str(folder),
            config=nio.AsyncClientConfig(encryption_enabled=True))
        self.read, self.unreadable, self.files = [], [], []
        self.client.add_event_callback(self._on_text, nio.RoomMessageText)
        self.client.add_event_callback(self._on_unreadable, nio.MegolmEvent)
        self.client.add_event_callback(self._on_file, nio.RoomEncryptedFile)
        self.client.add_to_device_callback(self._on_verification, nio.KeyVerificationEvent)

    async def _on_text(self, _, event):
        assert event.decrypted
        self.read.append(event.body)

    async def _on_unreadable(self, _, event):
        self.unreadable.append(event.event_id)

    async def _on_file(self, _, event):
        self.files.append(event)

    async def _on_verification(self, event):
        """Plays a person who compares emoji and finds them equal."""
        client, name = self.client, event.transaction_id
        verification = client.key_verifications.get(name)
        if isinstance(event, nio.KeyVerificationStart):
            good(await client.accept_key_verification(name), nio.ToDeviceResponse)
        elif isinstance(event, nio.KeyVerificationKey):
            await client.send_to_device_messages()  # our own key, before what follows from both
            assert len(verification.get_emoji()) == 7
            good(await client.confirm_short_auth_string(name), nio.ToDeviceResponse)

    async def login(self):
        good(await self.client.login(PASSWORD), nio.LoginResponse)
        await self.step()
        return self

    async def step(self, timeout=0):
        """One turn of a client's loop: sync, then what that asks for."""
        self.client.homeserver = next(self.ways)
        good(await self.client.sync(timeout=timeout), nio.SyncResponse)
        for reply in await self.client.send_to_device_messages():
            good(reply, nio.ToDeviceResponse)
        if self.client.should_upload_keys:
            good(await self.client.keys_upload(), nio.KeysUploadResponse)
        if self.client.should_query_keys:
            good(await self.client.keys_query(), nio.KeysQueryResponse)

    async def send(self, room, content):
        self.client.homeserver = next(self.ways)
        reply = await self.client.room_send(
            room, "m.room.message", content, ignore_unverified_devices=True)
        return good(reply, nio.RoomSendResponse).event_id

    async def say(self, room, text):
        return await self.send(room, {"msgtype": "m.text", "body": text})

    def knows(self, *others):
        """Whether the keys of exactly these devices of their users are known."""
        wanted = {(one.client.user_id, one.client.device_id) for one in others}
        users = {user for user, _ in wanted}
        known = {(one.user_id, one.id) for user in users
                 for one in self.client.device_store.active_user_devices(user)}
        return known == wanted


def good(reply, kind):
    assert isinstance(reply, kind), reply
    return reply


async def all_until(devices, condition, what):
    """Every device syncs, over and over, until `condition(device)` holds for all."""
    async def one(device):
        while not condition(device):
            await device.step(timeout=500)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.gather(*map(one, devices))
    assert all(map(condition, devices)), what


async def log_in(server, folder, *names):
    return [await Device(server, name, folder / f"device{number}").login()
            for number, name in enumerate(names)]


async def encrypted_room(owner, *others):
    room = good(await owner.client.room_create(initial_state=[ENCRYPTION], invite=[
        one.client.user_id for one in others]), nio.RoomCreateResponse).room_id
    for one in others:
        await all_until([one], lambda one: room in one.client.invited_rooms, "invited")
        good(await one.client.join(room), nio.JoinResponse)
    return room


async def closing(devices, work):
    try:
        await work
    finally:
        await asyncio.gather(*(one.client.close() for one in devices))


def scene(server, tmp_path, play):
    """Runs `play(devices, room)` for two devices of ann and two of ben in an encrypted room."""
    async def run():
        ann, ben = (server.api.register(unique(name)).id for name in ("ann", "ben"))
        devices = await log_in(server, tmp_path, ann, ann, ben, ben)
        await closing(devices, begin(devices))

    async def begin(devices):
        room = await encrypted_room(devices[0], devices[2])
        await all_until(devices, lambda one: room in one.client.rooms and one.client.rooms[
            room].encrypted and len(one.client.rooms[room].users) == 2, "all are in")
        await all_until(devices, lambda one: one.knows(
            *(other for other in devices if other is not one)), "all know each other's keys")
        await play(devices, room)
    asyncio.run(run())


def test_everyone_reads_everything(server, tmp_path):
    async def play(devices, room):
        said = []
        for turn, device in enumerate(devices * 3):
            said.append(f"secret {turn}")
            await device.say(room, said[-1])
            await all_until(devices, lambda one: len(one.read) >= len(said), "all have read it")
        for device in devices:
            await device.step()
            assert device.read == said, "each text once and in order"
            assert device.unreadable == []
    scene(server, tmp_path, play)


def test_a_new_device_reads_on_and_a_former_one_does_not(server, tmp_path):
    async def play(devices, room):
        ann, ben = devices[0], devices[3]
        new, = await log_in(server, tmp_path / "new", ben.client.user_id)
        try:
            everyone = [*devices, new]
            await all_until(devices, lambda one: one.knows(
                *(other for other in everyone if other is not one)), "the new one is known")
            await ann.say(room, "for five")
            await all_until(everyone, lambda one: "for five" in one.read, "five have read it")
            former = devices.pop(3)
            good(await former.client.logout(), nio.LogoutResponse)
            rest = [*devices, new]
            await all_until([ann], lambda one: one.knows(
                *(other for other in rest if other is not one)), "the former one is forgotten")
            await former.client.close()
            await ann.say(room, "for four")
            await all_until(rest, lambda one: "for four" in one.read, "four have read it")
        finally:
            await new.client.close()
    scene(server, tmp_path, play)


def test_who_leaves_is_no_longer_told_of_devices(server, tmp_path):
    async def play(devices, room):
        ann, ben = devices[0], devices[2]
        good(await ben.client.room_leave(room), nio.RoomLeaveResponse)
        await all_until([ann], lambda one: len(one.client.rooms[room].users) == 1, "ben left")
        changed = good(await ann.client.sync(timeout=0, full_state=True), nio.SyncResponse)
        assert ben.client.user_id not in changed.device_list.changed
        await ann.say(room, "alone")
        await all_until([ann, devices[1]], lambda one: "alone" in one.read, "ann's own read it")
        await ben.step()
        assert "alone" not in ben.read + devices[3].read
    scene(server, tmp_path, play)


def test_keys_of_a_file_travel_in_the_message(server, tmp_path):
    async def play(devices, room):
        ciphertext, keys = encrypt_attachment(b"a picture of a cat")
        await devices[0].send(room, {
            "msgtype": "m.file", "body": "cat.png",
            "file": keys | {"url": "mxc://example.org/cat", "mimetype": "image/png"}})
        await all_until(devices, lambda one: one.files, "all have the file's event")
        for device in devices:
            event, = device.files
            assert decrypt_attachment(
                ciphertext, event.key["k"], event.hashes["sha256"], event.iv
            ) == b"a picture of a cat"
    scene(server, tmp_path, play)


def test_two_people_verify_each_other_by_emoji(server, tmp_path):
    async def play(devices, room):
        ann, ben = devices[0], devices[2]

        def other(one, of):
            return one.client.device_store[of.client.user_id][of.client.device_id]
        good(await ann.client.start_key_verification(other(ann, ben)), nio.ToDeviceResponse)
        await all_until([ann, ben], lambda one: any(
            each.verified for each in one.client.key_verifications.values()), "both are done")
        assert other(ann, ben).verified and other(ben, ann).verified
        assert not other(ann, devices[3]).verified
    scene(server, tmp_path, play)
