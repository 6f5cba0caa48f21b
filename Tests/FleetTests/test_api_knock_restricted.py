"""Knocking on rooms, and rooms that let in the members of others."""
import pytest

from support.api import quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")


def make_room(user, rule, version="12", allow=(), **options):
    content = {"join_rule": rule}
    if allow:
        content["allow"] = [{"type": "m.room_membership", "room_id": room} for room in allow]
    return user.create_room(room_version=version, initial_state=[
        {"type": "m.room.join_rules", "state_key": "", "content": content}], **options)


def knock(user, room, **body):
    return user.post(f"/knock/{quote(room)}", body)["room_id"]


def knock_refused(user, room, status=403, errcode="M_FORBIDDEN", body=None):
    user.refused(status, errcode, "POST", f"/knock/{quote(room)}", body)


def join_refused(user, room, errcode="M_FORBIDDEN"):
    user.refused(403, errcode, "POST", f"/join/{quote(room)}", {})


def member(user, room, of):
    return user.get(user.room(room, "state", "m.room.member", quote(of.id)), format="event")


# ---- knocks -----------------------------------------------------------------------------------

@pytest.mark.parametrize("rule, version", [
    ("knock", "7"), ("knock", "12"), ("knock_restricted", "10"), ("knock_restricted", "12")])
def test_a_knock_that_is_answered(people, rule, version):
    ann, ben, _ = people
    room = make_room(ann, rule, version)
    ann.send(room, "before")
    assert knock(ben, room, reason="it is cold outside") == room
    knocked = member(ann, room, ben)
    assert knocked["content"]["membership"] == "knock"
    assert knocked["content"]["reason"] == "it is cold outside"
    assert knocked["content"]["displayname"] == ben.get(f"/profile/{quote(ben.id)}")["displayname"]
    join_refused(ben, room)
    ben.refused(403, "M_FORBIDDEN", "GET", ben.room(room, "messages"), dir="b")
    ben.refused(403, "M_FORBIDDEN", "GET", ben.room(room, "state"))
    ann.act("invite", room, ben)
    ben.act("join", room)
    assert ann.membership(room, ben) == "join"


def test_by_alias_and_again(people):
    ann, ben, _ = people
    name = unique("door")
    room = make_room(ann, "knock", room_alias_name=name)
    alias = f"#{name}:{ann.id.partition(':')[2]}"
    assert knock(ben, alias) == room
    first = member(ann, room, ben)["event_id"]
    assert knock(ben, alias) == room
    assert member(ann, room, ben)["event_id"] == first, "the same knock again changes nothing"
    knock_refused(ben, "#nowhere:" + alias.partition(":")[2], 404, "M_NOT_FOUND")


def test_a_knock_is_taken_back(people):
    ann, ben, _ = people
    room = make_room(ann, "knock")
    knock(ben, room)
    ben.act("leave", room)
    assert ann.membership(room, ben) == "leave"
    knock(ben, room)
    assert ann.membership(room, ben) == "knock"


def test_a_knock_is_rejected(people):
    ann, ben, cid = people
    room = make_room(ann, "knock")
    knock(ben, room)
    cid.refuses(403, "M_FORBIDDEN", "kick", room, ben)
    ann.act("kick", room, ben, reason="no")
    assert ann.membership(room, ben) == "leave"
    knock(ben, room)
    ann.act("ban", room, ben)
    knock_refused(ben, room)


@pytest.mark.parametrize("rule, version", [
    ("public", "12"), ("invite", "12"), ("restricted", "12"), ("knock", "6"),
    ("knock_restricted", "9")])
def test_rooms_where_nobody_knocks(people, rule, version):
    ann, ben, _ = people
    knock_refused(ben, make_room(ann, rule, version))


def test_who_may_not_knock(people):
    ann, ben, _ = people
    room = make_room(ann, "knock")
    knock_refused(ann, room)
    ann.act("invite", room, ben)
    knock_refused(ben, room)
    knock_refused(ben, "!no-such-room:fleet.test", 404, "M_NOT_FOUND")
    knock_refused(ben, "neither-id-nor-alias", 400, "M_INVALID_PARAM")
    knock_refused(ben, room, 400, "M_BAD_JSON", {"reason": 5})


def test_who_knocks_sees_the_room_in_sync(people):
    ann, ben, _ = people
    room = make_room(ann, "knock", name="behind the door")
    since = ben.sync()["next_batch"]
    knock(ben, room)
    response = ben.sync_until(
        lambda found: room in found.get("rooms", {}).get("knock", {}), since)
    state = {(one["type"], one["state_key"]): one
             for one in response["rooms"]["knock"][room]["knock_state"]["events"]}
    assert state["m.room.name", ""]["content"] == {"name": "behind the door"}
    assert state["m.room.member", ben.id]["content"]["membership"] == "knock"
    assert ("m.room.create", "") in state
    assert all(set(one) == {"type", "state_key", "sender", "content"} for one in state.values())


# ---- restricted rooms -------------------------------------------------------------------------

