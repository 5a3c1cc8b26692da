"""test_guide.py - an agent follows the API's guide from its first call to its last, with curl

The calls, their order and their options are those of the guide; only the base URL is another. What
the human does (reading a code back, texting) is done at the simulated phone. Nothing is configured,
so the limits are the real ones; between the calls of one second's limit a second passes."""

import os
import subprocess

from contract import *

HUMAN, FRIEND = "+14152055634", "+14155559999"
JSON = ("-H", "Content-Type: application/json")


def verify(secret, header, body, now):
    """The receiver's check, as the guide has it."""
    parts = dict(p.split("=", 1) for p in header.split(","))
    ts, sig = parts["t"], parts["v1"]
    if abs(now - int(ts)) > 300:
        return False
    expected = hmac.new(secret.encode(), f"{ts}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(sig, expected)


class Guide(Contract):
    MODEMS = 3
    ARGUMENTS = ()

    def curl(self, path, *arguments, status=200):
        """Runs curl as the guide does; the answer's JSON, or text."""
        out = os.path.join(self.home, "out")
        done = subprocess.run(
            ["curl", "-sS", "-o", out, "-w", "%{http_code} %{content_type}", *arguments]
            + [f"http://{self.op.address}{path}"],
            stdout=subprocess.PIPE,
            cwd=self.home,
            check=True,
            timeout=2 * DEADLINE_S,
        )
        code, _, kind = done.stdout.decode().partition(" ")
        with open(out, "rb") as file:
            said = file.read()
        os.remove(out)
        self.assertEqual(int(code), status, (path, said))
        return json.loads(said) if "json" in kind else said.decode()

    def post(self, path, body, *arguments, status=200):
        data = ("-d", json.dumps(body)) if body is not None else ()
        headers = JSON if body is not None else ()
        return self.curl(path, "-X", "POST", *arguments, *headers, *data, status=status)

    def quick_start(self):
        started = self.post("/auth/start", {"phone": HUMAN})
        self.assertEqual(started["expires_in"], 600)
        verification = started["verification_id"]
        code = self.carrier.code(HUMAN)
        eventually(
            lambda: self.curl(f"/auth/verifications/{verification}")["delivery_status"] == "sent",
            "the code is sent",
        )
        wanted = {"verification_id": verification, "code": code}
        self.opened = self.post("/auth/verify", wanted, "-c", "cookies.txt")
        self.assertTrue(self.opened["user"]["created"])
        self.assertEqual(self.curl("/console/api-keys", *self.cookie), {"api_keys": []})

        numbers = self.curl("/console/numbers/available", *self.cookie)["numbers"]
        self.shared = next(number["id"] for number in numbers if number["e164"] == SHARED)
        self.free = next(number for number in numbers if number["e164"] == SECOND)
        wanted = {"number_id": self.shared, "name": "agent"}
        self.made = self.post("/console/api-keys", wanted, *self.cookie, status=201)
        self.post(f"/console/numbers/{self.free['id']}/lease", None, *self.cookie)
        wanted = {"number_id": self.free["id"], "name": "agent"}
        paid = self.post("/console/api-keys", wanted, *self.cookie, status=201)
        self.key = ("-H", f"Authorization: Bearer {paid['key']}")

        wanted = {"to": HUMAN, "body": "Hey \u2014 this is my new OP number. Text me here anytime."}
        sent = self.post("/v1/messages", wanted, *self.key, status=201)
        self.assertEqual((sent["status"], sent["from"]), ("queued", SECOND))
        eventually(lambda: len(self.carrier.inbox(HUMAN)) == 2, "the text is there")
        self.carrier.text(HUMAN, SECOND, "Hello, agent.")
        listed = eventually(
            lambda: self.curl("/v1/messages?direction=inbound&limit=5", *self.key)["data"],
            "the reply is listed",
        )
        self.assertEqual(listed[0]["body"], "Hello, agent.")

    def rules(self):
        """A compromised key is revoked, with the session as a bearer."""
        bearer = ("-H", f"Authorization: Bearer {self.opened['session_token']}")
        self.curl(f"/console/api-keys/{self.made['id']}", "-X", "DELETE", *bearer, status=204)
        dead = ("-H", f"Authorization: Bearer {self.made['key']}")
        said = self.curl("/v1/number", *dead, status=401)
        self.assertEqual(said["error"]["code"], "unauthenticated")

    def messages(self):
        line = self.curl("/v1/number", *self.key)
        self.assertEqual((line["e164"], line["region"], line["tier"]), (SECOND, "US", "paid"))
        self.assertEqual(self.curl("/healthz"), {"status": "ok"})
        self.op.clock(1)
        wanted = {"to": FRIEND, "body": "Your appointment is confirmed for Tuesday at 2pm."}
        sent = self.post("/v1/messages", wanted, *self.key, status=201)
        eventually(
            lambda: self.curl(f"/v1/messages/{sent['id']}", *self.key)["status"] == "sent",
            "it is sent",
        )
        page = self.curl("/v1/messages?direction=inbound&limit=20", *self.key)
        self.assertIsNone(page["next_cursor"])

    def numbers_and_keys(self):
        mine = self.curl("/console/numbers/mine", *self.cookie)["numbers"]
        self.assertEqual([number["e164"] for number in mine], [SECOND])
        path = f"/console/api-keys?number_id={self.free['id']}"
        (listed,) = self.curl(path, *self.cookie)["api_keys"]
        self.assertTrue(self.key[1].endswith(listed["key_prefix"], 0, 22 + 12))
        self.assertNotIn("key", listed)

    def webhooks(self):
        server = Server()
        self.addCleanup(server.close)
        number = self.free["id"]
        wanted = {
            "number_id": number,
            "url": "https://your-app.example.com/sms",
            "events": ["message.received", "message.sent", "message.failed"],
        }
        made = self.post("/console/webhooks", wanted, *self.cookie, status=201)
        said = self.post("/console/webhooks", wanted, *self.cookie, status=409)
        self.assertEqual(said["error"]["code"], "webhook_exists")
        (listed,) = self.curl(f"/console/webhooks?number_id={number}", *self.cookie)["webhooks"]
        self.assertEqual(listed["id"], made["id"])
        path = f"/console/webhooks/{made['id']}"
        body = json.dumps({"url": server.url("/sms")})
        changed = self.curl(path, "-X", "PATCH", *self.cookie, *JSON, "-d", body)
        self.assertEqual(changed["url"], server.url("/sms"))
        secret = self.post(f"{path}/rotate-secret", None, *self.cookie)["secret"]
        self.assertEqual(self.post(f"{path}/test", None, *self.cookie)["status"], 200)
        self.carrier.text(HUMAN, SECOND, "hi back")
        for post in server.wait("/sms", 2):
            signature = post.headers["op-signature"]
            self.assertTrue(verify(secret, signature, post.body, self.op.clock()))
        event = json.loads(server.at("/sms")[1].body)
        self.assertEqual((event["type"], event["data"]["body"]), ("message.received", "hi back"))
        self.curl(path, "-X", "DELETE", *self.cookie, status=204)

    def release(self):
        self.post(f"/console/numbers/{self.free['id']}/release", None, *self.cookie)
        self.assertEqual(self.curl("/console/numbers/mine", *self.cookie), {"numbers": []})

    def learn_more(self):
        self.assertIn("<html", self.curl("/docs").lower())
        self.assertIn("<html", self.curl("/redoc").lower())
        self.assertIn("paths", self.curl("/openapi.json"))

    def test_the_guide_from_top_to_bottom(self):
        self.home = self.folder()
        self.cookie = ("-b", "cookies.txt")
        self.quick_start()
        self.rules()
        self.messages()
        self.numbers_and_keys()
        self.webhooks()
        self.release()
        self.learn_more()


if __name__ == "__main__":
    main()
