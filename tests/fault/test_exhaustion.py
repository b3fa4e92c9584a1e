# SPDX-License-Identifier: Apache-2.0
"""When there is no more of something: connections by the thousand at once, descriptors, memory."""

import errno
import multiprocessing
import os
import random
import resource
import select
import shutil
import socket
import ssl
import time

import pytest

from harness import PATIENCE, Server, eventually, read_all
from secure import SecureClient, SecureServer

LOOPS_MAX = 16  # as the server is made
PATIENCE_WITH_CROWDS = PATIENCE * 6  # SYNs that are dropped come again after 1, 3, 7, … 63 s
NO_LIMITS = ("--max-sessions", "0", "--max-unauthenticated", "0")
pytestmark = pytest.mark.usefixtures("many_descriptors")
RESOURCES_GONE = ("421", "425", "426", "450", "451", "452", "530", "550", "553")


# ---- Crowds -----------------------------------------------------------------------------


class Crowd:
    """Connections that are all begun before the first is awaited, and what each was greeted with:
    the codes, and "" for one that was closed or broken without a word."""

    def __init__(self, port, count):
        self.members = {}
        self.codes = []
        events = select.epoll()
        for i in range(count):
            member = socket.socket()
            member.setblocking(False)
            member.bind((f"127.0.{i % 4}.9", 0))
            if member.connect_ex(("127.0.0.1", port)) != errno.EINPROGRESS:
                raise OSError(f"connection {i}")
            self.members[member.fileno()] = member
            events.register(member, select.EPOLLIN | select.EPOLLONESHOT)
        deadline = time.monotonic() + PATIENCE_WITH_CROWDS
        while len(self.codes) < count and time.monotonic() < deadline:
            for descriptor, _ in events.poll(1):
                self.codes.append(self._greeting(self.members[descriptor]))

    @staticmethod
    def _greeting(member):
        try:
            return member.recv(1000)[:3].decode()
        except OSError:
            return ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members.values():
            member.close()


def test_10000_connections_arriving_at_once_are_all_greeted(release):
    count = 10_000
    with Server(*NO_LIMITS, binary=release) as server, server.login() as inside:
        assert server.can_work()
        before = server.memory()
        with Crowd(server.port, count) as crowd:
            assert crowd.codes.count("220") == count, set(crowd.codes)
            assert server.memory() - before <= count * 16 * 1024
            assert server.can_work()
            inside.ask("NOOP", "200")
        assert server.can_work()


def stand_in_a_crowd(port, count, pipe):
    with Crowd(port, count) as crowd:
        pipe.send(crowd.codes)
        pipe.recv()


def test_at_20000_descriptors_the_rest_hear_421_and_no_loop_spins(release):
    """Two crowds, since this process may have no more than that itself."""
    limit, each = 20_000, 10_150
    with Server(*NO_LIMITS, "--log-level", "warning", binary=release) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        assert server.can_work()
        processes = []
        fork = multiprocessing.get_context("fork")
        for _ in range(2):
            ours, theirs = fork.Pipe()
            process = fork.Process(target=stand_in_a_crowd, args=(server.port, each, theirs),
                                   daemon=True)  # not waited for when the test fails
            process.start()
            processes.append((process, ours))
        codes = [code for _, pipe in processes for code in pipe.recv()]
        assert len(codes) == 2 * each
        refused = codes.count("421")
        assert codes.count("220") + refused == 2 * each, set(codes)
        assert 2 * each - limit <= refused < 2 * each - limit + 200
        before = server.ticks()
        time.sleep(1)
        assert server.ticks() - before < os.sysconf("SC_CLK_TCK") / 2
        assert server.log().count("descriptors-exhausted") < 20  # once for a while, not for each
        for process, pipe in processes:
            pipe.send("go")
            process.join()
            assert process.exitcode == 0
        assert eventually(lambda: server.can_work())


# ---- No descriptor -----------------------------------------------------------------------


def descriptors(server):
    return {int(name) for name in os.listdir(f"/proc/{server.process.pid}/fd")}


