# SPDX-License-Identifier: Apache-2.0
"""Files that are in memory (tmpfs) and nowhere else: nothing that is done with a small one waits for
a disk, and so the loop does all of it. The same bytes and transactions as elsewhere.
"""

import os
import re
import shutil
import tempfile
import threading

import pytest

from harness import Server, eventually
from in_clear import SMALL, inside, pattern

MEMORY = "/dev/shm"  # tmpfs on every Linux (file-hierarchy(7))


@pytest.fixture(name="memory_root")
def memory_root_fixture():
    root = tempfile.mkdtemp(prefix="ferry-test-", dir=MEMORY)
    try:
        yield root
    finally:
        shutil.rmtree(root)


@pytest.fixture(name="memory")
def memory_fixture(memory_root):
    with Server(root=memory_root) as server:
        yield server


def work_of_threads(server):
    """How often the workers for short work have slept, which they do after each piece."""
    task = f"/proc/{server.process.pid}/task"
    slept = 0
    for thread in os.listdir(task):
        with open(f"{task}/{thread}/status", encoding="ascii") as f:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        if fields["Name"] == "quick":
            slept += int(fields["voluntary_ctxt_switches"])
    return slept


def hidden_names(server):
    """Those that its journals know."""
    names = set()
    for directory, _, files in os.walk(server.state):
        for file in files:
            if not file.startswith("uploads-"):
                continue
            with open(os.path.join(directory, file), "rb") as f:
                names |= set(re.findall(rb"\.ferry-upload-[0-9a-f]{16}", f.read()))
    return {name.decode() for name in names}


def test_no_worker_is_asked(memory):
    memory.write("old", b"x")
    with inside(memory) as c:
        for _ in range(5):  # whoever publishes the first in a directory writes to the journal
            c.store("STOR old", b"begin")
        before = work_of_threads(memory)
        for i in range(50):
            content = pattern(i * 600)
            c.store("STOR old", content)
            assert memory.read("old") == content
            assert c.fetch("RETR old") == content
        # The idle ones go to sleep again, or leave, now and then.
        assert work_of_threads(memory) - before < 25
    assert memory.names() == ["old"]


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL])
def test_what_is_stored_is_there_with_the_226(memory, size):
    os.makedirs(memory.path("a/b"))
    with inside(memory) as c:
        for i in range(4):
            for name in ("f", "a/f", "a/b/f"):
                c.store(f"STOR {name}", pattern(size)[i:])
                assert memory.read(name) == pattern(size)[i:]
    assert sorted(os.listdir(memory.root)) == ["a", "f"]


def test_its_permissions_stay(memory):
    memory.write("f", b"old")
    os.chmod(memory.path("f"), 0o640)
    with inside(memory) as c:
        for _ in range(3):
            c.store("STOR f", b"new")
            assert os.stat(memory.path("f")).st_mode & 0o777 == 0o640


def test_what_lies_beside_a_file_goes_with_it(memory):
    """A file with records has an annex in .ferry; over it comes one that has none."""
    memory.write("f", b"old")
    with inside(memory) as c:
        c.store("STOR f", b"plain")
        c.store("STOR f", b"plain")
        c.ask("STRU R", "200")
        c.store("STOR f", b"one\xff\x01two\xff\x03")
        assert os.path.isdir(memory.path(".ferry"))
        assert c.fetch("RETR f") == b"one\xff\x01two\xff\x01\xff\x02"
        c.ask("STRU F", "200")
        c.store("STOR f", b"plain")
        c.ask("STRU R", "200")
        assert b"one" not in c.fetch("RETR f")
        c.ask("STRU F", "200")
        assert c.fetch("RETR f") == b"plain"


def test_by_way_of_a_link_the_file_that_it_leads_to_is_replaced(memory):
    memory.write("f", b"old")
    os.symlink("f", memory.path("link"))
    with inside(memory) as c:
        for content in (b"1", b"2", b"3"):
            c.store("STOR link", content)
            assert memory.read("f") == content
    assert os.path.islink(memory.path("link"))


def test_a_directory_is_no_file_to_be_replaced(memory):
    os.mkdir(memory.path("d"))
    memory.write("f", b"old")
    with inside(memory) as c:
        for _ in range(3):
            c.store("STOR f", b"new")
            data = c.passive()
            c.ask("STOR d", "550", "553")
            data.close()
    assert os.listdir(memory.path("d")) == []


def test_of_many_at_once_each_is_whole(memory):
    contents = {bytes([65 + i]) * (2000 + i) for i in range(8)}
    memory.write("f", b"old")

    def store_again(content):
        with inside(memory) as c:
            for _ in range(40):
                c.store("STOR f", content)

    threads = [threading.Thread(target=store_again, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert memory.read("f") in contents | {b"old"}
    for thread in threads:
        thread.join()
    assert memory.read("f") in contents
    assert os.listdir(memory.root) == ["f"]


def test_a_hidden_name_that_somebody_else_has_taken_is_left_to_them(memory):
    memory.write("f", b"old")
    with inside(memory) as c:
        for _ in range(3):
            c.store("STOR f", b"new")
        names = hidden_names(memory)
        assert names
        for name in names:
            memory.write(name, b"somebody else's")
        for i in range(5):
            c.store("STOR f", b"%d" % i)
            assert memory.read("f") == b"%d" % i
    assert set(os.listdir(memory.root)) == {"f"} | names


def test_who_is_killed_leaves_the_old_file_and_nothing_else(memory):
    memory.write("f", b"old")
    with inside(memory) as c:
        for content in (b"1", b"2", b"3"):
            c.store("STOR f", content)
        data = c.begin("STOR f")
        data.sendall(b"half")
        c.socket.close()  # without QUIT: whoever was there is gone
        data.close()
    with inside(memory) as c:
        assert c.fetch("RETR f") == b"3"
    memory.kill()
    with Server(root=memory.root, state=memory.state) as again, inside(again) as c:
        assert c.fetch("RETR f") == b"3"
    assert os.listdir(memory.root) == ["f"]


def test_who_is_killed_while_a_file_is_published_leaves_the_old_one(release, shim, memory_root,
                                                                    tmp_path):
    """The hidden name that it has until then is in the journal."""
    switch = tmp_path / "switch"
    switch.write_text("0")
    server = Server(binary=release, root=memory_root, env={
        "LD_PRELOAD": shim, "FERRY_SHIM": "die-in-rename", "FERRY_SHIM_FILE": str(switch)})
    with server:
        server.write("f", b"old")
        with inside(server) as c:
            for content in (b"1", b"2"):
                c.store("STOR f", content)
            switch.write_text("1")
            data = c.begin("STOR f")
            data.sendall(b"3")
            data.close()
            assert eventually(lambda: server.process.poll() is not None)
        assert len(os.listdir(memory_root)) == 2
        server.process.stdout.close()
        server.env = {}
        server.start()
        assert server.read("f") == b"2"
        assert os.listdir(memory_root) == ["f"]
