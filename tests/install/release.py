#!/usr/bin/env python3
"""What clang's release promises: the library is compiled at -O3 with thin LTO, and has DWARF 4: release.py FILE...

A FILE is compile_commands.json, or the built library.
"""
import json
import re
import subprocess
import sys
from pathlib import Path


def wrong_commands(file):
    commands = [each["command"] for each in json.loads(Path(file).read_text())]
    ours = [command.split() for command in commands if "girin_objects.dir/" in command]
    if not ours:
        yield "no command compiles the library"
    for words in ours:
        if any(word not in words for word in ("-O3", "-flto=thin", "-gdwarf-4")) or "-fno-lto" in words:
            yield " ".join(words)


def wrong_units(library):
    command = ["readelf", "--debug-dump=info", "--dwarf-depth=1", library]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    versions = re.findall(r"^ +Version: +(\d+)$", text, re.MULTILINE)
    if not versions:
        yield f"{library} has no debug information"
    for version in set(versions) - {"4"}:
        yield f"{library} has DWARF {version}"


def main():
    wrong = []
    for file in sys.argv[1:]:
        wrong += wrong_commands(file) if file.endswith(".json") else wrong_units(file)
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
