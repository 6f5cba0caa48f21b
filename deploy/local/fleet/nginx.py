"""nginx in front of the workers, with the routes that `apusctl nginx` makes."""
import os
import subprocess
from pathlib import Path

from .errors import FleetError
from .plan import HOST

CONFIGURATION = """\
daemon off;
{user}worker_processes {processes};
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  server_tokens off;
  map_hash_bucket_size 256;
  client_body_temp_path {temporary}/body;
  proxy_temp_path {temporary}/proxy;
  fastcgi_temp_path {temporary}/fastcgi;
  uwsgi_temp_path {temporary}/uwsgi;
  scgi_temp_path {temporary}/scgi;
  keepalive_requests 1000000;
  keepalive_timeout 300s;

{routes}
}}
"""


class Nginx:
    """nginx on `port`, its files in `folder`; what its workers write goes to `temporary`, which
    other users must be able to reach when nginx is started by root."""

    def __init__(self, folder, port, temporary):
        self.folder, self.port, self.temporary = Path(folder), port, Path(temporary)
        self.file = self.folder / "nginx.conf"

    def command(self):
        return [program(), "-e", "stderr", "-p", str(self.folder), "-c", str(self.file)]

    def prepare(self, apusctl, files, workers):
        """Write the configuration; `files` are the fleet's shared ones, `workers` the others."""
        for folder in (self.folder, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        command = [apusctl, "nginx", "--listen", f"{HOST}:{self.port}", "--host", "_"]
        command += [part for file in files for part in ("--config-path", str(file))]
        if workers:
            command += ["--workers", *map(str, workers)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise FleetError(f"apusctl nginx failed:\n{done.stderr.strip()}")
        self.file.write_text(CONFIGURATION.format(
            user="user www-data;\n" if os.getuid() == 0 else "", folder=self.folder,
            temporary=self.temporary, processes=min(2, os.cpu_count() or 1),
            routes=done.stdout), encoding="utf-8")


def program():
    """Debian keeps nginx in a folder that plain users do not have in PATH."""
    return next((path for path in ("/usr/sbin/nginx", "/usr/local/sbin/nginx")
                 if os.path.exists(path)), "nginx")
