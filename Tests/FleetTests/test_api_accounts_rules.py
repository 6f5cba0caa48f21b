"""Accounts under rules that an administrator has set: registration tokens, terms, tokens that
expire, guests, login by token, TURN."""
import json
import signal
import time

import pytest

from support.api import CLIENT, PASSWORD, Api, User, quote
from support.deployment import unique
from support.waiting import until
from test_api_accounts_care import NEWS_SECONDS, V1, is_dead, proof, turn_password

TOKENS = "/_synapse/admin/v1/registration_tokens"
REGISTER = CLIENT + "/register"
TERMS = {"privacy_policy": {
    "version": "1.2", "en": {"name": "Privacy", "url": "https://example.org/privacy"}}}
# Short enough to be waited for, long enough for a slow machine to use a token once.
TOKEN_SECONDS = 3
SETTINGS = {
    "registration_requires_token": True, "terms": TERMS, "allow_guest_access": True,
    "refreshable_access_token_lifetime": f"{TOKEN_SECONDS}s",
    "login_via_existing_session": {"enabled": True, "token_timeout": "1m"},
    "password_config": {"policy": {"enabled": True, "minimum_length": 10, "require_digit": True}},
    "turn_uris": ["turn:turn.example.org"], "turn_shared_secret": "turn secret",
    "turn_user_lifetime": "1h", "admin_contact": "mailto:admin@example.org",
    "enable_registration_without_verification": False}
STRONG = "correct horse battery 1"


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
    return User(api, api.register_with_secret(server.shared_secret, unique("admin"), admin=True))


@pytest.fixture
def user(server, api):
    return User(api, api.register_with_secret(server.shared_secret, unique("user")))


def manage(admin, method, path="", body=None, expect=200, **query):
    return admin.api.call(method, TOKENS + path, body, admin.token, query, expect)


# ---- registration tokens and terms ---------------------------------------------------------

def test_administrators_manage_registration_tokens(api, admin, user):
    name = unique("token")
    made = manage(admin, "POST", "/new", {"token": name, "uses_allowed": 1})
    assert made == {"token": name, "uses_allowed": 1, "pending": 0, "completed": 0,
                    "expiry_time": None}
    assert len(manage(admin, "POST", "/new", {})["token"]) == 16
    assert manage(admin, "GET", f"/{name}") == made
    assert made in manage(admin, "GET")["registration_tokens"]
    assert made in manage(admin, "GET", valid="true")["registration_tokens"]
    assert made not in manage(admin, "GET", valid="false")["registration_tokens"]
    later = int(time.time() * 1000) + 60_000
    changed = manage(admin, "PUT", f"/{name}", {"expiry_time": later})
    assert changed == made | {"expiry_time": later}
    assert manage(admin, "PUT", f"/{name}", {"uses_allowed": None})["uses_allowed"] is None
    for body in ({"token": name}, {"token": "a b"}, {"token": ""}, {"uses_allowed": -1},
                 {"expiry_time": 1}, {"length": 0}, {"length": 65}, {"token": "x" * 65}):
        api.refused(400, "M_INVALID_PARAM", "POST", TOKENS + "/new", body, admin.token)
    assert manage(admin, "DELETE", f"/{name}") == {}
    for method in ("GET", "PUT", "DELETE"):
        api.refused(404, "M_NOT_FOUND", method, f"{TOKENS}/{name}", {}, admin.token)
    api.refused(403, "M_FORBIDDEN", "GET", TOKENS, token=user.token)
    api.refused(401, "M_MISSING_TOKEN", "GET", TOKENS)


def validity(api, token):
    return api.call("GET", V1 + "/register/m.login.registration_token/validity",
                    query={"token": token})["valid"]