@pytest.mark.parametrize("rule, version", [
    ("restricted", "8"), ("restricted", "11"), ("restricted", "12"), ("knock_restricted", "10"),
    ("knock_restricted", "12")])
def test_members_of_another_room_join(people, rule, version):
    ann, ben, cid = people
    club = ann.create_room(preset="public_chat")
    other = ann.create_room(preset="public_chat")
    room = make_room(ann, rule, version, allow=[other, club])
    join_refused(ben, room)
    ben.act("join", club)
    assert ben.post(f"/join/{quote(room)}")["room_id"] == room
    joined = member(ann, room, ben)["content"]
    assert joined["membership"] == "join"
    assert joined["join_authorised_via_users_server"] == ann.id
    ben.act("leave", club)
    assert ann.membership(room, ben) == "join", "the condition counts while joining only"
    ben.put(f"/profile/{quote(ben.id)}/displayname", {"displayname": "Benjamin"})
    changed = member(ann, room, ben)["content"]
    assert changed["displayname"] == "Benjamin" and changed["membership"] == "join"
    ben.act("leave", room)
    join_refused(ben, room)
    join_refused(cid, room)


def test_who_is_invited_needs_no_condition(people):
    ann, ben, _ = people
    club = ann.create_room()
    room = make_room(ann, "restricted", allow=[club])
    ann.act("invite", room, ben)
    ben.act("join", room)
    assert "join_authorised_via_users_server" not in member(ann, room, ben)["content"]


def test_who_is_banned_stays_out(people):
    ann, ben, _ = people
    club = ann.create_room(preset="public_chat")
    ben.act("join", club)
    room = make_room(ann, "restricted", allow=[club])
    ann.act("ban", room, ben)
    join_refused(ben, room)


def test_an_invitation_or_a_past_in_the_other_room_is_not_enough(people):
    ann, ben, _ = people
    club = ann.create_room()
    room = make_room(ann, "restricted", allow=[club])
    ann.act("invite", club, ben)
    join_refused(ben, room)
    ben.act("join", club)
    ben.act("leave", club)
    join_refused(ben, room)


def test_somebody_who_may_invite_vouches(people):
    ann, ben, cid = people
    club = ann.create_room(preset="public_chat")
    for one in (ben, cid):
        one.act("join", club)
    room = make_room(ann, "restricted", "11", allow=[club])
    ben.post(f"/join/{quote(room)}")
    levels = ann.state(room, "m.room.power_levels")
    ann.set_state(room, "m.room.power_levels", {
        **levels, "invite": 60, "users": {ann.id: 100, ben.id: 60}})
    ann.act("leave", room)
    cid.post(f"/join/{quote(room)}")
    content = member(ben, room, cid)["content"]
    assert content["join_authorised_via_users_server"] == ben.id, "ann has left"
    cid.act("leave", room)
    ben.act("leave", room)
    join_refused(cid, room, "M_UNABLE_TO_GRANT_JOIN")


def test_nobody_vouches_who_may_not_invite(people):
    ann, ben, _ = people
    club = ann.create_room(preset="public_chat")
    ben.act("join", club)
    room = make_room(ann, "restricted", "11", allow=[club])
    levels = ann.state(room, "m.room.power_levels")
    ann.set_state(room, "m.room.power_levels", {**levels, "users": {ann.id: 100}, "invite": 100})
    ben.post(f"/join/{quote(room)}")
    assert member(ann, room, ben)["content"]["join_authorised_via_users_server"] == ann.id


def test_a_client_cannot_vouch_for_itself(people):
    ann, ben, _ = people
    room = make_room(ann, "restricted", allow=[ann.create_room()])
    ben.refused(403, "M_FORBIDDEN", "PUT", ben.room(room, "state", "m.room.member", quote(ben.id)),
                {"membership": "join", "join_authorised_via_users_server": ann.id})


@pytest.mark.parametrize("allow, errcode", [
    ([], "M_FORBIDDEN"), ("not a list", "M_FORBIDDEN"), ([5, {}, {"type": 3}], "M_FORBIDDEN"),
    ([{"type": "org.example.unknown", "room_id": "!a:b"}], "M_FORBIDDEN"),
    ([{"type": "m.room_membership"}], "M_FORBIDDEN"),
    ([{"type": "m.room_membership", "room_id": "no id"}], "M_FORBIDDEN"),
    ([{"type": "m.room_membership", "room_id": "!unknown:elsewhere.test"}],
     "M_UNABLE_TO_AUTHORISE_JOIN")])
def test_conditions_that_nobody_meets(people, allow, errcode):
    ann, ben, _ = people
    room = ann.create_room(initial_state=[{
        "type": "m.room.join_rules", "state_key": "",
        "content": {"join_rule": "restricted", "allow": allow}}])
    join_refused(ben, room, errcode)


def test_a_version_that_knows_no_restricted_rooms(people):
    ann, ben, _ = people
    club = ann.create_room(preset="public_chat")
    ben.act("join", club)
    join_refused(ben, make_room(ann, "restricted", "7", allow=[club]))
