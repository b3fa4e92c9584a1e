# SPDX-License-Identifier: Apache-2.0
"""What others' vulnerabilities teach about files: quotas, listings, paths, modes and names.

docs/lessons.md has all of them, with what holds here and the tests that are elsewhere.
"""

import itertools
import os
import re
import stat
import subprocess
import threading
import zlib

import pytest

from attempts import AT_ONCE, NAMING, inside, send, transfer
from harness import Server, read_all


@pytest.fixture
def outside(tree):
    """A directory beside the root that nobody has any business in, and its photograph."""
    path = os.path.join(tree.base, "outside")
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "secret"), "w", encoding="ascii") as f:
        f.write("the secret")

    def photograph():
        return {name: open(os.path.join(path, name), "rb").read() for name in os.listdir(path)}

    before = photograph()
    yield path
    assert photograph() == before


# ---- Quotas ------------------------------------------------------------------------------

def bomb(size):
    return zlib.compress(b"\0" * size, 9)


def test_cve_2021_40524_no_way_around_a_quota():
    """Each way to make more of a file than was sent, or than was told: none passes the limit."""
    limit = 10_000
    with Server(database=True) as server:
        root = server.add_user("alice", "--quota-bytes", str(limit), "--quota-files", "5")

        def used():
            files = [os.path.join(folder, name) for folder, _,
                     names in os.walk(root) for name in names]
            return sum(os.lstat(file).st_size for file in files)

        with inside(server, "alice") as c:
            send(c, "STOR half", b"x" * 6000)
            assert used() == 6000
            for command in ("SITE COPY half copy", "COMB copy half half", "SITE CPFR half"):
                c.ask(command)
            c.ask("SITE CPTO copy")
            assert used() == 6000
            for place in (6000, 6001, 2**31, 2**63 - 1):
                c.ask(f"REST {place}", "350")
                send(c, "STOR half", b"x" * 5000)
                assert used() <= limit
                c.ask(f"ALLO {2**63 - 1}", "452", "552")
                send(c, "APPE half", b"x" * 5000)
                assert used() <= limit
            c.ask("MODE Z", "200")
            assert send(c, "STOR bomb", bomb(50_000_000)) == "552"
            assert send(c, "APPE half", bomb(50_000_000)) == "552"
            assert used() <= limit
            c.ask("MODE C", "200")
            assert send(c, "STOR filler", b"\xff" * 500 + b"\x40\0\0") in ("552", "451")
            assert used() <= limit
            c.ask("MODE S", "200")
            c.ask("STRU P", "200")
            far = bytes([4, 200, 255, 1]) + b"x" * 255 + bytes([4, 0, 0, 0])
            send(c, "STOR pages", far)
            assert used() <= limit
            c.ask("STRU F", "200")
            for number in range(9):
                send(c, "STOU", b"")
            assert len(os.listdir(root)) <= 6  # and .ferry
            assert used() <= limit


def test_cve_2026_28318_a_bomb_is_stopped_where_its_file_would_end():
    """Serv-U fell over a body that inflates: what counts is what comes out, while it comes out."""
    with Server(*AT_ONCE, database=True) as server:
        root = server.add_user("alice", "--max-file-size", "1M")
        with inside(server, "alice") as c:
            c.ask("MODE Z", "200")
            for attack in (bomb(30_000_000), bomb(1 << 20) + b"x", bomb((1 << 20) + 1)):
                assert send(c, "STOR f", attack) in ("552", "451", "426")
                assert [name for name in os.listdir(root) if name != ".ferry"] == []
            assert send(c, "STOR f", bomb(1 << 20)) == "226"
            assert os.path.getsize(f"{root}/f") == 1 << 20


def test_a_stream_of_empty_blocks_is_an_empty_file(c, tree):
    """Millions of blocks that hold nothing: work that grows with what was sent, and no more."""
    empty_block = b"\0\0\0\xff\xff"
    c.ask("MODE Z", "200")
    assert send(c, "STOR f",
                b"\x78\x9c" + empty_block * 1_000_000 + b"\1\0\0\xff\xff" + b"\0\0\0\1") == "226"
    assert tree.read("f") == b""


# ---- Listings and patterns -------------------------------------------------------------------

def make_deep(path, depth, name="d"):
    """Directories in each other, deeper than a path may be long."""
    descriptor = os.open(path, os.O_DIRECTORY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_DIRECTORY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)


@pytest.fixture(scope="module")
def deep():
    with Server() as server:
        make_deep(server.root, 1000)
        make_deep(server.root, 20, "n" * 255)  # longer than a path may be
        yield server


