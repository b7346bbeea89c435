"""The figures that do not depend on the clock: instructions, system calls, allocations and memory, nginx beside girin,
and what girin's are to stay within."""
import contextlib
import os
import re
import resource
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import servers
import wrk

ROW = "| {:<48} | {:>10} | {:>10} | {:>10} |"
KEEP_ALIVE = ["--keep-alive", "75"]


def h2load(server, requests):
    """Keep-alive GETs of / on one connection, 79 bytes each with a port of five digits."""
    command = ["h2load", "--h1", "-n", str(requests), "-c1", "-t1", server.url + "/"]
    text = subprocess.run(command, preexec_fn=servers.pinned(servers.CLIENT_CPUS), capture_output=True, text=True, check=True).stdout
    if f"{requests} succeeded" not in text:
        raise RuntimeError(f"h2load says that not every request succeeded:\n{text}")


def instructions(start):
    """User instructions per request: two runs under callgrind, whose difference is free of start-up and shut-down."""
    few, many = 2000, 12000
    totals = []
    for requests in (few, many):
        with tempfile.TemporaryDirectory() as folder:
            valgrind = ["valgrind", "-q", "--tool=callgrind", "--trace-children=yes", f"--callgrind-out-file={folder}/%p"]
            with start(prefix=valgrind, patience=120) as server:
                worker = server.workers()[0]
                h2load(server, requests)
            totals.append(int(re.search(r"^(?:totals|summary): (\d+)", Path(folder, str(worker)).read_text(), re.MULTILINE)[1]))
    return (totals[1] - totals[0]) / (many - few)


def system_calls(start):
    """System calls per request at 64 connections, by perf: strace slows a server until no read ever fails."""
    with start() as server, tempfile.NamedTemporaryFile() as output:
        wrk.drive(server, "/", 64, 1)
        perf = ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-o", output.name, "-p", str(server.workers()[0])]
        requests = wrk.drive(server, "/", 64, 3, prefix=perf).requests
        count = int(re.search(r"^(\d+),,raw_syscalls", Path(output.name).read_text(), re.MULTILINE)[1])
    return count / requests


def allocations(start):
    """Heap allocations per request once warm, counted by a preloaded malloc."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        library = f"{folder}/malloc_count.so"
        compiler = next(filter(None, map(shutil.which, ("clang-19", "gcc", "cc"))))
        source = Path(__file__).with_name("malloc_count.c")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", source, "-o", library], check=True)
        with start(env={"LD_PRELOAD": library, "MALLOC_COUNT": folder}) as server:
            counter = Path(folder, str(server.workers()[0]))
            h2load(server, 1000)
            counts = []
            for requests in (1000, 11000):
                before = int.from_bytes(counter.read_bytes(), "little")
                h2load(server, requests)
                counts.append(int.from_bytes(counter.read_bytes(), "little") - before)
    return (counts[1] - counts[0]) / 10000


def idle_bytes(start):
    """Memory that 1,000 more idle connections cost, each after one request, once 64 have warmed the worker up."""
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with start() as server, contextlib.ExitStack() as connections:
        pid = server.workers()[0]

        def add(count):
            for _ in range(count):
                connection = connections.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                connection.sendall(request)
                if not connection.recv(4096):
                    raise RuntimeError(f"{server.name} closed a kept-alive connection")

        def private_dirty():
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            return int(re.search(r"Private_Dirty:\s+(\d+) kB", rollup)[1]) * 1024

        add(64)
        before = private_dirty()
        add(1000)
        return (private_dirty() - before) / 1000


def compile_seconds():
    """User time to compile hello.cpp at -O2, the best of three."""
    compiler = next(filter(None, map(shutil.which, ("clang++-19", "g++-14", "c++"))))
    includes = [f"-I{servers.ROOT / component / 'include'}" for component in ("aio", "server", "app")]
    hello = servers.ROOT / "app/examples/hello/hello.cpp"
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([compiler, "-std=c++20", "-O2", *includes, "-c", hello, "-o", "/dev/null"], check=True)
        times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return f"{min(times):.2f} s"


def girin(**options):
    return servers.girin("async", flags=KEEP_ALIVE, **options)


def tried(measure, start):
    """A figure, or None when this machine cannot measure it; the reason goes above the table."""
    if not start:
        return None
    try:
        return measure(start)
    except (RuntimeError, OSError, subprocess.CalledProcessError, TypeError) as problem:
        print(f"not measured: {measure.__name__}: {problem}")
        return None


def report():
    """Prints the table, and a line for each of girin's figures that is above its aim; whether there is none."""
    has_nginx = servers.nginx_path() is not None
    plain = servers.nginx if has_nginx else None
    # Its worker is the master itself under valgrind and under the counter, so that root's files stay writable.
    alone = (lambda **options: servers.nginx(extra="master_process off;", **options)) if has_nginx else None
    rows = [
        ("user instructions per GET / (callgrind)", instructions, alone, 0, 4000),
        ("system calls per GET / at 64 connections (perf)", system_calls, plain, 2, 2.4),
        ("heap allocations per GET /, warm", allocations, alone, 3, 0),
        ("bytes per idle kept-alive connection", idle_bytes, plain, 0, 1024),
    ]
    table, above = [], []
    for name, measure, nginx, decimals, aim in rows:
        figure, other = tried(measure, girin), tried(measure, nginx)
        shown = ["-" if value is None else f"{value:,.{decimals}f}" for value in (figure, other)]
        table.append((name, *shown, f"{aim:,}"))
        if figure is not None and round(figure, decimals) > aim:
            above.append(f"above its aim: {name}: {shown[0]}, not {aim:,}")
    print("\n" + ROW.format("GET / of the demo, one worker", "girin", "nginx", "aim"))
    print(re.sub(r"[^|]", "-", ROW.format("", "", "", "")))
    for row in table:
        print(ROW.format(*row))
    print(f"\nhello.cpp compiles in {compile_seconds()} of user time at -O2.")
    for line in above:
        print(line)
    return not above
