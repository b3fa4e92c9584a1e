# SPDX-License-Identifier: Apache-2.0
"""What a server cannot do to ferry: write elsewhere, send it elsewhere, keep it waiting, write on its
user's terminal, learn or spread a secret. Each is tried, and the disk is looked at afterwards.
"""

import contextlib
import glob
import hashlib
import json
import os
import pty
import select
import socket
import ssl
import subprocess

import pytest

import tls
from authority import Authority
from dialogue import unescape
from harness import PATIENCE, SANITIZER_ENV
from scripted import (FERRY, HASTY, HOME, IMAGE, MLST, PASSIVE, SYST, TEXT, Scripted, entries, facts, ferry,
                      fetch, login)

pytestmark = pytest.mark.clear
SHORT = ("--connect-timeout", "1", "--reply-timeout", "1", "--data-timeout", "1")


def mlsd(lines, path="", before=PASSIVE):
    return f"{before}C: MLSD{' ' + path if path else ''}\nS: 150 go\nD> {lines}\nD.\nS: 226 done\n"


def mirror(server, target, *options, **how):
    return server.ferry("mirror", "--parallel", "1", *options, "@", target, **how)


def tree(path):
    """All that is in a directory, at any depth."""
    return sorted(os.path.relpath(os.path.join(folder, name), path)
                  for folder, folders, files in os.walk(path) for name in folders + files)


@pytest.fixture
def target(tmp_path):
    """A directory with something beside it that is not to be touched."""
    inside = tmp_path / "around" / "target"
    inside.mkdir(parents=True)
    (tmp_path / "around" / "x").write_bytes(b"precious")
    yield inside
    assert sorted(os.listdir(tmp_path)) == ["around"]
    assert sorted(os.listdir(tmp_path / "around")) == ["target", "x"]
    assert (tmp_path / "around" / "x").read_bytes() == b"precious"


# ---- It cannot write outside the target directory ---------------------------------------

@pytest.mark.parametrize("name", [
    "../x", "/etc/x", "a/../../x", "./x", "a/x", r"x\ry", r"x\x1b[2J", r"x\x07", r"x\x7f", r"x\xc2\x9b2J",
    "x" * 300])
def test_names_that_are_none_are_refused_and_cost_no_other(target, name):
    lines = rf"type=file;size=4; {name}\r\ntype=file;size=4; good\r\ntype=dir; {name}\r\n"
    with Scripted(login(MLST) + mlsd(lines) + IMAGE + fetch("good", "good")) as server:
        result = mirror(server, target, status=9)
    assert tree(target) == ["good"] and (target / "good").read_bytes() == b"good"
    assert b"\x1b" not in result.stderr and b"\x07" not in result.stderr
    assert b"file name not allowed" in result.stderr


@pytest.mark.parametrize("command", [["mirror"], ["sync"], ["sync", "--dry-run"], ["check"]])
def test_parts_of_files_are_left_alone(target, command):
    part = ".x.0123456789abcdef.ferry-part"
    (target / "good").write_bytes(b"good")
    os.utime(target / "good", (1767323045, 1767323045))
    (target / part).write_bytes(b"old")
    good = "size=4;modify=20260102030405; good"
    lines = rf"type=file;size=4; {part}\r\ntype=file;{good}\r\ntype=dir; .y{part}\r\n"
    with Scripted(login(MLST) + mlsd(lines)) as server:
        result = server.ferry(*command, "--parallel", "1", "@", target)
    assert tree(target) == [part, "good"] and b"part" not in result.stdout + result.stderr
    with Scripted(login(MLST) + mlsd(lines)) as server:
        result = server.ferry(*command, "--parallel", "1", target, "@")
    assert b"part" not in result.stdout + result.stderr


@pytest.mark.parametrize("line", [r"type=file;size=4; ", r"type=file;size=4; x\x00y",
                                  r"type=file;size=4; .", r"type=file;size=4; ..", r"type=file", ""])
def test_lines_that_name_nothing_are_left_out(target, line):
    with Scripted(login(MLST) + mlsd(rf"{line}\r\ntype=file;size=4; good\r\n") + IMAGE
                  + fetch("good", "good")) as server:
        mirror(server, target)
    assert tree(target) == ["good"]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x"])
def test_names_of_list_are_names_too(target, name):
    with Scripted(login() + "C: SYST\nS: 215 UNIX\n" + PASSIVE + "C: LIST -a\nS: 150 go\n"
                  rf"D> -rw-r--r-- 1 a b 4 Feb 01  2024 {name}\r\n" "\nD.\nS: 226 done") as server:
        mirror(server, target, status=1)
    assert tree(target) == []


