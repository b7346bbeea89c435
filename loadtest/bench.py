"""The table: each kind of worker, one worker each, driven in turn with the same requests on the same machine."""
import os
import re

import servers
import wrk

KINDS = ["async", "threads", "sync"]
LOADS = [("/", 1), ("/", 64), ("/", 256), ("/sleep?ms=100", 10), ("/sleep?ms=100", 100), ("/sleep?ms=100", 1000)]
ROW = "| {:<14} | {:>11} | {:<7} | {:>10} | {:>9} | {:>9} | {:>15} | {:>6} |"


def time_of(ms):
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.2f} ms"


def report(seconds):
    pinned = "server and wrk pinned apart" if servers.SERVER_CPUS != servers.CLIENT_CPUS else "one CPU for server and wrk"
    print(f"{os.cpu_count()} CPUs, {pinned}; one worker of each kind, {seconds} s a line, access log off.\n")
    print(ROW.format("request", "connections", "worker", "requests/s", "p50", "p99", "CPU per request", "errors"))
    print(re.sub(r"[^|]", "-", ROW.format(*[""] * 8)))
    rates = {}
    for path, connections in LOADS:
        for kind in KINDS:
            # A server of its own for each line: clients that a sync worker never got to would wait in its queue still.
            with servers.girin(kind) as server:
                result = wrk.drive(server, path, connections, seconds)
            rates[path, connections, kind] = result.per_second
            print(ROW.format(path, connections, kind, f"{result.per_second:,.0f}", time_of(result.p50_ms),
                             time_of(result.p99_ms), f"{result.cpu_us:.1f} µs", result.errors), flush=True)
    print()
    for path, connections in [("/", 64), ("/sleep?ms=100", 1000)]:
        ratio = rates[path, connections, "async"] / max(rates[path, connections, "sync"], 0.1)
        print(f"{path} at {connections} connections: an async worker answers {ratio:.1f} times what a sync worker does.")
