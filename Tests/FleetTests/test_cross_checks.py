"""The room law beside independent code: `canonicaljson` and `signedjson` of the Python world, and
hashes, ids and redactions written from the specification's text."""
import json
import os
import random
import subprocess

import pytest
from canonicaljson import encode_canonical_json
from signedjson.key import decode_signing_key_base64, encode_verify_key_base64, generate_signing_key
from signedjson.key import encode_signing_key_base64, get_verify_key
from signedjson.sign import SignatureVerifyException, sign_json, verify_signed_json
from support.room_law import VERSIONS, Writer, content_hash, event_id, redacted

SEED = int(os.environ.get("APUS_CROSS_SEED", "20260601"))
DOCUMENTS = 2000
SIGNED = 400
EVENTS_OF_EACH_VERSION = 60
SERVER = "domain"
# appendices#cryptographic-test-vectors
KEY = decode_signing_key_base64(
    "ed25519", "1", "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
ANSWER_SECONDS = 120


@pytest.fixture(scope="session")
def ask(deployments):
    """Answers of the program `CrossCheck` to a list of requests."""
    program = deployments.programs / "CrossCheck"

    def answers(requests):
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        done = subprocess.run([program], input=lines, capture_output=True, encoding="utf-8",
                              timeout=ANSWER_SECONDS, check=True)
        found = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
        assert len(found) == len(requests)
        return found
    return answers


@pytest.fixture
def writer(request):
    return Writer(random.Random(f"{SEED} {request.node.name}"))


def key_file(key):
    return f"{key.alg} {key.version} {encode_signing_key_base64(key)}"


def public_key(key):
    return encode_verify_key_base64(get_verify_key(key))


def texts(answers):
    return [answer.get("text", answer) for answer in answers]


def canonical_text(value):
    return encode_canonical_json(value).decode("utf-8")


@pytest.mark.parametrize("numbers", ["plain", "integers", "all"])
def test_canonical_json_is_that_of_canonicaljson(ask, writer, numbers):
    documents = [writer.document(odd=numbers == "all") for _ in range(DOCUMENTS)]
    requests = [{"do": "canonical", "text": writer.spell(document), "numbers": numbers}
                for document in documents]
    assert texts(ask(requests)) == [canonical_text(document) for document in documents]


def test_what_canonicaljson_writes_is_canonical(ask, writer):
    written = [canonical_text(writer.document()) for _ in range(DOCUMENTS)]
    requests = [{"do": "canonical", "text": text, "numbers": "plain"} for text in written]
    assert texts(ask(requests)) == written


def test_odd_numbers_are_refused_where_they_must_be(ask, writer):
    odd = [1.5, -0.5, 1e300, 2**53, -2**53, 10**30]
    requests = [{"do": "canonical", "text": json.dumps({"a": [number]}), "numbers": numbers}
                for number in odd for numbers in ("plain", "integers")]
    assert all("error" in answer for answer in ask(requests))


def test_signatures_are_those_of_signedjson(ask, writer):
    documents = [writer.document() for _ in range(SIGNED)]
    requests = [{"do": "sign", "text": writer.spell(document), "server": SERVER,
                 "key": key_file(KEY)} for document in documents]
    for document, answer in zip(documents, ask(requests)):
        ours = json.loads(answer["text"])
        verify_signed_json(ours, SERVER, get_verify_key(KEY))
        assert ours == sign_json(document, SERVER, KEY)


def test_signatures_of_signedjson_are_good_until_something_changes(ask, writer):
    requests, expected = [], []
    for number in range(SIGNED):
        key = generate_signing_key(f"k{number}")
        document = sign_json({**writer.document(), "unsigned": {"age": number}}, SERVER, key)
        request = {"do": "verify", "server": SERVER, "key_id": f"{key.alg}:{key.version}",
                   "public_key": public_key(key)}
        changed = {**document, "more": number}
        unsigned = {**document, "unsigned": {"age": -1}}
        for text, is_good in ((document, True), (unsigned, True), (changed, False)):
            requests.append({**request, "text": writer.spell(text)})
            expected.append({"valid": is_good})
        requests.append({**requests[-3], "public_key": public_key(KEY)})
        expected.append({"valid": False})
    assert ask(requests) == expected


def signed_event(event, version, *names):
    """server-server-api#adding-hashes-and-signatures-to-outgoing-events"""
    event = {**event, "hashes": {"sha256": content_hash(event)}}
    signatures = {}
    for name in names:
        signatures |= sign_json(redacted(event, version), name, KEY)["signatures"]
    return {**event, "signatures": signatures}


@pytest.mark.parametrize("version", VERSIONS)
def test_events_of_others(ask, writer, version):
    """Their ids, hashes, redactions and signatures, whole and redacted."""
    events = [signed_event(writer.event(version), version, SERVER)
              for _ in range(EVENTS_OF_EACH_VERSION)]
    asked = {"version": version, "server": SERVER, "key_id": "ed25519:1",
             "public_key": public_key(KEY)}
    requests = [{**asked, "do": verb, "text": writer.spell(event)}
                for event in events for verb in ("event", "verify_event")]
    answers = iter(ask(requests))
    for event in events:
        answer, verified = next(answers), next(answers)
        assert answer["event_id"] == event_id(event, version)
        assert answer["content_hash"] == event["hashes"]["sha256"]
        assert answer["is_whole"] is True
        plain = {key: value for key, value in event.items() if key != "unsigned"}
        assert answer["text"] == canonical_text(plain)
        assert answer["redacted"] == canonical_text(redacted(event, version))
        assert answer["signers"] == signers(event, version)
        assert verified == {"valid": True}


def signers(event, version):
    """server-server-api#validating-hashes-and-signatures-on-received-events"""
    names = {event["sender"].split(":", 1)[1]}
    if int(version) <= 2:
        names.add(event["event_id"].split(":", 1)[1])
    if int(version) >= 8 and event["type"] == "m.room.member":
        names.add(event["content"]["join_authorised_via_users_server"].split(":", 1)[1])
    return sorted(names)


@pytest.mark.parametrize("version", VERSIONS)
def test_events_that_were_changed(ask, writer, version):
    """What a redaction keeps is signed; the rest is hashed."""
    events = [signed_event(writer.event(version), version, SERVER)
              for _ in range(EVENTS_OF_EACH_VERSION)]
    asked = {"version": version, "server": SERVER, "key_id": "ed25519:1",
             "public_key": public_key(KEY)}
    requests = []
    for event in events:
        later = {**event, "depth": event["depth"] + 1}
        fuller = {**event, "org.example.forged": True}
        for text in (later, fuller, redacted(event, version)):
            requests += [{**asked, "do": verb, "text": writer.spell(text)}
                         for verb in ("event", "verify_event")]
    answers = iter(ask(requests))
    for event in events:
        later, later_verified, fuller, fuller_verified, rest, rest_verified = (
            next(answers) for _ in range(6))
        assert (later["is_whole"], later_verified["valid"]) == (False, False)
        assert (fuller["is_whole"], fuller_verified["valid"]) == (False, True)
        assert rest["event_id"] == fuller["event_id"] == event_id(event, version)
        is_same = redacted(event, version) == {k: v for k, v in event.items() if k != "unsigned"}
        assert (rest["is_whole"], rest_verified["valid"]) == (is_same, True)


@pytest.mark.parametrize("version", VERSIONS)
def test_events_of_this_server(ask, writer, version):
    fields = [writer.fields(version) for _ in range(EVENTS_OF_EACH_VERSION)]
    requests = [{"do": "build", "version": version, "text": writer.spell(one), "server": SERVER,
                 "key": key_file(KEY)} for one in fields]
    for one, answer in zip(fields, ask(requests)):
        event = json.loads(answer["text"])
        assert answer["text"] == canonical_text(event)
        assert event["hashes"] == {"sha256": content_hash(event)}
        assert answer["event_id"] == event_id(event, version)
        stripped = redacted(event, version)
        verify_signed_json(stripped, SERVER, get_verify_key(KEY))
        with pytest.raises(SignatureVerifyException):
            verify_signed_json({**stripped, "depth": 0}, SERVER, get_verify_key(KEY))
        for key in ("type", "sender", "depth", "origin_server_ts", "content"):
            expected = one[key]
            if key == "content" and "redacts" in one and int(version) >= 11:
                expected = {**expected, "redacts": one["redacts"]}
            assert event[key] == expected
        assert event.get("state_key") == one.get("state_key")
        assert event.get("room_id") == one.get("room_id")
