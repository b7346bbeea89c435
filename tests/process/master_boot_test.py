"""How the master starts: log lines, listeners, the first boot and its exit codes."""
import os
import re
import socket
import stat
import tempfile
import unittest

from real_master import MasterTest, PATIENCE

LINE = r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[%s\] \[%s\] %s$"


class Boot(MasterTest):
    def test_the_log_has_gunicorns_lines_and_the_real_port(self):
        master = self.start("workers=2", "bind=127.0.0.1:0")
        master.wait_for_serving(2)
        pid = master.process.pid
        for level, text in [("INFO", r"Starting girin \d+\.\d+\.\d+"),
                            ("INFO", rf"Listening at: http://127\.0\.0\.1:[1-9]\d* \({pid}\)"),
                            ("INFO", r"Using worker: async"),
                            ("INFO", r"Booting worker with pid: \d+")]:
            master.wait_for_log(LINE % (pid, level, text))
        self.assert_stops(master)
        master.wait_for_log(LINE % (pid, "INFO", "Handling signal: term"))
        self.assertRegex(master.lines[-1], LINE % (pid, "INFO", "Shutting down: Master"))

    def test_several_addresses_are_served_ipv6_among_them(self):
        if not socket.has_ipv6:
            self.skipTest("this machine has no IPv6")
        master = self.start("bind=[::1]:0", "bind2=127.0.0.1:0")
        six, four = master.wait_for_log(r"Listening at: http://\[::1\]:(\d+),http://127\.0\.0\.1:(\d+) ").groups()
        for address in [("::1", int(six)), ("127.0.0.1", int(four))]:
            with socket.create_connection(address, timeout=PATIENCE) as connection:
                connection.sendall(b"who\n")
                self.assertTrue(connection.recv(100).endswith(b" 0 1 -\n"))

    def test_a_unix_socket_replaces_a_stale_file_and_is_removed_at_the_end(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "girin.sock")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        self.addCleanup(os.umask, os.umask(0o027))
        master = self.start(f"bind=unix:{path}")
        master.wait_for_log(rf"Listening at: unix:{path} ")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(path)
            client.sendall(b"who\n")
            self.assertTrue(client.recv(100).endswith(b" 0 1 -\n"))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o750)
        self.assert_stops(master)
        self.assertFalse(os.path.exists(path))

    def test_an_address_in_use_ends_the_master_with_1_and_a_message_that_names_it(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = "127.0.0.1:%d" % other.getsockname()[1]
            master = self.start(f"bind={address}")
            self.assertEqual(master.wait(), 1)
        self.assertEqual(len(master.log(rf"\[ERROR\] Connection in use: {address}")), 4)
        master.wait_for_log(rf"\[ERROR\] cannot listen on {address}: Address already in use$")
        self.assertEqual(master.started(), [])

    def test_an_address_that_becomes_free_shortly_is_waited_for(self):
        other = socket.create_server(("127.0.0.1", 0))
        port = other.getsockname()[1]
        master = self.start(f"bind=127.0.0.1:{port}")
        master.wait_for_log("Connection in use")
        other.close()
        self.assertEqual(master.who()[1:], (0, 1, "-"))
        self.assertEqual(master.port, port)

    def test_a_unix_socket_that_somebody_listens_on_is_left_alone(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "other.sock")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
            other.listen()
            self.assertEqual(self.start(f"bind=unix:{path}").wait(), 1)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)

    def test_an_address_that_makes_no_sense_ends_the_master_with_1(self):
        master = self.start("bind=256.1.1.1:0")
        self.assertEqual(master.wait(), 1)
        master.wait_for_log(re.escape("cannot listen on 256.1.1.1:0: "))

    def test_a_start_up_that_fails_at_first_boot_ends_the_master_with_3(self):
        master = self.start("workers=2", settings="boot=fail 3")
        self.assertEqual(master.wait(), 3)
        master.wait_for_log(r"\[ERROR\] Worker \(pid:\d+\) cannot boot: no such\\x0atable$")
        master.wait_for_log(r"\[ERROR\] Worker \(pid:\d+\) exited with code 3\.$")
        self.assertRegex(master.lines[-2], r"\[ERROR\] Shutting down: Master$")
        self.assertRegex(master.lines[-1], r"\[ERROR\] Reason: Worker failed to boot\.$")
        self.assertEqual(master.workers(), [])

    def test_an_application_that_cannot_be_loaded_at_first_boot_ends_the_master_with_4(self):
        master = self.start(settings="boot=fail 4")
        self.assertEqual(master.wait(), 4)
        self.assertRegex(master.lines[-1], r"Reason: App failed to load\.$")

    def test_a_crash_at_first_boot_ends_the_master_with_3(self):
        master = self.start(settings="boot=crash")
        self.assertEqual(master.wait(), 3)
        master.wait_for_log(r"\[ERROR\] Worker \(pid:\d+\) was sent SIGABRT!$")

    def test_a_worker_that_is_not_ready_by_boot_timeout_is_killed(self):
        master = self.start("boot_timeout=200", settings="boot=hang")
        self.assertEqual(master.wait(), 3)
        master.wait_for_log(r"\[CRITICAL\] WORKER TIMEOUT \(pid:\d+\) while booting$")
        master.wait_for_log(r"was sent SIGABRT!")

    def test_boot_timeout_is_apart_from_timeout(self):
        master = self.start("timeout=300", settings="boot=slow 1000")
        self.assertEqual(master.who()[1:], (0, 1, "-"))
        self.assertEqual(master.log("TIMEOUT"), [])


if __name__ == "__main__":
    unittest.main()
