"""Rooms and memberships, through every way in by turns."""
import pytest

from support.api import CLIENT, Unexpected, joined, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
VERSIONS = tuple(str(number) for number in range(1, 13))


# ---- creation ------------------------------------------------------------------------------

@pytest.mark.parametrize("version", VERSIONS)
def test_a_room_of_each_version(people, version):
    ann, ben, _ = people
    number = int(version)
    room = ann.create_room(preset="public_chat", room_version=version)
    assert (":" in room) == (number < 12), "ids of version 12 have no domain"
    create, = [one for one in ann.get(ann.room(room, "state")) if one["type"] == "m.room.create"]
    assert create["content"]["room_version"] == version and create["sender"] == ann.id
    assert ("creator" in create["content"]) == (number < 11)
    ben.act("join", room)
    event = ben.send(room, "hello")
    server = ben.id.split(":", 1)[1]
    assert event.startswith("$")
    if number < 3:
        assert event.endswith(":" + server), "the server chose the id"
    else:
        assert len(event) == 44, "an event id is a hash"
    power = ann.state(room, "m.room.power_levels")
    assert (ann.id in power.get("users", {})) == (number < 12), "creators stand above levels"
    ann.refused(400, "M_BAD_JSON", "PUT", ann.room(room, "state", "m.room.power_levels", ""),
                power | {"ban": "50"})


@pytest.mark.parametrize("version", VERSIONS)
def test_fractions_are_for_the_first_versions(people, version):
    ann = people[0]
    room = ann.create_room(room_version=version)
    path = ann.room(room, "state", "x.number", "")
    if int(version) < 6:
        ann.put(path, {"number": 1.5})
        assert ann.state(room, "x.number") == {"number": 1.5}
    else:
        ann.refused(400, "M_BAD_JSON", "PUT", path, {"number": 1.5})


def test_the_default_version(people):
    room = people[0].create_room()
    assert people[0].state(room, "m.room.create")["room_version"] == "12"


def test_an_unknown_version_is_refused(people):
    people[0].refused(400, "M_UNSUPPORTED_ROOM_VERSION", "POST", "/createRoom",
                      {"room_version": "no.such.version"})


@pytest.mark.parametrize("preset, join_rule", [
    ("private_chat", "invite"), ("trusted_private_chat", "invite"), ("public_chat", "public")])
def test_presets(people, preset, join_rule):
    ann, ben, _ = people
    room = ann.create_room(preset=preset, room_version="11", invite=[ben.id])
    assert ann.state(room, "m.room.join_rules")["join_rule"] == join_rule
    assert ann.state(room, "m.room.history_visibility")["history_visibility"] == "shared"
    guests = ann.state(room, "m.room.guest_access", expect=404 if join_rule == "public" else 200)
    assert guests.get("guest_access", "forbidden") == (
        "forbidden" if join_rule == "public" else "can_join")
    users = ann.state(room, "m.room.power_levels")["users"]
    assert users.get(ben.id, 0) == (100 if preset == "trusted_private_chat" else 0)


def test_creation_with_everything(people):
    ann, ben, _ = people
    room = ann.create_room(
        name="The name", topic="The topic", invite=[ben.id], is_direct=True, preset="private_chat",
        creation_content={"m.federate": False, "x.own": 1},
        initial_state=[{"type": "x.state", "state_key": "k", "content": {"n": 1}}],
        power_level_content_override={"events_default": 7})
    assert ann.state(room, "m.room.name")["name"] == "The name"
    assert ann.state(room, "m.room.topic")["topic"] == "The topic"
    assert ann.state(room, "x.state", "k") == {"n": 1}
    assert ann.state(room, "m.room.power_levels")["events_default"] == 7
    create = ann.state(room, "m.room.create")
    assert create["m.federate"] is False and create["x.own"] == 1
    invite = ann.state(room, "m.room.member", ben.id)
    assert invite["membership"] == "invite" and invite["is_direct"] is True


def test_a_room_with_an_alias(people):
    ann, ben, cid = people
    name = unique("alias")
    room = ann.create_room(preset="public_chat", room_alias_name=name)
    alias = f"#{name}:{ann.id.split(':', 1)[1]}"
    assert ann.get(f"/directory/room/{quote(alias)}")["room_id"] == room
    assert ann.state(room, "m.room.canonical_alias")["alias"] == alias
    assert ben.post(f"/join/{quote(alias)}")["room_id"] == room
    cid.refused(400, "M_ROOM_IN_USE", "POST", "/createRoom", {"room_alias_name": name})


