# SPDX-License-Identifier: Apache-2.0
"""LIST, NLST, MLSD, MLST and STAT of paths (RFC 959 4.1.3, RFC 1123 4.1.2.7, RFC 3659 7)."""

import os
import re
import socket
import time

import pytest

from harness import Server, read_all

LINE = re.compile(rb"[-dlpsbc][-rwxsStT]{9} +\d+ \S+ +\S+ +\d+ [A-Z][a-z]{2} [ \d]\d [ \d:]{5} .+")


@pytest.fixture
def tree(shared):
    shared.empty()
    shared.write("b.txt", b"12345")
    shared.write("a.txt", b"1")
    shared.write(".hidden", b"")
    shared.write("sub/one.txt", b"1")
    shared.write("sub/two.dat", b"22")
    shared.write("sub/deep/three", b"333")
    os.mkdir(shared.path("empty"))
    os.symlink("b.txt", shared.path("link"))
    os.symlink("nowhere", shared.path("broken"))
    os.symlink("sub", shared.path("dirlink"))
    os.mkfifo(shared.path("fifo"))
    return shared


@pytest.fixture
def c(tree):
    with tree.login() as connected:
        yield connected


def names(lines):
    return [line.split(b" -> ")[0].split(None, 8)[8] for line in lines.split(b"\r\n")[:-1]]


def test_list_has_one_ls_line_for_each_name_sorted(c):
    listing = c.fetch("LIST")
    assert listing.endswith(b"\r\n")
    for line in listing.split(b"\r\n")[:-1]:
        assert LINE.fullmatch(line), line
    assert names(listing) == [b"a.txt", b"b.txt", b"broken", b"dirlink", b"empty", b"fifo", b"link",
                              b"sub"]
    assert b"link -> b.txt\r\n" in listing


def test_list_options(c):
    assert names(c.fetch("LIST -a"))[:3] == [b".", b"..", b".hidden"]
    assert names(c.fetch("LIST -A"))[0] == b".hidden"
    assert names(c.fetch("LIST -la"))[0] == b"."
    assert names(c.fetch("LIST -r")) == list(reversed(names(c.fetch("LIST"))))
    assert names(c.fetch("LIST -1 sub")) == [b"deep", b"one.txt", b"two.dat"]
    assert names(c.fetch("LIST -C -F -- sub"))[0] == b"deep/"
    assert names(c.fetch("LIST -d sub")) == [b"sub"]


def test_list_by_time_newest_first(tree, c):
    for age, name in enumerate(("b.txt", "sub", "a.txt")):
        os.utime(tree.path(name), (1e9 - age, 1e9 - age))
    order = names(c.fetch("LIST -t"))
    assert order[-3:] == [b"b.txt", b"sub", b"a.txt"]
    assert names(c.fetch("LIST -tr"))[:3] == [b"a.txt", b"sub", b"b.txt"]


def test_list_recursive(c):
    listing = c.fetch("LIST -R sub").split(b"\r\n")
    assert listing[0] == b"sub:"
    assert b"" in listing
    assert listing.index(b"sub/deep:") > listing.index(b"sub:")
    assert any(line.endswith(b" three") for line in listing)


def test_a_recursive_listing_does_not_follow_links(tree, c):
    os.symlink(".", tree.path("sub/loop"))
    assert c.fetch("LIST -R").count(b"loop") == 1


def test_list_of_one_file_shows_the_name_as_it_was_given(tree, c):
    os.symlink("loop", tree.path("loop"))
    assert names(c.fetch("LIST a.txt")) == [b"a.txt"]
    assert names(c.fetch("LIST sub/one.txt")) == [b"sub/one.txt"]
    assert names(c.fetch("LIST /a.txt")) == [b"/a.txt"]
    assert c.fetch("LIST broken").endswith(b" broken -> nowhere\r\n")
    assert c.fetch("LIST /loop").endswith(b" /loop -> loop\r\n")
    assert c.ask("STAT broken", "213", "212").lines[1].endswith(b" broken -> nowhere")


