# SPDX-License-Identifier: Apache-2.0
"""ferry mirror against ferryd: what a copy of a tree keeps, and what becomes of it without a server."""

import json
import os
import signal
import stat
import subprocess

import pytest

from harness import SANITIZER_ENV, Server
from scripted import FERRY, HOME, ferry

pytestmark = pytest.mark.clear

LONG_AGO = 1_000_000_000
DIRECTORIES = {"a": 0o755, "a/b": 0o700, "a/b/empty": 0o750, "locked": 0o555}


def url(server, path=""):
    return f"ftp://demo:secret@127.0.0.1:{server.port}/{path}"


def mirror(source, target, *options, **how):
    return ferry("mirror", "--tls", "off", *options, str(source), str(target), **how)


def facts_of(root):
    """Of each directory in a tree: permissions and time."""
    return {path: (stat.S_IMODE(info.st_mode), int(info.st_mtime))
            for path in DIRECTORIES for info in [os.stat(os.path.join(root, path))]}


@pytest.fixture(name="tree")
def fixture_tree(tmp_path):
    tree = tmp_path / "tree"
    for path in DIRECTORIES:
        (tree / path).mkdir(parents=True)
    for name in ("a/one", "a/b/two", "locked/three"):
        (tree / name).write_bytes(name.encode())
    for i, (path, mode) in enumerate(DIRECTORIES.items()):
        (tree / path).chmod(mode)
        os.utime(tree / path, (LONG_AGO, LONG_AGO + i))
    return tree


@pytest.mark.parametrize("parallel", ["1", "4"])
def test_directories_keep_their_times_and_permissions(server, tree, tmp_path, parallel):
    mirror(tree, url(server, "up"), "--parallel", parallel)
    assert facts_of(server.path("up")) == facts_of(tree)
    mirror(url(server, "up"), tmp_path / "down", "--parallel", parallel)
    assert facts_of(tmp_path / "down") == facts_of(tree)
    assert (tmp_path / "down/locked/three").read_bytes() == b"locked/three"


def test_what_is_done_in_a_directory_later_does_not_change_its_time(server, tree, tmp_path):
    mirror(tree, url(server, "up"))
    mirror(url(server, "up"), tmp_path / "down")
    (tree / "a/b/new").write_bytes(b"new")
    os.utime(tree / "a/b", (LONG_AGO, LONG_AGO + 77))
    mirror(tree, url(server, "up"))
    assert facts_of(server.path("up")) == facts_of(tree)
    mirror(url(server, "up"), tmp_path / "down")
    assert facts_of(tmp_path / "down") == facts_of(tree)


def test_nothing_is_said_of_directories_that_are_as_they_should_be(server, tree):
    first = mirror(tree, url(server, "up"), "-vvv").stderr
    again = mirror(tree, url(server, "up"), "-vvv").stderr
    assert first.count(b"> MFMT") == 3 + len(DIRECTORIES)
    assert b"> MFMT" not in again and b"> SITE" not in again


def test_times_and_permissions_that_are_not_wanted_are_left(server, tree, tmp_path):
    options = ("--no-keep-times", "--no-keep-modes")
    mirror(tree, url(server, "up"), *options)
    told = facts_of(server.path("up"))
    assert all(when > LONG_AGO + 1000 for _, when in told.values())
    assert told["a/b"][0] == 0o755
    mirror(url(server, "up"), tmp_path / "down", "--dry-run")
    assert not (tmp_path / "down").exists()


def test_permissions_from_elsewhere_are_less_the_umask(server, tmp_path):
    os.mkdir(server.path("open"))
    os.chmod(server.path("open"), 0o777)
    server.write("open/f", b"x")
    os.chmod(server.path("open/f"), 0o777)
    before = os.umask(0o027)
    try:
        mirror(url(server), tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "open/f").stat().st_mode) == 0o750


def test_a_tree_whose_server_has_gone_for_good_is_left(tmp_path):
    """Not each of its files is waited for; what is there stays, and what became of it is said."""
    count = 200
    with Server() as server:
        for i in range(count):
            server.write(f"{i:03}", os.urandom(300_000))
        process = subprocess.Popen(
            [FERRY, "mirror", "--tls", "off", "--json", "--retries", "1", "--retry-delay", "1",
             "--download-rate", "3M", url(server), str(tmp_path / "down")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, **SANITIZER_ENV, HOME=HOME))
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "transfer-end":
                assert event["duration_ms"] > 0  # 300 kB, at 3 MB/s for four of them
                break
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        rest, _ = process.communicate(timeout=120)
    events = [json.loads(line) for line in rest.splitlines()]
    errors = [event for event in events if event["event"] == "error"]
    assert process.returncode == 9
    assert len(errors) <= 5
    assert "does not come back" in errors[-1]["text"]
    assert events[-1]["event"] == "summary" and events[-1]["status"] == "partial"
    whole = [name for name in os.listdir(tmp_path / "down") if not name.startswith(".")]
    assert 0 < len(whole) < count
    assert all((tmp_path / "down" / name).stat().st_size == 300_000 for name in whole)


