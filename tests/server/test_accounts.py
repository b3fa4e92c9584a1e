# SPDX-License-Identifier: Apache-2.0
"""Users and groups of the database, as a client meets them: limits, hours, changes."""

import datetime
import os
import threading
import time

import pytest

from harness import PATIENCE, Server

PASSWORD = "secret-7-words"


@pytest.fixture
def served():
    with Server(database=True) as running:
        yield running


def enter(server, name, password=PASSWORD, **how):
    client = server.client(**how)
    client.expect("220")
    client.ask(f"USER {name}", "331")
    return client, client.ask(f"PASS {password}")


def inside(server, name, **how):
    client, reply = enter(server, name, **how)
    assert reply.code == "230", reply
    return client


def refused(server, name, code="530", **how):
    client, reply = enter(server, name, **how)
    assert reply.code == code, reply
    client.close()


# ---- Coming in ------------------------------------------------------------------------


def test_a_user_of_the_database_logs_in_to_a_root_of_their_own(served):
    root = served.add_user("alice")
    served.write("of-everybody", b"x")
    client = inside(served, "alice")
    assert client.ask("PWD").code == "257"
    client.ask("MKD mine", "257")
    assert os.listdir(root) == ["mine"]
    client.ask("SIZE of-everybody", "550")
    refused(served, "alice", password="wrong-7-words")
    refused(served, "Alice")


@pytest.mark.clear  # under TLS one of them may be
def test_who_may_not_be_inside_is_refused_like_a_wrong_password(served):
    served.add_user("off", "--disabled")
    served.add_user("past", "--expires", "2020-01-01")
    served.add_user("future", "--expires", "2999-01-01")
    served.add_user("elsewhere", "--allow-from", "192.0.2.0/24")
    served.add_user("banished", "--deny-from", "127.0.0.0/8")
    served.add_user("near", "--allow-from", "127.0.0.0/8", "--allow-from", "::1")
    served.add_user("private", "--require-tls")
    _, wrong = enter(served, "near", password="wrong-7-words")
    for name in ("off", "past", "elsewhere", "banished", "private"):
        _, reply = enter(served, name)
        assert reply.lines == wrong.lines, name
    inside(served, "future").close()
    inside(served, "near").close()


def test_a_group_holds_for_its_members_alone(served):
    served.ctl("group", "add", "readers", "--read-only")
    served.ctl("group", "add", "closed", "--disabled")
    served.add_user("ann", "--group", "readers")
    served.add_user("ben")
    served.add_user("cat", "--group", "readers", "--group", "closed")
    inside(served, "ann").ask("MKD d", "550")
    inside(served, "ben").ask("MKD d", "257")
    refused(served, "cat")


def test_hours_let_in_and_throw_out(served):
    now = datetime.datetime.now(datetime.timezone.utc)
    begin = (now - datetime.timedelta(hours=2)).strftime("%H:%M")
    later = (now + datetime.timedelta(hours=2)).strftime("%H:%M")
    latest = (now + datetime.timedelta(hours=3)).strftime("%H:%M")
    served.add_user("now", "--hours", f"daily {begin}-{later} UTC")
    served.add_user("later", "--hours", f"daily {later}-{latest} UTC")
    client = inside(served, "now")
    refused(served, "later")
    served.ctl("user", "set", "now", "--hours", f"daily {later}-{latest} UTC")
    assert client.ask("NOOP").code == "421"


