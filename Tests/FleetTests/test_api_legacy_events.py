"""The endpoints from before /sync: /initialSync and the event stream, which go on from one
another and from /sync, through whatever worker."""
import threading

import pytest

from support.api import CLIENT, bodies, joined, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet+presence", "monolith+presence")
PEOPLE = ("ann", "ben")


@pytest.fixture
def room(people):
    room = people[0].create_room(preset="public_chat", name="Den")
    people[1].act("join", room)
    return room


def stream_until(user, condition, start, tries=40, **query):
    """All events that the stream gives until one fulfils the condition -> (events, its end)."""
    events = []
    for _ in range(tries):
        answer = user.get("/events", **{"from": start}, timeout=500, **query)
        assert answer["start"] == start
        events += answer["chunk"]
        start = answer["end"]
        if any(condition(one) for one in answer["chunk"]):
            return events, start
    raise AssertionError("the awaited event never came down /events")


def is_message(text):
    return lambda one: one["type"] == "m.room.message" and one["content"]["body"] == text


def told_room(answer, room):
    return next(one for one in answer["rooms"] if one["room_id"] == room)


def types(events):
    return [one["type"] for one in events]


def test_the_first_state_and_what_follows(people, room):
    ann, ben = people
    for text in ("one", "two", "three"):
        ben.send(room, text)
    ann.sync_until(lambda found: bodies(joined(found, room)["timeline"]["events"])[-1:] == [
        "three"] if joined(found, room) else False, None)
    answer = ann.get("/initialSync", limit=2)
    told = told_room(answer, room)
    assert told["membership"] == "join" and told["visibility"] == "private"
    chunk = told["messages"]["chunk"]
    assert bodies(chunk) == ["two", "three"]
    assert all(one["room_id"] == room and one["user_id"] == one["sender"] for one in chunk)
    assert chunk[0]["age"] >= 0
    names = [one for one in told["state"] if one["type"] == "m.room.name"]
    assert [one["content"]["name"] for one in names] == ["Den"]
    earlier = ann.messages(room, "b", **{"from": told["messages"]["start"]}, limit=1)
    assert bodies(earlier["chunk"]) == ["one"]
    ben.send(room, "four")
    events, end = stream_until(ann, is_message("four"), answer["end"])
    assert bodies(events) == ["four"], "nothing is told twice"
    found = ann.sync(answer["end"])
    assert bodies(joined(found, room)["timeline"]["events"]) == ["four"], "tokens fit /sync"
    ben.send(room, "five")
    events, _ = stream_until(ann, is_message("five"), end)
    assert bodies(events) == ["five"]


def test_the_stream_waits(people, room):
    ann, ben = people
    start = ann.get("/initialSync")["end"]
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(
        ann.get("/events", **{"from": start}, timeout=20_000)))
    waiting.start()
    ben.send(room, "hello")
    waiting.join(25)
    assert len(answers) == 1
    if "m.room.message" not in types(answers[0]["chunk"]):  # something else was there before
        stream_until(ann, is_message("hello"), answers[0]["end"])


def test_the_stream_begins_now_where_nothing_is_said(people, room):
    ann, ben = people
    ben.send(room, "past")
    ann.sync_until(
        lambda found: "past" in bodies(joined(found, room).get("timeline", {}).get("events", [])),
        None)
    answer = ann.get("/events", timeout=0)
    assert "past" not in bodies(answer["chunk"]) and answer["start"]
    ben.send(room, "present")
    events, _ = stream_until(ann, is_message("present"), answer["end"])
    assert "past" not in bodies(events)


def test_typing_receipts_tags_and_presence(people, room):
    ann, ben = people
    event = ann.send(room, "read me")
    start = ann.get("/initialSync")["end"]
    ben.put(f"/rooms/{quote(room)}/typing/{quote(ben.id)}", {"typing": True, "timeout": 30000})
    events, _ = stream_until(ann, lambda one: one["type"] == "m.typing", start)
    typing = next(one for one in events if one["type"] == "m.typing")
    assert typing["room_id"] == room and typing["content"]["user_ids"] == [ben.id]
    ben.post(ben.room(room, "receipt", "m.read", quote(event)))
    events, _ = stream_until(ann, lambda one: one["type"] == "m.receipt", start)
    receipt = next(one for one in events if one["type"] == "m.receipt")
    assert receipt["room_id"] == room and ben.id in receipt["content"][event]["m.read"]
    ann.put(f"/user/{quote(ann.id)}/rooms/{quote(room)}/tags/work", {})
    events, _ = stream_until(ann, lambda one: one["type"] == "m.tag", start)
    assert next(one for one in events if one["type"] == "m.tag")["room_id"] == room
    ben.put(f"/presence/{quote(ben.id)}/status",
            {"presence": "unavailable", "status_msg": "tea"})
    events, _ = stream_until(
        ann, lambda one: one["type"] == "m.presence" and one["content"].get("status_msg"), start)
    told = [one["content"] for one in events if one["type"] == "m.presence"][-1]
    assert told["user_id"] == ben.id and told["presence"] == "unavailable"
    answer = ann.get("/initialSync")
    assert [one["content"]["presence"] for one in answer["presence"]
            if one["content"]["user_id"] == ben.id] == ["unavailable"]
    assert [one["content"] for one in answer["receipts"] if one["room_id"] == room]
    assert types(told_room(answer, room)["account_data"]) == ["m.tag"]


