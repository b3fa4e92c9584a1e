# SPDX-License-Identifier: Apache-2.0
"""Every action denied alone, and allowed alone, against every verb: what is answered, and
what the disk says afterwards. And what is hidden against what is not there.
"""

import os
import re

import pytest

from harness import Server

ACTIONS = ("list", "read", "write", "overwrite", "append", "rename", "delete", "make-directory",
           "remove-directory", "attributes", "hash", "link", "site")

# What is sent, and the rights that it needs: all of one of the sets. The last line is what counts.
VERBS = [
    (["CWD d"], [{"list"}, {"write"}]),  # a drop box can be entered
    (["SIZE f"], [{"list"}]),
    (["MDTM f"], [{"list"}]),
    (["MLST f"], [{"list"}]),
    (["STAT f"], [{"list"}]),
    (["STAT d"], [{"list"}]),
    (["AVBL d"], [{"list"}]),
    (["LIST d"], [{"list"}]),
    (["NLST d"], [{"list"}]),
    (["MLSD d"], [{"list"}]),
    (["RETR f"], [{"read"}]),
    (["HASH f"], [{"hash"}]),
    (["XCRC f"], [{"hash"}]),
    (["XMD5 f"], [{"hash"}]),
    (["XSHA1 f"], [{"hash"}]),
    (["XSHA256 f"], [{"hash"}]),
    (["XSHA512 f"], [{"hash"}]),
    (["STOR new"], [{"write"}]),
    (["STOR f"], [{"overwrite"}]),
    (["APPE new"], [{"write"}]),
    (["APPE f"], [{"append"}]),
    (["REST 2", "STOR f"], [{"append", "overwrite"}]),  # what is behind 2 goes
    (["REST 7", "STOR f"], [{"append"}]),
    (["STOU"], [{"write"}]),
    (["MKD new"], [{"make-directory"}]),
    (["XMKD new"], [{"make-directory"}]),
    (["RMD empty"], [{"remove-directory"}]),
    (["XRMD empty"], [{"remove-directory"}]),
    (["DELE f"], [{"delete"}]),
    (["RMDA d"], [{"list", "delete", "remove-directory"}]),
    (["RNFR f", "RNTO new"], [{"rename", "write"}]),
    (["RNFR f", "RNTO g"], [{"rename", "overwrite"}]),
    (["RNFR d", "RNTO new"], [{"rename", "write"}]),
    (["MFMT 20200101000000 f"], [{"attributes"}]),
    (["MFCT 20200101000000 f"], [{"attributes"}]),
    (["MFF modify=20200101000000; f"], [{"attributes"}]),
    (["COMB new f d/inner"], [{"read", "delete", "write"}]),
    (["COMB g f"], [{"read", "delete", "append"}]),
    (["SITE CHMOD 600 f"], [{"site", "attributes"}]),
    (["SITE UTIME 20200101000000 f"], [{"site", "attributes"}]),
    (["SITE SYMLINK f new"], [{"site", "link"}]),
    (["SITE COPY f new"], [{"site", "read", "write"}]),
    (["SITE COPY f g"], [{"site", "read", "overwrite"}]),
    (["SITE CPFR f", "SITE CPTO new"], [{"site", "read", "write"}]),
    (["SITE UMASK 077"], [{"site"}]),
]
ONLY_ASK = {"list", "read", "hash", "site"}
TRANSFERS = re.compile("RETR|STOR|STOU|APPE|LIST|NLST|MLSD")


def rules_of(kind, action):
    """Only that action is denied, or allowed."""
    other = {"deny": "allow", "allow": "deny"}[kind]
    return [f"rule={kind} {action} /**", f"rule={other} all /**"]


def under(terms):
    lines = ", ".join(f'"{term}"' for term in terms)
    return Server("--anonymous", users=(), config=f"anonymous_terms = {{{lines}}}\n")


def furnish(house):
    house.empty()
    house.write("f", b"content")
    house.write("g", b"another")
    house.write("d/inner", b"inner")
    os.mkdir(house.path("empty"))


def converse(client, line):
    """Sends it, with a data connection if it wants one: all replies, and the data."""
    if not TRANSFERS.match(line):
        return [client.ask(line)], b""
    data = client.passive()
    first = client.ask(line)
    received = b""
    if not first.code.startswith("1"):
        data.close()
        return [first], received
    if line.startswith(("STO", "APPE")):
        data.sendall(b"new content")
    else:
        while piece := data.recv(65536):
            received += piece
    data.close()
    return [first, client.reply()], received


