# SPDX-License-Identifier: Apache-2.0
"""The audit: every line as docs/audit.md has it, each operation once, and nothing lost unseen."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess

import pytest

import tls
from harness import Server, eventually

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "audit.md")
SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "src")
OUTSIDE = {"admin", "ban", "audit-lost"}  # what belongs to no session
TRANSFERS = {"read", "write", "overwrite", "append"}


# ---- The document ----------------------------------------------------------------

def table(heading):
    """The rows of the first table below a heading, without backquotes."""
    text = open(DOCUMENT, encoding="utf-8").read().split(heading, 1)[1]
    rows = re.search(r"(?:^\|.*\n)+", text, re.M).group(0).split("\n")[2:-1]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def is_documented(field, present, event):
    """Does the column Present want this field in this event? None: it may be there or not."""
    action = event["action"]
    if present == "always":
        return True
    if present == "reserved":
        return False
    answers = []
    for word in present.split(", "):
        answers.append({
            "sessions": lambda: action not in OUTSIDE,
            "files": lambda: action not in OUTSIDE | {"login", "logout"},
            "all but `audit-lost`": lambda: action != "audit-lost",
            "virtual hosts": lambda: None,
            "in a folder": lambda: None,
            "anonymous": lambda: event.get("user") == "anonymous",
            "refused by policy or a quota": lambda: (
                False if event.get("result", "OK") == "OK" else None),
            "transfers": lambda: action in TRANSFERS and "direction" in event,
            "under TLS": lambda: tls.BY_DEFAULT and action in ("login", "logout"),
            "hashes": lambda: action == "hash" and event["result"] == "OK",
        }.get(word, lambda word=word: word == f"`{action}`")())
    return True if True in answers else None if None in answers else False


def check(event):
    """One event against the document: fields, their order, types and presence."""
    fields = table("## The audit file")
    known = [row[0].strip("`") for row in fields]
    assert [name for name in known if name in event] == list(event), event
    for (_, kind, present, _), name in zip(fields, known, strict=True):
        wanted = is_documented(name, present, event)
        assert wanted is None or wanted == (name in event), (name, present, event)
        if name in event:
            assert isinstance(event[name], {"number": int, "string": str}[kind]), (name, event)
    if event["action"] in TRANSFERS:
        assert len({"direction", "type", "bytes", "ms"} & set(event)) in (0, 4)


def lines_of(path):
    return [json.loads(line) for line in open(path, encoding="utf-8").read().split("\n")[:-1]]


def by_session(events):
    """Each session's lines are in order; the end of one may come after the begin of the next."""
    return sorted(events, key=lambda event: event["session"])


def test_the_document_knows_every_action_and_result():
    def words(path, pattern):
        return set(re.findall(pattern, open(os.path.join(SOURCE, path), encoding="utf-8").read()))
    actions = {row[0].strip("`") for row in table("### Actions")}
    assert actions == words("base/action.h", r'X\(\w+, "([a-z-]+)"\)') - {"none"} | {"audit-lost"}
    section = open(DOCUMENT, encoding="utf-8").read().split("### Results")[1].split("They are")[0]
    results = set(re.findall(r"`(\w+)`", section))
    assert results == words("base/fault.h", r"X\((\w+), \"") - {"NONE"} | {"OK"}
    reasons = {row[0].strip("`") for row in table("### Reasons")}
    assert reasons == words("audit/audit.h", r'X\([A-Z]+, "(closed|quit|relogin|idle|hours|kicked|shutdown)"\)')


# ---- Each operation ----------------------------------------------------------------

