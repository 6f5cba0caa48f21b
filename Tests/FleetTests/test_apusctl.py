"""The tool `apusctl`, as an administrator uses it."""
import os
import stat
import subprocess
from pathlib import Path

import pytest

from support.api import PASSWORD
from support.deployment import unique

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS = ("fleet",)


@pytest.fixture
def apusctl(deployments):
    def run(*arguments, status=0, text=None):
        done = subprocess.run([deployments.programs / "apusctl", *map(str, arguments)],
                              input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr
    return run


@pytest.fixture
def site(apusctl, tmp_path):
    """A generated configuration."""
    apusctl("config", "generate", "--server-name", "example.org", "--data-dir", tmp_path,
            "--with-workers")
    return tmp_path / "homeserver.yaml"


def test_every_command_explains_itself(apusctl):
    for command in ([], ["config"], ["config", "check"], ["config", "generate"], ["generate"],
                    ["generate", "signing-key"], ["hash-password"], ["register-user"], ["nginx"],
                    ["systemd"], ["routes"], ["exec-worker"]):
        assert "USAGE: apusctl" in apusctl(*command, "--help")


def test_what_is_generated_is_usable_and_kept(apusctl, site, tmp_path):
    assert "is usable: 1 process, 0 warnings" in apusctl("config", "check", "-c", site)
    key = tmp_path / "signing.key"
    before = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    again = apusctl("config", "generate", "--server-name", "example.org", "--data-dir", tmp_path)
    assert f"kept     {site}" in again and key.read_text() == before


def test_check_finds_what_is_wrong_with_one_file(apusctl, site):
    with site.open("a") as file:
        file.write("bcrypt_rounds: 99\nspellled_wrong: 1\n")
    report = apusctl("config", "check", "-c", site, status=1)
    assert "error: bcrypt_rounds" in report and f"{site}:" in report
    assert "warning: spellled_wrong" in report and "Fix: " in report
    assert "1 error: the server would not start." in report


def test_check_compares_the_files_of_all_workers(apusctl, site, tmp_path):
    shared, workers = ROOT / "workers" / "shared.yaml", ROOT / "workers"
    fine = apusctl("config", "check", "-c", site, "-c", shared, "-w", workers,
                   "--max-connections", "200")
    assert "9 processes" in fine
    few = apusctl("config", "check", "-c", site, "-c", shared, "-w", workers,
                  "--max-connections", "20", status=1)
    assert "database.args.cp_max" in few and "postgres:max_connections" in few
    twin = tmp_path / "twin.yaml"
    twin.write_text((workers / "generic_worker1.yaml").read_text())
    doubled = apusctl("config", "check", "-c", site, "-c", shared, "-w",
                      workers / "generic_worker1.yaml", twin, status=1)
    assert "worker_name" in doubled


def test_check_asks_the_database(apusctl, server, tmp_path):
    files = [part for file in server.fleet.shared_files for part in ("-c", file)]
    assert "is usable" in apusctl("config", "check", *files, "--database")
    away = tmp_path / "away.yaml"
    away.write_text("database: {name: postgres, args: {host: /nowhere, dbname: d}}\n")
    report = apusctl("config", "check", *files, "-c", away, "--database", status=1)
    assert "database.args" in report and "does not answer" in report


def test_signing_keys(apusctl, tmp_path):
    kind, version, seed = apusctl("generate", "signing-key").split()
    assert (kind, len(seed)) == ("ed25519", 43) and version
    file = tmp_path / "new.key"
    apusctl("generate", "signing-key", "-o", file)
    before = file.read_text()
    apusctl("generate", "signing-key", "-o", file, status=1)
    assert file.read_text() == before


def test_hashed_passwords(apusctl, tmp_path):
    import crypt  # a judge of bcrypt that is not ours; the module is Python 3.11's
    hashed = apusctl("hash-password", "--rounds", "4", text=PASSWORD + "\n").strip()
    assert hashed.startswith("$2b$04$") and crypt.crypt(PASSWORD, hashed) == hashed
    peppered = apusctl("hash-password", "--rounds", "4", "--pepper", "salt",
                       text=PASSWORD + "\n").strip()
    assert crypt.crypt(PASSWORD + "salt", peppered) == peppered
    apusctl("hash-password", "--rounds", "3", status=64, text=PASSWORD)


def test_registering_a_user(apusctl, server):
    files = [part for file in server.fleet.shared_files for part in ("-c", file)]
    name = unique("ctl")
    made = apusctl("register-user", name, *files, "--url", server.main, "--password", PASSWORD,
                   "--admin")
    user = server.api.login(name)
    assert user.id in made
    whois = server.main + "/_synapse/admin/v1/users/" + user.id + "/override_ratelimit"
    answer = server.api.raw("GET", whois[len(server.main):], url=server.main,
                            headers={"Authorization": f"Bearer {user.token}"})
    assert answer.status == 200, "only administrators may ask this"
    taken = apusctl("register-user", name, *files, "--url", server.main, "--password", PASSWORD,
                    status=1)
    assert "taken" in taken.lower() or "in use" in taken.lower()
    nobody = apusctl("register-user", name, *files, "--url", "http://127.0.0.1:1", "--password",
                     PASSWORD, status=1)
    assert "does not answer" in nobody


def test_systemd_units(apusctl, tmp_path):
    shown = apusctl("systemd", "-w", ROOT / "workers")
    for word in ("# ---- apus.target", "Type=notify", "Restart=always", "RestartSec=3",
                 "systemctl enable apus-worker@generic_worker1.service"):
        assert word in shown
    apusctl("systemd", "-o", tmp_path, "--user", "matrix", "--config-folder", "/srv/apus")
    main = (tmp_path / "apus-main.service").read_text()
    assert "User=matrix" in main and "/srv/apus/homeserver.yaml" in main
    assert sorted(os.listdir(tmp_path)) == ["apus-main.service", "apus-worker@.service",
                                            "apus.target"]


def test_exec_worker_becomes_the_program_of_the_file(apusctl, site, tmp_path):
    # The program that it becomes reads the files itself, and refuses these.
    worker = tmp_path / "pusher1.yaml"
    worker.write_text("worker_app: apus.pusher\nworker_name: pusher1\nworker_listeners: {}\n")
    refused = apusctl("exec-worker", "-c", site, worker, status=1)
    assert "worker_listeners" in refused and "instance_map" in refused
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text("worker_app: apus.painter\nworker_name: x\n")
    assert "apus.painter" in apusctl("exec-worker", "-c", site, unknown, status=1)


def test_the_table_of_routes(apusctl):
    table = apusctl("routes")
    assert "/_matrix/client/v3/sync" in table and "/_matrix/client/v3/login" in table
