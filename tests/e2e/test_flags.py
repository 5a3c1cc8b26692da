"""test_flags.py - how opd and opsim start and end: flags, files, what is in the way, signals"""

import glob
import os
import re
import signal
import socket
import subprocess

from harness import *

# Of a process whose modems are another's.
ELSEWHERE = [
    "--set=actors/run=http,auth,rate,ledger,webhook",
    "--set=peers/modem=ipc:///tmp/nobody",
    "--set=link/listen=ipc:///tmp/nobody-else",
]

# Flags that are refused, and what the one line must speak of.
BAD_FLAGS = [
    (["--nonsense"], "nonsense"),
    (["--data"], "data"),
    (["extra"], "no arguments"),
    (["--simulate=65"], '"65"'),
    (["--simulate=-1"], '"-1"'),
    (["--simulate=many"], '"many"'),
    (["--listen=nowhere"], "http/listen"),
    (["--listen=127.0.0.1:99999"], "http/listen"),
    (["--listen=127.0.0.1"], "http/listen"),
    (["--listen=0.0.0.0:0"], "not loopback"),
    (["--modem=/dev/a"], "DEVICE=E164"),
    (["--modem=/dev/a=6175550100"], "E.164"),
    (["--modem=/dev/a=+16175550100,public"], "modem"),
    (["--modem=/dev/a=+16175550100", "--modem=/dev/a=+16175550101"], "twice"),
    (["--modem=/dev/a=+16175550100", "--modem=/dev/b=+16175550100"], "twice"),
    (["--set=x"], "SECTION/KEY=VALUE"),
    (["--set=limits/none=1"], "no such key"),
    (["--set=none/keys=1"], "no such key"),
    (["--set=limits/keys=0"], '"0"'),
    (["--set=limits/keys=x"], '"x"'),
    (["--set=limits/keys="], "limits/keys"),
    (["--set=limits/keys=99999999999999999999"], "limits/keys"),
    (["--set=log/level=loud"], '"loud"'),
    (["--set=http/tls_in_front=maybe"], '"maybe"'),
    (["--set=texts/region=us"], '"us"'),
    (["--set=texts/prefixes=1"], "texts/prefixes"),
    (["--set=webhook/allow=10.0.0.0/33"], "webhook/allow"),
    (["--set=modem/on_unknown=guess"], '"guess"'),
    (["--set=modems/modem=/dev/a"], "--modem"),
    (["--set=store/path="], "store/path"),
    (["--listen=[::1]:0"], ["http/listen", "IPv6"]),
    (["--listen=127.0.0.1:1234", "--set=metrics/listen=localhost:1234"], ["metrics/listen", "http/listen"]),
    (["--set=link/keys=/nonexistent"], ["link/keys", "/nonexistent"]),
    (["--set=webhook/ca_file=/nonexistent"], ["webhook/ca_file: /nonexistent: No such"]),
    (["--set=webhook/ca_file=/tmp"], ["webhook/ca_file: /tmp: not a regular file"]),
    (["--set=simulate/scenario=/nonexistent"], ["simulate/scenario: /nonexistent: No such"]),
    (["--simulate=1", "--set=simulate/ttys=/nonexistent"], "simulate/ttys: /nonexistent: No such"),
    (["--set=control/socket=/tmp/" + "x" * 200], ["control/socket: /tmp/xxx", "too long"]),
    (["--set=control/socket=/nonexistent/op.sock"], "control/socket: /nonexistent: No such"),
    (["--simulate=2", "--modem=/dev/a=+16176088933"], ["modems/modem: /dev/a: its number ", "a simulated modem's"]),
    (["--set=actors/run=http,auth,rate,webhook,modem,ledger-2"], 'comma-separated, not "ledger-2"'),
    ([*ELSEWHERE, "--modem=/dev/a=+16175550100"], "modems/modem: no modem actor runs here"),
    (["--config=/nonexistent"], "/nonexistent"),
    (["--config=/tmp"], "/tmp"),
]