def test_patterns(tree, c):
    assert names(c.fetch("LIST *.txt")) == [b"a.txt", b"b.txt"]
    assert c.fetch("NLST *.txt") == b"a.txt\r\nb.txt\r\n"
    assert c.fetch("NLST sub/*.txt") == b"sub/one.txt\r\n"
    assert c.fetch("NLST s*/[ot]*") == b"sub/one.txt\r\nsub/two.dat\r\n"
    assert c.fetch("NLST /s?b/t*") == b"/sub/two.dat\r\n"
    assert c.fetch("NLST *nothing*") == b""
    tree.write("[x]*", b"")
    assert c.fetch("NLST [x]*") == b"[x]*\r\n"


@pytest.mark.parametrize("target", ["b.txt", "nowhere", "a_link", ".hidden/x", "fifo"])
def test_patterns_pass_over_what_is_no_directory(tree, c, target):
    """Whichever of the names the system gives first."""
    os.symlink(target, tree.path("a_link"))
    found = [b"dirlink/one.txt", b"sub/one.txt"]
    assert names(c.fetch("LIST */one*")) == [b"one.txt", b"one.txt"]
    assert sorted(c.fetch("NLST */one*").split()) == found
    assert c.fetch("NLST *l*/one*").split() == found[:1]
    assert sorted(c.fetch("NLST */*/three").split()) == [b"dirlink/deep/three", b"sub/deep/three"]
    assert len(c.ask("STAT */one*", "212").lines) == 4


def test_a_glob_bomb_ends_soon(tree, c):
    for i in range(20):
        tree.write("a" * 200 + str(i))
    started = time.monotonic()
    assert c.fetch("NLST " + "*a" * 100 + "*b") == b""
    assert c.fetch("NLST " + "*/" * 1000 + "*", codes=("226", "451")) == b""
    assert time.monotonic() - started < 10  # a hang, not a speed


def test_abor_ends_a_walk_that_finds_nothing_to_send():
    """Without looking at each name it would go on for minutes before it noticed."""
    with Server() as server, server.login() as c:
        for i in range(25):
            os.symlink(".", server.path(f"l{i:02}"))
        for i in range(3000):
            server.write(f"f{i}")
        data = c.begin("NLST l*/l*/l*/nothing")
        c.ask("ABOR", "426")
        c.expect("226")
        data.close()


def test_a_part_of_a_pattern_is_no_longer_than_a_name(c):
    c.refuse("NLST */" + "[" * 256, "450")
    assert c.fetch("NLST */" + "[" * 255) == b""


def test_nlst_names_only_what_can_be_fetched(c):
    """RFC 1123 4.1.2.7: no directories, and usable as arguments of RETR as they are."""
    assert c.fetch("NLST") == b"a.txt\r\nb.txt\r\nlink\r\n"
    assert c.fetch("NLST sub") == b"sub/one.txt\r\nsub/two.dat\r\n"
    for command in ("NLST fifo", "NLST broken", "NLST -1 fifo"):
        c.refuse(command, "450")
    assert c.fetch("NLST link") == b"link\r\n"
    assert c.fetch("NLST -1") == c.fetch("NLST")
    assert c.fetch("NLST -1 sub") == c.fetch("NLST sub")
    c.ask("TYPE I", "200")
    for name in c.fetch("NLST sub").split():
        assert c.fetch("RETR " + name.decode())


def test_nlst_with_options_is_a_listing(c):
    """ncftpls sends NLST -CF."""
    lines = c.fetch("NLST -CF").split(b"\r\n")[:-1]
    assert b"sub/" in lines and b"a.txt" in lines and b"link@" in lines
    assert b"." in c.fetch("NLST -a").split(b"\r\n")
    assert LINE.fullmatch(c.fetch("NLST -l").split(b"\r\n")[0])


def test_an_option_may_be_the_name_of_a_file(tree, c):
    tree.write("-a", b"x")
    assert names(c.fetch("LIST -a")) == [b"-a"]
    assert c.fetch("NLST -a") == b"-a\r\n"
    assert len(c.ask("STAT -a", "213").lines) == 3
    tree.write("-la empty", b"x")
    assert c.ask("STAT -la empty", "213").lines[1].endswith(b" -la empty")


def test_empty_directories_are_empty_listings(c):
    for command in ("LIST empty", "NLST empty", "MLSD empty", "LIST -R empty"):
        assert c.fetch(command) in (b"", b"empty:\r\n")


