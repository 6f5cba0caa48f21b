"""Which server processes there are, which files configure each, and where each listens."""
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .errors import FleetError

MAIN = "main"
HOST = "127.0.0.1"
MAIN_METRICS_PORT = 9200  # the shipped workers have the ports after it


@dataclass(frozen=True)
class Listener:
    """One TCP port and the resources that it serves."""

    port: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServerProcess:
    """One process of the server. `config` is its own file, read after the shared ones."""

    name: str
    app: str
    listeners: tuple[Listener, ...]
    config: Path | None = None

    @property
    def program(self):
        """The executable of this role: `apus.event_persister` is `apus-event-persister`."""
        return "apus-" + self.app.rsplit(".", 1)[-1].replace("_", "-")

    @property
    def client_port(self):
        """The port that answers clients, or None."""
        return next((one.port for one in self.listeners if "client" in one.names), None)

    @property
    def health_port(self):
        """A port that answers /health and /ready: every HTTP listener does."""
        return next((one.port for one in self.listeners if one.names), None)

    @property
    def metrics_port(self):
        """The port that Prometheus asks, or None."""
        return next((one.port for one in self.listeners if not one.names), None)


@dataclass(frozen=True)
class Plan:
    """The processes of a fleet, the main one first, and the files that all of them read first."""

    processes: tuple[ServerProcess, ...]
    shared: tuple[Path, ...] = ()
    settings: dict = field(default_factory=dict)

    @property
    def main(self):
        return self.processes[0]

    @property
    def workers(self):
        return self.processes[1:]

    @property
    def monolith(self):
        return not self.workers

    def of_app(self, app):
        return [one for one in self.processes if one.app.rsplit(".", 1)[-1] == app]


# ---- the YAML files in workers/ ------------------------------------------------------------
#
# The server reads these files with a real YAML parser; this runner, which has the standard
# library only, needs three facts of each and reads them line by line. So in these files:
#   * `worker_name: X` and `worker_app: X` stand at the beginning of a line;
#   * every listener gives its `port:` before its resources, whose names stand on one line as
#     `names: [client, federation]`;
#   * shared.yaml names the main process's replication port in `instance_map:` under `main:`,
#     either as `main: {host: ..., port: N}` or on lines of its own.

def plan_from_folder(folder, main_port):
    """The plan of `workers/`: shared.yaml and one file for each worker."""
    folder = Path(folder)
    shared = folder / "shared.yaml"
    if not shared.exists():
        raise FleetError(f"{shared} is missing: it names the workers that the server consists of")
    listeners = read_listeners(shared.read_text(encoding="utf-8"))
    if not listeners:
        listeners = (Listener(main_port, ("client", "federation")),
                     Listener(main_replication_port(shared), ("replication",)),
                     Listener(MAIN_METRICS_PORT))
    files = sorted(path for path in folder.glob("*.yaml") if path != shared)
    workers = [read_worker(path) for path in files]
    main = ServerProcess(MAIN, MAIN, listeners)
    return Plan((main, *workers), (shared,), {
        "listeners": listener_settings(listeners), "enable_metrics": True})


def read_worker(path):
    text = path.read_text(encoding="utf-8")
    facts = {}
    for key in ("worker_name", "worker_app"):
        found = re.search(rf"^{key}:\s*([^\s#]+)", text, re.MULTILINE)
        if not found:
            raise FleetError(f"{path} has no line `{key}: ...`")
        facts[key] = found[1].strip("'\"")
    listeners = read_listeners(text)
    if not any(one.names for one in listeners):
        raise FleetError(f"{path} has no HTTP listener, so nothing can tell whether it is ready")
    return ServerProcess(facts["worker_name"], facts["worker_app"], listeners, path)