@pytest.mark.parametrize("name", ["CON", "nul.txt", "COM1", "a:b", "x.", "x ", "a*b", r"a\\b"])
def test_names_that_windows_would_misread_are_refused_where_it_matters(target, name):
    lines = rf"type=file;size=4; {name}\r\n"
    with Scripted(login(MLST) + mlsd(lines)) as server:
        mirror(server, target, "--portable-names", status=1)
    assert tree(target) == []
    if name in ("CON", "COM1"):
        with Scripted(login(MLST) + mlsd(lines)) as server:
            mirror(server, target, status=1)
        assert tree(target) == []
    with Scripted(login(MLST) + mlsd(lines) + IMAGE + fetch(name, "good").replace("*", r"*")) as server:
        mirror(server, target, *(["--portable-names=off"] if name in ("CON", "COM1") else []))
    assert tree(target) == [name.replace("\\\\", "\\")]


def test_a_device_of_windows_is_a_name_only_for_who_says_it(target):
    with Scripted(login()) as server:
        result = server.ferry("get", "@d/Nul", cwd=target, status=2)
    assert b"cannot be a name here" in result.stderr and tree(target) == []
    with Scripted(login() + facts("d/nul", 4) + fetch("d/nul", "good")) as server:
        server.ferry("get", "@d/nul", "-o", target / "aux")
    with Scripted(login() + facts("d/nul", 4) + fetch("d/nul", "good")) as server:
        server.ferry("get", "--portable-names=off", "@d/nul", cwd=target)
    assert tree(target) == ["aux", "nul"]
    with Scripted(login(MLST) + mlsd("")) as server:  # what is ours is no name of the server's
        server.ferry("sync", "@", target)
    assert tree(target) == []


@pytest.mark.parametrize("lead", ["..", "../../..", "/etc", "x/../..", "../target/../x"])
def test_a_link_that_leads_out_is_not_made(target, lead):
    lines = rf"type=OS.unix=slink:{lead};size=4; d\r\ntype=dir; d\r\n"
    with Scripted(login(MLST) + mlsd(lines) + IMAGE + "C: SIZE d\nS: 550 no") as server:
        assert b"d: is a link, and not to a file" in mirror(server, target).stderr
    assert tree(target) == []
    with Scripted(login(MLST) + mlsd(lines)) as server:
        assert b"d: permission denied" in mirror(server, target, "--keep-links", status=1).stderr
    assert tree(target) == []


def test_a_link_to_a_file_is_fetched_as_that_file(target):
    lines = r"type=OS.unix=slink:/etc/x;size=4; l\r\n"
    with Scripted(login(MLST) + mlsd(lines) + facts("l", 4) + fetch("l", "good")) as server:
        mirror(server, target)
    assert (target / "l").read_bytes() == b"good" and not (target / "l").is_symlink()


# ---- It cannot make us remove what it has not shown to be gone ---------------------------

FILE_G = "-rw-r--r-- 1 a b 4 Feb 01  2024 g"
DOUBTFUL = {
    "unended": (f"D> {FILE_G}", "226 done", b"ends within a line"),
    "unread": (rf"D> {FILE_G}\r\nls: x: Permission denied\r\n", "226 done", b"cannot be read"),
    "long": (rf"D> {FILE_G}{'x' * 20000}\r\n{FILE_G}\r\n", "226 done", b"cannot be read"),
    "cut": (rf"D> {FILE_G}\r\n", "226 Output truncated to 1 match", b"not complete"),
}


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_a_listing_that_may_lack_something_removes_nothing(target, kind):
    data, end, why = DOUBTFUL[kind]
    (target / "precious").write_bytes(b"x")
    (target / "g").write_bytes(b"good")
    os.utime(target / "g", (1706745600, 1706745600))  # the first of February 2024
    with Scripted(login() + f"{SYST}{PASSIVE}C: LIST -a\nS: 150 go\n{data}\nD.\nS: {end}\n") as server:
        result = mirror(server, target, "--delete", status=9)
    assert tree(target) == ["g", "precious"]
    assert why in result.stderr and b"nothing in it is removed" in result.stderr


NOT_OPENED = "S: 150 go\nD.\nS: 226 Transfer done (but failed to open directory)."
NOT_ALLOWED = r"D> ls: cannot open directory: Permission denied\r\n"


@pytest.mark.parametrize("answer, status", [
    (NOT_OPENED, 6), (f"S: 150 go\n{NOT_ALLOWED}\nD.\nS: 226 done", 6),
    ("S: 550 /empty: Permission denied", 5), ("S: 550 /no files: Permission denied", 5)])
