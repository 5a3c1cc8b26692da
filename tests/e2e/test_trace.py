"""test_trace.py - opd --trace: what is in the file after a clean end, and after kill -9

The reader here is a second one, written from the description in transport/trace.h.
"""

import collections
import ctypes
import os
import stat
import struct
import subprocess

from harness import WIDE, Account, Carrier, Case, Opd, main, new_phone, program, send, settled

MAGIC = b"\xf0OP2"
HEADER, ACTOR, ROW, EVENT, DIGEST = range(0x500, 0x505)
START, RECEIVE, TICK, DRAIN, COMMIT, SEND = range(1, 7)
ACTORS = {"rate", "auth", "webhook", "ledger", "modem"}
XXHASH = ctypes.CDLL("libxxhash.so.0")
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
XXHASH.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def checksum(data):
    return struct.pack(">Q", XXHASH.XXH3_64bits(data, len(data)))


def fields(data):
    """A msgpack array of nothing, integers, texts and binaries: all that the records are made of."""

    def take(form):
        nonlocal data
        size = struct.calcsize(form)
        value = struct.unpack(form, data[:size])[0]
        data = data[size:]
        return value

    def piece(size):
        nonlocal data
        found, data = data[:size], data[size:]
        assert len(found) == size
        return found

    def value():
        tag = take("B")
        if tag < 0x80:
            return tag
        if tag == 0xC0:  # a default in front of what is none
            return None
        if 0xA0 <= tag <= 0xBF:
            return piece(tag & 0x1F).decode()
        numbers = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q"}
        binaries = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I"}
        texts = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}
        if tag in numbers:
            return take(numbers[tag])
        if tag in binaries:
            return piece(take(binaries[tag]))
        if tag in texts:
            return piece(take(texts[tag])).decode()
        raise AssertionError(f"what is {tag:#x}?")

    count = take("B")
    assert 0x90 <= count <= 0x9F, hex(count)
    found = [value() for _ in range(count & 0x0F)]
    assert not data, "something stands behind the record"
    return found


def records(path):
    """The whole records of a file as (type, fields), and how many octets are left behind them."""
    with open(path, "rb") as file:
        data = file.read()
    found, at = [], 0
    while at + 16 <= len(data):
        size = struct.unpack(">I", data[at + 4 : at + 8])[0]
        if at + 16 + size > len(data):
            break
        payload = data[at + 16 : at + 16 + size]
        assert data[at : at + 4] == MAGIC, f"no record at {at}"
        assert data[at + 8 : at + 16] == checksum(payload), f"a wrong checksum at {at}"
        found.append((struct.unpack(">H", payload[:2])[0], fields(payload[2:])))
        at += 16 + size
    return found, len(data) - at


def numbered(found):
    """What every trace of opd begins with; the actors' names by their numbers."""
    assert found[0][0] == HEADER, found[0]
    assert found[0][1][0] == 2 and len(found[0][1][1]) == 32, "format and catalogue"
    names = {f[0]: f[1] for kind, f in found if kind == ACTOR}
    assert set(names.values()) == ACTORS, names
    return names


def events(found, names):
    """Each actor's events, as lists of (what, bytes)."""
    each = collections.defaultdict(list)
    for kind, f in found:
        if kind == EVENT:
            each[names[f[0]]].append((f[1], f[5] if len(f) > 5 else b""))
    return each


class Trace(Case):
    def launch(self, home, path):
        op = Opd(home, "--simulate=1", f"--trace={path}", *WIDE)
        self.addCleanup(op.kill)
        return op.wait_ready()

    def use(self, op, texts):
        """A human signs up, an agent sends. The API key, and the codes and texts that were sent."""
        carrier = Carrier(op.address)
        human = Account(op, carrier)
        agent = human.mint(human.number()[0])
        bodies = [f"text number {n}" for n in range(texts)]
        for body in bodies:
            settled(agent, send(agent, new_phone(), body)["id"])
        return agent, bodies

    def test_a_clean_end(self):
        home = self.folder()
        path = os.path.join(home, "trace")
        op = self.launch(home, path)
        _, bodies = self.use(op, 3)
        op.stop()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        found, left = records(path)
        self.assertEqual(left, 0)
        names = numbered(found)
        digests = {names[f[0]] for kind, f in found if kind == DIGEST}
        self.assertEqual(digests, ACTORS)
        for name, seen in events(found, names).items():
            self.assertEqual(seen[0][0], START, name)
            self.assertEqual(sum(what == DRAIN for what, _ in seen), 1, name)
            self.assertIn(COMMIT, [what for what, _ in seen])
            self.assertNotIn(seen[-1][0], (START, RECEIVE, TICK, DRAIN), "an end between turns")
        ledger = events(found, names)["ledger"]
        for body in bodies:
            asked = [what for what, frame in ledger if body.encode() in frame]
            self.assertIn(RECEIVE, asked)
            self.assertIn(SEND, asked)

    def test_kill(self):
        """Whole records but perhaps the last; what was answered stands in them. The next start
        takes another file, and finds rows."""
        home = self.folder()
        first, second = os.path.join(home, "first"), os.path.join(home, "second")
        op = self.launch(home, first)
        agent, _ = self.use(op, 1)
        for n in range(20):
            send(agent, new_phone(), f"just before {n}")
        op.kill()
        found, _ = records(first)
        names = numbered(found)
        self.assertFalse([f for kind, f in found if kind == DIGEST or kind == ROW])
        spoken = [
            frame for seen in events(found, names).values() for what, frame in seen if what == SEND
        ]
        for n in range(20):
            body = f"just before {n}".encode()
            self.assertTrue(any(body in frame for frame in spoken), body)
        # The key travels once in clear, to its owner; what the agent presents is its hash.
        given = [frame for frame in spoken if agent.credential.encode() in frame]
        self.assertEqual(len(given), 1)

        refused = subprocess.run(
            [program("opd"), f"--data={home}/data", "--listen=127.0.0.1:0", f"--trace={first}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr, r"(?m)^opd: --trace \S*first: exists; ")

        op = self.launch(home, second)
        op.stop()
        found, left = records(second)
        self.assertEqual(left, 0)
        names = numbered(found)
        rows = [(names[f[0]], f[1]) for kind, f in found if kind == ROW]
        self.assertTrue(all(key.startswith((f"{n}/".encode(), f"{n}!".encode())) for n, key in rows))
        self.assertLessEqual({"auth", "ledger"}, {name for name, _ in rows})
        self.assertEqual({names[f[0]] for kind, f in found if kind == DIGEST}, ACTORS)

    def test_segments(self):
        """Small files: the first one and the last ones stay, and each begins like the first."""
        home = self.folder()
        path = os.path.join(home, "trace")
        op = Opd(
            home, "--simulate=1", f"--trace={path}", "--set=trace/max_mb=1",
            "--set=trace/segments=2", *WIDE,
        )
        self.addCleanup(op.kill)
        op.wait_ready()
        agent, _ = self.use(op, 1)
        for _ in range(50):
            send(agent, new_phone(), "x" * 1500)
        for _ in range(1000):  # a page is in several records
            agent.get("/v1/messages?limit=100").expect(200)
            if os.path.exists(path + ".2"):
                break
        op.kill()
        self.assertEqual(os.path.getsize(path) // 2**20, 0)
        left = sorted(name for name in os.listdir(home) if name.startswith("trace"))
        self.assertEqual(len(left), 2, left)
        with open(os.path.join(home, left[1]), "rb") as file:
            self.assertEqual(file.read(4), MAGIC)
        self.assertEqual(left[0], "trace")


if __name__ == "__main__":
    main()
