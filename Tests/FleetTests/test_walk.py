"""A walk over all routes that the server says it has: every generic worker, and main, answers each
of them, under every one of its paths. The shapes of the answers are those of the specification
(support/openapi.py holds every answer against them)."""
import hashlib
import hmac
import itertools
import re

import pytest

from support.api import PASSWORD, Api, quote
from support.deployment import SERVER_NAME, unique
from support.scene import (
    ALGORITHM, BACKED_UP, PUSHER, TOKENLESS, Ask, Scene, backed_up, fill, in_another_room,
    knockable, login_body, public_key, push_rule, refreshable, registry, with_alias, with_member,
    with_password)

SURFACES = ("client", "admin", "wellKnown", "federation")
# So that nothing is left out because it is not set up.
SETTINGS = {
    "turn_uris": ["turn:turn.example.org"], "turn_shared_secret": "secret",
    "login_via_existing_session": {"enabled": True}, "serve_server_wellknown": True,
    "admin_contact": "mailto:admin@example.org", "max_event_delay_duration": "1d"}


def shared_secret_registration(scene):
    path = "/_synapse/admin/v1/register"
    nonce, name = scene.api.call("GET", path)["nonce"], unique("admin")
    words = "\0".join([nonce, name, PASSWORD, "notadmin"]).encode()
    mac = hmac.new(scene.server.shared_secret.encode(), words, hashlib.sha1).hexdigest()
    return {"nonce": nonce, "username": name, "password": PASSWORD, "mac": mac}


def delayed(scene):
    path = f"/rooms/{quote(scene.room)}/delayed_event/m.room.message/{unique('d')}"
    return scene.ann.put(path, {"delay": 600000, "delay_ms": 600000, "content": {}})["delay_id"]


def token(scene):
    return scene.api.call("POST", "/_synapse/admin/v1/registration_tokens/new", {},
                          scene.admin.token)["token"]


