"""test_limits.py - rate windows and daily counts, with the limits that hold without configuration"""

import email.utils

from contract import *

WINDOWS = ("Limit", "Remaining", "Reset")


class Limited(Contract):
    """Before each test an hour passes, so that no window of another test's calls is open."""

    ARGUMENTS = ()

    def setUp(self):
        self.op.clock(HOUR)
        self.client = self.op.client()

    def window(self, answer):
        """Limit, remaining and the seconds until the reset."""
        limit, remaining, reset = (int(answer.headers[f"X-RateLimit-{n}"]) for n in WINDOWS)
        return limit, remaining, reset - self.op.clock()

    def refused(self, answer, limit, most_s):
        """A 429 of the window with that limit; how long it says to wait, twice."""
        answer.expect_error(429, "rate_limited")
        self.assertEqual(answer.headers["X-RateLimit-Limit"], str(limit))
        self.assertEqual(answer.headers["X-RateLimit-Remaining"], "0")
        wait = int(answer.headers["Retry-After"])
        self.assertTrue(1 <= wait <= most_s, wait)
        said = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
        late = int(answer.headers["X-RateLimit-Reset"]) - (said + wait)
        self.assertTrue(-5 <= late <= 1, late)
        return wait

    def to_midnight(self):
        """Lets time pass until a UTC day has just begun."""
        self.op.clock(DAY - self.op.clock() % DAY)


class Starts(Limited):
    def test_one_start_in_30_seconds_per_phone(self):
        phone = new_phone()
        self.start(phone).expect(200)
        wait = self.refused(self.start(phone), 1, 30)
        self.start(new_phone()).expect(200)
        self.op.clock(wait)
        self.start(phone).expect(200)

    def test_five_starts_an_hour_per_phone(self):
        phone = new_phone()
        for _ in range(5):
            self.start(phone).expect(200)
            self.op.clock(30)
        wait = self.refused(self.start(phone), 5, HOUR)
        self.op.clock(wait)
        self.start(phone).expect(200)

    def test_ten_starts_a_day_per_phone(self):
        phone = new_phone()
        self.to_midnight()
        for n in range(10):
            self.start(phone).expect(200)
            self.op.clock(HOUR if n % 5 == 4 else 30)
        answer = self.start(phone)
        wait = self.refused(answer, 10, DAY)
        self.assertEqual(int(answer.headers["X-RateLimit-Reset"]) % DAY, 0)
        self.op.clock(wait)
        self.start(phone).expect(200)

    def test_twenty_starts_an_hour_per_address(self):
        for _ in range(20):
            self.start(new_phone()).expect(200)
        wait = self.refused(self.start(new_phone()), 20, HOUR)
        self.op.clock(wait)
        self.start(new_phone()).expect(200)

    def test_a_refused_start_uses_up_no_other_window(self):
        phone = new_phone()
        self.start(phone).expect(200)
        for _ in range(30):
            self.refused(self.start(phone), 1, 30)
        for _ in range(4):
            self.op.clock(30)
            self.start(phone).expect(200)
        for _ in range(15):
            self.start(new_phone()).expect(200)
        self.refused(self.start(new_phone()), 20, HOUR)

    def test_twenty_wrong_codes_a_day_per_phone(self):
        phone = new_phone()
        self.to_midnight()
        for n in range(5):
            self.op.clock(30)
            _, verification, code = self.texted(phone)
            for by in range(1, 5):
                refused(self.verify(verification, wrong(code, by)), 400, "verification_invalid")
        self.refused(self.verify(verification, code), 20, DAY)
        wait = self.refused(self.start(phone), 20, DAY)  # nor is another code texted
        self.start(new_phone()).expect(200)
        self.op.clock(wait)
        _, verification, code = self.texted(phone)
        self.verify(verification, code).expect(200)

    def test_a_wrong_code_shows_the_tries_that_are_left(self):
        _, verification, code = self.texted()
        for left in (4, 3, 2, 1, 0, 0):
            answer = self.verify(verification, wrong(code))
            limit, remaining, reset = self.window(answer)
            self.assertEqual((limit, remaining), (5, left))
            self.assertTrue(0 < reset <= 601, reset)

    def test_the_address_behind_no_proxy_is_the_peers(self):
        for n in range(20):
            body = {"phone": new_phone()}
            answer = self.client.post("/auth/start", body, X_Forwarded_For=f"198.51.100.{n}")
            answer.expect(200)
        answer = self.client.post(
            "/auth/start", {"phone": new_phone()}, X_Forwarded_For="198.51.100.99"
        )
        self.refused(answer, 20, HOUR)