def test_a_directory_that_cannot_be_listed_is_not_empty(target, answer, status):
    (target / "precious").write_bytes(b"x")
    with Scripted(login() + f"{SYST}{PASSIVE}C: LIST -a\n{answer}\n"
                  f"{PASSIVE}C: LIST\n{answer}\n") as server:
        result = mirror(server, target, "--delete", status=status)
    assert tree(target) == ["precious"]
    assert b"denied" in result.stderr or b"failed to open" in result.stderr


def test_a_directory_that_becomes_a_link_meanwhile_is_not_followed(target):
    """Whoever shares the target directory with us swaps it while we fetch what is in it."""
    def swap(_):
        os.rename(target / "d", target / "old")
        os.symlink("..", target / "d")
    with Scripted(login(MLST) + mlsd(r"type=dir; d\r\n") + PASSIVE + "C: MLSD d\nS: 150 go\n"
                  r"D> type=file;size=4; x\r\n" "\ndo swap\nD.\nS: 226 done\n", swap=swap) as server:
        mirror(server, target, status=9)
    assert tree(target) == ["d", "old"]


@pytest.mark.parametrize("path", ["%2e%2e", "a/%2e%2e", "d/..", "a%1b", "%2F"])
def test_a_path_that_names_no_file_here_needs_another_name(target, path):
    with Scripted(login()) as server:
        result = server.ferry("get", f"@{path}", cwd=target, status=2)
    assert b"say where to put it" in result.stderr and tree(target) == []


def test_a_tree_without_end_has_one(target):
    def level(depth):
        return mlsd(r"type=dir; d\r\n", "/".join(["d"] * depth))
    with Scripted(login(MLST) + "".join(map(level, range(200)))) as server:
        result = mirror(server, target, status=9)
    assert b"too many" in result.stderr and len(tree(target)) == 200


# ---- It cannot send us elsewhere --------------------------------------------------------

