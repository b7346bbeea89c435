"""What the master's signals do."""
import os
import signal
import tempfile
import unittest

from real_master import MasterTest, wait_until


class Signals(MasterTest):
    def test_term_lets_open_requests_finish(self):
        master = self.start("workers=2")
        master.wait_for_serving(2)
        held = master.hold()
        master.send(signal.SIGTERM)
        wait_until(lambda: len(master.workers()) == 1, "the idle worker has left")
        self.assertIsNone(master.process.poll())
        held.close()
        self.assertEqual(master.wait(), 0)
        self.assertEqual(master.log("ERROR"), [])

    def test_connections_in_the_backlog_are_served_after_term(self):
        master = self.start()
        worker = master.who()[0]
        os.kill(worker, signal.SIGSTOP)
        waiting = [master.connect("who") for _ in range(20)]
        master.send(signal.SIGTERM)
        master.wait_for_log("Handling signal: term")
        os.kill(worker, signal.SIGCONT)
        for connection in waiting:
            with connection, connection.makefile() as answer:
                self.assertEqual(answer.read(), f"{worker} 0 1 -\n")
        self.assertEqual(master.wait(), 0)

    def test_term_ends_by_graceful_timeout_with_a_kill_and_a_report(self):
        master = self.start("graceful_timeout=300")
        master.hold()
        self.assert_stops(master)
        master.wait_for_log(r"\[ERROR\] Worker \(pid:\d+\) did not leave in time and is killed$")
        master.wait_for_log(r"\[ERROR\] Worker \(pid:\d+\) had been on this request for \d+\.\d\d s: GET /hold$")
        master.wait_for_log(r"\[INFO\] Worker \(pid:\d+\) was sent SIGKILL!$")

    def test_int_and_quit_stop_quickly(self):
        for signo, name in [(signal.SIGINT, "int"), (signal.SIGQUIT, "quit")]:
            master = self.start()
            master.hold()
            self.assert_stops(master, signo)
            master.wait_for_log(f"Handling signal: {name}$")
            self.assertEqual(master.log("ERROR"), [])

    def test_int_during_a_graceful_stop_makes_it_quick(self):
        master = self.start()
        master.hold()
        master.send(signal.SIGTERM)
        master.wait_for_log("Handling signal: term")
        self.assert_stops(master, signal.SIGINT)
        master.wait_for_log(r"\[INFO\] Quick shutdown requested$")

    def test_a_worker_that_ignores_a_quick_stop_is_killed(self):
        master = self.start()
        os.kill(master.who()[0], signal.SIGSTOP)
        self.assert_stops(master, signal.SIGINT)
        master.wait_for_log(r"did not leave in time and is killed")

    def test_ttin_and_ttou_scale_and_ttou_retires_the_oldest_down_to_one(self):
        master = self.start("workers=2")
        first, second = master.wait_for_serving(2)
        master.send(signal.SIGTTIN)
        self.assertEqual(len(master.wait_for_serving(3)), 3)
        third = master.started()[2]
        master.wait_for_log("Handling signal: ttin")

        master.send(signal.SIGTTOU)
        wait_until(lambda: len(master.workers()) == 2, "one is gone")
        self.assertIn(min(first, second), {first, second} - set(master.workers()))
        master.send(signal.SIGTTOU)
        wait_until(lambda: master.workers() == [third], "only the youngest is left")
        master.send(signal.SIGTTOU)
        master.wait_for_log("Handling signal: ttou", times=3)
        self.assertEqual(master.who()[0], third)
        self.assertEqual(len(master.started()), 3)

    def test_usr1_reopens_the_logs_of_the_master_and_its_workers(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "error.log")

        def content():
            with open(path) as file:
                return file.read()
        master = self.start("workers=2", f"errorlog={path}")
        wait_until(lambda: os.path.exists(path) and content().count("Booting worker") == 2, "two are booting")
        os.rename(path, path + ".1")
        master.send(signal.SIGUSR1)
        wait_until(lambda: os.path.exists(path) and content().count("Reopened") == 2, "both workers have reopened")
        master.send(signal.SIGTTIN)
        wait_until(lambda: "Handling signal: ttin" in content(), "the master writes to the new file")

    def test_a_signal_to_the_masters_process_group_reaches_the_master_alone(self):
        master = self.start()
        held = master.hold()
        os.killpg(master.process.pid, signal.SIGTERM)
        master.wait_for_log("Handling signal: term")
        held.close()
        self.assertEqual(master.wait(), 0)
        self.assertEqual(len(master.log("Worker exiting")), 1)

    def test_usr2_is_not_fatal(self):
        master = self.start()
        master.wait_for_log("Starting girin")
        master.send(signal.SIGUSR2)
        master.wait_for_log("SIGUSR2 ignored")
        self.assertTrue(master.who())

    def test_twenty_masters_stop_cleanly_however_early_term_comes(self):
        for number in range(20):
            master = self.start("workers=2")
            master.wait_for_log(["Starting girin", "Listening at", "Booting worker"][number % 3])
            self.assert_stops(master)
            self.assertEqual(master.log("ERROR|WARNING"), [])


if __name__ == "__main__":
    unittest.main()
