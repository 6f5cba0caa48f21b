"""nginx in front of the workers: which request goes to which of them."""
import os
from pathlib import Path

from .plan import HOST

VERSIONS = "(?:api/v1|r0|v1|v3|unstable)"
# Requests of one room that write: one worker a room, so that its caches are warm.
ROOM_WRITES = "(?:send|state|redact|join|invite|leave|ban|unban|kick|forget|knock)"

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
  merge_slashes off;
  client_max_body_size 100m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  keepalive_timeout 300s;
  proxy_http_version 1.1;
  proxy_read_timeout 180s;
  proxy_buffer_size 64k;
  proxy_buffers 32 64k;
  proxy_busy_buffers_size 128k;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  # Only what never reached a worker is tried on another; clients repeat the rest themselves.
  proxy_next_upstream error timeout;

  # The user who asks. Access tokens carry the name: syt_NAME_RANDOM_CHECKSUM.
  map $http_authorization $apus_token {{
    default $http_authorization;
    "" $arg_access_token;
  }}
  map $apus_token $apus_user {{
    default $apus_token;
    "~^(?:Bearer )?syt_(?<name>[^_]+)_" $name;
  }}
  map $uri $apus_room {{
    default $uri;
    "~^/_matrix/client/{versions}/(?:rooms|join|knock)/(?<room>[^/]+)" $room;
  }}

{upstreams}
  server {{
    listen {host}:{port};
    error_page 502 503 504 @unavailable;
    location @unavailable {{
      default_type application/json;
      add_header Access-Control-Allow-Origin * always;
      return 503 '{{"errcode":"M_UNKNOWN","error":"The server is starting or overloaded"}}';
    }}
{locations}
  }}
}}
"""


class Nginx:
    """nginx on `port`, its files in `folder`, in front of the processes of `plan`."""

    def __init__(self, folder, port, plan):
        self.folder, self.port, self.plan = Path(folder), port, plan
        self.file = self.folder / "nginx.conf"

    def command(self):
        return [program(), "-e", "stderr", "-p", str(self.folder), "-c", str(self.file)]

    def prepare(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(self.text(), encoding="utf-8")

    def text(self):
        main = [self.plan.main.client_port]
        generic = [one.client_port for one in self.plan.of_app("generic_worker")] or main
        upstreams = [
            upstream("apus_main", main),
            upstream("apus_by_user", generic, "hash $apus_user consistent;"),
            upstream("apus_by_room", generic, "hash $apus_room consistent;"),
            upstream("apus_by_source", generic, "hash $remote_addr consistent;"),
            upstream("apus_round_robin", generic),
        ]
        routes = [
            (f"~ ^/_matrix/client/{VERSIONS}/(?:sync|events|initialSync)$", "apus_by_user"),
            (f"~ ^/_matrix/client/{VERSIONS}/rooms/[^/]+/{ROOM_WRITES}(?:/|$)", "apus_by_room"),
            (f"~ ^/_matrix/client/{VERSIONS}/(?:join|knock)/", "apus_by_room"),
            ("/_matrix/federation/v1/send/", "apus_by_source"),
            ("/_matrix/", "apus_round_robin"),
            ("/.well-known/matrix/", "apus_round_robin"),
            ("/", "apus_main"),
        ]
        return CONFIGURATION.format(
            user="user www-data;\n" if os.getuid() == 0 else "", folder=self.folder, host=HOST,
            port=self.port, processes=min(2, os.cpu_count() or 1), versions=VERSIONS,
            upstreams="\n".join(upstreams), locations="\n".join(
                f"    location {match} {{ proxy_pass http://{name}; }}" for match, name in routes))


def upstream(name, ports, method=""):
    # max_fails=0: a worker that comes back after a crash is used again at once.
    servers = "".join(f"    server {HOST}:{port} max_fails=0;\n" for port in ports)
    method = f"    {method}\n" if method and len(ports) > 1 else ""
    return f"  upstream {name} {{\n{method}{servers}    keepalive 128;\n  }}"


def program():
    """Debian keeps nginx in a folder that plain users do not have in PATH."""
    return next((path for path in ("/usr/sbin/nginx", "/usr/local/sbin/nginx")
                 if os.path.exists(path)), "nginx")
