"""How much users may send later, and a server that sends nothing later."""
import pytest

from support.api import CLIENT, Unexpected, User, bodies
from support.delayed import PREFIXES, Delays
from support.deployment import unique
from support.waiting import until

SCHEDULED, MESSAGES, ACTIONS = 3, 5, 20  # messages beside the making of a room
LONGEST = 60_000  # milliseconds
SECONDS = 10
SLOW = 0.001  # a second: nothing flows out while a test runs


@pytest.fixture(scope="module")
def server(deployments):
    server = deployments.start({}, overrides={
        "allow_guest_access": True,
        "max_event_delay_duration": f"{LONGEST // 1000}s",
        "msc4140_max_delayed_events_per_user": SCHEDULED,
        "rc_message": {"per_second": SLOW, "burst_count": MESSAGES + 1},
        "rc_delayed_event_mgmt": {"per_second": SLOW, "burst_count": ACTIONS}})
    yield server
    server.fleet.stop()


@pytest.fixture(scope="module")
def closed(deployments):
    server = deployments.start({}, overrides={"max_event_delay_duration": 0})
    yield server
    server.fleet.stop()


@pytest.fixture
def ann(server):
    return server.api.register(unique("ann"))


@pytest.fixture
def room(ann):
    return ann.create_room()


def refusal(work):
    with pytest.raises(Unexpected) as found:
        work()
    return found.value.answer


def test_scheduled_events_of_a_user(ann, room):
    delays = Delays(ann)
    for number in range(SCHEDULED):
        delays.schedule(room, {}, 30_000 + 1000 * number)
    answer = refusal(lambda: delays.schedule(room, {}, 1000))
    assert (answer.status, answer.errcode) == (429, "M_LIMIT_EXCEEDED")
    # When the first of them will have been sent.
    assert 20 < int(answer.headers["retry-after"]) <= 30
    assert answer.json["retry_after_ms"] <= 1000 * int(answer.headers["retry-after"])


def test_the_longest_delay(ann, room):
    delays = Delays(ann)
    delays.schedule(room, {}, LONGEST)
    answer = refusal(lambda: delays.schedule(room, {}, LONGEST + 1))
    assert (answer.status, answer.errcode) == (403, "M_FORBIDDEN")
    limits = ann.get("/capabilities")["capabilities"]["m.delayed_events"]
    assert limits == {"max_delay_ms": LONGEST, "max_scheduled": SCHEDULED}


def test_scheduling_counts_as_sending(ann, room):
    delays = Delays(ann)
    for _ in range(MESSAGES - 1):
        ann.send(room, "x")
    delays.schedule(room, {}, LONGEST)
    answer = refusal(lambda: delays.schedule(room, {}, 1000))
    assert (answer.status, answer.errcode) == (429, "M_LIMIT_EXCEEDED")


def test_management_has_a_budget(ann, room):
    delays = Delays(ann)
    delay_id = delays.schedule(room, {}, LONGEST)
    for _ in range(ACTIONS):
        delays.act("restart", delay_id)
    for work in (lambda: delays.act("send", delay_id), lambda: delays.get(delay_id), delays.list):
        answer = refusal(work)
        assert (answer.status, answer.errcode) == (429, "M_LIMIT_EXCEEDED")


def test_what_was_scheduled_is_sent_however_little_is_left_to_send(ann, room):
    """It has counted when it was scheduled, and does not count again."""
    delays = Delays(ann)
    ids = [delays.schedule(room, {"body": str(number), "msgtype": "m.text"}, 600 + number)
           for number in range(SCHEDULED - 1)]
    ids.append(delays.schedule(room, {"body": "by hand", "msgtype": "m.text"}, LONGEST))
    for _ in range(MESSAGES - SCHEDULED):
        ann.send(room, "x")
    answer = refusal(lambda: ann.send(room, "too much"))
    assert (answer.status, answer.errcode) == (429, "M_LIMIT_EXCEEDED")
    delays.act("send", ids[-1])
    until(lambda: sorted(bodies(ann.history(room))) == ["0", "1", "by hand", "x", "x"], SECONDS,
          "all are sent")
    assert all("event_id" in delays.get(one)["finalised"] for one in ids)
    assert refusal(lambda: ann.send(room, "too much")).status == 429


def test_guests(server, ann):
    room = ann.create_room(preset="public_chat", initial_state=[
        {"type": "m.room.guest_access", "content": {"guest_access": "can_join"}}])
    guest = User(server.api, server.api.call("POST", CLIENT + "/register?kind=guest", {}))
    guest.act("join", room)
    delays = Delays(guest)
    delay_id = delays.schedule(room, {"body": "a guest's", "msgtype": "m.text"}, LONGEST)
    for action in ("restart", "send"):
        delays.act(action, delay_id)
    assert "event_id" in delays.get(delay_id)["finalised"]
    assert delays.list(status="sent")["delayed_events"] != []
    assert bodies(ann.history(room)) == ["a guest's"]


def test_a_server_that_sends_nothing_later(closed):
    bob = closed.api.register(unique("bob"))
    room = bob.create_room()
    for prefix in PREFIXES:
        answer = refusal(lambda prefix=prefix: Delays(bob, prefix).schedule(room, {}, 5))
        assert (answer.status, answer.errcode) == (403, "M_FORBIDDEN")
    # A server that passed over the query would send at once.
    for path in (bob.room(room, "send", "m.room.message", "t"),
                 bob.room(room, "state", "org.example.call", "key")):
        bob.refused(403, "M_FORBIDDEN", "PUT", path, {"body": "never", "msgtype": "m.text"},
                    **{"org.matrix.msc4140.delay": 5})
    assert bodies(bob.history(room)) == []
    bob.state(room, "org.example.call", "key", expect=404)
    versions = bob.api.call("GET", "/_matrix/client/versions")
    assert versions["unstable_features"]["org.matrix.msc4140"] is False
    assert not [one for one in bob.get("/capabilities")["capabilities"] if "delayed" in one]
    assert Delays(bob).list() == {"delayed_events": []}
