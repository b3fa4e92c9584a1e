# SPDX-License-Identifier: Apache-2.0
"""ferry's shell as a person has it: in a terminal, with keys, questions and Ctrl-C."""

import os
import pty
import re
import signal
import socket
import termios

import pytest

import tls
from harness import PATIENCE, eventually
from scripted import PASSIVE, Scripted, login
from shell_lines import FERRY, environment, url

pytestmark = pytest.mark.clear
PROMPT = rb"ferry 127\.0\.0\.1:[^>]*> $"
UP, LEFT, HOME, TAB, CTRL_C, CTRL_D = "\x1b[A", "\x1b[D", "\x01", "\t", "\x03", "\x04"


class Terminal:
    """ferry in a terminal of its own. Use as a context manager."""

    def __init__(self, home, *arguments, **env):
        self.screen = b""
        self.seen = 0
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execve(FERRY, ["ferry", *arguments],
                      environment(home, **{"TERM": "xterm", "COLUMNS": "80", **env}))
        os.set_blocking(self.fd, False)

    def read(self):
        try:
            self.screen += os.read(self.fd, 65536)
        except BlockingIOError:
            pass
        except OSError:  # EIO: the other side is closed
            return False
        return True

    def shows(self, pattern):
        """Waits until it stands behind what was shown before; that, too, is behind then."""
        def look():
            self.read()
            return re.search(pattern, self.screen[self.seen:], re.S)
        found = eventually(look)
        assert found, f"{pattern!r} not in {self.screen[self.seen:]!r}"
        self.seen += found.end()
        if pattern.endswith(PROMPT):
            self.edits()
        return found

    def asks(self, pattern):
        """A question of the line editor's."""
        self.shows(pattern)
        self.edits()

    def edits(self):
        """Waits until keys are taken one by one, which is after a prompt or a question is shown:
        a Ctrl-C before would be a signal, which has nothing to end then."""
        assert eventually(lambda: not termios.tcgetattr(self.fd)[3] & termios.ICANON)

    def type(self, keys):
        os.write(self.fd, keys.encode("utf-8", "surrogateescape"))

    def do(self, line, pattern=rb""):
        """A line; what it shows up to the next prompt."""
        before = self.seen
        self.type(line + "\r")
        self.shows(rb"\r\n" + pattern + rb".*" + PROMPT)
        return self.screen[before:self.seen]

    def interrupts_until(self, pattern):
        """Ctrl-C once more and again: two that come at once are one signal."""
        def look():
            self.read()
            found = re.search(pattern, self.screen[self.seen:], re.S)
            if not found:
                self.type(CTRL_C)
            return found
        found = eventually(look)
        assert found, f"{pattern!r} not in {self.screen[self.seen:]!r}"
        self.seen += found.end()

    def ends(self, keys=""):
        """Waits for its end, typing these again and again: a terminal forgets what is typed when
        Ctrl-C or a change of its mode comes behind."""
        def look():
            if self.read():
                self.type(keys)
            pid, self.status = os.waitpid(self.pid, os.WNOHANG)
            return pid
        assert eventually(look), self.screen[self.seen:]
        return os.waitstatus_to_exitcode(self.status)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if self.status is None:
            try:
                self.type(CTRL_C)
                status = self.ends(CTRL_D)
            except AssertionError:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise
            finally:
                os.close(self.fd)
            assert kind or status == 0, (status, self.screen)
        else:
            os.close(self.fd)


@pytest.fixture
def terminal(shared, tmp_path):
    shared.empty()
    opened = []

    def start(*arguments, **env):
        term = Terminal(tmp_path, *(arguments or [url(shared)]), **env)
        opened.append(term)
        if not arguments:
            term.shows(PROMPT)
        return term
    start.server, start.here = shared, tmp_path
    yield start


def test_the_prompt_tells_where_one_is(terminal):
    os.makedirs(terminal.server.path("a/b"))
    with terminal() as t:
        assert t.screen.endswith(b"ferry 127.0.0.1:/> ")
        assert t.do("cd a").endswith(b"127.0.0.1:/a> ")
        assert t.do("cd b").endswith(b"127.0.0.1:/a/b> ")
        t.type("set prompt '%u at %d%% '\r")
        t.shows(rb"demo at /a/b% $")
        t.type("close\r")
        t.shows(rb"ferry> $")


