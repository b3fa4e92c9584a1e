# SPDX-License-Identifier: Apache-2.0
"""RFC 959 3.1.2's closing note, for every TYPE, STRU and MODE: a file stored and fetched with the
same parameters is the same, whatever is in it. The other side is wire.py."""

import os
import random
import time

import pytest

import wire
from harness import Server

RANDOM = random.Random(959)
MEBIBYTE = RANDOM.randbytes(1 << 20)

CONTENTS = {
    "empty": b"",
    "one byte": b"A",
    "no last newline": b"one\ntwo",
    "lone cr": b"a\rb\r",
    "lone lf": b"\n\na\n",
    "crlf": b"a\r\nb\r\n",
    "all ones": b"\xff" * 1000 + b"\xff\x01\xff\x02\xff\x03",
    "long runs": b"a" * 5000 + b" " * 5000 + b"\0" * 5000 + b"\x40" * 5000,
    "every byte": bytes(range(256)) * 3,
    "random": MEBIBYTE,
}

RECORDS = {
    "none": [],
    "one": [b"record"],
    "lines": [b"one", b"two", b"three"],
    "empty ones": [b"", b"", b""],
    "empty last": [b"one", b""],
    "line ends inside": [b"a\nb", b"\n", b"c\r\nd", b"\r", b"e\n"],
    "ebcdic line ends inside": [b"a\x15b", b"\x25", b"\x85"],
    "all ones": [b"\xff" * 300, b"\xff", b"\x01\xff\x02"],
    "fixed": [b"%080d" % i for i in range(500)],
    "over 64 KiB": [b"x" * 70_000, MEBIBYTE[:200_000], b"\n" * 66_000],
}

TYPES = ["A", "A T", "A C", "E", "E T", "E C", "I", "L 8", "L 1", "L 7", "L 9", "L 16", "L 36", "L 255"]
EBCDIC = wire.code_page()


@pytest.fixture(autouse=True)
def emptied(shared):
    shared.empty()


def sent_form(kind, content):
    """What TYPE makes of a client's bytes: of text in A, line ends."""
    return content.replace(b"\n", b"\r\n") if kind[0] == "A" else content


@pytest.mark.parametrize("mode", "SBCZ")
@pytest.mark.parametrize("kind", TYPES)
def test_a_file_comes_back_as_it_went(shared, kind, mode):
    with shared.login() as c:
        wire.set_parameters(c, kind, "F", mode)
        for way in ("PASV", "PORT"):
            for name, content in CONTENTS.items():
                sent = sent_form(kind, content)
                wire.store(c, "f", sent, "F", mode, kind[0], way)
                got = wire.fetch(c, "f", "F", mode, kind[0], way)
                assert got == sent, f"{kind} {mode} {way}: {name}"


@pytest.mark.parametrize("mode", "SBCZ")
@pytest.mark.parametrize("kind", TYPES)
def test_records_come_back_as_they_went(shared, kind, mode):
    with shared.login() as c:
        wire.set_parameters(c, kind, "R", mode)
        for way in ("PASV", "PORT"):
            for name, records in RECORDS.items():
                wire.store(c, "f", records, "R", mode, kind[0], way)
                got = wire.fetch(c, "f", "R", mode, kind[0], way)
                assert got == records, f"{kind} {mode} {way}: {name}"


@pytest.mark.parametrize("mode", "SBCZ")
@pytest.mark.parametrize("kind", TYPES)
def test_files_of_the_disk_are_sent_and_come_back(shared, kind, mode):
    """What ferryd sends of any file it takes back as the same file."""
    with shared.login() as c:
        wire.set_parameters(c, kind, "F", mode)
        for name, content in CONTENTS.items():
            if kind in ("L 1", "L 7", "L 9", "L 36", "L 255"):
                continue  # not every file is made of such bytes
            shared.write("f", content)
            wire.store(c, "g", wire.fetch(c, "f", "F", mode, kind[0]), "F", mode, kind[0])
            assert shared.read("g") == content, f"{kind} {mode}: {name}"


