"""What requests over the limits and malformed ones are answered, and that everything else keeps being served."""
import unittest

from http_client import get
from real_server import KEEP_ALIVE_CLASSES, WORKER_CLASSES, ServerTest, wait_until

HEAD = "Host: test\r\n"


def post(*fields, body=""):
    return "".join(["POST /length HTTP/1.1\r\n", HEAD, *(field + "\r\n" for field in fields), "\r\n", body])


def chunked(body):
    return post("Transfer-Encoding: chunked", body=body)


MALFORMED = [
    (400, "nonsense\r\n\r\n"),
    (400, "GET / HTTP/1.1\r\n\r\n"),
    (400, f"GET / HTTP/1.1\r\n{HEAD}{HEAD}\r\n"),
    (400, f"GET / HTTP/1.1\r\n{HEAD}X: a\r\n folded\r\n\r\n"),
    (400, f"GET / HTTP/1.1\r\n{HEAD}X : a\r\n\r\n"),
    (400, f"GET / HTTP/1.1\n{HEAD}\r\n"),
    (400, f"GET /\x01 HTTP/1.1\r\n{HEAD}\r\n"),
    (400, f"GET http:/// HTTP/1.1\r\n{HEAD}\r\n"),
    (400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    (400, post("Content-Length: 3", "Content-Length: 4", body="abcd")),
    (400, post("Content-Length: 3", "Transfer-Encoding: chunked", body="3\r\nabc\r\n0\r\n\r\n")),
    (400, post("Content-Length: -1")),
    (400, chunked("x\r\n")),
    (400, chunked("3\r\nabcdef\r\n")),
    (400, chunked("0\r\nHost: evil\r\n\r\n")),
    (417, post("Content-Length: 3", "Expect: the-unexpected")),
    (501, post("Transfer-Encoding: gzip, chunked")),
    (501, f"CONNECT test:80 HTTP/1.1\r\n{HEAD}\r\n"),
    (501, f"BREW / HTTP/1.1\r\n{HEAD}\r\n"),
    (505, f"GET / HTTP/2.0\r\n{HEAD}\r\n"),
    (505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
]


class Limits(ServerTest):
    def status_of(self, server, data):
        """The status that the server answers before it closes."""
        with server.connect() as client:
            client.send(data.encode("latin-1"))
            response = client.read_response()
            self.assertEqual(response.headers["connection"], "close", data)
            self.assertEqual(client.read_to_end(), b"", data)
            return response.status

    def test_what_is_malformed_is_refused_and_everything_else_keeps_being_served(self):
        for worker_class in WORKER_CLASSES:
            server = self.start("--worker-class", worker_class, application="libcontract.so")
            for status, data in MALFORMED:
                with self.subTest(worker_class=worker_class, data=data):
                    self.assertEqual(self.status_of(server, data), status)
            self.assertEqual(server.ask("/fields").status, 200)
            self.assertEqual(len(server.started()), 1)
            self.assertEqual(server.log("ERROR|CRITICAL"), [])

    def check(self, flag, limit, status, fits, exceeds):
        with self.subTest(flag):
            server = self.start(flag, limit, application="libcontract.so")
            for data in ([fits] if isinstance(fits, str) else fits):
                with server.connect() as client:
                    client.send(data.encode())
                    self.assertEqual(client.read_response().status, 200, data)
            for data in ([exceeds] if isinstance(exceeds, str) else exceeds):
                self.assertEqual(self.status_of(server, data), status, data)

    def test_every_limit_of_a_head_is_the_settings(self):
        line = len("GET /fields? HTTP/1.1")
        self.check("--limit-request-line", "1000", 414, f"GET /fields?{'x' * (1000 - line)} HTTP/1.1\r\n{HEAD}\r\n",
                   f"GET /fields?{'x' * (1001 - line)} HTTP/1.1\r\n{HEAD}\r\n")
        self.check("--limit-request-fields", "10", 431, "GET /fields HTTP/1.1\r\n" + HEAD + "X: 1\r\n" * 9 + "\r\n",
                   "GET /fields HTTP/1.1\r\n" + HEAD + "X: 1\r\n" * 10 + "\r\n")
        self.check("--limit-request-field-size", "1000", 431, f"GET /fields HTTP/1.1\r\n{HEAD}X: {'x' * 997}\r\n\r\n",
                   f"GET /fields HTTP/1.1\r\n{HEAD}X: {'x' * 998}\r\n\r\n")
        empty = len(f"GET /fields HTTP/1.1\r\n{HEAD}X: \r\n\r\n")
        self.check("--limit-request-head", "1000", 431,
                   f"GET /fields HTTP/1.1\r\n{HEAD}X: {'x' * (1000 - empty)}\r\n\r\n",
                   f"GET /fields HTTP/1.1\r\n{HEAD}X: {'x' * (1001 - empty)}\r\n\r\n")

    def test_a_head_may_be_as_long_as_the_settings_let_it(self):
        server = self.start("--limit-request-head", "1m", "--limit-request-field-size", "64k",
                            application="libcontract.so")
        head = "GET /fields HTTP/1.1\r\n" + HEAD + "".join(f"X: {'x' * 60000}\r\n" for _ in range(15)) + "\r\n"
        with server.connect() as client:
            client.send(head.encode())
            self.assertEqual(len(client.read_response().body), len("host=test\nroot_path=\n") + 15 * 60003)

    def test_every_limit_of_a_body_is_the_settings(self):
        self.check("--limit-request-body", "1000", 413,
                   [post("Content-Length: 1000", body="x" * 1000), chunked(f"3e8\r\n{'x' * 1000}\r\n0\r\n\r\n")],
                   [post("Content-Length: 1001"), post("Content-Length: 18446744073709551615")])
        self.check("--limit-trailers", "20", 431, chunked("3\r\nabc\r\n0\r\nX: 567890123456789\r\n\r\n"), [])
        self.check("--limit-chunk-extensions", "100", 400, chunked(f"3;{'x' * 100}\r\nabc\r\n0\r\n\r\n"), [])

    def test_a_body_that_turns_out_too_large_or_malformed_while_it_is_read_is_answered_in_time(self):
        server = self.start("--limit-request-body", "1000", "--limit-trailers", "20", "--limit-chunk-extensions", "100",
                            application="libcontract.so")
        for status, body in [(413, "3e9\r\n"),
                             (413, f"3e8\r\n{'x' * 1000}\r\n1\r\nx\r\n0\r\n\r\n"),
                             (431, "0\r\nX: 5678901234567890\r\n\r\n"),
                             (431, "0\r\nX: 56789012345678901234567"),
                             (400, f"3;{'x' * 200}\r\nabc\r\n0\r\n\r\n"),
                             (400, "3;" + "x" * 200)]:
            with self.subTest(body=body[:20]):
                self.assertEqual(self.status_of(server, chunked(body)), status)
        self.assertEqual(server.ask("/fields").status, 200)

    def test_keep_alive_requests_are_counted(self):
        with self.start("--keep-alive-requests", "3").connect() as client:
            self.assertNotIn("connection", client.ask("/").headers)
            self.assertNotIn("connection", client.ask("/").headers)
            self.assertEqual(client.ask("/").headers["connection"], "close")
            self.assertEqual(client.read_to_end(), b"")

    def test_date_and_server_are_sent_unless_they_are_not_wanted(self):
        headers = self.start().ask("/").headers
        self.assertEqual(headers["server"], "girin")
        self.assertRegex(headers["date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        without = self.start("--no-date-header", "--no-server-header")
        for headers in (without.ask("/").headers, without.ask("/nowhere").headers):
            self.assertNotIn("server", headers)
            self.assertNotIn("date", headers)

    def test_a_full_pool_answers_503_with_retry_after(self):
        for flags in (["--threads", "1", "--pool-queue", "1"], ["--threads", "2", "--pool-queue", "0"]):
            with self.subTest(flags):
                server = self.start(*flags)
                with server.connect() as first, server.connect() as second:
                    for number, client in enumerate((first, second), 1):
                        client.send(get("/block?ms=1000"))
                        wait_until(lambda: server.boards()[0].requests == number, "it has begun")
                    refused = server.ask("/block?ms=1")
                    self.assertEqual(refused.status, 503)
                    self.assertTrue(refused.headers["retry-after"].isdigit())
                    self.assertEqual(server.ask("/").status, 200)
                    self.assertEqual([first.read_response().status, second.read_response().status], [200, 200])
                self.assertEqual(server.ask("/block?ms=1").status, 200)

    def test_pipelined_requests_are_answered_in_order(self):
        for worker_class in KEEP_ALIVE_CLASSES:
            with self.subTest(worker_class), self.start("--worker-class", worker_class).connect() as client:
                client.send(get("/sleep?ms=100") + get("/users/1") +
                            get("/echo", "Content-Length: 3", method="POST") + b"abc" +
                            get("/block?ms=10") + get("/users/2"))
                texts = [client.read_response().text for _ in range(5)]
                self.assertEqual(texts, ["slept 100 ms\n", '{"id":1,"name":"user 1"}', "abc", "blocked 10 ms\n",
                                         '{"id":2,"name":"user 2"}'])

    def test_expect_100_continue_is_answered_when_the_application_asks_for_the_body(self):
        with self.start(application="libcontract.so").connect() as client:
            client.send(b"POST /length HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(client.read_response().status, 100)
            client.send(b"abc")
            self.assertEqual(client.read_response().text, "3")
            client.send(b"POST /fields HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            response = client.read_response()
            self.assertEqual((response.status, response.headers["connection"]), (200, "close"))

    def test_an_upgrade_is_answered_as_plain_http(self):
        for protocol in ("h2c", "websocket"):
            with self.start().connect() as client:
                response = client.ask("/", "Connection: Upgrade", f"Upgrade: {protocol}")
                self.assertEqual((response.status, response.text), (200, "Hello, World!"))
                self.assertEqual(client.ask("/").status, 200)


if __name__ == "__main__":
    unittest.main()
