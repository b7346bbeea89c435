"""Measures the built servers from outside: `python3 loadtest [--seconds N]` and `python3 loadtest counters`."""
import argparse

import bench
import counters


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["table", "counters"], default="table")
    parser.add_argument("--seconds", type=int, default=5, help="how long each cell of the table is driven (default: 5)")
    options = parser.parse_args()
    if options.what == "counters":
        counters.report()
    else:
        bench.report(options.seconds)


if __name__ == "__main__":
    main()
