"""/sync, through every way in by turns: no two requests of a loop meet the same worker."""
import json
import threading
import time

import pytest

from support.api import CLIENT, User, bodies, joined, quote, timeline
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")


@pytest.fixture
def room(people):
    """A public room of the first two people."""
    room = people[0].create_room(preset="public_chat", name="The room")
    people[1].act("join", room)
    return room


def limit(count):
    return json.dumps({"room": {"timeline": {"limit": count}}})


def is_joined(room):
    return lambda response: bool(joined(response, room))


def now(user, room):
    """A token at which `user` has seen all that was sent to `room` up to now."""
    mark = user.send(room, unique("mark"))
    return user.sync_until(lambda found: mark in [
        one["event_id"] for one in timeline(found, room)], None)["next_batch"]


def collect(user, room, since, expected):
    """Sync on until `expected` messages have come -> (their texts, the last token)."""
    texts = []
    for _ in range(60):
        response = user.sync(since, timeout=500, filter=limit(50))
        since = response["next_batch"]
        texts += bodies(timeline(response, room))
        if len(texts) >= expected:
            break
    return texts, since


# ---- what a sync holds ---------------------------------------------------------------------

def test_first_sync(people, room):
    ann, ben, _ = people
    sent = ann.send(room, "hello")
    response = ben.sync_until(
        lambda found: sent in [one["event_id"] for one in timeline(found, room)], None)
    entry = joined(response, room)
    events = entry.get("state", {}).get("events", []) + entry["timeline"]["events"]
    state = {(one["type"], one["state_key"]): one for one in events if "state_key" in one}
    assert {("m.room.create", ""), ("m.room.name", ""), ("m.room.member", ann.id),
            ("m.room.member", ben.id)} <= set(state)
    last = entry["timeline"]["events"][-1]
    assert last["event_id"] == sent and "room_id" not in last
    assert "age" in last["unsigned"] and "transaction_id" not in last["unsigned"]


def test_increments_hold_each_event_once_and_in_order(people, room):
    ann, ben, _ = people
    since = now(ann, room)
    sent = [f"m{n}" for n in range(12)]
    for turn, text in enumerate(sent):
        people[turn % 2].send(room, text)
    texts, since = collect(ann, room, since, len(sent))
    assert texts == sent
    assert not joined(ann.sync(since), room), "nothing comes twice"


def test_only_what_is_new_is_sent(people, room):
    ann = people[0]
    quiet = ann.create_room()
    since = now(ann, room)
    ann.send(room, "news")
    response = ann.sync_until(is_joined(room), since)
    assert list(response["rooms"]["join"]) == [room] and quiet != room
    assert not joined(response, room).get("state", {}).get("events")


def test_the_sender_knows_its_own_transaction(server, people, room):
    ann = people[0]
    other_device = server.rotating.login(ann.id)
    since = now(ann, room)
    ann.send(room, "mine", "txn-of-mine")
    for user, expected in ((ann, "txn-of-mine"), (other_device, None)):
        event = timeline(user.sync_until(is_joined(room), since), room)[0]
        assert event["unsigned"].get("transaction_id") == expected


# ---- long polling --------------------------------------------------------------------------

def test_a_long_poll_ends_with_the_news(server, people, room):
    ann, ben, _ = people
    since = now(ben, room)
    for worker in server.entries:
        began = time.monotonic()
        sender = threading.Timer(0.3, ann.send, (room, "wake up"))
        sender.start()
        answer = server.api.raw(
            "GET", f"{CLIENT}/sync?timeout=20000&since={quote(since)}",
            headers={"Authorization": f"Bearer {ben.token}"}, url=worker).json
        took = time.monotonic() - began
        sender.join()
        assert 0.2 < took < 5 and bodies(timeline(answer, room)) == ["wake up"], worker
        since = answer["next_batch"]


def test_a_long_poll_without_news_ends_empty(people, room):
    ann = people[0]
    since = now(ann, room)
    began = time.monotonic()
    response = ann.sync(since, timeout=700)
    assert 0.5 < time.monotonic() - began < 5
    assert not response.get("rooms", {}).get("join")
    ann.send(room, "later")
    assert bodies(timeline(ann.sync_until(is_joined(room), response["next_batch"]), room)) == [
        "later"]


def test_an_invite_wakes_a_user_with_no_rooms(people, room):
    ann, _, cid = people
    since = cid.sync()["next_batch"]
    sender = threading.Timer(0.3, ann.act, ("invite", room, cid))
    sender.start()
    response = cid.sync(since, timeout=20000)
    sender.join()
    assert room in response["rooms"]["invite"]


# ---- gaps ----------------------------------------------------------------------------------

