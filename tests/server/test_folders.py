# SPDX-License-Identifier: Apache-2.0
"""Virtual folders: parts of a user's tree that are elsewhere, and others' too."""

import os
import re

import pytest

from harness import Server

PASSWORD = "secret-7-words"


@pytest.fixture(scope="module")
def house():
    with Server(users=(), database=True) as running:
        for name in ("public", "archive"):
            os.makedirs(os.path.join(running.base, name))
        running.ctl("folder", "add", "public", "--path", os.path.join(running.base, "public"))
        running.ctl("folder", "add", "archive", "--path", os.path.join(running.base, "archive"),
                    "--read-only")
        running.add_user("anna", "--folder", "public:/pub", "--folder", "archive:/d/old",
                         root=running.root)
        yield running


@pytest.fixture
def inside(house):
    house.empty()
    house.write("f", b"home")
    os.mkdir(house.path("d"))
    for name in ("public", "archive"):
        for old in os.listdir(os.path.join(house.base, name)):
            os.unlink(os.path.join(house.base, name, old))
        with open(os.path.join(house.base, name, name[0]), "wb") as f:
            f.write(name.encode())
    with house.login("anna", PASSWORD) as c:
        c.ask("TYPE I", "200")
        yield c


def names(listing):
    return [line.split(b" ")[-1] for line in listing.splitlines()]


def test_a_folder_is_listed_where_it_is_mounted(inside):
    for verb in ("LIST", "MLSD"):
        assert sorted(names(inside.fetch(verb))) == [b"d", b"f", b"pub"]
        assert names(inside.fetch(f"{verb} d")) == [b"old"]
    assert inside.fetch("NLST pub") == b"pub/p\r\n"
    listed = inside.fetch("LIST -R")
    assert b" p\r\n" in listed and b" a\r\n" in listed
    assert "type=dir" in inside.ask("MLST /pub", "250").text.lower()
    perm = re.search(rb"perm=(\w*)[^\n]* pub\r", inside.fetch("MLSD"), re.I).group(1)
    assert perm == b"celmp"
    perm = re.search(rb"perm=(\w*)[^\n]* old\r", inside.fetch("MLSD d"), re.I).group(1)
    assert perm == b"el"


def test_files_in_a_folder_are_the_folders(house, inside):
    inside.ask("CWD pub", "250")
    inside.store("STOR new", b"new")
    assert inside.fetch("RETR new") == b"new"
    assert inside.fetch("RETR ../f") == b"home"
    assert inside.fetch("RETR ../d/old/a") == b"archive"
    inside.ask("CDUP", "200")
    assert '"/"' in inside.ask("PWD", "257").text
    with open(os.path.join(house.base, "public", "new"), "rb") as f:
        assert f.read() == b"new"


def test_between_a_folder_and_the_root_files_are_copied_not_renamed(house, inside):
    inside.ask("RNFR f", "350")
    inside.ask("RNTO pub/f", "550", "553")
    inside.ask("SITE COPY f pub/f", "250")
    inside.ask("RNFR pub/f", "350")
    inside.ask("RNTO pub/g", "250")
    inside.ask("DELE pub/g", "250")
    assert house.read("f") == b"home"


@pytest.mark.parametrize("lines", [
    ["RMD pub"], ["RMDA pub"], ["DELE pub"], ["MKD pub"], ["RNFR pub"], ["RNFR f", "RNTO pub"],
    ["SITE CHMOD 700 pub"], ["SITE SYMLINK f pub"], ["RMD d"], ["RMDA d"], ["RNFR d"],
    ["DELE d/old/a"], ["MKD d/old/new"], ["RMDA d/old"], ["RNFR d/old/a"], ["SITE COPY f d/old/f"],
    ["MFMT 20200101000000 d/old/a"]], ids="|".join)
def test_what_a_folder_does_not_allow(house, inside, lines):
    for line in lines[:-1]:
        inside.ask(line, "350")
    inside.ask(lines[-1], "550", "553")
    assert house.names() == ["d", "f"]
    assert os.listdir(os.path.join(house.base, "public")) == ["p"]
    assert os.listdir(os.path.join(house.base, "archive")) == ["a"]


def test_uploads_to_a_folder_that_is_only_read_are_refused(inside):
    inside.refuse("STOR d/old/new", "553")
    inside.refuse("APPE d/old/a", "553")
    assert inside.fetch("RETR d/old/a") == b"archive"
