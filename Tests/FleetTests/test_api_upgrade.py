"""Rooms that go on in another version."""
import pytest

from support.api import quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")


def upgrade(user, room, version, **body):
    return user.post(user.room(room, "upgrade"),
                     {"new_version": version, **body})["replacement_room"]


def refused(user, room, status, errcode, body):
    user.refused(status, errcode, "POST", user.room(room, "upgrade"), body)


def state(user, room):
    return {(one["type"], one["state_key"]): one for one in user.get(user.room(room, "state"))}


STATE = {
    "m.room.name": {"name": "the old name"},
    "m.room.topic": {"topic": "the old topic"},
    "m.room.avatar": {"url": "mxc://fleet.test/old"},
    "m.room.history_visibility": {"history_visibility": "invited"},
    "m.room.guest_access": {"guest_access": "forbidden"},
    "m.room.join_rules": {"join_rule": "public"},
    "m.room.encryption": {"algorithm": "m.megolm.v1.aes-sha2"},
    "m.room.server_acl": {"allow": ["*"], "deny": ["evil.test"], "allow_ip_literals": False},
}


@pytest.mark.parametrize("old, new", [
    ("1", "2"), ("5", "11"), ("10", "11"), ("11", "12"), ("12", "12"), ("12", "11")])
def test_everything_is_carried_over(people, old, new):
    ann, ben, cid = people
    name = unique("old")
    room = ann.create_room(preset="public_chat", room_version=old, room_alias_name=name)
    for kind, content in STATE.items():
        ann.set_state(room, kind, content)
    ann.set_state(room, "org.example.custom", {"stays": "behind"})
    ben.act("join", room)
    ann.act("ban", room, cid, reason="spam")
    levels = ann.state(room, "m.room.power_levels")
    levels["users"][ben.id] = 60
    levels["events"]["org.example.custom"] = 61
    ann.set_state(room, "m.room.power_levels", levels)
    alias = f"#{name}:{ann.id.partition(':')[2]}"
    last = ann.send(room, "the last one")
    made = upgrade(ann, room, new)

    found = state(ann, made)
    create = found["m.room.create", ""]["content"]
    assert create["room_version"] == new
    assert create["predecessor"]["room_id"] == room
    if new != "12":
        assert create["predecessor"]["event_id"] == last
    for kind, content in STATE.items():
        assert found[kind, ""]["content"] == content, kind
    assert ("org.example.custom", "") not in found
    assert found["m.room.canonical_alias", ""]["content"] == {"alias": alias}
    assert found["m.room.member", ann.id]["content"]["membership"] == "join"
    assert found["m.room.member", cid.id]["content"] == {"membership": "ban", "reason": "spam"}
    assert ("m.room.member", ben.id) not in found, "nobody else is brought along"
    carried = found["m.room.power_levels", ""]["content"]
    assert carried["users"][ben.id] == 60 and carried["events"]["org.example.custom"] == 61
    assert (ann.id in carried["users"]) == (new != "12"), "creators have no level in version 12"
    ann.set_state(made, "m.room.topic", {"topic": "ann still rules"})
    assert ann.get(f"/directory/room/{quote(alias)}")["room_id"] == made
    assert ann.get(ann.room(room, "aliases"))["aliases"] == []
    ben.post(f"/join/{quote(alias)}")

    buried = state(ann, room)
    tombstone = buried["m.room.tombstone", ""]
    assert tombstone["content"]["replacement_room"] == made and tombstone["content"]["body"]
    assert tombstone["sender"] == ann.id
    assert buried["m.room.canonical_alias", ""]["content"] == {}
    quiet = buried["m.room.power_levels", ""]["content"]
    assert quiet["events_default"] == 50 and quiet["invite"] == 50
    newcomer = ann.api.register(unique("late"))
    newcomer.act("join", room)
    newcomer.refused(403, "M_FORBIDDEN", "PUT",
                     newcomer.room(room, "send", "m.room.message", "x"), {"body": "hello?"})