def test_registering_with_a_token_and_terms(api, admin):
    token = manage(admin, "POST", "/new", {"uses_allowed": 1})["token"]
    assert validity(api, token) and not validity(api, "nothing")
    body = {"username": unique("alice"), "password": STRONG}
    offer = api.call("POST", REGISTER, body, expect=401)
    stages = ["m.login.registration_token", "m.login.dummy", "m.login.terms"]
    assert offer["flows"] == [{"stages": stages}]
    assert offer["params"] == {"m.login.terms": {"policies": TERMS}}

    def attempt(stage, expect=401, **more):
        return api.call("POST", REGISTER, body | {"auth": {
            "type": stage, "session": offer["session"], **more}}, expect=expect)
    assert attempt(stages[0], token="nothing")["errcode"] == "M_UNAUTHORIZED"
    assert attempt(stages[0])["errcode"] == "M_MISSING_PARAM"
    assert attempt(stages[2])["errcode"] == "M_FORBIDDEN", "not the next one"
    assert attempt(stages[0], token=token)["completed"] == stages[:1]
    assert manage(admin, "GET", f"/{token}")["pending"] == 1 and not validity(api, token)
    other = api.call("POST", REGISTER, body | {"auth": {
        "type": stages[0], "token": token}}, expect=401)
    assert other["errcode"] == "M_UNAUTHORIZED", "the only use is set aside"
    assert attempt(stages[1])["completed"] == stages[:2]
    done = attempt(stages[2], 200)
    assert attempt(stages[2], 200)["user_id"] == done["user_id"], "the answer was lost"
    used = manage(admin, "GET", f"/{token}")
    assert (used["pending"], used["completed"]) == (0, 1)


def test_stages_can_be_passed_on_pages(api, admin):
    token = manage(admin, "POST", "/new", {})["token"]
    body = {"username": unique("paul"), "password": STRONG}
    session = api.call("POST", REGISTER, body, expect=401)["session"]

    def page(stage, fields=None):
        path = f"{CLIENT}/auth/{stage}/fallback/web?session={session}"
        if fields is None:
            return api.raw("GET", path)
        return api.raw("POST", path, fields.encode(),
                       {"Content-Type": "application/x-www-form-urlencoded"})
    form = page("m.login.terms")
    assert form.status == 200 and form.headers["content-type"].startswith("text/html")
    assert b"https://example.org/privacy" in form.body
    assert page("m.login.registration_token", "token=wrong").status == 401
    for stage, fields in (("m.login.registration_token", f"token={quote(token)}"),
                          ("m.login.dummy", ""), ("m.login.terms", "")):
        assert b"onAuthDone" in page(stage, fields).body
    done = api.call("POST", REGISTER, body | {"auth": {"session": session}})
    assert done["access_token"]
    for path in ("m.login.terms/fallback/web?session=nothing", "m.login.terms/fallback/web"):
        assert api.raw("GET", f"{CLIENT}/auth/{path}").status == 400
    assert page("m.login.sso").status == 404


def test_passwords_must_be_good_enough(api):
    for password in ("short 1", "long but without a digit"):
        api.refused(400, "M_WEAK_PASSWORD", "POST", REGISTER,
                    {"username": unique("weak"), "password": password})
    assert api.call("GET", CLIENT + "/password_policy") == {
        "m.minimum_length": 10, "m.require_digit": True}


# ---- refresh tokens ------------------------------------------------------------------------

