# SPDX-License-Identifier: Apache-2.0
"""What a loop answers from memory, without a worker (test_at_once.py): names, rights, limits, lines of
the audit and replies are what they are for everything else.
"""

import collections
import contextlib
import json
import os
import select
import ssl
import time

import pytest

from harness import PATIENCE, Server, read_all
from in_clear import TICK, break_off, inside

PASSWORD = "secret-7-words"


@pytest.fixture(name="c")
def c_fixture(server):
    with inside(server) as c:
        yield c


# ---- Names ------------------------------------------------------------------------------------

NAMES = {  # and what is there: a file, a directory, nothing
    "d/f": "file", "link": "file", "up": "file", "absolute": "file", "to-d/f": "file",
    "d/../d/f": "file", "../../d/f": "file", "d": "directory", "to-d": "directory",
    "/": "directory", "dangling": None, "loop": None, "out": None, "proc": None, "hidden": None,
    "d/.ferry-upload-0123456789abcdef": None, "none": None, "d/f/g": None, "x" * 300: None,
}


def test_the_answer_is_the_same_at_the_first_look_and_from_memory(server, c):
    server.write("d/f", b"12345")
    server.write("d/.ferry-upload-0123456789abcdef", b"ours")
    for name, target in {"link": "d/f", "up": "../d/f", "absolute": "/d/f", "to-d": "d",
                         "dangling": "none", "loop": "loop", "out": "../../../../etc/passwd",
                         "proc": "/proc/self/root/etc/passwd",
                         "hidden": "d/.ferry-upload-0123456789abcdef"}.items():
        os.symlink(target, server.path(name))
    for _ in range(3):
        for name, kind in NAMES.items():
            c.ask("CWD /", "250")
            c.ask(f"SIZE {name}", "213" if kind == "file" else "550")
            c.ask(f"MDTM {name}", "213" if kind else "550")
            if kind == "file":
                assert c.fetch(f"RETR {name}") == b"12345"
            else:
                c.refuse(f"RETR {name}", "550")
            c.ask(f"CWD {name}", "250" if kind == "directory" else "550")


def test_a_name_is_what_it_is_now(server, c):
    """Not what it was when somebody looked last."""
    for i in range(20):
        c.ask("SIZE f", "550")
        c.refuse("RETR f", "550")
        server.write("f", b"x" * i)
        assert c.ask("SIZE f", "213").text == f"213 {i}"
        assert c.fetch("RETR f") == b"x" * i
        os.rename(server.path("f"), server.path("g"))
        os.mkdir(server.path("f"))
        c.ask("SIZE f", "550")
        c.ask("CWD f", "250")
        c.ask("CWD /", "250")
        os.rmdir(server.path("f"))


# ---- Rights, limits, and what is written down -----------------------------------------------

def under(*terms, options=()):
    lines = ", ".join(f'"{term}"' for term in terms)
    return Server("--anonymous", *options, users=(), config=f"anonymous_terms = {{{lines}}}\n")


def anybody(server):
    return inside(server, "ftp", "a@example.org")


def test_who_may_only_make_files_makes_them_where_nobody_has_looked_yet():
    with under("rule=allow write /**", "rule=deny all /**") as server:
        server.write("there", b"there")
        for name in ("d", "e", "f"):
            os.mkdir(server.path(name))
        with anybody(server) as c:
            for i in range(5):
                c.store(f"STOR new{i}", b"new")
                assert server.read(f"new{i}") == b"new"
            for _ in range(2):
                c.refuse("STOR there", "550", "553")
                c.refuse("STOR new0", "550", "553")
                for name in ("d", "e", "f"):
                    c.ask(f"CWD /{name}", "250")
                c.ask("CWD /", "250")
        assert server.read("there") == b"there"


def test_rules_by_path_hold_wherever_a_link_leads():
    with under("rule=deny all /closed/**", "rule=deny overwrite /kept/**",
               "rule=allow all /**") as server:
        server.write("closed/f", b"secret")
        server.write("kept/f", b"kept")
        server.write("open/f", b"open")
        os.symlink("../closed/f", server.path("open", "link"))
        os.symlink("../closed", server.path("open", "directory"))
        os.symlink("../kept/f", server.path("open", "kept"))
        with anybody(server) as c:
            for _ in range(3):
                for name in ("closed/f", "open/link", "open/directory/f"):
                    c.refuse(f"RETR {name}", "550")
                    c.refuse(f"STOR {name}", "550", "553")
                    c.ask(f"SIZE {name}", "550")
                c.ask("CWD open/directory/f", "550")
                c.refuse("STOR open/kept", "550", "553")
                assert c.fetch("RETR open/kept") == b"kept"
                assert c.fetch("RETR open/f") == b"open"
        assert server.read("closed/f") == b"secret" and server.read("kept/f") == b"kept"


