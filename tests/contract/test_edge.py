"""test_edge.py - what holds for every answer, whatever was asked; origins, methods, proxies"""

import http.client

from contract import *

EXPOSED = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"}


def words(value):
    return {word.strip() for word in (value or "").split(",")}


class Edge(Contract):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.someone = Account(cls.op, cls.carrier)
        cls.agent_ = cls.someone.mint(cls.someone.number()[0])

    def bare(self, method, path, headers=None, address=None):
        """Status, headers and body, of a connection of its own."""
        connection = http.client.HTTPConnection(address or self.op.address, timeout=2 * DEADLINE_S)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def test_whether_the_server_can_work_is_told_without_a_credential(self):
        self.client.get("/readyz").expect(200, {"status": "ready", "missing": []})

    def test_health_is_ok_without_a_credential(self):
        self.client.get("/healthz").expect(200, {"status": "ok"})

    def test_every_answer_has_a_request_id(self):
        ids = set()
        for path in ("/healthz", "/nowhere", "/v1/number", "/healthz"):
            ids.add(self.client.get(path).headers["X-Request-Id"])
        self.assertEqual(len(ids), 4)

    def test_a_sane_request_id_of_the_client_comes_back(self):
        for own in ("my-own-id_1", "a" * 64, NOBODY):
            for path in ("/healthz", "/nowhere", "/v1/number"):
                answer = self.client.get(path, X_Request_Id=own)
                self.assertEqual(answer.headers["X-Request-Id"], own)

    def test_an_odd_request_id_is_replaced(self):
        for odd in ("a" * 65, "a b", "a;b", '"x"'):
            answer = self.client.get("/healthz", X_Request_Id=odd)
            self.assertRegex(answer.headers["X-Request-Id"], f"^{UUID.pattern}$")

    def test_nothing_but_json_is_said(self):
        for method, path in (("POST", "/"), ("GET", "/nowhere"), ("PUT", "/healthz"), ("GET", "/v1/number")):
            answer = self.client.call(method, path)
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            self.assertIn("error", answer.json)

    def test_head_is_get_without_the_body(self):
        for path, headers in (
            ("/healthz", {}),
            ("/v1/number", {"Authorization": f"Bearer {self.agent_.credential}"}),
            ("/nowhere", {}),
        ):
            with self.subTest(path):
                get, head = (self.bare(method, path, headers) for method in ("GET", "HEAD"))
                self.assertEqual((head.status, head.body), (get.status, b""))
                self.assertEqual(head.headers["Content-Length"], str(len(get.body)))
                self.assertEqual(head.headers["Content-Type"], get.headers["Content-Type"])

    def test_options_says_what_a_path_takes(self):
        for path, allowed in (
            ("/v1/messages", {"GET", "HEAD", "POST", "OPTIONS"}),
            ("/healthz", {"GET", "HEAD", "OPTIONS"}),
            ("/console/api-keys", {"GET", "HEAD", "POST", "OPTIONS"}),
        ):
            answer = self.bare("OPTIONS", path)
            self.assertEqual(answer.status, 204)
            self.assertEqual(words(answer.headers["Allow"]), allowed)
        self.assertEqual(self.bare("OPTIONS", "/nowhere").status, 404)

    def test_pages_of_any_origin_may_use_v1(self):
        origin = {"Origin": "https://app.example"}
        ask = {
            **origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        answer = self.bare("OPTIONS", "/v1/messages", ask)
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertLessEqual({"GET", "POST"}, words(answer.headers["Access-Control-Allow-Methods"]))
        allowed = {word.lower() for word in words(answer.headers["Access-Control-Allow-Headers"])}
        self.assertLessEqual({"authorization", "content-type", "x-request-id"}, allowed)
        self.assertIsNone(answer.headers["Access-Control-Allow-Credentials"])
        for path in ("/v1/number", "/v1/nowhere"):
            answer = self.bare("GET", path, origin)  # an error is to be read as well
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
            self.assertLessEqual(EXPOSED, words(answer.headers["Access-Control-Expose-Headers"]))

    def test_pages_of_other_origins_may_use_nothing_else(self):
        ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
        for method, path in (
            ("OPTIONS", "/console/api-keys"),
            ("OPTIONS", "/auth/start"),
            ("GET", "/console/api-keys"),
            ("GET", "/healthz"),
        ):
            with self.subTest(path):
                headers = self.bare(method, path, ask).headers
                found = [name for name in headers if name.lower().startswith("access-control-")]
                self.assertEqual(found, [])

    def test_the_clients_address_comes_from_a_configured_proxy(self):
        op, _ = self.simulate(1, "--set=http/proxies=127.0.0.0/8")
        client = op.client()
        for n in range(25):
            body = {"phone": new_phone()}
            answer = client.post("/auth/start", body, X_Forwarded_For=f"198.51.100.{n}")
            answer.expect(200)

    def test_a_connection_is_kept_for_many_calls(self):
        connection = http.client.HTTPConnection(self.op.address, timeout=2 * DEADLINE_S)
        self.addCleanup(connection.close)
        sockets = set()
        for path in ("/healthz", "/nowhere", "/v1/number", "/healthz"):
            connection.request("GET", path)
            connection.getresponse().read()
            sockets.add(connection.sock and connection.sock.getsockname())
        self.assertEqual(len(sockets), 1)
        self.assertNotIn(None, sockets)

    def test_answers_are_not_stored_by_caches(self):
        self.assertEqual(self.agent_.get("/v1/number").headers["Cache-Control"], "no-store")


if __name__ == "__main__":
    main()
