# SPDX-License-Identifier: Apache-2.0
"""Debian's clients under TLS, against a server that wants it and binds data connections to their session."""

import ftplib
import io
import re
import socket
import subprocess

import pytest

from harness import PATIENCE
from secure import TLS_1_2, TLS_1_3, SecureServer, context_of
from test_clients import PASSWORD, USER, down, run, up  # noqa: F401 (fixtures)
from trees import digests

pytestmark = pytest.mark.clear  # says itself what is under TLS


CONTENT = bytes(range(256)) * 8192


@pytest.fixture(scope="module")
def secured():
    with SecureServer("--require-tls", "all", "--data-tls-reuse", "require") as server:
        yield server


def curl(server, *arguments, cwd, port=None):
    return run("curl", "-sS", "--fail", "--cacert", server.certificate, "--resolve",
               f"localhost:{port or server.port}:127.0.0.1", "-u", f"{USER}:{PASSWORD}", *arguments,
               cwd=cwd)


def url(server, path, scheme="ftp", port=None):
    return f"{scheme}://localhost:{port or server.port}/{path}"


@pytest.mark.parametrize("version", [["--tls-max", "1.2"], ["--tlsv1.3"]])
@pytest.mark.parametrize("mode", [[], ["--disable-epsv"]])
def test_curl(secured, tmp_path, mode, version):
    """In passive mode: 7.88 speaks no TLS on data connections that it accepts."""
    secured.empty()
    (tmp_path / "f").write_bytes(CONTENT)
    how = ["--ssl-reqd", *mode, *version]
    curl(secured, *how, "-T", "f", url(secured, "f"), cwd=tmp_path)
    assert secured.read("f") == CONTENT
    names = [url(secured, "f")] * 5  # one session, five data connections
    got = curl(secured, *how, *names, cwd=tmp_path)
    assert got == CONTENT * 5


@pytest.mark.parametrize("mode", ["passive", "active"])
def test_curl_clears_the_control_connection(tmp_path, mode):
    with SecureServer("--allow-ccc") as server:
        server.write("f", CONTENT)
        assert curl(server, "--ssl-reqd", "--ftp-ssl-ccc", "--ftp-ssl-ccc-mode", mode, url(server, "f"),
                    cwd=tmp_path) == CONTENT


def test_curl_on_an_implicit_port(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with SecureServer("--implicit-port", str(port), "--data-tls-reuse", "require") as server:
        server.write("f", CONTENT)
        assert curl(server, url(server, "f", "ftps", port), cwd=tmp_path, port=port) == CONTENT


@pytest.mark.parametrize("passive", ["on", "off"])
def test_lftp_mirrors_a_tree(secured, up, down, passive):  # noqa: F811
    secured.empty()
    script = (f"set ftp:passive-mode {passive}; set ssl:ca-file {secured.certificate}; set ssl:check-hostname no; set ftp:ssl-force true; "
              f"set ftp:ssl-protect-data true; set net:max-retries 1; "
              f"open -u {USER},{PASSWORD} ftp://127.0.0.1:{secured.port}; ")
    run("lftp", "-c", script + f"mirror -R {up} /t", cwd=up)
    run("lftp", "-c", script + f"mirror -P 4 /t {down}/t", cwd=down)
    assert digests(down / "t") == digests(up)


class Resuming(ftplib.FTP_TLS):
    """Python's own does not resume the session of the control connection."""

    def ntransfercmd(self, cmd, rest=None):
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            data = self.context.wrap_socket(data, server_hostname=self.host, session=self.sock.session)
        return data, size


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_ftplib(secured, version):
    secured.empty()
    context = context_of(secured.certificate, version)
    context.check_hostname = False
    with Resuming(context=context, timeout=PATIENCE) as ftp:
        ftp.connect("127.0.0.1", secured.port)
        ftp.login(USER, PASSWORD)
        ftp.prot_p()
        for i in range(20):
            ftp.storbinary(f"STOR {i}", io.BytesIO(CONTENT))
            got = io.BytesIO()
            ftp.retrbinary(f"RETR {i}", got.write)
            assert got.getvalue() == CONTENT
        assert len(ftp.nlst()) == 20
        ftp.quit()


def test_ftplib_without_a_session_is_refused_where_it_is_required(secured):
    context = context_of(secured.certificate)
    context.check_hostname = False
    ftp = ftplib.FTP_TLS(context=context, timeout=PATIENCE)
    ftp.connect("127.0.0.1", secured.port)
    ftp.login(USER, PASSWORD)
    ftp.prot_p()
    with pytest.raises(OSError):
        ftp.nlst()
    with pytest.raises(ftplib.error_perm, match="522"):
        ftp.getresp()
    ftp.close()


def test_s_client_speaks_to_it(secured):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{secured.port}", "-starttls", "ftp",
                           "-CAfile", secured.certificate, "-verify_return_error", "-quiet"],
                          input=b"USER demo\r\nQUIT\r\n", capture_output=True, timeout=PATIENCE, check=False)
    assert b"331 " in done.stdout and b"221 " in done.stdout


def test_sslscan_finds_no_old_protocol_and_no_weak_cipher(secured):
    done = subprocess.run(["sslscan", "--starttls-ftp", "--no-colour", f"127.0.0.1:{secured.port}"],
                          capture_output=True, text=True, timeout=PATIENCE * 6, check=False)
    states = dict(re.findall(r"^(\S+v\S+)\s+(enabled|disabled)$", done.stdout, re.M))
    enabled = {name for name, state in states.items() if state == "enabled"}
    assert enabled == {"TLSv1.2", "TLSv1.3"}, done.stdout
    ciphers = re.findall(r"^(?:Preferred|Accepted)\s+(\S+)\s+(\d+) bits\s+(\S+)", done.stdout, re.M)
    assert ciphers
    for version, bits, cipher in ciphers:
        assert int(bits) >= 128 and ("GCM" in cipher or "CHACHA20" in cipher), cipher
        assert version == "TLSv1.3" or cipher.startswith("ECDHE"), cipher