@pytest.mark.parametrize("mode", "SBCZ")
@pytest.mark.parametrize("kind", ["A", "E"])
def test_lines_are_the_records_of_text(shared, kind, mode):
    lines = [b"one", b"", b"three"]
    encoded = lines if kind == "A" else [wire.to_ebcdic(line, EBCDIC) for line in lines]
    with shared.login() as c:
        wire.set_parameters(c, kind, "R", mode)
        shared.write("f", b"one\n\nthree\n")
        assert wire.fetch(c, "f", "R", mode, kind) == encoded
        shared.write("f", b"one\n\nthree")  # RFC 959 3.4: the last record's end is told, too
        assert wire.fetch(c, "f", "R", mode, kind) == encoded
        wire.store(c, "g", encoded, "R", mode, kind)
        assert shared.read("g") == b"one\n\nthree\n"
    assert shared.names() == ["f", "g"]  # nothing is kept beside what lines give back


def test_every_logical_byte_size_is_reversible(shared):
    """RFC 959 3.1.1.4, L 1 to L 255, of any bits at all."""
    with shared.login() as c:
        for bits in range(1, 256):
            c.ask(f"TYPE L {bits}", "200")
            content = RANDOM.randbytes(RANDOM.randrange(300))
            c.store("STOR f", content)
            assert c.fetch("RETR f") == content, bits


def test_logical_bytes_lie_right_justified_in_words(shared):
    """The transformation that docs/data-model.md publishes: two of 36 bits in nine bytes."""
    words = [0o123456701234, 0o777777777777]
    with shared.login() as c:
        c.ask("TYPE L 36", "200")
        c.store("STOR f", wire.pack_words(words, 36))
        assert shared.read("f") == b"".join(w.to_bytes(8, "big") for w in words)
        assert c.fetch("RETR f") == wire.pack_words(words, 36)
        assert c.ask("SIZE f", "213").text == "213 9"


def test_ebcdic_is_translated_with_its_own_line_end(shared):
    with shared.login() as c:
        c.ask("TYPE E", "200")
        c.store("STOR f", b"\xc8\x85\x93\x93\x96\x15")
        assert shared.read("f") == b"Hello\n"
        assert c.fetch("RETR f") == b"\xc8\x85\x93\x93\x96\x15"
        c.store("STOR g", bytes(range(256)))
        assert shared.read("g") == wire.from_ebcdic(bytes(range(256)), EBCDIC)


@pytest.mark.parametrize("page", ["cp037", "cp500", "cp273", "cp284"])
def test_the_code_page_is_a_setting(page):
    table = wire.code_page(page.upper())
    with Server("--ebcdic-code-page", page) as server, server.login() as c:
        c.ask("TYPE E", "200")
        c.store("STOR f", bytes(range(256)))
        assert server.read("f") == wire.from_ebcdic(bytes(range(256)), table)
        assert c.fetch("RETR f") == bytes(range(256))


# ---- Carriage control -------------------------------------------------------

ASA = b"1Title\n one\n0two\n+three\n last\n"


@pytest.mark.parametrize("structure", "FR")
@pytest.mark.parametrize("kind", ["A", "E"])
def test_carriage_control_is_kept_and_rendered_for_those_who_have_none(shared, kind, structure):
    """RFC 959 3.1.1.5.3."""
    def form(text):
        text = text if kind == "A" else wire.to_ebcdic(text, EBCDIC)
        end = b"\r\n" if kind == "A" else b"\x15"
        if structure == "F":
            return text.replace(b"\n", b"\r\n") if kind == "A" else text
        line_end = b"\n" if kind == "A" else b"\x15"
        return text.split(line_end)[:-1] if end else None

    with shared.login() as c:
        wire.set_parameters(c, f"{kind} C", structure, "S")
        wire.store(c, "f", form(ASA), structure, "S", kind)
        assert shared.read("f") == ASA
        assert wire.fetch(c, "f", structure, "S", kind) == form(ASA)
        for control in "NT":
            c.ask(f"TYPE {kind} {control}", "200")
            rendered = b"\fTitle\none\n\ntwo\rthree\nlast\n"
            assert wire.fetch(c, "f", structure, "S", kind) == form(rendered)
        c.ask("TYPE I", "200")
        c.ask("STRU F", "200")
        assert c.fetch("RETR f") == ASA


def test_carriage_control_goes_when_the_file_is_stored_without(shared):
    with shared.login() as c:
        c.ask("TYPE A C", "200")
        c.store("STOR f", b" one\r\n")
        c.ask("TYPE A N", "200")
        assert c.fetch("RETR f") == b"one\r\n"
        c.store("STOR f", b" two\r\n")
        assert c.fetch("RETR f") == b" two\r\n"
    assert shared.names() == ["f"]


