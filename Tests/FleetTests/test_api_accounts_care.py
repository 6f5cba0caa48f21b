"""What owners do with their accounts: confirmation by password, devices, passwords, the end of an
account, profiles. Every request meets another way in than the one before."""
import base64
import hashlib
import hmac

import pytest

from support.api import CLIENT, PASSWORD, quote
from support.deployment import unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
V1 = "/_matrix/client/v1"
# A session that ends on one worker ends on the others as soon as they hear of it.
NEWS_SECONDS = 5
# Deactivated users leave their rooms after the answer.
DEPARTURE_SECONDS = 15


@pytest.fixture
def api(server):
    return server.rotating


@pytest.fixture
def user(api):
    return api.register(unique("user"))


def proof(user, password=PASSWORD, session=None):
    auth = {"type": "m.login.password", "password": password,
            "identifier": {"type": "m.id.user", "user": user.id}}
    return auth if session is None else auth | {"session": session}


def ask(user, method, path, body=None, expect=200):
    return user.api.call(method, path, body or {}, user.token, None, expect)


def is_dead(api, token):
    """True once the token is refused at every way in."""
    return all(api.raw("GET", CLIENT + "/account/whoami",
                       headers={"Authorization": f"Bearer {token}"}).status == 401
               for _ in api.urls)


# ---- confirmation --------------------------------------------------------------------------

def test_each_step_may_meet_another_worker(user):
    other = user.api.login(user.id)
    path = CLIENT + "/devices/" + other.device
    offer = ask(user, "DELETE", path, expect=401)
    assert offer["flows"] == [{"stages": ["m.login.password"]}]
    assert offer["params"] == {} and offer["completed"] == [] and "errcode" not in offer
    wrong = ask(user, "DELETE", path, {"auth": proof(user, "wrong", offer["session"])}, 401)
    assert wrong["errcode"] == "M_FORBIDDEN" and wrong["error"]
    assert wrong["session"] == offer["session"] and wrong["flows"] == offer["flows"]
    right = {"auth": proof(user, session=offer["session"])}
    assert ask(user, "DELETE", path, right) == {}
    assert ask(user, "DELETE", path, right) == {}, "a repeated request gets the same answer"
    assert ask(user, "DELETE", path, {"auth": {"session": offer["session"]}}) == {}


def test_a_session_is_for_one_thing(api, user):
    other, third = api.login(user.id), api.login(user.id)
    session = ask(user, "DELETE", CLIENT + "/devices/" + other.device, expect=401)["session"]
    api.refused(403, "M_FORBIDDEN", "DELETE", CLIENT + "/devices/" + third.device,
                {"auth": proof(user, session=session)}, user.token)
    api.refused(403, "M_FORBIDDEN", "POST", CLIENT + "/account/deactivate",
                {"auth": proof(user, session=session)}, user.token)
    stranger = api.register(unique("stranger"))
    api.refused(403, "M_FORBIDDEN", "DELETE", CLIENT + "/devices/" + other.device,
                {"auth": proof(stranger, session=session)}, stranger.token)
    api.refused(400, "M_UNKNOWN", "DELETE", CLIENT + "/devices/" + other.device,
                {"auth": proof(user, session="nothing")}, user.token)
    assert {other.device, third.device} <= devices(user)


def test_only_the_owner_can_confirm(api, user):
    stranger = api.register(unique("stranger"))
    api.refused(403, "M_FORBIDDEN", "DELETE", CLIENT + "/devices/" + user.device,
                {"auth": proof(stranger)}, user.token)


def test_other_stages_do_not_count(user):
    for stage in ("m.login.dummy", "m.login.unheard.of"):
        answer = ask(user, "POST", CLIENT + "/account/deactivate",
                     {"auth": {"type": stage}}, 401)
        assert answer["errcode"] in ("M_FORBIDDEN", "M_UNRECOGNIZED") and not answer["completed"]


# ---- devices -------------------------------------------------------------------------------

def devices(user):
    return {one["device_id"] for one in user.get("/devices")["devices"]}


def test_one_device(api, user):
    one = user.get("/devices/" + user.device)
    assert one["device_id"] == user.device and set(one) <= {
        "device_id", "display_name", "last_seen_ip", "last_seen_ts"}
    assert user.put("/devices/" + user.device, {"display_name": "Renamed"}) == {}
    assert user.get("/devices/" + user.device)["display_name"] == "Renamed"
    user.refused(400, "M_INVALID_PARAM", "PUT", "/devices/" + user.device,
                 {"display_name": "x" * 101})
    for method, body in (("GET", None), ("PUT", {"display_name": "x"})):
        user.refused(404, "M_NOT_FOUND", method, "/devices/nothing", body)


