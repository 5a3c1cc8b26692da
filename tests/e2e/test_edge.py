"""The HTTP edge of opd, octet by octet: framing, methods, origins, cookies, proxies."""

import re
import time
import unittest

from harness import WIDE, Account, Carrier, Case, Opd, main, new_phone
from raw import EVIL, POST, SMUGGLING, Wire

GOOD = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: good\r\n\r\n"


class Edge(Case):
    @classmethod
    def setUpClass(cls):
        cls.op, cls.carrier = cls.simulate(2, *WIDE)

    def wire(self, op=None):
        wire = Wire((op or self.op).address)
        self.addCleanup(wire.close)
        return wire

    def ask(self, octets, head_only=False):
        """The one answer to a request, on a connection of its own."""
        return self.wire().send(octets).answer(head_only).check()

    def refused(self, octets, status):
        """Behind a good request on a kept connection: one refusal, then the end."""
        wire = self.wire().send(GOOD)
        self.assertEqual(wire.answer().headers["Connection"], "keep-alive")
        answer = wire.send(octets).answer()
        self.assertEqual(answer.status, status)
        answer.check()
        self.assertEqual(set(answer.json["error"]), {"code", "message"})
        self.assertEqual(answer.headers["Connection"], "close")
        self.assertNotEqual(answer.headers["X-Request-Id"], "evil")
        self.assertIsNone(wire.answer(), "a second answer")
        return answer

    def test_methods_and_heads(self):
        for path in ("/healthz", "/v1/messages", "/console/api-keys", "/nothing"):
            with self.subTest(path):
                get, head, options = (
                    self.ask(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), method == "HEAD")
                    if method != "HEAD"
                    else self.wire()
                    .send(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    .answer(True)
                    for method in ("GET", "HEAD", "OPTIONS")
                )
                self.assertEqual(head.status, get.status)
                self.assertEqual(set(head.headers), set(get.headers))
                self.assertEqual(head.headers["Content-Length"], str(len(get.body)))
                if path == "/nothing":
                    options.expect_error(404, "not_found")
                else:
                    options.expect(204)
                    self.assertLessEqual({"GET", "HEAD", "OPTIONS"},
                                         set(options.headers["Allow"].split(", ")))

    def test_head_leaves_no_body_behind(self):
        wire = self.wire().send(GOOD.replace(b"GET", b"HEAD") + GOOD)
        self.assertEqual(wire.answer(head_only=True).status, 200)
        self.assertEqual(wire.answer().json, {"status": "ok"})

    def test_other_origins(self):
        ask = b"OPTIONS %s HTTP/1.1\r\nHost: x\r\nOrigin: https://agent.example\r\n" \
              b"Access-Control-Request-Method: POST\r\n" \
              b"Access-Control-Request-Headers: authorization, content-type\r\n\r\n"
        answer = self.ask(ask % b"/v1/messages")
        answer.expect(204)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertLessEqual({"GET", "HEAD", "POST"},
                             set(answer.headers["Access-Control-Allow-Methods"].split(", ")))
        allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
        self.assertLessEqual({"authorization", "content-type", "x-request-id"}, set(allowed))
        self.assertGreater(int(answer.headers["Access-Control-Max-Age"]), 0)
        answer = self.ask(b"GET /v1/number HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\n\r\n")
        answer.expect_error(401, "unauthenticated")
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertNotIn("Access-Control-Allow-Credentials", answer.headers)
        self.assertIn("X-RateLimit-Remaining", answer.headers["Access-Control-Expose-Headers"])
        for request in (ask % b"/console/api-keys", ask % b"/auth/start", ask % b"/healthz",
                        b"GET /healthz HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\n\r\n",
                        b"GET /sim/modems HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\n\r\n"):
            answer = self.wire().send(request).answer()
            self.assertFalse([name for name in answer.headers if name.startswith("access-control")])

    def test_the_simulated_carrier_shows_the_window(self):
        remaining = []
        for path in ("/sim/modems", "/sim/events", "/sim/nothing", "/sim/phones/x/messages"):
            answer = self.wire().send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).answer()
            self.assertTrue(answer.headers["X-Request-Id"])
            for name in ("Limit", "Remaining", "Reset"):
                self.assertRegex(answer.headers[f"X-RateLimit-{name}"], "^[0-9]+$")
            remaining.append(answer.headers["X-RateLimit-Remaining"])
        self.assertEqual(len(set(remaining)), 1, "looking counts")

    def test_deep_json(self):
        for path in ("/auth/start", f"/sim/phones/{new_phone()}/messages"):
            for piece in (b"[", b'{"to":'):
                body = piece * 2000
                answer = self.wire().send(
                    b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
                    % (path.encode(), len(body)) + body).answer()
                answer.expect_error(422, "validation_error")

    def test_sizes(self):
        self.refused(b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL, 414)
        for size in (33000, 65536, 70000, 300000):
            with self.subTest(size):
                head = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"v" * size
                self.refused(head + b"\r\n\r\n" + EVIL, 431)
        self.refused(b"POST /auth/start HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n"
                     + b" " * 65537 + EVIL, 413)

    def test_cookies(self):
        human = Account(self.op, self.carrier)
        client, path, own = self.op.client(), "/console/api-keys", f"ses_live_{'0' * 32}"
        for cookie, status in (
            (f"op_session={human.token}", 200),
            (f"a=b; op_session={human.token}; c=d", 200),
            (f"a;;=;op_session={human.token}", 200),
            (f"op_session={human.token}; op_session={own}", 200),  # the first one counts
            (f"op_session={own}; op_session={human.token}", 401),
            (f"xop_session={human.token}", 401),
            (f"op_session = {human.token}", 401),
            (f'op_session="{human.token}"', 401),
            ("op_session=", 401),
            ("=;;;", 401),
            ("", 401),
        ):
            with self.subTest(cookie.replace(human.token, "...")):
                self.assertEqual(client.get(path, Cookie=cookie).status, status)
        # A Bearer header decides alone, whatever the cookie and the origin.
        cookie = f"op_session={human.token}"
        client.get(path, Cookie=cookie, Authorization=f"Bearer {own}").expect(401)
        evil = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}
        client.post("/auth/logout", Cookie=cookie, **evil).expect_error(403, "forbidden")
        client.get(path, Cookie=cookie).expect(200)
        answer = client.post("/auth/logout", Cookie=cookie, Origin=f"http://{self.op.address}")
        answer.expect(204)
        self.assertRegex(
            answer.headers["Set-Cookie"],
            r"^op_session=; HttpOnly; SameSite=Lax; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT$")
        client.get(path, Cookie=cookie).expect_error(401, "unauthenticated")

    def verify(self, op, carrier, **headers):
        """The Set-Cookie of a login."""
        client, phone = op.client(), new_phone()
        opened = client.post("/auth/start", {"phone": phone}, **headers).expect(200)
        answer = client.post("/auth/verify", {"verification_id": opened["verification_id"],
                                              "code": carrier.code(phone)}, **headers)
        answer.expect(200)
        return answer.headers["Set-Cookie"]

    def test_the_cookie_of_a_login(self):
        forged = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "192.0.2.1"}
        cookie = self.verify(self.op, self.carrier, **forged)
        found = re.fullmatch(r"op_session=ses_live_[A-Za-z0-9]{32}; HttpOnly; SameSite=Lax; Path=/; "
                             r"Expires=(\w{3}, \d\d \w{3} 20\d\d \d\d:\d\d:\d\d GMT)", cookie)
        self.assertTrue(found, "nobody but a proxy may say that there was TLS")
        expires = time.mktime(time.strptime(found.group(1), "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
        self.assertAlmostEqual(expires, time.time() + 30 * 86400, delta=600)

    def test_behind_a_proxy(self):
        op = Opd(self.folder(), "--simulate=1", "--set=http/proxies=127.0.0.0/8",
                 "--set=limits/address_minute=3")
        self.addCleanup(op.stop)
        op.wait_ready()
        seen = {"X_Forwarded_Proto": "https", "X_Forwarded_For": "192.0.2.1, 198.51.100.7"}
        self.assertRegex(self.verify(op, Carrier(op.address), **seen), "; Secure$")
        client = op.client()

        def remaining(value):
            answer = client.get("/healthz", X_Forwarded_For=value)
            return int(answer.headers["X-RateLimit-Remaining"])

        # Each client has a window of its own; what it claims to the left makes no difference.
        self.assertEqual(remaining("203.0.113.1"), 2)
        self.assertEqual(remaining("203.0.113.1:99"), 1)
        self.assertEqual(remaining("192.0.2.99, 203.0.113.1"), 0)
        client.get("/healthz", X_Forwarded_For="10.1.1.1,203.0.113.1").expect_error(429, "rate_limited")
        self.assertEqual(remaining("203.0.113.2"), 2)


def named(name):
    return "test_smuggling_" + re.sub(r"[^A-Za-z0-9]+", "_", name)


def smuggling(octets, status):
    def test(self):
        self.refused(octets, status)

    return test


for _name, (_octets, _status) in SMUGGLING.items():
    setattr(Edge, named(_name), smuggling(_octets, _status))

if __name__ == "__main__":
    main()
