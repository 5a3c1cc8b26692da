"""raw.py - HTTP octet by octet: what no client library would send, and every answer that comes

The table SMUGGLING holds requests that two readers may take differently; each carries a second
request, to EVIL, that a careless reader runs. test_edge.py sends them to opd, test_proxies.py through
reverse proxies.
"""

import re
import socket
from harness import DEADLINE_S, Answer

EVIL = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: evil\r\n\r\n"
POST = b"POST /auth/start HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /healthz HTTP/1.1\r\n"

# name: (octets, the status of opd's one answer)
SMUGGLING = {
    "TE with Content-Length": (
        POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + EVIL, 411),
    "Content-Length with TE": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + EVIL, 411),
    "TE chunked": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + EVIL, 411),
    "TE identity": (POST + b"Transfer-Encoding: identity\r\n\r\n" + EVIL, 411),
    "TE twice": (
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + EVIL,
        411),
    "TE unknown": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + EVIL, 400),
    "TE with a blank before the colon": (
        POST + b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + EVIL, 400),
    "TE with a vertical tab": (
        POST + b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + EVIL, 400),
    "two Content-Lengths": (
        POST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 400),
    "two equal Content-Lengths": (
        POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + EVIL, 400),
    "a list of Content-Lengths": (POST + b"Content-Length: 2, 2\r\n\r\n{}" + EVIL, 400),
    "Content-Length with a tail": (POST + b"Content-Length: 2abc\r\n\r\n{}" + EVIL, 400),
    "Content-Length with a sign": (POST + b"Content-Length: +2\r\n\r\n{}" + EVIL, 400),
    "negative Content-Length": (POST + b"Content-Length: -2\r\n\r\n{}" + EVIL, 400),
    "hexadecimal Content-Length": (POST + b"Content-Length: 0x2\r\n\r\n{}" + EVIL, 400),
    "Content-Length of 20 digits": (
        POST + b"Content-Length: 18446744073709551618\r\n\r\n{}" + EVIL, 400),
    "Content-Length with a blank before the colon": (
        POST + b"Content-Length : 2\r\n\r\n{}" + EVIL, 400),
    "65 headers": (
        POST + b"".join(b"X-%d: y\r\n" % n for n in range(63))
        + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 431),
    "a folded line": (
        POST + b"X-A: b\r\n c\r\nContent-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 400),
    "a folded Content-Length": (
        POST + b"Content-Length:\r\n %d\r\n\r\n" % len(EVIL) + EVIL, 400),
    "bare LF after a header": (
        b"POST /auth/start HTTP/1.1\r\nHost: x\nContent-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 400),
    "bare LF everywhere": (b"GET /healthz HTTP/1.1\nHost: x\n\n" + EVIL, 400),
    "bare CR in a header": (
        POST + b"X: y\rContent-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 400),
    "no Host": (GET + b"X: y\r\n\r\n" + EVIL, 400),
    "two Hosts": (GET + b"Host: x\r\nHost: y\r\n\r\n" + EVIL, 400),
    "a list of Hosts": (GET + b"Host: x, y\r\n\r\n" + EVIL, 400),
    "NUL in the path, escaped": (b"GET /healthz%00.txt HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 400),
    "line break in the path, escaped": (
        b"GET /healthz%0d%0aX:%20y HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 400),
    "NUL in a header": (GET + b"Host: x\r\nX: a\x00b\r\n\r\n" + EVIL, 400),
    "an empty header name": (GET + b"Host: x\r\n: y\r\n\r\n" + EVIL, 400),
    "a header without a colon": (GET + b"Host: x\r\nContent-Length\r\n\r\n" + EVIL, 400),
    "lines before the request": (
        b"\r\n\r\n" + POST + b"Content-Length: 2\r\n\r\n{}" + EVIL, 400),
    "lines before a request without a body": (
        b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 400),
    "absolute-form": (b"GET http://other/healthz HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 400),
    "asterisk-form": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 400),
    "CONNECT": (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 400),
    "TRACE": (b"TRACE /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 405),
    "a lower-case method": (b"get /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 405),
    "a very long method": (b"G" * 9000 + b" /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 405),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n" + EVIL, 400),
    "HTTP/1.2": (b"GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n" + EVIL, 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + EVIL, 400),
    "an expectation": (
        POST + b"Expect: wonders\r\nContent-Length: 2\r\n\r\n{}" + EVIL, 417),
}


class Wire:
    """A connection of one's own. answers() reads all that comes until the server closes."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), DEADLINE_S)
        self.octets = b""

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except OSError:
            pass  # refused early: the answer says why
        return self

    def more(self):
        """False at the end of the stream."""
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.octets += piece
        return bool(piece)

    def answer(self, head_only=False):
        """The next answer; None when the server has closed instead."""
        while b"\r\n\r\n" not in self.octets:
            if not self.more():
                assert not self.octets, f"half an answer: {self.octets!r}"
                return None
        head, _, rest = self.octets.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        assert re.match(r"HTTP/1\.[01] \d{3}", status), status
        headers = Fields(line.split(": ", 1) for line in lines)
        size = 0 if head_only else int(headers.get("Content-Length", 0))
        while len(rest) < size:
            assert self.more(), f"{len(rest)} octets of {size}"
            rest = self.octets.partition(b"\r\n\r\n")[2]
        self.octets = rest[size:]
        return Answer(int(status.split(" ")[1]), headers, rest[:size])

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Fields(dict):
    """Headers by their names in any letter case; the first of a name."""

    def __init__(self, pairs):
        super().__init__()
        for name, value in pairs:
            self.setdefault(name.lower(), value)

    def get(self, name, default=None):
        return super().get(name.lower(), default)

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def __contains__(self, name):
        return super().__contains__(name.lower())
