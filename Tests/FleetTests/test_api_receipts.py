"""Receipts and read markers: sent through one worker, told by the others."""
from support.api import joined, quote
from support.deployment import unique

DEPLOYMENTS = ("fleet", "monolith")
PEOPLE = ("ann", "ben")


def receipt_path(room, kind, event):
    return f"/rooms/{quote(room)}/receipt/{kind}/{quote(event)}"


def receipts(response, room):
    """{event: {type: {user: thread}}} of one answer."""
    found = {}
    for one in joined(response, room).get("ephemeral", {}).get("events", []):
        if one["type"] == "m.receipt":
            for event, kinds in one["content"].items():
                for kind, users in kinds.items():
                    for user, info in users.items():
                        assert isinstance(info["ts"], int)
                        found.setdefault(event, {}).setdefault(kind, {})[user] = info.get(
                            "thread_id")
    return found


def test_a_receipt_is_told_to_the_room(people, room):
    ann, ben = people
    event = ann.send(room, "hello")
    since = ann.sync()["next_batch"]
    ben.post(receipt_path(room, "m.read", event), {})
    told = ann.sync_until(lambda found: receipts(found, room), since)
    assert receipts(told, room) == {event: {"m.read": {ben.id: None}}}
    assert receipts(ann.sync(), room) == {event: {"m.read": {ben.id: None}}}
    assert not receipts(ann.sync(told["next_batch"]), room)


def test_a_private_receipt_is_told_to_its_user_only(people, room):
    ann, ben = people
    event = ann.send(room, "hello")
    since = {user: user.sync()["next_batch"] for user in people}
    ben.post(receipt_path(room, "m.read.private", event), {"thread_id": "main"})
    told = ben.sync_until(lambda found: receipts(found, room), since[ben])
    assert receipts(told, room) == {event: {"m.read.private": {ben.id: "main"}}}
    ben.post(receipt_path(room, "m.read", event), {})
    seen = ann.sync_until(lambda found: receipts(found, room), since[ann])
    assert receipts(seen, room) == {event: {"m.read": {ben.id: None}}}
    assert receipts(ann.sync(), room) == {event: {"m.read": {ben.id: None}}}


def test_all_threads_go_before_one(people, room):
    """Of receipts for one event, in whatever order they came: there is one place for them."""
    ann, ben = people
    since = ann.sync()["next_batch"]
    for order in ([{}, {"thread_id": "main"}], [{"thread_id": "main"}, {}]):
        event = ann.send(room, "hello")
        for body in order:
            ben.post(receipt_path(room, "m.read", event), body)
        told = ann.sync_until(
            lambda found: receipts(found, room).get(event) == {"m.read": {ben.id: None}}, since)
        assert receipts(ann.sync(), room)[event] == {"m.read": {ben.id: None}}
        since = told["next_batch"]


def test_a_receipt_does_not_go_back(people, room):
    ann, ben = people
    first, second = ann.send(room, "one"), ann.send(room, "two")
    ben.post(receipt_path(room, "m.read", second), {})
    ben.post(receipt_path(room, "m.read", first), {})
    assert receipts(ann.sync(), room) == {second: {"m.read": {ben.id: None}}}


def test_read_markers(people, room):
    ann, ben = people
    event = ann.send(room, "hello")
    ben.post(f"/rooms/{quote(room)}/read_markers", {"m.fully_read": event, "m.read": event})
    found = joined(ben.sync(), room)
    marker = {"type": "m.fully_read", "content": {"event_id": event}}
    assert marker in found["account_data"]["events"]
    assert receipts(ann.sync(), room) == {event: {"m.read": {ben.id: None}}}


def test_refusals(server, people, room):
    ann, _ = people
    event = ann.send(room, "hello")
    cid = server.rotating.register(unique("cid"))
    cid.refused(403, "M_FORBIDDEN", "POST", receipt_path(room, "m.read", event), {})
    ann.refused(400, "M_INVALID_PARAM", "POST", receipt_path(room, "m.seen", event), {})
    for thread in ("", 7):
        ann.refused(
            400, "M_INVALID_PARAM", "POST", receipt_path(room, "m.read", event),
            {"thread_id": thread})
    ann.refused(
        400, "M_BAD_JSON", "POST", f"/rooms/{quote(room)}/read_markers", {"m.read": 1})
