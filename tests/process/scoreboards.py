"""What the workers of a master say of themselves: their scoreboards, read through the master's descriptors.

As a program, `scoreboards.py MASTER` says "watching", watches until its input ends, and prints how few workers accepted
at any time, and how often it has looked.
"""
import os
import select
import struct
import subprocess
import sys
import time
from dataclasses import dataclass

HEAD = struct.Struct("=QIIIIIIqQQQ")  # server/supervision/scoreboard.hpp: up to `accepted`
MAGIC = 0x3130_4253_4E49_5247
READY, FULL = 1, 3


@dataclass(frozen=True)
class Scoreboard:
    pid: int
    generation: int
    state: int
    connections: int
    requests: int
    accepted: int


def read(descriptor):
    """The scoreboard behind an entry of /proc/PID/fd; None when it is none, or not written yet."""
    try:
        if "memfd:girin-scoreboard" not in os.readlink(descriptor):
            return None
        with open(descriptor, "rb") as file:
            head = file.read(HEAD.size)
    except (FileNotFoundError, ProcessLookupError):
        return None
    if len(head) < HEAD.size:
        return None
    magic, _, _, pid, _, generation, state, _, connections, requests, accepted = HEAD.unpack(head)
    return Scoreboard(pid, generation, state, connections, requests, accepted) if magic == MAGIC else None


def descriptors(master):
    folder = f"/proc/{master}/fd"
    return sorted(os.path.join(folder, name) for name in os.listdir(folder))


def scoreboards(master):
    """Those of all workers that the master has not waited for, as they are at one moment."""
    while True:
        before = descriptors(master)
        boards = [board for descriptor in before if (board := read(descriptor))]
        if descriptors(master) == before:
            return boards
        time.sleep(0)


def ready(master):
    """How many workers accept."""
    return sum(board.state in (READY, FULL) for board in scoreboards(master))


def known_to(worker):
    """How many scoreboards a worker looks at: its own, and those of the peers that it has heard of."""
    try:
        with open(f"/proc/{worker}/maps") as maps:
            return sum("memfd:girin-scoreboard" in line for line in maps)
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Watch:
    """Looks at the workers all the time, from a process of its own, until the `with` block ends."""

    def __init__(self, master):
        self.process = subprocess.Popen([sys.executable, __file__, str(master)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline() == "watching\n"
        return self

    def __exit__(self, *_):
        output, _ = self.process.communicate()
        self.fewest, self.looks = map(int, output.split())


def main(master):
    fewest, looks = ready(master), 1
    print("watching", flush=True)
    while not select.select([sys.stdin], [], [], 0.0005)[0]:
        fewest = min(fewest, ready(master))
        looks += 1
    print(fewest, looks)


if __name__ == "__main__":
    main(int(sys.argv[1]))
