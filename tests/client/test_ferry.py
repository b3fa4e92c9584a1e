# SPDX-License-Identifier: Apache-2.0
"""ferry's one-shot commands against ferryd, and against servers that mean it no good."""

import os
import socket
import subprocess
import threading

import pytest

from harness import SANITIZER_ENV, Client, Server, eventually

pytestmark = pytest.mark.clear  # ferry speaks no TLS yet
FERRY = os.path.join(os.path.dirname(os.environ.get("FERRYD", "build/asan/ferryd")), "ferry")
FERRYCTL = os.path.join(os.path.dirname(FERRY), "ferryctl")


def ferry(*arguments, cwd=None, stdin=b"", status=0, **env):
    result = subprocess.run([os.path.abspath(FERRY), *arguments], cwd=cwd, input=stdin,
                            capture_output=True, timeout=60, check=False,
                            env=dict(os.environ, **SANITIZER_ENV, **env))
    assert result.returncode == status, (arguments, result)
    return result


def url(server, path="", login="demo:secret@"):
    return f"ftp://{login}127.0.0.1:{server.port}/{path}"


@pytest.mark.parametrize("size", [0, 1, 1_000_000, 20_000_000])
def test_put_and_get(shared, tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "f").write_bytes(content)
    ferry("put", "f", url(shared, "up"), cwd=tmp_path)
    assert shared.read("up") == content
    ferry("get", url(shared, "up"), cwd=tmp_path)
    assert (tmp_path / "up").read_bytes() == content
    assert ferry("get", url(shared, "up"), "-o", "-").stdout == content
    ferry("put", "-", url(shared, "piped"), stdin=content)
    assert shared.read("piped") == content


@pytest.mark.parametrize("mode", "sBCz")
@pytest.mark.parametrize("kind", ["", ";type=a"])
def test_put_and_get_in_every_mode(shared, tmp_path, mode, kind):
    content = b"".join(b"%d   line\n" % i for i in range(50_000))
    (tmp_path / "f").write_bytes(content)
    ferry("put", "--mode", mode, "f", url(shared, "up" + kind), cwd=tmp_path)
    assert shared.read("up") == content
    ferry("get", url(shared, "up" + kind), "--mode", mode, "-o", "g", cwd=tmp_path)
    assert (tmp_path / "g").read_bytes() == content


def test_a_mode_that_is_none_is_refused(shared):
    for wrong in (["--mode"], ["--mode", "X"], ["--mode", "BB"], ["--mode", ""]):
        assert b"--mode" in ferry("get", url(shared, "f"), *wrong, status=2).stderr


def test_text_is_converted_both_ways(shared, tmp_path):
    (tmp_path / "t").write_bytes(b"a\nb\n")
    ferry("put", "t", url(shared, "t;type=a"), cwd=tmp_path)
    assert shared.read("t") == b"a\nb\n"
    assert ferry("get", url(shared, "t;type=a"), "-o", "-").stdout == b"a\nb\n"


def test_ls_and_odd_names(shared, tmp_path):
    shared.empty()
    shared.write(b"a\x1b[2Jb", b"x")
    (tmp_path / "f").write_bytes(b"1")
    ferry("put", "f", url(shared, "%C3%B1%20%25"), cwd=tmp_path)
    listing = ferry("ls", url(shared)).stdout
    assert "ñ %".encode() in listing
    assert b"\x1b" not in listing and b"a?[2Jb" in listing
    ferry("put", "f", url(shared), cwd=tmp_path)
    assert "f" in shared.names()


def test_passwords_may_come_from_the_environment_and_nobody_is_anonymous(tmp_path):
    with Server("--anonymous") as server:
        server.write("f", b"content")
        assert ferry("get", url(server, "f", "demo@"), "-o", "-",
                     FERRY_PASSWORD="secret").stdout == b"content"
        assert ferry("get", url(server, "f", ""), "-o", "-").stdout == b"content"
        shown = ferry("get", url(server, "f"), "-o", "-", FERRY_VERBOSE="1").stderr
        assert b"> PASS ****" in shown and b"secret" not in shown


