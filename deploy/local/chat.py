#!/usr/bin/env python3
"""A Matrix client for the terminal, just enough to try a server with.

    chat.py URL USER PASSWORD [ROOM]

Joins ROOM, an alias that is made if nobody has it (default: #hall on the user's server), shows
what is said there, and sends each line that is typed. Ctrl-D ends it.
"""
import itertools
import json
import os
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

CLIENT = "/_matrix/client/v3"
HALL = "hall"
POLL_SECONDS = 30
PATIENCE_SECONDS = POLL_SECONDS + 30


class Refusal(Exception):
    """The server's answer was an error."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


class Client:
    """One user who is logged in."""

    def __init__(self, url, user, password):
        self.url, self.token, self.leaving = url.rstrip("/"), None, False
        self.numbers = itertools.count()
        answer = self.call("POST", "/login", {
            "type": "m.login.password", "password": password,
            "initial_device_display_name": "terminal",
            "identifier": {"type": "m.id.user", "user": user}})
        self.token, self.user_id = answer["access_token"], answer["user_id"]

    def call(self, method, path, body=None):
        """One request -> the parsed answer."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + CLIENT + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            answer = json.load(error)
            raise Refusal(answer.get("errcode"), answer.get("error")) from None

    def enter(self, alias):
        """The id of the room with this alias, joined and, if need be, made."""
        try:
            return self.call("POST", f"/join/{quoted(alias)}", {})["room_id"]
        except Refusal as refusal:
            if refusal.code != "M_NOT_FOUND":
                raise
        name = alias[1:].partition(":")[0]
        return self.call("POST", "/createRoom", {
            "preset": "public_chat", "room_alias_name": name, "name": name})["room_id"]

    def say(self, room, text):
        path = f"/rooms/{quoted(room)}/send/m.room.message/{os.getpid()}.{next(self.numbers)}"
        self.call("PUT", path, {"msgtype": "m.text", "body": text})

    def listen(self, room, show):
        """Show what is said in the room, from its latest messages on, for ever."""
        since = ""
        while True:
            answer = self.call("GET", f"/sync?timeout={POLL_SECONDS * 1000}{since}")
            since = f"&since={quoted(answer['next_batch'])}"
            seen = answer.get("rooms", {}).get("join", {}).get(room, {})
            for event in seen.get("timeline", {}).get("events", []):
                text = event["content"].get("body")
                if event["type"] == "m.room.message" and isinstance(text, str):
                    show(f"{event['sender']}: {printable(text)}")

    def log_out(self):
        self.leaving = True
        self.call("POST", "/logout", {})


def quoted(text):
    return urllib.parse.quote(text, safe="")


def printable(text):
    """What others say must not steer the terminal."""
    return "".join(one if one.isprintable() else " " for one in text)


def show(line):
    print(line, flush=True)


def listen(client, room):
    """The thread that shows; without it the person would talk to nobody."""
    try:
        client.listen(room, show)
    except (Refusal, OSError) as problem:
        if not client.leaving:
            show(f"chat: nothing more is shown: {problem}")


def chat(client, alias):
    room = client.enter(alias)
    show(f"{client.user_id} is in {alias}. Type to talk; Ctrl-D ends.")
    threading.Thread(target=listen, args=(client, room), daemon=True).start()
    for line in sys.stdin:
        if line.strip():
            client.say(room, line.strip())


def main():
    if len(sys.argv) not in (4, 5) or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__.strip())
    url, user, password, *room = sys.argv[1:]
    try:
        client = Client(url, user, password)
        try:
            chat(client, room[0] if room else f"#{HALL}:{client.user_id.partition(':')[2]}")
        except KeyboardInterrupt:
            pass
        client.log_out()
    except Refusal as refusal:
        sys.exit(f"chat: {refusal}")
    except (OSError, ValueError) as error:
        sys.exit(f"chat: no Matrix server answers at {url}: {error}")


if __name__ == "__main__":
    main()