# Configuration files that are refused, the line that is named, and what else is.
BAD_FILES = [
    (b"http\n    nothing = 1\n", 2, "no such key"),
    (b"nothing\n    listen = 1\n", 1, "nothing"),
    (b"limits\n    keys = 0\n", 2, '"0"'),
    (b"limits\n    keys = 5\n    keys = 6\n", 3, "set already"),
    (b"limits\n  keys = 5\n", 2, "indent"),
    (b"limits\n    keys = \x01\n", 2, "control character"),
    (b"limits\n    keys = \xff\n", 2, "UTF-8"),
    (b'modems\n    modem = "x"\n', 2, "modem"),
    (b"\xef\xbb\xbflimits\n    keys = 5\n", 1, "byte order mark"),
    (b'peers\n    modem = "ipc:///tmp/x"\nactors\n    run = "http,auth,rate,ledger,webhook"\n', 2, "link/listen"),
    (b'modems\n    modem = "imei:356938035643809=+16175550100"\n', 2, "modem/devices"),
    (b'http\n    listen = "127.0.0.1:5"\nmetrics\n    listen = "127.0.0.1:5"\n', 4, "metrics/listen"),
]

OPSIM_BAD_FLAGS = [
    (["--nonsense"], "nonsense"),
    ([], "--pty-dir"),
    (["--modems=0", "--pty-dir=."], '"0"'),
    (["--modems=65", "--pty-dir=."], '"65"'),
    (["--pty-dir=/proc/none"], "/proc/none"),
    (["--pty-dir=.", "extra"], "no arguments"),
]


def overwrite_middle(octets):
    middle = len(octets) // 2
    return octets[:middle] + b"\xa5" * 16 + octets[middle + 16 :]


# Files of the store, and what is done to their octets.
DAMAGES = [
    ("MANIFEST-*", lambda octets: octets[:10] + b"\xff\xff\xff\xff" + octets[14:]),
    ("*.log", overwrite_middle),
    ("CURRENT", lambda octets: b"nothing\n"),
]


