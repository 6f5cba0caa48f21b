"""What is shipped in deploy/ is what the programs make now."""
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ROOT / "workers"


def test_the_nginx_sample_is_the_generated_one(deployments, tmp_path):
    def apusctl(*arguments):
        return subprocess.run([deployments.programs / "apusctl", *arguments], check=True,
                              capture_output=True, text=True).stdout

    apusctl("config", "generate", "--server-name", "example.org", "--data-dir", tmp_path,
            "--with-workers")
    made = apusctl("nginx", "-c", tmp_path / "homeserver.yaml", "-c", WORKERS / "shared.yaml",
                   "-w", WORKERS)
    shipped = ROOT / "deploy" / "nginx" / "apus.conf"
    assert made == shipped.read_text(), (
        f"{shipped} is not what the routes and workers make of it now: `make samples` brings it "
        "up to date")
