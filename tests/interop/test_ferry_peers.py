# SPDX-License-Identifier: Apache-2.0
"""ferry with the servers that Debian has: vsftpd, ProFTPD, Pure-FTPd, pyftpdlib; in the clear and
under TLS, passive and active.

Of vsftpd and ProFTPD those under TLS require that a data connection resumes the session of the
control connection, as both do by default.
"""

import json
import os
import shutil
import subprocess
import time
import tempfile

import pytest

import peers
import tls
from harness import FERRYD, PATIENCE, SANITIZER_ENV, Server, eventually
from trees import digests, make_tree

pytestmark = [
    pytest.mark.clear,  # what is to be under TLS is so here anyway
    pytest.mark.skipif(os.getuid() != 0, reason="these servers let users in: only root can"),
]
FERRY = os.path.abspath(os.path.join(os.path.dirname(FERRYD), "ferry"))
BIG = 8 << 20
SLOW = "3M"  # bytes a second: BIG takes so long that something can happen to it
OLD = 1_000_000_000  # 2001-09-09T01:46:40Z
WAYS = ("passive", "active")


class Site:
    """A server, its tree, and a ferry that speaks with it."""

    def __init__(self, kind, is_secure, **how):
        self.certificate = tls.certificate() if is_secure else None
        self.base = tempfile.mkdtemp(prefix="ferry-site-")
        self.root = os.path.join(self.base, "root")
        os.mkdir(self.root)
        os.chmod(self.base, 0o755)
        if kind is peers.Proftpd:  # what it does without is a test of its own
            how.setdefault("more", "AllowStoreRestart on\n")
        self.peer = kind(self.root, self.certificate, **how)
        os.chown(self.root, self.peer.account.pw_uid, self.peer.account.pw_gid)

    def __enter__(self):
        self.peer.start()
        return self

    def __exit__(self, *_):
        self.peer.stop()
        shutil.rmtree(self.base)

    @property
    def name(self):
        return self.peer.name

    def url(self, path=""):
        return f"ftp://{peers.USER}:{peers.PASSWORD}@127.0.0.1:{self.peer.port}/{path}"

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def empty(self):
        for entry in os.scandir(os.fsencode(self.root)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)

    def give(self, name, content, mtime=None):
        """A file of the server's that its user may do with as they like."""
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(content)
        os.chown(path, self.peer.account.pw_uid, self.peer.account.pw_gid)
        if mtime is not None:
            os.utime(path, (mtime, mtime))

    def command(self, *words, trusts=True):
        # No pause between tries: what is cut here is there again at once.
        command = [FERRY, *words, "--retry-delay", "0"]
        if self.certificate:
            command += ["--tls", "require"]
            if trusts:
                command += ["--tls-ca-file", self.certificate[0]]
        return command

    def environment(self):
        """Nothing that a user of this machine has set up."""
        return dict(os.environ, **SANITIZER_ENV, HOME=self.base, XDG_CONFIG_HOME=self.base)

    def ferry(self, *words, status=0, stdin=b"", cwd=None, trusts=True):
        """Runs it, and returns what it wrote to standard output."""
        done = subprocess.run(self.command(*words, trusts=trusts), env=self.environment(),
                              input=stdin, cwd=cwd, capture_output=True, timeout=PATIENCE * 6,
                              check=False)
        if status is not None and done.returncode != status:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout.decode()}\n"
                                 f"{done.stderr.decode()}\n{self.peer.log()[-1000:]}")
        return done.stdout

    def events(self, *words, **how):
        return [json.loads(line) for line in self.ferry(*words, "--json", **how).splitlines()]

    def summary(self, *words, **how):
        return self.events(*words, **how)[-1]

    def only(self, name, *words, **how):
        """The one event of that name."""
        found = [event for event in self.events(*words, **how) if event["event"] == name]
        assert len(found) == 1, found
        return found[0]

    def start(self, *words):
        return subprocess.Popen(self.command(*words, "--json"), env=self.environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def site_name(parameters):
    kind, is_secure = parameters
    return f"{kind.name}-{'tls' if is_secure else 'clear'}"


ALL = [(kind, is_secure) for kind in peers.ALL for is_secure in (False, True)]
CLEAR = [(kind, False) for kind in peers.ALL]
SECURE = [(kind, True) for kind in peers.ALL]


@pytest.fixture(scope="module", name="running")
def running_sites():
    """Those that have been started, one of each."""
    started = {}
    yield started
    for site in started.values():
        site.__exit__()


@pytest.fixture
def site(running, request):
    kind, is_secure = request.param
    if request.param not in running:
        running[request.param] = Site(kind, is_secure, resumes=True).__enter__()
    running[request.param].empty()
    return running[request.param]


def on(which):
    return pytest.mark.parametrize("site", which, ids=site_name, indirect=True)


def has_begun(directory):
    """Is there a part with more than the first buffers, and less than all?"""
    parts = os.scandir(directory) if os.path.isdir(directory) else []
    return any(1 << 18 < entry.stat().st_size < BIG for entry in parts
               if entry.name.endswith(".ferry-part"))


def wait_until_begun(directory, process):
    """Until a transfer of BIG into that directory is under way."""
    if not eventually(lambda: has_begun(directory) or process.poll() is not None):
        process.kill()
    assert process.poll() is None, process.communicate()


# ---- Trees -----------------------------------------------------------------------------

def make_odd_tree(top, small_files):
    """What trees.py makes, and what is hard for a server that lists as ls does."""
    make_tree(top, small_files=small_files)
    # What they refuse is not here: a * in the name of a directory (550, ProFTPD 1.3.8), and a
    # backslash in any (553, Pure-FTPd 1.0.50).
    for name in ("-leading dash", "odd/a \"quoted\" name", "odd/{brace,d} [x] *?",
                 "odd/ blank in front", "odd/100% sure", "odd/~home", "1/2/3/4/5/deep",
                 "-dash {dir,} [x]?/and more/f"):
        os.makedirs(os.path.dirname(os.path.join(top, name)), exist_ok=True)
        with open(os.path.join(top, name), "wb") as f:
            f.write(os.fsencode(name))
    with open(os.path.join(top, "big"), "wb") as f:
        f.write(os.urandom(BIG))


def folders(top):
    return {os.path.relpath(os.path.join(folder, name), top)
            for folder, names, _ in os.walk(top) for name in names}


def assert_same(one, other):
    ours, theirs = digests(one), digests(other)
    assert ours.keys() == theirs.keys()
    assert ours == theirs
    assert folders(one) == folders(other)


def assert_nothing_to_do(site, *words):
    summary = site.summary(*words)
    assert summary["status"] == "done"
    assert (summary["files"], summary["removed"], summary["failed"]) == (0, 0, 0), summary


@pytest.mark.parametrize("way", WAYS)
@on(ALL)
def test_a_tree_goes_up_and_comes_back(site, way, tmp_path):
    source, back = tmp_path / "source", tmp_path / "back"
    make_odd_tree(source, 200 if way == "passive" else 20)
    words = ("--data-connection", way)
    up = ("mirror", str(source), site.url("tree"), *words)
    down = ("mirror", site.url("tree"), str(back), *words)
    assert site.summary(*up)["files"] == len(digests(source))
    assert_same(source, site.path("tree"))
    site.ferry(*down)
    assert_same(source, back)
    for arguments in (up, down, ("check", str(source), site.url("tree"), *words),
                      ("check", site.url("tree"), str(back), *words)):
        assert_nothing_to_do(site, *arguments)


@on(ALL)
def test_a_tree_that_comes_keeps_its_times_and_what_links_lead_to(site, tmp_path):
    """To the second, of files whose listing tells the day alone, too."""
    os.mkdir(site.path("tree"))
    os.chmod(site.path("tree"), 0o755)
    for name, when in (("tree/old", OLD + 7), ("tree/new", int(time.time()) - 12345)):
        site.give(name, b"content", when)
    os.symlink("old", site.path("tree/link"))
    site.ferry("mirror", site.url("tree"), str(tmp_path / "back"))
    for name in ("old", "new"):
        assert (tmp_path / "back" / name).stat().st_mtime == os.stat(site.path(f"tree/{name}")).st_mtime
    assert (tmp_path / "back/link").read_bytes() == b"content"
    assert_nothing_to_do(site, "mirror", site.url("tree"), str(tmp_path / "back"))


@on(ALL)
def test_what_cannot_be_listed_there_is_not_removed_here(site, tmp_path):
    """Of root's, and not to be read: each server says that in another way (one runs as root)."""
    for place in (site.path("closed"), tmp_path / "here/closed"):
        os.makedirs(place)
        with open(os.path.join(place, "precious"), "wb") as f:
            f.write(b"x")
    os.chmod(site.path("closed"), 0o711)
    os.chmod(site.root, 0o755)
    summary = site.summary("sync", site.url(), str(tmp_path / "here"), status=None)
    assert summary["removed"] == 0, summary
    assert (summary["status"] == "done") == (site.name == "pyftpdlib"), summary
    assert os.listdir(tmp_path / "here/closed") == ["precious"]


@on(ALL)
def test_a_tree_is_removed_and_not_what_its_links_lead_to(site):
    os.makedirs(site.path("tree/d"))
    os.mkdir(site.path("other"))
    site.give("tree/d/f", b"x")
    site.give("other/precious", b"x")
    os.symlink("../other", site.path("tree/link"))
    for name in ("tree", "tree/d", "other"):
        os.chown(site.path(name), site.peer.account.pw_uid, site.peer.account.pw_gid)
    site.ferry("rm", "-r", site.url("tree"))
    assert os.listdir(site.root) == ["other"]
    assert os.listdir(site.path("other")) == ["precious"]


@on(ALL)
def test_a_mirror_replaces_what_changed_and_removes_what_is_gone(site, tmp_path):
    source, back = tmp_path / "source", tmp_path / "back"
    make_tree(source, small_files=3)
    site.ferry("mirror", str(source), site.url("tree"))
    site.ferry("mirror", site.url("tree"), str(back))
    (source / "plain.txt").write_bytes(b"other\n")
    shutil.rmtree(source / "nested")
    (source / "no newline").unlink()
    assert site.summary("mirror", str(source), site.url("tree"))["removed"] == 0
    assert os.path.exists(site.path("tree/nested/with space/a b c"))
    site.ferry("mirror", "--delete", str(source), site.url("tree"))
    assert_same(source, site.path("tree"))
    site.ferry("mirror", "--delete", site.url("tree"), str(back))
    assert_same(source, back)


@on(CLEAR)
def test_a_mirror_that_was_killed_goes_on(site, tmp_path):
    source, back = tmp_path / "source", tmp_path / "back"
    make_tree(source, small_files=3)
    for name in ("big", "bigger"):
        (source / name).write_bytes(os.urandom(BIG))
    total = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    for words, growing, rate in (
            (("mirror", str(source), site.url("tree")), site.path("tree"), "--upload-rate"),
            (("mirror", site.url("tree"), str(back)), str(back), "--download-rate")):
        process = site.start(*words, rate, SLOW)
        wait_until_begun(growing, process)
        process.kill()
        process.communicate()
        assert 0 < site.summary(*words)["bytes"] < total
        assert_same(source, growing)


def test_what_a_server_dates_itself_is_sent_once(tmp_path):
    """That is: what it cannot be told to date otherwise."""
    (tmp_path / "f").write_bytes(b"content")
    os.utime(tmp_path / "f", (OLD, OLD))
    with Site(peers.Vsftpd, False, more="mdtm_write=NO\n") as site:
        up = ("mirror", str(tmp_path), site.url("tree"))
        assert site.summary(*up)["files"] == 1
        assert os.stat(site.path("tree/f")).st_mtime > OLD
        assert_nothing_to_do(site, *up)
        (tmp_path / "f").write_bytes(b"changed")
        future = os.stat(site.path("tree/f")).st_mtime + 3600
        os.utime(tmp_path / "f", (future, future))
        assert site.summary(*up)["files"] == 1
        assert_same(tmp_path, site.path("tree"))


# ---- One file ---------------------------------------------------------------------------

@pytest.mark.parametrize("way", WAYS)
@on(ALL)
def test_each_command(site, way, tmp_path):
    def ferry(*words, **how):
        return site.ferry(*words, "--data-connection", way, **how)

    content = b"one\ntwo\n"
    (tmp_path / "f").write_bytes(content)
    ferry("mkdir", "-p", site.url("a%20b/c/d"))
    ferry("mkdir", "-p", site.url("a%20b/c/d"))
    assert os.path.isdir(site.path("a b/c/d"))
    ferry("put", "f", site.url("a%20b/"), cwd=tmp_path)
    ferry("put", "-", site.url("a%20b/-%20ñ%25"), stdin=content)
    assert sorted(os.listdir(site.path("a b"))) == ["- ñ%", "c", "f"]
    listed = ferry("ls", site.url("a%20b/")).decode().splitlines()
    assert sorted(line.split("  ")[-1] for line in listed) == ["- ñ%", "c", "f"]
    assert sorted(line[0] for line in listed) == ["-", "-", "d"]
    assert ferry("cat", site.url("a%20b/-%20ñ%25"), site.url("a%20b/f")) == content * 2
    ferry("mv", site.url("a%20b/f"), "a b/c/g")
    assert sorted(os.listdir(site.path("a b/c"))) == ["d", "g"]
    assert sorted(os.listdir(site.path("a b"))) == ["- ñ%", "c"]
    ferry("get", site.url("a%20b/c/g"), cwd=tmp_path)
    assert (tmp_path / "g").read_bytes() == content
    ferry("rm", site.url("a%20b/c/g"))
    assert not os.path.exists(site.path("a b/c/g"))
    ferry("rm", "-r", site.url("a%20b"))
    assert os.listdir(site.root) == []
    ferry("get", site.url("none"), cwd=tmp_path, status=7)
    ferry("ls", site.url("none/"), status=7)


@on(CLEAR)
def test_text_is_text_on_both_sides(site, tmp_path):
    """RFC 959 3.1.1.1: lines end with CR LF on the way, and as each side ends them at rest."""
    content = b"".join(b"line %d\n" % i for i in range(20_000))
    (tmp_path / "text").write_bytes(content)
    site.ferry("put", "text", site.url("text;type=a"), cwd=tmp_path)
    with open(site.path("text"), "rb") as f:
        assert f.read() == content
    site.ferry("get", site.url("text;type=a"), "-o", "back", cwd=tmp_path)
    assert (tmp_path / "back").read_bytes() == content


@on(ALL)
def test_a_copy_keeps_its_date(site, tmp_path):
    """MFMT where there is one; vsftpd has MDTM with two arguments."""
    (tmp_path / "f").write_bytes(b"content")
    os.utime(tmp_path / "f", (OLD, OLD))
    site.ferry("put", "f", site.url("f"), cwd=tmp_path)
    assert os.stat(site.path("f")).st_mtime == OLD
    site.ferry("get", site.url("f"), "-o", "g", cwd=tmp_path)
    assert (tmp_path / "g").stat().st_mtime == OLD


# ---- What breaks --------------------------------------------------------------------------

def begin(site, tmp_path, direction):
    """A transfer that goes on slowly: the process, and the words that it takes to repeat it."""
    content = os.urandom(BIG)
    here = tmp_path / "here"
    here.mkdir(exist_ok=True)
    if direction == "get":
        site.give("big", content)
        words = ["get", site.url("big"), "-o", str(here)]
        process = site.start(*words, "--download-rate", SLOW)
    else:
        (here / "big").write_bytes(content)
        words = ["put", str(here / "big"), site.url("big")]
        process = site.start(*words, "--upload-rate", SLOW)
    wait_until_begun(here if direction == "get" else site.root, process)
    return process, words, content


def arrived(site, tmp_path, direction):
    """The file where it was to go, with nothing beside it."""
    directory = tmp_path / "here" if direction == "get" else site.root
    assert os.listdir(directory) == ["big"]
    with open(os.path.join(directory, "big"), "rb") as f:
        return f.read()


@pytest.mark.parametrize("direction", ["get", "put"])
@on(ALL)
def test_what_was_killed_goes_on_where_it_was(site, direction, tmp_path):
    process, words, content = begin(site, tmp_path, direction)
    process.kill()
    process.communicate()
    end = site.only("transfer-end", *words)
    assert end["resumed_from"] > 0
    assert end["resumed_from"] + end["bytes"] == BIG
    assert arrived(site, tmp_path, direction) == content


@pytest.mark.parametrize("direction", ["get", "put"])
@on(ALL)
def test_what_the_server_cut_goes_on_over_another_connection(site, direction, tmp_path):
    process, _, content = begin(site, tmp_path, direction)
    assert site.peer.cut()
    output, errors = process.communicate(timeout=PATIENCE * 6)
    assert process.returncode == 0, (output, errors)
    end = json.loads(output.splitlines()[-1])
    assert end["event"] == "transfer-end" and end["resumed_from"] > 0
    assert end["resumed_from"] + end["bytes"] == BIG
    assert arrived(site, tmp_path, direction) == content


@pytest.mark.parametrize("direction, more", [("put", ""), ("get", "AllowRetrieveRestart off\n")],
                         ids=["put", "get"])
def test_what_was_killed_begins_anew_where_nothing_is_resumed(direction, more, tmp_path):
    """ProFTPD says 350 to a REST, and 451 to what comes behind it."""
    with Site(peers.Proftpd, False, more=more) as site:
        process, words, content = begin(site, tmp_path, direction)
        process.kill()
        process.communicate()
        end = site.only("transfer-end", *words)
        assert (end["resumed_from"], end["bytes"]) == (0, BIG)
        assert arrived(site, tmp_path, direction) == content


# ---- Whom to trust --------------------------------------------------------------------------

@on(SECURE)
def test_a_certificate_is_vouched_for_or_pinned_or_refused(site, tmp_path):
    site.give("f", b"content")
    fingerprint = subprocess.run(
        ["openssl", "x509", "-in", site.certificate[0], "-noout", "-fingerprint", "-sha256"],
        check=True, capture_output=True, text=True).stdout.strip().rpartition("=")[2]

    def cat(*words, **how):
        return site.ferry("cat", site.url("f"), *words, **how)

    assert cat() == b"content"
    assert cat("--tls-pins", f"sha256:{fingerprint}", trusts=False) == b"content"
    cat(trusts=False, status=3)
    cat("--tls-pins", f"sha256:{'00' * 32}", status=3)
    assert cat("--insecure", trusts=False) == b"content"


@pytest.mark.parametrize("kind, more", [
    (peers.Vsftpd, "implicit_ssl=YES\n"), (peers.Proftpd, "TLSOptions UseImplicitSSL\n")],
    ids=["vsftpd", "proftpd"])
def test_tls_may_stand_from_the_first_byte_on(kind, more, tmp_path):
    (tmp_path / "f").write_bytes(b"content")
    with Site(kind, True, resumes=True, more=more) as site:
        url = site.url("f").replace("ftp:", "ftps:")
        site.ferry("put", "f", url, cwd=tmp_path)
        assert site.ferry("cat", url) == b"content"


# ---- From server to server --------------------------------------------------------------------

def copied(site, source, target):
    """The bytes of a `ferry copy` that came through here."""
    end = site.only("transfer-end", "copy", source, target)
    assert end["size"] == 1_000_000 and end.get("is_direct", False) == (end["bytes"] == 0)
    return end["bytes"]


def copy_both_ways(site):
    """Between that server and a ferryd of another address; the bytes that came through here."""
    content = os.urandom(1_000_000)
    with Server("--allow-fxp", address="127.0.0.7") as ferryd:
        ours = f"ftp://demo:secret@127.0.0.7:{ferryd.port}/"
        site.give("f", content, OLD)
        moved = [copied(site, site.url("f"), ours + "f")]
        assert ferryd.read("f") == content
        moved.append(copied(site, ours + "f", site.url("g")))
        with open(site.path("g"), "rb") as f:
            assert f.read() == content
        assert os.stat(ferryd.path("f")).st_mtime == os.stat(site.path("g")).st_mtime == OLD
    return moved


@on(CLEAR)
def test_a_copy_is_direct_where_both_servers_allow_it(site):
    assert copy_both_ways(site) == [0, 0]


@pytest.mark.parametrize("kind", peers.ALL, ids=lambda kind: kind.name)
def test_a_copy_comes_through_here_where_one_does_not(kind):
    with Site(kind, False, allows_fxp=False) as site:
        assert copy_both_ways(site) == [1_000_000, 1_000_000]


@on(CLEAR)
def test_a_copy_of_nothing_leaves_what_is_there(site):
    with Server("--allow-fxp", address="127.0.0.7") as ferryd:
        ferryd.write("f", b"content")
        site.ferry("copy", site.url("none"), f"ftp://demo:secret@127.0.0.7:{ferryd.port}/f",
                   status=7)
        assert ferryd.read("f") == b"content"


@on([(peers.PureFtpd, True), (peers.Pyftpdlib, True)])
def test_a_copy_under_tls_comes_through_here(site):
    """Of two servers neither is TLS's client, unless one knows SSCN or CPSV."""
    content = os.urandom(1_000_000)
    site.give("f", content)
    with Site(type(site.peer), True) as other:
        assert copied(site, site.url("f"), other.url("f")) == len(content)
        with open(other.path("f"), "rb") as f:
            assert f.read() == content


def test_a_copy_under_tls_is_direct_where_one_knows_sscn():
    content = os.urandom(1_000_000)
    with Site(peers.Proftpd, True) as source, Site(peers.PureFtpd, True) as target:
        source.give("f", content)
        assert copied(source, source.url("f"), target.url("g")) == 0
        assert copied(source, target.url("g"), source.url("h")) == 0
        with open(source.path("h"), "rb") as f:
            assert f.read() == content
