# SPDX-License-Identifier: Apache-2.0
"""The control connection: lines, Telnet, pipelines, other protocols (RFC 854, RFC 959 4.1, 4.2)."""

import socket
import time

import pytest

from harness import Server, eventually

IAC, DONT, DO, WONT, WILL, IP, DM = b"\xff", b"\xfe", b"\xfd", b"\xfc", b"\xfb", b"\xf4", b"\xf2"


def test_lines_may_end_with_lf_alone(client):
    client.send_bytes(b"NOOP\nPWD\n")
    client.expect("200")
    client.expect("257")


def test_a_line_may_come_byte_by_byte(client):
    for byte in b"NOOP\r\n":
        client.send_bytes(bytes([byte]))
        time.sleep(0.002)
    client.expect("200")


def test_pipelined_commands_are_answered_in_order(client):
    client.send_bytes(b"NOOP\r\nPWD\r\nTYPE I\r\nMKD d\r\nCWD d\r\nPWD\r\nSYST\r\nXYZ\r\nNOOP\r\n")
    for code in ("200", "257", "200", "257", "250", "257", "215", "500", "200"):
        client.expect(code)


def test_a_whole_session_may_be_sent_at_once(server):
    with server.client() as c:
        c.send_bytes(b"USER demo\r\nPASS secret\r\nMKD a\r\nCWD a\r\nPWD\r\nQUIT\r\n")
        for code in ("220", "331", "230", "257", "250"):
            c.expect(code)
        assert '"/a"' in c.expect("257").text
        c.expect("221")
        assert c.is_closed()


def test_a_client_that_closes_its_side_after_its_commands_gets_its_replies(server):
    with server.client() as c:
        c.send_bytes(b"USER demo\r\nPASS secret\r\nPWD\r\nNOOP\r\n")
        c.socket.shutdown(socket.SHUT_WR)
        for code in ("220", "331", "230", "257", "200"):
            c.expect(code)
        assert c.is_closed()


@pytest.mark.parametrize("length", [8193, 10000, 100000, 1000000])
def test_a_line_over_the_limit_is_500_and_the_session_lives(client, length):
    client.send_bytes(b"MKD " + b"x" * (length - 4) + b"\r\n")
    client.expect("500")
    client.ask("NOOP", "200")


def test_a_line_at_the_limit_is_heard(client):
    client.send_bytes(b"CWD " + b"/x" * 4094 + b"\r\n")
    client.expect("550")
    client.ask("NOOP", "200")


def test_unknown_bytes_are_500_and_the_session_lives(client):
    client.send_bytes(bytes(b for b in range(1, 240) if b not in b"\r\n") + b"\r\n")
    client.expect("500")
    client.ask("NOOP", "200")


@pytest.mark.parametrize("asked,answer", [(WILL, DONT), (WONT, DONT), (DO, WONT), (DONT, WONT)])
def test_telnet_options_are_refused(client, asked, answer):
    client.send_bytes(IAC + asked + b"\x06")
    assert client.socket.recv(3) == IAC + answer + b"\x06"
    client.send_bytes(b"NO" + IAC + asked + b"\x01" + b"OP\r\n")
    assert client.socket.recv(3) == IAC + answer + b"\x01"
    client.expect("200")


def test_telnet_iac_is_doubled_both_ways(server, client):
    client.send_bytes(b"MKD \xff\xffx\r\n")
    assert client.expect("257").lines[0].startswith(b'257 "/\xff\xffx"')
    assert server.names() == ["\udcffx"]


def test_telnet_interrupt_drops_the_line_before_it(client):
    client.send_bytes(b"DELE precious" + IAC + IP + b"NOOP\r\n")
    client.expect("200")


@pytest.mark.clear  # TLS has no urgent data
def test_telnet_synch_drops_what_waits_before_the_mark(server, client):
    """RFC 854: urgent data up to the Data Mark is discarded."""
    server.write("big", b"x" * 50_000_000)
    client.ask("TYPE I", "200")
    data = client.begin("RETR big")
    client.send_bytes(b"MKD waiting\r\nDELE half")
    time.sleep(0.2)
    client.socket.send(IAC + IP + IAC, socket.MSG_OOB)
    client.send_bytes(DM + b"ABOR\r\n")
    client.expect("426")
    client.expect("226")
    client.ask("NOOP", "200")
    data.close()
    assert server.names() == ["big"]


