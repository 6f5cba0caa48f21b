"""Registration, login, devices, profiles and the care for one's account."""
from types import SimpleNamespace

from support.api import PASSWORD, quote
from support.deployment import SERVER_NAME, unique
from support.refusals import Refusal
from support.scene import NOBODY, Ask, login_body, public_key, refreshable, with_password

NOT_A_USER = f"@nobody-there:{SERVER_NAME}"
BAD_NAME = "Not A Name!"
BAD_KEY = "no namespace"
EMAIL = {"client_secret": "secret", "email": "ann@example.org", "send_attempt": 1}
PHONE = {"client_secret": "secret", "country": "GB", "phone_number": "07700900001",
         "send_attempt": 1}
# Bytes of a profile and of a key in it.
PROFILE_LIMIT, KEY_LIMIT = 64 << 10, 255


def name_of(user):
    return user.id[1:].split(":")[0]


def registration(name, **body):
    return Ask({"username": name, "password": PASSWORD, **body}, by=NOBODY)


def login(body):
    return Ask(body, by=NOBODY)


def deactivated(scene):
    """What a user signs in with whose account has been closed."""
    user, path = scene.fresh(), "/_matrix/client/v3/account/deactivate"
    scene.api.call("POST", path, with_password(scene, user, path, {}), user.token)
    return login(login_body(user))


def device_named_as_key(scene):
    user, key = scene.fresh(), public_key()
    user.post("/keys/device_signing/upload", {"master_key": {
        "user_id": user.id, "usage": ["master"], "keys": {f"ed25519:{key}": key}}})
    return login(login_body(user) | {"device_id": key})


def used_refresh_token(scene):
    token = refreshable(scene)["refresh_token"]
    path = "/_matrix/client/v3/refresh"
    answer = scene.api.call("POST", path, {"refresh_token": token})
    scene.api.call("GET", "/_matrix/client/v3/account/whoami", token=answer["access_token"])
    return Ask({"refresh_token": token}, by=NOBODY)


def field(name, value, **options):
    return Ask({name: value}, keyName=name, **options)


