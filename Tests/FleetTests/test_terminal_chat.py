"""`deploy/local/chat.py`, the client that the runner's greeting offers."""
import contextlib
import subprocess
import sys
from pathlib import Path

from support.deployment import unique

DEPLOYMENTS = ("fleet",)
CHAT = Path(__file__).resolve().parents[2] / "deploy" / "local" / "chat.py"
PASSWORD = "wonderland"


@contextlib.contextmanager
def terminal(server, name, *room):
    """The client with its input and output, ended by Ctrl-D."""
    with subprocess.Popen([sys.executable, CHAT, server.url, name, PASSWORD, *room], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(timeout=10)


def type_line(process, text):
    process.stdin.write(text + "\n")
    process.stdin.flush()


def user(server):
    name = unique("talker")
    server.api.register(name, PASSWORD)
    return name


def test_two_people_talk_in_a_hall_that_the_first_makes(server):
    alice, ben = user(server), user(server)
    hall = f"#{unique('hall')}:fleet.test"
    with terminal(server, alice, hall) as first:
        assert f"@{alice}:fleet.test is in {hall}." in first.stdout.readline()
        with terminal(server, ben, hall) as second:
            assert f"@{ben}:fleet.test is in {hall}." in second.stdout.readline()
            type_line(second, "good\x1b[31m morning")
            said = f"@{ben}:fleet.test: good [31m morning\n"
            assert first.stdout.readline() == said, "nobody steers another's terminal"
            assert second.stdout.readline() == said
        assert second.returncode == 0
    assert first.returncode == 0 and first.stdout.closed


def test_a_refusal_is_told_in_one_line(server):
    name = user(server)
    done = subprocess.run([sys.executable, CHAT, server.url, name, "wrong"], text=True,
                          capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1 and done.stderr.startswith("chat: M_FORBIDDEN: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_is_not_there_is_told(server):
    done = subprocess.run([sys.executable, CHAT, "http://127.0.0.1:1", "alice", PASSWORD],
                          text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stderr.startswith("chat: no Matrix server answers at http://127.0.0.1:1: ")
