"""wrk, and what it counted."""
import re
import shutil
import signal
import subprocess

from followed import PATIENCE


class Wrk:
    """Starts wrk for a test; `result` waits for its end, `stop` ends it."""

    def __init__(self, test, address, path="/", connections=64, seconds=3):
        if not shutil.which("wrk"):
            raise AssertionError("this test needs wrk: apt-get install wrk")
        host, port = address
        self.process = subprocess.Popen(["wrk", "--threads", "2", "--connections", str(connections), "--duration",
                                         f"{seconds}s", "--timeout", "30s", f"http://{host}:{port}{path}"],
                                        stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.end)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """The result of what it has done so far; it must not have ended by itself."""
        assert self.process.poll() is None, "wrk has ended before the test"
        self.process.send_signal(signal.SIGINT)
        return self.result()

    def result(self):
        self.text, _ = self.process.communicate(timeout=PATIENCE)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", self.text)
        self.requests = int(re.search(r"(\d+) requests in", self.text)[1])
        self.errors = sum(map(int, errors.groups())) if errors else 0
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", self.text)
        self.wrong_answers = int(wrong[1]) if wrong else 0
        return self
