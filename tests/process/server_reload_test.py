"""HUP under load: no accepted request fails, and the workers that answer are never fewer than asked for."""
import os
import re
import shutil
import signal
import unittest

from http_client import ask
from load import Load
from real_server import SANITIZER, WORKER_CLASSES, ServerTest, named, wait_until
from scoreboards import Watch
from wrk import Wrk

WORKERS = 3


def garbage(content):
    return b"\x7fELF" + bytes(reversed(content))


def another_abi(content):
    return content.replace(b"girin 0.", b"girin 9.")


class Reload(ServerTest):
    def start_copy(self, *flags, of="libdemo.so"):
        """A server whose application is a copy, in its own folder."""
        server = self.start(*flags, application="./app.so", workers=WORKERS, wait=False,
                            copies=[("app.so", named(of))])
        server.wait_for_ready(WORKERS)
        return server

    def hup(self, server, generation):
        server.send(signal.SIGHUP)
        server.wait_for_log(rf"\[INFO\] Reload complete: generation {generation} serves$")

    def assert_nothing_failed(self, load, watch):
        self.assertEqual(load.failed(), {})
        self.assertEqual(load.outcomes["refused"], 0)
        self.assertEqual(watch.fewest, WORKERS, f"of {watch.looks} looks")

    def generations(self, load):
        return [int(re.search(rb'"generation":(\d+)', answer)[1]) for answer in load.answers]

    def test_five_hups_fail_no_request_and_leave_no_worker_missing(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start_copy("--worker-class", worker_class)
                with Load(server.address) as load, Watch(server.process.pid) as watch:
                    for generation in range(2, 7):
                        answered = load.answered()
                        wait_until(lambda: load.answered() > answered + 100, "it answers")
                        self.hup(server, generation)
                    wait_until(lambda: self.generations(load)[-1] == 6, "the last generation answers")
                    server.wait_for_ready(WORKERS)
                self.assert_nothing_failed(load, watch)
                self.assertEqual(set(self.generations(load)), {1, 2, 3, 4, 5, 6})
                self.assertEqual(len(server.started()), 6 * WORKERS)
                self.assertEqual(server.log("WARNING|ERROR|CRITICAL"), [])

    # wrk does not tell when it was itself too slow for an idle connection, which instrumented servers make it.
    @unittest.skipIf(SANITIZER, "wrk is held up")
    def test_five_hups_under_wrk_fail_none_of_its_requests(self):
        server = self.start_copy()
        wrk = Wrk(self, server.address, connections=32, seconds=120)
        for generation in range(2, 7):
            wait_until(lambda: sum(board.connections for board in server.boards()) >= 32, "wrk is connected")
            self.hup(server, generation)
        result = wrk.stop()
        self.assertEqual((result.errors, result.wrong_answers), (0, 0), result.text)
        self.assertGreater(result.requests, 1000)

    def break_by_rename(self, server, make):
        with open(named("libdemo.so"), "rb") as file:
            content = make(file.read())
        with open(server.path("fresh"), "wb") as file:
            file.write(content)
        os.rename(server.path("fresh"), server.path("app.so"))

    def break_in_place(self, server, make):
        with open(server.path("app.so"), "r+b") as file:
            content = make(file.read())
            file.seek(0)
            file.write(content)
            file.truncate(len(content))

    def restore(self, server):
        shutil.copy(named("libdemo.so"), server.path("fresh"))
        os.rename(server.path("fresh"), server.path("app.so"))

    def check_broken(self, change, make, complaint):
        server = self.start_copy()
        old = server.wait_for_ready(WORKERS)
        with Load(server.address) as load, Watch(server.process.pid) as watch:
            change(server, make)
            server.send(signal.SIGHUP)
            server.wait_for_log(r"\[ERROR\] Reload failed: a worker of generation 2 did not boot; the workers of the old "
                                r"one go on serving$")
            server.wait_for_log(rf"\[ERROR\] Worker \(pid:\d+\) cannot boot: './app.so' .*{complaint}")
            self.assertEqual(sorted(server.wait_for_ready(WORKERS)), sorted(old))
            answered = load.answered()
            wait_until(lambda: load.answered() > answered + 200, "the old generation goes on")
            self.assertEqual(set(self.generations(load)), {1})
            self.restore(server)
            self.hup(server, 3)
            wait_until(lambda: self.generations(load)[-1] == 3, "the repaired one answers")
        self.assert_nothing_failed(load, watch)

    def test_a_broken_application_that_is_renamed_into_place_leaves_the_old_generation_serving(self):
        for make, complaint in [(another_abi, "does not fit this server: it was built for 'girin 9"),
                                (lambda content: content[:len(content) // 2], "is incomplete"),
                                (garbage, ""),
                                (lambda content: b"", "is not a shared object")]:
            with self.subTest(complaint):
                self.check_broken(self.break_by_rename, make, complaint)

    # The sanitizers' runtimes need the object at its path, so there the running workers have the file mapped.
    @unittest.skipIf(SANITIZER, "instrumented servers map the file itself")
    def test_an_application_that_is_overwritten_in_place_leaves_the_old_generation_serving(self):
        for make in (garbage, lambda content: b"x" * len(content), lambda content: content[:1000]):
            self.check_broken(self.break_in_place, make, "")

    def test_an_application_that_is_gone_leaves_the_old_generation_serving(self):
        self.check_broken(lambda server, _: os.remove(server.path("app.so")), None, "cannot be opened")

    def test_hup_serves_the_code_that_now_lies_at_the_path(self):
        server = self.start_copy(of="libhello.so")
        self.assertEqual(server.ask("/json").status, 404)
        with Load(server.address, "/") as load, Watch(server.process.pid) as watch:
            self.restore(server)
            old = server.wait_for_ready(WORKERS)
            self.hup(server, 2)
            server.wait_for_ready(WORKERS, without=old)
            for _ in range(10):
                self.assertEqual(server.ask("/json").text, '{"message":"Hello, World!"}')
        self.assert_nothing_failed(load, watch)

    def start_release(self):
        """A server that was started in `current`, a link to the first of two releases."""
        server = self.start("--error-logfile", "../log", application="./app.so", wait=False,
                            folders=["release-1", "release-2"], entered="current", links=[("current", "release-1")],
                            copies=[("release-1/app.so", named("libhello.so")),
                                    ("release-2/app.so", named("libdemo.so"))])
        server.wait_for_ready(1)
        return server

    def switch(self, server, release):
        os.symlink(release, server.path("fresh"))
        os.rename(server.path("fresh"), server.path("current"))

    def wait_for_line(self, server, pattern):
        def found():
            with open(server.path("log")) as file:
                return re.search(pattern, file.read(), re.MULTILINE)
        return wait_until(found, f"the log has {pattern}")

    def answer(self, server, path):
        port = int(self.wait_for_line(server, r"Listening at: http://127\.0\.0\.1:(\d+)")[1])
        return ask(("127.0.0.1", port), path)

    def test_hup_follows_the_link_that_the_server_was_started_in(self):
        server = self.start_release()
        self.assertEqual(self.answer(server, "/json").status, 404)
        self.switch(server, "release-2")
        server.send(signal.SIGHUP)
        self.wait_for_line(server, "Reload complete: generation 2 serves$")
        self.assertEqual(self.answer(server, "/json").status, 200)

    def test_a_link_that_leads_nowhere_refuses_the_reload_and_names_the_folder(self):
        server = self.start_release()
        self.switch(server, "release-3")
        server.send(signal.SIGHUP)
        self.wait_for_line(server, r"\[ERROR\] Reload refused, the old settings stay: cannot change to the folder '"
                                   + server.path("current")
                                   + "', where this server was started: No such file or directory$")
        self.assertEqual(self.answer(server, "/json").status, 404)

    def test_a_worker_that_dies_after_a_failed_reload_is_replaced_by_one_of_the_old_release(self):
        server = self.start_release()
        os.truncate(server.path("release-2/app.so"), 1000)
        self.switch(server, "release-2")
        old = server.wait_for_ready(1)
        server.send(signal.SIGHUP)
        self.wait_for_line(server, "Reload failed: a worker of generation 2 did not boot")
        os.kill(old[0], signal.SIGKILL)
        server.wait_for_ready(1, without=old)
        self.assertEqual(self.answer(server, "/").status, 200)

    def test_a_start_up_that_fails_leaves_the_old_generation_serving(self):
        server = self.start(application="liblives.so", files=[("life", "well")], workers=WORKERS)
        with Load(server.address, "/") as load, Watch(server.process.pid) as watch:
            server.write("life", "fails")
            server.send(signal.SIGHUP)
            server.wait_for_log("Reload failed: a worker of generation 2 did not boot")
            server.wait_for_log(r"\[ERROR\] .*the database does not answer")
            answered = load.answered()
            wait_until(lambda: load.answered() > answered + 100, "the old generation goes on")
        self.assert_nothing_failed(load, watch)
        self.assertEqual(set(load.answers), {b"well"})

    def test_a_request_that_is_under_way_at_hup_is_answered_by_the_old_generation(self):
        server = self.start_copy()
        with server.connect() as client:
            client.send(b"GET /sleep?ms=1000 HTTP/1.1\r\nHost: test\r\n\r\n")
            wait_until(lambda: sum(board.requests for board in server.boards()) == 1, "it has begun")
            self.hup(server, 2)
            response = client.read_response()
        self.assertEqual((response.text, response.headers["connection"]), ("slept 1000 ms\n", "close"))


if __name__ == "__main__":
    unittest.main()
