"""Delayed events (MSC4140) over the client API, in a fleet and in the monolith."""
import time

import pytest

from support.api import User, bodies, quote, timeline
from support.delayed import PREFIXES, Delays
from support.deployment import unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")

SOON = 300  # milliseconds
FAR = 3_600_000
SENT_SECONDS = 10
DAY = 24 * 3600 * 1000


@pytest.fixture
def ann(server):
    return server.rotating.register(unique("ann"))


@pytest.fixture
def room(ann):
    return ann.create_room(preset="public_chat")


@pytest.fixture
def delays(ann):
    return Delays(ann)


def text(body):
    return {"msgtype": "m.text", "body": body}


def said(user, room):
    return bodies(user.history(room))


def ended(delays, delay_id):
    return until(lambda: delays.get(delay_id).get("finalised"), SENT_SECONDS, "it has ended")


# ---- scheduling ------------------------------------------------------------------------------

@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_message_is_sent_when_its_time_has_come(ann, room, prefix):
    delays = Delays(ann, prefix)
    began = time.time() * 1000
    delay_id = delays.schedule(room, text("later"), SOON)
    assert said(ann, room) == []
    end = ended(delays, delay_id)
    event = ann.get(ann.room(room, "event", quote(end["event_id"])))
    assert event["content"] == text("later")
    assert event["origin_server_ts"] >= began + SOON
    assert end["finalised_ts"] >= began + SOON
    assert event["unsigned"]["delay_id"] == delay_id
    assert event["unsigned"]["org.matrix.msc4140.delay_id"] == delay_id


def test_the_older_way_sends_nothing_at_once(ann, room, delays):
    path = ann.room(room, "send", "m.room.message", "t1") + f"?org.matrix.msc4140.delay={SOON}"
    first, again = ann.put(path, text("later")), ann.put(path, text("later"))
    assert first == again and set(first) == {"delay_id"}
    state = ann.room(room, "state", "org.example.call", quote(ann.id))
    key = ann.put(state + f"?org.matrix.msc4140.delay={SOON}", {"left": True})["delay_id"]
    assert said(ann, room) == []
    ann.state(room, "org.example.call", ann.id, expect=404)
    for delay_id in (first["delay_id"], key):
        assert "event_id" in ended(delays, delay_id)
    assert said(ann, room) == ["later"]
    assert ann.state(room, "org.example.call", ann.id) == {"left": True}
    without_key = ann.room(room, "state", "org.example.topic")
    delays.act("send", ann.put(without_key + "?org.matrix.msc4140.delay=9000", {})["delay_id"])
    assert ann.state(room, "org.example.topic") == {}


def test_a_repeated_transaction_is_one_event(ann, room, delays):
    first = delays.schedule(room, text("a"), FAR, transaction="t")
    assert delays.schedule(room, text("a"), FAR, transaction="t") == first
    other = Delays(ann.api.login(ann.id))
    assert other.schedule(room, text("a"), FAR, transaction="t") != first
    assert len(delays.list()["delayed_events"]) == 2


def test_only_the_sender_is_told_the_delay(server, ann, room, delays):
    bob = server.rotating.register(unique("bob"))
    bob.act("join", room)
    since = [user.sync()["next_batch"] for user in (ann, bob)]
    delay_id = delays.schedule(room, text("later"), SOON)
    for user, token, told in ((ann, since[0], delay_id), (bob, since[1], None)):
        reply = user.sync_until(lambda one: timeline(one, room), token)
        assert timeline(reply, room)[0]["unsigned"].get("delay_id") == told
        page = user.messages(room, limit=1)["chunk"]
        assert page[0]["unsigned"].get("org.matrix.msc4140.delay_id") == told


def test_a_redaction_can_wait(ann, room, delays):
    event = ann.send(room, "gone soon")
    delays.schedule(room, {"redacts": event}, SOON, kind="m.room.redaction")
    until(lambda: ann.get(ann.room(room, "event", quote(event)))["content"] == {},
          SENT_SECONDS, "the event is redacted")


