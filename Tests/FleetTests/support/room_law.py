"""Hashes, ids and redactions of events, written from the specification's text, and documents and
events to try them on. It judges the server's own code, so it shares nothing with it."""
import base64
import hashlib
import json

from canonicaljson import encode_canonical_json

VERSIONS = tuple(str(number) for number in range(1, 13))
ESSENTIAL_KEYS = {
    "event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures",
    "depth", "prev_events", "auth_events", "origin_server_ts"}
LEFTOVER_KEYS = {"prev_state", "origin", "membership"}
POWER_LEVEL_KEYS = {"ban", "events", "events_default", "kick", "redact", "state_default", "users",
                    "users_default"}
LARGEST_INTEGER = 2**53 - 1


def unpadded(data, *, url_safe=False):
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    return encode(data).decode("ascii").rstrip("=")


def redacted_content(event, version):
    """rooms/v1#redactions, and the changes of versions 6, 8, 9 and 11."""
    kind, content = event["type"], event["content"]
    keys = {"m.room.member": {"membership"}, "m.room.create": {"creator"},
            "m.room.join_rules": {"join_rule"}, "m.room.power_levels": set(POWER_LEVEL_KEYS),
            "m.room.history_visibility": {"history_visibility"}}
    if version <= 5:
        keys["m.room.aliases"] = {"aliases"}
    if version >= 8:
        keys["m.room.join_rules"].add("allow")
    if version >= 9:
        keys["m.room.member"].add("join_authorised_via_users_server")
    if version >= 11:
        keys["m.room.power_levels"].add("invite")
        keys["m.room.redaction"] = {"redacts"}
        if kind == "m.room.create":
            return content
    kept = {key: value for key, value in content.items() if key in keys.get(kind, ())}
    if version >= 11 and kind == "m.room.member" and "third_party_invite" in content:
        invite = content["third_party_invite"]
        kept["third_party_invite"] = {
            key: value for key, value in invite.items() if key == "signed"}
    return kept


def redacted(event, version):
    version = int(version)
    keys = ESSENTIAL_KEYS | (LEFTOVER_KEYS if version <= 10 else set())
    kept = {key: value for key, value in event.items() if key in keys}
    kept["content"] = redacted_content(event, version)
    return kept


def without(event, *keys):
    return {key: value for key, value in event.items() if key not in keys}


def content_hash(event):
    """server-server-api#calculating-the-content-hash-for-an-event"""
    covered = without(event, "unsigned", "signatures", "hashes")
    return unpadded(hashlib.sha256(encode_canonical_json(covered)).digest())


def event_id(event, version):
    """rooms/v1#event-ids, rooms/v3#event-ids, rooms/v4#event-ids"""
    if int(version) <= 2:
        return event["event_id"]
    covered = without(redacted(event, version), "signatures", "unsigned")
    digest = hashlib.sha256(encode_canonical_json(covered)).digest()
    return "$" + unpadded(digest, url_safe=int(version) >= 4)