def work_of_each_kind(c, number):
    c.store(f"STOR new{number}", b"12345")
    c.store("STOR old", b"12")
    c.fetch("RETR old")
    c.refuse("RETR closed/f", "550")
    c.refuse("STOR closed/f", "550", "553")
    c.refuse(f"RETR none{number}", "550")
    c.refuse("RETR none", "550")
    c.ask("SIZE none", "550")
    c.ask("SIZE closed/f", "550")
    c.ask("CWD closed/f", "550")
    data = c.begin("STOR old")
    data.sendall(b"1")
    break_off(data)
    c.expect("426")


def test_each_operation_is_one_line_of_the_audit_and_of_the_xferlog(tmp_path):
    audit, xferlog = tmp_path / "audit", tmp_path / "xferlog"
    with under("rule=deny all /closed/**", "rule=allow all /**",
               options=("--audit", str(audit), "--xferlog", str(xferlog))) as server:
        server.write("old", b"old")
        server.write("closed/f", b"x")
        with anybody(server) as c:
            for number in range(3):
                work_of_each_kind(c, number)
            c.ask("QUIT", "221")
        server.stop()
    events = [json.loads(line) for line in audit.read_text(encoding="utf-8").splitlines()]
    assert collections.Counter((e["action"], e["result"], e["path"], e.get("bytes"))
                               for e in events if "path" in e) == {
        ("write", "OK", "/new0", 5): 1, ("write", "OK", "/new1", 5): 1,
        ("write", "OK", "/new2", 5): 1, ("overwrite", "OK", "/old", 2): 3,
        ("read", "OK", "/old", 2): 3, ("read", "DENIED", "/closed/f", None): 3,
        ("overwrite", "DENIED", "/closed/f", None): 3,
        ("read", "NOT_FOUND", "/none0", None): 1, ("read", "NOT_FOUND", "/none1", None): 1,
        ("read", "NOT_FOUND", "/none2", None): 1, ("read", "NOT_FOUND", "/none", None): 3,
        ("list", "DENIED", "/closed/f", None): 6,
        ("overwrite", "CONNECTION_LOST", "/old", 1): 3,
    }
    words = collections.Counter(line.split()[8] + " " + line.split()[-1]
                                for line in xferlog.read_text(encoding="utf-8").splitlines())
    assert words["/old c"] == 6 and words["/old i"] == 3
    assert words["/new0 c"] == words["/new1 c"] == words["/new2 c"] == 1


def quota_of(c):
    return [line.decode().strip() for line in c.ask("SITE QUOTA", "200").lines[2:-1]]


def test_what_replaces_a_file_counts_for_quotas():
    with Server(database=True) as server:
        root = server.add_user("alice", "--quota-bytes", "10000")
        with inside(server, "alice", PASSWORD) as c:
            for size in (100, 6000, 10, 10_000, 10_000, 0, 9_999):
                c.store("STOR f", b"x" * size)
                assert quota_of(c) == [f"{size} of 10000 bytes", "1 files, without a limit"]
            for _ in range(3):
                c.store("STOR f", b"x" * 10_001, codes=("552",))
                data = c.begin("STOR f")
                data.sendall(b"x" * 5000)
                break_off(data)
                c.expect("426")
            assert quota_of(c) == ["9999 of 10000 bytes", "1 files, without a limit"]
            c.store("STOR g", b"x")
            c.store("STOR h", b"x", codes=("552",))
        assert sorted(os.listdir(root)) == ["f", "g"]


def test_small_downloads_count_for_the_ratio():
    with Server(database=True) as server:
        root = server.add_user("alice", "--ratio", "1:2")
        with open(os.path.join(root, "f"), "wb") as f:
            f.write(b"x" * 100)
        with inside(server, "alice", PASSWORD) as c:
            c.refuse("RETR f", "550")
            c.store("STOR up", b"x" * 150)
            for _ in range(3):
                c.fetch("RETR f")
            c.refuse("RETR f", "550")
            c.store("STOR up", b"x" * 50)
            c.fetch("RETR f")
            c.refuse("RETR f", "550")


@pytest.mark.parametrize("option", ["--download-rate", "--upload-rate"])
def test_many_small_files_keep_to_the_rate(option):
    rate, size, count = 20_000, 1000, 30
    with Server(option, str(rate)) as server, inside(server) as c:
        server.write("f", b"x" * size)
        start = time.monotonic()
        for _ in range(count):
            if option == "--download-rate":
                c.fetch("RETR f")
            else:
                c.store("STOR f", b"x" * size)
        assert count * size <= rate * (time.monotonic() - start) + rate / 4


@pytest.mark.parametrize("option", ["--max-transfers-per-ip", "--max-transfers"])
def test_an_upload_that_is_gathered_is_a_transfer(option):
    with Server(option, "1") as server, inside(server) as a, inside(server) as b:
        server.write("f", b"old")
        for _ in range(3):
            data = a.begin("STOR f")
            data.sendall(b"x")
            if option == "--max-transfers-per-ip":
                b.refuse("RETR f", "425")
            time.sleep(1.5 * TICK)
            data.close()
            a.expect("226")
            assert b.fetch("RETR f") == b"x"
            b.store("STOR f", b"y")


