"""harness.py - what the end-to-end tests share: the programs, a client, a receiver of webhooks

A test is run as  python3 -B tests/e2e/test_X.py OPD OPSIM [options of unittest].

Nothing here sleeps so that time passes. What takes time is asked for again and again (waiting.py)
or waited for (Receiver.wait); the deadline is far away and met only when something is broken. Ports
and folders are each test's own, so tests run beside each other. The programs are started by
programs.py, the API is spoken by api.py.
"""

import http.server
import itertools
import os
import sys
import tempfile
import threading
import unittest

from api import (
    EVENT_ID,
    KEY,
    MESSAGE_ID,
    SESSION,
    TIME,
    UUID,
    Answer,
    Client,
    Maybe,
    seconds,
    shape,
)
from programs import Carrier, Opd, Opsim, Program, die_with_parent, logs, program, stored, use
from waiting import DEADLINE_S, eventually

# The tests' vocabulary: what "from harness import *" brings.
__all__ = """
    DEADLINE_S EVENT_ID KEY MESSAGE_ID SECOND SESSION SHARED TIME UUID WIDE
    Account Answer Carrier Case Client Maybe Opd Opsim Program Receiver
    die_with_parent eventually launch main new_phone program received seconds send settled shape stored use
    where_webhooks_come_from
""".split()

SHARED = "+16176088932"  # the simulated carrier's first number
SECOND = "+16176088933"

# Everything that a test may use up, out of its way.
WIDE = [
    f"--set=limits/{name}=1000000"
    for name in (
        "start_phone_30s start_phone_hour start_phone_day start_address_hour console_minute "
        "send_second send_minute read_minute address_minute day_free day_paid wrong_codes_day"
    ).split()
]

_phones = itertools.count(4155550000)


def new_phone():
    """A phone that no other test of this run has used."""
    return f"+1{next(_phones)}"


def launch(folder, *arguments):
    """OP with its data in the folder: Opd or, with OP_HOSTS=1, the same over three hosts (hosts.py)."""
    if not os.environ.get("OP_HOSTS"):
        return Opd(folder, *arguments)
    import hosts

    return hosts.Spread(folder, *arguments)


def where_webhooks_come_from(make):
    """What make() returns; a socket that it binds to loopback is reached by the webhooks of an OP."""
    if not os.environ.get("OP_HOSTS"):
        return make()
    import hosts

    return hosts.at("core", make)


class Account:
    """A signed-up human: `console` is the client of the session."""

    def __init__(self, op, carrier, phone=None):
        self.op = op
        self.phone = phone or new_phone()
        client = op.client()
        before = len(carrier.inbox(self.phone))
        started = client.post("/auth/start", {"phone": self.phone}).expect(200)
        code = carrier.code(self.phone, before)
        verified = client.post(
            "/auth/verify", {"verification_id": started["verification_id"], "code": code}
        )
        self.opened = verified.expect(200)
        self.token = self.opened["session_token"]
        self.console = op.client(self.token)

    def number(self, shared=True):
        """The id and E.164 of a number that can be used."""
        numbers = self.console.get("/console/numbers/available").expect(200)["numbers"]
        found = next(number for number in numbers if number["shared"] == shared)
        return found["id"], found["e164"]

    def lease(self):
        number, e164 = self.number(shared=False)
        self.console.post(f"/console/numbers/{number}/lease").expect(200)
        return number, e164

    def mint(self, number):
        """A client with a new key for the number."""
        made = self.console.post("/console/api-keys", {"number_id": number, "name": "agent"})
        return self.op.client(made.expect(201)["key"])


def send(agent, to, body):
    return agent.post("/v1/messages", {"to": to, "body": body}).expect(201)


def settled(agent, message_id):
    """The message, once it is sent or failed, as it then is: a status report may come at any time."""

    def probe():
        message = agent.get(f"/v1/messages/{message_id}").expect(200)
        message.pop("delivered_at", None)
        return message if message["status"] in ("sent", "failed") else None

    return eventually(probe, "a text's end")


def received(agent, count=1):
    """The inbound messages, newest first, once there are that many."""

    def probe():
        page = agent.get("/v1/messages?direction=inbound&limit=100").expect(200)["data"]
        return page if len(page) >= count else None

    return eventually(probe, f"{count} inbound texts")


class Receiver:
    """An agent's server for webhooks: keeps (path, headers, body) of each post, answers 200,
    or what `answer` says. `echo`: it repeats the end of what was posted."""

    def __init__(self, echo=False):
        self.posts = []
        self.statuses = {}
        self.changed = threading.Condition()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = owner.statuses.get(self.path, 200)
                with owner.changed:  # before the answer, which the next post may be quick to follow
                    owner.posts.append((self.path, self.headers, body))
                    owner.changed.notify_all()
                self.send_response(status)
                said = body[-200:] if echo else b""
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, status):
        self.statuses[path] = status

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def wait(self, path, count=1):
        """The first posts to that path, once there are so many."""

        def found():
            return [post for post in self.posts if post[0] == path]

        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, DEADLINE_S), (
                f"{path}: {len(found())} posts instead of {count}"
            )
            return found()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Case(unittest.TestCase):
    """A test case that shows the programs' logs when it fails."""

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            for log in logs[-3:]:
                if os.path.exists(log):
                    with open(log, encoding="utf-8", errors="replace") as text:
                        print(f"--- {log}\n{text.read()[-8000:]}", file=sys.stderr)

    @classmethod
    def folder(cls):
        """A folder that goes with the class."""
        folder = tempfile.TemporaryDirectory(prefix="op-e2e-")
        cls.addClassCleanup(folder.cleanup)
        return folder.name

    @classmethod
    def simulate(cls, modems, *arguments):
        """OP with a simulated carrier inside, and its phones."""
        op = launch(cls.folder(), f"--simulate={modems}", *arguments)
        cls.addClassCleanup(op.stop)
        op.wait_ready()
        return op, op.carrier()


def main():
    use(opd=sys.argv[1], opsim=sys.argv[2])
    more = 3  # further programs that a test needs
    while len(sys.argv) > more and os.path.isfile(sys.argv[more]):
        use(**{os.path.basename(sys.argv[more]).split(".")[0]: sys.argv[more]})
        more += 1
    if os.environ.get("OP_HOSTS"):
        import hosts

        if hosts.why_not():
            print(f"skipped: {hosts.why_not()}")
            sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[more:], verbosity=2)
