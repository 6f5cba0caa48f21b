"""synadm, the tool that administrators of Synapse use, drives the commands for history and rooms."""
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.api import User, bodies
from support.deployment import SERVER_NAME, unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
DONE_SECONDS = 60


@pytest.fixture
def admin(server):
    return User(server.api, server.api.register_with_secret(
        server.shared_secret, unique("admin"), admin=True))


@pytest.fixture
def synadm(server, admin, tmp_path):
    config = tmp_path / "synadm.yaml"
    config.write_text(json.dumps({
        "user": admin.id, "token": admin.token, "base_url": server.main,
        "admin_path": "/_synapse/admin", "matrix_path": "/_matrix", "timeout": 30,
        "server_discovery": "well-known", "homeserver": SERVER_NAME, "format": "json",
        "ssl_verify": True}))
    program = Path(sys.executable).with_name("synadm")

    def run(*arguments):
        done = subprocess.run([program, "--batch", "-c", config, "-o", "json", *arguments],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return last_json(done.stdout)
    return run


def last_json(text):
    """Some commands show the room first, and then the answer."""
    decoder, value = json.JSONDecoder(), None
    while start := re.search(r"[{\[]", text):
        value, end = decoder.raw_decode(text, start.start())
        text = text[end:]
    return value


@pytest.fixture
def room(server):
    ann, ben = (server.api.register(unique(name)) for name in ("ann", "ben"))
    room = ann.create_room(preset="public_chat", name=unique("Teahouse"))
    ben.act("join", room)
    return room, ann, ben


def test_history(synadm, room):
    room, ann, _ = room
    sent = [ann.send(room, f"m{number}") for number in range(10)]
    purge = synadm("history", "purge", "--before-event-id", sent[7], room)["purge_id"]
    until(lambda: synadm("history", "purge-status", purge)["status"] == "complete",
          DONE_SECONDS, "the purge has ended")
    assert bodies(ann.history(room)) == ["m7", "m8", "m9"]


def test_looking_at_rooms(synadm, room):
    room, ann, ben = room
    name = ann.state(room, "m.room.name")["name"]
    listed = synadm("room", "list", "--name", name)
    assert [one["room_id"] for one in listed["rooms"]] == [room]
    details = synadm("room", "details", room)
    assert (details["name"], details["joined_members"], details["version"]) == (name, 2, "12")
    assert details["joined_local_members"] == 2 and details["creator"] == ann.id
    members = synadm("room", "members", room)
    assert sorted(members["members"]) == sorted([ann.id, ben.id])
    state = synadm("room", "state", room)["state"]
    assert {one["type"] for one in state} >= {"m.room.create", "m.room.name", "m.room.member"}


def test_pages_of_rooms(synadm, room):
    ids, start = [], 0
    while start is not None:
        page = synadm("room", "list", "--limit", "200", "--from", str(start))
        ids += [one["room_id"] for one in page["rooms"]]
        start = page.get("next_batch")
    assert room[0] in ids and len(ids) == len(set(ids)) == page["total_rooms"]
    sizes = [one["joined_members"] for one in synadm(
        "room", "list", "--limit", "50", "--sort", "joined_members", "--reverse")["rooms"]]
    assert sizes == sorted(sizes, reverse=True)


def test_blocking_a_room(synadm, room):
    room, _, ben = room
    assert synadm("room", "block", room) == {"block": True}
    assert synadm("room", "block-status", room)["block"]
    ben.act("leave", room)
    ben.refuses(403, "M_FORBIDDEN", "join", room)
    assert synadm("room", "block", "--unblock", room) == {"block": False}
    ben.act("join", room)


def test_joining_a_user(synadm, admin, room, server):
    invited = admin.create_room()
    _, _, ben = room
    assert synadm("room", "join", invited, ben.id) == {"room_id": invited}
    assert invited in ben.get("/joined_rooms")["joined_rooms"]


def test_making_a_user_a_rooms_administrator(synadm, room):
    room, ann, ben = room
    synadm("room", "make-admin", room, "--user-id", ben.id)
    assert ann.state(room, "m.room.power_levels")["users"][ben.id] >= 100
    ben.set_state(room, "m.room.topic", {"topic": "Ben's"})


def test_deleting_a_room(synadm, room):
    room, ann, ben = room
    task = synadm("room", "delete", room)["delete_id"]
    until(lambda: synadm("room", "delete-status", "--delete-id", task)["status"] == "complete",
          DONE_SECONDS, "the deletion has ended")
    assert room not in ann.get("/joined_rooms")["joined_rooms"]
    assert ben.act("join", room, expect=404)["errcode"] == "M_NOT_FOUND"


def test_deleting_a_room_in_the_older_way(synadm, room):
    room, ann, ben = room
    ended = synadm("room", "delete", "--v1", room)
    assert sorted(ended["kicked_users"]) == sorted([ann.id, ben.id])
    assert ben.act("join", room, expect=404)["errcode"] == "M_NOT_FOUND"
