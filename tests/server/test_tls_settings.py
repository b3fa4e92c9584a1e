# SPDX-License-Identifier: Apache-2.0
"""TLS as it is set: certificates and their reload, which are whose, and who has to use them."""

import hashlib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import time

import pytest

from authority import Authority
from harness import HASH_OF_SECRET, SANITIZER_ENV, Server, eventually
from secure import TLS_1_2, TLS_1_3, SecureClient, SecureServer
from tls import make_certificate

pytestmark = pytest.mark.clear  # says itself what is under TLS


class Peer(SecureClient):
    """A client that says which host it wants, shows a certificate, and trusts anybody or one."""

    def __init__(self, port, name="localhost", shows=None, trust=None, version=None, **how):
        self.name = name
        super().__init__(port, trust=trust, version=version, **how)
        if trust is None:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE
        if shows:
            self.context.load_cert_chain(*shows)

    def wrap(self):
        self.socket = self.context.wrap_socket(self.socket, server_hostname=self.name,
                                               suppress_ragged_eofs=False)

    def shown(self):
        """The certificate the server shows."""
        return self.socket.getpeercert(binary_form=True)


def greeted(port, **how):
    peer = Peer(port, **how)
    peer.expect("220")
    return peer


def secured(port, **how):
    peer = greeted(port, **how)
    peer.secure()
    return peer


def der(file):
    with open(file, encoding="ascii") as f:
        return ssl.PEM_cert_to_DER_cert(f.read())


def refused(server):
    """Starts it, which is not to succeed, and gives what it says."""
    done = subprocess.run(server.command(), env=dict(os.environ, **SANITIZER_ENV, **server.env),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done
    return done.stderr


def reload(server, event):
    """SIGHUP, and waits until it has been taken up: the line that the log has gained."""
    before = server.log().count(event)
    server.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: server.log().count(event) > before), server.log()
    return server.log().splitlines()[-1]


def install(certificate, key, server, name):
    """Puts a pair in the place of the server's."""
    for source, target in ((certificate, f"{name}.crt"), (key, f"{name}.key")):
        shutil.copy(source, os.path.join(server.base, target))


@pytest.fixture(name="authority", scope="module")
def fixture_authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("authority")))


# ---- Files ----------------------------------------------------------------------------------


def test_a_certificate_of_its_own_is_kept_over_restarts_and_its_fingerprint_told():
    with Server("--tls-self-signed") as server:
        with secured(server.port) as peer:
            first = peer.shown()
        file = os.path.join(server.state, "self-signed.pem")
        assert os.stat(file).st_mode & 0o7777 == 0o600
        told = re.findall(r"tls-self-signed sha256=(\S+)", server.log())
        assert [t.replace(":", "") for t in told] == [hashlib.sha256(first).hexdigest()]
        assert server.stop() == 0
        server.start()
        with secured(server.port) as peer:
            assert peer.shown() == first


def test_settings_are_checked_without_making_a_certificate(tmp_path):
    state = tmp_path / "state"
    with Server() as server:
        command = [server.binary, "--root", server.root, "--state", str(state), "--check-config",
                   "--tls-self-signed"]
        subprocess.run(command, check=True, capture_output=True)
    assert not state.exists()


def test_what_is_wrong_with_a_certificate_is_said_and_nothing_is_started(tmp_path, authority):
    garbage = tmp_path / "garbage"
    garbage.write_text("no certificate\n")
    certificate, key = authority.issue("wrong.test")
    _, other_key = authority.issue("other.test")
    locked = str(tmp_path / "locked.key")
    subprocess.run(["openssl", "ec", "-in", key, "-out", locked, "-aes128", "-passout", "pass:x"],
                   check=True, capture_output=True)
    cases = (
        (["--tls-cert", "/no/such"], "tls-cert: /no/such: No such file"),
        (["--tls-cert", str(garbage)], f"{garbage}: is no certificate"),
        (["--tls-cert", certificate], f"{certificate}: is no private key"),
        (["--tls-cert", certificate, "--tls-key", other_key], f"{other_key}: is not that of"),
        (["--tls-cert", certificate, "--tls-key", locked], f"{locked}: has a passphrase"),
        (["--tls-cert", certificate, "--tls-key", key, "--tls-ciphers", "NONE-SUCH"], "ciphers"),
        (["--tls-cert", certificate, "--tls-key", key, "--tls-client-cert", "required",
          "--tls-client-ca", str(garbage)], "client CA: is no certificate"),
        (["--tls-cert", certificate, "--tls-key", key, "--tls-client-cert", "required",
          "--tls-client-ca", authority.certificate, "--tls-client-crl", str(garbage)],
         "client CRL"),
    )
    for options, wrong in cases:
        server = Server(*options)
        try:
            assert wrong in refused(server)
        finally:
            shutil.rmtree(server.base)


