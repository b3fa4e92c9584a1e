# SPDX-License-Identifier: Apache-2.0
"""ferry's shell, fed with lines: every command, what it does to the disk and what it says."""

import os
import socket
import subprocess

import pytest

import test_shell_transfer
from harness import PATIENCE, Server, eventually
from scripted import HASTY, Scripted, login
from shell_lines import COVERED, FERRY, covers, environment, run, said, url
from shell_lines import second, shell  # noqa: F401 (fixtures)

pytestmark = pytest.mark.clear  # connections under TLS are the engine's, and tested there


# ---- Sessions -------------------------------------------------------------------------------

@covers("open", "close", "disconnect")
def test_open_takes_a_host_a_port_and_a_url(shared, tmp_path):
    shared.empty()
    shared.write("d/f", b"1")
    shared.write("e", b"1")
    done = run([], [f"open demo@127.0.0.1 {shared.port}", "nlist", "close", "nlist",
                    f"open {url(shared, 'd')}", "nlist", "disconnect", "nlist",
                    f"open demo@127.0.0.1:{shared.port}", "nlist"], tmp_path, 9,
               FERRY_PASSWORD="secret")
    assert said(done).split() == ["e", "f", "e"]
    assert done.stderr.count(b"not connected") == 2


def test_the_command_line_takes_a_port_and_commands(shared, tmp_path):
    shared.empty()
    shared.write("a", b"1")
    done = run(["demo@127.0.0.1", str(shared.port)], ["nlist"], tmp_path, FERRY_PASSWORD="secret")
    assert done.stdout == b"a\n"
    assert run(["-c", "nlist; lpwd", url(shared)], ["nlist"], tmp_path).stdout.splitlines() == [
        b"a", f"local directory: {tmp_path}".encode()]


def test_a_wrong_word_is_no_host(tmp_path):
    done = run(["gte", "ftp://localhost/x"], [], tmp_path, 2)
    assert b"no such command" in done.stderr
    assert b"a port is a number" in run([], ["open localhost x"], tmp_path, 2).stderr
    assert b"ftp://" in run([], ["open a/b"], tmp_path, 2).stderr


@covers("user")
def test_user_logs_in_as_somebody_else(tmp_path):
    with Server(users=("demo:secret", "eva:other")) as server:
        done = run([url(server)], ["user eva other", "status", "user eva wrong", "status",
                                   "mkdir never", "user eva other", "mkdir made"], tmp_path, 9)
        assert server.names() == ["made"]
    assert b" as eva, in /" in done.stdout and b"530" in done.stderr
    assert b" as eva, not logged in\n" in done.stdout
    assert done.stderr.count(b"not logged in: user NAME logs in") == 1


def test_a_refused_login_leaves_the_server_for_user(tmp_path):
    with Server(users=("demo:secret",)) as server:
        run([url(server, login="demo:wrong@")], ["mkdir never", "user demo secret", "mkdir made"],
            tmp_path, 9)
        assert server.names() == ["made"]


def test_an_open_that_fails_leaves_no_session_to_be_mistaken_for_it(shell):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = shell("open a/b", "open 127.0.0.1 x", "mkdir one", f"open ftp://127.0.0.1:{port}/",
                 "mkdir two", status=9)
    assert shell.server.names() == ["one"]
    assert b"The connection to 127.0.0.1 was closed." in done.stderr
    assert b"not connected" in done.stderr


WITHOUT_ACCOUNT = "S: 220 ready\nC: FEAT\nS: 500 no\nC: USER me\nS: 332 account\nhold\nconnect\n"
IN_PLACE = 'C: PWD\nS: 257 "/" is it\n'


@pytest.mark.parametrize("line, status, dialogue", [
    ("account staff", 4, "C: USER me\nS: 332 account\nC: ACCT staff\nS: 230 in\n"),
    ("user eva secret staff", 4, "C: USER eva\nS: 331 password\nC: PASS secret\nS: 332 account\n"
                                 "C: ACCT staff\nS: 230 in\n"),
    ("user eva secret staff", 9, "C: USER eva\nS: 331 password\nC: PASS secret\nS: 230 in\n"
                                 "C: FEAT\nS: 500 no\n" + IN_PLACE + "C: ACCT staff\nS: 230 in\n")])