def read_listeners(text):
    """The listeners under `listeners:` or `worker_listeners:`; see the comment above."""
    found, inside = [], False
    for line in text.splitlines():
        line = line.split(" #")[0].rstrip()
        if not line or line.startswith("#"):
            continue
        if not line[0].isspace() and not line.startswith("-"):
            inside = re.match(r"(worker_)?listeners:", line) is not None
        elif inside and (port := re.search(r"\bport:\s*(\d+)", line)):
            found.append(Listener(int(port[1])))
        if inside and found and (names := re.search(r"\bnames:\s*\[([^\]]*)\]", line)):
            every = tuple(name.strip(" '\"") for name in names[1].split(","))
            found[-1] = Listener(found[-1].port, found[-1].names + every)
    return tuple(found)


def main_replication_port(path):
    text = path.read_text(encoding="utf-8")
    block = re.search(r"^instance_map:[^\n]*\n((?:[ #][^\n]*\n|\n)*)", text, re.MULTILINE)
    found = block and re.search(r"^\s+['\"]?main['\"]?:[^#]*?\bport:\s*(\d+)", block[1],
                                re.MULTILINE | re.DOTALL)
    if not found:
        raise FleetError(f"{path} does not give the port of `main` in `instance_map`")
    return int(found[1])


# ---- generated fleets (tests, measurements) ------------------------------------------------

DEFAULT_COUNTS = {
    "generic_worker": 2, "event_persister": 2, "federation_sender": 2, "pusher": 1,
    "background_tasks": 1,
}


def generated_plan(folder, ports, counts=None):
    """A fleet of `counts` processes per role; its files are written into `folder`.

    `ports` is an iterator over free TCP ports. No counts at all ({}) makes the monolith.
    """
    counts = DEFAULT_COUNTS if counts is None else counts
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    main = ServerProcess(MAIN, MAIN, (
        Listener(next(ports), ("client", "federation")), Listener(next(ports), ("replication",)),
        Listener(next(ports))))
    workers = []
    for app, count in counts.items():
        for index in range(1, count + 1):
            name = f"{app}{index}"
            listeners = (Listener(next(ports), ("replication",)), Listener(next(ports)))
            if app == "generic_worker":
                listeners = (Listener(next(ports), ("client", "federation")), *listeners)
            workers.append(ServerProcess(name, f"apus.{app}", listeners, folder / f"{name}.yaml"))
    plan = Plan((main, *workers), (folder / "shared.yaml",) if workers else (),
                {"listeners": listener_settings(main.listeners), "enable_metrics": True})
    for worker in workers:
        write_json(worker.config, {
            "worker_app": worker.app, "worker_name": worker.name,
            "worker_listeners": listener_settings(worker.listeners)})
    if workers:
        write_json(folder / "shared.yaml", shared_settings(plan))
    return plan


def shared_settings(plan):
    """What every process must know of the others."""
    names = {app: [one.name for one in plan.of_app(app)] for app in DEFAULT_COUNTS}
    replication = {
        one.name: {"host": HOST, "port": next(
            each.port for each in one.listeners if "replication" in each.names)}
        for one in plan.processes}
    settings = {"instance_map": replication}
    if names["event_persister"]:
        settings["stream_writers"] = {"events": names["event_persister"],
                                      "to_device": names["event_persister"]}
    if names["federation_sender"]:
        settings["federation_sender_instances"] = names["federation_sender"]
    if names["pusher"]:
        settings["pusher_instances"] = names["pusher"]
    if names["background_tasks"]:
        settings["run_background_tasks_on"] = names["background_tasks"]
    return settings


def listener_settings(listeners):
    """Listeners in the form of the configuration; one without resources is for metrics."""
    return [{"type": "http", "port": one.port, "bind_addresses": [HOST], "tls": False,
             "x_forwarded": True, "resources": [{"names": list(one.names)}]} if one.names
            else {"type": "metrics", "port": one.port, "bind_addresses": [HOST]}
            for one in listeners]


def write_json(path, value):
    """JSON is valid YAML."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