ALONE = [(kind, action) for action in ACTIONS for kind in ("deny", "allow")]


@pytest.fixture(scope="module", params=ALONE, ids="-".join)
def ruled(request):
    with under(rules_of(*request.param)) as house:
        yield house, *request.param


@pytest.mark.parametrize("lines,needs", VERBS, ids=[" ".join(row[0]) for row in VERBS])
def test_a_verb_needs_its_rights_and_no_others(ruled, lines, needs):
    house, kind, action = ruled
    held = {action} if kind == "allow" else set(ACTIONS) - {action}
    may = any(need <= held for need in needs)
    furnish(house)
    before = house.photograph()
    with house.login("ftp", "x@example.org") as c:
        c.ask("TYPE I", "200")
        for line in lines:
            replies, _ = converse(c, line)
    assert (replies[-1].code[0] == "2") == may, replies
    if not may or all(need <= ONLY_ASK for need in needs) or lines == ["CWD d"]:
        assert house.photograph() == before
    else:
        assert house.photograph() != before


# ---- Hidden names ---------------------------------------------------------------------------

# @ is the name; what is said must not tell whether there is such a file.
ON_A_NAME = [
    ["CWD @"], ["CWD @/x"], ["CWD @/.."], ["SIZE @"], ["MDTM @"], ["MLST @"], ["STAT @"],
    ["STAT -la @"], ["STAT @*"], ["STAT @/x"], ["AVBL @"], ["LIST @"], ["LIST -la @"],
    ["LIST -d @"], ["LIST @*"], ["LIST @/*"], ["LIST @/x"], ["NLST @"], ["NLST @*"], ["NLST -a @"],
    ["NLST @/*"], ["NLST */@"], ["MLSD @"], ["RETR @"], ["RETR @/x"], ["REST 2", "RETR @"],
    ["HASH @"], ["XCRC @"], ["XCRC @ 0 2"], ["XMD5 @"], ["XSHA1 @"], ["XSHA256 @"], ["XSHA512 @"],
    ["STOR @"], ["STOR @/x"], ["REST 2", "STOR @"], ["APPE @"], ["STOU @"], ["MKD @"], ["XMKD @"],
    ["MKD @/x"], ["RMD @"], ["XRMD @"], ["RMDA @"], ["DELE @"], ["RNFR @"], ["RNFR @", "RNTO new"],
    ["RNFR f", "RNTO @"], ["RNFR d", "RNTO @"], ["RNFR f", "RNTO @/x"], ["MFMT 20200101000000 @"],
    ["MFCT 20200101000000 @"], ["MFF modify=20200101000000; @"], ["COMB @ f"], ["COMB new @"],
    ["COMB new f @"], ["SITE CHMOD 600 @"], ["SITE UTIME 20200101000000 @"], ["SITE SYMLINK f @"],
    ["SITE COPY f @"], ["SITE COPY @ new"], ["SITE CPFR @"], ["SITE CPFR @", "SITE CPTO new"],
    ["SITE CPFR f", "SITE CPTO @"],
]
# Through a visible link: those that act on the name of the link itself apart.
THROUGH_A_LINK = [row for row in ON_A_NAME if not re.search(
    "@[*]|RMD|DELE|RNFR @|RNTO @$|SYMLINK|MKD @$|LIST @$|LIST -|NLST @$|NLST -|STAT|COMB new|STOU",
    "|".join(row))]


@pytest.fixture(scope="module")
def veiled():
    with under(["hide-name=.h*", "rule=allow all /**"]) as house:
        yield house


def conversation(house, lines, name):
    """All that is said and sent, without the name."""
    said = []
    with house.login("ftp", "x@example.org") as c:
        c.ask("TYPE I", "200")
        for line in lines:
            replies, data = converse(c, line.replace("@", name))
            said += [reply.lines for reply in replies] + [data]
    return repr(said).replace(name, "@")


def hide_something(house, kind):
    furnish(house)
    if kind == "file":
        house.write(".here", b"hidden")
    elif kind == "directory":
        house.write(".here/inner", b"hidden")
        house.write(".here/x", b"hidden")
    elif kind == "link":
        os.symlink("f", house.path(".here"))
    else:
        os.symlink(".here", house.path(".here"))
    os.symlink(".here", house.path("to-here"))
    os.symlink(".home", house.path("to-home"))


