# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared, all with the same files, user and certificate.

Each is tuned for speed as its own documentation advises; what comes of that stands beside each
setting. All write down transfers, as ferryd does (which writes an audit as well), and nobody
spends time on a costly password hash.
"""

import gzip
import os
import re
import subprocess
import sys

from peers import PEERS, Peer, Proftpd, PureFtpd, Pyftpdlib, Vsftpd

import cost

PROCESSORS = len(os.sched_getaffinity(0))
# crypt(3) of "secret" in its oldest form: microseconds. Yescrypt would be all that is measured.
CHEAP_HASH = "fe/nJAj78yKMs"
SESSIONS_MAX = 20_000


class Server(Peer):
    """A peer with what the bench wants to know of it."""

    package = ""
    user, password = "demo", "secret"
    needs_root = False
    is_limit = False       # no service, but how far one could go
    forks = False          # a process or two for each session
    sessions_max = SESSIONS_MAX

    def __init__(self, root, network, certificate=None):
        super().__init__(root, certificate, allows_fxp=False)
        self.network = network  # whose life covers ours

    def start(self):
        with self.network:
            super().start()
        cost.orphans.started(self.process)
        return self

    def stop(self):
        super().stop()
        cost.orphans.living()

    def hash(self):
        return CHEAP_HASH

    @classmethod
    def version(cls):
        """As the changelog of its package has it."""
        with gzip.open(f"{PEERS}/{cls.package}/usr/share/doc/{cls.package}/changelog.Debian.gz",
                       "rt", encoding="utf-8") as f:
            return re.search(r"\((.*?)\)", f.readline()).group(1)


class Ferryd(Server):
    """With its default settings; --run-as is who the sessions of the others are."""

    name = "ferryd"

    def command(self):
        files = f"{self.work}/files"
        os.mkdir(files)
        os.chown(files, self.account.pw_uid, self.account.pw_gid)
        command = [os.path.abspath("build/ferryd"), "--port", str(self.port),
                   "--address", "127.0.0.1", "--root", self.root, "--user", "demo:secret",
                   "--audit", f"{files}/audit", "--xferlog", f"{files}/xferlog",
                   "--state", f"{files}/state"]
        if os.getuid() == 0:
            command += ["--run-as", self.account.pw_name]
        if self.certificate:
            command += ["--tls-cert", self.certificate[0], "--tls-key", self.certificate[1]]
        return command

    @classmethod
    def version(cls):
        said = subprocess.run(["build/ferryd", "--version"], check=True, capture_output=True,
                              text=True).stdout.split()
        commit = subprocess.run(["git", "describe", "--always", "--dirty"], check=False,
                                capture_output=True, text=True).stdout.strip()
        return f"{said[-1]} ({commit})" if commit else said[-1]


class FerrydForClients(Ferryd):
    """Who are anonymous."""

    def command(self):
        return [*super().command(), "--anonymous"]


class Bare(Server):
    """The event-driven responder without any service: bench/bare.c."""

    name = "bare"
    is_limit = True

    def command(self):
        command = [os.path.abspath("build/bench_bare"), str(self.port), "--root", self.root,
                   "--threads", str(PROCESSORS)]
        if self.certificate:
            command += ["--cert", self.certificate[0], "--key", self.certificate[1]]
        return command

    @classmethod
    def version(cls):
        return ""


def write_pam(directory):
    """The services of vsftpd's users, for isolation.replace_pam: pam_wrapper(1), with which the
    tests bring them, serves no more than a few sessions at once."""
    os.makedirs(directory, exist_ok=True)
    module = f"/usr/lib/{os.uname().machine}-linux-gnu/pam_wrapper/pam_matrix.so"
    with open(f"{directory}/users", "w", encoding="ascii") as f:
        f.write(f"{Server.user}:{Server.password}:peer\n")
    for service in ("peer", "other"):
        with open(f"{directory}/{service}", "w", encoding="ascii") as f:
            f.write("".join(f"{kind} required {module} passdb=/etc/pam.d/users\n"
                            for kind in ("auth", "account", "session")))


class TunedVsftpd(Server, Vsftpd):
    """README.Debian's isolate: no name spaces for each session. use_sendfile is the default."""

    package = "vsftpd"
    forks = needs_root = True
    sessions_max = 1000

    def settings(self):
        return super().settings() | {
            "max_clients": 0, "isolate": "NO", "isolate_network": "NO",
            "anon_other_write_enable": "YES", "anon_world_readable_only": "NO",
            "xferlog_enable": "YES", "xferlog_std_format": "YES", "xferlog_file": self.log_path,
        }

    def environment(self):
        return {}


class VsftpdOne(TunedVsftpd):
    """TUNING 3: one process for each session, which is for anonymous users alone."""

    name = "vsftpd-1"
    user = "anonymous"
    needs_root = False

    def settings(self):
        return super().settings() | {"local_enable": "NO", "one_process_model": "YES",
                                     "allow_anon_ssl": "YES"}

class TunedProftpd(Server, Proftpd):
    """howto/BCP "Performance Tuning": no look-ups, no .ftpaccess, no utmp, a log file of its own,
    larger buffers; howto/Scoreboard: none under load. UseSendfile is the default."""

    package = "proftpd-core"
    forks = needs_root = True
    sessions_max = 1000

    def settings(self):
        return super().settings() | {
            "AllowOverride": "off", "ScoreboardFile": "none", "SyslogLevel": "warn",
            "TransferLog": f"{self.work}/xferlog", "MaxInstances": "none",
            "SocketOptions": "rcvbuf 262144 sndbuf 262144", "ControlsEngine": "off",
        }


class TunedPureFtpd(Server, PureFtpd):
    """Its manual has nothing on speed but sendfile, which it was built with; no system log, and
    no limits in the way."""

    package = "pure-ftpd"
    forks = needs_root = True
    sessions_max = 5000

    def options(self):
        return [*super().options(), "--syslogfacility", "none",
                "--maxclientsnumber", str(SESSIONS_MAX), "--maxclientsperip", str(SESSIONS_MAX),
                "--limitrecursion", "2000000:8"]


class TunedPyftpdlib(Server, Pyftpdlib):
    """FTPServer, which is asynchronous, with sendfile. Not its prefork model: the processes share
    what tells them of events, and transfers end early. It logs transfers as it comes."""

    package = "python3-pyftpdlib"
    PROGRAM = """import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

port, root, user, password, sessions, *certificate = sys.argv[1:]
handler = TLS_FTPHandler if certificate else FTPHandler
if certificate:
    handler.certfile, handler.keyfile = certificate
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user(user, password, root, perm="elradfmwMT")
server = FTPServer(("127.0.0.1", int(port)), handler, backlog=4096)
server.max_cons = int(sessions)
server.serve_forever()
"""

    def command(self):
        return [sys.executable, self.write("server.py", self.PROGRAM), str(self.port), self.root,
                self.user, self.password, str(SESSIONS_MAX), *(self.certificate or [])]


PEER_SERVERS = (TunedVsftpd, VsftpdOne, TunedProftpd, TunedPureFtpd, TunedPyftpdlib)
ALL = (Ferryd, *PEER_SERVERS, Bare)
