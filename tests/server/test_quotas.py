# SPDX-License-Identifier: Apache-2.0
"""Quotas as a client meets them: to the byte, many at once, after a kill."""

import json
import os
import threading

import pytest

from harness import Server, eventually

PASSWORD = "secret-7-words"
LINE = b"x" * 99 + b"\n"


@pytest.fixture
def audited(tmp_path):
    log = tmp_path / "audit.json"
    with Server("--audit", str(log), database=True) as running:
        running.audit_log = log
        yield running


def inside(server, name):
    client = server.login(name, PASSWORD)
    client.ask("TYPE I", "200")
    return client


def quotas(client):
    return [line.decode().strip() for line in client.ask("SITE QUOTA", "200").lines[1:-1]]


def used_on_disk(root):
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
    return sum(os.path.getsize(path) for path in paths), len(paths)


def test_552_at_the_exact_byte():
    with Server(database=True) as server:
        root = server.add_user("alice", "--quota-bytes", "1000")
        with inside(server, "alice") as c:
            c.store("STOR a", LINE * 6)
            c.store("STOR b", LINE * 4 + b"x", codes=("552",))
            assert os.listdir(root) == ["a"]
            c.store("STOR b", LINE * 4)
            c.store("APPE a", b"x", codes=("552",))
            c.store("STOR a", LINE * 6)  # over itself it adds nothing
            c.store("STOR a", LINE * 6 + b"x", codes=("552",))
            assert quotas(c) == ["user alice: quota", "1000 of 1000 bytes", "2 files, without a limit"]
            assert c.ask("AVBL", "213").text == "213 0"
            c.ask("DELE b", "250")
            assert c.ask("AVBL", "213").text == "213 400"
            c.store("APPE a", LINE * 4)
            assert used_on_disk(root) == (1000, 1)


def test_as_many_files_as_are_allowed():
    with Server(database=True) as server:
        root = server.add_user("alice", "--quota-files", "2")
        with inside(server, "alice") as c:
            c.store("STOR a", b"1")
            c.store("STOR b", b"1")
            c.refuse("STOR c", "552")
            c.ask("RNFR a", "350")
            c.ask("RNTO b", "250")
            c.store("STOR c", b"1")
            c.refuse("SITE COPY b d", "552")
            assert used_on_disk(root) == (2, 2)


def test_what_is_combined_needs_room():
    with Server(database=True) as server:
        root = server.add_user("alice", "--quota-bytes", "1500")
        with inside(server, "alice") as c:
            c.store("STOR a", LINE * 6)
            c.store("STOR b", LINE * 4)
            c.ask("COMB whole a b", "552")
            assert sorted(os.listdir(root)) == ["a", "b"]
            c.ask("COMB a b", "250")
            assert used_on_disk(root) == (1000, 1)


def test_no_file_is_longer_than_max_file_size():
    with Server(database=True) as server:
        server.add_user("alice", "--max-file-size", "600")
        with inside(server, "alice") as c:
            c.store("STOR a", LINE * 6 + b"x", codes=("552",))
            c.store("STOR a", LINE * 6)
            c.store("APPE a", b"x", codes=("552",))