def run(name, *arguments, cwd):
    """Runs a program to its end: (exit code, stdout, stderr)."""
    done = subprocess.run(
        [program(name), *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=2 * DEADLINE_S,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Starting(Case):
    def refused(self, words, name, *arguments, cwd=None):
        """Exit code 1, nothing on stdout, and one line that speaks of those words."""
        code, out, err = run(name, *arguments, cwd=cwd or self.folder())
        lines = err.splitlines()
        self.assertEqual((code, out, len(lines)), (1, "", 1), err)
        self.assertRegex(lines[0], rf"^(\S*/)?{name}: \S")
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, lines[0])


class Flags(Starting):
    def test_bad_flags(self):
        for flags, word in BAD_FLAGS:
            for check in ([], ["--check"]):
                with self.subTest(flags=flags, check=check):
                    self.refused(word, "opd", *check, *flags)
        for flags, word in OPSIM_BAD_FLAGS:
            with self.subTest(opsim=flags):
                self.refused(word, "opsim", *flags)

    def test_bad_files(self):
        folder = self.folder()
        for content, line, word in BAD_FILES:
            with self.subTest(content):
                with open(os.path.join(folder, "op.zpl"), "wb") as file:
                    file.write(content)
                self.refused([f"op.zpl:{line}:", word], "opd", "--config=op.zpl", cwd=folder)

    def test_what_they_say_and_end(self):
        folder = self.folder()
        for name, flag, wanted in (
            ("opd", "--help", "usage: opd .*--simulate.*--check.*SIGTERM"),
            ("opsim", "--help", "usage: opsim .*--pty-dir.*/sim/phones"),
            ("opd", "--version", r"^opd \d+\.\d+\.\d+\n$"),
            ("opsim", "--version", r"^opsim \d+\.\d+\.\d+\n$"),
            ("opd", "--check", "^the configuration is right\n$"),
            ("opd", "--config-reference", 'listen = "127.0.0.1:8080"'),
        ):
            with self.subTest(name + flag):
                code, out, err = run(name, flag, cwd=folder)
                self.assertEqual((code, err), (0, ""))
                self.assertRegex(out, re.compile(wanted, re.DOTALL))
        self.assertEqual(os.listdir(folder), [])

    def test_output_that_goes_nowhere(self):
        tools = os.path.dirname(program("opd"))
        for name in ("opd", "opsim", "opctl", "optrace", "opbench"):
            for flag in ("--help", "--version", *["--config-reference"][: name == "opd"]):
                with self.subTest(name, flag=flag), open("/dev/full", "wb") as full:
                    done = subprocess.run(
                        [os.path.join(tools, name), flag], stdout=full, stderr=subprocess.PIPE, text=True
                    )
                    self.assertIn(done.returncode, (1, 2))
                    self.assertRegex(done.stderr, rf"^{name}: cannot write the output[^\n]*\n$")

    def test_the_reference_is_a_configuration(self):
        folder = self.folder()
        reference = run("opd", "--config-reference", cwd=folder)[1]
        with open(os.path.join(folder, "op.zpl"), "w", encoding="utf-8") as file:
            file.write(reference)
        code, out, err = run("opd", "--config=op.zpl", "--check", cwd=folder)
        self.assertEqual((code, out, err), (0, "the configuration is right\n", ""))

    def test_flags_win_over_the_file(self):
        folder = self.folder()
        with open(os.path.join(folder, "op.zpl"), "w", encoding="utf-8") as file:
            file.write('limits\n    address_minute = 7\nhttp\n    listen = "127.0.0.1:1"\n')
            file.write("    tls_in_front = true\nsimulate\n    modems = 1\n")
        op = Opd(folder, "--config", os.path.join(folder, "op.zpl"))
        self.addCleanup(op.stop)
        client = Client(op.wait_ready().address)
        self.assertEqual(client.get("/healthz").headers["X-RateLimit-Limit"], "7")
        account = Account(op, Carrier(op.address))
        self.assertTrue(account.token)

    def test_cookies_behind_tls_are_secure(self):
        op, carrier = self.simulate(1, "--set=http/tls_in_front=true")
        client, phone = op.client(), new_phone()
        started = client.post("/auth/start", {"phone": phone}).expect(200)
        wanted = {"verification_id": started["verification_id"], "code": carrier.code(phone)}
        cookie = client.post("/auth/verify", wanted).headers["Set-Cookie"]
        self.assertIn("Secure", cookie.split("; "))


class InTheWay(Starting):
    """What the flags cannot know: ports, folders and files that are not as they should be."""

    def test_the_port_is_taken(self):
        folder = self.folder()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            listen = f"--listen={address}"
            self.refused(f"http/listen: cannot listen on {address}", "opd", "--data=data", listen, cwd=folder)
            for key in ("metrics/listen", "simulate/listen"):
                flags = ["--data=data", "--simulate=1", "--listen=127.0.0.1:0", f"--set={key}={address}"]
                self.refused(f"{key}: cannot listen on {address}", "opd", *flags, cwd=folder)
            flags = [f"--set=link/listen=tcp://{address}", *ELSEWHERE[:2]]
            self.refused(f"link/listen: cannot listen on {address}", "opd", *flags, cwd=folder)
            self.assertEqual(os.listdir(folder), [])  # nothing has begun
            self.refused(listen[9:], "opsim", "--pty-dir=pty", listen, cwd=folder)

    def test_the_control_socket_is_taken(self):
        folder = self.folder()
        path = os.path.join(folder, "socket")
        with socket.socket(socket.AF_UNIX) as taken:
            taken.bind(path)
            taken.listen()
            flags = ["--data=data", "--listen=127.0.0.1:0", f"--set=control/socket={path}", "--simulate=1"]
            self.refused(f"control/socket: {path}: Address already in use", "opd", *flags, cwd=folder)

    def test_the_folder_of_ttys_is_in_use(self):
        folder = self.folder()
        sim = Opsim(folder, 1)
        self.addCleanup(sim.stop)
        sim.wait_ready()
        before = os.readlink(sim.tty(0))
        sorry = f"{sim.ptys}: another program has its modems there"
        listen = "--listen=127.0.0.1:0"
        self.refused(sorry, "opsim", f"--pty-dir={sim.ptys}", listen, cwd=folder)
        self.refused(sorry, "opsim", f"--pty-dir={sim.ptys}", f"--listen={sim.address}", cwd=folder)
        ttys = f"--set=simulate/ttys={sim.ptys}"
        self.refused(sorry, "opd", "--simulate=1", ttys, listen, cwd=folder)
        self.assertEqual(os.readlink(sim.tty(0)), before)
        self.assertTrue(os.path.exists(sim.tty(0)))

    def test_the_data_is_in_use(self):
        folder = self.folder()
        op = Opd(folder, "--simulate=1")
        self.addCleanup(op.stop)
        op.wait_ready()
        self.refused(
            ["data", "in use"], "opd", "--data=data", "--listen=127.0.0.1:0", cwd=folder
        )
        Client(op.address).get("/healthz").expect(200)

    def test_no_folder_for_the_data(self):
        folder = self.folder()
        with open(os.path.join(folder, "file"), "wb"):
            pass
        for data in ("file", "file/data", "/proc/none"):
            with self.subTest(data):
                arguments = [f"--data={data}", "--listen=127.0.0.1:0"]
                self.refused(data, "opd", *arguments, cwd=folder)

    def test_the_data_is_its_owners_alone(self):
        folder = self.folder()
        before = os.umask(0o022)
        try:
            op = Opd(folder, "--simulate=1")
        finally:
            os.umask(before)
        self.addCleanup(op.stop)
        op.wait_ready()
        files = glob.glob(os.path.join(folder, "data", "*"))
        self.assertGreater(len(files), 3)
        for path in files:
            self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)

    def test_damaged_data(self):
        """It is refused, and not touched: with the damage undone all is as before."""
        folder = self.folder()
        op = Opd(folder, "--simulate=2", *WIDE)
        op.wait_ready()
        human = Account(op, Carrier(op.address))
        agent = human.mint(human.number()[0])
        for n in range(20):
            send(agent, human.phone, f"to be damaged {n}")
        op.stop()
        for pattern, damage in DAMAGES:
            with self.subTest(pattern):
                (path,) = glob.glob(os.path.join(folder, "data", pattern))
                with open(path, "rb") as file:
                    octets = file.read()
                with open(path, "wb") as file:
                    file.write(damage(octets))
                arguments = ["--data=data", "--listen=127.0.0.1:0", "--simulate=2"]
                self.refused("data: ", "opd", *arguments, cwd=folder)
                with open(path, "wb") as file:
                    file.write(octets)
        again = Opd(folder, "--simulate=2", *WIDE)
        self.addCleanup(again.stop)
        again.wait_ready()
        self.assertEqual(len(again.client(agent.credential).pages()), 20)

    def test_a_modem_that_is_not_there(self):
        folder = self.folder()
        device = os.path.join(folder, "nothing")
        op = Opd(folder, f"--modem={device}=+16175550100,shared")
        self.addCleanup(op.stop)
        op.wait_ready()
        self.assertRegex(op.stderr(), rf'event="down[^"]*" .*device={re.escape(device)}\b')
        client = op.client()
        client.get("/healthz").expect(200)
        answer = client.post("/auth/start", {"phone": new_phone()})
        answer.expect_error(502, "otp_delivery_failed")
        client.get("/sim/modems").expect_error(404, "not_found")
        client.get(f"/sim/phones/{new_phone()}/messages").expect_error(404, "not_found")


