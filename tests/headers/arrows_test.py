#!/usr/bin/env python3
"""Plants violations of the include law in a scratch tree: each must be found, and a lawful tree must pass."""
import tempfile
import unittest
from pathlib import Path

from arrows import House

LAWFUL = {
    "aio/include/girin/task.hpp": "#include <coroutine>\n",
    "aio/include/girin/asio.hpp": "#include <boost/asio/async_result.hpp>\n#include <girin/task.hpp>\n",
    "aio/reactor.cpp": "#include <boost/asio/detail/reactor.hpp>\nusing namespace boost::asio::detail;\n",
    "config/settings.hpp": "#include <string>\n",
    "config/file.cpp": '#include "config/settings.hpp"\n#include <nlohmann/json.hpp>\n',
    "server/include/girin/headers.hpp": "#include <span>\n",
    "server/include/girin/asgi.hpp": "#include <girin/application.hpp>\n#include <girin/headers.hpp>\n",
    "server/include/girin/application.hpp": "#include <girin/task.hpp>\n",
    "server/include/girin/run.hpp": "#include <girin/asgi.hpp>\n",
    "server/http1/parser.cpp": '#include "config/settings.hpp"\n#include <llhttp.h>\n#include <girin/asio.hpp>\n',
    "server/master/master.cpp": '#include "config/settings.hpp"\n#include <spdlog/spdlog.h>\n#include <sys/signalfd.h>\n',
    "app/include/girin/json.hpp": "#include <nlohmann/json.hpp>\n",
    "app/router.cpp": "#include <girin/asgi.hpp>\n#include <girin/headers.hpp>\n#include <girin/json.hpp>\n",
    "app/examples/hello/hello.cpp": "#include <girin/run.hpp>\n",
    "app/examples/aio/asio.cpp": "#include <boost/beast/http.hpp>\n#include <girin/asio.hpp>\n",
    "loadtest/bench.py": "import json\nimport runner\n",
    "loadtest/runner.py": "from pathlib import Path\n",
    "loadtest/count.c": "#include <stdio.h>\n",
}


class Arrows(unittest.TestCase):
    def violations(self, planted):
        with tempfile.TemporaryDirectory() as tree:
            for path, text in {**LAWFUL, **planted}.items():
                file = Path(tree, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return House(tree).check()

    def finds(self, path, text, message):
        self.assertEqual(self.violations({path: text}), [f"{path}:{message}"])

    def test_a_lawful_tree_has_no_violation(self):
        self.assertEqual(self.violations({}), [])

    def test_aio_sees_nothing_of_the_server(self):
        self.finds("aio/loop.cpp", "\n#include <girin/asgi.hpp>\n", "2: aio/ may not include server/ (girin/asgi.hpp)")

    def test_config_sees_no_loop(self):
        self.finds("config/a.cpp", "#include <girin/task.hpp>\n", "1: config/ may not include aio/ (girin/task.hpp)")

    def test_config_sees_no_logger(self):
        self.finds("config/a.cpp", "#include <spdlog/spdlog.h>\n", "1: config/ may not include spdlog (spdlog/spdlog.h)")

    def test_the_server_sees_no_application_framework(self):
        self.finds("server/a.cpp", "#include <girin/json.hpp>\n", "1: server/ may not include app/ (girin/json.hpp)")

    def test_the_server_reads_no_json(self):
        self.finds("server/a.cpp", "#include <nlohmann/json.hpp>\n", "1: server/ may not include nlohmann (nlohmann/json.hpp)")

    def test_the_framework_sees_only_the_contract(self):
        only = "app/ sees only the contract of server/ (<girin/asgi.hpp>), not"
        self.finds("app/a.cpp", "#include <girin/run.hpp>\n", f"1: {only} girin/run.hpp")
        self.finds("app/a.cpp", '#include "server/http1/parser.cpp"\n', f"1: {only} server/http1/parser.cpp")

    def test_the_framework_sees_no_private_header_of_aio(self):
        self.finds("app/a.cpp", '#include "aio/reactor.cpp"\n', "1: app/ sees only public headers of aio/, not aio/reactor.cpp")

    def test_the_framework_sees_no_asio(self):
        self.finds("app/a.cpp", "#include <boost/beast/http.hpp>\n", "1: app/ may not include boost (boost/beast/http.hpp)")

    def test_a_public_header_is_std_only(self):
        std_only = "public headers are std-only, and"
        path = "aio/include/girin/a.hpp"
        self.finds(path, "#include <unistd.h>\n", f"1: {std_only} <unistd.h> is not of the standard library")
        self.finds(path, "#include <spdlog/spdlog.h>\n", f"1: {std_only} <spdlog/spdlog.h> is not of the standard library")
        self.finds(path, "#include <boost/asio.hpp>\n", f"1: {std_only} <boost/asio.hpp> is not of the standard library")

    def test_a_public_header_includes_no_private_one(self):
        self.finds("server/include/girin/a.hpp", '#include "config/settings.hpp"\n',
                   "1: a public header includes the private config/settings.hpp")

    def test_the_master_knows_no_asio_not_even_through_another_file(self):
        found = self.violations({"server/supervision/a.cpp": '#include <girin/asio.hpp>\n'})
        self.assertEqual(found, ["server/supervision/a.cpp:1: the master knows no Asio "
                                 "(<boost/asio/async_result.hpp>, through aio/include/girin/asio.hpp)"])

    def test_the_master_starts_no_thread_and_loads_nothing(self):
        path = "server/master/a.cpp"
        self.finds(path, "\n#include <thread>\n", "2: the master knows no threads (<thread>)")
        self.finds(path, "#include <dlfcn.h>\n", "1: the master knows no loading applications (<dlfcn.h>)")
        self.finds(path, "#include <girin/application.hpp>\n", "1: the master knows no application code (<girin/application.hpp>)")

    def test_asio_detail_is_named_in_one_noun(self):
        self.finds("aio/socket.cpp", "\nboost::asio::detail::reactor r;\n", "2: asio::detail is named in aio/reactor.* only")

    def test_an_include_that_no_component_has(self):
        self.finds("app/a.cpp", "#include <girin/nothing.hpp>\n", "1: <girin/nothing.hpp> is not in any component's include folder")

    def test_the_load_test_includes_nothing_of_ours(self):
        self.finds("loadtest/a.c", "#include <girin/task.hpp>\n", "1: loadtest/ includes nothing of ours, and girin/task.hpp is")
        self.finds("loadtest/a.py", "import numpy\n", "1: loadtest/ imports Python's standard library only, not numpy")


if __name__ == "__main__":
    unittest.main()
