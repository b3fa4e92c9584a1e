# SPDX-License-Identifier: Apache-2.0
"""What stands in the memory of a server's processes. For root."""

import re
import subprocess

PART = 7  # bytes of a secret that stand nowhere by chance


def processes(pid):
    """It and all that it started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found, wanted = [], {pid}
    while wanted:
        found += wanted
        wanted = {child for child, parent in pairs if parent in wanted}
    return found


def regions(pid):
    """All that it could write to, a region after the other."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        writable = re.findall(r"^((\w+)-(\w+) rw.*)$", maps.read(), re.MULTILINE)
    with open(f"/proc/{pid}/mem", "rb") as content:
        for line, first, last in writable:
            content.seek(int(first, 16))
            size = int(last, 16) - int(first, 16)
            found = content.read(size)
            assert len(found) == size
            yield line, found


def places(server, secret):
    """Where any part of it stands, as the kernel names the regions: the allocator writes over the
    beginning of what is freed, and what is freed grows smaller."""
    parts = {secret[i:i + PART].encode() for i in range(len(secret) - PART + 1)}
    return [(pid, line, part) for pid in processes(server.process.pid)
            for line, content in regions(pid) for part in parts if part in content]
