"""Pages of history with filters, members and state at a place, moments, and reports."""
import itertools
import json
import time

import pytest

from support.api import bodies, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
V1 = "/_matrix/client/v1"
COUNT = itertools.count(1)


def send(user, room, content, kind="m.room.message"):
    return user.put(user.room(room, "send", kind, f"h{next(COUNT)}"), content)["event_id"]


def ids(events):
    return [one["event_id"] for one in events]


def page(user, room, direction="b", **query):
    if "filter" in query:
        query["filter"] = json.dumps(query["filter"])
    return user.messages(room, direction, **query)


def all_pages(user, room, direction, limit, filter=None, **query):
    found = []
    query = {"limit": limit, **query, **({"filter": filter} if filter else {})}
    for _ in range(200):
        answer = page(user, room, direction, **query)
        assert len(answer["chunk"]) <= limit
        found += answer["chunk"]
        if "end" not in answer:
            return found
        query["from"] = answer["end"]
    raise AssertionError("the pages do not end")


# ---- filters ----------------------------------------------------------------------------------

@pytest.fixture
def mixed(people, room):
    """{name: event} of a room with events of several kinds by two people."""
    ann, ben, _ = people
    return {
        "text": ann.send(room, "text"),
        "image": send(ann, room, {"msgtype": "m.image", "body": "i", "url": "mxc://a/b"}),
        "sticker": send(ben, room, {"body": "s", "url": "mxc://a/b"}, "m.sticker"),
        "other": send(ben, room, {"body": "o"}, "org.example.other"),
        "reply": ben.send(room, "reply"),
    }


@pytest.mark.parametrize("filter, names", [
    ({"types": ["m.room.message"]}, ["text", "image", "reply"]),
    ({"types": ["m.*"], "not_types": ["m.room.*"]}, ["sticker"]),
    ({"types": ["org.*", "m.sticker"]}, ["sticker", "other"]),
    ({"types": []}, []),
    ({"types": ["m.room.message"], "contains_url": True}, ["image"]),
    ({"contains_url": True}, ["image", "sticker"]),
    ({"types": ["m.room.message"], "contains_url": False}, ["text", "reply"]),
    ({"not_types": ["m.room.*", "m.sticker"]}, ["other"])])
@pytest.mark.parametrize("limit", [1, 50])
def test_filters_of_types(people, room, mixed, filter, names, limit):
    wanted = [mixed[name] for name in names]
    found = all_pages(people[0], room, "b", limit, filter)
    assert ids(found) == wanted[::-1]
    assert ids(page(people[0], room, "f", limit=50, filter=filter)["chunk"]) == wanted
    around = people[0].get(people[0].room(room, "context", quote(mixed["sticker"])), limit=40,
                           filter=json.dumps(filter))
    assert around["event"]["event_id"] == mixed["sticker"], "the filter is not for the event itself"
    told = ids(around["events_before"][::-1] + around["events_after"])
    assert told == [one for one in wanted if one != mixed["sticker"]]


def test_filters_of_senders_and_rooms(people, room, mixed):
    ann, ben, _ = people
    messages = {"types": ["m.room.message"]}

    def names(**filter):
        found = ids(page(ann, room, "f", limit=50, filter={**messages, **filter})["chunk"])
        return [name for name, one in mixed.items() if one in found]
    assert names(senders=[ben.id]) == ["reply"]
    assert names(not_senders=[ben.id]) == ["text", "image"]
    assert names(senders=[ben.id], not_senders=[ben.id]) == []
    assert names(rooms=[room]) == ["text", "image", "reply"]
    assert names(rooms=["!other:fleet.test"]) == []
    assert names(not_rooms=[room]) == []
    assert len(page(ann, room, limit=50, filter={"limit": 2})["chunk"]) == 2


def relate(user, room, parent, rel_type):
    return send(user, room, {"msgtype": "m.text", "body": rel_type, "m.relates_to": {
        "rel_type": rel_type, "event_id": parent, "key": "+"}})


@pytest.mark.parametrize("limit", [1, 50])
def test_filters_of_what_belongs_to_events(people, room, mixed, limit):
    ann, ben, _ = people
    relate(ben, room, mixed["text"], "m.thread")
    relate(ann, room, mixed["image"], "m.reference")
    relate(ann, room, mixed["text"], "m.reference")

    def names(**filter):
        found = ids(all_pages(ann, room, "b", limit, filter))
        return [name for name, one in mixed.items() if one in found]
    assert names(related_by_rel_types=["m.thread"]) == ["text"]
    assert names(related_by_rel_types=["m.reference"]) == ["text", "image"]
    assert names(related_by_rel_types=["m.annotation"]) == []
    assert names(related_by_senders=[ann.id]) == ["text", "image"]
    assert names(related_by_senders=[ben.id]) == ["text"]
    assert names(related_by_senders=[ben.id], related_by_rel_types=["m.reference"]) == []
    assert names(related_by_rel_types=["m.reference"], contains_url=True) == ["image"]


