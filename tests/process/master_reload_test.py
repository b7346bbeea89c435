"""The reload on HUP: ready before retirement."""
import os
import shutil
import signal
import threading
import unittest

from real_master import MasterTest, wait_until


class Reload(MasterTest):
    def test_hup_replaces_every_worker_by_a_new_generation_with_the_new_settings(self):
        master = self.start("workers=3", settings="greeting=old")
        old = master.wait_for_serving(3)
        master.configure("greeting=new")
        master.send(signal.SIGHUP)
        master.wait_for_log("Reload complete: generation 2 serves$")
        new = master.wait_for_serving(3)
        self.assertFalse(set(old) & set(new))
        answers = set()
        wait_until(lambda: answers.add(master.who()[1:]) or len(answers) == 3, "each of the three has answered")
        self.assertEqual(answers, {(slot, 2, "new") for slot in range(3)})
        self.assertEqual(master.log("ERROR|WARNING"), [])

    def test_no_request_fails_and_capacity_never_drops_over_five_reloads(self):
        master = self.start("workers=2")
        master.wait_for_serving(2)
        over = threading.Event()
        failures = []

        def drive():
            while not over.is_set():
                try:
                    master.who()
                except (OSError, ValueError) as error:
                    failures.append(error)
        clients = [threading.Thread(target=drive) for _ in range(2)]
        for client in clients:
            client.start()
        for number in range(5):
            master.send(signal.SIGHUP)
            master.wait_for_log("Reload complete", times=number + 1)
        over.set()
        for client in clients:
            client.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(master.started()), 12)

    def test_an_old_worker_retires_only_after_its_successor_is_ready(self):
        master = self.start("workers=2", settings="greeting=old")
        first, second = master.wait_for_serving(2)
        master.configure("greeting=new\nboot=slow 700")
        master.send(signal.SIGHUP)
        wait_until(lambda: len(master.started()) == 3, "the first successor boots")
        self.assertEqual(set(master.workers()), {first, second, master.started()[2]})
        wait_until(lambda: len(master.started()) == 4, "the second successor boots")
        self.assertLessEqual({second, *master.started()[2:]}, set(master.workers()))
        master.wait_for_log("Reload complete")
        master.wait_for_serving(2)
        self.assertEqual(master.who()[3], "new")

    def test_an_old_worker_finishes_its_requests(self):
        master = self.start(settings="greeting=old")
        old = master.who()[0]
        held = master.hold()
        master.send(signal.SIGHUP)
        master.wait_for_log("Reload complete")
        self.assertIn(old, master.workers())
        held.close()
        wait_until(lambda: old not in master.workers(), "the old worker has left")
        self.assertEqual(master.log("ERROR"), [])

    def test_a_new_worker_that_does_not_boot_leaves_the_old_generation_serving(self):
        for failure in ["boot=fail 3", "boot=fail 4", "boot=crash"]:
            master = self.start("workers=2", settings="greeting=old")
            old = master.wait_for_serving(2)
            master.configure("greeting=new\n" + failure)
            master.send(signal.SIGHUP)
            master.wait_for_log(r"\[ERROR\] Reload failed: a worker of generation 2 did not boot")
            self.assertEqual(sorted(master.workers()), sorted(old))
            self.assertEqual(len(master.started()), 3)
            self.assertEqual(master.who()[3], "old")

    def test_after_a_failed_reload_the_dead_are_replaced_with_the_old_settings(self):
        master = self.start(settings="greeting=old")
        pid = master.who()[0]
        master.configure("greeting=new\nboot=fail 3")
        master.send(signal.SIGHUP)
        master.wait_for_log("Reload failed")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(master.started()) == 3, "it is replaced")
        self.assertEqual(master.who()[3], "old")

    def test_settings_that_cannot_be_read_change_nothing(self):
        master = self.start(settings="greeting=old")
        pid = master.who()[0]
        master.configure("unreadable")
        master.send(signal.SIGHUP)
        master.wait_for_log(r"\[ERROR\] Reload refused, the old settings stay: a setting was expected")
        self.assertEqual(master.who()[0], pid)
        self.assertEqual(master.started(), [pid])

    def test_hups_during_a_reload_are_one_more_reload(self):
        master = self.start(settings="greeting=old")
        master.who()
        master.configure("greeting=slow\nboot=slow 700")
        master.send(signal.SIGHUP)
        wait_until(lambda: len(master.started()) == 2, "the successor boots")
        master.configure("greeting=last")
        for count in (2, 3):
            master.send(signal.SIGHUP)
            master.wait_for_log("Handling signal: hup", times=count)
        master.wait_for_log("Reload complete: generation 3 serves$")
        wait_until(lambda: master.who()[1:] == (0, 3, "last"), "only the last generation answers")
        self.assertEqual(len(master.started()), 3)

    def test_hup_during_the_first_boot_waits_for_its_end(self):
        master = self.start("workers=2", settings="boot=slow 300")
        master.wait_for_log("Booting worker", times=2)
        master.send(signal.SIGHUP)
        master.wait_for_log("Reload complete: generation 2 serves$")
        self.assertEqual(len(master.started()), 4)

    def test_hup_brings_the_number_of_workers_that_the_settings_say(self):
        master = self.start(settings="workers=1")
        master.wait_for_serving(1)
        master.configure("workers=3")
        master.send(signal.SIGHUP)
        master.wait_for_log("Reload complete")
        self.assertEqual(len(master.wait_for_serving(3)), 3)
        master.configure("workers=2")
        master.send(signal.SIGHUP)
        master.wait_for_log("Reload complete", times=2)
        self.assertEqual(len(master.wait_for_serving(2)), 2)

    def test_a_successor_that_hangs_while_booting_fails_the_reload(self):
        master = self.start("boot_timeout=500", settings="greeting=old")
        master.who()
        master.configure("boot=hang")
        master.send(signal.SIGHUP)
        master.wait_for_log("Reload failed")
        self.assertEqual(master.who()[3], "old")

    def test_new_workers_run_the_program_that_now_lies_at_the_path(self):
        probe = self.start()
        program = os.path.join(probe.folder.name, "server")
        shutil.copy(os.environ["FAKE_SERVER"], program)
        master = self.start(program=program)
        old = master.who()[0]
        shutil.copy(os.environ["FAKE_SERVER"], program + ".new")
        os.rename(program + ".new", program)
        master.send(signal.SIGHUP)
        master.wait_for_log("Reload complete")
        new = wait_until(lambda: [pid for pid in master.workers() if pid != old], "a new worker lives")[0]
        self.assertEqual(os.stat(f"/proc/{new}/exe").st_ino, os.stat(program).st_ino)

        os.remove(program)
        master.send(signal.SIGHUP)
        master.wait_for_log(r"cannot boot: cannot execute \S+: No such file or directory$")
        master.wait_for_log("Reload failed")
        self.assertEqual(master.wait_for_serving(1), [new])


if __name__ == "__main__":
    unittest.main()
