"""machine.py - clean Debian machines, for tests that install something

The base is made by debootstrap once and kept, with the packages that a test will install beside it, so that
later runs need no network: in $XDG_CACHE_HOME/op, or ~/.cache/op, for KEPT_DAYS after its last use. A
Machine is an overlay above it, in which systemd boots within namespaces of its own; it takes a second, and what
it does nobody else sees. The base stays as it was.
"""

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

from harness import DEADLINE_S, die_with_parent, eventually

SUITE = "bookworm"
MIRROR = os.environ.get("OP_DEBIAN_MIRROR", "http://deb.debian.org/debian")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "op")
NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup"]
APT = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-qq", "--no-install-recommends"]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MAKE_S = 600  # the base, with a slow mirror
KEPT_DAYS = 14

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Missing(Exception):
    """What this machine lacks for such a test."""


def why_not():
    """What is missing here; None: it can run, if the base is there or can be made."""
    if os.geteuid() != 0:
        return "it needs root"
    for tool in ("debootstrap", "unshare", "nsenter"):
        if not shutil.which(tool):
            return f"it needs {tool}"
    # The mounts of boot.sh that a container may not make.
    probe = "mount -t proc p /proc && mount -t tmpfs t /mnt && mount -t cgroup2 c /mnt"
    done = subprocess.run(["unshare", *NAMESPACES, "sh", "-c", probe], capture_output=True, text=True)
    return f"namespaces are not allowed: {done.stderr.strip()}" if done.returncode else None


def run(*command, seconds=MAKE_S):
    """In a mount namespace of its own: what is mounted meanwhile goes with it."""
    done = subprocess.run(
        ["unshare", "--mount", *command],
        capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        raise Missing(f"{' '.join(command[:4])}: {(done.stdout + done.stderr).strip()[-500:]}")


def base(package):
    """The base's folder, made where there is none yet. With the dependencies of this .deb in apt's cache."""
    fields = subprocess.run(
        ["dpkg-deb", "--field", package, "Depends"], capture_output=True, text=True, check=True
    )
    key = hashlib.sha256(f"{SUITE} {fields.stdout}".encode()).hexdigest()[:16]
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = os.path.join(CACHE, f"root-{key}")
        if not os.path.exists(found):
            forget_old()
            part = f"{found}.part"
            run("debootstrap", "--variant=minbase", "--include=systemd,dbus", SUITE, part, MIRROR)
            shutil.copy(package, f"{part}/root/wanted.deb")
            run("chroot", part, *APT, "--download-only", "install", "/root/wanted.deb")
            os.remove(f"{part}/root/wanted.deb")
            with open(f"{part}/etc/dpkg/dpkg.cfg.d/quick", "w", encoding="utf-8") as file:
                file.write("force-unsafe-io\n")
            os.rename(part, found)
        os.utime(found)
    return found


def forget_old():
    """Bases that were left half made, or that nobody has used for long."""
    for name in os.listdir(CACHE):
        path = os.path.join(CACHE, name)
        old = time.time() - os.stat(path).st_mtime > KEPT_DAYS * 86400
        if name.startswith("root-") and (old or name.endswith(".part")):
            shutil.rmtree(path)


class Machine:
    """Debian, running. Only one at a time in a process, which moves into its network (enter_network)."""

    def __init__(self, root):
        self.folder = tempfile.TemporaryDirectory(prefix="op-machine-")
        boot = os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot.sh")
        self.log = open(os.path.join(self.folder.name, "boot.log"), "w+", encoding="utf-8")
        self.shell = subprocess.Popen(
            ["unshare", *NAMESPACES, boot, root, self.folder.name],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=die_with_parent,
        )  # fmt: skip
        try:
            self.init = int(eventually(self.first, "the machine's first process"))
            eventually(self.is_up, "systemd is up")
        except (AssertionError, Missing) as error:
            self.log.seek(0)
            said = self.log.read()
            self.stop()
            raise Missing(f"systemd does not boot: {said.strip()[-500:] or error}") from error

    def first(self):
        if self.shell.poll() is not None:
            raise Missing("it has ended")
        path = f"/proc/{self.shell.pid}/task/{self.shell.pid}/children"
        with open(path, encoding="utf-8") as file:
            return file.read()

    def is_up(self):
        if self.shell.poll() is not None:
            raise Missing("it has ended")
        return self.ask("systemctl", "is-system-running").strip() in ("running", "degraded")

    def within(self, *command):
        inside = ["nsenter", "--target", str(self.init), "--all", "env", "-i", f"PATH={PATH}"]
        return subprocess.run(
            [*inside, "LC_ALL=C.UTF-8", *command],
            capture_output=True, text=True, timeout=4 * DEADLINE_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def ask(self, *command):
        """What it says, however it ends."""
        return self.within(*command).stdout

    def do(self, *command):
        """What it says, when it goes well."""
        done = self.within(*command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def path(self, inside):
        """Of a file in it, as seen from outside. Not for links."""
        return f"/proc/{self.init}/root{inside}"

    def write(self, inside, text):
        with open(self.path(inside), "w", encoding="utf-8") as file:
            file.write(text)

    def outside(self, process):
        """The id out here of one of its processes."""
        space = os.readlink(f"/proc/{self.init}/ns/pid")
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{name}/ns/pid") == space:
                    with open(f"/proc/{name}/status", encoding="utf-8") as file:
                        ids = next(line for line in file if line.startswith("NSpid:"))
                    if int(ids.split()[-1]) == process:
                        return int(name)
            except OSError:
                pass  # it has ended meanwhile
        raise AssertionError(f"no process {process}")

    def enter_network(self):
        """From here on this process's sockets are the machine's."""
        with open(f"/proc/{self.init}/ns/net", "rb") as file:
            if _libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def stop(self):
        """Its first process's end is that of all, and of all mounts."""
        if self.shell.poll() is None:
            self.shell.send_signal(signal.SIGKILL)
        self.shell.wait()
        self.log.close()
        self.folder.cleanup()
