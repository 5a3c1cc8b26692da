"""test_pages.py - the pages, as served; with a Chromium at hand, as seen: rendered, and no complaint"""

import re
import subprocess
import tempfile
import unittest

from browser import CHROMIUM, FLAGS, Phone
from harness import DEADLINE_S, WIDE, Case, eventually, main

PAGES = {
    "/openapi.json": "application/json",
    "/skill.md": "text/markdown; charset=utf-8",
    "/llms.txt": "text/markdown; charset=utf-8",
    "/docs": "text/html; charset=utf-8",
    "/redoc": "text/html; charset=utf-8",
}


class Pages(Case):
    @classmethod
    def setUpClass(cls):
        cls.op, cls.carrier = cls.simulate(1, *WIDE)
        cls.client = cls.op.client()

    def test_each_page(self):
        for path, kind in PAGES.items():
            with self.subTest(path):
                answer = self.client.get_page(path)
                self.assertEqual(answer.headers["Content-Type"], kind)
                self.assertEqual(answer.headers["Cache-Control"], "no-cache")
                self.assertIn("frame-ancestors 'none'", answer.headers["Content-Security-Policy"])
                self.assertNotIn("unsafe", answer.headers["Content-Security-Policy"])
                head = self.client.get_page(path, method="HEAD")
                self.assertEqual(head.body, b"")
                self.assertEqual(head.headers["Content-Length"], str(len(answer.body)))
                self.assertEqual(head.headers["ETag"], answer.headers["ETag"])
                again = self.client.get_page(path, 304, If_None_Match=answer.headers["ETag"])
                self.assertEqual(again.body, b"")
                self.client.call("POST", path).expect_error(405, "method_not_allowed")
                self.assertEqual(self.client.call("PUT", path).headers["Allow"], "GET, HEAD, OPTIONS")

    def test_nothing_beside_them(self):
        for path in ("/index.html", "/docs/", "/docs/x", "/docs/../skill.md", "/docs/%2e%2e/skill.md",
                     "/redoc/..%2fskill.md", "/favicon.ico", "/web/package.json"):
            with self.subTest(path):
                self.client.get(path).expect_error(404, "not_found")

    def test_the_bare_address_leads_to_the_pages(self):
        for method in ("GET", "HEAD"):
            answer = self.client.get_page("/", 302, method=method)
            self.assertEqual((answer.headers["Location"], answer.body), ("/docs", b""))
        refused = self.client.post("/").expect_error(405, "method_not_allowed")
        self.assertEqual(refused.headers["Allow"], "GET, HEAD, OPTIONS")
        self.assertNotIn("/", self.client.get_page("/openapi.json").json["paths"])

    def test_what_the_pages_load_is_there(self):
        for path in ("/docs", "/redoc"):
            text = self.client.get_page(path).body.decode()
            named = re.findall(r'(?:src|href)="([^"]*)"', text)
            self.assertGreater(len(named), 5)
            for name in named:
                with self.subTest(name):
                    self.assertTrue(name.startswith("/"))
                    self.client.get_page(name)

    def test_the_configured_url_is_used(self):
        url = "https://op.example"
        op, _ = self.simulate(1, f"--set=http/public_url={url}")
        client = op.client()
        self.assertEqual(client.get_page("/openapi.json").json["servers"], [{"url": url}])
        self.assertIn(f"OP={url}\n", client.get_page("/skill.md").body.decode())

    def test_pages_are_counted(self):
        op, _ = self.simulate(1, "--set=limits/address_minute=3")
        client = op.client()
        for left in (2, 1, 0):
            answer = client.get_page("/docs")
            self.assertEqual(answer.headers["X-RateLimit-Remaining"], str(left))
        client.get("/docs").expect_error(429, "rate_limited")

    def browse(self, path):
        """What Chromium makes of a page, and what it says on its console."""
        with tempfile.TemporaryDirectory(prefix="op-browser-") as profile:
            run = subprocess.run(
                [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--enable-logging=stderr", "--v=0",
                 "--virtual-time-budget=20000", "--dump-dom", f"http://{self.op.address}{path}"],
                capture_output=True, text=True, errors="replace", timeout=2 * DEADLINE_S,
            )
        self.assertEqual(run.returncode, 0, run.stderr[-2000:])
        return run.stdout, [line for line in run.stderr.splitlines() if "CONSOLE" in line]

    @unittest.skipUnless(CHROMIUM, "there is no Chromium")
    def test_a_browser_shows_them(self):
        document = self.client.get_page("/openapi.json").json
        for path in ("/docs", "/redoc"):
            with self.subTest(path):
                seen, said = self.browse(path)
                self.assertEqual(said, [])
                for calls in document["paths"].values():
                    for call in calls.values():
                        self.assertIn(call["summary"], seen.replace("&amp;", "&"))

    @unittest.skipUnless(CHROMIUM, "there is no Chromium")
    def test_a_phone_shows_a_call(self):
        width = 375
        phone = Phone(f"http://{self.op.address}/docs", width)
        self.addCleanup(phone.close)
        for opened, wanted in ((".opblock-summary-control", "the calls"), (".responses-table", "its answers")):
            eventually(lambda o=opened: phone.evaluate(f"document.querySelector('{o}') !== null"), wanted)
            self.assertEqual(phone.evaluate("document.documentElement.scrollWidth"), width)
            phone.evaluate("document.querySelector('.opblock-summary-control').click()")


if __name__ == "__main__":
    main()
