# SPDX-License-Identifier: Apache-2.0
"""Debian's clients against ferryd, driven as people drive them; what arrives is compared by digest.

Under pytest --tls those that can speak it do, for every connection.
"""

import atexit
import ftplib
import os
import shutil
import subprocess
import tempfile

import pytest

import tls
from harness import Server
from trees import digest_of, digests, make_large, make_tree

USER, PASSWORD = "demo", "secret"
HOME = tempfile.mkdtemp(prefix="ferry-home-")  # no settings, no history, no netrc
atexit.register(shutil.rmtree, HOME, True)


def run(*command, cwd, stdin=None, ok=(0,), env=None, timeout=300):
    result = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, timeout=timeout,
                            check=False, env=dict(os.environ, HOME=HOME, LC_ALL="C.UTF-8",
                                                  TERM="dumb", **(env or {})))
    assert result.returncode in ok, (command, result.returncode, result.stdout, result.stderr)
    return result.stdout


@pytest.fixture
def up(tmp_path):
    """A tree to send."""
    top = tmp_path / "up"
    top.mkdir()
    make_tree(top)
    return top


@pytest.fixture
def down(tmp_path):
    top = tmp_path / "down"
    top.mkdir()
    return top


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "large.bin"
    make_large(path)
    yield path
    path.unlink()


def url(server, path=""):
    return f"ftp://{USER}:{PASSWORD}@127.0.0.1:{server.port}/{path}"


IN_THE_CLEAR_ONLY = pytest.mark.clear  # clients without TLS

# ---- curl -----------------------------------------------------------------------

def curl(*arguments, **how):
    return run("curl", "-sS", *(["--ssl-reqd", "-k"] if tls.BY_DEFAULT else []), *arguments, **how)


# curl 7.88 cannot send over an active data connection under TLS: "sa_addr inet_ntop() failed".
@pytest.mark.parametrize("mode", [
    [], ["--disable-epsv"], pytest.param(["--ftp-port", "-"], marks=IN_THE_CLEAR_ONLY),
    pytest.param(["--ftp-port", "-", "--disable-eprt"], marks=IN_THE_CLEAR_ONLY)])
@pytest.mark.parametrize("method", ["multicwd", "singlecwd", "nocwd"])
def test_curl_every_way(shared, tmp_path, mode, method):
    shared.empty()
    content = os.urandom(100_000)
    (tmp_path / "f").write_bytes(content)
    if method != "multicwd":  # the others make no directories on the way
        os.makedirs(shared.path("a b/c"))
    base = ["--ftp-create-dirs", "--ftp-method", method, *mode]
    curl(*base, "-T", "f", url(shared, "a%20b/c/f"), cwd=tmp_path)
    assert shared.read("a b/c/f") == content
    curl(*base, "-o", "got", url(shared, "a%20b/c/f"), cwd=tmp_path)
    assert (tmp_path / "got").read_bytes() == content
    assert b" f\n" in curl(*base, url(shared, "a%20b/c/"), cwd=tmp_path).replace(b"\r", b"")
    names = curl(*base, "-l", url(shared, "a%20b/c/"), cwd=tmp_path).decode().splitlines()
    assert [os.path.basename(name) for name in names] == ["f"]


def test_curl_resumes_both_ways_and_takes_ranges(shared, tmp_path):
    shared.empty()
    content = os.urandom(500_000)
    (tmp_path / "f").write_bytes(content)
    shared.write("part", content[:200_000])
    curl( "-C", "-", "-T", "f", url(shared, "part"), cwd=tmp_path)
    assert shared.read("part") == content
    (tmp_path / "got").write_bytes(content[:123_456])
    curl( "-C", "-", "-o", "got", url(shared, "part"), cwd=tmp_path)
    assert (tmp_path / "got").read_bytes() == content
    assert curl( "-r", "1000-1999", url(shared, "part"), cwd=tmp_path) == content[1000:2000]
    assert curl( "-r", "-500", url(shared, "part"), cwd=tmp_path) == content[-500:]
    assert curl( "-a", "-T", "f", url(shared, "part"), cwd=tmp_path) == b""
    assert shared.read("part") == content * 2


