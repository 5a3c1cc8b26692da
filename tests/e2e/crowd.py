"""crowd.py - clients that hold connections without asking for anything, in one process

Three kinds: idle (connects and is silent), dripping (an octet of a head, or of a body, four times a
second), half-open (half a head, then nothing, as if the peer had died). Whom the server sends away
comes again with the next drip, so that there are always about as many as were asked for.

As a program, for tools/bench:  python3 -B tests/e2e/crowd.py HOST:PORT COUNT
says "there" when all are connected, and goes on until its input ends.
"""

import select
import socket
import sys
import time

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "
BODY = b"POST /auth/start HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"
KINDS = ("idle", "head", "half", "body")
DRIP_S = 0.25


class Crowd:
    """Connects at once. `sent_away` counts the connections that the server has ended."""

    def __init__(self, address, count):
        host, port = address.rsplit(":", 1)
        self.target = (host, int(port))
        self.kinds = {}  # by socket
        self.sent_away = 0
        self.poll = select.epoll()
        self.sockets = {}  # by descriptor
        self.gone = []  # the kinds of those who were sent away
        self.next_drip = 0.0
        for index in range(count):
            self.join(KINDS[index % len(KINDS)])

    def join(self, kind):
        connection = socket.create_connection(self.target, 60)
        connection.setblocking(False)
        self.kinds[connection] = kind
        self.sockets[connection.fileno()] = connection
        self.poll.register(connection.fileno(), select.EPOLLIN)
        first = {"idle": b"", "head": HEAD, "half": HEAD[:20], "body": BODY}[kind]
        self.say(connection, first)

    def say(self, connection, octets):
        try:
            connection.send(octets)
        except OSError:
            pass  # it has been sent away, which turn() will see

    def leave(self, connection):
        self.poll.unregister(connection.fileno())
        del self.sockets[connection.fileno()]
        connection.close()
        return self.kinds.pop(connection)

    def turn(self, wait_s):
        """Drips when it is time, and replaces those who were sent away."""
        if time.monotonic() >= self.next_drip:
            self.next_drip = time.monotonic() + DRIP_S
            for kind in self.gone:
                self.join(kind)
            self.gone = []
            for connection, kind in self.kinds.items():
                if kind in ("head", "body"):
                    self.say(connection, b"x")
        for number, _ in self.poll.poll(wait_s, 4096):
            connection = self.sockets[number]
            try:
                ended = not connection.recv(65536)
            except BlockingIOError:
                continue
            except OSError:
                ended = True
            if ended:
                self.sent_away += 1
                self.gone.append(self.leave(connection))

    def close(self):
        for connection in list(self.kinds):
            self.leave(connection)
        self.poll.close()


def main():
    crowd = Crowd(sys.argv[1], int(sys.argv[2]))
    print("there", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        crowd.turn(0.05)
    print(f"sent_away={crowd.sent_away}", flush=True)
    crowd.close()


if __name__ == "__main__":
    main()
