"""What a worker is born with, and how connections spread."""
import json
import os
import signal
import subprocess
import unittest

from real_master import MasterTest, wait_until


def status(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


class HandOver(MasterTest):
    def test_a_worker_gets_only_what_is_handed_over(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        master = self.start(pass_fds=[writing])
        this = json.loads(master.ask("self"))
        self.assertEqual(this["group"], this["pid"])
        self.assertFalse(this["variable"])
        self.assertEqual(os.readlink(f"/proc/{this['pid']}/fd/0"), "/dev/null")
        self.assertNotIn(os.readlink(f"/proc/self/fd/{writing}"), this["descriptors"])
        self.assertEqual(sum("memfd:girin-" in name for name in this["descriptors"]), 2)
        listener_channel_and_this_connection = 3
        self.assertEqual(sum("socket:" in name for name in this["descriptors"]), listener_channel_and_this_connection)

    def test_a_worker_starts_with_no_blocked_signal_and_only_sigpipe_ignored(self):
        master = self.start(settings="boot=hang")
        pid = int(master.wait_for_log(r"Booting worker with pid: (\d+)")[1])

        def executed():
            with open(f"/proc/{pid}/environ") as file:
                return "GIRIN_WORKER=" in file.read()
        wait_until(executed, "the worker's program runs")
        self.assertEqual(int(status(pid)["SigBlk"], 16), 0)
        self.assertEqual(int(status(pid)["SigIgn"], 16), 1 << signal.SIGPIPE - 1)

    def test_connections_spread_evenly(self):
        master = self.start("workers=4")
        workers = master.wait_for_serving(4)
        for _ in range(64):
            master.hold()
        counts = [sum("socket" in os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd"))
                  for pid in workers]
        sockets_of_an_idle_one = 2
        connections = [count - sockets_of_an_idle_one for count in counts]
        self.assertEqual(sum(connections), 64)
        self.assertLessEqual(max(connections), 1.25 * min(connections))

    def test_a_hung_worker_does_not_keep_the_others_from_accepting(self):
        master = self.start("workers=2")
        master.wait_for_serving(2)
        with master.connect("hang"):
            for _ in range(4):
                master.hold()

    def test_as_pid_1_the_master_serves_reaps_strangers_and_stops_on_term(self):
        unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
            self.skipTest("this user may not make a PID namespace")
        strangers = "(sleep 0.05 &) ; (sleep 0.1 &) ; exec \"$@\""
        master = self.start(prefix=[*unshare, "sh", "-c", strangers, "sh"])
        self.assertEqual(master.who()[1:], (0, 1, "-"))
        inner = int(wait_until(lambda: self.children(master.process.pid), "the namespace is there")[0])
        wait_until(lambda: len(self.children(inner)) == 1, "only the worker is left of its children")
        os.kill(inner, signal.SIGTERM)
        self.assertEqual(master.wait(), 0)
        self.assertEqual(master.log("ERROR|WARNING"), [])

    @staticmethod
    def children(pid):
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return file.read().split()


if __name__ == "__main__":
    unittest.main()
