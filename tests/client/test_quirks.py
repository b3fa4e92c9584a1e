# SPDX-License-Identifier: Apache-2.0
"""Servers as they are: for each way in which one is not as the documents have it, a dialogue that
ferry has to get through, word for word.
"""

import os
import time

import pytest

import tls
from scripted import (FILE, HASTY, IMAGE, MLST, PASSIVE, SYST, Scripted, entries, facts, ferry, fetch,
                      list_, login)

pytestmark = pytest.mark.clear
PROMPT = ("--retry-delay", "0")


def got(tmp_path, name="f"):
    return (tmp_path / name).read_bytes()


# ---- The data connection --------------------------------------------------------------------

@pytest.mark.parametrize("reply", [
    "227 Entering Passive Mode 127,0,0,1,{p1,p2}", "227 =127,0,0,1,{p1,p2}",
    "227 Entering Passive Mode (127,0,0,1,{p1,p2})   ", "227 Entering 1.2 (127, 0, 0, 1, {p1,p2}).",
    "227 Passive [127,0,0,1,{p1,p2}]", "227 (0,0,0,0,{p1,p2})", "227 (10,0,0,1,{p1,p2})",
    "227 (192,168,1,1,{p1,p2})", "227-a word first\\r\\n227 (127,0,0,1,{p1,p2})",
    "200 Entering Passive Mode (127,0,0,1,{p1,p2})"])
