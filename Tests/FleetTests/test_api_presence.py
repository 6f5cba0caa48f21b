"""Who is there: told through any worker to those who share a room, and to nobody else."""
import pytest

from support.api import CLIENT, quote
from support.deployment import unique
from support.waiting import until

DEPLOYMENTS = ("fleet+presence", "monolith+presence")
PEOPLE = ("ann", "ben")
# From the last sync until somebody counts as gone, with the owner's and the tests' own delays.
GONE_SECONDS = 60
NEWS_SECONDS = 20


def path(user):
    return f"/presence/{quote(user.id)}/status"


def presence(response, user):
    """What a sync response last tells of the user's presence, or None."""
    told = [one["content"] for one in response.get("presence", {}).get("events", [])
            if one["type"] == "m.presence" and one["sender"] == user.id]
    return told[-1] if told else None


def tells(user, state):
    return lambda response: (presence(response, user) or {}).get("presence") == state


def quietly(user, since=None, **query):
    """A sync that does not show that the user is there."""
    return user.sync(since, set_presence="offline", **query)


def quietly_until(user, condition, since):
    return user.sync_until(condition, since, set_presence="offline")


def test_what_a_user_says_is_told(people, room):
    ann, ben = people
    since = quietly(ann)["next_batch"]
    ben.put(path(ben), {"presence": "unavailable", "status_msg": "out for tea"})
    told = quietly_until(ann, tells(ben, "unavailable"), since)
    content = presence(told, ben)
    assert content["status_msg"] == "out for tea"
    assert "currently_active" not in content
    assert presence(quietly(ann, told["next_batch"]), ben) is None, "news are told once"
    ben.put(path(ben), {"presence": "online"})
    told = quietly_until(ann, tells(ben, "online"), told["next_batch"])
    content = presence(told, ben)
    assert content["currently_active"] is True
    assert 0 <= content["last_active_ago"] < 20_000
    assert "status_msg" not in content
    ben.put(path(ben), {"presence": "offline", "status_msg": "bye"})
    told = quietly_until(ann, tells(ben, "offline"), told["next_batch"])
    assert presence(told, ben)["status_msg"] == "bye"


def test_syncing_shows_that_somebody_is_there(people, room):
    ann, ben = people
    since = quietly(ann)["next_batch"]
    ben.sync()
    told = quietly_until(ann, tells(ben, "online"), since)
    ben.sync(set_presence="unavailable")
    told = quietly_until(ann, tells(ben, "unavailable"), told["next_batch"])
    assert presence(quietly(ann), ben)["presence"] == "unavailable", "a first sync tells it too"


def test_who_does_not_sync_any_more_is_gone(people, room):
    ann, ben = people
    since = quietly(ann)["next_batch"]
    ben.sync()
    told = quietly_until(ann, tells(ben, "online"), since)
    until(lambda: tells(ben, "offline")(quietly(ann, told["next_batch"])), GONE_SECONDS,
          "who has gone is told to be offline")
    assert presence(quietly(ann), ben) is None, "a first sync leaves out who is not there"
    content = ann.get(path(ben))
    assert content["presence"] == "offline" and content["last_active_ago"] >= 25_000


def test_a_user_is_told_of_the_own_presence(people):
    ann, _ = people
    since = quietly(ann)["next_batch"]
    ann.put(path(ann), {"presence": "online"})
    told = quietly_until(ann, tells(ann, "online"), since)
    assert presence(quietly(ann), ann)["presence"] == "online"
    ann.put(path(ann), {"presence": "unavailable"})
    quietly_until(ann, tells(ann, "unavailable"), told["next_batch"])


def test_devices_are_merged(server, people, room):
    ann, ben = people
    other = server.rotating.login(ben.id)
    since = quietly(ann)["next_batch"]
    ben.put(path(ben), {"presence": "unavailable"})
    told = quietly_until(ann, tells(ben, "unavailable"), since)
    other.put(path(ben), {"presence": "online"})
    told = quietly_until(ann, tells(ben, "online"), told["next_batch"])
    ben.put(path(ben), {"presence": "unavailable", "status_msg": "still"})
    told = quietly_until(
        ann, lambda found: (presence(found, ben) or {}).get("status_msg") == "still",
        told["next_batch"])
    assert presence(told, ben)["presence"] == "online", "the best device counts"
    other.put(path(ben), {"presence": "offline"})
    quietly_until(ann, tells(ben, "unavailable"), told["next_batch"])


def test_a_new_room_brings_its_members(server, people):
    ann, ben = people
    room = ann.create_room(preset="public_chat")
    ann.put(path(ann), {"presence": "online", "status_msg": "host"})
    since = quietly(ben)["next_batch"]
    ben.put(path(ben), {"presence": "online", "status_msg": "guest"})
    ann_since = quietly(ann)["next_batch"]
    ben.act("join", room)
    told = quietly_until(ben, tells(ann, "online"), since)
    assert presence(told, ann)["status_msg"] == "host"
    told = quietly_until(ann, tells(ben, "online"), ann_since)
    assert presence(told, ben)["status_msg"] == "guest"


