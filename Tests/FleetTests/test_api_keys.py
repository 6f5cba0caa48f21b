"""End-to-end encryption keys: uploaded through one worker, seen and claimed through others."""
import concurrent.futures

import pytest

from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
ALGORITHM = "signed_curve25519"


@pytest.fixture
def api(server):
    return server.rotating


@pytest.fixture
def ann(api):
    return api.register(unique("ann"))


@pytest.fixture
def ben(api):
    return api.register(unique("ben"))


def device_keys(user, **changes):
    return {"user_id": user.id, "device_id": user.device,
            "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
            "keys": {f"curve25519:{user.device}": "curve", f"ed25519:{user.device}": "ed"},
            "signatures": {user.id: {f"ed25519:{user.device}": "sig"}}, **changes}


def one_time_keys(count, first=0, value="v"):
    return {f"{ALGORITHM}:k{number}": {"key": f"{value}{number}", "signatures": {}}
            for number in range(first, first + count)}


def fallback(name):
    return {f"{ALGORITHM}:{name}": {"key": name, "fallback": True, "signatures": {}}}


def upload(user, **body):
    return user.post("/keys/upload", body)["one_time_key_counts"].get(ALGORITHM, 0)


def query(user, *others, devices=()):
    return user.post("/keys/query", {"device_keys": {one.id: list(devices) for one in others}})


def claim(user, other):
    """The keys that `user` gets for the device of `other`."""
    body = {"one_time_keys": {other.id: {other.device: ALGORITHM}}}
    answer = user.post("/keys/claim", body)
    assert answer["failures"] == {}
    return answer["one_time_keys"].get(other.id, {}).get(other.device, {})


# ---- device keys ---------------------------------------------------------------------------

def test_what_is_uploaded_is_seen_at_once(api, ann, ben):
    upload(ann, device_keys=device_keys(ann))
    for _ in api.urls:
        answer = query(ben, ann)
        assert answer["failures"] == {}
        found = answer["device_keys"][ann.id][ann.device]
        unsigned = found.pop("unsigned")
        assert found == device_keys(ann)
        assert unsigned == {}
    ann.put("/devices/" + ann.device, {"display_name": "Ann's phone"})
    found = query(ben, ann)["device_keys"][ann.id][ann.device]
    assert found["unsigned"] == {"device_display_name": "Ann's phone"}


def test_the_path_of_older_clients(api, ann, ben):
    answer = ann.api.call("POST", f"/_matrix/client/r0/keys/upload/{ann.device}", {
        "device_keys": device_keys(ann), "one_time_keys": one_time_keys(1)}, ann.token)
    assert answer["one_time_key_counts"] == {ALGORITHM: 1}
    assert ann.device in query(ben, ann)["device_keys"][ann.id]


def test_some_devices_of_some_users(api, ann, ben):
    other = api.login(ann.id)
    for one in (ann, other):
        upload(one, device_keys=device_keys(one))
    assert set(query(ben, ann)["device_keys"][ann.id]) == {ann.device, other.device}
    assert set(query(ben, ann, devices=[other.device])["device_keys"][ann.id]) == {other.device}
    answer = query(ben, ann, ben, devices=["nothing"])
    assert answer["device_keys"] == {ann.id: {}, ben.id: {}}


def test_strangers_and_other_servers(ben):
    stranger = "@" + unique("nobody") + ":" + ben.id.split(":", 1)[1]
    answer = ben.post("/keys/query", {"device_keys": {
        stranger: [], "@someone:elsewhere.invalid": []}, "timeout": 1})
    assert answer["device_keys"] == {}
    assert list(answer["failures"]) == ["elsewhere.invalid"]
    answer = ben.post("/keys/claim", {"one_time_keys": {
        stranger: {"A": ALGORITHM}, "@someone:elsewhere.invalid": {"A": ALGORITHM}}})
    assert answer["one_time_keys"] == {} and list(answer["failures"]) == ["elsewhere.invalid"]


def test_keys_go_with_their_device(api, ann, ben):
    other = api.login(ann.id)
    upload(other, device_keys=device_keys(other), one_time_keys=one_time_keys(3),
           fallback_keys=fallback("f"))
    assert other.device in query(ben, ann)["device_keys"][ann.id]
    other.post("/logout")
    assert query(ben, ann)["device_keys"] == {ann.id: {}}
    assert claim(ben, other) == {}


# ---- one-time keys -------------------------------------------------------------------------

def test_every_key_is_given_once(api, ann, ben):
    assert upload(ann, one_time_keys=one_time_keys(40)) == 40
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: claim(ben, ann), range(50)))
    names = [name for keys in given for name in keys]
    assert sorted(names) == sorted(one_time_keys(40))
    assert upload(ann) == 0
    # What was given out does not come back when the upload is repeated.
    assert upload(ann, one_time_keys=one_time_keys(40)) == 0


def test_repeated_and_clashing_uploads(api, ann):
    keys = one_time_keys(3)
    assert upload(ann, one_time_keys=keys) == 3
    assert upload(ann, one_time_keys=keys) == 3
    clash = ann.refused(400, "M_UNKNOWN", "POST", "/keys/upload",
                        {"one_time_keys": one_time_keys(3, value="other")})
    assert clash["error"].startswith("One time key signed_curve25519:k")
    assert "already exists" in clash["error"]
    assert upload(ann) == 3


