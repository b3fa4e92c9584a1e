# SPDX-License-Identifier: Apache-2.0
"""What others' vulnerabilities teach: an attack of each kind, and that ours stands it.

Here: who is inside, lines, transfers that break, numbers. docs/lessons.md has all of them, with
what holds here and the tests that are elsewhere; test_lessons_files.py has those about files.
"""

import contextlib
import itertools
import os
import re
import socket
import sqlite3
import stat

import pytest

import tls
from attempts import AT_ONCE, NAMING, PASSWORD, inside, send, transfer
from harness import Server, eventually

RESET = b"\1\0\0\0\0\0\0\0"  # SO_LINGER with no time: a close is a reset


def is_alive(server):
    with server.login() as other:
        other.ask("NOOP", "200")


# ---- Who is not inside -----------------------------------------------------------------------

SITE = ["SITE CPFR f", "SITE CPTO g", "SITE COPY f g", "site cpfr f", "SITE  CPFR f",
        "SITE CHMOD 777 f",
        "SITE SYMLINK f g", "SITE UTIME 20200101000000 f", "SITE UMASK 0", "SITE IDLE 7200",
        "SITE PSWD secret other-7-words", "SITE QUOTA", "SITE SITE CPFR f", "SITE EXEC id",
        "SITE HELP"]


@pytest.mark.parametrize("steps", [[], ["USER demo"], ["USER demo", "PASS wrong"],
                                   ["USER demo", "PASS secret", "REIN"],
                                   ["USER demo", "PASS secret", "SITE CPFR f", "USER demo"]])
def test_cve_2015_3306_mod_copy_without_login(tree, steps):
    """ProFTPD: SITE CPFR and CPTO copied any file for whoever had not logged in."""
    tree.write("f", b"content")
    before = tree.photograph()
    with tree.client() as c:
        c.expect("220")
        for step in steps:
            c.ask(step)
        for command in SITE:
            c.ask(command, "530")
    assert tree.photograph() == before


@pytest.mark.parametrize("change", ["USER reader", "REIN", "SMNT /"])
def test_cve_2015_3306_mod_copy_half_of_another_login(change):
    """The file that one user named is not another's to copy, nor is its name the other's file."""
    with Server(*AT_ONCE, database=True) as server:
        roots = {name: server.add_user(name) for name in ("owner", "reader")}
        for name, root in roots.items():
            with open(f"{root}/f", "w", encoding="ascii") as f:
                f.write(name)
        with inside(server, "owner") as c:
            c.ask("SITE CPFR f", "350")
            c.ask(change)
            if change != "SMNT /":
                c.login("reader", PASSWORD)
            c.ask("SITE CPTO g", "503")
        assert [os.listdir(root) for root in roots.values()] == [["f"], ["f"]]


@pytest.mark.parametrize("name", [
    "' OR 1=1 --", "demo' --", "'; DROP TABLE users; --", 'demo" OR "1"="1', "demo\\", "%", "_%",
    "demo%00",
    "*)(uid=*", "${jndi:ldap://x}", "{{7*7}}", "`id`", "$(id)", "|id", "demo\0", "demo\0x",
    "../demo",
    "demo/../demo", "\xa0demo", "demo\u200b", "ｄｅｍｏ"])
def test_cve_2026_42167_and_2025_47812_a_name_is_never_a_program(name):
    """ProFTPD mod_sql and mod_wrap2_sql, Wing FTP: a name that became SQL, or Lua behind a NUL."""
    with Server(*AT_ONCE, database=True) as server:
        server.add_user("o'brien")
        with server.client() as c:
            c.expect("220")
            c.ask(f"USER {name}", "501" if "\0" in name else "331")
            c.ask("PASS secret", "503" if "\0" in name else "530")
        with inside(server, "o'brien") as c:
            c.ask("PWD", "257")


@pytest.mark.parametrize("wrong", ["secret\0", "secret\0x", "\0secret", "secret\r\0"])
def test_cve_2025_47812_a_password_does_not_end_at_a_nul(wrong):
    with Server(*AT_ONCE) as server, server.client() as c:
        c.expect("220")
        c.ask("USER demo", "331")
        c.ask(f"PASS {wrong}", "530")


