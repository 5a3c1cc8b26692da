"""The independent codecs. Each compares what it makes of a PDU with what OP makes of it."""
import collections
import ctypes
import ctypes.util
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import cases


class Missing(Exception):
    pass


class Peer:
    least = 1  # comparisons; fewer mean that something is broken

    def __init__(self):
        self.allowed = collections.Counter()  # differences that README.md argues, by name
        self.found = []

    def same(self, what, pdu, ours, theirs, allow=None):
        if ours == theirs:
            return
        if allow:
            self.allowed[allow] += 1
        else:
            self.found.append((what, pdu, f"ours: {ours!r}", f"theirs: {theirs!r}"))


def digits(text):
    return text.lstrip("+")


class Tshark(Peer):
    """Wireshark's dissector, on RP-DATA so that it knows the direction of each TPDU."""
    least = 3000
    fields = ["frame.number", "gsm_sms.tp-mti", "gsm_sms.tp-oa", "gsm_sms.tp-da", "gsm_sms.tp-ra",
              "gsm_sms.tp-pid", "gsm_sms.tp-dcs", "gsm_sms.tp-mr", "gsm_sms.sms_text",
              "gsm_sms.udh.mm.msg_id", "gsm_sms.udh.mm.msg_parts", "gsm_sms.udh.mm.msg_part",
              "gsm_sms.destination_port", "gsm_sms.originator_port", "gsm_sms.scts.year",
              "gsm_sms.scts.month", "gsm_sms.scts.day", "gsm_sms.scts.hour",
              "gsm_sms.scts.minutes", "gsm_sms.scts.seconds",
              "gsm_sms.dis_field.st_error"]

    def __init__(self):
        super().__init__()
        if not shutil.which("tshark"):
            raise Missing("tshark is not installed")

    @staticmethod
    def frame(pdu):
        """RP-DATA (TS 24.011 7.3.1): type, reference, originator, destination, user data."""
        octets = bytes.fromhex(pdu)
        centre, tpdu = b"\x07\x91\x21\x21\x55\x00\x10\xf2", octets[1 + octets[0]:]
        if tpdu[0] & 3 == 1:
            return b"\x00\x01\x00" + centre + bytes([len(tpdu)]) + tpdu
        return b"\x01\x01" + centre + b"\x00" + bytes([len(tpdu)]) + tpdu

    def dissect(self, pdus):
        with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
            file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 147))
            for pdu in pdus:
                frame = self.frame(pdu)
                file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
            file.flush()
            command = ["tshark", "-n", "-r", file.name, "-o", "gsm_sms.reassemble:FALSE",
                       "-o", 'uat:user_dlts:"User 0 (DLT=147)","gsm_a_rp","0","","0",""',
                       "-T", "json"]
            for field in self.fields:
                command += ["-e", field]
            done = subprocess.run(command, capture_output=True, check=True, timeout=300)
        layers = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
        assert len(layers) == len(pdus)
        return layers

    def compare(self, pdu, ours, layer):
        def one(name, base=0):
            return int(layer[name][0], base) if name in layer else None

        mti = {"deliver": 0, "submit": 1, "report": 2}
        self.same("kind", pdu, mti.get(ours.get("kind")), one("gsm_sms.tp-mti"))
        peer = next((layer[f"gsm_sms.tp-{x}"][0] for x in ("oa", "da", "ra")
                     if f"gsm_sms.tp-{x}" in layer), "")
        self.same("peer", pdu, digits(ours["peer"]), peer)
        if ours["kind"] != "report":
            self.same("pid", pdu, int(ours["pid"]), one("gsm_sms.tp-pid"))
            self.same("dcs", pdu, int(ours["dcs"]), one("gsm_sms.tp-dcs"))
        if "reference" in ours:
            self.same("reference", pdu, int(ours["reference"]), one("gsm_sms.tp-mr"))
        if "outcome" in ours:
            status = int(ours["status"])
            reserved = status >= 0x80 or status & 0x1f in range({0: 3, 1: 6, 2: 10}.get(
                status >> 5, 0x20), 0x10)
            self.same("outcome", pdu, int(ours["outcome"]), one("gsm_sms.dis_field.st_error"),
                      "reserved-status" if reserved else None)
        if "concat" in ours:
            names = ("msg_id", "msg_parts", "msg_part")
            theirs = "/".join(str(one(f"gsm_sms.udh.mm.{name}")) for name in names)
            self.same("concat", pdu, ours["concat"], theirs)
        if "ports" in ours:
            self.same("ports", pdu, ours["ports"],
                      f"{one('gsm_sms.destination_port')}/{one('gsm_sms.originator_port')}")
        if "stamp" in ours:
            names = ("year", "month", "day", "hour", "minutes", "seconds")
            year, *rest = (int(layer[f"gsm_sms.scts.{name}"][0]) for name in names)
            theirs = "20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}".format(year, *rest)
            self.same("stamp", pdu, ours["stamp"].split("/")[0], theirs)

    def text_of(self, layer):
        return "".join(layer.get("gsm_sms.sms_text", []))

    def run(self, codec):
        submits = list(cases.submits(codec))
        pdus = [pdu for _, parts in submits for pdu in parts]
        delivers = list(cases.delivers()) + list(cases.encoded(codec))
        reports = list(cases.reports())
        layers = iter(self.dissect(pdus + delivers + reports))
        for text, parts in submits:
            seen = ""
            for pdu in parts:
                layer = next(layers)
                self.compare(pdu, codec.decode(pdu), layer)
                seen += self.text_of(layer)
            self.same("text", parts[0], text, seen)
        for pdu in delivers:
            layer, ours = next(layers), codec.decode(pdu)
            self.compare(pdu, ours, layer)
            if "text" in ours and "ports" not in ours:
                self.same("text", pdu, ours["text"], self.text_of(layer))
        for pdu in reports:
            self.compare(pdu, codec.decode(pdu), next(layers))
        return 5 * len(pdus + delivers + reports)


