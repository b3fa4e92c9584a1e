# SPDX-License-Identifier: Apache-2.0
"""TLS handshakes that are slow, never end, are reset, or come by the thousand."""

import os
import random
import socket
import ssl
import threading

import pytest

from harness import Client, eventually, read_all
from secure import SecureServer, context_of

pytestmark = pytest.mark.clear  # says itself what is under TLS

RESET = b"\1\0\0\0\0\0\0\0"


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


class Handshake:
    """A handshake in memory, so that the test says which of its bytes are sent, and when."""

    def __init__(self, trust, version):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context_of(trust, version).wrap_bio(self.incoming, self.outgoing,
                                                       server_hostname="localhost")
        self.is_done = False

    def step(self, received=b""):
        """What is to be sent now."""
        if received:
            self.incoming.write(received)
        try:
            self.tls.do_handshake()
            self.is_done = True
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()


def flights(connection, server, version, send):
    """The whole handshake over a connection, whose bytes leave by `send`."""
    handshake = Handshake(server.certificate, version)
    send(handshake.step())
    while not handshake.is_done:
        received = connection.recv(65536)
        if not received:
            raise EOFError("the server gave up")
        answer = handshake.step(received)
        if answer:
            send(answer)
    return handshake


def hello(server):
    return Handshake(server.certificate, None).step()


def auth(server):
    """A connection on which 234 was said: the server expects a handshake."""
    c = Client(server.port)
    c.expect("220")
    c.ask("AUTH TLS", "234")
    return c


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_handshake_that_comes_byte_by_byte_is_one(version):
    """On the control connection, while others work."""
    with SecureServer() as server, auth(server) as c:
        worked = []

        def send(data):
            for i, byte in enumerate(data):
                c.socket.sendall(bytes([byte]))
                if i == len(data) // 2:
                    worked.append(server.can_work())

        handshake = flights(c.socket, server, version, send)
        handshake.tls.write(b"NOOP\r\n")
        c.socket.sendall(handshake.outgoing.read())
        heard = b""
        while b"200 " not in heard:
            handshake.incoming.write(c.socket.recv(65536))
            try:
                heard += handshake.tls.read(1000)
            except ssl.SSLWantReadError:
                pass
        assert worked and all(worked)


def test_handshakes_that_never_end_are_ended_with_the_time_to_log_in():
    """Silent, after half a hello, and with a byte now and then; none holds up anybody."""
    with SecureServer("--login-timeout", "3") as server:
        assert server.can_work()
        fewest = descriptors(server)
        half = hello(server)[:100]
        clients = [auth(server) for _ in range(60)]
        for c in clients[20:]:
            c.socket.sendall(half)
        ended = threading.Event()

        def trickle():
            rest = iter(hello(server)[100:])
            while not ended.wait(0.2):
                byte = bytes([next(rest)])
                for c in clients[40:]:
                    try:
                        c.socket.sendall(byte)
                    except OSError:
                        pass

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            assert server.can_work()
            for c in clients:
                assert c.is_closed()
        finally:
            ended.set()
            thread.join()
            for c in clients:
                c.close()
        assert eventually(lambda: descriptors(server) <= fewest)


@pytest.mark.parametrize("sent", [0, 100], ids=["nothing", "half a hello"])
def test_a_data_connection_without_its_handshake_is_given_up_and_holds_up_nobody(sent):
    """425 after data_timeout, whatever the direction; nothing is stored, nothing was said in clear."""
    with SecureServer("--data-timeout", "2") as server:
        server.write("f", b"secret content")
        held = []
        for i in range(20):
            for command in ("RETR f", f"STOR new{i}", "LIST"):
                c = server.login()
                c.data = c.passive()
                c.send(command)
                c.expect("150")
                c.data.sendall(hello(server)[:sent])
                held.append(c)
        assert server.can_work()
        for c in held:
            c.expect("425")
            assert b"content" not in read_what_came(c.data)
            c.ask("NOOP", "200")
            c.close()
        assert sorted(server.names()) == ["f", "work"]


def read_what_came(connection):
    try:
        return read_all(connection)
    except ConnectionError:
        return b""
    finally:
        connection.close()