@pytest.mark.parametrize("length", [16, 72, 73, 127, 128, 255, 256, 511])
def test_cve_2021_46854_a_password_counts_to_its_last_byte(length):
    """ProFTPD mod_radius leaked memory for 16 bytes; bcrypt forgets what is behind 72."""
    password = ("correct-horse-battery-staple-" * 20)[:length - 1] + "!"
    with Server(*AT_ONCE, database=True) as server:
        server.add_user("alice", password=password)
        with server.client() as c:
            c.expect("220")
            for wrong in (password[:-1], password[:-1] + "?", password + "!"):
                c.ask("USER alice", "331")
                c.ask(f"PASS {wrong}", "530")
            c.login("alice", password)


def test_a_password_of_any_length_is_answered_once(tree):
    with Server(*AT_ONCE) as server:
        for length in (0, 1, 15, 16, 17, 255, 256, 510, 511, 512, 513, 1024, 4096, 8186, 8187,
                       8188, 10000):
            with server.client() as c:
                c.expect("220")
                c.ask("USER demo", "331")
                c.send_bytes(b"PASS " + b"s" * length + b"\r\n")
                c.expect("530", "501", "500")
                c.ask("NOOP", "200")
                c.ask("PWD", "530")


def test_cve_2024_37897_who_was_disabled_meanwhile_sets_no_password():
    """SFTPGo: the password of an account that was disabled could be reset, and worked."""
    with Server(*AT_ONCE, database=True) as server:
        server.add_user("alice")
        with inside(server, "alice") as c:
            server.ctl("user", "set", "alice", "--disabled")
            c.ask(f"SITE PSWD {PASSWORD} another-7-words", "421")
        server.ctl("user", "set", "alice", "--disabled=off")
        with inside(server, "alice") as c:
            c.ask("NOOP", "200")


@pytest.mark.parametrize("bytes_sent", [
    b"\r\n\r\nGET / HTTP/1.1\r\n", b"   get / HTTP/1.0\r\n", b"GET\t/\tHTTP/1.1\r\n", b"EHLO\r\n",
    b"helo x\r\n",
    b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", b"a1 LOGIN demo secret\r\n",
    b"SSH-2.0-x\r\n", b"*1\r\n$4\r\nPING\r\n", b"\x05\x01\x00", b"RTSP/1.0 200\r\n",
    b"BREW / HTCPCP/1.0\r\n", b"{\"USER\": \"demo\"}\r\n", b"Host: x\r\nCookie: a=b\r\n"])
@pytest.mark.clear
def test_cve_2021_3618_alpaca_what_another_protocol_says_does_nothing(tree, bytes_sent):
    """Cross-protocol requests, whose body an attacker chooses: none is taken for a login."""
    tree.write("f", b"content")
    before = tree.photograph()
    with tree.client() as c:
        c.expect("220")
        c.send_bytes(bytes_sent)
        try:
            c.send_bytes(b"\r\nDELE f\r\nNOOP\r\n")
            while c.reply().code != "200":
                assert c.code in ("421", "500", "530")
        except (EOFError, ConnectionError):
            pass
    assert tree.photograph() == before


# ---- Lines -----------------------------------------------------------------------------------

def verbs(client):
    """Every verb there is, as HELP lists them."""
    words = re.findall(r"\b[A-Z0-9]{3,7}\b", client.ask("HELP", "214").text)
    sites = re.findall(r"\b[A-Z]{4,7}\b", client.ask("HELP SITE", "214").text)
    known = [word for word in words
             if not word.isdigit() and client.ask(f"HELP {word}").code == "214"]
    known += [f"SITE {word}" for word in sites if client.ask(f"HELP SITE {word}").code == "214"]
    assert len(known) > 70 and "RETR" in known and "SITE CPFR" in known
    return sorted(set(known))


ENDS = ['"', '""', '"""', '"a', 'a"', '"a" "', '"a" "b', '"a""', "\\", "a\\", '"\\', '"a\\"', "'",
        "a b\\", "[", "[a-",
        "[\\", "*\\", "-", "--", "a ", "=", "a=", "a=b;", ";", "modify=", "|", "|1|", "1,", ",",
        "+", "0 ", "\t", "~", "/", "{", "{a,",
        "%", "\x7f", "\xc3", "\xff\xff"]