class Gammu(Peer):
    least = 1000

    def __init__(self):
        super().__init__()
        try:
            import gammu
        except ImportError:
            system = "/usr/bin/python3"
            if sys.executable != system and os.access(system, os.X_OK) and "OP_PEER" not in os.environ:
                os.environ["OP_PEER"] = "1"
                os.execv(system, [system, "-B", *sys.argv])
            raise Missing("python3-gammu is not installed") from None
        self.gammu = gammu

    def compare(self, pdu, ours):
        try:
            theirs = self.gammu.DecodePDU(bytes.fromhex(pdu), True)
        except self.gammu.GSMError as error:
            self.found.append(("refused", pdu, str(error)))
            return None
        kinds = {"Deliver": "deliver", "Submit": "submit", "Status_Report": "report"}
        self.same("kind", pdu, ours["kind"], kinds[theirs["Type"]])
        self.same("peer", pdu, ours["peer"], theirs["Number"],
                  None if ours["peer"].isascii() else "names-in-ascii")
        if ours["kind"] == "report":
            self.same("reference", pdu, int(ours["reference"]), theirs["MessageReference"])
        header = theirs["UDH"]
        if "concat" in ours and header["Type"] == "ConcatenatedMessages":
            self.same("concat", pdu, ours["concat"],
                      f"{max(header['ID8bit'], header['ID16bit'])}/{header['AllParts']}/"
                      f"{header['PartNumber']}")
        if "stamp" in ours and theirs["DateTime"]:
            self.same("stamp", pdu, ours["stamp"].split("/")[0],
                      theirs["DateTime"].strftime("%Y-%m-%dT%H:%M:%S"))
        return theirs

    def run(self, codec):
        tried = 0
        for text, parts in cases.submits(codec):
            seen = []
            for pdu in parts:
                seen.append(self.compare(pdu, codec.decode(pdu)))
                tried += 1
            if None not in seen:
                ours = [codec.decode(pdu)["text"] for pdu in parts]
                self.same("joined", parts[0], text, "".join(ours))
                for pdu, part, theirs in zip(parts, ours, seen):
                    self.same_text(pdu, part, theirs)
        for pdu in [*cases.delivers(), *cases.encoded(codec), *cases.reports()]:
            ours = codec.decode(pdu)
            theirs = self.compare(pdu, ours)
            tried += 1
            if theirs and "text" in ours and ours["kind"] == "deliver":
                self.same_text(pdu, ours["text"], theirs)
            if theirs and ours["kind"] == "deliver":
                self.same("class", pdu, int(ours["class"]), theirs["Class"])
        return tried

    def same_text(self, pdu, ours, theirs):
        text, allow = theirs["Text"], None
        if theirs["Coding"].startswith("Default") and any(c in cases.EXTENSION for c in ours):
            text, allow = text[:len(ours)], "surplus-behind-escapes"
        elif theirs["Coding"].startswith("Unicode") and "~" in ours:
            text, allow = text.replace("~~", "~"), "doubled-tilde"
            ours = ours.replace("~~", "~")
            pushed_out = len(ours) - len(text)
            if 0 < pushed_out <= theirs["Text"].count("~~"):
                ours = ours[:-pushed_out]
        if allow and text != theirs["Text"]:
            self.allowed[allow] += 1
        self.same("text", pdu, ours, text)


class Osmocom(Peer):
    """libosmogsm packs and unpacks septets; beyond ASCII its characters are none that it names."""
    least = 300

    def __init__(self):
        super().__init__()
        name = ctypes.util.find_library("osmogsm")
        if not name:
            raise Missing("libosmogsm is not installed")
        self.library = ctypes.CDLL(name)

    def pack(self, text):
        out, size = ctypes.create_string_buffer(512), ctypes.c_int()
        septets = self.library.gsm_7bit_encode_n(out, 512, text.encode("ascii"),
                                                 ctypes.byref(size))
        return septets, out.raw[:size.value]

    def unpack(self, octets, septets):
        out = ctypes.create_string_buffer(512)
        self.library.gsm_7bit_decode_n(out, 512, octets, septets)
        return out.value.decode("ascii", "replace")

    def run(self, codec):
        tried = 0
        for text in cases.plain():
            pdu = codec.split("12345", 0, False, text)[0]
            body = bytes.fromhex(pdu)[11:]  # behind a TP-DA of five digits, PID, DCS and VP
            septets, data = body[0], body[1:]
            self.same("packed", pdu, (septets, data), self.pack(text))
            self.same("unpacked", pdu, text, self.unpack(data, septets))
            tried += 2
        return tried


PEERS = {"tshark": Tshark, "gammu": Gammu, "osmocom": Osmocom}
