# SPDX-License-Identifier: Apache-2.0
"""RFC 959 3.4 and 3.1.2 once more, in Python: what a peer of ferryd's would send and understand.

Written from the RFC, not from ferry's code, so that both can be wrong only apart.

A file of STRU F or P is bytes, one of STRU R a list of bytes. Each codec works on the
bytes that TYPE makes of them.
"""

import subprocess
import zlib

EOR, EOF, SUSPECT, RESTART = 128, 64, 32, 16
FILLER = {"A": b" ", "E": b"\x40", "I": b"\0", "L": b"\0"}


class Malformed(Exception):
    pass


# ---- MODE S ---------------------------------------------------------------


def stream_encode(content, structure):
    if structure != "R":
        return content
    wire = b"".join(record.replace(b"\xff", b"\xff\xff") + b"\xff\x01" for record in content)
    return wire + b"\xff\x02"


def stream_decode(wire, structure):
    """Content and what is left behind its end."""
    if structure != "R":
        return wire, b""
    records, record, at = [], b"", 0
    while True:
        escape = wire.find(b"\xff", at)
        if escape < 0 or escape + 1 >= len(wire):
            raise Malformed("no end of file")
        record += wire[at:escape]
        code, at = wire[escape + 1], escape + 2
        if code == 0xFF:
            record += b"\xff"
            continue
        if code not in (1, 2, 3):
            raise Malformed(f"code {code}")
        if code & 1:
            records.append(record)
            record = b""
        if code & 2:
            if record:
                records.append(record)
            return records, wire[at:]


# ---- MODE B ---------------------------------------------------------------


def block(descriptor, data=b""):
    return bytes([descriptor]) + len(data).to_bytes(2, "big") + data


def marker_block(marker):
    return block(RESTART, marker)


def block_encode(content, structure, size=5000, every=0):
    """Blocks of at most `size` bytes; a marker after each `every` bytes (0: none)."""
    wire = b""
    for record in content if structure == "R" else [content]:
        pieces = [record[i:i + size] for i in range(0, len(record), size)] or [b""]
        for i, piece in enumerate(pieces):
            is_last = i == len(pieces) - 1
            wire += block(EOR if structure == "R" and is_last else 0, piece)
    return wire + block(EOF)


class Decoder:
    """What came over a data connection in MODE B or C, in pieces; `done` at the end of the file."""

    def __init__(self, structure):
        self.structure = structure
        self.records, self.record = [], []
        self.markers, self.suspect = [], 0
        self.done = False
        self.rest = b""
        self.wire = 0

    @property
    def content(self):
        return self.records if self.structure == "R" else b"".join(self.record)

    @property
    def bytes(self):
        """How many bytes of data came, without records' ends."""
        return sum(map(len, self.records)) + sum(map(len, self.record))

    def take(self, data, codes):
        if codes & RESTART:
            self.markers.append((data, self.bytes, len(self.records)))
            return
        if codes & SUSPECT:
            self.suspect += len(data)
        self.record.append(data)
        if codes & EOR:
            if self.structure != "R":
                raise Malformed("a record")
            self.records.append(b"".join(self.record))
            self.record = []
        if codes & EOF:
            if self.structure == "R" and b"".join(self.record):
                self.records.append(b"".join(self.record))
            self.done = True

    def feed(self, data):
        self.rest += data
        self.wire += len(data)
        at = 0
        while not self.done:
            end = self.step(at)
            if end is None:
                break
            at = end
        self.rest = self.rest[at:]
        return self.done


class BlockDecoder(Decoder):
    def step(self, at):
        if len(self.rest) - at < 3:
            return None
        count = int.from_bytes(self.rest[at + 1:at + 3], "big")
        if len(self.rest) - at < 3 + count:
            return None
        if self.rest[at] & 15:
            raise Malformed(f"descriptor {self.rest[at]}")
        self.take(self.rest[at + 3:at + 3 + count], self.rest[at])
        return at + 3 + count


# ---- MODE C ---------------------------------------------------------------


def compress(data, filler):
    """Strings for some data, each as a piece of wire bytes."""
    strings, at = [], 0
    while at < len(data):
        run = 1
        while at + run < len(data) and run < 63 and data[at + run] == data[at]:
            run += 1
        if data[at:at + 1] == filler:
            strings.append(bytes([0xC0 | run]))
        elif run > 2:
            strings.append(bytes([0x80 | run, data[at]]))
        else:
            run = min(127, len(data) - at)
            for i in range(at + 1, at + run - 2):
                if data[i] == data[i + 1] == data[i + 2] or data[i:i + 1] == filler:
                    run = i - at
                    break
            strings.append(bytes([run]) + data[at:at + run])
        at += run
    return strings


def compressed_encode(content, structure, filler):
    """An escape sequence is about the string that comes next (RFC 959 3.4.3)."""
    wire = b""
    records = content if structure == "R" else [content]
    for i, record in enumerate(records):
        strings = compress(record, filler) or [b"\xc0"]
        codes = EOR if structure == "R" else 0
        if i == len(records) - 1:
            codes |= EOF
        wire += b"".join(strings[:-1]) + bytes([0, codes]) + strings[-1]
    return wire if records else b"\0\x40\xc0"


def marker_string(marker):
    return bytes([0, RESTART, len(marker)]) + marker


