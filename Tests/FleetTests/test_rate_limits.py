"""Rate limits: one budget for the whole fleet, whichever worker is asked."""
import json
import signal
import time

import pytest

from support.api import CLIENT, PASSWORD, Api, Unexpected, User
from support.deployment import unique
from support.waiting import until

BURST = 4
# So slow that nothing flows out while a test runs.
SLOW = {"per_second": 0.001, "burst_count": BURST}
OFF = {"per_second": 1000000, "burst_count": 1000000}
SETTINGS = {
    "rc_message": SLOW, "rc_joins": {"local": SLOW, "remote": OFF},
    "rc_joins_per_room": OFF | {"per_second": 0.001, "burst_count": 6},
    "rc_invites": {"per_room": OFF, "per_user": SLOW, "per_issuer": OFF},
    "rc_key_requests": SLOW, "rc_profile": SLOW,
    "rc_login": {"address": OFF, "account": SLOW, "failed_attempts": SLOW},
    "rc_admin_redaction": {"per_second": 0.001, "burst_count": 2},
    "rc_registration_token_validity": {"per_second": 2, "burst_count": 2}}
OVERRIDE = "/_synapse/admin/v1/users/{}/override_ratelimit"
NEWS_SECONDS = 5


@pytest.fixture(scope="module")
def server(deployments):
    server = deployments.start({"generic_worker": 2}, overrides=SETTINGS)
    yield server
    server.fleet.stop()


@pytest.fixture(scope="module")
def api(server):
    return server.rotating


@pytest.fixture(scope="module")
def admin(server, api):
    """Free of all limits, on every worker."""
    admin = User(api, api.register_with_secret(server.shared_secret, unique("admin"), admin=True))
    free(admin, admin)
    room = until(lambda: make_room(admin), NEWS_SECONDS, "the administrator may make a room")
    # So many that a worker that has not heard of it would have to refuse some.
    tries = 2 * BURST * len(server.entries)
    until(lambda: passed(tries, lambda: admin.send(room, "x")) == tries, NEWS_SECONDS,
          "every worker knows that the administrator is free")
    return admin


@pytest.fixture
def user(api):
    return api.register(unique("user"))


def passed(tries, action):
    """How many of some tries are let through; all others must be refused as they should be."""
    count = 0
    for _ in range(tries):
        try:
            action()
            count += 1
        except Unexpected as refusal:
            is_a_limit(refusal.answer)
    return count


