"""test_documents.py - what the server says about itself"""

import re

from contract import *


class Documents(Contract):
    def page(self, path):
        client = Client(self.op.address, checked=False)
        answer = client.get(path)
        self.assertEqual(answer.status, 200, path)
        self.assertIn("X-Request-Id", answer.headers)
        return answer

    def test_openapi_is_served_as_json(self):
        answer = self.page("/openapi.json")
        self.assertIn("application/", answer.headers["Content-Type"])
        self.assertRegex(answer.json["openapi"], r"^3\.1\.")

    def test_openapi_has_every_call_of_the_contract(self):
        paths = self.page("/openapi.json").json["paths"]
        for call in (
            "POST /auth/start",
            "POST /auth/verify",
            "POST /auth/logout",
            "GET /auth/verifications/{}",
            "GET /console/numbers/available",
            "GET /console/numbers/mine",
            "POST /console/numbers/{}/lease",
            "POST /console/numbers/{}/release",
            "POST /console/api-keys",
            "GET /console/api-keys",
            "GET /console/api-keys/{}",
            "DELETE /console/api-keys/{}",
            "POST /console/webhooks",
            "GET /console/webhooks",
            "GET /console/webhooks/{}",
            "PATCH /console/webhooks/{}",
            "DELETE /console/webhooks/{}",
            "POST /console/webhooks/{}/rotate-secret",
            "POST /console/webhooks/{}/test",
            "GET /v1/number",
            "POST /v1/messages",
            "GET /v1/messages",
            "GET /v1/messages/{}",
            "GET /healthz",
        ):
            method, path = call.split(" ")
            known = {re.sub(r"\{\w+\}", "{}", one): one for one in paths}
            self.assertIn(path, known)
            self.assertIn(method.lower(), paths[known[path]], call)

    def test_openapi_describes_the_webhooks(self):
        webhooks = json.dumps(self.page("/openapi.json").json["webhooks"])
        for word in (*EVENTS, "op-signature", "op-delivery-id", "op-event"):
            self.assertIn(word, webhooks)

    def test_the_interactive_pages_are_served(self):
        for path in ("/docs", "/redoc"):
            answer = self.page(path)
            self.assertRegex(answer.headers["Content-Type"], "^text/html")
            self.assertRegex(answer.headers["Content-Security-Policy"], "default-src")
            self.assertNotRegex(answer.body.decode(), r"(src|href)=\"https?://(?!127\.0\.0\.1)")

    def test_a_page_is_not_sent_twice(self):
        for path in ("/docs", "/redoc", "/openapi.json", "/skill.md", "/llms.txt"):
            tag = self.page(path).headers["ETag"]
            answer = Client(self.op.address, checked=False).get(path, If_None_Match=tag)
            self.assertEqual((answer.status, answer.body), (304, b""))
            self.assertEqual(answer.headers["ETag"], tag)

    def test_the_guide_for_agents_is_served(self):
        guide = self.page("/skill.md").body.decode()
        self.assertIn(SHARED, guide)
        self.assertIn("/auth/start", guide)
        self.page("/llms.txt")


if __name__ == "__main__":
    main()
