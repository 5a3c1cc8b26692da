"""split.py - one OP in several processes: who runs what, where they listen, their keys"""

import itertools
import os
import signal
import socket
import subprocess

from harness import DEADLINE_S, Client, Program, eventually, program

_ports = itertools.count(20000 + os.getpid() * 16 % 12000)  # below those that connections get

THREE = {"edge": ["http", "auth", "rate"], "core": ["ledger", "webhook"], "radio": ["modem"]}


def next_port():
    """One that nobody listens at."""
    for port in _ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def cli(*arguments, code=0):
    """opctl: what it prints, or why it does not."""
    done = subprocess.run(
        [program("opctl"), *arguments], capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stderr if code else done.stdout


class Host(Program):
    """opd with some of the actors."""

    READY = r"OP is ready(?: on http://([\d.]+:\d+)|: [a-z0-9,-]+)\n"

    def __init__(self, folder, arguments, **more):
        super().__init__("opd", arguments, folder, **more)

    def client(self, credential=None):
        return Client(self.address, credential)

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


class System:
    """`layout`: the hosts, by name, with their actors. `scheme`: tcp or ipc; tcp has keys unless `keys` is
    false. Restarting a host is launching it again."""

    def __init__(self, folder, layout=None, scheme="tcp", keys=None, arguments=(), addresses=None,
                 local_http=False, trust=True):
        self.folder = folder
        self.layout = layout or THREE
        self.arguments = [f"--set=link/trust_modems={str(trust).lower()}", *arguments]
        self.addresses = addresses or {}  # of hosts with one of their own
        self.local_http = local_http  # http is for its own host only
        self.extra = {name: [] for name in self.layout}
        self.more = {name: {} for name in self.layout}
        self.lines = []  # of every host's configuration, besides
        self.knows = {}  # by host: which peers it names, where that is not all
        self.hosts = {}
        self.endpoints = {
            name: f"tcp://{self.addresses.get(name, '127.0.0.1')}:{next_port()}"
            if scheme == "tcp"
            else f"ipc://{folder}/{name}.sock"
            for name in self.layout
        }
        self.keyed = scheme == "tcp" if keys is None else keys
        if self.keyed:
            self.make_keys()

    def keys(self, name):
        return os.path.join(self.folder, f"keys-{name}")

    def make_keys(self):
        """Once in a folder: a system that is launched there again goes on with its keys."""
        if any(os.path.exists(self.keys(name)) for name in self.layout):
            return
        for name in self.layout:
            cli("keygen", self.keys(name))
        for one, other in itertools.permutations(self.layout, 2):
            self.let_in(one, other)

    def let_in(self, at, name):
        certificate = os.path.join(self.keys(name), "host.cert")
        actors = ",".join(self.layout[name])
        cli("host", "add", name, "--actors", actors, "--key", certificate, "--dir", self.keys(at))

    def write_config(self, name):
        path = os.path.join(self.folder, f"{name}.zpl")
        lines = ["actors", f'    run = "{",".join(self.layout[name])}"', "link"]
        lines.append(f'    listen = "{self.endpoints[name]}"')
        if self.keyed:
            lines.append(f'    keys = "{self.keys(name)}"')
        lines.append("peers")
        for other, actors in self.layout.items():
            if other != name:
                known = self.knows.get(name, actors)
                lines += [f'    {a} = "{self.endpoints[other]}"' for a in actors if a in known]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines + self.lines) + "\n")
        return path

    def data(self, name):
        return f"{self.folder}/data-{name}"

    def launch(self, name):
        serves = not self.local_http and any(a.startswith("http") for a in self.layout[name])
        http = f"{self.addresses.get(name, '127.0.0.1') if serves else '127.0.0.1'}:0"
        self.hosts[name] = Host(
            self.folder,
            [
                f"--config={self.write_config(name)}",
                f"--data={self.data(name)}",
                f"--listen={http}",
                *self.arguments,
                *self.extra[name],
            ],
            **self.more[name],
        )
        return self.hosts[name]

    def up(self):
        """Launches what does not run, and waits until all are ready."""
        for name in self.layout:
            if name not in self.hosts or self.hosts[name].process.returncode is not None:
                self.launch(name)
        for host in self.hosts.values():
            if not host.process.stdout.closed and not getattr(host, "ready", False):
                host.wait_ready()
                host.ready = True
        return self

    @property
    def front(self):
        return next(h for n, h in self.hosts.items() if "http" in self.layout[n])

    def stop(self):
        for host in self.hosts.values():
            host.stop()

    def kill(self):
        for host in self.hosts.values():
            if host.process.returncode is None:
                host.resume()
            host.kill()

    def says(self, name, text, times=1):
        """Waits until a host has logged it."""
        eventually(lambda: self.hosts[name].stderr().count(text) >= times, f"{name}: {text}")
