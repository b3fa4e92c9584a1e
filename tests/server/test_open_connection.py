# SPDX-License-Identifier: Apache-2.0
"""MODE B and C keep the data connection open from file to file (RFC 959 3.2 and 3.3)."""

import socket

import pytest

import wire
from harness import eventually


@pytest.fixture(params=["B", "C"])
def mode(request):
    return request.param


def begin(c, mode, way="PASV"):
    """The data connection after a first transfer that left it open."""
    wire.set_parameters(c, "I", "F", mode)
    opened = c.open_data(way)
    c.send("STOR first")
    data = opened()
    c.expect("150")
    data.sendall(wire.encode(b"first", "F", mode, "I"))
    c.expect("250")
    return data


def is_open(data):
    data.settimeout(0.2)
    try:
        return data.recv(1) != b""
    except (TimeoutError, socket.timeout):
        return True
    except ConnectionError:
        return False
    finally:
        data.settimeout(20)


def is_closed(data):
    data.settimeout(20)
    try:
        return data.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("way", ["PASV", "EPSV", "PORT", "EPRT"])
def test_several_files_go_over_one_connection_both_ways(server, mode, way):
    with server.login() as c:
        data = begin(c, mode, way)
        for i in range(20):
            content = b"%d " % i * i * 1000
            c.ask(f"STOR f{i}", "125")
            data.sendall(wire.encode(content, "F", mode, "I"))
            c.expect("250")
            c.ask(f"RETR f{i}", "125")
            assert wire.read_told(data, "F", mode, "I").content == content
            c.expect("250")
        c.ask("NLST", "125")
        assert wire.read_told(data, "F", mode, "A").content.count(b"\r\n") == 21
        c.expect("250")
        data.close()


def test_files_may_be_sent_before_they_are_asked_for(server, mode):
    """What comes behind the end of a file is the next one's."""
    with server.login() as c:
        wire.set_parameters(c, "I", "F", mode)
        data = c.passive()
        c.send("STOR a")
        c.send("STOR b")
        c.send("STOR c")
        data.sendall(b"".join(wire.encode(name * 30_000, "F", mode, "I") for name in (b"a", b"b", b"c")))
        for code in ("150", "250", "125", "250", "125", "250"):
            c.expect(code)
        for name in ("a", "b", "c"):
            assert server.read(name) == name.encode() * 30_000


def test_stream_mode_uses_it_and_closes_it(server, mode):
    """RFC 959 3.2, first condition."""
    with server.login() as c:
        data = begin(c, mode)
        c.ask("MODE S", "200")
        c.ask("RETR first", "125")
        assert data.recv(100) == b"first"
        c.expect("226")
        assert is_closed(data)


def test_abor_closes_it(server, mode):
    """Second condition: in a transfer and between two."""
    with server.login() as c:
        data = begin(c, mode)
        c.ask("ABOR", "226")
        assert is_closed(data)
        data = begin(c, mode)
        c.ask("STOR g", "125")
        c.ask("ABOR", "426")
        c.expect("226")
        assert is_closed(data)
    assert server.names() == ["first"]


@pytest.mark.parametrize("verb", ["PASV", "EPSV", "LPSV", "PORT", "EPRT"])
def test_a_new_port_closes_it(server, mode, verb):
    """Third condition."""
    with server.login() as c:
        data = begin(c, mode)
        if verb in ("PORT", "EPRT"):
            c.active(verb).close()
        else:
            c.passive(verb).close()
        assert is_closed(data)


@pytest.mark.parametrize("how", ["QUIT", "close", "REIN"])
def test_the_end_of_the_session_closes_it(server, mode, how):
    """Fourth condition."""
    c = server.login()
    data = begin(c, mode)
    if how == "close":
        c.close()
    else:
        c.ask(how, "221", "220")
    assert is_closed(data)
    c.close()


def test_what_is_malformed_closes_it(server, mode):
    """Fifth condition: nobody knows where the next file would begin."""
    with server.login() as c:
        data = begin(c, mode)
        c.ask("STOR g", "125")
        data.sendall(b"\x01\0\0" if mode == "B" else b"\0\x01")
        c.expect("451")
        assert is_closed(data)
    assert server.names() == ["first"]


def test_a_refusal_leaves_it_open(server, mode):
    with server.login() as c:
        data = begin(c, mode)
        c.ask("RETR missing", "550")
        c.ask("STOR no/such/place", "553")
        assert is_open(data)
        c.ask("RETR first", "125")
        assert wire.read_told(data, "F", mode, "I").content == b"first"
        c.expect("250")


def test_a_peer_may_close_it(server, mode):
    """The next transfer opens another one, as its port says."""
    with server.login() as c:
        begin(c, mode).close()
        data = c.passive()
        c.ask("RETR first", "150")
        assert wire.read_told(data, "F", mode, "I").content == b"first"
        c.expect("250")
        data.close()
        listener = c.active()
        for _ in range(3):
            c.send("RETR first")
            data, _ = listener.accept()
            c.expect("150")
            assert wire.read_told(data, "F", mode, "I").content == b"first"
            c.expect("250")
            data.close()
        listener.close()


def test_an_empty_file_and_one_byte(server, mode):
    with server.login() as c:
        data = begin(c, mode)
        for content in (b"", b"x", b"\0", b"\xff"):
            c.ask("STOR f", "125")
            data.sendall(wire.encode(content, "F", mode, "I"))
            c.expect("250")
            assert server.read("f") == content


def test_a_sender_that_stops_in_a_file_is_timed_out():
    from harness import Server
    with Server("--data-timeout", "1") as server, server.login() as c:
        data = begin(c, "B")
        c.ask("STOR f", "125")
        data.sendall(b"\0\0\x05ab")
        c.expect("426")
        assert is_closed(data)
        assert eventually(lambda: server.names() == ["first"])


def test_suspect_data_are_stored_and_reported(server):
    """RFC 959 3.4.2, code 32."""
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "B")
        data = c.passive()
        c.ask("STOR f", "150")
        data.sendall(wire.block(0, b"good") + wire.block(wire.SUSPECT, b"doubtful")
                     + wire.block(wire.SUSPECT | wire.EOF, b"!"))
        assert "9 bytes" in c.expect("250").text
        assert server.read("f") == b"gooddoubtful!"
        c.ask("MODE C", "200")
        c.ask("STOR g", "125")
        data.sendall(b"\x02ok\x00\x20\x03odd\x00\x40\xc0")
        assert "3 bytes" in c.expect("250").text
        assert server.read("g") == b"okodd"


def test_an_escape_may_be_the_last_that_is_sent(server):
    """Who thinks that it is about the string before sends none behind it, and waits for the reply."""
    with server.login() as c:
        wire.set_parameters(c, "I", "F", "C")
        data = c.passive()
        for name, code in (("f", "150"), ("g", "125")):
            c.ask(f"STOR {name}", code)
            data.sendall(b"\x05hello\x00\x40")
            c.expect("250")
            assert server.read(name) == b"hello"
        c.ask("STOR h", "125")  # the end is about the string that comes, when one does
        data.sendall(b"\x05hello\x00\x40")
        data.sendall(b"\x05, you")
        c.expect("250")
        assert server.read("h") == b"hello, you"