def test_curl_ascii_times_quotes_and_failures(shared, tmp_path):
    shared.empty()
    shared.write("t", b"a\nb\n")
    for how in (["--use-ascii", url(shared, "t")], [url(shared, "t;type=a")]):
        assert curl( *how, cwd=tmp_path) == b"a\nb\n"  # curl turns CR LF back
    os.utime(shared.path("t"), (1e9, 1e9))
    curl( "-R", "-o", "got", url(shared, "t"), cwd=tmp_path)
    assert os.stat(tmp_path / "got").st_mtime == 1e9
    head = curl( "-I", url(shared, "t"), cwd=tmp_path)
    assert b"Content-Length: 4" in head and b"Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT" in head
    curl( "-Q", "-DELE t", url(shared), cwd=tmp_path)
    assert shared.names() == []
    curl( url(shared, "none"), cwd=tmp_path, ok=(78,))
    curl( "-u", "demo:wrong", f"ftp://127.0.0.1:{shared.port}/", cwd=tmp_path, ok=(67,))


def test_curl_a_gibibyte_both_ways_resumed_in_between(release, large, tmp_path):
    with Server(binary=release) as server:
        wanted = digest_of(large)
        curl( "--max-time", "0.4", "-T", str(large), url(server, "up"), cwd=tmp_path,
            ok=(0, 28))
        curl( "-C", "-", "-T", str(large), url(server, "up"), cwd=tmp_path)
        assert digest_of(server.path("up")) == wanted
        curl( "--max-time", "0.2", "-o", "got", url(server, "up"), cwd=tmp_path, ok=(0, 28))
        curl( "-C", "-", "-o", "got", url(server, "up"), cwd=tmp_path)
        assert digest_of(tmp_path / "got") == wanted


# ---- lftp -------------------------------------------------------------------------

LFTP = "set net:timeout 20; set net:max-retries 2; set cmd:fail-exit yes; set ssl:verify-certificate no; "


LFTP_TLS = "set ftp:ssl-force yes; set ftp:ssl-protect-data yes; " if tls.BY_DEFAULT else ""


def lftp(server, commands, cwd, settings=""):
    return run("lftp", "-u", f"{USER},{PASSWORD}", "-p", str(server.port), "-e",
               LFTP + LFTP_TLS + settings + commands + "; bye", "127.0.0.1", cwd=cwd)


@pytest.mark.parametrize("settings", ["", "set ftp:passive-mode no; ", "set ftp:prefer-epsv yes; ",
                                      "set ftp:use-mlsd no; ", "set ftp:use-feat no; ",
                                      "set ftp:sync-mode no; "])
def test_lftp_mirrors_a_tree_there_and_back(shared, up, down, settings):
    shared.empty()
    lftp(shared, f"mirror -R '{up}' /tree", up, settings)
    assert digests(shared.path("tree")) == digests(up)
    assert os.path.isdir(shared.path("tree/nested/empty directory"))
    # Without MLSD it lists with LIST, which like ls shows no dot files unless asked.
    settings += "set ftp:list-options -a; "
    lftp(shared, f"mirror /tree '{down}'", up, settings)
    assert digests(down) == digests(up)
    newer = lftp(shared, f"mirror -v -n /tree '{down}'", up, settings)
    assert b"Transferring" not in newer


def test_lftp_parallel_segmented_and_odd_names(shared, up, down):
    shared.empty()
    lftp(shared, f"mirror -R -P 5 '{up}' /tree; mirror -P 5 --use-pget-n=3 /tree '{down}'", up)
    assert digests(down) == digests(up)
    lftp(shared, "mv /tree/plain.txt '/tree/renamed now'; mkdir -p '/x/y z'; rm -r /tree/small; "
         "chmod 600 /tree/empty; rmdir '/x/y z'", up)
    assert os.path.exists(shared.path("tree/renamed now"))
    assert not os.path.exists(shared.path("tree/small"))
    assert os.stat(shared.path("tree/empty")).st_mode & 0o777 == 0o600
    assert os.listdir(shared.path("x")) == []


