# SPDX-License-Identifier: Apache-2.0
"""Restart markers (RFC 959 3.5): a transfer goes on exactly where a marker was, even after
ferryd itself was killed."""

import os
import random
import re

import pytest

import wire
from harness import Server, eventually

RANDOM = random.Random(35)
INTERVAL = 4096


@pytest.fixture
def server():
    with Server("--marker-interval", str(INTERVAL)) as running:
        yield running


def read_some(data, decoder, markers):
    """Until so many markers have come, or the file's end."""
    while len(decoder.markers) < markers and not decoder.done:
        piece = data.recv(512)
        if not piece:
            break
        decoder.feed(piece)
    return decoder


def lines(count):
    return b"".join(b"%d" % RANDOM.randrange(10 ** RANDOM.randrange(1, 60)) + b"\n"
                    for _ in range(count))


# ---- Sending ------------------------------------------------------------------

FILES = {
    "text": lines(3000),
    "no last newline": lines(2000) + b"end",
    "newlines": b"\n" * 9000,
    "bytes": RANDOM.randbytes(60_000),
}


@pytest.mark.parametrize("mode", "BC")
@pytest.mark.parametrize("structure", "FRP")
@pytest.mark.parametrize("kind", ["A", "E", "I", "L 36"])
def test_every_marker_of_a_retr_is_a_place_to_go_on(server, kind, structure, mode):
    for name, content in FILES.items():
        if kind == "L 36":
            content = b"".join(b"\0\0\0\0" + content[i:i + 4] for i in range(0, 20_000, 4))
        server.write("f", content)
        with server.login() as c:
            wire.set_parameters(c, kind, structure, mode)
            data = c.passive()
            c.ask("RETR f", "150")
            whole = wire.read_told(data, structure, mode, kind[0])
            c.expect("250")
            assert len(whole.markers) >= whole.bytes // INTERVAL - 1, name
            for marker, bytes_before, records_before in whole.markers[::4]:
                c.ask(f"REST {marker.decode()}", "350")
                c.ask("RETR f", "125")
                rest = wire.read_told(data, structure, mode, kind[0])
                c.expect("250")
                if structure != "R":
                    assert rest.content == whole.content[bytes_before:], (name, marker)
                else:
                    before = whole.content[:records_before]
                    inside = bytes_before - sum(map(len, before))
                    expected = whole.content[records_before:]
                    expected = [expected[0][inside:], *expected[1:]] if expected else []
                    assert rest.content == expected, (name, marker)
            data.close()


def test_markers_come_at_the_interval_and_not_in_stream_mode(server):
    server.write("f", b"x" * 5 * INTERVAL)
    with server.login() as c:
        c.ask("TYPE I", "200")
        assert c.fetch("RETR f") == b"x" * 5 * INTERVAL
        c.ask("MODE B", "200")
        data = c.passive()
        c.ask("RETR f", "150")
        places = [place for _, place, _ in wire.read_told(data, "F", "B", "I").markers]
        assert places[:4] == [INTERVAL, 2 * INTERVAL, 3 * INTERVAL, 4 * INTERVAL]
        c.expect("250")


def test_no_interval_means_no_markers():
    with Server("--marker-interval", "0") as server, server.login() as c:
        server.write("f", b"x" * 3_000_000)
        wire.set_parameters(c, "I", "F", "B")
        data = c.passive()
        c.ask("RETR f", "150")
        assert wire.read_told(data, "F", "B", "I").markers == []


def test_a_retr_goes_on_after_the_server_was_killed():
    content = RANDOM.randbytes(200_000)
    with Server("--marker-interval", str(INTERVAL)) as server:
        server.write("f", content)
        with server.login() as c:
            wire.set_parameters(c, "I", "F", "B")
            data = c.passive()
            c.ask("RETR f", "150")
            some = read_some(data, wire.BlockDecoder("F"), 5)
        server.kill()
        server.start()
        marker, place, _ = some.markers[-1]
        with server.login() as c:
            wire.set_parameters(c, "I", "F", "B")
            data = c.passive()
            c.ask(f"REST {marker.decode()}", "350")
            c.ask("RETR f", "150")
            rest = wire.read_told(data, "F", "B", "I").content
            assert some.content[:place] + rest == content