@pytest.mark.parametrize("filter, errcode", [
    ("nonsense", "M_NOT_JSON"), ("[]", "M_BAD_JSON"), ('{"types":"m.room.message"}', "M_BAD_JSON"),
    ('{"types":[5]}', "M_BAD_JSON"), ('{"limit":"3"}', "M_BAD_JSON"),
    ('{"senders":["nobody"]}', "M_BAD_JSON"), ('{"contains_url":"yes"}', "M_BAD_JSON"),
    ('{"related_by_rel_types":"x"}', "M_BAD_JSON"), ('{"related_by_senders":[1]}', "M_BAD_JSON"),
    ('{"related_by_rel_types":["a\\u0000"]}', "M_BAD_JSON")])
def test_filters_that_make_no_sense(people, room, filter, errcode):
    ann, _, _ = people
    event = ann.send(room, "there")
    for where in ("messages", f"context/{quote(event)}"):
        ann.refused(400, errcode, "GET", ann.room(room, where), dir="b", filter=filter)


def test_members_as_far_as_the_page_needs_them(people, room):
    ann, ben, cid = people
    cid.act("join", room)
    ben.send(room, "ben")
    ben.put(f"/profile/{quote(ben.id)}/displayname", {"displayname": "Ben the second"})
    last = ann.send(room, "ann")
    lazy = {"lazy_load_members": True, "types": ["m.room.message"]}
    answer = page(cid, room, limit=50, filter=lazy)
    members = {one["state_key"]: one for one in answer["state"]}
    assert set(members) == {ann.id, ben.id}
    assert members[ben.id]["content"]["displayname"] == "Ben the second"
    assert all(one["type"] == "m.room.member" for one in answer["state"])
    assert {one["state_key"] for one in page(
        cid, room, limit=1, filter=lazy)["state"]} == {ann.id}
    assert "state" not in page(cid, room, limit=1) or page(cid, room, limit=1)["state"] == []
    around = cid.get(cid.room(room, "context", quote(last)), limit=0,
                     filter='{"lazy_load_members":true}')
    state = [one for one in around["state"] if one["type"] == "m.room.member"]
    assert {one["state_key"] for one in state} == {ann.id}
    assert any(one["type"] == "m.room.create" for one in around["state"])


# ---- pages ------------------------------------------------------------------------------------

def test_both_ways_and_to_a_place(people, room):
    ann, ben, _ = people
    for number in range(9):
        ann.send(room, str(number))
    only = {"types": ["m.room.message"]}
    forwards = all_pages(ben, room, "f", 4, only)
    backwards = all_pages(ben, room, "b", 4, only)
    assert bodies(forwards) == [str(n) for n in range(9)]
    assert bodies(backwards) == bodies(forwards)[::-1]
    middle = page(ben, room, "b", limit=4, filter=only)
    assert bodies(middle["chunk"]) == ["8", "7", "6", "5"]
    assert bodies(all_pages(ben, room, "f", 2, only, **{"from": middle["end"]})) == [
        "5", "6", "7", "8"]
    upto = page(ben, room, "b", limit=50, filter=only, to=middle["end"])
    assert bodies(upto["chunk"]) == ["8", "7", "6", "5"]
    assert bodies(page(ben, room, "f", limit=50, filter=only, to=middle["end"])["chunk"]) == [
        "0", "1", "2", "3", "4"]


def test_a_page_begins_where_it_was_asked_to(people, room):
    ann = people[0]
    ann.send(room, "x")
    token = ann.sync()["next_batch"]
    for place in (token, page(ann, room, "b", limit=1)["end"]):
        for direction in "bf":
            assert page(ann, room, direction, **{"from": place})["start"] == place


def test_pages_around_an_event(people, room):
    ann, ben, _ = people
    events = [ann.send(room, str(number)) for number in range(9)]
    around = ben.get(ben.room(room, "context", quote(events[4])), limit=4)
    assert bodies(around["events_before"]) == ["3", "2"]
    assert bodies(around["events_after"]) == ["5", "6"]
    assert bodies(page(ben, room, "b", limit=2, **{"from": around["start"]})["chunk"]) == ["1", "0"]
    assert bodies(page(ben, room, "f", limit=5, **{"from": around["end"]})["chunk"]) == ["7", "8"]
    alone = ben.get(ben.room(room, "context", quote(events[4])), limit=0)
    assert alone["events_before"] == [] and alone["events_after"] == []


