# SPDX-License-Identifier: Apache-2.0
"""ferry's shell, fed with lines: what moves files, in the background too, and this machine."""

import os

import pytest

from shell_lines import covers, said
from shell_lines import shell  # noqa: F401 (fixture)

pytestmark = pytest.mark.clear


# ---- Transfers ----------------------------------------------------------------------------------

@covers("get", "recv")
def test_get_fetches(shell):
    shell.server.write("d/a", b"one")
    (shell.here / "into").mkdir()
    done = shell("get d/a", "recv d/a b", "get d/a into", "get d/a -", "get d/a '|cat >piped'",
                 "get gone", "get d", status=9)
    for name in ("a", "b", "into/a", "piped"):
        assert (shell.here / name).read_bytes() == b"one"
    assert done.stdout == b"one" and b"gone: 550" in done.stderr
    assert sorted(os.listdir(shell.here)) == ["a", "b", "into", "piped"]


@covers("put", "send")
def test_put_sends(shell):
    (shell.here / "a").write_bytes(b"one")
    os.mkdir(shell.server.path("d"))
    done = shell("put a", "send a b", "put a d/", "put '|echo two' c", "put ~/a home",
                 "put '|echo two'", "put gone", status=9)
    for name in ("a", "b", "d/a", "home"):
        assert shell.server.read(name) == b"one"
    assert shell.server.read("c") == b"two\n"
    assert b"say what it is to be called" in done.stderr and b"gone" in done.stderr


def test_a_command_that_fails_has_not_said_all(shell):
    """What it said is half a file: nothing gets the name there, and what was there stays."""
    shell.server.write("kept", b"precious")
    done = shell("put '|echo part; exit 3' new", "put '|echo part; kill -9 $$' kept",
                 status=1)
    assert shell.server.names() == ["kept"] and shell.server.read("kept") == b"precious"
    assert b"|echo part; exit 3: ended with status 3" in done.stderr
    assert b"ended by signal 9" in done.stderr


def test_a_command_that_cannot_take_a_file_is_told(shell):
    shell.server.write("a", b"one\n")
    done = shell("get a '|cat; exit 3'", status=9)
    assert done.stdout == b"one\n" and b"|cat; exit 3: ended with status 3" in done.stderr
    assert b"status 4" in shell("nlist . '|cat; exit 4'", status=9).stderr


def test_put_takes_what_is_behind_its_line(shell):
    done = shell("put - a", "not a command", "nor this")
    assert shell.server.read("a") == b"not a command\nnor this\n" and done.stdout == b""


def test_what_is_missing_here_is_not_the_server_s_doing(shell):
    """Whatever a command before it has been told by the server."""
    (shell.here / "a").write_bytes(b"1")
    (shell.here / "dir").mkdir()
    done = shell("rmdir there", "mput gone", "append gone a", "put dir", "get there dir/no/x",
                 status=1)
    lines = done.stderr.decode().splitlines()[2:]
    assert lines[1:4] == ["ferry: gone: no such file or directory"] * 2 + ["ferry: dir: is a directory"]
    assert "550" in lines[0] and "550" not in lines[4], lines


@covers("append")
def test_append(shell):
    (shell.here / "a").write_bytes(b"one")
    shell("append a", "append a", "append a b")
    assert shell.server.read("a") == b"oneone" and shell.server.read("b") == b"one"


@covers("mget", "mput")
def test_many_files(shell):
    for name in ("a.c", "b.c", "c.h", "d/e.c"):
        shell.server.write(name, b"1")
    done = shell("mget *.c d/*.c *", "mget *.x", status=9)
    assert sorted(os.listdir(shell.here)) == ["a.c", "b.c", "c.h", "e.c"]
    assert b"d: is a directory" in done.stderr and b"nothing fits" in done.stderr
    shell.server.empty()
    os.mkdir(shell.here / "sub")
    (shell.here / "*.c").write_bytes(b"star")
    done = shell("mput [ab].c 's*' '*.c'", "mput *.x", status=9)
    assert shell.server.names() == ["*.c", "a.c", "b.c"]


def test_a_server_cannot_have_mget_write_elsewhere(shell):
    """The names are those of the listing, and each is one part of a path."""
    shell.server.write(b"ba\x01d", b"1")
    shell.server.write("good", b"1")
    done = shell("mget *", status=9)
    assert os.listdir(shell.here) == ["good"] and b"left out" in done.stderr


