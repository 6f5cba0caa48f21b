"""The local runner itself, with stand-ins for the server's programs."""
import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fleet import Fleet, FleetError, Options, RestartDelay, generated_plan, plan_from_folder
from fleet.nginx import Nginx, program
from fleet.plan import HOST
from fleet.ports import free_ports
from fleet.processes import Child
from fleet.reaper import start_time
from support.deployment import PORTS_NEEDED, temporary_folder
from support.stub import write_program, write_stubs
from support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "deploy" / "local" / "run.py"
SHARED = """\
# comment: with a port: 1
instance_map:
  main:
    host: 127.0.0.1
    port: {main}
  worker1: {{host: 127.0.0.1, port: 2}}
"""
WORKER = """\
worker_app: apus.generic_worker
worker_name: worker1  # a comment
worker_listeners:
  - type: http
    port: {client}
    bind_addresses: ['127.0.0.1']
    resources:
      - names: [client, "federation"]
  - type: http
    port: {replication}
    resources: [{{names: [replication]}}]
  - type: metrics
    port: {metrics}
"""


@pytest.fixture
def folder():
    folders = []
    yield temporary_folder(folders)
    subprocess.run(["rm", "-rf", *folders], check=True)


def make_fleet(folder, **options):
    ports = iter(free_ports(PORTS_NEEDED))
    port = next(ports)
    plan = generated_plan(folder / "conf", ports, options.pop("counts", None))
    return Fleet(folder / "data", plan, write_stubs(folder / "programs"), Options(
        port=port, shared_buffers="16MB", delay=RestartDelay(0.1, 0.2), **options), report=None)


@contextlib.contextmanager
def running(fleet):
    fleet.prepare()
    fleet.start()
    try:
        yield json.loads((fleet.folder / "target.json").read_text())
    finally:
        fleet.stop()


def write_workers(folder, ports):
    """A hand-written `workers/` folder with one generic worker."""
    folder.mkdir()
    (folder / "shared.yaml").write_text(SHARED.format(main=ports[0]))
    (folder / "worker.yaml").write_text(
        WORKER.format(client=ports[1], replication=ports[2], metrics=ports[3]))
    return folder


def group_of(target, name):
    return [one for one in target["processes"] if one["group"] == name]


# ---- reading and writing configuration -----------------------------------------------------

def test_worker_files_are_read(folder):
    plan = plan_from_folder(write_workers(folder / "workers", [9093, 8083, 9094, 9200]), 8080)
    worker, = plan.workers
    assert (worker.name, worker.program) == ("worker1", "apus-generic-worker")
    assert (worker.client_port, worker.health_port) == (8083, 8083)
    assert [one.port for one in worker.listeners] == [8083, 9094, 9200]
    assert [one.port for one in plan.main.listeners] == [8080, 9093, 9200]
    assert (plan.main.client_port, plan.main.health_port) == (8080, 8080)


def test_the_shipped_worker_files_are_read():
    plan = plan_from_folder(ROOT / "workers", 8080)
    apps = sorted(one.program for one in plan.workers)
    assert apps == sorted(
        2 * ["apus-generic-worker", "apus-event-persister", "apus-federation-sender"]
        + ["apus-pusher", "apus-background-tasks"])
    ports = [each.port for one in plan.processes for each in one.listeners]
    assert len(set(ports)) == len(ports), "two listeners share a port"


def test_a_worker_file_without_a_name_is_named(folder):
    workers = write_workers(folder / "workers", [1, 2, 3, 4])
    (workers / "other.yaml").write_text("worker_app: apus.pusher\n")
    with pytest.raises(FleetError, match=r"other\.yaml has no line `worker_name"):
        plan_from_folder(workers, 8080)


