"""test_errors.py - each error code with its status, in the one shape

Most codes have their tests where the call is; here is what belongs to no single call."""

import socket

from contract import *


def raw(address, *pieces):
    """What the server says to those bytes until it closes the connection: (Answer, rest)."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), DEADLINE_S) as connection:
        for piece in pieces:
            connection.sendall(piece)
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    size = int(headers.get("Content-Length", "0"))
    return Answer(int(status.split(" ")[1]), headers, body[:size]), body[size:]


class Errors(Contract):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.someone = Account(cls.op, cls.carrier)
        cls.agent_ = cls.someone.mint(cls.someone.number()[0])

    def test_the_shape_has_code_sentence_and_sometimes_field(self):
        answer = self.start("x")
        error = {"code": "invalid_phone", "message": re.compile(r"\S.*\."), "field": "phone"}
        answer.expect(400, {"error": error})
        answer = self.client.get("/nowhere")
        answer.expect(404, {"error": {"code": "not_found", "message": re.compile(r"\S.*\.")}})

    def test_malformed_json_is_a_validation_error(self):
        for body in (b"", b"{", b"[1,", b"\xff", b'{"to": 1e999}', b"nul", b'{"to": "\\ud800"}'):
            with self.subTest(body):
                answer = self.agent_.post("/v1/messages", body)
                refused(answer, 422, "validation_error")

    def test_a_body_that_is_no_object_is_a_validation_error(self):
        for body in (b"[]", b'"x"', b"1", b"null", b"true"):
            answer = self.agent_.post("/v1/messages", body)
            answer.expect_error(422, "validation_error")

    def test_a_body_of_another_content_type_is_a_validation_error(self):
        body = b'{"to": "+14155550123", "body": "x"}'
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            answer = self.agent_.post("/v1/messages", body, Content_Type=kind)
            answer.expect_error(422, "validation_error")

    def test_unknown_paths_are_not_found(self):
        for path in ("/nowhere", "/v1", "/v1/", "/v2/messages", "/healthz/", "/HEALTHZ", "/v1/messages/"):
            self.client.get(path).expect_error(404, "not_found")
            self.client.post(path, {}).expect_error(404, "not_found")

    def test_other_methods_are_told_what_is_allowed(self):
        for method, path, allowed in (
            ("DELETE", "/v1/messages", {"GET", "HEAD", "POST"}),
            ("GET", "/auth/start", {"POST"}),
            ("PUT", "/healthz", {"GET", "HEAD"}),
            ("PUT", f"/console/api-keys/{NOBODY}", {"GET", "HEAD", "DELETE"}),
        ):
            answer = self.client.call(method, path).expect_error(405, "method_not_allowed")
            said = set(answer.headers["Allow"].split(", "))
            self.assertEqual(said - {"OPTIONS"}, allowed)

    def test_a_large_body_is_refused(self):
        answer = self.client.post("/auth/start", b" " * (1 << 20))
        answer.expect_error(413, "payload_too_large")

    def test_a_long_target_is_refused(self):
        self.client.get("/" + "a" * 9000).expect_error(414, "uri_too_long")
        self.client.get("/healthz?" + "a" * 9000).expect_error(414, "uri_too_long")
        self.client.get("/healthz?" + "a" * 100000).expect_error(414, "uri_too_long")

    def test_a_full_queue_is_unavailable_with_retry_after(self):
        op, carrier = self.simulate(1, f"--modem=/nonexistent/tty={DEAD}", *WIDE, "--set=limits/queue=3")
        human = Account(op, carrier)
        number, e164 = human.lease()
        self.assertEqual(e164, DEAD)
        agent = human.mint(number)
        for _ in range(3):
            send(agent, human.phone, "waits")
        answer = agent.post("/v1/messages", {"to": human.phone, "body": "one too many"})
        answer.expect_error(503, "unavailable")
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def test_malformed_requests_get_the_one_shape(self):
        for request in (
            b"NONSENSE\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\n\r\n",
            b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            b"POST /auth/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /auth/start HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
            b"POST /auth/start HTTP/1.1\r\nHost: x\r\nContent-Length: 5abc\r\n\r\n{}",
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: 1\r\n folded\r\n\r\n",
        ):
            with self.subTest(request):
                answer, rest = raw(self.op.address, request)
                answer.check()
                answer.expect_error(answer.status, "validation_error")
                self.assertIn(answer.status, (400, 411))
                self.assertEqual(rest, b"")

    def test_a_request_that_does_not_end_gets_the_one_shape(self):
        answer, rest = raw(
            self.op.address,
            b"POST /auth/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 100\r\n\r\n{"phone":',
        )
        answer.check()
        self.assertIn(answer.status, (400, 408, 422))
        self.assertEqual(rest, b"")

    def test_too_many_headers_get_the_one_shape(self):
        lines = b"".join(b"X-%d: 1\r\n" % n for n in range(80))
        answer, rest = raw(self.op.address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n")
        answer.check()
        self.assertGreaterEqual(answer.status, 400)
        self.assertEqual(rest, b"")


class NoLine(Case):
    """An opd whose only modem is not there."""

    @classmethod
    def setUpClass(cls):
        cls.op = launch(cls.folder(), f"--modem=/nonexistent/tty={DEAD},shared")
        cls.addClassCleanup(cls.op.stop)
        cls.client = cls.op.wait_ready().client()

    def test_no_line_for_the_code_is_otp_delivery_failed(self):
        answer = self.client.post("/auth/start", {"phone": new_phone()})
        answer.expect_error(502, "otp_delivery_failed")

    def test_without_simulation_nothing_of_it_is_there(self):
        for path in ("/sim/clock", "/sim/modems", f"/sim/phones/{new_phone()}/messages"):
            self.client.get(path).expect_error(404, "not_found")
            self.client.post(path, {"advance_s": 1}).expect_error(404, "not_found")


if __name__ == "__main__":
    main()
