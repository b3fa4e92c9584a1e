# SPDX-License-Identifier: Apache-2.0
"""What golden dialogues are written in, whichever side of them is ours: bytes as text, and lines
that are compared with a pattern.
"""

import re


def unescape(text):
    r"""The bytes of a text: \r \n \t \\ and \xNN stand for themselves."""
    def byte(match):
        found = match.group(1)
        if found.startswith(b"x"):
            return bytes([int(found[1:], 16)])
        return {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}[found]
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|.)", byte, text.encode("utf-8"))


def compare(wanted, got, words):
    """Is the line what was wanted? * stands for anything; <name> for a word, which `words` learns."""
    pattern = b".*".join(re.escape(part) for part in unescape(wanted).split(b"*"))
    pattern = re.sub(rb"<(\w+)>", rb"(?P<\1>\\S+)", pattern)
    match = re.fullmatch(pattern, got, re.S)
    assert match, f"wanted {wanted!r}, got {got!r}"
    words.update((name, word.decode()) for name, word in match.groupdict().items())


def insert(text, words):
    """The text with the words that were learned so far in place of their <name>."""
    return re.sub(r"<(\w+)>", lambda match: words.get(match[1], match[0]), text)
