"""What clients can ask of /sync: filters, the form of state, and what is told of rooms outside."""
import json
import threading
import time

import pytest

from support.api import CLIENT, bodies, joined, quote, timeline
from support.deployment import unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
NEWS_SECONDS = 20


@pytest.fixture
def room(people):
    """A public room of the first two people."""
    room = people[0].create_room(preset="public_chat", name="The room")
    people[1].act("join", room)
    return room


def mark(user, room, since=None, **query):
    """A sync in which all is told that was sent to `room` up to now."""
    last = user.send(room, unique("mark"))
    return user.sync_until(lambda found: last in [
        one["event_id"] for one in timeline(found, room)], since, **query)


def now(user, room):
    return mark(user, room)["next_batch"]


def keys(events):
    return {(one["type"], one["state_key"]) for one in events}


# ---- state up to the end of the timeline ----------------------------------------------------

@pytest.mark.parametrize("parameter, key", [
    ("use_state_after", "state_after"),
    ("org.matrix.msc4222.use_state_after", "org.matrix.msc4222.state_after")])
def test_state_after_the_timeline(people, room, parameter, key):
    ann = people[0]
    first = mark(ann, room, **{parameter: "true"})
    entry = joined(first, room)
    assert "state" not in entry
    assert {("m.room.create", ""), ("m.room.name", ""), ("m.room.member", ann.id)} <= keys(
        entry[key]["events"])
    ann.set_state(room, "m.room.name", {"name": "in the gap"})
    ann.set_state(room, "m.room.topic", {"topic": "old"})
    for number in range(4):
        ann.send(room, f"m{number}")
    ann.set_state(room, "m.room.topic", {"topic": "new"})
    limit = json.dumps({"room": {"timeline": {"limit": 3}}})
    # The same token until the worker knows of everything.
    for _ in range(60):
        found = ann.sync(first["next_batch"], timeout=200, filter=limit, **{parameter: "true"})
        entry = joined(found, room)
        if entry and entry["timeline"]["events"][-1]["content"].get("topic") == "new":
            break
    assert entry["timeline"]["limited"] and "state" not in entry
    assert sorted(tuple(one["content"].items())[0] for one in entry[key]["events"]) == [
        ("name", "in the gap"), ("topic", "new")]


def test_state_after_is_there_even_when_empty(people, room):
    ann = people[0]
    since = now(ann, room)
    ann.send(room, "x")
    found = ann.sync_until(lambda found: joined(found, room), since, use_state_after="true")
    assert joined(found, room)["state_after"] == {"events": []}


# ---- rooms outside --------------------------------------------------------------------------

@pytest.mark.parametrize("end", ["accept", "refuse", "withdraw"])
def test_a_knock(people, end):
    ann, _, cid = people
    room = ann.create_room(name="Lobby", initial_state=[
        {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}])
    since = cid.sync()["next_batch"]
    cid.post(f"/knock/{quote(room)}", {"reason": "please"})
    found = cid.sync_until(lambda found: room in found.get("rooms", {}).get("knock", {}), since)
    events = found["rooms"]["knock"][room]["knock_state"]["events"]
    assert {("m.room.create", ""), ("m.room.join_rules", ""), ("m.room.name", ""),
            ("m.room.member", cid.id)} <= keys(events)
    assert all(set(one) == {"type", "state_key", "sender", "content"} for one in events)
    if end == "accept":
        ann.act("invite", room, cid)
    elif end == "refuse":
        ann.act("kick", room, cid)
    else:
        cid.act("leave", room)
    section = "invite" if end == "accept" else "leave"
    cid.sync_until(lambda found: room in found.get("rooms", {}).get(section, {}),
                   found["next_batch"])
    assert room not in cid.sync().get("rooms", {}).get("knock", {})


def test_invites_have_the_create_event(people):
    ann, ben, _ = people
    room = ann.create_room(invite=[ben.id])
    found = ben.sync_until(lambda found: room in found.get("rooms", {}).get("invite", {}), None)
    state = found["rooms"]["invite"][room]["invite_state"]["events"]
    assert ("m.room.create", "") in keys(state)


def test_who_was_banned_is_told_at_first(people, room):
    ann, ben, _ = people
    ann.act("ban", room, ben)
    found = ben.sync_until(lambda found: room in found.get("rooms", {}).get("leave", {}), None)
    own = [one for one in timeline(found, room, "leave") if one.get("state_key") == ben.id]
    assert own[-1]["content"]["membership"] == "ban"


