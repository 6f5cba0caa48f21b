"""A small blocking client of the client-server API that hides nothing from a test."""
import hashlib
import hmac
import http.client
import itertools
import json
import threading
import urllib.parse
from dataclasses import dataclass

CLIENT = "/_matrix/client/v3"
PASSWORD = "correct horse battery staple"
TIMEOUT_SECONDS = 60.0


def quote(text):
    """One path segment."""
    return urllib.parse.quote(text, safe="")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict  # names in lower case
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def errcode(self):
        """The errcode of a Matrix error, or None."""
        try:
            return self.json.get("errcode")
        except (ValueError, AttributeError):
            return None


class Unexpected(AssertionError):
    """An answer with another status than the test expects; `answer` has it."""

    def __init__(self, what, answer):
        super().__init__(f"{what}: {answer.status} {answer.body[:400]!r}")
        self.answer = answer


class Api:
    """Sends each request to the next of `urls`: with several, no two in a row meet one worker."""

    spec = None  # a Spec that every answer is held against

    def __init__(self, urls):
        self.urls = list(urls)
        self.turn = itertools.cycle(self.urls)
        self.connections = threading.local()

    def raw(self, method, path, body=None, headers=None, url=None, timeout=TIMEOUT_SECONDS):
        """One request, its path and body sent as they are -> Answer."""
        url = url or next(self.turn)
        for attempt in (1, 2):
            connection, fresh = self._connection(url, timeout)
            try:
                connection.request(method, path, body, headers or {})
                response = connection.getresponse()
                names = {name.lower(): value for name, value in response.getheaders()}
                return self._checked(method, path, Answer(response.status, names, response.read()))
            except (http.client.HTTPException, OSError):
                self._drop(url)
                if fresh or attempt == 2:
                    raise  # else: a kept connection that the server had closed meanwhile

    def _checked(self, method, path, answer):
        if self.spec and answer.headers.get("content-type") == "application/json":
            wrong = self.spec.violations(method, path, answer.status, answer.body)
            assert not wrong, wrong
        return answer

    def call(self, method, path, body=None, token=None, query=None, expect=200):
        """JSON in and out; any other status than `expect` raises Unexpected."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if query:
            path += "?" + urllib.parse.urlencode(query)
        data = None if body is None else json.dumps(body).encode()
        answer = self.raw(method, path, data, headers)
        if answer.status != expect:
            raise Unexpected(f"{method} {path}", answer)
        return answer.json

    def refused(self, status, errcode, method, path, body=None, token=None, query=None):
        """A request that must be refused in just this way -> the error's body."""
        error = self.call(method, path, body, token, query, expect=status)
        assert error["errcode"] == errcode, error
        assert isinstance(error["error"], str) and error["error"], "an error says what is wrong"
        return error

    def _connection(self, url, timeout):
        kept = self.connections.__dict__.setdefault("by_url", {})
        fresh = url not in kept
        if fresh:
            address = urllib.parse.urlsplit(url)
            kept[url] = http.client.HTTPConnection(address.hostname, address.port)
        kept[url].timeout = timeout
        if kept[url].sock:
            kept[url].sock.settimeout(timeout)
        return kept[url], fresh

    def _drop(self, url):
        connection = self.connections.__dict__.get("by_url", {}).pop(url, None)
        if connection:
            connection.close()

    # ---- accounts ------------------------------------------------------------------------------

    def register(self, name, password=PASSWORD, **body):
        reply = self.call("POST", CLIENT + "/register", {
            "username": name, "password": password, "auth": {"type": "m.login.dummy"}, **body})
        return User(self, reply)

    def login(self, user, password=PASSWORD, **body):
        reply = self.call("POST", CLIENT + "/login", {
            "type": "m.login.password", "password": password,
            "identifier": {"type": "m.id.user", "user": user}, **body})
        return User(self, reply)

    def register_with_secret(self, secret, name, password=PASSWORD, admin=False):
        path = "/_synapse/admin/v1/register"
        nonce = self.call("GET", path)["nonce"]
        words = [nonce, name, password, "admin" if admin else "notadmin"]
        mac = hmac.new(secret.encode(), "\0".join(words).encode(), hashlib.sha1).hexdigest()
        return self.call("POST", path, {"nonce": nonce, "username": name, "password": password,
                                        "admin": admin, "mac": mac})


