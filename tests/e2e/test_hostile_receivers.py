"""test_hostile_receivers.py - receivers of webhooks that do what none should

Each has an account, a webhook on the shared number and a manner of its own. Beside them stands one
that behaves: it gets every event, once and signed, while the others do their worst. opd's
environment names a proxy for everything, which nobody may ever call.
"""

import collections
import hashlib
import hmac
import os
import re
import socket
import ssl
import subprocess
import threading

from harness import *

EVENTS = ["message.received"]
OK = b"HTTP/1.1 200 OK\r\n"
TIMEOUT_MS = 5000


class Raw:
    """A receiver whose every octet is its own: manner(connection, posted) answers a post. Counts
    its connections; `over` is set when one was seen through to its end."""

    def __init__(self, manner=None):
        self.manner = manner
        self.connections = 0
        self.over = threading.Event()
        self.ending = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                posted = connection.recv(65536)
                if self.manner and posted:
                    self.manner(self, connection)
                while connection.recv(65536):  # until the other side has enough
                    pass
            except OSError:
                pass
        self.over.set()

    def close(self):
        self.ending.set()
        self.listener.close()


def for_ever(first, then):
    """Says `first`, then `then` again and again until nobody listens."""

    def manner(_, connection):
        connection.sendall(first)
        while True:
            connection.sendall(then * (65536 // len(then)))

    return manner


def once(text):
    def manner(_, connection):
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)

    return manner


def drip(first, then):
    """One octet every twentieth of a second."""

    def manner(raw, connection):
        connection.sendall(first)
        while not raw.ending.wait(0.05):
            connection.sendall(then)

    return manner


def reset(_, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def redirect(status, location):
    text = f"HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    return once(text.encode())


MANNERS = {
    "silence": None,
    "endless head": for_ever(OK, b"X-Header: 0123456789012345678901234567890123456789\r\n"),
    "endless header line": for_ever(OK + b"X-Header: ", b"0123456789"),
    "endless 100": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless 103": for_ever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "endless body": for_ever(OK + b"\r\n", b"body "),
    "endless length": for_ever(OK + b"Content-Length: 999999999999\r\n\r\n", b"body "),
    "endless chunks": for_ever(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nchunk\r\n"),
    "endless trailer": for_ever(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    "bad length": once(OK + b"Content-Length: -5\r\n\r\nbody"),
    "garbage": for_ever(b"", bytes(range(128, 256))),
    "another protocol": once(b"220 mail.example.org ESMTP\r\n"),
    "reset": reset,
    "end at once": once(b""),
    "dripping head": drip(b"HTTP/1.1 2", b"0"),
    "dripping body": drip(OK + b"Content-Length: 1000000\r\n\r\n", b"."),
}


def resident_mb(op):
    with open(f"/proc/{op.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) // 1024


def register(human, number, url):
    wanted = {"number_id": number, "url": url, "events": EVENTS}
    return human.console.post("/console/webhooks", wanted).expect(201)["secret"]


class Hostile(Case):
    @classmethod
    def setUpClass(cls):
        cls.proxy = Raw()
        cls.addClassCleanup(cls.proxy.close)
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            os.environ[name] = cls.proxy.url()
        cls.certificates()
        cls.op, cls.carrier = cls.simulate(
            2,
            f"--set=webhook/timeout_ms={TIMEOUT_MS}",
            f"--set=webhook/ca_file={cls.path('ca.pem')}",
            *WIDE,
        )

    @classmethod
    def path(cls, name):
        return os.path.join(cls.certificate_folder, name)

    @classmethod
    def openssl(cls, *arguments, **more):
        command = ["openssl", *arguments]
        return subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE_S, **more)

    @classmethod
    def certificates(cls):
        """An authority, a certificate of its for localhost and one for another host, and one for
        localhost that nobody has signed."""
        cls.certificate_folder = cls.folder()
        for name, subject, issuer in (
            ("ca", None, None),
            ("good", "DNS:localhost,IP:127.0.0.1", "ca"),
            ("elsewhere", "DNS:elsewhere.test", "ca"),
            ("self", "DNS:localhost,IP:127.0.0.1", None),
        ):
            path = cls.path(name)
            command = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            command += ["-nodes", "-days", "2", "-subj", f"/CN={name}"]
            command += ["-keyout", f"{path}.key", "-out", f"{path}.pem"]
            if issuer:
                command += ["-CA", f"{cls.path(issuer)}.pem", "-CAkey", f"{cls.path(issuer)}.key"]
            if subject:
                command += ["-addext", f"subjectAltName={subject}"]
                command += ["-addext", "basicConstraints=critical,CA:FALSE"]
            cls.openssl(*command)

    def raw(self, manner):
        raw = Raw(manner)
        self.addCleanup(raw.close)
        return raw

    def receiver(self, certificate=None, version=None):
        """One that behaves, with TLS if it has a certificate."""
        receiver = Receiver()
        self.addCleanup(receiver.close)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{self.path(certificate)}.pem", f"{self.path(certificate)}.key")
            if version:
                context.set_ciphers("DEFAULT:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = version
            # Each handshake in its connection's own thread: one that fails ends nobody else's.
            receiver.server.socket = context.wrap_socket(
                receiver.server.socket, server_side=True, do_handshake_on_connect=False
            )
            receiver.server.handle_error = lambda *_: None
        return receiver

    def account(self, url, peer):
        """Somebody with a webhook there, to whom the peer's texts go."""
        human = Account(self.op, self.carrier)
        number = human.number()[0]
        secret = register(human, number, url)
        agent = human.mint(number)
        settled(agent, send(agent, peer, "hello")["id"])
        return secret

    def verify(self, secret, post):
        """The signature, by two implementations that are not OP's."""
        _, headers, body = post
        stamp, signature = re.fullmatch(
            r"t=(\d{10}),v1=([0-9a-f]{64})", headers["op-signature"]
        ).groups()
        signed = stamp.encode() + b"." + body
        mine = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        self.assertEqual(mine, signature)
        printed = self.openssl("dgst", "-sha256", "-hmac", secret, input=signed).stdout.decode()
        self.assertEqual(printed.split()[-1], signature)
        printed = self.openssl("dgst", "-sha256", "-hmac", secret, input=signed + b" ").stdout
        self.assertNotIn(signature, printed.decode())

    def test_each_harms_only_itself(self):
        peer = new_phone()
        trap = self.raw(once(OK + b"Content-Length: 0\r\n\r\n"))
        hostile = {name: self.raw(manner) for name, manner in MANNERS.items()}
        for status in (301, 302, 303, 307, 308):
            hostile[f"{status} to loopback"] = self.raw(redirect(status, trap.url()))
        metadata = "http://169.254.169.254/latest/meta-data/"
        hostile["metadata"] = self.raw(redirect(307, metadata))
        live = self.receiver()
        for raw in hostile.values():
            self.account(raw.url(), peer)
        secret = self.account(live.url("/live"), peer)
        before = resident_mb(self.op)

        texts = [f"text {n}" for n in range(10)]
        for count, text in enumerate(texts, 1):
            self.carrier.text(peer, SHARED, text)
            live.wait("/live", count)
        for name, raw in hostile.items():
            self.assertTrue(raw.over.wait(DEADLINE_S), f"{name}: no connection has ended")
        self.carrier.text(peer, SHARED, "after all that")
        posts = live.wait("/live", len(texts) + 1)
        ids = collections.Counter(post[1]["op-delivery-id"] for post in posts)
        self.assertEqual(set(ids.values()), {1})
        for post in posts:
            self.verify(secret, post)

        self.assertEqual(trap.connections, 0, "a redirect was followed")
        self.assertEqual(self.proxy.connections, 0, "a proxy was asked")
        self.assertIsNone(self.op.process.poll())
        # The sanitizers keep what was freed; what an endless answer would add knows no bound.
        self.assertLess(resident_mb(self.op) - before, 400)
        self.op.client().get("/healthz").expect(200)

    def test_tls_is_verified(self):
        peer = new_phone()
        old = self.receiver("good", ssl.TLSVersion.TLSv1_1)
        refused = {
            "signed by nobody": self.receiver("self"),
            "for another host": self.receiver("elsewhere"),
            "TLS 1.1": old,
        }
        # It does speak TLS 1.1 with whoever wants that.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.path("ca.pem"))
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        plain = socket.create_connection(("127.0.0.1", old.server.server_port), DEADLINE_S)
        with context.wrap_socket(plain, server_hostname="localhost") as spoken:
            self.assertEqual(spoken.version(), "TLSv1.1")

        good = self.receiver("good")
        for receiver in refused.values():
            self.account(receiver.url("/x").replace("http://127.0.0.1", "https://localhost"), peer)
        secrets = {}
        for host in ("localhost", "127.0.0.1"):
            url = good.url(f"/{host}").replace("http://127.0.0.1", f"https://{host}")
            secrets[host] = self.account(url, peer)
        self.carrier.text(peer, SHARED, "confidential")
        for host, secret in secrets.items():
            (post,) = good.wait(f"/{host}")
            self.verify(secret, post)
        for error in ("self-signed certificate", "no alternative certificate subject name", "tlsv1"):
            eventually(lambda: error in self.op.stderr(), f"a word about: {error}")
        for name, receiver in refused.items():
            self.assertEqual(receiver.posts, [], name)
        self.assertEqual(self.proxy.connections, 0, "a proxy was asked")


if __name__ == "__main__":
    main()
