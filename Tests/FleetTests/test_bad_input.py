"""Every route is given what no well-meaning client sends: it is refused with a Matrix error,
never answered with a 5xx, and no process ends of it.

The routes come from the server itself (`apusctl routes --json`), so a new one is tested at once.
APUS_FUZZ_SEED and APUS_FUZZ_COUNT choose the mixtures of wrong types.
"""
import itertools
import json
import os
import re
import socket
import subprocess
import urllib.parse
from dataclasses import dataclass

import pytest

from support import hostile
from support.api import CLIENT, Api, quote
from support.deployment import unique

SEED = os.environ.get("APUS_FUZZ_SEED", "1")
COUNT = int(os.environ.get("APUS_FUZZ_COUNT", "10"))
RAW_SECONDS, MORE_SECONDS = 2.0, 0.1
TOO_LARGE = 32 << 20  # more than any route takes
# These end the session whatever their body says.
BODY_IGNORED = re.compile(r"/logout(/all)?$")
TRANSACTIONS = itertools.count(1)
# What waits unless it is told how long.
LONG_POLLS = ("/sync", "/events")


@dataclass(frozen=True)
class Route:
    id: str
    method: str
    pattern: str
    surface: str

    @property
    def takes_body(self):
        return self.method in ("POST", "PUT") and not BODY_IGNORED.search(self.pattern)

    def path(self, values, **changes):
        """The pattern with its parameters filled in; `changes` are put in as they are."""
        def fill(found):
            key = found[1]
            return changes[key] if key in changes else quote(values.get(key, lambda: "x")())
        return re.sub(r"\{(\w+)\}", fill, self.pattern)

    @property
    def parameters(self):
        return re.findall(r"\{(\w+)\}", self.pattern)


class Target:
    """A route with a user, a room and an event that are its own: what it does harms no other."""

    def __init__(self, server, route, api):
        self.route, self.api = route, api
        self.failures = []
        self.user = server.api.register(unique("victim"))
        self.room = self.user.create_room(preset="public_chat")
        self.event = self.user.send(self.room, "target")
        self.values = {
            "roomId": lambda: self.room, "roomIdOrAlias": lambda: self.room,
            "eventId": lambda: self.event, "userId": lambda: self.user.id,
            "roomAlias": lambda: f"#{unique('a')}:{self.user.id.split(':', 1)[1]}",
            "eventType": lambda: "m.room.message", "stateKey": lambda: "",
            "txnId": lambda: f"hostile{next(TRANSACTIONS)}", "deviceId": lambda: self.user.device,
            "filterId": lambda: "1", "keyName": lambda: "displayname"}
        self.token = {"Authorization": f"Bearer {self.user.token}"}

    def path(self, **changes):
        return self.route.path(self.values, **changes)

    def hit(self, what, path, body=None, headers=None, refused=False):
        """One request; what is wrong with its answer is noted."""
        if body is None and self.route.takes_body:
            body = b"{}"
        try:
            answer = self.api.raw(self.route.method, path, body,
                                  self.token if headers is None else headers)
        except OSError as error:
            self.failures.append(f"{self.route.id}, {what}: no answer ({error!r})")
            return
        right = not refused and (answer.status < 400 or asks_for_authentication(answer)) or (
            400 <= answer.status < 500 and (answer.errcode or "").startswith("M_"))
        if not right:
            self.failures.append(f"{self.route.method} {path[:120]}, {what}: {answer.status} "
                                 f"{answer.body[:160]!r}")


@pytest.fixture(scope="module")
def server(deployments):
    """A fleet that no other test uses: some of its users are in odd states afterwards."""
    return deployments.start(None)


@pytest.fixture(scope="module")
def routes(server, deployments):
    done = subprocess.run([deployments.programs / "apusctl", "routes", "--json"],
                          capture_output=True, text=True, check=True)
    found = [Route(one["id"], one["method"].upper(), one["patterns"][0], one["surface"])
             for one in json.loads(done.stdout)]
    assert len(found) > 30, "the list of routes is too short to be true"
    return found


@pytest.fixture(scope="module")
def direct(server):
    """Past nginx, which refuses some of this by itself: each worker and main by turns."""
    return Api([*server.workers, server.main])


@pytest.fixture(scope="module")
def targets(server, routes, direct):
    return [Target(server, route, direct) for route in routes
            if route.surface in ("client", "admin", "wellKnown", "media", "federation", "keys")]