def test_deleting_many(api, user):
    others = [api.login(user.id) for _ in range(3)]
    body = {"devices": [one.device for one in others[:2]] + ["nothing"]}
    offer = ask(user, "POST", CLIENT + "/delete_devices", body, 401)
    ask(user, "POST", CLIENT + "/delete_devices",
        body | {"auth": proof(user, session=offer["session"])})
    for one in others[:2]:
        until(lambda one=one: is_dead(api, one.token), NEWS_SECONDS, "the token is refused")
    assert devices(user) == {user.device, others[2].device}
    # What was confirmed for these devices is no key to others.
    api.refused(403, "M_FORBIDDEN", "POST", CLIENT + "/delete_devices",
                {"devices": [others[2].device], "auth": {"session": offer["session"]}},
                user.token)


@pytest.mark.parametrize("body, errcode", [
    ({}, "M_MISSING_PARAM"), ({"devices": "A"}, "M_BAD_JSON"), ({"devices": [1]}, "M_BAD_JSON"),
    ({"devices": ["A"] * 1001}, "M_INVALID_PARAM"), ({"devices": ["A"], "auth": 1}, "M_BAD_JSON")])
def test_deleting_what_cannot_be_read(api, user, body, errcode):
    api.refused(400, errcode, "POST", CLIENT + "/delete_devices", body, user.token)


# ---- password ------------------------------------------------------------------------------

@pytest.mark.parametrize("logout", [True, False])
def test_changing_the_password(api, user, logout):
    other = api.login(user.id)
    body = {"new_password": "another password"} | ({} if logout else {"logout_devices": False})
    offer = ask(user, "POST", CLIENT + "/account/password", body, 401)
    body["auth"] = proof(user, session=offer["session"])
    assert ask(user, "POST", CLIENT + "/account/password", body) == {}
    assert ask(user, "POST", CLIENT + "/account/password", body) == {}, "asked again"
    if logout:
        until(lambda: is_dead(api, other.token), NEWS_SECONDS, "other sessions end")
    else:
        other.get("/account/whoami")
    user.get("/account/whoami")
    api.refused(403, "M_FORBIDDEN", "POST", CLIENT + "/login", {
        "type": "m.login.password", "user": user.id, "password": PASSWORD})
    api.login(user.id, "another password")


def test_passwords_that_cannot_be(user):
    for body, errcode in (({}, "M_MISSING_PARAM"), ({"new_password": 1}, "M_BAD_JSON"),
                          ({"new_password": ""}, "M_INVALID_PARAM"),
                          ({"new_password": "x" * 513}, "M_INVALID_PARAM"),
                          ({"new_password": "x", "logout_devices": 1}, "M_BAD_JSON")):
        user.refused(400, errcode, "POST", "/account/password", body)


# ---- the end of an account -----------------------------------------------------------------

@pytest.mark.parametrize("erase", [False, True])
def test_deactivation(api, user, erase):
    host = api.register(unique("host"))
    joined, invited = (host.create_room(preset="public_chat") for _ in range(2))
    user.act("join", joined)
    host.act("invite", invited, user)
    other = api.login(user.id)
    answer = ask(user, "POST", CLIENT + "/account/deactivate",
                 {"erase": erase, "auth": proof(user)})
    assert answer == {"id_server_unbind_result": "success"}
    for token in (user.token, other.token):
        until(lambda token=token: is_dead(api, token), NEWS_SECONDS, "the token is refused")
    api.refused(403, "M_USER_DEACTIVATED", "POST", CLIENT + "/login", {
        "type": "m.login.password", "user": user.id, "password": PASSWORD})
    name = user.id[1:].split(":")[0]
    api.refused(400, "M_USER_IN_USE", "GET", CLIENT + "/register/available",
                query={"username": name})
    for room in (joined, invited):
        until(lambda room=room: host.membership(room, user) == "leave", DEPARTURE_SECONDS,
              "the rooms are left")
    api.refused(404, "M_NOT_FOUND", "GET", f"{CLIENT}/profile/{quote(user.id)}")


# ---- login by token, OpenID, TURN ----------------------------------------------------------

def test_login_tokens_are_off_unless_wanted(api, user):
    assert {"type": "m.login.token", "get_login_token": True} not in api.call(
        "GET", CLIENT + "/login")["flows"]
    api.refused(404, "M_UNRECOGNIZED", "POST", V1 + "/login/get_token", {}, user.token)
    api.refused(403, "M_FORBIDDEN", "POST", CLIENT + "/login",
                {"type": "m.login.token", "token": "nonsense"})
    capabilities = user.get("/capabilities")["capabilities"]
    assert capabilities["m.get_login_token"] == {"enabled": False}
    assert capabilities["m.change_password"] == {"enabled": True}
    assert capabilities["m.profile_fields"] == {"enabled": True}


def test_openid_token(api, user):
    path = f"{CLIENT}/user/{quote(user.id)}/openid/request_token"
    answer = api.call("POST", path, {}, user.token)
    assert answer["token_type"] == "Bearer" and answer["expires_in"] == 3600
    assert answer["matrix_server_name"] == user.id.split(":", 1)[1]
    stranger = api.register(unique("stranger"))
    api.refused(403, "M_FORBIDDEN", "POST", path, {}, stranger.token)
    api.refused(401, "M_UNKNOWN_TOKEN", "GET", CLIENT + "/account/whoami",
                token=answer["access_token"])
    userinfo = "/_matrix/federation/v1/openid/userinfo"
    told = api.call("GET", userinfo, query={"access_token": answer["access_token"]})
    assert told == {"sub": user.id}
    api.refused(401, "M_UNKNOWN_TOKEN", "GET", userinfo, query={"access_token": "nonsense"})
    api.refused(401, "M_MISSING_TOKEN", "GET", userinfo)


