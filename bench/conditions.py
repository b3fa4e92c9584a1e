# SPDX-License-Identifier: Apache-2.0
"""Where and with what it was measured."""

import os
import re
import ssl
import subprocess
import time

from isolation import CONGESTION_CONTROL

import growth
import servers


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        found = re.search(r"^model name\s*: (.*)$", f.read(), re.M)
    return found.group(1) if found else os.uname().machine


def memory_gib():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def file_system(path):
    return subprocess.run(["stat", "--file-system", "--format=%T", path], check=True,
                          capture_output=True, text=True).stdout.strip()


def version_of(kind):
    try:
        return kind.version()
    except (OSError, subprocess.SubprocessError, AttributeError):
        return "not there"


def conditions(kinds, scale, files):
    load = os.getloadavg()[0]
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "processor": f"{len(os.sched_getaffinity(0))} × {processor()}",
        "memory": f"{memory_gib():.0f} GiB",
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "congestion control": f"{CONGESTION_CONTROL}, on a loopback of each server's own",
        "file system": f"{file_system(files.root)}; of what is stored "
                       f"{file_system(f'{files.root}/up')}",
        "libraries": f"{ssl.OPENSSL_VERSION}; Python {'.'.join(map(str, os.sys.version_info[:3]))}",
        "rounds": f"{scale.rounds} of {scale.seconds:g} s; "
                  f"{growth.ROUNDS} of {growth.SECONDS:g} s for how cost grows",
        "large file": f"{scale.large_bytes >> 20} MiB, uploads {scale.upload_bytes >> 20} MiB",
        "load before": f"{load:.2f}{', which is too much: rates mean little' * (load > 1)}",
        "started by": "root" if os.getuid() == 0 else "a user, so some servers are left out",
        "servers": {kind.name: version_of(kind) for kind in kinds if not kind.is_limit},
    }


def as_lines(told):
    versions = ", ".join(f"{name} {version}" for name, version in told["servers"].items())
    return [f"{name}: {text}" for name, text in (told | {"servers": versions}).items()]