@pytest.mark.parametrize("command", ["NLST -R", "STAT -R", "LIST */*/*", "MLSD d", "SITE COPY d e",
                                     "AVBL d", "RMD d",
                                     "DELE d", "HASH d", "RNFR d", "RMDA " + "n" * 255])
def test_cve_2019_20176_a_deep_tree_exhausts_no_stack(deep, command):
    """Pure-FTPd's listing called itself for each level, ProFTPD's MLSD built paths on the stack."""
    with deep.login() as c:
        if command.split()[0] in ("NLST", "LIST", "MLSD"):
            assert transfer(c, command)[1] in ("226", "451")
        else:
            c.ask(command)
        c.ask("NOOP", "200")


@pytest.mark.parametrize("depth", [16, 40])
def test_cve_2019_20176_a_deep_tree_keeps_nobody_out_who_has_a_quota(depth):
    """Whoever may make directories could else make them until all who share them are refused."""
    with Server(database=True) as server:
        root = server.add_user("alice", "--quota-bytes", "1000")
        make_deep(root, depth, "n" * 255)
        with open(f"{root}/f", "wb") as f:
            f.write(b"x" * 900)
        with inside(server, "alice") as c:
            assert send(c, "STOR g", b"x" * 101) == "552"
            assert send(c, "STOR g", b"x" * 100) == "226"
        assert "ledger-directory-too-deep" in server.log()


BOMBS = ["*" * 250, "*a" * 100 + "b", "*/" * 300, "*?" * 120, "[" * 250, "[a-z]" * 50, "[!" * 100,
         "[a-" * 80 + "]" * 80,
         "{a,b}" * 50, "{" * 250, "{a," * 80 + "}" * 80, "\\" * 120, "**/**/**/**/**/*",
         "../" * 300 + "*", "*/../" * 40 + "*",
         "?" * 255, "[[:alpha:]]" * 20, "[]" * 100, "*[a-z" * 40, "(a*)*" * 40, "%s*" * 50]


@pytest.fixture(scope="module")
def crowd():
    """Many names on which patterns can fail late."""
    with Server() as server:
        for number in range(3000):
            server.write("a" * 240 + str(number))
        os.mkdir(server.path("small"))
        server.write("small/f")
        yield server


@pytest.mark.parametrize("pattern", BOMBS, ids=lambda pattern: pattern[:12])
def test_cve_2001_0249_a_glob_bomb_is_bounded(crowd, pattern):
    """wu-ftpd and others: a pattern that costs more than the names it is held against."""
    with crowd.login() as c, crowd.login() as other:
        data = c.passive()
        c.send(f"NLST {pattern}")
        assert other.fetch("NLST small/*") == b"small/f\r\n"
        if c.reply().code == "150":
            read_all(data)
            c.expect("226", "451")
        data.close()
        c.ask(f"STAT {pattern}", "212", "213", "450", "451", "501")
        c.ask("NOOP", "200")


def test_cve_2001_0249_a_pattern_that_multiplies_is_ended(release):
    """Ten directories, and up again, sixty times: told to be too much, and in nobody's way."""
    with Server(binary=release) as server:
        for number in range(10):
            os.mkdir(server.path(f"d{number}"))
        with server.login() as c, server.login() as other:
            data = c.passive()
            c.send("NLST " + "*/../" * 60 + "none")
            assert other.fetch("NLST d0") == b""
            c.expect("451")
            data.close()


# ---- Names that are paths --------------------------------------------------------------------

SPELLINGS = ["../outside/secret", "/../outside/secret", "d/../../outside/secret",
             "./.././../outside/secret", "../" * 600 + "outside/secret",
             "..\\outside\\secret", "%2e%2e/outside/secret", "\xc0\xae\xc0\xae/outside/secret",
             "....//outside/secret", "..;/outside/secret",
             "d/..//..//outside//secret", "/..\0/outside/secret", ".. /outside/secret",
             "~/../outside/secret", "~root", "file:///etc/passwd", "|id", "//etc/passwd",
             "/proc/self/root/etc/passwd", "/dev/fd/0", "C:/outside", "\\\\host\\share",
             "-la /../outside", "-R ../outside", "../outside/*", "*/../../outside/*",
             "d/../../outside"]


