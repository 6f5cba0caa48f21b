"""Server processes themselves: what they refuse to start with, and how they end."""
import collections
import json
import re
import signal
import ssl
import subprocess
import urllib.request
from pathlib import Path

import pytest

from fleet import Fleet, Options, generated_plan, plan_from_folder
from fleet.ports import free_ports
from fleet.postgres import ROLE
from support.api import Api, bodies
from support.deployment import (
    PORTS_NEEDED, SERVER_NAME, SHARED_BUFFERS, Deployment, temporary_folder, unique)
from support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
CRASH_SECONDS = 30
DEPLOYMENTS = ("fleet",)


class Started:
    """One more process beside a fleet; its output goes to a file."""

    def __init__(self, command, folder):
        self.log = folder / f"{unique('process')}.log"
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdout=file, stderr=subprocess.STDOUT)

    @property
    def text(self):
        return self.log.read_text()

    def ends(self, seconds=CRASH_SECONDS):
        """The exit code."""
        return self.process.wait(seconds)


@pytest.fixture
def start(tmp_path):
    """Starts `server`'s program of a process again, with further configuration."""
    started = []

    def begin(server, name, **settings):
        process = next(one for one in server.fleet.plan.processes if one.name == name)
        extra = tmp_path / f"{unique('extra')}.yaml"
        extra.write_text(json.dumps(settings))
        started.append(Started(
            [*server.fleet.command(process), "--config-path", extra], tmp_path))
        return started[-1]
    yield begin
    for one in started:
        one.process.kill()
        one.process.wait()


CONTRADICTIONS = [
    ("a writer that nobody can reach", "main", {"stream_writers": {"events": ["event_persister9"]}},
     ["stream_writers.events", "instance_map"]),
    ("a sender that is no worker", "main", {"federation_sender_instances": ["federation_sender9"]},
     ["federation_sender_instances", "instance_map"]),
    ("main sends beside the senders", "main", {"send_federation": True},
     ["send_federation", "federation_sender_instances"]),
    ("main pushes beside the pushers", "main", {"start_pushers": True},
     ["start_pushers", "pusher_instances"]),
    ("a fleet without Redis", "main", {"redis": {"enabled": False}},
     ["instance_map", "redis.enabled"]),
    ("the configuration of another role", "main", {"worker_app": "apus.pusher",
                                                   "worker_name": "pusher1"},
     ["worker_app", "--config-path"]),
]


@pytest.mark.parametrize("what,name,settings,keys", CONTRADICTIONS,
                         ids=[row[0] for row in CONTRADICTIONS])
def test_a_contradictory_fleet_does_not_start(server, start, what, name, settings, keys):
    process = start(server, name, **settings)
    assert process.ends() == 1, what
    assert "error: " in process.text and "Fix: " in process.text
    assert all(key in process.text for key in keys), process.text


def database(server, **arguments):
    """The fleet's own database with other arguments."""
    local = json.loads(server.fleet.site.local.read_text())
    args = local["database"]["args"] | arguments
    return {"database": {"name": "postgres", "args": args}}


def test_pools_that_postgres_cannot_hold(server, start):
    process = start(server, "main", **database(server, cp_max=500))
    assert process.ends() == 1
    assert "database.args.cp_max" in process.text
    assert "postgres:max_connections" in process.text


def test_commits_that_postgres_would_forget(server, start):
    role = f"ALTER DATABASE {database(server)['database']['args']['dbname']}"
    server.fleet.postgres.psql("postgres", f"{role} SET synchronous_commit = off")
    try:
        process = start(server, "main", **database(server))
        assert process.ends() == 1
        assert "postgres:synchronous_commit" in process.text
    finally:
        server.fleet.postgres.psql("postgres", f"{role} RESET synchronous_commit")


def free_listeners(*names):
    """A listener for each of some resources."""
    return [{"type": "http", "port": port, "bind_addresses": ["127.0.0.1"],
             "resources": [{"names": [name]}]} for name, port in zip(names, free_ports(len(names)))]


