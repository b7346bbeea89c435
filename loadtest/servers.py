"""Servers under test: started on a free port, watched through /proc, driven through their sockets."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"

CPUS = sorted(os.sched_getaffinity(0))
SERVER_CPUS, CLIENT_CPUS = (set(CPUS[:1]), set(CPUS[1:])) if len(CPUS) > 1 else (set(CPUS), set(CPUS))


def pinned(cpus):
    """Popen's preexec_fn that binds the child, and what it starts, to some CPUs."""
    return lambda: os.sched_setaffinity(0, cpus)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Server:
    """A running server. `process` is the one that was started; its children, or else it itself, do the work."""

    def __init__(self, name, process, port):
        self.name, self.process, self.port = name, process, port
        self.url = f"http://127.0.0.1:{port}"

    def workers(self):
        children = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(") ")[2].split()[1]) == self.process.pid:
                    children.append(int(stat.parent.name))
        return children or [self.process.pid]

    def cpu_seconds(self):
        """User and system time of all workers so far, by the kernel's CPU clock of each (clock_getcpuclockid)."""
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in self.workers())

    def get(self, path="/"):
        """The status of one GET on a connection of its own, or None when nobody answers."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(4096).split(b" ")[1].decode()

    def wait_until_ready(self, seconds):
        deadline = time.monotonic() + seconds
        while self.get() != "200":
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer 200 on {self.url}/ (see its output above)")
            time.sleep(0.05)


@contextlib.contextmanager
def run(name, command, port, env=None, patience=15):
    """Starts a server, yields it once it answers, and ends it with SIGTERM."""
    process = subprocess.Popen(command, env={**os.environ, **(env or {})}, preexec_fn=pinned(SERVER_CPUS))
    try:
        server = Server(name, process, port)
        server.wait_until_ready(patience)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def girin(kind="async", flags=(), prefix=(), **options):
    """The demo application under one worker of a kind; `prefix` is what it runs under, valgrind for one."""
    port = free_port()
    command = [*prefix, str(BUILD / "girin"), str(BUILD / "libdemo.so"), "-w", "1", "-k", kind, "-b", f"127.0.0.1:{port}",
               "--worker-connections", "10000", "--log-level", "warning", *flags]
    return run(f"girin {kind}", command, port, **options)


NGINX = """
worker_processes 1;
pid {folder}/pid;
error_log stderr crit;
daemon off;
{extra}
events {{ worker_connections 10000; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 75s;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type text/plain; return 200 "Hello, World!"; }}
    }}
}}
"""


@contextlib.contextmanager
def nginx(extra="", prefix=(), **options):
    """nginx with one worker answering the same from its configuration."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        Path(folder, "nginx.conf").write_text(NGINX.format(folder=folder, extra=extra, port=port))
        os.chmod(folder, 0o755)
        command = [*prefix, nginx_path(), "-p", folder, "-c", f"{folder}/nginx.conf"]
        with run("nginx", command, port, **options) as server:
            yield server


def nginx_path():
    """Where nginx is, or None: it is in /usr/sbin, which is not in every PATH."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