def test_lftp_resumes_both_ways(shared, tmp_path):
    shared.empty()
    content = os.urandom(400_000)
    (tmp_path / "f").write_bytes(content)
    shared.write("f", content[:100_000])
    lftp(shared, "put -c f", tmp_path)
    assert shared.read("f") == content
    (tmp_path / "g").write_bytes(content[:100_000])
    lftp(shared, "get -c f -o g", tmp_path)
    assert (tmp_path / "g").read_bytes() == content
    lftp(shared, "pget -n 4 f -o h", tmp_path)
    assert (tmp_path / "h").read_bytes() == content


def test_lftp_a_gibibyte(release, large, tmp_path):
    with Server(binary=release) as server:
        lftp(server, f"put '{large}' -o big; get big -o got", tmp_path)
        assert digest_of(tmp_path / "got") == digest_of(large) == digest_of(server.path("big"))


# ---- ncftp --------------------------------------------------------------------------

def ncftp(program, server, *arguments, cwd):
    return run(program, "-u", USER, "-p", PASSWORD, "-P", str(server.port), *arguments, cwd=cwd)


@IN_THE_CLEAR_ONLY
@pytest.mark.parametrize("mode", ["-F", "-E"])
def test_ncftp_sends_and_fetches_trees(shared, up, down, mode):
    shared.empty()
    ncftp("ncftpput", shared, mode, "-R", "127.0.0.1", "/", str(up), cwd=up)
    assert digests(shared.path("up")) == digests(up)
    ncftp("ncftpget", shared, mode, "-R", "127.0.0.1", str(down), "/up", cwd=up)
    assert digests(down / "up") == digests(up)
    listing = run("ncftpls", "-u", USER, "-p", PASSWORD, "-P", str(shared.port),
                  "ftp://127.0.0.1/up/", cwd=up)
    assert b"plain.txt" in listing and b"nested" in listing
    long_listing = run("ncftpls", "-l", "-u", USER, "-p", PASSWORD, "-P", str(shared.port),
                       "ftp://127.0.0.1/up/", cwd=up)
    assert b"plain.txt" in long_listing


@IN_THE_CLEAR_ONLY
def test_ncftp_resumes(shared, tmp_path):
    shared.empty()
    content = os.urandom(300_000)
    shared.write("f", content)
    (tmp_path / "f").write_bytes(content[:100_000])
    ncftp("ncftpget", shared, "-z", "127.0.0.1", str(tmp_path), "/f", cwd=tmp_path)
    assert (tmp_path / "f").read_bytes() == content
    # Sending cannot be tried: after the right REST, ncftpput 3.2.6 sends the file from its start.


# ---- The BSD family ---------------------------------------------------------------------

BSD_SCRIPT = """user demo secret
binary
mkdir one
cd one
put plain.txt
put "no newline" spaced
append plain.txt plain.txt
ascii
put plain.txt text
binary
prompt
mput binary.bin empty
rename empty renamed
ls
dir
cd ..
pwd
size one/binary.bin
modtime one/binary.bin
lcd ../down
get one/binary.bin binary.bin
get one/text text
ascii
get one/text text.ascii
binary
cd one
mget plain.txt spaced
delete renamed
cd ..
system
status
chmod 600 one/text
quote NOOP
quit
"""


@IN_THE_CLEAR_ONLY
@pytest.mark.parametrize("client", [
    ["tnftp", "-n", "-i"], ["tnftp", "-n", "-i", "-A"], ["tnftp", "-n", "-i", "-p"],
    ["inetutils-ftp", "-n", "-i"], ["inetutils-ftp", "-n", "-i", "-p"]])
def test_bsd_clients(shared, up, down, client):
    shared.empty()
    script = BSD_SCRIPT.replace("prompt\n", "" if "-i" in client else "prompt\n")
    run(*client, "127.0.0.1", str(shared.port), cwd=up, stdin=script.encode())
    plain = (up / "plain.txt").read_bytes()
    assert shared.read("one/plain.txt") == plain * 2
    assert shared.read("one/spaced") == (up / "no newline").read_bytes()
    assert shared.read("one/text") == plain
    assert (down / "binary.bin").read_bytes() == (up / "binary.bin").read_bytes()
    assert (down / "text.ascii").read_bytes() == plain
    assert (down / "spaced").read_bytes() == (up / "no newline").read_bytes()
    assert "renamed" not in os.listdir(shared.path("one"))
    assert os.stat(shared.path("one/text")).st_mode & 0o777 == 0o600


