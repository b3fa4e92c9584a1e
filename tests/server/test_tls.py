# SPDX-License-Identifier: Apache-2.0
"""FTPS: what is said and done under TLS (RFC 2228, RFC 4217), over real sockets."""

import json
import os
import re
import socket
import ssl
import struct
import threading
import time
import zlib

import pytest

from harness import PATIENCE, WAYS, Client, eventually, read_all
from secure import TLS_1_2, TLS_1_3, SecureClient, SecureData, SecureServer, context_of

pytestmark = pytest.mark.clear  # says itself what is under TLS
VERSIONS = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3], ids=["1.2", "1.3"])
BIG = bytes(range(256)) * 40_000


@pytest.fixture(scope="module")
def secured():
    with SecureServer() as running:
        yield running


@pytest.fixture
def client(secured):
    secured.empty()
    with secured.login() as connected:
        yield connected


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def implicit():
    """A server that has an implicit port, too, and lets TLS on the control connection end."""
    port = free_port()
    with SecureServer("--implicit-port", str(port), "--allow-ccc") as running:
        running.implicit_port = port
        yield running


def json_sessions(server):
    """Those that are there when they that are ending have gone."""
    def rows():
        return json.loads(server.ctl("--json", "session", "list", live=True))["sessions"]
    eventually(lambda: not rows())
    return rows()


def reset(plain):
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plain.close()


# ---- AUTH ----------------------------------------------------------------------------------


@VERSIONS
def test_a_session_goes_on_under_tls(secured, version):
    secured.empty()
    with secured.login(version=version) as c:
        assert c.socket.version() == {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}[version]
        assert c.socket.selected_alpn_protocol() is None
        c.ask("PWD", "257")
        c.store("STOR f", b"content")
        assert secured.read("f") == b"content"
        assert c.fetch("RETR f") == b"content"
        c.ask("QUIT", "221")
        assert c.is_closed()  # with close_notify: ragged ends are errors here


@pytest.mark.parametrize("mechanism,implied", [("TLS", "C"), ("tls-c", "C"), ("SSL", "P"), ("Tls-P", "P")])
def test_mechanisms_and_what_they_imply(secured, mechanism, implied):
    secured.empty()
    secured.write("f", b"content")
    with secured.client() as c:
        c.expect("220")
        c.secure(mechanism)
        c.login()
        if implied == "C":
            c.ask("PROT P", "503")  # PBSZ comes first
        c.private = implied == "P"
        assert c.fetch("RETR f") == b"content"


@pytest.mark.parametrize("line,code", [("AUTH", "501"), ("AUTH GSSAPI", "504"), ("AUTH TLS extra", "504"),
                                       ("PBSZ 0", "503"), ("PBSZ x", "503"), ("PROT P", "503"),
                                       ("PROT X", "503"), ("CCC", "533"), ("CCC x", "501"),
                                       ("ADAT x", "503"), ("MIC x", "533"), ("CONF x", "533"),
                                       ("ENC x", "533")])
def test_in_the_clear(secured, line, code):
    with secured.client() as c:
        c.expect("220")
        c.ask(line, code)
        c.ask("NOOP", "200")


@pytest.mark.parametrize("line,code", [("AUTH TLS", "503"), ("AUTH", "501"), ("PBSZ", "501"), ("PBSZ x", "501"),
                                       ("PBSZ -1", "501"), ("PBSZ 4294967296", "501"), ("PBSZ 0", "200"),
                                       ("PBSZ 4294967295", "200"), ("PROT P", "503"), ("PROT", "501"),
                                       ("CCC", "534"), ("ADAT x", "503"), ("MIC x", "533"),
                                       ("CONF x", "533"), ("ENC x", "533")])
def test_under_tls(secured, line, code):
    with secured.client() as c:
        c.expect("220")
        c.secure()
        reply = c.ask(line, code)
        if line.startswith("PBSZ") and code == "200":
            assert "PBSZ=0" in reply.text
        c.ask("NOOP", "200")


@pytest.mark.parametrize("level,code", [("P", "200"), ("p", "200"), ("C", "200"), ("c", "200"), ("S", "536"),
                                        ("e", "536"), ("X", "504"), ("PP", "504"), ("Private", "504")])
def test_levels_of_protection(secured, level, code):
    with secured.client() as c:
        c.expect("220")
        c.secure()
        c.ask("PBSZ 0", "200")
        c.ask(f"PROT {level}", code)