def test_virtual_folders_and_their_rights_hold():
    with Server(database=True) as server:
        shared = os.path.join(server.base, "shared")
        os.mkdir(shared)
        server.ctl("folder", "add", "shared", "--path", shared, "--read-only")
        root = server.add_user("alice", "--folder", "shared:/pub")
        for place in (root, shared):
            with open(os.path.join(place, "f"), "wb") as f:
                f.write(place.encode())
        with inside(server, "alice", PASSWORD) as c:
            for _ in range(3):
                assert c.fetch("RETR f") == root.encode()
                assert c.fetch("RETR pub/f") == shared.encode()
                c.refuse("STOR pub/f", "550", "553")
                c.ask("CWD pub", "250")
                assert c.fetch("RETR f") == shared.encode()
                c.ask("CWD /", "250")
            c.store("STOR f", b"mine")
        with open(os.path.join(shared, "f"), "rb") as f:
            assert f.read() == shared.encode()


# ---- Replies --------------------------------------------------------------------------------

def test_replies_to_what_came_together_keep_their_order(server, c):
    server.write("f", b"content")
    server.write("g", b"other")
    for name, content in (("f", b"content"), ("g", b"other")):
        data = c.passive("EPSV")
        c.send(f"NOOP\r\nSIZE {name}\r\nRETR {name}\r\nPWD\r\nSIZE none\r\nNOOP")
        for code in ("200", "213", "150", "226", "257", "550", "200"):
            c.expect(code)
        assert read_all(data) == content
        data.close()


def pour(c, lines):
    """Says them as fast as they are taken, and keeps what is answered: by one thread, as a TLS
    socket of Python's is not for two at once."""
    rest = memoryview("".join(f"{line}\r\n" for line in lines).encode())
    c.socket.settimeout(0)
    while rest:
        select.select([c.socket], [c.socket], [], PATIENCE)
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            rest = rest[c.socket.send(rest[:1 << 14]):]
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            c.buffer += c.socket.recv(1 << 20)
    c.socket.settimeout(PATIENCE)


def test_ten_thousand_commands_in_one_go_are_answered_one_by_one(server, c):
    server.write("f", b"12345")
    os.mkdir(server.path("d"))
    dialogue = {"NOOP": "200", "SIZE f": "213", "CWD d": "250", "SIZE ../d/f": "550",
                "CWD /": "250", "MDTM none": "550", "PWD": "257", "RETR none": "550"}
    rounds = 1250
    pour(c, [*dialogue] * rounds)
    for _ in range(rounds):
        for code in dialogue.values():
            c.expect(code)
    c.ask("NOOP", "200")


def replies_so_far(c):
    """How many lines there are to be read by now."""
    c.socket.settimeout(0)
    try:
        while piece := c.socket.recv(1 << 20):
            c.buffer += piece
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
    c.socket.settimeout(PATIENCE)
    return c.buffer.count(b"\n")


def watched(server):
    """How many descriptors each loop watches, by its own."""
    counts = {}
    for fd in os.listdir(f"/proc/{server.process.pid}/fd"):
        try:
            if "eventpoll" in os.readlink(f"/proc/{server.process.pid}/fd/{fd}"):
                with open(f"/proc/{server.process.pid}/fdinfo/{fd}", encoding="ascii") as f:
                    counts[fd] = f.read().count("tfd:")
        except OSError:
            continue
    return counts


def of_each_loop(server):
    """Sessions, at least one of each loop."""
    before = watched(server)
    sessions = []
    while any(watched(server)[fd] <= count for fd, count in before.items()):
        sessions.append(inside(server))
        assert len(sessions) < 500
    return sessions


def test_commands_of_one_do_not_keep_another_waiting(server):
    """Names that take most of a millisecond each to follow, thousands of them behind an upload: when
    that ends others have their turn before all are answered."""
    count = 5000
    way = "/".join(["d", ".."] * 800)
    os.mkdir(server.path("d"))
    server.write("f", b"x")
    os.symlink(way + "/f", server.path("l0"))
    for i in range(1, 38):
        os.symlink(f"{way}/l{i - 1}", server.path(f"l{i}"))
    others = of_each_loop(server)
    with inside(server) as c:
        c.ask("SIZE l37", "213")  # the first look notes when it was
        data = c.begin("STOR up")
        c.send("\r\n".join(["SIZE l37"] * count))
        time.sleep(TICK)
        data.close()
        c.expect("226")
        for other in others:
            other.send("SIZE f")
        for other in others:
            other.expect("213")
        assert replies_so_far(c) < count / 5
        for _ in range(count):
            c.expect("213")
    for other in others:
        other.close()
