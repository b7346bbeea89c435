"""What an application that breaks the contract, or raises, does to its client, to the log, and to everybody else."""
import unittest

from http_client import ConnectionEnded, get
from real_server import KEEP_ALIVE_CLASSES, ServerTest

INTERNAL = (500, "Internal Server Error")


class Contract:
    def setUp(self):
        self.server = self.start("--worker-class", self.worker_class, "--access-logfile", "access",
                                 application="libcontract.so")

    def answers_of(self, client, path):
        response = client.ask(path)
        return response.status, response.text

    def assert_goes_on(self, client=None):
        """The worker lives; and the connection, if it is one that this kind of worker keeps."""
        if client and self.worker_class in KEEP_ALIVE_CLASSES:
            self.assertEqual(client.ask("/fields").status, 200)
        elif client:
            self.assertEqual(client.read_to_end(), b"")
        self.assertEqual(self.server.ask("/fields").status, 200)
        self.assertEqual(len(self.server.started()), 1)

    def test_what_the_contract_forbids_raises_in_the_application_and_never_reaches_the_wire(self):
        for path, complaint in [
                ("/body-first", "Expected ASGI message 'http.response.start', but got 'http.response.body'."),
                ("/unknown-status", "Invalid HTTP status code '99' in response: expected 200 to 599."),
                ("/line-break", r"Invalid HTTP header value of 'x': it contains '\x0d'."),
                ("/wrong-protocol", "Unexpected ASGI message 'websocket.accept' on an http connection.")]:
            with self.subTest(path), self.server.connect() as client:
                self.assertEqual(self.answers_of(client, path), (200, complaint))
                self.assert_goes_on(client)

    def test_an_application_that_raises_or_returns_before_its_response_is_answered_500_and_the_connection_goes_on(self):
        for path, line in [
                ("/start-twice", r"Exception in ASGI application: girin::asgi_error: Expected ASGI message "
                                 r"'http.response.body', but got 'http.response.start'. \(GET /start-twice\)"),
                ("/nothing", r"ASGI callable returned without starting response\. \(GET /nothing\)"),
                ("/throw-before", r"std::runtime_error: before the response \(GET /throw-before\)"),
                ("/throw-with-head-held", r"std::runtime_error: after the start \(GET /throw-with-head-held\)"),
                ("/throw-something", r"int \(GET /throw-something\)")]:
            with self.subTest(path), self.server.connect() as client:
                self.assertEqual(self.answers_of(client, path), INTERNAL)
                self.server.wait_for_log(r"\[ERROR\] .*" + line)
                self.assert_goes_on(client)

    def test_a_response_that_is_shorter_than_it_said_is_a_500_while_its_head_is_held(self):
        self.assertEqual(self.server.ask("/too-short").status, 500)
        self.server.wait_for_log(r"asgi_error: Response content shorter than Content-Length \(GET /too-short\)")
        self.assert_goes_on()

    def test_a_response_that_was_begun_and_fails_is_cut_off_so_that_the_client_can_tell(self):
        for path, line in [("/throw-during", r"Exception in ASGI application: std::runtime_error: during the response"),
                           ("/no-end", r"ASGI callable returned without completing response\.")]:
            with self.subTest(path), self.server.connect() as client:
                client.send(get(path))
                self.assertEqual(client.read_head().status, 200)
                self.assertEqual(client.read_until(b"\r\n"), b"a")
                self.assertEqual(client.read_until(b"\r\n"), b"half of it")
                try:
                    self.assertEqual(client.read_to_end(), b"")  # Not the 0 of a chunked end.
                except ConnectionEnded as end:
                    self.assertIn("reset after b''", str(end))
                self.server.wait_for_log(line)
                self.assert_goes_on()

    def test_an_exception_after_the_response_is_logged_and_the_connection_goes_on(self):
        with self.server.connect() as client:
            self.assertEqual(self.answers_of(client, "/throw-after"), (200, "all of it"))
            self.assert_goes_on(client)
        self.server.wait_for_log(r"Exception in ASGI application: std::runtime_error: after the response")

    def test_debug_mode_names_the_coroutine_and_the_line_that_blocked_a_loop(self):
        server = self.start("--worker-class", self.worker_class, application="libcontract.so",
                            variables={"GIRIN_DEBUG": "1"})
        self.assertEqual(server.ask("/hogs").text, "at last")
        server.wait_for_log(r"\[ERROR\] Executing Task .* in .*hogs \(.*contract\.cpp:\d+\) took \d+\.\d+ seconds")

    def test_middleware_and_scope_see_root_path_and_lower_case_names(self):
        server = self.start("--worker-class", self.worker_class, "--root-path", "/shop", application="libcontract.so")
        text = server.ask("/fields", "X-Mixed-Case: Kept").text
        self.assertIn("x-mixed-case=Kept\n", text)
        self.assertTrue(text.endswith("root_path=/shop\n"))

    def test_an_application_without_lifespan_is_served_unless_lifespan_is_on(self):
        self.assert_goes_on()
        strict = self.start("--worker-class", self.worker_class, "--lifespan", "on", application="libcontract.so",
                            wait=False)
        self.assertEqual(strict.wait(), 3)
        strict.wait_for_log(r"Application startup failed: std::logic_error: this application has no lifespan")


class Async(Contract, ServerTest):
    worker_class = "async"


class Threads(Contract, ServerTest):
    worker_class = "threads"


class Sync(Contract, ServerTest):
    worker_class = "sync"


if __name__ == "__main__":
    unittest.main()
