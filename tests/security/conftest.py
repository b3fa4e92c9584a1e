# SPDX-License-Identifier: Apache-2.0
import pytest


@pytest.fixture
def tree(shared):
    shared.empty()
    return shared


@pytest.fixture
def c(tree):
    with tree.login() as connected:
        connected.ask("TYPE I", "200")
        yield connected
