# SPDX-License-Identifier: Apache-2.0
"""What is left of a password in the memory of ferryd's processes, once it was looked at: nothing."""

import os
import signal
import time

import pytest

import memory
import tls
from harness import PATIENCE, Server

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root may look into the processes")

# Nothing that stands anywhere by chance, and that a search in other encodings would miss.
OLD = "Zk7-quiet-Otter-41"
NEW = "Vb3-loud-Badger-92"
WRONG = "Qp5-wrong-Weasel-66"
CHARGE = "Jx8-charge-Marten-17"


def wait_for(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


class SecretServer(Server):
    """Its clients come in the clear, or under TLS."""

    def __init__(self, secure, *options, **how):
        super().__init__(*options, *(tls.options() if secure else ()), **how)
        self.secure = secure

    def client(self, **how):
        return super().client(secure=self.secure, **how)

    def login(self, user="demo", password="secret", **how):
        return super().login(user, password, secure=self.secure, **how)


@pytest.fixture(params=[False, True], ids=["clear", "tls"])
def running(release, request):
    with SecretServer(request.param, binary=release, database=True) as server:
        yield server


def test_the_search_finds_what_is_there(running):
    assert memory.places(running, running.root)


def test_a_password_on_the_command_line_is_not_shown(release):
    with Server(binary=release, users=(f"anna:{OLD}",)) as server:
        with open(f"/proc/{server.process.pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
        assert b"anna:" + b"x" * len(OLD) in words
        server.login("anna", OLD).close()
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "reloaded" in server.log())
        server.login("anna", OLD).close()


def test_a_password_is_forgotten_right_or_wrong(running):
    running.add_user("anna", password=OLD)
    with running.login("anna", OLD) as client:
        client.ask("PWD", "257")
        with running.client() as other:
            other.expect("220")
            other.ask("USER anna", "331")
            other.ask(f"PASS {WRONG}", "530")
            assert not memory.places(running, WRONG)
        client.ask("NOOP", "200")
        assert not memory.places(running, OLD)


def test_a_password_that_comes_in_pieces_or_waits_its_turn_is_forgotten(running):
    running.add_user("anna", password=OLD)
    with running.client() as client:
        client.expect("220")
        client.send_bytes(f"USER anna\r\nPASS {OLD[:7]}".encode())
        client.expect("331")
        client.send_bytes(f"{OLD[7:]}\r\nNOOP\r\nPASS {WRONG}\r\nNOOP\r\n".encode())
        for code in ("230", "200", "202", "200"):
            client.expect(code)
        assert not memory.places(running, OLD)
        assert not memory.places(running, WRONG)


def test_both_passwords_of_site_pswd_are_forgotten(running):
    running.add_user("anna", password=OLD)
    with running.login("anna", OLD) as client:
        client.ask(f"SITE PSWD {OLD} {NEW}", "200")
        assert not memory.places(running, OLD)
        assert not memory.places(running, NEW)


def test_an_account_of_acct_that_is_wrong_is_forgotten(running):
    running.add_user("anna", "--account", CHARGE, password=OLD)
    with running.client() as client:
        client.expect("220")
        client.ask("USER anna", "331")
        client.ask(f"PASS {OLD}", "332")
        client.ask(f"ACCT {WRONG}", "530")
        assert not memory.places(running, WRONG)
        assert not memory.places(running, OLD)


def test_a_password_that_ferryctl_brings_is_forgotten(running):
    os.makedirs(running.path("anna"))
    running.ctl("user", "add", "anna", "--password-stdin", "--root", running.path("anna"),
                password=OLD, live=True)
    assert not memory.places(running, OLD)
    running.ctl("user", "passwd", "anna", "--password-stdin", password=NEW, live=True)
    assert not memory.places(running, NEW)
    with running.login("anna", NEW):
        assert not memory.places(running, NEW)