def test_without_a_certificate_there_is_no_tls(server):
    with server.client() as c:
        c.expect("220")
        c.ask("AUTH TLS", "534")
        text = c.ask("FEAT", "211").text
        assert "AUTH" not in text and "PBSZ" not in text and "PROT" not in text
        c.ask("USER demo", "331")


def test_features_name_what_tls_brings(secured):
    with secured.client() as c:
        c.expect("220")
        lines = c.ask("FEAT", "211").lines
        assert {b" AUTH TLS", b" PBSZ", b" PROT"} <= set(lines)


def test_auth_logs_out_and_begins_anew(secured):
    """RFC 2228 3: who was inside in the clear is not inside under TLS; nothing else that was said holds."""
    with secured.client() as c:
        c.expect("220")
        c.login()
        c.ask("TYPE I", "200")
        c.ask("LANG ES", "200")
        c.secure()
        assert "Please login" in c.ask("PWD", "530").text
        c.login()
        status = c.ask("STAT", "211").text
        assert "TYPE A N" in status
        c.ask("HELP XYZ", "502")


def test_a_user_named_in_the_clear_is_forgotten(secured):
    with secured.client() as c:
        c.expect("220")
        c.ask("USER demo", "331")
        c.secure()
        c.ask("PASS secret", "503")


def test_status_tells_how_it_is_protected(secured):
    with secured.login() as c:
        status = c.ask("STAT", "211").text
        version, cipher = c.socket.version(), c.socket.cipher()[0]
        assert f"under {version}, {cipher}" in status
        assert "Data connections under TLS" in status
        c.protect("C")
        assert "Data connections in the clear" in c.ask("STAT", "211").text
    with Client(secured.port) as plain:
        plain.expect("220")
        plain.login()
        assert "Control connection in the clear" in plain.ask("STAT", "211").text


# ---- What an attacker in between could slip in ------------------------------------------------


@pytest.mark.parametrize("behind", [b"USER mallory\r\n", b"NOOP\r\nNOOP\r\nQUIT\r\n", b"USE", b"\xff\xf4\xff\xf2ABOR\r\n",
                                    b"X" * 20_000 + b"\r\n", b"\r\n" * 1000])
def test_nothing_behind_auth_is_answered(secured, behind):
    """STARTTLS injection: what comes in one packet with AUTH is no part of the session under TLS."""
    with secured.client() as c:
        c.expect("220")
        c.send_bytes(b"AUTH TLS\r\n" + behind)
        c.expect("234")
        assert c.buffer == b""
        c.wrap()
        c.ask("PASS secret", "503")  # no USER has been said
        c.ask("NOOP", "200")


def test_lines_that_wait_behind_a_job_do_not_survive_auth(secured):
    """AUTH waits for HASH; what waits behind it in the clear is forgotten all the same."""
    secured.empty()
    secured.write("big", b"x" * 30_000_000)
    with secured.client() as c:
        c.expect("220")
        c.login()
        c.send_bytes(b"HASH big\r\nAUTH TLS\r\nUSER mallory\r\nPA")
        c.expect("213")
        c.expect("234")
        assert c.buffer == b""
        c.wrap()
        c.ask("PASS x", "503")
        c.login()


def test_clear_bytes_behind_the_end_of_tls_are_no_commands(secured):
    """After the client's close_notify nobody is believed; the end is answered in kind."""
    secured.empty()
    with secured.login() as c:
        plain = socket.socket(fileno=os.dup(c.socket.fileno()))
        plain.settimeout(PATIENCE)
        c.socket.settimeout(0)
        try:
            c.socket.unwrap()
            answered = True
        except ssl.SSLWantReadError:
            answered = False
        plain.sendall(b"MKD injected\r\n")
        if not answered:
            c.socket.settimeout(PATIENCE)
            c.socket.unwrap()  # raises when no close_notify comes
        rest = plain.recv(1000)
        assert rest == b""
        plain.close()
    assert secured.names() == []


def test_a_clear_line_in_the_midst_of_tls_breaks_it(secured):
    secured.empty()
    with secured.login() as c:
        plain = socket.socket(fileno=os.dup(c.socket.fileno()))
        plain.sendall(b"MKD injected\r\n")
        plain.close()
        with pytest.raises((ssl.SSLError, EOFError, OSError)):
            c.reply()
    assert secured.names() == []


def test_tls_on_a_plain_port_is_dropped_at_once(secured):
    with socket.create_connection(("127.0.0.1", secured.port), PATIENCE) as plain:
        plain.recv(1000)
        plain.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert plain.recv(1000) == b""


