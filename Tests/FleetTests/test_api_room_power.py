"""Administrators of the server make users administrators of rooms, through Synapse's API."""
import pytest

from support.api import User, quote
from support.deployment import SERVER_NAME, unique

DEPLOYMENTS = ("fleet", "monolith")
PEOPLE = ("ann", "ben")


@pytest.fixture(scope="module")
def admin(server):
    return User(server.rotating, server.rotating.register_with_secret(
        server.shared_secret, unique("admin"), admin=True))


def path(room):
    return f"/_synapse/admin/v1/rooms/{quote(room)}/make_room_admin"


def empower(admin, room, user=None):
    body = {"user_id": user.id} if user else {}
    assert admin.api.call("POST", path(room), body, admin.token) == {}


def levels(user, room):
    return user.state(room, "m.room.power_levels")["users"]


def test_who_asks_is_invited_with_the_highest_power(admin, people):
    ann = people[0]
    room = ann.create_room()
    empower(admin, room)
    assert ann.membership(room, admin) == "invite"
    admin.act("join", room)
    admin.set_state(room, "m.room.tombstone", {"body": "over", "replacement_room": room})
    assert admin.state(room, "m.room.tombstone")["body"] == "over"


@pytest.mark.parametrize("version", ["6", "10", "11"])
def test_a_member_becomes_as_mighty_as_the_mightiest(admin, people, version):
    ann, ben = people
    alias = unique("power")
    room = ann.create_room(preset="public_chat", room_version=version, room_alias_name=alias)
    ben.act("join", room)
    before = ann.state(room, "m.room.power_levels")
    empower(admin, f"#{alias}:{SERVER_NAME}", ben)
    assert levels(ann, room) == {ann.id: 100, ben.id: 100}
    after = ann.state(room, "m.room.power_levels")
    assert {**after, "users": before["users"]} == before, "nothing else has changed"
    ben.set_state(room, "m.room.name", {"name": "Ben's"})


def test_again_it_changes_nothing(admin, people):
    ann, ben = people
    room = ann.create_room(preset="public_chat")
    empower(admin, room, ben)
    assert ann.membership(room, ben) is None, "who can come in is not invited"
    ben.act("join", room)
    count = len(ann.history(room))
    empower(admin, room, ben)
    empower(admin, room, ann)
    assert len(ann.history(room)) == count


def test_only_members_have_power_to_give(admin, people):
    ann, ben = people
    room = ann.create_room(preset="public_chat", room_version="11")
    ben.act("join", room)
    ann.act("leave", room)
    error = admin.api.refused(400, "M_UNKNOWN", "POST", path(room), {"user_id": ben.id},
                              admin.token)
    assert error["error"] == "No local admin user in room"
    assert ben.id not in levels(ben, room)


def test_it_takes_a_room_a_user_and_an_administrator(admin, people):
    ann = people[0]
    room = ann.create_room()
    for name, body, status, code in (
            (room, {"user_id": "ben"}, 400, "M_INVALID_PARAM"),
            (room, {"user_id": 1}, 400, "M_BAD_JSON"),
            ("nonsense", {}, 404, "M_NOT_FOUND"),
            (f"#none:{SERVER_NAME}", {}, 404, "M_NOT_FOUND"),
            (f"!none:{SERVER_NAME}", {}, 404, "M_NOT_FOUND")):
        admin.api.refused(status, code, "POST", path(name), body, admin.token)
    admin.api.refused(403, "M_FORBIDDEN", "POST", path(room), {}, ann.token)
