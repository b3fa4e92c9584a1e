# SPDX-License-Identifier: Apache-2.0
"""Uploads are transactions: complete, then published, then 226; or what was there stays."""

import os
import random
import signal
import socket
import threading
import time

import pytest

from harness import Server, eventually
from in_clear import inside

RESET = b"\1\0\0\0\0\0\0\0"  # SO_LINGER of zero seconds: close sends a reset


def reset(data):
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    data.close()


def leftovers(server):
    return [name for name in server.names() if name.startswith(".ferry")]


def test_a_file_appears_whole_and_only_then(server, client):
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    data.sendall(b"x" * 100_000)
    time.sleep(0.2)
    assert server.names() == []
    with server.login() as other:
        other.ask("SIZE f", "550")
    data.close()
    client.expect("226")
    assert server.read("f") == b"x" * 100_000


def test_an_overwritten_file_stays_readable_until_the_end(server, client):
    server.write("f", b"old")
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    data.sendall(b"new" * 1000)
    time.sleep(0.1)
    with server.login() as other:
        other.ask("TYPE I", "200")
        assert other.fetch("RETR f") == b"old"
    data.close()
    client.expect("226")
    assert server.read("f") == b"new" * 1000


def break_upload(client, command, content, how):
    """Begins an upload and breaks it; how is what the client does."""
    data = client.begin(command)
    data.sendall(content)
    time.sleep(0.1)
    if how == "abor":
        client.send("ABOR")
        reply = client.expect("426")
        client.expect("226")
    elif how == "reset":
        reset(data)
        return client.expect("426")
    else:
        client.close()
        time.sleep(0.05)
        reply = None
    data.close()
    return reply


@pytest.mark.parametrize("how", ["abor", "reset", "vanish"])
@pytest.mark.parametrize("command", ["STOR f", "APPE f"])
def test_a_broken_upload_of_a_new_name_can_be_resumed(server, how, command):
    with server.login() as c:
        c.ask("TYPE I", "200")
        reply = break_upload(c, command, b"part", how)
        if reply and how == "abor":
            assert "kept to be resumed" in reply.text
    if how == "reset":  # what a reset overtook is gone; the rest may or may not have arrived
        eventually(lambda: "f" in server.names(), 1)
        have = server.read("f") if "f" in server.names() else b""
    else:
        assert eventually(lambda: "f" in server.names())
        have = server.read("f")
        assert have == b"part"
    assert b"part".startswith(have)
    whole = b"part and the rest"
    with server.login() as c:
        c.ask("TYPE I", "200")
        if have:
            size = int(c.ask("SIZE f", "213").text[4:])
            assert size == len(have)
            c.ask(f"REST {size}", "350")
        c.store("STOR f", whole[len(have):])
    assert server.read("f") == whole
    assert leftovers(server) == []


@pytest.mark.parametrize("how", ["abor", "vanish"])
@pytest.mark.parametrize("command", ["STOR f", "APPE f"])
def test_a_long_upload_goes_on_where_it_broke(server, how, command):
    """Long enough for the kernel to move it, in the clear: its first bytes pass through us."""
    whole = random.Random(5).randbytes(7_000_001)
    with inside(server) as c:
        data = c.passive()
        c.send(command)
        c.expect("150")
        data.sendall(whole[:5_000_003])
        if how == "abor":
            c.send("ABOR")
            c.expect("426")
            c.expect("226")
        else:
            c.close()
        data.close()
    assert eventually(lambda: "f" in server.names())
    have = server.read("f")
    assert 0 < len(have) <= 5_000_003 and whole.startswith(have)
    with inside(server) as c:
        c.ask(f"REST {len(have)}", "350")
        c.store("STOR f", whole[len(have):])
    assert server.read("f") == whole
    assert leftovers(server) == []


@pytest.mark.parametrize("how", ["abor", "reset", "vanish"])
@pytest.mark.parametrize("command", ["STOR f", "APPE f"])
def test_a_broken_upload_over_a_file_leaves_the_file(server, how, command):
    server.write("f", b"old content")
    with server.login() as c:
        c.ask("TYPE I", "200")
        reply = break_upload(c, command, b"new", how)
        if reply:
            assert "unchanged" in reply.text
    time.sleep(0.2)
    assert server.read("f") == b"old content"
    assert server.names() == ["f"]


