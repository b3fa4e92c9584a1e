# SPDX-License-Identifier: Apache-2.0
"""ferry, and a server that says what a script tells it and holds ferry to every word of its own.

A script is a dialogue as in transcript/, seen from the server; ferry has to say just that, and
after its end nothing but QUIT:

  S: LINE         we say it, CR LF added            S~ BYTES   we say just these bytes
  C: LINE         its next line must be this; * stands for anything; <name> for a word, which is
                  put where <name> stands later. After PROT P data connections are under TLS
  D> BYTES        we send on the data connection, which is accepted first, or @name: see below
  D< BYTES        all that comes on it, to its end, must be this       D= BYTES   the next bytes
  D.  D!  D/      we close it; reset it; or close it without TLS's close_notify
  D+  D-          we only accept it, under TLS as all are now; or as it is, in the clear
  D@ <port> ADDR  we make it, to ferry's port, from that address of ours
  D|              on one that we made: ferry has closed it without a word
  resumed         it resumed the TLS session of the control connection
  tls             the control connection is under TLS from here on
  tls!            ferry does not accept our certificate, and that is the end
  close  reset    we hang up, or break the line     connect    ferry comes again
  hold            we say nothing more until it hangs up, whatever it says
  forever BYTES   we say these again and again until it hangs up
  slowly BYTES    likewise, a byte at a time with DRIP seconds between them
  D* BYTES        forever, on the data connection   do name    a function of the test is called

{port} in S: is the port of a new data connection, and {p1,p2} the same in two numbers. Bytes are
written as in dialogue.py.
"""

import atexit
import json
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

import tls
from dialogue import compare, insert, unescape
from harness import FERRYD, PATIENCE, SANITIZER_ENV, read_all

FERRY = os.path.abspath(os.path.join(os.path.dirname(FERRYD), "ferry"))
DRIP = 0.05
# Nothing is awaited for long, and what failed is not tried again, unless a test says so.
HASTY = ("--tls", "off", "--connect-timeout", "5", "--reply-timeout", "5", "--data-timeout", "5",
         "--retries", "0")

HOME = tempfile.mkdtemp(prefix="ferry-home-")
atexit.register(shutil.rmtree, HOME, True)


def ferry(*arguments, cwd=None, stdin=b"", status=0, home=HOME, **env):
    """Runs it for somebody who has no settings of their own."""
    environment = dict(os.environ, **SANITIZER_ENV, HOME=str(home), **env)
    environment.pop("XDG_CONFIG_HOME", None)
    result = subprocess.run([FERRY, *map(str, arguments)], cwd=cwd, input=stdin, env=environment,
                            capture_output=True, timeout=60, check=False)
    assert result.returncode == status, (arguments, result)
    return result


def login(*features):
    """How ferry comes in, as nobody in particular, where the server has those features."""
    if not features:
        return ("S: 220 ready\nC: FEAT\nS: 500 what?\nC: USER anonymous\nS: 230 in\n"
                "C: FEAT\nS: 500 what?\n")
    told = "".join(f"S:  {feature}\n" for feature in features)
    script = f"S: 220 ready\nC: FEAT\nS: 211-Features\n{told}S: 211 End\nC: USER anonymous\nS: 230 in\n"
    if "UTF8" in features:
        script += "C: OPTS UTF8 ON\nS: 200 ok\n"
    if any(feature.startswith("MLST") for feature in features):
        script += "C: OPTS MLST type;size;modify;UNIX.mode;\nS: 200 ok\n"
    return script


IMAGE = "C: TYPE I\nS: 200 ok\n"
TEXT = "C: TYPE A\nS: 200 ok\n"
PASSIVE = "C: EPSV\nS: 229 ok (|||{port}|)\n"


def facts(name, size, time_="20260102030405"):
    """SIZE and MDTM of a file, as they are asked before it is fetched."""
    return f"{IMAGE}C: SIZE {name}\nS: 213 {size}\nC: MDTM {name}\nS: 213 {time_}\n"


def fetch(name, content, before="", end="226 done"):
    """RETR, with all that belongs to it."""
    return f"{PASSIVE}{before}C: RETR {name}\nS: 150 go\nD> {content}\nD.\nS: {end}\n"