def test_asking_again_gives_the_same_room(people):
    ann, _, _ = people
    room = ann.create_room(room_version="10")
    made = upgrade(ann, room, "11")
    events = [one["event_id"] for one in ann.history(room)]
    assert upgrade(ann, room, "11") == made
    after = [one["event_id"] for one in ann.history(room)]
    assert after == events, "the second request adds nothing"
    rooms = ann.get("/joined_rooms")["joined_rooms"]
    assert sorted(rooms) == sorted([room, made])
    again = upgrade(ann, room, "12")
    assert again not in (room, made)
    assert ann.state(room, "m.room.tombstone")["replacement_room"] == again


def test_who_has_too_little_power_for_the_rest(people):
    """May replace the room, but not set its access list: in the end the levels are as they were."""
    ann, ben, _ = people
    room = ann.create_room(preset="public_chat", room_version="10")
    ann.set_state(room, "m.room.server_acl", STATE["m.room.server_acl"])
    ben.act("join", room)
    levels = ann.state(room, "m.room.power_levels")
    levels["users"][ben.id] = 50
    levels["events"]["m.room.tombstone"] = 50
    ann.set_state(room, "m.room.power_levels", levels)
    made = upgrade(ben, room, "11")
    found = state(ben, made)
    assert found["m.room.server_acl", ""]["content"] == STATE["m.room.server_acl"]
    assert found["m.room.power_levels", ""]["content"] == levels
    buried = state(ben, room)
    assert buried["m.room.tombstone", ""]["sender"] == ben.id
    assert buried["m.room.power_levels", ""]["content"] == levels, "that ben may not change"


def test_creators_of_version_12(people):
    ann, ben, cid = people
    room = ann.create_room(room_version="11", preset="public_chat")
    ben.act("join", room)
    levels = ann.state(room, "m.room.power_levels")
    levels["users"].update({ben.id: 100, cid.id: 50})
    ann.set_state(room, "m.room.power_levels", levels)
    made = upgrade(ann, room, "12", additional_creators=[ben.id, ann.id, ben.id])
    found = state(ann, made)
    assert found["m.room.create", ""]["content"]["additional_creators"] == [ben.id]
    assert found["m.room.power_levels", ""]["content"]["users"] == {cid.id: 50}
    third = upgrade(ann, made, "12")
    assert "additional_creators" not in state(ann, third)["m.room.create", ""]["content"]
    back = upgrade(ann, made, "11", additional_creators=[cid.id, ben.id])
    found = state(ann, back)
    assert "additional_creators" not in found["m.room.create", ""]["content"]
    users = found["m.room.power_levels", ""]["content"]["users"]
    assert users[ann.id] == 100 and users[ben.id] == 100, "who stood above the levels has one"


def settings(user, room):
    """Tags, direct chats and whether the room is muted."""
    rules = user.get("/pushrules/")["global"]
    return (user.get(f"/user/{quote(user.id)}/rooms/{quote(room)}/tags")["tags"],
            user.get(f"/user/{quote(user.id)}/account_data/m.direct"),
            [one for one in rules["room"] if one["rule_id"] == room],
            [one for one in rules["override"] if one["rule_id"] == room])


def choose(user, room, partner):
    where = f"/user/{quote(user.id)}"
    user.put(f"{where}/rooms/{quote(room)}/tags/m.favourite", {"order": 0.5})
    user.put(f"{where}/rooms/{quote(room)}/tags/u.work", {})
    user.put(f"{where}/account_data/m.direct", {partner.id: [room], "@x:y": ["!other:y"]})
    user.put(f"/pushrules/global/room/{quote(room)}", {"actions": ["notify"]})
    user.put(f"/pushrules/global/room/{quote(room)}/enabled", {"enabled": False})
    user.put(f"/pushrules/global/override/{quote(room)}", {"actions": [], "conditions": [
        {"kind": "event_match", "key": "room_id", "pattern": room}]})


