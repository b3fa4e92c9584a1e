# SPDX-License-Identifier: Apache-2.0
"""TLS for the harness's client: a certificate of its own, and sockets that behave like those in
the clear, so that one test serves for both (pytest --tls runs them all this way).
"""

import atexit
import functools
import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile

# Set by pytest --tls, before any test module is read.
BY_DEFAULT = bool(os.environ.get("FERRY_TEST_TLS"))


def make_certificate(directory, name="localhost"):
    """A certificate for this machine and its key: the names of two files."""
    names = os.path.join(directory, f"{name}.crt"), os.path.join(directory, f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-noenc", "-days", "30", "-utf8", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1,IP:::1",
                    "-out", names[0], "-keyout", names[1]], check=True, capture_output=True)
    os.chmod(names[1], 0o600)
    return names


@functools.cache
def certificate():
    """The one of all servers that have no other."""
    where = tempfile.mkdtemp(prefix="ferry-tls-")
    atexit.register(shutil.rmtree, where, True)
    return make_certificate(where)


def options():
    """What ferryd has to be told to use it."""
    return ["--tls-cert", certificate()[0], "--tls-key", certificate()[1]]


class Socket(ssl.SSLSocket):
    """Ends as TLS ends where a socket in the clear would just be closed (RFC 8446 6.1)."""

    def _is_secure(self):
        return self._sslobj is not None and self.version() is not None

    def _say_end(self):
        if not self._is_secure():
            return
        self.settimeout(0)  # the other end's answer is not awaited
        try:
            self._sslobj.shutdown()
        except OSError:
            pass

    def send(self, data, flags=0):
        try:
            return super().send(data, flags)
        except ssl.SSLEOFError as e:
            raise ConnectionResetError(*e.args) from e

    def shutdown(self, how):
        if how in (socket.SHUT_WR, socket.SHUT_RDWR):
            patience = self.gettimeout()
            self._say_end()
            self.settimeout(patience)
        if how == socket.SHUT_WR:
            socket.socket.shutdown(self, how)  # what comes the other way is read still
        else:
            super().shutdown(how)

    def close(self):
        try:
            lingers = struct.unpack("ii", self.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
            if lingers != (1, 0) and self.fileno() >= 0:  # it is no reset that is wanted
                self._say_end()
        except OSError:
            pass
        super().close()


def context(version=None, files=None):
    """A client's that takes any certificate; of one version (ssl.TLSVersion), if told."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.sslsocket_class = Socket
    if version:
        made.minimum_version = made.maximum_version = version
    if files:
        made.load_cert_chain(*files)
    return made


class Listener(socket.socket):
    """Of an active data connection: what it accepts belongs to the client that made it."""

    client = None

    def accept(self):
        data, peer = super().accept()
        return self.client.take_data(data), peer
