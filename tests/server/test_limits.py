# SPDX-License-Identifier: Apache-2.0
"""Rates, and places before and after the login.

Of a rate, only that no more passes in the time that it took than it allows.
"""

import threading
import time

import pytest

from harness import Server, eventually, read_all

RATE = 100_000
CONTENT = bytes(range(250)) * 400  # as long as RATE
END_OF_FILE = b"\x40\0\0"  # of MODE B


def inside(server, **how):
    client = server.login(**how)
    client.ask("TYPE I", "200")
    return client


def within(rate, action):
    """What an action moves, in bytes, keeps to the rate and its burst."""
    start = time.monotonic()
    moved = action()
    assert moved <= rate * (time.monotonic() - start) + rate / 4
    return moved


def each_at_once(actions):
    """The sum of what they return."""
    results = []
    threads = [threading.Thread(target=lambda a=action: results.append(a())) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(actions)
    return sum(results)


# ---- Rates ---------------------------------------------------------------------------

@pytest.mark.parametrize("option", ["--download-rate", "--download-rate-per-ip"])
def test_all_downloads_together_keep_to_the_rate(option):
    with Server(option, str(RATE)) as server:
        server.write("f", CONTENT)
        clients = [inside(server) for _ in range(2)]
        moved = within(RATE, lambda: each_at_once(
            [lambda c=c: len(c.fetch("RETR f")) for c in clients]))
        assert moved == 2 * len(CONTENT)
        clients[0].store("STOR g", CONTENT * 20)  # the other way is another one
        for c in clients:
            c.close()


@pytest.mark.parametrize("option", ["--upload-rate", "--upload-rate-per-ip"])
def test_all_uploads_together_keep_to_the_rate(option):
    def store(c, name):
        c.store(f"STOR {name}", CONTENT)
        return len(CONTENT)

    with Server(option, "97K") as server:
        clients = [inside(server) for _ in range(2)]
        within(97 << 10, lambda: each_at_once(
            [lambda c=c, n=n: store(c, f"f{n}") for n, c in enumerate(clients)]))
        assert server.read("f0") == server.read("f1") == CONTENT
        server.write("g", CONTENT * 20)
        assert len(clients[0].fetch("RETR g")) == 20 * len(CONTENT)
        for c in clients:
            c.close()


@pytest.mark.parametrize("settings", ["TYPE A", "MODE B"])
def test_whatever_the_shape_bytes_on_the_connection_count(settings):
    text = b"line\n" * 10_000
    with Server("--download-rate", str(RATE), "--upload-rate", str(RATE)) as server:
        server.write("f", text)
        with inside(server) as c:
            c.ask(settings, "200")

            def fetch():
                data = c.begin("RETR f")
                wire = data.recv(65536)
                while not wire.endswith(END_OF_FILE) and (piece := data.recv(65536)):
                    wire += piece
                c.expect("226", "250")
                data.close()
                return wire

            def store(wire):
                c.store("STOR g", wire, codes=("226", "250"))
                return len(wire)

            wire = []
            within(RATE, lambda: wire.append(fetch()) or len(wire[0]))
            assert len(wire[0]) > len(text)
            within(RATE, lambda: store(wire[0]))
            assert server.read("g") == text


def test_listings_keep_to_the_rate_too():
    with Server("--download-rate", "4000") as server:
        for i in range(40):
            server.write("d/" + "x" * 200 + str(i), b"")
        with inside(server) as c:
            within(4000, lambda: len(c.fetch("NLST d")))


def test_a_slow_rate_is_no_peer_that_stands_still():
    with Server("--download-rate", "1", "--upload-rate", "1", "--data-timeout", "1") as server:
        server.write("f", b"123")
        with inside(server) as c:
            assert c.fetch("RETR f") == b"123"
            c.store("STOR g", b"123")
            assert server.read("g") == b"123"


@pytest.mark.parametrize("command", ["RETR f", "STOR g"])
def test_a_transfer_that_waits_for_its_rate_can_be_aborted(command):
    with Server("--download-rate", "1", "--upload-rate", "1") as server:
        server.write("f", CONTENT)
        with inside(server) as c:
            data = c.begin(command)
            if command == "STOR g":
                data.sendall(CONTENT)
            c.send("ABOR")
            c.expect("426")
            c.expect("226")
            data.close()


def test_a_new_rate_reaches_transfers_that_run():
    with Server(config="download_rate = 1\n") as server:
        server.write("f", CONTENT)
        with inside(server) as c:
            data = c.begin("RETR f")
            with open(f"{server.base}/ferryd.conf", "w", encoding="ascii") as f:
                f.write("download_rate = 10M\n")
            server.process.send_signal(1)
            assert read_all(data) == CONTENT
            c.expect("226")


def test_transfers_of_one_address_are_limited():
    with Server("--max-transfers-per-ip", "1", address="0.0.0.0") as server:
        server.write("f", CONTENT)
        with inside(server) as a, inside(server) as b, inside(server, source="127.0.0.2") as other:
            data = a.begin("STOR g")
            data.sendall(b"x")
            assert eventually(lambda: ": 1 bytes" in a.ask("STAT").text)
            second = b.passive()
            b.ask("RETR f", "425")
            second.close()
            assert other.fetch("NLST", way="PORT")
            data.close()
            a.expect("226")
            assert b.fetch("RETR f") == CONTENT


# ---- Places --------------------------------------------------------------------------------

def greets(server, **how):
    with server.client(**how) as c:
        return c.reply().code == "220"


def strangers(server, count, **how):
    """Connections that are not logged in."""
    clients = [server.client(**how) for _ in range(count)]
    for c in clients:
        c.expect("220")
    return clients


def close(clients):
    for c in clients:
        c.close()


def test_connections_before_the_login_and_sessions_do_not_use_up_each_others_places():
    with Server("--max-unauthenticated", "4", "--max-sessions", "2", address="0.0.0.0") as server:
        sessions = [server.login() for _ in range(2)]
        outside = strangers(server, 2) + strangers(server, 2, source="127.0.0.2")
        assert not greets(server, source="127.0.0.3")
        outside[0].ask("USER demo", "331")
        outside[0].ask("PASS secret", "421")
        assert outside[0].is_closed()
        assert eventually(lambda: greets(server, source="127.0.0.3"))
        sessions[0].close()
        outside[1].login()
        outside[1].ask("PWD", "257")
        close(sessions + outside)


def test_one_address_has_half_of_the_places_before_the_login_at_most():
    with Server("--max-unauthenticated", "6", address="0.0.0.0") as server:
        first = strangers(server, 3)
        assert not greets(server)
        second = strangers(server, 3, source="127.0.0.2")
        assert not greets(server, source="127.0.0.3")
        close(first + second)


def test_connections_before_the_login_of_one_address_are_limited():
    with Server("--max-unauthenticated-per-ip", "2", address="0.0.0.0") as server:
        outside = strangers(server, 2)
        assert not greets(server)
        assert greets(server, source="127.0.0.2")
        outside[0].login()
        assert greets(server)
        close(outside)


@pytest.mark.parametrize("command, code", [("REIN", "220"), ("USER demo", "331")])
def test_who_is_not_logged_in_any_more_frees_a_session(command, code):
    with Server("--max-sessions", "1", "--max-unauthenticated", "2", address="0.0.0.0") as server:
        first = server.login()
        outside = strangers(server, 1) + strangers(server, 1, source="127.0.0.2")
        first.ask(command, code)
        outside[0].login()
        with server.client(source="127.0.0.3") as c:
            c.expect("421")  # `first` is among those who wait
        first.close()
        assert eventually(lambda: greets(server, source="127.0.0.3"))
        close(outside)