def large_profile(scene):
    """Half of it is there, and the other half is one byte too much."""
    half = "x" * (PROFILE_LIMIT // 2)
    user = scene.fresh()
    user.put(f"/profile/{quote(user.id)}/org.example.half", {"org.example.half": half})
    return field("org.example.other", half, by=user, userId=user.id)


REFUSALS = {
    "register": [
        Refusal(400, "M_USER_IN_USE", "a taken name", lambda s: registration(name_of(s.ann))),
        Refusal(400, "M_USER_IN_USE", "a taken name, with authentication", lambda s: registration(
            name_of(s.ann), auth={"type": "m.login.dummy"})),
        Refusal(400, "M_INVALID_USERNAME", "not a name", lambda s: registration(BAD_NAME)),
        Refusal(401, None, "no authentication", lambda s: registration(unique("r"))),
    ],
    "register_available": [
        Refusal(400, "M_USER_IN_USE", "a taken name", lambda s: Ask(
            by=NOBODY, query=f"username={name_of(s.ann)}")),
        Refusal(400, "M_INVALID_USERNAME", "not a name", lambda s: Ask(
            by=NOBODY, query=f"username={quote(BAD_NAME)}")),
    ],
    "login": [
        Refusal(400, "M_UNKNOWN", "an unknown type", lambda s: login({"type": "org.example"})),
        Refusal(403, "M_FORBIDDEN", "a wrong password", lambda s: login(
            login_body(s.ann) | {"password": "wrong"})),
        Refusal(403, "M_FORBIDDEN", "nobody", lambda s: login(
            login_body(SimpleNamespace(id=NOT_A_USER)))),
        Refusal(403, "M_FORBIDDEN", "a wrong token", lambda s: login(
            {"type": "m.login.token", "token": "wrong"})),
        Refusal(403, "M_FORBIDDEN", "a device named as a signing key", device_named_as_key),
        Refusal(403, "M_USER_DEACTIVATED", "a closed account", deactivated),
    ],
    "login_token": [
        Refusal(400, "M_NOT_JSON", "no JSON", lambda s: Ask(b"{")),
        Refusal(401, None, "no authentication", lambda s: Ask({})),
    ],
    "refresh": [
        Refusal(401, "M_UNKNOWN_TOKEN", "no such token", lambda s: Ask(
            {"refresh_token": "none"}, by=NOBODY)),
        Refusal(401, "M_UNKNOWN_TOKEN", "a used token", used_refresh_token),
    ],
    "whoami": [
        Refusal(401, "M_UNKNOWN_TOKEN", "no such token", lambda s: Ask(
            by=SimpleNamespace(token="none"))),
    ],
    "device": [Refusal(404, "M_NOT_FOUND", "no such device", lambda s: Ask(deviceId="NONE"))],
    "rename_device": [
        Refusal(404, "M_NOT_FOUND", "no such device", lambda s: Ask(
            {"display_name": "d"}, deviceId="NONE")),
    ],
    "delete_device": [Refusal(401, None, "no authentication", lambda s: Ask({}))],
    "delete_devices": [
        Refusal(401, None, "no authentication", lambda s: Ask({"devices": [s.ann.device]})),
    ],
    "change_password": [
        Refusal(401, None, "no authentication", lambda s: Ask({"new_password": PASSWORD})),
    ],
    "deactivate_account": [Refusal(401, None, "no authentication", lambda s: Ask({}))],
    "profile": [
        Refusal(404, "M_NOT_FOUND", "no such user", lambda s: Ask(userId=NOT_A_USER)),
    ],
    "profile_field": [
        Refusal(404, "M_NOT_FOUND", "no such user", lambda s: Ask(userId=NOT_A_USER)),
        Refusal(404, "M_NOT_FOUND", "no such field", lambda s: Ask(keyName="org.example.none")),
    ],
    "set_profile_field": [
        Refusal(400, "M_NOT_JSON", "no JSON", lambda s: Ask(b"{")),
        Refusal(400, "M_BAD_JSON", "a value of another kind", lambda s: field("displayname", 5)),
        Refusal(400, "M_MISSING_PARAM", "no value", lambda s: Ask({})),
        Refusal(400, "M_INVALID_PARAM", "not a key", lambda s: field(BAD_KEY, "v")),
        Refusal(400, "M_KEY_TOO_LARGE", "a long key", lambda s: field(
            "org.example." + "x" * KEY_LIMIT, "v")),
        Refusal(400, "M_PROFILE_TOO_LARGE", "a large value", large_profile),
        Refusal(403, "M_FORBIDDEN", "somebody else's", lambda s: field(
            "displayname", "n", userId=s.ben.id)),
    ],
    "delete_profile_field": [
        Refusal(400, "M_INVALID_PARAM", "not a key", lambda s: Ask(keyName=BAD_KEY)),
        Refusal(403, "M_FORBIDDEN", "somebody else's", lambda s: Ask(userId=s.ben.id)),
    ],
    "password_email_token": [
        Refusal(400, "M_THREEPID_NOT_FOUND", "nobody's address", lambda s: Ask(EMAIL, by=NOBODY)),
    ],
    "password_msisdn_token": [
        Refusal(400, "M_THREEPID_NOT_FOUND", "nobody's number", lambda s: Ask(PHONE, by=NOBODY)),
    ],
    "threepid_email_token": [
        Refusal(400, "M_THREEPID_MEDIUM_NOT_SUPPORTED", "an address", lambda s: Ask(EMAIL)),
    ],
    "threepid_msisdn_token": [
        Refusal(400, "M_THREEPID_MEDIUM_NOT_SUPPORTED", "a number", lambda s: Ask(PHONE)),
    ],
}
