# SPDX-License-Identifier: Apache-2.0
"""TYPE A and I on the wire, SIZE and REST with them (RFC 959 3.1.1, RFC 3659 4 and 5)."""

import pytest

from harness import WAYS, Server

CONTENTS = {
    "empty": b"",
    "one byte": b"x",
    "no last newline": b"one\ntwo",
    "lone cr": b"a\rb\r",
    "lf": b"\n\n",
    "crlf": b"a\r\nb\r\n",
    "all ones": b"\xff" * 1000,
    "long lines": (b"x" * 70_000 + b"\n") * 3,
    "only newlines": b"\n" * 200_000,
}


def wire(content):
    """NVT-ASCII of a Unix file, written from the RFC and not from the server's code."""
    return b"\r\n".join(content.split(b"\n"))


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("kind", ["A", "A N", "I", "L 8"])
def test_a_file_stored_and_fetched_with_the_same_parameters_is_identical(shared, kind, name):
    """RFC 959 3.1.2, closing note."""
    content = CONTENTS[name]
    with shared.login() as c:
        c.ask(f"TYPE {kind}", "200")
        sent = wire(content) if kind[0] == "A" else content
        c.store("STOR f", sent)
        assert shared.read("f") == content
        assert c.fetch("RETR f") == sent


@pytest.mark.parametrize("way", WAYS)
def test_text_is_converted_on_every_kind_of_connection(shared, way):
    with shared.login() as c:
        c.ask("TYPE A", "200")
        c.store("STOR t", b"a\r\nb\r\n", way)
        assert shared.read("t") == b"a\nb\n"
        assert c.fetch("RETR t", way) == b"a\r\nb\r\n"


@pytest.mark.parametrize("name", CONTENTS)
def test_size_is_the_length_of_the_transfer(shared, name):
    shared.write("f", CONTENTS[name])
    with shared.login() as c:
        for kind in ("A", "I"):
            c.ask(f"TYPE {kind}", "200")
            size = int(c.ask("SIZE f", "213").text[4:])
            assert size == len(c.fetch("RETR f"))


def test_rest_in_text_counts_bytes_of_the_transfer(shared):
    content = b"one\ntwo\r\n\nthree"
    shared.write("f", content)
    whole = wire(content)
    with shared.login() as c:
        c.ask("TYPE A", "200")
        for offset in range(len(whole) + 1):
            c.ask(f"REST {offset}", "350")
            assert c.fetch("RETR f") == whole[offset:]
        c.ask(f"REST {len(whole) + 1}", "350")
        c.refuse("RETR f", "554")


def test_storing_text_after_rest_continues_where_the_transfer_was(shared):
    content = b"one\ntwo\nthree\n"
    whole = wire(content)
    with shared.login() as c:
        c.ask("TYPE A", "200")
        for offset in range(len(whole) + 1):
            prefix = whole[:offset]
            shared.write("f", prefix.replace(b"\r\n", b"\n"))
            if prefix.endswith(b"\r"):
                shared.write("f", prefix[:-1].replace(b"\r\n", b"\n") + b"\n")
            c.ask(f"REST {offset}", "350")
            c.store("STOR f", whole[offset:])
            assert shared.read("f") == content, offset


def test_rest_in_image_skips_bytes_of_the_file(shared):
    content = bytes(range(256)) * 10
    shared.write("f", content)
    with shared.login() as c:
        c.ask("TYPE I", "200")
        for offset in (0, 1, 255, 2559, 2560):
            c.ask(f"REST {offset}", "350")
            assert c.fetch("RETR f") == content[offset:]
        c.ask("REST 2561", "350")
        c.refuse("RETR f", "554")


def test_rest_is_for_one_transfer_only(shared):
    shared.write("f", b"0123456789")
    with shared.login() as c:
        c.ask("TYPE I", "200")
        c.ask("REST 5", "350")
        assert c.fetch("RETR f") == b"56789"
        assert c.fetch("RETR f") == b"0123456789"
        c.ask("REST 5", "350")
        c.fetch("NLST")
        assert c.fetch("RETR f") == b"0123456789"


def test_rest_may_come_before_or_after_the_data_port(shared):
    shared.write("f", b"0123456789")
    with shared.login() as c:
        c.ask("TYPE I", "200")
        data = c.passive()
        c.ask("REST 7", "350")
        c.send("RETR f")
        c.expect("150")
        assert data.recv(100) == b"789"
        c.expect("226")


def test_stor_after_rest_keeps_the_beginning_and_nothing_after(shared):
    shared.write("f", b"0123456789")
    with shared.login() as c:
        c.ask("TYPE I", "200")
        c.ask("REST 4", "350")
        c.store("STOR f", b"ab")
        assert shared.read("f") == b"0123ab"
        c.ask("REST 6", "350")
        c.store("STOR f", b"cd")
        assert shared.read("f") == b"0123abcd"
        c.ask("REST 9", "350")
        c.refuse("STOR f", "554")
        c.ask("REST 1", "350")
        c.refuse("STOR none", "554")
        c.ask("REST 0", "350")
        c.store("STOR f", b"new")
        assert shared.read("f") == b"new"


def test_rang_sends_a_range_both_ends_included(shared):
    shared.write("f", b"0123456789")
    with shared.login() as c:
        c.ask("TYPE I", "200")
        c.ask("RANG 2 4", "350")
        assert c.fetch("RETR f") == b"234"
        assert c.fetch("RETR f") == b"0123456789"
        c.ask("RANG 8 100", "350")
        assert c.fetch("RETR f") == b"89"
        c.ask("RANG 2 4", "350")
        c.ask("RANG 1 0", "350")
        assert c.fetch("RETR f") == b"0123456789"
        c.ask("RANG 11 12", "350")
        c.refuse("RETR f", "554")
        c.ask("TYPE A", "200")
        c.ask("RANG 0 4", "350")
        assert "TYPE I" in c.refuse("RETR f", "554").text


def test_conversion_can_be_switched_off():
    with Server("--ascii-conversion", "off") as server, server.login() as c:
        c.ask("TYPE A", "200")
        c.store("STOR f", b"a\r\nb\n")
        assert server.read("f") == b"a\r\nb\n"
        assert c.fetch("RETR f") == b"a\r\nb\n"
        assert c.ask("SIZE f", "213").text == "213 5"
        assert c.fetch("NLST") == b"f\r\n"


def test_listings_have_crlf_whatever_the_type(shared):
    shared.empty()
    shared.write("a")
    shared.write("b")
    with shared.login() as c:
        for kind in ("A", "I", "L 8"):
            c.ask(f"TYPE {kind}", "200")
            assert c.fetch("NLST") == b"a\r\nb\r\n"
            assert c.fetch("LIST").count(b"\r\n") == 2
            assert c.fetch("MLSD").count(b"\r\n") == 2


def test_large_offsets_work_on_sparse_files(shared):
    with open(shared.path("sparse"), "wb") as f:
        f.truncate(5 << 30)
        f.seek((5 << 30) - 3)
        f.write(b"end")
    with shared.login() as c:
        c.ask("TYPE I", "200")
        assert c.ask("SIZE sparse", "213").text == f"213 {5 << 30}"
        c.ask(f"REST {(5 << 30) - 3}", "350")
        assert c.fetch("RETR sparse") == b"end"
