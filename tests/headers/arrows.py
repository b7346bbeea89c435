#!/usr/bin/env python3
"""Reads the includes of every file of a source tree against the law in rules.py: arrows.py [TREE]

Prints one line for each violation, "file:line: what is wrong", and exits with 1 when there is any.
"""
import ast
import re
import sys
from pathlib import Path

import rules

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
ASIO_DETAIL = re.compile(r"\basio::detail\b|boost/asio/detail/")


class House:
    def __init__(self, tree):
        self.tree = Path(tree)
        self.violations = []
        self.files = {}  # path from the root → its text
        for folder in [*rules.COMPONENTS, "loadtest"]:
            for path in sorted((self.tree / folder).rglob("*")):
                if path.suffix in (".hpp", ".cpp", ".h", ".c", ".py"):
                    self.files[path.relative_to(self.tree).as_posix()] = path.read_text()
        self.public = {}  # <girin/x.hpp> → where it lives
        for path in self.files:
            component, _, name = path.partition("/include/")
            if name and component in rules.COMPONENTS:
                self.public[name] = path
        contract = [self.public[name] for name in rules.CONTRACT if name in self.public]
        self.contract = self.closure(contract, lambda path: path.startswith("server/"))

    def say(self, path, line, message):
        self.violations.append(f"{path}:{line}: {message}")

    def includes(self, path):
        """(line, "<" or '"', name) of every include in a file."""
        text = self.files[path]
        for match in INCLUDE.finditer(text):
            yield text.count("\n", 0, match.start(2)) + 1, match.group(1), match.group(2)

    def project_file(self, path, name):
        """The file of ours that an include means, or None: <girin/…> or "from/the/root.hpp"."""
        beside = (Path(path).parent / name).as_posix()
        return self.public.get(name) or next((file for file in (name, beside) if file in self.files), None)

    def closure(self, files, follow=lambda path: True):
        """Every file of ours that these include, directly or not, and these, each with the way there."""
        ways = {file: [file] for file in files}
        waiting = list(ways)
        while waiting:
            path = waiting.pop()
            for _, _, name in self.includes(path):
                file = self.project_file(path, name)
                if file and file not in ways and follow(file):
                    ways[file] = [*ways[path], file]
                    waiting.append(file)
        return ways

    def check(self):
        for path in self.files:
            if path.startswith("loadtest/"):
                self.check_loadtest(path)
                continue
            for line, _, name in self.includes(path):
                file = self.project_file(path, name)
                if file:
                    self.check_ours(path, line, name, file)
                elif name.startswith("girin/"):
                    self.say(path, line, f"<{name}> is not in any component's include folder")
                else:
                    self.check_library(path, line, name)
            self.check_asio_detail(path)
            if path.startswith(rules.MASTER):
                self.check_master(path)
        return self.violations

    def check_ours(self, path, line, name, file):
        source, target = path.split("/")[0], file.split("/")[0]
        public = name in self.public
        if source == "app" and target == "server":
            examples_may = path.startswith("app/examples/") and name in rules.EXAMPLES_ALSO
            if file not in self.contract and not examples_may:
                self.say(path, line, f"app/ sees only the contract of server/ (<{rules.CONTRACT[0]}>), not {name}")
        elif target not in rules.COMPONENTS[source]["components"]:
            self.say(path, line, f"{source}/ may not include {target}/ ({name})")
        elif source == "app" and target != "app" and not public:
            self.say(path, line, f"app/ sees only public headers of {target}/, not {name}")
        if self.is_public(path) and not public:
            self.say(path, line, f"a public header includes the private {name}")

    def check_library(self, path, line, name):
        component = path.split("/")[0]
        library = next((key for key, prefix in rules.LIBRARIES.items() if name.startswith(prefix)), None)
        if self.is_public(path):
            allowed = rules.PUBLIC_EXCEPTIONS.get(path.partition("/include/")[2], set())
            if name not in rules.STANDARD and library not in allowed:
                self.say(path, line, f"public headers are std-only, and <{name}> is not of the standard library")
        elif path.startswith("app/examples/") and library in rules.EXAMPLES_LIBRARIES:
            return
        elif library and library not in rules.COMPONENTS[component]["libraries"]:
            self.say(path, line, f"{component}/ may not include {library} ({name})")

    def check_asio_detail(self, path):
        if path.split(".")[0] == rules.ASIO_DETAIL:
            return
        for number, text in enumerate(self.files[path].splitlines(), 1):
            if ASIO_DETAIL.search(text):
                self.say(path, number, f"asio::detail is named in {rules.ASIO_DETAIL}.* only")

    def check_master(self, path):
        for file, way in self.closure([path]).items():
            for line, _, name in self.includes(file):
                for forbidden, what in rules.MASTER_FORBIDDEN.items():
                    if name == forbidden or (forbidden.endswith("/") and name.startswith(forbidden)):
                        through = f", through {' → '.join(way[1:])}" if len(way) > 1 else ""
                        self.say(path, line if len(way) == 1 else 1, f"the master knows no {what} (<{name}>{through})")

    def check_loadtest(self, path):
        if not path.endswith(".py"):
            for line, quote, name in self.includes(path):
                if quote == '"' or name.startswith("girin/"):
                    self.say(path, line, f"loadtest/ includes nothing of ours, and {name} is")
            return
        for node in ast.walk(ast.parse(self.files[path])):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for name in names:
                module = name.split(".")[0]
                ours = f"loadtest/{name.replace('.', '/')}"
                is_ours = any(file == f"{ours}.py" or file.startswith(f"{ours}/") for file in self.files)
                if module not in sys.stdlib_module_names | rules.LOADTEST_MEASURES and not is_ours:
                    self.say(path, node.lineno, f"loadtest/ imports Python's standard library only, not {name}")

    @staticmethod
    def is_public(path):
        return "/include/girin/" in path or path == "server/app_main.cpp"


def main():
    tree = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    house = House(tree)
    violations = house.check()
    print(*violations, sep="\n", end="\n" if violations else "")
    print(f"{len(house.files)} files read, {len(violations)} violations")
    return 1 if violations or not house.files else 0


if __name__ == "__main__":
    sys.exit(main())
