"""Who wants no invitations gets none, and is told of none: through whatever worker."""
import pytest

from support.api import quote

DEPLOYMENTS = ("fleet", "monolith")
TYPE = "m.invite_permission_config"


def allow(user, content):
    user.put(f"/user/{quote(user.id)}/account_data/{TYPE}", content)


def invited(response):
    return response.get("rooms", {}).get("invite", {})


@pytest.fixture
def blocking(people):
    """Somebody who was invited before they wanted no invitations: that room, and the user."""
    ann, ben, _ = people
    before = ann.create_room(invite=[ben.id])
    assert before in invited(ben.sync())
    allow(ben, {"default_action": "block"})
    return before, ben


def test_others_are_invited_as_ever(people, blocking):
    ann, ben, cid = people
    room = ann.create_room(invite=[cid.id])
    assert room in invited(cid.sync())
    ann.refuses(403, "M_INVITE_BLOCKED", "invite", room, ben)
    assert ann.membership(room, ben) is None


def test_no_room_is_made_with_who_wants_no_invitation(people, blocking):
    ann, ben, cid = people
    ann.refused(403, "M_INVITE_BLOCKED", "POST", "/createRoom", {"invite": [cid.id, ben.id]})
    assert invited(cid.sync()) == {}


def test_invitations_from_before_are_told_to_nobody_but_the_room(people, blocking):
    ann, _, _ = people
    before, ben = blocking
    assert ann.membership(before, ben) == "invite"
    assert invited(ben.sync()) == {}
    legacy = ben.get("/initialSync")["rooms"]
    assert before not in [one["room_id"] for one in legacy]
    ben.act("join", before)
    assert before in ben.sync()["rooms"]["join"]


def test_they_come_back_when_they_are_wanted(people, blocking):
    ann, _, _ = people
    before, ben = blocking
    allow(ben, {})
    assert before in invited(ben.sync())
    ann.create_room(invite=[ben.id])


def test_delayed_invitations_are_no_way_around(people, blocking):
    ann, ben, _ = people
    room = ann.create_room()
    path = ann.room(room, "delayed_event", "m.room.member", "t1")
    delay = ann.put(path, {"delay_ms": 3_600_000, "state_key": ben.id,
                           "content": {"membership": "invite"}})["delay_id"]
    send = f"/_matrix/client/v1/delayed_events/{delay}/send"
    ann.api.refused(403, "M_INVITE_BLOCKED", "POST", send, {}, ann.token)
    assert ann.membership(room, ben) is None