BAD = [
    ({"content": {}}, 400, "M_MISSING_PARAM"), ({"delay_ms": 5}, 400, "M_MISSING_PARAM"),
    ({"delay_ms": "5", "content": {}}, 400, "M_BAD_JSON"),
    ({"delay_ms": 1.5, "content": {}}, 400, "M_BAD_JSON"),
    ({"delay_ms": None, "content": {}}, 400, "M_BAD_JSON"),
    ({"delay_ms": 5, "content": []}, 400, "M_BAD_JSON"),
    ({"delay_ms": 5, "content": {}, "state_key": 7}, 400, "M_BAD_JSON"),
    ({"delay_ms": 5, "content": {}, "state_key": "\0"}, 400, "M_INVALID_PARAM"),
    ({"delay_ms": 5, "content": {}, "state_key": "k" * 256}, 400, "M_INVALID_PARAM"),
    ({"delay_ms": 0, "content": {}}, 400, "M_INVALID_PARAM"),
    ({"delay_ms": -1, "content": {}}, 400, "M_INVALID_PARAM"),
    ({"delay_ms": DAY + 1, "content": {}}, 403, "M_FORBIDDEN"),
    ({"delay_ms": 2**53 - 1, "content": {}}, 403, "M_FORBIDDEN"),
    ({"delay_ms": 5, "content": {"a": "x" * 70_000}}, 413, "M_TOO_LARGE"),
]


def test_what_cannot_be_scheduled(ann, room, delays):
    path = ann.room(room, "delayed_event", "m.room.message", "t")
    for body, status, errcode in BAD:
        delays.refused(status, errcode, "PUT", "room", path, body)
    assert delays.list()["delayed_events"] == []


def test_where_nothing_can_be_scheduled(server, ann, room, delays):
    bob = Delays(server.rotating.register(unique("bob")))
    for place, status, errcode in ((room, 403, "M_FORBIDDEN"), ("!no", 403, "M_FORBIDDEN"),
                                   ("nonsense", 400, "M_INVALID_PARAM")):
        bob.refused(status, errcode, "PUT", "room", bob.user.room(
            place, "delayed_event", "m.room.message", "t"), {"delay_ms": 5, "content": {}})
    for kind, transaction in (("k" * 300, "t"), ("k", "t" * 1100)):
        delays.refused(400, "M_INVALID_PARAM", "PUT", "room", ann.room(
            room, "delayed_event", kind, transaction), {"delay_ms": 5, "content": {}})
    path = ann.room(room, "send", "m.room.message", "t")
    for delay in ("x", "", "1.5", "-5", "0", "99999999999999999999"):
        ann.refused(400, "M_INVALID_PARAM", "PUT", path, text("never"),
                    **{"org.matrix.msc4140.delay": delay})
    ann.refused(403, "M_FORBIDDEN", "PUT", path, text("never"),
                **{"org.matrix.msc4140.delay": DAY + 1})
    assert said(ann, room) == []


# ---- management ------------------------------------------------------------------------------

def make_scheduled(delays, room):
    return delays.schedule(room, text("x"), FAR)


def make_sent(delays, room):
    delay_id = make_scheduled(delays, room)
    delays.act("send", delay_id)
    return delay_id


def make_cancelled(delays, room):
    delay_id = make_scheduled(delays, room)
    delays.act("cancel", delay_id)
    return delay_id


def make_failed(delays, room):
    """Nobody may set the state of another one's name."""
    delay_id = delays.schedule(room, {}, SOON, kind="org.example.own", key="@other:fleet.test")
    assert ended(delays, delay_id)["error"]["errcode"] == "M_FORBIDDEN"
    return delay_id


# spec: MSC4140, managing scheduled delayed events
CONFLICTS = {make_scheduled: [], make_sent: ["cancel", "restart"],
             make_cancelled: ["send", "restart"], make_failed: ["send", "restart"]}


@pytest.mark.parametrize("make", CONFLICTS)
def test_the_same_again_is_fine_and_another_is_a_conflict(ann, room, make):
    for number, action in enumerate(("restart", "send", "cancel") * 2):
        older, delays = number > 2, Delays(ann, PREFIXES[number % 2])
        delay_id = make(delays, room)
        refusal = (409, "M_UNKNOWN") if action in CONFLICTS[make] else None
        delays.act(action, delay_id, older, refusal)
        if make is not make_scheduled:
            continue
        end = delays.get(delay_id).get("finalised")
        assert (end is None) == (action == "restart")
        assert ("event_id" in (end or {})) == (action == "send")


def test_a_restart_counts_from_then_on(ann, room, delays):
    delay_id = delays.schedule(room, text("x"), FAR)
    first = delays.get(delay_id)["delayed_since_ts"]
    until(lambda: time.time() * 1000 > first + 5, 5, "some time has passed")
    delays.act("restart", delay_id)
    assert delays.get(delay_id)["delayed_since_ts"] > first


