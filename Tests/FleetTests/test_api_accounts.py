"""Accounts, sessions and the plain rules of HTTP, through every way in by turns."""
import pytest

from support.api import CLIENT, PASSWORD, Unexpected
from support.deployment import unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
REGISTER, LOGIN = CLIENT + "/register", CLIENT + "/login"
# A session that ends on one worker ends on the others as soon as they hear of it.
NEWS_SECONDS = 5


@pytest.fixture
def api(server):
    return server.rotating


@pytest.fixture
def user(api):
    return api.register(unique("user"))


def password_login(user, password=PASSWORD):
    return {"type": "m.login.password", "password": password,
            "identifier": {"type": "m.id.user", "user": user}}


def token_is_dead(api, token):
    """True once the token is refused at every way in."""
    answers = [api.raw("GET", CLIENT + "/account/whoami",
                       headers={"Authorization": f"Bearer {token}"}) for _ in api.urls]
    assert {answer.errcode for answer in answers} <= {None, "M_UNKNOWN_TOKEN"}
    return all(answer.status == 401 for answer in answers)


# ---- discovery -----------------------------------------------------------------------------

def test_versions(api):
    versions = api.call("GET", "/_matrix/client/versions")["versions"]
    assert {"v1.1", "v1.2"} <= set(versions)


def test_well_known_names_the_public_address(server):
    found = server.api.call("GET", "/.well-known/matrix/client")
    assert found["m.homeserver"]["base_url"].startswith("http")


def test_capabilities_name_the_room_versions(api, user):
    versions = user.get("/capabilities")["capabilities"]["m.room_versions"]
    assert versions["available"] == {str(number): "stable" for number in range(1, 13)}
    assert versions["default"] in versions["available"]


# ---- registration --------------------------------------------------------------------------

def test_registration_at_once(server, api):
    name = unique("alice")
    reply = api.call("POST", REGISTER, {
        "username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"},
        "device_id": "PHONE", "initial_device_display_name": "my phone"})
    assert reply["user_id"].startswith(f"@{name}:") and reply["device_id"] == "PHONE"
    assert reply["access_token"].startswith("syt_")
    devices = api.call("GET", CLIENT + "/devices", token=reply["access_token"])["devices"]
    assert [(one["device_id"], one["display_name"]) for one in devices] == [("PHONE", "my phone")]


def test_registration_by_stages(api):
    body = {"username": unique("bob"), "password": PASSWORD}
    offer = api.call("POST", REGISTER, body, expect=401)
    assert {"stages": ["m.login.dummy"]} in offer["flows"] and "params" in offer
    done = api.call("POST", REGISTER, body | {
        "auth": {"type": "m.login.dummy", "session": offer["session"]}})
    assert done["access_token"]


def test_registration_without_login(api):
    reply = api.call("POST", REGISTER, {
        "username": unique("carol"), "password": PASSWORD, "inhibit_login": True,
        "auth": {"type": "m.login.dummy"}})
    assert "access_token" not in reply and "device_id" not in reply