# What to ask of each route; a function where it must be made first. A route without a row here
# is asked with the scene's values and no body.
def rows():
    return {
        "register": lambda s: Ask({"username": unique("walk"), "password": PASSWORD,
                                   "auth": {"type": "m.login.dummy"}}),
        "register_available": lambda s: Ask(query=f"username={unique('free')}"),
        "registration_token_validity": lambda s: Ask(query="token=none"),
        "auth_fallback": lambda s: Ask(query="session=none", status=400),
        "auth_fallback_submit": lambda s: Ask(query="session=none", status=400),
        "login": lambda s: Ask(login_body(s.ann)),
        "login_token": lambda s: Ask(with_password(
            s, s.ann, "/_matrix/client/v1/login/get_token", {})),
        "refresh": lambda s: Ask({"refresh_token": refreshable(s)["refresh_token"]}),
        "logout": lambda s: Ask({}, by=s.login()),
        "logout_all": lambda s: Ask({}, by=s.fresh()),
        "rename_device": lambda s: Ask({"display_name": "walk"}),
        "delete_device": lambda s: delete_device(s),
        "delete_devices": lambda s: delete_devices(s),
        "change_password": lambda s: change_password(s),
        "deactivate_account": lambda s: deactivate(s),
        "openid_token": lambda s: Ask({}),
        "openid_userinfo": lambda s: Ask(query="access_token=" + s.ann.post(
            f"/user/{quote(s.ann.id)}/openid/request_token")["access_token"]),
        "set_profile_field": lambda s: Ask({"displayname": "Walker"}),
        "admin_register": lambda s: Ask(shared_secret_registration(s)),
        "admin_registration_token": lambda s: Ask(by=s.admin, token=token(s)),
        "admin_update_registration_token": lambda s: Ask({}, by=s.admin, token=token(s)),
        "admin_delete_registration_token": lambda s: Ask(by=s.admin, token=token(s)),
        "admin_create_registration_token": lambda s: Ask({}, by=s.admin),
        "admin_set_rate_limit": lambda s: Ask({}, by=s.admin),
        "admin_username_available": lambda s: Ask(by=s.admin, query=f"username={unique('u')}"),
        "create_room": lambda s: Ask({}),
        "join_room": lambda s: Ask({}, roomId=in_another_room(s)),
        "join_room_by_id_or_alias": lambda s: Ask({}, roomIdOrAlias=in_another_room(s)),
        "knock_room": lambda s: Ask({}, roomIdOrAlias=knockable(s)),
        "leave_room": lambda s: Ask({}, roomId=in_another_room(s, "join")),
        "forget_room": lambda s: Ask({}, roomId=in_another_room(s, "leave")),
        "invite_user": lambda s: Ask({"user_id": s.ben.id}, roomId=s.ann.create_room()),
        "kick_user": lambda s: Ask({"user_id": s.ben.id}, roomId=with_member(s)),
        "ban_user": lambda s: Ask({"user_id": s.ben.id}, roomId=with_member(s)),
        "unban_user": lambda s: Ask({"user_id": s.ben.id}, roomId=with_member(s, "ban")),
        "send_message": lambda s: Ask({"body": "walk"}),
        "redact_event": lambda s: Ask({}, eventId=s.ann.send(s.room, "to be redacted")),
        "send_state": lambda s: Ask({"topic": unique("t")}, eventType="m.room.topic"),
        "room_state_event": lambda s: Ask(eventType="m.room.create"),
        "room_messages": lambda s: Ask(query="dir=b"),
        "event_by_time": lambda s: Ask(query="ts=0&dir=f"),
        "upgrade_room": lambda s: Ask({"new_version": "12"}, roomId=s.ann.create_room(
            room_version="11")),
        "report_event": lambda s: Ask({"reason": "walk"}),
        "report_room": lambda s: Ask({"reason": "walk"}),
        "report_user": lambda s: Ask({"reason": "walk"}),
        "get_alias": lambda s: Ask(roomAlias=with_alias(s)),
        "put_alias": lambda s: Ask({"room_id": s.room},
                                   roomAlias=f"#{unique('new')}:{SERVER_NAME}"),
        "delete_alias": lambda s: Ask(roomAlias=with_alias(s)),
        "create_filter": lambda s: Ask({"room": {"timeline": {"limit": 5}}}),
        "get_filter": lambda s: Ask(filterId=s.ann.post(
            f"/user/{quote(s.ann.id)}/filter", {})["filter_id"]),
        "event_stream": lambda s: Ask(query="timeout=0"),
        "account_data": lambda s: with_account_data(s),
        "set_account_data": lambda s: Ask({"walk": True}),
        "room_account_data": lambda s: with_account_data(s, s.room),
        "set_room_account_data": lambda s: Ask({"walk": True}),
        "set_room_tag": lambda s: Ask({"order": 0.5}),
        "send_receipt": lambda s: Ask({}),
        "set_read_markers": lambda s: Ask({"m.fully_read": s.event}),
        "set_typing": lambda s: Ask({"typing": True, "timeout": 1000}),
        "set_presence_status": lambda s: Ask({"presence": "online"}),
        "push_rule": lambda s: Ask(**push_rule(s)),
        "set_push_rule": lambda s: Ask({"pattern": "y", "actions": []}, kind="content",
                                       ruleId=unique("rule")),
        "delete_push_rule": lambda s: Ask(**push_rule(s, "gone")),
        "set_push_rule_enabled": lambda s: Ask({"enabled": False}, **push_rule(s)),
        "set_push_rule_actions": lambda s: Ask({"actions": ["notify"]}, **push_rule(s)),
        "set_pusher": lambda s: Ask(PUSHER),
        "send_to_device": lambda s: Ask({"messages": {s.ann.id: {"*": {"walk": 1}}}}),
        "create_key_backup": lambda s: Ask(
            {"algorithm": ALGORITHM, "auth_data": {"public_key": "a"}}, by=s.ben),
        "update_key_backup": lambda s: Ask({"algorithm": ALGORITHM, "version": s.version,
                                            "auth_data": {"public_key": "b"}}),
        "delete_key_backup": lambda s: Ask(by=s.ben, version=s.ben.post("/room_keys/version", {
            "algorithm": ALGORITHM, "auth_data": {"public_key": "a"}})["version"]),
        "store_all_backup_keys": lambda s: Ask({"rooms": {s.room: {"sessions": {"a": BACKED_UP}}}},
                                               query=f"version={s.version}"),
        "store_backup_keys_of_room": lambda s: Ask({"sessions": {"b": BACKED_UP}},
                                                   query=f"version={s.version}"),
        "store_backup_key": lambda s: Ask(BACKED_UP, query=f"version={s.version}"),
        **{one: lambda s: Ask(query=f"version={backed_up(s)['version']}") for one in (
            "all_backup_keys", "delete_all_backup_keys", "backup_keys_of_room",
            "delete_backup_keys_of_room", "backup_key", "delete_backup_key")},
        "upload_keys": lambda s: Ask({}),
        "query_keys": lambda s: Ask({"device_keys": {s.ben.id: []}}),
        "claim_keys": lambda s: Ask({"one_time_keys": {s.ben.id: {s.ben.device: "x"}}}),
        "key_changes": lambda s: key_changes(s),
        "upload_cross_signing_keys": lambda s: cross_signing(s),
        "upload_signatures": lambda s: Ask({}),
        "admin_set_background_updates_enabled": lambda s: Ask({"enabled": True}, by=s.admin),
        "admin_start_background_job": lambda s: Ask({"job_name": "none"}, by=s.admin, status=400),
        "admin_cancel_scheduled_task": lambda s: Ask({}, by=s.admin, status=404, taskId="none"),
        "admin_delete_scheduled_task": lambda s: Ask(by=s.admin, status=404, taskId="none"),
        "admin_purge_history": lambda s: Ask({"purge_up_to_event_id": s.event}, by=s.admin,
                                             roomId=s.room),
        "admin_purge_history_up_to": lambda s: purgeable(s),
        "admin_purge_history_status": lambda s: Ask(status=404, purgeId="none"),
        "admin_delete_room": lambda s: Ask({}, by=s.admin, roomId=s.ann.create_room()),
        "admin_delete_room_and_wait": lambda s: Ask({}, by=s.admin, roomId=s.ann.create_room()),
        "admin_room_deletions": lambda s: Ask(status=404),
        "admin_room_deletion": lambda s: Ask(status=404, deleteId="none"),
        "admin_block_room": lambda s: Ask({"block": False}, by=s.admin),
        "admin_join_room": lambda s: Ask({"user_id": s.ben.id}, by=s.admin),
        "schedule_delayed_event": lambda s: Ask({"delay_ms": 600000, "delay": 600000,
                                                 "content": {}}),
        "send_delayed_event": lambda s: Ask({}, delayId=delayed(s)),
        "cancel_delayed_event": lambda s: Ask({}, delayId=delayed(s)),
        "restart_delayed_event": lambda s: Ask({}, delayId=delayed(s)),
        "update_delayed_event": lambda s: Ask({"action": "cancel"}, delayId=delayed(s)),
        "delayed_event": lambda s: Ask(delayId=delayed(s)),
    }