QUICK = {"QUIT", "REIN", "USER", "PASS", "ACCT", "AUTH", "CCC", "PBSZ",
         "PROT"}  # they end what is tried


def test_cve_2023_51713_an_argument_ends_where_it_ends(c, tree):
    """ProFTPD read the byte behind a quote or backslash: here what came before changes nothing."""
    for verb in [verb for verb in verbs(c) if verb not in QUICK]:
        for end in ENDS:
            line = f"{verb} {end}".encode("latin-1")
            heard = []
            for before in (b"XYZ", b"XYZ " + b'"' * 300, b"XYZ " + b'a" b\\"]' * 40):
                tree.empty()
                c.ask(before, "500")
                c.send(line)
                reply = c.reply()
                if reply.code == "150":
                    c.ask("ABOR")
                    c.expect("226")
                # Nobody listens at the default port: that may be known before the 150, or not.
                begins = reply.code in ("150", "425")
                heard.append("begins" if begins else re.sub(r"\d+", "#", reply.text))
                c.ask("NOOP", "200")
            assert heard[0] == heard[1] == heard[2], line


def test_cve_2019_18217_an_overlong_line_is_no_loop(tree):
    """ProFTPD never came out of one. Here those that wait for its end are in nobody's way."""
    waiting = []
    for _ in range(10):
        c = tree.client()
        c.expect("220")
        c.send_bytes(b"A" * 100_000)
        waiting.append(c)
    for _ in range(10):  # more than there are loops
        is_alive(tree)
    for c in waiting:
        c.send_bytes(b"A" * 100_000 + b"\r\n")
        c.expect("500")
        c.ask("NOOP", "200")
        c.close()


@pytest.mark.parametrize("length", range(8185, 8198))
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r\0\n", b"\xff\xff\r\n", b"\xff\xf1\r\n"])
def test_cve_2024_57392_lines_around_the_limit_are_answered_once(tree, length, end):
    with tree.client() as c:
        c.expect("220")
        c.send_bytes(b"USER " + b"x" * (length - 5) + end)
        c.expect("500", "501", "331")
        c.ask("NOOP", "200")


@pytest.mark.parametrize("text", ["%n%n%n%n", "%s%s%s%s%s%s", "%x%x%x", "%1$n", "%.1000000d",
                                  "%{1}", "{1}{2}{0}", "{", "}%"])
@pytest.mark.parametrize("language", ["EN", "ES"])
def test_cve_2000_0573_a_name_is_no_format(c, tree, text, language):
    """wu-ftpd: what a client sent was printf's format. Ours are in {1}, and filled once."""
    c.ask(f"LANG {language}", "200")
    assert f'"/{text}"' in c.ask(f"MKD {text}", "257").text
    c.ask(f"CWD {text}", "250")
    assert f'"/{text}"' in c.ask("PWD", "257").text
    c.ask("CDUP", "200")
    assert text in c.ask(f"{text} x", "500").text
    c.ask(f"SITE {text}", "500")
    for verb in ("CLNT", "CSID", "LANG", "OPTS", "HOST", "HELP", "TYPE", "RETR", "SMNT", "REST",
                 "HASH"):
        assert c.ask(f"{verb} {text}").code[0] in "25"
    assert c.fetch("NLST -d *") == text.encode() + b"\r\n" or text in ("{",)
    with tree.client() as stranger:
        stranger.expect("220")
        assert text in stranger.ask(f"USER {text}", "331").text
    c.ask(f"RMD {text}", "250")


@pytest.mark.parametrize("wrong", ["f\0", "f\0.jpg", "\0f", "d\0/x", "f\0\0", "f\n", "f\r\0",
                                   "f\xff\xff", "f\xff\xf1x\0"])
def test_cve_2025_47812_nothing_ends_at_a_nul(c, tree, wrong):
    """Wing FTP: what was checked ended at a NUL, what was used did not. Here a NUL is a newline."""
    kept = {"f": b"content", "d/x": b"inner"}
    for command in NAMING:
        tree.empty()
        tree.write("f", b"content")
        tree.write("d/x", b"inner")
        os.chmod(tree.path("f"), 0o644)
        c.send(command.format(wrong).split("\n", maxsplit=1)[0].encode("latin-1"))
        reply = c.reply()
        if reply.code in ("125", "150"):
            c.ask("ABOR")
            c.expect("226")
        c.ask("NOOP", "200")
        if "\n" not in wrong:
            assert {name: tree.read(name) for name in kept} == kept, command
            assert stat.S_IMODE(os.stat(tree.path("f")).st_mode) == 0o644, command
            assert os.stat(tree.path("f")).st_mtime > 1577836800 + 86400, command


