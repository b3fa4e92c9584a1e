# SPDX-License-Identifier: Apache-2.0
"""The load generator of the benchmark (bench/load.c): its counts are right, and nothing that a
server does wrong goes unseen."""

import json
import os
import re
import socketserver
import subprocess
import threading

import pytest

from harness import FERRYD, PATIENCE, SANITIZER_ENV, Server
from secure import SecureServer

pytestmark = pytest.mark.clear  # it has a TLS of its own

LOAD = os.environ.get("BENCH_LOAD", os.path.join(os.path.dirname(FERRYD), "bench_load"))
OPERATIONS, BYTES, ENTRIES = 24, 1500, 7
SIZES = ["--bytes", str(BYTES), "--directory", "many", "--entries", str(ENTRIES)]
COUNTED = ["--operations", str(OPERATIONS), "--sessions", "4", *SIZES]


def run(work, port, *options):
    """Exit status, what it counted (None: it did not get so far), and its complaint."""
    done = subprocess.run([LOAD, work, str(port), *options], input="\n", capture_output=True,
                          text=True, timeout=PATIENCE * 3, check=False,
                          env=dict(os.environ, **SANITIZER_ENV))
    ready, _, told = done.stdout.partition("\n")
    assert ready in ("", "ready")
    return done.returncode, json.loads(told) if told else None, done.stderr


def fill(server):
    server.write("small", b"x" * BYTES)
    os.makedirs(server.path("up"))
    os.makedirs(server.path("empty"))
    for i in range(ENTRIES):
        server.write(f"many/entry-{i}")


@pytest.fixture(scope="module")
def plain():
    with Server("--login-delay", "0") as server:  # wrong passwords are none of its patience
        fill(server)
        yield server


@pytest.fixture(scope="module")
def secured():
    with SecureServer() as server:
        fill(server)
        yield server


# What an operation of each work moves: bytes and entries.
WORKS = {"get": (BYTES, 0), "put": (BYTES, 0), "download": (BYTES, 0), "upload": (BYTES, 0),
         "command": (0, 0), "login": (0, 0), "list": (None, ENTRIES)}


def check(outcome, work, operations=OPERATIONS):
    status, counted, complaint = outcome
    assert (status, complaint) == (0, "")
    assert (counted["work"], counted["operations"], counted["errors"]) == (work, operations, 0)
    moved, entries = WORKS.get(work, (None, None))
    if moved is not None:
        assert counted["bytes"] == moved * operations
    if entries is not None:
        assert counted["entries"] == entries * operations
    return counted


@pytest.mark.parametrize("work", WORKS)
def test_a_work_is_counted(plain, work):
    counted = check(run(work, plain.port, *COUNTED), work)
    assert 0 < counted["p50_us"] <= counted["p99_us"]
    assert (counted["first_byte_us"] > 0) == (work == "list")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("work", WORKS)
def test_a_work_is_counted_under_tls(secured, work, version):
    counted = check(run(work, secured.port, *COUNTED, "--tls", version, "--resume"), work)
    assert counted["resumed"] == (0 if work in ("command", "login") else OPERATIONS)


def test_without_resume_each_handshake_is_a_full_one(secured):
    assert check(run("get", secured.port, *COUNTED, "--tls", "1.3"), "get")["resumed"] == 0


@pytest.mark.parametrize("options", [["--pasv"], ["--eager"], ["--spread"], ["--threads", "3"]])
@pytest.mark.parametrize("work", ["get", "put"])
def test_an_option_changes_the_way_not_the_count(plain, work, options):
    check(run(work, plain.port, *COUNTED, *options), work)


def test_mixed_work_goes_on_beside_idle_sessions(plain):
    counted = check(run("mixed", plain.port, *COUNTED, "--idle", "30", "--threads", "2"), "mixed")
    assert counted["bytes"] > 0 and counted["entries"] > 0


def test_idle_sessions_and_those_that_only_connect_are_as_many_as_asked(plain):
    check(run("idle", plain.port, "--sessions", "50"), "idle", 50)
    check(run("connect", plain.port, "--sessions", "50"), "connect", 50)


