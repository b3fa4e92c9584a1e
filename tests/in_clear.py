# SPDX-License-Identifier: Apache-2.0
"""Sessions whose data connections are in the clear, also where the commands are under TLS: the data
that a loop of the server moves by itself.
"""

import socket
import struct

SMALL = 32 * 1024  # so much is moved at once; then a worker goes on
TICK = 0.25  # so long, in seconds, bytes are gathered at most


def pattern(size):
    """Bytes of which no two pieces near each other are the same."""
    return bytes(i * 7 % 251 for i in range(size))


def to_clear(c):
    c.ask("TYPE I", "200")
    if c.is_private:
        c.ask("PROT C", "200")
        c.is_private = False
    return c


def inside(server, *who, **how):
    return to_clear(server.login(*who, **how))


def break_off(data):
    """With a reset, as a host does that knows no more of the connection."""
    data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    data.close()