# ---- What is kept beside a file ----------------------------------------------

BINARY = [b"\x00\x01", b"", b"\n", b"tail"]


def stored_records(client, name="f"):
    wire.set_parameters(client, "I", "R", "B")
    wire.store(client, name, BINARY, "R", "B", "I")


def records_of(client, name):
    return wire.fetch(client, name, "R", "B", "I")


def test_records_beside_a_file_follow_a_rename_and_a_copy(shared):
    with shared.login() as c:
        stored_records(c)
        c.ask("MKD d", "257")
        c.ask("RNFR f", "350")
        c.ask("RNTO d/g", "250")
        assert records_of(c, "d/g") == BINARY
        c.ask("SITE COPY d/g h", "250")
        assert records_of(c, "h") == BINARY
        c.ask("RNFR d", "350")
        c.ask("RNTO e", "250")
        assert records_of(c, "e/g") == BINARY


def test_records_beside_a_file_end_with_it(shared):
    with shared.login() as c:
        c.ask("MKD d", "257")
        stored_records(c, "d/f")
        c.ask("DELE d/f", "250")
        assert os.listdir(shared.path("d")) == []
        c.ask("RMD d", "250")


def test_records_beside_a_file_are_no_entries(shared):
    with shared.login() as c:
        c.ask("MKD d", "257")
        stored_records(c, "d/f")
        c.ask("MODE S", "200")
        c.ask("STRU F", "200")
        for verb in ("LIST -a d", "NLST -a d", "MLSD d"):
            lines = [line for line in c.fetch(verb).split(b"\r\n") if b"f" in line.split(b" ")[-1]]
            assert len(lines) == 1, lines
        assert b".ferry" not in c.fetch("LIST -a d")
        c.ask("CWD d/.ferry", "550")
        c.ask("SIZE d/.ferry/f.annex", "550")
        assert c.fetch("RETR d/f") == b"".join(BINARY)


def test_records_count_no_more_when_others_changed_the_file(shared):
    with shared.login() as c:
        stored_records(c)
        with open(shared.path("f"), "ab") as f:
            f.write(b"more")
        assert records_of(c, "f") == [b"".join(BINARY) + b"more"]
        stored_records(c)
        shared.write("f", b"\n" * 7)  # as long as before, at another time
        os.utime(shared.path("f"), (1, 1))
        assert records_of(c, "f") == [b"\n" * 7]


def test_records_survive_a_change_of_times_and_an_overwrite_ends_them(shared):
    with shared.login() as c:
        stored_records(c)
        c.ask("MFMT 20200101000000 f", "213")
        assert records_of(c, "f") == BINARY
        c.ask("SITE CHMOD 600 f", "200")
        assert records_of(c, "f") == BINARY
        wire.store(c, "f", [b"whole"], "R", "B", "I")
        assert records_of(c, "f") == [b"whole"]


def test_records_can_be_appended(shared):
    with shared.login() as c:
        stored_records(c)
        wire.store(c, "f", [b"x", b"y"], "R", "B", "I", verb="APPE")
        assert records_of(c, "f") == BINARY + [b"x", b"y"]
        wire.set_parameters(c, "A", "R", "S")
        wire.store(c, "t", [b"one"], "R", "S", "A")
        wire.store(c, "t", [b"two\nthree", b"four"], "R", "S", "A", verb="APPE")
        assert wire.fetch(c, "t", "R", "S", "A") == [b"one", b"two\nthree", b"four"]
        wire.store(c, "t", [b"five"], "R", "S", "A", verb="APPE")
        assert wire.fetch(c, "t", "R", "S", "A") == [b"one", b"two\nthree", b"four", b"five"]


# ---- Pages ------------------------------------------------------------------


@pytest.mark.parametrize("mode", "SBCZ")
@pytest.mark.parametrize("bits", [8, 9, 36, 64])
def test_pages_come_back_as_they_went(shared, bits, mode):
    """RFC 959 3.1.2.3 and appendix I."""
    most = min(512, (1 << bits) - 1)
    pages = [
        (0, [i % (1 << bits) for i in range(1, most + 1)], 1),
        (3, [1, 2, 3], 1),
        (2, [5] * 100, 3, 77),
        (9, [], 1),
        (7, [4] * most, 1),
    ]
    with shared.login() as c:
        wire.set_parameters(c, f"L {bits}", "P", mode)
        sent = wire.pages_encode(pages, bits)
        wire.store(c, "f", sent, "P", mode, "L")
        got = wire.fetch(c, "f", "P", mode, "L")
        assert wire.pages_decode(got, bits) == pages
        assert got == sent