def test_resuming_over_and_over_loses_nothing(server):
    whole = bytes(random.Random(7).randrange(256) for _ in range(200_000))
    have = 0
    for round_number in range(8):
        with server.login() as c:
            c.ask("TYPE I", "200")
            if have:
                have = int(c.ask("SIZE f", "213").text[4:])
                assert server.read("f") == whole[:have]
            command = "APPE f" if round_number % 2 else "STOR f"
            if have and command == "STOR f":
                c.ask(f"REST {have}", "350")
            break_upload(c, command, whole[have:have + 20_000], "abor")
            have = int(c.ask("SIZE f", "213").text[4:])
            assert have == 20_000 * (round_number + 1)
    with server.login() as c:
        c.ask("TYPE I", "200")
        c.store("APPE f", whole[have:])
    assert server.read("f") == whole


def leave_partial(server, content):
    """A file that an interrupted upload left, to be resumed."""
    with server.login() as c:
        c.ask("TYPE I", "200")
        break_upload(c, "STOR f", content, "abor")
    assert server.read("f") == content


@pytest.mark.parametrize("first", ["STOR", "APPE"])
@pytest.mark.parametrize("second", ["STOR", "APPE"])
def test_a_partial_is_resumed_by_one_session_at_a_time(server, first, second):
    leave_partial(server, b"a" * 1000)
    with server.login() as a, server.login() as b:
        for c in (a, b):
            c.ask("TYPE I", "200")
        if first == "STOR":
            a.ask("REST 1000", "350")
        data = a.begin(f"{first} f")
        data.sendall(b"b" * 10)
        assert eventually(lambda: len(server.read("f")) == 1010)
        if second == "STOR":
            b.ask("REST 1010", "350")
        b.refuse(f"{second} f", "450")
        # The first one's network is gone for good; now it is the second one's.
        a.send("ABOR")
        a.expect("426")
        a.expect("226")
        data.close()
        if second == "STOR":
            b.ask("REST 1010", "350")
        b.store(f"{second} f", b"c" * 100_000)
    assert server.read("f") == b"a" * 1000 + b"b" * 10 + b"c" * 100_000


def test_an_upload_over_a_partial_that_is_being_resumed_stays_whole(server):
    leave_partial(server, b"a" * 1000)
    with server.login() as a, server.login() as b:
        for c in (a, b):
            c.ask("TYPE I", "200")
        a.ask("REST 1000", "350")
        data = a.begin("STOR f")
        data.sendall(b"b" * 10)
        assert eventually(lambda: len(server.read("f")) == 1010)
        b.store("STOR f", b"another")
        data.close()
        a.expect("451")  # never 226 for what is not there
    assert server.read("f") == b"another"


def test_a_restart_that_brings_nothing_costs_nothing():
    with Server("--data-timeout", "1") as server:
        leave_partial(server, b"a" * 1000)
        with server.login() as c:
            c.ask("TYPE I", "200")
            c.ask("PASV", "227")
            c.ask("REST 10", "350")
            c.ask("STOR f", "150")
            c.expect("425", "426")
            assert server.read("f") == b"a" * 1000
            c.ask("REST 10", "350")
            data = c.begin("STOR f")
            c.send("ABOR")
            c.expect("426")
            c.expect("226")
            data.close()
            assert server.read("f") == b"a" * 1000
            c.ask("REST 10", "350")
            break_upload(c, "STOR f", b"bb", "abor")
            assert server.read("f") == b"a" * 10 + b"bb"  # a beginning of what is being sent


def test_the_client_vanishes_at_any_byte(server):
    """Of the whole dialogue of an upload, cut after each byte: old or new, never something else."""
    dialogue = b"USER demo\r\nPASS secret\r\nTYPE I\r\nPASV\r\nSTOR f\r\n"
    for cut in range(0, len(dialogue) + 1, 3):
        with server.client() as c:
            c.send_bytes(dialogue[:cut])
            if cut % 2:
                reset(c.socket)
    with server.login() as c:
        c.ask("NOOP", "200")
    assert server.names() == []


def test_the_client_vanishes_at_any_byte_of_the_data(server):
    server.write("kept", b"old")
    content = b"0123456789" * 20
    for cut in range(0, len(content), 13):
        for name in ("kept", "new"):
            c = server.login()
            c.ask("TYPE I", "200")
            data = c.begin(f"STOR {name}")
            data.sendall(content[:cut])
            c.close()  # as a kernel does it for a process that dies: first connection first
            data.close()
        time.sleep(0.02)
        assert server.read("kept") == b"old"
        if "new" in server.names():
            assert content.startswith(server.read("new"))
    assert leftovers(server) == []