def test_markers_that_are_none_are_refused(server):
    server.write("f", b"x" * 100)
    with server.login() as c:
        c.ask("TYPE I", "200")
        for wrong in ("x", "S5", "5.2", ""):
            c.ask(f"REST {wrong}", "501")  # in MODE S a number is all there is
        c.ask("MODE B", "200")
        c.ask("REST a b", "501")
        c.ask("REST \xe9", "501")
        for wrong in ("x", "S5", "A0", "101", "5.2", "99999999999999999999"):
            c.ask(f"REST {wrong}", "350")
            c.refuse("RETR f", "554")
        for wrong in ("S5", "A5", "x", "S5.1", "S0-zz", "5.5", "S99999999999999999999"):
            c.ask(f"REST {wrong}", "350")
            c.refuse("STOR g", "554")
        assert server.names() == ["f"]


def test_a_listing_goes_on_from_a_marker(server):
    """RFC 959 3.5 names LIST beside RETR and STOR."""
    for i in range(1500):
        server.write(f"file-{i:04}", b"")
    with server.login() as c:
        for structure in "FR":
            wire.set_parameters(c, "A", structure, "B")
            data = c.passive()
            c.ask("LIST", "150")
            whole = wire.read_told(data, structure, "B", "A")
            c.expect("250")
            assert len(whole.markers) > 10
            marker, place, records = whole.markers[7]
            c.ask(f"REST {marker.decode()}", "350")
            c.ask("LIST", "125")
            rest = wire.read_told(data, structure, "B", "A").content
            c.expect("250")
            if structure == "F":
                assert rest == whole.content[place:]
            else:
                assert rest[1:] == whole.content[records + 1:]
            c.ask("REST x", "350")
            c.ask("LIST", "554")


def test_a_unique_name_has_no_restart(server):
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "B")
        c.ask("REST S0", "350")
        c.refuse("STOU", "554")
        assert server.names() == []


# ---- Receiving ----------------------------------------------------------------


def send_with_markers(c, data, pieces, mode, last=True):
    """Pieces of wire bytes with a marker after each; returns what the 110s said of them."""
    told = {}
    for i, piece in enumerate(pieces):
        name = b"m%d" % i
        data.sendall(piece + (wire.marker_block(name) if mode == "B" else wire.marker_string(name)))
        mark = re.fullmatch(rb"110 MARK (\S+) = (\S+)", c.expect("110").lines[0])
        assert mark.group(1) == name
        told[i] = mark.group(2).decode()
    if last:
        data.sendall(wire.block(wire.EOF) if mode == "B" else b"\0\x40\xc0")
    return told


def die(death, server, client, data):
    """The transfer breaks: the client's end of it, or ferryd itself, which then runs again."""
    if death == "server":
        server.kill()
        server.start()
    else:
        data.close()
        client.expect("426")
    client.close()


def pieces_of(content, mode, kind, cuts):
    edges = [0, *cuts, len(content)]
    parts = [content[a:b] for a, b in zip(edges, edges[1:])]
    if mode == "B":
        return [wire.block(0, part) for part in parts]
    return [b"".join(wire.compress(part, wire.FILLER[kind])) for part in parts]


AWKWARD = b"one\r\ntwo\r\n\r\nlone \r cr\r\n\r\r\nthree\xff\xff\x15four" + b"   " * 50 + b"\r\n"


