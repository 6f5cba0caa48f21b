"""What users mark for themselves: rooms as unread, other users as ignored."""
import pytest

from support.api import bodies, joined, quote, timeline
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
PEOPLE = ("ann", "ben")
# The second is the name from before the mark was in the specification.
MARKS = ("m.marked_unread", "com.famedly.marked_unread")


def mark(user, room, kind):
    return f"/user/{quote(user.id)}/rooms/{quote(room)}/account_data/{kind}"


def marks(response, room):
    return {one["type"]: one["content"]
            for one in joined(response, room).get("account_data", {}).get("events", [])
            if one["type"] in MARKS}


def ignore(user, *others):
    user.put(f"/user/{quote(user.id)}/account_data/m.ignored_user_list",
             {"ignored_users": {one.id: {} for one in others}})


# ---- unread marks --------------------------------------------------------------------------

@pytest.mark.parametrize("kind", MARKS)
def test_a_mark_stays_until_its_user_takes_it_away(people, room, kind):
    ann, ben = people
    event = ben.send(room, "hello")
    since = ann.sync()["next_batch"]
    ann.put(mark(ann, room, kind), {"unread": True})
    told = ann.sync_until(lambda found: marks(found, room), since)
    assert marks(told, room) == {kind: {"unread": True}}
    ann.post(ann.room(room, "read_markers"), {"m.fully_read": event, "m.read": event})
    assert ann.get(mark(ann, room, kind)) == {"unread": True}, "a receipt does not change it"
    ann.put(mark(ann, room, kind), {"unread": False})
    told = ann.sync_until(lambda found: marks(found, room), told["next_batch"])
    assert marks(told, room) == {kind: {"unread": False}}
    assert marks(ben.sync(), room) == {}, "it is nobody else's"


# ---- ignored users -------------------------------------------------------------------------

def test_ignored_users_are_not_told_of(people, room):
    ann, ben = people
    since = ann.sync()["next_batch"]
    ignore(ann, ben)
    told = ann.sync_until(
        lambda found: found.get("account_data", {}).get("events"), since)
    ben.send(room, "unheard")
    ben.set_state(room, "m.room.member", {"membership": "join", "displayname": "Benny"}, ben.id)
    ann.send(room, "heard")
    seen = []
    def has_heard(found):
        seen.extend(timeline(found, room))
        return "heard" in bodies(seen)
    told = ann.sync_until(has_heard, told["next_batch"])
    assert bodies(seen) == ["heard"]
    assert [one for one in seen if one["type"] == "m.room.member"], "state is told all the same"
    ignore(ann)
    told = ann.sync_until(
        lambda found: found.get("account_data", {}).get("events"), told["next_batch"])
    ben.send(room, "heard again")
    seen.clear()
    def has_heard_again(found):
        seen.extend(timeline(found, room))
        return "heard again" in bodies(seen)
    ann.sync_until(has_heard_again, told["next_batch"])
    assert bodies(seen) == ["heard again"]


def test_invitations_of_ignored_users_are_not_told(server, people):
    ann, ben = people
    cid = server.rotating.register(unique("cid"))
    ignore(ann, ben)
    since = ann.sync_until(
        lambda found: any(one["type"] == "m.ignored_user_list" for one in
                          found.get("account_data", {}).get("events", [])), None)["next_batch"]
    unwanted = ben.create_room(invite=[ann.id])
    wanted = cid.create_room(invite=[ann.id])
    seen = set()
    def has_come(found):
        seen.update(found.get("rooms", {}).get("invite", {}))
        return wanted in seen
    ann.sync_until(has_come, since)
    assert unwanted not in seen
    assert set(ann.sync()["rooms"]["invite"]) == {wanted}