@pytest.mark.parametrize("query", [
    {}, {"dir": "x"}, {"dir": "b", "from": "x"}, {"dir": "b", "to": "1"},
    {"dir": "b", "limit": "-1"}, {"dir": "f", "limit": "many"}])
def test_pages_that_nobody_understands(people, room, query):
    people[0].refused(400, "M_INVALID_PARAM", "GET", people[0].room(room, "messages"), **query)


def test_ignored_users_are_not_heard(people, room):
    ann, ben, _ = people
    ann.send(room, "mine")
    ben.send(room, "ignored")
    ben.act("leave", room)
    ann.put(f"/user/{quote(ann.id)}/account_data/m.ignored_user_list",
            {"ignored_users": {ben.id: {}}})
    for _ in ann.api.urls:
        deadline = time.monotonic() + 10
        while "ignored" in bodies(page(ann, room, limit=50)["chunk"]):
            assert time.monotonic() < deadline, "a worker does not know whom ann ignores"
    found = page(ann, room, limit=50)["chunk"]
    assert [one["content"]["membership"] for one in found if one.get("state_key") == ben.id] == [
        "leave", "join"], "state is told of everybody"


# ---- members and state at a place --------------------------------------------------------------

def test_members_then_and_now(people, room):
    ann, ben, cid = people
    place = ann.sync_until(lambda found: ben.id in str(found["rooms"]["join"].get(room)), None)
    ben.act("leave", room)
    cid.act("join", room)

    def members(**query):
        found = ann.get(ann.room(room, "members"), **query)["chunk"]
        return {one["state_key"]: one["content"]["membership"] for one in found}
    at = {"at": place["next_batch"]}
    now = {ann.id: "join", ben.id: "leave", cid.id: "join"}
    assert members() == now
    assert members(**at) == {ann.id: "join", ben.id: "join"}
    assert members(membership="join") == {ann.id: "join", cid.id: "join"}
    assert members(not_membership="join") == {ben.id: "leave"}
    assert members(membership="leave", **at) == {}
    assert ben.get(ben.room(room, "members"))["chunk"], "who left sees the members of then"
    seen = {one["state_key"] for one in ben.get(ben.room(room, "members"))["chunk"]}
    assert seen == {ann.id, ben.id}
    for query in ({"membership": "odd"}, {"not_membership": ""}, {"at": "nowhere"}):
        ann.refused(400, "M_INVALID_PARAM", "GET", ann.room(room, "members"), **query)
    stranger = ann.api.register(unique("dan"))
    stranger.refused(403, "M_FORBIDDEN", "GET", stranger.room(room, "members"))


def test_state_as_of_leaving(people, room):
    ann, ben, _ = people
    ann.set_state(room, "m.room.topic", {"topic": "then"})
    ben.act("leave", room)
    ann.set_state(room, "m.room.topic", {"topic": "now"})
    ann.set_state(room, "m.room.name", {"name": "later"})
    assert ben.state(room, "m.room.topic") == {"topic": "then"}
    whole = ben.get(ben.room(room, "state", "m.room.topic", ""), format="event")
    assert whole["content"] == {"topic": "then"} and whole["room_id"] == room
    ben.refused(404, "M_NOT_FOUND", "GET", ben.room(room, "state", "m.room.name", ""))
    state = {one["type"]: one["content"] for one in ben.get(ben.room(room, "state"))}
    assert state["m.room.topic"] == {"topic": "then"} and "m.room.name" not in state
    ben.refused(403, "M_FORBIDDEN", "GET", ben.room(room, "joined_members"))
    assert room not in ben.get("/joined_rooms")["joined_rooms"]
    ben.act("forget", room)
    ben.refused(403, "M_FORBIDDEN", "GET", ben.room(room, "state"))


def test_aliases_of_a_room(people, room):
    ann, ben, cid = people
    domain = ann.id.partition(":")[2]
    names = sorted(f"#{unique('alias')}:{domain}" for _ in range(2))
    for name in names:
        ann.put(f"/directory/room/{quote(name)}", {"room_id": room})
    assert ben.get(ben.room(room, "aliases")) == {"aliases": names}
    cid.refused(403, "M_FORBIDDEN", "GET", cid.room(room, "aliases"))


# ---- moments -----------------------------------------------------------------------------------

def nearest(user, room, moment, direction, expect=200):
    return user.api.call("GET", V1 + user.room(room, "timestamp_to_event"), None, user.token,
                         {"ts": moment, "dir": direction}, expect)


