# SPDX-License-Identifier: Apache-2.0
"""Connections that are reset: at each step of the protocol, the control connection, the data
connection or both, under ASan and UBSan and under TSan."""

import os
import random
import socket
import threading

import pytest

from harness import Client, Server, eventually

ROUNDS = 10  # of each step and each of its resets, so many at once
AT_ONCE = 6


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


class Victim(Client):
    """A client with a data connection to reset, if it has come to that."""

    def __init__(self, port):
        super().__init__(port)
        self.data = None

    def enter(self):
        self.expect("220")
        self.login()
        self.ask("TYPE I", "200")

    def open_and_send(self, command, codes=("125", "150")):
        self.enter()
        self.data = self.passive()
        self.send(command)
        if codes:
            self.expect(*codes)


def before_the_greeting(_):
    pass


def in_a_line(c):
    c.expect("220")
    c.send_bytes(b"USE")


def while_the_password_is_looked_at(c):
    c.send_bytes(b"USER demo\r\nPASS secret\r\n")


def with_replies_unread(c):
    c.enter()
    c.send_bytes(b"FEAT\r\n" * 200)


def with_a_port_open(c):
    c.enter()
    c.ask("PASV", "227")


def with_a_connection_that_is_not_used(c):
    c.enter()
    c.data = c.passive()


def while_the_file_is_opened(c):
    c.open_and_send("RETR big", codes=())


def in_the_middle_of_a_download(c):
    c.open_and_send("RETR big")
    c.data.recv(100_000)


def in_the_middle_of_a_listing(c):
    c.open_and_send("LIST -R")
    c.data.recv(1)


def in_the_middle_of_facts(c):
    c.open_and_send("MLSD d")
    c.data.recv(1)


def in_the_middle_of_an_upload(c):
    c.open_and_send("STOU")
    c.data.sendall(b"x" * 100_000)


def while_an_upload_is_published(c):
    c.open_and_send("STOR target")
    c.data.sendall(b"x" * 100_000)
    c.data.shutdown(socket.SHUT_WR)


def in_the_middle_of_an_append(c):
    c.open_and_send("APPE target")
    c.data.sendall(b"x" * 10_000)


def between_two_blocks(c):
    c.enter()
    c.ask("MODE B", "200")
    c.data = c.passive()
    c.send("STOU")
    c.expect("150")
    c.data.sendall(b"\0\0\7half")


def in_the_middle_of_a_compressed_one(c):
    c.enter()
    c.ask("MODE Z", "200")
    c.data = c.passive()
    c.send("RETR big")
    c.expect("150")
    c.data.recv(10)


def while_it_is_being_aborted(c):
    c.open_and_send("RETR big")
    c.send("ABOR")


def while_a_digest_is_made(c):
    c.enter()
    c.send("HASH big")


def while_a_file_is_copied(c):
    c.enter()
    c.send(f"SITE COPY big copy{random.random()}")


def while_it_is_asked_to_connect(c):
    c.enter()
    listener = c.active()
    c.send("NLST")
    c.data, _ = listener.accept()
    listener.close()


def while_they_leave(c):
    c.enter()
    c.send_bytes(b"REIN\r\nQUIT\r\n")


STEPS = [before_the_greeting, in_a_line, while_the_password_is_looked_at, with_replies_unread,
         with_a_port_open, with_a_connection_that_is_not_used, while_the_file_is_opened,
         in_the_middle_of_a_download, in_the_middle_of_a_listing, in_the_middle_of_facts,
         in_the_middle_of_an_upload, while_an_upload_is_published, in_the_middle_of_an_append,
         between_two_blocks, in_the_middle_of_a_compressed_one, while_it_is_being_aborted,
         while_a_digest_is_made, while_a_file_is_copied, while_it_is_asked_to_connect,
         while_they_leave]


def reset_control(c):
    reset(c.socket)
    if c.data:
        c.data.close()


def reset_both(c):
    if c.data:
        reset(c.data)
    reset(c.socket)


def reset_data(c):
    """And the session is none the worse."""
    reset(c.data)
    c.send("NOOP")
    while c.reply().code != "200":
        pass
    c.close()


def torment(port, step, act):
    c = Victim(port)
    step(c)
    if act is not reset_data:
        act(c)
    elif c.data:
        reset_data(c)
    else:
        c.close()


@pytest.mark.parametrize("build", ["FERRYD", "FERRYD_TSAN"])
def test_a_reset_at_any_step_harms_nobody(build):
    with Server(binary=os.environ[build]) as server:
        server.write("big", os.urandom(1000) * 10_000)
        server.write("target")
        for i in range(300):
            server.write(f"d/{'long' * 20}{i}")
        with server.login() as c:
            c.ask("NOOP", "200")
        fewest = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        work = [(step, act) for step in STEPS for act in (reset_control, reset_both, reset_data)
                for _ in range(ROUNDS)]
        random.Random(7).shuffle(work)
        failures = []

        def run(share):
            for step, act in share:
                try:
                    torment(server.port, step, act)
                except Exception as failure:  # pylint: disable=broad-except
                    failures.append((step.__name__, act.__name__, failure))

        threads = [threading.Thread(target=run, args=(work[i::AT_ONCE],)) for i in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures[0]
        assert eventually(
            lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) <= fewest), server.log()
        with server.login() as c:
            c.ask("TYPE I", "200")
            c.store("STOR work", b"work")
            assert c.fetch("RETR work") == b"work"
        assert "WARNING: ThreadSanitizer" not in server.log()