def ask_all(c):
    """Every operation that a user has, and what each must have left: (action, result)."""
    left = []

    def ask(line, code, *events):
        c.ask(line, code)
        left.extend(events)

    c.ask("TYPE I", "200")
    c.store("STOR a", b"12345")
    left.append(("write", "OK"))
    c.store("STOR a", b"123")
    left.append(("overwrite", "OK"))
    c.store("APPE a", b"45")
    left.append(("append", "OK"))
    c.fetch("RETR a")
    left.append(("read", "OK"))
    c.refuse("RETR none", "550")
    left.append(("read", "NOT_FOUND"))
    for command in ("LIST", "NLST", "MLSD"):
        c.fetch(command)
        left.append(("list", "OK"))
    ask("HASH a", "213", ("hash", "OK"))
    ask("XMD5 a", "250", ("hash", "OK"))
    ask("HASH none", "550", ("hash", "NOT_FOUND"))
    ask("MFMT 20200101000000 a", "213", ("attributes", "OK"))
    ask("SITE CHMOD 600 a", "200", ("attributes", "OK"))
    ask("SITE SYMLINK a link", "200", ("link", "OK"))
    ask("DELE link", "250", ("delete", "OK"))
    ask("RNFR a", "350")
    ask("RNTO b", "250", ("rename", "OK"))
    ask("RNFR none", "550")
    ask("SITE CPFR b", "350")
    ask("SITE CPTO c", "250", ("read", "OK"), ("write", "OK"))
    ask("MKD d", "257", ("make-directory", "OK"))
    ask("MKD d", "550", ("make-directory", "EXISTS"))
    ask("MKD d/e", "257", ("make-directory", "OK"))
    ask("RMD d", "550", ("remove-directory", "NOT_EMPTY"))
    ask("RMDA d", "250", ("list", "OK"), ("list", "OK"), ("remove-directory", "OK"),
        ("list", "OK"), ("remove-directory", "OK"))  # d is opened again when e is gone
    ask("DELE b", "250", ("delete", "OK"))
    ask("DELE b", "550", ("delete", "NOT_FOUND"))
    for command, code in (("PWD", "257"), ("CWD /", "250"), ("SIZE c", "213"), ("MDTM c", "213"),
                          ("MLST c", "250"), ("AVBL", "213"), ("NOOP", "200"), ("STAT", "211")):
        c.ask(command, code)
    return left


def test_each_operation_is_one_line_as_the_document_has_it(tmp_path):
    audit = tmp_path / "audit.json"
    config = ('folder "archive" { path = "@BASE@/archive" }\n'
              'host "two.example.org" { root = "@BASE@/two" anonymous = on }\n')
    server = Server("--audit", str(audit), config=config)
    for name in ("archive", "two"):
        os.makedirs(os.path.join(server.base, name))
    with server:
        with server.client() as c:
            c.expect("220")
            c.ask("USER demo", "331")
            c.ask("PASS wrong", "530")
        with server.login() as c:
            left = ask_all(c)
            c.ask("SMNT archive", "250")
            c.ask("MKD d", "257")
            c.ask("QUIT", "221")
        with server.client() as c:
            c.expect("220")
            c.ask("HOST two.example.org", "220")
            c.login("ftp", "me@example.org")
            c.ask("MKD d", "550")
            c.ask("QUIT", "221")
    events = by_session(lines_of(audit))
    for event in events:
        check(event)
    assert [(e["action"], e["result"]) for e in events] == [
        ("login", "LOGIN_REFUSED"), ("login", "OK"), *left, ("make-directory", "OK"),
        ("logout", "OK"), ("login", "OK"), ("make-directory", "DENIED"), ("logout", "OK")]
    assert [e["auth"] for e in events if e["action"] == "login"] == [
        "password", "password", "anonymous"]
    # The other way round: no field is documented that nothing has.
    fields = {name.strip("`"): present for name, _, present, _ in table("## The audit file")}
    unseen = set(fields) - set().union(*events)
    assert unseen == {name for name, present in fields.items()
                      if present in ("reserved", "`admin`", "`admin`, `ban`", "`audit-lost`")
                      or (present == "under TLS" and not tls.BY_DEFAULT)}


def test_a_digest_that_was_asked_for_is_in_its_line(tmp_path):
    audit = tmp_path / "audit.json"
    with Server("--audit", str(audit)) as server:
        server.write("f", b"content")
        with server.login() as c:
            for name in ("SHA-256", "SHA-1"):
                c.ask(f"OPTS HASH {name}", "200")
                c.ask("HASH f", "213")
            c.ask("XSHA512 f 0 3", "250")
    assert [(e["algorithm"], e["digest"]) for e in lines_of(audit) if e["action"] == "hash"] == [
        ("SHA-256", hashlib.sha256(b"content").hexdigest()),
        ("SHA-1", hashlib.sha1(b"content").hexdigest()),
        ("SHA-512", hashlib.sha512(b"con").hexdigest())]


