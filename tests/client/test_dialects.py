# SPDX-License-Identifier: Apache-2.0
"""What servers answer to LIST and MLSD, as ferry ls tells it: whole listings, where
unit/listings has their lines.
"""

import os

import pytest

from scripted import (FILE, IMAGE, MLST, PASSIVE, SYST, TEXT, Scripted, entries, facts, fetch, list_,
                      login)

pytestmark = pytest.mark.clear

UNIX = ("UNIX Type: L8", {
    r"total 8": None,
    r"drwxr-xr-x   2 ftp      ftp          4096 Jan 05  2023 pub": ("directory", None, "2023-01-05"),
    r"-rw-r--r--   1 1000     100        123456 Mar 03  2021 read me.txt":
        ("file", 123456, "2021-03-03"),
    r"-rw-r--r--   1 owner         33 Mar 03  2021 no-group": ("file", 33, "2021-03-03"),
    r"lrwxrwxrwx   1 root     root            7 Feb 29  2020 link -> pub/here":
        ("link", None, "2020-02-29"),
    r"-rw-r--r-- 1 a b 5 2024-02-01 10:11 iso": ("file", 5, "2024-02-01T10:11Z"),
    r"crw-rw-rw-   1 root     root       1,   3 Feb 01  2024 null": ("other", None, "2024-02-01")})
DIALECTS = {
    "unix": UNIX,
    "unix-by-another-name": ("Windows_NT", UNIX[1]),
    "dos": ("Windows_NT", {
        r"02-05-97  02:20AM       <DIR>          pub": ("directory", None, "1997-02-05T02:20Z"),
        r"04-14-2000  03:47PM                  589 read me.htm": ("file", 589, "2000-04-14T15:47Z")}),
    "vms": ("VMS OpenVMS V8.4", {
        r"Directory DISK$USER:[SMITH.SUB]": None,
        r"PUB.DIR;1                   1/3      2-MAY-2003 10:11:12 [SYSTEM] (RWE,RWE,RE,RE)":
            ("directory", None, "2003-05-02T10:11:12Z"),
        r"LOGIN.COM;12               3/3      29-JAN-1996 03:33:12  [A,B]     (RWED,RWED,RE,)":
            ("file", 1536, "1996-01-29T03:33:12Z"),
        r"A_NAME_THAT_IS_SO_LONG_THAT_IT_HAS_A_LINE_OF_ITS_OWN.TEXT;1": None,
        r"                          213/216    29-JAN-1996 03:33:12  [A,B]     (RWED,RWED,,)":
            ("file", 109056, "1996-01-29T03:33:12Z"),
        r"Total of 3 Files, 217 Blocks.": None}),
    "zos-data-sets": ("MVS is the operating system of this server.", {
        r"Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname": None,
        r"APCSPL 3390   2003/05/21  1   12  FB      80  3120  PO  JCL.CNTL":
            ("directory", None, "2003-05-21"),
        r"USRVS2 3390   2003/05/21  1 ++++  FB      80 27920  PS  HUGE.DATA":
            ("file", None, "2003-05-21"),
        r"Migrated                                                MY.OLD": ("file", None, None)}),
    "zos-members": ("MVS is the operating system of this server.", {
        r" Name     VV.MM   Created       Changed      Size  Init   Mod   Id": None,
        r"JOB1      01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001":
            ("file", None, "2002-10-11T09:37Z"),
        r"NEW": ("file", None, None)}),
    "ibm-i": ('OS/400 is the remote operating system.', {
        r"BAILEYSE     5263360 06/11/97 12:27:39 *FILE     BPTFSAVF":
            ("file", 5263360, "1997-06-11T12:27:39Z"),
        r"QSYS           77824 02/23/00 15:09:55 *DIR       QOpenSys/":
            ("directory", None, "2000-02-23T15:09:55Z")}),
    "netware": ("NETWARE Type: L8", {
        r"d [RWCEAFMS] ADMIN                 512 Dec 18  2021 SYSTEM":
            ("directory", None, "2021-12-18"),
        r"- [R----F--] rhesus             214059 Oct 20  2020    cx.exe":
            ("file", 214059, "2020-10-20")}),
    "eplf": ("", {
        r"+i8388621.48594,m825718503,r,s280,\tdjb.html": ("file", 280, "1996-03-01T22:15:03Z"),
        r"+i8388621.50690,m824255907,/,\t514": ("directory", None, "1996-02-13T23:58:27Z")}),
}
LONG = "A_NAME_THAT_IS_SO_LONG_THAT_IT_HAS_A_LINE_OF_ITS_OWN.TEXT;1"
NAMES = {"unix": ["pub", "read me.txt", "no-group", "link", "iso", "null"], "dos": ["pub", "read me.htm"],
         "vms": ["PUB", "LOGIN.COM;12", LONG], "zos-data-sets": ["JCL.CNTL", "HUGE.DATA", "MY.OLD"],
         "zos-members": ["JOB1", "NEW"], "ibm-i": ["BPTFSAVF", "QOpenSys"],
         "netware": ["SYSTEM", "cx.exe"], "eplf": ["djb.html", "514"]}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_of_list_is_read(dialect):
    system, lines = DIALECTS[dialect]
    syst = f"C: SYST\nS: {f'215 {system}' if system else '500 what?'}\n"
    options = " -a" if system.startswith("UNIX") else ""
    listing = list_("".join(f"{line}\\r\\n" for line in lines), options=options)
    with Scripted(login() + syst + listing) as server:
        found = entries(server.ferry("ls", "--json", "@"))
    wanted = dict(zip(NAMES[dialect.removesuffix("-by-another-name")],
                      filter(None, lines.values())))
    assert {name: (each["kind"], each.get("size"), each.get("modified"))
            for name, each in found.items()} == wanted
    assert all(each["size_is_rough"] == (dialect == "vms")
               for each in found.values() if "size" in each)
    assert dialect != "unix" or found["link"]["target"] == "pub/here"