class Calls(Limited):
    def test_sixty_console_calls_a_minute_per_session(self):
        human = self.human()
        other = self.human(human.phone) if self.op.clock(30) else None
        for _ in range(60):
            human.console.get("/console/numbers/mine").expect(200)
        wait = self.refused(human.console.get("/console/numbers/mine"), 60, MINUTE)
        other.console.get("/console/numbers/mine").expect(200)
        self.op.clock(wait)
        human.console.get("/console/numbers/mine").expect(200)

    def test_120_reads_a_minute_per_key(self):
        human = self.human()
        agent, other = self.agent(human), self.agent(human)
        for n in range(120):
            agent.get("/v1/number" if n % 2 else "/v1/messages").expect(200)
        wait = self.refused(agent.get("/v1/number"), 120, MINUTE)
        other.get("/v1/number").expect(200)
        self.op.clock(wait)
        agent.get("/v1/number").expect(200)

    def test_logging_out_is_no_console_call(self):
        human = self.human()
        for _ in range(60):
            human.console.get("/console/numbers/mine").expect(200)
        self.refused(human.console.get("/console/numbers/mine"), 60, MINUTE)
        human.console.post("/auth/logout").expect(204)
        human.console.get("/console/numbers/mine").expect_error(401, "unauthenticated")

    def test_malformed_calls_count_as_others_do(self):
        human = self.human()
        agent = self.agent(human)
        for n in range(119):
            answer = agent.get("/v1/messages?limit=0").expect_error(422, "validation_error", "limit")
            self.assertEqual(self.window(answer)[:2], (120, 119 - n))
        agent.get("/v1/number").expect(200)
        self.refused(agent.get("/v1/messages?limit=0"), 120, MINUTE)
        _, left, _ = self.window(human.console.get("/console/numbers/mine"))
        for n in range(left):
            answer = human.console.post("/console/api-keys", {})
            answer.expect_error(422, "validation_error", "number_id")
            self.assertEqual(self.window(answer)[:2], (60, left - 1 - n))
        self.refused(human.console.post("/console/api-keys", {}), 60, MINUTE)
        refused(agent.post("/v1/messages", {}), 422, "validation_error")
        answer = agent.post("/v1/messages", {"to": human.phone, "body": "x"})
        if answer.status != 201:  # else a second has passed in between
            self.refused(answer, 1, 1)

    def test_one_text_a_second_per_key(self):
        human = self.human()
        agent, other = self.agent(human), self.agent(human)
        send(agent, human.phone, "one")
        body = {"to": human.phone, "body": "two"}
        answer = agent.post("/v1/messages", body)
        if answer.status == 201:  # a second has passed in between: then the next is too early
            answer = agent.post("/v1/messages", body)
        self.refused(answer, 1, 1)
        send(other, human.phone, "another key")
        self.op.clock(1)
        send(agent, human.phone, "three")

    def test_sixty_texts_a_minute_per_key(self):
        op, carrier = self.simulate(2, "--set=limits/send_second=1000", "--set=limits/day_free=999")
        human = Account(op, carrier)
        agent = human.mint(human.number()[0])
        for _ in range(60):
            send(agent, human.phone, "x")
        answer = agent.post("/v1/messages", {"to": human.phone, "body": "x"})
        wait = self.refused(answer, 60, MINUTE)
        op.clock(wait)
        send(agent, human.phone, "x")


