# SPDX-License-Identifier: Apache-2.0
"""Golden dialogues: every *.txt here is a session, replayed over a socket and compared line by line.

  # text            what it shows; the first line is the title
  loop NAME: A B    replay once for each; {NAME} in the lines below is replaced
  file NAME = TEXT  before: a file          dir NAME   before: a directory
  C: LINE           we send it, CR LF added          C~ BYTES   we send just these bytes
  S: LINE           the next line must be this; * stands for anything; <name> for a word,
                    which is put where <name> stands in a later C: line
  connect           open a data connection the way of {way}: PASV EPSV LPSV PORT EPRT LPRT
  D> BYTES          we send on the data connection   D.   we close it
  D-                the transfer was refused: we give its data connection up
  D< BYTES          all that comes on it, to its end, must be this
  D= BYTES          these bytes must come next on it, which stays open
  file NAME ? TEXT  after: the file must hold this    none NAME  after: it must not exist

\\r \\n \\t \\\\ and \\xNN in BYTES, TEXT and S: stand for bytes; a trailing backslash continues a line.
"""

import itertools
import os
import re

import pytest

from dialogue import compare, insert, unescape
from harness import Client, Server, read_all

HERE = os.path.dirname(os.path.abspath(__file__))
FAMILIES = {"127.0.0.1": ("PASV", "EPSV", "LPSV", "PORT", "EPRT", "LPRT"),
            "::1": ("EPSV", "LPSV", "EPRT", "LPRT")}


def scripts():
    for name in sorted(os.listdir(HERE)):
        if not name.endswith(".txt"):
            continue
        with open(os.path.join(HERE, name), encoding="utf-8") as f:
            lines = f.read().replace("\\\n", "").splitlines()
        loops = [line[5:].split(":", 1) for line in lines if line.startswith("loop ")]
        keys = [key for key, _ in loops]
        for values in itertools.product(*(values.split() for _, values in loops)):
            chosen = dict(zip(keys, values))
            for host, ways in FAMILIES.items():
                if chosen.get("way", "EPSV") in ways:
                    # FEAT says more under TLS.
                    marks = [pytest.mark.clear] if name == "features.txt" else []
                    yield pytest.param(lines, host, chosen, marks=marks,
                                       id="-".join([name[:-4], *values, "v6" if ":" in host else "v4"]))


class Replay:
    def __init__(self, server, client, way):
        self.server, self.client, self.way = server, client, way
        self.listed, self.data = None, None
        self.words = {}

    def connection(self):
        if self.data is None:
            self.data = self.listed()
        return self.data

    def step(self, kind, rest):
        if kind == "C:":
            self.client.send(insert(rest, self.words))
        elif kind == "C~":
            self.client.send_bytes(unescape(rest))
        elif kind == "S:":
            compare(rest, self.client.read_line(), self.words)
        elif kind == "connect":
            self.listed, self.data = self.client.open_data(self.way), None
        elif kind == "D>":
            self.connection().sendall(unescape(rest))
        elif kind == "D.":
            self.connection().close()
        elif kind == "D-":
            if self.way in ("PASV", "EPSV", "LPSV"):
                self.connection().close()
        elif kind == "D<":
            assert read_all(self.connection()) == unescape(rest)
            self.connection().close()
        elif kind == "D=":
            got, wanted = b"", unescape(rest)
            while len(got) < len(wanted) and (piece := self.connection().recv(len(wanted) - len(got))):
                got += piece
            assert got == wanted, f"got {got!r}"
        elif kind == "dir":
            os.makedirs(self.server.path(rest))
        elif kind == "none":
            assert not os.path.lexists(self.server.path(rest))
        elif kind == "file":
            name, how, content = re.fullmatch(r"(.+?) ([=?]) ?(.*)", rest).groups()
            if how == "=":
                self.server.write(name, unescape(content))
            else:
                assert self.server.read(name) == unescape(content)
        else:
            raise AssertionError(f"no such step: {kind}")


@pytest.fixture(scope="module")
def dual():
    """A server on both families, with the options the transcripts suppose."""
    with Server(address=["127.0.0.1", "::1"], config='banner = "ferry"\n') as running:
        yield running


@pytest.mark.parametrize("lines,host,chosen", scripts())
def test_transcript(dual, lines, host, chosen):
    dual.empty()
    with Client(dual.port, host=host) as client:
        replay = Replay(dual, client, chosen.get("way", "EPSV"))
        for number, line in enumerate(lines, 1):
            if not line or line.startswith(("#", "loop ")):
                continue
            for key, value in chosen.items():
                line = line.replace("{%s}" % key, value)
            kind, _, rest = line.partition(" ")
            try:
                replay.step(kind, rest)
            except (AssertionError, OSError, EOFError) as error:
                raise AssertionError(f"line {number}, {line}: {error}") from error
