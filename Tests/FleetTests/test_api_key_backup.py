"""Backups of keys: made, filled, read and deleted through workers by turns."""
import threading

import pytest

from support.api import CLIENT, Api, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
ROOM, OTHER = "!room:fleet.test", "!other:fleet.test"
VERSION = "/room_keys/version"
KEYS = "/room_keys/keys"


@pytest.fixture
def ann(server):
    return server.rotating.register(unique("ann"))


@pytest.fixture
def version(ann):
    return create(ann)


def create(user, **auth):
    auth = auth or {"public_key": "abc"}
    return user.post(VERSION, {"algorithm": ALGORITHM, "auth_data": auth})["version"]


def key(text="x", verified=False, index=5, forwarded=5):
    return {"first_message_index": index, "forwarded_count": forwarded, "is_verified": verified,
            "session_data": {"ciphertext": text}}


def path(room=None, session=None, version=None):
    parts = [KEYS] + [quote(part) for part in (room, session) if part is not None]
    return "/".join(parts) + (f"?version={version}" if version is not None else "")


def put(user, version, body, room=None, session=None):
    return user.put(path(room, session, version), body)


def read(user, version, room=None, session=None):
    return user.get(path(room, session), version=version)


# ---- versions ------------------------------------------------------------------------------

def test_versions(ann):
    ann.refused(404, "M_NOT_FOUND", "GET", VERSION)
    first = create(ann, public_key="one")
    second = create(ann, public_key="two")
    assert first != second
    info = ann.get(VERSION)
    assert info == {"algorithm": ALGORITHM, "auth_data": {"public_key": "two"}, "count": 0,
                    "etag": info["etag"], "version": second}
    assert isinstance(info["etag"], str)
    assert ann.get(f"{VERSION}/{first}")["auth_data"] == {"public_key": "one"}
    body = {"algorithm": ALGORITHM, "auth_data": {"public_key": "new", "signatures": {}}}
    assert ann.put(f"{VERSION}/{first}", body) == {}
    assert ann.put(f"{VERSION}/{first}", body | {"version": first}) == {}
    assert ann.get(f"{VERSION}/{first}")["auth_data"] == body["auth_data"]
    assert ann.get(VERSION)["auth_data"] == {"public_key": "two"}


def test_a_version_is_never_given_again(ann):
    first = create(ann)
    for _ in range(3):
        assert ann.delete(f"{VERSION}/{first}") == {}, "also when it is gone already"
    ann.refused(404, "M_NOT_FOUND", "GET", VERSION)
    ann.refused(404, "M_NOT_FOUND", "GET", f"{VERSION}/{first}")
    second = create(ann)
    assert second != first
    assert ann.get(VERSION)["version"] == second


def test_the_version_before_is_current_again(ann):
    first, second = create(ann), create(ann)
    ann.delete(f"{VERSION}/{second}")
    assert ann.get(VERSION)["version"] == first
    assert put(ann, first, key(), ROOM, "s")["count"] == 1


def test_backups_are_their_owners(server, ann, version):
    ben = server.rotating.register(unique("ben"))
    put(ann, version, key(), ROOM, "s")
    ben.refused(404, "M_NOT_FOUND", "GET", f"{VERSION}/{version}")
    ben.refused(404, "M_NOT_FOUND", "GET", KEYS, version=version)
    ben.refused(404, "M_NOT_FOUND", "DELETE", f"{VERSION}/{version}")
    assert create(ben) == version, "each user's versions are counted for themselves"
    assert read(ben, version) == {"rooms": {}}


