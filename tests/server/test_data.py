# SPDX-License-Identifier: Apache-2.0
"""Data connections: who connects whom, from where, to where (RFC 959 3.2, RFC 2428, RFC 2577)."""

import os
import re
import socket
import threading
import time

import pytest

import tls
from harness import WAYS, Client, Server, eventually, read_all


@pytest.mark.parametrize("way", WAYS)
def test_every_way_moves_files_both_ways_and_lists(server, client, way):
    client.ask("TYPE I", "200")
    content = bytes(range(256)) * 1000
    client.store("STOR f", content, way)
    assert server.read("f") == content
    assert client.fetch("RETR f", way) == content
    assert client.fetch("NLST", way) == b"f\r\n"


@pytest.fixture
def low_port():
    """A server below the ports that the system gives to everybody, so that L-1 is free, too; and
    on another than a round of these tests beside this one has."""
    with Server("--port", str(20001 + os.getpid() % 5000 * 2)) as running:
        yield running


def test_the_default_data_port_is_the_clients_control_port(low_port):
    """RFC 959 3.2: no PORT, no PASV: from L-1 to U, where the client listens."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", 0))
    c = low_port.login(beside=listener)
    listener.listen(1)
    listener.settimeout(20)
    low_port.write("f", b"content")
    c.ask("TYPE I", "200")
    c.send("RETR f")
    data, source = listener.accept()
    assert source[1] == low_port.port - 1
    data = c.take_data(data)
    c.expect("150")
    assert read_all(data) == b"content"
    data.close()
    c.expect("226")
    listener.close()
    c.close()


def test_active_connections_come_from_the_port_below_the_control_port(low_port):
    with low_port.login() as c:
        listener = c.active()
        c.send("NLST")
        data, source = listener.accept()
        assert source == ("127.0.0.1", low_port.port - 1)
        c.expect("150")
        c.expect("226")
        data.close()
        listener.close()


def test_port_stays_in_force_for_the_next_transfer(server, client):
    """RFC 959 4.1.2: the last value given is the default."""
    listener = client.active()
    for _ in range(2):
        client.send("NLST")
        data, _ = listener.accept()
        read_all(data)
        data.close()
        client.expect("150")
        client.expect("226")


def test_a_passive_connection_that_never_comes_is_425():
    with Server("--data-timeout", "1") as server, server.login() as c:
        c.ask("PASV", "227")
        c.send("LIST")
        c.expect("150")
        c.expect("425")
        c.ask("NOOP", "200")


def test_an_active_connection_that_is_refused_is_425(client):
    client.active().close()
    client.ask("LIST", "425")
    client.ask("NOOP", "200")


def test_a_transfer_without_port_or_pasv_is_425_or_550(server, client):
    server.write("f", b"x")
    client.ask("RETR none", "550")
    client.ask("RETR f", "425")


def test_strangers_are_dropped_and_the_right_host_still_awaited(server, client):
    server.write("f", b"secret")
    client.ask("TYPE I", "200")
    reply = client.ask("PASV", "227").text
    numbers = [int(n) for n in re.search(r"\(([\d,]+)\)", reply).group(1).split(",")]
    target = (".".join(map(str, numbers[:4])), numbers[4] * 256 + numbers[5])
    client.send("RETR f")
    client.expect("150")
    for _ in range(3):
        stranger = socket.create_connection(target, 20, ("127.0.0.2", 0))
        assert stranger.recv(10) == b""
        stranger.close()
    data = client.take_data(socket.create_connection(target, 20))
    assert read_all(data) == b"secret"
    client.expect("226")


def test_strangers_cannot_keep_the_right_host_from_a_passive_port(server, client):
    """They come before any transfer is asked for, and stay."""
    port = int(re.search(r"\|(\d+)\|\)", client.ask("EPSV", "229").text).group(1))
    strangers = []
    for _ in range(40):
        stranger = socket.socket()
        stranger.bind(("127.0.0.2", 0))
        stranger.settimeout(20)
        stranger.connect(("127.0.0.1", port))
        strangers.append(stranger)
    assert all(stranger.recv(1) == b"" for stranger in strangers)
    data = client.take_data(socket.create_connection(("127.0.0.1", port), 20))
    client.send("NLST")
    client.expect("150")
    assert read_all(data) == b""
    client.expect("226")


def test_port_to_another_host_or_a_low_port_is_refused(client):
    client.ask("PORT 127,0,0,2,200,1", "504")
    client.ask("EPRT |1|127.0.0.2|51201|", "504")
    client.ask("PORT 127,0,0,1,3,255", "504")
    client.ask("EPRT |1|127.0.0.1|22|", "504")


def test_allow_fxp_lets_users_name_other_hosts_but_no_low_ports():
    with Server("--allow-fxp", "--anonymous") as server:
        with server.login() as c:
            c.ask("PORT 127,0,0,2,200,1", "200")
            c.ask("PORT 127,0,0,2,0,22", "504")
            for nobody in ("0,0,0,0", "224,0,0,1", "255,255,255,255"):
                c.ask(f"PORT {nobody},200,1", "501")
        with server.login("anonymous", "me@x") as c:
            c.ask("PORT 127,0,0,2,200,1", "504")


@pytest.mark.clear  # neither would be TLS's client
def test_two_servers_exchange_a_file_directly():
    """RFC 959 figure 3: PASV to one, PORT to the other, and the data never passes the user."""
    content = bytes(range(256)) * 4096
    with Server("--allow-fxp") as a, Server("--allow-fxp", address="127.0.0.7") as b:
        a.write("f", content)
        with a.login() as from_a, b.login(host="127.0.0.7") as to_b:
            for c in (from_a, to_b):
                c.ask("TYPE I", "200")
            numbers = re.search(r"\(([\d,]+)\)", to_b.ask("PASV", "227").text).group(1)
            from_a.ask(f"PORT {numbers}", "200")
            to_b.send("STOR g")
            from_a.send("RETR f")
            for c in (from_a, to_b):
                c.expect("150")
                c.expect("226")
        assert b.read("g") == content


def test_passive_ports_come_from_the_range_at_random():
    # Below the range from which the system gives ports to everybody.
    with Server("--passive-ports", "21000-21009") as server, server.login() as c:
        seen = []
        for _ in range(60):
            port = int(re.search(r"\|(\d+)\|\)", c.ask("EPSV", "229").text).group(1))
            assert 21000 <= port <= 21009
            seen.append(port)
        assert len(set(seen)) > 3 and seen != sorted(seen)


def test_a_flood_of_pasv_starves_nobody():
    """One listener per session, the newest."""
    with Server("--passive-ports", "21010-21012") as server:
        with server.login() as flooder, server.login() as other:
            for _ in range(500):
                flooder.ask("PASV", "227")
            assert other.fetch("NLST") == b""


def test_a_full_range_is_425_and_recovers():
    with Server("--passive-ports", "21013-21014") as server:
        clients = [server.login() for _ in range(3)]
        clients[0].ask("PASV", "227")
        clients[1].ask("PASV", "227")
        clients[2].ask("PASV", "425")
        clients[0].close()
        assert eventually(lambda: clients[2].ask("PASV").code == "227")
        for c in clients[1:]:
            c.close()


def test_the_announced_address_is_the_one_the_client_reached(server):
    """A server on every address names the one in use."""
    with Server(address="0.0.0.0") as everywhere:
        for host in ("127.0.0.1", "127.0.0.5"):
            with everywhere.login(host=host) as c:
                assert host.replace(".", ",") in c.ask("PASV", "227").text


def test_passive_address_is_not_for_clients_in_private_networks():
    with Server("--passive-address", "203.0.113.9") as server, server.login() as c:
        assert "127,0,0,1" in c.ask("PASV", "227").text
        assert "4,4,127,0,0,1" in c.ask("LPSV", "228").text


def test_passive_address_may_be_a_name():
    with Server("--passive-address", "localhost") as server, server.login() as c:
        c.ask("PASV", "227")


def test_a_new_pasv_closes_the_old_port(client):
    first = re.search(r"\|(\d+)\|\)", client.ask("EPSV", "229").text).group(1)
    client.ask("EPSV", "229")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(first)), 5)


def test_a_slow_reader_gets_every_byte_before_226(server, client):
    content = bytes(range(256)) * 40_000
    server.write("f", content)
    client.ask("TYPE I", "200")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    port = listener.getsockname()[1]
    client.ask(f"EPRT |1|127.0.0.1|{port}|", "200")
    client.send("RETR f")
    data = client.take_data(listener.accept()[0])
    client.expect("150")
    received = b""
    while len(received) < len(content):
        piece = data.recv(65536)
        assert piece, "closed early"
        received += piece
        if len(received) % 7 == 0:
            time.sleep(0.001)
    assert received == content and data.recv(1) == b""
    client.expect("226")


def test_226_waits_until_the_client_has_everything(server, client):
    """Bytes still on their way when 226 is sent could be lost by a client that closes on it."""
    server.write("f", b"x" * 300_000)
    client.ask("TYPE I", "200")
    data = client.passive()
    data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    client.send("RETR f")
    client.expect("150")
    client.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.expect("226")
    client.socket.settimeout(20)
    assert len(read_all(data)) == 300_000
    client.expect("226")


def test_a_reader_that_stops_is_cut_off_with_426():
    with Server("--data-timeout", "1") as server, server.login() as c:
        server.write("f", b"x" * 50_000_000)
        c.ask("TYPE I", "200")
        data = c.begin("RETR f")
        c.expect("426")
        data.close()
        c.ask("NOOP", "200")


def test_a_sender_that_stops_is_cut_off_with_426():
    with Server("--data-timeout", "1") as server, server.login() as c:
        c.ask("TYPE I", "200")
        data = c.begin("STOR f")
        data.sendall(b"part")
        c.expect("426")
        data.close()
        assert (server.names() == []) if tls.BY_DEFAULT else (server.read("f") == b"part")


def test_a_reset_of_the_data_connection_is_426(server, client):
    server.write("f", b"x" * 50_000_000)
    client.ask("TYPE I", "200")
    data = client.begin("RETR f")
    data.recv(1000)
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    data.close()
    client.expect("426")
    client.ask("NOOP", "200")


def test_bytes_sent_against_the_direction_do_no_harm(server, client):
    content = b"y" * 2_000_000
    server.write("f", content)
    client.ask("TYPE I", "200")
    data = client.begin("RETR f")
    data.sendall(b"nonsense" * 1000)
    assert read_all(data) == content
    data.close()
    client.expect("226")


def test_many_transfers_one_after_another(server, client):
    client.ask("TYPE I", "200")
    for i in range(200):
        client.store(f"STOR f{i}", b"%d" % i, "EPSV")
        assert client.fetch(f"RETR f{i}", "EPSV") == b"%d" % i


def test_sessions_transfer_side_by_side(server):
    content = bytes(range(256)) * 20_000
    server.write("f", content)
    failures = []

    def work(index):
        try:
            with server.login() as c:
                c.ask("TYPE I", "200")
                for _ in range(3):
                    assert c.fetch("RETR f") == content
                    c.store(f"STOR up{index}", content)
                    assert server.read(f"up{index}") == content
        except Exception as failure:  # pylint: disable=broad-except
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_no_free_worker_is_a_4xx_now_and_passes():
    with Server("--max-transfers", "2") as server:
        clients = [server.login() for _ in range(3)]
        busy = []
        for c in clients[:2]:
            c.ask("TYPE I", "200")
            busy.append(c.begin(f"STOR f{len(busy)}"))

        def is_refused():
            data = clients[2].passive()
            clients[2].ask("NLST", "150")
            refused = clients[2].expect("425", "226").code == "425"
            data.close()
            return refused

        assert eventually(is_refused)  # as soon as both have their worker
        for connection, c in zip(busy, clients):
            connection.close()
            c.expect("226")
        assert clients[2].fetch("NLST")
        for c in clients:
            c.close()