@pytest.mark.parametrize("death", ["client", "server"])
@pytest.mark.parametrize("mode", "BC")
@pytest.mark.parametrize("kind", ["A", "E", "I", "L 8", "L 36", "L 7"])
def test_a_stor_goes_on_from_every_marker(server, kind, mode, death):
    """Also from one between CR and LF, or inside a logical byte."""
    cuts = sorted(RANDOM.sample(range(1, len(AWKWARD)), 6))
    if kind == "A":
        cuts = [AWKWARD.index(b"\r\n") + 1, AWKWARD.index(b"\r\r\n") + 1, *cuts[:4]]
        cuts = sorted(set(cuts))
    pieces = pieces_of(AWKWARD, mode, kind[0], cuts)
    with server.login() as c:
        wire.set_parameters(c, kind, "F", mode)
        wire.store(c, "expected", AWKWARD, "F", mode, kind[0])
    expected = server.read("expected")
    for restart in range(len(cuts)):
        c = server.login()
        wire.set_parameters(c, kind, "F", mode)
        data = c.passive()
        c.ask("STOR f", "150")
        told = send_with_markers(c, data, pieces[:restart + 2], mode, last=False)
        data.sendall(pieces[0])  # arrives, but no marker says so
        die(death, server, c, data)
        assert "f" not in server.names()  # unpublished
        with server.login() as c:
            c.ask("SIZE f", "550")
            wire.set_parameters(c, kind, "F", mode)
            data = c.passive()
            c.ask(f"REST {told[restart]}", "350")
            c.ask("STOR f", "150")
            data.sendall(b"".join(pieces[restart + 1:]) + (wire.block(wire.EOF) if mode == "B"
                                                           else b"\0\x40\xc0"))
            c.expect("250")
            data.close()
            assert server.read("f") == expected, (kind, mode, cuts, restart)
            c.ask("DELE f", "250")
    assert server.names() == ["expected"]


@pytest.mark.parametrize("death", ["client", "server"])
@pytest.mark.parametrize("kind", ["A", "I", "L 36"])
def test_records_go_on_from_a_marker(server, kind, death):
    records = [b"a" * 9, b"", b"b\nc" * 6, b"d" * 18, b"e" * 27, b"\n" * 9]
    blocks = []
    for record in records:  # each in two blocks, so that markers come inside records, too
        blocks += [wire.block(0, record[:9]), wire.block(wire.EOR, record[9:])]
    for restart in range(len(blocks) - 2):
        c = server.login()
        wire.set_parameters(c, kind, "R", "B")
        data = c.passive()
        c.ask("STOR f", "150")
        told = send_with_markers(c, data, blocks[:restart + 2], "B", last=False)
        die(death, server, c, data)
        with server.login() as c:
            wire.set_parameters(c, kind, "R", "B")
            data = c.passive()
            c.ask(f"REST {told[restart]}", "350")
            c.ask("STOR f", "150")
            data.sendall(b"".join(blocks[restart + 1:]) + wire.block(wire.EOF))
            c.expect("250")
            data.close()
            assert wire.fetch(c, "f", "R", "B", kind[0]) == records, restart
            c.ask("DELE f", "250")
    assert server.names() == []


@pytest.mark.parametrize("death", ["client", "server"])
def test_an_appe_goes_on_from_a_marker(server, death):
    server.write("log", b"before\n")
    c = server.login()
    wire.set_parameters(c, "I", "F", "B")
    data = c.passive()
    c.ask("APPE log", "150")
    told = send_with_markers(c, data, [wire.block(0, b"one "), wire.block(0, b"two ")], "B", last=False)
    die(death, server, c, data)
    assert server.read("log") == b"before\n"
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "B")
        c.ask(f"REST {told[0]}", "350")
        c.refuse("STOR log", "554")  # a marker of an APPE
        data = c.passive()
        c.ask(f"REST {told[0]}", "350")
        c.ask("APPE log", "150")
        data.sendall(wire.block(wire.EOF, b"and three\n"))
        c.expect("250")
    assert server.read("log") == b"before\none and three\n"
    assert server.names() == ["log"]


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(server):
    server.write("f", b"old")
    c = server.login()
    wire.set_parameters(c, "I", "F", "B")
    data = c.passive()
    c.ask("STOR f", "150")
    told = send_with_markers(c, data, [wire.block(0, b"new ")], "B", last=False)
    server.kill()
    server.start()
    assert server.read("f") == b"old"
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "B")
        data = c.passive()
        c.ask(f"REST {told[0]}", "350")
        c.ask("STOR f", "150")
        data.sendall(wire.block(wire.EOF, b"and whole"))
        c.expect("250")
    assert server.read("f") == b"new and whole"
    assert server.names() == ["f"]