def test_refreshing(api, user):
    login = api.call("POST", CLIENT + "/login", {
        "type": "m.login.password", "user": user.id, "password": PASSWORD,
        "refresh_token": True})
    assert 0 < login["expires_in_ms"] <= TOKEN_SECONDS * 1000
    first = User(api, login)
    new = api.call("POST", CLIENT + "/refresh", {"refresh_token": login["refresh_token"]})
    assert set(new) == {"access_token", "refresh_token", "expires_in_ms"}
    again = api.call("POST", CLIENT + "/refresh", {"refresh_token": login["refresh_token"]})
    until(lambda: is_dead(api, new["access_token"]), NEWS_SECONDS, "what was lost is no good")
    second = User(api, login | again)
    assert second.get("/account/whoami")["device_id"] == first.device
    until(lambda: is_dead(api, first.token), NEWS_SECONDS, "the old token ends")
    api.refused(401, "M_UNKNOWN_TOKEN", "POST", CLIENT + "/refresh",
                {"refresh_token": login["refresh_token"]})

    def refusal():
        answer = api.raw("GET", CLIENT + "/account/whoami",
                         headers={"Authorization": f"Bearer {second.token}"})
        return answer.status == 401 and answer.json
    expired = until(refusal, TOKEN_SECONDS + NEWS_SECONDS, "the token expires")
    assert expired["errcode"] == "M_UNKNOWN_TOKEN" and expired["soft_logout"] is True
    third = api.call("POST", CLIENT + "/refresh", {"refresh_token": again["refresh_token"]})
    assert User(api, login | third).get("/account/whoami")["user_id"] == user.id


def test_what_cannot_be_refreshed(api):
    for body, status, errcode in (({}, 400, "M_MISSING_PARAM"),
                                  ({"refresh_token": 1}, 400, "M_BAD_JSON"),
                                  ({"refresh_token": "nonsense"}, 401, "M_UNKNOWN_TOKEN")):
        error = api.refused(status, errcode, "POST", CLIENT + "/refresh", body)
        assert not error.get("soft_logout")


# ---- login by token ------------------------------------------------------------------------

def test_signing_in_another_client(api, user):
    assert {"type": "m.login.token", "get_login_token": True} in api.call(
        "GET", CLIENT + "/login")["flows"]
    assert user.get("/capabilities")["capabilities"]["m.get_login_token"] == {"enabled": True}
    path = V1 + "/login/get_token"
    offer = api.call("POST", path, {}, user.token, expect=401)
    auth = {"auth": proof(user, session=offer["session"])}
    made = api.call("POST", path, auth, user.token)
    assert made["expires_in_ms"] == 60_000
    api.refused(400, "M_UNKNOWN", "POST", path, auth, user.token)
    login = {"type": "m.login.token", "token": made["login_token"]}
    session = api.call("POST", CLIENT + "/login", login | {"device_id": "OTHER"})
    assert session["user_id"] == user.id and session["device_id"] == "OTHER"
    api.refused(403, "M_FORBIDDEN", "POST", CLIENT + "/login", login)


# ---- workers that end ------------------------------------------------------------------------

def test_a_killed_worker_takes_no_session_with_it(server, user):
    """Begun on a worker that is killed, confirmed on another one."""
    other = user.api.login(user.id)
    path, (first, second) = CLIENT + "/devices/" + other.device, server.workers
    headers = {"Authorization": f"Bearer {user.token}"}
    offer = user.api.raw("DELETE", path, b"{}", headers, url=first)
    assert offer.status == 401
    server.fleet.signal("generic_worker1", signal.SIGKILL)
    body = json.dumps({"auth": proof(user, session=offer.json["session"])}).encode()
    assert user.api.raw("DELETE", path, body, headers, url=second).status == 200
    assert {one["device_id"] for one in user.through(Api([second])).get("/devices")["devices"]
            } == {user.device}
    server.fleet.wait_until_ready()


# ---- guests --------------------------------------------------------------------------------

@pytest.fixture
def guest(api):
    return User(api, api.call("POST", REGISTER, {}, query={"kind": "guest"}))


