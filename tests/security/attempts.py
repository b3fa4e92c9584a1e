# SPDX-License-Identifier: Apache-2.0
"""What an attacker tries, whether it is refused or not."""

from harness import read_all

PASSWORD = "secret-7-words"
AT_ONCE = ("--login-delay", "0", "--ban-after", "0", "--ban-user-after", "0")
# Each command that takes a path: what it is to be goes into the braces.
NAMING = ["RETR {}", "DELE {}", "RNFR {}", "SIZE {}", "MDTM {}", "MLST {}", "HASH {}", "XCRC {}",
          "CWD {}", "RMD {}", "RMDA {}",
          "SITE CHMOD 600 {}", "SITE UTIME 20200101000000 {}", "MFMT 20200101000000 {}",
          "MFF modify=20200101000000; {}", "SITE CPFR {}", "SITE COPY {} copy", "SITE COPY f {}",
          "COMB f {}",
          "STAT {}", "LIST {}", "NLST {}", "MLSD {}", "AVBL {}", "STOR {}", "APPE {}", "MKD {}",
          "SITE SYMLINK x {}"]


def inside(server, user):
    client = server.login(user, PASSWORD)
    client.ask("TYPE I", "200")
    return client


def transfer(client, command):
    """A transfer that may be refused: what came, b"" when nothing did; the last reply's code."""
    data = client.passive()
    client.send(command)
    reply = client.reply()
    content = b""
    if reply.code in ("125", "150"):
        content = read_all(data)
        reply = client.reply()
    data.close()
    return content, reply.code


def send(client, command, content):
    """An upload that may be refused, before or while it runs: the last reply's code."""
    data = client.passive()
    client.send(command)
    reply = client.reply()
    if reply.code in ("125", "150"):
        try:
            data.sendall(content)
        except OSError:
            pass  # it has said why
        data.close()
        reply = client.reply()
    data.close()
    return reply.code