def test_the_data_before_a_marker_is_in_the_file_system_when_the_110_comes(server):
    """As far as can be seen from outside: what is kept has all of it, at once."""
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "B")
        data = c.passive()
        c.ask("STOR f", "150")
        send_with_markers(c, data, [wire.block(0, b"x" * 1000)] * 3, "B", last=False)
        kept = [os.path.join(folder, name) for folder, _, names in os.walk(server.root) for name in names]
        assert [os.path.getsize(path) for path in kept] == [3000]
        data.sendall(wire.block(wire.EOF))
        c.expect("250")
    assert server.read("f") == b"x" * 3000
    assert server.names() == ["f"]


def test_markers_do_no_harm_where_a_restart_is_not_possible(server):
    """Inside a page: no 110, and the file is whole."""
    pages = wire.pages_encode([(0, [1, 2, 3], 1)], 36)
    with server.login() as c:
        wire.set_parameters(c, "L 36", "P", "B")
        data = c.passive()
        c.ask("STOR f", "150")
        data.sendall(wire.block(0, pages[:7]) + wire.marker_block(b"m")
                     + wire.block(wire.EOF, pages[7:]))
        c.expect("250")
        c.ask("RETR f", "125")
        assert wire.read_told(data, "P", "B", "L").content == pages


def test_a_flood_of_markers_is_borne(server):
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "B")
        data = c.passive()
        c.ask("STOR f", "150")
        data.sendall(b"".join(wire.block(0, b"%d" % (i % 10)) + wire.marker_block(b"m%d" % i)
                              for i in range(2000)) + wire.block(wire.EOF))
        while c.expect("110", "250").code == "110":
            pass
        assert len(server.read("f")) == 2000


def test_two_that_send_the_same_name_do_not_disturb_each_other(server):
    with server.login() as a, server.login() as b:
        for c in (a, b):
            wire.set_parameters(c, "I", "F", "B")
        first, second = a.passive(), b.passive()
        a.ask("STOR f", "150")
        b.ask("STOR f", "150")
        send_with_markers(a, first, [wire.block(0, b"a")], "B", last=False)
        second.sendall(wire.block(0, b"b") + wire.marker_block(b"m") + wire.block(wire.EOF))
        b.expect("250")  # without a 110: the other one's is kept
        assert server.read("f") == b"b"
        first.sendall(wire.block(wire.EOF, b"a"))
        a.expect("250")
        assert server.read("f") == b"aa"
    assert eventually(lambda: server.names() == ["f"])


def test_a_direct_append_has_no_restart():
    """Others may append behind it."""
    with Server("--uploads", "direct") as server, server.login() as c:
        server.write("f", b"before ")
        wire.set_parameters(c, "I", "F", "B")
        data = c.passive()
        c.ask("APPE f", "150")
        data.sendall(wire.block(0, b"one ") + wire.marker_block(b"m") + wire.block(wire.EOF, b"two"))
        c.expect("250")  # and no 110
        assert server.read("f") == b"before one two"


def test_a_marker_of_an_upload_that_another_one_followed_is_refused(server):
    markers = []
    for content in (b"first", b"second"):
        with server.login() as c:
            wire.set_parameters(c, "I", "F", "B")
            data = c.passive()
            c.ask("STOR f", "150")
            markers.append(send_with_markers(c, data, [wire.block(0, content)], "B", last=False)[0])
            data.close()
            c.expect("426")
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "B")
        c.ask(f"REST {markers[0]}", "350")
        c.refuse("STOR f", "554")
        data = c.passive()
        c.ask(f"REST {markers[1]}", "350")
        c.ask("STOR f", "150")
        data.sendall(wire.block(wire.EOF, b"!"))
        c.expect("250")
    assert server.read("f") == b"second!"


