# SPDX-License-Identifier: Apache-2.0
"""Many clients, slow clients, hostile clients."""

import os
import random
import resource
import socket
import threading
import time

import pytest

from harness import Client, Server, eventually, read_all

pytestmark = pytest.mark.usefixtures("many_descriptors")
RESET = b"\1\0\0\0\0\0\0\0"


def log_in_many(server, count, user="anonymous"):
    """Sessions that are logged in; anonymous, whose login costs no password hash."""
    clients = []
    for _ in range(count):
        clients.append(Client(server.port, source=f"127.0.{len(clients) % 250 + 1}.1"))
    for c in clients:
        c.send_bytes(f"USER {user}\r\nPASS x@y\r\n".encode())
    for c in clients:
        for code in ("220", "331", "230"):
            c.expect(code)
    return clients


def test_2000_idle_sessions_and_a_working_one(server):
    server.stop()
    server.options += ["--anonymous"]
    server.start()
    clients = log_in_many(server, 2000)
    with server.login() as c:
        c.ask("TYPE I", "200")
        c.store("STOR f", b"x" * 1_000_000)
        assert c.fetch("RETR f") == b"x" * 1_000_000
    for c in random.Random(1).sample(clients, 50):
        c.ask("NOOP", "200")
    for c in clients:
        c.close()


def test_an_idle_session_costs_at_most_16_kib_and_5000_leave_room_to_work(release):
    count = 5000
    with Server("--anonymous", binary=release) as server:
        warm_up = log_in_many(server, 50)
        before = server.memory()
        clients = log_in_many(server, count)
        time.sleep(11)  # worker threads without work have left by then
        each = (server.memory() - before) / count
        print(f"idle session: {each:.0f} bytes")
        assert each <= 16 * 1024
        with server.login() as c:
            c.ask("TYPE I", "200")
            content = os.urandom(20_000_000)
            c.store("STOR f", content)
            assert c.fetch("RETR f") == content
        for c in random.Random(1).sample(clients, 100):
            c.ask("NOOP", "200")
        for c in clients + warm_up:
            c.close()


def test_slow_readers_do_not_hold_up_others(server):
    server.write("big", b"x" * 20_000_000)
    slow = []
    for _ in range(40):
        c = server.login()
        c.ask("TYPE I", "200")
        slow.append((c, c.begin("RETR big")))
    with server.login() as c:
        c.ask("TYPE I", "200")
        for _ in range(20):
            c.store("STOR f", b"quick")
            assert c.fetch("RETR f") == b"quick"
            assert c.fetch("NLST")
    for c, data in slow[:3]:
        assert len(read_all(data)) == 20_000_000
        c.expect("226")
    for c, data in slow:
        data.close()
        c.close()


@pytest.mark.clear  # under TLS that is no handshake (test_handshakes.py)
def test_clients_that_open_data_connections_and_send_nothing(server):
    held = []
    for i in range(60):
        c = server.login()
        c.ask("TYPE I", "200")
        held.append((c, c.begin(f"STOR f{i}")))
    with server.login() as c:
        assert c.fetch("NLST") == b""
    for c, data in held:
        c.close()
        data.close()
    assert eventually(lambda: server.names() == [])


def test_pasv_floods_from_many_sessions(server):
    def flood():
        with server.login() as c:
            c.send_bytes(b"PASV\r\n" * 300)
            for _ in range(300):
                c.expect("227")

    threads = [threading.Thread(target=flood) for _ in range(20)]
    for thread in threads:
        thread.start()
    with server.login() as c:
        for _ in range(20):
            assert c.fetch("NLST") == b""
    for thread in threads:
        thread.join()
    descriptors = os.listdir(f"/proc/{server.process.pid}/fd")
    assert eventually(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) < 60), descriptors


def abor_storm(server, seconds, seed):
    generator = random.Random(seed)
    deadline = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < deadline:
        rounds += 1
        with server.login("anonymous", "x") as c:
            c.ask("TYPE I", "200")
            for _ in range(10):
                command = generator.choice(["RETR big", "LIST", "MLSD", "NLST -R", "HASH big",
                                            "RETR none"])
                way = generator.choice(["PASV", "EPSV", "none"])
                data = c.passive(way) if way != "none" else None
                moment = generator.choice(["at once", "later", "after some bytes", "never"])
                lines = command.encode() + b"\r\n"
                if moment == "at once":
                    c.send_bytes(lines + b"ABOR\r\n")
                else:
                    c.send_bytes(lines)
                    if moment == "later":
                        time.sleep(generator.random() / 100)
                    elif moment == "after some bytes" and data:
                        data.settimeout(0.05)
                        try:
                            data.recv(1000)
                        except OSError:
                            pass
                    c.send_bytes(b"ABOR\r\n")
                c.send_bytes(b"NOOP\r\n")
                codes = []
                while not codes or codes[-1] != "200":
                    codes.append(c.reply().code)
                assert "226" in codes[-2:] or codes[-2:] == ["226", "200"], codes
                if data:
                    if generator.random() < 0.3:
                        data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    data.close()
            if generator.random() < 0.5:
                c.send_bytes(b"PASV\r\nRETR big\r\n")
                c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return rounds


