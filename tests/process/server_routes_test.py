"""What the demo application answers, to curl, on every kind of worker and every kind of listener."""
import json
import os
import subprocess
import unittest

from real_server import PATIENCE, ServerTest, has_ipv6

UPLOAD = bytes(range(256)) * 4096  # a MiB of every byte


class Routes:
    worker_class = None

    def curl(self, *arguments, body=None):
        """The status and the body of what curl gets."""
        command = ["curl", "--silent", "--show-error", "--max-time", str(PATIENCE),
                   "--write-out", "%{stderr}%{http_code}", *arguments]
        done = subprocess.run(command, input=body, capture_output=True, timeout=2 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stderr), done.stdout

    def check(self, base, *curl):
        def ask(path, *arguments, body=None):
            return self.curl(*curl, *arguments, base + path, body=body)
        self.assertEqual(ask("/"), (200, b"Hello, World!"))
        self.assertEqual(ask("/json"), (200, b'{"message":"Hello, World!"}'))
        self.assertEqual(ask("/users/42"), (200, b'{"id":42,"name":"user 42"}'))
        self.assertEqual(ask("/users/x")[0], 404)
        self.assertEqual(ask("/nowhere")[0], 404)
        self.assertEqual(ask("/echo")[0], 405)
        self.assertEqual(ask("/sleep?ms=10"), (200, b"slept 10 ms\n"))
        self.assertEqual(ask("/block?ms=10"), (200, b"blocked 10 ms\n"))
        self.assertEqual(ask("/cpu?ms=1"), (200, b"burnt 1 ms\n"))
        self.assertEqual(ask("/sleep?ms=soon")[0], 400)
        self.assertEqual(ask("/stream?n=3"), (200, b"line 1\nline 2\nline 3\n"))
        status, body = ask("/pid")
        answer = json.loads(body)
        self.assertEqual((status, answer["generation"]), (200, 1))
        self.assertIn(answer["pid"], self.server.workers())
        for framing in ("Content-Length:", "Transfer-Encoding: chunked"):
            framed = ["--header", framing] if "chunked" in framing else []
            self.assertEqual(ask("/echo", *framed, "--data-binary", "@-", body=UPLOAD), (200, UPLOAD))
        self.assertEqual(ask("/crash")[0], 404, "chaos must be asked for")

    def setUp(self):
        six = ["--bind", "[::1]:0"] if has_ipv6() else []
        self.server = self.start("--worker-class", self.worker_class, *six, "--bind", "unix:girin.sock")
        names = self.server.wait_for_log(r"Listening at: (\S+) \(")[1]
        self.four, *self.six, unix = names.split(",")
        self.assertEqual(unix, "unix:girin.sock")
        self.server.wait_for_log(f"Using worker: {self.worker_class}$")

    def test_every_route_answers_over_tcp(self):
        self.check(self.four)

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_every_route_answers_over_ipv6(self):
        self.check(*self.six)

    def test_every_route_answers_over_a_unix_socket(self):
        self.check("http://localhost", "--unix-socket", os.path.join(self.server.folder.name, "girin.sock"))

    def test_head_is_a_get_without_the_body(self):
        status, head = self.curl("--head", self.four + "/")
        self.assertEqual(status, 200)
        self.assertIn(b"content-length: 13\r\n", head)
        self.assertTrue(head.endswith(b"\r\n\r\n"))

    def test_the_second_request_comes_on_the_same_connection_but_not_with_sync(self):
        done = subprocess.run(["curl", "--silent", "--max-time", str(PATIENCE), "--write-out", "%{num_connects}",
                               self.four, self.four], capture_output=True, text=True)
        connects = done.stdout.replace("Hello, World!", "")
        self.assertEqual(connects, "11" if self.worker_class == "sync" else "10")


class Async(Routes, ServerTest):
    worker_class = "async"


class Sync(Routes, ServerTest):
    worker_class = "sync"


class Threads(Routes, ServerTest):
    worker_class = "threads"


if __name__ == "__main__":
    unittest.main()