@covers("reget", "reput")
def test_what_is_missing_at_the_end_is_moved(shell):
    content = os.urandom(100_000)
    shell.server.write("a", content)
    (shell.here / "a").write_bytes(content[:60_000])
    (shell.here / "longer").write_bytes(content + b"x")
    done = shell("debug", "reget a", "reget a", "reget a new", "reget a longer", "ascii",
                 "reget a", status=9)
    assert (shell.here / "a").read_bytes() == (shell.here / "new").read_bytes() == content
    assert b"> REST 60000" in done.stderr and b"longer than the one there" in done.stderr
    assert b"a: is complete" in done.stdout and b"binary first" in done.stderr
    shell.server.write("b", content[:30_000])
    shell.server.write("c", content + b"x")
    done = shell("debug", "reput a b", "reput a b", "reput a c", "reput a d", status=9)
    assert shell.server.read("b") == shell.server.read("d") == content
    assert b"> REST 30000" in done.stderr and b"longer than the one here" in done.stderr


def test_restart_goes_on_in_a_stream(shell):
    shell.server.write("a", b"0123456789")
    done = shell("restart 3", "get a -", "restart 3", "get a '|cat'", "get a '|cat'", "restart 3",
                 "put - b", status=9)
    assert done.stdout == b"3456789" + b"0123456789"
    assert done.stderr.count(b": restart goes on in a file") == 2


@covers("restart")
def test_restart_begins_where_it_was_told(shell):
    shell.server.write("a", b"0123456789")
    (shell.here / "a").write_bytes(b"abcdef")
    done = shell("restart 3", "get a", "get a b", "restart 20", "get a c", "restart", "restart 0",
                 "get a c", "restart 2", "put a up", status=9)
    assert (shell.here / "a").read_bytes() == b"abc3456789"
    assert (shell.here / "b").read_bytes() == (shell.here / "c").read_bytes() == b"0123456789"
    assert b"no marker was heard" in done.stderr


@covers("newer")
def test_newer_fetches_what_is_newer(shell):
    shell.server.write("a", b"there")
    os.utime(shell.server.path("a"), (1e9, 1e9))
    (shell.here / "a").write_bytes(b"here")
    done = shell("newer a", "newer a b")
    assert (shell.here / "a").read_bytes() == b"here" and b"is not newer" in done.stdout
    assert (shell.here / "b").read_bytes() == b"there"
    os.utime(shell.here / "a", (5e8, 5e8))
    shell("newer a")
    assert (shell.here / "a").read_bytes() == b"there"


@covers("pget")
def test_pget(shell):
    content = os.urandom(5_000_000)
    shell.server.write("a", content)
    shell("pget -n 3 a", "pget a b", "set segments")
    assert (shell.here / "a").read_bytes() == (shell.here / "b").read_bytes() == content
    assert b"usage" in shell("pget -n 3", "pget -n 0 a", status=2).stderr


@covers("cat", "page", "more")
def test_files_are_shown(shell):
    shell.server.write("a", b"one\n")
    shell.server.write("b", b"two\n")
    done = shell("cat a b", "page a", "more b", PAGER="sed s/^/paged:/")
    assert done.stdout == b"one\ntwo\npaged:one\npaged:two\n"


def test_a_pager_may_be_left(shell):
    shell.server.write("big", b"line\n" * 2_000_000)
    done = shell("page big", "get big '|head -n 2'",
                 "get big '|exec head -c 1 >/dev/null'", "mkdir after", PAGER="head -n 1")
    assert done.stdout == b"line\n" * 3 and b"big" not in done.stderr
    assert "after" in shell.server.names()


@covers("edit")
def test_edit_sends_back_what_was_changed(shell):
    shell.server.write("a.txt", b"one\n")
    os.chmod(shell.server.path("a.txt"), 0o640)
    editor = shell.here / "editor"
    editor.write_text("#!/bin/sh\necho \"$1\" >seen\nstat -c %a \"${1%/*}\" >>seen\n"
                      "sed -i s/one/two/ \"$1\"\n")
    editor.chmod(0o755)
    done = shell("edit a.txt", "edit a.txt", "edit gone", status=9, EDITOR=str(editor),
                 TMPDIR=str(shell.here), VISUAL="")
    assert shell.server.read("a.txt") == b"two\n"
    assert os.stat(shell.server.path("a.txt")).st_mode & 0o777 == 0o640
    seen, mode = (shell.here / "seen").read_text().split()
    assert seen.endswith("/a.txt") and mode == "700" and not os.path.exists(seen)
    assert b"Nothing was changed" in done.stderr


