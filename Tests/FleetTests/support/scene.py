"""What a walk over the server's routes asks, and the people and rooms that it needs for that."""
import base64
import itertools
import json
import os
import re
import subprocess

from support.api import PASSWORD, User, quote
from support.deployment import SERVER_NAME, unique

# Routes that take no access token, or another one.
TOKENLESS = re.compile(
    r"^(register|registration|auth_fallback|login(?!_token)|refresh|versions|well_known"
    r"|openid_userinfo|password_(email|msisdn|policy)|get_alias|profile|admin_register|admin_username)")
ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
BACKED_UP = {"first_message_index": 0, "forwarded_count": 0, "is_verified": True,
             "session_data": {"ciphertext": "c"}}
PUSHER = {"app_display_name": "a", "app_id": "a", "data": {"url": "https://example.org/_matrix/"
          "push/v1/notify"}, "device_display_name": "d", "kind": "http", "lang": "en",
          "pushkey": "k"}


class Scene:
    """What requests need: people, a room, events. One for each worker, so that what one walk
    takes away is there for the next."""

    def __init__(self, server, api):
        self.server, self.api = server, api
        self.admin = User(api, api.register_with_secret(
            server.shared_secret, unique("admin"), admin=True))
        self.ann, self.ben = self.fresh("ann"), self.fresh("ben")
        self.room = self.ann.create_room(preset="public_chat")
        self.event = self.ann.send(self.room, "an event")
        self.alias = f"#{unique('walk')}:{SERVER_NAME}"
        self.numbers = itertools.count(1)
        self.version = self.ann.post("/room_keys/version", {
            "algorithm": ALGORITHM, "auth_data": {"public_key": "abc"}})["version"]

    def login(self):
        """A session that may be ended."""
        return self.api.login(self.ann.id)

    def fresh(self, name="fresh"):
        """A new user, also where nobody else can register."""
        return User(self.api, self.api.register_with_secret(
            self.server.shared_secret, unique(name)))

    def values(self):
        return {
            "roomId": self.room, "roomIdOrAlias": self.room, "eventId": self.event,
            "userId": self.ann.id, "roomAlias": self.alias, "eventType": "m.room.message",
            "txnId": f"walk{next(self.numbers)}", "deviceId": self.ann.device, "keyName":
            "displayname", "type": "org.example.walk", "tag": "m.favourite", "kind": "override",
            "ruleId": ".m.rule.master", "receiptType": "m.read", "version": self.version,
            "sessionId": "session", "relType": "m.annotation", "authType": "m.login.dummy",
            "stateKey": ""}


class Ask:
    """One request for a route: who asks (nobody, where `by` says so), what for, and the status that
    is right. A body of bytes is sent as it is; `values` fill the path."""

    def __init__(self, body=None, status=200, by=None, query=None, pattern=0, **values):
        self.body, self.status, self.by, self.query = body, status, by, query
        self.pattern, self.values = pattern, values

    def send(self, api, route, scene, url=None):
        """-> the answer of `url`, else of the next way in."""
        by = self.by or (scene.admin if route["surface"] == "admin" else scene.ann)
        path = fill(route["patterns"][self.pattern], scene.values() | self.values)
        if self.query:
            path += "?" + self.query
        body = self.body
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {} if by is NOBODY else {"Authorization": f"Bearer {by.token}"}
        return api.raw(route["method"].upper(), path, body, headers, url=url)


# Who asks without a token.
NOBODY = object()


def fill(pattern, values):
    return re.sub(r"\{(\w+)\}", lambda found: quote(values.get(found[1], "x")), pattern)


def registry(programs):
    """All routes, as the server itself lists them."""
    done = subprocess.run([programs / "apusctl", "routes", "--json"], capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


# ---- what a request needs first ------------------------------------------------------------

def login_body(user):
    return {"type": "m.login.password", "password": PASSWORD,
            "identifier": {"type": "m.id.user", "user": user.id}}


def with_password(scene, user, path, body):
    """The body with the authentication that the path asks for."""
    asked = scene.api.call("POST", path, body, user.token, expect=401)
    return body | {"auth": login_body(user) | {"session": asked["session"]}}


def refreshable(scene):
    """A session of ann's with a refresh token."""
    return scene.api.call("POST", "/_matrix/client/v3/login",
                          login_body(scene.ann) | {"refresh_token": True})


def public_key():
    """In the form of one, which is all that is looked at."""
    return base64.b64encode(os.urandom(32)).decode().rstrip("=")


def in_another_room(scene, membership=None):
    """A room of ben's in which ann stands so."""
    room = scene.ben.create_room(preset="public_chat")
    if membership in ("join", "leave"):
        scene.ann.act("join", room)
    if membership == "leave":
        scene.ann.act("leave", room)
    return room


def knockable(scene):
    return scene.ben.create_room(initial_state=[
        {"type": "m.room.join_rules", "content": {"join_rule": "knock"}}])


def with_member(scene, action=None):
    """A room of ann's with ben in it, or put out of it."""
    room = scene.ann.create_room(preset="public_chat")
    scene.ben.act("join", room)
    if action:
        scene.ann.act(action, room, scene.ben)
    return room


def with_alias(scene):
    alias = f"#{unique('there')}:{SERVER_NAME}"
    scene.ann.put(f"/directory/room/{quote(alias)}", {"room_id": scene.room})
    return alias


def push_rule(scene, name="walk"):
    scene.ann.put(f"/pushrules/global/content/{name}", {"pattern": "x", "actions": ["notify"]})
    return {"kind": "content", "ruleId": name}


def backed_up(scene):
    scene.ann.put(f"/room_keys/keys/{quote(scene.room)}/session?version={scene.version}",
                  BACKED_UP)
    return {"version": scene.version}
