# SPDX-License-Identifier: Apache-2.0
"""The sandbox of the server that runs: who it is, what the kernel says of it, what it cannot
reach any more, and that all that takes the system goes on in it."""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from harness import PATIENCE, Server, eventually

pytestmark = pytest.mark.clear  # about the process, not its connections

root_only = pytest.mark.skipif(os.getuid() != 0, reason="becomes other users: only root can")
TAG = f"ftb{os.getpid() % 100000}"
CAP_NET_BIND_SERVICE = 1 << 10


def status(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def capabilities(server):
    return {name: int(status(server)[name], 16)
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}


def refused(server):
    """Starts a server that does not start: its status and what it said."""
    done = subprocess.run(server.command(), capture_output=True, text=True, timeout=PATIENCE * 3,
                          check=False)
    return done.returncode, done.stderr


def give(server, user):
    entry = pwd.getpwnam(user)
    for path in (server.base, server.root):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return server


def open_ids(server):
    info = status(server)
    return [int(number) for number in info["Uid"].split() + info["Gid"].split()]


@pytest.fixture(scope="module")
def account():
    """A user of the system with a group of their own and another one."""
    subprocess.run(["groupadd", f"{TAG}g"], check=True)
    subprocess.run(["useradd", "-r", "-U", "-G", f"{TAG}g", TAG], check=True)
    yield TAG
    subprocess.run(["userdel", "-f", TAG], check=False, capture_output=True)
    subprocess.run(["groupdel", f"{TAG}g"], check=False, capture_output=True)


def names(directory, *more):
    """A system like this one, but for its account `ferry`: an environment for the optimised server."""
    for database in ("passwd", "group"):
        with open(f"/etc/{database}", encoding="utf-8") as f:
            lines = [line for line in f if not line.startswith("ferry:")]
        with open(directory / database, "w", encoding="utf-8") as f:
            f.writelines(lines + [f"{line}\n" for line in more if database == "passwd"])
    return {"LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": str(directory / "passwd"),
            "NSS_WRAPPER_GROUP": str(directory / "group")}


@pytest.fixture
def no_ferry(tmp_path, release):
    """How to make a server where no account is called `ferry`."""
    return {"env": names(tmp_path), "binary": release, "run_as": None}


# ---- What the kernel says ------------------------------------------------------------------


def test_each_layer_holds_in_every_thread(server):
    tasks = f"/proc/{server.process.pid}/task"
    assert len(os.listdir(tasks)) > 1
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/status", encoding="ascii") as f:
            text = f.read()
        name = re.search(r"Name:\t(.*)", text).group(1)
        assert re.search(r"NoNewPrivs:\t1\n", text), name
        # ThreadSanitizer and its like have a thread from before.
        assert re.search(r"Seccomp:\t2\n", text), name
        assert re.search(r"CapEff:\t0+\n", text), name


def test_no_capability_is_left_anywhere(server):
    left = capabilities(server)
    if os.getuid() != 0:
        del left["CapBnd"]  # who is nobody cannot cut it, and gains nothing by it
    assert not any(left.values()), left


def test_it_cannot_be_traced_and_leaves_no_core(server):
    with open(f"/proc/{server.process.pid}/limits", encoding="ascii") as f:
        assert re.search(r"Max core file size +0 +0 ", f.read())
    # What is not dumpable belongs to root, whoever it is.
    assert os.stat(f"/proc/{server.process.pid}/mem").st_uid == 0
    server.process.send_signal(signal.SIGABRT)
    assert server.process.wait(PATIENCE) == -signal.SIGABRT
    assert not [name for name in os.listdir(".") if name.startswith("core")]
    server.process.stdout.close()
    server.process = None


def test_it_is_said_in_the_log_on_output_and_by_status(server):
    user = pwd.getpwuid(os.geteuid()).pw_name
    assert f"info sandbox user={user} capabilities=none no_new_privs=on seccomp=on " in server.log()
    assert server.sandbox == (f"sandbox: user {user}, no capabilities, no new privileges, "
                              "seccomp on, landlock on, no core dumps")
    told = json.loads(server.ctl("--json", "status", live=True))["status"]["sandbox"]
    assert re.fullmatch(r"abi[2-9]", told.pop("landlock"))
    assert told == {"user": user, "capabilities": "none", "no_new_privs": True, "seccomp": True,
                    "core_dumps": False}
    shown = server.ctl("status", live=True)
    assert re.search(rf"^sandbox: +user {user}, capabilities none, .*landlock abi", shown, re.M)


# ---- Who ---------------------------------------------------------------------------------------


@root_only
def test_run_as_says_who(account):
    entry = pwd.getpwnam(account)
    with give(Server("--run-as", account), account) as server:
        assert open_ids(server) == [entry.pw_uid] * 4 + [entry.pw_gid] * 4
        groups = {int(number) for number in status(server)["Groups"].split()}
        assert groups == set(os.getgrouplist(account, entry.pw_gid)) and len(groups) == 2
        assert not any(capabilities(server).values())
        with server.login() as client:
            client.store("STOR file", b"content")
        assert os.stat(server.path("file")).st_uid == entry.pw_uid
        assert os.stat(server.state).st_uid == entry.pw_uid  # made, and theirs
        assert os.stat(os.path.join(server.state, "ferryd.sock")).st_uid == entry.pw_uid
        assert server.sandbox.startswith(f"sandbox: user {account}, ")
        assert "sandbox-incomplete" not in server.log()


@root_only
def test_without_run_as_it_is_the_owner_of_the_root(account, no_ferry):
    with give(Server(**no_ferry), account) as server:
        assert open_ids(server)[0] == pwd.getpwnam(account).pw_uid


@root_only
def test_an_owner_without_account_is_a_number(no_ferry):
    server = Server(**no_ferry)
    for path in (server.base, server.root):
        os.chown(path, 61234, 61235)
    with server:
        assert open_ids(server) == [61234] * 4 + [61235] * 4
        assert status(server)["Groups"].strip() == ""
        assert server.sandbox.startswith("sandbox: user 61234, ")


@root_only
def test_without_a_root_it_is_the_owner_of_the_database(account, no_ferry):
    with give(Server(database=True, **no_ferry), account) as server:
        home = server.add_user("anna")
        server.stop()
        for path in (server.database, home):
            shutil.chown(path, account)
        command = server.command
        server.command = lambda: [word for word in command() if word not in ("--root", server.root)]
        server.users = ()
        server.start()
        assert open_ids(server)[0] == pwd.getpwnam(account).pw_uid


@root_only
def test_the_account_ferry_comes_before_an_owner(tmp_path, release):
    environment = names(tmp_path, "ferry:x:61236:61237::/nonexistent:/usr/sbin/nologin")
    server = Server(env=environment, binary=release, run_as=None)
    os.chown(server.base, 61236, 61237)
    os.chown(server.root, 61234, 61235)
    with server:
        assert open_ids(server) == [61236] * 4 + [61237] * 4


@root_only
def test_a_root_of_roots_is_served_by_root_without_rights_which_is_said(no_ferry):
    with Server(**no_ferry) as server:
        assert open_ids(server)[0] == 0
        assert not any(capabilities(server).values())
        assert 'sandbox-incomplete layer=user reason="the server is root' in server.log()
        server.write("theirs", b"secret")
        os.chown(server.path("theirs"), 61234, 61234)
        os.chmod(server.path("theirs"), 0o600)
        with server.login() as client:
            client.refuse("RETR theirs", "550")


@root_only
def test_it_cannot_be_root_by_choice_where_users_of_the_system_log_in():
    code, said = refused(Server("--system-users", "on", "--run-as", "root"))
    assert (code, said) == (2, "ferryd: run-as: with system-users the server cannot be root\n")


@root_only
def test_somebody_else_than_root_stays_who_they_are(account):
    entry = pwd.getpwnam(account)
    server = give(Server(run_as=None), account)
    server.prefix = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}",
                     "--clear-groups", "--"]
    with server:
        assert open_ids(server) == [entry.pw_uid] * 4 + [entry.pw_gid] * 4
        server.stop()
        server.options = ["--run-as", "daemon"]
        assert refused(server) == (2, 'ferryd: run-as: only root can become "daemon"\n')
        server.options = []
        server.start()