def test_fallback_keys(api, ann, ben):
    upload(ann, one_time_keys=one_time_keys(1), fallback_keys=fallback("f1"))
    assert list(claim(ben, ann)) == [f"{ALGORITHM}:k0"]
    for _ in api.urls:
        assert list(claim(ben, ann)) == [f"{ALGORITHM}:f1"]
    upload(ann, fallback_keys=fallback("f2"))
    assert claim(ben, ann) == fallback("f2")


def test_sync_tells_what_is_left(ann, ben):
    def told(condition, since):
        return ann.sync_until(condition, since)

    def left(answer):
        return (answer["device_one_time_keys_count"][ALGORITHM],
                answer["device_unused_fallback_key_types"])

    first = ann.sync()
    assert left(first) == (0, [])
    upload(ann, one_time_keys=one_time_keys(2), fallback_keys=fallback("f"))
    answer = told(lambda found: left(found) == (2, [ALGORITHM]), first["next_batch"])
    for _ in range(3):
        assert claim(ben, ann)
    told(lambda found: left(found) == (0, []), answer["next_batch"])


# ---- bad input -----------------------------------------------------------------------------

@pytest.mark.parametrize("part, value, errcode", [
    ("device_keys", [], "M_BAD_JSON"),
    ("device_keys", {}, "M_MISSING_PARAM"),
    ("device_keys", {"user_id": "@someone:else"}, "M_INVALID_PARAM"),
    ("device_keys", {"device_id": "else"}, "M_INVALID_PARAM"),
    ("device_keys", {"device_id": 1}, "M_BAD_JSON"),
    ("device_keys", {"algorithms": "x"}, "M_BAD_JSON"),
    ("device_keys", {"algorithms": [1]}, "M_BAD_JSON"),
    ("device_keys", {"keys": []}, "M_BAD_JSON"),
    ("device_keys", {"keys": {"ed25519:A": 1}}, "M_BAD_JSON"),
    ("device_keys", {"keys": {"a\0": "x"}}, "M_INVALID_PARAM"),
    ("device_keys", {"signatures": 1}, "M_BAD_JSON"),
    ("device_keys", {"signatures": {"@a:b": []}}, "M_BAD_JSON"),
    ("device_keys", {"signatures": {"@a:b": {"k": 1}}}, "M_BAD_JSON"),
    ("device_keys", {"more": 1.5}, "M_BAD_JSON"),
    ("device_keys", {"more": "x" * 70_000}, "M_TOO_LARGE"),
    ("one_time_keys", "x", "M_BAD_JSON"),
    ("one_time_keys", {"noalgorithm": "x"}, "M_BAD_JSON"),
    ("one_time_keys", {":id": "x"}, "M_BAD_JSON"),
    ("one_time_keys", {"algorithm:": "x"}, "M_BAD_JSON"),
    ("one_time_keys", {"a:b": 1}, "M_BAD_JSON"),
    ("one_time_keys", {"a:b": {}}, "M_MISSING_PARAM"),
    ("one_time_keys", {"a:b": {"key": 1}}, "M_BAD_JSON"),
    ("one_time_keys", {"a:b": {"key": "k", "signatures": []}}, "M_BAD_JSON"),
    ("one_time_keys", {"a:\0": "x"}, "M_INVALID_PARAM"),
    ("one_time_keys", {"a:b": "x" * 5000}, "M_TOO_LARGE"),
    ("one_time_keys", {"a:" + "b" * 600: "x"}, "M_TOO_LARGE"),
    ("one_time_keys", {f"a:{number}": "x" for number in range(1001)}, "M_INVALID_PARAM"),
    ("fallback_keys", {"a:b": "x", "a:c": "y"}, "M_BAD_JSON"),
    ("fallback_keys", 7, "M_BAD_JSON")])
def test_bad_uploads(ann, part, value, errcode):
    body = value
    if part == "device_keys" and value:
        body = device_keys(ann, **value)
    ann.refused(400, errcode, "POST", "/keys/upload", {part: body})
    assert upload(ann) == 0


@pytest.mark.parametrize("body, errcode", [
    ({}, "M_MISSING_PARAM"),
    ({"device_keys": []}, "M_BAD_JSON"),
    ({"device_keys": {"nobody": []}}, "M_BAD_JSON"),
    ({"device_keys": {"@a:b": {}}}, "M_BAD_JSON"),
    ({"device_keys": {"@a:b": [1]}}, "M_BAD_JSON"),
    ({"device_keys": {"@a\0:b": []}}, "M_INVALID_PARAM"),
    ({"device_keys": {}, "timeout": "x"}, "M_BAD_JSON"),
    ({"device_keys": {f"@a{number}:b": [] for number in range(10_001)}}, "M_INVALID_PARAM")])
def test_bad_queries(ann, body, errcode):
    ann.refused(400, errcode, "POST", "/keys/query", body)


@pytest.mark.parametrize("body, errcode", [
    ({}, "M_MISSING_PARAM"),
    ({"one_time_keys": []}, "M_BAD_JSON"),
    ({"one_time_keys": {"nobody": {}}}, "M_BAD_JSON"),
    ({"one_time_keys": {"@a:b": []}}, "M_BAD_JSON"),
    ({"one_time_keys": {"@a:b": {"D": 1}}}, "M_BAD_JSON"),
    ({"one_time_keys": {"@a:b": {"D\0": "x"}}}, "M_INVALID_PARAM"),
    ({"one_time_keys": {"@a:b": {"D": "x\0"}}}, "M_INVALID_PARAM"),
    ({"one_time_keys": {"@a:b": {f"D{number}": "x" for number in range(10_001)}}},
     "M_INVALID_PARAM")])
def test_bad_claims(ann, body, errcode):
    ann.refused(400, errcode, "POST", "/keys/claim", body)
