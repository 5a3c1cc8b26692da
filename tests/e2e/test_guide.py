"""test_guide.py - every command of the guide, as an agent would run it, in the guide's order"""

import json
import os
import re
import signal
import subprocess

from harness import DEADLINE_S, SHARED, WIDE, Case, Opd, Receiver, eventually, main, new_phone

# Which variable an answer of a call fills, and by which of its members.
LEARNT = {
    "/auth/start": [("VERIFICATION_ID", "verification_id")],
    "/auth/verify": [("SESSION", "session_token")],
    "/console/api-keys": [("OP_API_KEY", "key"), ("KEY_ID", "id")],
    "/v1/messages": [("MESSAGE_ID", "id")],
    "/console/webhooks": [("WEBHOOK_ID", "id"), ("WEBHOOK_SECRET", "secret")],
    "/console/webhooks/$WEBHOOK_ID/rotate-secret": [("WEBHOOK_SECRET", "secret")],
}


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


class Guide(Case):
    @classmethod
    def setUpClass(cls):
        cls.op, cls.carrier = cls.simulate(3, *WIDE)
        answer = cls.op.client().get_page("/skill.md")
        cls.text = answer.body.decode()

    def run_block(self, script, variables):
        """Runs a block; its output, and its variables for the blocks behind it."""
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script + '\nprintf "%s" "${OP-}" >&2'],
            env={"PATH": "/usr/bin:/bin", **variables},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        self.assertEqual(run.returncode, 0, f"{script}\n{run.stderr}")
        variables["OP"] = run.stderr
        return run.stdout

    def learn(self, script, answers, variables):
        path = re.search(r'"?\$OP(/[^" ?]*)', script)
        for name, member in LEARNT.get(path and path.group(1), []):
            for answer in answers:
                if member in answer:
                    variables[name] = answer[member]
        for answer in answers:
            for number in answer.get("numbers", []):
                if not number["shared"] and "leased_at" not in number:
                    variables["NUMBER_ID"] = number["id"]
            if path and path.group(1).endswith("/deliveries"):
                variables["DELIVERY_ID"] = answer["data"][0]["id"]

    def answers(self, script, output):
        """The JSON values of a block's output, none of which may be a refusal."""
        decoder, values = json.JSONDecoder(), []
        while output.strip():
            value, end = decoder.raw_decode(output.strip())
            self.assertNotIn("code", value.get("error") or {}, f"{script}\n{output}")
            values.append(value)
            output = output.strip()[end:]
        return values

    def test_every_command_works_in_order(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        phone = new_phone()
        variables = {"PHONE": phone, "WEBHOOK_URL": receiver.url("/sms")}
        commands = blocks(self.text, "bash")
        self.assertGreater(len(commands), 15)
        for script in commands:
            with self.subTest(script.splitlines()[0]):
                if "$CODE" in script:
                    variables["CODE"] = self.carrier.code(phone)
                wanted = set(re.findall(r"\$([A-Z_]+)", script)) - {"OP"}
                self.assertLessEqual(wanted, set(variables), script)
                answers = self.answers(script, self.run_block(script, variables))
                self.learn(script, answers, variables)
                if "POST" in script and "/console/webhooks\"" in script:
                    self.check_delivery(receiver, variables)
        run = self.op.client(variables["SESSION"]).get("/console/api-keys")
        run.expect_error(401, "unauthenticated")  # the guide has logged out

    def check_delivery(self, receiver, variables):
        """A text comes in; the guide's own program finds its delivery genuine."""
        agent = self.op.client(variables["OP_API_KEY"])
        number = agent.get("/v1/number").expect(200)["e164"]
        self.carrier.text(variables["PHONE"], number, "hello agent")
        # What the guide sent before may end only now, and is then posted too.
        headers, body = eventually(
            lambda: next(
                (post[1:] for post in receiver.posts if post[1]["op-event"] == "message.received"),
                None,
            ),
            "the text at the webhook",
        )
        namespace = {}
        (program,) = blocks(self.text, "python")
        exec(program, namespace)
        signature = headers["op-signature"]
        genuine = namespace["genuine"]
        self.assertTrue(genuine(variables["WEBHOOK_SECRET"], signature, body))
        self.assertFalse(genuine(variables["WEBHOOK_SECRET"], signature, body + b" "))
        self.assertFalse(genuine("whs_" + "x" * 32, signature, body))
        old = re.sub(r"t=\d+", "t=1700000000", signature)
        self.assertFalse(genuine(variables["WEBHOOK_SECRET"], old, body))
        self.assertEqual(json.loads(body)["data"]["body"], "hello agent")

    def test_this_server_is_filled_in(self):
        self.assertNotIn("{{", self.text)
        self.assertIn(f"OP=http://{self.op.address}\n", self.text)
        self.assertIn(SHARED, self.text)
        self.assertIn("1000000 texts a day", self.text)  # WIDE
        self.assertIn("works for 10 minutes", self.text)
        self.assertIn("| 30 days |", self.text)

    def test_a_reload_changes_it(self):
        folder = self.folder()
        path = os.path.join(folder, "op.zpl")

        def write(day, ttl):
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"limits\n    day_free = {day}\nauth\n    code_ttl_s = {ttl}\n")

        write(11, 600)
        op = Opd(folder, "--simulate=1", f"--config={path}")
        self.addCleanup(op.stop)
        op.wait_ready()
        client = op.client()
        before = client.get_page("/skill.md")
        self.assertIn("11 texts a day", before.body.decode())
        write(12, 300)
        op.process.send_signal(signal.SIGHUP)
        eventually(lambda: client.get_page("/skill.md").body != before.body, "the guide changes")
        for guide in ("/skill.md", "/llms.txt"):
            answer = client.get_page(guide, If_None_Match=before.headers["ETag"])
            text = answer.body.decode()
            self.assertIn("12 texts a day", text)
            self.assertIn("works for 5 minutes", text)

    def test_every_error_code_is_explained(self):
        document = self.op.client().get_page("/openapi.json").json
        error = document["components"]["schemas"]["Error"]["properties"]["error"]
        for code in error["properties"]["code"]["enum"]:
            with self.subTest(code):
                self.assertIn(f"`{code}`", self.text)

    def test_every_path_of_the_api_is_real(self):
        document = self.op.client().get_page("/openapi.json").json
        known = {re.sub(r"\{[a-z_]+\}", "X", path) for path in document["paths"]}
        named = re.findall(r"\$OP(/[^\" ?]*)", self.text)
        for path in named:
            with self.subTest(path):
                self.assertIn(re.sub(r"\$[A-Z_]+", "X", path), known)


if __name__ == "__main__":
    main()
