#!/usr/bin/env python3
"""Keeps handlers quick to compile: budget.py HELLO.CPP TIMES COMPILER FLAGS...

What an application pays for is the text that its includes drag in. That text, measured against what <string> alone drags
in, is the same on every run and on every machine with these headers; `./dev bench counters` prints the seconds.
"""
import subprocess
import sys


def preprocessed(compiler, source):
    text = subprocess.run([*compiler, "-E", "-P", "-x", "c++", "-"], input=source, capture_output=True, text=True, check=True)
    return len(text.stdout.split("\n"))


def main():
    hello, times, *compiler = sys.argv[1:]
    unit = preprocessed(compiler, "#include <string>\n")
    size = preprocessed(compiler, f'#include "{hello}"\n')
    print(f"{hello}: {size} lines preprocessed, {size / unit:.2f} times <string>'s {unit}; the budget is {times} times")
    return 1 if size > unit * float(times) else 0


if __name__ == "__main__":
    sys.exit(main())
