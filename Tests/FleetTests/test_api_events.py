"""Sending, state, redaction and reading history, through every way in by turns."""
import pytest

from support.api import CLIENT, Unexpected, bodies, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
VERSIONS = tuple(str(number) for number in range(1, 13))


# ---- sending -------------------------------------------------------------------------------

def test_an_event_as_clients_see_it(people, room):
    ann, ben, _ = people
    sent = ann.send(room, "hello", "my-transaction")
    event = ann.get(ann.room(room, "event", quote(sent)))
    assert {key: event[key] for key in ("event_id", "room_id", "sender", "type", "content")} == {
        "event_id": sent, "room_id": room, "sender": ann.id, "type": "m.room.message",
        "content": {"msgtype": "m.text", "body": "hello"}}
    assert isinstance(event["origin_server_ts"], int) and "state_key" not in event
    assert 0 <= event["unsigned"]["age"] < 60_000
    assert event["unsigned"]["transaction_id"] == "my-transaction"
    assert "transaction_id" not in ben.get(ben.room(room, "event", quote(sent)))["unsigned"]
    assert not {"auth_events", "prev_events", "hashes", "signatures", "depth"} & set(event)


def test_a_repeated_send_is_one_event(server, people, room):
    ann = people[0]
    sent = {ann.send(room, "once", "the-same") for _ in range(3 * len(server.entries))}
    assert len(sent) == 1
    assert bodies(ann.history(room)).count("once") == 1


def test_transaction_ids_are_per_device_room_and_endpoint(server, people, room):
    ann = people[0]
    other_device = server.rotating.login(ann.id)
    other_room = ann.create_room()
    sent = {ann.send(room, "a", "t1"), other_device.send(room, "b", "t1"),
            ann.send(other_room, "c", "t1"), ann.send(room, "d", "t1", kind="m.sticker")}
    assert len(sent) == 4


def test_one_transaction_id_for_two_redactions_takes_away_both(people, room):
    ann = people[0]
    first, second = ann.send(room, "a", "t1"), ann.send(room, "b", "t2")

    def redact(event):
        return ann.put(ann.room(room, "redact", quote(event), "t3"))["event_id"]
    assert redact(first) == redact(first) != redact(second)
    contents = [ann.get(ann.room(room, "event", quote(one)))["content"]
                for one in (first, second)]
    assert contents == [{}, {}]


@pytest.mark.parametrize("content", [
    {"body": "é\u0000\U0001f600 \\ \"quoted\""}, {"deep": {"er": [1, -1, True, None, "x"]}}, {},
    {"big": 2**53 - 1, "small": -2**53 + 1}, {"": "", "\u0001": "\u007f"}])
def test_content_comes_back_as_it_was_sent(people, room, content):
    ann = people[0]
    sent = ann.put(ann.room(room, "send", "x.any", unique("t")), content)["event_id"]
    assert ann.get(ann.room(room, "event", quote(sent)))["content"] == content


@pytest.mark.parametrize("content", [{"float": 1.5}, {"large": 2**53}, {"large": 10**40}])
def test_numbers_that_events_cannot_hold(people, room, content):
    ann = people[0]
    ann.refused(400, "M_BAD_JSON", "PUT", ann.room(room, "send", "x.any", unique("t")), content)


def test_too_large_an_event(people, room):
    ann = people[0]
    ann.refused(413, "M_TOO_LARGE", "PUT", ann.room(room, "send", "x.any", "t"),
                {"body": "x" * 66_000})
    ann.put(ann.room(room, "send", "x.any", "t"), {"body": "x" * 60_000})


def test_only_members_send(people, room):
    cid = people[2]
    cid.refused(403, "M_FORBIDDEN", "PUT", cid.room(room, "send", "m.room.message", "t"),
                {"body": "let me in"})


def test_message_power_is_asked_for(people, room):
    ann, ben, _ = people
    power = ann.state(room, "m.room.power_levels")
    ann.set_state(room, "m.room.power_levels", power | {"events": {"x.high": 60}})
    ben.refused(403, "M_FORBIDDEN", "PUT", ben.room(room, "send", "x.high", "t"), {})
    ann.put(ann.room(room, "send", "x.high", "t"), {})


# ---- state ---------------------------------------------------------------------------------

