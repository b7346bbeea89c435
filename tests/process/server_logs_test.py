"""The access log, the error log, and logrotate."""
import fcntl
import os
import re
import signal
import tempfile
import unittest

from http_client import get
from load import Load
from real_server import WORKER_CLASSES, ServerTest, girin, named, wait_until

TIME = r"\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"


class Logs(ServerTest):
    def content(self, server, name):
        try:
            with open(server.path(name)) as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait_for_line(self, server, name, pattern):
        return wait_until(lambda: re.search(pattern, self.content(server, name), re.MULTILINE),
                          f"{name} has {pattern}")

    def test_the_access_log_has_gunicorns_combined_format(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, "--access-logfile", "access")
                server.ask("/users/7?x=%22y", "User-Agent: me/8", "Referer: http://there/", "Authorization: Basic dTpw")
                server.ask("/nowhere")
                server.ask("/stream?n=1")
                with server.connect() as client:
                    client.send(get("/echo", "Content-Length: 0", method="POST"))
                    client.read_response()
                for line in [rf'127\.0\.0\.1 - u {TIME} "GET /users/7\?x=%22y HTTP/1\.1" 200 24 "http://there/" "me/8"',
                             rf'127\.0\.0\.1 - - {TIME} "GET /nowhere HTTP/1\.1" 404 \d+ "-" "-"',
                             rf'127\.0\.0\.1 - - {TIME} "GET /stream\?n=1 HTTP/1\.1" 200 7 "-" "-"',
                             rf'127\.0\.0\.1 - - {TIME} "POST /echo HTTP/1\.1" 200 - "-" "-"']:
                    self.wait_for_line(server, "access", f"^{line}$")
                self.assertEqual(self.content(server, "access").count("\n"), 4)

    def test_every_request_has_one_line_also_those_of_four_workers_and_of_the_last_second(self):
        server = self.start("--access-logfile", "access", workers=4)
        with Load(server.address, "/") as load:
            wait_until(lambda: load.answered() > 2000, "it is under load")
            self.assert_stops(server)
            load.wait_until_refused()
        lines = self.content(server, "access").splitlines()
        self.assertEqual(len(lines), load.answered())
        expected = re.compile(rf'127\.0\.0\.1 - - {TIME} "GET / HTTP/1\.1" 200 13 "-" "-"')
        self.assertEqual([line for line in lines if not expected.fullmatch(line)], [])

    def test_a_reader_of_the_logs_that_does_not_read_stops_nobody(self):
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self.addCleanup(os.close, reader)
        server = self.start("--access-logfile", "-", workers=2, stdout=writer)
        os.close(writer)
        with server.connect() as client:
            for _ in range(1000):
                client.send(get("/"))
                self.assertEqual(client.read_response().status, 200)
        self.assert_stops(server)
        self.assertIn('"GET / HTTP/1.1" 200', os.read(reader, 4096).decode())

    def test_what_a_client_sends_cannot_forge_a_line(self):
        server = self.start("--access-logfile", "access")
        with server.connect() as client:
            client.send(b'GET /%0a HTTP/1.1\r\nHost: test\r\nUser-Agent: a" 200\tb\xff\\\r\n\r\n')
            client.read_response()
        self.wait_for_line(server, "access", r'"GET /%0a HTTP/1\.1" 404 \d+ "-" "a\\" 200\\x09b\\xff\\\\"$')

    def test_an_exception_is_logged_as_the_500_that_the_client_got(self):
        server = self.start("--access-logfile", "access", variables={"DEMO_CHAOS": "1"})
        server.ask("/throw")
        self.wait_for_line(server, "access", r'"GET /throw HTTP/1\.1" 500 21 ')

    def test_the_format_is_a_setting_and_a_wrong_one_ends_the_master_with_1(self):
        server = self.start("--access-logfile", "access",
                            "--access-logformat", "%(m)s %(U)s?%(q)s %(s)s %({x}i)s %(p)s")
        server.ask("/sleep?ms=1", "X: y")
        self.wait_for_line(server, "access", rf"^GET /sleep\?ms=1 200 y <{server.workers()[0]}>$")
        for arguments in (["--bind", "127.0.0.1:0"], ["--check-config"]):
            done = girin("--access-logformat", "%(nonsense)s", *arguments, named("libdemo.so"))
            self.assertEqual(done.returncode, 1)
            self.assertIn("an atom of the access log format must be one of", done.stderr)

    def test_a_dash_is_standard_output(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        server = self.start("--access-logfile", "-", stdout=writing)
        os.close(writing)
        server.ask("/")
        self.assertRegex(os.read(reading, 1000), rb'"GET / HTTP/1\.1" 200 13')

    def test_usr1_reopens_both_logs_where_they_were_even_if_chdir_leads_elsewhere(self):
        for flags in ([], ["--chdir", "elsewhere"]):
            with self.subTest(flags):
                server = self.start("--access-logfile", "access", "--error-logfile", "error", *flags, workers=2,
                                    folders=["elsewhere"], wait=False)
                self.wait_for_line(server, "error", "Booting worker")
                port = int(self.wait_for_line(server, "error", r"Listening at: http://127\.0\.0\.1:(\d+)")[1])
                server.wait_for_ready(2)
                with Load(("127.0.0.1", port), "/") as load:
                    wait_until(lambda: self.content(server, "access"), "lines are written")
                    for name in ("access", "error"):
                        os.rename(server.path(name), server.path(name + ".1"))
                    server.send(signal.SIGUSR1)
                    wait_until(lambda: self.content(server, "access"), "lines are written to the new file")
                    answered = load.answered()
                    wait_until(lambda: load.answered() > answered + 200, "all workers have reopened it")
                    self.assert_stops(server)
                    load.wait_until_refused()
                self.assertEqual(load.failed(), {})
                old, new = self.content(server, "access.1"), self.content(server, "access")
                self.assertEqual(old.count("\n") + new.count("\n"), load.answered())
                self.assertEqual(self.content(server, "error").count("Worker exiting"), 2)
                self.assertEqual(os.listdir(server.path("elsewhere")), [])

    def test_hup_moves_the_masters_own_log_too(self):
        server = self.start("--config", "girin.json", wait=False, files=[("girin.json", '{"errorlog": "first"}')],
                            variables={"GIRIN_WORKRES": "3"})
        self.wait_for_line(server, "first", "Booting worker")
        server.wait_for_ready(1)
        server.write("girin.json", '{"errorlog": "none/second"}')
        server.send(signal.SIGHUP)
        refused = r"\[ERROR\] Reload refused, the old settings stay: "
        self.wait_for_line(server, "first", refused + r"cannot open the log file \S+/none/second: No such file or "
                                                      "directory$")
        server.write("girin.json", '{"errorlog": "second", "loglevel": "warning"}')
        server.send(signal.SIGHUP)
        self.wait_for_line(server, "first", r"\[INFO\] The log goes on in \S+/second$")
        wait_until(lambda: [board.generation for board in server.boards()] == [2], "the reload is complete")
        server.write("girin.json", "{")
        server.send(signal.SIGHUP)
        self.wait_for_line(server, "second", refused + r"girin.json: parse error")
        self.assertNotIn("[INFO]", self.content(server, "second"))
        self.assertEqual(self.content(server, "first").count("unknown environment variable GIRIN_WORKRES"), 3)

    def test_a_folder_that_is_not_utf_8_has_no_log(self):
        with tempfile.TemporaryDirectory() as folder:
            odd = os.path.join(os.fsencode(folder), b"\xff")
            os.mkdir(odd)
            for arguments in (["--bind", "127.0.0.1:0"], ["--check-config"]):
                done = girin("--access-logfile", "log", *arguments, named("libdemo.so"), cwd=odd)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, r"^\nError: the log file '\S+/\\xff/log' cannot be used: its path is not "
                                              r"printable UTF-8$")

    def test_the_level_says_what_is_logged(self):
        server = self.start("--log-level", "warning", wait=False)
        server.wait_for_ready(1)
        self.assert_stops(server)
        self.assertEqual(server.lines, [])


if __name__ == "__main__":
    unittest.main()