def test_without_a_turn_server_there_are_no_credentials(user):
    assert user.get("/voip/turnServer") == {}


# ---- contact information -------------------------------------------------------------------

def test_no_addresses_are_kept(api, user):
    assert user.get("/account/3pid") == {"threepids": []}
    address = {"medium": "email", "address": "a@example.org"}
    assert user.post("/account/3pid/delete", address) == {"id_server_unbind_result": "success"}
    assert user.post("/account/3pid/unbind", address)["id_server_unbind_result"] == "no-support"
    user.refused(403, "M_FORBIDDEN", "POST", "/account/3pid/add",
                 {"client_secret": "s", "sid": "1"})
    user.refused(400, "M_MISSING_PARAM", "POST", "/account/3pid/add", {"sid": "1"})
    asked = {"client_secret": "s", "email": "a@example.org", "send_attempt": 1}
    for path, errcode in (("/register", "M_THREEPID_MEDIUM_NOT_SUPPORTED"),
                          ("/account/password", "M_THREEPID_NOT_FOUND"),
                          ("/account/3pid", "M_THREEPID_MEDIUM_NOT_SUPPORTED")):
        api.refused(400, errcode, "POST", CLIENT + path + "/email/requestToken", asked)
        api.refused(400, "M_MISSING_PARAM", "POST", CLIENT + path + "/msisdn/requestToken", asked)


# ---- profiles ------------------------------------------------------------------------------

def test_custom_profile_fields(api, user):
    path = f"/profile/{quote(user.id)}"
    assert user.put(path + "/m.tz", {"m.tz": "Europe/Berlin"}) == {}
    value = {"list": [1, "two", None]}
    assert user.put(path + "/org.example.thing", {"org.example.thing": value}) == {}
    whole = api.call("GET", CLIENT + path)
    assert whole["m.tz"] == "Europe/Berlin" and whole["org.example.thing"] == value
    assert whole["displayname"]
    assert api.call("GET", CLIENT + path + "/m.tz") == {"m.tz": "Europe/Berlin"}
    assert user.delete(path + "/m.tz") == {} and user.delete(path + "/m.tz") == {}
    api.refused(404, "M_NOT_FOUND", "GET", CLIENT + path + "/m.tz")
    assert user.delete(path + "/displayname") == {}
    assert "displayname" not in api.call("GET", CLIENT + path)
    api.refused(404, "M_NOT_FOUND", "GET", CLIENT + path + "/displayname")


def test_profiles_that_cannot_be(api, user):
    path = f"/profile/{quote(user.id)}"
    user.refused(400, "M_MISSING_PARAM", "PUT", path + "/m.tz", {"m.other": 1})
    user.refused(400, "M_BAD_JSON", "PUT", path + "/m.tz", {"m.tz": 1})
    user.refused(400, "M_BAD_JSON", "PUT", path + "/displayname", {"displayname": 1})
    user.refused(400, "M_INVALID_PARAM", "PUT", path + "/Bad", {"Bad": 1})
    key = "org." + "x" * 252
    user.refused(400, "M_KEY_TOO_LARGE", "PUT", f"{path}/{key}", {key: 1})
    user.refused(400, "M_PROFILE_TOO_LARGE", "PUT", path + "/org.example.a",
                 {"org.example.a": "x" * 70_000})
    stranger = api.register(unique("stranger"))
    stranger.refused(403, "M_FORBIDDEN", "PUT", path + "/m.tz", {"m.tz": "UTC"})
    stranger.refused(403, "M_FORBIDDEN", "DELETE", path + "/m.tz")


def test_a_new_name_reaches_the_rooms(api, user):
    room = user.create_room()
    path = f"/profile/{quote(user.id)}/displayname"
    user.put(path, {"displayname": "Another Name"})
    assert user.state(room, "m.room.member", user.id)["displayname"] == "Another Name"
    user.delete(path)
    assert "displayname" not in user.state(room, "m.room.member", user.id)


# ---- pages and the server ----------------------------------------------------------------------------

def test_a_page_to_sign_in_on(api):
    for path in ("/_matrix/static/client/login/", "/_matrix/static/client/login/?device_id=X"):
        page = api.raw("GET", path)
        assert page.status == 200 and page.headers["content-type"].startswith("text/html")
        assert b"matrixLogin.onLogin" in page.body


def test_support_is_not_announced_unless_there_is_a_contact(server):
    server.api.refused(404, "M_NOT_FOUND", "GET", "/.well-known/matrix/support")


def turn_password(username, secret):
    """What a TURN server computes for the user name."""
    code = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(code).decode()
