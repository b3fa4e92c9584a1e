# SPDX-License-Identifier: Apache-2.0
"""ferryd as a service: options, files, signals, limits, logs, systemd."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

from harness import FERRYD, HASH_OF_SECRET, SANITIZER_ENV, Client, Server, eventually


def run(*options, **how):
    return subprocess.run([FERRYD, *options], capture_output=True, text=True, timeout=20,
                          env=dict(os.environ, **SANITIZER_ENV), check=False, **how)


def test_help_and_version():
    result = run("--help")
    assert result.returncode == 0 and result.stderr == ""
    for option in ("--port", "--root", "--address", "--user", "--anonymous", "--passive-ports",
                   "--passive-address", "--allow-fxp", "--idle-timeout", "--max-sessions",
                   "--max-per-ip", "--state", "--xferlog", "--audit", "--audit-syslog", "--log-level", "--config",
                   "--check-config", "--grace"):
        assert option in result.stdout
    result = run("--version")
    assert result.returncode == 0 and re.fullmatch(r"ferryd \d+\.\d+\.\d+\n", result.stdout)


@pytest.mark.parametrize("options", [
    [], ["--root", "/no/such/directory"], ["--root", "/etc/passwd"], ["--no-such-option"],
    ["--root", "/tmp", "--port", "x"], ["--root", "/tmp", "--port", "70000"], ["--root"],
    ["--root", "/tmp", "stray"], ["--root", "/tmp", "--user", "nocolon"],
    ["--root", "/tmp", "-xyz"], ["--root", "/tmp", "--allow-fxp=on"], ["--root", "/tmp", "--config", "/tmp"],
    ["--root", "/tmp", "--data-timeout", "0"], ["--root", "/tmp", "--user", ":x"],
    ["--root", "/tmp", "--user", "x:"], ["--root", "/tmp", "--passive-address", "::1"],
    ["--root", "/tmp", "--passive-ports", "9-1"], ["--root", "/tmp", "--config", "/no/such"],
    ["--root", "/tmp", "--state", "/proc/nowhere"], ["--root", "/tmp", "--xferlog", "/no/such/file"], ["--root", "/tmp", "--audit", "/tmp"],
    ["--root", "/tmp", "--anonymous=/no/such"], ["--root", "/tmp", "--log-level", "x"],
    ["--root", "/tmp", "--user", "a:1", "--user", "a:2"]])
def test_a_wrong_option_is_one_clear_line_and_status_2(options, tmp_path):
    result = run("--state", str(tmp_path), *options)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("ferryd: ") and result.stderr.count("\n") == 1


def test_an_unreadable_root_is_status_2(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    root.chmod(0)
    if os.geteuid() == 0:  # root may read it; somebody else may not
        command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
        os.chmod(tmp_path, 0o755)
    else:
        command = []
    result = subprocess.run([*command, os.path.abspath(FERRYD), "--root", str(root)],
                            capture_output=True, text=True, timeout=20, check=False,
                            env=dict(os.environ, **SANITIZER_ENV, HOME="/nonexistent"))
    if "Permission denied" in result.stderr and "setpriv" in result.stderr:
        pytest.fail("the build directory must be readable by everybody")
    lines = [l for l in result.stderr.split("\n") if l.startswith("ferryd: ")]
    assert result.returncode == 2 and len(lines) == 1


def test_a_port_that_is_taken_is_one_clear_line(server, tmp_path):
    result = run("--root", str(tmp_path), "--address", "127.0.0.1", "--port", str(server.port),
                 "--state", str(tmp_path))
    assert result.returncode == 1
    assert f"127.0.0.1:{server.port}" in result.stderr and result.stderr.count("\n") == 1


def test_check_config(tmp_path):
    file = tmp_path / "ferryd.conf"
    file.write_text(f'root = "{tmp_path}"\nport = 2121\n')
    result = run("--config", str(file), "--check-config")
    assert result.returncode == 0 and result.stdout == "The settings are right.\n"
    file.write_text(f'root = "{tmp_path}"\nidle_timeout = soon\n')
    result = run("--config", str(file), "--check-config")
    assert result.returncode == 2 and "idle-timeout" in result.stderr
    file.write_text(f'root = "{tmp_path}"\nnonsense = 1\n')
    result = run("--config", str(file), "--check-config")
    assert result.returncode == 2 and "ferryd.conf:2" in result.stderr
    file.write_text(f'root = "{tmp_path}"\nuser "anna" {{ password = "secret" }}\n')
    result = run("--config", str(file), "--check-config")
    assert result.returncode == 2 and "ferryctl password hash" in result.stderr
    assert not (tmp_path / "uploads").exists()


def test_the_example_configuration_is_right(tmp_path):
    text = open("docs/ferryd.conf.example", encoding="utf-8").read()
    for directory in set(re.findall(r'"(/srv/[^"]*)"', text)):
        os.makedirs(str(tmp_path) + directory, exist_ok=True)
    file = tmp_path / "ferryd.conf"
    file.write_text(text.replace('"/srv', f'"{tmp_path}/srv'))
    result = run("--config", str(file), "--check-config")
    assert result.returncode == 0, result.stderr


def test_sighup_takes_new_settings_without_dropping_a_session():
    with Server(config='banner = "before"\nidle_timeout = 300\n') as server:
        with server.login() as old:
            old.ask("TYPE I", "200")
            data = old.begin("STOR f")
            data.sendall(b"first ")
            server.config = 'banner = "after"\nuser "late" { password = "%s" }\n' % HASH_OF_SECRET
            server.command()
            server.process.send_signal(signal.SIGHUP)
            assert eventually(lambda: "reloaded" in server.log())
            assert eventually(lambda: "after" in greeting(server))
            with server.login("late", "secret") as new:
                new.ask("PWD", "257")
            data.sendall(b"second")
            data.close()
            old.expect("226")
            old.ask("NOOP", "200")
        assert server.read("f") == b"first second"


def test_sighup_names_the_settings_that_wait_for_a_restart():
    with Server(config='idle_timeout = 300\n') as server:
        server.config = 'idle_timeout = 60\nmax_transfers = 5\nxferlog = "@BASE@/xferlog"\n'
        server.command()
        server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "reloaded" in server.log())
        assert 'needs-restart settings="max-transfers xferlog"' in server.log()


def greeting(server):
    with server.client() as c:
        return c.expect("220").text


def test_a_wrong_file_on_sighup_changes_nothing():
    with Server(config='banner = "before"\n') as server:
        server.config = "banner = \n"
        server.command()
        server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "reload-refused" in server.log())
        assert "before" in greeting(server)


def test_a_file_that_became_a_directory_changes_nothing():
    with Server(config='banner = "before"\n') as server:
        file = os.path.join(server.base, "ferryd.conf")
        os.unlink(file)
        os.mkdir(file)
        server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "reload-refused" in server.log())
        assert "before" in greeting(server)


def test_sessions_at_once_are_limited_and_places_come_back():
    with Server("--max-sessions", "3") as server:
        clients = [server.login() for _ in range(3)]
        with server.client() as c:
            c.expect("220")
            c.ask("USER demo", "331")
            c.ask("PASS secret", "421")
            assert c.is_closed()
        clients[0].ask("QUIT", "221")
        clients[0].close()
        assert eventually(lambda: can_log_in(server))
        for c in clients[1:]:
            c.close()


def can_log_in(server):
    with server.client() as c:
        c.expect("220")
        c.ask("USER demo", "331")
        return c.ask("PASS secret").code == "230"


def can_enter(server, **how):
    with server.client(**how) as c:
        return c.reply().code == "220"


def test_sessions_of_one_address_are_limited():
    with Server("--max-per-ip", "2", address="0.0.0.0") as server:
        clients = [server.login() for _ in range(2)]
        assert not can_enter(server)
        assert can_enter(server, source="127.0.0.2")
        for c in clients:
            c.close()
        assert eventually(lambda: can_enter(server))


def test_connections_that_are_reset_do_not_use_up_the_places():
    with Server("--max-sessions", "20", "--max-per-ip", "20") as server:
        for _ in range(100):
            c = socket.create_connection(("127.0.0.1", server.port))
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()

        def greeted():
            with server.client() as c:
                return c.reply().code == "220"
        assert eventually(greeted)


def test_slow_work_of_some_does_not_hold_up_others():
    """Digests of files without end, by more sessions than there are workers."""
    with Server("--anonymous") as server:
        with open(server.path("sparse"), "wb") as f:
            f.truncate(1 << 40)
        hogs = [server.login("anonymous", "x") for _ in range(80)]
        for hog in hogs:
            hog.send("XSHA512 sparse")
        with server.login() as c:
            c.ask("MKD d", "257")
            c.ask("CWD d", "250")
            assert c.fetch("NLST") == b""
        for hog in hogs:
            hog.close()


def test_the_audit_tells_everything_once(tmp_path):
    audit = tmp_path / "audit.json"
    with Server("--audit", str(audit), "--anonymous") as server:
        with server.client() as c:
            c.expect("220")
            c.ask("USER demo", "331")
            c.ask("PASS wrong", "530")
        with server.login() as c:
            c.ask("TYPE I", "200")
            c.store("STOR a b", b"12345")
            c.fetch("RETR a b")
            c.ask("RNFR a b", "350")
            c.ask("RNTO c", "250")
            c.ask("DELE c", "250")
            c.ask("DELE c", "550")
            c.ask("MKD d\x1b", "257")
            data = c.begin("STOR broken")
            data.sendall(b"12")
            time.sleep(0.1)
            c.send("ABOR")
            c.expect("426")
            c.expect("226")
            data.close()
            c.ask("QUIT", "221")
        with server.login("anonymous", "me@example.org") as c:
            c.ask("DELE x", "550")
    events = [json.loads(line) for line in audit.read_text(encoding="utf-8").split("\n")[:-1]]
    events.sort(key=lambda event: event["session"])  # the end of one may come in the next
    shape = [(e["action"], e["result"]) for e in events]
    assert shape == [("login", "LOGIN_REFUSED"), ("login", "OK"), ("write", "OK"), ("read", "OK"),
                     ("rename", "OK"), ("delete", "OK"), ("delete", "NOT_FOUND"),
                     ("make-directory", "OK"), ("write", "CANCELLED"), ("logout", "OK"),
                     ("login", "OK"), ("delete", "DENIED"), ("logout", "OK")]
    assert all(e["v"] == 1 and e["peer"] == "127.0.0.1" for e in events)
    assert events[2]["path"] == "/a b" and events[2]["bytes"] == 5
    assert events[2]["direction"] == "in" and events[3]["direction"] == "out"
    assert events[4]["other_path"] == "/c"
    assert events[7]["path"] == "/d\x1b"
    assert events[10]["detail"] == "me@example.org"
    assert events[11]["rule"] == "anonymous: read-only"
    assert "\x1b" not in audit.read_text(encoding="utf-8")


def test_the_audit_says_whose_tree_a_path_is_in(tmp_path):
    audit = tmp_path / "audit.json"
    config = ('folder "archive" { path = "@BASE@/archive" }\n'
              'host "two.example.org" { root = "@BASE@/two" anonymous = on }\n')
    server = Server("--audit", str(audit), config=config)
    for name in ("archive", "two"):
        os.makedirs(os.path.join(server.base, name))
    with server:
        with server.login() as c:
            c.ask("MKD d", "257")
            c.ask("SMNT archive", "250")
            c.ask("MKD d", "257")
        with server.client() as c:
            c.expect("220")
            c.ask("HOST two.example.org", "220")
            c.login("FTP", "me@example.org")
            c.ask("MKD d", "550")
    events = [json.loads(line) for line in audit.read_text(encoding="utf-8").split("\n")[:-1]]
    events.sort(key=lambda event: event["session"])  # the end of one may come in the next
    assert [(e["action"], e["user"], e.get("host"), e.get("folder")) for e in events] == [
        ("login", "demo", None, None),
        ("make-directory", "demo", None, None),
        ("make-directory", "demo", None, "archive"),
        ("logout", "demo", None, None),
        ("login", "anonymous", "two.example.org", None),
        ("make-directory", "anonymous", "two.example.org", None),
        ("logout", "anonymous", "two.example.org", None)]


def test_xferlog_has_its_classic_lines(tmp_path):
    xferlog = tmp_path / "xferlog"
    with Server("--xferlog", str(xferlog), env={"TZ": "UTC"}) as server:
        with server.login() as c:
            c.ask("TYPE I", "200")
            c.store("STOR a b", b"12345")
            c.fetch("RETR a b")
            c.ask("DELE a b", "250")
    lines = xferlog.read_text(encoding="ascii").split("\n")[:-1]
    date = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
    for line, direction in zip(lines, "iod", strict=True):
        assert re.fullmatch(rf"{date} 1 127\.0\.0\.1 \d+ /a_b b _ {direction} g demo ftp 0 \* c", line)


def test_logs_are_opened_again_on_sighup(tmp_path):
    audit = tmp_path / "audit.json"
    with Server("--audit", str(audit)) as server:
        server.login().close()
        assert eventually(lambda: audit.read_text(encoding="ascii"))
        audit.rename(tmp_path / "old")
        server.process.send_signal(signal.SIGHUP)
        assert eventually(audit.exists)
        server.login().close()
    assert audit.read_text(encoding="ascii").count('"login"') == 1


def test_passwords_never_reach_a_log():
    with Server("--log-level", "debug") as server:
        with server.client() as c:
            c.expect("220")
            c.ask("USER demo", "331")
            c.ask("PASS very-secret-word", "530")
        assert eventually(lambda: "login-refused" in server.log())
        assert "very-secret-word" not in server.log()


def test_hostile_names_cannot_forge_log_lines():
    with Server() as server, server.client() as c:
        c.expect("220")
        c.send_bytes(b"USER x\r\0info login user=root\x1b[2J\r\n")
        c.expect("331")
        c.ask("PASS x", "530")
        assert eventually(lambda: "login-refused" in server.log())
        assert not any(line.startswith("info login user=root") for line in server.log().split("\n"))
        assert "\x1b" not in server.log()


def test_virtual_hosts_by_name():
    config = ('host "Two.Example.ORG" { root = "@BASE@/two" banner = "second" anonymous = "on"\n'
              'user "ben" { password = "%s" } }\n' % HASH_OF_SECRET)
    server = Server(config=config)
    os.makedirs(os.path.join(server.base, "two"))
    with open(os.path.join(server.base, "two", "in-two"), "wb"):
        pass
    with server:
        server.write("in-one", b"")
        with server.client() as c:
            c.expect("220")
            c.ask("HOST unknown.example.org", "504")
            assert "second" in c.ask("HOST two.example.org", "220").text
            c.login("ben", "secret")
            assert c.fetch("NLST") == b"in-two\r\n"
            c.ask("HOST two.example.org", "503")
            c.ask("REIN", "220")
            c.ask("USER ben", "331")
            c.ask("PASS secret", "530")  # the default host does not know him
        with server.client() as c:
            c.expect("220")
            c.ask("HOST two.example.org", "220")
            c.ask("USER demo", "331")
            c.ask("PASS secret", "530")  # nor does the second one know her
        with server.client() as c:
            c.expect("220")
            c.ask("HOST [::1]", "504")
            c.ask("HOST 127.0.0.1", "220")
            c.login()
            assert c.fetch("NLST") == b"in-one\r\n"


def test_users_may_have_roots_of_their_own_and_be_read_only():
    config = ('user "anna" { password = "%s" root = "@BASE@/anna" read_only = true }\n'
              % HASH_OF_SECRET)
    server = Server(users=(), config=config)
    os.makedirs(os.path.join(server.base, "anna"))
    with open(os.path.join(server.base, "anna", "hers"), "wb") as f:
        f.write(b"content")
    with server, server.login("anna", "secret") as c:
        c.ask("TYPE I", "200")
        assert c.fetch("RETR hers") == b"content"
        c.ask("DELE hers", "550")
        c.refuse("STOR new", "553")
        facts = c.ask("MLST hers", "250").lines[1]
        assert b"perm=r;" in facts
        assert b"perm=el;" in c.ask("MLST /", "250").lines[1]


def test_systemd_passes_sockets_and_hears_when_we_are_ready(tmp_path):
    """sd_listen_fds(3) and sd_notify(3), as systemd speaks them."""
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(20)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(10)
    port = listener.getsockname()[1]
    pass_it = ("import os, sys; os.dup2(int(sys.argv[1]), 3); "
               "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
               "os.execv(sys.argv[2], sys.argv[2:])")
    process = subprocess.Popen(
        [sys.executable, "-c", pass_it, str(listener.fileno()), FERRYD, "--root", str(tmp_path),
         "--user", "demo:secret", "--state", str(tmp_path / "state")],
        stdout=subprocess.PIPE, pass_fds=[listener.fileno()],
        env=dict(os.environ, **SANITIZER_ENV, NOTIFY_SOCKET=str(tmp_path / "notify")))
    try:
        assert notify.recv(100) == b"READY=1"
        assert process.stdout.readline() == b"listening on 127.0.0.1:%d\n" % port
        listener.close()
        with Client(port, secure=False) as c:
            c.expect("220")
            c.login()
        process.send_signal(signal.SIGHUP)
        assert [notify.recv(100) for _ in range(2)] == [b"RELOADING=1", b"READY=1"]
        process.send_signal(signal.SIGTERM)
        assert notify.recv(100) == b"STOPPING=1"
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        notify.close()


def test_the_listening_line_is_all_there_is_on_standard_output(server):
    with server.login() as c:
        c.ask("NOOP", "200")
    os.set_blocking(server.process.stdout.fileno(), False)
    assert server.process.stdout.read() in (None, b"")


def test_a_default_state_directory_that_cannot_be_used_is_said_and_done_without():
    with Server(state="", env={"STATE_DIRECTORY": "/proc/nowhere"}) as server, server.login() as c:
        assert "no-state-directory" in server.log()
        c.ask("TYPE I", "200")
        c.store("STOR f", b"1")
        c.store("STOR f", b"2")
        c.store("APPE f", b"3")
        assert server.read("f") == b"23"
