"""The real server under test: girin with an application, as this preset has built them."""
import os
import re
import signal
import socket
import subprocess
import sys
import unittest

import scoreboards
from followed import PATIENCE, FollowedMaster, is_alive, wait_until
from http_client import Client, ask

__all__ = ["KEEP_ALIVE_CLASSES", "PATIENCE", "SANITIZER", "Server", "ServerTest", "WORKER_CLASSES", "girin", "has_ipv6",
           "is_alive", "named", "wait_until"]

BUILD = os.environ["GIRIN_BUILD"]
APPLICATIONS = os.environ["GIRIN_TEST_APPLICATIONS"]
SANITIZER = os.environ["GIRIN_TEST_SANITIZER"]  # empty, or what -fsanitize was given: then loads are smaller
WORKER_CLASSES = ("async", "threads", "sync")
KEEP_ALIVE_CLASSES = ("async", "threads")
REPORT = re.compile(r"(ERROR|WARNING|SUMMARY): \w+Sanitizer|runtime error:|Assertion .* failed")


def has_ipv6():
    """Whether this machine has an IPv6 loopback."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def named(name):
    """The path of something that this build has made: girin, demo, libdemo.so, or a test's application."""
    return next(path for folder in (BUILD, APPLICATIONS) if os.path.exists(path := os.path.join(folder, name)))


def environment(variables):
    """This process's, without what would configure a server, and with these."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("GIRIN_") and name not in ("PORT", "WEB_CONCURRENCY", "DEMO_CHAOS")}
    return {**clean, **variables}


def girin(*arguments, program="girin", cwd=None, **variables):
    """Runs a command that ends by itself; its output and exit code are in what is returned."""
    return subprocess.run([named(program), *arguments], capture_output=True, text=True, timeout=PATIENCE, cwd=cwd,
                          env=environment(variables))


class Server(FollowedMaster):
    def __init__(self, *flags, application="libdemo.so", program="girin", bind="127.0.0.1:0", files=(),
                 variables=None, **how):
        command = [named(program)]
        if application:
            command.append(application if "/" in application else named(application))
        if bind:
            command += ["--bind", bind]
        super().__init__([*command, *flags], files, env=environment(variables or {}), **how)

    @property
    def address(self):
        return "127.0.0.1", self.port

    def connect(self, **how):
        return Client(self.address, **how)

    def ask(self, path, *fields, method="GET"):
        return ask(self.address, path, *fields, method=method)

    def boards(self):
        return scoreboards.scoreboards(self.process.pid)

    def ready(self):
        """How many workers accept."""
        return scoreboards.ready(self.process.pid)

    def wait_for_ready(self, count, without=()):
        """Waits until so many workers accept and know of each other, and no other is left, nor one of these; returns
        their pids."""
        def are():
            pids = [board.pid for board in self.boards()]
            complete = len(pids) == count == self.ready() and all(scoreboards.known_to(pid) == count for pid in pids)
            return complete and not set(pids) & set(without) and pids
        return wait_until(are, f"{count} workers are ready")


class ServerTest(unittest.TestCase):
    maxDiff = None

    def run(self, result=None):
        """As any test; one that fails shows what its servers have logged."""
        self.servers = []
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for server in self.servers:
                print(f"{self._testMethodName}: {' '.join(server.process.args)}", *server.lines, sep="\n    ",
                      file=sys.stderr)

    def start(self, *flags, workers=1, wait=True, **how):
        """A server that is ready, unless `wait` says that it is not waited for, with or without a number of workers."""
        server = Server(*(["--workers", str(workers)] if workers else []), *flags, **how)
        self.servers.append(server)
        self.addCleanup(self.finish, server)
        if wait:
            server.wait_for_log("Booting worker", times=workers)
            server.wait_for_ready(workers)
        return server

    def finish(self, server):
        server.clean_up()
        reports = [line for line in server.lines if REPORT.search(line)]
        self.assertEqual(reports, [], "\n".join(server.lines))

    def assert_stops(self, server, signo=signal.SIGTERM, code=0):
        server.send(signo)
        self.assertEqual(server.wait(), code, "\n".join(server.lines))
        self.assertEqual(server.workers(), [])
