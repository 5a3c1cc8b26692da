"""api.py - the HTTP API as a client sees it: the shapes of answers, and what asks and checks

With OP_JOURNAL=DIR every exchange of a Client is written to DIR, one JSON object a line: see
Journal. tests/contract/validate.mjs holds what is there against the OpenAPI document.
"""

import atexit
import base64
import collections
import datetime
import http.client
import json
import os
import re
import select
import sys
import threading
import time

from waiting import DEADLINE_S

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
MESSAGE_ID = re.compile("msg_" + UUID.pattern)
EVENT_ID = re.compile("evt_" + UUID.pattern)
TIME = re.compile(r"20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\dZ")
KEY = re.compile(r"op_live_[A-Za-z0-9]{32}")
SESSION = re.compile(r"ses_live_[A-Za-z0-9]{32}")


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
        if time.monotonic() - self.used > self.IDLE_S or self.has_ended():
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

    def has_ended(self):
        """Has the server closed the kept connection? Nothing else makes it readable."""
        kept = self.connection.sock
        return kept is not None and bool(select.select([kept], [], [], 0)[0])

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
