"""test_kill.py - kill -9 at any instant loses no text and sends none twice

opd is killed again and again while texts go both ways. The modems and the network (opsim) live on,
as they do when a process dies, and phones go on texting while opd is down. After the last start all
comes to rest, and every text is looked for on both sides:

  - accepted (201): at its phone once; or failed with unknown_outcome and there at most once, and
    of those at most one per line and kill: the part in the air
  - refused, or without an answer: at its phone at most once, and never if it is not listed
  - inbound: listed once

The instants come from counted events (texts accepted, texts taken by the carrier, probes
answered), chosen with the seed that is printed; OP_SEED repeats it.
"""

import collections
import http.client
import os
import random
import threading

from harness import *

KILLS = int(os.environ.get("OP_KILLS", "14"))
SEED = int(os.environ.get("OP_SEED", random.SystemRandom().randrange(2**32)))
LONG = "".join(chr(ord("a") + n % 26) for n in range(400))  # three parts


class Traffic:
    """What the threads share: who may do how much, and what came of it."""

    def __init__(self):
        self.changed = threading.Condition()
        self.address = None  # of opd while it is up
        self.ending = False
        self.events = collections.Counter()  # "sent" and "texted"
        self.credits = 0  # texts that phones may still send
        self.errors = []

    def count(self, what):
        with self.changed:
            self.events[what] += 1
            self.changed.notify_all()

    def wait_until(self, holds):
        with self.changed:
            assert self.changed.wait_for(lambda: holds() or self.errors, DEADLINE_S), "no traffic"
            assert not self.errors, self.errors

    def up(self, address):
        with self.changed:
            self.address = address
            self.changed.notify_all()

    def grant(self, texts):
        with self.changed:
            self.credits += texts
            self.changed.notify_all()

    def end(self):
        with self.changed:
            self.ending = True
            self.changed.notify_all()


class Worker(threading.Thread):
    """Repeats `once` until the traffic ends. Whatever it raises fails the test."""

    def __init__(self, traffic):
        super().__init__(daemon=True)
        self.traffic = traffic

    def run(self):
        try:
            while self.may_go_on():
                self.once()
        except Exception as error:
            with self.traffic.changed:
                self.traffic.errors.append(f"{type(self).__name__}: {error!r}")
                self.traffic.changed.notify_all()


class Sender(Worker):
    """An agent that sends unique texts from one line, one after the other."""

    def __init__(self, traffic, line, key, phones):
        super().__init__(traffic)
        self.line, self.key, self.phones = line, key, phones
        self.client = None
        self.accepted, self.unsure, self.refused = {}, set(), set()  # bodies
        self.number = 0

    def may_go_on(self):
        traffic = self.traffic
        with traffic.changed:
            traffic.changed.wait_for(lambda: traffic.address or traffic.ending)
            if traffic.address and (not self.client or self.client.address != traffic.address):
                self.client = Client(traffic.address, self.key)
            return not traffic.ending

    def once(self):
        self.number += 1
        body = f"out {self.line} {self.number}" + (LONG if self.number % 7 == 0 else "")
        to = self.phones[self.number % len(self.phones)]
        try:
            answer = self.client.post("/v1/messages", {"to": to, "body": body})
        except (OSError, http.client.HTTPException):
            self.unsure.add(body)
            with self.traffic.changed:  # until there is another opd
                gone = self.client.address
                self.traffic.changed.wait_for(
                    lambda: self.traffic.address != gone or self.traffic.ending
                )
            return
        if answer.status == 201:
            self.accepted[body] = answer.json["id"]
            self.traffic.count("sent")
        else:
            assert answer.status == 503, answer
            self.unsure.add(body)


class Texter(Worker):
    """Phones that text one line, as long as they have credit. A text is unique."""

    def __init__(self, traffic, line, carrier, phones):
        super().__init__(traffic)
        self.line, self.phones = line, phones
        self.carrier = Carrier(carrier)
        self.taken = []

    def may_go_on(self):
        traffic = self.traffic
        with traffic.changed:
            traffic.changed.wait_for(lambda: traffic.credits > 0 or traffic.ending)
            traffic.credits -= 1
            return not traffic.ending

    def once(self):
        number = len(self.taken)
        body = f"in {self.line} {number}" + (LONG if number % 7 == 0 else "")
        self.carrier.text(self.phones[number % len(self.phones)], self.line, body)
        self.taken.append(body)
        self.traffic.count("texted")