class Trap:
    """Another host with the same port, where nobody may come."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.2", 0))
        self.port = self.listener.getsockname()[1]
        self.numbers = f"127,0,0,2,{self.port >> 8},{self.port & 255}"

    def listen(self, server):
        server.passive = socket.create_server(("127.0.0.1", self.port))
        server.passive.settimeout(PATIENCE)

    def has_been_entered(self):
        self.listener.settimeout(0)
        try:
            self.listener.accept()[0].close()
            return True
        except BlockingIOError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@pytest.mark.parametrize("dialogue", [
    "C: EPSV\nS: 500 no\nC: PASV\ndo listen\nS: 227 ({numbers})\n",
    "C: EPSV\ndo listen\nS: 229 (|1|127.0.0.2|{port}|)\n",
    "C: EPSV\nS: 228 (4,4,{numbers})\nC: PASV\ndo listen\nS: 227 ({numbers})\n"])
def test_the_data_connection_goes_to_who_we_speak_with(tmp_path, dialogue):
    with Trap() as trap:
        script = fetch("f", "content").replace(
            PASSIVE, dialogue.replace("{numbers}", trap.numbers).replace("{port}", str(trap.port)))
        with Scripted(login() + facts("f", 7) + script, listen=trap.listen) as server:
            server.ferry("get", "@f", cwd=tmp_path)
        assert (tmp_path / "f").read_bytes() == b"content" and not trap.has_been_entered()


def test_who_wants_to_be_sent_elsewhere_is(tmp_path):
    with Trap() as trap:
        with Scripted(login() + facts("f", 7) + f"C: PASV\nS: 227 ({trap.numbers})\nC: RETR f\n"
                      "S: 425 no") as server:
            server.ferry("get", "--trust-passive-address", "--data-connection", "pasv", "@f",
                         cwd=tmp_path, status=6)
        assert trap.has_been_entered()


def test_a_stranger_that_connects_to_our_port_is_not_heard(tmp_path):
    with Scripted(login() + facts("f", 7) + "C: EPRT |1|127.0.0.1|<port>|\nS: 200 ok\nC: RETR f\n"
                  "S: 150 go\nD@ <port> 127.0.0.2\nD> forged\nD|\nD@ <port> 127.0.0.1\nD> content\n"
                  "D.\nS: 226 done") as server:
        server.ferry("get", "--data-connection", "active", "@f", cwd=tmp_path)
    assert (tmp_path / "f").read_bytes() == b"content"


def test_names_with_line_ends_are_no_commands(tmp_path):
    with Scripted(login()) as server:
        server.ferry("raw", "@", "NOOP\r\nDELE f", "NOOP x\nDELE f", status=1)
    ferry("get", "ftp://127.0.0.1:1/f%0d%0aDELE%20f", cwd=tmp_path, status=2)


# ---- It cannot keep us waiting --------------------------------------------------------------

SILENCES = {
    "greeting": ("hold", 3, "127.0.0.1"),
    "FEAT": ("S: 220 ready\nC: FEAT\nhold", 3, "127.0.0.1"),
    "USER": ("S: 220 ready\nC: FEAT\nS: 500 no\nC: USER anonymous\nhold", 3, "127.0.0.1"),
    "PASS": ("S: 220 ready\nC: FEAT\nS: 500 no\nC: USER anonymous\nS: 331 so?\nC: PASS *\nhold", 3,
             "127.0.0.1"),
    "TYPE": (login() + "C: TYPE I\nhold", 6, "f"),
    "SIZE": (login() + f"{IMAGE}C: SIZE f\nhold", 6, "f"),
    "EPSV": (login() + facts("f", 7) + "C: EPSV\nhold", 6, "f"),
    "data connection": (login() + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD+\nhold", 6, "f"),
    "within the data": (login() + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD> co\nhold", 6, "f"),
    "active": (login() + facts("f", 7) + "C: EPSV\nS: 500 no\nC: PASV\nS: 500 no\nC: EPRT *\n"
               "S: 200 ok\nC: RETR f\nS: 150 go\nhold", 6, "f"),
    "behind the data": (login() + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD> content\nD.\nhold",
                        6, "f"),
}


@pytest.mark.parametrize("stage", SILENCES)
def test_silence_has_an_end(tmp_path, stage):
    script, status, what = SILENCES[stage]
    with Scripted(script) as server:
        result = server.ferry("get", *SHORT, "@f", cwd=tmp_path, status=status)
    last = result.stderr.decode().splitlines()[-1]
    why = {"greeting": "the server did not greet in time",
           "data connection": "peer stopped moving data", "within the data": "peer stopped moving data",
           "active": "data connection could not be opened"}
    assert last == f"ferry: {what}: " + why.get(stage, "the server did not reply in time")
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("reply_timeout, is_told", [("1", False), ("2", True)])
def test_a_greeting_is_a_reply(reply_timeout, is_told):
    """Who waits for it for longer than for the connection is told."""
    with Scripted("hold") as server:
        result = server.ferry("get", "--connect-timeout", "1", "--reply-timeout", reply_timeout,
                              "@f", "-o", "-", status=3)
    assert (b"waiting for the server to greet" in result.stderr) == is_told


def test_an_answer_that_did_not_come_is_not_taken_for_the_next_one(tmp_path):
    with Scripted(login() + f"{IMAGE}C: SIZE f\nhold\nconnect\n{login()}" + facts("g", 7)
                  + fetch("g", "content")) as server:
        server.ferry("get", *SHORT, "@f", "@g", cwd=tmp_path, status=9)
    assert os.listdir(tmp_path) == ["g"] and (tmp_path / "g").read_bytes() == b"content"


def test_a_server_that_does_not_say_goodbye_spoils_nothing(tmp_path):
    with Scripted(login() + facts("f", 7) + fetch("f", "content") + "C: QUIT\nhold") as server:
        server.ferry("get", *SHORT, "@f", cwd=tmp_path)
    assert (tmp_path / "f").read_bytes() == b"content"


DRIPS = [r"slowly x", r"slowly 220-x\r\n", r"slowly 120 wait\r\n", r"slowly \xff\xfd\x01"]
FLOODS = [r"forever x", r"forever 220-x\r\n", r"forever 120 wait\r\n", r"forever \xff\xfd\x01",
          r"forever \x00", r"forever \r\n"]


@pytest.mark.parametrize("stage, words", [("greeting", words) for words in DRIPS + FLOODS]
                         + [("command", words) for words in DRIPS[:1] + FLOODS])
def test_words_without_end_have_one(tmp_path, words, stage):
    script = words if stage == "greeting" else f"{login()}{IMAGE}C: SIZE f\n{words}"
    with Scripted(script) as server:
        server.ferry("get", *SHORT, "@f", cwd=tmp_path, status=3 if stage == "greeting" else 6)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("words", ["forever 150 go\\r\\n", "forever 110 MARK 1 = 1\\r\\n",
                                   "slowly 150 go\\r\\n"])
def test_promises_without_end_have_one(tmp_path, words):
    with Scripted(login() + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD> content\nD.\n{words}"
                  ) as server:
        server.ferry("get", *SHORT, "@f", cwd=tmp_path, status=6)
    assert not (tmp_path / "f").exists()


def test_more_than_was_announced_is_not_fetched(tmp_path):
    with Scripted(login() + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD* x\nS: 426 broken"
                  ) as server:
        result = server.ferry("get", "@f", cwd=tmp_path, status=8)
    assert b"what arrived is not what was sent" in result.stderr and os.listdir(tmp_path) == []


@pytest.mark.parametrize("how", [("cat",), ("get", "-o", "-"), ("get", "-o", "/dev/null")])
def test_less_than_was_announced_is_no_whole_file_wherever_it_goes(how):
    size = f"{IMAGE}C: SIZE f\nS: 213 7\n"
    with Scripted(login() + size + fetch("f", "cont")) as server:
        result = server.ferry(*how, "@f", status=8)
    assert b"what arrived is not what was sent" in result.stderr
    with Scripted(login() + size + fetch("f", "content")) as server:
        server.ferry(*how, "@f")
    with Scripted(login() + IMAGE + fetch("f", "cont")) as server:
        server.ferry(*how, "--verify=off", "@f")


@pytest.mark.parametrize("line", ["type=file; " + "x" * 4000 + r"\r\n", "x" * 4000],
                         ids=["names", "one line"])
def test_a_listing_without_end_has_one(line):
    """In memory, of names all together; and of what names nothing, in time."""
    with Scripted(f"{login(MLST)}{PASSIVE}C: MLSD\nS: 150 go\nD* {line}\nS: 426 broken") as server:
        result = server.ferry("ls", "@", status=1)
    assert result.stdout == b"" and b"listing too large" in result.stderr


# ---- It cannot write on the terminal --------------------------------------------------------

ESCAPES = r"\x1b]0;gotcha\x07\x1b[2J\xc2\x9b2J\xe2\x80\xaetxt"
HARMFUL = (b"\x1b", b"\x07", b"\xc2\x9b", "\u202e".encode())


def is_harmless(output):
    return not any(each in output for each in HARMFUL)


def test_escapes_in_listings_are_shown_not_sent():
    with Scripted(login(MLST) + mlsd(rf"type=file; x{ESCAPES}\r\n")) as server:
        output = server.ferry("ls", "@").stdout
    assert is_harmless(output) and rb"x\x1B]0;gotcha\x07\x1B[2J" in output


def test_escapes_in_replies_are_shown_not_sent(tmp_path):
    with Scripted(login().replace("ready", ESCAPES) + f"{IMAGE}C: SIZE f\nS: 550 {ESCAPES}\n"
                  f"C: MDTM f\nS: 550 no\nC: SYST\nS: 215 {ESCAPES}\n{TEXT}{PASSIVE}C: LIST\n"
                  f"S: 550 {ESCAPES}\n{IMAGE}{PASSIVE}C: RETR f\nS: 550 {ESCAPES}") as server:
        result = server.ferry("get", "-v", "-v", "@f", cwd=tmp_path, status=7)
    assert is_harmless(result.stderr) and result.stderr.count(rb"550 \x1B]0;gotcha\x07") == 4


def test_escapes_in_what_raw_shows_are_shown_not_sent():
    with Scripted(login() + f"C: STAT\nS: 211-{ESCAPES}\nS:  {ESCAPES}\nS: 211 {ESCAPES}") as server:
        output = server.ferry("raw", "@", "STAT").stdout
    assert is_harmless(output) and output.count(rb"\x1B]0;gotcha\x07") == 3


def test_replies_are_events():
    with Scripted(login() + f"C: STAT\nS: 211-of {ESCAPES}\nS:  more\nS: 211 end\n"
                  "C: pass hush\nS: 530 no") as server:
        result = server.ferry("raw", "--json", "@", "STAT", "NOOP\nNOOP", "pass hush", status=9)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event for event in events if event["event"] == "reply"] == [
        {"event": "reply", "command": "STAT", "code": 211,
         "text": f"of {unescape(ESCAPES).decode()}\n more\nend"},
        {"event": "reply", "command": "pass ****", "code": 530, "text": "no"}]


@pytest.mark.parametrize("words", [["cat", "--json", "@f"], ["get", "--json", "@f", "-o", "-"]])
def test_events_are_not_in_what_is_fetched(words):
    with Scripted(login() + IMAGE + "C: SIZE f\nS: 213 7\n" + fetch("f", "content")) as server:
        result = server.ferry(*words)
    assert result.stdout == b"content"
    events = [json.loads(line)["event"] for line in result.stderr.splitlines()]
    assert events == ["connected", "login"]


def test_the_shell_has_no_events():
    assert b"--json" in ferry("--json", "-c", "lpwd", status=2).stderr


def test_escapes_in_json_are_escapes():
    with Scripted(login(MLST) + mlsd(rf"type=file; x{ESCAPES}\r\n")) as server:
        result = server.ferry("ls", "--json", "@")
    assert result.stdout.isascii() and b"\x1b" not in result.stdout
    name, = entries(result)
    assert name.startswith("x\x1b]0;gotcha\x07")


def test_escapes_in_names_do_not_reach_the_progress_line(tmp_path):
    ours, theirs = pty.openpty()
    path = "x%1b]0;gotcha%07"
    with Scripted(login() + facts(r"x\x1b]0;gotcha\x07", 7) + f"{PASSIVE}C: RETR x*\nS: 150 go\nD> cont\n"
                  "do wait\nD> ent\nD.\nS: 226 done",
                  wait=lambda _: select.select([ours], [], [], PATIENCE)) as server:
        process = subprocess.Popen([FERRY, "get", *HASTY, server.url(path), "-o", "f"], cwd=tmp_path,
                                   stderr=theirs, env=dict(os.environ, **SANITIZER_ENV, HOME=HOME))
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:
            pass  # EIO: nobody has the terminal any more
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    assert b"gotcha" in shown and b"\x1b]" not in shown and b"\x07" not in shown


# ---- It cannot have a secret, nor can who looks on ------------------------------------------------

ASKED = login().replace("USER anonymous\nS: 230 in", "USER me\nS: 331 so?\nC: PASS hush-hush\nS: 230 in")


@pytest.mark.parametrize("how", [{}, {"FERRY_PASSWORD": "hush-hush"}])
def test_a_password_is_shown_to_nobody(tmp_path, how):
    seen = {}

    def look(_):
        """At the processes of this test, as anybody could."""
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            with contextlib.suppress(OSError), open(path, "rb") as file:  # one may end meanwhile
                words = file.read()
                if os.fsencode(FERRY) in words:
                    seen[words] = os.stat(path.replace("cmdline", "environ")).st_uid

    login_ = "me@" if how else "me:hush-hush@"
    # Not root's, so that the system tells whose a process is that can leave no core (proc(5)).
    prefix = ["setpriv", "--reuid", "65534", "--clear-groups"] if os.getuid() == 0 else []
    size = f"{IMAGE}C: SIZE f\nS: 213 7\n"
    with Scripted(ASKED + f"do look\n{size}" + fetch("f", "content"), look=look) as server:
        result = subprocess.run(
            [*prefix, FERRY, "get", *HASTY, "-v", "-v", f"ftp://{login_}127.0.0.1:{server.port}/f",
             "-o", "-"], capture_output=True, timeout=60, check=True,
            env=dict(os.environ, **SANITIZER_ENV, HOME="/nonexistent", **how))
    assert result.stdout == b"content" and b"PASS ****" in result.stderr
    words, = (each for each in seen if b":%d/" % server.port in each)
    assert b"hush" not in result.stderr and b"hush" not in words and b"me" in words
    assert seen[words] == 0


def test_a_password_is_in_no_event(tmp_path):
    with Scripted(ASKED.partition("S: 230")[0] + "S: 530 never") as server:
        result = server.ferry("get", "--json", "-v", "-v", "@me:hush-hush@f", cwd=tmp_path, status=4)
    event = json.loads(result.stdout.splitlines()[-1])
    assert event["event"] == "error" and event["status"] == "login"
    assert b"hush" not in result.stdout + result.stderr
    with Scripted(ASKED + facts("f", 7) + fetch("f", "content")) as server:
        result = server.ferry("get", "--json", "-v", "-v", "@me:hush-hush@f", cwd=tmp_path)
    assert b"hush" not in result.stdout + result.stderr


@pytest.mark.parametrize("command", ["PASS hush", "pass hush", "Pass  hush", "acct hush",
                                     "SITE PSWD hush hush", "site chpass hush"])
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_password_in_a_command_is_in_no_line(command, how):
    with Scripted(login() + f"C: {command}\nS: 530 no") as server:
        result = server.ferry("raw", "-v", "-v", *how, "@", command, status=4)
    assert b"hush" not in result.stdout + result.stderr
    shown = command[:command.index("hush")].strip().encode() + b" ****"
    assert b"> " + shown in result.stderr and shown in (result.stdout if how else result.stderr)


def test_a_password_in_a_url_is_in_no_error(tmp_path):
    url = "ftp://me:hush@127.0.0.1:1/x"
    for words, status in [((url, "x"), 2), (("put", url, url), 3), (("copy", url, url), 3),
                          (("mirror", url, url), 2), (("get", url), 3)]:
        result = ferry(*words, *(HASTY[2:] if words[0] != url else ()), cwd=tmp_path, status=status)
        assert b"hush" not in result.stdout + result.stderr
    result = ferry("mv", "ftp://me@127.0.0.1:1/f", "ftp://me:hush@elsewhere/f", status=2)
    assert b"different servers" in result.stderr and b"hush" not in result.stderr


# ---- TLS ---------------------------------------------------------------------------------------

REST = login().replace("S: 220 ready\n", "")
PRIVATE = "C: PBSZ 0\nS: 200 ok\nC: PROT P\nS: 200 ok\n"
SECURE = "S: 220 ready\nC: AUTH TLS\nS: 234 go\ntls\n" + REST + PRIVATE
TRUSTING = ("--tls", "require", "--tls-ca-file", tls.certificate()[0])


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("authority")))


@pytest.mark.parametrize("forged", [r"211-Features\r\n MLST x\r\n211 End\r\n230 in\r\n",
                                    r"211-Features\r\n MLST x\r\n", "211"])
def test_what_came_in_the_clear_behind_the_234_is_nobody_s_word(tmp_path, forged):
    """CVE-2011-0411 and its kin: replies that were put there before TLS would be believed after it."""
    script = SECURE.replace("S: 234 go", rf"S~ 234 go\r\n{forged}")
    with Scripted(script + facts("f", 7) + fetch("f", "content")) as server:
        server.ferry("get", *TRUSTING, "@f", cwd=tmp_path)
    assert (tmp_path / "f").read_bytes() == b"content"


@pytest.mark.parametrize("script", [
    "S: 220 ready\nC: AUTH TLS\nS: 230 in\n", "S: 230 in\nC: AUTH TLS\nS: 200 no need\n",
    "S: 220 ready\nC: AUTH TLS\nS: 500 what?\nC: AUTH SSL\nS: 500 what?\n",
    "S: 220 ready\nC: AUTH TLS\nS: 431 later\n"])
def test_who_requires_tls_says_no_name_without_it(tmp_path, script):
    with Scripted(script) as server:
        result = server.ferry("get", *TRUSTING, "@me:secret@f", cwd=tmp_path, status=3)
    assert b"the server offers no TLS, and it is required" in result.stderr


def test_a_server_that_had_tls_is_not_believed_to_have_lost_it(tmp_path):
    with Scripted(SECURE + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD> cont\nD/\nreset\nconnect\n"
                  "S: 220 ready\nC: AUTH TLS\nS: 500 what?\nC: AUTH SSL\nS: 500 what?") as server:
        result = server.ferry("get", *TRUSTING, "--tls", "auto", "--retries", "1", "--retry-delay", "0",
                              "@f", cwd=tmp_path, status=3)
    assert b"somebody may be between" in result.stderr and not (tmp_path / "f").exists()


NO_TLS = "S: 220 ready\nC: AUTH TLS\nS: 502 no\nC: AUTH SSL\nS: 502 no\n"


def fingerprint():
    with open(tls.certificate()[0], encoding="ascii") as file:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()


@pytest.mark.parametrize("trusting, words", [
    (("--tls-pins", f"sha256:{fingerprint()}"), b"tls_pins"),
    (("--tls-ca-file", tls.certificate()[0]), b"tls_ca_file")])
def test_who_is_said_to_have_tls_is_told_no_password_without_it(tmp_path, trusting, words):
    with Scripted(NO_TLS) as server:
        result = server.ferry("get", *trusting, "--tls", "auto", "@me:secret@f", cwd=tmp_path, status=3)
    assert words in result.stderr and b"somebody may be between" in result.stderr


def test_who_was_known_by_a_certificate_is_told_no_password_without_it(tmp_path):
    with Scripted(NO_TLS) as server:
        known = tmp_path / ".config" / "ferry" / "known_servers"
        known.parent.mkdir(parents=True)
        known.write_text(f"127.0.0.1:{server.port} sha256:{fingerprint()}\n")
        result = server.ferry("get", "--tls", "auto", "@me:secret@f", cwd=tmp_path, status=3,
                              home=tmp_path)
    assert b"known_servers" in result.stderr and b"somebody may be between" in result.stderr


def test_who_says_that_there_is_to_be_no_tls_gets_none(tmp_path):
    script = login().replace("USER anonymous\nS: 230 in", "USER me\nS: 331 so?\nC: PASS secret\nS: 230 in")
    with Scripted(script + facts("f", 7) + fetch("f", "content")) as server:
        server.ferry("get", "--tls-pins", f"sha256:{fingerprint()}", "--tls", "off", "@me:secret@f",
                     cwd=tmp_path)
    assert (tmp_path / "f").read_bytes() == b"content"


CERTIFICATES = {
    "another name": (("other.example", "DNS:other.example"), {}, b"another host"),
    "expired": (("localhost", "IP:127.0.0.1"),
                {"startdate": "20200101000000Z", "enddate": "20200201000000Z"}, b"expired"),
    "not yet": (("localhost", "IP:127.0.0.1"),
                {"startdate": "20400101000000Z", "enddate": "20400201000000Z"}, b"not valid yet"),
}


@pytest.mark.parametrize("what", CERTIFICATES)
def test_certificates_that_do_not_hold_are_refused_by_name(authority, tmp_path, what):
    names, times, words = CERTIFICATES[what]
    certificate = authority.issue(*names, **times)
    with Scripted("S: 220 ready\nC: AUTH TLS\nS: 234 go\ntls!", certificate) as server:
        result = server.ferry("get", "--tls", "require", "--tls-ca-file", authority.certificate, "@f",
                              cwd=tmp_path, status=3)
    assert words in result.stderr and os.listdir(tmp_path) == []


@pytest.mark.parametrize("policy", ["require", "auto"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path, policy):
    with Scripted("S: 220 ready\nC: AUTH TLS\nS: 234 go\ntls!") as server:
        result = server.ferry("get", "--tls", policy, "@f", cwd=tmp_path, status=3)
    assert b"cannot be trusted" in result.stderr and b"sha256:" in result.stderr


def test_a_certificate_that_changed_is_refused(authority, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with Scripted(SECURE + facts("f", 7) + fetch("f", "content")) as server:
        server.ferry("get", "--tls", "require", "--tls-first-use", "accept", "@f", "-o", tmp_path / "f",
                     home=home)
        known = home / ".config" / "ferry" / "known_servers"
        assert f"127.0.0.1:{server.port} sha256:" in known.read_text()
        port = server.port
    other = authority.issue("localhost", "IP:127.0.0.1")
    with Scripted("S: 220 ready\nC: AUTH TLS\nS: 234 go\ntls!", other) as server:
        known.write_text(known.read_text().replace(f":{port} ", f":{server.port} "))
        result = server.ferry("get", "--tls", "require", "--tls-first-use", "accept", "@f", "-o",
                              tmp_path / "f", home=home, status=3)
    assert b"another certificate than before" in result.stderr


@pytest.mark.parametrize("end", ["D/", "D!"])
def test_data_that_do_not_say_their_end_are_no_whole_file(tmp_path, end):
    """RFC 8446 6.1: who cuts the line after some bytes must not make a shorter file of it."""
    with Scripted(SECURE + f"C: TYPE I\nS: 200 ok\nC: SIZE f\nS: 550 no\nC: MDTM f\n"
                  f"S: 213 20260102030405\n{PASSIVE}C: RETR f\nS: 150 go\nD> content\n{end}\nS: 226 done"
                  ) as server:
        result = server.ferry("get", *TRUSTING, "@f", cwd=tmp_path, status=6)
    assert b"connection broken" in result.stderr and os.listdir(tmp_path) == []


def test_nothing_is_sent_in_the_clear_where_tls_was_agreed_on(tmp_path):
    """PROT P was accepted, and then there is no TLS at the data connection's other end."""
    (tmp_path / "f").write_bytes(b"content")
    with Scripted(SECURE + "C: TYPE I\nS: 200 ok\n" + f"{PASSIVE}C: STOR f\nS: 150 go\nD-\n"
                  r"D= \x16\x03\x01" "\nD> in the clear, please\nD!\nS: 426 broken") as server:
        server.ferry("put", *TRUSTING, "--no-resume", "--upload-temporary", "off", "f", "@f",
                     cwd=tmp_path, status=3)