def test_missing_directories(c):
    c.refuse("LIST none", "450")
    c.refuse("NLST none", "450")
    c.refuse("MLSD none", "550")
    c.ask("MLST none", "550")
    c.refuse("MLSD a.txt", "501")


def parse_mlsd(listing):
    entries = {}
    for line in listing.split(b"\r\n")[:-1]:
        facts, _, name = line.partition(b" ")
        assert facts == b"" or facts.endswith(b";"), line
        entries[name] = dict(fact.split(b"=", 1) for fact in facts.split(b";")[:-1])
    return entries


def test_mlsd_has_facts_of_everything(tree, c):
    os.utime(tree.path("a.txt"), (1700000000, 1700000000))
    os.chmod(tree.path("a.txt"), 0o640)
    entries = parse_mlsd(c.fetch("MLSD"))
    assert set(entries) == {b".hidden", b"a.txt", b"b.txt", b"broken", b"dirlink", b"empty", b"fifo",
                            b"link", b"sub"}
    facts = entries[b"a.txt"]
    assert facts[b"type"] == b"file" and facts[b"size"] == b"1"
    assert facts[b"modify"] == b"20231114221320"
    assert facts[b"UNIX.mode"] == b"0640"
    assert facts[b"UNIX.owner"] == str(os.getuid()).encode()
    assert set(facts[b"perm"]) == set(b"adfrw")
    assert entries[b"sub"][b"type"] == b"dir" and b"size" not in entries[b"sub"]
    assert set(entries[b"sub"][b"perm"]) == set(b"cdeflmp")
    link = entries[b"link"]
    assert link[b"type"] == b"OS.unix=slink:b.txt" and set(link[b"perm"]) == set(b"adfrw")
    assert (link[b"size"], link[b"modify"]) == (entries[b"b.txt"][b"size"], entries[b"b.txt"][b"modify"])
    assert link[b"unique"] != entries[b"b.txt"][b"unique"]
    for other in (b"broken", b"dirlink"):
        assert b"size" not in entries[other] and set(entries[other][b"perm"]) == set(b"df")
    assert entries[b"fifo"][b"type"] == b"OS.unix=special"
    unique = {facts[b"unique"] for facts in entries.values()}
    assert len(unique) == len(entries)


def test_opts_mlst_selects_facts(c):
    assert c.ask("OPTS MLST size;TYPE;nonsense;", "200").text == "200 MLST OPTS type;size;"
    assert parse_mlsd(c.fetch("MLSD"))[b"a.txt"] == {b"type": b"file", b"size": b"1"}
    for malformed in ("type size", "unique type;", "type; size;", "type;;", ";", "type=x;", "size*;"):
        c.ask("OPTS MLST " + malformed, "501")
    assert "MLST type*;size*;modify;" in c.ask("FEAT", "211").text
    assert c.ask("OPTS MLST", "200").text == "200 MLST OPTS"
    assert c.fetch("MLSD").startswith(b" ")
    c.ask("OPTS MLST create;", "200")
    assert re.fullmatch(rb"\d{14}", parse_mlsd(c.fetch("MLSD"))[b"a.txt"][b"create"])


def test_mlsd_never_globs(tree, c):
    os.mkdir(tree.path("*"))
    tree.write("*/star", b"")
    assert list(parse_mlsd(c.fetch("MLSD *"))) == [b"star"]
    c.refuse("MLSD s*", "550")
    c.refuse("MLSD -a", "550")


def test_mlst_has_three_lines(c):
    reply = c.ask("MLST a.txt", "250")
    assert len(reply.lines) == 3
    assert re.fullmatch(rb" type=file;size=1;.*; /a.txt", reply.lines[1])
    assert re.fullmatch(rb" type=dir;.*; /", c.ask("MLST", "250").lines[1])
    assert re.fullmatch(rb" type=dir;.*; /sub", c.ask("MLST sub", "250").lines[1])


def test_stat_of_a_path_is_a_listing_on_the_control_connection(c):
    reply = c.ask("STAT sub", "212")
    assert len(reply.lines) == 5
    assert LINE.fullmatch(reply.lines[1][1:])
    assert len(c.ask("STAT a.txt", "213").lines) == 3
    assert len(c.ask("STAT -la empty", "212").lines) == 4


