"""test_logs.py - the log says what happens, and holds no phone, text, code or credential

Every secret of a busy run, in success and in failure, is collected as the client meets it; then
the log, at its most talkative and in either form, is searched for each of them, and so are the
metrics.
"""

import json
import os
import re

from harness import *

LINE = re.compile(
    r'time=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ level=(debug|info|warning|error) '
    r'source=[a-z0-9-]+ event="([^"\\]|\\["\\])*"'
    r'( [a-z_]+=([^ "=\\]+|"([^"\\]|\\["\\])*"))*'
)
MARK = "Marker-7f3a9c"  # in every text of this run


def unicode_pdu(text):
    """As the text stands in a PDU in UCS2, for AT commands that would be quoted."""
    return text.encode("utf-16-be").hex().upper()


class Logs(Case):
    def start(self, form):
        folder = self.folder()
        self.sim = Opsim(folder, 2)
        self.addCleanup(self.sim.stop)
        self.sim.wait_ready()
        self.carrier = Carrier(self.sim.address)
        self.op = Opd(
            folder,
            f"--modem={self.sim.tty(0)}={SHARED},shared",
            f"--modem={self.sim.tty(1)}={SECOND}",
            f"--modem={os.path.join(folder, 'nothing')}=+16175550100",
            "--set=log/level=debug",
            f"--set=log/format={form}",
            "--set=metrics/listen=127.0.0.1:0",
            "--set=webhook/allow_http=true",
            "--set=webhook/allow=127.0.0.1",
            *WIDE,
        )
        self.addCleanup(self.op.stop)
        self.op.wait_ready()
        self.secrets = [SHARED, SECOND, "+16175550100", MARK, unicode_pdu(MARK)]

    def sign_up(self):
        """An account; a wrong code on its way is as secret as the right one."""
        client, phone = self.op.client(), new_phone()
        started = client.post("/auth/start", {"phone": phone}).expect(200)
        code = self.carrier.code(phone)
        wrong = f"{(int(code) + 1) % 1000000:06}"
        for guess in (wrong, code):
            wanted = {"verification_id": started["verification_id"], "code": guess}
            answer = client.post("/auth/verify", wanted)
        human = Account(self.op, self.carrier, phone)
        codes = re.findall(r"\b\d{6}\b", " ".join(self.carrier.bodies(phone)))
        self.assertEqual(len(codes), 2)
        token = answer.expect(200)["session_token"]
        self.secrets += [phone, token, human.token, wrong, *codes]
        return human

    def converse(self, human, number, e164, hook):
        """Texts both ways, with a webhook that hears of them, and calls that are refused."""
        wanted = {
            "number_id": number,
            "url": hook,
            "events": ["message.received", "message.sent", "message.failed"],
        }
        secret = human.console.post("/console/webhooks", wanted).expect(201)["secret"]
        agent = human.mint(number)
        self.secrets += [secret, agent.credential]
        for body in (MARK, f"\u4f60 {MARK}", f"{MARK} " * 50):
            settled(agent, send(agent, human.phone, body)["id"])
            self.carrier.text(human.phone, e164, body)
        received(agent, 3)
        for body in ({"to": MARK, "body": MARK}, {"to": e164, "body": MARK}, {"to": 1}):
            self.assertIn(agent.post("/v1/messages", body).status, (400, 422))
        cut = agent.post("/v1/messages", f'{{"to": "{MARK}'.encode())
        cut.expect_error(422, "validation_error")
        agent.get(f"/v1/{MARK}?x={MARK}", X_Request_Id=f"bad id {MARK}").expect_error(404, "not_found")
        agent.call(MARK.upper(), f"/{MARK}").expect_error(404, "not_found")
        return agent

    def test_the_log_holds_no_secret(self):
        self.run_all("text")
        for line in self.log().splitlines():
            self.assertRegex(line, LINE.pattern + "$")

    def test_the_log_in_json_holds_no_secret(self):
        self.run_all("json")
        for line in self.log().splitlines():
            members = json.loads(line)
            self.assertEqual(list(members)[:4], ["time", "level", "source", "event"])
            self.assertTrue(all(type(value) in (str, int, float) for value in members.values()), line)

    def run_all(self, form):
        self.start(form)
        receiver = Receiver()
        self.addCleanup(receiver.close)
        human, other = self.sign_up(), self.sign_up()
        stranger = new_phone()
        self.secrets.append(stranger)
        shared, _ = human.number()
        number, e164 = next(
            (item["id"], item["e164"])
            for item in human.console.get("/console/numbers/available").expect(200)["numbers"]
            if item["e164"] == SECOND
        )
        human.console.post(f"/console/numbers/{number}/lease").expect(200)
        self.converse(human, number, e164, receiver.url(f"/{MARK}"))
        receiver.close()  # the other's webhook, at the same place, is not answered
        agent = self.converse(other, shared, SHARED, receiver.url(f"/{MARK}"))
        self.carrier.text(stranger, SHARED, f"{MARK} to nobody")
        human.console.post(f"/console/numbers/{number}/release").expect(200)
        nobody = self.op.client(agent.credential + "A")
        nobody.get("/v1/number").expect_error(401, "unauthenticated")
        for line in ("no account is entitled", "post was not accepted", "down:", "joined the pool"):
            eventually(lambda line=line: line in self.log(), f"the log speaks of {line}")
        self.sim.stop()  # the modems vanish
        probe = Client(self.op.address)
        eventually(
            lambda: probe.get("/healthz").expect(200) and self.log().count("down: ") > 3,
            "the log speaks of the lost modems",
        )
        address = re.search(r"metrics are served\W+address\W+(127\.0\.0\.1:\d+)", self.log()).group(1)
        metrics = Client(address, checked=False).get("/metrics").body.decode()
        self.op.stop()

        log = self.log() + metrics
        for secret in self.secrets:
            if len(secret) == 6:  # a code; an id could hold its digits by chance
                self.assertNotRegex(log, rf"\b{secret}\b", "a code is in the log")
            else:
                self.assertNotIn(secret.lstrip("+"), log, "a secret is in the log")

    def log(self):
        return self.op.stderr()


if __name__ == "__main__":
    main()
