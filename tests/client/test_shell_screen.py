# SPDX-License-Identifier: Apache-2.0
"""ferry's shell in a terminal: what stands on the screen beside what is drawn and asked."""

import os
import signal

import pytest

from harness import eventually
from shell_lines import url
from test_shell_terminal import PROMPT, Terminal
from test_shell_terminal import terminal  # noqa: F401 (fixture)

pytestmark = pytest.mark.clear


def test_an_answer_turns_questions_off(terminal):
    for name in "abc":
        terminal.server.write(name, b"1")
    with terminal() as t:
        t.type("mget [ab]\r")
        t.shows(rb"mget a .*\? $")
        t.type("p\r")
        t.shows(rb"interactive: off.*" + PROMPT)
        t.do("mdelete *")
    assert sorted(name for name in os.listdir(terminal.here) if name[0] != ".") == ["a", "b"]
    assert terminal.server.names() == []


def test_no_progress_is_drawn_over_a_question(terminal):
    """A second behind each question: time for five drawings, if there were any."""
    for name in "abc":
        terminal.server.write(name, b"x" * 300_000)
    with Terminal(terminal.here, "--download-rate", "500k", "--progress", "on",
                  url(terminal.server)) as t:
        t.shows(PROMPT)
        for _ in range(2):
            t.type("mget *\r")
            for name in ("a", "b", "c"):
                t.shows(rb"mget " + name.encode() + rb" \[y/n/a/p/q\]\? $")
                assert not eventually(lambda: t.read() and t.seen < len(t.screen), 1)
                t.type("y\r")
            t.shows(PROMPT)
        assert b"EiB" not in t.screen


def test_no_progress_is_drawn_over_what_is_shown(terminal):
    terminal.server.write("a", b"a line\n" * 250 + b"and no end")
    with Terminal(terminal.here, "--download-rate", "1k", "--progress", "on",
                  url(terminal.server), PAGER="cat") as t:
        t.shows(PROMPT)
        for line in ("cat a", "page a", "get a -", "get a '|cat'"):
            t.do(line)
        assert b"B/s" not in t.screen


def test_a_listing_is_not_written_over_a_file_without_a_question(terminal):
    terminal.server.write("a", b"1")
    (terminal.here / "kept").write_bytes(b"precious")
    with terminal() as t:
        t.do("nlist . new")
        t.type("nlist . kept\r")
        t.shows(rb"output to local-file: kept \[.*\? $")
        t.type("n\r")
        t.shows(PROMPT)
        assert (terminal.here / "kept").read_bytes() == b"precious"
        t.do("prompt off")
        t.do("nlist . kept")
    assert (terminal.here / "kept").read_bytes() == (terminal.here / "new").read_bytes()


def test_what_a_job_tells_does_not_stand_in_the_line_that_is_typed(terminal):
    terminal.server.write("a", b"x" * 3000)
    with Terminal(terminal.here, "--download-rate", "1k", url(terminal.server)) as t:
        t.shows(PROMPT)
        t.do("get a &")
        t.type("lpw")
        t.shows(rb"lpw\r\x1b\[K[^>]*in the clear[^>]*\n/a: 2\.9 KiB[^>]*\n\[1\] done: get a\r\n"
                rb"[^>]*> lpw$")
        t.do("d", rb"local directory: ")


def test_the_line_that_is_typed_is_there_again_when_we_go_on(terminal):
    """SIGSTOP stands for Ctrl-Z, which stops nobody without a shell of theirs."""
    with terminal() as t:
        t.type("lpw")
        t.shows(rb"lpw$")
        os.kill(t.pid, signal.SIGSTOP)
        os.waitpid(t.pid, os.WUNTRACED)
        os.kill(t.pid, signal.SIGCONT)
        t.shows(rb"> lpw$")
        t.do("d", rb"local directory: ")