@pytest.mark.parametrize("path", SPELLINGS)
def test_cve_2026_30914_no_spelling_leads_out_of_the_root(c, tree, outside, path):
    """CrushFTP, Serv-U, SFTPGo: a path was checked in one reading, and used in another."""
    encoded = path.encode("latin-1")
    tree.write("d/x", b"inner")
    for command in NAMING:
        before, after = command.encode().split(b"{}")
        line = before + encoded + after
        data = c.passive()
        c.send(line)
        reply = c.reply()
        said = reply.text.encode("utf-8", "surrogateescape")
        if reply.code in ("125", "150"):
            if command.split()[0] in ("STOR", "APPE"):
                data.sendall(b"overwritten")
            else:
                said = read_all(data)
            data.close()
            c.expect("226", "450", "451")
        data.close()
        assert b"the secret" not in said and b"root:" not in said, line
        assert b"secret\r\n" not in said.replace(encoded, b""), line
        c.ask("CWD /", "250")
    assert not os.path.islink(os.path.join(outside, "secret"))


@pytest.mark.parametrize("command", ["RETR link/secret", "STOR link/f", "APPE link/secret",
                                     "DELE link/secret", "MKD link/new",
                                     "SITE CHMOD 777 link/secret",
                                     "SITE COPY f link/copy", "SITE COPY link/secret mine",
                                     "COMB mine link/secret", "RMDA link", "LIST link/",
                                     "MLSD link", "NLST -R link/",
                                     "SITE UTIME 20200101000000 link/secret"])
def test_cve_2017_7418_a_link_that_changes_is_never_followed_out(tree, outside, command):
    """ProFTPD looked at the last part only, others before they open: the kernel does both at once."""
    os.mkdir(tree.path("inside"))
    tree.write("f", b"content")
    tree.write("inside/secret", b"mine")
    done = threading.Event()

    def swap():
        for target in itertools.cycle(("inside", "../outside", "inside", outside, "inside",
                                       "/outside")):
            os.symlink(target, tree.path("next"))
            os.rename(tree.path("next"), tree.path("link"))
            if done.is_set():
                return

    def facts():
        info = os.stat(os.path.join(outside, "secret"))
        return info.st_mode, info.st_mtime_ns

    before = facts()
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        with tree.login() as c:
            c.ask("TYPE I", "200")
            for _ in range(60):
                if command.split()[0] in ("STOR", "APPE"):
                    send(c, command, b"from the client")
                elif command.split()[0] in ("RETR", "LIST", "MLSD", "NLST"):
                    assert b"the secret" not in transfer(c, command)[0]
                else:
                    c.ask(command)
    finally:
        done.set()
        thread.join()
    if "mine" in tree.names():
        assert b"the secret" not in tree.read("mine")
    assert facts() == before


@pytest.mark.parametrize("path", ["/private/x", "private/x", "./private/x", "//private//x",
                                  "pub/../private/x", "/pub/./../private/x", "link/x",
                                  "pub/up/private/x",
                                  "private\0/../private/x", "private/./x", "private/../private/x"])
def test_cve_2015_1419_no_spelling_goes_around_a_rule(path):
    """vsftpd's deny_file held for a spelling of a name: rules here are for where a path leads."""
    with Server(*AT_ONCE, database=True) as server:
        root = server.add_user("alice", "--rule", "deny read,hash,delete /private/**")
        for directory in ("pub", "private", "private-not"):
            os.mkdir(f"{root}/{directory}")
            with open(f"{root}/{directory}/x", "w", encoding="ascii") as f:
                f.write(f"content of {directory}")
        os.symlink("private", f"{root}/link")
        os.symlink("..", f"{root}/pub/up")
        with inside(server, "alice") as c:
            for command in ("RETR {}", "HASH {}", "SITE COPY {} pub/copy", "COMB pub/all {}",
                            "DELE {}", "SITE CPFR {}"):
                content, code = transfer(c, command.format(path))
                assert content == b"" and code[0] == "5", command
            assert transfer(c, "RETR private-not/x")[0] == b"content of private-not"
            assert c.ask("CWD private").code in ("250", "550")
            assert transfer(c, "RETR x" if c.code == "250" else "RETR private/x")[1] == "550"
        assert sorted(os.listdir(f"{root}/pub")) == ["up", "x"]


def test_cve_2026_49244_a_neighbour_whose_name_begins_alike_is_another(c, tree):
    """SFTPGo compared the beginnings of paths without the separator."""
    neighbour = tree.root + "-of-another"
    os.makedirs(neighbour, exist_ok=True)
    with open(f"{neighbour}/secret", "w", encoding="ascii") as f:
        f.write("the secret")
    os.symlink(f"../{os.path.basename(neighbour)}", tree.path("near"))
    for path in (f"../{os.path.basename(neighbour)}/secret", f"{neighbour}/secret", "near/secret"):
        assert transfer(c, f"RETR {path}") == (b"", "550")


# ---- Modes of files --------------------------------------------------------------------------