def test_others_find_nothing(server, room, delays):
    delay_id = make_scheduled(delays, room)
    bob = Delays(server.rotating.register(unique("bob")))
    for user, name in ((bob, delay_id), (delays, "none"), (delays, "x" * 3000)):
        user.refused(404, "M_NOT_FOUND", "GET", "own", f"/delayed_events/{name}")
        for action in ("send", "cancel", "restart"):
            user.refused(404, "M_NOT_FOUND", "POST", "own", f"/delayed_events/{name}/{action}")
            user.refused(404, "M_NOT_FOUND", "POST", "own", f"/delayed_events/{name}",
                         {"action": action})
    assert bob.list()["delayed_events"] == []
    assert "finalised" not in delays.get(delay_id)


def test_management_needs_the_owners_token_and_a_known_action(server, room, delays):
    delay_id = make_scheduled(delays, room)
    for prefix in PREFIXES:
        path = f"{prefix.own}/delayed_events/{delay_id}"
        api = server.rotating
        for action in ("send", "cancel", "restart"):
            api.refused(401, "M_MISSING_TOKEN", "POST", f"{path}/{action}", {})
        api.refused(401, "M_MISSING_TOKEN", "POST", path, {"action": "send"})
        api.refused(401, "M_MISSING_TOKEN", "GET", path)
        api.refused(404, "M_UNRECOGNIZED", "POST", f"{path}/delete", {}, delays.user.token)
        for body, errcode in (({}, "M_MISSING_PARAM"), ({"action": 7}, "M_BAD_JSON"),
                              ({"action": "delete"}, "M_INVALID_PARAM")):
            api.refused(400, errcode, "POST", path, body, delays.user.token)
    assert "finalised" not in delays.get(delay_id)


def test_a_send_that_is_refused_leaves_it_scheduled(ann, room, delays):
    delay_id = delays.schedule(room, {}, FAR, kind="org.example.own", key="@other:fleet.test")
    delays.act("send", delay_id, refusal=(403, "M_FORBIDDEN"))
    assert "finalised" not in delays.get(delay_id)
    delays.act("cancel", delay_id)


def test_what_may_be_sent_is_decided_at_the_time(server, ann, room):
    bob = server.rotating.register(unique("bob"))
    bob.act("join", room)
    delays = Delays(bob)
    left = delays.schedule(room, text("left"), FAR)
    topic = delays.schedule(room, {"topic": "bob's"}, FAR, kind="m.room.topic", key="")
    delays.act("send", topic, refusal=(403, "M_FORBIDDEN"))
    levels = ann.state(room, "m.room.power_levels")
    ann.set_state(room, "m.room.power_levels", levels | {"users": levels["users"] | {bob.id: 50}})
    delays.act("send", topic)
    assert ann.state(room, "m.room.topic")["topic"] == "bob's"
    bob.act("leave", room)
    delays.act("send", left, refusal=(403, "M_FORBIDDEN"))


# ---- looking up ------------------------------------------------------------------------------

def test_lists_and_single_events(ann, room, delays):
    content = text("x")
    ids = [delays.schedule(room, content, FAR - 60_000 * number) for number in range(5)][::-1]
    state = delays.schedule(room, {"a": 1}, 2 * FAR, kind="org.example.key", key="")
    found = delays.list()["delayed_events"]
    assert [one["delay_id"] for one in found] == [*ids, state]
    assert [delays.get(one["delay_id"]) for one in found] == found
    since = found[0]["delayed_since_ts"]
    assert found[0] == {
        "delay_id": ids[0], "room_id": room, "type": "m.room.message", "content": content,
        "delay_ms": FAR - 240_000, "delay": FAR - 240_000, "delayed_since_ts": since, "running_since": since}
    assert (found[-1]["state_key"], found[-1]["content"]) == ("", {"a": 1})
    delays.act("send", ids[0])
    delays.act("cancel", ids[1])
    for query, expected in (
            ({"status": "scheduled"}, ids[2:] + [state]), ({"status": "finalised"}, ids[:2]),
            ({"status": "sent"}, ids[:1]), ({"status": "cancelled"}, ids[1:2]),
            ({"status": "failed"}, []), ({"dir": "b"}, [state, *ids[:1:-1]]),
            ({"type": "org.example.key"}, [state]), ({"room_id": "!other"}, [])):
        found = delays.list(**query)["delayed_events"]
        assert [one["delay_id"] for one in found] == expected, query
    assert "event_id" in delays.get(ids[0])["finalised"]
    assert set(delays.get(ids[1])["finalised"]) == {"finalised_ts"}
    for query in ({"status": "x"}, {"dir": "x"}, {"from": "x"}, {"from": "d1"}, {"from": "\0"},
                  {"room_id": "x"}, {"type": "\0"}):
        delays.refused(400, "M_INVALID_PARAM", "GET", "own", "/delayed_events", None, query)