def test_guests_do_what_guests_may(api, user, guest):
    assert guest.get("/account/whoami")["is_guest"] is True
    open_room = user.create_room(preset="public_chat", initial_state=[
        {"type": "m.room.guest_access", "content": {"guest_access": "can_join"}},
        {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}])
    closed = user.create_room(preset="public_chat", initial_state=[
        {"type": "m.room.guest_access", "content": {"guest_access": "forbidden"}}])
    guest.act("join", open_room)
    guest.send(open_room, "hello from a guest")
    assert any(one["content"].get("body") == "hello from a guest"
               for one in guest.messages(open_room)["chunk"])
    assert guest.sync()["rooms"]["join"][open_room]
    guest.get(guest.room(open_room, "members"))
    guest.put(f"/profile/{quote(guest.id)}/displayname", {"displayname": "A Guest"})
    guest.act("leave", open_room)
    for refused in (
            lambda: guest.refuses(403, "M_GUEST_ACCESS_FORBIDDEN", "join", closed),
            lambda: guest.refused(403, "M_GUEST_ACCESS_FORBIDDEN", "POST", "/createRoom", {}),
            lambda: guest.refused(403, "M_GUEST_ACCESS_FORBIDDEN", "POST", "/delete_devices",
                                  {"devices": []}),
            lambda: guest.refused(403, "M_GUEST_ACCESS_FORBIDDEN", "PUT",
                                  f"/profile/{quote(guest.id)}/m.tz", {"m.tz": "UTC"})):
        refused()


def test_a_room_that_closes_to_guests_puts_them_out(server, api, user, guest):
    other = User(api, api.call("POST", REGISTER, {}, query={"kind": "guest"}))
    member = User(api, api.register_with_secret(server.shared_secret, unique("member")))
    access = {"type": "m.room.guest_access", "content": {"guest_access": "can_join"}}
    room = user.create_room(preset="public_chat", initial_state=[access])
    for one in (guest, other, member):
        one.act("join", room)
    user.set_state(room, "m.room.guest_access", {"guest_access": "can_join", "x.why": "still"})
    assert set(user.get(user.room(room, "joined_members"))["joined"]) == {
        user.id, guest.id, other.id, member.id}
    member.refused(403, "M_FORBIDDEN", "PUT", member.room(room, "state", "m.room.guest_access"),
                   {"guest_access": "forbidden"})
    assert user.membership(room, guest) == "join", "who may not close it puts nobody out"
    user.set_state(room, "m.room.guest_access", {"guest_access": "forbidden"})
    for one in (guest, other):
        content = user.state(room, "m.room.member", one.id)
        assert content == {"membership": "leave"}
        guest.refuses(403, "M_GUEST_ACCESS_FORBIDDEN", "join", room)
    assert set(user.get(user.room(room, "joined_members"))["joined"]) == {user.id, member.id}


def test_guests_become_full_users(api, admin, guest):
    token = manage(admin, "POST", "/new", {})["token"]
    name = guest.id[1:].split(":")[0]
    body = {"username": name, "password": STRONG, "guest_access_token": guest.token}
    session = api.call("POST", REGISTER, body, expect=401)["session"]
    for stage in ("m.login.registration_token", "m.login.dummy"):
        api.call("POST", REGISTER, body | {"auth": {
            "type": stage, "session": session, "token": token}}, expect=401)
    full = api.call("POST", REGISTER, body | {"auth": {
        "type": "m.login.terms", "session": session}})
    assert full["user_id"] == guest.id
    until(lambda: guest.get("/account/whoami")["is_guest"] is False, NEWS_SECONDS,
          "the session is a full one everywhere")
    api.login(guest.id, STRONG)


# ---- TURN and support ----------------------------------------------------------------------

def test_turn_credentials(user):
    answer = user.get("/voip/turnServer")
    end, name = answer["username"].split(":", 1)
    assert name == user.id and answer["ttl"] == 3600 and answer["uris"] == SETTINGS["turn_uris"]
    assert abs(int(end) - time.time() - 3600) < 60
    assert answer["password"] == turn_password(answer["username"], "turn secret")


def test_support_contact(server):
    assert server.api.call("GET", "/.well-known/matrix/support") == {
        "contacts": [{"role": "m.role.admin", "email_address": "admin@example.org"}]}