# ---- The end of a login ----------------------------------------------------------------

def leave_by_quit(_, c):
    c.ask("QUIT", "221")


def leave_by_closing(_, c):
    c.close()


def leave_by_rein(_, c):
    c.ask("REIN", "220")


def leave_for_another(_, c):
    c.ask("USER demo", "331")


def leave_by_idling(_, c):
    c.expect("421")


def leave_by_shutdown(server, c):
    server.process.send_signal(signal.SIGTERM)
    c.expect("421")


@pytest.mark.parametrize("leave, reason", [
    (leave_by_quit, "quit"), (leave_by_closing, "closed"), (leave_by_rein, "relogin"),
    (leave_for_another, "relogin"), (leave_by_idling, "idle"), (leave_by_shutdown, "shutdown")])
def test_a_logout_sums_up_its_login_and_says_why_it_ended(leave, reason, tmp_path):
    audit = tmp_path / "audit.json"
    idle_seconds = "3" if reason == "idle" else "300"
    with Server("--audit", str(audit), "--idle-timeout", idle_seconds) as server:
        with server.login() as c:
            c.ask("TYPE I", "200")
            c.store("STOR one", b"x" * 1000)
            c.store("STOR two", b"y" * 10)
            c.fetch("RETR one")
            data = c.begin("STOR broken")
            data.sendall(b"12345")
            c.send("ABOR")
            c.expect("426")
            c.expect("226")
            data.close()
            leave(server, c)
            assert eventually(lambda: [e for e in lines_of(audit) if e["action"] == "logout"])
    events = lines_of(audit)
    logout, = (e for e in events if e["action"] == "logout")
    check(logout)
    moved = [e for e in events if "direction" in e]
    assert logout["reason"] == reason and logout["session"] == events[0]["session"]
    for way, name in (("in", "up"), ("out", "down")):
        of_way = [e for e in moved if e["direction"] == way]
        assert logout[f"bytes_{name}"] == sum(e["bytes"] for e in of_way)
        assert logout[f"files_{name}"] == sum(e["result"] == "OK" for e in of_way)
    assert (logout["files_up"], logout["files_down"], logout["bytes_down"]) == (2, 1, 1000)


def test_who_was_never_inside_has_no_logout(tmp_path):
    audit = tmp_path / "audit.json"
    with Server("--audit", str(audit)) as server:
        with server.client() as c:
            c.expect("220")
            c.ask("USER demo", "331")
            c.ask("PASS wrong", "530")
            c.ask("QUIT", "221")
    assert [e["action"] for e in lines_of(audit)] == ["login"]


# ---- Hostile names ----------------------------------------------------------------------

def test_no_byte_that_a_client_sends_reaches_a_log_as_a_control(tmp_path):
    audit, xferlog = tmp_path / "audit.json", tmp_path / "xferlog"
    with Server("--audit", str(audit), "--xferlog", str(xferlog), "--anonymous",
                "--log-level", "debug", "--ban-after", "0", "--login-delay", "0") as server:
        with server.login() as c:
            c.ask("TYPE I", "200")
            for byte in set(range(1, 256)) - {0x0A, 0x0D, 0x2F, 0xFF}:
                # Telnet's IAC and the line's own end cannot be in a line as they are.
                c.store(b"STOR x%c-\xc2%c" % (byte, byte), b"")
        for byte in set(range(256)) - {0x0A, 0x0D, 0xFF}:
            with server.client() as c:
                c.expect("220")
                c.send(b"USER u%c\xc2%c" % (byte, byte))
                if c.reply().code == "331":
                    c.send(b"PASS p%c" % byte)
                    c.reply()
        log = open(server.log_path, "rb").read()
    assert audit.read_bytes().count(b'"write"') == 251
    assert audit.read_bytes().count(b'"login"') >= 250
    assert xferlog.read_bytes().count(b"\n") == 251
    for content in (audit.read_bytes(), xferlog.read_bytes(), log):
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", content)
        for line in content.split(b"\n"):
            line.decode("utf-8", "replace")
    assert len(lines_of(audit)) == audit.read_bytes().count(b"\n")