class End(Case):
    def test_a_signal_ends_what_is_idle(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                folder = self.folder()
                op = Opd(folder, "--simulate=1")
                op.wait_ready().client().get("/healthz").expect(200)
                op.stop(number)
                sim = Opsim(folder, 1)
                sim.wait_ready()
                self.assertTrue(os.path.lexists(sim.tty(0)))
                sim.stop(number)
                self.assertFalse(os.path.lexists(sim.tty(0)))

    def test_a_signal_while_it_starts(self):
        folder = self.folder()
        op = Opd(folder, f"--modem={os.path.join(folder, 'nothing')}=+16175550100")
        eventually(lambda: "down" in op.stderr(), "it looks for its modem")
        op.stop()

    def test_a_signal_with_texts_under_way(self):
        """The next opd finds each text sent, or still sends it: none is in doubt, none twice."""
        folder = self.folder()
        sim = Opsim(folder, 2)
        self.addCleanup(sim.stop)
        sim.wait_ready()
        carrier = Carrier(sim.address)
        modems = [f"--modem={sim.tty(0)}={SHARED},shared", f"--modem={sim.tty(1)}={SECOND}"]
        op = Opd(folder, *modems, *WIDE)
        op.wait_ready()
        human = Account(op, carrier)
        number, _ = human.lease()
        agent = human.mint(number)
        peer = new_phone()
        bodies = [f"{n} " + "x" * 1500 for n in range(20)]
        for body in bodies:
            send(agent, peer, body)
        op.stop()
        again = Opd(folder, *modems, *WIDE)
        self.addCleanup(again.stop)
        agent = again.wait_ready().client(agent.credential)

        def all_sent():
            return {message["status"] for message in agent.pages()} == {"sent"}

        eventually(all_sent, "all texts are sent")
        self.assertEqual(carrier.bodies(peer), bodies)


if __name__ == "__main__":
    main()
