"""Cross-signing, secrets and key backup with mautrix-python and libolm: ann has two devices, ben
one; each device speaks to a worker of its own."""
import asyncio
import itertools
import json

import olm.pk
from mautrix.client import Client
from mautrix.client.state_store.memory import MemoryStateStore
from mautrix.crypto import OlmMachine
from mautrix.crypto.sessions import InboundGroupSession
from mautrix.crypto.store.memory import MemoryCryptoStore
from mautrix.types import (
    EventType, MessageEvent, MessageType, RoomID, TextMessageEventContent, TrustState)

from support.api import PASSWORD, Unexpected, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
DEADLINE_SECONDS = 60
UNSTABLE = "/_matrix/client/unstable"
BACKUP = "m.megolm_backup.v1.curve25519-aes-sha2"
ENCRYPTION = {"type": "m.room.encryption", "state_key": "",
              "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class States(MemoryStateStore):
    async def find_shared_rooms(self, user_id):
        return [room for room, members in self.members.items()
                if user_id in members and self.encryption.get(room)]


class Device:
    """A device with mautrix's machine; `user` is the same device in the tests' own client."""

    def __init__(self, user, url):
        self.user, self.since = user, None
        self.store, self.states = MemoryCryptoStore(user.id, "pickle"), States()
        self.client = Client(
            mxid=user.id, device_id=user.device, base_url=url, token=user.token,
            state_store=self.states, sync_store=self.store)
        self.machine = OlmMachine(self.client, self.store, self.states)
        self.client.crypto = self.machine
        self.read, self.events = [], {}
        self.client.add_event_handler(EventType.ROOM_MESSAGE, self._on_message)

    async def _on_message(self, event: MessageEvent):
        self.read.append(event.content.body)

    async def start(self):
        await self.machine.load()
        await self.machine.share_keys()
        await self.step()
        return self

    async def step(self, timeout=0):
        data = await self.client.sync(since=self.since, timeout=timeout)
        for room in data.get("rooms", {}).get("join", {}).values():
            for event in room["timeline"]["events"]:
                self.events[event["event_id"]] = event
        await asyncio.gather(*self.client.handle_sync(data))
        self.since = data["next_batch"]

    async def until(self, condition):
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                await self.step(timeout=500)

    async def say(self, room, text):
        return await self.client.send_message_event(
            room, EventType.ROOM_MESSAGE,
            TextMessageEventContent(msgtype=MessageType.TEXT, body=text))

    async def trust(self, other):
        """How far this device trusts another one."""
        identity = await self.machine.get_or_fetch_device(other.user.id, other.user.device)
        return await self.machine.resolve_trust(identity)

    async def close(self):
        await self.client.api.session.close()


def scene(server, play):
    """Runs `play(ann, second, ben, room)`: all are in an encrypted room."""
    async def run():
        ways = itertools.cycle(server.entries)
        ann, ben = (server.rotating.register(unique(name)) for name in ("ann", "ben"))
        second = server.rotating.login(ann.id)
        room = RoomID(ann.create_room(initial_state=[ENCRYPTION], invite=[ben.id]))
        ben.act("join", room)
        devices = [await Device(user, next(ways)).start() for user in (ann, second, ben)]
        try:
            await play(*devices, room)
        finally:
            await asyncio.gather(*(one.close() for one in devices))
    asyncio.run(run())


def test_a_second_device_is_verified_with_the_recovery_key(server):
    async def play(ann, second, ben, room):
        recovery_key = await ann.machine.generate_recovery_key()
        assert await ben.trust(ann) == TrustState.CROSS_SIGNED_TOFU
        assert await ben.trust(second) < TrustState.CROSS_SIGNED_TOFU
        await second.machine.verify_with_recovery_key(recovery_key)
        # Ben is told of the new signature by his sync, and asks for the keys again.
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await ben.trust(second) != TrustState.CROSS_SIGNED_TOFU:
                await ben.step(timeout=500)
        own = await second.machine.get_own_cross_signing_public_keys()
        seen = await ben.machine.get_cross_signing_public_keys(ann.user.id)
        assert (seen.master_key, seen.self_signing_key) == (own.master_key, own.self_signing_key)
        assert own.user_signing_key and not seen.user_signing_key, "this one is ann's own affair"
    scene(server, play)


def test_messages_between_all_devices(server):
    async def play(ann, second, ben, room):
        for device in (second, ben):
            text = f"from {device.user.device}"
            await device.say(room, text)
            others = [one for one in (ann, second, ben) if one is not device]
            for other in others:
                await other.until(lambda other=other, text=text: text in other.read)
    scene(server, play)


def test_cross_signing_keys_are_replaced_only_with_a_password(server):
    async def play(ann, second, ben, room):
        await ann.machine.generate_recovery_key()
        keys = {}
        for use in ("master", "self_signing", "user_signing"):
            seed = olm.pk.PkSigning.generate_seed()
            public = olm.pk.PkSigning(seed).public_key
            keys[f"{use}_key"] = {"user_id": ann.user.id, "usage": [use],
                                  "keys": {f"ed25519:{public}": public}}
            if use == "master":
                master = olm.pk.PkSigning(seed)
            else:
                key = keys[f"{use}_key"]
                signature = master.sign(canonical(key))
                key["signatures"] = {ann.user.id: {f"ed25519:{master.public_key}": signature}}
        path = f"{UNSTABLE}/keys/device_signing/upload"
        asked = server.rotating.call("POST", path, keys, ann.user.token, expect=401)
        assert ["m.login.password"] in [flow["stages"] for flow in asked["flows"]]
        server.rotating.call("POST", path, keys | {"auth": {
            "type": "m.login.password", "session": asked["session"], "password": PASSWORD,
            "identifier": {"type": "m.id.user", "user": ann.user.id}}}, ann.user.token)
        found = ben.user.post("/keys/query", {"device_keys": {ann.user.id: []}})
        assert found["master_keys"][ann.user.id]["keys"] == keys["master_key"]["keys"]
        assert ann.user.id not in found.get("user_signing_keys", {})
    scene(server, play)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_new_device_reads_the_past_from_the_backup(server):
    async def play(ann, second, ben, room):
        event = await ben.say(room, "long ago")
        await ann.until(lambda: "long ago" in ann.read)
        secret = olm.pk.PkDecryption()
        version = ann.user.post("/room_keys/version", {
            "algorithm": BACKUP, "auth_data": {"public_key": secret.public_key}})["version"]
        session_id = ann.events[event]["content"]["session_id"]
        session = await ann.store.get_group_session(room, session_id)
        put_backup(ann.user, version, secret, room, session)
        info = ann.user.get("/room_keys/version")
        assert (info["version"], info["count"]) == (version, 1) and info["etag"]

        new = await Device(server.rotating.login(ann.user.id), server.url).start()
        try:
            assert "long ago" not in new.read, "it was not among those who got the key"
            restored = restore(new.user, version, secret, room, session_id)
            await new.store.put_group_session(room, restored.sender_key, session_id, restored)
            parsed = await new.client.get_event(room, event)
            decrypted = await new.machine.decrypt_megolm_event(parsed)
            assert decrypted.content.body == "long ago"
        finally:
            await new.close()
    scene(server, play)


def put_backup(user, version, secret, room, session):
    """Encrypts a session for the backup as clients do, and stores it."""
    plain = json.dumps({
        "algorithm": "m.megolm.v1.aes-sha2", "sender_key": session.sender_key,
        "sender_claimed_keys": {"ed25519": session.signing_key},
        "forwarding_curve25519_key_chain": [],
        "session_key": session.export_session(session.first_known_index)})
    message = olm.pk.PkEncryption(secret.public_key).encrypt(plain)
    reply = user.put(f"/room_keys/keys/{quote(room)}/{quote(session.id)}?version={version}", {
        "first_message_index": session.first_known_index, "forwarded_count": 0,
        "is_verified": True, "session_data": {
            "ephemeral": message.ephemeral_key, "ciphertext": message.ciphertext,
            "mac": message.mac}})
    assert reply["count"] == 1


def restore(user, version, secret, room, session_id):
    stored = user.get("/room_keys/keys", version=version)["rooms"][room]["sessions"][session_id]
    data = stored["session_data"]
    plain = json.loads(secret.decrypt(
        olm.pk.PkMessage(data["ephemeral"], data["mac"], data["ciphertext"])))
    return InboundGroupSession.import_session(
        plain["session_key"], signing_key=plain["sender_claimed_keys"]["ed25519"],
        sender_key=plain["sender_key"], room_id=room)


def test_a_former_backup_takes_no_more_keys(server):
    ann = server.rotating.register(unique("ann"))
    info = {"algorithm": BACKUP, "auth_data": {"public_key": "abc"}}
    first, second = (ann.post("/room_keys/version", info)["version"] for _ in range(2))
    try:
        ann.put(f"/room_keys/keys?version={first}", {"rooms": {}})
        raise AssertionError("a former version took keys")
    except Unexpected as refusal:
        assert refusal.answer.status == 403
        assert refusal.answer.errcode == "M_WRONG_ROOM_KEYS_VERSION"
        assert refusal.answer.json["current_version"] == second
