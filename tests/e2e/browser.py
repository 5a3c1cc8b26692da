"""browser.py - a Chromium that is asked what it shows, over the pipe of its DevTools protocol"""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time

from waiting import DEADLINE_S

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


class Phone:
    """A page on a screen of that width. It reads commands from descriptor 3 and answers on 4."""

    def __init__(self, url, width):
        self.profile = tempfile.TemporaryDirectory(prefix="op-browser-", ignore_cleanup_errors=True)
        theirs_in, self.out = os.pipe()
        self.input, theirs_out = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "-", CHROMIUM, *FLAGS,
             f"--user-data-dir={self.profile.name}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.heard, self.asked, self.session = b"", 0, None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1,
                 mobile=True)
        self.ask("Page.navigate", url=url)

    def hear(self, end):
        while b"\0" not in self.heard:
            readable, _, _ = select.select([self.input], [], [], max(0, end - time.monotonic()))
            piece = os.read(self.input, 65536) if readable else b""
            assert piece, "the browser does not answer"
            self.heard += piece
        one, self.heard = self.heard.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **parameters):
        self.asked += 1
        question = {"id": self.asked, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        os.write(self.out, json.dumps(question).encode() + b"\0")
        end = time.monotonic() + 2 * DEADLINE_S
        while True:
            said = self.hear(end)
            if said.get("id") == self.asked:  # the rest are events
                assert "result" in said, said
                return said["result"]

    def evaluate(self, script):
        return self.ask("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.input)
        self.profile.cleanup()