# ---- filters --------------------------------------------------------------------------------

def test_event_fields(people, room):
    ann = people[0]
    wanted = {"event_fields": ["type", "content.body", "content.m\\.odd.in", "unsigned.age"],
              "room": {"timeline": {"limit": 1}}}
    ann.put(ann.room(room, "send", "m.room.message", unique("t")), {
        "msgtype": "m.text", "body": "hi", "m.odd": {"in": 1, "out": 2}})
    kept = ann.post(f"/user/{quote(ann.id)}/filter", wanted)["filter_id"]
    for by in (json.dumps(wanted), kept):
        found = ann.sync_until(lambda found: [
            one for one in timeline(found, room) if one["type"] == "m.room.message"], None,
            filter=by)
        event = timeline(found, room)[-1]
        assert set(event["unsigned"]) == {"age"}
        assert event["content"] == {"body": "hi", "m.odd": {"in": 1}}
        assert not any(one["content"] for one in joined(found, room)["state"]["events"])


def test_the_format_of_servers(people, room):
    ann = people[0]
    found = mark(ann, room, filter=json.dumps({"event_format": "federation"}))
    event = timeline(found, room)[-1]
    assert {"auth_events", "prev_events", "hashes", "signatures", "depth", "room_id",
            "event_id"} <= set(event)
    assert "age" in event["unsigned"]


def test_what_belongs_to_events(people, room):
    ann, ben, _ = people
    roots = [ann.send(room, text) for text in ("one", "two", "three")]
    kinds = ((ben, "m.thread"), (ann, "m.reference"))
    for (sender, kind), root in zip(kinds, roots):
        sender.put(sender.room(room, "send", "m.room.message", unique("t")), {
            "msgtype": "m.text", "body": kind,
            "m.relates_to": {"rel_type": kind, "event_id": root}})
    mark(ann, room)

    def told(**wanted):
        found = ann.sync(filter=json.dumps({"room": {"timeline": wanted}}))
        return bodies(timeline(found, room))
    for wanted, expected in (
            ({"related_by_rel_types": ["m.thread"]}, ["one"]),
            ({"related_by_senders": [ann.id]}, ["two"]),
            ({"related_by_senders": [ann.id], "related_by_rel_types": ["m.thread"]}, [])):
        # Each worker in turn comes to know of everything.
        until(lambda: told(**wanted) == expected, NEWS_SECONDS, f"{wanted} gives {expected}")


def test_types_with_wildcards_and_urls(server, people, room):
    ann = people[0].through(type(server.api)([server.entries[-1]]))
    since = now(ann, room)
    ann.put(ann.room(room, "send", "x.file", "u1"), {"body": "with", "url": "mxc://a/b"})
    ann.send(room, "without", kind="x.text")
    ann.send(room, "other", kind="y.text")
    mark(ann, room, since)  # from now on this worker knows of everything

    def kept(**conditions):
        found = ann.sync(since, filter=json.dumps({"room": {"timeline": conditions}}))
        return [one["content"]["body"] for one in timeline(found, room)
                if one["type"] != "m.room.message"]

    assert kept(types=["x.*"]) == ["with", "without"]
    assert kept(types=["*.text"], not_types=["y*"]) == ["without"]
    assert kept(contains_url=True) == ["with"]
    assert kept(contains_url=False, types=["x.*"]) == ["without"]
    assert not kept(rooms=["!other:example.org"])


def test_state_can_be_filtered(people, room):
    ann = people[0]
    by = json.dumps({"room": {"state": {"types": ["m.room.n*"]}, "timeline": {"limit": 1}}})
    found = mark(ann, room, filter=by)
    assert keys(joined(found, room)["state"]["events"]) == {("m.room.name", "")}


