"""How the server starts and ends: exit codes, and messages that say what to do."""
import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import unittest

from http_client import get
from real_server import WORKER_CLASSES, ServerTest, girin, has_ipv6, named, wait_until

HELLO = "libhello.so"


class Files(ServerTest):
    """Shared objects that are none, or not ours."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, content):
        path = os.path.join(self.folder, "libapp.so")
        with open(path, "wb") as file:
            file.write(content)
        return path

    def altered(self, old, new):
        """A copy of libhello.so with these bytes in the place of those."""
        with open(named(HELLO), "rb") as file:
            content = file.read()
        self.assertIn(old, content)
        self.assertEqual(len(old), len(new))
        return self.file(content.replace(old, new))

    def check(self, path, complaint):
        """It ends a master with 4, and --check-config with 4, and both say why."""
        with self.subTest(complaint):
            server = self.start(application=path, wait=False)
            self.assertEqual(server.wait(), 4)
            server.wait_for_log(rf"\[ERROR\] Worker \(pid:\d+\) cannot boot: '{path}' .*{complaint}")
            server.wait_for_log(r"\[ERROR\] Reason: App failed to load\.$")
            checked = girin("--check-config", path)
            self.assertEqual(checked.returncode, 4)
            self.assertRegex(checked.stderr, rf"^\nError: '{path}' .*{complaint}")

    def test_an_application_that_is_missing_ends_the_master_with_4(self):
        self.check(os.path.join(self.folder, "libnone.so"), "cannot be opened: No such file or directory")

    def test_an_application_that_is_a_folder_ends_the_master_with_4(self):
        self.check(self.folder, "is not a file")

    def test_an_application_that_is_no_elf_file_ends_the_master_with_4(self):
        self.check(self.file(b"#!/bin/sh\n"), "is not a shared object: it does not begin like an ELF file")
        self.check(self.file(b""), "is not a shared object: it does not begin like an ELF file")

    def test_an_application_of_another_abi_ends_the_master_with_4(self):
        self.check(self.altered(b"girin 0.", b"girin 9."), "does not fit this server: it was built for 'girin 9.")

    def test_an_application_that_was_cut_off_ends_the_master_with_4(self):
        with open(named(HELLO), "rb") as file:
            content = file.read()
        for size in (100, len(content) // 2, len(content) - 1):
            self.check(self.file(content[:size]), "is incomplete")

    def test_a_shared_object_that_is_no_application_ends_the_master_with_4(self):
        self.check(named("libgirin.so"), r"is not a girin application: it has no GIRIN_APP\(...\)")

    def test_a_program_instead_of_a_shared_object_ends_the_master_with_4(self):
        self.check(self.altered(b"girin\0\0\0girin ", b"other\0\0\0girin "),
                   r"is not a girin application: it has no GIRIN_APP\(...\)")

    def test_an_application_without_the_symbol_ends_the_master_with_4(self):
        self.check(self.altered(b"\0girin_application\0", b"\0girin_somethings\0\0"),
                   "is not a girin application: it does not export GIRIN_APP's symbol")

    def test_a_library_that_the_application_needs_and_that_is_missing_ends_the_master_with_4(self):
        self.check(self.altered(b"libgirin.so.", b"libnirig.so."),
                   r"cannot be loaded: libnirig\.so\S*: cannot open shared object file")


class Lives(ServerTest):
    def end(self, life, *flags):
        server = self.start(*flags, application="liblives.so", files=[("life", life)], wait=False)
        return server.wait(), server

    def test_a_start_up_that_fails_ends_the_master_with_3(self):
        code, server = self.end("fails")
        self.assertEqual(code, 3)
        server.wait_for_log(r"cannot boot: Application startup failed: .*the database does not answer")
        self.assertRegex(server.lines[-1], r"\[ERROR\] Reason: Worker failed to boot\.$")

    def test_an_application_that_cannot_be_made_ends_the_master_with_3(self):
        code, server = self.end("cannot-be-made")
        self.assertEqual(code, 3)
        server.wait_for_log(r"cannot boot: std::runtime_error: no database configured")

    def test_a_start_up_that_does_not_end_is_killed_after_boot_timeout(self):
        code, server = self.end("never-starts", "--boot-timeout", "500ms")
        self.assertEqual(code, 3)
        server.wait_for_log(r"\[CRITICAL\] WORKER TIMEOUT \(pid:\d+\) while booting")

    def test_a_start_up_that_does_not_end_can_be_stopped(self):
        for signo in (signal.SIGTERM, signal.SIGINT):
            server = self.start(application="liblives.so", files=[("life", "never-starts")], wait=False)
            server.wait_for_log("Booting worker")
            self.assert_stops(server, signo)

    def notes(self, server):
        """What each worker has noted, in order."""
        noted = {}
        with contextlib.suppress(FileNotFoundError), open(server.path("notes")) as file:
            for line in file.read().splitlines():
                what, pid = line.split()
                noted.setdefault(int(pid), []).append(what)
        return noted

    def test_shut_down_runs_once_in_each_worker_after_the_last_request(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, application="liblives.so",
                                    files=[("life", "stops-slowly 50")], workers=2)
                workers = server.wait_for_ready(2)
                with server.connect() as client:
                    client.send(get("/slow?500"))
                    wait_until(lambda: ["started", "began"] in self.notes(server).values(), "the request has begun")
                    server.send(signal.SIGTERM)
                    self.assertEqual(client.read_response().text, "late")
                self.assertEqual(server.process.wait(), 0)
                noted = self.notes(server)
                self.assertEqual(sorted(noted), sorted(workers))
                self.assertEqual(sorted(noted.values()), [["started", "began", "answered", "stopped"],
                                                          ["started", "stopped"]])

    def test_shut_down_has_the_graceful_time_that_requests_have_left(self):
        server = self.start(application="liblives.so", files=[("life", "stops-slowly 1500")])
        self.assert_stops(server)
        with open(server.path("notes")) as notes:
            self.assertIn("stopped", notes.read())
        self.assertEqual(server.log("ERROR|WARNING"), [])

    def test_a_quick_stop_cuts_the_shut_down_off(self):
        for first in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(first=first):
                server = self.start("--graceful-timeout", "1h", application="liblives.so",
                                    files=[("life", "stops-slowly 3600000")])
                server.send(first)
                server.wait_for_log("Handling signal")
                self.assert_stops(server, signal.SIGINT)
                server.wait_for_log("shut-down did not end in time")
                server.wait_for_log("Worker exiting")

    def test_a_shut_down_that_takes_too_long_is_cut_off(self):
        server = self.start("--graceful-timeout", "1s", application="liblives.so",
                            files=[("life", "stops-slowly 3600000")])
        self.assert_stops(server)
        server.wait_for_log("shut-down did not end in time|did not leave in time")


class Settings(ServerTest):
    def refuse(self, *arguments, **how):
        done = girin(*arguments, **how)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_an_address_in_use_ends_the_master_with_1_and_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = "127.0.0.1:%d" % other.getsockname()[1]
            error = self.refuse(named("libdemo.so"), "--bind", address)
        self.assertRegex(error, rf"\[ERROR\] cannot listen on {address}: Address already in use")
        self.assertNotIn("Booting worker", error)

    def test_an_address_of_another_machine_ends_the_master_with_1_and_is_named(self):
        error = self.refuse(named("libdemo.so"), "--bind", "192.0.2.1:0")
        self.assertIn("cannot listen on 192.0.2.1:0: Cannot assign requested address", error)

    def test_an_address_that_is_given_twice_is_a_mistake_and_not_somebody_else_who_has_it(self):
        flags = ["-b", "127.0.0.1:0", "-b", "127.0.0.1:8001", "-b", "127.0.0.1:8001"]
        self.assertEqual(self.refuse(named("libdemo.so"), *flags),
                         "\nError: bind (command line -b): '127.0.0.1:8001' is given twice\n")

    def test_wrong_values_end_it_with_1_and_a_message_that_says_what_was_expected_and_what_came(self):
        for flag, value, expected in [
                ("--workers", "-1", "workers (command line --workers): expected a whole number from 1 to 1024, got '-"),
                ("-w", "0", "workers (command line -w): expected a whole number from 1 to 1024, got '0'"),
                ("--bind", "nonsense", "expected HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH, got 'nonsense'"),
                ("--worker-class", "gevent", "expected one of async|sync|threads, got 'gevent'"),
                ("--timeout", "soon", "expected 0 or a duration from 500ms to 24h, such as 30, 500ms or 1h30m, got 'soon'"),
                ("--config", "/nowhere.json", "cannot read the settings file '/nowhere.json'")]:
            with self.subTest(flag=flag):
                self.assertIn(expected, self.refuse(named("libdemo.so"), flag, value))

    def test_an_unknown_flag_names_the_nearest(self):
        self.assertIn("unknown flag --worker on the command line; did you mean --workers?",
                      self.refuse(named("libdemo.so"), "--worker", "4"))
        self.assertIn("unknown flag --gracefull-timeout on the command line; did you mean --graceful-timeout?",
                      self.refuse(named("libdemo.so"), "--gracefull-timeout=4"))

    def test_no_application_and_one_too_many_end_it_with_1(self):
        self.assertIn("no application given: girin [options] ./libNAME.so", self.refuse())
        self.assertIn("unexpected argument", self.refuse(named("libdemo.so"), named(HELLO)))
        self.assertIn("has its application linked in", self.refuse(named("libdemo.so"), program="hello"))

    def test_a_log_file_that_cannot_be_opened_ends_it_with_1_and_is_named(self):
        for flag in ("--error-logfile", "--access-logfile"):
            with self.subTest(flag):
                server = self.start(flag, "/nowhere/log", wait=False)
                self.assertEqual(server.wait(), 1)
                server.wait_for_log("cannot open the log file /nowhere/log: No such file or directory")

    def test_a_program_with_its_application_linked_in_is_the_same_server(self):
        server = self.start(program="hello", application=None, workers=2)
        self.assertEqual(server.ask("/").text, "Hello, World!")
        self.assert_stops(server)

    def test_version_and_help_end_with_0(self):
        version = girin("--version")
        self.assertEqual((version.returncode, version.stderr), (0, ""))
        self.assertRegex(version.stdout, r"^girin \(version \d+\.\d+\.\d+\)\n$")
        usage = girin("--help")
        self.assertEqual((usage.returncode, usage.stderr), (0, ""))
        self.assertIn("--graceful-timeout TIME", usage.stdout)

    def test_check_config_checks_settings_and_application_and_opens_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = "127.0.0.1:%d" % other.getsockname()[1]
            good = girin("--check-config", "--bind", taken, named("libdemo.so"))
        self.assertEqual((good.returncode, good.stderr), (0, ""))
        self.assertEqual(girin("--check-config", "--workers", "x", named("libdemo.so")).returncode, 1)

    def test_check_config_finds_logs_that_cannot_be_opened_and_a_chdir_that_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            for flag in ("--access-logfile", "--error-logfile"):
                for bad, reason in (("none/log", "No such file or directory"), (".", "Is a directory")):
                    done = girin("--check-config", flag, bad, named("libdemo.so"), cwd=folder)
                    self.assertEqual(done.returncode, 1)
                    self.assertRegex(done.stderr, rf"^\nError: cannot open the log file \S+: {reason}$")
                good = girin("--check-config", flag, "log", named("libdemo.so"), cwd=folder)
                self.assertEqual((good.returncode, good.stderr), (0, ""))
            self.assertEqual(os.listdir(folder), [])
            for program, *application in (["girin", named("libdemo.so")], ["demo"]):
                for action in ([], ["--check-config"]):
                    done = girin(*action, "--bind", "127.0.0.1:0", "--chdir", "none", *application, program=program,
                                 cwd=folder)
                    self.assertEqual(done.returncode, 1)
                    self.assertEqual(done.stderr.count("cannot change to the folder 'none' (chdir): No such file or "
                                                       "directory"), 1)


class Health(ServerTest):
    def health(self, server, path="/"):
        host, port = server.address
        return girin("health", f"http://{host}:{port}{path}")

    def test_health_ends_with_0_for_a_server_that_answers_and_1_for_one_that_does_not(self):
        server = self.start()
        self.assertEqual(self.health(server).returncode, 0)
        missing = self.health(server, "/nowhere")
        self.assertEqual((missing.returncode, missing.stderr), (1, "unhealthy: status 404\n"))
        self.assert_stops(server)
        gone = self.health(server)
        self.assertEqual(gone.returncode, 1)
        self.assertRegex(gone.stderr, r"^unhealthy: cannot connect to 127\.0\.0\.1:\d+: Connection refused\n$")

    def test_health_says_that_no_answer_came_in_time(self):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as waiting:
            url = "http://127.0.0.1:%d/" % listener.getsockname()[1]
            asking = [subprocess.Popen([named("girin"), "health", url], stderr=subprocess.PIPE, text=True)
                      for _ in range(3)]  # the first ones fill the backlog: the last cannot even connect
            for each in asking:
                waiting.enter_context(each)
            for each in asking:
                self.assertEqual((each.communicate()[1], each.returncode), ("unhealthy: no answer in time\n", 1))

    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_health_asks_an_ipv6_address_too(self):
        server = self.start(bind="[::1]:0")
        url = server.wait_for_log(r"(http://\[::1\]:\d+)")[1]
        self.assertEqual(girin("health", url).returncode, 0)

    def test_health_refuses_what_is_no_url(self):
        self.assertEqual(girin("health", "localhost").returncode, 1)
        self.assertEqual(girin("health").returncode, 1)


if __name__ == "__main__":
    unittest.main()