def test_nobody_is_no_user():
    code, said = refused(Server("--run-as", "no-such-user"))
    assert (code, said) == (2, 'ferryd: run-as: "no-such-user" is no user of this system\n')


@root_only
@pytest.mark.parametrize("setting, path, mode", [
    ("root", "root", 0o700), ("state", "state", 0o700), ("audit", "log", 0o600),
    ("xferlog", "log", 0o600), ("database", "accounts.db", 0o600)])
def test_what_its_user_cannot_use_is_named_with_the_user(account, setting, path, mode):
    server = give(Server(database=setting == "database"), account)
    full = os.path.join(server.base, path)
    if setting == "state":
        os.mkdir(full)
    elif setting != "root":
        with open(full, "wb"):
            pass
    if setting in ("audit", "xferlog"):
        server.options += [f"--{setting}", full]
    os.chown(full, 0, 0)
    os.chmod(full, mode)
    server.options += ["--run-as", account]
    code, said = refused(server)
    assert code == 2
    assert said == (f'ferryd: {setting}: {full}: permission denied to the user "{account}", who '
                    f"serves files (run-as; or chown {account} {full})\n")


@root_only
def test_a_low_port_keeps_the_one_right_it_takes(account):
    with give(Server("--run-as", account), account) as server:
        server.stop()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
        low = next(port for port in range(1023, 600, -1) if is_free(port) and is_free(port - 1))
        server.options += ["--port", str(low)]
        server.start()
        assert set(capabilities(server).values()) == {0, CAP_NET_BIND_SERVICE}
        assert capabilities(server)["CapBnd"] == CAP_NET_BIND_SERVICE
        assert "capabilities net_bind_service, " in server.sandbox
        server.write("file", b"content")
        with server.login() as client:
            listener = client.active()
            client.send("RETR file")
            data, peer = listener.accept()
            assert peer[1] == low - 1  # RFC 959 3.2
            data.close()
            listener.close()


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