def test_account_data_can_be_filtered(people, room):
    ann = people[0]
    for kind in ("a.one", "b.two"):
        ann.put(f"/user/{quote(ann.id)}/account_data/{kind}", {"v": kind})
        ann.put(f"/user/{quote(ann.id)}/rooms/{quote(room)}/account_data/{kind}", {"v": kind})

    def types(by):
        found = ann.sync(filter=json.dumps(by))
        every = ([one["type"] for one in found.get("account_data", {}).get("events", [])],
                 [one["type"] for one in joined(found, room)["account_data"]["events"]])
        return every if "b.two" in every[1] else None

    def told(by):
        return until(lambda: types(by), 10, "the worker knows of the last account data")

    everything = told({})
    assert {"a.one", "b.two"} <= set(everything[0]) and set(everything[1]) == {"a.one", "b.two"}
    chosen = told({"account_data": {"types": ["a.*"]}, "room": {
        "account_data": {"not_types": ["a.*"]}}})
    assert chosen == (["a.one"], ["b.two"])


def test_redundant_members(server, people, room):
    """Nobody is told twice on one worker, and nobody is missed on many."""
    ann, ben, _ = people

    def told_in_turn(api, redundant):
        reader = ann.through(api)
        by = json.dumps({"room": {"timeline": {"limit": 1}, "state": {
            "lazy_load_members": True, "include_redundant_members": redundant}}})
        since = reader.sync_until(
            lambda found: joined(found, room), None, filter=by)["next_batch"]
        turns = []
        for number in range(3):
            ben.send(room, unique("b"))
            found = reader.sync_until(lambda found: joined(found, room), since, filter=by)
            since = found["next_batch"]
            turns.append((("m.room.member", ben.id) in keys(
                joined(found, room)["state"]["events"])))
        return turns

    one_worker = type(server.api)([server.entries[-1]])
    ann.send(room, "the last is not Ben's")
    assert told_in_turn(one_worker, True) == [True, True, True]
    assert told_in_turn(one_worker, False)[1:] == [False, False]


@pytest.mark.parametrize("wrong", [
    "[]", "{", '{"room":[]}', '{"room":{"rooms":"!a:b"}}', '{"room":{"rooms":["no room"]}}',
    '{"room":{"timeline":{"limit":-1}}}', '{"room":{"timeline":{"limit":"5"}}}',
    '{"room":{"timeline":{"senders":["nobody"]}}}', '{"room":{"state":{"types":[1]}}}',
    '{"room":{"state":{"lazy_load_members":"yes"}}}', '{"event_format":"xml"}',
    '{"event_fields":"type"}', '{"presence":{"not_senders":[{}]}}', '{"account_data":1}',
    '{"room":{"ephemeral":{"types":[%s]}}}' % ",".join(f'"{n}*"' for n in range(101)),
    '{"room":{"timeline":{"types":["%s"]}}}' % ("*" + "a" * 4200),
])
def test_bad_filters(people, wrong):
    ann = people[0]
    for method, path, body, query in (
            ("GET", "/sync", None, {"filter": wrong}),
            ("POST", f"/user/{quote(ann.id)}/filter", wrong, {})):
        answer = ann.api.raw(
            method, CLIENT + path + ("?filter=" + quote(query["filter"]) if query else ""),
            body and body.encode(), {"Authorization": f"Bearer {ann.token}"})
        if query and not wrong.startswith("{"):
            assert (answer.status, answer.errcode) == (400, "M_INVALID_PARAM")
            continue
        assert answer.status == 400, answer
        assert answer.errcode in ("M_BAD_JSON", "M_NOT_JSON"), answer
        assert answer.json["error"], "an error says what is wrong"


# ---- the same request again -----------------------------------------------------------------

def test_a_repeated_request_gets_the_same_answer(server, people, room):
    ann = people[0]
    since = now(ann, room)
    worker = server.entries[-1]
    path = f"{CLIENT}/sync?timeout=20000&since={quote(since)}"
    answers = []

    def ask():
        answers.append(ann.api.raw(
            "GET", path, headers={"Authorization": f"Bearer {ann.token}"}, url=worker))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    ann.send(room, "news")
    for thread in threads:
        thread.join()
    assert [one.status for one in answers] == [200] * 3
    assert {tuple(bodies(timeline(one.json, room))) for one in answers} == {("news",)}


def test_full_state_does_not_wait(people):
    ann = people[0]
    since = ann.sync()["next_batch"]
    began = time.monotonic()
    ann.sync(since, timeout=30000, full_state="true")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("token", ["s", "t12", "x", "s-1", "s1_x", "s1~2", "s99999999999999999999"])
def test_malformed_tokens(people, token):
    ann = people[0]
    ann.refused(400, "M_INVALID_PARAM", "GET", "/sync", since=token)
