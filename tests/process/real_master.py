"""The fake server under test: its settings file, and what its workers say in their one-line protocol."""
import json
import os
import signal
import socket
import unittest

from followed import PATIENCE, FollowedMaster, is_alive, wait_until

__all__ = ["PATIENCE", "MasterTest", "is_alive", "wait_until"]


class Master(FollowedMaster):
    def __init__(self, *options, settings="", program=None, prefix=(), pass_fds=()):
        self.held = []
        program = program or os.environ["FAKE_SERVER"]
        super().__init__([*prefix, program, "settings", *options], [("settings", settings)], pass_fds=pass_fds)

    def configure(self, settings):
        """Writes the settings that the next HUP reads."""
        self.write("settings", settings)

    def connect(self, line):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.sendall(line.encode() + b"\n")
        return connection

    def ask(self, line):
        """What a worker answers before it closes the connection."""
        with self.connect(line) as connection, connection.makefile() as answer:
            return answer.read().strip()

    def who(self):
        """pid, slot, generation and greeting of the worker that answers."""
        pid, slot, generation, greeting = self.ask("who").split(" ", 3)
        return int(pid), int(slot), int(generation), greeting

    def hold(self):
        """A connection that a worker has taken and that stays open until it is closed here, or by clean_up."""
        connection = self.connect("hold")
        self.held.append(connection)
        assert connection.recv(16) == b"held\n"
        return connection

    def wait_for_serving(self, count):
        """Waits until so many workers live and have been introduced to each other, and returns their pids."""
        acquainted = {}

        def all_are():
            this = json.loads(self.ask("self"))
            acquainted[this["pid"]] = this["peers"] == count - 1
            workers = self.workers()
            return len(workers) == count and all(acquainted.get(pid) for pid in workers) and workers
        return wait_until(all_are, f"{count} workers serve")

    def clean_up(self):
        super().clean_up()
        for connection in self.held:
            connection.close()


class MasterTest(unittest.TestCase):
    def start(self, *options, **how):
        master = Master(*options, **how)
        self.addCleanup(master.clean_up)
        return master

    def assert_stops(self, master, signo=signal.SIGTERM, code=0):
        master.send(signo)
        self.assertEqual(master.wait(), code)
        self.assertEqual(master.workers(), [])