@pytest.mark.parametrize("script, status, what", [
    ("S: 220 ready\nC: AUTH TLS\nS: 234 go\nhold", 3, b"did not answer within 1 seconds"),
    (SECURE + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD-\nhold", 6, b"peer stopped")])
def test_handshakes_have_an_end(tmp_path, script, status, what):
    with Scripted(script) as server:
        result = server.ferry("get", *TRUSTING, *SHORT, "@f", cwd=tmp_path, status=status)
    assert what in result.stderr and os.listdir(tmp_path) == []


@pytest.mark.parametrize("end", ["close", "reset"])
def test_handshakes_that_the_way_cuts_are_tried_again(tmp_path, end):
    """The data connection's goes with the control connection, and then the next one's is cut."""
    asked = f"{PASSIVE}C: RETR f\nS: 150 go\n"
    with Scripted(SECURE + facts("f", 7) + f"{asked}D-\nD!\n{end}\n"
                  f"connect\nS: 220 ready\nC: AUTH TLS\nS: 234 go\n{end}\nconnect\n"
                  f"{SECURE}C: TYPE I\nS: 200 ok\n{asked}D> content\nD.\nS: 226 done") as server:
        server.ferry("get", *TRUSTING, "--retries", "3", "--retry-delay", "0", "@f", cwd=tmp_path)
    assert (tmp_path / "f").read_bytes() == b"content"


@pytest.mark.parametrize("words", [r"slowly 220-x\r\n", r"slowly x"])
def test_words_without_end_have_one_under_tls_too(tmp_path, words):
    with Scripted(f"S: 220 ready\nC: AUTH TLS\nS: 234 go\ntls\nC: FEAT\n{words}") as server:
        server.ferry("get", *TRUSTING, *SHORT, "@f", cwd=tmp_path, status=3)
