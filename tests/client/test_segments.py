# SPDX-License-Identifier: Apache-2.0
"""One file over several connections: whole, gone on with after a kill, and of one piece."""

import json
import os
import signal
import subprocess

import pytest

from harness import SANITIZER_ENV, Server
from scripted import FERRY, HOME, ferry

pytestmark = pytest.mark.clear

SIZE = 24 << 20
NOTED = 4 << 20  # what may come before it is noted
OPTIONS = ("--tls", "off", "--segments", "4", "--json")


@pytest.fixture(name="large")
def fixture_large(server):
    content = os.urandom(SIZE)
    server.write("large", content)
    return content


def url(server, name="large"):
    return f"ftp://demo:secret@127.0.0.1:{server.port}/{name}"


def end_of(output):
    return [event for event in map(json.loads, output.splitlines())
            if event["event"] == "transfer-end"][0]


def parts(directory):
    return [name for name in os.listdir(directory) if name.endswith(".ferry-part")]


def break_off(server, directory, number):
    """Starts to fetch it, and ends that once more has come than is noted."""
    process = subprocess.Popen(
        [FERRY, "get", *OPTIONS, "--download-rate", "6M", url(server)], cwd=directory,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=dict(os.environ, **SANITIZER_ENV, HOME=HOME))
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "transfer-progress" and event["bytes"] > 2 * NOTED:
            process.send_signal(number)
            break
    process.communicate(timeout=60)
    assert "large" not in os.listdir(directory)
    assert len(parts(directory)) == 1
    return process.returncode


def test_a_file_in_segments_is_the_file(server, large, tmp_path):
    end = end_of(ferry("get", *OPTIONS, url(server), cwd=tmp_path).stdout)
    assert (tmp_path / "large").read_bytes() == large
    assert end["verified_by"] == "SHA-256"  # it did not come in one piece
    assert (end["bytes"], end["resumed_from"]) == (SIZE, 0)
    assert os.listdir(tmp_path) == ["large"]


@pytest.mark.parametrize("number, status", [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_what_was_broken_off_goes_on(server, large, tmp_path, number, status):
    assert break_off(server, tmp_path, number) == status
    end = end_of(ferry("get", *OPTIONS, url(server), cwd=tmp_path).stdout)
    assert (tmp_path / "large").read_bytes() == large
    assert end["resumed_from"] >= NOTED
    assert end["bytes"] == SIZE - end["resumed_from"]
    assert os.listdir(tmp_path) == ["large"]


def test_what_was_broken_off_of_another_file_does_not(server, large, tmp_path):
    break_off(server, tmp_path, signal.SIGKILL)
    other = large[::-1]
    server.write("large", other)
    os.utime(os.path.join(server.root, "large"), (1_000_000_000, 1_000_000_000))
    end = end_of(ferry("get", *OPTIONS, url(server), cwd=tmp_path).stdout)
    assert (tmp_path / "large").read_bytes() == other
    assert end["resumed_from"] == 0
    assert os.listdir(tmp_path) == ["large"]


def test_what_is_not_resumed_begins_anew(server, large, tmp_path):
    break_off(server, tmp_path, signal.SIGKILL)
    end = end_of(ferry("get", *OPTIONS, "--no-resume", url(server), cwd=tmp_path).stdout)
    assert (tmp_path / "large").read_bytes() == large
    assert end["resumed_from"] == 0


def test_a_small_file_comes_in_one_piece(server, tmp_path):
    server.write("small", b"x" * 1000)
    ferry("get", *OPTIONS, url(server, "small"), cwd=tmp_path)
    assert (tmp_path / "small").read_bytes() == b"x" * 1000


def test_a_server_with_room_for_two_serves_all_segments(tmp_path, large):
    with Server("--max-per-ip", "2") as narrow:
        narrow.write("large", large)
        ferry("get", *OPTIONS, url(narrow), cwd=tmp_path)
    assert (tmp_path / "large").read_bytes() == large


def test_two_at_once_do_not_write_one_part(server, large, tmp_path):
    first = subprocess.Popen(
        [FERRY, "get", *OPTIONS, "--download-rate", "6M", url(server)], cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=dict(os.environ, **SANITIZER_ENV, HOME=HOME))
    for line in first.stdout:
        if json.loads(line)["event"] == "transfer-progress":
            break
    second = ferry("get", *OPTIONS, "--retries", "0", url(server), cwd=tmp_path, status=1)
    assert b"BUSY" in second.stdout
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert (tmp_path / "large").read_bytes() == large
