"""Measures what was built from outside: `python3 loadtest [--seconds N]`, `python3 loadtest counters`, `python3 loadtest aio`."""
import argparse
import sys

import bench
import counters
from aio import report as operations


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["table", "counters", "aio"], default="table")
    parser.add_argument("--seconds", type=int, default=5, help="how long each cell of the table is driven (default: 5)")
    parser.add_argument("--repeats", type=int, default=7, help="how often each of aio's operations is measured (default: 7)")
    options = parser.parse_args()
    if options.what == "counters":
        if not counters.report():
            sys.exit(1)
    elif options.what == "aio":
        operations.report(options.repeats)
    else:
        bench.report(options.seconds)


if __name__ == "__main__":
    main()
