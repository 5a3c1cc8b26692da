"""The PDUs that are tried, and the codec that is tried on them. Every case comes from one seed."""
import datetime
import random
import subprocess

SEED = 1
GSM7 = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
EXTENSION = "^{}\\[~]|€"


class Codec:
    """tests/differential/codec.c"""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the codec ended at: {words}")
        return answer.split()

    def decode(self, pdu):
        fields = dict(field.split("=", 1) for field in self.ask("decode", pdu))
        for name in ("smsc", "peer", "text"):
            if name in fields:
                fields[name] = bytes.fromhex(fields[name]).decode()
        return fields

    def split(self, to, reference, wide, text):
        return self.ask("split", to, reference, int(wide), text.encode().hex())


def texts(rng):
    """Texts of one alphabet, of a few, of any characters; about the lengths where parts begin."""
    alphabets = ["abc xyz", GSM7, GSM7 + EXTENSION, EXTENSION, "Привет, мир", "a😀", "ёa€",
                 "".join(chr(c) for c in range(0x4e00, 0x4e40))]
    lengths = [1, 2, 7, 8, 15, 66, 67, 70, 71, 79, 80, 81, 133, 140, 152, 153, 154, 159, 160, 161,
               305, 306, 307]
    for alphabet in alphabets:
        for length in lengths:
            yield "".join(rng.choice(alphabet) for _ in range(length))
    for _ in range(60):
        points = (rng.choice([rng.randrange(0x20, 0x7f), rng.randrange(0x20, 0xd800),
                              rng.randrange(0xe000, 0xfffe), rng.randrange(0x10000, 0x110000)])
                  for _ in range(rng.randrange(1, 200)))
        yield "".join(map(chr, points))


def plain():
    """One message each, of ASCII characters, of all lengths."""
    rng = random.Random(SEED + 4)
    alphabet = [c for c in GSM7 + EXTENSION if c.isascii()]
    for length in range(1, 161):
        text = "".join(rng.choice(alphabet) for _ in range(length))
        yield text[:max(1, length - sum(c in EXTENSION for c in text))]


def submits(codec):
    """(text, its PDUs)"""
    rng = random.Random(SEED)
    for number, text in enumerate(texts(rng)):
        to = "+1" + "".join(rng.choice("0123456789") for _ in range(rng.randrange(5, 15)))
        wide = number % 3 == 0
        reference = rng.randrange(65536 if wide else 256)
        pdus = codec.split(to, reference, wide, text)
        for part, pdu in enumerate(pdus, 1):
            read = codec.decode(pdu)
            concat = f"{reference}/{len(pdus)}/{part}" if len(pdus) > 1 else None
            if (read.get("peer"), read.get("concat"), read.get("validity")) != (to, concat, "167"):
                raise SystemExit(f"not as asked: {to} {concat}: {pdu}")
        yield text, pdus


def swapped(digits):
    digits += "F" * (len(digits) % 2)
    return "".join(digits[i + 1] + digits[i] for i in range(0, len(digits), 2))


def address(rng):
    kind, digits = rng.choice([("91", 15), ("91", 20), ("81", 9), ("A1", 12), ("81", 5)])
    number = "".join(rng.choice("0123456789") for _ in range(rng.randrange(3, digits + 1)))
    return f"{len(number):02X}{kind}{swapped(number)}"


def stamp(rng):
    """A date of this century; the zone's sign is bit 3 of its octet."""
    parts = [rng.randrange(0, 90), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(24),
             rng.randrange(60), rng.randrange(60)]
    zone = rng.randrange(0, 57)
    octets = swapped("".join(f"{part:02}" for part in parts)) + swapped(f"{zone:02}")
    if rng.random() < 0.5 and zone:
        octets = octets[:12] + f"{int(octets[12:], 16) | 0x08:02X}"
    return octets


def packed(septets, fill):
    bits = sum(septet << (fill + 7 * i) for i, septet in enumerate(septets))
    return bits.to_bytes((fill + 7 * len(septets) + 7) // 8, "little")


def user_data(rng, dcs, alphabet, header=b""):
    if header:
        header = bytes([len(header)]) + header
    if alphabet == "gsm7":
        before = (len(header) * 8 + 6) // 7
        septets = [rng.choice([c for c in range(128) if c != 0x1b])
                   for _ in range(rng.randrange(0, 161 - before))]
        body = header + packed(septets, before * 7 - len(header) * 8)
        length = before + len(septets)
    else:
        if alphabet == "ucs2":
            body = "".join(chr(rng.randrange(0x400, 0x500)) for _ in range(rng.randrange(0, 60)))
            body = header + body.encode("utf-16-be")
        else:
            body = header + rng.randbytes(rng.randrange(0, 141 - len(header)))
        length = len(body)
    return f"{length:02X}{body.hex().upper()}"


HEADERS = [b"", bytes([0, 3, 7, 3, 2]), bytes([8, 4, 1, 7, 3, 3]), bytes([5, 4, 0x0b, 0x84, 0x23, 0xf0]),
           bytes([0x70, 2, 1, 2, 0, 3, 9, 2, 1]), bytes([4, 2, 200, 201])]
CODINGS = [(0x00, "gsm7"), (0x04, "8bit"), (0x08, "ucs2"), (0x10, "gsm7"), (0x11, "gsm7"),
           (0x16, "8bit"), (0x19, "ucs2"), (0xc8, "gsm7"), (0xd1, "gsm7"), (0xe0, "ucs2"),
           (0xf1, "gsm7"), (0xf5, "8bit"), (0xf0, "gsm7")]


def delivers():
    rng = random.Random(SEED + 1)
    for _ in range(40):
        for dcs, alphabet in CODINGS:
            header = rng.choice(HEADERS)
            first = 0x04 | (0x40 if header else 0) | (rng.randrange(2) << 5)
            yield (f"00{first:02X}{address(rng)}{rng.choice([0, 0x41, 0x3f]):02X}{dcs:02X}"
                   f"{stamp(rng)}{user_data(rng, dcs, alphabet, header)}")


def encoded(codec):
    """DELIVERs that OP wrote: senders' names, and the zones of a clock."""
    rng = random.Random(SEED + 3)
    for name in ("+12025550143", "24680", "OP", "Cafe", "ABCDEFG", "ABCDEFGH", "ABCDEFGHIJK", "Ärger"):
        for quarters in (-48, -20, -1, 0, 1, 22, 56):
            instant = rng.randrange(946684800 + 86400, 2500000000)
            for dcs, units in ((0, bytes(rng.randrange(0x20, 0x5b) for _ in range(100)).hex()),
                               (8, "Привет 😀".encode("utf-16-be").hex())):
                pdu, = codec.ask("deliver", name, instant, quarters, dcs, units)
                local = datetime.datetime.fromtimestamp(instant + quarters * 900,
                                                        datetime.timezone.utc)
                read = codec.decode(pdu)
                wanted = f"{local:%Y-%m-%dT%H:%M:%S}/{quarters}"
                if (read.get("peer"), read.get("stamp")) != (name, wanted):
                    raise SystemExit(f"not as asked: {name} {wanted}: {pdu}")
                yield pdu


def reports():
    rng = random.Random(SEED + 2)
    for status in range(256):
        yield (f"0006{rng.randrange(256):02X}{address(rng)}{stamp(rng)}{stamp(rng)}{status:02X}")

