# SPDX-License-Identifier: Apache-2.0
"""Peers that are slow, on purpose or not, and peers that are gone without a word."""

import ctypes
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import tls
from harness import Client, Server, eventually, read_all

CLONE_NEWNET = 0x40000000
ENOUGH_TO_FILL_BUFFERS = 30_000_000


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


class Trickle:
    """Does something small again and again beside the test, until it fails or the block ends."""

    def __init__(self, act, seconds):
        self.act, self.seconds = act, seconds
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(self.seconds):
            try:
                self.act()
            except OSError:
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def each(clients, act):
    """One round; of those that are closed nothing is expected."""
    for c in clients:
        try:
            act(c)
        except OSError:
            pass


# ---- Control connections ------------------------------------------------------------


def test_an_idle_session_is_not_kept_by_bytes_that_make_no_line():
    """RFC 1123 4.1.3.2 speaks of inactivity: half a command is none. So for who is logged in."""
    with Server("--idle-timeout", "2") as server:
        clients = [server.login() for _ in range(30)]
        with Trickle(lambda: each(clients, lambda c: c.send_bytes(b"N")), 0.2):
            for c in clients:
                c.expect("421")
        for c in clients:
            c.close()
        assert eventually(lambda: server.can_work())


def test_lines_that_come_byte_by_byte_hold_up_nobody_else(server):
    slow = [server.login() for _ in range(100)]
    line = b"SITE UMASK 022\r\n"
    sent = 0

    def send_next():
        nonlocal sent
        each(slow, lambda c: c.send_bytes(line[sent:sent + 1]))
        sent += 1

    with Trickle(send_next, 0.05):
        for _ in range(5):
            assert server.can_work()
        assert eventually(lambda: sent >= len(line))
    for c in slow:
        c.expect("200")
        c.close()


def test_half_lines_of_many_cost_little(release):
    """What is unfinished is kept at its own size: 1000 clients with 4000 bytes each."""
    with Server("--anonymous", binary=release) as server:
        server.can_work()
        before = server.memory()
        clients = [server.client() for _ in range(1000)]
        for c in clients:
            c.expect("220")
            c.send_bytes(b"USER " + b"x" * 4000)
        with server.login() as c:  # behind all of them
            c.ask("NOOP", "200")
        for_tls = 20 * 1024 if tls.BY_DEFAULT else 0  # what an idle session may cost besides
        assert server.memory() - before < 1000 * (16 * 1024 + for_tls)
        for c in clients:
            c.close()


# ---- Data connections ----------------------------------------------------------------


def test_who_moves_a_byte_now_and_then_holds_up_nobody_else():
    """More of them than there are cores or workers for anything but transfers."""
    with Server("--data-timeout", "2") as server:
        server.write("big", b"x" * ENOUGH_TO_FILL_BUFFERS)
        readers, writers = [], []
        for i in range(30):
            reader, writer = server.login(), server.login()
            for c in (reader, writer):
                c.ask("TYPE I", "200")
            reader.data = reader.begin("RETR big")
            writer.data = writer.begin(f"STOR slow{i}")
            readers.append(reader)
            writers.append(writer)

        def trickle():
            each(readers, lambda c: c.data.recv(1))
            each(writers, lambda c: c.data.sendall(b"y"))

        with Trickle(trickle, 0.3):
            for _ in range(5):
                assert server.can_work()
            # A byte is progress: longer than data_timeout they are not cut off.
            time.sleep(2.5)
            for c in writers:
                c.ask("NOOP", "200")
        for c in writers:
            c.data.close()
            c.expect("226")
        for c in readers:  # these read no more
            c.expect("426")
            c.data.close()
        for c in readers + writers:
            c.close()
        assert all(set(server.read(f"slow{i}")) == {ord("y")} for i in range(30))