# ---- Transfers that are interrupted ----------------------------------------------------------

STAGES = ("asked", "awaited", "connected", "moving", "ended")
DEATHS = ("data reset", "data closed", "control reset", "control closed", "ABOR", "telnet ABOR",
          "QUIT", "USER demo", "PASV", "EPSV", "STAT", "all at once",
          # Under TLS nothing that is sent behind it is heard (RFC 4217 13).
          *([] if tls.BY_DEFAULT else ["REIN"]))
MOVES = ("RETR big", "STOR new", "STOR old", "APPE old", "STOU", "LIST -R", "MLSD d", "NLST")


def go_to(stage, client, command, down):
    """As far as the stage: the data connection, None before there is one."""
    data = None
    if stage in ("asked", "awaited"):
        client.ask("PASV", "227")
    else:
        data = client.passive()
    client.send(command)
    if stage == "asked":
        return data
    client.expect("150")
    if stage in ("moving", "ended"):
        if down:
            data.recv(1000)
        else:
            with contextlib.suppress(OSError):  # of no form in MODE B and Z: 451 before all is sent
                data.sendall(b"x" * 70_000)
    if stage == "ended" and not down:
        with contextlib.suppress(OSError):
            data.shutdown(socket.SHUT_WR)
    return data


def die(death, client, data):
    if "data" in death or death == "all at once":
        if data and death != "data closed":
            data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if data:
            data.close()
    if death == "control reset":
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    elif death == "telnet ABOR":
        client.send_bytes(b"\xff\xf4\xff\xf2ABOR\r\n")
    elif death == "all at once":
        client.send_bytes(b"STAT\r\nABOR\r\nREIN\r\nUSER demo\r\nPASS secret\r\nPASV\r\nQUIT\r\n")
    elif "data" not in death and "control" not in death:
        client.send(death)


@pytest.fixture(scope="module")
def impatient():
    """A QUIT lets a transfer end, also one that never begins."""
    with Server("--data-timeout", "2") as running:
        yield running


@pytest.mark.parametrize("mode", "SBZ")
@pytest.mark.parametrize("command", MOVES)
def test_cve_2020_9273_no_end_of_a_transfer_outlives_it(impatient, command, mode):
    """ProFTPD used what a broken transfer had freed: every way to break one, at every stage."""
    tree = impatient
    tree.empty()
    tree.write("big", os.urandom(3_000_000))
    tree.write("old", b"old")
    for number in range(300):
        tree.write(f"d/{number}" + "x" * 100)
    down = command.split()[0] in ("RETR", "LIST", "MLSD", "NLST")
    for stage, death in itertools.product(STAGES, DEATHS):
        with tree.login() as c:
            c.ask("TYPE I", "200")
            c.ask(f"MODE {mode}", "200")
            data = go_to(stage, c, command, down)
            die(death, c, data)
            if "control" not in death and death not in ("QUIT", "all at once"):
                if data:
                    data.close()
                elif death not in ("ABOR", "telnet ABOR"):
                    c.send("ABOR")
                c.send("SYST")
                while c.reply().code != "215":
                    pass
            c.close()
            if data:
                data.close()
    assert tree.read("old").startswith(b"old") or command == "STOR old"
    is_alive(tree)
    assert eventually(lambda: len(os.listdir(f"/proc/{tree.process.pid}/fd")) < 60)


# ---- Numbers ---------------------------------------------------------------------------------

OUT_OF_RANGE = ["-1", "-0", "+1", "1e3", "0x10", "1.5", "NaN", "9223372036854775808",
                "18446744073709551615",
                "18446744073709551616", "18446744073709551617", "9" * 100, "١", "1\0"]


