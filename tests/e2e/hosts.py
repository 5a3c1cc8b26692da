"""hosts.py - three hosts on one machine: network namespaces with a bridge between them

It needs root, ip, and a kernel that allows namespaces; why_not says what is missing.

With OP_HOSTS=1 harness.launch starts each OP of a test as Spread: http, auth and rate on one host,
ledger and webhook on the second, the modems and their simulated carrier on the third.
"""

import atexit
import ctypes
import functools
import os
import shutil
import subprocess
import threading

from harness import Client, Opd, eventually, stored
from split import THREE, System, next_port

CLONE_NEWNET = 0x40000000
TAG = f"op{os.getpid() % 100000}"
NET = "10.213.77"


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done


def why_not():
    """What is missing for this test; nothing: it can run."""
    if os.geteuid() != 0:
        return "it needs root"
    if not shutil.which("ip"):
        return "it needs ip (iproute2)"
    probe = run("ip", "netns", "add", f"{TAG}p", check=False)
    run("ip", "netns", "del", f"{TAG}p", check=False)
    return f"namespaces are not allowed: {probe.stderr.strip()}" if probe.returncode else None


class Network:
    """A namespace for each host, on a bridge which is in one of its own. 10.213.77.0/24 is nobody else's:
    the namespaces see nothing but each other."""

    def __init__(self, names):
        self.addresses = {name: f"{NET}.{i + 1}" for i, name in enumerate(names)}
        self.hub = f"{TAG}hub"
        try:
            self.make()
        except RuntimeError:
            self.close()
            raise

    def space(self, name):
        return f"{TAG}{name}"

    def make(self):
        run("ip", "netns", "add", self.hub)
        run("ip", "-n", self.hub, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.hub, "link", "set", "br0", "up")
        for name, address in self.addresses.items():
            space = self.space(name)
            run("ip", "netns", "add", space)
            run("ip", "-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", name,
                "netns", self.hub)  # fmt: skip
            run("ip", "-n", self.hub, "link", "set", name, "master", "br0")
            run("ip", "-n", self.hub, "link", "set", name, "up")
            run("ip", "-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "lo", "up")
            run("ip", "-n", space, "link", "set", "eth0", "up")

    def close(self):
        for space in [self.hub, *map(self.space, self.addresses)]:
            run("ip", "netns", "del", space, check=False)

    def ways(self, name, to, fro):
        """(who sends, to whom) of the directions."""
        others = [other for other in self.addresses if other != name]
        return [(o, name) for o in others if to] + [(name, o) for o in others if fro]

    def cut(self, name, to=True, fro=True):
        """Loses everything to the host and from it, in silence: it goes to an address on the wire that is
        nobody's."""
        for sender, receiver in self.ways(name, to, fro):
            run("ip", "-n", self.space(sender), "neigh", "replace", self.addresses[receiver],
                "lladdr", "02:00:00:00:00:01", "nud", "permanent", "dev", "eth0")  # fmt: skip

    def mend(self, name):
        for sender, receiver in self.ways(name, True, True):
            run("ip", "-n", self.space(sender), "neigh", "del", self.addresses[receiver],
                "dev", "eth0", check=False)  # fmt: skip

    def within(self, name):
        return ["ip", "netns", "exec", self.space(name)]


def enter(space):
    """From here on this thread's sockets, and those of threads and programs that it starts, are in that
    namespace."""
    with open(f"/run/netns/{space}", "rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


@functools.cache
def network():
    """This test's three hosts. The test itself, as a client, is on the one with http."""
    net = Network(THREE)
    atexit.register(net.close)
    enter(net.space("edge"))
    return net


def at(name, make):
    """What make() returns, which it has made on that host: its sockets listen there."""
    made = []

    def there():
        enter(network().space(name))
        made.append(make())

    thread = threading.Thread(target=there)
    thread.start()
    thread.join()
    return made[0]


class Spread:
    """An OP on the three hosts, with the face of harness.Opd. Arguments that name modems, simulated or
    not, are for their host."""

    def __init__(self, folder, *arguments):
        net = network()
        modems = [a for a in arguments if a.startswith(("--simulate=", "--modem="))]
        others = [a for a in arguments if a not in modems]
        self.simulates = any(a.startswith("--simulate=") for a in modems)
        if self.simulates:
            self.carried = f"{net.addresses['radio']}:{next_port()}"
            modems += [f"--set=simulate/listen={self.carried}", "--set=http/public_listen=true"]
            others.append("--set=simulate/part=true")
        self.system = System(folder, arguments=others, addresses=net.addresses, local_http=True)
        self.system.extra["radio"] = modems
        for name in THREE:
            self.system.more[name] = {"before": net.within(name)}
            self.system.launch(name)

    def wait_ready(self):
        """As a whole OP is: when it has a line, where lines are to be expected."""
        self.system.up()
        if self.simulates:
            client = Client(self.address, checked=False)

            def ready():  # not too often: the calls are counted
                return client.get("/readyz").status == 200 or threading.Event().wait(0.05)

            eventually(ready, "a line is up")
        return self

    @property
    def address(self):
        return self.system.front.address

    def client(self, credential=None):
        return Client(self.address, credential)

    def side(self):
        return Client(self.carried, checked=False)

    clock = Opd.clock
    carrier = Opd.carrier

    def stored(self):
        return b"".join(stored(self.system.data(name)) for name in THREE)

    def stderr(self):
        return "".join(self.system.hosts[name].stderr() for name in THREE)

    def stop(self):
        self.system.stop()

    def kill(self):
        self.system.kill()
