"""test_metrics.py - /metrics, /readyz and the log tell what a server does, and nothing secret

Every scrape is read by a strict reader: families in one piece, counters that never go back,
histograms that add up.
"""

import json
import os
import re
import shutil
import subprocess
import time

from harness import *

LISTEN = "--set=metrics/listen=127.0.0.1:0"
SAMPLE = re.compile(r'([a-z_][a-z0-9_]*)(?:\{(.*)\})? (-?[0-9]+(?:\.[0-9]+)?)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)')


def read(text):
    """{family: (type, {(suffix, labels): value})}, from a text that has to be right."""
    families, name, kind = {}, None, None
    assert text.endswith("\n"), text[-80:]
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, kind = line.split()[2], None
            assert name not in families, f"{name} is there twice"
        elif line.startswith("# TYPE "):
            assert line.split()[2] == name, line
            kind = line.split()[3]
            families[name] = (kind, {})
        else:
            found = SAMPLE.fullmatch(line)
            assert found and kind, line
            sample, labels, value = found.groups()
            pairs = LABEL.findall(labels or "")
            assert ",".join(f'{k}="{v}"' for k, v in pairs) == (labels or ""), line
            assert sample.startswith(name), line
            key = (sample[len(name):], tuple(pairs))
            assert key not in families[name][1], line
            families[name][1][key] = float(value)
    for family, (kind, samples) in families.items():
        if kind == "histogram":
            check_histogram(family, samples)
        else:
            assert all(suffix == "" for suffix, _ in samples), family
        assert (kind == "counter") == family.endswith("_total"), family
    return families


def check_histogram(family, samples):
    counts = {labels: value for (suffix, labels), value in samples.items() if suffix == "_count"}
    assert counts, family
    for labels, count in counts.items():
        buckets = [
            (pairs[-1][1], value)
            for (suffix, pairs), value in samples.items()
            if suffix == "_bucket" and pairs[:-1] == labels
        ]
        values = [value for _, value in buckets]
        assert values == sorted(values), f"{family}: {buckets}"
        assert buckets[-1] == ("+Inf", count), f"{family}: {buckets}"
        assert ("_sum", labels) in samples, family


class Scrapes:
    """The operator's listener of an opd."""

    def __init__(self, op):
        line = re.search(r'"?address"?[=:]"?(127\.0\.0\.1:[0-9]+)', op.stderr())
        assert line, op.stderr()
        self.client = Client(line.group(1), checked=False)
        self.before = {}

    def scrape(self):
        answer = self.client.get("/metrics")
        assert answer.status == 200, answer
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), answer
        self.text = answer.body.decode()
        families = read(self.text)
        for name, (kind, samples) in self.before.items():
            for key, value in samples.items():
                if kind != "gauge":
                    assert families[name][1][key] >= value, f"{name}{key} went back"
        self.before = families
        return families

    def value(self, name, **labels):
        """The sum of the samples that have these labels."""
        samples = self.scrape().get(name, (None, {}))[1]
        return sum(
            value
            for (suffix, pairs), value in samples.items()
            if suffix in ("", "_count") and labels.items() <= dict(pairs).items()
        )


