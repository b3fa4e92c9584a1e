# SPDX-License-Identifier: Apache-2.0
"""What a server costs: processor time and memory of its process, its children, and those whose
parent is gone."""

import ctypes
import os
import re
import time

PR_SET_CHILD_SUBREAPER = 36
TICK = 1 / os.sysconf("SC_CLK_TCK")


class Orphans:
    """Processes whose parent ended before them come to us, instead of to init: one server works at
    a time, so they are its. The privileged half of a pure-ftpd session is one."""

    def __init__(self):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.ours = set()     # what we started ourselves, and wait for elsewhere
        self.ended_seconds = 0.0

    def started(self, process):
        self.ours.add(process.pid)
        return process

    def living(self):
        """Reaps the others."""
        living = []
        for pid in children_of(os.getpid()):
            if pid in self.ours:
                continue
            ended, _, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                self.ended_seconds += usage.ru_utime + usage.ru_stime
            else:
                living.append(pid)
        return living


orphans = Orphans()


def children_of(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                found += [int(child) for child in f.read().split()]
    except OSError:
        pass  # it has just ended
    return found


def tree_of(pid):
    """It, its descendants, and orphans."""
    found, wanted = [], [pid, *orphans.living()]
    while wanted:
        found.append(wanted.pop())
        wanted += children_of(found[-1])
    return found


def own_seconds(pid):
    """Of all its threads, to the nanosecond: the clock that clock_getcpuclockid(3) names. /proc
    has but ticks of 10 ms."""
    return time.clock_gettime((~pid << 3) | 2)


def reaped_seconds(pid):
    """Of children that have ended and been waited for."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * TICK


def cpu_seconds(pid):
    total = 0.0
    for one in tree_of(pid):
        try:
            total += own_seconds(one) + reaped_seconds(one)
        except OSError:
            pass
    return total + orphans.ended_seconds


def memory_of(pid, name, field):
    """Bytes, as the field of the file in /proc has them, of the tree."""
    total = 0
    for one in tree_of(pid):
        try:
            with open(f"/proc/{one}/{name}", encoding="ascii", errors="replace") as f:
                found = re.search(rf"^{field}:\s+(\d+) kB", f.read(), re.M)
            total += int(found.group(1)) * 1024 if found else 0
        except OSError:
            pass
    return total


def pss_bytes(pid):
    """Pages that several share count for each with its share."""
    return memory_of(pid, "smaps_rollup", "Pss")


def resident_bytes(pid):
    return memory_of(pid, "status", "VmRSS")


def peak_bytes(pid):
    return memory_of(pid, "status", "VmHWM")


def forget_peak(pid):
    """That of hashing a password, for one."""
    for one in tree_of(pid):
        try:
            with open(f"/proc/{one}/clear_refs", "w", encoding="ascii") as f:
                f.write("5")
        except OSError:
            pass  # it has just ended