@pytest.mark.clear  # TLS has no urgent data
def test_abor_sent_as_urgent_data_without_a_mark_is_heard(server, client):
    """What Python's ftplib does."""
    server.write("big", b"x" * 50_000_000)
    client.ask("TYPE I", "200")
    data = client.begin("RETR big")
    client.socket.send(b"ABOR\r\n", socket.MSG_OOB)
    client.expect("426")
    client.expect("226")
    client.ask("NOOP", "200")
    data.close()


@pytest.mark.parametrize("prefix", [b"", IAC + IP, IAC + IP + IAC + DM])
def test_abor_during_a_transfer_is_426_then_226(server, client, prefix):
    server.write("big", b"x" * 50_000_000)
    client.ask("TYPE I", "200")
    data = client.begin("RETR big")
    client.send_bytes(prefix + b"ABOR\r\n")
    client.expect("426")
    client.expect("226")
    data.close()
    assert client.fetch("RETR big") == server.read("big")


def test_abor_when_all_is_sent_but_not_yet_read(server, client):
    """The whole file is in the kernel's hands; nobody waits for a client that does not read."""
    server.write("f", b"x" * 300_000)
    client.ask("TYPE I", "200")
    data = client.passive()
    data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.send("RETR f")
    client.expect("150")
    time.sleep(0.3)
    client.send("ABOR")
    client.expect("426")
    client.expect("226")
    data.close()


def test_abor_while_the_data_connection_is_awaited(client):
    client.ask("PASV", "227")
    client.send("LIST")
    client.expect("150")
    client.send("ABOR")
    client.expect("426")
    client.expect("226")
    client.ask("NOOP", "200")


def test_abor_without_a_transfer_is_226(client):
    client.ask("ABOR", "226")
    client.ask("ABOR", "226")


def test_stat_and_noop_are_answered_during_a_transfer(server, client):
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    data.sendall(b"x" * 1000)
    assert eventually(lambda: "1000 bytes" in client.ask("STAT", "211").text)
    client.ask("NOOP", "200")
    data.close()
    client.expect("226")


@pytest.mark.clear  # TLS has no urgent data
def test_stat_with_telnet_synch_during_a_transfer(server, client):
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    client.socket.send(IAC + IP + IAC, socket.MSG_OOB)
    client.send_bytes(DM + b"STAT\r\n")
    assert "in progress" in client.expect("211").text
    data.close()
    client.expect("226")


def test_quit_during_a_transfer_lets_it_finish(server, client):
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    client.send("QUIT")
    data.sendall(b"whole")
    data.close()
    client.expect("226")
    client.expect("221")
    assert client.is_closed()
    assert server.read("f") == b"whole"


def test_quit_and_close_during_a_transfer_lets_it_finish(server, client):
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    client.send("QUIT")
    client.socket.shutdown(socket.SHUT_WR)
    time.sleep(0.2)
    data.sendall(b"whole")
    data.close()
    client.expect("226")
    client.expect("221")
    assert server.read("f") == b"whole"


def test_other_commands_wait_for_the_transfer_to_end(server, client):
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    client.send_bytes(b"SIZE f\r\nPWD\r\nNOOP\r\n")
    time.sleep(0.2)
    data.sendall(b"12345")
    data.close()
    client.expect("226")
    assert client.expect("213").text == "213 5"
    client.expect("257")
    client.expect("200")


def test_abor_behind_a_waiting_command_stops_the_transfer_and_keeps_the_order(server, client):
    server.write("big", b"x" * 50_000_000)
    client.ask("TYPE I", "200")
    data = client.begin("RETR big")
    client.send_bytes(b"PWD\r\nABOR\r\nNOOP\r\n")
    for code in ("426", "257", "226", "200"):
        client.expect(code)
    data.close()


def test_abor_keeps_the_data_port(server, client):
    """RFC 959 4.1.2: parameters stay until they are changed."""
    server.write("big", b"x" * 50_000_000)
    server.write("small", b"content")
    client.ask("TYPE I", "200")
    listener = client.active("PORT")
    client.send("RETR big")
    data, _ = listener.accept()
    client.expect("150")
    client.ask("ABOR", "426")
    client.expect("226")
    data.close()
    client.ask("ABOR", "226")
    client.send("RETR small")
    data, _ = listener.accept()
    client.expect("150")
    assert data.recv(100) == b"content"
    client.expect("226")
    data.close()
    listener.close()


