# SPDX-License-Identifier: Apache-2.0
"""Replies of every verb, success and failure: RFC 959 5.4, RFC 1123 4.1."""

import os

import pytest

from harness import HASH_OF_SECRET, Server

# What each verb answers before login, without its argument, and with one too many.
BEFORE_LOGIN = {
    "530": ["ALLO 1", "APPE f", "AVBL", "CDUP", "COMB a b", "CWD d", "DELE f",
            "EPRT |1|127.0.0.1|2000|", "EPSV", "HASH f", "LIST", "LPRT 4,4,127,0,0,1,2,8,0", "LPSV",
            "MDTM f", "MFCT 20200101000000 f", "MFF modify=20200101000000; f",
            "MFMT 20200101000000 f", "MKD d", "MLSD", "MLST", "MODE S", "NLST", "OPTS MLST type;",
            "OPTS HASH", "PASV", "PORT 127,0,0,1,8,0", "PWD", "RANG 0 1", "REST 0", "RETR f", "RMD d",
            "RMDA d", "RNFR f", "RNTO f", "SITE CHMOD 644 f", "SITE QUOTA", "SITE UMASK", "SIZE f", "SMNT /",
            "STAT", "STAT f", "STOR f", "STOU", "STRU F", "TYPE I", "XCRC f", "XCUP", "XCWD d", "XMD5 f",
            "XMKD d", "XPWD", "XRMD d", "XSHA1 f", "XSHA256 f", "XSHA512 f"],
    "211": ["FEAT"],
    "214": ["HELP", "HELP RETR", "HELP SITE"],
    "215": ["SYST"],
    "200": ["NOOP", "CLNT tester 1", "OPTS UTF8 ON", "OPTS utf8 off", "OPTS UTF-8", "LANG", "LANG ES",
            "CSID Name=x; Version=1;"],
    "220": ["REIN", "HOST 127.0.0.1"],
    "226": ["ABOR"],
    "503": ["PASS x", "ACCT x", "PBSZ 0", "PBSZ x", "PROT P", "PROT X", "ADAT x"],
    "504": ["HOST no.such.host", "LANG xx", "AUTH KERBEROS_V4", "AUTH TLSx", "AUTH TLS x"],
    "502": ["HELP XYZ"],
    "533": ["CCC", "MIC x", "CONF x", "ENC x"],
    "534": ["AUTH TLS", "auth tls-c", "AUTH TLS-P", "AUTH ssl"],
    "500": ["XYZ", "", "RETRIEVE f", "1234", "\x01", "OPT UTF8"],
    "501": ["USER", "FEAT x", "SYST x", "NOOP x", "QUIT x", "REIN x", "ABOR x", "HOST", "CLNT",
            "ACCT", "AUTH", "PBSZ", "PROT", "ADAT", "MIC", "CONF", "ENC", "CCC x"],
}


def each(table):
    """Under TLS what asks for it is answered otherwise (test_tls.py)."""
    for code, lines in table.items():
        for line in lines:
            about_tls = line[:4].strip().upper() in ("AUTH", "PBSZ", "PROT", "CCC")
            yield pytest.param(code, line, marks=[pytest.mark.clear] if about_tls else [])


@pytest.mark.parametrize("code,line", each(BEFORE_LOGIN))
def test_before_login(shared, code, line):
    with shared.client() as c:
        c.expect("220")
        c.ask(line, code)
        c.ask("NOOP", "200")