def test_stat_of_a_huge_directory_is_refused_not_cut(tree, c):
    os.mkdir(tree.path("huge"))
    for i in range(9000):
        tree.write(f"huge/{'x' * 150}{i}")
    c.ask("STAT huge", "451")
    c.ask("NOOP", "200")


def test_hidden_temporaries_never_show(tree, c):
    tree.write(".ferry-upload-123", b"x")
    for command in ("LIST -a", "NLST -a", "MLSD", "LIST -R -a", "NLST .f*", "LIST .ferry-upload-*"):
        assert b"ferry-upload" not in c.fetch(command)
    for command in ("RETR", "SIZE", "DELE", "MLST", "RNFR"):
        c.ask(f"{command} .ferry-upload-123", "550")


def test_what_may_be_read_but_not_searched_is_shown_as_far_as_it_is_known():
    with Server(below_root=True) as server, server.login() as c:
        server.write("sub/closed/file", b"123")
        os.mkdir(server.path("sub/closed/dir"))
        os.symlink("file", server.path("sub/closed/link"))
        server.write("sub/open/file", b"123")
        os.chmod(server.path("sub/closed"), 0o400)
        os.mkdir(server.path("sub/shut"), 0o000)
        try:
            unknown = [kind + b"?????????   ? ?        ?                   ?   ?  ?     ? " + name
                       for kind, name in ((b"d", b"dir"), (b"-", b"file"), (b"l", b"link"))]
            assert c.fetch("LIST sub/closed").split(b"\r\n")[:-1] == unknown
            assert c.fetch("LIST -t sub/closed").split(b"\r\n")[:-1] == unknown
            assert c.fetch("NLST -F sub/closed").split() == [b"dir/", b"file", b"link@"]
            assert parse_mlsd(c.fetch("MLSD sub/closed")) == {
                b"dir": {b"type": b"dir"}, b"file": {b"type": b"file"},
                b"link": {b"type": b"OS.unix=symlink"}}
            whole = c.fetch("LIST -R sub").split(b"\r\n")
            for line in [*unknown, b"sub/closed:", b"sub/closed/dir:", b"sub/shut:", b"sub/open:"]:
                assert line in whole
            assert sum(line.endswith(b" file") for line in whole) == 2
            c.refuse("LIST sub/closed/file", "450")
        finally:
            os.chmod(server.path("sub/closed"), 0o700)
            os.chmod(server.path("sub/shut"), 0o700)


def test_names_of_any_bytes_survive_a_round_trip(tree, c):
    odd = [b"\xe9\xe8", b"a b", b" lead", b"trail ", b'q"q', b"\xc3\xb1", b"tab\t", b"x;y=z", b"-dash",
           b"a\\b", b"\x01", b"%2F", b"a*b", b"\xff\xfe", b"new\nline", b"cr\rx"]
    c.ask("TYPE I", "200")
    for name in odd:
        on_line = name.replace(b"\xff", b"\xff\xff").replace(b"\r", b"\r\0").replace(b"\n", b"\0")
        c.store(b"STOR odd-" + on_line, name)
        assert tree.read(b"odd-" + name) == name
        assert c.fetch(b"RETR odd-" + on_line) == name
        assert b" odd-" + name.replace(b"\n", b"\0") + b"\r\n" in c.fetch("MLSD")
        assert b"odd-" + name.replace(b"\n", b"\0") + b"\r\n" in c.fetch("NLST")
    c.store(b"STOR  lead", b"x")
    assert tree.read(b" lead") == b"x"


def test_a_directory_of_100000_entries_starts_at_once_and_is_complete():
    count = 100_000
    with Server() as server:
        os.mkdir(server.path("many"))
        directory = os.open(server.path("many"), os.O_RDONLY)
        for i in range(count):
            os.close(os.open(f"f{i:06}", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=directory))
        os.close(directory)
        with server.login() as c:
            for command in ("NLST many", "MLSD many", "LIST many"):
                listing = c.fetch(command)
                assert listing.count(b"\r\n") == count, command
                assert len(set(re.findall(rb"f\d{6}(?=\r\n)", listing))) == count
            # The first bytes do not wait for the last ones: read some, and the rest is not there yet.
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            c.ask(f"EPRT |1|127.0.0.1|{listener.getsockname()[1]}|", "200")
            c.send("LIST many")
            data = c.take_data(listener.accept()[0])
            assert data.recv(100)
            assert b"150" in c.read_line()
            c.socket.settimeout(0.3)
            with pytest.raises(TimeoutError):
                c.reply()
            c.socket.settimeout(60)
            read_all(data)
            c.expect("226")


