"""What happens when workers die or hang, and when the master does."""
import os
import signal
import unittest

from real_master import MasterTest, is_alive, wait_until


class Deaths(MasterTest):
    def test_a_killed_worker_is_reported_with_its_requests_and_replaced_at_once(self):
        master = self.start("workers=2")
        master.wait_for_serving(2)
        held = master.hold()
        [busy] = [pid for pid in master.workers() if self.holds_a_connection(master, pid)]
        os.kill(busy, signal.SIGKILL)
        master.wait_for_log(rf"\[ERROR\] Worker \(pid:{busy}\) was sent SIGKILL! Perhaps out of memory\?$")
        master.wait_for_log(rf"\[ERROR\] Worker \(pid:{busy}\) had been on this request for \d+\.\d\d s: GET /hold$")
        self.assertEqual(len(master.wait_for_serving(2)), 2)
        self.assertEqual(master.log("keep dying"), [])
        held.close()

    @staticmethod
    def holds_a_connection(master, pid):
        return sum("socket" in os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")) > 2

    def test_a_crash_and_an_exit_are_reported_by_signal_and_code(self):
        master = self.start()
        master.connect("crash").close()
        master.wait_for_log(r"\[ERROR\] Worker \(pid:\d+\) was sent SIGABRT!$")
        master.wait_for_log(r"had been on this request for 0\.\d\d s: GET /crash$")
        wait_until(lambda: len(master.started()) == 2, "it is replaced")
        master.connect("exit 7").close()
        master.wait_for_log(r"\[ERROR\] Worker \(pid:\d+\) exited with code 7\.$")

    def test_the_second_early_death_in_a_slot_waits_a_second(self):
        master = self.start()
        for _ in range(2):
            pid = master.who()[0]
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not is_alive(pid), "the worker is dead")
        master.wait_for_log(r"\[WARNING\] Workers in slot 0 keep dying; the next one starts in 1 s$")
        self.assertEqual(len(master.started()), 2)
        self.assertEqual(master.who()[1:], (0, 1, "-"))
        master.wait_for_log("Booting worker", times=3)

    def test_a_worker_whose_loop_hangs_is_reported_and_aborted_and_replaced(self):
        master = self.start("timeout=500")
        hung = master.who()[0]
        with master.connect("hang"):
            master.wait_for_log(rf"\[CRITICAL\] WORKER TIMEOUT \(pid:{hung}\)$")
            master.wait_for_log(rf"Worker \(pid:{hung}\) had been on this request for \d+\.\d\d s: GET /hang$")
            master.wait_for_log(rf"\[ERROR\] Worker \(pid:{hung}\) was sent SIGABRT!$")
        self.assertNotEqual(master.who()[0], hung)
        self.assertEqual(len(master.log("on this request")), 1)

    def test_a_hung_worker_that_survives_abort_is_killed_a_second_later(self):
        master = self.start("timeout=500")
        hung = master.who()[0]
        os.kill(hung, signal.SIGSTOP)
        master.wait_for_log(rf"\[CRITICAL\] WORKER TIMEOUT \(pid:{hung}\)$")
        master.wait_for_log(rf"\[ERROR\] Worker \(pid:{hung}\) was sent SIGKILL!$")
        self.assertNotEqual(master.who()[0], hung)

    def test_an_idle_worker_is_not_taken_for_hung(self):
        master = self.start("timeout=1000", "workers=2")
        serving = master.wait_for_serving(2)
        with master.connect("hang"):
            master.wait_for_log("WORKER TIMEOUT")
            wait_until(lambda: len(master.started()) == 3, "the hung one is replaced")
        self.assertEqual(len(set(serving) & set(master.workers())), 1)

    def test_workers_finish_and_leave_when_the_master_dies(self):
        master = self.start("workers=2")
        master.wait_for_serving(2)
        held = master.hold()
        workers = master.workers()
        master.process.kill()
        wait_until(lambda: sum(map(is_alive, workers)) == 1, "the idle worker has left")
        held.close()
        wait_until(lambda: not any(map(is_alive, workers)), "all workers have left")
        master.wait_for_log("Parent changed, shutting down", times=2)


if __name__ == "__main__":
    unittest.main()