@pytest.fixture(autouse=True)
def survived(server):
    """After each test the same processes run and answer, and none has said that it crashed."""
    before = server.pids()
    yield
    assert server.pids() == before, f"a process ended\n{server.tails()}"
    for entry in server.entries:
        Api([entry]).call("GET", "/_matrix/client/versions")
    for child in server.fleet.servers:
        assert "Fatal error" not in child.log.read_text(errors="replace"), child.name


def judge(targets):
    failures = [one for target in targets for one in target.failures]
    for target in targets:
        target.failures = []
    assert not failures, f"{len(failures)} wrong answers:\n" + "\n".join(failures[:60])


# ---- bodies --------------------------------------------------------------------------------

def test_broken_bodies(targets):
    for target in targets:
        if target.route.takes_body:
            for what, body in (hostile.BROKEN | hostile.NO_OBJECT).items():
                target.hit(what, target.path(), body, refused=True)
    judge(targets)


def test_broken_bodies_without_a_session(targets):
    for target in targets:
        if target.route.takes_body:
            for what, body in hostile.BROKEN.items():
                target.hit(what, target.path(), body, {}, refused=True)
    judge(targets)


def test_wrong_types(server, targets):
    for target in targets:
        if target.route.method in ("POST", "PUT"):
            for number, body in enumerate(hostile.wrong_bodies(SEED, COUNT)):
                target.hit(f"wrong types {number}", target.path(), body)
    judge(targets)


def test_wrong_types_as_events(server, direct):
    """State that rooms have meaning for, with contents of every wrong kind."""
    user = server.api.register(unique("victim")).through(direct)
    room = user.create_room(preset="public_chat", room_version="11")
    kinds = ["create", "member", "power_levels", "join_rules", "history_visibility", "name",
             "topic", "canonical_alias", "third_party_invite", "server_acl", "tombstone"]
    failures = []
    for kind in kinds:
        for number, body in enumerate(hostile.wrong_bodies(f"{SEED}/{kind}", 3)):
            answer = direct.raw("PUT", CLIENT + user.room(room, "state", f"m.room.{kind}", ""),
                                body, {"Authorization": f"Bearer {user.token}"})
            if answer.status >= 500 or answer.status >= 400 and not answer.errcode:
                failures.append(f"m.room.{kind} {number}: {answer.status} {answer.body[:160]!r}")
    assert not failures, "\n".join(failures)
    user.send(room, "the room still works")
    assert user.history(room)


def test_too_large_bodies(server, targets):
    """They are refused by what they announce, before they are sent."""
    failures = []
    for target in targets:
        if target.route.takes_body:
            head = (f"{target.route.method} {target.path()} HTTP/1.1\r\nHost: x\r\n"
                    f"Authorization: Bearer {target.user.token}\r\nContent-Length: {TOO_LARGE}\r\n"
                    "Content-Type: application/json\r\n\r\n").encode()
            answer = raw_answer(server.workers[0], head + b'{"a":"')
            if b" 413 " not in answer.split(b"\r\n")[0] or b"M_TOO_LARGE" not in answer:
                failures.append(f"{target.route.id}: {answer[:200]!r}")
    assert not failures, "\n".join(failures)


# ---- addresses -----------------------------------------------------------------------------

def test_bad_path_segments(targets):
    for target in targets:
        for name in target.route.parameters:
            for what, segment in hostile.SEGMENTS.items():
                target.hit(f"{name} is {what}", target.path(**{name: segment}),
                           refused=what in hostile.NEVER_RIGHT)
    judge(targets)


def test_bad_queries(targets):
    for target in targets:
        for query in hostile.QUERIES:
            if "timeout" in query or not target.route.pattern.endswith(LONG_POLLS):
                target.hit(query[:60], f"{target.path()}?{query}")
            else:
                target.hit(query[:60], f"{target.path()}?timeout=0&{query}")
    judge(targets)


def test_paths_beside_the_routes(targets):
    for target in targets:
        path = target.path()
        for what, changed in {
                "extra segment": path + "/more", "doubled slash": path.replace("/", "//", 1),
                "cut short": path.rsplit("/", 1)[0], "shouted": path.upper(),
                "escaped": path.replace("matrix", "%6Datrix"), "dots": path + "/../..",
                "bad escape at the end": path + "%", "semicolon": path + ";a=b"}.items():
            # A cut one may be that of a long poll.
            target.hit(what, changed + "?timeout=0")
    judge(targets)


