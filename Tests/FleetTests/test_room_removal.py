"""Old history and whole rooms are removed by administrators, through Synapse's API."""
import pytest

from support.api import Unexpected, User, bodies, quote, timeline
from support.deployment import SERVER_NAME, unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
PEOPLE = ("ann", "ben")
ADMIN = "/_synapse/admin"
DONE_SECONDS = 60


@pytest.fixture(scope="module")
def admin(server):
    return User(server.rotating, server.rotating.register_with_secret(
        server.shared_secret, unique("admin"), admin=True))


@pytest.fixture
def room(people):
    ann, ben = people
    room = ann.create_room(preset="public_chat", name="Room")
    ben.act("join", room)
    return room


def ask(admin, method, path, body=None, expect=200):
    return admin.api.call(method, ADMIN + path, body, admin.token, expect=expect)


def purged(admin, path, body=None):
    """Asks for a purge and waits for its end -> its status."""
    purge = ask(admin, "POST", f"/v1/purge_history/{path}", body or {})["purge_id"]

    def is_done():
        answer = ask(admin, "GET", f"/v1/purge_history_status/{purge}")
        return answer if answer["status"] != "active" else None
    return until(is_done, DONE_SECONDS, "the purge has ended")


def deleted(admin, room, **body):
    """Asks for a deletion and waits for its end -> its status."""
    task = ask(admin, "DELETE", f"/v2/rooms/{quote(room)}", body)["delete_id"]

    def is_done():
        answer = ask(admin, "GET", f"/v2/rooms/delete_status/{task}")
        return answer if answer["status"] not in ("active", "scheduled") else None
    return until(is_done, DONE_SECONDS, "the deletion has ended")


def state_of(user, room):
    return {(one["type"], one["state_key"]): one["content"]
            for one in user.get(user.room(room, "state"))}


# ---- history -------------------------------------------------------------------------------

def test_what_is_older_than_an_event_goes(admin, people, room):
    ann, ben = people
    sent = [ann.send(room, f"m{number}") for number in range(30)]
    ann.set_state(room, "m.room.topic", {"topic": "kept"})
    before = state_of(ann, room)
    status = purged(admin, f"{quote(room)}/{quote(sent[20])}")
    assert status["status"] == "complete"
    assert status["progress"]["removed_events"] == 20
    assert bodies(ann.history(room)) == [f"m{number}" for number in range(20, 30)]
    assert state_of(ann, room) == before, "the state is what it was"
    for user in people:
        user.refused(404, "M_NOT_FOUND", "GET", user.room(room, "event", quote(sent[3])))
        assert user.get(user.room(room, "event", quote(sent[25])))["content"]["body"] == "m25"


def test_the_room_goes_on(admin, people, room):
    ann, ben = people
    sent = [ann.send(room, f"m{number}") for number in range(10)]
    since = ben.sync()["next_batch"]
    assert purged(admin, f"{quote(room)}/{quote(sent[9])}")["status"] == "complete"
    ann.send(room, "after")
    ben.act("leave", room)
    ben.act("join", room)
    ann.set_state(room, "m.room.name", {"name": "New"})
    assert bodies(ann.history(room)) == ["m9", "after"]
    response = ben.sync_until(lambda one: timeline(one, room), since)
    assert response["rooms"]["join"][room]["timeline"]["events"]


def test_a_first_sync_tells_only_what_is_left(server, admin, people, room):
    ann, ben = people
    everywhere = [ben.through(type(ben.api)([url])) for url in server.entries]
    sent = [ann.send(room, f"m{number}") for number in range(8)]
    for one in everywhere:
        one.sync()  # every worker remembers the room
    purged(admin, f"{quote(room)}/{quote(sent[6])}")
    for one in everywhere:
        until(lambda one=one: bodies(timeline(one.sync(), room)) == ["m6", "m7"], 10,
              "the worker has forgotten the older events")


def test_what_was_sent_before_a_moment_goes(admin, people, room):
    ann = people[0]
    ann.send(room, "old")
    moment = ann.get(ann.room(room, "event", quote(ann.send(room, "then"))))["origin_server_ts"]
    ann.send(room, "new")
    purged(admin, quote(room), {"purge_up_to_ts": moment + 1})
    left = bodies(ann.history(room))
    assert "old" not in left and left[-1] == "new"


def test_purges_that_cannot_be(admin, people, room):
    ann = people[0]
    other = ann.send(ann.create_room(), "elsewhere")
    for path, body, status, code in (
            (f"{quote(room)}", {}, 400, "M_MISSING_PARAM"),
            (f"{quote(room)}", {"purge_up_to_ts": "x"}, 400, "M_BAD_JSON"),
            (f"{quote(room)}/{quote(other)}", {}, 404, "M_NOT_FOUND"),
            (f"{quote(room)}/nonsense", {}, 400, "M_INVALID_PARAM"),
            (f"nonsense/{quote(other)}", {}, 400, "M_INVALID_PARAM"),
            (f"{quote('!none:' + SERVER_NAME)}/{quote(other)}", {}, 404, "M_NOT_FOUND")):
        admin.api.refused(status, code, "POST", f"{ADMIN}/v1/purge_history/{path}", body,
                          admin.token)
    admin.api.refused(404, "M_NOT_FOUND", "GET", f"{ADMIN}/v1/purge_history_status/none",
                      token=admin.token)
    admin.api.refused(403, "M_FORBIDDEN", "POST",
                      f"{ADMIN}/v1/purge_history/{quote(room)}/{quote(other)}", {}, ann.token)