AFTER_LOGIN = {
    "501": ["ALLO", "ALLO x", "ALLO 1 R", "ALLO 1 R x", "ALLO -1", "APPE", "CDUP x", "COMB", "COMB one",
            "CWD", "DELE", "EPRT", "EPRT |1|127.0.0.1|", "EPSV x", "HASH", "LPRT", "LPRT 1", "LPSV x",
            "MDTM", "MFCT", "MFCT 20200101000000", "MFCT x f", "MFF", "MFF modify=x; f", "MFF x",
            "MFMT", "MFMT 2020 f", "MKD", "MODE", "MODE SS", "OPTS", "OPTS MODE", "OPTS MODE B", "OPTS MODE Z LEVEL", "OPTS MODE Z LEVEL 10", "OPTS XYZ", "OPTS HASH SHA-0",
            "OPTS UTF8 MAYBE", "PASV x", "PORT", "PORT 1,2,3", "PORT 1,2,3,4,5,256", "PWD x", "RANG", "RANG 1", "RANG x y",
            "REST", "REST x", "REST -1", "REST 99999999999999999999", "RETR", "RMD", "RMDA", "RNFR",
            "RNTO", "SITE", "SITE CHMOD", "SITE CHMOD 999 f", "SITE CHMOD 4755 f", "SITE CHMOD 644",
            "SITE COPY one", "SITE CPFR", "SITE CPTO", "SITE IDLE x", "SITE IDLE 1", "SITE SYMLINK one",
            "SITE QUOTA x", "SITE UMASK 999", "SITE UTIME", "SITE UTIME x y", "SIZE", "SMNT", "STOR", "STRU", "STRU FF",
            "TYPE", "TYPE AN", "TYPE A N N", "TYPE I 8", "TYPE L", "TYPE L 0", "TYPE L x", "USER",
            "XCRC", "XPWD x", "XCUP x"],
    "504": ["TYPE X", "TYPE A X", "TYPE E X", "STRU X", "MODE X", "LANG fr",
            "PORT 127,0,0,1,0,21", "EPRT |1|127.0.0.1|1023|", "LPRT 4,4,127,0,0,1,2,0,21",
            "PORT 127,0,0,2,8,0", "EPRT |1|127.0.0.2|2048|", "EPRT |2|::1|2048|",
            "MFF size=1; f", "MFF colour=red; f"],
    "522": ["EPRT |3|127.0.0.1|2048|", "EPSV 2", "EPSV 7"],
    "521": ["LPRT 16,4,127,0,0,1,2,8,0"],
    "503": ["RNTO x", "SITE CPTO x", "HOST 127.0.0.1"],
    "202": ["PASS x", "ACCT x"],
    "500": ["SITE XYZ", "XYZ", "SITE EXEC ls"],
    "550": ["CWD none", "DELE none", "RMD none", "RMDA none", "MKD .", "MKD none/x", "RETR none",
            "RNFR none", "SIZE none", "MDTM none", "MLST none", "MLSD none", "HASH none", "XCRC none",
            "MFMT 20200101000000 none", "SITE CHMOD 644 none", "SITE CPFR none", "SITE COPY none x",
            "SMNT none", "AVBL none", "CWD f", "RETR d", "DELE d", "RMD f", "RMD full", "SIZE d",
            "RMD /", "RMDA /", "SITE COPY f none/x", "XSHA256 d", "RETR f/x", "AVBL f", "MKD d"],
    "553": ["STOR none/x", "APPE none/x", "STOR d", "APPE d", "STOU none/x", "STOR f/x", "STOR /",
            "COMB none/x f"],
    "450": ["LIST none", "NLST none", "STAT none", "LIST none/x", "LIST none/*", "NLST f/*"],
    "200": ["TYPE A", "TYPE A N", "type a n", "TYPE A T", "TYPE A C", "TYPE E", "TYPE E N", "TYPE E T",
            "TYPE E C", "TYPE I", "TYPE L 8", "TYPE L 36", "STRU F", "STRU R", "STRU P", "MODE S",
            "MODE B", "MODE C", "MODE Z", "OPTS MODE Z", "OPTS MODE Z LEVEL 1", "NOOP",
            "CDUP", "XCUP", "SITE QUOTA", "SITE UMASK", "SITE UMASK 077", "SITE IDLE", "SITE IDLE 60",
            "SITE CHMOD 600 f", "OPTS MLST", "OPTS HASH", "OPTS HASH MD5", "EPSV ALL", "ALLO 0",
            "ALLO 10 R 20", "SITE UTIME 20200101000000 f", "SITE SYMLINK f link"],
    "350": ["REST 0", "REST 5", "RANG 0 5", "RANG 1 0", "RNFR f", "SITE CPFR f"],
    "250": ["CWD d", "XCWD d", "DELE f", "RMD d", "XRMD d", "RMDA full", "MLST f", "MLST", "SMNT /",
            "XCRC f", "XMD5 f", "SITE COPY f g", "COMB g f"],
    "257": ["PWD", "XPWD", "MKD new", "XMKD new"],
    "213": ["SIZE f", "MDTM f", "MFMT 20200101000000 f", "HASH f", "AVBL", "AVBL d", "STAT f",
            "MFF modify=20200101000000; f"],
    "212": ["STAT d", "STAT ."],
    "211": ["STAT", "FEAT"],
    "214": ["HELP", "HELP STOR", "HELP SITE CHMOD", "SITE HELP", "SITE HELP UTIME"],
    "502": ["HELP NONE", "HELP SITE NONE"],
    "533": ["CCC", "ENC x"],
    "534": ["AUTH TLS"],
    "215": ["SYST"],
    "226": ["ABOR"],
    "220": ["REIN"],
    "221": ["QUIT"],
}


