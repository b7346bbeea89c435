#!/usr/bin/env python3
"""Starts a server, which must answer GET / with this text and end with 0 on TERM: serves.py TEXT COMMAND..."""
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "process"))
from followed import FollowedMaster  # noqa: E402
from http_client import ask  # noqa: E402


def main():
    text, *command = sys.argv[1:]
    server = FollowedMaster([*command, "-b", "127.0.0.1:0"])
    try:
        answer = ask(("127.0.0.1", server.port), "/")
        server.send(signal.SIGTERM)
        code = server.wait()
    finally:
        server.clean_up()
        print(*server.lines, sep="\n")
    print(f"it answered {answer.status} {answer.text!r}, and ended with {code}")
    return 0 if (answer.status, answer.text, code) == (200, text, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
