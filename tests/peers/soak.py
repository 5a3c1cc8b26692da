"""soak.py - thousands of texts both ways while everything goes wrong

    python3 -B tests/peers/soak.py OPD OPSIM [--modems N] [--texts N] [--faults N]

On each of N modems a sender and a phone talk at the same time, and before each of their texts that its turn
comes to, one fault of the list below befalls the modem. When all has been said, the faults end and the lines
must be healthy by themselves: each sends and receives one more text. Then every text is looked for:

  - sent: at its phone, once, from its number; or the network has lost it, as often as it was told to
  - failed: for a reason that is true of it: unknown_outcome allows it to have arrived, once; no other
  - inbound: listed once; or its PDU could not be read, as often as that was so; or a modem kept it in its
    own memory when its SIM went elsewhere, and nobody can know any more whose it was

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

from harness import *  # noqa: E402

WINDOW = 20  # texts of a line that may be under way
HEALTHY_S = 11 * 60  # a line that has stopped tries again after ten minutes (actors/modem_line.c)
PATIENCE_S = 25 * 60  # a text is tried for 18 minutes
BODIES = ("text {}", "Nachricht für {}: 你好 😀", "{} " + "long " * 60)
REASONS = ("unknown_outcome", "unreachable", "rejected_by_network")  # that the faults below are


def for_a_while(**knobs):
    """A fault that does not end by itself."""
    return (knobs,), ({knob: None for knob in knobs},)


# What befalls a modem, and what ends it, if it does not end by itself: knobs (None: as it was at first), or
# what is done to the modem.
FAULTS = [
    # Sending.
    (({"cms_error_next": 1, "cms_error_code": 38},), ()),  # the network is out of order
    (({"cms_error_next": 1, "cms_error_code": 332},), ()),  # the network's answer is missing
    (({"cms_error_next": 1, "cms_error_code": 500},), ()),  # unknown
    (({"cms_error_next": 1, "cms_error_code": 30},), ()),  # unknown subscriber
    (({"cms_error_next": 1, "cms_error_code": 21},), ()),  # rejected
    (({"cme_error_next": 1, "cme_error_code": 14},), ()),  # SIM busy
    (({"no_answer_next": 1},), ()),
    (({"double_answer_next": 2},), ()),
    (({"submit_lost_next": 1},), ()),
    (({"submit_reset_next": 1},), ()),
    (({"reference": 255},), ()),
    for_a_while(submit_delay_ms=300),
    for_a_while(submit_delay_ms=3500),  # longer than opd waits
    for_a_while(send_needs_room=True, sm_slots=2),
    # Line and prompt.
    (({"command_lost_next": 1},), ()),
    (({"command_error_next": 1},), ()),
    (({"prompt_lost_next": 1},), ()),
    for_a_while(command_delay_ms=30),
    for_a_while(prompt_form="no_space"),
    for_a_while(prompt_form="own_line"),
    for_a_while(noise_command=True, noise_prompt=True),
    for_a_while(noise_list=True, noise_every_ms=20),
    for_a_while(echo="always"),
    for_a_while(hang=True),
    (({"hang": True},), ("unplug", "plug")),
    (("unplug",), ("plug",)),
    (("reset",), ()),
    (({"boot_ms": 1500}, "reset"), ({"boot_ms": None},)),
    # Receiving and memories.
    (({"notice_lost_next": 3},), ()),
    (({"notice_double_next": 3},), ()),
    (({"notice_other_next": 3},), ()),
    for_a_while(notice_at_prompt=True),
    (({"deliver_double_next": 3},), ()),
    (({"part_late_next": 1, "part_late_ms": 3000},), ()),
    (({"store_other_next": 3},), ()),
    (({"malformed_next": 2, "malformed_form": "surplus"},), ()),
    (({"malformed_next": 1, "malformed_form": "truncated"},), ()),
    (({"malformed_next": 1, "malformed_form": "erased"},), ()),
    (({"malformed_next": 1, "malformed_form": "not_hex"},), ()),
    for_a_while(sm_slots=2),
    for_a_while(sm_slots=1, me_slots=1),
    for_a_while(slot_order="next", list_order="down"),
    for_a_while(empty_slot="ok"),
    for_a_while(empty_slot="error_ok"),
    for_a_while(undeletable_slots=3, undeletable_answer="cms_error"),
    for_a_while(undeletable_slots=3, undeletable_answer="ok"),
    # Status reports.
    (({"report_lost_next": 3},), ()),
    (({"report_double_next": 3},), ()),
    (({"report_early_next": 3},), ()),
    for_a_while(report_delay_ms=2000),
    for_a_while(report_recipient="national"),
    for_a_while(report_recipient="wrong"),
    # SIM and network.
    (("swap",), ()),
    (({"pin_lock": True}, "reset"), ({"pin_lock": None},)),
    (({"sim_busy_next": 3}, "reset"), ()),
    for_a_while(sim_out=True),
    for_a_while(registration="searching"),
    for_a_while(registration="denied"),
    for_a_while(radio_off=True),
    (({"register_ms": 2000}, "reset"), ({"register_ms": None},)),
    (({"ring_next": 1},), ()),
]
# Of these the SIM may have moved on.
OF_SIM = ("sim_out", "pin_lock", "sim_busy_next")


class Line(threading.Thread):
    """One number: what is said over it, and what befalls the modem that its SIM was in at first."""

    def __init__(self, soak, index, number, faults):
        super().__init__(daemon=True)
        self.soak, self.number = soak, number
        self.carrier = Carrier(soak.sim.address)
        self.human = Account(soak.op, self.carrier)
        self.agent = self.human.mint(
            self.human.number()[0] if number == SHARED else self.lease(number)
        )
        self.phone, self.sent, self.texted, self.error = new_phone(), {}, [], None
        self.chance = random.Random(f"{soak.seed} {index}")
        self.faults = faults
        self.undo, self.healthy = (), 0
        settled(self.agent, send(self.agent, self.phone, "hello")["id"])

    def lease(self, number):
        numbers = self.human.console.get("/console/numbers/available").expect(200)["numbers"]
        wanted = next(each["id"] for each in numbers if each["e164"] == number)
        self.human.console.post(f"/console/numbers/{wanted}/lease").expect(200)
        return wanted

    def act(self, number, what, body=None):
        self.carrier.client.post(f"/sim/modems/{number}/{what}", body).expect(200)

    def swap(self):
        """Two modems change their SIMs, for which they are unplugged."""
        other = self.chance.choice(self.soak.numbers)
        with self.soak.swapping:
            for number in {self.number, other}:
                self.act(number, "unplug")
            if other != self.number:
                self.act(self.number, "swap", {"with": other})
            for number in {self.number, other}:
                self.act(number, "plug")

    def turn(self, knobs):
        knobs = {k: self.soak.defaults[k] if v is None else v for k, v in knobs.items()}
        everywhere = {k: v for k, v in knobs.items() if k in OF_SIM and not v}
        for number in self.soak.numbers if everywhere else ():
            self.carrier.turn(number, **everywhere)
        self.carrier.turn(self.number, **knobs)

    def befall(self, steps):
        for step in steps:
            if isinstance(step, dict):
                self.turn(step)
            elif step == "swap":
                self.swap()
            else:
                self.act(self.number, step)

    def next_fault(self):
        """Ends the last fault and begins the next one."""
        self.befall(self.undo)
        self.undo = ()
        if self.faults:
            steps, self.undo = self.faults.pop()
            self.soak.note(steps)
            self.befall(steps)

    def under_way(self):
        newest = self.agent.get("/v1/messages?direction=outbound&limit=100").expect(200)["data"]
        return sum(message["status"] in ("queued", "sending") for message in newest)

    def talk(self):
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

    def run(self):
        try:
            try:
                self.talk()
            finally:
                self.soak.talked.wait()
            self.act(self.number, "plug")
            self.turn({knob: None for knob in self.soak.touched})
            self.soak.talked.wait()
            self.come_to_rest()
        except Exception as error:
            self.error = error

    def bodies(self):
        return [message["body"] for message in self.agent.pages("&direction=inbound")]

    def come_to_rest(self):
        def ended():
            sent = self.agent.pages("&direction=outbound")
            return all(message["status"] in ("sent", "failed") for message in sent)

        def outcome():
            message = self.agent.get(f"/v1/messages/{last}").expect(200)
            return message["status"] in ("sent", "failed") and message

        began = time.monotonic()
        last = send(self.agent, self.phone, "last")["id"]
        self.carrier.text(self.phone, self.number, "last")
        end = eventually(outcome, f"{self.number}: its last text", HEALTHY_S)
        assert end["status"] == "sent", f"{self.number} is not healthy: {end['error']}"
        eventually(lambda: "last" in self.bodies(), f"{self.number} is healthy", HEALTHY_S)
        self.healthy = time.monotonic() - began
        eventually(
            lambda: len(set(self.texted) - set(self.bodies())) <= self.soak.unreadable + self.soak.left,
            f"{self.number}: all that came in",
            PATIENCE_S,
        )
        eventually(ended, f"{self.number}: all texts end", PATIENCE_S)

    def judge(self, count):
        """What became of the texts, counted; and a list of what must not be."""
        wrong = []
        inbox = self.carrier.inbox(self.phone)
        arrived = collections.Counter(text["body"] for text in inbox)
        wrong += [f"{self.number}: a text came from {text['from']}" for text in inbox
                  if text["from"] != self.number and text["body"] in self.sent.values()]
        listed = {m["id"]: m for m in self.agent.pages("&direction=outbound")}
        for message_id, body in self.sent.items():
            message, times = listed[message_id], arrived[body]
            end = (message["error"] or {}).get("code") or message["status"]
            lost = end == "sent" and times == 0
            count["out: lost, and another's report taken for its own"] += lost and "delivered_at" in message
            count[f"out: {'sent, and lost by the network' if lost else end}"] += 1
            allowed = {"sent": (1,), "unknown_outcome": (0, 1)}.get(end, (0,))
            if not lost and (times not in allowed or end not in ("sent", *REASONS)):
                wrong.append(f"{self.number}: {body[:30]!r} is {end} and arrived {times} times")
        found, elsewhere = collections.Counter(self.bodies()), self.soak.listed_of_others(self)
        for body in self.texted:
            count[f"in: listed {found[body]} times"] += 1
            if body in elsewhere:
                count["in: left behind by a SIM that went elsewhere"] += 1
            if found[body] > 1:
                wrong.append(f"{self.number}: {body[:30]!r} is listed {found[body]} times")
        return wrong


class Soak:
    def __init__(self, arguments, home):
        self.seed = int(os.environ.get("OP_SEED", random.SystemRandom().randrange(2**32)))
        print(f"OP_SEED={self.seed}", flush=True)
        self.chance, self.deck = random.Random(self.seed), []
        self.texts = arguments.texts // arguments.modems
        self.sim = Opsim(home, arguments.modems).wait_ready()
        modems = Carrier(self.sim.address).client.get("/sim/modems").json["data"]
        self.numbers = [modem["number"] for modem in modems]
        self.defaults = Carrier(self.sim.address).turn(self.numbers[0])
        self.touched = {k for fault in FAULTS for step in fault[0] if isinstance(step, dict) for k in step}
        # At most: SUBMITs, PDUs, and PDUs in the modem's own memory.
        self.lost = self.unreadable = self.left = 0
        self.swapping, self.talked = threading.Lock(), threading.Barrier(len(modems))
        lines = [
            f"--modem={self.sim.tty(i)}={modem['number']},pin=1234{',shared' if i == 0 else ''}"
            for i, modem in enumerate(modems)
        ]
        # Short, so that faults show: the network's time; how often a SIM is looked through, and a modem at;
        # and how long a report is waited for.
        seconds = {"send_timeout": 2, "sweep": 5, "check": 5, "doubt": 20}
        times = [f"--set=modem/{name}_s={value}" for name, value in seconds.items()]
        self.op = Opd(home, *lines, *WIDE, *times).wait_ready()
        self.lines = [
            Line(self, index, number, self.deal(arguments.faults))
            for index, number in enumerate(self.numbers)
        ]

    def deal(self, count):
        """So many faults: all of them come before one comes again."""
        dealt = []
        while len(dealt) < count:
            self.deck = self.deck or self.chance.sample(FAULTS, len(FAULTS))
            dealt.append(self.deck.pop())
        return dealt

    def note(self, steps):
        """What nobody can make good, before it happens."""
        with self.swapping:
            for step in steps:
                if isinstance(step, dict):
                    self.left += step.get("store_other_next", 0)
                    self.lost += step.get("submit_lost_next", 0)
                    if step.get("malformed_form", "surplus") != "surplus":
                        self.unreadable += step["malformed_next"]

    def listed_of_others(self, line):
        return {body for other in self.lines if other is not line for body in other.bodies()}

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
        for what, most in (("out: sent, and lost by the network", self.lost),
                           ("in: left behind by a SIM that went elsewhere", self.left),
                           ("in: listed 0 times", self.unreadable + self.left)):
            if count[what] > most:
                wrong.append(f"{what}: {count[what]}, and at most {most} may be")
        for what, times in sorted(count.items()):
            print(f"{what}: {times}")
        print(f"the slowest line was healthy after {max(l.healthy for l in self.lines):.1f} s")
        print(f"{len(self.lines)} modems, {time.monotonic() - began:.0f} s, {len(wrong)} wrong")
        print("\n".join(wrong[:50]), flush=True)
        return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("opd")
    parser.add_argument("opsim")
    parser.add_argument("--modems", type=int, default=16)
    parser.add_argument("--texts", type=int, default=10000)
    parser.add_argument("--faults", type=int, default=len(FAULTS))
    arguments = parser.parse_args()
    use(opd=arguments.opd, opsim=arguments.opsim)
    with tempfile.TemporaryDirectory(prefix="op-soak-") as home:
        soak = Soak(arguments, home)
        wrong = soak.run()
        soak.op.kill()
        soak.sim.stop()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
