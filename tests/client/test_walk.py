# SPDX-License-Identifier: Apache-2.0
"""ferry find and ferry du: what a tree on a server has, and how much it is."""

import json
import os

import pytest

from scripted import MLST, PASSIVE, Scripted, login
from test_ferry import ferry, url

pytestmark = pytest.mark.clear  # the URLs here say no TLS


@pytest.fixture(name="tree", scope="module")
def fixture_tree(shared):
    shared.empty()
    for path, size in {b"top.iso": 3000, b"a/one.txt": 100, b"a/b/two.iso": 5000,
                       b"a/b/c/three.ISO": 7, b"a b/%[x].txt": 1, b"a\x1b[2J/four.iso": 1}.items():
        shared.write(path, b"x" * size)
    os.mkdir(os.path.join(shared.root, "empty"))
    os.symlink("..", os.path.join(shared.root, "a", "up"))
    return shared


def found(server, path, *tests):
    return ferry("find", url(server, path), *tests).stdout.decode().splitlines()


def test_everything_below_is_found_and_no_link_followed(tree):
    assert found(tree, "a") == ["a/b", "a/b/c", "a/b/c/three.ISO", "a/b/two.iso", "a/one.txt",
                                "a/up"]
    assert found(tree, "empty") == []


def test_tests_are_those_of_find(tree):
    assert found(tree, "a", "-name", "*.iso") == ["a/b/two.iso"]
    assert found(tree, "a", "-iname", "*.iso") == ["a/b/c/three.ISO", "a/b/two.iso"]
    assert found(tree, "a", "-type", "d") == ["a/b", "a/b/c"]
    assert found(tree, "a", "-type", "l") == ["a/up"]
    assert found(tree, "a", "-size", "+99", "-size", "-5k") == ["a/b/two.iso", "a/one.txt"]
    assert found(tree, "a", "-mtime", "-1", "-name", "one*") == ["a/one.txt"]
    assert found(tree, "a", "-mtime", "+1") == []
    assert found(tree, "a", "-maxdepth", "1", "-type", "f") == ["a/one.txt"]
    assert found(tree, "a", "-mindepth", "3") == ["a/b/c/three.ISO"]


def test_where_the_login_lands_paths_are_relative(tree):
    names = found(tree, "", "-maxdepth", "1")
    assert "top.iso" in names and "a b" in names
    assert "a\\x1B[2J" in names


def test_a_file_is_found_itself(tree):
    assert found(tree, "top.iso", "-name", "*.iso") == ["top.iso"]
    assert found(tree, "top.iso", "-name", "*.txt") == []


def test_several_trees_and_options_before_them(tree):
    out = ferry("find", "--json", url(tree, "a/b"), url(tree, "a%20b"), "-type", "f").stdout
    events = [json.loads(line) for line in out.splitlines()]
    entries = [e for e in events if e["event"] == "listing-entry"]
    assert [(e["directory"], e["name"], e["size"]) for e in entries] == [
        ("a/b/c", "three.ISO", 7), ("a/b", "two.iso", 5000), ("a b", "%[x].txt", 1)]


def test_what_cannot_be_found_is_told(tree):
    assert b"no such test" in ferry("find", url(tree, "a"), "-frob", "x", status=2).stderr
    assert b"needs a value" in ferry("find", url(tree, "a"), "-name", status=2).stderr
    assert b"none" in ferry("find", url(tree, "none"), status=7).stderr
    assert b"takes a URL" in ferry("find", "--", "-name", "x", status=2).stderr


def usage(server, path, *options):
    out = ferry("du", *options, "--json", url(server, path)).stdout
    events = [json.loads(line) for line in out.splitlines()]
    return {e["path"]: (e["bytes"], e["files"]) for e in events if e["event"] == "usage"}


def test_what_directories_come_to(tree):
    assert usage(tree, "a") == {"a/b/c": (7, 1), "a/b": (5007, 2), "a": (5107, 3)}
    assert usage(tree, "a", "-s") == {"a": (5107, 3)}
    assert usage(tree, "empty") == {"empty": (0, 0)}
    assert usage(tree, "top.iso") == {"top.iso": (3000, 1)}


def test_people_read_it_in_columns(tree):
    lines = ferry("du", url(tree, "a")).stdout.decode().splitlines()
    assert lines == ["       7 B  a/b/c", "   4.8 KiB  a/b", "   4.9 KiB  a"]
    assert ferry("du", "-s", url(tree)).stdout.decode().split()[-1] == "."


def test_a_directory_that_is_not_there_has_no_sum(tree):
    assert b"none" in ferry("du", url(tree, "none"), status=7).stderr
    assert b"usage" not in ferry("du", "--json", url(tree, "none"), status=7).stdout


@pytest.mark.parametrize("command", ["find", "du"])
def test_a_tree_of_which_a_part_cannot_be_seen_is_seen_in_part(command):
    listed = f"{PASSIVE}C: MLSD\nS: 150 go\nD> type=dir; d\\r\\n\nD.\nS: 226 done\n"
    with Scripted(f"{login(MLST)}{listed}{PASSIVE}C: MLSD d\nS: 550 d: Permission denied") as server:
        assert b"denied" in server.ferry(command, "@", status=9).stderr


def test_trees_are_removed_whole(tree):
    tree.write(b"gone/a/b/f", b"x")
    os.symlink("..", os.path.join(tree.root, "gone", "a", "up"))
    ferry("rm", "-r", url(tree, "gone"))
    assert "gone" not in tree.names()
    assert "top.iso" in tree.names()