@pytest.mark.parametrize("code,line", each(AFTER_LOGIN))
def test_after_login(shared, code, line):
    shared.empty()
    shared.write("f", b"content\n")
    shared.write("full/x")
    os.mkdir(shared.path("d"))
    with shared.login() as c:
        c.ask(line, code)
        if code not in ("221", "220"):
            c.ask("NOOP", "200")


def test_verbs_work_in_any_letter_case(client):
    for verb in ("noop", "NOOP", "NoOp", "nOoP"):
        client.ask(verb, "200")
    client.ask("type i", "200")
    client.ask("sItE uMaSk", "200")


def test_rnto_must_follow_rnfr_at_once(server, client):
    server.write("f", b"x")
    client.ask("RNFR f", "350")
    client.ask("NOOP", "200")
    client.ask("RNTO g", "503")
    client.ask("RNFR f", "350")
    client.ask("RNTO g", "250")
    client.ask("RNTO h", "503")
    assert server.names() == ["g"]


def test_rnto_to_a_place_that_does_not_exist_is_553(server, client):
    server.write("f", b"x")
    client.ask("RNFR f", "350")
    client.ask("RNTO none/g", "553")
    assert server.names() == ["f"]


def test_pass_must_follow_user_at_once(server):
    with server.client() as c:
        c.expect("220")
        c.ask("USER demo", "331")
        c.ask("PASS wrong", "530")
        c.ask("PASS secret", "503")
        c.ask("USER demo", "331")
        c.ask("PASS secret", "230")


def test_user_begins_a_new_login_and_keeps_parameters(server, client):
    client.ask("TYPE I", "200")
    client.ask("USER demo", "331")
    client.ask("PWD", "530")
    client.ask("PASS secret", "230")
    assert "TYPE I" in client.ask("STAT", "211").text


def test_rein_starts_over_with_default_parameters(server, client):
    client.ask("TYPE I", "200")
    client.ask("LANG es", "200")
    client.ask("REIN", "220")
    client.ask("PWD", "530")
    client.ask("RETR f", "530")
    client.login()
    assert "TYPE A N" in client.ask("STAT", "211").text


def test_after_epsv_all_only_epsv_is_accepted(client):
    client.ask("EPSV ALL", "200")
    for line in ("PASV", "PORT 127,0,0,1,8,0", "EPRT |1|127.0.0.1|2048|", "LPSV",
                 "LPRT 4,4,127,0,0,1,2,8,0"):
        client.ask(line, "503")
    assert client.fetch("LIST", "EPSV") == b""


@pytest.mark.parametrize("password", ["a b", " lead", "trail ", "  ", "a:b"])
def test_the_spaces_of_a_password_are_part_of_it(password):
    with Server(users=(f"anna:{password}",)) as server:
        with server.login("anna", password) as c:
            c.ask("PWD", "257")
        with server.client() as c:
            c.expect("220")
            c.ask("USER anna", "331")
            c.ask(f"PASS {password} ", "530")


def test_too_many_wrong_passwords_end_the_session(server):
    with server.client() as c:
        c.expect("220")
        for _ in range(4):
            c.ask("USER demo", "331")
            c.ask("PASS wrong", "530")
        c.ask("USER demo", "331")
        c.ask("PASS wrong", "421")
        assert c.is_closed()


def test_unknown_users_get_the_same_replies_as_known_ones(server):
    replies = []
    for user in ("demo", "nobody"):
        with server.client() as c:
            c.expect("220")
            replies.append((c.ask(f"USER {user}", "331").text.replace(user, "?"),
                            c.ask("PASS wrong", "530").text))
    assert replies[0] == replies[1]


def test_acct_is_asked_where_the_account_has_one():
    config = 'user "payer" { password = "%s" account = "42" }\n' % HASH_OF_SECRET
    with Server(users=(), config=config) as server, server.client() as c:
        c.expect("220")
        c.ask("USER payer", "331")
        c.ask("PASS secret", "332")
        c.ask("PWD", "530")
        c.ask("ACCT 41", "530")
        c.ask("ACCT 42", "503")
        c.ask("USER payer", "331")
        c.ask("PASS secret", "332")
        c.ask("ACCT 42", "230")
        c.ask("PWD", "257")
        c.ask("ACCT 42", "202")