def test_nginx_accepts_its_configuration(folder):
    nginx = Nginx(folder / "nginx", 9099, folder / "run")
    nginx.prepare(write_stubs(folder / "programs") / "apusctl", [], [])
    done = subprocess.run([program(), "-t", "-q", *nginx.command()[1:]], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_failure_of_apusctl_is_told(folder):
    refusing = folder / "apusctl"
    write_program(refusing, "#!/bin/sh\necho no such worker >&2\nexit 1\n")
    with pytest.raises(FleetError, match="no such worker"):
        Nginx(folder / "nginx", 9099, folder / "run").prepare(refusing, [], [])


# ---- a whole fleet of stand-ins ------------------------------------------------------------

def test_everything_starts_and_stops(folder):
    fleet = make_fleet(folder)
    with running(fleet) as target:
        assert len(group_of(target, "server")) == 9
        assert {one["group"] for one in target["processes"]} == {
            "server", "postgres", "redis", "nginx"}
        pids = [one["pid"] for one in target["processes"]]
        assert all(start_time(pid) for pid in pids)
        facts = fleet.postgres.psql("apus", "select current_setting('server_encoding'),"
                                    " current_setting('synchronous_commit')")
        assert facts == "UTF8|on"
        collation = "select datcollate from pg_database where datname = 'apus'"
        assert fleet.postgres.psql("apus", collation) == "C"
        assert fleet.redis.call("PING") == "+PONG"
    assert not any(start_time(pid) for pid in pids), "something was left running"


def test_postgres_does_not_run_as_root(folder):
    with running(make_fleet(folder, counts={})) as target:
        pid = group_of(target, "postgres")[0]["pid"]
        assert os.stat(f"/proc/{pid}").st_uid != 0


def test_secrets_are_for_the_owner_only(folder):
    fleet = make_fleet(folder, counts={})
    fleet.prepare()
    fleet.stop()
    secret = [fleet.site.signing_key, *(fleet.folder / "secrets").iterdir()]
    assert len(secret) == 5
    for path in secret:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert re.fullmatch(r"ed25519 a_[A-Za-z]{4} [A-Za-z0-9+/]{43}\n",
                        fleet.site.signing_key.read_text())


def test_a_second_start_finds_the_data(folder):
    fleet = make_fleet(folder, counts={})
    with running(fleet):
        fleet.postgres.psql("apus", "create table kept as select 7 as value")
        key, site = fleet.site.signing_key.read_text(), fleet.site.homeserver.read_text()
    again = make_fleet(folder, counts={})
    with running(again):
        assert again.postgres.psql("apus", "select value from kept") == "7"
    assert (again.site.signing_key.read_text(), again.site.homeserver.read_text()) == (key, site)


def test_another_server_name_needs_another_folder(folder):
    (folder / "data").mkdir()
    make_fleet(folder, counts={}).site.prepare("first.name", HOST)
    fleet = make_fleet(folder, counts={}, server_name="other.name")
    with pytest.raises(FleetError, match="names the server first.name"):
        fleet.prepare()
    fleet.stop()


def test_a_crashed_process_comes_back(folder):
    fleet = make_fleet(folder)
    with running(fleet) as target:
        for name in ("generic_worker1", "main", "redis", "postgres"):
            before = fleet.children[name].pid
            fleet.crash(name)
            until(lambda: fleet.children[name].pid not in (before, None), 10, f"{name} is back")
        until(lambda: all(fleet.is_ready(one.name) for one in fleet.plan.processes), 10, "ready")
        until(fleet.redis.is_up, 10, "Redis answers")
        fleet.postgres.wait_until_up(lambda: True)
        new = json.loads((fleet.folder / "target.json").read_text())
        assert group_of(new, "postgres")[0]["pid"] != group_of(target, "postgres")[0]["pid"]


def test_the_restart_delay_grows_to_its_limit():
    delays = [RestartDelay(1, 30).after(failures) for failures in range(1, 9)]
    for delay, middle in zip(delays, (1, 2, 4, 8, 16, 30, 30, 30)):
        assert 0.9 * middle <= delay <= 1.1 * middle


def test_a_process_that_ignores_the_request_to_end_is_killed(tmp_path):
    said = []
    child = Child("deaf", ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"],
                  log=tmp_path / "log", report=said.append)
    child.start()
    until(lambda: "up" in child.tail(), 5, "the shell is up")
    assert child.stop(seconds=0.2) is False
    assert not child.running and said == ["deaf did not end in time and is killed"]


# ---- refusals ------------------------------------------------------------------------------

def test_a_taken_port_is_named_with_its_owner(folder):
    fleet = make_fleet(folder, counts={})
    with socket.create_server((HOST, fleet.options.port)):
        with pytest.raises(FleetError, match=rf"port {fleet.options.port}, wanted by nginx.*"
                                             rf"\(pid {os.getpid()}\)"):
            fleet.prepare()
    fleet.stop()


def test_a_second_runner_is_refused(folder):
    fleet = make_fleet(folder, counts={})
    with running(fleet):
        with pytest.raises(FleetError, match="in use by another runner"):
            make_fleet(folder, counts={}).prepare()


def test_a_folder_that_is_closed_to_others_will_do(folder):
    folder.chmod(0o700)
    fleet = make_fleet(folder, counts={})
    with running(fleet) as target:
        pid = group_of(target, "postgres")[0]["pid"]
        assert os.stat(f"/proc/{pid}").st_uid != 0
        assert fleet.postgres.psql("apus", "create table kept as select 7 as value") == ""
        fleet.crash("postgres")
        until(lambda: fleet.children["postgres"].pid not in (pid, None), 10, "Postgres is back")
        fleet.postgres.wait_until_up(lambda: True)
        assert fleet.postgres.psql("apus", "select value from kept") == "7"


def test_a_missing_program_is_named(folder):
    fleet = make_fleet(folder)
    (folder / "programs" / "apus-pusher").unlink()
    with pytest.raises(FleetError, match="apus-pusher is missing"):
        fleet.prepare()
    fleet.stop()


def test_a_program_that_ends_at_once_fails_the_start_with_its_words(folder):
    fleet = make_fleet(folder, counts={})
    (folder / "programs" / "apus-main").write_text("#!/bin/sh\necho cannot go on\nexit 3\n")
    fleet.prepare()
    with pytest.raises(FleetError, match="(?s)main ends again and again.*cannot go on"):
        fleet.start()
    assert not any(child.running for child in fleet.children.values())


# ---- the command line ----------------------------------------------------------------------

class Terminal:
    """`run.py` as a person starts it."""

    def __init__(self, folder):
        self.data = folder / "data"
        ports = list(free_ports(6))
        self.options = ["--data", str(self.data)]
        self.how = ["--no-install", "--programs", str(write_stubs(folder / "programs")),
                    "--workers", str(write_workers(folder / "workers", ports[2:])),
                    "--port", str(ports[0]), "--main-port", str(ports[1])]
        self.url = f"http://{HOST}:{ports[0]}"

    def start(self, *words):
        return subprocess.Popen([sys.executable, RUN, *words, *self.options, *self.how],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def do(self, *words):
        return subprocess.run([sys.executable, RUN, *words, *self.options], capture_output=True,
                              text=True, check=False)

    def target(self):
        return json.loads((self.data / "target.json").read_text())


@pytest.fixture
def terminal(folder):
    terminal = Terminal(folder)
    yield terminal
    terminal.do("stop")


def read_until(process, text):
    seen = []
    for line in process.stdout:
        seen.append(line)
        if text in line:
            return "".join(seen)
    raise AssertionError(f"it ended without saying {text!r}:\n{''.join(seen)}")


def test_what_prevents_a_start_is_told_before_the_build(terminal):
    port = int(terminal.url.rsplit(":", 1)[1])
    with socket.create_server((HOST, port)):
        done = terminal.do("run", "--no-install", "--port", str(port))
    assert done.returncode == 1 and done.stderr.startswith(f"run: port {port}, wanted by nginx")
    assert "building" not in done.stdout


@pytest.mark.parametrize(("words", "said"), [
    (["--prot", "8009"], "unrecognized arguments: --prot 8009"),
    (["--port", "70000"], "argument --port: 70000 is not between 1 and 65535"),
    (["--server-name", "two words"], "'two words' is no server name"),
    (["--workers", "/nowhere"], "/nowhere/shared.yaml is missing"),
    (["--data", "/dev/null/data"], "/dev/null/data: Not a directory"),
])
def test_a_wrong_option_is_told_in_words(terminal, words, said):
    done = subprocess.run([sys.executable, RUN, "run", *terminal.options, *terminal.how, *words],
                          capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2) and said in done.stderr
    assert "Traceback" not in done.stderr


def test_run_in_the_foreground_and_control_c(terminal):
    process = terminal.start()
    said = read_until(process, "chat.py")
    assert f"Apus is up.   {terminal.url}" in said
    assert "worker1  | started with bcrypt 12" in said, "logs carry the name of their process"
    assert f"{terminal.url}/_matrix/client/v3/register" in said
    pids = [one["pid"] for one in terminal.target()["processes"]]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0 and "stopped" in rest and "killed" not in rest
    assert not any(start_time(pid) for pid in pids)


def test_run_in_the_background(terminal):
    out, _ = terminal.start("run", "--detach").communicate(timeout=60)
    assert f"Apus is up.   {terminal.url}" in out
    assert terminal.do("status").stdout.startswith("ready\n")
    before = terminal.target()
    assert terminal.do("stop", "--servers-only").returncode == 0
    assert not any(start_time(one["pid"]) for one in group_of(before, "server"))
    assert all(start_time(one["pid"]) for one in group_of(before, "postgres"))
    assert subprocess.run(before["start"], check=False).returncode == 0
    after = terminal.target()
    assert after["bcrypt_rounds"] == 12 and len(group_of(after, "server")) == 2
    assert all(start_time(one["pid"]) for one in after["processes"])
    assert terminal.do("stop").returncode == 0
    assert not any(start_time(one["pid"]) for one in after["processes"])
    assert "nothing runs" in terminal.do("status").stderr


def test_nothing_outlives_a_killed_runner(terminal):
    process = terminal.start()
    read_until(process, "chat.py")
    pids = [one["pid"] for one in terminal.target()["processes"]]
    process.kill()
    process.communicate()
    until(lambda: not any(start_time(pid) for pid in pids), 15, "all processes ended")
    out, _ = terminal.start("run", "--detach").communicate(timeout=60)
    assert "Apus is up." in out, "the next run starts on the same folder"