def test_a_login_that_waits_for_an_account(tmp_path, line, status, dialogue):
    """RFC 959 4.1.1 and 5.4: 332 behind USER or PASS; and ACCT when nobody asked for it."""
    script = WITHOUT_ACCOUNT + "S: 220 ready\nC: FEAT\nS: 500 no\n" + dialogue
    if "PWD" not in dialogue:
        script += "C: FEAT\nS: 500 no\n" + IN_PLACE
    with Scripted(script + IN_PLACE) as server:
        done = run([*HASTY, f"ftp://me:x@127.0.0.1:{server.port}/"], [line, "pwd"], tmp_path,
                   status)
    assert b"an account (ACCT)" in done.stderr and b"directory: /" in done.stdout


@covers("account")
def test_account_is_sent_and_not_shown(shell):
    done = shell("debug", "account staff-secret")
    assert b"ACCT ****" in done.stderr and b"staff-secret" not in done.stderr


def test_no_program_that_the_shell_starts_has_the_password(shared, tmp_path):
    shared.empty()
    shared.write("a", b"1")
    done = run(["demo@127.0.0.1", str(shared.port)],
               ["!env", "get a |env", "user demo", "get a &", "wait", "!env"], tmp_path,
               FERRY_PASSWORD="secret", FERRY_TEST="seen")
    assert done.stdout.count(b"FERRY_TEST=seen\n") == 3
    assert b"FERRY_PASSWORD" not in done.stdout and b"secret" not in done.stdout
    assert (tmp_path / "a").read_bytes() == b"1"


@pytest.mark.parametrize("line", ["get @", "put @", "mirror -R . @", "ls @", "mget @ x", "@",
                                  "chmod 600 @", "get x @ &", "proxy get @"])
def test_a_url_is_no_name_on_the_server(shell, line):
    done = shell(line.replace("@", "ftp://me:hush@127.0.0.1/x"), status=2)
    assert b"open URL" in done.stderr and b"hush" not in done.stdout + done.stderr
    assert os.listdir(shell.here) == []


@covers("bye", "quit", "exit")
@pytest.mark.parametrize("word", ["bye", "quit", "exit", "by"])
def test_what_is_behind_the_end_is_not_done(shell, word):
    assert shell("lpwd", word, "mkdir never").stdout.count(b"\n") == 1
    assert shell.server.names() == []


@covers("cd", "cdup", "pwd")
def test_directories_there(shell):
    shell.server.write("a b/c/f", b"1")
    done = shell('cd "a b"', "cd c", "pwd", "cdup", "cd ..", "cd nowhere", "cd a\\ b/c", "cd",
                 status=7)
    assert said(done).splitlines() == [f"directory: {path}" for path in
                                       ["/a b", "/a b/c", "/a b/c", "/a b", "/", "/a b/c", "/"]]
    assert b"nowhere: 550" in done.stderr and done.stderr.count(b"Connected to") == 1


def test_cd_without_a_word_goes_where_the_login_landed(tmp_path):
    script = login() + ('C: PWD\nS: 257 "/home/me"\nC: CWD pub\nS: 250 ok\nC: PWD\nS: 257 "/pub"\n'
                        'C: CWD /home/me\nS: 250 ok\nC: PWD\nS: 257 "/home/me"\n')
    with Scripted(script) as server:
        done = run([*HASTY, server.url("pub")], ["cd"], tmp_path)
    assert done.stdout == b"directory: /home/me\n"
    with Scripted(login() + "C: PWD\nS: 502 what?\n") as server:
        assert b"(PWD)" in run([*HASTY, server.url()], ["cd"], tmp_path, 2).stderr


@covers("bookmark")
def test_bookmarks(shell):
    shell.server.write("d/f", b"1")
    shell("cd d", "bookmark add work", f"bookmark add other {url(shell.server, '%2Fd')}")
    kept = shell.here / ".config/ferry/bookmarks"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert b"work ftp://demo@127.0.0.1" in kept.read_bytes()
    done = run([], ["bookmark", "open work", "nlist", "bookmark remove work", "bookmark list",
                    "bookmark remove work", "bookmark nonsense x y"], shell.here, 9,
               FERRY_PASSWORD="secret")
    lines = said(done).splitlines()
    assert lines[0].startswith("work") and lines[1].startswith("other") and "***" in lines[1]
    assert lines[2] == "f" and lines[3].startswith("other") and len(lines) == 4
    assert run(["other"], ["nlist"], shell.here).stdout == b"f\n"


