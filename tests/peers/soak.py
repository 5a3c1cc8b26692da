"""soak.py - thousands of texts both ways while everything goes wrong

    python3 -B tests/peers/soak.py OPD OPSIM [--modems N] [--texts N] [--faults N]

On each of N modems a sender and a phone talk at the same time, and before each of their texts that its turn
comes to, one fault of the list below befalls the modem. When all has been said, the faults end and the lines
must be healthy by themselves: each sends and receives one more text. Then every text is looked for:

  - sent: at its phone, once
  - failed: for a reason that is true of it: unknown_outcome allows it to have arrived, once; no other
  - inbound: listed once

Texts are --texts each way, over all modems; --faults is how many befall each modem. The seed is printed;
OP_SEED repeats the order of the faults. Ends with 0 when all holds, and says how much of what there was.
"""

import argparse
import collections
import os
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

from harness import (  # noqa: E402
    SHARED,
    WIDE,
    Account,
    Carrier,
    Opd,
    Opsim,
    _programs,
    eventually,
    new_phone,
    send,
    settled,
)

WINDOW = 20  # texts of a line that may be under way
PATIENCE_S = 25 * 60  # a text is tried for 18 minutes
BODIES = ("text {}", "Nachricht für {}: 你好 😀", "{} " + "long " * 60)

# What befalls a modem, and what ends it, if it does not end by itself: knobs, or the last word of a path.
FAULTS = [
    ({"cms_error_next": 1, "cms_error_code": 38}, None),  # the network is out of order
    ({"cms_error_next": 1, "cms_error_code": 332}, None),  # the network's answer is missing
    ({"cms_error_next": 1, "cms_error_code": 30}, None),  # unknown subscriber
    ({"cme_error_next": 1, "cme_error_code": 14}, None),  # SIM busy
    ({"no_answer_next": 1}, None),
    ({"double_answer_next": 2}, None),
    ({"submit_reset_next": 1}, None),
    ({"submit_delay_ms": 300}, {"submit_delay_ms": 0}),
    ({"submit_delay_ms": 3500}, {"submit_delay_ms": 0}),  # longer than opd waits
    ({"command_lost_next": 1}, None),
    ({"command_error_next": 1}, None),
    ({"command_delay_ms": 30}, {"command_delay_ms": 0}),
    ({"prompt_lost_next": 1}, None),
    ({"prompt_form": "no_space"}, {"prompt_form": "standard"}),
    ({"prompt_form": "own_line"}, {"prompt_form": "standard"}),
    ({"noise_command": True, "noise_prompt": True}, {"noise_command": False, "noise_prompt": False}),
    ({"noise_list": True, "noise_every_ms": 20}, {"noise_list": False, "noise_every_ms": 0}),
    ({"echo": "always"}, {"echo": "told"}),
    ({"hang": True}, {"hang": False}),
    ({"notice_lost_next": 3}, None),
    ({"notice_double_next": 3}, None),
    ({"notice_at_prompt": True}, {"notice_at_prompt": False}),
    ({"deliver_double_next": 3}, None),
    ({"malformed_next": 2, "malformed_form": "surplus"}, None),
    ({"sm_slots": 2}, {"sm_slots": 50}),
    ({"slot_order": "next", "list_order": "down"}, {"slot_order": "lowest", "list_order": "up"}),
    ({"empty_slot": "ok"}, {"empty_slot": "cms_error"}),
    ({"registration": "searching"}, {"registration": "home"}),
    ({"radio_off": True}, {"radio_off": False}),
    ("reset", None),
    ("unplug", "plug"),
]


