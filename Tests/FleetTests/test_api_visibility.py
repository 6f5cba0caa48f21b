"""What of a room's past its later, former and never members are told, through every way in."""
import json

import pytest

from support.api import PASSWORD, bodies, joined, quote, timeline
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")


def make_room(user, visibility):
    return user.create_room(preset="public_chat", initial_state=[
        {"type": "m.room.history_visibility", "state_key": "",
         "content": {"history_visibility": visibility}}])


def set_visibility(user, room, visibility):
    user.set_state(room, "m.room.history_visibility", {"history_visibility": visibility})


def synced(user, room, last, since=None, kind="join", **query):
    """The room's entry in the first answer that holds the event `last`."""
    response = user.sync_until(lambda found: last in [
        one["event_id"] for one in timeline(found, room, kind)], since, **query)
    return response["rooms"][kind][room]


def states(entry):
    """{(type, state key): content} that a client has after the entry."""
    events = entry.get("state", {}).get("events", []) + entry["timeline"]["events"]
    return {(one["type"], one["state_key"]): one["content"] for one in events
            if "state_key" in one}


@pytest.mark.parametrize("visibility, sees", [
    ("shared", True), ("world_readable", True), ("invited", False), ("joined", False)])
@pytest.mark.parametrize("is_first_sync", [True, False])
def test_a_room_that_one_joins(people, visibility, sees, is_first_sync):
    ann, ben, _ = people
    room = make_room(ann, visibility)
    ann.send(room, "before")
    ann.set_state(room, "m.room.topic", {"topic": "of before"})
    since = None if is_first_sync else ben.sync()["next_batch"]
    ben.act("join", room)
    last = ann.send(room, "after")
    entry = synced(ben, room, last, since, filter='{"room":{"timeline":{"limit":50}}}')
    assert bodies(entry["timeline"]["events"]) == (["before", "after"] if sees else ["after"])
    known = states(entry)
    assert known["m.room.topic", ""] == {"topic": "of before"}, "state is there in any case"
    assert known["m.room.member", ben.id]["membership"] == "join"


@pytest.mark.parametrize("visibility", ["shared", "invited", "joined"])
def test_events_tell_the_membership_of_their_reader(people, visibility):
    """As it was after each of them, through every way in."""
    ann, ben, _ = people
    room = make_room(ann, visibility)
    since = ben.sync()["next_batch"]
    ids, expected = {}, {}
    for name, act, membership in (
            ("before", None, "leave"), ("invited", "invite", "invite"), ("here", "join", "join")):
        if act == "invite":
            ann.act(act, room, ben)
        elif act:
            ben.act(act, room)
        ids[name], expected[name] = ann.send(room, name), membership
    if visibility != "shared":
        del expected["before"]
    if visibility == "joined":
        del expected["invited"]

    def told(events):
        return {one["content"]["body"]: one["unsigned"]["membership"] for one in events
                if "body" in one["content"]}
    every = json.dumps({"room": {"timeline": {"limit": 50}}})
    for start in (None, since):
        entry = synced(ben, room, ids["here"], start, filter=every)
        assert told(entry["timeline"]["events"]) == expected
        own = [one["unsigned"]["membership"] for one in entry["timeline"]["events"]
               if one.get("state_key") == ben.id]
        assert own == (["join"] if visibility == "joined" else ["invite", "join"])
    assert told(ben.history(room)) == expected
    context = ben.get(ben.room(room, "context", quote(ids["here"])), limit=50)
    assert told([context["event"], *context["events_before"]]) == expected
    for name, membership in expected.items():
        event = ben.get(ben.room(room, "event", quote(ids[name])))
        assert event["unsigned"]["membership"] == membership
    ben.act("leave", room)
    entry = ben.sync_until(lambda found: timeline(found, room, "leave"), since, filter=every)
    assert timeline(entry, room, "leave")[-1]["unsigned"]["membership"] == "leave"


def relate(user, room, parent, kind, text):
    return user.put(user.room(room, "send", "m.room.message", unique("t")), {
        "msgtype": "m.text", "body": text, "m.new_content": {"msgtype": "m.text", "body": text},
        "m.relates_to": {"rel_type": kind, "event_id": parent}})["event_id"]


