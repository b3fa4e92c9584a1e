# SPDX-License-Identifier: Apache-2.0
"""ferry under ThreadSanitizer: many connections at once, broken off at any moment."""

import contextlib
import os
import signal
import socket
import subprocess
import threading

import tls
from harness import SANITIZER_ENV, Server, eventually

FERRY = os.path.abspath(os.environ.get("FERRY_TSAN", "build/tsan/ferry"))
LARGE = 24 << 20
# Nobody vouches for the certificate where the round is under TLS.
OPTIONS = ("--insecure", "--retries", "50", "--retry-delay", "0")


def start(home, command, *arguments):
    return subprocess.Popen([FERRY, command, *OPTIONS, *arguments], cwd=home,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE,
                            env=dict(os.environ, **SANITIZER_ENV, HOME=str(home)))


def finish(process, status=0):
    out, err = process.communicate(timeout=120)
    assert b"ThreadSanitizer" not in err, err.decode(errors="replace")
    complaints = [line for line in err.splitlines()
                  if line.startswith(b"ferry: ") and not line.startswith(b"ferry: warning: ")]
    assert process.returncode == status, (complaints, out[-1000:])


def ferry(home, *arguments):
    finish(start(home, *arguments))


def url(port, path):
    return f"ftp://demo:secret@127.0.0.1:{port}/{path}"


def fill(server, files=300):
    for i in range(files):
        server.write(f"t/{i % 7}/{i % 3}/f{i}", f"content of {i}\n".encode() * (i % 50))


def tree_of(top):
    """What is in its files; a part may have got its name while one looks."""
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as f:
                found[os.path.relpath(path, top)] = f.read()
    return found


class Scissors:
    """Stands before a server's control port, and cuts each connection after a while: the first
    ones soon, later ones later."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.cut = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        for nth in range(10_000):
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            room = [(12000 if tls.BY_DEFAULT else 3000) + 500 * nth]  # bytes either way
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self.forward, args=(*ends, room), daemon=True).start()

    def forward(self, source, sink, room):
        try:
            while data := source.recv(4096):
                sink.sendall(data)
                room[0] -= len(data)
                if room[0] < 0:
                    self.cut += 1
                    break
        except OSError:
            pass  # the other one has cut it
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def test_a_mirror_over_eight_connections_has_no_race(tmp_path):
    with Server() as server:
        fill(server)
        ferry(tmp_path, "mirror", "--parallel", "8", url(server.port, "t"), "down")
        assert tree_of(tmp_path / "down") == tree_of(server.path("t"))
        ferry(tmp_path, "mirror", "--parallel", "8", "down", url(server.port, "up"))
        assert tree_of(server.path("up")) == tree_of(server.path("t"))


def test_segments_have_no_race(tmp_path):
    with Server() as server:
        content = os.urandom(LARGE)
        server.write("large", content)
        ferry(tmp_path, "get", "--segments", "6", url(server.port, "large"))
        assert (tmp_path / "large").read_bytes() == content


def test_a_mirror_that_is_interrupted_ends_and_is_gone_on_with(tmp_path):
    with Server() as server:
        fill(server)
        server.write("t/large", os.urandom(LARGE))
        process = start(tmp_path, "mirror", "--parallel", "8", "--download-rate", "1M",
                        url(server.port, "t"), "down")
        assert eventually(lambda: len(tree_of(tmp_path / "down")) > 20)
        process.send_signal(signal.SIGINT)
        finish(process, 130)
        there = tree_of(server.path("t"))
        for name, content in tree_of(tmp_path / "down").items():
            assert name.endswith(".ferry-part") or there[name] == content, name
        ferry(tmp_path, "mirror", "--parallel", "8", url(server.port, "t"), "down")
        assert tree_of(tmp_path / "down") == there


def test_segments_that_are_interrupted_end_and_are_gone_on_with(tmp_path):
    with Server() as server:
        content = os.urandom(LARGE)
        server.write("large", content)
        process = start(tmp_path, "get", "--segments", "6", "--download-rate", "2M",
                        url(server.port, "large"))
        assert eventually(lambda: os.listdir(tmp_path))
        process.send_signal(signal.SIGINT)
        finish(process, 130)
        assert not (tmp_path / "large").exists()
        ferry(tmp_path, "get", "--segments", "6", url(server.port, "large"))
        assert (tmp_path / "large").read_bytes() == content


def test_connections_that_are_cut_cost_nothing(tmp_path):
    with Server() as server:
        fill(server)
        content = os.urandom(LARGE)
        server.write("large", content)
        scissors = Scissors(server.port)
        ferry(tmp_path, "mirror", "--parallel", "8", url(scissors.port, "t"), "down")
        assert tree_of(tmp_path / "down") == tree_of(server.path("t"))
        assert scissors.cut > 0
        scissors.close()
        scissors = Scissors(server.port)
        ferry(tmp_path, "get", "--segments", "6", url(scissors.port, "large"))
        assert (tmp_path / "large").read_bytes() == content
        scissors.close()
