# SPDX-License-Identifier: Apache-2.0
"""ferry's one-shot commands against ferryd, and what it makes of replies in general."""

import json
import os
import signal
import socket
import subprocess
import threading

import pytest

from harness import SANITIZER_ENV, Server, eventually, ferryctl
from scripted import FERRY, HOME, IMAGE, PASSIVE, Scripted, facts, ferry, fetch, login

pytestmark = pytest.mark.clear  # test_quirks.py and test_hostile.py have what is under TLS


def url(server, path="", login="demo:secret@"):
    return f"ftp://{login}127.0.0.1:{server.port}/{path}"


@pytest.mark.parametrize("size", [0, 1, 1_000_000, 20_000_000])
def test_put_and_get(shared, tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "f").write_bytes(content)
    ferry("put", "f", url(shared, "up"), cwd=tmp_path)
    assert shared.read("up") == content
    ferry("get", url(shared, "up"), cwd=tmp_path)
    assert (tmp_path / "up").read_bytes() == content
    assert ferry("get", url(shared, "up"), "-o", "-").stdout == content
    ferry("put", "-", url(shared, "piped"), stdin=content)
    assert shared.read("piped") == content


@pytest.mark.parametrize("mode", "sBCz")
@pytest.mark.parametrize("kind", ["", ";type=a"])
def test_put_and_get_in_every_mode(shared, tmp_path, mode, kind):
    content = b"".join(b"%d   line\n" % i for i in range(50_000))
    (tmp_path / "f").write_bytes(content)
    ferry("put", "--mode", mode, "f", url(shared, "up" + kind), cwd=tmp_path)
    assert shared.read("up") == content
    ferry("get", url(shared, "up" + kind), "--mode", mode, "-o", "g", cwd=tmp_path)
    assert (tmp_path / "g").read_bytes() == content


@pytest.mark.parametrize("bits, word", [(36, 8), (9, 2), (1, 1), (255, 32), (8, 1), (32, 4)])
def test_bytes_of_any_size_arrive_as_they_were_sent(shared, tmp_path, bits, word):
    """Each in a word of its own (docs/data-model.md), here and there."""
    content = b"".join((i * 0x9E3779B97F4A7C15 % (1 << bits)).to_bytes(word, "big") for i in range(5000))
    (tmp_path / "f").write_bytes(content)
    how = ("--type", "L", "--byte-size", str(bits))
    ferry("put", *how, "f", url(shared, "up"), cwd=tmp_path)
    assert shared.read("up") == content
    result = ferry("get", "-v", "-v", *how, url(shared, "up"), "-o", "g", cwd=tmp_path)
    assert (tmp_path / "g").read_bytes() == content and f"TYPE L {bits}".encode() in result.stderr


def test_a_port_of_ours_that_is_taken_is_told_in_our_words(shared):
    shared.write("f", b"content")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = ferry("get", "--retries", "0", "--data-connection", "active", "--active-ports",
                       f"{port}-{port}", url(shared, "f"), "-o", "-", status=6)
    told = result.stderr.decode().splitlines()
    assert told[-1] == "ferry: f: data connection could not be opened"
    assert all(line.startswith("ferry: ") for line in told)


def test_a_mode_that_is_none_is_refused(shared):
    for wrong in (["--mode", "X"], ["--mode", "BB"], ["--mode", ""]):
        stderr = ferry("get", url(shared, "f"), *wrong, status=2).stderr
        assert b"mode: " in stderr and b"it takes S, B, C or Z" in stderr
    assert b"--mode: needs a value" in ferry("get", url(shared, "f"), "--mode", status=2).stderr


def test_text_is_converted_both_ways(shared, tmp_path):
    (tmp_path / "t").write_bytes(b"a\nb\n")
    ferry("put", "t", url(shared, "t;type=a"), cwd=tmp_path)
    assert shared.read("t") == b"a\nb\n"
    assert ferry("get", url(shared, "t;type=a"), "-o", "-").stdout == b"a\nb\n"


