# SPDX-License-Identifier: Apache-2.0
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "interop"), os.path.join(HERE, "..", "tools")]

from harness import Server  # noqa: E402


@pytest.fixture
def server():
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def shared():
    """One server for many tests that only look, or empty its tree themselves."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def release():
    """The optimised ferryd, where a sanitizer's would measure or behave differently."""
    return os.environ.get("FERRYD_RELEASE", "build/ferryd")


@pytest.fixture(scope="session")
def shim():
    """A library for LD_PRELOAD that makes the system misbehave (fault/shim.c)."""
    return os.environ.get("FERRY_SHIM_LIBRARY", os.path.abspath("build/tests/libshim.so"))


@pytest.fixture
def client(server):
    with server.login() as connected:
        yield connected
