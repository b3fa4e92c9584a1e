# SPDX-License-Identifier: Apache-2.0
"""A date that somebody sets while the server runs. What is measured in seconds (how long something
lasts) goes on as if nothing had happened; what is laid down by date follows the date."""

import os
import time

import pytest

from harness import Server, eventually, read_all

YEAR = 365 * 86400
WAYS = {"forward": 10 * YEAR, "back": -10 * YEAR}


class Dated(Server):
    """A server whose date the test sets."""

    def __init__(self, shim, release, *options, **how):
        super().__init__(*options, binary=release, **how)
        self.clock = os.path.join(self.base, "clock")
        self.env = {"LD_PRELOAD": shim, "FERRY_SHIM": "clock", "FERRY_SHIM_FILE": self.clock}
        self.jump(0)

    def jump(self, seconds):
        """The date is ahead of the true one by so much from now on."""
        with open(self.clock, "w", encoding="ascii") as f:
            f.write(f"{seconds:<20}")  # always as long: nobody reads one half


@pytest.fixture(params=WAYS, name="jump")
def jump_fixture(request):
    return WAYS[request.param]


def test_the_server_does_hear_of_the_jump(shim, release, tmp_path):
    """Else the others would prove nothing: the audit has the date."""
    audit = tmp_path / "audit"
    with Dated(shim, release, "--audit", str(audit)) as server, server.login() as c:
        server.jump(-30 * YEAR)
        c.ask("MKD d", "257")
        this_year = int(time.strftime("%Y"))
        assert eventually(lambda: f'"{this_year - 30}-' in audit.read_text(encoding="utf-8")), \
            audit.read_text(encoding="utf-8")


def test_sessions_and_transfers_go_on(shim, release, jump):
    content = os.urandom(3_000_000)
    with Dated(shim, release, "--idle-timeout", "60", "--login-timeout", "60", "--data-timeout",
               "60") as server:
        server.write("big", content)
        with server.client() as early, server.login() as idle, server.login() as c, \
                server.login() as up:
            early.expect("220")
            for one in (c, up):
                one.ask("TYPE I", "200")
            down_data, up_data = c.begin("RETR big"), up.begin("STOR new")
            up_data.sendall(content[:1000])
            server.jump(jump)
            time.sleep(2.5)  # longer than the loops look at their sessions
            up_data.sendall(content[1000:])
            up_data.close()
            assert read_all(down_data) == content
            down_data.close()
            c.expect("226")
            up.expect("226")
            idle.ask("NOOP", "200")
            early.login()
        assert server.read("new") == content


def test_time_limits_end_what_they_end(shim, release, jump):
    """Under a date that was set meanwhile: neither earlier, as seen above, nor never."""
    with Dated(shim, release, "--idle-timeout", "2", "--login-timeout", "2", "--data-timeout",
               "2") as server:
        with server.client() as early, server.login() as c, server.login() as idle:
            early.expect("220")
            c.ask("TYPE I", "200")
            data = c.begin("STOR f")
            data.sendall(b"x")
            server.jump(jump)
            early.expect("421")
            idle.expect("421")
            c.expect("426")
            data.close()


def test_a_failed_login_waits_as_long_as_ever(shim, release, jump):
    with Dated(shim, release, "--login-delay", "400") as server, server.client() as c:
        c.expect("220")
        for _ in range(2):
            c.ask("USER demo", "331")
            c.ask("PASS wrong", "530")
        c.ask("USER demo", "331")
        began = time.monotonic()
        c.send("PASS wrong")
        server.jump(jump)
        c.expect("530")
        assert time.monotonic() - began >= 0.4


def test_a_ban_is_no_longer_than_laid_down_however_the_date_is_set_back(shim, release):
    with Dated(shim, release, "--ban-after", "2", "--ban-time", "3", "--login-delay", "0") as server:
        for _ in range(2):
            with server.client() as c:
                c.expect("220")
                c.ask("USER demo", "331")
                c.ask("PASS wrong", "530")
        server.jump(-YEAR)
        with server.client() as c:
            c.expect("421")
        assert eventually(lambda: greets(server))


def greets(server):
    with server.client() as c:
        return c.reply().code == "220"


def test_a_rate_is_kept_to(shim, release, jump):
    """Neither a burst of ten years nor a stop of ten years."""
    rate = 100_000
    with Dated(shim, release, "--download-rate", str(rate)) as server, server.login() as c:
        server.write("f", b"x" * 3 * rate)
        c.ask("TYPE I", "200")
        began = time.monotonic()
        data = c.begin("RETR f")
        server.jump(jump)
        assert len(read_all(data)) == 3 * rate
        data.close()
        c.expect("226")
        assert time.monotonic() - began >= 1


def test_what_is_laid_down_by_date_follows_the_date(shim, release):
    """An account that expires does so by date, in the middle of a session, too."""
    with Dated(shim, release, users=(), database=True) as server:
        tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
        server.add_user("anna", "--expires", tomorrow)
        with server.login("anna", "secret-7-words") as c:
            c.ask("NOOP", "200")
            server.jump(3 * 86400)
            c.expect("421")
        with server.client() as c:
            c.expect("220")
            c.ask("USER anna", "331")
            c.ask("PASS secret-7-words", "530")
            server.jump(0)
            c.login("anna", "secret-7-words")