class Days(Limited):
    """The daily counts, with the second's and minute's windows out of the way."""

    ARGUMENTS = [word for word in WIDE if "day_free" not in word and "day_paid" not in word]

    def post(self, agent, human, to=None):
        return agent.post("/v1/messages", {"to": to or human.phone, "body": "counted"})

    def test_fifty_texts_a_day_on_the_free_tier(self):
        human = self.human()
        self.to_midnight()
        agent, again = self.agent(human), self.agent(human)
        for n in range(50):
            self.post(agent if n % 2 else again, human).expect(201)
        self.refused(self.post(agent, human), 50, DAY)
        self.refused(self.post(again, human), 50, DAY)

    def test_a_thousand_texts_a_day_on_the_paid_tier(self):
        human = self.human()
        self.to_midnight()
        number, _ = self.lease(human)
        agent = human.mint(number)
        for n in range(1000):
            self.post(agent, human).expect(201)
        self.refused(self.post(agent, human), 1000, DAY)

    def test_the_day_ends_at_midnight_utc(self):
        human = self.human()
        self.to_midnight()
        self.op.clock(DAY - HOUR)
        agent = self.agent(human)
        for n in range(50):
            self.post(agent, human).expect(201)
        wait = self.refused(self.post(agent, human), 50, HOUR)
        answer = self.post(agent, human)
        self.assertEqual(int(answer.headers["X-RateLimit-Reset"]) % DAY, 0)
        self.op.clock(wait)
        for n in range(50):
            self.post(agent, human).expect(201)
        self.refused(self.post(agent, human), 50, DAY)

    def test_only_accepted_texts_count_for_the_day(self):
        human = self.human()
        self.to_midnight()
        agent = self.agent(human)
        for n in range(60):
            self.post(agent, human, to=SHARED).expect_error(400, "self_send", "to")
        for n in range(50):
            self.post(agent, human).expect(201)
        self.refused(self.post(agent, human), 50, DAY)

    def test_the_daily_count_survives_a_restart(self):
        folder = self.folder()
        op = launch(folder, "--simulate=1", *self.ARGUMENTS)
        self.addCleanup(op.stop)
        carrier = op.wait_ready().carrier()
        day = op.clock() % DAY
        ahead = DAY - day if day > DAY - HOUR else 0  # midnight must not come in between
        op.clock(ahead)
        human = Account(op, carrier)
        agent = human.mint(human.number()[0])
        for n in range(49):
            self.post(agent, human).expect(201)
        op.kill()
        again = launch(folder, "--simulate=1", *self.ARGUMENTS)
        self.addCleanup(again.stop)
        again.wait_ready()
        again.clock(ahead)
        agent = again.client(agent.credential)
        self.post(agent, human).expect(201)
        self.refused(self.post(agent, human), 50, DAY)


class Headers(Limited):
    def test_every_answer_says_how_much_is_left(self):
        human = self.human()
        agent = self.agent(human)
        body = {"to": human.phone, "body": "x"}
        for what, answer, limit in (
            ("healthz", self.client.get("/healthz"), 6000),
            ("unknown path", self.client.get("/nowhere"), 6000),
            ("no credential", self.client.get("/v1/number"), 6000),
            ("wrong method", self.client.delete("/healthz"), 6000),
            ("bad JSON", self.client.post("/auth/verify", b"{"), 6000),
            ("verification", self.client.get(f"/auth/verifications/{NOBODY}"), 6000),
            ("start", self.start(new_phone()), 1),
            ("console", human.console.get("/console/webhooks"), 60),
            ("console, refused", human.console.delete(f"/console/webhooks/{NOBODY}"), 60),
            ("read", agent.get("/v1/number"), 120),
            ("read, refused", agent.get("/v1/messages/x"), 120),
            ("send", agent.post("/v1/messages", body), 1),
        ):
            with self.subTest(what):
                found, remaining, reset = self.window(answer)
                self.assertEqual(found, limit)
                self.assertLess(remaining, limit)
                self.assertTrue(-5 <= reset <= HOUR, reset)

    def test_remaining_goes_down_one_by_one_and_reset_stays(self):
        agent = self.agent()
        answers = [agent.get("/v1/number") for _ in range(5)]
        windows = [self.window(answer)[:2] for answer in answers]
        self.assertEqual(windows, [(120, n) for n in (119, 118, 117, 116, 115)])
        self.assertEqual(len({answer.headers["X-RateLimit-Reset"] for answer in answers}), 1)

    def test_of_several_windows_the_one_nearest_to_empty_is_shown(self):
        phone = new_phone()
        for n in range(4):
            self.assertEqual(self.window(self.start(phone))[:2], (1, 0))
            self.op.clock(30)
        human = self.human()
        agent = self.agent(human)
        limits = set()
        for n in range(3):
            answer = agent.post("/v1/messages", {"to": human.phone, "body": "x"})
            limits.add(self.window(answer)[:2])
            self.op.clock(1)
        self.assertEqual(limits, {(1, 0)})

    def test_a_limit_is_configuration(self):
        op, carrier = self.simulate(1, "--set=limits/read_minute=3")
        human = Account(op, carrier)
        agent = human.mint(human.number()[0])
        for n in range(3):
            agent.get("/v1/number").expect(200)
        self.refused(agent.get("/v1/number"), 3, MINUTE)


del Limited

if __name__ == "__main__":
    main()
