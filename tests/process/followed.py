"""A master process under test: starts it, follows its log, signals it, and leaves nothing behind."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

PATIENCE = 60.0  # seconds: far more than anything here takes, for loaded machines and sanitizers


def wait_until(condition, what, patience=PATIENCE):
    """Waits for the condition to hold and returns its value."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience} s in vain until {what}")
        time.sleep(0.005)
    return value


def is_alive(pid):
    """Whether the process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class FollowedMaster:
    def __init__(self, command, files=(), copies=(), folders=(), links=(), entered=None, **how):
        """Runs the command in a scratch folder with files, (name, content) or (name, what to copy), folders, and links,
        (name, target); or in what `entered` names there, as a shell enters it."""
        self.folder = tempfile.TemporaryDirectory()
        for name in folders:
            os.mkdir(self.path(name))
        for name, original in copies:
            shutil.copy(original, self.path(name))
        for name, content in files:
            self.write(name, content)
        for name, target in links:
            os.symlink(target, self.path(name))
        if entered:
            how["env"] = {**how.get("env", os.environ), "PWD": self.path(entered)}
        self.lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(command, cwd=self.path(entered or "."), stderr=subprocess.PIPE, text=True,
                                        errors="replace", start_new_session=True, **how)
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, content):
        """Puts a file into the folder; whoever reads it sees the old one or the new one as a whole."""
        with open(self.path(name + ".new"), "w") as file:
            file.write(content)
        os.rename(self.path(name + ".new"), self.path(name))

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
        for pid in self.workers():
            with contextlib.suppress(ProcessLookupError):  # It may be leaving, now that its master is gone.
                os.kill(pid, signal.SIGKILL)
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        self.folder.cleanup()
