# SPDX-License-Identifier: Apache-2.0
"""Trees of files as people have them, and how two of them are compared."""

import hashlib
import os
import random

GIB = 1 << 30


def make_tree(top, odd_names=True, small_files=200):
    """Nested directories, empty files, spaces, quotes, UTF-8 and odd names, many small files."""
    generator = random.Random(4711)
    top = os.fsencode(top)
    contents = {
        b"empty": b"",
        b"plain.txt": b"one\ntwo\nthree\n",
        b"no newline": b"no newline at the end",
        b"binary.bin": generator.randbytes(300_000),
        b"nested/deeper/deepest/file": b"deep\n",
        b"nested/with space/a b c": b"spaces\n",
        b"nested/empty file": b"",
        "unicode/señor ñandú.txt".encode(): b"utf-8\n",
        "unicode/日本語/ファイル".encode(): b"kanji\n",
        b"dots/.hidden": b"hidden\n",
        b"dots/a.b.c": b"dots\n",
    }
    if odd_names:
        contents.update({
            b"odd/it's quoted": b"1\n",
            b"odd/semi;colon": b"3\n",
            b"odd/hash#percent%20": b"4\n",
            b"odd/comma,equals=plus+": b"6\n",
        })
    for i in range(small_files):
        contents[b"small/f%03d" % i] = b"%d\n" % i * generator.randrange(1, 50)
    for name, content in contents.items():
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
    os.makedirs(os.path.join(top, b"nested/empty directory"), exist_ok=True)
    return contents


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while piece := f.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def digests(top, hidden=True):
    """Every file below a directory and its digest."""
    found = {}
    top = os.fsencode(top)
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, top)
            if hidden or not any(part.startswith(b".") for part in relative.split(b"/")):
                found[relative] = digest_of(path)
    return found


def make_large(path, size=GIB):
    """A file of random megabytes, different everywhere."""
    generator = random.Random(7)
    block = generator.randbytes(1 << 20)
    with open(path, "wb") as f:
        for i in range(size >> 20):
            f.write(i.to_bytes(8, "big"))
            f.write(block[8:])
