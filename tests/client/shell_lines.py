# SPDX-License-Identifier: Apache-2.0
"""What tests of ferry's shell stand on: lines that it is given, and what a test is about."""

import os
import subprocess

import pytest

from harness import PATIENCE, SANITIZER_ENV, Server

FERRY = os.path.abspath(os.path.join(os.path.dirname(os.environ.get("FERRYD", "build/asan/ferryd")),
                                     "ferry"))
COVERED = set()


def covers(*names):
    """Says which rows of the table a test is about."""
    COVERED.update(names)
    return lambda test: test


def environment(home, **more):
    return dict(os.environ, **SANITIZER_ENV, HOME=str(home), LANG="C.UTF-8", TZ="UTC", **more)


def run(arguments, lines, cwd, status=0, **env):
    script = "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
    done = subprocess.run([FERRY, *arguments], input=script, cwd=cwd, capture_output=True,
                          timeout=PATIENCE * 3, check=False, env=environment(cwd, **env))
    assert done.returncode == status, (lines, done)
    return done


def url(server, path="", login="demo:secret@"):
    return f"ftp://{login}127.0.0.1:{server.port}/{path}"


@pytest.fixture
def shell(shared, tmp_path):
    """Runs lines against a server with an empty tree, in an empty directory here."""
    shared.empty()

    def do(*lines, status=0, **env):
        return run([url(shared)], lines, tmp_path, status, **env)
    do.server, do.here = shared, tmp_path
    return do


@pytest.fixture
def second():
    with Server() as server:
        yield server


def said(done):
    return done.stdout.decode("utf-8", "replace")
