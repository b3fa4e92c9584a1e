# SPDX-License-Identifier: Apache-2.0
"""Files, directories, attributes and digests (RFC 959 4.1.3, RFC 3659, the ftpext drafts)."""

import hashlib
import os
import stat
import time
import zlib

import pytest

from harness import Server


def test_directories(shared):
    shared.empty()
    with shared.login() as c:
        assert c.ask("MKD a", "257").text.startswith('257 "/a"')
        assert c.ask("CWD a", "250")
        assert c.ask("MKD b", "257").text.startswith('257 "/a/b"')
        c.ask("CWD b", "250")
        assert c.ask("PWD", "257").text.startswith('257 "/a/b"')
        c.ask("CDUP", "200")
        assert c.ask("PWD", "257").text.startswith('257 "/a"')
        c.ask("CWD ..", "250")
        c.ask("CWD ..", "250")
        c.ask("CDUP", "200")
        assert c.ask("PWD", "257").text.startswith('257 "/"')
        c.ask("RMD a", "550")
        c.ask("RMD a/b", "250")
        c.ask("RMD a", "250")
        assert shared.names() == []


def test_a_working_directory_that_goes_away(shared):
    shared.empty()
    os.mkdir(shared.path("d"))
    with shared.login() as c:
        c.ask("CWD d", "250")
        os.rmdir(shared.path("d"))
        c.refuse("LIST", "450")
        c.ask("PWD", "257")
        c.ask("CDUP", "200")


def test_renaming(shared):
    shared.empty()
    shared.write("a", b"a")
    shared.write("b", b"b")
    shared.write("d/x", b"x")
    with shared.login() as c:
        c.ask("RNFR a", "350")
        c.ask("RNTO d/c", "250")
        c.ask("RNFR d", "350")
        c.ask("RNTO e", "250")
        c.ask("RNFR e/c", "350")
        c.ask("RNTO b", "250")
        assert shared.read("b") == b"a"
        c.ask("RNFR e", "350")
        c.ask("RNTO e/inside", "553")
        c.ask("RNFR b", "350")
        c.ask("RNTO e", "553")
        assert shared.names() == ["b", "e"]


def test_modification_times(shared):
    shared.empty()
    shared.write("f x", b"")
    with shared.login() as c:
        c.ask("MFMT 20200229235959 f x", "213")
        assert os.stat(shared.path("f x")).st_mtime == 1583020799
        assert c.ask("MDTM f x", "213").text == "213 20200229235959"
        assert c.ask("MFMT 20200101000000.5 f x", "213").text == "213 Modify=20200101000000; f x"
        assert os.stat(shared.path("f x")).st_mtime == 1577836800.5
        c.ask("SITE UTIME 20190102030405 f x", "200")
        assert c.ask("MDTM f x", "213").text == "213 20190102030405"
        c.ask("SITE UTIME 201901020304 f x", "200")
        assert c.ask("MDTM f x", "213").text == "213 20190102030400"
        c.ask("SITE UTIME f x 20180101000000 20180102000000 20180103000000 UTC", "200")
        assert c.ask("MDTM f x", "213").text == "213 20180102000000"
        c.ask("MFMT 20200230000000 f x", "501")
        c.ask("MFMT 20240230235960 f x", "501")
        c.ask("MFMT 20200101000000 /", "213")


@pytest.mark.parametrize("command, changed", [
    ("MFMT {} f", "213"), ("MFF modify={};UNIX.mode=600; f", "213"), ("SITE UTIME {} f", "200")])
@pytest.mark.parametrize("year", ["0001", "1900", "2040", "2500", "9999"])
def test_a_time_is_set_as_told_or_it_is_refused_and_nothing_changes(shared, command, changed, year):
    shared.empty()
    shared.write("f", b"")
    os.chmod(shared.path("f"), 0o644)
    os.utime(shared.path("f"), ns=(1, 1577836800_123456789))
    when = f"{year}0203040506"
    with shared.login() as c:
        reply = c.ask(command.format(when), changed, "550")
        told = c.ask("MDTM f", "213").text[4:]
    info = os.stat(shared.path("f"))
    if reply.code == "550":
        assert info.st_mtime_ns == 1577836800_123456789 and stat.S_IMODE(info.st_mode) == 0o644
    else:
        assert told == when


def test_creation_times(shared):
    shared.empty()
    shared.write("f", b"")
    with shared.login() as c:
        assert c.ask("MFCT 20010203040506 f", "213").text == "213 Create=20010203040506; f"
        c.ask("OPTS MLST create;", "200")
        assert b"create=20010203040506;" in c.ask("MLST f", "250").lines[1]
        assert b"create=20010203040506; f\r\n" in c.fetch("MLSD")