def test_no_verb_gives_or_keeps_a_set_id_bit(c, tree):
    """Whoever may write a file is not whoever it runs as."""
    for command in ("SITE CHMOD 4755 f", "SITE CHMOD 2755 f", "SITE CHMOD 1777 f",
                    "SITE CHMOD 07777 f", "SITE CHMOD +s f", "SITE CHMOD -1 f",
                    "SITE CHMOD 0o4755 f",
                    "MFF UNIX.mode=4755; f", "MFF UNIX.mode=7777; f", "MFF UNIX.mode=-1; f",
                    "MFF UNIX.owner=0; f", "MFF UNIX.group=0; f", "SITE UMASK 7000",
                    "SITE UMASK -1",
                    "SITE CHGRP 0 f", "SITE CHOWN root f"):
        tree.write("f", b"content")
        assert c.ask(command).code[0] == "5", command
        assert stat.S_IMODE(os.stat(tree.path("f")).st_mode) & 0o7000 == 0, command


@pytest.mark.parametrize("manner", ["atomic", "direct"])
def test_a_file_that_is_written_to_loses_its_set_id_bits(manner):
    """As the system takes them when a user writes: what was sent is not to run as another."""
    with Server("--uploads", manner) as server, server.login() as c:
        c.ask("TYPE I", "200")
        for attempt in ("STOR f", "APPE f", "REST 3", "COMB f g", "SITE COPY g f",
                        "SITE COPY f copy", "RNTO f"):
            server.empty()
            server.write("f", b"#!/bin/sh")
            server.write("g", b"evil")
            os.chmod(server.path("f"), 0o6755)
            if attempt == "REST 3":
                c.ask("REST 3", "350")
                assert send(c, "STOR f", b"evil") == "226"
            elif attempt.split()[0] in ("STOR", "APPE"):
                assert send(c, attempt, b"evil") == "226"
            elif attempt == "RNTO f":
                c.ask("RNFR g", "350")
                c.ask("RNTO f", "250")
            else:
                assert c.ask(attempt).code in ("250", "550")
            for name in server.names():
                if server.read(name) != b"#!/bin/sh" or name == "copy":
                    mode = stat.S_IMODE(os.stat(server.path(name)).st_mode)
                    assert mode & 0o6000 == 0, (attempt, name)


# ---- What others read ------------------------------------------------------------------------

FORGERIES = ["x\r\n226 Done", "x\n230 User root logged in.", "\n", "a\r\n", "type=dir;size=0; y",
             " ", "; ", "type=file; z\ntype=dir;perm=flcdmpe; forged",
             "x -> etc", "d:\r\ntotal 0", "\x1b[2J\x1b[1;1H", "\x1b]0;title\x07", "a\rb",
             "\x9b31m", "\u202egpj.exe", "-R", "-la", "total 5", "250 End", "\x7f"]


def test_no_name_forges_a_line_of_a_listing_or_a_reply(c, tree):
    """A name with line ends in it is one entry everywhere, and never looks like a reply."""
    os.mkdir(tree.path("d"))
    for name in FORGERIES:
        tree.write("d/" + name)
    names = {name.encode("utf-8").replace(b"\n", b"\0") for name in FORGERIES}
    facts = [line for line in c.fetch("MLSD d").split(b"\r\n") if line]
    assert len(facts) == len(FORGERIES)
    assert {line.split(b"; ", 1)[1] for line in facts if b"type=file" in line.split(b"; ",
                                                                                    1)[0]} == names
    assert len(c.fetch("LIST -A d").strip(b"\r\n").split(b"\r\n")) == len(FORGERIES)
    assert len(c.fetch("NLST -A d").split(b"\r\n")) - 1 == len(FORGERIES)
    listed = c.ask("STAT -A d", "212")
    assert len(listed.lines) == len(FORGERIES) + 2
    for line in (b"MKD ", b"CWD ", b"MLST ", b"HASH ", b"SIZE ", b"RMD "):
        for name in sorted(names):
            # The harness holds each reply to RFC 959 4.2: no line of it can be taken for another.
            c.send(line + b"/d/" + name.replace(b"\r", b"\r\0"))
            c.reply()
            c.ask("PWD", "257")
    c.ask("NOOP", "200")


def test_cve_2026_44331_no_name_is_looked_up_for_an_address(release):
    """ProFTPD's mod_wrap2: whoever owns an address says what its name is. Nothing here asks."""
    imported = subprocess.run(["nm", "-D", "--undefined-only", release], capture_output=True,
                              text=True, check=True).stdout
    assert "getaddrinfo" in imported  # for --passive-address: the list is not an empty one
    assert not re.search(r"getnameinfo|gethostbyaddr|\bsystem@|popen", imported)
