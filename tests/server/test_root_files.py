# SPDX-License-Identifier: Apache-2.0
"""Files that only root may read, of a server that is not root: its key, and its settings."""

import hashlib
import os
import pwd
import signal
import ssl
import subprocess
import time

import pytest

import tls
from harness import PATIENCE, Server

pytestmark = [pytest.mark.skipif(os.getuid() != 0, reason="only root has files of root's"),
              pytest.mark.clear]  # about the process, not its connections

NAME = f"ftr{os.getpid() % 100000}"


@pytest.fixture(scope="module")
def account():
    subprocess.run(["useradd", "-r", NAME], check=True, capture_output=True)
    try:
        yield pwd.getpwnam(NAME)
    finally:
        subprocess.run(["userdel", NAME], check=True, capture_output=True)


def make_pair(directory, name):
    """A certificate that all can read, and its key, as root makes keys."""
    names = tls.make_certificate(directory, name)
    with open(names[0], encoding="ascii") as f:
        return names, hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()


def put_in_place(names, certificate, key):
    os.replace(names[0], certificate)
    os.replace(names[1], key)


@pytest.fixture
def files(tmp_path):
    """Where the settings say that certificate and key are; and what is there."""
    names, digest = make_pair(tmp_path, "first")
    places = str(tmp_path / "server.crt"), str(tmp_path / "server.key")
    put_in_place(names, *places)
    return places, digest


class OtherServer(Server):
    """Started as root, and not root any more."""

    def __init__(self, account, *options, **how):
        super().__init__("--run-as", account.pw_name, *options, **how)
        self.account = account
        for path in (self.base, self.root):
            os.chown(path, account.pw_uid, account.pw_gid)

    def certificate(self):
        """The SHA-256 of what clients are shown."""
        with self.client(secure=False) as client:
            client.expect("220")
            client.secure()
            return hashlib.sha256(client.socket.getpeercert(binary_form=True)).hexdigest()

    def reload(self, says):
        before = self.log().count(says)
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while self.log().count(says) == before:
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def monitors(self):
        """What /proc tells of the monitors, one at most."""
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
                                capture_output=True, text=True, check=False)
        return [status(int(number)) for number in listed.stdout.split()]


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def tls_options(files):
    return ["--tls-cert", files[0][0], "--tls-key", files[0][1]]


def test_the_server_has_a_key_that_its_user_cannot_read(account, files):
    with OtherServer(account, *tls_options(files)) as server:
        assert set(status(server.process.pid)["Uid"].split()) == {str(account.pw_uid)}
        tried = subprocess.run(["setpriv", f"--reuid={account.pw_uid}",
                                f"--regid={account.pw_gid}", "--clear-groups", "cat",
                                files[0][1]], check=False, capture_output=True, text=True)
        assert "Permission denied" in tried.stderr
        assert server.certificate() == files[1]


@pytest.mark.parametrize("how", ["signal", "ferryctl"])
def test_a_key_that_was_renewed_is_read_on_a_reload(account, files, tmp_path, how):
    with OtherServer(account, *tls_options(files)) as server:
        with server.client(secure=False) as before:
            before.expect("220")
            before.secure()
            names, digest = make_pair(tmp_path, "second")
            put_in_place(names, *files[0])
            if how == "signal":
                server.reload("info reloaded")
            else:
                server.ctl("reload", live=True)
            assert server.certificate() == digest != files[1]
            before.ask("NOOP", "200")


def test_a_key_that_is_broken_on_a_reload_leaves_the_old_one(account, files):
    with OtherServer(account, *tls_options(files)) as server:
        os.unlink(files[0][1])
        server.reload("reload-refused")
        assert f"tls-key: {files[0][1]}" in server.log()
        assert server.certificate() == files[1]


def test_a_key_that_another_than_root_could_replace_is_not_opened(account, files, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, account.pw_uid, account.pw_gid)
    key = str(theirs / "server.key")
    os.rename(files[0][1], key)
    server = OtherServer(account, "--tls-cert", files[0][0], "--tls-key", key)
    ended = subprocess.run(server.command(), capture_output=True, text=True, check=False,
                           timeout=PATIENCE)
    subprocess.run(["rm", "-rf", server.base], check=True)
    assert ended.returncode == 2
    assert f"tls-key: {key}: somebody else than root could put another file there" in ended.stderr


def test_the_monitor_of_files_has_nothing_that_reading_does_not_take(account, files):
    with OtherServer(account, *tls_options(files)) as server:
        (now,) = server.monitors()
        assert set(now["Uid"].split()) == {"0"}
        assert [int(now[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")] == [0] * 4
        assert (now["NoNewPrivs"], now["Seccomp"]) == ("1", "2")


def test_without_a_file_that_only_root_may_read_there_is_no_monitor(account, files, tmp_path):
    os.chown(files[0][1], account.pw_uid, account.pw_gid)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == 0 and str(path).startswith("/tmp/"):
            os.chmod(path, path.stat().st_mode | 0o111)
    with OtherServer(account, *tls_options(files)) as server:
        assert server.certificate() == files[1]
        assert server.monitors() == []


def conf(files):
    return f'tls_cert = {{"{files[0][0]}"}}\ntls_key = {{"{files[0][1]}"}}\n'


def test_settings_that_only_root_may_read_are_read_again(account, files, tmp_path):
    settings = tmp_path / "ferryd.conf"
    settings.write_text(conf(files) + 'banner = "first"\n', encoding="ascii")
    settings.chmod(0o600)
    with OtherServer(account, "--config", str(settings)) as server:
        assert "first" in server.client(secure=False).expect("220").text
        settings.write_text(conf(files) + 'banner = "second"\n', encoding="ascii")
        server.reload("info reloaded")
        assert "second" in server.client(secure=False).expect("220").text


def test_a_key_with_a_new_name_needs_a_restart_and_the_refusal_says_so(account, files, tmp_path):
    settings = tmp_path / "ferryd.conf"
    settings.write_text(conf(files), encoding="ascii")
    settings.chmod(0o600)
    with OtherServer(account, "--config", str(settings)) as server:
        names, _ = make_pair(tmp_path, "second")
        settings.write_text(conf((names, None)), encoding="ascii")
        server.reload("reload-refused")
        assert "ferryd needs a restart" in server.log()
        assert server.certificate() == files[1]
