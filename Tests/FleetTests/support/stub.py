"""Stand-ins for the server's programs, to test the runner itself: they listen where their
configuration says, answer every GET with 200, and do nothing else."""
import stat
import sys
from pathlib import Path

import fleet
from fleet.plan import DEFAULT_COUNTS

PROGRAM = """\
#!{python} -SE
import http.server, json, signal, sys, threading
sys.path.insert(0, {library!r})
from fleet.plan import read_worker

ports, facts = [], {{}}
for path in sys.argv[2::2]:
    try:
        facts |= json.load(open(path))
    except ValueError:
        continue  # real YAML
listeners = facts.get("worker_listeners") or facts["listeners"]
ports = [one["port"] for one in listeners]
if sys.argv[-1].endswith("worker.yaml"):
    ports = [one.port for one in read_worker(__import__("pathlib").Path(sys.argv[-1])).listeners]

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{{}}")
    def log_message(self, *_):
        pass

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
for port in ports:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
print("started with bcrypt", facts["bcrypt_rounds"], flush=True)
while True:
    signal.pause()
"""

# `apusctl nginx`: the arguments hold `--listen ADDRESS`.
CONTROL = """\
#!{python} -SE
import sys
where = sys.argv[sys.argv.index("--listen") + 1]
print("server {{ listen", where, "; location / {{ return 200 here; }} }}")
"""


def write_stubs(folder):
    """Write a stub for each program into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    library = str(Path(fleet.__file__).parents[1])
    for app in ["main", *DEFAULT_COUNTS]:
        write_program(folder / ("apus-" + app.replace("_", "-")),
                      PROGRAM.format(python=sys.executable, library=library))
    write_program(folder / "apusctl", CONTROL.format(python=sys.executable))
    return folder


def write_program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
