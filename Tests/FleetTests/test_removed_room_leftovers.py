"""Of a room that was deleted nothing is left in the database, whatever table it was in."""
import pytest

from fleet.postgres import DATABASE
from support.api import CLIENT, User, quote
from support.delayed import Delays
from support.deployment import SERVER_NAME, unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
PEOPLE = ("ann", "ben", "cid")
DONE_SECONDS = 60
# Tables with a column `room_id` that keep what they have of a deleted room, and why.
KEPT = {
    "blocked_rooms": "nobody may come in again",
    "key_backup_keys": "the users' own, and only they know what is in them",
}
# Tables that hold a room's id elsewhere in their rows.
MENTIONED = {
    "scheduled_tasks": "for a week it can be looked up how the deletion went",
    "cache_invalidations": "for an hour the workers may learn of them",
    "push_rulesets": "the users' own, and in one value with all their other rules",
    "events": "the room that took its place names it",
}
# What only other servers bring about.
OF_OTHER_SERVERS = {"missing_prev_events", "waiting_redactions"}


@pytest.fixture(scope="module")
def admin(server):
    return User(server.rotating, server.rotating.register_with_secret(
        server.shared_secret, unique("admin"), admin=True))


def query(server, statement):
    """Rows of columns of text."""
    answer = server.fleet.postgres.psql(DATABASE, statement)
    return [line.split("|") for line in answer.splitlines()]


def tables_with(server, column):
    return sorted(name for name, in query(server, f"""
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = '{column}'"""))


def counts(server, tables, condition):
    """{table: rows that meet the condition} of the tables that have any."""
    parts = (f"SELECT '{table}', count(*) FROM {table} t WHERE {condition}" for table in tables)
    return {table: int(count) for table, count in query(server, " UNION ALL ".join(parts))
            if int(count)}


def mentions(server, room):
    """The tables in which the room's id stands anywhere, be it as text or within bytes."""
    tables = [name for name, in query(server, """
        SELECT table_name FROM information_schema.tables
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE'""")]
    forms = (room, room.encode().hex())
    return set(counts(server, tables, " OR ".join(
        f"position('{form}' in t::text) > 0" for form in forms)))


def live_in(room, ann, ben, cid):
    """Does in the room whatever leaves something in the database."""
    ben.put(f"/pushrules/global/room/{quote(room)}", {"actions": []})
    sent = [ann.send(room, f"m{number}") for number in range(5)]
    ann.put(ann.room(room, "send", "m.room.message", "thread"), {
        "msgtype": "m.text", "body": "in a thread", "m.mentions": {"user_ids": [ben.id]},
        "m.relates_to": {"rel_type": "m.thread", "event_id": sent[0]}})
    ann.put(ann.room(room, "redact", quote(sent[3]), "redaction"))
    ben.post(ben.room(room, "receipt", "m.read", quote(sent[1])))
    ben.post(ben.room(room, "receipt", "m.read.private", quote(sent[2])))
    ben.post(ben.room(room, "read_markers"), {"m.fully_read": sent[1]})
    ben.send(room, "from the other side")
    for user in (ann, ben, cid):  # cid has never been in the room
        of_room = f"/user/{quote(user.id)}/rooms/{quote(room)}"
        user.put(f"{of_room}/account_data/org.example.note", {"a": 1})
    ann.put(f"/user/{quote(ann.id)}/rooms/{quote(room)}/tags/u.work", {"order": 0.5})
    Delays(ben).schedule(room, {"msgtype": "m.text", "body": "later"}, 3_600_000)
    ben.post(ben.room(room, "report", quote(sent[0])), {"reason": "rude"})
    ben.post(ben.room(room, "report"), {"reason": "rude"})
    ann.post(ann.room(room, "upgrade"), {"new_version": "11"})
    ann.put(f"/directory/room/{quote('#' + unique('left') + ':' + SERVER_NAME)}",
            {"room_id": room})
    version = ben.post("/room_keys/version", {
        "algorithm": "m.megolm_backup.v1.curve25519-aes-sha2",
        "auth_data": {"public_key": "abcdefg"}})["version"]
    ben.api.call("PUT", f"{CLIENT}/room_keys/keys/{quote(room)}/s", {
        "first_message_index": 0, "forwarded_count": 0, "is_verified": False,
        "session_data": {}}, ben.token, {"version": version})


def test_nothing_of_a_deleted_room_is_left(server, admin, people):
    if not server.fleet:
        pytest.skip("the database of that server is not at hand")
    ann, ben, cid = people
    room = ann.create_room(preset="public_chat")
    ben.act("join", room)
    live_in(room, ann, ben, cid)
    by_id, by_number = tables_with(server, "room_id"), tables_with(server, "room_nid")
    number = query(server, f"SELECT room_nid FROM rooms WHERE room_id = '{room}'")[0][0]
    path = f"/_synapse/admin/v2/rooms/{quote(room)}"
    admin.api.call("PUT", f"/_synapse/admin/v1/rooms/{quote(room)}/block", {"block": True},
                   admin.token)
    found = counts(server, by_id, f"room_id = '{room}'")
    assert set(by_id) - set(found) == OF_OTHER_SERVERS, "each table is put to the test"
    assert counts(server, by_number, f"room_nid = {number}").keys() >= {
        "state_layers", "state_slots"}

    admin.api.call("DELETE", path, {"block": True}, admin.token)
    until(lambda: admin.api.call("GET", f"{path}/delete_status", token=admin.token)[
        "results"][0]["status"] == "complete", DONE_SECONDS, "the room is deleted")
    assert set(counts(server, by_id, f"room_id = '{room}'")) == set(KEPT)
    assert counts(server, by_number, f"room_nid = {number}") == {}
    assert mentions(server, room) <= {*KEPT, *MENTIONED}
    children = "NOT EXISTS (SELECT FROM events e WHERE e.stream_ordering = t.child)"
    assert counts(server, ["event_relations"], children) == {}
    ann.refused(404, "M_NOT_FOUND", "GET",
                f"/user/{quote(ann.id)}/rooms/{quote(room)}/account_data/org.example.note")