@pytest.mark.parametrize("death", ["client", "server"])
def test_direct_uploads_go_on_in_the_file_itself(death):
    with Server("--uploads", "direct") as server:
        server.write("f", b"before ")
        c = server.login()
        wire.set_parameters(c, "I", "F", "B")
        data = c.passive()
        c.ask("STOR f", "150")
        told = send_with_markers(c, data, [wire.block(0, b"one "), wire.block(0, b"two ")], "B",
                                 last=False)
        die(death, server, c, data)
        with server.login() as c:
            wire.set_parameters(c, "I", "F", "B")
            data = c.passive()
            c.ask(f"REST {told[0]}", "350")
            c.ask("STOR f", "150")
            data.sendall(wire.block(wire.EOF, b"and three"))
            c.expect("250")
        assert server.read("f") == b"one and three"
        assert server.names() == ["f"]


@pytest.mark.parametrize("death", ["client", "server"])
def test_pages_go_on_from_a_marker_between_two(server, death):
    pages = [(0, [1] * 512, 1), (5, [2, 3], 1), (3, [7] * 512, 3, 9)]
    descriptor = (0, list(b"size=100000;modify=20010203040506;unix.mode=0600;"), 2)
    parts = [wire.pages_encode([page], 64)[:-32] for page in [descriptor, *pages]]
    c = server.login()
    wire.set_parameters(c, "L 64", "P", "B")
    data = c.passive()
    c.ask("STOR f", "150")
    told = send_with_markers(c, data, [wire.block(0, part) for part in parts[:3]], "B", last=False)
    die(death, server, c, data)
    with server.login() as c:
        wire.set_parameters(c, "L 64", "P", "B")
        data = c.passive()
        c.ask(f"REST {told[1]}", "350")
        c.ask("STOR f", "150")
        data.sendall(b"".join(wire.block(0, part) for part in parts[2:])
                     + wire.block(wire.EOF, wire.pages_encode([], 64)))
        c.expect("250")
        data.close()
        got = wire.fetch(c, "f", "P", "B", "L")
        assert wire.pages_decode(got, 64)[1:] == pages
    info = os.stat(server.path("f"))
    assert (info.st_size, info.st_mode & 0o777, info.st_mtime) == (100000, 0o600, 981173106)


def test_markers_of_a_range_count_from_the_beginning(server):
    content = RANDOM.randbytes(50_000)
    server.write("f", content)
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "B")
        data = c.passive()
        c.ask("RANG 10000 49999", "350")
        c.ask("RETR f", "150")
        ranged = wire.read_told(data, "F", "B", "I")
        c.expect("250")
        assert ranged.content == content[10000:]
        marker, place, _ = ranged.markers[2]
        c.ask(f"REST {marker.decode()}", "350")
        c.ask("RETR f", "125")
        rest = wire.read_told(data, "F", "B", "I").content
        assert ranged.content[:place] + rest == content[10000:]


def test_a_marker_that_was_altered_or_is_used_under_other_parameters_is_refused(server):
    with server.login() as c:
        wire.set_parameters(c, "A", "F", "B")
        data = c.passive()
        c.ask("STOR f", "150")
        told = send_with_markers(c, data, [wire.block(0, b"one\r")], "B", last=False)[0]
        data.close()
        c.expect("426")
        body, _, upload = told.partition("@")
        assert body == "S3-r"
        for kind, structure, marker in (("A", "F", f"S3@{upload}"), ("A", "F", f"S2-r@{upload}"),
                                        ("E", "F", told), ("A C", "F", told), ("A", "R", told)):
            wire.set_parameters(c, kind, structure, "B")
            c.ask(f"REST {marker}", "350")
            c.refuse("STOR f", "554")
        wire.set_parameters(c, "A", "F", "C")  # MODE is another matter
        data = c.passive()
        c.ask(f"REST {told}", "350")
        c.ask("STOR f", "150")
        data.sendall(b"\x04\ntwo\x00\x40\xc0")
        c.expect("250")
    assert server.read("f") == b"one\ntwo"
