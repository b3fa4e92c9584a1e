# SPDX-License-Identifier: Apache-2.0
"""Other people's FTP servers from Debian's packages, for the interop tests and the benchmark.

They conflict with each other and would start themselves, so they are not installed but unpacked
beside each other under build/peers, and run from there.
"""

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time

PEERS = os.path.abspath("build/peers")
PACKAGES = {
    "vsftpd": ["vsftpd", "libwrap0"],
    "proftpd": ["proftpd-core", "libhiredis0.14", "libmemcached11", "libmemcachedutil2",
                "libpcre2-posix3", "libhashkit2"],
}
PATIENCE = 60  # seconds until a server that does not answer is a failure


def unpack(package):
    """The directory that a package was unpacked in."""
    place = f"{PEERS}/{package}"
    if not os.path.isdir(place):
        os.makedirs(PEERS, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=PEERS) as work:
            subprocess.run(["apt-get", "download", "-qq", package], cwd=work, check=True,
                           stderr=subprocess.DEVNULL)
            subprocess.run(["dpkg", "-x", glob.glob(f"{work}/*.deb")[0], f"{work}/tree"], check=True)
            os.rename(f"{work}/tree", place)
    return place


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Peer:
    """A running server on `port`; its files are in `root`. Use as a context manager."""

    def __init__(self, name, root):
        self.name, self.root, self.port = name, root, free_port()
        self.work = tempfile.mkdtemp(prefix="ferry-peer-")
        os.chmod(self.work, 0o755)
        self.process = None

    def settings(self):
        return {"vsftpd": self.vsftpd, "proftpd": self.proftpd}[self.name]()

    def vsftpd(self):
        """Anonymous may write, and any host may be at the other end of a data connection."""
        os.makedirs(f"{self.work}/empty")
        lines = {
            "listen": "YES", "listen_port": self.port, "listen_address": "127.0.0.1",
            "background": "NO", "anonymous_enable": "YES", "no_anon_password": "YES",
            "anon_root": self.root, "local_enable": "NO", "write_enable": "YES",
            "anon_upload_enable": "YES", "anon_umask": "022", "max_per_ip": 0,
            "seccomp_sandbox": "NO", "ascii_download_enable": "YES", "ascii_upload_enable": "YES",
            "xferlog_enable": "NO", "pasv_promiscuous": "YES", "port_promiscuous": "YES",
            "secure_chroot_dir": f"{self.work}/empty",
            "ftp_username": "daemon" if os.getuid() == 0 else os.environ["USER"],
            "run_as_launching_user": "NO" if os.getuid() == 0 else "YES",
        }
        return "".join(f"{key}={value}\n" for key, value in lines.items()), "usr/sbin/vsftpd", []

    def proftpd(self):
        user = "daemon" if os.getuid() == 0 else os.environ["USER"]
        text = f"""ServerType standalone
DefaultAddress 127.0.0.1
Port {self.port}
UseIPv6 off
AllowForeignAddress on
RequireValidShell off
WtmpLog off
TransferLog none
SystemLog {self.work}/log
PidFile {self.work}/pid
ScoreboardFile {self.work}/scoreboard
DelayEngine off
User {user}
<Anonymous {self.root}>
  User {user}
  UserAlias anonymous {user}
  RequireValidShell off
  <Limit WRITE>
    AllowAll
  </Limit>
</Anonymous>
"""
        return text, "usr/sbin/proftpd", ["-n", "-q", "-c"]

    def start(self):
        trees = [unpack(package) for package in PACKAGES[self.name]]
        text, program, options = self.settings()
        config = f"{self.work}/{self.name}.conf"
        with open(config, "w", encoding="ascii") as f:
            f.write(text)
        libraries = [path for tree in trees for path in
                     glob.glob(f"{tree}/lib/*") + glob.glob(f"{tree}/usr/lib/*-linux-gnu")]
        self.process = subprocess.Popen(
            [f"{trees[0]}/{program}", *options, config],
            env=dict(os.environ, LD_LIBRARY_PATH=os.pathsep.join(libraries)))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.work, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