@IN_THE_CLEAR_ONLY
def test_tnftp_fetches_urls(shared, down):
    shared.empty()
    shared.write("d/f", b"content")
    run("tnftp", "-o", "got", url(shared, "d/f"), cwd=down)
    assert (down / "got").read_bytes() == b"content"


# ---- wget ---------------------------------------------------------------------------------

def wget(server, path, *arguments, cwd, **how):
    secure = ["--no-check-certificate"] if tls.BY_DEFAULT else []
    address = url(server, path)
    if tls.BY_DEFAULT:
        address = address.replace("ftp://", "ftps://")  # which means AUTH TLS
    return run("wget", "-q", *secure, *arguments, address, cwd=cwd, **how)


@pytest.mark.parametrize("mode", [[], ["--no-passive-ftp"]])
def test_wget_fetches_trees(shared, down, mode):
    shared.empty()
    make_tree(shared.root)
    os.remove(shared.path("odd/hash#percent%20"))  # wget writes it with a space
    wget(shared, "", "-r", "-nH", "-l", "inf", *mode, cwd=down)
    expected = digests(shared.root)
    found = digests(down)
    found.pop(b".wget-hsts", None)
    assert {k: v for k, v in found.items() if not k.endswith(b".listing")} == expected


def test_wget_resumes_and_compares_times(shared, down):
    shared.empty()
    content = os.urandom(300_000)
    shared.write("f", content)
    (down / "f").write_bytes(content[:100_000])
    wget(shared, "f", "-c", cwd=down)
    assert (down / "f").read_bytes() == content
    os.utime(shared.path("f"), (1e9, 1e9))
    wget(shared, "f", "-N", cwd=down)
    wget(shared, "none", cwd=down, ok=(8,))


# ---- rclone ---------------------------------------------------------------------------------

def rclone(server, *arguments, cwd):
    obscured = run("rclone", "obscure", PASSWORD, cwd=cwd).decode().strip()
    secure = ",explicit_tls=true,no_check_certificate=true" if tls.BY_DEFAULT else ""
    remote = f":ftp,host=127.0.0.1,port={server.port},user={USER},pass={obscured}{secure}:"
    return run("rclone", "--retries", "1", *[a.replace("@", remote) for a in arguments], cwd=cwd)


def test_rclone_copies_checks_and_syncs(shared, up, down):
    shared.empty()
    rclone(shared, "copy", str(up), "@tree", cwd=up)
    assert digests(shared.path("tree")) == digests(up)
    rclone(shared, "check", "--download", str(up), "@tree", cwd=up)
    rclone(shared, "copy", "@tree", str(down), cwd=up)
    assert digests(down) == digests(up)
    (up / "plain.txt").write_bytes(b"changed\n")
    os.remove(up / "empty")
    rclone(shared, "sync", str(up), "@tree", cwd=up)
    assert digests(shared.path("tree")) == digests(up)
    listing = rclone(shared, "lsf", "-R", "@tree", cwd=up)
    assert "unicode/señor ñandú.txt".encode() in listing
    rclone(shared, "moveto", "@tree/plain.txt", "@moved", cwd=up)
    rclone(shared, "purge", "@tree", cwd=up)
    assert shared.names() == ["moved"]


def test_rclone_a_gibibyte(release, large, tmp_path):
    with Server(binary=release) as server:
        rclone(server, "copyto", str(large), "@big", cwd=tmp_path)
        # With several streams rclone 1.60 closes data connections early and then takes the 426
        # that RFC 959 asks for as a failure, from every server.
        rclone(server, "--multi-thread-streams", "0", "copyto", "@big", str(tmp_path / "got"),
               cwd=tmp_path)
        assert digest_of(tmp_path / "got") == digest_of(large)


# ---- Libraries ----------------------------------------------------------------------------------