def test_a_taken_name(api):
    name = unique("dora")
    assert api.call("GET", CLIENT + "/register/available", query={"username": name}) == {
        "available": True}
    api.register(name)
    api.refused(400, "M_USER_IN_USE", "GET", CLIENT + "/register/available",
                query={"username": name})
    api.refused(400, "M_USER_IN_USE", "POST", REGISTER, {
        "username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}})


@pytest.mark.parametrize("name", ["with space", "exclamation!", "é", "@sigil:x", ""])
def test_a_name_that_is_not_allowed(api, name):
    if name:
        api.refused(400, "M_INVALID_USERNAME", "GET", CLIENT + "/register/available",
                    query={"username": name})
    api.refused(400, "M_INVALID_USERNAME", "POST", REGISTER, {
        "username": name, "password": PASSWORD, "auth": {"type": "m.login.dummy"}})


def test_shared_secret_registration(server, api):
    name = unique("erin")
    reply = api.register_with_secret(server.shared_secret, name)
    assert reply["user_id"].startswith(f"@{name}:")
    assert reply["home_server"] == reply["user_id"].split(":", 1)[1]
    api.call("GET", CLIENT + "/account/whoami", token=reply["access_token"])


def test_shared_secret_registration_with_a_wrong_secret(api):
    with pytest.raises(Unexpected) as refusal:
        api.register_with_secret("wrong", unique("frank"))
    assert refusal.value.answer.status == 403 and refusal.value.answer.errcode


# ---- login ---------------------------------------------------------------------------------

def test_login_flows(api):
    flows = api.call("GET", LOGIN)["flows"]
    assert {"type": "m.login.password"} in flows


def test_login_by_each_form_of_the_name(api, user):
    localpart = user.id[1:].split(":")[0]
    forms = [{"identifier": {"type": "m.id.user", "user": name}} for name in (user.id, localpart)]
    forms += [{"user": name} for name in (user.id, localpart)]
    for form in forms:
        reply = api.call("POST", LOGIN, {"type": "m.login.password", "password": PASSWORD} | form)
        assert reply["user_id"] == user.id and reply["device_id"] != user.device


def test_login_refusals(api, user):
    api.refused(403, "M_FORBIDDEN", "POST", LOGIN, password_login(user.id, "wrong"))
    api.refused(403, "M_FORBIDDEN", "POST", LOGIN, password_login(unique("nobody")))
    api.call("POST", LOGIN, {"type": "m.login.unheard.of"}, expect=400)
    api.call("POST", LOGIN, {}, expect=400)


def test_login_again_on_a_device_ends_its_old_session(api, user):
    again = api.login(user.id, device_id=user.device)
    assert again.device == user.device and again.token != user.token
    until(lambda: token_is_dead(api, user.token), NEWS_SECONDS, "the old token is refused")
    assert again.get("/account/whoami")["user_id"] == user.id


def test_whoami(api, user):
    who = user.get("/account/whoami")
    assert (who["user_id"], who["device_id"]) == (user.id, user.device)


def test_logout_ends_one_session(api, user):
    other = api.login(user.id)
    user.post("/logout")
    until(lambda: token_is_dead(api, user.token), NEWS_SECONDS, "the token is refused")
    assert [one["device_id"] for one in other.get("/devices")["devices"]] == [other.device]


def test_logout_all_ends_every_session_of_the_user_only(api, user):
    other, bystander = api.login(user.id), api.register(unique("bystander"))
    user.post("/logout/all")
    for token in (user.token, other.token):
        until(lambda token=token: token_is_dead(api, token), NEWS_SECONDS, "the token is refused")
    bystander.get("/account/whoami")


# ---- rules of HTTP -------------------------------------------------------------------------

def test_tokens_are_asked_for(api, user):
    api.refused(401, "M_MISSING_TOKEN", "GET", CLIENT + "/account/whoami")
    for token in ("syt_bm8_xxxxxxxxxxxxxxxxxxxx_000000", "nonsense"):
        error = api.refused(401, "M_UNKNOWN_TOKEN", "GET", CLIENT + "/account/whoami", token=token)
        assert not error.get("soft_logout")


def test_a_token_may_come_in_the_query(api, user):
    who = api.call("GET", CLIENT + "/account/whoami", query={"access_token": user.token})
    assert who["user_id"] == user.id


def test_r0_still_answers(api, user):
    assert user.id == api.call(
        "GET", "/_matrix/client/r0/account/whoami", token=user.token)["user_id"]


def test_what_is_not_there(api, user):
    api.refused(404, "M_UNRECOGNIZED", "GET", CLIENT + "/no/such/thing", token=user.token)
    api.refused(405, "M_UNRECOGNIZED", "DELETE", CLIENT + "/account/whoami", token=user.token)


def test_browsers_of_any_origin_may_ask(api):
    for method, path in (("GET", CLIENT + "/account/whoami"), ("GET", CLIENT + "/nothing"),
                         ("OPTIONS", CLIENT + "/createRoom")):
        answer = api.raw(method, path, headers={"Origin": "https://example.org"})
        assert answer.headers["access-control-allow-origin"] == "*", path
    assert answer.status in (200, 204)
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert "PUT" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize("body, errcode", [
    (b"{", "M_NOT_JSON"), (b"", "M_NOT_JSON"), (b"\xff", "M_NOT_JSON"), (b"[]", "M_BAD_JSON")])
def test_bodies_that_are_not_json_objects(api, body, errcode):
    answer = api.raw("POST", LOGIN, body, {"Content-Type": "application/json"})
    assert answer.status == 400 and answer.headers["content-type"].startswith("application/json")
    assert answer.errcode == errcode or body == b"", "an empty body may count as {}"