@pytest.mark.parametrize("kind", ["A", "E", "I", "L 36"])
def test_files_become_pages_and_files_again(shared, kind):
    bits = 36 if kind == "L 36" else 8
    content = b"".join((i * 7 % (1 << 36)).to_bytes(8, "big") for i in range(3000))
    os.makedirs(shared.path("d"))
    shared.write("d/f", content)
    os.chmod(shared.path("d/f"), 0o640)
    os.utime(shared.path("d/f"), (981173106, 981173106))
    with shared.login() as c:
        wire.set_parameters(c, kind, "P", "S")
        for size in (len(content), 24, 0):
            os.truncate(shared.path("d/f"), size)
            os.utime(shared.path("d/f"), (981173106, 981173106))
            got = wire.fetch(c, "d/f", "P", "S", kind[0])
            wire.store(c, "g", got, "P", "S", kind[0])
            assert shared.read("g") == content[:size]
            info = os.stat(shared.path("g"))
            assert info.st_mode & 0o777 == 0o640  # the descriptor page's
            assert info.st_mtime == 981173106
            if size < 60_000:
                assert wire.pages_decode(got, bits)[0][2] == 2


@pytest.mark.parametrize("mode", "SBC")
@pytest.mark.parametrize("kind", ["I", "L 36", "L 64"])
def test_holes_do_not_travel_and_arrive_as_holes(shared, kind, mode):
    size = 5 << 30
    with open(shared.path("sparse"), "wb") as f:
        for offset in (0, 1 << 20, 3 << 30, size - 8):
            f.seek(offset)
            f.write(b"\0\0\0\x01")
            f.write(b"data")
    with shared.login() as c:
        wire.set_parameters(c, kind, "P", mode)
        opened = c.open_data("PASV")
        c.send("RETR sparse")
        data = opened()
        c.expect("150")
        got = (wire.read_told(data, "P", mode, kind[0]).content if mode in "BC"
               else wire.read_closed(data, "P", mode))
        c.expect("226", "250")
        data.close()
        assert len(got) < 64 * 1024
        wire.store(c, "copy", got, "P", mode, kind[0])
    info = os.stat(shared.path("copy"))
    assert info.st_size == size
    assert info.st_blocks * 512 < 1 << 20
    with open(shared.path("copy"), "rb") as f:
        for offset in (0, 1 << 20, 3 << 30, size - 8):
            f.seek(offset)
            assert f.read(8) == b"\0\0\0\x01data"
        f.seek(2 << 30)
        assert f.read(1 << 16) == bytes(1 << 16)


# ---- What is malformed --------------------------------------------------------


def sends_nonsense(client, kind, structure, mode, data, *codes):
    wire.set_parameters(client, kind, structure, mode)
    reply = client.store("STOR f", data, codes=codes)
    return reply


MALFORMED = [
    ("R", "S", b"a\xff\x04", "451"),            # a control code that is none
    ("R", "S", b"a\xff\x01b", "426"),           # an end that was not told
    ("R", "S", b"a\xff", "426"),
    ("R", "S", b"a\xff\x03b", "451"),           # something behind the end
    ("F", "B", b"\x00\x00\x05ab", "426"),       # a block that is cut off
    ("F", "B", b"\x00\x00", "426"),
    ("F", "B", b"\x00\x00\x02ab", "426"),       # no end of file
    ("F", "B", b"\x01\x00\x00", "451"),         # a descriptor that is none
    ("F", "B", b"\x10\x00\x03a b", "451"),      # a marker with a space
    ("F", "C", b"\x05ab", "426"),               # a count past the end
    ("F", "C", b"\x02ab", "426"),
    ("F", "C", b"\x00\x01\x02ab", "451"),       # an escape that is none
    ("F", "C", b"\x83", "426"),
    ("F", "Z", b"nonsense", "451"),
    ("F", "Z", b"\x78\x9c\x4b", "426"),
    ("P", "S", b"\x03\x00\x00\x01", "451"),     # a page header below 4
    ("P", "S", b"\x04\x00\x05\x01ab", "426"),   # a page that is cut off
    ("P", "S", b"\x04\x00\x01\x01a", "426"),    # no last page
    ("P", "S", b"\x04\x00\x00\x07", "551"),     # no such type
    ("P", "S", b"\x05\x00\x00\x01", "451"),     # a header too long for its type
]