def test_administrators_see_them(server, room, delays):
    api = server.rotating
    admin = User(api, api.register_with_secret(server.shared_secret, unique("admin"), admin=True))
    ids = [delays.schedule(room, text("x"), FAR + number) for number in range(100)]
    delays.act("cancel", ids[0])
    ids.append(delays.schedule(room, text("x"), FAR + 100))
    path = f"/_synapse/admin/v1/users/{delays.user.id}/delayed_events"
    first = api.call("GET", path, token=admin.token)
    second = api.call("GET", path, token=admin.token, query={"from": first["next_batch"]})
    found = first["delayed_events"] + second["delayed_events"]
    assert [one["delay_id"] for one in found] == ids and "next_batch" not in second
    only = api.call("GET", path, token=admin.token, query={"status": "cancelled"})
    assert [one["delay_id"] for one in only["delayed_events"]] == ids[:1]
    api.refused(403, "M_FORBIDDEN", "GET", path, token=delays.user.token)
    for query in ({"status": "x"}, {"from": "x"}):
        api.refused(400, "M_INVALID_PARAM", "GET", path, token=admin.token, query=query)


def test_the_server_says_what_it_offers(ann):
    versions = ann.api.call("GET", "/_matrix/client/versions")
    assert versions["unstable_features"]["org.matrix.msc4140"] is True
    found = ann.get("/capabilities")["capabilities"]
    expected = {"max_delay_ms": DAY, "max_scheduled": 100}
    assert found["m.delayed_events"] == found["org.matrix.msc4140.delayed_events"] == expected


def test_no_more_than_a_hundred_at_a_time(ann, room, delays):
    ids = [delays.schedule(room, text("x"), FAR + number) for number in range(100)]
    path = f"{PREFIXES[0].room}{ann.room(room, 'delayed_event', 'm.room.message', 'more')}"
    body = {"delay_ms": 5, "content": {}}
    ann.api.refused(429, "M_LIMIT_EXCEEDED", "PUT", path, body, ann.token)
    delays.act("cancel", ids[0])
    ann.api.call("PUT", path, body, ann.token)


# ---- use -------------------------------------------------------------------------------------

def test_a_call_member_who_disappears_leaves_once(server, ann, room):
    """The leave is scheduled before the join and restarted through one worker after the other."""
    kind, pulse = "org.matrix.msc3401.call.member", 1500
    delays = Delays(ann.through(server.rotating))
    leave = delays.schedule(room, {"left": True}, pulse, kind=kind, key=ann.id)
    ann.set_state(room, kind, {"joined": True}, ann.id)
    end = time.monotonic() + 3 * pulse / 1000
    while time.monotonic() < end:
        delays.act("restart", leave)
        assert ann.state(room, kind, ann.id) == {"joined": True}
        until(lambda: time.time() * 1000 > delays.get(leave)["delayed_since_ts"] + 400, 5,
              "it is time for the next sign of life")
    since = delays.get(leave)["delayed_since_ts"]
    finalised = ended(delays, leave)
    assert finalised["finalised_ts"] >= since + pulse
    changes = [one["content"] for one in ann.history(room) if one["type"] == kind]
    assert changes == [{"joined": True}, {"left": True}]


def test_who_is_deactivated_sends_nothing(server, ann, room):
    bob = server.rotating.register(unique("bob"))
    bob.act("join", room)
    Delays(bob).schedule(room, text("from beyond"), 1500)
    bob.post("/account/deactivate", {"auth": {
        "type": "m.login.password", "password": "correct horse battery staple",
        "identifier": {"type": "m.id.user", "user": bob.id}}})
    marker = Delays(ann).schedule(room, text("marker"), 1600)
    ended(Delays(ann), marker)
    assert said(ann, room) == ["marker"]


def test_another_query_delays_nothing(ann, room):
    ann.put(ann.room(room, "send", "m.room.message", "t") + "?delay=5000", text("now"))
    assert said(ann, room) == ["now"]