def test_concurrent_backups_get_different_versions(server, ann):
    found = []
    threads = [threading.Thread(target=lambda: found.append(create(ann.through(server.rotating))))
               for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(set(found)) == 8


# ---- keys ----------------------------------------------------------------------------------

def test_keys_by_every_path(ann, version):
    first = put(ann, version, key("one"), ROOM, "s/1")
    assert first["count"] == 1
    second = put(ann, version, {"sessions": {"s2": key("two"), "s3": key("three")}}, ROOM)
    assert second["count"] == 3 and second["etag"] != first["etag"]
    third = put(ann, version, {"rooms": {OTHER: {"sessions": {"s1": key("four")}},
                                         ROOM: {"sessions": {}}}})
    assert third["count"] == 4
    info = ann.get(VERSION)
    assert (info["count"], info["etag"]) == (4, third["etag"])
    assert read(ann, version, ROOM, "s/1") == key("one")
    sessions = {"sessions": {"s/1": key("one"), "s2": key("two"), "s3": key("three")}}
    assert read(ann, version, ROOM) == sessions
    assert read(ann, version) == {
        "rooms": {ROOM: sessions, OTHER: {"sessions": {"s1": key("four")}}}}


def test_what_is_not_there(ann, version):
    assert read(ann, version) == {"rooms": {}}
    assert read(ann, version, ROOM) == {"sessions": {}}
    ann.refused(404, "M_NOT_FOUND", "GET", path(ROOM, "s"), version=version)
    for unknown in ("99", "0", "x", "-1"):
        for place in (path(), path(ROOM), path(ROOM, "s")):
            ann.refused(404, "M_NOT_FOUND", "GET", place, version=unknown)
            ann.refused(404, "M_NOT_FOUND", "DELETE", place, version=unknown)
        ann.refused(404, "M_NOT_FOUND", "GET", f"{VERSION}/{unknown}")
        ann.refused(404, "M_NOT_FOUND", "DELETE", f"{VERSION}/{unknown}")
        ann.refused(404, "M_NOT_FOUND", "PUT", f"{VERSION}/{unknown}",
                    {"algorithm": ALGORITHM, "auth_data": {}})
        ann.refused(404, "M_NOT_FOUND", "PUT", path(ROOM, "s", unknown), key())


@pytest.mark.parametrize("new, replaces", [
    (key("new"), False), (key("new", forwarded=4), True), (key("new", forwarded=6), False),
    (key("new", index=4, forwarded=9), True), (key("new", index=6, forwarded=0), False),
    (key("new", verified=True, index=9, forwarded=9), True)])
def test_the_better_key_is_kept(ann, version, new, replaces):
    before = put(ann, version, key("old"), ROOM, "s")
    after = put(ann, version, new, ROOM, "s")
    assert after["count"] == 1
    assert (after["etag"] != before["etag"]) is replaces
    assert read(ann, version, ROOM, "s") == (new if replaces else key("old"))
    verified = key("best", verified=True, index=0, forwarded=0)
    put(ann, version, verified, ROOM, "s")
    put(ann, version, key("worse", index=0, forwarded=0), ROOM, "s")
    assert read(ann, version, ROOM, "s") == verified


def test_deleting_keys(ann, version):
    put(ann, version, {"rooms": {room: {"sessions": {name: key() for name in ("s1", "s2")}}
                                 for room in (ROOM, OTHER)}})
    etags = {ann.get(VERSION)["etag"]}
    for place, count in ((path(ROOM, "s1"), 3), (path(OTHER), 1), (path(), 0)):
        reply = ann.delete(f"{place}?version={version}")
        assert reply["count"] == count
        assert reply["etag"] not in etags
        etags.add(reply["etag"])
        assert ann.delete(f"{place}?version={version}") == reply, "there is nothing left to delete"
    assert read(ann, version) == {"rooms": {}}


def test_keys_go_with_their_backup(ann, version):
    put(ann, version, key(), ROOM, "s")
    ann.delete(f"{VERSION}/{version}")
    for place in (path(), path(ROOM), path(ROOM, "s")):
        ann.refused(404, "M_NOT_FOUND", "GET", place, version=version)
    ann.refused(404, "M_NOT_FOUND", "PUT", path(ROOM, "s", version), key())


def test_only_the_current_backup_takes_keys(ann, version):
    put(ann, version, key(), ROOM, "s")
    current = create(ann)
    bodies = [(path(version=version), {"rooms": {}}), (path(ROOM, version=version),
                                                       {"sessions": {"s": key()}}),
              (path(ROOM, "s", version), key())]
    for place, body in bodies:
        error = ann.refused(403, "M_WRONG_ROOM_KEYS_VERSION", "PUT", place, body)
        assert error["current_version"] == current
    assert read(ann, version, ROOM, "s") == key(), "an older one can still be read"
    assert ann.delete(f"{path()}?version={version}")["count"] == 0
    assert read(ann, current) == {"rooms": {}}


def test_concurrent_uploads_lose_nothing(server, ann, version):
    def upload(worker):
        device = ann.through(server.rotating)
        for number in range(6):
            put(device, version, {"sessions": {
                "shared": key(f"{worker}", index=10 - worker), f"s{worker}-{number}": key()}}, ROOM)
    threads = [threading.Thread(target=upload, args=(worker,)) for worker in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    sessions = read(ann, version, ROOM)["sessions"]
    assert len(sessions) == 6 * 6 + 1
    assert sessions["shared"] == key("5", index=5)
    assert ann.get(VERSION)["count"] == len(sessions)


def test_thousands_of_keys_at_once(ann, version):
    rooms = {f"!room{number}:fleet.test": {
        "sessions": {f"s{session}": key("x" * 300) for session in range(100)}}
        for number in range(40)}
    for _ in range(2):
        assert put(ann, version, {"rooms": rooms})["count"] == 4000
    assert read(ann, version) == {"rooms": rooms}


def test_a_deactivated_account_keeps_no_backup(server, ann, version):
    put(ann, version, key(), ROOM, "s")
    answer = server.api.call("POST", CLIENT + "/account/deactivate", {}, ann.token, expect=401)
    ann.post("/account/deactivate", {"auth": {
        "type": "m.login.password", "session": answer["session"],
        "identifier": {"type": "m.id.user", "user": ann.id},
        "password": "correct horse battery staple"}})
    ann.refused(401, "M_UNKNOWN_TOKEN", "GET", VERSION)


def test_old_paths(server, ann, version):
    for prefix in ("r0", "unstable", "v3"):
        base = f"/_matrix/client/{prefix}"
        info = server.rotating.call("GET", base + VERSION, token=ann.token)
        assert info["version"] == version
        server.rotating.call("PUT", base + path(ROOM, prefix, version), key(), ann.token)
        found = server.rotating.call("GET", base + path(ROOM, version=version), token=ann.token)
        assert prefix in found["sessions"]


# ---- refusals ------------------------------------------------------------------------------

@pytest.mark.parametrize("body, errcode", [
    ({}, "M_MISSING_PARAM"), ([], "M_BAD_JSON"),
    ({"algorithm": ALGORITHM}, "M_MISSING_PARAM"),
    ({"auth_data": {}}, "M_MISSING_PARAM"),
    ({"algorithm": 1, "auth_data": {}}, "M_BAD_JSON"),
    ({"algorithm": ALGORITHM, "auth_data": "x"}, "M_BAD_JSON"),
    ({"algorithm": "a\0b", "auth_data": {}}, "M_INVALID_PARAM"),
    ({"algorithm": "a" * 256, "auth_data": {}}, "M_INVALID_PARAM"),
    ({"algorithm": ALGORITHM, "auth_data": {"x": "x" * 70000}}, "M_INVALID_PARAM")])
def test_versions_that_are_refused(ann, version, body, errcode):
    ann.refused(400, errcode, "POST", VERSION, body)
    ann.refused(400, errcode, "PUT", f"{VERSION}/{version}", body)
    assert ann.get(VERSION)["auth_data"] == {"public_key": "abc"}


def test_updates_that_are_refused(ann, version):
    place, body = f"{VERSION}/{version}", {"algorithm": ALGORITHM, "auth_data": {}}
    ann.refused(400, "M_INVALID_PARAM", "PUT", place, body | {"version": "99"})
    ann.refused(400, "M_BAD_JSON", "PUT", place, body | {"version": 1})
    ann.refused(400, "M_INVALID_PARAM", "PUT", place, body | {"algorithm": "m.other"})


def without(name):
    return {one: value for one, value in key().items() if one != name}


BAD_KEYS = [
    *[(without(name), 400, "M_MISSING_PARAM") for name in key()],
    *[(key() | {name: value}, 400, "M_BAD_JSON") for name, value in (
        ("first_message_index", "1"), ("first_message_index", -1), ("first_message_index", 1.5),
        ("first_message_index", 2**60), ("forwarded_count", None), ("forwarded_count", -1),
        ("is_verified", 1), ("is_verified", "true"), ("session_data", None), ("session_data", 1),
        ("session_data", []))],
    (key("x" * 70000), 400, "M_INVALID_PARAM"),
]


@pytest.mark.parametrize("bad, status, errcode", BAD_KEYS)
def test_keys_that_are_refused(ann, version, bad, status, errcode):
    for place, body in ((path(ROOM, "s", version), bad),
                        (path(ROOM, version=version), {"sessions": {"t": key(), "s": bad}}),
                        (path(version=version), {"rooms": {ROOM: {"sessions": {"s": bad}}}})):
        ann.refused(status, errcode, "PUT", place, body)
    assert ann.get(VERSION)["count"] == 0


@pytest.mark.parametrize("place, body, errcode", [
    (path(version="1"), {}, "M_MISSING_PARAM"),
    (path(version="1"), {"rooms": []}, "M_BAD_JSON"),
    (path(version="1"), {"rooms": {"none": {"sessions": {}}}}, "M_INVALID_PARAM"),
    (path(version="1"), {"rooms": {ROOM: []}}, "M_BAD_JSON"),
    (path(version="1"), {"rooms": {ROOM: {}}}, "M_MISSING_PARAM"),
    (path(version="1"), {"rooms": {ROOM: {"sessions": []}}}, "M_BAD_JSON"),
    (path(version="1"), {"rooms": {ROOM: {"sessions": {"s": []}}}}, "M_BAD_JSON"),
    (path(ROOM, version="1"), {}, "M_MISSING_PARAM"),
    (path(ROOM, version="1"), {"sessions": {"s\0": key()}}, "M_INVALID_PARAM"),
    (path(ROOM, version="1"), {"sessions": {"s" * 256: key()}}, "M_INVALID_PARAM"),
    (path("none", version="1"), {"sessions": {}}, "M_INVALID_PARAM"),
    (path("!\0:x", version="1"), {"sessions": {}}, "M_INVALID_PARAM"),
    (path(ROOM, "s\0", "1"), key(), "M_INVALID_PARAM"),
    (path(ROOM, "s"), key(), "M_MISSING_PARAM")])
def test_uploads_that_are_refused(server, ann, version, place, body, errcode):
    ann = ann.through(Api(server.workers))  # nginx answers a NUL itself
    ann.refused(400, errcode, "PUT", place, body)
    assert ann.get(VERSION)["count"] == 0


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_questions_that_are_refused(server, ann, version, method):
    ann = ann.through(Api(server.workers))  # nginx answers a NUL itself
    for place in (path(), path(ROOM), path(ROOM, "s")):
        ann.refused(400, "M_MISSING_PARAM", method, place)
    ann.refused(400, "M_INVALID_PARAM", method, path("none"), version=version)
    ann.refused(400, "M_INVALID_PARAM", method, path(ROOM, "s\0"), version=version)
