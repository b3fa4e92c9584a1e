# SPDX-License-Identifier: Apache-2.0
"""What integration tests stand on: a ferryd of their own, and a client that hides nothing.

The client knows the protocol only as far as RFC 959 4.2 defines replies; what it
sends and what it gets are bytes.
"""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import tls

FERRYD = os.environ.get("FERRYD", "build/asan/ferryd")
# crypt(5) of "secret"
HASH_OF_SECRET = ("$6$ferry$FWqwpZruVMjsJlAywKe0bK95IqlXm.OTWQcPB0lnNc409lvfjGqbUpIT9A42el1O"
                  "uJLl.bEx/LX6t/kgfFPyQ.")
PATIENCE = 20  # seconds for anything that should happen soon, on a machine that is busy

# A sanitizer's complaint must fail the test, and a crash must not look like a shutdown.
SANITIZER_ENV = {
    "ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    "TSAN_OPTIONS": "exitcode=99:halt_on_error=0",
    "LSAN_OPTIONS": "exitcode=99",
}


def ferryctl():
    """The ferryctl beside the ferryd that is tested."""
    return os.environ.get("FERRYCTL", os.path.join(os.path.dirname(FERRYD), "ferryctl"))


class Server:
    """A running ferryd with a directory of its own. Use as a context manager."""

    def __init__(self, *options, users=("demo:secret",), address="127.0.0.1", config=None,
                 env=None, root=None, state=None, binary=None, below_root=False,
                 database=False, run_as="root"):
        self.base = tempfile.mkdtemp(prefix="ferry-test-")
        self.root = root or os.path.join(self.base, "root")
        self.state = os.path.join(self.base, "state") if state is None else state  # "": not said
        os.makedirs(self.root, exist_ok=True)
        self.options = list(options)
        self.users = users
        self.address = address
        self.config = config
        self.env = env or {}
        self.binary = binary or FERRYD
        # Permission bits bind everybody but root, unless it gives up what makes it so.
        self.prefix = (["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
                       if below_root and os.getuid() == 0 else [])
        self.run_as = run_as  # who it becomes when it is root; None: it finds somebody itself
        self.database = os.path.join(self.base, "accounts.db") if database else None
        self.process = None
        self.port = None
        self.sandbox = None  # what it says of it
        self.log_path = os.path.join(self.base, "log")

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, name, content=b""):
        full = os.path.join(os.fsencode(self.root), os.fsencode(name))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(content)

    def read(self, name):
        with open(os.path.join(os.fsencode(self.root), os.fsencode(name)), "rb") as f:
            return f.read()

    def empty(self):
        """Removes what is in the root, not the root, which the server holds open."""
        for entry in os.scandir(os.fsencode(self.root)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)

    def photograph(self):
        """Everything about the tree that an action could change, byte and date."""
        picture = {}
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                content = os.readlink(path) if os.path.islink(path) else (
                    "" if name in folders else self.read(os.path.relpath(path, self.root)))
                picture[path] = (info.st_mode, info.st_mtime_ns, info.st_ino, content,
                                 os.listxattr(path, follow_symlinks=False))
        return picture

    def names(self):
        return sorted(os.listdir(self.root))

    def command(self):
        command = [*self.prefix, self.binary]
        if self.config is not None:
            file = os.path.join(self.base, "ferryd.conf")
            with open(file, "w", encoding="utf-8") as f:
                f.write(self.config.replace("@BASE@", self.base).replace("@ROOT@", self.root))
            command += ["--config", file]
        command += ["--port", "0", "--root", self.root]
        if self.state:
            command += ["--state", self.state]
        for address in [self.address] if isinstance(self.address, str) else self.address:
            command += ["--address", address]
        for user in self.users:
            command += ["--user", user]
        if self.database:
            command += ["--database", self.database]
        if os.getuid() == 0 and self.run_as and "--run-as" not in self.options:
            command += ["--run-as", self.run_as]
        if tls.BY_DEFAULT and not any("tls" in option for option in self.options):
            command += tls.options()
        return command + self.options

    def ctl(self, *words, password=None, status=0, live=False):
        """Runs ferryctl on the database, or through the socket of the running server."""
        where = (["--socket", os.path.join(self.state, "ferryd.sock")] if live
                 else ["--database", self.database])
        done = subprocess.run([ferryctl(), *where, *words], env=dict(os.environ, **SANITIZER_ENV),
                              input=None if password is None else password + "\n",
                              capture_output=True, text=True, timeout=PATIENCE * 3, check=False)
        if done.returncode != status:
            raise AssertionError(f"ferryctl {words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout if status == 0 else done.stdout + done.stderr

    def add_user(self, name, *terms, root=None, password="secret-7-words"):
        """A user of the database, with a directory of their own unless told whose."""
        if root is None:
            root = os.path.join(self.base, "homes", name)
            os.makedirs(root, exist_ok=True)
        self.ctl("user", "add", name, "--password-stdin", "--root", root, *terms,
                 password=password)
        return root

    def start(self):
        environment = dict(os.environ, **SANITIZER_ENV, **self.env)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=log,
                                            env=environment)
        line = self._first_line()
        match = re.match(rb"listening on (\S+)", line)
        if not match:
            raise AssertionError(f"no listening line: {line!r}\n{self.log()}")
        self.port = int(match.group(1).rsplit(b":", 1)[1])
        self.sandbox = self.process.stdout.readline().decode().rstrip("\n")
        return self

    def _first_line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        return self.process.stdout.readline() if ready else b""

    def log(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode("utf-8", "backslashreplace")

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(PATIENCE * 2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"ferryd did not end\n{self.log()}") from None
        self.process.stdout.close()
        self.process = None
        if "seccomp-violation" in self.log():
            raise AssertionError(f"a system call that is not in the table\n{self.log()}")
        return status

    def kill(self):
        return self.stop(signal.SIGKILL)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, traceback):
        try:
            status = self.stop()
            if kind is None and status not in (0, None, -signal.SIGKILL):
                raise AssertionError(f"ferryd ended with {status}\n{self.log()}")
        finally:
            subprocess.run(["rm", "-rf", self.base], check=True)  # trees may be deep

    def memory(self):
        """Bytes, private and shared in proportion."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("Pss:")) * 1024

    def ticks(self):
        """The time on processors that it has used, in ticks of the clock."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def can_work(self):
        """Does a client that comes now get something done?"""
        try:
            with self.login() as c:
                c.ask("TYPE I", "200")
                c.store("STOR work", b"work")
                return c.fetch("RETR work") == b"work"
        except (EOFError, AssertionError, OSError):
            return False

    def client(self, **how):
        return Client(self.port, **how)

    def login(self, user="demo", password="secret", **how):
        client = Client(self.port, **how)
        client.expect("220")
        client.login(user, password)
        return client