def test_state_is_read_back(people, room):
    ann = people[0]
    sent = ann.set_state(room, "m.room.topic", {"topic": "one"})["event_id"]
    assert ann.state(room, "m.room.topic") == {"topic": "one"}
    for path in ("state/m.room.topic", "state/m.room.topic/"):
        assert ann.get(ann.room(room, path)) == {"topic": "one"}
    every = {(one["type"], one["state_key"]): one for one in ann.get(ann.room(room, "state"))}
    assert every["m.room.topic", ""]["event_id"] == sent
    assert {"m.room.create", "m.room.power_levels", "m.room.join_rules"} <= {
        kind for kind, _ in every}
    assert ("m.room.member", people[1].id) in every
    ann.refused(404, "M_NOT_FOUND", "GET", ann.room(room, "state", "m.room.name"))


def test_state_keys_with_odd_characters(people, room):
    ann = people[0]
    for key in ("a/b", "%2F", "ü", " ", "?&=#", "!x:y", "a" * 200):
        ann.set_state(room, "x.odd", {"key": key}, key)
        assert ann.state(room, "x.odd", key) == {"key": key}


def test_identical_state_returns_the_existing_event(server, people, room):
    ann = people[0]
    first = ann.set_state(room, "m.room.name", {"name": "same"})["event_id"]
    for _ in server.entries:
        assert ann.set_state(room, "m.room.name", {"name": "same"})["event_id"] == first
    second = ann.set_state(room, "m.room.name", {"name": "other"})["event_id"]
    third = ann.set_state(room, "m.room.name", {"name": "same"})["event_id"]
    assert len({first, second, third}) == 3


def test_state_of_other_people_is_not_ours(people, room):
    ann, ben, _ = people
    power = ann.state(room, "m.room.power_levels")
    ann.set_state(room, "m.room.power_levels", power | {"events": {"x.open": 0}})
    ben.set_state(room, "x.open", {"mine": True}, ben.id)
    ben.refused(403, "M_FORBIDDEN", "PUT", ben.room(room, "state", "x.open", quote(ann.id)), {})


@pytest.mark.parametrize("path", [("send", "m.room.create", "t"), ("state", "m.room.create", "")])
def test_a_room_is_made_once(people, room, path):
    ann = people[0]
    error = ann.refused(403, "M_FORBIDDEN", "PUT", ann.room(room, *path), {"room_version": "11"})
    assert "m.room.create" in error["error"]


@pytest.mark.parametrize("change", [
    {"users_default": "many"}, {"users": {"not a user": 50}}, {"ban": 10.5}, {"events": []}])
def test_bad_power_levels_are_refused(people, room, change):
    ann = people[0]
    power = ann.state(room, "m.room.power_levels")
    with pytest.raises(Unexpected) as refusal:
        ann.set_state(room, "m.room.power_levels", power | change)
    assert refusal.value.answer.status in (400, 403)
    assert ann.state(room, "m.room.power_levels") == power


# ---- redaction -----------------------------------------------------------------------------

@pytest.mark.parametrize("version", VERSIONS)
def test_redaction(people, version):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat", room_version=version)
    for user in (ben, cid):
        user.act("join", room)
    target = ben.send(room, "regretted")
    path = ben.room(room, "redact", quote(target), "r1")
    done = ben.put(path, {"reason": "typo"})["event_id"]
    assert ben.put(path, {"reason": "typo"})["event_id"] == done, "a repeated one is one event"
    event = cid.get(cid.room(room, "event", quote(target)))
    assert event["content"] == {}
    because = event["unsigned"]["redacted_because"]
    assert because["event_id"] == done and because["content"]["reason"] == "typo"
    assert "regretted" not in bodies(cid.history(room))
    redaction = cid.get(cid.room(room, "event", quote(done)))
    assert redaction["redacts"] == redaction["content"]["redacts"] == target, "for all clients"
    message = ann.send(room, "stays")
    cid.refused(403, "M_FORBIDDEN", "PUT", cid.room(room, "redact", quote(message), "r2"), {})
    assert ann.get(ann.room(room, "event", quote(message)))["content"]["body"] == "stays"
    ann.put(ann.room(room, "redact", quote(ben.send(room, "moderated")), "r3"), {})