# ---- What is removed, and what is not ---------------------------------------------------

def mirror_both_ways(server, tmp_path, fill_source, fill_target, *options):
    """The target as it is afterwards, once here and once there; each is a path with two trees."""
    for to_server in (False, True):
        here, there = tmp_path / f"here{to_server}", f"there{to_server}"
        os.makedirs(server.path(there))
        here.mkdir()
        there_root = os.fsdecode(server.path(there))
        source, target = (str(here), there_root) if to_server else (there_root, str(here))
        fill_source(source)
        fill_target(target)
        words = (here, url(server, there)) if to_server else (url(server, there), here)
        mirror(*words, *options)
        yield {os.path.relpath(os.path.join(folder, name), target)
               for folder, folders, names in os.walk(target) for name in (*folders, *names)}, target


def write(root, path, content=b"x"):
    os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
    with open(os.path.join(root, path), "wb") as f:
        f.write(content)


def test_what_a_pattern_leaves_out_stays_with_its_directories(server, tmp_path):
    def fill(root):
        for path in ("d/keep.o", "d/gone.c", "d/e/gone.c", "gone.c", "keep.o"):
            write(root, path)
    for left, _ in mirror_both_ways(server, tmp_path, lambda root: write(root, "new"), fill,
                                    "--delete", "--exclude", "*.o"):
        assert left == {"d", "d/keep.o", "keep.o", "new"}


def test_a_file_and_a_directory_take_each_others_place(server, tmp_path):
    def fill_source(root):
        write(root, "x/y", b"in x")
        write(root, "z", b"z is a file")

    def fill_target(root):
        write(root, "x", b"x was a file")
        write(root, "z/y/a", b"z was a tree")
    for left, target in mirror_both_ways(server, tmp_path, fill_source, fill_target, "--delete"):
        assert left == {"x", "x/y", "z"}
        with open(os.path.join(target, "z"), "rb") as z:
            assert z.read() == b"z is a file"


def test_what_stays_in_the_way_is_told_once(server, tmp_path):
    write(tmp_path / "down", "x/keep.o")
    server.write("x", b"a file")
    result = mirror(url(server), tmp_path / "down", "--delete", "--exclude", "*.o", status=1)
    assert result.stderr.count(b"ferry: x: ") == 1
    assert os.listdir(tmp_path / "down/x") == ["keep.o"]


@pytest.mark.parametrize("option", ["--newer", "--only-missing"])
def test_what_may_not_be_replaced_is_not_for_its_bytes_either(server, tmp_path, option):
    def fill_source(root):
        write(root, "f", b"old")
        os.utime(os.path.join(root, "f"), (LONG_AGO, LONG_AGO))
    for _, target in mirror_both_ways(server, tmp_path, fill_source,
                                      lambda root: write(root, "f", b"new"), option, "--verify"):
        with open(os.path.join(target, "f"), "rb") as f:
            assert f.read() == b"new"


def test_links_to_files_are_copied_as_files_and_others_told(server, tmp_path):
    def fill(root):
        write(root, "f", b"content")
        os.symlink("f", os.path.join(root, "to-file"))
        os.symlink(".", os.path.join(root, "to-itself"))
        os.symlink("nowhere", os.path.join(root, "to-nothing"))
    for left, target in mirror_both_ways(server, tmp_path, fill, lambda root: None):
        assert left == {"f", "to-file"}
        with open(os.path.join(target, "to-file"), "rb") as f:
            assert f.read() == b"content"
        assert not os.path.islink(os.path.join(target, "to-file"))


def test_links_are_kept_as_links_when_they_are_to_be(server, tmp_path):
    write(os.fsdecode(server.path("")), "t/f", b"content")
    os.symlink("f", server.path("t/to-file"))
    mirror(url(server, "t"), tmp_path / "down", "--keep-links")
    assert os.readlink(tmp_path / "down/to-file") == "f"