@pytest.mark.parametrize("passive", [True, False])
def test_python_ftplib(shared, up, passive):
    shared.empty()
    kind = ftplib.FTP_TLS if tls.BY_DEFAULT else ftplib.FTP
    with kind(timeout=20) as ftp:
        ftp.connect("127.0.0.1", shared.port)
        ftp.login(USER, PASSWORD)
        if tls.BY_DEFAULT:
            ftp.prot_p()
        ftp.set_pasv(passive)
        for directory, _, names in os.walk(up):
            relative = os.path.relpath(directory, up)
            if relative != ".":
                assert ftp.mkd(relative).endswith(relative)
            for name in names:
                with open(os.path.join(directory, name), "rb") as f:
                    ftp.storbinary(f"STOR {os.path.join(relative, name)}", f)
        assert digests(shared.root) == digests(up)
        names = [name for name, facts in ftp.mlsd() if facts["type"] == "file"]
        assert sorted(names) == sorted(n for n in os.listdir(up) if os.path.isfile(up / n))
        assert sorted(ftp.nlst()) == sorted(names)
        ftp.voidcmd("TYPE I")  # nlst left TYPE A, in which SIZE is another number
        assert ftp.size("binary.bin") == 300_000
        got = []
        ftp.retrbinary("RETR binary.bin", got.append, rest=1000)
        assert b"".join(got) == (up / "binary.bin").read_bytes()[1000:]
        lines = []
        ftp.retrlines("RETR plain.txt", lines.append)
        assert lines == ["one", "two", "three"]
        ftp.rename("plain.txt", "renamed")
        ftp.delete("renamed")
        ftp.rmd("nested/empty directory")
        with pytest.raises(ftplib.error_perm):
            ftp.cwd("none")
        data = ftp.transfercmd("RETR binary.bin")
        ftp.abort()  # reads one of the two replies
        assert ftp.voidresp().startswith("226")
        data.close()
        ftp.voidcmd("NOOP")
        assert ftp.quit().startswith("221")


PERL = r"""
use strict; use Net::FTP;
my ($port, $passive, $tls) = @ARGV;
my $f = Net::FTP->new("127.0.0.1", Port => $port, Timeout => 20, Passive => $passive,
                      SSL_verify_mode => 0) or die $@;
if ($tls) { $f->starttls or die $@; $f->prot("P") or die $f->message; }
$f->login("demo", "secret") or die $f->message;
$f->binary; $f->mkdir("a/b", 1) or die $f->message;
$f->put("binary.bin", "a/b/f") or die $f->message;
$f->append("plain.txt", "a/b/f") or die $f->message;
$f->get("a/b/f", "got") or die $f->message;
$f->size("a/b/f") == (-s "binary.bin") + (-s "plain.txt") or die "size";
$f->mdtm("a/b/f") > 1e9 or die "mdtm";
$f->cwd("a/b") or die; $f->pwd eq "/a/b" or die $f->pwd; $f->cdup or die;
join(",", $f->ls("b")) eq "b/f" or die join(",", $f->ls("b"));
my @long = $f->dir("b"); @long == 1 or die "dir";
$f->cwd("/") or die; $f->ascii; $f->put("plain.txt", "text") or die; $f->get("text", "got.text") or die;
$f->put_unique("plain.txt") or die $f->message;
$f->rename("text", "text2") or die; $f->delete("text2") or die $f->message;
$f->site("UMASK") or die; $f->feature("MLST") or die; $f->supported("MDTM") or die;
$f->quot("NOOP") == 2 or die; $f->cwd("/") or die;
$f->rmdir("a", 1) or die $f->message;
$f->quit or die;
"""


@pytest.mark.parametrize("passive", ["0", "1"])
def test_perl_net_ftp(shared, up, passive):
    shared.empty()
    run("perl", "-e", PERL, str(shared.port), passive, "1" if tls.BY_DEFAULT else "", cwd=up)
    assert (up / "got").read_bytes() == (up / "binary.bin").read_bytes() + (up / "plain.txt").read_bytes()
    assert (up / "got.text").read_bytes() == (up / "plain.txt").read_bytes()
    assert len(shared.names()) == 1 and shared.names()[0].startswith("ferry.")