def test_a_second_process_of_one_name_takes_over_and_only_one_stays(server, start):
    """Both would write one stream: whoever lost the lease ends and says why."""
    child = server.fleet.children["event_persister1"]
    starts = child.starts
    second = start(server, "event_persister1", worker_listeners=free_listeners("replication"))
    # The first ends because the second took its place, is started again by its supervisor and
    # takes the place back.
    assert second.ends() == 1
    assert 'worker_name "event_persister1" has taken over' in second.text
    assert child.starts > starts
    until(lambda: server.fleet.is_ready("event_persister1"), 15, "the first is back")
    ann = server.api.register(unique("ann"))
    rooms = [ann.create_room() for _ in range(4)]
    assert all(ann.send(room, "after") for room in rooms)


def test_it_can_be_stopped_while_it_waits_for_the_database(server, start):
    process = start(server, "main", **database(server, host="/nowhere"))
    until(lambda: process.text, 10, "it has begun")
    process.process.send_signal(signal.SIGTERM)
    assert process.ends(5) == 0
    assert "stopped during start-up" in process.text


def test_a_worker_waits_for_the_schema_and_refuses_a_newer_one(server, start):
    postgres = server.fleet.postgres
    name = f"schema_{unique('x').replace('-', '_')}"
    postgres.psql("postgres", f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0 "
                  "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
    own, *mains = free_listeners("client", "client", "replication")
    listeners = {"worker_listeners": [own]}
    waiting = start(server, "generic_worker1", **database(server, dbname=name), **listeners)
    until(lambda: "waiting for the main process" in waiting.text, 15, "it waits")
    main = start(server, "main", **database(server, dbname=name), listeners=mains)
    until(lambda: " ready " in main.text and " ready " in waiting.text, 30, "both run")
    main.process.send_signal(signal.SIGTERM)
    assert main.ends() == 0
    postgres.psql(name, "INSERT INTO schema_migrations (number, name, checksum, breaks_older) "
                        "VALUES (999999, 'from the future', '00', true)")
    newer = start(server, "generic_worker1", **database(server, dbname=name), **listeners)
    assert newer.ends() == 1
    assert "newer" in newer.text


def test_sighup_follows_a_rotated_log_and_its_level(server, start, tmp_path):
    log = tmp_path / "apus.log"

    def configure(level):
        config = tmp_path / "log.yaml"
        config.write_text(json.dumps({
            "version": 1, "handlers": {"file": {"class": "logging.FileHandler",
                                                "filename": str(log)}},
            "root": {"level": level, "handlers": ["file"]}}))
        return {"worker_log_config": str(config)}
    process = start(server, "generic_worker2", worker_name="rotated",
                    worker_listeners=free_listeners("client"), **configure("INFO"))
    until(lambda: log.exists() and " ready " in log.read_text(), 15, "it logs to its file")
    log.rename(tmp_path / "apus.log.1")
    configure("ERROR")
    process.process.send_signal(signal.SIGHUP)
    until(log.exists, 5, "the file is made again")
    configure("INFO")
    process.process.send_signal(signal.SIGHUP)
    process.process.send_signal(signal.SIGTERM)
    assert process.ends() == 0
    assert " stopped" in log.read_text(), "the level of the second time counts"
    assert " stopped" not in (tmp_path / "apus.log.1").read_text()


def certificate(folder, name):
    """A self-signed certificate for 127.0.0.1 -> its files."""
    files = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
         "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def test_tls_listeners_take_renewed_certificates(server, start, tmp_path):
    first, renewed = certificate(tmp_path, "first"), certificate(tmp_path, "renewed")
    used = tmp_path / "used.crt", tmp_path / "used.key"
    for source, target in zip(first, used):
        target.write_bytes(source.read_bytes())
    listener = free_listeners("client")[0] | {"tls": True}
    process = start(server, "generic_worker2", worker_name="secured", worker_listeners=[listener],
                    tls_certificate_path=str(used[0]), tls_private_key_path=str(used[1]))

    def versions(trusted):
        context = ssl.create_default_context(cafile=str(trusted))
        url = f"https://127.0.0.1:{listener['port']}/_matrix/client/versions"
        try:
            with urllib.request.urlopen(url, context=context, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False
    until(lambda: versions(first[0]), 15, "it answers with the first certificate")
    assert not versions(renewed[0])
    for source, target in zip(renewed, used):
        target.write_bytes(source.read_bytes())
    process.process.send_signal(signal.SIGHUP)
    until(lambda: versions(renewed[0]), 10, "it answers with the renewed one")
    assert not versions(first[0])


@pytest.fixture
def on_sockets(deployments):
    """A fleet whose processes reach each other by unix sockets, with a Redis that wants a
    password."""
    folder = temporary_folder(deployments.folders)
    ports = iter(free_ports(PORTS_NEEDED))
    port = next(ports)
    plan = generated_plan(folder / "conf", ports, {"generic_worker": 2, "event_persister": 2})
    shared = json.loads(plan.shared[0].read_text())
    places = {one.name: str(folder / f"{one.name}.sock") for one in plan.processes}
    shared["instance_map"] = {name: {"path": path} for name, path in places.items()}
    plan.shared[0].write_text(json.dumps(shared))
    plan.settings["listeners"].append(socket_listener(places["main"]))
    for worker in plan.workers:
        settings = json.loads(worker.config.read_text())
        settings["worker_listeners"].append(socket_listener(places[worker.name]))
        worker.config.write_text(json.dumps(settings))
    fleet = Fleet(folder / "data", plan, deployments.programs, Options(
        port=port, server_name=SERVER_NAME, bcrypt_rounds=4, shared_buffers=SHARED_BUFFERS),
        report=None)
    deployments.fleets.append(fleet)
    fleet.prepare()
    fleet.start_stores()
    fleet.redis.call("CONFIG", "SET", "requirepass", "open sesame")
    fleet.start_servers(settings={"redis": {
        "enabled": True, "path": str(fleet.redis.socket), "password": "open sesame"}})
    fleet.wait_until_ready()
    fleet.start_nginx()
    yield Deployment(fleet.base_url, fleet.site.secret("registration_shared_secret"), fleet)
    fleet.stop()


def test_the_shipped_workers_are_a_fleet(deployments):
    """The files of `workers/` as they are, but for the ports."""
    folder = temporary_folder(deployments.folders)
    conf, ports = folder / "conf", iter(free_ports(PORTS_NEEDED))
    given = collections.defaultdict(lambda: next(ports))
    conf.mkdir()
    for source in (ROOT / "workers").glob("*.yaml"):
        (conf / source.name).write_text(re.sub(
            r"(\bport: )((?:80|90|91|92)\d\d)\b",
            lambda found: f"{found[1]}{given[found[2]]}", source.read_text()))
    port, main = next(ports), next(ports)
    fleet = Fleet(folder / "data", plan_from_folder(conf, main), deployments.programs, Options(
        port=port, server_name=SERVER_NAME, bcrypt_rounds=4, shared_buffers=SHARED_BUFFERS),
        report=None)
    deployments.fleets.append(fleet)
    fleet.prepare()
    fleet.start()
    server = Deployment(fleet.base_url, fleet.site.secret("registration_shared_secret"), fleet)
    assert len(fleet.servers) == 9
    ann = server.rotating.register(unique("ann"))
    rooms = [ann.create_room() for _ in range(4)]
    for room in rooms:
        ann.send(room, "hello")
        assert bodies(ann.history(room)) == ["hello"]
    fleet.stop()


def socket_listener(path):
    return {"type": "http", "path": path, "resources": [{"names": ["replication"]}]}


def test_sockets_between_processes_and_a_password_for_redis(on_sockets):
    ann = on_sockets.rotating.register(unique("ann"))
    ben = on_sockets.rotating.register(unique("ben"))
    rooms = [ann.create_room(preset="public_chat") for _ in range(4)]
    for room in rooms:
        ben.act("join", room)
    reader = ben.through(Api([on_sockets.workers[0]]))
    since = reader.sync()["next_batch"]
    for room in rooms:
        ann.send(room, "over sockets")
    told = set()

    def is_told():
        nonlocal since
        response = reader.sync(since, timeout=500)
        since = response["next_batch"]
        told.update(response.get("rooms", {}).get("join", {}))
        return told >= set(rooms)
    until(is_told, 20, "every room's news came")
    assert on_sockets.fleet.redis.call("PING").startswith("-NOAUTH")