def test_of_type_d_are_the_names_in_a_directory(shared, tmp_path):
    shared.empty()
    shared.write("d/one", b"1")
    shared.write("d/two", b"2")
    shared.write("three", b"3")
    assert ferry("cat", url(shared, "d;type=d")).stdout.split() == [b"d/one", b"d/two"]
    assert ferry("cat", url(shared, ";type=d")).stdout == b"three\n"
    ferry("get", url(shared, "d;type=d"), "-o", "names", cwd=tmp_path)
    assert (tmp_path / "names").read_bytes() == ferry("cat", url(shared, "d;type=d")).stdout


def test_ls_and_odd_names(shared, tmp_path):
    shared.empty()
    shared.write(b"a\x1b[2Jb", b"x")
    (tmp_path / "f").write_bytes(b"1")
    ferry("put", "f", url(shared, "%C3%B1%20%25"), cwd=tmp_path)
    listing = ferry("ls", url(shared)).stdout
    assert "ñ %".encode() in listing
    assert b"\x1b" not in listing and b"a\\x1B[2Jb" in listing
    ferry("put", "f", url(shared), cwd=tmp_path)
    assert "f" in shared.names()


def test_passwords_may_come_from_the_environment_and_nobody_is_anonymous(tmp_path):
    with Server("--anonymous") as server:
        server.write("f", b"content")
        assert ferry("get", url(server, "f", "demo@"), "-o", "-",
                     FERRY_PASSWORD="secret").stdout == b"content"
        assert ferry("get", url(server, "f", ""), "-o", "-").stdout == b"content"
        shown = ferry("get", url(server, "f"), "-o", "-", "-v", "-v").stderr
        assert b"> PASS ****" in shown and b"secret" not in shown


def test_exit_statuses(shared, tmp_path):
    shared.empty()
    assert ferry().stdout == b""  # the shell, which hears nothing
    ferry("--nonsense", status=2)
    ferry("no.such.host.invalid", status=3)
    ferry("get", status=2)
    ferry("get", "http://x/", status=2)
    ferry("get", url(shared), status=2)
    os.mkdir(os.path.join(shared.root, "d"))
    assert b"d: is a directory" in ferry("get", url(shared, "d"), cwd=tmp_path, status=5).stderr
    ferry("get", url(shared, ".."), status=2)
    ferry("get", "ftp://127.0.0.1:1/x", status=3)
    ferry("get", "ftp://no.such.host.invalid/x", status=3)
    assert b"530" in ferry("get", url(shared, "x", "demo:wrong@"), status=4).stderr
    assert b"550" in ferry("get", url(shared, "none"), cwd=tmp_path, status=7).stderr
    assert b"/no/such/file" in ferry("put", "/no/such/file", url(shared), status=1).stderr
    ferry("put", "/", url(shared, "x"), status=1)
    ferry("get", url(shared, "x"), "-o", "/no/such/directory/x", status=1)
    assert os.listdir(tmp_path) == []
    assert ferry("--version").stdout.startswith(b"ferry ")
    assert b"\n  get     URL..." in ferry("--help").stdout
    assert b"Usage: ferry get URL..." in ferry("get", "--help").stdout


def test_an_option_that_a_command_does_not_take_is_refused_not_ignored(shared):
    shared.empty()
    shared.write("tree/f", b"content")
    there = url(shared, "tree/")
    for command in (["rm", "-r", "-n", there], ["rm", "-r", there, "--dry-run"],
                    ["mv", "-n", there, "other"], ["mkdir", "--delete", url(shared, "new")],
                    ["put", "-o", "x", "/etc/hostname", there], ["get", "-r", there],
                    ["check", "--delete", there, "/"],
                    ["ls", "-c", "rm f", there], ["find", "--exclude", "f", there]):
        assert b"is no option of this command" in ferry(*command, status=2).stderr
    assert shared.names() == ["tree"] and shared.read("tree/f") == b"content"
    shown = ferry("rm", "--help").stdout
    assert b"--recursive" in shown and b"--insecure" in shown and b"--dry-run" not in shown