def test_twenty_uploads_at_once_do_not_exceed_a_quota():
    with Server(database=True) as server:
        root = server.add_user("alice", "--quota-bytes", "100000")
        content = b"x" * 9999
        codes = []

        def upload(number):
            with inside(server, "alice") as c:
                codes.append(c.store(f"STOR f{number}", content, codes=("226", "552")).code)

        threads = [threading.Thread(target=upload, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(codes) == 20
        used, files = used_on_disk(root)
        assert used <= 100000
        assert files == codes.count("226") <= 10
        with inside(server, "alice") as c:
            assert quotas(c)[1] == f"{used} of 100000 bytes"


def test_a_group_shares_its_quota():
    with Server(database=True) as server:
        server.ctl("group", "add", "staff", "--quota-bytes", "1000")
        server.add_user("ann", "--group", "staff")
        server.add_user("ben", "--group", "staff")
        with inside(server, "ann") as ann, inside(server, "ben") as ben:
            ann.store("STOR a", LINE * 6)
            ben.store("STOR b", LINE * 5, codes=("552",))
            ben.store("STOR b", LINE * 4)
            assert quotas(ann) == ["group staff: quota", "1000 of 1000 bytes", "2 files, without a limit"]


def test_after_a_kill_the_tree_is_counted_anew():
    with Server(database=True) as server:
        root = server.add_user("alice", "--quota-bytes", "1000")
        with inside(server, "alice") as c:
            c.store("STOR a", LINE * 3)
            data = c.begin("STOR b")
            data.sendall(LINE * 4)
            server.kill()
            data.close()
        with open(os.path.join(root, "by-others"), "wb") as f:
            f.write(LINE)
        server.start()
        with inside(server, "alice") as c:
            assert quotas(c)[1:] == ["400 of 1000 bytes", "2 files, without a limit"]
            c.store("STOR c", LINE * 6 + b"x", codes=("552",))
            c.store("STOR c", LINE * 6)


def test_what_breaks_gives_back_what_it_had_reserved():
    with Server(database=True) as server:
        server.add_user("alice", "--quota-bytes", "1000")
        with inside(server, "alice") as c, inside(server, "alice") as other:
            c.store("STOR a", LINE)
            data = c.begin("STOR a")
            data.sendall(LINE * 9)
            assert eventually(lambda: other.ask("AVBL", "213").text == "213 100")
            c.send("ABOR")
            c.expect("426")
            c.expect("225", "226")
            data.close()
            assert other.ask("AVBL", "213").text == "213 900"


def test_trees_inside_each_other_are_both_right():
    with Server(database=True) as server:
        outer = server.add_user("boss", "--quota-bytes", "2000")
        inner = os.path.join(outer, "ann")
        os.mkdir(inner)
        server.add_user("ann", "--quota-bytes", "1000", root=inner)
        with inside(server, "boss") as boss, inside(server, "ann") as ann:
            ann.store("STOR a", LINE * 5)
            boss.store("STOR ann/b", LINE * 3)
            assert quotas(ann)[1] == "800 of 1000 bytes"
            assert quotas(boss)[1] == "800 of 2000 bytes"
            boss.ask("RNFR ann/b", "350")
            boss.ask("RNTO b", "250")
            assert quotas(ann)[1] == "500 of 1000 bytes"
            assert quotas(boss)[1] == "800 of 2000 bytes"


def test_who_has_a_ratio_uploads_first():
    with Server(database=True) as server:
        root = server.add_user("alice", "--ratio", "1:5")
        with open(os.path.join(root, "there"), "wb") as f:
            f.write(LINE * 10)
        with inside(server, "alice") as c:
            c.refuse("RETR there", "550")
            c.store("STOR mine", LINE * 2)
            assert c.fetch("RETR there") == LINE * 10
            c.refuse("RETR mine", "550")


def test_the_audit_names_the_quota(audited):
    audited.add_user("alice", "--quota-bytes", "100")
    with inside(audited, "alice") as c:
        c.store("STOR a", LINE + b"x", codes=("552",))

    def refusals():
        events = [json.loads(line) for line in audited.audit_log.read_text().splitlines()]
        return [event.get("rule") for event in events if event.get("result") == "TOO_LARGE"]

    assert eventually(lambda: refusals() == ["user alice: quota"])


def test_quotas_are_told_in_spanish():
    with Server(database=True) as server:
        server.add_user("alice", "--quota-bytes", "100")
        with inside(server, "alice") as c:
            c.ask("LANG es", "200")
            assert quotas(c) == ["user alice: quota", "0 de 100 bytes", "0 ficheros, sin límite"]
