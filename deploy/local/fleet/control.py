"""How `run.py start`, `stop` and `status` talk to the runner that owns a data folder: one JSON
object a line over a unix socket in that folder."""
import contextlib
import json
import os
import socket
import threading
from pathlib import Path

from .errors import FleetError

MAXIMUM_LINE_BYTES = 65536


class ControlServer:
    """Answers requests one at a time, in a thread of its own, by `handle(request) -> answer`."""

    def __init__(self, path, handle):
        self.path, self.handle = Path(path), handle
        self.path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(self.path))
        os.chmod(self.path, 0o600)
        self.socket.listen(8)
        threading.Thread(target=self._serve, name="control", daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError, ValueError):
                self._answer(connection)

    def _answer(self, connection):
        request = json.loads(connection.makefile().readline(MAXIMUM_LINE_BYTES))
        try:
            answer = self.handle(request)
        except FleetError as error:
            answer = {"error": str(error)}
        connection.sendall(json.dumps(answer).encode() + b"\n")

    def close(self):
        self.socket.close()
        self.path.unlink(missing_ok=True)


def ask(path, request, timeout=120.0):
    """The runner's answer, or None when none is running there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        connection.sendall(json.dumps(request).encode() + b"\n")
        line = connection.makefile().readline()
    if not line:
        raise FleetError("the runner ended before it answered")
    answer = json.loads(line)
    if "error" in answer:
        raise FleetError(answer["error"])
    return answer