class Writer:
    """Makes documents, spells them in ways that mean the same, and makes events."""

    CHARACTERS = ["a", "b", "Z", "0", " ", "\"", "\\", "/", "\n", "\t", "\b", "\f", "\r", "\0",
                  "\x1f", "\x7f", "é", "e\u0301", "ß", "日", "\u2028", "\ufffd", "\uffff", "😀",
                  "\U0010ffff"]
    WORDS = ["", "a", "b", "body", "membership", "users", "日本", "😀", "é", "e\u0301", "@a:b"]

    def __init__(self, random):
        self.random = random

    def text(self):
        random = self.random
        if random.random() < 0.4:
            return random.choice(self.WORDS)
        return "".join(random.choice(self.CHARACTERS) for _ in range(random.randrange(12)))

    def integer(self, limit=LARGEST_INTEGER):
        random = self.random
        return random.choice([0, 1, -1, random.randint(-99, 99), random.randint(-limit, limit),
                              limit, -limit])

    def number(self, odd):
        random = self.random
        if not odd or random.random() < 0.5:
            return self.integer()
        return random.choice([
            self.integer(10**30), random.uniform(-1e3, 1e3), random.uniform(-1, 1) * 1e-6,
            random.uniform(-1, 1) * 10.0 ** random.randint(-300, 300), float(random.randint(0, 99)),
            1e16, 1e15, 1e-4, 1e-5, 0.1])

    def value(self, depth=4, odd=False):
        random = self.random
        kind = random.randrange(7 if depth else 5)
        if kind <= 1:
            return self.number(odd)
        if kind <= 3:
            return self.text()
        if kind == 4:
            return random.choice([None, True, False])
        if kind == 5:
            return [self.value(depth - 1, odd) for _ in range(random.randrange(5))]
        return self.document(depth, odd)

    def document(self, depth=4, odd=False):
        return {self.text(): self.value(depth - 1, odd)
                for _ in range(self.random.randrange(7))}

    def spell(self, value):
        """The value as JSON with spaces, orders and escapes of no meaning."""
        if isinstance(value, dict):
            members = list(value.items())
            self.random.shuffle(members)
            inner = ",".join(f"{self._space()}{self._quote(key)}{self._space()}:{self.spell(item)}"
                             for key, item in members)
            return f"{self._space()}{{{inner}{self._space()}}}{self._space()}"
        if isinstance(value, list):
            return f"[{','.join(map(self.spell, value))}{self._space()}]{self._space()}"
        if isinstance(value, str):
            return self._quote(value)
        text = json.dumps(value)
        if value == 0 and isinstance(value, int) and value is not False:
            text = self.random.choice(["0", "-0"])
        return self._space() + text + self._space()

    def _space(self):
        return self.random.choice(["", "", "", " ", "\n", "\t\r"])

    def _quote(self, text):
        return '"' + "".join(map(self._character, text)) + '"'

    def _character(self, character):
        plain = json.dumps(character, ensure_ascii=False)[1:-1]
        escaped = json.dumps(character)[1:-1]
        if escaped == plain and character.isascii():
            escaped = f"\\u{ord(character):04X}"
        if character == "/":
            escaped = "\\/"
        return self.random.choice([plain, plain, escaped])

    def fields(self, version):
        """What an event says before it has an id, hashes and signatures."""
        random, number = self.random, int(version)
        kind, content = self._content(number)
        fields = {
            "type": kind, "content": content, "sender": "@u:domain",
            "depth": random.randint(1, 999), "origin_server_ts": random.randint(0, LARGEST_INTEGER),
            "prev_events": self._ids(version, 3), "auth_events": self._ids(version, 4)}
        if kind == "m.room.create" and number >= 12:
            fields["prev_events"] = fields["auth_events"] = []
        else:
            fields["room_id"] = "!r:domain" if number < 12 else "!" + unpadded(bytes(32))
        if kind.startswith("m.room.") and kind not in ("m.room.message", "m.room.redaction"):
            fields["state_key"] = self.text()[:20]
        if kind == "m.room.redaction" and number <= 10:
            fields["redacts"] = "$a:b"
        return fields

    def _ids(self, version, most):
        ids = [f"${self.random.randrange(10**9)}:domain" if int(version) <= 2
               else "$" + unpadded(self.random.randbytes(32), url_safe=int(version) >= 4)
               for _ in range(self.random.randrange(most))]
        return list(dict.fromkeys(ids))

    def _content(self, number):
        odd = number <= 5
        known = {
            "m.room.message": {"body": self.text()},
            "m.room.create": {"creator": "@u:domain", "room_version": str(number), "x": [1, {}]},
            "m.room.member": {"membership": "join", "join_authorised_via_users_server": "@o:other",
                              "displayname": self.text(),
                              "third_party_invite": {"signed": {"token": self.text()}, "x": 1}},
            "m.room.power_levels": {"users": {"@u:domain": 100}, "invite": 0, "ban": 50, "kick": 1,
                                    "events": {self.text(): 1}, "notifications": {"room": 5},
                                    "redact": 1, "state_default": 2, "events_default": 3},
            "m.room.join_rules": {"join_rule": "public", "allow": [self.value(2)], "x": 1},
            "m.room.history_visibility": {"history_visibility": "shared", "x": 1},
            "m.room.aliases": {"aliases": ["#a:domain"], "x": 1},
            "m.room.redaction": {"redacts": "$a:b", "reason": self.text()},
            "m.room.topic": {"topic": self.text()}}
        kind = self.random.choice(list(known))
        return kind, {**known[kind], "org.example.more": self.value(3, odd)}

    def event(self, version):
        """An event of another server, still without hashes and signatures."""
        event = self.fields(version)
        if int(version) <= 2:
            event["event_id"] = f"${self.random.randrange(10**12)}:{self.random.choice('ab')}"
            for key in ("prev_events", "auth_events"):
                event[key] = [[one, {"sha256": unpadded(one.encode())}] for one in event[key]]
        if self.random.random() < 0.5:
            event["origin"] = "domain"
        if self.random.random() < 0.3:
            event.update({"membership": "join", "prev_state": [], "org.example.key": self.value(2)})
        if self.random.random() < 0.5:
            event["unsigned"] = {"age": 5, "x": self.value(2)}
        return event
