"""Who types: told through any worker, at once, and never for too long."""
import pytest

from support.api import joined, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
PEOPLE = ("ann", "ben")


def path(user, room):
    return f"/rooms/{quote(room)}/typing/{quote(user.id)}"


def typing(response, room):
    """Who types in the room, or None when the answer does not tell."""
    for one in joined(response, room).get("ephemeral", {}).get("events", []):
        if one["type"] == "m.typing":
            return one["content"]["user_ids"]
    return None


def test_typing_begins_and_ends(people, room):
    ann, ben = people
    since = ann.sync()["next_batch"]
    ben.put(path(ben, room), {"typing": True, "timeout": 30000})
    told = ann.sync_until(lambda found: typing(found, room) is not None, since)
    assert typing(told, room) == [ben.id]
    assert typing(ann.sync(told["next_batch"]), room) is None
    assert typing(ann.sync_until(lambda found: typing(found, room), None), room) == [ben.id]
    ben.put(path(ben, room), {"typing": False})
    ended = ann.sync_until(
        lambda found: typing(found, room) is not None, told["next_batch"])
    assert typing(ended, room) == []


def test_typing_ends_by_itself(people, room):
    ann, ben = people
    since = ann.sync()["next_batch"]
    ben.put(path(ben, room), {"typing": True, "timeout": 300})
    told = ann.sync_until(lambda found: typing(found, room) == [ben.id], since)
    ann.sync_until(lambda found: typing(found, room) == [], told["next_batch"])


@pytest.mark.parametrize("act", ["leave", "kick", "ban"])
def test_who_is_not_there_any_more_does_not_type(people, room, act):
    ann, ben = people
    since = ann.sync()["next_batch"]
    ben.put(path(ben, room), {"typing": True, "timeout": 120_000})
    told = ann.sync_until(lambda found: typing(found, room) == [ben.id], since)
    if act == "leave":
        ben.act(act, room)
    else:
        ann.act(act, room, ben)
    ann.sync_until(lambda found: typing(found, room) == [], told["next_batch"])


def test_refusals(server, people, room):
    ann, ben = people
    ann.refused(403, "M_FORBIDDEN", "PUT", path(ben, room), {"typing": True})
    ann.refused(400, "M_MISSING_PARAM", "PUT", path(ann, room), {})
    ann.refused(400, "M_BAD_JSON", "PUT", path(ann, room), {"typing": "yes"})
    ann.refused(400, "M_BAD_JSON", "PUT", path(ann, room), {"typing": True, "timeout": "1"})
    cid = server.rotating.register(unique("cid"))
    cid.refused(403, "M_FORBIDDEN", "PUT", path(cid, room), {"typing": True})