# ---- rooms ---------------------------------------------------------------------------------

def test_a_deleted_room_is_no_more(admin, people, room):
    ann, ben = people
    alias = f"#{unique('room')}:{SERVER_NAME}"
    ann.put(f"/directory/room/{quote(alias)}", {"room_id": room})
    for number in range(20):
        ann.send(room, f"m{number}")
    since = ben.sync()["next_batch"]
    status = deleted(admin, room)
    assert status["status"] == "complete"
    assert sorted(status["shutdown_room"]["kicked_users"]) == sorted([ann.id, ben.id])
    assert status["shutdown_room"]["local_aliases"] == [alias]
    ann.refused(404, "M_NOT_FOUND", "GET", f"/directory/room/{quote(alias)}")
    for user in people:
        assert user.act("join", room, expect=404)["errcode"] == "M_NOT_FOUND"
        assert room not in user.get("/joined_rooms")["joined_rooms"]
        until(lambda user=user: room not in user.sync(
            filter='{"room":{"include_leave":true}}').get("rooms", {}).get("leave", {}), 10,
            "no worker remembers the room")
        user.refused(403, "M_FORBIDDEN", "GET", user.room(room, "messages"), dir="b")
    assert ben.sync(since)["next_batch"], "who was away is answered all the same"


def test_members_are_taken_to_another_room(server, admin, people, room):
    ann, ben = people
    alias = f"#{unique('room')}:{SERVER_NAME}"
    ann.put(f"/directory/room/{quote(alias)}", {"room_id": room})
    owner = server.rotating.register(unique("owner"))
    status = deleted(admin, room, new_room_user_id=owner.id, room_name="Elsewhere",
                     message="This is why.", block=True)
    new = status["shutdown_room"]["new_room_id"]
    assert ann.state(new, "m.room.name") == {"name": "Elsewhere"}
    assert bodies(ben.history(new)) == ["This is why."]
    assert ann.get(f"/directory/room/{quote(alias)}")["room_id"] == new
    with pytest.raises(Unexpected) as refusal:
        ben.send(new, "members may not speak here")
    assert refusal.value.answer.status == 403
    ben.refuses(403, "M_FORBIDDEN", "join", room)


def test_without_purge_the_room_stays_in_the_database(admin, people, room):
    ann, ben = people
    sent = ann.send(room, "still there")
    assert deleted(admin, room, purge=False)["status"] == "complete"
    assert ann.membership(room, ann) == "leave"
    assert ann.get(ann.room(room, "event", quote(sent)))["content"]["body"] == "still there"
    ben.act("join", room)


def test_blocking_and_unblocking(admin, people, room):
    ann, ben = people
    path = f"/v1/rooms/{quote(room)}/block"
    assert ask(admin, "GET", path) == {"block": False}
    assert ask(admin, "PUT", path, {"block": True}) == {"block": True}
    assert ask(admin, "GET", path) == {"block": True, "user_id": admin.id}
    ben.act("leave", room)
    ben.refuses(403, "M_FORBIDDEN", "join", room)
    ann.refuses(403, "M_FORBIDDEN", "invite", room, ben)
    assert ask(admin, "PUT", path, {"block": False}) == {"block": False}
    ben.act("join", room)


def test_deletions_that_cannot_be(admin, people, room):
    ann = people[0]
    ask(admin, "DELETE", f"/v2/rooms/{quote(room)}", {"new_room_user_id": "x"}, expect=400)
    ask(admin, "DELETE", f"/v2/rooms/{quote(room)}", {"block": "x"}, expect=400)
    ask(admin, "DELETE", "/v2/rooms/nonsense", {}, expect=400)
    ask(admin, "GET", "/v2/rooms/delete_status/none", expect=404)
    ask(admin, "GET", f"/v2/rooms/{quote(room)}/delete_status", expect=404)
    ask(admin, "PUT", f"/v1/rooms/{quote(room)}/block", {}, expect=400)
    admin.api.refused(403, "M_FORBIDDEN", "DELETE", f"{ADMIN}/v2/rooms/{quote(room)}", {},
                      ann.token)
    assert ann.send(room, "nothing happened")


# ---- retention -----------------------------------------------------------------------------

def test_what_is_too_old_goes_by_itself(deployments):
    server = deployments.start({}, overrides={"retention": {
        "enabled": True, "allowed_lifetime_min": 1, "purge_jobs": [{"interval": "1s"}]}})
    try:
        ann = server.api.register(unique("ann"))
        brief, lasting = ann.create_room(), ann.create_room()
        ann.set_state(brief, "m.room.retention", {"max_lifetime": 1000})
        for room in (brief, lasting):
            ann.send(room, "first")

        def is_gone():
            ann.send(brief, "more")  # the last event stays, however old
            return "first" not in bodies(ann.history(brief))
        until(is_gone, DONE_SECONDS, "what was said first is gone")
        assert bodies(ann.history(lasting)) == ["first"]
        assert ann.state(brief, "m.room.retention") == {"max_lifetime": 1000}
    finally:
        server.fleet.stop()
