"""Every worker holds its part of the connections, however fast they come."""
import time
import unittest

from http_client import get
from real_server import KEEP_ALIVE_CLASSES, ServerTest, wait_until
from wrk import Wrk

CONNECTIONS = 64
WORKERS = 4
MOST = 1.25  # between the fullest worker and the emptiest


class Balance(ServerTest):
    def assert_even(self, server):
        """All connections have been accepted, and evenly."""
        def held():
            boards = server.boards()
            return [board.connections for board in boards] if all(board.accepted for board in boards) else []
        held = wait_until(lambda: (now := held()) and sum(now) == CONNECTIONS and now, "all are accepted")
        self.assertEqual(len(held), WORKERS)
        self.assertLessEqual(max(held) / min(held), MOST, held)

    def check(self, worker_class, pause, asks):
        server = self.start("--worker-class", worker_class, "--keep-alive", "1h", "--head-timeout", "1h",
                            workers=WORKERS)
        clients = []
        for _ in range(CONNECTIONS):
            client = server.connect()
            self.addCleanup(client.socket.close)
            clients.append(client)
            if asks:
                client.send(get("/"))
            time.sleep(pause)
        self.assert_even(server)
        if asks:
            for client in clients:
                self.assertEqual(client.read_response().status, 200)
            self.assert_even(server)

    def test_connections_that_come_at_once_are_spread_evenly(self):
        for worker_class in KEEP_ALIVE_CLASSES:
            with self.subTest(worker_class):
                self.check(worker_class, pause=0, asks=True)

    def test_connections_that_come_one_after_the_other_are_spread_evenly(self):
        for pause in (0.0005, 0.005, 0.02):
            with self.subTest(pause):
                self.check("async", pause, asks=True)

    def test_connections_that_ask_nothing_are_spread_evenly(self):
        self.check("async", pause=0.001, asks=False)

    def test_the_connections_of_wrk_are_spread_evenly_while_it_drives_them(self):
        for path in ("/", "/sleep?ms=10"):
            with self.subTest(path):
                server = self.start(workers=WORKERS)
                wrk = Wrk(self, server.address, path, connections=CONNECTIONS, seconds=2)
                self.assert_even(server)
                self.assertEqual(wrk.result().errors, 0)


if __name__ == "__main__":
    unittest.main()
