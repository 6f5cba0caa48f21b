"""Messages between devices: sent on one worker, told by the others until they are acknowledged."""
import threading

import pytest

from support.api import CLIENT, Api, quote
from support.deployment import unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
PAGE = 100  # messages of one answer


@pytest.fixture
def ann(server):
    return server.rotating.register(unique("ann"))


@pytest.fixture
def ben(server):
    return server.rotating.register(unique("ben"))


def send(user, messages, kind="m.test", transaction=None):
    """`messages` is {device: content} of one user, or {user id: {device: content}}."""
    transaction = transaction or f"t{next(user.transactions)}"
    return user.put(f"/sendToDevice/{quote(kind)}/{quote(transaction)}", {"messages": messages})


def to(device, content):
    return {device.id: {device.device: content}}


def events(response):
    return response.get("to_device", {}).get("events", [])


def read(device, since, count):
    """Sync on until `count` messages have come -> (their contents, the last token)."""
    found = []
    while len(found) < count:
        reply = device.sync_until(events, since)
        found += [one["content"] for one in events(reply)]
        since = reply["next_batch"]
    return found, since


def another_device(server, user):
    return server.rotating.login(user.id)


# ---- delivery ------------------------------------------------------------------------------

def test_a_message_is_told_until_it_is_acknowledged(ann, ben):
    start = ben.sync()["next_batch"]
    assert send(ann, to(ben, {"n": 1})) == {}
    told = ben.sync_until(events, start)
    message = {"sender": ann.id, "type": "m.test", "content": {"n": 1}}
    assert events(told) == [message]
    for _ in range(3):
        again = ben.sync_until(events, start)
        assert events(again) == [message], "it was not acknowledged"
    assert not events(ben.sync(told["next_batch"]))
    for since in (start, told["next_batch"], None):
        for _ in range(3):
            assert not events(ben.sync(since)), "it was acknowledged, on whatever worker"
    for _ in range(3):
        assert not events(ben.sync(start, timeout=500)), "no worker keeps its former answer"


def test_a_first_sync_tells_what_waits(ann, ben):
    send(ann, to(ben, {"n": 1}))

    def told():
        reply = ben.sync()
        return reply if events(reply) else None
    for _ in range(2):  # by whatever worker, as soon as that has heard of it
        reply = until(told, 5, "a first sync tells of the message")
        assert [one["content"] for one in events(reply)] == [{"n": 1}]
    assert not events(ben.sync(reply["next_batch"]))
    assert not events(ben.sync())


def test_only_the_device_that_is_meant_is_told(server, ann, ben):
    other = another_device(server, ben)
    since, elsewhere = ben.sync()["next_batch"], other.sync()["next_batch"]
    send(ann, to(other, {"n": 1}))
    told = other.sync_until(events, elsewhere)
    assert [one["content"] for one in events(told)] == [{"n": 1}]
    assert not events(ben.sync(since)) and not events(ann.sync())


def test_a_star_stands_for_all_devices_of_a_user(server, ann, ben):
    other = another_device(server, ben)
    send(ann, {ben.id: {"*": {"n": "all"}, other.device: {"n": "other"}}, ann.id: {"*": {"n": 3}}})
    assert [one["content"] for one in events(ben.sync_until(events, None))] == [{"n": "all"}]
    assert [one["content"] for one in events(other.sync_until(events, None))] == [{"n": "other"}]
    assert [one["content"] for one in events(ann.sync_until(events, None))] == [{"n": 3}]
    fresh = another_device(server, ben)
    assert not events(fresh.sync()), "it was not there when the message was sent"


def test_a_long_poll_is_woken(ann, ben):
    since, found = ben.sync()["next_batch"], []
    poll = threading.Thread(
        target=lambda: found.append(ben.sync(since, timeout=30000)))
    poll.start()
    send(ann, to(ben, {"n": 1}))
    poll.join(20)
    assert not poll.is_alive(), "the poll was not woken"
    assert [one["content"] for one in events(found[0])] == [{"n": 1}]


def test_many_messages_come_in_order_and_in_pages(ann, ben):
    start = ben.sync()["next_batch"]
    count = PAGE * 2 + 10
    for number in range(count):
        send(ann, to(ben, {"n": number}))
    ben.sync_until(events, start)
    sizes, since, found = [], start, []
    while len(found) < count:
        reply = ben.sync_until(events, since)
        sizes.append(len(events(reply)))
        found += [one["content"]["n"] for one in events(reply)]
        since = reply["next_batch"]
    assert found == list(range(count))
    assert max(sizes) <= PAGE
    assert not events(ben.sync(since)) and not events(ben.sync())


def test_a_first_sync_comes_in_pages_too(ann, ben):
    for number in range(PAGE + 5):
        send(ann, to(ben, {"n": number}))
    assert ben.sync_until(events, None)
    reply = ben.sync()
    assert [one["content"]["n"] for one in events(reply)] == list(range(PAGE))
    found, since = read(ben, reply["next_batch"], 5)
    assert [one["n"] for one in found] == list(range(PAGE, PAGE + 5))
    assert not events(ben.sync(since))


def test_a_room_and_a_message_come_together(ann, ben):
    room = ann.create_room(preset="public_chat")
    ben.act("join", room)
    since = ben.sync()["next_batch"]
    send(ann, to(ben, {"n": 1}))
    ann.send(room, "hello")
    told, seen = [], False
    while not (told and seen):
        reply = ben.sync(since, timeout=5000)
        told += events(reply)
        seen = seen or room in reply.get("rooms", {}).get("join", {})
        since = reply["next_batch"]
    assert len(told) == 1 and not events(ben.sync(since))