def test_a_timed_work_ends(plain):
    status, counted, _ = run("command", plain.port, "--seconds", "0.2")
    assert status == 0 and counted["operations"] > 0 and counted["seconds"] >= 0.2


def test_large_files_arrive_whole(plain):
    size = 3_000_001
    plain.write("large", b"x" * size)
    sized = ["--operations", "4", "--sessions", "2", "--bytes", str(size)]
    status, counted, _ = run("download", plain.port, *sized, "--file", "large")
    assert (status, counted["bytes"]) == (0, 4 * size)
    status, counted, _ = run("upload", plain.port, *sized)
    assert (status, counted["bytes"]) == (0, 4 * size)
    assert {len(plain.read(f"up/{session}")) for session in range(2)} == {size}


# ---- What goes wrong --------------------------------------------------------------------

@pytest.mark.parametrize("work, wrong", [
    ("get", ["--bytes", str(BYTES - 1)]), ("get", ["--bytes", str(BYTES + 1)]),
    ("get", ["--file", "missing"]), ("list", ["--entries", str(ENTRIES + 1)]),
    ("list", ["--directory", "empty"]),
    ("login", ["--password", "wrong"]), ("get", ["--password", "wrong"]),
])
def test_what_is_not_there_ends_it_before_it_is_ready(plain, work, wrong):
    status, counted, complaint = run(work, plain.port, *COUNTED, *wrong)
    assert (status, counted) == (1, None)
    assert re.match("bench_load: session [0-3]: ", complaint)


def test_nobody_listening_is_told():
    with socketserver.TCPServer(("127.0.0.1", 0), None) as nobody:
        port = nobody.server_address[1]
    assert run("login", port)[:2] == (1, None)


class Script(socketserver.ThreadingTCPServer):
    """Logs anybody in; answers the n-th NOOP of all as `wrong` says, and if that `lasts`
    everything from then on."""

    daemon_threads = allow_reuse_address = True
    REPLIES = {b"USER": b"331 -", b"PASS": b"230-Be\r\n331 welcome\r\n230 -", b"TYPE": b"200 -",
               b"PWD": b'257 "/"', b"NOOP": b"200 -", b"QUIT": b"221 -"}

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 -\r\n")
            for line in self.rfile:
                verb = line.split()[0]
                reply = self.server.reply_to(verb)
                if reply is None:
                    return
                self.wfile.write(reply)
                if verb == b"QUIT":
                    return

    def __init__(self, wrong, at, lasts=False):
        super().__init__(("127.0.0.1", 0), self.Session)
        self.port = self.server_address[1]
        self.wrong, self.at, self.lasts = wrong, at, lasts
        self.count, self.lock = 0, threading.Lock()

    def reply_to(self, verb):
        with self.lock:
            self.count += verb == b"NOOP"
            is_it = verb == b"NOOP" and self.count == self.at
            if is_it or (self.lasts and self.count >= self.at):
                return self.wrong
        return self.REPLIES[verb] + b"\r\n"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


@pytest.mark.parametrize("wrong, complaint", [
    (b"500 no\r\n", "NOOP: 500 no"),
    (b"hello\r\n", "not a reply: hello"),
    (None, "the server closed the connection"),
    (b"2" * 2000, "a line too long"),
    (b"", "nothing came any more"),
])
def test_one_wrong_reply_among_many_is_counted_and_told(wrong, complaint):
    with Script(wrong, at=20) as server:
        status, counted, told = run("command", server.port, "--operations", "100", "--sessions",
                                    "4", "--patience", "2")
    assert status == 1
    assert counted["errors"] == 1 and counted["operations"] == 99
    assert complaint in told


def test_a_server_that_never_stops_failing_does_not_keep_it():
    with Script(b"421 no\r\n", at=20, lasts=True) as server:
        status, counted, _ = run("command", server.port, "--seconds", "60", "--sessions", "4")
    assert status == 1
    assert counted["operations"] < 60 and counted["errors"] > 4 and counted["seconds"] < 60