@pytest.mark.parametrize("body", [
    {"invite": "not a list"}, {"invite": ["not a user id"]}, {"initial_state": [{}]},
    {"preset": "no_such_preset"}, {"creation_content": 7}, {"room_version": 12},
    {"power_level_content_override": []}, {"name": {"no": "text"}}])
def test_bad_creations_are_refused(people, body):
    with pytest.raises(Unexpected) as refusal:
        people[0].create_room(**body)
    assert refusal.value.answer.status == 400 and refusal.value.answer.errcode


# ---- aliases -------------------------------------------------------------------------------

def test_only_members_name_a_room(people):
    ann, ben = people[:2]
    room = ann.create_room(preset="public_chat")
    path = f"/directory/room/{quote('#' + unique('named') + ':' + ann.id.split(':', 1)[1])}"
    ben.refused(403, "M_FORBIDDEN", "PUT", path, {"room_id": room})
    ben.act("join", room)
    ben.put(path, {"room_id": room})


def test_aliases(people):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat")
    alias = f"#{unique('way')}:{ann.id.split(':', 1)[1]}"
    path = f"/directory/room/{quote(alias)}"
    cid.refused(404, "M_NOT_FOUND", "GET", path)
    ann.put(path, {"room_id": room})
    assert cid.get(path)["room_id"] == room
    ann.put(path, {"room_id": room}, expect=409)
    assert alias in ann.get(ann.room(room, "aliases"))["aliases"]
    assert ben.post(f"/join/{quote(alias)}") == {"room_id": room}
    ben.refused(403, "M_FORBIDDEN", "DELETE", path)
    ann.delete(path)
    cid.refused(404, "M_NOT_FOUND", "GET", path)
    cid.refused(404, "M_NOT_FOUND", "POST", f"/join/{quote(alias)}")


# ---- memberships ---------------------------------------------------------------------------

def bring(admin, user, room, membership):
    """Bring `user` into `membership` of a room to which people are invited."""
    if membership in ("invite", "join", "leave"):
        admin.act("invite", room, user)
    if membership in ("join", "leave"):
        user.act("join", room)
    if membership == "leave":
        user.act("leave", room)
    if membership == "ban":
        admin.act("ban", room, user)


TRANSITIONS = [
    # before, who acts, action, membership afterwards or None when it is refused
    (None, "admin", "invite", "invite"), ("invite", "admin", "invite", "invite"),
    ("join", "admin", "invite", None), ("leave", "admin", "invite", "invite"),
    ("ban", "admin", "invite", None),
    (None, "user", "join", None), ("invite", "user", "join", "join"),
    ("join", "user", "join", "join"), ("leave", "user", "join", None),
    ("ban", "user", "join", None),
    (None, "user", "leave", None), ("invite", "user", "leave", "leave"),
    ("join", "user", "leave", "leave"), ("ban", "user", "leave", None),
    (None, "admin", "kick", None), ("invite", "admin", "kick", "leave"),
    ("join", "admin", "kick", "leave"), ("leave", "admin", "kick", None),
    (None, "admin", "ban", "ban"), ("invite", "admin", "ban", "ban"),
    ("join", "admin", "ban", "ban"), ("leave", "admin", "ban", "ban"),
    ("join", "admin", "unban", None), ("ban", "admin", "unban", "leave"),
]


@pytest.mark.parametrize("before, actor, action, after", TRANSITIONS)
def test_transitions(people, before, actor, action, after):
    admin, user, _ = people
    room = admin.create_room(preset="private_chat")
    bring(admin, user, room, before)
    target = user if actor == "admin" else None
    doer = admin if actor == "admin" else user
    if after is None:
        with pytest.raises(Unexpected) as refusal:
            doer.act(action, room, target)
        assert refusal.value.answer.status == 403, refusal.value
        assert refusal.value.answer.errcode in ("M_FORBIDDEN", "M_BAD_STATE")
    else:
        doer.act(action, room, target)
    assert admin.membership(room, user) == (after or before)


