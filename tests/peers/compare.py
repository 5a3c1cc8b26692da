"""compare.py - what becomes of texts when the network, the process or a modem's memory fails

Runs OP and each peer on a modem of its own, all at once, through the cases of tests/MODEMS.md, and prints
the rows. About six minutes, nearly all of it waiting:

    tests/peers/compare.sh [Op GammuSmsd Smstools Kannel]
"""

import os
import signal
import sys
import tempfile
import threading
import time

import peers
from harness import Carrier, Opsim, eventually, use

PEERS = (peers.Op, peers.GammuSmsd, peers.Smstools, peers.Kannel)
SLOW_MS = 75000  # TS 24.011 lets a network take 45 s, makers of modems allow for 120 and 180
PATIENCE_S = 330  # so long a text is looked after
AFTER_KILL_S = 90
FORMS = ("surplus", "truncated", "erased", "not_hex")


def wait(seconds):
    time.sleep(seconds)  # here time itself is what is measured


class Case:
    """A peer on a new carrier."""

    def __init__(self, kind):
        self.home = tempfile.mkdtemp(prefix="op-compare-")
        self.sim = Opsim(self.home, 1).wait_ready()
        self.carrier = Carrier(self.sim.address)
        self.line = self.carrier.client.get("/sim/modems").json["data"][0]["number"]
        self.peer = kind(os.path.join(self.home, "peer"), self.sim.tty(0))
        self.peer.carrier = self.carrier
        self.peer.start()
        self.before = self.count("accepted")

    def count(self, what):
        return self.carrier.count(self.line, what)

    def submitted(self):
        return self.count("accepted") - self.before

    def send(self):
        """One text, which the peer has given to the modem when this returns."""
        self.peer.send(peers.PHONE, "one text")
        eventually(lambda: self.submitted() > 0, "the submission", 120)

    def submissions(self):
        """How many there were; the case is over."""
        found = f"{self.submitted()} submissions"
        if isinstance(self.peer, peers.Op):
            found += f", {', '.join(self.peer.ends())}"
        self.end()
        return found

    def end(self):
        self.peer.kill()
        self.sim.kill()


def slow(kind):
    case = Case(kind)
    case.carrier.turn(case.line, submit_delay_ms=SLOW_MS)
    case.send()
    wait(PATIENCE_S)
    return case.submissions()


def killed(kind):
    case = Case(kind)
    case.carrier.turn(case.line, submit_delay_ms=10000)
    case.send()
    case.peer.kill()
    case.carrier.turn(case.line, submit_delay_ms=0)
    case.peer.start()
    wait(AFTER_KILL_S)
    return case.submissions()


def malformed(kind, form):
    case = Case(kind)
    case.carrier.turn(case.line, malformed_next=1, malformed_form=form)
    for body in ("the first", "the second", "the third"):
        case.carrier.text(peers.PHONE, case.line, body)
    wait(60)
    read = case.peer.received()
    behind = sum(body in read for body in ("the second", "the third"))
    stored = case.count("stored") - case.count("deleted")
    case.end()
    mark = "too" if "the first" in read else "not"
    return f"{behind} of 2 (the malformed one {mark}; {stored} stay in the modem)"


def deleted(kind):
    """kill -9 once the modem has deleted a text, before it has said so."""
    case = Case(kind)
    case.carrier.turn(case.line, command_delay_ms=1500)
    case.carrier.text(peers.PHONE, case.line, "the text")
    eventually(lambda: case.count("deleted") > 0, "the deletion", 120)
    case.peer.kill()
    case.carrier.turn(case.line, command_delay_ms=0)
    case.peer.start()
    wait(30)
    read = case.peer.received().count("the text")
    case.end()
    return f"{read} of 1 text is there"


def main():
    use(opd=sys.argv[1], opsim=sys.argv[2])
    jobs = {}
    for kind in PEERS:
        if sys.argv[3:] and kind.__name__ not in sys.argv[3:]:
            continue
        if kind.missing():
            print(f"{kind.__name__}: not installed")
            continue
        jobs[kind, "slow"] = (slow, kind)
        jobs[kind, "killed"] = (killed, kind)
        jobs[kind, "deleted"] = (deleted, kind)
        for form in FORMS:
            jobs[kind, form] = (malformed, kind, form)
    found = {}

    def run(job, work, *arguments):
        try:
            found[job] = work(*arguments)
        except Exception as error:
            found[job] = f"not measured: {error!r}"[:200]

    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    threads = [threading.Thread(target=run, args=(job, *work)) for job, work in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (kind, case), result in found.items():
        print(f"| {kind.version()} | {case} | {result} |", flush=True)


if __name__ == "__main__":
    main()