def test_help_is_found_and_what_is_misspelt_is_guessed():
    assert ferry("help").stdout == ferry("--help").stdout
    assert ferry("help", "get").stdout == ferry("get", "--help").stdout
    for words in (["gte", "ftp://127.0.0.1:1/"], ["help", "gte"]):
        assert ferry(*words, status=2).stderr == b"ferry: gte: no such command; did you mean get?\n"
    assert b"--help lists them" in ferry("frobnicate", "x", status=2).stderr


@pytest.mark.parametrize("user", ["", "anna@"])
def test_a_netrc_that_others_can_read_is_no_login(shared, tmp_path, user):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login anna password hush\n")
    (tmp_path / "netrc").chmod(0o644)
    result = ferry("ls", url(shared, "", user), "--netrc-file", tmp_path / "netrc", status=4)
    assert b"others can read it" in result.stderr


def test_of_several_files_none_replaces_another(shared, tmp_path):
    shared.empty()
    shared.write("a/f", b"one")
    shared.write("b/f", b"two")
    a, b = url(shared, "a/f"), url(shared, "b/%66")
    assert b"need a directory" in ferry("get", a, b, "-o", "x", cwd=tmp_path, status=2).stderr
    assert b"f: several have this name" in ferry("get", a, b, cwd=tmp_path, status=2).stderr
    ferry("get", a, b, "-o", tmp_path, cwd=tmp_path, status=2)
    assert os.listdir(tmp_path) == []
    assert ferry("get", a, b, "-o", "-").stdout == b"onetwo"
    for name in ("f", "d/f"):
        os.makedirs(tmp_path / "d", exist_ok=True)
        (tmp_path / name).write_bytes(b"three")
    assert b"several have this name" in ferry("put", "f", "d/f", url(shared), cwd=tmp_path,
                                              status=2).stderr
    assert b"-: say what it is" in ferry("put", "-", url(shared, "a/"), status=2).stderr
    events = [json.loads(line) for line in
              ferry("get", "--json", a, url(shared, "none"), cwd=tmp_path, status=9).stdout.splitlines()]
    assert {"event": "summary", "files": 1, "bytes": 3, "failed": 1, "status": "partial"}.items() \
        <= events[-1].items()
    assert sorted(shared.names()) == ["a", "b"] and os.listdir(os.path.join(shared.root, "a")) == ["f"]


def test_what_begins_is_told_with_its_size(shared, tmp_path):
    shared.empty()
    shared.write("f", b"x" * 1000)
    (tmp_path / "g").write_bytes(b"y" * 2000)
    for command, size in ((["get", url(shared, "f")], 1000), (["put", "g", url(shared)], 2000)):
        told = ferry(*command, "--json", cwd=tmp_path).stdout.splitlines()
        begun, = (event for event in map(json.loads, told) if event["event"] == "transfer-begin")
        assert (begun["size"], begun["resumed_from"]) == (size, 0)


def test_what_is_renamed_stays_with_its_server_and_user(shared):
    shared.empty()
    shared.write("f", b"content")
    for other in (f"ftp://demo@127.0.0.1:{shared.port + 1}/g", f"ftp://demo@localhost:{shared.port}/g",
                  url(shared, "g", "other@")):
        assert b"different" in ferry("mv", url(shared, "f"), other, status=2).stderr
    told = ferry("mv", "--json", url(shared, "f"), url(shared, "g")).stdout
    assert b'"event":"renamed","path":"f","to":"g"' in told
    ferry("mv", url(shared, "g"), url(shared, "h", ""))
    assert shared.names() == ["h"]


def test_messages_never_show_a_password(shared, tmp_path):
    for who, told, status in (("demo:secret@", b"none: 550", 7),
                              ("demo:wrong%40secret@", b"127.0.0.1: 530", 4),
                              ("demo:a@secret@", b"127.0.0.1: 530", 4)):
        result = ferry("get", url(shared, "none", who), "-v", "-v", cwd=tmp_path, status=status)
        assert told in result.stderr and b"secret" not in result.stderr