def test_renegotiation_is_refused(secured):
    """TLS 1.2 would allow it: `openssl s_client` asks for it with R."""
    import subprocess
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{secured.port}", "-starttls", "ftp",
                           "-tls1_2", "-legacy_renegotiation"], input=b"R\nNOOP\n", capture_output=True,
                          timeout=PATIENCE, check=False)
    assert b"no renegotiation" in done.stderr + done.stdout


# ---- Records and handshakes of all shapes -------------------------------------------------------


class Pieces:
    """TLS by hand: what it says can be cut into any pieces."""

    def __init__(self, port, trust, version=None):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context_of(trust, version).wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def read_clear(self):
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.socket.recv(1)
        return line

    def flush(self, size):
        data = self.outgoing.read()
        for i in range(0, len(data), size):
            self.socket.sendall(data[i:i + size])

    def run(self, call, size):
        while True:
            try:
                result = call()
                self.flush(size)
                return result
            except ssl.SSLWantReadError:
                self.flush(size)
                data = self.socket.recv(65536)
                if not data:
                    raise EOFError from None
                self.incoming.write(data)

    def ask(self, line, size):
        self.run(lambda: self.tls.write(line), size)
        return self.run(lambda: self.tls.read(10000), size)

    def close(self):
        self.socket.close()


@VERSIONS
@pytest.mark.parametrize("size", [1, 2, 7, 65536])
def test_records_arrive_in_any_pieces(secured, version, size):
    p = Pieces(secured.port, secured.certificate, version)
    assert p.read_clear().startswith(b"220")
    p.socket.sendall(b"AUTH TLS\r\n")
    assert p.read_clear().startswith(b"234")
    p.run(p.tls.do_handshake, size)
    assert p.ask(b"USER demo\r\n", size).startswith(b"331")
    assert p.ask(b"PASS secret\r\n", size).startswith(b"230")
    p.run(lambda: p.tls.write(b"PW"), size)  # a line in two records
    assert p.ask(b"D\r\n", size).startswith(b"257")
    got = p.ask(b"NOOP\r\n" * 1000, size)  # and many lines in one
    while got.count(b"\r\n") < 1000:
        got += p.run(lambda: p.tls.read(65536), size)
    assert got.count(b"200 ") == 1000
    assert p.ask(b"X" * 20_000 + b"\r\n", size).startswith(b"500")
    assert p.ask(b"QUIT\r\n", size).startswith(b"221")
    assert p.run(lambda: p.tls.read(10), size) == b""  # close_notify
    p.close()


