"""Where settings come from, which source goes before which, and how the server shows them."""
import json
import os
import signal
import stat
import tempfile
import unittest

from real_server import ServerTest, girin, named, wait_until

FILE = """// Settings of this test.
{
    "workers": 2,        // the environment and the command line go before it
    "keep_alive": "7s",
    "loglevel": "debug"
}
"""


class Settings(ServerTest):
    def printed(self, *arguments, **how):
        """What --print-config says: name to (value, origin)."""
        done = girin("--print-config", *arguments, **how)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = (line.partition(" = ") for line in done.stdout.splitlines())
        return {name: tuple(rest.split("  # ")) for name, _, rest in lines}

    def file(self, content=FILE):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "girin.json")
        with open(path, "w") as file:
            file.write(content)
        return path

    def test_the_command_line_goes_before_the_environment_and_that_before_the_file_and_that_before_the_default(self):
        path = self.file()
        seen = self.printed("--config", path, "-w", "4", GIRIN_WORKERS="3", GIRIN_KEEP_ALIVE="8s")
        self.assertEqual(seen["workers"], ("4", "command line -w"))
        self.assertEqual(seen["keep_alive"], ("8s", "environment GIRIN_KEEP_ALIVE"))
        self.assertEqual(seen["loglevel"], ("debug", f"{path}:5"))
        self.assertEqual(seen["timeout"], ("30s", "default"))
        without = self.printed("--config", path)
        self.assertEqual(without["workers"], ("2", f"{path}:3"))

    def test_the_server_runs_with_what_is_printed(self):
        server = self.start("--config", "girin.json", application=None, bind=None, wait=False, files=[
            ("girin.json", json.dumps({"application": named("libdemo.so"), "bind": ["127.0.0.1:0", "unix:socket"],
                                       "timeout": 12, "server_header": False}))], variables={"GIRIN_WORKERS": "3"},
                            workers=None)
        server.wait_for_log(r"Listening at: http://127\.0\.0\.1:\d+,unix:socket ")
        server.wait_for_ready(3)
        self.assertNotIn("server", server.ask("/").headers)

    def test_a_unix_socket_is_created_without_the_permissions_that_umask_names(self):
        self.addCleanup(os.umask, os.umask(0o027))
        for flags, mode in [([], 0o750), (["--umask", "0"], 0o777), (["--umask", "0117"], 0o660)]:
            server = self.start(*flags, bind="unix:socket")
            self.assertEqual(stat.S_IMODE(os.stat(server.path("socket")).st_mode), mode)

    def test_a_misspelt_key_names_the_nearest_and_the_line(self):
        for content, complaint in [
                ('{\n"worker": 4}', r"unknown setting 'worker' in \S+:2; did you mean 'workers'\?"),
                ('{"graceful-timeout": 4}',
                 r"unknown setting 'graceful-timeout' in \S+:1; did you mean 'graceful_timeout'\?"),
                ('{"workers": "many"}',
                 r"workers \(\S+:1\): expected a whole number from 1 to 1024, got the string 'many'"),
                ('{"workers": -4}', r"workers \(\S+:1\): expected a whole number from 1 to 1024, got '?-4'?"),
                ('{"workers": 4', r"parse error at line 1")]:
            with self.subTest(content):
                path = self.file(content)
                for action in ([], ["--check-config"], ["--print-config"]):
                    done = girin(*action, "--config", path, named("libhello.so"))
                    self.assertEqual(done.returncode, 1)
                    self.assertRegex(done.stderr, complaint)

    def test_a_misspelt_variable_is_a_warning_that_names_the_nearest(self):
        server = self.start(variables={"GIRIN_WORKRES": "3", "GIRIN_SERVICE_HOST": "kubernetes sets this"})
        warnings = server.log("WARNING")
        self.assertEqual(len(warnings), 1)
        server.wait_for_log(r"\[WARNING\] unknown environment variable GIRIN_WORKRES is ignored; did you mean "
                            r"GIRIN_WORKERS\?$")
        for action in ("--check-config", "--print-config"):
            done = girin(action, named("libdemo.so"), GIRIN_WORKRES="3", GIRIN_ACCESS_LOGFILE="-")
            self.assertEqual((done.returncode, done.stderr.splitlines()), (0, [
                "Warning: unknown environment variable GIRIN_ACCESS_LOGFILE is ignored; did you mean GIRIN_ACCESSLOG?",
                "Warning: unknown environment variable GIRIN_WORKRES is ignored; did you mean GIRIN_WORKERS?"]))

    def test_the_variable_that_the_master_sets_for_its_workers_is_no_misspelt_setting(self):
        for action in ([], ["--check-config"]):
            done = girin(*action, named("libdemo.so"), GIRIN_WORKER="2")
            self.assertEqual((done.returncode, done.stderr), (
                1, "\nError: GIRIN_WORKER is for girin's master to set: name=value was expected, not '2'; did you mean "
                   "GIRIN_WORKERS?\n"))

    def test_port_and_web_concurrency_stand_in_for_the_defaults(self):
        seen = self.printed(PORT="5000", WEB_CONCURRENCY="6")
        self.assertEqual(seen["bind"], ("0.0.0.0:5000", "environment PORT"))
        self.assertEqual(seen["workers"], ("6", "environment WEB_CONCURRENCY"))
        self.assertEqual(self.printed("-b", ":80", PORT="5000")["bind"][0], "0.0.0.0:80")

    def test_hup_reads_the_file_again_and_a_wrong_one_changes_nothing(self):
        server = self.start("--config", "girin.json", workers=None, wait=False,
                            files=[("girin.json", '{"workers": 1, "server_header": true}')])
        first = server.wait_for_ready(1)
        self.assertEqual(server.ask("/").headers["server"], "girin")
        server.write("girin.json", '{"workers": 2, "server_header": false}')
        server.send(signal.SIGHUP)
        server.wait_for_log("Reload complete: generation 2 serves")
        workers = server.wait_for_ready(2, without=first)
        self.assertNotIn("server", server.ask("/").headers)

        server.write("girin.json", '{"wokrers": 3}')
        server.send(signal.SIGHUP)
        server.wait_for_log(r"\[ERROR\] Reload refused, the old settings stay: unknown setting 'wokrers' in "
                            r"girin.json:1; did you mean 'workers'\?$")
        self.assertEqual(server.wait_for_ready(2), workers)
        self.assertNotIn("server", server.ask("/").headers)

    def test_chdir_is_where_the_application_is_found_and_runs(self):
        server = self.start("--chdir", named("libdemo.so").rpartition("/")[0], application="./libdemo.so")
        self.assertEqual(server.ask("/").status, 200)
        wait_until(lambda: not server.log("ERROR"), "no error is logged")


if __name__ == "__main__":
    unittest.main()