def test_a_hostile_directory_is_shown_harmlessly(terminal):
    os.mkdir(os.path.join(os.fsencode(terminal.server.root), b"a\x1b]0;gotcha\x07b"))
    with Terminal(terminal.here, url(terminal.server, "a%1B%5D0;gotcha%07b")) as t:
        t.shows(PROMPT)
        assert b"\x1b]" not in t.screen and b"\\x1B]0;gotcha\\x07b> " in t.screen


def test_lines_can_be_edited(terminal):
    with terminal() as t:
        t.type("wd" + HOME + "p\r")
        t.shows(rb"directory: /\r\n.*" + PROMPT)
        t.type("lpw" + LEFT + LEFT + "\x04" + "\x05" + "d\x7fd\r")  # Ctrl-D within a line deletes
        t.shows(rb"no such command.*" + PROMPT)
        t.do("mkdir ñandú")
    assert terminal.server.names() == ["ñandú"]


def test_commands_are_completed(terminal):
    with terminal() as t:
        t.type("lpw" + TAB + "\r")
        t.shows(rb"local directory: ")
        t.shows(PROMPT)
        t.type("mget" + CTRL_C)
        t.shows(PROMPT)
        t.type("epsv" + TAB)
        t.shows(rb"epsv +epsv4")
        t.type(CTRL_C)
        t.shows(PROMPT)
        t.type("help mod" + TAB + TAB)
        t.shows(rb"mode +modtime")
        t.type("t" + TAB + "\r")
        t.shows(rb"modtime FILE")


def test_names_here_and_there_are_completed(terminal):
    terminal.server.write("remote file.txt", b"1")
    terminal.server.write("dir/inside", b"2")
    (terminal.here / "local.txt").write_bytes(b"3")
    with terminal() as t:
        t.do("get re" + TAB)
        t.do("get di" + TAB + "in" + TAB)
        t.do("put lo" + TAB + "sent")
        t.do("cd d" + TAB, rb".*")
        t.do("set para" + TAB, rb"parallel")
    assert (terminal.here / "remote file.txt").read_bytes() == b"1"
    assert (terminal.here / "inside").read_bytes() == b"2"
    assert terminal.server.read("sent") == b"3"


def test_where_nothing_is_certain_nothing_is_completed(terminal):
    for name in ("a b", "c"):
        terminal.server.write(name, b"1")
    with terminal() as t:
        t.type("get " + TAB)
        t.shows(rb"\r\na b +c\r\n.*> get $")
        t.do("c")
        t.type(TAB)
        t.shows(rb"account.*" + PROMPT)
        t.do("lpwd", rb"local directory")


def test_hostile_names_are_not_completed(terminal):
    terminal.server.write(b"bad\x1b[2Jname", b"1")
    terminal.server.write("bad", b"good")
    with terminal() as t:
        t.do("get b" + TAB)
        assert b"\x1b[2J" not in t.screen
    assert (terminal.here / "bad").read_bytes() == b"good"


def test_a_certificate_turns_nothing_in_the_question_about_it(tmp_path):
    certificate = tls.make_certificate(tmp_path, "a\u202egpj.b")
    with Scripted("S: 220 ready\nC: AUTH TLS\nS: 234 go\ntls!", certificate) as server:
        with Terminal(tmp_path, "ls", "--tls", "require", server.url()) as t:
            t.shows(rb"for +CN=a\\xE2\\x80\\xAEgpj\.b\r\n +names +a\\xE2\\x80\\xAEgpj\.b, .*"
                    rb"signer +CN=a\\xE2\\x80\\xAEgpj\.b\r\n.*\? $")
            t.type("no\r")
            assert t.ends() == 3
            assert "\u202e".encode() not in t.screen