def test_the_end_of_the_account_ends_a_session_that_says_nothing(served):
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
    served.add_user("brief", "--expires", soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    client = inside(served, "brief")
    assert client.expect("421")


# ---- How many, how long, how fast ---------------------------------------------------------


def test_sessions_of_a_user_and_of_a_group_are_counted_exactly(served):
    served.ctl("group", "add", "three", "--max-sessions", "3")
    served.add_user("one", "--max-sessions", "2", "--group", "three")
    served.add_user("two", "--group", "three")
    first, second = inside(served, "one"), inside(served, "one")
    refused(served, "one")
    third = inside(served, "two")
    refused(served, "two")
    first.ask("QUIT", "221")
    inside(served, "two")
    third.close()
    assert second.ask("NOOP").code == "200"


def test_of_many_who_come_at_once_no_more_get_in_than_may(served):
    served.add_user("many", "--max-sessions", "5")
    clients, replies = [], []

    def come():
        client, reply = enter(served, "many")
        clients.append(client)
        replies.append(reply.code)

    threads = [threading.Thread(target=come) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == ["230"] * 5 + ["530"] * 15
    for client in clients:
        client.close()


def test_sessions_from_one_address_are_counted_for_each_user(served):
    served.add_user("here", "--max-per-address", "1")
    inside_one = inside(served, "here")
    refused(served, "here")
    inside(served, "here", source="127.0.0.2").close()
    inside_one.close()


def test_a_second_transfer_waits_for_its_turn(served):
    root = served.add_user("slow", "--max-transfers", "1")
    with open(os.path.join(root, "f"), "wb") as f:
        f.write(b"x" * 5_000_000)
    one, two = inside(served, "slow"), inside(served, "slow")
    data = one.passive()
    one.send("RETR f")
    one.expect("150")
    two.passive()
    assert two.ask("RETR f").code == "425"
    while data.recv(1 << 16):
        pass
    data.close()
    one.expect("226")
    assert two.fetch("RETR f") == b"x" * 5_000_000


def test_a_session_lasts_as_long_as_it_may(served):
    served.add_user("short", "--max-session-time", "2")
    client = inside(served, "short")
    deadline = time.monotonic() + PATIENCE
    while (reply := client.ask("NOOP")).code == "200" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert reply.code == "421"


def test_an_idle_session_lasts_as_long_as_it_may(served):
    served.add_user("idle", "--idle-time", "1")
    assert inside(served, "idle").expect("421")


# ---- Changes reach those who are inside ------------------------------------------------------


@pytest.mark.parametrize("change", [["user", "set", "eve", "--disabled"],
                                    ["user", "remove", "eve"],
                                    ["user", "set", "eve", "--expires", "2020-01-01"],
                                    ["user", "set", "eve", "--deny-from", "127.0.0.1"],
                                    ["group", "set", "them", "--disabled"]])
def test_who_may_not_be_inside_any_more_hears_so_at_the_next_command(served, change):
    served.ctl("group", "add", "them")
    served.add_user("eve", "--group", "them")
    served.add_user("fay")
    eve, fay = inside(served, "eve"), inside(served, "fay")
    served.ctl(*change)
    assert eve.ask("NOOP").code == "421"
    assert fay.ask("NOOP").code == "200"
    refused(served, "eve")


def test_what_they_may_changes_at_the_next_command(served):
    served.add_user("gil")
    client = inside(served, "gil")
    client.ask("MKD a", "257")
    client.ask("CWD a", "250")
    served.ctl("user", "set", "gil", "--read-only")
    client.ask("MKD b", "550")
    assert "/a" in client.ask("PWD").text
    served.ctl("user", "set", "gil", "--no-read-only")
    client.ask("MKD b", "257")


def test_a_session_is_seen_and_thrown_out(served):
    served.add_user("hal")
    client = inside(served, "hal")
    listed = served.ctl("session", "list", live=True)
    assert "hal" in listed and "127.0.0.1" in listed
    served.ctl("session", "kick", "hal", live=True)
    assert client.expect("421")
    assert "hal" not in served.ctl("session", "list", live=True)


def test_site_idle_does_not_outlast_the_idle_time_laid_down(served):
    served.add_user("lea", "--idle-time", "12")
    client = inside(served, "lea")
    client.ask("SITE IDLE 13", "501")
    client.ask("SITE IDLE 7200", "501")
    client.ask("SITE IDLE 12", "200")


# ---- Passwords ----------------------------------------------------------------------------------


def test_a_user_changes_their_password(served):
    served.add_user("ida")
    client = inside(served, "ida")
    client.ask("SITE PSWD wrong-7-words other-8-words", "530")
    client.ask(f"SITE PSWD {PASSWORD} short", "553")
    client.ask(f"SITE PSWD {PASSWORD}", "501")
    client.ask(f"SITE PSWD {PASSWORD} other-8-words", "200")
    client.ask("NOOP", "200")
    refused(served, "ida")
    inside(served, "ida", password="other-8-words").close()


def test_who_must_change_the_password_can_do_nothing_else_before(served):
    root = served.add_user("jan", "--must-change-password")
    client = inside(served, "jan")
    for command in ("MKD d", "LIST", "RETR f", "STOR f", "SITE CHMOD 600 f", "CWD /", "SIZE f"):
        assert client.ask(command).code == "530", command
    client.ask("NOOP", "200")
    assert os.listdir(root) == []
    client.ask(f"SITE PSWD {PASSWORD} {PASSWORD}", "553")
    client.ask("MKD d", "530")
    client.ask(f"SITE PSWD {PASSWORD} other-8-words", "200")
    client.ask("MKD d", "257")


def test_a_login_that_was_right_a_moment_ago_costs_no_hash_until_the_password_changes(served):
    served.add_user("kim")
    inside(served, "kim").close()
    inside(served, "kim").close()
    refused(served, "kim", password="wrong-7-words")
    served.ctl("user", "passwd", "kim", "--password-stdin", password="other-8-words")
    refused(served, "kim")
    inside(served, "kim", password="other-8-words").close()


# ---- What explain says is what happens -----------------------------------------------------------


def test_explain_knows_what_keeps_a_login_out(served):
    root = served.add_user("lea")
    served.ctl("explain", "lea", "STOR", "/f", "--from", "127.0.0.1")
    served.ctl("ban", "add", "127.0.0.1")
    assert "banned" in served.ctl("explain", "lea", "STOR", "/f", "--from", "127.0.0.1", status=3)
    with served.client() as client:
        client.expect("421")
    served.ctl("ban", "remove", "127.0.0.1")
    os.rename(root, root + "-elsewhere")
    assert "root" in served.ctl("explain", "lea", "STOR", "/f", status=3)
    refused(served, "lea")
