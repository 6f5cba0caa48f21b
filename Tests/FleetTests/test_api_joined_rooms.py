"""Which rooms a user is in, asked of one worker right after another has acknowledged a change."""
import itertools

from support.api import Api
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
PEOPLE = ("ann", "ben")
ROUNDS = 5
HEARING_SECONDS = 20


def ways(server):
    """Every way in with every other one."""
    return list(itertools.permutations(server.entries, 2)) or [(server.url, server.url)]


def rooms(user, url):
    return set(user.through(Api([url])).get("/joined_rooms")["joined_rooms"])


def hears(server, process):
    """Whether a process has its connection to Redis, which it takes when it is ready."""
    url = f"http://127.0.0.1:{process.metrics_port}"
    text = server.api.raw("GET", "/metrics", url=url).body.decode()
    return "\nsynapse_replication_tcp_resource_total_connections 1" in text


def test_what_was_acknowledged_is_known_everywhere(server, people):
    ann, ben = people
    if server.fleet and not server.fleet.plan.monolith:
        for process in server.fleet.plan.processes:
            until(lambda one=process: hears(server, one), HEARING_SECONDS, f"{process} hears")
    hers, his = set(), set()
    for through, other in ways(server) * ROUNDS:
        here = [user.through(Api([through])) for user in people]
        room = here[0].create_room(preset="public_chat")
        hers.add(room)
        assert rooms(ann, other) == hers, "she made it"
        here[1].act("join", room)
        his.add(room)
        assert rooms(ben, other) == his, "he joined"
        if len(his) % 2:
            here[1].act("leave", room)
        else:
            here[0].act("kick", room, ben)
        his.discard(room)
        assert rooms(ben, other) == his, "he left or was kicked"
        here[0].act("invite", room, ben)
        assert rooms(ben, other) == his, "an invitation is no membership"
        here[1].act("join", room)
        his.add(room)
        assert rooms(ben, other) == his, "he came back"
    here[0].act("ban", room, ben)
    assert all(rooms(ben, url) == his - {room} for url in server.entries)


def test_nobody_is_in_rooms_at_first(server, people):
    for url in server.entries:
        assert rooms(people[0], url) == set()