def test_strangers_learn_nothing(server, people, room):
    ann, ben = people
    cid = server.rotating.register(unique("cid"))
    cid.create_room()
    since = quietly(cid)["next_batch"]
    watched = quietly(ann)["next_batch"]
    ben.put(path(ben), {"presence": "online"})
    cid.put(path(cid), {"presence": "online"})
    quietly_until(ann, tells(ben, "online"), watched)
    told = quietly_until(cid, tells(cid, "online"), since)
    assert presence(told, ben) is None
    cid.refused(403, "M_FORBIDDEN", "GET", path(ben))
    assert ann.get(path(ben))["presence"] == "online"
    ben.act("leave", room)
    until(lambda: ann.api.raw(
        "GET", CLIENT + path(ben),
        headers={"Authorization": f"Bearer {ann.token}"}).status == 403, NEWS_SECONDS,
          "who has left is not seen any more")


def test_filters_are_heeded(people, room):
    ann, ben = people
    since = quietly(ann)["next_batch"]
    ben.put(path(ben), {"presence": "online"})
    quietly_until(ann, tells(ben, "online"), since)
    for one in ('{"presence":{"types":[]}}', '{"presence":{"not_types":["m.*"]}}',
                f'{{"presence":{{"not_senders":["{ben.id}"]}}}}'):
        assert presence(quietly(ann, since, filter=one), ben) is None, one
    only = f'{{"presence":{{"senders":["{ben.id}"]}}}}'
    assert presence(quietly(ann, since, filter=only), ben)["presence"] == "online"


def test_a_status_that_was_taken_survives(server, people, room):
    """It is in the database when the answer comes, whoever asks for it and when."""
    ann, ben = people
    ben.put(path(ben), {"presence": "offline", "status_msg": "on holiday"})
    for _ in server.entries:
        until(lambda: ann.get(path(ben)).get("status_msg") == "on holiday", NEWS_SECONDS,
              "every worker knows of the status")


def test_activity_is_seen(people, room):
    ann, ben = people
    ben.put(path(ben), {"presence": "unavailable"})
    since = quietly(ann)["next_batch"]
    ben.send(room, "back again")
    told = quietly_until(ann, tells(ben, "online"), since)
    assert presence(told, ben)["currently_active"] is True


@pytest.mark.parametrize("act", ["type", "read", "mark"])
def test_what_a_user_does_is_seen(people, room, act):
    """Whatever else a client does by which its user shows that somebody is there."""
    ann, ben = people
    event = ann.send(room, "read this")
    ben.put(path(ben), {"presence": "unavailable"})
    since = quietly(ann)["next_batch"]
    told = quietly_until(ann, lambda found: tells(ben, "unavailable")(found) or tells(
        ben, "unavailable")(quietly(ann)), since)
    if act == "type":
        ben.put(ben.room(room, "typing", quote(ben.id)), {"typing": True, "timeout": 1000})
    elif act == "read":
        ben.post(ben.room(room, "receipt", "m.read", quote(event)))
    else:
        ben.post(ben.room(room, "read_markers"), {"m.fully_read": event})
    told = quietly_until(ann, tells(ben, "online"), told["next_batch"])
    assert presence(told, ben)["currently_active"] is True
    assert presence(told, ben)["last_active_ago"] < 20_000


def test_a_new_profile_is_told_with_presence(server, people, room):
    """Also of who is not there, and to nobody who shares no room."""
    ann, ben = people
    cid = server.rotating.register(unique("cid"))
    since, stranger = quietly(ann)["next_batch"], quietly(cid)["next_batch"]
    ben.put(f"/profile/{quote(ben.id)}/displayname", {"displayname": "Benjamin"})
    told = quietly_until(ann, lambda found: presence(found, ben), since)
    assert presence(told, ben)["displayname"] == "Benjamin"
    assert presence(told, ben)["presence"] == "offline"
    ben.put(path(ben), {"presence": "online"})
    told = quietly_until(ann, tells(ben, "online"), told["next_batch"])
    assert "displayname" not in presence(told, ben)
    ben.put(f"/profile/{quote(ben.id)}/avatar_url", {"avatar_url": "mxc://x.org/ben"})
    told = quietly_until(
        ann, lambda found: "avatar_url" in (presence(found, ben) or {}), told["next_batch"])
    content = presence(told, ben)
    assert (content["displayname"], content["avatar_url"]) == ("Benjamin", "mxc://x.org/ben")
    assert content["presence"] == "online"
    assert presence(quietly(cid, stranger), ben) is None


@pytest.mark.parametrize("body, errcode", [
    ({}, "M_MISSING_PARAM"),
    ({"presence": "asleep"}, "M_INVALID_PARAM"),
    ({"presence": 7}, "M_BAD_JSON"),
    ({"presence": "online", "status_msg": 7}, "M_BAD_JSON"),
    ({"presence": "online", "status_msg": "x" * 1001}, "M_INVALID_PARAM"),
    ({"presence": "online", "status_msg": "a\0b"}, "M_INVALID_PARAM"),
])
def test_bad_bodies(people, body, errcode):
    ann, _ = people
    ann.refused(400, errcode, "PUT", path(ann), body)


def test_refusals(server, people):
    ann, ben = people
    ann.refused(403, "M_FORBIDDEN", "PUT", path(ben), {"presence": "online"})
    ann.refused(400, "M_INVALID_PARAM", "GET", "/presence/nobody/status")
    ann.refused(400, "M_INVALID_PARAM", "GET", "/sync", set_presence="busybody")
    server.rotating.refused(401, "M_MISSING_TOKEN", "GET", CLIENT + path(ann))
