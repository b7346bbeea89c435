"""The table of aio's operations beside asyncio's and uvloop's, measured in turn on the same machine."""
import platform
import re
import subprocess
import sys
from pathlib import Path

import servers

ROW = "| {:<36} | {:>10} | {:>10} | {:>10} | {:>10} |"
PYTHON = "/usr/bin/python3"  # the one that Debian's uvloop is for
HERE = Path(__file__).resolve().parent
OURS = servers.BUILD / "operations"


def measured(command):
    """Operation → least nanoseconds."""
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: float(least) for name, least, *_ in (line.split("\t") for line in lines)}


def figure(nanoseconds):
    if nanoseconds is None:
        return ""
    return f"{nanoseconds:,.1f}" if nanoseconds < 100 else f"{nanoseconds:,.0f}"


def report(repeats):
    python = PYTHON if Path(PYTHON).exists() else sys.executable
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    theirs = [str(HERE / "operations.py")]
    ours = measured([OURS, str(repeats)])
    asyncio = measured([python, *theirs, "asyncio", str(repeats)])
    uvloop = {}
    if subprocess.run([python, "-c", "import uvloop"], capture_output=True).returncode == 0:
        uvloop = measured([python, *theirs, "uvloop", str(repeats)])
    print(f"Nanoseconds for one, the least of {repeats} repeats; CPython {version}, {platform.machine()}.\n")
    print(ROW.format("operation", "aio", "asyncio", "uvloop", "asyncio/aio"))
    print(re.sub(r"[^|]", "-", ROW.format(*[""] * 5)))
    for name, least in ours.items():
        ratio = f"{asyncio[name] / least:.0f}" if name in asyncio else ""
        print(ROW.format(name, figure(least), figure(asyncio.get(name)), figure(uvloop.get(name)), ratio))
    memory = measured([OURS, "memory"])
    for name, size in memory.items():
        print(f"\n{name}: {size:,.0f} bytes")