def test_redacting_what_is_not_there(people, room):
    ann = people[0]
    answer = ann.api.raw(
        "PUT", CLIENT + ann.room(room, "redact", quote("$" + 43 * "A"), "r"), b"{}",
        {"Authorization": f"Bearer {ann.token}"})
    assert answer.status in (200, 404), "refused, or sent to wait for its target"


# ---- history -------------------------------------------------------------------------------

def test_paging_both_ways_meets_every_event_once(people, room):
    ann = people[0]
    sent = [f"message {n}" for n in range(25)]
    for text in sent:
        ann.send(room, text)
    backwards = ann.history(room, limit=7)
    assert bodies(backwards) == sent
    assert backwards[0]["type"] == "m.room.create"
    ids = [one["event_id"] for one in backwards]
    assert len(set(ids)) == len(ids)
    forwards, start = [], {}
    while True:
        page = ann.messages(room, "f", limit=7, **start)
        if not page["chunk"]:
            break
        forwards += page["chunk"]
        if "end" not in page:
            break
        start = {"from": page["end"]}
    assert [one["event_id"] for one in forwards] == ids


def test_pages_respect_limit_filter_and_end(people, room):
    ann = people[0]
    for n in range(6):
        ann.send(room, f"m{n}")
        ann.set_state(room, "m.room.topic", {"topic": f"t{n}"})
    page = ann.messages(room, limit=4)
    assert len(page["chunk"]) == 4 and page["start"] != page["end"]
    topics = ann.messages(room, limit=4, filter='{"types":["m.room.topic"]}')["chunk"]
    assert [one["content"]["topic"] for one in topics] == ["t5", "t4", "t3", "t2"]
    both = ann.messages(room, "b", **{"from": page["start"], "to": page["end"], "limit": 50})
    assert [one["event_id"] for one in both["chunk"]] == [
        one["event_id"] for one in page["chunk"]]


@pytest.mark.parametrize("query", [
    {"dir": "x"}, {"dir": "b", "limit": "many"}, {"dir": "b", "limit": "-1"},
    {"dir": "b", "from": "nonsense"}, {"dir": "b", "filter": "{"}])
def test_bad_questions_about_history(people, room, query):
    ann = people[0]
    error = ann.api.call("GET", CLIENT + ann.room(room, "messages"), None, ann.token, query, 400)
    assert error["errcode"].startswith("M_")


def test_context(people, room):
    ann = people[0]
    sent = [ann.send(room, f"m{n}") for n in range(9)]
    found = ann.get(ann.room(room, "context", quote(sent[4])), limit=4)
    assert found["event"]["event_id"] == sent[4]
    assert [one["event_id"] for one in found["events_before"]] == [sent[3], sent[2]]
    assert [one["event_id"] for one in found["events_after"]] == [sent[5], sent[6]]
    assert "m.room.create" in {one["type"] for one in found["state"]}
    older = ann.messages(room, "b", **{"from": found["start"], "limit": 1})["chunk"]
    newer = ann.messages(room, "f", **{"from": found["end"], "limit": 1})["chunk"]
    assert [older[0]["event_id"], newer[0]["event_id"]] == [sent[1], sent[7]]


def test_events_that_are_not_there(people, room):
    ann = people[0]
    for path in (["event"], ["context"]):
        ann.refused(404, "M_NOT_FOUND", "GET", ann.room(room, *path, quote("$" + 43 * "A")))


@pytest.mark.parametrize("visibility, sees", [
    ("shared", True), ("world_readable", True), ("invited", False), ("joined", False)])
def test_history_from_before_one_joined(people, visibility, sees):
    ann, ben, _ = people
    room = ann.create_room(preset="public_chat", initial_state=[
        {"type": "m.room.history_visibility", "state_key": "",
         "content": {"history_visibility": visibility}}])
    event = ann.send(room, "before")
    ben.act("join", room)
    ann.send(room, "after")
    assert bodies(ben.history(room)) == (["before", "after"] if sees else ["after"])
    ben.get(ben.room(room, "event", quote(event)), expect=200 if sees else 404)


def test_one_who_left_reads_up_to_then(people, room):
    ann, ben, _ = people
    ann.send(room, "while there")
    ben.act("leave", room)
    ann.send(room, "once gone")
    ann.set_state(room, "m.room.name", {"name": "once gone"})
    assert bodies(ben.history(room)) == ["while there"]
    assert "m.room.name" not in {one["type"] for one in ben.get(ben.room(room, "state"))}