def test_every_wrong_method(targets, routes):
    """405 where the path is known, never another route's work."""
    known = [(re.compile(re.sub(r"\\{\w+\\}", "[^/]*", re.escape(route.pattern))), route.method)
             for route in routes]
    failures = []
    for target in targets:
        path = target.path()
        allowed = {method for pattern, method in known if pattern.fullmatch(path)}
        for method in {"GET", "PUT", "POST", "DELETE"} - allowed:
            answer = target.api.raw(method, path, b"{}", target.token)
            if (answer.status, answer.errcode) != (405, "M_UNRECOGNIZED"):
                failures.append(f"{method} {path}: {answer.status} {answer.body[:100]!r}")
    assert not failures, "\n".join(failures)


# ---- headers and below ---------------------------------------------------------------------

def test_bad_headers(targets):
    for target in targets:
        for headers in hostile.HEADERS:
            target.hit(f"headers {str(headers)[:60]}", target.path(), headers=headers)
    judge(targets)


def test_unknown_tokens(targets):
    """Where a session is needed, a token that is none is refused as such."""
    needs = [target for target in targets if target.route.surface == "client" and (
        target.api.raw(target.route.method, target.path(), b"{}", {}).errcode == "M_MISSING_TOKEN")]
    assert len(needs) > 20
    for target in needs:
        for token in ("nonsense", "syt_eA_aaaaaaaaaaaaaaaaaaaa_000000", "%00", "x" * 3000):
            answer = target.api.raw(target.route.method, target.path(), b"{}",
                                    {"Authorization": f"Bearer {token}"})
            if (answer.status, answer.errcode) != (401, "M_UNKNOWN_TOKEN"):
                target.failures.append(f"{target.route.id}: {answer.status} {answer.body[:100]!r}")
    judge(targets)


@pytest.mark.parametrize("what", hostile.RAW)
def test_what_is_hardly_http(server, what):
    for entry in (*server.workers, server.main):
        answer = raw_answer(entry, hostile.RAW[what])
        assert not answer or re.match(rb"HTTP/1\.[01] [1-4]\d\d ", answer), answer[:200]


# ---- between workers -----------------------------------------------------------------------

def test_the_workers_own_routes(server, routes):
    """They answer the fleet's own processes only, and those not blindly either. A body that is
    too large for any route is refused before anybody asks who sends it."""
    secret = server.fleet.site.secret("worker_replication_secret")
    own = [route for route in routes if route.surface == "replication"]
    assert own, "the fleet has routes of its own"
    failures = []
    values = {"roomId": lambda: "!abc:fleet.test"}
    for process in server.fleet.plan.processes:
        port = next(one.port for one in process.listeners if "replication" in one.names)
        api = Api([f"http://127.0.0.1:{port}"])
        for route in own:
            for token in (None, "wrong", secret):
                bodies = itertools.chain(
                    hostile.BROKEN.values(), hostile.wrong_bodies(SEED, COUNT))
                for body in bodies:
                    headers = {"Authorization": f"Bearer {token}"} if token else {}
                    answer = api.raw(route.method, route.path(values), body, headers)
                    expected = range(400, 500) if token == secret else (401, 403, 404, 413)
                    if answer.status not in expected:
                        failures.append(f"{route.id} on {process.name}: {answer.status} for "
                                        f"{body[:60]!r} with {token and 'a'} secret")
    assert not failures, "\n".join(failures[:40])


def asks_for_authentication(answer):
    """A 401 that offers ways of interactive authentication: no error, so it has no errcode."""
    if answer.status != 401:
        return False
    try:
        offer = answer.json
    except ValueError:
        return False
    return (isinstance(offer, dict) and isinstance(offer.get("session"), str)
            and isinstance(offer.get("flows"), list))


def raw_answer(url, request):
    """What comes back for some bytes; nothing if the server only waits, or closes."""
    address = urllib.parse.urlsplit(url)
    answer = b""
    with socket.create_connection((address.hostname, address.port), RAW_SECONDS) as connection:
        try:
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
                connection.settimeout(MORE_SECONDS)  # a kept connection says no more
        except OSError:
            pass  # silence, or the connection was closed before all was sent
    return answer
