"""Vectors of others with what they expect, as JSON lines; the folder is not part of OP.

Every kind of vector, and every member that one expects, is compared here or argued in README.md: one that is
neither fails the test."""
import ast
import datetime
import json
import os
import pathlib
import re

from cases import swapped
from peers import Missing, Peer, digits

BESIDE = pathlib.Path(__file__).resolve().parents[3] / "shared" / "vectors"  # beside the project


def integer(value):
    """As a number, however it is written; None: it is none."""
    try:
        return int(value, 0) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        return None


def value_of(node):
    """A Python literal in which datetime(...) and other calls may stand."""
    if isinstance(node, ast.Dict):
        return {value_of(k): value_of(v) for k, v in zip(node.keys, node.values)}
    if isinstance(node, ast.List):
        return [value_of(item) for item in node.elts]
    if isinstance(node, ast.UnaryOp):
        return -value_of(node.operand)
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    values = [value_of(item) for item in node.args]
    name = ast.unparse(node.func)
    if name == "SimpleOffsetTzInfo":
        return values[0]
    if name == "datetime":
        quarters = 4 * value_of(node.keywords[0].value)
        return f"{datetime.datetime(*values):%Y-%m-%dT%H:%M:%S}/{quarters}"
    return (name, values)


def literal(text):
    return value_of(ast.parse(text, mode="eval").body) if isinstance(text, str) else text


def milliseconds(text):
    """'3 days, 0:00:00'"""
    days, hours, minutes = re.fullmatch(r"(?:(\d+) days?, )?(\d+):(\d+):00", text).groups()
    return ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60000


def in_quarters(instant):
    """2011-02-28T11:50:50-05 as OP's codec shows it; Z is UTC."""
    local, zone = instant[:19], instant[19:]
    return f"{local}/{0 if zone == 'Z' else 4 * int(zone)}"


