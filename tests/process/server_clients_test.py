"""Clients that leave, read nothing, send nothing, or send too slowly."""
import itertools
import socket
import struct
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from http_client import Client, ConnectionEnded, get
from real_server import KEEP_ALIVE_CLASSES, SANITIZER, WORKER_CLASSES, ServerTest, wait_until

MEBIBYTE = 1 << 20
STREAMED = (64 if SANITIZER else 1024) * MEBIBYTE
MOST_MEMORY = 32 * MEBIBYTE  # of a worker, whatever it streams
READS_NOTHING = 10  # seconds
SMALL_BUFFER = 64 << 10


def notes(server, what):
    """When the application has noted that, each time."""
    try:
        with open(server.path("notes")) as file:
            lines = [line.rpartition(" ") for line in file.read().splitlines()]
    except FileNotFoundError:
        return []
    return [float(seconds) for noted, _, seconds in lines if noted == what]


class Leaving(ServerTest):
    def reset(self, client):
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()

    def half_close(self, client):
        client.socket.shutdown(socket.SHUT_WR)
        self.addCleanup(client.socket.close)

    def test_a_client_that_leaves_while_a_handler_waits_is_noticed_within_100_ms_without_a_write(self):
        for worker_class in WORKER_CLASSES:
            # Behind the request: more than the worker reads ahead, and no more than its kernel takes besides, or the
            # FIN would not arrive.
            unread = get("/") * (1600 if worker_class == "threads" else 3200)
            for leave in (lambda client: client.socket.close(), self.reset, self.half_close):
                server = self.start("--worker-class", worker_class, application="libcontract.so")
                delays = {b"": [], unread: []}
                for number, behind in enumerate(5 * list(delays), 1):
                    client = server.connect()
                    client.send(get("/until-it-leaves", "Content-Length: 0", method="POST") + behind)
                    wait_until(lambda: len(notes(server, "waits")) == number, "the handler waits")
                    left = time.monotonic()
                    leave(client)
                    [*_, noticed] = wait_until(lambda: len(seen := notes(server, "left")) == number and seen,
                                               "the handler knows")
                    delays[behind].append(noticed - left)
                for each in delays.values():
                    self.assertLess(sorted(each)[3], 0.1, delays.values())  # one may meet a busy machine
                wait_until(lambda: len(notes(server, "send raised")) == 10, "send raises client_disconnected")
                wait_until(lambda: server.boards()[0].connections == 0, "the connections are gone")
                self.assertEqual(server.log("ERROR"), [])

    def test_the_handler_of_a_get_is_cancelled_at_its_await_when_the_client_leaves(self):
        server = self.start(application="libcontract.so")
        with server.connect() as client:
            client.send(get("/sleeps"))
            wait_until(lambda: notes(server, "waits"), "the handler waits")
        wait_until(lambda: notes(server, "cancelled"), "it is cancelled")
        wait_until(lambda: server.boards()[0].connections == 0, "the connection is gone")
        self.assertEqual(server.log("ERROR"), [])

    def test_cancel_on_disconnect_says_whose_handler_is_cancelled(self):
        for policy, method, cancelled in [("safe", "POST", False), ("always", "POST", True), ("never", "GET", False)]:
            with self.subTest(policy):
                server = self.start("--cancel-on-disconnect", policy, "--graceful-timeout", "1s",
                                    application="libcontract.so")
                with server.connect() as client:
                    client.send(get("/sleeps", method=method))
                    wait_until(lambda: notes(server, "waits"), "the handler waits")
                if cancelled:
                    wait_until(lambda: notes(server, "cancelled"), "it is cancelled")
                    continue
                with server.connect() as another:
                    another.send(get("/until-it-leaves", method="POST"))
                    wait_until(lambda: len(notes(server, "waits")) == 2, "another waits")
                wait_until(lambda: notes(server, "left"), "the worker has noticed both")
                self.assertEqual(notes(server, "cancelled"), [])

    def test_a_client_that_only_stops_sending_is_served_where_half_close_is_set(self):
        for flags, served in ([["--half-close"], True], [[], False]):
            with self.subTest(flags), self.start(*flags).connect() as client:
                client.send(get("/sleep?ms=200"))
                client.socket.shutdown(socket.SHUT_WR)
                if served:
                    self.assertEqual(client.read_response().text, "slept 200 ms\n")
                else:
                    with self.assertRaises(ConnectionEnded):
                        client.read_response()

    def leave_in_crowds(self, path, *flags):
        server = self.start("--worker-connections", "2000", "--pool-queue", "2000", *flags)
        [pid] = server.workers()
        crowd = [server.connect() for _ in range(1000)]
        for client in crowd:
            client.send(get(path))
        wait_until(lambda: server.boards()[0].requests == 1000, "all requests have begun")
        for number, client in enumerate(crowd):
            (self.reset if number % 2 else lambda leaving: leaving.socket.close())(client)
        wait_until(lambda: server.boards()[0].connections == 0, "all connections are gone")
        self.assertEqual(server.ask("/").status, 200)
        self.assertEqual(server.workers(), [pid])
        self.assert_stops(server)
        self.assertEqual(server.log("WARNING|ERROR|CRITICAL"), [])

    def test_a_thousand_clients_leave_during_sleep(self):
        self.leave_in_crowds("/sleep?ms=60000")

    def test_a_thousand_clients_leave_during_block(self):
        self.leave_in_crowds("/block?ms=100")

    def test_a_thousand_clients_leave_threads_that_block(self):
        self.leave_in_crowds("/block?ms=10", "--worker-class", "threads")

    def test_a_thousand_clients_leave_in_the_middle_of_an_upload(self):
        server = self.start("--worker-connections", "2000")
        crowd = [server.connect() for _ in range(1000)]
        for client in crowd:
            client.send(b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n" + b"x" * 5000)
        wait_until(lambda: server.boards()[0].requests == 1000, "all requests have begun")
        for client in crowd:
            client.socket.close()
        wait_until(lambda: server.boards()[0].connections == 0, "all connections are gone")
        self.assert_stops(server)
        self.assertEqual(server.log("WARNING|ERROR|CRITICAL"), [])


class Reading(ServerTest):
    def memory(self, server, name):
        """VmRSS or VmHWM of the only worker, in bytes."""
        [pid] = server.workers()
        with open(f"/proc/{pid}/status") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith(name + ":"))

    def check_that_streaming_takes_no_memory(self, stream, application):
        """Every kind of worker and of framing at once, because most of this is waiting: `stream` begins what its client
        does not read."""
        streams = []
        for worker_class, version in itertools.product(WORKER_CLASSES, ("1.0", "1.1")):
            server = self.start("--worker-class", worker_class, application=application)
            server.ask("/fields")
            before = self.memory(server, "VmHWM")
            client = server.connect(receive_buffer=SMALL_BUFFER)
            self.addCleanup(client.socket.close)
            streams.append(((worker_class, version), server, client, before, stream(server, client, version)))
        self.wait_for_standstill(lambda: [moved() for *_, moved in streams])
        stood = {server: (moved(), self.memory(server, "VmRSS")) for _, server, _, _, moved in streams}
        with ThreadPoolExecutor() as readers:
            responses = list(readers.map(lambda stream: self.read_all(stream[2]), streams))
        for (kind, server, _, before, _), response in zip(streams, responses):
            with self.subTest(kind):
                moved, memory = stood[server]
                self.assertLess(moved, STREAMED)
                self.assertLess(memory - before, MOST_MEMORY // 2)
                self.assertEqual(response, (200, STREAMED))
                # The sanitizers' shadow and quarantine count too, so there only what came on top can be judged.
                self.assertLess(self.memory(server, "VmHWM") - (before if SANITIZER else 0), MOST_MEMORY)

    def wait_for_standstill(self, counts):
        """Waits until every number has begun to grow and none has done so for as long as a client reads nothing."""
        last = [[], 0.0]

        def stand():
            now = counts()
            if now != last[0]:
                last[:] = now, time.monotonic()
            return all(now) and time.monotonic() - last[1] > READS_NOTHING
        wait_until(stand, "nothing more is streamed")

    def read_all(self, client):
        """The status, and how many bytes of content come."""
        head = client.read_head()
        size = 0
        if head.headers.get("transfer-encoding") == "chunked":
            while chunk := int(client.read_until(b"\r\n"), 16):
                client.read_exactly(chunk + 2)
                size += chunk
            return head.status, size
        size = len(client.buffer)
        room = bytearray(MEBIBYTE)
        while got := client.socket.recv_into(room):
            size += got
        return head.status, size

    def test_a_gibibyte_streamed_to_a_client_that_does_not_read_for_ten_seconds_takes_no_memory(self):
        def stream(server, client, version):
            client.send(f"GET /big?{STREAMED // MEBIBYTE} HTTP/{version}\r\nHost: test\r\n\r\n".encode())
            return lambda: len(notes(server, "sent")) * MEBIBYTE
        self.check_that_streaming_takes_no_memory(stream, "libcontract.so")

    def test_a_gibibyte_echoed_to_a_client_that_does_not_read_for_ten_seconds_takes_no_memory(self):
        def stream(_, client, version):
            sent = [0]

            def upload():
                chunked = version == "1.1"
                length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {STREAMED}"
                client.send(f"POST /echo HTTP/{version}\r\nHost: test\r\n{length}\r\n\r\n".encode())
                piece = b"x" * MEBIBYTE
                if chunked:
                    piece = b"%x\r\n%s\r\n" % (MEBIBYTE, piece)
                for _ in range(STREAMED // MEBIBYTE):
                    rest = memoryview(piece)
                    while rest:
                        taken = client.socket.send(rest)
                        sent[0] += taken
                        rest = rest[taken:]
                if chunked:
                    client.send(b"0\r\n\r\n")
            threading.Thread(target=upload, daemon=True).start()
            return lambda: sent[0]
        self.check_that_streaming_takes_no_memory(stream, "libdemo.so")

    def test_a_client_that_reads_nothing_is_given_up_after_write_timeout(self):
        server = self.start("--write-timeout", "500ms", application="libcontract.so")
        with server.connect(receive_buffer=SMALL_BUFFER) as client:
            client.send(get("/big?1024"))
            wait_until(lambda: server.boards()[0].connections == 1, "it is connected")
            wait_until(lambda: server.boards()[0].connections == 0, "it is given up")
        self.assertEqual(server.ask("/fields").status, 200)


class Sending(ServerTest):
    def check_408(self, server, begin, piece):
        """A request that goes on forever, a piece at a time, is answered 408 and closed."""
        with server.connect() as client:
            client.send(begin)
            client.socket.settimeout(0.05)
            while b"\r\n\r\n" not in client.buffer:
                try:
                    if piece:
                        client.send(piece)
                    if not client.receive():
                        break
                except TimeoutError:
                    continue
                except (BrokenPipeError, ConnectionEnded):
                    break
            self.assertTrue(client.buffer.startswith(b"HTTP/1.1 408 "), client.buffer)
            self.assertIn(b"\r\nconnection: close\r\n", client.buffer)
        wait_until(lambda: server.boards()[0].connections == 0, "the connection is gone")

    def test_a_head_that_comes_byte_by_byte_is_answered_408_after_head_timeout(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, "--head-timeout", "500ms")
                self.check_408(server, b"GET / HTTP/1.1\r\nHost: test\r\nX: ", b"x")
                self.check_408(server, b"GET / HTTP/1.1\r\nHo", b"")
                self.assertEqual(server.ask("/").status, 200)

    def test_a_client_that_stops_sending_its_body_is_answered_408_after_body_timeout(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, "--body-timeout", "500ms",
                                    application="libcontract.so")
                self.check_408(server, b"POST /length HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc", b"")
                self.assertEqual(server.ask("/fields").status, 200)

    def test_a_slow_body_that_never_pauses_for_body_timeout_is_taken(self):
        server = self.start("--body-timeout", "5s", application="libcontract.so")
        with server.connect() as client:
            client.send(b"POST /length HTTP/1.1\r\nHost: test\r\nContent-Length: 8\r\n\r\n")
            for _ in range(8):
                client.send(b"x")
                time.sleep(0.01)
            self.assertEqual(client.read_response().text, "8")

    def test_a_client_that_says_nothing_is_closed_after_head_timeout_and_an_idle_one_after_keep_alive(self):
        for worker_class in KEEP_ALIVE_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, "--head-timeout", "500ms", "--keep-alive", "200ms")
                with server.connect() as silent, server.connect() as idle:
                    self.assertEqual(idle.ask("/").status, 200)
                    self.assertEqual(idle.read_to_end(), b"")
                    self.assertEqual(silent.read_to_end(), b"")

    def test_keep_alive_of_zero_closes_after_every_response(self):
        for worker_class in KEEP_ALIVE_CLASSES:
            with self.subTest(worker_class), self.start("--worker-class", worker_class,
                                                        "--keep-alive", "0").connect() as client:
                self.assertEqual(client.ask("/").headers["connection"], "close")
                self.assertEqual(client.read_to_end(), b"")

    def test_a_worker_holds_no_more_than_worker_connections(self):
        server = self.start("--worker-connections", "3")
        clients = [Client(server.address) for _ in range(5)]
        for client in clients:
            self.addCleanup(client.socket.close)
            client.send(get("/"))
        for client in clients[:3]:
            self.assertEqual(client.read_response().status, 200)
        self.assertEqual(server.boards()[0].connections, 3)
        clients[0].socket.close()
        self.assertEqual(clients[3].read_response().status, 200)
        self.assertEqual(server.boards()[0].connections, 3)


if __name__ == "__main__":
    unittest.main()
