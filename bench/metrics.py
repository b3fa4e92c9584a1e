# SPDX-License-Identifier: Apache-2.0
"""What is measured: one row each, with the target that ferryd has to reach.

A target compares ferryd's median with that of the best peer (of those that made no error), of
peers that it names, of the bare responder, or with a number.
"""

import dataclasses
import os


@dataclasses.dataclass(frozen=True)
class Unit:
    """How what was counted becomes a figure, and the server's processor time a cost of one."""

    name: str
    of: object            # of what one run counted
    cost_name: str = ""
    cost_of: object = None
    is_more_better: bool = True


BYTES = Unit("GiB/s", lambda told: told["bytes"] / told["seconds"] / 2**30,
             "CPU s/GiB", lambda told: told["cpu_seconds"] / told["bytes"] * 2**30)
OPERATIONS = Unit("/s", lambda told: told["operations"] / told["seconds"],
                  "CPU µs each", lambda told: told["cpu_seconds"] / told["operations"] * 1e6)
ENTRIES = Unit("entries/s", lambda told: told["entries"] / told["seconds"],
               "CPU ns each", lambda told: told["cpu_seconds"] / told["entries"] * 1e9)
SECONDS = Unit("s", lambda told: told["seconds"],
               "CPU µs each", lambda told: told["cpu_seconds"] / told["operations"] * 1e6,
               is_more_better=False)
MEMORY = Unit("KiB a session", lambda told: told["session_bytes"] / 1024, is_more_better=False)


@dataclasses.dataclass(frozen=True)
class Target:
    """ferryd's `figure` is at least, or at most, `factor` times that of `against`; or `factor`
    itself, where that is nobody."""

    figure: str                # value, cost, first_byte_ms, peak_mib
    is_at_least: bool
    factor: float
    against: tuple = ("best",)


def at_least(factor, *against, figure="value"):
    return Target(figure, True, factor, against or ("best",))


def at_most(factor, *against, figure="value"):
    return Target(figure, False, factor, against)


@dataclasses.dataclass(frozen=True)
class Metric:
    """Its words are the load generator's, those of the limit bench_limits': in braces what depends
    on how much is done, and where (comparison.filled)."""

    name: str
    title: str
    unit: Unit
    words: str
    targets: tuple = ()
    limit: str = ""
    is_tls: bool = False
    watches_peak: bool = False  # how much memory the work takes
    is_timed: bool = True       # it works for so many seconds
    idle_sessions: int = 0      # nothing but memory is measured, of so many


THREADS = min(2, len(os.sched_getaffinity(0)))
LARGE = "--file {large} --bytes {large_bytes}"
SMALL = "--file small --bytes 1024"
WITH_PROCESSES = ("vsftpd", "vsftpd-1", "proftpd", "pure-ftpd")
BOUNDED = (at_most(5, figure="first_byte_ms"), at_most(4, figure="peak_mib"))

ALL = (
    Metric("download", "one download of a large file", BYTES,
           f"download --sessions 1 {LARGE}", (at_least(1.0),),
           limit="sendfile --root {root} --file {large}"),
    Metric("downloads", "8 downloads at once", BYTES,
           f"download --sessions 8 --threads {THREADS} {LARGE}", (at_least(0.95),),
           limit="sendfile --root {root} --file {large} --streams 8"),
    Metric("upload", "one upload of a large file", BYTES,
           "upload --sessions 1 --bytes {upload_bytes}", (at_least(1.0),),
           limit="receive --root {root}/up --bytes {upload_bytes}"),
    Metric("get", "1 KiB downloads, 16 sessions", OPERATIONS, f"get --sessions 16 {SMALL}",
           (at_least(1.5), at_most(0.6, "best", figure="cost"))),
    Metric("put", "1 KiB uploads, 16 sessions", OPERATIONS, "put --sessions 16 --bytes 1024",
           (at_least(1.3), at_most(0.75, "best", figure="cost"))),
    Metric("login", "logins, 16 at a time", OPERATIONS, "login --sessions 16",
           (at_least(2.5, "pyftpdlib"), at_least(10, *WITH_PROCESSES))),
    Metric("command", "commands, 16 sessions, one at a time", OPERATIONS,
           "command --sessions 16", (at_least(1.5),)),
    Metric("list-10000", "LIST of 10,000 entries", ENTRIES,
           "list --sessions 1 --directory entries-10000 --entries 10000",
           (at_least(1.5), *BOUNDED), limit="list --root {root}/entries-10000",
           watches_peak=True),
    Metric("list-100000", "LIST of 100,000 entries", ENTRIES,
           "list --sessions 1 --directory entries-100000 --entries 100000",
           (at_least(1.3), *BOUNDED), limit="list --root {root}/entries-100000",
           watches_peak=True),
    Metric("mixed", "16 busy sessions and 300 idle, mixed work", OPERATIONS,
           f"mixed --sessions 16 --idle 300 {SMALL} --directory entries-10 --entries 10",
           (at_least(2.0),)),
    Metric("idle", "memory of an idle session", MEMORY, "", (at_most(2.5),),
           idle_sessions=10_000),
    Metric("connect", "1,000 clients connect at once", SECONDS,
           "connect --sessions 1000 --patience {patience}", (at_most(2.0, "bare"),),
           is_timed=False),
    Metric("tls-download", "FTPS: one download of a large file", BYTES,
           f"download --sessions 1 --tls 1.3 {LARGE}", (at_least(1.0),), limit="tls --tls 1.3",
           is_tls=True),
    Metric("tls-get", "FTPS: 1 KiB downloads, 8 sessions, TLS 1.3 resumed", OPERATIONS,
           f"get --sessions 8 {SMALL} --tls 1.3 --resume", (at_least(1.3),), is_tls=True),
    Metric("tls12-get", "FTPS: 1 KiB downloads, 8 sessions, TLS 1.2 resumed", OPERATIONS,
           f"get --sessions 8 {SMALL} --tls 1.2 --resume", (at_least(1.3),), is_tls=True),
    Metric("tls-login", "FTPS: logins, 8 at a time", OPERATIONS, "login --sessions 8 --tls 1.3",
           (at_least(1.1),), is_tls=True),
    Metric("tls-idle", "FTPS: memory of an idle session", MEMORY, "--tls 1.3", (at_most(20),),
           idle_sessions=10_000, is_tls=True),
)