class CompressedDecoder(Decoder):
    def __init__(self, structure, filler):
        super().__init__(structure)
        self.filler = filler
        self.codes = 0

    def step(self, at):
        head = self.rest[at:at + 1]
        if not head:
            return None
        head = head[0]
        if head == 0:
            if len(self.rest) - at < 2:
                return None
            if self.rest[at + 1] & 15 or not self.rest[at + 1]:
                raise Malformed(f"escape {self.rest[at + 1]}")
            self.codes |= self.rest[at + 1]
            return at + 2
        if head < 128:
            end = at + 1 + head
            data = self.rest[at + 1:end]
        elif head < 192:
            end = at + 2
            data = self.rest[at + 1:end] * (head & 63)
        else:
            end = at + 1
            data = self.filler * (head & 63)
        if end > len(self.rest):
            return None
        codes, self.codes = self.codes, 0
        self.take(data, codes)
        return end


# ---- All modes alike ------------------------------------------------------


def encode(content, structure, mode, kind):
    if mode == "S":
        return stream_encode(content, structure)
    if mode == "Z":
        return zlib.compress(stream_encode(content, structure))
    if mode == "B":
        return block_encode(content, structure)
    return compressed_encode(content, structure, FILLER[kind])


def decoder(structure, mode, kind):
    return BlockDecoder(structure) if mode == "B" else CompressedDecoder(structure, FILLER[kind])


def read_told(data, structure, mode, kind):
    """A file in MODE B or C from a connection that stays open: its decoder."""
    d = decoder(structure, mode, kind)
    while not d.feed(b""):
        piece = data.recv(1 << 20)
        if not piece:
            raise Malformed("closed before the end of the file")
        if d.feed(piece):
            break
    assert not d.rest, f"behind the end of the file: {d.rest[:20]!r}"
    return d


def read_closed(data, structure, mode):
    """A file in MODE S or Z, which ends with its connection."""
    wire = b""
    while piece := data.recv(1 << 20):
        wire += piece
    if mode == "Z":
        engine = zlib.decompressobj()
        wire = engine.decompress(wire)
        assert engine.eof and not engine.unused_data
    content, rest = stream_decode(wire, structure)
    assert not rest, f"behind the end of the file: {rest[:20]!r}"
    return content


def fetch(client, name, structure, mode, kind, way="PASV", verb="RETR"):
    """One RETR, each data connection new; the content as TYPE has it."""
    opened = client.open_data(way)
    client.send(f"{verb} {name}")
    data = opened()
    client.expect("150")
    if mode in "BC":
        content = read_told(data, structure, mode, kind).content
        client.expect("250")
    else:
        content = read_closed(data, structure, mode)
        client.expect("226")
    data.close()
    return content


def store(client, name, content, structure, mode, kind, way="PASV", verb="STOR"):
    opened = client.open_data(way)
    client.send(f"{verb} {name}")
    data = opened()
    client.expect("150")
    data.sendall(encode(content, structure, mode, kind))
    if mode in "SZ":
        data.close()
        return client.expect("226")
    reply = client.expect("250")
    data.close()
    return reply


def set_parameters(client, kind, structure, mode):
    client.ask(f"TYPE {kind}", "200")
    client.ask(f"STRU {structure}", "200")
    client.ask(f"MODE {mode}", "200")


# ---- TYPE -----------------------------------------------------------------


def code_page(name="CP1047"):
    """EBCDIC to ISO 8859-1 as iconv has it, but NL and LF are each other's (RFC 959 3.1.1.2)."""
    table = bytearray(subprocess.run(["iconv", "-f", name, "-t", "ISO-8859-1"],
                                     input=bytes(range(256)), capture_output=True,
                                     check=True).stdout)
    line_feed = table.index(0x0A)
    table[line_feed], table[0x15] = table[0x15], 0x0A
    return bytes(table)


def from_ebcdic(data, table):
    return data.translate(table)


def to_ebcdic(data, table):
    return data.translate(bytes(table.index(i) for i in range(256)))


# ---- STRU P ---------------------------------------------------------------


def pack_words(words, bits):
    """Logical bytes of `bits`, packed contiguously (RFC 959 3.1.1.4)."""
    number, count = 0, 0
    for word in words:
        number, count = number << bits | word, count + bits
    filling = -count % 8
    return (number << filling).to_bytes((count + filling) // 8, "big")


def unpack_words(wire, bits):
    number, count = int.from_bytes(wire, "big"), len(wire) * 8
    return [number >> count - (i + 1) * bits & (1 << bits) - 1 for i in range(count // bits)]


def pages_encode(pages, bits):
    """Pages are (index, words, type[, access]); the last one is added."""
    words = []
    for index, data, kind, *access in pages:
        words += [4 + len(access), index, len(data), kind, *access, *data]
    return pack_words(words + [4, 0, 0, 0], bits)


def pages_decode(wire, bits):
    words, pages, at = unpack_words(wire, bits), [], 0
    while True:
        header, index, count, kind = words[at:at + 4]
        if kind == 0:
            if (header, index, count) != (4, 0, 0):
                raise Malformed("last page")
            return pages
        access = words[at + 4:at + header]
        pages.append((index, words[at + header:at + header + count], kind, *access))
        at += header + count
