"""The files of one site: secrets and signing key (made once), homeserver.yaml (made once, the
admin's to edit) and local.yaml (made at every start: sockets, paths, listeners, options)."""
import base64
import json
import os
import re
import secrets
import string
from pathlib import Path

from .errors import FleetError

SECRETS = (
    "registration_shared_secret", "macaroon_secret_key", "form_secret",
    "worker_replication_secret",
)
DEFAULT_NAME = "localhost"
# spec: appendices#server-name
SERVER_NAME = re.compile(r"([0-9A-Za-z.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
NO_LIMIT = "{per_second: 1000000, burst_count: 1000000}"
HOMESERVER = """\
# Made once by the local runner and never written again: edit it freely.
# The keys are Synapse's. What depends on this folder's place (sockets, paths, ports, secrets)
# is in run/local.yaml, which is made anew at every start. This file is read after it and wins.

server_name: "{server_name}"
report_stats: false
trusted_key_servers: []
presence: {{enabled: false}}

# Anyone who reaches this server may register: right while it listens on {host} only.
enable_registration: true
enable_registration_without_verification: true

# Calls take their members out by events that are sent later.
max_event_delay_duration: 24h

# A repeated sync is computed anew: who tries things out wants to see what is new.
caches: {{sync_response_cache_duration: 0}}

# No rate limits, so that one machine can play many clients. Remove these lines before other
# people reach the server: the defaults then apply.
rc_message: {no_limit}
rc_registration: {no_limit}
rc_login:
  address: {no_limit}
  account: {no_limit}
  failed_attempts: {no_limit}
rc_joins:
  local: {no_limit}
  remote: {no_limit}
rc_joins_per_room: {no_limit}
rc_invites:
  per_room: {no_limit}
  per_user: {no_limit}
  per_issuer: {no_limit}
rc_admin_redaction: {no_limit}
rc_room_creation: {no_limit}
rc_registration_token_validity: {no_limit}
rc_third_party_invite: {no_limit}
rc_3pid_validation: {no_limit}
rc_presence: {{per_user: {no_limit}}}
rc_key_requests: {no_limit}
rc_media_create: {no_limit}
rc_delayed_event_mgmt: {no_limit}
rc_reports: {no_limit}
rc_user_directory: {no_limit}
rc_profile: {no_limit}
"""


class Site:
    """The configuration files under one data folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.homeserver = self.folder / "homeserver.yaml"
        self.local = self.folder / "run" / "local.yaml"
        self.log_config = self.folder / "run" / "log.yaml"
        self.signing_key = self.folder / "signing.key"

    def secret_path(self, name):
        return self.folder / "secrets" / name

    def secret(self, name):
        return self.secret_path(name).read_text(encoding="utf-8").strip()

    @property
    def server_name(self):
        """The name in homeserver.yaml, read as its line is written here; None if it is not."""
        found = re.search(r"^server_name:\s*['\"]?([^\s'\"#]+)",
                          self.homeserver.read_text(encoding="utf-8"), re.MULTILINE)
        return found and found[1]

    def prepare(self, server_name, host):
        """Make what is missing. Nothing that exists is touched, so a name that is asked for must
        be the one that the folder has; None asks for no name."""
        self.check_name(server_name)
        (self.folder / "secrets").mkdir(parents=True, exist_ok=True, mode=0o700)
        self.local.parent.mkdir(parents=True, exist_ok=True)
        for name in SECRETS:
            write_once(self.secret_path(name), secrets.token_urlsafe(32) + "\n")
        write_once(self.signing_key, new_signing_key())
        write_once(self.homeserver, HOMESERVER.format(
            server_name=server_name or DEFAULT_NAME, host=host, no_limit=NO_LIMIT), mode=0o644)

    def check_name(self, wanted):
        """A name must be one, and a folder that exists keeps its own."""
        if wanted and not SERVER_NAME.fullmatch(wanted):
            raise FleetError(f"{wanted!r} is no server name: give a host name such as example.org, "
                             "with or without a port")
        if wanted and self.homeserver.exists() and self.server_name != wanted:
            raise FleetError(
                f"{self.homeserver} names the server {self.server_name}, which its rooms and users "
                f"carry for ever; for {wanted} give another data folder (--data)")

    def write_local(self, settings, log_level):
        """The files of this start. `settings` are added to what follows from the folder."""
        self.log_config.write_text(json.dumps({
            "version": 1,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": log_level, "handlers": ["console"]}}, indent=1) + "\n")
        local = {f"{name}_path": str(self.secret_path(name)) for name in SECRETS}
        local |= {
            "signing_key_path": str(self.signing_key), "log_config": str(self.log_config),
            "worker_log_config": str(self.log_config),
            "media_store_path": str(self.folder / "media"), **settings}
        self.local.write_text(json.dumps(local, indent=1) + "\n", encoding="utf-8")


def new_signing_key():
    """An Ed25519 seed in the form of Synapse's signing key file."""
    version = "a_" + "".join(secrets.choice(string.ascii_letters) for _ in range(4))
    seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return f"ed25519 {version} {seed}\n"


def write_once(path, text, mode=0o600):
    """Write `path` whole or not at all, unless it exists; never readable by others meanwhile."""
    if path.exists():
        return
    partial = path.with_name(path.name + ".new")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w",
              encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(partial, path)