@pytest.mark.parametrize("kind", ["file", "directory", "link", "loop"])
@pytest.mark.parametrize("lines", ON_A_NAME, ids=[" ".join(row) for row in ON_A_NAME])
def test_what_is_hidden_is_as_what_is_not_there(veiled, lines, kind):
    hide_something(veiled, kind)
    before = veiled.photograph()
    assert conversation(veiled, lines, ".here") == conversation(veiled, lines, ".home")
    assert veiled.photograph() == before


@pytest.mark.parametrize("kind", ["file", "directory", "loop"])
@pytest.mark.parametrize("lines", THROUGH_A_LINK, ids=[" ".join(row) for row in THROUGH_A_LINK])
def test_a_link_to_what_is_hidden_is_as_one_that_leads_nowhere(veiled, lines, kind):
    hide_something(veiled, kind)
    before = veiled.photograph()
    assert conversation(veiled, lines, "to-here") == conversation(veiled, lines, "to-home")
    assert veiled.photograph() == before


@pytest.mark.parametrize("line", ["LIST", "LIST -a", "LIST -R", "LIST *", "LIST .*", "NLST",
                                  "NLST -a", "NLST -R", "NLST .*", "NLST */*", "NLST .*/*", "MLSD"])
def test_no_listing_has_a_hidden_name(veiled, line):
    hide_something(veiled, "directory")
    veiled.write("d/.hidden", b"hidden")
    veiled.write("d/.seen", b"seen")
    with veiled.login("ftp", "x@example.org") as c:
        _, data = converse(c, line)
    listed = re.sub(rb"(-> |slink:)[^\s;]+", b"", data)
    assert b".here" not in listed and b".hidden" not in listed and b"hidden" not in listed
    if line in ("LIST", "NLST -a", "MLSD"):
        assert b"f" in listed


def test_a_directory_with_something_hidden_in_it_cannot_be_removed(veiled):
    furnish(veiled)
    veiled.write("d/deep/.hidden", b"hidden")
    with veiled.login("ftp", "x@example.org") as c:
        c.ask("RMD d/deep", "550")
        c.ask("RMDA d", "550")
    assert veiled.read("d/deep/.hidden") == b"hidden"


# ---- Drop boxes --------------------------------------------------------------------------------

def test_a_drop_box_takes_files_and_shows_none():
    with Server("--anonymous", users=(), config='anonymous_uploads = {"/in"}\n') as house:
        house.write("in/there", b"there")
        with house.login("ftp", "x@example.org") as c:
            c.ask("CWD in", "250")
            c.store("STOR new", b"new")
            c.store("STOU", b"unique")
            for line in ("LIST", "NLST", "MLSD", "RETR new", "RETR there", "STOR there", "STOR new",
                         "APPE new", "LIST there"):
                replies, data = converse(c, line)
                assert replies[-1].code[0] in "45" and data == b"", (line, replies)
            for line in ("SIZE", "MDTM", "MLST", "STAT", "HASH", "XCRC", "DELE", "RNFR", "CWD",
                         "RMD"):
                assert c.ask(f"{line} there").lines == c.ask(f"{line} none").lines, line
                assert c.ask(f"{line} there").code in ("450", "550"), line
        assert house.read("in/there") == b"there"
        assert house.read("in/new") == b"new"


def test_who_may_not_overwrite_does_not_replace_what_came_meanwhile():
    with under(["rule=deny overwrite /**", "rule=allow all /**"]) as house:
        with house.login("ftp", "x@example.org") as slow, house.login("ftp", "y@example.org") as c:
            data = slow.begin("STOR f")
            data.sendall(b"slow")
            c.store("STOR f", b"fast")
            data.close()
            assert "came meanwhile" in slow.expect("451").text
        assert house.read("f") == b"fast"


# ---- Facts ---------------------------------------------------------------------------------------

def test_perm_is_true_of_each_entry():
    terms = ["rule=deny read,delete,append /d/secret", "rule=deny rename /d/inner",
             "rule=deny write,make-directory /closed/**", "rule=allow all /**"]
    with under(terms) as house:
        furnish(house)
        house.write("d/secret", b"secret")
        os.mkdir(house.path("closed"))
        with house.login("ftp", "x@example.org") as c:
            facts = {line.split(" ")[-1]: re.search(r"perm=(\w*)", line, re.I).group(1)
                     for line in (c.fetch("MLSD") + c.fetch("MLSD d")).decode().splitlines()}
            one = c.ask("MLST d/secret", "250").text
    assert facts["secret"] == "fw"
    assert "perm=fw;" in one.lower()
    assert facts["inner"] == "adrw"
    assert facts["f"] == "adfrw"
    assert facts["closed"] == "deflp"
    assert facts["empty"] == "cdeflmp"