def test_invitations_joins_and_departures(people):
    ann, ben = people
    start = ben.get("/initialSync")["end"]
    room = ann.create_room(invite=[ben.id], name="Cellar")

    def is_own(membership):
        return lambda one: (one["type"] == "m.room.member" and one["state_key"] == ben.id
                            and one["content"]["membership"] == membership)

    events, end = stream_until(ben, is_own("invite"), start)
    invitation = next(one for one in events if is_own("invite")(one))
    assert invitation["room_id"] == room and invitation["sender"] == ann.id
    assert invitation["event_id"].startswith("$")
    told = told_room(ben.get("/initialSync"), room)
    assert told["membership"] == "invite" and told["inviter"] == ann.id
    assert told["invite"]["state_key"] == ben.id
    ben.act("join", room)
    events, end = stream_until(ben, is_own("join"), end)
    assert "m.room.create" not in types(events), "what was before the join is no news"
    ben.act("leave", room)
    events, end = stream_until(ben, is_own("leave"), end)
    assert room not in [one["room_id"] for one in ben.get("/initialSync")["rooms"]]
    told = told_room(ben.get("/initialSync", archived="true"), room)
    assert told["membership"] == "leave" and "m.room.name" in types(told["state"])


def test_one_room(people, room):
    ann, ben = people
    ben.put(f"/presence/{quote(ben.id)}/status", {"presence": "online"})
    ben.send(room, "hi")
    ann.sync_until(
        lambda found: "hi" in bodies(joined(found, room).get("timeline", {}).get("events", [])),
        None)
    told = ann.get(ann.room(room, "initialSync"), limit=1)
    assert told["room_id"] == room and told["membership"] == "join"
    assert bodies(told["messages"]["chunk"]) == ["hi"]
    assert {one["state_key"] for one in told["state"] if one["type"] == "m.room.member"} == {
        ann.id, ben.id}
    assert ben.id in {one["content"]["user_id"] for one in told["presence"]}
    ben.act("leave", room)
    ann.send(room, "after")
    told = ben.get(ben.room(room, "initialSync"))
    assert told["membership"] == "leave" and "after" not in bodies(told["messages"]["chunk"])


def test_peeking(server, people):
    ann, _ = people
    cid = server.rotating.register(unique("cid"))
    room = ann.create_room(preset="public_chat", initial_state=[{
        "type": "m.room.history_visibility", "state_key": "",
        "content": {"history_visibility": "world_readable"}}])
    ann.send(room, "for all")
    told = cid.get(cid.room(room, "initialSync"))
    assert told["room_id"] == room and "membership" not in told
    assert bodies(told["messages"]["chunk"]) == ["for all"]
    assert "m.room.create" in types(told["state"])
    start = told["messages"]["end"]
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(
        cid.get("/events", **{"from": start}, timeout=20_000, room_id=room)))
    waiting.start()
    ann.send(room, "and more")
    waiting.join(25)
    assert [bodies(one["chunk"]) for one in answers] == [["and more"]]
    assert answers[0]["chunk"][0]["room_id"] == room
    empty = cid.get("/events", **{"from": answers[0]["end"]}, timeout=0, room_id=room)
    assert empty["chunk"] == [] and empty["end"] == answers[0]["end"]
    hidden = ann.create_room()
    cid.refused(403, "M_FORBIDDEN", "GET", "/events", timeout=0, room_id=hidden)
    cid.refused(403, "M_FORBIDDEN", "GET", cid.room(hidden, "initialSync"))


def test_the_stream_of_one_room(people, room):
    ann, _ = people
    other = ann.create_room()
    start = ann.get("/initialSync")["end"]
    ann.send(other, "elsewhere")
    ann.send(room, "here")
    events, _ = stream_until(ann, is_message("here"), start, room_id=room)
    assert bodies(events) == ["here"]


def test_a_single_event(server, people, room):
    ann, ben = people
    event = ann.send(room, "look")
    found = ben.get(f"/events/{quote(event)}")
    assert found["content"]["body"] == "look" and found["room_id"] == room
    cid = server.rotating.register(unique("cid"))
    hidden = ann.send(ann.create_room(), "secret")
    cid.refused(404, "M_NOT_FOUND", "GET", f"/events/{quote(hidden)}")
    cid.refused(404, "M_NOT_FOUND", "GET", "/events/%24nothing")


def test_older_names_answer(people, room):
    ann, _ = people
    token = {"Authorization": f"Bearer {ann.token}"}
    for path in ("/events?timeout=0", "/initialSync", f"/rooms/{quote(room)}/initialSync"):
        assert ann.api.raw("GET", f"/_matrix/client/r0{path}", headers=token).status == 200


@pytest.mark.parametrize("path, query", [
    ("/events", {"from": "nonsense"}), ("/events", {"timeout": "soon"}),
    ("/events", {"timeout": 0, "room_id": "nowhere"}), ("/initialSync", {"limit": "-1"}),
    ("/initialSync", {"archived": "maybe"}), ("/rooms/nowhere/initialSync", {}),
])
def test_bad_parameters(people, path, query):
    people[0].refused(400, "M_INVALID_PARAM", "GET", path, **query)


def test_guests_and_strangers(server):
    server.rotating.refused(401, "M_MISSING_TOKEN", "GET", CLIENT + "/events")
    server.rotating.refused(401, "M_MISSING_TOKEN", "GET", CLIENT + "/initialSync")