def test_facts_are_changed_together_or_not_at_all(shared):
    shared.empty()
    shared.write("f", b"")
    os.chmod(shared.path("f"), 0o644)
    with shared.login() as c:
        c.ask("MFF modify=20010203040506;UNIX.mode=600; f", "213")
        info = os.stat(shared.path("f"))
        assert stat.S_IMODE(info.st_mode) == 0o600 and info.st_mtime == 981173106
        c.ask("MFF UNIX.mode=777;size=5; f", "504")
        c.ask("MFF UNIX.mode=777;modify=x; f", "501")
        assert stat.S_IMODE(os.stat(shared.path("f")).st_mode) == 0o600


def test_modes_and_umask(shared):
    shared.empty()
    with shared.login() as c:
        c.ask("TYPE I", "200")
        c.store("STOR default", b"")
        c.ask("MKD defaultdir", "257")
        assert c.ask("SITE UMASK", "200").text == "200 Current UMASK is 022."
        c.ask("SITE UMASK 077", "200")
        c.store("STOR private", b"")
        c.ask("MKD privatedir", "257")
        modes = {name: stat.S_IMODE(os.stat(shared.path(name)).st_mode) for name in shared.names()}
        assert modes == {"default": 0o644, "defaultdir": 0o755, "private": 0o600, "privatedir": 0o700}
        c.ask("SITE CHMOD 640 private", "200")
        assert stat.S_IMODE(os.stat(shared.path("private")).st_mode) == 0o640
        c.ask("SITE CHMOD 04755 private", "501")


def test_digests(shared):
    shared.empty()
    content = bytes(range(256)) * 5000
    shared.write("a file", content)
    with shared.login() as c:
        digest = hashlib.sha256(content).hexdigest()
        assert c.ask("HASH a file", "213").text == f"213 SHA-256 0-{len(content)} {digest} a file"
        for name, algorithm in (("SHA-1", "sha1"), ("SHA-512", "sha512"), ("MD5", "md5"),
                                ("sha-256", "sha256")):
            assert c.ask(f"OPTS HASH {name}", "200").text == f"200 {name.upper()}"
            assert hashlib.new(algorithm, content).hexdigest() in c.ask("HASH a file", "213").text
        c.ask("OPTS HASH CRC32", "200")
        assert "CRC32*" in c.ask("FEAT", "211").text
        assert f" {zlib.crc32(content):08x} " in c.ask("HASH a file", "213").text
        for verb, algorithm in (("XMD5", "md5"), ("XSHA1", "sha1"), ("XSHA256", "sha256"),
                                ("XSHA512", "sha512")):
            expected = hashlib.new(algorithm, content).hexdigest()
            assert c.ask(f"{verb} a file", "250").text == f"250 {expected}"
            assert c.ask(f'{verb} "a file"', "250").text == f"250 {expected}"
            part = hashlib.new(algorithm, content[100:300]).hexdigest()
            assert c.ask(f'{verb} "a file" 100 300', "250").text == f"250 {part}"
            assert c.ask(f"{verb} a file 100 300", "250").text == f"250 {part}"
            tail = hashlib.new(algorithm, content[100:]).hexdigest()
            assert c.ask(f"{verb} a file 100", "250").text == f"250 {tail}"
        assert c.ask("XCRC a file", "250").text == f"250 {zlib.crc32(content):08x}"
        c.ask("OPTS HASH SHA-256", "200")
        c.ask("RANG 10 19", "350")
        part = hashlib.sha256(content[10:20]).hexdigest()
        assert c.ask("HASH a file", "213").text == f"213 SHA-256 10-19 {part} a file"
        c.ask('XCRC "a file', "501")
        c.ask('XCRC "a file" x', "501")


def test_a_file_named_like_a_range(shared):
    shared.empty()
    shared.write("f 1 2", b"whole")
    with shared.login() as c:
        assert c.ask("XCRC f 1 2", "250").text == f"250 {zlib.crc32(b'whole'):08x}"


def test_copying(shared):
    shared.empty()
    shared.write("a b", b"content")
    with shared.login() as c:
        c.ask('SITE COPY "a b" "c d"', "250")
        c.ask('SITE COPY "a b" plain name', "250")
        c.ask("SITE CPFR a b", "350")
        c.ask("SITE CPTO e f", "250")
        for name in ("c d", "plain name", "e f"):
            assert shared.read(name) == b"content"
        c.ask("SITE CPFR none", "550")
        c.ask("SITE CPTO x", "503")
        os.mkdir(shared.path("d"))
        c.ask("SITE CPFR d", "550")


