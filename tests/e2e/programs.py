"""programs.py - opd and opsim, running, and the simulated phones

Call Opd and Opsim from the main thread: the programs end with the thread that has started them.
"""

import ctypes
import os
import re
import select
import signal
import subprocess
import time

from api import TIME, Client, seconds
from waiting import DEADLINE_S, eventually

logs = []  # of the programs that the running test uses, newest last
_programs = {}  # their paths, by name
_libc = ctypes.CDLL(None)


def use(**paths):
    """From now on these are the programs of these names."""
    _programs.update((name, os.path.abspath(path)) for name, path in paths.items())


def program(name):
    """The path of opd or opsim."""
    return _programs[name]


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
        self.log = os.path.join(folder, f"{name}-{len(logs)}.log")
        logs.append(self.log)
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


class Opsim(Program):
    """A carrier of its own; its ttys are folder/pty/modem0 and so on."""

    def __init__(self, folder, modems, *arguments):
        self.ptys = os.path.join(folder, "pty")
        given = ["--modems", str(modems), "--pty-dir", self.ptys, "--listen", "127.0.0.1:0"]
        super().__init__("opsim", [*given, *arguments], folder)

    def tty(self, index):
        return os.path.join(self.ptys, f"modem{index}")
