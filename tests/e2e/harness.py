"""harness.py - what the end-to-end tests share: the programs, a client, a receiver of webhooks

A test is run as  python3 -B tests/e2e/test_X.py OPD OPSIM [options of unittest].

Nothing here sleeps so that time passes. What takes time is asked for again and again (eventually)
or waited for (Receiver.wait); the deadline is far away and met only when something is broken. Ports
and folders are each test's own, so tests run beside each other. Call Opd and Opsim from the main
thread: the programs end with the thread that has started them.

With OP_JOURNAL=DIR every exchange of a Client is written to DIR, one JSON object a line: see
Journal. tests/contract/validate.mjs holds what is there against the OpenAPI document.
"""

import atexit
import base64
import collections
import ctypes
import datetime
import http.client
import http.server
import itertools
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

DEADLINE_S = 60  # how long anything may take; builds with sanitizers are slow
REST_MIN_S, REST_MAX_S = 0.001, 0.05  # between two looks at what is waited for
SHARED = "+16176088932"  # the simulated carrier's first number
SECOND = "+16176088933"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MESSAGE_ID = re.compile("msg_" + UUID.pattern)
EVENT_ID = re.compile("evt_" + UUID.pattern)
TIME = re.compile(r"20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\dZ")
KEY = re.compile(r"op_live_[A-Za-z0-9]{32}")
SESSION = re.compile(r"ses_live_[A-Za-z0-9]{32}")

# Everything that a test may use up, out of its way.
WIDE = [
    f"--set=limits/{name}=1000000"
    for name in (
        "start_phone_30s start_phone_hour start_phone_day start_address_hour console_minute "
        "send_second send_minute read_minute address_minute day_free day_paid wrong_codes_day"
    ).split()
]

_programs = {}  # the paths of opd and opsim, by name
_logs = []  # of the programs that the running test uses, newest last
_libc = ctypes.CDLL(None)
_phones = itertools.count(4155550000)


def program(name):
    """The path of opd or opsim."""
    return _programs[name]


def new_phone():
    """A phone that no other test of this run has used."""
    return f"+1{next(_phones)}"


def eventually(probe, what, deadline_s=DEADLINE_S):
    """Calls probe until it answers something true, which is returned.

    It rests between two calls, longer and longer. Two processes that ask and answer without a pause
    can keep the scheduler from others that are ready to run, for many seconds where all processors
    are busy; among those is the one whose work is waited for."""
    end = time.monotonic() + deadline_s
    rest_s = REST_MIN_S
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}; last answer: {found!r}")
        time.sleep(rest_s)
        rest_s = min(2 * rest_s, REST_MAX_S)


class Maybe:
    """A member of an object that may be absent, of that shape where it is there."""

    def __init__(self, wanted):
        self.wanted = wanted


def shape(value, wanted, where="answer"):
    """Asserts that a JSON value looks as wanted: a dict has exactly these members in this order, a
    list these items, a tuple of one describes every item of a list, a regular expression the whole
    string, a type its values, anything else itself. Returns the value."""
    if isinstance(wanted, dict):
        assert isinstance(value, dict), f"{where}: {value!r} is no object"
        wanted = {n: w for n, w in wanted.items() if n in value or not isinstance(w, Maybe)}
        assert list(value) == list(wanted), f"{where}: {list(value)} instead of {list(wanted)}"
        for name, item in wanted.items():
            item = item.wanted if isinstance(item, Maybe) else item
            shape(value[name], item, f"{where}.{name}")
    elif isinstance(wanted, (list, tuple)):
        assert isinstance(value, list), f"{where}: {value!r} is no list"
        items = wanted * len(value) if isinstance(wanted, tuple) else wanted
        assert len(value) == len(items), f"{where}: {value!r} has not {len(items)} items"
        for index, item in enumerate(value):
            shape(item, items[index], f"{where}[{index}]")
    elif isinstance(wanted, re.Pattern):
        assert isinstance(value, str) and wanted.fullmatch(value), f"{where}: {value!r}"
    elif isinstance(wanted, type):
        assert type(value) is wanted, f"{where}: {value!r} is no {wanted.__name__}"
    else:
        assert value == wanted and type(value) is type(wanted), f"{where}: {value!r} != {wanted!r}"
    return value


def seconds(instant):
    """An instant of the API as Unix seconds."""
    return int(datetime.datetime.fromisoformat(instant).timestamp())