SYST = "C: SYST\nS: 215 UNIX Type: L8\n"
MLST = "MLST type*;size*;modify*;UNIX.mode*;"
FILE = r"-rw-r--r-- 1 a b 5 Feb 01  2024 f\r\n"


def list_(lines, argument="", before=PASSIVE, end="226 done", options=" -a"):
    """LIST, and what it brings; with the option that is for whoever says SYST."""
    return f"{before}C: LIST{options}{argument}\nS: 150 go\nD> {lines}\nD.\nS: {end}\n"


def entries(result):
    """What ls --json tells, by name."""
    events = [json.loads(line) for line in result.stdout.splitlines()]
    return {event["name"]: event for event in events if event["event"] == "listing-entry"}


class Scripted:
    """A server that plays one script; leaving its context tells whether ferry did, too."""

    def __init__(self, script, certificate=None, **named):
        self.script, self.named = script, named
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.sslsocket_class = tls.Socket
        self.context.load_cert_chain(*(certificate or tls.certificate()))
        self.control = self.data = self.passive = None
        self.is_private = self.is_over = False
        self.buffer, self.words, self.said = b"", {}, []
        self.trouble = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def url(self, path=""):
        return f"ftp://127.0.0.1:{self.port}/{path}"

    def ferry(self, *arguments, **how):
        """Runs ferry; a word that begins with @ is a path here, or all of a login before it."""
        def word(text):
            match = re.fullmatch(r"@(?:(.*)@)?(.*)", str(text), re.S)
            if not match:
                return text
            return self.url(match[2]).replace("//", f"//{match[1]}@" if match[1] else "//", 1)
        command, *rest = arguments
        return ferry(command, *HASTY, *map(word, rest), **how)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, value, traceback):
        if kind:
            self.listener.close()
        self.thread.join(PATIENCE * 2)
        said = "\n".join(self.said)
        for each in (self.control, self.data, self.passive, self.listener):
            if each:
                each.close()
        if self.trouble:
            raise AssertionError(f"{self.trouble}\nThe dialogue was:\n{said}") from value
        assert kind or not self.thread.is_alive(), f"the script has not ended:\n{said}"

    # ---- The script --------------------------------------------------------------

    def _run(self):
        line = "connect"
        try:
            self._connect("")
            for line in filter(None, map(str.lstrip, self.script.splitlines())):
                self._step(*line.partition(" ")[::2])
            line = "the end"
            self._end()
        except (AssertionError, OSError, EOFError, KeyError) as error:
            self.trouble = f"at {line!r}: {error!r}"
            for each in (self.control, self.data, self.listener):
                if each:
                    each.close()

    def _step(self, kind, rest):
        steps = {"S:": self._say, "S~": self._say_bytes, "C:": self._hear, "D>": self._send,
                 "D<": self._receive, "D=": self._receive_some, "D.": self._close_data,
                 "D!": self._reset_data, "D+": lambda _: self._data(), "D@": self._dial,
                 "D/": self._cut_data, "D-": self._accept_clear, "D|": self._is_refused,
                 "D*": self._send_forever, "tls": self._secure, "tls!": self._is_not_trusted,
                 "close": self._close, "reset": self._reset, "connect": self._connect,
                 "hold": self._hold, "forever": self._forever, "slowly": self._slowly,
                 "resumed": self._resumed, "do": lambda name: self.named[name](self)}
        assert kind in steps, "no such step"
        steps[kind](rest)

    def _bytes(self, text):
        return self.named[text[1:]] if text.startswith("@") else unescape(text)

    def _end(self):
        if self.is_over:
            return
        while line := self._line():
            assert line == b"QUIT", f"ferry goes on with {line!r}"
            self.control.sendall(b"221 bye\r\n")
        self.control.close()

    # ---- The control connection ------------------------------------------------------

    def _connect(self, _):
        self.control, _peer = self.listener.accept()
        self.control.settimeout(PATIENCE)
        self.buffer, self.is_private, self.is_over = b"", False, False

    def _secure(self, _):
        self.control = self.context.wrap_socket(self.control, server_side=True)

    def _is_not_trusted(self, _):
        self.is_over = True
        try:
            self._secure("")
            assert not self.control.recv(1), "our certificate was accepted"  # TLS 1.3 says it late
        except ssl.SSLZeroReturnError:
            pass  # it has gone without a word about it
        except ssl.SSLError as error:
            assert "ALERT" in str(error), error

    def _say(self, text):
        if re.search("{(port|p1,p2)}", text):
            if self.passive:
                self.passive.close()
            self.passive = socket.create_server(("127.0.0.1", 0))
            self.passive.settimeout(PATIENCE)
            port = self.passive.getsockname()[1]
            text = text.replace("{port}", str(port)).replace("{p1,p2}", f"{port >> 8},{port & 255}")
        self._say_bytes(text + r"\r\n")

    def _say_bytes(self, text):
        self.said.append(f"S: {text}")
        self.control.sendall(self._bytes(text))

    def _line(self):
        """The next line; nothing when it hung up instead."""
        while b"\r\n" not in self.buffer:
            data = self.control.recv(65536)
            if not data:
                assert not self.buffer, f"ferry hung up within {self.buffer!r}"
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        self.said.append(f"C: {line.decode('utf-8', 'backslashreplace')}")
        return line

    def _hear(self, wanted):
        line = self._line()
        assert line is not None, "ferry hung up"
        compare(insert(wanted, self.words), line, self.words)
        self.is_private = self.is_private or line == b"PROT P"

    def _close(self, _):
        self.control.close()
        self.is_over = True

    def _reset(self, _):
        reset(self.control)
        self.is_over = True

    def _until_gone(self, say):
        self.is_over = True
        try:
            while say():
                pass
        except ConnectionError:
            pass  # it hung up: that is what was awaited
        self.control.close()

    def _hold(self, _):
        self._until_gone(lambda: self.control.recv(65536))

    def _forever(self, text):
        piece = unescape(text) * 100
        self._until_gone(lambda: self.control.sendall(piece) is None)

    def _slowly(self, text):
        piece = unescape(text)
        def drip():
            for i in range(len(piece)):
                self.control.sendall(piece[i:i + 1])
                time.sleep(DRIP)
            return True
        self._until_gone(drip)

    # ---- Data connections ---------------------------------------------------------------

    def _data(self):
        if self.data is None:
            self.data, _peer = self.passive.accept()
            self.data.settimeout(PATIENCE)
            if self.is_private:
                self.data = self.context.wrap_socket(self.data, server_side=True)
        return self.data

    def _dial(self, rest):
        port, _, address = insert(rest, self.words).partition(" ")
        self.data = socket.create_connection(("127.0.0.1", int(port)), PATIENCE, (address, 0))

    def _is_refused(self, _):
        try:
            assert self._data().recv(1) == b""
        except ConnectionError:
            pass
        self._close_data("")

    def _send(self, text):
        self._data().sendall(self._bytes(text))

    def _send_forever(self, text):
        piece = unescape(text) * 1000
        try:
            while True:
                self._data().sendall(piece)
        except ConnectionError:
            self._close_data("")

    def _receive(self, text):
        assert (got := read_all(self._data())) == self._bytes(text), f"got {got[:1000]!r}"
        self._close_data("")

    def _receive_some(self, text):
        got, wanted = b"", self._bytes(text)
        while len(got) < len(wanted) and (piece := self._data().recv(len(wanted) - len(got))):
            got += piece
        assert got == wanted, f"got {got!r}"

    def _resumed(self, _):
        assert self._data().session_reused, "another TLS session than the control connection's"

    def _close_data(self, _):
        self._data().close()
        self.data = None

    def _cut_data(self, _):
        os.close(self._data().detach())
        self.data = None

    def _accept_clear(self, _):
        self.data, _peer = self.passive.accept()
        self.data.settimeout(PATIENCE)

    def _reset_data(self, _):
        reset(self._data())
        self.data = None


def reset(connection):
    """Ends it with a reset: under TLS without a close_notify, too."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
