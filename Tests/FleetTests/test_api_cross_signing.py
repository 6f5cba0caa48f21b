"""Cross-signing: keys with which users vouch for their devices and for others, and signatures by
them. Every request meets another way in than the one before."""
import copy

import pytest
from nacl.signing import SigningKey
from signedjson.sign import sign_json
from unpaddedbase64 import encode_base64

from support.api import CLIENT, PASSWORD
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
UPLOAD = "/keys/device_signing/upload"


@pytest.fixture
def api(server):
    return server.rotating


@pytest.fixture
def ann(api):
    return Person(api.register(unique("ann")))


@pytest.fixture
def ben(api):
    return Person(api.register(unique("ben")))


class Key:
    """A signing key under a name of its own: a device, or its own public key."""
    alg = "ed25519"

    def __init__(self, name=None):
        self.key = SigningKey.generate()
        self.public = encode_base64(bytes(self.key.verify_key))
        self.version = name or self.public

    def sign(self, message):
        return self.key.sign(message)

    def signed(self, value, user):
        return sign_json(copy.deepcopy(value), user, self)


class Person:
    """A user with a device that has keys, and cross-signing keys that nobody knows yet."""

    def __init__(self, user):
        self.user, self.id, self.device = user, user.id, Key(user.device)
        self.renew()

    def renew(self):
        self.master, self.self_signing, self.user_signing = Key(), Key(), Key()

    def key(self, key, usage):
        return {"user_id": self.id, "usage": [usage], "keys": {f"ed25519:{key.public}": key.public}}

    @property
    def master_key(self):
        return self.key(self.master, "master")

    def keys(self):
        return {"master_key": self.master_key,
                "self_signing_key": self.master.signed(
                    self.key(self.self_signing, "self_signing"), self.id),
                "user_signing_key": self.master.signed(
                    self.key(self.user_signing, "user_signing"), self.id)}

    def device_keys(self):
        name = self.user.device
        return self.device.signed({
            "user_id": self.id, "device_id": name, "algorithms": [],
            "keys": {f"ed25519:{name}": self.device.public}}, self.id)

    def publish(self):
        self.user.post("/keys/upload", {"device_keys": self.device_keys()})
        assert self.user.post(UPLOAD, self.keys()) == {}
        return self

    def sign(self, **objects):
        return self.user.post("/keys/signatures/upload", objects.get("body", objects))

    def sees(self, other):
        return self.user.post("/keys/query", {"device_keys": {other.id: []}})

    def proof(self, session=None):
        auth = {"type": "m.login.password", "password": PASSWORD,
                "identifier": {"type": "m.id.user", "user": self.id}}
        return auth if session is None else auth | {"session": session}


def without_signatures(key):
    return {name: value for name, value in key.items() if name != "signatures"}


# ---- keys ----------------------------------------------------------------------------------

def test_first_keys_are_taken_as_they_are(ann, ben):
    ann.publish()
    assert ann.user.post(UPLOAD, ann.keys()) == {}, "the same keys again"
    for viewer in (ann, ben):
        seen, keys = viewer.sees(ann), ann.keys()
        assert without_signatures(seen["master_keys"][ann.id]) == keys["master_key"]
        assert seen["self_signing_keys"] == {ann.id: keys["self_signing_key"]}
        assert seen["user_signing_keys"] == (
            {ann.id: keys["user_signing_key"]} if viewer is ann else {})


def test_new_keys_must_be_confirmed(ann, ben):
    ann.publish()
    old = ann.keys()
    ann.renew()
    offer = ann.user.post(UPLOAD, ann.keys(), expect=401)
    assert offer["flows"] == [{"stages": ["m.login.password"]}]
    assert ben.sees(ann)["self_signing_keys"] == {ann.id: old["self_signing_key"]}
    # Confirmed is what was asked for, and nothing else.
    right = {"auth": ann.proof(offer["session"])}
    assert ann.user.post(UPLOAD, ann.keys() | right) == {}
    assert ann.user.post(UPLOAD, ann.keys() | right) == {}, "a repeated request"
    assert ben.sees(ann)["self_signing_keys"] == {ann.id: ann.keys()["self_signing_key"]}
    ann.renew()
    ann.user.refused(403, "M_FORBIDDEN", "POST", UPLOAD, ann.keys() | right)


def test_bad_keys(ann, ben):
    post = ("POST", UPLOAD)
    ann.user.refused(400, "M_MISSING_PARAM", *post, {})
    keys = ann.keys()
    ann.user.refused(400, "M_MISSING_PARAM", *post,
                     {"self_signing_key": keys["self_signing_key"]})
    ann.user.refused(400, "M_INVALID_PARAM", *post, ben.keys())
    other = ben.master.signed(ann.key(ann.self_signing, "self_signing"), ann.id)
    ann.user.refused(400, "M_INVALID_SIGNATURE", *post, keys | {"self_signing_key": other})
    for bad in (7, [], {}, {"user_id": ann.id},
                ann.master_key | {"usage": "master"}, ann.master_key | {"usage": ["other"]},
                ann.master_key | {"keys": {}}, ann.master_key | {"keys": {"ed25519:x": "x"}},
                ann.master_key | {"keys": {"ed25519:\0": "\0"}},
                ann.master_key | {"signatures": 1}, ann.master_key | {"more": 0.5}):
        error = ann.user.post(UPLOAD, {"master_key": bad}, expect=400)
        assert error["errcode"] in ("M_BAD_JSON", "M_MISSING_PARAM") and error["error"]
    ann.user.refused(400, "M_BAD_JSON", *post, keys | {"auth": 1})