def test_a_gap_is_filled_exactly(people, room):
    ann = people[0]
    since = now(ann, room)
    sent = [f"m{n}" for n in range(30)]
    for text in sent:
        ann.send(room, text)
    # The worker may be a moment behind: more increments may follow the limited one.
    response = ann.sync_until(is_joined(room), since, filter=limit(5))
    entry = joined(response, room)["timeline"]
    assert entry["limited"] is True and len(entry["events"]) == 5
    gap, start = [], entry["prev_batch"]
    while start:
        page = ann.messages(room, "b", **{"from": start, "to": since, "limit": 10})
        gap += page["chunk"]
        start = page.get("end") if page["chunk"] else None
    rest, _ = collect(ann, room, response["next_batch"],
                      len(sent) - len(gap) - len(entry["events"]))
    assert bodies(gap[::-1]) + bodies(entry["events"]) + rest == sent


def test_a_full_timeline_is_not_limited(people, room):
    ann = people[0]
    since = now(ann, room)
    for n in range(3):
        ann.send(room, f"m{n}")
    response = ann.sync_until(is_joined(room), since, filter=limit(10))
    assert joined(response, room)["timeline"]["limited"] is False


def test_state_from_within_a_gap(people, room):
    ann = people[0]
    since = now(ann, room)
    ann.set_state(room, "m.room.name", {"name": "renamed"})
    last = [ann.send(room, f"m{n}") for n in range(8)][-1]
    response = ann.sync_until(lambda found: last in [
        one["event_id"] for one in timeline(found, room)], since, filter=limit(2))
    state = joined(response, room)["state"]["events"]
    assert [one["content"] for one in state if one["type"] == "m.room.name"] == [
        {"name": "renamed"}]


def test_the_first_sync_of_a_long_room_is_limited(people, room):
    ann = people[0]
    sent = [ann.send(room, f"m{n}") for n in range(15)]
    response = ann.sync_until(lambda found: sent[-1] in [
        one["event_id"] for one in timeline(found, room)], None, filter=limit(4))
    entry = joined(response, room)["timeline"]
    assert [one["event_id"] for one in entry["events"]] == sent[-4:] and entry["limited"]
    older = ann.messages(room, "b", **{"from": entry["prev_batch"], "limit": 3})["chunk"]
    assert [one["event_id"] for one in older] == sent[-5:-8:-1]


# ---- membership ----------------------------------------------------------------------------

def test_an_invite_shows_what_the_room_is(people, room):
    ann, _, cid = people
    since = cid.sync()["next_batch"]
    ann.act("invite", room, cid)
    response = cid.sync_until(lambda found: room in found.get("rooms", {}).get("invite", {}), since)
    events = response["rooms"]["invite"][room]["invite_state"]["events"]
    state = {(one["type"], one["state_key"]): one for one in events}
    assert state["m.room.member", cid.id]["content"]["membership"] == "invite"
    assert state["m.room.member", cid.id]["sender"] == ann.id
    assert state["m.room.name", ""]["content"] == {"name": "The room"}
    assert {("m.room.create", ""), ("m.room.join_rules", "")} <= set(state)
    again = cid.sync_until(lambda found: found.get("rooms"), None)
    assert room in again["rooms"]["invite"], "until it is answered"
    cid.act("join", room)
    after = cid.sync_until(is_joined(room), response["next_batch"])
    assert room not in after["rooms"].get("invite", {})


def test_a_room_that_one_joins_comes_whole(people, room):
    ann, _, cid = people
    ann.send(room, "before")
    since = cid.sync()["next_batch"]
    cid.act("join", room)
    entry = joined(cid.sync_until(is_joined(room), since), room)
    events = entry.get("state", {}).get("events", []) + entry["timeline"]["events"]
    kinds = {(one["type"], one.get("state_key")) for one in events}
    assert {("m.room.create", ""), ("m.room.name", ""), ("m.room.member", ann.id),
            ("m.room.member", cid.id)} <= kinds


def test_leaving_and_being_banned(people, room):
    ann, ben, cid = people
    cid.act("join", room)
    ben_since, cid_since = now(ben, room), now(cid, room)
    ben.act("leave", room)
    ann.act("ban", room, cid)
    ann.send(room, "not for them")
    for user, since, membership in ((ben, ben_since, "leave"), (cid, cid_since, "ban")):
        response = user.sync_until(
            lambda found: room in found.get("rooms", {}).get("leave", {}), since)
        events = timeline(response, room, "leave")
        own = [one for one in events if one.get("state_key") == user.id]
        assert own[-1]["content"]["membership"] == membership
        assert "not for them" not in bodies(events)
        assert not joined(response, room)
        later = user.sync(response["next_batch"])
        assert room not in later.get("rooms", {}).get("leave", {}), "it is said once"


def test_coming_back(people, room):
    ann, ben, _ = people
    since = now(ben, room)
    ben.act("leave", room)
    ben.act("join", room)
    ann.send(room, "welcome back")
    response = ben.sync_until(
        lambda found: "welcome back" in bodies(timeline(found, room)), since)
    assert room not in response["rooms"].get("leave", {})


def test_first_sync_leaves_out_what_was_left(people, room):
    ben = people[1]
    ben.act("leave", room)
    assert room not in ben.sync().get("rooms", {}).get("leave", {})
    with_left = ben.sync(filter='{"room":{"include_leave":true}}')
    assert room in with_left["rooms"]["leave"]


# ---- options -------------------------------------------------------------------------------

