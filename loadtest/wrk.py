"""Runs wrk against a server and reads its report."""
import re
import subprocess
from dataclasses import dataclass

from servers import CLIENT_CPUS, pinned

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


@dataclass
class Report:
    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # of the server, per request
    errors: int  # statuses other than 2xx and 3xx, and connections refused, broken or timed out


def milliseconds(text):
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * UNITS[unit]


def drive(server, path, connections, seconds, prefix=()):
    """wrk with one thread and so many kept-alive connections; `prefix` is what wrk runs under, perf for one."""
    before = server.cpu_seconds()
    command = [*prefix, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", server.url + path]
    text = subprocess.run(command, preexec_fn=pinned(CLIENT_CPUS), capture_output=True, text=True, check=True).stdout
    cpu = server.cpu_seconds() - before
    requests = int(re.search(r"(\d+) requests in", text)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return Report(
        requests,
        float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        milliseconds(re.search(r"^ +50% +(\S+)", text, re.MULTILINE)[1]),
        milliseconds(re.search(r"^ +99% +(\S+)", text, re.MULTILINE)[1]),
        cpu / max(requests, 1) * 1e6,
        (int(bad[1]) if bad else 0) + (sum(map(int, broken.groups())) if broken else 0))
