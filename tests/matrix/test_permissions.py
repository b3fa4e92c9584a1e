# SPDX-License-Identifier: Apache-2.0
"""Every action by every kind of user: what is answered, and what the disk says afterwards.

A row's answers are those of a writer, of a read-only user and of anonymous. A refused
row must leave the tree exactly as it was, byte and date.
"""

import os

import pytest

from harness import HASH_OF_SECRET, Server

CONFIG = """
user "reader" {
    password = "%s"
    root = "@ROOT@"
    read_only = true
}
""" % HASH_OF_SECRET
WHO = ("writer", "reader", "anonymous")
READING = {who: "good" for who in WHO}
WRITING = {"writer": "good", "reader": "refused", "anonymous": "refused"}

# What is sent, the replies when it is good, those when it is refused, whose it is.
COMMANDS = [
    (["CWD d"], ["250"], None, READING),
    (["PWD"], ["257"], None, READING),
    (["SIZE f"], ["213"], None, READING),
    (["MDTM f"], ["213"], None, READING),
    (["MLST f"], ["250"], None, READING),
    (["STAT f"], ["213"], None, READING),
    (["HASH f"], ["213"], None, READING),
    (["XCRC f"], ["250"], None, READING),
    (["AVBL"], ["213"], None, READING),
    (["MKD new"], ["257"], ["550"], WRITING),
    (["XMKD new"], ["257"], ["550"], WRITING),
    (["RMD empty"], ["250"], ["550"], WRITING),
    (["RMDA d"], ["250"], ["550"], WRITING),
    (["DELE f"], ["250"], ["550"], WRITING),
    (["RNFR f", "RNTO g"], ["350", "250"], ["550", "503"], WRITING),
    (["SITE CHMOD 600 f"], ["200"], ["550"], WRITING),
    (["SITE UTIME 20200101000000 f"], ["200"], ["550"], WRITING),
    (["SITE SYMLINK f link"], ["200"], ["550"], WRITING),
    (["SITE COPY f copy"], ["250"], ["550"], WRITING),
    (["SITE CPFR f", "SITE CPTO copy"], ["350", "250"], ["350", "553"], WRITING),
    (["MFMT 20200101000000 f"], ["213"], ["550"], WRITING),
    (["MFCT 20200101000000 f"], ["213"], ["550"], WRITING),
    (["MFF modify=20200101000000; f"], ["213"], ["550"], WRITING),
    (["COMB whole f d/inner"], ["250"], ["550"], WRITING),
]
TRANSFERS = [
    ("RETR f", READING, "550"),
    ("LIST", READING, "550"),
    ("NLST", READING, "550"),
    ("MLSD", READING, "550"),
    ("STOR f", WRITING, "553"),
    ("STOR new", WRITING, "553"),
    ("APPE f", WRITING, "553"),
    ("STOU", WRITING, "553"),
]


@pytest.fixture(scope="module")
def house():
    with Server("--anonymous", users=("writer:secret",), config=CONFIG) as running:
        yield running


@pytest.fixture
def before(house):
    house.empty()
    house.write("f", b"content")
    house.write("d/inner", b"inner")
    os.mkdir(house.path("empty"))
    return house.photograph()


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("lines,good,refused,whose", COMMANDS, ids=[row[0][0] for row in COMMANDS])
def test_command(house, before, lines, good, refused, whose, who):
    with house.login(who, "secret") as c:
        answers = [c.ask(line).code for line in lines]
    assert answers == (good if whose[who] == "good" else refused)
    if whose[who] == "refused":
        assert house.photograph() == before
    elif whose is WRITING:
        assert house.photograph() != before


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("line,whose,refused", TRANSFERS, ids=[row[0] for row in TRANSFERS])
def test_transfer(house, before, line, whose, refused, who):
    with house.login(who, "secret") as c:
        c.ask("TYPE I", "200")
        if whose[who] == "refused":
            c.refuse(line, refused)
        elif whose is WRITING:
            c.store(line, b"new content")
            assert any(b"new content" in entry[3] for entry in house.photograph().values() if entry[3])
        else:
            assert c.fetch(line)
    if whose[who] == "refused" or whose is READING:
        assert house.photograph() == before


@pytest.mark.parametrize("name", ["anonymous", "ftp", "FTP", "Anonymous"])
def test_anonymous_has_both_its_names_in_any_case(house, before, name):
    """RFC 1635 1; `ftp` is what every server's users are used to."""
    with house.login(name, "me@example.org") as c:
        assert c.fetch("RETR f") == b"content"
