# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, and readers of the log that have stopped: what the server writes about itself
stops nobody, and says what is missing once there is room again. (A full disk below a user's root:
test_uploads.py.)"""

import fcntl
import json
import os
import re
import subprocess

import pytest

from harness import Server, eventually

F_SETPIPE_SZ = 1031
PAGE = 4096


class Disk:
    """A small tmpfs."""

    def __init__(self, directory):
        self.path = str(directory)
        self.filler = os.path.join(self.path, "filler")

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", self.path], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.path], check=True)

    def fill(self):
        with pytest.raises(OSError), open(self.filler, "ab", buffering=0) as f:
            while True:
                f.write(b"x" * 512)

    def make_room(self):
        os.unlink(self.filler)


@pytest.fixture(name="disk")
def disk_fixture(tmp_path):
    with Disk(tmp_path / "disk") as disk:
        yield disk


def work(server, number):
    """A login, a transfer each way, and something that is logged at least at debug."""
    with server.login() as c:
        c.ask("TYPE I", "200")
        c.store(f"STOR f{number}", b"x" * 1000)
        assert c.fetch(f"RETR f{number}") == b"x" * 1000
        c.ask("QUIT", "221")


def told_lost(log):
    return sum(int(lines) for lines in re.findall(r"log-lines-lost lines=(\d+)", log))


# ---- Standard error ------------------------------------------------------------------------


def test_a_reader_of_the_log_that_stopped_holds_nobody_up_and_hears_of_the_gap(tmp_path):
    """A pipe of one page, and many times as much to say, from loops and workers alike."""
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.fcntl(reader, F_SETPIPE_SZ, PAGE)
        with Server("--log-level", "debug", "--login-delay", "0", "--ban-after", "0") as server:
            server.stop()
            server.prefix = ["sh", "-c", 'exec "$@" 2>"$0"', pipe]
            server.start()
            for i in range(30):
                work(server, i)
                with server.client() as c:
                    c.expect("220")
                    c.ask(f"USER {'long' * 20}", "331")
                    c.ask("PASS wrong", "530")
            before = os.read(reader, 1 << 20).decode()
            work(server, 31)
            after = read_until(reader, "log-lines-lost")
            assert "debug session-begin" in before
            assert told_lost(after) > 0
            assert server.stop() == 0
    finally:
        os.close(reader)


def read_until(descriptor, word):
    content = b""

    def has_come():
        nonlocal content
        try:
            content += os.read(descriptor, 1 << 20)
        except BlockingIOError:
            pass
        return word.encode() in content

    eventually(has_come)
    return content.decode()


def test_a_log_on_a_full_disk_stops_nobody_and_the_gap_is_told(disk):
    log = os.path.join(disk.path, "log")
    with Server("--log-level", "debug") as server:
        server.stop()
        server.log_path = log
        server.start()
        work(server, 0)
        disk.fill()
        for i in range(100):
            work(server, i)
        assert told_lost(server.log()) == 0
        disk.make_room()
        work(server, 1)
        assert eventually(lambda: told_lost(server.log()) >= 100)
        for line in server.log().split("\n")[:-1]:
            is_whole = re.match(r"(debug|info|warning|error) [a-z-]+ \w+=", line)
            assert is_whole or line == torn_line(server.log()), line


def torn_line(log):
    """The one that the full disk cut, which the telling of the gap ended."""
    lines = log.split("\n")
    return lines[next(i for i, line in enumerate(lines) if "log-lines-lost" in line) - 1]


# ---- All logs at once ------------------------------------------------------------------------


def test_with_every_log_on_the_full_disk_work_goes_on(disk):
    audit, xferlog = (os.path.join(disk.path, name) for name in ("audit", "xferlog"))
    with Server("--audit", audit, "--xferlog", xferlog) as server:
        server.stop()
        server.log_path = os.path.join(disk.path, "log")
        server.start()
        disk.fill()
        for i in range(60):
            work(server, i)
        disk.make_room()
        for i in range(2):
            work(server, i)
        assert eventually(lambda: "audit-lost" in content_of(audit))
        assert server.stop() == 0
        events = [json.loads(line) for line in content_of(audit).split("\n")
                  if line.startswith("{") and line.endswith("}")]
        lost, = [e["lines"] for e in events if e["action"] == "audit-lost"]
        assert lost + len(events) - 1 == 62 * 4  # login, store, retrieve, logout
        assert content_of(xferlog).count("\n") >= 4
        assert "audit-lines-lost" in server.log()


def content_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


# ---- What the server keeps --------------------------------------------------------------------


def test_a_full_state_directory_is_said_in_replies_and_uploads_stay_whole(disk):
    """Of the journal, which says what a crash would leave."""
    with Server(state=disk.path) as server:
        server.write("old", b"old")
        with server.login() as c:
            c.ask("TYPE I", "200")
            disk.fill()
            for command in ("STOR new", "STOR old", "APPE old", "STOU"):
                data = c.passive()
                c.send(command)
                reply = c.reply()
                if reply.code == "150":
                    data.sendall(b"content")
                    data.close()
                    reply = c.reply()
                data.close()
                assert reply.code in ("226", "451", "452", "552"), reply
            assert set(server.read("old")) <= set(b"oldcontent")
            assert c.fetch("RETR old") == server.read("old")
            disk.make_room()
            c.store("STOR new", b"content")
        assert server.read("new") == b"content"
        server.kill()
        server.start()
        assert server.read("new") == b"content"
        assert not [name for name in os.listdir(server.root) if name.startswith(".")]


def test_a_full_database_keeps_nobody_out(disk):
    """What was counted or changed is lost, or refused; logins, bans and transfers are not."""
    server = Server("--login-delay", "0", "--ban-after", "2", database=True, users=())
    server.database = os.path.join(disk.path, "accounts.db")
    with server:
        server.add_user("anna", "--quota-bytes", "1000000")
        with server.login("anna", "secret-7-words") as c:
            c.ask("TYPE I", "200")
            c.store("STOR before", b"1")
        disk.fill()
        for i in range(3):
            with server.login("anna", "secret-7-words") as c:
                c.ask("TYPE I", "200")
                c.store(f"STOR while{i}", b"x" * 1000)
                assert c.fetch(f"RETR while{i}") == b"x" * 1000
                c.ask("SITE PSWD secret-7-words other-8-words", "451", "450", "452", "550")
        for _ in range(2):
            with server.client(source="127.0.0.2") as c:
                c.expect("220")
                c.ask("USER anna", "331")
                c.ask("PASS wrong", "530", "421")
        with server.client(source="127.0.0.2") as c:
            c.expect("421")  # banned, although it cannot be kept
        assert server.ctl("user", "add", "bert", "--root", "/tmp", "--password-stdin",
                          password="secret-7-words", status=1)
        disk.make_room()
        server.add_user("bert")
        with server.login("anna", "secret-7-words") as c:
            c.ask("SITE PSWD secret-7-words other-8-words", "200")
            assert "3001" in c.ask("SITE QUOTA", "200", "211").text.replace(",", "")