@pytest.mark.parametrize("words", [
    ["get", "--parallel", "ftp://anna:secret@h/x"], ["get", "--segments=ftp://anna:secret@h/x"],
    ["get", "--ftp://anna:secret@h/x"], ["get", "--ftp://anna:" + "secret" * 50 + "@h/x"],
    ["get", "http://anna:secret@h/x"],
    ["ls", "ftp://anna:secret@h:port/x"], ["rm", "-n", "ftp://anna:secret@h/x"],
    ["ftp://anna:secret@h/x", "ftp://anna:secret@h/x"],
    ["mv", "ftp://anna:secret@h/x", "ftp://anna:secret@g/x"],
    ["mirror", "ftp://anna:secret@h/x", "ftp://anna:secret@g/x"],
])
def test_wrong_command_lines_are_told_without_their_passwords(words):
    for json_ in ([], ["--json"]) if words[0].isalpha() else ([],):
        result = ferry(*words, *json_, status=2)
        told = result.stdout if json_ else result.stderr
        assert b"secret" not in result.stdout + result.stderr
        assert told.startswith(b'{"event":"error"' if json_ else b"ferry: "), result

def test_a_local_file_that_fails_on_the_way_replaces_nothing(server, tmp_path):
    server.write("f", b"good")
    source = tmp_path / "shrinks"
    with open(source, "wb") as f:
        f.truncate(1 << 30)
    timer = threading.Timer(0.05, os.truncate, (source, 1 << 20))
    timer.start()
    result = subprocess.run([FERRY, "put", str(source), url(server, "f")],
                            capture_output=True, timeout=60, check=False)
    timer.join()
    if result.returncode == 0:  # it was through before
        assert server.read("f") == b"\0" * len(server.read("f"))
    else:
        assert result.returncode == 1 and eventually(lambda: server.read("f") == b"good")


def test_files_that_say_no_size_are_sent_whole(server):
    ferry("put", "/proc/version", url(server, "version"))
    with open("/proc/version", "rb") as f:
        assert server.read("version") == f.read()


def put_in_the_background(server, tmp_path, source):
    return subprocess.Popen(
        [FERRY, "put", "--json", "--tls", "off", "--upload-rate", "400k", source,
         url(server, "up")],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=dict(os.environ, **SANITIZER_ENV, HOME=HOME))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("source", ["-", "f"])
def test_what_is_broken_off_has_no_name_there(server, tmp_path, source, number):
    """The kernel ends the data connection of a killed process in order, as if all were said."""
    (tmp_path / "f").write_bytes(bytes(900_000))  # less than is worth going on with
    process = put_in_the_background(server, tmp_path, source)
    if source == "-":
        process.stdin.write(bytes(300_000))  # more than a pipe holds: it is on its way
        process.stdin.flush()
    else:
        for line in process.stdout:
            if json.loads(line).get("bytes"):
                break
    process.send_signal(number)
    process.communicate(timeout=60)
    names = eventually(lambda: os.listdir(server.root))
    assert len(names) == 1 and names[0].startswith(".up.") and names[0].endswith(".ferry-part")


def test_a_device_is_written_to_not_replaced(server):
    server.write("f", b"content")
    link = os.path.join(server.base, "link")
    os.symlink("/dev/null", link)
    ferry("get", url(server, "f"), "-o", link)
    assert os.path.islink(link)


def test_a_227_with_a_foreign_address_is_not_followed(tmp_path):
    """The data connection goes to the control connection's host, whatever the reply says."""
    before = "C: EPSV\nS: 500 no EPSV\nC: PASV\nS: 227 (192,0,2,1,{p1,p2})\n"
    with Scripted(login() + facts("f", 7) + before
                  + fetch("f", "content").replace(PASSIVE, "")) as server:
        server.ferry("get", "@f", "-o", "got", cwd=tmp_path)
    assert (tmp_path / "got").read_bytes() == b"content"