def test_a_key_that_others_can_read_is_warned_of():
    with SecureServer() as server:
        assert "key-open-to-others" not in server.log()
        key = server.certificate.replace(".crt", ".key")
        os.chmod(key, 0o640)
        reload(server, "info reloaded")
        assert ("key-open-to-others" in server.log()) == (os.getuid() != 0)
        os.chmod(key, 0o604)
        reload(server, "info reloaded")
        assert f"warning key-open-to-others file={key}" in server.log()


def test_a_certificate_that_ends_soon_is_warned_of(authority):
    def at(seconds):
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))

    day = 24 * 60 * 60
    for name, end, event in (("soon.test", 13 * day, "certificate-expires-soon"),
                             ("past.test", -day, "certificate-expired"),
                             ("later.test", 15 * day, None)):
        certificate, key = authority.issue(name, startdate=at(-2 * day), enddate=at(end))
        with Server("--tls-cert", certificate, "--tls-key", key) as server:
            date = time.strftime("%Y-%m-%d", time.gmtime(time.time() + end))
            if event:
                assert f"warning {event} date={date}" in server.log()
            else:
                assert "certificate-expire" not in server.log()


# ---- Reload ---------------------------------------------------------------------------------


def test_new_sessions_get_a_new_certificate_and_old_ones_go_on(authority):
    with SecureServer() as server, server.login() as old:
        server.write("f", b"content")
        before = der(server.certificate)
        install(*authority.issue("localhost"), server, "localhost")
        reload(server, "info reloaded")
        with secured(server.port) as new:
            assert new.shown() == der(server.certificate) != before
        data = old.passive()
        old.send("RETR f")
        old.expect("150")
        data = old.wrap_data(data)
        assert data.recv(100) == b"content"
        assert data.getpeercert(binary_form=True) == before
        data.close()
        old.expect("226")


def test_a_broken_certificate_on_reload_keeps_everything_old_and_says_so(authority):
    with SecureServer(config="idle_timeout = 100\n") as server, server.login() as old:
        before = der(server.certificate)
        _, other_key = authority.issue("stranger")
        key = server.certificate.replace(".crt", ".key")
        for broken in ("no certificate\n", "", None):
            if broken is None:
                os.unlink(server.certificate)
            else:
                with open(server.certificate, "w", encoding="ascii") as f:
                    f.write(broken)
            line = reload(server, "reload-refused")
            assert server.certificate in line and line.startswith("error reload-refused")
            with secured(server.port) as new:
                assert new.shown() == before
        with open(server.certificate, "w", encoding="ascii") as f:
            f.write(ssl.DER_cert_to_PEM_cert(before))
        shutil.copy(other_key, key)
        assert key in reload(server, "reload-refused")
        complaint = server.ctl("reload", live=True, status=2)
        assert key in complaint
        old.ask("NOOP", "200")


# ---- Which certificate, which host ------------------------------------------------------------

HOSTS = """
host "one.test" {
  root = "@BASE@/one"
  user "anna" { password = '%s' }
}
host "two.test" {
  root = "@BASE@/two"
  banner = "The second"
  user "anna" { password = '%s' }
}
""" % (HASH_OF_SECRET, HASH_OF_SECRET)