# ---- transactions --------------------------------------------------------------------------

def test_a_repeated_request_sends_once(server, ann, ben):
    start = ben.sync()["next_batch"]
    for number in range(6):
        send(ann, to(ben, {"n": 1}), transaction="same")
        send(ann, to(ben, {"n": 2}), transaction="same", kind="m.other")
    other = another_device(server, ann)
    send(other, to(ben, {"n": 3}), transaction="same")
    found, since = read(ben, start, 3)
    assert [one["n"] for one in found] == [1, 2, 3]
    send(ann, to(ben, {"n": 4}), transaction="next")
    assert read(ben, since, 1)[0] == [{"n": 4}]


def test_many_repetitions_at_once_send_once(server, ann, ben):
    start = ben.sync()["next_batch"]
    threads = [threading.Thread(target=send, args=(ann.through(server.rotating), to(ben, {"n": 1})),
                                kwargs={"transaction": "same"}) for _ in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    send(ann, to(ben, {"n": "last"}))
    found, _ = read(ben, start, 2)
    assert found == [{"n": 1}, {"n": "last"}]


# ---- devices -------------------------------------------------------------------------------

def test_what_waits_for_a_device_goes_with_it(server, ann, ben):
    other = server.rotating.login(ben.id, device_id="PHONE")
    send(ann, to(other, {"n": 1}))
    other.post("/logout")
    again = server.rotating.login(ben.id, device_id="PHONE")
    assert not events(again.sync())
    send(ann, to(again, {"n": 2}))
    assert [one["content"] for one in events(again.sync_until(events, None))] == [{"n": 2}]


def test_who_is_not_there_is_passed_over(ann, ben):
    start = ben.sync()["next_batch"]
    send(ann, {ben.id: {"NONE": {}, ben.device: {"n": 1}}, "@nobody:fleet.test": {"*": {}},
               "@far:elsewhere.test": {"X": {}, "*": {}}})
    assert read(ben, start, 1)[0] == [{"n": 1}]
    assert send(ann, {}) == {} and send(ann, {ben.id: {}}) == {}


# ---- refusals ------------------------------------------------------------------------------

@pytest.mark.parametrize("body, status, errcode", [
    ({}, 400, "M_MISSING_PARAM"),
    ([], 400, "M_BAD_JSON"),
    ({"messages": []}, 400, "M_BAD_JSON"),
    ({"messages": None}, 400, "M_BAD_JSON"),
    ({"messages": {"ben": {"*": {}}}}, 400, "M_INVALID_PARAM"),
    ({"messages": {"@ben\0:fleet.test": {"*": {}}}}, 400, "M_INVALID_PARAM"),
    ({"messages": {"@ben:fleet.test": []}}, 400, "M_BAD_JSON"),
    ({"messages": {"@ben:fleet.test": {"*": "text"}}}, 400, "M_BAD_JSON"),
    ({"messages": {"@ben:fleet.test": {"*": {"x": "x" * 70000}}}}, 413, "M_TOO_LARGE"),
    ({"messages": {"@ben:fleet.test": {str(n): {} for n in range(10001)}}}, 413, "M_TOO_LARGE"),
])
def test_bodies_that_are_refused(ann, body, status, errcode):
    ann.refused(status, errcode, "PUT", "/sendToDevice/m.test/t", body)


@pytest.mark.parametrize("path", [
    "/sendToDevice/m.test/%00", "/sendToDevice/m%00/t", f"/sendToDevice/m.test/{'x' * 256}",
    f"/sendToDevice/{'x' * 256}/t"])
def test_names_that_are_refused(server, ann, path):
    ann = ann.through(Api(server.workers))  # nginx answers a NUL itself
    body = {"messages": {ann.id: {"*": {}}}}
    ann.refused(400, "M_INVALID_PARAM", "PUT", path, body)


def test_odd_text_is_passed_on(ann, ben):
    start = ben.sync()["next_batch"]
    content = {"nul": "a\0b", "emoji": "😀", "deep": {"a": [1, 2.5, None, True]}, "": "\"quoted\""}
    send(ann, {ben.id: {ben.device: content, "NU\0L": {}}}, kind="m.t/e\"st", transaction="a/b c")
    told = ben.sync_until(events, start)
    assert events(told) == [{"sender": ann.id, "type": "m.t/e\"st", "content": content}]


def test_who_may_not_send(server, ann):
    body = {"messages": {ann.id: {"*": {}}}}
    server.api.refused(401, "M_MISSING_TOKEN", "PUT", CLIENT + "/sendToDevice/m.test/t", body)
    server.api.refused(401, "M_UNKNOWN_TOKEN", "PUT", CLIENT + "/sendToDevice/m.test/t", body,
                       "wrong")


def test_old_paths(server, ann, ben):
    start = ben.sync()["next_batch"]
    for number, version in enumerate(("r0", "unstable", "v3")):
        server.rotating.call(
            "PUT", f"/_matrix/client/{version}/sendToDevice/m.test/{version}",
            {"messages": to(ben, {"n": number})}, ann.token)
    found, _ = read(ben, start, 3)
    assert [one["n"] for one in found] == [0, 1, 2]