def test_a_transfer_that_the_server_calls_broken_leaves_no_file(tmp_path):
    with Scripted(login() + facts("f", 7) + fetch("f", "half", end="426 broken")) as server:
        server.ferry("get", "@f", "--no-resume", cwd=tmp_path, status=6)
    assert os.listdir(tmp_path) == []


def test_promises_are_no_end_of_a_transfer(tmp_path):
    """1xx may come several times, before the data and after it (RFC 959 4.2)."""
    with Scripted(login() + facts("f", 5) + PASSIVE + "C: RETR f\nS: 125 soon\nS: 150 go\n"
                  "D> half\nD.\nS: 426 broken") as server:
        assert b"f: 426 broken" in server.ferry("get", "@f", cwd=tmp_path, status=6).stderr
    assert not (tmp_path / "f").exists()
    (tmp_path / "g").mkdir()
    with Scripted("S: 120 wait\n" + login() + facts("f", 5) + PASSIVE + "C: RETR f\nS: 125 soon\n"
                  "S: 150 go\nD> whole\nD.\nS: 112 all of it\nS: 226 done") as server:
        server.ferry("get", "@f", cwd=tmp_path / "g")
    assert (tmp_path / "g" / "f").read_bytes() == b"whole"


STORED = "S: 150 go\nD= x\nD!\n"


@pytest.mark.parametrize("command, script, status", [
    (["rm", "@f"], "C: DELE f\nS: 550 f: Permission denied", 5),
    (["rm", "@f"], "C: DELE f\nS: 550 f: No such file or directory", 7),
    (["rm", "@f"], "C: DELE f\nS: 550 Delete operation failed.", 5),
    (["mkdir", "@d"], "C: MKD d\nS: 550 d: File exists", 5),
    (["cat", "--verify=off", "@f"], f"{IMAGE}{PASSIVE}C: RETR f\nS: 550 f: Permission denied", 5),
    (["cat", "--verify=off", "@f"], f"{IMAGE}{PASSIVE}C: RETR f\nS: 550 Failed to open file.", 7),
    (["put", "--upload-temporary=off", "-", "@f"], f"{IMAGE}{PASSIVE}C: STOR f\n{STORED}S: 552 over your quota", 5),
    (["put", "--upload-temporary=off", "-", "@f"], f"{IMAGE}{PASSIVE}C: STOR f\nS: 550 No such directory", 7),
])
def test_refused_is_not_what_is_not_there(command, script, status):
    with Scripted(f"{login()}{script}\n") as server:
        server.ferry(*command, stdin=b"x" * 10_000_000, status=status)


@pytest.mark.parametrize("replies, status", [
    ("S: 150 go\nD> half\nD.\nS: 350 more", 5), ("S: 350 more", 5),
    ("S: 150 go\nD> half\nD.\nS: 550 gone", 7), ("S: 226 nothing\nD.", 8)])
def test_only_2xx_after_the_data_is_success(tmp_path, replies, status):
    with Scripted(login() + facts("f", 9) + PASSIVE + "C: RETR f\n" + replies) as server:
        server.ferry("get", "@f", "--no-resume", cwd=tmp_path, status=status)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("replies", ["C: EPSV\nS: 229 (|||x|)\nC: PASV\nS: 500 no",
                                     "C: EPSV\nS: 500 no\nC: PASV\nS: 227 none",
                                     "C: EPSV\nS: 500 no\nC: PASV\nS: 200 ok"])
def test_a_port_that_is_none_is_no_data_connection(tmp_path, replies):
    with Scripted(login() + facts("f", 7) + replies) as server:
        result = server.ferry("get", "@f", "--data-connection", "passive", cwd=tmp_path, status=6)
    assert b"data connection could not be opened" in result.stderr
    assert os.listdir(tmp_path) == []