def test_peers_that_never_read_or_send_are_cut_off_each_on_its_own():
    with Server("--data-timeout", "1") as server:
        server.write("big", b"x" * ENOUGH_TO_FILL_BUFFERS)
        held = []
        for i in range(20):
            for command in ("RETR big", f"STOR s{i}", "LIST -R"):
                c = server.login()
                c.ask("TYPE I", "200")
                c.command, c.data = command, c.begin(command)
                held.append(c)
        for c in held:
            c.expect("226" if c.command.startswith("LIST") else "426")
            c.data.close()
            c.ask("NOOP", "200")
            c.close()
        assert eventually(lambda: server.can_work())


# ---- Peers that are gone ----------------------------------------------------------------


class Network:
    """A network of its own for what this thread does and starts, with nothing but a loopback
    interface: taken down it swallows every packet, as a cable that was cut does."""

    def __init__(self):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.before = None

    def _call(self, result):
        if result:
            raise OSError(ctypes.get_errno(), "namespace")

    def __enter__(self):
        self.before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._call(self.libc.unshare(CLONE_NEWNET))
        self.up()
        return self

    def __exit__(self, *_):
        self._call(self.libc.setns(self.before, CLONE_NEWNET))
        os.close(self.before)

    @staticmethod
    def up():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    @staticmethod
    def down():
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)


@pytest.fixture(name="network")
def network_fixture():
    with Network() as network:
        yield network


def test_sessions_of_peers_that_never_answer_are_freed(network):
    """In every state: greeted, idle, sending, receiving, about to connect."""
    with Server("--login-timeout", "3", "--idle-timeout", "3", "--data-timeout", "2",
                "--login-delay", "0") as server:
        server.write("big", b"x" * ENOUGH_TO_FILL_BUFFERS)
        assert server.can_work()
        before = descriptors(server)
        clients = [server.client() for _ in range(5)]
        for c in clients:
            c.expect("220")
        for command in (None, "RETR big", "STOR new", "PASV", "NLST"):
            c = server.login()
            c.ask("TYPE I", "200")
            if command == "PASV":
                c.ask("PASV", "227")
            elif command == "NLST":  # the data connection never comes
                c.ask("PASV", "227")
                c.send("NLST")
            elif command:
                c.data = c.begin(command)
            clients.append(c)
        network.down()
        assert eventually(lambda: descriptors(server) <= before), os.listdir(
            f"/proc/{server.process.pid}/fd")
        network.up()
        assert eventually(lambda: server.can_work())
        for c in clients:
            c.close()


def test_transfers_survive_a_network_that_comes_back(network):
    content = os.urandom(ENOUGH_TO_FILL_BUFFERS)
    with Server() as server:
        server.write("big", content)
        with server.login() as c, server.login() as up:
            for one in (c, up):
                one.ask("TYPE I", "200")
            down_data, up_data = c.begin("RETR big"), up.begin("STOR new")
            up_data.sendall(content[:100_000])
            network.down()
            time.sleep(1)
            network.up()
            up_data.sendall(content[100_000:])
            up_data.close()
            assert read_all(down_data) == content
            c.expect("226")
            up.expect("226")
        assert server.read("new") == content
        assert server.can_work()


# ---- The server stands still ---------------------------------------------------------------


def test_a_server_that_was_stopped_goes_on_where_it_was():
    """SIGSTOP and SIGCONT, as a machine that is suspended or moved: who did nothing wrong stays."""
    content = os.urandom(3_000_000)
    with Server() as server:
        server.write("big", content)
        with server.login() as idle, server.login() as c, server.login() as up:
            for one in (c, up):
                one.ask("TYPE I", "200")
            down_data, up_data = c.begin("RETR big"), up.begin("STOR new")
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(1.5)
            late = Client(server.port)  # the kernel takes it meanwhile
            up_data.settimeout(0.2)
            with pytest.raises(TimeoutError):
                up_data.sendall(b"z" * ENOUGH_TO_FILL_BUFFERS)
            server.process.send_signal(signal.SIGCONT)
            late.expect("220")
            late.login()
            idle.ask("NOOP", "200")
            assert read_all(down_data) == content
            c.expect("226")
            up_data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            up_data.close()
            up.expect("426")
            late.close()
        assert server.can_work()