def test_spaces_at_either_end_of_a_name_are_part_of_it(shared):
    shared.empty()
    for name in ("tr ", " le", " "):
        shared.write(name, b"1")
        os.makedirs(shared.path(f"d{name}"))
        with shared.login() as c:
            for line in (f"MFMT 20200101000000 {name}", f"MFF modify=20200101000000; {name}",
                         f"XMD5 {name}", f"STAT {name}", f"MDTM {name}", f"HASH {name}",
                         f"SITE UTIME 20200101000000 {name}", f"SITE CHMOD 600 {name}"):
                assert c.ask(line).code[0] == "2", line
            c.ask(f"SITE CPFR {name}", "350")
            assert c.fetch(f"LIST {name}").endswith(f" {name}\r\n".encode())
            assert c.fetch(f"LIST d{name}") == b""


def test_combining(shared):
    shared.empty()
    for i in range(3):
        shared.write(f"part {i}", b"%d" % i * 1000)
    with shared.login() as c:
        c.ask('COMB whole "part 0" "part 1" "part 2"', "250")
        assert shared.read("whole") == b"0" * 1000 + b"1" * 1000 + b"2" * 1000
        assert shared.names() == ["whole"]
        shared.write("more", b"!")
        c.ask("COMB whole more", "250")
        assert shared.read("whole")[-2:] == b"2!"
        c.ask("COMB whole none", "550")
        assert shared.read("whole")[-2:] == b"2!"


def test_combining_says_which_side_is_wrong(shared):
    shared.empty()
    shared.write("f", b"f")
    os.mkfifo(shared.path("fifo"))
    with shared.login() as c:
        c.ask("COMB whole none", "550")
        c.ask("COMB whole f fifo", "550")
        c.ask("COMB none/whole f", "553")
    assert shared.names() == ["f", "fifo"]


def test_combining_never_loses_what_is_given_twice(shared):
    shared.empty()
    shared.write("a", b"AAA")
    shared.write("b", b"BBB")
    os.link(shared.path("a"), shared.path("hard"))
    os.symlink("a", shared.path("soft"))
    with shared.login() as c:
        for parts in ("a b a", "a a", "a hard", "a soft", "soft b a", "new a hard", "new b b"):
            c.ask(f"COMB {parts}", "501")
            assert shared.names() == ["a", "b", "hard", "soft"]
            assert shared.read("a") == b"AAA" and shared.read("b") == b"BBB"


def test_removing_a_tree(shared):
    shared.empty()
    shared.write("t/a/b/c", b"")
    shared.write("t/x", b"")
    shared.write("keep", b"")
    os.symlink("/", shared.path("t/link"))
    with shared.login() as c:
        c.ask("RMDA t", "250")
        assert shared.names() == ["keep"]


def test_removing_a_tree_never_follows_a_link(shared):
    shared.empty()
    shared.write("target/keep/data", b"x")
    os.symlink("target", shared.path("link"))
    os.mkdir(shared.path("t"))
    os.symlink("../target", shared.path("t/link"))
    with shared.login() as c:
        c.ask("RMDA link", "550")
        c.ask("RMDA t", "250")
        assert shared.names() == ["link", "target"]
        assert shared.read("target/keep/data") == b"x"
        c.ask("RMDA link/keep", "250")
        assert os.listdir(shared.path("target")) == []


def test_links(shared):
    shared.empty()
    shared.write("f", b"content")
    with shared.login() as c:
        c.ask("TYPE I", "200")
        c.ask("SITE SYMLINK f good", "200")
        assert c.fetch("RETR good") == b"content"
        c.ask("SITE SYMLINK /etc/passwd bad", "200")
        c.ask("RETR bad", "550")
        c.ask("SITE SYMLINK ../../../../etc/passwd worse", "200")
        c.ask("RETR worse", "550")
        c.refuse("STOR worse", "553")
        c.ask("SITE SYMLINK f good", "550")
        c.store("STOR good", b"through the link")
        assert shared.read("f") == b"through the link" and os.path.islink(shared.path("good"))


