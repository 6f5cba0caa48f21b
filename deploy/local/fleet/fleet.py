"""A whole server on this machine: the order of things, and the file for the load harness."""
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from .errors import FleetError
from .nginx import Nginx
from .plan import HOST, Plan
from .ports import is_free, listener_of
from .postgres import DATABASE, ROLE, SOCKET_NAME, Postgres, others_may_enter
from .processes import KILL_AFTER_SECONDS, Child, Echo, Reaper, RestartDelay, stop_all
from .redis import Redis
from .site import Site

SOCKET_PATH_LIMIT = 107  # bytes in sockaddr_un.sun_path, less the end mark
READY_SECONDS = 60.0
CRASHES_BEFORE_READY = 3
LEFTOVERS_SECONDS = 15.0
POOL = {"cp_min": 2, "cp_max": 8}  # 9 processes stay far below max_connections


@dataclass(frozen=True)
class Options:
    """What a start may choose. Everything else follows from the folder and the plan."""

    port: int
    server_name: str | None = None  # None: the folder's, or site.DEFAULT_NAME for a new one
    bcrypt_rounds: int = 12
    log_level: str = "INFO"
    shared_buffers: str = "256MB"
    delay: RestartDelay = RestartDelay()
    settings: dict = field(default_factory=dict)  # further configuration keys, for tests


