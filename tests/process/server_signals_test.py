"""What the operator's signals do to a server that has requests under way."""
import fcntl
import os
import pty
import signal
import socket
import termios
import unittest

from http_client import ConnectionEnded, get
from real_server import KEEP_ALIVE_CLASSES, WORKER_CLASSES, ServerTest, is_alive, wait_until

LONG = "/sleep?ms=60000"
HALF_A_SECOND = "/sleep?ms=500"
GLIBCS_OWN = 0x1_8000_0000  # signals 32 and 33, which no program can change


class Signals(ServerTest):
    def busy(self, server, *paths):
        """Connections whose requests the workers have begun."""
        before = sum(board.requests for board in server.boards())
        clients = []
        for path in paths:
            client = server.connect()
            self.addCleanup(client.socket.close)
            client.send(get(path))
            clients.append(client)
        wait_until(lambda: sum(board.requests for board in server.boards()) == before + len(paths), "all have begun")
        return clients

    def test_term_lets_requests_finish_and_the_last_answer_says_that_the_connection_closes(self):
        for worker_class in KEEP_ALIVE_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, workers=2)
                clients = self.busy(server, HALF_A_SECOND, "/block?ms=500", "/stream?n=10")
                self.assertEqual(clients[2].read_response().status, 200)
                server.send(signal.SIGTERM)
                for client, text in zip(clients, ("slept 500 ms\n", "blocked 500 ms\n")):
                    response = client.read_response()
                    self.assertEqual((response.status, response.text), (200, text))
                    self.assertEqual(client.read_to_end(), b"")
                self.assertEqual(server.wait(), 0)
                self.assertEqual(server.log("ERROR|WARNING|CRITICAL"), [])

    def test_threads_that_an_application_starts_are_no_way_around_the_handlers(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, application="libthreaded.so")
                server.send(signal.SIGUSR1)
                server.wait_for_log("Handling signal: usr1")
                [client] = self.busy(server, "/slow")
                server.send(signal.SIGTERM)
                self.assertEqual(client.read_response().text, "done")
                self.assertEqual(server.wait(), 0)
                self.assertEqual(server.log("ERROR|WARNING|CRITICAL"), [])

    def test_programs_that_handlers_start_inherit_no_signals_that_are_blocked_or_ignored(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, application="libthreaded.so")
                for path in ("/in-pool", "/on-loop"):
                    text = server.ask(path).text
                    sets = {line.split(":")[0]: int(line.split()[1], 16) & ~GLIBCS_OWN for line in text.splitlines()}
                    self.assertEqual(sets, {"SigBlk": 0, "SigIgn": 0}, path)
                self.assert_stops(server)

    def test_term_lets_a_sync_worker_finish_its_request(self):
        server = self.start("--worker-class", "sync")
        [client] = self.busy(server, "/block?ms=500")
        server.send(signal.SIGTERM)
        self.assertEqual(client.read_response().status, 200)
        self.assertEqual(server.wait(), 0)

    def test_term_lets_an_upload_finish(self):
        server = self.start()
        client = server.connect()
        self.addCleanup(client.socket.close)
        client.send(b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\nabc")
        wait_until(lambda: server.boards()[0].requests == 1, "it has begun")
        server.send(signal.SIGTERM)
        server.wait_for_log("Handling signal: term")
        client.send(b"def")
        self.assertEqual(client.read_response().text, "abcdef")
        self.assertEqual(server.wait(), 0)

    def test_term_refuses_new_clients_while_old_ones_finish(self):
        server = self.start(workers=2)
        address = server.address
        [client] = self.busy(server, "/sleep?ms=2000")
        server.send(signal.SIGTERM)
        wait_until(lambda: len(server.workers()) == 1, "the idle worker has left")

        wait_until(lambda: self.is_refused(address), "a new client is refused")
        self.assertEqual(len(server.workers()), 1, "the worker with the request is still there")
        self.assertEqual(client.read_response().status, 200)
        self.assertEqual(server.wait(), 0)

    @staticmethod
    def is_refused(address):
        try:
            socket.create_connection(address, timeout=0.2).close()
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            pass
        return False

    def test_term_ends_by_graceful_timeout_whatever_requests_are_left(self):
        server = self.start("--graceful-timeout", "1s")
        [client] = self.busy(server, LONG)
        self.assert_stops(server)
        server.wait_for_log(r"\[WARNING\] Forcing close of 1 connections")
        with self.assertRaises(ConnectionEnded):
            client.read_head()

    def test_workers_leave_in_order_within_the_graceful_time_whatever_cannot_be_ended(self):
        server = self.start("--graceful-timeout", "3s")
        self.busy(server, "/block?ms=60000")
        self.assert_stops(server)
        server.wait_for_log(r"\[WARNING\] Forcing close of 1 connections")
        server.wait_for_log(r"\[ERROR\] 1 requests cannot be ended")
        server.wait_for_log("Worker exiting")
        self.assertEqual(server.log("killed"), [])

    def test_int_and_quit_stop_quickly_whatever_requests_are_left(self):
        for signo, name in ((signal.SIGINT, "int"), (signal.SIGQUIT, "quit")):
            for worker_class in WORKER_CLASSES:
                with self.subTest(name=name, worker_class=worker_class):
                    server = self.start("--worker-class", worker_class, "--graceful-timeout", "1h")
                    self.busy(server, LONG)
                    self.assert_stops(server, signo)
                    server.wait_for_log(f"Handling signal: {name}$")

    def test_a_worker_that_boots_is_ended_without_a_core(self):
        for signo in (signal.SIGINT, signal.SIGQUIT):
            server = self.start(application="liblives.so", files=[("life", "is-never-made")], wait=False)
            server.wait_for_log("Booting worker")
            self.assert_stops(server, signo)
            server.wait_for_log(r"Worker \(pid:\d+\) was sent SIGINT!")

    def test_int_stops_quickly_while_a_blocking_handler_runs(self):
        server = self.start("--graceful-timeout", "1h")
        self.busy(server, "/block?ms=60000")
        self.assert_stops(server, signal.SIGINT)

    def test_control_c_in_a_terminal_reaches_the_master_alone(self):
        terminal, slave = pty.openpty()
        self.addCleanup(os.close, terminal)
        server = self.start(workers=2, stdin=slave, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        server.send(signal.SIGSTOP)
        wait_until(lambda: self.state(server.process.pid) == "T", "the master stands still")
        os.write(terminal, b"\x03")
        wait_until(lambda: self.has_pending(server.process.pid, signal.SIGINT), "Ctrl-C has come to the master")
        for _ in range(10):
            self.assertEqual(server.ask("/").status, 200)
        self.assertEqual(len(server.workers()), 2)
        server.send(signal.SIGCONT)
        self.assertEqual(server.wait(), 0)
        self.assertEqual(len(server.log("Handling signal: int")), 1)

    @staticmethod
    def status(pid, name):
        with open(f"/proc/{pid}/status") as file:
            return next(line.split()[1] for line in file if line.startswith(name + ":"))

    def state(self, pid):
        return self.status(pid, "State")

    def has_pending(self, pid, signo):
        return int(self.status(pid, "ShdPnd"), 16) >> (signo - 1) & 1

    def test_workers_finish_and_leave_when_the_master_is_killed(self):
        server = self.start(workers=2)
        workers = server.workers()
        clients = self.busy(server, HALF_A_SECOND, HALF_A_SECOND)
        server.process.kill()
        for client in clients:
            self.assertEqual(client.read_response().text, "slept 500 ms\n")
        wait_until(lambda: not any(is_alive(pid) for pid in workers), "the workers have left")
        self.assertEqual(len(server.log("Parent changed, shutting down")), 2)

    def test_ttin_and_ttou_scale_while_requests_are_answered(self):
        server = self.start()
        [first] = server.workers()
        server.send(signal.SIGTTIN)
        server.wait_for_ready(2)
        [client] = self.busy(server, HALF_A_SECOND)
        server.send(signal.SIGTTOU)
        self.assertEqual(client.read_response().status, 200)
        [last] = server.wait_for_ready(1)
        self.assertNotEqual(last, first)
        server.send(signal.SIGTTOU)
        server.wait_for_log("Handling signal: ttou", times=2)
        self.assertEqual(server.ask("/").status, 200)
        self.assertEqual(server.wait_for_ready(1), [last])


if __name__ == "__main__":
    unittest.main()
