# SPDX-License-Identifier: Apache-2.0
"""What the server does on a loop, without a worker: files that are small and in memory. Nobody but a
clock may see which way a command went: the same bytes, and the same care when a client breaks off
in the middle of it.

Only data in the clear go this way: under --tls the commands come under TLS, and the data after
PROT C, or after PROT P to see that they are none of it. Rights, limits and replies:
test_at_once_rights.py.
"""

import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

import tls
from harness import PATIENCE, Server, eventually, read_all
from in_clear import SMALL, TICK, break_off, inside, pattern, to_clear

SIZES = [0, 1, 1024, SMALL - 1, SMALL, SMALL + 1, 2 * SMALL, 3 * SMALL + 1, 300_000]


@pytest.fixture(name="c")
def c_fixture(server):
    with inside(server) as c:
        yield c


# ---- The same bytes --------------------------------------------------------------------

@pytest.mark.parametrize("protection", ["C", "P"] if tls.BY_DEFAULT else ["C"])
@pytest.mark.parametrize("way", ["PASV", "EPSV", "PORT"])
def test_files_of_every_size_go_both_ways(server, way, protection):
    with server.login() as c:
        c.ask("TYPE I", "200")
        if protection == "C":
            to_clear(c)
        for size in SIZES:
            for content in (pattern(size), pattern(size)[::-1]):  # a new file, and over it
                c.store(f"STOR f{size}", content, way)
                assert server.read(f"f{size}") == content
                assert c.fetch(f"RETR f{size}", way) == content
                assert c.ask(f"SIZE f{size}", "213").text == f"213 {size}"
        assert server.names() == sorted(f"f{size}" for size in SIZES)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_they_go_over_both_protocols(host):
    with Server(address=host) as server, inside(server, host=host) as c:
        for content in (b"new", b"over it"):
            c.store("STOR f", content, "EPSV")
            assert c.fetch("RETR f", "EPSV") == content


def begin_narrow(c, command):
    """A data connection that takes few bytes until they are read."""
    port = int(re.search(r"\|(\d+)\|\)", c.ask("EPSV", "229").text).group(1))
    data = socket.socket()
    data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    data.settimeout(PATIENCE)
    data.connect(("127.0.0.1", port))
    c.send(command)
    c.expect("150")
    return data


def test_the_150_comes_before_the_data_of_another_thread(server, c):
    server.write("big", b"x" * 20_000_000)
    for _ in range(50):
        port = int(re.search(r"\|(\d+)\|\)", c.ask("EPSV", "229").text).group(1))
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as data:
            c.send("RETR big")
            assert data.recv(1)
            assert select.select([c.socket], [], [], 0)[0]
            c.expect("150")
        c.expect("426")


@pytest.mark.parametrize("size", [1000, SMALL - 1, SMALL, 10 * SMALL])
def test_what_a_slow_reader_does_not_take_at_once_comes_later(server, c, size):
    server.write("f", pattern(size))
    for pause in (0, 0.05):
        data = begin_narrow(c, "RETR f")
        time.sleep(pause)
        assert read_all(data) == pattern(size)
        data.close()
        c.expect("226")


def test_what_no_thread_can_go_on_with_is_no_success():
    with Server("--max-transfers", "1") as server, inside(server) as busy, inside(server) as c:
        server.write("f", pattern(SMALL))
        server.write("big", b"x" * 50_000_000)
        first = busy.begin("RETR big")
        data = begin_narrow(c, "RETR f")
        c.expect("425", "426", "450")
        data.close()  # whatever it has got
        first.close()
        busy.expect("426")
        assert c.fetch("RETR f") == pattern(SMALL)


