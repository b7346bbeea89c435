"""Workers and masters that die or are told to leave, under load."""
import os
import signal
import unittest

from load import Load
from real_server import WORKER_CLASSES, ServerTest, wait_until
from wrk import Wrk


class Deaths(ServerTest):
    def test_kill_9_of_a_worker_fails_only_its_requests_and_it_is_replaced(self):
        server = self.start(workers=4)
        wrk = Wrk(self, server.address, connections=64, seconds=4)
        victim = wait_until(lambda: self.one_of_four_with_all(server, 64), "wrk is connected")
        os.kill(victim.pid, signal.SIGKILL)
        server.wait_for_log(rf"\[ERROR\] Worker \(pid:{victim.pid}\) was sent SIGKILL! Perhaps out of memory\?$")
        server.wait_for_ready(4, without=[victim.pid])
        wait_until(lambda: self.one_of_four_with_all(server, 64), "wrk is connected again")
        result = wrk.result()
        self.assertGreater(result.errors, 0, result.text)
        self.assertLessEqual(result.errors, victim.connections, result.text)
        self.assertEqual(result.wrong_answers, 0, result.text)
        self.assertEqual(len(server.started()), 5)
        self.assertEqual(server.log("keep dying"), [])

    @staticmethod
    def one_of_four_with_all(server, connections):
        boards = server.boards()
        return len(boards) == 4 and sum(board.connections for board in boards) == connections and boards[0]

    def test_twenty_workers_that_are_told_to_leave_fail_no_request(self):
        for worker_class in WORKER_CLASSES:
            with self.subTest(worker_class):
                server = self.start("--worker-class", worker_class, workers=10)
                with Load(server.address) as load:
                    for replaced in (10, 20):
                        for pid in server.wait_for_ready(10):
                            os.kill(pid, signal.SIGTERM)
                            answered = load.answered()
                            wait_until(lambda: load.answered() > answered + 10, "the others go on")
                        wait_until(lambda: len(server.started()) == 10 + replaced, "they are replaced")
                    server.wait_for_ready(10)
                self.assertEqual(load.failed(), {})
                self.assertEqual(load.outcomes["refused"], 0)
                self.assertEqual(len(server.log(r"\[INFO\] Worker \(pid:\d+\) exited with code 0\.$")), 20)

    def test_twenty_masters_that_are_told_to_leave_fail_no_request_that_was_accepted(self):
        for number in range(20):
            worker_class = WORKER_CLASSES[number % len(WORKER_CLASSES)]
            bind = "unix:socket" if number % 4 == 0 else "127.0.0.1:0"
            server = self.start("--worker-class", worker_class, workers=2, bind=bind)
            address = server.path("socket") if number % 4 == 0 else server.address
            with self.subTest(worker_class=worker_class, bind=bind), Load(address, "/") as load:
                wait_until(lambda: load.answered() > 200, "it is under load")
                self.assert_stops(server)
                load.wait_until_refused()
            self.assertEqual(load.failed(), {})
            self.assertEqual(server.log("WARNING|ERROR|CRITICAL"), [])


if __name__ == "__main__":
    unittest.main()
