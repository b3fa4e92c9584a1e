# SPDX-License-Identifier: Apache-2.0
"""A client under TLS (RFC 4217): the harness's Client, whose connections are encrypted.

Its data connections resume the newest session of the control connection, as most clients do.
"""

import socket
import ssl
import struct

import tls
from harness import PATIENCE, Client, Server

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class SecureServer(Server):
    """A ferryd with a certificate."""

    def __init__(self, *options, **how):
        super().__init__(*options, **how)
        self.certificate, key = tls.make_certificate(self.base)
        self.options += ["--tls-cert", self.certificate, "--tls-key", key]

    def client(self, **how):
        return SecureClient(self.port, trust=self.certificate, **how)

    def login(self, user="demo", password="secret", protection="P", **how):
        """Inside, under TLS, with its data connections private."""
        client = self.client(**how)
        client.expect("220")
        client.secure()
        client.login(user, password)
        client.protect(protection)
        return client


def context_of(trust, version=None):
    context = ssl.create_default_context(cafile=trust)
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end without close_notify is an error here
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class SecureData:
    """A data connection under TLS. Its handshake happens with the first byte that is read or written:
    the server begins its part when the transfer does."""

    def __init__(self, plain, context, session):
        self.plain = plain
        plain.settimeout(PATIENCE)
        self.tls = context.wrap_socket(plain, server_hostname="localhost", session=session,
                                       do_handshake_on_connect=False, suppress_ragged_eofs=False)

    def __getattr__(self, name):
        return getattr(self.tls, name)

    def close(self):
        """Ends it in order: with close_notify."""
        try:
            self.tls.do_handshake()
            self.tls.settimeout(PATIENCE)
            self.tls.unwrap().close()
        except (OSError, ValueError):
            self.tls.close()

    def drop(self):
        """Ends it without close_notify: what came may be the whole, or not."""
        self.tls.close()

    def reset(self):
        self.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.tls.close()


class SecureClient(Client):
    """A client that can speak TLS; in the clear until secure(), or from the first byte on."""

    def __init__(self, port, trust=None, version=None, implicit=False, host="127.0.0.1", source=None):
        super().__init__(port, host=host, source=source, secure=False)
        self.context = context_of(trust, version)
        self.private = False  # data connections
        self.chosen = None  # the session that data connections resume, unless it is the newest one
        if implicit:
            self.private = True
            self.wrap()

    def wrap(self):
        self.socket = self.context.wrap_socket(self.socket, server_hostname="localhost",
                                               suppress_ragged_eofs=False)

    def secure(self, mechanism="TLS"):
        reply = self.ask(f"AUTH {mechanism}", "234")
        assert self.buffer == b""
        self.wrap()
        return reply

    def protect(self, level):
        self.ask("PBSZ 0", "200")
        self.ask(f"PROT {level}", "200")
        self.private = level == "P"

    def unwrap(self):
        """TLS ends on both sides; the connection goes on in the clear."""
        assert self.buffer == b""
        self.socket = self.socket.unwrap()
        self.socket.settimeout(PATIENCE)

    def newest_session(self):
        return self.socket.session

    def wrap_data(self, plain):
        return SecureData(plain, self.context, self.chosen or self.newest_session())

    def open_data(self, way):
        opened = super().open_data(way)
        if not self.private:
            return opened
        wrapped = []  # the same one, however often it is asked for

        def wrap():
            if not wrapped:
                wrapped.append(self.wrap_data(opened()))
            return wrapped[0]

        return wrap

    def is_closed(self):
        try:
            return super().is_closed()
        except ssl.SSLError:
            return True