class Fleet:
    """One server under one data folder. Not to be used from several threads at once."""

    def __init__(self, folder, plan: Plan, programs, options: Options, report=print, echo=False):
        self.folder, self.plan, self.options = Path(folder).resolve(), plan, options
        self.programs, self.report = Path(programs).resolve(), report
        self.log_folder = self.folder / "log"
        self.sockets = sockets = socket_folder(self.folder)
        self.site = Site(self.folder)
        self.postgres = Postgres(
            self.folder / "postgres", sockets / "pg", options.shared_buffers)
        self.redis = Redis(self.folder / "redis", sockets)
        self.nginx = Nginx(self.folder / "nginx", options.port, sockets / "nginx")
        names = [*(one.name for one in plan.processes), "postgres", "redis", "nginx"]
        self.echo = Echo(names) if echo else None
        self.children, self.lock_file, self.reaper = {}, None, None
        self.target_lock = threading.Lock()

    @property
    def base_url(self):
        return f"http://{HOST}:{self.options.port}"

    @property
    def servers(self):
        """The children of the server group, main first."""
        return [self.children[one.name] for one in self.plan.processes]

    # ---- start ---------------------------------------------------------------------------------

    def check(self):
        """Find out what would refuse a start, before minutes are spent on a build."""
        if (self.folder / "run").exists():
            self._lock()
            self._unlock()
        self.site.check_name(self.options.server_name)
        self._check_ports()

    def prepare(self):
        """Take the folder for ourselves and make what is missing in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)  # Postgres and nginx may run as other users and must get through
        self._lock()
        self.log_folder.mkdir(exist_ok=True)
        self._make_socket_folder()
        self.site.prepare(self.options.server_name, HOST)
        self._check_ports()
        self.postgres.prepare()
        self.redis.prepare()
        self.reaper = Reaper(self.lock_file)
        self._make_children()

    def start(self):
        """Start everything and wait until all of it is ready; on failure, stop all of it."""
        try:
            self.start_stores()
            self.start_servers()
            self.wait_until_ready()
            self.start_nginx()
        except BaseException:
            self.stop()
            raise

    def start_stores(self):
        """Postgres and Redis."""
        self._reported("starting Postgres" + ("" if self.plan.monolith else " and Redis"))
        postgres = self.children["postgres"]
        postgres.start()
        if "redis" in self.children:
            self.children["redis"].start()
        try:
            self.postgres.wait_until_up(lambda: postgres.starts <= CRASHES_BEFORE_READY)
        except FleetError as error:
            raise FleetError(f"{error}:\n{postgres.tail()}") from None
        self.postgres.ensure_database()
        if "redis" in self.children:
            self._until(self.redis.is_up, self.children["redis"], time.monotonic() + READY_SECONDS)

    def start_servers(self, **changes):
        """Start the server processes and return at once. `changes` replace options."""
        self.options = replace(self.options, **changes)
        self.write_local()
        self.nginx.prepare(self.programs / "apusctl", self.shared_files, [
            one.config for one in self.plan.processes if one.config])
        self._reported(f"starting {', '.join(child.name for child in self.servers)}")
        for child in self.servers:
            child.start()
        self.write_target()

    def start_nginx(self):
        self.children["nginx"].start()
        self._until(lambda: answers(self.options.port, "/_matrix/client/versions"),
                    self.children["nginx"], time.monotonic() + READY_SECONDS)
        self.write_target()

    def wait_until_ready(self, seconds=READY_SECONDS):
        """Wait until every server process says that it is ready."""
        began = time.monotonic()
        deadline = began + seconds
        for process in self.plan.processes:
            self._until(lambda port=process.health_port: answers(port, "/ready"),
                        self.children[process.name], deadline)
        self._reported(f"all are ready after {time.monotonic() - began:.1f} s")

    def write_local(self):
        """The configuration that depends on the folder and on the options of this start."""
        options = self.options
        self.site.write_local({
            **self.plan.settings, "bcrypt_rounds": options.bcrypt_rounds,
            "public_baseurl": self.base_url + "/",
            "database": {"name": "psycopg2", "args": {
                "host": str(self.postgres.socket_folder), "user": ROLE, "dbname": DATABASE,
                **POOL}},
            "redis": {"enabled": not self.plan.monolith, **(
                {} if self.plan.monolith else {"path": str(self.redis.socket)})},
            **options.settings}, options.log_level)

    @property
    def shared_files(self):
        """The configuration that all processes get."""
        return [*self.plan.shared, self.site.local, self.site.homeserver]

    def command(self, process):
        """The command line of a server process."""
        files = [*self.shared_files, *([process.config] if process.config else [])]
        program = self.programs / process.program
        return [program, *(part for file in files for part in ("--config-path", file))]

    def _make_children(self):
        for process in self.plan.processes:
            if not (self.programs / process.program).exists():
                raise FleetError(f"{self.programs / process.program} is missing: build it first")
            self._add(process.name, self.command(process))
        self._add("postgres", self.postgres.command(), identity=self.postgres.identity(), cwd="/",
                  stop_signal=self.postgres.stop_signal)
        if not self.plan.monolith:
            self._add("redis", self.redis.command())
        self._add("nginx", self.nginx.command())

    def _add(self, name, command, **more):
        more.setdefault("cwd", self.folder)
        log = self.log_folder / f"{name}.log"
        self.children[name] = Child(
            name, command, log=log, report=self._reported, delay=self.options.delay,
            reaper=self.reaper, echo=self.echo, on_restart=self.write_target, **more)

    def _reported(self, text):
        if self.report:
            self.report(text)

    def _lock(self):
        run = self.folder / "run"
        run.mkdir(exist_ok=True)
        file = open(run / "lock", "a+", encoding="utf-8")
        deadline = time.monotonic() + LEFTOVERS_SECONDS
        while not try_lock(file):
            file.seek(0)
            owner = file.read().strip()
            # The reaper of a killed runner holds the lock until all its processes have ended.
            if is_alive(owner) or time.monotonic() > deadline:
                file.close()
                raise FleetError(
                    f"the data folder {self.folder} is in use by another runner (pid {owner}): "
                    "stop that one, or give this one a folder of its own (--data)")
            time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self.lock_file = file

    def _unlock(self):
        if self.lock_file:
            self.lock_file.close()
            self.lock_file = None

    def _make_socket_folder(self):
        self.sockets.mkdir(parents=True, exist_ok=True)
        if self.sockets.stat().st_uid != os.getuid():
            raise FleetError(f"{self.sockets} belongs to another user: remove it, or choose "
                             "another data folder (--data)")
        self.sockets.chmod(0o711)

    def _check_ports(self):
        wanted = [(self.options.port, "nginx (--port)")]
        wanted += [(listener.port, f"{process.name} ({process.config or 'main listener'})")
                   for process in self.plan.processes for listener in process.listeners]
        ports = [port for port, _ in wanted]
        for port, user in wanted:
            if ports.count(port) > 1:
                both = " and ".join(name for other, name in wanted if other == port)
                raise FleetError(f"port {port} is wanted twice: by {both}")
            try:
                if not is_free(port):
                    raise FleetError(
                        f"port {port}, wanted by {user}, is taken by {listener_of(port)}")
            except OSError as error:
                raise FleetError(f"port {port}, wanted by {user}: {error}") from error

    def _until(self, condition, child, deadline):
        while not condition():
            if child.starts >= CRASHES_BEFORE_READY:
                raise FleetError(f"{child.name} ends again and again:\n{child.tail()}")
            if time.monotonic() > deadline:
                raise FleetError(f"{child.name} is not ready in time:\n{child.tail()}")
            time.sleep(0.02)

    # ---- stop ----------------------------------------------------------------------------------

    def stop(self):
        """End everything in order: no new requests, then the servers, then what they use."""
        in_order = True
        for names in (["nginx"], None, ["redis"], ["postgres"]):
            if names is None:
                in_order &= self.stop_servers()
            else:
                in_order &= stop_all([self.children[n] for n in names if n in self.children])
        self.postgres.close_way()
        if self.reaper:
            self.reaper.close()
            self.reaper = None
            if not self.sockets.is_relative_to(self.folder):
                shutil.rmtree(self.sockets, ignore_errors=True)
        self._unlock()
        return in_order

    def stop_servers(self):
        """End the server processes: those that take requests first, main last."""
        groups = ([one for one in self.plan.workers if one.client_port],
                  [one for one in self.plan.workers if not one.client_port], [self.plan.main])
        in_order = True
        for group in groups:
            in_order &= stop_all([self.children[one.name] for one in group
                                  if one.name in self.children], KILL_AFTER_SECONDS)
        return in_order

    # ---- the target file -----------------------------------------------------------------------

    def write_target(self):
        """target.json: which processes belong to the server, and how to restart them."""
        with self.target_lock:
            me = [sys.executable, str(Path(__file__).parents[1] / "run.py")]
            data = ["--data", str(self.folder)]
            target = {
                "base_url": self.base_url, "version": version(self.programs),
                "registration_shared_secret": self.site.secret("registration_shared_secret"),
                "processes": self._target_processes(), "bcrypt_rounds": self.options.bcrypt_rounds,
                "stop": [*me, "stop", *data, "--servers-only"],
                "start": [*me, "start", *data, "--servers-only", "--bcrypt-rounds", "12"]}
            path = self.folder / "target.json"
            partial = path.with_suffix(".new")
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                      encoding="utf-8") as file:
                json.dump(target, file, indent=1)
            os.rename(partial, path)

    def _target_processes(self):
        rows = [{"name": one.name, "group": "server", "pid": self.children[one.name].pid,
                 "health": f"http://{HOST}:{one.health_port}/health"}
                for one in self.plan.processes]
        rows += [{"name": name, "group": name, "pid": self.children[name].pid}
                 for name in ("postgres", "redis", "nginx") if name in self.children]
        return [row for row in rows if row["pid"]]

    def signal(self, name, number):
        """Send a signal to one of our processes, for fault tests."""
        if not self.children[name].signal(number):
            raise FleetError(f"{name} is not running")

    def is_ready(self, name):
        process = next(one for one in self.plan.processes if one.name == name)
        return answers(process.health_port, "/ready")

    def crash(self, name):
        self.signal(name, signal.SIGKILL)


def answers(port, path, timeout=2.0):
    """True when a GET on the port is answered with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def try_lock(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_alive(pid):
    return pid.isdecimal() and os.path.exists(f"/proc/{pid}")


def socket_folder(folder):
    """Where the sockets go: in the data folder, or under /tmp when its path is too long, or
    closed to the users as whom root runs Postgres and the workers of nginx."""
    sockets = folder / "run" / "sockets"
    short = len(os.fsencode(sockets / "pg" / SOCKET_NAME)) <= SOCKET_PATH_LIMIT
    if short and (os.getuid() != 0 or others_may_enter(folder)):
        return sockets
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(f"/tmp/apus-{os.getuid()}-{name}")


def version(programs):
    """`apus` and the commit that the programs were built from, as far as git tells."""
    done = subprocess.run(
        ["git", "-C", str(Path(programs).parent), "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=False)
    return f"apus {done.stdout.strip()}".strip()