def test_only_the_powerful_kick_ban_and_name(people):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat")
    for user in (ben, cid):
        user.act("join", room)
    for action in ("kick", "ban"):
        ben.refuses(403, "M_FORBIDDEN", action, room, cid)
    ben.refused(403, "M_FORBIDDEN", "PUT", ben.room(room, "state", "m.room.name", ""),
                {"name": "mine"})
    power = ann.state(room, "m.room.power_levels")
    ann.set_state(room, "m.room.power_levels", power | {
        "users": power.get("users", {}) | {ben.id: 50}})
    ben.act("kick", room, cid, reason="because")
    assert ann.state(room, "m.room.member", cid.id)["reason"] == "because"
    ben.refuses(403, "M_FORBIDDEN", "kick", room, ann)


def test_a_banned_user_cannot_come_back_until_unbanned(people):
    ann, ben, _ = people
    room = ann.create_room(preset="public_chat")
    ben.act("join", room)
    ann.act("ban", room, ben)
    ben.refuses(403, "M_FORBIDDEN", "join", room)
    ann.act("unban", room, ben)
    ben.act("join", room)
    assert ann.membership(room, ben) == "join"


def test_forget(people):
    ann, ben, _ = people
    room = ann.create_room(preset="public_chat")
    ben.act("join", room)
    ben.refuses(400, "M_UNKNOWN", "forget", room)
    ben.act("leave", room)
    assert ben.messages(room)["chunk"], "one who left may read up to then"
    ben.act("forget", room)
    ben.refused(403, "M_FORBIDDEN", "GET", ben.room(room, "messages"), dir="b")
    archive = ben.sync(filter='{"room":{"include_leave":true}}')
    assert room not in archive.get("rooms", {}).get("leave", {})
    ben.act("join", room)
    assert room in ben.get("/joined_rooms")["joined_rooms"]


def test_what_else_a_user_joins_with(people):
    """As the body of /join/ has it, but nothing that says more than that the user joins."""
    ann, ben, cid = people
    alias = unique("custom")
    room = ann.create_room(preset="public_chat", room_alias_name=alias)
    server = ann.id.split(":", 1)[1]
    body = {"x.mood": {"is": "good"}, "reason": "why not", "membership": "leave",
            "join_authorised_via_users_server": ann.id, "third_party_signed": {}}
    for user, name in ((ben, room), (cid, f"#{alias}:{server}")):
        user.post(f"/join/{quote(name)}", body)
        content = ann.state(room, "m.room.member", user.id)
        assert content.pop("displayname")
        assert content == {
            "membership": "join", "reason": "why not", "x.mood": {"is": "good"}}


def test_member_lists(people):
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat", invite=[cid.id])
    ben.act("join", room)
    members = ann.get(ann.room(room, "members"))["chunk"]
    assert {one["state_key"]: one["content"]["membership"] for one in members} == {
        ann.id: "join", ben.id: "join", cid.id: "invite"}
    for query, expected in (({"membership": "invite"}, {cid.id}),
                            ({"not_membership": "invite"}, {ann.id, ben.id})):
        chunk = ann.get(ann.room(room, "members"), **query)["chunk"]
        assert {one["state_key"] for one in chunk} == expected
    assert set(ann.get(ann.room(room, "joined_members"))["joined"]) == {ann.id, ben.id}
    assert ben.get("/joined_rooms")["joined_rooms"] == [room]
    assert cid.get("/joined_rooms")["joined_rooms"] == []


def test_strangers_see_nothing(people):
    ann, _, cid = people
    room = ann.create_room(preset="private_chat")
    event = ann.send(room, "secret")
    for path in (["state"], ["state", "m.room.name"], ["members"], ["joined_members"]):
        cid.refused(403, "M_FORBIDDEN", "GET", cid.room(room, *path))
    cid.refused(403, "M_FORBIDDEN", "GET", cid.room(room, "messages"), dir="b")
    cid.refused(404, "M_NOT_FOUND", "GET", cid.room(room, "event", quote(event)))
    cid.refused(403, "M_FORBIDDEN", "PUT", cid.room(room, "send", "m.room.message", "t"), {})
    assert not joined(cid.sync(), room)


def test_rooms_that_do_not_exist(people):
    ann = people[0]
    for room in ("!nothing:nowhere.test", "!" + 43 * "A"):
        for method, path in (("GET", ann.room(room, "state")), ("POST", ann.room(room, "join")),
                             ("PUT", ann.room(room, "send", "m.room.message", "t1"))):
            answer = ann.api.raw(method, CLIENT + path, b"{}" if method != "GET" else None,
                                 {"Authorization": f"Bearer {ann.token}"})
            assert answer.status in (403, 404) and answer.errcode in (
                "M_FORBIDDEN", "M_NOT_FOUND", "M_UNKNOWN")