class Journal:
    """What was asked and answered, for whoever wants to judge it later.

    A line has method, path, query, request_headers, request, status, headers and body. Headers are
    lists of [name, value]; a body is text, or {"base64"} of bytes that are no UTF-8, or null. What
    goes to the simulated carrier (/sim) is no part of the API and left out."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
        path = os.path.join(folder, f"{name}-{os.getpid()}.jsonl")
        self.file = open(path, "w", encoding="utf-8")
        self.lock = threading.Lock()
        atexit.register(self.file.close)

    @staticmethod
    def text(body):
        if body is None:
            return None
        try:
            return body.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(body).decode()}

    def write(self, method, target, fields, body, answer):
        path, _, query = target.partition("?")
        if path.startswith("/sim/"):
            return
        line = {
            "method": method,
            "path": path,
            "query": query,
            "request_headers": list(map(list, fields.items())),
            "request": self.text(body),
            "status": answer.status,
            "headers": list(map(list, answer.headers.items())),
            "body": self.text(answer.body),
        }
        with self.lock:
            self.file.write(json.dumps(line) + "\n")


_journal = Journal(os.environ["OP_JOURNAL"]) if os.environ.get("OP_JOURNAL") else None


class Answer(collections.namedtuple("Answer", "status headers body")):
    """What a server has said."""

    @property
    def json(self):
        return json.loads(self.body)

    def expect(self, status, wanted=None):
        """The JSON of an answer with that status, of that shape."""
        assert self.status == status, f"{self.status} instead of {status}: {self.body!r}"
        if status == 204:
            assert self.body == b"", self.body
            return None
        return self.json if wanted is None else shape(self.json, wanted)

    def expect_error(self, status, code, field=None):
        """The one shape of errors."""
        error = {"code": code, "message": re.compile(r"\S.*\S")}
        if field:
            error["field"] = field
        self.expect(status, {"error": error})
        return self

    def check_headers(self):
        """What holds for every answer of opd, whatever was asked."""
        for name in ("Limit", "Remaining", "Reset"):
            value = self.headers.get(f"X-RateLimit-{name}", "")
            assert re.fullmatch("[0-9]+", value), f"X-RateLimit-{name}: {value!r}"
        limit, remaining = (int(self.headers[f"X-RateLimit-{n}"]) for n in ("Limit", "Remaining"))
        assert remaining < limit or self.status >= 400, f"{remaining} of {limit} remain"
        assert self.headers.get("X-Request-Id"), "there is no X-Request-Id"
        return self

    def check(self):
        """... and for those of the API."""
        self.check_headers()
        if self.status != 204:
            assert self.headers["Content-Type"] == "application/json", self.headers["Content-Type"]
            assert ("error" in self.json and len(self.json) == 1) == (self.status >= 400), self
        if self.status == 429:
            assert int(self.headers["Retry-After"]) >= 1
        return self


class Client:
    """One kept connection. Not for two threads at once. A call that gets no answer raises OSError
    or HTTPException. With `credential` (a token) every call presents it."""

    IDLE_S = 2  # then a new connection: the server closes idle ones after 5 s

    def __init__(self, address, credential=None, checked=True):
        self.address = address
        self.credential = credential
        self.checked = checked
        self.connection = http.client.HTTPConnection(address, timeout=2 * DEADLINE_S)
        self.used = 0

    def call(self, method, path, body=None, **headers):
        """body: what is sent as JSON, or bytes as they are. Headers have underscores for dashes."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.credential:
            fields.setdefault("Authorization", f"Bearer {self.credential}")
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        if time.monotonic() - self.used > self.IDLE_S:
            self.connection.close()
        try:
            self.connection.request(method, path, body, fields)
            response = self.connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        self.used = time.monotonic()
        if _journal:
            _journal.write(method, path, fields, body, answer)
        return answer.check() if self.checked else answer

    def get(self, path, **headers):
        return self.call("GET", path, **headers)

    def get_page(self, path, status=200, method="GET", **headers):
        """One of the pages, which need not be JSON: what else holds for answers is checked."""
        checked, self.checked = self.checked, False
        try:
            answer = self.call(method, path, **headers)
        finally:
            self.checked = checked
        assert answer.status == status, f"{answer.status} instead of {status}: {answer.body[:200]!r}"
        answer.check_headers()
        return answer

    def post(self, path, body=None, **headers):
        return self.call("POST", path, body, **headers)

    def patch(self, path, body=None, **headers):
        return self.call("PATCH", path, body, **headers)

    def delete(self, path, **headers):
        return self.call("DELETE", path, **headers)

    def __del__(self):
        self.connection.close()

    def pages(self, query="", limit=100):
        """All messages of a key, newest first, page by page."""
        found, cursor = [], None
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            page = self.get(f"/v1/messages?limit={limit}{query}{more}").expect(200)
            found += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


