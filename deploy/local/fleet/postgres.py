"""A private Postgres cluster that listens on a unix socket only."""
import glob
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

from .errors import FleetError

ROLE = DATABASE = "apus"
START_SECONDS = 60.0
SOCKET_NAME = ".s.PGSQL.5432"
SETTINGS = """
# Appended when the cluster was made.
listen_addresses = ''
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
shared_buffers = {shared_buffers}
max_connections = {max_connections}
fsync = on
synchronous_commit = on
log_min_messages = warning
"""


class Postgres:
    """The cluster in `folder`; its socket is made in `socket_folder`."""

    def __init__(self, folder, socket_folder, shared_buffers="256MB", max_connections=200):
        self.folder, self.socket_folder = Path(folder), Path(socket_folder)
        self.settings = {"shared_buffers": shared_buffers, "max_connections": max_connections}
        self.place, self.descriptors = str(self.folder), []

    @property
    def owner(self):
        """Postgres refuses to run as root; then the packaged user `postgres` owns it all."""
        return "postgres" if os.getuid() == 0 else None

    def command(self):
        return [tool("postgres"), "-D", self.place,
                "-c", f"unix_socket_directories={self.socket_folder}"]

    stop_signal = signal.SIGINT  # "fast": ends sessions, writes a checkpoint

    def prepare(self):
        """Make the folders, and the cluster if there is none yet."""
        for folder in (self.folder, self.socket_folder):
            folder.mkdir(parents=True, exist_ok=True)
            if self.owner:
                shutil.chown(folder, self.owner, self.owner)
            folder.chmod(0o700)
        self.open_way()
        if (self.folder / "PG_VERSION").exists():
            self.check_version()
            return
        self.run(tool("initdb"), "-D", self.place, "-U", "postgres", "--locale=C",
                 "--encoding=UTF8", "--auth-local=peer", "--auth-host=reject")
        with open(self.folder / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(SETTINGS.format(socket_folder=self.socket_folder, **self.settings))
        people = {name for name in (self.owner, pwd.getpwuid(os.getuid()).pw_name) if name}
        (self.folder / "pg_hba.conf").write_text("local all all peer map=apus\n")
        (self.folder / "pg_ident.conf").write_text("".join(
            f"apus {person} {role}\n" for person in sorted(people) for role in ("postgres", ROLE)))

    def open_way(self):
        """As root: let the user that Postgres runs as into the folder, also where the folders
        above it are closed to others (/root): through an open descriptor that it inherits."""
        if self.owner and not self.descriptors and not others_may_enter(self.folder):
            self.descriptors = [os.open(self.folder, os.O_PATH)]
            self.place = f"/proc/self/fd/{self.descriptors[0]}"
        reach = subprocess.run(["test", "-x", f"{self.place}/."], **self.identity(), check=False)
        if reach.returncode:
            raise FleetError(
                f"Postgres does not run as root, so it runs as the user '{self.owner}', who cannot "
                f"reach {self.folder}. Choose a data folder that others can enter (--data), or "
                "allow entering the folders above it (chmod o+x).")

    def close_way(self):
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.place, self.descriptors = str(self.folder), []

    def check_version(self):
        made_by = (self.folder / "PG_VERSION").read_text().strip()
        found = subprocess.run([tool("postgres"), "--version"], capture_output=True, text=True,
                               check=True).stdout.split()[2]
        if found.split(".")[0] != made_by:
            raise FleetError(
                f"the data in {self.folder} was made by Postgres {made_by}, but {found} is "
                f"installed. Install postgresql-{made_by}, or dump and restore the data.")

    def wait_until_up(self, still_running):
        """Wait for the server to take queries; `still_running()` false ends the wait."""
        deadline = time.monotonic() + START_SECONDS
        while self.psql("postgres", "select 1", check=False) is None:
            if time.monotonic() > deadline or not still_running():
                raise FleetError("Postgres did not start; see its log")
            time.sleep(0.05)

    def ensure_database(self):
        """Make the server's role and its database (UTF8, collation C) if they are missing."""
        if not self.psql("postgres", f"select 1 from pg_roles where rolname = '{ROLE}'"):
            self.psql("postgres", f"create role {ROLE} login")
        if not self.psql("postgres", f"select 1 from pg_database where datname = '{DATABASE}'"):
            self.psql("postgres", f"create database {DATABASE} owner {ROLE} template template0 "
                                  "encoding 'UTF8' locale 'C'")

    def psql(self, database, statement, check=True):
        """The output of one statement; None when `check` is off and it failed."""
        done = subprocess.run(
            [tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self.socket_folder),
             "-U", "postgres", "-d", database, "-c", statement],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            cwd="/", env={**os.environ, "PGCONNECT_TIMEOUT": "5"})
        if done.returncode:
            if check:
                raise FleetError(f"Postgres refused a statement: {done.stderr.strip()}")
            return None
        return done.stdout.strip()

    def postmaster_pid(self):
        """The process that a running or crashed server left in its lock file, or None."""
        try:
            return int((self.folder / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def identity(self):
        """How a process of Postgres is started, for `subprocess`."""
        if not self.owner:
            return {}
        return {"user": self.owner, "group": self.owner, "extra_groups": [],
                "pass_fds": self.descriptors}

    def run(self, *command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              cwd="/", check=False, **self.identity())
        if done.returncode:
            raise FleetError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")


def others_may_enter(folder):
    """Can users other than the owner walk down to it?"""
    return all(above.stat().st_mode & stat.S_IXOTH
               for above in Path(folder).resolve().parents if above.exists())


def tool(name):
    """A program of Postgres; Debian keeps the server's outside of PATH, one folder a version."""
    packaged = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    if packaged:
        return max(packaged, key=lambda path: float(path.split("/")[4]))
    found = shutil.which(name)
    if not found:
        raise FleetError(f"{name} is missing: install the Debian package postgresql")
    return found
