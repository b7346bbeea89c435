"""The demo's chaos: a worker that crashes, hangs or throws, and what the log says of it."""
import json
import threading
import unittest

from http_client import ConnectionEnded, get
from real_server import WORKER_CLASSES, ServerTest, wait_until

CHAOS = {"DEMO_CHAOS": "1"}


class Chaos(ServerTest):
    def test_a_crash_is_reported_with_its_signal_and_the_requests_in_flight_and_the_others_go_on(self):
        server = self.start(workers=2, variables=CHAOS)
        (pid, [victim, _]), (_, [neighbour, _]) = self.two_clients_of_each_worker(server).items()
        victim.send(get("/crash?why=not"))
        with self.assertRaises(ConnectionEnded):
            victim.read_response()
        self.assertEqual(neighbour.ask("/").status, 200)
        server.wait_for_log(rf"\[ERROR\] Worker \(pid:{pid}\) was sent SIGABRT!$")
        server.wait_for_log(rf"\[ERROR\] Worker \(pid:{pid}\) had been on this request for \d+\.\d\d s: "
                            rf"GET /crash\?why=not$")
        server.wait_for_ready(2, without=[pid])
        self.assertEqual(len(server.started()), 3)

    def two_clients_of_each_worker(self, server):
        """Connections by the worker that serves them."""
        clients = {pid: [] for pid in server.workers()}
        while any(len(those) < 2 for those in clients.values()):
            client = server.connect()
            self.addCleanup(client.socket.close)
            those = clients[json.loads(client.ask("/pid").body)["pid"]]
            if len(those) < 2:
                those.append(client)
        return clients

    def test_a_hung_worker_is_killed_after_timeout_with_its_requests_in_the_log(self):
        server = self.start("--timeout", "1s", workers=2, variables=CHAOS)
        (hung, [waiting, hanging]), (_, [neighbour, _]) = self.two_clients_of_each_worker(server).items()
        requests = sum(board.requests for board in server.boards())
        waiting.send(get("/sleep?ms=60000"))
        wait_until(lambda: sum(board.requests for board in server.boards()) == requests + 1, "it has begun")
        hanging.send(get("/hang"))
        for client in (waiting, hanging):
            with self.assertRaises(ConnectionEnded):
                client.read_response()
        self.assertEqual(neighbour.ask("/").status, 200)
        server.wait_for_log(rf"\[CRITICAL\] WORKER TIMEOUT \(pid:{hung}\)$")
        for request in ("GET /hang", r"GET /sleep\?ms=60000"):
            server.wait_for_log(rf"\[ERROR\] Worker \(pid:{hung}\) had been on this request for \d+\.\d\d s: "
                                rf"{request}$")
        server.wait_for_log(rf"\[ERROR\] Worker \(pid:{hung}\) was sent SIGABRT!$")
        server.wait_for_ready(2, without=[hung])

    def test_a_blocking_handler_that_takes_longer_than_timeout_does_not_get_its_worker_killed(self):
        server = self.start("--timeout", "1s")
        self.assertEqual(server.ask("/block?ms=2500").text, "blocked 2500 ms\n")
        self.assertEqual(server.log("TIMEOUT"), [])

    def test_a_sync_worker_that_blocks_longer_than_timeout_is_killed(self):
        server = self.start("--timeout", "1s", "--worker-class", "sync")
        with server.connect() as client:
            client.send(get("/block?ms=60000"))
            with self.assertRaises(ConnectionEnded):
                client.read_response()
        server.wait_for_log(r"\[CRITICAL\] WORKER TIMEOUT")
        server.wait_for_log(r"had been on this request for \d+\.\d\d s: GET /block\?ms=60000$")
        self.assertEqual(server.ask("/").status, 200)

    def test_a_throw_is_answered_500_and_logged_and_the_connection_and_the_worker_go_on(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, variables=CHAOS)
                with server.connect() as client:
                    response = client.ask("/throw")
                    self.assertEqual((response.status, response.text), (500, "Internal Server Error"))
                    if worker_class != "sync":
                        self.assertEqual(client.ask("/").status, 200)
                server.wait_for_log(r"\[ERROR\] Exception in ASGI application: std::runtime_error: thrown by /throw "
                                    r"\(GET /throw\), raised in ")
                self.assertEqual(server.ask("/").status, 200)
                self.assertEqual(len(server.started()), 1)

    def test_a_worker_that_keeps_crashing_is_replaced_ever_more_slowly_and_each_step_is_logged_once(self):
        server = self.start(variables=CHAOS)
        for deaths in (1, 2, 3):
            [pid] = server.wait_for_ready(1)
            with server.connect() as client:
                client.send(get("/crash"))
                with self.assertRaises(ConnectionEnded):
                    client.read_response()
            server.wait_for_log("was sent SIGABRT!", times=deaths)
            server.wait_for_ready(1, without=[pid])
        self.assertEqual([match[1] for match in server.log(r"keep dying; the next one starts in (\d+) s$")], ["1", "2"])

    def test_requests_wait_for_the_new_worker_when_the_only_one_crashes(self):
        server = self.start(variables=CHAOS)
        answers = []
        with server.connect() as client:
            client.send(get("/crash"))
            threads = [threading.Thread(target=lambda: answers.append(server.ask("/").status)) for _ in range(8)]
            with self.assertRaises(ConnectionEnded):
                client.read_response()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(answers, [200] * 8)


if __name__ == "__main__":
    unittest.main()