class User:
    """A logged-in device."""

    def __init__(self, api, reply):
        self.api, self.id = api, reply["user_id"]
        self.token, self.device = reply["access_token"], reply["device_id"]
        self.transactions = itertools.count(1)

    def get(self, path, expect=200, **query):
        return self.api.call("GET", CLIENT + path, None, self.token, query, expect)

    def post(self, path, body=None, expect=200):
        return self.api.call("POST", CLIENT + path, body or {}, self.token, None, expect)

    def put(self, path, body=None, expect=200):
        return self.api.call("PUT", CLIENT + path, body or {}, self.token, None, expect)

    def delete(self, path, expect=200):
        return self.api.call("DELETE", CLIENT + path, None, self.token, None, expect)

    def refused(self, status, errcode, method, path, body=None, **query):
        return self.api.refused(status, errcode, method, CLIENT + path, body, self.token, query)

    def through(self, api):
        """The same device on another way in."""
        return User(api, {"user_id": self.id, "access_token": self.token,
                          "device_id": self.device})

    # ---- rooms ---------------------------------------------------------------------------------

    def create_room(self, **options):
        return self.post("/createRoom", options)["room_id"]

    def room(self, room, *path):
        return "/".join([f"/rooms/{quote(room)}", *path])

    def act(self, action, room, user=None, expect=200, **body):
        """join, leave, invite, kick, ban, unban, forget."""
        if user is not None:
            body["user_id"] = user.id
        return self.post(self.room(room, action), body, expect)

    def refuses(self, status, errcode, action, room, user=None, **body):
        """`act` that must be refused."""
        if user is not None:
            body["user_id"] = user.id
        return self.refused(status, errcode, "POST", self.room(room, action), body)

    def send(self, room, text, transaction=None, kind="m.room.message"):
        transaction = transaction or f"t{next(self.transactions)}"
        return self.put(self.room(room, "send", kind, quote(transaction)),
                        {"msgtype": "m.text", "body": text})["event_id"]

    def set_state(self, room, kind, content, key="", expect=200):
        return self.put(self.room(room, "state", quote(kind), quote(key)), content, expect)

    def state(self, room, kind, key="", expect=200):
        return self.get(self.room(room, "state", quote(kind), quote(key)), expect)

    def messages(self, room, direction="b", **query):
        return self.get(self.room(room, "messages"), dir=direction, **query)

    def history(self, room, limit=50):
        """Every event that the user may see, oldest first, by paging backwards."""
        events, start = [], {}
        while True:
            page = self.messages(room, "b", limit=limit, **start)
            events += page["chunk"]
            if "end" not in page:
                return events[::-1]
            start = {"from": page["end"]}

    def membership(self, room, user):
        """The membership that the room's state holds for `user`, or None."""
        answer = self.api.raw(
            "GET", CLIENT + self.room(room, "state", "m.room.member", quote(user.id)),
            headers={"Authorization": f"Bearer {self.token}"})
        return answer.json["membership"] if answer.status == 200 else None

    # ---- sync ----------------------------------------------------------------------------------

    def sync(self, since=None, timeout=0, **query):
        if since:
            query["since"] = since
        return self.get("/sync", timeout=timeout, **query)

    def sync_until(self, condition, since, tries=40, **query):
        """Sync on from `since` until `condition(response)` holds -> that response."""
        for _ in range(tries):
            response = self.sync(since, timeout=500, **query)
            if condition(response):
                return response
            since = response["next_batch"]
        raise AssertionError("the awaited change never came down /sync")


def joined(response, room):
    """The room's entry under join in a sync response, or {}."""
    return response.get("rooms", {}).get("join", {}).get(room, {})


def timeline(response, room, kind="join"):
    return response.get("rooms", {}).get(kind, {}).get(room, {}).get("timeline", {}).get(
        "events", [])


def bodies(events):
    """The texts of the messages among `events`, in order."""
    return [one["content"]["body"] for one in events
            if one["type"] == "m.room.message" and "body" in one["content"]]