def test_what_users_have_set_follows_them(people):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat")
    for one, partner in ((ann, ben), (ben, ann)):
        one.act("join", room)
        choose(one, room, partner)
    made = upgrade(ann, room, "11")
    ben.act("join", made)
    for one, partner in ((ann, ben), (ben, ann)):
        tags, direct, muted, overrides = settings(one, made)
        assert tags == {"m.favourite": {"order": 0.5}, "u.work": {}}
        assert direct == {partner.id: [room, made], "@x:y": ["!other:y"]}
        assert [one["enabled"] for one in muted] == [False]
        assert overrides[0]["conditions"] == [
            {"kind": "event_match", "key": "room_id", "pattern": made}]
    liar = cid.create_room(preset="public_chat", creation_content={
        "predecessor": {"room_id": room, "event_id": "$x"}})
    ben.act("join", liar)
    assert settings(ben, liar)[0] == {}, "only the old room says which one follows it"


def test_a_join_rule_that_the_new_version_does_not_know(people):
    ann, ben, _ = people
    club = ann.create_room()
    room = ann.create_room(room_version="11", initial_state=[{
        "type": "m.room.join_rules", "state_key": "", "content": {
            "join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": club}]}}])
    made = upgrade(ann, room, "6")
    assert ann.state(made, "m.room.join_rules") == {"join_rule": "invite"}
    kept = upgrade(ann, room, "9")
    assert ann.state(kept, "m.room.join_rules")["join_rule"] == "restricted"


def test_a_space_takes_its_rooms_along(people):
    ann, _, _ = people
    space = ann.create_room(room_version="11", creation_content={
        "type": "m.space", "m.federate": False})
    ann.set_state(space, "m.space.child", {"via": ["fleet.test"], "order": "a"}, "!kept:fleet.test")
    ann.set_state(space, "m.space.child", {}, "!gone:fleet.test")
    made = upgrade(ann, space, "12")
    found = state(ann, made)
    create = found["m.room.create", ""]["content"]
    assert create["type"] == "m.space" and create["m.federate"] is False
    children = {key: one["content"] for (kind, key), one in found.items()
                if kind == "m.space.child"}
    assert children == {"!kept:fleet.test": {"via": ["fleet.test"], "order": "a"}}


def test_levels_that_are_texts(people):
    """Old versions allow them, and only the server's own users are kept from writing them."""
    ann, _, _ = people
    room = ann.create_room(room_version="9")
    refused_state = ann.room(room, "state", "m.room.power_levels")
    ann.refused(400, "M_BAD_JSON", "PUT", refused_state, {"users": {ann.id: "100"}})
    assert upgrade(ann, room, "11")


def test_who_may_not(people):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat")
    ben.act("join", room)
    refused(ben, room, 403, "M_FORBIDDEN", {"new_version": "11"})
    refused(cid, room, 403, "M_FORBIDDEN", {"new_version": "11"})
    refused(ann, "!nothing:fleet.test", 403, "M_FORBIDDEN", {"new_version": "11"})
    assert "m.room.tombstone" not in {kind for kind, _ in state(ann, room)}


@pytest.mark.parametrize("body, errcode", [
    ({}, "M_MISSING_PARAM"), ({"new_version": 11}, "M_BAD_JSON"),
    ({"new_version": "999"}, "M_UNSUPPORTED_ROOM_VERSION"),
    ({"new_version": "1\x00"}, "M_UNSUPPORTED_ROOM_VERSION"),
    ({"new_version": "12", "additional_creators": "@a:b"}, "M_BAD_JSON"),
    ({"new_version": "12", "additional_creators": [5]}, "M_BAD_JSON"),
    ({"new_version": "12", "additional_creators": ["nobody"]}, "M_INVALID_PARAM")])
def test_requests_that_make_no_sense(people, body, errcode):
    ann, _, _ = people
    refused(ann, ann.create_room(), 400, errcode, body)