class Carrier:
    """The simulated phones, at opsim or at an opd that simulates."""

    def __init__(self, address):
        self.client = Client(address, checked=False)

    def inbox(self, phone):
        return self.client.get(f"/sim/phones/{phone}/messages").expect(200)["data"]

    def bodies(self, phone):
        return [text["body"] for text in self.inbox(phone)]

    def text(self, phone, to, body):
        self.client.post(f"/sim/phones/{phone}/messages", {"to": to, "body": body}).expect(202)

    def turn(self, modem, **knobs):
        """Turns knobs of a modem (opsim --help); what it shows of them all."""
        return self.client.call("PATCH", f"/sim/modems/{modem}", knobs).expect(200)

    def events(self, modem=None, after=0):
        """What happened on the modems, or on one, with numbers above `after`."""
        found = []
        while True:
            page = self.client.get(f"/sim/events?after={after}").expect(200)["data"]
            if not page:
                return [event for event in found if modem in (None, event["modem"])]
            found += page
            after = page[-1]["number"]

    def count(self, modem, what):
        """How often that happened on a modem."""
        return sum(event["what"] == what for event in self.events(modem))

    def code(self, phone, before=0):
        """The login code in the phone's first text behind `before` texts."""
        texts = eventually(lambda: self.inbox(phone)[before:], "the code at the phone")
        return re.search(r"\b\d{6}\b", texts[0]["body"]).group()


def die_with_parent():
    """What a child does first: it is not to outlive the test."""
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Program:
    """opd or opsim, running. Its standard error is in the file `log`."""

    READY = r"(?:OP|opsim) is ready on http://([\d.]+:\d+)\n"

    def __init__(self, name, arguments, folder, before=(), environment=None):
        """`before` is put in front of the command, `environment` is added to the test's own."""
        self.log = os.path.join(folder, f"{name}-{len(_logs)}.log")
        _logs.append(self.log)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*before, program(name), *arguments],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                preexec_fn=die_with_parent,
            )
        self.address = None

    def wait_ready(self):
        """Reads the line that says where it serves."""
        out, line, end = self.process.stdout.fileno(), b"", time.monotonic() + 2 * DEADLINE_S
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([out], [], [], max(0, end - time.monotonic()))
            piece = os.read(out, 4096) if readable else b""
            if not piece:
                self.process.kill()
                self.process.wait()  # then stop has nothing to do
                raise AssertionError(f"it does not get ready; its log:\n{self.stderr()}")
            line += piece
        found = re.fullmatch(self.READY, line.decode())
        assert found, line
        self.address = found.group(1)
        return self

    def stderr(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self, number=signal.SIGTERM, wanted=0):
        """Ends it, if it still runs, and checks how it went."""
        if self.process.returncode is not None:
            return
        self.process.send_signal(number)
        code = self.process.wait(2 * DEADLINE_S)
        self.process.stdout.close()
        assert code == wanted, f"it ended with {code}; its log:\n{self.stderr()}"

    def kill(self):
        self.stop(signal.SIGKILL, -signal.SIGKILL)


class Opd(Program):
    """opd on a free port, its data in folder/data unless the arguments say otherwise."""

    def __init__(self, folder, *arguments, data=None, under=(), environment=None):
        """under: a command that runs it, such as strace."""
        self.data = data or os.path.join(folder, "data")
        given = ["--data", self.data, "--listen", "127.0.0.1:0", *arguments]
        super().__init__("opd", given, folder, under, environment)

    def client(self, credential=None):
        return Client(self.address, credential)

    def side(self):
        """A client of /sim (with --simulate)."""
        return Client(self.address, checked=False)

    def carrier(self):
        return Carrier(self.side().address)

    def clock(self, advance_s=None):
        """The server's time in seconds, after that many more have passed (with --simulate)."""
        side, wanted = self.side(), {"advance_s": advance_s}
        answer = side.get("/sim/clock") if advance_s is None else side.post("/sim/clock", wanted)
        return seconds(answer.expect(200, {"now": TIME, "ahead_s": int})["now"])


    def stored(self):
        """What it has written to the disk."""
        return stored(self.data)


def stored(data):
    found = b""
    for name in os.listdir(data):
        if os.path.isfile(os.path.join(data, name)):
            with open(os.path.join(data, name), "rb") as file:
                found += file.read()
    return found


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


class Opsim(Program):
    """A carrier of its own; its ttys are folder/pty/modem0 and so on."""

    def __init__(self, folder, modems, *arguments):
        self.ptys = os.path.join(folder, "pty")
        given = ["--modems", str(modems), "--pty-dir", self.ptys, "--listen", "127.0.0.1:0"]
        super().__init__("opsim", [*given, *arguments], folder)

    def tty(self, index):
        return os.path.join(self.ptys, f"modem{index}")


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
    or what `answer` says."""

    def __init__(self):
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
                self.send_header("Content-Length", "0")
                self.end_headers()

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
            for log in _logs[-3:]:
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
    _programs["opd"], _programs["opsim"] = (os.path.abspath(path) for path in sys.argv[1:3])
    more = 3  # further programs that a test needs
    while len(sys.argv) > more and os.path.isfile(sys.argv[more]):
        path = os.path.abspath(sys.argv[more])
        _programs[os.path.basename(path).split(".")[0]] = path
        more += 1
    if os.environ.get("OP_HOSTS"):
        import hosts

        if hosts.why_not():
            print(f"skipped: {hosts.why_not()}")
            sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[more:], verbosity=2)
