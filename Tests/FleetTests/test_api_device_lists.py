"""Device lists: who is told whose devices to look at anew, in /sync and by /keys/changes."""
import pytest

from support.deployment import unique
from test_api_cross_signing import UPLOAD, Person

DEPLOYMENTS = ("fleet", "monolith")


@pytest.fixture
def api(server):
    return server.rotating


@pytest.fixture
def ann(api):
    return Person(api.register(unique("ann")))


@pytest.fixture
def ben(api):
    return Person(api.register(unique("ben")))


@pytest.fixture
def room(ann, ben):
    room = ann.user.create_room(preset="public_chat")
    ben.user.act("join", room)
    return room


class Watcher:
    """Follows the device lists of a user's syncs."""

    def __init__(self, person):
        self.person, self.start = person, person.user.sync()["next_batch"]
        self.since = self.start

    def told(self, *expected):
        """Syncs until each of `expected`, as ("changed" or "left", person), has been told ->
        everything that was told until then."""
        wanted = {(kind, one.id) for kind, one in expected}
        told = []
        while not wanted <= set(told):
            answer = self.person.user.sync_until(lambda found: "device_lists" in found, self.since)
            self.since = answer["next_batch"]
            told += self.entries(answer["device_lists"])
        assert len(told) == len(set(told)) and {one for one in told if one[1] in {
            person.id for _, person in expected}} == wanted
        return told

    def nothing(self):
        answer = self.person.user.sync(self.since)
        self.since = answer["next_batch"]
        assert "device_lists" not in answer

    def changes(self):
        answer = self.person.user.get("/keys/changes", **{"from": self.start, "to": self.since})
        return sorted(self.entries(answer))

    @staticmethod
    def entries(lists):
        return [(kind, user) for kind in ("changed", "left") for user in lists[kind]]


def test_devices_that_change(api, ann, ben, room):
    stranger = Watcher(Person(api.register(unique("stranger"))))
    watchers = [Watcher(ann), Watcher(ben)]
    ben.user.post("/keys/upload", {"device_keys": ben.device_keys()})
    for watcher in watchers:
        watcher.told(("changed", ben))
        watcher.nothing()
    # Nothing new is no news.
    ben.user.post("/keys/upload", {"device_keys": ben.device_keys()})
    ben.user.post("/keys/upload", {"one_time_keys": {"signed_curve25519:a": {
        "key": "k", "signatures": {}}}})
    for watcher in watchers:
        watcher.nothing()
    ben.user.put("/devices/" + ben.user.device, {"display_name": "New"})
    for watcher in watchers:
        watcher.told(("changed", ben))
        assert watcher.changes() == [("changed", ben.id)]
    stranger.nothing()
    assert stranger.changes() == []


def test_devices_that_go(api, ann, ben, room):
    other = Person(api.login(ben.id))
    for one in (ben, other):
        one.user.post("/keys/upload", {"device_keys": one.device_keys()})
    plain = api.login(ben.id)
    watcher = Watcher(ann)
    plain.post("/logout")
    watcher.nothing()
    other.user.post("/logout")
    watcher.told(("changed", ben))
    assert list(ann.sees(ben)["device_keys"][ben.id]) == [ben.user.device]
    ben.user.post("/account/deactivate", {"auth": ben.proof()})
    answer = ann.user.sync_until(
        lambda found: ben.id in found.get("device_lists", {}).get("left", ()), watcher.since)
    assert ben.id not in answer["device_lists"]["changed"]
    assert ann.sees(ben)["device_keys"] == {ben.id: {}}


def test_a_long_poll_is_woken(ann, ben, room):
    since = ann.user.sync()["next_batch"]
    ben.publish()
    answer = ann.user.sync_until(lambda found: "device_lists" in found, since)
    assert answer["device_lists"] == {"changed": [ben.id], "left": []}


def test_signatures(api, ann, ben, room):
    ann.publish()
    ben.publish()
    watchers = [Watcher(ann), Watcher(ben)]
    ben.sign(body={ben.id: {ben.user.device: ben.self_signing.signed(
        ben.device_keys(), ben.id)}})
    for watcher in watchers:
        watcher.told(("changed", ben))
    # Whom Ann has verified is nobody's business.
    ann.sign(body={ben.id: {ben.master.public: ann.user_signing.signed(
        ben.master_key, ann.id)}})
    watchers[0].told(("changed", ben))
    watchers[1].nothing()


def test_comings_and_goings_of_others(api, ann, ben):
    room, second = (ann.user.create_room(preset="public_chat") for _ in range(2))
    watcher = Watcher(ann)
    ben.user.act("join", room)
    watcher.told(("changed", ben))
    ben.user.act("join", second)
    ann.user.send(second, "hello")
    watcher.nothing()
    ben.user.act("leave", room)
    watcher.nothing()
    ann.user.act("ban", second, ben.user)
    watcher.told(("left", ben))
    assert watcher.changes() == []
    # Invited is not joined.
    ann.user.act("unban", second, ben.user)
    ann.user.act("invite", second, ben.user)
    watcher.nothing()
    ben.user.act("join", second)
    watcher.told(("changed", ben))
    assert watcher.changes() == [("changed", ben.id)]


def test_own_comings_and_goings(api, ann, ben):
    cat = Person(api.register(unique("cat")))
    room, second = (ann.user.create_room(preset="public_chat") for _ in range(2))
    for one in (room, second):
        cat.user.act("join", one)
    watcher = Watcher(ben)
    ben.user.act("join", room)
    watcher.told(("changed", ann), ("changed", cat))
    ben.user.act("join", second)
    ben.user.act("leave", room)
    cat.user.act("leave", second)
    watcher.told(("left", cat))
    assert watcher.changes() == [("changed", ann.id)]
    ben.user.act("leave", second)
    watcher.told(("left", ann))
    assert watcher.changes() == []


def test_what_happened_apart_is_found_again(ann, ben, room):
    watcher = Watcher(ann)
    ben.user.act("leave", room)
    watcher.told(("left", ben))
    ben.publish()
    watcher.nothing()
    ben.user.act("join", room)
    watcher.told(("changed", ben))


def test_a_first_sync_tells_of_nobody(ann, ben, room):
    ben.publish()
    assert "device_lists" not in ann.user.sync()


def test_bad_tokens(ann):
    since = ann.user.sync()["next_batch"]
    for query in ({"from": since}, {"to": since}):
        ann.user.refused(400, "M_MISSING_PARAM", "GET", "/keys/changes", **query)
    for query in ({"from": "x", "to": since}, {"from": since, "to": "s_"}):
        ann.user.refused(400, "M_INVALID_PARAM", "GET", "/keys/changes", **query)


def test_cross_signing_keys_are_told(ann, ben, room):
    watcher = Watcher(ann)
    ben.user.post(UPLOAD, ben.keys())
    watcher.told(("changed", ben))
    watcher.nothing()
