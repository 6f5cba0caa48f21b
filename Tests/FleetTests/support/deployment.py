"""Whole servers for tests: started once per run, in temporary folders, ended for certain."""
import atexit
import itertools
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from fleet import Fleet, Options, RestartDelay, generated_plan
from fleet.ports import free_ports
from support.api import Api

SERVER_NAME = "fleet.test"
SHARED_BUFFERS = "64MB"
PORTS_NEEDED = 40
# As systemd would, but sooner: tests should not wait for the back-off.
DELAY = RestartDelay(first=0.5, longest=2.0)
COUNTS = {"fleet": None, "monolith": {}}
# What a name with `+presence` adds. It wakes those who sync, which other tests do without.
EXTRAS = {"": None, "presence": {"presence": {"enabled": True}}}


class Deployment:
    """A running server: `api` goes through nginx, `rotating` to each way in by turns."""

    def __init__(self, url, shared_secret, fleet=None):
        self.url, self.shared_secret, self.fleet = url, shared_secret, fleet
        self.workers, self.main = [url], url
        if fleet:
            self.main = address(fleet.plan.main)
            generic = fleet.plan.of_app("generic_worker")
            self.workers = [address(one) for one in generic] or [self.main]
        self.entries = list(dict.fromkeys([url, *self.workers, self.main]))
        self.api, self.rotating = Api([url]), Api(self.entries)

    def tails(self):
        """The last log lines of every process."""
        if not self.fleet:
            return ""
        return "\n".join(f"--- {child.name} (pid {child.pid})\n{child.tail()}"
                         for child in self.fleet.children.values())

    def pids(self):
        """{name: pid} of the server processes."""
        return {child.name: child.pid for child in self.fleet.servers} if self.fleet else {}


def address(process):
    return f"http://127.0.0.1:{process.client_port}"


class Deployments:
    """Makes each kind of server when a test first asks for it; ends all that it made."""

    def __init__(self, root, programs, url):
        self.programs = Path(programs) if programs else built_last(root)
        self.url, self.made, self.fleets, self.folders = url, {}, [], []
        atexit.register(self.stop_all)

    def get(self, name):
        """`fleet`, `monolith`, each also with `+presence`, or `external`, shared by all tests of
        the run."""
        if name not in self.made:
            kind, _, extra = name.partition("+")
            self.made[name] = (self.external() if kind == "external"
                               else self.start(COUNTS[kind], overrides=EXTRAS[extra]))
        return self.made[name]

    def external(self):
        return Deployment(self.url, os.environ.get("APUS_SHARED_SECRET", ""))

    def start(self, counts, overrides=None, **options):
        """Start one more server, whose `counts` are those of generated_plan. `overrides` are
        configuration keys that win over those of the site's own file."""
        folder = temporary_folder(self.folders)
        ports = iter(free_ports(PORTS_NEEDED))
        port = next(ports)
        plan = generated_plan(folder / "conf", ports, counts)
        fleet = Fleet(folder / "data", plan, self.programs, Options(**{
            "port": port, "server_name": SERVER_NAME, "bcrypt_rounds": 4, "delay": DELAY,
            "shared_buffers": SHARED_BUFFERS, **options}), report=None)
        self.fleets.append(fleet)
        fleet.prepare()
        if overrides:
            with fleet.site.homeserver.open("a", encoding="utf-8") as file:
                file.writelines(f"{key}: {json.dumps(value)}\n"
                                for key, value in overrides.items())
        fleet.start()
        secret = fleet.site.secret("registration_shared_secret")
        return Deployment(fleet.base_url, secret, fleet)

    def stop_all(self):
        """End all servers and remove their folders (kept when APUS_KEEP is set)."""
        for fleet in self.fleets:
            fleet.stop()
        for folder in self.folders:
            if not os.environ.get("APUS_KEEP"):
                shutil.rmtree(folder, ignore_errors=True)
        self.made, self.fleets, self.folders = {}, [], []


def temporary_folder(made):
    """A short path that the user `postgres` can enter, unlike pytest's own folders."""
    folder = Path(tempfile.mkdtemp(prefix="apus-fleet-"))
    folder.chmod(0o711)
    made.append(folder)
    return folder


def built_last(root):
    """The programs of the newer build."""
    found = [root / ".build" / kind for kind in ("release", "debug")]
    found = [folder for folder in found if (folder / "apus-main").exists()]
    return max(found, key=lambda folder: (folder / "apus-main").stat().st_mtime,
               default=root / ".build" / "debug")


started = f"{int(time.time()):x}"
counter = itertools.count(1)


def unique(stem):
    """A name that nothing else uses, fit for a user or an alias."""
    return f"{stem}-{started}-{next(counter)}"
