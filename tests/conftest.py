# SPDX-License-Identifier: Apache-2.0
import os
import resource
import signal
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
# Before the harness is read: every test below sees the same choice.
if "--tls" in sys.argv:
    os.environ["FERRY_TEST_TLS"] = "1"
sys.path[:0] = [HERE, os.path.join(HERE, "interop"), os.path.join(HERE, "..", "tools")]

from harness import Server  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--tls", action="store_true", help="every client's connections are under TLS")


def pytest_configure(config):
    # Who starts the tests in the background has these ignored, and so had the programs under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    config.addinivalue_line("markers", "clear: not repeated under TLS")


def pytest_collection_modifyitems(config, items):
    """A test of what is no connection, or of one in the clear, has nothing to say about TLS."""
    if not config.getoption("--tls"):
        return
    chosen = [item for item in items if not item.get_closest_marker("clear")]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.fixture
def many_descriptors():
    """As many as this process and those that it starts may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


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