@pytest.fixture(name="hosts", scope="module")
def fixture_hosts(authority):
    options = []
    for name in ("first.test", "one.test", "two.test"):
        certificate, key = authority.issue(name, f"DNS:{name}")
        options += ["--tls-cert", certificate, "--tls-key", key]
    server = Server(*options, config=HOSTS)
    for name in ("one", "two"):
        os.makedirs(os.path.join(server.base, name))
        with open(os.path.join(server.base, name, f"in-{name}"), "wb"):
            pass
    with server:
        yield server


def test_the_name_that_the_client_says_chooses_certificate_and_host(hosts, authority):
    for name in ("one", "two"):
        with secured(hosts.port, name=f"{name}.test", trust=authority.certificate) as peer:
            peer.login("anna")
            peer.protect("P")
            assert peer.fetch("NLST").split() == [f"in-{name}".encode()]


def test_a_name_that_is_nobodys_gets_the_first_certificate_and_the_default_host(hosts, authority):
    with secured(hosts.port, name="nobody.test") as peer:
        assert peer.shown() == der(os.path.join(authority.base, "first.test.crt"))
        peer.login("demo")


def test_host_before_auth_chooses_the_certificate(hosts, authority):
    with greeted(hosts.port, name=None) as peer:
        peer.ask("HOST two.test", "220")
        peer.secure()
        assert peer.shown() == der(os.path.join(authority.base, "two.test.crt"))
        peer.login("anna")
        peer.protect("P")
        assert peer.fetch("NLST").split() == [b"in-two"]


def test_host_is_not_another_than_the_name_that_was_said_before(hosts):
    with secured(hosts.port, name="one.test") as peer:
        peer.ask("HOST two.test", "504")
        peer.ask("HOST one.test", "220")
        peer.login("anna")
    with secured(hosts.port, name="nobody.test") as peer:
        assert peer.ask("HOST two.test", "220").text.startswith("220 The second")
    with greeted(hosts.port, name="one.test") as peer:
        peer.ask("HOST two.test", "220")
        peer.secure()
        peer.ask("HOST two.test", "504")


# ---- Versions, ciphers, tickets -----------------------------------------------------------------


def test_the_oldest_version_is_a_setting():
    with SecureServer() as server:
        for version in (TLS_1_2, TLS_1_3):
            with secured(server.port, version=version) as peer:
                assert peer.socket.version() == {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}[version]
    with SecureServer("--tls-min-version", "1.3") as server:
        with greeted(server.port, version=TLS_1_2) as peer, pytest.raises((ssl.SSLError, OSError)):
            peer.secure()
        secured(server.port, version=TLS_1_3).close()


def test_the_ciphers_of_tls_1_2_are_a_setting():
    cipher = "ECDHE-ECDSA-AES256-GCM-SHA384"
    with SecureServer("--tls-ciphers", cipher) as server:
        with secured(server.port, version=TLS_1_2) as peer:
            assert peer.socket.cipher()[0] == cipher
        with greeted(server.port, version=TLS_1_2) as peer:
            peer.context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
            with pytest.raises((ssl.SSLError, OSError)):
                peer.secure()


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("reuse", ["off", "prefer", "require"])
def test_whether_data_connections_resume_the_session_is_a_setting(reuse, version):
    with SecureServer("--data-tls-reuse", reuse) as server:
        server.write("f", b"content")
        with server.login(version=version) as client:
            assert client.fetch("NLST").split() == [b"f"]  # resumes where it can
            data = client.passive()
            client.send("RETR f")
            client.expect("150")
            data = client.context.wrap_socket(data, server_hostname="localhost")
            if reuse == "require":
                client.expect("522")
            else:
                assert data.recv(100) == b"content"
                data.unwrap()
                client.expect("226")
            data.close()


# ---- Clients ------------------------------------------------------------------------------------


def client_options(authority, *more, asks="required"):
    return ["--tls-client-cert", asks, "--tls-client-ca", authority.certificate, *more]


def is_let_in(port, shows):
    """Under TLS 1.3 the client hears of a certificate that is not wanted with the next word."""
    peer = greeted(port, shows=shows)
    try:
        peer.secure()
        peer.ask("NOOP", "200")
        return True
    except (OSError, EOFError):
        return False
    finally:
        peer.close()