# Nobody's addresses can be verified without mail: such requests are refused in this way.
WITHOUT_MAIL = {"add_threepid", "add_threepid_deprecated", "bind_threepid", "delete_threepid",
                "unbind_threepid", "register_email_token", "register_msisdn_token",
                "password_email_token", "password_msisdn_token", "threepid_email_token",
                "threepid_msisdn_token"}


def delete_device(scene):
    user = scene.fresh()
    path = f"/_matrix/client/v3/devices/{quote(user.device)}"
    asked = scene.api.call("DELETE", path, {}, user.token, expect=401)
    return Ask({"auth": login_body(user) | {"session": asked["session"]}}, by=user,
               deviceId=user.device)


def delete_devices(scene):
    user = scene.fresh()
    return Ask(with_password(scene, user, "/_matrix/client/v3/delete_devices",
                             {"devices": [user.device]}), by=user)


def change_password(scene):
    user = scene.fresh()
    return Ask(with_password(scene, user, "/_matrix/client/v3/account/password",
                             {"new_password": "another " + PASSWORD}), by=user)


def deactivate(scene):
    user = scene.fresh()
    return Ask(with_password(scene, user, "/_matrix/client/v3/account/deactivate", {}), by=user)


def with_account_data(scene, room=None):
    where = f"/rooms/{quote(room)}" if room else ""
    scene.ann.put(f"/user/{quote(scene.ann.id)}{where}/account_data/org.example.walk",
                  {"walk": True})
    return Ask()