def test_facts_are_read_as_servers_write_them():
    lines = (r"type=cdir;modify=20240102030405; .\r\nType=pdir; ..\r\nTYPE=dir;Modify=20240102030405; d\r\n"
             r"type=file;size=5;modify=20240102030405.678 old draft\r\n no facts\r\n"
             r"type=OS.unix=slink:/x;modify=191000102030405; link\r\ntype=file;size=7;perm=; a;b=c\r\n")
    with Scripted(login(MLST) + f"{PASSIVE}C: MLSD\nS: 150 go\nD> {lines}\nD.\nS: 226 done") as server:
        found = entries(server.ferry("ls", "--json", "@"))
    assert {name: (each["kind"], each.get("size"), each.get("modified"))
            for name, each in found.items()} == {
        "d": ("directory", None, "2024-01-02T03:04:05Z"),
        "old draft": ("file", 5, "2024-01-02T03:04:05Z"), "no facts": ("file", None, None),
        "link": ("link", None, None), "a;b=c": ("file", 7, None)}
    assert found["link"]["target"] == "/x"


@pytest.mark.parametrize("reply", ["500 what?", "502 not here"])
def test_mlsd_that_is_promised_and_not_known_becomes_list(reply):
    with Scripted(login(MLST) + f"{PASSIVE}C: MLSD\nS: {reply}\n{SYST}" + list_(FILE)
                  + list_(FILE, " x")) as server:
        assert list(entries(server.ferry("ls", "--json", "@", "@x"))) == ["f"]


def test_a_directory_that_mlsd_answers_with_501_is_not_there():
    with Scripted(login(MLST) + f"{PASSIVE}C: MLSD x\nS: 501 no such directory\nC: MLST x\n"
                  "S: 550 no") as server:
        server.ferry("ls", "@x", status=7)


@pytest.mark.parametrize("reply", ["550 No files found.", "450 No files found", "550 No members found.",
                                   "550 No data sets found.", "226 empty"])
def test_an_empty_directory_may_be_refused(reply):
    refusal = f"S: {reply}\n" + ("D.\n" if reply.startswith("226") else "")
    with Scripted(login() + f"{SYST}{PASSIVE}C: LIST -a\n{refusal}{PASSIVE}C: LIST\n{refusal}") as server:
        assert server.ferry("ls", "@").stdout == b""


def test_other_refusals_are_no_empty_directory():
    with Scripted(login() + f"{SYST}{PASSIVE}C: LIST -a x\nS: 550 Permission denied\n"
                  f"{PASSIVE}C: LIST x\nS: 550 Permission denied\n") as server:
        server.ferry("ls", "@x", status=5)
    with Scripted(login() + f"{SYST}{PASSIVE}C: LIST -a x\nS: 550 no\n"
                  f"{PASSIVE}C: LIST x\nS: 550 no\n{IMAGE}"
                  "C: SIZE x\nS: 550 no\nC: MDTM x\nS: 550 no\n" + list_(FILE, before=TEXT + PASSIVE)
                  ) as server:
        server.ferry("ls", "@x", status=7)


def test_a_directory_with_blanks_is_gone_into_and_come_back_from():
    """LIST's argument is cut at blanks by some, and taken for options by others."""
    def inside(name):
        return ('C: PWD\nS: 257 "/home/""me""" is where you are\n' f"C: CWD {name}\nS: 250 ok\n"
                + list_(FILE) + 'C: CWD /home/"me"\nS: 250 ok\n')
    with Scripted(login() + SYST + inside("a b") + inside("-x")) as server:
        assert list(entries(server.ferry("ls", "--json", "@a%20b", "@-x"))) == ["f"]


def test_options_that_a_server_wants_go_with_list():
    with Scripted(login() + SYST + list_(FILE, options=" -alT") + list_(FILE, " x", options=" -alT")
                  ) as server:
        server.ferry("ls", "--list-options", "-alT", "@", "@x")


@pytest.mark.parametrize("name, wire, known", [
    ("%C3%B1", r"\xc3\xb1", {"name": "ñ"}),
    ("caf%E9", r"caf\xe9", {"name": "caf\ufffd", "name_hex": "636166e9"})])
def test_names_are_bytes_of_any_kind(tmp_path, name, wire, known):
    line = FILE.replace(r" f\r", rf" {wire}\r")
    with Scripted(login() + SYST + list_(line)) as server:
        found, = entries(server.ferry("ls", "--json", "@")).values()
    assert known.items() <= found.items()
    with Scripted(login() + facts(wire, 7) + fetch(wire, "content")) as server:
        server.ferry("get", f"@{name}", cwd=tmp_path)
    assert os.listdir(os.fsencode(tmp_path)) == [wire.encode().decode("unicode_escape").encode("latin-1")]