def test_history_is_kept_without_passwords(terminal):
    kept = terminal.here / ".local/state/ferry/history"
    with terminal() as t:
        t.do("mkdir first")
        for line in ("user demo secret", "quote PASS hidden-1", "literal pass hidden-2",
                     "account hidden-3", "proxy quote ACCT hidden-4", "lpwd; acc hidden-5",
                     f"open {url(terminal.server)}", "bookmark add x ftp://u:hidden-6@h/",
                     "quote 'PASS hidden-7'", "qu PASS hidden-8", "us demo secret"):
            t.do(line)
        t.do("mkdir second")
    assert kept.read_text().splitlines() == ["mkdir first", "mkdir second"]
    assert kept.stat().st_mode & 0o777 == 0o600
    terminal.server.empty()
    with terminal() as t:
        t.do(UP + UP)
        t.do(UP + UP)  # which is now the one before the last
    assert len(terminal.server.names()) == 2
    assert kept.read_text().splitlines()[:2] == ["mkdir first", "mkdir second"]


def test_the_history_is_as_long_as_it_is_wanted(terminal):
    kept = terminal.here / ".local/state/ferry/history"
    for _ in range(2):
        with Terminal(terminal.here, "--history", "3") as t:
            t.shows(rb"ferry> $")
            for word in ("help lcd", "help lpwd"):
                t.type(word + "\r")
                t.shows(rb"Example.*ferry> $")
    assert kept.read_text().splitlines() == ["help lpwd", "help lcd", "help lpwd"]
    with Terminal(terminal.here, "--history", "0") as t:
        t.shows(rb"ferry> $")
        t.type("help ls\r")
        t.shows(rb"Example.*ferry> $")
    assert "help ls" not in kept.read_text().splitlines()


def test_ctrl_c_at_the_prompt_gives_a_fresh_line_and_ctrl_d_ends(terminal):
    with terminal() as t:
        t.type("mkdir never" + CTRL_C)
        t.shows(rb"\^C\r\n" + PROMPT)
        t.do("nonsense")
        os.kill(t.pid, signal.SIGINT)  # from elsewhere
        t.do("mkdir later")
        t.type(CTRL_D)
        assert t.ends() == 0
    assert terminal.server.names() == ["later"]


def test_a_signal_that_ends_us_leaves_the_terminal_as_it_was(terminal):
    t = terminal()
    before = termios.tcgetattr(t.fd)
    assert not before[3] & termios.ICANON
    os.kill(t.pid, signal.SIGTERM)
    with t:
        assert t.ends() == 128 + signal.SIGTERM
        assert termios.tcgetattr(t.fd)[3] & termios.ICANON


def test_what_was_typed_before_the_prompt_quotes_nothing_behind_it(terminal):
    """A Ctrl-D is a NUL when the terminal changes its mode meanwhile."""
    with terminal() as t:
        t.type("\0" + CTRL_D)
        assert t.ends() == 0


def test_ctrl_c_ends_the_transfer_and_not_the_session(terminal):
    terminal.server.write("big", b"x" * 20_000_000)
    with Terminal(terminal.here, "--download-rate", "200k", "--progress", "on",
                  url(terminal.server)) as t:
        t.shows(PROMPT)
        t.do("debug")
        t.type("get big\r")
        t.shows(rb"< 150.*big.*KiB/s")
        t.type(CTRL_C)
        t.shows(rb"> ABOR")
        t.shows(rb"cancelled.*" + PROMPT)
        assert b"> PWD" in t.do("pwd", rb".*directory: /")
        t.do("mkdir after")
        assert t.screen.count(b"Connected to") == 1
    assert terminal.server.names() == ["after", "big"]
    assert not (terminal.here / "big").exists()


def test_ctrl_c_ends_all_of_several_commands(terminal):
    terminal.server.write("big1", b"x" * 20_000_000)
    terminal.server.write("big2", b"x" * 20_000_000)
    with Terminal(terminal.here, "--download-rate", "200k", url(terminal.server)) as t:
        t.shows(PROMPT)
        t.do("prompt off")
        t.do("verbose")
        t.type("mget big*; mkdir never\r")
        t.shows(rb"< 150")
        t.type(CTRL_C)
        t.shows(PROMPT)
    assert terminal.server.names() == ["big1", "big2"]


class Silent:
    """A server that says no more than it is told to."""

    def __init__(self, *replies):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.replies = replies
        self.connection = None

    def login(self):
        self.listener.settimeout(PATIENCE)
        self.connection, _ = self.listener.accept()
        self.connection.sendall(b"220 hi\r\n")
        with self.connection.makefile("rb") as lines:
            for reply in self.replies:
                lines.readline()
                self.connection.sendall(reply + b"\r\n")


