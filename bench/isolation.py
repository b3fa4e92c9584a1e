# SPDX-License-Identifier: Apache-2.0
"""What the bench has for itself: a loopback for each server, mounts.

The machine's own loopback may pace (bbr), and remembers for a minute every connection that was
closed: a server would pay for those of the one before it. Here each begins with none.
"""

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUSER = 0x40000000, 0x20000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
# Every kernel has it, and a namespace may always choose it (cubic not where it is not the default).
CONGESTION_CONTROL = "reno"

libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result:
        raise OSError(ctypes.get_errno(), what)


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def leave_the_machine():
    """For a network and mounts of our own, where we may make others. Root may do that anyway,
    anybody else in a user namespace: who we are stays as it is, and what we start has no more
    rights than before, as they end with exec."""
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        must(libc.unshare(CLONE_NEWNET | CLONE_NEWNS), "no namespaces")
    else:
        must(libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS),
             "no user namespace: run the bench as root")
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{uid} {uid} 1")
        write("/proc/self/gid_map", f"{gid} {gid} 1")
    must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount --make-rprivate")


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


class Network:
    """What is started and opened `with` it is in it. The thread's, not the process's."""

    def __init__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        must(libc.unshare(CLONE_NEWNET), "no network namespace")
        self.here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            raise_loopback()
            write("/proc/sys/net/ipv4/tcp_congestion_control", CONGESTION_CONTROL)
        finally:
            self.__exit__()

    def __enter__(self):
        must(libc.setns(self.here, CLONE_NEWNET), "setns")
        return self

    def __exit__(self, *_):
        must(libc.setns(self.home, CLONE_NEWNET), "setns")

    def close(self):
        os.close(self.here)
        os.close(self.home)


def mount_memory(directory):
    """What is in it from now on goes with us."""
    must(libc.mount(b"tmpfs", directory.encode(), b"tmpfs", 0, b"mode=0755"), f"mount {directory}")


def replace_pam(directory):
    """From now on /etc/pam.d is that directory."""
    must(libc.mount(directory.encode(), b"/etc/pam.d", None, MS_BIND, None), "mount --bind")