def test_abor_with_an_argument_stops_nothing(server, client):
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    client.send("ABOR now")
    client.send("QUIT now")
    data.sendall(b"whole")
    data.close()
    client.expect("226")
    client.expect("501")
    client.expect("501")
    assert server.read("f") == b"whole"


def test_digests_go_on_when_the_client_has_no_more_commands(server):
    """printf '...' | nc: the client closes its side and waits for the replies."""
    with open(server.path("sparse"), "wb") as f:
        f.truncate(100_000_000)
    with server.client() as c:
        c.send_bytes(b"USER demo\r\nPASS secret\r\nXSHA512 sparse\r\nPWD\r\n")
        c.socket.shutdown(socket.SHUT_WR)
        for code in ("220", "331", "230", "250", "257"):
            c.expect(code)
        assert c.is_closed()


def test_abor_stops_a_digest(server, client):
    with open(server.path("sparse"), "wb") as f:
        f.truncate(1 << 40)
    client.send("XSHA512 sparse")
    client.send("ABOR")
    client.expect("451")
    client.expect("226")


def test_a_transfer_ends_when_the_control_connection_does(server, client):
    client.ask("TYPE I", "200")
    data = client.begin("STOR f")
    data.sendall(b"part")
    time.sleep(0.2)
    client.close()
    assert data.recv(1) == b""


@pytest.mark.parametrize("request_line", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /x HTTP/1.0\r\n\r\n", b"OPTIONS * HTTP/1.1\r\n",
    b"CONNECT x:1 HTTP/1.1\r\n", b"put /x HTTP/1.1\r\n", b"EHLO there\r\n",
    b"PROPFIND / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\n",
    b"POST /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\nUSER demo\r\nPASS secret\r\nMKD evil\r\n"])
def test_another_protocol_closes_the_connection(server, request_line):
    with server.client() as c:
        c.expect("220")
        c.send_bytes(request_line)
        c.expect("421")
        assert c.is_closed()
    assert server.names() == []


@pytest.mark.clear
def test_a_tls_hello_on_the_plain_port_closes_the_connection(server):
    with server.client() as c:
        c.expect("220")
        c.send_bytes(bytes.fromhex("160301020001000001fc0303") + b"\0" * 500)
        assert c.is_closed()


def test_names_are_quoted_in_257(client):
    client.ask('MKD a"b""c', "257")
    assert client.ask('CWD a"b""c', "250")
    assert client.ask("PWD", "257").text.startswith('257 "/a""b""""c"')


def test_a_newline_in_a_name_travels_as_nul(server, client):
    client.send_bytes(b"MKD a\0b\r\n")
    assert client.expect("257").lines[0].startswith(b'257 "/a\0b"')
    assert server.names() == ["a\nb"]
    assert client.fetch("NLST -a") == b".\r\n..\r\na\0b\r\n"
    assert b" a\0b\r\n" in client.fetch("MLSD")
    client.send_bytes(b"RMD a\0b\r\n")
    client.expect("250")


def test_a_carriage_return_in_a_name_travels_as_cr_nul(server, client):
    client.send_bytes(b"MKD a\r\0b\r\n")
    assert client.expect("257").lines[0].startswith(b'257 "/a\r\0b"')
    assert server.names() == ["a\rb"]


def test_long_names_are_never_cut_in_a_reply(client):
    name = "ñ" * 127
    client.ask(f"MKD {name}", "257")
    assert f'"/{name}"' in client.ask(f"CWD {name}", "250").text


def test_an_unknown_command_is_shown_without_splitting_utf8(client):
    reply = client.ask("ñ" * 100, "500")
    reply.lines[0].decode("utf-8")


def test_idle_sessions_are_closed_with_421():
    with Server("--idle-timeout", "1") as server, server.login() as c:
        c.expect("421")
        assert c.is_closed()


def test_site_idle_changes_the_limit():
    with Server("--idle-timeout", "1") as server, server.login() as c:
        c.ask("SITE IDLE 60", "200")
        time.sleep(2.5)
        c.ask("NOOP", "200")