def test_confinement(shared):
    shared.empty()
    outside = os.path.join(shared.base, "secret")
    with open(outside, "w", encoding="ascii") as f:
        f.write("secret")
    os.symlink(outside, shared.path("absolute"))
    os.symlink("../secret", shared.path("relative"))
    os.symlink("..", shared.path("up"))
    os.symlink("loop", shared.path("loop"))
    os.symlink("/proc/self/root", shared.path("proc"))
    with shared.login() as c:
        c.ask("TYPE I", "200")
        for name in ("absolute", "relative", "../secret", "../../../../../etc/passwd", "up/secret",
                     "/../secret", "//..//secret", "./../secret", "proc/etc/passwd", "loop"):
            c.ask(f"RETR {name}", "550")
            c.ask(f"SIZE {name}", "550")
            c.ask(f"DELE {name}x", "550")
        c.ask("CWD up", "250")
        assert c.fetch("NLST -A") == b"absolute\r\nloop\r\nproc\r\nrelative\r\nup\r\n"
        for name in ("up/up/up/x", "absolute", "relative"):
            c.ask("CWD /", "250")
            opened = c.passive()
            reply = c.ask(f"STOR {name}", "150", "553")
            opened.close()
            if reply.code == "150":
                c.expect("226")
    with open(outside, encoding="ascii") as f:
        assert f.read() == "secret"
    assert os.listdir(shared.base).count("x") == 0


@pytest.mark.parametrize("length", [255, 256, 4000, 4095, 4096, 8000])
def test_names_of_every_length_are_stored_or_clearly_refused(shared, length):
    shared.empty()
    name = "n" * length
    with shared.login() as c:
        c.ask("TYPE I", "200")
        if length <= 255:
            c.store(f"STOR {name}", b"x")
            assert shared.names() == [name]
        else:
            c.refuse(f"STOR {name}", "553")
            c.ask(f"RETR {name}", "550")
            c.ask(f"MKD {name}", "550")
            c.refuse(f"LIST {name}", "450")
            c.ask(f"RNFR {name}", "550")
        c.ask("NOOP", "200")


def test_special_files_are_never_opened(shared):
    shared.empty()
    os.mkfifo(shared.path("fifo"))
    with shared.login() as c:
        c.ask("TYPE I", "200")
        c.ask("RETR fifo", "550")
        c.refuse("STOR fifo", "553")
        c.refuse("APPE fifo", "553")
        c.ask("HASH fifo", "550")
        c.ask("SIZE fifo", "550")
        c.ask("DELE fifo", "250")


def test_space(shared):
    with shared.login() as c:
        free = int(c.ask("AVBL", "213").text[4:])
        disk = os.statvfs(shared.root)
        assert abs(free - disk.f_bavail * disk.f_frsize) < 1 << 30
        c.ask(f"ALLO {1 << 60}", "552")
        c.ask(f"ALLO {disk.f_bavail * disk.f_frsize + (64 << 20)}", "452", "552")
        c.ask("ALLO 1000", "200")


def test_smnt_selects_a_configured_folder():
    config = 'folder "archive" { path = "@BASE@/archive" }\n'
    server = Server(config=config)
    os.makedirs(os.path.join(server.base, "archive"))
    with open(os.path.join(server.base, "archive", "old"), "wb") as f:
        f.write(b"old")
    server.write("home", b"")
    with server, server.login() as c:
        assert c.fetch("NLST") == b"home\r\n"
        c.ask("SMNT archive", "250")
        assert c.fetch("NLST") == b"old\r\n"
        assert c.ask("PWD", "257").text.startswith('257 "/"')
        c.ask("CWD ..", "250")
        assert c.fetch("NLST") == b"old\r\n"
        c.ask("SMNT none", "550")
        c.ask("SMNT /", "250")
        assert c.fetch("NLST") == b"home\r\n"


def test_anonymous_may_have_a_directory_of_its_own():
    server = Server()
    public = os.path.join(server.base, "public")
    os.mkdir(public)
    server.options.append(f"--anonymous={public}")
    server.write("private", b"")
    with open(os.path.join(public, "welcome"), "wb") as f:
        f.write(b"hello")
    with server, server.login("anonymous", "x") as c:
        assert c.fetch("NLST") == b"welcome\r\n"


def test_without_anonymous_nobody_enters_by_that_name(server):
    with server.client() as c:
        c.expect("220")
        c.ask("USER anonymous", "331")
        c.ask("PASS me@x", "530")


def test_dates_of_listings_are_utc():
    with Server(env={"TZ": "America/New_York"}) as server, server.login() as c:
        server.write("f", b"")
        now = time.time()
        os.utime(server.path("f"), (now, now))
        expected = time.strftime("%b %e %H:%M", time.gmtime(now)).encode()
        assert expected in c.fetch("LIST")
