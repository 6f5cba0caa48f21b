"""Fixtures of the fleet tests: each deployment is started once and used by all of its tests."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "local"), str(Path(__file__).parent)]

from support.api import Api  # noqa: E402  (these need the path above)
from support.deployment import Deployments, unique  # noqa: E402
from support.openapi import Spec, spec_folder  # noqa: E402


def pytest_configure():
    """Every answer is held against the specification's shapes, where they are at hand."""
    folder = spec_folder(ROOT)
    Api.spec = folder and Spec(folder)


def pytest_report_header():
    return f"shapes of answers: {Api.spec.folder if Api.spec else 'not checked, no APUS_SPEC'}"


def pytest_addoption(parser):
    parser.addoption("--programs", default=None, metavar="FOLDER",
                     help="folder of the apus programs (default: .build/release or .build/debug, "
                          "whichever was built last)")
    parser.addoption("--server", default=None, metavar="URL",
                     help="run the client tests against a server that runs already")


def pytest_generate_tests(metafunc):
    """A module that names `DEPLOYMENTS` runs its tests of `server` once on each of them; others
    have a `server` of their own."""
    names = getattr(metafunc.module, "DEPLOYMENTS", None)
    if names and "server" in metafunc.fixturenames:
        if metafunc.config.getoption("--server"):
            names = ("external",)
        metafunc.parametrize("server", names, indirect=True, scope="session")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Show the end of every server process's log beside a failure."""
    report = (yield).get_result()
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and server is not None:
        report.sections.append(("logs of the server", server.tails()))


@pytest.fixture
def say(request):
    """Prints a line at once: a test that takes minutes shows where it is, and how to repeat it."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    terminal = request.config.get_terminal_writer()

    def line(text):
        capture.suspend_global_capture()
        try:
            terminal.write(f"\n  {text}", flush=True)
        finally:
            capture.resume_global_capture()
    return line


@pytest.fixture(scope="session")
def deployments(request):
    found = Deployments(ROOT, request.config.getoption("--programs"),
                        request.config.getoption("--server"))
    yield found
    found.stop_all()


@pytest.fixture(scope="session")
def server(request, deployments):
    return deployments.get(request.param)


@pytest.fixture
def people(request, server):
    """New users, three where the module does not name other PEOPLE."""
    names = getattr(request.module, "PEOPLE", ("ann", "ben", "cid"))
    return [server.rotating.register(unique(name)) for name in names]


@pytest.fixture
def room(people):
    """A public room of the first two people."""
    room = people[0].create_room(preset="public_chat")
    people[1].act("join", room)
    return room
