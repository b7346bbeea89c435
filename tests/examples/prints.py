#!/usr/bin/env python3
"""Runs an example and compares what it prints with the comment at its end: prints.py SOURCE PROGRAM"""
import subprocess
import sys
from pathlib import Path


def promised(source):
    lines = Path(source).read_text().splitlines()
    return [line.removeprefix("//").strip() for line in lines[lines.index("// Prints:") + 1 :]]


def main():
    source, program = sys.argv[1:]
    run = subprocess.run([program], capture_output=True, text=True, timeout=60)
    expected, printed = promised(source), run.stdout.splitlines()
    if run.returncode != 0 or run.stderr or not expected or printed != expected:
        print("promised:", *expected, "printed:", *printed, f"exit status: {run.returncode}", run.stderr, sep="\n")
        return 1
    print(f"{len(printed)} lines as promised")
    return 0


if __name__ == "__main__":
    sys.exit(main())