class Vectors(Peer):
    least = 500
    # What they call it, what OP calls it; numbers are compared without their plus.
    texts = {"text": "text", "MessageBody": "text", "data_hex": "data"}
    numbers = {"number": "peer", "OriginatingAddress": "peer", "RecipientAddress": "peer",
               "oaddr.address": "peer", "daddr.address": "peer", "smsc": "smsc",
               "ServiceCenterAddress": "smsc", "sc_addr.address": "smsc"}
    integers = {"pid": "pid", "protocol_id": "pid", "dcs": "dcs", "mr": "reference", "reference": "reference",
                "cls": "class", "vp.relative": "validity"}
    joined = {"concat": (("concat_ref", "concat_max", "concat_seq"),
                         ("concatRef.refNumber", "concatRef.msgCount", "concatRef.seqNumber")),
              "ports": (("portAddrs.destPort", "portAddrs.origPort"),)}
    kinds = {"SMS-DELIVER": "deliver", "SMS-SUBMIT": "submit", "SMS-STATUS-REPORT": "report",
             "SMS_TYPE_DELIVER": "deliver", "SMS_TYPE_SUBMIT": "submit"}
    # Argued in README.md: what they expect of what OP does not make.
    argued_members = {"multipart", "udl", "udhl", "tpdu_len", "coding", "vpf", "udh", "PseudoSubject",
                      "sc_addr.number_type", "sc_addr.numbering_plan", "oaddr.number_type", "oaddr.numbering_plan",
                      "daddr.number_type", "daddr.numbering_plan", "concatRef.isEightBits",
                      "portAddrs.areEightBits", "isReplace", "isMWISetMessage", "isMWIClearMessage",
                      "isMwiDontStore", "isEmail", "EmailFrom", "EmailBody", "DisplayOriginatingAddress",
                      "DisplayMessageBody"}
    argued_kinds = {"raw-bytes", "cbs"}

    def __init__(self):
        super().__init__()
        folder = pathlib.Path(os.environ.get("OP_VECTORS", BESIDE))
        self.files = sorted(folder.glob("*.jsonl"))
        self.tried = 0
        if not self.files:
            raise Missing(f"there are no vectors in {folder} (OP_VECTORS)")

    def run(self, codec):
        self.codec = codec
        for file in self.files:
            for line in file.read_text().splitlines():
                self.vector = json.loads(line)
                kind = self.vector.get("kind", "")
                compare = getattr(self, "kind_" + kind.replace("-", "_"), None)
                if compare:
                    compare(**self.vector)
                elif kind in self.argued_kinds:
                    self.allowed[kind] += 1
                else:
                    self.found.append(("kind", self.vector.get("id"), kind, "is not known"))
        return self.tried

    def equal(self, what, ours, theirs, allow=None):
        self.tried += 1
        self.same(what, self.vector["id"], ours, theirs, allow)

    def ask(self, *words):
        """One word of hexadecimal digits as text, or the answer's words."""
        return self.codec.ask(*words)

    def hexadecimal(self, *words):
        return "".join(self.codec.ask(*words)).upper()

    def text(self, *words):
        return bytes.fromhex(self.hexadecimal(*words)).decode()

    # ---- PDUs ----

    def kind_pdu(self, hex, expected=None, expect_error=False, has_sca=True, columns=None, **vector):
        pdu = hex if has_sca else "00" + hex
        ours = self.codec.decode(pdu)
        default = all(vector.get(table, "default") == "default" for table in ("locking", "single"))
        if expect_error:
            self.equal("refused", "error" in ours, True)
        elif columns and isinstance(columns[1], (dict, str)) and columns[0] == hex:
            self.members(ours, literal(columns[1]))
        elif columns:
            to, text, reference, validity, smsc, _, flash = columns[:7]
            self.members(ours, {"number": to, "text": text, "reference": reference, "smsc": smsc,
                                "validity": validity})
            self.equal("flash", ours["class"] == "0", False)  # it is in TP-PID's place, not in TP-DCS
        else:
            expected = {"text": expected} if isinstance(expected, str) else expected
            self.members(ours, expected or {}, None if default else "tables-unsaid")

    kind_tpdu_gsm7_shift = kind_pdu

    def members(self, ours, expected, allow=None):
        for key, value in expected.items():
            if value is None:
                continue
            if key in self.texts:
                self.equal(key, ours.get(self.texts[key], "").upper() if key == "data_hex" else ours.get("text"),
                           value, "octets-as-text" if key == "text" and "data" in ours else allow)
            elif key in self.numbers:
                self.equal(key, digits(ours.get(self.numbers[key], "")), digits(value),
                           "hexadecimal-digits" if re.fullmatch(r"\+[0-9]*[a-f][0-9a-f]*", value) else None)
            elif key in self.integers:
                self.equal(key, integer(ours.get(self.integers[key])), integer(value))
            elif key == "type":
                self.equal(key, ours.get("kind"), self.kinds[value])
            elif key in ("timestamp", "time", "discharge"):
                self.equal(key, ours.get("discharge" if key == "discharge" else "stamp"),
                           value if "/" in value else in_quarters(value))
            elif key == "validity_min":
                self.equal(key, self.ask("period", ours.get("validity", 0))[0], str(value * 60000))
            elif key == "validity":
                self.validity(ours, value)
            elif key == "dst_port":
                self.equal(key, ours.get("ports", "/").split("/")[0], str(value))
            elif key in self.argued_members:
                self.allowed["members"] += 1
            elif not key.startswith("scts.") and not any(key in names for sets in self.joined.values()
                                                          for names in sets):
                self.found.append(("member", self.vector["id"], key, "is not known"))
        self.stamp(ours, expected)
        for key, sets in self.joined.items():
            for names in sets:
                values = [integer(expected.get(name)) for name in names]
                if None not in values:
                    self.equal(key, ours.get(key), "/".join(map(str, values)))

    def validity(self, ours, value):
        if not value.startswith("datetime") and "/" not in value:  # else absolute: read over, see modem/pdu.h
            self.equal("validity", self.ask("period", ours.get("validity", 0))[0], str(milliseconds(value)))

    def stamp(self, ours, expected):
        """scts.*, the zone in hours or in quarters of an hour."""
        names = ("year", "month", "day", "hour", "minute", "second", "timezone")
        values = [expected.get("scts." + name) for name in names]
        if None not in values:
            year, month, day, hour, minute, second, zone = values
            self.equal("scts", ours.get("stamp"),
                       f"{2000 + year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}/{zone}")

    # ---- How texts are cut ----

    def parts(self, text, wide=False):
        return self.codec.split("+14155550100", 1, wide, text)

    def kind_segments(self, text, segments, ref16=False, fragment_lengths=(), **vector):
        parts = self.parts(text, ref16)
        shifted = vector.get("locking_table") or vector.get("single_shift_table")
        allow = "national-tables" if shifted else None
        self.equal("segments", len(parts), segments, allow)
        if fragment_lengths:
            self.equal("lengths", [len(self.codec.decode(pdu)["text"]) for pdu in parts], fragment_lengths, allow)

    def kind_segment_count(self, bits, units, segments, **_):
        if bits == 8 or units == 0:
            self.allowed["not-sent"] += 1
            return
        self.equal("segments", len(self.parts(("a" if bits == 7 else "Ж") * units)), segments)

    def kind_segments_limit(self, char, ref16, per_part, max_parts, **_):
        most = per_part * max_parts
        self.equal("most", len(self.parts(char * most, ref16)), max_parts)
        self.equal("more", self.parts(char * (most + 1), ref16)[0].startswith("error="), True)

    # ---- Fields ----

    def kind_address(self, text, is_smsc, hex, **_):
        self.equal("address", self.hexadecimal("address", int(is_smsc), text.encode().hex()), hex)

    def kind_gsm7_pack(self, septets, packed, call, **_):
        self.equal("packed", self.hexadecimal("pack", call[2], septets), packed)

    def kind_gsm7_unpack(self, septets, packed, call, **_):
        self.equal("septets", self.hexadecimal("unpack", call[2], len(septets) // 2, packed), septets)

    def kind_gsm7_roundtrip(self, text, **_):
        self.equal("text", self.text("text", 0, 0, self.hexadecimal("septets", text.encode().hex())), text)

    def kind_gsm7_table(self, table, language, chars, **_):
        """A locking table is whole, but for its escape; of the others their characters are said, not their
        places."""
        if table == "locking":
            for septet in range(128):
                if septet != 0x1B:
                    self.equal("table", self.text("text", language, 0, f"{septet:02x}"), chars[septet])
            return
        shifted = {septet: self.text("text", 0, language, f"1b{septet:02x}") for septet in range(128)
                   if septet != 0x1B}
        base = {septet: self.text("text", 0, 0, f"{septet:02x}") for septet in shifted}
        self.equal("lacks", set(chars) - set(shifted.values()), set())
        self.equal("surplus", {c for septet, c in shifted.items() if c != base[septet]} - set(chars), set())

    def kind_row(self, test, columns, **_):
        getattr(self, "row_" + test, self.row_unknown)(*columns)

    def row_unknown(self, *_):
        self.found.append(("row", self.vector["id"], self.vector["test"], "is not known"))

    def row_TestSemiOctets(self, text, hex, *rest):
        if rest:
            self.allowed["objects"] += 1
            return
        self.equal("digits", self.hexadecimal("address", 0, text.encode().hex())[4:], hex.upper())

    def row_TestGsm7(self, text, septets, packed=None):
        ours = self.hexadecimal("septets", text.encode().hex())
        if packed is None:  # characters that the alphabet has not: dropped there
            self.equal("refused", ours, "")
            return
        self.equal("septets", ours, septets.upper())
        self.equal("packed", self.hexadecimal("pack", 0, septets), packed.upper())

    def row_TestUcs2(self, text, hex):
        self.equal("ucs2", self.parts(text)[0].endswith(hex.upper()), True)

    def row_TestSmsPduAddressFields(self, text, size, hex, _, smsc=0):
        read, *ours = self.ask("readaddress", smsc, hex)
        ours = bytes.fromhex("".join(ours)).decode()
        self.equal("size", int(read), size)
        self.equal("address", digits(ours), digits(text))

    def row_TestSmsPduSmscFields(self, *columns):
        self.row_TestSmsPduAddressFields(*columns, smsc=1)

    def row_TestRelativeValidityPeriod(self, text, octet):
        self.equal("period", self.ask("period", octet)[0], str(milliseconds(text)))
        self.equal("validity", self.ask("validity", milliseconds(text))[0], str(octet))

    def row_TestTimestamp(self, text, hex):
        self.equal("stamp", self.ask("stamp", hex), ["stamp=" + literal(text)])

    def row_TestSmsPduTzInfo(self, octet, hours):
        self.equal("zone", self.ask("stamp", "111111000000" + swapped(octet)),
                   [f"stamp=2011-11-11T00:00:00/{4 * hours}"])

    def row_TestUdhConcatenation(self, reference, sequence, total, hex):
        self.equal("concat", self.ask("header", f"{len(hex) // 2:02x}{hex}"),
                   [f"concat={reference}/{total}/{sequence}"])

    def row_TestUdhPortAddress(self, destination, origin, hex):
        self.equal("ports", self.ask("header", f"{len(hex) // 2:02x}{hex}"), [f"ports={destination}/{origin}"])

    def row_TestSmsPdu(self, text, *rest):
        pdus = [re.sub(r"^b'|'$", "", pdu) for pdu in rest[-1]]
        self.equal("joined", "".join(self.codec.decode(pdu).get("text", "") for pdu in pdus), text)

    # ---- What modems answer ----

    def final(self, line):
        return self.ask("final", line.strip().encode().hex())[0]

    def kind_at_exchange(self, command, reply, **_):
        """The last line ends it, and no other does."""
        lines = [line.strip() for answer in reply for line in answer.splitlines() if line.strip()]
        for i, line in enumerate(lines):
            last = i == len(lines) - 1
            self.equal("final", self.final(line) != "none", last,
                       "no-end" if last and line == "+CPIN: READY" else None)

    def kind_at_reply(self, function, raw, **_):
        lines = [line.strip() for line in re.split(r"[\r\n]+", raw) if line.strip()]
        if re.match(r"test_c(e|g|)reg", function):
            for line in lines:
                self.registration(line, "unsolicited" not in function)
        elif function.startswith("test_cpms_response"):
            self.memories(lines[0])
        elif function.startswith("test_cnmi"):
            self.notices(lines[0])
        else:
            self.allowed["replies"] += 1

    def registration(self, line, asked):
        """<n>,<stat> where it was asked for, else <stat>."""
        fields = re.split(r"[:,]", line)[1:]
        ours = int(self.ask("registration", int(asked), line.encode().hex())[0])
        unasked_n = not asked and len(fields) > 1 and re.fullmatch(r" *\d\d?", fields[1])
        theirs = integer(fields[asked or bool(unasked_n)].strip().lstrip("0") or "0")
        self.equal("registration", ours, theirs, "unasked-n" if unasked_n else None)

    def memories(self, line):
        """Those chosen are among those offered; SM where nothing is."""
        offered = set(re.findall(r'"(\w+)"', line)) or {"SM"}
        self.equal("memories", set(self.ask("memories", line.encode().hex())) - offered, set())

    def notices(self, line):
        groups = re.findall(r"\(([^)]*)\)", line)
        for group, value in zip(groups, self.ask("cnmi", line.encode().hex())):
            offered = set()
            for part in group.split(","):
                low, _, high = part.partition("-")
                offered |= set(range(int(low), int(high or low) + 1))
            self.equal("notices", int(value) in offered, True)