def test_settings_of_a_bookmark_hold_as_long_as_it_is_open(shell):
    folder = shell.here / ".config/ferry"
    folder.mkdir(parents=True)
    (folder / "bookmarks").write_text(f"work {url(shell.server)} type=A\n")
    (folder / "bookmarks").chmod(0o600)
    done = run([], ["type", "open work", "type", "close", "type"], shell.here)
    assert said(done).split() == ["type:", "binary", "type:", "ascii", "type:", "binary"]


@covers("proxy")
def test_proxy_moves_files_between_two_servers(shell, second):
    shell.server.write("one", b"first")
    second.write("d/two.txt", b"second")
    second.write("d/three.txt", b"third")
    done = shell("proxy", "proxy get one", f"proxy open {url(second)}", "proxy",
                 "proxy get one", "proxy get one copied", "proxy cd d", "proxy mput *.txt",
                 "proxy put two.txt named", "proxy nlist", "nlist", "proxy mget one",
                 "proxy close", "proxy nlist", "proxy proxy", status=9)
    assert b"second server: none" in done.stdout and b"second server: 127.0.0.1" in done.stdout
    assert second.read("one") == second.read("copied") == second.read("d/one") == b"first"
    assert shell.server.names() == ["named", "one", "three.txt", "two.txt"]
    assert shell.server.read("named") == b"second"
    assert b"not within itself" in done.stderr


def is_half_closed(port):
    """Has the server closed a connection that its client has not? (CLOSE_WAIT)"""
    with open("/proc/net/tcp", encoding="ascii") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return any(row[2].endswith(f":{port:04X}") and row[3] == "08" for row in rows)