class NoDescriptors:
    """While it lasts the server gets no descriptor that it does not have."""

    def __init__(self, server):
        self.pid = server.process.pid
        used = descriptors(server)
        self.first_free = next(n for n in range(len(used) + 1) if n not in used)
        self.before = None

    def __enter__(self):
        soft, hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        self.before = (soft, hard)
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (self.first_free, hard))

    def __exit__(self, *_):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.before)


@pytest.mark.parametrize("command", ["RETR f", "STOR g", "APPE f", "STOU", "LIST", "NLST -R", "MLSD"])
def test_a_transfer_that_finds_no_descriptor_is_refused(command):
    with Server() as server, server.login() as c:
        server.write("f", b"content")
        c.ask("TYPE I", "200")
        c.fetch("NLST")
        data = c.passive()
        eventually(lambda: False, 0.2)  # until the loop has taken the connection
        with NoDescriptors(server):
            reply = c.ask(command)
            if reply.code == "150":
                data.close()
                reply = c.reply()
            assert reply.code in RESOURCES_GONE, reply
            c.ask("NOOP", "200")
        data.close()
        assert server.names() == ["f"] and server.read("f") == b"content"
        assert server.can_work()


def test_other_commands_that_find_no_descriptor_are_refused():
    with Server() as server, server.login() as c:
        server.write("d/f", b"content")
        c.ask("NOOP", "200")
        with NoDescriptors(server):
            for command in ("PASV", "EPSV", "STAT /d", "HASH d/f", "SITE COPY d/f g", "MKD d/e",
                            "DELE d/f", "RMDA d", "SIZE d/f", "CWD d"):
                c.send(command)
                assert c.reply().code[0] in "245", command
            c.ask("NOOP", "200")
        assert server.can_work()


def test_what_is_under_way_when_descriptors_run_out_ends_well_or_not_at_all():
    content = os.urandom(3_000_000)
    with Server() as server:
        server.write("big", content)
        downs, ups = [server.login() for _ in range(4)], [server.login() for _ in range(4)]
        for i, (down, up) in enumerate(zip(downs, ups)):
            for c in (down, up):
                c.ask("TYPE I", "200")
            down.data, up.data = down.begin("RETR big"), up.begin(f"STOR new{i}")
            up.data.sendall(content[:1000])
        with NoDescriptors(server):
            for i, (down, up) in enumerate(zip(downs, ups)):
                assert read_all(down.data) == content
                down.expect("226")
                up.data.sendall(content[1000:])
                up.data.close()
                reply = up.reply()
                assert (reply.code == "226") == (f"new{i}" in server.names()), reply
        for i in range(4):
            if f"new{i}" in server.names():
                assert server.read(f"new{i}") == content
        for c in downs + ups:
            c.data.close()
            c.ask("NOOP", "200")
            c.close()
        assert server.can_work()


# ---- No memory -------------------------------------------------------------------------------


def session_without_memory(server, generator):
    """Some of everything. Each command is answered, or the session is closed."""
    with server.client() as c:
        c.socket.settimeout(PATIENCE)
        if c.reply().code != "220":
            return
        if isinstance(c, SecureClient):
            c.secure()
            c.protect("P")
        c.ask("USER demo", "331", "421", "530", "451")
        c.ask("PASS secret", "230", "530", "421", "451", "450")
        for _ in range(20):
            command = generator.choice(["RETR big", "STOR new", "LIST", "MLSD", "NLST -R", "HASH big",
                                        "STAT .", "MKD d", "RMD d", "CWD d", "CDUP", "FEAT", "REIN",
                                        "USER demo", "PASS secret", "RNFR d", "RNTO e", "MODE Z",
                                        "MODE S", "REST 0", "SITE COPY big copy", "MLST big"])
            if command.split()[0] in ("RETR", "STOR", "LIST", "MLSD", "NLST"):
                move(c, command)
            else:
                assert c.ask(command).code != "500"


def move(c, command):
    reply = c.ask("EPSV")
    if reply.code != "229":
        return
    port = int(reply.text.split("|||")[1].split("|")[0])
    data = socket.create_connection(("127.0.0.1", port), PATIENCE)
    try:
        c.send(command)
        if c.reply().code not in ("125", "150"):
            return
        if isinstance(c, SecureClient):
            data = c.wrap_data(data)
        try:
            if command.startswith("STOR"):
                data.sendall(b"x" * 10_000)
            else:
                read_all(data)
        except (ConnectionError, ssl.SSLError):
            pass
    finally:
        data.close()
    c.reply()


