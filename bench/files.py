# SPDX-License-Identifier: Apache-2.0
"""What all servers serve, under build/bench unless --files says elsewhere.

All of it is in memory (tmpfs), as the disk is not what is measured: ext4 writes a file that
replaces another one at once (auto_da_alloc), whoever stored it. With --disk it is on the disk: what
is read is made once and kept, what was stored is taken away after each round.
"""

import os
import random
import stat

import isolation

LARGE = {"big": 1 << 30, "middle": 1 << 27}
SMALL_BYTES = 1024
MEMORY_BYTES = 6 << 30  # a large file, two that are stored, two million small ones
DIRECTORIES = (10, 100, 1000, 10_000, 100_000, 1_000_000)


def make_large(path, size):
    """Bytes that nothing can compress; the same each time."""
    with open(path, "wb") as f:
        source = random.Random(959)
        for _ in range(size >> 20):
            f.write(source.randbytes(1 << 20))


def make_directory(path, entries):
    """Files with sizes and names as they are, but with no content: blocks would fill the disk."""
    os.makedirs(path)
    for i in range(entries):
        descriptor = os.open(f"{path}/file-{i:07}.dat", os.O_WRONLY | os.O_CREAT, 0o644)
        os.ftruncate(descriptor, i * 977)
        os.close(descriptor)


def free_memory():
    with open("/proc/meminfo", encoding="ascii") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("MemAvailable:"))


def is_reachable(path):
    """Can whom the servers become get there?"""
    while path != "/":
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
        path = os.path.dirname(path)
    return True


class Files:
    def __init__(self, place, is_on_disk=False):
        self.root = f"{place}/root"
        os.makedirs(self.root, exist_ok=True)
        if not is_on_disk and free_memory() < MEMORY_BYTES:
            raise SystemExit(f"bench/run: {free_memory() >> 30} GiB of memory are free, and the files "
                             f"need {MEMORY_BYTES >> 30}: say --disk")
        if not is_on_disk:
            isolation.mount_memory(self.root)
        os.makedirs(f"{self.root}/up", exist_ok=True)
        os.chmod(f"{self.root}/up", 0o777)
        if os.getuid() == 0 and not is_reachable(self.root):
            raise SystemExit(f"bench/run: not everybody can reach {self.root}: choose another "
                             "place with --files")
        with open(f"{self.root}/small", "wb") as f:
            f.write(b"x" * SMALL_BYTES)

    def make(self, name, how, *more):
        """Once: whoever is interrupted leaves another name."""
        whole = f"{self.root}/{name}"
        if os.path.exists(whole):
            return
        print(f"making {whole}", flush=True)
        unfinished = f"{whole}.{os.getpid()}"
        how(unfinished, *more)
        os.rename(unfinished, whole)

    def large(self, name):
        """In memory, too, before the first is asked for it."""
        self.make(name, make_large, LARGE[name])
        with open(f"{self.root}/{name}", "rb", buffering=0) as f:
            buffer = bytearray(1 << 20)
            while f.readinto(buffer):
                pass

    def directory(self, entries):
        """Its name."""
        self.make(f"entries-{entries}", make_directory, entries)
        return f"entries-{entries}"

    def forget_uploads(self):
        for entry in os.scandir(f"{self.root}/up"):
            if entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)