def test_a_connection_that_was_closed_is_made_again(tmp_path):
    with Server("--idle-timeout", "1") as server:
        server.write("d/f", b"1")
        process = subprocess.Popen([FERRY, url(server)], stdin=subprocess.PIPE, cwd=tmp_path,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment(tmp_path))
        process.stdin.write(b"set keep_alive 0\ncd d\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"directory: /d\n"
        assert eventually(lambda: is_half_closed(server.port))
        out, err = process.communicate(b"nlist\n", timeout=PATIENCE * 2)
    assert out == b"f\n" and process.returncode == 0
    assert b"is gone; connecting again" in err


# ---- Lists ----------------------------------------------------------------------------------

@covers("ls")
def test_ls_lists_in_long_form(shell):
    shell.server.write("b.txt", b"12345")
    shell.server.write("a.c", b"")
    os.mkdir(shell.server.path("dir"))
    done = shell("ls", "ls *.c", "ls -la", "ls b.txt", "ls . list", "ls nowhere", "ls '*.c'",
                 status=9)
    lines = said(done).splitlines()
    assert [line.split()[-1] for line in lines] == ["a.c", "b.txt", "dir", "a.c", "a.c", "b.txt",
                                                    "dir", "b.txt"]
    assert lines[1].startswith("-rw-r--r--") and " 5 B " in lines[1] and lines[2][0] == "d"
    assert len((shell.here / "list").read_text().splitlines()) == 3
    assert b"\x1b" not in done.stdout


def test_ls_has_colours_where_they_are_wanted(shell):
    os.mkdir(shell.server.path("dir"))
    shell.server.write("run", b"")
    os.chmod(shell.server.path("run"), 0o755)
    done = shell("set colour on", "ls", "ls . list", NO_COLOR="1")
    assert b"\x1b[1;34mdir\x1b[0m" in done.stdout and b"\x1b[1;32mrun\x1b[0m" in done.stdout
    assert "\x1b" not in (shell.here / "list").read_text()


@covers("dir", "nlist", "mlsd")
def test_lists_as_the_server_says_them(shell):
    shell.server.write("a", b"1")
    shell.server.write("d/b", b"22")
    done = shell("nlist", "nlist d", "dir d", "mlsd d", "nlist . names", "dir d '|cat >&2'",
                 "mlsd nowhere", status=9)
    lines = said(done).splitlines()
    assert lines[:2] == ["a", "d/b"]
    assert lines[2].startswith("-rw-r--r--") and lines[2].endswith(" b")
    assert "size=2" in lines[3] and len(lines) == 4
    assert (shell.here / "names").read_text().split() == ["./a"]
    assert b"-rw-r--r--" in done.stderr


def test_names_of_a_server_do_not_reach_the_terminal_as_they_are(shell):
    shell.server.write(b"a\x1b[2Jb", b"1")
    done = shell("ls", "nlist", "dir", "mlsd", "find", "nlist . raw")
    assert b"\x1b" not in done.stdout and done.stdout.count(b"\\x1B[2Jb") == 5
    assert b"\x1b" in (shell.here / "raw").read_bytes()


@covers("mdir", "mls")
def test_lists_of_several_directories_go_into_one_file(shell):
    shell.server.write("a/x", b"1")
    shell.server.write("b/y", b"1")
    done = shell("mls a b names", "mdir a b -", "mls a")
    assert (shell.here / "names").read_text().split() == ["a/x", "b/y"]
    assert [line.split()[-1] for line in said(done).splitlines()] == ["x", "y", "a/x"]


def test_a_listing_that_fails_leaves_the_file_that_was_there(shell):
    shell.server.write("a/x", b"1")
    (shell.here / "kept").write_bytes(b"precious")
    shell("ls gone kept", "nlist gone kept", "mls a gone kept", status=9)
    assert (shell.here / "kept").read_bytes() == b"precious"
    shell("nlist a kept")
    assert (shell.here / "kept").read_bytes() == b"a/x\n"
    assert os.listdir(shell.here) == ["kept"]


@covers("mlst")
def test_mlst_tells_about_a_name(shell):
    shell.server.write("a", b"123")
    assert "size=3;" in said(shell("mlst a"))


@covers("find", "du")
def test_trees_are_looked_through(shell):
    shell.server.write("d/a.iso", b"x" * 5000)
    shell.server.write("d/e/b.txt", b"x")
    done = shell("find", "find d -name '*.iso'", "find -type d", "find -nonsense", "du -s d",
                 "du d x", status=9)
    lines = said(done).splitlines()
    assert [line.rsplit(" ", 1)[-1] for line in lines[:4]] == ["d", "d/a.iso", "d/e", "d/e/b.txt"]
    assert lines[4:7] == ["d/a.iso", "d", "d/e"]
    assert "4.8 KiB" in lines[7] and len(lines) == 8


# ---- Files there ----------------------------------------------------------------------------

@covers("mkdir", "rmdir", "delete", "rename")
def test_names_are_made_changed_and_removed(shell):
    shell.server.write("old", b"1")
    shell("mkdir a b 'c d'", "rmdir a b", "rename old new", "mkdir x", "rmdir x")
    assert shell.server.names() == ["c d", "new"]
    done = shell("delete new gone", "rmdir 'c d'", "rename gone x", status=9)
    assert shell.server.names() == []
    assert done.stderr.count(b"gone: 550") == 2 and b"Removed new" in done.stderr


@covers("chmod")
def test_chmod(shell):
    shell.server.write("a", b"1")
    done = shell("chmod 600 a", "chmod u+x a", status=9)
    assert os.stat(shell.server.path("a")).st_mode & 0o777 == 0o600
    assert b"octal" in done.stderr


@covers("size", "modtime")
def test_size_and_modtime(shell):
    shell.server.write("a", b"1\n2\n")
    os.utime(shell.server.path("a"), (1e9, 1e9))
    done = shell("size a", "ascii", "size a", "modtime a", "size gone", status=9)
    assert said(done).splitlines() == ["a: 4", "a: 6", "a: 2001-09-09 01:46:40 +0000"]


@covers("mdelete")
def test_mdelete_removes_what_fits(shell):
    for name in ("a.tmp", "b.tmp", "c.txt", "*.tmp"):
        shell.server.write(name, b"1")
    shell("mdelete '*.tmp'")
    assert shell.server.names() == ["a.tmp", "b.tmp", "c.txt"]
    shell("glob off", "mdelete *.tmp", status=7)
    assert len(shell.server.names()) == 3
    shell("mdelete *.tmp")
    assert shell.server.names() == ["c.txt"]


@covers("site", "idle", "umask", "quote", "literal", "system", "rhelp", "remotehelp")
def test_words_for_the_server_and_its_answers(shell):
    done = shell("site help", "idle 600", "idle", "umask 027", "umask", "quote noop",
                 "literal stat", "quote nonsense", "system", "rhelp", "remotehelp noop", "mkdir x",
                 status=9)
    text = said(done)
    assert "is 600 seconds" in text and "UMASK is 027" in text and "UNIX Type: L8" in text
    assert b"nonsense: 500" in done.stderr
    assert os.stat(shell.server.path("x")).st_mode & 0o777 == 0o750
    assert text.count("NOOP") >= 2


def test_what_the_server_is_told_behind_our_back_does_no_harm(shell):
    shell.server.write("a", b"1\n2\n")
    os.mkdir(shell.server.path("d"))
    done = shell("get a", "quote TYPE A", "quote MODE B", "get a b", "quote CWD d", "status")
    assert (shell.here / "b").read_bytes() == b"1\n2\n" and b"in /d" in done.stdout


# ---- How transfers go -------------------------------------------------------------------------

@covers("ascii", "text", "binary", "image", "ebcdic", "tenex", "type", "form", "struct", "mode")
def test_parameters_reach_the_server(shell):
    shell.server.write("a", b"1\n")
    lines = ["verbose off", "debug"]
    for words in ("ascii", "binary", "text", "image", "tenex", "ebcdic", "form telnet",
                  "form carriage", "form non-print", "binary", "struct record", "struct f",
                  "mode block", "mode compressed", "mode z", "mode stream", "type tenex",
                  "type local 36", "type L 9", "type l", "tenex", "type i", "type a"):
        lines += [words, "get a /dev/null"]
    done = shell(*lines, "struct page", "struct", "mode", "form", "type", "type x", "mode x",
                 "type i 8", "type l 36", "type", "type l 256", "type", "tenex", "type", status=9)
    sent = [line[2:] for line in done.stderr.decode().splitlines()
            if line[2:].split(" ")[0] in ("TYPE", "STRU", "MODE")]
    assert sent == ["TYPE I", "TYPE A", "TYPE I", "TYPE L 8", "TYPE E", "TYPE E T",
                    "TYPE E C", "TYPE E", "TYPE I", "STRU R", "STRU F", "MODE B", "MODE C",
                    "MODE Z", "MODE S", "TYPE L 8", "TYPE L 36", "TYPE L 9", "TYPE L 8",
                    "TYPE I", "TYPE A"]
    assert said(done).splitlines() == ["struct: page", "mode: stream", "form: non-print",
                                       "type: ascii", "type: local 36", "type: local 36",
                                       "type: tenex"]
    assert done.stderr.count(b"usage:") == 3 and b"type: byte_size: " in done.stderr


@covers("cr")
def test_cr_keeps_carriage_returns(shell):
    shell.server.write("a", b"1\n2\n")
    shell("ascii", "get a with", "cr off", "get a without", "cr", "get a again")
    assert (shell.here / "with").read_bytes() == (shell.here / "again").read_bytes() == b"1\n2\n"
    assert (shell.here / "without").read_bytes() == b"1\r\n2\r\n"


@covers("passive", "epsv", "epsv4", "sendport")
def test_ways_of_data_connections(shell):
    done = shell("debug", "nlist", "epsv4 off", "nlist", "epsv on", "nlist", "passive off",
                 "nlist", "epsv", "nlist", "passive", "nlist", "passive auto", "passive off",
                 "passive x", "sendport off", "sendport on", "nlist", status=9)
    verbs = [line[2:].split(" ")[0] for line in done.stderr.decode().splitlines()
             if line.startswith("> ")]
    assert [verb for verb in verbs if verb in ("EPSV", "PASV", "EPRT", "PORT")] == [
        "EPSV", "PASV", "EPSV", "EPRT", "PORT", "PASV", "EPRT"]


@pytest.mark.parametrize("lines, way", [
    (["sendport"], "auto"), (["sendport", "passive off"], "default"),
    (["sendport", "passive off", "sendport"], "active"),
    (["passive on", "sendport", "sendport"], "passive"),
    (["epsv off"], "pasv"), (["epsv off", "epsv"], "auto"),
    (["epsv off", "sendport", "sendport", "passive off"], "port"),
    (["epsv off", "passive off", "sendport off", "passive"], "pasv"),
    (["passive off", "sendport off", "epsv off", "sendport on"], "port"),
    (["epsv off", "sendport off", "passive auto", "passive off"], "active"),
    (["sendport", "set data_connection port", "epsv"], "active"),
    (["set data_connection default", "passive"], "passive"),
])
def test_switches_of_data_connections_leave_each_other_alone(tmp_path, lines, way):
    done = run([], [*lines, "set data_connection"], tmp_path)
    assert said(done).splitlines()[0].split() == ["data_connection", way]


def test_sendport_off_leaves_the_port_to_the_default(shell):
    """RFC 959 3.2: nobody is told a port; the server takes the one of the control connection."""
    shell.server.write("a", b"1")
    done = shell("debug", "passive off", "sendport off", "nlist")
    verbs = [line[2:].split(" ")[0] for line in done.stderr.decode().splitlines()
             if line.startswith("> ")]
    assert done.stdout == b"a\n" and not {"EPSV", "PASV", "EPRT", "PORT"} & set(verbs)


@covers("verbose", "debug", "trace")
def test_the_dialogue_is_shown_as_far_as_it_is_wanted(shell):
    done = shell("mkdir a", "verbose", "rmdir a", "trace", "mkdir b", "debug 0", "mkdir c",
                 "verbose 2", "mkdir d", "verbose 0", "mkdir e")
    text = done.stderr.decode()
    assert "< 250" in text and "> RMD" not in text and "> MKD b" in text
    assert "Made a" in text and "Made c" not in text
    assert "Made d" in text and "Made e" not in text


@covers("case", "ntrans", "nmap")
def test_names_are_mapped(shell):
    for name in ("UPPER.TXT", "Mixed", "my file"):
        shell.server.write(name, b"1")
    (shell.here / "a.c").write_bytes(b"2")
    shell("case", "get UPPER.TXT", "get Mixed", "case off", "get UPPER.TXT", "ntrans ' ' _",
          "get 'my file'", "ntrans", "nmap $1.$2 $2.$1", "put a.c", "mget UPPER.TXT", "nmap",
          "put a.c")
    assert sorted(os.listdir(shell.here)) == ["Mixed", "TXT.UPPER", "UPPER.TXT", "a.c", "my_file",
                                              "upper.txt"]
    assert {"a.c", "c.a"} <= set(shell.server.names())
    assert b"usage" in shell("nmap x", "ntrans a b c", status=2).stderr


def test_a_device_of_windows_is_a_name_only_for_who_says_it(shell):
    shell.server.write("con", b"1")
    shell.server.write("aux/f", b"1")
    done = shell("get con", "mget c*", "mirror aux", "ls con", status=9)
    assert os.listdir(shell.here) == [] and done.stderr.count(b"cannot be a name here") == 3
    assert b"con" in done.stdout
    shell("get con prn", "set portable_names off", "mget c*", "mirror aux", "mdelete c*")
    assert sorted(os.listdir(shell.here)) == ["aux", "con", "prn"]
    assert shell.server.names() == ["aux"]


def test_a_map_does_not_lead_elsewhere(shell):
    shell.server.write("a", b"1")
    done = shell("nmap $1 ../$1", "get a", "mget *", status=1)
    assert os.listdir(shell.here) == [] and b"cannot be a name here" in done.stderr
    assert not os.path.exists(shell.here.parent / "a")


@covers("runique", "sunique")
def test_unique_names(shell):
    shell.server.write("a", b"new")
    (shell.here / "a").write_bytes(b"old")
    shell("runique", "get a", "get a", "sunique", "put a", "put a")
    assert (shell.here / "a").read_bytes() == b"old"
    assert (shell.here / "a.1").read_bytes() == (shell.here / "a.2").read_bytes() == b"new"
    names = shell.server.names()
    assert len(names) == 3 and shell.server.read("a") == b"new"


@covers("hash", "progress", "bell", "glob", "prompt")
def test_toggles(shell):
    shell.server.write("a", b"x" * 5000)
    done = shell("hash 1k", "get a", "hash off", "get a b", "progress off", "progress", "bell",
                 "bell off", "glob", "prompt", "prompt on", "prompt maybe", status=9)
    text = done.stderr.decode()
    assert "####" in text and "#####" not in text
    for line in ("hash: on", "hash: off", "progress: off", "progress: on", "bell: on", "bell: off",
                 "glob: off", "interactive: off", "interactive: on"):
        assert line in text.splitlines()
    assert "\a" not in text  # nobody is there to hear it


@covers("set")
def test_settings(shell):
    done = shell("set", "set parallel", "set parallel 8", "set parallel", "set parallel 0",
                 "set nonsense 1", "set type A", "type", status=2)
    text = said(done)
    assert "connect_timeout" in text and "connections" in text
    assert text.count("\nparallel ") == 3 and text.endswith("type: ascii\n")
    assert b"no such setting" in done.stderr


@covers("status")
def test_status(shell):
    text = said(shell("type a", "ntrans a b", "macdef m", "lpwd", "", "status"))
    assert f"ftp://demo:***@127.0.0.1:{shell.server.port}/ as demo, in /" in text
    assert "type               A" in text and "ntrans             a b" in text
    assert "macro              m" in text and "secret" not in text


# ---- The shell itself -------------------------------------------------------------------------

def listed(home):
    text = said(run([], ["help"], home))
    return set(text.split("\n\n", 1)[1].split())


@covers("help", "?")
def test_help_tells_of_every_command(tmp_path):
    names = listed(tmp_path)
    done = run([], [line for name in sorted(names) for line in (f"help {name}", "!echo ----")],
               tmp_path, SHELL="/bin/sh")
    about = said(done).split("----\n")[:-1]
    assert len(about) == len(names)
    for name, text in zip(sorted(names), about):
        assert text.startswith(name) and f"  Example: {name[:1]}" in text, text
    done = run([], ["? gte get put mge", "help g"], tmp_path, 2)
    assert b"gte: no such command; did you mean get?" in done.stderr
    assert [line.split()[0] for line in said(done).splitlines()[::3]] == ["get", "put", "mget"]
    assert b"g: may be get" in done.stderr


def test_every_command_has_its_test(tmp_path):
    assert test_shell_transfer.pytestmark  # whose tests count
    assert listed(tmp_path) == COVERED


def test_abbreviations_and_mistakes(shell):
    done = shell("mkd a", "MKDIR b", "m c", "gte x", "xyzzy", "mkdir", "lpwd x", status=9)
    assert shell.server.names() == ["a", "b"]
    text = done.stderr.decode()
    assert "m: may be macdef, mdelete, mdir, mget" in text and "did you mean get?" in text
    assert "xyzzy: no such command; help lists them" in text
    assert "mkdir: usage: mkdir DIRECTORY..." in text and "lpwd: usage" in text


def test_lines_hold_several_commands_and_quotes(shell):
    done = shell("# a comment", "mkdir a; mkdir 'b;c' d\\ e", "", "mkdir 'open", "mkdir f\r",
                 status=9)
    assert shell.server.names() == ["a", "b;c", "d e", "f"]
    assert b"ferry: line: " in done.stderr


def test_the_status_tells_whether_all_was_done(shell):
    shell("mkdir a", "mkdir a", "mkdir b", status=9)
    assert shell.server.names() == ["a", "b"]
    shell("cd gone", status=7)
    shell("nonsense", status=2)
    run([f"ftp://demo:wrong@127.0.0.1:{shell.server.port}/"], ["ls"], shell.here, 4)
    shell("")


def test_a_line_that_is_too_long_is_not_done(shell):
    done = shell("mkdir " + "a" * 20_000, "mkdir b", status=9)
    assert shell.server.names() == ["b"] and b"too long" in done.stderr


def test_the_help_of_the_command_line_tells_of_it(tmp_path):
    assert b"[HOST|URL|BOOKMARK [PORT]]" in run(["--help"], [], tmp_path).stdout
    assert b"[HOST|URL|BOOKMARK [PORT]]" in run(["--verbose", "2", "--help"], [], tmp_path).stdout
