"""Account data and tags: written on one worker, read and told by the others."""
import json

import pytest

from support.api import joined, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")


@pytest.fixture
def ann(server):
    return server.rotating.register(unique("ann"))


@pytest.fixture
def room(ann):
    return ann.create_room(preset="public_chat")


def own(user, *rest):
    return "/user/" + "/".join(quote(part) for part in (user.id, *rest))


def events(response, room=None):
    """The account data that an answer tells, but for the push rules, which everybody has."""
    part = joined(response, room) if room else response
    return {one["type"]: one["content"] for one in part.get("account_data", {}).get("events", [])
            if one["type"] != "m.push_rules"}


# ---- account data --------------------------------------------------------------------------

def test_what_is_set_is_read_and_told(ann):
    since = ann.sync()["next_batch"]
    ann.put(own(ann, "account_data", "org.example.colour"), {"value": "blue"})
    assert ann.get(own(ann, "account_data", "org.example.colour")) == {"value": "blue"}
    told = ann.sync_until(lambda found: events(found), since)
    assert events(told) == {"org.example.colour": {"value": "blue"}}
    assert events(ann.sync()) == {"org.example.colour": {"value": "blue"}}
    assert not events(ann.sync(told["next_batch"]))


def test_a_long_poll_is_woken(ann):
    since = ann.sync()["next_batch"]
    ann.put(own(ann, "account_data", "org.example.colour"), {"value": 1})
    ann.put(own(ann, "account_data", "org.example.colour"), {"value": 2})
    told = ann.sync_until(
        lambda found: events(found).get("org.example.colour") == {"value": 2}, since)
    assert not events(ann.sync(told["next_batch"]))


def test_data_of_a_room_comes_with_the_room(ann, room):
    since = ann.sync()["next_batch"]
    ann.put(own(ann, "rooms", room, "account_data", "org.example.note"), {"text": "x"})
    assert ann.get(own(ann, "rooms", room, "account_data", "org.example.note")) == {"text": "x"}
    told = ann.sync_until(lambda found: joined(found, room), since)
    assert events(told, room) == {"org.example.note": {"text": "x"}}
    assert joined(told, room)["timeline"]["events"] == []
    assert events(ann.sync(), room) == {"org.example.note": {"text": "x"}}


def test_a_room_that_is_entered_brings_its_old_data(server, ann, room):
    ben = server.rotating.register(unique("ben"))
    ben.put(own(ben, "rooms", room, "account_data", "org.example.note"), {"text": "x"})
    since = ben.sync()["next_batch"]
    ben.act("join", room)
    told = ben.sync_until(lambda found: joined(found, room), since)
    assert events(told, room) == {"org.example.note": {"text": "x"}}


def test_filters_choose_types(ann):
    ann.put(own(ann, "account_data", "a.one"), {})
    ann.put(own(ann, "account_data", "a.two"), {})
    chosen = json.dumps({"account_data": {"types": ["a.one"]}})
    assert list(events(ann.sync(filter=chosen))) == ["a.one"]


def test_refusals(server, ann, room):
    ben = server.rotating.register(unique("ben"))
    mine = own(ann, "account_data", "a.one")
    ann.refused(404, "M_NOT_FOUND", "GET", mine)
    ben.refused(403, "M_FORBIDDEN", "GET", mine)
    ben.refused(403, "M_FORBIDDEN", "PUT", mine, {})
    ann.refused(400, "M_BAD_JSON", "PUT", mine, [])
    for reserved in ("m.fully_read", "m.push_rules"):
        ann.refused(405, "M_BAD_JSON", "PUT", own(ann, "account_data", reserved), {})
    ann.refused(400, "M_INVALID_PARAM", "PUT", own(ann, "account_data", "x" * 300), {})
    ann.refused(400, "M_INVALID_PARAM", "PUT", own(ann, "rooms", "none", "account_data", "a"), {})


# ---- tags ----------------------------------------------------------------------------------

def test_tags(ann, room):
    assert ann.get(own(ann, "rooms", room, "tags")) == {"tags": {}}
    ann.put(own(ann, "rooms", room, "tags", "m.favourite"), {"order": 0.25})
    ann.put(own(ann, "rooms", room, "tags", "u.work"), {})
    tags = {"tags": {"m.favourite": {"order": 0.25}, "u.work": {}}}
    assert ann.get(own(ann, "rooms", room, "tags")) == tags
    assert events(ann.sync(), room) == {"m.tag": tags}
    since = ann.sync()["next_batch"]
    ann.delete(own(ann, "rooms", room, "tags", "m.favourite"))
    told = ann.sync_until(lambda found: joined(found, room), since)
    assert events(told, room) == {"m.tag": {"tags": {"u.work": {}}}}
    ann.refused(400, "M_BAD_JSON", "PUT", own(ann, "rooms", room, "tags", "u.x"), {"order": "1"})
