# SPDX-License-Identifier: Apache-2.0
"""The listener that a session at work keeps between two transfers: nobody gets by it what they did
not get by one for each (RFC 2577 8), and nothing is left of it.
"""

import os
import re
import socket
import time

import pytest

from harness import PATIENCE, Server, eventually, read_all
from in_clear import break_off, inside


@pytest.fixture(name="c")
def c_fixture(server):
    server.write("f", b"content")
    with inside(server) as c:
        yield c


def port_of(c):
    return int(re.search(r"\|(\d+)\|\)", c.ask("EPSV", "229").text).group(1))


def connected(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))


def fetch_by(c, port):
    data = connected(port)
    c.send("RETR f")
    c.expect("150")
    content = read_all(data)
    data.close()
    c.expect("226")
    return content


def gets_nothing(stranger):
    try:
        return stranger.recv(100) == b""
    except ConnectionResetError:
        return True
    finally:
        stranger.close()


def listeners(server):
    """Ports that the server's process listens on, without that for commands."""
    own = f"/proc/{server.process.pid}/fd"
    sockets = set()
    for fd in os.listdir(own):
        try:
            sockets.add(os.readlink(f"{own}/{fd}"))
        except OSError:
            continue
    ports = set()
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                ports.add(int(fields[1].split(":")[1], 16))
    return ports - {server.port}


def test_a_listener_is_kept_for_the_next_transfer_and_not_for_ever(server, c):
    """How soon commands follow each other is not ours to say: nearly always soon enough."""
    ports = []
    for _ in range(20):
        ports.append(port_of(c))
        assert fetch_by(c, ports[-1]) == b"content"
        assert listeners(server) <= {ports[-1]}
    assert len(set(ports)) < 10
    assert eventually(lambda: not listeners(server))
    assert fetch_by(c, port_of(c)) == b"content"


def test_a_client_needs_no_thousands_of_its_ports_for_one_of_ours(server, c):
    """Those of what it sends are in TIME_WAIT for minutes, for each of ours by themselves."""
    ports = []
    for _ in range(250):
        data = connected(port_of(c))
        ports.append(data.getpeername()[1])
        c.send("STOR f")
        c.expect("150")
        data.close()
        c.expect("226")
    assert max(ports.count(port) for port in set(ports)) <= 101
    assert len(set(ports)) < 100


def test_another_server_comes_to_another_port_each_time(server):
    """From its port 20: the same two again would not come through. The address is of this process
    alone: port 20 of 127.0.0.1 is for whichever server works beside it."""
    there = f"127.20.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
    with inside(server, source=there) as c:
        for _ in range(3):
            port = port_of(c)
            data = socket.socket()
            data.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            data.bind((there, 20))
            data.connect(("127.0.0.1", port))
            c.send("STOR f")
            c.expect("150")
            data.sendall(b"content")
            data.close()
            c.expect("226")
            assert not listeners(server)


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.2"])
def test_a_port_that_somebody_knows_is_not_said_again(server, c, source):
    """Who comes unasked to a listener that rests would come first the next time."""
    for _ in range(5):
        port = port_of(c)
        assert fetch_by(c, port) == b"content"
        try:
            assert gets_nothing(connected(port, source))
        except ConnectionRefusedError:
            continue  # it has rested long enough
        again = port_of(c)
        assert again != port
        assert listeners(server) == {again}
        assert fetch_by(c, again) == b"content"


def test_who_came_before_the_reply_is_not_taken_for_the_next_transfer(c):
    """However it falls in time."""
    for i in range(30):
        port = port_of(c)
        assert fetch_by(c, port) == b"content"
        try:
            early = connected(port)
        except ConnectionRefusedError:
            continue
        time.sleep(0.01 * (i % 2))
        assert fetch_by(c, port_of(c)) == b"content"
        assert gets_nothing(early)


def test_a_second_connection_to_one_port_gets_nothing(c):
    for _ in range(10):
        port = port_of(c)
        first = connected(port)
        second = connected(port)
        c.send("RETR f")
        c.expect("150")
        assert read_all(first) == b"content"
        c.expect("226")
        assert gets_nothing(second)
        first.close()


def test_where_any_host_may_come_each_transfer_has_its_own_listener():
    with Server("--allow-fxp") as server, inside(server) as c:
        server.write("f", b"content")
        for _ in range(5):
            assert fetch_by(c, port_of(c)) == b"content"
            assert not listeners(server)


def test_of_few_ports_nobody_keeps_one():
    port = 20000 + os.getpid() % 10000
    with Server("--passive-ports", f"{port}-{port}") as server:
        server.write("f", b"content")
        sessions = [inside(server) for _ in range(4)]
        for _ in range(5):
            for c in sessions:
                assert fetch_by(c, port_of(c)) == b"content"
                assert not listeners(server)
        for c in sessions:
            c.close()


def test_a_listener_that_rests_is_no_data_port(server, c):
    """What comes without PASV goes where it went before there were such listeners."""
    assert fetch_by(c, port_of(c)) == b"content"
    c.ask("RETR f", "425")  # to the client's own port, where nobody listens
    assert fetch_by(c, port_of(c)) == b"content"
    assert c.fetch("RETR f", "PORT") == b"content"
    assert not listeners(server)
    assert fetch_by(c, port_of(c)) == b"content"
    port_of(c)
    second = port_of(c)
    assert listeners(server) == {second}
    assert fetch_by(c, second) == b"content"


@pytest.mark.parametrize("command,code", [("REIN", "220"), ("USER demo", "331"), ("QUIT", "221"),
                                          ("", "")])
def test_who_leaves_leaves_no_listener(server, c, command, code):
    assert fetch_by(c, port_of(c)) == b"content"
    if command:
        c.ask(command, code)
    else:
        c.close()
    assert eventually(lambda: not listeners(server), 1)


def test_a_transfer_that_lasts_keeps_no_listener(server, c):
    server.write("big", b"x" * 50_000_000)
    data = connected(port_of(c))
    c.send("RETR big")
    c.expect("150")
    assert eventually(lambda: not listeners(server))
    assert len(read_all(data)) == 50_000_000
    c.expect("226")
    data.close()


def test_no_descriptor_is_left_behind(server, c):
    os.mkdir(server.path("d"))
    c.store("STOR g", b"x")
    assert eventually(lambda: not listeners(server))
    descriptors = f"/proc/{server.process.pid}/fd"
    before = len(os.listdir(descriptors))
    for i in range(20):
        for way in ("EPSV", "PORT"):
            assert c.fetch("RETR f", way) == b"content"
            c.store("STOR g", b"x" * i, way)
            c.store(f"STOR new{i}{way}", b"x", way)
            c.refuse("RETR none", "550", way=way)
            c.refuse("STOR d", "550", "553", way=way)
        data = c.begin("STOR g")
        data.sendall(b"x")
        break_off(data)
        c.expect("426")
        data = c.begin("STOR g")
        c.send("ABOR")
        c.expect("426")
        c.expect("226")
        data.close()
        port_of(c)
        connected(port_of(c)).close()
    c.ask("PORT 127,0,0,1,200,1", "200")
    assert eventually(lambda: len(os.listdir(descriptors)) <= before)