# ---- Rotation, the system's log, a full disk ------------------------------------------------

def test_no_line_is_lost_or_doubled_while_the_files_are_rotated(tmp_path):
    audit = tmp_path / "audit.json"
    with Server("--audit", str(audit)) as server:
        with server.login() as c:
            for i in range(100):
                c.send(f"MKD d{i}-a")
                audit.rename(tmp_path / f"old{i}")
                server.process.send_signal(signal.SIGHUP)
                c.send(f"MKD d{i}-b")
                c.expect("257")
                c.expect("257")
                assert eventually(audit.exists)
    events = [e for path in [audit, *tmp_path.glob("old*")] for e in lines_of(path)]
    made = sorted(e["path"] for e in events if e["action"] == "make-directory")
    assert made == sorted(f"/d{i}-{half}" for i in range(100) for half in "ab")


SYSTEM_LOG = "/dev/log"


def test_the_system_log_has_the_same_lines(tmp_path):
    """In a mount namespace, where ferryd finds our socket in the place of the system's."""
    audit, socket_path = tmp_path / "audit.json", str(tmp_path / "log")
    is_missing = not os.path.exists(SYSTEM_LOG)
    if is_missing:
        open(SYSTEM_LOG, "xb").close()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.bind(socket_path)
            server = Server("--audit", str(audit), "--audit-syslog", "on")
            server.prefix = ["unshare", "--mount", "sh", "-c",
                             f'mount --bind "$0" {SYSTEM_LOG} && exec "$@"', socket_path]
            with server, server.login() as c:
                c.ask("MKD d", "257")
                c.ask("QUIT", "221")
            log.setblocking(False)
            messages = [log.recv(65536).decode() for _ in range(3)]
            with pytest.raises(BlockingIOError):
                log.recv(1)
    finally:
        if is_missing:
            os.unlink(SYSTEM_LOG)
    heads, lines = zip(*(message.split("]: ", 1) for message in messages), strict=True)
    assert all(re.fullmatch(r"<94>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ferryd\[\d+", head)
               for head in heads)
    assert [line + "\n" for line in lines] == open(audit, encoding="utf-8").readlines()


def test_a_full_disk_stops_nobody_and_is_told_when_there_is_room_again(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], check=True)
    try:
        audit, filler = disk / "audit.json", disk / "filler"
        with Server("--audit", str(audit)) as server:
            with server.login() as c:
                c.ask("MKD before", "257")
                assert eventually(lambda: "before" in audit.read_text(encoding="utf-8"))
                with pytest.raises(OSError), open(filler, "wb", buffering=0) as f:
                    while True:
                        f.write(b"x" * 512)
                for i in range(100):
                    c.ask(f"MKD {'while' * 10}-{i}", "257")
                assert eventually(lambda: "audit-write-failed" in server.log())
                filler.unlink()
                c.ask("MKD after", "257")
            assert eventually(lambda: "audit-lines-lost" in server.log())
            log = server.log()
        content = audit.read_text(encoding="utf-8")
        events = []
        for line in content.split("\n")[:-1]:
            try:
                events.append(json.loads(line))
            except ValueError:
                assert line.startswith("{")  # the one that the full disk tore
        assert content.count("\n") <= len(events) + 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    for event in events:
        check(event)
    lost, = (e for e in events if e["action"] == "audit-lost")
    at = events.index(lost)
    made = [[e["path"] for e in part if e["action"] == "make-directory"]
            for part in (events[:at], events[at:])]
    asked = ["/before", *(f"/{'while' * 10}-{i}" for i in range(100)), "/after"]
    assert made[0] == asked[:len(made[0])] and made[1] == asked[-len(made[1]):]
    assert len(made[0]) + lost["lines"] + len(made[1]) == len(asked)  # it stands where they were
    assert f"audit-lines-lost file={audit} lines={lost['lines']}\n" in log
