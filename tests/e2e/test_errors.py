"""test_errors.py - every error code that a client can meet, each in the one shape"""

import http.client
import socket

from harness import *

NOBODY = "0193b3a0-0000-7000-8000-000000000000"  # an id that nothing has


class Errors(Case):
    @classmethod
    def setUpClass(cls):
        cls.op, cls.carrier = cls.simulate(4, *WIDE)
        cls.human = Account(cls.op, cls.carrier)
        cls.console = cls.human.console
        cls.number = cls.human.number()[0]
        cls.agent = cls.human.mint(cls.number)
        cls.client = cls.op.client()

    def start(self, phone):
        return self.client.post("/auth/start", {"phone": phone})

    def verify(self, verification, code):
        wanted = {"verification_id": verification, "code": code}
        return self.client.post("/auth/verify", wanted)

    def send(self, to, body="hello"):
        return self.agent.post("/v1/messages", {"to": to, "body": body})

    def test_invalid_phone(self):
        phones = "(415) 555-1234, 415-555-1234, 4155551234, +1415555123, +141555512345, +0123456789"
        for phone in [*phones.split(", "), "", "+", "+1415555123x", "+44 7700 900123"]:
            with self.subTest(phone):
                self.start(phone).expect_error(400, "invalid_phone", "phone")
                self.send(phone).expect_error(400, "invalid_phone", "to")
        foreign = "+447700900123"  # well formed, but not among the allowed prefixes
        self.start(foreign).expect_error(400, "invalid_phone", "phone")
        self.send(foreign).expect_error(400, "invalid_phone", "to")

    def test_phone_is_pool_number(self):
        _, leased = Account(self.op, self.carrier).lease()
        for phone in (SHARED, leased):
            self.start(phone).expect_error(400, "phone_is_pool_number", "phone")

    def test_verification_locks_after_five_wrong_codes(self):
        phone = new_phone()
        verification = self.start(phone).expect(200)["verification_id"]
        code = self.carrier.code(phone)
        wrong = f"{(int(code) + 1) % 1000000:06}"
        for _ in range(5):
            self.verify(verification, wrong).expect_error(400, "verification_invalid", "code")
        self.verify(verification, code).expect_error(400, "verification_invalid", "code")
        self.verify(NOBODY, code).expect_error(400, "verification_invalid", "verification_id")
        self.verify("0193...", code).expect_error(400, "verification_invalid", "verification_id")

    def test_four_wrong_codes_do_not_lock(self):
        phone = new_phone()
        verification = self.start(phone).expect(200)["verification_id"]
        code = self.carrier.code(phone)
        wrong = f"{(int(code) + 1) % 1000000:06}"
        for _ in range(4):
            self.verify(verification, wrong).expect_error(400, "verification_invalid", "code")
        self.verify(verification, code).expect(200)
        self.verify(verification, code).expect_error(400, "verification_expired")

    def test_a_second_start_ends_the_first(self):
        phone = new_phone()
        first = self.start(phone).expect(200)["verification_id"]
        code = self.carrier.code(phone)
        self.start(phone).expect(200)
        self.verify(first, code).expect_error(400, "verification_expired")

    def test_sending(self):
        self.send(self.human.phone, "x" * 1601).expect_error(400, "body_too_long", "body")
        self.send(self.human.phone, "\U0001f30a" * 1601).expect_error(400, "body_too_long", "body")
        self.send(self.human.phone, "").expect_error(422, "validation_error", "body")
        self.send(SHARED).expect_error(400, "self_send", "to")
        owner = Account(self.op, self.carrier)
        free = owner.number(shared=False)[1]
        self.send(free).expect_error(400, "target_is_pool", "to")
        number, e164 = owner.lease()
        leased = owner.mint(number)
        for to, code in ((e164, "self_send"), (SHARED, "target_is_pool")):
            answer = leased.post("/v1/messages", {"to": to, "body": "x"})
            answer.expect_error(400, code, "to")

    def test_bodies(self):
        wrong = {
            b"": None,
            b"{": None,
            b"[]": None,
            b'"x"': None,
            b"{}": "to",
            b'{"to": "+14155550123"}': "body",
            b'{"to": 1, "body": "x"}': "to",
            b'{"to": null, "body": "x"}': "to",
            b'{"to": "+14155550123", "body": 7}': "body",
            b'{"to": "+14155550123", "body": "\xff"}': None,
        }
        for body, field in wrong.items():
            with self.subTest(body):
                self.agent.post("/v1/messages", body).expect_error(422, "validation_error", field)
        body = b'{"to": "+14155550123", "body": "x"}'
        answer = self.agent.post("/v1/messages", body, Content_Type="text/plain")
        answer.expect_error(422, "validation_error")

    def test_parameters(self):
        for query, field in (
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=-1", "limit"),
            ("limit=ten", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("direction=sideways", "direction"),
            ("cursor=nowhere", "cursor"),
            ("cursor=%F0", "cursor"),
            ("limit=5&limit=6", "limit"),
        ):
            with self.subTest(query):
                answer = self.agent.get(f"/v1/messages?{query}")
                answer.expect_error(422, "validation_error", field)
        answer = self.console.get("/console/api-keys?number_id=x")
        answer.expect_error(422, "validation_error", "number_id")

    def test_webhook_refusals(self):
        def register(**differs):
            wanted = {"number_id": self.number, "url": "https://agent.example/x", "events": []}
            return self.console.post("/console/webhooks", {**wanted, **differs})

        unknown = ["message.received", "message.read"]
        register(events=unknown).expect_error(400, "invalid_events", "events")
        events = ["message.received"]
        register(events="message.received").expect_error(422, "validation_error", "events")
        for url in ("", "x", "ftp://agent.example/", "https://", "https://10.0.0.1/", "file:///x"):
            with self.subTest(url):
                register(events=events, url=url).expect_error(422, "validation_error", "url")
        register(events=events, number_id=NOBODY).expect_error(404, "not_found", "number_id")
        register(events=events).expect(201)
        register(events=events).expect_error(409, "webhook_exists")

    def test_unauthenticated(self):
        key, session = self.agent.credential, self.human.token
        tokens = [None, "", "x", "op_live_" + "A" * 32, "ses_live_" + "A" * 32, key[:-1], key + "A"]
        for token in tokens:
            for path in ("/v1/number", "/v1/messages", "/console/api-keys"):
                with self.subTest(path=path, token=token and token[:12]):
                    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                    answer = self.client.get(path, **headers)
                    answer.expect_error(401, "unauthenticated")
        # Each credential has its own surface.
        answer = self.client.get("/v1/number", Authorization=f"Bearer {session}")
        answer.expect_error(401, "unauthenticated")
        answer = self.client.get("/console/api-keys", Authorization=f"Bearer {key}")
        answer.expect_error(401, "unauthenticated")
        answer = self.client.get("/v1/number", Cookie=f"op_session={session}")
        answer.expect_error(401, "unauthenticated")

    def test_not_found(self):
        other = Account(self.op, self.carrier)
        agent = other.mint(other.number()[0])
        message = send(agent, other.phone, "private")["id"]
        key = other.console.get("/console/api-keys").expect(200)["api_keys"][0]["id"]
        self.agent.get(f"/v1/messages/{message}").expect_error(404, "not_found")
        self.console.delete(f"/console/api-keys/{key}").expect_error(404, "not_found")
        agent.get("/v1/number").expect(200)
        for method, path in (
            ("GET", f"/v1/messages/msg_{NOBODY}"),
            ("GET", f"/v1/messages/{NOBODY}"),
            ("GET", "/v1/messages/x"),
        ):
            with self.subTest(path):
                self.agent.call(method, path).expect_error(404, "not_found")
        for method, path in (
            ("POST", f"/console/numbers/{NOBODY}/lease"),
            ("POST", f"/console/numbers/{NOBODY}/release"),
            ("POST", f"/console/numbers/{self.number}/release"),
            ("DELETE", f"/console/api-keys/{NOBODY}"),
            ("DELETE", "/console/api-keys/x"),
            ("DELETE", f"/console/webhooks/{NOBODY}"),
        ):
            with self.subTest(path):
                self.console.call(method, path).expect_error(404, "not_found")
        for path in ("/v1", "/v1/", "/v2/messages", "/healthz/", "/HEALTHZ", "/v1/messages/"):
            with self.subTest(path):
                self.client.get(path).expect_error(404, "not_found")
        self.client.get(f"/auth/verifications/{NOBODY}").expect_error(404, "not_found")

    def test_method_not_allowed(self):
        for method, path, allow in (
            ("DELETE", "/v1/messages", {"GET", "HEAD", "POST", "OPTIONS"}),
            ("GET", "/auth/start", {"POST", "OPTIONS"}),
            ("POST", "/v1/number", {"GET", "HEAD", "OPTIONS"}),
            ("PUT", f"/console/api-keys/{NOBODY}", {"GET", "HEAD", "DELETE", "OPTIONS"}),
        ):
            with self.subTest(path):
                answer = self.client.call(method, path).expect_error(405, "method_not_allowed")
                self.assertEqual(set(answer.headers["Allow"].split(", ")), allow)

    def test_cross_origin_calls_with_the_cookie(self):
        cookie, path = f"op_session={self.human.token}", "/console/api-keys"
        wanted = {"number_id": self.number, "name": "csrf"}
        own = f"http://{self.op.address}"
        for headers, refused in (
            ({"Origin": "https://evil.example"}, True),
            ({"Origin": "null"}, True),
            ({"Origin": own + ".evil.example"}, True),
            ({"Sec_Fetch_Site": "cross-site"}, True),
            ({"Sec_Fetch_Site": "same-site"}, True),
            ({"Origin": own}, False),
            ({"Sec_Fetch_Site": "same-origin", "Origin": own}, False),
            ({}, False),
        ):
            with self.subTest(headers):
                answer = self.client.post(path, wanted, Cookie=cookie, **headers)
                answer.expect_error(403, "forbidden") if refused else answer.expect(201)
        self.client.get(path, Cookie=cookie, Origin="https://evil.example").expect(200)
        self.console.post(path, wanted, Origin="https://evil.example").expect(201)

    def test_too_large(self):
        answer = self.client.post("/auth/start", b" " * (64 * 1024 + 1))
        answer.expect_error(413, "payload_too_large")
        self.client.get("/" + "a" * 9000).expect_error(414, "uri_too_long")

    def test_malformed_requests_get_the_one_shape_too(self):
        for request in (
            b"NONSENSE\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\n\r\n",
            b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST /auth/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /auth/start HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
            b"Content-Length: 2\r\n\r\n{}",
        ):
            with self.subTest(request):
                host, port = self.op.address.split(":")
                with socket.create_connection((host, int(port)), 60) as connection:
                    connection.sendall(request)
                    raw = b"".join(iter(lambda: connection.recv(65536), b""))
                head, _, body = raw.partition(b"\r\n\r\n")
                status, *lines = head.decode().split("\r\n")
                headers = dict(line.split(": ", 1) for line in lines)
                answer = Answer(int(status.split(" ")[1]), headers, body).check()
                answer.expect_error(answer.status, "validation_error")
                self.assertIn(answer.status, (400, 411))

    def test_request_ids(self):
        answer = self.client.get("/healthz", X_Request_Id="my-own-id_1")
        self.assertEqual(answer.headers["X-Request-Id"], "my-own-id_1")
        first, second = (self.client.get("/healthz").headers["X-Request-Id"] for _ in range(2))
        self.assertNotEqual(first, second)

    def test_head_has_no_body(self):
        connection = http.client.HTTPConnection(self.op.address, timeout=60)
        self.addCleanup(connection.close)
        for _ in range(2):  # a body would be taken for the begin of the second answer
            connection.request("HEAD", "/healthz")
            response = connection.getresponse()
            self.assertEqual((response.status, response.read()), (200, b""))
            self.assertEqual(response.headers["Content-Length"], str(len('{"status":"ok"}')))


class Limits(Case):
    """The limits as they are without a word of configuration."""

    @classmethod
    def setUpClass(cls):
        cls.op, cls.carrier = cls.simulate(2)
        cls.human = Account(cls.op, cls.carrier)
        cls.agent = cls.human.mint(cls.human.number()[0])

    def refused(self, call, most):
        """Repeats a call until it is refused: the answer."""
        for _ in range(most + 1):
            answer = call()
            if answer.status == 429:
                answer.expect_error(429, "rate_limited")
                self.assertEqual(answer.headers["X-RateLimit-Remaining"], "0")
                return answer
        raise AssertionError(f"{most + 1} calls and no limit")

    def limit(self, answer):
        return int(answer.headers["X-RateLimit-Limit"])

    def test_start_per_phone(self):
        client, phone = self.op.client(), new_phone()
        answer = client.post("/auth/start", {"phone": phone})
        answer.expect(200)
        self.assertEqual(self.limit(answer), 1)
        answer = self.refused(lambda: client.post("/auth/start", {"phone": phone}), 1)
        self.assertLessEqual(int(answer.headers["Retry-After"]), 30)

    def test_send_per_second(self):
        body = {"to": self.human.phone, "body": "once a second"}
        answer = self.refused(lambda: self.agent.post("/v1/messages", body), 60)
        self.assertIn(self.limit(answer), (1, 50, 60))

    def test_reads_per_minute(self):
        answer = self.refused(lambda: self.agent.get("/v1/number"), 240)
        self.assertEqual(self.limit(answer), 120)
        self.assertLessEqual(int(answer.headers["Retry-After"]), 60)

    def test_console_per_minute(self):
        console = self.human.console
        answer = self.refused(lambda: console.get("/console/numbers/mine"), 120)
        self.assertEqual(self.limit(answer), 60)
        self.assertLessEqual(int(answer.headers["Retry-After"]), 60)

    def test_texts_per_day(self):
        folder = self.folder()
        arguments = ["--simulate=2", *WIDE, "--set=limits/day_free=3", "--set=limits/day_paid=4"]
        op = Opd(folder, *arguments)
        self.addCleanup(op.stop)
        op.wait_ready()
        human = Account(op, Carrier(op.address))
        number, _ = human.lease()
        for agent, most in ((human.mint(human.number()[0]), 3), (human.mint(number), 4)):
            for _ in range(most):
                send(agent, human.phone, "counted")
            answer = agent.post("/v1/messages", {"to": human.phone, "body": "over"})
            answer.expect_error(429, "rate_limited")
            self.assertEqual(self.limit(answer), most)


if __name__ == "__main__":
    main()
