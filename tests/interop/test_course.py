# SPDX-License-Identifier: Apache-2.0
"""The two sessions of the course text, with telnet and nc as people type them."""

import os
import re
import socket
import subprocess
import time

import pytest

from harness import PATIENCE, Server, eventually

DATOS = "Fichero de texto contiene 3 líneas\nEsta es la segunda línea\nEsta es la tercera línea\n".encode()

pytestmark = pytest.mark.clear  # people at a terminal type no TLS


@pytest.fixture
def course():
    with Server(users=("jose:pepe",)) as server:
        server.write("datos.txt", DATOS)
        server.write("filezilla-server-0-9-60-2.exe", b"MZ" * 1000)
        yield server


class Terminal:
    """A program that is typed to and read from."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.screen = b""

    def shows(self, pattern):
        """Waits until the screen shows it."""
        def look():
            self.screen += self.process.stdout.read() or b""
            return re.search(pattern, self.screen)
        found = eventually(look)
        assert found, f"{pattern!r} not in {self.screen!r}"
        return found

    def type(self, line):
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def telnet(server):
    # A terminal sends CR LF; what is piped into telnet it turns into that too.
    terminal = Terminal("inetutils-telnet", "127.0.0.1", str(server.port))
    terminal.shows(rb"220[ -]")
    return terminal


def log_in(terminal):
    terminal.type(b"USER jose")
    terminal.shows(rb"331 ")
    terminal.type(b"PASS pepe")
    terminal.shows(rb"230 ")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.mark.parametrize("nc", [["nc.traditional", "-l", "-p"], ["nc.openbsd", "-l"]])
def test_active_session_with_telnet_and_nc(course, nc):
    port = free_port()
    data = Terminal(*nc, str(port))
    time.sleep(0.3)
    control = telnet(course)
    log_in(control)
    control.type(b"PORT 127,0,0,1,%d,%d" % (port >> 8, port & 255))
    control.shows(rb"200 ")
    control.type(b"LIST")
    control.shows(rb"150 ")
    control.shows(rb"226 ")
    data.shows(rb"-rw-r--r-- .* 89 .*datos.txt\r\n" if len(DATOS) == 89 else rb"datos\.txt\r\n")
    data.shows(rb"filezilla-server-0-9-60-2\.exe\r\n")
    control.type(b"QUIT")
    control.shows(rb"221 ")
    data.end()
    control.end()


@pytest.mark.parametrize("tool", [["inetutils-telnet"], ["nc.traditional"], ["nc.openbsd"]])
def test_passive_session_with_telnet_and_nc(course, tool):
    control = telnet(course)
    log_in(control)
    control.type(b"PASV")
    numbers = control.shows(rb"227 [^(]*\(127,0,0,1,(\d+),(\d+)\)")
    port = int(numbers.group(1)) * 256 + int(numbers.group(2))
    data = Terminal(*tool, "127.0.0.1", str(port))
    time.sleep(0.3)
    control.type(b"RETR datos.txt")
    control.shows(rb"150 ")
    control.shows(rb"226 ")
    data.shows("Esta es la tercera línea".encode())
    assert DATOS.replace(b"\n", b"\r\n") in data.screen or DATOS in data.screen
    control.type(b"QUIT")
    control.shows(rb"221 ")
    control.shows(rb"Connection closed by foreign host")
    data.end()
    control.end()


def test_a_whole_session_with_nc_alone(course):
    """LF line ends, as nc sends them."""
    control = Terminal("nc.openbsd", "127.0.0.1", str(course.port))
    control.shows(rb"220 ")
    log_in(control)
    control.type(b"SYST")
    control.shows(rb"215 UNIX Type: L8")
    control.type(b"PWD")
    control.shows(rb'257 "/"')
    control.type(b"QUIT")
    control.shows(rb"221 ")
    control.end()