def cross_signing(scene):
    user, key = scene.fresh(), public_key()
    return Ask({"master_key": {"user_id": user.id, "usage": ["master"],
                               "keys": {f"ed25519:{key}": key}}}, by=user)


def purgeable(scene):
    room = scene.ann.create_room()
    return Ask({}, by=scene.admin, roomId=room, eventId=scene.ann.send(room, "stays"))


def key_changes(scene):
    now = scene.ann.sync()["next_batch"]
    return Ask(query=f"from={quote(now)}&to={quote(now)}")


@pytest.fixture(scope="module")
def server(deployments):
    server = deployments.start(None, overrides=SETTINGS)
    yield server
    server.fleet.stop()


@pytest.fixture(scope="module")
def routes(deployments):
    return [one for one in registry(deployments.programs) if one["surface"] in SURFACES]


def entries(server):
    """Past nginx: each generic worker, and main."""
    return [*server.workers, server.main]


def test_every_table_row_is_a_route(routes):
    assert set(rows()) | WITHOUT_MAIL <= {one["id"] for one in routes}


def test_every_worker_answers_every_route(server, routes):
    table, wrong = rows(), []
    for url in entries(server):
        scene = Scene(server, Api([url]))
        for route in routes:
            wrong += walk(scene, route, table.get(route["id"], lambda s: Ask()))
    assert not wrong, "\n".join(wrong)


def walk(scene, route, row):
    if route["id"] in WITHOUT_MAIL:
        return refused_without_mail(scene, route)
    try:
        ask = row(scene)
    except AssertionError as failure:
        return [f"{route['id']} at {scene.api.urls[0]}, to begin with: {failure}"]
    try:
        answer = ask.send(scene.api, route, scene)
    except AssertionError as shape:
        return [f"{route['id']} at {scene.api.urls[0]}: {shape}"]
    if answer.status != ask.status:
        return [f"{route['id']} at {scene.api.urls[0]}: {answer.status} {answer.body[:200]!r}"]
    return []


def refused_without_mail(scene, route):
    answer = scene.api.raw(route["method"].upper(), route["patterns"][0], b"{}",
                           {"Authorization": f"Bearer {scene.ann.token}"})
    if 400 <= answer.status < 500 and answer.errcode:
        return []
    return [f"{route['id']}: {answer.status} {answer.body[:200]!r}"]


def test_every_path_is_served_and_asks_for_a_token(server, routes):
    """Each pattern of each route, on every worker: without a token, and with one that is none."""
    wrong, values = [], {"roomId": "!r:x", "userId": f"@a:{SERVER_NAME}"}
    for url, route in itertools.product(entries(server), routes):
        if TOKENLESS.match(route["id"]) or route["id"] in WITHOUT_MAIL \
                or route["surface"] == "wellKnown":
            continue
        body = b"{}" if route["method"].upper() in ("POST", "PUT") else None
        for pattern in route["patterns"]:
            for headers, code in (({}, "M_MISSING_TOKEN"),
                                  ({"Authorization": "Bearer none"}, "M_UNKNOWN_TOKEN")):
                answer = Api([url]).raw(route["method"].upper(), fill(pattern, values), body,
                                        headers)
                if (answer.status, answer.errcode) != (401, code):
                    wrong.append(f"{url} {route['method']} {pattern}: {answer.status} "
                                 f"{answer.body[:120]!r}, not {code}")
    assert not wrong, "\n".join(wrong)
