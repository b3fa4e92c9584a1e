# SPDX-License-Identifier: Apache-2.0
"""One loop for each core: which of them a client gets is not for chance alone to say."""

import os
import re
import signal
import socket
import threading

import pytest

from harness import PATIENCE, eventually

UNEVEN_BY = 14  # as the server is made

several_loops = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core: one loop")


def watched_by_each(server):
    """How many descriptors each epoll has: the loop's own, its sessions and, of the first, listeners."""
    process = f"/proc/{server.process.pid}"
    counts = []
    for fd in os.listdir(f"{process}/fd"):
        if os.readlink(f"{process}/fd/{fd}") == "anon_inode:[eventpoll]":
            with open(f"{process}/fdinfo/{fd}", encoding="ascii") as f:
                counts.append(len(re.findall(r"^tfd:", f.read(), re.M)))
    return counts


@several_loops
def test_no_loop_has_all_of_the_clients(server):
    """Of sessions that stay each has its share, however they came."""
    before = watched_by_each(server)
    clients = [server.client() for _ in range(60)]
    for client in clients:
        client.expect("220")
    grown = [now - then for now, then in zip(watched_by_each(server), before)]
    assert sum(grown) == 60
    assert max(grown) - min(grown) <= UNEVEN_BY
    for client in clients:
        client.close()


@several_loops
def test_who_is_brought_to_another_loop_is_served_like_all(server):
    """Many at once, over and over: each is greeted, logged in and let go."""
    server.write("f", b"content")
    failures = []

    def come_and_go():
        try:
            for _ in range(10):
                with server.login() as c:
                    assert c.fetch("RETR f") == b"content"
        except Exception as e:  # whatever it is: the thread must not keep it to itself
            failures.append(e)
            raise

    threads = [threading.Thread(target=come_and_go) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@several_loops
def test_who_comes_while_another_loop_ends_its_transfers_is_told_so(server):
    """The loop that listens has nothing left to do itself, and stays for the others."""
    before = watched_by_each(server)
    clients = [server.login() for _ in range(UNEVEN_BY + 1)]
    grown = [now - then for now, then in zip(watched_by_each(server), before)]
    assert sorted(grown)[-2:] == [1, UNEVEN_BY]
    last = clients.pop()
    last.ask("TYPE I", "200")
    data = last.begin("STOR f")
    for client in clients:
        client.close()
    server.process.send_signal(signal.SIGTERM)
    assert eventually(lambda: "draining" in server.log())
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as late:
        assert late.recv(100).startswith(b"421 ") and late.recv(1) == b""
    data.sendall(b"content")
    data.close()
    last.expect("226")
    last.expect("421")
    last.close()
    assert server.process.wait(PATIENCE) == 0
    assert server.read("f") == b"content"