class Kill(Case):
    def setUp(self):
        print(f"OP_SEED={SEED} OP_KILLS={KILLS}", flush=True)
        self.random = random.Random(SEED)
        self.home = self.folder()
        sim = Opsim(self.home, 2)
        self.addCleanup(sim.stop)
        sim.wait_ready()
        self.sim = sim
        self.carrier = Carrier(sim.address)
        self.op = None

    def launch(self):
        """opd on the data and the modems of its predecessor; not waited for."""
        self.op = Opd(
            self.home,
            f"--modem={self.sim.tty(0)}={SHARED},shared",
            f"--modem={self.sim.tty(1)}={SECOND}",
            "--set=modem/doubt_s=5",
            *WIDE,
        )
        self.addCleanup(self.op.kill)
        return self.op

    def settle_in(self):
        """An account on each line; for each line its key, and the phones it talks with."""
        self.launch().wait_ready()
        lines = {}
        for line in (SHARED, SECOND):
            human = Account(self.op, self.carrier)
            number = human.number()[0] if line == SHARED else human.lease()[0]
            agent = human.mint(number)
            phones = [new_phone() for _ in range(3)]
            for phone in phones:  # so that the shared number knows whose answers these are
                settled(agent, send(agent, phone, "hello")["id"])
            lines[line] = (agent.credential, phones)
        return lines

    def pass_time(self, traffic):
        """Returns at a random instant, counted in events."""
        what = self.random.choice(("sent", "sent", "texted", "probes"))
        credits = self.random.randint(20, 60)
        traffic.grant(credits)
        if what == "probes":
            for _ in range(self.random.randint(0, 100)):
                self.carrier.client.get("/sim/modems").expect(200)
        else:
            most = credits if what == "texted" else 100
            aim = traffic.events[what] + self.random.randint(0, most)
            traffic.wait_until(lambda: traffic.events[what] >= aim)

    def life_and_death(self, traffic):
        """One opd from its start to its kill: mostly while it serves, sometimes while it starts."""
        self.launch()
        if self.random.random() < 0.2:
            for _ in range(self.random.randint(0, 60)):
                self.carrier.client.get("/sim/modems").expect(200)
        else:
            self.op.wait_ready()
            traffic.up(self.op.address)
            self.pass_time(traffic)
        self.op.kill()
        traffic.up(None)
        traffic.grant(self.random.randint(0, 10))  # phones text while nobody listens

    def come_to_rest(self, agents, senders, texters):
        """Waits until all that was under way has ended, then shows that the lines are empty."""

        def at_rest(line):
            messages = agents[line].pages()
            states = collections.Counter(message["status"] for message in messages)
            return not states["queued"] and not states["sending"] and (
                states["received"] >= len(texters[line].taken)
            )

        for line, agent in agents.items():
            eventually(lambda line=line: at_rest(line), "all texts have ended", 4 * DEADLINE_S)
            # Lines keep their order: whatever would come twice has come before these two.
            last = senders[line].phones[0]
            settled(agent, send(agent, last, "last out")["id"])
            self.carrier.text(last, line, "last in")
            eventually(
                lambda agent=agent: agent.pages("&direction=inbound")[0]["body"] == "last in",
                "the last text",
            )

    def judge_sent(self, agent, sender):
        listed = agent.pages("&direction=outbound")
        arrived = collections.Counter()
        for phone in sender.phones:
            arrived.update(self.carrier.bodies(phone))
        by_body = {message["body"]: message for message in listed}
        tries = [m for m in listed if m["body"] not in ("hello", "last out")]
        self.assertEqual(len({m["body"] for m in tries}), len(tries), "a text is listed twice")
        unknown = 0
        for body, message_id in sender.accepted.items():
            self.assertEqual(by_body[body]["id"], message_id)
        for message in tries:
            body, count = message["body"], arrived[message["body"]]
            self.assertIn(body, sender.accepted.keys() | sender.unsure)
            if message["status"] == "sent":
                self.assertEqual(count, 1, f"{body[:20]} is sent and arrived {count} times")
            else:
                self.assertEqual(message["status"], "failed")
                self.assertEqual(message["error"]["code"], "unknown_outcome")
                self.assertLessEqual(count, 1, f"{body[:20]} arrived {count} times")
                unknown += 1
        for body in sender.unsure - by_body.keys():
            self.assertEqual(arrived[body], 0, f"{body[:20]} was never accepted, yet arrived")
        self.assertLessEqual(unknown, KILLS, "more unknown outcomes than kills")
        return unknown

    def judge_received(self, agent, texter):
        listed = [m["body"] for m in agent.pages("&direction=inbound")]
        counts = collections.Counter(listed)
        counts.pop("last in")
        self.assertEqual(counts, collections.Counter(texter.taken))

    def test_no_text_is_lost_or_sent_twice(self):
        lines = self.settle_in()
        traffic = Traffic()
        senders, texters = {}, {}
        for line, (key, phones) in lines.items():
            senders[line] = Sender(traffic, line, key, phones)
            texters[line] = Texter(traffic, line, self.sim.address, phones)
        self.op.kill()
        workers = [*senders.values(), *texters.values()]
        for worker in workers:
            worker.start()
        for _ in range(KILLS):
            self.life_and_death(traffic)
        traffic.end()
        for worker in workers:
            worker.join(2 * DEADLINE_S)
            self.assertFalse(worker.is_alive())
        self.assertEqual(traffic.errors, [])

        self.launch().wait_ready()
        agents = {line: self.op.client(key) for line, (key, _) in lines.items()}
        self.come_to_rest(agents, senders, texters)
        for line, agent in agents.items():
            unknown = self.judge_sent(agent, senders[line])
            self.judge_received(agent, texters[line])
            print(
                f"line {line}: {len(senders[line].accepted)} accepted, {len(senders[line].unsure)}"
                f" unanswered, {unknown} unknown, {len(texters[line].taken)} inbound",
                flush=True,
            )
        self.op.stop()


if __name__ == "__main__":
    main()