def test_edit_does_not_overwrite_what_somebody_else_wrote(shell):
    shell.server.write("a", b"one\n")
    other = shell.server.path("a")
    editor = shell.here / "editor"
    editor.write_text(f"#!/bin/sh\necho mine >\"$1\"\necho somebody else >{other}\n")
    editor.chmod(0o755)
    done = shell("edit a", status=9, EDITOR=str(editor), VISUAL="", TMPDIR=str(shell.here))
    assert shell.server.read("a") == b"somebody else\n"
    kept = done.stderr.decode().split("What you wrote is in ")[1].split("\n")[0].rstrip(".")
    with open(kept, encoding="ascii") as f:
        assert f.read() == "mine\n"


@covers("mirror")
def test_mirror_both_ways(shell):
    shell.server.write("tree/a", b"1")
    shell.server.write("tree/d/b.txt", b"22")
    shell("mirror tree", "cd tree", "mirror d local", "mirror --exclude '*.txt' . rest")
    assert (shell.here / "tree/d/b.txt").read_bytes() == b"22"
    assert (shell.here / "local/b.txt").read_bytes() == b"22"
    assert sorted(os.listdir(shell.here / "rest")) == ["a", "d"]
    assert os.listdir(shell.here / "rest/d") == []
    shell.server.empty()
    os.mkdir(shell.server.path("up"))
    shell("mirror -R --dry-run tree", "mirror -R tree", "cd up", "mirror -R tree/d .",
          "mirror -R tree/d x y", status=9)
    assert shell.server.read("tree/d/b.txt") == shell.server.read("up/b.txt") == b"22"
    assert shell.server.names() == ["tree", "up"]


# ---- In the background --------------------------------------------------------------------------

@covers("jobs", "wait", "kill")
def test_jobs_go_on_while_other_things_are_done(shell):
    content = os.urandom(1_000_000)
    shell.server.write("d/a", content)
    (shell.here / "up").write_bytes(content)
    done = shell("cd d", "get a &", "lcd /", f"put {shell.here}/up &", "wait",
                 f"mirror /d {shell.here}/m &", f"lcd {shell.here}", "wait 3", "get gone &", "wait",
                 "cat a &", "kill 9", status=9)
    assert (shell.here / "a").read_bytes() == (shell.here / "m/a").read_bytes() == content
    assert shell.server.read("d/up") == content
    text = done.stderr.decode()
    assert "[1] done: get a" in text and "[3] done: mirror /d" in text and "get gone" in text
    assert "cat: is not done in the background" in text and "no such job" in text


def test_a_job_can_be_ended(shell):
    shell.server.write("a", b"x" * 5_000_000)
    done = shell("set download_rate 100k", "get a &", "jobs", "kill 1", "jobs")
    assert said(done) == "[1] get a\n" and not os.path.exists(shell.here / "a")
    assert b"[1] ended: get a" in done.stderr


def test_the_end_waits_for_jobs(shell):
    shell.server.write("a", b"x" * 500_000)
    shell("set download_rate 1M", "get a &")
    assert (shell.here / "a").stat().st_size == 500_000


def test_a_password_is_on_no_list_of_processes(shell):
    shell.server.write("a", b"x" * 5_000_000)
    done = shell("set download_rate 100k", "get a &", "!cat /proc/[0-9]*/cmdline | tr '\\0' ' '",
                 "kill 1")
    line = next(x for x in said(done).replace("ferry get", "\nferry get").splitlines()
                if x.startswith("ferry get"))
    assert "secret@" not in line.split(" ftp://")[1].split(" ")[0]


# ---- Here ---------------------------------------------------------------------------------------

@covers("!", "lcd", "lpwd", "lls", "lmkdir")
def test_this_machine(shell):
    done = shell("lmkdir a 'b c'", "lcd 'b c'", "lpwd", "!echo one; echo two", "lcd", "lls",
                 "lcd gone", "lmkdir a", "!exit 3", status=9, SHELL="/bin/sh")
    here = str(shell.here)
    assert said(done).splitlines() == [f"local directory: {here}/b c",
                                       f"local directory: {here}/b c", "one", "two",
                                       f"local directory: {here}", "a", "b c"]
    assert b"ended with status 3" in done.stderr


@covers("macdef", "$")
def test_macros(shell):
    done = shell("macdef make", "mkdir $1", "rename $1 $2", "", "macdef each", "mkdir $i", "",
                 "$ make a b", "$each x y", "$ gone", "macdef loop", "$ loop", "", "$ loop",
                 status=9)
    assert shell.server.names() == ["b", "x", "y"]
    assert done.stderr.count(b"ferry: loop: too many macros within each other") == 1
    assert b"ferry: gone: no such macro" in done.stderr