def test_the_event_of_a_moment(people, room):
    ann, ben, _ = people
    sent = [ann.send(room, str(number)) for number in range(40)]
    times = {one["event_id"]: one["origin_server_ts"] for one in ben.history(room)}
    for event in sent[::13]:
        after, before = (nearest(ben, room, times[event], way) for way in "fb")
        assert after["origin_server_ts"] == before["origin_server_ts"] == times[event]
        same = [one for one in times if times[one] == times[event]]
        assert after["event_id"] == same[0] and before["event_id"] == same[-1]
    first, last = min(times.values()), max(times.values())
    assert nearest(ben, room, 0, "f")["origin_server_ts"] == first
    assert nearest(ben, room, last + 1000, "b")["origin_server_ts"] == last
    assert nearest(ben, room, first - 1, "b", 404)["errcode"] == "M_NOT_FOUND"
    assert nearest(ben, room, last + 1, "f", 404)["errcode"] == "M_NOT_FOUND"
    assert nearest(ben, room, -(2 ** 63), "f")["origin_server_ts"] == first
    assert nearest(ben, room, 2 ** 63 - 1, "b")["origin_server_ts"] == last


def test_the_moment_of_what_one_sees(people):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat", initial_state=[{
        "type": "m.room.history_visibility", "state_key": "",
        "content": {"history_visibility": "joined"}}])
    hidden = ann.send(room, "hidden")
    time_of = ann.get(ann.room(room, "event", quote(hidden)))["origin_server_ts"]
    ben.act("join", room)
    join = ben.get(ben.room(room, "state", "m.room.member", quote(ben.id)), format="event")
    assert nearest(ben, room, time_of, "f")["event_id"] == join["event_id"]
    earlier = nearest(ben, room, time_of, "b")["event_id"]
    assert earlier != hidden and earlier in ids(ben.history(room))
    assert nearest(cid, room, time_of, "f", 403)["errcode"] == "M_FORBIDDEN"
    for query, errcode in (({"dir": "f"}, "M_MISSING_PARAM"), ({"ts": 5}, "M_MISSING_PARAM"),
                           ({"ts": "x", "dir": "f"}, "M_INVALID_PARAM"),
                           ({"ts": 5, "dir": "x"}, "M_INVALID_PARAM")):
        ben.api.refused(400, errcode, "GET", V1 + ben.room(room, "timestamp_to_event"), None,
                        ben.token, query)


# ---- reports -----------------------------------------------------------------------------------

def test_reports(people, room):
    ann, ben, cid = people
    event = ann.send(room, "bad")
    where = ben.room(room, "report", quote(event))
    assert ben.post(where, {"reason": "rude", "score": -100}) == {}
    assert ben.post(where) == {}
    cid.refused(404, "M_NOT_FOUND", "POST", where, {"reason": "seen from outside"})
    ben.refused(404, "M_NOT_FOUND", "POST", ben.room(room, "report", "$none"), {"reason": "x"})
    assert cid.post(cid.room(room, "report"), {"reason": ""}) == {}
    cid.refused(404, "M_NOT_FOUND", "POST", cid.room("!no:fleet.test", "report"), {"reason": "x"})
    assert cid.post(f"/users/{quote(ann.id)}/report", {"reason": "rude"}) == {}
    domain = ann.id.partition(":")[2]
    cid.refused(404, "M_NOT_FOUND", "POST", f"/users/{quote('@nobody-here:' + domain)}/report",
                {"reason": "x"})
    assert cid.post(f"/users/{quote('@far:away.test')}/report", {"reason": "x"}) == {}


@pytest.mark.parametrize("body, errcode", [
    ({"reason": 5}, "M_BAD_JSON"), ({"reason": "x" * 1001}, "M_INVALID_PARAM"),
    ({"reason": "\x00"}, "M_INVALID_PARAM")])
def test_reports_that_make_no_sense(people, room, body, errcode):
    ann, _, _ = people
    event = ann.send(room, "fine")
    for where in (ann.room(room, "report", quote(event)), ann.room(room, "report"),
                  f"/users/{quote(ann.id)}/report"):
        ann.refused(400, errcode, "POST", where, body)
    ann.refused(400, "M_BAD_JSON", "POST", ann.room(room, "report", quote(event)), {"score": "1"})
    for where in (ann.room(room, "report"), f"/users/{quote(ann.id)}/report"):
        ann.refused(400, "M_MISSING_PARAM", "POST", where, {})
    ann.refused(400, "M_INVALID_PARAM", "POST", "/users/nobody/report", {"reason": "x"})
