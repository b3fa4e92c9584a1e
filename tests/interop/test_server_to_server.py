# SPDX-License-Identifier: Apache-2.0
"""Files that go from server to server, and never to the user (RFC 959, figures 2 and 3)."""

import os
import re

import pytest

import wire
from harness import Client, Server
from peers import Proftpd, Vsftpd

pytestmark = pytest.mark.clear  # two servers cannot shake hands: neither is TLS's client
CONTENT = b"".join(b"%d %s\n" % (i, b"x" * (i % 90)) for i in range(20_000))


@pytest.fixture
def ferryd(tmp_path):
    with Server("--allow-fxp") as running:
        yield running


@pytest.fixture(params=[Vsftpd, Proftpd], ids=lambda kind: kind.name)
def peer(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    for place in (root, *root.parents[:2]):  # what is above is not ours to change
        os.chmod(place, 0o755)
    os.makedirs(root / "pub")
    os.chmod(root / "pub", 0o777)
    with request.param(root) as running:
        yield running


def anonymous(port):
    client = Client(port)
    client.expect("220")
    client.ask("USER anonymous", "331", "230")
    client.ask("PASS me@example.org", "230")
    return client


def exchange(source, name, target, other_name, listens, end="226"):
    """One of both listens, the other connects to it; `source` sends, `target` stores."""
    passive, active = (source, target) if listens == "source" else (target, source)
    numbers = re.search(rb"\(?([\d]+,[\d,]+)\)?", passive.ask("PASV", "227").lines[0][4:]).group(1)
    active.ask(f"PORT {numbers.decode()}", "200")
    first, second = ((source, f"RETR {name}"), (target, f"STOR {other_name}"))
    if listens == "target":
        first, second = second, first
    for client, command in (first, second):
        client.send(command)
    for client in (source, target):
        client.expect("150", "125")
        client.expect(end)


@pytest.mark.parametrize("listens", ["source", "target"])
@pytest.mark.parametrize("kind", ["A", "I"])
def test_ferryd_sends_to_and_takes_from_others(ferryd, peer, kind, listens):
    ferryd.write("f", CONTENT)
    ferryd.write("old", b"")
    with ferryd.login() as ours, anonymous(peer.port) as theirs:
        ours.ask(f"TYPE {kind}", "200")
        theirs.ask(f"TYPE {kind}", "200")
        exchange(ours, "f", theirs, "pub/g", listens)
        with open(os.path.join(peer.root, "pub/g"), "rb") as f:
            assert f.read() == CONTENT
        os.chmod(os.path.join(peer.root, "pub/g"), 0o644)
        exchange(theirs, "pub/g", ours, "back", listens)
        assert ferryd.read("back") == CONTENT


PARAMETERS = [("I", "F", "S"), ("A", "F", "B"), ("E", "F", "C"), ("I", "R", "S"), ("E", "R", "B"),
              ("L 36", "P", "S"), ("I", "P", "C"), ("A", "F", "Z"), ("L 7", "F", "B")]


@pytest.mark.parametrize("listens", ["source", "target"])
@pytest.mark.parametrize("kind,structure,mode", PARAMETERS)
def test_two_ferryd_exchange_every_kind_of_file(kind, structure, mode, listens):
    with Server("--allow-fxp") as a, Server("--allow-fxp", address="127.0.0.7") as b:
        with a.login() as source, b.login(host="127.0.0.7") as target:
            for c in (source, target):
                wire.set_parameters(c, kind, structure, mode)
            if structure == "R":
                records = [b"one", b"", b"two\n", b"three"]
                wire.store(source, "f", records, "R", mode, kind[0])
            elif kind == "L 7":
                wire.store(source, "f", CONTENT, "F", mode, "L")
            else:
                size = len(CONTENT) // 8 * 8
                words = b"".join(b"\0\0\0\0" + CONTENT[i:i + 4] for i in range(0, size, 4))
                a.write("f", words if kind == "L 36" else CONTENT)
            end = "250" if mode in "BC" else "226"
            exchange(source, "f", target, "g", listens, end)
            assert b.read("g") == a.read("f")
            if structure == "R":
                assert wire.fetch(target, "g", "R", mode, kind[0]) == records


def test_several_files_go_from_server_to_server_over_one_connection():
    with Server("--allow-fxp") as a, Server("--allow-fxp", address="127.0.0.7") as b:
        with a.login() as source, b.login(host="127.0.0.7") as target:
            for c in (source, target):
                wire.set_parameters(c, "I", "F", "B")
            for i in range(3):
                a.write(f"f{i}", b"%d" % i * 100_000)
            exchange(source, "f0", target, "f0", "target", "250")
            for name in ("f1", "f2"):
                target.send(f"STOR {name}")
                source.send(f"RETR {name}")
                for c in (source, target):
                    c.expect("125")
                    c.expect("250")
            assert [b.read(f"f{i}") for i in range(3)] == [b"%d" % i * 100_000 for i in range(3)]
