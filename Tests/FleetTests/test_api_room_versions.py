"""What people do in rooms, in a room of every version."""
import pytest

from support.api import quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
VERSIONS = tuple(str(number) for number in range(1, 13))
KNOCKING, RESTRICTED, CREATORS = 7, 8, 12  # the first versions that know them

pytestmark = pytest.mark.parametrize("version", VERSIONS)


def join_refused(user, room):
    user.refused(403, "M_FORBIDDEN", "POST", f"/join/{quote(room)}", {})


def send_refused(user, room):
    user.refused(403, "M_FORBIDDEN", "PUT", user.room(room, "send", "m.room.message", "refused"),
                 {"msgtype": "m.text", "body": "let me in"})


def test_coming_and_going(people, version):
    ann, ben, cid = people
    room = ann.create_room(preset="private_chat", room_version=version)
    join_refused(ben, room)
    ann.act("invite", room, ben)
    assert ann.membership(room, ben) == "invite"
    ben.act("join", room)
    ben.send(room, "hello")
    ben.act("invite", room, cid)
    cid.act("leave", room)
    assert ann.membership(room, cid) == "leave"
    ben.act("leave", room)
    send_refused(ben, room)
    join_refused(ben, room)
    ben.act("forget", room)
    ann.act("invite", room, ben)
    ben.act("join", room)
    assert [event["content"].get("body") for event in ann.history(room)].count("hello") == 1


def test_kicks_and_bans(people, version):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat", room_version=version)
    for user in (ben, cid):
        user.act("join", room)
    ben.refuses(403, "M_FORBIDDEN", "kick", room, cid)
    ben.refuses(403, "M_FORBIDDEN", "ban", room, ann)
    ann.act("kick", room, ben, reason="out")
    assert ann.membership(room, ben) == "leave"
    send_refused(ben, room)
    ben.act("join", room)
    ann.act("ban", room, ben)
    send_refused(ben, room)
    join_refused(ben, room)
    ann.refuses(403, "M_FORBIDDEN", "invite", room, ben)
    cid.refuses(403, "M_FORBIDDEN", "unban", room, ben)
    ann.act("unban", room, ben)
    assert ann.membership(room, ben) == "leave"
    ben.act("join", room)
    ben.send(room, "back")


def test_moderators(people, version):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat", room_version=version)
    for user in (ben, cid):
        user.act("join", room)
    levels = ann.state(room, "m.room.power_levels")
    ann.set_state(room, "m.room.power_levels",
                  levels | {"users": levels.get("users", {}) | {ben.id: 50}})
    ben.set_state(room, "m.room.name", {"name": "named by a moderator"})
    ben.refuses(403, "M_FORBIDDEN", "kick", room, ann)
    said = cid.send(room, "rude")
    ben.put(ben.room(room, "redact", quote(said), unique("t")))
    event, = [one for one in ann.history(room) if one["event_id"] == said]
    assert event["content"] == {} and event["unsigned"]["redacted_because"]["sender"] == ben.id
    ben.act("ban", room, cid)
    assert ann.membership(room, cid) == "ban"
    raised = levels.get("users", {}) | {ben.id: 100}
    ben.refused(403, "M_FORBIDDEN", "PUT", ben.room(room, "state", "m.room.power_levels", ""),
                levels | {"users": raised})


def test_further_creators(people, version):
    """They stand above all levels; in other versions the key means nothing."""
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat", room_version=version,
                           creation_content={"additional_creators": [ben.id]})
    assert ann.state(room, "m.room.create")["additional_creators"] == [ben.id]
    for user in (ben, cid):
        user.act("join", room)
    path = ben.room(room, "state", "m.room.power_levels", "")
    levels = ann.state(room, "m.room.power_levels")
    if int(version) < CREATORS:
        ben.refused(403, "M_FORBIDDEN", "PUT", path, levels | {"ban": 60})
        return
    ben.put(path, levels | {"ban": 60, "users": {cid.id: 100}})
    cid.refuses(403, "M_FORBIDDEN", "kick", room, ben)
    ben.refused(403, "M_FORBIDDEN", "PUT", path, levels | {"users": {ben.id: 100}})
    ben.act("kick", room, cid)
    ann.refused(400, "M_INVALID_ROOM_STATE", "POST", "/createRoom",
                {"room_version": version, "creation_content": {"additional_creators": "x"}})


def test_knocks(people, version):
    ann, ben, _ = people
    room = ann.create_room(room_version=version, initial_state=[
        {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}])
    if int(version) < KNOCKING:
        ben.refused(403, "M_FORBIDDEN", "POST", f"/knock/{quote(room)}", {})
        return
    ben.post(f"/knock/{quote(room)}")
    assert ann.membership(room, ben) == "knock"
    join_refused(ben, room)
    ann.act("invite", room, ben)
    ben.act("join", room)
    ben.send(room, "thank you")


def test_restricted_rooms(people, version):
    ann, ben, cid = people
    club = ann.create_room(preset="public_chat")
    ben.act("join", club)
    allow = [{"type": "m.room_membership", "room_id": club}]
    room = ann.create_room(room_version=version, initial_state=[
        {"type": "m.room.join_rules", "state_key": "",
         "content": {"join_rule": "restricted", "allow": allow}}])
    join_refused(cid, room)
    if int(version) < RESTRICTED:
        join_refused(ben, room)
        return
    ben.act("join", room)
    ben.send(room, "a member of the club")
    join = ann.get(ann.room(room, "state", "m.room.member", quote(ben.id)), format="event")
    assert join["content"]["join_authorised_via_users_server"] == ann.id
    ben.put(ben.room(room, "state", "m.room.member", quote(ben.id)),
            {"membership": "join", "displayname": "renamed",
             "join_authorised_via_users_server": ann.id})
    assert ann.state(room, "m.room.member", ben.id)["displayname"] == "renamed"