def test_a_handshake_that_never_ends_has_the_time_to_log_in():
    with SecureServer("--login-timeout", "1") as server, server.client() as c:
        c.expect("220")
        c.ask("AUTH TLS", "234")
        c.send_bytes(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a hello
        assert c.socket.recv(100) == b""  # no 421, which could not be read


def test_a_second_handshake_by_who_was_inside_has_it_too():
    with SecureServer("--login-timeout", "1") as server, server.client() as c:
        c.expect("220")
        c.login()
        c.ask("AUTH TLS", "234")
        assert c.socket.recv(100) == b""


@pytest.mark.parametrize("hello", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n"])
def test_resets_in_a_handshake_harm_nobody(secured, hello):
    for _ in range(20):
        c = secured.client()
        c.expect("220")
        c.ask("AUTH TLS", "234")
        c.send_bytes(hello)
        reset(c.socket)
    with secured.login() as c:
        c.ask("NOOP", "200")


def test_what_is_no_handshake_closes_the_connection(secured):
    with secured.client() as c:
        c.expect("220")
        c.ask("AUTH TLS", "234")
        c.send_bytes(b"USER demo\r\nPASS secret\r\n")
        said = read_all(c.socket)
        assert b"331" not in said and b"530" not in said
        assert len(said) <= 7  # an alert at most


@pytest.mark.parametrize("protocol,taken", [(["ftp"], True), (["x-filezilla-ftp", "ftp"], True), (["http/1.1"], False),
                                            (["h2", "imap"], False)])
def test_a_client_of_another_protocol_is_refused(secured, protocol, taken):
    """ALPACA: who says that it speaks HTTP is not answered as FTP."""
    with secured.client() as c:
        c.expect("220")
        c.context.set_alpn_protocols(protocol)
        c.ask("AUTH TLS", "234")
        if taken:
            c.wrap()
            assert c.socket.selected_alpn_protocol() == "ftp"
            c.login()
        else:
            with pytest.raises(ssl.SSLError):
                c.wrap()


# ---- Data connections ---------------------------------------------------------------------------


@VERSIONS
@pytest.mark.parametrize("way", WAYS)
def test_transfers_under_tls_by_every_way(secured, version, way):
    secured.empty()
    with secured.login(version=version) as c:
        c.ask("TYPE I", "200")
        c.store("STOR f", BIG, way)
        assert secured.read("f") == BIG
        assert c.fetch("RETR f", way) == BIG
        assert b"f\r\n" in c.fetch("NLST", way)


def test_data_in_the_clear_when_the_client_wants_them(secured):
    secured.empty()
    with secured.login(protection="C") as c:
        c.store("STOR f", b"content")
        assert c.fetch("RETR f") == b"content"


def test_data_never_cross_in_the_clear_after_prot_p(client, secured):
    """A peer that speaks no TLS gets nothing of the file, and 425."""
    secured.write("f", b"SECRET" * 1000)
    client.private = False
    for command in ("RETR f", "NLST", "MLSD"):
        data = client.passive()
        client.send(command)
        client.expect("150")
        data.sendall(b"give me\r\n")
        said = b""
        try:
            said = read_all(data)
        except ConnectionError:
            pass
        assert b"SECRET" not in said and b"f" not in said.replace(b"\x15\x03", b"") and len(said) <= 7
        client.expect("425")
    client.private = True
    assert client.fetch("RETR f") == b"SECRET" * 1000


def test_an_upload_whose_handshake_fails_changes_nothing(client, secured):
    secured.write("f", b"old")
    client.private = False
    for command in ("STOR f", "APPE f", "STOU new", "STOR other"):
        data = client.passive()
        client.send(command)
        client.expect("150")
        data.sendall(b"in the clear, and long enough to be looked at as a record")
        client.expect("425")
        data.close()
    assert secured.names() == ["f"] and secured.read("f") == b"old"


def test_a_data_handshake_that_never_begins_has_a_deadline():
    with SecureServer("--data-timeout", "1") as server:
        server.write("f", b"content")
        with server.login() as c:
            c.private = False
            data = c.begin("RETR f")
            c.expect("425")
            assert data.recv(1) == b""
            c.private = True
            assert c.fetch("RETR f") == b"content"


def test_a_data_connection_closed_or_reset_in_its_handshake(client, secured):
    secured.write("f", b"content")
    client.private = False
    for end in (socket.socket.close, reset):
        data = client.begin("RETR f")
        end(data)
        client.expect("425")
    client.private = True
    assert client.fetch("RETR f") == b"content"


@VERSIONS
@pytest.mark.parametrize("mode", ["S", "B", "Z"])
def test_modes_under_tls(secured, version, mode):
    secured.empty()
    with secured.login(version=version) as c:
        c.ask("TYPE I", "200")
        c.ask(f"MODE {mode}", "200")
        wire = {"S": BIG, "B": b"\x40\x10\x00" + BIG[:4096], "Z": zlib.compress(BIG)}[mode]
        expected = BIG[:4096] if mode == "B" else BIG
        c.store("STOR f", wire, codes=("226", "250"))
        assert secured.read("f") == expected
        if mode == "B":
            return
        got = c.fetch("RETR f")
        assert (zlib.decompress(got) if mode == "Z" else got) == expected


@VERSIONS
def test_a_data_connection_that_stays_open_keeps_its_tls(secured, version):
    """MODE B: one handshake, several files; PROT with another level closes it."""
    secured.empty()
    secured.write("f", b"content")
    with secured.login(version=version) as c:
        c.ask("TYPE I", "200")
        c.ask("MODE B", "200")
        data = c.begin("RETR f")
        block = b"\x00\x00\x07content\x40\x00\x00"
        assert data.recv(len(block)) == block
        c.expect("250")
        c.send("RETR f")
        c.expect("125")
        assert data.recv(len(block)) == block
        c.expect("250")
        c.ask("PROT P", "200")  # the level that it has: nothing changes
        c.send("RETR f")
        c.expect("125")
        assert data.recv(len(block)) == block
        c.expect("250")
        c.ask("PROT C", "200")
        assert data.recv(1) == b""  # with close_notify


@VERSIONS
@pytest.mark.parametrize("command", ["STOR f", "APPE f"])
def test_an_upload_that_ends_without_close_notify_is_broken(secured, version, command):
    """Anybody on the way can end a TCP connection: without close_notify it is not the whole file."""
    secured.empty()
    secured.write("f", b"old content")
    with secured.login(version=version) as c:
        c.ask("TYPE I", "200")
        data = c.begin(command)
        data.sendall(b"new " * 1000)
        data.drop()
        c.expect("426")
        assert secured.names() == ["f"]
        assert secured.read("f") == b"old content"
        c.store("STOR f", b"whole")
        assert secured.read("f") == b"whole"


@pytest.mark.parametrize("reset", [False, True])
def test_a_new_file_that_ends_without_close_notify_is_not_published(client, secured, reset):
    secured.empty()
    client.ask("TYPE I", "200")
    data = client.begin("STOR new")
    data.sendall(b"begin")
    if reset:
        data.reset()
    else:
        data.drop()
    assert "nothing was stored" in client.expect("426").text
    assert secured.names() == []
    client.store("STOR new", b"whole")
    assert secured.read("new") == b"whole"


def test_a_client_that_knows_the_end_need_not_read_close_notify(client, secured):
    """As lftp does in MODE Z: what is left unread makes its close a reset."""
    secured.write("f", BIG[:100_000])
    client.ask("TYPE I", "200")
    client.ask("MODE Z", "200")
    for _ in range(50):
        data = client.begin("RETR f")
        inflate = zlib.decompressobj()
        content = b""
        while not inflate.eof:
            content += inflate.decompress(data.recv(65536))
        data.drop()
        client.expect("226")
        assert content == BIG[:100_000]


def test_what_a_client_that_died_sent_is_kept_to_be_resumed(secured):
    """Its kernel ends both connections, and nobody is there to send it once more."""
    secured.empty()
    with secured.login() as c:
        c.ask("TYPE I", "200")
        data = c.begin("STOR new")
        data.sendall(b"begin")
        assert eventually(lambda: "5 bytes" in c.ask("STAT", "211").text)
        c.socket.close()  # both without close_notify, as a kernel does
        data.drop()
    assert eventually(lambda: secured.names() == ["new"])
    assert os.listxattr(secured.path("new")) == ["user.ferry.partial"]
    with secured.login() as c:
        c.ask("TYPE I", "200")
        c.ask("REST 5", "350")
        c.store("STOR new", b"ning")
        assert secured.read("new") == b"beginning" and os.listxattr(secured.path("new")) == []


def test_stou_and_appe_under_tls(client, secured):
    client.ask("TYPE I", "200")
    client.store("APPE f", b"one")
    client.store("APPE f", b"two")
    assert secured.read("f") == b"onetwo"
    client.store("STOU f", b"three")
    name = re.search(r"FILE: (\S+)", client.first.text).group(1)
    assert secured.read(name) == b"three"


def begin_big(client, secured):
    secured.write("big", b"x" * 50_000_000)
    client.ask("TYPE I", "200")
    return client.begin("RETR big")


def abort(client, command=b"ABOR\r\n"):
    client.send_bytes(command)
    client.expect("426")
    client.expect("226")


def test_abor_ends_a_transfer_under_tls(client, secured):
    data = begin_big(client, secured)
    assert data.recv(1000)
    abort(client)
    data.drop()
    secured.write("up", b"old")
    data = client.begin("STOR up")
    data.sendall(b"x" * 1000)
    abort(client)
    data.drop()
    assert secured.read("up") == b"old"
    client.ask("NOOP", "200")


def test_abor_ends_a_handshake_on_the_data_connection(client, secured):
    secured.write("f", b"content")
    client.private = False
    data = client.begin("RETR f")
    abort(client)
    data.close()


def test_telnet_signals_are_read_inside_tls(client, secured):
    """RFC 959 4.1.3: IAC IP, IAC DM before ABOR, with the mark sent as urgent data or not."""
    data = begin_big(client, secured)
    abort(client, b"\xff\xf4\xff\xf2ABOR\r\n")
    data.drop()


def test_a_download_that_the_server_breaks_off_has_no_proper_end(client, secured):
    data = begin_big(client, secured)
    assert data.recv(1000)
    client.send("ABOR")
    client.expect("426")
    with pytest.raises((ssl.SSLError, OSError)):
        read_all(data)
    client.expect("226")
    data.drop()


def test_the_control_connection_breaks_during_a_transfer(secured):
    secured.empty()
    secured.write("f", b"old")
    for _ in range(10):
        c = secured.login()
        c.ask("TYPE I", "200")
        data = c.begin("STOR f")
        data.sendall(b"x" * 100_000)
        reset(c.socket)
        data.drop()
    assert json_sessions(secured) == []
    assert secured.names() == ["f"] and secured.read("f") == b"old"


# ---- Data connections are bound to their session ----------------------------------------------------


@pytest.fixture(scope="module")
def strict():
    with SecureServer("--data-tls-reuse", "require") as running:
        yield running


@VERSIONS
def test_a_client_that_uses_each_ticket_once_is_served_for_hundreds_of_transfers(strict, version):
    strict.empty()
    strict.write("f", b"content")
    with strict.login(version=version) as c:
        used = set()
        c.ask("TYPE I", "200")
        for i in range(300):
            way = ("EPSV", "PASV", "PORT", "EPRT")[i % 4]
            assert c.fetch("RETR f", way) == b"content"
            used.add(c.newest_session().id)
        if version is TLS_1_3:
            assert len(used) == 300  # each time there was a new one


@VERSIONS
def test_a_client_that_keeps_its_first_ticket_is_served_too(strict, version):
    strict.empty()
    with strict.login(version=version) as c:
        c.ask("NOOP", "200")
        c.chosen = c.newest_session()
        for i in range(100):
            c.store(f"STOR {i}", b"content")
        assert len(strict.names()) == 100


@VERSIONS
def test_a_transfer_without_a_new_port_command_has_a_ticket_too(strict, version):
    """PORT once, many transfers: a ticket comes before each connection."""
    strict.empty()
    strict.write("f", b"content")
    with strict.login(version=version) as c:
        listener = c.active("EPRT")
        used = set()
        for _ in range(10):
            c.send("RETR f")
            plain, _ = listener.accept()
            c.expect("150")
            session = c.newest_session()
            used.add(session.id)
            data = SecureData(plain, c.context, session)
            assert read_all(data) == b"content"
            data.close()
            c.expect("226")
        assert version is TLS_1_2 or len(used) == 10


@VERSIONS
def test_a_data_connection_without_the_session_is_refused(strict, version):
    strict.empty()
    strict.write("f", b"SECRET")
    with strict.login(version=version) as c:
        for command in ("RETR f", "STOR g"):
            plain = c.passive()
            c.send(command)
            c.expect("150")
            data = SecureData(plain, c.context, None)
            said = b""
            try:
                data.sendall(b"x")
                said = read_all(data)
            except OSError:
                pass
            assert b"SECRET" not in said
            c.expect("522")
            data.drop()
        assert strict.names() == ["f"]
        assert c.fetch("RETR f") == b"SECRET"


@VERSIONS
def test_the_ticket_of_another_session_is_worth_nothing(strict, version):
    strict.empty()
    strict.write("f", b"SECRET")
    with strict.login(version=version) as victim, strict.login(version=version) as thief:
        thief.ask("NOOP", "200")
        victim.ask("NOOP", "200")
        # Python ties a session to its context: the thief has the victim's context.
        context, session = thief.context, thief.newest_session()
        plain = victim.passive()
        victim.send("RETR f")
        victim.expect("150")
        data = SecureData(plain, context, session)
        with pytest.raises(OSError):
            assert b"SECRET" not in read_all(data)
            raise OSError
        victim.expect("522")
        data.drop()
        assert victim.fetch("RETR f") == b"SECRET"


@VERSIONS
def test_a_ticket_does_not_outlive_its_session(strict, version):
    strict.empty()
    strict.write("f", b"SECRET")
    with strict.login(version=version) as first:
        first.ask("NOOP", "200")
        context, session = first.context, first.newest_session()
        first.ask("QUIT", "221")
    with strict.login(version=version) as second:
        plain = second.passive()
        second.send("RETR f")
        second.expect("150")
        data = SecureData(plain, context, session)
        with pytest.raises(OSError):
            assert b"SECRET" not in read_all(data)
            raise OSError
        second.expect("522")
        data.drop()


@pytest.mark.parametrize("reuse", ["off", "prefer"])
def test_where_it_is_not_required_data_connections_need_no_session(reuse):
    with SecureServer("--data-tls-reuse", reuse) as server:
        server.write("f", b"content")
        with server.login() as c:
            assert c.fetch("RETR f") == b"content"
            plain = c.passive()
            c.send("RETR f")
            c.expect("150")
            data = SecureData(plain, c.context, None)
            assert read_all(data) == b"content"
            assert not data.session_reused
            data.close()
            c.expect("226")


@VERSIONS
def test_data_connections_resume_the_session_by_default(client, secured, version):
    secured.write("f", b"content")
    with secured.login(version=version) as c:
        data = c.begin("RETR f")
        assert read_all(data) == b"content"
        assert data.session_reused
        data.close()
        c.expect("226")


# ---- Required -----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["login", "control", "all"])
def test_where_tls_is_required_nobody_logs_in_without(words):
    with SecureServer("--require-tls", words) as server:
        with server.client() as c:
            c.expect("220")
            for line in ("USER demo", "PASS secret", "ACCT x", "RETR f", "PASV", "REIN"):
                assert "AUTH TLS" in c.ask(line, "530").text
            for line, code in (("FEAT", "211"), ("HELP", "214"), ("NOOP", "200"), ("SYST", "215"), ("LANG EN", "200"),
                               ("OPTS UTF8 ON", "200"), ("CLNT x", "200"), ("HOST x", "504"), ("PBSZ 0", "503"),
                               ("PROT P", "503"), ("STAT", "530")):
                c.ask(line, code)
            c.secure()
            c.login()
            c.ask("PWD", "257")


def test_where_private_data_are_required_there_is_no_transfer_without():
    with SecureServer("--require-tls", "data") as server:
        server.write("f", b"content")
        with server.client() as c:
            c.expect("220")
            c.login()  # in the clear: that is allowed here
            for command in ("RETR f", "STOR g", "LIST", "NLST", "MLSD", "APPE f", "STOU"):
                c.refuse(command, "522")
            c.secure()
            c.login()
            c.refuse("RETR f", "522")
            c.protect("P")
            c.ask("PROT C", "534")
            assert c.fetch("RETR f") == b"content"
        assert server.names() == ["f"]


def test_terms_of_a_user_require_it_too():
    with SecureServer(database=True) as server:
        server.add_user("ann", "--require-tls")
        server.add_user("bob", "--require-tls-data")
        server.add_user("eve", "--require-tls-control")
        with server.client() as c:
            c.expect("220")
            for name in ("ann", "eve"):
                c.ask(f"USER {name}", "331")
                c.ask("PASS secret-7-words", "530")
            c.login("bob", "secret-7-words")
            c.refuse("NLST", "522")
            c.secure()
            c.login("ann", "secret-7-words")
            c.refuse("NLST")


# ---- Back to the clear: CCC and REIN -------------------------------------------------------------


def test_ccc_ends_tls_on_the_control_connection_alone(implicit):
    implicit.empty()
    implicit.write("f", b"content")
    with implicit.login() as c:
        session = c.newest_session()
        c.ask("NOOP", "200")
        session = c.newest_session()
        c.ask("CCC", "200")
        c.unwrap()
        c.ask("PWD", "257")
        for line in ("AUTH TLS", "PBSZ 0", "PROT C", "PROT P"):
            c.ask(line, "503")
        c.ask("CCC", "533")
        c.chosen = session
        assert c.fetch("RETR f") == b"content"  # under TLS still
        assert "Control connection in the clear" in c.ask("STAT", "211").text
        c.ask("QUIT", "221")
        assert c.is_closed()


def test_what_comes_with_ccc_or_behind_it_under_tls_is_dropped(implicit):
    implicit.empty()
    with implicit.login() as c:
        c.send_bytes(b"CCC\r\nMKD one\r\n")
        c.expect("200")
        c.unwrap()
        c.ask("NOOP", "200")
    assert implicit.names() == []


def test_after_ccc_a_client_may_speak_in_the_clear_at_once(implicit):
    """curl in its passive mode never sends a close_notify."""
    with implicit.login() as c:
        c.ask("CCC", "200")
        plain = socket.socket(fileno=os.dup(c.socket.fileno()))
        plain.settimeout(PATIENCE)
        with pytest.raises((ssl.SSLZeroReturnError, ssl.SSLEOFError)):
            if not c.socket.read(1):
                raise ssl.SSLZeroReturnError
        c.socket = plain
        c.ask("PWD", "257")


def test_ccc_is_refused_where_control_has_to_stay_private():
    with SecureServer("--allow-ccc", "--require-tls", "control", database=True) as server:
        with server.login() as c:
            c.ask("CCC", "534")
    with SecureServer("--allow-ccc", database=True) as server:
        server.add_user("eve", "--require-tls-control")
        server.add_user("bob")
        with server.login("eve", "secret-7-words") as c:
            c.ask("CCC", "534")
            c.ask("PWD", "257")
        with server.login("bob", "secret-7-words") as c:
            c.ask("CCC", "200")


def test_after_ccc_nobody_logs_in_where_a_login_has_to_be_private():
    with SecureServer("--allow-ccc", "--require-tls", "login") as server, server.login() as c:
        c.ask("CCC", "200")
        c.unwrap()
        c.ask("PWD", "257")
        c.ask("USER demo", "530")
        c.ask("PWD", "257")
        c.ask("SITE PSWD secret other", "530")


@VERSIONS
def test_rein_goes_back_to_the_clear(secured, version):
    """RFC 4217 13: the 220 comes under TLS, then TLS ends; another AUTH may follow."""
    secured.empty()
    with secured.login(version=version) as c:
        for _ in range(3):
            c.ask("REIN", "220")
            c.unwrap()
            c.ask("PWD", "530")
            c.ask("PBSZ 0", "503")
            c.secure()
            c.login()
            c.protect("P")
            c.store("STOR f", b"content")
            assert secured.read("f") == b"content"


def test_rein_in_the_clear_stays_in_the_clear(secured):
    with secured.client() as c:
        c.expect("220")
        c.login()
        c.ask("REIN", "220")
        c.ask("PWD", "530")
        c.login()


# ---- Implicit -------------------------------------------------------------------------------------


@VERSIONS
def test_an_implicit_port_begins_with_the_handshake(implicit, version):
    implicit.empty()
    with SecureClient(implicit.implicit_port, trust=implicit.certificate, version=version, implicit=True) as c:
        c.expect("220")
        c.ask("AUTH TLS", "503")
        c.login()
        c.store("STOR f", b"content")  # private without PBSZ and PROT
        assert implicit.read("f") == b"content"
        c.protect("P")
        assert c.fetch("RETR f") == b"content"
        c.ask("REIN", "220")  # TLS stays
        c.login()
        assert c.fetch("RETR f") == b"content"
        c.ask("PROT C", "200")
        c.ask("QUIT", "221")
        assert c.is_closed()


def test_an_implicit_port_says_nothing_in_the_clear(implicit):
    with socket.create_connection(("127.0.0.1", implicit.implicit_port), PATIENCE) as plain:
        plain.sendall(b"USER demo\r\n")
        said = read_all(plain)
        assert b"220" not in said and len(said) <= 7


def test_ccc_on_an_implicit_port_makes_it_one_like_any_other(implicit):
    with SecureClient(implicit.implicit_port, trust=implicit.certificate, implicit=True) as c:
        c.expect("220")
        c.login()
        c.ask("CCC", "200")
        c.unwrap()
        c.ask("PWD", "257")
        c.ask("REIN", "220")
        c.secure()
        c.login()
        c.ask("QUIT", "221")


def test_an_implicit_handshake_that_never_ends_has_the_time_to_log_in():
    port = free_port()
    with SecureServer("--implicit-port", str(port), "--login-timeout", "1"):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
            assert plain.recv(100) == b""


def test_both_ports_are_told(implicit):
    status = json.loads(implicit.ctl("--json", "status", live=True))["status"]
    assert status["listening"] == f"127.0.0.1:{implicit.port} ftps://127.0.0.1:{implicit.implicit_port}"
    tomorrow = time.time() + 86400  # it was made for two days
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(tomorrow)) < status["certificate_until"]
    assert status["tls_in_kernel"] in (True, False)


# ---- What is told of it ------------------------------------------------------------------------------


def test_sessions_and_audit_say_how_they_are_protected():
    with SecureServer() as server:
        server.stop()
        audit = os.path.join(server.base, "audit")
        server.options += ["--audit", audit]
        server.start()
        with server.login() as c, server.client() as plain:
            plain.expect("220")
            plain.login()
            rows = json.loads(server.ctl("--json", "session", "list", live=True))["sessions"]
            by_tls = {row.get("tls_version"): row for row in rows}
            assert set(by_tls) == {None, c.socket.version()}
            assert by_tls[c.socket.version()]["tls_cipher"] == c.socket.cipher()[0]
            c.ask("QUIT", "221")
            plain.ask("QUIT", "221")

        def events():
            with open(audit, encoding="utf-8") as f:
                return [json.loads(line) for line in f]

        assert eventually(lambda: len(events()) == 4)
        said = sorted((e["action"], e.get("tls_version")) for e in events() if e.get("tls_version"))
        assert said == [("login", "TLSv1.3"), ("logout", "TLSv1.3")]


def test_closing_words_come_under_tls(secured):
    """Idle, kicked, shut down: a 421 and a proper end."""
    with SecureServer("--idle-timeout", "1") as server:
        with server.login() as c:
            c.expect("421")
            assert c.is_closed()
    server = SecureServer().start()
    try:
        with server.login() as c:
            stopper = threading.Thread(target=server.stop)
            stopper.start()
            c.expect("421")
            assert c.is_closed()
            stopper.join()
    finally:
        server.__exit__(None, None, None)
