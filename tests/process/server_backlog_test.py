"""What becomes of the clients that wait to be accepted when workers leave."""
import contextlib
import os
import selectors
import signal
import unittest
from collections import Counter

from followed import PATIENCE
from http_client import Client, ConnectionEnded, get
from real_server import SANITIZER, WORKER_CLASSES, ServerTest, wait_until

CLIENTS = 100


class Crowd:
    """Clients that have connected and asked at once, and wait for their answers."""

    def __init__(self, address, path, count=CLIENTS):
        self.waiting = selectors.DefaultSelector()
        self.outcomes = Counter()
        for _ in range(count):
            client = Client(address)
            client.send(get(path, "Connection: close"))
            self.waiting.register(client.socket, selectors.EVENT_READ, client)

    def hear(self, client):
        """More of an answer; true at its end."""
        try:
            if client.receive():
                return False
            outcome = "answered" if client.buffer.startswith(b"HTTP/1.1 200") else f"closed after {client.buffer[:12]}"
        except (ConnectionEnded, BrokenPipeError):
            outcome = "reset"
        self.outcomes[outcome] += 1
        return True

    def outcome(self):
        """How often each way of ending was seen, once all have ended."""
        while self.waiting.get_map():
            ready = self.waiting.select(PATIENCE)
            assert ready, self.outcomes
            for key, _ in ready:
                if self.hear(key.data):
                    self.waiting.unregister(key.fileobj)
                    key.fileobj.close()
        self.waiting.close()
        return dict(self.outcomes)


class Backlog(ServerTest):
    def crowd(self, server, path, count=CLIENTS):
        """A crowd of which some are being served."""
        crowd = Crowd(server.address, path, count)
        wait_until(lambda: any(board.requests for board in server.boards()), "the first is served")
        return crowd

    def test_a_worker_that_retires_leaves_the_waiting_clients_to_the_others(self):
        for signo in (signal.SIGHUP, signal.SIGTTOU):
            with self.subTest(signo=signo):
                server = self.start("--worker-class", "sync", "--graceful-timeout", "2s", workers=2)
                old = server.workers()
                crowd = self.crowd(server, "/block?ms=50")
                server.send(signo)
                self.assertEqual(crowd.outcome(), {"answered": CLIENTS})
                server.wait_for_ready(2 if signo == signal.SIGHUP else 1, without=old if signo == signal.SIGHUP else [])
                self.assertEqual(server.log("WARNING|ERROR|CRITICAL"), [])

    def test_workers_that_are_all_told_to_leave_leave_the_waiting_clients_to_their_successors(self):
        server = self.start("--worker-class", "sync", "--graceful-timeout", "2s", workers=2)
        crowd = self.crowd(server, "/block?ms=50")
        for pid in server.workers():
            os.kill(pid, signal.SIGTERM)
        self.assertEqual(crowd.outcome(), {"answered": CLIENTS})
        self.assertEqual(server.log("WARNING|CRITICAL|killed"), [])

    def test_the_last_workers_serve_all_who_wait_and_are_no_more_than_they_may_hold(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, "--worker-connections", "5", workers=2)
                crowd = self.crowd(server, "/block?ms=20")
                server.send(signal.SIGTERM)
                most = 0
                while server.process.poll() is None:
                    with contextlib.suppress(OSError):  # it may end while it is looked at
                        most = max([most, *(board.connections for board in server.boards())])
                self.assertEqual(crowd.outcome(), {"answered": CLIENTS})
                self.assertLessEqual(most, 1 if worker_class == "sync" else 5)
                self.assertEqual(server.wait(), 0)
                self.assertEqual(server.log("WARNING|ERROR|CRITICAL"), [])

    def test_of_more_clients_than_fit_the_graceful_time_those_that_fit_are_served(self):
        server = self.start("--worker-class", "sync", "--graceful-timeout", "2s", workers=2)
        crowd = self.crowd(server, "/block?ms=100")
        self.assert_stops(server)
        outcome = crowd.outcome()
        self.assertGreaterEqual(outcome["answered"], 2 if SANITIZER else 10, outcome)
        self.assertEqual(len(server.log("Worker exiting")), 2)
        self.assertEqual(server.log("killed"), [])

    def test_workers_without_a_master_serve_all_who_wait(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, workers=2)
                crowd = self.crowd(server, "/block?ms=20")
                server.process.kill()
                self.assertEqual(crowd.outcome(), {"answered": CLIENTS})
                wait_until(lambda: not server.workers(), "the workers have left")


if __name__ == "__main__":
    unittest.main()