def test_a_key_and_a_device_never_have_one_name(api, ann):
    twin = api.login(ann.id, device_id=ann.master.public)
    ann.user.refused(403, "M_FORBIDDEN", "POST", UPLOAD, ann.keys())
    twin.post("/logout")
    ann.publish()
    api.refused(403, "M_FORBIDDEN", "POST", CLIENT + "/login",
                {"type": "m.login.password", "user": ann.id, "password": PASSWORD,
                 "device_id": ann.master.public})


def test_old_paths(ann):
    for prefix in ("unstable", "r0"):
        path = f"/_matrix/client/{prefix}"
        assert ann.user.api.call("POST", path + UPLOAD, ann.keys(), ann.user.token) == {}
        assert ann.user.api.call(
            "POST", path + "/keys/signatures/upload", {}, ann.user.token) == {}
    assert CLIENT.endswith("/v3")


# ---- signatures ----------------------------------------------------------------------------

def test_a_device_is_signed(ann, ben):
    ann.publish()
    signed = ann.self_signing.signed(ann.device_keys(), ann.id)
    body = {ann.id: {ann.user.device: signed}}
    assert ann.sign(body=body) == {}
    assert ann.sign(body=body) == {}
    for viewer in (ann, ben):
        seen = viewer.sees(ann)["device_keys"][ann.id][ann.user.device]
        assert seen["signatures"] == signed["signatures"]
    # The device publishes its keys again, without that signature.
    ann.user.post("/keys/upload", {"device_keys": ann.device_keys()})
    seen = ben.sees(ann)["device_keys"][ann.id][ann.user.device]
    assert seen["signatures"] == signed["signatures"]


def test_a_master_key_is_signed_by_a_device(ann, ben):
    ann.publish()
    signed = ann.device.signed(ann.master_key, ann.id)
    assert ann.sign(body={ann.id: {ann.master.public: signed}}) == {}
    assert ben.sees(ann)["master_keys"][ann.id] == signed


def test_another_user_is_signed_in_secret(ann, ben):
    ann.publish()
    ben.publish()
    signed = ann.user_signing.signed(ben.master_key, ann.id)
    assert ann.sign(body={ben.id: {ben.master.public: signed}}) == {}
    assert ann.sees(ben)["master_keys"][ben.id] == signed
    assert ann.id not in ben.sees(ben)["master_keys"][ben.id].get("signatures", {})
    # It was for the old key.
    ben.renew()
    offer = ben.user.post(UPLOAD, ben.keys(), expect=401)
    ben.user.post(UPLOAD, ben.keys() | {"auth": ben.proof(offer["session"])})
    assert ann.id not in ann.sees(ben)["master_keys"][ben.id].get("signatures", {})


def test_failures_are_named_by_key(ann, ben):
    ann.publish()
    ben.publish()
    device = ann.user.device
    good = ann.self_signing.signed(ann.device_keys(), ann.id)
    forged = ben.self_signing.signed(ann.device_keys(), ann.id)
    answer = ann.sign(body={
        ann.id: {device: forged, "nothing": good,
                 ann.master.public: ben.master.signed(ann.master_key, ann.id)},
        ben.id: {ben.master.public: ben.master_key, ben.user.device: ben.device_keys()},
        "@nobody:elsewhere.invalid": {"x": {}}})
    codes = {(user, key): one["errcode"] for user, keys in answer["failures"].items()
             for key, one in keys.items()}
    assert codes == {
        (ann.id, device): "M_INVALID_SIGNATURE", (ann.id, "nothing"): "M_NOT_FOUND",
        (ann.id, ann.master.public): "M_INVALID_SIGNATURE",
        (ben.id, ben.master.public): "M_INVALID_SIGNATURE",
        (ben.id, ben.user.device): "M_NOT_FOUND",
        ("@nobody:elsewhere.invalid", "x"): "M_NOT_FOUND"}
    for bad, errcode in (({"nobody": {}}, "M_BAD_JSON"), ({ann.id: []}, "M_BAD_JSON"),
                         ({ann.id: {"a\0": {}}}, "M_INVALID_PARAM"),
                         ({ann.id: {f"k{number}": {} for number in range(1001)}},
                          "M_INVALID_PARAM")):
        ann.user.refused(400, errcode, "POST", "/keys/signatures/upload", bad)
