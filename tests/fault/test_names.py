# SPDX-License-Identifier: Apache-2.0
"""DNS decides nothing: whoever controls a name server controls neither who may come in nor how long
that takes. The shim tells of each question about a name."""

import pytest

from harness import Server, eventually

QUESTIONS = "shim: "


@pytest.fixture(name="environment")
def environment_fixture(shim):
    return {"LD_PRELOAD": shim, "FERRY_SHIM": "names"}


def test_a_question_would_be_heard(release, environment):
    """The one that there is: a name for passive_address, when the settings are read."""
    with Server("--passive-address", "localhost", binary=release, env=environment) as server:
        assert "shim: getaddrinfo\n" in server.log()


def test_whole_sessions_ask_nothing(release, environment, tmp_path):
    """Logins right and wrong, every way to move data, bans, rules by network, both logs, ferryctl,
    and a reload."""
    options = ["--anonymous", "--ban-after", "3", "--login-delay", "0", "--safe-networks",
               "127.0.0.2/32", "--audit", str(tmp_path / "audit"), "--xferlog",
               str(tmp_path / "xferlog"), "--passive-address", "192.0.2.1", "--log-level", "debug"]
    with Server(*options, binary=release, env=environment, database=True) as server:
        server.add_user("anna", "--allow-from", "127.0.0.0/8", "--deny-from", "192.0.2.0/24")
        for user, password in (("demo", "secret"), ("anonymous", "x@example.org"),
                               ("anna", "secret-7-words")):
            with server.login(user, password) as c:
                c.ask("TYPE I", "200")
                for way in ("PASV", "EPSV", "LPSV", "PORT", "EPRT", "LPRT"):
                    c.fetch("LIST", way)
                    if user != "anonymous":
                        c.store("STOR f", b"x", way)
                c.ask("STAT", "211")
                c.ask("HOST ftp.example.org", "220", "503", "504")
                c.ask("REIN", "220", "120")
                c.ask("QUIT", "221")
        server.ctl("session", "list", live=True)
        banned_from = "127.0.0.3"
        for _ in range(3):
            with server.client(source=banned_from) as c:
                c.expect("220")
                c.ask("USER demo", "331")
                c.ask("PASS wrong", "530", "421")
        with server.client(source=banned_from) as c:
            c.expect("421")
        server.process.send_signal(1)  # SIGHUP
        assert eventually(lambda: "reloaded" in server.log())
        assert "banned" in server.log()
        assert server.stop() == 0
        assert QUESTIONS not in server.log(), server.log()
