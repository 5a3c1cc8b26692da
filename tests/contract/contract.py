"""contract.py - what the tests of the HTTP contract share, on top of the end-to-end harness

Each file asks one area of the contract of a real opd, sentence by sentence; CONTRACT.md maps the
sentences to their tests. One opd serves a file: tests take phones, accounts and numbers of their
own. Time passes by Opd.clock, never by waiting.

With OP_HOSTS=1 the same tests ask an OP that is spread over three hosts (../e2e/hosts.py).
"""

import collections
import hashlib
import hmac
import http.server
import itertools
import json
import os
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import harness
from harness import *

NOBODY = "0193b3a0-0000-7000-8000-000000000000"  # an id that nothing has
DEAD = "+16175550199"  # a number whose modem is not there: what it is to send waits
MINUTE, HOUR, DAY = 60, 3600, 86400
WEBHOOKS = "/console/webhooks"
EVENTS = ["message.received", "message.sent", "message.failed"]
SECRET = re.compile(r"whs_[A-Za-z0-9]{32}")
NUMBER = {"id": UUID, "e164": re.compile(r"\+1\d{10}"), "region": "US", "shared": bool}
LEASED = {**NUMBER, "shared": False, "leased_at": TIME}
KEY_MADE = {"id": UUID, "key": KEY, "key_prefix": str, "name": str, "created_at": TIME}
KEY_LISTED = {"id": UUID, "number_id": UUID, "key_prefix": str, "name": str, "created_at": TIME}


class Contract(Case):
    """Tests against one simulating opd with wide limits, and one number more whose line is dead."""

    MODEMS = 12
    ARGUMENTS = tuple(WIDE)

    @classmethod
    def setUpClass(cls):
        cls.op, cls.carrier = cls.simulate(
            cls.MODEMS, f"--modem=/nonexistent/tty={DEAD}", *cls.ARGUMENTS
        )
        cls.client = cls.op.client()

    def human(self, phone=None):
        return Account(self.op, self.carrier, phone)

    def start(self, phone):
        return self.client.post("/auth/start", {"phone": phone})

    def verify(self, verification, code):
        wanted = {"verification_id": verification, "code": code}
        return self.client.post("/auth/verify", wanted)

    def texted(self, phone=None):
        """A started verification: phone, id and code."""
        phone = phone or new_phone()
        before = len(self.carrier.inbox(phone))
        verification = self.start(phone).expect(200)["verification_id"]
        return phone, verification, self.carrier.code(phone, before)

    def lease(self, human, e164=None):
        """Leases that number, or any; it goes back when the test ends. Its id and E.164."""
        numbers = human.console.get("/console/numbers/available").expect(200)["numbers"]
        found = next(
            number
            for number in numbers
            if (number["e164"] == e164 if e164 else number["e164"] not in (SHARED, DEAD))
        )
        path = f"/console/numbers/{found['id']}"
        human.console.post(f"{path}/lease").expect(200)
        self.addCleanup(lambda: human.console.post(f"{path}/release"))
        return found["id"], found["e164"]

    def agent(self, human=None):
        """A client with a key for the shared number."""
        human = human or self.human()
        return human.mint(human.number()[0])


def refused(answer, status, code):
    """As expect_error, whatever member it blames."""
    assert answer.status == status, answer
    return answer.expect_error(status, code, answer.json["error"].get("field"))


def wrong(code, by=1):
    return f"{(int(code) + by) % 1000000:06}"


def outbound(to, from_, body, **differs):
    """The shape of an outbound message."""
    view = {
        "id": MESSAGE_ID,
        "status": "queued",
        "direction": "outbound",
        "to": to,
        "from": from_,
        "body": body,
        "created_at": TIME,
        "sent_at": None,
        "error": None,
        "delivered_at": harness.Maybe(TIME),  # as soon as the carrier says so
    }
    return {**view, **differs}


Post = collections.namedtuple("Post", "path headers body")


class Server:
    """An agent's server for webhooks. What it answers is said per path: say(path, status, ...) is
    for the next posts there, one each; then, and elsewhere, 200."""

    def __init__(self):
        self.posts = []
        self.sayings = collections.defaultdict(collections.deque)
        self.changed = threading.Condition()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with owner.changed:  # before the answer, so that who has heard of it finds the post
                    owner.posts.append(Post(self.path, self.headers, body))
                    owner.changed.notify_all()
                    queue = owner.sayings[self.path]
                    status, headers = queue.popleft() if queue else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = where_webhooks_come_from(
            lambda: http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        )
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def say(self, path, *statuses, **headers):
        """Headers have underscores for dashes."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.changed:
            self.sayings[path].extend((status, fields) for status in statuses)

    def at(self, path):
        with self.changed:
            return [post for post in self.posts if post.path == path]

    def wait(self, path, count=1):
        """The posts to that path, once there are so many."""

        def found():
            return [post for post in self.posts if post.path == path]

        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, DEADLINE_S), (
                f"{path}: {len(found())} posts instead of {count}"
            )
            return found()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def signed(secret, post, now=None):
    """What an agent's server does with op-signature before it believes a post."""
    parts = dict(part.split("=", 1) for part in post.headers["op-signature"].split(","))
    if now is not None and abs(now - int(parts["t"])) > 300:
        return False
    wanted = hmac.new(secret.encode(), f"{parts['t']}.".encode() + post.body, hashlib.sha256)
    return hmac.compare_digest(parts["v1"], wanted.hexdigest())


class Hooked(Contract):
    """Each test has a human with a leased number, an agent, and paths of a server of its own."""

    witnesses = itertools.count()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.someone = self.human()
        self.number, self.e164 = self.lease(self.someone)
        self.agent = self.someone.mint(self.number)
        self.path = "/" + self.id().rpartition(".")[2]

    def register(self, human=None, number=None, path=None, **differs):
        wanted = {
            "number_id": number or self.number,
            "url": self.server.url(path or self.path),
            "events": EVENTS,
            **differs,
        }
        return (human or self.someone).console.post(WEBHOOKS, wanted)

    def hook(self, **differs):
        return self.register(**differs).expect(201)

    def text(self, body="hello"):
        """An inbound text, and the message it became."""
        before = len(self.agent.pages("&direction=inbound"))
        self.carrier.text(self.someone.phone, self.e164, body)
        return received(self.agent, before + 1)[0]

    def heard(self):
        """Waits until the webhooks have heard of all that has happened so far: a message can be
        listed before they have, but they hear of everything in its order."""
        witness, path = self.human(), f"/witness{next(self.witnesses)}"
        number, _ = witness.number()
        self.register(human=witness, number=number, path=path, events=["message.sent"]).expect(201)
        send(witness.mint(number), witness.phone, "until here")
        self.server.wait(path)

    def console(self, method, made, rest="", body=None):
        return self.someone.console.call(method, f"{WEBHOOKS}/{made['id']}{rest}", body)


main = harness.main
