"""peers.py - programs that others wrote, each on the tty of a simulated modem

A peer has a folder of its own, is run with its own defaults (what is set otherwise, and why, is said
where it is set), and can be asked to send a text, to say what it has received, and to die. Each
`needs` the programs that it is made of; Debian has them all. Start them from the main thread: they end
with it.
"""

import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import harness  # noqa: E402

PHONE = "+14155550100"  # of whom all cases are
SBIN = ":".join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


def find(program):
    return shutil.which(program, path=SBIN)


class Peer:
    needs = ()
    package = ""

    def __init__(self, folder, tty):
        self.folder, self.tty, self.processes = folder, tty, []
        self.carrier = None  # of whom OP needs phones
        self.environment = dict(os.environ, LC_ALL="C.UTF-8")
        os.makedirs(folder, exist_ok=True)

    @classmethod
    def missing(cls):
        """The programs that are not there."""
        return [program for program in cls.needs if not find(program)]

    @classmethod
    def version(cls):
        said = subprocess.run(
            ["dpkg-query", "-W", "-f=${Version}", cls.package], capture_output=True, text=True
        )
        return f"{cls.package} {said.stdout}"

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def box(self, name):
        """What is in the files of one of its folders."""
        texts = ""
        for file in glob.glob(self.path(name, "*")):
            try:
                with open(file, encoding="utf-8", errors="replace") as text:
                    texts += text.read() + "\n"
            except FileNotFoundError:
                pass  # it has just been moved
        return texts

    def spawn(self, program, *arguments):
        """Starts a program that goes on; what it says is appended to a file."""
        with open(self.path(f"{program}.said"), "ab") as said:
            process = subprocess.Popen(
                [find(program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                env=self.environment,
                preexec_fn=harness.die_with_parent,
            )
        self.processes.append(process)
        return process

    def run(self, program, *arguments):
        """What a program says that comes to its end."""
        said = subprocess.run(
            [find(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * harness.DEADLINE_S,
            cwd=self.folder,
            env=self.environment,
            preexec_fn=harness.die_with_parent,
        )
        assert said.returncode == 0, f"{program} {arguments}: {said.returncode}: {said.stdout}"
        return said.stdout

    def start(self):
        """So that it serves the modem from now on."""

    def kill(self):
        """kill -9; `start` starts it again on what it has kept."""
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes = []

    def send(self, to, body):
        """Takes a text, to be sent sooner or later."""
        raise NotImplementedError

    def received(self):
        """What it has received: all of it as one string."""
        raise NotImplementedError


class Op(Peer):
    """opd, with all its defaults but the limits of the API: what it sends is an agent's."""

    agent = None

    @classmethod
    def version(cls):
        return "OP"

    def start(self):
        line = f"--modem={self.tty}={harness.SHARED},shared"
        opd = harness.Opd(self.folder, line, *harness.WIDE).wait_ready()
        self.processes.append(opd.process)
        if self.agent:
            self.agent = opd.client(self.agent.credential)
            return
        human = harness.Account(opd, self.carrier)
        self.agent = human.mint(human.number()[0])
        # On the shared number an account has the texts of those whom it has texted.
        harness.settled(self.agent, harness.send(self.agent, PHONE, "hello")["id"])

    def send(self, to, body):
        harness.send(self.agent, to, body)

    def received(self):
        return "\n".join(m["body"] for m in self.agent.pages("&direction=inbound"))

    def ends(self):
        """What became of the texts it has sent, oldest first."""
        sent = self.agent.pages("&direction=outbound")[-2::-1]  # without the first
        return [(m["error"] or {}).get("code") or m["status"] for m in sent]


class Gammu(Peer):
    """gammu: what it is told to do in one run, so there is nothing to start."""

    needs, package = ("gammu",), "gammu"

    def __init__(self, folder, tty):
        super().__init__(folder, tty)
        self.write("gammurc", f"[gammu]\ndevice={tty}\nconnection=at\n")

    def do_all(self, *commands):
        """Each as on its command line. One run, because it takes seconds to get to know a modem."""
        batch = self.write("batch", "\n".join(commands) + "\n")
        return self.run("gammu", "-c", self.path("gammurc"), "batch", batch)


class GammuSmsd(Peer):
    """gammu-smsd with its FILES service: a folder a direction."""

    needs, package = ("gammu-smsd", "gammu-smsd-inject"), "gammu-smsd"

    def __init__(self, folder, tty):
        super().__init__(folder, tty)
        for box in ("inbox", "outbox", "sentsmsdir", "errorsmsdir"):
            os.makedirs(self.path(box), exist_ok=True)
        boxes = "".join(
            f"{key}path={self.path(box)}/\n"
            for key, box in (
                ("inbox", "inbox"),
                ("outbox", "outbox"),
                ("sentsms", "sentsmsdir"),
                ("errorsms", "errorsmsdir"),
            )
        )
        self.write(
            "smsdrc",
            f"[gammu]\ndevice={tty}\nconnection=at\n"
            f"[smsd]\nservice=files\nlogfile={self.path('log')}\n{boxes}"
            # It looks at the modem when this long nothing was sent; its default is 15 s.
            "receivefrequency=1\n",
        )

    def start(self):
        self.spawn("gammu-smsd", "-c", self.path("smsdrc"))

    def send(self, to, body):
        self.run("gammu-smsd-inject", "-c", self.path("smsdrc"), "TEXT", to, "-text", body)

    def received(self):
        return self.box("inbox")


class Smstools(Peer):
    """smsd of smstools. Texts are files that are moved into its outgoing folder."""

    needs, package = ("smsd",), "smstools"
    count = 0

    def __init__(self, folder, tty):
        super().__init__(folder, tty)
        boxes = ("outgoing", "checked", "incoming", "sent", "failed", "report")
        for box in boxes:
            os.makedirs(self.path(box), exist_ok=True)
        settings = "".join(f"{box} = {self.path(box)}\n" for box in boxes)
        self.write(
            "smsd.conf",
            f"devices = GSM1\n{settings}logfile = {self.path('log')}\n"
            f"infofile = {self.path('working')}\npidfile = {self.path('pid')}\n"
            # Seconds between two looks at the outgoing folder and at the modem; its default is 10.
            "delaytime = 1\nuser = root\ngroup = root\n"
            f"[GSM1]\ndevice = {tty}\nincoming = yes\nreport = yes\n"
            "check_memory_method = 31\ninit = AT+CNMI=2,1,0,2,0\n",
        )

    def start(self):
        self.spawn("smsd", "-c", self.path("smsd.conf"), "-t")

    def kill(self):
        """It is two processes: the second is the first's child."""
        for process in self.processes:
            for task in glob.glob(f"/proc/{process.pid}/task/*/children"):
                with open(task, encoding="ascii") as children:
                    for child in children.read().split():
                        os.kill(int(child), 9)
        super().kill()

    def send(self, to, body):
        self.count += 1
        name = self.write(
            f"text{self.count}", f"To: {to.lstrip('+')}\nReport: yes\nAlphabet: UTF-8\n\n{body}"
        )
        os.rename(name, self.path("outgoing", f"text{self.count}"))

    def received(self):
        return self.box("incoming")


class Kannel(Peer):
    """bearerbox, which has the modem and keeps its texts in a spool, and smsbox in front of it."""

    needs, package = ("bearerbox", "smsbox"), "kannel"

    def __init__(self, folder, tty):
        super().__init__(folder, tty)
        self.ports = {name: _free_port() for name in ("admin", "smsbox", "send")}
        os.makedirs(self.path("spool"), exist_ok=True)
        ports = self.ports
        self.write(
            "kannel.conf",
            f"group = core\nadmin-port = {ports['admin']}\nadmin-password = x\n"
            f"admin-interface = 127.0.0.1\nsmsbox-port = {ports['smsbox']}\n"
            f"smsbox-interface = 127.0.0.1\nlog-file = {self.path('log')}\nlog-level = 0\n"
            f"store-type = spool\nstore-location = {self.path('spool')}\ndlr-storage = internal\n\n"
            f"group = smsc\nsmsc = at\nsmsc-id = a\nmodemtype = generic\ndevice = {tty}\n"
            "sim-buffering = true\nkeepalive = 10\nspeed = 115200\n\n"
            "group = modems\nid = generic\nname = Generic\n"
            'init-string = "AT+CNMI=2,1,0,0,0"\nmessage-storage = SM\n\n'
            f"group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {ports['send']}\n"
            f"sendsms-interface = 127.0.0.1\naccess-log = {self.path('access')}\n\n"
            "group = sendsms-user\nusername = t\npassword = t\n\n"
            "group = sms-service\nkeyword = default\nmax-messages = 0\ntext = none\n",
        )

    def start(self):
        self.spawn("bearerbox", self.path("kannel.conf"))
        _await_port(self.ports["admin"])
        _await_port(self.ports["smsbox"])
        self.spawn("smsbox", self.path("kannel.conf"))
        _await_port(self.ports["send"])

    def send(self, to, body):
        query = urllib.parse.urlencode(
            {"username": "t", "password": "t", "from": "1", "to": to, "text": body, "coding": 0}
        )
        url = f"http://127.0.0.1:{self.ports['send']}/cgi-bin/sendsms?{query}"
        with urllib.request.urlopen(url, timeout=harness.DEADLINE_S) as answer:
            answer.read()

    def received(self):
        """smsbox notes what comes in, whatever service then answers it."""
        try:
            with open(self.path("access"), encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _await_port(port):
    def there():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    harness.eventually(there, f"port {port}")


def _plain(said):
    """What mmcli says, with octets for their octal escapes."""
    octets = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), said.encode())
    return octets.decode(errors="replace")


class ModemManager(Peer):
    """ModemManager on a bus of its own. It takes no ttys from outside udev, but sockets: socat is
    between. One may have many modems: (name, plugin, tty) each."""

    needs = ("ModemManager", "mmcli", "dbus-daemon", "dbus-send", "socat")
    package = "modemmanager"

    def __init__(self, folder, modems):
        super().__init__(folder, None)
        self.modems = modems

    def start(self):
        address = f"unix:path={self.path('bus')}"
        self.environment.update(
            DBUS_SESSION_BUS_ADDRESS=address, DBUS_SYSTEM_BUS_ADDRESS=address
        )
        self.spawn("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}")
        harness.eventually(lambda: os.path.exists(self.path("bus")), "the bus")
        for name, _, tty in self.modems:
            self.spawn("socat", f"UNIX-LISTEN:{self.path(name)},fork", f"{tty},raw,echo=0")
        self.spawn(
            "ModemManager",
            "--test-session",
            "--no-auto-scan",
            "--test-enable",
            "--test-no-udev",
            "--test-no-suspend-resume",
            "--test-no-qrtr",
            f"--test-plugin-dir={glob.glob('/usr/lib/*/ModemManager')[0]}",
            "--debug",
        )
        harness.eventually(self.on_bus, "ModemManager on its bus")
        for name, plugin, _ in self.modems:
            self.call(
                "/org/freedesktop/ModemManager1",
                "org.freedesktop.ModemManager1.Test.SetProfile",
                f"string:{name}",
                f"string:{plugin}",
                f"array:string:{self.path(name)}",
            )

    def mmcli(self, *arguments):
        """Its own patience, 25 s, is too short for a busy machine: to enable a modem takes dozens of
        commands, one after the other through three programs."""
        return self.run("mmcli", f"--timeout={harness.DEADLINE_S}", *arguments)

    def call(self, path, method, *arguments):
        return self.run(
            "dbus-send",
            "--session",
            f"--reply-timeout={harness.DEADLINE_S * 1000}",
            "--print-reply",
            "--dest=org.freedesktop.ModemManager1",
            path,
            method,
            *arguments,
        )

    def on_bus(self):
        try:
            return self.call("/org/freedesktop/ModemManager1", "org.freedesktop.DBus.Peer.Ping")
        except AssertionError:
            return None

    def found(self):
        """The modems that it has found: {name: path}."""
        names = {}
        for path in re.findall(r"/org/\S+/Modem/\d+", self.mmcli("-L")):
            device = re.search(r"device: /virtual/(\S+)", self.mmcli("-m", path))
            if device:
                names[device.group(1)] = path
        return names

    def texts(self, path):
        """What lies in one of its modems: (number, text, state) each."""
        texts = []
        listed = self.mmcli("-m", path, "--messaging-list-sms")
        for sms in re.findall(r"/org/\S+/SMS/\d+", listed):
            said = self.mmcli("-s", sms, "--output-keyvalue")
            fields = dict(re.findall(r"^(\S+)\s*: (.*)$", _plain(said), re.MULTILINE))
            texts.append(
                tuple(fields.get(f"sms.{f}", "") for f in
                      ("content.number", "content.text", "properties.state"))
            )
        return texts