def test_what_the_erased_have_sent(server, people):
    """Later members see that there was something, through every way in, and nothing of it."""
    ann, ben, _ = people
    secret = unique("secret")
    room = make_room(ben, "shared")
    ann.act("join", room)
    sent = ann.send(room, secret)
    relate(ann, room, sent, "m.replace", secret)
    root = ben.send(room, "root")
    relate(ann, room, root, "m.thread", secret)
    ann.post("/account/deactivate", {"erase": True, "auth": {
        "type": "m.login.password", "password": PASSWORD,
        "identifier": {"type": "m.id.user", "user": ann.id}}})
    dan = server.rotating.register(unique("dan"))
    since = dan.sync()["next_batch"]
    dan.act("join", room)
    last = ben.send(room, "last")
    every = json.dumps({"room": {"timeline": {"limit": 50}}})

    def ways(user, *starts):
        yield from (synced(user, room, last, start, filter=every)["timeline"]["events"]
                    for start in starts)
        yield user.messages(room, limit=50)["chunk"]
        yield [user.get(user.room(room, "event", quote(one))) for one in (sent, root)]
        around = user.get(user.room(room, "context", quote(root)), limit=20)
        yield [around["event"], *around["events_before"], *around["events_after"]]
        for path in ("relations/" + quote(root), "relations/" + quote(sent), "threads"):
            yield user.api.call("GET", f"/_matrix/client/v1{user.room(room, path)}",
                                token=user.token)["chunk"]
    for events in ways(dan, None, since):
        assert events and secret not in json.dumps(events)
    told = {one["event_id"]: one for one in dan.messages(room, limit=50)["chunk"]}
    assert told[sent]["content"] == {} and told[sent]["sender"] == ann.id
    assert told[root]["unsigned"]["m.relations"]["m.thread"]["latest_event"]["content"] == {}
    for events in ways(ben, None):
        assert secret in json.dumps(events)


def test_a_long_past_that_is_hidden(people):
    """More than a worker remembers of a room."""
    ann, ben, _ = people
    room = make_room(ann, "joined")
    for n in range(40):
        ann.send(room, f"hidden {n}")
    ben.act("join", room)
    last = ann.send(room, "shown")
    entry = synced(ben, room, last)
    assert bodies(entry["timeline"]["events"]) == ["shown"]
    assert bodies(ben.history(room)) == ["shown"]
    assert ("m.room.create", "") in states(entry)


def test_a_stay_between_two_absences(people):
    ann, ben, _ = people
    room = make_room(ann, "joined")
    ben.act("join", room)
    mark = ann.send(room, "first stay")
    since = ben.sync_until(lambda found: mark in [
        one["event_id"] for one in timeline(found, room)], None)["next_batch"]
    ben.act("leave", room)
    hidden = ann.send(room, "absent")
    ann.set_state(room, "m.room.name", {"name": "while absent"})
    ben.act("join", room)
    last = ann.send(room, "second stay")
    entry = synced(ben, room, last, since)
    assert "absent" not in bodies(entry["timeline"]["events"])
    assert states(entry)["m.room.name", ""] == {"name": "while absent"}
    assert bodies(ben.history(room)) == ["first stay", "second stay"]
    ben.refused(404, "M_NOT_FOUND", "GET", ben.room(room, "event", quote(hidden)))
    ben.refused(404, "M_NOT_FOUND", "GET", ben.room(room, "context", quote(hidden)))


def test_from_the_invitation_on(people):
    ann, ben, _ = people
    room = make_room(ann, "invited")
    ann.send(room, "before")
    ann.act("invite", room, ben)
    between = ann.send(room, "between")
    ben.refused(403, "M_FORBIDDEN", "GET", ben.room(room, "messages"), dir="b")
    ben.refused(404, "M_NOT_FOUND", "GET", ben.room(room, "event", quote(between)))
    ben.act("join", room)
    last = ann.send(room, "after")
    assert bodies(ben.history(room)) == ["between", "after"]
    entry = synced(ben, room, last)
    assert bodies(entry["timeline"]["events"]) == ["between", "after"]


def test_a_change_is_for_the_future(people):
    ann, ben, cid = people
    room = make_room(ann, "joined")
    ann.send(room, "closed")
    set_visibility(ann, room, "world_readable")
    ann.send(room, "open")
    assert bodies(cid.history(room)) == ["open"], "a stranger reads what was open"
    set_visibility(ann, room, "joined")
    ann.send(room, "closed again")
    cid.refused(403, "M_FORBIDDEN", "GET", cid.room(room, "messages"), dir="b")
    ben.act("join", room)
    assert bodies(ben.history(room)) == ["open"]
    changes = [one["content"]["history_visibility"] for one in ben.history(room)
               if one["type"] == "m.room.history_visibility"]
    assert changes[-2:] == ["world_readable", "joined"], "both ends of the open time"


@pytest.mark.parametrize("is_first_sync", [True, False])
def test_a_ban_after_leaving_shows_nothing_more(people, is_first_sync):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat")
    ben.act("join", room)
    mark = ann.send(room, "while there")
    since = None if is_first_sync else ben.sync_until(lambda found: mark in [
        one["event_id"] for one in timeline(found, room)], None)["next_batch"]
    ben.act("leave", room)
    ann.send(room, "once gone")
    ann.set_state(room, "m.room.name", {"name": "once gone"})
    ann.act("ban", room, ben)
    wanted = json.dumps({"room": {"include_leave": True}})

    def is_banned(found):
        own = [one for one in timeline(found, room, "leave") if one.get("state_key") == ben.id]
        return own and own[-1]["content"]["membership"] == "ban"

    entry = ben.sync_until(is_banned, since, filter=wanted)["rooms"]["leave"][room]
    assert "once gone" not in bodies(entry["timeline"]["events"])
    assert ("m.room.name", "") not in states(entry)
    assert not joined(ben.sync(filter=wanted), room)


