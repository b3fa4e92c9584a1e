# SPDX-License-Identifier: Apache-2.0
"""One run of the load generator (bench/load.c) against one server, and what it cost the server."""

import json
import os
import selectors
import subprocess
import tempfile
import time

import cost

PROGRAM = os.path.abspath("build/bench_load")
LIMITS = os.path.abspath("build/bench_limits")
PREPARATION = 120  # seconds for its sessions to log in, and to do everything once
PATIENCE = 60      # seconds that it may take longer than it was told


class Failed(Exception):
    """The server did not do what was asked; says the first that was wrong."""


class Load:
    """Its sessions are logged in from `with` on, and stay until its end."""

    def __init__(self, server, words, preparation=PREPARATION):
        command = [PROGRAM, words[0], str(server.port), "--user", server.user,
                   "--password", server.password, *words[1:]]
        self.said = tempfile.TemporaryFile()
        with server.network:
            self.process = cost.orphans.started(subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said))
        self.server, self.preparation, self.pending = server, preparation, b""

    def __enter__(self):
        try:
            said = self.line(self.preparation)
            if said != b"ready":
                raise Failed(f"bench_load said {said!r}")
        except BaseException:
            self.process.kill()
            self.close()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
        self.close()

    def line(self, seconds):
        """What it says next on standard output; its complaint, if it ends instead."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.pending:
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise Failed(f"nothing within {seconds:.0f} s")
                came = os.read(self.process.stdout.fileno(), 65536)
                if not came:
                    self.process.wait(PATIENCE)
                    raise Failed(self.complaint() or "bench_load ended")
                self.pending += came
        said, _, self.pending = self.pending.partition(b"\n")
        return said

    def complaint(self):
        """The first line that it said on standard error."""
        self.said.seek(0)
        line = self.said.readline().decode("utf-8", "replace")
        return line.strip(" :\n").removeprefix("bench_load: ")

    def work(self, seconds):
        """Tells it to begin, and waits for what it counted."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return json.loads(self.line(seconds + PATIENCE))

    def close(self):
        """Lets it say QUIT everywhere, and waits for that."""
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.said.close()


def judged(told, complaint):
    """With its failure, if there was one."""
    if told["errors"]:
        told["failure"] = f"{told['errors']:,} errors, the first: {complaint}"
    elif not told["operations"]:
        told["failure"] = "not one operation came to its end"
    return told


def drive(server, words, seconds, watches_peak=False, preparation=PREPARATION):
    """What one run counted, with the server's processor time as cpu_seconds; its `failure`, where
    it did not come to an end, or counted errors."""
    pid = server.process.pid
    try:
        if watches_peak:
            with Load(server, ["idle", "--sessions", "1"]) as load:
                load.work(0)
                resident = cost.resident_bytes(pid)
        with Load(server, words, preparation) as load:
            if watches_peak:
                cost.forget_peak(pid)
            before, load_before = cost.cpu_seconds(pid), cost.own_seconds(load.process.pid)
            told = load.work(seconds)
            told["cpu_seconds"] = cost.cpu_seconds(pid) - before
            told["load_cpu_seconds"] = cost.own_seconds(load.process.pid) - load_before
            complaint = load.complaint()
            if watches_peak:
                told["peak_bytes"] = max(0, cost.peak_bytes(pid) - resident)
    except Failed as failed:
        return {"failure": str(failed)}
    if told["errors"]:
        told["failure"] = f"{told['errors']} errors, the first: {complaint}"
    elif not told["operations"]:
        told["failure"] = "not one operation came to its end"
    return told


def idle(server, sessions, words):
    """Bytes that the server has for each of that many sessions that do nothing."""
    pid = server.process.pid
    try:
        with Load(server, ["idle", "--sessions", "1", *words]) as load:
            load.work(0)  # what the first session brings is not of each
        before = cost.pss_bytes(pid)
        with Load(server, ["idle", "--sessions", str(sessions), *words]) as load:
            told = load.work(0)
            told["session_bytes"] = (cost.pss_bytes(pid) - before) / sessions
            return judged(told, load.complaint())
    except Failed as failed:
        return {"failure": str(failed)}


def limit(network, words):
    """What a bare loop of system calls comes to: bench/limits.c."""
    with network:
        result = subprocess.run([LIMITS, *words], check=False, capture_output=True, text=True,
                                timeout=PREPARATION + PATIENCE)
    if result.returncode:
        return {"failure": result.stderr.strip().partition("\n")[0]}
    return json.loads(result.stdout) | {"errors": 0}