def test_two_writers_the_last_to_finish_wins_whole(server):
    with server.login() as a, server.login() as b:
        for c in (a, b):
            c.ask("TYPE I", "200")
        first, second = a.begin("STOR f"), b.begin("STOR f")
        for _ in range(100):
            first.sendall(b"a" * 1000)
            second.sendall(b"b" * 1500)
        second.close()
        b.expect("226")
        assert server.read("f") == b"b" * 150_000
        first.close()
        a.expect("226")
        assert server.read("f") == b"a" * 100_000


def test_many_writers_and_readers_of_one_name_see_whole_files(server):
    server.write("f", b"0" * 50_000)
    stop = threading.Event()
    failures = []

    def write(letter):
        with server.login() as c:
            c.ask("TYPE I", "200")
            for _ in range(15):
                c.store("STOR f", letter * 50_000)

    def read():
        with server.login() as c:
            c.ask("TYPE I", "200")
            while not stop.is_set():
                content = c.fetch("RETR f")
                if len(content) != 50_000 or len(set(content)) != 1:
                    failures.append(len(content))

    writers = [threading.Thread(target=write, args=(bytes([letter]),)) for letter in b"abcd"]
    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in writers + readers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert not failures
    assert server.names() == ["f"]


def test_appends_of_many_sessions_are_all_there_each_whole(server):
    server.write("log", b"")

    def append(letter):
        with server.login() as c:
            c.ask("TYPE I", "200")
            for _ in range(10):
                c.store("APPE log", bytes([letter]) * 999 + b"\n")

    threads = [threading.Thread(target=append, args=(letter,)) for letter in b"abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = server.read("log").split(b"\n")[:-1]
    assert len(lines) == 60
    assert all(len(line) == 999 and len(set(line)) == 1 for line in lines)


def test_appends_that_make_the_file_are_all_there(server):
    """None of them found it when it began."""
    with server.login() as a, server.login() as b, server.login() as c:
        datas = []
        for session, content in ((a, b"A" * 1000), (b, b"B" * 2000), (c, b"C" * 3000)):
            session.ask("TYPE I", "200")
            data = session.begin("APPE log")
            data.sendall(content)
            datas.append(data)
        for session, data in zip((a, b, c), datas):
            data.close()
            session.expect("226")
    content = server.read("log")
    assert sorted(content) == sorted(b"A" * 1000 + b"B" * 2000 + b"C" * 3000)
    assert content == b"A" * 1000 + b"B" * 2000 + b"C" * 3000


def test_stou_makes_names_of_its_own(server, client):
    client.ask("TYPE I", "200")
    made = []
    for command in ("STOU", "STOU", "STOU report.txt"):
        client.store(command, b"unique")
        text = client.first.text
        assert text.startswith("150 FILE: ")
        made.append(text[len("150 FILE: "):])
    assert len(set(made)) == 3 and sorted(made) == server.names()
    assert made[2].startswith("report.txt.")
    server.write("d/x")
    client.ask("CWD d", "250")
    client.store("STOU", b"")
    assert len(os.listdir(server.path("d"))) == 2


def test_allo_reserves_room_for_the_next_upload_only(server, client):
    client.ask("TYPE I", "200")
    client.ask("ALLO 5000000", "200")
    data = client.begin("STOR f")
    data.sendall(b"x")
    time.sleep(0.1)
    data.close()
    client.expect("226")
    info = os.stat(server.path("f"))
    assert info.st_size == 1 and info.st_blocks * 512 < 1_000_000


def test_direct_uploads_write_into_the_file():
    with Server("--uploads", "direct") as server, server.login() as c:
        server.write("f", b"old")
        c.ask("TYPE I", "200")
        data = c.begin("STOR f")
        data.sendall(b"new part")
        assert eventually(lambda: server.read("f") == b"new part")
        c.send("ABOR")
        c.expect("426")
        c.expect("226")
        data.close()
        assert server.read("f") == b"new part"


def test_a_direct_copy_never_empties_what_it_reads():
    with Server("--uploads", "direct") as server, server.login() as c:
        server.write("a", b"content")
        server.write("t", b"target")
        os.symlink("a", server.path("link"))
        os.mkdir(server.path("dir"))
        for names in ("a link", "link a", "a a"):
            c.ask(f"SITE COPY {names}", "501")
        c.ask("SITE COPY dir t", "550", "553")
        c.ask("SITE COPY none t", "550", "553")
        assert server.read("a") == b"content" and server.read("t") == b"target"
        c.ask("SITE COPY a t", "250")
        assert server.read("t") == b"content"


def test_allo_is_true_of_direct_uploads_too():
    room = 50_000_000
    with Server("--uploads", "direct") as server, server.login() as c:
        c.ask("TYPE I", "200")
        server.write("f", b"1" * 100_000)
        for command in ("APPE f", "STOR f", "STOR new"):
            c.ask(f"ALLO {room}", "200")
            data = c.begin(command)
            data.sendall(b"x" * 10)
            # Room is made sure of behind what is there, and what was not needed is given back.
            blocks = eventually(lambda name=command[5:]: os.stat(server.path(name)).st_blocks)
            assert blocks * 512 >= room
            data.close()
            c.expect("226")
            assert os.stat(server.path(command[5:])).st_blocks * 512 < 1_000_000
        assert server.read("f") == b"x" * 10


def test_durable_uploads_are_synced_before_226():
    with Server("--durability", "sync") as server, server.login() as c:
        c.ask("TYPE I", "200")
        c.store("STOR f", b"x" * 100_000)
        c.store("STOR f", b"y" * 100_000)
        c.store("APPE f", b"z")
        assert server.read("f") == b"y" * 100_000 + b"z"


# ---- A full disk --------------------------------------------------------------

def small_disk_server(size, *options):
    """A server whose root is a small tmpfs in a mount namespace of its own."""
    server = Server(*options)
    inner = server.command

    def command():
        mount = f"mount -t tmpfs -o size={size} tmpfs '{server.root}' && exec \"$@\""
        return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", *inner()]

    server.command = command
    return server


def test_a_full_disk_is_452_or_552_and_never_226():
    with small_disk_server("1m") as server, server.login() as c:
        c.ask("TYPE I", "200")
        c.store("STOR old", b"old")
        for command in ("STOR big", "STOR old", "APPE old", "STOU"):
            opened = c.passive()
            c.send(command)
            c.expect("150")
            try:
                opened.sendall(b"x" * 5_000_000)
            except ConnectionError:
                pass
            opened.close()
            c.expect("452", "552")
        assert c.fetch("RETR old") == b"old"
        assert c.fetch("NLST") == b"old\r\n"  # what was refused holds no room
        c.store("STOR fits", b"x" * 500_000)
        c.ask("ALLO 5000000", "452", "552")
        c.ask("ALLO 100000", "200")
        c.store("STOR fits", b"y" * 1000)


def test_a_disk_that_is_full_for_a_small_file_is_452_or_552():
    """Over a file, all of it is there before any of it is written."""
    with small_disk_server("1m") as server, server.login() as c:
        c.ask("TYPE I", "200")
        for _ in range(3):
            c.store("STOR old", b"old")
        c.store("STOR filler", b"x" * 1_020_000)
        for _ in range(3):
            opened = c.begin("STOR old")
            opened.sendall(b"y" * 30_000)
            opened.close()
            c.expect("452", "552")
        assert c.fetch("RETR old") == b"old"
        seen_by_it = f"/proc/{server.process.pid}/root{server.root}"
        assert sorted(os.listdir(seen_by_it)) == ["filler", "old"]
        c.ask("DELE filler", "250")
        c.store("STOR old", b"y" * 30_000)
        assert os.listdir(seen_by_it) == ["old"]


def test_room_that_is_not_there_does_not_cost_the_old_file():
    with small_disk_server("1m", "--uploads", "direct") as server:
        with server.login() as c, server.login() as other:
            for one in (c, other):
                one.ask("TYPE I", "200")
            c.store("STOR old", b"old")
            c.ask("ALLO 600000", "200")
            other.store("STOR other", b"x" * 700_000)
            c.refuse("STOR old", "452", "552")
            assert c.fetch("RETR old") == b"old"


def test_a_full_disk_for_names_is_clear():
    with small_disk_server("1m,nr_inodes=3") as server, server.login() as c:
        c.ask("TYPE I", "200")
        c.store("STOR a", b"")
        c.ask("MKD b", "257", "550")
        c.ask("MKD c", "550")
        reply = c.refuse("STOR d", "452", "552", "450")
        assert reply
        c.ask("NOOP", "200")


# ---- kill -9 ------------------------------------------------------------------------

def content_of(name, version):
    return random.Random(f"{name} {version}").randbytes(300_000)


@pytest.mark.parametrize("without_tmpfile", [False, True])
def test_kill_9_during_50_uploads_corrupts_nothing(release, shim, without_tmpfile):
    """At random moments; after each restart every file is a whole version, and nothing is left over."""
    generator = random.Random(4711)
    env = {"LD_PRELOAD": shim, "FERRY_SHIM": "no-tmpfile"} if without_tmpfile else {}
    server = Server(binary=release, env=env)
    names = [f"f{i}" for i in range(5)]
    versions = {name: {b""} for name in names}
    uploads = 0
    with server:
        for name in names:
            server.write(name, b"")
        while uploads < 50:
            threads = []
            for name in names:
                uploads += 1
                content = content_of(name, uploads)
                kind = generator.choice(["STOR", "STOR", "APPE"])
                threads.append(threading.Thread(
                    target=try_upload, args=(server.port, kind, name, content)))
                if kind == "APPE":
                    versions[name] = {v + w for v in versions[name] for w in (b"", content)}
                else:
                    versions[name] |= {content}
            for thread in threads:
                thread.start()
            time.sleep(generator.random() * 0.15)
            server.kill()
            for thread in threads:
                thread.join()
            server.start()
            for name in names:
                found = server.read(name)
                assert found in versions[name], f"{name} after {uploads} uploads"
                versions[name] = {found}
            assert leftovers(server) == []
            assert set(server.names()) == set(names)


def try_upload(port, kind, name, content):
    from harness import Client  # pylint: disable=import-outside-toplevel
    try:
        with Client(port) as c:
            c.expect("220")
            c.login()
            c.ask("TYPE I", "200")
            data = c.begin(f"{kind} {name}")
            for i in range(0, len(content), 30_000):
                data.sendall(content[i:i + 30_000])
            data.close()
            c.expect("226")
    except (OSError, EOFError, AssertionError):
        pass  # the server was killed under it


def test_an_append_that_is_killed_while_it_is_published_is_undone(release, shim):
    """The shim stops the server in the middle of copying the tail."""
    server = Server(binary=release, env={"LD_PRELOAD": shim, "FERRY_SHIM": "die-in-copy"})
    with server:
        server.write("log", b"whole line\n")
        try_upload(server.port, "APPE", "log", b"x" * 1_000_000)
        assert eventually(lambda: server.process.poll() is not None)
        assert len(server.read("log")) > len(b"whole line\n")
        server.process.stdout.close()
        server.env = {}
        server.start()
        assert server.read("log") == b"whole line\n"


# ---- SIGTERM ------------------------------------------------------------------------------

def test_sigterm_lets_transfers_finish_and_refuses_new_logins(server):
    with server.login() as busy, server.login() as idle, server.client() as early:
        early.expect("220")
        busy.ask("TYPE I", "200")
        data = busy.begin("STOR f")
        data.sendall(b"first ")
        server.process.send_signal(signal.SIGTERM)
        idle.expect("421")
        early.expect("421")
        with server.client() as late:
            late.expect("421")
            assert late.is_closed()
        data.sendall(b"second")
        data.close()
        busy.expect("226")
        busy.expect("421")
    assert server.stop() == 0
    assert server.read("f") == b"first second"


def test_sighup_while_draining_breaks_nothing(server):
    with server.login() as c:
        c.ask("TYPE I", "200")
        data = c.begin("STOR f")
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: "draining" in server.log())
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
            time.sleep(0.1)
        data.sendall(b"whole")
        data.close()
        c.expect("226")
    assert server.stop() == 0
    assert server.read("f") == b"whole"