# ---- What is out of reach ------------------------------------------------------------------------


@pytest.fixture
def outside():
    """Makes directories that are not below those of the server's own files."""
    base = tempfile.mkdtemp(prefix="ferry-outside-")

    def make(name):
        path = os.path.join(base, name)
        os.makedirs(path, exist_ok=True)
        return path

    yield make
    shutil.rmtree(base)


def test_a_reload_cannot_name_a_root_that_was_out_of_reach_at_the_start(outside):
    with Server(config="banner = first\n") as server:
        other = outside("other")
        with open(os.path.join(server.base, "ferryd.conf"), "w", encoding="ascii") as f:
            f.write(f'host "other.example.org" {{ root = "{other}" }}\n')
        said = server.ctl("reload", live=True, status=2)
        assert "the server cannot reach it since it has started" in said
        assert "reload-refused" in server.log()
        server.stop()
        server.config = f'host "other.example.org" {{ root = "{other}" }}\n'
        server.start()


def test_user_roots_are_in_reach_of_a_reload(outside):
    server = Server(config="")
    other = outside("other")
    server.options += ["--user-roots", other]
    os.mkdir(os.path.join(other, "new"))
    with server:
        with open(os.path.join(server.base, "ferryd.conf"), "w", encoding="ascii") as f:
            f.write(f'host "other.example.org" {{ root = "{other}/new" }}\n')
        server.ctl("reload", live=True)


def test_with_a_database_and_no_user_roots_it_is_partial_and_says_so():
    with Server(database=True) as server:
        assert "landlock partial" in server.sandbox
        assert "landlock=partial" in server.log() and "set user-roots" in server.log()
        server.add_user("anna")  # whose root is outside of ours
        with server.login("anna", "secret-7-words") as client:
            client.store("STOR file", b"content")


def test_users_that_come_later_have_their_roots_below_user_roots(outside):
    server = Server(database=True)
    homes = outside("homes")
    server.options += ["--user-roots", homes]
    with server:
        assert "landlock on" in server.sandbox
        server.add_user("anna", root=outside("homes/anna"))
        with server.login("anna", "secret-7-words") as client:
            client.store("STOR file", b"content")
        for words in (("user", "add", "bert", "--password-stdin", "--root"),
                      ("user", "set", "anna", "--root"), ("folder", "add", "shared", "--path")):
            said = server.ctl(*words, outside("far"), password="secret-7-words", status=1)
            assert "is outside of what the server can reach" in said and "user-roots" in said
        server.ctl("user", "set", "anna", "--max-sessions", "3")


def test_roots_that_the_database_has_at_the_start_are_in_reach(outside):
    server = Server(database=True)
    homes = outside("homes")
    with server:
        far = outside("far")
        server.add_user("anna", root=far)
        server.stop()
        server.options += ["--user-roots", homes]
        server.start()
        assert "landlock on" in server.sandbox
        with server.login("anna", "secret-7-words") as client:
            client.store("STOR file", b"content")


# ---- What goes on in it -----------------------------------------------------------------------------


def test_another_code_page_is_loaded_by_a_reload():
    with Server(config="ebcdic_code_page = cp037\n") as server:
        with open(os.path.join(server.base, "ferryd.conf"), "w", encoding="ascii") as f:
            f.write("ebcdic_code_page = cp500\n")
        server.ctl("reload", live=True)
        with server.login() as client:
            client.ask("TYPE E", "200")
            client.store("STOR brackets", b"\x4a\x5a")
        assert server.read("brackets") == b"[]"


def test_a_host_name_is_looked_up_by_a_reload():
    with Server(config="") as server:
        with open(os.path.join(server.base, "ferryd.conf"), "w", encoding="ascii") as f:
            f.write("passive_address = localhost\n")
        server.ctl("reload", live=True)


def test_logs_are_rotated_in_it():
    server = Server()
    audit = os.path.join(server.base, "audit.json")
    server.options += ["--audit", audit]
    with server:
        os.rename(audit, audit + ".1")
        server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: os.path.exists(audit))


def test_hours_are_counted_in_any_time_zone():
    with Server(database=True) as server:
        server.add_user("anna", "--hours", "Mon-Sun 00:00-24:00 Pacific/Auckland")
        with server.login("anna", "secret-7-words") as client:
            client.ask("NOOP", "200")


def test_everything_with_files_works_in_it(server, client):
    client.store("STOR file", b"x" * 100000)
    client.ask("SITE COPY file copy", "250", "200")
    client.ask("XSHA256 copy", "250")
    client.ask("MFMT 20200101000000 copy", "213")
    client.ask("SITE CHMOD 600 copy", "200")
    client.ask("MKD new", "257")
    client.ask("RNFR copy", "350")
    client.ask("RNTO new/copy", "250")
    assert b"copy" in client.fetch("MLSD new")
    client.ask("RMDA new", "250")
    client.ask("MODE Z", "200")
    client.fetch("LIST")
    assert server.names() == ["file"]
