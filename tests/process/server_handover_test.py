"""What a worker does with what the master hands it, and without the master."""
import os
import unittest

from http_client import Client, get
from real_server import ServerTest, wait_until

NOT_INHERITED = 200  # a descriptor that the master has and its workers have not


class HandOver(ServerTest):
    def test_a_worker_closes_the_memory_files_once_it_has_used_them(self):
        server = self.start(workers=2)
        for pid in server.workers():
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            self.assertEqual([link for link in links if "memfd:girin-" in link], [])

    def test_the_master_is_told_why_a_worker_cannot_even_be_made(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.dup2(writer, NOT_INHERITED)
        os.close(writer)
        self.addCleanup(os.close, NOT_INHERITED)
        server = self.start("--access-logfile", f"/proc/self/fd/{NOT_INHERITED}", pass_fds=[NOT_INHERITED], wait=False)
        self.assertEqual(server.wait(), 3)
        server.wait_for_log(r"\[ERROR\] Worker \(pid:\d+\) cannot boot: .*cannot open the log file /proc/self/fd/200: "
                            "No such file or directory")

    def assert_orphans_leave(self, server):
        address = server.address
        server.process.kill()
        wait_until(lambda: not server.workers(), "the workers have left")
        with self.assertRaises(ConnectionRefusedError):
            Client(address)

    def test_a_worker_whose_loop_hangs_does_not_outlive_a_killed_master(self):
        server = self.start("--graceful-timeout", "1s", "--timeout", "0", variables={"DEMO_CHAOS": "1"}, workers=2)
        with server.connect() as client:
            client.send(get("/hang"))
            wait_until(lambda: sum(board.requests for board in server.boards()) == 1, "one hangs")
            self.assert_orphans_leave(server)
        self.assertEqual(len(server.log("Worker exiting")), 1)

    def test_a_worker_that_does_not_get_ready_does_not_outlive_a_killed_master(self):
        server = self.start("--graceful-timeout", "1s", application="liblives.so", files=[("life", "is-never-made")],
                            wait=False)
        server.wait_for_log("Booting worker")
        self.assert_orphans_leave(server)


if __name__ == "__main__":
    unittest.main()