def test_a_handshake_of_data_that_trickles_is_given_up_all_the_same():
    """However the peer divides its bytes: the time is for the whole handshake (net/channel.h)."""
    with SecureServer("--data-timeout", "2") as server, server.login() as c:
        server.write("f", b"content")
        data = c.passive()
        c.send("RETR f")
        c.expect("150")
        ended = threading.Event()

        def trickle():
            for byte in hello(server) * 10:
                try:
                    data.sendall(bytes([byte]))
                except OSError:
                    return
                if ended.wait(0.3):
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        c.expect("425")
        ended.set()
        thread.join()
        data.close()
        assert c.fetch("RETR f") == b"content"


# ---- Resets ---------------------------------------------------------------------------------


def reset_after_hello(server, _):
    c = auth(server)
    c.socket.sendall(hello(server))
    reset(c.socket)


def reset_after_some_of_the_hello(server, generator):
    c = auth(server)
    first = hello(server)
    c.socket.sendall(first[:generator.randrange(len(first))])
    reset(c.socket)


def reset_with_the_answer_read(server, _):
    c = auth(server)
    c.socket.sendall(hello(server))
    c.socket.recv(65536)
    reset(c.socket)


def reset_when_it_stands(server, generator):
    c = auth(server)
    flights(c.socket, server, generator.choice(VERSIONS), c.socket.sendall)
    reset(c.socket)


def reset_with_noise(server, generator):
    c = auth(server)
    c.socket.sendall(generator.randbytes(generator.randrange(1, 2000)))
    reset(c.socket)


def reset_in_the_middle_of_records(server, _):
    c = server.login()
    c.send_bytes(b"NOOP\r\n" * 50)
    reset(c.socket)


def reset_of_data_in_its_handshake(server, generator):
    """And the session is none the worse."""
    with server.login() as c:
        data = c.passive()
        c.send(generator.choice(["RETR big", "LIST", f"STOR x{generator.random()}"]))
        c.expect("150")
        first = hello(server)
        data.sendall(first[:generator.randrange(len(first) + 1)])
        reset(data)
        c.expect("425", "426")
        c.ask("NOOP", "200")


def reset_of_data_under_tls(server, _):
    with server.login() as c:
        c.ask("TYPE I", "200")
        data = c.begin("RETR big")
        data.recv(1000)
        reset(data.tls)
        c.expect("426")
        c.ask("NOOP", "200")


WAYS = [reset_after_hello, reset_after_some_of_the_hello, reset_with_the_answer_read,
        reset_when_it_stands, reset_with_noise, reset_in_the_middle_of_records,
        reset_of_data_in_its_handshake, reset_of_data_under_tls]


@pytest.mark.parametrize("build", ["FERRYD", "FERRYD_TSAN"])
def test_a_reset_in_any_handshake_harms_nobody(build):
    with SecureServer(binary=os.environ[build]) as server:
        server.write("big", b"x" * 10_000_000)
        assert server.can_work()
        fewest = descriptors(server)
        failures = []

        def run(seed):
            generator = random.Random(seed)
            for _ in range(5):
                for way in generator.sample(WAYS, len(WAYS)):
                    try:
                        way(server, generator)
                    except Exception as failure:  # pylint: disable=broad-except
                        failures.append((way.__name__, failure))

        threads = [threading.Thread(target=run, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        assert eventually(lambda: descriptors(server) <= fewest), server.log()
        assert server.can_work()
        assert "WARNING: ThreadSanitizer" not in server.log()


# ---- Many ---------------------------------------------------------------------------------------


def test_1000_clients_that_begin_tls_at_once(release):
    """All 234 are there before the first handshake begins."""
    count, at_once = 1000, 10
    with SecureServer("--anonymous", binary=release) as server:
        clients = [auth(server) for _ in range(count)]
        context = context_of(server.certificate)
        answers = []

        def secure(share):
            wrapped = []
            for c in share:  # all hellos of this share leave before an answer is read
                c.socket.settimeout(None)
                tls = context.wrap_socket(c.socket, server_hostname="localhost",
                                          do_handshake_on_connect=False)
                tls.setblocking(False)
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                wrapped.append(tls)
            for c, tls in zip(share, wrapped):
                tls.settimeout(60)
                tls.do_handshake()
                c.socket = tls
                c.send_bytes(b"USER anonymous\r\nPASS x@y\r\n")
                answers.append((c.reply().code, c.reply().code))

        threads = [threading.Thread(target=secure, args=(clients[i::at_once],))
                   for i in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [("331", "230")] * count
        assert server.can_work()
        for c in clients:
            c.close()
