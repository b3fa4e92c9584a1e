# SPDX-License-Identifier: Apache-2.0
"""One loop for each core: which of them a client gets is not for chance alone to say."""

import os
import re
import threading

import pytest

UNEVEN_BY = 12  # as the server is made

several_loops = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core: one loop")


def watched_by_each(server):
    """How many descriptors each epoll has: the loop's own, its listeners and its sessions."""
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
    after = watched_by_each(server)
    assert sum(after) - sum(before) == 60
    assert max(after) - min(after) <= UNEVEN_BY
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