@pytest.mark.parametrize("pause", [0, 0.02, 1.5 * TICK])
@pytest.mark.parametrize("size", [2, 1000, SMALL, 5 * SMALL])
@pytest.mark.parametrize("name", ["new", "old"])
def test_bytes_that_come_in_pieces_stay_in_their_order(server, c, name, size, pause):
    server.write("old", b"x" * 1000)
    content = pattern(size)
    data = c.begin(f"STOR {name}")
    for at in range(3):
        data.sendall(content[size * at // 3:size * (at + 1) // 3])
        time.sleep(pause)
    data.close()
    c.expect("226")
    assert server.read(name) == content


def test_what_is_there_already_goes_on_at_a_marker(server, c):
    server.write("f", pattern(100_000))
    for at in (0, 1, 99_999, 100_000):
        c.ask(f"REST {at}", "350")
        assert c.fetch("RETR f") == pattern(100_000)[at:]
    c.ask("REST 100001", "350")
    c.refuse("RETR f", "554")
    c.ask("REST 50000", "350")
    c.store("STOR f", b"end")
    assert server.read("f") == pattern(50_000) + b"end"
    c.store("APPE f", b" and more")
    assert server.read("f") == pattern(50_000) + b"end and more"
    c.ask("RANG 3 5", "350")
    assert c.fetch("RETR f") == pattern(6)[3:]
    assert c.fetch("RETR f") == pattern(50_000) + b"end and more"


def test_text_is_text_and_blocks_are_blocks(server, c):
    server.write("f", b"one\ntwo\n")
    c.ask("TYPE A", "200")
    assert c.fetch("RETR f") == b"one\r\ntwo\r\n"
    c.store("STOR f", b"three\r\n")
    assert server.read("f") == b"three\n"
    c.ask("TYPE I", "200")
    c.ask("MODE B", "200")
    data = c.begin("RETR f")
    c.expect("250")
    content = data.recv(64)
    assert b"three\n" in content and content.endswith(b"\x40\0\0")
    c.ask("MODE S", "200")
    c.send("STOR f")  # over the connection that is open
    c.expect("125")
    data.sendall(b"four")
    data.close()
    c.expect("226")
    assert server.read("f") == b"four"


def test_a_file_that_is_replaced_keeps_its_owner_and_its_privacy(server, c):
    for mode in (0o600, 0o640, 0o4755):
        server.write("f", b"old")
        os.chmod(server.path("f"), mode)
        before = os.stat(server.path("f"))
        c.store("STOR f", b"new")
        after = os.stat(server.path("f"))
        assert after.st_mode & 0o7777 == mode & 0o777
        assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
        assert after.st_ino != before.st_ino
        os.unlink(server.path("f"))


def test_whoever_reads_meanwhile_sees_one_file_or_the_other(server):
    """Four that replace it and two that read it, each at once."""
    versions = [bytes([65 + i]) * (1000 + i) for i in range(4)]
    server.write("f", versions[0])
    seen = set()

    def write(version):
        with inside(server) as c:
            for _ in range(25):
                c.store("STOR f", version)

    def read():
        with inside(server) as c:
            seen.update([c.fetch("RETR f") for _ in range(50)])

    threads = [threading.Thread(target=write, args=(v,)) for v in versions]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen and seen <= set(versions)
    assert server.read("f") in versions
    assert server.names() == ["f"]


# ---- Uploads that break off ---------------------------------------------------------------

@pytest.mark.parametrize("size", [0, 4, SMALL, 5 * SMALL])
def test_a_reset_never_makes_a_file_whole(server, c, size):
    """The system tells of it once; after that the connection looks as if it had ended."""
    server.write("old", b"old content")
    for i in range(10):
        data = c.begin("STOR old")
        data.sendall(pattern(size))
        time.sleep(0.002 * i)
        break_off(data)
        c.expect("426")
        assert server.read("old") == b"old content"
    data = c.begin("STOR new")
    data.sendall(pattern(size))
    break_off(data)
    c.expect("426")
    c.ask("NOOP", "200")


@pytest.mark.parametrize("how", ["vanishes", "aborts"])
def test_what_arrived_of_a_new_file_is_kept_however_soon_it_ends(server, how):
    for i in range(10):
        with inside(server) as c:
            data = c.begin(f"STOR f{i}")
            data.sendall(b"x" * 1000)
            time.sleep(0.01 + 0.005 * i)
            if how == "aborts":
                c.send("ABOR")
                assert "kept" in c.expect("426").text
                c.expect("226")
                c.store(f"STOR other{i}", b"other")
            else:
                c.close()
            data.close()
        assert eventually(lambda i=i: os.path.exists(server.path(f"f{i}")))
        assert server.read(f"f{i}") == b"x" * 1000


@pytest.mark.parametrize("how", ["vanishes", "aborts"])
def test_an_old_file_stays_when_the_new_one_is_broken_off(server, how):
    server.write("f", b"old")
    for i in range(10):
        with inside(server) as c:
            data = c.begin("STOR f")
            data.sendall(b"x" * 1000)
            time.sleep(0.005 * i)
            if how == "aborts":
                c.send("ABOR")
                assert "unchanged" in c.expect("426").text
                c.expect("226")
            else:
                c.close()
            data.close()
    with inside(server) as c:
        assert c.fetch("RETR f") == b"old"
    assert server.names() == ["f"]


def test_who_closes_everything_without_quit_has_not_said_that_it_was_all(server):
    """RFC 959 4.1.1: the system of a client that dies closes both."""
    server.write("f", b"old")
    for _ in range(20):
        c = inside(server)
        data = c.passive()
        c.send("STOR f")
        c.expect("150")
        data.sendall(b"half")
        c.close()
        data.close()
    time.sleep(2 * TICK)
    with inside(server) as c:
        assert c.fetch("RETR f") == b"old"


def test_quit_behind_an_upload_waits_for_its_end(server):
    for i in range(10):
        with inside(server) as c:
            data = c.begin("STOR f")
            data.sendall(str(i).encode())
            c.send("QUIT")
            time.sleep(0.005 * i)
            data.close()
            c.expect("226")
            c.expect("221")
        assert server.read("f") == str(i).encode()


def test_the_session_answers_while_bytes_are_awaited(server, c):
    server.write("f", b"old")
    data = c.begin("STOR f")
    for _ in range(3):
        data.sendall(b"x")
        c.ask("NOOP", "200")
        assert "Transfer of /f in progress" in c.ask("STAT", "211").text
    c.send("PWD")  # this one waits
    data.close()
    c.expect("226")
    c.expect("257")
    assert server.read("f") == b"xxx"


@pytest.mark.parametrize("sent", [b"", b"some"])
def test_a_client_that_stands_still_is_given_up(sent):
    with Server("--data-timeout", "1") as server, inside(server) as c:
        server.write("f", b"old")
        data = c.begin("STOR f")
        data.sendall(sent)
        c.expect("426")
        data.close()
        assert server.read("f") == b"old"
        c.store("STOR f", b"new")
        assert server.read("f") == b"new"


def test_new_settings_disturb_no_upload():
    with Server(config="idle_timeout = 100\n") as server, inside(server) as c:
        server.write("f", b"old")
        data = c.begin("STOR f")
        data.sendall(b"ne")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(TICK / 2)
        data.sendall(b"w")
        data.close()
        c.expect("226")
        assert server.read("f") == b"new"


def test_an_end_of_the_server_is_no_end_of_a_file():
    with Server("--grace", "0") as server:
        server.write("f", b"old")
        c = inside(server)
        data = c.begin("STOR f")
        data.sendall(b"half")
        assert server.stop() == 0
        assert server.read("f") == b"old"
        data.close()
        c.close()


def test_a_kill_leaves_nothing_of_what_was_gathered(server):
    server.write("f", b"old")
    sessions = [inside(server) for _ in range(5)]
    streams = [c.begin("STOR f" if i % 2 else f"STOR new{i}") for i, c in enumerate(sessions)]
    for data in streams:
        data.sendall(b"half")
    server.kill()
    assert server.read("f") == b"old"
    for connection in [*streams, *sessions]:
        connection.close()
    server.start()
    with inside(server) as c:
        assert c.fetch("RETR f") == b"old"
        c.store("STOR f", b"new")
    assert server.names() == ["f"]


# ---- What changes between the reply and the bytes ----------------------------------------

@pytest.mark.parametrize("change", ["gone", "directory", "link", "no directory"])
def test_what_becomes_of_the_name_meanwhile(server, c, change):
    server.write("d/f", b"old")
    server.write("other", b"other")
    data = c.begin("STOR d/f")
    os.unlink(server.path("d/f"))
    if change == "directory":
        os.mkdir(server.path("d/f"))
    elif change == "link":
        os.symlink("../other", server.path("d/f"))
    elif change == "no directory":
        os.rmdir(server.path("d"))
    data.sendall(b"new")
    data.close()
    reply = c.reply()
    if change in ("gone", "link"):
        assert reply.code == "226" and server.read("d/f") == b"new"
        assert not os.path.islink(server.path("d/f"))
    else:
        assert reply.code[0] in "45"
    assert server.read("other") == b"other"
    c.ask("NOOP", "200")


@pytest.mark.parametrize("name", ["d", "link", "fifo"])
def test_what_is_no_file_takes_and_gives_none(server, c, name):
    os.mkdir(server.path("d"))
    os.symlink("d", server.path("link"))
    os.mkfifo(server.path("fifo"))
    for _ in range(2):
        c.refuse(f"STOR {name}", "550", "553")
        c.refuse(f"RETR {name}", "550")
    assert server.names() == ["d", "fifo", "link"]


def test_where_no_file_can_be_made_none_is_taken():
    with Server(below_root=True) as server, inside(server) as c:
        server.write("d/f", b"old")
        os.chmod(server.path("d"), 0o555)
        for _ in range(2):
            c.refuse("STOR d/f", "550", "553")
        os.chmod(server.path("d"), 0o755)
        os.chmod(server.path("d/f"), 0o444)
        for _ in range(2):
            c.refuse("STOR d/f", "550", "553")
        os.chmod(server.path("d/f"), 0o644)
        c.store("STOR d/f", b"new")
        assert server.read("d/f") == b"new"


class Mounted:
    """A small file system of its own."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", self.path], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.path], check=True)


def test_a_disk_that_is_full_by_now_leaves_the_old_file(tmp_path):
    with Mounted(str(tmp_path / "disk")) as disk, Server(root=disk.path) as server:
        server.write("f", b"old")
        with inside(server) as c:
            data = c.begin("STOR f")
            with pytest.raises(OSError), open(server.path("filler"), "wb", buffering=0) as f:
                while True:
                    f.write(b"x" * 512)
            data.sendall(b"x" * 10_000)
            data.close()
            c.expect("452", "552")
            assert server.read("f") == b"old"
            assert server.names() == ["f", "filler"]
            os.unlink(server.path("filler"))
            c.store("STOR f", b"new")
        assert server.read("f") == b"new"


def test_what_is_mounted_in_the_tree_is_a_part_of_it(server, c):
    server.write("f", b"here")
    with Mounted(server.path("m")):
        server.write("m/f", b"there")
        os.symlink("m/f", server.path("link"))
        for _ in range(2):
            c.ask("CWD m", "250")
            c.ask("CWD /", "250")
            assert c.ask("SIZE m/f", "213").text == "213 5"
            c.ask("MDTM link", "213")
            assert c.fetch("RETR m/f") == c.fetch("RETR link") == b"there"
        c.store("STOR m/f", b"new")
        c.store("STOR link", b"newer")
        assert server.read("m/f") == b"newer" and os.path.islink(server.path("link"))
        server.write("bound")
        subprocess.run(["mount", "--bind", server.path("m/f"), server.path("bound")], check=True)
        try:
            for _ in range(2):
                assert c.fetch("RETR bound") == b"newer"
            c.store("STOR bound", b"x", codes=("450", "451", "550", "553"))
        finally:
            subprocess.run(["umount", server.path("bound")], check=True)