@pytest.mark.parametrize("structure,mode,data,code", MALFORMED)
@pytest.mark.parametrize("kind", ["A", "I"])
def test_what_is_malformed_is_refused_and_nothing_published(shared, kind, structure, mode, data, code):
    with shared.login() as c:
        sends_nonsense(c, kind, structure, mode, data, code)
        c.ask("STRU F", "200")
        c.ask("MODE S", "200")
        c.ask("SIZE f", "550")
        shared.write("f", b"old")
        sends_nonsense(c, kind, structure, mode, data, code)
        assert shared.read("f") == b"old"
    assert shared.names() == ["f"]


def test_no_prefix_of_a_file_is_one(shared):
    """Where the end is told, whatever is cut off is noticed."""
    with shared.login() as c:
        for structure, mode in (("R", "S"), ("R", "B"), ("R", "C"), ("F", "B"), ("F", "C"), ("F", "Z")):
            content = [b"ab\n", b"", b"\xff" * 4] if structure == "R" else b"ab\n    \xff\xff\xff"
            whole = wire.encode(content, structure, mode, "I")
            wire.set_parameters(c, "I", structure, mode)
            for cut in range(len(whole)):
                if mode == "C" and whole[:cut].endswith((b"\0\x40", b"\0\xc0")):
                    continue  # the end was told, though without a string
                c.store("STOR f", whole[:cut], codes=("426", "451"))
                assert shared.names() == [], f"{structure} {mode} {cut}"


def test_what_cannot_be_is_refused_before_it_begins(shared):
    with shared.login() as c:
        for bits in (1, 7):
            wire.set_parameters(c, f"L {bits}", "P", "S")
            c.refuse("STOR f", "504")
        wire.set_parameters(c, "I", "P", "S")
        c.refuse("APPE f", "504")
        wire.set_parameters(c, "L 9", "P", "S")
        with open(shared.path("big"), "wb") as f:
            f.truncate(1 << 30)
        c.refuse("RETR big", "504")


def test_listings_follow_type_stru_and_mode(shared):
    shared.write("one", b"")
    shared.write("two", b"")
    with shared.login() as c:
        wire.set_parameters(c, "E", "R", "B")
        names = wire.fetch(c, "", "R", "B", "E", verb="NLST")
        assert [wire.from_ebcdic(name, EBCDIC) for name in names] == [b"one", b"two"]
        wire.set_parameters(c, "I", "F", "C")
        assert wire.fetch(c, "", "F", "C", "A", verb="NLST") == b"one\r\ntwo\r\n"
        wire.set_parameters(c, "E", "R", "Z")
        facts = wire.fetch(c, "", "F", "Z", "A", verb="MLSD")
        assert facts.endswith(b" two\r\n")


def test_status_tells_the_parameters(shared):
    with shared.login() as c:
        wire.set_parameters(c, "L 36", "P", "C")
        assert "TYPE L 36; STRU P; MODE C." in c.ask("STAT", "211").text
        assert " MODE Z\n" in c.ask("FEAT", "211").text


def test_the_level_of_deflate_is_set_and_told(shared):
    shared.write("f", b"text " * 100_000)
    sizes = {}
    with shared.login() as c:
        c.ask("MODE Z", "200")
        assert c.ask("OPTS MODE Z LEVEL 9", "200").text.endswith("9.")
        for level in (0, 1, 9):
            c.ask(f"OPTS MODE Z LEVEL {level}", "200")
            sizes[level] = len(c.fetch("RETR f"))
        for wrong in ("LEVEL 10", "LEVEL", "LEVEL x", "ENGINE ZIP"):
            c.ask(f"OPTS MODE Z {wrong}", "501")
        c.ask("OPTS MODE S", "501")
    assert sizes[9] <= sizes[1] < sizes[0] // 50