class Metrics(Case):
    def start(self, *arguments):
        folder = self.folder()
        sim = Opsim(folder, 2)
        self.addCleanup(sim.stop)
        sim.wait_ready()
        op = Opd(
            folder,
            f"--modem={sim.tty(0)}={SHARED},shared",
            f"--modem={sim.tty(1)}={SECOND}",
            "--set=webhook/allow_http=true",
            "--set=webhook/allow=127.0.0.1",
            *arguments,
            *WIDE,
        )
        self.addCleanup(op.stop)
        op.wait_ready()
        return op, sim, Carrier(sim.address)

    def test_values_move_as_things_happen(self):
        op, _, carrier = self.start(LISTEN)
        scrapes = Scrapes(op)
        receiver = Receiver()
        self.addCleanup(receiver.close)
        for line in "01":
            eventually(lambda line=line: scrapes.value("op_modem_state", line=line) == 1, "a line")
        self.assertEqual(scrapes.value("op_modem_sends_total"), 0)

        human = Account(op, carrier)
        number, e164 = human.number()
        human.console.post(
            "/console/webhooks",
            {"number_id": number, "url": receiver.url("/hook"), "events": ["message.sent"]},
        ).expect(201)
        agent = human.mint(number)
        long = "More than a part. " * 20
        for body in ("Hello.", long):
            settled(agent, send(agent, human.phone, body)["id"])
        carrier.text(human.phone, e164, "Hello back.")
        received(agent)
        receiver.wait("/hook", 2)
        agent.post("/v1/messages", {"to": 1}).expect_error(422, "validation_error", "to")

        requests = "op_http_requests_total"
        sent = {"route": "POST /v1/messages"}
        self.assertEqual(scrapes.value(requests, **sent, status="201"), 2)
        self.assertEqual(scrapes.value(requests, **sent, status="422"), 1)
        self.assertEqual(scrapes.value(requests, route="POST /auth/verify", status="200"), 1)
        self.assertEqual(scrapes.value("op_http_request_duration_seconds", **sent), 3)
        self.assertEqual(scrapes.value("op_modem_sends_total", line="0"), 1 + 1 + 3)
        self.assertEqual(scrapes.value("op_modem_sends_total", line="1"), 0)
        self.assertEqual(scrapes.value("op_modem_received_total", line="0"), 1)
        posted = lambda: scrapes.value("op_webhook_attempts_total", result="2xx")
        eventually(lambda: posted() == 2, "the posts are counted")
        for actor in ("auth", "rate", "ledger", "modem", "webhook"):
            for name in ("op_turns_total", "op_steps_total", "op_commits_total"):
                self.assertGreater(scrapes.value(name, actor=actor), 0, f"{name} of {actor}")
            self.assertGreater(scrapes.value("op_commit_duration_seconds", actor=actor), 0)
            looked = scrapes.value("op_actor_looked_timestamp_seconds", actor=actor)
            self.assertLess(abs(time.time() - looked), 60)
        for name in ("op_tells_unacknowledged", "op_mailbox_depth"):
            eventually(lambda name=name: scrapes.value(name) == 0, f"{name} is 0 again")
        self.assertEqual(scrapes.value("op_messages_dropped_total", reason="bad"), 0)
        self.assertEqual(scrapes.value("op_build_info"), 1)
        self.assertGreater(scrapes.value("process_resident_memory_bytes"), 1 << 20)
        for secret in (human.phone, SHARED, SECOND, number, human.token, agent.credential):
            self.assertNotIn(secret.lstrip("+"), scrapes.text)
        self.promtool(scrapes.text)

    def promtool(self, text):
        """Prometheus's own reader, where it is installed."""
        tool = shutil.which("promtool")
        if tool:
            run = subprocess.run(
                [tool, "check", "metrics"], input=text.encode(), capture_output=True, timeout=60
            )
            self.assertEqual((run.returncode, run.stderr), (0, b""))

    def test_what_clients_invent_makes_no_series(self):
        op, _, _ = self.start(LISTEN)
        scrapes, client = Scrapes(op), op.client()
        client.get("/v1/nothing").expect_error(404, "not_found")
        client.get("/v1/messages/x").expect_error(401, "unauthenticated")
        before = len(scrapes.scrape()["op_http_requests_total"][1])
        for i in range(50):
            client.get(f"/v1/nothing{i}?x={i}", X_Request_Id=f"r{i}").expect(404)
            client.get(f"/v1/messages/{i}").expect(401)
        self.assertEqual(len(scrapes.scrape()["op_http_requests_total"][1]), before)
        self.assertEqual(scrapes.value("op_http_requests_total", route="[none]", status="404"), 51)
        self.assertEqual(
            scrapes.value("op_http_requests_total", route="GET /v1/messages/{id}", status="401"), 51
        )

    def test_readiness(self):
        op, sim, _ = self.start(LISTEN)
        operator = Scrapes(op).client
        client = Client(op.address, checked=False)
        ready = {"status": "ready", "missing": []}
        for one in (client, operator):
            one.get("/readyz").expect(200, ready)
            self.assertEqual(one.call("HEAD", "/readyz").status, 200)
            refused = one.post("/readyz").expect_error(405, "method_not_allowed")
            self.assertIn("GET, HEAD", refused.headers["Allow"])
        client.get("/readyz").check_headers()
        self.assertEqual(client.call("OPTIONS", "/readyz").status, 204)
        operator.get("/").expect_error(404, "not_found")
        operator.get("/v1/messages").expect_error(404, "not_found")
        operator.post("/metrics").expect_error(405, "method_not_allowed")
        sim.stop()  # the modems vanish
        unready = {"status": "unready", "missing": ["modem: no line is up"]}
        eventually(lambda: client.get("/readyz").status == 503, "it is not ready")
        for one in (client, operator):
            answer = one.get("/readyz")
            answer.expect(503, unready)
            self.assertEqual(answer.headers["Retry-After"], "1")
        client.get("/healthz").expect(200)

    def test_nothing_listens_unless_asked(self):
        op, _, _ = self.start()
        self.assertNotIn("metrics are served", op.stderr())
        op.client().get("/metrics").expect_error(404, "not_found")

    def test_a_request_can_be_followed(self):
        op, _, carrier = self.start("--set=log/level=debug", "--set=log/format=json")
        human = Account(op, carrier)
        number, _ = human.number()
        agent = human.mint(number)
        wanted = {"to": human.phone, "body": "Follow me."}
        sent = agent.post("/v1/messages", wanted, X_Request_Id="follow-me-1").expect(201)
        settled(agent, sent["id"])

        def lines():
            found = [json.loads(line) for line in op.stderr().splitlines()]
            return [line for line in found if line.get("request") == "follow-me-1"]

        def sources():
            return {(line["source"], line.get("type", "")) for line in lines()}

        way = {
            ("auth", "message_send"), ("rate", "message_send"), ("ledger", "message_send"),
            ("modem", "text_send"), ("ledger", "text_outcome"), ("webhook", "number_event"),
            ("http", ""),
        }
        eventually(lambda: way <= sources(), f"the log shows {way}")
        served = [line for line in lines() if line["event"] == "served"]
        self.assertEqual(len(served), 1)
        self.assertEqual(served[0]["route"], "POST /v1/messages")
        self.assertEqual(served[0]["status"], "201")
        self.assertEqual(served[0]["level"], "debug")
        self.assertEqual(served[0]["address"], "127.0.0.1")
        self.assertGreater(float(served[0]["duration_ms"]), 0)

    def test_the_access_log_can_be_had_alone(self):
        op, _, _ = self.start("--set=log/access=info")
        op.client().get("/healthz").expect(200)
        eventually(lambda: 'route="GET /healthz"' in op.stderr(), "the call is in the log")
        self.assertNotIn("level=debug", op.stderr())


if __name__ == "__main__":
    main()
