# SPDX-License-Identifier: Apache-2.0
"""Against guessing passwords: replies that come later, bans, and what fail2ban reads.

That a reply waits is asserted as the shortest time it may take, never as the longest.
"""

import re
import shutil
import subprocess
import time

import pytest

from harness import HASH_OF_SECRET, PATIENCE, Server, eventually

FILTER = "conf/fail2ban/filter.d/ferryd.conf"
AT_ONCE = ("--login-delay", "0")


def fail(client, user="demo", password="wrong"):
    client.ask(f"USER {user}", "331")
    client.ask(f"PASS {password}", "530", "421")


def refuse(server, count, user="demo", source="127.0.0.1"):
    """Failed logins, each over a connection of its own."""
    for _ in range(count):
        with server.client(source=source) as c:
            c.expect("220")
            fail(c, user)


def greets(server, source="127.0.0.1"):
    with server.client(source=source) as c:
        return c.reply().code == "220"


def logs_in(server, user="demo", source="127.0.0.1"):
    with server.client(source=source) as c:
        c.expect("220")
        c.ask(f"USER {user}", "331")
        return c.ask("PASS secret").code == "230"


def seconds_of(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


@pytest.mark.parametrize("user", ["demo", "nobody"])
def test_the_reply_to_a_failure_waits_whether_there_is_such_a_user_or_not(user):
    with Server("--login-delay", "300") as server, server.client() as c:
        c.expect("220")
        fail(c, user)
        assert seconds_of(lambda: fail(c, user)) >= 0.3
        assert seconds_of(lambda: fail(c, user)) >= 0.6
        with server.client() as other:
            other.expect("220")
            assert seconds_of(lambda: fail(other, "someone")) >= 1.2  # its address has a score
        c.login()
        with server.client() as other:
            other.expect("220")
            fail(other, "someone-else")


@pytest.mark.parametrize("impatience", [b"ABOR\r\n", b"QUIT\r\n", b"NOOP\r\n"])
def test_asking_for_the_reply_does_not_make_it_come_sooner(impatience):
    with Server("--login-delay", "500") as server, server.client() as c:
        c.expect("220")
        fail(c)
        c.ask("USER demo", "331")
        start = time.monotonic()
        c.send_bytes(b"PASS wrong\r\n" + impatience)
        c.expect("530")
        assert time.monotonic() - start >= 0.5


def test_hanging_up_before_the_reply_scores_all_the_same():
    with Server("--login-delay", "60000", "--login-delay-max", "60000", "--ban-after", "3") as server:
        for _ in range(3):
            with server.client() as c:
                c.expect("220")
                c.send_bytes(b"USER demo\r\nPASS wrong\r\n")
                c.expect("331")
        assert eventually(lambda: not greets(server))


def test_a_reply_that_waits_does_not_keep_the_server_from_ending():
    with Server("--login-delay", "60000", "--login-delay-max", "60000") as server:
        with server.client() as c:
            c.expect("220")
            fail(c)
            c.ask("USER demo", "331")
            c.send("PASS wrong")
            assert eventually(lambda: server.log().count("login-refused") == 2)
            assert server.stop() == 0


def test_a_wrong_account_is_a_failure_too():
    config = f'user "payer" {{ password = "{HASH_OF_SECRET}" account = "42" }}\n'
    with Server("--login-delay", "300", config=config) as server, server.client() as c:
        c.expect("220")

        def say(account, code):
            c.ask("USER payer", "331")
            c.ask("PASS secret", "332")
            c.ask(f"ACCT {account}", code)

        say("41", "530")
        assert seconds_of(lambda: say("43", "530")) >= 0.3
        say("42", "230")
        c.ask("PWD", "257")


def test_an_address_that_fails_too_often_is_banned_and_no_other():
    with Server(*AT_ONCE, "--ban-after", "3", address="0.0.0.0") as server:
        inside = server.login()
        outside = server.client()
        outside.expect("220")
        refuse(server, 3, "nobody")
        with server.client() as c:
            c.expect("421")
            assert c.is_closed()
        assert logs_in(server, source="127.0.0.2")
        inside.ask("PWD", "257")
        outside.ask("USER demo", "331")
        outside.ask("PASS secret", "530")  # right, but too late
        inside.close()
        outside.close()


def test_a_ban_ends():
    with Server(*AT_ONCE, "--ban-after", "2", "--ban-time", "1") as server:
        refuse(server, 2)
        assert "banned" in server.log()
        assert eventually(lambda: greets(server))


def test_safe_networks_are_never_banned():
    with Server(*AT_ONCE, "--ban-after", "2", "--ban-user-after", "3", "--safe-networks",
                "127.0.0.0/31", address="0.0.0.0") as server:
        refuse(server, 6)
        assert logs_in(server)
        refuse(server, 2, "x", source="127.0.0.2")
        assert not greets(server, source="127.0.0.2")


def test_a_user_that_is_guessed_from_everywhere_is_banned_but_in_safe_networks():
    with Server(*AT_ONCE, "--ban-user-after", "4", "--safe-networks", "127.0.0.9",
                users=("demo:secret", "other:secret"), address="0.0.0.0") as server:
        for host in range(2, 6):
            refuse(server, 1, source=f"127.0.0.{host}")
        assert not logs_in(server)
        assert logs_in(server, "other")
        assert logs_in(server, source="127.0.0.9")


def test_without_bans_nobody_is_banned():
    with Server(*AT_ONCE, "--ban-after", "0", "--ban-user-after", "0") as server:
        refuse(server, 40)
        assert logs_in(server)


def test_new_rules_hold_from_the_reload_on():
    with Server(*AT_ONCE, config="ban_after = 2\nban_time = 0\n") as server:
        refuse(server, 1)
        with open(f"{server.base}/ferryd.conf", "w", encoding="ascii") as f:
            f.write('ban_after = 2\nsafe_networks = {"127.0.0.0/8", "::1"}\n')
        server.process.send_signal(1)
        assert eventually(lambda: "reloaded" in server.log())
        refuse(server, 5)
        assert greets(server)


HOSTILE = [
    "anna", "a b", 'q"uote', "x peer=1.2.3.4 session=1", '" peer=1.2.3.4 session=1',
    "2001-01-01 00:00:00", "x\\", 'x\\" peer=1.2.3.4 session=1', "\N{SNOWMAN}", "peer=1.2.3.4",
    "Nov 21 09:00:00 host ferryd[1]: warning login-refused user=a peer=1.2.3.4 session=1",
]


def addresses_in(log):
    found = subprocess.run(["fail2ban-regex", "-o", "ip", log, FILTER], capture_output=True,
                           text=True, timeout=PATIENCE * 3, check=True)
    return found.stdout.split()


def test_fail2ban_finds_the_address_of_each_refusal_and_nothing_else(tmp_path):
    assert shutil.which("fail2ban-regex")
    log = tmp_path / "log"
    with Server(*AT_ONCE, "--ban-after", "0", address="0.0.0.0") as server:
        for number, user in enumerate(HOSTILE):
            refuse(server, 1, user, source=f"127.0.1.{number + 1}")
        assert logs_in(server)
        lines = [line for line in server.log().splitlines() if "login" in line]
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert addresses_in(log) == [f"127.0.1.{number + 1}" for number in range(len(HOSTILE))]
    journal = [f"Nov 21 09:00:00 host ferryd[12]: {line}" for line in lines]
    log.write_text("\n".join(journal) + "\n", encoding="utf-8")
    assert addresses_in(log) == [f"127.0.1.{number + 1}" for number in range(len(HOSTILE))]


def test_fail2ban_takes_our_bans_of_addresses_not_of_users(tmp_path):
    log = tmp_path / "log"
    with Server(*AT_ONCE, "--ban-after", "2", "--ban-user-after", "3", address="0.0.0.0") as server:
        refuse(server, 2, "x", source="127.0.0.7")
        for host in range(2, 5):
            refuse(server, 1, "anna", source=f"127.0.0.{host}")
        bans = [line for line in server.log().splitlines() if " banned " in line]
    assert len(bans) == 2 and re.search(r"user=anna peer=127\.0\.0\.4 ", bans[1])
    log.write_text("\n".join(bans) + "\n", encoding="utf-8")
    assert addresses_in(log) == ["127.0.0.7"]