def test_text_becomes_smaller_in_compressed_mode(shared):
    """Text as people write it, with its indentation, and a report in columns."""
    source = open(__file__, "rb").read()
    report = b"".join(b"%-30s %10d %20s\n" % (b"name", i, b"amount") for i in range(1000))
    with shared.login() as c:
        wire.set_parameters(c, "A", "F", "C")
        for content, most in ((source, 0.97), (report, 0.6)):
            shared.write("f", content)
            opened = c.open_data("PASV")
            c.send("RETR f")
            data = opened()
            c.expect("150")
            d = wire.read_told(data, "F", "C", "A")
            c.expect("250")
            data.close()
            assert d.content == content.replace(b"\n", b"\r\n")
            assert d.wire < most * len(d.content)


@pytest.mark.parametrize("mode", "SB")
def test_a_sparse_file_of_5_gib_travels_whole_where_holes_are_zeros(release, mode):
    size = 5 << 30
    buffer = bytearray(1 << 20)
    with Server("--marker-interval", "0", binary=release) as server, server.login() as c:
        with open(server.path("sparse"), "wb") as f:
            f.seek(size - 4)
            f.write(b"last")
        wire.set_parameters(c, "I", "F", mode)
        opened = c.open_data("PASV")
        c.send("RETR sparse")
        data = opened()
        c.expect("150")
        expected = size if mode == "S" else size + (size // 32768 + 1) * 3
        got, tail = 0, b""
        while got < expected and (n := data.recv_into(buffer)):
            got += n
            tail = (tail + bytes(buffer[max(0, n - 16):n]))[-16:]
        c.expect("226", "250")
        assert got == expected
        assert tail.endswith(b"last" if mode == "S" else b"last\x40\x00\x00")


def test_a_restart_by_bytes_says_nothing_of_records_and_pages(shared):
    shared.write("f", b"0123456789")
    with shared.login() as c:
        for structure, code in (("R", "554"), ("P", "504")):
            wire.set_parameters(c, "I", structure, "S")
            c.ask("REST 5", "350")
            c.refuse("STOR f", code)
            c.ask("RANG 2 5", "350")
            c.refuse("RETR f", "554")
        assert shared.read("f") == b"0123456789"


@pytest.mark.parametrize("mode", "SBC")
@pytest.mark.parametrize("structure", "FRP")
@pytest.mark.parametrize("kind", ["A", "E", "I", "L 36"])
def test_size_is_what_a_transfer_would_send(shared, kind, structure, mode):
    """RFC 3659 4: in the present TYPE, STRU and MODE."""
    shared.write("f", b"".join(b"\0\0\0\0%04d" % i for i in range(100)) if kind == "L 36"
                 else b"one\n\ntwo   \xff\xff\xff\nthree")
    with shared.login() as c:
        wire.set_parameters(c, kind, structure, mode)
        size = int(c.ask("SIZE f", "213").text[4:])
        opened = c.open_data("PASV")
        c.send("RETR f")
        data = opened()
        c.expect("150")
        if mode == "S":
            got = len(b"".join(iter(lambda: data.recv(65536), b"")))
        else:
            got = wire.read_told(data, structure, mode, kind[0]).wire
        c.expect("226", "250")
        data.close()
        assert got == size


def test_size_in_mode_z_is_as_in_mode_s(shared):
    shared.write("f", b"line\n" * 1000)
    with shared.login() as c:
        c.ask("MODE Z", "200")
        assert c.ask("SIZE f", "213").text == "213 6000"


def test_a_file_that_is_not_of_such_bytes_is_not_sent_as_one(shared):
    """TYPE L 36 of a file whose words have more bits."""
    shared.write("f", b"\xff" * 64)
    with shared.login() as c:
        c.ask("TYPE L 36", "200")
        c.ask("SIZE f", "550")
        assert c.fetch("RETR f", codes=("451",)) == b""


def test_a_name_too_long_for_what_goes_beside_it(shared):
    """It keeps its lines, and is refused where they do not do."""
    name = "n" * 250
    with shared.login() as c:
        wire.set_parameters(c, "A", "R", "B")
        wire.store(c, name, [b"one", b"two"], "R", "B", "A")
        assert wire.fetch(c, name, "R", "B", "A") == [b"one", b"two"]
        c.ask("TYPE I", "200")
        data = c.passive()
        c.ask(f"STOR {name}", "150")
        data.sendall(wire.encode([b"one", b"two"], "R", "B", "I"))
        assert c.reply().code[0] in "45"
        data.close()
        assert shared.read(name) == b"one\ntwo\n"


def test_parameters_begin_as_rfc_959_says_and_rein_makes_them_so_again(shared):
    with shared.login() as c:
        assert "TYPE A N; STRU F; MODE S." in c.ask("STAT", "211").text
        wire.set_parameters(c, "L 36", "P", "C")
        c.ask("REIN", "220")
        c.login()
        assert "TYPE A N; STRU F; MODE S." in c.ask("STAT", "211").text


def test_telnet_format_is_stored_as_it_is(shared):
    """RFC 959 3.1.1.5.2: controls for a printer are bytes of the text."""
    text = b"one\x0b\r\n\x0ctwo\r\n"
    with shared.login() as c:
        c.ask("TYPE A T", "200")
        c.store("STOR f", text)
        assert shared.read("f") == b"one\x0b\n\x0ctwo\n"
        assert c.fetch("RETR f") == text
        c.ask("TYPE A N", "200")
        assert c.fetch("RETR f") == text
    assert shared.names() == ["f"]


def test_refused_transfers_leave_nothing_open(shared):
    with shared.login() as c:
        c.ask("TYPE A C", "200")
        c.store("STOR f", b" text\r\n")
        descriptors = f"/proc/{shared.process.pid}/fd"
        before = len(os.listdir(descriptors))
        for _ in range(20):
            c.ask("RANG 1 2", "350")
            c.refuse("RETR f", "554")
        assert len(os.listdir(descriptors)) <= before + 2


def test_what_is_appended_to_pages_and_records_is_sent_behind_them(shared):
    page = wire.pages_encode([(0, list(b"hello"), 1)], 8)
    with shared.login() as c:
        wire.set_parameters(c, "L 8", "P", "S")
        wire.store(c, "f", page, "P", "S", "L")
        wire.set_parameters(c, "I", "F", "S")
        c.store("APPE f", b" world")
        wire.set_parameters(c, "L 8", "P", "S")
        pages = wire.pages_decode(wire.fetch(c, "f", "P", "S", "L"), 8)
        assert bytes(pages[-1][1]) == b"hello world"
        wire.set_parameters(c, "I", "R", "B")
        wire.store(c, "r", [b"a" * 10, b"b" * 10, b"cde"], "R", "B", "I")
        wire.set_parameters(c, "I", "F", "S")
        c.store("APPE r", b"XXX")
        wire.set_parameters(c, "I", "R", "B")
        assert wire.fetch(c, "r", "R", "B", "I") == [b"a" * 10, b"b" * 10, b"cde", b"XXX"]


def test_bytes_behind_the_end_are_malformed_however_they_are_split(shared):
    with shared.login() as c:
        for structure, mode, whole in (("R", "S", b"a\xff\x03"), ("P", "S", b"\x04\0\0\0"),
                                       ("F", "Z", wire.zlib.compress(b"a"))):
            wire.set_parameters(c, "I", structure, mode)
            for gap in (0, 0.1):
                data = c.passive()
                c.ask("STOR f", "150")
                data.sendall(whole)
                time.sleep(gap)
                data.sendall(b"more")
                c.expect("451")
                data.close()
            data = c.passive()
            c.ask("STOR g", "150")
            data.sendall(whole)
            c.expect("226")  # a peer that leaves the close to us
            data.close()
    assert shared.names() == ["g"]


def test_an_end_before_the_last_page_is_malformed_where_the_connection_stays(shared):
    with shared.login() as c:
        wire.set_parameters(c, "I", "P", "B")
        data = c.passive()
        c.ask("STOR f", "150")
        data.sendall(wire.block(wire.EOF, b"\x04\x00\x01\x01a"))
        c.expect("451")
        data.close()
    assert shared.names() == []


def test_nothing_is_appended_behind_half_a_logical_byte(shared):
    with shared.login() as c:
        c.ask("TYPE L 36", "200")
        c.store("STOR whole", b"123456789")
        c.store("APPE whole", b"123456789")
        assert c.fetch("RETR whole") == b"123456789" * 2
        c.store("STOR half", b"12345")
        c.refuse("APPE half", "504")
        assert c.fetch("RETR half") == b"12345"
        c.store("APPE new", b"12345")
        assert c.fetch("RETR new") == b"12345"


def test_bytes_are_no_place_between_records_in_mode_s(shared):
    shared.write("f", b"abc\ndef\n")
    with shared.login() as c:
        wire.set_parameters(c, "A", "R", "S")
        c.ask("REST 4", "350")
        c.refuse("RETR f", "554")
