"""What the processes of a fleet show to Prometheus, under the names that Synapse's dashboards know."""
import re
import resource

from support.delayed import Delays
from support.deployment import unique
from support.waiting import until

DEPLOYMENTS = ("fleet",)
SECONDS = 10.0
SAMPLE = re.compile(r"([a-z_:]+)(?:\{(.*)\})? (\S+)")


class Metrics:
    """One process's samples, asked for anew by each `read`."""

    def __init__(self, server, process):
        self.api, self.name = server.api, process.name
        self.url = f"http://127.0.0.1:{process.metrics_port}"

    def read(self):
        """{name: {labels: value}}"""
        families = {}
        text = self.api.raw("GET", "/metrics", url=self.url).body.decode()
        for line in text.splitlines():
            if not line.startswith("#"):
                name, labels, value = SAMPLE.fullmatch(line).groups()
                families.setdefault(name, {})[labels or ""] = float(value)
        return families


def everybody(server):
    return [Metrics(server, process) for process in server.fleet.plan.processes]


def only(server, app):
    return [Metrics(server, process) for process in server.fleet.plan.of_app(app)]


def test_every_process_tells_how_it_stands(server):
    for one in everybody(server):
        found = one.read()
        total, working, least, most = (
            found[f"synapse_threadpool_{word}_threads"]['name="database-master"']
            for word in ("total", "working", "min", "max"))
        assert 0 <= working <= total <= most and 0 <= least <= most and most >= 1, one.name
        assert found["apus_postgres_shared_connections"][""] >= 1, one.name
        assert found["apus_postgres_waiting_transactions"][""] == 0, one.name
        assert found["apus_postgres_round_trips"][""] >= 0, one.name
        assert found["synapse_replication_tcp_resource_total_connections"][""] == 1, one.name
        assert found["process_resident_memory_bytes"][""] > 0, one.name


def test_delayed_events_are_counted_where_they_are_sent(server):
    runners = only(server, "background_tasks")
    late = "apus_delayed_events_late_seconds_count"

    def total(name, labels=""):
        return sum(one.read()[name][labels] for one in runners)
    before = [total("apus_delayed_events_sent_total", 'reason="delay"'), total(late)]
    delays = Delays(server.rotating.register(unique("ann")))
    delays.schedule(delays.user.create_room(), {}, 1)
    until(lambda: total("apus_delayed_events_sent_total", 'reason="delay"') == before[0] + 1,
          SECONDS, "the event is counted")
    assert total(late) == before[1] + 1
    assert all("apus_delayed_events_scheduled" in one.read() for one in runners)


def test_every_process_may_open_as_many_files_as_the_system_allows(server):
    for one, pid in zip(everybody(server), map(server.pids().get, names(server))):
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        assert soft == hard, one.name
        assert one.read()["process_max_fds"][""] == soft, one.name


def names(server):
    return [process.name for process in server.fleet.plan.processes]


def test_an_event_is_seen_to_reach_every_process(server):
    ann = server.api.register(unique("ann"))
    room = ann.create_room()
    label = 'stream_name="events"'
    before = {one.name: received(one, label) for one in everybody(server)}
    for number in range(5):
        ann.send(room, f"message {number}")

    def reached():
        """Everybody is at the same place, and nothing is missing anywhere."""
        states = [one.read() for one in everybody(server)]
        positions = {state["synapse_storage_stream_current_position"][label] for state in states}
        return len(positions) == 1 and all(
            state["apus_replication_lag_positions"][label] == 0
            and state["synapse_replication_tcp_command_queue"][label] == 0 for state in states)

    until(reached, SECONDS, "every process is at one position")
    grown = [one.name for one in everybody(server)
             if received(one, label) > before[one.name]]
    # All but the room's owner, who needs no message.
    assert len(grown) == len(before) - 1, grown


def received(metrics, label):
    return metrics.read()["synapse_replication_tcp_protocol_inbound_rdata_count_total"][label]


def test_statements_are_timed(server):
    server.api.register(unique("ann"))
    for one in only(server, "generic_worker") + only(server, "event_persister"):
        found = one.read()
        verbs = found["synapse_storage_query_time_count"]
        assert verbs['verb="SELECT"'] > 0, one.name
        purposes = found["synapse_storage_transaction_time_count_total"]
        assert purposes['desc="streams_positions"'] > 0, one.name
        assert sum(verbs.values()) == sum(purposes.values()), one.name
        assert found["synapse_storage_transaction_time_sum_total"]['desc="streams_positions"'] > 0


def test_requests_are_counted(server):
    worker, entry = only(server, "generic_worker")[0], server.workers[0]
    label = 'method="GET",servlet="versions"'
    server.api.raw("GET", "/_matrix/client/versions", url=entry)
    before = worker.read()["synapse_http_server_requests_received_total"][label]
    for _ in range(3):
        server.api.raw("GET", "/_matrix/client/versions", url=entry)
    assert worker.read()["synapse_http_server_requests_received_total"][label] == before + 3
