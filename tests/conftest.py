# SPDX-License-Identifier: Apache-2.0
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

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


@pytest.fixture
def client(server):
    with server.login() as connected:
        yield connected