@pytest.mark.parametrize("asks", ["off", "optional", "required"])
def test_whether_clients_need_a_certificate_is_a_setting(authority, tmp_path, asks):
    stranger = Authority(str(tmp_path), "stranger")
    options = client_options(authority, asks=asks) if asks != "off" else []
    with SecureServer(*options) as server:
        assert is_let_in(server.port, None) == (asks != "required")
        assert is_let_in(server.port, authority.issue("anybody"))
        assert is_let_in(server.port, stranger.issue("anybody")) == (asks != "required")


def test_a_certificate_that_was_revoked_is_none(tmp_path):
    authority = Authority(str(tmp_path))
    good, bad = authority.issue("good"), authority.issue("bad")
    options = client_options(authority, "--tls-client-crl", authority.revoked)
    with SecureServer(*options) as server:
        assert is_let_in(server.port, good) and is_let_in(server.port, bad)
        authority.revoke(bad[0])
        reload(server, "info reloaded")
        assert is_let_in(server.port, good)
        assert not is_let_in(server.port, bad)


USERS = ("demo:secret", "anna:secret", "anna@example.org:secret", "robot.example.org:secret")


@pytest.mark.parametrize("kind,user,names", [
    ("cn", "anna", ("anna",)),
    ("email", "anna@example.org", ("demo", "email:other@example.org", "email:anna@example.org")),
    ("dns", "robot.example.org", ("demo", "email:demo", "DNS:robot.example.org")),
])
def test_a_certificate_names_the_only_user_that_may_log_in_with_it(authority, kind, user, names):
    options = client_options(authority, "--tls-client-user", kind, asks="optional")
    shows = authority.issue(*names)
    with SecureServer(*options, "--anonymous", users=USERS) as server:
        audit = os.path.join(server.base, "audit")
        server.stop()
        server.options += ["--audit", audit]
        server.start()
        with secured(server.port, shows=shows) as peer:
            peer.login(user)  # with the password: it is asked for, too
        for other in ("demo", "anonymous"):
            with secured(server.port, shows=shows) as peer:
                peer.ask(f"USER {other}", "331")
                peer.ask("PASS secret", "530")
        with secured(server.port) as peer:
            peer.login("demo")  # without a certificate as without the setting
        server.stop()
        with open(audit, encoding="utf-8") as f:
            refusals = [line for line in f if '"LOGIN_REFUSED"' in line]
        assert len(refusals) == 2 and all('"tls-client-user"' in line for line in refusals)


@pytest.fixture(name="by_certificate", scope="module")
def fixture_by_certificate(authority):
    options = client_options(authority, "--tls-client-user", "cn", "--tls-client-password", "off",
                             "--ban-user-after", "3", "--login-delay", "0", asks="optional")
    config = "user \"payer\" { password = '%s' account = '42' }\n" % HASH_OF_SECRET
    with SecureServer(*options, config=config, users=USERS, database=True) as server:
        yield server


def test_a_certificate_alone_logs_its_user_in(authority, by_certificate):
    server = by_certificate
    with secured(server.port, shows=authority.issue("anna")) as peer:
        peer.ask("USER anna", "232")
        peer.ask("PWD", "257")
        peer.ask("PASS whatever", "202")
        peer.ask("USER demo", "331")
        peer.ask("PASS secret", "530")
        peer.ask("PWD", "530")
        peer.ask("USER anna", "232")
    with secured(server.port) as peer:
        peer.ask("USER anna", "331")
        peer.ask("PASS wrong", "530")
        peer.login("anna")
    with greeted(server.port) as peer:
        peer.login("anna")


def test_a_certificate_does_not_pay_for_an_account(authority, by_certificate):
    with secured(by_certificate.port, shows=authority.issue("payer")) as peer:
        peer.ask("USER payer", "332")
        peer.ask("PWD", "530")
        peer.ask("ACCT 42", "230")
        peer.ask("PWD", "257")