def test_a_password_that_is_answered_with_331_again_is_no_login(tmp_path):
    with Scripted("S: 220 hi\nC: FEAT\nS: 500 no\nC: USER anonymous\nS: 331 password\n"
                  "C: PASS ferry@\nS: 331 password") as server:
        server.ferry("get", "@f", cwd=tmp_path, status=4)


def test_replies_cannot_move_the_cursor(tmp_path):
    with Scripted("S: 220 hi\nC: FEAT\nS: 500 no\nC: USER anonymous\n"
                  "S: 530 \\x1b]0;gotcha\\x07 no") as server:
        result = server.ferry("get", "@f", cwd=tmp_path, status=4)
    assert b"\x1b" not in result.stderr and b"\\x1B]0;gotcha\\x07 no" in result.stderr


@pytest.mark.parametrize("greeting, why", [
    ("nonsense", b"no reply of FTP"), ("999", b"no reply of FTP"),
    ("x" * 20_000, b"no reply of FTP"), ("421 full", b"421 full"),
    ("220-never", b"connection broken")])
def test_bad_greetings_are_clear_errors(tmp_path, greeting, why):
    with Scripted(f"S: {greeting}\nclose") as server:
        result = server.ferry("get", "@f", cwd=tmp_path, status=3)
    assert result.stderr.startswith(b"ferry: 127.0.0.1: ") and why in result.stderr


def test_who_is_told_to_come_again_hears_what_is_waited_for(tmp_path):
    """4yz may pass (RFC 959 4.2.1): it is tried again, and not in silence."""
    with Scripted("S: 421 full\nclose\nconnect\nS: 421 still full\nclose\nconnect\n" + login()
                  + facts("f", 7) + fetch("f", "content")) as server:
        result = server.ferry("get", "@f", "--retries", "2", "--retry-delay", "1",
                              "--retry-delay-max", "1", cwd=tmp_path)
    for reason in (b"421 full", b"421 still full"):
        assert (b"ferry: warning: 127.0.0.1: " + reason + b"; trying again in 1 second\n"
                in result.stderr)


@pytest.mark.parametrize("greeting", ["S: 530 go away", "close", "S: nonsense", "S: 500 no"])
def test_a_server_that_never_let_us_in_is_not_asked_again(tmp_path, greeting):
    with Scripted(f"{greeting}\nclose") as server:
        server.ferry("get", "@f", "--retries", "5", cwd=tmp_path,
                     status=4 if "530" in greeting else 3)


def test_a_server_that_does_not_greet_is_said_to_be_waited_for(tmp_path):
    with Scripted("hold") as server:
        result = server.ferry("get", "@f", "--connect-timeout", "1", "--reply-timeout", "2",
                              cwd=tmp_path, status=3)
    assert b"waiting for the server to greet" in result.stderr


@pytest.mark.parametrize("command", ["cat", "ls"])
def test_a_reader_that_has_enough_is_no_fault(shared, command):
    shared.empty()
    shared.write("f", b"x" * 10_000_000)
    for i in range(2000):
        shared.write(f"d/{i:0200}")
    with subprocess.Popen([FERRY, command, "--verbose", "0", url(shared, {"cat": "f", "ls": "d"}[command])],
                          env=dict(os.environ, **SANITIZER_ENV), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_a_closed_standard_stream_is_not_the_connection(shared, tmp_path):
    shared.empty()
    shared.write("f", b"DELE f\r\n")
    for closed, command, status in ((">&-", ["cat", url(shared, "f")], 1),
                                    (">&-", ["ls", url(shared)], 1),
                                    (">&-", ["get", url(shared, "f")], 0),
                                    ("<&-", ["put", "-", url(shared, "g")], 1),
                                    ("0<&- 1>&- 2>&-", ["get", url(shared, "f"), "-o", "h"], 0)):
        result = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", FERRY, *command], cwd=tmp_path,
                                env=dict(os.environ, **SANITIZER_ENV), capture_output=True,
                                timeout=60, check=False)
        assert result.returncode == status, (command, result)
    assert shared.names() == ["f"] and shared.read("f") == b"DELE f\r\n"
    assert (tmp_path / "h").read_bytes() == b"DELE f\r\n"


