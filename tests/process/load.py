"""Steady load from one thread, on raw sockets: what became of every request, as far as the client can tell."""
import errno
import os
import selectors
import socket
import threading
import time
from collections import Counter

from followed import wait_until
from http_client import get

LATE = 0.25  # seconds: a client that is held up longer than that may find its idle connection closed


class Conversation:
    """One keep-alive connection after the other, with always one request under way."""

    def __init__(self, load):
        self.load = load
        self.socket = None
        self.connect()

    def connect(self):
        self.close()
        self.socket = socket.socket(socket.AF_UNIX if isinstance(self.load.address, str) else socket.AF_INET)
        self.socket.setblocking(False)
        self.connected = False
        self.received = b""
        self.answered = False
        code = self.socket.connect_ex(self.load.address)
        if code not in (0, errno.EINPROGRESS):
            return self.not_connected(code)
        self.load.selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def close(self):
        if self.socket and self.socket.fileno() >= 0:
            if self.socket in self.load.selector.get_map():
                self.load.selector.unregister(self.socket)
            self.socket.close()

    def end(self, outcome):
        """The request has ended otherwise than with an answer."""
        self.load.outcomes[outcome] += 1
        self.close()
        self.load.idle.append((time.monotonic() + 0.01, self))

    def not_connected(self, code):
        nobody_listens = code in (errno.ECONNREFUSED, errno.ENOENT)  # the latter of a unix socket
        self.end("refused" if nobody_listens else "no connection: " + os.strerror(code))

    def ready(self):
        try:
            if not self.connected:
                if code := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    return self.not_connected(code)
                self.connected = True
                self.load.selector.modify(self.socket, selectors.EVENT_READ, self)
                return self.ask()
            self.hear(self.socket.recv(1 << 16))
        except (ConnectionResetError, BrokenPipeError):
            self.lost("reset")

    def ask(self):
        self.socket.sendall(self.load.request)

    def hear(self, more):
        if not more:
            return self.lost("closed")
        self.received += more
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        self.load.outcomes["answered" if head.startswith(b"HTTP/1.1 200") else head[:12].decode()] += 1
        self.load.answers.append(body)
        self.received = b""
        self.answered = True
        if b"\r\nconnection: close" in head.lower():
            self.connect()
        else:
            self.ask()

    def lost(self, how):
        """The server has ended the connection under a request."""
        if self.received:
            self.end(f"{how} in the middle of an answer")
        elif not self.answered:
            self.end(f"{how} before the first answer")
        elif self.load.was_slow():
            self.end("asked too late")
        else:
            self.end(f"{how} without an answer")


class Load:
    """Runs until the `with` block ends. `outcomes` counts; "refused" and "asked too late" were never accepted."""

    def __init__(self, address, path="/pid", connections=64):
        self.address = address
        self.request = get(path)
        self.outcomes = Counter()
        self.answers = []
        self.idle = []
        self.selector = selectors.DefaultSelector()
        self.over = False
        self.turns = []  # when the last of them began
        self.delays = 0  # how often one began late
        self.conversations = [Conversation(self) for _ in range(connections)]
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over:
            self.turns = [*self.turns[-99:], time.monotonic()]
            self.delays += len(self.turns) > 1 and self.turns[-1] - self.turns[-2] > LATE
            for key, _ in self.selector.select(0.005):
                key.data.ready()
            now = time.monotonic()
            due = [waiting for when, waiting in self.idle if when <= now]
            self.idle = [entry for entry in self.idle if entry[0] > now]
            for waiting in due:
                waiting.connect()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.thread.join()
        for conversation in self.conversations:
            conversation.close()
        self.selector.close()

    def answered(self):
        return self.outcomes["answered"]

    def wait_until_refused(self):
        """Waits until every client has noticed that nobody listens any more."""
        before = self.outcomes["refused"]
        wait_until(lambda: self.outcomes["refused"] >= before + 2 * len(self.conversations), "all are refused")

    def was_slow(self):
        """Whether this thread was held up lately."""
        turns = [*self.turns, time.monotonic()]
        return any(later - earlier > LATE for earlier, later in zip(turns, turns[1:]))

    def failed(self):
        """What became of requests that should have been answered. This thread's own delays explain some, but no more
        than one of each client for each time that it was held up."""
        explained = self.outcomes["asked too late"] <= len(self.conversations) * self.delays
        harmless = ("answered", "refused", *(["asked too late"] if explained else []))
        return {outcome: count for outcome, count in self.outcomes.items() if outcome not in harmless}