def test_past_the_grace_uploads_are_broken_not_lost():
    with Server("--grace", "1") as server, server.login() as c, server.login() as d:
        server.write("old", b"old")
        for client, name in ((c, "new"), (d, "old")):
            client.ask("TYPE I", "200")
            client.data = client.begin(f"STOR {name}")
            client.data.sendall(b"part")
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert "kept" in c.expect("426").text
        assert "unchanged" in d.expect("426").text
        for client in (c, d):
            client.expect("421")
            client.data.close()
        assert server.stop() == 0
        assert time.monotonic() - started >= 0.9  # the grace was granted
        assert server.read("new") == b"part"
        assert server.read("old") == b"old"


def test_a_second_sigterm_does_not_wait():
    with Server("--grace", "600") as server, server.login() as c:
        c.ask("TYPE I", "200")
        data = c.begin("STOR f")
        data.sendall(b"part")
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        c.expect("426")
        data.close()
        assert server.process.wait(20) == 0


def test_sigkill_while_draining_leaves_nothing_behind(server):
    with server.login() as c:
        c.ask("TYPE I", "200")
        data = c.begin("STOR f")
        data.sendall(b"x" * 1000)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        server.kill()
        data.close()
    server.start()
    assert server.names() == []


def test_the_state_directory_is_empty_after_an_orderly_end(server):
    with server.login() as c:
        c.ask("TYPE I", "200")
        c.store("STOR f", b"1")
        c.store("STOR f", b"2")
    server.stop()
    assert os.listdir(server.state) == []