def test_every_227_that_has_a_port_will_do(tmp_path, reply):
    script = fetch("f", "content").replace(PASSIVE, f"C: PASV\nS: {reply}\n")
    with Scripted(login() + facts("f", 7) + script) as server:
        server.ferry("get", "--data-connection", "pasv", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


def test_a_port_under_another_code_than_229_will_do(tmp_path):
    with Scripted(login() + facts("f", 7)
                  + fetch("f", "content").replace("S: 229", "S: 200")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


@pytest.mark.parametrize("refusal", ["500 what?", "502 no", "501 no", "522 not this protocol",
                                     "229 (|||x|)"])
def test_epsv_that_is_refused_is_not_asked_for_again(tmp_path, refusal):
    def pasv(name):
        return fetch(name, "content").replace(PASSIVE, "C: PASV\nS: 227 (127,0,0,1,{p1,p2})\n")
    with Scripted(login() + facts("f", 7) + f"C: EPSV\nS: {refusal}\n" + pasv("f")
                  + facts("g", 7).replace(IMAGE, "") + pasv("g")) as server:
        server.ferry("get", "@f", "@g", cwd=tmp_path)
    assert got(tmp_path) == got(tmp_path, "g") == b"content"


def test_epsv_that_leads_nowhere_becomes_pasv(tmp_path):
    """What stands between us may know PASV alone, and let through what that announces."""
    with Scripted(login() + facts("f", 7) + "C: EPSV\nS: 229 (|||1|)\n"
                  + fetch("f", "content").replace(PASSIVE, "C: PASV\nS: 227 (127,0,0,1,{p1,p2})\n")
                  ) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


def test_no_passive_way_becomes_an_active_one(tmp_path):
    with Scripted(login() + facts("f", 7) + "C: EPSV\nS: 500 no\nC: PASV\nS: 500 no\n"
                  "C: EPRT |1|127.0.0.1|<port>|\nS: 200 ok\nC: RETR f\nS: 150 go\n"
                  "D@ <port> 127.0.0.1\nD> content\nD.\nS: 226 done") as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


def test_eprt_that_is_refused_becomes_port(tmp_path):
    with Scripted(login() + facts("f", 7) + "C: EPRT |1|127.0.0.1|*|\nS: 500 no\n"
                  "C: PORT 127,0,0,1,*\nS: 200 ok\nC: RETR f\nS: 425 no way to you") as server:
        result = server.ferry("get", "--data-connection", "active", "@f", cwd=tmp_path, status=6)
    assert b"425 data connection could not be opened: no way to you" in result.stderr


@pytest.mark.parametrize("script", [
    pytest.param("S: 150 go\nS: 226 done\nD> content\nD.", id="226 before the data"),
    pytest.param("S: 226 done\nD> content\nD.", id="226 alone"),
    pytest.param("D> content\nD.\nS: 226 done", id="no 150"),
    pytest.param("S: 125 go\nD> content\nD.\nS: 250 done", id="125 and 250"),
    pytest.param("S: 159 go\nD> content\nD.\nS: 259 done", id="third digits of its own"),
    pytest.param("D+\nS: 150 go\nD> content\nD.\nS: 226-so\nS: 226-it\nS: 226 was", id="many lines"),
    pytest.param("S~ 150 go\\n\nD> content\nD.\nS~ 226 done\\n", id="LF alone"),
])
def test_a_transfer_may_be_told_in_many_ways(tmp_path, script):
    with Scripted(login() + facts("f", 7) + f"{PASSIVE}C: RETR f\n{script}") as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


def test_a_file_has_its_name_when_the_server_says_that_it_is_whole(tmp_path):
    """Some look for viruses between the last byte and 226."""
    seen = []
    with Scripted(login() + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD> content\nD.\n"
                  "do look\nS: 226 done", look=lambda _: seen.append((tmp_path / "f").exists())
                  ) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert seen == [False] and got(tmp_path) == b"content"


# ---- Replies -------------------------------------------------------------------------------

@pytest.mark.parametrize("banner", [
    "220-Welcome\nS: 220-to this\nS: 220 server", "220-Welcome\nS: 230 is no end\nS: 220 server",
    "220-Welcome\nS: 221-neither\nS: 220is not\nS: \nS:   220 nor this\nS: 220 ready",
    "220-no words\nS: 220"])
def test_banners_have_lines_of_any_kind(tmp_path, banner):
    with Scripted(login().replace("220 ready", banner) + facts("f", 7) + fetch("f", "content")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


@pytest.mark.parametrize("banner", [
    "S~ \\r\\n220 ready\\r\\n", "S~ \\x00220 ready\\r\\n", "S: 220:ready", r"S~ 220\tready\r\n",
    "S: 220-Hi\nS: 220End", "S: 220 ready\nS: ", "S: 220 ready\nS:   and more of it"])
def test_greetings_that_are_not_as_they_should_be_will_do(tmp_path, banner):
    with Scripted(login().replace("S: 220 ready", banner) + facts("f", 7) + fetch("f", "content")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


@pytest.mark.parametrize("end", ["200 End", "211End", "211-End"])
def test_features_may_end_in_many_ways(tmp_path, end):
    script = login("SIZE", "MDTM").replace("S: 211 End", f"S: {end}")
    with Scripted(script + facts("f", 7) + fetch("f", "content")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


def test_a_227_in_two_lines_does_not_make_the_second_an_answer(tmp_path):
    with Scripted(login() + facts("f", 7) + "C: EPSV\nS: 500 no\nC: PASV\n"
                  "S: 227 Entering Passive Mode\nS:  (127,0,0,1,8,8)\n"
                  "C: EPRT |1|127.0.0.1|<port>|\nS: 200 ok\nC: RETR f\nS: 150 go\n"
                  "D@ <port> 127.0.0.1\nD> content\nD.\nS: 226 done") as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


def test_a_second_answer_to_one_command_is_not_the_next_one_s(tmp_path):
    with Scripted(login() + facts("f", 7).replace("S: 200 ok\n", r"S~ 200 ok\r\n200 indeed\r\n" "\n")
                  + fetch("f", "content")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


@pytest.mark.parametrize("replies", [
    "S: 230 in", "S: 232 in", "S: 331 password\nC: PASS ferry@\nS: 230 in",
    "S: 338 password\nC: PASS ferry@\nS: 239 in", "S: 331 password\nC: PASS ferry@\nS: 202 no need"])
def test_logins_differ(tmp_path, replies):
    with Scripted(login().replace("S: 230 in", replies) + facts("f", 7) + fetch("f", "content")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


@pytest.mark.parametrize("replies", [
    "S: 331 password\nC: PASS secret\nS: 332 account\nC: ACCT money\nS: 230 in",
    "S: 332 account\nC: ACCT money\nS: 230 in"])
def test_an_account_is_taken_from_the_netrc(tmp_path, replies):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret account money\n")
    netrc.chmod(0o600)
    script = login().replace("USER anonymous\nS: 230 in", f"USER me\n{replies}")
    with Scripted(script + facts("f", 7) + fetch("f", "content")) as server:
        result = server.ferry("get", "-v", "-v", "--netrc-file", netrc, "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"
    assert b"> ACCT ****" in result.stderr and b"money" not in result.stderr


def test_an_account_that_nobody_knows_is_said_to_be_wanted(tmp_path):
    with Scripted("S: 220 ready\nC: FEAT\nS: 500 no\nC: USER anonymous\nS: 332 account") as server:
        result = server.ferry("get", "@f", cwd=tmp_path, status=4)
    assert b"wants an account" in result.stderr


# ---- From server to server ---------------------------------------------------------------------

def test_servers_that_allow_it_send_each_other_what_there_is():
    """The one that listens says at which port; the host is the one that we speak with."""
    source = (login() + facts("a", 7) + "C: PASV\nS: 227 (192,0,2,1,8,8)\nC: RETR a\nS: 150 go\n"
              "do wait\nS: 226 done")
    target = (login() + f"{IMAGE}C: PORT 127,0,0,1,8,8\nS: 200 ok\nC: STOR b\nS: 150 go\n"
              "do wait\nS: 226 done\nC: SIZE b\nS: 213 7")

    def wait(_):
        """Longer than a reply may take: they are busy with each other."""
        time.sleep(3.5)
    with Scripted(source, wait=wait) as a, Scripted(target, wait=wait) as b:
        a.ferry("copy", "--reply-timeout", "3", "@a", b.url("b"))


def test_servers_that_do_not_are_helped(tmp_path):
    source = (login() + facts("a", 7) + "C: PASV\nS: 227 (192,0,2,1,8,8)\n"
              + fetch("a", "content"))
    target = (login() + f"{IMAGE}C: PORT 127,0,0,1,8,8\nS: 500 not there\n" + store("b", "content")
              + CHECKED.format("b"))
    with Scripted(source) as a, Scripted(target) as b:
        a.ferry("copy", "@a", b.url("b"))


# ---- Promises ------------------------------------------------------------------------------

@pytest.mark.parametrize("refusal", ["550 SIZE not allowed in ASCII", "500 what?", "213 many"])
def test_no_size_is_no_reason_not_to_fetch(tmp_path, refusal):
    with Scripted(login("SIZE", "MDTM") + f"{IMAGE}C: SIZE f\nS: {refusal}\n"
                  "C: MDTM f\nS: 213 20260102030405\n" + fetch("f", "content")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content" and int(os.stat(tmp_path / "f").st_mtime) == 1767323045


def test_of_text_no_size_is_asked_for(tmp_path):
    """Most refuse SIZE in type A, and what others say is not what comes."""
    with Scripted(login("SIZE") + fetch("f", r"a\r\nb\r\n")) as server:
        server.ferry("get", "@f;type=a", cwd=tmp_path)
    assert got(tmp_path) == b"a\nb\n"


def broken(name, content, time_="20260102030405", size=7, end="426 broken"):
    return facts(name, size, time_) + fetch(name, content, end=end)


def test_what_broke_off_goes_on_from_where_it_was(tmp_path):
    with Scripted(login() + broken("f", "cont") + fetch("f", "ent", "C: REST 4\nS: 350 ok\n")) as server:
        server.ferry("get", "--retries", "1", *PROMPT, "@f", cwd=tmp_path, status=0)
    assert os.listdir(tmp_path) == ["f"] and got(tmp_path) == b"content"


@pytest.mark.parametrize("changed", [{"time_": "20260102030406"}, {"size": 8}])
def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(tmp_path, changed):
    with Scripted(login() + broken("f", "cont")) as server:
        server.ferry("get", "@f", cwd=tmp_path, status=6)
    assert len(os.listdir(tmp_path)) == 1
    new = "changed!"[:changed.get("size", 7)]
    with Scripted(login() + facts("f", changed.get("size", 7), changed.get("time_", "20260102030405"))
                  + fetch("f", new)) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert os.listdir(tmp_path) == ["f"] and got(tmp_path) == new.encode()


@pytest.mark.parametrize("refusal", ["500 what?", "502 no", "501 no", "504 no", "550 no", "554 no"])
def test_rest_that_is_promised_and_refused_costs_the_beginning(tmp_path, refusal):
    with Scripted(login("REST STREAM") + broken("f", "cont")) as server:
        server.ferry("get", "@f", cwd=tmp_path, status=6)
    with Scripted(login("REST STREAM") + facts("f", 7) + f"{PASSIVE}C: REST 4\nS: {refusal}\n"
                  + fetch("f", "content")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert os.listdir(tmp_path) == ["f"] and got(tmp_path) == b"content"


def test_rest_that_is_accepted_and_forgotten_costs_the_beginning(tmp_path):
    """The whole file comes behind what is there: more than the server has is not what it has."""
    with Scripted(login("REST STREAM") + broken("f", "cont")) as server:
        server.ferry("get", "@f", cwd=tmp_path, status=6)
    with Scripted(login("REST STREAM") + facts("f", 7) + fetch("f", "content", "C: REST 4\nS: 350 ok\n")
                  + fetch("f", "content")) as server:
        server.ferry("get", "@f", cwd=tmp_path)
    assert os.listdir(tmp_path) == ["f"] and got(tmp_path) == b"content"


SHA256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"  # of "content"


@pytest.mark.parametrize("reply, told", [
    (f"213 SHA-256 0-7 {SHA256} f", b"verified by SHA-256"),
    (f"213 {SHA256.upper()}", b"verified by SHA-256"),
    ("213 SHA-256 0-7 what", b"verified by size"), ("213 ", b"verified by size"),
    ("500 what?", b"verified by size"), ("550 not of this file", b"verified by size")])
def test_a_digest_that_is_none_proves_nothing(tmp_path, reply, told):
    with Scripted(login("HASH SHA-256*") + facts("f", 7) + fetch("f", "content")
                  + f"C: HASH f\nS: {reply}") as server:
        result = server.ferry("get", "--verify=hash", "@f", cwd=tmp_path)
    assert told in result.stderr and got(tmp_path) == b"content"


def test_a_digest_that_is_another_one_is_no_success(tmp_path):
    with Scripted(login("HASH SHA-256*") + facts("f", 7) + fetch("f", "content")
                  + f"C: HASH f\nS: 213 SHA-256 0-7 {SHA256.replace('e', 'f')} f") as server:
        server.ferry("get", "--verify=hash", "@f", cwd=tmp_path, status=8)
    assert os.listdir(tmp_path) == []


# ---- Uploads -------------------------------------------------------------------------------

def store(name, content, reply="226 done"):
    return f"{PASSIVE}C: STOR {name}\nS: 150 go\nD< {content}\nS: {reply}\n"


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"content")
    file.chmod(0o640)
    os.utime(file, (1767323045, 1767323045))
    return file


PART = ".f.<identity>.ferry-part"
LOOK = f"{IMAGE}C: SIZE {PART}\nS: 550 no\n"
CHMOD = "C: SITE CHMOD 640 f\nS: 500 what?"
CHECKED = "C: SIZE {0}\nS: 213 7\n"


@pytest.mark.parametrize("mfmt", ["213 Modify=20260102030405; f", "500 what?", "550 no"])
def test_an_upload_has_its_name_when_it_is_whole(source, mfmt):
    script = (login("MFMT") + LOOK + store(PART, "content")
              + CHECKED.format(PART) + f"C: RNFR {PART}\nS: 350 ok\nC: RNTO f\nS: 250 ok\n"
              f"C: MFMT 20260102030405 f\nS: {mfmt}\n" + CHMOD)
    with Scripted(script) as server:
        server.ferry("put", source, "@f")


def test_an_upload_with_a_long_name_has_a_shorter_one_on_the_way(tmp_path):
    name = "n" * 250
    (tmp_path / name).write_bytes(b"content")
    part = f".{name[:93]}~<hash>.<identity>.ferry-part"
    with Scripted(login() + f"{IMAGE}C: SIZE {part}\nS: 550 no\n" + store(part, "content")
                  + CHECKED.format(part) + f"C: RNFR {part}\nS: 350 ok\nC: RNTO {name}\nS: 250 ok\n"
                  f"C: SITE CHMOD * {name}\nS: 500 what?") as server:
        server.ferry("put", tmp_path / name, "@")


@pytest.mark.parametrize("refusal", ["553 no such name", "550 Permission denied", "501 no"])
def test_a_name_on_the_way_that_is_refused_is_done_without(source, refusal):
    script = (login() + LOOK + f"{PASSIVE}C: STOR {PART}\nS: {refusal}\n"
              + store("f", "content") + CHECKED.format("f") + CHMOD)
    with Scripted(script) as server:
        server.ferry("put", source, "@f")


BEGUN = login() + LOOK.replace("550 no", "213 4")
NAMED = f"C: RNFR {PART}\nS: 350 ok\nC: RNTO f\nS: 250 ok\n{CHMOD}"


def test_an_upload_goes_on_from_what_is_there(source):
    rest = store(PART, "ent").replace("C: STOR", "C: REST 4\nS: 350 ok\nC: STOR")
    with Scripted(BEGUN + rest + CHECKED.format(PART) + NAMED) as server:
        server.ferry("put", source, "@f")


@pytest.mark.parametrize("refusal", ["502 no", "501 not for STOR", "554 no"])
def test_an_upload_that_cannot_go_on_begins_anew(source, refusal):
    with Scripted(BEGUN + f"{PASSIVE}C: REST 4\nS: {refusal}\n" + store(PART, "content")
                  + CHECKED.format(PART) + NAMED) as server:
        server.ferry("put", source, "@f")


def test_an_upload_that_is_not_all_there_has_no_name(source):
    with Scripted(login() + LOOK + store(PART, "content") + CHECKED.format(PART).replace("213 7", "213 5")
                  + f"C: DELE {PART}\nS: 250 ok") as server:
        assert b"is not what was sent" in server.ferry("put", source, "@f", status=8).stderr


SENT = login() + LOOK + store(PART, "content") + CHECKED.format(PART)


def test_a_server_that_does_not_rename_gets_the_file_by_its_own_name(source):
    with Scripted(SENT + f"C: RNFR {PART}\nS: 502 no\nC: DELE {PART}\nS: 250 ok\n"
                  + store("f", "content") + CHECKED.format("f") + CHMOD) as server:
        server.ferry("put", source, "@f")


TAKE = f"C: RNFR {PART}\nS: 350 ok\nC: RNTO f\n"
OLD = ".f.<old>.ferry-part"
IN_THE_WAY = SENT + TAKE + "S: 553 it exists\nC: SIZE f\nS: 213 3\n"
ASIDE = IN_THE_WAY + f"C: RNFR f\nS: 350 ok\nC: RNTO {OLD}\nS: 250 ok\n"


def test_a_server_whose_rename_replaces_nothing_is_helped(source):
    """Microsoft's FTP service (IIS): the old file goes aside, and goes when the new one is there."""
    with Scripted(ASIDE + TAKE + f"S: 250 ok\nC: DELE {OLD}\nS: 250 ok\n" + CHMOD) as server:
        server.ferry("put", source, "@f")


@pytest.mark.parametrize("refusal", ["500 what?", "501 no argument", "504 no"])
def test_stou_without_an_argument_is_what_the_rfc_has(source, refusal):
    script = (login() + 'C: PWD\nS: 257 "/"\n' + IMAGE + f"{PASSIVE}C: STOU f\nS: {refusal}\n"
              + f"{PASSIVE}C: STOU\nS: 150 FILE: u.1\nD< content\nS: 226 done\n")
    with Scripted(script) as server:
        result = ferry(*HASTY, server.url(), stdin=b"sunique on\nput f\n", cwd=source.parent)
    assert b"f -> u.1: 7 B" in result.stderr


@pytest.mark.parametrize("refusal", ["C: REST 4\nS: 502 no",
                                     "C: REST 4\nS: 350 ok\nC: STOR f\nS: 501 not for STOR"])
def test_reput_without_rest_adds_what_is_missing(source, refusal):
    script = (login() + 'C: PWD\nS: 257 "/"\n' + IMAGE + "C: SIZE f\nS: 213 4\nC: MDTM f\n"
              f"S: 500 what?\n{PASSIVE}{refusal}\n"
              f"{PASSIVE}C: APPE f\nS: 150 go\nD< ent\nS: 226 done\n")
    with Scripted(script) as server:
        ferry(*HASTY, server.url(), stdin=b"reput f\n", cwd=source.parent)


def test_what_was_there_has_its_name_again_where_the_new_file_is_refused_it(source):
    with Scripted(ASIDE + TAKE + f"S: 553 no\nC: RNFR {OLD}\nS: 350 ok\nC: RNTO f\nS: 250 ok\n"
                  ) as server:
        result = server.ferry("put", "--upload-temporary=on", source, "@f", status=5)
    assert b"553 no" in result.stderr and b"may be called" not in result.stderr


@pytest.mark.parametrize("script, again", [
    (ASIDE + TAKE, f"S: 213 7\nC: SIZE {PART}\nS: 213 7\n"),
    (IN_THE_WAY + f"C: RNFR f\nS: 350 ok\nC: RNTO {OLD}\n", f"S: 213 7\nC: SIZE {PART}\nS: 213 7\n")])
def test_a_line_that_breaks_while_what_was_there_is_aside_costs_nothing(source, script, again):
    script += "reset\nconnect\n" + login()
    finished = f"{TAKE}S: 250 ok\nC: DELE {OLD}\nS: 250 ok\n{CHMOD}"
    with Scripted(script + LOOK.replace("S: 550 no\n", again) + finished) as server:
        server.ferry("put", "--retries", "1", *PROMPT, source, "@f")


def test_where_what_was_there_is_aside_for_good_that_is_said(source):
    with Scripted(ASIDE + TAKE + "reset") as server:
        result = server.ferry("put", source, "@f", status=6)
        assert f"may be called .f.{server.words['old']}.ferry-part now".encode() in result.stderr


# ---- Connections that end -----------------------------------------------------------------

@pytest.mark.parametrize("end", ["S: 421 Timeout\nclose", "close", "C: EPSV\nS: 421 Timeout\nclose",
                                 "C: EPSV\nclose"])
def test_who_was_idle_comes_again(end):
    with Scripted(login() + SYST + list_(FILE) + f"{end}\nconnect\n" + login()
                  + list_(FILE, " x")) as server:
        found = entries(server.ferry("ls", "--json", "@", "@x", *PROMPT))
    assert list(found) == ["f"]


def test_what_was_refused_with_421_was_not_done():
    """So even what must not be done twice is asked for again."""
    with Scripted(login() + "C: MKD a\nS: 257 made\nC: MKD b\nS: 421 Timeout\nclose\nconnect\n" + login()
                  + "C: MKD b\nS: 257 made") as server:
        server.ferry("mkdir", "@a", "@b", *PROMPT)


def test_who_comes_again_is_where_it_was():
    there = 'C: PWD\nS: 257 "/home"\nC: CWD a b\nS: 250 ok\n'
    back = "C: CWD /home\nS: 250 ok\n"
    with Scripted(login() + SYST + there + list_(FILE) + back + "C: EPSV\nS: 421 Timeout\nclose\n"
                  "connect\n" + login() + back + list_(FILE, " x")) as server:
        server.ferry("ls", "@a%20b", "@x", *PROMPT)


@pytest.mark.parametrize("refusal", ["S: 421 too many", "S: 220 hi\nC: FEAT\nS: 500 no\n"
                                     "C: USER anonymous\nS: 530 Too many users, try later"])
def test_a_full_server_is_asked_again(tmp_path, refusal):
    with Scripted(f"{refusal}\nclose\nconnect\n" + login() + facts("f", 7) + fetch("f", "content")
                  ) as server:
        result = server.ferry("get", "--retries", "1", *PROMPT, "@f", cwd=tmp_path)
    assert b"oo many" in result.stderr and b"trying again in 0 seconds" in result.stderr


def test_a_server_that_allows_one_connection_is_mirrored_over_one(tmp_path):
    """The others leave at once: what they would have fetched comes over the first."""
    def second(server):
        other, _ = server.listener.accept()
        other.sendall(b"421 one is enough\r\n")
        other.close()
    lines = r"type=file;size=7; f\r\ntype=file;size=7; g\r\n"
    with Scripted(login(MLST) + f"{PASSIVE}C: MLSD\nS: 150 go\nD> {lines}\nD.\nS: 226 done\n"
                  "do second\n" + IMAGE + fetch("*", "content") + fetch("*", "content"),
                  second=second) as server:
        server.ferry("mirror", "--parallel", "2", "--retries", "5", "@", tmp_path)
    assert got(tmp_path) == got(tmp_path, "g") == b"content"


def test_a_line_that_breaks_behind_the_last_byte_costs_no_byte(tmp_path):
    """Boxes between us forget a control connection that is silent during a long transfer."""
    with Scripted(login() + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD> content\nD.\nreset\n"
                  "connect\n" + login() + IMAGE) as server:
        server.ferry("get", "--retries", "1", *PROMPT, "@f", cwd=tmp_path)
    assert os.listdir(tmp_path) == ["f"] and got(tmp_path) == b"content"


def test_a_line_that_breaks_within_the_data_costs_none_that_came(tmp_path):
    with Scripted(login() + facts("f", 7) + f"{PASSIVE}C: RETR f\nS: 150 go\nD> cont\nD.\nreset\n"
                  "connect\n" + login() + IMAGE + fetch("f", "ent", "C: REST 4\nS: 350 ok\n")) as server:
        server.ferry("get", "--retries", "1", *PROMPT, "@f", cwd=tmp_path)
    assert os.listdir(tmp_path) == ["f"] and got(tmp_path) == b"content"


# ---- TLS -----------------------------------------------------------------------------------

TLS = ("--tls", "auto", "--tls-ca-file", tls.certificate()[0])
SECURE = "S: 220 ready\nC: AUTH TLS\nS: 234 go\ntls\n" + login().replace("S: 220 ready\n", "")
PRIVATE = "C: PBSZ 0\nS: 200 ok\nC: PROT P\nS: 200 ok\n"


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_servers_that_want_the_session_resumed_get_it(tmp_path, version):
    """vsftpd and others refuse a data connection that might be somebody else's."""
    def resumed(name):
        return fetch(name, "content").replace("D> ", "D+\nresumed\nD> ")
    with Scripted(SECURE + PRIVATE + facts("f", 7) + resumed("f") + facts("g", 7).replace(IMAGE, "")
                  + resumed("g")) as server:
        server.context.minimum_version = server.context.maximum_version = getattr(
            tls.ssl.TLSVersion, version)
        server.ferry("get", *TLS, "@f", "@g", cwd=tmp_path)
    assert got(tmp_path) == got(tmp_path, "g") == b"content"


def test_auth_ssl_is_what_old_servers_know(tmp_path):
    with Scripted(SECURE.replace("S: 234 go", "S: 500 what?\nC: AUTH SSL\nS: 334 go") + PRIVATE
                  + facts("f", 7) + fetch("f", "content")) as server:
        server.ferry("get", *TLS, "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


NO_TLS = login().replace("S: 220 ready\n", "S: 220 ready\nC: AUTH TLS\nS: {0}\n{1}")
WARNING = b"the server offers no TLS: the password goes over the network in the clear"


@pytest.mark.parametrize("refusal, again", [("500 what?", "C: AUTH SSL\nS: 500 what?\n"),
                                            ("534 no", "C: AUTH SSL\nS: 534 no\n"), ("431 no", "")])
def test_auto_does_without_tls_and_says_so_where_a_password_is_at_stake(tmp_path, refusal, again):
    script = NO_TLS.format(refusal, again) + facts("f", 7) + fetch("f", "content")
    with Scripted(script) as server:
        assert WARNING not in server.ferry("get", *TLS, "@f", cwd=tmp_path).stderr
    with Scripted(script.replace("USER anonymous\nS: 230 in",
                                 "USER me\nS: 331 so?\nC: PASS secret\nS: 230 in")) as server:
        result = server.ferry("get", "--tls", "auto", "@me:secret@f", cwd=tmp_path)
    assert result.stderr.count(WARNING) == 1


def test_a_server_without_pbsz_is_asked_for_prot_all_the_same(tmp_path):
    with Scripted(SECURE + PRIVATE.replace("200", "500 what?", 1) + facts("f", 7)
                  + fetch("f", "content")) as server:
        server.ferry("get", *TLS, "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"


def test_data_in_the_clear_have_to_be_wanted(tmp_path):
    with Scripted(SECURE + PRIVATE.replace("S: 200 ok", "S: 534 no").replace("534 no", "200 ok", 1)
                  ) as server:
        result = server.ferry("get", *TLS, "@f", cwd=tmp_path, status=3)
    assert b"no TLS on data connections" in result.stderr
    with Scripted(SECURE + PRIVATE.replace("PROT P", "PROT C") + facts("f", 7)
                  + fetch("f", "content")) as server:
        server.ferry("get", *TLS, "--no-tls-data", "@f", cwd=tmp_path)
    assert got(tmp_path) == b"content"