class Reply:
    """A reply: its code as text, and its lines without their ends."""

    def __init__(self, lines):
        self.lines = lines
        self.code = lines[0][:3].decode("ascii", "replace")

    @property
    def text(self):
        return b"\n".join(self.lines).decode("utf-8", "surrogateescape")

    def __repr__(self):
        return repr(self.lines)


class Client:
    """One control connection, byte for byte; under TLS from the first command on, if told."""

    def __init__(self, port, host="127.0.0.1", source=None, beside=None, secure=None,
                 context=None):
        """beside: a bound socket that lets others share its port (SO_REUSEPORT); this one does."""
        self.wants_tls = tls.BY_DEFAULT if secure is None else secure
        self.context = context
        self.is_private = False  # PROT P
        self.is_greeted = False
        self.asked = b""
        self.awaited_data = []  # data connections without their handshake
        self.code = None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if source:
            self.socket.bind((source, 0))
        if beside:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self.socket.bind(beside.getsockname())
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, port))
        self.host = host
        self.buffer = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send_bytes(self, data):
        if self.wants_tls and self.is_greeted:
            self.secure()
        self.wants_tls = False  # who speaks before the greeting speaks in the clear
        self.asked = data
        self.socket.sendall(data)

    def secure(self):
        """RFC 4217: AUTH TLS, and PROT P for all data connections."""
        self.wants_tls = False
        self.ask("AUTH TLS", "234")
        self.context = self.context or tls.context()
        self.socket = self.context.wrap_socket(self.socket)
        self.ask("PBSZ 0", "200")
        self.ask("PROT P", "200")
        self.is_private = True

    def clear(self):
        """After REIN (RFC 4217 13): in the clear until the next command."""
        self.socket = self.socket.unwrap()
        self.is_private = False
        self.wants_tls = True

    def send(self, line):
        data = line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")
        self.send_bytes(data + b"\r\n")

    def read_line(self):
        while b"\r\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(f"closed after {self.buffer!r}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        if line.startswith(b"220 "):
            self.is_greeted = True
            if self.is_private and self.asked.upper().startswith(b"REIN"):
                self.clear()
        return line

    def reply(self):
        """The next reply, held to the form of RFC 959 4.2."""
        first = self.read_line()
        assert re.match(rb"[1-5][0-5][0-9][ -]", first), f"not a reply: {first!r}"
        lines = [first]
        if first[3:4] == b"-":
            while not lines[-1].startswith(first[:3] + b" ") or len(lines) == 1:
                line = self.read_line()
                is_last = line.startswith(first[:3] + b" ")
                assert is_last or not re.match(rb"[0-9]", line), f"unsafe inner line: {line!r}"
                lines.append(line)
        reply = Reply(lines)
        self.code = reply.code
        self.shake_hands()
        return reply

    def expect(self, *codes):
        reply = self.reply()
        assert reply.code in codes, f"expected {' or '.join(codes)}, got {reply}"
        return reply

    def ask(self, line, *codes):
        self.send(line)
        return self.expect(*codes) if codes else self.reply()

    def login(self, user="demo", password="secret"):
        self.ask(f"USER {user}", "331")
        return self.ask(f"PASS {password}", "230")

    def is_closed(self):
        """Waits for the end of the connection; True when it comes with nothing more said."""
        try:
            return self.buffer == b"" and self.socket.recv(1) == b""
        except ConnectionError:
            return True

    # ---- Data connections -------------------------------------------------

    def passive(self, command="PASV"):
        """Sends PASV, EPSV or LPSV and connects to where the reply says."""
        if command == "PASV":
            numbers = re.search(rb"(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)",
                                self.ask("PASV", "227").lines[0])
            n = [int(x) for x in numbers.groups()]
            host, port = ".".join(map(str, n[:4])), n[4] * 256 + n[5]
        elif command == "EPSV":
            port = int(re.search(rb"\(\|\|\|(\d+)\|\)", self.ask("EPSV", "229").lines[0]).group(1))
            host = self.host
        else:
            n = [int(x) for x in re.search(rb"\(([\d,]+)\)",
                                           self.ask("LPSV", "228").lines[0]).group(1).split(b",")]
            host, port = self.host, n[-2] * 256 + n[-1]
        return self.take_data(socket.create_connection((host, port), PATIENCE))

    def take_data(self, data):
        """A new data connection: under TLS after PROT P, with its handshake when a transfer begins."""
        if not self.is_private:
            return data
        secured = self.context.wrap_socket(data, do_handshake_on_connect=False,
                                           session=self.socket.session)
        self.awaited_data.append(secured)
        self.shake_hands()
        return secured

    def shake_hands(self):
        while self.awaited_data and self.code in ("125", "150"):
            try:
                self.awaited_data.pop().do_handshake()
            except (OSError, ValueError):
                pass  # whoever uses it finds out

    def active(self, command="PORT"):
        """Listens, says so with PORT, EPRT or LPRT, and returns the listener."""
        host = self.socket.getsockname()[0]
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = tls.Listener(family, socket.SOCK_STREAM)
        listener.client = self
        listener.settimeout(PATIENCE)
        listener.bind((host, 0))
        listener.listen(1)
        port = listener.getsockname()[1]
        if command == "PORT":
            argument = ",".join(host.split(".") + [str(port >> 8), str(port & 255)])
        elif command == "EPRT":
            argument = f"|{2 if ':' in host else 1}|{host}|{port}|"
        else:
            packed = socket.inet_pton(family, host)
            argument = ",".join(map(str, [6 if ":" in host else 4, len(packed), *packed, 2,
                                          port >> 8, port & 255]))
        self.ask(f"{command} {argument}", "200")
        return listener

    def open_data(self, way):
        """A function that gives the data connection once the transfer has been asked for."""
        if way in ("PASV", "EPSV", "LPSV"):
            data = self.passive(way)
            return lambda: data
        listener = self.active(way)

        def accept():
            data, _ = listener.accept()
            data.settimeout(PATIENCE)
            listener.close()
            return data

        return accept

    def fetch(self, command, way="PASV", codes=("226",)):
        """A transfer to us: the bytes that came, after the reply that ended it."""
        opened = self.open_data(way)
        self.send(command)
        if way in ("PASV", "EPSV", "LPSV"):
            data = opened()
            self.expect("125", "150")
        else:
            data = opened()
            self.expect("125", "150")
        content = read_all(data)
        data.close()
        self.last = self.expect(*codes)
        return content

    def store(self, command, content, way="PASV", codes=("226",)):
        """A transfer from us; returns the reply that ended it."""
        opened = self.open_data(way)
        self.send(command)
        data = opened()
        self.first = self.expect("125", "150")
        data.sendall(content)
        data.close()
        self.last = self.expect(*codes)
        return self.last

    def begin(self, command, way="PASV"):
        """Starts a transfer and leaves it open: the data connection."""
        opened = self.open_data(way)
        self.send(command)
        data = opened()
        self.expect("125", "150")
        return data

    def attempt(self, command):
        """A transfer of nothing in particular, to see whether it may be done: True when it was."""
        data = self.passive()
        self.send(command)
        reply = self.reply()
        data.close()
        return reply.code in ("125", "150") and self.reply().code in ("226", "426")

    def refuse(self, command, *codes, way="PASV"):
        """A transfer command that is refused before it begins."""
        opened = self.open_data(way)
        reply = self.ask(command, *codes)
        if way in ("PASV", "EPSV", "LPSV"):
            opened().close()
        return reply


def read_all(data):
    pieces = []
    while True:
        piece = data.recv(1 << 20)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def eventually(condition, seconds=PATIENCE):
    """Waits until a condition holds; its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.02)


WAYS = ("PASV", "EPSV", "LPSV", "PORT", "EPRT", "LPRT")