def test_a_certificate_lets_nobody_in_who_may_not(authority, by_certificate):
    server = by_certificate
    server.add_user("away", "--disabled")
    server.add_user("hasty", "--must-change-password")
    server.add_user("banned")
    for name in ("away", "unknown"):
        with secured(server.port, shows=authority.issue(name)) as peer:
            peer.ask(f"USER {name}", "530")
            peer.ask("PWD", "530")
    with secured(server.port, shows=authority.issue("hasty")) as peer:
        assert "SITE PSWD" in peer.ask("USER hasty", "230").text
    with secured(server.port) as guesser:
        for _ in range(3):
            guesser.ask("USER banned", "331")
            guesser.ask("PASS wrong", "530")
    with secured(server.port, shows=authority.issue("banned")) as peer:
        peer.ask("USER banned", "530")


# ---- Who has to use it ----------------------------------------------------------------------------


@pytest.mark.parametrize("option", [["--require-tls"], ["--require-tls=all"], ["--require-tls", "all"]])
def test_everything_may_have_to_be_under_tls(option):
    with SecureServer(*option, "--allow-ccc") as server:
        server.write("f", b"content")
        with greeted(server.port) as peer:
            peer.ask("USER demo", "530")
            peer.secure()
            peer.login()
            peer.ask("CCC", "534")
            peer.ask("PBSZ 0", "200")
            peer.ask("PROT C", "534")
            peer.refuse("RETR f", "522")
            peer.protect("P")
            assert peer.fetch("RETR f") == b"content"


def test_each_part_may_have_to_be_under_tls_alone():
    with SecureServer("--allow-ccc", config="require_tls = \"login\"\n") as server:
        with greeted(server.port) as peer:
            peer.ask("USER demo", "530")
            peer.secure()
            peer.login()
            peer.fetch("NLST")  # PROT C
            peer.ask("CCC", "200")
        server.config = "require_tls = \"data\"\n"
        server.command()
        reload(server, "info reloaded")
        with greeted(server.port) as peer:
            peer.login()
            peer.refuse("NLST", "522")


@pytest.fixture(name="strict", scope="module")
def fixture_strict():
    with SecureServer("--allow-ccc", database=True) as server:
        server.ctl("group", "add", "careful", "--require-tls-data")
        server.add_user("control", "--require-tls-control")
        server.add_user("data", "--require-tls-data")
        server.add_user("member", "--group", "careful")
        server.add_user("free")
        yield server


PASSWORD = "secret-7-words"


def test_a_user_may_have_to_stay_under_tls(strict):
    with greeted(strict.port) as peer:
        peer.ask("USER control", "331")
        peer.ask(f"PASS {PASSWORD}", "530")
        peer.secure()
        peer.login("control", PASSWORD)
        peer.ask("CCC", "534")
        peer.fetch("NLST")  # PROT C
    with secured(strict.port) as peer:
        peer.login("free", PASSWORD)
        peer.ask("CCC", "200")
    assert "user control: require-tls-control" in strict.log()


def test_a_user_may_have_to_transfer_under_tls(strict):
    for name in ("data", "member"):
        with secured(strict.port) as peer:
            peer.login(name, PASSWORD)
            peer.refuse("NLST", "522")
            peer.protect("P")
            peer.fetch("NLST")


def test_explain_knows_of_tls(strict):
    question = ("explain", "control", "RETR", "/f")
    assert "user control: require-tls-control" in strict.ctl(*question, status=3)
    assert "require-tls-control" not in strict.ctl(*question, "--tls")


# ---- As settings ----------------------------------------------------------------------------------


def test_settings_of_tls_are_shown():
    with SecureServer("--require-tls", "data,login", "--data-tls-reuse", "require",
                      "--user-roots", "/srv") as server:
        shown = json.loads(server.ctl("--json", "config", "show", live=True))["settings"]
    expected = {"require-tls": "login,data", "data-tls-reuse": "require", "tls-min-version": "1.2",
                "tls-client-cert": "off", "allow-ccc": "off", "tls-cert": [server.certificate],
                "user-roots": ["/srv"], "tls-client-user": "none", "tls-ciphers": None}
    assert {key: shown[key] for key in expected} == expected


def test_what_is_set_at_the_start_waits_for_the_next_one():
    with SecureServer(config="user_roots = \"/srv\"\n") as server:
        server.config = "user_roots = \"/home\"\nimplicit_port = 990\n"
        server.command()
        server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: 'needs-restart settings="user-roots implicit-port"' in server.log())
