"""A private Redis on a unix socket. It holds hints and caches only, so nothing is saved."""
import socket
from pathlib import Path

SOCKET_NAME = "redis.sock"


class Redis:
    """Redis with its socket in `socket_folder` and its working folder in `folder`."""

    def __init__(self, folder, socket_folder):
        self.folder, self.socket = Path(folder), Path(socket_folder) / SOCKET_NAME

    def prepare(self):
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self):
        return ["redis-server", "--port", "0", "--unixsocket", str(self.socket),
                "--unixsocketperm", "700", "--dir", str(self.folder), "--save", "",
                "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"]

    def call(self, *words, timeout=5.0):
        """One command, words as they are -> the first line of the answer."""
        request = f"*{len(words)}\r\n" + "".join(
            f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(self.socket))
            connection.sendall(request.encode())
            answer = b""
            while b"\r\n" not in answer:
                part = connection.recv(4096)
                if not part:
                    raise ConnectionError("Redis closed the connection")
                answer += part
        return answer.split(b"\r\n")[0].decode()

    def is_up(self):
        try:
            return self.call("PING", timeout=1.0) == "+PONG"
        except OSError:
            return False