def sessions_without_memory(server, count, seed):
    generator = random.Random(seed)
    for _ in range(count):
        try:
            session_without_memory(server, generator)
        except (EOFError, ConnectionError, ssl.SSLError):
            pass  # the session was closed, which is an answer
        assert server.process.poll() is None, server.log()


class NoMemory:
    """Of a server that is yet to be started: one request for memory of so many is refused, whoever
    makes it."""

    def __init__(self, server, shim):
        self.file = os.path.join(server.base, "refusal")
        open(self.file, "xb").close()
        server.env = {"LD_PRELOAD": shim, "FERRY_SHIM": "memory", "FERRY_SHIM_FILE": self.file}

    def begin(self, one_of):
        with open(self.file, "w", encoding="ascii") as f:
            f.write(f"{one_of}\n")

    def end(self):
        os.truncate(self.file, 0)


@pytest.mark.clear  # has both itself
# A handshake asks for memory a thousand times, a password's hash some dozens of times.
@pytest.mark.parametrize("kind, one_of", [(Server, 2), (Server, 17), (Server, 101), (Server, 503),
                                          (SecureServer, 101), (SecureServer, 1009),
                                          (SecureServer, 4001)])
def test_memory_that_is_refused_now_and_then_costs_a_command_or_a_session(shim, release, kind,
                                                                          one_of):
    server = kind("--login-delay", "0", binary=release)
    shortage = NoMemory(server, shim)
    with server:
        server.write("big", os.urandom(200_000))
        shortage.begin(one_of)
        sessions_without_memory(server, 60, one_of)
        shortage.end()
        assert eventually(lambda: server.can_work()), server.log()


@pytest.mark.clear
def test_a_loop_without_a_thread_ends_the_start_whichever_run_already(tmp_path, shim, release):
    number = tmp_path / "number"
    for nth in range(1, min(len(os.sched_getaffinity(0)), LOOPS_MAX) + 1):
        number.write_text(str(nth))
        server = Server(binary=release, env={"LD_PRELOAD": shim, "FERRY_SHIM": "threads",
                                             "FERRY_SHIM_FILE": str(number)})
        with pytest.raises(AssertionError, match="a loop: Resource temporarily unavailable"):
            server.start()
        assert server.stop() == 1
        shutil.rmtree(server.base)


@pytest.mark.parametrize("one_of", [1, 3, 7])
def test_of_a_crowd_without_memory_everybody_is_greeted_or_refused(shim, release, one_of):
    server = Server(*NO_LIMITS, binary=release)
    shortage = NoMemory(server, shim)
    with server:
        shortage.begin(one_of)
        with Crowd(server.port, 3000) as crowd:
            assert len(crowd.codes) == 3000 and set(crowd.codes) <= {"220", "421"}
            assert "421" in crowd.codes
        shortage.end()
        assert eventually(lambda: server.can_work()), server.log()


def test_at_the_limit_of_memory_clients_are_refused_and_the_server_recovers(release):
    """The limit is on what can be written to (RLIMIT_DATA): the stacks of new threads, too."""
    with Server(*NO_LIMITS, binary=release) as server:
        server.write("big", os.urandom(200_000))
        assert server.can_work()
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
            used = next(int(line.split()[1]) for line in f if line.startswith("VmData:")) * 1024
        before = resource.prlimit(server.process.pid, resource.RLIMIT_DATA)
        resource.prlimit(server.process.pid, resource.RLIMIT_DATA, (used + 1_000_000, before[1]))
        with Crowd(server.port, 5000) as crowd:
            assert len(crowd.codes) == 5000 and set(crowd.codes) == {"220", "421"}
            sessions_without_memory(server, 20, 1)
        resource.prlimit(server.process.pid, resource.RLIMIT_DATA, before)
        assert eventually(lambda: server.can_work()), server.log()
