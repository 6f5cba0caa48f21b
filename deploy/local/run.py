#!/usr/bin/env python3
"""Build and run a whole Apus server on this machine.

    run.py                      install, build, start; logs here; Ctrl-C stops all of it
    run.py run --detach         the same in the background
    run.py status | stop        for a server that runs in the background or elsewhere
    run.py stop --servers-only  leave Postgres, Redis and nginx running ...
    run.py start --servers-only ... and start the server processes again
    run.py install              the Debian packages only

Everything is kept in one data folder (default: data/ beside the Makefile) and listens on
127.0.0.1 only. `target.json` in that folder names the processes, for measurements.
"""
import argparse
import fcntl
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from fleet import Fleet, FleetError, Options, plan_from_folder
from fleet.control import ControlServer, ask
from fleet.fleet import socket_folder
from fleet.packages import (
    BUILD_PACKAGES, RUN_PACKAGES, build, install_packages, programs_folder)
from fleet.plan import MAIN, Plan

ROOT = Path(__file__).resolve().parents[2]
CHAT = Path(__file__).resolve().with_name("chat.py")
BACKGROUND_SECONDS = 120.0
GREETING = """
Apus is up.   {url}   (server name: {server_name}, data: {folder})

{table}

Try:
  # register a user
  curl -sS {url}/_matrix/client/v3/register -d '{{"username": "alice", "password": "wonderland", \
"auth": {{"type": "m.login.dummy"}}}}'
  # log in
  curl -sS {url}/_matrix/client/v3/login -d '{{"type": "m.login.password", "password": \
"wonderland", "identifier": {{"type": "m.id.user", "user": "alice"}}}}'
  # point a client at it: Element or any other with the homeserver URL {url}, or
  {chat} {url} alice wonderland
"""


