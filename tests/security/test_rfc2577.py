# SPDX-License-Identifier: Apache-2.0
"""RFC 2577, section by section: what FTP itself lets an attacker do, and that ours does not.

Elsewhere: test_data.py (data connections as they should be), test_guard.py (delays and bans),
test_sequences.py (replies that tell nothing), test_limits.py (places before the login).
"""

import os
import re
import socket
import threading
import time

import pytest

from harness import HASH_OF_SECRET, PATIENCE, Client, Server, eventually, read_all

VICTIM = "127.0.0.2"  # a third host; the clients are 127.0.0.1


def listening(host):
    """A service of a host, which nobody has any business with."""
    victim = socket.create_server(
        (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    victim.setblocking(False)
    return victim


def was_visited(victim):
    try:
        victim.accept()[0].close()
        return True
    except BlockingIOError:
        return False


def says_port(command, host, port):
    """PORT, EPRT or LPRT with a place as only they write it."""
    if command == "PORT":
        return ",".join(["PORT " + host.replace(".", ","), str(port >> 8), str(port & 255)])
    if command == "LPRT":
        return "LPRT 4,4," + ",".join([host.replace(".", ","), "2", str(port >> 8),
                                       str(port & 255)])
    return f"EPRT |{2 if ':' in host else 1}|{host}|{port}|"


# ---- 2 and 3: the bounce attack ---------------------------------------------------------

BOUNCES = [("PORT", VICTIM), ("EPRT", VICTIM), ("LPRT", VICTIM), ("EPRT", "::ffff:127.0.0.2"),
           ("EPRT", "::127.0.0.2"), ("EPRT", "::1"), ("EPRT", "::"), ("PORT", "0.0.0.0"),
           ("EPRT", "0.0.0.0"), ("LPRT", "0.0.0.0"), ("PORT", "255.255.255.255"), ("EPRT",
                                                                                   "ff02::1")]


@pytest.mark.parametrize("command,host", BOUNCES)
@pytest.mark.parametrize("transfer", ["RETR mail", "LIST", "STOR stolen"])
def test_no_transfer_reaches_a_third_host(tree, c, command, host, transfer):
    """What is stored beforehand would be commands for the victim's service (section 2)."""
    tree.write("mail", b"HELO x\r\nMAIL FROM:<anyone>\r\n")
    with listening("::" if ":" in host else "0.0.0.0" if host == "0.0.0.0" else VICTIM) as victim:
        own = c.active()
        c.ask(says_port(command, host, victim.getsockname()[1]), "501", "504")
        own.close()  # the port in force is still the client's, where nobody listens any more
        c.ask(transfer, "425")
        assert not was_visited(victim)
    assert tree.names() == ["mail"]


@pytest.mark.parametrize("command", ["PORT", "EPRT", "LPRT"])
@pytest.mark.parametrize("options", [[], ["--allow-fxp"]])
def test_no_well_known_port_is_a_data_port_of_anybody(command, options):
    with Server(*options) as server, server.login() as c:
        for host in ("127.0.0.1", VICTIM):
            for port in (0, 1, 20, 21, 22, 23, 25, 80, 110, 143, 443, 1023):
                c.ask(says_port(command, host, port), "501", "504")
        c.ask("LIST", "425")


@pytest.mark.parametrize("argument", [
    "127,0,0,1,3,256", "127,0,0,1,-1,255", "127,0,0,1,256,21", "127,0,0,1,0x10,0", "127,0,0,1,8",
    "127,0,0,1,8,0,0", "127.0.0.1,8,0", "0127,0,0,1,8,0x0", "127,0,0,1,,8", "127,0,0,1, 8,0;",
    "127,0,0,4294967297,8,0", "127,0,0,1,8,\0", "٣,0,0,1,8,0"])
def test_an_address_that_wraps_around_is_none(c, argument):
    """65557 is 21, and 4294967297 is 1, to whoever counts in too few bits."""
    c.ask(f"PORT {argument}", "501")
    c.ask("LIST", "425")


@pytest.mark.parametrize("argument", [
    "|1|127.0.0.1|65557|", "|1|127.0.0.1|-1|", "|1|127.0.0.1|4294969344|", "|1|127.0.0.1|0x800|",
    "|1|0x7f000001|2048|", "|1|2130706433|2048|", "|1|127.1|2048|", "|1|127.0.0.1\0.x|2048|",
    "|1|localhost|2048|", "|2|fe80::1%lo|2048|", "|1|127.0.0.1|2048", "|1|127.0.0.1|20 48|",
    "|4294967297|127.0.0.1|2048|", "||127.0.0.1|2048|", "|1||2048|"])
def test_a_name_or_half_an_address_is_none(c, argument):
    """Nothing is looked up: a name means what whoever answers for it says, each time anew."""
    c.ask(f"EPRT {argument}", "501", "522")
    c.ask("LIST", "425")


def test_anonymous_is_never_one_of_two_servers():
    """Neither way, also where users with a name may."""
    with Server("--allow-fxp", "--anonymous", "--data-timeout", "1") as server:
        server.write("f", b"content")
        with server.login("anonymous", "x") as c:
            with listening(VICTIM) as victim:
                c.ask(says_port("PORT", VICTIM, victim.getsockname()[1]), "504")
            port = int(re.search(r"\|(\d+)\|\)", c.ask("EPSV", "229").text).group(1))
            c.send("RETR f")
            c.expect("150")
            with socket.create_connection(("127.0.0.1", port), PATIENCE, (VICTIM, 0)) as stranger:
                assert stranger.recv(1) == b""
            c.expect("425")


def test_a_name_that_is_lost_takes_the_right_to_other_hosts_along():
    """What a user with a name laid down is not in force for anonymous, who may not."""
    with Server("--allow-fxp", "--anonymous") as server:
        server.write("mail", b"HELO x\r\n")
        with server.login() as c, listening(VICTIM) as victim:
            c.ask(says_port("PORT", VICTIM, victim.getsockname()[1]), "200")
            c.login("anonymous", "x")
            c.ask("RETR mail", "425")
            assert not was_visited(victim)


# ---- 4: restricted access -----------------------------------------------------------------

def test_an_address_that_may_not_is_refused_with_the_right_password():
    with Server("--login-delay", "0", database=True, address="0.0.0.0") as server:
        server.add_user("alice", "--allow-from", "127.0.0.8/30", "--deny-from", "127.0.0.10")
        for source, code in (("127.0.0.9", "230"), ("127.0.0.10", "530"), ("127.0.0.7", "530"),
                             ("127.0.0.12", "530"), ("127.0.0.1", "530")):
            with server.client(source=source) as c:
                c.expect("220")
                c.ask("USER alice", "331")
                c.ask("PASS secret-7-words", code)


def test_who_may_come_in_may_not_hand_the_data_connection_to_who_may_not():
    """Section 4: both connections are to be looked at, or the restriction is of one of them."""
    with Server(database=True, address="0.0.0.0") as server:
        root = server.add_user("alice", "--allow-from", "127.0.0.9")
        with open(f"{root}/f", "wb") as f:
            f.write(b"content")
        with server.login("alice", "secret-7-words", source="127.0.0.9") as c:
            port = int(re.search(r"\|(\d+)\|\)", c.ask("EPSV", "229").text).group(1))
            c.send("RETR f")
            c.expect("150")
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as stranger:
                assert stranger.recv(1) == b""
            right = socket.create_connection(("127.0.0.1", port), PATIENCE, ("127.0.0.9", 0))
            with c.take_data(right) as data:
                c.shake_hands()
                assert read_all(data) == b"content"
            c.expect("226")


# ---- 5: protecting passwords ------------------------------------------------------------------

def test_guessing_over_many_connections_at_once_counts_as_guessing():
    """Each waits for its own reply, so that only counting them together limits them."""
    limit, count = 5, 40
    with Server("--ban-after", str(limit), "--login-delay", "0", "--max-unauthenticated-per-ip",
                str(count), "--max-unauthenticated", str(count * 2)) as server:
        clients = [server.client() for _ in range(count)]
        for c in clients:
            c.expect("220")
            c.ask("USER demo", "331")
        replies = []

        def guess(c, number):
            replies.append(c.ask(f"PASS guess{number}").code)

        threads = [threading.Thread(target=guess, args=pair) for pair in zip(clients, range(count))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(replies) == count
        with server.client() as c:
            c.expect("421")
        for c in clients:  # those that were greeted before are not heard any more either
            c.ask("USER demo", "331", "421")
            c.ask("PASS secret", "530")
            c.close()


@pytest.mark.parametrize("change", ["REIN", "USER demo", "HOST 127.0.0.1"])
def test_starting_over_does_not_forget_how_often_one_failed(server, change):
    with server.client() as c:
        c.expect("220")
        codes = []
        for _ in range(5):
            c.ask("USER demo", "331")
            codes.append(c.ask("PASS wrong", "530", "421").code)
            if codes[-1] == "530":
                c.ask(change)
        assert codes == ["530"] * 4 + ["421"]
        assert c.is_closed()


def test_a_right_password_between_wrong_ones_hides_no_guessing():
    """A guesser with an account of their own would else guess others' for ever."""
    config = "".join(f'user "{name}" {{ password = "{HASH_OF_SECRET}" }}\n' for name in ("own",
                                                                                         "prey"))
    with Server("--login-delay", "0", "--ban-after", "0", "--ban-user-after", "6",
                config=config) as server:
        for _ in range(6):
            with server.client() as c:
                c.expect("220")
                c.ask("USER prey", "331")
                c.ask("PASS wrong", "530")
                c.login("own")
        with server.client() as c:
            c.expect("220")
            c.ask("USER prey", "331")
            c.ask("PASS secret", "530")


# ---- 7: protecting user names -----------------------------------------------------------------

QUIET = ("--login-delay", "0", "--ban-after", "0", "--ban-user-after", "0")
NAMES = ["plain", "locked", "gone", "elsewhere", "root", "nobody", "ftp", "anonymous",
         "x" * 255, "PLAIN", "pla%69n", "*"]


def with_users_of_every_kind():
    server = Server(*QUIET, database=True)
    for name, terms in (("plain", []), ("locked", ["--disabled"]), ("gone", ["--expires",
                                                                             "2001-01-01"]),
                        ("elsewhere", ["--allow-from", "192.0.2.1"])):
        server.add_user(name, *terms)
    return server


def test_no_reply_tells_which_names_there_are():
    """Not to USER, not to a wrong password; nor, of whoever may not be inside, to a right one."""
    with with_users_of_every_kind() as server:
        heard = set()
        for name in NAMES:
            with server.client() as c:
                c.expect("220")
                asked = c.ask(f"USER {name}", "331").text.replace(name, "?")
                heard.add((asked, c.ask("PASS wrong", "530").text))
        for name in ("locked", "gone", "elsewhere", "nobody"):
            with server.client() as c:
                c.expect("220")
                asked = c.ask(f"USER {name}", "331").text.replace(name, "?")
                heard.add((asked, c.ask("PASS secret-7-words", "530").text))
        assert len(heard) == 1, heard


def cpu_seconds(server, action):
    """What the server has worked for an action: of all its threads, and of no other process."""
    clock = ~server.process.pid << 3 | 2  # clock_getcpuclockid(3) of a process
    before = time.clock_gettime(clock)
    action()
    return time.clock_gettime(clock) - before


def test_an_unknown_name_is_as_much_work_as_a_wrong_password():
    """Else the time that a reply takes tells what the reply does not."""
    with with_users_of_every_kind() as server:

        def refused(name):
            for _ in range(8):
                with server.client() as c:
                    c.expect("220")
                    c.ask(f"USER {name}", "331")
                    c.ask("PASS wrong", "530")

        refused("warming-up")
        work = {name: cpu_seconds(server, lambda name=name: refused(name))
                for name in ("plain", "locked", "gone", "elsewhere", "nobody", "root")}
        assert max(work.values()) < 3 * min(work.values()), work


# ---- 8: port stealing ----------------------------------------------------------------------

def test_ports_of_the_system_cannot_be_foretold_either(client):
    """Without a range: each port a step from the one before would be a port foretold."""
    ports = [int(re.search(r"\|(\d+)\|\)", client.ask("EPSV", "229").text).group(1))
             for _ in range(40)]
    steps = {after - before for before, after in zip(ports, ports[1:])}
    assert len(steps) > 20, ports


def port_of(client):
    return int(re.search(r"\|(\d+)\|\)", client.ask("EPSV", "229").text).group(1))


def is_refused(port, source="127.0.0.1"):
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0)).close()
        return False
    except ConnectionRefusedError:
        return True


@pytest.mark.parametrize("end", ["PASV", "REIN", "USER demo", "QUIT", "hang up"])
def test_a_port_is_closed_as_soon_as_it_is_nobodys(server, end):
    """The next who gets its number from the system would be connected to by the client before."""
    with server.login() as c:
        port = port_of(c)
        if end == "hang up":
            c.close()
        else:
            c.ask(end)
        assert eventually(lambda: is_refused(port))


def test_a_connection_that_was_made_for_one_login_is_not_the_next_ones(server):
    server.write("f", b"secret")
    with server.login() as c:
        with socket.create_connection(("127.0.0.1", port_of(c)), PATIENCE) as before:
            c.ask("NOOP", "200")
            c.ask("REIN", "220")
            assert before.recv(1) == b""
            c.login()
            c.ask("RETR f", "425")


@pytest.mark.parametrize("strangers", [1, 50])
def test_strangers_who_come_first_and_go_again_do_not_take_the_port_with_them(server, strangers):
    """Whoever guesses the port, from another host: not served, and not in the way either."""
    server.write("f", b"secret")
    with server.login() as c:
        port = port_of(c)
        for _ in range(strangers):
            stranger = socket.create_connection(("127.0.0.1", port), PATIENCE, (VICTIM, 0))
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            stranger.close()
        data = c.take_data(socket.create_connection(("127.0.0.1", port), PATIENCE))
        c.ask("RETR f", "150")
        assert read_all(data) == b"secret"
        data.close()
        c.expect("226")


def test_a_strangers_upload_is_not_stored(server):
    """The other direction (section 8): who is connected first would else say what the file is."""
    with server.login() as c:
        port = port_of(c)
        stranger = socket.socket()
        stranger.bind((VICTIM, 0))
        stranger.settimeout(PATIENCE)
        stranger.connect(("127.0.0.1", port))
        data = c.take_data(socket.create_connection(("127.0.0.1", port), PATIENCE))
        try:
            stranger.sendall(b"forged")
            stranger.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was dropped already
        c.ask("STOR f", "150")
        data.sendall(b"right")
        data.close()
        c.expect("226")
        stranger.close()
    assert server.read("f") == b"right"


def test_a_strangers_listener_on_the_clients_port_number_hears_nothing(server, client):
    """The server connects to the client's host, whoever else listens on a port of that number."""
    server.write("f", b"secret")
    own = client.active()
    with socket.create_server((VICTIM, own.getsockname()[1])) as stranger:
        stranger.setblocking(False)
        own.close()
        client.ask("RETR f", "425")
        assert not was_visited(stranger)


# ---- 9: software ------------------------------------------------------------------------------

def test_whoever_is_refused_leaves_nothing_behind(server):
    """Hundreds who come and are refused at every step cost no descriptor and no place."""
    before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    for number in range(200):
        with Client(server.port) as c:
            c.expect("220")
            if number % 2:
                c.ask("PASV", "530")
                c.ask("USER x", "331")
    assert eventually(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) <= before + 2)
    with server.login() as c:
        c.ask("NOOP", "200")