def make_deep(top, depth):
    here = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)


def test_a_deep_tree_cannot_exhaust_anything():
    """Recursive listings and removals have no recursion (Pure-FTPd CVE-2019-20176)."""
    with Server() as server, server.login() as c:
        make_deep(server.root, 1500)
        assert c.fetch("LIST -R").count(b":\r\n") == 1501
        c.ask("RMDA d", "250")
        assert server.names() == []


def test_a_tree_deeper_than_a_path_may_be_is_never_shown_as_if_it_were_whole():
    with Server() as server, server.login() as c:
        make_deep(server.root, 3000)
        c.fetch("LIST -R", codes=("451",))
        c.ask("RMDA d", "550")
        c.ask("NOOP", "200")


def test_a_name_that_vanishes_while_it_is_listed_is_left_out(tree, c):
    os.mkdir(tree.path("moving"))
    for i in range(3000):
        tree.write(f"moving/f{i}")
    data = c.begin("MLSD moving")
    first = data.recv(1000)
    for i in range(3000):
        os.unlink(tree.path(f"moving/f{i}"))
    rest = read_all(data)
    c.expect("226")
    for line in (first + rest).split(b"\r\n")[:-1]:
        assert re.fullmatch(rb"type=file;.*; f\d+", line)


def unprivileged_server(*options):
    """A server whom the file system's permission bits bind."""
    server = Server(*options, run_as=None)
    inner = server.command
    if os.geteuid() == 0:
        os.chmod(server.base, 0o777)
        server.command = lambda: ["setpriv", "--reuid", "65534", "--regid", "65534",
                                  "--clear-groups", "--", *inner()]
    return server


def try_letter(c, letter, path):
    """Does what a letter of perm promises, and says whether it could be done."""
    if letter == "r":
        return c.attempt(f"RETR {path}")
    if letter in "aw":
        return c.attempt(f"{'APPE' if letter == 'a' else 'STOR'} {path}")
    if letter == "c":
        return c.attempt(f"STOR {path}/new")
    if letter == "d":
        return c.ask(f"DELE {path}").code == "250"
    assert letter == "f"
    return c.ask(f"RNFR {path}").code == "350" and c.ask(f"RNTO {path}x").code == "250"


@pytest.mark.clear  # who its server is cannot read the certificate
@pytest.mark.parametrize("manner", ["atomic", "direct"])
@pytest.mark.parametrize("mode", [0o777, 0o555, 0o755, 0o1777, 0o333])
@pytest.mark.parametrize("file_mode", [0o666, 0o444, 0o222])
def test_perm_promises_what_can_be_done_and_nothing_else(manner, mode, file_mode):
    with unprivileged_server("--uploads", manner) as server:
        for letter in "awdfrc":
            server.empty()
            server.write("d/f", b"content")
            os.chmod(server.path("d/f"), file_mode)
            os.chmod(server.path("d"), mode)
            path = "d" if letter == "c" else "d/f"
            with server.login() as c:
                c.ask("TYPE I", "200")
                facts = c.ask(f"MLST {path}", "250").lines[1]
                promised = letter in re.search(rb"perm=(\w*);", facts).group(1).decode()
                assert promised == try_letter(c, letter, path), (letter, facts)
            os.chmod(server.path("d"), 0o755)


def test_perm_is_the_same_in_a_listing_and_alone(tree, c):
    for name, facts in parse_mlsd(c.fetch("MLSD")).items():
        if not facts[b"type"].startswith(b"OS.unix=slink"):
            alone = c.ask(b"MLST " + name, "250").lines[1]
            assert b"perm=" + facts[b"perm"] + b";" in alone
    assert b"perm=celmp;" in c.ask("MLST /", "250").lines[1]  # the root stays where it is