def connecting_to(port):
    """Is there a socket in SYN_SENT to this port (proc(5))?"""
    with open("/proc/net/tcp", encoding="ascii") as lines:
        fields = [line.split() for line in lines]
    return any(f[2].endswith(f":{port:04X}") and f[3] == "02" for f in fields)


def test_ctrl_c_waits_a_little_for_a_reply_and_then_drops_the_connection(tmp_path):
    server = Silent(b"500 no", b"500 no", b"500 no", b"230 in", b"500 no", b'257 "/" is it')
    with Terminal(tmp_path, f"ftp://demo@127.0.0.1:{server.port}/") as t:
        server.login()
        t.shows(PROMPT)
        t.type("size x\r")
        assert server.connection.recv(100) == b"TYPE I\r\n"
        t.type(CTRL_C)
        t.shows(rb"\^C")
        server.connection.sendall(b"200 late, but in time\r\n")
        assert server.connection.recv(100) == b"SIZE x\r\n"
        t.shows(rb"cancelled.*The connection was closed.*" + PROMPT)
        assert server.connection.recv(100) == b""
        t.type("lpwd\r")
        t.shows(rb"local directory: .*" + PROMPT)


def test_a_second_ctrl_c_drops_a_connection_that_does_not_answer(tmp_path):
    """At once: it is awaited no longer than the first one lets it be."""
    server = Silent(b"500 no", b"500 no", b"500 no", b"230 in", b"500 no", b'257 "/" is it')
    with Terminal(tmp_path, f"ftp://demo@127.0.0.1:{server.port}/") as t:
        server.login()
        t.shows(PROMPT)
        t.type("mkdir x\r")
        assert server.connection.recv(100) == b"MKD x\r\n"
        t.type(CTRL_C)
        t.shows(rb"\^C")
        server.connection.settimeout(0.5)
        with pytest.raises(TimeoutError):  # still there, and waited for
            server.connection.recv(100)
        t.interrupts_until(rb"The connection was closed")
        t.shows(PROMPT)
        server.connection.settimeout(PATIENCE)
        assert server.connection.recv(100) == b""


def test_ctrl_c_aborts_a_transfer_whose_end_is_not_told(tmp_path):
    """RFC 959 4.1.3: the data are there, and no 226 behind them."""
    told = (login() + 'C: PWD\nS: 257 "/" is it\n' + PASSIVE +
            "C: NLST\nS: 150 go\nD> a\\r\\n\nD.\nC: *ABOR\nS: 226 done\nS: 226 aborted\n"
            'C: CWD d\nS: 250 ok\nC: PWD\nS: 257 "/d"\n')
    with Scripted(told) as server, Terminal(tmp_path, "--tls", "off", server.url()) as t:
        t.shows(rb"Name.*: $")
        t.type("\r")
        t.shows(PROMPT)
        t.type("nlist\r")
        t.shows(rb"a\r\n")
        t.type(CTRL_C)
        t.shows(rb"cancelled.*" + PROMPT)
        t.do("cd d")
        t.type(CTRL_D)
        assert t.ends() == 0


def test_ctrl_c_ends_waits_for_a_server_that_says_nothing(tmp_path):
    server = Silent()
    with Terminal(tmp_path) as t:
        t.shows(rb"ferry> $")
        t.type(f"open ftp://demo@127.0.0.1:{server.port}/\r")
        server.connection, _ = server.listener.accept()
        t.type(CTRL_C)
        t.shows(rb"cancelled.*ferry> $")
        server.connection.close()