def test_full_state(people, room):
    ann = people[0]
    since = now(ann, room)
    entry = joined(ann.sync(since, full_state="true"), room)
    kinds = {one["type"] for one in entry["state"]["events"]}
    assert {"m.room.create", "m.room.name", "m.room.member", "m.room.power_levels"} <= kinds
    assert not entry["timeline"]["events"]


def test_a_stored_filter(people, room):
    ann = people[0]
    path = f"/user/{quote(ann.id)}/filter"
    kept = {"room": {"timeline": {"limit": 2}}}
    number = ann.post(path, kept)["filter_id"]
    assert ann.get(f"{path}/{number}") == kept
    for n in range(6):
        ann.send(room, f"m{n}")
    assert len(timeline(ann.sync(filter=number), room)) == 2
    ann.refused(404, "M_NOT_FOUND", "GET", f"{path}/999999")
    ann.refused(400, "M_BAD_JSON", "POST", path, {"room": "no object"})


def test_filters_of_types_senders_and_rooms(people, room):
    ann, ben, _ = people
    other = ann.create_room()
    since = now(ann, room)
    ann.send(room, "from ann")
    ben.send(room, "from ben")
    ann.send(room, "odd", kind="x.odd")
    last = ann.send(other, "elsewhere")
    ann.sync_until(lambda found: last in [
        one["event_id"] for one in timeline(found, other)], since)

    def kept(timeline_filter=None, **room_filter):
        by = json.dumps({"room": room_filter | {"timeline": timeline_filter or {}}})
        response = ann.sync_until(lambda found: found.get("rooms"), since, filter=by)
        return {(where, one["content"]["body"]) for where in (room, other)
                for one in timeline(response, where)}

    assert kept({"senders": [ben.id]}) == {(room, "from ben")}
    assert kept({"types": ["x.*"]}) == {(room, "odd")}
    assert kept({"not_types": ["x.odd"], "not_senders": [ann.id]}) == {(room, "from ben")}
    assert kept(rooms=[other]) == {(other, "elsewhere")}
    assert (other, "elsewhere") not in kept(not_rooms=[other])


def test_lazy_members(server, people, room):
    ann, ben, cid = people
    silent = [server.rotating.register(unique("silent")) for _ in range(3)]
    for user in (cid, *silent):
        user.act("join", room)
    texts = [ben.send(room, "speaks"), cid.send(room, "too")]
    lazy = json.dumps({"room": {"timeline": {"limit": 2}, "state": {"lazy_load_members": True}}})
    response = ann.sync_until(lambda found: texts[-1] in [
        one["event_id"] for one in timeline(found, room)], None, filter=lazy)
    state = joined(response, room)["state"]["events"]
    members = {one["state_key"] for one in state if one["type"] == "m.room.member"}
    assert {ben.id, cid.id} <= members and not members & {user.id for user in silent}
    assert "m.room.create" in {one["type"] for one in state}


def test_summary(people, room):
    ann, ben, cid = people
    unnamed = ann.create_room(preset="public_chat", invite=[cid.id])
    ben.act("join", unnamed)
    lazy = json.dumps({"room": {"state": {"lazy_load_members": True}}})
    response = ann.sync_until(
        lambda found: joined(found, unnamed)["summary"].get("m.joined_member_count") == 2, None,
        filter=lazy)
    summary = joined(response, unnamed)["summary"]
    assert set(summary["m.heroes"]) == {ben.id, cid.id}
    assert summary["m.invited_member_count"] == 1


# ---- tokens --------------------------------------------------------------------------------

def test_a_token_repeated_elsewhere_shows_the_same(server, people, room):
    ann = people[0]
    since = now(ann, room)
    sent = [ann.send(room, f"m{n}") for n in range(3)]
    for entry in server.entries:
        there = User(type(server.api)([entry]), {
            "user_id": ann.id, "access_token": ann.token, "device_id": ann.device})
        # The same token until the worker has come so far: a newer one would hide the first events.
        for _ in range(60):
            seen = [one["event_id"] for one in timeline(there.sync(since, timeout=500), room)]
            if sent[-1] in seen:
                break
        assert seen == sent, entry


def test_a_token_is_good_at_once_on_every_worker(server, people, room):
    """Who has a token has seen what it covers: no worker may answer as if it had not been sent."""
    ann, ben, _ = people
    since = now(ann, room)
    for n in range(10):
        sent = ben.send(room, f"m{n}")
        response = ann.sync_until(is_joined(room), since)
        assert [one["event_id"] for one in timeline(response, room)] == [sent]
        since = response["next_batch"]
        for _ in server.entries:
            assert not joined(ann.sync(since), room)


@pytest.mark.parametrize("query", [{"since": "nonsense"}, {"timeout": "soon"}, {"filter": "{"},
                                   {"filter": "999999"}, {"full_state": "maybe"}])
def test_bad_questions(people, query):
    ann = people[0]
    error = ann.api.call("GET", CLIENT + "/sync", None, ann.token, query, 400)
    assert error["errcode"].startswith("M_")
