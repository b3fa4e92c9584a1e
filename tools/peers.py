# SPDX-License-Identifier: Apache-2.0
"""Other people's FTP servers from Debian's packages, for the interop tests and the benchmark.

They conflict with each other and would start themselves, so they are not installed:
tools/setup unpacks them beside each other under build/peers, and they run from there, each with
the shortest configuration that its documentation advises for what is asked of it.

Everywhere `demo` may log in with `secret`; vsftpd and proftpd let `anonymous` in as well, who
alone works where they are not root.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PEERS = os.path.abspath("build/peers")
USER, PASSWORD = "demo", "secret"
PATIENCE = 60  # seconds until a server that does not answer is a failure


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(child) for child in f.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid):
    found = []
    for child in children_of(pid):
        found += [child, *descendants(child)]
    return found


class Peer:
    """A running server on `port`; its files are in `root`. Use as a context manager.

    `certificate`: files of a certificate and its key: nobody is served without TLS.
    `resumes`: a data connection has to resume the session of the control connection.
    `allows_fxp`: any host may be at the other end of a data connection.
    `more`: lines of its own configuration, where it has any.
    """

    name = ""

    def __init__(self, root, certificate=None, resumes=False, allows_fxp=True, more=""):
        self.root, self.port = str(root), free_port()
        self.certificate, self.resumes = certificate, resumes
        self.allows_fxp, self.more = allows_fxp, more
        # Who demo and anonymous are to the system: somebody whose rights are few.
        self.account = pwd.getpwnam("daemon") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self.work = tempfile.mkdtemp(prefix="ferry-peer-")
        os.chmod(self.work, 0o755)
        self.log_path = f"{self.work}/log"
        self.process = None

    def command(self):
        """Writes what the server reads, and says how it is started."""
        raise NotImplementedError

    def hash(self):
        """Of the password, as crypt(3) has it."""
        return subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True,
                              capture_output=True, text=True).stdout.strip()

    def environment(self):
        return {}

    def write(self, name, text, mode=0o644):
        path = f"{self.work}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def start(self):
        if not os.path.isdir(PEERS):
            raise RuntimeError(f"no {PEERS}: tools/setup test unpacks them")
        command = self.command()
        with open(f"{self.work}/output", "ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, cwd=self.work,
                                            env=dict(os.environ, **self.environment()))
        if not self.is_up():
            text = self.log()
            self.stop()
            raise RuntimeError(f"{self.name} did not start\n{text}")
        return self

    def is_up(self):
        """Waits until it takes connections, or is gone."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def log(self):
        text = ""
        for path in (f"{self.work}/output", self.log_path):
            if os.path.exists(path):
                with open(path, "rb") as f:
                    text += f.read().decode("utf-8", "backslashreplace")
        return text

    def cut(self):
        """Ends the processes of all sessions at once, as a crash would; how many."""
        ended = 0
        for pid in descendants(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
                ended += 1
            except ProcessLookupError:
                pass  # its parent took it along
        return ended

    def stop(self):
        sessions = descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in sessions:  # of some the sessions go on without the listener
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.work, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Vsftpd(Peer):
    """Its users are PAM's: pam_wrapper(1) brings it a PAM that knows but one, who becomes a guest
    with the rights of `account`."""

    name = "vsftpd"

    def settings(self):
        lines = {
            "listen": "YES", "listen_port": self.port, "listen_address": "127.0.0.1",
            "background": "NO", "write_enable": "YES", "max_per_ip": 0,
            "seccomp_sandbox": "NO", "secure_chroot_dir": f"{self.work}/empty",
            "ascii_download_enable": "YES", "ascii_upload_enable": "YES",
            "anonymous_enable": "YES", "no_anon_password": "YES", "anon_root": self.root,
            "anon_upload_enable": "YES", "anon_umask": "022", "ftp_username": self.account.pw_name,
            "run_as_launching_user": "NO" if os.getuid() == 0 else "YES",
            "xferlog_enable": "NO", "vsftpd_log_file": self.log_path,
        }
        if os.getuid() == 0:
            lines |= {
                "local_enable": "YES", "local_root": self.root, "local_umask": "022",
                "guest_enable": "YES", "guest_username": self.account.pw_name,
                "virtual_use_local_privs": "YES", "pam_service_name": "peer",
                "chroot_local_user": "YES", "allow_writeable_chroot": "YES",
            }
        if self.certificate:
            lines |= {
                "ssl_enable": "YES", "rsa_cert_file": self.certificate[0],
                "rsa_private_key_file": self.certificate[1], "ssl_ciphers": "HIGH",
                "require_ssl_reuse": "YES" if self.resumes else "NO",
            }
        if self.allows_fxp:
            lines |= {"pasv_promiscuous": "YES", "port_promiscuous": "YES"}
        return lines

    def command(self):
        os.makedirs(f"{self.work}/empty")
        text = "".join(f"{key}={value}\n" for key, value in self.settings().items()) + self.more
        return [f"{PEERS}/vsftpd/usr/sbin/vsftpd", self.write("conf", text)]

    def environment(self):
        if os.getuid() != 0:
            return {}
        os.makedirs(f"{self.work}/pam.d", exist_ok=True)
        users = self.write("passdb", f"{USER}:{PASSWORD}:peer\n")
        module = f"/usr/lib/{os.uname().machine}-linux-gnu/pam_wrapper/pam_matrix.so"
        # PAM would complain that there is no `other`: to standard error, which is the connection.
        for service in ("peer", "other"):
            self.write(f"pam.d/{service}", "".join(f"{kind} required {module} passdb={users}\n"
                                                   for kind in ("auth", "account", "session")))
        return {"LD_PRELOAD": "libpam_wrapper.so", "PAM_WRAPPER": "1",
                "PAM_WRAPPER_SERVICE_DIR": f"{self.work}/pam.d"}


class Proftpd(Peer):
    name = "proftpd"

    def settings(self):
        account = self.account
        users = self.write("users", ":".join([USER, self.hash(), str(account.pw_uid),
                                              str(account.pw_gid), "", self.root, "/bin/sh"]), 0o600)
        lines = {
            "ServerType": "standalone", "DefaultAddress": "127.0.0.1", "Port": self.port,
            "UseIPv6": "off", "UseReverseDNS": "off",
            "AllowForeignAddress": "on" if self.allows_fxp else "off", "AllowOverwrite": "on",
            "RequireValidShell": "off", "AuthUserFile": users,
            "AuthOrder": "mod_auth_file.c mod_auth_unix.c", "WtmpLog": "off",
            "TransferLog": "none", "SystemLog": self.log_path, "PidFile": f"{self.work}/pid",
            "ScoreboardFile": f"{self.work}/scoreboard", "DelayEngine": "off",
            "User": account.pw_name, "Umask": "022",
        }
        if os.getuid() == 0:
            lines["DefaultRoot"] = self.root
        if self.certificate:
            lines |= {
                "TLSEngine": "on", "TLSRequired": "on",
                "TLSECCertificateFile": self.certificate[0],
                "TLSECCertificateKeyFile": self.certificate[1],
                "TLSCACertificateFile": self.certificate[0], "TLSLog": self.log_path,
            }
            if not self.resumes:
                lines["TLSOptions"] = "NoSessionReuseRequired"
        return lines

    def command(self):
        text = ""
        if self.certificate:
            text = f"ModulePath {PEERS}/proftpd-mod-crypto/usr/lib/proftpd\nLoadModule mod_tls.c\n"
        text += "".join(f"{key} {value}\n" for key, value in self.settings().items())
        text += f"""<Anonymous {self.root}>
  User {self.account.pw_name}
  UserAlias anonymous {self.account.pw_name}
  <Limit WRITE>
    AllowAll
  </Limit>
</Anonymous>
"""
        return [f"{PEERS}/proftpd-core/usr/sbin/proftpd", "-n", "-q", "-c",
                self.write("conf", text + self.more)]


class PureFtpd(Peer):
    """Root alone can start it: it becomes the user whom its database names."""

    name = "pure-ftpd"

    def options(self):
        options = ["--bind", f"127.0.0.1,{self.port}", "--login", f"puredb:{self.database()}",
                   "--noanonymous", "--chrooteveryone", "--minuid", "1", "--dontresolve",
                   "--maxclientsperip", "50", "--pidfile", f"{self.work}/pid",
                   "--altlog", f"clf:{self.log_path}"]
        if self.allows_fxp:
            options.append("--allowuserfxp")
        if self.certificate:
            bundle = ""
            for file in self.certificate:
                with open(file, encoding="ascii") as f:
                    bundle += f.read()
            # 3: no control and no data connection in the clear.
            options += ["--tls", "3", "--certfile", self.write("bundle.pem", bundle, 0o600)]
        return options

    def database(self):
        # Written here, as "pure-pw useradd" chooses a hash that takes seconds to verify.
        users = self.write("users", ":".join([
            USER, self.hash(), str(self.account.pw_uid), str(self.account.pw_gid), "",
            self.root, *[""] * 12]) + "\n", 0o600)
        database = f"{self.work}/users.pdb"
        subprocess.run([f"{PEERS}/pure-ftpd/usr/bin/pure-pw", "mkdb", database, "-f", users],
                       check=True)
        return database

    def command(self):
        return [f"{PEERS}/pure-ftpd/usr/sbin/pure-ftpd", *self.options()]


class Pyftpdlib(Peer):
    """A library: this is the server of its tutorial, a process for each session."""

    name = "pyftpdlib"
    PROGRAM = """import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import MultiprocessFTPServer

port, root, user, password, foreign, *certificate = sys.argv[1:]
handler = TLS_FTPHandler if certificate else FTPHandler
if certificate:
    handler.certfile, handler.keyfile = certificate
    handler.tls_control_required = handler.tls_data_required = True
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user(user, password, root, perm="elradfmwMT")
handler.permit_foreign_addresses = foreign == "foreign"
MultiprocessFTPServer(("127.0.0.1", int(port)), handler).serve_forever()
"""

    def command(self):
        return [sys.executable, self.write("server.py", self.PROGRAM), str(self.port), self.root,
                USER, PASSWORD, "foreign" if self.allows_fxp else "ours",
                *(self.certificate or [])]

    def environment(self):
        return {"PYTHONPATH": f"{PEERS}/python3-pyftpdlib/usr/lib/python3/dist-packages",
                "PYTHONDONTWRITEBYTECODE": "1"}


ALL = (Vsftpd, Proftpd, PureFtpd, Pyftpdlib)