def test_exit_statuses(shared, tmp_path):
    shared.empty()
    ferry(status=2)
    ferry("nonsense", status=2)
    ferry("get", status=2)
    ferry("get", "http://x/", status=2)
    ferry("get", url(shared), status=2)
    ferry("get", url(shared, ".."), status=2)
    ferry("get", "ftp://127.0.0.1:1/x", status=3)
    ferry("get", "ftp://no.such.host.invalid/x", status=3)
    assert b"530" in ferry("get", url(shared, "x", "demo:wrong@"), status=4).stderr
    assert b"550" in ferry("get", url(shared, "none"), cwd=tmp_path, status=5).stderr
    assert b"/no/such/file" in ferry("put", "/no/such/file", url(shared), status=1).stderr
    ferry("put", "/", url(shared, "x"), status=1)
    ferry("get", url(shared, "x"), "-o", "/no/such/directory/x", status=1)
    assert os.listdir(tmp_path) == []
    assert ferry("--version").stdout.startswith(b"ferry ")
    assert b"ferry get" in ferry("--help").stdout


def test_messages_never_show_a_password(shared, tmp_path):
    for login in ("demo:secret@", "demo:wrong%40secret@", "demo:a@secret@"):
        result = subprocess.run([os.path.abspath(FERRY), "get", url(shared, "none", login)],
                                cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert result.returncode and b"127.0.0.1" in result.stderr and b"secret" not in result.stderr


def test_a_local_file_that_fails_on_the_way_replaces_nothing(server, tmp_path):
    server.write("f", b"good")
    source = tmp_path / "shrinks"
    with open(source, "wb") as f:
        f.truncate(1 << 30)
    timer = threading.Timer(0.05, os.truncate, (source, 1 << 20))
    timer.start()
    result = subprocess.run([os.path.abspath(FERRY), "put", str(source), url(server, "f")],
                            capture_output=True, timeout=60, check=False)
    timer.join()
    if result.returncode == 0:  # it was through before
        assert server.read("f") == b"\0" * len(server.read("f"))
    else:
        assert result.returncode == 1 and eventually(lambda: server.read("f") == b"good")


def test_files_that_say_no_size_are_sent_whole(server):
    ferry("put", "/proc/version", url(server, "version"))
    with open("/proc/version", "rb") as f:
        assert server.read("version") == f.read()


def test_a_device_is_written_to_not_replaced(server):
    server.write("f", b"content")
    link = os.path.join(server.base, "link")
    os.symlink("/dev/null", link)
    ferry("get", url(server, "f"), "-o", link)
    assert os.path.islink(link)


class Scripted:
    """A server that says what it is told, and what it heard."""

    def __init__(self, *replies, data=b""):
        self.replies = list(replies)
        self.data = data
        self.heard = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.passive = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as lines:
            for reply in self.replies:
                if isinstance(reply, str):
                    port = self.passive.getsockname()[1]
                    reply = reply.replace("@PORT@", str(port))
                    reply = reply.replace("@P1,P2@", f"{port >> 8},{port & 255}")
                    connection.sendall(reply.encode("latin-1") + b"\r\n")
                elif reply is None:
                    line = lines.readline()
                    if not line:
                        return
                    self.heard.append(line)
                else:
                    data, _ = self.passive.accept()
                    data.sendall(self.data)
                    data.close()


WAIT = None
SEND = True


def test_a_227_with_a_foreign_address_is_not_followed(tmp_path):
    """The data connection goes to the control connection's host, whatever the reply says."""
    server = Scripted("220 hi", WAIT, "230 in", WAIT, "200 ok", WAIT, "500 no EPSV", WAIT,
                      "227 (192,0,2,1,@P1,P2@)", WAIT, "150 go", SEND, "226 done", data=b"content")
    result = ferry("get", f"ftp://127.0.0.1:{server.port}/f", "-o", "got", cwd=tmp_path)
    assert result.returncode == 0 and (tmp_path / "got").read_bytes() == b"content"


def test_a_transfer_that_the_server_calls_broken_leaves_no_file(tmp_path):
    server = Scripted("220 hi", WAIT, "230 in", WAIT, "200 ok", WAIT, "229 (|||@PORT@|)", WAIT,
                      "150 go", SEND, "426 broken", data=b"half")
    ferry("get", f"ftp://127.0.0.1:{server.port}/f", cwd=tmp_path, status=6)
    assert os.listdir(tmp_path) == []


BEFORE_RETR = ("220 hi", WAIT, "230 in", WAIT, "200 ok", WAIT, "229 (|||@PORT@|)", WAIT)


def test_promises_are_no_end_of_a_transfer(tmp_path):
    """1xx may come several times, before the data and after it (RFC 959 4.2)."""
    server = Scripted(*BEFORE_RETR, "125 soon", "150 go", SEND, "426 broken", data=b"half")
    assert b"426" in ferry("get", f"ftp://127.0.0.1:{server.port}/f", cwd=tmp_path, status=6).stderr
    assert os.listdir(tmp_path) == []
    server = Scripted("120 wait", "220 hi", *BEFORE_RETR[1:], "125 soon", "150 go", SEND,
                      "112 all of it", "226 done", data=b"whole")
    ferry("get", f"ftp://127.0.0.1:{server.port}/f", cwd=tmp_path)
    assert (tmp_path / "f").read_bytes() == b"whole"


@pytest.mark.parametrize("replies, status", [(("150 go", SEND, "350 more"), 5), (("350 more",), 5),
                                             (("150 go", SEND, "550 gone"), 5),
                                             (("226 nothing",), 6)])
def test_only_2xx_after_the_data_is_success(tmp_path, replies, status):
    server = Scripted(*BEFORE_RETR, *replies, data=b"half")
    ferry("get", f"ftp://127.0.0.1:{server.port}/f", cwd=tmp_path, status=status)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("replies", [("229 (|||x|)",), ("500 no", WAIT, "227 none"),
                                     ("500 no", WAIT, "200 ok")])
def test_a_port_that_is_none_is_no_data_connection(tmp_path, replies):
    server = Scripted(*BEFORE_RETR[:-2], *replies)
    assert b"data connection" in ferry("get", f"ftp://127.0.0.1:{server.port}/f", cwd=tmp_path,
                                       status=6).stderr


def test_a_password_that_is_answered_with_331_again_is_no_login(tmp_path):
    server = Scripted("220 hi", WAIT, "331 password", WAIT, "331 password", WAIT, "200 ok")
    ferry("get", f"ftp://127.0.0.1:{server.port}/f", cwd=tmp_path, status=4)


def test_replies_cannot_move_the_cursor(tmp_path):
    server = Scripted("220 hi", WAIT, "530 \x1b]0;gotcha\x07 no")
    result = ferry("get", f"ftp://127.0.0.1:{server.port}/f", cwd=tmp_path, status=4)
    assert b"\x1b" not in result.stderr and b"gotcha" in result.stderr


@pytest.mark.parametrize("greeting", ["nonsense", "999", "x" * 20_000, "421 full", "220-never"])
def test_bad_greetings_are_clear_errors(tmp_path, greeting):
    server = Scripted(greeting)
    result = ferry("get", f"ftp://127.0.0.1:{server.port}/f", cwd=tmp_path, status=3)
    assert result.stderr.startswith(b"ferry: 127.0.0.1: ")


def test_output_that_is_lost_is_no_success(shared):
    shared.empty()
    shared.write("f", b"content")
    shared.write("many/" + "x" * 200)
    for i in range(100):
        shared.write(f"many/{'x' * 200}{i}")
    for command in (["--help"], ["--version"], ["ls", url(shared)], ["ls", url(shared, "many")],
                    ["get", url(shared, "f"), "-o", "-"], ["get", url(shared, "f"), "-o", "/dev/full"]):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([os.path.abspath(FERRY), *command], stdout=full, check=False,
                                    stderr=subprocess.PIPE, timeout=60,
                                    env=dict(os.environ, **SANITIZER_ENV))
        assert result.returncode == 1, (command, result)
        assert b"o space left on device" in result.stderr
    for command in (["--help"], ["--version"], ["password", "hash"]):
        with open("/dev/full", "wb") as full:
            assert subprocess.run([FERRYCTL, *command], input=b"a\n", stdout=full, check=False,
                                  stderr=subprocess.DEVNULL, timeout=60).returncode == 1
