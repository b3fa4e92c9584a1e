# SPDX-License-Identifier: Apache-2.0
"""ferry through a proxy: SOCKS5 (RFC 1928, 1929) and HTTP CONNECT, control and data both."""

import base64
import socket
import threading

import pytest

from harness import PATIENCE
from scripted import ferry

pytestmark = pytest.mark.clear

USER, PASSWORD = b"anna", b"let me"


class Proxy:
    """Serves until it is closed; `asked` is where clients wanted to go."""

    def __init__(self, kind, wants_login=False):
        self.kind, self.wants_login, self.asked = kind, wants_login, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def url(self, login=False):
        user = f"{USER.decode()}@" if login else ""
        return f"{self.kind}://{user}127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            client.settimeout(PATIENCE)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            target = (self.hear_socks5 if self.kind == "socks5" else self.hear_http)(client)
            if not target:
                return
            self.asked.append(target)
            with socket.create_connection(target, PATIENCE) as server:
                client.sendall(b"\x05\0\0\1\x7f\0\0\1\0\0" if self.kind == "socks5"
                               else b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join(PATIENCE)

    def hear_socks5(self, client):
        methods = take(client, take(client, 2)[1])
        wanted = 2 if self.wants_login else 0
        if wanted not in methods:
            client.sendall(b"\x05\xff")
            return None
        client.sendall(bytes([5, wanted]))
        if self.wants_login:
            user = take(client, take(client, 2)[1])
            password = take(client, take(client, 1)[0])
            client.sendall(b"\x01\0" if (user, password) == (USER, PASSWORD) else b"\x01\x01")
            if (user, password) != (USER, PASSWORD):
                return None
        kind = take(client, 4)[3]
        host = (socket.inet_ntoa(take(client, 4)) if kind == 1
                else take(client, take(client, 1)[0]).decode())
        return host, int.from_bytes(take(client, 2), "big")

    def hear_http(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += take(client, 1)
        word = b"Proxy-Authorization: Basic " + base64.b64encode(USER + b":" + PASSWORD)
        if self.wants_login and word not in head.split(b"\r\n"):
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return None
        host, _, port = head.split()[1].decode().rpartition(":")
        return host.strip("[]"), int(port)


def take(peer, count):
    taken = b""
    while len(taken) < count:
        piece = peer.recv(count - len(taken))
        if not piece:
            raise ConnectionError("the client left")
        taken += piece
    return taken


def pump(source, target):
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def url(server, name=""):
    return f"ftp://demo:secret@127.0.0.1:{server.port}/{name}"


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_control_and_data_go_through_the_proxy(server, tmp_path, kind):
    server.write("f", b"content" * 10_000)
    with Proxy(kind) as proxy:
        ferry("get", "--tls", "off", "--proxy", proxy.url(), url(server, "f"), cwd=tmp_path)
        assert (tmp_path / "f").read_bytes() == b"content" * 10_000
        assert proxy.asked[0] == ("127.0.0.1", server.port)
        assert len(proxy.asked) == 2  # the data connection
        (tmp_path / "up").write_bytes(b"sent")
        ferry("put", "--tls", "off", "--proxy", proxy.url(), "up", url(server), cwd=tmp_path)
        assert server.read("up") == b"sent"


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_a_name_is_looked_up_by_the_proxy(server, kind):
    with Proxy(kind) as proxy:
        ferry("ls", "--tls", "off", "--proxy", proxy.url(),
              f"ftp://demo:secret@localhost:{server.port}/")
        assert {host for host, _ in proxy.asked} == {"localhost"}


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_the_proxys_password_comes_from_a_command(server, kind):
    with Proxy(kind, wants_login=True) as proxy:
        ferry("ls", "--tls", "off", "--proxy", proxy.url(login=True), "--proxy-password-command",
              f"echo {PASSWORD.decode()}", url(server))
        assert proxy.asked
        refused = ferry("ls", "--tls", "off", "--proxy", proxy.url(login=True),
                        "--proxy-password-command", "echo wrong", url(server), status=4)
        assert b"wrong" not in refused.stderr


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_who_is_not_let_through_does_not_go_around(server, kind):
    with Proxy(kind, wants_login=True) as proxy:
        ferry("ls", "--tls", "off", "--proxy", proxy.url(), url(server), status=4)
        assert not proxy.asked


def test_a_proxy_that_is_not_there_is_named(server):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    result = ferry("ls", "--tls", "off", "--proxy", f"socks5://127.0.0.1:{port}", url(server),
                   status=3)
    assert b"127.0.0.1: cannot be reached" in result.stderr