def test_a_limit_of_file_sizes_is_a_local_fault(shared, tmp_path):
    shared.empty()
    shared.write("tree/f", b"x" * 100_000)
    for command in (["get", url(shared, "tree/f")], ["mirror", url(shared, "tree"), "."]):
        result = subprocess.run(["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", FERRY, *command],
                                cwd=tmp_path, env=dict(os.environ, **SANITIZER_ENV),
                                capture_output=True, timeout=60, check=False)
        assert result.returncode == 1 and b"f: " in result.stderr, (command, result)
        assert not (tmp_path / "f").exists()


def test_output_that_is_lost_is_no_success(shared):
    shared.empty()
    shared.write("f", b"content")
    shared.write("many/" + "x" * 200)
    for i in range(100):
        shared.write(f"many/{'x' * 200}{i}")
    for command in (["--help"], ["--version"], ["ls", url(shared)], ["ls", url(shared, "many")],
                    ["get", url(shared, "f"), "-o", "-"], ["get", url(shared, "f"), "-o", "/dev/full"]):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([FERRY, *command], stdout=full, check=False,
                                    stderr=subprocess.PIPE, timeout=60,
                                    env=dict(os.environ, **SANITIZER_ENV))
        assert result.returncode == 1, (command, result)
        assert b"o space left on device" in result.stderr
    for command in (["--help"], ["--version"], ["password", "hash"]):
        with open("/dev/full", "wb") as full:
            assert subprocess.run([ferryctl(), *command], input=b"a\n", stdout=full, check=False,
                                  stderr=subprocess.DEVNULL, timeout=60).returncode == 1


def test_without_a_password_there_is_no_login(shared, tmp_path):
    there = url(shared, login="somebody@")
    for options in ([], ["--password-command", "false"], ["--password-command", "yes | head -c 90000"]):
        # In a session of its own it has no terminal to ask on.
        result = subprocess.run([FERRY, "ls", there, *options], stdin=subprocess.DEVNULL,
                                capture_output=True, timeout=60, check=False, cwd=tmp_path,
                                start_new_session=True,
                                env=dict(os.environ, **SANITIZER_ENV, HOME=str(tmp_path)))
        assert result.returncode == 4, (options, result)
        assert b"password" in result.stderr


def test_of_a_mirror_one_end_is_here(shared, tmp_path):
    for words in ([url(shared), url(shared, "x")], ["here", "there"]):
        for command in ("mirror", "sync", "check"):
            result = ferry(command, *words, cwd=tmp_path, status=2)
            assert b"the other a directory here" in result.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("data", ["passive", "active"])
def test_connections_come_from_the_address_that_is_set(shared, data):
    """ferryd takes data connections of a session's own address alone, and tells which that is."""
    shared.empty()
    shared.write("f", b"content")
    source = ("--source-address", "127.0.0.5", "--data-connection", data)
    assert b"Connected from 127.0.0.5." in ferry("raw", url(shared), "STAT", *source).stdout
    assert ferry("cat", url(shared, "f"), *source).stdout == b"content"
    result = ferry("cat", url(shared, "f"), "--source-address", "192.0.2.1", status=3)
    assert b"cannot be reached" in result.stderr


@pytest.mark.parametrize("command", ["mirror", "sync", "check"])
def test_a_tree_of_a_server_that_is_not_there_is_a_failed_connection(tmp_path, command):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    result = ferry(command, f"ftp://127.0.0.1:{port}/", ".", cwd=tmp_path, status=3)
    assert b"127.0.0.1: cannot be reached" in result.stderr


def test_a_tree_of_whom_the_server_does_not_let_in_is_a_failed_login(server, tmp_path):
    ferry("mirror", f"ftp://demo:wrong@127.0.0.1:{server.port}/", ".", "--tls", "off", cwd=tmp_path,
          status=4)
