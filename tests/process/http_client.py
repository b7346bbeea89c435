"""A client that sees what happens on its socket: which bytes were answered, and how the server ended the connection."""
import socket
from dataclasses import dataclass, field

from followed import PATIENCE


@dataclass
class Response:
    status: int
    version: str
    headers: dict = field(default_factory=dict)  # names lower-case; of several fields of a name the last
    body: bytes = b""

    @property
    def text(self):
        return self.body.decode()


class ConnectionEnded(Exception):
    """The server closed the connection where bytes of a response were expected; says how, and what had come."""


def get(path, *fields, method="GET"):
    """The bytes of a request without a body."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *fields, "", ""]).encode()


class Client:
    """One connection. `address` is (host, port), or the path of a unix socket."""

    def __init__(self, address, receive_buffer=None):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(PATIENCE)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """Waits for more bytes; None when the server has ended the connection in order."""
        try:
            more = self.socket.recv(1 << 16)
        except ConnectionResetError:
            raise ConnectionEnded(f"reset after {self.buffer!r}") from None
        self.buffer += more
        return more or None

    def read_until(self, end):
        while end not in self.buffer:
            if not self.receive():
                raise ConnectionEnded(f"closed after {self.buffer!r}")
        taken, _, self.buffer = self.buffer.partition(end)
        return taken

    def read_exactly(self, size):
        while len(self.buffer) < size:
            if not self.receive():
                raise ConnectionEnded(f"closed {size - len(self.buffer)} bytes early")
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def read_head(self):
        status_line, *lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        fields = (line.partition(":") for line in lines)
        return Response(int(status), version, {name.lower(): value.strip() for name, _, value in fields})

    def read_response(self, method="GET"):
        """The next response as a whole."""
        response = self.read_head()
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if response.headers.get("transfer-encoding") == "chunked":
            while size := int(self.read_until(b"\r\n"), 16):
                response.body += self.read_exactly(size)
                self.read_exactly(2)
            self.read_exactly(2)
        elif "content-length" in response.headers:
            response.body = self.read_exactly(int(response.headers["content-length"]))
        else:
            response.body = self.read_to_end()
        return response

    def read_to_end(self):
        """All that comes until the server closes in order."""
        while self.receive():
            pass
        taken, self.buffer = self.buffer, b""
        return taken

    def ask(self, path, *fields, method="GET"):
        self.send(get(path, *fields, method=method))
        return self.read_response(method)


def ask(address, path, *fields, method="GET"):
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.ask(path, "Connection: close", *fields, method=method)