def test_ctrl_c_ends_waits_for_a_connection(tmp_path):
    """A listener whose queue is full answers no more (tcp(7))."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, Terminal(tmp_path) as t:
        with socket.create_connection(full.getsockname()):
            t.shows(rb"ferry> $")
            t.type(f"open ftp://demo@127.0.0.1:{full.getsockname()[1]}/\r")
            assert eventually(lambda: connecting_to(full.getsockname()[1]))
            t.type(CTRL_C)
            t.shows(rb"cancelled.*ferry> $")


def test_ctrl_c_ends_a_question_for_a_password(terminal):
    with Terminal(terminal.here, f"demo@127.0.0.1:{terminal.server.port}") as t:
        t.shows(rb"[Pp]assword.*: ?$")
        t.type(CTRL_C)
        t.shows(rb"ferry> $")
        t.type("lpwd\r")
        t.shows(rb"local directory: .*ferry> $")


def test_ctrl_c_ends_the_question_about_a_certificate(tmp_path):
    with Scripted("S: 220 ready\nC: AUTH TLS\nS: 234 go\ntls!") as server, Terminal(tmp_path) as t:
        t.shows(rb"ferry> $")
        t.type(f"open ftp://me@127.0.0.1:{server.port}/\r")
        t.shows(rb"\(yes/no\)\? $")
        t.type(CTRL_C)
        t.shows(rb"cannot be trusted.*ferry> $")
        t.type("lpwd\r")
        t.shows(rb"local directory: .*ferry> $")


def test_a_connection_is_kept_while_nothing_is_typed(tmp_path):
    server = Silent(b"500 no", b"500 no", b"500 no", b"230 in", b"500 no", b'257 "/" is it')
    with Terminal(tmp_path, "--keep-alive", "1", "--verbose", "3",
                  f"ftp://demo@127.0.0.1:{server.port}/") as t:
        server.login()
        t.shows(PROMPT)
        assert server.connection.recv(100) == b"NOOP\r\n"
        server.connection.sendall(b"200 ok\r\n")
        t.type("lpwd\r")
        t.shows(rb"lpwd\r\nlocal directory: .*" + PROMPT)
        assert b"NOOP" not in t.screen
        server.connection.close()


def test_restart_goes_on_from_the_last_marker(terminal):
    """RFC 959 3.5: the 110s of an upload in MODE B say where it may go on."""
    content = b"".join(b"line %d\n" % i for i in range(400_000))
    (terminal.here / "a").write_bytes(content)
    with Terminal(terminal.here, "--upload-rate", "1500k", "--progress", "on",
                  url(terminal.server)) as t:
        t.shows(PROMPT)
        t.do("mode block; debug")
        for kind in ("binary", "ascii"):
            t.do(kind)
            t.type(f"put a {kind}\r")
            t.shows(rb" 2\.\d MiB")
            t.type(CTRL_C)
            t.shows(rb"> ABOR.*< 110 MARK.*" + PROMPT)
            assert b"last marker" in t.do("status")
            t.do("restart")
            assert re.search(rb"> REST .*< 350.*> STOR", t.do(f"put a {kind}"), re.S)
            t.do("restart", rb".*no marker")
    assert terminal.server.read("binary") == content
    assert terminal.server.read("ascii") == content


def test_questions_before_each_file(terminal):
    for name in "abcdef":
        terminal.server.write(name, b"1")
    with terminal() as t:
        t.type("mget *\r")
        for name, answer in (("a", "y"), ("b", "n"), ("c", ""), ("d", "q")):
            t.asks(rb"mget " + name.encode() + rb" \[y/n/a/p/q\]\? $")
            t.type(answer + "\r")
        t.shows(PROMPT)
        t.type("mdelete *\r")
        t.asks(rb"mdelete a .*\? $")
        t.type("what\r")
        t.asks(rb"mdelete a .*\? $")
        t.type("n\r")
        t.asks(rb"mdelete b .*\? $")
        t.type("a\r")
        t.shows(PROMPT)
        t.type("mdelete *\r")
        t.asks(rb"mdelete a .*\? $")
        t.type(CTRL_C)
        t.shows(PROMPT)
    assert sorted(name for name in os.listdir(terminal.here) if name[0] != ".") == ["a", "c"]
    assert terminal.server.names() == ["a"]


def test_name_and_password_are_asked_for(terminal):
    terminal.server.write("f", b"1")
    with Terminal(terminal.here, f"127.0.0.1:{terminal.server.port}") as t:
        t.shows(rb"Name \(127\.0\.0\.1:anonymous\): $")
        t.type("demo\r")
        t.shows(rb"[Pp]assword.*: ?$")
        t.type("secret\r")
        t.shows(PROMPT)
        assert b"secret" not in t.screen
        t.do("ls", rb".*f\r\n")


def test_who_was_refused_says_again_who_they_are(terminal):
    with Terminal(terminal.here, f"demo@127.0.0.1:{terminal.server.port}") as t:
        t.shows(rb"[Pp]assword.*: ?$")
        t.type("wrong\r")
        t.shows(rb"530.*" + PROMPT)
        t.type("user demo\r")
        t.shows(rb"[Pp]assword.*: ?$")
        t.type("secret\r")
        t.shows(PROMPT)
        t.do("mkdir made")
    assert terminal.server.names() == ["made"]


def test_an_account_is_asked_for(tmp_path):
    """RFC 959 4.1.1, 332; asked for once."""
    told = ("S: 220 ready\nC: FEAT\nS: 500 no\nC: USER me\nS: 332 account\nC: ACCT hidden\n"
            'S: 230 in\nC: FEAT\nS: 500 no\nC: PWD\nS: 257 "/" is it\n')
    with Scripted(told) as server, Terminal(tmp_path, "--tls", "off", "-vvv",
                                            f"ftp://me:x@127.0.0.1:{server.port}/") as t:
        t.shows(rb"Account: $")
        t.type("hidden\r")
        t.shows(rb"ACCT \*\*\*\*.*" + PROMPT)
        assert b"hidden" not in t.screen
        t.type(CTRL_D)
        assert t.ends() == 0


def test_listings_are_coloured_for_who_sees_them(terminal):
    os.mkdir(terminal.server.path("dir"))
    with terminal() as t:
        assert b"\x1b[1;34mdir\x1b[0m" in t.do("ls")
    with terminal(NO_COLOR="1") as t:
        assert b"\x1b[1;34m" not in t.do("ls")


def test_the_end_asks_what_becomes_of_jobs(terminal):
    terminal.server.write("big", b"x" * 20_000_000)
    with Terminal(terminal.here, "--download-rate", "100k", url(terminal.server)) as t:
        t.shows(PROMPT)
        t.do("get big &")
        t.type(CTRL_D)
        t.asks(rb"\[w/k/s\]\? $")
        t.type("s\r")
        t.shows(PROMPT)
        t.type("wait\r")
        t.shows(rb"wait\r\n")
        t.interrupts_until(PROMPT)  # shown, but not begun yet
        assert b"[1] get big" in t.do("jobs")
        t.type("bye\r")
        t.asks(rb"\[w/k/s\]\? $")
        t.type("k\r")
        assert t.ends() == 0
        assert b"[1] ended: get big" in t.screen


def test_a_program_has_the_terminal_to_itself(terminal):
    with terminal(SHELL="/bin/sh") as t:
        t.type("!trap 'echo caught; exit 0' INT; echo ready; while :; do sleep 0.1; done\r")
        t.shows(rb"\nready")
        t.type(CTRL_C)
        t.shows(rb"caught.*" + PROMPT)
        t.do("mkdir a")
    assert terminal.server.names() == ["a"]


def test_macros_of_the_netrc(terminal):
    netrc = terminal.here / ".netrc"
    netrc.write_text("machine 127.0.0.1 login demo password secret\nmacdef init\nmkdir made\n\n")
    netrc.chmod(0o600)
    with Terminal(terminal.here, f"127.0.0.1:{terminal.server.port}") as t:
        t.shows(PROMPT)
    assert terminal.server.names() == ["made"]


def test_macros_are_typed_line_by_line(terminal):
    with terminal() as t:
        t.type("macdef m\r")
        t.shows(rb"macro> $")
        t.type("mkdir $1\r")
        t.shows(rb"macro> $")
        t.type("\r")
        t.shows(PROMPT)
        t.do("$m x")
    assert terminal.server.names() == ["x"]


def test_a_macro_that_is_not_wanted_is_left_with_ctrl_c_and_ended_with_ctrl_d(terminal):
    with terminal() as t:
        for name, key in (("dropped", CTRL_C), ("kept", CTRL_D)):
            t.type(f"macdef {name}\r")
            t.shows(rb"macro> $")
            t.type(f"mkdir {name}\r")
            t.shows(rb"macro> $")
            t.type(key)
            t.shows(PROMPT)
        t.do("$kept")
        t.do("$dropped", rb".*no such macro")
    assert terminal.server.names() == ["kept"]