def test_a_declined_invitation_shows_nothing(people):
    ann, ben, _ = people
    room = ann.create_room(preset="private_chat", name="Secret")
    ann.send(room, "secret")
    ann.act("invite", room, ben)
    ben.act("leave", room)
    wanted = json.dumps({"room": {"include_leave": True}})
    response = ben.sync_until(
        lambda found: room in found.get("rooms", {}).get("leave", {}), None, filter=wanted)
    entry = response["rooms"]["leave"][room]
    assert set(states(entry)) == {("m.room.member", ben.id)}
    assert not bodies(entry["timeline"]["events"])


# ---- filters -------------------------------------------------------------------------------

def test_a_filtered_gap_is_filled_exactly(people):
    ann, ben, _ = people
    room = ann.create_room(preset="public_chat")
    ben.act("join", room)
    since = ann.sync()["next_batch"]
    sent = []
    for n in range(60):
        user = ben if n % 5 == 0 else ann
        user.send(room, f"m{n}")
        if user is ben:
            sent.append(f"m{n}")
    last = ben.send(room, "last")
    only_ben = {"senders": [ben.id], "types": ["m.room.message"]}
    entry = synced(ann, room, last, since, filter=json.dumps(
        {"room": {"timeline": only_ben | {"limit": 4}}}))
    gap, start = [], entry["timeline"]["prev_batch"]
    while start:
        page = ann.messages(room, "b", filter=json.dumps(only_ben),
                            **{"from": start, "to": since, "limit": 3})
        gap += page["chunk"]
        start = page.get("end")
    assert entry["timeline"]["limited"] is True
    assert bodies(gap[::-1]) + bodies(entry["timeline"]["events"]) == [*sent, "last"]


def test_state_that_the_timeline_filter_drops(people):
    ann = people[0]
    room = ann.create_room(preset="public_chat")
    only_messages = json.dumps({"room": {"timeline": {"types": ["m.room.message"]}}})
    first = synced(ann, room, ann.send(room, "hello"), None, filter=only_messages)
    assert ("m.room.create", "") in states(first)
    since = ann.sync(filter=only_messages)["next_batch"]
    ann.set_state(room, "m.room.topic", {"topic": "new"})
    last = ann.send(room, "and now")
    response = ann.sync_until(lambda found: last in [
        one["event_id"] for one in timeline(found, room)], since, filter=only_messages)
    entry = joined(response, room)
    assert [one["type"] for one in entry["timeline"]["events"]] == ["m.room.message"]
    topics = [one["content"]["topic"] for one in entry["state"]["events"]
              if one["type"] == "m.room.topic"]
    assert topics in (["new"], []), "it may have come in an answer of its own"
    assert ann.state(room, "m.room.topic") == {"topic": "new"}


def test_a_state_filter(people):
    ann = people[0]
    room = ann.create_room(preset="public_chat", name="The room")
    only_name = json.dumps({"room": {
        "state": {"types": ["m.room.name"]}, "timeline": {"types": ["m.room.message"]}}})
    entry = synced(ann, room, ann.send(room, "hello"), None, filter=only_name)
    assert [one["type"] for one in entry["state"]["events"]] == ["m.room.name"]


def test_a_poll_sleeps_through_what_is_filtered(people):
    ann, ben, _ = people
    room = ann.create_room(preset="public_chat")
    ben.act("join", room)
    only_topics = json.dumps({"room": {"timeline": {"types": ["m.room.topic"]}}})
    since = ann.sync_until(lambda found: ben.id in json.dumps(joined(found, room)), None)[
        "next_batch"]
    for n in range(3):
        ben.send(room, f"m{n}")
    response = ann.sync(since, timeout=300, filter=only_topics)
    assert not joined(response, room)
    ann.set_state(room, "m.room.topic", {"topic": "at last"})
    found = ann.sync_until(lambda found: joined(found, room), response["next_batch"],
                           filter=only_topics)
    assert [one["type"] for one in timeline(found, room)] == ["m.room.topic"]


@pytest.mark.parametrize("part", [
    {"types": "m.room.message"}, {"senders": [7]}, {"limit": "many"}, {"contains_url": 1},
    {"not_types": ["*"] * 200}])
def test_bad_filters(people, part):
    ann = people[0]
    room = ann.create_room()
    ann.refused(400, "M_BAD_JSON", "GET", ann.room(room, "messages"), dir="b",
                filter=json.dumps(part))
    path = f"/user/{quote(ann.id)}/filter"
    for place in ("timeline", "state"):
        ann.refused(400, "M_BAD_JSON", "POST", path, {"room": {place: part}})