class Runner:
    """Owns the fleet of one data folder until it is told to stop."""

    def __init__(self, fleet, folder):
        self.fleet, self.work = fleet, threading.Lock()
        self.stopping = threading.Event()
        self.control_path = control_path(folder)
        self.ready = False

    def run(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        control = None
        try:
            self.fleet.prepare()
            control = ControlServer(self.control_path, self.handle)
            self.fleet.start()
            self.ready = True
            print(greeting(self.fleet), flush=True)
            self.stopping.wait()
        except KeyboardInterrupt:
            pass  # _on_signal, before the start was complete
        finally:
            in_order = self._stop(control)
        say("stopped" if in_order else "stopped; some processes had to be killed")

    def _stop(self, control):
        if self.ready:
            say("stopping")
        with self.work:
            self.ready = False
            in_order = self.fleet.stop()
        if control:
            control.close()
        return in_order

    def _on_signal(self, number, frame):
        if self.ready:
            self.stopping.set()
            return
        signal.signal(number, signal.SIG_IGN)  # one is enough to end a start
        raise KeyboardInterrupt

    def handle(self, request):
        """A request of `start`, `stop` or `status`."""
        do = request.get("do")
        if do == "stop" and not request.get("servers_only"):
            self.stopping.set()
        elif do != "status":
            if not self.ready:
                raise FleetError("the server is still starting")
            with self.work:
                if do == "stop":
                    self.fleet.stop_servers()
                else:
                    self.fleet.start_servers(**request.get("options", {}))
        return {"ready": self.ready, "pid": os.getpid(), "table": table(self.fleet)}


def say(text):
    print(f"run: {text}", flush=True)


def control_path(folder):
    return socket_folder(Path(folder).resolve()) / "control.sock"


def table(fleet):
    rows = [("process", "pid", "listens on")]
    listens = {one.name: ", ".join(f"127.0.0.1:{each.port}" for each in one.listeners)
               for one in fleet.plan.processes}
    listens |= {"nginx": f"127.0.0.1:{fleet.options.port}", "redis": fleet.redis.socket,
                "postgres": fleet.postgres.socket_folder}
    rows += [(name, child.pid or "-", listens[name]) for name, child in fleet.children.items()]
    return "\n".join(f"  {name:<20} {pid!s:>8}  {place}" for name, pid, place in rows)


def in_words(path):
    """As it is typed in a shell in the folder that `make` was called in."""
    here = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return shlex.quote(str(here))


def greeting(fleet):
    return GREETING.format(url=fleet.base_url, server_name=fleet.site.server_name,
                           folder=fleet.folder, table=table(fleet), chat=in_words(CHAT))


# ---- commands ------------------------------------------------------------------------------

def run(args):
    if args.install:
        install_packages(report=say)
    fleet = make_fleet(args)
    fleet.check()
    if not args.programs:
        build(ROOT, args.configuration, report=say)
    if args.detach:
        detach(args, fleet.programs)
    else:
        Runner(fleet, args.data).run()


def make_fleet(args):
    plan = plan_from_folder(args.workers, args.main_port)
    if args.monolith:
        plan = Plan((plan.main,), (), plan.settings)
    options = Options(port=args.port, server_name=args.server_name, log_level=args.log_level,
                      bcrypt_rounds=args.bcrypt_rounds)
    programs = args.programs or programs_folder(ROOT, args.configuration)
    return Fleet(args.data, plan, programs, options, report=say, echo=args.echo)


def install(args):
    install_packages((*BUILD_PACKAGES, *RUN_PACKAGES, *args.more), report=say)


def detach(args, programs):
    """Start a runner in the background and wait until its server is ready."""
    log = Path(args.data) / "log" / "runner.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [word for word in sys.argv[1:] if word not in ("run", "start", "--detach")]
    command = [sys.executable, __file__, "run", *words, "--no-install", "--no-echo",
               "--programs", str(programs)]
    with open(log, "wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + BACKGROUND_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        answer = ask(control_path(args.data), {"do": "status"})
        if answer and answer["ready"] and answer["pid"] == child.pid:
            print(log.read_text(encoding="utf-8"))
            return
        time.sleep(0.1)
    raise FleetError(f"it did not start; {log} says:\n{log.read_text(encoding='utf-8')}")


def start(args):
    options = {"bcrypt_rounds": args.bcrypt_rounds}
    if ask(control_path(args.data), {"do": "start", "options": options}) is not None:
        return
    if args.servers_only:
        raise FleetError("nothing runs on this data folder; use `run.py run --detach`")
    args.detach = True
    run(args)


def stop(args):
    path = control_path(args.data)
    if ask(path, {"do": "stop", "servers_only": args.servers_only}) is None:
        raise FleetError("nothing runs on this data folder")
    if args.servers_only:
        return
    with open(args.data / "run" / "lock", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the runner and all its processes have ended


def status(args):
    answer = ask(control_path(args.data), {"do": "status"})
    if answer is None:
        raise FleetError("nothing runs on this data folder")
    print(("ready" if answer["ready"] else "starting") + "\n" + answer["table"])


def parse(words):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", default=ROOT / "data", type=Path, help="the data folder")
    common.add_argument("--servers-only", action="store_true",
                        help="leave Postgres, Redis and nginx alone")
    how = argparse.ArgumentParser(add_help=False, parents=[common])
    how.add_argument("--port", type=port, default=8008, help="where nginx listens")
    how.add_argument("--main-port", type=port, default=8080,
                     help=f"client port of {MAIN}, unless workers/shared.yaml gives it")
    how.add_argument("--server-name",
                     help="the server's name, chosen at the first start of a data folder")
    how.add_argument("--workers", type=Path, default=ROOT / "workers",
                     help="folder of shared.yaml and the workers' files")
    how.add_argument("--monolith", action="store_true", help="the main process alone, no Redis")
    how.add_argument("--bcrypt-rounds", type=int, default=12, help="cost of password hashes")
    how.add_argument("--log-level", default="INFO",
                     choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    how.add_argument("--configuration", default="release", choices=["release", "debug"])
    how.add_argument("--detach", action="store_true", help="run in the background")
    how.add_argument("--no-install", dest="install", action="store_false")
    how.add_argument("--programs", type=Path, help="use the programs in this folder, build none")
    how.add_argument("--no-echo", dest="echo", action="store_false",
                     help="logs to files only")
    for name, do, parent in (("run", run, how), ("start", start, how), ("stop", stop, common),
                             ("status", status, common)):
        commands.add_parser(name, parents=[parent]).set_defaults(do=do)
    packages = commands.add_parser("install", help="Debian packages: those needed, and more")
    packages.add_argument("more", nargs="*")
    packages.set_defaults(do=install)
    known = {"run", "start", "stop", "status", "install", "-h", "--help"}
    args, unknown = parser.parse_known_args(
        words if words and words[0] in known else ["run", *words])
    if unknown:
        commands.choices[args.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    return args


def port(text):
    """A TCP port among the options."""
    if not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 65535")
    return int(text)


def main():
    args = parse(sys.argv[1:])
    try:
        args.do(args)
    except FleetError as error:
        sys.exit(f"run: {error}")
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"run: {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
