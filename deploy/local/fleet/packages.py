"""What the machine needs: Debian packages, a Swift toolchain, the built programs."""
import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from .errors import FleetError

BUILD_PACKAGES = ("libpq-dev", "libhiredis-dev", "libssl-dev", "libyaml-dev", "libcrypt-dev",
                  "pkg-config")
RUN_PACKAGES = ("postgresql", "redis-server", "nginx", "curl")
SWIFT_PLACES = ("/opt/swift/usr/bin", "~/.local/share/swiftly/bin", "/usr/local/swift/usr/bin")
POLICY = Path("/usr/sbin/policy-rc.d")


def install_packages(names=BUILD_PACKAGES + RUN_PACKAGES, *, report=print):
    """apt-get install what is missing of `names`; as a plain user through sudo."""
    missing = [name for name in names if not is_installed(name)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise FleetError(f"this is no Debian system; install what matches {' '.join(missing)}")
    root = [] if os.getuid() == 0 else ["sudo"]
    if root and not shutil.which("sudo"):
        raise FleetError("some Debian packages are missing and there is no sudo. As root:\n"
                         f"    apt-get install {' '.join(missing)}")
    report(f"installing Debian packages: {' '.join(missing)}")
    front = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    with services_left_alone(root):
        for words in (["update", "-qq"],
                      ["install", "-y", "-qq", "--no-install-recommends", *missing]):
            if subprocess.run([*front, *words], check=False).returncode:
                raise FleetError(f"`apt-get {' '.join(words)}` failed; see above")


def is_installed(name):
    done = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status}", name],
                          capture_output=True, text=True, check=False)
    return done.stdout.startswith("installed")


@contextlib.contextmanager
def services_left_alone(root):
    """While packages are installed, start no system-wide Postgres, Redis or nginx: ours are
    private, and a taken port 80 would make the installation fail. (Debian: policy-rc.d)"""
    if POLICY.exists():
        yield
        return
    subprocess.run([*root, "tee", POLICY], input="#!/bin/sh\nexit 101\n", text=True,
                   stdout=subprocess.DEVNULL, check=True)
    subprocess.run([*root, "chmod", "755", POLICY], check=True)
    try:
        yield
    finally:
        subprocess.run([*root, "rm", "-f", POLICY], check=False)


def find_swift():
    found = shutil.which("swift")
    for place in map(os.path.expanduser, SWIFT_PLACES):
        if not found and os.access(f"{place}/swift", os.X_OK):
            found = f"{place}/swift"
    if not found:
        raise FleetError("no `swift` in PATH: install a Swift 6.3 toolchain from swift.org")
    return found


def programs_folder(root, configuration):
    """Where `build` puts the programs."""
    return Path(root) / ".build" / configuration


def build(root, configuration, report=print):
    """`swift build`, its progress shown."""
    report(f"building ({configuration}); the first time takes some minutes")
    command = [find_swift(), "build", "--package-path", str(root), "-c", configuration]
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode:
        raise FleetError("the build failed; see above")