@pytest.mark.parametrize("number", OUT_OF_RANGE)
@pytest.mark.parametrize("command", ["REST {}", "RANG {} 5", "RANG 0 {}", "ALLO {}", "ALLO 1 R {}",
                                     "OPTS MODE Z LEVEL {}",
                                     "TYPE L {}", "EPSV {}", "SITE IDLE {}", "SITE UMASK {}",
                                     "SITE CHMOD {} f",
                                     "PORT 127,0,0,1,{},1", "EPRT |1|127.0.0.1|{}|", "MFMT {} f",
                                     "SITE UTIME {} f"])
def test_proftpd_2286_a_number_is_digits_and_in_its_range(c, tree, command, number):
    """ProFTPD took negative REST and RANG; what wraps around is another number to the next."""
    tree.write("f", b"content")
    before = tree.photograph()
    c.ask(command.format(number), "501", "504", "522")
    assert tree.photograph() == before
    c.ask("REST 0", "350")


@pytest.mark.parametrize("place", ["2147483647", "2147483648", "4294967295", "4294967296",
                                   "4294967303",
                                   "9223372036854775806", "9223372036854775807"])
def test_a_place_far_behind_the_end_is_nothing(c, tree, place):
    """No byte is read there, none is written, no hole is made, and no sum of two wraps around."""
    tree.write("f", b"content")
    before = tree.photograph()
    for command in ("RETR f", "STOR f", "STOR new"):
        c.ask(f"REST {place}", "350")
        c.refuse(command, "550", "551", "553", "554")
    for command in ("RETR f", "HASH f"):
        c.ask(f"RANG {place} {place}", "350")
        c.refuse(command, "550", "551", "554")
    c.ask(f"XCRC f {place} {place}", "501", "550", "551", "554")
    c.ask(f"ALLO {place}", "552", "452", "200")
    assert tree.photograph() == before
    assert transfer(c, "RETR f") == (b"content", "226")


@pytest.mark.parametrize("date", [
    "00000000000000", "99999999999999", "20200230000000", "20201301000000", "20200101240000",
    "20200101006100",
    "2020010100000", "202001010000000", "-2020101000000", "20200101000000.", "20200101000000.-1",
    "20200101000000.1e9", "19108010000000", "10000101000000x", "2020-01-01"])
@pytest.mark.parametrize("command", ["MFMT {} f", "MFCT {} f", "MFF modify={}; f",
                                     "SITE UTIME {} f"])
def test_a_date_that_there_is_not_changes_nothing(c, tree, command, date):
    tree.write("f", b"content")
    before = tree.photograph()
    reply = c.ask(command.format(date))
    assert reply.code[0] == "5" and tree.photograph() == before


@pytest.mark.parametrize("term", ["quota-bytes", "quota-files", "max-file-size", "upload-rate",
                                  "max-sessions"])
def test_cve_2021_40524_no_limit_is_a_number_that_is_none(tmp_path, term):
    """Pure-FTPd took a quota of -1 for none at all: here whoever sets it hears so."""
    server = Server(database=True)
    server.database = str(tmp_path / "accounts.db")
    server.add_user("alice", root=str(tmp_path))
    before = server.ctl("user", "show", "alice")
    for number in ("-1", "-0", "+1", "1e3", "0x10", "1.5", " ", "NaN", "unlimited",
                   "18446744073709551616", "99999999999999999999T", "16777217T", "1kk"):
        assert term in server.ctl("user", "set", "alice", f"--{term}={number}", status=2), number
    assert server.ctl("user", "show", "alice") == before


@pytest.mark.parametrize("column", ["quota_bytes", "quota_files", "max_file_size", "max_sessions"])
def test_cve_2021_40524_a_record_that_makes_no_sense_lets_nobody_in(column):
    """Nor is a quota in the database none at all because it cannot be understood."""
    with Server(*AT_ONCE, database=True) as server:
        server.add_user("alice")
        with inside(server, "alice") as c:
            with sqlite3.connect(server.database) as connection:
                connection.execute(f"UPDATE users SET {column} = -1")
            server.add_user("somebody")  # through ferryctl: what is known of records is old now
            c.ask("NOOP", "421")
        with server.client() as c:
            c.expect("220")
            c.ask("USER alice", "331")
            c.ask(f"PASS {PASSWORD}", "530")
        assert column.replace("_", "-") in server.log()
