"""A master under test: starts it, follows its log, talks to its workers, and leaves nothing behind."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

PATIENCE = 30.0  # seconds: far more than anything here takes, for loaded machines and sanitizers


def wait_until(condition, what):
    """Waits for the condition to hold and returns its value."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE} s in vain until {what}")
        time.sleep(0.005)
    return value


def is_alive(pid):
    """Whether the process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Master:
    def __init__(self, *options, settings="", program=None, prefix=(), pass_fds=()):
        self.folder = tempfile.TemporaryDirectory()
        self.settings_file = os.path.join(self.folder.name, "settings")
        self.configure(settings)
        self.lines = []
        self.held = []
        self.changed = threading.Condition()
        program = program or os.environ["FAKE_SERVER"]
        self.process = subprocess.Popen([*prefix, program, self.settings_file, *options],
                                        stderr=subprocess.PIPE, text=True, start_new_session=True,
                                        pass_fds=pass_fds)
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def configure(self, settings):
        """Writes the settings that the next start or HUP reads."""
        with open(self.settings_file + ".new", "w") as file:
            file.write(settings)
        os.rename(self.settings_file + ".new", self.settings_file)

    def log(self, pattern):
        """All matches in the log so far."""
        with self.changed:
            return [match for line in self.lines if (match := re.search(pattern, line))]

    def wait_for_log(self, pattern, times=1):
        """Waits until the log has the pattern so often, and returns the last of these matches."""
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                found = [match for line in self.lines if (match := re.search(pattern, line))]
                if len(found) >= times:
                    return found[times - 1]
                if not self.changed.wait(deadline - time.monotonic()):
                    raise AssertionError(f"no {times} x {pattern!r} in:\n" + "\n".join(self.lines))

    @property
    def port(self):
        return int(self.wait_for_log(r"Listening at: http://\S+?:(\d+)[ ,]")[1])

    def started(self):
        """The pids of all workers that were ever started, in this order."""
        return [int(match[1]) for match in self.log(r"Booting worker with pid: (\d+)")]

    def workers(self):
        """The pids of the workers that live."""
        return [pid for pid in self.started() if is_alive(pid)]

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

    def send(self, signo):
        os.kill(self.process.pid, signo)

    def wait(self):
        """Waits for the master's end and returns its exit code."""
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return code

    def clean_up(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.started():
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        for connection in self.held:
            connection.close()
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        self.folder.cleanup()


class MasterTest(unittest.TestCase):
    def start(self, *options, **how):
        master = Master(*options, **how)
        self.addCleanup(master.clean_up)
        return master

    def assert_stops(self, master, signo=signal.SIGTERM, code=0):
        master.send(signo)
        self.assertEqual(master.wait(), code)
        self.assertEqual(master.workers(), [])