@pytest.mark.parametrize("build", ["FERRYD", "FERRYD_TSAN"])
def test_abor_storm(build):
    """Under ASan and UBSan, and under TSan: no report, no stuck session, no lost descriptor."""
    binary = os.environ.get(build)
    if not binary:
        pytest.fail(f"{build} is not set: run this through make test")
    with Server("--anonymous", binary=binary) as server:
        server.write("big", b"x" * 30_000_000)
        for i in range(300):
            server.write(f"d/f{i}")
        failures = []

        def storm(seed):
            try:
                abor_storm(server, 6, seed)
            except Exception as failure:  # pylint: disable=broad-except
                failures.append(failure)

        threads = [threading.Thread(target=storm, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        with server.login("anonymous", "x") as c:
            c.ask("NOOP", "200")
            assert eventually(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) < 60)
        assert "WARNING: ThreadSanitizer" not in server.log()


@pytest.mark.parametrize("build", ["FERRYD", "FERRYD_TSAN"])
def test_random_commands_from_many_sessions(build):
    """Monkeys at eight keyboards, and a reload now and then."""
    binary = os.environ.get(build)
    if not binary:
        pytest.fail(f"{build} is not set: run this through make test")
    lines = [b"NOOP", b"PASV", b"EPSV", b"LIST", b"NLST", b"MLSD", b"RETR f", b"STOR g", b"APPE g",
             b"STOU", b"ABOR", b"STAT", b"STAT /", b"TYPE A", b"TYPE I", b"REST 3", b"SIZE f", b"MKD d",
             b"RMD d", b"RNFR g", b"RNTO h", b"DELE h", b"CWD d", b"CDUP", b"HASH f", b"XCRC f", b"REIN",
             b"USER demo", b"PASS secret", b"USER anonymous", b"PASS x", b"FEAT", b"HELP", b"LANG es",
             b"SITE COPY f g", b"RMDA d", b"COMB g f", b"PORT 127,0,0,1,8,1", b"XYZ", b"", b"QUIT",
             b"\xff\xf4\xff\xf2ABOR"]
    with Server("--anonymous", "--data-timeout", "1", binary=binary) as server:
        server.write("f", b"x\n" * 100_000)

        def type_away(seed):
            generator = random.Random(seed)
            deadline = time.monotonic() + 6
            while time.monotonic() < deadline:
                try:
                    with Client(server.port) as c:
                        c.send_bytes(b"USER anonymous\r\nPASS x\r\n")
                        for _ in range(generator.randrange(60)):
                            c.send_bytes(generator.choice(lines) + b"\r\n")
                            if generator.random() < 0.2:
                                c.socket.settimeout(0.02)
                                try:
                                    c.socket.recv(65536)
                                except TimeoutError:
                                    pass
                        if generator.random() < 0.5:
                            c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                except OSError:
                    pass

        threads = [threading.Thread(target=type_away, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            server.process.send_signal(1)  # SIGHUP
            time.sleep(0.7)
        with server.login() as c:
            c.ask("NOOP", "200")
        assert "WARNING: ThreadSanitizer" not in server.log()


def test_1000_clients_connecting_at_once(server):
    clients = [None] * 1000

    def connect(start):
        for i in range(start, 1000, 10):
            clients[i] = server.client()

    threads = [threading.Thread(target=connect, args=(i,)) for i in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for c in clients:
        c.expect("220")
        c.close()


def test_without_descriptors_clients_hear_421_and_the_server_recovers(release):
    """prlimit gives it fifty; everybody who fits is served, the others are told."""
    with Server("--anonymous", binary=release) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (60, 60))
        clients = [server.client() for _ in range(80)]
        codes = [c.reply().code for c in clients]
        assert codes.count("220") > 10 and codes.count("421") > 10
        assert codes.count("220") + codes.count("421") == 80
        for c in clients:
            c.close()
        assert eventually(lambda: server.can_work())


def test_without_descriptors_a_data_connection_is_425_and_no_loop_spins(release):
    with Server(binary=release) as server, server.login() as c:
        port = int(c.ask("EPSV", "229").text.split("|||")[1].split("|")[0])
        used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used, hard))
        waiting = socket.create_connection(("127.0.0.1", port))
        before = server.ticks()
        time.sleep(1)
        assert server.ticks() - before < os.sysconf("SC_CLK_TCK") / 2
        c.send("NLST")
        codes = [c.reply().code]
        if codes == ["150"]:
            codes.append(c.reply().code)
        assert codes[-1] in ("425", "450"), codes
        waiting.close()
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        assert c.fetch("NLST") == b""


def test_slowloris_on_the_control_connection():
    """Bytes that trickle in do not keep a session that never logs in."""
    with Server("--login-timeout", "2") as server:
        clients = [server.client() for _ in range(100)]
        for c in clients:
            c.expect("220")
        for _ in range(20):
            for c in clients:
                try:
                    c.send_bytes(b"U")
                except OSError:
                    pass
            time.sleep(0.2)
        for c in clients:
            c.expect("421")
            c.close()