def is_a_limit(answer):
    assert (answer.status, answer.errcode) == (429, "M_LIMIT_EXCEEDED"), answer
    wait = answer.json["retry_after_ms"]
    assert wait > 0
    assert int(answer.headers["retry-after"]) == -(-wait // 1000)


def free(admin, user, per_second=0, burst=0):
    """Takes a user out of the limits, so that only what is tested is limited."""
    admin.api.call("POST", OVERRIDE.format(user.id),
                   {"messages_per_second": per_second, "burst_count": burst}, admin.token)


def room_of(admin, *users):
    """A public room of somebody who has no limits, in which the users may do everything. It has
    cost them one join each."""
    room = admin.create_room(preset="public_chat", power_level_content_override={
        "users": {user.id: 100 for user in users}})
    for user in users:
        user.act("join", room)
    return room


def make_room(user):
    try:
        return user.create_room(preset="public_chat")
    except Unexpected as refusal:
        is_a_limit(refusal.answer)
        return None


def test_one_budget_over_all_workers(server, admin, user):
    room = room_of(admin, user)
    assert len(set(server.entries)) > 2
    assert passed(3 * BURST, lambda: user.send(room, "hello")) == BURST
    # State and messages share it.
    for worker in server.workers:
        assert passed(1, lambda worker=worker: user.through(Api([worker])).set_state(
            room, "m.room.topic", {"topic": "x"})) == 0


def test_each_user_has_a_budget(api, admin):
    owner, other = api.register(unique("owner")), api.register(unique("other"))
    room = room_of(admin, owner)
    other.act("join", room)
    assert passed(2 * BURST, lambda: owner.send(room, "mine")) == BURST
    assert passed(2 * BURST, lambda: other.send(room, "yours")) == BURST


def test_what_flows_out_may_flow_in_again(api):
    path = "/_matrix/client/v1/register/m.login.registration_token/validity"
    seen = []

    def ask():
        answer = api.raw("GET", path + "?token=x")
        if answer.status == 429:
            is_a_limit(answer)
        seen.append(answer.status)
        return answer.status == 200
    until(lambda: not ask(), 5, "the budget is used up")
    until(ask, 5, "there is room again")


def test_joins(api, admin):
    joiner = api.register(unique("joiner"))
    rooms = [room_of(admin) for _ in range(BURST + 2)]
    tried = iter(rooms)
    assert passed(len(rooms), lambda: joiner.act("join", next(tried))) == BURST


def test_joins_of_one_room(api, admin):
    room = room_of(admin)
    joiners = iter([api.register(unique("joiner")) for _ in range(8)])
    assert passed(8, lambda: next(joiners).act("join", room)) == 6


def test_invites_of_one_user(api, admin):
    target = api.register(unique("target"))
    inviters = [api.register(unique("inviter")) for _ in range(BURST + 2)]
    rooms = iter([(one, room_of(admin, one)) for one in inviters])

    def invite():
        inviter, room = next(rooms)
        inviter.act("invite", room, target)
    assert passed(len(inviters), invite) == BURST


def test_requests_for_the_keys_of_others(api, user):
    other = api.register(unique("other"))

    def ask(whom, kind="m.room_key_request"):
        user.put(f"/sendToDevice/{kind}/t{next(user.transactions)}",
                 {"messages": {whom.id: {"*": {}}}})
    assert passed(2 * BURST, lambda: ask(user)) == 2 * BURST, "one's own devices may be asked"
    assert passed(2 * BURST, lambda: ask(other)) == BURST
    assert passed(BURST, lambda: ask(other, "m.other")) == BURST


def test_reading_profiles(api, user):
    def read(token):
        api.call("GET", f"{CLIENT}/profile/{user.id}", token=token)
    assert passed(2 * BURST, lambda: read(user.token)) == BURST
    assert passed(2 * BURST, lambda: read(None)) == BURST, "by address"


def test_redactions_of_others_have_a_budget_of_their_own(api, admin):
    owner, other = api.register(unique("owner")), api.register(unique("other"))
    room = room_of(admin, owner)
    other.act("join", room)
    events = iter([other.send(room, "text") for _ in range(BURST)])
    number = iter(range(100))

    def redact():
        owner.put(owner.room(room, "redact", next(events), f"r{next(number)}"), {})
    assert passed(BURST, redact) == 2
    assert passed(2 * BURST, lambda: owner.send(room, "still mine")) == BURST


def login(user, password):
    return {"type": "m.login.password", "user": user.id, "password": password}


def test_guessing_passwords(api, user):
    def guess(password):
        return api.raw("POST", CLIENT + "/login", json_bytes(login(user, password)))
    statuses = [guess("wrong").status for _ in range(BURST + 2)]
    assert statuses == [403] * BURST + [429] * 2
    is_a_limit(guess(PASSWORD))
    other = api.register(unique("other"))
    api.login(other.id)


def test_logins_of_one_account(api, user):
    assert passed(BURST + 2, lambda: api.login(user.id)) == BURST


def json_bytes(value):
    return json.dumps(value).encode()


def test_overrides(api, admin, user):
    path = OVERRIDE.format(user.id)
    assert api.call("GET", path, token=admin.token) == {}
    room = room_of(admin, user)
    assert passed(BURST + 1, lambda: user.send(room, "x")) == BURST
    wanted = {"messages_per_second": 1, "burst_count": 1000000}
    assert api.call("POST", path, wanted, admin.token) == wanted
    assert api.call("GET", path, token=admin.token) == wanted
    until(lambda: passed(8, lambda: user.send(room, "x")) == 8, NEWS_SECONDS,
          "every worker knows the override")
    free(admin, user)
    until(lambda: passed(8, lambda: user.send(room, "x")) == 8, NEWS_SECONDS, "no limit at all")
    assert api.call("DELETE", path, None, admin.token) == {}
    until(lambda: passed(8, lambda: user.send(room, "x")) == 0, NEWS_SECONDS, "the limit is back")


def test_overrides_that_cannot_be(api, admin, user):
    path = OVERRIDE.format(user.id)
    api.refused(403, "M_FORBIDDEN", "GET", path, token=user.token)
    api.refused(400, "M_INVALID_PARAM", "POST", path, {"burst_count": -1}, admin.token)
    api.refused(400, "M_BAD_JSON", "POST", path, {"burst_count": "x"}, admin.token)
    for name, status, errcode in (("@nobody:fleet.test", 404, "M_NOT_FOUND"),
                                  ("nonsense", 400, "M_INVALID_PARAM")):
        api.refused(status, errcode, "GET", OVERRIDE.format(name), token=admin.token)


def test_without_redis_there_are_still_limits(server, admin, user):
    """Each worker counts for itself then, and nothing fails or hangs."""
    room = room_of(admin, user)
    worker = user.through(Api([server.workers[0]]))
    server.fleet.signal("redis", signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert passed(3 * BURST, lambda: worker.send(room, "alone")) in range(1, BURST + 1)
        assert time.monotonic() - started < 30
    finally:
        server.fleet.signal("redis", signal.SIGCONT)