def test_a_client_that_never_logs_in_is_closed_with_421():
    with Server("--login-timeout", "1") as server, server.client() as c:
        c.expect("220")
        c.expect("421")
        assert c.is_closed()


def test_talking_does_not_lengthen_the_time_to_log_in():
    with Server("--login-timeout", "1") as server, server.client() as c:
        c.expect("220")
        heard = ""
        while heard != "421":
            time.sleep(0.1)
            heard = c.ask("NOOP").code
        assert c.is_closed()


def test_a_transfer_is_not_idle():
    with Server("--idle-timeout", "1") as server, server.login() as c:
        c.ask("TYPE I", "200")
        data = c.begin("STOR f")
        for _ in range(5):
            data.sendall(b"x")
            time.sleep(0.5)
        data.close()
        c.expect("226")


def test_a_client_that_reads_no_replies_cannot_make_the_server_hoard(server, client):
    """Thousands of HELPs unread: lines stop being taken, and go on when the client reads."""
    count = 3000
    client.socket.settimeout(1)
    sent = 0
    request = b"HELP\r\n" * count
    try:
        while sent < len(request):
            sent += client.socket.send(request[sent:])
    except TimeoutError:
        pass
    client.socket.settimeout(20)
    for _ in range(sent // 6):
        client.expect("214")


def test_replies_in_spanish_have_the_same_codes(client):
    english = client.ask("PWD", "257").text
    client.ask("LANG ES", "200")
    spanish = client.ask("PWD", "257").text
    assert english != spanish and "directorio" in spanish
    assert "LANG EN;ES*" in client.ask("FEAT", "211").text
    assert "Trae un fichero" in client.ask("HELP RETR", "214").text
    client.ask("RETR none", "550")
    client.ask("LANG", "200")
    assert client.ask("PWD", "257").text == english


def test_every_reply_of_a_spanish_session_is_utf8(client):
    client.ask("LANG es-MX", "200")
    for line in ("HELP", "FEAT", "STAT", "TYPE X", "XYZ", "RETR none", "MKD d", "RMD d"):
        for text in client.ask(line).lines:
            text.decode("utf-8")


def test_feat_lists_what_there_is(client):
    lines = client.ask("FEAT", "211").text.split("\n")
    features = {line[1:] for line in lines[1:-1]}
    assert all(line.startswith(" ") for line in lines[1:-1])
    for feature in ("UTF8", "SIZE", "MDTM", "REST STREAM", "EPRT", "EPSV", "TVFS", "HOST", "LANG EN*;ES",
                    "MFMT", "MFCT", "MFF modify;create;UNIX.mode;", "RANG STREAM", "AVBL", "COMB",
                    "CLNT", "CSID", "RMDA", "XCRC", "XMD5", "XSHA1", "XSHA256", "XSHA512",
                    "HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32",
                    "MLST type*;size*;modify*;create;perm*;unique*;UNIX.mode*;UNIX.owner*;"
                    "UNIX.group*;"):
        assert feature in features, feature


def test_help_names_every_verb(client):
    text = client.ask("HELP", "214").text
    for verb in ("USER", "RETR", "STOR", "ABOR", "XPWD", "MLSD", "AUTH"):
        assert f" {verb}" in text


def test_replies_come_in_the_order_of_slow_and_quick_commands(server, client):
    """HASH runs on a worker, NOOP on the loop: the order of the commands is kept."""
    server.write("big", b"x" * 30_000_000)
    client.send_bytes(b"HASH big\r\nNOOP\r\nSIZE big\r\nNOOP\r\n")
    for code in ("213", "200", "213", "200"):
        client.expect(code)


def test_a_server_over_ipv6_serves_ipv6():
    with Server(address="::1") as server, server.login(host="::1") as c:
        c.ask("PASV", "502")
        assert c.fetch("LIST", "EPSV") == b""
        assert c.fetch("LIST", "EPRT") == b""
        assert c.fetch("LIST", "LPSV") == b""
        assert c.fetch("LIST", "LPRT") == b""


def test_both_families_at_once_on_one_port():
    with Server(address=["127.0.0.1", "::1"]) as server:
        for host in ("127.0.0.1", "::1"):
            with server.login(host=host) as c:
                assert c.fetch("NLST", "EPSV") == b""
