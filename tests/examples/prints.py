#!/usr/bin/env python3
"""Runs an example and compares what it prints with the comment at its end: prints.py SOURCE PROGRAM

Addresses, which are others each time, are 0x... in the comment, and files of the source tree have no folder.
"""
import re
import subprocess
import sys
from pathlib import Path


def promised(source):
    lines = Path(source).read_text().splitlines()
    return [line.removeprefix("//").removeprefix(" ") for line in lines[lines.index("// Prints:") + 1 :]]


def comparable(printed):
    printed = re.sub(r"\b0x[0-9a-f]+", "0x...", printed)
    return re.sub(r"File '[^']*/", "File '", printed).splitlines()


def main():
    source, program = sys.argv[1:]
    run = subprocess.run([program], capture_output=True, text=True, timeout=60)
    expected, printed = promised(source), comparable(run.stdout)
    if run.returncode != 0 or run.stderr or not expected or printed != expected:
        print("promised:", *expected, "printed:", *printed, f"exit status: {run.returncode}", run.stderr, sep="\n")
        return 1
    print(f"{len(printed)} lines as promised")
    return 0


if __name__ == "__main__":
    sys.exit(main())