class Line(threading.Thread):
    """One modem: what is said over it, and what befalls it."""

    def __init__(self, soak, index, number, faults):
        super().__init__(daemon=True)
        self.soak, self.number = soak, number
        self.carrier = Carrier(soak.sim.address)
        self.human = Account(soak.op, self.carrier)
        self.agent = self.human.mint(
            self.human.number()[0] if number == SHARED else self.lease(number)
        )
        self.phone, self.sent, self.texted, self.error = new_phone(), {}, [], None
        chance = random.Random(f"{soak.seed} {index}")
        self.faults = [chance.choice(FAULTS) for _ in range(faults)]
        if faults >= len(FAULTS):
            self.faults[: len(FAULTS)] = chance.sample(FAULTS, len(FAULTS))
        self.undo = None
        settled(self.agent, send(self.agent, self.phone, "hello")["id"])

    def lease(self, number):
        numbers = self.human.console.get("/console/numbers/available").expect(200)["numbers"]
        wanted = next(each["id"] for each in numbers if each["e164"] == number)
        self.human.console.post(f"/console/numbers/{wanted}/lease").expect(200)
        return wanted

    def befall(self, what):
        if isinstance(what, dict):
            self.carrier.turn(self.number, **what)
        elif what:
            self.carrier.client.post(f"/sim/modems/{self.number}/{what}").expect(200)

    def next_fault(self):
        """Ends the last fault and begins the next one."""
        self.befall(self.undo)
        self.undo = None
        if self.faults:
            what, self.undo = self.faults.pop()
            self.befall(what)

    def under_way(self):
        newest = self.agent.get("/v1/messages?direction=outbound&limit=100").expect(200)["data"]
        return sum(message["status"] in ("queued", "sending") for message in newest)

    def run(self):
        try:
            texts = self.soak.texts
            every = max(1, texts // (len(self.faults) + 1))
            for n in range(texts):
                if n % every == every - 1:
                    self.next_fault()
                body = BODIES[n % len(BODIES)]
                self.carrier.text(self.phone, self.number, body.format(f"in {self.number} {n}"))
                self.texted.append(body.format(f"in {self.number} {n}"))
                body = body.format(f"out {self.number} {n}")
                self.sent[send(self.agent, self.phone, body)["id"]] = body
                if n % WINDOW == WINDOW - 1:  # a hung modem shall be seen, not waited for
                    end = time.monotonic() + 3
                    while self.under_way() > WINDOW and time.monotonic() < end:
                        pass
            while self.faults or self.undo:
                self.next_fault()
            self.befall({knob: value for undo in FAULTS if isinstance(undo[1], dict)
                         for knob, value in undo[1].items()})
            self.come_to_rest()
        except Exception as error:
            self.error = error

    def come_to_rest(self):
        def ended():
            sent = self.agent.pages("&direction=outbound")
            return all(message["status"] in ("sent", "failed") for message in sent)

        def listed():
            return [message["body"] for message in self.agent.pages("&direction=inbound")]

        last = settled(self.agent, send(self.agent, self.phone, "last")["id"])
        assert last["status"] == "sent", f"{self.number} is not healthy: {last['error']}"
        self.carrier.text(self.phone, self.number, "last")
        eventually(lambda: "last" in listed(), f"{self.number} is healthy")
        eventually(lambda: len(listed()) > len(self.texted), f"{self.number}: all that came in")
        eventually(ended, f"{self.number}: all texts end", PATIENCE_S)

    def judge(self, count):
        """What became of the texts, counted; and a list of what must not be."""
        wrong = []
        arrived = collections.Counter(self.carrier.bodies(self.phone))
        listed = {m["id"]: m for m in self.agent.pages("&direction=outbound")}
        for message_id, body in self.sent.items():
            message, times = listed[message_id], arrived[body]
            end = (message["error"] or {}).get("code") or message["status"]
            count[f"out: {end}"] += 1
            allowed = {"sent": (1,), "unknown_outcome": (0, 1)}.get(end, (0,))
            if times not in allowed or message["status"] not in ("sent", "failed"):
                wrong.append(f"{self.number}: {body[:30]!r} is {end} and arrived {times} times")
        found = collections.Counter(m["body"] for m in self.agent.pages("&direction=inbound"))
        for body in self.texted:
            count["in: listed"] += found[body]
            if found[body] != 1:
                wrong.append(f"{self.number}: {body[:30]!r} is listed {found[body]} times")
        return wrong


class Soak:
    def __init__(self, arguments, home):
        self.seed = int(os.environ.get("OP_SEED", random.SystemRandom().randrange(2**32)))
        print(f"OP_SEED={self.seed}", flush=True)
        self.texts = arguments.texts // arguments.modems
        self.sim = Opsim(home, arguments.modems).wait_ready()
        modems = Carrier(self.sim.address).client.get("/sim/modems").json["data"]
        lines = [
            f"--modem={self.sim.tty(i)}={modem['number']}{',shared' if i == 0 else ''}"
            for i, modem in enumerate(modems)
        ]
        # Short, so that faults show: the network's time, and how often a SIM is looked through.
        times = ("--set=modem/send_timeout_s=2", "--set=modem/sweep_s=5")
        self.op = Opd(home, *lines, *WIDE, *times).wait_ready()
        self.lines = [
            Line(self, index, modem["number"], arguments.faults)
            for index, modem in enumerate(modems)
        ]

    def run(self):
        began = time.monotonic()
        for line in self.lines:
            line.start()
        for line in self.lines:
            line.join()
        count, wrong = collections.Counter(), []
        for line in self.lines:
            wrong += [f"{line.number}: {line.error!r}"] if line.error else []
            wrong += line.judge(count)
        for what, times in sorted(count.items()):
            print(f"{what}: {times}")
        print(f"{len(self.lines)} modems, {time.monotonic() - began:.0f} s, {len(wrong)} wrong")
        print("\n".join(wrong[:50]), flush=True)
        return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("opd")
    parser.add_argument("opsim")
    parser.add_argument("--modems", type=int, default=16)
    parser.add_argument("--texts", type=int, default=10000)
    parser.add_argument("--faults", type=int, default=2 * len(FAULTS))
    arguments = parser.parse_args()
    _programs.update(opd=os.path.abspath(arguments.opd), opsim=os.path.abspath(arguments.opsim))
    with tempfile.TemporaryDirectory(prefix="op-soak-") as home:
        soak = Soak(arguments, home)
        wrong = soak.run()
        soak.op.kill()
        soak.sim.stop()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
